"""Whether training fits in the memory of this machine: asked before anything large is allocated.

The estimate counts a few vectors as long as theta, and the tape of one window of the longest sequences:
what a run that meets them needs at least. Memory on disk (swap) is not counted.
"""

import contextlib
import os
from pathlib import Path

import numpy as np

from skrnn._engine.online import width
from skrnn._engine.training import FULL_BATCH_BLOCK
from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import quote

# Vectors of the length of theta: theta, gradient, theta before the step. A solver's memory is kept
# twice, too.
VECTORS = 3
# So many bytes this process has taken already, for Python and NumPy: whatever the limits are, they are
# above. Asking for them takes longer than the training of a small network.
SURE = 1 << 24
# What a container is allowed, in the two versions of Linux's control groups.
CGROUPS = [Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")]


@contextlib.contextmanager
def with_text():
    """Context, or decorator, in which a MemoryError without text, as LAPACK's are, gets one."""
    try:
        yield
    except MemoryError as error:
        if str(error):
            raise
        raise MemoryError(
            "There is no memory left for this. Lower hidden_size or batch_size, set k1 and k2, or pass "
            "fewer sequences at a time. (Or len() of an object that was passed is wrong.)"
        ) from error


def machine_memory():
    """Bytes that this process may use at all; inf where the system does not say."""
    limits = [np.inf]
    with contextlib.suppress(AttributeError, OSError, ValueError):
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        limits.append(float(pages * size) if min(pages, size) > 0 else np.inf)  # -1: not known
    for path in CGROUPS:
        with contextlib.suppress(OSError, ValueError):  # none, or "max"
            limits.append(float(path.read_text()))
    return min(limits)


def bytes_of_weights(network, solver):
    """For the weights in training."""
    n_slots = getattr(solver, "n_slots", 0)
    return network.layout.size * network.dtype.itemsize * (VECTORS + 2 * n_slots)


def bytes_of_window(network, n_rows):
    """For the tape of a window of so many rows (steps of all its sequences)."""
    units = sum(
        (cell.n_gates + cell.n_states) * H * network.n_directions
        for cell, H in zip(network.cells, network.hidden_sizes, strict=True)
    )
    return n_rows * units * network.dtype.itemsize


def rows_of_window(lengths, batch_size, window):
    """Rows of the largest window: the longest ``batch_size`` sequences, cut to ``window`` steps."""
    longest = np.sort(lengths)[::-1][:batch_size]
    return int(np.minimum(longest, min(window or longest[0], int(longest[0]))).sum())


def check_memory(settings, network, task):
    """Raise a MemoryError that says what to lower if training cannot fit in memory.

    Parameters
    ----------
    settings : Settings
    network : Network or PairNetwork
    task : Task or PairTask
    """
    solver, data = settings.solver_class, task.data
    batch_size = FULL_BATCH_BLOCK if settings.full_batch else settings.batch_size_of(data.n)
    n_rows = rows_of_window(data.lengths, batch_size, settings.longest_window)
    weights, tape = bytes_of_weights(network, solver), bytes_of_window(network, n_rows)
    # the influence before and after a step, and the one that is kept for every series
    if settings.online:
        numbers = (2 * batch_size + data.n) * width(settings.online, task.facts.architecture)
        tape += numbers * network.dtype.itemsize
    if weights + tape <= SURE or weights + tape <= (memory := machine_memory()):
        return
    what, how = largest_size(settings, task.facts.architecture)
    if weights <= tape:
        how = f"Lower {' or '.join(what_to_lower(settings))}."
    raise MemoryError(
        f"{what} means {network.layout.size} weights. They and what training keeps beside them need "
        f"{weights / 1e9:.3g} GB, a window of {n_rows} time steps (over all sequences of a batch) "
        f"{tape / 1e9:.3g} GB; there are {memory / 1e9:.3g} GB. {how}"
    )


def largest_size(settings, architecture):
    """The parameter, or the token, that makes most of the weights, and what to do about it."""
    sizes = {"hidden_size": max(architecture.hidden_sizes)}
    n_tokens = getattr(architecture, "n_tokens", None)
    if is_int(getattr(settings, "embedding_size", None)):
        sizes["embedding_size"] = int(settings.embedding_size)
    if n_tokens:
        sizes["n_tokens"] = n_tokens
    for one in getattr(architecture, "categories", ()):
        sizes["embedding_size"] = max(one.width, sizes.get("embedding_size", 0))
        sizes["code"] = max(one.n_values, sizes.get("code", 0))
    largest = max(sizes, key=sizes.get)
    if largest == "code":
        return f"The number of categories, {quote(sizes[largest])}, in X", (
            "Number them from 0 on without gaps, as OrdinalEncoder does."
        )
    if largest == "n_tokens" and settings.n_tokens is None:
        return f"The token {quote(n_tokens - 1)} in X", (
            "Number the tokens from 0 on without gaps, as TokenEncoder does."
        )
    return f"{largest}={quote(getattr(settings, largest))}", f"Lower {largest}."


def what_to_lower(settings):
    """The parameters that the memory of a window depends on."""
    lower = ["hidden_size"]
    if not settings.full_batch:
        lower.append("batch_size")
    if settings.online == "rtrl":
        lower.append("the number of series, or set gradient='snap1'")
    if settings.can_truncate:
        lower.append("k1 and k2" if settings.k2 or settings.k1 else "set k1 and k2")
    return lower
