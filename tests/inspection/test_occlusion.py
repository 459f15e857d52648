"""Occlusion is the difference of what the estimators answer with and without a part."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.combinations import together
from support.data import not_bad
from support.estimators import ESTIMATORS
from support.inside import change_facts, targets_of, theta_of, views_of

import skrnn
from skrnn.inspection import _occlusion, occlusion, saliency
from skrnn.inspection._inspected import look_into
from skrnn.inspection._output import output_of, raw_outputs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 4, "max_iter": 3, "random_state": 0}
RNG = np.random.RandomState(0)
LENGTHS = [4, 7, 1, 7, 5, 3, 6, 2]
RAGGED = [RNG.normal(size=(T, 2)) for T in LENGTHS]
X = RNG.normal(size=(8, 5, 2))
NUMBER, CLASS = RNG.normal(size=8) * 50 + 7, np.array(["a", "b", "c", "a", "b", "c", "a", "b"])
TOKENS = [RNG.randint(4, size=T) for T in LENGTHS]


def decision(model, X, k):
    """Raw output k after the last step."""
    weights = model.weights_
    h = np.array([H[-1] for H in model.hidden_states(X)])
    return (h @ weights["readout.W"] + weights["readout.b"])[:, k]


def replaced(X, place, value=0.0):
    """Copies of sequences with ``x[place] = value``."""
    copies = [x.copy() for x in X]
    for x in copies:
        x[place] = value
    return copies


def assert_close(actual, expected, rtol=1e-10):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.abs(expected).max())


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_steps_of_unequal_sequences(cls, engine):
    is_classifier = "Classifier" in cls.__name__
    model = cls(**SMALL).fit(RAGGED, CLASS if is_classifier else NUMBER)

    def answer(X):
        return decision(model, X, 1) if is_classifier else model.predict(X)

    losses = occlusion(model, RAGGED, output="b" if is_classifier else None)
    assert losses.dtype == object
    for x, one in zip(RAGGED, losses, strict=True):
        expected = [answer([x])[0] - answer(replaced([x], t))[0] for t in range(len(x))]
        assert_close(one, expected)


OPTIONS = {
    "both ways": {"bidirectional": True},
    "two layers": {"hidden_size": (4, 3)},
    "mean": {"pooling": "mean"},
    "max": {"pooling": "max"},
    "several": {"pooling": ("last", "mean"), "bidirectional": True},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("baseline", [None, 1.5, [0.5, -1]], ids=str)
def test_parts_of_an_array(name, baseline):
    model = skrnn.LSTMRegressor(**SMALL | OPTIONS[name]).fit(X, NUMBER)
    y, value = model.predict(X), 0 if baseline is None else np.array(baseline)
    by_step, by_feature = (occlusion(model, X, by=by, baseline=baseline) for by in ("step", "feature"))
    assert by_step.shape == (8, 5)
    assert by_feature.shape == (8, 2)
    for t in range(5):
        assert_close(by_step[:, t], y - model.predict(np.array(replaced(X, t, value))))
    for k in range(2):
        part = np.broadcast_to(value, 2)[k]
        assert_close(by_feature[:, k], y - model.predict(np.array(replaced(X, (slice(None), k), part))))


def test_features_of_unequal_sequences():
    model = skrnn.GRURegressor(**SMALL).fit(RAGGED, NUMBER)
    losses = occlusion(model, RAGGED, by="feature")
    assert losses.shape == (8, 2)
    expected = model.predict(RAGGED) - model.predict(replaced(RAGGED, (slice(None), 1)))
    assert_close(losses[:, 1], expected)


@pytest.mark.parametrize(("step", "delay"), [(0, 0), (2, 0), (-1, 0), (2, 1), (-1, 2)])
def test_one_step_of_many_outputs(step, delay):
    model = skrnn.GRURegressor(**SMALL, return_sequences=True, target_delay=delay).fit(X, X)
    losses = occlusion(model, X, step=step, output=1)
    for t in range(5):
        expected = model.predict(X)[:, step, 1] - model.predict(np.array(replaced(X, t)))[:, step, 1]
        assert_close(losses[:, t], expected, 1e-9)
    after = step % 5 + delay + 1
    np.testing.assert_array_equal(losses[:, after:], 0)


def test_of_two_classes_it_is_that_of_the_predicted_one():
    model = skrnn.GRUClassifier(**SMALL | {"max_iter": 30}).fit(X, NUMBER > 10)
    sign = np.where(model.predict(X), 1, -1)
    assert len(set(sign)) == 2
    for t in range(5):
        change = decision(model, X, 0) - decision(model, np.array(replaced(X, t)), 0)
        np.testing.assert_allclose(occlusion(model, X)[:, t], sign * change, atol=1e-12)
        np.testing.assert_allclose(occlusion(model, X, output=False)[:, t], -change, atol=1e-12)


def test_the_class_stays_that_of_the_whole_sequence():
    """Also where the answer becomes another one without the part."""
    model = skrnn.GRUClassifier(**SMALL | {"max_iter": 60}).fit(X, CLASS)
    predicted, losses = model.predict(X), occlusion(model, X)
    changed = [model.predict(np.array(replaced(X, t))) != predicted for t in range(5)]
    assert np.any(changed)
    for label in set(predicted):
        same = predicted == label
        np.testing.assert_allclose(losses[same], occlusion(model, X, output=label)[same], atol=1e-12)


def test_tables():
    flat = pd.DataFrame(X.reshape(8, 10)).add_prefix("x")
    model = skrnn.GRURegressor(**SMALL, step_features=2).fit(flat, NUMBER)
    same = skrnn.GRURegressor(**SMALL).fit(X, NUMBER)
    for by in ("step", "feature"):
        np.testing.assert_array_equal(occlusion(model, flat, by=by), occlusion(same, X, by=by))


@pytest.mark.parametrize("state", ["zeros", "last"])
def test_rows_that_are_steps(state):
    ids = np.repeat([3, 1, 3, 2, 1], 4)  # interleaved
    table = pd.DataFrame({"u": RNG.normal(size=20), "id": ids, "v": RNG.normal(size=20)})
    model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id", initial_state=state)
    model.fit(table, table["u"])
    losses, by_feature = occlusion(model, table), occlusion(model, table, by="feature")
    assert losses.shape == (20,)
    assert by_feature.shape == (3, 2)
    last = {i: np.flatnonzero(ids == i)[-1] for i in (3, 1, 2)}
    y = model.predict(table)
    for row in range(20):
        without = table.copy()
        without.loc[row, ["u", "v"]] = 0.0
        expected = (y - model.predict(without))[last[ids[row]]]
        np.testing.assert_allclose(losses[row], expected, atol=1e-12)
    at_end = (y - model.predict(table.assign(v=0.0)))[list(last.values())]
    np.testing.assert_allclose(by_feature[:, 1], at_end, atol=1e-12)


def test_pipelines_answer_for_what_the_last_step_reads():
    pipe = make_pipeline(skrnn.TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL))
    pipe.fit(RAGGED, NUMBER)
    inner = occlusion(pipe[-1], pipe[:-1].transform(RAGGED))
    for a, b in zip(occlusion(pipe, RAGGED), inner, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("by", "most"), together(["step", "feature"], [1, 7, 8, 40]))
def test_copies_that_run_together_do_not_matter(by, most, monkeypatch):
    model = skrnn.LSTMRegressor(**SMALL).fit(RAGGED, NUMBER)
    together = occlusion(model, RAGGED, by=by)
    monkeypatch.setattr(_occlusion, "MOST_STEPS", most)
    for a, b in zip(occlusion(model, RAGGED, by=by), together, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)


def test_no_more_copies_run_together_than_steps_are_allowed(monkeypatch):
    monkeypatch.setattr(_occlusion, "MOST_STEPS", 10)
    lengths = np.array([3, 3, 4, 9, 1, 1, 30, 2, 10, 1])
    slices = list(_occlusion._some(lengths))
    assert [lengths[one].tolist() for one in slices] == [[3, 3, 4], [9, 1], [1], [30], [2], [10], [1]]


def test_whole_numbers_and_float32():
    whole = RNG.randint(5, size=(8, 5, 2))
    model = skrnn.GRURegressor(**SMALL, dtype=np.float32).fit(whole, NUMBER)
    losses = occlusion(model, whole, baseline=0.5)
    assert losses.dtype == np.float32
    expected = model.predict(whole) - model.predict(np.array(replaced(whole.astype(float), 1, 0.5)))
    assert_close(losses[:, 1], expected, 1e-4)


def test_the_mean_of_y_takes_no_digits():
    """A difference of predictions would be one of multiples of 0.0078."""
    model = skrnn.GRURegressor(**SMALL, dtype="float32").fit(X, NUMBER / 50)
    change_facts(model, targets=replace(targets_of(model), mean=np.array([1e5])))
    same = skrnn.GRURegressor(**SMALL, dtype="float32").fit(X, NUMBER / 50)
    np.testing.assert_array_equal(occlusion(model, X), occlusion(same, X))


def test_outputs_that_overflow_are_told():
    """With units that have no bounds."""
    model = skrnn.RNNRegressor(**SMALL, activation="relu", dtype="float32").fit(X, NUMBER)
    theta_of(model)[:] = 10.0
    with pytest.warns(UserWarning, match="came out for sequence 0 is not finite.* baseline in") as said:
        losses = occlusion(model, X, baseline=1e38)
    assert said[0].filename == __file__
    assert losses.shape == (8, 5)
    with pytest.warns(UserWarning, match="answer of RNNRegressor for sequence 0 is not finite") as said:
        occlusion(model, X * 1e38)
    assert [one.filename for one in said] == [__file__]


@pytest.mark.parametrize("k", [0, 1])
def test_the_number_that_is_looked_into_is_the_prediction(k):
    model = skrnn.GRURegressor(**SMALL).fit(X, np.column_stack([NUMBER, -3 * NUMBER**2]))
    inside = look_into(model, "test")
    raw = raw_outputs(inside, inside.read(X).sequences, np.full(8, 4), None)
    value = output_of(inside, k).value(raw, np.arange(8))
    np.testing.assert_allclose(value, model.predict(X)[:, k], rtol=1e-12)


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_taken_out_leaves_a_shorter_text(engine):
    model = skrnn.GRUClassifier(**SMALL, embedding_size=3).fit(TOKENS, CLASS)
    for ids, one in zip(TOKENS, occlusion(model, TOKENS, by="token", output="c"), strict=True):
        assert one.shape == ids.shape
        if len(ids) > 1:
            without = [np.delete(ids, t) for t in range(len(ids))]
            assert_close(one, decision(model, [ids], 2) - decision(model, without, 2))
    [alone] = [k for k, T in enumerate(LENGTHS) if T == 1]
    np.testing.assert_array_equal(
        occlusion(model, TOKENS, by="token", output="c")[alone],
        occlusion(model, TOKENS, output="c")[alone],
    )


@pytest.mark.parametrize("by", ["step", "token"])
def test_a_token_in_the_place_of_another(by):
    table = RNG.randint(4, size=(8, 5))
    model = skrnn.GRURegressor(**SMALL, embedding_size=3).fit(table, NUMBER)
    losses = occlusion(model, table, by=by, baseline=2)
    for t in range(5):
        other = table.copy()
        other[:, t] = 2
        assert_close(losses[:, t], model.predict(table) - model.predict(other))


def test_a_step_without_input_has_no_vector():
    model = skrnn.GRURegressor(**SMALL, embedding_size=3).fit(TOKENS, NUMBER)
    vectors = [model.weights_["embedding.W"][ids] for ids in TOKENS]
    same = skrnn.GRURegressor(**SMALL).fit(vectors, NUMBER)
    same_views = views_of(same)
    for name, view in views_of(model).items():
        if name in same_views:
            same_views[name][...] = view
    for a, b in zip(occlusion(model, TOKENS), occlusion(same, vectors), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_not_bad():
    """The word that turns a review gets the credit; the gradient gives it to another one, mostly."""
    reviews, labels = not_bad()
    text, misled = ["it was not bad"], 0
    for seed in range(5):
        gru = skrnn.GRUClassifier(8, embedding_size=8, max_iter=100, alpha=1e-4, random_state=seed)
        pipe = make_pipeline(skrnn.TokenEncoder("word"), gru).fit(reviews, labels)
        assert pipe.predict([*text, "it was bad"]).tolist() == ["praise", "blame"]
        [loss] = occlusion(pipe, text, by="token")
        assert loss.argmax() == 2
        assert loss[2] > 1.5 * abs(loss[3])
        misled += saliency(pipe, text)[0].argmax() != 2
    assert misled >= 3


# --- errors ---------------------------------------------------------------------------------------


def fitted(**options):
    return skrnn.GRURegressor(**SMALL | options).fit(X, NUMBER)


def reader(**options):
    y = [ids % 2 for ids in TOKENS] if options.get("return_sequences") else CLASS
    return skrnn.GRUClassifier(**SMALL, embedding_size=2, **options).fit(TOKENS, y)


ERRORS = {
    "not fitted": (NotFittedError, "not fitted", lambda: occlusion(skrnn.GRUClassifier(), X)),
    "other": (TypeError, "LinearRegression", lambda: occlusion(LinearRegression().fit(X[0], X[0]), X)),
    "pairs": (TypeError, "encoder-decoders", lambda: occlusion(skrnn.GRUEncoderDecoder(), ["a"])),
    "kind": (ValueError, "by must be one of .*got 'row'", lambda: occlusion(fitted(), X, by="row")),
    "no tokens": (ValueError, "embedding_size", lambda: occlusion(fitted(), X, by="token")),
    "tokens": (
        ValueError,
        "by='feature'|by=\"feature\"",
        lambda: occlusion(reader(), TOKENS, by="feature"),
    ),
    "per step": (
        ValueError,
        'Pass by="step"',
        lambda: occlusion(reader(return_sequences=True), TOKENS, by="token"),
    ),
    "baseline": (
        ValueError,
        r"\(3,\), but .* 2 features",
        lambda: occlusion(fitted(), X, baseline=[0] * 3),
    ),
    "NaN": (ValueError, "baseline holds NaN", lambda: occlusion(fitted(), X, baseline=np.nan)),
    "too large": (
        ValueError,
        "baseline holds a value too large for float32",
        lambda: occlusion(fitted(dtype="float32"), X, baseline=[0, -1e300]),
    ),
    "text": (ValueError, "baseline", lambda: occlusion(fitted(), X, baseline="mean")),
    "no token": (ValueError, "from 0 to 3", lambda: occlusion(reader(), TOKENS, baseline=4)),
    "a float": (
        ValueError,
        "baseline=0.5 is no token",
        lambda: occlusion(reader(), TOKENS, baseline=0.5),
    ),
    "step": (ValueError, "step=1 is for models", lambda: occlusion(fitted(), X, step=1)),
    "X": (ValueError, "features", lambda: occlusion(fitted(), X[:, :, :1])),
}


@pytest.mark.parametrize(("error", "match", "call"), ERRORS.values(), ids=list(ERRORS))
def test_errors(error, match, call):
    with pytest.raises(error, match=match):
        call()
