"""How many threads a call may use, and blocks of work on so many."""

import os

from joblib import Parallel, cpu_count, delayed
from joblib.parallel import BACKENDS, get_active_backend

# of joblib itself; some are missing where there are no processes
HERE = {BACKENDS.get(name) for name in ("loky", "multiprocessing", "threading", "sequential")}


def n_threads(n_jobs):
    """Threads for fit and predict: n_jobs, within what a parallel caller leaves to each worker."""
    n = _wanted(n_jobs)
    if n > 1:  # asking for the number of processors takes longer than a small prediction
        n = min(n, cpu_count())
    limit = os.environ.get("OMP_NUM_THREADS", "")  # joblib sets it in its worker processes
    return max(1, min(n, int(limit))) if limit.isdecimal() else n


def _wanted(n_jobs):
    """As ``joblib.effective_n_jobs`` says, but of this process.

    The backend of a cluster counts the cores of all its machines, whatever n_jobs is, and on each of its
    workers; Dask's asks its scheduler for them.
    """
    if n_jobs == 1:
        return 1
    backend, wanted = get_active_backend()
    if type(backend) not in HERE:
        backend, wanted = get_active_backend(require="sharedmem")  # None is one thread
    return backend.effective_n_jobs(wanted if n_jobs is None else n_jobs)


def mapper(n_threads):
    """``map``, on so many threads."""
    if n_threads == 1:
        return map

    def map_blocks(function, blocks):
        if len(blocks) == 1:
            return map(function, blocks)
        return Parallel(n_threads, require="sharedmem")(delayed(function)(block) for block in blocks)

    return map_blocks
