"""Memory-mapped arrays: read in such a way that the file does not fill the memory of the process.

Pages of a map that were read count as memory of the process until the system needs it, and one access may
bring in as much as a huge page. Nothing is lost if they are given back: the next access reads them again,
mostly from the system's cache. That holds for a ``numpy.memmap`` that shares its file. A private one, of
mode "c", and a map of another kind, which may be private or lie on no file, is left alone: what was
written there exists nowhere else. So is a small file, as joblib makes of the arrays that it hands to
other processes: its pages fill nothing, and reading them again costs time.

Shapes: ``values`` (rows, F), row after row in the file.
"""

import contextlib
import mmap

import numpy as np

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
