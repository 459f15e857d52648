"""The compiled twin of ``cells.py``, ``_engine/recurrence.py`` and ``solvers.py``; optional at run time.

``build`` is what runs: the kernels for one level of vector instructions, or None, and then NumPy does
the work. It is the best build for the processor, or what the environment variable ``SKRNN_KERNELS`` names
(``numpy``, ``baseline``, ``avx2``, ``avx512``) when skrnn is imported.

Shapes: a packed window (``_engine/packing.py``). ``recurrence.unroll`` asks ``unroll`` here first.

To make a cell fast: its struct and its line in the list of ``cells.hpp``, and its name in ``_CELLS``
below. A solver likewise: ``update.hpp``, and ``_SOLVERS``. Everything else follows from there.
"""

import contextlib
import os

from skrnn import cells, solvers

try:
    import skrnn._kernels._binding as _binding
except ModuleNotFoundError:  # installed without a compiler; what cannot be loaded is an error
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
    """Context in which the build of that name runs, in the whole process: for tests and benchmarks.

    Not for several threads at once: the last one out would leave what another had chosen.
    """
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


def _key(cell):
    # neither a subclass nor a method put in place of another computes what the twin does
    return cell, cell.forward, cell.backward


_CELLS = {
    _key(cells.Elman): lambda cell: f"rnn_{cell.activation}",
    _key(cells.LSTM): lambda cell: "lstm",
    _key(cells.GRU): lambda cell: "gru",
}


def _twin(cell):
    """The number of a cell's compiled twin, or None."""
    name = _CELLS.get(_key(type(cell)))
    return name and _binding.CELLS.get(name(cell))


def unroll(cell, layer, X, steps, state, *, reverse, keep, record, n_threads):
    """``recurrence.unroll``, compiled; None if there are no kernels for this cell and type."""
    if build is None or (number := _twin(cell)) is None or X.dtype.char not in "fd":
        return None
    return _binding.unroll(
        build, number, layer, X, steps.counts, steps.B, state,
        reverse=reverse, keep=keep, record=record, n_threads=n_threads,
    )  # fmt: skip


def stepper(cells, layers, n_rows, block):
    """The layers for one time step of ``n_rows`` sequences at a time (``_binding.Stepper``).

    None if there are no kernels for one of the cells, or for the type.
    """
    if build is None or layers[0].W_x.dtype.char not in "fd":
        return None
    numbers = [_twin(cell) for cell in cells]
    if None in numbers:
        return None
    return _binding.Stepper(build, numbers, layers, n_rows, block)


def gather(theta, g, matrices, scale, decay):
    """g <- scale g + decay theta (of the first ``matrices`` weights), in place.

    Returns the sums of squares of g and of those weights, or None without kernels.
    """
    if build is None:
        return None
    return _binding.gather(build, theta, g, matrices, scale, decay)


def _sgd(s):
    if s.nesterovs_momentum:
        return s.momentum, s.learning_rate, s.learning_rate * s.momentum
    return s.momentum, 0.0, s.learning_rate


def _adam(s):
    m_scale, v_scale = 1 / (1 - s.beta_1**s.t), 1 / (1 - s.beta_2**s.t)
    betas = s.beta_1, (1 - s.beta_1) * s.share, s.beta_2, 1 - s.beta_2
    return *betas, s.epsilon, s.learning_rate * m_scale, v_scale**0.5


def _rmsprop(s):
    return s.beta_2, 1 - s.beta_2, s.epsilon, s.learning_rate * s.share


# the name of a solver's twin, and the coefficients of its next step (update.hpp)
_SOLVERS = {
    solvers.SGD.step: ("sgd", _sgd),
    solvers.Adam.step: ("adam", _adam),
    solvers.RMSprop.step: ("rmsprop", _rmsprop),
}


def step(solver, theta, g, shrink, theta_before, memory_before):
    """One step of ``solver`` along ``shrink`` g; g is empty afterwards.

    Theta and memory before the step go into ``theta_before`` and ``memory_before``. Returns False, and
    has done nothing, if there is no twin.
    """
    twin = _SOLVERS.get(getattr(solver.step, "__func__", None))  # of the method that would be called
    if build is None or twin is None:
        return False
    name, coefficients = twin
    solver.t += 1
    _binding.step(
        build, _binding.SOLVERS[name], theta, g, solver.memory, theta_before, memory_before, shrink,
        coefficients(solver),
    )  # fmt: skip
    return True
