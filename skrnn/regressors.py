"""The regressors. They differ by their cell only; what they share is here, in ``_SequenceRegressor``."""

from functools import partial

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skrnn._engine.arithmetic import exact_sum_of
from skrnn._estimators.base import BaseRNN
from skrnn._reading.containers import shape_answer
from skrnn._reading.targets import read_single_targets, read_targets_per_step, reject_negative
from skrnn._settings.texts import complete
from skrnn.forecasting import forecast
from skrnn.losses import LOSSES, make_loss

SOME_ROWS = 1 << 16  # of y, converted at a time


def largest(y):
    """The largest absolute value of every column, without a copy."""
    return np.maximum(y.max(axis=0).astype(np.float64), -y.min(axis=0).astype(np.float64))


def mean_and_deviation(y, weight):
    """Weighted mean and standard deviation of the columns of y (rows, K); 1 where y is constant."""
    W = weight.sum()
    # in this unit squares neither overflow nor vanish; a power of two, so that nothing is rounded
    unit = np.ldexp(1.0, np.clip(np.frexp(largest(y))[1], -1000, 1000))

    def blocks(mean=0.0, power=1):  # y may be a file: never a copy of the whole
        for start in range(0, len(y), SOME_ROWS):
            yield (y[start : start + SOME_ROWS].astype(np.float64) / unit - mean) ** power

    mean = exact_sum_of(blocks, weight) / W
    deviation = np.sqrt(exact_sum_of(partial(blocks, mean, 2), weight) / W)
    # a constant column has a deviation of round-off, or none
    constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return mean * unit, np.where(constant, 1.0, deviation * unit)


def in_units_of_y(raw, *, link, scale, mean, is_1d):
    """Raw outputs (rows, K) -> predictions (rows, K), or (rows,) for a 1-D y."""
    y = link(raw) * scale + mean
    return y[:, 0] if is_1d else y


class _SequenceRegressor(RegressorMixin, BaseRNN):
    """Targets are numbers; most losses train on them standardised, as the first fit found them."""

    @available_if(BaseRNN._can_partial_fit)
    @complete
    def partial_fit(self, X, y, sample_weight=None):
        """One pass over the data, going on from the present weights.

        The first call makes the weights, and fixes the mean and the deviation that y is standardised
        by, if the loss standardises it. A call that raises leaves the estimator as it was before. Not
        with `early_stopping=True`.

        Parameters
        ----------
        .. X
        .. y
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
        return self._partial_fit(X, y, sample_weight)

    @complete
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
            quantiles are as many outputs, in its order; none is lower than the one before it.

        Raises
        ------
        .. errors of answers
        """
        flat, container = self._run(X)
        flat = self._answers()["predict"](flat)
        return shape_answer(flat, container) if self._spec["per_step"] else flat

    @complete
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
        check_is_fitted(self, "_theta")
        if not self._spec["per_step"] or self._spec["rows"] == "steps":
            predicted, weight = self.predict(X), sample_weight
        else:
            y, predicted, weight = self._flat_for_score(X, y, sample_weight)
        return self._score_of(y, predicted, weight)

    def _score_of(self, y, predicted, weight):
        """The score of flat answers in any unit of y; weight may be None."""
        loss = make_loss(self._spec["targets"])
        if not loss.are_several:
            return r2_score(y, predicted, sample_weight=weight)
        weight = np.ones(len(predicted)) if weight is None else weight
        scores = [
            d2_pinball_score(y, q, alpha=alpha, sample_weight=weight)
            for q, alpha in zip(predicted.T, loss.quantiles, strict=True)
        ]
        return float(np.mean(scores))

    @complete
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

    def _fed_back(self, y):
        """What a forecast writes into X of predictions (n,) or (n, K): an array (n, n_columns)."""
        loss = make_loss(self._spec["targets"])
        if loss.are_several:
            y = y[:, np.argmin(np.abs(loss.quantiles - 0.5))]  # of two as near the lower one
        return y.reshape(len(y), -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = not self._has_several_quantiles()
        # the value may be wrong: that is said at fit
        loss = LOSSES.get(self.loss) if isinstance(self.loss, str) else None
        tags.target_tags.positive_only = loss is not None and loss.positive_only
        return tags

    def _has_several_quantiles(self):
        return self.loss == "quantile" and np.asarray(self.quantile, dtype=object).ndim > 0

    # --- targets --------------------------------------------------------------------------------

    def _read_y(self, y, X, names):
        if self._has_steps_in_y():
            y, is_1d = read_targets_per_step(y, X, names.y, names.X)
            if y.shape[1] == 1 and not is_1d:
                column_or_1d(y, warn=True)  # for its warning
                is_1d = True
        else:
            y, is_1d = read_single_targets(y, X, names.y, names.X)
        if LOSSES[self.loss].positive_only:
            reject_negative(y, X, self.loss, names.y)
        if self._has_several_quantiles() and not is_1d:
            raise ValueError(
                f"quantile={self.quantile!r} and {names.y} with {y.shape[1]} outputs do not go together: "
                "several quantiles are those of one number. Pass a 1-D y (one number per time step), or "
                "set quantile to a float."
            )
        return y, is_1d

    def _learn_targets(self, y, is_1d, weight):
        targets = {"loss": self.loss, "loss_options": self._loss_options(), "is_1d": is_1d}
        loss, start = make_loss(targets), None
        mean, scale = mean_and_deviation(y, weight)
        if loss.positive_only and not (mean > 0).all():
            raise ValueError(
                f"loss={self.loss!r} requires sum(y) > 0, of every output, but all y with weight are 0."
            )
        trained_mean = np.zeros_like(mean)  # of y as the loss gets it
        if not loss.standardises_y:
            trained_mean, mean, scale = mean, trained_mean, np.ones_like(scale)
        if loss.start is not None:
            trained = (y - mean) / scale if loss.standardises_y else y
            start = loss.start(trained, weight, trained_mean)
        return targets | {
            "n_outputs": loss.n_outputs(y.shape[1]),
            "is_1d": is_1d and not self._has_several_quantiles(),
            "mean": mean,
            "scale": scale,
            "start": start,
        }

    def _loss_options(self):
        """The parameters that the loss takes, as plain numbers or lists."""
        return {name: np.asarray(getattr(self, name)).tolist() for name in LOSSES[self.loss].options}

    def _check_loss_agrees(self, targets):
        """Raise a ValueError if training would go on with another loss than it began with."""
        before = {"loss": targets["loss"], **targets.get("loss_options", {})}
        for name, now in {"loss": self.loss, **self._loss_options()}.items():
            if before.get(name) != now:
                raise ValueError(
                    f"{name} was {before.get(name)!r} when the weights were made and is {now!r} now: "
                    "training cannot go on from them. Fit a new estimator, or set it back."
                )

    def _publish_targets(self, targets):
        """A regressor has no attribute of its own."""

    def _encode_y(self, y, is_1d, spec, name):
        targets = spec["targets"]
        self._check_loss_agrees(targets)
        n_columns = len(targets["mean"])
        if y.shape[1] != n_columns:
            raise ValueError(
                f"{name} has {y.shape[1]} outputs, but {type(self).__name__} was fitted on {n_columns}."
            )
        if largest(y).max() > np.finfo(spec["dtype"]).max:
            raise ValueError(f"{name} has values too large for {spec['dtype']}. Scale it first.")
        encoded = np.empty(y.shape, dtype=spec["dtype"])
        for start in range(0, len(y), SOME_ROWS):
            part = slice(start, start + SOME_ROWS)
            encoded[part] = (y[part].astype(np.float64) - targets["mean"]) / targets["scale"]
        return encoded

    def _units(self):
        """What makes raw outputs predictions: link, scale and mean."""
        targets, dtype = self._spec["targets"], self._spec["dtype"]
        scale, mean = (targets[k].astype(dtype) for k in ("scale", "mean"))
        return {"link": make_loss(targets).inverse_link, "scale": scale, "mean": mean}

    def _answers(self):
        is_1d = self._spec["targets"]["is_1d"]
        return {"predict": partial(in_units_of_y, is_1d=is_1d, **self._units())}

    def _class_factors(self, y, targets, weight):
        return None

    def _stratify(self, y):
        return None

    def _score_raw(self, raw, data):
        y, weight, _ = data.flat_targets()
        counts = weight > 0
        predicted = make_loss(self._spec["targets"]).inverse_link(raw[counts])
        if not np.isfinite(predicted).all():  # the next update will notice; scores cannot take it
            return np.nan
        return self._score_of(y[counts], predicted, weight[counts])

    def _fold_in_units_of_y(self, weights):
        if not make_loss(self._spec["targets"]).identity_link:
            return
        scale, mean = (self._spec["targets"][k].astype(self._theta.dtype) for k in ("scale", "mean"))
        weights["readout.W"] *= scale
        weights["readout.b"][...] = weights["readout.b"] * scale + mean


class RNNRegressor(_SequenceRegressor):
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
    >>> model = RNNRegressor(learning_rate_init=0.01, tol=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _cell = "rnn"
    _owns = ("rnn", "regressor")


class LSTMRegressor(_SequenceRegressor):
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
    >>> model = LSTMRegressor(learning_rate_init=0.01, tol=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _cell = "lstm"
    _owns = ("regressor",)


class GRURegressor(_SequenceRegressor):
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
    >>> model = GRURegressor(learning_rate_init=0.01, tol=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _cell = "gru"
    _owns = ("regressor",)
