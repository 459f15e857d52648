"""Sequences as they came: slices of an array, of which nothing is copied or converted.

Inside the package this is the one representation of data. ``Sequences`` holds n sequences of lengths
T_i as views and indices, whatever the container was (``_sequences.py``), and gives what is asked for:
the steps of a window, some sequences, pieces of them.
"""

import copy

import numpy as np

from skrnn._mapped import mapped

NO_TOKEN = -1  # stands for a step after the end of a sequence of tokens


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
        What values are read as, whatever is computed in: that of tokens.
    rows_are_steps : bool
        Whether the rows of flat storage are what the user calls rows.

    Attributes
    ----------
    block : (n,) int or None
        Of dense storage: the (T, F) block that holds the sequence.
    starts : (n,) int
        Where in its block, or in flat storage, each sequence begins.
    offsets : (n,) int
        Where each begins if all steps stand one after the other (``flat``).
    """

    def __init__(
        self, values, lengths=None, *, order=None, columns=None, dtype=None, rows_are_steps=False
    ):
        self.rows_are_steps = rows_are_steps
        self.values, self.order, self.columns, self.dtype = values, order, columns, dtype
        self.mapped = mapped(values)
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
        self.starts, self.lengths = starts, lengths
        self.offsets = np.cumsum(lengths) - lengths
        self.same_start = bool((starts == starts[:1]).all())

    def __len__(self):
        return len(self.lengths)

    @property
    def n_features(self):
        return self.values.shape[-1] if self.columns is None else len(self.columns)

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
        n = max(1, n_values // max(1, int(np.prod(self.values.shape[1:]))))
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
        return self.gather(np.arange(len(self)))

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
