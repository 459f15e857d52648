"""Recurrent neural networks as scikit-learn estimators."""

from skrnn._config import show_config
from skrnn.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.encoder_decoder import GRUEncoderDecoder, LSTMEncoderDecoder, RNNEncoderDecoder
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
    "show_config",
]
