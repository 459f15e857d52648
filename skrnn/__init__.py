"""Recurrent neural networks as scikit-learn estimators."""

from skrnn._config import show_config
from skrnn.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.encoder_decoder import GRUEncoderDecoder, LSTMEncoderDecoder, RNNEncoderDecoder
from skrnn.forecasting import forecast
from skrnn.preprocessing import SlidingWindow, TimeDistributed, TokenEncoder
from skrnn.regressors import GRURegressor, LSTMRegressor, RNNRegressor

__version__ = "0.1.0"

__all__ = [
    "GRUClassifier",
    "GRUEncoderDecoder",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMEncoderDecoder",
    "LSTMRegressor",
    "RNNClassifier",
    "RNNEncoderDecoder",
    "RNNRegressor",
    "SlidingWindow",
    "TimeDistributed",
    "TokenEncoder",
    "forecast",
    "show_config",
]
