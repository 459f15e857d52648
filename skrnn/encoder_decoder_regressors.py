"""Encoder-decoders of numbers: real-valued sequences in, real-valued sequences of other lengths out.

An encoder network reads the source, and a decoder network, starting from its final states, answers step
by step [1]_ [2]_. The network, its windows and the loop of training are those of the encoder-decoders of
tokens (``encoder_decoder.py``); what is different is how data are read
(``_reading/number_pair_reader.py``), what a step of an answer is (``_estimators/number_pairs.py``), and
how answers come about (``_engine/rollout.py``).

References
----------
.. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
   machine translation", EMNLP 2014.
.. [2] I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to sequence learning with neural networks", NIPS
   2014.
"""

from functools import partial

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from skrnn._engine.dataset import Dataset
from skrnn._engine.forward import BLOCK
from skrnn._engine.storage import Sequences
from skrnn._estimators.base import Trainable, advise_on_overflow
from skrnn._estimators.blas import one_thread
from skrnn._estimators.keywords import own_keywords
from skrnn._estimators.memory import with_text
from skrnn._estimators.number_pairs import NumberPairs, facts_given
from skrnn._estimators.taking_over import pairs_from_weights
from skrnn._estimators.threads import mapper
from skrnn._reading.arrays import object_array
from skrnn._reading.facts import check_names
from skrnn._reading.number_pair_reader import NumberPairReader, read_sources
from skrnn._reading.reader import Given, Names
from skrnn._reading.target_sequences import read_horizon, read_pair_weights, read_target_sequences
from skrnn._reading.weights import weight_of_rows
from skrnn._settings.arguments import check_int
from skrnn._settings.pair_table import number_tables
from skrnn._settings.settings import NumberPairSettings, is_positive_only
from skrnn._settings.texts import complete
from skrnn.cells import GRU, LSTM, Elman

__all__ = [
    "GRUEncoderDecoderRegressor",
    "LSTMEncoderDecoderRegressor",
    "RNNEncoderDecoderRegressor",
    "SequenceEncoderDecoderRegressor",
]


class SequenceEncoderDecoderRegressor(RegressorMixin, Trainable):
    """Base class of the encoder-decoders of numbers: to give one another cell, inherit and set ``cell``.

    The class made so has all parameters and methods; its docstring gets their description.

    Attributes
    ----------
    cell : type
        The class of the cell; see :mod:`skrnn.cells`.

    See Also
    --------
    GRUEncoderDecoderRegressor : With the cell of the example.

    Examples
    --------
    >>> from skrnn.cells import GRU
    >>> from skrnn.encoder_decoder_regressors import SequenceEncoderDecoderRegressor
    >>> class Own(SequenceEncoderDecoderRegressor, cell=GRU):
    ...     pass
    >>> Own(hidden_size=4)
    Own(hidden_size=4)
    """

    _targets, _settings_class, _reader_class = NumberPairs, NumberPairSettings, NumberPairReader
    _owner = "regressor"

    @classmethod
    def _tables(cls):
        return number_tables(cls._owners())

    # --- public methods -------------------------------------------------------------------------

    @classmethod
    @complete
    def from_weights(cls, weights, *, horizon, draw=(), **params):
        """Make a fitted encoder-decoder of given weights.

        It reads sequences, a 3-D array or a list, and of a single output it answers without an axis of
        outputs.

        Parameters
        ----------
        weights : dict of str to array-like
            All weights by name, with ``y.mean`` and ``y.scale``: those of `exact_weights_`, or any of
            these names and shapes.
        horizon : int
            How many steps `predict` answers by default.
        draw : str or tuple of str, default=()
            Weights that are drawn at random in place of what `weights` has, or has not: names, or those
            of parts, as "decoder.readout" or "decoder". The forget bias is then the cell's own, unless
            `forget_bias` is a number or a tuple.
        **params : dict
            Those of the constructor, as loss. `hidden_size` may be left out: the shapes say it.
            `dtype=None` is that of the weights.

        .. from weights

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import GRUEncoderDecoderRegressor
        >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
        >>> model = GRUEncoderDecoderRegressor(hidden_size=8, random_state=0).fit(X, X[:, :3, 0])
        >>> again = GRUEncoderDecoderRegressor.from_weights(model.exact_weights_, horizon=3)
        >>> bool((again.predict(X) == model.predict(X)).all())
        True
        """
        horizon = check_int(horizon, "horizon")
        return pairs_from_weights(cls, weights, params, draw, partial(facts_given, horizon=horizon))

    @own_keywords
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network to pairs of sequences.

        The decoder is trained to say each step of y from the source and from the step before it as it
        stands in y ("teacher forcing"); before the first it reads the mean of y, `start_value_`. A
        call that raises leaves the estimator as it was before; only after an error in a callback it is
        what it was after the latest epoch of the call, if there was one.

        Parameters
        ----------
        X : array-like
            The sources, in one of these forms.

            - An array of shape (n_sequences, n_timesteps, n_features), for sequences of equal length.
            - A list or 1-D object array of arrays of shape (n_timesteps_i, n_features), for sequences of
              any length.
            - An array or DataFrame of shape (n_sequences, n_timesteps), for sequences of one feature; or
              a list of arrays of shape (n_timesteps_i,).
        y : array-like
            The targets, sequences of numbers with lengths of their own, each of one time step or more.

            - An array of shape (n_sequences, n_target_timesteps, n_outputs), or a list or 1-D object
              array of arrays of shape (n_target_timesteps_i, n_outputs).
            - For one output also an array of shape (n_sequences, n_target_timesteps), or a list of arrays
              of shape (n_target_timesteps_i,).
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of the pairs, none negative; None: all are 1. Also one weight per time step of y: an
            array of shape (n_sequences, n_target_timesteps), or a list of arrays of shape
            (n_target_timesteps_i,). A step of weight zero has no loss, but the decoder reads it.
        X_val : array-like, default=None
            The sources of validation data, in the form of X. With `early_stopping=True` they take the
            place of a share `validation_fraction` of the pairs. Without, they are only recorded, in
            `validation_loss_curve_` and `validation_scores_`: the weights are those that fit without
            X_val would give.
        y_val : array-like, default=None
            The targets of the validation data, in one of the forms of y. Needed with X_val.
        sample_weight_val : array-like of shape (n_validation_sequences,), default=None
            Weights of the validation data, in one of the forms of sample_weight.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range; if parameters do not go together; if X, y or a weight
            cannot be read: empty, of the wrong shape, NaN or infinite, or not of the same length; or if
            the loss or its gradient is not finite at the weights that training starts from.
        TypeError
            If X, y or a weight is a sparse or masked array.
        MemoryError
            If the network, or a window of the data, does not fit in memory.
        ImportError
            If `verbose` is 2 or more and the package rich is not installed.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before the loss has stopped falling, and `tol` is not None; if loss
            or gradient are no longer finite: training then stops, and the last finite weights are kept;
            if "lbfgs" stops early; or if hardly anything was learned.
        UserWarning
            If training is interrupted from the keyboard: the weights so far are kept; if the axes of X
            seem to be in another order; if X or y look padded; if y is in another unit than in the first
            fit, or needs more digits than `dtype` has; if a pair has more than 10000 steps and `k1` is
            not set; or if `batch_size` exceeds the number of pairs.
        """
        with one_thread(), with_text():
            return self._fit(X, y, sample_weight, Given(X_val, y_val, sample_weight_val))

    @available_if(Trainable._can_partial_fit)
    @own_keywords
    def partial_fit(self, X, y, sample_weight=None, *, y_mean=None, y_scale=None):
        """One pass over the data, going on from the present weights.

        The first call makes the weights, and fixes `horizon_`, and the mean and the deviation that y is
        standardised by: those of its own y, if they are not passed. A call that raises leaves the
        estimator as it was before. Not with `early_stopping=True`.

        Parameters
        ----------
        X : array-like
            The sources, as in fit.
        y : array-like
            The targets, as in fit.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of the pairs, as in fit.
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
        ValueError
            If a parameter is out of its range; if parameters do not go together; if X, y or a weight
            cannot be read, or they are not of the same length; or if the loss or its gradient is not
            finite at the weights that training starts from.
        TypeError
            If X, y or a weight is a sparse or masked array.
        MemoryError
            If the network, or a window of the data, does not fit in memory.
        AttributeError
            If `solver="lbfgs"`, whose every step needs the whole data.
        """
        settings = self._settings(partial_fit=True)
        units = None if y_mean is None and y_scale is None else (y_mean, y_scale)
        return self._partial_fit(settings, X, y, sample_weight, units=units)

    @with_text()
    @own_keywords
    def predict(self, X, horizon=None):
        """Predict the targets of sources.

        The decoder reads its own answers: what it has said of a step is what it reads at the next one
        (of several quantiles the one nearest to 0.5). An answer depends neither on the other sources of
        X nor on the steps that follow: a shorter one is the beginning of a longer one.

        Parameters
        ----------
        X : array-like
            The sources: an array of shape (n_sequences, n_timesteps, n_features), or a list or 1-D
            object array of arrays of shape (n_timesteps_i, n_features), with the features of fit and any
            number of time steps. After a fit on an array or DataFrame of shape (n_sequences,
            n_timesteps): the same, with the columns of fit.
        horizon : int or array-like of shape (n_sequences,), default=None
            How many steps to answer, or how many for each of the sources. None: as many as the longest
            y of the first fit had, `horizon_`.

        Returns
        -------
        y : ndarray of shape (n_sequences, horizon) or (n_sequences, horizon, n_outputs)
            The answers, in units of y; the axis of outputs is there if y in fit had one. With one horizon
            for each source a 1-D object array of arrays of shape (horizon_i,) or (horizon_i, n_outputs).
            A list of quantiles is one more axis, the last one; none is lower than the one before it.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X cannot be read, if it has not the features of the X in fit, if horizon is no positive
            int, and not one for each source, or if a parameter that is read here is out of its range.
        TypeError
            If X is a sparse or masked array.

        Warns
        -----
        UserWarning
            If an answer is not finite, because numbers overflow on the way to it.
        """
        sources = self._read_sources(X)
        lengths = read_horizon(horizon, sources.n, self._model.facts.targets.horizon)
        flat = self._answer(sources, lengths)
        if np.ndim(horizon):
            return object_array(np.split(flat, np.cumsum(lengths)[:-1]))
        return flat.reshape(sources.n, -1, *flat.shape[1:])

    @own_keywords
    def score(self, X, y, sample_weight=None):
        """Coefficient of determination R^2 of the predictions; of several quantiles D^2.

        The answers are as long as the targets. All time steps of all sequences count alike, those of
        long sequences as those of short ones.

        Parameters
        ----------
        X : array-like
            The sources, as in predict.
        y : array-like
            The targets, in one of the forms of fit.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of the pairs, or of the steps of y, in one of the forms of fit.

        Returns
        -------
        score : float
            1 is perfect, 0 is what the mean of y (or its quantiles) would reach; with several outputs
            the mean of theirs.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X, y or sample_weight cannot be read, or they are not of the same length; or if a parameter
            that is read here is out of its range.
        TypeError
            If X, y or sample_weight is a sparse or masked array.
        """
        targets = self._model.facts.targets
        sources = self._read_sources(X)
        y, _ = read_target_sequences(y, sources, self._names())
        weights = read_pair_weights(sample_weight, y, self._names())
        predicted = self._answer(sources, y.lengths)
        weight = None if sample_weight is None else weight_of_rows(*weights, y, len(predicted))
        return targets.score_of(y.values, predicted, weight)

    @property
    def weights_(self):
        """Copies of all weights, a dict of name to array; what the decoder reads is in units of y.

        The encoder has for each layer ``encoder.layer0.W_x``, ``encoder.layer0.W_h``,
        ``encoder.layer0.b_x`` and ``encoder.layer0.b_h``, as the other estimators have them. The decoder
        has the same under ``decoder.``, and a read-out, ``decoder.readout.W`` of shape (width of the top
        layer, n_outputs) and ``decoder.readout.b``. It starts from the encoder's final states, layer by
        layer, and reads `start_value_` first. The read-out gives units of y as well, but for
        `loss="poisson"` the logarithm of the predictions, and for several quantiles what
        :attr:`LSTMRegressor.weights_` says.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        return self._model.weights()

    @property
    def exact_weights_(self):
        """Copies of all weights as they are, a dict of name to array, with mean and scale of y.

        They have ``y.mean`` and ``y.scale``, of shape (n_targets,): the decoder reads y less its mean,
        divided by its scale, and first zero; answers are the outputs times the scale, plus the mean, but
        for losses that take y as it is. All other names and shapes are those of `weights_`.
        `from_weights` makes of them an estimator that answers with the same bits.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        return self._model.exact_weights()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = tags.target_tags.multi_output = True
        tags.target_tags.single_output = False  # y has an axis of time steps
        tags.target_tags.positive_only = is_positive_only(self.loss)
        return tags

    # --- answers --------------------------------------------------------------------------------

    def _names(self):
        return Names(model=type(self).__name__)

    def _read_sources(self, X):
        """X as ``Sequences``, in the form of the X of fit."""
        facts = self._model.facts
        check_names(self, X, reset=False)
        return read_sources(X, facts, None, self._names()).sequences

    def _answer(self, sources, lengths):
        """Flat answers in units of y, so many steps for each of the sources."""
        model, n = self._model, self._n_threads()
        # blocks side by side, or threads within the only one
        network = model.network(n_threads=n if sources.n <= BLOCK else 1)
        data = Dataset(sources, per_step=False)
        raw = model.facts.targets.raw_answers(network, model.theta, data, lengths, mapper(n))
        flat = model.answers()["predict"](raw)
        advise_on_overflow(flat, Sequences(raw, lengths), model.facts)
        return flat


class RNNEncoderDecoderRegressor(SequenceEncoderDecoderRegressor, cell=Elman):
    """Encoder and decoder for sequences of numbers answered by sequences of numbers of other lengths.

    Two simple recurrent networks: the encoder reads the source, and the decoder goes on from its states
    and answers step by step [1]_ [2]_. Both are trained together by exact truncated backpropagation
    through time, TBPTT(k1, k2).

    .. parameters and attributes

    See Also
    --------
    LSTMEncoderDecoderRegressor : Cells with gates and a separate memory.
    GRUEncoderDecoderRegressor : Cells with gates.
    RNNRegressor : One target per sequence, several outputs of it, or one per time step.

    References
    ----------
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNEncoderDecoderRegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = np.cumsum(X[:, :3, 0], axis=1)  # answered by 3 steps
    >>> model = RNNEncoderDecoderRegressor(random_state=0).fit(X, y)
    >>> model.predict(X).shape, model.predict(X[:2], horizon=7).shape
    ((60, 3), (2, 7))
    >>> bool(model.score(X, y) > 0.9)
    True
    """


class LSTMEncoderDecoderRegressor(SequenceEncoderDecoderRegressor, cell=LSTM):
    """Encoder and decoder for sequences of numbers answered by sequences of numbers of other lengths.

    Two LSTM networks: the encoder reads the source, and the decoder goes on from its states and answers
    step by step [1]_ [2]_. Both are trained together by exact truncated backpropagation through time,
    TBPTT(k1, k2).

    .. parameters and attributes

    See Also
    --------
    GRUEncoderDecoderRegressor : Cells with one gate less, often as good.
    RNNEncoderDecoderRegressor : Simple recurrent networks.
    LSTMRegressor : One target per sequence, several outputs of it, or one per time step.

    References
    ----------
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMEncoderDecoderRegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = np.cumsum(X[:, :3, 0], axis=1)  # answered by 3 steps
    >>> model = LSTMEncoderDecoderRegressor(random_state=0).fit(X, y)
    >>> model.predict(X).shape, model.predict(X[:2], horizon=7).shape
    ((60, 3), (2, 7))
    >>> bool(model.score(X, y) > 0.9)
    True
    """


class GRUEncoderDecoderRegressor(SequenceEncoderDecoderRegressor, cell=GRU):
    """Encoder and decoder for sequences of numbers answered by sequences of numbers of other lengths.

    Two GRU networks: the encoder reads the source, and the decoder goes on from its states and answers
    step by step [1]_ [2]_. Both are trained together by exact truncated backpropagation through time,
    TBPTT(k1, k2).

    .. parameters and attributes

    See Also
    --------
    LSTMEncoderDecoderRegressor : Cells with a separate memory.
    RNNEncoderDecoderRegressor : Simple recurrent networks.
    GRURegressor : One target per sequence, several outputs of it, or one per time step.

    References
    ----------
    .. shared references

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRUEncoderDecoderRegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))  # 60 sequences, 5 steps, 2 features
    >>> y = np.cumsum(X[:, :3, 0], axis=1)  # answered by 3 steps
    >>> model = GRUEncoderDecoderRegressor(random_state=0).fit(X, y)
    >>> model.predict(X).shape, model.predict(X[:2], horizon=7).shape
    ((60, 3), (2, 7))
    >>> bool(model.score(X, y) > 0.9)
    True
    """
