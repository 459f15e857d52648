"""Pooling as a running state: plain values, ties, and windows cut anywhere."""

import numpy as np
import pytest
from support.reference import POOLING_VARIANTS, finite_differences, network

from skrnn._engine.packing import Steps
from skrnn._engine.pooling import POOLINGS, SIDE_BY_SIDE, names_of, new_pooling

N_ALIVE = {"equal": [3, 3, 3, 3], "falling": [3, 2, 2, 1], "rising": [1, 1, 2, 3]}
alive = pytest.mark.parametrize("n", N_ALIVE.values(), ids=N_ALIVE)
each = pytest.mark.parametrize("pooling", POOLING_VARIANTS, ids=str)
Q = 2


def rows_of(steps, H, i):
    """The steps (T_i, Q) of sequence i."""
    return H[steps.sequence == i]


@alive
def test_every_step_sees_the_steps_so_far(n):
    steps = Steps(n, 3)
    H = np.random.RandomState(0).normal(size=(steps.N, Q))
    plain = {
        "last": lambda h: h,
        "mean": lambda h: np.cumsum(h, axis=0) / np.arange(1, len(h) + 1)[:, None],
        "max": lambda h: np.maximum.accumulate(h, axis=0),
    }
    for variant in POOLING_VARIANTS:
        pooling = new_pooling(variant)
        P, _, _ = pooling.forward(H, steps, 0, pooling.initial_state(3, Q, H.dtype), None)
        for i in range(3):
            h = rows_of(steps, H, i)
            expected = np.hstack([plain[name](h) for name in names_of(variant)])
            np.testing.assert_allclose(rows_of(steps, P, i), expected, rtol=1e-14)


@alive
@each
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_state_is_carried_over_a_cut(n, pooling, cut):
    steps, pooling = Steps(n, 3), new_pooling(pooling)
    H = np.random.RandomState(0).normal(size=(steps.N, Q))
    zero = pooling.initial_state(3, Q, H.dtype)
    whole, kept, _ = pooling.forward(H, steps, 0, zero, cut)
    head, tail = Steps(n[:cut], 3), Steps(n[cut:], 3)
    _, state, _ = pooling.forward(H[: head.N], head, 0, zero, None)
    for a, b in zip(state, kept, strict=True):
        np.testing.assert_array_equal(a, b)
    P, _, _ = pooling.forward(H[head.N :], tail, 0, state, None)
    np.testing.assert_array_equal(P, whole[head.N :])


def test_on_ties_the_earliest_step_has_the_gradient():
    steps, pooling = Steps([1, 1, 1], 1), POOLINGS["max"]()
    H = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 2.0]])
    _, state, tape = pooling.forward(H, steps, 2, pooling.initial_state(1, 2, H.dtype), None)
    dH, first, dfinal = pooling.backward(np.ones((1, 2)), steps, 2, tape)
    assert (first, dfinal) == (0, None)
    np.testing.assert_array_equal(dH, [[1, 0], [0, 1], [0, 0]])
    # what was carried comes before all
    _, _, tape = pooling.forward(H, steps, 2, state, None)
    dH, _, _ = pooling.backward(np.ones((1, 2)), steps, 2, tape)
    assert not dH.any()


@alive
@each
@pytest.mark.parametrize("read_final", [False, True])
def test_the_way_back_is_that_of_the_function(n, pooling, read_final):
    """What several see adds up; states of both directions have a gradient of their own."""
    rng, steps, first = np.random.RandomState(0), Steps(n, 3), 3 if read_final else 1
    pooling = new_pooling(pooling)
    zero = pooling.initial_state(3, Q, np.dtype(float))
    size, B = steps.N * Q, n[-1]

    def forward(x):
        final = x[size:].reshape(B, Q) if read_final else None
        return pooling.forward(x[:size].reshape(steps.N, Q), steps, first, zero, None, final)

    x = rng.normal(size=size + B * Q)
    P, _, tape = forward(x)
    dP = rng.normal(size=P.shape)
    dH, start, dfinal = pooling.backward(dP, steps, first, tape)
    g = np.zeros_like(x)
    if dH is not None:
        g[steps.offsets[start] * Q : size] = dH.ravel()
    if dfinal is not None:
        g[size:] = dfinal.ravel()
    expected = finite_differences(lambda x: (forward(x)[0] * dP).sum(), x)
    np.testing.assert_allclose(g, expected, atol=1e-8)


def test_names():
    assert names_of("last_max") == names_of(("last", "max")) == ("last", "max")
    assert names_of("mean") == names_of(("mean",)) == ("mean",)
    assert not set(SIDE_BY_SIDE) & set(POOLINGS)
    for several in SIDE_BY_SIDE.values():
        assert len(set(several)) == len(several) > 1
        assert set(several) <= set(POOLINGS)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_dropout_masks_every_pooling_by_itself(bidirectional):
    """And neither more nor others between the layers."""
    options = {"dropout": 0.5, "bidirectional": bidirectional}
    plain, several = (network("gru", (9, 8), pooling=p, **options)[0] for p in ("last", "last_max"))
    masks, expected = (net.draw_masks(6, np.random.RandomState(0)) for net in (several, plain))
    np.testing.assert_array_equal(masks[0], expected[0])
    assert masks[1].shape == (6, 2 * expected[1].shape[1])
    first, second = np.hsplit(masks[1], 2)
    assert (first != second).any()
