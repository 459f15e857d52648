"""A series whose rows were meant as its steps, read row by row: sequences of one step, or of a few.

A recurrent network that reads single steps is a feed-forward one: nothing is carried from one step to a
next. That is rarely meant, and happens in many ways: ``fit(series, y)`` with a column vector, all columns
of a table taken for one step, (n, 1, n_features), a ``sequence_id`` that names the column of times. It is
said if something asks for time (settings, an index of dates), or if rows depend on those before them.
Rows that are independent, as those of a shuffled table, may be meant so; should the network learn nothing
from them, ``outcome.py`` says it. A table of several columns is read as sequences of so many steps of one
feature; that it is a series is said if its columns have no order, and go on from row to row.

To add a sign of time, add it to ``_asked_for`` or ``_signs_of_time``.
"""

import numpy as np

from skrnn._reading.advice import IGNORE, time_is_last, warn
from skrnn._reading.index_times import is_of_dates, times_in
from skrnn._reading.split_order import advise_on_split
from skrnn._reading.statistics import are_measurements, block, disorder, overlap, rows_follow
from skrnn._settings.quoting import quote

# From so many features on the only step of a 3-D X may be a series that runs along them, ordered or not;
# below, it must be ordered.
MAY_BE_TIME, ORDERED = 10, 0.85
# A table of up to so many columns and of so many rows may be a series of several measurements: its
# columns have no order, and go on from row to row. A handful of columns may be in order by chance.
FEW_COLUMNS, MANY_ROWS, DISORDERED = 30, 50, 0.92
A_HANDFUL, SOMEWHAT_DISORDERED = 5, 0.7
# So many series are no table of series if nearly all have one row; many customers buy once only.
FEW_SERIES, NEARLY_ALL = 3, 0.9
# Ids that are dates may name days whose rows stand together, or series that began then. They are the
# times of the rows if there are many of them, more than rows of each, and if they rise (or fall) from row
# to row but where another series of the table begins.
MANY_DATES, RISE = 10, 0.8

WHAT_TO_DO = (
    'If the rows of X are the time steps of one series, set rows="steps" (of several series, '
    "sequence_id, too), or put SlidingWindow before the estimator"
)


def has_single_steps(sequences):
    """Whether there are several sequences, and every one is of a single step of numbers."""
    return sequences.n > 1 and sequences.dtype is None and int(sequences.lengths.max()) == 1


def advise_on_single_steps(X, container, y, settings):
    """Warn if every sequence has one time step only, and that seems not to be meant.

    Parameters
    ----------
    X : object
        As it was passed.
    container : Container
        X as read.
    y : (n, K) array
        The targets as the loss takes them.
    settings : SequenceSettings
    """
    sequences = container.sequences
    if container.rows_are_steps:
        if settings.sequence_id is not None:
            codes = sequences.in_rows(np.repeat(np.arange(sequences.n), sequences.lengths))
            advise_on_ids(container.ids, codes, settings.sequence_id)
            advise_on_split(codes, settings.sequence_id)
    elif not has_single_steps(sequences):
        _advise_on_rows(container, y)
    elif container.has_axes and _runs_along_features(sequences):
        warn(
            f"Every sequence of X has one time step only, with {sequences.n_features} features: there is "
            f"nothing to recur over. {time_is_last(sequences)}"
        )
    elif reason := _asked_for(settings) or _signs_of_time(X, sequences, y):
        warn(
            "Every sequence of X has one time step only, so that nothing is carried from row to row; "
            f"but {reason}. {WHAT_TO_DO}; if X is as meant, {IGNORE}"
        )


def _advise_on_rows(container, y):
    """Of a table of a few columns: are they measurements of a series, and its rows the time steps?"""
    X = container.sequences
    if not (container.is_table and X.is_dense and X.n_features == 1 and X.dtype is None):
        return
    T = int(X.lengths.max())
    if X.n < MANY_ROWS or T > FEW_COLUMNS or overlap(X):
        return
    order = disorder(block(X, standard=False), 1)  # a profile that all rows share is order, too
    if order <= (DISORDERED if T > A_HANDFUL else SOMEWHAT_DISORDERED):
        return
    values = X.values[:, :, 0]
    if are_measurements(values) and rows_follow(values, y):
        warn(
            f"Every row of X is read as a sequence of {T} time steps, one for each column; but columns "
            f"go on from row to row, and not with each other. {WHAT_TO_DO}; if X is as meant, {IGNORE}"
        )


def advise_on_ids(ids, codes, sequence_id):
    """Warn if sequence_id seems to name the column of times, not that which tells series apart.

    Parameters
    ----------
    ids : (n_series,) array
        The different ones.
    codes : (n_rows,) int
        The number of the series of each row.
    sequence_id : str, int or tuple
        The parameter.
    """
    if len(ids) < FEW_SERIES:
        return
    single = np.mean(np.bincount(codes) == 1)
    if single > NEARLY_ALL:
        rows = "every row of X" if single == 1 else "nearly every row of X"
        what = f"gives {rows} a series of its own, of one time step: nothing is carried from row to row"
    elif len(ids) ** 2 > len(codes) and len(ids) >= MANY_DATES and _are_times(ids, codes):
        what = "makes a series of the rows of one date, which do not stand together"
    else:
        return
    warn(
        f"sequence_id={quote(sequence_id)} {what}. If it is the column of times, drop that column, and "
        "name the one that tells series apart (None for a single series); if X is as meant, "
        f"{IGNORE}"
    )


def _are_times(ids, codes):
    """Whether ids are dates that rise from nearly every row to the next, or fall."""
    times = times_in(np.asarray(ids))
    if times is None or times.kind != "dates":
        return False
    step = np.diff(times.values[codes])
    return bool(max(np.mean(step > 0), np.mean(step < 0)) > RISE)


def _runs_along_features(sequences):
    F = sequences.n_features
    return F >= MAY_BE_TIME or (F > 1 and disorder(block(sequences), 2) < ORDERED)


def _asked_for(settings):
    """Which setting makes sense only for sequences of several steps; None if there is none."""
    for name in ("k1", "k2"):
        value = getattr(settings, name)
        if value is not None:
            return f"{name}={value!r} is about longer sequences"
    if settings.return_sequences:
        return "return_sequences=True asks for one target per time step"
    return None


def _signs_of_time(X, sequences, y):
    """What tells that the rows stand in the order of time, in words; None if nothing does."""
    if hasattr(X, "iloc") and is_of_dates(X.index):
        return "its rows are indexed by times"
    rows = sequences.values[:, 0] if sequences.is_dense else sequences.values
    if len(rows) == len(y) and rows_follow(rows, y):
        return "its rows, or their targets, depend on the rows before"
    return None
