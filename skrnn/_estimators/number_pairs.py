"""Targets that are sequences of numbers: what an encoder-decoder of numbers knows of y, how it answers.

The numbers of a step are ``Numbers``, as of a regressor. What is added is what the decoder reads: y
standardised by mean and deviation whatever the loss, first ``START``, the mean (``_engine/pairs.py``),
and then the step before; in training that of y, in answers its own.

Shapes: n sequences, of T_i steps of K numbers; flat arrays (sum of T_i, .) hold all steps; raw outputs
(rows, n_outputs).

What the reader asks is said in ``_reading/number_pair_reader.py``.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._engine.dataset import Dataset
from skrnn._engine.pairs import Pairs, previous_steps
from skrnn._engine.rollout import rollout
from skrnn._engine.storage import Sequences
from skrnn._estimators.numbers import SOME_ROWS, UNITS_OF_Y, Numbers, check_varies, units_of
from skrnn._reading.number_pair_reader import NumberPairReader, form_of_sequences
from skrnn._settings.quoting import listed


@dataclass(frozen=True, eq=False)
class NumberPairs:
    """What an encoder-decoder of numbers knows of its targets.

    Attributes
    ----------
    numbers : Numbers
        Of a step.
    mean, scale : (K,) arrays
        What the decoder reads is standardised by.
    horizon : int
        Steps of the longest target of the first fit.
    """

    numbers: Numbers
    mean: np.ndarray
    scale: np.ndarray
    horizon: int

    @property
    def start(self):
        """The outputs before training, or None."""
        return self.numbers.start

    @property
    def n_outputs(self):
        return self.numbers.n_outputs

    @property
    def n_columns(self):
        """K, what the decoder reads of a step."""
        return len(self.mean)

    @classmethod
    def learn(cls, settings, y, is_1d, weight, units=None):
        """The facts of a first fit, from y, ``Sequences`` of (T_i, K), and the weights of its steps.

        ``units``: as of ``Numbers``.
        """
        numbers = Numbers.learn(settings, y.values, is_1d, weight, units)
        if settings.new_loss().standardises_y:
            mean, scale = numbers.mean, numbers.scale
        else:
            mean, scale = units_of(y.values, weight, units)
            check_varies(scale, np.float64)
        return cls(numbers, mean, scale, int(y.lengths.max()))

    @classmethod
    def given(cls, settings, n_outputs, *, units, horizon):
        """The facts beside given weights, of which ``units`` are y.mean and y.scale."""
        mean, scale = (units[name].astype(np.float64) for name in UNITS_OF_Y)
        if mean.ndim != 1 or mean.shape != scale.shape or (scale <= 0).any():
            raise ValueError(
                "weights['y.mean'] and weights['y.scale'] must have one number each for every output, "
                f"the scale > 0; they have the shapes {mean.shape} and {scale.shape}."
            )
        standardises = settings.new_loss().standardises_y
        numbers = Numbers.given(settings, n_outputs, units=units if standardises else {})
        if len(numbers.mean) != len(mean):
            raise ValueError(
                f"weights['y.mean'] has shape {mean.shape}, but the outputs of the read-out are those of "
                f"{len(numbers.mean)} target(s)."
            )
        return cls(numbers, mean, scale, horizon)

    def check_agrees(self, settings):
        """Raise a ValueError if training would go on with another loss than it began with."""
        self.numbers.check_agrees(settings)

    def encode(self, X, y, weights, dtype, names):
        """Sources and targets as ``Pairs``; ``weights`` are those of sequences, and of steps or None."""
        check_varies(self.scale, dtype, names.y)
        said = Sequences(self.numbers.encode(y.values, None, dtype, names, None), y.lengths)
        weight, step_weight = weights
        if step_weight is not None:
            step_weight = Sequences(step_weight[:, None], y.lengths)
        read = previous_steps(Sequences(self._read_by_decoder(y.values, said.values), y.lengths))
        return Pairs(X, Dataset(read, said, weight, step_weight=step_weight))

    def _read_by_decoder(self, y, said):
        """y (rows, K) as the decoder sees it; ``said``: as the loss does, which is mostly the same."""
        if self.loss().standardises_y:
            return said
        read = np.empty_like(said)
        for start in range(0, len(y), SOME_ROWS):
            rows = slice(start, start + SOME_ROWS)
            read[rows] = (y[rows].astype(np.float64) - self.mean) / self.scale
        return read

    # --- answers ------------------------------------------------------------------------------------

    def loss(self):
        """The loss that is trained on."""
        return self.numbers.loss()

    def feed(self, dtype):
        """Function of raw outputs: what the decoder reads at the next step."""
        loss, numbers = self.loss(), self.numbers
        # one and zero if what is answered is in the unit of what is read; nothing is rounded then
        factor = (numbers.scale / self.scale).astype(dtype)
        offset = ((numbers.mean - self.mean) / self.scale).astype(dtype)

        def read_next(raw):
            said = loss.inverse_link(raw)
            if loss.are_several:
                said = numbers.fed_back(said.reshape(len(raw), self.n_columns, -1))
            return said * factor + offset

        return read_next

    def raw_answers(self, network, theta, sources, lengths, map_blocks=map):
        """Raw outputs, flat, for so many steps after each of the sources (a data set)."""
        return rollout(network, theta, sources, lengths, self.feed(network.dtype), map_blocks)

    def answers(self, dtype):
        """Name of a method -> function of the raw outputs."""
        return self.numbers.answers(dtype)

    def scorer(self, held_out, settings):
        """Network, theta -> the score of its answers to the data that are held out."""
        said = held_out.target

        def score(network, theta):
            raw = self.raw_answers(network, theta, held_out.source, said.lengths)
            return self.numbers.score(raw, said)

        return score

    def score_of(self, y, predicted, weight=None):
        """R^2, or D^2, of flat predictions in units of y (rows, K)."""
        if y.shape[1] != self.n_columns:
            raise ValueError(f"y has {y.shape[1]} outputs, but the model answers with {self.n_columns}.")
        return self.numbers.score_of(y, predicted, weight)

    def fold(self, weights):
        """Change ``weights`` so that the decoder reads, and if it can be answers, in units of y."""
        self.numbers.fold({name: weights[f"decoder.{name}"] for name in ("readout.W", "readout.b")})
        W_x, b_x = (weights[f"decoder.layer0.{name}"] for name in ("W_x", "b_x"))
        with np.errstate(over="ignore", invalid="ignore"):
            W_x /= self.scale.astype(W_x.dtype)[:, None]
            b_x -= self.mean.astype(W_x.dtype) @ W_x

    def units_of_y(self):
        """What the decoder reads is standardised by, named as it stands beside the exact weights."""
        return dict(zip(UNITS_OF_Y, (self.mean.copy(), self.scale.copy()), strict=True))

    def published(self):
        """The attributes of the estimator that say this."""
        return {
            **self.numbers.published(), "horizon_": self.horizon, "start_value_": self.mean.copy(),
        }  # fmt: skip


def facts_given(settings, arrays, horizon):
    """The facts beside given weights, name -> array, of which the units of y are taken out."""
    needed = (*UNITS_OF_Y, "encoder.layer0.W_x")
    missing = [name for name in needed if name not in arrays]
    if missing:
        raise ValueError(
            f"weights has no {listed(missing)}: pass exact_weights_. Of weights that read and answer in "
            "units of y, 'y.mean' is what the decoder reads first, and 'y.scale' is ones."
        )
    units = {name: arrays.pop(name) for name in UNITS_OF_Y}
    # of the wrong dimensions they are found wrong later
    W_x, b = arrays["encoder.layer0.W_x"], arrays.get("decoder.readout.b")
    n_outputs = None if b is None else b.size
    targets = NumberPairs.given(settings, n_outputs, units=units, horizon=horizon)
    return NumberPairReader(settings).new_facts(form_of_sequences(np.atleast_1d(W_x).shape[0]), targets)
