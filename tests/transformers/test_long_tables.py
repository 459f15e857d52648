"""Long tables to sequences and back: any library, any order of rows, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skrnn.preprocessing import from_long, to_long

LENGTHS = (4, 1, 3)
IDS = ["b", "a", "c"]


def sequences(F=2):
    rng = np.random.RandomState(0)
    return [rng.normal(size=(T, F)) for T in LENGTHS]


def shuffled(table, seed=0):
    return table.sample(frac=1, random_state=seed)


def as_kind(table, kind):
    """A pandas table as another."""
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(table)
    if kind == "array":
        return table.to_numpy(dtype=object)
    return table.to_numpy(dtype=object).tolist() if kind == "rows" else table


def assert_same(found, expected):
    assert isinstance(found, list)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["pandas", "polars", "array", "rows"])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_there_and_back(kind, seed):
    X = sequences()
    table = to_long(X, IDS, sequence_id="shop", time="hour")
    assert list(table.columns) == ["shop", "hour", "x0", "x1"]
    table = table if seed is None else shuffled(table, seed)
    by_name = kind in ("pandas", "polars")
    names = ("shop", "hour") if by_name else (0, 1)
    found, labels = from_long(as_kind(table, kind), *names)
    order = [IDS.index(label) for label in labels]
    assert sorted(order) == [0, 1, 2]
    assert_same(found, [X[i] for i in order])
    if seed is None:
        assert labels.tolist() == IDS


def test_without_times_rows_stand_in_order():
    X = sequences()
    table = to_long(X, IDS).drop(columns="time")
    interleaved = table.iloc[np.argsort(table.groupby("sequence_id").cumcount(), kind="stable")]
    found, labels = from_long(interleaved, "sequence_id")
    assert labels.tolist() == IDS
    assert_same(found, X)


TIMES = {
    "dates": pd.date_range("2024-01-31", periods=5, freq=pd.offsets.MonthEnd()),
    "time zone": pd.date_range("2024-03-30", periods=5, freq="12h", tz="Europe/Berlin"),
    "periods": pd.period_range("2024-01", periods=5, freq="M"),
    "text": ["2024-01-01", "2024-01-02", "2024-01-10", "2024-02-01", "2025-01-01"],
    "text, the year last": ["30.01.2024", "31.01.2024", "01.02.2024", "02.02.2024", "01.01.2025"],
    "numbers": [-1.5, 2, 10, 11, 100],
    "durations": pd.to_timedelta([1, 2, 10, 11, 100], unit="h"),
    "python": list(pd.date_range("2024-01-01", periods=5).date),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_of_all_kinds(kind):
    values = np.arange(10.0)
    table = pd.DataFrame({"id": [7] * 5 + [3] * 5, "t": list(TIMES[kind]) * 2, "x": values})
    for seed in range(3):
        mixed = shuffled(table, seed)
        found, labels = from_long(mixed, "id", "t")
        assert labels.tolist() == list(dict.fromkeys(mixed["id"]))
        assert_same(found, [values[:5, None] if one == 7 else values[5:, None] for one in labels])


def test_times_of_polars():
    pl = pytest.importorskip("polars")
    table = pd.DataFrame({"id": ["u"] * 5, "t": TIMES["time zone"], "x": np.arange(5.0)})
    found, _ = from_long(pl.from_pandas(shuffled(table)), "id", "t")
    assert_same(found, [np.arange(5.0)[:, None]])


def test_an_array_of_numbers():
    table = np.column_stack([[1, 2, 1], [1, 0, 0], [10, 20, 30]]).astype(np.float32)
    found, labels = from_long(table, 0, 1)
    assert labels.tolist() == [1, 2]
    assert_same(found, [[[30], [10]], [[20]]])
    found, _ = from_long(table[:, [0, 2]], 0)
    assert found[0].dtype == np.float32


BAD = {
    "no such id": ({"sequence_id": "shop"}, "sequence_id='shop' is not a column of table"),
    "no such time": ({"sequence_id": "id", "time": "day"}, "time='day' is not a column of table"),
    "one column": ({"sequence_id": "id", "time": "id"}, "time='id' and sequence_id='id' are the same"),
}


@pytest.mark.parametrize("case", BAD)
def test_columns_that_are_not_there(case):
    table = pd.DataFrame({"id": [1, 1], "t": [0, 1], "x": [1.0, 2.0]})
    parameters, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        from_long(table, **parameters)


@pytest.mark.parametrize("dtype", [int, float, str, object, "datetime64[ns]"])
@pytest.mark.parametrize("time", [None, "t"])
def test_a_table_without_rows(dtype, time):
    table = pd.DataFrame({"id": np.array([], dtype=dtype), "t": np.array([], int), "x": np.array([])})
    with pytest.raises(ValueError, match=r"Found table with 0 sample\(s\)"):
        from_long(table, "id", time)
    if time is None and dtype in (int, float):
        with pytest.raises(ValueError, match=r"Found table with 0 sample\(s\)"):
            from_long(table.to_numpy(), 0)


def test_tables_that_are_refused():
    table = pd.DataFrame({"id": ["u", "u", "v"], "t": [0.0, 0, 1], "x": [1.0, 2, 3]})
    with pytest.raises(ValueError, match=r"Sequence 'u' of table has two rows of one time.*0 and 1"):
        from_long(table, "id", "t")
    with pytest.raises(ValueError, match="time in row 1 of table is missing"):
        from_long(table.assign(t=[0, np.nan, 1]), "id", "t")
    with pytest.raises(ValueError, match=r"time='t' of table holds what has no order.*'x'.*to_datetime"):
        from_long(table.assign(t=["x", "y", "z"]), "id", "t")
    with pytest.raises(ValueError, match="no order in time"):
        from_long(table.assign(t=[pd.Timestamp(0), 2, 1.5]), "id", "t")
    with pytest.raises(ValueError, match=r"sequence_id in row 0 of table is missing"):
        from_long(table.assign(id=[None, "u", "v"]), "id")
    with pytest.raises(ValueError, match=r"0 feature\(s\) besides"):
        from_long(table[["id", "t"]], "id", "t")
    with pytest.raises(ValueError, match="table holds text in column 'x'"):
        from_long(table.assign(x="text", t=[0, 1, 2]), "id", "t")
    with pytest.raises(TypeError, match="Sparse table"):
        from_long(sparse.csr_array(np.ones((3, 2))), 0)


# --- back -------------------------------------------------------------------------------------------


def test_what_can_be_made_long():
    X = sequences()
    expected = np.concatenate(X)
    objects = np.empty(3, dtype=object)
    objects[:] = X
    for passed in (X, objects, [x.tolist() for x in X]):
        table = to_long(passed)
        assert table["sequence_id"].tolist() == [0] * 4 + [1] + [2] * 3
        assert table["time"].tolist() == [0, 1, 2, 3, 0, 0, 1, 2]
        np.testing.assert_array_equal(table[["x0", "x1"]], expected)
    frames = [pd.DataFrame(x, columns=["u", "v"]) for x in X]
    assert list(to_long(frames).columns) == ["sequence_id", "time", "u", "v"]
    assert to_long(np.zeros((2, 3, 4))).shape == (6, 6)
    assert to_long([x[:, 0] for x in X], columns=["y"])["y"].tolist() == expected[:, 0].tolist()


def test_output():
    pl = pytest.importorskip("polars")
    X = sequences()
    table = to_long(X, IDS, output="polars")
    assert isinstance(table, pl.DataFrame)
    assert_same(from_long(table, "sequence_id", "time")[0], X)
    array = to_long(X, output="default")
    assert array.dtype == float
    np.testing.assert_array_equal(array[:, 2:], np.concatenate(X))
    assert to_long(X, IDS, output="default").dtype == object


def test_what_cannot_be_made_long():
    X = sequences()
    for parameters, message in (
        ({"labels": ["a"]}, r"labels has the shape \(1,\), but X holds 3 sequences"),
        ({"labels": ["a", "a", "b"]}, "labels has 'a' more than once"),
        ({"columns": ["a"]}, "columns has 1 names, but a time step of X has 2"),
        ({"output": "arrow"}, "output='arrow': pass one of"),
    ):
        with pytest.raises(ValueError, match=message):
            to_long(X, **parameters)
    for none in (np.zeros(3), [1.0, 2.0], [], [np.zeros((2, 2)), np.zeros(2)]):
        with pytest.raises(ValueError, match="X holds no sequences"):
            to_long(none)
