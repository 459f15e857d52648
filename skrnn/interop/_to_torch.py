"""A fitted estimator as a module of PyTorch.

To take in another cell, enter it in ``KINDS``, with a layer of PyTorch that computes the same; another
loss, its link in ``_links.py``.
"""

import numpy as np

from skrnn._engine.pooling import names_of
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.labels import Labels
from skrnn._estimators.number_pairs import NumberPairs
from skrnn._estimators.texts import Texts
from skrnn._estimators.unwrap import unwrap_fitted
from skrnn._settings.quoting import quote
from skrnn.cells import GRU, LSTM, Elman
from skrnn.encoder_decoder import SequenceEncoderDecoder
from skrnn.encoder_decoder_regressors import SequenceEncoderDecoderRegressor
from skrnn.interop import _torch_network, _torch_pairs
from skrnn.interop._links import link_of_labels, link_of_numbers
from skrnn.interop._torch_names import UNITS, is_transposed, key_of, key_of_pair
from skrnn.interop._torch_network import Plan
from skrnn.interop._torch_pairs import NumberPairPlan, TokenPairPlan

KINDS = {Elman: "RNN", LSTM: "LSTM", GRU: "GRU"}
ACTIVATIONS = ("tanh", "relu")  # that PyTorch has in its RNN
PAIRS = (SequenceEncoderDecoder, SequenceEncoderDecoderRegressor)


def to_torch(estimator, *, probabilities=False):
    """The fitted network as a module of PyTorch.

    The module needs neither the estimator nor scikit-learn to answer; it can be trained further, moved
    to a GPU and exported as any other.

    Parameters
    ----------
    estimator : estimator instance
        A fitted classifier, regressor or encoder-decoder of skrnn, or a search whose best estimator is
        one. Of a pipeline pass the last step: what stands before it has to be done to X
        before the module reads it.
    probabilities : bool, default=False
        Whether the module of a classifier answers as `predict_proba` does. By default it gives the raw
        outputs, which losses of PyTorch take: the logits of all classes, or of two classes that of the
        second one, or one for each label. A regressor answers as `predict` does, in units of y.

    Returns
    -------
    module : object
        A `torch.nn.Module` on the CPU, in evaluation mode and in the dtype of the estimator. Its call
        ``module(X, lengths=None)`` takes a tensor X of shape (n_sequences, n_timesteps, n_features), or
        of tokens (n_sequences, n_timesteps), and for sequences of unequal length how many steps of each
        count; the others may hold anything. It answers with a tensor of shape (n_sequences,) or
        (n_sequences, n_outputs), with one target per time step of shape (n_sequences, n_timesteps) or
        (n_sequences, n_timesteps, n_outputs), in which what stands for the steps after the end of a
        sequence has no meaning.

        That of an encoder-decoder of numbers is called as ``module(X, lengths=None, horizon=None,
        y=None)``, and answers with (n_sequences, horizon) or (n_sequences, horizon, n_outputs), of the
        horizon of fit by default. With y its decoder reads that in place of its own answers, as in
        training.

        That of an encoder-decoder of tokens is called as ``module(X, lengths=None, max_length=None,
        y=None)``. X are the numbers that `source_vocabulary_` gives to tokens. It answers with the
        numbers of `target_vocabulary_` (n_sequences, n_answers), the most probable token first (no beam
        search), 0 after the end; and with y, which its decoder then reads, with logits (n_sequences,
        n_answers, n_tokens).

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named.
    ValueError
        If PyTorch has no such layer, which is so of activations but "tanh" and "relu" and of cells of
        one's own; if the link of a loss of one's own is unknown; if `initial_state="last"`; if
        probabilities are asked of a regressor.
    ImportError
        If PyTorch is not installed.

    See Also
    --------
    from_torch : The way back.

    Notes
    -----
    The numbers are those of the estimator up to rounding error. The weights are the same bits, in
    modules `layers.0`, `layers.1` and so on, each a `torch.nn.RNN`, `LSTM` or `GRU` of one layer,
    `readout`, a `torch.nn.Linear`, and `embedding`; `mean` and `scale` of y are buffers. An
    encoder-decoder has `encoder.0`, `decoder.0` and so on in place of `layers`. There is no
    dropout in the module: add it if you train on.

    Examples
    --------
    .. doctest::
       :skipif: not has_torch

       >>> import numpy as np
       >>> import torch
       >>> from skrnn import GRURegressor
       >>> from skrnn.interop import to_torch
       >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
       >>> model = GRURegressor(hidden_size=8, random_state=0).fit(X, X[:, -1, 0])
       >>> module = to_torch(model)
       >>> with torch.no_grad():
       ...     y = module(torch.from_numpy(X)).numpy()
       >>> bool(np.allclose(y, model.predict(X)))
       True
    """
    inside = _inside(estimator)
    model = inside.model
    build = _BUILD.get(type(model.facts.targets), _network)
    if probabilities and not isinstance(model.facts.targets, Labels):
        raise ValueError(
            f"probabilities=True is for classifiers, and {model.facts.name} has none: leave it out."
        )
    _import_torch()
    module = build(inside, probabilities)
    _copy_weights(model, module)
    return module.eval()


def _import_torch():
    """PyTorch, or an ImportError that says what to install."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            'to_torch needs PyTorch. Install it with: pip install "skrnn[torch]"'
        ) from error
    return torch


def _inside(estimator):
    """The estimator without a search around it; an error where a module would not answer as it does."""
    inside = unwrap_fitted(estimator, "to_torch", (BaseRNN, *PAIRS))
    if inside.transformers:
        raise ValueError(
            "to_torch makes a module of the network only, not of what a pipeline does to X before. Pass "
            "the last step, estimator[-1], and transform X before the module reads it."
        )
    if hasattr(inside.estimator, "final_state_") and inside.settings.initial_state == "last":
        raise ValueError(
            "initial_state='last' does not go with to_torch: a module starts from zeros, not where the "
            "series of fit end. Call set_params(initial_state='zeros') first."
        )
    return inside


def _network(inside, probabilities):
    """The module of a classifier or regressor, without weights."""
    facts, architecture = inside.model.facts, inside.model.facts.architecture
    kind, options = _layer(architecture)
    if isinstance(facts.targets, Labels):
        link = link_of_labels(facts.targets) if probabilities else "identity"
        n_columns, is_1d = 0, False
    else:
        link = link_of_numbers(facts.targets, "to_torch")
        n_columns, is_1d = len(facts.targets.mean), facts.targets.is_1d
    plan = Plan(
        kind, options, architecture.n_inputs, architecture.hidden_sizes, architecture.bidirectional,
        architecture.n_tokens, names_of(architecture.pooling), facts.per_step, facts.delay,
        architecture.n_outputs, n_columns, is_1d, link, architecture.dtype,
        tuple(tuple(one[1:]) for one in architecture.categories),
    )  # fmt: skip
    return _torch_network.TorchNetwork(plan)


def _number_pair(inside, _):
    """The same of an encoder-decoder of numbers."""
    pairs, architecture = inside.model.facts.targets, inside.model.facts.architecture
    (kind, options), loss = _layer(architecture), pairs.loss()
    middle = int(np.argmin(np.abs(loss.quantiles - 0.5))) if loss.are_several else 0
    plan = NumberPairPlan(
        kind, options, architecture.n_source, pairs.n_columns, architecture.hidden_sizes,
        pairs.n_outputs, pairs.numbers.is_1d, link_of_numbers(pairs.numbers, "to_torch"), middle,
        loss.standardises_y, pairs.horizon, architecture.dtype,
    )  # fmt: skip
    return _torch_pairs.TorchNumberPair(plan)


def _token_pair(inside, _):
    """The same of an encoder-decoder of tokens."""
    texts, architecture = inside.model.facts.targets, inside.model.facts.architecture
    max_length = inside.settings.max_length
    if max_length is None:
        max_length = 2 * texts.longest
    plan = TokenPairPlan(
        *_layer(architecture), architecture.n_source, architecture.n_target, architecture.embedding_size,
        architecture.hidden_sizes, architecture.n_target, max_length, architecture.dtype,
    )  # fmt: skip
    return _torch_pairs.TorchTokenPair(plan)


_BUILD = {NumberPairs: _number_pair, Texts: _token_pair}


def _layer(architecture):
    """The class of PyTorch that computes what the cell does, and its options."""
    cell, options = architecture.cell, architecture.cell_options
    if cell not in KINDS:
        raise ValueError(
            f"PyTorch has no layer for the cell {cell.__name__}: to_torch takes estimators with those of "
            f"skrnn, {', '.join(kind.__name__ for kind in KINDS)}."
        )
    if cell is not Elman:
        return KINDS[cell], {}
    activation = options["activation"]
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"PyTorch has no layer for activation={quote(activation)}: fit with 'tanh' or 'relu' to use "
            "to_torch."
        )
    return KINDS[cell], {"nonlinearity": activation}


def _copy_weights(model, module):
    """The weights, mean and scale of a model into its module, bit for bit."""
    torch = _import_torch()
    arrays = model.network().layout.views(model.theta)
    is_pair = type(model.facts.targets) in _BUILD
    keys = {name: key_of_pair(name) if is_pair else key_of(name, arrays) for name in arrays}
    state = {keys[name]: W.T if is_transposed(name) else W for name, W in arrays.items()}
    if module.plan.n_columns:
        state |= {name: getattr(model.facts.targets, name).astype(model.dtype) for name in UNITS}
    # copies: the tensors must not share memory with the model
    module.load_state_dict({key: torch.from_numpy(np.array(W, order="C")) for key, W in state.items()})
