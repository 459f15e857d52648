"""Values -> arrays of numbers, by scikit-learn's rules; what is none is named with its column.

Columns are called by their names where they have any, else by their positions in what was passed.
"""

import datetime
import re
from functools import partial

import numpy as np
from sklearn import config_context
from sklearn.utils import check_array

from skrnn._reading.unreadable import as_array_of, of_pipelines
from skrnn._settings.quoting import listed, quote, shorten

TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
NESTED = (
    "This is a nested table, as in sktime: pass a list of arrays (n_timesteps, n_features), "
    "[numpy.column_stack(list(row)) for row in {name}.to_numpy()]."
)
ALONE = "Give each of their values a column of its own."
OF_TIMES = (
    "Make numbers of what matters in them, such as the hour or the weekday, or drop the column; what "
    "only orders the rows may be their index."
)
OF_TIMES_ALONE = "Make numbers of them, such as the days since a first one."
OF_TEXT = "Encode it with OneHotEncoder, or with OrdinalEncoder and embedding_size; or drop it."


def checked(values, name, **options):
    """``check_array``, for values that may be missing and of any kind; always a NumPy array."""
    if _passes(values, **options):
        return values
    with config_context(array_api_dispatch=False):
        return check_array(values, ensure_all_finite=False, input_name=name, **options)


def _passes(values, *, ensure_2d=True, allow_nd=False, dtype="numeric", **_):
    """Whether ``check_array`` would only hand values on, which costs as much as a small network does.

    They are numbers (or text, where any dtype will do), not empty, in an array of the right dimensions.
    """
    if type(values) is not np.ndarray or not values.size:
        return False
    kinds, least = "biufU" if dtype is None else "biuf", 2 if ensure_2d else 1
    return values.dtype.kind in kinds and least <= values.ndim and (allow_nd or values.ndim <= 2)


def as_numbers(values, name, advice="", *, columns=None, **options):
    """``values`` as an array of numbers, by scikit-learn's rules.

    Parameters
    ----------
    values : array-like
    name : str
        What they are called in messages.
    advice : str
        Of values that are not those of X: what to do about text.
    columns : list, optional
        Names or positions of the columns in what was passed; default: those of ``values``.
    **options : dict
        Of ``check_array``.

    Raises
    ------
    TypeError, ValueError
        That says what stands where a number should, and what to do.
    """
    tell = partial(_raise_about_columns, values, name, columns, advice)
    reject_times(values, name, columns, advice)
    try:
        array = checked(values, name, **options)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        _raise_about_shape(values, name, str(error))
        tell(error)
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{name} cannot be read as numbers: {shorten(error, 200)} {advice}".rstrip()
        ) from error
    if array.dtype.kind not in "biuf":
        tell()
        raise ValueError(
            f"{name} has dtype {array.dtype}, which cannot be read as numbers. {advice}".rstrip()
        )
    return array


def as_labels(values, name):
    """Values of any kind as an array, by scikit-learn's rules; ValueError if they are none."""
    try:
        return checked(values, name, ensure_2d=False, dtype=None)
    except (TypeError, ValueError) as error:
        _raise_about_shape(values, name, str(error))
        raise ValueError(f"{name} cannot be read as labels: {shorten(error, 200)}") from error


def reject_times(values, name, columns=None, advice=""):
    """Raise a ValueError for dates and times, which NumPy may read as numbers without a word."""
    if _has_times(values):
        _raise_about_columns(values, name, columns, advice)


def reject_ids(frames, name):
    """Raise a ValueError for a column of text or dates of a list of frames that tells these apart.

    It has one value in each frame, and not the same in all, as the parts of a table have its groups.
    """
    frames = list(frames)
    if not (frames and all(hasattr(frame, "columns") and len(frame) for frame in frames)):
        return
    for k, column in enumerate(names_of(frames[0])):
        ids = [_only_one(_column(frame, k)) for frame in frames if k < frame.shape[1]]
        if not all(isinstance(one, (str, *TIMES)) for one in ids) or len(set(ids)) < 2:
            continue
        label = quote(column)
        drop = f"drop(columns={label})" if hasattr(frames[0], "iloc") else f"drop({label})"
        what = "text" if isinstance(ids[0], str) else "dates or times"
        raise ValueError(
            f"Sequence 0 of {name} holds {what} in column {label} ({quote(ids[0])} in all its rows), "
            "which cannot be read as numbers. If it is the id of the sequences, drop that column, "
            f"[x.{drop} for x in {name}], as partition_by does with include_key=False; else encode it."
        )


def _only_one(column):
    """The value that all rows of a column have; None if there are several."""
    first = column[0]
    if is_missing(first):  # pandas' NA is not even equal to itself
        return None
    return first if all(not is_missing(one) and one == first for one in column.tolist()) else None


def reject_nested(X, name):
    """Raise a ValueError for a frame whose cells hold series."""
    if hasattr(X, "columns") and all(X.shape) and not _is_scalar(next(iter(_column(X, 0)), None)):
        _raise_about_columns(X, name, None, "")


def _is_scalar(value):
    return isinstance(value, (str, bytes)) or not hasattr(value, "__len__")


def is_missing(one):
    """Whether a label or an id is None, NaN or NaT."""
    try:
        return one is None or bool(one != one)
    except (TypeError, ValueError):  # pandas.NA is neither; an array is none
        return True


def names_of(values):
    """The columns of a frame; of an array the positions along its last axis."""
    if hasattr(values, "columns"):
        return list(values.columns)
    shape = np.asarray(values).shape
    return list(range(shape[-1])) if len(shape) > 1 else []


def as_frame(X):
    """A table of Arrow (of pyarrow, or what exports one, as DuckDB's relations do) as one of pandas.

    What pandas and polars have is left as it is, and so is all else.
    """
    if type(X) in (np.ndarray, list, tuple) or not hasattr(X, "__arrow_c_stream__"):
        return X
    if type(X).__module__.partition(".")[0] in ("pandas", "polars"):
        return X
    import pyarrow

    if isinstance(X, (pyarrow.Array, pyarrow.ChunkedArray)):
        return X.to_pandas()
    return pyarrow.table(X).to_pandas()


def in_words(column, of_a_table=True):
    """A column that is known by its name, or by its position."""
    what = "column" if of_a_table else "feature"
    return f"{what} {column}" if isinstance(column, (int, np.integer)) else f"{what} {quote(column)}"


# --- what is wrong -----------------------------------------------------------------------------------


def _has_times(values):
    """Whether there are dates or times that NumPy would read as numbers without a word."""
    if hasattr(values, "columns"):
        return any(map(_is_temporal, getattr(values, "dtypes", ())))
    dtype = getattr(values, "dtype", None)
    if isinstance(values, np.ndarray) and values.dtype.kind == "O":
        return any(issubclass(kind, TIMES) for kind in set(map(type, values.flat)))
    return getattr(dtype, "kind", "") in ("m", "M")


def _is_temporal(dtype):
    """Whether a dtype of a frame is of dates, times or durations."""
    if hasattr(dtype, "is_temporal"):  # of polars
        return dtype.is_temporal()
    return getattr(dtype, "kind", "") in ("m", "M")


def _raise_about_shape(values, name, error):
    """Raise what scikit-learn says of the form of values, in a sentence that begins with their name."""
    if "Complex data" in error:
        raise ValueError(
            f"{name} holds complex numbers: Complex data not supported. Pass the real and the imaginary "
            "part as numbers of their own."
        )
    is_empty = hasattr(values, "columns") and not len(values.columns)
    for what in ("sample(s)", "feature(s)"):
        if f" 0 {what}" in error or (is_empty and what == "feature(s)"):
            raise ValueError(
                f"Found {name} with 0 {what} (shape={np.shape(values)}) while a minimum of 1 is required."
            )
    if "unique column names" in error:
        names = names_of(values)
        twice = [one for one in dict.fromkeys(names) if names.count(one) > 1]
        raise ValueError(
            f"{name} has several columns of the name {listed(twice)}: give each a name of its own."
        )
    if "Expected 2D array" in error or "Expected a 2-dimensional" in error:
        _raise_about_dimensions(values, name)
    if "dim <= 2" in error:
        raise ValueError(f"Found array {name} with dim {_ndim(values)}: pass a table (2-D).")


def _ndim(values):
    """Dimensions; np.ndim would ask what is no array of NumPy for its own."""
    return values.ndim if isinstance(getattr(values, "ndim", None), int) else np.asarray(values).ndim


def _raise_about_dimensions(values, name):
    ndim, array = _ndim(values), as_array_of(values, name)
    got = "1D" if ndim else "scalar"
    raise ValueError(
        f"{name} is {ndim}-D (Expected 2D array, got {got} array instead). Reshape your data: "
        f"{array}.reshape(-1, 1) is one column, {array}.reshape(1, -1) one row."
    )


def _raise_about_columns(values, name, columns, advice, error=None):
    """Raise an error about the first column that holds something else than numbers, if there is one."""
    found = _first_that_is_none(values)
    if found is None:
        return
    k, row, value = found
    columns = names_of(values) if columns is None else columns
    where = f" in {in_words(columns[k], _ndim(values) < 3)}" if columns else ""
    kind, what, how = _explain(value, name, advice)
    at = "" if row is None else f" in row {row}"
    if isinstance(value, dict) and hasattr(values, "unnest"):  # of polars.Struct
        kind, what = ValueError, "structs"
        how = f"Make columns of their fields: pass {_written(name)}.unnest({quote(columns[k])})."
    if how.startswith(NESTED[:10]):
        raise kind(f"{name} holds {what}{where}. {how}") from error
    raise kind(
        f"{name} holds {what}{where} ({quote(value)}{at}), which cannot be read as numbers. "
        f"{how}".rstrip()
    ) from error


def _written(name):
    """How one writes what is called so in messages: "Sequence 0 of X" is X[0]."""
    return re.sub(r"^Sequence (\d+) of (\w+)$", r"\2[\1]", name)


def _explain(value, name, advice):
    """The kind of error about a value, what it is, and what to do about it."""
    if isinstance(value, (str, bytes)):
        return ValueError, "text", advice or OF_TEXT + of_pipelines(name)
    if isinstance(value, TIMES) or type(value).__name__ in ("Period", "Interval"):
        return ValueError, "dates or times", OF_TIMES_ALONE if advice else OF_TIMES
    if isinstance(value, int):
        return ValueError, "an integer too large for a float", "Scale the data first."
    if not _is_scalar(value) and not isinstance(value, (dict, set)):
        how = ALONE if advice else NESTED.format(name=_written(name))
        return ValueError, f"cells of the kind {type(value).__name__}", how
    if is_missing(value):
        by = "skrnn.preprocessing.FillForward or SimpleImputer" if "X" in name else "SimpleImputer"
        return ValueError, "missing values", f"Impute them first, by {by}."
    article = "an" if type(value).__name__[0] in "aeiou" else "a"
    what = f"{article} {type(value).__name__}"
    return TypeError, what, "The argument must be a string or a real number."


def _first_that_is_none(values):
    """Column, row (None if it is not known) and value of the first value that is no number; or None."""
    if hasattr(values, "columns"):
        columns = [_column(values, k) for k in range(len(values.columns))]
    else:
        try:
            array = np.asarray(values)
        except (TypeError, ValueError, RuntimeError):
            return None
        columns = [array] if array.ndim < 2 else np.moveaxis(array, -1, 0)
    for lenient in (True, False):
        for k, column in enumerate(columns):
            found = _first_in(column, lenient)
            if found is not None:
                return k, *found
    return None


def _column(frame, k):
    values = frame.iloc[:, k] if hasattr(frame, "iloc") else frame[:, k]
    if _is_temporal(values.dtype) or getattr(values.dtype, "is_nested", bool)():
        return object_array(values.to_list())
    return np.asarray(values)


def object_array(items):
    """A 1-D object array of arrays, also when their shapes are equal."""
    answer = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # answer[:] = items would broadcast equal shapes
        answer[i] = item
    return answer


def _first_in(column, lenient):
    """Row and value of the first value that is no number; or None.

    ``lenient``: pass over what is wrong only if nothing else is, pandas' NA and text of digits.
    """
    if column.dtype.kind in "biufc" or not column.size:
        return None
    for i, value in enumerate(column.flat):
        if not _is_number(value, column.dtype.kind, lenient):
            return (i if column.ndim == 1 else None), value
    return None


def _is_number(value, kind, lenient):
    """Whether a value of an array of that kind is read as a number; among objects text of digits is."""
    if value is None or (lenient and type(value).__name__ == "NAType"):
        return True
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return kind not in ("mMV" if lenient else "mMVUS") and not isinstance(value, TIMES)
