"""Strings of grammars: what follows what, and nothing else."""

import re

import numpy as np
import pytest

from skrnn import datasets

N = 3000  # sequences for figures


TO_END = "(?:XT*VP)*(?:S|XT*VV)E"  # from the node behind TX
REBER = f"B(?:TS*X{TO_END}|PT*V(?:P{TO_END}|VE))"
EMBEDDED = re.compile(rf"B([TP]){REBER}\1E")


def strings(X, y, symbols):
    """The strings as text, the last symbol from y."""
    texts = ["".join(symbols[i] for i in x) + symbols[target[-1]] for x, target in zip(X, y, strict=True)]
    for text, target in zip(texts, y, strict=True):
        assert text[1:] == "".join(symbols[i] for i in target)
    return texts


def test_reber_strings():
    X, y = datasets.make_embedded_reber(N, one_hot=False, random_state=0)
    texts = strings(X, y, "BTPSXVE")
    assert all(EMBEDDED.fullmatch(text) for text in texts)
    assert not any(EMBEDDED.fullmatch(text[:-2] + "TP"[text[-2] == "T"] + "E") for text in texts)
    assert min(map(len, X)) == 8
    assert np.mean([len(x) for x in X]) == pytest.approx(11.0, abs=0.3)
    assert np.mean([text[1] == "T" for text in texts]) == pytest.approx(0.5, abs=0.03)
    loops = [text[5] == "S" for text in texts if text[3:5] == "TS"]
    assert np.mean(loops) == pytest.approx(0.5, abs=0.06)  # a fair walk
    shapes = {text[3:-2] for text in texts if len(text) == 9}
    assert shapes == {"TXSE", "PVVE"}


def test_reber_successors():
    X, y = datasets.make_embedded_reber(6000, one_hot=False, random_state=1)
    texts = strings(X, y, "BTPSXVE")
    same, legal = datasets.make_embedded_reber(6000, one_hot=False, target="successors", random_state=1)
    seen, said = {}, {}
    for text, x, again, marks in zip(texts, X, same, legal, strict=True):
        np.testing.assert_array_equal(x, again)
        for t in range(min(len(x), 5)):
            seen.setdefault(text[: t + 1], set()).add(text[t + 1])
            said.setdefault(text[: t + 1], set()).add("".join(np.array(list("BTPSXVE"))[marks[t] == 1]))
    assert {prefix: {"".join(sorted(symbols))} for prefix, symbols in seen.items()} == {
        prefix: {"".join(sorted(*symbols))} for prefix, symbols in said.items()
    }
    marks = np.concatenate(legal)
    assert marks[np.arange(len(marks)), np.concatenate(y)].all()
    assert np.mean(1 / marks.sum(axis=1)) == pytest.approx(0.68, abs=0.01)  # one of them, at random


@pytest.mark.parametrize(("n_letters", "letters"), [(2, "ab"), (3, "abc")])
def test_anbn(n_letters, letters):
    arguments = {"n_letters": n_letters, "min_n": 2, "max_n": 7, "one_hot": False, "random_state": 0}
    X, y = datasets.make_anbn(400, **arguments)
    language = ["S" + "".join(letter * n for letter in letters) + "T" for n in range(1, 10)]
    texts = ["".join((letters + "S")[i] for i in x) + "T" for x in X]
    assert set(texts) == set(language[1:7])
    for text, marks in zip(texts, y, strict=True):
        assert marks.shape == (len(text) - 1, n_letters + 1)
        said = ["".join(np.array(list(letters + "T"))[mark == 1]) for mark in marks]
        for t, symbols in enumerate(said):
            possible = {other[t + 1] for other in language if other.startswith(text[: t + 1])}
            assert set(symbols) == possible
        memoryless = {"S": "a", "a": "ab", "b": "b", "c": "c"}
        wrong = [memoryless[symbol] != symbols for symbol, symbols in zip(text, said, strict=False)]
        assert sum(wrong) == n_letters - 1  # at the last b, and at the last c
