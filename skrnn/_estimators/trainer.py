"""The run of training as scikit-learn sees it: from parameters to a loop, and back to attributes.

``Fitting`` picks solver, batch size, arithmetic and schedule, calls the engine's loop on a
copy of the weights, and publishes what came out: weights, curves, warnings.
"""

import contextlib
from copy import deepcopy

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.inference import evaluate, loss_of_a_constant, outputs
from skrnn._engine.learner import N_NORMS, DivergenceError, Learner
from skrnn._engine.observers import Observers
from skrnn._engine.run import Monitor, Run
from skrnn._engine.training import FULL_BATCH_BLOCK, minibatches, train, train_full_batch
from skrnn._engine.truncation import AutoTruncation, longest_window
from skrnn._estimators.memory import check_fits
from skrnn._estimators.progress import progress
from skrnn._reading.advice import advise_on_scale, say
from skrnn.losses import make_loss
from skrnn.solvers import SCHEDULES, SOLVERS

# batch_size="auto" (docs/defaults.rst): so many sequences are one batch, more are cut into smaller ones.
LARGEST_WHOLE, AUTO_BATCH = 200, 32
# A call of fit finishes an interrupted one if these parameters are as they were.
GOES_ON_WITH = (
    "max_iter", "solver", "learning_rate", "learning_rate_init", "early_stopping", "validation_fraction",
)  # fmt: skip


def auto_batch_size(n):
    """What batch_size="auto" is for n sequences."""
    return n if n <= LARGEST_WHOLE else AUTO_BATCH


def listed(norms):
    """Gradient norms as messages tell them."""
    return ", ".join(f"{g:.3g}" for g in norms)


class Fitting:
    """Mixin: ``_train`` and what it needs."""

    # what to do about a loss that is not finite, beside the settings of the solver
    _scale = "standardise X, scale y and sample_weight"

    def _new_run(self, random_state):
        """The run that a call of fit begins."""
        schedule = SCHEDULES[self.learning_rate](self.learning_rate_init, self.max_iter)
        monitor = Monitor(self.tol, self.n_iter_no_change, keep_best=self.early_stopping)
        return Run(
            self.max_iter, monitor, schedule,
            settings=self._settings_of_a_run(), drawn=random_state.get_state(),
        )  # fmt: skip

    def _settings_of_a_run(self):
        return {name: getattr(self, name) for name in GOES_ON_WITH}

    def _unfinished_run(self):
        """The run in which this estimator was saved, if a call of fit may finish it; else None."""
        run = deepcopy(getattr(self, "_unfinished", None))
        if run is None or run.settings != self._settings_of_a_run():
            return None
        if run.theta is not None:  # the weights it had come to; its monitor has the best so far
            self._theta, run.theta = run.theta, None
        run.monitor.tol, run.monitor.n_iter_no_change = self.tol, self.n_iter_no_change
        return run

    def _train(
        self, data, validation, random_state, run, observer=None, *, partial_fit=False, ends=None
    ):  # fmt: skip
        """Train from ``_theta`` on, and publish; ``ends``: a list for the states after the sequences.

        While it runs, the estimator's own attributes are those of the latest epoch.
        """
        theta, history = np.array(self._theta), self._history
        self._theta, self._random_state, self._unfinished = theta, random_state, run
        n_before = len(history.loss) - run.epoch
        shown = progress(self.verbose, run.max_iter, len(data), int(data.lengths.sum()))
        observer = Observers([shown, observer] if observer else [shown])
        run_training = self._in_batches
        if SOLVERS[self.solver].full_batch:
            run_training = self._in_full_batch
        try:
            with np.errstate(all="ignore"), contextlib.closing(observer):
                converged = run_training(theta, data, validation, run, observer, partial_fit, ends)
        except KeyboardInterrupt:
            say("Training interrupted by user.")
            run.interrupted = converged = True
        except DivergenceError as error:
            self._tell_diverged(error, len(history.loss) - n_before + 1)
            converged = True
        if run.monitor.best_theta is not None:
            self._theta = run.monitor.best_theta
        del self._unfinished
        self._publish_history(len(history.loss) - n_before, validation is not None, partial_fit)
        if not partial_fit:
            self._advise(data, history.loss[n_before:])
        if not (converged or partial_fit):
            say(
                f"Maximum iterations ({run.max_iter}) reached and the optimization hasn't converged yet. "
                "Increase max_iter, or stop earlier by tol and n_iter_no_change.",
                ConvergenceWarning,
            )

    def _in_batches(self, theta, data, validation, run, observer, partial_fit, ends):
        network, loss = self._network(n_threads=self._n_threads()), make_loss(self._spec["targets"])
        batch_size = self._batch_size(data)
        self._solver, random_state = self._make_solver(theta), self._random_state
        exact = network.dtype == np.float64 and self._is_whole(data, batch_size, partial_fit)
        learner = Learner(
            network, theta, EXACT if exact else FAST, self._solver, alpha=self.alpha,
            clip_norm=self.clip_norm, clip_value=self.clip_value, random_state=random_state, ends=ends,
        )  # fmt: skip
        return train(
            network, loss, minibatches(data, batch_size, network.dtype, self.shuffle, random_state),
            learner, run, self._history, observer, k1=self.k1, k2=self.k2,
            validate=validation and self._validator(network, loss, validation),
            truncation=self._truncation(data, random_state),
        )  # fmt: skip

    def _in_full_batch(self, theta, data, validation, run, observer, partial_fit, ends):
        network, loss = self._network(n_threads=self._n_threads()), make_loss(self._spec["targets"])
        exact = len(data) <= FULL_BATCH_BLOCK and network.dtype == np.float64
        max_iter = run.max_iter - run.epoch
        if not max_iter:  # saved after its last iteration; SciPy would take one more
            return False
        solver = SOLVERS[self.solver](max_iter=max_iter, max_fun=self.max_fun, tol=self.tol)
        result = train_full_batch(
            network, loss, data, theta, solver, EXACT if exact else FAST, run, self._history, observer,
            alpha=self.alpha,
        )  # fmt: skip
        if result is None:
            return True
        if result.status == 2:
            say(f"lbfgs stopped early: {result.message}", ConvergenceWarning)
        return result.status != 1  # 1: max_iter or max_fun reached

    def _as_if_stopped(self):
        """A copy of the estimator in fit, as if that had ended with the latest epoch.

        Another call of fit, with warm_start, finishes the run.
        """
        copy = object.__new__(type(self))
        vars(copy).update(self.__getstate__())
        for name in ("_theta", "_solver", "_random_state", "_history", "_unfinished"):
            if hasattr(self, name):
                setattr(copy, name, deepcopy(getattr(self, name)))
        if hasattr(copy, "_unfinished") and copy._unfinished.monitor.best_theta is not None:
            copy._unfinished.theta, copy._theta = copy._theta, copy._unfinished.monitor.best_theta
        copy._forget_states()
        copy._keep_states(self._tasks.container)
        return copy

    def _truncation(self, data, random_state):
        """What chooses k2, None where it is given."""
        if self.k2 != "auto":
            return None
        return AutoTruncation(data, self.k1, self.truncation_tolerance, random_state)

    def _make_solver(self, theta):
        """A new solver with the present settings; it goes on from the memory of the one before."""
        cls, before = SOLVERS[self.solver], self._solver
        solver = cls(theta, self.learning_rate_init, **{o: getattr(self, o) for o in cls.options})
        if isinstance(before, cls):
            solver.memory[:], solver.t = before.memory, before.t
        return solver

    def _is_whole(self, data, batch_size, partial_fit):
        """Whether all the data are in one batch.

        A part that fills its batch may be one batch of a larger whole: partial_fit then makes the
        update that fit would make of it.
        """
        n = len(data)
        if data.share is not None:  # pieces: copies of a sequence would be cut in another way
            return False
        if not partial_fit:
            return batch_size >= n
        if self.batch_size == "auto":
            return n <= LARGEST_WHOLE and n != AUTO_BATCH
        return n < self.batch_size

    def _check_memory(self, spec, data):
        """Raise a MemoryError if weights or a window are beyond this machine."""
        solver, batch_size = SOLVERS[self.solver], self.batch_size
        if solver.full_batch:
            batch_size = FULL_BATCH_BLOCK
        elif batch_size == "auto":
            batch_size = auto_batch_size(len(data))
        lower = ["hidden_size"]
        if not solver.full_batch:
            lower.append("batch_size")
            if not self.bidirectional:
                lower.append("k1 and k2" if self.k2 or self.k1 else "set k1 and k2")
        check_fits(
            self._network(spec), solver, data.lengths, batch_size=batch_size,
            window=self._longest_window(), hidden_size=self.hidden_size, advice=lower,
        )  # fmt: skip

    def _longest_window(self):
        """The most steps that are run at a time; None: whole sequences."""
        many = self.k2 == "auto" and (self._per_step() or self.target_replication > 0)
        return longest_window(self.k1, self.k2, many=many)

    def _batch_size(self, data):
        n = len(data)
        return auto_batch_size(n) if self.batch_size == "auto" else min(self.batch_size, n)

    def _advise(self, data, losses):
        """After training: warn if nothing was learned, and the scale of X may be why."""
        if len(losses) < 2 or data.X.dtype:  # too early to tell; tokens have no scale
            return
        targets, is_table = self._spec["targets"], self._spec["kind"] == "table"
        loss = make_loss(targets)
        with np.errstate(all="ignore"):
            constant = loss_of_a_constant(loss, data, targets["n_outputs"])
        advise_on_scale(
            data.X.as_steps() if is_table else data.X,
            min(losses), constant, is_table=is_table,
        )  # fmt: skip

    def _validator(self, network, loss, data):
        """theta -> validation loss and score; without dropout."""

        def validate(theta):
            raw = outputs(network, theta, data.X, network.dtype, per_step=data.per_step, delay=data.delay)
            if not np.isfinite(raw).all():  # the next update will notice; scores cannot take it
                return np.inf, np.nan
            raw = data.read_outputs(raw)
            return evaluate(loss, data, raw), self._score_raw(raw, data)

        return validate

    def _tell_diverged(self, error, epoch):
        if error.at_start:
            trained = self._history.n_updates > 0
            text = (
                f"The {error.what} is not finite at the {'present' if trained else 'initial'} weights, "
                f"before the first update (epoch {epoch})."
            )
            if norms := self._history.grad_norm[-N_NORMS:]:
                text += (
                    f" Mean gradient norms of the epochs before: {listed(norms)}. If these updates led "
                    "there, and not this X, fit a new estimator."
                )
            raise ValueError(f"{text} {self._what_to_try(at_start=not trained)}") from None
        be, norms = "are" if error.what == "weights" else "is", listed(error.norms)
        say(
            f"Training diverged in epoch {epoch}: the {error.what} {be} non-finite. Training stopped, "
            "and the last weights at which loss and gradient were finite are kept. Gradient norms of the "
            f"updates before: {norms}. {self._what_to_try()}",
            ConvergenceWarning,
        )

    def _what_to_try(self, at_start=False):
        """What helps against a loss that is not finite, in the order in which to try it."""
        tips = [self._scale]
        if not (at_start or SOLVERS[self.solver].full_batch):
            if self.clip_norm is None or self.clip_norm > 1:
                tips.append(f"set clip_norm=1.0 (now {self.clip_norm})")
            tips.append(f"lower learning_rate_init (now {self.learning_rate_init:g})")
            if self.clip_norm is not None and self.clip_norm <= 1:
                tips.append(f"lower clip_norm (now {self.clip_norm:g})")
        return f"To try: {'; '.join(tips)}; lower alpha (now {self.alpha:g})."

    def _publish_history(self, n_iter, with_validation, partial_fit=False):
        history = self._history
        self.n_iter_ = n_iter + (self.n_iter_ if partial_fit else 0)
        self.n_updates_ = history.n_updates
        self.loss_curve_ = list(history.loss)
        self.grad_norm_curve_ = list(history.grad_norm)
        self.clipped_fraction_curve_ = list(history.clipped_fraction)
        self.k2_curve_ = list(history.k2)
        self.loss_ = history.loss[-1] if history.loss else np.nan
        if not with_validation:
            self.best_loss_ = min(history.loss, default=np.nan)
            self.validation_loss_curve_ = self.validation_scores_ = None
            self.best_validation_score_ = None
        else:
            self.best_loss_ = None
            self.validation_loss_curve_ = list(history.validation_loss)
            self.validation_scores_ = list(history.validation_score)
            self.best_validation_score_ = max(history.validation_score, default=np.nan)
