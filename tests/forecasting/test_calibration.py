"""Bounds from errors: the definition word for word, closed forms, and what is guaranteed."""

import numpy as np
import pytest

from skrnn._forecasting.calibration import Fold, bounds_of, check_levels, masses_of


def by_definition(answers, errors, masses, level):
    """The least t with enough mass below, all candidates being tried."""
    shifted = np.concatenate([a + e for a, e in zip(answers, errors, strict=True)])
    order, mass = np.argsort(shifted, kind="stable"), np.concatenate(masses)
    enough = np.cumsum(mass[order]) >= level - 1e-9
    return shifted[order][np.argmax(enough)] if enough.any() else np.inf


@pytest.mark.parametrize("sizes", [[12], [5, 7], [9, 1, 4], [30, 30, 30, 30, 30]])
@pytest.mark.parametrize("ties", [False, True])
def test_bounds_are_those_of_the_definition(sizes, ties):
    rng = np.random.RandomState(0)
    levels, n = (0.2, 0.5, 0.9), sum(sizes)
    errors = [np.abs(rng.normal(size=(m, 2))) for m in sizes]
    answers = rng.normal(size=(len(sizes), 6, 2))
    if ties:
        errors, answers = [e.round(0) for e in errors], answers.round(0)
    masses = [rng.uniform(0.5, 1, size=m) for m in sizes]
    total = sum(m.sum() for m in masses) * (n + 1) / n
    masses = [m / total for m in masses]
    folds = [[Fold.of(e[:, k], m) for k in range(2)] for e, m in zip(errors, masses, strict=True)]
    found = bounds_of(answers, folds, levels)
    assert found.shape == (6, 2, 2, 3)
    for i, k, number in np.ndindex(6, 2, 3):
        of_output = [e[:, k] for e in errors]
        upper = by_definition(answers[:, i, k], of_output, masses, levels[number])
        lower = -by_definition(-answers[:, i, k], of_output, masses, levels[number])
        np.testing.assert_allclose(found[i, k, :, number], [lower, upper], rtol=1e-13)
    assert (np.diff(found[:, :, 1], axis=-1) >= 0).all()
    assert (np.diff(found[:, :, 0], axis=-1) <= 0).all()


@pytest.mark.parametrize(
    ("n", "level", "rank"), [(9, 0.9, 9), (19, 0.9, 18), (19, 0.95, 19), (100, 0.5, 51)]
)
def test_a_single_fold_is_a_corrected_quantile(n, level, rank):
    errors = np.random.RandomState(0).permutation(np.arange(1.0, n + 1))
    fold = Fold.of(errors, masses_of(np.arange(n), n))
    bounds = bounds_of(np.array([[[100.0]]]), [[fold]], (level,))
    assert bounds.ravel().tolist() == [100 - rank, 100 + rank]


def test_too_few():
    check_levels((0.9,), 9, "sequences")
    check_levels((0.95,), 19, "sequences")
    with pytest.raises(ValueError, match=r"levels=\[0.5, 0.9\] and 8 sequences .*: 0.9 needs 9 of them"):
        check_levels((0.5, 0.9), 8, "sequences")
    fold = Fold.of(np.ones(8), masses_of(np.arange(8), 8))
    assert bounds_of(np.zeros((1, 1, 1)), [[fold]], (0.9,)).ravel().tolist() == [-np.inf, np.inf]


def test_units_share_their_mass():
    masses = masses_of(np.array([4, 4, 7, 4, 9]), 5)
    np.testing.assert_allclose(masses, [1 / 18, 1 / 18, 1 / 6, 1 / 18, 1 / 6])


def test_the_share_of_steps_of_a_new_sequence_is_guaranteed():
    """Long sequences are noisier: pooled steps would be as wide as these need, or as narrow.

    Of 700 repetitions the standard error of the mean share is 0.012.
    """
    rng, n, shares, pooled = np.random.RandomState(0), 19, [], []
    for _ in range(700):
        lengths = rng.choice([1, 40], size=n + 1, p=[0.8, 0.2])
        errors = [np.abs(rng.normal(scale=4 if m == 40 else 1, size=m)) for m in lengths]
        flat, units = np.concatenate(errors[:-1]), np.repeat(np.arange(n), lengths[:-1])
        zero = np.zeros((1, 1, 1))
        for masses, found in (
            (masses_of(units, n), shares),
            (masses_of(np.arange(len(flat)), len(flat)), pooled),
        ):
            upper = bounds_of(zero, [[Fold.of(flat, masses)]], (0.8,))[0, 0, 1, 0]
            found.append((errors[-1] <= upper).mean())
    assert 0.77 < np.mean(shares) < 0.8 + 1 / (n + 1) + 0.03
    assert abs(np.mean(pooled) - 0.8) > 0.06
