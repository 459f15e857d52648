"""Forecasts: of tables of series, by ``Forecaster``, and of what a regressor reads, by ``forecast``.

What they do stands in ``_forecasting/forecaster.py`` and ``_forecasting/recursive.py``; forecasts to
compare with, which learn nothing, in ``_forecasting/naive.py``; intervals around any predictions in
``_forecasting/conformal.py``.
"""

from skrnn._forecasting.conformal import ConformalRegressor
from skrnn._forecasting.forecaster import Forecaster
from skrnn._forecasting.naive import NaiveForecaster
from skrnn._forecasting.recursive import forecast_steps
from skrnn._settings.texts import complete

__all__ = ["ConformalRegressor", "Forecaster", "NaiveForecaster", "forecast"]


@complete
def forecast(estimator, X, horizon, *, X_future=None, feedback=None):
    """Forecast the steps after the last ones of X.

    The model's prediction for a step is the next value of the columns `feedback` of X: it is written
    there, and so the model reads its own predictions. It must have been fitted to that: with y of a step
    equal to these columns of the next one, in the same units.

    With a pipeline all is in the units of the X that goes into it. Transformers that look at other steps
    than the one they transform are recognised, and are given the whole X again at every step.

    Parameters
    ----------
    estimator : object
        A fitted regressor of skrnn with one target per time step; or a fitted `Pipeline` or
        `TransformedTargetRegressor` around one, or a fitted search that found one. In a pipeline with
        :class:`SlidingWindow`, a regressor with one target per window.
    X : array-like
        The series, with time steps, in the form that the estimator was fitted on; a table with
        `sequence_id` holds several.
    .. forecasts

    Returns
    -------
    .. forecast

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or if X or X_future is a sparse or masked array.
    ValueError
        If X or X_future cannot be read, or holds other columns or series than it should; if
        horizon or feedback are not what they must be; if the network is bidirectional, has one target
        per sequence, a `target_delay` or an embedding; or if a prediction is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import GRURegressor, forecast
    >>> series = 20 + 5 * np.sin(np.arange(200) / 3)[:, None]
    >>> model = GRURegressor(rows="steps", k1=20, max_iter=300, tol=1e-3, random_state=0)
    >>> model = make_pipeline(StandardScaler(), model).fit(series[:-1], series[1:, 0])
    >>> y = forecast(model, series, 10)
    >>> y.shape
    (10,)
    >>> bool(np.abs(y - (20 + 5 * np.sin(np.arange(200, 210) / 3))).max() < 1)
    True
    """
    return forecast_steps(estimator, X, horizon, X_future, feedback)
