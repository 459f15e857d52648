"""Sequences as they came: slices of an array, of which nothing is copied or converted.

Inside the package this is the one representation of data. ``Sequences`` holds n sequences of (T_i, F)
values as views and indices, whatever the container was, and gives what is asked for: the steps of a
window, some of the sequences, pieces of them. A new container is read into one (``_reading``).
"""

import contextlib
import copy
import math
import mmap

import numpy as np

NO_TOKEN = -1  # stands for a step after the end of a sequence of tokens, and for unknown categories


class Sequences:
    """n sequences of (T_i, F) values, each a slice of a storage that is never copied.

    Parameters
    ----------
    values : (n, T, F) array, or (rows, F) array with ``lengths``
    lengths : (n,) int, optional
    order : (rows,) int, optional
        Of flat storage: the sequences lie one after the other in ``values[order]``.
    columns : (F,) int, optional
        Of flat storage: the columns that are features; default all.
    dtype : dtype, optional
        Of tokens: what they are read as. Other values are read as the dtype that is computed in.
    rows_are_steps : bool
        Whether the rows of flat storage are what the user calls rows.

    Attributes
    ----------
    n : int
    n_features : int
        F.
    block : (n,) int or None
        Of dense storage: the (T, F) block that holds the sequence.
    starts : (n,) int
        Where in its block, or in flat storage, each sequence begins.
    offsets : (n,) int
        Where each begins if all steps stand one after the other (``flat``).
    codes : tuple of int
        The features that hold codes of categories.
    """

    def __init__(
        self, values, lengths=None, *, order=None, columns=None, dtype=None, rows_are_steps=False
    ):
        self.rows_are_steps = rows_are_steps
        self.values, self.order, self.columns, self.dtype = values, order, columns, dtype
        self.codes = ()
        self.mapped = mapped(values)
        self.n_features = values.shape[-1] if columns is None else len(columns)
        self.is_dense = lengths is None
        if self.is_dense:
            self.block = np.arange(len(values))
            self._set(np.zeros(len(values), dtype=np.intp), np.full(len(values), values.shape[1]))
        else:
            self.block = None
            lengths = np.asarray(lengths, dtype=np.intp)
            self._set(np.cumsum(lengths) - lengths, lengths)
        self.is_whole = True

    def _set(self, starts, lengths):
        self.starts, self.lengths, self.n = starts, lengths, len(lengths)
        self.offsets = np.cumsum(lengths) - lengths
        self.same_start = bool((starts == starts[:1]).all())

    def __len__(self):
        return self.n

    @property
    def no_input(self):
        """A step after the end of a sequence, a number or (F,)."""
        if self.dtype is not None or not self.codes:
            return 0 if self.dtype is None else NO_TOKEN
        step = np.zeros(self.n_features)
        step[list(self.codes)] = NO_TOKEN
        return step

    def cut(self, rows, starts, lengths):
        """Steps ``starts`` .. of the sequences ``rows`` as a new object; the storage is shared."""
        piece = copy.copy(self)
        piece.block = self.block if self.block is None else self.block[rows]
        piece._set(self.starts[rows] + starts, lengths)
        piece.is_whole = False
        return piece

    def select(self, rows):
        """The sequences ``rows`` as a new object; the storage is shared."""
        return self.cut(rows, 0, self.lengths[rows])

    def take(self, rows, times):
        """(N, F) values of step ``times[k]`` of sequence ``rows[k]``."""
        where = self.starts[rows] + times
        if self.is_dense:
            block = self.block[rows]
            if self.mapped is None:
                return self.values[block, where]
            return self.mapped.read(block * self.values.shape[1] + where)
        if self.order is not None:
            where = self.order[where]
        values = self.values[where] if self.mapped is None else self.mapped.read(where)
        return values if self.columns is None else values[..., self.columns]

    def take_window(self, rows, start, n_steps):
        """(n_steps, len(rows), F) values of equally long sequences; a view if it can be."""
        if self.is_dense and self.same_start and self.mapped is None:
            start = start + self.starts[0]
            return self.values.swapaxes(0, 1)[start : start + n_steps, self.block[rows]]
        times = np.arange(start, start + n_steps)
        return self.take(np.asarray(rows)[None, :], times[:, None])

    def where(self, position):
        """Sequence and step of a position in ``flat``."""
        sequence = int(np.searchsorted(self.offsets, position, side="right")) - 1
        return sequence, int(position - self.offsets[sequence])

    def describe(self, row, step=0):
        """Where a place of the storage is, in words."""
        if self.rows_are_steps:
            return f"row {row}"
        if not self.is_dense:
            row, step = self.where(row)
        return f"sequence {row}, step {step}"

    def chunks(self, n_values=1 << 20):
        """Parts of the storage, one after the other: the first row of each, and its features."""
        n = max(1, n_values // max(1, math.prod(self.values.shape[1:])))
        for start in range(0, len(self.values), n):
            chunk = self.values[start : start + n]
            yield start, chunk if self.columns is None else chunk[:, self.columns]
            if self.mapped is not None:
                self.mapped.give_back()

    def gather(self, rows):
        """(sum of T_i, F): all steps of the sequences ``rows``, one after the other."""
        lengths = self.lengths[rows]
        offsets = np.cumsum(lengths) - lengths
        times = np.arange(lengths.sum()) - np.repeat(offsets, lengths)
        return self.take(np.repeat(rows, lengths), times)

    def flat(self):
        """(sum of T_i, F): all steps, sequence after sequence; a view if it can be."""
        if self.is_whole and self.is_dense:
            return self.values.reshape(-1, self.n_features)
        if self.is_whole and self.order is None:
            return self.values if self.columns is None else self.values[:, self.columns]
        return self.gather(np.arange(self.n))

    def as_steps(self):
        """Of dense storage: every sequence as a single step of all its values."""
        blocks = Sequences(self.values.reshape(len(self.values), 1, -1))
        return blocks.select(self.block)

    def in_rows(self, flat):
        """What stands as ``flat`` -> in the order of the rows of the storage."""
        if self.order is None:
            return flat
        answer = np.empty_like(flat)
        answer[self.order] = flat
        return answer

    def same_steps(self, values):
        """Sequences of the same lengths, of values (rows of the storage, .) in its order."""
        return Sequences(values, self.lengths, order=self.order)


# --- memory-mapped arrays: read so that the file does not fill the memory of the process -------------
#
# Pages of a map that were read count as memory of the process until the system needs it, and one access
# may bring in as much as a huge page. Nothing is lost if they are given back: the next access reads them
# again, mostly from the system's cache. That holds for a ``numpy.memmap`` that shares its file. A private
# one, of mode "c", and a map of another kind, which may be private or lie on no file, is left alone: what
# was written there exists nowhere else. So is a small file, as joblib makes of the arrays that it hands
# to other processes: its pages fill nothing, and reading them again costs time.

PAGE = 1 << 21  # bytes that one access may bring in
MANY = 16  # so many of them are given back
SMALL = 1 << 26  # bytes of a file that may stay in memory
SHARED = {"r", "r+", "w+"}  # modes of numpy.memmap whose changes are in the file


class Mapped:
    """The rows of a memory-mapped array.

    Parameters
    ----------
    values : (rows, F) array
    pages : mmap
        The map that it lies in (``map_of``).
    """

    def __init__(self, values, pages):
        self.values, self.pages = values, pages

    def read(self, where):
        """A copy of the rows ``where`` (any shape), with their features as the last axis."""
        flat = where.ravel()
        order = np.argsort(flat, kind="stable")
        page = flat[order] * self.values.strides[0] // PAGE
        first = np.flatnonzero(np.diff(page, prepend=-1))  # where the next page begins
        ends = [*first[MANY::MANY].tolist(), len(flat)]
        rows, start = np.empty((len(flat), self.values.shape[1]), dtype=self.values.dtype), 0
        for end in ends:
            part = order[start:end]
            rows[part] = self.values[flat[part]]
            self.give_back()
            start = end
        return rows.reshape(*where.shape, self.values.shape[1])

    def give_back(self):
        with contextlib.suppress(ValueError, OSError):  # closed meanwhile
            self.pages.madvise(mmap.MADV_DONTNEED)


def mapped(values):
    """``Mapped`` for the rows of a memory-mapped array (..., F); None for others."""
    pages = map_of(values)
    if pages is None or len(pages) < SMALL or not values.flags.c_contiguous:
        return None
    return Mapped(values.reshape(-1, values.shape[-1]), pages)


def map_of(values):
    """The map below an array or a view of one, if its pages can be given back; else None."""
    shared = False
    while isinstance(values, np.ndarray):
        shared |= getattr(values, "mode", None) in SHARED
        values = values.base
    can_give_back = shared and isinstance(values, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED")
    return values if can_give_back else None
