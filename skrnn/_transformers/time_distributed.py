"""A transformer applied to every time step of sequences.

Shapes: n sequences of (T_i, F); the transformer sees the table of all their steps, (sum of T_i, F).
"""

import sys
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.base import _fit_context, clone
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._estimators.callbacks import as_task
from skrnn._estimators.memory import with_text
from skrnn._reading.arrays import object_array, reject_nested, reject_times
from skrnn._reading.containers import as_items
from skrnn._reading.unreadable import reject_unreadable
from skrnn._transformers.base import SequenceTransformer


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


@with_text()
def _read_steps(X, name, transformer=None):
    """X as ``_Steps``, which that transformer may see; a 3-D array is not copied.

    ``name`` is that of the transformer of sequences.
    """
    reject_unreadable(X, "X")
    items = as_items(X, "X")
    if items is None:
        reject_nested(X, "X")
        array = np.asarray(X)
        _check_form(array.ndim == 3, f"{array.ndim}-D ({type(X).__name__})", name)
        n, T, F = array.shape
        _check_not_empty(n, T, F, array.shape)
        if _takes_numbers_only(transformer):
            reject_times(array, "X")
        return _Steps(array.reshape(n * T, F), np.full(n, T), "array")
    _check_items(items, name)
    _check_not_empty(len(items), 1, items[0].shape[1] if items else 1, (len(items),))
    _check_times(X, items, transformer)
    frame = _one_frame(list(X))
    rows = np.concatenate(items) if frame is None else frame
    kind = "list" if isinstance(X, (list, tuple)) else "object array"
    return _Steps(rows, np.array(list(map(len, items))), kind)


def _check_times(X, items, transformer):
    """Raise a ValueError for dates and times, if the transformer would take them for numbers."""
    if _takes_numbers_only(transformer):
        for i, (item, array) in enumerate(zip(X, items, strict=True)):
            reject_times(item if hasattr(item, "columns") else array, f"Sequence {i} of X")


def _takes_numbers_only(transformer):
    """Whether it is one of scikit-learn's for numbers: others may know what to do with a date."""
    while getattr(transformer, "steps", None):
        transformer = transformer.steps[0][1]
    package, _, module = type(transformer).__module__.partition(".")
    if package != "sklearn" or module.startswith(("compose", "pipeline")):
        return False
    tags = get_tags(transformer)
    return not (tags.no_validation or tags.input_tags.categorical or tags.input_tags.string)


def _check_items(items, name):
    """Raise a ValueError for an item that is no sequence, or another kind of sequence than the first."""
    for i, item in enumerate(items):
        if item.ndim == 1 and item.dtype.kind in "iu":
            raise ValueError(
                f"X is a list whose item {i} is 1-D and of integers, as TokenEncoder makes tokens, but "
                f"{name} expects sequences of features. Tokens are no numbers to be scaled: leave {name} "
                "out and set embedding_size in the estimator. Numbers become sequences of one feature by "
                "[x.reshape(-1, 1) for x in X]."
            )
        _check_form(item.ndim == 2, f"a list whose item {i} is {item.ndim}-D", name)
        if item.shape[1] != items[0].shape[1]:
            raise ValueError(
                f"Sequence {i} of X has {item.shape[1]} features, but sequence 0 has "
                f"{items[0].shape[1]}. Every sequence must be an array (n_timesteps, n_features) with "
                "the same n_features."
            )
        if not len(item):
            raise ValueError(
                f"Sequence {i} of X has no time steps (shape={item.shape}): remove it (in fit, from y, "
                "too)."
            )


def _check_form(ok, what, name):
    if not ok:
        raise ValueError(
            f"X is {what}, but {name} expects sequences, a 3-D array (n_sequences, n_timesteps, "
            "n_features) or a list of 2-D arrays (n_timesteps, n_features). For a table use the "
            f"transformer itself, without {name}; rows that are sequences become one array by "
            "X.reshape(n_sequences, n_timesteps, n_features), a single sequence is the list [X]."
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


class TimeDistributed(SequenceTransformer):
    """Apply a transformer of scikit-learn to every time step of sequences.

    All time steps of all sequences become the rows of one table, on which the transformer is fitted and
    applied. Its answers go back into the container of X: a 3-D array gives a 3-D array, a list a list,
    an object array an object array. The `dtype` is the one that the transformer gives. Missing values
    are let through, for the transformer to judge; dates and times are not, if it is one of scikit-learn's
    for numbers, which would take them for some.

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
    @as_task
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
        self._run_fit("fit", self._read(X), y, params)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    @as_task
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
        steps = self._read(X)
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
        steps = self._read(X)
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
        steps = self._read(X)
        self._check_n_features(steps)
        rows = self.transformer_.transform(steps.rows)
        self._check_names(steps.rows, rows)
        return self._answer(rows, steps)

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

    def _read(self, X):
        """X as ``_Steps`` that the transformer may see."""
        return _read_steps(X, type(self).__name__, self.transformer)

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

    def _check_names(self, given, rows):
        """Raise scikit-learn's error for other columns than in fit, if the transformer passes them on.

        It has judged them itself, but for what does not look: arrays have no names to compare later.
        """
        columns = [list(getattr(table, "columns", ())) for table in (given, rows)]
        if columns[0] and columns[0] == columns[1] and hasattr(self, "feature_names_in_"):
            validate_data(self, X=given, skip_check_array=True, reset=False)

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
