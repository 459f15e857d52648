"""What the displays share: matplotlib when it is needed, panels, colours, heat maps.

Colours are those of Okabe and Ito, and maps that people with colour-blindness can read: cividis for
shares of one, red-blue around zero, a single hue for strengths. A display draws in ``plot``, keeps its
numbers as attributes, and never imports matplotlib before.
"""

import numpy as np

BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
)  # fmt: skip
CYCLE = BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK
MOST_SYMBOLS, MOST_WORDS = 40, 30  # names of steps that stand side by side without overlap
SHARES, SIGNED, SCORES = "cividis", "RdBu_r", "cividis"


def pyplot(caller):
    """matplotlib.pyplot, or an ImportError that says what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller} needs matplotlib. Install it with: pip install "skrnn[plot]"'
        ) from error
    return plt


def strengths():
    """White to vermilion."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("strengths", ["#FFFFFF", "#FBC9A4", "#F08A4B"])


def for_and_against():
    """Blue, white, vermilion: black text can be read on all of it."""
    from matplotlib.colors import LinearSegmentedColormap

    colors = ["#62A8DC", "#B5D5EF", "#FFFFFF", "#FBC9A4", "#F08A4B"]
    return LinearSegmentedColormap.from_list("for_and_against", colors)


def panels(plt, ax, shape, *, size, n=None, share_y=False):
    """Axes for n panels, in rows, with the x axis of all of them in common.

    Parameters
    ----------
    shape : (n_rows, n_columns)
    ax : Axes, array-like of Axes, or None
        None: a new figure. Several: one for each panel. One: its place is divided among the panels.
    size : (width, height) of a new figure

    Returns
    -------
    (n,) array of Axes
    """
    n_all = shape[0] * shape[1]
    n = n_all if n is None else n
    of_grid = {"sharex": True, "sharey": share_y, "squeeze": False}
    if ax is None:
        axes = plt.subplots(*shape, figsize=size, layout="constrained", **of_grid)[1].ravel()
    elif not hasattr(ax, "plot"):
        axes = np.array(ax, dtype=object).ravel()
        if len(axes) != n:
            raise ValueError(f"ax holds {len(axes)} axes for {n} panels: pass as many, or one.")
    elif n_all == 1:
        axes = np.array([ax], dtype=object)
    else:
        if ax.get_subplotspec() is None:
            raise ValueError(
                "The place of this ax cannot be divided among several panels, as it is not one of a "
                "grid: make it by plt.subplots, or pass a list of axes."
            )
        axes = ax.get_subplotspec().subgridspec(*shape).subplots(**of_grid).ravel()
        ax.set_axis_off()
    for unused in axes[n:]:
        unused.set_axis_off()
    return axes[:n]


def over_time(ax, values, *, cmap, vmin, vmax, label=None):
    """A heat map of values (rows, T), a column for each step; what is not finite is grey."""
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    cmap = colormaps[cmap] if isinstance(cmap, str) else cmap
    image = ax.imshow(
        np.ma.masked_invalid(values), aspect="auto", interpolation="nearest", vmin=vmin, vmax=vmax,
        cmap=cmap.with_extremes(bad="lightgray"),
    )  # fmt: skip
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, aspect=12)
    if label:
        bar.set_label(label)
    return image


def largest(values):
    """The largest absolute value that is finite; 1 if there is none above zero."""
    values = np.abs(np.asarray(values, dtype=float))
    return values[np.isfinite(values)].max(initial=0.0) or 1.0


def name_steps(ax, names):
    """Ticks of the time axis that say what was read at each step; numbers stay where there is no room."""
    rotation = 0 if max(map(len, names)) < 3 else 90
    if len(names) > (MOST_WORDS if rotation else MOST_SYMBOLS):
        return
    ax.set_xticks(
        range(len(names)), names, rotation=rotation, fontsize="small" if len(names) > 25 else None
    )


def log_if_wide(ax, *curves, ratio=20):
    """A logarithmic y axis where values, all positive, differ by more than ``ratio``."""
    values = np.concatenate([np.asarray(c, dtype=float) for c in curves])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > ratio * values.min():
        ax.set_yscale("log")
