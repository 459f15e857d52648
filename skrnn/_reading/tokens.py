"""Sequences of tokens (``embedding_size``): ids of a vocabulary, looked up in a learned table.

==============================================  ========  ==================================
X                                               ``kind``  becomes
==============================================  ========  ==================================
list or 1-D object array of 1-D integer arrays  "list"    n sequences of tokens
2-D integer array (n, T)                        "table"   n sequences of T tokens
2-D, one column (``rows="steps"``)              "rows"    series of tokens, one in each row
==============================================  ========  ==================================

Ids are whole numbers from 0 on; whole numbers that are stored as floats are accepted.
"""

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.containers import Container, as_items, as_numbers, reject_unreadable

_STRINGS = "Turn strings into tokens with TokenEncoder."


def read_tokens(X, *, fitted_kind=None, estimator=None, input_name="X"):
    """Read X, sequences of tokens, as a Container. See ``read_sequences`` for the parameters.

    After a list an array is only another form of the same: sequences of equal length. If those of the
    list all had one length, an array has that length, too: scikit-learn's checks take it for a table.
    """
    reject_unreadable(X, input_name)
    items = as_items(X, input_name)
    if items is None or (not len(items)):
        values = as_numbers(X, input_name, _STRINGS, allow_nd=True, estimator=estimator)
        if values.ndim != 2:
            raise ValueError(_wrong_form(input_name, f"a {values.ndim}-D array"))
        kind, n_features_in = ("array", 1) if fitted_kind == "list" else ("table", values.shape[1])
        return Container(Sequences(values[:, :, None], dtype=np.intp), kind, n_features_in)
    for i, item in enumerate(items):
        if item.ndim != 1:
            raise ValueError(_wrong_form(input_name, f"a list of {item.ndim}-D arrays"))
        if not len(item):
            raise ValueError(
                f"Sequence {i} of {input_name} has no tokens: remove it, from y, too, or give it one."
            )
    try:
        values = as_numbers(np.concatenate(items)[:, None], input_name, _STRINGS)
    except (TypeError, ValueError):
        for i, item in enumerate(items):
            as_numbers(item[:, None], f"Sequence {i} of {input_name}", _STRINGS)
        raise
    lengths = list(map(len, items))
    n_columns = lengths[0] if len(set(lengths)) == 1 else None
    return Container(Sequences(values, lengths, dtype=np.intp), "list", 1, n_columns=n_columns)


def _wrong_form(name, what):
    return (
        f"With embedding_size, {name} holds tokens: a list of 1-D integer arrays, or a 2-D integer array "
        f"(n_sequences, n_timesteps). {name} is {what}. Numbers that are no tokens need "
        "embedding_size=None."
    )


def read_rows_of_tokens(container, input_name="X"):
    """A Container of kind "rows" with tokens instead of numbers."""
    sequences = container.sequences
    if sequences.n_features != 1:
        raise ValueError(
            f'With embedding_size and rows="steps", {input_name} has one column of tokens besides its '
            f"sequence_id, but it has {sequences.n_features}."
        )
    sequences.dtype = np.dtype(np.intp)
    return container


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
