"""Training on data that come in parts, for several epochs: what ``fit_stream`` runs.

A first pass looks at y, so that its mean and deviation, or the classes, are those of all parts. Then
every epoch is a pass over the parts, each of them what ``partial_fit`` makes of it, at the rate that the
schedule of the estimator gives; the history has one entry per epoch, as that of ``fit``. ``Training``
holds what has to be saved of it, and no data. Shapes: y (rows, K) of a part.
"""

from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from skrnn._engine.run import History, Monitor, Run
from skrnn._engine.training import tell
from skrnn._estimators.callbacks import are_equal
from skrnn._estimators.labels import labels_of
from skrnn._estimators.numbers import moments
from skrnn._estimators.progress import progress
from skrnn._reading.reader import TRAINING, Reader, Task
from skrnn._reading.weights import weight_of_rows


class Summary:
    """What the first pass has seen of all parts.

    Parameters
    ----------
    estimator : BaseRNN
    parts : iterable of tuples (X, y, weight)

    Attributes
    ----------
    n, n_steps, n_targets, longest : int
        Sequences, their steps, entries of y, and steps of the longest.
    of_targets : dict
        What the first call of ``partial_fit`` is told.
    counts : dict
        Label -> the weight of its targets.
    """

    def __init__(self, estimator, parts):
        settings = settings_of_parts(estimator)
        self.n = self.n_steps = self.n_targets = self.longest = 0
        self.counts, self._W, self._mean, self._deviation = {}, 0.0, 0.0, 0.0
        reader, names = Reader(settings), TRAINING._replace(model=settings.name)
        labels = hasattr(settings, "class_weight")
        for X, y, weight in parts:
            passed = reader.as_passed(X, y, weight, None, names)
            lengths = passed.container.sequences.lengths
            self.n, self.longest = self.n + len(lengths), max(self.longest, int(lengths.max()))
            self.n_steps, self.n_targets = self.n_steps + int(lengths.sum()), self.n_targets + len(y)
            w = weight_of_rows(*passed.weights, passed.container.samples, len(passed.y))
            self._count(passed, w) if labels else self._add(passed.y, w)
            del X, y, weight, passed  # before the next part is read
        if not self.n:
            raise ValueError("batches gave no part with any weight: each epoch needs one at least.")
        if labels:
            self.of_targets = {"classes": labels_of(list(self.counts))}
        else:
            scale = self._deviation
            constant = scale <= 1e-14 * np.abs(self._mean)
            self.of_targets = {"y_mean": self._mean, "y_scale": np.where(constant, 1.0, scale)}

    def _count(self, passed, w):
        if not passed.is_1d:
            self.counts |= dict.fromkeys(range(passed.y.shape[1]), 1.0)
            return
        labels, number = np.unique(passed.y[:, 0], return_inverse=True)
        for label, total in zip(labels.tolist(), np.bincount(number.ravel(), w), strict=True):
            self.counts[label] = self.counts.get(label, 0.0) + total

    def _add(self, y, w):
        """Mean and deviation of what was seen and of y together, without squares that may overflow."""
        W = w.sum()
        if not W:
            return
        mean, deviation = moments(y, w)
        new = W / (self._W + W)
        change, seen = mean - self._mean, 1 - new
        parts = np.sqrt(seen) * self._deviation, np.sqrt(new) * deviation, np.sqrt(seen * new) * change
        self._deviation = np.hypot(np.hypot(*parts[:2]), parts[2])
        self._mean = self._mean + change * new
        self._W += W


class Training:
    """Training in parts on its way.

    Parameters
    ----------
    estimator : BaseRNN
    summary : Summary
    epochs : int or None
        None: as ``max_iter`` of the estimator says for so many sequences.
    is_validated : bool
        Whether there are validation data, by which it stops, and by which the best weights are kept.

    Attributes
    ----------
    model : BaseRNN
        What is trained.
    run : Run
    history : History
    given : dict
        The parameters of the estimator.
    """

    def __init__(self, estimator, summary, epochs, *, is_validated):
        settings = settings_of_parts(estimator)
        schedule_settings = estimator._settings_now()
        n, T = summary.n, summary.longest
        epochs = schedule_settings.max_iter_of(n, T) if epochs is None else epochs
        schedule = schedule_settings.schedule_class(schedule_settings.rate_of(n), epochs)
        monitor = Monitor(settings.tol, settings.n_iter_no_change, keep_best=is_validated)
        self.run, self.history = Run(epochs, monitor, schedule), History()
        self.given, self._summary = estimator.get_params(deep=False), summary
        self._first, self.model = summary.of_targets, deepcopy(estimator)
        if not (estimator.warm_start and estimator.__sklearn_is_fitted__()):
            self.model._publish(None)
        if is_balanced(estimator):
            self.model.set_params(class_weight=balanced(summary.counts))
        self.model.set_params(verbose=0)

    def epoch(self, parts, validation, observers):
        """A pass over all parts; whether training is done with it."""
        number = self.run.epoch
        if tell(observers, "begin_epoch", number):
            return True
        self.model.set_params(learning_rate_init=self.run.schedule.rate(number))
        sums, n_updates = np.zeros(4), 0
        for X, y, weight in parts:
            first = {} if self.model.__sklearn_is_fitted__() else self._first
            self.model.partial_fit(X, y, sample_weight=weight, **first)
            fitted = self.model._fitted
            of_part, n = fitted.history, len(y)
            means = of_part.loss[-1], of_part.grad_norm[-1], of_part.clipped_fraction[-1]
            sums += n * np.array([1.0, *means])
            n_updates += of_part.n_updates
            self.model._publish(replace(fitted, history=History()))
            tell(observers, "progress", n)
            del X, y, weight  # before the next part is read
        if not n_updates:
            raise ValueError(f"batches gave no part in epoch {number}: each epoch needs one at least.")
        validated = validation and self._validator(*validation)(self.model._fitted.model.theta)
        means = (sums[1:] / sums[0]).tolist()
        self.history.record(*means, n_updates, validated, k2=of_part.k2[-1] or None)
        watched = self.history.validation_loss if validation else self.history.loss
        self.run.record(watched[-1], self.model._fitted.model.theta)
        done = tell(observers, "end_epoch", self.history, number)
        return done or self.run.done or self.run.epoch >= self.run.max_iter

    def _validator(self, X, y, weight):
        """theta -> loss and score for validation data."""
        settings, model = self.model._settings_now(), self.model._fitted.model
        task = Task(settings, model.facts, None, None)
        reader = Reader(settings, model.facts)
        held_out = reader.read_like_fit(X, y, weight, None).without_zero_weights()
        return task.validator(model.network(n_threads=self.model._n_threads()), held_out)

    def is_of(self, estimator, epochs, is_validated):
        """Whether a call with these goes on from here."""
        same = all(map(are_equal, estimator.get_params(deep=False).values(), self.given.values()))
        lengths = epochs in (None, self.run.max_iter)
        return (
            same
            and type(estimator) is type(self.model)
            and lengths
            and (is_validated == self.run.monitor.keep_best)
        )

    def observers(self):
        """Those that show how training goes on."""
        verbose, seen = self.given["verbose"], self._summary
        size = SimpleNamespace(n=seen.n_targets, lengths=np.array([seen.n_steps]))
        return [progress(verbose, self.run.max_iter, size)] if verbose else []

    def publish(self, estimator):
        """Write what has come out to the estimator: the best weights, if there were validation data."""
        fitted, best = self.model._fitted, self.run.monitor.best_theta
        is_validated = self.run.monitor.keep_best
        fitted = replace(
            fitted, model=fitted.model if best is None else fitted.model.with_theta(best),
            history=self.history, n_iter=self.run.epoch, has_validation=is_validated,
            stops_early=is_validated,
        )  # fmt: skip
        estimator._publish(fitted if estimator.warm_start else fitted.without_memory())


def is_balanced(estimator):
    """Whether classes are to have the same total weight, which one pass over all parts tells."""
    weight = getattr(estimator, "class_weight", None)
    return isinstance(weight, str) and weight == "balanced"


def settings_of_parts(estimator):
    """The checked settings of ``partial_fit``, to which the weights of classes will be known."""
    estimator._can_partial_fit()  # or an AttributeError
    if is_balanced(estimator):
        estimator = deepcopy(estimator).set_params(class_weight=None)
    return estimator._settings(partial_fit=True)


def balanced(counts):
    """Label -> weight, by which all have the same total weight."""
    mean = sum(counts.values()) / len(counts)
    return {label: mean / one if one else 1.0 for label, one in counts.items()}
