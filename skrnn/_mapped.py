"""Pages of memory-mapped arrays: given back after use, so that reading a file does not fill memory.

The pages of a map that were read stay in the memory of the process until the system needs it. Nothing is
lost if they are given back earlier: the next access reads them again, mostly from the system's cache. A
map that is private to the process (mode "c") is left alone, for its changes exist nowhere else.

``Pages(values)`` counts what is read from ``values`` and gives back when it is much.
"""

import contextlib
import mmap

import numpy as np

MUCH = 1 << 26  # bytes
AROUND = 1 << 16  # bytes that the system reads around an access


class Pages:
    """The pages of the file that an array lies in; does nothing for arrays in memory."""

    def __init__(self, values):
        self.map = _map_of(values)
        self.touched = 0

    def touch(self, n_bytes, n_places=1):
        """Count an access to ``n_bytes`` in ``n_places`` that may lie apart."""
        if self.map is None:
            return
        self.touched += n_bytes + n_places * AROUND
        if self.touched > MUCH:
            self.give_back()

    def give_back(self):
        self.touched = 0
        with contextlib.suppress(ValueError, OSError):  # closed meanwhile
            self.map.madvise(mmap.MADV_DONTNEED)


def _map_of(values):
    """The map below an array or a view of one, if its pages can be given back."""
    if not hasattr(mmap, "MADV_DONTNEED"):
        return None
    private = False
    while isinstance(values, np.ndarray):
        private |= getattr(values, "mode", None) == "c"
        values = values.base
    return values if isinstance(values, mmap.mmap) and not private else None
