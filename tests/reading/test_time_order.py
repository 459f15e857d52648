"""Times of a table as numbers in their order."""

import numpy as np
import pandas as pd
import pytest

from skrnn._reading.time_order import column_of, time_ranks


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin"),
        pd.date_range("2024-10-26", periods=60, freq="h"),
        np.arange(60) - 7,
        np.arange(60) / 3,
    ],
    ids=["time zone", "dates", "integers", "floats"],
)
def test_ranks_are_those_of_the_moments(times, seed):
    order = np.random.RandomState(seed).permutation(60)
    column = pd.DataFrame({"t": times}).iloc[np.repeat(order, 2)]
    unique, ranks = time_ranks(column_of(column, 0), "time='t'")
    np.testing.assert_array_equal(ranks, np.repeat(order, 2))
    assert list(unique) == list(pd.Series(times).to_numpy())


def test_what_has_no_order():
    for values in (["a", "b"], [1, "b"], [pd.Timestamp(0), 1]):
        with pytest.raises(ValueError, match="time='t' of X holds what has no order in time"):
            time_ranks(np.array(values, dtype=object), "time='t'")
    for missing in ([np.nan, 1.0], [None, "2024-01-01"], [np.datetime64("NaT", "s")]):
        with pytest.raises(ValueError, match="time in row 0 of X is missing, in the column of time='t'"):
            time_ranks(np.array(missing), "time='t'")
