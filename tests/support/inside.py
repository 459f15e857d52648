"""What a fitted estimator holds without a public name: the one place of the tests that knows where."""

from dataclasses import replace

from skrnn.cells import CELLS


def model_of(estimator):
    """The ``Model``: facts and theta."""
    return estimator._fitted.model


def set_model(estimator, model):
    estimator._fitted = replace(estimator._fitted, model=model)


def theta_of(estimator):
    """The flat vector of the weights, to be read or changed in place."""
    return model_of(estimator).theta


def set_theta(estimator, theta):
    set_model(estimator, model_of(estimator).with_theta(theta))


def network_of(estimator):
    return model_of(estimator).network()


def views_of(estimator):
    """name -> view into the weights; ``weights_`` are copies."""
    return network_of(estimator).layout.views(theta_of(estimator))


def targets_of(estimator):
    """What was learned of y: ``Numbers``, ``Labels`` or ``Texts``."""
    return model_of(estimator).facts.targets


def facts_of(estimator):
    """What was fitted with, whatever ``set_params`` did since."""
    return model_of(estimator).facts


def change_facts(estimator, **changes):
    model = model_of(estimator)
    set_model(estimator, replace(model, facts=replace(model.facts, **changes)))


def cell_of(estimator):
    """The name of its cell in ``CELLS``."""
    return next(name for name, cell in CELLS.items() if cell is estimator._cell)
