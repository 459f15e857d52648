"""Encoder and decoder: two networks, of which the second goes on from the states of the first [1]_ [2]_.

``PairNetwork`` has the methods of a ``Network``, over windows of the time axis of ``pairs.py``, so
that the loop of training (``tbptt.py``) cannot tell them apart. A window that crosses the boundary is
run by the encoder, then by the decoder. On the way back, the gradient with respect to the decoder's
initial states is the one with respect to the encoder's final states.

Both have the same layers. Of tokens each has a table of embeddings of its own, and the decoder a
read-out over the target tokens; of numbers neither has a table, and the read-out gives what the loss
takes. Their weights lie in one vector, under the names ``encoder.*`` and ``decoder.*``.

References
----------
.. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
   machine translation", EMNLP 2014.
.. [2] I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to sequence learning with neural networks", NIPS
   2014.
"""

from collections import namedtuple

import numpy as np

from skrnn._engine.network import Network, Tape
from skrnn._engine.weights import WeightLayout

PairTape = namedtuple("PairTape", "encoder decoder to_encoder")


class PairViews(namedtuple("PairViews", "encoder decoder")):
    """Views into theta or a gradient, of both parts."""

    __slots__ = ()

    @property
    def b(self):
        """The biases of the only read-out."""
        return self.decoder.b


class PairNetwork:
    """An encoder and a decoder of the same layers.

    Parameters
    ----------
    cell : class
        One of ``CELLS``.
    n_source, n_target : int
        Tokens that the encoder reads; that the decoder reads and gives. Without tables the numbers of a
        step of either part.
    embedding_size : int or None
        Width of both tables of embeddings; None: numbers are read, and there are no tables.
    hidden_sizes : sequence of int
        One entry per layer.
    n_outputs : int, optional
        Of the read-out; None: ``n_target``.
    options
        As for ``Network``.
    """

    def __init__(
        self, cell, n_source, n_target, embedding_size, hidden_sizes, *, n_outputs=None, **options
    ):
        n_outputs = n_target if n_outputs is None else n_outputs
        self.encoder, self.decoder = (
            Network(cell, embedding_size or n, hidden_sizes, K, n_tokens=embedding_size and n, **options)
            for n, K in ((n_source, 0), (n_target, n_outputs))
        )
        shapes = {
            f"{part}.{name}": shape
            for part, network in self._parts()
            for name, shape in network.layout.shapes.items()
        }
        tables = [name for name in shapes if name.endswith("embedding.W")]
        self.layout = WeightLayout(shapes, unpenalised=tables)
        for part, network in self._parts():
            start = f"{part}."
            network.lay_out({
                name.removeprefix(start): place
                for name, place in self.layout.places.items() if name.startswith(start)
            })  # fmt: skip
        # what the memory of training is estimated from, as a step is one of either part
        one = self.decoder
        self.dtype, self.dropout, self.n_outputs = one.dtype, one.dropout, n_outputs
        self.n_threads = one.n_threads
        self.cells, self.hidden_sizes, self.n_directions = one.cells, one.hidden_sizes, 1

    def _parts(self):
        return ("encoder", self.encoder), ("decoder", self.decoder)

    def initial_weights(self, random_state, forget_bias=None):
        """A new theta: each part's own initial weights."""
        theta = np.zeros(self.layout.size)
        for _, network in self._parts():
            network.draw_weights(network.views(theta), random_state, forget_bias)
        return theta.astype(self.dtype)

    def views(self, vector):
        """Views into theta or a gradient in the form that forward and backward take."""
        return PairViews(self.encoder.views(vector), self.decoder.views(vector))

    def initial_state(self, B):
        """Zeros everywhere."""
        return self.encoder.initial_state(B)

    def draw_masks(self, B, random_state):
        """Dropout masks of both, one after the other, or None without dropout."""
        if not self.dropout:
            return None
        return [m for _, network in self._parts() for m in network.draw_masks(B, random_state)]

    def forward(self, views, window, state, arithmetic, *, masks=None, record=True):
        """Outputs of the decoder's steps that are read, as ``Network.forward``; None in the encoder."""
        encoder_tape = decoder_tape = raw = kept = None
        L = len(self.cells)
        if window.encoder:
            own = masks and [m[window.to_encoder] for m in masks[:L]]
            _, before, finals, tapes = self.encoder.hidden(
                views.encoder, window.encoder, state, arithmetic, masks=own, record=record
            )
            encoder_tape = Tape(views.encoder, window.encoder, tapes, None, None, own)
            kept = None if window.encoder.keep is None else state._replace(layers=before)
            if window.crosses:
                finals = permute(finals, window.to_decoder)
            state = state._replace(layers=finals)
        if window.decoder:
            raw, state, decoder_tape = self.decoder.forward(
                views.decoder, window.decoder, state, arithmetic,
                masks=masks and masks[L:], record=record,
            )  # fmt: skip
        tape = PairTape(encoder_tape, decoder_tape, window.to_encoder) if record else None
        return raw, state if kept is None else kept, tape

    def backward(self, draw, tape, gradient, arithmetic):
        """Add the gradient of the loss to ``gradient`` (PairViews), as ``Network.backward``."""
        _, dstate = self.decoder.backward(draw, tape.decoder, gradient.decoder, arithmetic)
        if tape.encoder is None:
            return
        dfinal, arithmetic = permute(dstate, tape.to_encoder), arithmetic.reordered(tape.to_encoder)
        self.encoder.hidden_backward(None, 0, dfinal, tape.encoder, gradient.encoder, arithmetic)


def permute(layers, order):
    """States (or gradients) of all layers with their rows in another order."""
    return [[tuple(s[order] for s in state) for state in directions] for directions in layers]
