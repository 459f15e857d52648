"""Arrays of sequences that were filled up to one length, to lists of sequences, and back.

Shapes: padded (n, T, F), or (n, T) of tokens and targets per step; sequences (T_i, F), or (T_i,).
"""

import warnings

import numpy as np

from skrnn._reading.arrays import as_numbers
from skrnn._reading.containers import as_items, numbers_of_all
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import quote


def from_padded(X, lengths=None, padding_value=None, *, padding="post"):
    """Make a list of sequences of an array in which all were filled up to one length.

    Parameters
    ----------
    X : array-like of shape (n_sequences, n_timesteps, n_features) or (n_sequences, n_timesteps)
        The sequences. Without an axis of features, as tokens and targets per time step are, it is not
        there in the answer either.
    lengths : array-like of shape (n_sequences,), default=None
        The number of time steps of each sequence. Pass this or `padding_value`.
    padding_value : float, default=None
        What the array was filled up with; may be NaN. A time step at the padded end that holds it in all
        its features is padding, and no other is.
    padding : {"post", "pre"}, default="post"
        Whether the padding stands after the sequence or before it, where Keras puts it by default.

    Returns
    -------
    sequences : list of ndarray
        An array of shape (n_timesteps_i, n_features) or (n_timesteps_i,) for each sequence; views of X.

    Raises
    ------
    ValueError
        If X is no such array, if not one of `lengths` and `padding_value` was passed, if lengths are none
        of X, or if a sequence is all padding.
    TypeError
        If X is sparse or masked.

    Warns
    -----
    UserWarning
        If no sequence has the padding value at the end where `padding` says, but some at the other end.

    See Also
    --------
    to_padded : The way back.
    from_long : Sequences of a table whose rows are time steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import from_padded
    >>> X = np.array([[[1.0], [2.0], [0.0]], [[3.0], [0.0], [0.0]]])
    >>> from_padded(X, padding_value=0)
    [array([[1.],
           [2.]]), array([[3.]])]
    >>> from_padded(X, lengths=[3, 1])
    [array([[1.],
           [2.],
           [0.]]), array([[3.]])]
    """
    if padding not in ("post", "pre"):
        raise ValueError(f'padding={quote(padding)}: pass "post" or "pre".')
    reject_unreadable(X, "X")
    if (lengths is None) == (padding_value is None):
        raise ValueError("Pass one of lengths and padding_value: where sequences end is not guessed.")
    X = as_numbers(X, "X", allow_nd=True, ensure_2d=False)
    lengths = None if lengths is None else np.asarray(lengths)
    if X.ndim not in (2, 3) or (lengths is not None and lengths.shape != X.shape[:1]):
        _raise_about_shape(X, lengths)
    lengths = _lengths(X, padding_value, padding) if lengths is None else _checked(lengths, X)
    if padding == "post":
        return [x[:T] for x, T in zip(X, lengths.tolist(), strict=True)]
    return [x[len(x) - T :] for x, T in zip(X, lengths.tolist(), strict=True)]


def _raise_about_shape(X, lengths):
    whole = lengths is not None and lengths.ndim == 1 and lengths.dtype.kind in "iu"
    if whole and lengths.sum() == len(X):
        raise ValueError(
            f"The lengths add up to the {len(X)} rows of X: the sequences stand one after the other, as "
            "hmmlearn's lengths= tells them apart, and nothing is padded. Pass "
            "numpy.split(X, numpy.cumsum(lengths)[:-1]) to the estimators, a list of sequences."
        )
    if X.ndim not in (2, 3):
        raise ValueError(
            f"X is {X.ndim}-D. Expected an array (n_sequences, n_timesteps, n_features), or "
            "(n_sequences, n_timesteps) without an axis of features."
        )
    raise ValueError(
        f"lengths has the shape {lengths.shape}, but X holds {len(X)} sequences: pass one for each."
    )


def _checked(lengths, X):
    """Lengths of the sequences of X; a ValueError if they are none."""
    T = X.shape[1]
    wrong = ~((lengths >= 1) & (lengths <= T)) if lengths.dtype.kind in "iu" else np.ones(len(X), bool)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"lengths[{i}] is {quote(lengths[i])}, but X has {T} time steps: lengths are integers from 1 "
            f"to {T}. Leave out sequences without time steps."
        )
    return lengths


def _lengths(X, value, padding):
    """The number of steps up to the padding at one end."""
    is_padding = np.isnan(X) if np.isnan(value) else value == X
    is_padding = is_padding.reshape(*X.shape[:2], -1).all(axis=2)
    if padding == "post":
        is_padding = is_padding[:, ::-1]
    if not is_padding[:, 0].any() and is_padding[:, -1].any():
        other = "pre" if padding == "post" else "post"
        warnings.warn(
            f"No sequence of X {'ends' if padding == 'post' else 'begins'} with "
            f"padding_value={value}, but some do at their other end: pass padding={quote(other)} if the "
            "padding stands there.",
            stacklevel=3,
        )
    lengths = X.shape[1] - np.where(is_padding.all(axis=1), X.shape[1], np.argmin(is_padding, axis=1))
    if not lengths.all():
        raise ValueError(
            f"Sequence {int(np.argmin(lengths))} of X is all padding: leave it out, from y, too."
        )
    return lengths


def to_padded(X, padding_value=0.0, *, padding="post"):
    """Make one array of sequences of unequal length, filled up to the longest.

    The estimators of skrnn take the sequences as they are, which is faster; this is for others.

    Parameters
    ----------
    X : array-like
        A list or object array of arrays of shape (n_timesteps_i, n_features), or (n_timesteps_i,), or a
        3-D array.
    padding_value : float, default=0.0
        What to fill up with; NaN is possible.
    padding : {"post", "pre"}, default="post"
        Whether to fill up after the sequence or before it.

    Returns
    -------
    padded : ndarray of shape (n_sequences, n_timesteps, n_features) or (n_sequences, n_timesteps)
        The sequences.
    lengths : ndarray of shape (n_sequences,)
        The number of time steps of each.

    Raises
    ------
    ValueError
        If X holds no sequences of numbers, or of different features.
    TypeError
        If X is sparse or masked.

    See Also
    --------
    from_padded : The way back.

    Examples
    --------
    >>> from skrnn.preprocessing import to_padded
    >>> padded, lengths = to_padded([[[1.0], [2.0]], [[3.0]]])
    >>> padded[:, :, 0]
    array([[1., 2.],
           [3., 0.]])
    >>> lengths
    array([2, 1])
    """
    if padding not in ("post", "pre"):
        raise ValueError(f'padding={quote(padding)}: pass "post" or "pre".')
    reject_unreadable(X, "X")
    items = as_items(X, "X")
    items = list(np.asarray(X)) if items is None else items
    shapes = {item.shape[1:] for item in items}
    if len(shapes) != 1 or {item.ndim for item in items} - {1, 2}:
        raise ValueError(
            "X holds no sequences of the same features. Pass a list of arrays (n_timesteps_i, "
            "n_features) or (n_timesteps_i,)."
        )
    steps = numbers_of_all([x[:, None] if x.ndim == 1 else x for x in items], "X")
    lengths = np.array(list(map(len, items)))
    return _filled(steps, lengths, padding_value, padding).reshape(len(items), -1, *shapes.pop()), lengths


def _filled(steps, lengths, value, padding):
    """Steps (sum of T_i, F) -> (n, T, F), filled up with a value, in a dtype that holds it."""
    n, T = len(lengths), int(lengths.max())
    exact = steps.dtype.kind == "f" or (float(value).is_integer() and steps.dtype.kind in "iu")
    dtype = steps.dtype if exact else np.result_type(steps, np.float64)
    padded = np.full((n, T, steps.shape[1]), value, dtype=dtype)
    own = np.arange(T) < lengths[:, None]
    padded[own if padding == "post" else own[:, ::-1]] = steps
    return padded
