"""Validation data without early stopping: they are recorded, and change nothing else, bit for bit."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from support.data import noise, noise_step_targets, noise_targets
from support.estimators import ESTIMATORS, name_of, one_of_each
from support.inside import theta_of
from support.versions import needs_sklearn

import skrnn
from skrnn import solvers
from skrnn._engine.run import History
from skrnn.callbacks import Checkpoint

N, T, F = 20, 6, 2
SMALL = {"hidden_size": 3, "random_state": 0, "max_iter": 5}
CURVES = [
    "loss_curve_", "grad_norm_curve_", "clipped_fraction_curve_", "k2_curve_", "loss_", "best_loss_",
    "n_iter_", "n_updates_",
]  # fmt: skip
PAIRS = [skrnn.RNNEncoderDecoder, skrnn.LSTMEncoderDecoder, skrnn.GRUEncoderDecoder]
NUMBER_PAIRS = [
    skrnn.RNNEncoderDecoderRegressor,
    skrnn.LSTMEncoderDecoderRegressor,
    skrnn.GRUEncoderDecoderRegressor,
]
ALL = [*ESTIMATORS, skrnn.GRUEncoderDecoder, skrnn.GRUEncoderDecoderRegressor]


def sequences(cls, n=N, per_step=False, ragged=False, seed=0):
    """X and targets without any rule: the validation loss falls and rises."""
    lengths = [T - i % 3 if ragged else T for i in range(n)]
    X, y = noise(lengths, F, seed), noise_targets(cls, n, seed + 1)
    if per_step:
        y = noise_step_targets(cls, lengths, seed + 1)
    return (X, y) if ragged else (np.array(X), np.array(y))


def series(cls, n=60, seed=0):
    """A table of steps of two series, whose ids stand in front."""
    rows = np.random.RandomState(seed).normal(size=(n, F))
    return np.c_[np.arange(n) // (n // 2), rows], noise_targets(cls, n, seed + 1)


def texts(n=N, seed=0):
    """Strings of a and b, each said twice."""
    rng = np.random.RandomState(seed)
    X = ["".join(rng.choice(list("ab"), size=rng.randint(1, 5))) for _ in range(n)]
    return X, ["".join(2 * c for c in x) for x in X]


def data_of(cls, what="array", seed=0):
    """X and y of the form that is named."""
    if cls in PAIRS:
        return texts(seed=seed)
    if cls in NUMBER_PAIRS:
        return sequences(cls, ragged=True, seed=seed)[0], sequences(cls, per_step=True, seed=seed)[1]
    if what == "series":
        return series(cls, seed=seed)
    return sequences(cls, per_step="steps" in what, ragged="ragged" in what, seed=seed)


def said_by(fit):
    """What comes out of a call, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit()
    return model, [str(one.message) for one in caught]


def assert_same(model, plain):
    np.testing.assert_array_equal(theta_of(model), theta_of(plain))
    assert theta_of(model).dtype == theta_of(plain).dtype
    for name in CURVES:
        assert getattr(model, name) == getattr(plain, name), name


def assert_recorded(model, X_val, y_val):
    """Loss and score of every epoch; the last ones are those of the weights that are kept."""
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == len(model.loss_curve_)
    assert np.isfinite(model.validation_loss_curve_).all()
    if model.return_sequences or model.rows == "steps":
        return
    rel = 1e-5 if model.dtype == "float32" else 1e-12
    assert model.validation_scores_[-1] == pytest.approx(model.score(X_val, y_val), rel=rel)
    assert model.best_validation_score_ == max(model.validation_scores_)


STEPS = {"return_sequences": True}
# the validation loss rises long before the training loss does
RISING = {"n_iter_no_change": 2, "tol": 0.0, "max_iter": 40, "learning_rate_init": 0.05}
OPTIONS = {
    "one exact batch": ("array", {}),
    "batches": ("array", {"batch_size": 7}),
    "sgd": ("array", {"batch_size": 7, "solver": "sgd", "clip_norm": 0.1}),
    "rmsprop, float32": ("array", {"batch_size": 7, "solver": "rmsprop", "dtype": "float32"}),
    "lbfgs": ("array", {"solver": "lbfgs"}),
    "lbfgs, ragged": ("ragged", {"solver": "lbfgs", "max_iter": 3}),
    "dropout": ("array", {"batch_size": 7, "dropout": 0.4}),
    "both directions": ("ragged", {"bidirectional": True, "hidden_size": (3, 2), "pooling": "mean"}),
    "replication": ("array", {"target_replication": 0.5, "k1": 2, "k2": 3}),
    "ragged": ("ragged", {"batch_size": 7}),
    "steps": ("steps", {**STEPS, "batch_size": 7, "k1": 2, "k2": 4}),
    "ragged steps": ("ragged steps", {**STEPS, "dropout": 0.3, "target_delay": 1}),
    "pieces": ("steps", {**STEPS, "batch_size": 60, "k1": 2}),
    "chosen k2": ("steps", {**STEPS, "k1": 2, "k2": "auto"}),
    "series": ("series", {"rows": "steps", "sequence_id": 0, "initial_state": "last", "k1": 5}),
    "online gradients": (
        "series",
        {"rows": "steps", "sequence_id": 0, "initial_state": "last", "gradient": "rtrl", "k1": 3},
    ),
    "cosine": ("array", {"learning_rate": "cosine"}),
    "adaptive": ("array", {**RISING, "learning_rate": "adaptive"}),
    "patience": ("array", RISING),
    "without tol": ("array", {"tol": None}),
}


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize("case", OPTIONS)
@pytest.mark.parametrize("cls", ESTIMATORS, ids=name_of)
def test_the_weights_are_those_without_validation_data(cls, case):
    """And so are the curves of training, the number of epochs, and what is said."""
    what, options = OPTIONS[case]
    (X, y), (X_val, y_val) = data_of(cls, what), data_of(cls, what, seed=5)
    params = SMALL | options
    plain, said = said_by(lambda: cls(**params).fit(X, y))
    model, also_said = said_by(lambda: cls(**params).fit(X, y, X_val=X_val, y_val=y_val))
    assert_same(model, plain)
    assert also_said == said
    assert_recorded(model, X_val, y_val)
    assert (plain.validation_loss_curve_, plain.validation_scores_) == (None, None)
    if what == "series":
        np.testing.assert_array_equal(model.final_state_, plain.final_state_)


@pytest.mark.parametrize(
    "options",
    [{}, {"batch_size": 7}, {"dropout": 0.3, "k1": 2, "k2": 4}, {"solver": "lbfgs"}, {"beam_size": 2}],
    ids=str,
)
@pytest.mark.parametrize("cls", PAIRS, ids=name_of)
def test_the_weights_of_encoder_decoders_are_those_without_validation_data(cls, options):
    (X, y), (X_val, y_val) = texts(), texts(9, seed=5)
    params = SMALL | {"embedding_size": 3} | options
    plain, said = said_by(lambda: cls(**params).fit(X, y))
    model, also_said = said_by(lambda: cls(**params).fit(X, y, X_val=X_val, y_val=y_val))
    assert_same(model, plain)
    assert also_said == said
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_
    assert model.validation_scores_[-1] == model.score(X_val, y_val)
    assert plain.validation_loss_curve_ is plain.best_validation_score_ is None


@pytest.mark.parametrize(
    "options",
    [{}, {"batch_size": 7}, {"dropout": 0.3, "k1": 2, "k2": 4}, {"solver": "lbfgs"}, {"loss": "huber"}],
    ids=str,
)
@pytest.mark.parametrize("cls", NUMBER_PAIRS, ids=name_of)
def test_the_weights_of_pairs_of_numbers_are_those_without_validation_data(cls, options):
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    params = SMALL | options
    plain, said = said_by(lambda: cls(**params).fit(X, y))
    model, also_said = said_by(lambda: cls(**params).fit(X, y, X_val=X_val, y_val=y_val))
    assert_same(model, plain)
    assert also_said == said
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_
    assert model.validation_scores_[-1] == pytest.approx(model.score(X_val, y_val), rel=1e-12)
    assert plain.validation_loss_curve_ is plain.best_validation_score_ is None


@one_of_each
def test_what_is_recorded_is_what_early_stopping_records(cls):
    """Of the same weights, with weights of the validation data; only what is kept differs."""
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": np.linspace(0, 2, N)}
    params = SMALL | {"learning_rate_init": 0.3, "max_iter": 20, "tol": None}
    with pytest.warns(ConvergenceWarning, match="hardly learned"):
        stopped = cls(**params, early_stopping=True).fit(X, y, **given)
    recorded = cls(**params).fit(X, y, **given)
    assert recorded.validation_loss_curve_ == stopped.validation_loss_curve_
    assert recorded.validation_scores_ == stopped.validation_scores_
    assert recorded.best_validation_score_ == stopped.best_validation_score_
    assert (recorded.best_loss_, stopped.best_loss_) == (min(recorded.loss_curve_), None)
    assert min(recorded.validation_loss_curve_) < recorded.validation_loss_curve_[-1]
    assert not np.array_equal(theta_of(recorded), theta_of(stopped))


@one_of_each
@pytest.mark.parametrize("early_stopping", [False, True])
def test_lbfgs_records_whatever_early_stopping_is(cls, early_stopping):
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    params = SMALL | {"solver": "lbfgs", "early_stopping": early_stopping, "tol": None}
    plain = cls(**params).fit(X, y)
    model = cls(**params).fit(X, y, X_val=X_val, y_val=y_val)
    assert_same(model, plain)
    assert_recorded(model, X_val, y_val)
    assert model.best_loss_ == min(model.loss_curve_)


def test_lbfgs_with_nothing_to_improve_records_one_epoch():
    X = np.zeros((N, T, F))
    model = skrnn.GRURegressor(3, solver="lbfgs", alpha=0.0, random_state=0)
    model.fit(X, np.zeros(N), X_val=X, y_val=np.arange(N) % 2)
    assert model.n_updates_ == 0
    assert len(model.validation_loss_curve_) == len(model.loss_curve_) == 1


# --- calls after each other --------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("cls", ALL, ids=name_of)
def test_warm_starts(cls, solver):
    """With validation data in some of the calls: one entry for every epoch, NaN without them."""
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    params = SMALL | {"warm_start": True, "solver": solver, "max_iter": 3, "batch_size": 7}
    given = {"X_val": X_val, "y_val": y_val}
    model, plain = cls(**params), cls(**params)
    n = []
    for call in ({}, given, {}, given):
        assert_same(model.fit(X, y, **call), plain.fit(X, y))
        n.append(model.n_iter_)
        assert (model.validation_loss_curve_ is None) == (not call)
    is_nan = np.repeat([True, False, True, False], n)
    for curve in (model.validation_loss_curve_, model.validation_scores_):
        np.testing.assert_array_equal(np.isnan(curve), is_nan)
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)


def test_partial_fit_after_it_goes_on_as_without(cls):
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    params = SMALL | {"batch_size": 7, "dropout": 0.2, "warm_start": True, "tol": None}
    plain = cls(**params).fit(X, y)
    model = cls(**params).fit(X, y, X_val=X_val, y_val=y_val)
    assert_same(model.partial_fit(X, y), plain.partial_fit(X, y))
    assert model.validation_loss_curve_ is None


class Accident:
    """A callback that ends fit by an error after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        if estimator.n_iter_ == self.epoch:
            raise RuntimeError("out of power")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("given_again", [True, False])
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "batch_size": 7}], ids=str)
@pytest.mark.parametrize("cls", ALL, ids=name_of)
def test_runs_that_go_on_from_a_checkpoint(cls, options, given_again, tmp_path):
    """The weights, and the curves too if the validation data are passed again."""
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    given = {"X_val": X_val, "y_val": y_val}
    params = SMALL | options
    whole, plain = cls(**params).fit(X, y, **given), cls(**params).fit(X, y)
    model = cls(**params).set_callbacks(Checkpoint(tmp_path / "model"), Accident(3))
    with pytest.raises(RuntimeError, match="out of power"):
        model.fit(X, y, **given)
    saved = joblib.load(tmp_path / "model").set_params(warm_start=True)
    assert saved.validation_loss_curve_ == whole.validation_loss_curve_[:3]
    saved.fit(X, y, **given if given_again else {})
    assert_same(saved, plain)
    expected = whole.validation_loss_curve_ if given_again else None
    assert saved.validation_loss_curve_ == expected


@one_of_each
def test_it_travels_with_the_model(cls):
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    model = cls(**SMALL, tol=None).fit(X, y, X_val=X_val, y_val=y_val)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.validation_loss_curve_ == model.validation_loss_curve_
    assert clone(model).fit(X, y).validation_loss_curve_ is None


# --- who looks on ------------------------------------------------------------------------------------


class Watch:
    """A callback that keeps what it reads, and stops after a rise of the validation loss."""

    def __init__(self, stops=False):
        self.stops, self.seen = stops, []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context):
        self.seen.append((context.task_name, list(estimator.validation_loss_curve_)))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        losses, scores = estimator.validation_loss_curve_, estimator.validation_scores_
        assert fitted_estimator.validation_loss_curve_ == losses
        assert fitted_estimator.validation_scores_ == scores
        self.seen.append((context.task_name, list(losses)))
        return self.stops and len(losses) > 1 and losses[-1] > losses[-2]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@one_of_each
def test_callbacks_read_the_validation_loss(cls, solver, early_stopping):
    """From the beginning, where there is none yet, to the end of every epoch."""
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    watch = Watch()
    params = SMALL | {"solver": solver, "tol": None, "max_iter": 3, "early_stopping": early_stopping}
    model = cls(**params).set_callbacks(watch).fit(X, y, X_val=X_val, y_val=y_val)
    losses = model.validation_loss_curve_
    expected = [("fit", [])]
    for k in range(3):
        expected += [("epoch", losses[:k]), ("epoch", losses[: k + 1])]
    assert watch.seen == [*expected, ("fit", losses)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("cls", ALL, ids=name_of)
def test_a_callback_stops_by_the_validation_loss(cls, solver):
    """The weights are those of as many epochs."""
    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    if cls in PAIRS:
        y_val = [x[::-1] + "ab" for x in X_val]
    params = SMALL | {
        "solver": solver,
        "max_iter": 60,
        "learning_rate": "constant",
        "learning_rate_init": 0.1,
    }
    model = cls(**params).set_callbacks(Watch(stops=True)).fit(X, y, X_val=X_val, y_val=y_val)
    losses = np.array(model.validation_loss_curve_)
    assert len(losses) == model.n_iter_ < 60
    np.testing.assert_array_equal(np.flatnonzero(np.diff(losses) > 0), [len(losses) - 2])
    short = cls(**params | {"max_iter": model.n_iter_, "tol": None if solver == "adam" else 1e-4})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        short.fit(X, y)
    np.testing.assert_array_equal(theta_of(model), theta_of(short))


@needs_sklearn("1.9", "no callbacks")
@one_of_each
def test_a_scoring_monitor_sees_every_epoch(cls):
    from sklearn.callback import ScoringMonitor

    (X, y), (X_val, y_val) = data_of(cls), data_of(cls, seed=5)
    scoring = "accuracy" if is_classifier(cls()) else "r2"
    monitor = ScoringMonitor(scoring=scoring)
    cls(**SMALL, tol=None).set_callbacks(monitor).fit(X, y, X_val=X_val, y_val=y_val)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == SMALL["max_iter"]


def test_a_line_per_epoch_has_it_where_it_was_recorded(capsys):
    """Of a call without validation data not what an earlier call has recorded."""
    (X, y), (X_val, y_val) = data_of(skrnn.GRURegressor), data_of(skrnn.GRURegressor, seed=5)
    model = skrnn.GRURegressor(**SMALL, verbose=1, tol=None, warm_start=True)
    for given in ({}, {"X_val": X_val, "y_val": y_val}, {}):
        model.fit(X, y, **given)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == SMALL["max_iter"]
        for k, line in enumerate(lines):
            assert ("validation" in line) == bool(given)
            if given:
                loss = model.validation_loss_curve_[k - len(lines)]
                assert f"validation loss {loss:.6g}" in line


def test_an_interruption_keeps_the_last_weights(monkeypatch):
    (X, y), (X_val, y_val) = data_of(skrnn.GRURegressor), data_of(skrnn.GRURegressor, seed=5)
    params = SMALL | {"learning_rate": "constant", "learning_rate_init": 0.3, "max_iter": 30, "tol": None}
    step = solvers.Adam.step

    def interrupted(self, *args):
        if self.t == 11:
            raise KeyboardInterrupt
        return step(self, *args)

    monkeypatch.setattr(solvers.Adam, "step", interrupted)  # no kernel: for both models
    expected = skrnn.GRURegressor(**params | {"max_iter": 11}).fit(X, y)
    with pytest.warns(UserWarning, match="interrupted"):
        model = skrnn.GRURegressor(**params).fit(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(theta_of(model), theta_of(expected))
    assert min(model.validation_loss_curve_) < model.validation_loss_curve_[-1]


@pytest.mark.filterwarnings("ignore:X_val is on another scale")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_data_on_which_numbers_overflow_end_nothing(solver):
    X = np.random.RandomState(0).uniform(size=(N, T, F))
    y = np.random.RandomState(1).poisson(X[:, -1, 0] * 3).astype(float)
    params = SMALL | {"loss": "poisson", "activation": "identity", "solver": solver, "tol": None}
    plain = skrnn.RNNRegressor(**params).fit(X, y)
    model = skrnn.RNNRegressor(**params).fit(X, y, X_val=1e9 * X, y_val=y)
    assert_same(model, plain)
    assert model.validation_loss_curve_[-1] == np.inf
    assert np.isnan(model.validation_scores_[-1])
    assert len(model.validation_scores_) == SMALL["max_iter"]


# --- the curves ----------------------------------------------------------------------------------------


def test_a_history_has_one_entry_for_every_epoch():
    history = History()
    for validation in (None, (0.5, 0.9), None, None, (0.25, 0.95)):
        history.record(1.0, 1.0, 0.0, 1, validation)
        assert history.is_validated == (validation is not None)
    np.testing.assert_array_equal(history.validation_loss, [np.nan, 0.5, np.nan, np.nan, 0.25])
    np.testing.assert_array_equal(history.validation_score, [np.nan, 0.9, np.nan, np.nan, 0.95])
