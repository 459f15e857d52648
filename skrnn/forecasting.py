"""Forecasts: a model's predictions become the next values of what it reads, step after step.

A forecast is defined by predictions: predict X, append the prediction of the last step as the next row,
predict the longer X, and so on. It is computed without doing so, by a stream that goes on from the
states in which the series end (``_step_by_step``), if what stands before the model transforms every step
by itself. Whether it did, is looked at afterwards; otherwise the definition is followed word for word
(``_from_the_start``), as it is for windows.

X and its columns are handled in ``_forecasting/past.py``, in the units of the user.
"""

from collections.abc import Iterable
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._engine.inference import ends, outputs
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.series import publish
from skrnn._estimators.streaming import Stream
from skrnn._forecasting.past import Future, History, find_ids, put, sequences_history
from skrnn._reading.rows import as_array, encode, split_ids
from skrnn._settings.texts import complete
from skrnn._transformers.sliding_window import SlidingWindow

STEPS = 1 << 14  # compared at a time
QUIET = {"over": "ignore", "invalid": "ignore"}  # predictions that are not finite are an error in the end


@complete
def forecast(estimator, X, horizon, *, X_future=None, feedback=None):
    """Forecast the steps after the last ones of X.

    The model's prediction for a step is the next value of the columns `feedback` of X: it is written
    there, and so the model reads its own predictions. It must have been fitted to that: with y of a step
    equal to these columns of the next one, in the same units.

    With a pipeline all is in the units of the X that goes into it. Transformers that look at other steps
    than the one they transform are recognised, and are given the whole X again at every step.

    Parameters
    ----------
    estimator : object
        A fitted regressor of skrnn with one target per time step; or a fitted `Pipeline` or
        `TransformedTargetRegressor` around one, or a fitted search that found one. In a pipeline with
        :class:`SlidingWindow`, a regressor with one target per window.
    X : array-like
        The series, with time steps, in the form that the estimator was fitted on; a table with
        `sequence_id` holds several.
    .. forecasts

    Returns
    -------
    .. forecast

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or if X or X_future is a sparse or masked array.
    ValueError
        If X or X_future cannot be read, or holds other columns or series than it should; if
        horizon or feedback are not what they must be; if the network is bidirectional, has one target
        per sequence, a `target_delay` or an embedding; or if a prediction is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import GRURegressor, forecast
    >>> series = 20 + 5 * np.sin(np.arange(200) / 3)[:, None]
    >>> model = GRURegressor(rows="steps", k1=20, max_iter=300, tol=1e-3, random_state=0)
    >>> model = make_pipeline(StandardScaler(), model).fit(series[:-1], series[1:, 0])
    >>> y = forecast(model, series, 10)
    >>> y.shape
    (10,)
    >>> bool(np.abs(y - (20 + 5 * np.sin(np.arange(200, 210) / 3))).max() < 1)
    True
    """
    if not isinstance(horizon, Integral) or isinstance(horizon, bool) or horizon < 1:
        raise ValueError(f"horizon must be an int >= 1, got {horizon!r}.")
    fitted = _unwrap(estimator)
    _check(fitted)
    history, container, fitted = _read(fitted, X)
    columns = _feedback_columns(feedback, history, fitted)
    future = Future(X_future, history, columns, int(horizon))
    way_on = _WayOn(history, columns, future, fitted)
    answers = None
    if fitted.window is None:
        answers = _step_by_step(fitted, way_on, container, int(horizon))
    if answers is None:
        answers = _from_the_start(fitted, way_on, container, int(horizon))
    way_on.check(answers[-1], int(horizon) - 1)
    answers = np.stack(answers, axis=1)
    return answers if len(answers) > 1 else answers[0]


# --- the estimator --------------------------------------------------------------------------------


class _Fitted(NamedTuple):
    """What estimators are made of."""

    transformers: list
    model: BaseRNN
    targets: list  # regressors that transform their targets, from the outside to the inside
    spec: dict  # how the model reads X

    @property
    def window(self):
        """The number of the transformer that makes windows, which have one target each; else None."""
        if not isinstance(self.model, BaseRNN) or self.model._spec["per_step"]:
            return None
        found = [k for k, one in enumerate(self.transformers) if isinstance(one, SlidingWindow)]
        return found[0] if found else None

    def transform(self, X, end=None):
        """X behind the transformers, or the first ones of them."""
        for transformer in self.transformers[:end]:
            X = transformer.transform(X)
        return X

    def read(self, X):
        return self.model._read_X(self.transform(X), self.spec)

    def answer(self, raw):
        """What predict says for raw outputs (n, K): (n,) or (n, n_outputs)."""
        y = self.model._answers()["predict"](raw)
        for regressor in reversed(self.targets):
            y = regressor.transformer_.inverse_transform(y.reshape(len(y), -1))
            y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        return y

    def network(self):
        return self.model._network(n_threads=self.model._n_threads())


def _unwrap(estimator):
    """An estimator and what is around it -> ``_Fitted``."""
    transformers, targets = [], []
    model = estimator
    while not isinstance(model, BaseRNN):
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline):
            steps = [step for _, step in model.steps[:-1]]
            transformers += [step for step in steps if step is not None and step != "passthrough"]
            model = model.steps[-1][1]
        elif isinstance(model, TransformedTargetRegressor):
            check_is_fitted(model)
            targets.append(model)
            model = model.regressor_
        else:
            break
    if not isinstance(model, BaseRNN) or not is_regressor(model):
        if hasattr(model, "fit") and not isinstance(model, BaseRNN):
            check_is_fitted(model)  # a search that was not: that is what is wrong
        raise TypeError(
            "forecast needs a fitted regressor of skrnn, or a Pipeline, a TransformedTargetRegressor or "
            f"a search with refit=True that ends in one, got {type(model).__name__}."
        )
    check_is_fitted(model, "_theta")
    return _Fitted(transformers, model, targets, model._spec)


def _check(fitted):
    """Raise a ValueError if a model's predictions are not the next values of what it reads."""
    spec, name = fitted.spec, type(fitted.model).__name__
    if spec["embedding_size"] is not None:
        raise ValueError(
            f"forecast and embedding_size do not go together: the predictions of {name} are no tokens. "
            "Classifiers have generate."
        )
    if fitted.window is not None:
        return
    if not spec["per_step"]:
        raise ValueError(
            f"forecast needs one target per time step, but {name} was fitted with one per sequence. Set "
            'rows="steps" or return_sequences=True, or put SlidingWindow before it in a Pipeline.'
        )
    if spec["bidirectional"]:
        raise ValueError(
            "forecast and bidirectional=True do not go together: the reverse direction starts from the "
            "last step. Fit with bidirectional=False."
        )
    if spec["delay"]:
        raise ValueError(
            f"forecast and target_delay={spec['delay']} do not go together: the prediction for the last "
            "step would be read after steps that are still to come. Fit with target_delay=0."
        )


# --- X --------------------------------------------------------------------------------------------


def _read(fitted, X):
    """X as a History and as a Container, and ``fitted`` as it reads the steps that follow."""
    model, spec = fitted.model, fitted.spec
    as_steps = spec["rows"] == "steps" or fitted.window is not None
    Xt = fitted.transform(X)
    validate_data(model, X=Xt, skip_check_array=True, ensure_2d=False, reset=False)
    container = model._read_X(Xt, spec)
    if as_steps:
        if not hasattr(X, "columns"):
            X = np.asarray(X) if _sequence_id(fitted) is None else as_array(X, "X")
        if len(X.shape) != 2:
            raise ValueError(f"X must be a table whose rows are time steps, but is {X.ndim}-D.")
        return _read_table(fitted, X, Xt), container, fitted
    if container.kind == "table":
        if fitted.transformers:
            raise ValueError(
                "forecast cannot continue the rows of a 2-D X through transformers: their columns are "
                "the time steps, and there would be more of them. Fit the pipeline on a 3-D array or a "
                'list of sequences, with TimeDistributed, or on a table of time steps with rows="steps".'
            )
        X = container.sequences.values  # (n, T, F)
        spec = {**spec, "kind": "array", "n_features_in": spec["n_inputs"]}
        return History(X, "array"), container, fitted._replace(spec=spec)
    history = sequences_history(X, spec["n_inputs"])
    return history, container, fitted


def _sequence_id(fitted):
    """The column of ids where the series are told apart."""
    if fitted.window is not None:
        return fitted.transformers[fitted.window].sequence_id
    return fitted.spec["sequence_id"]


def _read_table(fitted, X, Xt):
    """The History of a table of steps; Xt is what the model reads."""
    sequence_id = _sequence_id(fitted)
    if sequence_id is None:
        return History(X, "table")
    if fitted.window is not None:
        Xt = fitted.transform(X, fitted.window)
    _, codes = encode(np.asarray(split_ids(Xt, sequence_id)[1]))
    return History(X, "table", codes, find_ids(X, codes, sequence_id))


def _feedback_columns(feedback, history, fitted):
    """The positions of the columns that the predictions go into, in the order of the outputs."""
    features = history.features
    dtype = np.dtype(fitted.spec["dtype"])
    nothing = np.zeros((1, fitted.spec["targets"]["n_outputs"]), dtype=dtype)
    n_fed = fitted.model._fed_back(fitted.answer(nothing)).shape[1]
    if feedback is None:
        if len(features) != n_fed:
            raise ValueError(
                f"feedback is needed: the model predicts {n_fed} value(s), but X has {len(features)} "
                "columns of features. Name those that the predictions are the next values of, in their "
                "order."
            )
        return features
    if isinstance(feedback, (str, Integral)) or not isinstance(feedback, Iterable):
        feedback = [feedback]
    columns = [_position(one, history) for one in feedback]
    if len(set(columns)) != len(columns):
        raise ValueError(f"feedback={feedback!r} names a column twice.")
    if len(columns) != n_fed:
        raise ValueError(
            f"feedback={feedback!r} names {len(columns)} column(s), but the model predicts {n_fed} "
            "value(s): name one column for each, in their order."
        )
    return columns


def _position(one, history):
    n, names = history.n_columns, history.names
    if isinstance(one, Integral) and not isinstance(one, bool):
        if not -n <= one < n:
            raise ValueError(f"feedback: X has no column {one}, only {n}.")
        k = int(one) % n
    elif names and one in names:
        k = names.index(one)
    else:
        there = f"Its columns are {names}." if names else "Its columns have no names: give positions."
        raise ValueError(f"feedback: X has no column {one!r}. {there}")
    if k == history.id_column:
        raise ValueError(f"feedback: column {history.name(k)} of X holds the ids of the series.")
    return k


# --- steps to come --------------------------------------------------------------------------------


class _WayOn(NamedTuple):
    """From predictions to the next row."""

    history: History
    columns: list  # of the predictions
    future: Future
    fitted: _Fitted

    def values(self, y, t):
        """Step t of all series after the predictions y: position of a column -> its (n,) values."""
        self.check(y, t)
        y = self.fitted.model._fed_back(y)
        return self.future.at(t) | {k: y[:, j] for j, k in enumerate(self.columns)}

    def check(self, y, t):
        """Raise a ValueError if predictions (n[, n_outputs]) of step t are not finite."""
        wrong = ~np.isfinite(y.reshape(len(y), -1)).all(axis=1)
        if wrong.any():
            series = self.history.ids[int(np.argmax(wrong))]
            raise ValueError(
                f"The forecast of series {series!r} is not finite in step {t}: the model's predictions "
                "grow without bound when it reads them. Forecast fewer steps."
            )


def _step_by_step(fitted, way_on, container, horizon):
    """The predictions (n[, n_outputs]) of every step; None if transformers look at other steps."""
    model, history = fitted.model, way_on.history
    dtype, sequences = np.dtype(fitted.spec["dtype"]), container.sequences
    with np.errstate(**QUIET):
        raw, states = ends(
            fitted.network(), model._theta, sequences, dtype, start=model._start_states(container)
        )
    answers, steps, read, stream = [fitted.answer(raw)], [], [], None
    number = {k: j for j, k in enumerate(history.features)}
    series = np.arange(history.n)
    x = sequences.take(series, sequences.lengths - 1)
    for t in range(horizon - 1):
        try:
            values = way_on.values(answers[-1], t)
            if fitted.transformers:
                steps.append(put(history.last, values))
                x = fitted.read(history.as_X(steps[-1])).sequences.take(series, 0)
                read.append(x)
            else:
                x = put(x, {number[k]: new for k, new in values.items()})
        except Exception:
            if not fitted.transformers:
                raise
            return None  # a step alone is not enough; if something else is wrong, it will show
        if not t:  # by now the states are known to be finite
            stream = Stream(model._network(), model._theta, {}, history.n, start=publish(states))
        with np.errstate(**QUIET):
            raw = stream._advance(x)
        answers.append(fitted.answer(raw))
    if steps:
        longer = fitted.read(history.longer(steps)).sequences
        if not _is_continued(sequences, longer, np.stack(read, axis=1)):
            return None
    return answers


def _is_continued(before, longer, new):
    """Whether sequences ``longer`` are those ``before`` and the steps ``new`` (n, T, F), to round-off."""
    n, T, _ = new.shape
    if len(longer) != n or not np.array_equal(longer.lengths, before.lengths + T):
        return False
    rows = np.repeat(np.arange(n), T)
    times = before.lengths[rows] + np.tile(np.arange(T), n)
    if not _are_close(longer.take(rows, times), new.reshape(n * T, -1)):
        return False
    for start in range(0, int(before.lengths.sum()), STEPS):
        at = np.arange(start, min(start + STEPS, int(before.lengths.sum())))
        rows = np.searchsorted(before.offsets, at, side="right") - 1
        times = at - before.offsets[rows]
        if not _are_close(longer.take(rows, times), before.take(rows, times)):
            return False
    return True


def _are_close(a, b):
    """Whether numbers are the same up to the round-off of their columns."""
    kinds = {np.dtype(x.dtype) for x in (a, b)}
    single = any(kind.kind == "f" and kind.itemsize <= 4 for kind in kinds)
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0))
    return bool((np.abs(a - b) <= (1e-5 if single else 1e-9) * scale).all())


def _from_the_start(fitted, way_on, container, horizon):
    """The predictions of every step, by predicting the longer and longer X."""
    history, steps, answers = way_on.history, [], []
    for t in range(horizon):
        if t:
            steps.append(put(history.last, way_on.values(answers[-1], t - 1)))
            container = fitted.read(history.longer(steps))
        with np.errstate(**QUIET):
            raw = _last_outputs(fitted, history, container, steps)
        answers.append(fitted.answer(raw))
    return answers


def _last_outputs(fitted, history, container, steps):
    """(n, K): the raw outputs for the last step of every series."""
    model, sequences = fitted.model, container.sequences
    dtype, network = np.dtype(fitted.spec["dtype"]), fitted.network()
    if fitted.window is None:
        return ends(network, model._theta, sequences, dtype, start=model._start_states(container))[0]
    rows = history.last_rows if not steps else np.arange(len(sequences) - history.n, len(sequences))
    return outputs(network, model._theta, sequences.select(rows), dtype, per_step=False)
