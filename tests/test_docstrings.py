"""What users read: docstrings tell what there is and nothing else, examples run, the HTML links."""

import ast
import doctest
import html
import importlib
import inspect
import pkgutil
import re
import sys
from unittest import mock
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from support.pages import text_of
from support.versions import needs_sklearn

import skrnn
import skrnn.datasets
import skrnn.inspection
import skrnn.interop
import skrnn.model_selection
from skrnn import cells, losses, solvers
from skrnn._estimators.streaming import Stream

MODULES = [skrnn.__name__, *(m.name for m in pkgutil.walk_packages(skrnn.__path__, "skrnn."))]
NEEDED = {  # folder.part of the module's name: what its examples need
    "interop.torch": "torch", "interop.onnx": "onnxruntime", "interop.save": "safetensors",
    "distributed._fit": "distributed", "skrnn.out_of_core": "pyarrow",
}  # fmt: skip
SMALL = {"hidden_size": 2, "max_iter": 2, "learning_rate": "constant", "random_state": 0}

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def data():
    X = np.random.RandomState(0).normal(size=(20, 3, 2))
    return X, (X[:, -1, 0] > 0).astype(int)


@unconverged
@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    plt = pytest.importorskip("matplotlib.pyplot") if "inspection" in name else None
    for part, package in NEEDED.items():
        folder, of_name = part.split(".")
        if folder in name and of_name in name:
            pytest.importorskip(package)
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    if plt:
        plt.close("all")
    assert not failed


# --- what a docstring says ------------------------------------------------------------------------


def parsed(thing):
    """The docstring of a class or function; what numpydoc finds wrong is a warning, and so an error."""
    assert thing.__doc__, "no docstring"
    doc = NumpyDocString(inspect.cleandoc(thing.__doc__))
    assert doc["Summary"], "no summary"
    assert doc["Summary"][-1].endswith(".")
    return doc


def entries(doc, section):
    """name -> (type, text) of a section; both must be there."""
    assert all(entry.name and entry.type and entry.desc for entry in doc[section]), doc[section]
    return {entry.name: (entry.type, " ".join(entry.desc)) for entry in doc[section]}


def documented_errors(doc):
    assert all(entry.desc for entry in doc["Raises"])
    return {entry.type for entry in doc["Raises"]}


def assert_parameters_are_those(doc, signature):
    """Names, order and defaults of a Parameters section."""
    documented = {n.lstrip("*"): entry for n, entry in entries(doc, "Parameters").items()}
    parameters = {n: p for n, p in signature.parameters.items() if n != "self"}
    assert list(documented) == list(parameters)
    for name, (type_, text) in documented.items():
        _, has_default, default = type_.rpartition("default=")
        assert text.endswith("."), name
        assert bool(has_default) == (parameters[name].default is not inspect.Parameter.empty), name
        if has_default:
            assert ast.literal_eval(default) == parameters[name].default, name
            assert type(ast.literal_eval(default)) is type(parameters[name].default), name


def own_methods(cls):
    """name -> function of the public methods and properties; scikit-learn's are its own affair."""
    methods = {}
    for name in dir(cls):
        # set_callbacks is scikit-learn's, from 1.9 on; before it is like that
        if not name.startswith("_") and name != "set_callbacks":
            method = inspect.getattr_static(cls, name)
            method = method.fget if isinstance(method, property) else getattr(cls, name)
            if callable(method) and method.__module__.startswith("skrnn."):
                methods[name] = method
    return methods


# --- classes --------------------------------------------------------------------------------------


def test_parameters_are_those_of_the_signature(cls):
    assert_parameters_are_those(parsed(cls), inspect.signature(cls))


def test_named_choices_are_those_that_are_allowed(cls):
    for name, (type_, _) in entries(parsed(cls), "Parameters").items():
        allowed = set()
        for constraint in cls._parameter_constraints[name]:
            allowed |= {o for o in getattr(constraint, "options", ()) if isinstance(o, str)}
        assert set(re.findall(r'"(\w+)"', type_)) == allowed, name


def first_call(cls):
    """What the first call of partial_fit needs beside the data."""
    return {"classes": [0, 1]} if issubclass(cls, ClassifierMixin) else {}


def settings(cls, X, y):
    """Fits after which between them every attribute is there."""
    yield cls(**SMALL).fit(X, y)
    yield cls(**SMALL, solver="lbfgs", bidirectional=True).fit(list(X), y)
    yield cls(**SMALL, early_stopping=True, validation_fraction=0.2).fit(X, y)
    yield cls(**SMALL, return_sequences=True, k1=2).fit(X, np.repeat(y[:, None], X.shape[1], axis=1))
    yield cls(**SMALL).fit(pd.DataFrame(X[:, :, 0]).add_prefix("c"), y)
    yield cls(**SMALL).fit(X, np.stack([y, y], axis=1))
    yield cls(**SMALL).partial_fit(X, y, **first_call(cls))
    yield cls(**SMALL, rows="steps").fit(X[:, 0], y)


# where they are not there after every fit
SOMETIMES = {"feature_names_in_", "final_state_", "sequence_ids_"}
KINDS = {  # type in the docstring -> of what the attribute is an instance
    "int": int,
    "float": float,
    "float or None": (float, type(None)),
    "list of float": list,
    "list of float or None": (list, type(None)),
    "list of int or None": list,
    "list of ndarray of shape (n_series, hidden_size)": list,
    "dict of str to ndarray": dict,
}


@unconverged
def test_attributes_are_those_of_a_fitted_estimator(cls, data):
    documented = entries(parsed(cls), "Attributes")
    found = set()
    for model in settings(cls, *data):
        attributes = {n: getattr(model, n) for n in dir(model) if re.match(r"[^_].*_$", n)}
        found |= set(attributes)
        assert set(attributes) | SOMETIMES == set(documented)
        for name, value in attributes.items():
            type_, _ = documented[name]
            assert isinstance(value, KINDS.get(type_, np.ndarray)), name
            if type_.startswith("ndarray of shape"):
                assert value.ndim == 1
    assert found == set(documented)


def test_a_new_estimator_has_no_attributes(cls):
    assert not [n for n in vars(cls()) if n.endswith("_")]


def test_class_has_references_examples_and_siblings(cls):
    doc = parsed(cls)
    assert ">>> " in "\n".join(doc["Examples"])
    siblings = [name for group, _ in doc["See Also"] for name, _ in group]
    assert len(siblings) == 3
    assert set(siblings) <= set(skrnn.__all__) - {cls.__name__}
    numbers = re.findall(r"^\.\. \[(\d)\] ", "\n".join(doc["References"]), flags=re.MULTILINE)
    assert numbers == ["1", "2", "3", "4", "5", "6"][: len(numbers)]
    assert len(numbers) >= 3
    text = cls.__doc__[: cls.__doc__.index("References\n")]
    assert set(re.findall(r"\[(\d)\]_", text)) == set(numbers)


# --- methods --------------------------------------------------------------------------------------


PROPERTIES = ["weights_", "exact_weights_"]
METHODS = [
    "fit", "partial_fit", "predict", "score", "hidden_states", "stream", "adopt", "forget_series",
    "from_weights", *PROPERTIES,
]  # fmt: skip


def test_methods_tell_parameters_and_results(cls):
    methods = own_methods(cls)
    own = ["predict_proba", "predict_log_proba", "generate"]
    own = own if issubclass(cls, ClassifierMixin) else ["forecast"]
    assert sorted(methods) == sorted(METHODS + own)
    for name, method in methods.items():
        doc = parsed(method)
        assert_parameters_are_those(doc, inspect.signature(method))
        assert documented_errors(doc), name
        if name not in PROPERTIES:
            assert len(entries(doc, "Returns")) == 1, name
        for parameter, (type_, text) in entries(doc, "Parameters").items():
            if parameter in ("X", "y", "sample_weight"):
                assert "(n_sequences," in type_ + text, f"{name}: shapes of {parameter}"


def test_every_method_is_on_the_page_of_its_class(cls):
    """The template of the pages of the reference names every method."""
    template = text_of("_templates", "autosummary", "class.rst")
    listed = set(re.findall(r"auto(?:method|property):: (\w+)", template))
    assert set(own_methods(cls)) | {"get_params", "set_params"} <= listed


def without_rich(call):
    """The call, where the package rich is not installed."""

    def called():
        with mock.patch.dict(sys.modules, {"rich": None}):
            call()

    return called


def raising(cls, X, y):
    """(method, error, what raises it) for every error that methods raise by design."""
    fitted = cls(**SMALL).fit(X, y)
    with_nan = np.where(X > 1, np.nan, X)
    flat = X.reshape(len(X), -1)
    for name in ("fit", "partial_fit"):
        more = first_call(cls) if name == "partial_fit" else {}

        def train(X=X, y=y, name=name, more=more, **parameters):
            return getattr(cls(**{**SMALL, **parameters}), name)(X, y, **more)

        yield name, ValueError, lambda train=train: train(with_nan)
        yield name, ValueError, lambda train=train: train(y=y[1:])
        yield name, ValueError, lambda train=train: train(k1=0)
        yield name, ValueError, lambda train=train: train(k1=2, bidirectional=True)
        yield name, TypeError, lambda train=train: train(sparse.csr_array(flat))
        yield name, TypeError, lambda train=train: train(np.ma.masked_array(X))
        yield name, MemoryError, lambda train=train: train(hidden_size=10**6)
        yield name, ImportError, without_rich(lambda train=train: train(verbose=2))
    yield "partial_fit", AttributeError, lambda: cls(solver="lbfgs").partial_fit(X, y)
    for name in PROPERTIES:
        yield name, NotFittedError, lambda name=name: getattr(cls(), name)
    yield "from_weights", TypeError, lambda: cls.from_weights([X])
    yield "from_weights", ValueError, lambda: cls.from_weights({})
    yield "stream", NotFittedError, lambda: cls().stream()
    yield "stream", ValueError, lambda: fitted.stream(0)
    yield "stream", MemoryError, lambda: fitted.stream(2**62)
    if issubclass(cls, ClassifierMixin):
        tokens = cls(**SMALL, embedding_size=2, return_sequences=True).fit([[0, 1, 1]], [[1, 1, 0]])
        yield "generate", NotFittedError, lambda: cls().generate([0], 2)
        yield "generate", ValueError, lambda: fitted.generate([0], 2)
        yield "generate", ValueError, lambda: tokens.generate([2], 2)
        yield "generate", TypeError, lambda: tokens.generate(np.ma.masked_array([0]), 2)
    else:
        steps = cls(**SMALL, rows="steps").fit(X[:, 0], X[:, 1])
        yield "forecast", NotFittedError, lambda: cls().forecast(X, 2)
        yield "forecast", ValueError, lambda: fitted.forecast(X, 2)
        yield "forecast", ValueError, lambda: steps.forecast(X[:, 0], 0)
        yield "forecast", TypeError, lambda: steps.forecast(sparse.csr_array(X[:, 0]), 2)
    yield "adopt", NotFittedError, lambda: cls().adopt(fitted.stream())
    yield "adopt", ValueError, lambda: fitted.adopt(fitted.stream())
    yield "forget_series", NotFittedError, lambda: cls().forget_series([0])
    yield "forget_series", ValueError, lambda: fitted.forget_series([0])
    alone = {"fit", "partial_fit", "stream", "adopt", "forget_series", "from_weights"}
    others = {*alone, "generate", "forecast"}
    for name in set(own_methods(cls)) - others - set(PROPERTIES):
        more = [y] if name == "score" else []

        def answer(X=X, model=fitted, name=name, more=more):
            return getattr(model, name)(X, *more)

        yield name, NotFittedError, lambda answer=answer: answer(model=cls())
        yield name, ValueError, lambda answer=answer: answer(with_nan)
        yield name, ValueError, lambda answer=answer: answer(flat)
        yield name, ValueError, lambda answer=answer: answer(X[:, :, :1])
        yield name, TypeError, lambda answer=answer: answer(sparse.csr_array(flat))
        yield name, TypeError, lambda answer=answer: answer(np.ma.masked_array(X))


@unconverged
def test_errors_are_those_that_are_raised(cls, data):
    raised = {}
    for name, error, call in raising(cls, *data):
        with pytest.raises(error):
            call()
        raised.setdefault(name, set()).add(error.__name__)
    for name, method in own_methods(cls).items():
        assert documented_errors(parsed(method)) == raised[name], name


def test_warnings_are_documented(cls, data):
    for method in (cls.fit, cls.partial_fit):
        types = [entry.type for entry in parsed(method)["Warns"]]
        assert types == ["ConvergenceWarning", "UserWarning", "DataConversionWarning"]
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        cls(**SMALL).fit(*data)
    with pytest.warns(UserWarning, match="batch_size"):
        cls(**SMALL, tol=100.0, n_iter_no_change=1, batch_size=50).set_params(max_iter=9).fit(*data)


# --- what is not an estimator ---------------------------------------------------------------------


@unconverged
def test_streams_are_documented(cls, data):
    stream = cls(**{**SMALL, "max_iter": 1}).fit(*data).stream()
    assert set(entries(parsed(type(stream)), "Attributes")) == {"state"}
    assert sorted(own_methods(type(stream))) == ["learn", "reset", "state", "step"]
    for method in (stream.learn, stream.step):
        step = parsed(method)
        assert_parameters_are_those(step, inspect.signature(method))
        assert entries(step, "Returns") or step["Returns"]
        assert documented_errors(step) == {"ValueError", "TypeError"}
    methods = set(re.findall(r'"(\w+)"', entries(step, "Parameters")["method"][1]))
    assert methods | {"predict"} >= {n for n in own_methods(cls) if n.startswith("predict")}
    page = text_of("guide", "streaming.rst")
    assert f"autoclass:: {type(stream).__module__}.{type(stream).__name__}" in page


def test_show_config_is_documented():
    doc = parsed(skrnn.show_config)
    assert_parameters_are_those(doc, inspect.signature(skrnn.show_config))
    assert entries(doc, "Returns")
    assert documented_errors(doc) == {"ValueError"}
    with pytest.raises(ValueError, match="mode"):
        skrnn.show_config("loud")


def test_forecast_is_documented():
    doc, method = parsed(skrnn.forecast), parsed(skrnn.GRURegressor.forecast)
    assert_parameters_are_those(doc, inspect.signature(skrnn.forecast))
    assert entries(doc, "Returns") == entries(method, "Returns")
    of_function, of_method = entries(doc, "Parameters"), entries(method, "Parameters")
    assert {**of_function, "X": of_method["X"]} == {"estimator": of_function["estimator"], **of_method}
    assert documented_errors(doc) == documented_errors(method)
    assert ">>> " in "\n".join(doc["Examples"])


def public(module):
    return [
        thing
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(thing) or inspect.isfunction(thing))
        and thing.__module__ == module.__name__
    ]


# --- numpydoc's own rules ---------------------------------------------------------------------------

# What users call, and what they inherit from; parts of the computation are in the guide to extending.
WITH_PAGES = [
    skrnn, skrnn.callbacks, skrnn.classifiers, skrnn.datasets, skrnn.encoder_decoder,
    skrnn.encoder_decoder_regressors, skrnn.inspection, skrnn.interop, skrnn.metrics,
    skrnn.model_selection, skrnn.preprocessing, skrnn.regressors,
]  # fmt: skip


def paths():
    """What is public in these modules -> its (import path, class or None, method or None), each once."""
    found = {}

    def methods(path, cls):
        for name in own_methods(cls):
            found.setdefault(inspect.getattr_static(cls, name), (f"{path}.{name}", cls, name))

    for module in WITH_PAGES:
        for name in getattr(module, "__all__", [thing.__name__ for thing in public(module)]):
            thing, path = getattr(module, name), f"{module.__name__}.{name}"
            if inspect.isclass(thing):
                found.setdefault(thing, (path, thing, None))
                methods(path, thing)
            elif inspect.isfunction(thing):
                found.setdefault(thing, (path, None, None))
    methods("skrnn._estimators.streaming.Stream", Stream)
    return found


def scikit_learns(errors, cls, method):
    """The errors that scikit-learn does not tolerate in its own docstrings."""
    is_property = method is not None and isinstance(inspect.getattr_static(cls, method), property)
    for code, message in errors:
        # names of returned objects; where the text begins
        tolerated = code in ("RT02", "GL01", "GL02")
        tolerated |= is_property and code in ("PR02", "GL08")
        # examples and the like are for classes
        tolerated |= code in ("EX01", "SA01", "ES01") and (cls is None or method is not None)
        if not tolerated:
            yield code, message


@pytest.mark.parametrize(("path", "owner", "method"), list(paths().values()))
def test_numpydoc_finds_nothing_that_scikit_learn_would_mend(path, owner, method):
    assert not list(scikit_learns(validate(path)["errors"], owner, method))


def test_the_class_of_streams():
    """Who reads its page does not construct it: that is done by a method of the estimators."""
    errors = scikit_learns(validate("skrnn._estimators.streaming.Stream")["errors"], Stream, None)
    assert [code for code, _ in errors] == ["PR01"]


@pytest.mark.parametrize("module", [cells, losses, solvers], ids=lambda module: module.__name__)
def test_parts_are_documented(module):
    assert parsed(module)["References"]
    parts = public(module)
    assert parts
    for part in parts:
        assert_parameters_are_those(parsed(part), inspect.signature(part))
        for number in re.findall(r"\[(\d)\]_", part.__doc__):
            assert f".. [{number}] " in module.__doc__


# --- HTML representation --------------------------------------------------------------------------

ROOT = "https://skrnn.readthedocs.io/en/stable/"
# the version from which on scikit-learn links and explains both parameters and attributes
explained = needs_sklearn("1.9", "shows no links and explanations")


def page(cls):
    return f"{ROOT}generated/skrnn.{cls.__name__}.html"


def explanations(cls, section, names=None):
    """The link and the tooltip that the HTML must have for the entries of a section."""
    for entry in parsed(cls)[section]:
        if names is None or entry.name in names:
            lines = "<br>".join(map(html.escape, entry.desc))
            yield (
                f'href="{page(cls)}#:~:text={quote(entry.name)},-{quote(entry.type.replace("`", ""))}"',
                f"{entry.name}: {html.escape(entry.type)}<br><br>{lines}</span>",
            )


@unconverged
def test_html_links_to_the_page_of_the_class(cls, data):
    link = f'href="{page(cls)}">?<span>Documentation for {cls.__name__}'
    for model in (cls(**SMALL), cls(**SMALL).fit(*data)):
        assert link in model._repr_html_()
        assert link in make_pipeline(FunctionTransformer(), model)._repr_html_()


def test_linked_pages_are_those_of_the_reference(cls):
    """docs/api.rst makes a page of every object under ``toctree``, named module.object."""
    text = text_of("api.rst")
    tables = re.findall(
        r"\.\. autosummary::\n((?:   :.*\n)+)\n((?:   \w+\n)+)", text.split(".. currentmodule:: skrnn")[1]
    )
    pages = {
        f"{ROOT}{re.search(':toctree: (.+)', options)[1]}/skrnn.{name}.html"
        for options, names in tables
        for name in names.split()
    }
    assert page(cls) in pages
    assert len(pages) == len(skrnn.__all__)


def test_a_users_subclass_does_not_link_to_pages_that_are_not_there(cls):
    class Own(cls):
        pass

    assert "readthedocs" not in Own()._repr_html_()


@explained
@unconverged
def test_html_explains_every_parameter_and_attribute(cls, data):
    new, fitted = cls(**SMALL), cls(**SMALL).fit(*data)
    attributes = set(entries(parsed(cls), "Attributes")) - SOMETIMES
    for model in (new, fitted, make_pipeline(FunctionTransformer(), fitted)):
        text = re.sub(r"\n\s*", "", model._repr_html_())
        parameters = list(explanations(cls, "Parameters"))
        assert len(parameters) == len(new.get_params())
        expected = (
            parameters if model is new else [*parameters, *explanations(cls, "Attributes", attributes)]
        )
        for link, tooltip in expected:
            assert link in text
            assert tooltip in text
