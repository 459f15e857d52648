"""The base classes of all estimators: fit is composed here, and published here.

``Trainable`` is what all of them share, ``BaseRNN`` what those do whose targets are numbers or labels.

A class below says which cell it runs, ``class LSTMRegressor(SequenceRegressor, cell=LSTM)``: the class
itself, so that it travels with the estimator. Its base says what its targets are (``Numbers``,
``Labels``, ``Texts``, ``NumberPairs``), and which ``Settings`` and which reader go with that. Its
constructor, its constraints and its docstring come from the table of parameters (``_settings``).

What a fitted estimator keeps besides its public attributes is ``_fitted`` (``fitted.py``): a model, which
neither ``set_params`` nor pickling can part from the weights, and what going on needs. Only ``_publish``
writes to an estimator.
"""

from copy import deepcopy
from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._engine.forward import BLOCK
from skrnn._engine.model import Model
from skrnn._engine.online import width
from skrnn._estimators.blas import one_thread
from skrnn._estimators.callbacks import HasTasks, Tasks, fit_before, with_callbacks
from skrnn._estimators.keywords import own_keywords
from skrnn._estimators.learning import Lesson
from skrnn._estimators.memory import check_memory, largest_size, with_text
from skrnn._estimators.plain import check_weights, from_plain, to_plain
from skrnn._estimators.series import Series, carry
from skrnn._estimators.shared import InOneProcess
from skrnn._estimators.streaming import learned_by, stream_of
from skrnn._estimators.threads import mapper, n_threads
from skrnn._estimators.trainer import Start, Trainer
from skrnn._estimators.versions import Stamped
from skrnn._reading.advice import warn
from skrnn._reading.arrays import as_frame
from skrnn._reading.facts import check_names
from skrnn._reading.reader import Given, Reader, read_again
from skrnn._reading.targets import check_targets, read_targets_per_step
from skrnn._reading.weights import read_weights
from skrnn._settings.arguments import check_int
from skrnn._settings.build import attributes_of, build, has_own_init, of
from skrnn._settings.checks import check_online
from skrnn._settings.quoting import quote
from skrnn._settings.settings import Of, SequenceSettings, check_each, check_goes_on
from skrnn._settings.texts import complete
from skrnn.cells import Elman
from skrnn.solvers import SOLVERS

DOCUMENTATION = "https://skrnn.readthedocs.io/en/stable/"
MOST_STREAMS = 1 << 40  # numbers beyond it are no sizes of arrays any more


class Trainable(Stamped, HasTasks, BaseEstimator):
    """What every estimator shares: a constructor from the table, and fit, all or nothing.

    A class below has ``_cell``, one of ``skrnn.cells`` or any class of that form; ``_targets``, which is
    ``Numbers``, ``Labels``, ``Texts`` or ``NumberPairs``; ``_settings_class`` and ``_reader_class`` that
    go with these; and ``_owner``, the group of parameters that only classes of this kind have.
    """

    _cell = None  # of classes that are not instantiated
    _targets = _owner = _settings_class = _reader_class = None
    _parameters, _has_own_init = (), False  # their names, sorted; whether a user wrote the constructor

    # where the HTML representation links to; docs/api.rst makes these pages
    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"

    def __init_subclass__(cls, *, cell=None, **kwargs):
        super().__init_subclass__(**kwargs)
        if cell is not None:
            cls._cell = cell
        if cls._cell is not None and "__init__" not in cls.__dict__:
            build(cls, **cls._tables())
        cls._has_own_init = has_own_init(cls)

    @classmethod
    def _get_param_names(cls):
        """As scikit-learn has it, which reads the signature at every call of fit, and clone."""
        return super()._get_param_names() if cls._has_own_init else list(cls._parameters)

    @classmethod
    def _owners(cls):
        """The groups of parameters that the class has besides those of all."""
        is_gated = getattr(cls._cell, "forget_gate", None) is not None
        of_cell = {"rnn": issubclass(cls._cell, Elman), "gated": is_gated, cls._owner: cls._owner}
        return tuple(owner for owner, has in of_cell.items() if has)

    @classmethod
    def _tables(cls):
        """Its parameters and attributes, as ``build`` takes them."""
        owners = cls._owners()
        return {"parameters": of(owners), "attributes": attributes_of(owners)}

    # --- public methods -------------------------------------------------------------------------

    @complete
    @own_keywords
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
            The sequences of validation data, in the form of X. With `early_stopping=True` they
            take the place of a share `validation_fraction` of X. Without, they are only recorded,
            in `validation_loss_curve_` and `validation_scores_`: the weights are those that fit
            without X_val would give.
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
        with one_thread(), with_text():
            return self._fit(X, y, sample_weight, Given(X_val, y_val, sample_weight_val))

    def __sklearn_is_fitted__(self):
        return "_fitted" in vars(self)

    # --- one call of fit --------------------------------------------------------------------------

    @with_callbacks
    def _fit(self, X, y, sample_weight, given, way=InOneProcess):
        settings = self._settings(X_val=given.X, y_val=given.y, sample_weight_val=given.weight)
        before = fit_before(self) if settings.warm_start else None
        X, given = as_frame(X), given._replace(X=as_frame(given.X))
        self._check_names(X, before)
        reader = way.reader(self._reader_class, settings, before and before.model.facts)
        # 1) read; all errors about what was passed come before anything is drawn or trained
        task = reader.read(X, y, sample_weight)
        random_state = _random_numbers(before, settings)
        run, theta = before.unfinished_run(settings) if before else (None, None)
        run = run or settings.new_run(random_state.get_state() if settings.holds_out else None, task.data)
        # 2) hold out validation data
        task, held_out = _hold_out(reader, task, X, given, run.drawn_from(random_state))
        task = task.in_pieces()
        network = _network(settings, task)
        # 3) train
        model = before.model.with_theta(theta) if before else _new_model(task, network, random_state)
        start = _start(model, run, before, random_state)
        trainer = way.trainer(settings, task, start, network, held_out)
        with Tasks(self, trainer, X, y, sample_weight) as tasks:
            trainer.train([] if tasks.silent else [tasks])
            tasks.check()
            # 4) publish
            self._finish(_settled(_with_series(trainer), before), settings.warm_start, tasks)
        return self

    def _partial_fit(self, settings, X, y, sample_weight, **of_targets):
        """One pass over a part of the data; ``of_targets``: what the reader is told of all of them."""
        before = fit_before(self)
        self._check_names(X, before)
        with one_thread(), with_text():
            reader = self._reader_class(settings, before and before.model.facts, **of_targets)
            trainer = _part(settings, before, reader.read(X, y, sample_weight))
            self._publish(_settled(trainer.fitted(), before))
        return self

    def _finish(self, fitted, warm_start, tasks):
        """Publish what came out; callbacks at the end of fit may save what training can go on from."""
        kept = fitted if warm_start else fitted.without_memory()
        self._publish(kept if tasks.silent else fitted)
        try:
            tasks.end()
        finally:
            if not tasks.silent:
                self._publish(kept)

    def _settings(self, **call):
        """The checked settings of a call."""
        values = self.get_params(deep=False)
        return self._settings_class.checked(self._what(), values, self._parameter_constraints, **call)

    def _checked(self, name):
        """A parameter that is read after fit: ``set_params`` may have made it anything since."""
        value = getattr(self, name)
        check_each(self._parameter_constraints, {name: value}, type(self).__name__)
        return value

    def _n_threads(self):
        """How many threads a call after fit may use."""
        return n_threads(self._checked("n_jobs"))

    def _settings_now(self, *, in_parts=False):
        """The parameters as they are: each of them is allowed, whether they go together is not asked."""
        self._validate_params()
        return self._settings_class(self._what(), self.get_params(deep=False)).derived(in_parts=in_parts)

    @classmethod
    def _what(cls):
        return Of(cls.__name__, cls._cell, cls._targets)

    def _can_partial_fit(self):
        known = isinstance(self.solver, str) and self.solver in SOLVERS  # else partial_fit says so
        if known and SOLVERS[self.solver].full_batch:
            raise AttributeError(f"partial_fit is not available with solver={self.solver!r}.")
        return True

    def _check_names(self, X, before):
        """Raise scikit-learn's error for other columns than in the fit that is gone on from."""
        if before is not None and before.model.facts.form is not None:
            check_names(self, X, reset=False)

    def _publish(self, fitted):
        """Write what came out to the estimator, in place of what was there; None: nothing is there.

        The only place that writes to an estimator. Of several threads the last one counts; one that
        predicts meanwhile finds what was there or what has come out, never nothing.
        """
        mine, new = vars(self), {}
        if fitted is not None:
            new = {**fitted.attributes(), "_fitted": fitted}
        for name in [name for name in list(mine) if name == "_fitted" or is_of_fit(name)]:
            if name not in new:
                mine.pop(name, None)
        mine.update(new)

    def _to_plain(self, state):
        fitted = state.get("_fitted")
        return state if fitted is None else {**state, "_fitted": to_plain(fitted, self.random_state)}

    def _from_plain(self, state):
        """The attributes of what was saved, if its weights are what its facts say."""
        fitted, name = state.get("_fitted"), type(self).__name__
        try:
            if isinstance(fitted, dict):
                fitted = from_plain(fitted, self._cell, state.get("random_state"))
                return {**state, "_fitted": fitted}
            if fitted is not None:  # of a version that did not make it plain
                check_weights(fitted.model)
        except ValueError as error:
            raise ValueError(
                f"This {name} cannot be loaded: {error}. Load an undamaged copy of the file, or fit and "
                "save it again."
            ) from error
        return state

    @property
    def _model(self):
        fitted = vars(self).get("_fitted")
        if fitted is None:  # scikit-learn's check asks for tags first, which takes longer
            check_is_fitted(self)
            fitted = self._fitted
        return fitted.model


def _hold_out(reader, task, X, given, random_state):
    """The task without its validation data, and these; None where there are none.

    Those that were passed draw nothing, and take nothing from the task: without early stopping the
    weights are the same with them and without.
    """
    if given.X is not None:
        return task, reader.read_validation(X, given, task)
    return task.hold_out(random_state) if task.settings.holds_out else (task, None)


def _random_numbers(before, settings):
    """The random numbers of a call: those that training goes on with, as a copy, or new ones."""
    if before is None or before.random_state is None:
        return check_random_state(settings.random_state)
    return deepcopy(before.random_state)


def _start(model, run, before, random_state):
    """What training starts from; after an earlier fit its history and its solver's memory."""
    history, solver = (before.history, before.solver) if before else (None, None)
    n_iter = before.n_iter if before and run.is_part else 0
    return Start(model, run, history, solver, random_state, n_iter)


def _settled(fitted, before):
    """The same, whose random numbers are those of the fit before, moved on."""
    if before is None or before.random_state is None:
        return fitted
    before.random_state.set_state(fitted.random_state.get_state())
    return replace(fitted, random_state=before.random_state)


def _carried(known, container, ends):
    """What training itself has carried to the end of the series; None without ``ends``."""
    if ends is None:
        return None
    return known.carry(container, ends) if known else carry(None, container, ends)


def _part(settings, before, task, ends=None):
    """A ``Trainer`` that has gone through a part of the data once; ``ends`` as of its ``train``."""
    random_state = _random_numbers(before, settings)
    network = _network(settings, task)
    model = before.model if before else _new_model(task, network, random_state)
    start = _start(model, settings.run_of_a_part(), before, random_state)
    trainer = Trainer(settings, task, start, network)
    trainer.train(ends=ends)
    return trainer


def _network(settings, task):
    """The network to train, if it fits in memory."""
    threads, architecture = n_threads(settings.n_jobs), task.facts.architecture
    try:
        network = architecture.network(dropout=settings.dropout, n_threads=threads)
    except MemoryError as error:  # so many weights have not even a number
        what, how = largest_size(settings, architecture)
        raise MemoryError(f"{what} means more weights than any machine has memory for. {how}") from error
    check_memory(settings, network, task)
    settings.frozen_in(network)  # an error now, if they are none
    return network


def _new_model(task, network, random_state):
    """A model to train on the task, whose gradients will travel over its sequences, or part of them."""
    forget_bias = task.settings.initial_forget_bias(int(task.data.lengths.max()))
    return Model.new(task.facts, network, random_state, forget_bias)


def _with_series(trainer):
    """What came out of training, with the states in which the series end.

    An interruption meanwhile does not lose what was trained.
    """
    fitted, errors = trainer.fitted(), np.geterr()
    try:
        series = trainer.series_of(fitted.model)
    except KeyboardInterrupt:  # once more, undisturbed
        np.seterr(**errors)
        warn("Training interrupted by user.")
        series = trainer.series_of(fitted.model)
    return fitted if series is None else replace(fitted, series=series)


def advise_on_overflow(values, sequences, facts):
    """Warn if outputs, states or predictions (rows, ...) for sequences are not finite.

    As NumPy would of what led there: not in ``np.errstate(over="ignore")``.
    """
    finite = np.isfinite(values)
    if finite.all() or np.geterr()["over"] == "ignore":
        return
    row = int(np.argmin(finite.reshape(len(finite), -1).all(axis=1)))
    where = f"sequence {row}"
    if len(values) > len(sequences):
        where = "sequence {}, step {}".format(*sequences.where(row))
    warn(
        f"The answer of {facts.name} for {where} is not finite: numbers overflow on the way to it. Pass "
        "X in the scale of the X in fit. If it is, fit again with X and y standardised, and with a lower "
        "learning_rate_init or a larger alpha."
    )


def _n_entries(values):
    """The length of what has one; else None."""
    try:
        return len(values)
    except TypeError:
        return None


def is_of_fit(name):
    """Whether an attribute of this name is public and of a fit, by scikit-learn's convention."""
    return name.endswith("_") and not name.startswith("_")


class BaseRNN(Trainable):
    """Base class of the recurrent estimators: one target per sequence or per step."""

    _settings_class, _reader_class = SequenceSettings, Reader

    def _partial_fit(self, settings, X, y, sample_weight, **options):
        before, X = fit_before(self), as_frame(X)
        self._check_names(X, before)
        with one_thread(), with_text():
            reader = self._reader_class(settings, before and before.model.facts, **options)
            known = self._series_before(before, settings)
            first = known and (lambda container: known.start_of(container.ids, training=True))
            task = reader.read(X, y, sample_weight, first, is_part=True)
            pieces = task.in_pieces()
            # the rows and states of every batch, where the next part may go on from them
            ends = [] if pieces is task and self._carries(task) else None
            trainer = _part(settings, before, pieces, ends)
            carried = _carried(known, task.container, ends)
            series = Series.after(
                trainer.fitted().model, task.container, before=known, carried=carried,
                n_threads=trainer.n_threads,
            )  # fmt: skip
            self._publish(_settled(trainer.fitted(series), before))
        return self

    def _series_before(self, before, settings):
        """The series that a part goes on with, and what training needs of them; None without any."""
        series = self._series() if before else None
        return series and series.with_influence(width(settings.online, before.model.facts.architecture))

    def _carries(self, task):
        """Whether the next part goes on from where training itself has come to."""
        is_table = task.container.rows_are_steps and not task.data.delay
        return is_table and self.initial_state == "last"

    @complete
    @own_keywords
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
        advise_on_overflow(flat, container.sequences, self._model.facts)
        return container.shape_answer(flat)

    @complete
    @own_keywords
    def stream(self, n_streams=1):
        """Answer one time step after the other, for sequences that are still coming in.

        The numbers are those that `predict` and the other methods give for the steps so far: the same
        bits with compiled kernels, the same up to rounding without. Each step costs the same, however
        long the sequences are.

        Parameters
        ----------
        n_streams : int, default=1
            Number of sequences that go on side by side.

        Returns
        -------
        stream : Stream
            An object with ``step(x, method="predict")``, ``state`` and ``reset()``. It starts as
            `predict` does, and does not change when the estimator does. With `gradient="rtrl"` or "snap1"
            it also has ``learn(x, y)``; each step then costs nearly what learning from it would.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If n_streams is not a positive int, if `initial_state` or `gradient` is out of its range, if
            the network is bidirectional, or if parameters do not go with `gradient`.
        MemoryError
            If the states do not fit in memory.
        """
        model = self._model
        check_int(n_streams, "n_streams")
        if n_streams > MOST_STREAMS:
            raise MemoryError(f"n_streams={quote(n_streams)}: there is no memory for so many states.")
        if model.facts.architecture.bidirectional:
            raise ValueError(
                "stream and bidirectional=True do not go together: the reverse direction starts from the "
                "last step. Fit with bidirectional=False."
            )
        series = self._series()
        if series and n_streams != len(series.ids):
            raise ValueError(
                f"n_streams={n_streams}, but initial_state='last' goes on with the series of fit, of "
                f"which there are {len(series.ids)}: pass their number, in the order of "
                "sequence_ids_, or set initial_state='zeros'."
            )
        lesson = self._lesson(series) if self._checked("gradient") != "bptt" else None
        return stream_of(model, int(n_streams), start=series and self.final_state_, lesson=lesson)

    def _lesson(self, series):
        """How streams that go on with the series, or None of them, learn."""
        settings, facts = self._settings_now(in_parts=True), self._model.facts
        check_online(settings, in_streams=True)
        check_goes_on(settings.fixed, facts.fixed)
        facts.targets.check_agrees(settings)
        J = None
        if series:
            known = series.with_influence(width(settings.online, facts.architecture))
            _, (J,) = known.start_of(series.ids, training=True)
        solver = settings.new_solver(self._model.theta, self._fitted.solver)
        return Lesson(
            settings.online, settings.every, facts.targets, facts.class_factors, solver,
            settings.alpha, settings.clip_norm, settings.clip_value, J, self.n_updates_,
            settings.frozen_in(self._model.network()),
        )  # fmt: skip

    @own_keywords
    def adopt(self, stream):
        """Take over what a stream has learned: its weights, and the states that it has come to.

        Parameters
        ----------
        stream : Stream
            One of this estimator, made by `stream` with `gradient="rtrl"` or "snap1".

        Returns
        -------
        self : object
            The estimator. Its next `partial_fit`, `predict` and `stream` go on where the stream is, if
            that began where the series of the estimator ended (`initial_state="last"`).

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If the stream does not learn, or is not one of this estimator.
        """
        model, fitted = self._model, self._fitted
        learned = learned_by(stream, model.facts)
        series, history = fitted.series, fitted.history.copy()
        if learned.goes_on and len(series.ids) == len(learned.layers[0][0]):
            series = series.left_in(learned.layers)
        history.n_updates = learned.n_updates
        model = model.with_theta(learned.theta)
        self._publish(replace(fitted, model=model, solver=learned.solver, series=series, history=history))
        return self

    @own_keywords
    def forget_series(self, ids):
        """Drop the states of series of which no more rows will come.

        With `initial_state="last"` every series that `fit` and `partial_fit` have seen is kept in
        `sequence_ids_` and `final_state_`, so that it can go on. Series that end would be kept for ever.

        Parameters
        ----------
        ids : array-like of shape (n_ids,)
            The series, as they are called in `sequence_ids_`; also a set of them, or one alone.

        Returns
        -------
        self : object
            The estimator. Its weights and the states of all other series are as they were; a series that
            was dropped begins anew, from zeros, if rows of it come again.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If one of the ids is none of `sequence_ids_`, or X was not a table of steps.
        """
        _, fitted = self._model, self._fitted
        series = fitted.series
        if series is None:
            raise ValueError(
                f"{type(self).__name__} knows of no series: they are told apart only with "
                'rows="steps", by sequence_id.'
            )
        if series.states is not None:
            series = series.at(self.sequence_ids_, self.final_state_)
        self._publish(replace(fitted, series=series.without(ids)))
        return self

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
        the tokens are ``embedding.W`` of shape (n_tokens, embedding_size), those of the categories of a
        column ``embedding.shop.W``, called by its name or position. The read-out has
        ``readout.W`` of shape (width of the top layer, n_outputs) and ``readout.b`` of shape
        (n_outputs,). With several poolings ``readout.W`` has that many rows for each, in their order.

        The gates stand side by side: i f g o for the LSTM, r z n for the GRU, one for the simple
        network. Their activations are x W_x + b_x and h W_h + b_h, so that PyTorch's weight_ih_l0 is
        ``layer0.W_x`` transposed.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        return self._model.weights()

    @property
    def exact_weights_(self):
        """Copies of all weights as they are, a dict of name to array, with mean and scale of y.

        Of a regressor they have ``y.mean`` and ``y.scale``, of shape (n_targets,): predictions are the
        outputs times the scale, plus the mean, which in `weights_` the read-out has taken up. All other
        names and shapes are those of `weights_`. `from_weights` makes of them an estimator that answers
        with the same bits.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        return self._model.exact_weights()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # tokens: whole numbers from 0 on
        has_tokens = isinstance(self.embedding_size, Integral)
        tags.input_tags.categorical = tags.input_tags.positive_only = has_tokens
        tags.target_tags.required = True
        return tags

    # --- answers --------------------------------------------------------------------------------

    def _series(self):
        """The series that answers go on with, in the states that are published; None if they do not."""
        if self._checked("initial_state") != "last" or not hasattr(self, "final_state_"):
            return None
        return self._fitted.series.at(self.sequence_ids_, self.final_state_)

    def _start_states(self, container):
        """The states that the sequences of a container start from; None for zeros."""
        series = self._series()
        return series and series.start_of(container.ids)

    def _read_like_fit(self, X):
        """X as a container, in the form of the X of fit."""
        facts, X = self._model.facts, as_frame(X)
        check_names(self, X, reset=False)
        return read_again(X, facts.form, model=facts.name)

    @with_text()
    def _run(self, X, hidden=False):
        """Raw outputs (or hidden states) for X, flat, and X as a container."""
        container, n = self._read_like_fit(X), self._n_threads()
        # blocks side by side, or threads within the only one
        within = n if container.sequences.n <= BLOCK else 1
        flat = self._model.outputs(
            container.sequences, hidden=hidden, n_threads=within, map_blocks=mapper(n),
            start=self._start_states(container),
        )  # fmt: skip
        return flat, container

    def _answer(self, method, X):
        """What a method answers: that function of the raw outputs, in the form of X."""
        flat, container = self._run(X)
        raw, flat = flat, self._model.answers()[method](flat)
        are_numbers = method == "predict" and flat.dtype.kind == "f"  # finite only if raw is, too
        advise_on_overflow(flat if are_numbers else raw, container.sequences, self._model.facts)
        return container.shape_answer(flat) if self._model.facts.per_step else flat

    def _scores_steps(self):
        """Whether ``score`` has to lay time steps one after the other."""
        facts = self._model.facts
        return facts.per_step and not facts.form.rows_are_steps

    def _check_for_score(self, X, y, sample_weight):
        """Raise what fit would of y and weights that are not one for every sequence or row of X.

        X is read for it only if they are not.
        """
        n = _n_entries(X)
        if _n_entries(y) != n or y is None:
            check_targets(y, self._read_like_fit(X).samples, "y", "X", per_step=False)
        if _n_entries(sample_weight) not in (None, n) or getattr(sample_weight, "ndim", 1) > 1:
            read_weights(sample_weight, self._read_like_fit(X).samples, per_step=False)

    def _flat_for_score(self, X, y, sample_weight):
        """Targets, predictions and weights (or None) of all time steps of all sequences."""
        predicted = self.predict(X)
        sequences = self._read_like_fit(X).sequences
        weight, step_weight = read_weights(sample_weight, sequences, per_step=True)
        if step_weight is None and sample_weight is not None:
            step_weight = np.repeat(weight, sequences.lengths)
        check_targets(y, sequences, "y", "X", per_step=True)
        y, is_1d = read_targets_per_step(y, sequences, numeric=False)
        predicted = np.concatenate(list(predicted))
        return (y[:, 0] if is_1d else y), predicted, step_weight
