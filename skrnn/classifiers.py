"""The classifiers. They differ by their cell only; what they share is here, in ``SequenceClassifier``."""

from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.generating import Drawing, generate
from skrnn._estimators.keywords import own_keywords
from skrnn._estimators.labels import Labels, accuracy, labels_of, same_labels
from skrnn._estimators.numbers import in_a_unit
from skrnn._estimators.taking_over import from_weights
from skrnn._settings.quoting import listed, quote
from skrnn._settings.texts import complete
from skrnn.cells import GRU, LSTM, Elman

__all__ = ["GRUClassifier", "LSTMClassifier", "RNNClassifier", "SequenceClassifier"]


class SequenceClassifier(ClassifierMixin, BaseRNN):
    """Base class of the classifiers: to give one another cell, inherit from it and set ``cell``.

    The class made so has all parameters and methods; its docstring gets their description.

    Attributes
    ----------
    cell : type
        The class of the cell; see :mod:`skrnn.cells`.

    See Also
    --------
    GRUClassifier : With the cell of the example.

    Examples
    --------
    >>> from skrnn.cells import GRU
    >>> from skrnn.classifiers import SequenceClassifier
    >>> class Own(SequenceClassifier, cell=GRU):
    ...     pass
    >>> Own(hidden_size=4)
    Own(hidden_size=4)
    """

    _targets, _owner = Labels, "classifier"

    @classmethod
    @complete
    def from_weights(cls, weights, *, classes=None, multilabel=False, draw=(), columns=None, **params):
        """Make a fitted classifier of given weights.

        Parameters
        ----------
        .. weights
        classes : array-like of shape (n_classes,), default=None
            The labels, sorted, in the order of the outputs. Two classes have one output, whose sign
            decides. None: 0, 1, 2 and so on.
        multilabel : bool, default=False
            Whether every output is a label of its own, as for a y that is an indicator.
        .. draw and columns
        .. parameters of weights

        .. from weights

        See Also
        --------
        skrnn.interop.from_torch : Weights of a module of PyTorch.

        Examples
        --------
        A network for other classes, which begins with the layers of one that was trained before:

        >>> import numpy as np
        >>> from skrnn import GRUClassifier
        >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
        >>> model = GRUClassifier(hidden_size=8, random_state=0).fit(X, X[:, -1, 0] > 0)
        >>> other = GRUClassifier.from_weights(
        ...     model.exact_weights_, classes=["high", "low", "middle"], draw=("readout",),
        ...     warm_start=True, random_state=0,
        ... )
        >>> y = np.array(["low", "middle", "high"])[np.digitize(X[:, -1, 0], [-0.4, 0.4])]
        >>> bool(other.fit(X, y).score(X, y) > 0.8)
        True
        """
        labels = {"classes": classes, "multilabel": multilabel}
        return from_weights(cls, weights, params, draw, columns, **labels)

    @available_if(BaseRNN._can_partial_fit)
    @complete
    @own_keywords
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One pass over the data, going on from the present weights.

        The first call makes the weights. A call that raises leaves the estimator as it was before. Not
        with `early_stopping=True` or `class_weight="balanced"`.

        Weights count within a call: one whose data fill a single batch makes an update of full length,
        whatever its samples weigh together.

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
        settings = self._settings(partial_fit=True)
        self._check_classes(classes)
        return self._partial_fit(settings, X, y, sample_weight, classes=classes)

    def _check_classes(self, classes):
        fitted = self.__sklearn_is_fitted__()
        if classes is None and not fitted:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None and fitted and not same_labels(self.classes_, labels_of(classes)):
            raise ValueError(
                f"`classes={quote(classes)}` is not the same as on last call to partial_fit, which was: "
                f"{listed(self.classes_)}."
            )

    @complete
    @own_keywords
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
        return self._answer("predict", X)

    @complete
    @own_keywords
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
        return self._answer("predict_proba", X)

    @complete
    @own_keywords
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
        return self._answer("predict_log_proba", X)

    @complete
    @own_keywords
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
        if not self._scores_steps():
            self._check_for_score(X, y, sample_weight)
            if sample_weight is None:
                return accuracy(y, self.predict(X))
            (sample_weight,) = in_a_unit(sample_weight)
            return super().score(X, y, sample_weight)
        return accuracy(*self._flat_for_score(X, y, sample_weight))

    @complete
    @own_keywords
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
            self._model, prompt, n_steps, Drawing(temperature, top_k, random_state),
            series=self._series(), n_threads=self._n_threads(),
        )  # fmt: skip

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class RNNClassifier(SequenceClassifier, cell=Elman):
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
    >>> model = RNNClassifier(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """


class LSTMClassifier(SequenceClassifier, cell=LSTM):
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
    >>> model = LSTMClassifier(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """


class GRUClassifier(SequenceClassifier, cell=GRU):
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
    >>> model = GRUClassifier(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """
