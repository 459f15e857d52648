"""One BLAS thread while training.

BLAS changes the last bits of a product with its number of threads, and its threads do not pay for
products of this size. Most libraries have one limit for the whole process, so calls of fit that overlap
in several threads share it: the first one sets it, the last one restores what was there, whichever they
are. In libraries with a limit for each thread every thread sets and restores its own.

A limit that a user sets meanwhile in another thread, by threadpoolctl, is left alone, and holds in the
fits at work, too. It ends by restoring what it found, which is one thread. A fit that ends after it
restores what there was before; if the fit ends first, one thread is what stays, as nobody can tell it
from a user's own.

A process forked by one thread lacks the others: what they have set is restored there at once.
"""

import contextlib
import threading

from sklearn.utils.parallel import ThreadpoolController

from skrnn._estimators.forking import at_fork


class Limits:
    """What was set in which threads, and what was there before.

    Attributes
    ----------
    lock : RLock
        Around all that is below.
    libraries : list or None
        What threadpoolctl has found, when first needed: looking takes 60 times longer than setting.
    depths : dict
        How many calls each thread, by its number, is in.
    own : dict
        What was there before: a dict of library to number for each thread that is in a call.
    shared : dict
        The same for the whole process.
    """

    def __init__(self):
        self.lock, self.libraries = threading.RLock(), None
        self.depths, self.own, self.shared = {}, {}, {}

    def enter(self):
        """One thread from here on, in this thread."""
        me = threading.get_ident()
        with self.lock:
            if self.libraries is None:
                self.libraries = [
                    library
                    for library in ThreadpoolController().lib_controllers
                    if library.user_api == "blas"
                ]
            if me not in self.depths:
                # others in a call have limited these, but somebody else may have set them since
                self.shared.update(limit(one for one in self.libraries if not is_per_thread(one)))
                self.own[me] = limit(one for one in self.libraries if is_per_thread(one))
            self.depths[me] = self.depths.get(me, 0) + 1

    def leave(self):
        """The end of what ``enter`` began."""
        me = threading.get_ident()
        with self.lock:
            self.depths[me] -= 1
            if not self.depths[me]:
                del self.depths[me]
                restore(self.own.pop(me))
            self._restore_shared()

    def _restore_shared(self):
        if not self.depths:
            restored, self.shared = self.shared, {}
            restore(restored)

    def after_fork(self):
        """In a child, which has this thread only."""
        me = threading.get_ident()
        self.depths, self.own = ({me: of[me]} if me in of else {} for of in (self.depths, self.own))
        self._restore_shared()


def is_per_thread(library):
    """Whether each thread has a limit of its own in a library of threadpoolctl."""
    return library.internal_api == "mkl" or getattr(library, "threading_layer", None) == "openmp"


def limit(libraries):
    """Set these to one thread; returns what they had, of those that had more."""
    before = {library: library.num_threads for library in libraries}
    before = {library: n for library, n in before.items() if n is not None and n > 1}
    for library in before:
        set_threads(library, 1)
    return before


def restore(before):
    """Set libraries back, if nobody has set something else in the meantime."""
    for library, n in before.items():
        if library.num_threads == 1:
            set_threads(library, n)


def set_threads(library, n):
    """Set the number of threads.

    Without threadpoolctl's rule that only the thread that was the first to set a limit changes it as long
    as it lives: the last call to end may be another's. (Earlier versions have no such rule.)
    """
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


_limits = Limits()
at_fork(_limits)  # nobody is in the middle of a change when a process is forked


@contextlib.contextmanager
def one_thread():
    """Context in which BLAS runs on one thread."""
    _limits.enter()
    try:
        yield
    finally:
        _limits.leave()
