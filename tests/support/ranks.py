"""Ranks in threads, for tests of what trains together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from skrnn.distributed import fit_rank


class Threads:
    """The communicator of one of several threads."""

    def __init__(self, rank, size, shared):
        self.rank, self.size = rank, size
        self._slots, self._barrier, self._totals = shared
        self.n_sums = 0

    @classmethod
    def together(cls, size):
        """One for each rank."""
        shared = [None] * size, threading.Barrier(size, timeout=60), [None]
        return [cls(rank, size, shared) for rank in range(size)]

    def sum(self, values):
        self._slots[self.rank] = values
        self.n_sums += 1
        self._barrier.wait()
        if self.rank == 0:
            total = np.array(self._slots[0])
            for one in self._slots[1:]:
                assert one.shape == total.shape
                assert one.dtype == total.dtype
                total += one
            self._totals[0] = total
        self._barrier.wait()
        total = self._totals[0].copy()
        self._barrier.wait()
        return total

    def fail(self):
        self._barrier.abort()


def fit_in_threads(make, parts):
    """The estimators ``make()`` fitted together to parts (X, y[, sample_weight]), one for each rank."""
    communicators = Threads.together(len(parts))

    def run(communicator, part):
        try:
            return fit_rank(make(), *part, communicator=communicator)
        except BaseException:
            communicator.fail()
            raise

    with ThreadPoolExecutor(len(parts)) as pool:
        futures = [pool.submit(run, *each) for each in zip(communicators, parts, strict=True)]
    errors = [one.exception() for one in futures if one.exception() is not None]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [one.result() for one in futures]
