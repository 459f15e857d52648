"""A process can be forked while other threads hold the locks that training needs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.utils import check_random_state
from support.processes import FORKS, in_a_child

import skrnn
from skrnn._estimators import blas

pytestmark = [*FORKS, pytest.mark.filterwarnings("ignore:Maximum iterations")]

LOCKS = {
    "of the limit of BLAS": lambda: blas._limits.lock,
    "of NumPy's random numbers": lambda: np.random.get_bit_generator().lock,
}


def train():
    X = [np.ones((3, 1)), np.zeros((2, 1))] * 2  # of unequal length: all that is kept at first use
    return skrnn.GRURegressor(2, max_iter=1).fit(X, np.arange(4)).predict(X).tobytes()


@pytest.mark.parametrize("name", LOCKS)
def test_forked_while_another_thread_holds_a_lock(name):
    held, release = threading.Event(), threading.Event()

    def hold():
        with LOCKS[name]():
            held.set()
            release.wait(0.1)  # it goes on while the other waits to fork

    with ThreadPoolExecutor(1) as worker:
        other = worker.submit(hold)
        held.wait()
        assert len(in_a_child(train, seconds=10)) == 4 * 8
        release.set()
        other.result()
    train()


def test_forked_while_another_thread_draws_for_long(monkeypatch):
    """The child goes on with the same numbers, though nobody in it ever releases their lock."""
    monkeypatch.setattr("skrnn._estimators.forking.PATIENCE", 0.01)
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.MT19937(7))
    held, release, lock = threading.Event(), threading.Event(), np.random.get_bit_generator().lock

    def hold():
        with lock:
            held.set()
            release.wait(10)

    try:
        with ThreadPoolExecutor(1) as worker:
            other = worker.submit(hold)
            held.wait()
            assert len(in_a_child(train, seconds=10)) == 4 * 8
            numbers = in_a_child(lambda: check_random_state(None).uniform(size=3).tobytes(), seconds=10)
            release.set()
            other.result()
        assert np.random.get_bit_generator().lock is lock  # in the parent nothing has changed
        assert numbers == check_random_state(None).uniform(size=3).tobytes()
    finally:
        np.random.set_bit_generator(before)


def test_forked_by_who_draws_random_numbers(monkeypatch):
    """Whoever holds the lock itself, as an object moved by ``shuffle``, is not kept waiting."""
    monkeypatch.setattr("skrnn._estimators.forking.PATIENCE", 0.01)
    lock, put = threading.Lock(), []
    monkeypatch.setattr(np.random, "get_bit_generator", lambda: type("Bits", (), {"lock": lock}))
    monkeypatch.setattr(np.random, "set_bit_generator", put.append)
    with lock:
        assert in_a_child(lambda: b"done") == b"done"
    assert not lock.locked()
