"""Data that are stored, part by part: slices of arrays, rows of tables of Arrow.

``ArrayPart`` and ``TablePart`` are functions without arguments that read the rows first <= i < end as a
tuple (X, y[, weight]); where such a part may end is said by ``merged``. ``Stream`` reads what can only be
read from its beginning. A new kind of storage is one more class with a call like theirs.
"""

from typing import NamedTuple

import numpy as np

from skrnn._reading.arrays import as_frame
from skrnn._settings.quoting import quote


def merged(ends, size):
    """Those of the ends of stored pieces (rising) by which parts have ``size`` rows at least.

    The last part may have fewer. None: all ends.
    """
    if size is None:
        return list(ends)
    chosen, start = [], 0
    for end in ends:
        if end - start >= size:
            chosen.append(end)
            start = end
    return chosen if chosen and chosen[-1] == ends[-1] else [*chosen, ends[-1]]


# --- arrays ---------------------------------------------------------------------------------------------


class ArrayPart:
    """Some rows of arrays, as arrays of NumPy.

    Parameters
    ----------
    arrays : list
        X, y and weights, if there are any.
    first, end : int
    """

    def __init__(self, arrays, first, end):
        self.arrays, self.first, self.end = arrays, first, end

    def __call__(self):
        pieces = [one[self.first : self.end] for one in self.arrays]
        if any(map(_is_of_dask, pieces)):
            import dask

            pieces = dask.compute(*pieces)  # together: what they have in common is read once
        return tuple(map(np.asarray, pieces))


def ends_of_chunks(X, default):
    """The ends of the pieces in which an array is stored along its first axis."""
    n, chunks = X.shape[0], getattr(X, "shards", None) or getattr(X, "chunks", None)
    if _is_of_dask(X) and np.isnan(X.shape[0]):
        raise ValueError(
            "X is an array of Dask whose number of rows is not known: call X.compute_chunk_sizes() first."
        )
    if chunks is not None and isinstance(chunks[0], tuple):
        return np.cumsum(chunks[0])[np.array(chunks[0]) > 0].tolist()
    step = default if chunks is None else chunks[0]
    return [*range(step, n, step), n]


def as_array(values):
    """What has no pieces of its own as an array of NumPy, of which slices are views."""
    return values if hasattr(values, "chunks") or _is_of_dask(values) else np.asarray(values)


def _is_of_dask(one):
    return hasattr(one, "__dask_graph__")


# --- tables ---------------------------------------------------------------------------------------------


class Columns(NamedTuple):
    """The columns of a table, by their names; ``X`` is None for all that are nothing else."""

    y: object
    weight: str | None
    sequence_id: str | None
    X: list | None

    @property
    def targets(self):
        """A list of the columns of y."""
        return list(self.y) if isinstance(self.y, (list, tuple)) else [self.y]

    def wanted(self, names):
        """The names of those that are read; a ValueError if one of them is not there."""
        others = [*self.targets, *([] if self.weight is None else [self.weight])]
        X = self.X if self.X is not None else [name for name in names if name not in others]
        X = [*X, *([] if self.sequence_id in (None, *X) else [self.sequence_id])]
        for name in (*X, *others):
            if name not in names:
                raise ValueError(f"There is no column {quote(name)}: the columns are {quote(names)}.")
        return list(dict.fromkeys([*X, *others]))

    def split(self, table):
        """A table of Arrow as a tuple (X, y[, weight])."""
        frame = as_frame(table)
        y = frame[self.targets] if isinstance(self.y, (list, tuple)) else frame[self.y]
        weight = () if self.weight is None else (frame[self.weight],)
        others = [*self.targets, *([] if self.weight is None else [self.weight])]
        return frame.drop(columns=[name for name in others if name not in (self.X or ())]), y, *weight


class TablePart:
    """Some rows of the groups of a data set of Arrow.

    Parameters
    ----------
    groups : Groups
    columns : Columns
    first, end : int
    """

    def __init__(self, groups, columns, first, end):
        self.groups, self.columns, self.first, self.end = groups, columns, first, end

    def __call__(self):
        names = self.columns.wanted(self.groups.names)
        return self.columns.split(self.groups.read(names, self.first, self.end))


class Groups:
    """The groups of rows that a data set of Arrow is stored in.

    Parameters
    ----------
    dataset : pyarrow.dataset.Dataset

    Attributes
    ----------
    ends : list of int
        The number of rows up to the end of each group.
    """

    def __init__(self, dataset):
        self.schema, self.names = dataset.schema, dataset.schema.names
        fragments = [group for fragment in dataset.get_fragments() for group in _groups_of(fragment)]
        counts = [_n_rows(one) for one in fragments]
        self.fragments = [one for one, n in zip(fragments, counts, strict=True) if n]
        self.ends = np.cumsum([n for n in counts if n], dtype=np.int64).tolist()

    def read(self, names, first, end):
        """Rows first <= i < end of some columns, a table."""
        import pyarrow

        at = int(np.searchsorted(self.ends, first, side="right"))
        upto = int(np.searchsorted(self.ends, end, side="left")) + 1
        tables = [one.to_table(schema=self.schema, columns=names) for one in self.fragments[at:upto]]
        before = self.ends[at - 1] if at else 0
        return pyarrow.concat_tables(tables).slice(first - before, end - first)

    def ends_of_series(self, name):
        """The rows after the last one of each series; one group is read at a time, and one column."""
        ends, series, start = [], Distinct(name), 0
        for end in self.ends:
            first, ids = runs(self.read([name], start, end)[name])
            new = series.next(ids)
            ends += [start + int(k) for k in first[0 if new else 1 :]]
            start = end
        return [*ends[1:], start]


def _groups_of(fragment):
    return fragment.split_by_row_group() if hasattr(fragment, "split_by_row_group") else [fragment]


def _n_rows(fragment):
    """The number of rows, by the metadata where there are any."""
    groups = getattr(fragment, "row_groups", None)
    return fragment.count_rows() if groups is None else sum(one.num_rows for one in groups)


def runs(column):
    """Where the runs of equal ids in a column of Arrow begin, and the ids."""
    codes, ids = column.to_pandas().factorize(use_na_sentinel=False)
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    return first, [ids[k] for k in codes[first]]


class Distinct:
    """Makes sure that the rows of each series stand together.

    Parameters
    ----------
    name : str
        The column of ids.
    """

    def __init__(self, name):
        self.name, self.seen, self.last = name, set(), []

    def next(self, ids):
        """Take in the ids of the next runs; returns whether the first of them begins a series."""
        new = [ids[0]] != self.last
        for one in ids[0 if new else 1 :]:
            if one in self.seen:
                raise ValueError(
                    f"The rows of series {quote(one)} do not stand together, so that a part would not "
                    f"have all of them: sort the table by the column {quote(self.name)}."
                )
            self.seen.add(one)
        self.last = [ids[-1]]
        return new


def ends_of_parts(groups, name, size):
    """The ends of parts of whole groups, moved to the end of a series; ``name`` is the column of ids."""
    ends = merged(groups.ends, size)
    if name is None or not ends:
        return ends
    series = np.array(groups.ends_of_series(name))
    return np.unique(series[np.searchsorted(series, ends)]).tolist()


# --- streams of tables ----------------------------------------------------------------------------------


def _reader(source):
    """A reader of batches of what exports a stream."""
    from pyarrow import RecordBatchReader

    if isinstance(source, RecordBatchReader):
        return source
    if hasattr(RecordBatchReader, "from_stream"):
        return RecordBatchReader.from_stream(source)
    return RecordBatchReader._import_from_c_capsule(source.__arrow_c_stream__())  # before pyarrow 15


class Stream:
    """The parts of what is read from its beginning; called with the number of an epoch.

    Parameters
    ----------
    begin : callable
        Gives what exports a stream of Arrow.
    columns : Columns
    size : int
        Rows of a part, or more if a series has more.
    """

    def __init__(self, begin, columns, size):
        self.begin, self.columns, self.size = begin, columns, size

    def __call__(self, epoch):
        import pyarrow

        reader = _reader(self.begin())
        names, id_column = self.columns.wanted(reader.schema.names), self.columns.sequence_id
        held, series = [], Distinct(id_column)
        for batch in reader:
            table = pyarrow.Table.from_batches([batch]).select(names)
            for start in range(0, len(table), self.size):
                held.append(table.slice(start, self.size))
                if sum(map(len, held)) < self.size:
                    continue
                whole = pyarrow.concat_tables(held)
                end = len(whole) if id_column is None else int(runs(whole[id_column])[0][-1])
                if end >= self.size:  # what comes after it are rows of a series that may go on
                    held = [whole.slice(end)]
                    yield self._part(whole.slice(0, end), series)
        if any(map(len, held)):
            yield self._part(pyarrow.concat_tables(held), series)

    def _part(self, table, series):
        if self.columns.sequence_id is not None:
            series.next(runs(table[self.columns.sequence_id])[1])
        return self.columns.split(table)
