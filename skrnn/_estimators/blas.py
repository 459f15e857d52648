"""One BLAS thread while training.

BLAS changes the last bits of a product with its number of threads, and its threads do not pay for
products of this size. The limit is process-wide, so calls of fit that overlap in several threads
share it: the first one sets it, the last one restores what was there.
"""

import contextlib
import threading

from sklearn.utils.parallel import ThreadpoolController

_lock = threading.Lock()
_users = 0
_limit = None
_controller = None


@contextlib.contextmanager
def one_thread():
    """Context in which BLAS runs on one thread."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter():
    global _users, _limit, _controller
    with _lock:
        if _controller is None:  # finding the libraries takes 60 times longer than using them
            _controller = ThreadpoolController()
        if _users == 0:
            _limit = _controller.limit(limits=1, user_api="blas")
            _limit.__enter__()
        _users += 1


def _leave():
    global _users, _limit
    with _lock:
        _users -= 1
        if _users == 0:
            _limit.__exit__(None, None, None)
            _limit = None
