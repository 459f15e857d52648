"""X, y and weights as scikit-learn passes them -> a ``Task``; all errors before any change.

``read_X`` finds the container of X, ``read_again`` reads X as the first fit did. A ``Reader`` joins X
with y and weights, by the settings of the call and, where training goes on, by the facts of the model;
what y means is said by the class of targets of the estimator (``Numbers``, ``Labels``), which has

``read(settings, y, samples, names)``         -> (rows, K) values, and whether y had one column only
``learn(settings, y, is_1d, weight)``         -> targets: the loss, the outputs, classes or mean and scale
``check_agrees(settings)``                    raises if training would go on with another loss
``encode(y, is_1d, dtype, names, weight)``    -> (rows, .) numbers that the loss takes
``factors(settings, y, weight)``              -> (n_classes,) factors of the weights, or None
``stratify(y)``                               -> labels to stratify a split by, or None
``answers()``                                 -> name of a method -> function of the raw outputs
``score(raw, data)``                          -> the score of raw outputs for a data set

A new form of X is one more class in ``CONTAINERS``.
"""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import NamedTuple

import numpy as np

from skrnn._engine.dataset import Dataset
from skrnn._engine.inference import evaluate, loss_of_a_constant, outputs
from skrnn._engine.lookup import width_of
from skrnn._engine.model import Architecture, Facts
from skrnn._reading.advice import (
    advise_on_axes,
    advise_on_batch_size,
    advise_on_length,
    advise_on_one_hot,
    advise_on_overlap,
    advise_on_padding,
    advise_on_targets,
    advise_on_tokens,
    advise_on_truncation,
    advise_on_unit,
    advise_on_validation_scale,
)
from skrnn._reading.categories import given_categories, read_categories
from skrnn._reading.containers import (
    Array,
    Passed,
    RowList,
    SequenceList,
    Table,
    axes_advice,
)
from skrnn._reading.facts import Form, feature_names
from skrnn._reading.held_out import check_validation, split, taken
from skrnn._reading.outcome import Outcome, advise_on_outcome, too_early
from skrnn._reading.row_order import advise_on_same_index
from skrnn._reading.rows import StepTable
from skrnn._reading.single_steps import advise_on_single_steps, has_single_steps
from skrnn._reading.step_names import check_order_of_rows
from skrnn._reading.targets import check_targets
from skrnn._reading.tokens import TokenList, TokenSteps, TokenTable
from skrnn._reading.weights import is_ones, ones, read_weights, weight_of_rows
from skrnn._settings.quoting import listed, quote
from skrnn._settings.settings import check_goes_on

# The first one that reads what was passed is the container of X: of numbers, of tokens.
CONTAINERS = [StepTable, SequenceList, RowList, Array, Table]
CONTAINERS_OF_TOKENS = [TokenSteps, TokenList, TokenTable]


class Names(NamedTuple):
    """What the data are called in messages, and the model."""

    X: str = "X"
    y: str = "y"
    weight: str = "sample_weight"
    model: str | None = None


TRAINING, VALIDATION = Names(), Names("X_val", "y_val", "sample_weight_val")


class Given(NamedTuple):
    """Validation data as passed to fit."""

    X: object = None
    y: object = None
    weight: object = None


def read_X(X, form, name="X", model=None):
    """X as a ``Container``, in the way that the ``Form`` says; its values can be computed with.

    ``name`` and ``model`` are what X and the estimator are called in messages.
    """
    passed = Passed(X, name, model)
    passed.look(form)
    kinds = CONTAINERS_OF_TOKENS if form.has_tokens else CONTAINERS
    kinds = [kind for kind in kinds if kind.rows_are_steps == form.rows_are_steps]
    kind = kinds[0] if len(kinds) == 1 else next(kind for kind in kinds if kind.reads(passed, form))
    container = kind.read(passed, form)
    container.check(form, name)
    if form.embedding:
        read_categories(container, passed, form)
    return container


def read_again(X, form, name="X", model=None):
    """``read_X`` of an X like that of the first fit; a ValueError if it is another."""
    _check_rows(X, form, name)
    container = read_X(X, form, name, model)
    if form.is_table != container.is_table:
        was, now = ("2-D X", "sequences") if form.is_table else ("sequences", "2-D")
        how = "2-D array" if form.is_table else "3-D array or a list of arrays"
        raise ValueError(
            f"{model} was fitted on {was}, but {name} is now {now}. Pass it in the form that was passed "
            f"to fit: a {how}.{_if_one_sequence(container, form, name)}"
        )
    if container.n_features_in != form.n_features_in:
        raise ValueError(
            f"{name} has {container.n_features_in} features, but {model} is expecting "
            f"{form.n_features_in} features as input."
            + axes_advice(container.sequences, name, n_features=form.n_features_in)
        )
    _check_columns(container, form, name, model)
    return container


def given_form(settings, dtype, n_inputs, n_tokens, columns):
    """The ``Form`` beside given weights, whose first layer reads ``n_inputs`` per step.

    ``n_tokens`` is the number of tokens, or those of categories by the label of their table; ``columns``
    is the number of columns of a table, or their names. None: X holds sequences, or with ``rows="steps"``
    so many columns as there must be.
    """
    form, kinds = Form.of(settings), (SequenceList, Table, StepTable)
    if form.has_tokens:
        n_inputs, kinds = 1, (TokenList, TokenTable, TokenSteps)
    names = None if columns is None or isinstance(columns, Integral) else np.array(columns, dtype=object)
    if form.embedding:
        known = None if names is None else names.tolist()
        form = replace(form, categories=given_categories(form, n_tokens, known))
        n_inputs, n_tokens = n_inputs - width_of(0, form.categories), None
    n = n_inputs + (form.sequence_id is not None)
    if not form.rows_are_steps and columns is not None:
        n = _columns_of_table(form, n_inputs, int(columns) if names is None else len(names))
        container = kinds[1]
    else:
        _check_columns_given(settings, n, columns, names)
        container = kinds[2 if form.rows_are_steps else 0]
    return replace(
        form, dtype=np.dtype(dtype), n_tokens=n_tokens, container=container, n_features_in=n,
        n_step_features=n_inputs, feature_names=names,
    )  # fmt: skip


def _columns_of_table(form, n_inputs, n):
    """The number of columns of a table whose rows are sequences, if it can be that."""
    if not form.has_tokens and form.step_features != n_inputs:
        raise ValueError(
            f"weights['layer0.W_x'] reads {n_inputs} inputs per time step, but with columns, for a table "
            f"whose rows are sequences, a step has step_features={form.step_features} of them: set "
            f"step_features={n_inputs}."
        )
    if n < 1 or n % form.step_features:
        raise ValueError(f"columns={n} must be a multiple of step_features={form.step_features}.")
    return n


def _check_columns_given(settings, n, columns, names):
    """Raise a ValueError for a number or names of columns that are not those of a table of steps."""
    if settings.rows != "steps" and settings.step_features != 1:
        raise ValueError(
            f"step_features={settings.step_features} is for tables whose rows are sequences: pass "
            "columns, the number of their columns or the names; or leave step_features=1 and pass X as "
            "sequences."
        )
    if columns is not None and n != (columns if names is None else len(names)):
        raise ValueError(
            f"columns={quote(columns)}, but weights['layer0.W_x'] reads X of {n} columns"
            f"{' with that of sequence_id' if settings.sequence_id is not None else ''}."
        )
    wanted = settings.sequence_id
    is_name = wanted is not None and not isinstance(wanted, Integral)
    if is_name and (names is None or wanted not in list(names)):
        raise ValueError(
            f"sequence_id={quote(wanted)} is the name of a column: pass columns, the names of all "
            "columns of X, in their order."
        )


def _check_rows(X, form, name):
    """Raise a ValueError for rows in a list, or in lists, that have the names of fit in another order."""
    if (form.is_table or form.rows_are_steps) and form.feature_names is not None:
        check_order_of_rows(X, list(form.feature_names), name)
    elif form.columns is not None and isinstance(X, (list, tuple)):
        for i, sequence in enumerate(X):
            check_order_of_rows(sequence, list(form.columns), f"{name}[{i}]")


def _if_one_sequence(container, form, name):
    """Advice for a 2-D X after a fit on sequences, if it may be one of them."""
    if form.is_table or container.n_features_in != form.n_step_features:
        return ""
    return f" If it is a single sequence, as an item of such a list is, pass [{name}]."


def _check_columns(container, form, name, model):
    """Raise a ValueError for the lengths of tokens or the columns of frames that fit has not seen."""
    T = int(container.sequences.lengths.max())
    if form.n_columns not in (None, T) and isinstance(container, Array):
        raise ValueError(
            f"{name} is an array of {T} columns, but {model} was fitted on sequences of {form.n_columns} "
            "tokens. Pass sequences of other lengths as a list of arrays."
        )
    columns = container.columns, form.columns
    if None not in columns and columns[0] != columns[1]:
        raise ValueError(
            f"The sequences of {name} have other columns than those in fit, or in another order: "
            f"{listed(columns[0])}, not {listed(columns[1])}. Give them the same columns in the same "
            "order."
        )


@dataclass(frozen=True, eq=False)
class Task:
    """What a call of fit works on.

    Attributes
    ----------
    settings : SequenceSettings
    facts : Facts
        Of the model; those that were known, if training goes on.
    data : Dataset
    container : Container
        X as read.
    windows : Places or None
        Of the data, if they are windows that `SlidingWindow` has made.
    """

    settings: object
    facts: Facts
    data: Dataset
    container: object
    windows: object = None

    def in_pieces(self):
        """The task whose sequences run side by side: pieces of them if a batch holds more."""
        settings, n = self.settings, self.data.n
        if not settings.cuts_pieces or settings.batch_size < 2 * n:
            return self
        shortest = max(settings.k1, settings.longest_window)
        return replace(self, data=self.data.pieces(settings.batch_size // n, shortest))

    def hold_out(self, random_state):
        """The task without, and the data of, ``validation_fraction``.

        These are sequences, the tails of series, or the last windows of each.
        """
        data, fraction, n = self.data, self.settings.validation_fraction, self.data.n
        if self.container.rows_are_steps or (data.per_step and n == 1):
            labels, (training, held_out) = None, data.split_tail(fraction)
        elif self.windows is not None:
            labels, parts = None, self.windows.hold_out(fraction)
            training, held_out = map(data.select, parts)
        else:
            self.advise_on_overlap()
            targets = self.facts.targets
            labels = None if data.per_step else targets.stratify(data.y)
            classes = None if labels is None else targets.classes
            parts = split(n, fraction, random_state, labels, classes)
            training, held_out = map(data.select, parts)
        check_validation(held_out, taken(held_out, n, labels))
        return replace(self, data=training), held_out

    def advise_on_overlap(self):
        """Warn if sequences that are held out at random share rows with others."""
        advise_on_overlap(self.data.X)

    def validator(self, network, held_out):
        """theta -> validation loss and score; without dropout."""
        targets, loss = self.facts.targets, self.facts.targets.loss()

        def validate(theta):
            raw = outputs(
                network,
                theta,
                held_out.X,
                network.dtype,
                per_step=held_out.per_step,
                delay=held_out.delay,
            )
            if not np.isfinite(raw).all():  # the next update will notice; scores cannot take it
                return np.inf, np.nan
            raw = held_out.read_outputs(raw)
            return evaluate(loss, held_out, raw), targets.score(raw, held_out)

        return validate

    def advise(self, losses, *, held_out=None, keeps_best=False, n_epochs, X=None):
        """After training: warn if nothing was learned, or if it was lost again.

        ``losses`` are those of the data that were ``held_out``, if there are any; ``X`` are the sequences
        that are looked at, by default those of the data.
        """
        if too_early(losses):
            return
        data, is_table = self.data, self.container.is_table
        with np.errstate(all="ignore"):
            targets = self.facts.targets
            of_losses = data if held_out is None else held_out
            constant = loss_of_a_constant(targets.loss(), of_losses, targets.n_outputs)
        X = data.X if X is None else X
        columns = X.as_steps() if is_table and not (X.dtype or X.codes) else X
        n_columns = 0 if data.per_step else data.y.shape[1]
        advise_on_outcome(
            Outcome(losses, constant, X, columns, self.settings, keeps_best, n_epochs, n_columns)
        )


class PassedData(NamedTuple):
    """What was passed, read: ``form`` is that of the first fit, y (rows, .) is in its own units."""

    container: object
    form: object
    y: np.ndarray
    is_1d: bool
    weights: tuple


class _Found(NamedTuple):
    """What was passed, read: targets (rows, .) as the loss takes them, weights of ``read_weights``."""

    container: object
    facts: Facts
    y: np.ndarray
    weights: tuple
    row_weight: np.ndarray  # (rows,) of all targets
    y_passed: np.ndarray  # (rows, .) targets in their own units


class Reader:
    """What reads the data of a call.

    Parameters
    ----------
    settings : SequenceSettings
    before : Facts or None
        Of the model whose training goes on.
    of_targets : dict
        What ``partial_fit`` was told of all data that will come: ``classes``, or ``units`` of y.
    """

    task_class, data_class = Task, Dataset
    may_vanish = False  # whether all weights may be zero, as others have more

    def __init__(self, settings, before=None, **of_targets):
        self.settings, self.before = settings, before
        self.of_targets = {name: one for name, one in of_targets.items() if one is not None}

    def read(self, X, y, sample_weight, start=None, *, is_part=False):
        """The ``Task`` of X, y and weights; raises before anything changes.

        ``start`` gives the states that the series of a container start from; ``is_part``: the state of a
        series moves on also where it has no weight.
        """
        found = self._read(X, y, sample_weight, self.before, TRAINING)
        factors = found.facts.targets.factors(self.settings, found.y, found.row_weight)
        found = found._replace(facts=replace(found.facts, class_factors=factors))
        data = self._dataset(found, start)
        weighty = _not_empty(data.without_zero_weights(), TRAINING)
        self._warn_of_all(found)
        self._warn(found, X, is_part=is_part)
        advise_on_same_index(X, TRAINING, y=y, weight=sample_weight)
        keeps_all = is_part and found.container.rows_are_steps
        windows = found.container.windows
        windows = windows and windows.take(data.has_weight())
        data = data if keeps_all else weighty
        task = self.task_class(self.settings, found.facts, data, found.container)
        return task if windows is None else replace(task, windows=windows)

    def read_like_fit(self, X, y, sample_weight, start):
        """The data set of X, y and weights in the units of training, those without weight included."""
        return self._dataset(self._read(X, y, sample_weight, self.before, TRAINING), start)

    def read_validation(self, X, given, task):
        """The data set of validation data as passed to fit, which read like those of the task."""
        check_same_columns(X, given.X)
        # with the class factors of the training data, whatever classes these hold
        found = self._read(*given, task.facts, VALIDATION)
        held_out = _not_empty(self._dataset(found).without_zero_weights(), VALIDATION)
        if not found.container.n_tokens:
            advise_on_validation_scale(task.data.X, held_out.X)
        advise_on_same_index(given.X, VALIDATION, y=given.y, weight=given.weight)
        check_validation(held_out)
        return held_out

    def _read(self, X, y, sample_weight, known, names):
        """What was passed, as ``_Found``; ``known`` are the facts that it must agree with, or None."""
        names = names._replace(model=self.settings.name)
        return self._find(self.as_passed(X, y, sample_weight, known, names), known, names)

    def as_passed(self, X, y, sample_weight, known, names):
        """What was passed, as ``PassedData``."""
        settings = self.settings
        if y is None:
            raise ValueError(f"{names.model} requires y to be passed, but the target y is None.")
        form = Form.of(settings) if known is None else known.form
        if known is None:
            container = read_X(X, form, names.X, names.model)
        else:
            container = read_again(X, form, names.X, names.model)
            check_goes_on(settings.fixed, known.fixed)
        samples, by_step = container.samples, settings.steps_in_y
        check_targets(y, samples, names.y, names.X, per_step=by_step)
        y, is_1d = settings.targets.read(settings, y, samples, names)
        weights = read_weights(
            sample_weight, samples, names.weight, names.X, per_step=by_step, may_vanish=self.may_vanish
        )
        form = form.learn(container, X) if known is None else form
        return PassedData(container, form, y, is_1d, weights)

    def _find(self, passed, known, names):
        """What was passed as ``_Found``."""
        settings, y, is_1d = self.settings, passed.y, passed.is_1d
        row_weight = weight_of_rows(*passed.weights, passed.container.samples, len(y))
        facts = known
        if known is None:
            targets = settings.targets.learn(settings, y, is_1d, row_weight, **self.of_targets)
            facts = self.new_facts(passed.form, targets)
        facts.targets.check_agrees(settings)
        encoded = facts.targets.encode(y, is_1d, facts.form.dtype, names, row_weight)
        return _Found(passed.container, facts, encoded, passed.weights, row_weight, y)

    def new_facts(self, form, targets):
        """The facts of a first fit, or those beside given weights."""
        settings = self.settings
        width = width_of(form.n_step_features, form.categories)
        n_inputs = int(settings.embedding_size) if form.has_tokens else width
        architecture = Architecture(
            settings.cell, settings.cell_options, settings.hidden_sizes,
            n_inputs, targets.n_outputs, form.dtype.name, form.n_tokens, bool(settings.bidirectional),
            settings.pooling, form.categories,
        )  # fmt: skip
        return Facts(
            settings.name, architecture, form, targets, per_step=bool(settings.per_step),
            delay=int(settings.target_delay), fixed=settings.fixed,
        )  # fmt: skip

    def _dataset(self, found, start=None):
        """Of all sequences, those without weight included."""
        X, (weight, step_weight), y = found.container.sequences, found.weights, found.y
        factors = found.facts.class_factors
        class_weight = None if factors is None else factors[y[:, 0].astype(np.intp)]
        if found.container.rows_are_steps and step_weight is None:
            weight, step_weight = ones(X.n), weight
        if found.facts.per_step:
            y = X.same_steps(y)
            step_weight, class_weight = (
                None if values is None or is_ones(values) else X.same_steps(values[:, None])
                for values in (step_weight, class_weight)
            )
        return self.data_class(
            X, y, weight, step_weight=step_weight, class_weight=class_weight,
            delay=found.facts.delay, replication=self.settings.target_replication,
            start=start and start(found.container),
        )  # fmt: skip

    def _warn_of_all(self, found):
        """Say what is probably not meant with numbers, lengths and targets of all sequences."""
        lengths, is_new = found.container.sequences.lengths, self.before is None
        advise_on_batch_size(self.settings, len(lengths))
        advise_on_length(self.settings, lengths)
        advise_on_unit(found.y, found.facts.targets, found.facts.form.dtype, is_new)
        if is_new and found.facts.targets.is_indicator:
            advise_on_one_hot(found.y)

    def _warn(self, found, X, *, is_part):
        """Say what is probably not meant with X, now that everything can be read."""
        container, settings = found.container, self.settings
        if self.before is not None:
            return
        has_steps = not has_single_steps(container.sequences)
        if not (is_part and container.rows_are_steps):
            self._warn_of_sequences(found, X)
        if has_steps:
            advise_on_truncation(settings)
            if container.has_axes:
                advise_on_axes(container.sequences)
        if not settings.per_step:
            advise_on_targets(found.y_passed, container.sequences)

    def _warn_of_sequences(self, found, X):
        """Single steps, padding, ids of tokens; series may well go on by one row in a part of them."""
        container, (_, step_weight) = found.container, found.weights
        advise_on_single_steps(X, container, found.y, self.settings)
        if not (container.rows_are_steps or step_weight is not None):
            advise_on_padding(container.sequences)
        if not found.facts.form.has_tokens:
            advise_on_tokens(X)


def _not_empty(data, names):
    """The data set, which has no weights of zero; an error if nothing is left."""
    if not data.n:
        raise ValueError(f"{names.weight} and class_weight leave nothing: all weights are zero.")
    return data


def check_same_columns(X, X_val):
    """Raise a ValueError if X and X_val are tables with other columns, or in another order.

    If only one of them has names, as behind a transformer in a pipeline, there is nothing to compare.
    """
    names, given = feature_names(X), feature_names(X_val)
    if names is None or given is None or names.tolist() == given.tolist():
        return
    unseen, missing = np.setdiff1d(given, names), np.setdiff1d(names, given)
    if len(unseen):
        what = f"has the column(s) {listed(unseen)}, which X has not"
    elif len(missing):
        what = f"lacks the column(s) {listed(missing)} of X"
    else:
        k = int(np.argmax(names != given))
        now, was = quote(given[k]), quote(names[k])
        what = f"has the columns of X in another order: column {k} is {now}, in X {was}"
    raise ValueError(
        f"X_val {what}. The feature names should match those of X, in the same order. Pass X_val with "
        "the columns of X, X_val[X.columns]."
    )
