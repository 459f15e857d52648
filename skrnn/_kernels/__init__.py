"""The compiled twin of cells, losses, solvers and of loops of ``_engine``; optional at run time.

``build`` is what runs: the kernels for one level of vector instructions, or None, and then NumPy does
the work. It is the best build for the processor, or what the environment variable ``SKRNN_KERNELS`` names
(``numpy``, ``baseline``, ``avx2``, ``avx512``) when skrnn is imported.

Shapes: a packed window (``_engine/packing.py``). ``recurrence.unroll`` asks ``unroll`` here first.

To make a cell fast: its struct and its line in the list of ``cells.hpp``, and its name in ``_CELLS``
below. A solver likewise: ``update.hpp``, and ``_SOLVERS``; a loss: ``losses.hpp``, and ``_LOSSES``; a
pooling: ``pooling.hpp``, by its name. Everything else follows from there.
"""

import contextlib
import os
from functools import partial
from operator import attrgetter

from skrnn import cells, losses, solvers

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


def online_learner(cell, kind, learner, n_rows):
    """The layer and the read-out that learn forwards in time, compiled (``_binding.OnlineLearner``).

    For the views of a ``Learner``; ``teach`` tells it what to learn. None as for ``stepper``.
    """
    if build is None or (number := _twin(cell)) is None or learner.theta.dtype.char not in "fd":
        return None
    views, gradient = learner.views, learner.gradient_views
    weights, gradients = ((*v.layers[0][0], v.W, v.b) for v in (views, gradient))
    influence = _binding.INFLUENCES[kind]
    return _binding.OnlineLearner(build, number, influence, weights, gradients, n_rows)


def teach(learns, loss, class_factors, learner, every):
    """Tell an ``OnlineLearner`` what a ``Learner`` does with its gradients; False: a part has no twin."""
    loss_twin, twin = _loss_twin(loss, len(learner.views.b)), _solver_twin(learner.solver)
    if loss_twin is None or twin is None:
        return False
    (number, options), (solver, solver_options) = loss_twin, twin
    (theta, memory, _), _ = learner.memories()
    learns.teach(
        number, options, class_factors, (learner.theta, learner.g, learner.solver.memory, theta, memory),
        (learner.solver, solver, solver_options), matrices=learner.matrices.stop,
        alpha=learner.alpha, clip_norm=learner.clip_norm, clip_value=learner.clip_value, every=every,
    )  # fmt: skip
    return True


def training(network, poolings, loss, data, gradient):
    """TBPTT on batches of ``data`` with a ``Gradient`` or a ``Learner`` (``_binding.Training``).

    ``poolings`` are the names of their twins. None as for ``stepper``, or if there is no twin of a
    pooling or of the loss.
    """
    if build is None or network.dtype.char not in "fd":
        return None
    numbers, twin = [_twin(cell) for cell in network.cells], _loss_twin(loss, len(gradient.views.b))
    pools = [_binding.POOLINGS.get(name) for name in poolings]
    if twin is None or None in numbers or None in pools:
        return None
    views, gradients = ((v.layers, v.W, v.b, v.table) for v in (gradient.views, gradient.gradient_views))
    return _binding.Training(build, numbers, views, gradients, pools, twin, data, network.n_threads)


# Numbers of a table of embeddings from which on updates of rows that are not read are put off.
LATE_FROM = 1 << 19


def teach_training(trains, learner):
    """Tell a ``Training`` how a ``Learner`` changes theta.

    Returns a function from the solver to what its twin takes, or None if it has no twin.
    """
    twin = _solver_twin(learner.solver)
    if twin is None:
        return None
    (theta, memory, _), _ = learner.memories()
    weighting, draw = learner.weighting, learner.network.draw_masks
    trains.teach(
        (learner.theta, learner.g, learner.solver.memory, theta, memory), twin[0],
        matrices=learner.matrices.stop, alpha=learner.alpha,
        clip_norm=learner.clip_norm, clip_value=learner.clip_value,
        weighting=weighting and (weighting.mean, weighting.noise, weighting.root_mean_square),
        draw=partial(draw, random_state=learner.random_state) if learner.network.dropout else None,
        late=learner.views.table is not None and learner.views.table.size >= LATE_FROM,
    )  # fmt: skip
    return twin[1]


def gather(theta, g, matrices, scale, decay):
    """g <- scale g + decay theta (of the first ``matrices`` weights), in place.

    Returns the sums of squares of g and of those weights, or None without kernels.
    """
    if build is None:
        return None
    return _binding.gather(build, theta, g, matrices, scale, decay)


# the name of a solver's twin, and what it takes of the parameters (update.hpp)
_SOLVERS = {
    solvers.SGD.step: ("sgd", ("learning_rate", "momentum", "nesterovs_momentum")),
    solvers.Adam.step: ("adam", ("learning_rate", "beta_1", "beta_2", "epsilon")),
    solvers.RMSprop.step: ("rmsprop", ("learning_rate", "beta_2", "epsilon")),
}


def _solver_twin(solver):
    """The number of its twin and the function of its options, or None."""
    twin = _SOLVERS.get(getattr(solver.step, "__func__", None))  # of the method that would be called
    return twin and (_binding.SOLVERS[twin[0]], attrgetter(*twin[1]))


def _loss_twin(loss, n_outputs):
    """The number of its twin and its options, or None."""
    twin = _LOSSES.get(_loss_key(type(loss)))
    if twin is None or (loss.are_several and n_outputs != len(loss.quantiles)):
        return None  # several quantiles have a twin for a single target
    name, options = twin(loss)
    return _binding.LOSSES[name], options


def _loss_key(loss):
    # as of a cell
    return loss, loss.value_and_gradient


# the name of a loss's twin, and what it takes of the parameters (losses.hpp)
_LOSSES = {
    _loss_key(losses.SquaredError): lambda loss: ("squared_error", ()),
    _loss_key(losses.AbsoluteError): lambda loss: ("absolute_error", ()),
    _loss_key(losses.HuberLoss): lambda loss: ("huber", (loss.delta,)),
    _loss_key(losses.PoissonDeviance): lambda loss: ("poisson", ()),
    _loss_key(losses.PinballLoss): lambda loss: (
        "quantiles" if loss.are_several else "quantile", loss.quantiles.tolist()
    ),
    _loss_key(losses.BinomialLogLoss): lambda loss: ("binomial_log_loss", ()),
    _loss_key(losses.MultinomialLogLoss): lambda loss: ("multinomial_log_loss", ()),
}  # fmt: skip


def step(solver, theta, g, shrink, theta_before, memory_before):
    """One step of ``solver`` along ``shrink`` g; g is empty afterwards.

    Theta and memory before the step go into ``theta_before`` and ``memory_before``. Returns False, and
    has done nothing, if there is no twin.
    """
    if build is None or (twin := _solver_twin(solver)) is None:
        return False
    number, options = twin
    solver.t += 1
    _binding.step(
        build, number, options(solver), theta, g, solver.memory, theta_before, memory_before,
        shrink, solver.t, solver.share,
    )  # fmt: skip
    return True
