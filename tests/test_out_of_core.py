"""Parts of what is stored: arrays of Zarr and Dask, tables of Parquet, DuckDB and streams of Arrow."""

import pickle

import numpy as np
import pandas as pd
import pytest
from support.documentation import python_block
from support.inside import theta_of

from skrnn import GRURegressor, fit_stream
from skrnn.out_of_core import array_parts, table_parts

N, ROWS = 100, 130


def arrays():
    X = np.random.RandomState(0).normal(size=(N, 5, 2))
    return X, X[:, -1, 0]


def zarr_array(values, **how):
    zarr = pytest.importorskip("zarr")
    stored = zarr.create_array(store={}, shape=values.shape, dtype=values.dtype, **how)
    stored[:] = values
    return stored


def dask_array(values, chunks):
    return pytest.importorskip("dask.array").from_array(values, chunks=chunks)


STORED = {
    "array": (lambda a: a, 30, [30, 60, 90, 100]),
    "one array": (lambda a: a, None, [100]),
    "zarr": (lambda a: zarr_array(a, chunks=(15, *a.shape[1:])), None, [*range(15, 100, 15), 100]),
    "zarr, several chunks": (lambda a: zarr_array(a, chunks=(15, *a.shape[1:])), 20, [30, 60, 90, 100]),
    "zarr, shards": (
        lambda a: zarr_array(a, chunks=(10, *a.shape[1:]), shards=(40, *a.shape[1:])), None, [40, 80, 100]
    ),
    "dask": (lambda a: dask_array(a, ((20, 50, 0, 30), *a.shape[1:])), None, [20, 70, 100]),
    "dask, several chunks": (lambda a: dask_array(a, ((20, 50, 30), *a.shape[1:])), 60, [70, 100]),
}  # fmt: skip


@pytest.mark.parametrize(("store", "size", "ends"), STORED.values(), ids=STORED)
def test_parts_of_arrays(store, size, ends):
    X, y = arrays()
    w = np.arange(N) / N
    parts = array_parts(store(X), store(y), w, size=size)
    read = [part() for part in parts]
    assert np.cumsum([len(y) for _, y, _ in read]).tolist() == ends
    for k, values in enumerate((X, y, w)):
        assert all(type(part[k]) is np.ndarray for part in read)
        np.testing.assert_array_equal(np.concatenate([part[k] for part in read]), values)
    lists = array_parts(store(X), y.tolist(), size=size)
    assert len(pickle.loads(pickle.dumps(lists[0]))()) == 2


def test_each_chunk_is_read_once_for_an_epoch():
    """X and y of Dask are computed together, block by block."""
    da, n_read = pytest.importorskip("dask.array"), [0]
    X, _ = arrays()

    def read(block):
        n_read[0] += 1
        return block

    stored = da.from_array(X, chunks=(25, 5, 2)).map_blocks(read, meta=X[:0])
    parts = array_parts(stored, stored[:, -1, 0])
    for part in parts:
        np.testing.assert_array_equal(part()[0][:, -1, 0], part()[1])
    assert n_read[0] == 2 * len(parts) == 8


@pytest.mark.parametrize(
    ("y", "size", "match"),
    [
        (np.zeros(3), None, r"as many rows, and one at least, got \[100, 3\]"),
        (np.zeros(N), 0, "size must be None or an int >= 1, got 0"),
    ],
)
def test_arrays_that_do_not_go_together(y, size, match):
    with pytest.raises(ValueError, match=match):
        array_parts(arrays()[0], y, size=size)
    with pytest.raises(ValueError, match="one at least"):
        array_parts(np.zeros((0, 3)), [])


def test_an_array_of_dask_of_unknown_length():
    stored = dask_array(np.arange(40.0).reshape(20, 2), (5, 2))
    with pytest.raises(ValueError, match=r"call X.compute_chunk_sizes\(\) first"):
        array_parts(stored[stored[:, 0] > 4], np.zeros(17))


# --- tables ---------------------------------------------------------------------------------------------


def table():
    """Six series of other lengths, one after the other."""
    pa, rng = pytest.importorskip("pyarrow"), np.random.RandomState(0)
    lengths = [40, 3, 30, 17, 25, 15]
    columns = {
        "who": np.repeat(list("fbdeac"), lengths), "a": rng.normal(size=ROWS), "t": np.arange(ROWS),
        "w": rng.uniform(1, 2, size=ROWS), "b": rng.normal(size=ROWS),
    }  # fmt: skip
    return pa.table(columns)


def in_two_files(folder, rows):
    """The table in two files, with groups of so many rows."""
    pq = pytest.importorskip("pyarrow.parquet")
    for k, piece in enumerate((table().slice(0, 70), table().slice(70))):
        pq.write_table(piece, folder / f"{k}.parquet", row_group_size=rows)
    return folder


def in_duckdb():
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("given", table())
    return connection.sql("SELECT * FROM given ORDER BY t")


def reader(rows):
    """A function that gives new readers of record batches."""
    whole = table()
    return lambda: whole.to_reader(max_chunksize=rows)


TABLES = {
    "one file": lambda folder: in_two_files(folder, 12) / "0.parquet",
    "folder": lambda folder: in_two_files(folder, 12),
    "large groups": lambda folder: in_two_files(folder, 1000),
    "paths": lambda folder: sorted(str(one) for one in in_two_files(folder, 12).iterdir()),
    "DuckDB": lambda folder: in_duckdb(),
    "small batches": lambda folder: reader(7),
    "large batches": lambda folder: reader(1000),
    "table of Arrow": lambda folder: table(),
    "polars": lambda folder: pytest.importorskip("polars").from_arrow(table()),
}


def read_all(parts, epoch=0):
    return list(parts(epoch)) if callable(parts) else [part() for part in parts]


@pytest.mark.parametrize("sequence_id", [None, "who"])
@pytest.mark.parametrize("store", TABLES.values(), ids=TABLES)
def test_parts_of_tables(store, sequence_id, tmp_path):
    source = store(tmp_path)
    if store is TABLES["polars"] and not hasattr(source, "__arrow_c_stream__"):
        pytest.skip("this version of polars exports no stream")
    parts = table_parts(source, "b", sample_weight="w", sequence_id=sequence_id, size=20)
    whole = table().to_pandas()
    for _ in range(2):
        read = read_all(parts)
        X = pd.concat([X for X, _, _ in read], ignore_index=True)
        whole = whole[: len(X)]
        assert X.columns.tolist() == ["who", "a", "t"]
        pd.testing.assert_frame_equal(
            X.astype({"who": object}), whole[["who", "a", "t"]].astype({"who": object})
        )
        for k, name in ((1, "b"), (2, "w")):
            np.testing.assert_array_equal(np.concatenate([part[k] for part in read]), whole[name])
        if sequence_id is not None:
            ids = [set(X["who"]) for X, _, _ in read]
            assert sum(map(len, ids)) == len(set().union(*ids))
        assert all(len(y) >= 20 for _, y, _ in read[:-1])
    assert len(X) == (70 if store is TABLES["one file"] else ROWS)
    assert len(read) > 1 or store is TABLES["large groups"] or len(X) == 70


@pytest.mark.parametrize("store", [TABLES["folder"], TABLES["small batches"]], ids=["files", "stream"])
def test_columns_and_several_targets(store, tmp_path):
    parts = table_parts(store(tmp_path), ["b", "a"], columns=["t", "a"], sequence_id="who")
    X, y = read_all(parts)[0]
    assert X.columns.tolist() == ["t", "a", "who"]
    assert y.columns.tolist() == ["b", "a"]


def test_training_on_tables(tmp_path):
    """As on the same parts in memory; those of files come in another order in every epoch."""
    params = {"rows": "steps", "sequence_id": "who", "hidden_size": 3, "random_state": 0}
    names = {"sequence_id": "who", "columns": ["who", "a"]}
    files = table_parts(in_two_files(tmp_path, 12), "b", **names)
    model = fit_stream(GRURegressor(**params), files, epochs=2)
    again = fit_stream(GRURegressor(**params), read_all(files), epochs=2)
    np.testing.assert_array_equal(theta_of(model), theta_of(again))
    stream = table_parts(reader(12), "b", size=12, **names)
    of_stream = fit_stream(GRURegressor(**params), stream, epochs=2)
    again = fit_stream(GRURegressor(**params), list(stream(0)), epochs=2, shuffle=False)
    np.testing.assert_array_equal(theta_of(of_stream), theta_of(again))
    assert not np.array_equal(theta_of(of_stream), theta_of(model))


@pytest.mark.parametrize("rows", [7, 1000])
def test_rows_of_a_series_that_do_not_stand_together(rows, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    mixed = table().take([*range(50), *range(100, 130), *range(50, 100)])
    pq.write_table(mixed, tmp_path / "mixed.parquet", row_group_size=rows)
    match = "The rows of series 'd' do not stand together.*sort the table by the column 'who'"
    with pytest.raises(ValueError, match=match):
        table_parts(tmp_path / "mixed.parquet", "b", sequence_id="who")
    stream = table_parts(lambda: mixed.to_reader(rows), "b", sequence_id="who", size=10)
    with pytest.raises(ValueError, match=match):
        read_all(stream)


def test_wrong_sources(tmp_path):
    with pytest.raises(ValueError, match="RecordBatchReader, which can be read only once"):
        table_parts(table().to_reader(), "b")
    with pytest.raises(TypeError, match=r"source must be a path.* got 'int'"):
        table_parts(3, "b")
    with pytest.raises(ValueError, match="There is no column 'c': the columns are"):
        table_parts(in_two_files(tmp_path, 50), "c")
    with pytest.raises(ValueError, match="There is no column 'c': the columns are"):
        read_all(table_parts(table(), "b", sequence_id="c"))


# --- the blocks of the guide ----------------------------------------------------------------------------


def test_the_block_of_zarr(tmp_path, monkeypatch):
    zarr = pytest.importorskip("zarr")
    monkeypatch.chdir(tmp_path)
    for name, values in zip(("X.zarr", "y.zarr"), arrays(), strict=True):
        chunks = (20, *values.shape[1:])
        stored = zarr.create_array(store=name, shape=values.shape, dtype=values.dtype, chunks=chunks)
        stored[:] = values
    names = {"zarr": zarr, "fit_stream": fit_stream, "GRURegressor": GRURegressor}
    exec(python_block("zarr.open_array"), names)
    assert names["model"].n_iter_ == 20


def test_the_block_of_duckdb(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales").mkdir()
    for shop in "ba":
        sales = pd.DataFrame({"shop": shop, "day": np.arange(30)[::-1], "rain": np.sin(np.arange(30))})
        sales.assign(sold=sales["rain"]).to_parquet(tmp_path / "sales" / f"{shop}.parquet")
    names = {"table_parts": table_parts, "fit_stream": fit_stream, "GRURegressor": GRURegressor}
    exec(python_block("duckdb.sql"), {**names, "duckdb": duckdb}, found := {})
    assert found["model"].n_step_features_ == 2
