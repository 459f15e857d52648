"""Cross-validation that cuts a table of several series by the position of rows, as TimeSeriesSplit does.

If series stand one below the other, each with the same times, it trains on some and tests on others that
stand below. An estimator is not told of the split; but scikit-learn calls it from a function that knows
the whole table, the rows to train on and those to test on, also in other processes. ``split_around``
finds that; ``advise_on_split`` says what is wrong. A loop of one's own over the splits shows nothing.

Shapes: N rows of the whole table, n rows that are trained on, m that are tested on.
"""

import sys
from typing import NamedTuple

import numpy as np

from skrnn._reading.advice import IGNORE, warn
from skrnn._reading.index_times import times_of
from skrnn._reading.rows import encode, is_position
from skrnn._settings.quoting import quote

# What fits and tests one split in scikit-learn, and has these names for it.
MODULE = "sklearn.model_selection._validation"
FUNCTIONS = ("_fit_and_score", "_fit_and_predict", "_permutation_test_score")
OTHER = "learning_curve"  # which trains on the first rows of any split


class Cut(NamedTuple):
    """A table and a split of its rows.

    Attributes
    ----------
    X : object
        The whole table.
    train : (n,) int
    test : (m,) int
    """

    X: object
    train: np.ndarray
    test: np.ndarray


def split_around():
    """The split that this call of fit is part of, as ``Cut``; None if it is of none."""
    frame, found = sys._getframe(1), None
    while frame is not None:
        if frame.f_globals.get("__name__") == MODULE:
            name = frame.f_code.co_name
            if name == OTHER:
                return None
            found = frame if found is None and name in FUNCTIONS else found
        frame = frame.f_back
    return found and as_cut(*(found.f_locals.get(name) for name in ("X", "train", "test")))


def as_cut(X, train, test):
    """A table and the rows of a split, which may be masks; None of what is no table."""
    if getattr(X, "ndim", 2) != 2 or not (hasattr(X, "columns") or isinstance(X, np.ndarray)):
        return None
    rows = [np.asarray(one) for one in (train, test)]
    return Cut(X, *(np.flatnonzero(one) if one.dtype.kind == "b" else one for one in rows))


def advise_on_split(codes, sequence_id, cut=None):
    """Warn if a table of several series that stand one below the other is cut by the position of rows.

    Parameters
    ----------
    codes : (n,) int
        The number of the series of every row that is trained on.
    sequence_id : str, int or tuple
        The parameter.
    cut : Cut, optional
        By default what ``split_around`` finds.
    """
    cut = cut or split_around()
    if cut is None or len(cut.train) != len(codes) or not len(cut.test):
        return
    ids = _ids_of(cut, codes, sequence_id)
    if ids is None or not _by_position(ids[1], cut) or _is_later(cut, ids[1]):
        return
    names, of_all = ids
    new = np.setdiff1d(of_all[cut.test], of_all[cut.train])[0]
    warn(
        "Cross-validation cuts X by the position of rows, as TimeSeriesSplit does, but series stand one "
        f"below the other: it tests on series {quote(names[new])}, of which no row was trained on, and "
        "not on later rows. Split by time, cv=RollingOrigin(horizon=..., sequence_id=...) of "
        "skrnn.model_selection, or whole series, by GroupKFold. If each series begins when the one above "
        f"it has ended, which a column of times would tell, {IGNORE}"
    )


def _ids_of(cut, codes, sequence_id):
    """The ids, and the number of the series of every row (N,), as the column of X with the ids tells.

    Transformers may have renamed or moved it: it is the one that tells the rows apart as ``codes`` do.
    """
    names, codes = list(cut.X.columns) if hasattr(cut.X, "columns") else [], encode(codes)[1]
    first = [k for k, name in enumerate(names) if name == sequence_id]
    first += [sequence_id % cut.X.shape[1]] if is_position(sequence_id) else []
    for k in dict.fromkeys([*first, *range(cut.X.shape[1])]):
        try:
            ids, of_all = encode(_column(cut.X, k))
        except (TypeError, ValueError):  # missing values: no ids
            continue
        if np.array_equal(encode(of_all[cut.train])[1], codes):
            return ids, of_all
    return None


def _by_position(codes, cut):
    """Whether the split cuts a table (N,) of whole series, one below the other, by the position of rows.

    Folds of whole series have all rows in one part or the other, and cut no series.
    """
    n_blocks = 1 + np.count_nonzero(np.diff(codes))
    between = cut.test.min() - cut.train.max() - 1
    if n_blocks == 1 or n_blocks != codes.max() + 1 or not 0 <= between < len(cut.test):
        return False
    train, test = (np.unique(codes[rows]) for rows in (cut.train, cut.test))
    new, shared = np.setdiff1d(test, train), np.intersect1d(test, train)
    return len(new) > 0 and (len(shared) > 0 or cut.test.max() < len(codes) - 1)


def _is_later(cut, codes):
    """Whether a column or an index of dates tells that all rows that are tested on are later.

    It rises within every series (N,), and lies above all that is trained on.
    """
    same = np.diff(codes) == 0
    for values in _times(cut.X):
        rises = (np.diff(values)[same] > np.zeros(1, np.diff(values[:1]).dtype)).all()
        if rises and values[cut.train].max() < values[cut.test].min():
            return True
    return False


def _times(X):
    """What may be times: an index of dates, and columns of numbers or dates, (N,) each."""
    index = times_of(X.index) if hasattr(X, "index") else None
    if index is not None and index.kind == "dates":
        yield index.values
    for k in range(X.shape[1]):
        values = _column(X, k)
        if values.dtype.kind in "iufM":
            yield values.astype(np.int64) if values.dtype.kind == "u" else values


def _column(X, k):
    """A column as an array (N,)."""
    column = X.iloc[:, k] if hasattr(X, "iloc") else X[:, k]
    return column.to_numpy() if hasattr(column, "to_numpy") else column
