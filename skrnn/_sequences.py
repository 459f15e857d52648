"""From what users pass to the one representation inside, and predictions back.

The container decides what X is, nothing is guessed from the values:

=========================================  ===========  =========================================
X                                          ``kind``     becomes
=========================================  ===========  =========================================
2-D array, DataFrame, list of equal rows   "table"      n sequences of n_columns / step_features
3-D array (n, T, F)                        "array"      n sequences of T steps, a view
list or 1-D object array of (T_i, F)       "list"       n sequences, one copy
list or object array of unequal 1-D rows   "list"       n sequences of length / step_features
=========================================  ===========  =========================================

Targets per step have the same shape as X has in time; ``shape_answer`` gives predictions the shape
that belongs to ``kind``. All errors are raised here, before any weight changes, and name the
sequence (and the step) that is wrong. A new container is one more branch in ``read_X``.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import column_or_1d

from skrnn._batches import Sequences


class Container(NamedTuple):
    """X as read: the sequences, the form it came in, and what the estimator publishes of it."""

    sequences: Sequences
    kind: str
    n_features_in: int


def read_X(X, *, step_features=1, dtype=None, fitted_kind=None, estimator=None, input_name="X"):
    """Read X.

    Parameters
    ----------
    X : any container of the module's table
    step_features : int
        Columns of one time step, for 2-D X and 1-D rows.
    dtype : dtype or None
        What will be computed in; None: ``choose_dtype`` of X's. Values are cast later, window by
        window; here it is checked that they are finite then.
    fitted_kind : str, optional
        ``kind`` of the X that was fitted. After one that was not a table, a list of 1-D rows is a list
        of sequences also when by chance they have equal length; and ``step_features`` is then known
        to have been right.
    estimator, input_name : str
        What the estimator and X are called in messages.

    Raises
    ------
    TypeError
        For sparse and masked X.
    ValueError
        For empty X, sequences without steps, unequal numbers of features, NaN and infinity.
    """
    reject_unreadable(X, input_name)
    items = as_items(X, input_name)
    ndims = {item.ndim for item in items or ()}
    if ndims == {2}:
        container = _read_list(items, input_name)
    elif ndims == {1} and (fitted_kind in ("list", "array") or len(set(map(len, items))) > 1):
        rows = [_reshape_row(i, x, step_features, input_name) for i, x in enumerate(items)]
        container = _read_list(rows, input_name)
    elif len(ndims) > 1 or max(ndims, default=0) > 2:
        what = f"{input_name} is a list of {max(ndims)}-D arrays"
        if len(ndims) > 1:
            what = f"The sequences of {input_name} have different numbers of dimensions: {sorted(ndims)}"
        raise ValueError(
            f"{what}. Expected a list of 2-D arrays (n_timesteps, n_features), one per sequence, or one "
            "3-D array (n_sequences, n_timesteps, n_features)."
        )
    else:
        container = _read_array(X, step_features, estimator, input_name)
    if fitted_kind is None and step_features != 1 and (ndims == {2} or container.kind == "array"):
        raise ValueError(
            f"step_features={step_features} is for 2-D X and lists of 1-D rows. {input_name} is a 3-D "
            "array or a list of 2-D arrays, whose features are its last axis: leave step_features=1."
        )
    sequences = container.sequences
    check_finite(sequences, dtype or choose_dtype(sequences.values.dtype), input_name)
    return container


def choose_dtype(dtype):
    """What is computed in for data of ``dtype``: float32 stays, float16 rises to it."""
    dtype = np.dtype(dtype)
    return np.dtype(np.float32 if dtype.kind == "f" and dtype.itemsize <= 4 else np.float64)


def reject_unreadable(X, name):
    """Raise a TypeError for what is neither dense nor complete."""
    if sparse.issparse(X):
        raise TypeError(
            f"Sparse {name} was passed, but dense data is required. Use {name}.toarray() to convert it "
            "to a dense array."
        )
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array. For sequences of unequal length pass a list of arrays "
            "(n_timesteps_i, n_features), without padding."
        )


def as_items(X, name):
    """The sequences of a list, a tuple, a Series or a 1-D object array as arrays; else None."""
    if not isinstance(X, (list, tuple)):
        if hasattr(X, "columns") or getattr(X, "ndim", None) != 1:
            return None
        values = np.asarray(X)
        if values.dtype != object or not len(values) or np.ndim(values[0]) == 0:
            return None
        X = values
    items = []
    for i, item in enumerate(X):
        reject_unreadable(item, name)
        try:
            items.append(np.asarray(item))
        except ValueError as error:
            raise ValueError(f"Sequence {i} of {name} is not an array: {error}") from error
        if items[-1].ndim == 0:
            return None  # a list of numbers: left to the message about 1-D arrays
    return items


def _reshape_row(i, row, step_features, name):
    if len(row) % step_features:
        raise ValueError(
            f"Sequence {i} of {name} has {len(row)} values, which is not a multiple of "
            f"step_features={step_features}."
        )
    return row.reshape(-1, step_features)


def _read_list(items, name):
    """List of (T_i, F)."""
    n_features = items[0].shape[1]
    for i, item in enumerate(items):
        if item.shape[1] != n_features:
            raise ValueError(
                f"Sequence {i} of {name} has {item.shape[1]} features, but sequence 0 has {n_features}. "
                "Every sequence must be an array (n_timesteps, n_features) with the same n_features."
            )
        if not len(item):
            raise ValueError(f"Sequence {i} of {name} has no time steps (shape={item.shape}).")
    if not n_features:
        raise ValueError(f"{name} has 0 feature(s) per time step while a minimum of 1 is required.")
    values = _numeric(np.concatenate(items), name)
    return Container(Sequences(values, list(map(len, items))), "list", n_features)


def _numeric(values, name, **options):
    """``values`` as an array of numbers, by scikit-learn's rules and with its messages."""
    values = check_array(values, ensure_all_finite=False, input_name=name, **options)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {values.dtype}, which cannot be read as numbers.")
    return values


def _read_array(X, step_features, estimator, name):
    """2-D and 3-D arrays and what converts to them."""
    X = _numeric(X, name, allow_nd=True, estimator=estimator)
    if X.ndim == 2:
        return _read_table(X, step_features, name)
    if X.ndim != 3:
        raise ValueError(
            f"Found array {name} with dim {X.ndim}. Expected 2-D (n_sequences, n_columns) or 3-D "
            "(n_sequences, n_timesteps, n_features); see numpy.reshape."
        )
    _, T, F = X.shape
    if not T:
        raise ValueError(f"The sequences of {name} have no time steps (shape={X.shape}).")
    if not F:
        raise ValueError(f"{name} has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    return Container(Sequences(X), "array", F)


def _read_table(X, step_features, name):
    n, n_columns = X.shape
    if n_columns % step_features:
        raise ValueError(
            f"{name} has {n_columns} columns, which is not a multiple of step_features={step_features}."
        )
    return Container(Sequences(X.reshape(n, -1, step_features)), "table", n_columns)


def check_finite(sequences, dtype, name):
    """Raise a ValueError that names the first sequence and step that is not finite in ``dtype``.

    Sequence after sequence, so that no array of the size of X is made.
    """
    values = sequences.values
    if values.dtype.kind not in "fc":
        return
    limit = np.finfo(dtype).max
    rows = max(1, (1 << 20) // max(1, int(np.prod(values.shape[1:]))))
    for start in range(0, len(values), rows):
        chunk = values[start : start + rows]
        # a sum is finite if all its terms are; otherwise look again
        with np.errstate(over="ignore", invalid="ignore"):
            fits = np.isfinite(chunk.sum(dtype=dtype)) or bool((np.abs(chunk) <= limit).all())
        if not fits:
            where = np.argwhere(~(np.abs(chunk) <= limit))[0]
            _raise_not_finite(sequences, start, where, chunk, dtype, name)


def _raise_not_finite(sequences, start, where, chunk, dtype, name):
    if np.isnan(chunk[tuple(where)]):
        what = "NaN"
        advice = (
            "Impute missing values first. For sequences of unequal length pass a list of arrays "
            "instead of padding."
        )
    else:
        what, advice = (
            f"infinity or a value too large for {dtype!r}",
            "Scale or clean the data first.",
        )
    row = start + int(where[0])
    if sequences.is_dense:
        sequence, step = row, int(where[1])
    else:
        sequence = int(np.searchsorted(sequences.starts, row, side="right")) - 1
        step = row - int(sequences.starts[sequence])
    raise ValueError(
        f"Input {name} contains {what}: sequence {sequence}, step {step}, "
        f"position {int(where[-1])}. {advice}"
    )


# --- targets and weights --------------------------------------------------------------------------


def read_targets_per_step(y, X, name="y", numeric=True):
    """y as (n, T[, K]) array or list of (T_i[, K]) -> flat (sum of T_i, K) array.

    Parameters
    ----------
    X : Sequences that they belong to

    Returns
    -------
    flat : (sum of T_i, K)
    is_1d : bool
        Whether a step has a single number and not a row of K.
    """
    items = as_items(y, name)
    if items is None:
        y = np.asarray(y)
        if y.ndim not in (2, 3):
            raise ValueError(
                f"{name} has shape {y.shape}, but with return_sequences=True it holds one target per "
                "time step: (n_sequences, n_timesteps[, n_outputs]) or a list of arrays "
                "(n_timesteps_i[, n_outputs]). For one target per sequence set "
                "return_sequences=False."
            )
        items = y
    _check_lengths(items, X, name)
    is_1d = items[0].ndim == 1
    parts = [item.reshape(len(item), -1) for item in items]
    if len({part.shape[1] for part in parts}) > 1:
        raise ValueError(f"The sequences of {name} have different numbers of outputs per step.")
    flat = np.concatenate(parts)
    if numeric:
        flat = _numeric(flat, name).astype(np.float64, copy=False)
        check_finite(Sequences(flat, X.lengths), np.dtype(np.float64), name)
    return flat, is_1d


def _check_lengths(items, X, name):
    if len(items) != len(X):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {len(X)} sequences, "
            f"{name} has {len(items)}."
        )
    for i, (item, T) in enumerate(zip(items, X.lengths, strict=True)):
        if item.ndim not in (1, 2) or len(item) != T:
            raise ValueError(
                f"With return_sequences=True, {name} needs one entry per time step: sequence {i} has "
                f"{T} steps in X, but {name}[{i}] has shape {item.shape}."
            )


def reject_targets_per_step(y, name="y"):
    """Raise a ValueError if y holds more than one target, or row of targets, per sequence."""
    items = as_items(y, name) if not isinstance(y, np.ndarray) or y.dtype == object else None
    if items is not None and len({item.shape for item in items}) > 1:
        what = "arrays of different lengths"
    else:
        ndim = y.ndim if hasattr(y, "ndim") else np.asarray(y).ndim
        what = f"{ndim} dimensions" if ndim > 2 else None
    if what:
        raise ValueError(
            f"{name} has {what}, but return_sequences=False expects one target per sequence, "
            "(n_sequences,) or (n_sequences, n_outputs). Set return_sequences=True for one target "
            "per time step."
        )


def read_single_targets(y, X, name="y"):
    """Numeric y, (n,) or (n, K), one target per sequence -> (n, K) and whether it was (n,)."""
    reject_targets_per_step(y, name)
    y = check_array(y, ensure_2d=False, dtype="numeric", input_name=name)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_same_number(y, X, name)
    return y.reshape(len(y), -1).astype(np.float64, copy=False), y.ndim == 1


def check_same_number(y, X, name, name_X="X"):
    """Raise a ValueError with both numbers if there is not one y per sequence."""
    n = len(y) if hasattr(y, "__len__") else len(np.asarray(y))
    if n != len(X):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {name_X} has {len(X)} "
            f"sequences, {name} has {n}."
        )


def read_weights(sample_weight, X, per_step, name="sample_weight"):
    """Sample weights -> (n,) weights of the sequences, and flat weights of the steps or None.

    Accepts None, a number, (n,), and with targets per step also weights shaped as them.
    """
    n = len(X)
    if sample_weight is None:
        return np.ones(n), None
    if per_step and (as_items(sample_weight, name) is not None or np.asarray(sample_weight).ndim == 2):
        flat, _ = read_targets_per_step(sample_weight, X, name)
        if flat.shape[1] != 1:
            raise ValueError(f"{name} must have one number per time step.")
        weight, steps = np.ones(n), flat[:, 0].astype(np.float64)
    else:
        weight, steps = np.asarray(sample_weight), None
        if weight.ndim == 0:
            weight = np.full(n, weight)
        if weight.ndim != 1:
            raise ValueError(
                "Sample weights must be 1D array or scalar"
                + (" or shaped as the targets" if per_step else "")
                + f", got {weight.ndim}-D {name}."
            )
        if len(weight) != n:
            raise ValueError(f"{name}.shape == {weight.shape}, expected {(n,)}!")
        weight = check_array(
            weight, ensure_2d=False, dtype=np.float64, ensure_min_samples=0, input_name=name
        )
    values = weight if steps is None else steps
    if (values < 0).any():
        raise ValueError(f"{name} has a negative value at position {int(np.argmax(values < 0))}.")
    if not values.any():
        raise ValueError(f"{name} must contain at least one non-zero weight: all are zero.")
    return weight, steps


# --- answers --------------------------------------------------------------------------------------


def object_array(items):
    """A 1-D object array of arrays, also when their shapes are equal."""
    answer = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # answer[:] = items would broadcast equal shapes
        answer[i] = item
    return answer


def shape_answer(flat, container):
    """Flat answers per step, (sum of T_i[, ...]) -> (n, T[, ...]) or an object array of (T_i[, ...])."""
    X = container.sequences
    if container.kind == "list":
        return object_array(np.split(flat, np.cumsum(X.lengths)[:-1]))
    return flat.reshape(len(X), -1, *flat.shape[1:])
