"""Pairs of sequences, source and target, and batches of them: two data sets with one time axis.

``Pairs`` and ``PairBatch`` have the methods of a ``Dataset`` and a ``Batch`` that training calls. An
encoder reads the source, then a decoder goes on to the target, so time runs on through both:

    | encoder steps 1..S | decoder steps S + 1..T |

The encoder's part is aligned at the end (all sources end together, short ones join later), the
decoder's at the start (short targets leave), so that all sequences cross the boundary S together.
Each part is a ``Batch`` of its own with its own order: by falling length of the sources, and of the
targets. At the boundary the rows are put from the one order into the other. Only the decoder has
losses, one per step, and everything about losses and weights is that of its batch.

Shapes: packed rows of each part (``packing.py``), of tokens (N,), of numbers (N, F) and (N, K); B pairs.
"""

from collections import namedtuple

import numpy as np

from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.storage import Sequences

# What a decoder of numbers reads first; it reads standardised numbers, whose mean that is.
START = 0.0


def previous_steps(sequences):
    """What a decoder of numbers reads: of every sequence ``START``, and then its steps but the last."""
    read = np.full_like(sequences.values, START)
    read[1:] = sequences.values[:-1]
    read[sequences.starts] = START
    return Sequences(read, sequences.lengths)


class Pairs:
    """n pairs of sequences, of tokens or of numbers.

    Parameters
    ----------
    source : Sequences of (S_i, 1) tokens, or (S_i, F) numbers
    target : Dataset
        Per step: what the decoder reads, what is to come next, and weights.
    """

    per_step = True
    share = None  # pairs are whole

    def __init__(self, source, target):
        self.source, self.target = Dataset(source, per_step=False), target
        self.lengths, self.n = source.lengths + target.lengths, target.n

    def __len__(self):
        return self.n

    def select(self, rows):
        """The pairs ``rows`` as a new data set."""
        return Pairs(self.source.X.select(rows), self.target.select(rows))

    def without_zero_weights(self):
        """The pairs that have any weight: a weight of zero means left out."""
        has_weight = self.target.has_weight()
        return self if has_weight.all() else self.select(np.flatnonzero(has_weight))

    def flat_targets(self):
        """As ``Dataset.flat_targets``, of the decoder's steps."""
        return self.target.flat_targets()

    def weighting(self, batch_size, k1=None):
        """As ``Dataset.weighting``, of the decoder's steps."""
        return self.target.weighting(batch_size, k1)

    def batch(self, rows, dtype):
        """The pairs ``rows`` as a batch."""
        return PairBatch(self, rows, dtype)


class PairBatch:
    """Some pairs, ready to be windowed, as a ``Batch`` is.

    Attributes
    ----------
    boundary : int
        S, the encoder's steps.
    order, weight, loss_weight_of_steps, W, S
        Those of the decoder's batch; the weight of the losses over both parts.
    to_decoder, to_encoder : (B,) int
        ``state[to_decoder]`` puts rows in the encoder's order into the decoder's.
    """

    at_end = False

    def __init__(self, data, rows, dtype):
        self.encoder, self.decoder = Batch(data.source, rows, dtype), data.target.batch(rows, dtype)
        encoder, decoder = self.encoder, self.decoder
        self.B, self.boundary, self.T = decoder.B, encoder.T, encoder.T + decoder.T
        self.order, self.weight, self.W, self.S = decoder.order, decoder.weight, decoder.W, decoder.S
        self.loss_weight_of_steps = np.append(np.zeros(self.boundary), decoder.loss_weight_of_steps)
        self.to_decoder = np.argsort(encoder.order)[decoder.order]
        self.to_encoder = np.argsort(decoder.order)[encoder.order]

    def initial_state(self, network):
        """The state before the first step."""
        return network.initial_state(self.B)

    def window(self, start, first, end, keep=None):
        """As ``Batch.window``; a ``PairWindow``."""
        S, encoder, decoder = self.boundary, None, None
        of_encoder, of_decoder = (keep, None) if keep is not None and keep < S else (None, keep)
        if start < S:
            encoder = self.encoder.window(start, start, min(end, S), of_encoder)
        first = max(first, S)  # only the decoder has outputs
        if end > S:
            of_decoder = None if of_decoder is None else of_decoder - S
            decoder = self.decoder.window(max(start - S, 0), first - S, end - S, of_decoder)
        crosses = start < S <= end
        return PairWindow(encoder, decoder, first - start, crosses, self.to_decoder, self.to_encoder)

    def relative_weight(self, first, end):
        """As ``Batch.relative_weight``, of the decoder's steps."""
        return self.decoder.relative_weight(max(first - self.boundary, 0), end - self.boundary)

    def targets(self, steps, start):
        """(N, .) what is to come in the decoder's ``steps``, and (N,) weights u(i, s)."""
        return self.decoder.targets(steps, start - self.boundary)


class PairWindow(namedtuple("PairWindow", "encoder decoder first crosses to_decoder to_encoder")):
    """A window, which may lie in one part or in both.

    Attributes
    ----------
    encoder, decoder : Window or None
    first : int
        Outputs are read at the steps from this one on.
    crosses : bool
        Whether the window begins in the encoder and gets to its end, where rows change their order.
    to_decoder, to_encoder : (B,) int
        As in the batch.
    """

    __slots__ = ()

    @property
    def read(self):
        """The decoder's steps whose outputs are read."""
        return self.decoder.read
