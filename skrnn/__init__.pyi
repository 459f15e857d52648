# Made by .ci/stubs.py of signatures and docstrings: edit those.

from typing import Any, Literal

from skrnn import callbacks as callbacks
from skrnn import classifiers as classifiers
from skrnn import datasets as datasets
from skrnn import distributed as distributed
from skrnn import encoder_decoder as encoder_decoder
from skrnn import encoder_decoder_regressors as encoder_decoder_regressors
from skrnn import exceptions as exceptions
from skrnn import forecasting as forecasting
from skrnn import inspection as inspection
from skrnn import interop as interop
from skrnn import metrics as metrics
from skrnn import model_selection as model_selection
from skrnn import out_of_core as out_of_core
from skrnn import preprocessing as preprocessing
from skrnn import regressors as regressors
from skrnn import streaming as streaming
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

__version__: str

def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[Any, Any] | None: ...
