"""An encoder-decoder as two graphs of ONNX: the encoder, and one step of the decoder.

Shapes: n sources, padded to T tokens; H units of a layer, V tokens that the decoder says. Who runs them
feeds the decoder its own ``token_next`` and states, until it says ``STOP``, number 0.
"""

from typing import NamedTuple

import numpy as np

from skrnn.interop import _onnx_network as network_in
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
    network, texts = model.network(), model.facts.targets
    weights = network.layout.views(model.theta)
    source = Graph(opset, dtype)
    _write_encoder(source, model, network.encoder, _of_part(weights, "encoder."))
    target = Graph(opset, dtype)
    _write_decoder(target, model, network.decoder, _of_part(weights, "decoder."))
    read, said = plain_tokens(texts.source), [None, *plain_tokens(texts.target)]
    return Pair(
        source.model(f"{model.facts.name}_encoder", {**metadata, "vocabulary": read}),
        target.model(f"{model.facts.name}_decoder", {**metadata, "vocabulary": said}),
    )


def _of_part(weights, part):
    """The weights of encoder or decoder, by the names that a single network has."""
    return {name.removeprefix(part): W for name, W in weights.items() if name.startswith(part)}


def _write_encoder(g, model, network, weights):
    """Tokens (n, T) and lengths (n,) -> the states after the last."""
    architecture = model.facts.architecture
    given = network_in.Given(
        g.input("X", np.int64, ["n", "T"]), g.input("lengths", np.int64, ["n"]), network_in.SEQUENCES
    )
    X, steps = network_in.read_inputs(g, network, weights, given)
    _, finals = network_in.run_layers(g, architecture, weights, X, steps)
    names = network_in.names_of_states(network)
    for layer, final, H in zip(names.layers, finals, network.hidden_sizes, strict=True):
        for name, state in zip(layer, final, strict=True):
            g.output(name, state, shape=["n", H])


def _write_decoder(g, model, network, weights):
    """A token (n,) and states -> log probabilities (n, V), the most probable token (n,), states."""
    given = network_in.Given(
        g.op("Unsqueeze", g.input("token", np.int64, ["n"]), [1]), None, network_in.SEQUENCES
    )
    names = network_in.names_of_states(network)
    network_in.read_states(g, names, network, "n")
    X, _ = network_in.read_inputs(g, network, weights, given)
    _, finals = network_in.run_layers(g, model.facts.architecture, weights, X, Steps(), names.layers)
    raw = network_in.read_out(g, weights["readout.W"], weights["readout.b"], finals[-1][0])
    g.output("log_probabilities", g.op("LogSoftmax", raw, axis=-1), shape=["n", network.n_outputs])
    g.output("token_next", g.op("ArgMax", raw, axis=-1, keepdims=0), np.int64, ["n"])
    network_in.give_states(g, names, network_in.States(finals, []), network, "n")
