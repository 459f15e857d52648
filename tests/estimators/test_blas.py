"""BLAS has one thread while there is training, and before and after that as many as it had."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sklearn.utils.parallel import ThreadpoolController
from support.processes import FORKS, in_a_child
from threadpoolctl import threadpool_limits

from skrnn._estimators import blas
from skrnn._estimators.blas import one_thread


def blas_threads():
    return [p["num_threads"] for p in ThreadpoolController().info() if p["user_api"] == "blas"]


def set_for_good(n):
    """Not as a limit at work, whose thread would be the only one that threadpoolctl lets set another."""
    threadpool_limits(n, user_api="blas")
    for library in ThreadpoolController().lib_controllers:
        getattr(library, "clear_controlling_thread", lambda: None)()


@pytest.fixture
def two():
    """Two threads at the beginning, in so far as there are so many; the numbers that are then told."""
    before = max(blas_threads())
    set_for_good(2)
    yield blas_threads()
    set_for_good(before)


ORDERS = ["A+ B+ A- B-", "A+ B+ B- A-", "A+ A- B+ B-", "A+ A+ B+ A- A- B-", "A+ B+ A- C+ B- A+ C- A-"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_restored_in_whatever_order_calls_end(two, order, error):
    """Every thread lives on meanwhile: threadpoolctl lets only the first one restore meanwhile."""
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(ThreadPoolExecutor(1)) for name in "ABC"}
        entered = {name: [] for name in "ABC"}
        how = (None, None, None) if error is None else (error, error(), None)
        steps = order.split()
        for step, left in zip(steps, range(len(steps), 0, -1), strict=True):
            worker, calls = workers[step[0]], entered[step[0]]
            if step[1] == "+":
                calls.append(one_thread())
                worker.submit(calls[-1].__enter__).result()
            else:
                leave = calls.pop().__exit__
                with contextlib.suppress(error or ()):
                    worker.submit(leave, *how).result()
            is_free = not any(entered.values())
            assert blas_threads() == (two if is_free else [1] * len(two)), (step, left)


def test_a_limit_of_the_user_stays():
    with threadpool_limits(1, user_api="blas"):
        before = blas_threads()
        with one_thread():
            assert blas_threads() == before
        assert blas_threads() == before


def test_a_limit_that_ends_meanwhile_ends_for_good(two):
    limit, call = threadpool_limits(1, user_api="blas"), one_thread()
    with ThreadPoolExecutor(1) as worker:
        limit.__enter__()
        worker.submit(call.__enter__).result()
        limit.__exit__(None, None, None)
        assert blas_threads() == two
        with one_thread():  # it is not one thread that the call after finds
            assert blas_threads() == [1] * len(two)
        worker.submit(call.__exit__, None, None, None).result()
        assert blas_threads() == two


@pytest.mark.parametrize("first", ["fit", "limit"])
def test_a_limit_that_begins_meanwhile(two, first):
    """As documented: what it ends with is one thread, unless a fit ends after it."""
    call = one_thread()
    call.__enter__()
    limit = threadpool_limits(two[0], user_api="blas")
    assert blas_threads() == two
    for ends in ["fit", "limit"] if first == "fit" else ["limit", "fit"]:
        if ends == "fit":
            call.__exit__(None, None, None)
        else:
            limit.restore_original_limits()
    assert blas_threads() == ([1] * len(two) if first == "fit" else two)


class PerThread:
    """A library in which each thread has a limit of its own."""

    internal_api, user_api = "mkl", "blas"

    def __init__(self):
        self.limits = threading.local()

    @property
    def num_threads(self):
        return getattr(self.limits, "n", 4)

    def set_num_threads(self, n):
        self.limits.n = n


def test_libraries_with_a_limit_for_each_thread(monkeypatch):
    library = PerThread()
    limits = blas.Limits()
    limits.libraries = [library]
    monkeypatch.setattr(blas, "_limits", limits)
    with ThreadPoolExecutor(1) as a, ThreadPoolExecutor(1) as b:
        calls = one_thread(), one_thread()
        for worker, call in zip((a, b), calls, strict=True):
            worker.submit(call.__enter__).result()
            assert worker.submit(lambda: library.num_threads).result() == 1
        assert library.num_threads == 4
        a.submit(calls[0].__exit__, None, None, None).result()
        assert [w.submit(lambda: library.num_threads).result() for w in (a, b)] == [4, 1]
        b.submit(calls[1].__exit__, None, None, None).result()
        assert b.submit(lambda: library.num_threads).result() == 4


class TestFork:
    pytestmark = FORKS

    def test_a_child_is_not_limited_by_calls_of_threads_that_it_lacks(self, two):
        with ThreadPoolExecutor(1) as worker:
            call = one_thread()
            worker.submit(call.__enter__).result()
            try:
                assert in_a_child(lambda: bytes(blas_threads())) == bytes(two)
            finally:
                worker.submit(call.__exit__, None, None, None).result()

    def test_a_child_goes_on_with_the_call_that_forked_it(self, two):
        def work():
            with one_thread():
                inside = blas_threads()
            return bytes([*inside, *blas_threads()])

        with one_thread():
            ones = [1] * len(two)
            assert in_a_child(work) == bytes([*ones, *ones])
        assert in_a_child(lambda: bytes(blas_threads())) == bytes(two)
