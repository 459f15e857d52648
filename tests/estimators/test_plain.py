"""What files hold: plain data, in which damage is found, and what they lack gets its default."""

import copy
import inspect
import io
import os
import pickle
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import preprocessing
from skrnn._estimators.digests import digest
from skrnn._estimators.versions import DIGEST
from skrnn.callbacks import Checkpoint

N, T = 12, 4
X = np.random.RandomState(0).normal(size=(N, T, 2))
Y = X[:, -1, 0]
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
FRAME = pd.DataFrame({"id": np.repeat(["a", "b"], N // 2), "x": X[:, 0, 0], "code": np.arange(N) % 3})
OF_ROWS = {"rows": "steps", "sequence_id": "id", "initial_state": "last"}
MAKERS = {
    "classifier": lambda: skrnn.GRUClassifier(**SMALL, warm_start=True).fit(X, np.arange(N) % 3),
    "words": lambda: skrnn.RNNClassifier(**SMALL).fit(X, np.array(["no", "yes"])[np.arange(N) % 2]),
    "regressor": lambda: skrnn.LSTMRegressor(**SMALL, warm_start=True, solver="sgd").fit(X, Y),
    "quantiles": lambda: skrnn.GRURegressor(**SMALL, loss="quantile", quantile=[0.1, 0.9]).fit(X, Y),
    "tokens": lambda: skrnn.GRUClassifier(**SMALL, embedding_size=2).fit([[1, 2], [0]], [0, 1]),
    "steps": lambda: skrnn.LSTMRegressor(**SMALL, **OF_ROWS).fit(FRAME[["id", "x"]], FRAME["x"]),
    "categories": lambda: skrnn.GRURegressor(**SMALL, **OF_ROWS, embedding_size={"code": 2}).fit(
        FRAME, FRAME["x"]
    ),
    "in parts": lambda: skrnn.GRUClassifier(**SMALL).partial_fit(X, np.arange(N) % 2, classes=[0, 1]),
    "encoder-decoder": lambda: skrnn.GRUEncoderDecoder(**SMALL).fit(["one", "two"], ["1", "2"]),
    "numbers": lambda: skrnn.LSTMEncoderDecoderRegressor(**SMALL, loss="poisson").fit(X, X[:, :2] ** 2),
    "scaler of steps": lambda: skrnn.TimeDistributed(StandardScaler()).fit(X),
    "windows": lambda: skrnn.SlidingWindow(2).fit(X[0]),
    "token encoder": lambda: skrnn.TokenEncoder().fit(["one", "two"]),
    "differencer": lambda: preprocessing.Differencer().fit(X),
    "fill forward": lambda: preprocessing.FillForward().fit(X),
    "series scaler": lambda: preprocessing.SeriesScaler().fit(X),
}
made = cache(lambda name: MAKERS[name]())
every = pytest.mark.parametrize("name", MAKERS)
every_estimator = pytest.mark.parametrize("name", list(MAKERS)[: list(MAKERS).index("scaler of steps")])
DATA = {"tokens": [[2, 1]], "steps": FRAME[["id", "x"]], "categories": FRAME, "encoder-decoder": ["two"]}


def answer(model, name):
    return model.predict(DATA.get(name, X))


def types_in(value):
    yield type(value)
    if isinstance(value, dict):
        for key, one in value.items():
            yield from types_in(key)
            yield from types_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from types_in(one)
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        yield from types_in(value.ravel().tolist())


def loaded(model, change):
    """What is loaded of a state that is changed and saved so."""
    state = copy.deepcopy(model.__getstate__())
    change(state)
    state[DIGEST] = digest({key: value for key, value in state.items() if not key.startswith("_skrnn")})
    again = object.__new__(type(model))
    again.__setstate__(state)
    return again


@every
def test_files_hold_plain_data(name):
    modules = {kind.__module__.partition(".")[0] for kind in types_in(made(name).__getstate__())}
    inner = {"sklearn"} if name == "scaler of steps" else set()
    assert modules <= {"builtins", "numpy"} | inner


@every
def test_what_is_loaded_holds_the_same(name):
    model = made(name)
    again = pickle.loads(pickle.dumps(model))
    state, same = model.__getstate__(), again.__getstate__()
    assert state[DIGEST] == same[DIGEST]
    assert state.keys() == same.keys()
    assert digest(state) != digest({**state, "more": 1})


class WithoutCache(skrnn.GRURegressor):
    """A class of a user who leaves out what need not be saved."""

    def __getstate__(self):
        return {name: one for name, one in super().__getstate__().items() if name != "cache_"}


class WithCache(skrnn.GRURegressor):
    """A class of a user who fills in what was not saved."""

    def __setstate__(self, state):
        super().__setstate__({**state, "cache_": []})


@pytest.mark.parametrize("cls", [WithoutCache, WithCache])
def test_classes_of_users_may_change_what_is_saved(cls):
    model = cls(**SMALL).fit(X, Y)
    model.cache_ = [1]
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert getattr(again, "cache_", []) == []
        assert (again.predict(X) == model.predict(X)).all()


@every_estimator
def test_training_goes_on_alike(name):
    """With the memory of the solver and the state of the random numbers, where they are kept."""
    model = made(name)
    again = pickle.loads(pickle.dumps(model))
    assert np.asarray(answer(again, name)).tolist() == np.asarray(answer(model, name)).tolist()
    if name in ("classifier", "regressor", "in parts"):
        y = Y if name == "regressor" else np.arange(N) % 2
        for one in (model := copy.deepcopy(model), again):
            one.set_params(shuffle=True, batch_size=5).partial_fit(X, y)
            if one.warm_start:
                one.fit(X, y)
        for part, W in model.weights_.items():
            assert W.tobytes() == again.weights_[part].tobytes()


def test_random_numbers_that_are_shared_stay_shared():
    numbers = np.random.RandomState(0)
    model = skrnn.GRUClassifier(
        hidden_size=2, max_iter=1, tol=None, warm_start=True, random_state=numbers
    )
    again = pickle.loads(pickle.dumps(model.fit(X, np.arange(N) % 2)))
    before = again.random_state.get_state()
    again.set_params(batch_size=5).fit(X, np.arange(N) % 2)
    after = again.random_state.get_state()
    assert before[2] != after[2] or (before[1] != after[1]).any()


@pytest.mark.parametrize("kind", ["MT19937", "PCG64", "Philox", "SFC64"])
def test_random_numbers_of_any_kind(kind):
    numbers = np.random.RandomState(getattr(np.random, kind)(3))
    model = skrnn.RNNRegressor(hidden_size=2, max_iter=1, tol=None, warm_start=True)
    model.set_params(random_state=numbers).fit(X, Y).set_params(random_state=None)
    again = pickle.loads(pickle.dumps(model))
    assert again._fitted.random_state.uniform() == numbers.uniform()


# --- other versions -----------------------------------------------------------------------------------


@every
def test_a_parameter_that_the_file_does_not_have_gets_its_default(name):
    model = made(name)
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(type(model)).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }  # fmt: skip
    assert defaults or name == "scaler of steps"
    for parameter, default in defaults.items():
        again = loaded(model, lambda state, parameter=parameter: state.pop(parameter))
        assert getattr(again, parameter) == default


@pytest.mark.parametrize(
    ("of", "field", "default"),
    [
        ("facts", "delay", 0), ("facts", "per_step", True), ("facts", "class_factors", None),
        ("architecture", "pooling", "last"), ("architecture", "categories", ()),
        ("form", "columns", None),
    ],
)  # fmt: skip
def test_a_fact_that_the_file_does_not_have_gets_its_default(of, field, default):
    model = made("classifier")

    def without(state):
        facts = state["_fitted"]["facts"]
        del (facts if of == "facts" else facts[of])[field]

    facts = loaded(model, without)._fitted.model.facts
    assert getattr(facts if of == "facts" else getattr(facts, of), field) == default


def test_what_the_file_has_in_excess_is_left_out():
    def more(state):
        state["_fitted"]["facts"]["form"]["new"] = 1
        state["_fitted"]["history"]["new"] = [1.0]

    again = loaded(made("classifier"), more)
    assert (again.predict(X) == made("classifier").predict(X)).all()


@pytest.mark.parametrize("of", ["history", "solver", "random_state", "series", "fixed"])
def test_what_only_going_on_needs_may_be_missing(of):
    def without(state):
        fitted = state["_fitted"]
        if of == "history":
            del fitted["history"]["grad_norm"]
        elif of == "fixed":
            del fitted["facts"]["fixed"]["pooling"]
        else:
            del fitted[of]

    loaded(made("classifier"), without).set_params(warm_start=True).fit(X, np.arange(N) % 3)


# --- damage -------------------------------------------------------------------------------------------


def theta_becomes(change):
    def changed(state):
        state["_fitted"]["theta"] = change(state["_fitted"]["theta"])

    return changed


def nan_at(theta):
    theta[3] = np.nan
    return theta


DAMAGE = {
    "longer": (
        theta_becomes(lambda theta: np.append(theta, 0.0)),
        r"it has \d+ weights, but.* needs \d+",
    ),
    "shorter": (theta_becomes(lambda theta: theta[:-1]), r"it has \d+ weights, but its network needs"),
    "NaN": (theta_becomes(nan_at), "its weights are not all finite"),
    "dtype": (
        theta_becomes(lambda theta: theta.astype(np.float32)),
        "its weights are no vector of float64",
    ),
    "axes": (theta_becomes(lambda theta: theta[None]), "its weights are no vector of float64"),
    "no array": (theta_becomes(list), "its weights are no vector"),
    "no weights": (lambda state: state["_fitted"].pop("theta"), "cannot be read.*KeyError: 'theta'"),
    "layers": (
        lambda state: state["_fitted"]["facts"]["architecture"].update(hidden_sizes=(10**6, 10**6)),
        "cannot be read.*MemoryError",
    ),
    "too many": (
        lambda state: state["_fitted"]["facts"]["architecture"].update(hidden_sizes=(10**9,)),
        "cannot be read.*MemoryError",
    ),
    "solver": (
        lambda state: state["_fitted"]["solver"].update(memory=np.zeros((2, 3))),
        "the memory of its solver",
    ),
    "kind": (lambda state: state["_fitted"]["facts"].update(kind="Fact"), "cannot be read.*KeyError"),
}


@pytest.mark.parametrize(("change", "message"), DAMAGE.values(), ids=list(DAMAGE))
def test_weights_and_facts_must_fit(change, message):
    with pytest.raises(ValueError, match=f"This GRUClassifier cannot be loaded: .*{message}") as caught:
        loaded(made("classifier"), change)
    assert len(str(caught.value)) <= 600


def test_weights_of_a_file_that_is_not_plain_are_checked_too():
    model = made("regressor")
    state = {**vars(model), "_fitted": copy.copy(model._fitted)}
    longer = np.append(model._fitted.model.theta, 0.0)
    object.__setattr__(state["_fitted"], "model", model._fitted.model.with_theta(longer))
    with (
        pytest.raises(ValueError, match=r"This LSTMRegressor cannot be loaded: it has \d+ weights"),
        pytest.warns(UserWarning, match="did not store it"),
    ):
        object.__new__(type(model)).__setstate__(state)


def paths_in(data, path=()):
    """Where in plain data there is a number, a text or an array."""
    if isinstance(data, dict):
        for key, one in data.items():
            yield from paths_in(one, (*path, key))
    elif isinstance(data, list):
        for k, one in enumerate(data):
            yield from paths_in(one, (*path, k))
    elif not isinstance(data, tuple) and data is not None:
        yield path


def changed_at(data, path):
    *way, last = path
    for key in way:
        data = data[key]
    value = data[last]
    if isinstance(value, np.ndarray):
        data[last] = value.copy()
        data[last].reshape(-1).view(np.uint8)[-1] ^= 1
    else:
        data[last] = value + "x" if isinstance(value, str) else value + 1


@pytest.mark.parametrize("name", ["classifier", "steps"])
def test_every_change_is_found(name):
    model = made(name)
    state = model.__getstate__()
    paths = [
        path for path in paths_in({k: v for k, v in state.items() if not k.startswith("_skrnn")})
        if not (isinstance(value_at(state, path), np.ndarray) and value_at(state, path).dtype.hasobject)
    ]  # fmt: skip
    assert len(paths) > 60
    for path in paths:
        damaged = copy.deepcopy(state)
        changed_at(damaged, path)
        with pytest.raises(ValueError, match="is not what was saved: a part of its file has changed"):
            object.__new__(type(model)).__setstate__(damaged)


def value_at(data, path):
    for key in path:
        data = data[key]
    return data


def flipped(data, rng):
    data, k = bytearray(data), rng.randint(8 * len(data))
    data[k // 8] ^= 1 << k % 8
    return bytes(data)


@pytest.mark.filterwarnings("ignore")  # of versions that were hit
@pytest.mark.parametrize("n", [200, pytest.param(5000, marks=pytest.mark.slow)])
def test_flipped_bits_of_a_file_never_answer_otherwise(n):
    model, rng = made("classifier"), np.random.RandomState(0)
    file = io.BytesIO()
    joblib.dump(model, file)
    expected, named = model.predict_proba(X), 0
    for _ in range(n):
        try:
            again = joblib.load(io.BytesIO(flipped(file.getvalue(), rng)))
        except Exception as error:  # what pickle itself says may be anything
            named += "is not what was saved" in str(error)
        else:
            if isinstance(again, skrnn.GRUClassifier):
                assert np.array_equal(again.predict_proba(X), expected)
    assert named > 0.7 * n


def test_a_digest_whose_name_has_changed_is_found():
    data = pickle.dumps(made("classifier"))
    assert data.count(b"_skrnn_digest") == 1
    with pytest.raises(ValueError, match="is not what was saved"):
        pickle.loads(data.replace(b"_skrnn_digest", b"_skrnw_digest"))


# --- checkpoints --------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.joblib"
    skrnn.GRUClassifier(**SMALL).set_callbacks(Checkpoint(path)).fit(X, np.arange(N) % 3)
    return path


def test_checkpoints_are_read_by_all(path):
    by_us, by_joblib = Checkpoint.load(path), joblib.load(path)
    assert (by_us.predict_proba(X) == by_joblib.predict_proba(X)).all()
    assert (Checkpoint.load(str(path)).predict(X) == by_us.predict(X)).all()


@pytest.mark.parametrize("n", [100, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_checkpoints_are_named(path, n):
    whole, rng = path.read_bytes(), np.random.RandomState(0)
    for _ in range(n):
        path.write_bytes(flipped(whole, rng))
        with pytest.raises(ValueError, match=f"The file '{path}'"):
            Checkpoint.load(path)
        path.write_bytes(whole[: rng.randint(len(whole))])
        with pytest.raises(ValueError, match=f"The file '{path}' does not end as a file of Checkpoint"):
            Checkpoint.load(path)


def test_a_file_of_something_else_is_not_run(path):
    class Hostile:
        def __reduce__(self):
            return (os.unlink, (str(path),))

    other = path.with_name("other")
    other.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match="something else wrote it"):
        Checkpoint.load(other)
    assert path.exists()
    with pytest.raises(OSError, match="nowhere"):
        Checkpoint.load(path.with_name("nowhere"))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_numbers_in_the_other_order_of_bytes_are_not_taken_for_damage(protocol):
    """NumPy's pickles up to protocol 4 put them in the order of the machine."""
    X = np.arange(24.0).reshape(2, 4, 3).astype(">f8")
    differencer = skrnn.preprocessing.Differencer(3).fit(X)
    labels = skrnn.GRUClassifier(**SMALL).fit(X, np.array([5, 7], dtype=">i8"))
    labels.note_ = {"object": np.array([X[0, 0], ">U2"], dtype=object), "dtype": np.dtype(">f4")}
    for model in (differencer, labels):
        again = pickle.loads(pickle.dumps(model, protocol=protocol))
        assert vars(again).keys() == vars(model).keys()
    assert again.predict(X).tolist() == labels.predict(X).tolist()
    with io.BytesIO() as file:
        joblib.dump(differencer, file)
        file.seek(0)
        np.testing.assert_array_equal(joblib.load(file).history_[0], differencer.history_[0])
