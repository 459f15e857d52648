"""save and load: what a file holds, and what it cannot; damaged and hostile files run nothing."""

import json
import sys
import tracemalloc

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn.cells import LSTM
from skrnn.interop import load, save
from skrnn.losses import SquaredError
from skrnn.regressors import SequenceRegressor

safetensors_numpy = pytest.importorskip("safetensors.numpy")
from safetensors import safe_open  # noqa: E402

N, T = 10, 5
X = np.random.RandomState(0).normal(size=(N, T, 2))
Y = X[:, -1, 0]
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}


class Own(SequenceRegressor, cell=LSTM):
    """A class of a user."""


class OwnLoss(SquaredError):
    """A loss of a user."""


def rate(epoch):
    return 0.01


@pytest.fixture
def model():
    return skrnn.LSTMClassifier(**SMALL).fit(X, np.arange(N) % 3)


@pytest.fixture
def path(model, tmp_path):
    save(model, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def parts_of(path):
    """The arrays of a file, and its JSON."""
    with safe_open(path, framework="np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return arrays, json.loads(file.metadata()["skrnn"])


def write(path, arrays, content):
    path.write_bytes(safetensors_numpy.save(arrays, {"skrnn": json.dumps(content)}))


# --- what it holds ------------------------------------------------------------------------------------


def test_others_read_weights_by_their_names(model, path):
    arrays, content = parts_of(path)
    for name, W in model.exact_weights_.items():
        assert arrays[name].tobytes() == W.tobytes()
    assert content["class"] == "LSTMClassifier"
    assert content["versions"]["skrnn"] == skrnn.__version__


@pytest.mark.parametrize(
    "classes",
    [
        [0, 1, 2], [False, True], [1.0, 2.0, 3.0], ["a", "b", "ab"], [-(2**62), 2**62],
        np.array(["x", "y"], dtype=object), np.array(["x", "y"], dtype="U40"),
        np.array([3, 5, 250], dtype=np.uint8), np.array([1.0, 2.0], dtype=np.float32),
    ],
    ids=str,
)  # fmt: skip
def test_classes_of_any_dtype(classes, tmp_path):
    classes = np.asarray(classes)
    y = classes[np.arange(N) % len(classes)]
    model = skrnn.GRUClassifier(**SMALL).partial_fit(X, y, classes=classes)
    save(model, tmp_path / "file")
    again = load(tmp_path / "file")
    assert again.classes_.dtype == model.classes_.dtype
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert again.predict(X).dtype == model.predict(X).dtype


PARAMETERS = [
    {"class_weight": {"a": 2.0, "b": np.float64(1.5)}}, {"random_state": np.random.RandomState(3)},
    {"dtype": np.float32}, {"dtype": np.dtype("float64")}, {"n_iter_no_change": np.inf},
    {"hidden_size": [3, 2]}, {"hidden_size": np.array([3])}, {"frozen": ["layer0"]},
    {"alpha": np.float32(0.5)},
    {"forget_bias": ("chrono", 9)},
]  # fmt: skip


@pytest.mark.parametrize("parameters", PARAMETERS)  # no ids: addresses differ between the workers
def test_parameters_of_any_type(parameters, tmp_path):
    y = np.where(np.arange(N) % 2, "a", "b")
    model = skrnn.GRUClassifier(**{**SMALL, **parameters}).fit(X, y)
    save(model, tmp_path / "file")
    again = load(tmp_path / "file")
    for name, value in model.get_params().items():
        assert type(again.get_params()[name]) is type(value), name
        if name != "random_state":
            assert repr(again.get_params()[name]) == repr(value)
    if "random_state" in parameters:
        same = model.random_state.get_state()[1] == again.random_state.get_state()[1]
        assert same.all()
    assert again.fit(X, y).score(X, y) >= 0


@pytest.mark.parametrize("kind", ["datetime64[ns]", "object", "U3"])
def test_ids_of_series_and_their_states(kind, tmp_path):
    ids = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[ns]")
    ids = ids if kind.startswith("date") else np.array(["a", "b"], dtype=kind)
    rows = np.empty((N, 2), dtype=object)
    rows[:, 0], rows[:, 1] = np.repeat(ids, N // 2), X[:, 0, 0]
    of_rows = {"rows": "steps", "sequence_id": 0, "initial_state": "last"}
    model = skrnn.LSTMRegressor(**SMALL, **of_rows).fit(rows, Y)
    model.final_state_[0][0][:] = 0.25  # whoever changes an attribute means it
    save(model, tmp_path / "file")
    again = load(tmp_path / "file")
    assert again.sequence_ids_.tolist() == model.sequence_ids_.tolist()
    assert again.predict(rows).tolist() == model.predict(rows).tolist()
    assert again.final_state_[0][0].tolist() == model.final_state_[0][0].tolist()


@pytest.mark.parametrize("tokens", [["ab", "c"], [(1, "x"), (2.5, None)], [1, 2]], ids=str)
def test_vocabularies_of_any_tokens(tokens, tmp_path):
    pairs = [[tokens[0]], list(tokens)], [list(tokens), [tokens[1]]]
    model = skrnn.GRUEncoderDecoder(**SMALL).fit(*pairs)
    save(model, tmp_path / "file")
    again = load(tmp_path / "file")
    assert again.source_vocabulary_ == model.source_vocabulary_
    assert again.predict(pairs[0]) == model.predict(pairs[0])


def test_it_trains_on(path):
    again = load(path).set_params(warm_start=True)
    before = len(again.loss_curve_)
    assert len(again.fit(X, np.arange(N) % 3).loss_curve_) == before + SMALL["max_iter"]
    again.partial_fit(X, np.arange(N) % 3)


def test_a_file_is_replaced_as_a_whole(model, path):
    before = path.read_bytes()
    model.set_params(learning_rate=rate)
    with pytest.raises(ValueError, match="learning_rate"):
        save(model, path)
    assert path.read_bytes() == before
    save(model.set_params(learning_rate="constant"), str(path))
    assert load(str(path)).learning_rate == "constant"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_disk_that_is_full(model, small_disk):
    path = small_disk / "model.safetensors"
    save(model, path)
    before = path.read_bytes()
    large = skrnn.LSTMClassifier(**SMALL | {"hidden_size": 64}).fit(X, np.arange(N) % 3)
    with pytest.raises(OSError, match="No space left"):
        save(large, path)
    assert path.read_bytes() == before
    assert [one.name for one in small_disk.iterdir()] == [path.name]


# --- what it cannot -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Own(**SMALL).fit(X, Y), "skrnn's own classes, and Own is not one of them"),
        (lambda: make_pipeline(StandardScaler(), skrnn.GRURegressor()), "got Pipeline. Of a pipeline"),
        (skrnn.TokenEncoder, "got TokenEncoder.*with joblib or skops"),
        (lambda: None, "got NoneType"),
    ],
    ids=["own class", "pipeline", "transformer", "nothing"],
)
def test_what_cannot_be_saved(make, message, tmp_path):
    with pytest.raises(TypeError, match=message) as caught:
        save(make(), tmp_path / "file")
    assert len(str(caught.value)) <= 600


@pytest.mark.parametrize("parameters", [{"loss": OwnLoss}, {"learning_rate": rate}])
def test_code_cannot_be_saved(parameters, tmp_path):
    model = skrnn.GRURegressor(**SMALL, **parameters).fit(X, Y)
    name = next(iter(parameters))
    with pytest.raises(ValueError, match=f"save cannot write the parameter {name}=") as caught:
        save(model, tmp_path / "file")
    assert len(str(caught.value)) <= 600
    assert not (tmp_path / "file").exists()


def test_before_fit_and_without_safetensors(tmp_path, path, monkeypatch):
    with pytest.raises(NotFittedError):
        save(skrnn.GRURegressor(), tmp_path / "file")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (lambda: save(skrnn.GRURegressor(), tmp_path / "file"), lambda: load(path)):
        with pytest.raises(ImportError, match=r"skrnn\[safetensors\]"):
            call()


def test_no_file(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="folder"):
        save(skrnn.GRURegressor(**SMALL).fit(X, Y), tmp_path / "nowhere" / "file")


# --- damaged and hostile ------------------------------------------------------------------------------


def assert_named(path):
    """An error that names the file, soon, and without memory."""
    tracemalloc.start()
    with pytest.raises(ValueError, match="The file '") as caught:
        load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.name in str(caught.value)
    assert len(str(caught.value)) <= 600
    assert peak < 20_000_000
    return str(caught.value)


@pytest.mark.parametrize("n", [150, pytest.param(5000, marks=pytest.mark.slow)])
def test_flipped_bits_are_found(path, n):
    whole, rng = path.read_bytes(), np.random.RandomState(0)
    expected, said = load(path), []
    for _ in range(n):
        data, k = bytearray(whole), rng.randint(8 * len(whole))
        data[k // 8] ^= 1 << k % 8
        path.write_bytes(data)
        try:
            again = load(path)
        except ValueError as error:
            said.append(str(error))
        else:  # a bit of the versions, or of the padding
            assert (again.predict_proba(X) == expected.predict_proba(X)).all()
            assert again.get_params() == expected.get_params()
    assert len(said) > 0.9 * n
    assert all(path.name in message for message in said)


def test_files_that_were_cut_off(path):
    whole = path.read_bytes()
    for length in [0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert_named(path)


def architecture_becomes(content, **changes):
    facts = content["fitted"]["facts"]["dict"]
    architecture = next(value for key, value in facts if key == "architecture")["dict"]
    for pair in architecture:
        pair[1] = changes.get(pair[0], pair[1])


def facts_become(content, **changes):
    for pair in content["fitted"]["facts"]["dict"]:
        pair[1] = changes.get(pair[0], pair[1])


def deep(n):
    return "[" * n + "]" * n


def nested(n):
    value = []
    for _ in range(n):
        value = [value]
    return value


HOSTILE = {
    "a class of elsewhere": (lambda c: c.update({"class": "os.system"}), "class is 'os.system'"),
    "a base class": (lambda c: c.update({"class": "SequenceClassifier"}), "which is none of"),
    "no class": (lambda c: c.pop("class"), "KeyError"),
    "a later format": (lambda c: c.update(format=2), "which writes another format"),
    "a later parameter": (lambda c: c["parameters"].update(new=1), "has no parameter 'new'"),
    "huge layers": (
        lambda c: architecture_becomes(c, hidden_sizes={"tuple": [10**5]}), "of another shape"
    ),
    "impossible layers": (
        lambda c: architecture_becomes(c, hidden_sizes={"tuple": [10**12]}), "more weights than memory"
    ),
    "many layers": (
        lambda c: architecture_becomes(c, hidden_sizes={"tuple": [1] * 500}), "of another shape"
    ),
    "no layers": (lambda c: architecture_becomes(c, hidden_sizes={"tuple": []}), ""),
    "negative layers": (lambda c: architecture_becomes(c, hidden_sizes={"tuple": [-3]}), ""),
    "layers of text": (lambda c: architecture_becomes(c, hidden_sizes="33"), ""),
    "an unknown pooling": (lambda c: architecture_becomes(c, pooling="x"), "KeyError"),
    "another dtype": (lambda c: architecture_becomes(c, dtype="float32"), "has dtype float64"),
    "a dtype of objects": (lambda c: architecture_becomes(c, dtype="object"), ""),
    "a huge delay": (lambda c: facts_become(c, delay=10**15), "its target_delay is 1000000000000000"),
    "an unknown kind": (lambda c: facts_become(c, kind="os"), "KeyError"),
    "wide texts": (
        lambda c: c["parameters"].update(
            class_weight={"values": ["a"] * 9, "dtype": "<U500000000", "shape": [9], "is_scalar": False}
        ),
        "an array of dtype",
    ),
    "a large shape": (
        lambda c: c["parameters"].update(
            class_weight={"values": [1], "dtype": "<f8", "shape": [10**9], "is_scalar": False}
        ),
        "cannot reshape",
    ),
    "a shape beyond integers": (
        lambda c: c["parameters"].update(
            class_weight={"values": [1], "dtype": "<f8", "shape": [10**30], "is_scalar": False}
        ),
        "",
    ),
    "a dtype of many": (
        lambda c: c["parameters"].update(
            class_weight={"values": [1], "dtype": "(100000000,)f8", "shape": [1], "is_scalar": False}
        ),
        "an array of dtype",
    ),
    "deep lists": (lambda c: c["parameters"].update(class_weight=nested(600)), ""),
    "an array that is not there": (lambda c: c["parameters"].update(alpha={"array": "x"}), "KeyError"),
    "an unknown object": (lambda c: c["parameters"].update(alpha={"reduce": "os.system"}), "KeyError"),
    "an empty object": (lambda c: c["parameters"].update(alpha={}), "an empty object"),
    "another parameter": (lambda c: c["parameters"].update(alpha=2.0), "not what was saved"),
    "no digest": (lambda c: c.pop("digest"), "KeyError"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), HOSTILE.values(), ids=list(HOSTILE))
def test_what_a_file_says_is_not_believed(path, change, message):
    arrays, content = parts_of(path)
    change(content)
    write(path, arrays, content)
    assert message in assert_named(path)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "1", '"text"', "{", deep(100_000), '{"format": {}}'], ids=len
)
def test_other_json(path, text):
    arrays, _ = parts_of(path)
    path.write_bytes(safetensors_numpy.save(arrays, {"skrnn": text}))
    assert_named(path)


def test_a_file_of_another_program(path):
    path.write_bytes(safetensors_numpy.save({"weight": np.zeros(3)}))
    assert "KeyError" in assert_named(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("layer0.W_h"), "weights 'layer0.W_h' are missing"),
        (
            lambda arrays: arrays.update({"layer0.W_h": np.zeros((3, 3))}),
            "W_h'.*of another shape",
        ),
        (lambda arrays: arrays["layer0.W_h"].__setitem__(0, 1.0), "its contents are not what was saved"),
        (lambda arrays: arrays.update({"readout.b": np.zeros(3, "f4")}), "readout.b has dtype float32"),
    ],
    ids=["missing", "shape", "another value", "dtype"],
)
def test_arrays_that_are_not_those_of_the_network(path, change, message):
    arrays, content = parts_of(path)
    arrays = {name: W.copy() for name, W in arrays.items()}
    change(arrays)
    write(path, arrays, content)
    with pytest.raises(ValueError, match=message):
        load(path)
    assert_named(path)
