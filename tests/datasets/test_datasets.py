"""skrnn.datasets: y follows from X by the rule of the paper, and the figures of the docs are so."""

import inspect
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import test_docstrings as docstrings
from scipy.integrate import solve_ivp
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss
from sklearn.utils._param_validation import InvalidParameterError

from skrnn import GRUClassifier, GRURegressor, datasets
from skrnn.datasets._series import _integrate

DOCS = Path(__file__).parents[2] / "docs"
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
    listing = (DOCS / "api.rst").read_text().split(".. currentmodule:: skrnn.datasets")[1]
    assert re.findall(r"^   (make_\w+)$", listing, flags=re.MULTILINE) == sorted(GENERATORS)
    page = (DOCS / "datasets.rst").read_text()
    assert set(re.findall(r":func:`~skrnn\.datasets\.(\w+)`", page)) == set(GENERATORS)


# --- adding -------------------------------------------------------------------------------------------


def halves(x):
    """The marked numbers, in the order of time."""
    return x[x[:, 1] == 1, 0]


@pytest.mark.parametrize("ragged", [False, True])
def test_adding_2015(ragged):
    X, y = datasets.make_adding(N, n_timesteps=50, ragged=ragged, random_state=0)
    np.testing.assert_allclose(y, [halves(x).sum() for x in X])
    for x in X:
        (marks,) = np.nonzero(x[:, 1])
        assert marks[0] < len(x) // 2 <= marks[1]
        assert set(x[:, 1]) == {0, 1}
    assert {len(x) for x in X} == (set(range(50, 56)) if ragged else {50})
    first, second = (np.unique([np.nonzero(x[:, 1])[0][k] for x in X]) for k in (0, 1))
    assert len(first) == 25 + 2 * ragged  # every place occurs
    assert second.max() == max(map(len, X)) - 1


def test_figures_of_adding_2015():
    X, y = datasets.make_adding(20000, n_timesteps=6, random_state=0)
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.03)
    second = np.array([halves(x)[1] for x in X])
    assert np.mean((y - second - 0.5) ** 2) == pytest.approx(1 / 12, rel=0.03)


@pytest.mark.parametrize("ragged", [False, True])
def test_adding_1997(ragged):
    X, y = datasets.make_adding(N, n_timesteps=60, variant="1997", ragged=ragged, random_state=0)
    np.testing.assert_allclose(y, [0.5 + halves(x).sum() / 4 for x in X])
    places = [np.nonzero(x[:, 1] == 1)[0] for x in X]
    for x, marks in zip(X, places, strict=True):
        assert x[0, 1] == x[-1, 1] == -1
        assert np.count_nonzero(x[:, 1]) == 2 + len(marks)
        assert len(marks) in (1, 2)  # one if the other fell on the first step
        assert marks.min() < 10 or len(marks) == 1
    assert max(marks.max() for marks in places) == 28  # the last of the first T/2 - 1
    assert np.mean([len(marks) == 1 for marks in places]) == pytest.approx(0.1 + 0.9 / 28, abs=0.02)
    assert {len(x) for x in X} == (set(range(60, 67)) if ragged else {60})
    assert min(x[:, 0].min() for x in X) < -0.99
    assert np.mean((y - 0.5) ** 2) == pytest.approx(1 / 24 * (1 - 0.066), rel=0.05)


# --- temporal order -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("n_relevant", [2, 3])
def test_temporal_order(n_relevant, ragged):
    X, y = datasets.make_temporal_order(N, n_relevant=n_relevant, ragged=ragged, random_state=0)
    windows = [(10, 20), (50, 60)] if n_relevant == 2 else [(10, 20), (33, 43), (66, 76)]
    places = []
    for x, label in zip(X, y, strict=True):
        ids = x.argmax(axis=1)
        assert (x.sum(axis=1) == 1).all()
        (where,) = np.nonzero((ids == 4) | (ids == 5))
        places.append(where)
        assert label == int("".join(str(i - 4) for i in ids[where]), base=2)
        assert (ids[0], ids[-1]) == (6, 7)
        assert set(np.delete(ids[1:-1], where - 1)) == {0, 1, 2, 3}
    assert [(a.min(), a.max()) for a in np.transpose(places)] == windows
    assert {len(x) for x in X} == (set(range(100, 111)) if ragged else {100})
    chance = np.bincount(y) / N
    assert chance == pytest.approx(np.full(2**n_relevant, 0.5**n_relevant), abs=0.03)
    last = np.argmax(np.bincount(y[y % 2 == 0]))  # one who knows the last symbol only
    assert np.mean(y[y % 2 == 0] == last) == pytest.approx(2 * 0.5**n_relevant, abs=0.04)


# --- copying ------------------------------------------------------------------------------------------


def test_copy_memory():
    X, y = datasets.make_copy_memory(500, one_hot=False, random_state=0)
    K, delay, blank, marker = 10, 100, 8, 9
    assert X.shape == (500, delay + 2 * K)  # as in the paper: T + 20
    np.testing.assert_array_equal(y[:, -K:], X[:, :K])
    assert (y[:, : delay + K] == blank).all()
    assert (X[:, K : K + delay - 1] == blank).all()  # T - 1 blanks, the marker, K blanks
    assert (X[:, K + delay - 1] == marker).all()
    assert (X[:, -K:] == blank).all()
    assert (np.bincount(X[:, :K].ravel(), minlength=8) > 500).all()
    one_hot, same = datasets.make_copy_memory(500, random_state=0)
    np.testing.assert_array_equal(one_hot.argmax(axis=2), X)
    np.testing.assert_array_equal(same, y)
    # the loss without memory: sure of the blanks, and any symbol alike
    loss = np.where(y == blank, 0, np.log(8)).mean()
    assert loss == pytest.approx(K * np.log(8) / (delay + 2 * K))
    assert round(loss, 3) == 0.173


def said_again(x):
    """What is to be said, read from the input of a stream of copies: when a list ends, it is repeated."""
    answer, t = np.zeros_like(x), 0
    while t < len(x):
        if x[t]:
            stop = next((s for s in range(t + 1, len(x)) if not x[s]), len(x))
            copy = x[t:stop][: max(0, len(x) - stop)]
            answer[stop : stop + len(copy)] = copy
            t = stop + len(copy)
        t += not x[t] if t < len(x) else 1
    return answer


@pytest.mark.parametrize("min_delay", [None, 5])
def test_copy_stream(min_delay):
    X, y = datasets.make_copy_stream(min_delay=min_delay, one_hot=False, random_state=0)
    lists = []
    for x, answers in zip(X, y, strict=True):
        np.testing.assert_array_equal(answers, said_again(x))
        starts, blank = np.nonzero(x == 1)[0], np.append(x, 0) == 0
        lists += [int(np.argmax(blank[s:])) for s in starts if s + 20 < len(x)]
    assert set(lists) == (set(range(5, 11)) if min_delay else {10})
    assert len({np.argmax(x == 1) for x in X}) > 10  # streams do not run in step
    assert set(X.ravel()) == set(range(6))


def test_figures_of_copy_stream():
    _, y = datasets.make_copy_stream(n_timesteps=4000, random_state=0)
    loss = np.where(y > 1, np.log(4), 0).mean()
    assert loss == pytest.approx(9 / 20 * np.log(4), rel=0.01)
    assert np.exp(9 / 20 * np.log(4)) == pytest.approx(1.87, abs=0.005)
    assert np.mean(y == 0) == pytest.approx(0.5, abs=0.01)


# --- parity, echo -------------------------------------------------------------------------------------


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("min_timesteps", [None, 3])
def test_parity(min_timesteps, return_sequences):
    settings = {"min_timesteps": min_timesteps, "return_sequences": return_sequences}
    X, y = datasets.make_parity(N, n_timesteps=8, **settings, random_state=0)
    for x, target in zip(X, y, strict=True):
        parities = [sum(x[: t + 1, 0]) % 2 for t in range(len(x))]
        np.testing.assert_array_equal(target, parities if return_sequences else parities[-1])
    assert {len(x) for x in X} == (set(range(3, 9)) if min_timesteps else {8})
    if not return_sequences:
        assert np.mean(y) == pytest.approx(0.5, abs=0.03)
        bits = np.array([x[-3:, 0] for x in X])  # no input tells anything
        assert np.abs(np.corrcoef(np.c_[bits, y].T)[-1, :-1]).max() < 0.06


def test_echo():
    X, y = datasets.make_echo(5000, delay=[0, 3, 40], random_state=0)
    for column, delay in zip(y.T, (0, 3, 40), strict=True):
        np.testing.assert_array_equal(column[delay:], X[: 5000 - delay, 0])
        assert not column[:delay].any()
    np.testing.assert_array_equal(datasets.make_echo(5000, delay=3, random_state=0)[1], y[:, 1])
    assert np.mean(X**2) == pytest.approx(1 / 12, rel=0.03)
    assert np.abs(X).max() <= 0.5
    # all inputs that are later than the one asked for tell nothing of it
    near = np.lib.stride_tricks.sliding_window_view(X[:, 0], 40)[1:]
    rest = y[40:, 2] - near @ np.linalg.lstsq(near, y[40:, 2], rcond=None)[0]
    assert 1 - rest.var() / y[40:, 2].var() < 0.02


# --- grammars -----------------------------------------------------------------------------------------

TO_END = "(?:XT*VP)*(?:S|XT*VV)E"  # from the node behind TX
REBER = f"B(?:TS*X{TO_END}|PT*V(?:P{TO_END}|VE))"
EMBEDDED = re.compile(rf"B([TP]){REBER}\1E")


def strings(X, y, symbols):
    """The strings as text, the last symbol from y."""
    texts = ["".join(symbols[i] for i in x) + symbols[target[-1]] for x, target in zip(X, y, strict=True)]
    for text, target in zip(texts, y, strict=True):
        assert text[1:] == "".join(symbols[i] for i in target)
    return texts


def test_reber_strings():
    X, y = datasets.make_embedded_reber(N, one_hot=False, random_state=0)
    texts = strings(X, y, "BTPSXVE")
    assert all(EMBEDDED.fullmatch(text) for text in texts)
    assert not any(EMBEDDED.fullmatch(text[:-2] + "TP"[text[-2] == "T"] + "E") for text in texts)
    assert min(map(len, X)) == 8
    assert np.mean([len(x) for x in X]) == pytest.approx(11.0, abs=0.3)
    assert np.mean([text[1] == "T" for text in texts]) == pytest.approx(0.5, abs=0.03)
    loops = [text[5] == "S" for text in texts if text[3:5] == "TS"]
    assert np.mean(loops) == pytest.approx(0.5, abs=0.06)  # a fair walk
    shapes = {text[3:-2] for text in texts if len(text) == 9}
    assert shapes == {"TXSE", "PVVE"}


def test_reber_successors():
    X, y = datasets.make_embedded_reber(6000, one_hot=False, random_state=1)
    texts = strings(X, y, "BTPSXVE")
    same, legal = datasets.make_embedded_reber(6000, one_hot=False, target="successors", random_state=1)
    seen, said = {}, {}
    for text, x, again, marks in zip(texts, X, same, legal, strict=True):
        np.testing.assert_array_equal(x, again)
        for t in range(min(len(x), 5)):
            seen.setdefault(text[: t + 1], set()).add(text[t + 1])
            said.setdefault(text[: t + 1], set()).add("".join(np.array(list("BTPSXVE"))[marks[t] == 1]))
    assert {prefix: {"".join(sorted(symbols))} for prefix, symbols in seen.items()} == {
        prefix: {"".join(sorted(*symbols))} for prefix, symbols in said.items()
    }
    marks = np.concatenate(legal)
    assert marks[np.arange(len(marks)), np.concatenate(y)].all()
    assert np.mean(1 / marks.sum(axis=1)) == pytest.approx(0.68, abs=0.01)  # one of them, at random


@pytest.mark.parametrize(("n_letters", "letters"), [(2, "ab"), (3, "abc")])
def test_anbn(n_letters, letters):
    arguments = {"n_letters": n_letters, "min_n": 2, "max_n": 7, "one_hot": False, "random_state": 0}
    X, y = datasets.make_anbn(400, **arguments)
    language = ["S" + "".join(letter * n for letter in letters) + "T" for n in range(1, 10)]
    texts = ["".join((letters + "S")[i] for i in x) + "T" for x in X]
    assert set(texts) == set(language[1:7])
    for text, marks in zip(texts, y, strict=True):
        assert marks.shape == (len(text) - 1, n_letters + 1)
        said = ["".join(np.array(list(letters + "T"))[mark == 1]) for mark in marks]
        for t, symbols in enumerate(said):
            possible = {other[t + 1] for other in language if other.startswith(text[: t + 1])}
            assert set(symbols) == possible
        memoryless = {"S": "a", "a": "ab", "b": "b", "c": "c"}
        wrong = [memoryless[symbol] != symbols for symbol, symbols in zip(text, said, strict=False)]
        assert sum(wrong) == n_letters - 1  # at the last b, and at the last c


# --- series -------------------------------------------------------------------------------------------


def reference_mackey_glass(start, tau, n_pieces):
    """x(t) as a function: each piece of tau is an ordinary equation, as its delayed values are known."""
    pieces = [lambda t: np.full_like(np.asarray(t, dtype=float), start)]
    value = start
    for k in range(n_pieces):
        before = pieces[-1]

        def slope(t, x, before=before):
            delayed = before(t - tau)
            return 0.2 * delayed / (1 + delayed**10) - 0.1 * x

        span = (k * tau, (k + 1) * tau)
        exact = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13, "dense_output": True}
        piece = solve_ivp(slope, span, [value], **exact)
        value = piece.y[0, -1]
        pieces.append(lambda t, sol=piece.sol: sol(t)[0])
    return pieces[1:]


@pytest.mark.parametrize(("tau", "start"), [(17, 0.7), (30, 1.3)])
def test_mackey_glass_is_the_solution_of_its_equation(tau, start):
    pieces = reference_mackey_glass(start, tau, 8)
    errors = []
    for steps in (1, 2):  # per unit of time
        t = np.arange(8 * tau * steps) / steps
        exact = np.concatenate([piece(part) for piece, part in zip(pieces, np.split(t, 8), strict=True)])
        errors.append(np.abs(_integrate(start, tau * steps, 1 / steps, len(t)) - exact).max())
    assert 12 < errors[0] / errors[1] < 24  # of fourth order
    t = np.arange(80 * tau) / 10
    exact = np.concatenate([piece(part) for piece, part in zip(pieces, np.split(t, 8), strict=True)])
    np.testing.assert_allclose(_integrate(start, 10 * tau, 0.1, len(t)), exact, rtol=0, atol=2e-7)


def test_mackey_glass():
    X, y = datasets.make_mackey_glass(20000, horizon=84, random_state=0)
    np.testing.assert_array_equal(X[84:, 0], y[:-84])
    assert 0.2 < X.min() < 0.5 < 1.2 < X.max() < 1.4  # the known attractor
    finer, _ = datasets.make_mackey_glass(40, interval=0.5, step=0.05, random_state=0)
    np.testing.assert_allclose(finer[::2], X[:20], rtol=0, atol=1e-4)
    for horizon, error in [(1, 0.15), (6, 0.82), (84, 1.65)]:
        change = X[horizon:, 0] - X[:-horizon, 0]
        assert np.sqrt(np.mean(change**2) / X.var()) == pytest.approx(error, abs=0.02)


NARMA = {10: (0.3, 0.05, 1.5, 0.1), 20: (0.3, 0.05, 1.5, 0.01), 30: (0.2, 0.04, 1.5, 0.001)}


@pytest.mark.parametrize("order", NARMA)
def test_narma(order):
    """Also where the input was drawn again, which this seed has to do for the order 10."""
    a, b, c, d = NARMA[order]
    X, y = datasets.make_narma(50_000, order=order, random_state=7)
    u = X[:, 0]
    # y[t] is y(t + 1): the one before, the sum of the last ones, now and order - 1 steps before
    before = y[order - 1 : -1]
    sums = np.lib.stride_tricks.sliding_window_view(y[:-1], order).sum(axis=1)
    value = a * before + b * before * sums + c * u[order:] * u[1 : 1 - order] + d
    np.testing.assert_allclose(y[order:], np.tanh(value) if order == 20 else value, rtol=1e-12)
    assert y.max() <= 1
    assert 0 <= u.min() < 0.001 < 0.499 < u.max() <= 0.5
    inputs = np.c_[np.lib.stride_tricks.sliding_window_view(u, 50), np.ones(len(u) - 49)]
    rest = y[49:] - inputs @ np.linalg.lstsq(inputs, y[49:], rcond=None)[0]
    assert rest.var() / y.var() == pytest.approx(0.14, abs=0.012)


def test_narma_without_redrawing_diverges():
    """The first inputs of the same seed, as they are: that is why some are drawn again."""
    u, y = np.random.RandomState(7).uniform(0, 0.5, size=50_200).tolist(), [0.0] * 10
    for t in range(9, 50_200):
        y.append(0.3 * y[-1] + 0.05 * y[-1] * sum(y[-10:]) + 1.5 * u[t] * u[t - 9] + 0.1)
        if y[-1] > 100:
            return
    pytest.fail("choose a seed whose series diverges")


def test_garch():
    alpha, beta = 0.2, 0.7
    X, y, scale = datasets.make_garch(200_000, return_scale=True, random_state=0)
    r = X[:, 0]
    np.testing.assert_array_equal(r[1:], y[:-1])
    variance = 1 - alpha - beta + alpha * r[1:] ** 2 + beta * scale[:-1] ** 2
    np.testing.assert_allclose(scale[1:] ** 2, variance, rtol=1e-10)
    np.testing.assert_array_equal(datasets.make_garch(200_000, random_state=0)[1], y)
    assert y.var() == pytest.approx(1, abs=0.05)
    wild = scale > np.median(scale)
    constant = np.quantile(y, 0.05)
    for some in (wild, ~wild):  # the true quantile covers everywhere, the constant one does not
        assert np.mean(y[some] < norm.ppf(0.05) * scale[some]) == pytest.approx(0.05, abs=0.005)
        assert abs(np.mean(y[some] < constant) - 0.05) > 0.02
    for share, gain in [(0.05, 0.09), (0.01, 0.19)]:
        true = mean_pinball_loss(y, norm.ppf(share) * scale, alpha=share)
        best = mean_pinball_loss(y, np.full(len(y), np.quantile(y, share)), alpha=share)
        assert 1 - true / best == pytest.approx(gain, abs=0.015)
