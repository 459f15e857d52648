"""What ``skrnn.forecasting`` is made of.

``forecast``: ``recursive.py`` on ``past.py``. ``Forecaster``, from the table to the answer:
``forecaster.py`` on ``learned.py``, ``intervals.py``, ``strategies.py``, ``inner.py``, ``history.py``,
``target.py``, ``covariates.py``, ``calendar_features.py``, ``panel.py``, ``times.py``, ``clock.py``; each
imports only from those after it.
"""
