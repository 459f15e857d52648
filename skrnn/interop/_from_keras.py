"""Weights of Keras in an estimator.

Keras says by position which array is what; everything about the arrays, and about the layers where they
are known (``_keras_layers.py``), is checked before anything is made of them. Keras itself is not needed.

Shapes, in the order of ``get_weights``, with D inputs, H units, G = n_gates H, R read by K outputs:

==========  ======================  =================================================================
layer       arrays                  here
==========  ======================  =================================================================
Embedding   (V, E)                  ``embedding.W``
recurrent   (D, G), (H, G), bias    ``W_x``, ``W_h``, ``b_x``; gates i f c o are i f g o, z r h are r z n
Dense       (R, K), (K,)            ``readout.W``, ``readout.b``
==========  ======================  =================================================================

A bias is (G,), and ``b_h`` zero, or with a reset gate after the product (2, G), ``b_x`` and ``b_h``. Of a
Bidirectional layer the arrays of the reverse direction follow those of the forward one.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.access import model_of
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.labels import Labels
from skrnn._estimators.taking_over import with_weights
from skrnn._settings.quoting import listed, quote
from skrnn.cells import GRU
from skrnn.interop._keras_layers import KINDS, RESET_BEFORE, check_layers, layers_of, link_of


def from_keras(source, estimator):
    """The estimator with the weights of a model of Keras.

    It answers as the model does, and `partial_fit`, or fit with `warm_start=True`, trains it further.

    Parameters
    ----------
    source : object
        A model of Keras 2 or 3, or one of its recurrent layers: SimpleRNN, LSTM or GRU, alone or in
        Bidirectional, one after the other; an Embedding before them, and a Dense layer that reads the
        last one, if there are any. Or the list of their arrays, as `get_weights` gives it; then
        nothing is known of activations and the like, and nothing checked of them.
    estimator : estimator instance
        A fitted estimator of skrnn with the same network, which is not changed: it says how X is read,
        what y is and how the layers are put together. A fit of one epoch to a few rows that look like
        the data will do (`max_iter=1`, `tol=None`).

    Returns
    -------
    estimator : estimator instance
        A copy of the estimator with the other weights, in the estimator's dtype. Its curves are empty,
        and there is no `final_state_`. Without a Dense layer in source the read-out is still that of the
        estimator.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the source or the estimator is none of those named.
    ValueError
        If the layers compute something else than the network: another kind of layer, activation or
        order of reading, and a GRU with `reset_after=False`; if shapes are not those of the network,
        or if weights are not finite.

    See Also
    --------
    from_torch : The same for PyTorch.

    Notes
    -----
    A GRU with `reset_after=False` multiplies the state by the reset gate before the recurrent product,
    one of skrnn the product itself, as cuDNN and PyTorch do: no weights make the one of the other.

    With a Dense layer the answers of a regressor are in the units in which the model was trained. A
    Dense layer with two outputs and softmax, for two classes, becomes the one output that skrnn has.
    Steps that a mask of Keras leaves out (`Masking`, `mask_zero=True`) have to be left out of X, by lists
    of sequences of unequal length.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> from skrnn.interop import from_keras
    >>> X = np.random.RandomState(0).normal(size=(6, 5, 2))
    >>> frame = LSTMRegressor(hidden_size=3, max_iter=1, tol=None, random_state=0).fit(X, X[:, 0, 0])
    >>> shapes = (2, 12), (3, 12), (12,), (3, 1), (1,)  # of an LSTM of three units, and a Dense layer
    >>> arrays = [np.ones(shape) / 2 for shape in shapes]  # model.get_weights()
    >>> from_keras(arrays, frame).predict(X).shape
    (6,)
    """
    if not isinstance(estimator, BaseRNN):
        raise TypeError(
            "from_keras needs a fitted classifier or regressor of skrnn as estimator, got "
            f"{type(estimator).__name__}. Of a pipeline pass the last step."
        )
    check_is_fitted(estimator)
    model = model_of(estimator)
    _check_model(model)
    arrays = _arrays_of(source, model)
    theta = model.theta.copy()
    views = model.network().layout.views(theta)
    names = _names_in_order(views, arrays, model)
    for k, (name, W) in enumerate(zip(names, arrays, strict=True)):
        for ours, part in _as_ours(name, W, model, f"array {k} of source").items():
            _fill(views[ours], part, f"array {k} of source, for {ours},", model)
    return with_weights(estimator, theta, **_units(model, "readout.W" in names))


def _check_model(model):
    """Raise a ValueError for a network that no model of Keras has."""
    architecture = model.facts.architecture
    if architecture.cell not in KINDS:
        raise ValueError(
            f"Keras has no layer for the cell {architecture.cell.__name__}: from_keras takes estimators "
            f"with those of skrnn, {', '.join(cell.__name__ for cell in KINDS)}."
        )
    if architecture.categories:
        raise ValueError(
            "from_keras takes no estimator whose embedding_size names columns of categories: fit with "
            "embedding_size=None, and OneHotEncoder before it."
        )


def _arrays_of(source, model):
    """The arrays of a model, whose layers are checked, or of a list; in float64, which holds all."""
    if hasattr(source, "get_weights"):
        check_layers(layers_of(source), model)
        source = source.get_weights()
    if not isinstance(source, (list, tuple)) or not len(source):
        raise TypeError(
            "source must be a model or layer of Keras, or the list of arrays that get_weights() gives, "
            f"got {quote(type(source).__name__)}."
        )
    arrays = [np.asarray(W) if hasattr(W, "__array__") else None for W in source]
    for k, W in enumerate(arrays):
        if W is None or W.dtype.kind not in "biuf":
            raise TypeError(f"array {k} of source must be an array of numbers, got {quote(source[k])}.")
    return [W.astype(np.float64) for W in arrays]


def _names_in_order(views, arrays, model):
    """Our names of what the arrays are; b_x stands for the one bias of a layer in Keras."""
    names = [name for name in views if not name.endswith("b_h")]
    without_read_out = [name for name in names if not name.startswith("readout")]
    if len(arrays) not in (len(names), len(without_read_out)):
        raise ValueError(
            f"source has {len(arrays)} arrays, but {model.facts.name} takes {len(names)}: "
            f"{listed(names, some=8)}; or those without the last two. Pass an estimator with as many "
            "layers; they need biases."
        )
    return names if len(arrays) == len(names) else without_read_out


def _as_ours(name, W, model, what):
    """Our name -> array, of an array of Keras."""
    cell, part = model.facts.architecture.cell, name.rpartition(".")[2]
    if name.startswith("embedding"):
        return {name: W}
    if name.startswith("readout"):
        return {name: _of_two_classes(W, model.facts.targets)}
    W = _gates_in_order(W, cell)
    if part != "b_x":
        return {name: W}
    H = W.shape[-1] // cell.n_gates
    b_h = f"{name.removesuffix('b_x')}b_h"
    if cell is not GRU:
        return {name: W, b_h: np.zeros_like(W)}
    if W.ndim == 1 and H * cell.n_gates == len(W):
        raise ValueError(f"{RESET_BEFORE} It is {what}, the bias, of shape {W.shape}, that says so.")
    if W.ndim != 2 or len(W) != 2:
        raise ValueError(f"{what} has shape {W.shape}, but the bias of a GRU is of shape (2, {3 * H}).")
    return {name: W[0], b_h: W[1]}


def _gates_in_order(W, cell):
    """The gates of the last axis: those of a GRU are z r h in Keras, and r z n here."""
    if cell is not GRU or W.shape[-1] % 3:
        return W
    z, r, n = np.split(W, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def _of_two_classes(W, targets):
    """A read-out of two classes has one output here: softmax is the sigmoid of the difference of two."""
    if isinstance(targets, Labels) and link_of(targets) == "two classes" and W.shape[-1:] == (2,):
        return W[..., 1:] - W[..., :1]
    return W


def _fill(view, W, what, model):
    """An array into a view of theta; an error if it is not of that shape, or not finite."""
    if W.shape != view.shape:
        raise ValueError(
            f"{what} has shape {W.shape}, but {model.facts.name} needs {view.shape}. Pass an estimator "
            "with the same kind of layers and the same sizes."
        )
    with np.errstate(over="ignore"):  # that is said below
        view[...] = W
    if not np.isfinite(view).all():
        raise ValueError(
            f"{what} has NaN or infinity, or numbers that the dtype of the estimator does not hold. Pass "
            "finite weights."
        )


def _units(model, has_read_out):
    """Mean and scale of y where a Dense layer answers in units of its own; else those that are known."""
    targets = model.facts.targets
    if not has_read_out:
        return {}
    link_of(targets)
    if isinstance(targets, Labels):
        return {}
    return {"mean": np.zeros_like(targets.mean), "scale": np.ones_like(targets.scale)}
