"""The estimator inside a ``Forecaster``: a regressor of skrnn, or a pipeline that ends in one.

Shapes: n series of T_i steps, F features.
"""

import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.pipeline import Pipeline

from skrnn._engine.inference import ends
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.series import publish
from skrnn._estimators.streaming import advance, stream_of
from skrnn._estimators.unwrap import unwrap
from skrnn._settings.quoting import quote
from skrnn._transformers.base import SequenceTransformer
from skrnn._transformers.time_distributed import TimeDistributed

# Parameters that are the Forecaster's to say.
OURS = {
    "rows": "sequences", "step_features": 1, "sequence_id": None, "return_sequences": True,
    "initial_state": "zeros",
}  # fmt: skip
# Steps of an update where the estimator leaves it open: hundreds of updates are needed, and one for all
# steps gives few in an epoch. With a season d, so many seasons: on hourly series, whose weeks differ from
# day to day, 7 d had 3 % less error than 100 steps and 5 % less than 50.
K1, SEASONS = 50, 7
QUIET = {"over": "ignore", "invalid": "ignore"}


def prepared(estimator, *, changes_y, embedding):
    """A clone that reads lists of series, with a target for each step.

    Parameters
    ----------
    estimator : object
    changes_y : bool
        Whether y is scaled or differenced, so that it may be negative.
    embedding : dict
        The parameters of the regressor by which it reads some columns as codes; empty: none.

    Raises
    ------
    TypeError
        If the estimator is neither a regressor of skrnn nor a pipeline that ends in one.
    ValueError
        If it has a setting by which it would read later steps, or would not answer with a number.
    """
    inner = clone(estimator)
    last = last_of(inner)
    _check(last)
    if last.loss == "poisson" and changes_y:
        raise ValueError(
            f'loss="poisson" of {type(last).__name__} needs y as it is: set scale=None and '
            "difference=None of Forecaster, or another loss."
        )
    if embedding and last is not inner:
        raise ValueError(
            "embed and a Pipeline do not go together: its transformers would take codes for numbers. "
            f"Pass the {type(last).__name__} alone, or embed=None."
        )
    last.set_params(**OURS, **embedding)
    if isinstance(inner, Pipeline):
        inner.steps = [(name, _per_step(name, step)) for name, step in inner.steps[:-1]] + [
            (inner.steps[-1][0], last)
        ]
    return inner


def last_of(estimator):
    """The regressor of skrnn that an estimator is, or ends in; a TypeError if there is none."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(last, BaseRNN) or not is_regressor(last):
        is_class = isinstance(last, type)
        got = f"the class {last.__name__}: pass {last.__name__}()" if is_class else type(last).__name__
        raise TypeError(
            f"estimator must be a regressor of skrnn, or a Pipeline that ends in one, got {got}."
        )
    return last


def trained(estimator, X, y, difference=None):
    """The estimator fitted to lists of series, whose season is ``difference``.

    With ``early_stopping`` the last rows of every series are held out, and not some of the series.
    """
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if last.k1 is None and last.k2 in (None, "auto") and last.solver != "lbfgs":
        last.set_params(k1=max(K1, SEASONS * (difference or 1)))
    if not last.early_stopping or not 0 < last.validation_fraction < 1:  # which fit says
        return estimator.fit(X, y)
    X, y, X_val, validation = hold_out_last(X, y, last.validation_fraction)
    if last is not estimator and len(estimator.steps) > 1:
        # a Pipeline would not transform X_val; transformers learn from the training rows
        front = estimator[:-1]
        X = front.fit_transform(X, y)
        X_val = front.transform(X_val)
        estimator.steps = [*front.steps, estimator.steps[-1]]
    last.fit(X, y, X_val=X_val, **validation)
    return estimator


def hold_out_last(X, y, fraction):
    """Series without their last rows, and these as validation data.

    Validation series are whole, so that the network gets to the rows that count in the state that the
    rows before have left; those have no weight. Where a row has the targets of several steps, training
    ends so much earlier that no target is in both.

    Parameters
    ----------
    X, y : lists of (T_i, F) and (T_i,) or (T_i, H) arrays
    fraction : float
        Of the rows of each series.

    Returns
    -------
    X, y : lists of arrays
        To train on; series that are too short are whole.
    X_val : list of arrays
    validation : dict
        ``y_val`` and ``sample_weight_val``.
    """
    lengths = np.array([len(one) for one in y])
    held = np.maximum(1, np.rint(fraction * lengths)).astype(np.intp)
    gap = y[0].shape[1] - 1 if y[0].ndim == 2 else 0
    kept, long = lengths - held - gap, np.flatnonzero(lengths - held - gap >= 1)
    if not len(long):
        raise ValueError(
            f"early_stopping=True holds out {held.max()} of the last rows, and {gap} before them whose "
            f"targets overlap, but the longest series has {lengths.max()} to learn from: pass longer "
            "series, a smaller horizon or validation_fraction, or set early_stopping=False."
        )
    kept = np.where(kept >= 1, kept, lengths)
    weights = [(np.arange(lengths[i]) >= lengths[i] - held[i]).astype(np.float64) for i in long]
    validation = {"y_val": [y[i] for i in long], "sample_weight_val": weights}
    parts = [[one[:n] for one, n in zip(values, kept, strict=True)] for values in (X, y)]
    return *parts, [X[i] for i in long], validation


def _check(regressor):
    name = type(regressor).__name__
    for parameter, allowed, why in (
        ("bidirectional", (False,), "the reverse direction reads the steps that are to be forecast"),
        ("target_delay", (0,), "the prediction of a step would be read after steps that are to come"),
        ("gradient", ("bptt",), "the other gradients are those of a table that is learned row by row"),
        ("embedding_size", (None,), "columns that get vectors are named in embed of the Forecaster"),
    ):
        value = regressor.get_params()[parameter]
        if value not in allowed:
            raise ValueError(
                f"{parameter}={quote(value)} of {name} and Forecaster do not go together: {why}. Set it "
                f"to {quote(allowed[0])}."
            )
    quantile = regressor.quantile
    if regressor.loss == "quantile" and np.ndim(quantile):
        raise ValueError(
            f"quantile={quote(quantile)} of {name} and Forecaster do not go together: predict answers "
            "with one number per row. Set a single quantile; levels of Forecaster give intervals."
        )


def _per_step(name, step):
    """A transformer of tables as one of sequences."""
    if step is None or step == "passthrough" or isinstance(step, TimeDistributed):
        return step
    if isinstance(step, SequenceTransformer):
        raise ValueError(
            f"Step {quote(name)} of the Pipeline is a {type(step).__name__}, which makes sequences of a "
            "table: the Forecaster does that. Take it out."
        )
    return TimeDistributed(step)


class Stepper:
    """A fitted estimator after the last steps of n series, and on from there, each in several copies.

    Parameters
    ----------
    estimator : object
        Fitted, as ``prepared``.
    X : list of (T_i, F) arrays
    copies : int
        How often each series goes on: copies of one stand side by side.

    Attributes
    ----------
    answer : (n * copies[, K]) array
        The prediction for the last step.
    """

    def __init__(self, estimator, X, copies=1):
        self._inside = inside = unwrap(estimator)
        self._model = model = inside.model
        container = inside.read(inside.transform(X))
        with np.errstate(**QUIET):
            raw, states = ends(
                model.network(n_threads=inside.n_threads), model.theta, container.sequences, model.dtype,
                start=None,
            )  # fmt: skip
        states = [tuple(np.repeat(s, copies, axis=0) for s in layer) for layer in states]
        self._predict = model.answers()["predict"]
        self._stream = stream_of(model, len(X) * copies, start=publish(states), with_answers=False)
        self.answer = self._predict(np.repeat(raw, copies, axis=0))

    def step(self, x):
        """The predictions for the next step x (n * copies, F)."""
        sequences = self._inside.read(self._inside.transform(x[:, None])).sequences
        x = sequences.take(np.arange(len(x)), np.zeros(len(x), dtype=np.intp))
        with np.errstate(**QUIET):
            return self._predict(advance(self._stream, x))
