"""What other packages may ask of an estimator beside its public methods, or do to it.

Only this package touches private attributes of estimators; whoever else needs one has a function here, or
``Inside`` (``unwrap.py``) for what lies behind a pipeline. To add one, write a function of the estimator.
"""


def cell_of(cls):
    """The class of the cell that a class of estimators runs; None for base classes, and for others."""
    return getattr(cls, "_cell", None)


def is_base(cls):
    """Whether a class only stands above classes of estimators."""
    return hasattr(cls, "_cell") and cls._cell is None


def model_of(estimator):
    """The ``Model``; a NotFittedError if there is none yet."""
    return estimator._model


def fitted_of(estimator):
    """The ``Fitted`` of a fitted estimator."""
    return estimator._fitted


def publish(estimator, fitted):
    """Make of an estimator what came out elsewhere, in place of what it was; returns the estimator."""
    estimator._publish(fitted)
    return estimator
