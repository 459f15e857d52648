"""Solvers: step by step against PyTorch and against the formulas; schedules; L-BFGS."""

import math

import numpy as np
import pytest

from skrnn.solvers import SCHEDULES, SOLVERS, Given

STEPWISE = [name for name, cls in SOLVERS.items() if not cls.full_batch]
OPTIONS = {
    "sgd": [
        {},
        {"momentum": 0.0, "nesterovs_momentum": False},
        {"momentum": 0.5, "nesterovs_momentum": False},
    ],
    "adam": [{}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}],
    "rmsprop": [{}, {"beta_2": 0.9, "epsilon": 1e-4}],
}
CASES = [(name, options) for name in STEPWISE for options in OPTIONS[name]]


def torch_solver(name, parameter, rate, options):
    import torch

    if name == "sgd":
        momentum = options.get("momentum", 0.9)
        nesterov = options.get("nesterovs_momentum", True)
        return torch.optim.SGD([parameter], rate, momentum=momentum, nesterov=nesterov)
    eps, beta_2 = options.get("epsilon", 1e-8), options.get("beta_2", 0.999)
    if name == "adam":
        return torch.optim.Adam([parameter], rate, (options.get("beta_1", 0.9), beta_2), eps)
    return torch.optim.RMSprop([parameter], rate, alpha=beta_2, eps=eps)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_equal_to_torch_step_by_step(name, options):
    torch = pytest.importorskip("torch")
    rng = np.random.RandomState(0)
    theta = rng.normal(size=7)
    twin = torch.tensor(theta.copy(), requires_grad=True)
    solver, peer = SOLVERS[name](theta, 0.03, **options), torch_solver(name, twin, 0.03, options)
    for _ in range(30):
        g = rng.normal(size=7) * 10.0 ** rng.randint(-3, 3)
        solver.step(theta, g.copy())
        twin.grad = torch.from_numpy(g)
        peer.step()
        np.testing.assert_allclose(theta, twin.detach().numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_minimises_a_bowl_in_its_dtype(name, options, dtype):
    theta = np.array([3.0, -2.0, 0.5], dtype=dtype)
    solver = SOLVERS[name](theta, 0.02, **options)
    for _ in range(2000):
        solver.step(theta, theta * np.array([1, 4, 0.5], dtype=dtype))
    assert theta.dtype == solver.memory.dtype == dtype
    assert np.abs(theta).max() < 0.05


@pytest.mark.parametrize("name", STEPWISE)
def test_memory_and_counter_are_the_whole_state(name):
    """Restored from them, a solver goes on to the same bits."""
    rng = np.random.RandomState(0)
    theta, g = rng.normal(size=5), rng.normal(size=(6, 5))
    solver = SOLVERS[name](theta, 0.1)
    for k in range(3):
        solver.step(theta, g[k].copy())
    other_theta, other = theta.copy(), SOLVERS[name](theta, 0.1)
    other.memory[:], other.t = solver.memory, solver.t
    for k in range(3, 6):
        solver.step(theta, g[k].copy())
        other.step(other_theta, g[k].copy())
    np.testing.assert_array_equal(theta, other_theta)


def test_lbfgs_finds_the_minimum_and_reports_every_iteration():
    def rosenbrock(x):
        value = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        slope = [-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)]
        return value, np.array(slope)

    seen = []
    solver = SOLVERS["lbfgs"](max_iter=100, max_fun=1000, tol=1e-9)
    result = solver.minimize(rosenbrock, np.array([-1.2, 1.0], dtype=np.float32), seen.append)
    np.testing.assert_allclose(result.x, 1, atol=1e-5)
    assert len(seen) == result.nit


def test_one_cycle():
    """30 % up from a tenth of the highest rate, then half a cosine to 0."""
    cycle = SCHEDULES["onecycle"](0.03, 100)
    rates = np.array([cycle.rate(e) for e in range(101)])
    assert rates[0] == pytest.approx(0.003)
    assert rates[30] == rates.max() == 0.03
    np.testing.assert_allclose(np.diff(rates[:31]), 0.9 * 0.03 / 30)
    np.testing.assert_allclose(rates[30:], 0.015 * (1 + np.cos(np.pi * np.arange(71) / 70)), atol=1e-17)
    assert cycle.is_whole
    assert cycle.ends_with_max_iter


@pytest.mark.parametrize("max_iter", [1, 2, 3])
def test_the_shortest_cycles_train(max_iter):
    for name, schedule in SCHEDULES.items():
        rates = [schedule(0.1, max_iter).rate(e) for e in range(max_iter)]
        assert all(0 < rate <= 0.1 for rate in rates), name


def test_inverse_scaling_is_that_of_scikit_learn():
    """In epochs; there in samples."""
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    theirs, ours = SGDOptimizer([], 0.1, "invscaling", power_t=0.5), SCHEDULES["invscaling"](0.1, 10)
    for epoch in range(5):
        theirs.iteration_ends(epoch)
        assert ours.rate(epoch) == pytest.approx(theirs.learning_rate)


def test_a_function_of_the_epoch():
    assert Given(lambda epoch: 0.1 / (1 + epoch), 5.0, 10).rate(3) == 0.025
    for wrong in ("fast", -0.1, np.nan, None, [0.1]):
        with pytest.raises(ValueError, match=r"learning_rate returned .* for epoch 3"):
            Given(lambda epoch, wrong=wrong: wrong, 5.0, 10).rate(3)


def test_schedules():
    constant, cosine = SCHEDULES["constant"](0.1, 10), SCHEDULES["cosine"](0.1, 10)
    assert [constant.rate(e) for e in (0, 9)] == [0.1, 0.1]
    assert not constant.go_on_after_plateau()
    assert cosine.rate(0) == 0.1
    assert cosine.rate(5) == pytest.approx(0.05)
    assert cosine.rate(9) == pytest.approx(0.05 * (1 + math.cos(0.9 * math.pi)))
    adaptive = SCHEDULES["adaptive"](1e-5, 10)
    assert adaptive.go_on_after_plateau()
    assert adaptive.rate(3) == pytest.approx(2e-6)
    assert adaptive.go_on_after_plateau()
    assert not adaptive.go_on_after_plateau()  # below 1e-6: training stops
