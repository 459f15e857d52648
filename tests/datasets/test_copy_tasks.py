"""Copying: y follows from X by the rule of the paper."""

import numpy as np
import pytest

from skrnn import datasets


def test_copy_memory():
    X, y = datasets.make_copy_memory(500, one_hot=False, random_state=0)
    K, delay, blank, marker = 10, 100, 8, 9
    assert X.shape == (500, delay + 2 * K)  # as in the paper: T + 20
    np.testing.assert_array_equal(y[:, -K:], X[:, :K])
    assert (y[:, : delay + K] == blank).all()
    assert (X[:, K : K + delay - 1] == blank).all()  # T - 1 blanks, the marker, K blanks
    assert (X[:, K + delay - 1] == marker).all()
    assert (X[:, -K:] == blank).all()
    assert (np.bincount(X[:, :K].ravel(), minlength=8) > 500).all()
    one_hot, same = datasets.make_copy_memory(500, random_state=0)
    np.testing.assert_array_equal(one_hot.argmax(axis=2), X)
    np.testing.assert_array_equal(same, y)
    # the loss without memory: sure of the blanks, and any symbol alike
    loss = np.where(y == blank, 0, np.log(8)).mean()
    assert loss == pytest.approx(K * np.log(8) / (delay + 2 * K))
    assert round(loss, 3) == 0.173


def said_again(x):
    """What is to be said, read from the input of a stream of copies: when a list ends, it is repeated."""
    answer, t = np.zeros_like(x), 0
    while t < len(x):
        if x[t]:
            stop = next((s for s in range(t + 1, len(x)) if not x[s]), len(x))
            copy = x[t:stop][: max(0, len(x) - stop)]
            answer[stop : stop + len(copy)] = copy
            t = stop + len(copy)
        t += not x[t] if t < len(x) else 1
    return answer


@pytest.mark.parametrize("min_delay", [None, 5])
def test_copy_stream(min_delay):
    X, y = datasets.make_copy_stream(min_delay=min_delay, one_hot=False, random_state=0)
    lists = []
    for x, answers in zip(X, y, strict=True):
        np.testing.assert_array_equal(answers, said_again(x))
        starts, blank = np.nonzero(x == 1)[0], np.append(x, 0) == 0
        lists += [int(np.argmax(blank[s:])) for s in starts if s + 20 < len(x)]
    assert set(lists) == (set(range(5, 11)) if min_delay else {10})
    assert len({np.argmax(x == 1) for x in X}) > 10  # streams do not run in step
    assert set(X.ravel()) == set(range(6))


def test_figures_of_copy_stream():
    _, y = datasets.make_copy_stream(n_timesteps=4000, random_state=0)
    loss = np.where(y > 1, np.log(4), 0).mean()
    assert loss == pytest.approx(9 / 20 * np.log(4), rel=0.01)
    assert np.exp(9 / 20 * np.log(4)) == pytest.approx(1.87, abs=0.005)
    assert np.mean(y == 0) == pytest.approx(0.5, abs=0.01)
