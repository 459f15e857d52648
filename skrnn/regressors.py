"""The regressors. They differ by their cell only; what they share is here, in ``SequenceRegressor``."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.keywords import own_keywords
from skrnn._estimators.numbers import Numbers
from skrnn._estimators.taking_over import from_weights
from skrnn._settings.settings import is_positive_only
from skrnn._settings.texts import complete
from skrnn.cells import GRU, LSTM, Elman
from skrnn.forecasting import forecast

__all__ = ["GRURegressor", "LSTMRegressor", "RNNRegressor", "SequenceRegressor"]


class SequenceRegressor(RegressorMixin, BaseRNN):
    """Base class of the regressors: to give one another cell, inherit from it and set ``cell``.

    The class made so has all parameters and methods; its docstring gets their description.

    Attributes
    ----------
    cell : type
        The class of the cell; see :mod:`skrnn.cells`.

    See Also
    --------
    GRURegressor : With the cell of the example.

    Examples
    --------
    >>> from skrnn.cells import GRU
    >>> from skrnn.regressors import SequenceRegressor
    >>> class Own(SequenceRegressor, cell=GRU):
    ...     pass
    >>> Own(hidden_size=4)
    Own(hidden_size=4)
    """

    _targets, _owner = Numbers, "regressor"

    @classmethod
    @complete
    def from_weights(cls, weights, *, draw=(), columns=None, **params):
        """Make a fitted regressor of given weights.

        Parameters
        ----------
        .. weights
        .. draw and columns
        .. parameters of weights

        .. from weights

        See Also
        --------
        skrnn.interop.from_torch : Weights of a module of PyTorch.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import GRURegressor
        >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
        >>> model = GRURegressor(hidden_size=8, random_state=0).fit(X, X[:, -1, 0])
        >>> again = GRURegressor.from_weights(model.exact_weights_)
        >>> bool((again.predict(X) == model.predict(X)).all())
        True
        """
        return from_weights(cls, weights, params, draw, columns)

    @available_if(BaseRNN._can_partial_fit)
    @complete
    @own_keywords
    def partial_fit(self, X, y, sample_weight=None, *, y_mean=None, y_scale=None):
        """One pass over the data, going on from the present weights.

        The first call makes the weights, and fixes the mean and the deviation that y is standardised
        by, if the loss standardises it: those of its own y, if they are not passed. A call that raises
        leaves the estimator as it was before. Not with `early_stopping=True`.

        Weights count within a call: one whose data fill a single batch makes an update of full length,
        whatever its samples weigh together.

        Parameters
        ----------
        .. X
        .. y
        .. sample_weight
        y_mean : float or array-like of shape (n_outputs,), default=None
            The mean of all y that will come. Only looked at in the first call, as the next.
        y_scale : float or array-like of shape (n_outputs,), default=None
            Their standard deviation, or what they are to be divided by.

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
        units = None if y_mean is None and y_scale is None else (y_mean, y_scale)
        return self._partial_fit(settings, X, y, sample_weight, units=units)

    @complete
    @own_keywords
    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        .. X like fit

        Returns
        -------
        y : ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            The predictions, in units of y. With `return_sequences=True` of shape (n_sequences,
            n_timesteps) or (n_sequences, n_timesteps, n_outputs); for a list or object array X a 1-D
            object array of arrays of shape (n_timesteps_i,) or (n_timesteps_i, n_outputs). A list of
            quantiles is one more axis, the last one; none is lower than the one before it.

        Raises
        ------
        .. errors of answers
        """
        return self._answer("predict", X)

    @complete
    @own_keywords
    def score(self, X, y, sample_weight=None):
        """Coefficient of determination R^2 of the predictions; of several quantiles D^2.

        D^2 is the share of the pinball loss of constant quantiles that is saved, the mean over the
        quantiles of :func:`sklearn.metrics.d2_pinball_score`. With `return_sequences=True` all time
        steps of all sequences count alike.

        Parameters
        ----------
        .. X like fit
        .. y
        .. sample_weight

        Returns
        -------
        score : float
            1 is perfect, 0 is what the mean of y (or its quantiles) would reach; with several outputs
            the mean of theirs.

        Raises
        ------
        .. errors of scores
        """
        if self._scores_steps():
            y, predicted, weight = self._flat_for_score(X, y, sample_weight)
        else:
            self._check_for_score(X, y, sample_weight)
            predicted, weight = self.predict(X), sample_weight
        return self._model.facts.targets.score_of(y, predicted, weight)

    @complete
    @own_keywords
    def forecast(self, X, horizon, *, X_future=None, feedback=None):
        """Forecast the steps after the last ones of X.

        The prediction for a step is the next value of the columns `feedback` of X: it is written there,
        and so the network reads its own predictions. It must have been fitted to that: with y of a step
        equal to these columns of the next one, in the same units. The answer is what predicting X,
        appending the prediction for the last step as one more step, predicting the longer X, and so on,
        would give; but each step costs the same, however long X is. Of several quantiles the one nearest
        to 0.5 is written there. Through the transformers of a pipeline :func:`skrnn.forecast` does the
        same.

        Parameters
        ----------
        .. X like fit
        .. forecasts

        Returns
        -------
        .. forecast

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X or X_future cannot be read, or holds other columns or series than it should; if
            horizon or feedback are not what they must be; if the network is bidirectional, has one
            target per sequence, a `target_delay` or an embedding; or if a prediction is not finite.
        TypeError
            If X or X_future is a sparse or masked array.
        """
        return forecast(self, X, horizon, X_future=X_future, feedback=feedback)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        several = self.loss == "quantile" and np.asarray(self.quantile, dtype=object).ndim > 0
        tags.target_tags.multi_output = not several
        tags.target_tags.positive_only = is_positive_only(self.loss)
        return tags


class RNNRegressor(SequenceRegressor, cell=Elman):
    """Elman recurrent network for regression on sequences.

    A simple recurrent network [1]_ trained by exact truncated backpropagation through time,
    TBPTT(k1, k2), on one target per sequence or one per time step.

    .. parameters and attributes

    See Also
    --------
    RNNClassifier : The same network for classification.
    LSTMRegressor : A cell with gates and a separate memory.
    GRURegressor : A cell with gates.

    References
    ----------
    .. [1] Elman, J. L., "Finding structure in time", Cognitive Science 14(2), 1990.
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = X[:, -1, 0] - X[:, -2, 1]
    >>> model = RNNRegressor(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """


class LSTMRegressor(SequenceRegressor, cell=LSTM):
    """LSTM network for regression on sequences.

    Long short-term memory [1]_ with forget gate, trained by exact truncated backpropagation through
    time, TBPTT(k1, k2), on one target per sequence or one per time step.

    .. parameters and attributes

    See Also
    --------
    LSTMClassifier : The same network for classification.
    GRURegressor : A cell with one gate less, often as good.
    RNNRegressor : The simple recurrent network.

    References
    ----------
    .. [1] Hochreiter, S., Schmidhuber, J., "Long short-term memory", Neural Computation 9(8), 1997.
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = X[:, -1, 0] - X[:, -2, 1]
    >>> model = LSTMRegressor(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """


class GRURegressor(SequenceRegressor, cell=GRU):
    """GRU network for regression on sequences.

    Gated recurrent units [1]_, trained by exact truncated backpropagation through time,
    TBPTT(k1, k2), on one target per sequence or one per time step. The reset gate multiplies the
    recurrent product, as in cuDNN and PyTorch.

    .. parameters and attributes

    See Also
    --------
    GRUClassifier : The same network for classification.
    LSTMRegressor : A cell with a separate memory.
    RNNRegressor : The simple recurrent network.

    References
    ----------
    .. [1] Cho, K., et al., "Learning phrase representations using RNN encoder-decoder for statistical
       machine translation", EMNLP 2014.
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = X[:, -1, 0] - X[:, -2, 1]
    >>> model = GRURegressor(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """
