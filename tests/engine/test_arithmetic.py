"""The exact arithmetic: correctly rounded sums, and bits that depend on nothing but the row."""

from fractions import Fraction

import numpy as np
import pytest

from skrnn._engine.arithmetic import EXACT, FAST, blocked_product, exact_sum
from skrnn._engine.packing import Steps


def exact_by_fractions(G, weight):
    return [
        float(sum(Fraction(float(w)) * Fraction(float(x)) for w, x in zip(weight, column, strict=True)))
        for column in G.T
    ]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("spread", [0, 3, 12])
def test_exact_sum_is_the_rounded_true_sum(seed, spread):
    rng = np.random.RandomState(seed)
    B = rng.randint(1, 60)
    G = rng.normal(size=(B, 5)) * 10.0 ** rng.uniform(-spread, spread, size=(B, 5))
    weight = rng.randint(1, 9, size=B).astype(float)
    np.testing.assert_array_equal(exact_sum(G, weight), exact_by_fractions(G, weight))


def test_exact_sum_of_many_of_one_sign():
    """All at the bound that the parts are cut for."""
    G, weight = np.random.RandomState(0).uniform(0.9, 1, size=(4095, 2)), np.ones(4095)
    np.testing.assert_array_equal(exact_sum(G, weight), exact_by_fractions(G, weight))
    np.testing.assert_array_equal(exact_sum(G[::-1], weight), exact_sum(G, weight))


def test_exact_sum_where_plain_sums_fail():
    G = np.array([[1e16], [1.0], [-1e16], [3.0]])
    assert exact_sum(G, np.ones(4))[0] == 4.0
    assert exact_sum(np.zeros((3, 2)), np.ones(3)).tolist() == [0, 0]
    tiny = np.full((3, 1), 5e-324)
    assert exact_sum(tiny, np.ones(3))[0] == 1.5e-323


@pytest.mark.parametrize("seed", range(20))
def test_weights_are_repetitions_in_any_order_bitwise(seed):
    rng = np.random.RandomState(seed)
    G = rng.normal(size=(30, 40)) * 10.0 ** rng.uniform(-8, 8, size=(30, 1))
    weight = rng.randint(1, 7, size=30)
    rows = rng.permutation(np.repeat(np.arange(30), weight))
    repeated = exact_sum(G[rows], np.ones(len(rows)))
    np.testing.assert_array_equal(exact_sum(G, weight.astype(float)), repeated)


def test_weights_that_are_no_whole_numbers_and_huge_ones():
    rng = np.random.RandomState(0)
    G, weight = rng.normal(size=(50, 3)), rng.uniform(size=50)
    np.testing.assert_allclose(exact_sum(G, weight), weight @ G, rtol=1e-12)
    np.testing.assert_allclose(exact_sum(G, 1e14 * weight), 1e14 * (weight @ G), rtol=1e-12)
    np.testing.assert_allclose(exact_sum(G, 1e-9 * weight), 1e-9 * (weight @ G), rtol=1e-12)


def test_what_is_not_finite_is_seen():
    assert not np.isfinite(exact_sum(np.array([[np.nan], [1.0]]), np.ones(2))).any()
    with np.errstate(invalid="ignore", over="ignore"):
        assert not np.isfinite(exact_sum(np.array([[np.inf], [1.0]]), np.ones(2))).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("K", "M"), [(1, 128), (8, 32), (32, 1), (32, 3), (33, 77), (64, 256)])
def test_a_row_of_a_product_does_not_depend_on_the_others(dtype, K, M):
    rng = np.random.RandomState(0)
    A, W = rng.normal(size=(40, K)).astype(dtype), rng.normal(size=(K, M)).astype(dtype)
    expected = blocked_product(A, W)
    np.testing.assert_allclose(expected, A @ W, rtol=1e-4, atol=1e-4)
    for n in [1, 2, 3, 7, 15, 16, 17, 33, 60, 100]:
        rows = rng.randint(40, size=n)
        np.testing.assert_array_equal(blocked_product(A[rows], W), expected[rows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("M", [1, 2, 5])
def test_a_product_does_not_depend_on_gaps_between_the_rows(dtype, M):
    """Rows of kernels have gaps; for a vector BLAS computes such rows otherwise."""
    rng = np.random.RandomState(0)
    for K in range(1, 20):
        A, W = rng.normal(size=(32, 20)).astype(dtype)[:, :K], rng.normal(size=(K, M)).astype(dtype)
        np.testing.assert_array_equal(blocked_product(A, W), blocked_product(A.copy(), W))
        np.testing.assert_array_equal(blocked_product(A[:16], W), blocked_product(A[:17], W)[:16])


@pytest.mark.parametrize("n", [[3, 3, 3], [5, 3, 1], [1, 3, 5]], ids=["equal", "falling", "rising"])
def test_both_arithmetics_agree(n):
    rng = np.random.RandomState(0)
    steps = Steps(n, max(n))
    A, dA = rng.normal(size=(steps.N, 4)), rng.normal(size=(steps.N, 6))
    ones = np.ones(steps.B)
    fast, exact = (a.weighing(ones).weight_gradient(A, dA, steps) for a in (FAST, EXACT))
    np.testing.assert_allclose(exact, fast, rtol=1e-12, atol=1e-13)
    assert EXACT.weighing(ones).loss(A[:, 0], steps) == pytest.approx(
        FAST.loss(A[:, 0], steps), rel=1e-13
    )
    weight = rng.uniform(size=steps.B)
    scaled = EXACT.weighing(weight).weight_gradient(A, dA, steps)
    np.testing.assert_allclose(scaled, A.T @ (dA * steps.spread(weight)[:, None]), atol=1e-13)
