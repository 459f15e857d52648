"""What lets a stream learn from every step: the layer with its influence, and the updates of its weights.

Shapes: n streams side by side, F inputs per step, H units, K outputs. theta is the stream's own copy of
the weights, changed in place; everything that reads it has views into it.

``Lesson`` is what is fixed, ``Learning`` goes along with the stream. All that happens at a row is one
call: compiled (``_kernels.online_learner``), or of ``_ByNumPy``, which takes every cell, loss and solver,
and is what the compiled one is tested against. How a target becomes what the loss takes is said by
``Numbers`` and ``Labels``, in ``step_encoder``.
"""

from collections import namedtuple
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import FAST, ROWS, blocked_product
from skrnn._engine.learner import DivergenceError, Learner
from skrnn._engine.online import Path, without_infinite


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
    frozen : (P,) bool or None
        Weights that are not trained.
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
    frozen: np.ndarray | None = None


# What a stream has learned; layers: its states, and the influence. goes_on: whether it began where series
# of a fit had ended.
Learned = namedtuple("Learned", "theta solver layers n_updates goes_on")


# what ``learn`` of a row returns if it did not become an update, by what is not finite
OUTCOMES = {"loss": -1, "gradient": -2}


class _ByNumPy:
    """A row of n streams: what ``_kernels.online_learner`` is compiled from.

    Attributes
    ----------
    h : (n, H), raw : (n, K)
        Of the latest row.
    loss : float
        Sum of the losses since the latest update.
    n_targets, n_updates : int
        Rows since the latest update, and updates so far.
    """

    def __init__(self, network, n, lesson, learner):
        self.network, self.n, self.lesson, self.learner = network, n, lesson, learner
        self.criterion = lesson.targets.loss()
        self._rows = np.zeros((-(-n // ROWS) * ROWS, network.widths[-1]), dtype=network.dtype)
        self.h, self.raw = self._rows[:n], None
        self.loss, self.n_targets, self.n_updates = 0.0, 0, 0
        self._begin(network.initial_state(n).layers)

    def _begin(self, layers):
        self.path = Path(self.network, self.learner.views, self.lesson.kind, layers)

    def step(self, x):
        """One step with x (n, F), or (F,) of one stream; returns its ndim, 0 if it must be read first."""
        n, F = self.n, self.path.influence.D
        is_array = type(x) is np.ndarray and x.dtype == self.network.dtype
        if not is_array or (x.shape != (n, F) and (n > 1 or x.shape != (F,))) or not np.isfinite(x).all():
            return 0
        views = self.learner.views
        with np.errstate(all="ignore"):
            self.h[...] = self.path.step(x.reshape(n, F))
            self.raw = blocked_product(self._rows, views.W)[:n] + views.b
        return x.ndim

    def learn(self, x, y):
        """One step, and then what is to be learned from y (n, .); after ``every`` targets one update.

        Returns ndim as ``step`` does; below 0, one of ``OUTCOMES``, if there is no update because of what
        is not finite.
        """
        ndim = self.step(x)
        if ndim == 0:
            return 0
        with np.errstate(all="ignore"):
            self._add_gradient(y)
            self.n_targets += 1
            if self.n_targets < self.lesson.every:
                return ndim
            self.learner.loss = self.loss
            try:
                self.learner.update(1 / (self.n_targets * self.n), self.n)
            except DivergenceError as error:
                return OUTCOMES[error.what]
        self.n_updates += 1
        self.n_targets, self.loss = 0, 0.0
        return ndim

    def _add_gradient(self, y):
        value, draw = self.criterion.value_and_gradient(y, self.raw)
        if self.lesson.class_factors is not None:
            c = self.lesson.class_factors[y[:, 0].astype(np.intp)]
            value, draw = value * c, draw * c[:, None].astype(draw.dtype)
        self.loss += float(value.sum())
        self.path.add_gradient(self.h, draw, self.learner.gradient_views)

    @property
    def t_before(self):
        """The solver's counter before the latest update, None if there was none."""
        (*_, t), _ = self.learner.memories()
        return t

    def get_states(self):
        return [tuple(s.copy() for s in self.path.state)]

    def set_states(self, states):
        """Go on from other states, of which it is not known how they have come about."""
        self._begin([[tuple(s.copy() for s in states[0])]])

    def get_influence(self):
        return self.path.influence.J.copy()

    def set_influence(self, J):
        self.path.influence.J[:] = J


class Learning:
    """The layer of n streams with its influence, and what teaches it.

    Attributes
    ----------
    encode : callable
        y of a step as a user gives it -> (n, .) as the loss takes it, or a ValueError.
    row : ``_ByNumPy`` or compiled
        Also the layers of the stream, in the form of ``_kernels.stepper``.
    """

    def __init__(self, network, theta, n, lesson):
        self.lesson, self.network, self.n = lesson, network, n
        self.encode = lesson.targets.step_encoder(n, network.dtype)
        self.learner = Learner(
            network, theta, FAST, lesson.solver, alpha=lesson.alpha, clip_norm=lesson.clip_norm,
            clip_value=lesson.clip_value, frozen=lesson.frozen,
        )  # fmt: skip
        self.row = self._compiled() or _ByNumPy(network, n, lesson, self.learner)

    def _compiled(self):
        """A row as the kernels learn from it; None if a part of it has no twin."""
        lesson = self.lesson
        if lesson.frozen is not None:
            return None
        row = _kernels.online_learner(self.network.cells[0], lesson.kind, self.learner, self.n)
        how = lesson.targets.loss(), lesson.class_factors, self.learner, lesson.every
        return row if row and _kernels.teach(row, *how) else None

    def learn(self, x, y, read):
        """A step, answered in ``row.raw``, and what is learned from y (n, .); returns ndim of x.

        ``read`` makes of another x what ``row`` takes, or raises the error in it.
        """
        ndim = self.row.learn(x, y) or self.row.learn(read(x), y)
        if ndim < 0:
            self._give_up(next(what for what, k in OUTCOMES.items() if k == ndim))
        return ndim

    def _give_up(self, what):
        """Back to the weights before the latest update, without a past."""
        learner, row = self.learner, self.row
        (theta, memory, _), norms = learner.memories()
        learner.remember(((theta, memory, row.t_before), norms))
        learner.undo()
        learner.g[:], row.n_targets, row.loss = 0, 0, 0.0
        row.set_states([directions[0] for directions in self.network.initial_state(self.n).layers])
        raise ValueError(
            f"Training diverged: the {what} is not finite. The weights are those before the latest "
            "update, and the state is zero. To try: standardise x and y; set clip_norm=1.0; lower "
            "learning_rate_init."
        )

    # --- what it has come to ------------------------------------------------------------------------

    def reset(self):
        """The influence at the start, for states that are those at the start."""
        if self.lesson.J is not None:
            self.row.set_influence(self.lesson.J)

    def learned(self, goes_on):
        """Copies of all that it has learned."""
        row, learner = self.row, self.learner
        J = without_infinite(row.get_influence())
        row.set_influence(J)
        return Learned(
            learner.theta.copy(), deepcopy(learner.solver), [*row.get_states(), (J,)],
            self.lesson.n_before + row.n_updates, goes_on,
        )  # fmt: skip

    def memory(self):
        """What a copy of the stream needs besides weights, solver and states."""
        row = self.row
        return row.get_influence(), self.learner.g, row.loss, row.n_targets, row.n_updates

    def remember(self, memory):
        """Go on from the ``memory`` of another one."""
        row = self.row
        J, self.learner.g[:], row.loss, row.n_targets, row.n_updates = memory
        row.set_influence(J)
