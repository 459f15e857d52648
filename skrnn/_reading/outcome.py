"""What the curve of a training run says about it: nothing was learned, or what was learned was lost.

Both are compared with the loss of the best answer that does not look at X, which a mean, or the shares of
the classes, reach without any network. To add a cause of learning nothing, add it to ``causes`` where it
belongs: what the data show comes first, what may always be comes last.
"""

from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn._reading.advice import FAR, is_candidate, warn
from skrnn._reading.single_steps import WHAT_TO_DO, has_single_steps
from skrnn._reading.statistics import moments, sample

# A model that keeps this share of the loss of a constant answer has learned hardly anything; that is said
# after so many epochs, or at once if the scale of X explains it.
HARDLY, NOTHING_LEARNED, A_FAIR_CHANCE = 0.9, 0.98, 20
# With a constant y, or a single class, there is nothing to learn: a constant has no loss but round-off.
NOTHING = 1e-6
# Features differ "by many orders" beyond WIDE, are far from one beyond FAR (of ``advice.py``), and far
# from zero if they vary so much less than they are large.
WIDE, OFF_CENTRE = 1e3, 20.0
# What was learned is lost if the loss rises by this share of the way down from that of a constant answer;
# in the first epochs it may rise and fall, and later by some of the usual steps from epoch to epoch, but
# not by half of the way.
LOST, HALF, FIRST_EPOCHS, UNREST, LATELY = 0.2, 0.5, 10, 4.0, 20
# From so many steps on the last state may have forgotten what came first.
LONG = 20
# A whole number is a token, perhaps, if neighbours are as far apart as any two steps.
NO_ORDER = 0.8
# Values of so many deviations make updates that undo the others.
OUTLYING = 30

_FOR_TOKENS = "take the encoder-decoder of tokens, as GRUEncoderDecoder"


class Outcome(NamedTuple):
    """A run as it ended.

    Attributes
    ----------
    losses : list of float
        Of every epoch; those of the validation data, if the weights that are kept are those at the best.
    constant : float
        The loss of the best answer that does not look at X, for the same data.
    X : Sequences
        What was trained on.
    columns : Sequences
        The same; of a table every row as a single step, so that its features are the columns.
    settings : SequenceSettings
    keeps_best : bool
        Whether the weights that are kept are the best ones, and not the last.
    is_compared : bool
        Whether it is a candidate of a search, whose score tells what came out.
    n_epochs : int
        Of this call of fit, and of those that it goes on from.
    n_columns : int
        Of y, where there is one row for each sequence.
    """

    losses: list
    constant: float
    X: object
    columns: object
    settings: object
    keeps_best: bool = False
    n_epochs: int = 0
    n_columns: int = 0
    is_compared: bool = False

    @property
    def is_table(self):
        """Whether the rows of a table were the sequences: features are then called columns."""
        return self.columns is not self.X


def too_early(losses):
    """Whether nothing can be told yet of training with these losses."""
    return len(losses) < 2


def advise_on_outcome(outcome):
    """Warn if training has learned hardly anything, or ended far above its own best."""
    losses, constant = outcome.losses, outcome.constant
    if too_early(losses) or not constant >= NOTHING or not np.isfinite(losses).all():
        return  # or there is nothing to learn
    best = min(losses)
    down = constant - best
    outcome = outcome._replace(is_compared=is_candidate())
    if best > HARDLY * constant:
        _advise_on_nothing_learned(outcome, best)
    elif outcome.keeps_best or outcome.is_compared or len(losses) < FIRST_EPOCHS:
        return
    elif losses[-1] - best > min(max(LOST, UNREST * unrest(losses) / down), HALF) * down:
        _advise_on_loss_of_the_best(outcome, best)


def unrest(losses):
    """The usual change of the loss from one epoch to the next, on the way to the best."""
    end = len(losses) - losses[::-1].index(min(losses))
    return float(np.median(np.abs(np.diff(losses[max(0, end - LATELY) : end])))) if end > 1 else 0.0


def _advise_on_nothing_learned(outcome, best):
    what = (
        f"The model has hardly learned anything (loss {best:.3g}; a constant answer has "
        f"{outcome.constant:.3g})"
    )
    scale = None if outcome.X.dtype else scale_of(outcome.columns, is_table=outcome.is_table)
    if scale is not None and not _may_be_tokens(outcome.X):
        warn(f"{what}, and {scale}", ConvergenceWarning)
    elif outcome.is_compared or best <= NOTHING_LEARNED * outcome.constant:
        return
    elif outcome.n_epochs >= A_FAIR_CHANCE:
        warn(f"{what}. To try, in this order: {'; '.join(causes(outcome))}.", ConvergenceWarning)


def causes(outcome):
    """What may help a model that has learned nothing, the likeliest first."""
    settings, X, tips = outcome.settings, outcome.X, []
    T = int(X.lengths.max())
    if not settings.per_step and has_single_steps(X):
        tips.append(f"every sequence of X has one time step only. {WHAT_TO_DO}")
    elif _may_be_tokens(X):
        how = "set embedding_size" if hasattr(settings, "embedding_size") else _FOR_TOKENS
        tips.append(f"if the whole numbers of X are ids of tokens or categories, {how}")
    if X.dtype is None and (offset := offset_of(X)):
        tips.append(f"standardise X: {offset}")
    if T >= LONG and isinstance(settings.initial_forget_bias(T), float):
        tips.append('forget_bias="chrono", so that the network remembers for longer at the start')
    if not settings.per_step and settings.pooling == "last" and T >= LONG:
        tips.append(f'pooling="max" or "mean", as the answer is read from the last of {T} steps only')
    if outcome.n_columns == T > 1:
        tips.append("return_sequences=True, if y has one target per time step")
    rate = settings.rate_of(X.n)
    if not settings.full_batch:
        tips.append(f"a learning_rate_init three times as high, or as low, as {rate:g}")
    tips.append("the targets may not depend on X as it was passed: look at a plain model's score")
    return tips


def _may_be_tokens(X):
    """Whether X holds whole numbers of one feature, and neighbours are as far apart as any two."""
    if X.dtype is not None or X.codes or X.n_features > 1 or int(X.lengths.max()) < 2:
        return False
    x = np.concatenate([part.ravel() for part, _ in sample(X)])
    if len(x) < 2 or x.min() < 0 or (x != np.rint(x)).any():
        return False
    shuffled = np.random.RandomState(0).permutation(x)
    apart = np.abs(np.diff(shuffled)).mean()
    return apart > 0 and np.abs(np.diff(x)).mean() > NO_ORDER * apart


def offset_of(X):
    """The feature in the middle of those that lie far from zero, in words; None if most do not."""
    mean, deviation, size, _ = moments(X)
    varied = np.flatnonzero(deviation)
    ratio = size[varied] / deviation[varied]
    if not len(varied) or np.median(ratio) <= OFF_CENTRE:
        return None
    k = int(varied[np.argsort(ratio)[len(ratio) // 2]])
    return f"feature {k} varies by {deviation[k]:.1e} around {mean[k]:.1e}"


def scale_of(sequences, *, is_table):
    """What is wrong with the scale of X, and what to do, in words; None if nothing is.

    Features are on very different scales, or far from 1.
    """
    name = "column" if is_table else "feature"
    _, deviation, size, _ = moments(sequences)
    varied = np.flatnonzero(deviation)
    if not len(varied):
        return None
    low, high = (int(varied[pick(deviation[varied])]) for pick in (np.argmin, np.argmax))
    largest = int(np.argmax(size))
    if deviation[high] > WIDE * deviation[low]:
        what = (
            f"the {name}s of X differ in scale: the standard deviation of {name} {low} is "
            f"{deviation[low]:.1e}, that of {name} {high} {deviation[high]:.1e}"
        )
    elif size[largest] > FAR or size[largest] < 1 / FAR:
        what = f"X is far from 1: the root mean square of {name} {largest} is {size[largest]:.1e}"
    else:
        return None
    how = "StandardScaler" if is_table else "the mean and deviation of all its time steps"
    return f"{what}. Standardise every {name} of X, by {how}."


def _advise_on_loss_of_the_best(outcome, best):
    settings, losses = outcome.settings, outcome.losses
    tips = [f"lower learning_rate_init (now {settings.rate_of(outcome.X.n):g})"]
    if outcome.X.dtype is None:
        _, deviation, _, largest = moments(outcome.X)
        k = int(np.argmax(largest / np.where(deviation > 0, deviation, np.inf)))
        if largest[k] > OUTLYING * deviation[k] > 0:
            tips.insert(
                0, f"clip feature {k} of X, whose values reach {largest[k]:.3g}, or take its root"
            )
    warn(
        f"Training ended at a loss of {losses[-1]:.3g}, far above the {best:.3g} of epoch "
        f"{losses.index(best) + 1}, and keeps its last weights. To try: {'; '.join(tips)}; or set "
        "early_stopping=True, which keeps the best ones.",
        ConvergenceWarning,
    )
