"""What the layers of a Keras model compute, as far as their weights do not say it.

Keras is not needed: a layer is known by the name of its class and by what ``get_config`` says, as Keras 2
and 3 have them. What is checked is whether the network of an estimator computes the same.

To take in another layer, enter it in ``CHECKS``, or in ``WITHOUT_EFFECT`` if it does nothing to answers.
"""

from skrnn._engine.pooling import names_of
from skrnn._estimators.labels import Labels
from skrnn._settings.quoting import quote
from skrnn.cells import GRU, LSTM, Elman
from skrnn.interop._links import link_of_labels, link_of_numbers

KINDS = {Elman: "SimpleRNN", LSTM: "LSTM", GRU: "GRU"}
# of an Elman network; what Keras calls otherwise
ACTIVATIONS = {"sigmoid": "logistic", "linear": "identity"}
POOLINGS = {"GlobalAveragePooling1D": "mean", "GlobalMaxPooling1D": "max"}
# in training only, or steps left out that an estimator is not given either
WITHOUT_EFFECT = (
    "ActivityRegularization", "Dropout", "Embedding", "GaussianDropout", "GaussianNoise", "InputLayer",
    "Masking", "SpatialDropout1D",
)  # fmt: skip
# link -> activations of the Dense layer that reads the network; "linear": the loss has the link
LINKS = {
    "identity": ("linear",),
    "exp": ("exponential",),
    "two classes": ("sigmoid", "softmax", "linear"),
    "sigmoid": ("sigmoid", "linear"),
    "softmax": ("softmax", "linear"),
}


def layers_of(source):
    """Class name and configuration of the layers of a model, those of models inside it too."""
    if hasattr(source, "layers"):
        return [one for layer in source.layers for one in layers_of(layer)]
    name, config = type(source).__name__, source.get_config()
    if name == "TimeDistributed":  # around the Dense layer
        name, config = _inner(config["layer"])
    return [(name, config)]


def _inner(serialized):
    return serialized["class_name"], serialized["config"]


def check_layers(layers, model):
    """Raise a ValueError unless the layers compute what the network of a ``Model`` does."""
    per_step, poolings = None, []
    for name, config in layers:
        if name == "Bidirectional":
            per_step = _check_bidirectional(config, model)
        elif name in KINDS.values():
            _check(not model.facts.architecture.bidirectional, name, "Bidirectional", None)
            per_step = _check_recurrent(name, config, model)
        elif name == "Dense":
            _check_dense(config, model.facts.targets)
        elif name in POOLINGS:
            poolings.append(POOLINGS[name])
        elif name not in WITHOUT_EFFECT:
            raise ValueError(
                f"source has a layer {quote(name)}, which is no part of a network of skrnn. It may be "
                f"made of {', '.join(KINDS.values())}, Bidirectional, Embedding, pooling and Dense: pass "
                "the get_weights() of those layers, if the others do nothing to answers."
            )
    if any(name == "Dense" for name, _ in layers):
        _check_what_is_read(per_step, poolings, model.facts)


def _check(is_same, name, what, value):
    if not is_same:
        raise ValueError(
            f"source has a layer {name} with {what}={quote(value)}, and the network of the estimator "
            "computes something else. Pass an estimator, or a model, that agrees with the other."
        )


def _check_bidirectional(config, model):
    name, inner = _inner(config["layer"])
    _check(model.facts.architecture.bidirectional, "Bidirectional", "layer", name)
    _check(config.get("merge_mode") == "concat", "Bidirectional", "merge_mode", config.get("merge_mode"))
    if config.get("backward_layer"):
        other, backward = _inner(config["backward_layer"])
        _check(other == name, "Bidirectional", "backward_layer", other)
        _check_recurrent(other, {**backward, "go_backwards": False}, model)
    return _check_recurrent(name, inner, model)


def _check_recurrent(name, config, model):
    """Whether the layer answers with all steps."""
    architecture = model.facts.architecture
    expected = KINDS.get(architecture.cell)
    if name != expected:
        raise ValueError(
            f"source has a layer {name}, but {model.facts.name} has {expected or 'a cell of its own'}. "
            "Pass an estimator with the same kind of layer."
        )
    activation = config.get("activation", "tanh")
    ours = architecture.cell_options.get("activation", "tanh")
    _check(_ours(activation) == ours, name, "activation", activation)
    for what, plain in (("recurrent_activation", "sigmoid"), ("go_backwards", False), ("use_bias", True)):
        _check(config.get(what, plain) == plain, name, what, config.get(what))
    if not config.get("reset_after", True):
        raise ValueError(RESET_BEFORE)
    return bool(config.get("return_sequences", False))


def _ours(activation):
    """The name of an activation here; those that are no names are none of ours."""
    return ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else None


RESET_BEFORE = (
    "source has a GRU with reset_after=False: its reset gate multiplies the state before the recurrent "
    "product. That of skrnn multiplies the product, as reset_after=True, cuDNN and PyTorch do, and with "
    "the same weights answers otherwise. Train the model with reset_after=True, the default of Keras."
)


def _check_dense(config, targets):
    link = link_of(targets)
    activation = config.get("activation", "linear")
    if not isinstance(activation, str) or activation not in LINKS[link]:
        raise ValueError(
            f"source has a layer Dense with activation={quote(activation)}, but the answers of the "
            f"estimator need {' or '.join(map(quote, LINKS[link]))}. Pass an estimator with another loss "
            "or other classes."
        )
    _check(config.get("use_bias", True), "Dense", "use_bias", False)


def link_of(targets):
    """What the outputs of the read-out stand for; a ValueError for what no Dense layer says."""
    if isinstance(targets, Labels):
        link = link_of_labels(targets)
    else:
        link = link_of_numbers(targets, "from_keras")
    if link not in LINKS:
        raise ValueError(
            "from_keras takes no read-out of an estimator of several quantiles, or of a single class: "
            "what it says is not what a Dense layer does. Pass the recurrent layers only."
        )
    return link


def _check_what_is_read(returns_all, poolings, facts):
    """Raise a ValueError if the read-out of the model sees other states than that of the estimator."""
    theirs = poolings or (["all steps"] if returns_all else ["last"])
    ours = ["all steps"] if facts.per_step else list(names_of(facts.architecture.pooling))
    if theirs != ours:
        raise ValueError(
            f"source reads {' and '.join(theirs)} of the top layer, but the estimator "
            f"{' and '.join(ours)}: pass one with another pooling or return_sequences."
        )
