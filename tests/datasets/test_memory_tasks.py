"""Adding, temporal order, parity and echo: y follows from X by the rule of the paper."""

import numpy as np
import pytest

from skrnn import datasets

N = 3000  # sequences for figures


def halves(x):
    """The marked numbers, in the order of time."""
    return x[x[:, 1] == 1, 0]


@pytest.mark.parametrize("ragged", [False, True])
def test_adding_2015(ragged):
    X, y = datasets.make_adding(N, n_timesteps=50, ragged=ragged, random_state=0)
    np.testing.assert_allclose(y, [halves(x).sum() for x in X])
    for x in X:
        (marks,) = np.nonzero(x[:, 1])
        assert marks[0] < len(x) // 2 <= marks[1]
        assert set(x[:, 1]) == {0, 1}
    assert {len(x) for x in X} == (set(range(50, 56)) if ragged else {50})
    first, second = (np.unique([np.nonzero(x[:, 1])[0][k] for x in X]) for k in (0, 1))
    assert len(first) == 25 + 2 * ragged  # every place occurs
    assert second.max() == max(map(len, X)) - 1


def test_figures_of_adding_2015():
    X, y = datasets.make_adding(20000, n_timesteps=6, random_state=0)
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.03)
    second = np.array([halves(x)[1] for x in X])
    assert np.mean((y - second - 0.5) ** 2) == pytest.approx(1 / 12, rel=0.03)


@pytest.mark.parametrize("ragged", [False, True])
def test_adding_1997(ragged):
    X, y = datasets.make_adding(N, n_timesteps=60, variant="1997", ragged=ragged, random_state=0)
    np.testing.assert_allclose(y, [0.5 + halves(x).sum() / 4 for x in X])
    places = [np.nonzero(x[:, 1] == 1)[0] for x in X]
    for x, marks in zip(X, places, strict=True):
        assert x[0, 1] == x[-1, 1] == -1
        assert np.count_nonzero(x[:, 1]) == 2 + len(marks)
        assert len(marks) in (1, 2)  # one if the other fell on the first step
        assert marks.min() < 10 or len(marks) == 1
    assert max(marks.max() for marks in places) == 28  # the last of the first T/2 - 1
    assert np.mean([len(marks) == 1 for marks in places]) == pytest.approx(0.1 + 0.9 / 28, abs=0.02)
    assert {len(x) for x in X} == (set(range(60, 67)) if ragged else {60})
    assert min(x[:, 0].min() for x in X) < -0.99
    assert np.mean((y - 0.5) ** 2) == pytest.approx(1 / 24 * (1 - 0.066), rel=0.05)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("n_relevant", [2, 3])
def test_temporal_order(n_relevant, ragged):
    X, y = datasets.make_temporal_order(N, n_relevant=n_relevant, ragged=ragged, random_state=0)
    windows = [(10, 20), (50, 60)] if n_relevant == 2 else [(10, 20), (33, 43), (66, 76)]
    places = []
    for x, label in zip(X, y, strict=True):
        ids = x.argmax(axis=1)
        assert (x.sum(axis=1) == 1).all()
        (where,) = np.nonzero((ids == 4) | (ids == 5))
        places.append(where)
        assert label == int("".join(str(i - 4) for i in ids[where]), base=2)
        assert (ids[0], ids[-1]) == (6, 7)
        assert set(np.delete(ids[1:-1], where - 1)) == {0, 1, 2, 3}
    assert [(a.min(), a.max()) for a in np.transpose(places)] == windows
    assert {len(x) for x in X} == (set(range(100, 111)) if ragged else {100})
    chance = np.bincount(y) / N
    assert chance == pytest.approx(np.full(2**n_relevant, 0.5**n_relevant), abs=0.03)
    last = np.argmax(np.bincount(y[y % 2 == 0]))  # one who knows the last symbol only
    assert np.mean(y[y % 2 == 0] == last) == pytest.approx(2 * 0.5**n_relevant, abs=0.04)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("min_timesteps", [None, 3])
def test_parity(min_timesteps, return_sequences):
    settings = {"min_timesteps": min_timesteps, "return_sequences": return_sequences}
    X, y = datasets.make_parity(N, n_timesteps=8, **settings, random_state=0)
    for x, target in zip(X, y, strict=True):
        parities = [sum(x[: t + 1, 0]) % 2 for t in range(len(x))]
        np.testing.assert_array_equal(target, parities if return_sequences else parities[-1])
    assert {len(x) for x in X} == (set(range(3, 9)) if min_timesteps else {8})
    if not return_sequences:
        assert np.mean(y) == pytest.approx(0.5, abs=0.03)
        bits = np.array([x[-3:, 0] for x in X])  # no input tells anything
        assert np.abs(np.corrcoef(np.c_[bits, y].T)[-1, :-1]).max() < 0.06


def test_echo():
    X, y = datasets.make_echo(5000, delay=[0, 3, 40], random_state=0)
    for column, delay in zip(y.T, (0, 3, 40), strict=True):
        np.testing.assert_array_equal(column[delay:], X[: 5000 - delay, 0])
        assert not column[:delay].any()
    np.testing.assert_array_equal(datasets.make_echo(5000, delay=3, random_state=0)[1], y[:, 1])
    assert np.mean(X**2) == pytest.approx(1 / 12, rel=0.03)
    assert np.abs(X).max() <= 0.5
    # all inputs that are later than the one asked for tell nothing of it
    near = np.lib.stride_tricks.sliding_window_view(X[:, 0], 40)[1:]
    rest = y[40:, 2] - near @ np.linalg.lstsq(near, y[40:, 2], rcond=None)[0]
    assert 1 - rest.var() / y[40:, 2].var() < 0.02
