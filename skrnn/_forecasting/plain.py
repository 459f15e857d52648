"""What forecasters hold as plain data, for files, and back; as ``_estimators/plain.py`` of estimators.

An object of the classes of ``MODULES`` becomes a dict of its fields, with its class by name under
``KIND``; so do time zones, and tables without rows, of which only the columns matter. What has no such
form, as a column of a dtype of one's own, stays the object that it is: pickles take it, skops does not.
What a file of an earlier version lacks gets the default of its field.

A new class is found by itself, if its module is in ``MODULES``.
"""

import datetime
import inspect
from dataclasses import fields, is_dataclass
from zoneinfo import ZoneInfo

import numpy as np

from skrnn._forecasting import (
    adaptive,
    calendar_features,
    clock,
    covariates,
    embedding,
    history,
    intervals,
    learned,
    panel,
    strategies,
    target,
    times,
)
from skrnn._settings.quoting import shorten

MODULES = (
    adaptive, calendar_features, clock, covariates, embedding, history, intervals, learned, panel,
    strategies, target, times,
)  # fmt: skip
KIND = "kind in skrnn._forecasting"


def _fields_of(cls):
    """Names of the fields of a dataclass or a named tuple; None of another class."""
    return [one.name for one in fields(cls)] if is_dataclass(cls) else getattr(cls, "_fields", None)


def _kinds():
    """Name -> class."""
    for module in MODULES:
        for name, one in vars(module).items():
            is_own = inspect.isclass(one) and one.__module__ == module.__name__
            if is_own and _fields_of(one) is not None:
                yield f"{module.__name__.rpartition('.')[2]}.{name}", one


KINDS = dict(_kinds())
NAMES = {cls: name for name, cls in KINDS.items()}


def state_to_plain(state):
    """The attributes of a forecaster, of which the private ones become plain."""
    return {name: to_plain(one) if name.startswith("_") else one for name, one in state.items()}


def state_from_plain(state, model):
    """What ``state_to_plain`` has made plain; ``model`` is what messages call it."""
    try:
        return {name: from_plain(one) if name.startswith("_") else one for name, one in state.items()}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"This {model} cannot be loaded: what it holds cannot be read ({type(error).__name__}: "
            f"{shorten(error)}). Load it with the version that saved it, or fit and save it again."
        ) from error


def to_plain(value):
    """A value as plain data, as far as it can be."""
    kind = type(value)
    if kind in NAMES:
        values = {name: to_plain(getattr(value, name)) for name in _fields_of(kind)}
        return {KIND: NAMES[kind], **values}
    if kind in (list, tuple):
        return kind(to_plain(one) for one in value)
    if kind is dict:
        return {key: to_plain(one) for key, one in value.items()}
    for write, read in OTHERS.values():
        plain = write(value)
        if plain is not None:
            return plain if _is_same(read(plain), value) else value
    return value


def from_plain(data):
    """The value that ``to_plain`` has made plain."""
    kind = type(data)
    if kind in (list, tuple):
        return kind(from_plain(one) for one in data)
    if kind is not dict:
        return data
    if KIND not in data:
        return {key: from_plain(one) for key, one in data.items()}
    if data[KIND] in OTHERS:
        return OTHERS[data[KIND]][1](data)
    cls = KINDS[data[KIND]]
    return cls(**{name: from_plain(data[name]) for name in _fields_of(cls) if name in data})


def _is_same(a, b):
    """Whether a value has come back as it was; of a table its columns."""
    if hasattr(a, "columns"):
        dtypes = [list(getattr(one, "dtypes")) for one in (a, b)]  # noqa: B009 - of any library
        return list(a.columns) == list(b.columns) and dtypes[0] == dtypes[1]
    return a == b


# --- what is not ours: a value -> data or None, and back --------------------------------------------


def _zone(value):
    if isinstance(value, ZoneInfo) and value.key:
        return {KIND: "zone", "key": value.key}
    return None


def _offset(value):
    if type(value) is datetime.timezone:
        return {KIND: "offset", "seconds": value.utcoffset(None).total_seconds()}
    return None


def _dtype(value):
    return {KIND: "dtype", "name": value.str} if isinstance(value, np.dtype) else None


def _is_of(value, library, name=None):
    kind = type(value)
    return kind.__module__.partition(".")[0] == library and name in (None, kind.__name__)


def _frame_of_pandas(value):
    if not _is_of(value, "pandas", "DataFrame") or len(value):
        return None
    dtypes = [_dtype_of_pandas(one) or str(one) for one in value.dtypes]
    return {KIND: "pandas", "columns": list(value.columns), "dtypes": dtypes}


def _made_frame_of_pandas(data):
    import pandas

    dtypes = [one if isinstance(one, str) else _made_dtype_of_pandas(one) for one in data["dtypes"]]
    empty = [pandas.Series([], dtype=dtype) for dtype in dtypes]
    frame = pandas.concat(empty, axis=1) if empty else pandas.DataFrame()
    frame.columns = data["columns"]
    return frame


def _dtype_of_pandas(value):
    if not (_is_of(value, "pandas") and hasattr(value, "construct_from_string")):
        return None
    if _is_of(value, "pandas", "DatetimeTZDtype"):
        return {KIND: "dtype of pandas", "name": value.unit, "zone": to_plain(value.tz)}
    return {KIND: "dtype of pandas", "name": str(value)}


def _made_dtype_of_pandas(data):
    import pandas

    if "zone" in data:
        return pandas.DatetimeTZDtype(data["name"], from_plain(data["zone"]))
    return pandas.api.types.pandas_dtype(data["name"])


def _frame_of_polars(value):
    if not _is_of(value, "polars", "DataFrame") or len(value):
        return None
    return {
        KIND: "polars",
        "columns": list(value.columns),
        "dtypes": [_dtype_of_polars(one) for one in value.dtypes],
    }


def _made_frame_of_polars(data):
    import polars

    dtypes = map(_made_dtype_of_polars, data["dtypes"])
    return polars.DataFrame(schema=dict(zip(data["columns"], dtypes, strict=True)))


def _dtype_of_polars(value):
    if not _is_of(value, "polars"):
        return None
    of_times = {name: getattr(value, name) for name in ("time_unit", "time_zone") if hasattr(value, name)}
    return {KIND: "dtype of polars", "name": type(value).__name__, "of": of_times}


def _made_dtype_of_polars(data):
    import polars

    return getattr(polars, data["name"])(**data["of"])


OTHERS = {
    "zone": (_zone, lambda data: ZoneInfo(data["key"])),
    "dtype": (_dtype, lambda data: np.dtype(data["name"])),
    "offset": (_offset, lambda data: datetime.timezone(datetime.timedelta(seconds=data["seconds"]))),
    "pandas": (_frame_of_pandas, _made_frame_of_pandas),
    "dtype of pandas": (_dtype_of_pandas, _made_dtype_of_pandas),
    "polars": (_frame_of_polars, _made_frame_of_polars),
    "dtype of polars": (_dtype_of_polars, _made_dtype_of_polars),
}
