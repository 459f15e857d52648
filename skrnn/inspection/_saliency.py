"""Saliency: the gradient of an output with respect to what the network has read, step by step.

Shapes: n sequences of T_i steps, F inputs per step, K outputs. One forward and one backward pass over
whole sequences, blocks of them side by side; ``Network.backward`` gives the gradient of the inputs, and
what starts it is the gradient of the one number asked for with respect to the raw outputs
(``_output.py``).
"""

import numpy as np

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.forward import blocks_by_length
from skrnn.inspection._inspected import look_into
from skrnn.inspection._output import output_of, rows_read, steps_read

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
    container = inside.read(X)
    read_at = steps_read(step, container, inside.model.facts.per_step)
    with np.errstate(all="ignore"):
        flat = _input_gradient(inside, container, read_at, output_of(inside, output).gradient)
    return flat, container, read_at


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
    read = rows_read(batch, window, read_at)
    draw = np.zeros_like(raw)
    draw[read] = start_backward(raw[read], batch.rows)
    dX, _ = network.backward(draw, tape, None, FAST)
    if views.table is None:
        return dX
    return network.lookup.factors_gradient(views.table, window.X, dX)
