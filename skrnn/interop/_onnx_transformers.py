"""What stands before the network in a pipeline, in ONNX: scalers of time steps, and texts to tokens.

Shapes: X (rows, F), or (n, T, F) behind ``TimeDistributed``; texts (n,), tokens (n, T), n_tokens (n,).

Scalers whose formula is a line are written here: to add one, enter it in ``SCALERS``. What else there is
comes from skl2onnx, where that is installed and knows it.
"""

import warnings

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from skrnn._settings.quoting import quote, shorten
from skrnn._transformers.swap_time_axis import SwapTimeAxis
from skrnn._transformers.time_distributed import TimeDistributed
from skrnn.interop._onnx_graph import ML, ML_VERSION, plain_tokens

# --- numbers ----------------------------------------------------------------------------------------


def write_transformers(g, transformers, X, *, of_sequences):
    """X behind all of them: of tables any of scikit-learn, of sequences only those named below."""
    for transformer in transformers:
        if of_sequences and type(transformer) is SwapTimeAxis:
            X = g.op("Transpose", X, perm=[0, 2, 1])
            continue
        inner, n_axes = transformer, 2
        if of_sequences:
            if type(transformer) is not TimeDistributed:
                raise _not_written(transformer)
            inner, n_axes = transformer.transformer_, 3
        X = _write_scaler(g, inner, X, n_axes)
    return X


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
    n_features = transformer.n_features_in_
    if n_axes == 2:
        return _by_skl2onnx(g, transformer, X, n_features)
    rows = _by_skl2onnx(g, transformer, g.op("Reshape", X, [-1, n_features]), n_features)
    shape = g.op("Concat", g.op("Slice", g.op("Shape", X), [0], [2]), [-1], axis=0)
    return g.op("Reshape", rows, shape)


def _has_own(transformer):
    """A function of one's own is none that could be written."""
    return type(transformer) is not FunctionTransformer or transformer.func is None


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
}


def _by_skl2onnx(g, transformer, X, n_features):
    """The graph that skl2onnx makes of a transformer of tables, for X (rows, F)."""
    try:
        import skl2onnx
        from skl2onnx.common import data_types
    except ImportError as error:
        raise _not_written(transformer, " itself, and skl2onnx is not installed") from error
    kind = data_types.DoubleTensorType if g.dtype == np.float64 else data_types.FloatTensorType
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other libraries
            model = skl2onnx.convert_sklearn(
                transformer, initial_types=[("X", kind([None, n_features]))],
                target_opset={"": g.opset, ML: ML_VERSION},
            )  # fmt: skip
    except Exception as error:  # skl2onnx has classes of its own, and RuntimeError
        raise _not_written(transformer, f", and skl2onnx says: {shorten(error, 200)}") from error
    return g.cast(g.inline(model, X))


def _not_written(transformer, why=""):
    """The error about a transformer that there is no graph of."""
    name = type(transformer).__name__
    return ValueError(
        f"to_onnx does not write {name}{why}. Transform X before the graph reads it, and pass the last "
        "step of the pipeline, estimator[-1]. Of sequences it writes TimeDistributed around scalers, "
        "TokenEncoder and SwapTimeAxis."
    )


# --- texts ------------------------------------------------------------------------------------------


def vocabulary_of(encoder):
    """The tokens in the order of their ids, for the metadata; that of id 0 is None."""
    return [None, *plain_tokens(encoder.vocabulary_)]


def write_encoder(g, encoder, *, lengths):
    """Ids (n, T) of what a ``TokenEncoder`` reads, which is the input X, and how many count (n,).

    ``lengths`` says whether they are an input where texts do not tell.
    """
    if encoder._text_kind is None and not callable(encoder.analyzer):
        return _write_tokens(g, encoder, lengths)
    _check_encoder(g, encoder)
    # of words with white space between them; too short rows are filled up with empty ones
    words, n_words = g.op("StringSplit", g.input("X", str, ["n"]), n=2)
    ids = _ids(g, words, list(encoder.vocabulary_))
    # one step more, so that there is one for a text without words, which is one unknown token
    return g.op("Pad", ids, [0, 0, 0, 1], 0), g.op("Max", n_words, 1)


def _check_encoder(g, encoder):
    """Raise a ValueError for texts that no operator takes apart."""
    how = (
        "With ids=True the graph reads the ids that TokenEncoder.transform gives, padded, with lengths, "
        "and has the vocabulary in its metadata."
    )
    if callable(encoder.analyzer) or encoder.analyzer == "char":
        what = "characters" if encoder.analyzer == "char" else "tokens of one's own"
        raise ValueError(f"ONNX has no operator that takes texts apart into {what}. {how}")
    if encoder.lowercase:
        raise ValueError(
            f"ONNX has no operator that lowers all letters, as TokenEncoder(lowercase=True) does. {how}"
        )
    if g.opset < 20:
        raise ValueError(f"opset={g.opset} cannot take words apart: pass opset=20 or later. {how}")


def _write_tokens(g, encoder, lengths):
    """Lists of tokens are padded arrays of them."""
    tokens = list(encoder.vocabulary_)
    if all(isinstance(token, str) for token in tokens):
        dtype = str
    elif all(isinstance(token, (int, np.integer)) and not isinstance(token, bool) for token in tokens):
        dtype, tokens = np.int64, [int(token) for token in tokens]
    else:
        raise ValueError(
            f"ONNX has no tokens like {quote(tokens[0])}: those of TokenEncoder must be all text, or all "
            "whole numbers. With ids=True the graph reads the ids that TokenEncoder.transform gives."
        )
    X = g.input("X", dtype, ["n", "T"])
    return _ids(g, X, tokens), g.input("lengths", np.int64, ["n"]) if lengths else None


def _ids(g, tokens, vocabulary):
    """The ids of tokens; 0 of those that are not in the vocabulary."""
    kind = "strings" if isinstance(vocabulary[0], str) else "int64s"
    return g.op(
        "LabelEncoder", tokens, domain=ML, default_int64=0,
        values_int64s=list(range(1, len(vocabulary) + 1)), **{f"keys_{kind}": vocabulary},
    )  # fmt: skip
