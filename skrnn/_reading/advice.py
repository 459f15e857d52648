"""Warnings about data that can be read but are probably not what was meant.

Nothing is changed or refused here: the container decides what X and y mean. But axes in another
order, one target per step read as many targets per sequence, and features on very different scales
train without an error, and badly; so fit says what it sees and what to do. Every function looks at a
bounded part of the data only.

To add advice: a function that warns, called by ``Task`` (``reader.py``) before training or after it.
"""

import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

# Sequences that are looked at, steps of each, and numbers in memory at a time.
SOME, SOME_STEPS, SOME_VALUES = 100, 1000, 10**6
# Neighbours along the axis of time are mostly nearer to each other than neighbours along another axis:
# twice in piano rolls, up to ten times in slow signals, once in noise. So an axis along which
# neighbours are this much nearer than along the middle one may be that of time. Spectra, profiles of a
# day and the like are exceptions; hence a warning only.
MUCH_NEARER, NEARER = 0.3, 0.6
# A model that keeps this share of the loss of a constant answer has learned hardly anything. Features
# then differ "by many orders" beyond WIDE, and are far from one beyond FAR.
HARDLY, WIDE, FAR = 0.9, 1e3, 1e2
# With a constant y, or a single class, there is nothing to learn: a constant has no loss but round-off.
NOTHING = 1e-6

# What stands between a user's line and a warning.
INNER = ("skrnn.", "sklearn.callback.")

AXES = "Time is the middle axis: (n_sequences, n_timesteps, n_features)."
IGNORE = "ignore this warning."


def advise_on_axes(sequences):
    """Warn if the axis of time seems to be another one than the middle.

    Parameters
    ----------
    sequences : Sequences of a 3-D array or a list of 2-D arrays
    """
    n, F, T = sequences.n, sequences.n_features, int(sequences.lengths.max())
    turn = "X.transpose(0, 2, 1)" if sequences.is_dense else "[x.T for x in X]"
    last = f"{AXES} If it is the last axis of X, pass {turn}; if X is as meant, {IGNORE}"
    if T == 1 < F:
        warn(
            f"Every sequence of X has one time step only, with {F} features: there is nothing to "
            f"recur over. {last}"
        )
    elif T < F and nearness(sequences, "last") < (MUCH_NEARER if F < 4 * T else NEARER):
        warn(
            f"X has {T} time steps of {F} features, and changes less from feature to feature than "
            f"from step to step. {last}"
        )
    elif 1 < T < n and sequences.is_dense and 0 < nearness(sequences, "first") < MUCH_NEARER:
        warn(
            f"X has {n} sequences of {T} time steps, and changes less from sequence to sequence "
            f"than from step to step. {AXES} If it is the first axis of X, pass "
            f"X.transpose(1, 0, 2); if X is as meant, {IGNORE}"
        )


def warn(message, category=UserWarning):
    """Warn at the line that called skrnn, however deep in it this call is."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(INNER):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def nearness(sequences, axis):
    """Mean absolute change along an axis ("first" or "last"), by that along the middle one."""
    between = np.zeros(2)
    with np.errstate(all="ignore"):
        for x, following in sample(sequences, pairs=axis == "first"):
            other = following - x if axis == "first" else np.diff(x, axis=2)
            changes = other, np.diff(x, axis=1)
            between += [len(x) * np.abs(change).mean() if change.size else 0 for change in changes]
        ratio = between[0] / between[1]
    return ratio if np.isfinite(ratio) else np.inf


def sample(sequences, *, pairs=False):
    """Up to ``SOME`` sequences, evenly spread, up to ``SOME_STEPS`` steps of each, block by block.

    Yields
    ------
    x : (k, T, F) float64 array
        Some of the sequences, all of them equally long; up to ``SOME_VALUES`` numbers or one sequence.
    following : (k, T, F) float64 array
        With ``pairs`` (of a 3-D array only): the sequences that follow these; else None.
    """
    rows = np.unique(np.linspace(0, sequences.n - 1 - pairs, SOME).astype(np.intp))
    lengths = np.minimum(sequences.lengths[rows], SOME_STEPS)
    k = max(1, SOME_VALUES // int(lengths[0] * sequences.n_features)) if sequences.is_dense else 1
    for start in range(0, len(rows), k):
        block, times = rows[start : start + k, None], np.arange(lengths[start])
        x = sequences.take(block, times).astype(np.float64)
        yield x, sequences.take(block + 1, times).astype(np.float64) if pairs else None


def advise_on_targets(y, sequences):
    """Warn if y (n, K), one row per sequence, has as many columns as the longest sequence has steps."""
    T = int(sequences.lengths.max())
    if 1 < T == y.shape[1]:
        warn(
            f"y has {T} columns, and the sequences have {T} time steps: with "
            f"return_sequences=False the columns are read as {T} outputs of the whole sequence. For one "
            "target per time step set return_sequences=True; if they are outputs of the whole sequence, "
            f"{IGNORE}"
        )


def advise_on_one_hot(y):
    """Warn if an indicator (n, K) of labels has exactly one in every row."""
    if y.shape[1] > 1 and len(y) > 1 and (y.sum(axis=1) == 1).all():
        warn(
            f"y has exactly one label in every row, and is read as an indicator of {y.shape[1]} "
            f"independent labels. For one class out of several pass y.argmax(axis=1) instead; if "
            f"the labels are independent, {IGNORE}",
        )


def advise_on_unit(y, targets, dtype, is_new):
    """Warn if y does not suit the mean and deviation it is standardised by, or these the dtype.

    Parameters
    ----------
    y : (rows, K) standardised targets
    targets : object
        With ``mean`` and ``scale``, if the loss standardises y by them; without, nothing is said.
    is_new : bool
        Whether mean and scale were just learned from this y.
    """
    if not targets.loss().standardises_y:
        return
    mean, scale = np.abs(targets.mean), targets.scale
    some = y[:: 1 + len(y) // SOME_VALUES]
    too_fine = (np.finfo(dtype).eps * mean > 0.01 * scale) & some.any(axis=0)  # and not constant
    if too_fine.any():
        k = int(np.argmax(too_fine))
        warn(
            f"y varies by {scale[k]:.1e} around {targets.mean[k]:.1e}: {np.dtype(dtype)} numbers "
            'cannot tell such answers apart. Pass dtype="float64", or subtract the mean from it.'
        )
    elif not is_new and np.median(np.abs(some)) > FAR:
        warn(
            "y is far from the targets of the first fit, whose mean and deviation it is "
            "standardised by. Pass it in the same unit, or fit a new estimator."
        )


def advise_on_scale(sequences, loss, loss_of_a_constant, *, is_table):
    """Warn if hardly anything was learned and features are on very different scales, or far from 1.

    Parameters
    ----------
    sequences : Sequences that were trained on; of a table each row as one step
    loss, loss_of_a_constant : float
        At the end of training, and of the best answer that does not look at X.
    is_table : bool
        Whether X is a table: features are then called columns.
    """
    if loss_of_a_constant < NOTHING or not loss > HARDLY * loss_of_a_constant:
        return
    name = "column" if is_table else "feature"
    deviation, size = scales(sequences)
    varied = np.flatnonzero(deviation)
    if not len(varied):
        return
    low, high = (int(varied[pick(deviation[varied])]) for pick in (np.argmin, np.argmax))
    largest = int(np.argmax(size))
    if deviation[high] > WIDE * deviation[low]:
        what = (
            f"the {name}s of X differ in scale: the standard deviation of {name} {low} is "
            f"{deviation[low]:.1e}, that of {name} {high} {deviation[high]:.1e}"
        )
    elif size[largest] > FAR or size[largest] < 1 / FAR:
        what = f"X is far from 1: the root mean square of {name} {largest} is {size[largest]:.1e}"
    else:
        return
    how = "StandardScaler" if is_table else "the mean and deviation of all its time steps"
    warn(
        f"The model has hardly learned anything (loss {loss:.3g}; a constant answer has "
        f"{loss_of_a_constant:.3g}), and {what}. Standardise every {name} of X, by {how}.",
        ConvergenceWarning,
    )


def scales(sequences):
    """Standard deviation and root mean square of every feature."""
    parts = [x.reshape(-1, x.shape[-1]) for x, _ in sample(sequences)]
    unit = np.max([np.abs(x).max(axis=0) for x in parts], axis=0)  # so that squares stay finite
    unit[unit == 0] = 1
    n, mean, variance = 0, 0.0, 0.0
    for part in parts:  # joined part by part
        x, k = part / unit, len(part)
        m = x.mean(axis=0)
        delta = m - mean
        variance = (n * variance + k * x.var(axis=0) + delta**2 * n * k / (n + k)) / (n + k)
        mean, n = mean + delta * k / (n + k), n + k
    deviation = np.sqrt(variance)
    deviation[deviation <= 1e-6 * np.abs(mean)] = 0  # round-off of a constant
    return deviation * unit, np.sqrt(variance + mean**2) * unit
