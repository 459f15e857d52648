"""The parameters of one call: checked, frozen, and what follows from them.

``Settings`` is made where a call begins (``fit``, ``partial_fit``); below, nobody reads the estimator's
own parameters. Every parameter of the estimator is an attribute of the same name; what depends on more
than one of them, or on the registries, is a property. ``SequenceSettings`` are those of regressors and
classifiers, ``PairSettings`` and ``NumberPairSettings`` those of encoder-decoders.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from skrnn._engine.pooling import POOLINGS, SIDE_BY_SIDE, names_of
from skrnn._engine.run import Monitor, Run
from skrnn._engine.truncation import longest_window
from skrnn._engine.weights import is_part_of
from skrnn._settings import automatic
from skrnn._settings.checks import check_pairs, check_sequences
from skrnn._settings.quoting import listed, quote, shorten
from skrnn._settings.table import PARAMETERS
from skrnn.losses import LOSSES, Loss
from skrnn.solvers import SCHEDULES, SOLVERS, Given

# A call of fit finishes an interrupted one if these parameters are as they were.
OF_A_RUN = (
    "max_iter", "solver", "learning_rate", "learning_rate_init", "early_stopping", "validation_fraction",
)  # fmt: skip


class Of(NamedTuple):
    """What class of estimator settings are of: its name, its cell, and its class of targets."""

    name: str
    cell: type
    targets: type


class Settings:
    """All parameters of an estimator for one call.

    Parameters
    ----------
    of : Of
        Its fields are attributes, too.
    values : dict
        The parameters, by name.

    Attributes
    ----------
    given : dict
        The parameters as they were passed, where the attribute is what "auto" stands for.
    hidden_sizes : tuple of int
        Units of every layer.
    cell_options : dict
        What the cell's constructor takes besides the number of units and the dtype.
    solver_class : type
    full_batch : bool
        Whether the solver drives the evaluation of the whole data itself.
    holds_out : bool
        Whether data that training does not see say when it stops, and which weights are kept.
    has_many_losses : bool
        Whether there are losses at many steps of a sequence, so that k1 makes more than one update.
    learns_from_windows : bool
        Whether an update has the gradient of the losses of k1 steps.
    learns_from_steps : bool
        Whether an update has the gradient of the losses of all steps, which a cycle goes by.
    can_truncate : bool
        Whether k1 and k2 may be set.
    cuts_pieces : bool
        Whether sequences are cut into pieces if a batch holds more than there are sequences.
    longest_window : int or None
        The most steps that are run at a time; None: whole sequences.
    online : str or None
        What of the influence of the weights is carried along, a key of ``INFLUENCES``, if gradients run
        forwards.
    every : int or None
        Steps from one update to the next; None: one per batch.
    fixed : dict
        What must stay as it is while training goes on from the weights, by the name of its parameter.
    """

    def __init__(self, of, values):
        vars(self).update(values, **of._asdict(), given=values)

    def __setattr__(self, name, value):
        raise AttributeError(f"{name}: settings are frozen.")

    @classmethod
    def checked(cls, of, values, constraints, **call):
        """The settings of a call, if they are allowed and go together; else an error that names them.

        ``call`` is what the checks need to know of the call (``checks.py``).
        """
        check_values(constraints, values, of.name)
        settings = cls(of, values).derived(in_parts=call.get("partial_fit", False))
        settings.check(**call)
        return settings

    def derived(self, *, in_parts=False):
        """The same, with what follows from the parameters; ``in_parts``: for training without epochs."""
        solver, options = SOLVERS[self.solver], getattr(self.cell, "options", ())
        vars(self).update(
            hidden_sizes=hidden_sizes(self.hidden_size),
            cell_options={name: getattr(self, name) for name in options},
            solver_class=solver,
            full_batch=solver.full_batch,
            holds_out=self.early_stopping and not solver.full_batch,
            finds_rate=False,
        )
        turns = not in_parts and getattr(self.schedule_class, "is_whole", False)
        vars(self).update(self._of_kind())
        if self.learning_rate_init == "auto":
            rate = automatic.learning_rate_init(
                self.solver, self.cell, turns=turns, per_step=self.learns_from_steps
            )
            vars(self).update(learning_rate_init=rate, finds_rate=not in_parts)
        if self.alpha == "auto":
            has_classes = hasattr(self, "class_weight")
            vars(self).update(alpha=automatic.alpha(has_classes=has_classes, per_step=self.per_step))
        return self

    # --- training ---------------------------------------------------------------------------------

    def new_run(self, drawn, data):
        """The run that a call of fit on the data begins; ``drawn``: where random numbers stand."""
        same, max_iter = self.of_a_run(), self.max_iter_of(data.n, int(data.lengths.max()))
        schedule = self.schedule_class(self.rate_of(data.n), max_iter)
        monitor = Monitor(self.tol, self.n_iter_no_change, keep_best=self.holds_out)
        return Run(max_iter, monitor, schedule, settings=same, drawn=drawn)

    @property
    def schedule_class(self):
        """What makes a schedule from the rate and the number of epochs."""
        if callable(self.learning_rate):
            return partial(Given, self.learning_rate)
        return SCHEDULES[self.learning_rate]

    def max_iter_of(self, n, T):
        """Epochs of a fit on n sequences, of up to T steps."""
        if self.max_iter != "auto":
            return self.max_iter
        ends = getattr(self.schedule_class, "ends_with_max_iter", False) and not self.full_batch
        n_windows = -(-T // self.every) if self.every and self.has_many_losses else 1
        u = -(-n // self.batch_size_of(n)) * n_windows
        k = self._times_smaller(n)
        return automatic.max_iter(u, ends=ends, per_step=self.learns_from_steps, k=k)

    def rate_of(self, n):
        """The initial rate, or the highest of a cycle, of a fit on n sequences."""
        if not self.finds_rate:
            return self.learning_rate_init
        rate, k = self.learning_rate_init, self._times_smaller(n)
        if k > 1:
            rate = automatic.rate_of_small_batches(rate, self.solver, k)
        return rate / self._times_fewer(n) ** 0.5

    def _times_fewer(self, n):
        """How many times fewer targets than a cycle's rate is for an update of k1 steps learns from."""
        turns = getattr(self.schedule_class, "is_whole", False)
        if not turns or not self.learns_from_windows:
            return 1.0
        side_by_side = self.batch_size if self.cuts_pieces else min(n, self.batch_size_of(n))
        return automatic.times_fewer(self.solver, self.cell, side_by_side * self.every)

    def _times_smaller(self, n):
        """How many times smaller than usual the batches of a cycle are, if that was asked for.

        All the data in one batch are no sample of them. Losses per step are means over many steps, less
        noisy than those of as many single targets. Other schedules start lower; and at a constant rate
        parts of the data, which do not know of the whole, come to what the whole comes to.
        """
        turns = getattr(self.schedule_class, "is_whole", False)
        if not turns or self.batch_size == "auto" or self.batch_size >= n or self.per_step:
            return 1.0
        return automatic.times_smaller(self.batch_size)

    def initial_forget_bias(self, T):
        """The bias of forget gates, for sequences of up to T steps; None if the cell has no such gate."""
        bias = getattr(self, "forget_bias", None)
        if bias == "auto":
            bias = self.cell.bias_init[self.cell.forget_gate] if self.per_step else "chrono"
        if bias != "chrono":
            return bias if bias is None or isinstance(bias, tuple) else float(bias)
        depth = self.longest_window if self.k2 == "auto" else self.k2 or self.k1
        if self.online:
            depth = None
        return "chrono", min(T, depth or T)

    def of_a_run(self):
        """What must be as it was if another call is to finish a run."""
        return {name: getattr(self, name) for name in OF_A_RUN}

    def run_of_a_part(self):
        """One pass at the initial rate: what a call of partial_fit is."""
        schedule = SCHEDULES["constant"](self.learning_rate_init, 1)
        return Run(1, Monitor(self.tol, self.n_iter_no_change), schedule, is_part=True)

    def new_solver(self, theta, before=None):
        """A solver that steps; it goes on from the memory of the one before, if that was of its kind."""
        cls = self.solver_class
        options = {name: getattr(self, name) for name in cls.options}
        solver = cls(theta, self.learning_rate_init, **options)
        if isinstance(before, cls):
            solver.memory[:], solver.t = before.memory, before.t
        return solver

    def frozen_in(self, network):
        """(P,) bool, which weights of the network are frozen; None: none is. A ValueError for others."""
        parts = (self.frozen,) if isinstance(self.frozen, str) else self.frozen
        if not parts:
            return None
        names = list(network.layout.shapes)
        nothing = [part for part in parts if not any(is_part_of(name, [part]) for name in names)]
        must_be = "frozen must be a name or a tuple of names of weights or of parts"
        if nothing:
            raise ValueError(
                f"{must_be}, got {quote(self.frozen)}: {listed(nothing)} is none of {self.name}, which "
                f"has {listed(names, some=12)}."
            )
        frozen = network.layout.mask(parts)
        if frozen is not None and frozen.all():
            raise ValueError(f"{must_be} but not of all: {quote(self.frozen)} leaves no weight to train.")
        return frozen

    def batch_size_of(self, n):
        """Sequences of a batch, of n."""
        if self.batch_size == "auto":
            return n if n <= self.batches.largest_whole else self.batches.usual
        return min(self.batch_size, n)

    def is_whole(self, n, *, is_part):
        """Whether n sequences are in one batch, which are all the data, or a part of them.

        A part that fills its batch may be one batch of a larger whole: partial_fit then makes the update
        that fit would make of it.
        """
        if not is_part:
            return self.batch_size_of(n) >= n
        if self.batch_size == "auto":
            return self.batch_size_of(n) == n != self.batches.usual
        return n < self.batch_size

    # --- regressors: the loss -----------------------------------------------------------------------

    @property
    def loss_class(self):
        """The class of the loss: that of the name, or the class itself."""
        return loss_class(self.loss)

    @property
    def loss_options(self):
        """The parameters that the loss takes, as plain numbers or lists."""
        names = [name for name in self.loss_class.options if hasattr(self, name)]
        return {name: np.asarray(getattr(self, name)).tolist() for name in names}

    def new_loss(self):
        """The loss, with its parameters."""
        return self.loss_class(**self.loss_options)


# parameter -> what to pass in place of a value of another kind, where this is often another thing
TO_PASS = {
    "sequence_id": " It is the name or the position of one column of X: put the ids into X as a column; "
    "of several columns that tell series apart make one."
}


def check_each(constraints, values, name):
    """scikit-learn's check of every value; those of the table's defaults are right as they are."""
    asked = {}
    for one, value in values.items():
        entry = PARAMETERS.get(one)
        # of a class that has the table's constraint, too
        if entry is None or value is not entry.default or constraints.get(one) is not entry.constraint:
            asked[one] = value
    validate_parameter_constraints(constraints, asked, caller_name=name)


def check_values(constraints, values, name):
    """``check_each``, whose errors quote values in full; here they are cut."""
    try:
        check_each(constraints, values, name)
    except InvalidParameterError as error:
        said, got, value = str(error).partition(" Got ")
        how = next((how for one, how in TO_PASS.items() if f"'{one}' parameter" in said), "")
        raise InvalidParameterError(
            f"{shorten(said, 300)}{got}{shorten(value.removesuffix(' instead.'))} instead.{how}"
        ) from None


class SequenceSettings(Settings):
    """Those of regressors and classifiers: one target per sequence, or one per time step.

    Attributes
    ----------
    per_step : bool
        Whether there is a target for every time step.
    steps_in_y : bool
        Whether y has, for every sequence, as many targets as it has steps.
    pooling : str or tuple of str
        A tuple only of several poolings that have no name together, so that equal ones are equal.
    """

    # what to do about a loss that is not finite, besides the settings of the solver
    to_be_scaled = "standardise X, scale y and sample_weight"
    batches = automatic.BATCHES

    check = check_sequences

    def _of_kind(self):
        per_step = self.return_sequences or self.rows == "steps"
        # losses at many steps need k1 (``_check_auto``)
        has_many = bool(per_step or self.target_replication > 0)
        many = self.k1 is not None and has_many
        online = None if self.gradient == "bptt" else self.gradient
        vars(self).update(pooling=plain_pooling(self.pooling))
        return {
            "online": online,
            "every": 1 if online and self.k1 is None else self.k1,
            "per_step": per_step,
            "has_many_losses": has_many,
            "learns_from_windows": bool(per_step and not online and self.k1 is not None),
            "learns_from_steps": bool(per_step and not online and self.k1 is None),
            "steps_in_y": self.return_sequences and self.rows != "steps",
            "can_truncate": not (self.bidirectional or self.full_batch or online),
            "cuts_pieces": per_step and not (self.k1 is None or self.batch_size == "auto" or online),
            "fixed": self._fixed(bool(per_step)),
            "longest_window": 1 if online else longest_window(self.k1, self.k2, many=many),
        }

    def _fixed(self, per_step):
        return {
            "rows": self.rows,
            "sequence_id": self.sequence_id,
            "embedding_size": embedding_size(self.embedding_size),
            "activation": self.cell_options,
            "hidden_size": self.hidden_sizes,
            "bidirectional": bool(self.bidirectional),
            "pooling": self.pooling,
            "return_sequences": per_step,
            "target_delay": int(self.target_delay),
            "step_features": int(self.step_features),
        }


class PairSettings(Settings):
    """Those of encoder-decoders of tokens."""

    to_be_scaled = "scale sample_weight"
    batches = automatic.BATCHES_OF_PAIRS

    check = check_pairs

    def _of_kind(self):
        return {
            "per_step": True,
            "has_many_losses": True,
            "learns_from_windows": False,
            "learns_from_steps": False,
            "online": None,
            "every": self.k1,
            "can_truncate": not self.full_batch,
            "cuts_pieces": False,  # a source and its target belong together
            "fixed": self._fixed(),
            "longest_window": longest_window(self.k1, self.k2, many=self.k1 is not None),
        }

    def _fixed(self):
        return {
            "activation": self.cell_options,
            "hidden_size": self.hidden_sizes,
            "embedding_size": int(self.embedding_size),
        }


class NumberPairSettings(PairSettings):
    """Those of encoder-decoders of numbers: rates and batches are those of regressors."""

    to_be_scaled = "standardise X, scale y and sample_weight"
    batches = automatic.BATCHES

    def _fixed(self):
        return {"activation": self.cell_options, "hidden_size": self.hidden_sizes}


def embedding_size(size):
    """``embedding_size`` with ints of Python."""
    if isinstance(size, Mapping):
        return {key: int(width) for key, width in size.items()}
    return size and int(size)


def hidden_sizes(hidden_size):
    """``hidden_size`` as a tuple of positive ints, one per layer; ValueError if it is none."""
    sizes = np.atleast_1d(np.asarray(hidden_size, dtype=object))
    ok = (
        sizes.ndim == 1
        and sizes.size
        and all(isinstance(H, (int, np.integer)) and not isinstance(H, bool) and H > 0 for H in sizes)
    )
    if not ok:
        raise ValueError(
            f"hidden_size must be a positive int or a sequence of positive ints, one per layer, got "
            f"{quote(hidden_size)}."
        )
    return tuple(int(H) for H in sizes)


def plain_pooling(pooling):
    """``pooling`` as a name, where there is one for it, or a tuple of names; ValueError if it is none."""
    if isinstance(pooling, str):
        return pooling
    known = [name for name in pooling if isinstance(name, str) and name in POOLINGS]
    if not known or len(known) < len(pooling) or len(set(known)) < len(known):
        what = ", ".join(f'"{name}"' for name in POOLINGS)
        raise ValueError(
            f"pooling must be a name or a tuple of names: one or more of {what}, each of them once; got "
            f"{quote(pooling)}."
        )
    if len(pooling) == 1:
        return names_of(pooling)[0]
    return next((name for name, several in SIDE_BY_SIDE.items() if several == pooling), names_of(pooling))


def loss_class(loss):
    """The class of a loss that is named, or passed as a class."""
    return LOSSES[loss] if isinstance(loss, str) else loss


def is_positive_only(loss):
    """Whether ``loss`` is one for y >= 0; not so if it is none at all, which is said at fit."""
    is_class = isinstance(loss, type) and issubclass(loss, Loss)
    known = is_class or (isinstance(loss, str) and loss in LOSSES)
    return known and loss_class(loss).positive_only


def check_goes_on(now, before):
    """Raise a ValueError if a parameter that is ``fixed`` has changed since the weights were made."""
    for parameter, value in now.items():
        # what an earlier version did not fix may be anything
        if value != before.get(parameter, value):
            raise ValueError(
                f"{parameter} was {quote(before[parameter])} when the weights were made and is "
                f"{quote(value)} now: training cannot go on from them. Fit a new estimator, or set it "
                "back."
            )
