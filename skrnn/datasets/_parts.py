"""What the generators of ``skrnn.datasets`` share: drawn lengths, one-hot symbols, cutting to lengths.

n sequences of T_i time steps, K symbols. Sequences of unequal length are made as one array of the longest
length, then cut.
"""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

# Constraints of parameters that most generators have.
SEQUENCES = {
    "n_sequences": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}
STEPS = {"n_timesteps": [Interval(Integral, 1, None, closed="left")], "random_state": ["random_state"]}


def draw_lengths(rng, n, shortest, longest):
    """(n,) lengths, uniform, both ends included."""
    return rng.randint(shortest, longest + 1, size=n)


def cut(values, lengths):
    """(n, T, ...) -> list of n copies (T_i, ...)."""
    return [value[:T].copy() for value, T in zip(values, lengths, strict=True)]


def as_input(ids, n_symbols, one_hot):
    """Ids (n, T) -> (n, T, K) of zeros and ones, or as they are."""
    if not one_hot:
        return ids
    X = np.zeros((*ids.shape, n_symbols))
    np.put_along_axis(X, ids[..., None], 1.0, axis=-1)
    return X
