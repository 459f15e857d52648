"""How many threads a call may use, and blocks of work on so many."""

import os

from joblib import Parallel, cpu_count, delayed, effective_n_jobs


def n_threads(n_jobs):
    """Threads for fit and predict: n_jobs, within what a parallel caller leaves to each worker."""
    n = effective_n_jobs(n_jobs)
    if n > 1:  # asking for the number of processors takes longer than a small prediction
        n = min(n, cpu_count())
    limit = os.environ.get("OMP_NUM_THREADS", "")  # joblib sets it in its worker processes
    return max(1, min(n, int(limit))) if limit.isdecimal() else n


def mapper(n_threads):
    """``map``, on so many threads."""
    if n_threads == 1:
        return map

    def map_blocks(function, blocks):
        if len(blocks) == 1:
            return map(function, blocks)
        return Parallel(n_threads, require="sharedmem")(delayed(function)(block) for block in blocks)

    return map_blocks
