"""Integrated gradients: the mean of the gradients on the way from a baseline to what was read.

Shapes: n sequences of T_i steps, D inputs of the first layer per step (of tokens the length of their
vectors), N packed rows of a batch. The way is straight, and its mean taken by Gauss and Legendre's rule.
"""

import warnings

import numpy as np

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.forward import blocks_by_length
from skrnn._engine.packing import Window
from skrnn._settings.arguments import check_int
from skrnn.inspection._asked import Asked
from skrnn.inspection._inspected import look_into
from skrnn.inspection._output import rows_read
from skrnn.inspection._saliency import MOST_STEPS

INCOMPLETE = 0.05  # of the sum of the absolute attributions, from which on a warning comes
ROUNDING = 16  # units in the last place by which two outputs may differ for no reason


def integrated_gradients(estimator, X, *, output=None, step=None, baseline=None, n_steps=50):
    """Share of every input in the difference of an output to that for a baseline.

    Of every number that was read it tells how much the output owes to it: the gradients on the straight
    way from a baseline to X are averaged, and multiplied with the difference of the two [1]_. The
    attributions are *complete*: those of a sequence add up to the difference of its output and the output
    for the baseline, nearly exactly if the network is smooth, and roughly if it has edges (see Notes). A
    gradient alone (:func:`saliency`) tells what a small change would do, and may
    vanish for an input on which all depends.

    Parameters
    ----------
    estimator : object
        A fitted classifier or regressor of skrnn, or a fitted `Pipeline` or search that ends in one. In a
        pipeline the attributions are those of what its last step reads.
    X : array-like
        The sequences, in a form that the estimator can predict.
    output : label or int, default=None
        Which output; as in :func:`saliency`.
    step : int, default=None
        The time step whose output it is; as in :func:`saliency`.
    baseline : float, int or array-like of shape (n_features,), default=None
        What a step is that says nothing. `None`: zeros, which is the mean of standardised features; with
        `embedding_size` a step without input, whose vector is zero. A number, or one number for each
        feature: the mean of the training data, for example. With `embedding_size` a token, whose vector
        it is.
    n_steps : int, default=50
        Number of gradients of which the mean is taken.

    Returns
    -------
    attributions : ndarray
        Shaped as X (as transformed): of shape (n_sequences, n_timesteps, n_features), (n_sequences,
        n_columns) or (n_rows, n_columns); for a list or object array X a 1-D object array of arrays
        shaped as its items. In the column `sequence_id`, which is no feature, there are zeros. With
        `embedding_size` one number for each token, the sum over its vector.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or if X is a sparse or masked array.
    ValueError
        If X or the baseline cannot be read, if there is no such output or step, if `output` is needed, or
        if n_steps is not a positive int.

    Warns
    -----
    UserWarning
        If the attributions of a sequence miss the difference of the outputs by more than 5 % of the sum
        of their absolute values: a larger n_steps helps.

    See Also
    --------
    occlusion : What changes if a step or a feature is left out.
    saliency : The gradient itself.

    Notes
    -----
    The output is the one of :func:`saliency`: of a classifier the decision value of a class,
    of a regressor the prediction in units of y. If `output` is left out, the class is the one that is
    predicted for X, all the way from the baseline on.

    Where the output is a smooth function of X, as with tanh and logistic units, the mean of 50
    gradients is mostly exact to many digits. It is approximate, to some percent, where the gradient
    jumps: with a maximum in `pooling` and `activation="relu"`. What is checked, and warned of, is only
    whether the sum misses the difference by more than 5 % of the sum of the absolute attributions; a
    larger n_steps brings it nearer.

    The numbers depend on the baseline: they answer why the output is not that of the baseline. On the way
    there are inputs that no data would hold, and features that go together move together, so that among
    them the credit is shared in a manner that nothing but the network decides. Time and memory are those
    of n_steps calls of `saliency`, one after the other.

    References
    ----------
    .. [1] Sundararajan, M., Taly, A., Yan, Q., "Axiomatic attribution for deep networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import integrated_gradients
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 1))
    >>> y = X[:, 2, 0]  # what was read six steps ago
    >>> model = GRURegressor(max_iter=100, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, y)
    >>> attributions = integrated_gradients(model, X)
    >>> attributions.shape
    (100, 8, 1)
    >>> difference = model.predict(X) - model.predict(np.zeros((1, 8, 1)))
    >>> bool(np.allclose(attributions.sum(axis=(1, 2)), difference, atol=1e-6))
    True
    """
    n_steps = check_int(n_steps, "n_steps")
    inside = look_into(estimator, "integrated_gradients")
    Xt = inside.transform(X)
    container = inside.read(Xt)
    asked = Asked(inside, container, output, step, baseline)
    flat = _Path(asked).integrate(n_steps)
    return container.shape_as(Xt, flat)


class _Path:
    """The way from the baseline to the inputs of all sequences."""

    def __init__(self, asked):
        self.asked, self.X, model = asked, asked.X, asked.inside.model
        self.network = model.network(n_threads=asked.inside.n_threads)
        self.views, self.dtype = self.network.views(model.theta), model.dtype
        self.baseline = asked.baseline.vector(self.network, self.views)
        facts = asked.facts
        self.data = Dataset(self.X, delay=facts.delay, per_step=facts.per_step, start=asked.start)

    def integrate(self, n_steps):
        """(sum of T_i, F) the attributions; (., 1) of tokens."""
        flat = np.zeros((int(self.X.lengths.sum()), self.X.n_features), self.dtype)
        lookup = self.network.lookup
        difference, unit = np.zeros(len(self.X)), np.zeros(len(self.X))
        for rows in blocks_by_length(self.X.lengths, most_steps=MOST_STEPS):
            batch = Batch(self.data, rows, self.dtype)
            with np.errstate(all="ignore"):
                parts, of_baseline = self._integrate_batch(batch, n_steps)
                difference[batch.rows] = self.asked.less(of_baseline, batch.rows)
                unit[batch.rows] = self.asked.output.unit(of_baseline, batch.rows)
            where, is_of_X = batch.positions_in_X()
            flat[where] = (parts if lookup is None else lookup.per_feature(parts))[is_of_X]
        self.asked.advise_on_change(flat, lambda i: int(self.X.where(i)[0]))
        _check_complete(flat, self.X, difference, ROUNDING * np.finfo(self.dtype).eps * unit)
        return flat

    def _integrate_batch(self, batch, n_steps):
        """(N, D) attributions, and (B, K) the raw outputs for the baseline."""
        window = batch.window(0, 0, batch.T)
        inputs = self.network.inputs(self.views, window.X)
        change = inputs - self.baseline
        change[~batch.positions_in_X()[1]] = 0  # steps after the end, which a delay reads, stay none
        total = np.zeros(change.shape)
        for position, weight in zip(*_nodes(n_steps), strict=True):
            X = inputs - self.dtype.type(1 - position) * change
            total += weight * self._gradient(batch, Window(X, window.steps, window.first, window.keep))
        raw, _, read = self._forward(
            batch, Window(inputs - change, window.steps, window.first, window.keep)
        )
        return total * change, raw[read]

    def _forward(self, batch, window):
        """Raw outputs for vectors, what the way back needs, and which outputs are read."""
        raw, _, tape = self.network.forward(
            self.views._replace(table=None), window, batch.initial_state(self.network), EXACT
        )
        return raw, tape, rows_read(batch, window, self.asked.read_at)

    def _gradient(self, batch, window):
        raw, tape, read = self._forward(batch, window)
        draw = np.zeros_like(raw)
        draw[read] = self.asked.output.gradient(raw[read], batch.rows)
        return self.network.backward(draw, tape, None, FAST)[0]


def _nodes(n):
    """Positions between 0 and 1, and weights, of Gauss and Legendre's rule."""
    positions, weights = np.polynomial.legendre.leggauss(n)
    return (1 + positions) / 2, weights / 2


def _check_complete(flat, X, difference, rounding):
    """Warn if the attributions of a sequence do not add up to what they share out, but for rounding."""
    flat = flat.astype(np.float64)
    total, size = (np.add.reduceat(part.sum(axis=1), X.offsets) for part in (flat, np.abs(flat)))
    missed = np.abs(total - difference)
    wrong = np.flatnonzero(missed > INCOMPLETE * size + rounding)
    if len(wrong):
        i = wrong[np.argmax(missed[wrong])]
        warnings.warn(
            f"The attributions of {len(wrong)} of {len(X)} sequences do not add up to the difference of "
            f"their outputs: of sequence {i} they are {total[i]:.3g} in sum, but the difference is "
            f"{difference[i]:.3g}. Increase n_steps.",
            stacklevel=4,
        )
