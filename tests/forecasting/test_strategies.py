"""What is read and learned, and forecasts of many series, some at a time."""

import numpy as np
import pytest

from skrnn import Forecaster, GRURegressor
from skrnn._forecasting import strategies
from skrnn._forecasting.calendar_features import Calendar
from skrnn._forecasting.history import History
from skrnn._forecasting.strategies import Direct, Recursive
from skrnn._forecasting.target import Target

T = 12


def history():
    """One series: y is its step, the known column 100 more, the other one 200 more."""
    steps = np.arange(float(T))
    return History(
        np.zeros(1, dtype=int), [steps], [100 + steps[:, None]], [200 + steps[:, None]],
        np.array([[7.0]]), Calendar((), None),
    )  # fmt: skip


@pytest.mark.parametrize("difference", [None, 3])
def test_examples_read_nothing_of_later_steps(difference):
    past = history()
    target = Target.learn(past.y, difference, scale=False)
    lost = difference or 0
    t = np.arange(lost, T)  # the step of a row; of the next one is what is learned
    X, y = Recursive(4).example(past, target, 0)
    own = 2 if difference else 1
    assert X.shape == (T - 1 - lost, own + 3)
    assert (X[:, own - 1] == t[:-1]).all()
    assert X[:, own:].tolist() == [[7, 200 + k, 101 + k] for k in t[:-1]]
    assert (y == (3 if difference else t[1:])).all()
    X, Y = Direct(4).example(past, target, 0)
    assert X.shape == (T - 4 - lost, own + 2 + 4)
    assert X[:, own:].tolist() == [[7, 200 + k, 101 + k, 102 + k, 103 + k, 104 + k] for k in t[:-4]]
    step = np.arange(1, 5)
    assert (Y == (3 * -(-step // 3) if difference else t[:-4, None] + step)).all()


@pytest.fixture
def fitted():
    rng = np.random.RandomState(0)
    X = np.stack([np.repeat(np.arange(5), 40), np.tile(np.arange(40), 5), rng.normal(size=200)], axis=1)
    estimator = GRURegressor(hidden_size=3, max_iter=2, tol=None, random_state=0)
    return X, rng.normal(size=200), Forecaster(estimator, horizon=3, sequence_id=0, time=1, known=2)


@pytest.mark.parametrize(
    "options", [{}, {"strategy": "direct"}, {"levels": 0.8, "interval": "sampled"}, {"difference": 4}]
)
def test_blocks_of_series_change_nothing(monkeypatch, fitted, options):
    X, y, model = fitted
    model = model.set_params(**options).fit(X, y)
    X_next = X[X[:, 1] < 3] + [0, 40, 0]
    ask = model.predict_interval if "levels" in options else model.predict
    expected = ask(X_next)
    monkeypatch.setattr(strategies, "MOST_NUMBERS", 100)
    assert (ask(X_next) == expected).all()


def test_forecasts_read_the_last_rows_only(monkeypatch, fitted):
    X, y, model = fitted
    last = X[:, 1] >= 10
    model = model.set_params(scale=None).fit(X, y)
    X_next = X[X[:, 1] < 3] + [0, 40, 0]
    whole = model.predict(X_next)
    monkeypatch.setattr(strategies, "MOST_ROWS", 30)
    answer = model.predict(X_next)
    assert not (answer == whole).all()
    monkeypatch.undo()
    again = model.set_params(sequence_id=0).fit(X, y)
    short = again.__class__(**again.get_params(deep=False)).fit(X[last], y[last])
    short._learned = type(short._learned)(**{**vars(short._learned), "estimator": again.estimator_})
    assert (short.predict(X_next) == answer).all()
