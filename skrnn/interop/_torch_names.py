"""Names of weights, here and in PyTorch.

``layer0.W_x`` here is ``weight_ih_l0`` of a layer there, transposed, and so on (``_engine/weights.py``).
Going out, a layer is a module of its own (``key_of``). Coming in, the names of modules do not matter
(``names_of_keys``): what follows them says what they are, and the order which layer comes after which.
"""

import re

PARTS = {"W_x": "weight_ih", "W_h": "weight_hh", "b_x": "bias_ih", "b_h": "bias_hh"}
OTHERS = {"embedding.W": "embedding.weight", "readout.W": "readout.weight", "readout.b": "readout.bias"}
UNITS = ("mean", "scale")  # of y, beside the weights
_OURS = {theirs: ours for ours, theirs in PARTS.items()}
_OF_LAYER = re.compile(rf"(?P<module>.*?)(?P<part>{'|'.join(_OURS)})_l(?P<k>\d+)(?P<reverse>_reverse)?")


def tables_in(names):
    """Those of weights that are tables of vectors, in their order."""
    return [name for name in names if name.startswith("embedding.")]


def key_of(name, names):
    """The name of a weight, one of ``names``, in the module of ``to_torch``."""
    if name in OTHERS:
        return OTHERS[name]
    tables = tables_in(names)
    if name in tables:
        return f"embeddings.{tables.index(name)}.weight"
    layer, *reverse, part = name.split(".")
    k = layer.removeprefix("layer")
    return f"layers.{k}.{PARTS[part]}_l0{'_reverse' if reverse else ''}"


def key_of_pair(name):
    """The same of an encoder-decoder: ``encoder.layer0.W_x`` and so on."""
    part, _, rest = name.partition(".")
    if rest == "embedding.W":
        return f"{part}_embedding.weight"
    if rest in OTHERS:
        return OTHERS[rest]
    layer, _, weight = rest.partition(".")
    return f"{part}.{layer.removeprefix('layer')}.{PARTS[weight]}_l0"


def is_transposed(name):
    """Whether a weight lies the other way round in PyTorch: all matrices but tables of vectors."""
    return name.endswith(("W_x", "W_h", "readout.W"))


def names_of_keys(keys, tables):
    """Our name -> key of a state_dict, and the keys that have no name or one that is taken.

    Tables of vectors have the names ``tables``, in this order.
    """
    names, starts, n_layers, left, tables = {}, {}, 0, [], iter(tables)
    for key in keys:
        match = _OF_LAYER.fullmatch(key)
        if match:
            # the layers of a module come after those of the modules before it
            k = starts.setdefault(match["module"], n_layers) + int(match["k"])
            n_layers = max(n_layers, k + 1)
            name = f"layer{k}{'.reverse' if match['reverse'] else ''}.{_OURS[match['part']]}"
        else:
            name = _of_another(key, keys)
        if key in UNITS:
            continue
        if name == "embedding.W":
            name = next(tables, None)
        if name is None or name in names:
            left.append(key)
        else:
            names[name] = key
    return names, left


def _of_another(key, keys):
    """What a weight beside the layers is: a read-out has a bias, a table of tokens none; else None."""
    module, _, part = key.rpartition(".")
    before = f"{module}." if module else ""
    if part == "bias" and f"{before}weight" in keys:
        return "readout.b"
    if part == "weight":
        return "readout.W" if f"{before}bias" in keys else "embedding.W"
    return None
