"""The network in ONNX: from X as users have it to the raw outputs.

Shapes: n sequences, padded to T steps; F features, E the width of token vectors, Q that of the top layer,
R of what the read-out sees, K outputs. X comes in one of the layouts of ``LAYOUTS``; from there to the
read-out everything is time-major, (T, n, .).

A new pooling is one more function in ``POOLINGS``.
"""

from typing import NamedTuple

import numpy as np

from skrnn._engine.pooling import POOLINGS as POOLING_CLASSES
from skrnn._engine.pooling import names_of
from skrnn._engine.recurrence import Layer as LayerOfEngine
from skrnn.interop._onnx_layers import Layer, Steps, write_layer

SEQUENCES = "sequences"  # (n, T, F), or tokens (n, T)
TABLE = "table"  # (n, T F) each row a sequence, or tokens (n, T)
ROWS = "rows"  # (T, F) each row a time step of a single sequence, or tokens (T, 1)
LAYOUTS = (SEQUENCES, TABLE, ROWS)


class Given(NamedTuple):
    """What the network is given.

    Attributes
    ----------
    X : str
    lengths : str or None
        (n,) int64, of the layout SEQUENCES; None: all steps count.
    layout : str
        One of ``LAYOUTS``.
    is_of_texts : bool
        Whether it was made of texts, so that users do not know the lengths.
    """

    X: str
    lengths: str | None
    layout: str
    is_of_texts: bool = False


class States(NamedTuple):
    """The states of a network, as values of a graph.

    Attributes
    ----------
    layers : list per layer of lists of (n, H)
    pool : list
        What pooling has gathered.
    """

    layers: list
    pool: list

    def flat(self):
        return [state for layer in self.layers for state in layer] + list(self.pool)


# --- states that come and go ------------------------------------------------------------------------


def names_of_states(network):
    """Names for all states, as ``States``: h0, for an LSTM c0, h1 and so on, and those of pooling."""
    n_states = network.cells[0].n_states
    layers = [[f"{letter}{k}" for letter in "hc"[:n_states]] for k in range(len(network.cells))]
    return States(layers, list(network.pooling.holds))


def read_states(g, names, network, n):
    """The states as inputs, under these names; ``n`` is the length of their first axis."""
    for layer, H in zip(names.layers, network.hidden_sizes, strict=True):
        for name in layer:
            g.input(name, shape=[n, H])
    for name in names.pool:
        g.input(name, shape=[n, 1 if name == "count" else network.widths[-1]])


def give_states(g, names, states, network, n):
    """The states afterwards as outputs, under the same names and "_next"."""
    H = [h for layer, h in zip(names.layers, network.hidden_sizes, strict=True) for _ in layer]
    widths = H + [1 if name == "count" else network.widths[-1] for name in names.pool]
    for name, state, width in zip(names.flat(), states.flat(), widths, strict=True):
        g.output(f"{name}_next", state, shape=[n, width])


# --- what the first layer reads ---------------------------------------------------------------------


def read_steps(g, X, lengths):
    """Which steps of X (T, n, .) are there, of sequences of these lengths."""
    if lengths is None:
        return Steps()
    T = g.op("Squeeze", g.size(X, 0), [0])
    numbers = g.op("Unsqueeze", g.op("Range", 0, T, 1), [1, 2])
    return Steps(lengths, g.op("Less", numbers, g.op("Unsqueeze", lengths, [0, 2])))


def read_inputs(g, network, weights, given):
    """What the first layer reads (T, n, D), and the steps; zeros after the end of a sequence."""
    X = _time_major(g, network, given)
    steps = read_steps(g, X, given.lengths)
    X = _where_there(g, X, steps, are_tokens=network.n_tokens is not None)
    if network.n_tokens is not None:
        X = _embedded(g, weights["embedding.W"], X)
    elif network.categories:
        X = _with_categories(g, network, weights, X)
    return (X if network.lookup is None else _where_there(g, X, steps)), steps


def _time_major(g, network, given):
    """X as (T, n, F), tokens as (T, n)."""
    X, layout = given.X, given.layout
    if network.n_tokens is not None:
        return X if layout == ROWS else g.op("Transpose", X, perm=[1, 0])
    if layout == ROWS:
        return g.op("Unsqueeze", X, [1])
    if layout == TABLE:
        X = g.op("Reshape", X, [0, -1, network.n_features])
    return g.op("Transpose", X, perm=[1, 0, 2])


def _where_there(g, X, steps, *, are_tokens=False):
    """X (T, n, F), or tokens (T, n), with zeros for what stands after the end: that may be anything."""
    if steps.is_there is None:
        return X
    if are_tokens:
        return g.op("Where", g.op("Squeeze", steps.is_there, [2]), X, 0)
    return g.op("Where", steps.is_there, X, 0.0)


def _embedded(g, table, tokens):
    """The vectors (T, n, E) of tokens (T, n); zeros for negative ones."""
    # a negative number would count from the end of the table, or be an error
    vectors = g.op("Gather", table, g.op("Max", tokens, 0))
    is_token = g.op("Unsqueeze", g.op("GreaterOrEqual", tokens, 0), [2])
    return g.op("Where", is_token, vectors, 0.0)


def _with_categories(g, network, weights, X):
    """(T, n, D) of X (T, n, F): its numbers, and behind them the vectors of its codes."""
    coded = [(k, one.label) for one in network.categories for k in one.positions]
    numbers = sorted(set(range(network.n_features)) - {k for k, _ in coded})
    parts = [g.op("Gather", X, numbers, axis=2)] if numbers else []
    for k, label in coded:
        codes = g.cast(g.op("Squeeze", g.op("Gather", X, [k], axis=2), [2]), np.int64)
        parts.append(_embedded(g, weights[f"embedding.{label}.W"], codes))
    return g.op("Concat", *parts, axis=2)


def wait(g, X, steps, delay):
    """X with so many steps without input after the end of every sequence, and its steps."""
    if not delay:
        return X, steps
    X = g.op("Pad", X, [0, 0, 0, delay, 0, 0], 0.0)
    return X, read_steps(g, X, steps.lengths and g.op("Add", steps.lengths, delay))


# --- the layers -------------------------------------------------------------------------------------


def run_layers(g, architecture, weights, X, steps, start=None):
    """The states of the top layer (T, n, Q), and the final ones of all layers, each (n, Q)."""
    finals, activation = [], architecture.cell_options.get("activation")
    for k in range(len(architecture.hidden_sizes)):
        names = [f"layer{k}", *([f"layer{k}.reverse"] if architecture.bidirectional else [])]
        arrays = [tuple(weights[f"{name}.{part}"] for part in LayerOfEngine._fields) for name in names]
        layer = Layer(architecture.cell, activation, arrays)
        X, final = write_layer(g, layer, X, steps, start and start[k])
        finals.append(final)
    return X, finals


# --- what the read-out sees -------------------------------------------------------------------------


def pooled(g, architecture, states, steps, before):
    """What the read-out sees (n, R) after the last step, and what pooling has gathered by then.

    ``states`` are those of the top layer after every step (T, n, Q), and the final ones (n, Q);
    ``before`` is what pooling had gathered before, in values of the graph; empty: nothing.
    """
    parts, gathered, before = [], [], list(before)
    for name in names_of(architecture.pooling):
        n = len(POOLING_CLASSES[name].holds)
        own, before = before[:n], before[n:]
        part, new = POOLINGS[name](g, *states, steps, own)
        parts.append(part)
        gathered += new
    return (g.op("Concat", *parts, axis=-1) if len(parts) > 1 else parts[0]), gathered


def _last(g, H, h, steps, before):
    return h, []


def _mean(g, H, h, steps, before):
    known = H if steps.is_there is None else g.op("Where", steps.is_there, H, 0.0)
    total = g.op("ReduceSum", known, [0], keepdims=0)
    if steps.lengths is None:
        count = g.op("Expand", g.size(H, 0), g.op("Concat", g.size(H, 1), [1], axis=0))
    else:
        count = g.op("Unsqueeze", steps.lengths, [1])
    count = g.cast(count)
    if before:
        total, count = (g.op("Add", a, b) for a, b in zip(before, (total, count), strict=True))
    return g.op("Div", total, count), [total, count]


def _max(g, H, h, steps, before):
    known = H if steps.is_there is None else g.op("Where", steps.is_there, H, -np.inf)
    if g.opset < 18:  # from then on the axes are an input
        highest = g.op("ReduceMax", known, axes=[0], keepdims=0)
    else:
        highest = g.op("ReduceMax", known, [0], keepdims=0)
    if before:
        highest = g.op("Max", *before, highest)
    return highest, [highest]


POOLINGS = {"last": _last, "mean": _mean, "max": _max}


def read_out(g, W, b, P):
    """The raw outputs (., K) of what the read-out sees (., R)."""
    return g.op("Add", g.op("MatMul", P, W), b)


def per_step(g, raw, given, delay):
    """Raw outputs (T, n, K), the first ``delay`` left out, in the layout of X: (n, T, K) or (T, K)."""
    if delay:
        raw = g.op("Slice", raw, [delay], [np.iinfo(np.int64).max], [0])
    return g.op("Squeeze", raw, [1]) if given.layout == ROWS else g.op("Transpose", raw, perm=[1, 0, 2])
