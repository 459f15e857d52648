"""Saliency: the gradient of an output with respect to what the network has read, step by step.

Shapes: n sequences of T_i steps, F inputs per step, K outputs. One forward and one backward pass over
whole sequences, blocks of them side by side; ``Network.backward`` gives the gradient of the inputs, and
what starts it is the gradient of the one number asked for with respect to the raw outputs
(``_of_class``, ``_of_output``). A new kind of answer is one more function of that form.
"""

from numbers import Integral

import numpy as np
from sklearn.base import is_classifier

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.forward import blocks_by_length
from skrnn._engine.network import embed
from skrnn.inspection._inspected import look_into

MOST_STEPS = 1 << 16  # of a block of sequences: memory grows with them


def saliency(estimator, X, *, output=None, step=None):
    """Gradient of an output with respect to the input at each time step.

    It tells what the network remembers: how much, and in which direction, the output would move if the
    input at a step, however far back, were a little different. The gradient is exact and runs through
    whole sequences, whatever `k1` and `k2` the network was trained with. Known from images as
    saliency maps [1]_.

    Parameters
    ----------
    estimator : object
        A fitted classifier or regressor of skrnn, or a fitted `Pipeline` or search that ends in one. In a
        pipeline the gradient is that with respect to what its last step reads.
    X : array-like
        The sequences, in a form that the estimator can predict.
    output : label or int, default=None
        Which output. Of a classifier a label, one of `classes_`; for multilabel targets the position of
        a label. `None`: for each sequence the label that is predicted (of several labels the most
        probable one). Of a regressor the position of an output or quantile; it may be left out if there
        is one only.
    step : int, default=None
        For models with one target per time step: the step whose output it is, from the start of each
        sequence, or, if negative, from its end. `None`: the last one.

    Returns
    -------
    saliency : ndarray
        Shaped as X (as transformed): of shape (n_sequences, n_timesteps, n_features), (n_sequences,
        n_columns) or (n_rows, n_columns); for a list or object array X a 1-D object array of arrays
        shaped as its items. In the column `sequence_id`, which is no feature, there are zeros. With
        `embedding_size` one number for each token: the gradient with respect to a factor of its vector.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or if X is a sparse or masked array.
    ValueError
        If X cannot be read, if there is no such output or step, or if `output` is needed.

    See Also
    --------
    SaliencyDisplay : Draws it.
    gradient_flow : How far back the gradient of the loss reaches.

    Notes
    -----
    Of a classifier the output is the decision value, not the probability, whose slope vanishes wherever
    the network is sure: for one of several classes the value that softmax takes, for one of two classes
    the logarithm of its odds, for one of several labels likewise. Of a regressor it is the
    prediction, in units of y.

    Of a token the number is the product of its vector with the gradient with respect to the vector: how
    the output would grow if the token were read a little louder. Negative numbers speak against the
    output. (The norm of the gradient says less, as it looks in directions in which no token lies.)

    For a model with `target_delay` the output of a step is read some steps later, so that the inputs of
    these count, too. Other steps after `step` count only if the network is bidirectional. With
    `initial_state="last"` the sequences start from the states of fit, as in `predict`. Memory grows with
    the length of the longest sequence, as in training without `k1` and `k2`.

    References
    ----------
    .. [1] Simonyan, K., Vedaldi, A., Zisserman, A., "Deep inside convolutional networks: visualising
       image classification models and saliency maps", ICLR workshop 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import saliency
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 1))
    >>> y = X[:, 2, 0]  # what was read six steps ago
    >>> model = GRURegressor(max_iter=100, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, y)
    >>> strength = np.abs(saliency(model, X)).mean(axis=0)
    >>> strength.shape
    (8, 1)
    >>> int(strength.argmax())
    2
    """
    inside = look_into(estimator, "saliency")
    return saliency_of(inside, inside.transform(X), output, step)


def saliency_of(inside, X, output=None, step=None):
    """``saliency`` of what is ``Inside``, for X as the model reads it."""
    flat, container, _ = gradients(inside, X, output, step)
    return container.shape_as(X, flat)


def gradients(inside, X, output=None, step=None):
    """The gradients, flat (sum of T_i, F), X as a container, and (n,) the steps that are read."""
    facts, container = inside.model.facts, inside.read(X)
    read_at = _steps_read(step, container, facts.per_step)
    of = _of_class if is_classifier(inside.estimator) else _of_output
    with np.errstate(all="ignore"):
        return _input_gradient(inside, container, read_at, of(facts, output)), container, read_at


# --- where the way back starts --------------------------------------------------------------------


def _steps_read(step, container, per_step):
    """(n,) the step of each sequence whose output is asked for: the last one, with one target each."""
    lengths = container.sequences.lengths
    if not per_step:
        if step is not None:
            raise ValueError(
                f"step={step!r} is for models with one target per time step. This one has a single "
                "output per sequence: leave step=None."
            )
        return lengths - 1
    step = -1 if step is None else step
    if not isinstance(step, Integral) or isinstance(step, bool):
        raise ValueError(f"step must be an int or None, got {step!r}.")
    at = lengths + step if step < 0 else np.full(len(lengths), int(step))
    outside = np.flatnonzero((at < 0) | (at >= lengths))
    if len(outside):
        i = outside[0]
        raise ValueError(f"Sequence {i} of X has no step={step}: its length is {lengths[i]}.")
    return at


def _of_class(facts, output):
    """raw (B, K) -> its gradient (B, K) for the decision value of a class."""
    targets = facts.targets
    classes, is_binary = targets.classes, targets.is_1d and targets.n_outputs == 1
    number = None if output is None else _class_number(output, targets)

    def start(raw):
        if is_binary:  # one value for two classes, of opposite sign; a class without rival has none
            is_second = raw > 0 if number is None else np.full(raw.shape, number == 1)
            return np.where(is_second, 1, -1).astype(raw.dtype) * (len(classes) == 2)
        return _one_hot(raw, raw.argmax(axis=1) if number is None else number)

    return start


def _class_number(output, targets):
    if targets.is_indicator:
        return _position(output, targets.n_outputs, "labels")
    found = [k for k, label in enumerate(targets.classes.tolist()) if label == output]
    if not found:
        raise ValueError(f"output={output!r} is none of the classes, which are {targets.classes}.")
    return found[0]


def _of_output(facts, output):
    """raw (B, K) -> its gradient (B, K) for a prediction."""
    n = facts.targets.n_outputs
    if output is None and n > 1:
        raise ValueError(f"output is needed: the model has {n} outputs. Pass one from 0 to {n - 1}.")
    k = 0 if output is None else _position(output, n, "outputs")
    units = facts.targets.units(facts.architecture.dtype)
    scale = np.broadcast_to(units["scale"], n)

    def start(raw):
        return link_gradient(units["link"], raw, _one_hot(raw, k)) * scale[k]

    return start


def _position(output, n, what):
    if not isinstance(output, Integral) or isinstance(output, bool) or not -n <= output < n:
        raise ValueError(f"output={output!r} is no position among the {n} {what} of the model.")
    return int(output) % n


def _one_hot(raw, k):
    dy = np.zeros_like(raw)
    dy[np.arange(len(raw)), k] = 1
    return dy


def link_gradient(link, raw, dy):
    """The gradient dy (B, K) of link(raw), as one of raw; exact to rounding for smooth links.

    Of a loss only its inverse link is asked for, so that a new one has nothing more to bring along. A
    difference of order 6 leaves an error of 1e-14 or so.
    """
    if link(raw) is raw:
        return dy
    eps, wide = 2.0**-7, raw.astype(np.float64)
    draw = np.empty_like(wide)
    for j in range(raw.shape[1]):
        slope = 0.0
        for k, c in ((1, 45), (2, -9), (3, 1)):
            e = np.zeros(raw.shape[1])
            e[j] = k * eps
            slope = slope + c * (link(wide + e) - link(wide - e))
        draw[:, j] = (slope * dy).sum(axis=1) / (60 * eps)
    return draw.astype(raw.dtype)


# --- forward and backward ------------------------------------------------------------------------


def _input_gradient(inside, container, read_at, start_backward):
    """(sum of T_i, F) gradients of all inputs, sequence after sequence; (., 1) of tokens' factors."""
    model, X = inside.model, container.sequences
    facts, network = model.facts, model.network(n_threads=inside.n_threads)
    data = Dataset(X, delay=facts.delay, per_step=facts.per_step, start=inside.start_states(container))
    width = 1 if facts.form.has_tokens else X.n_features
    flat = np.zeros((int(X.lengths.sum()), width), dtype=model.dtype)
    for rows in blocks_by_length(X.lengths, most_steps=MOST_STEPS):
        batch = Batch(data, rows, model.dtype)
        dX = _gradient_of_batch(network, model.theta, batch, read_at, start_backward)
        where, is_of_X = batch.positions_in_X()
        flat[where] = dX[is_of_X]
    return flat


def _gradient_of_batch(network, theta, batch, read_at, start_backward):
    """Forward and backward over whole sequences; (N, F), or (N, 1) of tokens' factors."""
    views, window = network.views(theta), batch.window(0, 0, batch.T)
    raw, _, tape = network.forward(views, window, batch.initial_state(network), EXACT)
    read = np.arange(batch.B)  # which rows of raw
    if not batch.at_end:
        read = np.asarray(window.steps.offsets)[read_at[batch.rows] + batch.data.delay] + read
    draw = np.zeros_like(raw)
    draw[read] = start_backward(raw[read])
    dX, _ = network.backward(draw, tape, None, FAST)
    if views.table is None:
        return dX
    # d f v / d f = v at a factor f = 1
    return (dX * embed(views.table, window.X)).sum(axis=1, keepdims=True)
