"""Callbacks: scikit-learn's own, those of users, and Checkpoint, from which training goes on bitwise."""

import errno
import itertools
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from copy import deepcopy

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from support.data import noise_and_signs
from support.versions import needs_sklearn

import skrnn
from skrnn import callbacks
from skrnn._estimators import callbacks as _callbacks
from skrnn.callbacks import Checkpoint
from skrnn.metrics import sequence_scorer

try:
    from sklearn.callback import ProgressBar, ScoringMonitor
except ImportError:
    ProgressBar = ScoringMonitor = None
needs_callbacks = needs_sklearn("1.9", "no callbacks")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T, F = 12, 5, 2
SMALL = {
    "hidden_size": 3, "random_state": 0, "max_iter": 6, "batch_size": 5, "learning_rate": "constant",
}  # fmt: skip
SIX = [
    skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor,
    skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier,
]  # fmt: skip
all_six = pytest.mark.parametrize("cls", SIX)


class Recorder:
    """Writes down what it is told; ``act`` maps hook and number of call to a function."""

    def __init__(self, **act):
        self.calls, self.act, self.n = [], act, {}

    def _call(self, hook, estimator, context):
        self.calls.append((hook, context.task_name))
        key = f"{hook}_{context.task_name}"
        self.n[key] = self.n.get(key, 0) + 1
        return self.act[key](estimator, self.n[key]) if key in self.act else None

    def setup(self, estimator, context):
        return self._call("setup", estimator, context)

    def on_fit_task_begin(self, estimator, context):
        return self._call("begin", estimator, context)

    def on_fit_task_end(self, estimator, context):
        return self._call("end", estimator, context)

    def teardown(self, estimator, context):
        return self._call("teardown", estimator, context)


class Snapshots(Recorder):
    """Keeps the fitted estimators, and X, y and metadata."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.seen.append((context.task_name, X, y, metadata, fitted_estimator))


def fail(after, error=RuntimeError):
    def act(estimator, n):
        if n == after:
            raise error("enough")

    return act


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


# --- hooks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@all_six
def test_one_task_per_epoch(cls, solver):
    X, y = noise_and_signs(N, T, F)
    recorder = Recorder()
    model = cls(**SMALL, solver=solver).set_callbacks(recorder).fit(X, y)
    epoch = [("begin", "epoch"), ("end", "epoch")]
    begin, end = [("setup", "fit"), ("begin", "fit")], [("end", "fit"), ("teardown", "fit")]
    assert recorder.calls == begin + model.n_iter_ * epoch + end
    same(model.weights_, cls(**SMALL, solver=solver).fit(X, y).weights_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_stops_training(solver):
    X, y = noise_and_signs(N, T, F)
    recorder = Recorder(end_epoch=lambda estimator, n: n == 3)
    model = skrnn.GRUClassifier(**SMALL, solver=solver).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # to stop is to have converged
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert recorder.calls[-2:] == [("end", "fit"), ("teardown", "fit")]
    three = skrnn.GRUClassifier(**SMALL | {"max_iter": 3}, solver=solver).fit(X, y)
    same(model.weights_, three.weights_)


def test_a_users_early_stopping_reads_the_attributes_of_the_estimator():
    X, y = noise_and_signs(N, T, F)

    class LossBelow(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch":
                self.seen.append((len(estimator.loss_curve_), estimator.score(X, y)))
                return estimator.loss_curve_[-1] < 0.6

    stop = LossBelow()
    stop.seen = []
    model = skrnn.LSTMClassifier(**SMALL | {"max_iter": 100}).set_callbacks(stop).fit(X, y)
    assert model.loss_curve_[-1] < 0.6 <= min(model.loss_curve_[:-1])
    epochs, scores = zip(*stop.seen, strict=True)
    assert epochs == tuple(range(1, model.n_iter_ + 1))
    assert scores[-1] == model.score(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_fitted_estimator_is_what_fit_would_have_left(early_stopping):
    X, y = noise_and_signs(30, T, F)
    params = SMALL | {"early_stopping": early_stopping, "learning_rate_init": 0.3}
    weight = np.linspace(1, 2, 30)
    snapshots = Snapshots()
    skrnn.GRUClassifier(**params).set_callbacks(snapshots).fit(X, y, weight)
    *epochs, (name, *_, last) = snapshots.seen
    assert name == "fit"
    assert len(epochs) == 6
    for n, (name, X_seen, y_seen, metadata, fitted) in enumerate(epochs, start=1):
        assert name == "epoch"
        assert X_seen is X
        assert y_seen is y
        assert metadata["sample_weight"] is weight
        expected = skrnn.GRUClassifier(**params | {"max_iter": n}).fit(X, y, weight)
        same(fitted.weights_, expected.weights_)
        assert fitted.loss_curve_ == expected.loss_curve_
        assert fitted.n_iter_ == n
        np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))
    same(last.weights_, expected.weights_)


def test_a_kept_copy_trains_on_by_itself():
    """It shares nothing with the run, which goes on in the meantime."""
    X, y = noise_and_signs(N, T, F)
    snapshots = Snapshots()
    whole = skrnn.GRUClassifier(**SMALL).set_callbacks(snapshots).fit(X, y)
    for *_, fitted in snapshots.seen[:3]:
        same(fitted.set_callbacks().set_params(warm_start=True).fit(X, y).weights_, whole.weights_)


def test_copies_made_in_fit_hold_no_data():
    """What callbacks pickle is a model, not X, y and the other callbacks' tasks."""
    X, y = noise_and_signs(N, T, F)
    seen = []

    class Pickles(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            for model in (estimator, fitted_estimator):
                copy = pickle.loads(pickle.dumps(model))
                seen.append(set(vars(copy)) | set(vars(fitted_estimator)))
                copy.predict(X)

        def __reduce__(self):
            return Recorder, ()

    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Pickles()).fit(X, y)
    for names in seen:
        assert names - set(vars(model)) <= {"_unfinished"}


def test_the_fitted_estimator_knows_where_series_end():
    X = np.random.RandomState(0).normal(size=(40, 2))
    y = X[:, 0]
    snapshots = Snapshots()
    params = SMALL | {"rows": "steps", "initial_state": "last", "k1": 4, "max_iter": 2, "batch_size": 1}
    model = skrnn.GRURegressor(**params).set_callbacks(snapshots).fit(X, y)
    expected = skrnn.GRURegressor(**params | {"max_iter": 1}).fit(X, y)
    np.testing.assert_array_equal(snapshots.seen[0][-1].final_state_, expected.final_state_)
    np.testing.assert_array_equal(snapshots.seen[-1][-1].final_state_, model.final_state_)


def test_the_encoder_decoder_has_callbacks():
    words, numbers = ["ab", "ba", "abb", "bab"], np.arange(12.0).reshape(4, 3)
    for cls, data in ((skrnn.GRUEncoderDecoder, words), (skrnn.GRUEncoderDecoderRegressor, numbers)):
        recorder = Recorder(end_epoch=lambda estimator, n: n == 2)
        model = cls(hidden_size=3, max_iter=5, random_state=0).set_callbacks(recorder)
        assert model.fit(data, data).n_iter_ == 2
        assert recorder.calls.count(("end", "epoch")) == 2


def test_callbacks_are_no_parameters_and_go_with_clones():
    recorder = Recorder()
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(recorder)
    assert model.get_params() == skrnn.GRUClassifier(**SMALL).get_params()
    clone(model).fit(*noise_and_signs(N, T, F))
    assert ("teardown", "fit") in recorder.calls
    recorder.calls.clear()
    model.set_callbacks().fit(*noise_and_signs(N, T, F))
    assert recorder.calls == []


@pytest.mark.parametrize("bad", [object(), Recorder, "x"], ids=["object", "class", "str"])
def test_bad_callbacks(bad):
    with pytest.raises(TypeError, match="FitCallback"):
        skrnn.GRUClassifier().set_callbacks(bad)


def test_a_fitted_estimator_holds_nothing_of_the_callbacks():
    X, y = noise_and_signs(N, T, F)
    plain = skrnn.GRUClassifier(**SMALL).fit(X, y)
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Recorder()).fit(X, y)
    assert set(vars(model)) - set(vars(plain)) == {"_skl_callbacks"}


def test_partial_fit_calls_no_callbacks():
    recorder = Recorder()
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(recorder)
    model.partial_fit(*noise_and_signs(N, T, F), classes=[0, 1])
    assert recorder.calls == []


# --- errors in callbacks: row 40 ------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(("hook", "n_iter"), [("begin", 3), ("end", 4)])
def test_40_an_error_keeps_the_latest_update(hook, n_iter, solver):
    X, y = noise_and_signs(N, T, F)
    recorder = Recorder(**{f"{hook}_epoch": fail(4)})
    model = skrnn.GRUClassifier(**SMALL, solver=solver).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X, y)
    assert recorder.calls[-1] == ("teardown", "fit")
    expected = skrnn.GRUClassifier(**SMALL | {"max_iter": n_iter}, solver=solver).fit(X, y)
    same(model.weights_, expected.weights_)
    assert model.loss_curve_ == expected.loss_curve_
    assert model.n_iter_ == n_iter
    assert set(vars(model)) - set(vars(expected)) == {"_skl_callbacks"}


EVERY_PARAMETER = [
    (cls, name) for cls in (skrnn.GRURegressor, skrnn.RNNClassifier) for name in cls().get_params()
]


@pytest.mark.parametrize(("cls", "name"), EVERY_PARAMETER)
def test_a_parameter_set_in_a_callback_is_not_ignored_in_silence(cls, name):
    """It counts from the next call on, which is said once."""
    X, y = noise_and_signs(N, T, F)
    expected = cls(**SMALL).fit(X, y)

    def change(estimator, n):
        estimator.set_params(**{name: "another"})

    model = cls(**SMALL).set_callbacks(Recorder(begin_epoch=change))
    with pytest.warns(UserWarning, match=f"^{name} was changed to 'another' while fit was") as record:
        model.fit(X, y)
    assert len([w for w in record if "was changed" in str(w.message)]) == 1
    assert model.get_params()[name] == "another"
    same(model.weights_, expected.weights_)


@pytest.mark.parametrize("hook", ["setup_fit", "begin_fit", "end_epoch"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_where_a_parameter_may_be_set_in_vain(solver, hook):
    X, y = noise_and_signs(N, T, F)
    change = {hook: lambda estimator, n: estimator.set_params(learning_rate_init=0.5) and None}
    model = skrnn.GRUClassifier(**SMALL, solver=solver).set_callbacks(Recorder(**change))
    match = "learning_rate_init was changed to 0.5 .* goes on with 'auto'"
    with pytest.warns(UserWarning, match=match) as record:
        model.fit(X, y)
    assert {one.filename for one in record} == {__file__}  # the line that a user can change
    pairs = skrnn.GRUEncoderDecoder(2, max_iter=2, solver=solver).set_callbacks(Recorder(**change))
    with pytest.warns(UserWarning, match="learning_rate_init was changed") as record:
        pairs.fit(["ab", "b"], ["x", "y"])
    assert {one.filename for one in record} == {__file__}


def test_a_parameter_that_stays_or_is_set_for_the_next_call_is_no_mistake():
    X, y = noise_and_signs(N, T, F)
    now = {"learning_rate_init": 0.01, "hidden_size": (3,), "class_weight": {0: 1.0, 1: 1.0}}
    recorder = Recorder(
        end_epoch=lambda estimator, n: estimator.set_params(**deepcopy(now)) and None,
        end_fit=lambda estimator, n: estimator.set_params(warm_start=True),
    )
    model = skrnn.GRUClassifier(**SMALL | now, tol=None).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.warm_start


@pytest.mark.parametrize("hook", ["end_fit", "teardown_fit"])
def test_40_an_error_at_the_end_keeps_the_model(hook):
    X, y = noise_and_signs(N, T, F)
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Recorder(**{hook: fail(1)}))
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X, y)
    same(model.weights_, skrnn.GRUClassifier(**SMALL).fit(X, y).weights_)


@pytest.mark.parametrize("hook", ["setup_fit", "begin_fit", "begin_epoch"])
@pytest.mark.parametrize("warm_start", [False, True])
def test_40_an_error_before_training_changes_nothing(warm_start, hook):
    X, y = noise_and_signs(N, T, F)
    model = skrnn.GRUClassifier(**SMALL, warm_start=warm_start).fit(X, y)
    before = deepcopy(model)
    recorder = Recorder(**{hook: fail(1)})
    model.set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X, y)
    assert recorder.calls[-1] == ("teardown", "fit")
    model.set_callbacks()
    assert vars(model).keys() == vars(before).keys()
    same(model.weights_, before.weights_)
    assert model.loss_curve_ == before.loss_curve_
    assert model.n_iter_ == before.n_iter_


def test_teardown_after_an_error_in_training():
    X, y = noise_and_signs(N, T, F)
    recorder = Recorder()
    model = skrnn.RNNRegressor(**SMALL, activation="relu").set_callbacks(recorder)
    with pytest.raises(ValueError, match="not finite"):
        model.fit(np.full_like(X, 1.7e308), y)
    assert recorder.calls[-1] == ("teardown", "fit")
    assert not hasattr(model, "loss_curve_")


def test_keyboard_interrupt_in_a_callback_is_one_in_training():
    X, y = noise_and_signs(N, T, F)
    recorder = Recorder(end_epoch=fail(2, KeyboardInterrupt))
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    assert model.n_iter_ == 2
    assert recorder.calls[-1] == ("teardown", "fit")


# --- scikit-learn's callbacks ---------------------------------------------------------------------


@needs_callbacks
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_bars_nested_under_search_and_pipeline(n_jobs, capsys):
    pytest.importorskip("rich")
    X, y = noise_and_signs(N, T, F)
    X = X.reshape(N, -1)
    pipeline = make_pipeline(StandardScaler(), skrnn.GRUClassifier(**SMALL))
    search = GridSearchCV(pipeline, {"gruclassifier__k2": [1, 2]}, cv=2, n_jobs=n_jobs)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    out = capsys.readouterr().out
    assert out.count("GRUClassifier - fit") >= 5  # four fits of the search, and the last
    assert "GridSearchCV - fit" in out
    assert "Pipeline - fit" in out
    assert "100%" in out
    assert not hasattr(search.best_estimator_[-1], "_skl_callbacks")


@needs_callbacks
def test_the_transformers_have_a_bar_too(capsys):
    pytest.importorskip("rich")
    X, y = noise_and_signs(N, T, F)
    steps = (skrnn.TimeDistributed(StandardScaler()), skrnn.GRUClassifier(**SMALL))
    make_pipeline(*steps).set_callbacks(ProgressBar()).fit(X, y)
    make_pipeline(skrnn.TokenEncoder(), skrnn.GRUClassifier(**SMALL, embedding_size=2)).set_callbacks(
        ProgressBar()
    ).fit(["ab", "ba", "a"] * 2, [0, 1, 0] * 2)
    out = capsys.readouterr().out
    assert "TimeDistributed - fit" in out
    assert "TokenEncoder - fit" in out


@pytest.mark.parametrize(
    ("transformer", "X"),
    [
        (skrnn.TimeDistributed(StandardScaler()), np.ones((3, 4, 2))),
        (skrnn.SlidingWindow(2), np.ones((6, 2))), (skrnn.TokenEncoder(), ["ab", "c"]),
    ],
    ids=["TimeDistributed", "SlidingWindow", "TokenEncoder"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_a_transformer_is_one_task(transformer, X, method):
    recorder = Recorder()
    getattr(clone(transformer).set_callbacks(recorder), method)(X)
    assert recorder.calls == [(hook, "fit") for hook in ("setup", "begin", "end", "teardown")]


@needs_callbacks
@all_six
def test_scoring_monitor(cls):
    X, y = noise_and_signs(N, T, F)
    scoring = "accuracy" if cls.__name__.endswith("Classifier") else "r2"
    monitor = ScoringMonitor(scoring=scoring)
    model = cls(**SMALL).set_callbacks(monitor).fit(X, y)
    rows = monitor.get_logs().data
    scores = [row[scoring] for row in rows if row["task_name"] == "epoch"]
    assert len(scores) == model.n_iter_
    assert scores[-1] == model.score(X, y)
    assert len(set(scores)) > 1


@needs_callbacks
def test_scoring_monitor_in_a_search_of_ragged_sequences():
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(rng.randint(2, 6), F)) for _ in range(N)]
    y = [int(x[-1, 0] > 0) for x in X]
    monitor = ScoringMonitor(scoring="accuracy")
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(monitor)
    search = GridSearchCV(model, {"hidden_size": [2, 3]}, cv=2).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == SMALL["max_iter"] * 5
    assert search.best_score_ >= 0


@needs_callbacks
@pytest.mark.parametrize("weighted", [False, True])
def test_scoring_monitor_of_targets_per_step(weighted):
    X, _ = noise_and_signs(N, T, F)
    X, y = list(X), [x[:, 0] for x in X]
    weight = np.arange(1.0, N + 1) if weighted else None
    monitor = ScoringMonitor(scoring={"r2": sequence_scorer("r2")})
    model = skrnn.GRURegressor(**SMALL, return_sequences=True).set_callbacks(monitor).fit(X, y, weight)
    scores = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == model.n_iter_
    assert scores[-1] == pytest.approx(model.score(X, y, weight))


@needs_callbacks
def test_a_callback_in_worker_processes():
    X, y = noise_and_signs(N, T, F)
    monitor = ScoringMonitor(scoring="accuracy")
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(monitor)
    GridSearchCV(model, {"hidden_size": [2, 3]}, cv=2, n_jobs=2).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == SMALL["max_iter"] * 5


# --- before scikit-learn 1.9 ----------------------------------------------------------------------


class Toy(_callbacks._Support, BaseEstimator):
    """An estimator with the methods that versions before 1.9 lack."""

    @_callbacks._with_callbacks
    def fit(self, X):
        context = self._init_callback_context(max_subtasks=3)
        what = {
            "estimator": self, "X": X, "y": None, "metadata": None,
            "reconstruction_attributes": lambda: {"x_": len(X)},
        }  # fmt: skip
        context.call_on_fit_task_begin(**what)
        for _ in range(context.max_subtasks):
            epoch = context.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(**what)
            if epoch.call_on_fit_task_end(**what):
                break
        context.call_on_fit_task_end(**what)
        return self


def test_own_support_has_the_same_hooks():
    recorder, snapshots = Recorder(end_epoch=lambda estimator, n: n == 2), Snapshots()
    toy = Toy().set_callbacks(recorder, snapshots)
    clone(toy).fit([1, 2])
    begin, end = [("setup", "fit"), ("begin", "fit")], [("end", "fit"), ("teardown", "fit")]
    assert recorder.calls == begin + 2 * [("begin", "epoch"), ("end", "epoch")] + end
    *_, fitted = next(call for call in snapshots.seen if call[0] == "epoch")
    assert fitted.x_ == 2
    assert not hasattr(toy, "x_")
    assert set(vars(toy)) == {"_skl_callbacks"}


@pytest.mark.parametrize("hook", ["setup_fit", "begin_fit", "end_epoch", "teardown_fit"])
def test_own_support_tears_down(hook):
    recorder = Recorder(**{hook: fail(1)})
    toy = Toy().set_callbacks(recorder, Recorder())
    with pytest.raises(RuntimeError, match="enough"):
        toy.fit([1])
    assert recorder.calls[-1] == ("teardown", "fit")
    assert set(vars(toy)) == {"_skl_callbacks"}


@pytest.mark.parametrize("bad", [object(), Recorder], ids=["object", "class"])
def test_own_support_rejects(bad):
    with pytest.raises(TypeError, match="FitCallback"):
        Toy().set_callbacks(bad)


# --- Checkpoint -----------------------------------------------------------------------------------


def halved(epoch):
    """A schedule that can be pickled."""
    return 0.02 / 2**epoch


ON_THE_WAY = {
    "plain": {},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.01},
    "best long ago": {"early_stopping": True, "learning_rate_init": 1.0, "validation_fraction": 0.3},
    "patience": {"n_iter_no_change": 3, "tol": 0.2},
    "cosine": {"learning_rate": "cosine"},
    "one cycle": {"learning_rate": "onecycle", "n_iter_no_change": 1, "tol": 10.0},
    "inverse scaling": {"learning_rate": "invscaling"},
    "a function": {"learning_rate": halved},
    "adaptive": {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
    "dropout": {"dropout": 0.3, "k1": 2, "k2": 3, "solver": "sgd"},
    "weight dropout": {"weight_dropout": 0.3, "dropout": 0.2, "pooling": "last_max"},
    "rmsprop": {"solver": "rmsprop", "target_replication": 0.5, "k1": 2},
    "exact sums": {"batch_size": "auto"},
    "chosen k2": {"k2": "auto", "truncation_tolerance": 2.0},
    "float32": {"dtype": "float32", "bidirectional": True, "pooling": "mean"},
}


def interrupted(model, path, epoch, X, y, **checkpoint):
    """What a run that dies in an epoch leaves behind."""
    recorder = Recorder(begin_epoch=fail(epoch + 1))
    with pytest.raises(RuntimeError, match="enough"):
        model.set_callbacks(Checkpoint(path, **checkpoint), recorder).fit(X, y)
    return joblib.load(path)


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize("params", ON_THE_WAY.values(), ids=ON_THE_WAY)
@pytest.mark.parametrize("cls", [skrnn.LSTMRegressor, skrnn.RNNClassifier])
def test_training_goes_on_to_the_same_weights(cls, params, tmp_path):
    X, y = noise_and_signs(20, T, F)
    params = {"batch_size": 7, "hidden_size": 3, "random_state": 0, "max_iter": 9, **params}
    whole = cls(**params).fit(X, y)
    for epoch in (1, 4):
        model = interrupted(cls(**params), tmp_path / "model", epoch, X, y)
        assert model.n_iter_ == epoch
        model.predict(X)
        model.set_params(warm_start=True).fit(X, y)
        same(model.weights_, whole.weights_)
        assert model.n_iter_ == whole.n_iter_
        assert model.n_updates_ == whole.n_updates_
        assert model.loss_curve_ == whole.loss_curve_
        assert model.validation_scores_ == whole.validation_scores_
        np.testing.assert_array_equal(model.predict(X), whole.predict(X))
        assert set(vars(model)) == set(vars(whole))


@pytest.mark.parametrize("random_state", [None, "instance"])
def test_training_goes_on_whatever_the_random_state(random_state, tmp_path):
    X, y = noise_and_signs(N, T, F)
    if random_state:
        random_state = np.random.RandomState(5)
    np.random.seed(0)  # noqa: NPY002 - what random_state=None draws from
    start = deepcopy(random_state), np.random.get_state()  # noqa: NPY002
    params = {**SMALL, "dropout": 0.2}
    whole = skrnn.GRUClassifier(**params | {"random_state": random_state}).fit(X, y)
    np.random.set_state(start[1])  # noqa: NPY002
    model = skrnn.GRUClassifier(**params | {"random_state": start[0]})
    model = interrupted(model, tmp_path / "model", 3, X, y)
    np.random.seed(99)  # noqa: NPY002
    same(model.set_params(warm_start=True).fit(X, y).weights_, whole.weights_)


def test_other_containers_go_on_as_well(tmp_path):
    rng = np.random.RandomState(0)
    series = rng.normal(size=(60, 2))
    steps = skrnn.GRURegressor(**SMALL | {"rows": "steps", "k1": 5, "k2": 8, "initial_state": "last"})
    auto = clone(steps).set_params(k1=3, k2="auto", batch_size=6, loss="huber", dropout=0.1)
    words = skrnn.GRUClassifier(**SMALL, embedding_size=2)
    pairs = skrnn.GRUEncoderDecoder(hidden_size=3, max_iter=6, random_state=0, batch_size=2)
    tokens = [rng.randint(4, size=rng.randint(2, 6)) for _ in range(N)]
    texts = ["ab", "ba", "abb", "bab"]
    numbers = skrnn.GRUEncoderDecoderRegressor(hidden_size=3, max_iter=6, random_state=0, batch_size=2)
    sequences = [rng.normal(size=(T, 2)) for T in (3, 2, 4, 5)]
    cases = [
        (steps, series, series[:, 0]),
        (auto, series, series[:, 0]),
        (words, tokens, np.arange(N) % 2),
        (pairs, texts, texts),
        (numbers, sequences, sequences[::-1]),
    ]
    for model, X, y in cases:
        whole = clone(model).fit(X, y)
        part = interrupted(model, tmp_path / "model", 2, X, y)
        same(part.set_params(warm_start=True).fit(X, y).weights_, whole.weights_)


def test_a_loaded_checkpoint_starts_another_run_if_its_length_is_changed(tmp_path):
    X, y = noise_and_signs(N, T, F)
    whole = skrnn.GRUClassifier(**SMALL).fit(X, y)
    model = interrupted(skrnn.GRUClassifier(**SMALL), tmp_path / "model", 2, X, y)
    model.set_params(warm_start=True, max_iter=4).fit(X, y)
    same(model.weights_, whole.weights_)
    assert model.n_iter_ == 4


def test_patience_may_be_changed_on_the_way(tmp_path):
    """It counts from where the run is, and the tasks are those that are left."""
    X, y = noise_and_signs(N, T, F)
    model = interrupted(skrnn.GRUClassifier(**SMALL), tmp_path / "model", 2, X, y)
    left = []

    class Tasks(Recorder):
        def on_fit_task_begin(self, estimator, context):
            left.extend([context.max_subtasks] if context.task_name == "fit" else [])

    model.set_params(warm_start=True, n_iter_no_change=1, tol=100.0).set_callbacks(Tasks()).fit(X, y)
    assert model.n_iter_ == 4
    assert left == [SMALL["max_iter"] - 2]


def test_a_loaded_checkpoint_starts_anew_without_warm_start(tmp_path):
    X, y = noise_and_signs(N, T, F)
    model = interrupted(skrnn.GRUClassifier(**SMALL), tmp_path / "model", 2, X, y)
    same(model.fit(X, y).weights_, skrnn.GRUClassifier(**SMALL).fit(X, y).weights_)
    assert model.n_iter_ == 6


def test_a_failed_call_does_not_use_the_checkpoint_up(tmp_path):
    X, y = noise_and_signs(N, T, F)
    params = SMALL | {"early_stopping": True}
    whole = skrnn.GRUClassifier(**params).fit(X, y)
    model = interrupted(skrnn.GRUClassifier(**params), tmp_path / "model", 3, X, y)
    model.set_params(warm_start=True)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(X, np.nan), y)
    with pytest.raises(RuntimeError, match="enough"):
        model.set_callbacks(Recorder(setup_fit=fail(1))).fit(X, y)
    same(model.set_callbacks().fit(X, y).weights_, whole.weights_)


def test_the_end_of_fit_is_saved(tmp_path):
    """Also of a model that drops its solver's memory: from the file it trains on as if it had kept it."""
    X, y = noise_and_signs(N, T, F)
    whole = skrnn.GRUClassifier(**SMALL | {"max_iter": 10}).fit(X, y)
    checkpoint = Checkpoint(tmp_path / "model", every_n_epochs=4)
    fitted = skrnn.GRUClassifier(**SMALL).set_callbacks(checkpoint).fit(X, y)
    assert checkpoint.n_saves_ == 2
    model = joblib.load(tmp_path / "model")
    same(model.weights_, fitted.weights_)
    same(model.set_params(warm_start=True, max_iter=4).fit(X, y).weights_, whole.weights_)


def test_lbfgs_goes_on_from_the_weights(tmp_path):
    X, y = noise_and_signs(N, T, F)
    model = skrnn.GRUClassifier(**SMALL, solver="lbfgs")
    model = interrupted(model, tmp_path / "model", 3, X, y)
    loss = model.loss_curve_[-1]
    model.set_params(warm_start=True).fit(X, y)
    assert model.n_iter_ == 6
    assert model.loss_curve_[-1] < loss


def test_how_often_is_saved(tmp_path, monkeypatch):
    X, y = noise_and_signs(N, T, F)

    def n_saves(**every):
        checkpoint = Checkpoint(tmp_path / "model", **every)
        skrnn.GRUClassifier(**SMALL).set_callbacks(checkpoint).fit(X, y)
        return checkpoint.n_saves_

    clock = itertools.count(0, 30)  # every look at it takes half a minute
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: next(clock))
    assert n_saves() == 7
    assert n_saves(every_n_epochs=4) == 2
    assert n_saves(every_n_epochs=7) == 1  # the end
    assert n_saves(every_n_epochs=None, every_n_minutes=0) == 7
    assert n_saves(every_n_epochs=None, every_n_minutes=1) == 4  # every second epoch, and the end
    assert n_saves(every_n_epochs=None, every_n_minutes=1e6) == 1
    assert n_saves(every_n_epochs=3, every_n_minutes=1e6) == 3


@pytest.mark.parametrize(
    "params",
    [
        {"path": 3}, {"path": "x", "every_n_epochs": 0}, {"path": "x", "every_n_minutes": -1},
        {"path": "x", "every_n_epochs": None},
    ],
    ids=str,
)  # fmt: skip
def test_bad_parameters_of_checkpoint(params):
    with pytest.raises(ValueError, match=r"path|every_n"):
        Checkpoint(**params)


def test_checkpoint_says_where_it_belongs(tmp_path):
    with pytest.raises(TypeError, match=r"step of the pipeline"):
        Checkpoint(tmp_path / "x").setup(make_pipeline(FunctionTransformer()), None)
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(tmp_path / "nowhere" / "x"))
    with pytest.raises(FileNotFoundError, match=r"nowhere.*does not exist"):
        model.fit(*noise_and_signs(N, T, F))
    model.set_callbacks(Checkpoint(tmp_path))
    with pytest.raises(IsADirectoryError, match="name of a file"):
        model.fit(*noise_and_signs(N, T, F))
    assert not hasattr(model, "loss_curve_")


def no_files(folder):
    """What cannot be the path of a checkpoint -> what the error says."""
    (folder / "circle").symlink_to(folder / "back")
    (folder / "back").symlink_to(folder / "circle")
    os.mkfifo(folder / "pipe")
    (folder / "to the pipe").symlink_to(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "to the folder").symlink_to(folder / "folder")
    (folder / "file").write_text("keep")
    return {
        "/dev/null": (ValueError, "is no regular file"),
        folder / "circle": (ValueError, "cannot be the name of a file: "),
        folder / "pipe": (ValueError, "is no regular file"),
        folder / "to the pipe": (ValueError, "is no regular file"),
        folder / "to the folder": (IsADirectoryError, "is a folder"),
        folder / ("x" * 300): (ValueError, "cannot be the name of a file: "),
        f"{folder}/\0": (ValueError, "cannot be the name of a file: "),
        f"{folder}/\ud800": (ValueError, "cannot be the name of a file: "),
        folder / "file" / "model": (FileNotFoundError, "folder of.*does not exist"),
        "": (IsADirectoryError, "is a folder"),
    }


def identities(folder):
    stats = {entry.name: entry.lstat() for entry in folder.iterdir()}
    return {name: (s.st_mode, s.st_ino) for name, s in stats.items()}


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
@pytest.mark.parametrize("k", range(10))
def test_a_checkpoint_replaces_regular_files_only(tmp_path, k):
    """Said before training, with the name of the parameter, and nothing is replaced."""
    path, (error, match) = list(no_files(tmp_path).items())[k]
    before, device = identities(tmp_path), os.stat("/dev/null").st_rdev
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path))
    with pytest.raises(error, match=match) as raised:
        model.fit(*noise_and_signs(N, T, F))
    assert "path=" in str(raised.value)
    assert len(str(raised.value)) <= 600
    assert not hasattr(model, "loss_curve_")
    assert identities(tmp_path) == before
    assert os.stat("/dev/null").st_rdev == device


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
def test_what_has_become_no_file_is_not_replaced(tmp_path):
    path = tmp_path / "model"

    def become(estimator, n):
        path.unlink()
        os.mkfifo(path)

    become = Recorder(end_epoch=become)
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path, every_n_epochs=1), become)
    with pytest.raises(ValueError, match="is no regular file"):
        model.fit(*noise_and_signs(N, T, F))
    assert path.is_fifo()


@pytest.mark.parametrize("name", ["x" * 255, "\u20ac" * 85, "with spaces", "\u20ac"])
def test_names_of_any_length_that_files_can_have(tmp_path, name):
    path = tmp_path / name
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path))
    model.fit(*noise_and_signs(N, T, F))
    assert os.listdir(tmp_path) == [name]
    assert joblib.load(path).n_iter_ == model.n_iter_


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_to_a_file_that_is_still_to_come(tmp_path):
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "model")
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(*noise_and_signs(N, T, F))
    assert path.is_symlink()
    assert joblib.load(tmp_path / "model").n_iter_ == 6


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs the tests may do all
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(tmp_path / "model"))
    with pytest.raises(PermissionError, match=r"path=.*cannot be written"):
        model.fit(*noise_and_signs(N, T, F))


def test_lbfgs_killed_after_its_last_iteration_is_done(tmp_path):
    X, y = noise_and_signs(N, T, F)
    path, last = tmp_path / "model", tmp_path / "last"
    keep = Recorder(end_epoch=lambda estimator, n: last.write_bytes(path.read_bytes()) and False)
    model = skrnn.GRUClassifier(**SMALL, solver="lbfgs").set_callbacks(Checkpoint(path), keep).fit(X, y)
    resumed = joblib.load(last).set_params(warm_start=True).set_callbacks(Recorder())
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        resumed.fit(X, y)
    assert resumed.n_iter_ == model.n_iter_ == len(resumed.loss_curve_) == SMALL["max_iter"]
    same(resumed.weights_, model.weights_)


def test_a_run_interrupted_from_the_keyboard_goes_on(tmp_path):
    """The file stays the one of the latest epoch, as if the process had been killed."""
    X, y = noise_and_signs(N, T, F)
    path = tmp_path / "model"
    whole = skrnn.GRUClassifier(**SMALL).fit(X, y)
    stop = Recorder(begin_epoch=fail(4, KeyboardInterrupt))
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path), stop)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    resumed = joblib.load(path).set_params(warm_start=True).fit(X, y)
    assert resumed.n_iter_ == whole.n_iter_ == len(resumed.loss_curve_)
    same(resumed.weights_, whole.weights_)
    path.unlink()
    with pytest.warns(UserWarning, match="interrupted"):  # nothing saved yet: then this is
        clone(model).set_callbacks(
            Checkpoint(path, every_n_epochs=50), Recorder(end_epoch=fail(3, KeyboardInterrupt))
        ).fit(X, y)
    assert joblib.load(path).n_iter_ == 3


def test_the_file_holds_no_callbacks(tmp_path):
    class CannotBePickled(Recorder):
        def __reduce__(self):
            raise TypeError("not me")

    X, y = noise_and_signs(N, T, F)
    model = skrnn.GRUClassifier(**SMALL)
    model.set_callbacks(Checkpoint(tmp_path / "model"), CannotBePickled()).fit(X, y)
    loaded = pickle.loads((tmp_path / "model").read_bytes())
    assert not [name for name in vars(loaded) if "callback" in name or name == "_tasks"]
    assert os.listdir(tmp_path) == ["model"]


# --- Checkpoint: row 41, files and faults ---------------------------------------------------------


@pytest.mark.parametrize(("broken", "n_good"), [("fsync", 6), ("replace", 3)])  # that of the folder, too
def test_41_errors_of_the_disk_are_not_swallowed(broken, n_good, tmp_path, monkeypatch):
    """The file is as it was, the model as at the latest update, and nothing is left lying around."""
    X, y = noise_and_signs(N, T, F)
    path = tmp_path / "model"
    real, calls = getattr(os, broken), []

    def full(*args):
        calls.append(args)
        if len(calls) > n_good:
            raise OSError(28, "No space left on device")
        return real(*args)

    monkeypatch.setattr(os, broken, full)
    model = skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path))
    with pytest.raises(OSError, match="No space left"):
        model.fit(X, y)
    saved = joblib.load(path)
    assert saved.n_iter_ == 3
    assert model.n_iter_ == 4
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.skipif(os.name != "posix", reason="limits of the size of files")
def test_41_a_disk_that_is_full(tmp_path):
    resource = pytest.importorskip("resource")
    X, y = noise_and_signs(N, T, F)
    path = tmp_path / "model"
    Checkpoint(path)
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # bytes
    try:
        with pytest.raises(OSError, match="too large"):
            skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]


def test_41_a_small_disk_that_is_full(small_disk):
    """Of the file system itself: the file before stays, nothing else is left, and space makes it work."""
    X, y = noise_and_signs(N, T, F)
    path = small_disk / "model"
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y)
    before = path.read_bytes()
    large = skrnn.GRUClassifier(**SMALL | {"hidden_size": 64})
    with pytest.raises(OSError, match="No space left") as raised:
        large.set_callbacks(Checkpoint(path)).fit(X, y)
    assert raised.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert os.listdir(small_disk) == ["model"]
    assert joblib.load(path).predict(X).shape == y.shape

    (small_disk / "other").write_bytes(bytes(shutil.disk_usage(small_disk).free))  # not one byte is free
    with pytest.raises(OSError, match="No space left"):
        skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y)
    assert path.read_bytes() == before
    (small_disk / "other").unlink()
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y)
    assert joblib.load(path).predict(X).shape == y.shape


def test_41_leftovers_of_killed_runs_are_removed(tmp_path):
    X, y = noise_and_signs(N, T, F)
    path = tmp_path / "model"
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    gone = int(done.stdout)  # the number of a process that has ended
    prefix = callbacks._prefix(path)
    for name in (f"{prefix}{gone}.aa.tmp", f"{prefix}{os.getpid()}.aa.tmp", ".other.host.1.aa.tmp"):
        (tmp_path / name).touch()
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y)
    assert sorted(os.listdir(tmp_path)) == sorted(
        ["model", f"{prefix}{os.getpid()}.aa.tmp", ".other.host.1.aa.tmp"]
    )


@pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")
def test_links_and_modes_stay(tmp_path):
    X, y = noise_and_signs(N, T, F)
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch()
    target.chmod(0o640)
    link.symlink_to(target)
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(link)).fit(X, y)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert joblib.load(link).n_iter_ == 6


KILLED = """
import os, random, signal, sys, time, warnings
import joblib, numpy as np
import skrnn
from skrnn.callbacks import Checkpoint

warnings.simplefilter("ignore")
path, n_kills = sys.argv[1], int(sys.argv[2])
rng = np.random.RandomState(0)
X = rng.normal(size=(12, 5, 2))
y = X[:, -1, 0] > 0
params = dict(hidden_size=20, random_state=0, max_iter=N_EPOCHS, batch_size=5, n_iter_no_change=np.inf)
whole = skrnn.LSTMClassifier(**params).fit(X, y)
moments = random.Random(SEED)
epochs = []
for kill in range(n_kills + 1):
    child = os.fork()
    if not child:
        model = skrnn.LSTMClassifier(**params)
        if os.path.exists(path):
            model = joblib.load(path).set_params(warm_start=True)
        model.set_callbacks(Checkpoint(path)).fit(X, y)
        os._exit(0)
    if kill < n_kills:
        before = os.stat(path).st_mtime_ns if os.path.exists(path) else None
        while not os.path.exists(path) or os.stat(path).st_mtime_ns == before:
            time.sleep(0.0005)  # until it has begun to save
        time.sleep(moments.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        died = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(died), "the run ended before it could be killed"
        model = joblib.load(path)  # whole
        model.predict(X)
        epochs.append(model.n_iter_)
    else:
        assert os.waitpid(child, 0)[1] == 0
model = joblib.load(path)
assert epochs == sorted(epochs) and epochs[-1] >= n_kills, epochs
assert model.n_iter_ == whole.n_iter_ == params["max_iter"]
for name, w in whole.weights_.items():
    assert (w == model.weights_[name]).all(), name
assert model.loss_curve_ == whole.loss_curve_
print("epochs", epochs)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
@pytest.mark.slow
@pytest.mark.parametrize("n_kills", [20])
def test_41_kill_9_in_a_loop(n_kills, tmp_path):
    """Killed at random moments, again and again: the file is whole, and the end bitwise the same."""
    code = KILLED.replace("N_EPOCHS", str(60 * n_kills)).replace("SEED", str(n_kills))
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model"), str(n_kills)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_convergence_is_that_of_the_whole_run(tmp_path):
    """A warning about max_iter comes at the end of the interrupted run, as of the whole one."""
    X, y = noise_and_signs(N, T, F)
    model = interrupted(skrnn.GRUClassifier(**SMALL), tmp_path / "model", 5, X, y)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(6\)"):
        model.set_params(warm_start=True).fit(X, y)
