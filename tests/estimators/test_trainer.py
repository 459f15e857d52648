"""The trainer: it changes nothing that it was given, and says in the middle what would come out."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn._engine.model import Model
from skrnn._engine.observers import Observer
from skrnn._engine.run import History
from skrnn._estimators.numbers import Numbers
from skrnn._estimators.trainer import Start, Trainer
from skrnn._reading.reader import Reader
from skrnn._settings.settings import Of, SequenceSettings
from skrnn.cells import LSTM

rng = np.random.RandomState(0)
X = rng.normal(size=(12, 5, 2))
Y = X[:, 1, 0]
PARAMS = {"hidden_size": 3, "max_iter": 6, "tol": 0, "learning_rate": "cosine"}


def trainer(**params):
    values = skrnn.LSTMRegressor(**PARAMS | params).get_params(deep=False)
    settings = SequenceSettings(Of("LSTMRegressor", LSTM, Numbers), values).derived()
    task = Reader(settings).read(X, Y, None)
    random_state = np.random.RandomState(0)
    network = task.facts.architecture.network(dropout=settings.dropout)
    model = Model.new(task.facts, network, random_state)
    run = settings.new_run(random_state.get_state(), task.data)
    start = Start(model, run, History(), None, random_state)
    return Trainer(settings, task, start, network), start


class Watch(Observer):
    """Calls a function after every epoch; its answer ends training."""

    def __init__(self, function):
        self.function = function

    def end_epoch(self, history, epoch):
        return self.function(epoch)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_what_it_was_given_is_as_it_was(solver):
    training, start = trainer(solver=solver, learning_rate="constant")
    theta = start.model.theta.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        training.train()
    np.testing.assert_array_equal(start.model.theta, theta)
    assert start.history.loss == []
    fitted = training.fitted()
    assert not np.array_equal(fitted.model.theta, theta)
    assert len(fitted.history.loss) == fitted.n_iter == training.n_epochs > 0
    assert fitted.run is None  # it is finished


def test_a_snapshot_is_a_copy_that_can_be_finished():
    training, _ = trainer()
    snapshots = []
    training.train(observers=[Watch(lambda epoch: snapshots.append(training.snapshot()))])
    assert [one.n_iter for one in snapshots] == [1, 2, 3, 4, 5, 6]
    assert [one.run.epoch for one in snapshots] == [1, 2, 3, 4, 5, 6]
    assert len({one.model.theta.tobytes() for one in snapshots}) == 6
    assert snapshots[0].model.facts is training.model.facts
    assert snapshots[0].random_state is not training.random_state
    np.testing.assert_array_equal(snapshots[-1].model.theta, training.fitted().model.theta)
    # going on from the third ends where training did
    middle = snapshots[2]
    run, theta = middle.unfinished_run(training.settings)
    again = Trainer(
        training.settings, training.task,
        Start(middle.model.with_theta(theta), run, middle.history, middle.solver, middle.random_state),
        training.network,
    )  # fmt: skip
    again.train()
    np.testing.assert_array_equal(again.fitted().model.theta, training.fitted().model.theta)
    assert again.fitted().history.loss == training.fitted().history.loss


class Asks(Observer):
    """Answers when it is asked whether training ends."""

    def __init__(self, begin=False, end=False):
        self.answers, self.told = {"begin": begin, "end": end}, []

    def begin_epoch(self, epoch):
        self.told.append("begin")
        return self.answers["begin"]

    def end_epoch(self, history, epoch):
        self.told.append("end")
        return self.answers["end"]

    def close(self):
        self.told.append("close")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("when", ["begin", "end"])
def test_one_observer_is_enough_to_stop_and_all_are_told(solver, when):
    training, _ = trainer(solver=solver, learning_rate="constant")
    observers = [Asks(), Asks(**{when: True}), Asks()]
    training.train(observers=observers)
    for one in observers:
        assert one.told == (["begin", "close"] if when == "begin" else ["begin", "end", "close"])


def test_with_other_settings_a_run_is_not_finished():
    training, _ = trainer()
    training.train(observers=[Watch(lambda epoch: epoch == 2)])
    training._ended = False  # as in the middle
    snapshot = training.snapshot()
    other, _ = trainer(max_iter=7)
    assert snapshot.unfinished_run(training.settings)[0] is not None
    run, theta = snapshot.unfinished_run(other.settings)
    assert run is None
    np.testing.assert_array_equal(theta, snapshot.model.theta)


def test_the_best_weights_are_what_comes_out_of_early_stopping():
    whole, start = trainer(early_stopping=True, max_iter=30, learning_rate_init=0.5)
    task, held_out = whole.task.hold_out(np.random.RandomState(1))
    training, seen = Trainer(whole.settings, task, start, whole.network, held_out), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        training.train([Watch(lambda epoch: seen.update({epoch: training.theta.copy()}))])
    fitted = training.fitted()
    best = int(np.argmin(fitted.history.validation_loss))
    np.testing.assert_array_equal(fitted.model.theta, seen[best])
    assert best < len(seen) - 1
    assert fitted.has_validation
    assert fitted.stops_early


def test_what_is_only_recorded_changes_no_weights():
    training, (other, start) = trainer()[0], trainer()
    training.train()
    validated = Trainer(other.settings, other.task, start, other.network, other.task.data)
    assert validated.fitted().attributes()["validation_loss_curve_"] == []
    validated.train()
    fitted = validated.fitted()
    np.testing.assert_array_equal(fitted.model.theta, training.fitted().model.theta)
    assert fitted.history.loss == training.fitted().history.loss
    assert len(fitted.history.validation_loss) == 6
    assert fitted.has_validation
    assert not fitted.stops_early


def test_an_interruption_keeps_whole_weights():
    def interrupt(epoch):
        raise KeyboardInterrupt

    training, start = trainer()
    with pytest.warns(UserWarning, match="interrupted"):
        training.train(observers=[Watch(interrupt)])
    assert training.run.interrupted
    assert np.isfinite(training.fitted().model.theta).all()
    assert not np.array_equal(training.fitted().model.theta, start.model.theta)


# --- exactly max_iter epochs --------------------------------------------------------------------------

NO_PATIENCE = {"hidden_size": 3, "max_iter": 12, "n_iter_no_change": 1, "random_state": 0}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_without_tol_training_takes_max_iter_epochs_and_says_nothing(cls, solver, early_stopping):
    y = Y > 0 if is_classifier(cls()) else Y
    params = {**NO_PATIENCE, "solver": solver, "early_stopping": early_stopping}
    model = cls(**params, tol=None).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 12
    model.set_params(warm_start=True, max_iter=3).fit(X, y)
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 15


@pytest.mark.filterwarnings("error")
def test_without_tol_the_weights_are_those_of_the_same_number_of_epochs(assert_same_weights):
    params = NO_PATIENCE | {"learning_rate": "constant"}
    plain = skrnn.GRURegressor(**params, tol=None).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(12\).*set tol=None"):
        other = skrnn.GRURegressor(**params | {"n_iter_no_change": np.inf}).fit(X, Y)
    assert_same_weights(plain, other)


@pytest.mark.filterwarnings("ignore:The model has hardly learned")
@pytest.mark.filterwarnings("error")
def test_without_tol_early_stopping_keeps_the_best_weights():
    params = {"hidden_size": 8, "learning_rate_init": 0.3, "random_state": 0, "early_stopping": True}
    model = skrnn.GRURegressor(**params, max_iter=20, tol=None).fit(X, Y, X_val=X[:5], y_val=-Y[:5])
    best = int(np.argmin(model.validation_loss_curve_))
    assert 0 < best + 1 < model.n_iter_ == 20
    short = skrnn.GRURegressor(**params, max_iter=best + 1, tol=None)
    short.fit(X, Y, X_val=X[:5], y_val=-Y[:5])
    np.testing.assert_array_equal(model.predict(X), short.predict(X))


@pytest.mark.filterwarnings("error")
def test_without_tol_lbfgs_takes_max_iter_iterations_or_ends_where_nothing_falls():
    params = {"hidden_size": 3, "solver": "lbfgs", "random_state": 0, "tol": None}
    assert skrnn.GRURegressor(**params, max_iter=4).fit(X, Y).n_iter_ == 4
    model = skrnn.GRURegressor(**params, max_iter=10).fit(X, np.ones(len(X)))
    assert model.n_iter_ <= 10
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):  # not those that were planned
        model = skrnn.GRURegressor(**params, max_iter=50, max_fun=5).fit(X, Y)
    assert model.n_iter_ < 50


@pytest.mark.filterwarnings("error")
def test_without_tol_encoder_decoders_too():
    model = skrnn.GRUEncoderDecoder(4, max_iter=3, tol=None, random_state=0)
    assert model.fit(["ab", "b"], ["x", "y"]).n_iter_ == 3


def test_without_tol_there_is_no_plateau():
    for model in (
        skrnn.GRURegressor(tol=None, learning_rate="adaptive"),
        skrnn.GRUEncoderDecoder(tol=None, learning_rate="adaptive"),
    ):
        with pytest.raises(ValueError, match=r"tol=None and learning_rate='adaptive'"):
            model.fit(["ab", "b"], ["x", "y"])


# --- schedules ------------------------------------------------------------------------------------


def test_a_cycle_is_trained_to_its_end():
    """Whatever tol says; and nothing is said about max_iter."""
    model = skrnn.LSTMRegressor(
        3, learning_rate="onecycle", tol=100.0, n_iter_no_change=1, max_iter=12, random_state=0
    )
    assert model.fit(X, Y).n_iter_ == 12
    assert model.set_params(max_iter="auto").fit(X, Y).n_iter_ == 180


def test_a_cycle_keeps_the_best_weights_of_early_stopping():
    model = skrnn.LSTMRegressor(
        3, learning_rate="onecycle", early_stopping=True, n_iter_no_change=1, max_iter=30, random_state=0,
        validation_fraction=0.3, learning_rate_init=0.1,
    ).fit(X, X[:, -1, 1])  # fmt: skip
    assert model.n_iter_ == 30
    assert len(model.validation_loss_curve_) == 30
    assert np.argmin(model.validation_loss_curve_) < 29


def test_a_callable_is_the_rate():
    """Of plain gradient descent every step is as long as the rate and the gradient make it."""

    def fitted(**params):
        params = {
            "solver": "sgd",
            "momentum": 0.0,
            "tol": None,
            "max_iter": 3,
            "random_state": 0,
        } | params
        return skrnn.LSTMRegressor(3, **params).fit(X, Y).weights_

    cosine = fitted(learning_rate="cosine", learning_rate_init=0.1)
    same = fitted(learning_rate=lambda e: 0.05 * (1 + np.cos(np.pi * e / 3)), learning_rate_init=9.0)
    for name in cosine:
        np.testing.assert_allclose(same[name], cosine[name], rtol=1e-12)


def test_a_callable_that_returns_no_rate_changes_nothing():
    model = skrnn.LSTMRegressor(3, max_iter=5, tol=None, random_state=0).fit(X, Y)
    before = model.weights_
    model.set_params(learning_rate=lambda epoch: 0.1 if epoch < 2 else -1.0)
    with pytest.raises(ValueError, match=r"learning_rate returned -1.0 for epoch 2"):
        model.fit(X, Y)
    for name, weights in model.weights_.items():
        np.testing.assert_array_equal(weights, before[name])


@pytest.mark.parametrize("cls", [skrnn.LSTMRegressor, skrnn.GRURegressor, skrnn.GRUEncoderDecoder])
def test_forget_bias_is_what_weights_start_from(cls):
    data = (X, Y) if "Decoder" not in cls.__name__ else (["ab", "ba"], ["a", "b"])
    params = {
        "hidden_size": 3,
        "max_iter": 1,
        "tol": None,
        "learning_rate_init": 1e-12,
        "random_state": 0,
    }
    name = next(n for n in cls(**params).fit(*data).weights_ if n.endswith("layer0.b_x"))
    gate = slice(3, 6)
    started = {b: cls(forget_bias=b, **params).fit(*data).weights_[name] for b in (1.0, 4.0, "chrono")}
    np.testing.assert_allclose(started[1.0][gate], 1.0, atol=1e-6)
    np.testing.assert_allclose(started[4.0][gate], 4.0, atol=1e-6)
    assert len(set(started["chrono"][gate])) == 3
