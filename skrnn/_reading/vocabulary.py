"""Sequences of any hashable tokens, as people have them, and the numbers that stand for them.

A list of strings (the tokens are their characters) or of lists, tuples or 1-D arrays of hashable
tokens -> a list of lists, checked; a vocabulary, dict of token to number; ``Sequences`` of numbers.
"""

import contextlib
from itertools import chain

import numpy as np

from skrnn._engine.storage import NO_TOKEN, Sequences
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import quote

_FORM = "Pass a list of strings, or a list of lists of tokens."


def read_texts(X, name, *, may_be_empty=True):
    """X as a list of lists of hashable tokens; raises for what it cannot be."""
    reject_unreadable(X, name)
    if isinstance(X, (str, bytes)):
        raise ValueError(f"{name} is a single {type(X).__name__}. {_FORM} For one sequence: [{name}].")
    is_list = hasattr(X, "__len__") and hasattr(X, "__getitem__") and getattr(X, "ndim", 1) > 0
    if not is_list or isinstance(X, dict) or hasattr(X, "columns"):  # what a data frame has
        raise ValueError(f"{name} is a {type(X).__name__}. {_FORM}")
    if not len(X):
        raise ValueError(f"{name} has no sequences: at least one is needed.")
    texts = [_read_text(text, i, name) for i, text in enumerate(X)]
    if not may_be_empty and not all(texts):
        i = next(i for i, text in enumerate(texts) if not text)
        raise ValueError(f"Sequence {i} of {name} is empty: an encoder needs something to read.")
    return texts


def _read_text(text, i, name):
    if isinstance(text, np.ndarray) and text.ndim:
        return _hashable(text.tolist(), i, name)
    if isinstance(text, str):
        return list(text)
    if not isinstance(text, (list, tuple)):
        raise ValueError(f"Sequence {i} of {name} is {quote(text)}, a {type(text).__name__}. {_FORM}")
    return _hashable(list(text), i, name)


def _hashable(text, i, name):
    for t, token in enumerate(text):
        try:
            hash(token)
        except TypeError:
            raise TypeError(
                f"Token {t} of sequence {i} of {name} is a {type(token).__name__}, which is not "
                "hashable. Tokens are strings, numbers, tuples and the like."
            ) from None
        if token != token:
            raise ValueError(
                f"Token {t} of sequence {i} of {name} is {quote(token)}, not equal to itself."
            )
    return text


def learn_vocabulary(texts, first):
    """Token -> number, from ``first`` on: sorted if they can be, otherwise as they first appear."""
    tokens = list(dict.fromkeys(chain.from_iterable(texts)))
    with contextlib.suppress(TypeError):  # of types that have no common order
        tokens = sorted(tokens)
    return {token: first + k for k, token in enumerate(tokens)}


def numbers(texts, vocabulary, before=(), after=()):
    """Sequences (T_i, 1) of numbers, ``NO_TOKEN`` for tokens that are not in the vocabulary.

    Every sequence begins with the numbers ``before`` and ends with ``after``.
    """
    ids = [[*before, *(vocabulary.get(token, NO_TOKEN) for token in text), *after] for text in texts]
    flat = np.fromiter(chain.from_iterable(ids), dtype=np.intp)
    return Sequences(flat[:, None], list(map(len, ids)), dtype=np.intp)
