"""y, from what users pass to flat arrays; the sequences that it belongs to are known.

==================  =====================================================  =======================
targets             y                                                      becomes
==================  =====================================================  =======================
one per sequence    (n,) or (n, K)                                         (n, K)
one per row         (n_rows,) or (n_rows, K)                               (n_rows, K)
one per time step   (n, T), (n, T, K), or a list of (T_i,) or (T_i, K)     (sum of T_i, K)
==================  =====================================================  =======================

What the numbers mean, ``Numbers`` and ``Labels`` (``_estimators``) know. Errors are raised before any
weight changes; they name y (or y_val, sample_weight) and the sequence and step that is wrong.
"""

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import column_or_1d

from skrnn._engine.storage import Sequences
from skrnn._reading.advice import warn
from skrnn._reading.arrays import (
    as_labels,
    as_numbers,
    in_words,
    is_missing,
    names_of,
    reject_times,
)
from skrnn._reading.containers import as_items, axes_advice, check_finite
from skrnn._reading.unreadable import as_array_of, reject_unreadable
from skrnn._settings.quoting import listed, quote

_NOT_FINITE = (
    "Replace it; or leave it out: put any value there, and a weight of zero for that sequence or time "
    "step."
)
_NO_NUMBERS = "For labels use a classifier."


def check_targets(y, X, name, name_X, *, per_step):
    """Raise if y is no array-like at all; with one target per sequence, if there is not one for each."""
    reject_unreadable(y, name)
    shapeless = isinstance(y, (str, bytes, dict, set)) or not hasattr(y, "__len__")
    if (shapeless and not hasattr(y, "__array__")) or getattr(y, "ndim", None) == 0:
        raise ValueError(
            f"{name} must be array-like, with one entry per {_unit(X)}, got {type(y).__name__}."
        )
    fields = getattr(getattr(y, "dtype", None), "names", None)
    if fields:
        raise ValueError(
            f"{name} is a structured array with the fields {listed(fields)}: pass one of them, "
            f"{name}[{quote(fields[0])}]."
        )
    if not per_step:
        check_same_number(y, X, name, name_X)


def check_same_number(y, X, name, name_X="X"):
    """Raise a ValueError with both numbers if there is not one y per sequence."""
    n = len(y) if hasattr(y, "__len__") else len(np.asarray(y))
    if n != X.n:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {name_X} has {len(X)} "
            f"{_unit(X)}s, {name} has {n}."
            + _if_per_series(X, n, name)
            + axes_advice(X, name_X, n_sequences=n)
        )


def _if_per_series(X, n, name):
    """Advice for as many targets as a table of steps has series."""
    if n != getattr(X, "n_series", None):
        return ""
    return (
        f' {name} has one target per series, but rows="steps" needs one for every row. For one per '
        'series pass a list of arrays, one of each series, with rows="sequences".'
    )


def _unit(X):
    return "row" if getattr(X, "rows_are_steps", False) else "sequence"


def read_targets_per_step(y, X, name="y", name_X="X", *, numeric=True):
    """y as (n, T[, K]) array or list of (T_i[, K]) -> flat (sum of T_i, K) array.

    Parameters
    ----------
    X : Sequences that they belong to
    name, name_X : str
        What y and X are called in messages.
    numeric : bool
        Whether they are numbers, which must be finite, and not labels.

    Returns
    -------
    flat : (sum of T_i, K)
    is_1d : bool
        Whether a step has a single number and not a row of K.
    """
    items = as_items(y, name)
    frames = {name: y} if items is None else {f"{name}[{i}]": item for i, item in enumerate(y)}
    if items is None:
        y = np.asarray(y)
        if y.ndim not in (2, 3) or (y.shape == (len(X), 1) and X.lengths.max() > 1):
            raise ValueError(
                f"{name} has shape {y.shape}, but with return_sequences=True it holds one target per "
                "time step: (n_sequences, n_timesteps[, n_outputs]) or a list of arrays "
                f"(n_timesteps_i[, n_outputs]). {_what_was_meant(y, X, name, name_X)}"
            )
        items = y
    _check_lengths(items, X, name, name_X)
    if numeric:
        for label, frame in frames.items():
            reject_times(frame, label)  # NumPy would make numbers of them, or not join them
    is_1d = items[0].ndim == 1
    if isinstance(items, np.ndarray):
        flat = items.reshape(len(items) * items.shape[1], -1)
    else:
        parts = [item.reshape(len(item), -1) for item in items]
        if len({part.shape[1] for part in parts}) > 1:
            raise ValueError(f"The sequences of {name} have different numbers of outputs per step.")
        flat = np.concatenate(parts)
    return _finite_numbers(flat, frames, X, name) if numeric else flat, is_1d


def warn_of_a_column(y, name):
    """Warn if targets per step have an axis of outputs, and a single one."""
    if getattr(y, "ndim", 1) != 3:
        one = as_array_of(next(iter(y)), "one")
        how = f"[{one}[:, 0] for one in {name}], arrays of shape (n_timesteps_i,)"
    else:
        how = f"{name}[..., 0], of shape (n_sequences, n_timesteps)"
    warn(
        f"{name} has one output per time step, on an axis of its own: A column-vector y was passed when "
        f"a 1d array was expected. Pass {how}.",
        DataConversionWarning,
    )


def _finite_numbers(flat, frames, X, name):
    """Targets per step (sum of T_i, K) as finite numbers.

    ``frames``: what they were made of, by name, y itself or its sequences.
    """
    flat = as_numbers(flat, name, advice=_NO_NUMBERS)
    place = None if name in frames else _place_in(next(iter(frames.values())))
    check_finite(Sequences(flat, X.lengths), np.dtype(np.float64), name, _NOT_FINITE, place)
    return flat


def _place_in(frame):
    """(step, output) -> the output in words, if a sequence of targets is a frame; else None."""
    if not hasattr(frame, "columns"):
        return None
    names = names_of(frame)
    return lambda step, k: in_words(names[k])


def _what_was_meant(y, X, name, name_X):
    """Advice for targets per step without an axis of sequences."""
    if len(X) == 1 and len(y) == X.lengths[0]:
        return f"{name_X} is one sequence: pass [{name}]."
    advice = "For one target per sequence set return_sequences=False."
    if X.is_dense and len(y) == len(X):
        advice += (
            f" If the rows of {name_X} are the time steps of one series, pass [{name_X}] and [{name}]."
        )
    return advice


def _check_lengths(items, X, name, name_X):
    check_same_number(items, X, name, name_X)
    if isinstance(items, np.ndarray) and (X.lengths == items.shape[1]).all():
        return
    swapped = all(item.ndim and len(item) == X.n_features for item in items)
    for i, (item, T) in enumerate(zip(items, X.lengths, strict=True)):
        if item.ndim not in (1, 2) or len(item) != T:
            raise ValueError(
                f"With return_sequences=True, {name} needs one entry per time step: sequence {i} has "
                f"{T} steps in {name_X}, but {name}[{i}] has shape {item.shape}."
                + axes_advice(X, name_X, n_timesteps=X.n_features if swapped else None)
            )


def reject_negative(flat, X, loss, name="y"):
    """Raise a ValueError that names the first of the targets (rows, K) that is negative."""
    negative = (flat < 0).any(axis=1)
    if not negative.any():
        return
    i = int(np.argmax(negative))
    where = f"{_unit(X)} {i}"
    if len(flat) != len(X):
        where = "sequence {}, step {}".format(*Sequences(flat, X.lengths).where(i))
    raise ValueError(
        f"{name} has a negative value, but loss={quote(loss)} requires non-negative {name}: {where}. Use "
        "another loss."
    )


def reject_targets_per_step(y, X, name="y"):
    """Raise a ValueError if y holds more than one target, or row of targets, per sequence or row."""
    items = as_items(y, name) if not isinstance(y, np.ndarray) or y.dtype == object else None
    if items is not None and len({item.shape for item in items}) > 1:
        what = "arrays of different lengths"
    else:
        ndim = y.ndim if hasattr(y, "ndim") else np.asarray(y).ndim
        what = f"{ndim} dimensions" if ndim > 2 else None
    if what and X.rows_are_steps:
        raise ValueError(
            f'{name} has {what}, but rows="steps" expects one target per row, (n_rows,) or (n_rows, '
            "n_outputs)."
        )
    if what:
        raise ValueError(
            f"{name} has {what}, but return_sequences=False expects one target per sequence, "
            "(n_sequences,) or (n_sequences, n_outputs). Set return_sequences=True for one target "
            "per time step."
        )


def read_single_targets(y, X, name="y", name_X="X"):
    """Numeric y, (n,) or (n, K), one target per sequence -> (n, K) and whether it was (n,)."""
    reject_targets_per_step(y, X, name)
    columns = names_of(y) if hasattr(y, "columns") else None
    y = as_numbers(y, name, advice=_NO_NUMBERS, ensure_2d=False)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_same_number(y, X, name, name_X)
    flat = y.reshape(len(y), -1)
    check_finite_rows(flat, X, name, columns)
    return flat, y.ndim == 1


def read_labels(y, X, name="y", name_X="X", *, per_step):
    """Labels (rows,), or (rows, K) of an indicator, one per sequence or one per step; none is missing."""
    if per_step:
        y, is_1d = read_targets_per_step(y, X, name, name_X, numeric=False)
        y = y[:, 0] if is_1d else y
    else:
        _reject_lists_of_labels(y, X, name)
        reject_targets_per_step(y, X, name)
        check_same_number(y, X, name, name_X)
    y = as_labels(y, name)
    _reject_collections(y, name, per_step)
    row = _first_missing(y)
    if row is not None:
        where = f"{_unit(X)} {row}"
        if per_step:
            where = "sequence {}, step {}".format(*Sequences(y, X.lengths).where(row))
        what = "infinity" if y.dtype.kind == "f" and np.isinf(y[row]).any() else "NaN"
        what = "NaT, a missing date or time" if y.dtype.kind in "mM" else what
        raise ValueError(f"Input {name} contains {what}: {where}. {_NOT_FINITE}")
    return y


def several_labels(name, *, per_step=False):
    """What to do about targets that list the labels of a sequence, or of a time step."""
    how = f"MultiLabelBinarizer().fit_transform({name})"
    if per_step:
        how = f"[binarizer.transform(one) for one in {name}] by a fitted MultiLabelBinarizer"
    return f"For several labels each pass an indicator of 0 and 1, {how}."


def _reject_collections(y, name, per_step):
    """Raise a ValueError for labels that are sets, or cells of several values."""
    first = y.flat[0] if y.dtype.kind == "O" and y.size else None
    if isinstance(first, (set, frozenset)):
        raise ValueError(f"{name} holds sets of labels. {several_labels(name, per_step=per_step)}")
    if isinstance(first, (dict, list, np.ndarray)):
        raise ValueError(
            f"{name} holds cells of the kind {type(first).__name__} ({quote(first)} in the first), which "
            f"are no labels: pass one label for each. {several_labels(name, per_step=per_step)}"
        )


def _reject_lists_of_labels(y, X, name):
    """Raise a ValueError for lists of different lengths that are not those of the sequences."""
    items = as_items(y, name) if not isinstance(y, np.ndarray) or y.dtype == object else None
    if items is None or len({item.shape for item in items}) < 2 or {item.ndim for item in items} != {1}:
        return
    lengths = getattr(X, "lengths", None)
    if lengths is None or [len(item) for item in items] != lengths.tolist():
        per_step = "" if lengths is None else " For one label per time step set return_sequences=True."
        raise ValueError(
            f"{name} has arrays of different lengths, but one target, or row of targets, is expected "
            f"for every {_unit(X)}. {several_labels(name)}{per_step}"
        )


def _first_missing(y):
    """The first row of labels (rows, ...) that holds None, NaN or infinity; or None."""
    if y.dtype.kind == "f":
        rows = np.argwhere(~np.isfinite(y))[:, 0]
        return int(rows[0]) if len(rows) else None
    if y.dtype.kind in "mM":
        rows = np.argwhere(np.isnat(y))[:, 0]
        return int(rows[0]) if len(rows) else None
    if y.dtype.kind == "O":
        return next((index[0] for index, label in np.ndenumerate(y) if is_missing(label)), None)
    return None


def check_finite_rows(values, X, name, columns=None):
    """Raise a ValueError that names the first row of (n, K) floats that is not finite, and its column."""
    for start in range(0, len(values), 1 << 20):
        finite = np.isfinite(values[start : start + (1 << 20)]).all(axis=1)
        if finite.all():
            continue
        i = start + int(np.argmin(finite))
        isnan = np.isnan(values[i]).any()
        what = "NaN" if isnan else f"infinity or a value too large for {values.dtype!r}"
        advice = "Weights must be finite." if name.startswith("sample_weight") else _NOT_FINITE
        where = f"{_unit(X)} {i}"
        if columns is not None:
            where += f", {in_words(columns[int(np.argmin(np.isfinite(values[i])))])}"
        raise ValueError(f"Input {name} contains {what}: {where}. {advice}")
