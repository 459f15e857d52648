"""A graph of ONNX while it is being written: nodes, constants, inputs and outputs by name.

A value is a name. Where ``op`` wants values it also takes numbers and arrays, and makes constants of
them: whole numbers in int64, fractions in the dtype that the graph computes in.

The package onnx is imported when the first graph is begun.
"""

import itertools
import json
from copy import copy

import numpy as np

from skrnn._settings.quoting import quote

ML = "ai.onnx.ml"  # the domain of what ZipMap and the like are in, beside the one without a name
MICROSOFT = "com.microsoft"  # that of operators which only onnxruntime has
VERSIONS = {ML: 3, MICROSOFT: 1}


class Graph:
    """What will be a graph.

    Parameters
    ----------
    opset : int
        The version of the operators.
    dtype : dtype
        What is computed in, float32 or float64.
    names : iterator of int, optional
        Where numbers for new names come from; that of the graph around a body.

    Attributes
    ----------
    nodes, constants, inputs, outputs, known : list
        Protos of ONNX; known are types and shapes that it cannot infer.
    domains : dict of str to int
        The sets of operators in use, and their versions.
    """

    def __init__(self, opset, dtype, names=None):
        self.opset, self.dtype = opset, np.dtype(dtype)
        self.nodes, self.constants, self.inputs, self.outputs, self.known = [], [], [], [], []
        self.domains = {"": opset}
        self._names = itertools.count() if names is None else names

    def in_dtype(self, dtype):
        """The same graph, for what is computed in another dtype."""
        other = copy(self)
        other.dtype = np.dtype(dtype)
        return other

    # --- values -------------------------------------------------------------------------------------

    def new_name(self, kind):
        """A name that no other value has."""
        return f"{kind}.{next(self._names)}"

    def constant(self, array, kind="constant"):
        """The name of a constant, in the dtype of the array; text becomes strings."""
        from onnx import numpy_helper

        name = self.new_name(kind)
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def op(self, kind, *values, n=1, name=None, domain="", **attributes):
        """The names of the n results of an operator, or the only one; "" leaves an input out.

        ``name`` is one for the only result.
        """
        from onnx import helper

        inputs = [value if isinstance(value, str) else self._number(value) for value in values]
        while inputs and not inputs[-1]:  # what is left out at the end is not there
            inputs.pop()
        outputs = [name or self.new_name(kind) for _ in range(n)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        if domain:
            self.domains[domain] = VERSIONS[domain]
        return outputs[0] if n == 1 else outputs

    def _number(self, value):
        array = np.asarray(value)
        if array.dtype.kind in "iu":
            return self.constant(array.astype(np.int64))
        if array.dtype.kind != "f":
            return self.constant(array)
        with np.errstate(over="ignore"):
            rounded = array.astype(self.dtype)
        if (np.isinf(rounded) & ~np.isinf(array)).any():
            raise ValueError(
                f"float64=False does not go with weights, or numbers of transformers, beyond what "
                f"{self.dtype} holds ({np.abs(array).max():.1e}): pass float64=True."
            )
        return self.constant(rounded)

    @property
    def type(self):
        """The dtype of the graph as ONNX numbers it."""
        return type_of(self.dtype)

    def know(self, value, dtype, shape):
        """Say the type and shape of what an operator outside the standard gives.

        The checker of onnx ends the process where it knows neither.
        """
        self.known.append(self._info(value, dtype, shape))
        return value

    def cast(self, value, dtype=None):
        """A value in another dtype, by default that of the graph."""
        return self.op("Cast", value, to=self.type if dtype is None else type_of(np.dtype(dtype)))

    def size(self, value, axis):
        """The length of an axis, (1,) int64."""
        return self.op("Slice", self.op("Shape", value), [axis], [axis + 1])

    def scan(self, step, states, values, mask=None, *, width):
        """A loop over the first axis of ``values`` and, if there is one, of the mask (bool).

        ``step(body, states, values, mask)`` writes one turn into the ``body``, and returns the new states
        and what is collected of every turn, each (n, width). The answer are the states after the last
        turn, and that.
        """
        body = Graph(self.opset, self.dtype, self._names)
        names = [body.input(body.new_name("turn")) for _ in [*states, *values]]
        rows = [] if mask is None else [body.input(body.new_name("turn"), bool)]
        n = len(states)
        new, collected = step(body, names[:n], names[n:], *(rows or [None]))
        for value in [*new, *collected]:
            body.output(body.new_name("turned"), value, shape=[None, width])  # runtimes ask for it
        sequences = [*values, *([] if mask is None else [mask])]
        done = self.op(
            "Scan", *states, *sequences, n=n + len(collected), body=body.proto("turn"),
            num_scan_inputs=len(sequences),
        )  # fmt: skip
        return done[:n], done[n:]

    # --- inputs and outputs -------------------------------------------------------------------------

    def input(self, name, dtype=None, shape=None):
        """Announce an input; with names for lengths that may be any. None: in the dtype of the graph."""
        self.inputs.append(self._info(name, dtype, shape))
        return name

    def output(self, name, value, dtype=None, shape=None):
        """Let a value be an output under a name."""
        self.op("Identity", value, name=name)
        self.outputs.append(self._info(name, dtype, shape))

    def output_of(self, name, type_proto):
        """Let the value of this name be an output, which is no tensor but of another type of ONNX."""
        from onnx import helper

        self.outputs.append(helper.make_value_info(name, type_proto))

    def inline(self, model, value):
        """The only output of a model of ONNX with a single input, for this value."""
        from onnx import compose

        prefix = self.new_name("inlined") + "."
        graph = compose.add_prefix(model, prefix).graph
        self.op("Identity", value, name=graph.input[0].name)
        self.nodes += graph.node
        self.constants += graph.initializer
        for one in model.opset_import:
            self.domains.setdefault(one.domain, one.version)
        return graph.output[0].name

    def _info(self, name, dtype, shape):
        from onnx import helper

        kind = self.type if dtype is None else type_of(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, shape)

    # --- the end ------------------------------------------------------------------------------------

    def proto(self, name):
        """The graph as a proto of ONNX."""
        from onnx import helper

        return helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, self.constants, value_info=self.known
        )

    def model(self, name, metadata):
        """The graph as a model, checked; metadata of other types than str are written in JSON."""
        import onnx
        from onnx import helper

        opsets = [helper.make_opsetid(*one) for one in self.domains.items()]
        model = helper.make_model(
            self.proto(name), opset_imports=opsets, producer_name="skrnn",
            producer_version=metadata["skrnn_version"],
            # the lowest that goes with the operators, so that older runtimes read it
            ir_version=helper.find_min_ir_version_for(opsets, ignore_unknown=True),
        )  # fmt: skip
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
        helper.set_model_props(model, texts)
        onnx.checker.check_model(model, full_check=True)
        return model


def plain_tokens(vocabulary):
    """Tokens in the order of a vocabulary, as JSON can hold them."""
    return [token if isinstance(token, (str, int, float)) else str(token) for token in vocabulary]


def type_of(dtype):
    """A dtype as ONNX numbers it; a ValueError for one that ONNX has not."""
    from onnx import TensorProto, helper

    if dtype.kind in "UO":
        return TensorProto.STRING
    try:
        return helper.np_dtype_to_tensor_dtype(dtype)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"ONNX has no numbers of dtype {quote(dtype)}: fit with labels of another dtype, such as int."
        ) from error
