"""Losses on raw outputs: value and gradient together, and the inverse link.

Shapes, with N rows (sequences or time steps) and K outputs of the read-out:

========  ==========  ===================================================================
``raw``   (N, K)      what the read-out gives, before any link
``y``     (N, K)      targets; for the multinomial loss (N, 1) class numbers, for Q
                      quantiles (N, K / Q) numbers
``value`` (N,)        loss of every row, summed over its outputs, at unit weight
``draw``  (N, K)      its gradient with respect to ``raw``
========  ==========  ===================================================================

Weighting and summing over rows is the caller's. Everything is computed from ``raw`` in the
form that neither overflows nor cancels: log(1 + exp(x)) as in [1]_, log-sum-exp with the
maximum taken out. Where a loss has a kink, ``draw`` is zero there: a subgradient.

To add a loss, write one class below ``Loss`` with ``value_and_gradient``, ``best_constant`` and, unless
the raw outputs are the answers, ``inverse_link`` (for labels also ``log_inverse_link``). The class can be
used in place of a name; entered in ``LOSSES`` it has one, and the tests of the registry apply to it.

References
----------
.. [1] M. Maechler, "Accurately computing log(1 - exp(-|a|))", 2012.
.. [2] P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35,
   1964.
.. [3] R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46(1), 1978.
"""

import numpy as np

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "BinomialLogLoss",
    "HuberLoss",
    "Loss",
    "MultinomialLogLoss",
    "PinballLoss",
    "PoissonDeviance",
    "SquaredError",
    "make_loss",
]


def make_loss(targets):
    """The loss that an estimator was fitted with.

    Parameters
    ----------
    targets : dict
        What the estimator knows of its targets: "loss", a key of ``LOSSES`` or a class below ``Loss``,
        and "loss_options", the arguments of its constructor, if it takes any.

    Returns
    -------
    Loss
    """
    loss = targets["loss"]
    return LOSSES.get(loss, loss)(**targets.get("loss_options", {}))


class Loss:
    """What all losses have in common; their attributes and methods, as they are if not overridden.

    Attributes
    ----------
    options : tuple of str
        The parameters of the estimator that the constructor takes.
    standardises_y : bool
        Whether regressors train on y standardised by mean and deviation.
    positive_only : bool
        Whether y must not be negative.
    identity_link : bool
        Whether the raw outputs are the answers, so that the unit of y can be folded into the read-out.
    are_several : bool
        Whether the answers are several ``quantiles`` of each target, side by side.
    start : None or a method start(y, weight, mean)
        The outputs (K,) before training, from y (N, .), its weights and weighted mean; None: zeros. A row
        whose weight is a whole number must count as so many rows, bit for bit; for the mean it does.
    """

    options = ()
    standardises_y = True
    positive_only = False
    identity_link = True
    are_several = False
    start = None

    def n_outputs(self, n_columns):
        """How many outputs the read-out has for y of so many columns."""
        return n_columns

    def value_and_gradient(self, y, raw):
        """The losses ``value`` (N,) of the rows, and ``draw`` (N, K)."""
        raise NotImplementedError

    def best_constant(self, y, weight, K):
        """The one output (K,) that fits all rows best: what a model without X would answer."""
        raise NotImplementedError

    def inverse_link(self, raw):
        """The answers (N, .) that raw outputs stand for, of labels their probabilities."""
        return raw


class SquaredError(Loss):
    """Half the squared error, summed over the outputs; identity link."""

    def value_and_gradient(self, y, raw):
        draw = raw - y
        return 0.5 * (draw * draw).sum(axis=1), draw

    def best_constant(self, y, weight, K):
        return np.average(y, axis=0, weights=weight)


class AbsoluteError(Loss):
    """The absolute error, summed over the outputs; identity link. It tends to the median."""

    def value_and_gradient(self, y, raw):
        error = raw - y
        return np.abs(error).sum(axis=1), np.sign(error)

    def best_constant(self, y, weight, K):
        return _weighted_quantiles(y, weight, [0.5])[0]


class HuberLoss(Loss):
    """Half the squared error up to ``huber_delta``, and linear beyond it [2]_; identity link.

    l(y, x) = a (|x - y| - a / 2) with a = min(|x - y|, delta), summed over the outputs.

    Parameters
    ----------
    huber_delta : float, default=1.0
        In units of the y that it gets. With inf it is the squared error.
    """

    options = ("huber_delta",)

    def __init__(self, huber_delta=1.0):
        self.delta = float(huber_delta)

    def value_and_gradient(self, y, raw):
        error = raw - y
        # as a number of the dtype of raw: the largest finite one, if delta is beyond that
        delta = raw.dtype.type(min(self.delta, float(np.finfo(raw.dtype).max)))
        a, size = np.clip(error, -delta, delta), np.abs(error)
        linear = np.abs(a)
        return (linear * (size - 0.5 * linear)).sum(axis=1), a

    def best_constant(self, y, weight, K):
        low, high = y.min(axis=0).astype(np.float64), y.max(axis=0).astype(np.float64)
        for _ in range(100):  # the gradient rises with the constant: halve the interval
            middle = low + 0.5 * (high - low)
            is_low = weight @ np.clip(middle - y, -self.delta, self.delta) < 0
            low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
            if (high - low <= 4 * np.finfo(np.float64).eps * np.abs(middle)).all():
                break
        return low + 0.5 * (high - low)


class PoissonDeviance(Loss):
    """Half the deviance of Poisson-distributed y >= 0, summed over the outputs; log link.

    l(y, x) = exp(x) - y x + (y log(y) - y): minus the log likelihood up to what does not depend on x,
    with a constant that makes its lowest value zero.
    """

    standardises_y = False
    positive_only = True
    identity_link = False

    def value_and_gradient(self, y, raw):
        rate = np.exp(raw)
        error = raw - np.log(np.where(y > 0, y, 1))
        # y (exp(e) - 1 - e) does not cancel near the optimum, and the other form not far from it
        near = np.minimum(error, 1)
        value = np.where(
            (y > 0) & (error < 1), y * (np.expm1(near) - near), rate - y - np.where(y > 0, y * error, 0)
        )
        return value.sum(axis=1), rate - y

    def best_constant(self, y, weight, K):
        return np.log(np.maximum(np.average(y, axis=0, weights=weight), 1e-12))

    # The rate before training is a power of this number, that next to the mean of y.
    START = 1000.0

    def start(self, y, weight, mean):
        # y is not standardised: from a rate of 1 the way to a mean of 1000 takes hundreds of updates.
        # Nearer than this it is short; and parts of the data start where the whole would.
        unit = np.log(self.START)
        return np.round(np.log(mean) / unit) * unit

    def inverse_link(self, raw):
        return np.exp(raw)


class PinballLoss(Loss):
    """The pinball loss [3]_ of one quantile, or of several that cannot cross, summed over them.

    l(y, q) = tau (y - q) if y > q, else (1 - tau) (q - y).

    One quantile has the identity link. Of several the lowest is q_0 = x_0, and each of the others lies
    by a softplus above the one before it: q_k = q_(k-1) + log(1 + exp(x_k)).

    Parameters
    ----------
    quantile : float or list of float, default=0.5
        The levels tau, rising.
    """

    options = ("quantile",)
    # The least steps between quantiles at the start, in deviations: softplus has hardly a slope below.
    SMALLEST_STEP = 0.01

    def __init__(self, quantile=0.5):
        self.are_several = np.ndim(quantile) > 0
        self.quantiles = np.atleast_1d(np.asarray(quantile, dtype=np.float64))
        self.identity_link = not self.are_several

    def n_outputs(self, n_columns):
        return n_columns * len(self.quantiles) if self.are_several else n_columns

    def value_and_gradient(self, y, raw):
        tau = self.quantiles.astype(raw.dtype)
        if not self.are_several:
            return _pinball(y - raw, tau)
        # (N, number of targets, quantiles)
        q = self._by_target(self.inverse_link(raw))
        value, dq = _pinball(y[..., None] - q, tau)
        # every q_k from k on moves with x_k
        draw = np.cumsum(dq[..., ::-1], axis=-1)[..., ::-1]
        slope = self._by_target(_sigmoid(raw))  # softplus' = sigma
        slope[..., 0] = 1
        return value, (draw * slope).reshape(raw.shape)

    def best_constant(self, y, weight, K):
        if not self.are_several:
            return _weighted_quantiles(y, weight, self.quantiles)[0]
        return self._links(y, weight, 1e-9)

    def start(self, y, weight, mean):
        # from zeros the highest of many quantiles would be that many times log(2) above the lowest
        if not self.are_several:
            return self.best_constant(y, weight, y.shape[1])
        return self._links(y, weight, self.SMALLEST_STEP)

    def _by_target(self, raw):
        return raw.reshape(len(raw), -1, len(self.quantiles))

    def _links(self, y, weight, smallest_step):
        """The raw outputs (K,) of the quantiles of every column of y."""
        columns = _weighted_quantiles(y, weight, self.quantiles).T
        return np.concatenate([self._link(q, smallest_step) for q in columns])

    @staticmethod
    def _link(q, smallest_step):
        """The raw outputs of increasing quantiles."""
        step = np.maximum(np.diff(q), smallest_step)
        return np.append(q[:1], step + np.log(-np.expm1(-step)))  # softplus backwards

    def inverse_link(self, raw):
        if not self.are_several:
            return raw
        q = np.maximum(raw, 0) + np.log1p(np.exp(-np.abs(raw)))  # log(1 + exp(x))
        q = self._by_target(q)
        q[..., 0] = self._by_target(raw)[..., 0]
        # steps are not negative, and sums round to no less than they began with
        return np.cumsum(q, axis=-1).reshape(raw.shape)


class BinomialLogLoss(Loss):
    """Log loss of K independent labels, one logit each: binary (K = 1) and multilabel.

    l(y, x) = log(1 + exp(x)) - y x = log(1 + exp(s)) with s = (1 - 2 y) x for y in {0, 1}, summed
    over the labels.
    """

    standardises_y = False
    identity_link = False

    def value_and_gradient(self, y, raw):
        sign = 1 - 2 * y
        s = sign * raw
        value = np.maximum(s, 0) + np.log1p(np.exp(-np.abs(s)))  # log(1 + exp(s))
        return value.sum(axis=1), sign * _sigmoid(s)

    def best_constant(self, y, weight, K):
        p = np.clip(np.average(y, axis=0, weights=weight), 1e-12, 1 - 1e-12)
        return np.log(p) - np.log1p(-p)

    def inverse_link(self, raw):
        return _sigmoid(raw)

    def log_inverse_link(self, raw):
        return np.minimum(raw, 0) - np.log1p(np.exp(-np.abs(raw)))


class MultinomialLogLoss(Loss):
    """Log loss of one label out of K, softmax link. ``y`` holds class numbers, (N, 1).

    l(y, x) = log(sum_k exp(x_k)) - x_y
    """

    standardises_y = False
    identity_link = False

    def value_and_gradient(self, y, raw):
        rows, labels = np.arange(len(raw)), y[:, 0].astype(np.intp)
        shifted = raw - raw.max(axis=1, keepdims=True)
        p = np.exp(shifted)
        total = p.sum(axis=1)
        value = np.log(total) - shifted[rows, labels]
        p /= total[:, None]
        p[rows, labels] -= 1
        return value, p

    def best_constant(self, y, weight, K):
        share = np.bincount(y[:, 0].astype(np.intp), weight, minlength=K) / weight.sum()
        return np.log(np.maximum(share, 1e-12))

    def inverse_link(self, raw):
        p = np.exp(raw - raw.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    def log_inverse_link(self, raw):
        shifted = raw - raw.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _pinball(error, tau):
    """Values (N,) and the gradient with respect to the quantiles of errors (N, ..., n_quantiles)."""
    dq = np.where(error > 0, -tau, np.where(error < 0, 1 - tau, error.dtype.type(0)))
    return (-dq * error).reshape(len(error), -1).sum(axis=1), dq


def _sigmoid(x):
    # without overflow on either side; a tail stays a small number, never 0 too early
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype, copy=False)


def _weighted_quantiles(y, weight, quantiles):
    """The quantiles of every column of y (N, K), an array (n_quantiles, K).

    That of level tau is the lowest number with a share tau of the weight at or below it.
    """
    columns = []
    for column in y.T:
        order = np.argsort(column, kind="stable")
        share = np.cumsum(weight[order])
        columns.append(column[order[np.searchsorted(share, np.asarray(quantiles) * share[-1])]])
    return np.stack(columns, axis=1)


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": HuberLoss,
    "poisson": PoissonDeviance,
    "quantile": PinballLoss,
    "binomial_log_loss": BinomialLogLoss,
    "multinomial_log_loss": MultinomialLogLoss,
}
