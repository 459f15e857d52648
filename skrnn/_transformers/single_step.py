"""What a fitted transformer makes of single rows, without scikit-learn's checks around it.

``twin_of`` gives a function of rows (n, F) that computes what ``transform`` computes, with the same
operations in the same order, so the same bits. Where there is no twin, ``transform`` itself is called: by
scikit-learn's contract a row's answer does not depend on other rows. Transformers of skrnn look at other
steps, and are refused.

A twin of another transformer is one more entry in ``TWINS``: a function of the fitted transformer that
gives the function of rows, or None where it has settings that the twin does not know. Shapes: n streams,
F columns before, C columns after.
"""

from functools import partial, reduce

import numpy as np
from scipy import sparse

from skrnn._reading.arrays import names_of
from skrnn._transformers.base import SequenceTransformer
from skrnn._transformers.time_distributed import TimeDistributed

PROBES = 64  # rows on which a twin is compared with its transformer


def twin_of(transformer):
    """A function of rows, an array or a frame (n, F), that gives an array (n, C)."""
    while isinstance(transformer, TimeDistributed):
        transformer = transformer.transformer_
    if isinstance(transformer, SequenceTransformer):
        raise ValueError(
            f"stream and {type(transformer).__name__} do not go together: it reads sequences, and not "
            "the step alone that comes in. Do what it does yourself, and stream the last step of the "
            "pipeline, model[-1].stream()."
        )
    name = type(transformer).__name__
    make = TWINS.get(name) if type(transformer).__module__.startswith("sklearn.") else None
    twin = make(transformer) if make else None
    return twin or partial(_by_transform, transformer)


def chain(functions):
    """One function after the other."""
    return lambda rows: reduce(lambda values, function: function(values), functions, rows)


def as_floats(rows):
    """Rows as scikit-learn's transformers of numbers read them: floats stay what they are."""
    rows = np.asarray(rows)
    return rows if rows.dtype.kind == "f" else rows.astype(np.float64)


def _by_transform(transformer, rows):
    """``transform``, with the names of the columns that it was fitted on."""
    names = getattr(transformer, "feature_names_in_", None)
    if names is not None and not hasattr(rows, "columns"):
        import pandas as pd

        rows = pd.DataFrame(rows, columns=names).infer_objects()
    answer = transformer.transform(rows)
    if sparse.issparse(answer):
        raise TypeError(f"{type(transformer).__name__} gives sparse output: set sparse_output=False.")
    return np.asarray(answer)


# --- numbers --------------------------------------------------------------------------------------------


def _of_numbers(transformer, *operations):
    """Operations (ufunc, values or None) one after the other on a copy of the rows.

    Whether values are cast to single precision before or after an operation differs from scaler to
    scaler, and from version to version: that is found out on some rows. None, if neither is right.
    """
    operations = [(ufunc, values) for ufunc, values in operations if values is not None]
    ways = {}
    for dtype in map(np.dtype, (np.float32, np.float64)):
        probe = np.random.RandomState(0).normal(size=(PROBES, transformer.n_features_in_)).astype(dtype)
        expected = _by_transform(transformer, probe)
        for casts in (True, False):
            way = [(ufunc, values.astype(dtype) if casts else values) for ufunc, values in operations]
            if np.array_equal(_in_turn(way, probe), expected):
                ways[dtype] = way
    if len(ways) < 2:
        return None

    def twin(rows):
        rows = as_floats(rows)
        if rows.shape[1] != transformer.n_features_in_ or rows.dtype not in ways:
            return _by_transform(transformer, rows)  # its own error, or its own way
        return _in_turn(ways[rows.dtype], rows)

    return twin


def _in_turn(operations, rows):
    rows = rows.copy()
    for ufunc, values in operations:
        ufunc(rows, values, out=rows, casting="same_kind")
    return rows


def _of_standard_scaler(scaler):
    mean = scaler.mean_ if scaler.with_mean else None
    return _of_numbers(scaler, (np.subtract, mean), (np.divide, scaler.scale_))


def _of_min_max_scaler(scaler):
    if scaler.clip:
        return None
    return _of_numbers(scaler, (np.multiply, scaler.scale_), (np.add, scaler.min_))


def _of_max_abs_scaler(scaler):
    return None if getattr(scaler, "clip", False) else _of_numbers(scaler, (np.divide, scaler.scale_))


def _of_robust_scaler(scaler):
    centre = scaler.center_ if scaler.with_centering else None
    scale = scaler.scale_ if scaler.with_scaling else None
    return _of_numbers(scaler, (np.subtract, centre), (np.divide, scale))


# --- categories -----------------------------------------------------------------------------------------


def _codes(encoder):
    """For each column category -> number; None if two of them are equal, or one is missing."""
    codes = [{one: k for k, one in enumerate(values.tolist())} for values in encoder.categories_]
    plain = all(
        len(table) == len(values) and all(one == one and one is not None for one in table)
        for table, values in zip(codes, encoder.categories_, strict=True)
    )
    return codes if plain else None


def _of_ordinal_encoder(encoder):
    codes, unknown = _codes(encoder), encoder.handle_unknown == "use_encoded_value"
    if codes is None or getattr(encoder, "_infrequent_enabled", True):
        return None

    def twin(rows):
        values = np.asarray(rows, dtype=object)
        answer = np.empty(values.shape, dtype=encoder.dtype)
        try:
            for k, table in enumerate(codes):
                for i, one in enumerate(values[:, k].tolist()):
                    answer[i, k] = table.get(one, encoder.unknown_value) if unknown else table[one]
        except (KeyError, TypeError, IndexError):
            return _by_transform(encoder, rows)  # its own error
        return answer

    return twin


def _of_one_hot_encoder(encoder):
    codes, ignores = _codes(encoder), encoder.handle_unknown == "ignore"
    has_rare = getattr(encoder, "_infrequent_enabled", True)
    if codes is None or encoder.drop_idx_ is not None or has_rare or encoder.sparse_output:
        return None
    offsets = np.cumsum([0, *map(len, codes)])

    def twin(rows):
        values = np.asarray(rows, dtype=object)
        answer = np.zeros((len(values), offsets[-1]), dtype=encoder.dtype)
        try:
            for k, table in enumerate(codes):
                for i, one in enumerate(values[:, k].tolist()):
                    number = table.get(one) if ignores else table[one]
                    if number is not None:
                        answer[i, offsets[k] + number] = 1
        except (KeyError, TypeError, IndexError):
            return _by_transform(encoder, rows)  # its own error
        return answer

    return twin


# --- what holds others ----------------------------------------------------------------------------------


def _of_pipeline(pipeline):
    steps = [one for _, one in pipeline.steps if one is not None and not isinstance(one, str)]
    return chain([twin_of(one) for one in steps])


def _of_column_transformer(transformer):
    """The columns of each transformer, and its twin, side by side."""
    names = getattr(transformer, "feature_names_in_", None)
    parts = []
    for name, one, columns in transformer.transformers_:
        positions = _positions(columns, names, transformer.n_features_in_)
        weighted = (transformer.transformer_weights or {}).get(name) is not None
        if positions is None or weighted:
            return None
        if len(positions) and not (isinstance(one, str) and one == "drop"):
            passes = isinstance(one, str) or _is_identity(one)
            parts.append((positions, None if passes else twin_of(one)))
    expected = None if names is None else list(names)

    def twin(rows):
        if rows.shape[1] != transformer.n_features_in_ or not _are_named(rows, expected):
            return _by_transform(transformer, rows)  # its own error, or its own way
        if hasattr(rows, "columns"):
            blocks = [_of_frame(rows, positions, function) for positions, function in parts]
        else:
            blocks = [
                rows[:, positions] if function is None else function(rows[:, positions])
                for positions, function in parts
            ]
        return np.hstack(blocks)

    return twin


def _of_frame(rows, positions, function):
    part = rows.iloc[:, positions] if hasattr(rows, "iloc") else rows[:, positions.tolist()]
    values = part.to_numpy()
    return values if function is None else function(values)


def _are_named(rows, names):
    return names is None or not hasattr(rows, "columns") or names_of(rows) == names


def _is_identity(one):
    """Whether it is the transformer that "passthrough" becomes."""
    return type(one).__name__ == "FunctionTransformer" and one.func is None and not one.validate


def _of_function_transformer(transformer):
    """Its function, if nothing is checked around it."""
    if transformer.validate:
        return None
    if transformer.func is None:
        return np.asarray
    return lambda rows: np.asarray(transformer.func(rows, **(transformer.kw_args or {})))


def _positions(columns, names, n):
    """Columns as scikit-learn names them -> positions; None where it is not known what they are."""
    if callable(columns):
        return None
    columns = [columns] if isinstance(columns, (str, int, np.integer)) else columns
    if isinstance(columns, slice):
        text = any(isinstance(end, str) for end in (columns.start, columns.stop))
        return None if text else np.arange(n)[columns]
    columns = list(columns)
    if any(isinstance(one, str) for one in columns):
        if names is None:
            return None
        where = {name: k for k, name in enumerate(names)}
        return np.array([where[one] for one in columns], dtype=np.intp)
    if any(isinstance(one, (bool, np.bool_)) for one in columns):
        return np.flatnonzero(columns)
    return np.arange(n)[np.array(columns, dtype=np.intp)]


TWINS = {
    "StandardScaler": _of_standard_scaler,
    "MinMaxScaler": _of_min_max_scaler,
    "MaxAbsScaler": _of_max_abs_scaler,
    "RobustScaler": _of_robust_scaler,
    "OrdinalEncoder": _of_ordinal_encoder,
    "OneHotEncoder": _of_one_hot_encoder,
    "FunctionTransformer": _of_function_transformer,
    "ColumnTransformer": _of_column_transformer,
    "Pipeline": _of_pipeline,
}
