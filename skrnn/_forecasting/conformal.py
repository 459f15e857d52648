"""``ConformalRegressor``: intervals around what any regressor of sequences predicts.

``fit`` trains on all data, then on each fold's rest, and measures errors on the folds; what bounds follow
is in ``calibration.py``. Here targets of every form become rows of outputs, (M, K), and bounds their form
again. There are three (``Form``): one target for each sample, one for each step of sequences, and one for
each row of a table of steps. To read another one, say in ``_form_of`` and ``_measured`` what its units
are.

Shapes: P folds, n units (below), M targets, K outputs, L levels.
"""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, RegressorMixin, clone, is_classifier, is_regressor
from sklearn.utils import _safe_indexing, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples, check_is_fitted

from skrnn._estimators.base import DOCUMENTATION, BaseRNN, Trainable
from skrnn._estimators.unwrap import unwrap
from skrnn._estimators.versions import Stamped
from skrnn._forecasting.calibration import Fold, bounds_of, check_levels, masses_of
from skrnn._forecasting.forecaster import Forecaster
from skrnn._forecasting.naive import NaiveForecaster
from skrnn._reading.arrays import as_numbers, object_array
from skrnn._reading.split_order import advise_on_split, as_cut
from skrnn._reading.targets import read_targets_per_step
from skrnn._settings.quoting import quote
from skrnn._settings.settings import check_values

THROUGH = ("best_estimator_", "regressor_", "estimator")  # of searches, of targets, of a FrozenEstimator
N_FOLDS = 5


class Form(NamedTuple):
    """How an estimator answers.

    Attributes
    ----------
    per_step : bool
        A target for each step of sequences.
    codes : (N,) int or None
        The unit of every row, of a table whose rows are steps: its series.
    goes_on : bool
        Series go on from where they end in fit.
    unit : str
        What a unit is called in messages.
    """

    per_step: bool = False
    codes: np.ndarray | None = None
    goes_on: bool = False
    unit: str = "sequences"


class ConformalRegressor(Stamped, RegressorMixin, BaseEstimator):
    """Intervals around the predictions of a regressor, by conformal prediction.

    Predictions are those of the estimator, fitted to all data. Beside it, copies are fitted without one
    fold of the data each, and how far they are off on it tells how wide intervals must be. X is what the
    estimator reads: a 3-D array, a list of sequences, a table of steps; targets are one for each
    sequence, or one for each step, with one output or several.

    Parameters
    ----------
    estimator : estimator instance
        A regressor: of skrnn (also an encoder-decoder of numbers), or a `Pipeline` or a search that ends
        in one, or any other whose samples are the rows of X. It is cloned. A `FrozenEstimator` of
        scikit-learn around one that is fitted already is not fitted again: all of X and y then measures
        its errors.
    levels : float or list of float, default=(0.9,)
        The levels of the intervals, between 0 and 1. A level of 0.9 needs 9 sequences or more, one of
        0.95 needs 19.
    cv : int, object or None, default=None
        The folds. None: 5, of whole sequences (fewer, if there are not so many). An int: so many. A
        splitter of scikit-learn or an iterable of splits: these; a single split is enough.

    Attributes
    ----------
    estimator_ : object
        The estimator fitted to all data.
    estimators_ : list of object
        Those fitted without a fold, in the order of the folds.
    n_features_in_ : int
        As of the estimator.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        As of the estimator, if it has them.

    See Also
    --------
    skrnn.Forecaster : Forecasts of tables of series; it has levels of its own.
    sklearn.frozen.FrozenEstimator : Around an estimator that is not to be fitted.

    Notes
    -----
    What holds, if sequences are exchangeable, as drawn at random from the same source:

    - With a single split (`ShuffleSplit(1)`), or a `FrozenEstimator` that was fitted to other data:
      intervals of level a hold at least the share a of new targets, on average over data sets (split
      conformal prediction [1]_).
    - With folds that hold every sequence once, as by default: at least 2 a - 1, less a term that vanishes
      with the number of sequences (CV+ [2]_); in practice about a, unless an estimator fits less well
      to less data.
    - With a target per step, and with `rows="steps"` and a `sequence_id`, folds hold whole sequences,
      and each counts alike, however long it is. What holds is the share of the steps of a new sequence
      that are inside, on average over sequences (for a single split [3]_). Intervals are as wide at
      every step.
    - With an encoder-decoder of numbers each step of its answers has intervals of its own, as several
      outputs have. All answers must have one length.

    It holds on average, not for each X by itself: the width depends on X only as far as the estimators of
    the folds differ there.

    Where a splitter cuts through sequences, as one by time of a table of steps does, errors of single
    steps are compared as if each were drawn by itself: nothing is guaranteed then.

    Weights count in training. Targets whose `sample_weight` is zero measure nothing.

    Folds are fitted one after the other, or as many at a time as `joblib.parallel_config` says. With
    metadata routing enabled the parameters of fit go where they are requested, `groups` to the splitter.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113, 2018.
    .. [2] R. F. Barber, E. J. Candes, A. Ramdas and R. J. Tibshirani, "Predictive inference with the
       jackknife+", Annals of Statistics 49(1), 2021.
    .. [3] Y. Lee, R. F. Barber and R. Willett, "Distribution-free inference with hierarchical data",
       arXiv:2306.06342, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import ConformalRegressor, GRURegressor
    >>> rng = np.random.RandomState(0)
    >>> X = rng.normal(size=(600, 8, 1))  # 600 sequences, 8 steps, 1 feature
    >>> y = X[:, -1, 0] - X[:, -2, 0] + 0.3 * rng.normal(size=600)
    >>> model = ConformalRegressor(GRURegressor(8, max_iter=60, random_state=0), levels=[0.5, 0.9])
    >>> bounds = model.fit(X[:200], y[:200]).predict_interval(X[200:])
    >>> bounds.shape
    (400, 2, 2)
    >>> inside = (bounds[:, 0] <= y[200:, None]) & (y[200:, None] <= bounds[:, 1])
    >>> bool((abs(inside.mean(axis=0) - [0.5, 0.9]) < 0.07).all())
    True
    """

    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "estimator": [HasMethods(["fit", "predict"])],
        "levels": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "cv": ["cv_object"],
    }

    def __init__(self, estimator, levels=(0.9,), cv=None):
        self.estimator = estimator
        self.levels = levels
        self.cv = cv

    def fit(self, X, y, **fit_params):
        """Fit the estimator, and measure its errors on data that it has not seen.

        Parameters
        ----------
        X : array-like
            What the estimator reads.
        y : array-like
            The targets: numbers.
        **fit_params : dict
            Passed to `fit` of the estimator: `sample_weight`, or `name__sample_weight` of the step of a
            pipeline, is cut into folds as y is, other parameters are passed as they are; `groups` goes to
            the splitter.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError
            If the estimator is none whose predictions can have intervals, or as the estimator.
        ValueError
            If a parameter is out of its range, if there are too few sequences for a level, if there are
            no whole sequences to hold out, or as the estimator.
        """
        levels = self._check_parameters()
        _check_answers(self.estimator, y)
        params, groups = self._routed(fit_params)
        fitted = clone(self.estimator).fit(X, y, **params)
        data = Data(*indexable(X, y), params, groups)  # after fit, which says better what is wrong
        splits, form = _splits(self, fitted, _form_of(fitted, X), data)
        check_levels(levels, _n_units(splits, form), form.unit)
        jobs = (delayed(_measured)(self.estimator, data, form, one) for one in splits)
        self._publish(fitted, levels, form, Parallel()(jobs))
        return self

    def predict(self, X):
        """Predict the targets, as the estimator does.

        Parameters
        ----------
        X : array-like
            What the estimator reads.

        Returns
        -------
        y : ndarray
            The predictions of `estimator_`, in the shape that it gives them.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            As the estimator.
        TypeError
            As the estimator.
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def predict_interval(self, X):
        """Predict intervals.

        Parameters
        ----------
        X : array-like
            What the estimator reads.

        Returns
        -------
        bounds : ndarray of shape (n, 2, n_levels) or (n, n_outputs, 2, n_levels)
            Lower and upper bounds for each of `levels`, as they stood in `fit`, around each number of the
            predictions. With a target per step (n, n_timesteps, 2, n_levels) or (n, n_timesteps,
            n_outputs, 2, n_levels); for a list or object array X a 1-D object array of such arrays.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            As the estimator.
        TypeError
            As the estimator.
        """
        check_is_fitted(self)
        predicted = [estimator.predict(X) for estimator in self.estimators_]
        answers = np.stack([_flat(one, self._per_step) for one in predicted])
        bounds = bounds_of(answers, self._folds, self._levels)
        return _shaped(bounds, np.asarray(predicted[0]))

    def score(self, X, y, **score_params):
        """The score of the estimator: R^2 of its predictions, for skrnn's regressors.

        Parameters
        ----------
        X : array-like
            What the estimator reads.
        y : array-like
            The targets.
        **score_params : dict
            Passed to `score` of the estimator, such as `sample_weight`.

        Returns
        -------
        score : float
            1 is perfect, 0 is what the mean of y would reach.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            As the estimator.
        TypeError
            As the estimator.
        """
        check_is_fitted(self)
        if get_config()["enable_metadata_routing"]:
            score_params = process_routing(self, "score", **score_params).estimator.score
        return self.estimator_.score(X, y, **score_params)

    def get_metadata_routing(self):
        """Where metadata goes: to `fit` and `score` of the estimator, and to the splitter.

        Returns
        -------
        routing : MetadataRouter
            The routing of this estimator.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit").add(caller="score", callee="score")
        router = MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)
        if hasattr(self.cv, "get_metadata_routing"):
            router.add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_folds")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):  # what it is, fit checks
            inner = get_tags(self.estimator)
            tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
            tags.non_deterministic = inner.non_deterministic
            tags.regressor_tags = inner.regressor_tags or tags.regressor_tags
        return tags

    # --- private ---

    def _check_parameters(self):
        """The levels; an error for parameters that are out of range."""
        if isinstance(self.cv, str):
            raise ValueError(
                f"cv={quote(self.cv)} is no splitter: for an estimator that is fitted already set "
                "estimator=FrozenEstimator(estimator), of sklearn.frozen, and leave cv=None."
            )
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)
        levels = np.ravel(self.levels)
        if levels.dtype.kind not in "if" or not len(levels) or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(f"levels must be numbers between 0 and 1, got {quote(self.levels)}.")
        _check_estimator(self.estimator)
        return tuple(levels.tolist())

    def _routed(self, params):
        """What goes to fit of the estimator, and what to the splitter."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            of_splitter = routed.splitter.split if "splitter" in routed else {}
            return routed.estimator.fit, of_splitter.get("groups")
        return {name: one for name, one in params.items() if name != "groups"}, params.get("groups")

    def _to_plain(self, state):
        """Folds as pairs of arrays, so that files need no class of theirs."""
        if "_folds" not in state:
            return state
        plain = [[(one.errors, one.mass) for one in folds] for folds in state["_folds"]]
        return {**state, "_folds": plain}

    def _from_plain(self, state):
        if "_folds" not in state:
            return state
        folds = [[Fold(*one) if isinstance(one, tuple) else one for one in f] for f in state["_folds"]]
        return {**state, "_folds": folds}

    def _publish(self, fitted, levels, form, measured):
        measured = [one for one in measured if len(one.units)]  # in a fold all weights may be zero
        n_units = sum(len(np.unique(one.units)) for one in measured)
        check_levels(levels, n_units, form.unit)
        self._folds = []
        for one in measured:
            masses = masses_of(one.units, n_units)
            self._folds.append([Fold.of(errors, masses) for errors in one.errors.T])
        self._levels, self._per_step = levels, form.per_step
        self.estimator_, self.estimators_ = fitted, [one.estimator for one in measured]
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))


# --- what can have intervals ----------------------------------------------------------------------------


def _check_estimator(estimator):
    """Raise for what predicts no numbers, or more than one for each target."""
    inner = unwrap(estimator, (BaseRNN, Forecaster), THROUGH).estimator
    name = type(inner).__name__
    if isinstance(inner, (Forecaster, NaiveForecaster)):
        raise TypeError(
            f"estimator is a {name}, whose predictions follow the rows of fit and cannot be held out: "
            "set levels of Forecaster, which measures errors by the steps of the horizon."
        )
    if is_classifier(inner) or (isinstance(inner, Trainable) and not is_regressor(inner)):
        raise TypeError(f"estimator must be a regressor with a number for each target, got {name}.")
    if isinstance(inner, Trainable) and inner.loss == "quantile" and np.ndim(inner.quantile):
        raise ValueError(
            f"quantile={quote(inner.quantile)} of {name} predicts several numbers for a target: set a "
            "single quantile, or another loss; the intervals come from its errors."
        )


def _check_answers(estimator, y):
    """Raise a ValueError for answers of unequal length, which have no steps to compare."""
    inner = unwrap(estimator, through=THROUGH).estimator
    if not isinstance(inner, Trainable) or isinstance(inner, BaseRNN) or y is None:
        return
    lengths = {len(one) for one in y if np.ndim(one)}
    if len(lengths) > 1:
        raise ValueError(
            f"y holds sequences of {min(lengths)} to {max(lengths)} steps, but intervals around answers "
            f"of {type(inner).__name__} are measured step by step: pass answers of one length, or those "
            "of each length to a ConformalRegressor of their own."
        )
    from sklearn.frozen import FrozenEstimator  # not for every import

    horizon = getattr(inner, "horizon_", None) if isinstance(estimator, FrozenEstimator) else None
    if horizon is not None and lengths and lengths != {horizon}:
        raise ValueError(
            f"y holds sequences of {min(lengths)} steps, but the frozen {type(inner).__name__} answers "
            f"with {horizon}, its horizon_: pass y of as many steps."
        )


def _form_of(fitted, X):
    """How a fitted estimator answers for X."""
    inside = unwrap(fitted, through=THROUGH)
    if not isinstance(inside.estimator, BaseRNN):
        return Form()
    facts = inside.model.facts
    if not facts.form.rows_are_steps:
        return Form(facts.per_step)
    container = inside.read(inside.transform(X))
    sequences, number = container.sequences, np.arange(container.sequences.n)
    if container.ids is not None and len({type(one) for one in container.ids}) == 1:
        number = np.unique(container.ids, return_inverse=True)[1]  # whatever the order of the rows
    codes = sequences.in_rows(np.repeat(number, sequences.lengths))
    return Form(False, codes, inside.estimator.initial_state == "last")


# --- folds ----------------------------------------------------------------------------------------------


class Data(NamedTuple):
    """What fit was given."""

    X: object
    y: object
    params: dict  # of fit
    groups: object


class Measured(NamedTuple):
    """An estimator that has not seen a fold, and its errors there."""

    estimator: object
    errors: np.ndarray  # (m, K)
    units: np.ndarray  # (m,)


def _splits(model, fitted, form, data):
    """A list of training and test samples, and the form with the units that errors are compared by."""
    from sklearn.frozen import FrozenEstimator  # not for every import, nor is model_selection

    n = _num_samples(data.X)
    if isinstance(model.estimator, FrozenEstimator):
        return [(None, np.arange(n))], form
    if form.codes is not None and (model.cv is None or isinstance(model.cv, Integral)):
        return _of_series(model.cv, form, data), form
    from sklearn.model_selection import check_cv

    cv = check_cv(max(2, min(N_FOLDS, n)) if model.cv is None else model.cv)
    splits = [tuple(map(_rows, one)) for one in cv.split(data.X, data.y, data.groups)]
    codes = form.codes
    if codes is not None:
        _advise_on_splits(fitted, codes, data.X, splits)
    if codes is not None and any(np.isin(codes[test], codes[train]).any() for train, test in splits):
        form = form._replace(codes=np.arange(n), unit="rows")
    return splits, form


def _advise_on_splits(fitted, codes, X, splits):
    """Warn if splits cut a table of several series by the position of rows."""
    sequence_id = unwrap(fitted, through=THROUGH).estimator.sequence_id
    for train, test in splits if sequence_id is not None else ():
        if (cut := as_cut(X, train, test)) is not None:
            advise_on_split(codes[train], sequence_id, cut)


def _of_series(cv, form, data):
    """Folds of whole series of a table of steps."""
    from sklearn.model_selection import GroupKFold

    n_series = int(form.codes.max()) + 1
    if n_series == 1:
        raise ValueError(
            'X is a single series (rows="steps" without sequence_id), and there are no others to hold '
            "out. Forecaster has levels for a single series; or pass cv=TimeSeriesSplit(), which "
            "compares the errors of its steps, without a guarantee."
        )
    if form.goes_on:
        raise ValueError(
            'initial_state="last" goes on from where series end in fit, but series that are held out '
            'start from zeros: set initial_state="zeros", or pass cv=RollingOrigin(...), which splits '
            "by time."
        )
    cv = GroupKFold(min(N_FOLDS, n_series) if cv is None else cv)
    return list(cv.split(np.zeros((len(form.codes), 1)), groups=form.codes))


def _rows(one):
    """The samples of a part of a split, by their numbers."""
    one = np.asarray(one)
    return np.flatnonzero(one) if one.dtype.kind == "b" else one


def _n_units(splits, form):
    """How many units the folds hold."""
    codes = form.codes
    return sum(len(test if codes is None else np.unique(codes[test])) for _, test in splits)


def _measured(estimator, data, form, split):
    """An estimator fitted without a fold, and its errors there; one that is fitted already as it is."""
    train, test = split
    model = clone(estimator)
    if train is not None:
        params = {name: _part_of_weight(name, one, train) for name, one in data.params.items()}
        model = model.fit(_part(data.X, train), _part(data.y, train), **params)
    X, y = _part(data.X, test), _part(data.y, test)
    answers = _flat(model.predict(X), form.per_step)
    units = test if form.codes is None else form.codes[test]
    weight = _weight_of(data.params, test)
    if form.per_step:
        inside = unwrap(model, through=THROUGH)
        sequences = inside.read(inside.transform(X)).sequences
        y, units = read_targets_per_step(y, sequences)[0], np.repeat(units, sequences.lengths)
        weight = _on_steps(weight, sequences.lengths)
    elif np.ndim(weight) > 1:  # of steps of answers: a sequence counts if one of them does
        weight = np.max(weight, axis=1)
    y = as_numbers(y, "y", ensure_2d=False, allow_nd=True, dtype=np.float64).reshape(answers.shape)
    counts = np.asarray(weight, dtype=np.float64) > 0
    return Measured(model, np.abs(y - answers)[counts], units[counts])


def _weight_of(params, rows):
    """The weights of some samples, of the last step that has some."""
    weights = [one for name, one in params.items() if _is_weight(name, one)]
    return _part(weights[-1], rows) if weights else np.ones(len(rows))


def _is_weight(name, value):
    """Whether a parameter of fit is a weight for each sample."""
    is_there = value is not None and not isinstance(value, Real)
    return is_there and name.split("__")[-1] == "sample_weight"


def _part_of_weight(name, value, rows):
    return _part(value, rows) if _is_weight(name, value) else value


def _part(samples, rows):
    """Some samples; an index of pandas would tell of some as of a table with gaps."""
    part = _safe_indexing(samples, rows)
    return part.reset_index(drop=True) if hasattr(part, "iloc") else part


# --- forms ----------------------------------------------------------------------------------------------


def _on_steps(weight, lengths):
    """Weights of sequences, or of their steps, one for each step."""
    items = [np.ravel(one) for one in weight]
    if all(len(one) == T for one, T in zip(items, lengths, strict=True)):
        return np.concatenate(items)
    return np.repeat(np.concatenate(items), lengths)


def _flat(answer, per_step):
    """Predictions as (M, K)."""
    answer = np.asarray(answer)
    if per_step:
        answer = np.concatenate(list(answer))
    return answer.reshape(len(answer), -1).astype(np.float64)


def _shaped(bounds, answer):
    """Bounds (M, K, 2, L) in the form of the predictions."""
    end = bounds.shape[2:]
    if answer.dtype != object:
        return bounds.reshape(answer.shape + end)
    parts = np.split(bounds, np.cumsum([len(one) for one in answer])[:-1])
    return object_array([part.reshape(one.shape + end) for part, one in zip(parts, answer, strict=True)])
