"""The flat vector and how it is first filled."""

import numpy as np
import pytest

from skrnn._engine.network import Network
from skrnn._engine.weights import WeightLayout, glorot_uniform, orthogonal
from skrnn.cells import CELLS


def test_views_tile_the_vector_matrices_first():
    parameters = WeightLayout({"a": (2, 3), "b": (3,), "c": (3, 1), "d": (1,)})
    vector = np.arange(float(parameters.size))
    views = parameters.views(vector)
    assert list(views) == ["a", "b", "c", "d"]
    assert sorted(np.concatenate([v.ravel() for v in views.values()])) == vector.tolist()
    assert parameters.n_penalised == 9
    assert max(views["a"].max(), views["c"].max()) < min(views["b"].min(), views["d"].min())
    views["c"][...] = -1
    assert (vector == -1).sum() == 3


def test_a_network_beyond_all_memory_is_refused_before_anything_is_made():
    with pytest.raises(MemoryError, match="more weights than memory has addresses"):
        WeightLayout({"W": (10**7, 10**7)})


def test_orthogonal_blocks():
    W = orthogonal(np.random.RandomState(0), 5, 3)
    assert W.shape == (5, 15)
    for block in np.hsplit(W, 3):
        np.testing.assert_allclose(block.T @ block, np.eye(5), atol=1e-14)


def test_glorot_bound_is_that_of_one_block():
    W = glorot_uniform(np.random.RandomState(0), 50, 30, 4)
    assert W.shape == (50, 120)
    bound = np.sqrt(6 / 80)
    assert 0.95 * bound < np.abs(W).max() <= bound


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights(cell, bidirectional):
    net = Network(CELLS[cell], 3, (6, 4), 2, dtype=np.float64, bidirectional=bidirectional)
    weights = net.layout.views(net.initial_weights(np.random.RandomState(0)))
    for name, array in weights.items():
        if name.endswith("W_h"):
            H = array.shape[0]
            for block in np.hsplit(array, CELLS[cell].n_gates):
                np.testing.assert_allclose(block @ block.T, np.eye(H), atol=1e-14, err_msg=name)
        elif name.endswith("b_x"):
            expected = np.repeat(CELLS[cell].bias_init, array.size // CELLS[cell].n_gates)
            np.testing.assert_array_equal(array, expected)
        elif array.ndim == 1:
            assert not array.any()
        else:
            assert array.std() > 0.1


GATED = [name for name, cell in CELLS.items() if cell.forget_gate is not None]


@pytest.mark.parametrize("cell", GATED)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_chrono_initialisation(cell, bidirectional):
    """Units forget within 1 to T - 1 steps, evenly spread, in every layer and direction."""
    net = Network(CELLS[cell], 3, (400, 300), 2, dtype=np.float64, bidirectional=bidirectional)
    plain = net.layout.views(net.initial_weights(np.random.RandomState(0)))
    weights = net.layout.views(net.initial_weights(np.random.RandomState(0), ("chrono", 101)))
    drawn = []
    for name, array in weights.items():
        if not name.endswith("b_x"):  # everything else is the same draw
            np.testing.assert_array_equal(array, plain[name])
            continue
        gates = array.reshape(CELLS[cell].n_gates, -1)
        memory = np.exp(gates[CELLS[cell].forget_gate])
        assert memory.min() >= 1
        assert memory.max() <= 100
        assert memory.mean() == pytest.approx(50.5, abs=6)
        if CELLS[cell].input_gate is not None:
            np.testing.assert_array_equal(gates[CELLS[cell].input_gate], -gates[CELLS[cell].forget_gate])
        drawn.append(memory)
    assert len(drawn) == 2 * (1 + bidirectional)
    assert not np.array_equal(drawn[0][:300], drawn[-1][:300])


@pytest.mark.parametrize("cell", GATED)
def test_a_unit_forgets_within_the_time_drawn_for_it(cell):
    """Without input and recurrent weights: 1 / e of the state is left after about so many steps."""
    net = Network(CELLS[cell], 1, (50,), 1, dtype=np.float64)
    theta = net.initial_weights(np.random.RandomState(0), ("chrono", 60))
    layer = net.views(theta).layers[0][0]
    layer.W_x[...] = layer.W_h[...] = 0
    memory = np.exp(layer.b_x.reshape(CELLS[cell].n_gates, -1)[CELLS[cell].forget_gate])
    state = tuple(np.ones((1, 50)) for _ in range(CELLS[cell].n_states))
    made = CELLS[cell](50, np.float64)
    left = [state[-1][0]]
    for _ in range(150):
        state, _ = made.forward(layer.b_x[None].copy(), layer.b_h[None].copy(), state)
        left.append(state[-1][0])
    time = np.argmax(np.array(left) < np.exp(-1), axis=0)
    np.testing.assert_allclose(time, np.ceil(1 / np.log1p(1 / memory)), atol=1)


@pytest.mark.parametrize("T", [1, 2])
def test_chrono_initialisation_of_the_shortest_sequences(T):
    net = Network(CELLS["lstm"], 1, (4,), 1, dtype=np.float64)
    weights = net.layout.views(net.initial_weights(np.random.RandomState(0), ("chrono", T)))
    assert not weights["layer0.b_x"].any()


@pytest.mark.parametrize("cell", GATED)
def test_a_number_is_the_bias_of_the_forget_gate(cell):
    net = Network(CELLS[cell], 3, (6,), 2, dtype=np.float64)
    b_x = net.layout.views(net.initial_weights(np.random.RandomState(0), 2.5))["layer0.b_x"]
    gates = b_x.reshape(CELLS[cell].n_gates, -1)
    assert set(gates[CELLS[cell].forget_gate]) == {2.5}
    assert not np.delete(gates, CELLS[cell].forget_gate, axis=0).any()


def test_float32_starts_from_the_same_draw():
    thetas = [
        Network(CELLS["gru"], 3, (5,), 2, dtype=dtype).initial_weights(np.random.RandomState(0))
        for dtype in (np.float32, np.float64)
    ]
    np.testing.assert_array_equal(thetas[0], thetas[1].astype(np.float32))


def test_orthogonal_matrices_are_drawn_without_preference():
    """Of one row there are two, 1 and -1; LAPACK's QR alone knows only one of them."""
    W = orthogonal(np.random.RandomState(0), 1, 400)
    assert set(W.ravel()) == {-1.0, 1.0}
    assert abs(W.mean()) < 0.2
