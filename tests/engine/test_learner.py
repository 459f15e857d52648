"""Updates: penalty, clipping as PyTorch's, all or nothing."""

import numpy as np
import pytest
from support.reference import network

from skrnn._engine.arithmetic import FAST
from skrnn._engine.learner import DivergenceError, Gradient, Learner, norm
from skrnn.solvers import SOLVERS


def make(clip_norm=None, clip_value=None, alpha=0.0, solver="sgd", rate=1.0):
    net, theta = network("gru")
    options = {"momentum": 0.0, "nesterovs_momentum": False} if solver == "sgd" else {}
    return Learner(
        net, theta, FAST, SOLVERS[solver](theta, rate, **options), alpha=alpha, clip_norm=clip_norm,
        clip_value=clip_value,
    )  # fmt: skip


@pytest.mark.parametrize("length", [1e-3, 0.999999, 1.0, 1.0000001, 5.0, 1e8])
def test_clip_norm_is_torchs(length):
    torch = pytest.importorskip("torch")
    learner = make(clip_norm=1.0)
    g = np.random.RandomState(0).normal(size=learner.g.size)
    g *= length / np.linalg.norm(g)
    before = learner.theta.copy()
    learner.g[:] = g
    learner.update(1.0, 1.0)
    parameter = torch.zeros(g.size, dtype=torch.float64, requires_grad=True)
    parameter.grad = torch.from_numpy(g.copy())
    torch.nn.utils.clip_grad_norm_([parameter], 1.0)
    np.testing.assert_allclose(before - learner.theta, parameter.grad.numpy(), rtol=1e-9, atol=1e-12)
    assert learner.n_clipped == (length > 1 + 1e-9) or length == 1.0
    assert learner.norm_sum == pytest.approx(length)


def test_clip_value_comes_before_clip_norm():
    learner = make(clip_value=0.5, clip_norm=0.6)
    before = learner.theta.copy()
    learner.g[:3] = 10, -0.1, 0.4
    learner.update(1.0, 1.0)
    clipped = np.array([0.5, -0.1, 0.4])
    expected = clipped * 0.6 / (np.linalg.norm(clipped) + 1e-6)
    np.testing.assert_allclose((before - learner.theta)[:3], expected, rtol=1e-12)
    assert learner.n_clipped == 1


def test_inf_and_none_switch_clipping_off():
    for off in (None, np.inf):
        learner = make(clip_norm=off, clip_value=off)
        before = learner.theta.copy()
        learner.g[:] = 1e3
        learner.update(1.0, 1.0)
        np.testing.assert_allclose(before - learner.theta, 1e3)
        assert learner.n_clipped == 0


def test_scale_then_penalty_then_clip():
    learner = make(clip_norm=1e-3, alpha=0.5)
    matrices = learner.matrices
    W = learner.theta[matrices].copy()
    learner.g[:] = 1.0
    before = learner.theta.copy()
    learner.update(2.0, 4.0)
    g = np.full(before.size, 2.0)
    g[matrices] += 0.5 / 4 * W
    assert learner.penalty == pytest.approx(0.5 * 0.5 / 4 * (W @ W))
    np.testing.assert_allclose(before - learner.theta, g * 1e-3 / np.linalg.norm(g), rtol=1e-5)


def test_penalty_is_on_matrices_only():
    net, theta = network("lstm")
    gradient = Gradient(net, theta, FAST, alpha=1.0)
    gradient.finish(1.0, 1.0)
    for name, g in net.layout.views(gradient.g).items():
        assert g.any() == (g.ndim == 2), name


def test_norm_of_huge_and_not_finite_vectors():
    with np.errstate(over="ignore"):
        assert norm(np.full(4, 1e200)) == pytest.approx(2e200)
        assert norm(np.full(4, 1e30, dtype=np.float32)) == pytest.approx(2e30, rel=1e-6)
        assert norm(np.array([np.inf, 1])) == np.inf
        assert np.isnan(norm(np.array([np.nan, 1])))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(bad):
    learner = make(clip_norm=1.0)
    before = learner.theta.copy()
    learner.g[0] = bad
    with pytest.raises(DivergenceError) as error:
        learner.update(1.0, 1.0)
    assert error.value.at_start
    np.testing.assert_array_equal(learner.theta, before)


@pytest.mark.parametrize("name", [n for n, c in SOLVERS.items() if not c.full_batch])
def test_an_interrupted_step_is_undone(name):
    learner = make(solver=name, rate=0.1)
    learner.g[:] = 1.0
    learner.update(1.0, 1.0)
    theta, memory, t = learner.theta.copy(), learner.solver.memory.copy(), learner.solver.t
    step = learner.solver.step

    def half(theta, g):
        step(theta, g)
        theta[: theta.size // 2] = 7.0
        raise KeyboardInterrupt

    learner.solver.step = half
    learner.g[:] = 1.0
    with pytest.raises(KeyboardInterrupt) as interrupt:
        learner.update(1.0, 1.0)
    learner.abandon(interrupt.value)
    np.testing.assert_array_equal(learner.theta, theta)
    np.testing.assert_array_equal(learner.solver.memory, memory)
    assert learner.solver.t == t


@pytest.mark.parametrize("name", [n for n, c in SOLVERS.items() if not c.full_batch])
def test_squares_beyond_all_numbers_are_divergence(name):
    """A finite gradient whose square is not would stop a solver for ever, without a word."""
    learner = make(solver=name)
    before = learner.theta.copy()
    learner.g[:] = 1e160
    with np.errstate(over="ignore"), pytest.raises(DivergenceError):
        learner.update(1.0, 1.0)
    np.testing.assert_array_equal(learner.theta, before)
    assert np.isfinite(learner.solver.memory).all()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_weights_that_are_not_finite_are_found_after_the_last_step(bad):
    """Without running the network on them: what it gives might be finite."""
    learner = make()
    learner.g[:] = 1.0
    learner.update(1.0, 1.0)
    learner.theta[-1] = bad
    with pytest.raises(DivergenceError) as error:
        learner.check_last(lambda: pytest.fail("not needed"))
    assert error.value.what == "weights"
    assert not error.value.at_start


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_a_long_last_step_leads_to_is_looked_at(what):
    learner = make(rate=1e3)
    learner.g[:] = 1.0
    learner.update(1.0, 1.0)
    gradient = Gradient(learner.network, learner.theta, FAST)
    learner.check_last(lambda: gradient)
    if what == "loss":
        gradient.loss = np.inf
    gradient.g[0] = np.inf
    with pytest.raises(DivergenceError) as error:
        learner.check_last(lambda: gradient)
    assert error.value.what == what
