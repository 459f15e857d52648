"""Transformers for sequences: ``TimeDistributed``, ``SlidingWindow``, ``TokenEncoder``.

=================  ==========================================  =====================================
class              from                                        to
=================  ==========================================  =====================================
TimeDistributed    3-D array (n, T, F) or list of (T_i, F)     the same container, of other features
SlidingWindow      table of time steps (n_rows, F)             3-D array (n_rows, length, F)
TokenEncoder       strings or lists of tokens                  object array of (T_i,) integers
=================  ==========================================  =====================================

None changes the number or the order of the samples, so that every splitter and every search works
with them. What they give is no table: so none has ``get_feature_names_out``, and ``set_output``, which
a pipeline calls on each of its steps, changes nothing. A new transformer is one more class below
``_SequenceTransformer``.
"""

import contextlib
import re
import reprlib
import sys
from collections import Counter
from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._base import DOCUMENTATION
from skrnn._sequences import as_items, as_numbers, object_array, reject_unreadable


class _SequenceTransformer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """What the transformers share."""

    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"

    def set_output(self, *, transform=None):
        """Do nothing: sequences have no form of a data frame.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer as it was.
        """
        return self


# --- every time step ------------------------------------------------------------------------------


class _Steps(NamedTuple):
    """X as one table of all time steps of all sequences, and the way back."""

    rows: object  # (sum of T_i, F): an array or a data frame
    lengths: np.ndarray  # T_i
    kind: str  # "array", "list" or "object array"

    def split(self, rows):
        """``rows``, (sum of T_i, K), in the container of X."""
        if self.kind == "array":
            return rows.reshape(len(self.lengths), -1, rows.shape[1])
        items = np.split(rows, np.cumsum(self.lengths)[:-1])
        return items if self.kind == "list" else object_array(items)


def _read_steps(X, name):
    """X as ``_Steps``; a 3-D array is not copied. ``name`` is that of the transformer."""
    reject_unreadable(X, "X")
    items = as_items(X, "X")
    if items is None:
        array = np.asarray(X)
        _check_form(array.ndim == 3, f"{array.ndim}-D X ({type(X).__name__})", name)
        n, T, F = array.shape
        _check_not_empty(n, T, F, array.shape)
        return _Steps(array.reshape(n * T, F), np.full(n, T), "array")
    for i, item in enumerate(items):
        _check_form(item.ndim == 2, f"a list whose item {i} is {item.ndim}-D", name)
        if item.shape[1] != items[0].shape[1]:
            raise ValueError(
                f"Sequence {i} of X has {item.shape[1]} features, but sequence 0 has "
                f"{items[0].shape[1]}. Every sequence must be an array (n_timesteps, n_features) with "
                "the same n_features."
            )
        if not len(item):
            raise ValueError(
                f"Sequence {i} of X has no time steps (shape={item.shape}): remove it, from y, too."
            )
    _check_not_empty(len(items), 1, items[0].shape[1] if items else 1, (len(items),))
    frame = _one_frame(list(X))
    rows = np.concatenate(items) if frame is None else frame
    kind = "list" if isinstance(X, (list, tuple)) else "object array"
    return _Steps(rows, np.array(list(map(len, items))), kind)


def _check_form(ok, what, name):
    if not ok:
        raise ValueError(
            f"{name} expects sequences, a 3-D array (n_sequences, n_timesteps, n_features) or a list of "
            f"2-D arrays (n_timesteps, n_features), but got {what}. For a table use the transformer "
            f"itself, without {name}; rows that are sequences become one array by X.reshape(n_sequences, "
            "n_timesteps, n_features), a single sequence is the list [X]."
        )


def _check_not_empty(n, T, F, shape):
    for number, what in ((n, "sample(s)"), (T, "time step(s)"), (F, "feature(s)")):
        if not number:
            raise ValueError(f"Found X with 0 {what} (shape={shape}) while a minimum of 1 is required.")


def _one_frame(items):
    """Data frames of one library one below the other, for transformers that want names; else None."""
    packages = {type(item).__module__.partition(".")[0] for item in items}
    if packages not in ({"pandas"}, {"polars"}):
        return None
    frame = sys.modules[packages.pop()].concat(items)
    return frame.reset_index(drop=True) if hasattr(frame, "reset_index") else frame


def _on_steps(values, lengths):
    """Values of the time steps or of the sequences, one for every step; None if they are neither."""
    if isinstance(values, (list, tuple)) or getattr(getattr(values, "dtype", None), "kind", "") == "O":
        items = [np.asarray(value) for value in values]
    else:
        items = np.asarray(values)
    if all(item.ndim and len(item) == T for item, T in zip(items, lengths, strict=True)):
        return np.concatenate(items)
    if len({item.shape for item in items}) == 1:
        return np.repeat(np.stack(items), lengths, axis=0)
    return None


def _inner_has(method):
    """For ``available_if``: the transformer has the method."""
    return lambda self: hasattr(getattr(self, "transformer_", self.transformer), method)


class TimeDistributed(_SequenceTransformer):
    """Apply a transformer of scikit-learn to every time step of sequences.

    All time steps of all sequences become the rows of one table, on which the transformer is fitted and
    applied. Its answers go back into the container of X: a 3-D array gives a 3-D array, a list a list,
    an object array an object array. The `dtype` is the one that the transformer gives. Missing values
    are let through, for the transformer to judge.

    Parameters
    ----------
    transformer : object
        The transformer, with `fit` and `transform`. It must keep the number of rows and give dense
        output. It is cloned.

    Attributes
    ----------
    transformer_ : object
        The fitted transformer.
    n_features_in_ : int
        Number of features of one time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features as the transformer saw them: those of the columns, if the sequences are data
        frames.

    See Also
    --------
    SlidingWindow : Windows of the rows of a series, to be put after transformers of tables.
    TokenEncoder : Strings to sequences of integers.

    Notes
    -----
    scikit-learn's `check_estimator` feeds tables, which this transformer does not read, and so stops
    after its first check. The tests of skrnn run those that need no data, and all of them on this class
    around a `StandardScaler`, through an adapter that passes each row of a table as a sequence of one
    step.

    With metadata routing enabled it is a router: request `sample_weight` of the inner transformer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import TimeDistributed
    >>> X = [np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[4.0, 5.0]])]
    >>> scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    >>> [x.shape for x in scaled]
    [(2, 2), (1, 2)]
    >>> float(np.concatenate(scaled).mean())
    0.0
    """

    _parameter_constraints = {"transformer": [HasMethods(["fit", "transform"])]}  # noqa: RUF012

    def __init__(self, transformer):
        self.transformer = transformer

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Fit the transformer to all time steps.

        Parameters
        ----------
        X : array-like
            Array of shape (n_sequences, n_timesteps, n_features), or list or object array of arrays
            or data frames of shape (n_timesteps_i, n_features).
        y : array-like, default=None
            Targets, for transformers that use them. If every sequence has as many targets as time steps,
            one for each step, in an array (n_sequences, n_timesteps) or a list of arrays; else one
            for each sequence, which is repeated for its steps. Targets of other lengths, those of an
            encoder-decoder, are not passed on.
        **params : dict
            Passed to `fit` of the transformer. What has one entry for each sequence, such as
            `sample_weight`, is laid on the time steps in the same way as y.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X holds no sequences, or X, y and the weights do not go together.
        TypeError
            If X is sparse or masked.
        """
        self._run_fit("fit", _read_steps(X, type(self).__name__), y, params)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None, **params):
        """Fit the transformer to all time steps, and transform them.

        Parameters
        ----------
        X : array-like
            The sequences, as in `fit`.
        y : array-like, default=None
            The targets, as in `fit`.
        **params : dict
            Passed to `fit_transform` of the transformer, or to its `fit` if it has no `fit_transform`.

        Returns
        -------
        X_new : array-like
            The transformed sequences, in the container of X.

        Raises
        ------
        ValueError
            As `fit`, and if the transformer does not keep the number of rows.
        TypeError
            If X is sparse or masked, or the transformer gives sparse output.
        """
        steps = _read_steps(X, type(self).__name__)
        if not hasattr(self.transformer, "fit_transform"):
            self._run_fit("fit", steps, y, params, caller="fit_transform")
            return self._answer(self.transformer_.transform(steps.rows), steps)
        return self._answer(self._run_fit("fit_transform", steps, y, params), steps)

    @available_if(_inner_has("partial_fit"))
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y=None, **params):
        """Go on fitting with more sequences. Only if the transformer has `partial_fit`.

        Parameters
        ----------
        X : array-like
            The sequences, as in `fit`.
        y : array-like, default=None
            The targets, as in `fit`.
        **params : dict
            Passed to `partial_fit` of the transformer, as in `fit`.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            As `fit`, and if the number of features is another than before.
        TypeError
            If X is sparse or masked.
        """
        steps = _read_steps(X, type(self).__name__)
        known = getattr(self, "transformer_", None)
        if known is not None:
            self._check_n_features(steps)
        self._run_fit("partial_fit", steps, y, params, transformer=known)
        return self

    def transform(self, X):
        """Transform every time step.

        Parameters
        ----------
        X : array-like
            The sequences, as in `fit`.

        Returns
        -------
        X_new : array-like
            The transformed sequences, in the container of X.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X holds no sequences or has another number of features than in `fit`, or the transformer
            does not keep the number of rows.
        TypeError
            If X is sparse or masked, or the transformer gives sparse output.
        """
        check_is_fitted(self)
        steps = _read_steps(X, type(self).__name__)
        self._check_n_features(steps)
        return self._answer(self.transformer_.transform(steps.rows), steps)

    @available_if(_inner_has("inverse_transform"))
    def inverse_transform(self, X):
        """Undo the transformation. Only if the transformer has `inverse_transform`.

        Parameters
        ----------
        X : array-like
            Transformed sequences, in one of the containers that `fit` takes.

        Returns
        -------
        X_original : array-like
            The sequences, in the container of X.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X holds no sequences of transformed time steps.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        steps = _read_steps(X, type(self).__name__)
        return self._answer(self.transformer_.inverse_transform(steps.rows), steps)

    @property
    def feature_names_in_(self):
        """Names of the features, if the transformer has seen any."""
        return self.transformer_.feature_names_in_

    def get_metadata_routing(self):
        """Where metadata goes: to the method of the same name of the transformer.

        Returns
        -------
        routing : MetadataRouter
            The routing of this transformer.
        """
        fit_transform = "fit_transform" if hasattr(self.transformer, "fit_transform") else "fit"
        mapping = MethodMapping().add(caller="fit", callee="fit")
        mapping.add(caller="fit_transform", callee=fit_transform)
        mapping.add(caller="partial_fit", callee="partial_fit")
        return MetadataRouter(owner=self).add(transformer=self.transformer, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        if hasattr(self.transformer, "__sklearn_tags__"):
            inner = get_tags(self.transformer)
            for name in ("allow_nan", "categorical", "positive_only", "string"):
                setattr(tags.input_tags, name, getattr(inner.input_tags, name))
            tags.target_tags, tags.transformer_tags = inner.target_tags, inner.transformer_tags
            tags.non_deterministic = inner.non_deterministic
        return tags

    # --- private ---

    def _run_fit(self, method, steps, y, params, *, caller=None, transformer=None):
        """Call a method that fits; only then publish the transformer."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, caller or method, **params)
            params = getattr(routed.transformer, method)
        params = {name: self._param_on_steps(name, value, steps) for name, value in params.items()}
        targets = () if y is None else self._targets_on_steps(y, steps)
        transformer = clone(self.transformer) if transformer is None else transformer
        try:
            answer = getattr(transformer, method)(steps.rows, *targets, **params)
        except Exception as error:
            if y is not None and not targets:
                error.add_note(
                    f"{type(self).__name__} could not pass on y: its items are neither of the lengths of "
                    "the sequences of X (one target per time step) nor of one shape (one per sequence)."
                )
            raise
        self.transformer_, self.n_features_in_ = transformer, steps.rows.shape[1]
        return answer

    @staticmethod
    def _targets_on_steps(y, steps):
        """y for the transformer, as a tuple of one, or of none if it fits no step."""
        check_consistent_length(steps.lengths, y)
        targets = _on_steps(y, steps.lengths)
        # those of an encoder-decoder have lengths of their own, and no scaler minds
        return () if targets is None else (targets,)

    @staticmethod
    def _param_on_steps(name, value, steps):
        """Metadata on the time steps if it has one entry for each sequence, else as it is."""
        if not hasattr(value, "__len__") or isinstance(value, (str, bytes, dict)):
            return value
        if name == "sample_weight":
            check_consistent_length(steps.lengths, value)
        if len(value) != len(steps.lengths):
            return value
        on_steps = _on_steps(value, steps.lengths)
        if on_steps is None:
            raise ValueError(
                f"The items of {name} are neither of the lengths of the sequences of X nor of one shape."
            )
        return on_steps

    def _check_n_features(self, steps):
        n_features = steps.rows.shape[1]
        if n_features != self.n_features_in_:
            raise ValueError(
                f"X has {n_features} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )

    def _answer(self, rows, steps):
        """The rows that the transformer gave, in the container of X."""
        name = type(self.transformer).__name__
        if sparse.issparse(rows):
            raise TypeError(
                f"{name} gives sparse output, but sequences are dense: set sparse_output=False, or put "
                "a transformer that gives dense output after it, in a pipeline."
            )
        rows, n_rows = np.asarray(rows), steps.rows.shape[0]
        if rows.ndim != 2 or len(rows) != n_rows:
            raise ValueError(
                f"{name} gave an array of shape {rows.shape} for {n_rows} time steps. It must give one "
                "row for each time step."
            )
        return steps.split(rows)


# --- windows --------------------------------------------------------------------------------------


class SlidingWindow(_SequenceTransformer):
    """Turn the rows of a series into windows: each row with the rows before it.

    Row t becomes the sequence of the rows t - length + 1 to t, so that an estimator that reads sequences
    has the recent past of every row. The number of samples stays, as `TimeSeriesSplit` and pipelines
    need. Windows that would begin before the first row are filled up with copies of the first row: in
    every call, the first `length` - 1 rows of a series are short of history.

    Parameters
    ----------
    length : int
        Number of rows of a window.
    sequence_id : str or int, default=None
        The column of X that says to which series a row belongs, by its exact name (data frames) or
        position. Its values may be of any hashable kind. It is not a feature: windows are without it.
        Rows of one series stand in order, and may have rows of others between them. `None`: all rows
        are one series.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X, that of `sequence_id` included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame whose names are all strings.

    See Also
    --------
    TimeDistributed : A transformer for every time step of sequences.
    TokenEncoder : Strings to sequences of integers.

    Notes
    -----
    The windows of one series are a read-only view of one copy of X, which takes the memory of X whatever
    `length` is. The windows of several series start at no regular distance, which no view can express:
    they are an array of their own, `length` times as large as X, and read-only, too. Scale before the
    windows, not after them: fewer rows and the same numbers.

    Values are passed on as they are, missing and infinite ones included.

    All checks of scikit-learn's `check_estimator` run. Two fail, because they contradict what a window
    is: `check_methods_sample_order_invariance` and `check_methods_subset_invariance` ask that a row is
    transformed without regard to the rows around it.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import SlidingWindow
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> windows = SlidingWindow(3).fit_transform(X)
    >>> windows.shape
    (4, 3, 1)
    >>> windows[:, :, 0]
    array([[1., 1., 1.],
           [1., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]])
    """

    _parameter_constraints = {  # noqa: RUF012
        "length": [Interval(Integral, 1, None, closed="left")],
        "sequence_id": [str, Integral, None],
    }

    def __init__(self, length, *, sequence_id=None):
        self.length = length
        self.sequence_id = sequence_id

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters and X, and remember its columns.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series, a row for each time step.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X is no table of numbers, or `sequence_id` is not one of its columns.
        TypeError
            If X is sparse or masked.
        """
        self._read(X)
        validate_data(self, X=X, skip_check_array=True, reset=True)  # the names
        return self

    def transform(self, X):
        """The window that ends at each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series, a row for each time step.

        Returns
        -------
        windows : ndarray of shape (n_rows, length, n_features)
            Read-only; of the `dtype` of X. Without the column of `sequence_id`.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X is no table of numbers, or has other columns than in `fit`.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        values, series = self._read(X)
        validate_data(self, X=X, skip_check_array=True, reset=False)
        return _windows(values, self.length, series)

    def _read(self, X):
        """The features of X as numbers, and the number of the series of each row."""
        reject_unreadable(X, "X")
        series = None
        if self.sequence_id is not None:
            ids, X = _split_off(X, self.sequence_id)
            series = _number_series(ids, self.sequence_id)
        return as_numbers(X, "X", estimator=self), series

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _windows(values, length, series=None):
    """Windows of (n, F) values, each series filled up at its start with its first row: (n, length, F)."""
    n_series = 1 if series is None else int(series.max()) + 1
    if n_series == 1:
        first = np.broadcast_to(values[:1], (length - 1, values.shape[1]))
        return _view(np.concatenate([first, values]), length)
    order = np.argsort(series, kind="stable")  # the rows series by series
    counts = np.bincount(series)
    repeats = np.ones(len(values), dtype=np.intp)
    repeats[np.cumsum(counts) - counts] = length  # the first rows
    ends = np.cumsum(repeats) - 1  # where each row stands in the padded series
    starts = np.empty_like(ends)
    starts[order] = ends - (length - 1)
    windows = _view(values[np.repeat(order, repeats)], length)[starts]
    windows.flags.writeable = False  # as for one series
    return windows


def _view(padded, length):
    return np.lib.stride_tricks.sliding_window_view(padded, length, axis=0).transpose(0, 2, 1)


def _split_off(X, column):
    """The column as a list, and X without it."""
    if not hasattr(X, "columns") and not hasattr(X, "dtype"):
        X = np.array(X, dtype=object)  # a list may hold names beside numbers
    if getattr(X, "ndim", 2) != 2:
        raise ValueError(
            f"Expected 2D array, got {X.ndim}D array instead: sequence_id={column!r} is a column."
        )
    j = _position(X, column)
    others = [k for k in range(X.shape[1]) if k != j]
    if not others:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={X.shape}) beside the column sequence_id={column!r} "
            "while a minimum of 1 is required."
        )
    X = X.iloc if hasattr(X, "iloc") else X
    return X[:, j], X[:, others]


def _position(X, column):
    """The position of a column of X, given by name or position."""
    advice = (
        'ColumnTransformer(..., verbose_feature_names_out=False).set_output(transform="pandas") before '
        "SlidingWindow keeps names."
    )
    if isinstance(column, str):
        if not hasattr(X, "columns"):
            raise ValueError(
                f"sequence_id={column!r} is the name of a column, but X ({type(X).__name__}) has none. "
                f"Pass a DataFrame or the position of the column. {advice}"
            )
        found = [k for k, name in enumerate(X.columns) if name == column]
        if len(found) != 1:
            number = "no" if not found else "more than one"
            raise ValueError(
                f"X has {number} column sequence_id={column!r}, but the columns {list(X.columns)}. "
                f"{advice}"
            )
        return found[0]
    n_columns = X.shape[1]
    if not -n_columns <= column < n_columns:
        raise ValueError(f"X has no column sequence_id={column}: it has {n_columns} columns.")
    return column % n_columns


def _number_series(ids, column):
    """The number of the series of each row; numbers go up in order of first appearance."""
    numbers = {}
    series = np.empty(len(ids), dtype=np.intp)
    for row, value in enumerate(ids.tolist() if hasattr(ids, "tolist") else ids.to_list()):
        if value is None or type(value).__name__ == "NAType" or _differs_from_itself(value):
            raise ValueError(f"Row {row} of X has {value!r} in the column sequence_id={column!r}.")
        try:
            series[row] = numbers.setdefault(value, len(numbers))
        except TypeError as error:
            raise TypeError(
                f"sequence_id={column!r}: row {row} of X has an id that has no hash."
            ) from error
    return series


def _differs_from_itself(value):
    """True for NaN and NaT."""
    return isinstance(value != value, bool | np.bool_) and bool(value != value)


# --- tokens ---------------------------------------------------------------------------------------

WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
UNKNOWN, UNKNOWN_CHAR = "<unk>", "\ufffd"  # what stands for id 0 when ids are decoded


class TokenEncoder(_SequenceTransformer):
    """Encode strings, or lists of tokens, as sequences of integers.

    Token ids go from 1 up, by falling frequency in `fit`; tokens of equal frequency are sorted. Id 0 is
    the unknown token: what is not in the vocabulary. The answer is what the estimators read with
    `embedding_size`.

    Parameters
    ----------
    analyzer : {"char", "word"} or callable, default="char"
        How a string becomes tokens. "char": its characters. "word": words, with apostrophes inside them,
        and marks of punctuation one by one; unlike in scikit-learn's `CountVectorizer`, words of one
        letter and punctuation are kept, as a network that reads in order can use them. A callable is
        given every item of X as it is and returns its tokens. Items that are no strings but lists of
        tokens are taken as they are by "char" and "word".
    lowercase : bool, default=False
        Convert strings to lower case first. Ignored for lists of tokens and if `analyzer` is callable.
        Not the default, because it cannot be undone: a network that is to write text needs capitals.
    min_frequency : int or float, default=1
        Tokens that are rarer in `fit` are unknown tokens, as in `OneHotEncoder`: an int counts
        occurrences, a float is a share of all occurrences. With the default, no token is unknown in
        `fit`, and so a network never learns what to make of one; 2 or more changes that.
    max_tokens : int, default=None
        Keep so many of the most frequent tokens; the unknown token does not count. `None`: all.

    Attributes
    ----------
    vocabulary_ : dict of hashable to int
        Token to id.
    n_tokens_ : int
        Number of ids, that of the unknown token included: the `n_tokens` of an estimator.

    See Also
    --------
    TimeDistributed : A transformer for every time step of sequences.
    SlidingWindow : Windows of the rows of a series.

    Notes
    -----
    The answer is a 1-D object array, not a list: splitters take it apart as fast as any array, and it
    stays one sequence per entry also when all have the same length. An empty string, which no network
    can read, becomes a single unknown token, so that one among the strings of a test fold stops nothing.

    scikit-learn's `check_estimator` feeds tables of numbers, which this transformer does not read, and so
    stops after its first check, as for `CountVectorizer`. The tests of skrnn run those that need no data.

    Examples
    --------
    >>> from skrnn import TokenEncoder
    >>> encoder = TokenEncoder().fit(["abba", "cab"])
    >>> encoder.vocabulary_
    {'a': 1, 'b': 2, 'c': 3}
    >>> encoder.transform(["bad", "cc"])
    array([array([2, 1, 0]), array([3, 3])], dtype=object)
    >>> encoder.inverse_transform([[3, 1, 2], [1, 0]])
    ['cab', 'a�']
    >>> TokenEncoder("word").fit(["I don't know, I said."]).vocabulary_
    {'I': 1, ',': 2, '.': 3, "don't": 4, 'know': 5, 'said': 6}
    """

    _parameter_constraints = {  # noqa: RUF012
        "analyzer": [StrOptions({"char", "word"}), callable],
        "lowercase": ["boolean"],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
        "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, analyzer="char", *, lowercase=False, min_frequency=1, max_tokens=None):
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.min_frequency = min_frequency
        self.max_tokens = max_tokens

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : array-like of shape (n_sequences,)
            Strings, or lists, tuples or 1-D arrays of tokens: any hashable values. A list, a Series or a
            1-D array of them.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If X is a single string or a table, an item is missing, or no token is left.
        TypeError
            If X or an item is neither text nor tokens.
        """
        items = _read_texts(X)
        are_text = {isinstance(item, str) for item in items}
        if len(are_text) > 1 and not callable(self.analyzer):
            raise ValueError("X holds strings and lists of tokens: pass the one or the other.")
        counts = Counter()
        for i, item in enumerate(items):
            with _naming(i, item):
                counts.update(self._tokens(item))
        if not counts:
            raise ValueError("X holds no tokens: all its items are empty.")
        self.vocabulary_ = self._choose(counts)
        self.n_tokens_ = 1 + len(self.vocabulary_)
        # what inverse_transform makes of tokens: text, or (None) lists
        self._text_kind = None if are_text == {False} or callable(self.analyzer) else self.analyzer
        return self

    def transform(self, X):
        """Encode strings or lists of tokens.

        Parameters
        ----------
        X : array-like of shape (n_sequences,)
            Strings or lists of tokens, as in `fit`.

        Returns
        -------
        ids : ndarray of shape (n_sequences,)
            An object array of integer arrays of shape (n_tokens_i,). An item without tokens gives the one
            id 0.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If X is a single string or a table, or an item is missing.
        TypeError
            If X or an item is neither text nor tokens.
        """
        check_is_fitted(self)
        get, answer = self.vocabulary_.get, []
        for i, item in enumerate(_read_texts(X)):
            with _naming(i, item):
                ids = [get(token, 0) for token in self._tokens(item)]
            answer.append(np.array(ids or [0], dtype=np.int64))
        return object_array(answer)

    def inverse_transform(self, X):
        """Decode sequences of ids.

        Parameters
        ----------
        X : array-like of shape (n_sequences,) or (n_sequences, n_tokens)
            Integer sequences: a list or an object array of 1-D arrays, or a 2-D array.

        Returns
        -------
        items : list
            Strings if the encoder was fitted on strings and `analyzer` is no callable: characters joined
            as they are, words with a space between them. Else lists of tokens. The unknown token is
            U+FFFD, the replacement character, among characters and "<unk>" elsewhere.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If X holds no sequences of integers, or one that is no id.
        """
        check_is_fitted(self)
        tokens = [UNKNOWN_CHAR if self._text_kind == "char" else UNKNOWN, *self.vocabulary_]
        items = [[tokens[k] for k in ids] for ids in _read_ids(X, self.n_tokens_)]
        if self._text_kind is None:
            return items
        return [("" if self._text_kind == "char" else " ").join(item) for item in items]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = False, True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    # --- private ---

    def _tokens(self, item):
        """The tokens of an item of X."""
        if callable(self.analyzer):
            return list(self.analyzer(item))
        if not isinstance(item, str):
            return _listed(item)
        item = item.lower() if self.lowercase else item
        return item if self.analyzer == "char" else WORD.findall(item)

    def _choose(self, counts):
        """The vocabulary: token -> id."""
        least = self.min_frequency
        if not isinstance(least, Integral):
            least = least * counts.total()
        try:
            tokens = sorted(counts)
        except TypeError:  # of several kinds: in order of first appearance
            tokens = list(counts)
        tokens = sorted((t for t in tokens if counts[t] >= least), key=lambda t: -counts[t])
        if not tokens:
            raise ValueError(
                f"No token is as frequent as min_frequency={self.min_frequency}: the most frequent one "
                f"occurs {max(counts.values())} times among {counts.total()}."
            )
        return {token: k for k, token in enumerate(tokens[: self.max_tokens], start=1)}


def _read_texts(X):
    """The items of X; each is text or a sequence of tokens."""
    if isinstance(X, str):
        raise ValueError("X is a single string. Pass a list of strings; for one string, the list [X].")
    if hasattr(X, "columns") or getattr(X, "ndim", 1) != 1:
        raise ValueError(
            f"X is {type(X).__name__} of shape {X.shape}, but its items must be strings or lists of "
            'tokens. Pass one column, X["name"] (in a ColumnTransformer: "name", not ["name"]), or '
            "list(X) if the rows of an array are sequences of tokens."
        )
    if not isinstance(X, (list, tuple)) and not (hasattr(X, "__array__") and hasattr(X, "__len__")):
        raise TypeError(
            f"X must be a list, a 1-D array or a Series of strings or token lists, got {type(X)}."
        )
    items = list(X)
    if not items:
        raise ValueError("Found X with 0 sample(s) (shape=(0,)) while a minimum of 1 is required.")
    for i, item in enumerate(items):
        if item is None or type(item).__name__ == "NAType" or _differs_from_itself(item):
            raise ValueError(f"Item {i} of X is missing ({item!r}): remove it, or pass an empty string.")
    return items


@contextlib.contextmanager
def _naming(i, item):
    """A TypeError about the tokens of an item says which item it is."""
    try:
        yield
    except TypeError as error:
        raise TypeError(
            f"Item {i} of X, {reprlib.repr(item)}, cannot be read as tokens: {error}"
        ) from error


def _listed(item):
    """The tokens of an item that is a list, a tuple, a 1-D array or a Series of them."""
    if isinstance(item, (list, tuple)):
        return list(item)
    if hasattr(item, "__array__") and getattr(item, "ndim", 1) == 1:
        return np.asarray(item).tolist()
    raise TypeError(f"expected a string or a list of tokens, got {type(item).__name__}.")


def _read_ids(X, n_tokens):
    """Sequences of ids as a list of arrays; every id is known."""
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 1) == 1:
        items = [np.asarray(item) for item in X]
    else:
        items = list(np.asarray(X))
    for i, item in enumerate(items):
        if item.ndim != 1:
            raise ValueError(
                f"Item {i} of X is {item.ndim}-D. Expected a list of 1-D integer arrays or a 2-D integer "
                "array; for a single sequence pass [ids]."
            )
        known = item.dtype.kind in "biuf" and ((item >= 0) & (item < n_tokens) & (item % 1 == 0)).all()
        if item.size and not known:
            raise ValueError(
                f"Item {i} of X holds what is no id: ids are the integers from 0 to {n_tokens - 1}."
            )
    return [item.astype(np.intp) for item in items]
