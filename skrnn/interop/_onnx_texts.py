"""Texts to tokens in ONNX: what a ``TokenEncoder`` does at the beginning of a pipeline.

The standard splits texts at white space only (StringSplit), which to onnxruntime is the space alone. It
has an operator of its own (Tokenizer of com.microsoft), which finds tokens by a regular expression.

Shapes: texts (n,), tokens (n, T) and how many count (n,).
"""

import numpy as np

from skrnn._reading.advice import warn
from skrnn._settings.quoting import quote
from skrnn._transformers.token_encoder import fit_had_spaces, kind_of_texts
from skrnn.interop._onnx_graph import MICROSOFT, ML, plain_tokens

# ``WORD`` of ``token_encoder.py`` as RE2 has it, whose \w and \s are of ASCII only
_W, _S = r"\p{L}\p{N}_", r"\t-\r\x1c-\x20\x{85}\p{Z}"
WORD = rf"[{_W}]+(?:['\x{{2019}}][{_W}]+)*|[^{_W}{_S}]"


def vocabulary_of(encoder):
    """The tokens in the order of their ids, for the metadata; that of id 0 is None."""
    return [None, *plain_tokens(encoder.vocabulary_)]


def write_encoder(g, encoder, options):
    """Ids (n, T) of what a ``TokenEncoder`` reads, which is the input X, and how many count (n,).

    ``options.lengths`` says whether they are an input where texts do not tell.
    """
    if kind_of_texts(encoder) is None and not callable(encoder.analyzer):
        return _write_tokens(g, encoder, options.lengths)
    _check_encoder(g, encoder, options)
    X = g.input("X", str, ["n"])
    if options.runtime:
        ids, n_tokens = _tokenized(g, X, encoder)
    else:
        # of words with white space between them; too short rows are filled up with empty ones
        words, n_tokens = g.op("StringSplit", X, n=2)
        ids = _ids(g, words, list(encoder.vocabulary_))
    # one step more, so that there is one for a text without tokens, which is one unknown token
    return g.op("Pad", ids, [0, 0, 0, 1], 0), g.op("Max", n_tokens, 1)


def _tokenized(g, X, encoder):
    """Ids (n, T) of texts by the operator of onnxruntime, and how many count (n,)."""
    how = {"separators": [""]} if kind_of_texts(encoder) == "char" else {"tokenexp": WORD}
    tokens = g.op("Tokenizer", X, domain=MICROSOFT, mark=0, pad_value="", mincharnum=1, **how)
    tokens = g.know(tokens, str, ["n", "n_tokens"])
    ids = _ids(g, tokens, list(encoder.vocabulary_), padding="")
    return g.op("Max", ids, 0), g.op(
        "ReduceSum", g.cast(g.op("Less", -1, ids), np.int64), [1], keepdims=0
    )


def _check_encoder(g, encoder, options):
    """Raise a ValueError for texts that no operator takes apart."""
    how = (
        "With ids=True the graph reads the ids that TokenEncoder.transform gives, padded, with lengths, "
        "and has the vocabulary in its metadata."
    )
    if callable(encoder.analyzer):
        raise ValueError(f"ONNX has no operator that takes texts apart into tokens of one's own. {how}")
    if encoder.lowercase:
        raise ValueError(
            f"ONNX has no operator that lowers all letters, as TokenEncoder(lowercase=True) does. {how}"
        )
    if options.runtime:
        return
    if kind_of_texts(encoder) == "char":
        raise ValueError(
            "ONNX has no operator that takes texts apart into characters. onnxruntime has one: pass "
            f'runtime="onnxruntime". {how}'
        )
    if g.opset < 20:
        raise ValueError(f"opset={g.opset} cannot take words apart: pass opset=20 or later. {how}")
    _advise_on_spaces(encoder)


def _advise_on_spaces(encoder):
    """Warn where texts like those of fit are taken apart otherwise."""
    if not fit_had_spaces(encoder):
        warn(
            "The graph takes texts apart at spaces only, but among the texts of fit were some with "
            'punctuation at words, or other white space: to TokenEncoder "it ran." is three tokens, to '
            'the graph two. Pass runtime="onnxruntime" for an operator that takes texts apart as '
            "TokenEncoder does; or put spaces around punctuation in what the graph is given, as "
            "TokenEncoder.inverse_transform does, and filter this warning."
        )


def _write_tokens(g, encoder, lengths):
    """Lists of tokens are padded arrays of them."""
    tokens = list(encoder.vocabulary_)
    if all(isinstance(token, str) for token in tokens):
        dtype = str
    elif all(isinstance(token, (int, np.integer)) and not isinstance(token, bool) for token in tokens):
        dtype, tokens = np.int64, [int(token) for token in tokens]
    else:
        raise ValueError(
            f"ONNX has no tokens like {quote(tokens[0])}: those of TokenEncoder must be all text, or all "
            "whole numbers. With ids=True the graph reads the ids that TokenEncoder.transform gives."
        )
    X = g.input("X", dtype, ["n", "T"])
    return _ids(g, X, tokens), g.input("lengths", np.int64, ["n"]) if lengths else None


def _ids(g, tokens, vocabulary, padding=None):
    """The ids of tokens; 0 of those that are not in the vocabulary, -1 of the padding if there is any."""
    kind = "strings" if isinstance(vocabulary[0], str) else "int64s"
    ids = list(range(1, len(vocabulary) + 1))
    if padding is not None:
        vocabulary, ids = [*vocabulary, padding], [*ids, -1]
    return g.op(
        "LabelEncoder", tokens, domain=ML, default_int64=0, values_int64s=ids,
        **{f"keys_{kind}": vocabulary},
    )  # fmt: skip
