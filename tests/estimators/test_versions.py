"""Pickles say which versions made them; loading with others warns, once, and everything else is quiet."""

import copy
import inspect
import pickle
import warnings
from functools import cache

import joblib
import numpy as np
import pytest
import sklearn
from joblib.externals import loky
from sklearn import exceptions
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.data import near_whole_numbers

import skrnn
from skrnn._estimators.versions import Stamped
from skrnn.exceptions import InconsistentVersionWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 2, "max_iter": 1, "random_state": 0}
X = near_whole_numbers()
PAIRS = ["ab", "c"], ["x", "yz"]


class Mine(skrnn.GRURegressor):
    """A class of a user's module."""


def fitted(cls):
    if issubclass(cls, skrnn.TokenEncoder):
        return cls().fit(PAIRS[0])
    if issubclass(cls, skrnn.SlidingWindow):
        return cls(2).fit(X[0])
    if issubclass(cls, skrnn.TimeDistributed):
        return cls(StandardScaler()).fit(X)
    if issubclass(cls, skrnn.NaiveForecaster):
        return cls().fit(X[0], X[0][:, 0])
    if cls.__name__.endswith("EncoderDecoder"):
        return cls(**SMALL).fit(*PAIRS)
    if cls.__name__.endswith("EncoderDecoderRegressor"):
        return cls(**SMALL).fit(X, X[:, :2])
    if issubclass(cls, skrnn.ConformalRegressor):
        return cls(skrnn.GRURegressor(**SMALL), levels=0.5, cv=2).fit(X, np.arange(len(X)) % 3.0)
    if issubclass(cls, skrnn.Forecaster):
        return cls(skrnn.GRURegressor(**SMALL), horizon=2).fit(np.empty((9, 0)), np.arange(9) % 3)
    return cls(**SMALL).fit(X, np.arange(len(X)) % 3)


CLASSES = [getattr(skrnn, name) for name in skrnn.__all__ if isinstance(getattr(skrnn, name), type)] + [
    Mine
]
NAMES = [f"{how}{cls.__name__}" for how in ("", "unfitted ") for cls in CLASSES] + ["Stream"]
every = pytest.mark.parametrize("name", NAMES)
# Those inside of others warn, too: what was passed, and its fitted clone.
OBJECTS = {
    "Forecaster": 3, "unfitted Forecaster": 2, "ConformalRegressor": 5, "unfitted ConformalRegressor": 2,
}  # fmt: skip


@cache
def made(name):
    if name == "Stream":
        return made("LSTMRegressor").stream()
    if name.startswith("unfitted"):
        return clone(made(name.split()[1]))
    return fitted(next(cls for cls in CLASSES if cls.__name__ == name))


def test_no_class_is_missing():
    assert all(issubclass(cls, BaseEstimator) for cls in CLASSES)
    assert len(CLASSES) == 19


def loaded(data):
    """What is in a pickle, and the warnings of loading it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return pickle.loads(data), said


def made_by(monkeypatch, model, **versions):
    """A pickle of other versions."""
    with monkeypatch.context() as patch:
        for package, version in versions.items():
            patch.setattr(
                {"skrnn": skrnn, "sklearn": sklearn, "numpy": np}[package], "__version__", version
            )
        return pickle.dumps(model)


@every
def test_another_version_of_skrnn_warns_once(name, monkeypatch):
    model, said = loaded(made_by(monkeypatch, made(name), skrnn="0.0.7"))
    assert [w.category for w in said] == [InconsistentVersionWarning] * OBJECTS.get(name, 1)
    assert issubclass(InconsistentVersionWarning, exceptions.InconsistentVersionWarning)
    warning = said[-1].message
    assert warning.estimator_name == type(made(name)).__name__
    for part in (type(model).__name__, "skrnn 0.0.7", f"skrnn {skrnn.__version__}"):
        assert part in str(warning)
    assert "NumPy" not in str(warning)
    assert len(str(warning)) < 600
    assert vars(model).keys() == vars(made(name)).keys()


@every
def test_the_same_versions_are_quiet(name):
    model = made(name)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        assert vars(again).keys() == vars(model).keys()
    if name != "Stream":
        clone(model)


OTHERS = {
    "newer skrnn": ({"skrnn": "99.0.0"}, ["skrnn 99.0.0"]),
    "a bug fix of skrnn": ({"skrnn": skrnn.__version__ + ".1"}, [f"skrnn {skrnn.__version__}.1"]),
    "scikit-learn": (
        {"sklearn": "1.1.7"},
        ["scikit-learn 1.1.7", f"scikit-learn {sklearn.__version__}", f"skrnn {skrnn.__version__}"],
    ),
    "NumPy": ({"numpy": "1.1.7"}, ["NumPy 1.1.7", f"NumPy {np.__version__}"]),
    "all": (
        {"skrnn": "0.0.7", "sklearn": "1.1.7", "numpy": "1.1.7"},
        ["with skrnn 0.0.7, scikit-learn 1.1.7 and NumPy 1.1.7, and"],
    ),
}


@pytest.mark.parametrize(("versions", "parts"), OTHERS.values(), ids=list(OTHERS))
def test_which_version_is_another(versions, parts, monkeypatch):
    _, said = loaded(made_by(monkeypatch, made("GRUClassifier"), **versions))
    assert len(said) == 1
    assert all(part in str(said[0].message) for part in parts)
    assert said[0].message.original_sklearn_version == versions.get("sklearn", sklearn.__version__)


@pytest.mark.parametrize("package", ["sklearn", "numpy"])
def test_bug_fixes_of_others_are_quiet(package, monkeypatch):
    version = {"sklearn": sklearn, "numpy": np}[package].__version__
    other = ".".join([*version.split(".")[:2], "99"])
    _, said = loaded(made_by(monkeypatch, made("GRUClassifier"), **{package: other}))
    assert not said


def test_a_file_from_before_versions_were_stored_loads(monkeypatch):
    model = made("GRUClassifier")
    monkeypatch.setattr(Stamped, "__getstate__", BaseEstimator.__getstate__)
    saved = pickle.dumps(model)
    monkeypatch.undo()
    old, said = loaded(saved)
    np.testing.assert_array_equal(old.predict(X), model.predict(X))
    assert len(said) == 1
    assert "This GRUClassifier was saved with a version of skrnn that did not" in str(said[0].message)
    assert said[0].message.original_sklearn_version == "unknown"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda saved: (saved[0][1:], *saved[1:-1], {**saved[-1], "skrnn": "0.0.7"}), "skrnn 0.0.7"),
        (lambda saved: (*saved[:-1], (), {**saved[-1], "skrnn": "0.0.7"}), "skrnn 0.0.7"),
        (lambda saved: saved[:-1], "with a version of skrnn that did not"),
    ],
    ids=["fewer parts", "more of them", "without versions"],
)
def test_a_stream_of_another_form_says_so_before_it_fails(change, part):
    saved = change(made("Stream").__getstate__())
    stream = object.__new__(type(made("Stream")))
    with pytest.warns(InconsistentVersionWarning, match=part), pytest.raises((TypeError, ValueError)):
        stream.__setstate__(saved)


def test_in_a_pipeline_every_part_says_so(monkeypatch):
    pipe = make_pipeline(skrnn.TimeDistributed(StandardScaler()), skrnn.GRUClassifier(**SMALL))
    pipe.fit(X, np.arange(len(X)) % 3)
    _, said = loaded(made_by(monkeypatch, pipe, skrnn="0.0.7"))
    assert [w.message.estimator_name for w in said] == ["TimeDistributed", "GRUClassifier"]


def test_files_and_processes(tmp_path):
    model = made("GRURegressor")
    joblib.dump(model, tmp_path / "model.joblib")
    expected = joblib.load(tmp_path / "model.joblib").predict(X)

    def predict_quietly(model):  # no name of a module, which a worker may not find
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pickle.loads(pickle.dumps(model)).predict(X)

    executor = loky.get_reusable_executor(max_workers=1)
    np.testing.assert_array_equal(executor.submit(predict_quietly, model).result(timeout=60), expected)
    executor.shutdown()


def test_attributes_of_the_warning_are_documented(monkeypatch):
    _, said = loaded(made_by(monkeypatch, made("GRURegressor"), skrnn="0.0.7"))
    docscrape = pytest.importorskip("numpydoc.docscrape")
    documented = docscrape.NumpyDocString(inspect.getdoc(InconsistentVersionWarning))["Attributes"]
    assert {one.name for one in documented} == set(vars(said[0].message))


def test_the_warning_itself_can_be_pickled(monkeypatch):
    _, said = loaded(made_by(monkeypatch, made("GRURegressor"), skrnn="0.0.7"))
    again = pickle.loads(pickle.dumps(said[0].message))
    assert str(again) == str(said[0].message)
    assert again.original_versions["skrnn"] == "0.0.7"
