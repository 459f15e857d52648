"""TRUSTED_TYPES: what skops must trust, for every class, and damaged files of skops."""

import importlib
import io
import sys
import zipfile

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import preprocessing
from skrnn.interop import TRUSTED_TYPES, load

skops = pytest.importorskip("skops.io")

N, T = 10, 5
X = np.random.RandomState(0).normal(size=(N, T, 2))
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
ARGUMENTS = {"TimeDistributed": [StandardScaler()], "SlidingWindow": [2]}


def classes():
    for name in TRUSTED_TYPES:
        module, _, last = name.rpartition(".")
        yield getattr(importlib.import_module(module), last)


def fitted(cls):
    if cls.__name__.endswith("EncoderDecoder"):
        return cls(**SMALL).fit(["one", "two"], ["1", "2"])
    if cls.__name__.endswith("EncoderDecoderRegressor"):
        return cls(**SMALL).fit(X, X[:, :2])
    if cls is skrnn.ConformalRegressor:
        return cls(skrnn.GRURegressor(**SMALL), levels=0.5, cv=2).fit(X, X[:, -1, 0])
    if cls is skrnn.NaiveForecaster:
        return cls().fit(X[0], X[0][:, 0])
    if cls is skrnn.Forecaster:
        return cls(skrnn.GRURegressor(**SMALL), horizon=2).fit(np.empty((9, 0)), np.arange(9) % 3)
    if cls is skrnn.TokenEncoder:
        return cls().fit(["one", "two"])
    if cls.__module__.startswith("skrnn._transformers"):
        return cls(*ARGUMENTS.get(cls.__name__, ())).fit(X[0] if cls is skrnn.SlidingWindow else X)
    return cls(**SMALL, warm_start=True).fit(X, np.arange(N) % 3)


def test_they_are_all_classes_with_a_network_and_all_transformers():
    named = {cls.__name__ for cls in classes()}
    public = [getattr(skrnn, name) for name in skrnn.__all__]
    of_networks = {cls.__name__ for cls in public if isinstance(cls, type) and hasattr(cls, "_cell")}
    transformers = {name for name in preprocessing.__all__ if name[0].isupper()}
    others = {"ConformalRegressor", "Forecaster", "NaiveForecaster"}
    assert of_networks | transformers | others == named
    assert {cls.__name__ for cls in public if isinstance(cls, type)} <= named
    assert len(named) == len(TRUSTED_TYPES)
    assert all(isinstance(name, str) for name in TRUSTED_TYPES)


@pytest.mark.parametrize("cls", list(classes()), ids=lambda cls: cls.__name__)
def test_a_file_needs_trust_in_its_own_class_only(cls):
    data = skops.dumps(fitted(cls))
    own = [f"{cls.__module__}.{cls.__qualname__}"]
    has_one_within = cls in (skrnn.ConformalRegressor, skrnn.Forecaster)
    own += ["skrnn.regressors.GRURegressor"] if has_one_within else []
    assert skops.get_untrusted_types(data=data) == own
    again = skops.loads(data, trusted=TRUSTED_TYPES)
    assert type(again) is cls
    assert again.__getstate__().keys() == fitted(cls).__getstate__().keys()


def test_pipelines():
    pipe = make_pipeline(skrnn.TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL))
    pipe.fit(X, X[:, -1, 0])
    again = skops.loads(skops.dumps(pipe), trusted=TRUSTED_TYPES)
    assert again.predict(X).tolist() == pipe.predict(X).tolist()


@pytest.mark.filterwarnings("ignore")  # zipfile's, and of versions that were hit
@pytest.mark.parametrize("n", [60, pytest.param(3000, marks=pytest.mark.slow)])
def test_flipped_bits_never_answer_otherwise(n):
    model = fitted(skrnn.GRUClassifier)
    whole, rng = skops.dumps(model), np.random.RandomState(0)
    expected = model.predict_proba(X)
    for _ in range(n):
        data, k = bytearray(whole), rng.randint(8 * len(whole))
        data[k // 8] ^= 1 << k % 8
        try:
            again = skops.loads(bytes(data), trusted=TRUSTED_TYPES)
        except Exception:
            continue
        if isinstance(again, skrnn.GRUClassifier):
            assert (again.predict_proba(X) == expected).all()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_files_that_were_cut_off(share):
    whole = skops.dumps(fitted(skrnn.GRUClassifier))
    with pytest.raises(Exception, match=r"zip|File|truncated|end"):
        skops.loads(whole[: int(share * len(whole))], trusted=TRUSTED_TYPES)


def test_other_weights_in_a_whole_file_are_found(tmp_path):
    """A zip has checksums, but who packs it anew makes them anew."""
    model = fitted(skrnn.GRUClassifier)
    state = model.__getstate__()
    state["_fitted"]["theta"] = state["_fitted"]["theta"].copy()
    state["_fitted"]["theta"][0] += 1
    again = object.__new__(skrnn.GRUClassifier)
    with pytest.raises(ValueError, match="is not what was saved"):
        again.__setstate__(state)


# --- load ---------------------------------------------------------------------------------------------


def test_load_reads_them_with_what_is_around(tmp_path):
    pipe = make_pipeline(skrnn.TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL))
    skops.dump(pipe.fit(X, X[:, -1, 0]), tmp_path / "model")
    assert load(tmp_path / "model").predict(X).tolist() == pipe.predict(X).tolist()


def packed(parts, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def cut(data):
    return data[: len(data) // 2]


def flipped(data):
    k = len(data) // 2
    return data[:k] + bytes([data[k] ^ 8]) + data[k + 1 :]


def without_a_part(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    return packed(dict(list(parts.items())[1:]))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, r"cannot be loaded: it is damaged, or not one of skops \(BadZipFile"),
        (flipped, "cannot be loaded: it is damaged"),
        (without_a_part, "cannot be loaded: it is damaged"),
        (lambda data: packed({"schema.json": "[" * 100_000}), "cannot be loaded: it is damaged"),
        (lambda data: packed({"schema.json": "{}"}), "cannot be loaded: it is damaged"),
        (
            lambda data: packed({"schema.json": bytes(1 << 27)}, zipfile.ZIP_DEFLATED),
            "is not loaded: unpacked it would take more than 100 times its size",
        ),
        (
            lambda data: skops.dumps({"one": Stranger()}),
            r"is not loaded: it holds .*Stranger.*, whose code is not skrnn's",
        ),
    ],
    ids=["cut", "flipped", "a part", "deep", "empty", "bomb", "code"],
)  # fmt: skip
def test_files_that_load_does_not_take(damage, said, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(damage(skops.dumps(fitted(skrnn.GRUClassifier))))
    with pytest.raises(ValueError, match=f"The file '.*model.skops' {said}") as caught:
        load(path)
    assert len(str(caught.value)) <= 600


class Stranger:
    """Of no class that is trusted."""

    def __init__(self):
        self.value = 1


def test_without_skops(tmp_path, monkeypatch):
    (tmp_path / "model").write_bytes(packed({}))
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(ImportError, match=r"load needs skops for it.*skrnn\[skops\]"):
        load(tmp_path / "model")
    for path in (None, 3):
        with pytest.raises(TypeError, match="path must be the name of a file"):
            load(path)
