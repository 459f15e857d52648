"""What a graph of ONNX answers: of numbers the predictions, of labels these and their probabilities.

Shapes: raw outputs (..., K); in front of the last axis stands what ``lead`` names, (n,), (n, T) or (T,).

A new link is one more entry in ``LINKS``.
"""

import numpy as np

from skrnn._estimators.labels import Labels
from skrnn._settings.quoting import quote
from skrnn.interop._links import link_of_labels, link_of_numbers
from skrnn.interop._onnx_graph import ML, type_of


def read_out_of(targets, weights):
    """W and b of the read-out, whose outputs are in units of y if they can be (float64)."""
    folded = {name: weights[name].astype(np.float64) for name in ("readout.W", "readout.b")}
    targets.fold(folded)
    return folded["readout.W"], folded["readout.b"]


def write_answers(g, raw, targets, lead, *, zipmap=False):
    """The outputs of the graph."""
    if isinstance(targets, Labels):
        _write_labels(g, raw, targets, lead, zipmap)
    else:
        _write_numbers(g, raw, targets, lead)


# --- numbers ----------------------------------------------------------------------------------------


def _write_numbers(g, raw, numbers, lead):
    link, n_targets = link_of_numbers(numbers, "to_onnx"), len(numbers.mean)
    shape = [numbers.n_outputs]
    if link == "quantiles":
        shape = [n_targets, numbers.n_outputs // n_targets]
        raw = by_target(g, raw, len(lead), shape)
    y = LINKS[link](g, raw)
    has_unit = (numbers.mean != 0).any() or (numbers.scale != 1).any()
    if has_unit and not numbers.loss().identity_link:  # else it is in the weights of the read-out
        axes = (-1, 1) if link == "quantiles" else (-1,)
        mean, scale = (value.reshape(axes) for value in (numbers.mean, numbers.scale))
        y = g.op("Add", g.op("Mul", y, scale), mean)
    if link == "quantiles" and n_targets == 1:
        y, shape = g.op("Squeeze", y, [len(lead)]), shape[1:]
    if numbers.is_1d:
        y, shape = g.op("Squeeze", y, [-1]), []
    g.output("variable", y, shape=[*lead, *shape])


def by_target(g, raw, n_axes, shape):
    """Raw outputs (..., n_targets n_quantiles) as (..., n_targets, n_quantiles)."""
    return g.op("Reshape", raw, [*[0] * n_axes, *shape])


def _quantiles(g, raw):
    lowest = g.op("Slice", raw, [0], [1], [-1])
    steps = _softplus(g, g.op("Slice", raw, [1], [np.iinfo(np.int64).max], [-1]))
    return g.op("CumSum", g.op("Concat", lowest, steps, axis=-1), -1)


def _softplus(g, x):
    """log(1 + exp(x)), as ``losses.py`` computes it; not all runtimes have their own in float64."""
    rest = g.op("Log", g.op("Add", 1.0, g.op("Exp", g.op("Neg", g.op("Abs", x)))))
    return g.op("Add", g.op("Max", x, 0.0), rest)


# --- labels -----------------------------------------------------------------------------------------


def _write_labels(g, raw, labels, lead, zipmap):
    classes = plain_classes(labels.classes)
    link = link_of_labels(labels)
    if zipmap:
        _check_zipmap(g, labels, classes, lead)
    if labels.is_1d:
        label = g.op("Gather", g.constant(classes), NUMBERS[link](g, raw))
        g.output("label", label, classes.dtype, lead)
    else:
        indicator = g.cast(g.op("Greater", raw, 0.0), np.int64)
        g.output("label", indicator, np.int64, [*lead, len(classes)])
    probabilities = LINKS[link](g, raw)
    if zipmap:
        _write_zipmap(g, probabilities, classes)
    else:
        g.output("probabilities", probabilities, shape=[*lead, len(classes)])


def plain_classes(classes):
    """The classes as ONNX can hold them: text as objects, what else there is in its dtype."""
    kind = classes.dtype.kind
    if kind == "U" or (kind == "O" and all(isinstance(label, str) for label in classes)):
        return np.array([str(label) for label in classes], dtype=object)
    if kind not in "biuf":
        raise ValueError(
            f"ONNX has no labels like {quote(classes[0])}: fit with text, whole numbers or bools as y."
        )
    type_of(classes.dtype)  # raises for those that are only NumPy's
    return classes.astype(classes.dtype.newbyteorder("="))


def _of_two(g, raw):
    return g.op("Concat", g.op("Sigmoid", g.op("Neg", raw)), g.op("Sigmoid", raw), axis=-1)


def _ones(g, raw):
    return g.op("Expand", 1.0, g.op("Shape", raw))


LINKS = {
    "identity": lambda g, raw: raw,
    "exp": lambda g, raw: g.op("Exp", raw),
    "quantiles": _quantiles,
    "certain": _ones,
    "two classes": _of_two,
    "sigmoid": lambda g, raw: g.op("Sigmoid", raw),
    "softmax": lambda g, raw: g.op("Softmax", raw, axis=-1),
}
# link -> number of the class that raw outputs (..., K) speak for
NUMBERS = {
    "certain": lambda g, raw: g.cast(g.op("Squeeze", g.op("Less", raw, raw), [-1]), np.int64),
    "two classes": lambda g, raw: g.cast(g.op("Squeeze", g.op("Greater", raw, 0.0), [-1]), np.int64),
    "softmax": lambda g, raw: g.op("ArgMax", raw, axis=-1, keepdims=0),
}


# --- probabilities by name --------------------------------------------------------------------------


def _check_zipmap(g, labels, classes, lead):
    """Raise a ValueError where there is no such operator."""
    kind = classes.dtype.kind
    if not labels.is_1d or len(lead) > 1 or g.dtype != np.float32 or kind not in "Obiu":
        raise no_zipmap()


def no_zipmap():
    """The error about probabilities that ONNX has no dict for."""
    return ValueError(
        "zipmap=True is for classifiers with one label per sequence, text or whole numbers, and "
        "float64=False: ONNX has no ZipMap for others. Leave it out, and read the columns of the output "
        "'probabilities' in the order of classes_."
    )


def _write_zipmap(g, probabilities, classes):
    """Of every sequence a dict of class to probability."""
    from onnx import TensorProto, helper

    if classes.dtype == object:
        key, names = TensorProto.STRING, {"classlabels_strings": classes.tolist()}
    else:
        key, names = TensorProto.INT64, {"classlabels_int64s": [int(label) for label in classes]}
    g.op("ZipMap", probabilities, name="probabilities", domain=ML, **names)
    of_one = helper.make_map_type_proto(key, helper.make_tensor_type_proto(g.type, []))
    g.output_of("probabilities", helper.make_sequence_type_proto(of_one))
