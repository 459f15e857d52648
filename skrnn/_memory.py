"""Whether training fits in the memory of this machine: asked before anything large is allocated.

The estimate counts what any run needs at least: a few vectors as long as theta, and the tape of one
window. So it never refuses what would fit.
"""

import os
from pathlib import Path

import numpy as np

# Vectors of the length of theta: theta, gradient, theta before the step. A solver's memory is kept
# twice, too.
VECTORS = 3
CGROUP = Path("/sys/fs/cgroup/memory.max")


def machine_memory():
    """Bytes that this process may use at all; inf where the system does not say."""
    try:
        total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        total = np.inf
    try:
        return min(total, float(CGROUP.read_text()))
    except (OSError, ValueError):  # none, or "max"
        return total


def bytes_of_weights(network, solver):
    """For the weights in training."""
    n_slots = getattr(solver, "n_slots", 0)
    return network.parameters.size * network.dtype.itemsize * (VECTORS + 2 * n_slots)


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
    return int(np.minimum(longest, window or longest[0]).sum())


def check_fits(network, solver, lengths, *, batch_size, window, hidden_size):
    """Raise a MemoryError that says what to lower if training cannot fit in memory.

    Parameters
    ----------
    network : Network
    solver : class of ``SOLVERS``
    lengths : (n,) int
        Of the sequences.
    batch_size : int
    window : int or None
        Steps of a window; None: whole sequences.
    hidden_size
        The parameter, for the message.
    """
    n_rows = rows_of_window(lengths, batch_size, window)
    weights, tape = bytes_of_weights(network, solver), bytes_of_window(network, n_rows)
    memory = machine_memory()
    if weights + tape <= memory:
        return
    advice = "Lower hidden_size"
    if tape > weights:
        advice += " or batch_size, or set k1 and k2, which bound the steps of a window"
    raise MemoryError(
        f"hidden_size={hidden_size} means {network.parameters.size} weights. They and what training "
        f"keeps beside them need {weights / 1e9:.3g} GB, a window of {n_rows} time steps (over all "
        f"sequences of a batch) {tape / 1e9:.3g} GB; there are {memory / 1e9:.3g} GB. {advice}."
    )
