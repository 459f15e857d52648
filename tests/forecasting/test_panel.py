"""Long tables: which series and step a row is, what is wrong with times, and tables like them."""

import datetime
import pickle

import numpy as np
import pytest

from skrnn import Forecaster, GRURegressor
from skrnn._forecasting.panel import Panel, read_panel

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

HOURS = pandas.date_range("2024-03-30 12:00", periods=12, freq="h", tz="Europe/Berlin")
DAYS = pandas.date_range("2024-01-01", periods=10, freq="D")
FEBRUARY = [datetime.date(2024, 2, day) for day in (27, 28)]


def days(start, n, freq, **options):
    return pandas.date_range(start, periods=n, freq=freq, **options)


def long_table(times, ids=("b", "a"), seed=0):
    """A shuffled table of the same times for every series."""
    X = pandas.DataFrame(
        {
            "shop": np.repeat(ids, len(times)),
            "t": pandas.concat([pandas.Series(times)] * len(ids), ignore_index=True),
            "x": 1.0,
        }
    )
    return X.iloc[np.random.RandomState(seed).permutation(len(X))].reset_index(drop=True)


def continued(panel, n=3):
    """The table of the n steps that follow the last ones of the first series."""
    steps = panel.last_steps[0] + 1 + np.arange(n)
    before = pickle.loads(pickle.dumps(panel.without_rows()))
    return before.table_of(np.zeros(n, dtype=int), steps, {"forecast": np.arange(float(n))})


def test_rows_in_any_order():
    X = long_table(DAYS)
    panel = read_panel(X, "shop", "t").check_regular()
    assert panel.ids.tolist() == ["a", "b"]
    assert panel.n_series == 2
    assert panel.lengths.tolist() == [10, 10]
    assert panel.features == [2]
    for code, rows in enumerate(panel.rows):
        assert (X["shop"].iloc[rows] == panel.ids[code]).all()
        assert X["t"].iloc[rows].is_monotonic_increasing
        assert (np.diff(panel.steps[rows]) == 1).all()
    assert (panel.last_steps - panel.first_steps).tolist() == [9, 9]


def test_without_times_rows_are_in_order():
    X = np.array([[1.0, 5], [0, 6], [1, 7], [1, 8]])
    panel = read_panel(X, 0)
    assert panel.ids.tolist() == [0, 1]
    assert panel.steps.tolist() == [0, 0, 1, 2]
    assert read_panel(X).steps.tolist() == [0, 1, 2, 3]
    table = panel.without_rows().table_of(np.array([1, 1]), np.array([3, 4]), {"y": np.array([0.5, 1])})
    assert table.tolist() == [[1, 3, 0.5], [1, 4, 1]]


@pytest.mark.parametrize(
    ("times", "text", "expected"),
    [
        (
            HOURS,
            "1 hour",
            "2024-03-31 00:00:00+01:00, 2024-03-31 01:00:00+01:00, 2024-03-31 03:00:00+02:00",
        ),
        (
            days("2024-03-26", 5, "D", tz="Europe/Berlin"),
            "1 day",
            "2024-03-31 00:00:00+01:00, 2024-04-01 00:00:00+02:00, 2024-04-02 00:00:00+02:00",
        ),
        (DAYS, "1 day", "2024-01-11, 2024-01-12, 2024-01-13"),
        (
            days("2023-12-31", 2, pandas.offsets.MonthEnd()),
            "1 month",
            "2024-02-29, 2024-03-31, 2024-04-30",
        ),
        (days("2024-01-01", 5, "QS"), "3 months", "2025-04-01, 2025-07-01, 2025-10-01"),
        (days("2020-02-29", 2, "YE-FEB"), "1 year", "2022-02-28, 2023-02-28, 2024-02-29"),
        (days("2024-01-01", 10, "B"), "1 business day", "2024-01-15, 2024-01-16, 2024-01-17"),
        (days("2024-01-07", 3, "W"), "7 days", "2024-01-28, 2024-02-04, 2024-02-11"),
        (
            days("2024-01-01", 3, "90s"),
            "90 seconds",
            "2024-01-01 00:04:30, 2024-01-01 00:06:00, 2024-01-01 00:07:30",
        ),
        (pandas.period_range("2024Q1", periods=3, freq="Q"), "3 months", "2024Q4, 2025Q1, 2025Q2"),
        (np.array([2000, 2005, 2010]), "5", "2015, 2020, 2025"),
        (np.array([0.5, 1.0, 1.5]), "0.5", "2.0, 2.5, 3.0"),
        (FEBRUARY, "1 day", "2024-02-29, 2024-03-01, 2024-03-02"),
    ],
)
def test_times_go_on(times, text, expected):
    X = long_table(times)
    panel = read_panel(X, "shop", "t").check_regular()
    assert panel.clock.text == text
    table = continued(panel)
    assert list(table.columns) == ["shop", "t", "forecast"]
    assert table["t"].dtype == X["t"].dtype
    assert ", ".join(table["t"].astype(str)) == expected


@pytest.mark.parametrize("times", [HOURS, DAYS, [1, 2, 3], FEBRUARY])
def test_times_of_polars_go_on(times):
    X = long_table(times)
    table = continued(read_panel(polars.from_pandas(X), "shop", "t").check_regular())
    assert isinstance(table, polars.DataFrame)
    expected = continued(read_panel(X, "shop", "t"))
    assert table.equals(polars.from_pandas(expected))


def test_times_of_an_array_of_objects():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    for one in (datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, tzinfo=zone)):
        X = np.array([["a", one + datetime.timedelta(days=k), 0.5] for k in range(3)], dtype=object)
        table = continued(read_panel(X, 0, 1).check_regular())
        assert table[:, 1].tolist() == [one + datetime.timedelta(days=k) for k in (3, 4, 5)]


def test_a_table_that_goes_on():
    X = long_table(DAYS)
    before = read_panel(X, "shop", "t").without_rows()
    follows = long_table(pandas.date_range("2024-01-11", periods=1), ids=("c", "b"))
    panel = read_panel(follows, "shop", "t", like=before)
    assert panel.ids.tolist() == ["a", "b", "c"]
    assert sorted(panel.codes.tolist()) == [1, 2]
    assert panel.steps.tolist() == [10, 10]


DAYLIGHT = days("2024-03-31", 9, "h", tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (DAYS.delete(4), "gap of series 'a': after 2024-01-04.* comes 2024-01-06.*1 row is missing"),
        (DAYS.insert(3, DAYS[3]), "same time, 2024-01-04.* of series 'a'.*Drop one"),
        (DAYS.insert(3, DAYS[3] + pandas.Timedelta("3h")), "not equally spaced.*1 day apart.*T03"),
        (DAYLIGHT.tz_localize(None), "gap.*give the column its time zone"),
        (DAYS.astype(str), "Column 't' of X holds '2024-01-.*', a str.*to_datetime"),
        ([None, *DAYS], "missing in row .*Drop the row"),
        ([True, False], "holds (True|False), a bool"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_times_is_said(times, said):
    with pytest.raises(ValueError, match=said) as error:
        read_panel(long_table(times), "shop", "t").check_regular()
    assert len(str(error.value)) <= 600


def test_times_of_another_kind_than_before():
    before = read_panel(long_table(DAYS), "shop", "t").without_rows()
    with pytest.raises(ValueError, match="has a time zone, but in fit it had none"):
        read_panel(long_table(HOURS), "shop", "t", like=before)
    with pytest.raises(ValueError, match="int64, but in fit it held datetime64"):
        read_panel(long_table([1, 2]), "shop", "t", like=before)
    with pytest.raises(ValueError, match="not on that grid"):
        read_panel(long_table(DAYS + pandas.Timedelta("1h")), "shop", "t", like=before)


def test_the_rows_of_many_series_are_split_once(monkeypatch):
    """A fit whose series split the rows of all of them, each for itself, is quadratic in their number."""
    times = []
    split = Panel.rows.fget
    monkeypatch.setattr(Panel, "rows", property(lambda panel: times.append(1) or split(panel)))
    table = pandas.DataFrame({"shop": np.repeat(np.arange(30), 12), "t": np.tile(np.arange(12), 30)})
    network = GRURegressor(hidden_size=2, max_iter=1, random_state=0)
    forecaster = Forecaster(network, horizon=2, sequence_id="shop", time="t", levels=0.9)
    forecaster.fit(table, np.arange(360.0)).forecast()
    assert len(times) < 10
