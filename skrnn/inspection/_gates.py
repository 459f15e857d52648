"""Gates and states over time, drawn."""

from skrnn._settings.quoting import listed, quote
from skrnn.inspection._inspected import look_into, tokens_before
from skrnn.inspection._plotting import SHARES, SIGNED, largest, name_steps, over_time, panels, pyplot
from skrnn.inspection._trajectory import trajectory_of

TITLES = {
    "i": "input gate i",
    "f": "forget gate f",
    "o": "output gate o",
    "g": "candidate g",
    "c": "memory c",
    "r": "reset gate r",
    "z": "update gate z",
    "n": "candidate n",
    "h": "state h",
}  # in the order of the panels
GATES = "ifrzo"  # shares, from 0 (closed) to 1 (open)


class GateDisplay:
    """Gates and states of a layer over time, for one sequence.

    A heat map, units by time steps, for every gate and state: gates from 0 (closed) to 1 (open),
    candidates and states around zero. Make it by `from_estimator`.

    Parameters
    ----------
    trajectory : Bunch
        What `state_trajectory` returns.
    layer : str
        The layer shown, one of its keys.
    step_names : list of str, default=None
        What was read at each step.

    Attributes
    ----------
    axes_ : ndarray of shape (n_panels,)
        The axes, one for each gate and state.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are in.
    images_ : dict of str to matplotlib AxesImage
        The heat maps, by the names of gates and states.

    See Also
    --------
    state_trajectory : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> from skrnn.inspection import GateDisplay
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
    >>> model = LSTMRegressor(hidden_size=4, tol=0.1, random_state=0).fit(X, X[:, 0, 0])
    >>> display = GateDisplay.from_estimator(model, X[7])
    >>> list(display.images_)
    ['i', 'f', 'o', 'g', 'c', 'h']
    """

    def __init__(self, *, trajectory, layer, step_names=None):
        self.trajectory = trajectory
        self.layer = layer
        self.step_names = step_names

    @classmethod
    def from_estimator(cls, estimator, X, *, layer=-1, step_names=None, ax=None):
        """Draw the gates and states of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted classifier or regressor of skrnn, or a fitted `Pipeline` or search that ends in one.
        X : array-like
            One sequence, as in `state_trajectory`.
        layer : int or str, default=-1
            The number of the layer, the top one by default; or its name, such as "layer0.reverse".
        step_names : list of str, default=None
            What was read at each step. `None`: the tokens of X where a `TokenEncoder` stands before the
            model, and else numbers.
        ax : matplotlib Axes or array-like of Axes, default=None
            As in `plot`.

        Returns
        -------
        display : GateDisplay
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
            If X cannot be read or holds more than one sequence, or if there is no such layer.
        """
        caller = f"{cls.__name__}.from_estimator"
        pyplot(caller)
        inside = look_into(estimator, caller)
        X = [X] if isinstance(X, str) else X
        trajectory = trajectory_of(inside, inside.transform(X))
        if step_names is None and (tokens := tokens_before(inside, X)):
            (step_names,) = tokens
        display = cls(trajectory=trajectory, layer=_find(trajectory, layer), step_names=step_names)
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw the heat maps.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw: one axes, whose place is divided among the panels, or one for each panel.
            `None`: a new figure.

        Returns
        -------
        display : GateDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If `ax` does not fit the panels.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        values = self.trajectory[self.layer]
        names = sorted(values, key=[*TITLES, *values].index)
        n_columns = 1 if len(names) == 1 else 2
        n_rows = -(-len(names) // n_columns)
        axes = panels(
            plt, ax, (n_rows, n_columns), n=len(names), share_y=True,
            size=(1 + 4.2 * n_columns, 0.8 + 2.1 * n_rows),
        )  # fmt: skip
        self.images_ = {}
        for k, (name, one) in enumerate(zip(names, axes, strict=True)):
            self.images_[name] = self._draw(one, name, values[name])
            if k % n_columns == 0:
                one.set_ylabel("unit")
            if k >= len(names) - n_columns:
                one.set_xlabel("time step")
        if ax is None and len(self.trajectory) > 1:
            axes[0].figure.suptitle(self.layer)
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        return self

    def _draw(self, ax, name, values):
        """The heat map of one gate or state."""
        share, top = name in GATES, largest(values)
        image = over_time(
            ax, values.T, cmap=SHARES if share else SIGNED, vmin=0 if share else -top,
            vmax=1 if share else top,
        )  # fmt: skip
        ax.set_title(TITLES.get(name, name), fontsize="medium")
        if self.step_names is not None:
            name_steps(ax, self.step_names[: len(values)])
        return image


def _find(trajectory, layer):
    """The name of a layer: the number counts layers, whose name is that of the forward direction."""
    if isinstance(layer, str) and layer in trajectory:
        return layer
    names = [name for name in trajectory if "." not in name]
    try:
        return names[layer]
    except (TypeError, IndexError):
        raise ValueError(f"layer={quote(layer)} is none of {listed(trajectory)}.") from None
