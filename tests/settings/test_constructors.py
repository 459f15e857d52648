"""Constructors of the estimators, made from the table: what they take, store and say; what help shows."""

import importlib
import inspect
import pickle
import pydoc
import re
import subprocess
import sys
import timeit
from numbers import Integral

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    validate_parameter_constraints,
)

import skrnn
from skrnn._estimators.base import BaseRNN, Trainable
from skrnn._settings.table import PARAMETERS
from skrnn.callbacks import Checkpoint
from skrnn.regressors import SequenceRegressor

ESTIMATORS = [
    getattr(skrnn, f"{cell}{kind}")
    for cell in ("RNN", "LSTM", "GRU")
    for kind in ("Classifier", "Regressor", "EncoderDecoder", "EncoderDecoderRegressor")
]
PUBLIC = [
    getattr(module, name)  # classes and functions; a list of names, as TRUSTED_TYPES, has no help
    for module in map(importlib.import_module, ("skrnn", *(f"skrnn.{m}" for m in skrnn._SUBMODULES)))
    for name in getattr(module, "__all__", ["sequence_scorer"])
    if callable(getattr(module, name))
]
CLASSES = [t for t in PUBLIC if inspect.isclass(t) and not issubclass(t, Warning)]


class Own(skrnn.LSTMClassifier):
    pass


class Documented(skrnn.GRURegressor):
    """A network of one's own."""


class DocumentedInFull(skrnn.GRURegressor):
    """A network of one's own.

    Parameters
    ----------
    hidden_size : int
        A text of one's own.
    """


class WithConstructor(skrnn.GRURegressor):
    def __init__(self, weight=1.0, *, hidden_size=8):
        super().__init__(hidden_size=hidden_size)
        self.weight = weight


class Below(WithConstructor):
    pass


USERS = [Own, Documented, DocumentedInFull, WithConstructor, Below]


def name(thing):
    return thing.__name__


def in_the_table(cls):
    """The parameters that the table has for a classifier or regressor."""
    owners = {"all", "rnn" if cls.__name__.startswith("RNN") else "gated"}
    owners.add("classifier" if cls.__name__.endswith("Classifier") else "regressor")
    return {n: p for n, p in PARAMETERS.items() if p.owner in owners}


@pytest.mark.parametrize("cls", ESTIMATORS, ids=name)
def test_signature_is_that_of_the_constraints(cls):
    first, *others = inspect.signature(cls).parameters.values()
    assert [first.name, *(p.name for p in others)] == list(cls._parameter_constraints)
    assert first.kind == first.POSITIONAL_OR_KEYWORD
    assert {p.kind for p in others} == {first.KEYWORD_ONLY}
    defaults = {p.name: p.default for p in (first, *others)}
    assert cls().get_params() == vars(cls()) == defaults
    validate_parameter_constraints(cls._parameter_constraints, defaults, cls.__name__)


@pytest.mark.parametrize("cls", [c for c in ESTIMATORS if "Decoder" not in c.__name__], ids=name)
def test_signature_is_that_of_the_table(cls):
    table, signature = in_the_table(cls), inspect.signature(cls).parameters
    assert list(table) == list(signature)
    for n, p in table.items():
        assert signature[n].default == p.default, n


# the arguments of Checkpoint are read by scikit-learn's validate_params
@pytest.mark.parametrize("cls", [c for c in CLASSES + USERS if c is not Checkpoint], ids=name)
def test_a_wrong_keyword_names_the_class(cls):
    owner = WithConstructor if cls is Below else cls
    with pytest.raises(TypeError, match=rf"^{owner.__name__}\.__init__\(\) got an unexpected keyword"):
        cls(**dict.fromkeys(required(cls)), no_such=1)


def required(cls):
    return [n for n, p in inspect.signature(cls).parameters.items() if p.default is p.empty]


@pytest.mark.parametrize("cls", ESTIMATORS, ids=name)
def test_only_the_first_parameter_is_positional(cls):
    assert cls((3, 2)).hidden_size == (3, 2)
    with pytest.raises(TypeError, match=rf"^{cls.__name__}\.__init__\(\) takes from 1 to 2 positional"):
        cls(3, "tanh")


@pytest.mark.parametrize("cls", ESTIMATORS + USERS, ids=name)
def test_a_constructor_is_an_ordinary_function(cls):
    assert inspect.isfunction(cls.__init__)
    assert cls.__init__.__module__ == cls.__module__
    model = cls(hidden_size=5)
    for copy in (clone(model), pickle.loads(pickle.dumps(model))):
        assert copy.get_params() == model.get_params()
    assert "hidden_size" in model._repr_html_()


@pytest.mark.parametrize("cls", [*ESTIMATORS, *USERS, SequenceRegressor, BaseRNN], ids=name)
def test_names_of_parameters_are_those_of_the_signature(cls):
    assert cls._get_param_names() == super(Trainable, cls)._get_param_names()


def test_a_users_constraint_holds_for_the_default_too(monkeypatch):
    wide = {"hidden_size": [Interval(Integral, 100, None, closed="left")]}
    monkeypatch.setattr(Own, "_parameter_constraints", {**Own._parameter_constraints, **wide})
    with pytest.raises(InvalidParameterError, match="hidden_size"):
        Own().fit(np.ones((4, 3, 2)), np.arange(4))


def test_a_users_constructor_is_inherited():
    assert Below(2.0).get_params() == WithConstructor(2.0).get_params()
    assert Below(2.0).weight == 2.0


def test_a_users_docstring_stays():
    assert Documented.__doc__.startswith("A network of one's own.\n\nParameters\n----------\nhidden_size")
    assert DocumentedInFull.__doc__.count("Parameters\n") == 1
    assert Own.__doc__.startswith("Parameters\n")


def test_a_class_of_a_script_can_be_pickled_by_value(tmp_path):
    pytest.importorskip("cloudpickle")
    script = (
        "import sys, cloudpickle, skrnn\n"
        "class Own(skrnn.GRURegressor): pass\n"
        "cloudpickle.dump(Own(3, tol=0.5), open(sys.argv[1], 'wb'))\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "model"], check=True)
    model = pickle.loads((tmp_path / "model").read_bytes())
    assert type(model).__module__ == "__main__"
    assert model.get_params() == skrnn.GRURegressor(3, tol=0.5).get_params()
    X = np.zeros((4, 3, 1))
    assert clone(model).set_params(learning_rate="constant", n_iter_no_change=1, tol=1e9).fit(
        X, range(4)
    ).predict(X).shape == (4,)
    with pytest.raises(TypeError, match=r"^Own\.__init__\(\) got an unexpected keyword"):
        type(model)(no_such=1)


def test_a_constructor_takes_no_longer_than_it_takes_to_read_the_signature():
    arguments = {"hidden_size": 4, "random_state": 0}
    signature = inspect.signature(skrnn.LSTMClassifier)

    def seconds(call):
        return min(timeit.repeat(lambda: call(**arguments), number=200, repeat=5))

    assert seconds(skrnn.LSTMClassifier) < seconds(signature.bind)


# --- what help shows ------------------------------------------------------------------------------

# options that are passed on; scikit-learn has the same
PASSED_ON = {
    "ConformalRegressor.fit": ["**fit_params"],
    "ConformalRegressor.score": ["**score_params"],
    "from_weights": ["**params"],
    "sequence_scorer": ["**kwargs"],
    "set_callbacks": ["*callbacks"],
    "set_params": ["**params"],
    "TimeDistributed.fit": ["**params"],
    "TimeDistributed.fit_transform": ["**params"],
    "TimeDistributed.partial_fit": ["**params"],
}
OF_SKLEARN = ["fit_transform"]  # SlidingWindow and TokenEncoder inherit it, with its **fit_params


def parts(thing):
    """name -> function of what help shows of a class or function."""
    if not inspect.isclass(thing):
        return {thing.__name__: thing}
    methods = {n: getattr(thing, n) for n in dir(thing) if n == "__init__" or not n.startswith("_")}
    # methods of built-in classes, those of warnings, have no signature
    return {n: m for n, m in methods.items() if callable(m) and hasattr(m, "__module__")}


@pytest.mark.parametrize("thing", PUBLIC, ids=name)
def test_help_shows_what_can_be_passed(thing):
    for n, part in parts(thing).items():
        if n in OF_SKLEARN and not part.__module__.startswith("skrnn."):
            continue
        parameters = inspect.signature(part).parameters.values()
        found = [str(p) for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        assert found == PASSED_ON.get(f"{thing.__name__}.{n}", PASSED_ON.get(n, [])), n


@pytest.mark.parametrize("cls", CLASSES, ids=name)
def test_help_shows_the_constructor(cls):
    text = pydoc.plain(pydoc.render_doc(cls))
    shown = f"{cls.__name__}{inspect.signature(cls)}"
    # as of Python 3.13 there is a line for each parameter
    assert re.sub(r"\s", "", shown) in re.sub(r"[\s|]", "", text)
    assert "*args" not in text
