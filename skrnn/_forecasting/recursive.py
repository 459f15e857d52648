"""Recursive forecasts: predictions are written into X, and read as the next step.

A forecast is defined by predictions: predict X, append the prediction of the last step as the next row,
predict the longer X, and so on. It is computed without doing so, by a stream that goes on from the states
in which the series end (``_step_by_step``), if what stands before the model transforms every step by
itself. Whether it did, is looked at afterwards; otherwise the definition is followed word for word
(``_from_the_start``), as it is for windows.

X and its columns are handled in ``past.py``, in the units of the user. Shapes: n series, K outputs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils.validation import check_is_fitted

from skrnn._engine.inference import ends
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.series import publish
from skrnn._estimators.streaming import advance, stream_of
from skrnn._estimators.unwrap import Inside, unwrap
from skrnn._forecasting.past import Future, Past, find_ids, past_of_sequences, put
from skrnn._reading.containers import Array
from skrnn._reading.facts import Form
from skrnn._reading.reader import read_again
from skrnn._reading.rows import as_array, encode, is_position, position_of, split_ids
from skrnn._settings.arguments import check_int
from skrnn._settings.quoting import listed, quote
from skrnn._transformers.sliding_window import SlidingWindow, check_every_row

STEPS = 1 << 14  # compared at a time
QUIET = {"over": "ignore", "invalid": "ignore"}  # predictions that are not finite are an error in the end


def forecast_steps(estimator, X, horizon, X_future=None, feedback=None):
    """``forecast``; see there."""
    horizon = check_int(horizon, "horizon")
    fitted = _open(estimator)
    _check(fitted)
    past, container, fitted = _read(fitted, X)
    columns = _feedback_columns(feedback, past, fitted)
    future = Future(X_future, past, columns, horizon)
    way_on = _WayOn(past, columns, future, fitted)
    answers = None
    if fitted.window is None:
        answers = _step_by_step(fitted, way_on, container, horizon)
    if answers is None:
        answers = _from_the_start(fitted, way_on, container, horizon)
    way_on.check(answers[-1], int(horizon) - 1)
    answers = np.stack(answers, axis=1)
    return answers if len(answers) > 1 else answers[0]


# --- the estimator --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fitted:
    """What an estimator is made of.

    Attributes
    ----------
    inside : Inside
        The model, and the transformers before it.
    targets : list
        Regressors that transform their targets, from the outside to the inside.
    form : Form
        How the model reads the steps that follow.
    """

    inside: Inside
    targets: list
    form: Form

    @property
    def model(self):
        return self.inside.model

    @property
    def transformers(self):
        return self.inside.transformers

    @property
    def window(self):
        """The number of the transformer that makes windows, which have one target each; else None."""
        if self.model.facts.per_step:
            return None
        found = [k for k, one in enumerate(self.transformers) if isinstance(one, SlidingWindow)]
        return found[0] if found else None

    def read(self, X):
        """X, in the units of the user, as a container."""
        return read_again(self.inside.transform(X), self.form, model=self.model.facts.name)

    def answer(self, raw):
        """What predict says for raw outputs (n, K): (n,) or (n, n_outputs)."""
        y = self.model.answers()["predict"](raw)
        for regressor in reversed(self.targets):
            y = regressor.transformer_.inverse_transform(y.reshape(len(y), -1))
            y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        return y

    def fed_back(self, y):
        """What is written into X of predictions: (n, n_columns)."""
        return self.model.facts.targets.fed_back(y)

    def ends(self, container):
        """Raw outputs and states after the last step of every series."""
        model, inside = self.model, self.inside
        with np.errstate(**QUIET):
            return ends(
                model.network(n_threads=inside.n_threads), model.theta, container.sequences, model.dtype,
                start=inside.start_states(container),
            )  # fmt: skip


def _open(estimator):
    """An estimator and what is around it -> ``_Fitted``."""
    from sklearn.compose import TransformedTargetRegressor  # brings linear models: not for every import

    inside = unwrap(estimator, through=("best_estimator_", "regressor_"))
    inner, targets = inside.estimator, []
    for one in inside.wrappers:
        if isinstance(one, TransformedTargetRegressor):
            targets.append(one)
    if not isinstance(inner, BaseRNN) or not is_regressor(inner):
        if hasattr(inner, "fit") and not isinstance(inner, BaseRNN):
            check_is_fitted(inner)  # a search that was not: that is what is wrong
        raise TypeError(
            "forecast needs a fitted regressor of skrnn, or a Pipeline, a TransformedTargetRegressor or "
            f"a search with refit=True that ends in one, got {type(inner).__name__}."
        )
    return _Fitted(inside, targets, inside.model.facts.form)


def _check(fitted):
    """Raise a ValueError if a model's predictions are not the next values of what it reads."""
    facts = fitted.model.facts
    name = facts.name
    if facts.form.has_tokens:
        raise ValueError(
            f"forecast and embedding_size do not go together: the predictions of {name} are no tokens. "
            "Classifiers have generate."
        )
    if fitted.window is not None:
        check_every_row(fitted.transformers[fitted.window], "forecast")
        return
    if not facts.per_step:
        raise ValueError(
            f"forecast needs one target per time step, but {name} was fitted with one per sequence. Set "
            'rows="steps" or return_sequences=True, or put SlidingWindow before it in a Pipeline.'
        )
    if facts.architecture.bidirectional:
        raise ValueError(
            "forecast and bidirectional=True do not go together: the reverse direction starts from the "
            "last step. Fit with bidirectional=False."
        )
    if facts.delay:
        raise ValueError(
            f"forecast and target_delay={facts.delay} do not go together: the prediction for the last "
            "step would be read after steps that are still to come. Fit with target_delay=0."
        )


# --- X --------------------------------------------------------------------------------------------


def _read(fitted, X):
    """X as a Past and as a container, and ``fitted`` as it reads the steps that follow."""
    form, Xt = fitted.form, fitted.inside.transform(X)
    container = fitted.inside.read(Xt)
    if form.rows_are_steps or fitted.window is not None:
        if not hasattr(X, "columns"):
            X = np.asarray(X) if _sequence_id(fitted) is None else as_array(X, "X")
        if len(X.shape) != 2:
            raise ValueError(f"X must be a table whose rows are time steps, but is {X.ndim}-D.")
        return _read_table(fitted, X, Xt), container, fitted
    if container.is_table:
        if fitted.transformers:
            raise ValueError(
                "forecast cannot continue the rows of a 2-D X through transformers: their columns are "
                "the time steps, and there would be more of them. Fit the pipeline on a 3-D array or a "
                'list of sequences, with TimeDistributed, or on a table of time steps with rows="steps".'
            )
        X = container.sequences.values  # (n, T, F)
        form = replace(form, container=Array, n_features_in=form.n_step_features)
        return Past(X, "array"), container, replace(fitted, form=form)
    return past_of_sequences(X, form.n_step_features), container, fitted


def _sequence_id(fitted):
    """The column of ids where the series are told apart."""
    if fitted.window is not None:
        return fitted.transformers[fitted.window].sequence_id
    return fitted.form.sequence_id


def _read_table(fitted, X, Xt):
    """The Past of a table of steps; Xt is what the model reads."""
    sequence_id = _sequence_id(fitted)
    if sequence_id is None:
        return Past(X, "table")
    if fitted.window is not None:
        Xt = fitted.inside.transform(X, fitted.window)
    _, codes = encode(np.asarray(split_ids(Xt, sequence_id).ids))
    return Past(X, "table", codes, find_ids(X, codes, sequence_id))


def _feedback_columns(feedback, past, fitted):
    """The positions of the columns that the predictions go into, in the order of the outputs."""
    features = past.features
    nothing = np.zeros((1, fitted.model.facts.targets.n_outputs), dtype=fitted.model.dtype)
    n_fed = fitted.fed_back(fitted.answer(nothing)).shape[1]
    if feedback is None:
        if len(features) != n_fed:
            raise ValueError(
                f"feedback is needed: the model predicts {n_fed} value(s), but X has {len(features)} "
                "columns of features. Name those that the predictions are the next values of, in their "
                "order."
            )
        return features
    is_name = isinstance(feedback, tuple) and feedback in (past.names or ())
    if is_name or isinstance(feedback, (str, Integral)) or not isinstance(feedback, Iterable):
        feedback = [feedback]
    columns = [_position(one, past) for one in feedback]
    if len(set(columns)) != len(columns):
        raise ValueError(f"feedback={quote(feedback)} names a column twice.")
    if len(columns) != n_fed:
        raise ValueError(
            f"feedback={quote(feedback)} names {len(columns)} column(s), but the model predicts {n_fed} "
            "value(s): name one column for each, in their order."
        )
    return columns


def _position(one, past):
    n, names = past.n_columns, past.names
    if is_position(one):
        if not -n <= one < n:
            raise ValueError(f"feedback: X has no column {one}, only {n}.")
        k = position_of(one, n, names, "feedback")
    elif names and one in names:
        k = names.index(one)
    else:
        there = "Its columns have no names: give positions."
        raise ValueError(
            f"feedback: X has no column {quote(one)}. "
            + (f"Its columns are {listed(names)}." if names else there)
        )
    if k == past.id_column:
        raise ValueError(f"feedback: column {past.name(k)} of X holds the ids of the series.")
    return k


# --- steps to come --------------------------------------------------------------------------------


class _WayOn(NamedTuple):
    """From predictions to the next row."""

    past: Past
    columns: list  # of the predictions
    future: Future
    fitted: _Fitted

    def values(self, y, t):
        """Step t of all series after the predictions y: position of a column -> its (n,) values."""
        self.check(y, t)
        y = self.fitted.fed_back(y)
        return self.future.at(t) | {k: y[:, j] for j, k in enumerate(self.columns)}

    def check(self, y, t):
        """Raise a ValueError if predictions (n[, n_outputs]) of step t are not finite."""
        wrong = ~np.isfinite(y.reshape(len(y), -1)).all(axis=1)
        if wrong.any():
            series = self.past.ids[int(np.argmax(wrong))]
            raise ValueError(
                f"The forecast of series {quote(series)} is not finite in step {t}: the model's "
                "predictions grow without bound when it reads them. Forecast fewer steps."
            )


def _step_by_step(fitted, way_on, container, horizon):
    """The predictions (n[, n_outputs]) of every step; None if transformers look at other steps."""
    raw, states = fitted.ends(container)
    answers, steps, stream = (
        [fitted.answer(raw)],
        _NextSteps(fitted, way_on.past, container.sequences),
        None,
    )
    for t in range(horizon - 1):
        try:
            x = steps.read(way_on.values(answers[-1], t))
        except Exception:
            if not fitted.transformers:
                raise
            return None  # a step alone is not enough; if something else is wrong, it will show
        if not t:  # by now the states are known to be finite
            stream = stream_of(fitted.model, way_on.past.n, start=publish(states), with_answers=False)
        with np.errstate(**QUIET):
            raw = advance(stream, x)
        answers.append(fitted.answer(raw))
    return answers if steps.are_right() else None


class _NextSteps:
    """The steps to come, one after the other, as the model reads them."""

    def __init__(self, fitted, past, sequences):
        self.fitted, self.past, self.sequences = fitted, past, sequences
        self.steps, self.as_read = [], []  # where transformers stand before the model
        self.number = {k: j for j, k in enumerate(past.features)}
        self.series = np.arange(past.n)
        self.x = sequences.take(self.series, sequences.lengths - 1)

    def read(self, values):
        """The next step (n, F), from the values of the columns of X."""
        if not self.fitted.transformers:
            self.x = put(self.x, {self.number[k]: new for k, new in values.items()})
            return self.x
        self.steps.append(put(self.past.last, values))
        container = self.fitted.read(self.past.as_X(self.steps[-1]))
        self.as_read.append(container.sequences.take(self.series, 0))
        return self.as_read[-1]

    def are_right(self):
        """Whether the transformers make the same of these steps behind the rest of X."""
        if not self.steps:
            return True
        longer = self.fitted.read(self.past.longer(self.steps)).sequences
        return _is_continued(self.sequences, longer, np.stack(self.as_read, axis=1))


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
    past, steps, answers = way_on.past, [], []
    for t in range(horizon):
        if t:
            steps.append(put(past.last, way_on.values(answers[-1], t - 1)))
            container = fitted.read(past.longer(steps))
        with np.errstate(**QUIET):
            raw = _last_outputs(fitted, past, container, steps)
        answers.append(fitted.answer(raw))
    return answers


def _last_outputs(fitted, past, container, steps):
    """(n, K): the raw outputs for the last step of every series."""
    if fitted.window is None:
        return fitted.ends(container)[0]
    sequences = container.sequences
    rows = past.last_rows if not steps else np.arange(len(sequences) - past.n, len(sequences))
    return fitted.model.outputs(sequences.select(rows), n_threads=fitted.inside.n_threads)
