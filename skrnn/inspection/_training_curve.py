"""The course of training: loss, validation, gradient norm, clipping, k2."""

import numpy as np
from sklearn.base import is_classifier

from skrnn._estimators.base import Trainable
from skrnn.inspection._inspected import look_into
from skrnn.inspection._plotting import BLUE, GREEN, ORANGE, RED, log_if_wide, panels, pyplot
from skrnn.solvers import SOLVERS


class TrainingCurveDisplay:
    """The course of training, epoch by epoch.

    Panels for the loss of training and validation, the validation score, the norm of the gradient with
    the line beyond which it was clipped, the share of updates that were clipped, and k2 if it was chosen
    while training. A panel for which there are no data is left out. Make it by `from_estimator`.

    Parameters
    ----------
    loss : array-like of shape (n_epochs,)
        The loss of training.
    validation_loss : array-like of shape (n_epochs,), default=None
        The loss of the validation data.
    validation_score : array-like of shape (n_epochs,), default=None
        The score of the validation data.
    grad_norm : array-like of shape (n_epochs,), default=None
        The mean norm of the gradient over the updates of an epoch, before clipping.
    clipped_fraction : array-like of shape (n_epochs,), default=None
        The share of the updates in which the gradient was clipped.
    clip_norm : float, default=None
        The norm that gradients are clipped to.
    k2 : array-like of shape (n_epochs,), default=None
        The truncation of each epoch.
    estimator_name : str, default=None
        The title.
    score_name : str, default="score"
        What the validation score is.

    Attributes
    ----------
    axes_ : ndarray of shape (n_panels,)
        The axes, one for each panel.
    ax_ : matplotlib Axes
        The first of them, that of the loss.
    figure_ : matplotlib Figure
        The figure that they are in.
    lines_ : dict of str to matplotlib Line2D
        The lines, by the names of the parameters.

    See Also
    --------
    GradientFlowDisplay : How far back the gradient of the loss reaches.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import TrainingCurveDisplay
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 1))
    >>> model = GRURegressor(early_stopping=True, tol=0.1, random_state=0).fit(X, X[:, -2, 0])
    >>> display = TrainingCurveDisplay.from_estimator(model)
    >>> sorted(display.lines_)
    ['clip_norm', 'clipped_fraction', 'grad_norm', 'loss', 'validation_loss', 'validation_score']
    """

    def __init__(
        self, *, loss, validation_loss=None, validation_score=None, grad_norm=None,
        clipped_fraction=None, clip_norm=None, k2=None, estimator_name=None, score_name="score",
    ):  # fmt: skip
        self.loss = loss
        self.validation_loss = validation_loss
        self.validation_score = validation_score
        self.grad_norm = grad_norm
        self.clipped_fraction = clipped_fraction
        self.clip_norm = clip_norm
        self.k2 = k2
        self.estimator_name = estimator_name
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the course of training of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator of skrnn, encoder-decoders included, or a fitted `Pipeline` or search that
            ends in one.
        ax : matplotlib Axes or array-like of Axes, default=None
            As in `plot`.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If it is none of those named.
        ValueError
            If there has been no epoch, or if `ax` does not fit the panels.
        """
        caller = f"{cls.__name__}.from_estimator"
        pyplot(caller)
        model = look_into(estimator, caller, Trainable).estimator
        if not model.loss_curve_:
            raise ValueError(f"{type(model).__name__} has no epoch to show: training did not begin.")
        clips = (model.clip_norm, model.clip_value) != (None, None)
        clips &= not SOLVERS[model.solver].full_batch  # which clips nothing
        return cls(
            loss=model.loss_curve_,
            validation_loss=model.validation_loss_curve_,
            validation_score=model.validation_scores_,
            grad_norm=model.grad_norm_curve_,
            clipped_fraction=model.clipped_fraction_curve_ if clips else None,
            clip_norm=model.clip_norm if clips else None,
            k2=model.k2_curve_ if model.k2 == "auto" else None,
            estimator_name=type(model).__name__,
            score_name="accuracy" if is_classifier(model) else "score",
        ).plot(ax)

    def plot(self, ax=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw: one axes, whose place is divided among the panels, or one for each panel.
            `None`: a new figure.

        Returns
        -------
        display : TrainingCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If `ax` does not fit the panels.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        draw = [self._draw_loss]
        for curve, function in (
            (self.validation_score, self._draw_score),
            (self.grad_norm, self._draw_grad_norm),
            (self.clipped_fraction, self._draw_clipped),
            (self.k2, self._draw_k2),
        ):
            draw += [function] if _is_there(curve) else []
        axes = panels(plt, ax, (len(draw), 1), size=(6.4, 1.2 + 1.7 * len(draw)))
        self.lines_ = {}
        for one, function in zip(axes, draw, strict=True):
            function(one)
            one.margins(x=0.02)
            one.grid(alpha=0.3)
        axes[-1].set_xlabel("epoch")
        axes[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        if self.estimator_name:
            axes[0].set_title(self.estimator_name)
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        return self

    def _line(self, ax, name, label, **style):
        curve = np.array(getattr(self, name), dtype=float)
        marker = "o" if len(curve) == 1 else None  # a line of one point is not seen
        (self.lines_[name],) = ax.plot(
            np.arange(1, len(curve) + 1), curve, label=label, marker=marker, **style
        )

    def _draw_loss(self, ax):
        self._line(ax, "loss", "training", color=BLUE)
        curves = [self.loss]
        if _is_there(self.validation_loss):
            self._line(ax, "validation_loss", "validation", color=ORANGE, linestyle="--")
            curves.append(self.validation_loss)
            ax.legend()
        ax.set_ylabel("loss")
        log_if_wide(ax, *curves)

    def _draw_score(self, ax):
        self._line(ax, "validation_score", None, color=ORANGE, linestyle="--")
        ax.set_ylabel(f"validation\n{self.score_name}")

    def _draw_grad_norm(self, ax):
        self._line(ax, "grad_norm", "mean of the epoch", color=GREEN)
        curves = [self.grad_norm]
        if self.clip_norm is not None:
            self.lines_["clip_norm"] = ax.axhline(
                self.clip_norm, color=RED, linestyle=":", label=f"clip_norm={self.clip_norm:g}"
            )
            curves.append([self.clip_norm])
            ax.legend()
        ax.set_ylabel("gradient\nnorm")
        log_if_wide(ax, *curves)

    def _draw_clipped(self, ax):
        self._line(ax, "clipped_fraction", None, color=RED)
        ax.set_ylabel("share of\nupdates clipped")
        ax.set_ylim(-0.05, 1.05)

    def _draw_k2(self, ax):
        self._line(ax, "k2", None, color=BLUE, drawstyle="steps-mid")
        ax.set_ylabel("k2\n(time steps)")


def _is_there(curve):
    """Whether there is something to draw: a curve with a number in it."""
    return curve is not None and np.isfinite(np.array(curve, dtype=float)).any()
