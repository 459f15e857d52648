"""The order of rows, as the index of a frame tells it: kinds of index, levels, lists of frames, y.

Warnings are errors in the whole suite, so a fit outside ``pytest.warns`` shows that nothing is said.
"""

import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

import skrnn

QUICK = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def told(record):
    """What was said, besides that training was short."""
    return [str(w.message) for w in record if not str(w.message).startswith("Maximum iterations")]


BUSINESS = pd.bdate_range("2024-01-01", periods=200)
DAYS = pd.date_range("2024-01-01", periods=200)
MONTHS = pd.period_range("2024-01", periods=30, freq="M")
LOCAL = pd.date_range("2024-10-26", periods=200, freq="15min", tz="Europe/Berlin").tz_localize(None)


def hours(*of_a_day, days=30):
    return pd.Index([24 * day + hour for day in range(days) for hour in of_a_day])


def two_levels(first, second, pairs):
    return pd.MultiIndex.from_tuples(pairs, names=[first, second])


RISING = {
    "business days": BUSINESS,
    "business days as YYYYMMDD": BUSINESS.strftime("%Y%m%d").astype(int),
    "business days in seconds": BUSINESS.asi8 // 10**9,
    "opening hours": pd.Index(np.add.outer(np.arange(25) * 24, np.arange(9, 17)).ravel()),
    "months": pd.date_range("2000-01-01", periods=200, freq="MS").strftime("%Y%m").astype(int),
    "a change of clocks": pd.date_range("2024-03-30", periods=200, freq="h", tz="Europe/Berlin"),
    "periods": pd.period_range("2000-01", periods=200, freq="M"),
    "intervals": pd.interval_range(0, 200),
    "nullable": pd.Index(np.arange(200), dtype="Int64"),
    "dates as objects": pd.Index([d.date() for d in BUSINESS], dtype=object),
    "dates as text": pd.Index(BUSINESS.strftime("%Y-%m-%d")),
    "dates and times as text, a change of clocks": pd.Index(
        pd.date_range("2024-10-26", periods=200, freq="30min", tz="Europe/Berlin").map(str)
    ),
    "clocks set back, without a time zone": LOCAL,
    "clocks set back, nanoseconds": LOCAL.as_unit("ns"),
    "clocks set back, as text": LOCAL.strftime("%Y-%m-%d %H:%M"),
    "clocks set back, as objects": pd.Index(list(LOCAL.to_pydatetime()), dtype=object),
    "months as text": pd.Index([f"{2000 + m // 12}-{m % 12 + 1:02d}" for m in range(200)]),
    "the day first": pd.Index(DAYS.strftime("%d.%m.%Y")),
    "the month first": pd.Index(DAYS.strftime("%m/%d/%Y %H:%M")),
    "periods as objects": pd.Index(list(DAYS.to_period("D")), dtype=object),
    "intervals as objects": pd.Index(list(pd.interval_range(0, 200)), dtype=object),
    "categories of dates": pd.CategoricalIndex(DAYS),
    "differences": DAYS - DAYS[0],
    "times of a day": pd.Index([datetime.time(i // 10, i % 10) for i in range(200)], dtype=object),
    "times of a day as text": pd.Index([f"{i // 10}:{i % 10:02d}" for i in range(200)]),
    "one level": pd.MultiIndex.from_arrays([DAYS]),
    "closed on Sundays": DAYS[DAYS.day_of_week != 6],
    "closed twice a week and on holidays": DAYS[~DAYS.day_of_week.isin([2, 6])].delete([9, 40, 41]),
    "one free day at the end of each week": DAYS.delete(
        [7 * week + 5 + free for week, free in enumerate(np.random.RandomState(0).randint(2, size=28))]
    ),
    "three gaps": pd.RangeIndex(24).delete([3, 6, 16]),
    "a break, of few days": hours(9, 11, 12, 13, 14, 15, 16, days=3),
    "a break at noon": hours(9, 10, 11, 13, 14, 15),
    "a break in the morning": hours(9, 11, 12, 13, 14, 15, 16),
    "two breaks, of few days": hours(8, 10, 11, 13, 14, 15, days=4),
    "no August": pd.Index([12 * y + m for y in range(20) for m in range(12) if m != 7]),
    "hours, again and again": pd.Index([i % 24 for i in range(72)]),
    "hours, one night": pd.Index([i % 24 for i in range(20, 50)]),
    "months, again and again": pd.Index([i % 12 + 1 for i in range(40)]),
    "months as digits": pd.Index([str(i % 12 + 1) for i in range(40)]),
    "days of months": pd.Index(DAYS.day),
    "weekdays": pd.Index(BUSINESS.day_of_week),
    "times of several days": pd.Index([datetime.time(i % 24) for i in range(200)], dtype=object),
    "times of a night": pd.Index([f"{i % 24}:00" for i in range(20, 34)]),
    "year and month": two_levels("Year", "month", [divmod(i, 12) for i in range(100)]),
    "date and hour": two_levels("when", None, [(DAYS[i // 24], i % 24) for i in range(200)]),
    "week and time": two_levels("week", "t", [divmod(i, 7) for i in range(100)]),
    "names": pd.Index([f"row {i}" for i in range(200)]),
    "endless numbers": pd.Index([10**400 + i for i in range(30)], dtype=object),
    "categories": pd.CategoricalIndex(list("ba") * 100),
    "a date that is missing": DAYS.insert(50, pd.NaT),
    "periods, some missing": pd.Index([*MONTHS[:9], pd.NaT, *MONTHS[9:], pd.NaT], dtype=object),
    "dates and notes": two_levels("date", "note", [(day, f"note {i}") for i, day in enumerate(DAYS)]),
    "a station and the weather": two_levels("station", "w", [("a", "wet"), ("a", "dry")] * 30),
    "numbers and names": pd.Index([*range(100), *"abc"], dtype=object),
}  # fmt: skip
UNKNOWN = (
    "names", "categories", "numbers and names", "three gaps", "a station and the weather",
    "periods, some missing", "endless numbers",
)  # fmt: skip
# kinds of index, of which each is shuffled, and, where rows are evenly spaced, thinned out
TELLING = {name: index for name, index in RISING.items() if name not in UNKNOWN}
EVEN = {
    "numbers": pd.RangeIndex(200),
    "days": pd.date_range("2024-01-01", periods=200),
    "hours with a time zone": pd.date_range("2024-01-01", periods=200, freq="h", tz="UTC"),
    "periods": RISING["periods"],
    "nullable": RISING["nullable"],
    "dates as text": pd.Index(DAYS.strftime("%Y-%m-%d")),
    "date objects": pd.Index(DAYS.date, dtype=object),
    "intervals": RISING["intervals"],
}


def rows_of(index):
    return pd.DataFrame({"x": np.random.RandomState(0).normal(size=len(index))}, index=index)


READERS = {
    "fit": lambda X: skrnn.GRURegressor(**QUICK, rows="steps").fit(X, np.arange(len(X))),
    "windows": lambda X: skrnn.SlidingWindow(3).fit_transform(X),
    "pipeline": lambda X: make_pipeline(skrnn.SlidingWindow(3), skrnn.GRURegressor(**QUICK)).fit(
        X, np.random.RandomState(1).normal(size=len(X))
    ),
}


def in_turn(names):
    """Every index in windows, which train nothing, and in one of the other readers."""
    others = [reader for reader in READERS if reader != "windows"]
    for k, name in enumerate(names):
        yield name, "windows"
        yield name, others[k % len(others)]


@pytest.mark.parametrize(("name", "reader"), list(in_turn(RISING)))
def test_rows_in_order(name, reader):
    READERS[reader](rows_of(RISING[name]))


@pytest.mark.parametrize(("name", "reader"), list(in_turn(TELLING)))
def test_shuffled_rows(name, reader):
    X = rows_of(TELLING[name]).sample(frac=1, random_state=0)
    with pytest.warns(UserWarning, match="index of X does not rise from row to row") as record:
        READERS[reader](X)
    assert len(told(record)) == 1
    assert reader != "fit" or {w.filename for w in record} == {__file__}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", EVEN)
def test_rows_left_out_at_random(name, reader):
    X = rows_of(EVEN[name]).sample(frac=0.8, random_state=0).sort_index()
    with pytest.warns(UserWarning, match="index of X jumps after .* of the rows") as record:
        READERS[reader](X)
    assert len(told(record)) == 1


def test_fit_of_windows_leaves_it_to_transform():
    X = rows_of(DAYS[::-1])
    model = skrnn.SlidingWindow(3).fit(X)
    with pytest.warns(UserWarning, match="does not rise"):
        model.transform(X)


def panel(reset=()):
    index = pd.MultiIndex.from_product([["a", "b"], range(12)], names=["instance", "time"])
    return rows_of(index).reset_index(list(reset))


@pytest.mark.parametrize("reader", READERS)
def test_levels_of_an_index_that_tell_series_apart(reader):
    match = r"levels \['instance', 'time'\].*all rows are one series.*X.reset_index\('instance'\)"
    with pytest.warns(UserWarning, match=match):
        READERS[reader](panel())
    names = "levels .*If 0 tells"
    unnamed = panel()
    unnamed.index.names = [None, None]
    with pytest.warns(UserWarning, match=names):
        READERS[reader](unnamed)


@pytest.mark.parametrize("levels", [1, 2])
def test_a_level_of_the_index_as_sequence_id(cls, levels):
    X = panel() if levels == 2 else panel(reset=["time"])
    match = r"It is a level of the index, which is not read: pass X.reset_index\('instance'\)"
    with pytest.raises(ValueError, match=match):
        cls(**QUICK, rows="steps", sequence_id="instance").fit(X, np.arange(24) % 2)
    with pytest.raises(ValueError, match=match):
        skrnn.SlidingWindow(3, sequence_id="instance").fit(panel(reset=["time"]))


def test_what_is_advised_for_levels(cls):
    X = panel(reset=["instance"])
    model = cls(**QUICK, rows="steps", sequence_id="instance")
    model.fit(X, np.arange(24) % 2).predict(X)
    assert len(model.sequence_ids_) == 2 if hasattr(model, "sequence_ids_") else True
    with pytest.warns(UserWarning, match="does not rise"):
        model.fit(X.iloc[::-1], np.arange(24) % 2)
    one = panel().loc[["a"]]  # a level that says the same of every row
    cls(**QUICK, rows="steps").fit(one, np.arange(12) % 2)


def test_a_day_of_dates_as_objects():
    day = [datetime.datetime(2024, 1, 1, h) for h in range(24)]
    READERS["fit"](rows_of(pd.Index(day, dtype=object)))
    with pytest.warns(UserWarning, match="does not rise"):
        READERS["fit"](rows_of(pd.Index(day[::-1], dtype=object)))


@pytest.mark.parametrize(
    "falls",
    [
        ["2024-10-28 02:00", "2024-10-28 02:45", "2024-10-28 02:00"],  # a Monday
        ["2024-10-27 12:00", "2024-10-27 12:45", "2024-10-27 12:00"],  # at noon
        ["2024-10-27 02:00", "2024-10-27 03:45", "2024-10-27 02:00"],  # by more than an hour
        ["2024-10-27 02:00", "2024-10-27 01:45", "2024-10-27 02:00", "2024-10-27 01:45"],  # twice
    ],
    ids=lambda falls: falls[1],
)
def test_what_is_no_change_of_clocks(falls):
    with pytest.warns(UserWarning, match="does not rise"):
        READERS["fit"](rows_of(pd.DatetimeIndex(falls)))


# --- levels of an index ------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
def test_the_level_that_tells_series_apart_need_not_be_the_first(reader):
    """(date, ticker): the advice to make series of dates would be harmful."""
    index = pd.MultiIndex.from_product([DAYS[:12], ["a", "b"]], names=["date", "ticker"])
    with pytest.warns(UserWarning, match=r"If 'ticker' tells .* X.reset_index\('ticker'\)"):
        READERS[reader](rows_of(index))


@pytest.mark.parametrize("levels", [2, 12])
def test_levels_of_long_names(levels):
    names = [f"{k}: measurement of the temperature at the northern gate, " * 14 for k in range(levels)]
    columns = [np.repeat(list("ab"), 12)] * (levels - 1) + [np.tile(np.arange(12), 2)]
    X = rows_of(pd.MultiIndex.from_arrays(columns, names=names))
    with pytest.warns(UserWarning, match="tells series apart") as record:
        READERS["fit"](X)
    assert max(map(len, told(record))) <= 600


def test_of_series_that_are_told_apart_the_level_of_dates_counts():
    """Which of the levels it is, and that labels come again in each series, too."""
    index = pd.MultiIndex.from_product([["a", "b"], DAYS[:12]], names=["ticker", "date"]).swaplevel()
    model = skrnn.GRURegressor(**QUICK, rows="steps", sequence_id="ticker")
    X = rows_of(index).reset_index("ticker").set_index(index)
    model.fit(X, np.arange(24))
    model.fit(X.set_index(pd.Index([*range(8, 20), *range(8, 20)])), np.arange(24))
    model.fit(X.set_index(pd.Index([i % 24 for i in [*range(18, 30)] * 2])), np.arange(24))
    for shuffled in (X.iloc[::-1], X.sample(frac=1, random_state=0)):
        with pytest.warns(UserWarning, match="does not rise"):
            model.fit(shuffled, np.arange(24))


STACKED = {
    "blocks in another order": [*range(60, 90), *range(30, 60), *range(30)],
    "series of several lengths": [*range(99), *range(50), *range(80)],
    "a long cycle": [*range(2000)] * 3,
    "hours within a day": two_levels("date", "hour", [(DAYS[i // 24], -i % 24) for i in range(72)]),
}


@pytest.mark.parametrize("name", STACKED)
def test_what_looks_like_labels_that_come_again(name):
    with pytest.warns(UserWarning, match="does not rise"):
        READERS["windows"](rows_of(STACKED[name]))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_series_one_below_the_other_are_no_dates_that_come_again(n):
    X = rows_of(DAYS[np.tile(np.arange(40), n)])
    with pytest.warns(UserWarning, match="does not rise"):
        READERS["fit"](X)


def test_an_index_of_pyarrow():
    pytest.importorskip("pyarrow")
    for index in (
        pd.Index(DAYS, dtype="timestamp[ns][pyarrow]"),
        pd.Index(DAYS.tz_localize("UTC"), dtype="timestamp[ns, tz=UTC][pyarrow]"),
        pd.Index(range(200), dtype="int64[pyarrow]"),
    ):
        X = rows_of(index)
        READERS["fit"](X)
        with pytest.warns(UserWarning, match="does not rise"):
            READERS["fit"](X.sample(frac=1, random_state=0))


# --- lists of frames ---------------------------------------------------------------------------------

PER_STEP = {"settings": {"return_sequences": True}, "y": lambda X: [np.arange(len(x)) % 2 for x in X]}
ONE_EACH = {"settings": {}, "y": lambda X: np.arange(len(X)) % 2}


@pytest.mark.parametrize("targets", [PER_STEP, ONE_EACH], ids=["per step", "one each"])
@pytest.mark.parametrize("name", ["business days", "periods as objects", "numbers"])
def test_a_list_of_shuffled_frames(cls, targets, name):
    index = {**RISING, **EVEN}[name]
    frames = [rows_of(index[k : k + 9]) for k in range(0, 99, 9)]
    model = cls(**QUICK, **targets["settings"]).fit(frames, targets["y"](frames))
    model.predict(frames)
    frames[3] = frames[3].sample(frac=1, random_state=0)
    with pytest.warns(UserWarning, match=r"index of X\[3\] does not rise.*x.sort_index") as record:
        model.fit(frames, targets["y"](frames))
    assert len(told(record)) == 1
    with pytest.warns(UserWarning, match=r"index of X\[3\] does not rise"):
        model.predict(frames)


def test_frames_that_count_down_or_without_an_index():
    frames = [rows_of(pd.Index(range(9, 0, -1))) for _ in range(4)]
    skrnn.GRURegressor(**QUICK).fit(frames, np.arange(4))
    pl = pytest.importorskip("polars")
    skrnn.GRURegressor(**QUICK).fit([pl.DataFrame(x) for x in frames], np.arange(4))


# --- the index of y ----------------------------------------------------------------------------------

MATCHED = "but in another order: rows are matched by where"


@pytest.mark.parametrize("rows", ["steps", "sequences"])
def test_y_in_another_order(cls, rows):
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(40, 3)), index=DAYS[:40]).add_prefix("x")
    y = pd.Series(np.arange(40) % 2, X.index)
    weight = pd.Series(1.0, X.index)
    model = cls(**QUICK, rows=rows)
    model.fit(X, y, sample_weight=weight)
    model.fit(X, y[::-1].to_numpy()).fit(X, y[::-1].reindex(X.index))
    with pytest.warns(UserWarning, match=f"^y has the index of X, {MATCHED}") as record:
        model.fit(X, y[::-1])
    assert len(told(record)) == 1
    with pytest.warns(UserWarning, match=f"^sample_weight has the index of X, {MATCHED}"):
        model.fit(X, y, sample_weight=weight[::-1])
    model.set_params(early_stopping=True)
    with pytest.warns(UserWarning, match=f"^y_val has the index of X_val, {MATCHED}"):
        model.fit(X, y, X_val=X, y_val=y[::-1])


def test_an_index_that_numbers_rows_says_nothing_of_y():
    """Sorted, or shuffled, together; then one of them was numbered anew."""
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(40, 3))).add_prefix("x")
    order = np.random.RandomState(1).permutation(40)
    model, y = skrnn.GRURegressor(**QUICK), pd.Series(np.arange(40.0))
    model.fit(X, y[order])
    model.fit(X.iloc[order], y)
    model.fit(X.set_index(DAYS[:40]), y[order])  # of other values
    model.fit(X.set_index(DAYS[:40]), pd.Series(np.arange(40.0), pd.Index([*"ab", *range(38)])))
    with pytest.warns(UserWarning, match=MATCHED):
        model.fit(X.iloc[order], y[order[::-1]])


def test_y_of_a_frame_in_a_list_and_of_a_text_in_another_order():
    frames = [rows_of(DAYS[:9]) for _ in range(4)]
    y = [pd.Series(np.arange(9.0), x.index) for x in frames]
    model = skrnn.GRURegressor(**QUICK, return_sequences=True).fit(frames, y)
    with pytest.warns(UserWarning, match=rf"^y\[2\] has the index of X\[2\], {MATCHED}"):
        model.fit(frames, [*y[:2], y[2][::-1], *y[3:]])
    texts = pd.Series(["ab", "ba", "aa", "bb"], index=list("pqrs"))
    model = skrnn.GRUEncoderDecoder(hidden_size=3, max_iter=2, tol=None, random_state=0)
    model.fit(texts, texts)
    with pytest.warns(UserWarning, match=f"^y has the index of X, {MATCHED}"):
        model.fit(texts, texts[::-1])
