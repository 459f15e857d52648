"""Pairs of sequences of tokens as users pass them -> a ``PairTask``: data and facts, as ``reader.py``.

The class of targets is ``Texts``: ``learn(X, y)`` makes the vocabularies, ``encode(X, y, weight)`` the
data set. Pairs of numbers are read in ``number_pair_reader.py`` and become the same ``PairTask``, which
asks the targets of either for ``loss()``, ``n_outputs`` and ``scorer(held_out, settings)``: network,
theta -> the score of the answers to the data that were held out.
"""

from dataclasses import dataclass, replace

import numpy as np

from skrnn._engine.inference import loss_of_a_constant
from skrnn._engine.model import Facts, PairArchitecture
from skrnn._engine.search import loss_of_pairs
from skrnn._reading.advice import advise_on_batch_size
from skrnn._reading.held_out import check_validation, split, taken
from skrnn._reading.outcome import Outcome, advise_on_outcome
from skrnn._reading.reader import TRAINING, VALIDATION
from skrnn._reading.row_order import advise_on_same_index
from skrnn._reading.vocabulary import read_texts
from skrnn._reading.weights import read_weights
from skrnn._settings.settings import check_goes_on


@dataclass(frozen=True, eq=False)
class PairTask:
    """What a call of fit works on.

    Attributes
    ----------
    settings : PairSettings
    facts : Facts
    data : Pairs
    """

    settings: object
    facts: Facts
    data: object

    container = None  # nothing of X is needed after training

    def in_pieces(self):
        """The task itself: a source and its target belong together."""
        return self

    def hold_out(self, random_state):
        """The task without, and the data of, ``validation_fraction``."""
        fraction, n = self.settings.validation_fraction, self.data.n
        if n == 1:
            raise ValueError(
                f"early_stopping=True cannot hold out validation_fraction={fraction} of a single pair: "
                "pass more pairs, or X_val and y_val."
            )
        training, held_out = map(self.data.select, split(n, fraction, random_state))
        check_validation(held_out, taken(held_out, n))
        return replace(self, data=training), held_out

    def validator(self, network, held_out):
        """theta -> validation loss and score; without dropout."""
        targets = self.facts.targets
        loss, score = targets.loss(), targets.scorer(held_out, self.settings)

        def validate(theta):
            value = loss_of_pairs(network, theta, loss, held_out)
            if not np.isfinite(value):  # the next update will notice
                return np.inf, np.nan
            return value, score(network, theta)

        return validate

    def advise(self, losses, *, held_out=None, keeps_best=False, n_epochs):
        """After training: warn if nothing was learned, or if it was lost again."""
        X, targets = self.data.source.X, self.facts.targets
        target = (self.data if held_out is None else held_out).target
        with np.errstate(all="ignore"):
            constant = loss_of_a_constant(targets.loss(), target, targets.n_outputs)
        advise_on_outcome(Outcome(losses, constant, X, X, self.settings, keeps_best, n_epochs))


class PairReader:
    """What reads the data of a call.

    Parameters
    ----------
    settings : PairSettings
    before : Facts or None
        Of the model whose training goes on.
    """

    def __init__(self, settings, before=None):
        self.settings, self.before = settings, before

    def read(self, X, y, sample_weight):
        """The ``PairTask`` of X, y and weights; raises before anything changes."""
        X, y, weight = self._read_texts(X, y, sample_weight, TRAINING)
        facts = self.before
        if facts is None:
            facts = self.new_facts(self.settings.targets.learn(X, y))
        else:
            check_goes_on(self.settings.fixed, facts.fixed)
            facts.targets.check_known(y, weight, TRAINING.y)
        advise_on_batch_size(self.settings, len(X))
        data = facts.targets.encode(X, y, weight).without_zero_weights()
        return PairTask(self.settings, facts, data)

    def read_validation(self, X, given, task):
        """The pairs of validation data as passed to fit."""
        X, y, weight = self._read_texts(*given, VALIDATION)
        task.facts.targets.check_known(y, weight, VALIDATION.y)
        held_out = task.facts.targets.encode(X, y, weight).without_zero_weights()
        check_validation(held_out)
        return held_out

    def _read_texts(self, X, y, sample_weight, names):
        """Sources and targets, lists of tokens, and their weights."""
        if y is None:
            raise ValueError(f"{self.settings.name} requires y to be passed, but the target y is None.")
        known = (self.before.targets.source, self.before.targets.target) if self.before else ((), ())
        passed, others = X, {"y": y, "weight": sample_weight}
        X = read_texts(X, names.X, may_be_empty=False, known=known[0])
        y = read_texts(y, names.y, known=known[1])
        check_same_number(X, y, names)
        weight, _ = read_weights(sample_weight, X, names.weight, names.X, per_step=False)
        advise_on_same_index(passed, names, **others)
        return X, y, weight

    def new_facts(self, targets):
        """The facts of a first fit, or those beside given weights."""
        settings, dtype = self.settings, np.dtype(self.settings.dtype or np.float64)
        architecture = PairArchitecture(
            settings.cell, settings.cell_options, settings.hidden_sizes, int(settings.embedding_size),
            len(targets.source), targets.n_outputs, dtype.name,
        )  # fmt: skip
        return Facts(settings.name, architecture, None, targets, fixed=settings.fixed)


def check_same_number(X, y, names=TRAINING):
    """Raise a ValueError if there is not one target per source."""
    if len(X) != len(y):
        raise ValueError(
            f"{names.X} has {len(X)} sequences, {names.y} has {len(y)}: every source needs its target."
        )
