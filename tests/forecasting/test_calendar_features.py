"""What the calendar says of a step."""

import numpy as np
import pytest

from skrnn._forecasting.calendar_features import CODES, FEATURES, calendar_of
from skrnn._forecasting.panel import read_panel
from skrnn._forecasting.times import read_times

pandas = pytest.importorskip("pandas")


def calendar(names, times):
    panel = read_panel(pandas.DataFrame({"t": times}), time="t").check_regular()
    return calendar_of(names, panel)(panel.steps[panel.order])


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/Sao_Paulo"])
def test_features_are_those_of_pandas(zone):
    times = pandas.date_range("2024-03-28", periods=24 * 9, freq="h", tz=zone)
    hour = calendar("hour", times)
    np.testing.assert_allclose(np.arctan2(hour[:, 0], hour[:, 1]) % (2 * np.pi), times.hour * np.pi / 12)
    assert (calendar("weekday", times).argmax(axis=1) == times.day_of_week).all()
    assert (calendar(["weekend"], times)[:, 0] == (times.day_of_week > 4)).all()


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "+05:30"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_times_of_arrow_are_those_of_pandas(unit, zone):
    """The same steps and hours, and times to come of the same zone."""
    arrow = pytest.importorskip("pyarrow").timestamp(unit, tz=zone)
    times = pandas.Series(pandas.date_range("2024-03-28", periods=24 * 9, freq="h", tz=zone))
    given = times.astype(pandas.ArrowDtype(arrow))
    assert np.array_equal(calendar("hour", given), calendar("hour", times))
    a, b = (read_times(one, "t") for one in (given, times))
    assert np.array_equal(a.values, b.values)
    pandas.testing.assert_series_equal(a.column_of(a.values), times, check_dtype=False)


def test_times_of_pandas_keep_what_is_less_than_a_microsecond():
    times = pandas.Series(pandas.to_datetime([1, 3], unit="ns"))
    assert (np.diff(read_times(times, "t").values) == np.timedelta64(2, "ns")).all()


def test_features_of_days_and_months():
    times = pandas.date_range("2023-01-01", periods=800, freq="D")
    for name, values, period in (
        ("month", times.month - 1, 12),
        ("day", times.day - 1, 31),
        ("dayofyear", times.day_of_year - 1, 366),
    ):
        sine, cosine = calendar(name, times).T
        np.testing.assert_allclose(sine, np.sin(2 * np.pi * values / period), atol=1e-12)
        np.testing.assert_allclose(cosine, np.cos(2 * np.pi * values / period), atol=1e-12)
    assert (calendar("quarter", times).argmax(axis=1) == times.quarter - 1).all()
    assert calendar(tuple(FEATURES), times).shape == (800, 2 * 6 + 7 + 4 + 1)
    periods = pandas.period_range("2024-01", periods=20, freq="M")
    np.testing.assert_allclose(
        calendar("month", periods)[:, 0], np.sin(2 * np.pi * (np.arange(20) % 12) / 12), atol=1e-12
    )


def test_there_are_as_many_codes_as_are_counted():
    """Whoever embeds them makes a row for each."""
    moments = np.arange("2024-01-01", "2025-01-01", dtype="M8[m]").astype("M8[s]")
    for name, (code, n) in CODES.items():
        codes = np.floor(code(moments))
        assert (name, codes.min(), codes.max()) == (name, 0, n - 1)


def test_minutes():
    times = pandas.date_range("2024-01-01", periods=9, freq="15min")
    np.testing.assert_allclose(calendar("minute", times)[:5, 0], [0, 1, 0, -1, 0], atol=1e-12)


def test_what_has_no_calendar():
    numbers = read_panel(np.arange(5)[:, None], time=0)
    with pytest.raises(ValueError, match=r"calendar=.* needs dates, but X counts time in numbers"):
        calendar_of("hour", numbers)
    with pytest.raises(ValueError, match="needs dates, but X has no column of times"):
        calendar_of("hour", read_panel(np.ones((5, 1))))
    assert calendar_of((), numbers)(np.arange(3)).shape == (3, 0)
