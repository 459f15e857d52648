"""What a fitted estimator holds without a public name: the one place of the tests that knows where."""

from skrnn.cells import CELLS


def theta_of(model):
    """The flat vector of the weights, to be read or changed in place."""
    return model._theta


def set_theta(model, theta):
    model._theta = theta


def network_of(model):
    return model._network()


def views_of(model):
    """name -> view into the weights; ``weights_`` are copies."""
    return network_of(model).parameters.views(theta_of(model))


def targets_of(model):
    """What was learned of y: a dict."""
    return model._spec["targets"]


def settings_of(model):
    """What was fitted with, a dict, whatever ``set_params`` did since."""
    return model._spec


def change_settings(model, **changes):
    model._spec = {**model._spec, **changes}


def cell_of(model):
    """The name of its cell in ``CELLS``."""
    return next(cell for cell in CELLS if type(model).__name__.lower().startswith(cell))
