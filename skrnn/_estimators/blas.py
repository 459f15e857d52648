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

    An interruption from the keyboard may cut ``enter`` and ``leave`` off anywhere. So a call is counted
    before anything is set for it, what was there is written down before it is changed, and ``leave`` can
    be called again.

    Attributes
    ----------
    lock : RLock
        Around all that is below.
    libraries : list or None
        What threadpoolctl has found, when first needed: looking takes 60 times longer than setting.
    calls : dict
        The calls at work, each with the number of its thread.
    own : dict
        What was there before: a dict of library to number for each thread that is in a call.
    shared : dict
        The same for the whole process.
    """

    def __init__(self):
        self.lock, self.libraries = threading.RLock(), None
        self.calls, self.own, self.shared = {}, {}, {}

    def enter(self, call):
        """One thread from here on, in this thread, until ``leave(call)``."""
        me = threading.get_ident()
        with self.lock:
            if self.libraries is None:
                self.libraries = [
                    library
                    for library in ThreadpoolController().lib_controllers
                    if library.user_api == "blas"
                ]
            is_first = me not in self.calls.values()
            self.calls[call] = me
            if is_first:
                own, shared = self.own.setdefault(me, {}), self.shared
                # others in a call have limited these, but somebody else may have set them since
                for library in self.libraries:
                    limit(library, own if is_per_thread(library) else shared)

    def leave(self, call):
        """The end of what ``enter(call)`` began."""
        with self.lock:
            me = self.calls.pop(call, threading.get_ident())
            if me not in self.calls.values():
                restore(self.own.get(me, {}))
                self.own.pop(me, None)
            self._restore_shared()

    def _restore_shared(self):
        if not self.calls:
            restore(self.shared)

    def after_fork(self):
        """In a child, which has this thread only."""
        me = threading.get_ident()
        self.calls = {call: thread for call, thread in self.calls.items() if thread == me}
        self.own = {me: self.own[me]} if me in self.own else {}
        self._restore_shared()


def is_per_thread(library):
    """Whether each thread has a limit of its own in a library of threadpoolctl."""
    return library.internal_api == "mkl" or getattr(library, "threading_layer", None) == "openmp"


def limit(library, before):
    """Set a library to one thread; what it had, if that is more, is written into ``before``."""
    n = library.num_threads
    if n is not None and n > 1:
        before[library] = n
        set_threads(library, 1)


def restore(before):
    """Set libraries back, if nobody has set something else in the meantime; empties ``before``."""
    for library, n in list(before.items()):
        if library.num_threads == 1:
            set_threads(library, n)
        before.pop(library, None)


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
    call = object()
    try:
        _limits.enter(call)
        yield
    finally:
        try:
            _limits.leave(call)
        except KeyboardInterrupt:  # once more, undisturbed
            _limits.leave(call)
            raise
