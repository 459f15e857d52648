"""Gradient flow: how the gradient of a loss changes on its way back through time.

Shapes: S losses are sampled, each of one sequence at one step; n_lags = K + 1 lags, 0 to K. The way back
itself is in ``_engine/flow.py``; here X and y are read as the estimator reads them, losses are drawn, and
norms become means, bounds and reaches. A bound for another cell is one more entry in ``_SLOPES``, if
the cell is h' = f(a_x + a_h).
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state, check_scalar
from sklearn.utils.random import sample_without_replacement

from skrnn._engine.arithmetic import FAST
from skrnn._engine.flow import norms_by_lag, up_to
from skrnn._engine.learner import Gradient
from skrnn._estimators.blas import one_thread
from skrnn._reading.reader import Reader
from skrnn.inspection._inspected import look_into

MOST_LAGS = 200  # if max_lag is not given
BLOCK = 1 << 20  # states that are kept at a time: losses times lags times units

# The largest slope of the activations (of softmax: the largest norm of its Jacobian).
_SLOPES = {"tanh": 1.0, "relu": 1.0, "identity": 1.0, "logistic": 0.25, "softmax": 0.5}


def gradient_flow(
    estimator, X, y, *, sample_weight=None, max_lag=None, n_samples=100, share=0.01, random_state=None
):
    """Measure how the gradient of the loss changes on its way back through time.

    A loss at step s is followed back through the network: at step s - k, for lag k = 0, 1, ..., the norm
    of its derivative with respect to the state h (of an LSTM also the memory c) is taken, for each
    layer. Norms that fall to nothing are a vanishing gradient: what lies so far back is not learned from.
    Norms that rise are an exploding one [1]_ [2]_.

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
        Weights, as in fit. Losses are drawn among those with weight, and count with it.
    max_lag : int, default=None
        The largest lag. `None`: as far as the sequences go, but 200 at most.
    n_samples : int, default=100
        How many losses are followed back: with one target per sequence of so many sequences, with one
        target per time step so many steps of any sequences. All of them, if there are fewer.
    share : float, default=0.01
        The share of the start that `reach` is defined by.
    random_state : int, RandomState instance or None, default=None
        Source of the sample of losses.

    Returns
    -------
    flow : Bunch
        An object with these attributes.

        lags : ndarray of shape (n_lags,)
            0, 1, ..., the number of time steps between the loss and the state.
        h : list of ndarray of shape (n_lags,)
            For each layer, that nearest to X first, the mean norm by lag of the derivative with respect
            to h; inf where it is beyond all numbers.
        c : list of ndarray of shape (n_lags,), or None
            The same for the memory c of an LSTM; None for other networks.
        h_samples : list of ndarray of shape (n_losses, n_lags)
            For each layer the norms of every single loss, for quantiles; NaN where a loss has not so
            many steps before it.
        c_samples : list of ndarray of shape (n_losses, n_lags), or None
            The same for c.
        bound : list of ndarray of shape (n_lags,), or None
            Of a simple network (RNN): for each layer, what `h` cannot exceed. None for LSTM and GRU.
        reach : list of float
            For each layer the lag from which on the mean norm, of h and of c, stays below `share` of
            its start; inf if it does not within the lags. With one target per sequence it is the
            `k2` that the data ask for; with targets per time step, `k1` - 1 more. A smaller one may
            do, where the gradient fades slowly behind what matters.
        share : float
            As passed.
        n_losses : ndarray of shape (n_lags,)
            How many losses each mean is taken over: those that have so many steps before them.
        sequences : ndarray of shape (n_losses,)
            The sequences of the losses, numbered as in X (series: in the order of their first rows).
        steps : ndarray of shape (n_losses,)
            The steps of their targets, from 0; with one target per sequence the last ones.
        weights : ndarray of shape (n_losses,)
            The weights of the losses in the means.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named; if a parameter is of the wrong type; or if X, y or
        sample_weight is a sparse or masked array.
    ValueError
        If the network is bidirectional, if X, y or sample_weight cannot be read, or if a parameter is out
        of its range.

    See Also
    --------
    GradientFlowDisplay : Draws it.
    saliency : The gradient of an output with respect to the inputs.

    Notes
    -----
    Every derivative is the total one, along all ways through the network, as backpropagation holds it:
    of a lower layer also what comes down from the layers above at the same step, of c also the way
    through h of the same step. It is PyTorch's gradient of these tensors. It runs through whole
    sequences, whatever `k1` and `k2` the network was trained with, without dropout, in float64. The loss
    is that of training, at weight one: of regressors in units of the variance of y. With `target_delay`
    lag 0 is the step after which the output is read. With `target_replication` the loss is the one at
    the last step. With `initial_state="last"` the sequences start from the states of fit, as in
    `predict`.

    The norm is Euclidean, and the mean is the plain (weighted) one, so that a few losses with large
    gradients may govern it: look at the quantiles of `h_samples`. `reach` compares the mean at each lag
    with the mean at lag 0 over the same losses.

    The bound is that of Pascanu et al. [2]_: on its way from step to step in the top layer the gradient
    is multiplied by no more than the largest slope of the activation (1 for tanh, relu and
    identity, 1/4 for logistic, 1/2 for softmax) times the spectral norm of W_h. It starts from the
    measured norms at lag 0. What comes in at later lags is added: from the read-out, if `pooling` is not
    "last", and, in lower layers, no more than the bound of the layer above times the slope times
    the spectral norm of its W_x. So in a stack only the top layer's bound is a plain power.

    References
    ----------
    .. [1] Bengio, Y., Simard, P., Frasconi, P., "Learning long-term dependencies with gradient descent is
       difficult", IEEE Transactions on Neural Networks 5(2), 1994.
    .. [2] Pascanu, R., Mikolov, T., Bengio, Y., "On the difficulty of training recurrent neural
       networks", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gradient_flow
    >>> X = np.random.RandomState(0).normal(size=(50, 30, 1))
    >>> y = X[:, -1, 0]
    >>> model = RNNRegressor(activation="logistic", tol=0.1, random_state=0).fit(X, y)
    >>> flow = gradient_flow(model, X, y)
    >>> flow.h[0].shape
    (30,)
    >>> bool((flow.h[0] <= flow.bound[0]).all())
    True
    >>> flow.reach[0] < 10  # a slope of 1/4 at most: it vanishes quickly
    True
    """
    inside = look_into(estimator, "gradient_flow")
    _check(inside.model.facts, max_lag, n_samples, share)
    with one_thread():
        reader, Xt = Reader(inside.settings, inside.model.facts), inside.transform(X)
        inside.check_names(Xt)
        data = reader.read_like_fit(Xt, y, sample_weight, inside.start_states)
        rows, times, weights = _draw(data, n_samples, check_random_state(random_state))
        ends = times + 1 + data.delay
        n_lags = int(min((MOST_LAGS if max_lag is None else max_lag) + 1, ends.max()))
        model = inside.model.in_dtype("float64")
        norms, direct = _norms(model, data, rows, times, n_lags)
    return _summary(model, norms, direct, weights, share, sequences=rows, steps=times)


def _check(facts, max_lag, n_samples, share):
    if facts.architecture.bidirectional:
        raise ValueError(
            "gradient_flow and bidirectional=True do not go together: a loss reaches a state from both "
            "sides, so that it has no lag. Fit with bidirectional=False."
        )
    if max_lag is not None:
        check_scalar(max_lag, "max_lag", Integral, min_val=0)
    check_scalar(n_samples, "n_samples", Integral, min_val=1)
    check_scalar(share, "share", Real, min_val=0, max_val=1, include_boundaries="neither")


def _draw(data, n_samples, random_state):
    """Sequences, steps and weights of some losses among those that have weight."""
    _, _, c = data.flat_targets()
    some = np.flatnonzero(c > 0)
    if not len(some):
        raise ValueError("sample_weight and class_weight leave nothing: all weights are zero.")
    if len(some) > n_samples:
        chosen = sample_without_replacement(len(some), n_samples, random_state=random_state)
        some = some[np.sort(chosen)]
    if not data.per_step:
        return some, data.X.lengths[some] - 1, c[some]
    rows = np.searchsorted(data.y.offsets, some, side="right") - 1
    return rows, some - data.y.offsets[rows], c[some]


def _norms(model, data, rows, times, n_lags):
    """``norms_by_lag`` of these losses, in blocks of bounded memory."""
    network, loss, ends = model.network(), model.loss(), times + 1 + data.delay
    y = (data.y.take(rows, times) if data.per_step else data.y[rows]).astype(np.float64)
    cut = up_to(data, rows, ends)
    norms = [[np.empty((len(rows), n_lags)) for _ in range(c.n_states)] for c in network.cells]
    direct = np.empty((len(rows), n_lags))
    size = max(1, BLOCK // (n_lags * sum(network.hidden_sizes)))
    for start in range(0, len(rows), size):
        batch = cut.batch(np.arange(start, min(start + size, len(rows))), network.dtype)
        gradient = Gradient(network, model.theta, FAST)
        block, direct[batch.rows] = norms_by_lag(gradient, batch, loss, y[batch.rows], n_lags)
        for layer, block_layer in zip(norms, block, strict=True):
            for out, values in zip(layer, block_layer, strict=True):
                out[batch.rows] = values
    return norms, direct


# --- from the norms of single losses to what is returned ----------------------------------------------


def _summary(model, norms, direct, weights, share, **which):
    is_there = ~np.isnan(norms[0][0])
    bounds = _bounds(model, [layer[0] for layer in norms], direct)
    h, *others = zip(*norms, strict=True)  # by state, then by layer
    c = others[0] if others else None
    with np.errstate(all="ignore"):
        return Bunch(
            lags=np.arange(direct.shape[1]),
            h=[_mean(samples, weights) for samples in h],
            c=c and [_mean(samples, weights) for samples in c],
            h_samples=list(h),
            c_samples=c and list(c),
            bound=bounds and [_mean(samples, weights) for samples in bounds],
            reach=[max(_reach(samples, weights, share) for samples in layer) for layer in norms],
            share=share,
            n_losses=is_there.sum(axis=0),
            weights=weights,
            **which,
        )


def _mean(samples, weights):
    """The weighted mean by lag over the losses that have it."""
    is_there = ~np.isnan(samples)
    total = np.where(is_there, samples, 0) * weights[:, None]
    return total.sum(axis=0) / (is_there * weights[:, None]).sum(axis=0)


def _reach(samples, weights, share):
    """The lag from which on the mean stays below ``share`` of the mean at lag 0 of the same losses."""
    start = _mean(np.where(np.isnan(samples), np.nan, samples[:, :1]), weights)
    values = _mean(samples, weights)
    above = np.flatnonzero((values >= share * start) & (values > 0))
    after = above[-1] + 1 if len(above) else 0
    return float(after) if after < samples.shape[1] else np.inf


def _bounds(model, h, direct):
    """Of simple networks: for every layer and loss what the norms cannot exceed; else None."""
    network = model.network()
    views = network.views(model.theta)
    slopes = [_SLOPES.get(getattr(cell, "activation", None)) for cell in network.cells]
    if None in slopes:
        return None
    bounds, coming = [None] * len(h), direct  # what comes in at every lag: to the top, from the read-out
    for k in range(len(h) - 1, -1, -1):
        layer, slope = views.layers[k][0], slopes[k]
        factor, bound = slope * np.linalg.norm(layer.W_h, 2), h[k].copy()
        with np.errstate(all="ignore"):
            for lag in range(1, bound.shape[1]):
                # dh_{s-k} = da_{s-k+1} W_h^T + what comes in;  |da| <= slope |dh_{s-k+1}|
                bound[:, lag] = factor * bound[:, lag - 1] + coming[:, lag]
            bounds[k], coming = bound, slope * np.linalg.norm(layer.W_x, 2) * bound
        bound[np.isnan(h[k])] = np.nan
    return bounds
