"""A process can be forked while other threads hold the locks that training needs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
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


def test_forked_by_who_draws_random_numbers(monkeypatch):
    """Whoever holds the lock itself, as an object moved by ``shuffle``, is not kept waiting."""
    monkeypatch.setattr("skrnn._estimators.forking.PATIENCE", 0.01)
    lock = threading.Lock()
    monkeypatch.setattr(np.random, "get_bit_generator", lambda: type("Bits", (), {"lock": lock}))
    with lock:
        assert in_a_child(lambda: b"done") == b"done"
    assert not lock.locked()
