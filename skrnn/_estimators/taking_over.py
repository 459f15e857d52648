"""Weights from elsewhere: an estimator that is as if it had been fitted to them.

Every import of weights ends in ``fitted_to``. ``from_weights`` makes the facts from the weights and
parameters; ``with_weights`` takes those of another estimator.

Shapes: theta (P,), the vector of all weights. Names and shapes of weights are those of
``_engine/weights.py``; beside them there may be ``y.mean`` and ``y.scale`` (``Numbers.units_of_y``). What
the outputs say is told by the class of targets, in ``given``.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import numpy as np
from sklearn.utils import check_random_state

from skrnn._engine.model import Model
from skrnn._engine.run import History
from skrnn._engine.weights import is_part_of
from skrnn._estimators.fitted import Fitted
from skrnn._estimators.numbers import UNITS_OF_Y
from skrnn._reading.reader import Reader, given_form
from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import listed, quote


def fitted_to(estimator, facts, theta):
    """Publish a model in an estimator, as one that has no past; returns the estimator."""
    estimator._publish(Fitted(Model(facts, theta), History()))
    return estimator


def with_weights(estimator, theta, **units):
    """A copy of a fitted estimator with the weights theta, and the units of y, mean and scale, if given.

    Its curves are empty. What belongs to the weights before, the memory of the solver and the states in
    which the series ended, it does not have.
    """
    facts = estimator._model.facts
    if units:
        facts = replace(facts, targets=replace(facts.targets, **units))
    return fitted_to(deepcopy(estimator), facts, theta)


def from_weights(cls, weights, parameters, draw=(), columns=None, **of_targets):
    """An estimator of the class ``cls`` with these weights; ``of_targets`` is what ``given`` takes.

    Weights in the parts ``draw`` are drawn at random, as for a first fit.
    """
    draw = _parts(draw)
    arrays = _arrays_of(weights)
    units = {name: arrays.pop(name) for name in UNITS_OF_Y if name in arrays}
    arrays = {name: W for name, W in arrays.items() if not is_part_of(name, draw)}
    estimator = cls(**{**_sizes_in(arrays), **parameters})
    settings = estimator._settings()
    targets = settings.targets.given(settings, _n_outputs(arrays), units=units, **of_targets)
    form = given_form(settings, _dtype(settings, arrays), *_inputs(settings, arrays), columns)
    facts = Reader(settings).new_facts(form, targets)
    network = facts.architecture.network()
    _check_names(network.layout.shapes, arrays, draw, facts.name)
    return fitted_to(estimator, facts, _theta(settings, network, arrays, draw))


def pairs_from_weights(cls, weights, parameters, draw, new_facts):
    """The same of an encoder-decoder.

    ``new_facts`` makes its facts of settings and the arrays, of which it takes out what are no weights.
    """
    draw, arrays = _parts(draw), _arrays_of(weights)
    arrays = {name: W for name, W in arrays.items() if not is_part_of(name, draw)}
    of_encoder = {str(name).removeprefix("encoder."): W for name, W in arrays.items()}
    found = {name: size for name, size in _sizes_in(of_encoder).items() if name != "bidirectional"}
    estimator = cls(**{**found, **parameters})
    settings = estimator._settings()
    facts = new_facts(settings, arrays)
    dtype, form = _dtype(settings, arrays), facts.form
    facts = replace(
        facts, architecture=replace(facts.architecture, dtype=dtype.name),
        form=form and replace(form, dtype=dtype),
    )  # fmt: skip
    network = facts.architecture.network()
    _check_names(network.layout.shapes, arrays, draw, facts.name)
    return fitted_to(estimator, facts, _theta(settings, network, arrays, draw))


def _parts(draw):
    """Names of parts; a single one may stand for itself."""
    parts = (draw,) if isinstance(draw, str) else tuple(draw)
    if not all(isinstance(part, str) for part in parts):
        raise TypeError(f"draw must hold names of weights, or of parts as 'readout', got {quote(draw)}.")
    return parts


def _arrays_of(weights):
    """Name -> array of finite numbers."""
    if not isinstance(weights, Mapping):
        raise TypeError(
            "weights must be a dict of name to array, as exact_weights_ is, got "
            f"{type(weights).__name__}."
        )
    return {name: _array(name, value) for name, value in weights.items()}


def _array(name, value):
    """A weight as an array of finite real numbers."""
    try:
        array = np.asarray(value)
    except (RuntimeError, TypeError, ValueError) as error:  # ragged lists; tensors that are being trained
        raise TypeError(f"weights[{quote(name)}] cannot be made an array: pass one.") from error
    if array.dtype.kind not in "fiu":
        raise TypeError(
            f"weights[{quote(name)}] has dtype {array.dtype}: pass an array of real numbers, float32 or "
            "float64."
        )
    if not np.isfinite(array).all():
        where = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(
            f"weights[{quote(name)}] has NaN or infinity, first at {where}: pass finite weights."
        )
    return array


def _sizes_in(arrays):
    """The parameters that the shapes of weights say, as far as they are there."""
    sizes, table = [], arrays.get("embedding.W")
    while (W := arrays.get(f"layer{len(sizes)}.W_h")) is not None and W.ndim == 2:
        sizes.append(W.shape[0])
    found = {"bidirectional": any(".reverse." in str(name) for name in arrays)} if arrays else {}
    if sizes:
        found["hidden_size"] = sizes[0] if len(sizes) == 1 else tuple(sizes)
    if table is not None and table.ndim == 2:
        found["embedding_size"] = table.shape[1]
    return found


def _n_outputs(arrays):
    """Outputs of the read-out; None if it is not among the weights."""
    b, W = (arrays.get(f"readout.{part}") for part in "bW")
    if b is not None and b.ndim == 1:
        return len(b)
    return None if W is None or W.ndim != 2 else W.shape[1]


def _dtype(settings, arrays):
    """What is computed in: as X of such a type would have it."""
    if settings.dtype is not None:
        return np.dtype(settings.dtype)
    narrow = arrays and all(W.dtype in (np.float16, np.float32) for W in arrays.values())
    return np.dtype(np.float32 if narrow else np.float64)


def _inputs(settings, arrays):
    """Inputs of the first layer, and number of tokens, of categories by label, or None."""
    if is_int(settings.embedding_size):
        table = arrays.get("embedding.W")
        n_tokens = settings.n_tokens if table is None or table.ndim != 2 else table.shape[0]
        if n_tokens is None:
            raise ValueError(
                "weights has no 'embedding.W' of shape (n_tokens, embedding_size): pass it, or n_tokens "
                "and draw=('embedding',)."
            )
        if settings.n_tokens is not None and settings.n_tokens != n_tokens:
            raise ValueError(
                f"weights['embedding.W'] has {n_tokens} rows, but n_tokens={settings.n_tokens}. Leave "
                "n_tokens out, or give every token a row."
            )
        return int(settings.embedding_size), int(n_tokens)
    W_x = arrays.get("layer0.W_x")
    if W_x is None or W_x.ndim != 2:
        raise ValueError(
            "weights has no 'layer0.W_x' of shape (n_inputs, n_gates * hidden_size), which says how many "
            "inputs a time step has: pass it."
        )
    return W_x.shape[0], None if settings.embedding_size is None else _rows_of_tables(arrays)


def _rows_of_tables(arrays):
    """Label -> rows of the tables of categories that are there."""
    tables = {str(name): W for name, W in arrays.items() if W.ndim == 2}
    return {
        name.removeprefix("embedding.").removesuffix(".W"): len(W)
        for name, W in tables.items() if name.startswith("embedding.")
    }  # fmt: skip


def _check_names(shapes, arrays, draw, model):
    """Raise a ValueError unless these are the weights of the network, but for those that are drawn."""
    missing = [name for name in shapes if name not in arrays and not is_part_of(name, draw)]
    unknown = [name for name in arrays if name not in shapes]
    if missing or unknown:
        raise ValueError(
            f"weights are not those of {model}: missing are {listed(missing) or 'none'}, and unknown are "
            f"{listed(unknown) or 'none'}. They have the names of weights_; what is to be drawn at "
            "random is named in draw."
        )
    nothing = [part for part in draw if not any(is_part_of(name, [part]) for name in shapes)]
    if nothing:
        raise ValueError(
            f"draw names {listed(nothing)}, which is no weight of {model} and no part of one: it has "
            f"{listed(shapes, some=12)}."
        )
    for name, W in arrays.items():
        if W.shape != shapes[name]:
            raise ValueError(
                f"weights[{name!r}] has shape {W.shape}, but {model} with these parameters and weights "
                f"needs {shapes[name]}. Pass the parameters that they were made with, as pooling and "
                "hidden_size."
            )


def _theta(settings, network, arrays, draw):
    """The vector of all weights."""
    theta = np.zeros(network.layout.size, dtype=network.dtype)
    if draw:
        random_state = check_random_state(settings.random_state)
        theta = network.initial_weights(random_state, _forget_bias(settings))
    views = network.layout.views(theta)
    for name, W in arrays.items():
        with np.errstate(over="ignore"):  # that is said
            views[name][...] = W
        if not np.isfinite(views[name]).all():
            raise ValueError(
                f"weights[{name!r}] has numbers that {network.dtype} does not hold: pass dtype='float64'."
            )
    return theta


def _forget_bias(settings):
    """That which is set; where it goes by the sequences to come, the cell's own."""
    bias = getattr(settings, "forget_bias", None)
    return None if isinstance(bias, str) else settings.initial_forget_bias(0)
