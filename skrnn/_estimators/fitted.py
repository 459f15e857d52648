"""What a fitted estimator is: a model, the history of its training, and what going on needs.

``Fitted`` is made by ``Trainer`` and written to the estimator by one function only (``base.py``); its
public attributes follow from it.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from skrnn._engine.model import Model
from skrnn._engine.run import History, Run
from skrnn._estimators.series import Series


@dataclass(frozen=True, eq=False)
class Fitted:
    """The state of a fitted estimator.

    Attributes
    ----------
    model : Model
    history : History
    n_iter : int
    has_validation : bool
        Whether the latest run had data that it did not see.
    stops_early : bool
        Whether these, and not the training loss, said when it ended.
    series : Series or None
    solver, random_state : object or None
        Where training may go on.
    run : Run or None
        The run in the middle of which this was saved.
    """

    model: Model
    history: History
    n_iter: int = 0
    has_validation: bool = False
    stops_early: bool = False
    series: Series | None = None
    solver: object = None
    random_state: np.random.RandomState | None = None
    run: Run | None = None

    def without_memory(self):
        """The same without what only going on needs: most of the pickle."""
        return replace(self, solver=None, random_state=None)

    def unfinished_run(self, settings):
        """The run that a call of fit with these settings may finish, and the weights it had come to."""
        if self.run is None or self.run.settings != settings.of_a_run():
            return None, self.model.theta
        run = deepcopy(self.run)
        theta = self.model.theta if run.theta is None else run.theta  # the monitor has the best so far
        run.theta = None
        run.monitor.tol, run.monitor.n_iter_no_change = settings.tol, settings.n_iter_no_change
        return run, theta

    def attributes(self):
        """Name -> value of the public attributes."""
        facts = self.model.facts
        return {
            **of_form(facts.form),
            **facts.targets.published(),
            **(self.series.published() if self.series else {}),
            **of_history(self.history, self.n_iter),
            **self._of_validation(),
        }

    def _of_validation(self):
        """What is published of validation, and of the best epoch."""
        history, scores = self.history, self.history.validation_score
        published = {
            "validation_loss_curve_": list(history.validation_loss),
            "validation_scores_": list(scores),
            "best_validation_score_": max((s for s in scores if not np.isnan(s)), default=np.nan),
        }
        best = None if self.stops_early else min(history.loss, default=np.nan)
        return (published if self.has_validation else dict.fromkeys(published)) | {"best_loss_": best}


def of_form(form):
    """What is published of how X is read."""
    if form is None:
        return {}
    names = {} if form.feature_names is None else {"feature_names_in_": form.feature_names}
    return {"n_features_in_": form.n_features_in, "n_step_features_": form.n_step_features, **names}


def of_history(history, n_iter):
    """What is published of the course of training."""
    return {
        "n_iter_": n_iter,
        "n_updates_": history.n_updates,
        "loss_curve_": list(history.loss),
        "grad_norm_curve_": list(history.grad_norm),
        "clipped_fraction_curve_": list(history.clipped_fraction),
        "k2_curve_": list(history.k2),
        "loss_": history.loss[-1] if history.loss else np.nan,
    }
