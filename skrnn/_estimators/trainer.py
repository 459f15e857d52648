"""One call of training: from settings, a task and a model to what is to be published.

A ``Trainer`` picks solver, batch size, arithmetic and schedule, and runs the engine's loop on a copy of
the weights. It changes nothing that it was given but the run, and knows no estimator: what came out is
``fitted()``, and in the middle of training ``snapshot()``.
"""

import contextlib
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.learner import N_NORMS, DivergenceError, Learner
from skrnn._engine.online import online
from skrnn._engine.pair_truncation import AutoTruncationOfPairs
from skrnn._engine.pairs import Pairs
from skrnn._engine.run import History
from skrnn._engine.training import FULL_BATCH_BLOCK, Epochs, Evaluation, train, train_full_batch
from skrnn._engine.truncation import AutoTruncation
from skrnn._estimators.fitted import Fitted
from skrnn._estimators.progress import progress
from skrnn._estimators.series import Series
from skrnn._reading.advice import warn


@dataclass(frozen=True, eq=False)
class Start:
    """What training starts from.

    Attributes
    ----------
    model : Model
    run : Run
        On its way, if it finishes an interrupted one.
    history : History or None
        Of training so far; it goes on.
    solver : object or None
        One whose memory is gone on from.
    random_state : RandomState
    n_iter : int
        Epochs that are counted besides those of the run.
    """

    model: object
    run: object
    history: History | None
    solver: object
    random_state: np.random.RandomState
    n_iter: int = 0


class Trainer:
    """Training on its way.

    Parameters
    ----------
    settings : Settings
    task : Task or PairTask
    start : Start
    network : Network or PairNetwork
    held_out : Dataset or Pairs, optional
        Validation data: what is recorded of every epoch, and what training is stopped by if the settings
        say so.

    Attributes
    ----------
    theta : (P,) array
        The weights, in training.
    history : History
    run : Run
    n_epochs : int
        Of this call, so far.
    """

    def __init__(self, settings, task, start, network, held_out=None):
        self.settings, self.task, self.model, self.run = settings, task, start.model, start.run
        self.network, self.n_threads = network, network.n_threads
        self.solver, self.random_state = start.solver, start.random_state
        self.theta = np.array(start.model.theta)
        self.history = start.history.copy() if start.history else History()
        self.n_iter_before, self._n_recorded = start.n_iter, len(self.history.loss)
        self._n_before = self._n_recorded - self.run.epoch  # where the run began
        self._ended, self._held_out = False, held_out

    _new_learner, _new_evaluation = Learner, Evaluation
    _has_all = True  # whether all sequences are here

    @property
    def n_epochs(self):
        return len(self.history.loss) - self._n_recorded

    def train(self, observers=(), ends=None):
        """Train until the run is done, in whatever way.

        ``observers`` look on beside the progress that is shown, if it is. ``ends`` is a list that takes
        the rows and states after the sequences of every batch.
        """
        run, verbose = self.run, self.settings.verbose
        shown = [progress(verbose, run.max_iter, self.task.data)] if verbose else []
        observers, cut_short, errors = [*shown, *observers], True, np.geterr()
        try:
            with np.errstate(all="ignore"), contextlib.ExitStack() as at_the_end:
                for observer in observers:
                    at_the_end.callback(observer.close)
                converged = self._run(observers, ends)
            cut_short = False
        except KeyboardInterrupt:
            np.seterr(**errors)  # errstate may have been cut off
            warn("Training interrupted by user.")
            run.interrupted = converged = True
        except DivergenceError as error:
            self._tell_diverged(error)
            converged = True
        self._ended = True
        if not run.is_part:
            self._tell_outcome(converged, cut_short)

    # --- what came out ------------------------------------------------------------------------------

    def fitted(self, series=None):
        """What is to be published: the weights at their best, where that is asked for."""
        best = self.run.monitor.best_theta
        return Fitted(
            self.model.with_theta(self.theta if best is None else best), self.history,
            len(self.history.loss) - self._n_before + self.n_iter_before, self._held_out is not None,
            self.run.monitor.keep_best, series, self.solver, self.random_state,
            None if self._ended else self.run,
        )  # fmt: skip

    def snapshot(self):
        """A copy of what has come out so far, as if training ended here; its run can be finished."""
        fitted = self.fitted()
        model = fitted.model.with_theta(fitted.model.theta.copy())
        series = self.series_of(model)
        copy = deepcopy(replace(fitted, model=None))  # the facts never change: they need no copy
        if copy.run is not None and copy.run.monitor.best_theta is not None:
            copy.run.theta = self.theta.copy()
        return replace(copy, model=model, series=series)

    def series_of(self, model):
        """The ``Series`` of the data, run from zeros by a model; None if X is no table of steps."""
        kind, task = self.settings.online, self.task
        return Series.after(model, task.container, kind=kind, n_threads=self.n_threads)

    # --- the loops ----------------------------------------------------------------------------------

    def _run(self, observers, ends):
        """All epochs; returns whether training ended as it should."""
        if self.settings.full_batch:
            return self._in_full_batch(observers)
        return self._in_batches(observers, ends)

    def _in_batches(self, observers, ends):
        settings, network, data = self.settings, self.network, self.task.data
        truncation, arithmetic = self._truncation(), EXACT if self._sums_exactly() else FAST
        batch_size, frozen = settings.batch_size_of(data.n), settings.frozen_in(network)
        self.solver = settings.new_solver(self.theta, self.solver)
        learner = self._new_learner(
            network, self.theta, arithmetic, self.solver,
            alpha=settings.alpha, clip_norm=settings.clip_norm, clip_value=settings.clip_value,
            random_state=self.random_state, ends=ends,
            weighting=data.weighting(batch_size, settings.every),
            weight_dropout=settings.weight_dropout, frozen=frozen,
        )  # fmt: skip
        epochs = Epochs(data, batch_size, network.dtype, settings.shuffle, self.random_state)
        return train(
            self.model.loss(), epochs, learner, self.run, self.history, observers,
            k1=None if settings.online else settings.k1, k2=settings.k2, truncation=truncation,
            gather=self._gather(), validate=self._validator(),
        )  # fmt: skip

    def _sums_exactly(self):
        """Whether gradients are sums that do not depend on the order of the sequences."""
        settings, data = self.settings, self.task.data
        # copies of a sequence that is cut into pieces would be cut in another way
        exact = data.share is None and settings.is_whole(data.n, is_part=self.run.is_part)
        return exact and self._has_all and self.network.dtype == np.float64 and not settings.online

    def _gather(self):
        """What makes the updates of a batch in place of TBPTT."""
        settings = self.settings
        return settings.online and partial(online, kind=settings.online, k1=settings.every)

    def _in_full_batch(self, observers):
        settings, network, data, run = self.settings, self.network, self.task.data, self.run
        exact = self._has_all and data.n <= FULL_BATCH_BLOCK and network.dtype == np.float64
        arithmetic, max_iter = EXACT if exact else FAST, run.max_iter - run.epoch
        if not max_iter:  # saved after its last iteration; SciPy would take one more
            return False
        solver = settings.solver_class(max_iter=max_iter, max_fun=settings.max_fun, tol=settings.tol)
        evaluation = self._new_evaluation(
            network, self.model.loss(), data, arithmetic, settings.alpha, settings.frozen_in(network)
        )
        result = train_full_batch(
            evaluation, self.theta, solver, run, self.history, observers, validate=self._validator()
        )
        if result is None:
            return True
        if result.status == 2:
            warn(f"lbfgs stopped early: {result.message}", ConvergenceWarning)
        return result.status != 1  # 1: max_iter or max_fun reached

    def _validator(self):
        """theta -> validation loss and score; None without validation data."""
        return self._held_out and self.task.validator(self.network, self._held_out)

    def _truncation(self):
        """What chooses k2, None where it is given."""
        settings = self.settings
        if settings.k2 != "auto":
            return None
        of_pairs = isinstance(self.task.data, Pairs)
        return (AutoTruncationOfPairs if of_pairs else AutoTruncation)(
            self.task.data, settings.k1, settings.truncation_tolerance, self.random_state
        )

    # --- messages -----------------------------------------------------------------------------------

    def _tell_outcome(self, converged, cut_short):
        run, history = self.run, self.history
        # data that are only recorded change nothing of what is said either
        losses, held_out = history.loss, None
        if run.monitor.keep_best:
            losses, held_out = history.validation_loss, self._held_out
        self.task.advise(
            losses[self._n_before - len(history.loss) :], held_out=held_out,
            keeps_best=cut_short or run.monitor.best_theta is not None, n_epochs=len(history.loss),
        )  # fmt: skip
        as_planned = self.settings.tol is None and run.epoch >= run.max_iter
        if not (converged or as_planned):
            warn(
                f"Maximum iterations ({run.max_iter}) reached and the optimization hasn't converged yet. "
                "Increase max_iter, or stop earlier by tol and n_iter_no_change. If that many were "
                "planned, set tol=None.",
                ConvergenceWarning,
            )

    def _tell_diverged(self, error):
        epoch = len(self.history.loss) - self._n_before + 1
        if error.at_start:
            raise ValueError(self._diverged_at_start(error, epoch)) from None
        be = "are" if error.what == "weights" else "is"
        warn(
            f"Training diverged in epoch {epoch}: the {error.what} {be} non-finite. Training stopped, "
            "and the last weights at which loss and gradient were finite are kept. Gradient norms of the "
            f"updates before: {in_words(error.norms)}. {self._what_to_try()}",
            ConvergenceWarning,
        )

    def _diverged_at_start(self, error, epoch):
        trained = self.history.n_updates > 0
        text = (
            f"The {error.what} is not finite at the {'present' if trained else 'initial'} weights, "
            f"before the first update (epoch {epoch})."
        )
        if norms := self.history.grad_norm[-N_NORMS:]:
            text += (
                f" Mean gradient norms of the epochs before: {in_words(norms)}. If these updates led "
                "there, and not this X, fit a new estimator."
            )
        return f"{text} {self._what_to_try(at_start=not trained)}"

    def _what_to_try(self, at_start=False):
        """What helps against a loss that is not finite, in the order in which to try it."""
        settings, tips = self.settings, [self.settings.to_be_scaled]
        rate = settings.learning_rate_init if self.run.is_part else settings.rate_of(self.task.data.n)
        if not (at_start or settings.full_batch):
            if settings.clip_norm is None or settings.clip_norm > 1:
                tips.append(f"set clip_norm=1.0 (now {settings.clip_norm})")
            tips.append(f"lower learning_rate_init (now {rate:g})")
            if settings.clip_norm is not None and settings.clip_norm <= 1:
                tips.append(f"lower clip_norm (now {settings.clip_norm:g})")
        return f"To try: {'; '.join(tips)}; lower alpha (now {settings.alpha:g})."


def in_words(norms):
    """Gradient norms as messages tell them."""
    return ", ".join(f"{g:.3g}" for g in norms)
