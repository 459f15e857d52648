"""The encoder-decoders as estimators: what they read and answer, scikit-learn's tools, bad input."""

import inspect
import pickle
from copy import copy

import joblib
import numpy as np
import pandas as pd
import pytest
import test_docstrings as docstrings
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils._param_validation import InvalidParameterError
from support.inside import set_theta, theta_of, views_of

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")

CLASSES = [skrnn.RNNEncoderDecoder, skrnn.LSTMEncoderDecoder, skrnn.GRUEncoderDecoder]
SMALL = {"hidden_size": 6, "embedding_size": 3, "max_iter": 3, "random_state": 0}


@pytest.fixture(params=CLASSES, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def said_twice(n=20, seed=0):
    """Strings of a and b, each said twice."""
    rng = np.random.RandomState(seed)
    X = ["".join(rng.choice(list("ab"), size=rng.randint(1, 5))) for _ in range(n)]
    return X, ["".join(2 * c for c in x) for x in X]


def trained(cls, **params):
    """A model that has learned something, so that answers differ."""
    options = SMALL | {"hidden_size": 16, "max_iter": 60, "learning_rate_init": 0.03} | params
    return cls(**options).fit(*said_twice(60))


def assert_same(a, b):
    for name, array in a.weights_.items():
        np.testing.assert_array_equal(array, b.weights_[name], err_msg=name)


# --- what is read and answered ------------------------------------------------------------------------


def test_answers_are_lists_of_tokens(cls):
    model = trained(cls)
    X, y = said_twice(10, seed=1)
    answers = model.predict(X)
    assert isinstance(answers, list)
    assert all(isinstance(answer, list) and set(answer) <= {"a", "b"} for answer in answers)
    right = np.array([list(a) == answer for a, answer in zip(y, answers, strict=True)])
    assert 0 < right.sum()
    assert model.score(X, y) == right.mean()
    weight = np.arange(10.0)
    assert model.score(X, y, weight) == pytest.approx(np.average(right, weights=weight))


def as_lists(texts):
    return [list(text) for text in texts]


FORMS = {
    "lists": as_lists,
    "tuples": lambda texts: tuple(map(tuple, texts)),
    "array of strings": np.array,
    "object array": lambda texts: pd.Series(as_lists(texts)).to_numpy(),
    "Series": pd.Series,
    "arrays": lambda texts: [np.array(list(text)) for text in texts],
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_same_data(form):
    X, y = said_twice()
    expected = skrnn.GRUEncoderDecoder(**SMALL).fit(X, y)
    model = skrnn.GRUEncoderDecoder(**SMALL).fit(FORMS[form](X), FORMS[form](y))
    assert_same(model, expected)
    assert model.predict(FORMS[form](X)) == expected.predict(X)
    assert model.score(FORMS[form](X), FORMS[form](y)) == expected.score(X, y)


def test_tokens_may_be_anything_hashable():
    X = [[1, None, ("x", 2)], ["b"], [None, None]]
    y = [[("x", 2)], [], [frozenset([1]), 3.5]]
    model = skrnn.GRUEncoderDecoder(16, learning_rate_init=0.1, tol=0.01, random_state=0).fit(X, y)
    assert model.predict(X) == y
    assert model.source_vocabulary_ == {1: 0, None: 1, ("x", 2): 2, "b": 3}  # as they first appear
    assert model.target_vocabulary_ == {("x", 2): 1, frozenset([1]): 2, 3.5: 3}
    numbers = skrnn.GRUEncoderDecoder(**SMALL).fit(np.array([[3, 1], [2, 9]]), [[5], [4]])
    assert numbers.source_vocabulary_ == {1: 0, 2: 1, 3: 2, 9: 3}
    assert numbers.target_vocabulary_ == {4: 1, 5: 2}
    assert {type(token) for answer in numbers.predict([[3], [1]]) for token in answer} <= {int}


def test_weights_have_names_and_shapes(cls):
    model = cls(**SMALL | {"hidden_size": (6, 4)}).fit(*said_twice())
    G = {"RNN": 1, "LST": 4, "GRU": 3}[cls.__name__[:3]]
    shapes = {}
    for part, V in (("encoder", 2), ("decoder", 3)):
        shapes[f"{part}.embedding.W"] = (V, 3)
        for k, (D, H) in enumerate([(3, 6), (6, 4)]):
            shapes |= {f"{part}.layer{k}.W_x": (D, G * H), f"{part}.layer{k}.W_h": (H, G * H)}
            shapes |= {f"{part}.layer{k}.b_x": (G * H,), f"{part}.layer{k}.b_h": (G * H,)}
    shapes |= {"decoder.readout.W": (4, 3), "decoder.readout.b": (3,)}
    assert {name: array.shape for name, array in model.weights_.items()} == shapes


def test_unknown_source_tokens_are_steps_without_input():
    model = trained(skrnn.GRUEncoderDecoder)
    assert model.predict(["a?b"]) == model.predict(["a!b"])
    set_theta(model, theta_of(model).copy())
    table = views_of(model)["encoder.embedding.W"]
    table[0] = 0
    assert model.predict(["aba"]) == model.predict(["?b?"])


def test_targets_may_be_empty_and_answers_end(cls):
    model = cls(**SMALL).fit(["a", "b"], ["", ""])
    assert model.predict(["a", "ab"]) == [[], []]
    assert model.score(["a"], [""]) == 1
    model = cls(**SMALL | {"max_iter": 1}).fit(["a", "b"], ["xxx", "x"])
    for limit, longest in ((None, 6), (2, 2), (0, 0)):
        model.set_params(max_length=limit)
        bias = views_of(model)["decoder.readout.b"]
        bias[0] = -1e6  # it never stops by itself
        assert [len(answer) for answer in model.predict(["a", "b", "ab"])] == [longest] * 3
        model.set_params(beam_size=3)
        assert all(len(answer) <= longest for answer in model.predict(["a", "b", "ab"]))
        model.set_params(beam_size=1)


def test_beams_find_what_greedy_search_does_not():
    model = trained(skrnn.RNNEncoderDecoder, max_iter=10)
    X, _ = said_twice(100, seed=2)
    greedy = model.predict(X)
    assert model.set_params(beam_size=4).predict(X) != greedy


# --- training -----------------------------------------------------------------------------------------


def test_same_seed_same_bits_whatever_n_jobs(cls):
    X, y = said_twice(300)
    params = SMALL | {"batch_size": 32, "dropout": 0.2, "k1": 3, "k2": 5, "hidden_size": (6, 4)}
    params["weight_dropout"] = 0.1
    a, b = (cls(**params, n_jobs=n).fit(X, y) for n in (None, 2))
    assert_same(a, b)
    assert a.loss_curve_ == b.loss_curve_
    assert a.predict(X) == b.predict(X)
    X, _ = said_twice(300, seed=3)
    assert b.predict(X) == [b.predict([x])[0] for x in X]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "params",
    [{}, {"k1": 2, "k2": 3}, {"hidden_size": (4, 3)}, {"solver": "lbfgs"}, {"weight_dropout": 0.3}],
    ids=["whole", "windows", "2 layers", "lbfgs", "weight dropout"],
)
def test_a_weight_is_so_many_copies(cls, params):
    X, y = said_twice(12)
    rng = np.random.RandomState(0)
    weight, order = rng.randint(0, 4, size=12), rng.permutation(12)
    X, y = [[texts[i] for i in order] for texts in (X, y)]
    assert {c for x, w in zip(X, weight, strict=True) if w for c in x} == {"a", "b"}
    weighted = cls(**SMALL | params).fit(X, y, sample_weight=weight)
    copies = [[t for t, w in zip(texts, weight, strict=True) for _ in range(w)] for texts in (X, y)]
    copied = cls(**SMALL | params).fit(*copies)
    assert weighted.loss_curve_ == copied.loss_curve_
    assert_same(weighted, copied)


def test_warm_start_goes_on_and_keeps_the_vocabularies(cls):
    X, y = said_twice()
    model = cls(**SMALL, warm_start=True).fit(X, y)
    theta = theta_of(model).copy()
    model.fit(["aa"], ["bb"])
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 6
    assert model.target_vocabulary_ == {"a": 1, "b": 2}
    assert not np.array_equal(theta, theta_of(model))
    with pytest.raises(ValueError, match="Sequence 0 of y has the token 'z'"):
        model.fit(["aa"], ["az"])
    with pytest.raises(ValueError, match="embedding_size"):
        model.set_params(embedding_size=9).fit(X, y)


def test_early_stopping(cls):
    X, y = said_twice(60)
    model = cls(**SMALL | {"max_iter": 5}, early_stopping=True, validation_fraction=0.3).fit(X, y)
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == 5
    assert model.best_loss_ is None
    given = cls(**SMALL, early_stopping=True).fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    assert given.validation_scores_[int(np.argmin(given.validation_loss_curve_))] == given.score(
        X[50:], y[50:]
    )
    with pytest.raises(ValueError, match="Sequence 1 of y_val has the token 'c'"):
        cls(**SMALL, early_stopping=True).fit(X, y, X_val=X[:2], y_val=["a", "c"])
    with pytest.raises(ValueError, match="Sequence 1 of y_val has the token 'c'"):
        cls(**SMALL).fit(X, y, X_val=X[:2], y_val=["a", "c"])
    with pytest.raises(ValueError, match="single pair"):
        cls(**SMALL, early_stopping=True).fit(X[:1], y[:1])


def test_validation_loss_is_the_training_loss_of_the_same_pairs(cls):
    X, y = said_twice(30)
    options = SMALL | {"alpha": 0.0, "max_iter": 2, "tol": 0.0}
    model = cls(**options, early_stopping=True).fit(X, y, X_val=X, y_val=y)
    assert model.validation_loss_curve_[0] == pytest.approx(model.loss_curve_[1], rel=1e-9)


def test_divergence_keeps_finite_weights():
    X, y = said_twice()
    with pytest.warns(ConvergenceWarning, match="non-finite.*lower learning_rate_init"):
        model = skrnn.RNNEncoderDecoder(
            8, activation="relu", solver="sgd", learning_rate_init=1e200, clip_norm=None, random_state=0
        ).fit(X, y)
    assert np.isfinite(theta_of(model)).all()


def test_k1_counts_updates():
    """5 steps of the source, 4 + 1 of the target; the first update has min(k1, k2) / 2 steps less."""
    X, y = ["aabba"] * 3, ["abab"] * 3
    for k1, k2, n in ((None, None, 1), (2, 4, 3), (4, 4, 2), (1, 3, 5), (4, 2, 2)):
        model = skrnn.GRUEncoderDecoder(**SMALL | {"max_iter": 1}, k1=k1, k2=k2).fit(X, y)
        assert model.n_updates_ == n, (k1, k2)


# --- scikit-learn's tools -----------------------------------------------------------------------------


def test_parameters_clone_and_pickle(cls, tmp_path):
    model = trained(cls)
    assert clone(model).get_params() == model.get_params()
    assert not hasattr(clone(model), "weights_")
    X, _ = said_twice(30, seed=4)
    joblib.dump(model, tmp_path / "model")
    for loaded in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):
        assert loaded.predict(X) == model.predict(X)
        assert_same(loaded, model)
    assert len(pickle.dumps(model)) < 8 * theta_of(model).size + 12000
    assert ("activation" in model.get_params()) == (cls is skrnn.RNNEncoderDecoder)
    assert "return_sequences" not in model.get_params()
    assert not hasattr(model, "partial_fit")


def test_grid_search_on_lists_of_strings():
    X, y = said_twice(30)
    grid = {"k1": [2, None], "k2": [None, 6], "hidden_size": [4, 8]}
    search = GridSearchCV(skrnn.GRUEncoderDecoder(**SMALL), grid, cv=3).fit(X, y)
    assert len(search.cv_results_["mean_test_score"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X[:2]) == search.best_estimator_.predict(X[:2])
    assert np.isfinite(cross_val_score(search.best_estimator_, as_lists(X), as_lists(y), cv=3)).all()


# --- errors -------------------------------------------------------------------------------------------

BAD_DATA = {
    "a single string": (lambda X, y: ("abc", y), ValueError, "X is a single str"),
    "a generator": (lambda X, y: (iter(X), y), ValueError, "X is a list_iterator"),
    "a dict": (lambda X, y: (X, dict(enumerate(y))), ValueError, "y is a dict"),
    "a data frame": (lambda X, y: (pd.DataFrame({"a": X}), y), ValueError, "X is a DataFrame"),
    "a number": (lambda X, y: (3, y), ValueError, "X is a int"),
    "no targets": (lambda X, y: (X, None), ValueError, "requires y"),
    "nothing": (lambda X, y: ([], []), ValueError, "X has no sequences"),
    "lengths": (lambda X, y: (X, y[1:]), ValueError, "X has 20 sequences, y has 19"),
    "an empty source": (lambda X, y: ([*X[:3], "", *X[4:]], y), ValueError, "Sequence 3 of X is empty"),
    "a missing target": (lambda X, y: (X, [None, *y[1:]]), ValueError, "Sequence 0 of y is None"),
    "a number among them": (lambda X, y: ([*X[:2], 7, *X[3:]], y), ValueError, "Sequence 2 of X is 7"),
    "a token": (
        lambda X, y: (X, [["a", ["b"]], *y[1:]]),
        TypeError,
        "Token 1 of sequence 0 of y is a list",
    ),
    "NaN": (lambda X, y: ([["a", np.nan], *X[1:]], y), ValueError, "Token 1 of sequence 0 of X is nan"),
    "numbers": (lambda X, y: (np.ones((20, 3, 2)), y), TypeError, "Token 0 of sequence 0 of X"),
    "sparse": (lambda X, y: (sparse.csr_array(np.ones((20, 2))), y), TypeError, "Sparse X"),
    "masked": (lambda X, y: (np.ma.masked_array(np.ones((20, 2))), y), TypeError, "masked array"),
}
BAD_PARAMETERS = [
    {"k1": 0}, {"k2": 2.5}, {"k2": "auto"}, {"hidden_size": (4, 0)}, {"embedding_size": None},
    {"beam_size": 0}, {"max_length": -1}, {"dropout": 1.0}, {"solver": "lbfgs", "k1": 2},
    {"solver": "lbfgs", "dropout": 0.5}, {"solver": "lbfgs", "weight_dropout": 0.5}, {"clip_norm": 0},
]  # fmt: skip


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_raises_and_changes_nothing(case):
    make, error, message = BAD_DATA[case]
    model = skrnn.GRUEncoderDecoder(**SMALL, warm_start=True).fit(*said_twice())
    before = pickle.dumps(vars(model))
    with pytest.raises(error, match=message):
        model.fit(*make(*said_twice()))
    assert pickle.dumps(vars(model)) == before
    new = skrnn.GRUEncoderDecoder(**SMALL)
    with pytest.raises(error, match=message):
        new.fit(*make(*said_twice()))
    assert not [name for name in vars(new) if name.startswith("_") or name.endswith("_")]


@pytest.mark.parametrize("params", BAD_PARAMETERS, ids=str)
def test_bad_parameters_raise_and_are_named(params):
    model = skrnn.GRUEncoderDecoder(**SMALL).fit(*said_twice())
    before = pickle.dumps(theta_of(model))
    with pytest.raises(
        ValueError, match=next(reversed(params)) if "solver" in params else next(iter(params))
    ):
        model.set_params(**params).fit(*said_twice())
    assert pickle.dumps(theta_of(model)) == before


def test_bad_weights_and_batches():
    X, y = said_twice()
    for weight, message in (
        ([1, 2], "sample_weight"),
        (np.r_[np.nan, np.ones(len(y) - 1)], "sample_weight contains NaN: sequence 0"),
        (-np.ones(20), "negative"),
        (np.zeros(20), "zero"),
    ):
        with pytest.raises(ValueError, match=message):
            skrnn.GRUEncoderDecoder(**SMALL).fit(X, y, sample_weight=weight)
    with pytest.warns(UserWarning, match="batch_size") as caught:
        skrnn.GRUEncoderDecoder(**SMALL, batch_size=50).fit(X, y)
    assert [w.filename for w in caught if "batch_size" in str(w.message)] == [__file__]


def test_too_large_for_memory():
    with pytest.raises(MemoryError, match="hidden_size"):
        skrnn.GRUEncoderDecoder(10**6).fit(*said_twice())


def test_errors_of_answers(cls):
    X, y = said_twice()
    new, model = cls(**SMALL), cls(**SMALL).fit(X, y)
    for call in (new.predict, lambda X: new.score(X, y), lambda X: new.weights_):
        with pytest.raises(NotFittedError):
            call(X)
    for bad in ("ab", ["a", ""], [3], []):
        with pytest.raises(ValueError, match="X"):
            model.predict(bad)
    with pytest.raises(ValueError, match="X has 20 sequences, y has 1"):
        model.score(X, y[:1])
    for name, value in {"beam_size": 0, "max_length": "x", "n_jobs": "x"}.items():
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of {cls.__name__}"):
            copy(model).set_params(**{name: value}).predict(X)


# --- docstrings: the checks of the other estimators ---------------------------------------------------


def test_documentation_is_that_of_the_code(cls):
    docstrings.test_parameters_are_those_of_the_signature(cls)
    docstrings.test_named_choices_are_those_that_are_allowed(cls)
    docstrings.test_class_has_references_examples_and_siblings(cls)
    docstrings.test_linked_pages_are_those_of_the_reference(cls)
    docstrings.test_every_method_is_on_the_page_of_its_class(cls)
    model = cls(**SMALL).fit(*said_twice())
    attributes = {n for n in dir(model) if n.endswith("_") and not n.startswith("_")}
    assert attributes == set(docstrings.entries(docstrings.parsed(cls), "Attributes"))
    assert not [n for n in vars(cls()) if n.endswith("_")]
    assert docstrings.page(cls) in model._repr_html_()


def test_documentation_of_methods(cls):
    methods = docstrings.own_methods(cls)
    assert sorted(methods) == ["fit", "from_weights", "predict", "score", "weights_"]
    for name, method in methods.items():
        doc = docstrings.parsed(method)
        docstrings.assert_parameters_are_those(doc, inspect.signature(method))
        assert docstrings.documented_errors(doc)
        if name != "weights_":
            assert len(docstrings.entries(doc, "Returns")) == 1
