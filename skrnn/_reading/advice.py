"""Warnings about data that can be read but are probably not what was meant.

Nothing is changed or refused here: the container decides what X and y mean. But axes in another
order, padding, ids of tokens taken for numbers, or one target per step read as many targets per
sequence train without an error, and badly; so fit says what it sees and what to do. What it sees are
the figures of ``statistics.py``. A right use must not be warned at: every threshold was chosen on real
data (``benchmarks/false_alarms.py``).

Here is what can be told from X, y and the settings; ``single_steps.py`` has sequences of one step,
``rows.py`` the order of rows, ``outcome.py`` what can be told after training only.

To add advice: a function that warns, called by ``Reader`` or ``Task`` (``reader.py``).
"""

import multiprocessing
import sys
import warnings
from weakref import WeakKeyDictionary

import numpy as np

from skrnn._reading.statistics import (
    SOME_VALUES,
    block,
    disorder,
    follows_step_by_step,
    moments,
    nearness,
    padding,
    share_rows,
)
from skrnn._reading.vocabulary import TokenIds

# Neighbours along the axis of time are nearer to each other than any two places of it; those along the
# axis of features are not. So X has time as its last axis if there is order along it (less than
# ORDERED), none along the middle one (more than DISORDERED), and the changes are the smaller ones.
# Of more steps than features that must be clearer, and of far more it is not asked.
ORDERED, DISORDERED, CLEARLY, NEARER, MANY_STEPS = 0.85, 0.92, 0.7, 0.9, 3
# Along the first axis: changes of so much less than along the middle one.
MUCH_NEARER = 0.3
# y is far from what it is standardised by.
FAR = 1e2
# Validation data are scaled otherwise if so large a share of the features is off, by so many deviations.
OFF, DEVIATIONS, ENOUGH_SEQUENCES = 1 / 3, 5.0, 20
# Whole sequences of so many steps need much memory.
LONG_SEQUENCE = 10_000

# What stands between a user's line and a warning.
INNER = ("skrnn.", "sklearn.callback.")

AXES = "Time is the middle axis: (n_sequences, n_timesteps, n_features)."
IGNORE = "ignore this warning."


# --- how it is said -------------------------------------------------------------------------------------


def warn(message, category=UserWarning):
    """Warn at the line that called skrnn, however deep in it this call is.

    Advice on the data is given once in a search of scikit-learn, not for every candidate and fold; what
    training has come to is told of every fit.
    """
    if category is UserWarning and _was_told(message):
        return
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(INNER):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


_TOLD = WeakKeyDictionary()  # search -> what its candidates have been told
_TOLD_WORKERS = set()  # what has been told in this process where it only runs candidates of another one's


def _was_told(message):
    """Whether the search that this call is part of, if it is, has been told so before."""
    search, is_candidate = _search_around()
    if search is not None:
        return _tell(_TOLD.setdefault(search, set()), message)
    return is_candidate and _tell(_TOLD_WORKERS, message)


def is_candidate():
    """Whether this fit is one of many that a search compares by their scores."""
    return _search_around()[1]


def _search_around():
    """The search of scikit-learn that this call is part of, or None, and whether of its candidates.

    A process that only works for another one does not see the search: there every cross-validated fit
    counts as a candidate.
    """
    frame, crosses = sys._getframe(2), False
    while frame is not None:
        crosses |= frame.f_code.co_name == "_fit_and_score"
        caller = frame.f_locals.get("self") if frame.f_code.co_name == "fit" else None
        if hasattr(caller, "_run_search"):  # what all searches have
            return caller, crosses
        frame = frame.f_back
    return None, crosses and multiprocessing.parent_process() is not None


def _tell(told, message):
    """Whether it is told already; from now on it is."""
    if message in told:
        return True
    told.add(message)
    return False


# --- X --------------------------------------------------------------------------------------------------


def advise_on_axes(sequences):
    """Warn if the axis of time seems to be another one than the middle.

    Parameters
    ----------
    sequences : Sequences of a 3-D array or a list of 2-D arrays, of more than one step
    """
    n, F, T = sequences.n, sequences.n_features, int(sequences.lengths.max())
    if time_seems_last(sequences):
        warn(
            f"X has {T} time steps of {F} features, and changes less from feature to feature than "
            f"from step to step. {time_is_last(sequences)}"
        )
    elif 1 < T < n and sequences.is_dense and 0 < nearness(sequences, "first") < MUCH_NEARER:
        warn(
            f"X has {n} sequences of {T} time steps, and changes less from sequence to sequence "
            f"than from step to step. {AXES} If it is the first axis of X, pass "
            f"X.transpose(1, 0, 2); if X is as meant, {IGNORE}"
        )


def time_seems_last(sequences):
    """Whether there is order along the last axis, and none along that of time."""
    F, T = sequences.n_features, int(sequences.lengths.max())
    if F < 3 or T > MANY_STEPS * F or nearness(sequences, "last") > NEARER:
        return False
    x = block(sequences, standard=False)
    if np.mean(np.diff(x, axis=2) >= 0) in (0, 1):
        return False  # sorted, or cumulative: order of another kind
    x = block(sequences)
    return disorder(x, 2) < (ORDERED if T < F else CLEARLY) and disorder(x, 1) > DISORDERED


def time_is_last(sequences):
    """What to do if time is the last axis."""
    turn = "X.transpose(0, 2, 1)" if sequences.is_dense else "[x.T for x in X]"
    return f"{AXES} If it is the last axis of X, pass {turn}; if X is as meant, {IGNORE}"


def advise_on_padding(sequences, name="X"):
    """Warn if many sequences end, or begin, in steps that look like padding."""
    found = padding(sequences)
    if found is None:
        return
    values = np.unique(found.step)
    what = f"all {values[0]:g}" if len(values) == 1 else "always the same"
    part = "x[:n]" if found.where == "end" else "x[-n:]"
    warn(
        f"{name} looks padded: {found.share:.0%} of its sequences {found.where} in runs of different "
        f"length of one and the same step ({what}), which are read as time steps like any other. Leave "
        "the padding out: pass a list of arrays (n_timesteps_i, n_features), "
        f"[{part} for x, n in zip({name}, lengths)]. If these steps were measured, {IGNORE}"
    )


def advise_on_tokens(X):
    """Warn if ids that a TokenEncoder has made are about to be read as numbers."""
    first = X[0] if isinstance(X, (list, np.ndarray)) and len(X) else None
    if isinstance(first, TokenIds):
        warn(
            "X holds the ids of a TokenEncoder, and embedding_size=None reads them as numbers: token 7 "
            "would be more than token 3. Set embedding_size, to about 32, so that every token has a "
            "learned vector."
        )


def advise_on_validation_scale(sequences, given):
    """Warn if the validation data that were given seem to be scaled otherwise than X."""
    here, there = moments(sequences), moments(given)
    varied = here.deviation > 0
    scale = DEVIATIONS * here.deviation
    off = (np.abs(there.mean - here.mean) > scale) | (there.deviation > scale)
    if len(given) >= ENOUGH_SEQUENCES:
        off |= there.deviation * DEVIATIONS < here.deviation
    if not varied.any() or off[varied].mean() < OFF:
        return
    k = int(np.flatnonzero(varied & off)[0])
    warn(
        f"X_val is on another scale than X: feature {k} has mean {there.mean[k]:.3g} and deviation "
        f"{there.deviation[k]:.3g} in X_val, {here.mean[k]:.3g} and {here.deviation[k]:.3g} in X. A "
        "pipeline transforms X only: pass what its transformers make of X_val, or "
        'Pipeline(..., transform_input=["X_val"]) and set_fit_request(X_val=True, y_val=True) on the '
        f"last step. If the data are as meant, {IGNORE}"
    )


# --- settings -------------------------------------------------------------------------------------------


def advise_on_batch_size(settings, n):
    """Warn if a batch would hold more than the n sequences, and they cannot be cut into pieces."""
    if settings.batch_size == "auto" or settings.batch_size <= n or settings.full_batch:
        return
    if not settings.cuts_pieces:
        warn(
            f"batch_size={settings.batch_size} is larger than the {n} sequences of X: all of them are "
            "one batch. Lower it."
        )


def advise_on_length(settings, lengths):
    """Warn if whole sequences of lengths (n,) are trained on that are better cut."""
    longest = lengths.max()
    if settings.can_truncate and not (settings.k1 or settings.k2) and longest > LONG_SEQUENCE:
        warn(
            f"X has a sequence of {longest} steps and k1=None: memory grows with the length. Set k1 (and "
            "k2) to train by truncated backpropagation."
        )


def advise_on_truncation(settings):
    """Warn if k1 is set where there is one loss only, at the end: it then is another name for k2."""
    if settings.k1 is None or settings.per_step or settings.target_replication:
        return
    warn(
        "k1 makes no updates here: with one target per sequence there is one loss, at its end, and the "
        "gradient flows k2 steps back from there; k1 alone only stands for k2=k1. Search over k2 and "
        "leave k1=None; or give intermediate steps a loss: target_replication, or return_sequences=True."
    )


def advise_on_overlap(sequences):
    """Warn if sequences that are drawn at random, to be held out, share rows with the others."""
    if share_rows(sequences):
        warn(
            "early_stopping=True holds out sequences of X at random, but they are windows that overlap: "
            "each goes on from the one before it, one step later, so that nearly all rows of those held "
            "out are trained on, too, and what is measured on them is too good. Let SlidingWindow make "
            "the windows in a pipeline with the estimator, which then holds out the last ones; or pass "
            "X_val and y_val."
        )


# --- y --------------------------------------------------------------------------------------------------


def advise_on_targets(y, sequences):
    """Warn if y (n, K), one row per sequence, seems to hold one target per time step.

    As many columns as the longest sequence has steps may as well be the forecast of as many steps; so of
    equally long sequences they must follow X step by step.
    """
    T = int(sequences.lengths.max())
    if not 1 < T == y.shape[1] or y.dtype.kind not in "biuf":
        return
    is_ragged = int(sequences.lengths.min()) < T
    if is_ragged or sequences.dtype or follows_step_by_step(sequences, y):
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
            "y is far from the targets of the first call, whose mean and deviation it is standardised "
            "by. Pass it in the same unit, or fit a new estimator; to partial_fit of a regressor pass "
            "y_mean and y_scale if the first part does not tell them."
        )
