"""Pairs of sequences of numbers as users pass them -> a ``PairTask``, as ``pair_reader.py`` of tokens.

X is read as regressors read it, but a table of steps; y has lengths of its own (``target_sequences.py``).
What y means is said by ``NumberPairs`` (``_estimators``), which has

``learn(settings, y, is_1d, weight)``     -> targets: the loss, the outputs, mean and scale, the horizon
``check_agrees(settings)``                raises if training would go on with another loss
``encode(X, y, weights, dtype, names)``   -> ``Pairs``
"""

from typing import NamedTuple

import numpy as np

from skrnn._engine.model import Facts, PairArchitecture
from skrnn._engine.storage import Sequences
from skrnn._reading.advice import (
    advise_on_axes,
    advise_on_batch_size,
    advise_on_length,
    advise_on_padding,
    advise_on_unit,
    advise_on_validation_scale,
)
from skrnn._reading.containers import SequenceList
from skrnn._reading.facts import Form
from skrnn._reading.held_out import check_validation
from skrnn._reading.pair_reader import PairTask
from skrnn._reading.reader import (
    TRAINING,
    VALIDATION,
    check_same_columns,
    read_again,
    read_X,
)
from skrnn._reading.row_order import advise_on_same_index
from skrnn._reading.single_steps import has_single_steps
from skrnn._reading.target_sequences import read_pair_weights, read_target_sequences, text_in
from skrnn._reading.targets import reject_negative
from skrnn._reading.vocabulary import TokenIds
from skrnn._reading.weights import weight_of_rows
from skrnn._settings.quoting import quote
from skrnn._settings.settings import check_goes_on


class _Found(NamedTuple):
    """What was passed, read: X as a container, y (T_i, K), and both as ``Pairs``."""

    container: object
    y: Sequences
    facts: Facts
    pairs: object
    has_step_weights: bool


class NumberPairReader:
    """What reads the data of a call.

    Parameters
    ----------
    settings : NumberPairSettings
    before : Facts or None
        Of the model whose training goes on.
    of_targets : dict
        What ``partial_fit`` was told of all data that will come: ``units`` of y.
    """

    def __init__(self, settings, before=None, **of_targets):
        self.settings, self.before, self.of_targets = settings, before, of_targets

    def read(self, X, y, sample_weight):
        """The ``PairTask`` of X, y and weights; raises before anything changes."""
        found = self._read(X, y, sample_weight, self.before, TRAINING)
        self._warn(found)
        advise_on_same_index(X, TRAINING, y=y, weight=sample_weight)
        return PairTask(self.settings, found.facts, found.pairs.without_zero_weights())

    def read_validation(self, X, given, task):
        """The pairs of validation data as passed to fit."""
        check_same_columns(X, given.X)
        held_out = self._read(*given, task.facts, VALIDATION).pairs.without_zero_weights()
        advise_on_validation_scale(task.data.source.X, held_out.source.X)
        advise_on_same_index(given.X, VALIDATION, y=given.y, weight=given.weight)
        check_validation(held_out)
        return held_out

    def _read(self, X, y, sample_weight, known, names):
        """What was passed, as ``_Found``; ``known`` are the facts that it must agree with, or None."""
        settings, names = self.settings, names._replace(model=self.settings.name)
        if y is None:
            raise ValueError(f"{names.model} requires y to be passed, but the target y is None.")
        container = read_sources(X, known, settings, names)
        if known is not None:
            check_goes_on(settings.fixed, known.fixed)
        y, is_1d = read_target_sequences(y, container.sequences, names)
        if settings.new_loss().positive_only:
            reject_negative(y.values, y, settings.loss, names.y)
        weights = read_pair_weights(sample_weight, y, names)
        facts = known
        if known is None:
            row_weight = weight_of_rows(*weights, y, len(y.values))
            targets = settings.targets.learn(settings, y, is_1d, row_weight, **self.of_targets)
            facts = self.new_facts(new_form(settings).learn(container, X), targets)
        facts.targets.check_agrees(settings)
        pairs = facts.targets.encode(container.sequences, y, weights, facts.form.dtype, names)
        return _Found(container, y, facts, pairs, weights[1] is not None)

    def new_facts(self, form, targets):
        """The facts of a model that reads X in this ``Form`` and answers what the targets say."""
        settings = self.settings
        architecture = PairArchitecture(
            settings.cell, settings.cell_options, settings.hidden_sizes, None, form.n_step_features,
            targets.n_columns, form.dtype.name, targets.n_outputs,
        )  # fmt: skip
        return Facts(settings.name, architecture, form, targets, fixed=settings.fixed)

    def _warn(self, found):
        """Say what is probably not meant, now that everything can be read."""
        sequences, targets, is_new = found.container.sequences, found.facts.targets, self.before is None
        advise_on_batch_size(self.settings, sequences.n)
        advise_on_unit(found.pairs.target.y.values, targets.numbers, found.facts.form.dtype, is_new)
        if is_new:
            if found.container.has_axes and not has_single_steps(sequences):
                advise_on_axes(sequences)
            advise_on_padding(sequences)
            if not found.has_step_weights:
                advise_on_padding(found.y, "y")
        advise_on_length(self.settings, found.pairs.lengths)


def form_of_sequences(n_features):
    """How X is read beside given weights, if it holds sequences of so many features per step."""
    return Form(
        dtype=np.dtype(np.float64), container=SequenceList, n_features_in=n_features,
        n_step_features=n_features,
    )  # fmt: skip


def new_form(settings):
    """How X is read before the first fit."""
    return Form(dtype=settings.dtype and np.dtype(settings.dtype))


def read_sources(X, known, settings, names):
    """X as a container of sequences of numbers; an error that names the class for what is for others."""
    reject_others(X, names)
    if known is None:
        return read_X(X, new_form(settings), names.X, names.model)
    return read_again(X, known.form, names.X, names.model)


def reject_others(X, names):
    """Raise a ValueError for texts, which another class reads, and for one series of numbers."""
    name, for_tokens = names.X, f"use {names.model.replace('Regressor', '')}."
    text = text_in(X)
    if text is not None:
        raise ValueError(
            f"{name} holds strings ({quote(text)}), and {names.model} reads numbers: for sequences of "
            f"tokens {for_tokens}"
        )
    is_list = isinstance(X, (list, tuple)) or len(getattr(X, "shape", ())) == 1
    if not is_list or hasattr(X, "columns") or not len(X):
        return
    first = next(iter(X))
    if isinstance(first, TokenIds):
        raise ValueError(
            f"{name} holds the ids of a TokenEncoder, which are names and no numbers: pass it the texts "
            f"themselves, and {for_tokens}"
        )
    if isinstance(first, (int, float, np.number)):
        raise ValueError(
            f"{name} is a single series of {len(X)} numbers (Expected 2D array, got 1D array instead). "
            f"Reshape your data: numpy.reshape({name}, (1, -1, 1)) is one sequence; "
            "skrnn.SlidingWindow makes windows of a series, one sequence for each step."
        )
