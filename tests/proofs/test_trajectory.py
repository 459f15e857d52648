"""Fifty updates from the same weights on the same batches: PyTorch's learning curve to 1e-10."""

import numpy as np
import pytest
from support.combinations import together
from support.estimators import ENGINES
from support.reference import torch_twin

import skrnn
from skrnn._engine.network import Network
from skrnn.cells import CELLS

torch = pytest.importorskip("torch")

ESTIMATORS = {"rnn": skrnn.RNNClassifier, "lstm": skrnn.LSTMClassifier, "gru": skrnn.GRUClassifier}
SOLVERS = {
    "adam": lambda p: torch.optim.Adam(p, 1e-2),
    "sgd": lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 1e-3, alpha=0.999),
}
# RMSprop's first steps are 1 / sqrt(1 - 0.999) = 32 rates long: at 1e-2 that is chaos
RATES = {"adam": 1e-2, "sgd": 1e-2, "rmsprop": 1e-3}
N, T, F, K, BATCH, EPOCHS, ALPHA = 24, 7, 3, 3, 12, 25, 1e-2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("cell", "solver", "clip_norm", "engine"),
    together(list(CELLS), list(SOLVERS), [0.05, 0.2], ENGINES),
    indirect=["engine"],
)
def test_learning_curve_is_torchs(cell, solver, clip_norm, engine):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(N, T, F)), rng.randint(K, size=N)
    model = ESTIMATORS[cell](
        (6, 5), batch_size=BATCH, max_iter=EPOCHS, shuffle=False, alpha=ALPHA, clip_norm=clip_norm,
        solver=solver, learning_rate="constant", learning_rate_init=RATES[solver], tol=None,
        random_state=0,
        **({} if cell == "rnn" else {"forget_bias": {"lstm": 1.0, "gru": 0.0}[cell]}),
    )  # fmt: skip
    model.fit(X, y)
    assert model.n_updates_ == 50
    assert max(model.clipped_fraction_curve_) > 0.4

    network = Network(CELLS[cell], F, (6, 5), K, dtype=np.float64)
    theta = network.initial_weights(np.random.RandomState(0))
    layers, readout, named = torch_twin(network, theta, cell)
    curve = torch_curve(layers, readout, named, SOLVERS[solver], X, y, clip_norm)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-10)
    for name, array in model.weights_.items():
        np.testing.assert_allclose(array.T, named[name].detach().numpy(), rtol=0, atol=1e-9)


def torch_curve(layers, readout, named, make_solver, X, y, clip_norm):
    """Loss per epoch, each batch's taken before its update, penalty included."""
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    parameters = list(named.values())
    matrices = [p for p in parameters if p.ndim == 2]
    solver, curve = make_solver(parameters), []
    for _ in range(EPOCHS):
        losses = []
        for k in range(0, N, BATCH):
            H = X[k : k + BATCH]
            for layer in layers:
                H, _ = layer(H)
            loss = torch.nn.functional.cross_entropy(readout(H[:, -1]), y[k : k + BATCH])
            loss = loss + ALPHA / 2 / BATCH * sum((W**2).sum() for W in matrices)
            solver.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
            solver.step()
            losses.append(loss.item())
        curve.append(np.mean(losses))
    return curve
