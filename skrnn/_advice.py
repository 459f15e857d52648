"""Warnings about data that can be read but are probably not what was meant.

Nothing is changed or refused here: the container decides what X and y mean. But axes in another
order, one target per step read as many targets per sequence, and features on very different scales
train without an error, and badly; so fit says what it sees and what to do. Every function looks at a
bounded part of the data only.

To add advice: a function that warns, called from ``_reading.py`` (before training) or
``_fitting.py`` (after it).
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

# Sequences that are looked at; and steps of each.
SOME, SOME_STEPS = 100, 1000
# In sequences, neighbouring steps are nearer to each other than neighbouring features. Known sets have
# ratios of 1.6 (piano rolls) to 10; noise has 1.
SMOOTHER = 0.6
# The loss has hardly fallen if this share of it is left; features then differ "by many orders" beyond
# WIDE, and are far from one beyond FAR.
HARDLY, WIDE, FAR = 0.9, 1e3, 1e2


def advise_on_axes(sequences, name="X"):
    """Warn if the axes of time and features seem to be swapped.

    Parameters
    ----------
    sequences : Sequences of a 3-D array or a list of 2-D arrays
    """
    F, T = sequences.n_features, int(sequences.lengths.max())
    turn = f"{name}.transpose(0, 2, 1)" if sequences.is_dense else f"[x.T for x in {name}]"
    if T == 1 < F:
        what = (
            f"Every sequence of {name} has one time step only, with {F} features: there is nothing to "
            "recur over"
        )
    elif T < F and smoothness(sequences) < SMOOTHER:
        what = (
            f"{name} has {T} time steps of {F} features, and changes less from feature to feature than "
            "from step to step"
        )
    else:
        return
    warnings.warn(
        f"{what}. Time is the middle axis: (n_sequences, n_timesteps, n_features). If it is the last "
        f"axis of {name}, pass {turn}.",
        UserWarning,
        stacklevel=5,
    )


def smoothness(sequences):
    """Mean absolute change from feature to feature, by that from step to step."""
    between = np.zeros(2)
    for x in some(sequences):
        between += [np.abs(np.diff(x, axis=axis)).mean() if x.shape[axis] > 1 else 0 for axis in (1, 0)]
    return between[0] / between[1] if between[1] else np.inf


def some(sequences):
    """Up to ``SOME`` sequences, evenly spread, as float arrays (T, F) of up to ``SOME_STEPS`` steps."""
    rows = np.unique(np.linspace(0, len(sequences) - 1, SOME).astype(np.intp))
    for row in rows:
        times = np.arange(min(int(sequences.lengths[row]), SOME_STEPS))
        yield sequences.take(np.full_like(times, row), times).astype(np.float64)


def advise_on_targets(y, sequences, name="y"):
    """Warn if y (n, K), one row per sequence, has as many columns as all sequences have steps."""
    T = int(sequences.lengths[0])
    if 1 < T == y.shape[1] and (sequences.lengths == T).all():
        warnings.warn(
            f"{name} has {T} columns, and the sequences have {T} time steps: with "
            f"return_sequences=False the columns are read as {T} outputs of the whole sequence. For "
            "one target per time step set return_sequences=True.",
            UserWarning,
            stacklevel=5,
        )


def advise_on_scale(sequences, losses, name="feature"):
    """Warn if the loss has hardly fallen and the features are on very different scales, or far from 1.

    Parameters
    ----------
    sequences : Sequences that were trained on
    losses : list of float, one per epoch of this fit
    name : str
        What to call a feature.
    """
    if len(losses) < 2 or not min(losses) > HARDLY * losses[0]:
        return
    deviation, size = scales(sequences)
    varied = np.flatnonzero(deviation)
    if not len(varied):
        return
    low, high = (int(varied[pick(deviation[varied])]) for pick in (np.argmin, np.argmax))
    if deviation[high] > WIDE * deviation[low]:
        what = (
            f"the {name}s of X differ in scale: the standard deviation of {name} {low} is "
            f"{deviation[low]:.1e}, that of {name} {high} {deviation[high]:.1e}"
        )
    elif size[varied].min() > FAR or size[varied].max() < 1 / FAR:
        what = (
            f"the values of X are far from 1: the root mean square of {name} {high} is {size[high]:.1e}"
        )
    else:
        return
    warnings.warn(
        f"The loss has hardly fallen (from {losses[0]:.3g} to {min(losses):.3g}), and {what}. Scale X, "
        f"each {name} by itself, for instance with StandardScaler.",
        ConvergenceWarning,
        stacklevel=5,
    )


def scales(sequences):
    """Standard deviation and root mean square of every feature."""
    steps = np.concatenate(list(some(sequences)))
    unit = float(np.abs(steps).max()) or 1.0  # squares stay finite
    steps /= unit
    mean, deviation = steps.mean(axis=0), steps.std(axis=0)
    deviation[deviation <= 1e-6 * np.abs(mean)] = 0  # round-off of a constant
    return deviation * unit, np.sqrt((steps**2).mean(axis=0)) * unit
