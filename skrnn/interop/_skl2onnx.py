"""Our estimators in skl2onnx: its own ``to_onnx`` takes pipelines in which they are.

The graphs are those of ``to_onnx``, put into the one that skl2onnx writes: X is as ``predict`` reads
arrays, and all steps count. Probabilities, ZipMap and names are as skl2onnx has them.

Shapes: X (n, T, F), or a table; label (n,), probabilities (n, n_classes); numbers as ``predict`` says.

A class that is to be known there is one more in ``ESTIMATORS`` or ``TRANSFORMERS``.
"""

import importlib.util
import sys
import warnings

import numpy as np

from skrnn._estimators.labels import Labels
from skrnn._transformers.differencer import Differencer
from skrnn._transformers.fill_forward import FillForward
from skrnn._transformers.series_scaler import SeriesScaler
from skrnn._transformers.sliding_window import SlidingWindow
from skrnn._transformers.time_distributed import TimeDistributed
from skrnn.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.interop._onnx_graph import ML, VERSIONS, Graph
from skrnn.interop._onnx_network import ROWS, SEQUENCES, Given
from skrnn.interop._onnx_transformers import write_transformers
from skrnn.interop._to_onnx import Options, checked, write
from skrnn.regressors import GRURegressor, LSTMRegressor, RNNRegressor

ESTIMATORS = {
    "classifier": (RNNClassifier, LSTMClassifier, GRUClassifier),
    "regressor": (RNNRegressor, LSTMRegressor, GRURegressor),
}
TRANSFORMERS = (TimeDistributed, FillForward, SeriesScaler, Differencer, SlidingWindow)
NAME = "skl2onnx"


def register_when_imported():
    """Tell skl2onnx about our classes: at once if it is there, else as soon as someone imports it.

    It takes a second to import, which those who do not use it need not wait for.
    """
    if sys.modules.get(NAME) is not None:
        register()
    elif not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds skl2onnx as all others do, and lets ``register`` follow the import."""

    def __init__(self):
        self._asks_others = False

    def find_spec(self, name, path=None, target=None):
        """The spec of skl2onnx; None of all else."""
        if name != NAME or self._asks_others:
            return None
        self._asks_others = True  # the lock of the import keeps other threads out
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asks_others = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    """The loader of a module, and ``register`` after it."""

    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        """As the loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module):
        """As the loader does, whose module it is from then on."""
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        register()


def register():
    """Tell skl2onnx, which is imported, about our classes."""
    from skl2onnx import update_registered_converter

    for cls in ESTIMATORS["classifier"]:
        options = {"zipmap": [True, False, "columns"], "nocl": [False]}  # its ZipMap asks for the second
        update_registered_converter(cls, f"Skrnn{cls.__name__}", _shapes, _convert, options=options)
    for cls in ESTIMATORS["regressor"]:
        update_registered_converter(cls, f"Skrnn{cls.__name__}", _shapes, _convert)
    for cls in TRANSFORMERS:
        update_registered_converter(cls, f"Skrnn{cls.__name__}", _shapes_of_steps, _convert_steps)


def _options(operator, container=None):
    """The options of ``to_onnx`` for the operator of an estimator."""
    from skl2onnx.common import data_types

    float64 = isinstance(operator.inputs[0].type, data_types.DoubleTensorType)
    opset = None if container is None else container.target_opset
    return Options(float64, opset, stateful=False, lengths=False, ids=False, zipmap=False, runtime=None)


def _type_of_numbers(operator):
    """The type of skl2onnx for answers."""
    from skl2onnx.common import data_types

    is_wide = _options(operator).float64
    return data_types.DoubleTensorType if is_wide else data_types.FloatTensorType


def _put(g, scope, operator, container):
    """The nodes of a graph with an input X into that of skl2onnx; its outputs are the operator's."""
    from onnx import compose, helper

    prefix = scope.get_unique_variable_name("skrnn") + "."
    graph = compose.add_prefix_graph(g.proto("part"), prefix)
    container.initializers += list(graph.initializer)
    nodes = [
        helper.make_node(
            "Cast", [operator.inputs[0].full_name], [graph.input[0].name],
            to=graph.input[0].type.tensor_type.elem_type,
        ),
        *graph.node,
    ]  # fmt: skip
    for ours, theirs in zip(graph.output, operator.outputs, strict=True):
        kind = theirs.type.to_onnx_type().tensor_type.elem_type
        nodes.append(helper.make_node("Cast", [ours.name], [theirs.full_name], to=kind))
    for node in nodes:
        _add(node, scope, container)


def _add(node, scope, container):
    """A node, of the version of the operators that the whole graph has."""
    from onnx import helper

    container.add_node(
        node.op_type, list(node.input), list(node.output), op_domain=node.domain,
        op_version=VERSIONS[ML] if node.domain else container.target_opset,
        name=scope.get_unique_operator_name(node.op_type),
        **{one.name: helper.get_attribute_value(one) for one in node.attribute},
    )  # fmt: skip


# --- estimators -------------------------------------------------------------------------------------


def _shapes(operator):
    """Types and shapes of the outputs of an estimator."""
    from skl2onnx.common import data_types

    facts = checked(operator.raw_operator, _options(operator)).model.facts
    targets, lead, kind = facts.targets, [None], _type_of_numbers(operator)
    if facts.per_step and not facts.form.rows_are_steps:
        lead = [None, None]
    if not isinstance(targets, Labels):
        operator.outputs[0].type = kind([*lead, *[None] * _axes_of_numbers(targets)])
        return
    is_text, n = targets.classes.dtype.kind in "UO", len(targets.classes)
    of_labels = data_types.StringTensorType if is_text else data_types.Int64TensorType
    operator.outputs[0].type = of_labels(lead if targets.is_1d else [*lead, n])
    operator.outputs[1].type = kind([*lead, n])


def _axes_of_numbers(targets):
    """How many axes of outputs predictions have."""
    if targets.is_1d:
        return 0
    return 1 + (targets.loss().are_several and len(targets.mean) > 1)


def _convert(scope, operator, container):
    """The nodes of an estimator."""
    options = _options(operator, container)
    g = Graph(container.target_opset, options.dtype)
    write(g, checked(operator.raw_operator, options), options)
    _put(g, scope, operator, container)


# --- transformers -----------------------------------------------------------------------------------


def _shapes_of_steps(operator):
    """The shape of what a transformer gives: as many features as of a step of zeros."""
    transformer, n_axes = operator.raw_operator, len(operator.inputs[0].type.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the step has no names of columns
        given = transformer.transform(np.zeros((*[1] * (n_axes - 1), transformer.n_features_in_)))
    operator.outputs[0].type = _type_of_numbers(operator)([*[None] * (given.ndim - 1), given.shape[-1]])


def _convert_steps(scope, operator, container):
    """The nodes of a transformer."""
    transformer, n_axes = operator.raw_operator, len(operator.inputs[0].type.shape)
    g = Graph(container.target_opset, _options(operator).dtype)
    X = g.input("X", shape=[*[None] * (n_axes - 1), transformer.n_features_in_])
    given = write_transformers(g, [transformer], Given(X, None, SEQUENCES if n_axes == 3 else ROWS))
    g.output("X_new", given.X)
    _put(g, scope, operator, container)
