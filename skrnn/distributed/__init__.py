"""One model trained by several processes, each on the sequences that it has: data-parallel.

``fit`` lets the workers of a Dask cluster do that; ``fit_rank`` is what each of them calls, and what
programs under MPI call themselves (``MPI``). A communicator is any object with ``rank``, ``size`` and
``sum``, the sum of an array over the ranks in their order; what is computed with it is in
``_engine/shared.py``.

Before this, think of ``n_jobs`` (threads), of memory-mapped arrays, and of ``partial_fit``: a gradient
travels once for every update, so several machines pay for large networks and large batches only.
"""

from skrnn.distributed._fit import fit
from skrnn.distributed._ranks import MPI, fit_rank

__all__ = ["MPI", "fit", "fit_rank"]
