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
