"""TokenEncoder: against the same by hand, and in scikit-learn's tools."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from support.arrays import object_array

from skrnn import TokenEncoder

TEXTS = ["to be", "or not", "To"]
# the strings -> the container
TEXT_CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "object array": object_array,
    "pandas": lambda X: pd.Series(X, index=[9, 8, 7]),
    "pandas string": lambda X: pd.Series(X, dtype="string"),
    "polars": lambda X: pytest.importorskip("polars").Series(X),
    "numpy strings": lambda X: [np.str_(x) for x in X],
}


def decode(encoder, ids):
    names = {k: token for token, k in encoder.vocabulary_.items()}
    return [[names.get(k) for k in x] for x in ids]


@pytest.mark.parametrize("container", TEXT_CONTAINERS)
@pytest.mark.parametrize("analyzer", ["char", "word", str.split], ids=["char", "word", "split"])
def test_strings_become_ids(container, analyzer):
    X = TEXT_CONTAINERS[container](TEXTS)
    encoder = TokenEncoder(analyzer)
    ids = encoder.fit_transform(X)
    assert isinstance(ids, np.ndarray)
    assert ids.dtype == object
    assert ids.shape == (3,)
    assert {x.dtype for x in ids} == {np.dtype(np.int64)}
    assert decode(encoder, ids) == [list(x) if analyzer == "char" else x.split() for x in TEXTS]
    assert encoder.n_tokens_ == 1 + max(max(x) for x in ids)
    back = encoder.inverse_transform(ids)
    assert back == (TEXTS if isinstance(analyzer, str) else [x.split() for x in TEXTS])


def test_ids_follow_frequency_and_then_order():
    counts = Counter("".join(TEXTS))
    expected = sorted(counts, key=lambda c: (-counts[c], c))
    for X in (TEXTS, TEXTS[::-1], ["".join(TEXTS)]):
        assert TokenEncoder().fit(X).vocabulary_ == {c: k + 1 for k, c in enumerate(expected)}


def test_texts_of_equal_length_stay_sequences():
    ids = TokenEncoder().fit_transform(["ab", "cd"])
    assert ids.shape == (2,)
    assert [x.tolist() for x in ids] == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "tokens",
    [
        [["a", "b"], ["b"]],
        [("x", 1), (None, 1, 2.5)],
        [np.array([7, 9]), np.array([9, 9, 9])],
        [np.array(["p", "q"], dtype=object), []],
        [[(1, 2), frozenset([3])], [(1, 2)]],
    ],
    ids=["strings", "mixed", "integers", "with an empty one", "tuples"],
)
@pytest.mark.parametrize("make", [list, object_array, pd.Series], ids=["list", "object array", "Series"])
@pytest.mark.parametrize("analyzer", ["char", "word"])
def test_lists_of_tokens_are_taken_as_they_are(tokens, make, analyzer):
    encoder = TokenEncoder(analyzer, lowercase=True)
    ids = encoder.fit_transform(make(tokens))
    expected = [
        np.asarray(x, dtype=object).tolist() if isinstance(x, np.ndarray) else list(x) for x in tokens
    ]
    assert decode(encoder, ids) == [x or [None] for x in expected]
    assert encoder.inverse_transform(ids) == [x or ["<unk>"] for x in expected]


def test_unknown_tokens_and_empty_texts():
    encoder = TokenEncoder().fit(["ab", ""])
    ids = encoder.transform(["axb", "", "zz"])
    assert [x.tolist() for x in ids] == [[1, 0, 2], [0], [0, 0]]
    assert encoder.inverse_transform(ids) == ["a\ufffdb", "\ufffd", "\ufffd\ufffd"]
    words = TokenEncoder("word").fit(["one two"])
    assert words.inverse_transform(words.transform(["one three", " "])) == ["one <unk>", "<unk>"]


def test_words():
    X = ["I don't (really) know: 3.5 cl\u00e9s, l\u2019eau!"]
    tokens = [
        "I",
        "don't",
        "(",
        "really",
        ")",
        "know",
        ":",
        "3",
        ".",
        "5",
        "cl\u00e9s",
        ",",
        "l\u2019eau",
        "!",
    ]
    encoder = TokenEncoder("word").fit(X)
    assert decode(encoder, encoder.transform(X)) == [tokens]
    assert set(TokenEncoder("word", lowercase=True).fit(X).vocabulary_) == {t.lower() for t in tokens}


def test_lower_case():
    assert set(TokenEncoder(lowercase=True).fit(["aA"]).vocabulary_) == {"a"}
    assert set(TokenEncoder().fit(["aA"]).vocabulary_) == {"a", "A"}
    assert set(TokenEncoder(list, lowercase=True).fit(["aA"]).vocabulary_) == {"a", "A"}
    assert TokenEncoder(lowercase=True).fit(["a"]).transform(["A"])[0].tolist() == [1]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, "abcd"),
        ({"min_frequency": 2}, "abc"),
        ({"min_frequency": 3}, "ab"),
        ({"min_frequency": 0.2}, "abc"),  # of 10 occurrences
        ({"min_frequency": 0.21}, "ab"),
        ({"max_tokens": 1}, "a"),
        ({"max_tokens": 9}, "abcd"),
        ({"max_tokens": 3, "min_frequency": 4}, "a"),
    ],
    ids=repr,
)
def test_rare_tokens_are_unknown(settings, kept):
    X = ["aaaabbbccd"]
    encoder = TokenEncoder(**settings).fit(X)
    assert "".join(encoder.vocabulary_) == kept
    assert encoder.n_tokens_ == 1 + len(kept)
    assert encoder.transform(X)[0].tolist() == [1 + "abcd".index(c) if c in kept else 0 for c in X[0]]


@pytest.mark.parametrize(
    "ids",
    [
        [[1, 2], [0]],
        [np.array([1.0, 2.0]), np.array([0])],
        object_array([np.array([1, 2]), np.array([0])]),
    ],
    ids=["lists", "floats", "object array"],
)
def test_ids_in_several_containers(ids):
    assert TokenEncoder().fit(["aab"]).inverse_transform(ids) == ["ab", "\ufffd"]


def test_a_2d_array_of_ids():
    assert TokenEncoder().fit(["aab"]).inverse_transform(np.array([[1, 2], [2, 2]])) == ["ab", "bb"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[1, 3]], "Item 0 of X holds what is no id: ids are the integers from 0 to 2"),
        ([[1], [-1]], "Item 1 of X holds what is no id"),
        ([[0.5]], "no id"),
        ([["a"]], "no id"),
        ([[np.nan]], "no id"),
        ([1, 2], "Item 0 of X is 0-D.*pass .ids."),
        (np.array([1, 2]), "pass .ids."),
        (5, "X must be a list of 1-D integer arrays .*, got int"),
    ],
    ids=["too large", "negative", "fraction", "string", "NaN", "one list", "one array", "one id"],
)
def test_what_is_no_id(ids, message):
    with pytest.raises(ValueError, match=message):
        TokenEncoder().fit(["aab"]).inverse_transform(ids)


BAD_TEXTS = {
    "one string": ("text", ValueError, r"single string.*\[X\]"),
    "DataFrame": (pd.DataFrame({"text": ["a"]}), ValueError, r"DataFrame of shape \(1, 1\).*one column"),
    "column": (np.array([["a"], ["b"]]), ValueError, r"ndarray of shape \(2, 1\)"),
    "empty": ([], ValueError, r"0 sample\(s\)"),
    "None": (["a", None], ValueError, "Item 1 of X is missing"),
    "NaN": (["a", np.nan], ValueError, "Item 1 of X is missing"),
    "NA": (pd.Series(["a", None], dtype="string"), ValueError, "Item 1 of X is missing"),
    "numbers": (
        [1, 2],
        TypeError,
        "Item 0 of X, 1, cannot be read as tokens: expected a string or a list",
    ),
    "bytes": ([b"a"], TypeError, "Item 0 of X, b'a', cannot be read"),
    "2-D item": ([np.ones((2, 2))], TypeError, "Item 0 of X, .*, cannot be read"),
    "no hash": ([["a"], [["b"]]], TypeError, "Item 1 of X.*unhashable"),
    "set": ({"a"}, TypeError, "must be a list"),
    "generator": ((x for x in "ab"), TypeError, "must be a list"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_texts_that_are_refused(case, method):
    X, error, message = BAD_TEXTS[case]
    encoder = TokenEncoder().fit(["a"])
    with pytest.raises(error, match=message):
        getattr(encoder, method)(X)
    assert encoder.vocabulary_ == {"a": 1}


def test_vocabularies_that_are_refused():
    with pytest.raises(ValueError, match="no tokens"):
        TokenEncoder().fit(["", ""])
    with pytest.raises(ValueError, match="min_frequency=3: the most frequent one occurs 2 times among 3"):
        TokenEncoder(min_frequency=3).fit(["aab"])
    with pytest.raises(
        ValueError, match=r"min_frequency=0\.7: the most frequent one occurs 3 times among 5"
    ):
        TokenEncoder(min_frequency=0.7).fit(["aab", "ac"])
    assert TokenEncoder(min_frequency=0.6).fit(["aab", "ac"]).vocabulary_ == {
        "a": 1
    }  # of all, not of kinds
    with pytest.raises(ValueError, match="strings and lists of tokens"):
        TokenEncoder().fit(["ab", ["a"]])
    assert TokenEncoder(list).fit(["ab", ["a"]]).vocabulary_ == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "settings",
    [
        {"analyzer": "char_wb"},
        {"lowercase": "yes"},
        {"min_frequency": 0},
        {"min_frequency": 1.0},
        {"max_tokens": 0},
    ],
    ids=repr,
)
def test_parameters_of_the_encoder_are_checked(settings):
    with pytest.raises(ValueError, match=f"'{next(iter(settings))}' parameter of TokenEncoder"):
        TokenEncoder(**settings).fit(["a"])


class MostFrequentId(ClassifierMixin, BaseEstimator):
    """Classifies sequences of ids by one of them: whether they hold the id 1."""

    def fit(self, X, y):
        assert all(x.ndim == 1 and x.dtype == np.int64 for x in X)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[[int(1 in x) for x in X]]


@pytest.mark.parametrize("container", TEXT_CONTAINERS)
def test_the_encoder_in_a_search_on_raw_strings(container):
    texts = ["xa", "xxx", "b", "cc", "xxxx", "dx", "ef", "", "gx", "h", "xij", "k"]
    y = np.array([int("x" in t) for t in texts])
    make = TEXT_CONTAINERS[container]
    X = pd.Series(texts) if container == "pandas" else make(texts)
    pipeline = make_pipeline(TokenEncoder(), MostFrequentId())
    grid = {"tokenencoder__analyzer": ["char", "word"], "tokenencoder__max_tokens": [1, None]}
    search = GridSearchCV(pipeline, grid, cv=KFold(3, shuffle=True, random_state=0), error_score="raise")
    search.fit(X, y)
    assert search.best_params_["tokenencoder__analyzer"] == "char"
    assert search.best_score_ == 1
    assert search.score(make(TEXTS) if container != "pandas" else TEXTS, [0, 0, 0]) == 1


def test_tags_of_the_encoder():
    tags = get_tags(TokenEncoder()).input_tags
    assert (tags.string, tags.one_d_array, tags.two_d_array) == (True, True, False)
    assert not hasattr(TokenEncoder(), "get_feature_names_out")
