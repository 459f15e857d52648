"""Integrated gradients are complete, and are the mean of gradients on the way."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.estimators import ESTIMATORS, ONE_OF_EACH
from support.inside import theta_of

import skrnn
from skrnn.inspection import _integrated, integrated_gradients, occlusion, saliency

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 4, "max_iter": 3, "random_state": 0}
RNG = np.random.RandomState(0)
LENGTHS = [4, 7, 1, 7, 5, 3, 6, 2]
RAGGED = [RNG.normal(size=(T, 2)) for T in LENGTHS]
X = RNG.normal(size=(8, 5, 2))
NUMBER, CLASS = RNG.normal(size=8) * 50 + 7, np.array(["a", "b", "c", "a", "b", "c", "a", "b"])
TOKENS = [RNG.randint(4, size=T) for T in LENGTHS]

MODELS = {
    "one layer": {},
    "two layers": {"hidden_size": (4, 3)},
    "bidirectional": {"bidirectional": True},
    "two bidirectional layers": {"hidden_size": (4, 3), "bidirectional": True, "dropout": 0.2},
    "mean": {"pooling": "mean"},
    "max": {"pooling": "max"},
    "several": {"pooling": ("last", "mean"), "bidirectional": True},
}


def decision(model, X):
    """Raw outputs after the last step, of models that read them from the last state."""
    weights = model.weights_
    h = np.array([H[-1] for H in model.hidden_states(X)])
    return h @ weights["readout.W"] + weights["readout.b"]


def sums(attributions):
    return np.array([one.sum() for one in attributions])


# --- completeness ---------------------------------------------------------------------------------

EVERY = [(ONE_OF_EACH[0], name) for name in MODELS] + [(cls, "one layer") for cls in ESTIMATORS]


@pytest.mark.parametrize(("cls", "name"), EVERY)
@pytest.mark.parametrize("baseline", [None, 0.7, [0.5, -1]], ids=str)
def test_they_add_up_to_the_difference_of_the_outputs(cls, name, baseline, engine):
    is_classifier = "Classifier" in cls.__name__
    model = cls(**SMALL | MODELS[name]).fit(RAGGED, CLASS if is_classifier else NUMBER)
    value = np.broadcast_to(0.0 if baseline is None else baseline, 2)
    nothing = [np.tile(value, (T, 1)) for T in LENGTHS]
    output = "b" if is_classifier else None
    attributions = integrated_gradients(model, RAGGED, output=output, baseline=baseline)
    assert [one.shape for one in attributions] == [x.shape for x in RAGGED]
    if is_classifier:
        expected = (decision(model, RAGGED) - decision(model, nothing))[:, 1]
    else:
        expected = model.predict(RAGGED) - model.predict(nothing)
    # a maximum has edges
    tolerance = 0.03 if name == "max" else 1e-8
    np.testing.assert_allclose(
        sums(attributions), expected, rtol=0, atol=tolerance * np.abs(expected).max()
    )


@pytest.mark.parametrize("loss", ["poisson", "quantile"])
def test_links_are_part_of_the_output(loss):
    options = {"quantile": [0.1, 0.5, 0.9]} if loss == "quantile" else {}
    model = skrnn.GRURegressor(**SMALL, loss=loss, **options).fit(X, np.abs(NUMBER))
    attributions = integrated_gradients(model, X, output=0)
    expected = model.predict(X) - model.predict(0 * X)
    expected = expected[:, 0] if loss == "quantile" else expected
    np.testing.assert_allclose(sums(attributions), expected, rtol=1e-7)


@pytest.mark.parametrize("step", [0, 2, -1])
@pytest.mark.parametrize("delay", [0, 2])
def test_one_step_of_many_outputs(step, delay):
    model = skrnn.LSTMRegressor(**SMALL, return_sequences=True, target_delay=delay).fit(X, X)
    attributions = integrated_gradients(model, X, step=step, output=1)
    expected = (model.predict(X) - model.predict(0 * X))[:, step, 1]
    np.testing.assert_allclose(sums(attributions), expected, rtol=1e-8)
    np.testing.assert_array_equal(attributions[:, step % 5 + delay + 1 :], 0)
    # the steps after the end that a delay reads are no part of X
    attributions = integrated_gradients(model, X, step=step, output=1, baseline=0.7)
    expected = (model.predict(X) - model.predict(0 * X + 0.7))[:, step, 1]
    np.testing.assert_allclose(sums(attributions), expected, rtol=1e-8)


def test_the_class_is_that_of_the_whole_sequence_all_the_way():
    model = skrnn.GRUClassifier(**SMALL | {"max_iter": 60}).fit(X, CLASS)
    predicted, nothing = model.predict(X), model.predict(0 * X[:1])[0]
    assert (predicted != nothing).any()
    change = decision(model, X) - decision(model, 0 * X)
    expected = [change[i, "abc".index(label)] for i, label in enumerate(predicted)]
    np.testing.assert_allclose(sums(integrated_gradients(model, X)), expected, rtol=1e-7)


def test_two_classes_and_several_labels():
    model = skrnn.GRUClassifier(**SMALL | {"max_iter": 30}).fit(X, NUMBER > 10)
    change = (decision(model, X) - decision(model, 0 * X))[:, 0]
    sign = np.where(model.predict(X), 1, -1)
    assert len(set(sign)) == 2
    np.testing.assert_allclose(sums(integrated_gradients(model, X)), sign * change, rtol=1e-7)
    Y = np.column_stack([NUMBER > 0, X[:, 0, 0] > 0, X[:, 1, 0] > 0]).astype(int)
    model = skrnn.LSTMClassifier(**SMALL).fit(X, Y)
    change = (decision(model, X) - decision(model, 0 * X))[:, 2]
    np.testing.assert_allclose(sums(integrated_gradients(model, X, output=2)), change, rtol=1e-7)


@pytest.mark.parametrize("baseline", [None, 3])
def test_tokens(baseline, engine):
    model = skrnn.GRURegressor(**SMALL, embedding_size=3).fit(TOKENS, NUMBER)
    attributions = integrated_gradients(model, TOKENS, baseline=baseline)
    assert [one.shape for one in attributions] == [ids.shape for ids in TOKENS]
    if baseline is not None:
        nothing = model.predict([np.full(T, baseline) for T in LENGTHS])
        np.testing.assert_allclose(sums(attributions), model.predict(TOKENS) - nothing, rtol=1e-7)
        for ids, one in zip(TOKENS, attributions, strict=True):
            np.testing.assert_array_equal(one[ids == baseline], 0)
    one_token = [k for k, T in enumerate(LENGTHS) if T == 1]  # alone it has all the credit
    expected = occlusion(model, TOKENS, baseline=baseline)[one_token[0]]
    np.testing.assert_allclose(attributions[one_token[0]], expected, rtol=1e-7)


@pytest.mark.parametrize("state", ["zeros", "last"])
def test_rows_that_are_steps(state):
    ids = np.repeat([3, 1, 3, 2, 1], 4)  # interleaved
    table = pd.DataFrame({"u": RNG.normal(size=20), "id": ids, "v": RNG.normal(size=20)})
    model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id", initial_state=state)
    model.fit(table, table["u"])
    attributions = integrated_gradients(model, table)
    assert attributions.shape == (20, 3)
    np.testing.assert_array_equal(attributions[:, 1], 0)
    change = model.predict(table) - model.predict(table.assign(u=0.0, v=0.0))
    for i in (1, 2, 3):
        last = np.flatnonzero(ids == i)[-1]
        np.testing.assert_allclose(attributions[ids == i].sum(), change[last], rtol=1e-7)


# --- what they are --------------------------------------------------------------------------------


def test_they_are_the_mean_of_the_gradients_on_the_way():
    model = skrnn.GRURegressor(**SMALL).fit(X, NUMBER)
    way = [saliency(model, share * X) for share in (np.arange(400) + 0.5) / 400]
    expected = X * np.mean(way, axis=0)
    np.testing.assert_allclose(
        integrated_gradients(model, X), expected, atol=1e-5 * np.abs(expected).max()
    )


def test_more_steps_are_nearer():
    model = skrnn.LSTMRegressor(**SMALL | {"max_iter": 100}).fit(X, NUMBER)
    exact = integrated_gradients(model, X, n_steps=200)
    errors = [np.abs(integrated_gradients(model, X, n_steps=n) - exact).max() for n in (4, 12, 50)]
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


@pytest.mark.parametrize(
    ("cls", "options"),
    [(skrnn.GRURegressor, {"pooling": "max"}), (skrnn.RNNRegressor, {"activation": "relu"})],
    ids=["max", "relu"],
)
def test_edges_leave_an_error_that_is_within_what_is_promised(cls, options):
    """That of smooth networks is a rounding error."""
    errors = []
    for kinds in (options, {}):
        model = cls(**SMALL | {"max_iter": 100}, **kinds).fit(X, NUMBER)
        attributions = integrated_gradients(model, X)  # without a warning
        missed = sums(attributions) - (model.predict(X) - model.predict(0 * X))
        errors.append((np.abs(missed) / np.abs(attributions).sum(axis=(1, 2))).max())
    assert 1e-6 < errors[0] < 0.05
    assert errors[1] < 1e-6


def test_one_gradient_may_not_be_enough():
    model = skrnn.GRURegressor(**SMALL | {"max_iter": 100}).fit(X, NUMBER)
    theta_of(model)[:] *= 20
    with pytest.warns(UserWarning, match=r"of .* 8 sequences do not add up .* Increase n_steps") as said:
        integrated_gradients(model, X, n_steps=1)
    assert said[0].filename == __file__


def test_a_table_and_a_pipeline():
    flat = X.reshape(8, 10)
    model = skrnn.GRURegressor(**SMALL, step_features=2).fit(flat, NUMBER)
    same = skrnn.GRURegressor(**SMALL).fit(X, NUMBER)
    inner = integrated_gradients(same, X)
    np.testing.assert_allclose(integrated_gradients(model, flat).reshape(inner.shape), inner, rtol=1e-12)
    pipe = make_pipeline(StandardScaler(), skrnn.GRURegressor(**SMALL)).fit(flat, NUMBER)
    expected = integrated_gradients(pipe[-1], pipe[0].transform(flat))
    np.testing.assert_array_equal(integrated_gradients(pipe, flat), expected)


def test_a_sequence_does_not_depend_on_its_block(monkeypatch):
    model = skrnn.LSTMRegressor(**SMALL).fit(RAGGED, NUMBER)
    together = integrated_gradients(model, RAGGED)
    monkeypatch.setattr(_integrated, "MOST_STEPS", 8)
    for alone, one in zip(integrated_gradients(model, RAGGED), together, strict=True):
        np.testing.assert_allclose(alone, one, rtol=1e-9, atol=1e-12)


def test_float32():
    model = skrnn.GRURegressor(**SMALL).fit(X.astype(np.float32), NUMBER)
    attributions = integrated_gradients(model, X)
    assert attributions.dtype == np.float32
    expected = model.predict(X) - model.predict(0 * X)
    np.testing.assert_allclose(sums(attributions), expected, rtol=1e-3)


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounding_is_no_alarm(cls, dtype):
    """Differences that are none but for rounding have no attributions that add up to them."""
    model = cls(**SMALL, dtype=dtype).fit(X, CLASS if "Classifier" in cls.__name__ else NUMBER)
    for k in range(0, 18, 3):  # warnings are errors
        integrated_gradients(model, X * 10.0**-k)


def test_numbers_that_overflow_are_told():
    """Also where both outputs are finite, and the way between them is too long."""
    model = skrnn.GRURegressor(**SMALL).fit(X, NUMBER)
    huge = np.sign(X) * 1e308
    with pytest.warns(UserWarning, match="sequence 0 is not finite.* baseline in the scale") as said:
        integrated_gradients(model, huge, baseline=-1.7e308)
    assert [one.filename for one in said] == [__file__]


def fitted(**options):
    return skrnn.GRURegressor(**SMALL | options).fit(X, NUMBER)


ERRORS = {
    "not fitted": (NotFittedError, "not fitted", lambda: integrated_gradients(skrnn.GRUClassifier(), X)),
    "no steps": (ValueError, "n_steps", lambda: integrated_gradients(fitted(), X, n_steps=0)),
    "bool": (ValueError, "n_steps", lambda: integrated_gradients(fitted(), X, n_steps=True)),
    "baseline": (ValueError, r"\(3,\)", lambda: integrated_gradients(fitted(), X, baseline=[0] * 3)),
    "too large": (
        ValueError,
        "baseline holds a value too large for float32",
        lambda: integrated_gradients(fitted(dtype="float32"), X, baseline=1e300),
    ),
    "output": (ValueError, "output=1", lambda: integrated_gradients(fitted(), X, output=1)),
    "step": (ValueError, "step=1 is for models", lambda: integrated_gradients(fitted(), X, step=1)),
    "X": (ValueError, "features", lambda: integrated_gradients(fitted(), X[:, :, :1])),
}


@pytest.mark.parametrize(("error", "match", "call"), ERRORS.values(), ids=list(ERRORS))
def test_errors(error, match, call):
    with pytest.raises(error, match=match):
        call()
