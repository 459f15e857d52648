"""Sample weights, from what users pass to one for every sequence, or one for every time step.

Shapes: (n,) weights of the n sequences (or rows of a table of steps), and, where they were given step by
step, flat ones (sum of T_i,).
"""

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.arrays import as_numbers
from skrnn._reading.containers import as_items
from skrnn._reading.targets import check_finite_rows, read_targets_per_step
from skrnn._reading.unreadable import reject_unreadable

WEIGHTS = "Weights are numbers, one for every sample."

LEAST_SUM, LARGEST_SUM = 1e-290, 1e290  # of weights: far from where floating-point numbers end


def read_weights(sample_weight, X, name="sample_weight", name_X="X", *, per_step, may_vanish=False):
    """Sample weights -> (n,) weights of the sequences, and flat weights of the steps or None.

    Accepts None, a number, (n,), and with targets per step also weights shaped as them; all of them may
    be zero only with ``may_vanish``, where others have more.
    """
    if sample_weight is None:
        return ones(len(X)), None
    reject_unreadable(sample_weight, name)
    items = as_items(sample_weight, name)
    if per_step and (items is not None or np.asarray(sample_weight).ndim == 2):
        flat, _ = read_targets_per_step(sample_weight, X, name, name_X)
        if flat.shape[1] != 1:
            raise ValueError(f"{name} must have one number per time step.")
        weight, steps = np.ones(len(X)), flat[:, 0].astype(np.float64)
    else:
        weight, steps = _weights_of_sequences(sample_weight, items, X, name, per_step), None
    values = weight if steps is None else steps
    if (values < 0).any():
        i = int(np.argmax(values < 0))
        where = f"position {i}"
        if steps is not None:
            where = "sequence {}, step {}".format(*Sequences(flat, X.lengths).where(i))
        raise ValueError(
            f"{name} has a negative value at {where}. Weights must be >= 0; zero leaves something out."
        )
    if not (may_vanish or values.any()):
        raise ValueError(f"{name} must contain at least one non-zero weight: all are zero.")
    if values.any():
        check_sum(values, X.lengths if per_step and steps is None else 1, name)
    return weight, steps


def check_sum(values, times, name):
    """Raise a ValueError if what is divided by the sum of weights would overflow or vanish.

    ``values`` are the weights, and ``times`` how often each of them counts.
    """
    with np.errstate(over="ignore"):
        total = (values * times).sum()
    if not LEAST_SUM <= total <= LARGEST_SUM:
        raise ValueError(
            f"{name} adds up to {total:.3g} over all targets. Divide all weights by their mean: only how "
            "they compare with each other counts, and with alpha."
        )


def ones(n):
    """(n,) weights of 1, without memory."""
    return np.broadcast_to(np.float64(1), (n,))


def is_ones(weight):
    """Whether these are the ``ones``."""
    return weight.strides == (0,) and weight[0] == 1


def weight_of_rows(weight, step_weight, X, n):
    """(n,) weights of all targets, from those of sequences (n_sequences,) or of steps (n,) or None."""
    if step_weight is not None:
        return step_weight
    if len(weight) == n:
        return weight
    return ones(n) if is_ones(weight) else np.repeat(weight, X.lengths)


def _weights_of_sequences(sample_weight, items, X, name, per_step):
    """A number, or (n,) numbers, as (n,) float64."""
    n = len(X)
    if items is None or len({item.shape for item in items}) <= 1:
        weight = np.asarray(sample_weight)
        ndim = weight.ndim
    else:
        ndim = "ragged"
    if ndim == 0:
        weight, ndim = np.full(n, weight), 1
    if ndim != 1:
        raise ValueError(
            "Sample weights must be 1D array or scalar"
            + (" or shaped as the targets" if per_step else "")
            + f", got {ndim}{'' if ndim == 'ragged' else '-D'} {name}."
            + _how_to_weigh(sample_weight, ndim, X, name, per_step)
        )
    if len(weight) != n:
        raise ValueError(f"{name}.shape == {weight.shape}, expected {(n,)}!")
    weight = as_numbers(weight, name, WEIGHTS, ensure_2d=False, ensure_min_samples=0).astype(np.float64)
    check_finite_rows(weight[:, None], X, name)
    return weight


def _how_to_weigh(sample_weight, ndim, X, name, per_step):
    """What to pass in place of weights of other dimensions."""
    if ndim == 2 and np.asarray(sample_weight).shape[1] == 1:
        return f" Pass numpy.ravel({name})."
    if per_step:
        return ""
    if getattr(X, "rows_are_steps", False):
        return " Pass one weight for every row."
    return " Pass one weight for every sequence; those of time steps need return_sequences=True."
