"""``stream``: step by step the numbers of ``predict``, state in and out, nothing shared, nothing broken.

With kernels the bits are the same. On NumPy, numbers differ in the last bits, because its functions treat
the last numbers of an array otherwise than the others.
"""

import copy
import functools
import itertools
import pickle
import threading

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from support.combinations import together
from support.inside import theta_of
from support.reference import POOLING_VARIANTS

import skrnn
from skrnn import _kernels
from skrnn._estimators.streaming import advance

T, F = 6, 3
BY_CELL = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
NUMBERS = [1, 3, 17]


def sequences(n, T=T, dtype=np.float64, seed=0):
    return np.random.RandomState(seed).normal(size=(n, T, F)).astype(dtype)


def targets(X, kind, per_step):
    """Targets of a kind, of the sequences or of their steps."""
    y = X[..., 0] + 0.5 * X[..., 1] if per_step else X[:, -1, 0] + X[:, 0, 1]
    two = np.stack([y, 1 - 2 * y], axis=-1)
    return {
        "number": lambda: 10 + 3 * y,
        "numbers": lambda: two,
        "two classes": lambda: np.where(y > 0, "up", "down"),
        "three classes": lambda: np.digitize(y, [-0.5, 0.5]),
        "labels": lambda: (two > 0).astype(int),
    }[kind]()


@functools.cache
def fitted(cell="gru", kind="number", dtype=np.float64, **parameters):
    name = BY_CELL[cell] + ("Regressor" if kind.startswith("number") else "Classifier")
    X = sequences(20, dtype=dtype, seed=5)
    parameters = {"hidden_size": 5, "max_iter": 1, "random_state": 0, **parameters}
    model = getattr(skrnn, name)(**parameters)
    return model.fit(X, targets(X, kind, model.return_sequences))


def methods(model):
    proba = ["predict_proba", "predict_log_proba"] if is_classifier(model) else []
    return ["predict", "hidden_states", *proba]


def steps_of(X):
    """(n, F) of every step; a single sequence as (F,)."""
    return [X[0, t] if len(X) == 1 else X[:, t] for t in range(X.shape[1])]


def assert_same(a, b, engine="kernels", softmax=False):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    if (engine == "numpy" or softmax) and a.dtype.kind == "f":  # softmax has no compiled twin
        eps = np.finfo(a.dtype).eps
        np.testing.assert_allclose(a, b, rtol=100 * eps, atol=100 * eps * (1 + np.abs(b).max()))
        return
    np.testing.assert_array_equal(a, b)


def answers(stream, X, method):
    """What a stream answers at every step."""
    return [stream.step(x, method) for x in steps_of(X)]


def as_rows(answer, n):
    """The answer of a method for n sequences as ``step`` gives it."""
    return answer[0] if n == 1 else answer


# --- the numbers of predict ---------------------------------------------------------------------------

CELLS = [("lstm", {}), ("gru", {}), *[("rnn", {"activation": a}) for a in ("tanh", "relu", "softmax")]]


@pytest.mark.parametrize(
    ("cell", "dtype", "pooling", "hidden"),
    together(CELLS, ["float32", "float64"], POOLING_VARIANTS, [7, (5, 16, 3)]),
)
def test_one_target_is_what_predict_says_if_the_sequence_ended_here(cell, dtype, pooling, hidden, engine):
    cell, options = cell
    model = fitted(cell, dtype=dtype, pooling=pooling, hidden_size=hidden, **options)
    softmax = options.get("activation") == "softmax"
    for n in NUMBERS:
        X = sequences(n, dtype=dtype)
        got = answers(model.stream(n), X, "predict")
        for t in (0, 1, T - 1):
            assert_same(got[t], as_rows(model.predict(X[:, : t + 1]), n), engine, softmax)
        hidden, states = answers(model.stream(n), X, "hidden_states"), model.hidden_states(X)
        for t in range(T):
            assert_same(hidden[t], as_rows(states[:, t], n), engine, softmax)


@pytest.mark.parametrize(
    ("cell", "dtype", "delay", "hidden"),
    together(CELLS, ["float32", "float64"], [0, 1, 3], [16, (4, 9)]),
)
def test_targets_per_step(cell, dtype, delay, hidden, engine):
    cell, options = cell
    model = fitted(
        cell, dtype=dtype, return_sequences=True, target_delay=delay, hidden_size=hidden, **options
    )
    softmax = options.get("activation") == "softmax"
    for n, method in itertools.product(NUMBERS, methods(model)):
        X = sequences(n, dtype=dtype)
        continued = np.concatenate([X, np.zeros((n, delay, F), dtype=dtype)], axis=1)
        got, expected = answers(model.stream(n), continued, method), getattr(model, method)(X)
        assert got[:delay] == [None] * delay
        for t in range(T):
            assert_same(got[t + delay], as_rows(expected[:, t], n), engine, softmax)


@pytest.mark.parametrize("kind", ["number", "numbers", "two classes", "three classes", "labels"])
@pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])
def test_every_method_and_kind_of_target(kind, per_step, engine):
    model = fitted("lstm", kind, return_sequences=per_step)
    for n, method in itertools.product(NUMBERS, methods(model)):
        X = sequences(n)
        got, expected = answers(model.stream(n), X, method), getattr(model, method)(X)
        if per_step or method == "hidden_states":
            for t in range(T):
                assert_same(got[t], as_rows(expected[:, t], n), engine)
        else:
            assert_same(got[-1], as_rows(expected, n), engine)


def test_a_long_stream_and_sequences_of_unequal_length(engine):
    """predict cuts long sequences into windows, and sorts sequences by length."""
    model = fitted("gru", return_sequences=True, hidden_size=(6, 5))
    X = [sequences(1, length, seed=length)[0] for length in (4, 300, 1, 150)]
    for x, expected in zip(X, model.predict(X), strict=True):
        stream = model.stream()
        assert_same([stream.step(x_t) for x_t in x], expected, engine)


def test_a_table(engine):
    """2-D X: the features of a step are step_features columns."""
    X = sequences(20)
    model = skrnn.LSTMRegressor(4, step_features=F, max_iter=2, random_state=0)
    table = pd.DataFrame(X.reshape(20, -1)).add_prefix("c")
    model.fit(table, X[:, -1, 0])
    assert_same(answers(model.stream(20), X, "predict")[-1], model.predict(table), engine)


def test_wide_layers_and_read_outs():
    """More than one block of rows, several panels, a read-out of many columns."""
    X = sequences(70)
    model = skrnn.LSTMRegressor((40, 70), max_iter=1, random_state=0, return_sequences=True)
    model.fit(X[:9], np.random.RandomState(0).normal(size=(9, T, 19)))
    expected = model.predict(X)
    for t, answer in enumerate(answers(model.stream(70), X, "predict")):
        assert_same(answer, expected[:, t])


@pytest.mark.parametrize("build", [*_kernels.builds])
@each_dtype
def test_every_build(build, dtype):
    with _kernels.using(build):
        for cell in BY_CELL:
            model = fitted(cell, dtype=dtype, hidden_size=(9, 20))
            X = sequences(5, dtype=dtype)
            assert_same(answers(model.stream(5), X, "predict")[-1], model.predict(X))


# --- what x may be ------------------------------------------------------------------------------------

FORMS = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "integers": lambda x: x.astype(int),
    "bool": lambda x: x.astype(bool),
    "objects": lambda x: x.astype(object),
    "float16": lambda x: x.astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "long double": lambda x: x.astype(np.longdouble),
    "byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "in reverse": lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
    "fortran": np.asfortranarray,
    "broadcast": lambda x: np.broadcast_to(x[..., :1], x.shape),
    "read only": lambda x: np.frombuffer(x.tobytes()).reshape(x.shape),
    "frame": lambda x: pd.DataFrame(x) if x.ndim == 2 else pd.Series(x),
    "large": lambda x: 1e30 * x,
    "subclass": lambda x: x.view(type("Own", (np.ndarray,), {})),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n", [1, 4])
@each_dtype
def test_forms_of_x(form, n, dtype, engine):
    model = fitted("lstm", dtype=dtype)
    x = np.rint(4 * sequences(n, 1)[:, 0])
    x = FORMS[form](x[0] if n == 1 else x)
    expected = model.predict(np.asarray(x, dtype=float).reshape(n, 1, F))
    assert_same(model.stream(n).step(x), as_rows(expected, n), engine)


def test_one_row_or_a_row_of_one(engine):
    stream = fitted(kind="three classes").stream()
    x = sequences(1)[0, 0]
    p = stream.step(x, "predict_proba")
    assert p.shape == (3,)
    stream.reset()
    np.testing.assert_array_equal(stream.step(x[None], "predict_proba"), [p])


BAD_X = {
    "too many": (lambda x: np.hstack([x, x]), "x has shape"),
    "too few": (lambda x: x[..., :-1], "x has shape"),
    "other rows": (lambda x: np.stack([x, x]), "x has shape"),
    "number": (lambda x: 1.0, "x has shape"),
    "none": (lambda x: x[:0], "x has shape"),
    "3-D": (lambda x: x[None, None], "x has shape"),
    "NaN": (lambda x: np.where(x == x.flat[1], np.nan, x), "x contains NaN, at position .*1"),
    "infinity": (lambda x: np.where(x == x.flat[1], -np.inf, x), "x contains infinity"),
    "list with NaN": (lambda x: [np.nan] * F, "x contains NaN"),
    "text": (lambda x: ["a"] * F, "x"),
    "None": (lambda x: None, "x"),
    "complex": (lambda x: x + 1j, "x"),
    "unequal": (lambda x: [[1.0], [1.0, 2.0]], "x cannot be read"),
    "method": (lambda x: x, "method='score'"),
}


@pytest.mark.parametrize("bad", BAD_X)
def test_what_x_may_not_be(bad, engine):
    model = fitted("lstm", pooling="mean", hidden_size=(4, 5))
    stream, same = model.stream(), model.stream()
    x = sequences(1)[0]
    stream.step(x[0]), same.step(x[0])
    spoil, message = BAD_X[bad]
    with pytest.raises(ValueError, match=message):
        stream.step(spoil(x[1]), *["score"] * (bad == "method"))
    assert stream.step(x[1]) == same.step(x[1])


@pytest.mark.parametrize("wrap", [np.ma.masked_array, sparse.csr_array], ids=["masked", "sparse"])
def test_x_that_is_not_complete_or_dense(wrap):
    with pytest.raises(TypeError, match=r"(?i)x"):
        fitted().stream().step(wrap(np.ones((1, F))))


def test_too_large_for_float32(engine):
    stream = fitted(dtype=np.float32).stream()
    with pytest.raises(ValueError, match="x contains infinity or a value too large for float32"):
        stream.step(np.full(F, 1e39))
    with pytest.raises(ValueError, match="x contains infinity or a value too large for float32"):
        stream.step([1e39] * F)


def test_x_of_several_streams():
    stream = fitted().stream(4)
    for bad in (np.zeros(F), np.zeros((3, F)), np.zeros((4, F - 1)), np.zeros(4)):
        with pytest.raises(ValueError, match=r"x has shape .* \(4, 3\) is expected"):
            stream.step(bad)


@pytest.mark.parametrize("method", ["score", "fit", None, ["predict"], "predict_proba"])
def test_methods_that_a_regressor_has_not(method):
    with pytest.raises(ValueError, match=r"method=.*'predict', 'hidden_states'"):
        fitted().stream().step(np.zeros(F), method)


@pytest.mark.parametrize("n", [0, -1, 1.0, "2", None, True])
def test_number_of_streams(n):
    with pytest.raises(ValueError, match="n_streams must be an int >= 1"):
        fitted().stream(n)


@pytest.mark.parametrize("n", [2**41, 2**62, 2**200], ids=["2^41", "2^62", "2^200"])
def test_more_streams_than_memory(n):
    with pytest.raises(MemoryError, match="n_streams="):
        fitted().stream(n)


def test_what_cannot_be_streamed():
    with pytest.raises(ValueError, match=r"stream and bidirectional=True"):
        fitted(bidirectional=True).stream()
    with pytest.raises(NotFittedError):
        skrnn.GRURegressor().stream()


def test_numpy_integers_are_numbers():
    assert fitted().stream(np.int32(3)).step(np.zeros((3, F))).shape == (3,)


# --- state --------------------------------------------------------------------------------------------

SETTINGS = {
    "last": {},
    "mean": {"pooling": "mean"},
    "max": {"pooling": "max"},
    "last and max": {"pooling": "last_max"},
    "several": {"pooling": ("max", "last", "mean")},
    "per step": {"return_sequences": True},
    "delay": {"return_sequences": True, "target_delay": 2},
}
POOLED = {
    "mean": [(2, 5), (2, 1)], "max": [(2, 5)], "last and max": [(2, 5)],
    "several": [(2, 5), (2, 5), (2, 1)],
}  # fmt: skip
each_setting = pytest.mark.parametrize("setting", SETTINGS)


def leaves(state):
    """All arrays of a state."""
    for entry in state:
        if isinstance(entry, tuple):
            yield from entry
        elif isinstance(entry, np.ndarray):
            yield entry


@each_setting
@pytest.mark.parametrize("cell", BY_CELL)
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("when", [0, 1, 4])
def test_another_stream_goes_on_from_a_state(setting, cell, n, when, engine):
    model = fitted(cell, hidden_size=(4, 5), dtype=np.float32, **SETTINGS[setting])
    X = sequences(n, dtype=np.float32)
    stream, other = model.stream(n), model.stream(n)
    other.step(X[:, 3])
    answers(stream, X[:, :when], "predict")
    other.state = stream.state
    for x in steps_of(X[:, when:]):
        a, b = stream.step(x), other.step(x)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)


@each_setting
def test_what_a_state_looks_like(setting, engine):
    model = fitted("lstm", hidden_size=(4, 5), dtype=np.float32, **SETTINGS[setting])
    stream = model.stream(2)
    X = sequences(2, dtype=np.float32)
    for t in range(3):
        state = stream.state
        shapes = [a.shape for a in leaves(state)]
        assert shapes == [(2, 4), (2, 4), (2, 5), (2, 5), *POOLED.get(setting, [])]
        assert all(a.dtype == np.float32 for a in leaves(state))
        assert len(state) == 2 + (setting in POOLED or setting == "delay")
        if setting in ("mean", "several"):
            np.testing.assert_array_equal(state[2][-1], t)
        if setting in ("max", "last and max", "several") and t == 0:
            assert np.isneginf(state[2][0] if setting == "several" else state[2]).all()
        if setting == "delay":
            assert state[2] == t
        stream.step(X[:, t])
    if setting != "delay":  # whose hidden states are those of later steps
        assert_same(stream.state[1][0], model.hidden_states(X[:, :3])[:, -1], engine)
    assert isinstance(fitted("gru").stream().state[0], np.ndarray)


@each_setting
def test_a_state_is_a_copy_both_ways(setting, engine):
    model = fitted("lstm", **SETTINGS[setting])
    X = sequences(2)
    stream, same = model.stream(2), model.stream(2)
    answers(stream, X[:, :4], "predict"), answers(same, X[:, :4], "predict")
    for array in leaves(stream.state):
        array[...] = 7
    given = stream.state
    stream.state = given
    for array in leaves(given):
        array[...] = 7
    np.testing.assert_array_equal(stream.step(X[:, 4]), same.step(X[:, 4]))


def test_a_state_of_lists_and_of_other_types(engine):
    model = fitted("lstm", dtype=np.float32)
    X = sequences(2, dtype=np.float32)
    stream, same = model.stream(2), model.stream(2)
    answers(stream, X[:, :2], "predict")
    ((h, c),) = stream.state
    same.state = [[h.tolist(), c.astype(np.float64)]]
    np.testing.assert_array_equal(stream.step(X[:, 2]), same.step(X[:, 2]))


@pytest.mark.parametrize("setting", [*POOLED, "delay"])
def test_without_the_additional_entry_pooling_and_the_delay_begin_anew(setting, engine):
    model = fitted("gru", **SETTINGS[setting])
    X = sequences(1)[0]
    stream = model.stream()
    for x in X[:3]:
        stream.step(x)
    before = stream.state
    stream.state = before[:1]
    np.testing.assert_array_equal(stream.state[0], before[0])
    assert str(stream.state[1]) == str(model.stream().state[1])


BAD_STATES = {
    "number": (lambda s: 3, "state must be a list"),
    "empty": (lambda s: [], "state has 0 entries"),
    "too few": (lambda s: s[:1], "state has 1 entries"),
    "too many": (lambda s: [*s, s[0]], "state has 4 entries"),
    "h only": (lambda s: [s[0][0], *s[1:]], r"state\[0\] must be a tuple of 2"),
    "three": (lambda s: [s[0], (*s[1], s[1][0]), s[2]], r"state\[1\] must be a tuple of 2"),
    "other layer": (lambda s: [s[1], s[0], s[2]], r"state\[0\]\[0\] has shape"),
    "other streams": (lambda s: [(s[0][0][:1], s[0][1]), *s[1:]], r"state\[0\]\[0\] has shape"),
    "1-D": (lambda s: [(s[0][0], s[0][1].ravel()), *s[1:]], r"state\[0\]\[1\] has shape"),
    "NaN": (lambda s: [(s[0][0], s[0][1] * np.nan), *s[1:]], r"state\[0\]\[1\] contains NaN"),
    "infinity": (lambda s: [s[0], (s[1][0] - np.inf, s[1][1]), s[2]], r"state\[1\]\[0\] contains inf"),
    "text": (lambda s: [(s[0][0].astype(str), s[0][1]), *s[1:]], r"state\[0\]\[0\]"),
    "pool": (lambda s: [*s[:2], s[2][0]], r"state\[2\] must be a tuple"),
    "pool infinite": (lambda s: [*s[:2], (s[2][0] - np.inf, s[2][1])], r"state\[2\]\[0\] contains inf"),
    "count": (lambda s: [*s[:2], (s[2][0], -s[2][1])], "number of steps so far, is negative"),
}


@pytest.mark.parametrize("bad", BAD_STATES)
def test_states_that_are_rejected_change_nothing(bad, engine):
    model = fitted("lstm", hidden_size=(4, 5), pooling="mean")
    X = sequences(2)
    stream, same = model.stream(2), model.stream(2)
    stream.step(X[:, 0]), same.step(X[:, 0])
    spoil, message = BAD_STATES[bad]
    with pytest.raises(ValueError, match=message):
        stream.state = spoil(stream.state)
    np.testing.assert_array_equal(stream.step(X[:, 1]), same.step(X[:, 1]))


@pytest.mark.parametrize("value", [np.inf, np.nan, -1e300], ids=["inf", "NaN", "too small"])
def test_a_maximum_may_only_be_minus_infinity(value):
    stream = fitted(pooling="max", dtype=np.float32).stream()
    state = stream.state
    stream.state = state
    with pytest.raises(ValueError, match=r"state\[1\] contains"):
        stream.state = [state[0], np.full(state[1].shape, value)]


def test_of_several_poolings_each_array_is_checked_by_what_it_holds():
    stream = fitted(pooling=("max", "mean")).stream()
    h, (top, total, count) = stream.state
    for name, pool in (
        (r"state\[1\]\[1\] contains inf", (top, top, count)),
        (r"state\[1\]\[0\] contains inf", (-top, total, count)),
        (r"state\[1\]\[2\], the number of steps so far, is negative", (top, total, count - 1)),
        (r"state\[1\] must be a tuple of 3 arrays", (top, total)),
    ):
        with pytest.raises(ValueError, match=name):
            stream.state = [h, pool]
    stream.state = [h, (total, total, count + 2)]


@pytest.mark.parametrize("count", [-1, 1.0, None, True])
def test_the_number_of_steps_is_an_int(count):
    stream = fitted(return_sequences=True, target_delay=2).stream()
    with pytest.raises(ValueError, match=r"state\[1\], the number of steps so far"):
        stream.state = [stream.state[0], count]


@each_setting
def test_reset(setting, engine):
    model = fitted("lstm", **SETTINGS[setting])
    X = sequences(3)
    stream = model.stream(3)
    first = answers(stream, X, "predict")
    stream.state = stream.state
    stream.reset()
    for a, b in zip(first, answers(stream, X, "predict"), strict=True):
        np.testing.assert_array_equal(a, b)


# --- on its own ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["number", "three classes"])
def test_the_model_does_not_change_and_neither_does_the_stream(kind, engine):
    model = copy.deepcopy(fitted("lstm", kind))
    X = sequences(4)
    before = pickle.dumps(model)
    stream = model.stream(4)
    answers(stream, X[:, :3], "predict")
    assert pickle.dumps(model) == before

    unchanged = pickle.loads(before).stream(4)
    answers(unchanged, X[:, :3], "predict")
    Z = sequences(20, seed=9)
    model.partial_fit(Z, targets(Z, kind, False))
    method = "predict" if kind == "number" else "predict_proba"
    np.testing.assert_array_equal(stream.step(X[:, 3], method), unchanged.step(X[:, 3], method))
    model.set_params(hidden_size=2, dropout=0.5).fit(Z, targets(-Z, kind, False))
    np.testing.assert_array_equal(stream.step(X[:, 4], method), unchanged.step(X[:, 4], method))


def test_the_answers_are_the_callers(engine):
    """Writing into an answer changes nothing."""
    for kind in ("numbers", "labels", "three classes"):
        model = fitted("gru", kind)
        X = sequences(2)
        stream, same = model.stream(2), model.stream(2)
        for x in steps_of(X):
            for method in methods(model):
                saved = stream.state
                answer = stream.step(x, method)
                stream.state = saved
                expected = same.step(x, method)
                same.state = saved
                np.testing.assert_array_equal(answer, expected)
                answer[...] = 3
            stream.step(x), same.step(x)


def test_streams_share_nothing(engine):
    model = fitted("lstm")
    X, Y = sequences(1)[0], sequences(1, seed=4)[0]
    a, b = model.stream(), model.stream()
    mixed = [(a.step(x), b.step(y)) for x, y in zip(X, Y, strict=True)]
    c, d = model.stream(), model.stream()
    assert mixed == list(zip([c.step(x) for x in X], [d.step(y) for y in Y], strict=True))


@each_setting
@pytest.mark.parametrize("copied", [lambda s: pickle.loads(pickle.dumps(s)), copy.copy, copy.deepcopy],
                         ids=["pickle", "copy", "deepcopy"])  # fmt: skip
def test_copies_go_on_from_where_the_stream_is(setting, copied, engine):
    model = fitted("lstm", hidden_size=(4, 5), **SETTINGS[setting])
    X = sequences(2)
    stream = model.stream(2)
    answers(stream, X[:, :3], "predict")
    other = copied(stream)
    for x in steps_of(X[:, 3:]):
        np.testing.assert_array_equal(stream.step(x), other.step(x))
    other.reset()
    np.testing.assert_array_equal(other.step(X[:, 0]), model.stream(2).step(X[:, 0]))


def test_a_state_beyond_all_numbers_pickles():
    """relu has no bound: answers become infinite, and the stream stays what it is."""
    model = fitted("rnn", activation="relu")
    theta_of(model)[:] = 1e30
    stream = model.stream()
    with np.errstate(all="ignore"):
        for x in np.ones((40, model.n_features_in_)):
            stream.step(x, "hidden_states")
    again = pickle.loads(pickle.dumps(stream))
    np.testing.assert_array_equal(again.state[0], stream.state[0])
    assert np.isinf(again.state[0]).any()


def test_classifiers_and_object_labels_pickle():
    X = sequences(20)
    y = np.array(["a", "bb", "ccc"] * 7, dtype=object)[:20]
    model = skrnn.RNNClassifier(3, max_iter=2, random_state=0).fit(X, y)
    stream = pickle.loads(pickle.dumps(model.stream()))
    assert stream.step(X[0, 0]) == model.predict(X[:1, :1])[0]


@pytest.mark.parametrize(
    "hidden",
    [pytest.param(8, id="short steps"), pytest.param(200, id="long steps", marks=pytest.mark.slow)],
)
def test_streams_in_threads(hidden, engine):
    """Long steps let other threads run meanwhile."""
    model = fitted("lstm", hidden_size=hidden, max_iter=1)
    X = [sequences(1, 50, seed=k)[0] for k in range(4)]
    expected = [[float(a.step(x)) for x in X[k]] for k, a in enumerate(model.stream() for _ in X)]
    got, start = [None] * 4, threading.Barrier(4)

    def run(k):
        stream = model.stream()
        start.wait()
        got[k] = [float(stream.step(x)) for x in X[k]]

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == expected


def test_raw_outputs_for_the_methods_that_go_on_by_themselves(engine):
    """``advance`` gives the raw outputs, whatever the delay."""
    model = fitted("gru", "three classes", return_sequences=True, target_delay=2)
    stream, raw = model.stream(2), model.stream(2)
    for x in steps_of(sequences(2)):
        answer, scores = stream.step(x), advance(raw, x)
        assert scores.shape == (2, 3)
        if answer is not None:
            np.testing.assert_array_equal(answer, model.classes_[scores.argmax(axis=1)])
