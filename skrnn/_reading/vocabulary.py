"""Sequences of any hashable tokens, as people have them, and the numbers that stand for them.

A list of strings (the tokens are their characters) or of lists, tuples or 1-D arrays of hashable
tokens -> a list of lists, checked; a vocabulary, dict of token to number; ``Sequences`` of numbers.
"""

import contextlib
from copy import deepcopy
from decimal import Decimal
from itertools import chain
from numbers import Integral, Real

import numpy as np

from skrnn._engine.storage import NO_TOKEN, Sequences
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import quote


class TokenIds(np.ndarray):
    """Ids of tokens, as a ``TokenEncoder`` makes them: an array that tells that its numbers are names.

    What is computed from it is an ordinary array; slices and copies are ids still.
    """

    def __repr__(self):
        return repr(np.asarray(self))

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)


_FORM = "Pass a list of strings, or a list of lists of tokens."


def read_texts(X, name, *, may_be_empty=True, known=()):
    """X as a list of lists of hashable tokens; raises for what it cannot be.

    Numbers are no tokens if some are not whole, but for those ``known``.
    """
    reject_unreadable(X, name)
    if isinstance(X, (str, bytes)):
        raise ValueError(f"{name} is a single {type(X).__name__}. {_FORM} For one sequence: [{name}].")
    is_list = hasattr(X, "__len__") and hasattr(X, "__getitem__") and getattr(X, "ndim", 1) > 0
    if not is_list or isinstance(X, dict) or hasattr(X, "columns"):  # what a data frame has
        raise ValueError(f"{name} is a {type(X).__name__}. {_FORM}")
    if not len(X):
        raise ValueError(f"{name} has no sequences: at least one is needed.")
    texts = [_read_text(text, i, name) for i, text in enumerate(X)]
    _reject_numbers(texts, name, known)
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
            number = fraction_in(token)
            if number is not None:
                raise ValueError(_no_tokens(number, t, i, name)) from None
            raise TypeError(
                f"Token {t} of sequence {i} of {name} is a {type(token).__name__}, which is not "
                "hashable. Tokens are strings, numbers, tuples and the like. Sequences of vectors of "
                "numbers are for GRUEncoderDecoderRegressor, and for classifiers and regressors, as "
                "GRURegressor."
            ) from None
        if token != token:
            if all(isinstance(one, NUMBERS) for one in text):
                raise ValueError(_no_tokens(token, t, i, name))
            raise ValueError(
                f"Token {t} of sequence {i} of {name} is {quote(token)}, not equal to itself."
            )
    return text


def check_are_known_again(tokens, name):
    """Raise a TypeError for tokens that no copy is equal to: a saved model knows them no more."""
    for token in tokens:
        # None, and members of enums, are their own copies
        if type(token).__eq__ is object.__eq__ and deepcopy(token) != token:
            raise TypeError(
                f"{name} has {quote(token)} as a token, equal to nothing but itself: a model that was "
                "saved would not know it again. Tokens are strings, numbers, tuples and the like; "
                "objects of one's own need __eq__ and __hash__."
            )


# --- numbers that are no tokens ---------------------------------------------------------------------

NUMBERS = Real, Decimal


def _reject_numbers(texts, name, known):
    """Raise a ValueError for numbers that are measured, and no symbols: all are numbers, some not whole.

    Whole numbers that are stored as floats are the same tokens as ints; and where numbers stand among
    other tokens, all are symbols.
    """
    if not may_be_measured(chain.from_iterable(texts)):
        return
    for i, text in enumerate(texts):
        for t, token in enumerate(text):
            number = fraction_in(token)
            if number is not None and token not in known:
                raise ValueError(_no_tokens(number, t, i, name))


def may_be_measured(tokens):
    """Whether all tokens are numbers, or vectors of them, but not all ints."""
    kinds = set(map(type, tokens))
    are_numbers = all(issubclass(kind, (*NUMBERS, tuple)) for kind in kinds)
    return bool(kinds) and are_numbers and not all(issubclass(kind, Integral) for kind in kinds)


def fraction_in(token):
    """A number that is not whole: the token, or one in it, if it is a vector of numbers; else None."""
    if isinstance(token, NUMBERS):
        return None if isinstance(token, Integral) or token % 1 == 0 else token
    if not isinstance(token, (list, tuple)) or not all(isinstance(one, NUMBERS) for one in token):
        return None
    return next((one for one in token if fraction_in(one) is not None), None)


def _no_tokens(number, t, i, name):
    return (
        f"{name} holds numbers that are not whole ({number!s:.40}, token {t} of sequence {i}), but this "
        "encoder-decoder answers symbols with symbols (words, characters, ids), and would take each "
        "different number for one of its own. For sequences of numbers use LSTMEncoderDecoderRegressor, "
        "GRUEncoderDecoderRegressor or RNNEncoderDecoderRegressor; for a number per time step, or per "
        "sequence, GRURegressor. If the numbers are symbols, pass them as strings: "
        f"[[str(v) for v in one] for one in {name}]."
    )


def learn_vocabulary(texts, first, name):
    """Token -> number, from ``first`` on: sorted if they can be, otherwise as they first appear."""
    tokens = list(dict.fromkeys(chain.from_iterable(texts)))
    check_are_known_again(tokens, name)
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
