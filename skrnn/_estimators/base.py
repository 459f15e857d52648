"""What the estimators share: reading data, building the network, running it.

``Trainable`` is what all of them share, ``BaseRNN`` what the six do whose targets are numbers or
labels; the encoder-decoders are in ``encoder_decoder.py``.

A class below ``BaseRNN`` says which cell it runs (``_cell``); ``_SequenceRegressor`` and
``_SequenceClassifier`` (``regressors.py``, ``classifiers.py``) say what targets are and how outputs
become answers (``_answers()``: name of a method -> function of the raw outputs). Constructor
parameters stand in ``_settings``; X and y are read in ``_reading``, the run of training is in
``trainer.py``, the states of series and streams are in ``over_time.py``.

What a fitted estimator keeps beside its public attributes: ``_theta``, the flat vector of all
weights; ``_spec``, plain facts from which the network is built again and X and y are read again (so
that neither ``set_params`` nor pickling can part weights and network); ``_history``, whose lists are
the public curves; and, where training may go on, solver and random state.
"""

import contextlib
import os

import numpy as np
from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._engine.forward import BLOCK
from skrnn._engine.inference import outputs
from skrnn._engine.network import Network
from skrnn._engine.run import History, Monitor, Run
from skrnn._estimators.blas import one_thread
from skrnn._estimators.callbacks import OF_A_FIT, CallbackSupportMixin, Tasks, with_callbacks
from skrnn._estimators.over_time import OverTime
from skrnn._estimators.progress import check_verbose
from skrnn._estimators.trainer import Fitting
from skrnn._reading.advice import say
from skrnn._reading.containers import shape_answer
from skrnn._reading.reader import VALIDATION, Reading
from skrnn._reading.targets import check_targets, read_targets_per_step, read_weights
from skrnn._settings.build import build
from skrnn._settings.checks import check_settings
from skrnn._settings.texts import complete
from skrnn.cells import CELLS
from skrnn.solvers import SCHEDULES, SOLVERS

DOCUMENTATION = "https://skrnn.readthedocs.io/en/stable/"


class Trainable(Fitting, CallbackSupportMixin, BaseEstimator):
    """What every estimator shares: a constructor from the table, and fit, all or nothing.

    A class below has ``_check_settings``, ``_read`` (``_reading``), ``_start`` and ``_network``.
    """

    _owns = ()
    _cell = None

    # where the HTML representation links to; docs/api.rst makes these pages
    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls._cell is not None and "__init__" not in cls.__dict__:
            build(cls, **cls._tables())

    @classmethod
    def _tables(cls):
        """Other tables of parameters and attributes than ``_signature`` has for ``_owns``."""
        return {}

    # --- public methods -------------------------------------------------------------------------

    @complete
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network to sequences and targets.

        A call that raises leaves the estimator as it was before; only after an error in a callback it
        is what it was after the latest epoch of the call, if there was one.

        Parameters
        ----------
        .. X
        .. y
        .. sample_weight
        X_val : array-like, default=None
            The sequences of validation data, in the form of X. For `early_stopping=True`, in
            place of a share `validation_fraction` of X.
        y_val : array-like, default=None
            The targets of the validation data, shaped as y. Needed with X_val.
        sample_weight_val : array-like of shape (n_validation_sequences,), default=None
            Weights of the validation data, in one of the forms of sample_weight.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        .. errors of training

        .. warnings of training
        """
        with self._nothing_lost() as trained, one_thread():
            return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val, trained)

    @contextlib.contextmanager
    def _nothing_lost(self):
        """A call that fails leaves the estimator as it was: an earlier fit is still there.

        Yields a list; what it is given makes the changes last, whatever comes after.
        """
        trained = []
        before = vars(self).copy()
        history, random_state = (before.get(name) for name in ("_history", "_random_state"))
        mark, drawn = history and history.mark(), random_state and random_state.get_state()
        try:
            yield trained
        except BaseException:
            if trained:
                raise
            vars(self).clear()
            vars(self).update(before)
            if history:
                history.go_back(mark)
            if random_state:
                random_state.set_state(drawn)
            raise

    @with_callbacks
    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val, trained):
        self._check_settings(X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
        check_verbose(self.verbose)
        known = self._spec if self.warm_start and hasattr(self, "_theta") else None
        spec, data, container = self._read(X, y, sample_weight, known)
        random_state = (known and self._random_state) or check_random_state(self.random_state)
        run = (known and self._unfinished_run()) or self._new_run(random_state)
        validation = None
        if self.early_stopping and not SOLVERS[self.solver].full_batch:
            if X_val is None:
                data, validation = self._hold_out(data, run.drawn_from(random_state))
                self._check_validation(validation, given=False)
            else:
                self._check_same_columns(X, X_val)
                _, validation, _ = self._read(X_val, y_val, sample_weight_val, spec, VALIDATION)
                self._check_validation(validation, given=True)
        data = self._in_pieces(data)
        self._check_memory(spec, data)
        if known is None:
            self._start(spec, X, random_state)
        tasks = Tasks(self, X, y, sample_weight, run, container)
        n_before = len(self._history.loss)
        self._train(data, validation, random_state, run, tasks)
        self._forget_states()
        try:
            self._keep_states(container)
        except KeyboardInterrupt:  # not worth losing what was trained: once more, undisturbed
            say("Training interrupted by user.")
            self._keep_states(container)
        # an error in a callback before the first epoch has ended is one before training
        if tasks.error is None or len(self._history.loss) > n_before:
            trained.append(True)
        try:
            tasks.end()
        finally:
            del self._tasks
            if not self.warm_start:
                self._solver = self._random_state = None  # not needed again: most of the pickle
        return self

    def _in_pieces(self, data):
        """The data set that training runs over: whole sequences, or pieces of them."""
        return data

    def _forget_states(self):
        """Of an earlier fit: there are none."""

    def _keep_states(self, container):
        """After training: none are kept."""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_theta")

    def __getstate__(self):
        """Without what only belongs to a fit at work, and has the data: callbacks may copy and pickle."""
        return {name: v for name, v in super().__getstate__().items() if name not in OF_A_FIT}

    def _n_threads(self):
        """Threads for fit and predict: n_jobs, within what a parallel caller leaves to each worker."""
        limit = os.environ.get("OMP_NUM_THREADS", "")  # joblib sets it in its worker processes
        n = min(effective_n_jobs(self.n_jobs), cpu_count())
        return max(1, min(n, int(limit))) if limit.isdecimal() else n

    def _map_blocks(self, function, blocks):
        """``map``, on so many threads."""
        n_threads = self._n_threads()
        if n_threads == 1 or len(blocks) == 1:
            return map(function, blocks)
        return Parallel(n_threads, require="sharedmem")(delayed(function)(b) for b in blocks)

    def _cell_options(self):
        return (
            {"activation": self.activation} if "activation" in type(self)._parameter_constraints else {}
        )


class BaseRNN(Reading, OverTime, Trainable):
    """Base class of the recurrent estimators: one target per sequence or per step."""

    def _partial_fit(self, X, y, sample_weight, **target_options):
        self._check_settings(partial_fit=True)
        check_verbose(self.verbose)
        known = getattr(self, "_spec", None)
        with self._nothing_lost(), one_thread():
            spec, data, container = self._read(
                X, y, sample_weight, known, partial_fit=True, **target_options
            )
            random_state = getattr(self, "_random_state", None) or check_random_state(self.random_state)
            pieces = self._in_pieces(data)
            self._check_memory(spec, pieces)
            if known is None:
                self._start(spec, X, random_state)
            ends = []
            schedule = SCHEDULES["constant"](self.learning_rate_init, 1)
            run = Run(1, Monitor(self.tol, self.n_iter_no_change), schedule)
            self._train(pieces, None, random_state, run, partial_fit=True, ends=ends)
            self._carry_states(container, ends, whole=pieces is data and not data.delay)
            self._keep_states(container)
        return self

    def _check_settings(self, **call):
        self._validate_params()
        check_settings(self, **call)

    def _can_partial_fit(self):
        if SOLVERS[self.solver].full_batch:
            raise AttributeError(f"partial_fit is not available with solver={self.solver!r}.")
        return True

    @complete
    def hidden_states(self, X):
        """The states h of the top layer at every time step.

        Of an LSTM these are the states h, not the memory c. With `target_delay` the state given for a
        step is the one from which its output is read.

        Parameters
        ----------
        .. X like fit

        Returns
        -------
        H : ndarray of shape (n_sequences, n_timesteps, hidden_size)
            The states; `hidden_size` is that of the top layer. For a list or object array X a 1-D
            object array of arrays of shape (n_timesteps_i, hidden_size); with `rows="steps"` of shape
            (n_rows, hidden_size). Twice as wide, forward | reverse, if `bidirectional=True`.

        Raises
        ------
        .. errors of answers
        """
        flat, container = self._run(X, hidden=True)
        return shape_answer(flat, container)

    @property
    def weights_(self):
        """Copies of all weights, a dict of name to array; those of the read-out in units of y.

        With `loss="poisson"` the read-out gives the logarithm of the predictions. With several quantiles
        it is not in units of y: its outputs are, in deviations of y from its mean, the lowest quantile,
        and then what the softplus function makes the distance of each quantile to the one before.

        Each layer has ``layer0.W_x`` of shape (n_inputs, n_gates * hidden_size), ``layer0.W_h`` of shape
        (hidden_size, n_gates * hidden_size), ``layer0.b_x`` and ``layer0.b_h`` of shape (n_gates *
        hidden_size,); the next ones are ``layer1.W_x`` and so on. The reverse direction of a
        bidirectional layer has ``layer0.reverse.W_x`` and so on. With `embedding_size` the vectors of
        the tokens are ``embedding.W`` of shape (n_tokens, embedding_size). The read-out has
        ``readout.W`` of shape (width of the top layer, n_outputs) and ``readout.b`` of shape
        (n_outputs,).

        The gates stand side by side: i f g o for the LSTM, r z n for the GRU, one for the simple
        network. Their activations are x W_x + b_x and h W_h + b_h, so that PyTorch's weight_ih_l0 is
        ``layer0.W_x`` transposed.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        check_is_fitted(self, "_theta")
        weights = self._network().layout.views(self._theta.copy())
        self._fold_in_units_of_y(weights)
        return weights

    def _fold_in_units_of_y(self, weights):
        """Change the read-out so that its outputs are in units of y; nothing to do by default."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # tokens: whole numbers from 0 on
        tags.input_tags.categorical = tags.input_tags.positive_only = self.embedding_size is not None
        tags.target_tags.required = True
        return tags

    # --- network --------------------------------------------------------------------------------

    def _start(self, spec, X, random_state):
        """New weights and an empty history; everything has been checked by now."""
        validate_data(self, X=X, skip_check_array=True, ensure_2d=False, reset=True)  # the names
        self._spec, self._history, self._solver = spec, History(), None
        self.n_features_in_ = spec["n_features_in"]
        self.n_step_features_ = spec["n_inputs"]
        self._forget_states()
        self.n_outputs_ = spec["targets"]["n_outputs"]
        self.n_iter_ = self.n_updates_ = 0
        self._publish_targets(spec["targets"])
        network = self._network(spec)
        self._theta = network.initial_weights(random_state)
        if spec["targets"].get("start") is not None:
            network.layout.views(self._theta)["readout.b"][...] = spec["targets"]["start"]

    def _network(self, spec=None, n_threads=1):
        """The network of ``spec``, by default the fitted one."""
        spec = spec or self._spec
        return Network(
            CELLS[spec["cell"]], spec["embedding_size"] or spec["n_inputs"], spec["hidden_sizes"],
            spec["targets"]["n_outputs"], dtype=spec["dtype"], n_tokens=spec["n_tokens"],
            bidirectional=spec["bidirectional"], pooling=spec["pooling"], dropout=self.dropout,
            cell_options=spec["cell_options"], n_threads=n_threads,
        )  # fmt: skip

    def _run(self, X, **options):
        """Raw outputs (or hidden states) for X, flat, and X as a Container."""
        check_is_fitted(self, "_theta")
        validate_data(self, X=X, skip_check_array=True, ensure_2d=False, reset=False)
        spec, container = self._spec, self._read_X(X, self._spec)
        n_threads = self._n_threads()
        # blocks side by side, or threads within the only one
        network = self._network(n_threads=n_threads if len(container.sequences) <= BLOCK else 1)
        flat = outputs(
            network, self._theta, container.sequences, np.dtype(spec["dtype"]),
            per_step=spec["per_step"], delay=spec["delay"], map_blocks=self._map_blocks,
            start=self._start_states(container), **options,
        )  # fmt: skip
        return flat, container

    def _flat_for_score(self, X, y, sample_weight):
        """Targets, predictions and weights (or None) of all time steps of all sequences."""
        predicted = self.predict(X)
        sequences = self._read_X(X, self._spec).sequences
        weight, step_weight = read_weights(sample_weight, sequences, per_step=True)
        if step_weight is None and sample_weight is not None:
            step_weight = np.repeat(weight, sequences.lengths)
        check_targets(y, sequences, "y", "X", per_step=True)
        y, is_1d = read_targets_per_step(y, sequences, numeric=False)
        predicted = np.concatenate(list(predicted))
        return (y[:, 0] if is_1d else y), predicted, step_weight
