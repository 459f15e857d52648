"""The classifiers. They differ by their cell only; what they share is in ``_SequenceClassifier``."""

from functools import partial

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.generating import generate
from skrnn._reading.containers import shape_answer
from skrnn._reading.targets import read_labels
from skrnn._settings.texts import complete
from skrnn.losses import make_loss

# raw outputs (rows, K) -> answers; ``targets`` are the facts of ``_learn_targets``


def probabilities(raw, targets):
    return _per_class(make_loss(targets).inverse_link, raw, targets, 1.0)


def log_probabilities(raw, targets):
    return _per_class(make_loss(targets).log_inverse_link, raw, targets, 0.0)


def _per_class(link, raw, targets, certain):
    """``link`` of the raw outputs with one column per class, also for two classes and for one."""
    if not targets["is_1d"] or len(targets["classes"]) > 2:
        return link(raw)
    if len(targets["classes"]) == 1:
        return np.full_like(raw, certain)
    return np.hstack([link(-raw), link(raw)])


def same_labels(a, b):
    """Whether two arrays of labels are equal; NumPy before 1.25 warns where text meets numbers."""
    return a.tolist() == b.tolist()


def unseen_labels(y, classes):
    """The labels of y that are no classes; NumPy would find text in numbers by their digits."""
    if (y.dtype.kind in "OSU") != (classes.dtype.kind in "OSU"):
        return np.unique(y)
    return np.setdiff1d(y, classes)


def labels(raw, targets):
    if not targets["is_1d"]:
        return (raw > 0).astype(np.intp)
    classes = targets["classes"]
    if len(classes) > 2:
        return classes[raw.argmax(axis=1)]
    # p > 1/2; a single class was seen for raw of either sign
    return classes[np.minimum(raw[:, 0] > 0, len(classes) - 1)]


SOME_LABELS = 1 << 20  # encoded at a time


class _SequenceClassifier(ClassifierMixin, BaseRNN):
    """Targets are labels: binary, one of several classes, or a multilabel indicator."""

    @available_if(BaseRNN._can_partial_fit)
    @complete
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One pass over the data, going on from the present weights.

        The first call makes the weights. A call that raises leaves the estimator as it was before. Not
        with `early_stopping=True` or `class_weight="balanced"`.

        Parameters
        ----------
        .. X
        .. y
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur. Needed in the first call; in later ones they may be left
            out, but not change.
        .. sample_weight

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        .. errors of training
        AttributeError
            If `solver="lbfgs"`, whose every step needs the whole data.

        .. warnings of training
        """
        fitted = hasattr(self, "_theta")
        if classes is None and not fitted:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None and fitted and not same_labels(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )
        return self._partial_fit(X, y, sample_weight, classes=classes)

    @complete
    def predict(self, X):
        """Predict the labels.

        Parameters
        ----------
        .. X like fit

        Returns
        -------
        y : ndarray of shape (n_sequences,) or (n_sequences, n_labels)
            The labels; for multilabel targets an indicator of 0 and 1. With `return_sequences=True` of
            shape (n_sequences, n_timesteps) or (n_sequences, n_timesteps, n_labels); for a list or
            object array X a 1-D object array of arrays of shape (n_timesteps_i,) or (n_timesteps_i,
            n_labels).

        Raises
        ------
        .. errors of answers
        """
        flat, container = self._run(X)
        flat = self._answers()["predict"](flat)
        return shape_answer(flat, container) if self._spec["per_step"] else flat

    @complete
    def predict_proba(self, X):
        """Predict the probabilities of the classes.

        Parameters
        ----------
        .. X like fit

        Returns
        -------
        p : ndarray of shape (n_sequences, n_classes)
            The probabilities in the order of `classes_`; for multilabel targets the probability of each
            label. With `return_sequences=True` of shape (n_sequences, n_timesteps, n_classes); for a
            list or object array X a 1-D object array of arrays of shape (n_timesteps_i, n_classes).

        Raises
        ------
        .. errors of answers
        """
        flat, container = self._run(X)
        p = self._answers()["predict_proba"](flat)
        return shape_answer(p, container) if self._spec["per_step"] else p

    @complete
    def predict_log_proba(self, X):
        """Predict the logarithms of the probabilities of the classes.

        Parameters
        ----------
        .. X like fit

        Returns
        -------
        log_p : ndarray of shape (n_sequences, n_classes)
            The logarithms, in the order and with the shapes of the answer of `predict_proba`. Small
            probabilities do not become log(0).

        Raises
        ------
        .. errors of answers
        """
        flat, container = self._run(X)
        log_p = self._answers()["predict_log_proba"](flat)
        return shape_answer(log_p, container) if self._spec["per_step"] else log_p

    @complete
    def score(self, X, y, sample_weight=None):
        """Accuracy of the predictions.

        With `return_sequences=True` all time steps of all sequences count alike. For multilabel targets
        a sequence (or time step) is right if all its labels are.

        Parameters
        ----------
        .. X like fit
        .. y
        .. sample_weight

        Returns
        -------
        score : float
            Between 0 and 1: the (weighted) share of right predictions.

        Raises
        ------
        .. errors of scores
        """
        check_is_fitted(self, "_theta")
        if not self._spec["per_step"] or self._spec["rows"] == "steps":
            return super().score(X, y, sample_weight)
        y, predicted, weight = self._flat_for_score(X, y, sample_weight)
        return accuracy_score(y, predicted, sample_weight=weight)

    @complete
    def generate(self, prompt, n_steps, *, temperature=1.0, top_k=None, random_state=None):
        """Continue sequences of tokens: draw the next token, read it, draw the next, and so on.

        For models with `embedding_size` and one label per time step, the token that comes next. A token
        is drawn with the probabilities of `predict_proba` for the step before. Models of other kinds
        raise a ValueError.

        Parameters
        ----------
        prompt : array-like of int
            What has been read before, one token or more: a sequence of shape (n_timesteps,); or several,
            a list or object array of sequences, or an array of shape (n_sequences, n_timesteps): also
            after a fit on a table of steps, of whose single column pass the 1-D tokens. With
            `initial_state="last"` as many as there were series in fit, in the order of
            `sequence_ids_`.
        n_steps : int
            Number of tokens to draw.
        temperature : float, default=1.0
            Not negative. The logarithms of the probabilities are divided by it: below 1 the probable
            tokens come more often, above 1 less often. 0 takes the most probable token, the
            lowest of several, as `predict` does.
        top_k : int, default=None
            Draw from so many of the most probable tokens only; None: from all.
        random_state : int, RandomState instance or None, default=None
            Source of the draws. `n_steps` uniform numbers are drawn for the first prompt, then for
            the second, and so on: a prompt's tokens do not depend on the prompts after it, nor on what
            those before it say.

        Returns
        -------
        tokens : ndarray of shape (n_steps,) or (n_sequences, n_steps)
            The new tokens, without the prompt; the second form for several prompts.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If the model is not one of tokens with one label per time step; if a label in `classes_` is no
            token; if it is bidirectional or has a `target_delay`; if the prompt holds no tokens, or
            tokens that it does not know; or if a parameter is out of its range.
        TypeError
            If the prompt is a sparse or masked array.
        """
        return generate(
            self, prompt, n_steps, temperature=temperature, top_k=top_k, random_state=random_state
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # --- targets --------------------------------------------------------------------------------

    def _read_y(self, y, X, names):
        """Labels as (rows, 1), or (rows, n_labels) of a multilabel indicator, and which."""
        name = names.y
        y = read_labels(y, X, name, names.X, per_step=self._has_steps_in_y())
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        try:
            check_classification_targets(y)
        except ValueError as error:
            regressor = type(self).__name__.replace("Classifier", "Regressor")
            advice = f"If {name} holds numbers, use {regressor}."
            if y.dtype == object:
                advice = f"{name} has dtype object: pass {name}.astype(int) or {name}.astype(str)."
            raise ValueError(f"{error} {advice}") from None
        if y.ndim == 2 and type_of_target(y, input_name=name) != "multilabel-indicator":
            raise ValueError(
                f"{name} has {y.shape[1]} columns but is not a multilabel indicator of 0 and 1. "
                "Multioutput classification is not supported: use MultiOutputClassifier. For one label "
                "per time step set return_sequences=True."
            )
        return y.reshape(len(y), -1), y.ndim == 1

    def _learn_targets(self, y, is_1d, weight, classes=None):
        if not is_1d:
            K = y.shape[1]
            if classes is not None and not same_labels(unique_labels(classes), np.arange(K)):
                raise ValueError(
                    f"classes={classes!r} do not go with y, an indicator of {K} labels: pass "
                    f"classes=range({K})."
                )
            return {
                "loss": "binomial_log_loss", "n_outputs": K, "is_1d": False, "classes": np.arange(K)
            }  # fmt: skip
        classes = unique_labels(y[:, 0]) if classes is None else unique_labels(classes)
        binary = len(classes) <= 2
        return {
            "loss": "binomial_log_loss" if binary else "multinomial_log_loss",
            "n_outputs": 1 if binary else len(classes),
            "is_1d": True,
            "classes": classes,
        }

    def _publish_targets(self, targets):
        self.classes_ = targets["classes"]

    def _encode_y(self, y, is_1d, spec, name):
        """Class numbers (rows, 1), or the indicator (rows, n_labels), as small integers."""
        targets = spec["targets"]
        classes = targets["classes"]
        if is_1d != targets["is_1d"] or (not is_1d and y.shape[1] != len(classes)):
            raise ValueError(
                f"{name} is {'a vector of labels' if is_1d else f'an indicator of {y.shape[1]} labels'}"
                f", but {type(self).__name__} was fitted on "
                f"{'a vector of labels' if targets['is_1d'] else f'{len(classes)} labels'}."
            )
        if not is_1d:
            return y.astype(np.uint8)
        numbers = np.empty((len(y), 1), dtype=np.min_scalar_type(len(classes) - 1))
        for start in range(0, len(y), SOME_LABELS):
            part = y[start : start + SOME_LABELS, 0]
            unseen = unseen_labels(part, classes)
            if len(unseen):
                raise ValueError(
                    f"`{name}` has classes not in `self.classes_`. `self.classes_` has {classes}. "
                    f"'{name}' has {unseen}."
                )
            numbers[start : start + SOME_LABELS, 0] = np.searchsorted(classes, part)
        return numbers

    def _class_factors(self, y, targets, weight):
        """The weight of every class, or None where all are 1."""
        if self.class_weight is None:
            return None
        if not targets["is_1d"]:
            raise ValueError(
                f"class_weight={self.class_weight!r} is not supported for multilabel targets."
            )
        classes, labels = targets["classes"], y[:, 0].astype(np.intp)
        if self.class_weight == "balanced":
            count = np.bincount(labels, weight, minlength=len(classes))
            present = count > 0
            factors = np.zeros(len(classes))
            factors[present] = weight.sum() / (present.sum() * count[present])
        else:
            factors = self._factors_of_a_dict(classes, classes[labels])
        return factors

    def _factors_of_a_dict(self, classes, y):
        """The weight of every class from the dict ``class_weight``."""
        try:
            factors = compute_class_weight(self.class_weight, classes=classes, y=y)
            valid = bool((np.isfinite(factors) & (factors >= 0)).all())
        except TypeError:
            valid = False
        except ValueError as error:
            raise ValueError(f"class_weight={self.class_weight!r}: {error}") from error
        if not valid:
            raise ValueError(
                f"class_weight={self.class_weight!r} must give every class a finite number >= 0."
            )
        return factors

    def _stratify(self, y):
        return y[:, 0] if self._is_single_label(y) else None

    def _is_single_label(self, y):
        return y.shape[1] == 1

    def _answers(self):
        functions = {
            "predict": labels,
            "predict_proba": probabilities,
            "predict_log_proba": log_probabilities,
        }
        return {name: partial(f, targets=self._spec["targets"]) for name, f in functions.items()}

    def _score_raw(self, raw, data):
        y, weight, _ = data.flat_targets()
        targets = self._spec["targets"]
        if targets["is_1d"]:
            y = targets["classes"][y[:, 0].astype(np.intp)]
        read = weight > 0
        return accuracy_score(y[read], labels(raw, targets)[read], sample_weight=weight[read])


class RNNClassifier(_SequenceClassifier):
    """Elman recurrent network for classification of sequences.

    A simple recurrent network [1]_ trained by exact truncated backpropagation through time,
    TBPTT(k1, k2), on one label per sequence or one per time step, or several labels at once.

    .. parameters and attributes

    See Also
    --------
    RNNRegressor : The same network for regression.
    LSTMClassifier : A cell with gates and a separate memory.
    GRUClassifier : A cell with gates.

    References
    ----------
    .. [1] Elman, J. L., "Finding structure in time", Cognitive Science 14(2), 1990.
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNClassifier
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = np.where(X[:, -1, 0] > X[:, -2, 1], "up", "down")
    >>> model = RNNClassifier(learning_rate_init=0.01, tol=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _cell = "rnn"
    _owns = ("rnn", "classifier")


class LSTMClassifier(_SequenceClassifier):
    """LSTM network for classification of sequences.

    Long short-term memory [1]_ with forget gate, trained by exact truncated backpropagation through
    time, TBPTT(k1, k2), on one label per sequence or one per time step, or several labels at once.

    .. parameters and attributes

    See Also
    --------
    LSTMRegressor : The same network for regression.
    GRUClassifier : A cell with one gate less, often as good.
    RNNClassifier : The simple recurrent network.

    References
    ----------
    .. [1] Hochreiter, S., Schmidhuber, J., "Long short-term memory", Neural Computation 9(8), 1997.
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMClassifier
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = np.where(X[:, -1, 0] > X[:, -2, 1], "up", "down")
    >>> model = LSTMClassifier(learning_rate_init=0.01, tol=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _cell = "lstm"
    _owns = ("classifier",)


class GRUClassifier(_SequenceClassifier):
    """GRU network for classification of sequences.

    Gated recurrent units [1]_, trained by exact truncated backpropagation through time,
    TBPTT(k1, k2), on one label per sequence or one per time step, or several labels at once. The reset
    gate multiplies the recurrent product, as in cuDNN and PyTorch.

    .. parameters and attributes

    See Also
    --------
    GRURegressor : The same network for regression.
    LSTMClassifier : A cell with a separate memory.
    RNNClassifier : The simple recurrent network.

    References
    ----------
    .. [1] Cho, K., et al., "Learning phrase representations using RNN encoder-decoder for statistical
       machine translation", EMNLP 2014.
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRUClassifier
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = np.where(X[:, -1, 0] > X[:, -2, 1], "up", "down")
    >>> model = GRUClassifier(learning_rate_init=0.01, tol=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _cell = "gru"
    _owns = ("classifier",)
