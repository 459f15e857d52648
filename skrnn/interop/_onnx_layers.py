"""One recurrent layer in ONNX: as the operator for its cell, or as a loop over its equations.

Shapes: n sequences, padded to T steps, time-major as in the engine; D inputs, H units, G = n_gates H, Q
the width of the layer (H, or 2 H: forward | reverse).

``X`` (T, n, D) -> (T, n, Q), and the final states, each (n, Q). What stands there after the end of
a sequence has no meaning, but is finite.

Runtimes have the operators in float32 only, and without a softmax over the units; the loop (Scan)
does in float64 and for any activation what ``cells.py`` does. To take in a cell, enter it in ``CELLS``.
"""

from typing import NamedTuple

import numpy as np

from skrnn.cells import GRU, LSTM, Elman

# operators for single activations; those of the RNN operator are the same but for the identity
ACTIVATIONS = {
    "tanh": "Tanh", "relu": "Relu", "logistic": "Sigmoid", "identity": "Identity", "softmax": "Softmax",
}  # fmt: skip
OF_NO_OPERATOR = ("softmax",)  # that the RNN operator does not take


class Steps(NamedTuple):
    """Which steps of padded sequences are there.

    Attributes
    ----------
    lengths : str or None
        (n,) int64; None: all are.
    is_there : str or None
        (T, n, 1) bool.
    """

    lengths: str | None = None
    is_there: str | None = None


class Layer(NamedTuple):
    """A layer to be written.

    Attributes
    ----------
    cell : type
        A key of ``CELLS``.
    activation : str or None
        That of an Elman network.
    weights : list of tuple
        Of each direction W_x (D, G), W_h (H, G), b_x and b_h (G,).
    """

    cell: type
    activation: str | None
    weights: list

    @property
    def H(self):
        return len(self.weights[0][1])


def write_layer(g, layer, X, steps, start=None):
    """The states (T, n, Q) after every step, and the final states, a list of (n, Q).

    ``start`` are the states that a network in one direction starts from, (n, H) each; None: zeros.
    """
    if g.dtype == np.float64 or layer.activation in OF_NO_OPERATOR:
        return _by_loop(g, layer, X, steps, start)
    return _by_operator(g, layer, X, steps, start)


# --- as an operator ---------------------------------------------------------------------------------


def _by_operator(g, layer, X, steps, start):
    cell = CELLS[layer.cell]
    W, R, B = (np.stack(parts) for parts in zip(*map(cell.rearranged, layer.weights), strict=True))
    lengths = "" if steps.lengths is None else g.cast(steps.lengths, np.int32)
    before = [g.op("Unsqueeze", state, [0]) for state in start or ()]
    n_directions = len(layer.weights)
    H, *final = g.op(
        cell.operator, X, W, R, B, lengths, *before, n=1 + cell.n_states, hidden_size=layer.H,
        direction="bidirectional" if n_directions > 1 else "forward",
        **cell.attributes(layer.activation, n_directions),
    )  # fmt: skip
    # (T, directions, n, H) and (directions, n, H)
    H = g.op("Reshape", g.op("Transpose", H, perm=[0, 2, 1, 3]), [0, 0, n_directions * layer.H])
    final = [g.op("Transpose", state, perm=[1, 0, 2]) for state in final]
    return H, [g.op("Reshape", state, [0, n_directions * layer.H]) for state in final]


def _options_of_rnn(activation, n_directions):
    if activation == "identity":
        ones, zeros = [1.0] * n_directions, [0.0] * n_directions
        return {
            "activations": ["Affine"] * n_directions, "activation_alpha": ones, "activation_beta": zeros,
        }  # fmt: skip
    return {"activations": [ACTIVATIONS[activation]] * n_directions}


# --- as a loop --------------------------------------------------------------------------------------


def _by_loop(g, layer, X, steps, start):
    Hs, finals = [], []
    for reverse, weights in enumerate(layer.weights):
        turned = _reversed(g, X, steps) if reverse else X
        H, final = _forwards(g, layer, weights, turned, steps, start)
        Hs.append(_reversed(g, H, steps) if reverse else H)
        finals.append(final)
    if len(Hs) == 1:
        return Hs[0], finals[0]
    together = [g.op("Concat", *parts, axis=-1) for parts in zip(*finals, strict=True)]
    return g.op("Concat", *Hs, axis=-1), together


def _forwards(g, layer, weights, X, steps, start):
    (W_x, W_h, b_x, b_h), cell = weights, CELLS[layer.cell]
    A_x = g.op("Add", g.op("MatMul", X, W_x), b_x)
    if start is None:
        n_and_H = g.op("Concat", g.size(X, 1), [len(W_h)], axis=0)
        start = [g.op("Expand", 0.0, n_and_H)] * cell.n_states

    def step(body, states, values, is_there):
        a_h = body.op("Add", body.op("MatMul", states[0], W_h), b_h)
        new = cell.step(body, layer.activation, *values, a_h, states)
        if is_there is not None:  # a sequence that has ended keeps its last state
            new = [body.op("Where", is_there, a, b) for a, b in zip(new, states, strict=True)]
        return new, new[:1]

    final, (H,) = g.scan(step, start, [A_x], steps.is_there, width=len(W_h))
    return H, final


def _reversed(g, value, steps):
    """(T, n, .) with every sequence reversed within its own length, so that the same steps are there."""
    lengths = steps.lengths
    if lengths is None:
        lengths = g.op("Expand", g.size(value, 0), g.size(value, 1))
    return g.op("ReverseSequence", value, lengths, time_axis=0, batch_axis=1)


def _step_of_elman(g, activation, a_x, a_h, states):
    return [g.op(ACTIVATIONS[activation], g.op("Add", a_x, a_h))]


def _step_of_lstm(g, activation, a_x, a_h, states):
    i, f, z, o = _split(g, g.op("Add", a_x, a_h), 4)
    kept = g.op("Mul", g.op("Sigmoid", f), states[1])  # c' = f c + i g
    c = g.op("Add", kept, g.op("Mul", g.op("Sigmoid", i), g.op("Tanh", z)))
    return [g.op("Mul", g.op("Sigmoid", o), g.op("Tanh", c)), c]


def _step_of_gru(g, activation, a_x, a_h, states):
    (x_r, x_z, x_n), (h_r, h_z, h_n) = _split(g, a_x, 3), _split(g, a_h, 3)
    r, z = (g.op("Sigmoid", g.op("Add", x, h)) for x, h in ((x_r, h_r), (x_z, h_z)))
    n = g.op("Tanh", g.op("Add", x_n, g.op("Mul", r, h_n)))
    return [g.op("Add", n, g.op("Mul", z, g.op("Sub", states[0], n)))]  # h' = n + z (h - n)


def _split(g, a, n_gates):
    """The gates that stand side by side in ``a``."""
    if g.opset < 18:  # before, equal parts needed no number
        return g.op("Split", a, n=n_gates, axis=-1)
    return g.op("Split", a, n=n_gates, axis=-1, num_outputs=n_gates)


# --- the cells --------------------------------------------------------------------------------------


class _Cell(NamedTuple):
    """A cell in ONNX: its operator, whose gates stand in another ``order``, and its equations."""

    operator: str
    order: tuple
    n_states: int
    attributes: object  # activation, number of directions -> of the operator
    step: object  # body, activation, a_x, a_h, states -> new states

    def rearranged(self, weights):
        """W (G, D), R (G, H) and B (2 G,), as the operator wants them."""
        gates = [np.split(w, len(self.order), axis=-1) for w in weights]
        W_x, W_h, b_x, b_h = (np.concatenate([w[k] for k in self.order], axis=-1) for w in gates)
        return W_x.T, W_h.T, np.concatenate([b_x, b_h])


CELLS = {
    Elman: _Cell("RNN", (0,), 1, _options_of_rnn, _step_of_elman),
    # i f g o -> i o f c
    LSTM: _Cell("LSTM", (0, 3, 1, 2), 2, lambda *_: {}, _step_of_lstm),
    # r z n -> z r h; the reset gate after the product
    GRU: _Cell("GRU", (1, 0, 2), 1, lambda *_: {"linear_before_reset": 1}, _step_of_gru),
}
