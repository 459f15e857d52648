"""What a bounded part of the data looks like: nearness of neighbours, order, scale, padding, dependence.

Advice (``advice.py``, ``single_steps.py``, ``outcome.py``) rests on these figures; nothing else
does. Every function takes ``Sequences`` of n sequences of (T_i, F) values and looks at up to ``SOME`` of
them, up to ``SOME_STEPS`` steps of each. To add a figure, write a function of ``sample`` or of ``block``.
"""

import math
from typing import NamedTuple

import numpy as np

# Sequences that are looked at, steps of each, and numbers in memory at a time.
SOME, SOME_STEPS, SOME_VALUES = 100, 1000, 10**6
# Pairs of places along an axis whose distance is compared with that of neighbours.
SOME_PAIRS = 200
# Targets follow X step by step if they go with it so closely, some steps apart; a correlation of so many
# sequences is that of chance below STRAY by the root of their number.
STEP_BY_STEP, STEPS_APART, STRAY, MORE = 0.3, 5, 2.5, 0.1
# y goes on where X ends if so many of its first values are found in X, or one step of the next sequence
# tells them along a line.
FOUND, A_LINE = 0.3, 0.999
# So many sequences have a mean and a deviation at every place that say something.
ENOUGH = 5
# Padding: the least number of sequences, the least share of those that end alike, the largest share of
# steps inside the sequences, or of sequences at their other end, that may look the same; and how far, by
# the usual distance, the last step before it must lie from it: what dies down, or fills up, comes near.
FEW, PADDED, INSIDE, OTHER_END, NOT_NEAR = 10, 0.3, 0.01, 0.05, 0.3
# Rows that are looked at one after the other, columns of X and of y, how far back, and the least number.
SOME_ROWS, SOME_COLUMNS, SOME_TARGETS, FAR_BACK, MANY_ROWS = 5000, 16, 8, 10, 30
# Rows follow if values go with those before them so closely (tables in the order of their collection
# reach 0.4), or if rows before explain such a share of y; and that is so many standard errors from zero.
CLOSELY, SHARE, CERTAIN = 0.5, 0.2, 4.5
# Columns are measurements of a series if one goes with itself, a row before, so much more than with the
# others.
MORE_WITH_ITSELF = 0.2
# Windows overlap if so many of their steps are those of the next window, one place on.
MOST = 0.95


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


def spread(n, most):
    """Numbers below n in rising order, up to ``most`` of them, evenly spread."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.intp)


def sample(sequences, *, pairs=False):
    """Up to ``SOME`` sequences, evenly spread, up to ``SOME_STEPS`` steps of each, block by block.

    Yields
    ------
    x : (k, T, F) float64 array
        Some of the sequences, all of them equally long; up to ``SOME_VALUES`` numbers or one sequence.
    following : (k, T, F) float64 array
        With ``pairs`` (of a 3-D array only): the sequences that follow these; else None.
    """
    rows = spread(sequences.n - pairs, SOME)
    lengths = np.minimum(sequences.lengths[rows], SOME_STEPS)
    k = max(1, SOME_VALUES // int(lengths[0] * sequences.n_features)) if sequences.is_dense else 1
    for start in range(0, len(rows), k):
        part, times = rows[start : start + k], np.arange(lengths[start])
        if pairs and len(rows) == sequences.n - 1:  # all: the one that follows is the next one
            x = _numbers(sequences, np.arange(part[0], part[-1] + 2), times)
            yield x[:-1], x[1:]
        else:
            x = _numbers(sequences, part, times)
            yield x, _numbers(sequences, part + 1, times) if pairs else None


def _numbers(sequences, rows, times):
    """(k, T, F) float64: these steps of these sequences."""
    return sequences.take(rows[:, None], times).astype(np.float64, copy=False)


def block(sequences, *, standard=True):
    """(k, T, F) float64: the first steps of some sequences, standardised at every place over them.

    So that what all have in common, as the offset of a channel, does not count as a change. Of hardly
    more than one sequence the values are as they are.
    """
    T, F = min(int(sequences.lengths.min()), SOME_STEPS), sequences.n_features
    k = max(ENOUGH, min(SOME, SOME_VALUES // (T * F)))
    rows = spread(sequences.n, k)
    x = _numbers(sequences, rows, np.arange(T))
    if len(x) < ENOUGH or not standard:
        return x
    with np.errstate(all="ignore"):
        deviation = x.std(axis=0)
        return (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


def disorder(x, axis):
    """How near neighbours along an axis are, by the distance of any two places along it.

    1 along an axis that has no order, as that of channels; less along time.
    """
    n = x.shape[axis]
    if n < 3:
        return 1.0
    i, j = np.random.RandomState(0).randint(n, size=(2, SOME_PAIRS))
    i, j = i[i != j], j[i != j]
    with np.errstate(all="ignore"):
        apart = np.abs(np.take(x, i, axis) - np.take(x, j, axis)).mean()
        ratio = np.abs(np.diff(x, axis=axis)).mean() / apart
    return float(ratio) if np.isfinite(ratio) else 1.0


class Moments(NamedTuple):
    """(F,) figures of every feature over the steps of some sequences."""

    mean: np.ndarray
    deviation: np.ndarray  # zero for a constant
    size: np.ndarray  # root mean square
    largest: np.ndarray  # absolute value


def moments(sequences):
    """``Moments`` of every feature, zeros of codes; large values do not overflow."""
    parts = [x.reshape(-1, x.shape[-1]) for x, _ in sample(sequences)]
    largest = np.max([np.abs(x).max(axis=0) for x in parts], axis=0)
    unit = np.where(largest == 0, 1, largest)  # so that squares stay finite
    n, mean, variance = 0, 0.0, 0.0
    for part in parts:  # joined part by part
        x, k = part / unit, len(part)
        m = x.mean(axis=0)
        delta = m - mean
        variance = (n * variance + k * x.var(axis=0) + delta**2 * n * k / (n + k)) / (n + k)
        mean, n = mean + delta * k / (n + k), n + k
    deviation = np.sqrt(variance)
    deviation[deviation <= 1e-6 * np.abs(mean)] = 0  # round-off of a constant
    of_all = Moments(mean * unit, deviation * unit, np.sqrt(variance + mean**2) * unit, largest)
    for values in of_all:
        values[list(sequences.codes)] = 0
    return of_all


# --- padding --------------------------------------------------------------------------------------------


class Padding(NamedTuple):
    """Steps that look like padding: the share of sequences that have them, where, and their values."""

    share: float
    where: str  # "end" or "begin"
    step: np.ndarray


def padding(sequences):
    """``Padding`` of equally long sequences, or None.

    Many of them end (or begin) in runs of one and the same step, of different length; the runs are
    longer than chance has it, inside the sequences such a step hardly occurs, and hardly at their other
    end. So are neither images by rows, nor counts with zeros, nor series that are all quiet at the end.
    """
    T = int(sequences.lengths[0])
    if sequences.n < FEW or T < 3 or (sequences.lengths != T).any():
        return None
    rows = spread(sequences.n, SOME)[:, None]
    steps = np.arange(min(T, SOME_STEPS))
    times = {"end": T - 1 - steps, "begin": steps}
    outer = sequences.take(rows, np.array([T - 1, 0]))
    times = {where: when for k, (where, when) in enumerate(times.items()) if _may_run(outer[:, k])}
    if not times or overlap(sequences):
        return None
    for where, when in times.items():
        x = sequences.take(rows, when)  # from the outer end inwards
        found = _runs(x)
        if found is not None:
            return Padding(found, where, x[_commonest(x[:, 0])[0], 0])
    return None


def _may_run(outer):
    """Whether enough of the outer steps (k, F) may be alike: as many agree in their first number.

    Of most data that is all that has to be found out, and much sooner than whether the steps do.
    """
    values, least = np.sort(outer[:, 0]), math.ceil(PADDED * len(outer))
    return bool((values[least - 1 :] == values[: len(values) - least + 1]).any())


def _runs(x):
    """The share of the sequences (k, T, F) that begin in runs of the commonest steps, or None."""
    first, n = _commonest(x[:, 0])
    if n < PADDED * len(x) or x.shape[2] * len(np.unique(x)) <= 2:
        return None  # of two values, on and off, either may last
    same = np.broadcast_to(x[first, 0], x.shape[1:])
    found = _share_of_runs(x, same)
    return _share_of_runs(x, _place_by_place(x, same[0])) if found is None else found


def _share_of_runs(x, usual):
    """The share of the sequences (k, T, F) that begin in runs of the steps ``usual`` (T, F), or None."""
    alike = (x == usual).all(axis=2)
    run, other = _length_of_run(alike), _length_of_run(alike[:, ::-1])
    padded = (run > 0) & (run < x.shape[1])
    if padded.sum() < PADDED * len(x) or len(set(run[padded].tolist())) < 3:
        return None
    inner = alike.sum(axis=1) - run - other
    steps = x.shape[1] - run - other
    is_inside = inner[padded].sum() > INSIDE * steps[padded].sum()
    if is_inside or (other > 0)[padded].mean() > OTHER_END or run[padded].mean() < 2:
        return None
    x, run = x[padded], run[padded]
    if _tells_of_missing(x, usual, run) or _comes_near(x, usual, run):
        return None
    return float(padded.mean())


def _tells_of_missing(x, usual, run):
    """Whether a column is 1 in the outer ``run`` of sequences (k, T, F), and 1 or 0 inside.

    It is an indicator of missing values, as ``FillForward`` adds: before the first value that was seen,
    steps are alike. One of padding is 1 nowhere else.
    """
    marks = ((x == 0) | (x == 1)).all(axis=(0, 1)) & (usual == 1).all(axis=0)
    is_inside = np.arange(x.shape[1]) >= run[:, None]
    return bool((x[is_inside][:, marks].mean(axis=0) > INSIDE).any())


def _place_by_place(x, usual):
    """(T, F) the commonest steps at every place: columns may have been scaled after they were padded.

    Where hardly two are alike, what was common further out, ``usual`` at first, is meant.
    """
    steps = []
    for t in range(x.shape[1]):
        first, n = _commonest(x[:, t])
        usual = x[first, t] if n > max(2, INSIDE * len(x)) else usual
        steps.append(usual)
    return np.stack(steps)


def _comes_near(x, usual, run):
    """Whether sequences (k, T, F) come near the steps of their outer ``run`` before they get there."""
    distance = np.abs(x - usual).mean(axis=2)
    last = distance[np.arange(len(x)), run]
    inside = [d[n:] for d, n in zip(distance, run, strict=True)]
    return np.median(last) < NOT_NEAR * np.median(np.concatenate(inside))


def _commonest(steps):
    """Of steps (k, F) the first of those that occur most often, and how often they do."""
    _, first, counts = np.unique(steps, axis=0, return_index=True, return_counts=True)
    most = int(np.argmax(counts))
    return int(first[most]), int(counts[most])


def _length_of_run(alike):
    """(k, T) bool -> how many are true from the start on."""
    return np.where(alike.all(axis=1), alike.shape[1], np.argmin(alike, axis=1))


# --- rows that follow from the rows before them ---------------------------------------------------------


def overlap(sequences):
    """Whether every sequence goes on from the one before it, one step later: windows of a series."""
    if not sequences.is_dense or sequences.n < 2 or sequences.values.shape[1] < 2:
        return False
    rows = spread(sequences.n - 1, SOME)[:, None]
    T = min(int(sequences.lengths[0]), SOME_STEPS)
    here, there = sequences.take(rows, np.arange(1, T)), sequences.take(rows + 1, np.arange(T - 1))
    return bool((here == there).mean() > MOST)


def share_rows(sequences):
    """Whether sequences are windows that share rows: exactly, and not as they do not change anyway."""
    if not sequences.is_dense or sequences.n < 2 or sequences.values.shape[1] < 2:
        return False
    rows = spread(sequences.n - 1, SOME)[:, None]
    T = min(int(sequences.lengths[0]), SOME_STEPS)
    here, there = sequences.take(rows, np.arange(1, T)), sequences.take(rows + 1, np.arange(T - 1))
    unmoved = sequences.take(rows + 1, np.arange(1, T))
    shared, alike = ((here == one).all(axis=(1, 2)).mean() for one in (there, unmoved))
    return bool(shared > MOST and alike < 1 - MOST)


def are_measurements(columns):
    """Whether columns (n, T) go on from row to row, and less with each other: those of a series are such.

    The steps of one window, or one profile, go with each other at least as much.
    """
    x = _standard(_columns_of(columns, SOME_COLUMNS))
    own = np.abs((x[1:] * x[:-1]).mean(axis=0))
    r = np.abs(x.T @ x / len(x))
    others = (r.sum() - np.trace(r)) / max(1, r.size - len(r))
    return bool(own.max() > CLOSELY and own.max() > others + MORE_WITH_ITSELF)


def rows_follow(x, y):
    """Whether rows (n, F) with targets (n, K) depend on the rows before them, as steps of a series do.

    Either values of X, or what X does not explain of y, go with those of some row before; or the rows
    before explain what the row itself does not of y. What a sort brings about does not count: a column
    that only rises, or falls, is not asked, groups of equal y are centred, and y is not asked then.
    """
    x, y = _columns_of(x, SOME_COLUMNS), _columns_of(y, SOME_TARGETS)
    if len(x) < MANY_ROWS:
        return False
    with np.errstate(all="ignore"):
        if _is_sorted(y):
            if len(np.unique(y, axis=0)) > len(y) / 2:
                return False  # nothing tells a series from a sort
            x, y = _centred(x, _as_one(y)[:, 0]), y[:, :0]
        x, y = _standard(x), _standard(y)
        rises = (np.diff(x, axis=0) >= 0).all(axis=0) | (np.diff(x, axis=0) <= 0).all(axis=0)
        now = x[:, : max(1, len(x) // 50)]  # far fewer terms than rows
        return (
            _goes_with_before(x[:, ~rises])
            or _goes_with_before(_standard(_unexplained(y, now)))
            or _explained_by_before(now, y)
        )


def _columns_of(values, most):
    """(n, up to most) float64: the first rows, and some columns."""
    columns = spread(values.shape[1], most)
    return np.asarray(values[:SOME_ROWS][:, columns], dtype=np.float64)


def _as_one(y):
    """Targets (n, K) as (n, 1): of several the number of the row among the different ones."""
    return y if y.shape[1] == 1 else np.unique(y, axis=0, return_inverse=True)[1].reshape(-1, 1)


def _is_sorted(y):
    """Whether rows stand in the order of their target, or grouped by it."""
    y = _as_one(y)
    steps, n_kinds = np.diff(y[:, 0]), len(np.unique(y))
    is_grouped = 1 < n_kinds <= len(y) / 2 and np.count_nonzero(steps) == n_kinds - 1
    return bool(is_grouped or (steps >= 0).all() or (steps <= 0).all())


def _centred(x, groups):
    """x less the mean of its group, in each column."""
    _, codes = np.unique(groups, return_inverse=True)
    counts = np.bincount(codes)
    means = np.stack([np.bincount(codes, column) / counts for column in x.T], axis=1)
    return x - means[codes]


def _standard(x):
    """Columns of mean 0 and mean square 1; of a constant zeros."""
    x = x - x.mean(axis=0)
    deviation = x.std(axis=0)
    return np.nan_to_num(x / np.where(deviation > 0, deviation, 1))


def _goes_with_before(values):
    """Whether a column of standard values (n, .) is correlated with itself some rows before."""
    least = max(CLOSELY, CERTAIN / np.sqrt(len(values)))
    return any(
        np.abs((values[lag:] * values[:-lag]).mean(axis=0)).max(initial=0) > least
        for lag in range(1, FAR_BACK + 1)
    )


def _unexplained(y, x):
    """y less the linear function of x that is nearest to it."""
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0] if y.shape[1] else y


def _explained_by_before(x, y):
    """Whether standard y (n, K) is, in good part, a linear function of the rows of x before."""
    if not y.shape[1]:
        return False
    now, y = x[FAR_BACK:], y[FAR_BACK:]
    before = np.hstack([x[FAR_BACK - lag : len(x) - lag] for lag in range(1, FAR_BACK + 1)])
    n, p = before.shape
    unexplained = [
        (_unexplained(y, z) ** 2).mean(axis=0) / (1 - z.shape[1] / n)
        for z in (now, np.hstack([now, before]))
    ]
    gain = (unexplained[0] - unexplained[1]).max()
    return bool(gain > max(SHARE, CERTAIN * np.sqrt(2 * p) / n))


# --- targets that belong to steps -------------------------------------------------------------------


def follows_step_by_step(sequences, y):
    """Whether column t of y (n, T) goes with step t of X, or one near it, and not with the end of X.

    So do targets per time step; a forecast of T steps begins where X ends, and goes on as other sequences
    do. Where both are one period apart, only the values themselves tell.
    """
    rows = spread(sequences.n, SOME)
    T = y.shape[1]
    x, y = _numbers(sequences, rows, np.arange(T)), np.asarray(y, np.float64)
    if _are_steps_of_x(x, y[rows]):
        return True
    if _goes_on(sequences, y):
        return False
    with np.errstate(all="ignore"):
        x = _standard(x.reshape(len(x), -1)).reshape(x.shape)
        # (T, T): how closely a column of y goes with the best feature of a step of X
        r = np.abs(np.einsum("nt,nsf->tsf", _standard(y[rows]), x) / len(x)).max(axis=2)
    apart = max(_steps_apart(T), key=lambda k: np.diagonal(r, -k).mean())
    close = np.diagonal(r, -apart)
    first = slice(max(apart, 0), max(apart, 0) + 3)
    at_the_end = r[first, -1].mean()
    least = max(STEP_BY_STEP, STRAY / np.sqrt(len(x)))
    return bool(close.mean() > least and close[:3].mean() > at_the_end + MORE)


def _steps_apart(T):
    """How many steps after those of X the targets of steps may stand; -1: the next step."""
    return range(-1, min(STEPS_APART, T - 1) + 1)


def _are_steps_of_x(x, y):
    """Whether y (n, T) are values of a feature of x (n, T, F) itself, some steps apart."""
    T = y.shape[1]
    return any(
        (y[:, max(k, 0) : T + min(k, 0), None] == x[:, max(-k, 0) : T - max(k, 0)])
        .mean(axis=(0, 1))
        .max()
        > MOST
        for k in _steps_apart(T)
    )


def _goes_on(sequences, y):
    """Whether y goes on where X ends: its first column is what another sequence holds.

    Of sequences in any order many of its values are found among those of X; if X was scaled, or y made
    labels of, they are a function of one step of the next sequence, or of the next but some.
    """
    X = sequences.values.reshape(sequences.n, -1) if sequences.is_dense else None
    if X is None or X.shape[1] > SOME_STEPS or len(np.unique(y[:SOME_ROWS, 0])) < 2:
        return False
    X, first = np.asarray(X[:SOME_ROWS], dtype=np.float64), y[:SOME_ROWS, 0]
    elsewhere = np.isin(first, X) & (X != first[:, None]).all(axis=1)
    if len(np.unique(first)) > len(first) / 2 and elsewhere.mean() > FOUND:
        return True
    with np.errstate(all="ignore"):
        ahead = [k for k in {1, y.shape[1]} if len(X) > 2 * k]
        return any(_one_tells(X[k:], first[:-k]) for k in ahead)


def _one_tells(X, y):
    """Whether a column of X (n, .) tells y (n,): by a line, or, of two values, by a threshold."""
    kinds = np.unique(y)
    if len(kinds) == 2:
        low, high = X[y == kinds[0]], X[y == kinds[1]]
        apart = (low.max(axis=0) < high.min(axis=0)) | (high.max(axis=0) < low.min(axis=0))
        return bool(apart.any())
    r = np.abs(_standard(y[:, None]).T @ _standard(X) / len(X))
    return bool(r.max() > A_LINE)
