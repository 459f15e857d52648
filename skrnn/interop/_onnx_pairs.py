"""An encoder-decoder as two graphs of ONNX: the encoder, and one step of the decoder.

Shapes: n sources, padded to T steps of tokens or of F numbers; H units of a layer, V tokens that the
decoder says, or K numbers. Who runs them feeds the decoder its own ``token_next`` and states, until it
says ``STOP``, number 0; or its ``step_next`` and states, as often as there are steps to answer.

``START`` of ``_engine/pairs.py`` and ``STOP`` are both zeros, so that either decoder begins with zeros.
"""

from typing import NamedTuple

import numpy as np

from skrnn._estimators.number_pairs import NumberPairs
from skrnn.interop import _onnx_network as network_in
from skrnn.interop._links import link_of_numbers
from skrnn.interop._onnx_answers import LINKS, by_target, read_out_of, write_answers
from skrnn.interop._onnx_graph import Graph, plain_tokens
from skrnn.interop._onnx_layers import Steps


class Pair(NamedTuple):
    """What ``to_onnx`` makes of an encoder-decoder.

    Attributes
    ----------
    encoder, decoder : onnx.ModelProto
    """

    encoder: object
    decoder: object


def write_pair(model, opset, dtype, metadata):
    """The two graphs of the ``Model`` of an encoder-decoder, with the metadata that both have."""
    network, targets = model.network(), model.facts.targets
    weights = network.layout.views(model.theta)
    source, target = Graph(opset, dtype), Graph(opset, dtype)
    _write_encoder(source, model, network.encoder, _of_part(weights, "encoder."))
    of_numbers = isinstance(targets, NumberPairs)
    write = _write_decoder_of_numbers if of_numbers else _write_decoder
    write(target, model, network.decoder, _of_part(weights, "decoder."))
    if of_numbers:
        of_source, of_target = {}, {"horizon": targets.horizon}
    else:
        of_source = {"vocabulary": plain_tokens(targets.source)}
        of_target = {"vocabulary": [None, *plain_tokens(targets.target)]}
    return Pair(
        source.model(f"{model.facts.name}_encoder", metadata | of_source),
        target.model(f"{model.facts.name}_decoder", metadata | of_target),
    )


def _of_part(weights, part):
    """The weights of encoder or decoder, by the names that a single network has."""
    return {name.removeprefix(part): W for name, W in weights.items() if name.startswith(part)}


def _write_encoder(g, model, network, weights):
    """Tokens (n, T), or numbers (n, T, F), and lengths (n,) -> the states after the last."""
    architecture = model.facts.architecture
    if network.n_tokens is not None:
        X = g.input("X", np.int64, ["n", "T"])
    else:
        X = g.input("X", shape=["n", "T", network.n_features])
    given = network_in.Given(X, g.input("lengths", np.int64, ["n"]), network_in.SEQUENCES)
    X, steps = network_in.read_inputs(g, network, weights, given)
    _, finals = network_in.run_layers(g, architecture, weights, X, steps)
    names = network_in.names_of_states(network)
    for layer, final, H in zip(names.layers, finals, network.hidden_sizes, strict=True):
        for name, state in zip(layer, final, strict=True):
            g.output(name, state, shape=["n", H])


def _write_decoder(g, model, network, weights):
    """A token (n,) and states -> log probabilities (n, V), the most probable token (n,), states."""
    token = g.op("Unsqueeze", g.input("token", np.int64, ["n"]), [1])
    h, give = _one_step(g, model, network, weights, token)
    raw = network_in.read_out(g, weights["readout.W"], weights["readout.b"], h)
    g.output("log_probabilities", g.op("LogSoftmax", raw, axis=-1), shape=["n", network.n_outputs])
    g.output("token_next", g.op("ArgMax", raw, axis=-1, keepdims=0), np.int64, ["n"])
    give()


def _write_decoder_of_numbers(g, model, network, weights):
    """A step (n, K) as the decoder reads it and states -> its answers, the next step, states."""
    pairs = model.facts.targets
    step = g.op("Unsqueeze", g.input("step", shape=["n", pairs.n_columns]), [1])
    h, give = _one_step(g, model, network, weights, step)
    write_answers(
        g, network_in.read_out(g, *read_out_of(pairs.numbers, weights), h), pairs.numbers, ["n"]
    )
    raw = network_in.read_out(g, weights["readout.W"], weights["readout.b"], h)
    g.output("step_next", _read_next(g, pairs, raw), shape=["n", pairs.n_columns])
    give()


def _one_step(g, model, network, weights, X):
    """The top layer's h (n, H) after a step X (n, 1[, K]), and a function that gives out all states."""
    names = network_in.names_of_states(network)
    network_in.read_states(g, names, network, "n")
    given = network_in.Given(X, None, network_in.SEQUENCES)
    X, _ = network_in.read_inputs(g, network, weights, given)
    _, finals = network_in.run_layers(g, model.facts.architecture, weights, X, Steps(), names.layers)
    states = network_in.States(finals, [])
    return finals[-1][0], lambda: network_in.give_states(g, names, states, network, "n")


def _read_next(g, pairs, raw):
    """What the decoder reads after raw outputs (n, n_outputs): (n, K), as ``NumberPairs.feed``."""
    numbers, loss = pairs.numbers, pairs.loss()
    link = link_of_numbers(numbers, "to_onnx")
    if loss.are_several:
        raw = by_target(g, raw, 1, [pairs.n_columns, len(loss.quantiles)])
    said = LINKS[link](g, raw)
    if loss.are_several:
        nearest = int(np.argmin(np.abs(loss.quantiles - 0.5)))
        said = g.op("Squeeze", g.op("Slice", said, [nearest], [nearest + 1], [-1]), [-1])
    if (numbers.scale != pairs.scale).any() or (numbers.mean != pairs.mean).any():
        said = g.op("Mul", said, numbers.scale / pairs.scale)
        said = g.op("Add", said, (numbers.mean - pairs.mean) / pairs.scale)
    return said
