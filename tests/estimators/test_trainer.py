"""The trainer: it changes nothing that it was given, and says in the middle what would come out."""

import warnings

import numpy as np
import pytest
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
    run = settings.new_run(random_state.get_state())
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
    training, _ = trainer(early_stopping=True, max_iter=30, learning_rate_init=0.5)
    task, held_out = training.task.hold_out(np.random.RandomState(1))
    seen = {}
    training.task = task
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        training.train(held_out, [Watch(lambda epoch: seen.update({epoch: training.theta.copy()}))])
    fitted = training.fitted()
    best = int(np.argmin(fitted.history.validation_loss))
    np.testing.assert_array_equal(fitted.model.theta, seen[best])
    assert best < len(seen) - 1
    assert fitted.has_validation


def test_an_interruption_keeps_whole_weights():
    def interrupt(epoch):
        raise KeyboardInterrupt

    training, start = trainer()
    with pytest.warns(UserWarning, match="interrupted"):
        training.train(observers=[Watch(interrupt)])
    assert training.run.interrupted
    assert np.isfinite(training.fitted().model.theta).all()
    assert not np.array_equal(training.fitted().model.theta, start.model.theta)
