"""Texts to tokens in ONNX: what a ``TokenEncoder`` does at the beginning of a pipeline.

Shapes: texts (n,), tokens (n, T) and how many count (n,).
"""

import numpy as np

from skrnn._settings.quoting import quote
from skrnn._transformers.token_encoder import kind_of_texts
from skrnn.interop._onnx_graph import ML, plain_tokens


def vocabulary_of(encoder):
    """The tokens in the order of their ids, for the metadata; that of id 0 is None."""
    return [None, *plain_tokens(encoder.vocabulary_)]


def write_encoder(g, encoder, *, lengths):
    """Ids (n, T) of what a ``TokenEncoder`` reads, which is the input X, and how many count (n,).

    ``lengths`` says whether they are an input where texts do not tell.
    """
    if kind_of_texts(encoder) is None and not callable(encoder.analyzer):
        return _write_tokens(g, encoder, lengths)
    _check_encoder(g, encoder)
    # of words with white space between them; too short rows are filled up with empty ones
    words, n_words = g.op("StringSplit", g.input("X", str, ["n"]), n=2)
    ids = _ids(g, words, list(encoder.vocabulary_))
    # one step more, so that there is one for a text without words, which is one unknown token
    return g.op("Pad", ids, [0, 0, 0, 1], 0), g.op("Max", n_words, 1)


def _check_encoder(g, encoder):
    """Raise a ValueError for texts that no operator takes apart."""
    how = (
        "With ids=True the graph reads the ids that TokenEncoder.transform gives, padded, with lengths, "
        "and has the vocabulary in its metadata."
    )
    if callable(encoder.analyzer) or encoder.analyzer == "char":
        what = "characters" if encoder.analyzer == "char" else "tokens of one's own"
        raise ValueError(f"ONNX has no operator that takes texts apart into {what}. {how}")
    if encoder.lowercase:
        raise ValueError(
            f"ONNX has no operator that lowers all letters, as TokenEncoder(lowercase=True) does. {how}"
        )
    if g.opset < 20:
        raise ValueError(f"opset={g.opset} cannot take words apart: pass opset=20 or later. {how}")


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


def _ids(g, tokens, vocabulary):
    """The ids of tokens; 0 of those that are not in the vocabulary."""
    kind = "strings" if isinstance(vocabulary[0], str) else "int64s"
    return g.op(
        "LabelEncoder", tokens, domain=ML, default_int64=0,
        values_int64s=list(range(1, len(vocabulary) + 1)), **{f"keys_{kind}": vocabulary},
    )  # fmt: skip
