"""The estimator of skrnn inside pipelines, searches and the like, and what stands before it.

``unwrap`` looks for it; ``Inside`` is what those who use a fitted estimator from outside get of it: the
``Model``, X read as it reads it, the states that series start from.
"""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import BaseRNN
from skrnn._settings.quoting import shorten

SEARCHES = ("best_estimator_",)
# Where estimators that wrap others keep them, fitted ones first; ``estimator_`` of ensembles is not.
WRAPPERS = (
    "best_estimator_", "regressor_", "estimators_", "calibrated_classifiers_", "estimator_", "estimator",
)  # fmt: skip


class Inside(NamedTuple):
    """What is inside an estimator.

    Attributes
    ----------
    estimator : object
        The innermost one; of skrnn, if there is one.
    transformers : list
        Those of pipelines around it, in the order in which X goes through them.
    wrappers : list
        What else is around it, from the outside to the inside.
    """

    estimator: object
    transformers: list
    wrappers: list

    @property
    def model(self):
        """The ``Model``; an error of scikit-learn if there is none yet."""
        return self.estimator._model

    @property
    def settings(self):
        """The parameters of the estimator as they are now; whether they go together is not asked."""
        return self.estimator._settings_now()

    @property
    def n_threads(self):
        """How many threads calls may use."""
        return self.estimator._n_threads()

    def transform(self, X, end=None):
        """X behind the transformers, or behind the first ones of them."""
        for transformer in self.transformers[:end]:
            try:
                X = transformer.transform(X)
            except (TypeError, ValueError) as error:
                raise_if_of_sequences(error, X, transformer)
                raise
        return X

    def read(self, X):
        """X, transformed, as a container like that of fit."""
        return self.estimator._read_like_fit(X)

    def check_names(self, X):
        """Raise scikit-learn's error for an X, transformed, with other columns than that of fit."""
        self.estimator._check_names(X, self.estimator._fitted)

    def start_states(self, container):
        """The states that the sequences of a container start from; None for zeros."""
        return self.estimator._start_states(container)


def unwrap(estimator, kinds=BaseRNN, through=SEARCHES):
    """What is inside pipelines, and inside what has another estimator in an attribute ``through``.

    The innermost estimator is one of ``kinds`` only if there is one.
    """
    transformers, wrappers = [], []
    while not isinstance(estimator, kinds):
        name, within = _within(estimator, kinds, through)
        if hasattr(estimator, "steps"):  # a pipeline
            steps = [step for _, step in estimator.steps[:-1]]
            transformers += [step for step in steps if step is not None and step != "passthrough"]
            estimator = estimator.steps[-1][1]
        elif name is not None:
            wrappers.append(estimator)
            estimator = within
        else:
            break
    return Inside(estimator, transformers, wrappers)


def _within(estimator, kinds, through):
    """The first attribute ``through`` that is there, and what is in it; of several one of the kinds."""
    for name in through:
        within = getattr(estimator, name, None)
        if isinstance(within, (list, np.ndarray)):
            several = list(np.ravel(np.asarray(within, dtype=object)))
            of_kind = (one for one in several if isinstance(unwrap(one, kinds, through).estimator, kinds))
            within = next(of_kind, several[0] if several else None)
        if within is not None:
            return name, within
    return None, None


def unwrap_fitted(estimator, caller, kinds=BaseRNN):
    """``unwrap`` for a function named ``caller``, which needs a fitted estimator of one of the kinds."""
    inside = unwrap(estimator, kinds)
    if not isinstance(inside.estimator, kinds):
        if hasattr(inside.estimator, "fit"):
            check_is_fitted(inside.estimator)  # a search that was not: that is what is wrong
        raise TypeError(
            f"{caller} needs a fitted estimator of skrnn, or a Pipeline or a search with refit=True that "
            f"ends in one, got {type(inside.estimator).__name__}.{_of_what_is_inside(inside.estimator)}"
        )
    check_is_fitted(inside.estimator)
    return inside


def _of_what_is_inside(estimator):
    """Advice about an estimator of ours around a network, as a Forecaster is."""
    inner = getattr(estimator, "estimator_", None)
    if not type(estimator).__module__.startswith("skrnn.") or inner is None:
        return ""
    return (
        f" Pass its estimator_, the {type(inner).__name__} in it; what {type(estimator).__name__} does "
        "around that, as scaling, is left out then."
    )


def raise_if_of_sequences(error, X, transformer):
    """Raise an error that says what to do if a transformer of tables got sequences."""
    is_ours = type(transformer).__module__.startswith("skrnn.")
    if is_ours or (getattr(X, "ndim", 0) != 3 and not isinstance(X, (list, tuple))):
        return
    name = type(transformer).__name__
    raise ValueError(
        f"{name} reads tables, and X holds sequences: put TimeDistributed({name}()) in its place in the "
        f"pipeline. {name} says: {shorten(error, 200)}"
    ) from error


def is_fitted(estimator):
    """Whether an estimator of skrnn has been fitted."""
    return "_fitted" in vars(estimator)


def answers_per_step(estimator):
    """Whether an estimator answers per time step, as fitted, whatever set_params did since.

    None if it is no fitted estimator of skrnn.
    """
    if not isinstance(estimator, BaseRNN) or not is_fitted(estimator):
        return None
    return estimator._model.facts.per_step
