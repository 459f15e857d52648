"""Targets that are sequences of tokens: what an encoder-decoder knows of X and y, and how it answers.

Numbers of tokens: a source token that fit has not seen is read as a step without input. The first number
of the target tokens, ``STOP``, begins and ends an answer.

The protocol that ``Numbers`` and ``Labels`` share is described in ``_reading/reader.py``; what differs is
that sources and targets are read together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skrnn._engine.dataset import Dataset
from skrnn._engine.pairs import Pairs
from skrnn._engine.search import STOP, answers
from skrnn._engine.storage import Sequences
from skrnn._reading.vocabulary import learn_vocabulary, numbers, read_texts
from skrnn._settings.quoting import quote
from skrnn.losses import LOSSES


@dataclass(frozen=True, eq=False)
class Texts:
    """The vocabularies of an encoder-decoder.

    Attributes
    ----------
    source, target : dict of token to int
    longest : int
        Tokens of the longest target of the first fit.
    """

    source: dict
    target: dict
    longest: int

    start = None  # outputs begin at zero

    @property
    def n_outputs(self):
        """The target tokens and ``STOP``."""
        return len(self.target) + 1

    @classmethod
    def learn(cls, X, y):
        """The vocabularies of sources and targets, lists of tokens."""
        source, target = learn_vocabulary(X, 0, "X"), learn_vocabulary(y, STOP + 1, "y")
        return cls(source, target, max(map(len, y)))

    @classmethod
    def given(cls, settings, source, target):
        """The vocabularies beside given weights; `max_length` says what fit would have seen."""
        _check_vocabulary(source, "source_vocabulary", 0)
        _check_vocabulary(target, "target_vocabulary", STOP + 1)
        if settings.max_length is None:
            raise ValueError(
                "max_length=None is twice the longest target of fit, and there was none: pass "
                "max_length, the tokens after which an answer has to end."
            )
        return cls(dict(source), dict(target), int(settings.max_length))

    def check_known(self, y, weight, name):
        """Raise a ValueError for a target, of weight above zero, with a token not in the vocabulary."""
        for i in np.flatnonzero(weight):
            unknown = [token for token in y[i] if token not in self.target]
            if unknown:
                raise ValueError(
                    f"Sequence {i} of {name} has the token {quote(unknown[0])}, which was not in y when "
                    "the vocabulary was made. Fit a new estimator, or leave the sequence out."
                )

    def encode(self, X, y, weight):
        """Sources and targets as a data set."""
        read, said = (numbers(y, self.target, **stop) for stop in ({"before": [STOP]}, {"after": [STOP]}))
        return Pairs(numbers(X, self.source), Dataset(read, Sequences(said.values, said.lengths), weight))

    def read_sources(self, X):
        """X as users pass it as a data set of sources."""
        texts = read_texts(X, "X", may_be_empty=False, known=self.source)
        return Dataset(numbers(texts, self.source), per_step=False)

    def decode(self, said):
        """The targets of a data set as lists of tokens, without ``STOP``."""
        tokens, flat = self._tokens(), said.y.flat()[:, 0]
        return [
            [tokens[number] for number in flat[start : start + T - 1]]
            for start, T in zip(said.y.offsets, said.lengths, strict=True)
        ]

    # --- answers ------------------------------------------------------------------------------------

    def loss(self):
        """The loss that is trained on."""
        return LOSSES["multinomial_log_loss"]()

    def answers_to(self, network, theta, sources, beam_size, max_length, map_blocks=map):
        """The answers to a data set of sources, as lists of tokens.

        ``max_length`` None: twice the longest target.
        """
        tokens = self._tokens()
        found = answers(
            network, theta, sources, beam_size=beam_size,
            max_length=2 * self.longest if max_length is None else max_length,
            log_probability=self.loss().log_inverse_link, map_blocks=map_blocks,
        )  # fmt: skip
        return [[tokens[number] for number in answer] for answer in found]

    def _tokens(self):
        """Number -> token."""
        return {number: token for token, number in self.target.items()}

    def scorer(self, held_out, settings):
        """Network, theta -> the score of its answers to the data that are held out."""
        y, weight = self.decode(held_out.target), held_out.target.weight

        def score(network, theta):
            sources, beam_size = held_out.source, settings.beam_size
            predicted = self.answers_to(network, theta, sources, beam_size, settings.max_length)
            return self.score(predicted, y, weight)

        return score

    @staticmethod
    def score(predicted, y, weight):
        """The weighted share of answers that are equal to their targets."""
        right = [a == b for a, b in zip(predicted, y, strict=True)]
        return float(np.average(right, weights=weight))

    def fold(self, weights):
        """Outputs have no unit."""

    def units_of_y(self):
        """Outputs have no unit."""
        return {}

    def published(self):
        """The attributes of the estimator that say this."""
        return {"source_vocabulary_": dict(self.source), "target_vocabulary_": dict(self.target)}


def _check_vocabulary(vocabulary, name, first):
    """Raise an error unless it is a dict of tokens to whole numbers, without gaps."""
    if not isinstance(vocabulary, Mapping):
        raise TypeError(f"{name} must be a dict of token to number, got {type(vocabulary).__name__}.")
    numbers = list(vocabulary.values())
    if not numbers or sorted(map(repr, numbers)) != sorted(map(repr, range(first, first + len(numbers)))):
        raise ValueError(
            f"{name} must give its tokens the numbers from {first} on, without gaps, as {name}_ does; "
            f"got {quote(dict(vocabulary))}."
        )
