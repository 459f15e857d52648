"""What training changes: theta, by one update after the other.

``Gradient`` gathers the gradient of a loss at frozen weights; ``Learner`` also turns what is
gathered into updates, in this order: mask of the weights, scale, L2 penalty, clip_value, clip_norm [1]_,
share of the weight, solver step. Both know neither cell nor loss nor data.

A sample weight acts as so many copies would (``Weighting``). The gradient of a batch is divided by the
batch's own weight W, so that rate and clipping do not depend on it; the step then follows the gradient
times the batch's share, W over the mean W of a batch. So at frozen weights the mean of the updates is
the gradient of the weighted loss. Clipping looks at the gradient per unit of weight, also within a batch
whose steps have weights of their own, and so do the mean squares by which solvers divide: an update that
is heavy is cut no shorter than a light one, and divided by no more.

Shapes: theta and g are flat vectors of P weights; B sequences of a batch. To do something else with the
gradients of ``tbptt``, write a class below ``Gradient``.

An update is all or nothing: theta and the solver's memory before the step are kept, so that an
interruption in the middle of a step, or a loss or gradient that is no longer finite, leaves whole
and finite weights behind.

References
----------
.. [1] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks",
   ICML 2013.
"""

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from skrnn import _kernels
from skrnn._engine.weight_dropout import WeightDropout

# Of how many updates before a divergence the gradient norms are reported.
N_NORMS = 5


class DivergenceError(ArithmeticError):
    """Training has left the finite numbers.

    Attributes
    ----------
    what : str
        What is not finite: "loss", "gradient", or "weights" after a step that went too far.
    at_start : bool
        Whether it never was in this call.
    norms : list of float
        Norms of the gradients of the latest updates before, before clipping.
    """

    def __init__(self, what, at_start, norms):
        super().__init__()
        self.what, self.at_start, self.norms = what, at_start, list(norms)


def norm(g):
    """Euclidean norm; no overflow for entries beyond the square root of the largest number."""
    value = float(np.sqrt(np.add.reduce(g * g)))
    if np.isinf(value):
        top = float(np.abs(g).max())
        if np.isfinite(top):
            value = top * float(np.sqrt(np.add.reduce((g / top) ** 2, dtype=np.float64)))
    return value


class Weighting(NamedTuple):
    """How unequal the updates of a training run are, where they are.

    Attributes
    ----------
    mean : float
        Mean of the weights W of the batches.
    spread : float
        Squared coefficient of variation of the weights of what is drawn for an update.
    n : float
        How many are drawn.
    """

    mean: float
    spread: float
    n: float

    @property
    def noise(self):
        """How much noisier gradients are than at equal weights: n count as n / (1 + spread).

        Clipping allows for it; else it would cut nearly every one, and what is left of those no longer
        depends on how far predictions are off.

        References
        ----------
        L. Kish, "Survey Sampling", Wiley 1965, section 11.7.
        """
        return math.sqrt(1 + self.spread)

    @property
    def root_mean_square(self):
        """Of the weight of an update, its mean is 1."""
        return math.sqrt(1 + self.spread / max(self.n, 1.0))


class Gradient:
    """The gradient of the loss at frozen weights, gathered batch by batch.

    Parameters
    ----------
    network : Network
    theta : (P,) array
    arithmetic : FAST or EXACT of ``arithmetic.py``
    alpha : float
        L2 penalty alpha / 2 |W|^2 / S on the weight matrices.
    weight_dropout : float
        Share of the recurrent weights that a mask sets to zero, once one has been drawn.
    frozen : (P,) bool, optional
        Weights that are not trained: their gradient is zero, and neither norm nor penalty counts them.

    Attributes
    ----------
    views : Views of the weights that the network is run with
    g : (P,) sum of the gradients since it was last set to zero
    loss, W : float
        Sums of c l and of c over what was gathered.
    """

    def __init__(self, network, theta, arithmetic, *, alpha=0.0, weight_dropout=0.0, frozen=None):
        self.network, self.theta, self.arithmetic, self.alpha = network, theta, arithmetic, alpha
        self.g = np.zeros_like(theta)
        self.weight_mask = WeightDropout(network, theta, weight_dropout) if weight_dropout else None
        self.views = network.views(self.weight_mask.used if weight_dropout else theta)
        self.gradient_views = network.views(self.g)
        self.matrices = slice(0, network.layout.n_penalised)
        self.masks, self.frozen = None, frozen
        self.loss = self.W = 0.0

    def begin(self, batch):
        """Before a batch."""

    def end(self, batch, carry):
        """After a batch: all its losses have been added; ``carry()`` is the state after its last step."""
        self.W += batch.W

    def update(self, scale, S, relative_weight=1.0):
        """Where a ``Learner`` would change theta."""

    def finish(self, scale, S):
        """Scale g and add the gradient of the penalty; returns the penalty's value and the norm of g."""
        if self.weight_mask:
            self.weight_mask.apply(self.g)
        decay = self.alpha / S
        if self.frozen is not None:
            return self._finish_trained(scale, decay)
        sums = _kernels.gather(self.theta, self.g, self.matrices.stop, scale, decay)
        if sums is not None and np.isfinite(sums[0]):
            return 0.5 * decay * sums[1] if decay else 0.0, math.sqrt(sums[0])
        if sums is None:
            self.g *= scale
            self.g[self.matrices] += decay * self.theta[self.matrices]
        W = self.theta[self.matrices]
        return 0.5 * decay * float(np.add.reduce(W * W)) if decay else 0.0, norm(self.g)

    def _finish_trained(self, scale, decay):
        """``finish`` where some weights are frozen."""
        W = np.where(self.frozen[self.matrices], 0, self.theta[self.matrices])
        self.g *= scale
        self.g[self.matrices] += decay * W
        self.g[self.frozen] = 0
        return 0.5 * decay * float(np.add.reduce(W * W)), norm(self.g)


class Learner(Gradient):
    """Theta on its way.

    Parameters
    ----------
    network, theta, arithmetic, alpha, weight_dropout, frozen
        As for ``Gradient``; theta is changed in place, but for weights that are frozen.
    solver : one of ``SOLVERS`` that steps
    clip_norm, clip_value : float or None
    random_state : RandomState, for the masks of units and of weights
    ends : list, optional
        Takes, for every batch, its rows and the states after its last step.
    weighting : Weighting, optional
        None: each update counts the same.

    Attributes
    ----------
    loss, W, penalty, norm_sum : float
        Sums, since ``start_epoch``, of c l, c, and over updates of penalty and gradient norm.
    n_updates, n_clipped : int
        Updates since ``start_epoch``, and those in which clipping was active.
    """

    def __init__(
        self, network, theta, arithmetic, solver, *, alpha=0.0, clip_norm=None, clip_value=None,
        random_state=None, ends=None, weighting=None, weight_dropout=0.0, frozen=None,
    ):  # fmt: skip
        super().__init__(
            network, theta, arithmetic, alpha=alpha, weight_dropout=weight_dropout, frozen=frozen
        )
        if frozen is not None:  # what an earlier fit remembers of them would move them on
            solver.memory[:, frozen] = 0
        self.solver, self.weighting, self.share = solver, weighting, 1.0
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.random_state, self.ends = random_state, ends
        # theta, the solver's memory and its counter before the latest step
        self._before = np.empty_like(theta), np.empty_like(solver.memory), None
        self._stepping = False
        self.norms = deque(maxlen=N_NORMS)  # of the latest updates
        # of a longer gradient the squares that solvers remember overflow
        self.largest_norm = float(np.sqrt(np.finfo(theta.dtype).max))
        self.start_epoch()

    def start_epoch(self):
        self.loss = self.W = self.penalty = self.norm_sum = 0.0
        self.n_updates = self.n_clipped = 0

    @property
    def is_at_start(self):
        """Whether there was no step yet."""
        return self._before[2] is None

    def means(self):
        """Means since ``start_epoch``: loss with penalty, gradient norm, share of updates clipped."""
        n = max(self.n_updates, 1)
        return self.loss / self.W + self.penalty / n, self.norm_sum / n, self.n_clipped / n

    def begin(self, batch):
        """Before a batch: take its share of the weight, draw the first masks."""
        self._batch = batch
        if self.weighting:
            self.share = batch.W / self.weighting.mean
        self._draw_masks()

    def end(self, batch, carry):
        """After a batch: keep the states in which its sequences end, if they are wanted."""
        super().end(batch, carry)
        if self.ends is not None:
            self.ends.append((batch.rows, [directions[0] for directions in carry().layers]))

    def _draw_masks(self):
        """New masks for the next update: of units, and then of weights."""
        if self.network.dropout:
            # in the rows' original order, so that they do not depend on how the batch is sorted
            masks = self.network.draw_masks(self._batch.B, self.random_state)
            self.masks = [m[self._batch.order] for m in masks]
        if self.weight_mask:
            self.weight_mask.draw(self.random_state)

    def update(self, scale, S, relative_weight=1.0):
        """One update of theta from the gradient gathered in g, which is zero afterwards.

        ``relative_weight`` is how heavy the update's steps are, those of the batch are 1 on average.
        """
        penalty, g_norm = self.finish(scale, S)
        if not math.isfinite(g_norm + self.loss + penalty):
            raise self._divergence(penalty)
        shrink, active = self._clip(g_norm, relative_weight)
        shrink = self._weighed(shrink, relative_weight)
        if g_norm > self.largest_norm and norm(self.g) * shrink > self.largest_norm:
            raise self._divergence(penalty)
        self._step(shrink)
        self.norms.append(g_norm)
        self.n_clipped += active
        self.penalty += penalty * self.share
        self.norm_sum += g_norm
        self.n_updates += 1
        self._draw_masks()

    def _divergence(self, penalty):
        what = "gradient" if math.isfinite(self.loss + penalty) else "loss"
        return DivergenceError(what, self.is_at_start, self.norms)

    def _clip(self, g_norm, relative_weight):
        """Clip g by value, then by norm, where it is too large for its weight.

        Returns the factor that makes g short enough, and whether either was active.
        """
        g, active, shrink, unit = self.g, False, 1.0, relative_weight
        if self.weighting:
            unit *= self.weighting.noise
        if self.clip_value is not None and np.abs(g).max() > self.clip_value * unit:
            np.clip(g, -self.clip_value * unit, self.clip_value * unit, out=g)
            g_norm, active = norm(g), True
        if self.clip_norm is not None:
            g_norm /= unit
            shrink = min(1.0, self.clip_norm / (g_norm + 1e-6))  # the 1e-6 is torch's
            active |= g_norm > self.clip_norm
        return shrink, active

    def _weighed(self, shrink, relative_weight):
        """The factor of g in the solver's step, which counts as much as its update weighs."""
        if not self.weighting:
            return shrink
        if not getattr(self.solver, "divides", False):
            return shrink * self.share
        # g per unit of weight is what is squared; its weight goes into the step alone
        self.solver.share = self.share * relative_weight / self.weighting.root_mean_square
        return shrink / relative_weight

    def _step(self, shrink):
        theta, memory, _ = self._before
        self._before = theta, memory, self.solver.t
        if _kernels.step(self.solver, self.theta, self.g, shrink, theta, memory):
            self._keep_frozen()
            return
        theta[:], memory[:] = self.theta, self.solver.memory
        self._stepping = True
        if shrink != 1:
            self.g *= shrink
        self.solver.step(self.theta, self.g)
        self._keep_frozen()
        self.g[:] = 0
        self._stepping = False

    def _keep_frozen(self):
        """After a step: put back what a solver may do to weights without gradient, as decay."""
        if self.frozen is not None:
            self.theta[self.frozen] = self._before[0][self.frozen]

    def check_last(self, evaluate):
        """Raise if the latest step, after which no loss was computed yet, has left the finite numbers.

        After a step longer than the weights themselves loss and gradient are looked at: ``evaluate()``
        returns a ``Gradient`` that has gathered a batch at the new weights.
        """
        if not np.isfinite(self.theta).all():
            raise DivergenceError("weights", False, self.norms)
        before, _, t = self._before
        if t is None or norm(self.theta - before) <= norm(before):
            return
        gradient = evaluate()
        for what, value in (("loss", gradient.loss), ("gradient", norm(gradient.g))):
            if not math.isfinite(value):
                raise DivergenceError(what, False, self.norms)

    def take_over(self, sums, norms, t):
        """Updates of an epoch that a compiled twin has made (``compiled.py``): their sums, and norms.

        ``t`` is the solver's counter. Theta, and what was before the latest step, are changed already.
        """
        self.loss, self.W, self.penalty, self.norm_sum, self.n_updates, self.n_clipped = sums
        self.norms.extend(norms)
        if self.n_updates:
            self.solver.t, self._before = t, (*self._before[:2], t - 1)

    def memories(self):
        """What going on after an interruption needs besides weights and solver, as it stands."""
        return self._before, self.norms

    def remember(self, memories):
        """Go on from the ``memories`` of another learner."""
        self._before, self.norms = memories

    def undo(self):
        """Back to before the latest step, if there was one."""
        theta, memory, t = self._before
        if t is not None:
            self.theta[:], self.solver.memory[:], self.solver.t = theta, memory, t
            self.n_updates -= not self._stepping  # a step cut in the middle has not been counted

    def abandon(self, error):
        """After an error or an interruption: leave whole, finite weights behind."""
        if self._stepping or isinstance(error, DivergenceError):
            self.undo()
