"""Splits by time for tables of series, and backtests of forecasts, beside those of scikit-learn.

What they do stands in ``_forecasting/rolling_origin.py`` and ``_forecasting/backtest.py``. A new splitter
is a class with ``split`` and ``get_n_splits``.
"""

from skrnn._forecasting.backtest import backtest
from skrnn._forecasting.rolling_origin import RollingOrigin

__all__ = ["RollingOrigin", "backtest"]
