"""From what users pass to the one representation inside, and predictions back.

The container decides what X is, nothing is guessed from the values:

=========================================  ===========  =========================================
X                                          ``kind``     becomes
=========================================  ===========  =========================================
2-D array, DataFrame, list of equal rows   "table"      n sequences of n_columns / step_features
3-D array (n, T, F)                        "array"      n sequences of T steps, a view
list or 1-D object array of (T_i, F)       "list"       n sequences, one copy
list or object array of unequal 1-D rows   "list"       n sequences of length / step_features
2-D array or DataFrame, rows="steps"       "rows"       series, a row is a step (``rows.py``)
tokens                                     as above     sequences of tokens (``tokens.py``)
=========================================  ===========  =========================================

``shape_answer`` gives predictions the shape that belongs to ``kind``. Targets and weights are read in
``targets.py``. All errors are raised before any weight changes, and name the sequence (and the step)
that is wrong. ``read_X`` in ``reader.py`` picks the reader.
"""

import re
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from skrnn._engine.storage import Sequences


class Rows:
    """The rows of a table of steps, where targets and weights are read as if for ``Sequences``."""

    rows_are_steps = True
    is_dense = False

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


class Container(NamedTuple):
    """X as read: the sequences, the form it came in, and what the estimator publishes of it."""

    sequences: Sequences
    kind: str
    n_features_in: int
    columns: list | None = None  # of a list of frames
    ids: np.ndarray | None = None  # of the sequences of a table of steps
    n_tokens: int | None = None  # 1 + the largest token
    n_columns: int | None = None  # of lists of tokens that are all of one length: that length

    @property
    def units(self):
        """What there is one target and one weight for, if they are not given step by step."""
        return Rows(len(self.sequences.values)) if self.kind == "rows" else self.sequences


def read_sequences(X, *, step_features=1, fitted_kind=None, estimator=None, input_name="X"):
    """Read X, sequences of numbers.

    Parameters
    ----------
    X : any container of the module's table
    step_features : int
        Columns of one time step, for 2-D X and 1-D rows.
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
        For empty X, sequences without steps, and unequal numbers of features.
    """
    reject_unreadable(X, input_name)
    reject_text(X, input_name)
    items = as_items(X, input_name)
    if items is not None and not len(items):
        raise ValueError(
            f"Found {input_name} with 0 sample(s): it is empty, while a minimum of 1 is required."
        )
    ndims = {item.ndim for item in items or ()}
    if ndims == {2}:
        container = _read_list(items, input_name)._replace(columns=_columns(X))
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
        rows = X if items is None else np.stack(items)
        container = _read_array(rows, step_features, estimator, input_name)
    if fitted_kind is None and step_features != 1 and (ndims == {2} or container.kind == "array"):
        raise ValueError(
            f"step_features={step_features} is for 2-D X and lists of 1-D rows. {input_name} is a 3-D "
            "array or a list of 2-D arrays, whose features are its last axis: leave step_features=1."
        )
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
            "to a dense array, or sparse_output=False in the transformer that made it."
        )
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array. For sequences of unequal length pass a list of arrays "
            "(n_timesteps_i, n_features), without padding."
        )


def reject_text(X, name):
    """Raise a ValueError for strings, which are no numbers but may become tokens."""
    one_by_one = isinstance(X, (list, tuple)) or (
        not hasattr(X, "columns") and len(getattr(X, "shape", ())) == 1
    )
    if one_by_one and len(X) and isinstance(next(iter(X)), str):
        raise ValueError(
            f"{name} holds strings, which cannot be read as numbers. Turn strings into tokens with "
            "TokenEncoder before the estimator, in a pipeline, and set embedding_size."
        )


def as_items(X, name):
    """The sequences of a list, a tuple, a Series or a 1-D object array as arrays; else None."""
    if not isinstance(X, (list, tuple)):
        if hasattr(X, "columns") or len(getattr(X, "shape", ())) != 1:
            return None
        X = np.asarray(X)
        if X.dtype != object:
            return None
    items, columns = [], None
    for i, item in enumerate(X):
        reject_unreadable(item, f"{name}[{i}]")
        _check_columns(i, item, columns, name)
        columns = columns if i else getattr(item, "columns", None)
        try:
            items.append(np.asarray(item))
        except ValueError as error:
            raise ValueError(f"Sequence {i} of {name} is not an array: {error}") from error
    scalars = [i for i, item in enumerate(items) if not item.ndim]
    if scalars and len(scalars) == len(items):
        return None  # a list of numbers or labels
    if scalars:
        i = scalars[0]
        raise ValueError(
            f"Sequence {i} of {name} is not an array but {X[i]!r} ({type(X[i]).__name__}), while others "
            "are. Expected one array for every sequence."
        )
    return items


def _columns(X):
    """The names of the columns of the first sequence, if it is a frame."""
    columns = getattr(next(iter(X)), "columns", None)
    return None if columns is None else list(columns)


def _check_columns(i, item, columns, name):
    """Raise if a frame has the columns of the first one in another order."""
    if columns is None or not hasattr(item, "columns") or item.columns is columns:
        return
    these, first = list(item.columns), list(columns)
    if these != first and len(these) == len(first):
        raise ValueError(
            f"Sequence {i} of {name} has the columns {these}, but sequence 0 has {first}. Give all the "
            "same columns in the same order."
        )


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
                + _if_transposed(items, name)
            )
        if not len(item):
            raise ValueError(
                f"Sequence {i} of {name} has no time steps (shape={item.shape}): remove it, from y, too."
            )
    if not n_features:
        raise ValueError(f"{name} has 0 feature(s) per time step while a minimum of 1 is required.")
    try:
        values = as_numbers(np.concatenate(items), name)
    except (TypeError, ValueError):
        for i, item in enumerate(items):
            as_numbers(item, f"Sequence {i} of {name}")
        raise
    return Container(Sequences(values, list(map(len, items))), "list", n_features)


def is_missing(one):
    """Whether a label or an id is None, NaN or NaT."""
    try:
        return one is None or bool(one != one)
    except (TypeError, ValueError):  # pandas.NA is neither; an array is none
        return True


def _if_transposed(items, name):
    """Advice if all sequences have as many rows, but not as many columns."""
    n_rows = {len(item) for item in items}
    if len(n_rows) > 1:
        return ""
    return (
        f" All have {n_rows.pop()} rows: if these are the features, and time runs along the columns, "
        f"pass [x.T for x in {name}]."
    )


def as_numbers(values, name, advice="", **options):
    """``values`` as an array of numbers, by scikit-learn's rules and with its messages, which name it.

    ``advice`` is added to the messages about what is not a number.
    """
    try:
        values = check_array(values, ensure_all_finite=False, input_name=name, **options)
    except (TypeError, ValueError, OverflowError) as error:
        unquoted = re.sub(r"'[^']*'", "", str(error))  # a value is not the name
        if re.search(rf"\b{re.escape(name)}\b", unquoted):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot be read as numbers: {error} {advice}".rstrip()) from error
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} has dtype {values.dtype}, which cannot be read as numbers. {advice}".rstrip()
        )
    return values


def _read_array(X, step_features, estimator, name):
    """2-D and 3-D arrays and what converts to them."""
    X = as_numbers(X, name, allow_nd=True, estimator=estimator)
    if X.ndim == 2:
        return _read_table(X, step_features, name)
    if X.ndim != 3:
        raise ValueError(
            f"Found array {name} with dim {X.ndim}. Expected 2-D (n_sequences, n_columns) or 3-D "
            "(n_sequences, n_timesteps, n_features); see numpy.reshape."
        )
    _, T, F = X.shape
    if not T:
        raise ValueError(
            f"The sequences of {name} have no time steps (shape={X.shape}). Expected (n_sequences, "
            "n_timesteps, n_features) with one time step or more."
        )
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


def check_finite(sequences, dtype, name, advice=None):
    """Raise a ValueError that names the first sequence and step that is not finite in ``dtype``.

    Sequence after sequence, so that no array of the size of X is made. ``advice`` says what to do; by
    default what to do about X.
    """
    values = sequences.values
    if values.dtype.kind not in "fc":
        return
    limit = np.finfo(dtype).max
    for start, chunk in sequences.chunks():
        # a sum is finite if all its terms are; otherwise look again
        with np.errstate(over="ignore", invalid="ignore"):
            fits = np.isfinite(chunk.sum(dtype=dtype)) or bool((np.abs(chunk) <= limit).all())
        if not fits:
            where = np.argwhere(~(np.abs(chunk) <= limit))[0]
            _raise_not_finite(sequences, start, where, chunk, dtype, name, advice)


def _raise_not_finite(sequences, start, where, chunk, dtype, name, advice):
    if np.isnan(chunk[tuple(where)]):
        what = "NaN"
        advice = advice or (
            "Impute missing values first. For sequences of unequal length pass a list of arrays "
            "instead of padding."
        )
    else:
        what = f"infinity or a value too large for {dtype!r}"
        advice = advice or "Scale or clean the data first."
    place = sequences.describe(start + int(where[0]), int(where[1]))
    position = int(where[-1] if sequences.columns is None else sequences.columns[where[-1]])
    raise ValueError(f"Input {name} contains {what}: {place}, position {position}. {advice}")


def axes_advice(X, name="X", *, n_sequences=None, n_timesteps=None, n_features=None):
    """What to add to an error about a 3-D X of which one axis should have had another length.

    Parameters
    ----------
    X : Sequences
    n_sequences, n_timesteps, n_features : int, optional
        The one that was expected.

    Returns
    -------
    advice : str
        Empty, unless another axis of X has the expected length.
    """
    if not X.is_dense or X.values.ndim != 3:
        return ""
    _, T, F = X.values.shape
    time_is = None
    if n_sequences is not None and T == n_sequences:
        time_is, order = "first", (1, 0, 2)
    elif (n_timesteps is not None and F == n_timesteps) or (n_features is not None and T == n_features):
        time_is, order = "last", (0, 2, 1)
    if time_is is None:
        return ""
    return (
        f" {name} has the axes (n_sequences, n_timesteps, n_features), here {X.values.shape}: if time is "
        f"the {time_is} axis of {name}, pass {name}.transpose{order}."
    )


# --- answers --------------------------------------------------------------------------------------


def object_array(items):
    """A 1-D object array of arrays, also when their shapes are equal."""
    answer = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # answer[:] = items would broadcast equal shapes
        answer[i] = item
    return answer


def shape_answer(flat, container):
    """Flat answers per step (sum of T_i[, ...]) in the form of X.

    That is (n, T[, ...]), an object array of (T_i[, ...]), or (n_rows[, ...]) in the order of the rows.
    """
    X = container.sequences
    if container.kind == "list":
        return object_array(np.split(flat, np.cumsum(X.lengths)[:-1]))
    if container.kind == "rows":
        return X.in_rows(flat)
    return flat.reshape(len(X), -1, *flat.shape[1:])
