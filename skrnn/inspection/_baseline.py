"""What stands in place of an input that is left out: numbers, or a token, or a step without input."""

from typing import NamedTuple

import numpy as np

from skrnn._engine.storage import NO_TOKEN
from skrnn._reading.containers import as_numbers
from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import quote


class Baseline(NamedTuple):
    """A step that says nothing.

    Attributes
    ----------
    values : (F,) array
        Of tokens one: a token, or ``NO_TOKEN``, which codes of categories may also be.
    """

    values: np.ndarray

    def vector(self, network, views):
        """What the first layer reads of it."""
        if network.n_tokens is not None:
            return network.inputs(views, self.values)[0]
        return network.inputs(views, self.values[None].astype(network.dtype))[0]


def read_baseline(baseline, form):
    """``baseline`` as users pass it, for a model that reads X in a ``Form``."""
    if form.has_tokens:
        return Baseline(np.array([_token(baseline, form.n_tokens)]))
    F, coded = form.n_step_features, {k: c.n_values for c in form.categories for k in c.positions}
    if baseline is None:
        values = np.zeros(F)
        values[list(coded)] = NO_TOKEN
        return Baseline(values)
    values = as_numbers(baseline, "baseline", ensure_2d=False, allow_nd=True, ensure_min_samples=0)
    if values.shape not in ((), (F,)):
        raise ValueError(
            f"baseline has shape {values.shape}, but a number is expected, or one for each of the {F} "
            "features of a time step."
        )
    if not np.isfinite(values).all():
        raise ValueError("baseline holds NaN or infinity: pass finite numbers.")
    if (np.abs(values) > np.finfo(form.dtype).max).any():
        raise ValueError(
            f"baseline holds a value too large for {form.dtype}: pass it in the scale of the X in fit."
        )
    values = np.broadcast_to(values, (F,))
    _check_codes(values, coded)
    return Baseline(values)


def _check_codes(values, coded):
    """Raise a ValueError for what is no code of a category; ``coded``: feature -> number of codes."""
    for k, n in coded.items():
        if values[k] != np.trunc(values[k]) or not NO_TOKEN <= values[k] < n:
            raise ValueError(
                f"baseline has {values[k]:g} at position {k}, which holds codes of categories: pass an "
                f"int from 0 to {n - 1}, or -1 for no input."
            )


def _token(baseline, n_tokens):
    if baseline is None:
        return NO_TOKEN
    if not is_int(baseline) or not 0 <= baseline < n_tokens:
        raise ValueError(
            f"baseline={quote(baseline)} is no token: pass an int from 0 to {n_tokens - 1}, or None for "
            "a step without input."
        )
    return int(baseline)
