"""Learning row by row, compiled: what NumPy learns, row after row; what has no twin goes by NumPy.

Shapes: B sequences side by side, F inputs, H units, K outputs.
"""

import copy
import pickle

import numpy as np
import pytest
from support.reference import LOSS_VARIANTS, make, targets

from skrnn import _kernels, cells, losses, solvers
from skrnn._engine.network import Network
from skrnn._engine.online import INFLUENCES
from skrnn._estimators.learning import Learning, Lesson, _ByNumPy

if not _kernels.builds:
    pytest.skip("The kernels are not compiled.", allow_module_level=True)
_binding = _kernels._binding
pytestmark = pytest.mark.every_combination("build", "cell")  # each is compiled code of its own

each_build = pytest.mark.parametrize("build", _kernels.builds)
each_cell = pytest.mark.parametrize("cell", _binding.CELLS)
each_kind = pytest.mark.parametrize("kind", INFLUENCES)
F, K, ROWS = 3, 2, 160
STEPPING = [name for name, solver in solvers.SOLVERS.items() if not solver.full_batch]


class Targets:
    """What a ``Lesson`` asks of ``Numbers``; y is as the loss takes it."""

    def __init__(self, loss):
        self.own = loss

    def loss(self):
        return self.own

    def step_encoder(self, n, dtype):
        return lambda y: np.ascontiguousarray(y, dtype=dtype)


class Case:
    """A network, rows for it, and how it learns."""

    def __init__(
        self, cell="gru", kind="rtrl", *, loss="squared_error", B=2, H=5, dtype=np.float64, **how
    ):  # fmt: skip
        name, _, activation = cell.partition("_")
        options = {"activation": activation} if activation else {}
        self.network = Network(cells.CELLS[name], F, (H,), K, dtype=dtype, cell_options=options)
        rng = np.random.RandomState(0)
        theta = self.network.initial_weights(rng)
        self.theta = (theta + 0.1 * rng.normal(size=theta.size)).astype(dtype)
        self.kind, self.B, self.loss = kind, B, make(loss, K) if isinstance(loss, str) else loss
        self.X = rng.normal(size=(ROWS, B, F)).astype(dtype)
        self.Y = targets(loss if isinstance(loss, str) else "", ROWS * B, K, rng).reshape(ROWS, B, -1)
        self.how = {"alpha": 0.0, "clip_norm": None, "clip_value": None, "every": 1, **how}

    def learning(self, build):
        how = dict(self.how)
        solver = how.pop("solver", "adam")
        solver = solvers.SOLVERS.get(solver, solver)(self.theta, how.pop("rate", 0.01))
        lesson = Lesson(
            self.kind, how.pop("every"), Targets(self.loss), how.pop("class_factors", None), solver, **how
        )
        with _kernels.using(build):
            learning = Learning(self.network, self.theta.copy(), self.B, lesson)
        return learning

    def taught(self, build, rows=slice(None)):
        """The learning, and the outputs of all rows."""
        learning = self.learning(build)
        return learning, self.teach(learning, build, rows)

    def teach(self, learning, build, rows=slice(None)):
        raw = []
        with _kernels.using(build):
            for x, y in zip(self.X[rows], self.Y[rows], strict=True):
                assert learning.learn(x, learning.encode(y), None) == 2
                raw.append(learning.row.raw.copy())
        return np.array(raw)


def assert_same(one, other, rtol):
    """All that two learnings hold is the same up to rounding."""
    parts = [
        (learning.learner.theta, learning.learner.g, learning.lesson.solver.memory,
         learning.row.get_influence(), *learning.row.get_states()[0], learning.row.h, learning.row.raw)
        for learning in (one, other)
    ]  # fmt: skip
    for a, b in zip(*parts, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1e-3, np.abs(b).max()))
    assert one.lesson.solver.t == other.lesson.solver.t
    for name in ("n_targets", "n_updates", "t_before"):
        assert getattr(one.row, name) == getattr(other.row, name)
    np.testing.assert_allclose(one.row.loss, other.row.loss, rtol=max(rtol, 1e-6), atol=rtol)


def assert_learns_the_same(case, build, rtol):
    (expected, raw), (learning, compiled) = case.taught("numpy"), case.taught(build)
    assert type(expected.row) is _ByNumPy
    assert type(learning.row) is _binding.OnlineLearner
    np.testing.assert_allclose(compiled, raw, rtol=rtol, atol=rtol)
    if raw.dtype == np.float64:  # before rounding errors have grown
        np.testing.assert_allclose(compiled[:50], raw[:50], rtol=1e-12, atol=1e-12)
    assert_same(learning, expected, rtol)
    assert (expected.learner.theta != case.theta).any()


# --- the same, many rows long --------------------------------------------------------------------


@each_build
@each_cell
@each_kind
def test_what_numpy_learns(build, cell, kind):
    assert_learns_the_same(Case(cell, kind, alpha=0.01, clip_norm=1.0), build, 1e-10)


@each_build
@each_cell
@each_kind
@pytest.mark.parametrize("H", [1, 8, 17])
def test_any_number_of_units(build, cell, kind, H):
    """Fewer than a register holds, whole registers, and one more; and one that reads the rows alone."""
    assert_learns_the_same(Case(cell, kind, H=H, B=1, solver="sgd", rate=0.001), build, 1e-10)


@each_cell
@each_kind
@each_build
def test_single_precision(build, cell, kind):
    assert_learns_the_same(Case(cell, kind, dtype=np.float32, solver="sgd", rate=0.001), build, 2e-3)


@pytest.mark.parametrize("loss", LOSS_VARIANTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_loss(loss, dtype):
    case = Case(loss=loss, dtype=dtype, solver="sgd", rate=0.003, clip_norm=1.0)
    assert_learns_the_same(case, next(iter(_kernels.builds)), 1e-10 if dtype == np.float64 else 2e-3)


@pytest.mark.parametrize("solver", STEPPING)
@pytest.mark.parametrize("clip_norm", [None, 0.1])
@pytest.mark.parametrize("clip_value", [None, 0.05])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("every", [1, 7])
def test_every_way_to_an_update(solver, clip_norm, clip_value, alpha, every):
    case = Case(solver=solver, clip_norm=clip_norm, clip_value=clip_value, alpha=alpha, every=every, H=2)
    assert_learns_the_same(case, next(iter(_kernels.builds)), 1e-9)


@pytest.mark.parametrize("loss", ["multinomial_log_loss", "binomial_log_loss"])
def test_factors_of_classes(loss):
    case = Case(loss=loss, class_factors=np.array([0.3, 4.0]), B=3)
    if loss == "binomial_log_loss":  # two classes have one output
        case.network = Network(cells.GRU, F, (5,), 1, dtype=np.float64)
        case.theta = case.network.initial_weights(np.random.RandomState(0))
        case.Y = case.Y[:, :, :1]
    assert_learns_the_same(case, next(iter(_kernels.builds)), 1e-10)


@each_build
@each_kind
def test_rows_that_are_only_read_belong_to_the_past(build, kind):
    case = Case("lstm", kind)
    learnings = [case.learning(b) for b in ("numpy", build)]
    for k, (x, y) in enumerate(zip(case.X[:60], case.Y, strict=False)):
        for learning in learnings:
            if k % 3:
                assert learning.row.step(x) == 2
            else:
                learning.learn(x, learning.encode(y), None)
    assert_same(*learnings, 1e-11)


# --- from one to the other, and back --------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("every", [1, 4])
def test_each_goes_on_from_the_other(kind, every):
    build = next(iter(_kernels.builds))
    case = Case("lstm", kind, every=every)
    expected, _ = case.taught("numpy")
    for first, then in (("numpy", build), (build, "numpy"), (build, build)):
        learning, _ = case.taught(first, slice(0, 150))
        memory = pickle.loads(pickle.dumps((learning.row.get_states(), learning.memory())))
        other = case.learning(then)
        other.learner.theta[:] = learning.learner.theta
        other.lesson.solver.memory[:] = learning.learner.solver.memory
        other.lesson.solver.t = 150 // every
        other.row.set_states(memory[0])
        other.remember(memory[1])
        case.teach(other, then, slice(150, None))
        for array in (other.learner.theta, other.row.get_influence()):
            wanted = (
                expected.learner.theta if array is other.learner.theta else expected.row.get_influence()
            )
            np.testing.assert_allclose(array, wanted, rtol=1e-9, atol=1e-10)
        assert other.row.n_updates == expected.row.n_updates


def test_states_that_are_set_have_no_influence():
    learning, _ = Case("lstm").taught(next(iter(_kernels.builds)), slice(0, 5))
    states = learning.row.get_states()
    learning.row.set_states(states)
    assert not learning.row.get_influence().any()
    for a, b in zip(learning.row.get_states()[0], states[0], strict=True):
        np.testing.assert_array_equal(a, b)


# --- what has no twin -----------------------------------------------------------------------------------


class OwnLoss(losses.SquaredError):
    pass


class OwnGradient(losses.SquaredError):
    def value_and_gradient(self, y, raw):
        value, draw = super().value_and_gradient(y, raw)
        return 2 * value, 2 * draw


class OwnSolver(solvers.SGD):
    def step(self, theta, g):
        super().step(theta, 2 * g)


@pytest.mark.parametrize(
    "how",
    [
        {"loss": OwnLoss()},
        {"loss": OwnGradient()},
        {"solver": OwnSolver},
        {"cell": "rnn_logistic"},
        {"cell": "rnn_identity"},
    ],
)
def test_what_has_no_twin_goes_by_numpy(how):
    build = next(iter(_kernels.builds))
    learning, _ = Case(**how).taught(build, slice(0, 3))
    assert type(learning.row) is _ByNumPy


# --- what cannot be learned from ------------------------------------------------------------------------


def everything(learning):
    row = learning.row
    return copy.deepcopy(
        (learning.learner.theta, learning.learner.g, learning.learner.solver.memory, row.get_states(),
         row.get_influence(), row.raw, row.n_targets, row.n_updates, row.loss)
    )  # fmt: skip


def assert_equal(a, b):
    if isinstance(a, (tuple, list)):
        for one, other in zip(a, b, strict=True):
            assert_equal(one, other)
    else:
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_x_that_is_not_a_row_changes_nothing(dtype):
    case = Case(B=1, dtype=dtype)
    learning, _ = case.taught(next(iter(_kernels.builds)), slice(0, 5))
    before, y = everything(learning), learning.encode(case.Y[0])
    wrong = [
        [1.0] * F, np.ones(F + 1), np.ones((2, F)), np.ones((1, 1, F)), np.ones(F, dtype=int), None,
        np.array([1, np.nan, 1]), np.array([np.inf, 1, 1]), np.ones(F, dtype=">f8"), np.float64(1),
    ]  # fmt: skip
    wrong += [np.full(F, 1e300)] if dtype == np.float32 else []
    for x in wrong:
        assert learning.row.learn(x, y) == 0
        assert learning.row.step(x) == 0
    assert_equal(everything(learning), before)
    for x in (np.ones(F, "f"), np.ones(F), np.ones((1, F)), np.ones((F, 2))[:, 0], np.ones(2 * F)[::2]):
        assert learning.row.learn(x, y) == x.ndim


def test_y_that_is_not_as_the_loss_takes_it_changes_nothing():
    build = next(iter(_kernels.builds))
    for loss, wrong in (
        ("squared_error", [np.zeros((2, 1)), np.zeros((1, K)), np.zeros((2, K), "f"),
                           np.zeros((K, 2, 1))]),
        ("multinomial_log_loss", [np.zeros((2, K)), np.full((2, 1), -1.0), np.full((2, 1), 1.0 * K),
                                  np.full((2, 1), np.nan), np.full((2, 1), 0.5)]),
    ):  # fmt: skip
        learning, _ = Case(loss=loss).taught(build, slice(0, 5))
        before = everything(learning)
        for y in [*wrong, None, np.zeros((4, K))[::2]]:
            with pytest.raises((ValueError, TypeError)):
                learning.row.learn(np.ones((2, F)), y)
        assert_equal(everything(learning), before)


@each_build
@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_not_finite_leaves_the_weights_before_the_latest_update(build, what):
    case, messages = Case(B=1, every=2, solver="sgd", dtype=np.float32), []
    for b in ("numpy", build):
        learning = case.learning(b)
        case.teach(learning, b, slice(0, 2))
        before = learning.learner.theta.copy(), learning.learner.solver.memory.copy()
        case.teach(learning, b, slice(2, 5))
        y = learning.encode(case.Y[5])
        if what == "loss":
            y[:] = 1e30
        else:
            learning.learner.g[0] = np.nan
        with pytest.raises(ValueError, match=f"Training diverged: the {what} is not finite") as raised:
            learning.learn(case.X[5], y, None)
        messages.append(str(raised.value))
        assert_equal((learning.learner.theta, learning.learner.solver.memory), before)
        assert learning.learner.solver.t == 1
        assert not learning.learner.g.any()
        assert not learning.row.get_influence().any()
        assert not learning.row.get_states()[0][0].any()
        case.teach(learning, b, slice(0, 2))
    assert messages[0] == messages[1]


@each_build
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_gradients_whose_squares_overflow(build, clip_norm):
    """They are clipped if they can be, and are a divergence else; as NumPy has it."""
    case, outcomes = Case(B=1, solver="sgd", dtype=np.float32, clip_norm=clip_norm), []
    for b in ("numpy", build):
        learning = case.learning(b)
        learning.learner.g[3] = 1e30
        with _kernels.using(b):
            outcomes.append(learning.row.learn(case.X[0], learning.encode(case.Y[0])))
        assert np.isfinite(learning.learner.theta).all()
        outcomes.append(learning.learner.theta)
    assert outcomes[0] == outcomes[2] == (2 if clip_norm else -2)
    np.testing.assert_allclose(outcomes[1], outcomes[3], rtol=1e-5, atol=1e-7)


def test_the_binding_takes_nothing_else():
    build, case = next(iter(_kernels.builds.values())), Case()
    learning = case.learning(build.name)
    views, gradients = (
        (*v.layers[0][0], v.W, v.b) for v in (learning.learner.views, learning.learner.gradient_views)
    )
    make_one = _binding.OnlineLearner
    for wrong in (
        (99, 0, views, gradients, 2), (0, 9, views, gradients, 2), (0, 0, views, gradients, 0),
        (0, 0, views[:5], gradients, 2), (0, 0, views, (*gradients[:5], None), 2),
        (0, 0, (views[0].astype("f"), *views[1:]), gradients, 2),
        (0, 0, (views[0][::-1], *views[1:]), gradients, 2), (0, 0, (None, *views[1:]), gradients, 2),
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError)):
            make_one(build, *wrong)
    one = make_one(build, _binding.CELLS["gru"], 0, views, gradients, 2)
    with pytest.raises(ValueError, match="teach has not been called"):
        one.learn(case.X[0], case.Y[0])
    with pytest.raises(ValueError, match="No such loss"):
        one.teach(99, (), None, (), (), matrices=0, alpha=0, clip_norm=None, clip_value=None, every=1)
    for J in (np.zeros((2, 3)), np.zeros((1, 1)), one.get_influence().astype("f"), None):
        with pytest.raises((ValueError, TypeError)):
            one.set_influence(J)
