"""What lets a stream learn from every step: the layer with its influence, and the updates of its weights.

Shapes: n streams side by side, F inputs per step, H units, K outputs. theta is the stream's own copy of
the weights, changed in place; everything that reads it has views into it.

``Lesson`` is what is fixed, ``Learning`` goes along with the stream. How a target becomes what the loss
takes is said by ``Numbers`` and ``Labels``, in ``step_encoder``.
"""

from collections import namedtuple
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn._engine.arithmetic import FAST, ROWS
from skrnn._engine.learner import DivergenceError, Learner
from skrnn._engine.online import Path


@dataclass(frozen=True, eq=False)
class Lesson:
    """How a stream learns.

    Attributes
    ----------
    kind : str
        Key of ``INFLUENCES``.
    every : int
        Targets of a stream from one update to the next.
    targets : Numbers or Labels
    class_factors : (n_classes,) array or None
        What the losses of the classes are multiplied with.
    solver : one of ``SOLVERS`` that steps
        Its memory is that of the stream.
    alpha, clip_norm, clip_value : float or None
        As ``Learner`` takes them.
    J : (n, width) array or None
        The influence at the start; None: zeros.
    n_before : int
        Updates that the weights at the start have seen.
    """

    kind: str
    every: int
    targets: Any
    class_factors: np.ndarray | None
    solver: Any
    alpha: float
    clip_norm: float | None
    clip_value: float | None
    J: np.ndarray | None = None
    n_before: int = 0


# What a stream has learned; layers: its states, and the influence. goes_on: whether it began where series
# of a fit had ended.
Learned = namedtuple("Learned", "theta solver layers n_updates goes_on")


class Learning:
    """The layer of n streams with its influence, in the form of ``_kernels.stepper``, and its teacher.

    Attributes
    ----------
    encode : callable
        y of a step as a user gives it -> (n, .) as the loss takes it, or a ValueError.
    h : (rows, H) the states of the latest step, filled up with zeros to whole blocks
    n_updates : int
    """

    def __init__(self, network, theta, n, lesson):
        self.lesson, self.network, self.n = lesson, network, n
        self.loss, self.encode = lesson.targets.loss(), lesson.targets.step_encoder(n, network.dtype)
        self.learner = Learner(
            network, theta, FAST, lesson.solver, alpha=lesson.alpha, clip_norm=lesson.clip_norm,
            clip_value=lesson.clip_value,
        )  # fmt: skip
        self.rows = np.zeros((-(-n // ROWS) * ROWS, network.widths[-1]), dtype=network.dtype)
        self.h, self.n_updates, self.n_targets = self.rows, 0, 0
        self._begin(network.initial_state(n).layers)

    def _begin(self, layers):
        self.path = Path(self.network, self.learner.views, self.lesson.kind, layers)

    # --- as the layers of a stream ------------------------------------------------------------------

    def step(self, x):
        """One step with x (n, F), or (F,) of one stream; returns its ndim, 0 if it must be read first."""
        n, F = self.n, self.path.influence.D
        is_array = type(x) is np.ndarray and x.dtype == self.network.dtype
        if not is_array or (x.shape != (n, F) and (n > 1 or x.shape != (F,))) or not np.isfinite(x).all():
            return 0
        with np.errstate(all="ignore"):
            self.rows[: self.n] = self.path.step(x.reshape(n, F))
        return x.ndim

    def get_states(self):
        return [tuple(s.copy() for s in self.path.state)]

    def set_states(self, states):
        """Go on from other states, of which it is not known how they have come about."""
        self._begin([[tuple(s.copy() for s in states[0])]])

    # --- as a teacher -------------------------------------------------------------------------------

    def learn(self, raw, y):
        """Add the gradient of the loss of raw (n, K) for y (n, .); after ``every`` targets one update."""
        learner = self.learner
        with np.errstate(all="ignore"):
            value, draw = self.loss.value_and_gradient(y, raw)
            if self.lesson.class_factors is not None:
                c = self.lesson.class_factors[y[:, 0].astype(np.intp)]
                value, draw = value * c, draw * c[:, None].astype(draw.dtype)
            learner.loss += float(value.sum())
            self.path.add_gradient(self.h[: self.n], draw, learner.gradient_views)
            self.n_targets += 1
            if self.n_targets < self.lesson.every:
                return
            try:
                learner.update(1 / (self.n_targets * self.n), self.n)
            except DivergenceError as error:
                self._give_up(error)
        self.n_updates += 1
        self.n_targets, learner.loss = 0, 0.0

    def _give_up(self, error):
        """Back to the weights before the latest update, without a past."""
        learner = self.learner
        learner.abandon(error)
        learner.g[:], self.n_targets, learner.loss = 0, 0, 0.0
        self._begin(self.network.initial_state(self.n).layers)
        raise ValueError(
            f"Training diverged: the {error.what} is not finite. The weights are those before the latest "
            "update, and the state is zero. To try: standardise x and y; set clip_norm=1.0; lower "
            "learning_rate_init."
        ) from None

    # --- what it has come to ------------------------------------------------------------------------

    def reset(self):
        """The influence at the start, for states that are those at the start."""
        if self.lesson.J is not None:
            self.path.influence.J[:] = self.lesson.J

    def learned(self, goes_on):
        """Copies of all that it has learned."""
        layers = [directions[0] for directions in self.path.layers()]
        learner, n = self.learner, self.lesson.n_before + self.n_updates
        return Learned(learner.theta.copy(), deepcopy(learner.solver), layers, n, goes_on)

    def memory(self):
        """What a copy of the stream needs besides weights, solver and states."""
        return self.path.influence.J, self.learner.g, self.learner.loss, self.n_targets, self.n_updates

    def remember(self, memory):
        """Go on from the ``memory`` of another one."""
        learner = self.learner
        self.path.influence.J[:], learner.g[:], learner.loss, self.n_targets, self.n_updates = memory
