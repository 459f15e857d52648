"""The order of the rows of tables, as the index of a pandas frame tells it (``index_times.py``).

``rows="steps"`` takes every row for the time step after the one before it, and so are the rows of each
frame of a list taken. An index of numbers or dates says whether rows were shuffled, or left out at
random; an array, and a polars frame, say nothing. Rows of X and y are matched by where they stand.
"""

import numpy as np

from skrnn._reading.advice import warn
from skrnn._reading.index_times import is_of_dates, levels_of_time, times_of
from skrnn._settings.quoting import listed, quote, shorten

# The share of the rows after which the index of a table jumps, if rows were left out at random: a
# shuffled KFold sorts what it leaves, and leaves half of the rows or more. One without shuffling leaves
# one gap. A jump is a step above the smallest: the seconds of hours rise by 3600. Where rows are missing
# at random, the commonest jump is twice as large; business days and opening hours jump by other steps.
MANY_JUMPS, MOST_JUMPS = 0.05, 0.55
# From jump to jump it is then now near, now far: a geometric distribution. Closed Sundays, and breaks at
# noon, are at a constant distance, or at distances that come again; of very few jumps nobody can tell.
FEW_JUMPS, VARIES, COMES_AGAIN, FEW_PAIRS, LONGEST_LAG = 4, 0.5, 0.6, 6, 40

# Labels that come again, as hours do, fall at a constant distance, and most are there several times. No
# longer than the minutes of a day: several series one below the other look the same.
CONSTANT, LONGEST_CYCLE = 0.2, 1440
# Where they fall once, or at the ends of months: from the last label to the first one.
TOP_TO_BOTTOM = {
    (3, 0), (4, 1), (6, 0), (7, 1), (11, 0), (12, 1), (23, 0), (24, 1), (59, 0), (60, 1), (28, 1),
    (29, 1), (30, 1), (31, 1), (52, 1), (53, 1), (365, 1), (366, 1), (1439, 0),
}  # fmt: skip

LONGEST_NAME = 50  # of a level of an index in a message


# --- of the rows of a table -----------------------------------------------------------------------------


def advise_on_order(X, codes, name):
    """Warn if the index of a frame tells that rows were shuffled, left out at random, or of many series.

    Parameters
    ----------
    X : object
        The table as it was passed.
    codes : (n_rows,) int or None
        The number of the series of each row; None for a single one.
    name : str
        What X is called in messages.
    """
    index = _index_of(X)
    if index is None:
        return
    level = _level_of_series(index) if codes is None else None
    if level is not None:
        _warn_of_levels(index, level, name)
        return
    times = times_of(index)
    if times is None:
        return
    if _falls(times, codes):
        _warn_of_order(f"The index of {name} does not rise from row to row")
    elif codes is None and times.values.dtype.kind == "i":
        step = np.diff(times.values)
        if _jumps_at_random(step):
            share = np.mean(step > step[step > 0].min())
            _warn_of_order(f"The index of {name} jumps after {share:.0%} of the rows")


def advise_on_order_of_each(X, name):
    """Warn if the index of a frame in a list tells that its rows, steps of a sequence, were shuffled."""
    for i, frame in enumerate(X):
        times = None if (index := _index_of(frame)) is None else times_of(index)
        if times is None or (times.kind == "numbers" and (np.diff(times.values) < 0).all()):
            continue  # numbers may count down
        if _falls(times):
            warn(
                f"The index of {name}[{i}] does not rise from row to row, but the rows of a sequence are "
                "read as its time steps, one after the other. Sort them, "
                f"[x.sort_index() for x in {name}], and targets per time step in the same way. "
                "If the rows are as meant, reset the index."
            )
            return


def _index_of(X):
    """The index of a pandas frame of two rows or more; None of others."""
    if not hasattr(X, "iloc") or getattr(X, "ndim", None) != 2 or len(X.index) < 2:
        return None
    return X.index


def _level_of_series(index):
    """The first level of an index that seems to tell series apart; None if there is none."""
    if not hasattr(index, "levels"):
        return None
    of_time, last = levels_of_time(index), index.nlevels - 1
    for k in range(index.nlevels):
        n_different = index.get_level_values(k).nunique()
        if k in of_time or n_different < 2:
            continue
        # (date, ticker) against (instance, a name of each row)
        if k < last or (is_of_dates(index.levels[0]) and 2 * n_different <= len(index)):
            return k
    return None


def _falls(times, codes=None):
    """Whether times fall from a row to the next one of its series, and are no labels that come again."""
    values, same = times.values, True
    if codes is not None:
        order = np.argsort(codes, kind="stable")
        values, same = values[order], np.diff(codes[order]) == 0
    falls = same & (np.diff(values) < 0)
    if not falls.any() or times.kind == "dates":
        return bool(falls.any())
    if times.kind == "clock" and (values[1:][falls] == values.min()).all():
        return bool(
            (values[:-1][falls] < values.max()).any()
        )  # through midnight, from the last to the first
    return not _come_again(values, falls, np.broadcast_to(~np.asarray(same), falls.shape))


def _come_again(values, falls, ends):
    """Whether values (n,) are those of a cycle, such as hours, that begins again where they fall.

    ``falls`` and ``ends`` (n - 1,): which steps from row to row fall, and which lead to another series.
    """
    tops, bottoms = values[:-1][falls], values[1:][falls]
    if TOP_TO_BOTTOM.issuperset(zip(tops.tolist(), bottoms.tolist(), strict=True)):
        return True
    cuts = np.flatnonzero(falls | ends)
    lengths = np.diff(cuts, prepend=-1, append=len(values) - 1)
    is_fall = np.concatenate([[False], falls[cuts], [False]])
    whole = is_fall[1:] & is_fall[:-1]  # runs from a fall to a fall
    if not whole.any() or 2 * len(np.unique(values)) > len(values):
        return False
    cycles = lengths[whole]
    longest = cycles.max()
    is_constant = cycles.std() <= CONSTANT * cycles.mean() and 2 <= cycles.mean() <= LONGEST_CYCLE
    return bool(is_constant and lengths.max() <= (1 + CONSTANT) * longest)


def _jumps_at_random(step):
    rises = step[step > 0]
    if not len(rises):
        return False
    usual, jumps = rises.min(), rises[rises > rises.min()]
    if len(jumps) < FEW_JUMPS or not MANY_JUMPS < len(jumps) / len(step) < MOST_JUMPS:
        return False
    sizes, counts = np.unique(jumps, return_counts=True)
    if sizes[np.argmax(counts)] != 2 * usual:
        return False
    distances = np.diff(np.flatnonzero(step > usual))
    return distances.std() > VARIES * distances.mean() and not _has_period(distances)


def _has_period(distances):
    """Whether most distances are those of some places before, as from noon to night to noon."""
    for lag in range(1, min(LONGEST_LAG, 2 * len(distances) // 3) + 1):
        same = distances[lag:] == distances[:-lag]
        if same.all() or (len(same) >= FEW_PAIRS and same.mean() > COMES_AGAIN):
            return True
    return False


def _warn_of_levels(index, level, name):
    named = index.names[level] if index.names[level] is not None else level
    said = shorten(quote(named), LONGEST_NAME)
    warn(
        f'The rows of {name} are indexed by the levels [{listed(index.names)}], but rows="steps" reads '
        f"columns only: all rows are one series. If {said} tells series apart, make it a column, "
        f"{name}.reset_index({said}), and name the column as sequence_id. If there is one series, pass "
        f"{name}.reset_index(drop=True)."
    )


def _warn_of_order(what):
    warn(
        f'{what}, but rows="steps" reads each row as the time step after the one before it. Sort the '
        "rows, and leave none out (a weight of zero takes a row out of the loss). Split with "
        "TimeSeriesSplit, or whole series with GroupKFold, not with a shuffled KFold or "
        "train_test_split. If the rows are as meant, reset the index."
    )


# --- of X and y -----------------------------------------------------------------------------------------


def advise_on_same_index(X, names, **others):
    """Warn if targets or weights have the index of X in another order.

    Parameters
    ----------
    X : object
        As it was passed.
    names : Names
        What it is all called in messages.
    **others : dict
        Of the fields of ``names``: y, weight.
    """
    for field, other in others.items():
        of_X, name = names.X, getattr(names, field)
        for at, one, its in _pairs(X, other):
            if _in_another_order(getattr(one, "index", None), getattr(its, "index", None)):
                warn(
                    f"{name}{at} has the index of {of_X}{at}, but in another order: rows are matched by "
                    f"where they stand, the first of {name}{at} with the first of {of_X}{at}. Sort both "
                    f"alike, as {name}{at}.reindex({of_X}{at}.index) does. If they stand as meant, pass "
                    f"{name}{at}.to_numpy()."
                )
                break


def _pairs(X, other):
    """What may have an index: where it stands in X, it, and its counterpart."""
    yield "", X, other
    if isinstance(X, (list, tuple)) and isinstance(other, (list, tuple)):
        yield from ((f"[{i}]", *pair) for i, pair in enumerate(zip(X, other, strict=False)))


def _in_another_order(index, other):
    """Whether two indexes of pandas, none the numbers of rows, have the same values, unsorted."""
    if index is other or not (hasattr(index, "sort_values") and hasattr(other, "sort_values")):
        return False
    if len(index) != len(other) or _numbers_rows(index) or _numbers_rows(other) or index.equals(other):
        return False
    try:
        return bool(index.sort_values().equals(other.sort_values()))
    except TypeError:  # of kinds that do not compare
        return False


def _numbers_rows(index):
    """Whether an index is what pandas gives to rows without one; which says nothing of them."""
    return getattr(index, "start", None) == 0 and getattr(index, "step", None) == 1
