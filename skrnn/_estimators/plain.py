"""What a fitted estimator holds as plain data, for files, and back.

Plain are None, numbers, text, arrays, and lists, tuples and dicts of them: they can be read without
classes of ours, need no trust, and stay readable when classes change. What a file of an earlier version
lacks gets the default of its field; what it has in excess is left out.

==================  ================================================================
object              becomes
==================  ================================================================
facts of any class  a dict of their fields, with ``kind``, the name of the class
the cell            nothing: it is that of the estimator's class
``Form.container``  the name of the class
``History``         a dict of its curves
a solver            its name, options, memory and step
random numbers      their state; ``SHARED`` if they are the parameter `random_state`
``Run``             a dict, with monitor, schedule and the learner's memory as such
==================  ================================================================

A new class of facts is entered in ``KINDS``; fields of it that are no plain data in ``FIELDS``. What has
no entry stays the object that it is.
"""

from collections import deque
from dataclasses import fields

import numpy as np

from skrnn._engine.learner import N_NORMS
from skrnn._engine.lookup import Category
from skrnn._engine.model import Architecture, Facts, Model, PairArchitecture
from skrnn._engine.run import History, Monitor, Run
from skrnn._estimators.fitted import Fitted
from skrnn._estimators.labels import Labels
from skrnn._estimators.number_pairs import NumberPairs
from skrnn._estimators.numbers import Numbers
from skrnn._estimators.series import Series
from skrnn._estimators.texts import Texts
from skrnn._reading.facts import Form
from skrnn._reading.reader import CONTAINERS, CONTAINERS_OF_TOKENS
from skrnn._reading.tokens import TokenArray
from skrnn._settings.quoting import shorten
from skrnn.solvers import SCHEDULES, SOLVERS, Given

KINDS = {
    kind.__name__: kind
    for kind in (
        Architecture,
        PairArchitecture,
        Numbers,
        Labels,
        Texts,
        NumberPairs,
        Form,
        Facts,
        Series,
    )
}
BY_NAME = {kind.__name__: kind for kind in (*CONTAINERS, *CONTAINERS_OF_TOKENS, TokenArray)}
NESTED = ("architecture", "form", "targets", "numbers")  # fields that hold one of these kinds
SHARED = "parameter"
LONGEST_DELAY = 1_000_000  # steps that are appended to X: as of the parameter


def _categories(data):
    return tuple(Category(label, tuple(positions), n, width) for label, positions, n, width in data)


# (kind, field) -> how it is made plain, and how it is made again
FIELDS = {
    ("Architecture", "categories"): (lambda found: [tuple(one) for one in found], _categories),
    ("Form", "categories"): (lambda found: [tuple(one) for one in found], _categories),
    ("Form", "container"): (lambda kind: kind and kind.__name__, lambda name: name and BY_NAME[name]),
    ("Form", "dtype"): (lambda dtype: dtype and dtype.name, lambda name: name and np.dtype(name)),
}


def to_plain(fitted, shared=None):
    """A ``Fitted`` as plain data; ``shared`` is the parameter `random_state`."""
    return {
        "theta": fitted.model.theta,
        "facts": _facts(fitted.model.facts),
        "history": _history(fitted.history),
        "n_iter": fitted.n_iter,
        "has_validation": fitted.has_validation,
        "stops_early": fitted.stops_early,
        "series": _facts(fitted.series),
        "solver": _solver(fitted.solver),
        "random_state": SHARED if fitted.random_state is shared else _random_state(fitted.random_state),
        "run": fitted.run and _run(fitted.run),
    }


def from_plain(data, cell, shared=None):
    """The ``Fitted`` that ``to_plain`` has made plain, of an estimator with this cell.

    A ValueError where weights and facts do not fit, or something cannot be read.
    """
    try:
        model = Model(facts_from_plain(data["facts"], cell), data["theta"])
        check_weights(model)
        random_state = data.get("random_state")
        of_run = data.get("run")
        return Fitted(
            model, _made_history(data["history"]), data["n_iter"], bool(data.get("has_validation")),
            bool(data.get("stops_early")), _made(data.get("series")),
            _made_solver(data.get("solver"), model.theta),
            shared if random_state == SHARED else _made_random_state(random_state),
            of_run and _made_run(of_run),
        )  # fmt: skip
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError) as error:
        raise ValueError(
            f"what it holds cannot be read ({type(error).__name__}: {shorten(error)})"
        ) from error


def facts_from_plain(data, cell):
    """The ``Facts`` that ``to_plain`` has made plain."""
    facts = _made(data, cell=cell)
    if not 0 <= facts.delay <= LONGEST_DELAY:
        raise ValueError(f"its target_delay is {facts.delay!r:.50}")
    return facts


def check_weights(model):
    """Raise a ValueError unless theta is as long as the facts say, and finite."""
    theta, n = model.theta, model.network().layout.size
    if not (isinstance(theta, np.ndarray) and theta.ndim == 1 and theta.dtype == model.dtype):
        raise ValueError(f"its weights are no vector of {model.dtype}")
    if theta.size != n:
        raise ValueError(f"it has {theta.size} weights, but its network needs {n}")
    if not np.isfinite(theta).all():
        raise ValueError("its weights are not all finite")


# --- facts ------------------------------------------------------------------------------------------


def _facts(value):
    """An object of ``KINDS`` as a dict of its fields; another value as it is."""
    kind = type(value).__name__
    if KINDS.get(kind) is not type(value):
        return value
    data = {"kind": kind}
    for name in [field.name for field in fields(value) if field.name != "cell"]:
        plain, _ = FIELDS.get((kind, name), (_facts, None))
        data[name] = plain(getattr(value, name))
    return data


def _made(data, **cell):
    """An object of ``KINDS`` from its fields; one that was not made plain as it is."""
    if not isinstance(data, dict):
        return data
    kind = KINDS[data["kind"]]
    of_cell = {field.name for field in fields(kind)} & {"cell"}
    values = dict(cell) if of_cell else {}
    for name in [field.name for field in fields(kind) if field.name in data]:
        _, make = FIELDS.get((data["kind"], name), (None, None))
        if make is not None:
            values[name] = make(data[name])
        else:
            values[name] = _made(data[name], **cell) if name in NESTED else data[name]
    return kind(**values)


# --- what training goes on with ---------------------------------------------------------------------


def _history(history):
    return {name: v if isinstance(v, int) else list(v) for name, v in vars(history).items()}


def _made_history(data):
    history = History()
    known = vars(history)
    known.update({name: value for name, value in data.items() if name in known})
    return history


def _solver(solver):
    """A solver with a name; another one as it is."""
    name = next((name for name, kind in SOLVERS.items() if kind is type(solver)), None)
    if name is None:
        return solver
    return {
        "name": name,
        "learning_rate": solver.learning_rate,
        "options": {option: getattr(solver, option) for option in solver.options},
        "memory": solver.memory,
        "t": solver.t,
        "share": solver.share,
    }


def _made_solver(data, theta):
    if not isinstance(data, dict):
        return data
    kind = SOLVERS[data["name"]]
    known = {name: value for name, value in data["options"].items() if name in kind.options}
    solver = kind(theta, data["learning_rate"], **known)
    if data["memory"].shape != solver.memory.shape:
        raise ValueError("the memory of its solver is not that of its weights")
    solver.memory, solver.t = data["memory"], data["t"]
    if "share" in data:
        solver.share = data["share"]
    return solver


def _random_state(random_state):
    if not isinstance(random_state, np.random.RandomState):
        return random_state
    return random_state.get_state(legacy=False)


def _made_random_state(data):
    if not isinstance(data, dict):
        return data
    name = data["bit_generator"]
    if name not in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        raise ValueError(f"its random numbers are of an unknown kind, {name!r:.50}")
    random_state = np.random.RandomState(getattr(np.random, name)(0))
    random_state.set_state(data)
    return random_state


OF_RUN = ("max_iter", "settings", "drawn", "is_part", "epoch", "done", "interrupted", "theta")


def _run(run):
    """A run in the middle of which the estimator was saved."""
    before, norms = run.memories or (None, ())
    schedule = {name: value for name, value in vars(run.schedule).items() if name != "function"}
    return {
        **{name: getattr(run, name) for name in OF_RUN},
        "monitor": dict(vars(run.monitor)),
        "schedule": schedule,
        "memories": run.memories and (before, list(norms)),
    }


def _made_run(data):
    settings = data["settings"]
    monitor = Monitor(None, 0)
    vars(monitor).update(data["monitor"])
    run = Run(
        data["max_iter"], monitor, _made_schedule(data["schedule"], settings["learning_rate"]),
        settings=settings, drawn=data["drawn"], is_part=data["is_part"],
    )  # fmt: skip
    run.epoch, run.done, run.interrupted = data["epoch"], data["done"], data["interrupted"]
    run.theta = data["theta"]
    if data["memories"]:
        before, norms = data["memories"]
        run.memories = tuple(before), deque(norms, maxlen=N_NORMS)
    return run


def _made_schedule(data, learning_rate):
    """The schedule that the parameter `learning_rate` says, as far as it has come."""
    kind = Given if callable(learning_rate) else SCHEDULES[learning_rate]
    schedule = object.__new__(kind)
    vars(schedule).update(data, **({"function": learning_rate} if kind is Given else {}))
    return schedule
