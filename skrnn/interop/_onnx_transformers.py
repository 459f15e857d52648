"""What stands before the network in a pipeline, in ONNX: scalers, and what is done to whole series.

Shapes: X as ``Given`` has it, (rows, F) or (n, T, F).

Scalers whose formula is a line are written here: to add one, enter it in ``SCALERS``. What else there is
comes from skl2onnx, where that is installed and knows it. Those of this package that look at more than
one step are in ``_onnx_series.py``.
"""

import warnings

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from skrnn._settings.quoting import shorten
from skrnn._transformers.time_distributed import TimeDistributed
from skrnn.interop._onnx_graph import ML, VERSIONS
from skrnn.interop._onnx_network import SEQUENCES
from skrnn.interop._onnx_series import SERIES, not_written


def write_transformers(g, transformers, given):
    """X behind all of them."""
    for transformer in transformers:
        if type(transformer) in SERIES:
            given = SERIES[type(transformer)](g, transformer, given)
        elif given.layout != SEQUENCES:
            given = given._replace(X=_write_scaler(g, transformer, given.X, 2))
        elif type(transformer) is TimeDistributed:
            given = given._replace(X=_write_scaler(g, transformer.transformer_, given.X, 3))
        else:
            raise not_written(transformer)
    return given


# --- scalers ----------------------------------------------------------------------------------------


def _write_scaler(g, transformer, X, n_axes):
    if type(transformer) is Pipeline:
        for _, step in transformer.steps:
            if step is not None and step != "passthrough":
                X = _write_scaler(g, step, X, n_axes)
        return X
    if transformer == "passthrough":
        return X
    if type(transformer) in SCALERS and _has_own(transformer):
        return SCALERS[type(transformer)](g, transformer, X)
    if getattr(transformer, "add_indicator", False):  # skl2onnx leaves it out without a word
        raise not_written(transformer, " with add_indicator=True")
    if _leaves_out_columns(transformer):
        raise not_written(transformer, " that leaves out columns, as they had no values in fit")
    n_features = transformer.n_features_in_
    if n_axes == 2:
        return _by_skl2onnx(g, transformer, X, n_features)
    rows = _by_skl2onnx(g, transformer, g.op("Reshape", X, [-1, n_features]), n_features)
    shape = g.op("Concat", g.op("Slice", g.op("Shape", X), [0], [2]), [-1], axis=0)
    return g.op("Reshape", rows, shape)


def _has_own(transformer):
    """Whether what is written here is all that it does."""
    if type(transformer) is FunctionTransformer:
        return transformer.func is None
    if type(transformer) is SimpleImputer:
        are_nan = isinstance(transformer.missing_values, float) and np.isnan(transformer.missing_values)
        are_numbers = transformer.statistics_.dtype.kind in "iuf"
        return are_nan and are_numbers and not transformer.add_indicator
    return True


def _leaves_out_columns(transformer):
    """Whether it is an imputer in whose fit some columns had no values; skl2onnx keeps them."""
    if not hasattr(transformer, "keep_empty_features"):
        return False
    return len(transformer.get_feature_names_out()) != transformer.n_features_in_


def _imputed(g, imputer, X):
    fill, kept = imputer.statistics_.astype(float), np.flatnonzero(~np.isnan(imputer.statistics_))
    if len(kept) < len(fill):
        X, fill = g.op("Gather", X, kept, axis=-1), fill[kept]
    return g.op("Where", g.op("IsNaN", X), fill, X)


def _standard(g, scaler, X):
    X = g.op("Sub", X, scaler.mean_) if scaler.with_mean else X
    return g.op("Div", X, scaler.scale_) if scaler.with_std else X


def _robust(g, scaler, X):
    X = g.op("Sub", X, scaler.center_) if scaler.with_centering else X
    return g.op("Div", X, scaler.scale_) if scaler.with_scaling else X


def _min_max(g, scaler, X):
    X = g.op("Add", g.op("Mul", X, scaler.scale_), scaler.min_)
    return g.op("Clip", X, *map(float, scaler.feature_range)) if scaler.clip else X


SCALERS = {
    StandardScaler: _standard,
    RobustScaler: _robust,
    MinMaxScaler: _min_max,
    MaxAbsScaler: lambda g, scaler, X: g.op("Div", X, scaler.scale_),
    FunctionTransformer: lambda g, scaler, X: X,
    SimpleImputer: _imputed,
}


def _by_skl2onnx(g, transformer, X, n_features):
    """The graph that skl2onnx makes of a transformer of tables, for X (rows, F)."""
    try:
        import skl2onnx
        from skl2onnx.common import data_types
    except ImportError as error:
        raise not_written(transformer, " itself, and skl2onnx is not installed") from error
    kind = data_types.DoubleTensorType if g.dtype == np.float64 else data_types.FloatTensorType
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other libraries
            model = skl2onnx.convert_sklearn(
                transformer, initial_types=[("X", kind([None, n_features]))],
                target_opset={"": g.opset, ML: VERSIONS[ML]},
            )  # fmt: skip
    except Exception as error:  # skl2onnx has classes of its own, and RuntimeError
        raise not_written(transformer, f", and skl2onnx says: {shorten(error, 200)}") from error
    return g.cast(g.inline(model, X))
