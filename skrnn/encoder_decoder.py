"""Encoder-decoders: sequences of tokens in, sequences of tokens of other lengths out.

An encoder network reads the source, and a decoder network, starting from its final states, says the
answer token by token [1]_ [2]_. Training and its parameters are those of the other estimators; what is
different is the network (``_engine/pair_network.py``), the data (``_engine/pairs.py``), how they are read
(``_reading/pair_reader.py``), and the search for answers (``_engine/search.py``).

References
----------
.. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
   machine translation", EMNLP 2014.
.. [2] I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to sequence learning with neural networks", NIPS
   2014.
"""

from skrnn._estimators.base import Trainable
from skrnn._estimators.blas import one_thread
from skrnn._estimators.keywords import own_keywords
from skrnn._estimators.memory import with_text
from skrnn._estimators.taking_over import pairs_from_weights
from skrnn._estimators.texts import Texts
from skrnn._estimators.threads import mapper
from skrnn._reading.pair_reader import PairReader, check_same_number
from skrnn._reading.reader import Given
from skrnn._reading.vocabulary import read_texts
from skrnn._reading.weights import read_weights
from skrnn._settings.pair_table import tables
from skrnn._settings.settings import PairSettings
from skrnn._settings.texts import complete
from skrnn.cells import GRU, LSTM, Elman

__all__ = ["GRUEncoderDecoder", "LSTMEncoderDecoder", "RNNEncoderDecoder", "SequenceEncoderDecoder"]


class SequenceEncoderDecoder(Trainable):
    """Base class of the encoder-decoders: to give one another cell, inherit from it and set ``cell``.

    The class made so has all parameters and methods; its docstring gets their description.

    Attributes
    ----------
    cell : type
        The class of the cell; see :mod:`skrnn.cells`.

    See Also
    --------
    GRUEncoderDecoder : With the cell of the example.

    Examples
    --------
    >>> from skrnn.cells import GRU
    >>> from skrnn.encoder_decoder import SequenceEncoderDecoder
    >>> class Own(SequenceEncoderDecoder, cell=GRU):
    ...     pass
    >>> Own(hidden_size=4)
    Own(hidden_size=4)
    """

    _targets, _settings_class, _reader_class = Texts, PairSettings, PairReader

    @classmethod
    def _tables(cls):
        return tables(cls._owners())

    # --- public methods -------------------------------------------------------------------------

    @classmethod
    @complete
    def from_weights(cls, weights, *, source_vocabulary, target_vocabulary, draw=(), **params):
        """Make a fitted encoder-decoder of given weights.

        Parameters
        ----------
        weights : dict of str to array-like
            All weights by name: those of `weights_`, or any of these names and shapes.
        source_vocabulary : dict of token to int
            The row of ``encoder.embedding.W`` of every source token, from 0 on.
        target_vocabulary : dict of token to int
            The row of ``decoder.embedding.W``, and the output, of every target token, from 1 on.
        draw : str or tuple of str, default=()
            Weights that are drawn at random in place of what `weights` has, or has not: names, or those
            of parts, as "encoder.embedding" or "decoder". The forget bias is then the cell's own, unless
            `forget_bias` is a number or a tuple.
        **params : dict
            Those of the constructor; `max_length` is needed. `hidden_size` and `embedding_size` may be
            left out: the shapes say them. `dtype=None` is that of the weights.

        .. from weights

        Examples
        --------
        >>> from skrnn import GRUEncoderDecoder
        >>> model = GRUEncoderDecoder(hidden_size=8, max_iter=9, tol=None, random_state=0)
        >>> model = model.fit(["one", "two"], ["1", "2"])
        >>> again = GRUEncoderDecoder.from_weights(
        ...     model.weights_, source_vocabulary=model.source_vocabulary_,
        ...     target_vocabulary=model.target_vocabulary_, max_length=2,
        ... )
        >>> again.predict(["one"]) == model.predict(["one"])
        True
        """

        def new_facts(settings, arrays):
            targets = settings.targets.given(settings, source_vocabulary, target_vocabulary)
            return PairReader(settings).new_facts(targets)

        return pairs_from_weights(cls, weights, params, draw, new_facts)

    @own_keywords
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network to pairs of sequences.

        The decoder is trained to say each token of the target from the source and from the tokens
        before it, as they stand in y ("teacher forcing"). A call that raises leaves the estimator as it
        was before; only after an error in a callback it is what it was after the latest epoch
        of the call, if there was one.

        Parameters
        ----------
        X : list of length n_sequences
            The sources: strings, whose tokens are their characters, or lists, tuples or 1-D arrays of
            hashable tokens. None may be empty. Also a 1-D object array or a Series of them; shape
            (n_sequences,). Numbers are tokens if they are whole, or stand among other tokens.
        y : list of length n_sequences
            The targets, in one of the forms of X, shape (n_sequences,). They may be empty.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of the pairs, none negative; None: all are 1.
        X_val : list, default=None
            The sources of validation data. With `early_stopping=True` they take the place of a
            share `validation_fraction` of the pairs. Without, they are only recorded, in
            `validation_loss_curve_` and `validation_scores_`: the weights are those that fit without
            X_val would give.
        y_val : list, default=None
            The targets of the validation data. Needed with X_val.
        sample_weight_val : array-like of shape (n_validation_sequences,), default=None
            Weights of the validation data.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range; if parameters do not go together; if X, y or a weight
            cannot be read, or they are not of the same length; if X or y holds measured numbers; if a
            source is empty; if targets have
            tokens that are unknown when training goes on; or if the loss or its gradient is not finite
            at the weights that training starts from.
        TypeError
            If a token is not hashable, or if X or y is a sparse or masked array.
        MemoryError
            If the network, or a window of the data, does not fit in memory.
        ImportError
            If `verbose` is 2 or more and the package rich is not installed.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before the loss has stopped falling; if loss or gradient are no
            longer finite: training then stops, and the last finite weights are kept; or if "lbfgs"
            stops early.
        UserWarning
            If training is interrupted from the keyboard: the weights so far are kept; or if `batch_size`
            exceeds the number of pairs.
        """
        with one_thread(), with_text():
            return self._fit(X, y, sample_weight, Given(X_val, y_val, sample_weight_val))

    @own_keywords
    @with_text()
    def predict(self, X):
        """Predict the targets of sources.

        With `beam_size=1` the decoder says the most probable token at every step. A larger beam follows
        that many beginnings side by side and finds answers that are more probable as a whole: the score
        of an answer is the sum of the log probabilities of its tokens, stop included, not divided by its
        length. An answer does not depend on the other sources of X.

        Parameters
        ----------
        X : list of length n_sequences
            The sources, as in fit; shape (n_sequences,). Tokens that fit has not seen are read as steps
            without input.

        Returns
        -------
        y : list of length n_sequences
            The answers, each a list of tokens; of strings use ``"".join(answer)``.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X cannot be read, if a source is empty, or if `beam_size` or `max_length` are out of range.
        TypeError
            If a token is not hashable, or if X is a sparse or masked array.
        """
        model = self._model
        self._validate_params()
        targets = model.facts.targets
        return targets.answers_to(
            model.network(), model.theta, targets.read_sources(X), self.beam_size, self.max_length,
            mapper(self._n_threads()),
        )  # fmt: skip

    @own_keywords
    def score(self, X, y, sample_weight=None):
        """Share of the answers that are right as a whole.

        Parameters
        ----------
        X : list of length n_sequences
            The sources, as in fit; shape (n_sequences,).
        y : list of length n_sequences
            The targets, as in fit; shape (n_sequences,).
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of the pairs, none negative; None: all are 1.

        Returns
        -------
        score : float
            Between 0 and 1: the (weighted) share of answers that are equal to their targets, token by
            token.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X, y or sample_weight cannot be read, or they are not of the same length.
        TypeError
            If a token is not hashable, or if X or y is a sparse or masked array.
        """
        predicted = self.predict(X)
        y = read_texts(y, "y", known=self._model.facts.targets.target)
        check_same_number(predicted, y)
        weight, _ = read_weights(sample_weight, y, per_step=False)
        return Texts.score(predicted, y, weight)

    @property
    def weights_(self):
        """Copies of all weights, a dict of name to array.

        The encoder has ``encoder.embedding.W`` of shape (n_source_tokens, embedding_size), and for each
        layer ``encoder.layer0.W_x``, ``encoder.layer0.W_h``, ``encoder.layer0.b_x`` and
        ``encoder.layer0.b_h``, as the other estimators have them. The decoder has the same under
        ``decoder.``, with the target's tokens, and a read-out, ``decoder.readout.W`` of shape (width of
        the top layer, n_target_tokens) and ``decoder.readout.b``.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        return self._model.weights()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags


class RNNEncoderDecoder(SequenceEncoderDecoder, cell=Elman):
    """Encoder and decoder for sequences that are answered by sequences of other lengths.

    Two simple recurrent networks: the encoder reads the source, and the decoder goes on from its
    states and says the target token by token [1]_ [2]_. Both are trained together by exact
    truncated backpropagation through time, TBPTT(k1, k2).

    .. parameters and attributes

    See Also
    --------
    LSTMEncoderDecoder : Cells with gates and a separate memory.
    GRUEncoderDecoder : Cells with gates.
    RNNClassifier : One label per sequence, or one per time step.

    References
    ----------
    .. shared references

    Examples
    --------
    >>> from skrnn import RNNEncoderDecoder
    >>> X = ["one", "two", "three", "four", "five"]
    >>> y = ["1", "2", "3", "4", "5"]
    >>> model = RNNEncoderDecoder(learning_rate_init=0.01, tol=0.01, n_iter_no_change=9, random_state=0)
    >>> model.fit(X, y).predict(["two", "five"])
    [['2'], ['5']]
    """


class LSTMEncoderDecoder(SequenceEncoderDecoder, cell=LSTM):
    """Encoder and decoder for sequences that are answered by sequences of other lengths.

    Two LSTM networks: the encoder reads the source, and the decoder goes on from its states and
    says the target token by token [1]_ [2]_. Both are trained together by exact truncated
    backpropagation through time, TBPTT(k1, k2).

    .. parameters and attributes

    See Also
    --------
    GRUEncoderDecoder : Cells with one gate less, often as good.
    RNNEncoderDecoder : Simple recurrent networks.
    LSTMClassifier : One label per sequence, or one per time step.

    References
    ----------
    .. shared references

    Examples
    --------
    >>> from skrnn import LSTMEncoderDecoder
    >>> X = ["one", "two", "three", "four", "five"]
    >>> y = ["1", "2", "3", "4", "5"]
    >>> model = LSTMEncoderDecoder(learning_rate_init=0.01, tol=0.01, n_iter_no_change=9, random_state=0)
    >>> model.fit(X, y).predict(["two", "five"])
    [['2'], ['5']]
    """


class GRUEncoderDecoder(SequenceEncoderDecoder, cell=GRU):
    """Encoder and decoder for sequences that are answered by sequences of other lengths.

    Two GRU networks: the encoder reads the source, and the decoder goes on from its states and
    says the target token by token [1]_ [2]_. Both are trained together by exact truncated
    backpropagation through time, TBPTT(k1, k2).

    .. parameters and attributes

    See Also
    --------
    LSTMEncoderDecoder : Cells with a separate memory.
    RNNEncoderDecoder : Simple recurrent networks.
    GRUClassifier : One label per sequence, or one per time step.

    References
    ----------
    .. shared references

    Examples
    --------
    >>> from skrnn import GRUEncoderDecoder
    >>> X = ["one", "two", "three", "four", "five"]
    >>> y = ["1", "2", "3", "4", "5"]
    >>> model = GRUEncoderDecoder(learning_rate_init=0.01, tol=0.01, n_iter_no_change=9, random_state=0)
    >>> model.fit(X, y).predict(["two", "five"])
    [['2'], ['5']]
    """
