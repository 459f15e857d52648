"""The compiled twin of ``cells.py`` and ``_recurrence.py``; optional at run time.

``build`` is what runs: the kernels for one level of vector instructions, or None, and then NumPy does
the work. It is the best build for the processor, or what the environment variable ``SKRNN_KERNELS`` names
(``numpy``, ``baseline``, ``avx2``, ``avx512``) when skrnn is imported.

Shapes: a packed window (``_packing.py``). ``_recurrence.unroll`` asks ``unroll`` here first.

To add a fast cell: a struct in ``cells.hpp``, its number in ``kernels.hpp`` and ``_binding.pyx``, its line in
``isa.cpp``, and its name below.
"""

import contextlib
import os

from skrnn import cells

try:
    from skrnn._kernels import _binding
except ImportError:  # installed without a compiler
    _binding = None

VARIABLE = "SKRNN_KERNELS"
LEVELS = ("numpy", "baseline", "avx2", "avx512")

builds = {b.name: b for b in _binding.available()} if _binding else {}


def _choose(name):
    """The build of that name, None for NumPy; the best one if no name is given."""
    if not name:
        return next(iter(builds.values()), None)
    if name not in LEVELS:
        raise ImportError(f"{VARIABLE}={name!r}: it must be one of {', '.join(LEVELS)}, or not set.")
    if name != "numpy" and name not in builds:
        raise ImportError(
            f"{VARIABLE}={name!r}: these kernels were not compiled, or this processor cannot run them. "
            f"Available: {', '.join(['numpy', *builds])}."
        )
    return builds.get(name)


build = _choose(os.environ.get(VARIABLE, ""))


@contextlib.contextmanager
def using(name):
    """Context in which the build of that name runs, in the whole process: for tests and benchmarks."""
    global build
    before, build = build, _choose(name)
    try:
        yield
    finally:
        build = before


@contextlib.contextmanager
def keep_memory():
    """Context, or decorator, in which the memory of one window is used again for the next."""
    if _binding is None:
        yield
        return
    with _binding.keep_memory():
        yield


def _twin(cell):
    """The number of a cell's compiled twin, or None. A subclass computes something else, for all we know."""
    if type(cell) is cells.Elman:
        return _binding.CELLS.get(f"rnn_{cell.activation}")
    return _binding.CELLS.get({cells.LSTM: "lstm", cells.GRU: "gru"}.get(type(cell)))


def unroll(cell, layer, X, steps, state, *, reverse, keep, record, n_threads):
    """``_recurrence.unroll``, compiled; None if there are no kernels for this cell and type."""
    if build is None or (number := _twin(cell)) is None or X.dtype.char not in "fd":
        return None
    return _binding.unroll(
        build, number, layer, X, steps.counts, steps.B, state,
        reverse=reverse, keep=keep, record=record, n_threads=n_threads,
    )  # fmt: skip
