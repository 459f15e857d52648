"""Tokens (``embedding_size``): containers, bad values, and the gradient of the table, proved.

An embedding is the one-hot input times the table: a network without one whose input weights are
table @ W_x is the same function, and its gradient G for them gives that of the table, G W_x^T.
"""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from support.arrays import memmap, object_array
from support.combinations import together
from support.data import noise_targets
from support.estimators import ONE_OF_EACH, one_of_each, outputs
from support.inside import views_of
from support.misuse import assert_fails, assert_fit_raises
from support.reference import (
    assert_same_gradient,
    finite_differences,
    loss_and_gradient,
    loss_only,
    network,
    torch_twin,
)
from support.versions import is_sklearn

import skrnn
from skrnn._engine import inference
from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

V, E = 5, 3  # tokens, width of the table
SMALL = {
    "hidden_size": 3, "max_iter": 2, "learning_rate": "constant", "learning_rate_init": 0.05,
    "random_state": 0,
}  # fmt: skip
TOKENS = {**SMALL, "embedding_size": E}
cells = pytest.mark.parametrize("cell", CELLS)
engines = pytest.mark.usefixtures("engine")

RAGGED, EQUAL = [4, 6, 2, 6, 1], [5, 5, 5]
lengths = pytest.mark.parametrize("lengths", [EQUAL, RAGGED], ids=["equal", "ragged"])
layers = pytest.mark.parametrize("hidden_sizes", [(4,), (3, 2)], ids=["1 layer", "2 layers"])
directions = pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
per_step_or_not = pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])


def sentences(n=12, T=4, seed=0):
    """(n, T) tokens; every one occurs."""
    X = np.random.RandomState(seed).randint(V, size=(n, T))
    X.flat[:V] = np.arange(V)
    return X


def ragged(n=12, seed=0):
    rng = np.random.RandomState(seed)
    X = [rng.randint(V, size=1 + k % 5) for k in range(n)]
    X[4][:] = np.arange(V)
    return X


# --- containers --------------------------------------------------------------------------------------


ARRAYS = {
    "int64": np.asarray,
    "int32": lambda X: X.astype(np.int32),
    "uint8": lambda X: X.astype(np.uint8),
    "uint64": lambda X: X.astype(np.uint64),
    "whole floats": lambda X: X.astype(np.float64),
    "float32": lambda X: X.astype(np.float32),
    "objects": lambda X: X.astype(object),
    "fortran": np.asfortranarray,
    "memmap": memmap,
    "pandas": pd.DataFrame,
    "polars": lambda X: pl.DataFrame(X, orient="row"),
}
LISTS = {
    "list of arrays": list,
    "list of lists": lambda X: [x.tolist() for x in X],
    "list of tuples": lambda X: [tuple(x) for x in X],
    "tuple of arrays": tuple,
    "list of uint8": lambda X: [np.asarray(x, dtype=np.uint8) for x in X],
    "list of whole floats": lambda X: [np.asarray(x, dtype=np.float32) for x in X],
    "list of several dtypes": lambda X: [
        np.asarray(x, dtype=["u1", "i2", "i8", "f4"][k % 4]) for k, x in enumerate(X)
    ],
    "list of Series": lambda X: [pd.Series(x) for x in X],
    "object array": lambda X: object_array(list(X)),
    "object array of lists": lambda X: object_array([x.tolist() for x in X]),
    "pandas Series of arrays": lambda X: pd.Series(list(X)),
    "pandas Series of lists": lambda X: pd.Series([x.tolist() for x in X], index=range(len(X))[::-1]),
    "polars Series of lists": lambda X: pl.Series([x.tolist() for x in X]),
}


@one_of_each
@pytest.mark.parametrize("name", {**ARRAYS, **LISTS})
def test_containers_of_equal_lengths(cls, name, assert_same_weights):
    X, y = sentences(), noise_targets(cls, 12)
    expected = cls(**TOKENS).fit(X, y)
    given = {**ARRAYS, **LISTS}[name](X)
    model = cls(**TOKENS).fit(given, y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, given), outputs(expected, X))
    assert {w.dtype for w in model.weights_.values()} == {np.dtype(np.float64)}
    assert model.n_step_features_ == 1
    assert model.n_features_in_ == (4 if name in ARRAYS else 1)
    assert model.weights_["embedding.W"].shape == (V, E)


@one_of_each
@pytest.mark.parametrize("name", LISTS)
def test_containers_of_unequal_lengths(cls, name, assert_same_weights):
    X, y = ragged(), noise_targets(cls, 12)
    expected = cls(**TOKENS).fit(X, y)
    given = LISTS[name](X)
    model = cls(**TOKENS).fit(given, y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, given), outputs(expected, X))
    one_by_one = np.concatenate([outputs(model, [x]) for x in X])
    np.testing.assert_array_equal(one_by_one, outputs(model, X))


@one_of_each
@pytest.mark.parametrize(
    "make",
    [
        np.asarray,
        lambda X: X.astype(np.uint8),
        lambda X: X.astype(float),
        np.ndarray.tolist,
        pd.DataFrame,
        lambda X: pl.DataFrame(X, orient="row"),
        memmap,
    ],
    ids=["array", "uint8", "whole floats", "list of lists", "pandas", "polars", "memmap"],
)
def test_a_table_of_steps(cls, make, assert_same_weights):
    X, y = ragged(), noise_targets(cls, sum(map(len, ragged())))
    codes = np.repeat(np.arange(12), list(map(len, X)))
    of_list = cls(**TOKENS, return_sequences=True).fit(X, np.split(y, np.cumsum(list(map(len, X)))[:-1]))
    rows = make(np.column_stack([np.concatenate(X), codes]))
    model = cls(**TOKENS, rows="steps", sequence_id=1).fit(rows, y)
    assert_same_weights(model, of_list)
    np.testing.assert_array_equal(outputs(model, rows), np.concatenate(list(outputs(of_list, X))))
    assert (model.n_features_in_, model.n_step_features_) == (2, 1)

    one = cls(**TOKENS, rows="steps").fit(np.concatenate(X)[:, None], y)
    assert_same_weights(one, cls(**TOKENS, return_sequences=True).fit([np.concatenate(X)], [y]))


def test_a_table_of_steps_with_ids_of_strings_goes_on(assert_same_weights):
    X = pd.DataFrame({"who": ["b", "a", "b", "a"] * 5, "token": sentences(5).ravel()})
    y = noise_targets(skrnn.GRUClassifier, 20)
    params = {**TOKENS, "rows": "steps", "sequence_id": "who", "initial_state": "last", "n_tokens": V}
    model = skrnn.GRUClassifier(**params).fit(X[:12], y[:12])
    whole = model.predict_proba(X[12:])
    model.set_params(initial_state="zeros")
    np.testing.assert_array_equal(whole, model.predict_proba(X)[12:])


@one_of_each
def test_forms_of_sequences_can_be_exchanged_after_a_list(cls):
    X, y = sentences(), noise_targets(cls, 12)
    model = cls(**TOKENS).fit(list(X), y)
    expected = outputs(model, list(X))
    for name in ("object array", "pandas Series of arrays", "list of lists"):
        np.testing.assert_array_equal(outputs(model, LISTS[name](X)), expected)
    np.testing.assert_array_equal(outputs(model, X), expected)
    with pytest.raises(ValueError, match=r"array of 2 columns.*fitted on sequences of 4.*as a list"):
        outputs(model, X[:, :2])
    assert np.shape(outputs(model, list(X[:, :2]))) == np.shape(expected)
    model.fit([X[0, :3], *X[1:]], y)
    np.testing.assert_array_equal(outputs(model, X[:, :2]), outputs(model, list(X[:, :2])))


def test_answers_per_step():
    X = sentences()
    y = noise_targets(skrnn.GRURegressor, X.shape)
    model = skrnn.GRURegressor(**TOKENS, return_sequences=True).fit(X, y)
    assert model.predict(X).shape == X.shape
    assert model.hidden_states(X).shape == (*X.shape, 3)
    model.fit(list(X), y)
    answer = model.predict(list(X))
    assert answer.dtype == object
    assert [a.shape for a in answer] == [(4,)] * 12
    assert model.predict(X).shape == X.shape


def test_columns_of_a_table_are_those_of_fit():
    X, y = sentences(), noise_targets(skrnn.GRURegressor, 12)
    model = skrnn.GRURegressor(**TOKENS).fit(X, y)
    match = "X has 3 features, but GRURegressor is expecting 4 features"
    assert_fails(lambda: model.predict(X[:, :3]), model, match, ValueError)


def test_a_table_is_not_copied():
    from skrnn._reading.facts import Form
    from skrnn._reading.reader import read_X

    for X in (sentences(), sentences().astype(np.uint8), memmap(sentences())):
        assert np.shares_memory(read_X(X, Form(has_tokens=True)).sequences.values, X)


# --- how many ----------------------------------------------------------------------------------------


@one_of_each
@pytest.mark.parametrize("make", [np.asarray, list], ids=["array", "list"])
def test_number_of_tokens(cls, make):
    X, y = sentences(), noise_targets(cls, 12)
    X[3, 2] = 8
    model = cls(**TOKENS).fit(make(X), y)
    assert model.weights_["embedding.W"].shape == (9, E)
    outputs(model, make(X))
    other = X.copy()
    other[5, 1] = 9
    match = r"No token in X: 9 is not below n_tokens=9 \(sequence 5, step 1\)"
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        assert_fails(lambda call=call: call(make(other)), model, match, ValueError)


@one_of_each
def test_given_number_of_tokens(cls):
    X, y = sentences(), noise_targets(cls, 12)
    model = cls(**TOKENS, n_tokens=20).fit(X, y)
    assert model.weights_["embedding.W"].shape == (20, E)
    X[0, 0] = 19
    outputs(model, X)
    X[0, 0] = 20
    assert_fails(lambda: model.predict(X), model, "20 is not below n_tokens=20", ValueError)
    match = "20 is not below n_tokens=20"
    assert_fit_raises(cls, X, y, match, embedding_size=E, n_tokens=20)


@one_of_each
def test_weights_of_tokens_that_do_not_occur_stay(cls):
    """They have no gradient, and no penalty."""
    X, y = sentences(), noise_targets(cls, 12)
    X[X == 2] = 0
    for solver in ("adam", "sgd", "rmsprop", "lbfgs"):
        params = {**TOKENS, "n_tokens": V + 2, "solver": solver, "alpha": 0.3}
        new = cls(**{**params, "max_iter": 1}).fit(X, y).weights_["embedding.W"]
        trained = cls(**{**params, "max_iter": 4}).fit(X, y).weights_["embedding.W"]
        stays = (new == trained).all(axis=1)
        np.testing.assert_array_equal(np.flatnonzero(stays), [2, 5, 6], err_msg=solver)


# --- values ------------------------------------------------------------------------------------------

WRONG = {
    "fraction": (1.5, r"No token in X: 1.5 is not a whole number \({}\)"),
    "negative": (-1, r"Negative values in data passed to X: -1.* is negative \({}\)"),
    "NaN": (np.nan, r"Input X contains NaN: {}"),
    "inf": (np.inf, r"Input X contains infinity: {}"),
    "minus inf": (-np.inf, r"Input X contains infinity: {}"),
    "beyond": (5, r"No token in X: 5.* is not below n_tokens=5 \({}\)"),
    "huge": (1e300, r"No token in X: 1e\+300 is not below n_tokens=5 \({}\)"),
}


@one_of_each
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("form", ["array", "list", "rows"])
def test_wrong_values(cls, form, kind):
    value, match = WRONG[kind]
    X = sentences().astype(float if isinstance(value, float) else int)
    good, y = X.copy(), noise_targets(cls, 12)
    X[7, 2] = value
    where, params = "sequence 7, step 2", {"embedding_size": E, "n_tokens": V}
    if form == "list":
        good, X = list(good), list(X)
    elif form == "rows":
        good, X, y = good.reshape(-1, 1), X.reshape(-1, 1), np.repeat(y, 4)
        where, params = "row 30", {**params, "rows": "steps"}
    match = match.format(where)
    assert_fit_raises(cls, X, y, match, **params)
    model = cls(**SMALL, **params).fit(good, y)
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        assert_fails(lambda call=call: call(X), model, match, ValueError)


def test_a_token_too_large_for_a_table():
    X, y = sentences().astype(float), noise_targets(skrnn.GRURegressor, 12)
    X[1, 1] = 1e300
    assert_fit_raises(skrnn.GRURegressor, X, y, "1e.300 is too large", embedding_size=E)
    X[1, 1] = 2.0**50
    assert_fit_raises(skrnn.GRURegressor, X, y, "", error=(MemoryError, ValueError), embedding_size=E)


STRINGS = {
    "strings": ["abc", "de", "f"],
    "an array of strings": np.array(["abc", "de", "f"]),
    "an object array of strings": np.array(["abc", "de", "f"], dtype=object),
    "a Series of strings": pd.Series(["abc", "de", "f"]),
    "lists of strings": [["a", "b"], ["c"], ["d", "a", "b"]],
    "arrays of strings": [np.array(["a", "b"]), np.array(["c"]), np.array(["d"])],
    "a table of strings": np.array([["a", "b"], ["c", "d"], ["e", "f"]]),
    "a frame of strings": pd.DataFrame({"a": ["a", "b", "c"]}),
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("kind", STRINGS)
def test_strings(kind):
    X = STRINGS[kind]
    match = "(?s)cannot be read as numbers.*Turn strings into tokens with TokenEncoder"
    new = skrnn.GRUClassifier(**TOKENS)
    assert_fails(lambda: new.fit(X, [0, 1, 0]), new, match, ValueError)
    model = skrnn.GRUClassifier(**TOKENS).fit(ragged(), noise_targets(skrnn.GRUClassifier, 12))
    assert_fails(lambda: model.predict(X), model, match, ValueError)


FORMS = {
    "3-D": (sentences()[:, :, None], "X is a 3-D array"),
    "4-D": (sentences()[:, :, None, None], "X is a 4-D array"),
    "list of 2-D": ([x[:, None] for x in ragged()], "X is a list of 2-D arrays"),
    "list of lists of lists": ([[[1], [2]]] * 12, "X is a list of 2-D arrays"),
}


@pytest.mark.parametrize("name", FORMS)
def test_wrong_forms(name):
    X, what = FORMS[name]
    match = f"With embedding_size, X holds tokens: a list of 1-D.*{what}.*need embedding_size=None"
    assert_fit_raises(
        skrnn.GRURegressor, X, noise_targets(skrnn.GRURegressor, 12), match, embedding_size=E
    )


@pytest.mark.parametrize(
    ("X", "match"),
    [
        ([[1, 2], [], [3]], "Sequence 1 of X has no tokens"),
        ([np.array([], dtype=int)] * 3, "Sequence 0 of X has no tokens"),
        ([[1, 2], 3, [3]], "Sequence 1 of X is not an array but 3"),
        ([[1, 2], None, [3]], "Sequence 1 of X is not an array but None"),
        ([1, 2, 3], "X"),
        ([], r"0 sample\(s\)|1D array"),
        (np.empty((0, 3), dtype=int), r"0 sample\(s\)"),
        (np.empty((3, 0), dtype=int), r"0 feature\(s\)"),
        ([[1, 2], [1j], [3]], "(?i)complex"),
        ([[True, False], ["a"], [1]], "TokenEncoder"),
    ],
    ids=["empty sequence", "all empty", "number", "None", "numbers", "empty", "no rows", "no columns",
         "complex", "mixed"],
)  # fmt: skip
def test_what_cannot_be_read(X, match):
    new = skrnn.GRURegressor(**TOKENS)
    assert_fails(
        lambda: new.fit(X, [0.0, 1.0, 2.0][: len(X)] or [0.0]), new, match, (ValueError, TypeError)
    )


def test_two_columns_of_steps():
    y = np.arange(12.0)
    match = 'With embedding_size and rows="steps", X has one column of tokens.* but it has 4'
    assert_fit_raises(skrnn.GRURegressor, sentences(), y, match, embedding_size=E, rows="steps")


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"embedding_size": 2, "step_features": 2}, "step_features=2 and embedding_size=2 do not go"),
        ({"embedding_size": 0}, "The 'embedding_size' parameter of"),
        ({"embedding_size": 2.0}, "The 'embedding_size' parameter of"),
        ({"embedding_size": 2, "n_tokens": 0}, "The 'n_tokens' parameter of"),
    ],
    ids=["step_features", "zero", "float", "no tokens"],
)
def test_parameters(params, match):
    assert_fit_raises(
        skrnn.GRURegressor, sentences(), noise_targets(skrnn.GRURegressor, 12), match, **params
    )


@one_of_each
def test_n_tokens_alone_changes_nothing(cls, assert_same_weights):
    X, y = sentences() + 0.5, noise_targets(cls, 12)
    assert_same_weights(cls(**SMALL, n_tokens=2).fit(X, y), cls(**SMALL).fit(X, y))


@one_of_each
def test_training_does_not_go_on_with_another_table(cls):
    X, y = ragged(), noise_targets(cls, 12)
    model = cls(**TOKENS).fit(X, y).set_params(embedding_size=7)
    match = "embedding_size was 3 when the weights were made and is 7 now"
    assert_fails(lambda: model.partial_fit(X, y), model, match, ValueError)


@pytest.mark.filterwarnings("error")
def test_nothing_is_said_about_the_scale_of_tokens():
    """Their size means nothing, and they cannot be standardised."""
    rng = np.random.RandomState(0)
    X, y = [rng.randint(5000, size=6) for _ in range(40)], rng.randint(2, size=40)
    with pytest.warns(match="Maximum iterations") as caught:
        skrnn.GRUClassifier(**{**TOKENS, "max_iter": 3, "learning_rate_init": 1e-9}).fit(X, y)
    assert not [w for w in caught if "Maximum iterations" not in str(w.message)]


def test_tags(cls):
    tags = cls(embedding_size=4).__sklearn_tags__().input_tags
    assert tags.categorical
    assert tags.positive_only
    tags = cls().__sklearn_tags__().input_tags
    assert not tags.categorical
    assert not tags.positive_only


# --- the function and its gradient -------------------------------------------------------------------


def dataset(lengths, *, per_step=False, K=2, weights=True, seed=0, n_tokens=V, **kw):
    """Random tokens with targets and unequal weights; the last token does not occur."""
    rng = np.random.RandomState(seed)
    total, n = sum(lengths), len(lengths)
    X = Sequences(rng.randint(n_tokens - 1, size=(total, 1)), lengths, dtype=np.intp)
    y = rng.normal(size=(total if per_step else n, K))
    weight = rng.uniform(0.5, 2.0, size=n) if weights else None
    return Dataset(X, Sequences(y, lengths) if per_step else y, weight, **kw)


def token_network(cell, hidden_sizes=(4,), **kw):
    return network(cell, hidden_sizes, F=E, n_tokens=V, **kw)


def one_hot(data):
    """The same data as rows of zeros and a one."""
    X = Sequences(np.eye(V)[data.X.flat()[:, 0]], data.X.lengths)
    return Dataset(
        X, data.y, data.weight, step_weight=data.step_weight, delay=data.delay,
        replication=data.replication,
    )  # fmt: skip


def one_hot_twin(cell, net, theta, **kw):
    """The network of the same function of one-hot inputs, its theta, and the names of its W_x."""
    twin, theta_twin = network(cell, net.hidden_sizes, F=V, **kw)
    views, views_twin = net.layout.views(theta), twin.layout.views(theta_twin)
    inputs = [name for name in views_twin if name.startswith("layer0") and name.endswith("W_x")]
    for name, view in views_twin.items():
        view[...] = views["embedding.W"] @ views[name] if name in inputs else views[name]
    return twin, theta_twin, inputs


CASES = {
    "one target": {},
    "per step": {"per_step": True},
    "delay": {"per_step": True, "delay": 2},
    "replication": {"replication": 0.4},
}
cases = pytest.mark.parametrize("case", CASES)


@engines
@cells
@cases
@lengths
def test_finite_differences(cell, lengths, case):
    net, theta = token_network(cell, (3,))
    check_by_differences(net, theta, dataset(lengths, **CASES[case]))


@engines
@cells
@per_step_or_not
@lengths
def test_finite_differences_of_layers_and_directions(cell, lengths, per_step):
    net, theta = token_network(cell, (3, 2), bidirectional=True)
    check_by_differences(net, theta, dataset(lengths, per_step=per_step))


def check_by_differences(net, theta, data):
    """The gradient of the table; that of all else is in test_gradients.py."""
    _, g = loss_and_gradient(net, theta, data, "squared_error")
    table, g = net.layout.views(theta)["embedding.W"], net.layout.views(g)["embedding.W"]
    table = table.reshape(-1)  # a view

    def function(values):
        before = table.copy()
        table[:] = values
        loss = loss_only(net, theta, data, "squared_error")
        table[:] = before
        return loss

    assert_same_gradient(g.ravel(), finite_differences(function, table.copy()), rtol=1e-6)
    assert np.abs(g[: V - 1]).min() > 0
    np.testing.assert_array_equal(g[V - 1], 0)


WINDOWS = [(None, None), (2, None), (2, 4), (1, 3), (4, 2), (3, 2), (None, 3)]


@engines
@pytest.mark.parametrize(
    ("cell", "lengths", "window", "case"), together(list(CELLS), [EQUAL, RAGGED], WINDOWS, list(CASES))
)
def test_equal_to_one_hot_inputs(cell, lengths, window, case):
    """Outputs, loss and gradient, wherever the windows are cut; the steps of a delay are zeros."""
    k1, k2 = window
    net, theta = token_network(cell, (3, 2))
    check_one_hot(cell, net, theta, dataset(lengths, **CASES[case]), k1=k1, k2=k2)


@engines
@cells
@per_step_or_not
@lengths
@pytest.mark.parametrize("pooling", ["last", "mean", "last_max"])
def test_equal_to_one_hot_inputs_in_both_directions(cell, lengths, per_step, pooling):
    pooling = "last" if per_step else pooling
    net, theta = token_network(cell, bidirectional=True, pooling=pooling)
    data = dataset(lengths, per_step=per_step)
    check_one_hot(cell, net, theta, data, bidirectional=True, pooling=pooling)


def check_one_hot(cell, net, theta, data, k1=None, k2=None, **kw):
    twin, theta_twin, inputs = one_hot_twin(cell, net, theta, **kw)
    data_twin = one_hot(data)
    options = {"per_step": data.per_step, "delay": data.delay}
    np.testing.assert_allclose(
        inference.outputs(net, theta, data.X, net.dtype, **options),
        inference.outputs(twin, theta_twin, data_twin.X, net.dtype, **options), rtol=0, atol=1e-13,
    )  # fmt: skip
    for arithmetic in (FAST, EXACT):
        value, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2, arithmetic)
        expected, G = loss_and_gradient(twin, theta_twin, data_twin, "squared_error", k1, k2)
        assert value == pytest.approx(expected, rel=1e-12)
        g, G, views = net.layout.views(g), twin.layout.views(G), net.layout.views(theta)
        table = sum(G[name] @ views[name].T for name in inputs)
        assert_same_gradient(g["embedding.W"], table, rtol=1e-12)
        np.testing.assert_array_equal(g["embedding.W"][V - 1], 0)
        for name, part in G.items():
            part = views["embedding.W"].T @ part if name in inputs else part
            assert_same_gradient(g[name], part, rtol=1e-11)


@engines
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@per_step_or_not
@lengths
@layers
@directions
def test_equal_to_torch(cell, bidirectional, hidden_sizes, lengths, per_step):
    """nn.Embedding, nn.RNN | nn.LSTM | nn.GRU, nn.Linear."""
    torch = pytest.importorskip("torch")
    net, theta = token_network(cell, hidden_sizes, bidirectional=bidirectional)
    data = dataset(lengths, per_step=per_step)
    value, g = loss_and_gradient(net, theta, data, "squared_error")
    raw = inference.outputs(net, theta, data.X, net.dtype, per_step=per_step)

    stack, readout, named = torch_twin(net, theta, cell)
    table = torch.nn.Embedding(V, E, dtype=torch.float64)
    with torch.no_grad():
        table.weight.copy_(torch.from_numpy(net.layout.views(theta)["embedding.W"].copy()))
    loss, answers = 0.0, []
    for i, x in enumerate(np.split(data.X.flat()[:, 0], np.cumsum(lengths)[:-1])):
        H = table(torch.from_numpy(x))[None]
        for layer in stack:
            H, final = layer(H)
        if per_step:
            answer, y = readout(H[0]), data.y.gather([i])
        else:
            h_n = final[0] if isinstance(final, tuple) else final
            last = h_n[-net.n_directions :, 0]
            answer, y = readout(torch.cat(list(last)))[None], data.y[i : i + 1]
        loss = loss + data.weight[i] * 0.5 * ((answer - torch.from_numpy(y)) ** 2).sum()
        answers.append(answer.detach().numpy())
    loss.backward()

    np.testing.assert_allclose(raw, np.concatenate(answers), rtol=0, atol=1e-12)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    expected = np.zeros_like(theta)
    views = net.layout.views(expected)
    views["embedding.W"][...] = table.weight.grad.numpy()
    for name, parameter in named.items():
        views[name][...] = parameter.grad.numpy().T
    assert_same_gradient(g, expected, rtol=1e-10)


@engines
def test_the_gradient_of_a_token_is_added_up_in_a_fixed_order():
    """A token that stands many times beside others: the bits do not depend on how often it is run."""
    data = dataset([200] * 20, n_tokens=2)
    net, theta = token_network("gru")
    first = loss_and_gradient(net, theta, data, "squared_error", 7)[1]
    for _ in range(3):
        np.testing.assert_array_equal(loss_and_gradient(net, theta, data, "squared_error", 7)[1], first)


def test_sum_by():
    from skrnn._engine.arithmetic import sum_by

    rng = np.random.RandomState(0)
    keys = rng.randint(-1, 6, size=50)
    keys[keys == 3] = 4
    values = rng.normal(size=(50, 2))
    found, sums = sum_by(keys, values)
    np.testing.assert_array_equal(found, [0, 1, 2, 4, 5])
    for key, total in zip(found, sums, strict=True):
        np.testing.assert_allclose(total, values[keys == key].sum(axis=0), rtol=1e-13)
    for keys in (np.full(3, -1), np.empty(0, dtype=int)):
        found, sums = sum_by(keys, np.ones((len(keys), 2)))
        assert len(found) == len(sums) == 0


# --- what training does with it ----------------------------------------------------------------------


def test_threads_change_nothing(cls, assert_same_weights):
    X, y = ragged(60), noise_targets(cls, 60)
    for batch_size in ("auto", 16):
        alone, threads = (
            cls(**{**TOKENS, "n_jobs": n_jobs, "batch_size": batch_size, "hidden_size": 40}).fit(X, y)
            for n_jobs in (1, 2)
        )
        assert_same_weights(alone, threads)
        np.testing.assert_array_equal(outputs(alone, X), outputs(threads, X))


EXACTLY = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "k1 and k2": {"k1": 2, "k2": 3},
    "layers and directions": {"hidden_size": (4, 3), "bidirectional": True},
    "replication": {"target_replication": 0.5},
}


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.filterwarnings("ignore:The model has hardly learned")
@engines
@pytest.mark.parametrize(
    ("cls", "form", "name"), together(ONE_OF_EACH, ["equal", "ragged"], list(EXACTLY))
)
def test_a_weight_is_so_many_copies(cls, form, name, assert_same_weights):
    """Bit for bit, in float64 with all data in one batch; some weights are zero."""
    X = list(sentences(15)) if form == "equal" else ragged(15)
    rng = np.random.RandomState(2)
    weight, order, y = rng.randint(0, 4, size=15), rng.permutation(15), noise_targets(cls, 15)
    rows = np.repeat(np.arange(15), weight)
    params = {**TOKENS, "n_tokens": V, "max_iter": 30, **EXACTLY[name]}
    weighted = cls(**params).fit([X[i] for i in order], y[order], weight[order])
    repeated = cls(**params).fit([X[i] for i in rows], y[rows])
    assert_same_weights(weighted, repeated)
    assert weighted.loss_curve_ == repeated.loss_curve_


@engines
@one_of_each
def test_a_weight_is_so_many_copies_per_step(cls, assert_same_weights):
    X = ragged(15)
    y = [noise_targets(cls, len(x), seed) for seed, x in enumerate(X)]
    weight = np.random.RandomState(2).randint(0, 4, size=15)
    rows = np.repeat(np.arange(15), weight)
    params = {**TOKENS, "n_tokens": V, "max_iter": 30, "return_sequences": True, "target_delay": 1}
    weighted = cls(**params).fit(X, y, weight)
    assert_same_weights(weighted, cls(**params).fit([X[i] for i in rows], [y[i] for i in rows]))


@one_of_each
def test_the_table_is_not_penalised(cls):
    """By alpha: the penalty is that of the input, recurrent and read-out matrices."""
    X, y = sentences(), noise_targets(cls, 12)
    params = {**TOKENS, "solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    model, without = (cls(**params, alpha=alpha).fit(X, y) for alpha in (5.0, 0.0))
    views = views_of(model)
    matrices = [w for name, w in views.items() if ".W" in name and not name.startswith("embedding")]
    assert len(matrices) == 3
    penalty = 5.0 / 2 * sum(np.square(w).sum() for w in matrices) / 12
    assert model.loss_ - without.loss_ == pytest.approx(penalty, rel=1e-10)


@pytest.mark.parametrize("form", ["array", "list"])
def test_parts_train_like_the_whole(classifier, form, assert_same_weights):
    X, y = sentences(12), noise_targets(classifier, 12)
    if form == "list":
        X = object_array(ragged())
    params = {**TOKENS, "n_tokens": V, "batch_size": 3, "shuffle": False, "max_iter": 1}
    if hasattr(classifier(), "forget_bias"):
        params["forget_bias"] = 0.0  # "chrono" goes by the first part
    parts = classifier(**params)
    for rows in np.split(np.arange(12), [3, 9]):
        parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert_same_weights(parts, classifier(**params).fit(X, y))


def test_float32(cls):
    model = cls(**TOKENS, dtype="float32").fit(sentences(), noise_targets(cls, 12))
    assert {w.dtype for w in model.weights_.values()} == {np.dtype(np.float32)}
    twin = cls(**TOKENS).fit(sentences(), noise_targets(cls, 12))
    for name, w in model.weights_.items():
        np.testing.assert_allclose(w, twin.weights_[name], atol=1e-4)


def test_tokens_are_learned():
    """Whether the last token is one of a set: no function of how large the tokens are."""
    rng = np.random.RandomState(0)
    X = rng.randint(8, size=(300, 6))
    y = np.isin(X[:, -1], [1, 4, 6])
    model = skrnn.GRUClassifier(12, embedding_size=4, max_iter=60, random_state=0).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.95


# --- raw strings -------------------------------------------------------------------------------------


def words():
    """Words that end in a vowel, and others; of unequal lengths."""
    rng = np.random.RandomState(0)
    words = ["".join(rng.choice(list("abcdeiou"), size=k)) for k in rng.randint(2, 7, size=60)]
    return words, np.array(["vowel" if word[-1] in "aeiou" else "other" for word in words])


def test_raw_strings_in_a_grid_search():
    X, y = words()
    pipe = make_pipeline(
        skrnn.TokenEncoder(), skrnn.GRUClassifier(8, embedding_size=16, max_iter=30, random_state=0)
    )
    grid = {"tokenencoder__min_frequency": [1, 3], "gruclassifier__embedding_size": [4, 16]}
    search = GridSearchCV(pipe, grid, cv=3, error_score="raise").fit(X, y)
    assert search.best_score_ > 0.9
    assert search.predict(["bad", "zoo"]).tolist() == ["other", "vowel"]
    n = search.best_estimator_[-1].weights_["embedding.W"].shape[0]
    assert n == search.best_estimator_[0].n_tokens_


def test_a_token_that_was_not_in_the_training_words():
    """It is 0, which every table has."""
    X, y = words()
    pipe = make_pipeline(skrnn.TokenEncoder(), skrnn.RNNClassifier(**TOKENS)).fit(X, y)
    assert pipe.predict(["qqq", "!"]).shape == (2,)
    scores = cross_val_score(pipe, ["z" + X[0], *X[1:]], y, cv=3, error_score="raise")
    assert np.isfinite(scores).all()


def test_words_as_tokens():
    X = ["the cat sat", "the dog", "a dog sat down", "a cat"] * 4
    y = [[0, 1, 2], [0, 1], [0, 1, 2, 3], [0, 1]] * 4
    pipe = make_pipeline(
        skrnn.TokenEncoder(analyzer="word"), skrnn.GRUClassifier(**TOKENS, return_sequences=True)
    ).fit(X, [np.array(one) for one in y])
    assert [len(answer) for answer in pipe.predict(X[:4])] == [3, 2, 4, 2]


# --- scikit-learn's checks ---------------------------------------------------------------------------

CHECKED = [
    cls(embedding_size=4, hidden_size=8, max_iter=60, learning_rate_init=0.05) for cls in ONE_OF_EACH
]
FLOATS = "feeds floats that are no tokens"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": FLOATS,
    "check_classifiers_one_label_sample_weights": FLOATS,
    "check_class_weight_classifiers": FLOATS,
}
STRICT = {"xfail_strict": True} if is_sklearn("1.8") else {}


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks(CHECKED, expected_failed_checks=lambda estimator: EXPECTED, **STRICT)
def test_checks(estimator, check):
    if not is_sklearn("1.7") and check.func.__name__ == "check_positive_only_tag_during_fit":
        pytest.skip("scikit-learn before 1.7: the check subtracts a mean from integers, in place")
    check(estimator)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", CHECKED, ids=lambda estimator: type(estimator).__name__)
def test_the_checks_that_are_expected_to_fail_are_run(estimator):
    names = [check.func.__name__ for _, check in estimator_checks_generator(estimator)]
    expected = set(EXPECTED) if is_classifier(estimator) else list(EXPECTED)[:1]
    assert set(expected) <= set(names)
    assert len(names) >= 50
    assert "check_fit_score_takes_y" in names
