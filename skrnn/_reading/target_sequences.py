"""y that holds sequences of numbers of lengths of their own, from what users pass to ``Sequences``.

=========================================  ============================
y                                          is read as
=========================================  ============================
3-D array (n, T, K)                        n sequences of T steps
2-D array or table (n, T)                  the same, of one number each
list or 1-D object array of (T_i, K)       n sequences
list or 1-D object array of (T_i,)         the same, of one number each
=========================================  ============================

What a step of y may hold is what ``targets.py`` says. Errors name y (or y_val), sequence and step.
"""

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.containers import as_items
from skrnn._reading.targets import check_targets, read_targets_per_step
from skrnn._reading.unreadable import reject_unreadable
from skrnn._reading.weights import read_weights
from skrnn._settings.arguments import check_int
from skrnn._settings.quoting import quote

FORMS = (
    "an array (n_sequences, n_timesteps[, n_outputs]), or a list of arrays (n_timesteps_i[, n_outputs])"
)


def read_target_sequences(y, X, names):
    """y as ``Sequences`` of (T_i, K) finite numbers, and whether a step is a number and not a row of K.

    Parameters
    ----------
    X : Sequences that they answer
    names : Names
        With ``model``, what the estimator is called.
    """
    name = names.y
    check_targets(y, X, name, names.X, per_step=True)
    _reject_texts(y, names)
    items = as_items(y, name)
    if items is None:
        items = np.asarray(y)
        _check_array(items, names)
    for i, item in enumerate(items):
        _check_item(item, i, name)
    lengths = list(map(len, items))
    if len(lengths) != len(X):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {names.X} has {len(X)} "
            f"sequences, {name} has {len(lengths)}: every sequence of {names.X} needs its answer."
        )
    flat, is_1d = read_targets_per_step(y, Sequences(np.empty((sum(lengths), 0)), lengths), name)
    return Sequences(flat, lengths), is_1d


def _reject_texts(y, names):
    """Raise a ValueError for sequences of tokens, or text in their place."""
    text = text_in(y)
    if text is not None:
        raise ValueError(
            f"{names.y} holds strings ({quote(text)}), and {names.model} answers with numbers: for "
            f"sequences of tokens use {names.model.replace('Regressor', '')}."
        )


def text_in(X):
    """A string that X, or its first sequence, begins with; None if there is none."""
    for _ in range(2):
        if not isinstance(X, (list, tuple)) and len(getattr(X, "shape", ())) != 1:
            return None
        if hasattr(X, "columns") or not len(X):
            return None
        X = next(iter(X))
        if isinstance(X, str):
            return X
    return None


def _check_array(y, names):
    """Raise a ValueError for an array that is not one of sequences."""
    if y.ndim in (2, 3):
        return
    name, model = names.y, names.model
    how = f"For one number per sequence use {model.replace('EncoderDecoder', '')}."
    raise ValueError(
        f"{name} has shape {y.shape}, but {model} answers every sequence with a sequence: {name} must be "
        f"{FORMS}. {how if y.ndim == 1 else ''}".rstrip()
    )


def _check_item(item, i, name):
    """Raise a ValueError for a sequence that has no steps, or other axes than time and outputs."""
    if item.ndim not in (1, 2):
        raise ValueError(
            f"{name}[{i}] has shape {item.shape}, but the sequences of {name} have one axis of time "
            f"steps, and one of outputs if there are several: {name} must be {FORMS}."
        )
    if not item.size:
        raise ValueError(
            f"Sequence {i} of {name} has no time steps (shape={item.shape}): an answer has one or more. "
            "Leave it out, also from X."
        )


def read_pair_weights(sample_weight, y, names):
    """Sample weights -> (n,) weights of the pairs, and flat weights of the steps of y or None.

    Parameters
    ----------
    y : Sequences
        As read.
    """
    name = names.weight
    reject_unreadable(sample_weight, name)
    items = None if sample_weight is None else as_items(sample_weight, name)
    if items is None and getattr(sample_weight, "ndim", 0) > 1:
        items = np.asarray(sample_weight)
    shapes = [] if items is None else [item.shape for item in items]
    for i, (shape, T) in enumerate(zip(shapes, y.lengths, strict=False)):
        if shape != (T,):
            raise ValueError(
                f"{name} must have one weight for every sequence, or one for every time step of "
                f"{names.y}: {names.y}[{i}] has {T} time steps, {name}[{i}] has shape {shape}."
            )
    return read_weights(sample_weight, y, name, names.y, per_step=True)


def read_horizon(horizon, n, default):
    """(n,) int, how many steps to answer each of n sources.

    Parameters
    ----------
    horizon : int, array-like of int or None
        None: ``default``.
    """
    if np.ndim(horizon) == 0:
        return np.full(n, default if horizon is None else check_int(horizon, "horizon"), dtype=np.intp)
    lengths = np.asarray(horizon)
    if lengths.shape != (n,) or lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise ValueError(
            f"horizon must be an int >= 1, or such an int for each of the {n} sequences of X, got "
            f"{quote(horizon)}."
        )
    return lengths.astype(np.intp)
