"""The run of training as scikit-learn sees it: from parameters to a loop, and back to attributes.

``Fitting`` picks solver, batch size, arithmetic and schedule, calls the loop (``_training.py``) on a
copy of the weights, and publishes what came out: weights, curves, warnings.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn._advice import advise_on_scale
from skrnn._inference import evaluate, loss_of_a_constant, run
from skrnn._learner import DivergenceError, Learner
from skrnn._memory import check_fits
from skrnn._monitor import Monitor, Report
from skrnn._sums import EXACT, FAST
from skrnn._training import FULL_BATCH_BLOCK, minibatches, train, train_full_batch
from skrnn._truncation import AutoTruncation, longest_window
from skrnn.losses import LOSSES
from skrnn.solvers import SCHEDULES, SOLVERS

# batch_size="auto" (docs/defaults.rst): so many sequences are one batch, more are cut into smaller ones.
LARGEST_WHOLE, AUTO_BATCH = 200, 32


def auto_batch_size(n):
    """What batch_size="auto" is for n sequences."""
    return n if n <= LARGEST_WHOLE else AUTO_BATCH


class Fitting:
    """Mixin: ``_train`` and what it needs."""

    # what to do about a loss that is not finite
    _scale = "Standardise X, scale y and sample_weight, or lower learning_rate_init, alpha or clip_norm."

    def _train(self, data, validation, random_state, max_iter, *, partial_fit=False, ends=None):
        """Train from ``_theta`` on, and publish; ``ends``: a list for the states after the sequences."""
        theta, history = np.array(self._theta), self._history
        n_before = len(history.loss)
        monitor = Monitor(self.tol, self.n_iter_no_change, keep_best=validation is not None)
        run_training = self._in_batches
        if SOLVERS[self.solver].full_batch:
            run_training = self._in_full_batch
        try:
            with np.errstate(all="ignore"):
                converged = run_training(
                    theta, data, validation, monitor, random_state, max_iter, partial_fit, ends
                )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
            converged = True
        except DivergenceError as error:
            self._tell_diverged(error, n_before)
            converged = True
        if monitor.best_theta is not None:
            theta = monitor.best_theta
        self._theta, self._random_state = theta, random_state
        self._publish_history(len(history.loss) - n_before, validation, partial_fit)
        if not partial_fit:
            self._advise(data, history.loss[n_before:])
        if not (converged or partial_fit):
            warnings.warn(
                f"Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet. "
                "Increase max_iter, or stop earlier by tol and n_iter_no_change.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _in_batches(self, theta, data, validation, monitor, random_state, max_iter, partial_fit, ends):
        network, loss = (
            self._network(n_threads=self._n_threads()),
            LOSSES[self._spec["targets"]["loss"]](),
        )
        batch_size = self._batch_size(data)
        self._solver = self._make_solver(theta)
        exact = network.dtype == np.float64 and self._is_whole(data, batch_size, partial_fit)
        learner = Learner(
            network, theta, EXACT if exact else FAST, self._solver, alpha=self.alpha,
            clip_norm=self.clip_norm, clip_value=self.clip_value, random_state=random_state, ends=ends,
        )  # fmt: skip
        schedule = SCHEDULES["constant" if partial_fit else self.learning_rate]
        return train(
            network, loss, minibatches(data, batch_size, network.dtype, self.shuffle, random_state),
            learner, schedule(self.learning_rate_init, max_iter), monitor, self._history,
            Report(self.verbose, max_iter), k1=self.k1, k2=self.k2, max_iter=max_iter,
            validate=validation and self._validator(network, loss, validation),
            truncation=self._truncation(data, random_state),
        )  # fmt: skip

    def _in_full_batch(self, theta, data, validation, monitor, random_state, max_iter, partial_fit, ends):
        network, loss = (
            self._network(n_threads=self._n_threads()),
            LOSSES[self._spec["targets"]["loss"]](),
        )
        exact = len(data) <= FULL_BATCH_BLOCK and network.dtype == np.float64
        solver = SOLVERS[self.solver](max_iter=max_iter, max_fun=self.max_fun, tol=self.tol)
        result = train_full_batch(
            network, loss, data, theta, solver, EXACT if exact else FAST, self._history,
            Report(self.verbose, max_iter), alpha=self.alpha,
        )  # fmt: skip
        if result.status == 2:
            warnings.warn(f"lbfgs stopped early: {result.message}", ConvergenceWarning, stacklevel=6)
        return result.status != 1  # 1: max_iter or max_fun reached

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
        loss = LOSSES[targets["loss"]]()
        with np.errstate(all="ignore"):
            constant = loss_of_a_constant(loss, data, targets["n_outputs"])
        advise_on_scale(
            data.X.as_steps() if is_table else data.X,
            min(losses), constant, is_table=is_table,
        )  # fmt: skip

    def _validator(self, network, loss, data):
        """theta -> validation loss and score; without dropout."""

        def validate(theta):
            raw = run(network, theta, data.X, network.dtype, per_step=data.per_step, delay=data.delay)
            if not np.isfinite(raw).all():  # the next update will notice; scores cannot take it
                return np.inf, np.nan
            raw = data.read_outputs(raw)
            return evaluate(loss, data, raw), self._score_raw(raw, data)

        return validate

    def _tell_diverged(self, error, n_before):
        if error.at_start:
            where = "present" if self._history.n_updates else "initial"
            raise ValueError(
                f"Loss or gradient are not finite at the {where} weights. {self._scale}"
            ) from None
        norms = ", ".join(f"{g:.3g}" for g in self._history.grad_norm[-3:]) or "none"
        warnings.warn(
            f"Loss or gradient became non-finite in epoch {len(self._history.loss) - n_before + 1}: "
            "training stopped, and the last weights at which they were finite are kept. Mean gradient "
            f"norms of the epochs before: {norms}. {self._scale}",
            ConvergenceWarning,
            stacklevel=5,
        )

    def _publish_history(self, n_iter, validation, partial_fit):
        history = self._history
        self.n_iter_ = n_iter + (self.n_iter_ if partial_fit else 0)
        self.n_updates_ = history.n_updates
        self.loss_curve_ = list(history.loss)
        self.grad_norm_curve_ = list(history.grad_norm)
        self.clipped_fraction_curve_ = list(history.clipped_fraction)
        self.k2_curve_ = list(history.k2)
        self.loss_ = history.loss[-1] if history.loss else np.nan
        if validation is None:
            self.best_loss_ = min(history.loss, default=np.nan)
            self.validation_loss_curve_ = self.validation_scores_ = None
            self.best_validation_score_ = None
        else:
            self.best_loss_ = None
            self.validation_loss_curve_ = list(history.validation_loss)
            self.validation_scores_ = list(history.validation_score)
            self.best_validation_score_ = max(history.validation_score, default=np.nan)
