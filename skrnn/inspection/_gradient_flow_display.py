"""How far back the gradient of the loss reaches, drawn."""

import numpy as np

from skrnn.inspection._gradient_flow import gradient_flow
from skrnn.inspection._inspected import look_into
from skrnn.inspection._plotting import CYCLE, pyplot

SMALLEST = 1e-12  # of the largest value: what is less is not shown


class GradientFlowDisplay:
    """Norm of the gradient of the loss by the number of time steps that it has flowed back.

    A line for each layer, on a logarithmic axis: straight down is a gradient that vanishes, straight up
    one that explodes. Dashed: the memory c of an LSTM; dotted: what h cannot exceed in a simple network.
    A dot marks the reach, the lag from which on the norm stays below a share of its start. Draw several
    networks on one `ax` to compare them. Make it by `from_estimator`.

    Parameters
    ----------
    flow : Bunch
        What `gradient_flow` returns.
    name : str, default=None
        The name in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure that they are in.
    lines_ : list of matplotlib Line2D
        A line for h of each layer.
    memory_lines_ : list of matplotlib Line2D
        A line for c of each layer.
    bound_lines_ : list of matplotlib Line2D
        A line for the bound of each layer.
    reach_marks_ : list of matplotlib Line2D
        The mark of the reach of each layer, where it has one.

    See Also
    --------
    gradient_flow : The numbers.
    TruncationDisplay : The scores of a search over k1 and k2.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor, RNNRegressor
    >>> from skrnn.inspection import GradientFlowDisplay
    >>> X = np.random.RandomState(0).normal(size=(60, 20, 1))
    >>> y, ax = X[:, -2, 0], None
    >>> for regressor in (RNNRegressor, GRURegressor):
    ...     model = regressor(tol=0.1, random_state=0).fit(X, y)
    ...     display = GradientFlowDisplay.from_estimator(model, X, y, ax=ax)
    ...     ax = display.ax_
    """

    def __init__(self, *, flow, name=None):
        self.flow = flow
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, sample_weight=None, max_lag=None, n_samples=100, share=0.01,
        random_state=None, name=None, ax=None, color=None, show_bound=True, show_reach=True,
    ):  # fmt: skip
        """Measure and draw the gradient flow of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted classifier or regressor of skrnn, in one direction, or a fitted `Pipeline` or search
            that ends in one.
        X : array-like
            The sequences, in the form that the estimator was fitted on.
        y : array-like
            Their targets.
        sample_weight : array-like, default=None
            Weights, as in fit.
        max_lag : int, default=None
            The largest lag; as in `gradient_flow`.
        n_samples : int, default=100
            How many losses are followed back; as in `gradient_flow`.
        share : float, default=0.01
            The share of the start that the reach is defined by.
        random_state : int, RandomState instance or None, default=None
            Source of the sample of losses.
        name : str, default=None
            The name in the legend; `None`: that of the class.
        ax : matplotlib Axes, default=None
            As in `plot`.
        color : matplotlib color, default=None
            As in `plot`.
        show_bound : bool, default=True
            As in `plot`.
        show_reach : bool, default=True
            As in `plot`.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If the estimator is none of those named, or if X is a sparse or masked array.
        ValueError
            If X, y or a parameter is not what it must be; as in `gradient_flow`.
        """
        caller = f"{cls.__name__}.from_estimator"
        pyplot(caller)
        flow = gradient_flow(
            estimator, X, y, sample_weight=sample_weight, max_lag=max_lag, n_samples=n_samples,
            share=share, random_state=random_state,
        )  # fmt: skip
        name = look_into(estimator, caller).model.facts.name if name is None else name
        display = cls(flow=flow, name=name)
        return display.plot(ax, color=color, show_bound=show_bound, show_reach=show_reach)

    def plot(self, ax=None, *, color=None, show_bound=True, show_reach=True):
        """Draw the gradient flow.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw: may be the `ax_` of another display. `None`: a new figure.
        color : matplotlib color, default=None
            The colour, of all layers; `None`: the next ones of a cycle.
        show_bound : bool, default=True
            Whether to draw the bound.
        show_reach : bool, default=True
            Whether to mark the reach.

        Returns
        -------
        display : GradientFlowDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
        flow, several = self.flow, len(self.flow.h) > 1
        self.lines_, self.memory_lines_, self.bound_lines_, self.reach_marks_ = [], [], [], []
        for k, h in enumerate(flow.h):
            label = f"{self.name or ''}{f' layer {k}' if several else ''}".strip() or "h"
            style = {"color": color or CYCLE[len(_measured(ax, "h")) % len(CYCLE)]}
            self.lines_.append(_draw(ax, flow.lags, h, gid="h", label=label, **style))
            if flow.c is not None:
                dashed = style | {"label": f"{label}, memory c", "linestyle": "--"}
                self.memory_lines_.append(_draw(ax, flow.lags, flow.c[k], gid="c", **dashed))
            if show_bound and flow.bound is not None:
                dotted = style | {"label": f"{label}, bound", "linestyle": ":"}
                self.bound_lines_.append(_draw(ax, flow.lags, flow.bound[k], gid="bound", **dotted))
            if show_reach and np.isfinite(flow.reach[k]):
                # the later of the two to fall is the one that says so
                norms = h if flow.c is None else np.maximum(h, flow.c[k])
                self._mark_reach(ax, int(flow.reach[k]), norms, style)
        self._finish(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _mark_reach(self, ax, reach, norms, style):
        at = int(np.searchsorted(self.flow.lags, reach))
        if at >= len(norms) or not norms[at] > 0:
            return
        (mark,) = ax.plot(reach, norms[at], marker="o", markersize=7, markeredgecolor="black", **style)
        ax.annotate(
            f"{reach}", (reach, norms[at]), xytext=(6, 6), textcoords="offset points", fontsize="small"
        )
        self.reach_marks_.append(mark)

    def _finish(self, ax):
        ax.set_yscale("log")
        lags, values = np.hstack([line.get_data() for line in _measured(ax, "h", "c")])
        is_shown = np.isfinite(values) & (values > 0)
        if is_shown.any():  # a bound may be far above
            top = values[is_shown].max()
            low = max(values[is_shown].min(), SMALLEST * top)
            ax.set_ylim(low / 3, 10 * top)
            last = lags[is_shown & (values >= low)].max()  # beyond it there is nothing to see
            ax.set_xlim(-0.05 * last - 0.5, 1.05 * last + 0.5)
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        ax.set_xlabel("lag k (time steps back from the loss)")
        label = r"mean norm of $\partial L_s / \partial h_{s-k}$"
        if _measured(ax, "c"):
            label += r" (dashed: $\partial c_{s-k}$)"
        ax.set_ylabel(label)
        ax.grid(alpha=0.3)
        ax.legend(fontsize="small")


def _draw(ax, lags, values, **style):
    """A line of what a logarithmic axis can show."""
    values = np.asarray(values, dtype=float)
    shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    marker = "o" if len(lags) == 1 else None  # a line of one point is not seen
    (line,) = ax.plot(lags, shown, marker=marker, **style)
    return line


def _measured(ax, *kinds):
    """The lines of such displays that are on the axes."""
    return [line for line in ax.lines if line.get_gid() in kinds]
