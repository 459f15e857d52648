"""Cells and losses from outside: a class is enough, and it travels with the estimator."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

import skrnn
from skrnn.cells import CELLS, Elman
from skrnn.classifiers import SequenceClassifier
from skrnn.encoder_decoder import SequenceEncoderDecoder
from skrnn.encoder_decoder_regressors import SequenceEncoderDecoderRegressor
from skrnn.losses import LOSSES, Loss, SquaredError
from skrnn.regressors import SequenceRegressor

rng = np.random.RandomState(0)
X = rng.normal(size=(40, 6, 2))
Y = X[:, :, 0].mean(axis=1)


class Leaky:
    """h' = h + (f - h) / 4 with f = tanh(a_x + a_h)."""

    n_gates, n_states, bias_init = 1, 1, (0.0,)

    def __init__(self, hidden_size, dtype):
        pass

    def forward(self, a_x, a_h, state):
        (h,) = state
        a_h += a_x
        f = np.tanh(a_h, out=a_h)
        return (0.75 * h + 0.25 * f,), (f,)

    def backward(self, dstate, tape):
        (dh_next,), (f,) = dstate, tape
        da = 0.25 * dh_next * (1 - f * f)
        return da, da, (0.75 * dh_next,)


class Steep(Elman):
    """An Elman cell below another class: it has its parameter, and no compiled twin."""

    def forward(self, a_x, a_h, state):
        return super().forward(2 * a_x, 2 * a_h, state)

    def backward(self, dstate, tape):
        da, _, dh = super().backward(dstate, tape)
        return 2 * da, 2 * da, dh


class LeakyRegressor(SequenceRegressor, cell=Leaky):
    pass


class LeakyClassifier(SequenceClassifier, cell=Leaky):
    """Leaky units.

    .. parameters and attributes
    """


class LeakyEncoderDecoder(SequenceEncoderDecoder, cell=Leaky):
    pass


class LeakyPairs(SequenceEncoderDecoderRegressor, cell=Leaky):
    pass


class SteepRegressor(SequenceRegressor, cell=Steep):
    pass


class HalfQuartic(Loss):
    """The fourth power of the error, by four."""

    def value_and_gradient(self, y, raw):
        error = raw - y
        return 0.25 * (error**4).sum(axis=1), error**3

    def best_constant(self, y, weight, K):
        return np.average(y, axis=0, weights=weight)


class Scaled(SquaredError):
    """The squared error, named by a class."""


def test_a_class_of_cell_is_enough():
    assert Leaky not in CELLS.values()
    model = LeakyRegressor(8, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.8
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert type(clone(model)) is LeakyRegressor
    labels = np.where(Y > 0, "up", "down")
    classifier = LeakyClassifier(8, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, labels)
    assert classifier.score(X, labels) > 0.8
    assert "class_weight" in classifier.get_params()
    assert "hidden_size : int" in LeakyClassifier.__doc__


def test_an_encoder_decoder_of_a_new_cell():
    pairs = ["one", "two", "three"], ["1", "2", "3"]
    model = LeakyEncoderDecoder(learning_rate_init=0.02, tol=0.01, n_iter_no_change=9, random_state=0)
    assert model.fit(*pairs).predict(["two"]) == [["2"]]


def test_an_encoder_decoder_of_numbers_of_a_new_cell_and_loss():
    assert "quantile : float" in LeakyPairs.__doc__
    data = X, np.cumsum(X[:, :3, 0], axis=1)
    scores = [
        LeakyPairs(16, learning_rate_init=0.01, loss=loss, random_state=0).fit(*data).score(*data)
        for loss in ("squared_error", Scaled, HalfQuartic)
    ]
    assert scores[0] == scores[1] > 0.8
    assert 0.5 < scores[2] != scores[0]


def test_the_parameters_of_a_cell_are_those_of_its_estimator():
    assert "activation" not in LeakyRegressor().get_params()
    assert "activation" in SteepRegressor().get_params()
    model = SteepRegressor(4, activation="logistic", max_iter=2, tol=1e9, learning_rate="cosine")
    plain = skrnn.RNNRegressor(**model.get_params())
    a, b = (one.set_params(random_state=0).fit(X, Y).predict(X) for one in (model, plain))
    assert not np.allclose(a, b)


def test_a_loss_is_passed_as_a_class(engine):
    fit = {"tol": 0.01, "random_state": 0}
    named = skrnn.GRURegressor(4, **fit).fit(X, Y)
    passed = skrnn.GRURegressor(4, loss=Scaled, **fit).fit(X, Y)
    # the one that has a name has a compiled twin
    np.testing.assert_allclose(passed.predict(X), named.predict(X), rtol=1e-6)
    model = skrnn.GRURegressor(8, loss=HalfQuartic, max_iter=300, **fit).fit(X, Y)
    assert HalfQuartic not in LOSSES.values()
    assert model.score(X, Y) > 0.5
    assert clone(model).loss is HalfQuartic
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    with pytest.raises(ValueError, match="loss was"):
        model.set_params(loss="squared_error", warm_start=True).fit(X, Y)


SCRIPT = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from skrnn.losses import SquaredError
from skrnn.regressors import SequenceRegressor

class Leaky:
    n_gates, n_states, bias_init = 1, 1, (0.0,)
    def __init__(self, hidden_size, dtype):
        pass
    def forward(self, a_x, a_h, state):
        (h,) = state
        f = np.tanh(a_x + a_h)
        return (0.75 * h + 0.25 * f,), (f,)
    def backward(self, dstate, tape):
        (dh_next,), (f,) = dstate, tape
        da = 0.25 * dh_next * (1 - f * f)
        return da, da, (0.75 * dh_next,)

class LeakyRegressor(SequenceRegressor, cell=Leaky):
    pass

class Squares(SquaredError):
    pass

X = np.random.RandomState(0).normal(size=(30, 5, 2))
model = LeakyRegressor(4, loss=Squares, tol=0.1, random_state=0)
search = GridSearchCV(model, {"hidden_size": [2, 4]}, cv=2, n_jobs=2, error_score="raise")
print(len(search.fit(X, X[:, 0, 0]).cv_results_["params"]))
"""


def test_a_cell_and_a_loss_of_a_script_work_in_a_search_over_processes(tmp_path):
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    answer = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "2", answer.stderr
