"""skrnn.datasets: y follows from X by the rule of the paper, and the figures of the docs are so."""

import inspect
import re
from typing import NamedTuple

import numpy as np
import pytest
import test_docstrings as docstrings
from sklearn.utils._param_validation import InvalidParameterError
from support.pages import text_of

from skrnn import GRUClassifier, GRURegressor, datasets

N = 3000  # sequences for figures


class Case(NamedTuple):
    """Arguments, the form of (X, y), and the estimator that takes them."""

    name: str
    arguments: dict
    X: tuple
    y: tuple
    model: object


def cases():
    """A list stands for sequences of unequal length; its shape begins with None."""
    steps = {"return_sequences": True}
    for variant in ("1997", "2015"):
        settings = {"n_timesteps": 12, "variant": variant}
        yield Case("make_adding", settings, (9, 12, 2), (9,), GRURegressor())
        settings = {**settings, "n_timesteps": 40, "ragged": True}
        yield Case("make_adding", settings, (9, None, 2), (9,), GRURegressor())
    yield Case("make_temporal_order", {"n_timesteps": 20}, (9, 20, 8), (9,), GRUClassifier())
    settings = {"n_relevant": 3, "ragged": True}
    yield Case("make_temporal_order", settings, (9, None, 8), (9,), GRUClassifier())
    tokens = GRUClassifier(embedding_size=3, n_tokens=8)
    yield Case("make_temporal_order", {"one_hot": False}, (9, 100), (9,), tokens)
    settings = {"delay": 5, "n_copied": 3, "n_symbols": 4}
    yield Case("make_copy_memory", settings, (9, 11, 6), (9, 11), GRUClassifier(**steps))
    tokens = GRUClassifier(embedding_size=3, n_tokens=6, **steps)
    yield Case("make_copy_memory", {**settings, "one_hot": False}, (9, 11), (9, 11), tokens)
    settings = {"n_timesteps": 30, "delay": 4}
    yield Case("make_copy_stream", settings, (9, 30, 6), (9, 30), GRUClassifier(k1=5, k2=9, **steps))
    settings = {**settings, "min_delay": 2, "one_hot": False}
    yield Case("make_copy_stream", settings, (9, 30), (9, 30), tokens)
    yield Case("make_parity", {"n_timesteps": 7}, (9, 7, 1), (9,), GRUClassifier())
    settings = {"n_timesteps": 7, "return_sequences": True}
    yield Case("make_parity", settings, (9, 7, 1), (9, 7), GRUClassifier(**steps))
    settings = {"n_timesteps": 7, "min_timesteps": 2}
    yield Case("make_parity", settings, (9, None, 1), (9,), GRUClassifier())
    settings = {**settings, **steps}
    yield Case("make_parity", settings, (9, None, 1), (9, None), GRUClassifier(**steps))
    yield Case("make_embedded_reber", {}, (9, None, 7), (9, None), GRUClassifier(**steps))
    tokens = GRUClassifier(embedding_size=3, n_tokens=7, **steps)
    settings = {"target": "successors", "one_hot": False}
    yield Case("make_embedded_reber", settings, (9, None), (9, None, 7), tokens)
    yield Case("make_anbn", {}, (9, None, 3), (9, None, 3), GRUClassifier(**steps))
    settings = {"n_letters": 3, "min_n": 2, "max_n": 4, "one_hot": False}
    yield Case("make_anbn", settings, (9, None), (9, None, 4), tokens)
    table = GRURegressor(rows="steps", k1=3)
    yield Case("make_echo", {"delay": 2}, (9, 1), (9,), table)
    yield Case("make_echo", {"delay": [0, 8]}, (9, 1), (9, 2), table)
    yield Case("make_mackey_glass", {"horizon": 3}, (9, 1), (9,), table)
    for order in (10, 20, 30):
        yield Case("make_narma", {"order": order}, (9, 1), (9,), table)
    yield Case("make_garch", {}, (9, 1), (9,), table)


CASES = list(cases())
NUMBERED = [f"{i}-{case.name}" for i, case in enumerate(CASES)]
every_case = pytest.mark.parametrize("case", CASES, ids=NUMBERED)
GENERATORS = {name: getattr(datasets, name) for name in datasets.__all__}
every_generator = pytest.mark.parametrize("name", GENERATORS)


def make(case, seed=0):
    return GENERATORS[case.name](9, **case.arguments, random_state=seed)


def flat(parts):
    """All the numbers of (X, y), of arrays or lists of arrays."""
    return np.concatenate([np.ravel(item) for part in parts for item in part])


# --- what they have in common -------------------------------------------------------------------------


def test_every_generator_is_tested():
    assert {case.name for case in CASES} == set(GENERATORS)


@every_case
def test_shapes(case):
    for values, shape in zip(make(case), (case.X, case.y), strict=True):
        if None not in shape:
            assert isinstance(values, np.ndarray)
            assert values.shape == shape
            assert values.dtype in (np.float64, np.int64)
            continue
        assert isinstance(values, list)
        assert len(values) == shape[0]
        assert all(value.shape[1:] == shape[2:] and value.base is None for value in values)
        assert len({len(value) for value in values}) > 1
        assert {value.dtype for value in values} <= {np.dtype(float), np.dtype(int)}


@every_case
def test_the_seed_decides(case):
    first = flat(make(case))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(first, flat(make(case)))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    rng = np.random.RandomState(0)
    np.testing.assert_array_equal(first, flat(make(case, rng)))
    for other in (flat(make(case, rng)), flat(make(case, 1))):
        assert first.shape != other.shape or (first != other).any()
    make(case, None)


@every_case
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_take_it(case):
    X, y = make(case)
    answer = case.model.set_params(hidden_size=2, max_iter=1, random_state=0).fit(X, y).predict(X)
    assert [np.shape(a) for a in answer] == [np.shape(target) for target in y]


@every_generator
def test_all_but_the_first_parameter_are_keywords(name):
    first, *others = inspect.signature(GENERATORS[name]).parameters.values()
    assert first.name in ("n_sequences", "n_timesteps")
    assert others[-1].name == "random_state"
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in others)


OUT_OF_RANGE = {
    "n_sequences": [0, 1.5, "3"],
    "n_timesteps": [0, 2.0, None],
    "n_relevant": [1, 4],
    "n_symbols": [1],
    "n_copied": [0],
    "delay": [-1, 1.5, None],
    "min_delay": [0],
    "min_timesteps": [0],
    "n_letters": [1, 4],
    "min_n": [0],
    "max_n": [0],
    "variant": ["1998", 1997],
    "target": ["last"],
    "tau": [0, "17"],
    "horizon": [0, 1.0],
    "interval": [0],
    "step": [0, -0.1],
    "order": [5, 10.0],
    "alpha": [-0.1, 1],
    "beta": [-0.1, 1],
    "random_state": ["zero", -1],
    **{name: ["yes", None] for name in ("ragged", "one_hot", "return_sequences", "return_scale")},
}


@every_generator
def test_parameters_out_of_range(name):
    for parameter in inspect.signature(GENERATORS[name]).parameters:
        for value in OUT_OF_RANGE[parameter]:
            with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter of {name} must be"):
                GENERATORS[name](**{parameter: value})


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("make_adding", {"n_timesteps": 5}, r"n_timesteps.*\[6, inf\)"),
        ("make_temporal_order", {"n_timesteps": 9}, r"n_timesteps.*\[10, inf\)"),
        ("make_copy_stream", {"delay": 3, "min_delay": 4}, "min_delay=4 is above delay=3"),
        ("make_parity", {"n_timesteps": 3, "min_timesteps": 4}, "min_timesteps=4 is above n_timesteps=3"),
        ("make_anbn", {"min_n": 3, "max_n": 2}, "min_n=3 is above max_n=2"),
        ("make_echo", {"n_timesteps": 10, "delay": 10}, "from 0 to n_timesteps - 1 = 9"),
        ("make_echo", {"delay": [1, -1]}, "must lie from 0"),
        ("make_echo", {"delay": [1, 2.5]}, "delay must be an int, or one list"),
        ("make_echo", {"delay": []}, "delay must be an int, or one list"),
        ("make_echo", {"delay": [[1]]}, "delay must be an int, or one list"),
        ("make_mackey_glass", {"tau": 17.05}, "tau=17.05 is no multiple of step=0.1"),
        ("make_mackey_glass", {"interval": 0.05}, "interval=0.05 is no multiple of step=0.1"),
        ("make_garch", {"alpha": 0.5, "beta": 0.5}, r"alpha \+ beta must be below 1"),
    ],
)
def test_parameters_that_do_not_go_together(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        GENERATORS[name](**arguments)


# --- what the docs say --------------------------------------------------------------------------------


@every_generator
def test_docstring(name):
    generator = GENERATORS[name]
    doc = docstrings.parsed(generator)
    docstrings.assert_parameters_are_those(doc, inspect.signature(generator))
    for parameter, (type_, _) in docstrings.entries(doc, "Parameters").items():
        constraints = generator._skl_parameter_constraints[parameter]
        options = [getattr(constraint, "options", ()) for constraint in constraints]
        allowed = {option for some in options for option in some if isinstance(option, str)}
        assert set(re.findall(r'"(\w+)"', type_)) == allowed, parameter
    assert [entry.name for entry in doc["Returns"]][:2] == ["X", "y"]
    assert docstrings.documented_errors(doc) >= {"InvalidParameterError"}
    siblings = [sibling for group, _ in doc["See Also"] for sibling, _ in group]
    assert siblings
    assert set(siblings) <= set(GENERATORS) - {name}
    notes = "\n".join(doc["Notes"])
    assert all(word in notes for word in ("Without ", "Known difficulty: ", "Truncation: ", "k2"))
    numbers = re.findall(r"^\.\. \[(\d)\] ", "\n".join(doc["References"]), flags=re.MULTILINE)
    assert numbers == [str(i + 1) for i in range(len(numbers))]
    assert set(re.findall(r"\[(\d)\]_", generator.__doc__)) == set(numbers)
    assert ">>> " in "\n".join(doc["Examples"])


def test_the_docs_name_every_generator():
    listing = text_of("api.rst").split(".. currentmodule:: skrnn.datasets")[1]
    assert re.findall(r"^   (make_\w+)$", listing, flags=re.MULTILINE) == sorted(GENERATORS)
    page = text_of("guide", "datasets.rst")
    assert set(re.findall(r":func:`~skrnn\.datasets\.(\w+)`", page)) == set(GENERATORS)
