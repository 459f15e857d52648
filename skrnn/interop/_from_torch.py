"""Weights of PyTorch in an estimator.

A state_dict is read by its names (``_torch_names.py``); everything about it is checked before anything is
made of it. PyTorch itself is not needed: arrays do as well as tensors.
"""

from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.access import model_of
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.labels import Labels
from skrnn._estimators.number_pairs import NumberPairs
from skrnn._estimators.taking_over import with_weights
from skrnn._estimators.texts import Texts
from skrnn._settings.quoting import listed, quote
from skrnn.encoder_decoder import SequenceEncoderDecoder
from skrnn.encoder_decoder_regressors import SequenceEncoderDecoderRegressor
from skrnn.interop._torch_names import UNITS, is_transposed, key_of_pair, names_of_keys, tables_in


def from_torch(source, estimator):
    """The estimator with the weights of a module of PyTorch.

    It answers as the module does, and `partial_fit`, or fit with `warm_start=True`, trains it further.

    Parameters
    ----------
    source : object
        A module that `to_torch` made, trained further or not; any other `torch.nn.Module` with
        recurrent layers and one `torch.nn.Linear` that reads them; or the `state_dict` of one, also with
        arrays in place of tensors. Of an encoder-decoder one that `to_torch` made.
    estimator : estimator instance
        A fitted estimator of skrnn with the same network, which is not changed: it says how X is read,
        what y is and how the layers are put together. A fit of one epoch to a few rows that look like
        the data will do (`max_iter=1`, `tol=None`).

    Returns
    -------
    estimator : estimator instance
        A copy of the estimator with the other weights, in the estimator's dtype. Its curves are empty,
        and there is no `final_state_`.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the source or the estimator is none of those named.
    ValueError
        If names or shapes are not those of the network, or if weights are not finite.

    See Also
    --------
    to_torch : The way there.

    Notes
    -----
    The names of modules do not matter, only what follows them: `weight_ih_l0`, `weight_hh_l0`,
    `bias_ih_l0` and `bias_hh_l0` with `l1` for the next layer and `_reverse` for the reverse direction,
    `weight` and `bias` of the read-out, and `weight` without a bias of the table of tokens, or of those
    of categories in their order. Several recurrent modules are stacked in the order of the `state_dict`.
    The nonlinearity of a `torch.nn.RNN` is not among them: it is the `activation` of the estimator.

    Buffers `mean` and `scale`, if they are there, are those of y. Without them the raw outputs of a
    regressor are its predictions, in units of y. From `to_torch` and back the weights are the same bits.

    Examples
    --------
    .. doctest::
       :skipif: not has_torch

       >>> import numpy as np
       >>> from skrnn import LSTMClassifier
       >>> from skrnn.interop import from_torch, to_torch
       >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
       >>> model = LSTMClassifier(hidden_size=8, random_state=0).fit(X, X[:, -1, 0] > 0)
       >>> module = to_torch(model)  # and here it would be trained further
       >>> again = from_torch(module, model)
       >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
       True
    """
    if not isinstance(estimator, (BaseRNN, SequenceEncoderDecoder, SequenceEncoderDecoderRegressor)):
        raise TypeError(
            "from_torch needs a fitted classifier, regressor or encoder-decoder of skrnn as estimator, "
            f"got {type(estimator).__name__}. Of a pipeline pass the last step."
        )
    check_is_fitted(estimator)
    arrays = _arrays_of(source)
    model = model_of(estimator)
    theta = np.empty_like(model.theta)
    _fill(model.network().layout.views(theta), arrays, model.facts.name)
    return with_weights(estimator, theta, **_units_of(arrays, model))


def _arrays_of(source):
    """Key -> array of a module or its state_dict."""
    state = source.state_dict() if hasattr(source, "state_dict") else source
    try:
        return {str(key): _array(value) for key, value in state.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise TypeError(
            "source must be a torch.nn.Module, or its state_dict: a dict of name to tensor or array, got "
            f"{type(source).__name__}."
        ) from error


def _array(value):
    """A tensor, of any device and dtype, or an array of numbers, in float64, which holds all of them."""
    value = value.detach().cpu().double().numpy() if hasattr(value, "detach") else np.asarray(value)
    if value.dtype.kind not in "biuf":
        raise TypeError(f"{value.dtype} is none of numbers")
    return value.astype(np.float64)


def _fill(views, arrays, model):
    """The arrays into views of theta; an error if they are not those of the network."""
    names, left = _names_in(arrays, views)
    if left or names.keys() != views.keys():
        missing = [name for name in views if name not in names]
        left += [key for name, key in names.items() if name not in views]
        raise ValueError(
            f"source does not have the weights of {model}: missing are {listed(missing) or 'none'}, and "
            f"left over are {listed(left) or 'none'}. Pass an estimator with the same hidden_size, "
            "bidirectional and embedding_size; layers need both biases and no projection."
        )
    for name, view in views.items():
        W = arrays[names[name]]
        W = W.T if is_transposed(name) else W
        if W.shape != view.shape:
            expected = view.shape[::-1] if is_transposed(name) else view.shape
            raise ValueError(
                f"source: {quote(names[name])} has shape {arrays[names[name]].shape}, but {model} needs "
                f"{expected}. Pass an estimator with the same kind of layer and the same sizes."
            )
        with np.errstate(over="ignore"):  # that is said below
            view[...] = W
        _check_finite(view, names[name])


def _names_in(arrays, views):
    """Our name -> key, and the keys that have no name."""
    if not any(name.startswith("encoder.") for name in views):
        return names_of_keys(arrays, tables_in(views))
    names = {name: key_of_pair(name) for name in views if key_of_pair(name) in arrays}
    return names, [key for key in arrays if key not in (*names.values(), *UNITS)]


def _check_finite(W, key):
    if not np.isfinite(W).all():
        raise ValueError(
            f"source: {quote(key)} has NaN or infinity, or numbers that the dtype of the estimator does "
            "not hold. Pass finite weights."
        )


def _units_of(arrays, model):
    """mean and scale of y where they are not those that the model has; nothing of labels and tokens."""
    targets = model.facts.targets
    if isinstance(targets, (Labels, Texts)):
        return {}
    units = {}
    for name, plain in zip(UNITS, (0.0, 1.0), strict=True):
        known = getattr(targets, name)
        value = arrays.get(name, np.full(known.shape, plain))
        if value.shape != known.shape:
            raise ValueError(
                f"source: {quote(name)} has shape {value.shape}, but {model.facts.name} "
                f"needs {known.shape}."
            )
        _check_finite(value, name)
        # a module holds them in the dtype of the weights: those that it was made of are not rounded
        units[name] = known if np.array_equal(value, known.astype(model.dtype)) else value
    if (units["scale"] <= 0).any():
        raise ValueError(
            "source: 'scale' must be > 0. Pass the deviation of y, or leave mean and scale out."
        )
    if isinstance(targets, NumberPairs) and targets.loss().standardises_y:
        units["numbers"] = replace(targets.numbers, **units)
    return units
