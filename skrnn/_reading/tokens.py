"""Sequences of tokens (``embedding_size``): ids of a vocabulary, looked up in a learned table.

==============================================  ==============  ==================================
X                                               class           becomes
==============================================  ==============  ==================================
list or 1-D object array of 1-D integer arrays  ``TokenList``   n sequences of tokens
2-D integer array (n, T)                        ``TokenTable``  n sequences of T tokens
the same, after a list                          ``TokenArray``  n sequences of T tokens
2-D, one column (``rows="steps"``)              ``TokenSteps``  series of tokens, one in each row
==============================================  ==============  ==================================

Ids are whole numbers from 0 on; whole numbers that are stored as floats are accepted.
"""

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.arrays import as_numbers
from skrnn._reading.containers import Array, SequenceList, Table, numbers_of_all
from skrnn._reading.rows import StepTable
from skrnn._reading.unreadable import as_array_of

_STRINGS = "Turn strings into tokens with TokenEncoder."


class TokenContainer:
    """Mixin: what is looked up in a learned table is a token, and is checked as such."""

    def check(self, form, name):
        self.n_tokens = check_tokens(self.sequences, form.n_tokens, name)


class TokenList(TokenContainer, SequenceList):
    """A list of 1-D integer arrays."""

    has_axes = False

    @staticmethod
    def reads(passed, form):
        return bool(passed.items)

    @classmethod
    def read(cls, passed, form):
        items, name = passed.items, passed.name
        for i, item in enumerate(items):
            if item.ndim != 1:
                how = _as_tokens(item, f"[{{}} for x in {name}]", as_array_of(next(iter(passed.X)), "x"))
                raise ValueError(_wrong_form(name, f"a list of {item.ndim}-D arrays", how))
            if not len(item):
                raise ValueError(
                    f"Sequence {i} of {name} has no tokens: remove it (in fit, from y, too), or give "
                    "it one."
                )
        lengths = list(map(len, items))
        values = numbers_of_all([item[:, None] for item in items], name, _STRINGS)
        n_columns = lengths[0] if len(set(lengths)) == 1 else None
        return cls(Sequences(values, lengths, dtype=np.intp), 1, n_columns=n_columns)


class TokenTable(TokenContainer, Table):
    """A 2-D integer array (n, T)."""

    @staticmethod
    def reads(passed, form):
        return True

    @classmethod
    def read(cls, passed, form):
        values = as_numbers(passed.X, passed.name, _STRINGS, allow_nd=True, estimator=passed.estimator)
        if values.ndim != 2:
            how = _as_tokens(values, "{}", as_array_of(passed.X, passed.name))
            raise ValueError(_wrong_form(passed.name, f"a {values.ndim}-D array", how))
        sequences = Sequences(values[:, :, None], dtype=np.intp)
        if form.container is TokenList:  # an array is only another form of the same
            return TokenArray(sequences, 1)
        return cls(sequences, values.shape[1])


class TokenArray(TokenContainer, Array):
    """A 2-D integer array after a list: sequences of equal length.

    If those of the list all had one length, an array has that length, too: scikit-learn's checks take
    the list for a table.
    """

    has_axes = False

    def shape_as(self, X, flat):
        return flat.reshape(len(self.sequences), -1)


class TokenSteps(TokenContainer, StepTable):
    """A table of time steps with one column of tokens."""

    @classmethod
    def read(cls, passed, form):
        container = super().read(passed, form)
        if container.sequences.n_features != 1:
            values = container.sequences.values
            how = ""
            if form.sequence_id is None:
                how = _as_tokens(values, "{}.reshape(-1, 1)", as_array_of(passed.X, passed.name))
            raise ValueError(
                f'With embedding_size and rows="steps", {passed.name} has one column of tokens besides '
                f"its sequence_id, but it has {container.sequences.n_features}. {how}".rstrip()
            )
        container.sequences.dtype = np.dtype(np.intp)
        return container


def _wrong_form(name, what, how):
    return (
        f"With embedding_size, {name} holds tokens: a list of 1-D integer arrays, or a 2-D integer array "
        f"(n_sequences, n_timesteps). {name} is {what}. {how}Numbers that are no tokens need "
        "embedding_size=None."
    )


def _as_tokens(values, form, name):
    """Advice for tokens on an axis of their own, or one-hot encoded, which stand in the last axis."""
    if values.ndim < 2 or not values.size or values.dtype.kind not in "biuf":
        return ""
    if values.shape[-1] == 1:
        column = f"{name}[{', '.join(':' * (values.ndim - 1))}, 0]"
        return f"Pass {form.format(column)}, without the last axis. "
    is_one_hot = bool(((values == 0) | (values == 1)).all() and (values.sum(axis=-1) == 1).all())
    return f"One-hot encoded tokens are {form.format(name + '.argmax(-1)')}. " if is_one_hot else ""


def check_tokens(sequences, n_tokens, name="X"):
    """Raise a ValueError for what is no token, or none of ``n_tokens``; returns 1 + the largest."""
    largest = -1
    for start, chunk in sequences.chunks():
        what = None
        whole = True if chunk.dtype.kind != "f" else np.isfinite(chunk) & (chunk == np.trunc(chunk))
        if not np.all(whole):
            what, wrong = "{} is not a whole number", ~whole
        elif chunk.size and chunk.min() < 0:
            what, wrong = "{} is negative", chunk < 0
        elif chunk.size and n_tokens is not None and chunk.max() >= n_tokens:
            what = f"{{}} is not below n_tokens={n_tokens}"
            wrong = chunk >= n_tokens
        elif chunk.size and chunk.max() >= 2**62:
            what, wrong = "{} is too large", chunk >= 2**62
        if what is None:
            largest = max(largest, int(chunk.max())) if chunk.size else largest
            continue
        _raise(sequences, start, wrong, chunk, what, name)
    return largest + 1


def _raise(sequences, start, wrong, chunk, what, name):
    where = np.argwhere(wrong)[0]
    value = chunk[tuple(where)]
    place = sequences.describe(start + int(where[0]), int(where[1]))
    if not np.isfinite(value):
        nan = "NaN" if np.isnan(value) else "infinity"
        raise ValueError(f"Input {name} contains {nan}: {place}. {_IDS}")
    prefix = "Negative values in data passed to" if "negative" in what else "No token in"
    raise ValueError(f"{prefix} {name}: {what.format(value)} ({place}). {_IDS}")


_IDS = "Tokens are whole numbers from 0 on, as TokenEncoder makes them."
