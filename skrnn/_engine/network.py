"""The network: tables of embeddings, a stack of recurrent layers, and a linear read-out.

Shapes: a packed window of T steps, N rows of B sequences (``packing.py``); F inputs per step, Q
the width of the top layer (H, or 2 H: forward | reverse), R the width of what the read-out sees (Q for
each pooling), K outputs. ``raw`` (., K) holds the outputs of the steps that are read, in packed order.
With tokens (N,), or categories beside numbers, a lookup (``lookup.py``) makes vectors of them first.

A ``Network`` has no weights: it is the shape of the computation, theta is passed in as views, so
that one network serves training, prediction by several threads and finite differences.
"""

from collections import namedtuple

import numpy as np

from skrnn._engine.arithmetic import with_ones
from skrnn._engine.lookup import new_lookup
from skrnn._engine.packing import Window
from skrnn._engine.pooling import names_of, new_pooling
from skrnn._engine.recurrence import Layer, Recurrence, layer_gradient, unroll, unroll_backward
from skrnn._engine.weights import WeightLayout, forget_biases, glorot_uniform, orthogonal

# layers: per layer, per direction, a tuple of (B, H); pool: what pooling has gathered.
State = namedtuple("State", "layers pool")
# What the way back needs; layers: per layer, per direction, a tape; P: what the read-out has seen.
Tape = namedtuple("Tape", "views window layers pool P masks")
# Views into theta or a gradient; layers: per layer, per direction, a Layer; W and b: None without a
# read-out; table: what ``tables`` of the lookup gives, None without one.
Views = namedtuple("Views", "layers W b table")


class Network:
    """A stack of layers and a read-out.

    Parameters
    ----------
    cell : class
        One of ``CELLS``, or any class of that form.
    n_inputs : int
        What the first layer reads of a step: F, with a lookup the width that this gives.
    hidden_sizes : sequence of int
        One entry per layer.
    n_outputs : int
        K. With 0 there is no read-out: the network is there for its states (``hidden``).
    dtype : dtype
    n_tokens : int, optional
        Rows of the table that tokens are looked up in.
    categories : sequence of Category
        Features of X that hold codes (``lookup.py``).
    bidirectional : bool
    pooling : str or tuple of str
        A key of ``POOLINGS`` or ``SIDE_BY_SIDE``, or several of ``POOLINGS``.
    dropout : float
        Share of the inputs of every layer but the first, and of the read-out, set to zero while
        training.
    cell_options : dict
        Passed on to the cell.
    n_threads : int
        Threads that compiled kernels may use; no result depends on it.
    """

    def __init__(
        self, cell, n_inputs, hidden_sizes, n_outputs, *, dtype, n_tokens=None, categories=(),
        bidirectional=False, pooling="last", dropout=0.0, cell_options=None, n_threads=1,
    ):  # fmt: skip
        self.dtype, self.hidden_sizes = np.dtype(dtype), tuple(hidden_sizes)
        self.bidirectional, self.n_directions = bidirectional, 1 + bidirectional
        self.n_outputs, self.dropout, self.n_threads = n_outputs, dropout, n_threads
        self.n_tokens, self.categories = n_tokens, tuple(categories)
        self.lookup = new_lookup(n_inputs, n_tokens, self.categories)
        self.n_features = n_inputs if not categories else self.lookup.n_features
        self.pooling, self.poolings = new_pooling(pooling), names_of(pooling)
        self.widths = [H * self.n_directions for H in self.hidden_sizes]
        self.read_width = len(self.poolings) * self.widths[-1]
        tables = {} if self.lookup is None else self.lookup.shapes
        shapes = tables | self._shapes(cell.n_gates, n_inputs)
        self.layout = WeightLayout(shapes, unpenalised=tables)  # checks the size first
        self.cells = [cell(H, self.dtype, **(cell_options or {})) for H in self.hidden_sizes]
        directions = (False, True)[: self.n_directions]
        self.recurrences = [[Recurrence(c, d, n_threads) for d in directions] for c in self.cells]
        self.lay_out(self.layout.places)
        # whether an output after the last step is read from the final states, as PyTorch's h_n: the last
        # row of a bidirectional output holds the reverse direction after its first step only
        self.reads_final_states = bidirectional and "last" in self.poolings
        # no loss looks at the states after the last step, but through the read-out
        self.no_dfinal = [[(None,) * c.n_states] * self.n_directions for c in self.cells]

    def _shapes(self, n_gates, n_inputs):
        shapes = {}
        for name, D, H in self._layers(n_inputs):
            G = n_gates * H
            shapes |= {f"{name}.W_x": (D, G), f"{name}.W_h": (H, G)}
            shapes |= {f"{name}.b_x": (G,), f"{name}.b_h": (G,)}
        if self.n_outputs:
            shapes |= {"readout.W": (self.read_width, self.n_outputs), "readout.b": (self.n_outputs,)}
        return shapes

    def _layers(self, n_inputs=None):
        """Name, inputs and units of every layer and direction."""
        for k, (D, H) in enumerate(zip([n_inputs, *self.widths], self.hidden_sizes, strict=False)):
            for direction in ("", ".reverse")[: self.n_directions]:
                yield f"layer{k}{direction}", D, H

    def initial_weights(self, random_state, forget_bias=None):
        """A new theta: Glorot input weights, orthogonal recurrent weights, the cell's biases.

        Embeddings have mean 0 and variance 1, like standardised features. ``forget_bias``: as
        ``weights.forget_biases`` takes it; None: the cell's own.
        """
        theta = np.zeros(self.layout.size)
        self.draw_weights(self.views(theta), random_state, forget_bias)
        return theta.astype(self.dtype)

    def draw_weights(self, views, random_state, forget_bias=None):
        """Initial weights into ``views`` of zeros; those of gates last, so that no other draw moves."""
        if self.lookup is not None:
            self.lookup.draw(views.table, random_state)
        for cell, directions in zip(self.cells, views.layers, strict=True):
            for W_x, W_h, b_x, _ in directions:
                (D, _), (H, _) = W_x.shape, W_h.shape
                W_x[...] = glorot_uniform(random_state, D, H, cell.n_gates)
                W_h[...] = orthogonal(random_state, H, cell.n_gates)
                b_x[...] = np.repeat(cell.bias_init, H)
        if views.W is not None:
            views.W[...] = glorot_uniform(random_state, *views.W.shape)
        for cell, directions in zip(self.cells, views.layers, strict=True):
            for *_, b_x, _ in directions:
                forget_biases(b_x, cell, forget_bias, random_state)

    def lay_out(self, places):
        """From now on the weights lie at these ``places`` (of a ``WeightLayout``) of a vector."""
        layers = [[places[f"{name}.{field}"] for field in Layer._fields] for name, _, _ in self._layers()]
        n = self.n_directions
        per_layer = [layers[k : k + n] for k in range(0, len(layers), n)]
        tables = () if self.lookup is None else self.lookup.shapes
        read_out = [places.get(name) for name in ("readout.W", "readout.b")]
        self._places = per_layer, read_out, [places[name] for name in tables]

    def views(self, vector):
        """Views into theta or a gradient in the form that forward and backward take."""

        def view(place):
            return place and vector[place[0]].reshape(place[1])

        layers, read_out, tables = self._places
        per_layer = [[Layer(*map(view, one)) for one in directions] for directions in layers]
        table = None if self.lookup is None else self.lookup.tables(list(map(view, tables)))
        return Views(per_layer, *map(view, read_out), table)

    def initial_state(self, B):
        """Zeros everywhere (and nothing gathered yet)."""
        return State(self._zeros(B), self.pooling.initial_state(B, self.widths[-1], self.dtype))

    def _zeros(self, B):
        return [
            [
                tuple(np.zeros((B, H), dtype=self.dtype) for _ in range(cell.n_states))
                for _ in range(self.n_directions)
            ]
            for cell, H in zip(self.cells, self.hidden_sizes, strict=True)
        ]

    def draw_masks(self, B, random_state):
        """One inverted dropout mask (B, width) per layer, or None without dropout.

        The last one is of what the read-out sees, so that every pooling has a part of its own.
        """
        if not self.dropout:
            return None
        p = 1 - self.dropout
        return [
            (random_state.uniform(size=(B, width)) < p).astype(self.dtype) / self.dtype.type(p)
            for width in [*self.widths[:-1], self.read_width]
        ]

    def hidden(self, views, window, state, arithmetic, *, masks=None, record=False):
        """The stack of layers over one window.

        Returns the top layer's H (N, Q); the states before the step ``window.keep`` (default: final);
        the final states; and a tape per layer and direction.
        """
        X, steps, first, keep = window.X, window.steps, window.first, window.keep
        if views.table is not None:
            window = Window(self.lookup.vectors(views.table, X), steps, first, keep)
        all_kept, finals, tapes = [], [], []
        for k, directions in enumerate(views.layers):
            if k:
                window = Window(X * steps.spread(masks[k - 1]) if masks else X, steps, first, keep)
            ways = zip(self.recurrences[k], directions, state.layers[k], strict=True)
            outs = [unroll(way, layer, window, s, arithmetic, record=record) for way, layer, s in ways]
            Hs, kept, final, tape = zip(*outs, strict=True)
            X = Hs[0] if len(Hs) == 1 else np.hstack(Hs)
            all_kept.append(kept)
            finals.append(final)
            tapes.append(tape)
        return X, all_kept, finals, tapes

    def inputs(self, views, X):
        """What the first layer reads: X, or the vectors of what X holds."""
        return X if views.table is None else self.lookup.vectors(views.table, X)

    def forward(self, views, window, state, arithmetic, *, masks=None, record=True):
        """Outputs of the steps from ``window.first`` on.

        Returns
        -------
        raw : (rows of these steps, K)
        state : State before the step ``window.keep``; by default that after the last step
        tape : what ``backward`` needs, or None without ``record``
        """
        H, kept, finals, tapes = self.hidden(views, window, state, arithmetic, masks=masks, record=record)
        final = None
        if self.reads_final_states and window.read.T == 1:
            final = np.hstack([states[0] for states in finals[-1]])
        P, pool_state, pool_tape = self.pooling.forward(
            H, window.steps, window.first, state.pool, window.keep, final
        )
        if masks:
            P = P * window.read.spread(masks[-1])
        raw = arithmetic.product(P, views.W)
        raw += views.b
        tape = Tape(views, window, tapes, pool_tape, P, masks) if record else None
        return raw, State(kept, pool_state), tape

    def backward(self, draw, tape, gradient, arithmetic):
        """Add the gradient of the loss to ``gradient``.

        Parameters
        ----------
        draw : (rows of the steps that are read, K)
        tape : Tape of ``forward``, once
        gradient : Views or None
            None if nothing but the gradient of the inputs is wanted.
        arithmetic : FAST, or EXACT weighing the sequences

        Returns
        -------
        dX : (N, F) gradient with respect to the inputs (or embeddings), if ``gradient`` is None
        dstate : list per layer, per direction, of tuples of (B, H)
            Gradient with respect to the initial states.
        """
        views, window, masks = tape.views, tape.window, tape.masks
        first, read = window.first, window.read
        if gradient is not None:
            dW_and_b = arithmetic.weight_gradient(with_ones(tape.P), draw, read)
            gradient.W[...] += dW_and_b[:-1]
            gradient.b[...] += dW_and_b[-1]
        dP = arithmetic.product(draw, np.ascontiguousarray(views.W.T))
        if masks:
            dP *= read.spread(masks[-1])
        dH, first, dlast = self.pooling.backward(dP, window.steps, first, tape.pool)
        dfinal = self.no_dfinal
        if dlast is not None:  # the loss looks at the last h of both directions
            parts = np.hsplit(dlast, self.n_directions)
            last = [(dh, *others) for dh, (_, *others) in zip(parts, dfinal[-1], strict=True)]
            dfinal = [*dfinal[:-1], last]
        return self.hidden_backward(dH, first, dfinal, tape, gradient, arithmetic)

    def hidden_backward(self, dH, first, dfinal, tape, gradient, arithmetic):
        """``backward`` below the read-out.

        Parameters
        ----------
        dH : (rows of the steps from ``first`` on, Q) gradient with respect to H; None for zeros
        dfinal : list per layer, per direction, of tuples of (B, H) or None for zeros
            Gradient with respect to the states after the last step, besides that through H.
        """
        views, steps, masks = tape.views, tape.window.steps, tape.masks
        has_table, dstate = views.table is not None, [None] * len(self.cells)
        for k in range(len(self.cells) - 1, -1, -1):
            need_dX = k > 0 or has_table or gradient is None
            dX, dstate[k] = _both_ways(dH, first, dfinal[k], tape.layers[k], arithmetic, need_dX)
            if gradient is not None:
                for layer, layer_tape in zip(gradient.layers[k], tape.layers[k], strict=True):
                    layer_gradient(layer, layer_tape, steps, arithmetic)
            if k and masks:
                dX *= steps.spread(masks[k - 1])
            dH, first = dX, 0
        if has_table and gradient is not None:
            self.lookup.add_gradient(gradient.table, tape.window.X, dX, steps, arithmetic)
        return dX, dstate


def _both_ways(dH, first, dfinal, tapes, arithmetic, need_dX):
    """Backward through all directions of a layer; returns dX or None, and d initial states."""
    H = 0 if dH is None else dH.shape[1] // len(tapes)
    total, dstates = None, []
    for d, tape in enumerate(tapes):
        dH_d = dH if dH is None else dH[:, d * H : (d + 1) * H]
        dX, dstate = unroll_backward(tape, dH_d, first, dfinal[d], arithmetic, need_dX=need_dX)
        total = dX if total is None else total + dX
        dstates.append(dstate)
    return total, dstates
