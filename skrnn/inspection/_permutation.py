"""Permutation importance of sequences: what a score loses if a feature, or a time step, is mixed up.

scikit-learn's own shuffles the columns of a table. A form of X is a class here with ``n_parts`` and
``mixed(k, rng)``, a copy of X in which part k comes from other sequences (or rows):

=============  ==============================================  =======================================
form           part "feature"                                  part "step"
=============  ==============================================  =======================================
``_Array``     its whole course, from another sequence         the step, from another sequence
``_Items``     the same, cut or repeated to the length         the same, counted from one end
``_Table``     the same: rows are sequences                    the same
``_Rows``      its values at other time steps of the series    the step, from another series
=============  ==============================================  =======================================
"""

from numbers import Integral

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_consistent_length

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.unwrap import WRAPPERS, answers_per_step, unwrap
from skrnn._forecasting.past import column, find_ids, put, stack, take
from skrnn._reading.containers import Table, as_items, object_array, reject_unreadable
from skrnn._reading.facts import Form
from skrnn._reading.rows import as_array, encode, split_ids
from skrnn._transformers.sliding_window import SlidingWindow
from skrnn.metrics import sequence_scorer

KINDS = "feature", "step"


def permutation_importance(
    estimator, X, y, *, by="feature", scoring=None, n_repeats=5, random_state=None, sample_weight=None
):
    """What a score loses if a feature, or a time step, is mixed up among the sequences.

    As `sklearn.inspection.permutation_importance` [1]_, for X that is no table: a 3-D array, a list of
    sequences, a table whose rows are time steps. The estimator is not fitted again.

    Parameters
    ----------
    estimator : object
        A fitted estimator, also a pipeline or a search. X is what goes into it.
    X : array-like
        The sequences, in a form that the estimator can predict. Data that training has not seen tells
        what helps with new data.
    y : array-like
        The targets.
    by : {"feature", "step"}, default="feature"
        What is mixed up. "feature": each feature, whose whole course comes from another sequence; of a
        longer one the beginning, of a shorter one its repetition. With `rows="steps"` its values are
        shuffled in time, within each series. "step": each time step, all its features coming from another
        sequence that has this step. In lists of unequal length steps are counted from the start, or, with
        one target per sequence, from the end: the last entry is the last step of all. With `rows="steps"`
        it needs several series.
    scoring : str, callable, list of str or dict, default=None
        A name, which goes through :func:`skrnn.metrics.sequence_scorer`, so that time steps are
        counted; a scorer; or several, as a list of names or a dict of names and scorers. `None`:
        the estimator's `score`.
    n_repeats : int, default=5
        How often each part is mixed up.
    random_state : int, RandomState instance or None, default=None
        The random numbers.
    sample_weight : array-like, default=None
        Weights, as the scorer takes them.

    Returns
    -------
    result : Bunch
        Dictionary-like; of several scorers a dict of them by name. With P parts:

        importances_mean : ndarray of shape (P,)
            Mean over the repetitions.
        importances_std : ndarray of shape (P,)
            Standard deviation over the repetitions.
        importances : ndarray of shape (P, n_repeats)
            The score of X less that of X with the part mixed up.

    Raises
    ------
    ValueError
        If X has no such parts or cannot be read, if lengths do not match, or n_repeats is not a
        positive int.
    TypeError
        If X is a sparse or masked array.

    See Also
    --------
    occlusion : What one answer loses without a step or a feature.
    sklearn.inspection.permutation_importance : That of tables.

    Notes
    -----
    Of two features that go together neither may seem to matter, as the other one is still
    there; and mixed sequences may be such as no data would hold. With a single series, features are mixed
    up in time, so that an importance also tells that their order matters. The column `sequence_id` is no
    feature, and stays. Of tables whose rows are sequences, a part is all columns of a feature or a step;
    of tables for other estimators each column is a feature.

    References
    ----------
    .. [1] Breiman, L., "Random forests", Machine Learning 45(1), 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import permutation_importance
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 2))
    >>> y = X[:, 5, 1]  # the second feature, two steps before the last
    >>> model = GRURegressor(max_iter=100, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, y)
    >>> result = permutation_importance(model, X, y, random_state=0)
    >>> int(result.importances_mean.argmax())
    1
    >>> result = permutation_importance(model, X, y, by="step", random_state=0)
    >>> int(result.importances_mean.argmax())
    5
    """
    if by not in KINDS:
        raise ValueError(f"by must be one of {list(KINDS)}, got {by!r}.")
    if not isinstance(n_repeats, Integral) or isinstance(n_repeats, bool) or n_repeats < 1:
        raise ValueError(f"n_repeats must be a positive int, got {n_repeats!r}.")
    scorers = _scorers(estimator, scoring)
    rng, form = check_random_state(random_state), _form_of(estimator, X, by)
    check_consistent_length(X, y)
    given = {} if sample_weight is None else {"sample_weight": sample_weight}

    def scores(X):
        return [scorer(estimator, X, y, **given) for scorer in scorers.values()]

    before = np.array(scores(X))[:, None, None]
    mixed = [[scores(form.mixed(k, rng)) for _ in range(n_repeats)] for k in range(form.n_parts)]
    lost = before - np.moveaxis(np.array(mixed), 2, 0)
    results = {name: _bunch(one) for name, one in zip(scorers, lost, strict=True)}
    return results if None not in scorers else results[None]


def _bunch(importances):
    return Bunch(
        importances_mean=importances.mean(axis=1), importances_std=importances.std(axis=1),
        importances=importances,
    )  # fmt: skip


def _scorers(estimator, scoring):
    """Name -> scorer; the only one has the name None."""
    if isinstance(scoring, (list, tuple, set)):
        scoring = {name: name for name in scoring}
    several = scoring if isinstance(scoring, dict) else {None: scoring}
    if not several:
        raise ValueError("scoring is empty: pass a name, a scorer, or several of them.")
    return {
        name: sequence_scorer(one) if isinstance(one, str) else check_scoring(estimator, one)
        for name, one in several.items()
    }


# --- forms of X -----------------------------------------------------------------------------------


def _form_of(estimator, X, by):
    """X in the form that it has for the estimator."""
    reject_unreadable(X, "X")
    inside = unwrap(estimator, through=WRAPPERS)
    form = Form(container=Table)  # what other estimators read
    is_own = isinstance(inside.estimator, BaseRNN)
    if is_own:
        form = inside.model.facts.form
    items = None if hasattr(X, "columns") else as_items(X, "X")
    if items is not None and not _are_rows(items, form):
        return _Items(X, items, by, form, at_end=not answers_per_step(inside.estimator))
    is_list = isinstance(X, (list, tuple)) and form.sequence_id is not None
    table = X if hasattr(X, "columns") else as_array(X, "X") if is_list else np.asarray(X)
    if len(table.shape) == 3:
        return _Array(table, by)
    if len(table.shape) != 2 or not len(table):
        raise ValueError(
            "X must hold sequences, a 3-D array, a list of them or a table, whose parts can be mixed up. "
            f"It is a {type(X).__name__} of shape {table.shape}; of strings pass what TokenEncoder makes "
            "of them, and the estimator behind it."
        )
    windows = [k for k, one in enumerate(inside.transformers) if isinstance(one, SlidingWindow)]
    if form.rows_are_steps or windows:
        return _Rows(table, by, *_series(inside, X, table, windows[0] if windows else None))
    # of other estimators every column is a feature
    return _Table(table, by, form.step_features if is_own or by == "step" else table.shape[1])


def _are_rows(items, form):
    """Whether 1-D items are the rows of a table."""
    if {item.ndim for item in items} != {1} or len({len(item) for item in items}) > 1:
        return False
    return form.rows_are_steps or form.is_table


def _series(inside, X, table, window):
    """The number of the series of every row, and the position of the column with their ids, or None.

    ``window`` is the number of the transformer that makes windows.
    """
    sequence_id = inside.model.facts.form.sequence_id
    if window is not None:
        sequence_id = inside.transformers[window].sequence_id
    if sequence_id is None:
        return np.zeros(len(table), dtype=np.intp), None
    _, codes = encode(np.asarray(split_ids(inside.transform(X, window), sequence_id)[1]))
    return codes, find_ids(table, codes, sequence_id)


def _check_several(n, what):
    if n < 2:
        raise ValueError(f"X holds a single {what}: there is no other one to mix it up with.")


class _Array:
    """A 3-D array (n, T, F)."""

    def __init__(self, X, by):
        _check_several(len(X), "sequence")
        self.X, self.axis = X, 2 if by == "feature" else 1
        self.n_parts = X.shape[self.axis]

    def mixed(self, k, rng):
        X, others = self.X.copy(), rng.permutation(len(self.X))
        part = (slice(None),) * self.axis + (k,)
        X[part] = X[others][part]
        return X


class _Items:
    """A list of sequences (T_i, F), arrays or frames; of (T_i,) tokens, or rows of F columns per step."""

    def __init__(self, X, items, by, form, *, at_end):
        _check_several(len(items), "sequence")
        self.is_list, self.at_end, self.is_flat = isinstance(X, (list, tuple)), at_end, items[0].ndim == 1
        if self.is_flat:
            if by == "feature" and form.has_tokens:
                raise ValueError('X holds tokens, which have no features: pass by="step".')
            items = [item.reshape(-1, form.step_features) for item in items]
        elif all(hasattr(item, "columns") for item in X):
            items = list(X)
        self.items, self.lengths, self.by = items, np.array(list(map(len, items))), by
        self.n_parts = items[0].shape[1] if by == "feature" else int(self.lengths.max())

    def mixed(self, k, rng):
        items = self._other_courses(k, rng) if self.by == "feature" else self._other_steps(k, rng)
        items = [item.reshape(-1) for item in items] if self.is_flat else items
        return items if self.is_list else object_array(items)

    def _other_courses(self, k, rng):
        others = rng.permutation(len(self.items))
        return [
            put(item, {k: column(self.items[j], k)[np.arange(len(item)) % self.lengths[j]]})
            for item, j in zip(self.items, others, strict=True)
        ]

    def _other_steps(self, t, rng):
        at = t - (self.lengths.max() - self.lengths if self.at_end else 0 * self.lengths)
        known = np.flatnonzero((at >= 0) & (at < self.lengths))
        items = list(self.items)
        for i, j in zip(known, rng.permutation(known), strict=True):
            rows = np.arange(self.lengths[i])
            rows[at[i]] = self.lengths[i] + at[j]
            items[i] = take(stack([self.items[i], self.items[j]]), rows)
        return items


class _Columns:
    """A table, of which some columns get the values of other rows."""

    def _put(self, columns, rows):
        return put(self.X, {k: column(self.X, k)[rows] for k in columns})


class _Table(_Columns):
    """A table whose rows are sequences, of ``step_features`` columns per step."""

    def __init__(self, X, by, step_features):
        _check_several(len(X), "sequence")
        columns = np.arange(X.shape[1])
        number = columns % step_features if by == "feature" else columns // step_features
        self.X, self.number, self.n_parts = X, number, int(number.max()) + 1

    def mixed(self, k, rng):
        return self._put(np.flatnonzero(self.number == k).tolist(), rng.permutation(len(self.X)))


class _Rows(_Columns):
    """A table whose rows are the time steps of the series ``codes``."""

    def __init__(self, X, by, codes, id_column):
        if by == "step":
            _check_several(int(codes.max()) + 1, "series")
        self.X, self.by = X, by
        self.columns = [k for k in range(X.shape[1]) if k != id_column]
        self.groups, self.n_parts = codes, len(self.columns)
        if by == "step":  # the number of a row in its series
            order, counts = np.argsort(codes, kind="stable"), np.bincount(codes)
            self.groups = np.empty_like(codes)
            self.groups[order] = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
            self.n_parts = int(counts.max())

    def mixed(self, k, rng):
        rows = np.arange(len(self.X))
        for group in [k] if self.by == "step" else range(int(self.groups.max()) + 1):
            at = np.flatnonzero(self.groups == group)
            rows[at] = rng.permutation(at)
        return self._put(self.columns if self.by == "step" else [self.columns[k]], rows)
