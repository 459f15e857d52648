"""frozen: weights that stay the same bits, whatever trains the others."""

import numpy as np
import pytest

from skrnn import (
    GRUClassifier,
    GRUEncoderDecoder,
    GRURegressor,
    RNNRegressor,
    TokenEncoder,
    _kernels,
)

N, T = 40, 6
X = np.random.RandomState(0).normal(size=(N, T, 2))
Y = X[:, -1, 0] - X[:, -2, 1]
SMALL = {"hidden_size": (4, 3), "max_iter": 3, "tol": None, "random_state": 0}
ALWAYS = {"alpha": 1.0, "batch_size": 8}
SOLVERS = [
    {"solver": "adam"},
    {"solver": "sgd", "momentum": 0.9},
    {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False, "clip_norm": 0.01},
    {"solver": "rmsprop", "clip_value": 0.01},
]


def changed(before, after):
    """The names of the weights that are other bits."""
    return {name for name, W in before.items() if W.tobytes() != after[name].tobytes()}


def trained(weights, frozen):
    return {name for name in weights if not name.startswith(tuple(frozen)) and not name.startswith("y.")}


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def kernels(request):
    if request.param == "compiled":
        yield
        return
    with _kernels.using("numpy"):
        yield


@pytest.mark.parametrize("frozen", [["layer0"], ["layer0.W_h", "readout"], ["layer1"]], ids=str)
@pytest.mark.parametrize("solver", [*SOLVERS, {"solver": "lbfgs", "batch_size": "auto"}], ids=str)
def test_frozen_weights_are_the_same_bits(solver, frozen):
    """Also with the memory of a fit in which they were not frozen."""
    model = GRURegressor(**SMALL, **{**ALWAYS, **solver}, warm_start=True).fit(X, Y)
    before = model.exact_weights_
    model.set_params(frozen=frozen).fit(X, Y)
    assert changed(before, model.exact_weights_) == trained(before, frozen)
    if solver["solver"] != "lbfgs":
        between = model.exact_weights_
        model.partial_fit(X, Y)
        assert changed(between, model.exact_weights_) == trained(before, frozen)


def test_weights_drawn_at_random_may_be_frozen():
    model = GRURegressor(**SMALL, frozen="layer0").fit(X, Y)
    other = GRURegressor(**SMALL, frozen=("layer0",), learning_rate_init=0.1).fit(X, Y)
    assert changed(model.weights_, other.weights_) == trained(model.weights_, ["layer0"])


def test_tiny_weights_too():
    """Kernels may take the smallest numbers for zero."""
    model = GRURegressor(**SMALL).fit(X, Y)
    weights = model.exact_weights_
    weights["layer0.b_h"][:2] = 1e-310, -0.0
    back = GRURegressor.from_weights(weights, frozen="layer0", warm_start=True, max_iter=2, tol=None)
    assert "layer0.b_h" not in changed(weights, back.fit(X, Y).exact_weights_)


@pytest.mark.parametrize("frozen", [(), ("layer0", "readout.b")], ids=str)
def test_clipping_measures_what_is_trained(frozen):
    plain = {
        **SMALL, "max_iter": 1, "solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False,
        "learning_rate_init": 0.5, "learning_rate": "constant", "batch_size": N,
    }  # fmt: skip
    start = GRURegressor(**{**SMALL, "max_iter": 1}).fit(X, Y).exact_weights_

    def step(**parameters):
        model = GRURegressor.from_weights(start, warm_start=True, **{**plain, **parameters}).fit(X, Y)
        after = model.exact_weights_
        return model, {name: (start[name] - W) / 0.5 for name, W in after.items()}

    _, whole = step(clip_norm=None, alpha=0.3)
    kept = {name for name in whole if name in trained(start, frozen)} if frozen else set(whole)
    norm = np.sqrt(sum((whole[name] ** 2).sum() for name in kept))
    model, parts = step(clip_norm=None, alpha=0.3, frozen=frozen)
    np.testing.assert_allclose(model.grad_norm_curve_, [norm], rtol=1e-9)
    for name in kept:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-9, atol=1e-12)
    model, parts = step(clip_norm=norm / 7, alpha=0.3, frozen=frozen)
    length = np.sqrt(sum((g**2).sum() for g in parts.values()))
    np.testing.assert_allclose(length, norm / 7, rtol=1e-4)
    assert model.clipped_fraction_curve_ == [1.0]


def test_the_loss_has_no_penalty_of_what_is_frozen():
    weights = GRURegressor(**SMALL).fit(X, Y).exact_weights_

    def loss(**parameters):
        parameters = {**SMALL, "max_iter": 1, "batch_size": N, **parameters}
        return GRURegressor.from_weights(weights, warm_start=True, **parameters).fit(X, Y).loss_

    penalty = sum((weights[f"layer0.{part}"] ** 2).sum() for part in ("W_x", "W_h")) / 2 / N
    assert loss(alpha=1.0) - loss(alpha=1.0, frozen="layer0") == pytest.approx(penalty)


def test_streams_learn_beside_them():
    rows, y = X[:2].reshape(-1, 2), Y[: 2 * T]
    of_rows = {"rows": "steps", "initial_state": "last", "gradient": "rtrl", "frozen": "layer0"}
    model = RNNRegressor(**{**SMALL, "hidden_size": 4}, **of_rows).fit(rows, y)
    before = model.exact_weights_
    stream = model.stream()
    for x, target in zip(rows, y, strict=True):
        stream.learn(x, target)
    assert changed(before, model.adopt(stream).exact_weights_) == {"readout.W", "readout.b"}


def test_of_encoder_decoders():
    pairs = ["one", "two", "three"], ["1", "2", "3"]
    model = GRUEncoderDecoder(hidden_size=4, max_iter=2, tol=None, random_state=0, warm_start=True)
    before = model.fit(*pairs).weights_
    after = model.set_params(frozen=("encoder", "decoder.embedding")).fit(*pairs).weights_
    assert changed(before, after) == trained(before, ["encoder", "decoder.embedding"])


def test_a_table_of_vectors_for_words():
    """What is known of words from elsewhere, also of those that fit does not see."""
    words = ["good", "bad", "great", "awful", "film", "book"]
    known = np.random.RandomState(0).normal(size=(6, 3))
    known[:, 0] = [2, -2, 2, -2, 0, 0]
    X = [["good", "film"], ["bad", "film"], ["bad", "book"], ["good", "book"]] * 5
    y = [1, 0, 0, 1] * 5
    encoder = TokenEncoder(analyzer="word").fit([" ".join(words)])
    table = np.zeros((1 + len(words), 3))  # row 0: words that are not known
    for word, vector in zip(words, known, strict=True):
        table[encoder.vocabulary_[word]] = vector
    model = GRUClassifier.from_weights(
        {"embedding.W": table}, draw=("layer0", "readout"), classes=[0, 1], frozen=("embedding",),
        hidden_size=8, warm_start=True, random_state=0,
    )  # fmt: skip
    model.fit(encoder.transform([" ".join(words) for words in X]), y)
    assert model.weights_["embedding.W"].tobytes() == table.tobytes()
    unseen = encoder.transform(["great film", "awful book", "awful film", "great book"])
    assert model.predict(unseen).tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("frozen", "message"),
    [
        ("output", "frozen must be.*'output' is none of GRURegressor, which has.*'readout.W'"),
        (("layer0", "layer2"), "'layer2' is none of"),
        ((0,), "0 is none of"),
        (("layer0", "layer1", "readout"), "leaves no weight to train"),
        (0, "'frozen' parameter"),
    ],
    ids=str,
)
def test_what_cannot_be_frozen(frozen, message):
    model = GRURegressor(**SMALL).fit(X, Y)
    before = model.weights_
    for solver in ("adam", "lbfgs"):
        with pytest.raises(ValueError, match=message) as caught:
            model.set_params(frozen=frozen, solver=solver).fit(X, Y)
        assert len(str(caught.value)) <= 600
    assert not changed(before, model.weights_)


def test_the_penalty_is_that_of_the_weights_that_are_trained():
    """Linear in alpha, and nothing of what is frozen."""
    X = np.random.RandomState(0).normal(size=(9, 4, 2))

    def loss(alpha, frozen):
        options = {"max_iter": 1, "tol": None, "random_state": 0, "batch_size": 9, "dtype": "float64"}
        model = GRURegressor(3, alpha=alpha, frozen=frozen, **options)
        return model.fit(X, X[:, 0, 0]).loss_curve_[0]

    losses = [loss(alpha, ("layer0",)) for alpha in (0, 1, 2)]
    assert losses[1] - losses[0] == pytest.approx(losses[2] - losses[1], rel=1e-9)
    assert 0 < losses[1] - losses[0] < loss(1, ()) - loss(0, ())
