"""What skops must be told to trust in a file with estimators of skrnn: their own classes, and no other.

All that they hold is plain data (``_estimators/plain.py``). A new class is found by itself, but
for those of forecasts.
"""

import inspect

from sklearn.base import BaseEstimator

from skrnn import classifiers, encoder_decoder, encoder_decoder_regressors, preprocessing, regressors
from skrnn._estimators.access import is_base
from skrnn._forecasting.conformal import ConformalRegressor
from skrnn._forecasting.forecaster import Forecaster
from skrnn._forecasting.naive import NaiveForecaster

MODULES = (classifiers, encoder_decoder, encoder_decoder_regressors, regressors, preprocessing)


def _classes():
    """All public classes of estimators and transformers, but for those above them."""
    for module in MODULES:
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isclass(found) and issubclass(found, BaseEstimator) and not is_base(found):
                yield found


OF_FORECASTS = (ConformalRegressor, Forecaster, NaiveForecaster)
TRUSTED_TYPES = sorted({f"{cls.__module__}.{cls.__qualname__}" for cls in (*_classes(), *OF_FORECASTS)})
"""Names of the estimators and transformers of skrnn, a list of str: what ``trusted`` of skops takes."""
