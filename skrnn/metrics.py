"""Scorers that count time steps, for ``scoring=`` in searches and cross-validation: ``sequence_scorer``.

scikit-learn's scorers hand y and an estimator's answers to a metric as they are. With targets per time
step that raises, or it scores something else: the accuracy of binary (n, T) is that of whole sequences.
Here the wrapped scorer is given flat targets and weights, and in place of the estimator one whose
answers are flat (``_FlatAnswers``). Which method it asks, the positive label, the sign and the options
of the metric stay scikit-learn's affair.

==============================================  ==============================
y, answers, weights of the steps                become
==============================================  ==============================
(n, T[, K]), or a list of (T_i,) or (T_i, K)    (sum of T_i[, K])
weights (n,) of the sequences                   (sum of T_i,), each repeated
==============================================  ==============================

Of several labels (an indicator) some metrics of scikit-learn take the columns for classes that exclude
each other; these are computed label by label here (``_BY_LABEL``).
"""

import copy
from inspect import Parameter, signature

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer, log_loss
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.multiclass import type_of_target

from skrnn._engine.storage import Sequences
from skrnn._estimators.numbers import in_a_unit
from skrnn._estimators.unwrap import WRAPPERS, answers_per_step, unwrap
from skrnn._reading.containers import as_items
from skrnn._reading.weights import read_weights
from skrnn._settings.quoting import listed, quote
from skrnn.encoder_decoder_regressors import SequenceEncoderDecoderRegressor

__all__ = ["sequence_scorer"]

_ANSWERS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def sequence_scorer(scoring, **kwargs):
    """Make a scorer that counts time steps.

    The targets, the answers and the weights of all time steps of all sequences are laid one after the
    other, and scored as scikit-learn would score that many samples. Long sequences count for more than
    short ones.

    Parameters
    ----------
    scoring : str or callable
        A name that scikit-learn's `get_scorer` knows, like "accuracy", "f1_macro", "r2" or
        "neg_log_loss"; what its `make_scorer` returns; or another callable `scorer(estimator, X, y)`. A
        metric itself, `metric(y_true, y_pred)`, is to be wrapped by `make_scorer` first.
    **kwargs : dict
        Options of the metric, for a name or the result of `make_scorer`: `pos_label="yes"`, for example.

    Returns
    -------
    scorer : callable
        `scorer(estimator, X, y, sample_weight=None)` returns a float, greater is better. For `scoring=`
        wherever scikit-learn takes a scorer, also as a value in a dict of several. With metadata routing
        on it has `set_score_request`. The weights are (n_sequences,), or one for every time step.

    Raises
    ------
    ValueError
        If `scoring` is no known name, or a metric, or if the metric has no such option.
    TypeError
        If `scoring` is neither a name nor callable.

    Notes
    -----
    Whether answers are per time step, `return_sequences` of the fitted estimator says, of the last step
    for a pipeline. For estimators that have no such parameter, y says: a list or object array of arrays,
    and a 3-D array, hold targets per time step; an array (n, k) holds k outputs per sequence, unless
    `predict` answers with a list or object array of arrays. Encoder-decoders of numbers, as
    :class:`~skrnn.GRUEncoderDecoderRegressor`, are asked for answers as long as y.

    With one target per sequence, and with `rows="steps"`, y and answers are flat as they are: the wrapped
    scorer gets everything unchanged.

    With several labels (multilabel y) "neg_log_loss" and "neg_brier_score" are sums over the labels, of
    each of which scikit-learn's metric is taken for itself, and "d2_log_loss_score" and
    "d2_brier_score" compare these sums with those of constant answers. (scikit-learn's own scorers take
    the labels for classes of which each sample has one.) Values other than 0 and 1 are an error for
    these. Scores of the area under the ROC curve are an error if a label has one value only, as there
    is no such area, and no mean.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from skrnn import GRUClassifier
    >>> from skrnn.metrics import sequence_scorer
    >>> rng = np.random.RandomState(0)
    >>> X = [rng.normal(size=(n_timesteps, 2)) for n_timesteps in range(5, 25)]
    >>> y = [(x[:, 0] > 0).astype(int) for x in X]
    >>> model = GRUClassifier(return_sequences=True, tol=0.01, random_state=0)
    >>> scores = cross_val_score(model, X, y, scoring=sequence_scorer("roc_auc"), cv=3)
    >>> bool(scores.min() > 0.9)
    True
    """
    return _SequenceScorer(scoring, kwargs)


class _SequenceScorer:
    """What ``sequence_scorer`` returns. Requests for metadata are those of the wrapped scorer."""

    def __init__(self, scoring, kwargs):
        self._repr = ", ".join([repr(scoring), *(f"{name}={value!r}" for name, value in kwargs.items())])
        self._scorer = _read_scoring(scoring, kwargs)

    def __repr__(self):
        return f"sequence_scorer({self._repr})"

    def __call__(self, estimator, X, y, sample_weight=None, **kwargs):
        lengths = None
        if _answers_per_step(estimator, X, y):
            y, lengths = _flatten(y, "y")
            if y.shape[1:] == (1,):  # as fit reads it
                y = y[:, 0]
            if sample_weight is not None:
                sample_weight = _flatten_weights(sample_weight, lengths)
        if self._metric in {*_BY_LABEL, "roc_auc_score"} and _has_columns(estimator, y):
            _check_labels(self, y)
        n_labels = _count_labels(estimator, y)
        if lengths is not None or (n_labels and hasattr(self._scorer, "_score_func")):
            estimator = _as_flat(estimator, lengths, n_labels)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        if n_labels and self._metric in _BY_LABEL:
            options = {**self._scorer._kwargs, **kwargs}
            return self._scorer._sign * _by_label(self._metric, estimator, X, y, **options)
        if n_labels and self._metric == "roc_auc_score":
            _check_varies(self, np.asarray(y), sample_weight)
        if self._metric in _RATIOS and in_a_unit(y)[0] is not y and not is_classifier(estimator):
            return self._in_a_unit(y, estimator.predict(X), **kwargs)
        return self._scorer(estimator, X, y, **kwargs)

    def _in_a_unit(self, y, predicted, **kwargs):
        """The score of y and predictions whose squares overflow or vanish."""
        if "sample_weight" in kwargs:
            kwargs["sample_weight"] = in_a_unit(kwargs["sample_weight"])[0]
        y, predicted = in_a_unit(y, predicted)
        with np.errstate(over="ignore"):  # so bad that it is -inf
            return self._scorer._sign * self._scorer._score_func(
                y, predicted, **self._scorer._kwargs, **kwargs
            )

    @property
    def _metric(self):
        """The name of a metric of scikit-learn; None of others."""
        metric = getattr(self._scorer, "_score_func", None)
        return metric.__name__ if getattr(metric, "__module__", "").startswith("sklearn.") else None

    def get_metadata_routing(self):
        return get_routing_for_object(self._scorer)

    def set_score_request(self, **requests):
        self._scorer.set_score_request(**requests)
        return self

    def _accept_sample_weight(self):
        """What scikit-learn asks before it passes weights to a scorer."""
        function = getattr(self._scorer, "_score_func", self._scorer)
        return "sample_weight" in signature(function).parameters


def _read_scoring(scoring, kwargs):
    """A scorer of our own, with ``kwargs`` among the options of its metric."""
    if isinstance(scoring, _SequenceScorer):
        scoring = scoring._scorer
    if not (isinstance(scoring, str) or callable(scoring)):
        raise TypeError(
            f"scoring must be the name of a scorer or a callable, got {quote(scoring)}. For several "
            "scores "
            'pass a dict of scorers: scoring={"f1": sequence_scorer("f1"), ...}.'
        )
    if _is_metric(scoring):
        name = getattr(scoring, "__name__", repr(scoring))
        raise ValueError(
            f"scoring={name} is a metric, and no scorer: pass sequence_scorer(make_scorer({name})), with "
            "make_scorer of sklearn.metrics."
        )
    scorer = copy.deepcopy(get_scorer(scoring))
    if kwargs:
        _check_options(scoring, scorer, kwargs)
        scorer._kwargs = {**scorer._kwargs, **kwargs}
    return scorer


def _is_metric(scoring):
    """Whether a callable takes (y_true, y_pred), and not (estimator, X, y)."""
    if isinstance(scoring, str) or hasattr(scoring, "_score_func"):
        return False
    parameters = signature(scoring)
    try:
        parameters.bind("estimator", "X", "y")
    except TypeError:
        return True
    return next(iter(parameters.parameters)).startswith("y")


def _check_options(scoring, scorer, kwargs):
    if not hasattr(scorer, "_score_func"):
        raise ValueError(
            f"scoring={quote(scoring)} takes no options, but {listed(sorted(kwargs))} were passed: "
            "options are for names, and for what make_scorer returns."
        )
    known = signature(scorer._score_func).parameters
    unknown = sorted(set(kwargs) - set(known))
    if unknown and not any(p.kind is Parameter.VAR_KEYWORD for p in known.values()):
        raise ValueError(
            f"The metric of scoring={quote(scoring)} has no option {listed(unknown)}; it has "
            f"{listed([*known][2:], 20)}."
        )


# --- per step or not ------------------------------------------------------------------------------


def _answers_per_step(estimator, X, y):
    """Whether the answers have an axis of time steps; what a parameter says is not guessed."""
    model = unwrap(estimator, through=WRAPPERS).estimator
    if getattr(model, "rows", "sequences") == "steps":
        return False
    if isinstance(model, SequenceEncoderDecoderRegressor):
        return True
    fitted = answers_per_step(model)
    if fitted is not None:
        return fitted
    if hasattr(model, "return_sequences"):
        return bool(model.return_sequences)
    if as_items(y, "y") is not None:
        return True
    ndim = np.ndim(y)
    return ndim == 3 or (ndim == 2 and as_items(estimator.predict(X), "answer") is not None)


# --- several labels -------------------------------------------------------------------------------

# What no unit of y changes.
_RATIOS = {"r2_score", "explained_variance_score", "d2_absolute_error_score", "d2_pinball_score"}
# metric -> the one whose sum over the labels it is, or is made of
_BY_LABEL = {
    "log_loss": "log", "brier_score_loss": "brier", "d2_log_loss_score": "log", "d2_brier_score": "brier",
}  # fmt: skip


def _count_labels(estimator, y):
    """The number of labels of a multilabel y; None for another one."""
    if not _has_columns(estimator, y) or not type_of_target(y).startswith("multilabel"):
        return None  # several outputs of more than two classes each are no labels
    return np.shape(y)[1]


def _has_columns(estimator, y):
    shape = getattr(y, "shape", None) or np.shape(y)
    return len(shape) == 2 and shape[1] > 1 and is_classifier(estimator)


def _check_labels(scorer, y):
    """Raise a ValueError if y (n, K) is no indicator of labels: 1 where they are there, else 0."""
    values = np.unique(np.asarray(y))
    if not np.isin(values, [0, 1]).all():
        raise ValueError(
            f"{quote(scorer)} is for a y of several columns that are 1 where a label is there and 0 "
            f"elsewhere, but here y holds {listed(values)}. Of two values make such a y and fit on it: "
            f"y == {quote(values[-1])}. Of more score every column by itself."
        )


def _by_label(metric, estimator, X, y, sample_weight=None, **options):
    """A loss of probabilities, summed over the labels, or its D2."""
    if options:
        raise ValueError(
            f"With several labels (multilabel y) {metric} has no option {listed(sorted(options))}."
        )
    y, p = np.asarray(y), estimator.predict_proba(X)
    loss = _loss_of_labels(_BY_LABEL[metric], y, p, sample_weight)
    if not metric.startswith("d2"):
        return loss
    shares = np.average(y, axis=0, weights=sample_weight)
    if ((shares == 0) | (shares == 1)).all():  # as scikit-learn has R2 of a constant y
        return float(np.array_equal(y, p))
    return 1 - loss / _loss_of_labels(
        _BY_LABEL[metric], y, np.broadcast_to(shares, y.shape), sample_weight
    )


def _loss_of_labels(which, y, p, sample_weight):
    if which == "brier":
        return float(np.average(((p - y) ** 2).sum(axis=1), weights=sample_weight))
    return sum(
        log_loss(one, proba, labels=[0, 1], sample_weight=sample_weight)
        for one, proba in zip(y.T, p.T, strict=True)
    )


def _check_varies(scorer, y, sample_weight=None):
    """Raise a ValueError if a label has one value only, for scores that are not defined then."""
    if sample_weight is not None:
        y = y[np.asarray(sample_weight) > 0]
    average = scorer._scorer._kwargs.get("average", "macro")
    constant = np.flatnonzero((y == y[:1]).all(axis=0))
    if len(constant) and average not in ("micro", "samples"):
        shown = ", ".join(map(str, constant[:10])) + (", ..." if len(constant) > 10 else "")
        raise ValueError(
            f"{quote(scorer)} is not defined here, as {len(constant)} of the {y.shape[1]} labels have "
            f'one value only: {shown} (columns of y). Leave them out, or pass average="micro".'
        )


# --- flat -----------------------------------------------------------------------------------------


def _as_flat(estimator, lengths, n_labels):
    """``_FlatAnswers`` under the name of the estimator, which messages of scikit-learn tell."""
    return type(type(estimator).__name__, (_FlatAnswers,), {})(estimator, lengths, n_labels)


class _FlatAnswers:
    """A fitted estimator whose answers are those of all steps, (sum of T_i[, ...]).

    Parameters
    ----------
    estimator : fitted estimator
    lengths : T_i according to y; None: its answers are flat as they are
    n_labels : number of labels of a multilabel y, else None
    """

    def __init__(self, estimator, lengths, n_labels):
        self._estimator, self._lengths, self._n_labels = estimator, lengths, n_labels

    def __sklearn_tags__(self):
        return get_tags(self._estimator)

    @property
    def classes_(self):
        """Of several labels a list, as in forests: the numbers of two labels would look binary."""
        if self._n_labels is None:
            return self._estimator.classes_
        return [np.arange(2)] * self._n_labels

    def __getattr__(self, name):
        if name.startswith("__"):  # what copy and pickle look for, also before __init__
            raise AttributeError(name)
        value = getattr(self._estimator, name)
        if name == "predict_proba" and self._n_labels and not self._lengths:
            return self._of_labels
        return self._flattened(name, value) if name in _ANSWERS and self._lengths else value

    def _of_labels(self, X):
        """(n, K) probabilities of 1; forests answer with those of the values that a label had in fit."""
        p = self._estimator.predict_proba(X)
        if not isinstance(p, list):
            return p
        pairs = zip(p, self._estimator.classes_, strict=True)
        return np.column_stack([one @ (np.asarray(classes) == 1) for one, classes in pairs])

    def _flattened(self, name, method):
        def answer(X):
            flat, lengths = _flatten(self._answer(method, X), f"The answer of {name}")
            _check_same_lengths(self._lengths, lengths, name)
            return flat

        answer.__name__ = name  # by which scikit-learn knows what the answers are
        return answer

    def _answer(self, method, X):
        """What the method answers; one that answers any number of steps is asked for those of y."""
        inside = unwrap(self._estimator, through=WRAPPERS)
        if not isinstance(inside.estimator, SequenceEncoderDecoderRegressor) or inside.wrappers:
            return method(X)
        return inside.estimator.predict(inside.transform(X), horizon=self._lengths)


def _flatten(values, name):
    """(n, T[, K]), or list of (T_i[, K]) -> (sum of T_i[, K]) and T_i."""
    items = as_items(values, name)
    if items is None:
        items = np.asarray(values)
        if items.ndim < 2:
            raise ValueError(
                f"{name} has shape {items.shape}, but the estimator answers per time step. Expected "
                "(n_sequences, n_timesteps[, ...]), or a list of arrays (n_timesteps_i[, ...])."
            )
    if not len(items):
        raise ValueError(f"{name} is empty.")
    for i, item in enumerate(items):
        if item.shape[1:] != items[0].shape[1:]:
            raise ValueError(
                f"{name} of sequence {i} has shape {item.shape}, of sequence 0 {items[0].shape}: they "
                "may differ in the number of time steps only."
            )
    return np.concatenate(list(items)), list(map(len, items))


def _check_same_lengths(lengths, answered, name):
    if len(lengths) != len(answered):
        raise ValueError(f"y has {len(lengths)} sequences, but {name} answered for {len(answered)}.")
    for i, (T, n) in enumerate(zip(lengths, answered, strict=True)):
        if T != n:
            raise ValueError(f"Sequence {i} has {T} time steps in y, but {name} answered for {n}.")


def _flatten_weights(sample_weight, lengths):
    """Weights of the sequences or of their steps -> (sum of T_i,)."""
    steps = Sequences(np.empty((sum(lengths), 1)), lengths)
    weight, step_weight = read_weights(sample_weight, steps, name_X="y", per_step=True)
    return np.repeat(weight, lengths) if step_weight is None else step_weight
