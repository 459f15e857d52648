"""Rows that are sequences of one step: an index of times says that they are steps; ids that are times.

Warnings are errors in the whole suite, so a fit outside ``pytest.warns`` shows that nothing is said.
"""

import datetime

import numpy as np
import pandas as pd
import pytest

import skrnn

QUICK = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

N = 60
DAYS = pd.date_range("2024-01-01", periods=N)


def noise(n=N, seed=0):
    return np.random.RandomState(seed).normal(size=n)


def told(record):
    """What was said, besides that training was short."""
    return [str(w.message) for w in record if not str(w.message).startswith("Maximum iterations")]


# --- the index -----------------------------------------------------------------------------------------

OF_TIMES = {
    "dates": DAYS,
    "a time zone": DAYS.tz_localize("Europe/Berlin"),
    "differences": DAYS - DAYS[0],
    "periods": DAYS.to_period("D"),
    "date objects": pd.Index(DAYS.date, dtype=object),
    "datetime objects": pd.Index(list(DAYS.to_pydatetime()), dtype=object),
    "period objects": pd.Index(list(DAYS.to_period("D")), dtype=object),
    "times of a day": pd.Index([datetime.time(i // 10, i % 10) for i in range(N)], dtype=object),
    "ISO text": pd.Index(DAYS.strftime("%Y-%m-%d")),
    "ISO text of minutes": pd.Index(DAYS.strftime("%Y-%m-%dT%H:%M")),
    "the day first": pd.Index(DAYS.strftime("%d.%m.%Y")),
    "intervals": pd.IntervalIndex.from_breaks(pd.date_range("2024-01-01", periods=N + 1)),
    "categories": pd.CategoricalIndex(DAYS),
    "one level": pd.MultiIndex.from_arrays([DAYS]),
    "store and date": pd.MultiIndex.from_product([["a", "b"], DAYS[: N // 2]]),
}
OF_NONE = {
    "numbers": pd.RangeIndex(N),
    "numbers of days": DAYS.strftime("%Y%m%d").astype(int),
    "floats": pd.Index(np.arange(N) / 7),
    "intervals of numbers": pd.interval_range(0, N),
    "names": pd.Index([f"patient {i}" for i in range(N)]),
    "mixed": pd.Index([*DAYS[:30], *range(30)], dtype=object),
    "a hospital and a patient": pd.MultiIndex.from_product([["a", "b"], range(N // 2)]),
}


@pytest.mark.parametrize("name", OF_TIMES)
def test_rows_indexed_by_times(name):
    X = pd.DataFrame({"v": noise()}, index=OF_TIMES[name])
    with pytest.warns(UserWarning, match="its rows are indexed by times.*rows="):
        skrnn.GRURegressor(**QUICK).fit(X, noise(seed=1))


@pytest.mark.parametrize("name", OF_NONE)
def test_rows_indexed_by_something_else(name):
    X = pd.DataFrame({"v": noise()}, index=OF_NONE[name])
    skrnn.GRURegressor(**QUICK).fit(X, noise(seed=1))


def test_an_index_of_pyarrow_times():
    pytest.importorskip("pyarrow")
    X = pd.DataFrame({"v": noise()}, index=pd.Index(DAYS, dtype="timestamp[ns][pyarrow]"))
    with pytest.warns(UserWarning, match="its rows are indexed by times"):
        skrnn.GRURegressor(**QUICK).fit(X, noise(seed=1))


# --- ids that are times --------------------------------------------------------------------------------

KINDS = {
    "datetime64": list,
    "datetime64, newest first": lambda days: list(days[::-1]),
    "dates": lambda days: list(days.date),
    "periods": lambda days: list(days.to_period("D")),
    "text": lambda days: list(days.strftime("%Y-%m-%d")),
}
FRAMES = {
    "pandas": pd.DataFrame,
    "polars": lambda columns: pytest.importorskip("polars").DataFrame(columns),
    "array": lambda columns: np.array(list(zip(*columns.values(), strict=True)), dtype=object),
}
CASES = [(kind, frame) for kind in KINDS for frame in FRAMES if (kind, frame) != ("periods", "polars")]
MEANT = "If it is the column of times, drop that column"


def table_of(frame, ids):
    """A table whose column of ids stands first; sequence_id."""
    ids = list(ids)
    return FRAMES[frame]({"d": ids, "v": noise(len(ids))}), 0 if frame == "array" else "d"


@pytest.mark.parametrize(("kind", "frame"), CASES)
def test_the_dates_of_a_panel_as_sequence_id(cls, kind, frame):
    X, column = table_of(frame, KINDS[kind](DAYS) * 2)
    match = f"^sequence_id={column!r} makes a series of the rows of one date.*{MEANT}"
    with pytest.warns(UserWarning, match=match) as record:
        cls(**QUICK, rows="steps", sequence_id=column).fit(X, np.arange(2 * N) % 2)
    assert len(told(record)) == 1
    windows = skrnn.SlidingWindow(3, sequence_id=column).fit(X)  # silent: transform follows
    with pytest.warns(UserWarning, match=match) as record:
        windows.transform(X)
    assert len(told(record)) == 1


@pytest.mark.parametrize(("kind", "frame"), CASES)
def test_a_date_that_occurs_twice(cls, kind, frame):
    ids = KINDS[kind](DAYS)
    X, column = table_of(frame, [*ids[:-1], ids[0]])
    with pytest.warns(UserWarning, match=f"nearly every row of X a series of its own.*{MEANT}"):
        cls(**QUICK, rows="steps", sequence_id=column).fit(X, np.arange(N) % 2)


RIGHT = {
    "the hours of days": np.repeat(DAYS, 24),
    "a few rows of each day": np.repeat(DAYS, 2),
    "trips by the day of their start, side by side": list(DAYS[:5]) * 12,
    "many trips, mixed": DAYS.repeat(4)[np.random.RandomState(0).permutation(4 * N)],
    "customers, of whom most bought once": [*range(40), *[k for k in range(40, 60) for _ in range(3)]],
    "a few trips, side by side": list(DAYS[:8]) * 3,
    "long trips, side by side": list(DAYS[:12]) * 40,
    "sensors, side by side": list(range(30)) * 2,
    "two patients": [1, 2],
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_ids_that_are_no_times_of_rows(cls, name, frame):
    X, column = table_of(frame, RIGHT[name])
    cls(**QUICK, rows="steps", sequence_id=column).fit(X, np.arange(len(X)) % 2)
    skrnn.SlidingWindow(3, sequence_id=column).fit_transform(X)


@pytest.mark.parametrize("ids", [np.arange(120), list(pd.date_range("2024", periods=60)) * 2], ids=len)
def test_a_sequence_id_of_a_long_name(ids):
    name = "measurement of the temperature at the northern gate, " * 14
    X = pd.DataFrame({name: ids, "v": noise(120)})
    with pytest.warns(UserWarning, match=MEANT) as record:
        skrnn.GRURegressor(**QUICK, rows="steps", sequence_id=name).fit(X, noise(120))
    assert max(map(len, told(record))) <= 600
