"""A fitted estimator, or a pipeline that ends in one, as a model of ONNX.

What is before the network is written by ``_onnx_transformers.py``, the network by ``_onnx_network.py``
and ``_onnx_layers.py``, what it answers by ``_onnx_answers.py``, all into a ``Graph``. Encoder-decoders
are written by ``_onnx_pairs.py``.

Shapes: X (n, T, F) and lengths (n,), or as ``_onnx_network.py`` says.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.labels import Labels
from skrnn._estimators.unwrap import unwrap_fitted
from skrnn._estimators.versions import versions
from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import quote
from skrnn._transformers.series_scaler import SeriesScaler
from skrnn._transformers.sliding_window import SlidingWindow
from skrnn._transformers.swap_time_axis import SwapTimeAxis
from skrnn._transformers.token_encoder import TokenEncoder, kind_of_texts
from skrnn.encoder_decoder import SequenceEncoderDecoder
from skrnn.encoder_decoder_regressors import SequenceEncoderDecoderRegressor
from skrnn.interop import _onnx_network as network_in
from skrnn.interop._onnx_answers import no_zipmap, plain_classes, read_out_of, write_answers
from skrnn.interop._onnx_graph import Graph
from skrnn.interop._onnx_layers import CELLS
from skrnn.interop._onnx_network import ROWS, SEQUENCES, TABLE, Given, States
from skrnn.interop._onnx_pairs import write_pair
from skrnn.interop._onnx_series import SERIES
from skrnn.interop._onnx_texts import vocabulary_of, write_encoder
from skrnn.interop._onnx_transformers import write_transformers

PAIRS = (SequenceEncoderDecoder, SequenceEncoderDecoderRegressor)
OLDEST, OLDEST_OF_WORDS = 17, 20  # operators: tests run from the first on; the second has StringSplit


class Options(NamedTuple):
    """The options of ``to_onnx``."""

    float64: bool
    opset: int | None
    stateful: bool
    lengths: bool
    ids: bool
    zipmap: bool
    runtime: str | None

    @property
    def dtype(self):
        return np.float64 if self.float64 else np.float32


def to_onnx(
    estimator, *, float64=False, opset=None, stateful=False, lengths=True, ids=False, zipmap=False,
    runtime=None,
):  # fmt: skip
    """The fitted network, with what a pipeline does before it, as a model of ONNX.

    What runs ONNX answers with it as the estimator does, without skrnn, scikit-learn or Python.

    Parameters
    ----------
    estimator : estimator instance
        A fitted classifier, regressor or encoder-decoder of skrnn; a pipeline that ends in one; or a
        search whose best estimator is one of these. Of what stands before in a pipeline `TimeDistributed`
        around scalers, `TokenEncoder` (of characters see `runtime`), `FillForward`, `SeriesScaler`,
        `Differencer`, `SlidingWindow` and `SwapTimeAxis` become part of the graph, before what reads
        tables the scalers themselves; other transformers of scikit-learn if skl2onnx is installed and
        knows them.
    float64 : bool, default=False
        Whether X, answers and all that is computed between are of float64. Runtimes have recurrent
        operators of float32 only, and so the layers become loops (Scan), which are slower.
    opset : int, default=None
        The version of ONNX's operators, 17 or later. `None`: the oldest that will do, which is 17, or 20
        where words are taken apart by operators of the standard.
    stateful : bool, default=False
        Whether the states of the network are inputs and outputs, so that sequences can be read in parts:
        `h0` in and `h0_next` out, of an LSTM also `c0`, with `h1` and so on for the next layers, and
        what `pooling` has gathered so far (`sum`, `count`, `maximum`). Begin with zeros, `maximum` with
        -inf.
    lengths : bool, default=True
        Whether the graph reads how many steps of every sequence count. Without that input all of them do.
        There is none for estimators that read tables.
    ids : bool, default=False
        Of a pipeline that begins with a `TokenEncoder`: whether the graph reads what that gives, and not
        what it reads. The vocabulary is in the metadata either way.
    zipmap : bool, default=False
        Whether probabilities are a dict of class to probability for every sequence, as skl2onnx has them
        by default, and not an array.
    runtime : {"onnxruntime"}, default=None
        What the graph is for. `None`: anything that runs ONNX, and so of operators of the standard only.
        "onnxruntime": an operator of its own takes texts apart as `TokenEncoder` does, also into
        characters; no other runtime reads such a graph.

    Returns
    -------
    model : object
        An `onnx.ModelProto`. Its input `X` is of float32, or float64, and of shape (n_sequences,
        n_timesteps, n_features), with the input `lengths` (n_sequences,) of int64; what stands after
        the end of a sequence may be anything. Of estimators that read a table it has the shape of that
        table, which with `rows="steps"` is a single series without the column `sequence_id`; tokens
        are of int64, (n_sequences, n_timesteps). The outputs are `label` and `probabilities` of a
        classifier, `variable` of a regressor, shaped as `predict` and `predict_proba` answer to arrays.

        Of an encoder-decoder a named tuple (encoder, decoder) of two such models. The encoder reads `X`,
        of tokens their numbers, and `lengths`, and gives states. The decoder makes of them, and of
        `token` (n_sequences,), which is 0 at first, `log_probabilities`, `token_next`, 0 at the end, and
        the next states. That of numbers reads `step` (n_sequences, n_outputs), zeros at first, and gives
        `variable`, the answers for one step, `step_next`, which is to be read then, and the next states.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named.
    ValueError
        If a cell or the link of a loss is of one's own; if there is no graph of a transformer, or of
        labels; if options do not go with each other or the estimator; if `initial_state="last"`,
        without `stateful=True`.
    ImportError
        If onnx is not installed.

    Warns
    -----
    UserWarning
        If words are taken apart at spaces only, and the texts of fit had not all spaces between words,
        and around punctuation.

    See Also
    --------
    to_torch : The network as a module of PyTorch.

    Notes
    -----
    The layers are the operators RNN, LSTM and GRU of ONNX; those with `activation="softmax"`, and all
    with `float64=True`, loops. Mean and scale of y are in the weights of the read-out.

    Metadata of the model are `skrnn_version`, `class`, `classes` and `vocabulary`, the latter two in
    JSON: classes in the order of the columns of `probabilities`, tokens in the order of their ids, null
    for the unknown one and the end of an answer. `horizon`, of a decoder of numbers, is how many steps
    `predict` answers by default.

    Without `runtime="onnxruntime"` words must have spaces between them, marks of punctuation too, as
    `inverse_transform` of `TokenEncoder` writes them: ONNX takes text apart there only.

    With `stateful=True` and `target_delay` an answer stands for the step so many before the one read
    last: the first ones of a sequence are of no step.

    Importing `skrnn.interop` registers the estimators and the transformers of numbers with skl2onnx,
    whether that is imported before or later, so that its own `to_onnx` takes models in which they are.

    Examples
    --------
    .. doctest::
       :skipif: not has_onnx

       >>> import numpy as np
       >>> import onnxruntime
       >>> from skrnn import GRURegressor
       >>> from skrnn.interop import to_onnx
       >>> X = np.random.RandomState(0).normal(size=(60, 5, 2)).astype("float32")
       >>> model = GRURegressor(hidden_size=8, random_state=0).fit(X, X[:, -1, 0])
       >>> graph = to_onnx(model).SerializeToString()  # bytes, to be written to a file
       >>> session = onnxruntime.InferenceSession(graph)
       >>> (y,) = session.run(None, {"X": X, "lengths": np.full(60, 5)})
       >>> bool(np.allclose(y, model.predict(X), atol=1e-5))
       True
    """
    options = Options(float64, opset, stateful, lengths, ids, zipmap, runtime)
    inside = checked(estimator, options)
    metadata = {"skrnn_version": versions()["skrnn"], "class": inside.model.facts.name}
    if isinstance(inside.estimator, PAIRS):
        return write_pair(inside.model, opset or OLDEST, options.dtype, metadata)
    g = Graph(opset or (OLDEST_OF_WORDS if _reads_words(inside, options) else OLDEST), options.dtype)
    write(g, inside, options)
    return g.model(inside.model.facts.name, metadata | _metadata(inside))


# --- what cannot be written ---------------------------------------------------------------------------


def _import_onnx():
    """The package onnx, or an ImportError that says what to install."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError('to_onnx needs onnx. Install it with: pip install "skrnn[onnx]"') from error
    return onnx


def checked(estimator, options):
    """The estimator inside, if all that can be said before writing allows a graph."""
    _check_options(options)
    inside = unwrap_fitted(estimator, "to_onnx", (BaseRNN, *PAIRS))
    cell = inside.model.facts.architecture.cell
    if cell not in CELLS:
        raise ValueError(
            f"ONNX has no operator for the cell {cell.__name__}: to_onnx takes estimators with those of "
            f"skrnn, {', '.join(cell.__name__ for cell in CELLS)}."
        )
    if isinstance(inside.estimator, PAIRS):
        _check_pair(inside, options)
        return inside
    _check_states(inside, options)
    if options.zipmap and not isinstance(inside.model.facts.targets, Labels):
        raise no_zipmap()
    return inside


def _check_options(options):
    """Raise a ValueError for an option that is none."""
    for name, value in options._asdict().items():
        if name not in ("opset", "runtime") and not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} must be True or False, got {quote(value)}.")
    if options.runtime not in (None, "onnxruntime"):
        raise ValueError(f"runtime must be None or 'onnxruntime', got {quote(options.runtime)}.")
    opset, newest = options.opset, _import_onnx().defs.onnx_opset_version()
    if opset is not None and (not is_int(opset) or not OLDEST <= opset <= newest):
        raise ValueError(
            f"opset must be None or an int from {OLDEST} to {newest}, the newest of the onnx that is "
            f"installed, got {quote(opset)}."
        )


def _check_pair(inside, options):
    """Raise a ValueError for what does not go with an encoder-decoder."""
    defaults = {"stateful": False, "ids": False, "zipmap": False, "lengths": True, "runtime": None}
    for name, default in defaults.items():
        value = getattr(options, name)
        if value is not default:
            raise ValueError(
                f"{name}={value} does not go with {inside.model.facts.name}: its encoder reads X, of "
                "tokens their numbers, and lengths, and the decoder has states in any case. Leave "
                f"{name} out."
            )
    if inside.transformers:
        raise ValueError(
            f"to_onnx writes {inside.model.facts.name} only, not what a pipeline does to X before. Pass "
            "the last step, estimator[-1]."
        )


def _check_states(inside, options):
    """Raise a ValueError for states that the graph would not know of."""
    if inside.model.facts.architecture.bidirectional and options.stateful:
        raise ValueError(
            "stateful=True and bidirectional=True do not go together: the reverse direction starts from "
            "the last step. Leave stateful out, or fit with bidirectional=False."
        )
    if options.stateful:
        _check_no_memory(inside)
    ends = hasattr(inside.estimator, "final_state_")
    if inside.settings.initial_state == "last" and ends and not options.stateful:
        raise ValueError(
            "initial_state='last' does not go with to_onnx: a graph starts from zeros, not where the "
            "series of fit end. Pass stateful=True, and feed it the rows of final_state_; or call "
            "set_params(initial_state='zeros') first."
        )


def _check_no_memory(inside):
    """Raise a ValueError for transformers that would have to know the steps before a part."""
    for one in inside.transformers:
        of_fit = type(one) is SeriesScaler and inside.model.facts.form.rows_are_steps
        if type(one) in SERIES and type(one) is not SwapTimeAxis and not of_fit:
            raise ValueError(
                f"stateful=True does not go with {type(one).__name__}, which looks at more than one "
                "step: where a sequence is read in parts, the graph does not know the steps before. Pass "
                "the last step of the pipeline, estimator[-1], and X as transformed."
            )


# --- the graph ----------------------------------------------------------------------------------------


def write(g, inside, options):
    """Inputs, computation and outputs of a classifier or regressor into a graph."""
    model, given = inside.model, _given(g, inside, options)
    facts, network = model.facts, model.network()
    weights = network.layout.views(model.theta)
    n, names, start = _first_axis(given), States([], []), None
    if options.stateful:
        names = network_in.names_of_states(network)
        network_in.read_states(g, names, network, n)
        start = names.layers
    X, steps = network_in.read_inputs(g, network, weights, given)
    delay = 0 if options.stateful else facts.delay
    X, steps = network_in.wait(g, X, steps, delay)
    H, finals = network_in.run_layers(g, facts.architecture, weights, X, steps, start)
    pool, read = [], partial(network_in.read_out, g, *read_out_of(facts.targets, weights))
    if facts.per_step:
        raw = network_in.per_step(g, read(H), given, delay)
    else:
        P, pool = network_in.pooled(g, facts.architecture, (H, finals[-1][0]), steps, names.pool)
        raw = read(P)
    write_answers(g, raw, facts.targets, _lead(facts, given), zipmap=options.zipmap)
    if facts.per_step and given.is_of_texts:
        g.output("lengths", given.lengths, np.int64, ["n"])
    if options.stateful:
        network_in.give_states(g, names, States(finals, pool), network, n)


def _first_axis(given):
    return 1 if given.layout == ROWS else "n"


def _lead(facts, given):
    """The axes of answers before that of outputs."""
    if given.layout == ROWS:
        return ["T"]
    return ["n", "T"] if facts.per_step else ["n"]


def layout_of(form):
    """In which layout an estimator reads X."""
    if form.rows_are_steps:
        return ROWS
    return TABLE if form.is_table else SEQUENCES


def _given(g, inside, options):
    """X behind the transformers, with the inputs of the graph that it is made of."""
    form, transformers = inside.model.facts.form, inside.transformers
    layout, encoder = layout_of(form), _encoder(inside)
    if encoder is not None and not options.ids:
        _check_only(transformers)
        ids, lengths = write_encoder(g, encoder, options)
        return Given(ids, lengths, SEQUENCES, is_of_texts=kind_of_texts(encoder) is not None)
    if options.ids and encoder is None:
        raise ValueError("ids=True is for pipelines that begin with a TokenEncoder: leave it out.")
    if form.sequence_id is not None and transformers:
        raise ValueError(
            f"sequence_id={quote(form.sequence_id)} and a pipeline do not go together in to_onnx: the "
            "graph reads a single series without that column. Pass the last step, estimator[-1], and X "
            "as transformed."
        )
    before = transformers[1:] if options.ids else transformers
    if any(type(transformer) is SlidingWindow for transformer in before):
        layout = ROWS  # of the table that windows are made of
    X = _input(g, inside.model.facts, layout, before)
    has_lengths = options.lengths and layout == SEQUENCES
    lengths = g.input("lengths", np.int64, ["n"]) if has_lengths else None
    return write_transformers(g, before, Given(X, lengths, layout))


def _encoder(inside):
    """The ``TokenEncoder`` that a pipeline begins with, or None."""
    first = inside.transformers[0] if inside.transformers else None
    return first if isinstance(first, TokenEncoder) else None


def _reads_words(inside, options):
    """Whether the graph takes words apart, by operators of the standard."""
    encoder = _encoder(inside)
    return (
        encoder is not None and not (options.ids or options.runtime) and kind_of_texts(encoder) == "word"
    )


def _check_only(transformers):
    """Raise a ValueError if anything stands between ids and the network."""
    if len(transformers) > 1:
        raise ValueError(
            f"to_onnx does not write {type(transformers[1]).__name__} before a network that reads "
            "tokens. Pass the last step of the pipeline, estimator[-1], and X as transformed."
        )


def _input(g, facts, layout, transformers):
    """The input X, as the first transformer reads it, or the network."""
    form, is_of_tokens = facts.form, facts.architecture.n_tokens is not None
    if is_of_tokens:
        _check_only([None, *transformers])
        shape = {SEQUENCES: ["n", "T"], TABLE: ["n", form.n_features_in], ROWS: ["T", 1]}[layout]
        return g.input("X", np.int64, shape)
    n_features = form.n_features_in if layout == TABLE else form.n_step_features
    if transformers:
        n_features = transformers[0].n_features_in_
    if layout != SEQUENCES:
        return g.input("X", shape=["n" if layout == TABLE else "T", n_features])
    is_swapped = transformers and type(transformers[0]) is SwapTimeAxis
    return g.input("X", shape=["n", n_features, "T"] if is_swapped else ["n", "T", n_features])


def _metadata(inside):
    """What the graph says besides: classes, and the vocabulary."""
    targets, encoder = inside.model.facts.targets, _encoder(inside)
    metadata = {}
    if isinstance(targets, Labels):
        metadata["classes"] = plain_classes(targets.classes).tolist()
    if encoder is not None:
        metadata["vocabulary"] = vocabulary_of(encoder)
    return metadata
