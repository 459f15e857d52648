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
        Of tokens one: a token, or ``NO_TOKEN``.
    """

    values: np.ndarray

    def vector(self, table, dtype):
        """What the first layer reads of it."""
        if table is None:
            return self.values.astype(dtype)
        token = int(self.values[0])
        return np.zeros(table.shape[1], dtype=dtype) if token == NO_TOKEN else table[token]


def read_baseline(baseline, form):
    """``baseline`` as users pass it, for a model that reads X in a ``Form``."""
    if form.has_tokens:
        return Baseline(np.array([_token(baseline, form.n_tokens)]))
    F = form.n_step_features
    if baseline is None:
        return Baseline(np.zeros(F))
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
    return Baseline(np.broadcast_to(values, (F,)))


def _token(baseline, n_tokens):
    if baseline is None:
        return NO_TOKEN
    if not is_int(baseline) or not 0 <= baseline < n_tokens:
        raise ValueError(
            f"baseline={quote(baseline)} is no token: pass an int from 0 to {n_tokens - 1}, or None for "
            "a step without input."
        )
    return int(baseline)
