"""Locks that a forked child must not wait for.

A child has only the thread that has forked it; a lock that another thread held at that moment would
never be released in it. So the thread that forks takes these locks first, as Python's own modules do
with theirs. The locks of the kernels are taken by the C++ code (``memory.cpp``).
"""

import copy
import os
import threading

import numpy as np

# Seconds. Other threads may draw for longer; who forks in the middle of a draw holds the lock itself.
PATIENCE = 1.0


def at_fork(guarded):
    """Fork only when nobody holds the RLock ``guarded.lock``; then, in children, ``after_fork()``."""
    if not hasattr(os, "register_at_fork"):
        return

    def in_child():
        guarded.lock = threading.RLock()
        guarded.after_fork()

    os.register_at_fork(
        before=lambda: guarded.lock.acquire(),
        after_in_parent=lambda: guarded.lock.release(),
        after_in_child=in_child,
    )


class GlobalNumbers(threading.local):
    """The lock of NumPy's own random numbers, from which ``random_state=None`` draws."""

    taken = None

    def take(self):
        lock = np.random.get_bit_generator().lock  # np.random.set_bit_generator may change it
        if lock.acquire(timeout=PATIENCE):
            self.taken = lock

    def in_child(self):
        if self.taken is None:  # whoever holds the lock may be a thread that the child does not have
            bits = np.random.get_bit_generator()
            np.random.set_bit_generator(
                copy.deepcopy(bits)
            )  # has the same numbers, and a lock of its own
        self.give_back()

    def give_back(self):
        if self.taken is not None:
            self.taken.release()
            self.taken = None


if hasattr(os, "register_at_fork"):
    _numbers = GlobalNumbers()
    os.register_at_fork(
        before=_numbers.take, after_in_parent=_numbers.give_back, after_in_child=_numbers.in_child
    )
