"""k2="auto": how far back the gradient has to flow, estimated while training, after [1]_.

Let G_k be what lag k contributes to the expected gradient of a loss at step s: all of it that passes
through dl_s / dh_{s-k}. The whole gradient is g = sum of G_k over k >= 0; cut after K steps it is
g_K = sum over k < K. The bias of the cut, and the size of g, are bounded by

    |g - g_K|  <=  tail_K = sum over k >= K of phi_k,      phi_k = |G_k|
    |g|        >=  |g_R| - tail_R                          R the most steps that are looked at

and K is the smallest number for which (bound of the bias) / (bound of |g|) <= tolerance; that is the
relative bias. In the paper phi_k is E |dl_s / dh_{s-k}|, times a bound of the Jacobian of one step with
respect to the weights. Here a step of the way back gives G_k itself, so that no bound is needed; G_k is
that of the weights of the recurrent layers, the only ones whose gradient is cut.

The expectation is the mean over a probe: ``LEAST`` losses or more, each of one sequence at one step s,
with a window of R steps before them that is entered with the state that R more steps make from zeros.
Beyond R the phi_k are taken to go on falling as they do, log-linearly, in the second half of the window
(least squares); if they do not fall, or no K is good enough, K = R. So no K is larger than R, which is
``reach``: memories beyond it are out of sight.

With targets per step every error must flow through K steps at least, so k2 = K + k1 - 1 (the 2 K - 1 of
the paper is that of k1 = K); with one target k2 = K. Weights drawn at random forget at once, and K would
be far too small: the first epoch has k2 = 2 k1 - 1, or R with one target.

The probe is drawn from a copy of the stream of random numbers, so training draws the same ones as with
k2 set to the recorded values, and the same weights come out.

References
----------
.. [1] C. Aicher, N. J. Foti, E. B. Fox, "Adaptively truncating backpropagation through time to control
   gradient bias", UAI 2019, arXiv:1905.07473.
"""

from collections import namedtuple

import numpy as np

from skrnn._engine.arithmetic import FAST
from skrnn._engine.flow import add_gradient, up_to, way_back
from skrnn._engine.learner import Gradient, norm
from skrnn._engine.pooling import POOLINGS

REACH = 60  # steps that a probe looks back, if k1 is not large
# Losses of a probe: so many that its windows hold 1 / SHARE of the steps of an epoch, within bounds.
SHARE, LEAST, MOST = 60, 32, 512


# A batch aligned at the end, and in its order the targets (B, K) and weights (B, 1) of its losses.
Probe = namedtuple("Probe", "batch y weight")


def reach(k1):
    """R, the steps that a probe looks back: the largest K."""
    return max(REACH, 2 * (k1 or 0))


def longest_window(k1, k2, *, many):
    """The longest window of training; ``many``: sequences have losses at many steps."""
    if k2 != "auto":
        return k2 or k1
    return reach(k1) + k1 - 1 if many else reach(None)


class AutoTruncation:
    """k2 of every epoch.

    Parameters
    ----------
    data : Dataset
    k1 : int or None
        Only with losses at many steps of a sequence.
    tolerance : float
    random_state : RandomState
        Of the training; it is not changed.
    """

    def __init__(self, data, k1, tolerance, random_state):
        self.data, self.tolerance, self.random_state = data, tolerance, random_state
        self.many = bool(data.per_step or data.replication)
        self.k1 = k1 if self.many else None
        self.R = int(min(reach(self.k1), data.lengths.max()))

    def k2(self, network, theta, loss, epoch):
        """k2 for this epoch, counted from 0 since the weights were drawn."""
        if epoch == 0:
            return 2 * self.k1 - 1 if self.many else self.R
        phi, g_norm = measure(network, theta, loss, self._probe(network, epoch), self.R)
        K = smallest_depth(phi, g_norm, self.tolerance, whole=self.R == self.data.lengths.max())
        return K + self.k1 - 1 if self.many else K

    def _probe(self, network, epoch):
        """A ``Probe`` whose weights sum to one."""
        rows, times = self._draw(epoch)
        data, dtype = self.data, network.dtype
        c = data.weight[rows]
        if data.inner_weight is not None:
            inner = data.inner_weight
            c = c * (inner.take(rows, times)[:, 0] if data.per_step else inner[rows])
        y = data.y.take(rows, times) if data.per_step else data.y[rows]
        # what pooling has gathered is that of the whole sequence
        longest = 2 * self.R if isinstance(network.pooling, POOLINGS["last"]) else None
        batch = up_to(data, rows, times + 1 + data.delay, longest).batch(np.arange(len(rows)), dtype)
        weight = (c / c.sum())[batch.rows, None]
        return Probe(batch, y[batch.rows].astype(dtype), weight.astype(dtype))

    def twin(self, epoch):
        """A stream of random numbers of this epoch, which leaves that of training alone."""
        twin = np.random.RandomState()
        twin.set_state(self.random_state.get_state())
        return np.random.RandomState([twin.randint(2**31), epoch])

    def _draw(self, epoch):
        """Sequences and steps (from 0) of losses, such with R steps to look back on if there are any."""
        data, n, random_state = self.data, len(self.data), self.twin(epoch)
        T = data.lengths - data.delay
        m = int(np.clip(data.lengths.sum() // (SHARE * self.R), LEAST, MOST))
        if not self.many:
            rows = random_state.permutation(n)[:m]
            return rows, T[rows] - 1
        first = np.maximum(np.minimum(T, self.R - data.delay), 1) - 1  # the first step to be drawn
        if data.per_step and data.inner_weight is not None:
            return self._draw_weighted(first, m, random_state)
        counts = np.cumsum(T - first)
        at = random_state.randint(counts[-1], size=m)
        rows = np.searchsorted(counts, at, side="right")
        return rows, T[rows] - 1 - (counts[rows] - 1 - at)

    def _draw_weighted(self, first, m, random_state):
        """The same where some steps may be without weight: those are no losses."""
        inner = self.data.inner_weight
        has_weight = np.flatnonzero(inner.flat()[:, 0] > 0)
        rows = np.searchsorted(inner.offsets, has_weight, side="right") - 1
        times = has_weight - inner.offsets[rows]
        among = np.flatnonzero(times >= first[rows])
        if not len(among):
            among = np.arange(len(rows))
        drawn = among[random_state.randint(len(among), size=m)]
        return rows[drawn], times[drawn]


def measure(network, theta, loss, probe, R):
    """phi (R,) and |g_R| of a probe."""
    gradient = Gradient(network, theta, FAST)
    batch, y, weight = probe
    g_R, phi = np.zeros_like(theta), np.zeros(R)
    with np.errstate(all="ignore"):
        for k, lag in enumerate(way_back(gradient, batch, loss, y, R, weight)):
            gradient.g[:] = 0
            add_gradient(gradient, lag)
            g_R += gradient.g
            phi[k] = norm(gradient.g)
        return phi, norm(g_R)


def smallest_depth(phi, g_norm, tolerance, *, whole):
    """K, from 1 to R; ``whole``: there are no steps beyond the R."""
    R = len(phi)
    if not np.isfinite(phi).all():
        return R
    beyond = 0.0 if whole else extrapolate(phi)
    tail = np.append(np.cumsum(phi[:0:-1])[::-1], 0.0) + beyond  # after K = 1, ..., R steps
    lower = g_norm - beyond
    good = np.flatnonzero(tail <= tolerance * lower) if lower > 0 else ()
    return int(good[0]) + 1 if len(good) else R


def extrapolate(phi):
    """The sum of the phi_k beyond the last, if they go on as in the second half.

    inf if they do not fall; 0 if they have vanished.
    """
    k = np.arange(len(phi) // 2, len(phi))
    k = k[phi[k] > 0]
    if not phi[-1]:
        return 0.0
    if len(k) < 2:
        return np.inf
    slope, at_0 = np.polyfit(k, np.log(phi[k]), 1)
    if slope >= 0:
        return np.inf
    return float(np.exp(at_0 + slope * len(phi)) / -np.expm1(slope))
