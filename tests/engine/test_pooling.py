"""Pooling as a running state: plain values, ties, and windows cut anywhere."""

import numpy as np
import pytest

from skrnn._engine.packing import Steps
from skrnn._engine.pooling import POOLINGS

N_ALIVE = {"equal": [3, 3, 3, 3], "falling": [3, 2, 2, 1], "rising": [1, 1, 2, 3]}
alive = pytest.mark.parametrize("n", N_ALIVE.values(), ids=N_ALIVE)
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
    for name, expected in plain.items():
        pooling = POOLINGS[name]()
        P, _, _ = pooling.forward(H, steps, 0, pooling.initial_state(3, Q, H.dtype), None)
        for i in range(3):
            np.testing.assert_allclose(rows_of(steps, P, i), expected(rows_of(steps, H, i)), rtol=1e-14)


@alive
@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_state_is_carried_over_a_cut(n, name, cut):
    steps, pooling = Steps(n, 3), POOLINGS[name]()
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
    dH, first = pooling.backward(np.ones((1, 2)), steps, 2, tape)
    assert first == 0
    np.testing.assert_array_equal(dH, [[1, 0], [0, 1], [0, 0]])
    # what was carried comes before all
    _, _, tape = pooling.forward(H, steps, 2, state, None)
    dH, _ = pooling.backward(np.ones((1, 2)), steps, 2, tape)
    assert not dH.any()
