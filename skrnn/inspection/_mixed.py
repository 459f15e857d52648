"""X with a part from elsewhere: a feature, or a time step, mixed up among the sequences.

A form of X is a class here with ``n_parts``, how many features or steps there are, and ``mixed(k, rng)``,
a copy of X in which part k comes from other sequences (or rows):

=============  ==============================================  =======================================
form           part "feature"                                  part "step"
=============  ==============================================  =======================================
``_Array``     its whole course, from another sequence         the step, from another sequence
``_Items``     the same, cut or repeated to the length         the same, counted from one end
``_Table``     the same: rows are sequences                    the same
``_Rows``      its values at other time steps of the series    the step, from another series
=============  ==============================================  =======================================

Shapes: n sequences of T_i steps, F features; a table of steps has n rows, of any number of series.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import BaseRNN, Trainable
from skrnn._estimators.unwrap import WRAPPERS, Inside, is_fitted, unwrap
from skrnn._forecasting.past import column, find_ids, put, stack, take
from skrnn._reading.containers import Table, as_items, object_array, reject_unreadable
from skrnn._reading.facts import Form
from skrnn._reading.rows import as_array, encode, split_ids
from skrnn._transformers.sliding_window import SlidingWindow, check_every_row
from skrnn._transformers.token_encoder import TokenEncoder

NO_FEATURES = 'X holds tokens, which have no features: pass by="step".'


class _Reader(NamedTuple):
    """How an estimator reads X.

    Attributes
    ----------
    inside : Inside
    form : Form
    is_own : bool
        Whether it is an estimator of skrnn that reads numbers, or has an embedding.
    per_step : bool
        Whether it answers per time step.
    """

    inside: Inside
    form: Form
    is_own: bool
    per_step: bool

    @classmethod
    def of(cls, estimator):
        inside = unwrap(estimator, through=WRAPPERS)
        inner = inside.estimator
        if isinstance(inner, Trainable) and not is_fitted(inner):
            check_is_fitted(estimator)
        if not isinstance(inner, BaseRNN):
            facts = inside.model.facts if isinstance(inner, Trainable) and is_fitted(inner) else None
            if facts is not None and facts.form is not None:  # its sources end together
                return cls(inside, facts.form, True, False)
            return cls(inside, Form(container=Table), False, False)  # what other estimators read
        if is_fitted(inner):
            return cls(inside, inside.model.facts.form, True, inside.model.facts.per_step)
        settings = inside.settings  # of a template: fitted ones are kept where we do not look
        return cls(inside, replace(Form.of(settings), container=Table), True, settings.per_step)

    @property
    def encoder(self):
        """The TokenEncoder that gets X first, or None."""
        first = next(iter(self.inside.transformers), None)
        return first if isinstance(first, TokenEncoder) else None

    @property
    def takes_texts(self):
        """Whether an item of X may be any tokens, or a string for those of its characters."""
        inner = self.inside.estimator
        return self.encoder is not None or (
            isinstance(inner, Trainable) and inner.__sklearn_tags__().input_tags.string
        )

    @property
    def reads_tokens(self):
        return self.form.has_tokens or self.takes_texts

    def keeps_columns(self, table):
        """Whether the columns of a table are those that the model reads as the features of its steps."""
        if not self.is_own:
            return True
        if any(getattr(one, "bootstrap_features", False) for one in self.inside.wrappers):
            return False
        n = self.form.n_features_in
        if not self.form.is_table or (n is not None and table.shape[1] != n):
            return False
        return all(map(_keeps_names, self.inside.transformers))


def _keeps_names(transformer):
    """Whether the columns that a transformer makes are called as those it got, as far as it tells."""
    n = getattr(transformer, "n_features_in_", None)
    try:
        after = [str(name) for name in transformer.get_feature_names_out()]
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return True
    before = getattr(transformer, "feature_names_in_", [f"x{k}" for k in range(n or len(after))])
    return len(before) == len(after) and all(
        b == a or b.endswith(f"__{a}") for a, b in zip(before, after, strict=True)
    )


def form_of(estimator, X, by):
    """X in the form that it has for the estimator."""
    reject_unreadable(X, "X")
    reader = _Reader.of(estimator)
    if by == "feature" and reader.reads_tokens and not _has_features(X, reader):
        raise ValueError(NO_FEATURES)
    texts = _texts(X) if reader.takes_texts else None
    if texts is not None:
        return _of_texts(X, texts, by, reader)
    items = None if hasattr(X, "columns") else as_items(X, "X")
    if items is not None and not _are_rows(items, reader.form):
        return _of_items(X, items, by, reader)
    is_list = isinstance(X, (list, tuple)) and reader.form.sequence_id is not None
    table = X if hasattr(X, "columns") else as_array(X, "X") if is_list else np.asarray(X)
    if len(table.shape) == 3:
        return _Array(table, by)
    if len(table.shape) != 2 or not len(table):
        raise ValueError(
            "X must hold sequences, a 3-D array, a list of them or a table, whose parts can be mixed up. "
            f"It is a {type(X).__name__} of shape {table.shape}; of strings pass what TokenEncoder makes "
            "of them, and the estimator behind it."
        )
    return _of_table(X, table, by, reader)


def _has_features(X, reader):
    """Whether X has features of which transformers make tokens."""
    if not reader.inside.transformers or reader.takes_texts:
        return False
    is_table = len(getattr(X, "shape", ())) > 1
    return is_table or np.ndim(next(iter(X))) > 1


def _texts(X):
    """The items of X if each holds tokens, or is a string; else None."""
    if hasattr(X, "columns") or len(getattr(X, "shape", (0,))) != 1:
        return None
    items = list(X)
    are_texts = all(isinstance(one, (str, list, tuple)) or np.ndim(one) == 1 for one in items)
    return items if items and are_texts else None


def _of_texts(X, texts, by, reader):
    encoder = reader.encoder
    strings = [isinstance(text, str) for text in texts]
    if any(strings) and encoder is not None and encoder.analyzer != "char":
        raise ValueError(
            "X holds texts, of which the first step of the pipeline makes words: pass these, and what is "
            "behind it: permutation_importance(estimator[1:], estimator[:1].transform(X), y)."
        )
    items = [object_array(list(text)).reshape(-1, 1) for text in texts]

    def back(items):
        pairs = zip(items, strings, strict=True)
        return _as_given(
            X, ["".join(one[:, 0]) if is_text else one[:, 0].tolist() for one, is_text in pairs]
        )

    return _Items(items, by, at_end=True, back=back)


def _of_items(X, items, by, reader):
    def back(items):
        return _as_given(X, [item.reshape(-1) for item in items] if is_flat else items)

    is_flat = items[0].ndim == 1
    if is_flat:  # tokens, or rows of F columns per step
        items = [item.reshape(-1, reader.form.step_features) for item in items]
    elif all(hasattr(item, "columns") for item in X):
        items = list(X)
    return _Items(items, by, at_end=not reader.per_step, back=back)


def _as_given(X, items):
    return items if isinstance(X, (list, tuple)) else object_array(items)


def _of_table(X, table, by, reader):
    inside = reader.inside
    windows = [k for k, one in enumerate(inside.transformers) if isinstance(one, SlidingWindow)]
    if reader.form.rows_are_steps or windows:
        return _Rows(table, by, *_series(reader, X, table, windows[0] if windows else None))
    n_columns = table.shape[1]
    if reader.keeps_columns(table):
        return _Table(
            table, by, reader.form.step_features if reader.is_own or by == "step" else n_columns
        )
    if by == "step":
        raise ValueError(
            f"X is a table of {n_columns} columns, of which transformers before the model make others, "
            "so that its time steps are not to be found in X: pass what they make, and the estimator "
            'behind them, as estimator[-1] and estimator[:-1].transform(X); or by="feature", for each '
            "column."
        )
    return _Table(table, by, n_columns)


def _are_rows(items, form):
    """Whether 1-D items are the rows of a table."""
    if {item.ndim for item in items} != {1} or len({len(item) for item in items}) > 1:
        return False
    return form.rows_are_steps or form.is_table


def _series(reader, X, table, window):
    """The number of the series of every row, and the position of the column with their ids, or None.

    ``window`` is the number of the transformer that makes windows.
    """
    inside, sequence_id = reader.inside, reader.form.sequence_id
    if window is not None:
        check_every_row(inside.transformers[window], "permutation_importance")
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
        """X with part k of every sequence from another one."""
        X, others = self.X.copy(), rng.permutation(len(self.X))
        part = (slice(None),) * self.axis + (k,)
        X[part] = X[others][part]
        return X


class _Items:
    """Sequences of unequal length.

    Parameters
    ----------
    items : list of (T_i, F) arrays or frames
    by : "feature" or "step"
    at_end : bool
        Whether steps are counted so that the last ones go together.
    back : callable
        Makes an X of such a list.
    """

    def __init__(self, items, by, *, at_end, back):
        _check_several(len(items), "sequence")
        self.items, self.by, self.at_end, self.back = items, by, at_end, back
        self.lengths = np.array(list(map(len, items)))
        self.n_parts = items[0].shape[1] if by == "feature" else int(self.lengths.max())

    def mixed(self, k, rng):
        """X with part k of every sequence that has it from another one."""
        return self.back(
            self._other_courses(k, rng) if self.by == "feature" else self._other_steps(k, rng)
        )

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
    """A table (n, T * F) whose rows are sequences, of F = ``step_features`` columns per step.

    Attributes
    ----------
    number : (T * F,) int
        The part of every column.
    """

    def __init__(self, X, by, step_features):
        _check_several(len(X), "sequence")
        columns = np.arange(X.shape[1])
        number = columns % step_features if by == "feature" else columns // step_features
        self.X, self.number, self.n_parts = X, number, int(number.max()) + 1

    def mixed(self, k, rng):
        """X with the columns of part k from other rows."""
        return self._put(np.flatnonzero(self.number == k).tolist(), rng.permutation(len(self.X)))


class _Rows(_Columns):
    """A table (n, C) whose rows are the time steps of series.

    Parameters
    ----------
    X : (n, C) array or frame
    by : "feature" or "step"
    codes : (n,) int
        The number of the series of every row.
    id_column : int or None
        The position of the column of ids, which is no feature.

    Attributes
    ----------
    columns : list of int
        The positions of the features.
    groups : (n,) int
        Rows of one number are mixed among each other: those of a series, or those of a time step.
    """

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
        """X with feature k, or all features of step k, from other rows."""
        rows = np.arange(len(self.X))
        for group in [k] if self.by == "step" else range(int(self.groups.max()) + 1):
            at = np.flatnonzero(self.groups == group)
            rows[at] = rng.permutation(at)
        return self._put(self.columns if self.by == "step" else [self.columns[k]], rows)
