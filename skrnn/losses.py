"""Losses on raw outputs: value and gradient together, and the inverse link.

Shapes, with N rows (sequences or time steps) and K outputs of the read-out:

========  ==========  ===================================================================
``raw``   (N, K)      what the read-out gives, before any link
``y``     (N, K)      targets; for the multinomial loss (N, 1) class numbers
``value`` (N,)        loss of every row, summed over its outputs, at unit weight
``draw``  (N, K)      its gradient with respect to ``raw``
========  ==========  ===================================================================

Weighting and summing over rows is the caller's. Everything is computed from ``raw`` in the
form that neither overflows nor cancels: log(1 + exp(x)) as in [1]_, log-sum-exp with the
maximum taken out.

``best_constant(y, weight, K)`` is the one output (K,) that fits all rows best: what a model without X
would answer.

To add a loss, write one class with ``value_and_gradient``, ``best_constant`` and ``inverse_link`` (and,
for labels, ``log_inverse_link``) and enter it in ``LOSSES``; the tests of the registry apply to it at
once.

References
----------
.. [1] M. Maechler, "Accurately computing log(1 - exp(-|a|))", 2012.
"""

import numpy as np


class SquaredError:
    """Half the squared error, summed over the outputs; identity link."""

    standardises_y = True

    def value_and_gradient(self, y, raw):
        draw = raw - y
        return 0.5 * (draw * draw).sum(axis=1), draw

    def best_constant(self, y, weight, K):
        return np.average(y, axis=0, weights=weight)

    def inverse_link(self, raw):
        return raw


class BinomialLogLoss:
    """Log loss of K independent labels, one logit each: binary (K = 1) and multilabel.

    l(y, x) = log(1 + exp(x)) - y x = log(1 + exp(s)) with s = (1 - 2 y) x for y in {0, 1}, summed
    over the labels.
    """

    standardises_y = False

    def value_and_gradient(self, y, raw):
        sign = 1 - 2 * y
        s = sign * raw
        value = np.maximum(s, 0) + np.log1p(np.exp(-np.abs(s)))  # log(1 + exp(s))
        return value.sum(axis=1), sign * self.inverse_link(s)

    def best_constant(self, y, weight, K):
        p = np.clip(np.average(y, axis=0, weights=weight), 1e-12, 1 - 1e-12)
        return np.log(p) - np.log1p(-p)

    def inverse_link(self, raw):
        # sigma(x) without overflow on either side; a tail stays a small number, never 0 too early
        e = np.exp(-np.abs(raw))
        return np.where(raw >= 0, 1 / (1 + e), e / (1 + e)).astype(raw.dtype, copy=False)

    def log_inverse_link(self, raw):
        return np.minimum(raw, 0) - np.log1p(np.exp(-np.abs(raw)))


class MultinomialLogLoss:
    """Log loss of one label out of K, softmax link. ``y`` holds class numbers, (N, 1).

    l(y, x) = log(sum_k exp(x_k)) - x_y
    """

    standardises_y = False

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


LOSSES = {
    "squared_error": SquaredError,
    "binomial_log_loss": BinomialLogLoss,
    "multinomial_log_loss": MultinomialLogLoss,
}
