"""``generate``: greedy is iterated predict, draws have the frequencies of predict_proba."""

import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError
from support.arrays import object_array
from support.combinations import together
from support.inside import change_facts, facts_of, theta_of

import skrnn
from skrnn._estimators.generating import draw
from skrnn._reading.tokens import TokenList

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_TOKENS = 6
SMALL = {
    "hidden_size": 5, "max_iter": 3, "learning_rate": "constant", "learning_rate_init": 0.05,
    "random_state": 0,
}  # fmt: skip
TOKENS = {**SMALL, "embedding_size": 3, "n_tokens": N_TOKENS}
SEQUENCES = {**TOKENS, "return_sequences": True}
STEPS = {**TOKENS, "rows": "steps"}
PROMPTS = ([3, 0, 2, 5], [1], list(range(6)) * 40)  # predict reads long sequences in windows


@cache
def fitted(cell="GRU", classes=(0, 1, 2, 3, 4, 5), **parameters):
    """A model that has learned little of random tokens."""
    rng = np.random.RandomState(0)
    model = getattr(skrnn, f"{cell}Classifier")(**(parameters or SEQUENCES))
    y = rng.choice(classes, size=(20, 30))
    y[0, : len(classes)] = classes
    X = rng.randint(N_TOKENS, size=y.shape)
    if model.rows == "steps":
        return model.fit(X.reshape(-1, 1), y.ravel())
    return model.fit(X, y)


def by_hand(predict, prompt, n_steps):
    """Predict, append, predict again."""
    tokens = list(prompt)
    for _ in range(n_steps):
        tokens.append(int(predict(np.array(tokens))[-1]))
    return tokens[len(prompt) :]


# --- the most probable token ---------------------------------------------------------------------------


CLASSES = [(0, 1, 2, 3, 4, 5), (1, 4), (2,), (0.0, 3.0, 5.0)]


@pytest.mark.parametrize(
    ("cell", "classes", "dtype"), together(["RNN", "LSTM", "GRU"], CLASSES, ["float32", "float64"])
)
def test_greedy_is_iterated_predict(cell, classes, dtype, engine):
    model = fitted(cell, classes, **SEQUENCES, dtype=dtype)
    together = model.generate(PROMPTS, 6, temperature=0)
    assert together.dtype == np.intp
    assert together.shape == (3, 6)
    # of arrays of one length predict reads a table as the one that was fitted
    of_list = copy.deepcopy(model)
    form = replace(facts_of(model).form, container=TokenList, n_features_in=1)
    change_facts(of_list, form=form)
    of_list.n_features_in_ = 1
    for prompt, tokens in zip(PROMPTS, together, strict=True):
        expected = by_hand(lambda x: of_list.predict([x])[0], prompt, 6)
        np.testing.assert_array_equal(tokens, expected)
        np.testing.assert_array_equal(model.generate(prompt, 6, temperature=0), expected)


def test_of_equal_probabilities_the_lowest_token():
    model = copy.deepcopy(fitted())
    theta_of(model)[:] = 0
    np.testing.assert_array_equal(model.generate([1], 3, temperature=0), [0, 0, 0])


def test_tables_of_steps(engine):
    model = fitted(**STEPS)
    tokens = model.generate(PROMPTS[0], 10, temperature=0)
    expected = by_hand(lambda x: model.predict(x[:, None]), PROMPTS[0], 10)
    np.testing.assert_array_equal(tokens, expected)


def test_from_the_state_in_which_the_series_ended(engine):
    model = copy.deepcopy(fitted(**STEPS)).set_params(initial_state="last")
    theta_of(model)[:] = np.random.RandomState(1).normal(scale=3, size=theta_of(model).shape)
    model.final_state_ = [np.array([[1.0, -1.0, 1.0, -1.0, 1.0]])]
    tokens = model.generate([1], 10, temperature=0)
    np.testing.assert_array_equal(tokens, by_hand(lambda x: model.predict(x[:, None]), [1], 10))
    zeros = copy.deepcopy(model).set_params(initial_state="zeros")
    assert not np.array_equal(tokens, zeros.generate([1], 10, temperature=0))
    with pytest.raises(
        ValueError, match="There are 2 prompts, but initial_state='last' goes on with the 1"
    ):
        model.generate(PROMPTS[:2], 10)


def test_states_of_several_series(engine):
    rng = np.random.RandomState(0)
    X = np.column_stack([np.tile([7, 2], 30), rng.randint(N_TOKENS, size=60)])
    model = skrnn.GRUClassifier(**STEPS, sequence_id=0, initial_state="last").fit(X, X[:, 1])
    theta_of(model)[:] = rng.normal(scale=3, size=theta_of(model).shape)
    model.final_state_ = [np.array([[1.0, -1.0, 1.0, -1.0, 1.0], [-1.0, 1.0, -1.0, -1.0, 1.0]])]
    tokens = model.generate([[1, 2], [3]], 8, temperature=0)
    for one, prompt, got in zip((7, 2), ([1, 2], [3]), tokens, strict=True):
        expected = by_hand(lambda x, i=one: model.predict(np.insert(x[:, None], 0, i, axis=1)), prompt, 8)
        np.testing.assert_array_equal(got, expected)
    exchanged = model.generate([[3], [1, 2]], 8, temperature=0)
    assert not np.array_equal(exchanged[::-1], tokens)


# --- draws --------------------------------------------------------------------------------------------


def distribution(p, temperature, top_k):
    """What is drawn from, the plain way."""
    p = p ** (1 / temperature)
    if top_k is not None:
        p[np.argsort(-p)[top_k:]] = 0
    return p / p.sum()


def assert_frequencies(tokens, p, classes):
    """Chi-square, which is below its degrees of freedom + 4 of their deviations."""
    count = np.array([(tokens == one).sum() for one in classes])
    assert count.sum() == len(tokens)
    assert not count[p == 0].any()
    p, count = p[p > 0], count[p > 0]
    chi_square = ((count - len(tokens) * p) ** 2 / (len(tokens) * p)).sum()
    freedom = len(p) - 1
    assert chi_square <= freedom + 4 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2])
@pytest.mark.parametrize("top_k", [None, 1, 3, 100])
@pytest.mark.parametrize("classes", [(0, 1, 2, 3, 4, 5), (1, 4), (2,)], ids=str)
def test_frequencies(temperature, top_k, classes):
    model = copy.deepcopy(fitted("GRU", classes))
    if len(classes) > 1:
        theta_of(model)[:] *= 2  # so that p are less alike
    prompt = np.tile([2, 3], (20_000, 1))
    tokens = model.generate(prompt, 1, temperature=temperature, top_k=top_k, random_state=0)[:, 0]
    p = model.predict_proba(np.tile([[2, 3]], (1, 15)))[0, 1]
    assert len(classes) == 1 or np.ptp(p) > 0.05
    assert_frequencies(tokens, distribution(p, temperature, top_k), classes)


def test_every_token_is_read():
    """The second token is drawn with the probabilities after the first one."""
    model = copy.deepcopy(fitted("GRU", (1, 4)))
    theta_of(model)[:] *= 3
    tokens = model.generate(np.full((20_000, 1), 2), 2, random_state=0)
    X = np.zeros((2, 30), dtype=int)
    X[:, :2] = [[2, 1], [2, 4]]
    p = model.predict_proba(X)[:, 1]
    assert np.abs(p[0] - p[1]).max() > 0.02
    for first, p_next in zip((1, 4), p, strict=True):
        assert_frequencies(tokens[tokens[:, 0] == first, 1], p_next, (1, 4))


def test_draw():
    """The inverse of the distribution function."""
    p = np.array([0.2, 0.0, 0.5, 0.3])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)[None]
    for u, expected in ((0, 0), (0.1999, 0), (0.2001, 2), (0.6999, 2), (0.7001, 3), (1 - 2**-53, 3)):
        assert draw(log_p, np.array([u]), 1.0) == [expected], u
    assert draw(log_p, np.array([1 - 2**-53]), 1.0, top_k=1) == [2]
    assert draw(log_p, np.array([1 - 2**-53]), 1e-300) == [2]
    last = np.log(np.array([[0.5, 0.5, 1e-300]]))
    assert draw(last, np.array([1 - 2**-53]), 1.0) == [1]
    # of equal probabilities the lowest stay
    assert draw(np.zeros((1, 4)), np.array([1 - 2**-53]), 1.0, top_k=2) == [1]
    impossible_first = np.log([[1e-300, 0.5, 0.5]]) + [[-np.inf, 0, 0]]
    assert draw(impossible_first, np.array([0.0]), 1.0) == [1]


@pytest.mark.parametrize("temperature", [1e-300, 1e-3, 1e300])
def test_temperatures_far_from_1(temperature):
    tokens = fitted().generate(np.tile([2, 3], (3000, 1)), 1, temperature=temperature, random_state=0)
    if temperature < 1:
        greedy = fitted().generate([2, 3], 1, temperature=0)
        np.testing.assert_array_equal(tokens, np.full((3000, 1), greedy[0]))
    else:
        assert_frequencies(tokens[:, 0], np.full(6, 1 / 6), range(6))


def test_random_state():
    model = fitted()
    tokens = model.generate([1, 2], 30, random_state=3)
    np.testing.assert_array_equal(model.generate([1, 2], 30, random_state=3), tokens)
    np.testing.assert_array_equal(
        model.generate([1, 2], 30, random_state=np.random.RandomState(3)), tokens
    )
    assert not np.array_equal(model.generate([1, 2], 30, random_state=4), tokens)
    assert not np.array_equal(model.generate([1, 2], 30), model.generate([1, 2], 30))


def test_a_prompt_does_not_depend_on_what_others_say():
    model = fitted()
    several = model.generate([[1, 2], [3, 3, 3], [4]], 20, random_state=3)
    np.testing.assert_array_equal(several[0], model.generate([1, 2], 20, random_state=3))
    np.testing.assert_array_equal(several[:2], model.generate([[1, 2], [3, 3, 3]], 20, random_state=3))
    others = model.generate([[5], [3, 3, 3]], 20, random_state=3)
    np.testing.assert_array_equal(several[1], others[1])


def test_greedy_draws_nothing():
    random_state = np.random.RandomState(0)
    fitted().generate([1], 5, temperature=0, random_state=random_state)
    assert random_state.randint(1000) == np.random.RandomState(0).randint(1000)


def test_nothing_changes():
    model = copy.deepcopy(fitted(**STEPS)).set_params(initial_state="last")
    before, prompt = copy.deepcopy(vars(model)), np.array([1, 2])
    first = model.generate(prompt, 20, random_state=0)
    assert vars(model).keys() == before.keys()
    np.testing.assert_array_equal(theta_of(model), before["_fitted"].model.theta)
    for key in set(before) - {"_fitted"}:
        np.testing.assert_equal(vars(model)[key], before[key])
    np.testing.assert_array_equal(prompt, [1, 2])
    np.testing.assert_array_equal(model.generate(prompt, 20, random_state=0), first)


# --- forms of the prompt ------------------------------------------------------------------------------

ONE = {
    "list": [3, 0, 2],
    "tuple": (3, 0, 2),
    "array": np.array([3, 0, 2]),
    "bytes": np.array([3, 0, 2], dtype=np.uint8),
    "floats": [3.0, 0.0, 2.0],
    "objects": np.array([3, 0, 2], dtype=object),
    "Series": pd.Series([3, 0, 2]),
}
SEVERAL = {
    "lists": [[3, 0], [2, 2]],
    "tuples": ((3, 0), (2, 2)),
    "arrays": [np.array([3, 0]), np.array([2, 2])],
    "array": np.array([[3, 0], [2, 2]]),
    "object array": object_array([np.array([3, 0]), np.array([2, 2])]),
    "Series": pd.Series([[3, 0], [2, 2]]),
}


@pytest.mark.parametrize("form", ONE)
def test_forms_of_a_prompt(form):
    tokens = fitted().generate(ONE[form], 9, random_state=0)
    np.testing.assert_array_equal(tokens, fitted().generate([3, 0, 2], 9, random_state=0))
    assert tokens.shape == (9,)
    inside = fitted().generate([ONE[form]], 9, random_state=0)
    np.testing.assert_array_equal(inside, tokens[None])


@pytest.mark.parametrize("form", SEVERAL)
def test_forms_of_several_prompts(form):
    tokens = fitted().generate(SEVERAL[form], 9, random_state=0)
    np.testing.assert_array_equal(tokens, fitted().generate([[3, 0], [2, 2]], 9, random_state=0))


BAD = {
    "n_steps 0": ({"n_steps": 0}, "n_steps must be an int >= 1, got 0"),
    "n_steps float": ({"n_steps": 2.0}, "n_steps must be an int >= 1, got 2.0"),
    "n_steps bool": ({"n_steps": True}, "n_steps must be an int >= 1, got True"),
    "cold": ({"temperature": -1}, "temperature must be a finite number >= 0, got -1"),
    "hot": ({"temperature": np.inf}, "temperature must be a finite number >= 0, got inf"),
    "NaN": ({"temperature": np.nan}, "temperature must be a finite number >= 0, got nan"),
    "text": ({"temperature": "1"}, "temperature must be a finite number >= 0, got '1'"),
    "top 0": ({"top_k": 0}, "top_k must be None or an int >= 1, got 0"),
    "top float": ({"top_k": 1.0}, "top_k must be None or an int >= 1, got 1.0"),
    "seed": ({"random_state": "x"}, "'x' cannot be used to seed"),
    "empty": ({"prompt": []}, "prompt is empty"),
    "empty array": ({"prompt": np.zeros((2, 0), dtype=int)}, "prompt is empty"),
    "empty inside": ({"prompt": [[1], []]}, "Sequence 1 of prompt has no tokens"),
    "string": ({"prompt": "abc"}, "prompt must be a sequence of tokens, .* TokenEncoder"),
    "strings": ({"prompt": ["a", "b"]}, "prompt.* TokenEncoder"),
    "number": ({"prompt": 3}, "prompt must be a sequence of tokens"),
    "3-D": ({"prompt": np.zeros((2, 3, 1), dtype=int)}, "prompt must be a sequence of tokens"),
    "large": ({"prompt": [1, 6]}, "No token in prompt: 6 is not below n_tokens=6"),
    "negative": ({"prompt": [-1]}, "Negative values in data passed to prompt: -1"),
    "fraction": ({"prompt": [[1], [2, 0.5]]}, r"0.5 is not a whole number \(sequence 1, step 1\)"),
    "missing": ({"prompt": [1, np.nan]}, "prompt contains NaN"),
}


@pytest.mark.parametrize("bad", BAD)
def test_calls_that_are_wrong(bad):
    call, message = BAD[bad]
    with pytest.raises(ValueError, match=message):
        fitted().generate(**{"prompt": [1], "n_steps": 3, **call})


@pytest.mark.parametrize("wrap", [np.ma.masked_array, sparse.coo_array], ids=["masked", "sparse"])
def test_prompts_that_are_not_dense(wrap):
    with pytest.raises(TypeError, match="prompt"):
        fitted().generate(wrap(np.array([1, 2])), 3)


BAD_MODELS = {
    "no tokens": ({**SMALL, "return_sequences": True}, "embedding_size=None"),
    "one label": (TOKENS, "one label per time step"),
    "bidirectional": ({**SEQUENCES, "bidirectional": True}, "bidirectional=True"),
    "delay": ({**SEQUENCES, "target_delay": 2}, "target_delay=2"),
}


@pytest.mark.parametrize("bad", BAD_MODELS)
def test_models_that_cannot_generate(bad):
    parameters, message = BAD_MODELS[bad]
    X = np.random.RandomState(0).randint(N_TOKENS, size=(20, 6))
    y = X if "return_sequences" in parameters else X[:, 0]
    model = skrnn.GRUClassifier(**parameters).fit(X, y)
    with pytest.raises(ValueError, match=f"generate .*{message}"):
        model.generate([1], 3)


@pytest.mark.parametrize(
    ("classes", "shown"),
    [(("a", "b"), "'a'"), ((0, 6), "6"), ((-1, 2), "-1"), ((False, True), "False")],
    ids=["strings", "large", "negative", "bools"],
)
def test_labels_that_are_no_tokens(classes, shown):
    with pytest.raises(ValueError, match=f"classes_ holds {shown}"):
        fitted("GRU", classes).generate([1], 3)


def test_several_labels():
    X = np.random.RandomState(0).randint(N_TOKENS, size=(20, 6))
    y = np.random.RandomState(1).randint(2, size=(20, 6, 3))
    model = skrnn.GRUClassifier(**SEQUENCES).fit(X, y)
    with pytest.raises(ValueError, match="multilabel"):
        model.generate([1], 3)


def test_not_fitted(classifier):
    with pytest.raises(NotFittedError):
        classifier().generate([1], 3)


def test_regressors_do_not_generate(regressor):
    assert not hasattr(regressor(), "generate")


# --- what is learned ----------------------------------------------------------------------------------


def test_text_goes_on():
    text = "the cat sat on the mat, " * 8
    encoder = skrnn.TokenEncoder()
    (ids,) = encoder.fit_transform([text])
    model = skrnn.GRUClassifier(
        embedding_size=8, n_tokens=encoder.n_tokens_, return_sequences=True,
        random_state=0,
    ).fit([ids[:-1]], [ids[1:]])  # fmt: skip
    prompt = encoder.transform(["the cat sat", "on the"])
    greedy = encoder.inverse_transform(model.generate(prompt, 24, temperature=0))
    assert list(greedy) == [" on the mat, the cat sat", " mat, the cat sat on the"]
    drawn = encoder.inverse_transform(model.generate(prompt, 24, temperature=0.3, random_state=0))
    assert list(drawn) == list(greedy)


@pytest.mark.parametrize(("name", "value"), [("n_jobs", "x"), ("initial_state", "x")])
def test_a_parameter_that_is_wrong_after_fit_is_named(name, value):
    model = copy.copy(fitted()).set_params(**{name: value})
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of GRUClassifier"):
        model.generate([1, 2], 3)
