"""Encoder-decoders: sequences of tokens in, sequences of tokens of other lengths out.

An encoder network reads the source, and a decoder network, starting from its final states, says the
answer token by token [1]_ [2]_. Training and its parameters are those of the other estimators; what is
different is the network (``_engine/pair_network.py``), the data (``_engine/pairs.py``), how they are read
(``_reading/vocabulary.py``), and the search for answers (``_engine/search.py``).

Numbers of tokens: a source token that fit has not seen is read as a step without input. The first
number of the target tokens, ``STOP``, begins and ends an answer.

References
----------
.. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
   machine translation", EMNLP 2014.
.. [2] I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to sequence learning with neural networks", NIPS
   2014.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._engine.dataset import Dataset
from skrnn._engine.pair_network import PairNetwork
from skrnn._engine.pairs import Pairs
from skrnn._engine.run import History
from skrnn._engine.search import STOP, answers, loss_of_pairs
from skrnn._engine.storage import Sequences
from skrnn._estimators.base import Trainable
from skrnn._estimators.blas import one_thread
from skrnn._reading.reader import TRAINING, Reading
from skrnn._reading.targets import read_weights
from skrnn._reading.vocabulary import learn_vocabulary, numbers, read_texts
from skrnn._settings.build import of
from skrnn._settings.checks import check_hidden_size, check_solver, check_validation
from skrnn._settings.table import ATTRIBUTES, PARAMETERS, Attribute, Parameter, _at_least
from skrnn.cells import CELLS
from skrnn.losses import make_loss

_TABLE = PARAMETERS
_OWN = {
    "embedding_size": Parameter(
        16,
        [_at_least(1)],
        "int, default=16",
        "Size of the vectors that stand for tokens, learned for the source's and for the target's.",
    ),
    "beam_size": Parameter(
        1,
        [_at_least(1)],
        "int, default=1",
        "How many beginnings of an answer `predict` follows side by side. With 1 it takes the most "
        "probable token at every step. May be changed after fit.",
    ),
    "max_length": Parameter(
        None,
        [None, _at_least(0)],
        "int, default=None",
        "Tokens after which an answer of `predict` has to end. None: twice the longest target of the "
        "first fit. "
        "May be changed after fit.",
    ),
    "k1": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "Truncated backpropagation through time (TBPTT): the weights are updated every `k1` time steps, "
        "from the losses of these steps. Time runs on from the source to the target; the boundary lies "
        "in the middle of the first `k1` steps (or `k2` steps, if that is less). None: once per batch, "
        "after the whole sequences.",
    ),
    "k2": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "Truncated backpropagation through time (TBPTT): the gradient flows back through `k2` time "
        "steps, from the target into the source. What lies further back in the source is not learned "
        "from. None: equal to `k1`.",
    ),
    "validation_fraction": _TABLE["validation_fraction"]._replace(
        text="Share of the pairs held out. Only used when `early_stopping=True` and fit is not given "
        "`X_val`."
    ),
    "warm_start": _TABLE["warm_start"]._replace(
        text="Whether fit goes on from the weights, the vocabularies, the solver's memory and the random "
        "state at the end of the fit before, instead of starting anew. If "
        ":class:`skrnn.callbacks.Checkpoint` has saved the estimator in the middle of a fit, that run is "
        "finished."
    ),
    "dtype": _TABLE["dtype"]._replace(
        text="The floating-point type of weights and computation, also as a NumPy type. None: float64. "
        "Fixed by the first fit."
    ),
}
_NAMES = (
    "hidden_size", "activation", "embedding_size", "dropout", "beam_size", "max_length", "k1", "k2",
    "clip_norm", "clip_value", "alpha", "solver", "learning_rate_init", "learning_rate", "momentum",
    "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_fun", "batch_size", "max_iter", "shuffle",
    "tol", "n_iter_no_change", "early_stopping", "validation_fraction", "warm_start", "random_state",
    "verbose", "n_jobs", "dtype",
)  # fmt: skip
_VOCABULARY = "dict of token to int"
_ATTRIBUTES = {
    "source_vocabulary_": Attribute(
        _VOCABULARY,
        "Number of every token of X: the row of ``encoder.embedding.W``. Others are read as steps "
        "without input.",
    ),
    "target_vocabulary_": Attribute(
        _VOCABULARY,
        "Number of every token of y: the row of ``decoder.embedding.W`` and the output of the read-out. "
        "Number 0 stands for start and stop.",
    ),
    "weights_": None,
    "n_iter_": Attribute("int", "Number of epochs of the last fit."),
    "n_updates_": None,
    "loss_": None,
    "best_loss_": None,
    "loss_curve_": Attribute(
        "list of float",
        "Training loss per epoch: the weighted mean over all tokens (stop included) of minus the log "
        "probability, each taken at the update that used it, plus the penalty.",
    ),
    "validation_loss_curve_": Attribute(
        "list of float or None",
        "Validation loss per epoch, without penalty. None without early stopping.",
    ),
    "validation_scores_": None,
    "best_validation_score_": None,
    "grad_norm_curve_": None,
    "clipped_fraction_curve_": None,
    "k2_curve_": Attribute(
        "list of int or None",
        "The steps that the gradient flowed back through in each epoch: `k2`, or `k1` if that is None. "
        "None: whole sequences.",
    ),
}
_REFERENCES = """\
.. [1] Cho, K., et al., "Learning phrase representations using RNN encoder-decoder for statistical
   machine translation", EMNLP 2014.
.. [2] Sutskever, I., Vinyals, O., Le, Q. V., "Sequence to sequence learning with neural networks",
   NIPS 2014.
.. [3] Pascanu, R., Mikolov, T., Bengio, Y., "On the difficulty of training recurrent neural
   networks", ICML 2013.
"""

# What of _spec must agree when training goes on from earlier weights, and its parameter.
_MUST_AGREE = {
    "cell_options": "activation",
    "hidden_sizes": "hidden_size",
    "embedding_size": "embedding_size",
}


class _EncoderDecoder(Trainable):
    """Sources and targets are sequences of hashable tokens."""

    bidirectional = False  # every window of training can be cut
    _scale = "scale sample_weight"

    @classmethod
    def _tables(cls):
        shared = of(cls._owns)
        return {
            "parameters": {n: _OWN.get(n) or shared[n] for n in _NAMES if n in _OWN or n in shared},
            "attributes": {n: a or ATTRIBUTES[n] for n, a in _ATTRIBUTES.items()},
            "references": _REFERENCES,
        }

    # --- public methods -------------------------------------------------------------------------

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
            (n_sequences,).
        y : list of length n_sequences
            The targets, in one of the forms of X, shape (n_sequences,). They may be empty.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of the pairs, none negative; None: all are 1.
        X_val : list, default=None
            The sources of validation data. For `early_stopping=True`, in place of a share
            `validation_fraction` of the pairs.
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
            cannot be read, or they are not of the same length; if a source is empty; if targets have
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
        with self._nothing_lost() as trained, one_thread():
            return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val, trained)

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
        check_is_fitted(self)
        self._validate_params()
        spec = self._spec
        source = numbers(read_texts(X, "X", may_be_empty=False), spec["source_vocabulary"])
        return self._say(self._network(), self._theta, Dataset(source, per_step=False), self._map_blocks)

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
        y = read_texts(y, "y")
        _check_same_number(predicted, y, TRAINING)
        weight, _ = read_weights(sample_weight, y, per_step=False)
        return _exact_matches(predicted, y, weight)

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
        check_is_fitted(self)
        return self._network().layout.views(self._theta.copy())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

    # --- reading --------------------------------------------------------------------------------

    _hold_out, _check_validation = Reading._hold_out, Reading._check_validation
    _check_agrees, _check_batch_size = Reading._check_agrees, Reading._check_batch_size
    rows = "sequences"

    def _cuts_pieces(self):
        """Whether pairs are cut: a source and its target belong together."""
        return False

    def _check_settings(self, **call):
        self._validate_params()
        check_hidden_size(self.hidden_size)
        check_solver(self)
        check_validation(self, **call)

    def _check_same_columns(self, X, X_val):
        """There are none."""

    def _read(self, X, y, sample_weight, known, names=TRAINING):
        """Everything that fit is given -> (spec, Pairs, None); raises before anything changes."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        X, y = read_texts(X, names.X, may_be_empty=False), read_texts(y, names.y)
        _check_same_number(X, y, names)
        weight, _ = read_weights(sample_weight, X, names.weight, names.X, per_step=False)
        spec = self._make_spec(X, y, known)
        if known is not None:
            if names is TRAINING:
                self._check_agrees(spec, known, _MUST_AGREE)
            _check_known(y, known["target_vocabulary"], names.y)
        if names is TRAINING:
            self._warn_about(X)
        return spec, self._pairs(X, y, weight, spec).without_zero_weights(), None

    def _warn_about(self, X):
        self._check_batch_size(len(X))

    def _make_spec(self, X, y, known):
        """What the network and the reading of X need to know; the vocabularies are those ``known``."""
        source, target = (
            (known["source_vocabulary"], known["target_vocabulary"])
            if known
            else (learn_vocabulary(X, first=0), learn_vocabulary(y, first=STOP + 1))
        )
        return {
            "cell": self._cell,
            "cell_options": self._cell_options(),
            "hidden_sizes": check_hidden_size(self.hidden_size),
            "embedding_size": int(self.embedding_size),
            "source_vocabulary": source,
            "target_vocabulary": target,
            "longest": known["longest"] if known else max(map(len, y)),
            "targets": {"loss": "multinomial_log_loss", "n_outputs": len(target) + 1},
            "dtype": known["dtype"] if known else np.dtype(self.dtype or np.float64).name,
        }

    def _pairs(self, X, y, weight, spec):
        vocabulary = spec["target_vocabulary"]
        read, said = numbers(y, vocabulary, before=[STOP]), numbers(y, vocabulary, after=[STOP])
        target = Dataset(read, Sequences(said.values, said.lengths), weight)
        return Pairs(numbers(X, spec["source_vocabulary"]), target)

    # --- network --------------------------------------------------------------------------------

    def _start(self, spec, X, random_state):
        """New weights and an empty history; everything has been checked by now."""
        self._spec, self._history, self._solver = spec, History(), None
        self.source_vocabulary_ = dict(spec["source_vocabulary"])
        self.target_vocabulary_ = dict(spec["target_vocabulary"])
        self._theta = self._network(spec).initial_weights(random_state)

    def _network(self, spec=None, n_threads=1):
        """The network of ``spec``, by default the fitted one."""
        spec = spec or self._spec
        return PairNetwork(
            CELLS[spec["cell"]], len(spec["source_vocabulary"]), spec["targets"]["n_outputs"],
            spec["embedding_size"], spec["hidden_sizes"], dtype=spec["dtype"], dropout=self.dropout,
            cell_options=spec["cell_options"], n_threads=n_threads,
        )  # fmt: skip

    def _say(self, network, theta, sources, map_blocks=map):
        """The answers to a ``Dataset`` of sources, as lists of tokens."""
        spec, tokens = self._spec, self._target_tokens()
        max_length = 2 * spec["longest"] if self.max_length is None else self.max_length
        found = answers(
            network, theta, sources, beam_size=self.beam_size, max_length=max_length,
            log_probability=make_loss(spec["targets"]).log_inverse_link, map_blocks=map_blocks,
        )  # fmt: skip
        return [[tokens[number] for number in answer] for answer in found]

    def _target_tokens(self):
        """Number -> token."""
        return {number: token for token, number in self._spec["target_vocabulary"].items()}

    def _validator(self, network, loss, data):
        """theta -> validation loss and score; without dropout."""
        tokens = self._target_tokens()
        said = data.target.y.flat()[:, 0]
        y = [
            [tokens[number] for number in said[start : start + T - 1]]
            for start, T in zip(data.target.y.offsets, data.target.lengths, strict=True)
        ]

        def validate(theta):
            value = loss_of_pairs(network, theta, loss, data)
            if not np.isfinite(value):  # the next update will notice
                return np.inf, np.nan
            predicted = self._say(network, theta, data.source)
            return value, _exact_matches(predicted, y, data.target.weight)

        return validate

    def _advise(self, data, losses):
        """Tokens have no scale."""


def _check_same_number(X, y, names):
    if len(X) != len(y):
        raise ValueError(
            f"{names.X} has {len(X)} sequences, {names.y} has {len(y)}: every source needs its target."
        )


def _check_known(y, vocabulary, name):
    for i, text in enumerate(y):
        unknown = [token for token in text if token not in vocabulary]
        if unknown:
            raise ValueError(
                f"Sequence {i} of {name} has the token {unknown[0]!r}, which was not in y when the "
                "vocabulary was made. Fit a new estimator, or leave the sequence out."
            )


def _exact_matches(predicted, y, weight):
    """The weighted share of equal sequences."""
    right = [a == b for a, b in zip(predicted, y, strict=True)]
    return float(np.average(right, weights=weight))


class RNNEncoderDecoder(_EncoderDecoder):
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

    _cell = "rnn"
    _owns = ("rnn",)


class LSTMEncoderDecoder(_EncoderDecoder):
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

    _cell = "lstm"
    _owns = ()


class GRUEncoderDecoder(_EncoderDecoder):
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

    _cell = "gru"
    _owns = ()
