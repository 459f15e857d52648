"""Which rows errors are measured on, and how wide intervals are."""

from types import SimpleNamespace

import numpy as np
import pytest

from skrnn._forecasting import intervals
from skrnn._forecasting.intervals import half_widths, last_part


def test_half_widths_are_corrected_quantiles():
    errors = np.arange(1.0, 20)[:, None] * np.array([1, -2.0])
    # 19 errors: the 18th for 0.9, as ceil(20 * 0.9) = 18; the 10th for 0.5
    assert half_widths(errors, (0.5, 0.9)).tolist() == [[10, 20], [18, 36]]
    with pytest.raises(ValueError, match=r"0.96 needs 24 of them at least"):
        half_widths(errors, (0.96,))


def test_last_part():
    lengths = np.array([100, 40, 8])
    part = last_part(lengths, 5, 6, 0)
    assert set(part.codes.tolist()) == {0, 1}
    assert (part.lengths + 5 <= lengths[part.codes]).all()
    assert part.lengths[part.codes == 0].max() == 95
    assert (lengths[part.codes] - part.held_out >= 6).all()
    assert part.held_out <= 70 / 3
    many = last_part(np.full(500, 100), 5, 6, 24)
    assert len(many.codes) == 5000
    assert many.held_out == 28  # errors may depend on the season
    with pytest.raises(ValueError, match="levels needs a series of 11 rows or more"):
        last_part(np.array([10, 3]), 5, 6, 0)


def test_bounds_are_half_widths_in_the_unit_of_each_series():
    target = SimpleNamespace(unit=np.array([1.0, 10.0]))
    half = np.array([[1.0, 2.0, 3.0]])  # (L, H)
    values = np.array([[5.0, 5.0], [50.0, 50.0]])  # (n, H), shorter than measured
    bounds = intervals.Conformal(half).bounds(None, None, target, values)
    np.testing.assert_array_equal(bounds[:, :, 0, 0], [[4, 3], [40, 30]])
    np.testing.assert_array_equal(bounds[:, :, 1, 0], [[6, 7], [60, 70]])
