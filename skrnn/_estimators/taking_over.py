"""Weights from elsewhere: an estimator that is as if it had been fitted to them.

Shapes: theta (P,), the vector of all weights. Every import of weights ends here.
"""

from copy import deepcopy
from dataclasses import replace

from skrnn._engine.model import Model
from skrnn._engine.run import History
from skrnn._estimators.fitted import Fitted


def with_weights(estimator, theta, **units):
    """A copy of a fitted estimator with the weights theta, and the units of y, mean and scale, if given.

    Its curves are empty. What belongs to the weights before, the memory of the solver and the states in
    which the series ended, it does not have.
    """
    facts = estimator._model.facts
    if units:
        facts = replace(facts, targets=replace(facts.targets, **units))
    other = deepcopy(estimator)
    other._publish(Fitted(Model(facts, theta), History()))
    return other
