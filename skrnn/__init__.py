"""Recurrent neural networks as scikit-learn estimators."""

import importlib

from skrnn._config import show_config
from skrnn.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.encoder_decoder import GRUEncoderDecoder, LSTMEncoderDecoder, RNNEncoderDecoder
from skrnn.encoder_decoder_regressors import (
    GRUEncoderDecoderRegressor,
    LSTMEncoderDecoderRegressor,
    RNNEncoderDecoderRegressor,
)
from skrnn.forecasting import ConformalRegressor, Forecaster, NaiveForecaster, forecast
from skrnn.out_of_core import fit_stream
from skrnn.preprocessing import SlidingWindow, TimeDistributed, TokenEncoder
from skrnn.regressors import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.streaming import stream

__version__ = "0.1.0"

# imported when they are first asked for, as scikit-learn's are
_SUBMODULES = (
    "callbacks", "datasets", "distributed", "exceptions", "inspection", "interop", "metrics",
    "model_selection", "streaming",
)  # fmt: skip

__all__ = [
    "ConformalRegressor",
    "Forecaster",
    "GRUClassifier",
    "GRUEncoderDecoder",
    "GRUEncoderDecoderRegressor",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMEncoderDecoder",
    "LSTMEncoderDecoderRegressor",
    "LSTMRegressor",
    "NaiveForecaster",
    "RNNClassifier",
    "RNNEncoderDecoder",
    "RNNEncoderDecoderRegressor",
    "RNNRegressor",
    "SlidingWindow",
    "TimeDistributed",
    "TokenEncoder",
    "fit_stream",
    "forecast",
    "show_config",
    "stream",
]


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"skrnn.{name}")
    raise AttributeError(f"module 'skrnn' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_SUBMODULES])
