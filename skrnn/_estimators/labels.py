"""Targets that are labels: what a classifier knows of its y, and how outputs become answers.

Shapes: y (rows, 1) labels, or an indicator (rows, n_labels); raw outputs (rows, K), one for two classes,
else one for each class or label.

The protocol that ``Numbers`` and ``Texts`` share is described in ``_reading/reader.py``.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn import config_context
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from skrnn._reading.targets import read_labels, several_labels, warn_of_a_column
from skrnn._reading.weights import check_sum
from skrnn._settings.quoting import listed, quote, shorten
from skrnn.losses import LOSSES

SOME_LABELS = 1 << 20  # encoded at a time


@dataclass(frozen=True, eq=False)
class Labels:
    """What a classifier knows of its targets.

    Attributes
    ----------
    loss_name : str
    n_outputs : int
    is_1d : bool
        One label per row; else an indicator of several.
    classes : (n_classes,) array
        The labels, sorted; of an indicator the numbers of its columns.
    """

    loss_name: str
    n_outputs: int
    is_1d: bool
    classes: np.ndarray

    start = None  # outputs begin at zero

    @property
    def is_indicator(self):
        return not self.is_1d

    # --- reading y ----------------------------------------------------------------------------------

    @staticmethod
    def read(settings, y, samples, names):
        """Labels as (rows, 1), or (rows, n_labels) of a multilabel indicator, and which."""
        passed = y
        y = read_labels(y, samples, names.y, names.X, per_step=settings.steps_in_y)
        if y.ndim == 2 and y.shape[1] == 1:
            if settings.steps_in_y:
                warn_of_a_column(passed, names.y)
            y = column_or_1d(y, warn=not settings.steps_in_y)
        _check_are_labels(y, names)
        if y.ndim == 2 and not _is_indicator(y, names):
            raise ValueError(
                f"{names.y} has {y.shape[1]} columns but is not a multilabel indicator of 0 and 1. "
                + _if_of_two_numbers(y, names)
                + f"Multioutput classification is not supported: {_how_several(settings, names)}"
                + _if_of_text(y, names)
            )
        return y.reshape(len(y), -1), y.ndim == 1

    @classmethod
    def learn(cls, settings, y, is_1d, weight, classes=None):
        """The facts of a first fit; ``classes``: all labels that will ever occur."""
        if not is_1d:
            K = y.shape[1]
            if classes is not None and not same_labels(labels_of(classes), np.arange(K)):
                raise ValueError(
                    f"classes={quote(classes)} do not go with y, an indicator of {K} labels: pass "
                    f"classes=range({K})."
                )
            return cls("binomial_log_loss", K, False, np.arange(K))
        if classes is not None:
            classes = labels_of(classes)
        else:
            classes = np.unique(y) if are_plain(y) else unique_labels(y[:, 0])
        if len(classes) <= 2:
            return cls("binomial_log_loss", 1, True, classes)
        return cls("multinomial_log_loss", len(classes), True, classes)

    @classmethod
    def given(cls, settings, n_outputs, *, units, classes=None, multilabel=False):
        """The facts beside given weights, of ``n_outputs`` outputs; None: they do not say."""
        if units:
            raise ValueError(
                f"weights has {listed(units)}, but the outputs of {settings.name} have no unit: leave "
                "them out."
            )
        if n_outputs is None:
            n_outputs = 1 if classes is None else len(classes)
            n_outputs = 1 if n_outputs == 2 and not multilabel else n_outputs
        if n_outputs == 2 and not multilabel:
            raise ValueError(
                "weights['readout.b'] has 2 outputs: two classes have one here, whose logit is that of "
                "the second class minus that of the first. Pass the difference of the columns of "
                "'readout.W' and of 'readout.b'; or multilabel=True, if the outputs are two labels."
            )
        classes = _given_classes(classes, n_outputs, multilabel)
        one_loss = multilabel or n_outputs == 1
        loss = "binomial_log_loss" if one_loss else "multinomial_log_loss"
        return cls(loss, n_outputs, not multilabel, classes)

    def check_agrees(self, settings):
        """The loss follows from the classes."""

    def encode(self, y, is_1d, dtype, names, weight):
        """Class numbers (rows, 1), or the indicator (rows, n_labels), as small integers.

        A label without weight may be none of the classes; what stands for it does not count.
        """
        self._check_kind(y, is_1d, names)
        if not is_1d:
            return y.astype(np.uint8)
        numbers = np.zeros((len(y), 1), dtype=np.min_scalar_type(len(self.classes) - 1))
        for start in range(0, len(y), SOME_LABELS):
            rows = slice(start, start + SOME_LABELS)
            part = y[rows, 0]
            known = np.ones(len(part), dtype=bool)
            if has_unseen(part, self.classes):
                known = self._check_known(part, weight[rows] > 0, names)
            numbers[rows, 0][known] = np.searchsorted(self.classes, part[known])
        return numbers

    def step_encoder(self, n, dtype):
        """Function of y of one step of n streams, as ``encode``; of one also a label, or a row."""
        if not self.is_1d:
            return partial(_indicator_of_step, n=n, K=len(self.classes), dtype=dtype)
        numbers = {label: k for k, label in enumerate(self.classes.tolist())}
        return partial(_numbers_of_step, n=n, numbers=numbers, dtype=dtype)

    def _check_known(self, y, counts, names):
        """Which labels are classes; a ValueError if one is none that counts."""
        unseen = unseen_labels(y[counts], self.classes)
        if len(unseen):
            raise ValueError(
                f"`{names.y}` has classes not in `self.classes_`: {listed(unseen)}. Leave them out, or "
                "give them a weight of zero; or fit a new estimator (partial_fit with all labels that "
                f"will ever occur as classes). Known are {listed(self.classes)}."
            )
        return counts

    def _check_kind(self, y, is_1d, names):
        """Raise a ValueError for labels after an indicator, or the other way round, or of other width."""
        if is_1d == self.is_1d and (is_1d or y.shape[1] == len(self.classes)):
            return
        now = "a vector of labels" if is_1d else f"an indicator of {y.shape[1]} labels"
        before = "a vector of labels" if self.is_1d else f"{len(self.classes)} labels"
        raise ValueError(f"{names.y} is {now}, but {names.model} was fitted on {before}.")

    def factors(self, settings, y, weight):
        """The weight of every class, or None where all are 1."""
        class_weight = settings.class_weight
        if class_weight is None:
            return None
        if not self.is_1d:
            raise ValueError(
                f"class_weight={quote(class_weight)} is not supported for multilabel targets."
            )
        labels = y[:, 0].astype(np.intp)
        count = np.bincount(labels, weight, minlength=len(self.classes))
        if class_weight != "balanced":
            factors = factors_of_a_dict(class_weight, self.classes, self.classes[labels])
            if (factors * (count > 0)).any():  # else there is an error of its own
                check_sum(factors, count, "class_weight, times sample_weight,")
            return factors
        present = count > 0
        factors = np.zeros(len(self.classes))
        factors[present] = weight.sum() / (present.sum() * count[present])
        return factors

    def stratify(self, y):
        """Single labels, which a split keeps the shares of."""
        return y[:, 0] if y.shape[1] == 1 else None

    # --- answers ------------------------------------------------------------------------------------

    def loss(self):
        """The loss that is trained on."""
        return LOSSES[self.loss_name]()

    def answers(self, dtype=None):
        """Name of a method -> function of the raw outputs (rows, K)."""
        return {
            "predict": self.labels,
            "predict_proba": self.probabilities,
            "predict_log_proba": self.log_probabilities,
        }

    def probabilities(self, raw):
        """(rows, n_classes), or of several labels (rows, n_labels)."""
        return self._per_class(self.loss().inverse_link, raw, 1.0)

    def log_probabilities(self, raw):
        """Their logarithms."""
        return self._per_class(self.loss().log_inverse_link, raw, 0.0)

    def _per_class(self, link, raw, certain):
        """``link`` of the raw outputs with one column per class, also for two classes and for one."""
        if not self.is_1d or len(self.classes) > 2:
            return link(raw)
        if len(self.classes) == 1:
            return np.full_like(raw, certain)
        return np.hstack([link(-raw), link(raw)])

    def labels(self, raw):
        """The predicted labels (rows,), or an indicator (rows, n_labels)."""
        if not self.is_1d:
            return (raw > 0).astype(np.intp)
        if len(self.classes) > 2:
            return self.classes[raw.argmax(axis=1)]
        # p > 1/2; a single class was seen for raw of either sign
        return self.classes[np.minimum(raw[:, 0] > 0, len(self.classes) - 1)]

    def score(self, raw, data):
        """The accuracy of raw outputs for a data set."""
        y, weight, _ = data.flat_targets()
        if self.is_1d:
            y = self.classes[y[:, 0].astype(np.intp)]
        read = weight > 0
        return accuracy(y[read], self.labels(raw)[read], weight[read])

    def fold(self, weights):
        """Outputs have no unit."""

    def units_of_y(self):
        """Outputs have no unit."""
        return {}

    def published(self):
        """The attributes of the estimator that say this."""
        return {"n_outputs_": self.n_outputs, "classes_": self.classes}


def _given_classes(classes, n_outputs, multilabel):
    """The labels that outputs stand for, in the order of these; None: numbers from 0 on."""
    n = {n_outputs} if multilabel or n_outputs > 1 else {1, 2}
    if classes is None:
        return np.arange(max(n))
    labels = labels_of(classes)
    if len(labels) not in n or (multilabel and not same_labels(labels, np.arange(n_outputs))):
        right = f"range({n_outputs})" if multilabel else f"{max(n)} labels"
        raise ValueError(
            f"classes={quote(classes)} do not go with the {n_outputs} outputs of weights['readout.b']: "
            f"pass {right}. (Two classes have one output.)"
        )
    if list(labels) != list(classes):
        raise ValueError(
            f"classes={quote(classes)} must be sorted and all different: {listed(labels)}, with the "
            "columns of weights['readout.W'] in that order."
        )
    return labels


def _numbers_of_step(y, *, n, numbers, dtype):
    """Class numbers (n, 1) of the labels of one step."""
    labels = np.asarray(y).tolist()
    labels = labels if isinstance(labels, list) else [labels]
    try:
        found = [numbers[label] for label in labels]
    except (KeyError, TypeError):
        found = []
    if len(found) != n:
        what = "one of the labels of fit" if n == 1 else f"{n} of the labels of fit, one for each stream"
        raise ValueError(f"y must be {what}, {listed(list(numbers))}, got {quote(y)}.")
    return np.array(found, dtype=dtype)[:, None]


def _indicator_of_step(y, *, n, K, dtype):
    """The indicator (n, K) of one step."""
    values = np.asarray(y)
    shapes = [(n, K), *([(K,)] if n == 1 else [])]
    is_one = values.dtype.kind in "biuf" and values.shape in shapes
    if not (is_one and ((values == 0) | (values == 1)).all()):
        raise ValueError(f"y must be an indicator of 0 and 1 of shape {shapes[-1]}, got {quote(y)}.")
    return values.reshape(n, K).astype(dtype)


def _check_are_labels(y, names):
    """Raise a ValueError for numbers, and for objects that scikit-learn does not take for labels.

    scikit-learn takes whole numbers whatever they are, and warns where there are very many.
    """
    if y.ndim == 1 and are_plain(y) and (len(y) <= 20 or len(np.unique(y)) <= len(y) // 2):
        return
    try:
        check_classification_targets(y)
    except (TypeError, ValueError) as error:
        said = shorten(error, 200)
        if y.dtype.kind == "O":
            raise ValueError(
                f"{names.y} has dtype object: pass {names.y}.astype(int) or {names.y}.astype(str), as "
                f"its values, like {quote(y.flat[0])}, are not all numbers or all text. {said}"
            ) from None
        if y.dtype.kind == "f":
            regressor = names.model.replace("Classifier", "Regressor")
            raise ValueError(
                f"{names.y} holds numbers with fractions, which are no labels: use {regressor} for "
                f"them. {said}"
            ) from None
        raise ValueError(f"{names.y} holds no labels: {said}") from None


def _is_indicator(y, names):
    """Whether labels (rows, K) are an indicator; scikit-learn takes any two numbers for one."""
    is_one = type_of_target(y, input_name=names.y) == "multilabel-indicator"
    return is_one and bool(((y == 0) | (y == 1)).all())


def _if_of_two_numbers(y, names):
    """Advice for an indicator of two other numbers, such as -1 and 1."""
    if type_of_target(y) != "multilabel-indicator":
        return ""
    return f"Pass {names.y} == {quote(y.max())} if it is one of other numbers. "


def _if_of_text(y, names):
    """Advice for rows of words, which may be the labels of a sequence."""
    return f" {several_labels(names.y)}" if isinstance(y.flat[0], str) else ""


def _how_several(settings, names):
    """What to do about several targets with several classes each."""
    if settings.steps_in_y:
        return f"fit an estimator for each of them, as for {names.y}[..., 0]."
    how = "use MultiOutputClassifier."
    return how if settings.per_step else f"{how} For one label per time step set return_sequences=True."


def are_plain(y):
    """Whether labels are whole numbers or bools, which are classes whatever scikit-learn finds in them.

    It looks for its answer at the values several times, which takes longer than a small network's epoch.
    """
    return y.dtype.kind in "biu" and y.dtype.isnative


def accuracy(y, predicted, weight=None):
    """``accuracy_score``; of whole numbers without its checks, which take longer than a prediction."""
    are_checked = type(y) is np.ndarray and y.ndim == 1 and y.shape == predicted.shape and y.size
    if are_checked and are_plain(y) and y.dtype == predicted.dtype:
        return float(np.average(y == predicted, weights=weight))
    return accuracy_score(y, predicted, sample_weight=weight)


def labels_of(classes):
    """The labels, sorted, that are passed as ``classes``."""
    try:
        with config_context(array_api_dispatch=False):
            return unique_labels(classes)
    except (TypeError, ValueError) as error:
        raise ValueError(f"classes={quote(classes)} are no labels: {shorten(error, 200)}") from error


def same_labels(a, b):
    """Whether two arrays of labels are equal; NumPy before 1.25 warns where text meets numbers."""
    return a.tolist() == b.tolist()


def has_unseen(y, classes):
    """Whether there are any ``unseen_labels``."""
    if y.dtype != classes.dtype or not are_plain(y):
        return len(unseen_labels(y, classes)) > 0
    places = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    return bool((classes[places] != y).any())


def unseen_labels(y, classes):
    """The labels of y that are no classes; NumPy would find text in numbers by their digits."""
    if (y.dtype.kind in "OSU") != (classes.dtype.kind in "OSU"):
        return np.unique(y)
    return np.setdiff1d(y, classes)


def factors_of_a_dict(class_weight, classes, y):
    """The weight of every class from the dict ``class_weight``."""
    try:
        factors = compute_class_weight(class_weight, classes=classes, y=y)
        valid = bool((np.isfinite(factors) & (factors >= 0)).all())
    except TypeError:
        valid = False
    except ValueError as error:
        raise ValueError(f"class_weight={quote(class_weight)}: {shorten(error, 300)}") from error
    if not valid:
        raise ValueError(
            f"class_weight={quote(class_weight)} must give every class a finite number >= 0."
        )
    return factors
