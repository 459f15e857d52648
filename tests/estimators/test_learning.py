"""``Stream.learn``: what partial_fit does with a row of every stream; and what is taken over from it."""

import pickle

import numpy as np
import pytest
from support.inside import theta_of

import skrnn
from skrnn._engine.online import INFLUENCES

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.usefixtures("engine"),
]
kinds = pytest.mark.parametrize("kind", INFLUENCES)
ONLINE = {
    "hidden_size": 4, "rows": "steps", "initial_state": "last", "gradient": "rtrl", "random_state": 0,
    "dtype": "float64", "tol": None, "max_iter": 2,
}  # fmt: skip
n, F = 40, 2
rng = np.random.RandomState(0)
X = rng.normal(size=(n, F))
TARGETS = {
    "number": 5 + 3 * X[:, 0],
    "numbers": np.c_[X[:, 0], 7 - X[:, 1]],
    "counts": np.round(np.exp(X[:, 0])),
    "two": np.where(X[:, 0] > 0, "up", "down"),
    "three": np.digitize(X[:, 0], [-0.5, 0.5]) - 1,
    "indicator": (X > 0).astype(int),
}


def fitted(kind="number", name="GRU", rows=slice(0, 20), **options):
    is_number = kind in ("number", "numbers", "counts")
    cls = getattr(skrnn, name + ("Regressor" if is_number else "Classifier"))
    if kind == "counts":
        options["loss"] = "poisson"
    return cls(**{**ONLINE, **options}).fit(X[rows], TARGETS[kind][rows])


def taught(stream, y, rows=slice(20, n)):
    """The answers of a stream that learns from these rows."""
    return [stream.learn(x, one) for x, one in zip(X[rows], y[rows], strict=True)]


def theta_in(stream):
    return stream._learning.learner.theta


# --- it learns what partial_fit learns -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_learns_what_partial_fit_learns(kind, name, dtype):
    model, y = fitted(kind, name, dtype=dtype), TARGETS[kind]
    stream, expected = model.stream(), model.predict(X[20:21])[0]
    answers = taught(stream, y)
    if dtype == "float64" or y.dtype.kind != "f":
        np.testing.assert_array_equal(np.shape(answers[0]), np.shape(expected))
        assert (
            np.allclose(answers[0], expected) if y.dtype.kind == "f" else np.all(answers[0] == expected)
        )
    for k in range(20, n):
        model.partial_fit(X[k : k + 1].astype(dtype), y[k : k + 1])
    tolerance = 1e-9 if dtype == "float64" else 2e-3
    np.testing.assert_allclose(theta_in(stream), theta_of(model), rtol=tolerance, atol=tolerance)


@kinds
@pytest.mark.parametrize("k1", [None, 1, 3])
def test_updates_every_k1_targets(kind, k1):
    model = fitted(gradient=kind, k1=k1)
    stream, before = model.stream(), theta_of(model).copy()
    changes = []
    for k in range(6):
        stream.learn(X[k], TARGETS["number"][k])
        changes.append((theta_in(stream) != before).any())
        before = theta_in(stream).copy()
    assert changes == ([False, False, True] * 2 if k1 == 3 else [True] * 6)
    model.partial_fit(X[:6], TARGETS["number"][:6])
    if k1 == 3:
        np.testing.assert_allclose(before, theta_of(model), rtol=1e-9, atol=1e-12)


@kinds
def test_several_streams_are_the_series_of_a_table(kind):
    ids, y = np.arange(n) % 2, TARGETS["number"]
    table = np.c_[ids, X]
    model = skrnn.LSTMRegressor(**{**ONLINE, "gradient": kind}, sequence_id=0).fit(table[:20], y[:20])
    streams = model.stream(n_streams=2)
    for k in range(20, n, 2):
        assert streams.learn(X[k : k + 2], y[k : k + 2]).shape == (2,)
        model.partial_fit(table[k : k + 2], y[k : k + 2])
    np.testing.assert_allclose(theta_in(streams), theta_of(model), rtol=1e-9, atol=1e-12)


def test_steps_without_a_target_belong_to_the_past():
    """A row of weight zero is read in the same way."""
    model, y = fitted(solver="sgd", alpha=0.0, clip_norm=None), TARGETS["number"]
    stream, weight = model.stream(), np.tile([0.0, 0.0, 1.0], 6)
    for k in range(20, 38):
        stream.learn(X[k], y[k]) if weight[k - 20] else stream.step(X[k])
    for k in range(20, 38, 3):
        model.partial_fit(X[k : k + 3], y[k : k + 3], weight[k - 20 : k - 17])
    np.testing.assert_allclose(theta_in(stream), theta_of(model), rtol=1e-9, atol=1e-12)


def test_answers_are_those_before_learning():
    model = fitted()
    stream, other = model.stream(), model.stream()
    assert stream.learn(X[20], 1e3) == other.step(X[20])
    assert stream.step(X[21]) != other.step(X[21])
    plain = fitted().set_params(gradient="bptt").stream()
    np.testing.assert_allclose(model.stream().step(X[20]), plain.step(X[20]), rtol=1e-12)


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
def test_every_form_of_a_number(name):
    """The short way of plain numbers reads what the long one of arrays does, to the bit."""
    model, thetas = fitted(name=name), []
    forms = [float, np.float64, np.float32, int, np.int64, np.array, lambda y: [y], lambda y: [[y]]]
    for form in forms:
        stream = model.stream()
        for k in range(20, 30):
            stream.learn(X[k], form(k % 4))
        thetas.append(theta_in(stream))
    for theta in thetas[1:]:
        np.testing.assert_array_equal(theta, thetas[0])


def test_large_numbers_are_read_as_arrays_are():
    model = fitted(solver="sgd", clip_norm=1.0)
    for y in (2**60, 1e150, -(2.0**53) - 2):
        streams = [model.stream() for _ in range(2)]
        for stream, form in zip(streams, (float, np.array), strict=True):
            stream.learn(X[20], form(y))
        np.testing.assert_array_equal(*(theta_in(stream) for stream in streams))
    single = fitted(dtype="float32").stream()
    with pytest.raises(ValueError, match="not too large for float32"):
        single.learn(X[20].astype("f"), 1e300)
    with pytest.raises(ValueError, match="y must be a number"):
        single.learn(X[20].astype("f"), 10**400)


def test_weights_of_classes_multiply_the_loss():
    y = TARGETS["three"]
    thetas = []
    for factor in (1.0, 3.0):
        model = fitted(
            "three", class_weight={-1: factor, 0: factor, 1: factor}, solver="sgd", clip_norm=None
        )
        model = model.set_params(learning_rate_init=0.01 / factor, momentum=0.0, alpha=0.0)
        stream = model.stream()
        stream.state = [np.zeros((1, 4))]
        theta_in(stream)[:] = np.linspace(-1, 1, len(theta_of(model)))
        taught(stream, y)
        thetas.append(theta_in(stream))
    np.testing.assert_allclose(*thetas, rtol=1e-9)


# --- what it leaves alone -------------------------------------------------------------------------------


def test_the_estimator_and_other_streams_do_not_learn():
    model = fitted()
    before, first, second = pickle.dumps(model), model.stream(), model.stream()
    answers = taught(first, TARGETS["number"])
    assert pickle.dumps(model) == before
    assert taught(second, TARGETS["number"]) == answers


@kinds
@pytest.mark.parametrize("k1", [None, 4])
def test_pickle_goes_on_as_if_nothing_had_happened(kind, k1):
    stream = fitted(name="LSTM", gradient=kind, k1=k1).stream()
    taught(stream, TARGETS["number"], slice(20, 30))
    copy = pickle.loads(pickle.dumps(stream))
    assert taught(copy, TARGETS["number"], slice(30, n)) == taught(
        stream, TARGETS["number"], slice(30, n)
    )
    np.testing.assert_array_equal(theta_in(copy), theta_in(stream))


def test_reset_goes_back_to_the_state_and_the_influence_at_the_start():
    model = fitted()
    stream = model.stream()
    before = stream.state, stream._learning.row.get_influence()
    assert before[1].any()
    taught(stream, TARGETS["number"])
    learned = theta_in(stream).copy()
    stream.reset()
    np.testing.assert_array_equal(stream.state[0], before[0][0])
    np.testing.assert_array_equal(stream._learning.row.get_influence(), before[1])
    np.testing.assert_array_equal(theta_in(stream), learned)


def test_a_state_that_is_assigned_has_no_past():
    stream = fitted().stream()
    stream.step(X[20])
    stream.state = stream.state
    assert not stream._learning.row.get_influence().any()


# --- taking it over -------------------------------------------------------------------------------------


@kinds
def test_adopt_goes_on_where_the_stream_is(kind):
    model, y = fitted(name="LSTM", gradient=kind), TARGETS["number"]
    expected = pickle.loads(pickle.dumps(model))
    stream = model.stream()
    taught(stream, y, slice(20, 30))
    for k in range(20, 30):
        expected.partial_fit(X[k : k + 1], y[k : k + 1])
    n_updates = model.n_updates_
    assert model.adopt(stream) is model
    assert model.n_updates_ == n_updates + 10 == model.adopt(stream).n_updates_
    np.testing.assert_allclose(model.predict(X[30:]), [stream.step(x) for x in X[30:]], rtol=1e-9)
    for one in (model, expected):
        one.partial_fit(X[30:], y[30:])
    np.testing.assert_allclose(theta_of(model), theta_of(expected), rtol=1e-9, atol=1e-12)


def test_adopt_copies():
    model = fitted()
    stream = model.stream()
    model.adopt(stream)
    before = pickle.dumps(model)
    taught(stream, TARGETS["number"])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("n", [3, 1])  # other ones than there are series, or as many
def test_adopt_of_streams_from_zeros_leaves_the_series(n):
    model = fitted().set_params(initial_state="zeros")
    stream, end = model.stream(n), model.final_state_[0].copy()
    stream.learn(X[:n], TARGETS["number"][:n])
    model.adopt(stream)
    np.testing.assert_array_equal(theta_of(model), theta_in(stream))
    np.testing.assert_array_equal(model.final_state_[0], end)


def test_adopt_takes_streams_of_the_estimator_only():
    model = fitted()
    plain = fitted().set_params(gradient="bptt")
    for other in (plain.stream(), None, 3):
        with pytest.raises(ValueError, match="stream must be a Stream that learns"):
            model.adopt(other)
    with pytest.raises(ValueError, match="not one of this GRURegressor"):
        model.adopt(fitted(name="LSTM").stream())


# --- errors ---------------------------------------------------------------------------------------------

NOT_A_NUMBER = [None, "x", [1.0, 2.0], np.nan, np.inf, [[1.0], [2.0]], {}, 1j]
WRONG = {
    "number": NOT_A_NUMBER,
    "numbers": [1.0, [1.0, 2.0, 3.0], [[1.0], [2.0]], [1.0, np.nan], "xy", None],
    "counts": [-1, np.nan],
    "two": ["left", None, 1, ["up", "down"], {}, [["up"]]],
    "three": [7, "1x", None, np.nan, [0, 1]],
    "indicator": [[1, 2], [1], 1, "10", None, [[1, 0], [0, 1]]],
}


@pytest.mark.parametrize("kind", WRONG)
def test_targets_that_cannot_be_read(kind):
    stream = fitted(kind).stream()
    before = pickle.dumps(stream)
    for y in WRONG[kind]:
        with pytest.raises(ValueError, match="y must ") as raised:
            stream.learn(X[20], y)
        assert len(str(raised.value)) < 600
    for x in (X[20, :1], X[20:22], [np.nan, 1.0], "x"):
        with pytest.raises(ValueError, match="x "):
            stream.learn(x, TARGETS[kind][20])
    assert pickle.dumps(stream) == before


def test_learning_needs_gradients_that_run_forwards():
    stream = fitted(gradient="bptt").stream()
    with pytest.raises(ValueError, match="learn needs gradient='rtrl' or 'snap1'"):
        stream.learn(X[0], 1.0)


def test_streams_are_checked_as_training_is():
    model = fitted().set_params(dropout=0.5)
    with pytest.raises(ValueError, match=r"gradient=.rtrl. and dropout=0.5"):
        model.stream()
    model.set_params(dropout=0.0, weight_dropout=0.5)
    with pytest.raises(ValueError, match=r"gradient=.rtrl. and weight_dropout=0.5"):
        model.stream()
    model.set_params(weight_dropout=0.0, hidden_size=5)
    with pytest.raises(ValueError, match="hidden_size was"):
        model.stream()
    model.set_params(gradient="forwards")
    with pytest.raises(ValueError, match="'gradient' parameter"):
        model.stream()


def test_a_divergence_leaves_finite_weights():
    model = fitted(name="RNN", activation="identity", solver="sgd", clip_norm=None)
    stream = model.set_params(learning_rate_init=1e200).stream()
    with pytest.raises(ValueError, match=r"Training diverged.*lower learning_rate_init"):
        taught(stream, TARGETS["number"])
    assert np.isfinite(theta_in(stream)).all()
    assert np.isfinite(stream.step(X[0]))
