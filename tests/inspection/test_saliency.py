"""Saliency equals PyTorch's gradient of the inputs, and differences of what the estimators answer."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.estimators import ESTIMATORS, ONE_OF_EACH
from support.inside import cell_of, network_of, theta_of
from support.reference import torch_pooled, torch_twin

import skrnn
from skrnn.inspection import _saliency, saliency
from skrnn.inspection._output import link_gradient
from skrnn.losses import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 4, "max_iter": 3, "random_state": 0}
RNG = np.random.RandomState(0)
LENGTHS = [4, 7, 1, 7, 5, 3, 6, 2]
RAGGED = [RNG.normal(size=(T, 2)) for T in LENGTHS]
X = RNG.normal(size=(8, 5, 2))
CLASS, NUMBER = np.array(["a", "b", "c", "a", "b", "c", "a", "b"]), RNG.normal(size=8) * 50 + 7
PER_STEP = [np.cumsum(x, axis=0)[:, 0] for x in RAGGED]


def classes_per_step():
    return [np.arange(T) % 3 for T in LENGTHS]


def assert_close(actual, expected, rtol=1e-8):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.abs(expected).max())


# --- PyTorch --------------------------------------------------------------------------------------

MODELS = {
    "one layer": {},
    "two layers": {"hidden_size": (4, 3)},
    "bidirectional": {"bidirectional": True},
    "two bidirectional layers": {"hidden_size": (4, 3), "bidirectional": True, "dropout": 0.2},
    "mean": {"pooling": "mean"},
    "max": {"pooling": "max"},
    "several": {"pooling": ("max", "last"), "bidirectional": True},
}


def torch_saliency(model, x, k, t=None):
    """The gradient of raw output k, at step t or for the whole of x (T, F) or of embeddings."""
    torch = pytest.importorskip("torch")
    net = network_of(model)
    layers, readout, _ = torch_twin(net, theta_of(model), cell_of(model))
    H = inputs = torch.tensor(x[None], requires_grad=True)
    for layer in layers:
        H, final = layer(H)
    h_n = final[0] if isinstance(final, tuple) else final
    if t is not None:
        read = H[0, t]
    else:
        read = torch_pooled(H[0], torch.cat(list(h_n[:, 0])), model.pooling)
    readout(read)[k].backward()
    return inputs.grad[0].numpy()


EVERY = [(cls, name) for cls in ONE_OF_EACH for name in MODELS] + [
    (cls, list(MODELS)[k % len(MODELS)]) for k, cls in enumerate(ESTIMATORS) if cls not in ONE_OF_EACH
]


@pytest.mark.parametrize(("cls", "name"), EVERY)
def test_equals_torch(cls, name, engine):
    options = MODELS[name]
    is_classifier = "Classifier" in cls.__name__
    model = cls(**SMALL | options).fit(RAGGED, CLASS if is_classifier else NUMBER)
    answer = saliency(model, RAGGED, output="b" if is_classifier else None)
    assert isinstance(answer, np.ndarray)
    assert answer.shape == (8,)
    for x, S in zip(RAGGED, answer, strict=True):
        if is_classifier:
            assert_close(S, torch_saliency(model, x, 1))
        else:
            assert_close(S, torch_saliency(model, x, 0) * NUMBER.std())


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}], ids=["one way", "both ways"])
@pytest.mark.parametrize("step", [0, -1])
def test_equals_torch_at_a_step(classifier, options, step, engine):
    model = classifier(**SMALL | options, return_sequences=True).fit(RAGGED, classes_per_step())
    for x, S in zip(RAGGED, saliency(model, RAGGED, output=2, step=step), strict=True):
        assert S.shape == x.shape
        assert_close(S, torch_saliency(model, x, 2, step))


def test_of_tokens_it_is_the_gradient_of_a_factor_of_the_vector(classifier, engine):
    tokens = [RNG.randint(6, size=T) for T in LENGTHS]
    model = classifier(**SMALL, embedding_size=3).fit(tokens, CLASS)
    for ids, S in zip(tokens, saliency(model, tokens, output="c"), strict=True):
        assert S.shape == ids.shape
        vectors = model.weights_["embedding.W"][ids]
        assert_close(S, (vectors * torch_saliency(model, vectors, 2)).sum(axis=1))


# --- differences of the answers -------------------------------------------------------------------


def differences(function, X, eps=1e-5):
    """d function / d X for an array X, central differences."""
    S = np.zeros(X.shape)
    for place in np.ndindex(X.shape):
        up, down = X.copy(), X.copy()
        up[place] += eps
        down[place] -= eps
        S[place] = (function(up) - function(down)) / (2 * eps)
    return S


def test_of_a_regressor_it_is_in_units_of_y(regressor):
    model = regressor(**SMALL).fit(X, NUMBER)
    expected = differences(lambda X: model.predict(X).sum(), X)
    assert_close(saliency(model, X), expected, 1e-6)


@pytest.mark.parametrize("k", [0, 1])
def test_of_several_outputs_one_is_asked_for(k):
    model = skrnn.GRURegressor(**SMALL).fit(X, np.column_stack([NUMBER, -3 * NUMBER**2]))
    expected = differences(lambda X: model.predict(X)[:, k].sum(), X)
    assert_close(saliency(model, X, output=k), expected, 1e-6)
    assert_close(saliency(model, X, output=k - 2), expected, 1e-6)


def test_of_two_classes_it_is_the_log_odds_of_the_one_that_is_predicted():
    y = NUMBER > 10
    model = skrnn.GRUClassifier(**SMALL | {"max_iter": 30}).fit(X, y)

    def log_odds(X):
        log_p = model.predict_log_proba(X)
        return (log_p[:, 1] - log_p[:, 0]).sum()

    expected, sign = differences(log_odds, X), np.where(model.predict(X), 1, -1)
    assert len(set(sign)) == 2
    assert_close(saliency(model, X, output=True), expected, 1e-6)
    assert_close(saliency(model, X, output=False), -expected, 1e-6)
    assert_close(saliency(model, X), sign[:, None, None] * expected, 1e-6)


def test_by_default_it_is_that_of_the_predicted_class():
    model = skrnn.GRUClassifier(**SMALL | {"max_iter": 30}).fit(X, CLASS)
    predicted, answer = model.predict(X), saliency(model, X)
    assert len(set(predicted)) > 1
    for i, label in enumerate(predicted):
        np.testing.assert_array_equal(answer[i], saliency(model, X, output=label)[i])


def test_of_several_labels_the_most_probable_one():
    Y = np.column_stack([NUMBER > 0, X[:, 0, 0] > 0, X[:, 1, 0] > 0]).astype(int)
    model = skrnn.LSTMClassifier(**SMALL | {"max_iter": 30}).fit(X, Y)
    best, answer = model.predict_proba(X).argmax(axis=1), saliency(model, X)
    for i, k in enumerate(best):
        np.testing.assert_array_equal(answer[i], saliency(model, X, output=int(k))[i])
    expected = differences(lambda X: np.log(1 / (1 / model.predict_proba(X)[:, 2] - 1)).sum(), X)
    assert_close(saliency(model, X, output=2), expected, 1e-6)


def test_a_class_without_a_rival_depends_on_nothing():
    model = skrnn.GRUClassifier(**SMALL).fit(X, np.zeros(8, dtype=int))
    np.testing.assert_array_equal(saliency(model, X), 0 * X)


@pytest.mark.parametrize("delay", [1, 3])
def test_a_delay_lets_later_steps_count(delay):
    model = skrnn.GRURegressor(**SMALL, return_sequences=True, target_delay=delay).fit(X, X[:, :, 0])
    S = saliency(model, X, step=1)
    assert_close(S, differences(lambda X: model.predict(X)[:, 1].sum(), X), 1e-6)
    assert np.abs(S[:, 1 + delay]).max() > 0
    np.testing.assert_array_equal(S[:, 2 + delay :], 0)


# --- containers -----------------------------------------------------------------------------------


def test_a_table_of_sequences():
    flat = X.reshape(8, 10)
    model = skrnn.LSTMRegressor(**SMALL, step_features=2).fit(flat, NUMBER)
    S = saliency(model, pd.DataFrame(flat).to_numpy())
    assert_close(S, differences(lambda X: model.predict(X).sum(), flat), 1e-6)


def test_rows_of_unequal_length():
    rows = [np.arange(2.0 * T) for T in LENGTHS]
    answer = saliency(skrnn.RNNRegressor(**SMALL, step_features=2).fit(rows, NUMBER), rows)
    assert [S.shape for S in answer] == [x.shape for x in rows]


def test_a_table_of_tokens():
    ids = RNG.randint(4, size=(8, 5))
    answer = saliency(skrnn.GRURegressor(**SMALL, embedding_size=2).fit(ids, NUMBER), ids)
    assert answer.shape == (8, 5)
    assert (answer < 0).any()


IDS = np.repeat([3, 1, 3, 2, 1], 4)  # interleaved
TABLE = np.column_stack([RNG.normal(size=20), IDS, RNG.normal(size=20)])


@pytest.mark.parametrize("state", ["zeros", "last"])
@pytest.mark.parametrize("column", [1, -2])
def test_rows_are_steps(column, state):
    model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id=column, initial_state=state)
    model.fit(TABLE, TABLE[:, 0] * 4 + TABLE[:, 2])
    last = [max(np.flatnonzero(i == IDS)) for i in (1, 2, 3)]

    def answers(features):
        return model.predict(np.insert(features, 1, IDS, axis=1))[last].sum()

    S = saliency(model, TABLE)
    assert S.shape == TABLE.shape
    np.testing.assert_array_equal(S[:, 1], 0)
    assert_close(S[:, [0, 2]], differences(answers, TABLE[:, [0, 2]]), 1e-6)


def test_a_frame_of_steps():
    frame = pd.DataFrame(TABLE, columns=["u", "id", "v"])
    model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id").fit(frame, frame["u"])
    by_name = saliency(model, frame)
    assert isinstance(by_name, np.ndarray)
    same = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id=1).fit(TABLE, TABLE[:, 0])
    np.testing.assert_array_equal(by_name, saliency(same, TABLE))


def test_a_pipeline_answers_for_what_its_last_step_reads():
    flat = X.reshape(8, 10)
    pipe = make_pipeline(StandardScaler(), skrnn.GRURegressor(**SMALL)).fit(flat, NUMBER)
    np.testing.assert_array_equal(saliency(pipe, flat), saliency(pipe[-1], pipe[0].transform(flat)))
    texts = ["abc", "c", "ba", "cab", "bbb", "ac", "a", "bc"]
    model = skrnn.GRUClassifier(**SMALL, embedding_size=2)
    search = GridSearchCV(make_pipeline(skrnn.TokenEncoder(), model), {"tokenencoder": [None]}, cv=2)
    search.set_params(param_grid={"tokenencoder__lowercase": [True]}).fit(texts, NUMBER > 0)
    assert [len(S) for S in saliency(search, texts)] == [len(t) for t in texts]


def test_a_sequence_does_not_depend_on_its_block(monkeypatch):
    model = skrnn.LSTMRegressor(**SMALL).fit(RAGGED, NUMBER)
    together = saliency(model, RAGGED)
    monkeypatch.setattr(_saliency, "MOST_STEPS", 8)
    for alone, one in zip(saliency(model, RAGGED), together, strict=True):
        assert_close(alone, one, 1e-12)


def test_nothing_of_the_model_changes():
    model = skrnn.LSTMRegressor(**SMALL, dropout=0.5).fit(RAGGED, NUMBER)
    before = model.predict(RAGGED)
    np.testing.assert_array_equal(saliency(model, RAGGED)[0], saliency(model, RAGGED)[0])
    np.testing.assert_array_equal(model.predict(RAGGED), before)


def test_float32():
    model = skrnn.GRURegressor(**SMALL).fit(X.astype(np.float32), NUMBER)
    S = saliency(model, X)
    assert S.dtype == np.float32
    assert_close(S, differences(lambda X: model.predict(X).sum(), X, 0.03), 0.05)


# --- links ----------------------------------------------------------------------------------------


def softplus_sums(raw):
    steps = np.logaddexp(0, raw)
    steps[:, 0] = raw[:, 0]
    return np.cumsum(steps, axis=1)


def test_the_gradient_of_a_link():
    raw, dy = RNG.normal(size=(6, 3)) * 3, RNG.normal(size=(6, 3))
    assert link_gradient(lambda raw: raw, raw, dy) is dy
    np.testing.assert_allclose(link_gradient(np.exp, raw, dy), dy * np.exp(raw), rtol=1e-11)
    sums = np.cumsum(dy[:, ::-1], axis=1)[:, ::-1]  # every later output has this step in it
    expected = sums / (1 + np.exp(-raw))
    expected[:, 0] = sums[:, 0]
    np.testing.assert_allclose(link_gradient(softplus_sums, raw, dy), expected, rtol=1e-9, atol=1e-12)


def test_the_link_of_a_loss_counts(monkeypatch):
    model = skrnn.GRURegressor(**SMALL).fit(X, NUMBER)
    monkeypatch.setattr(LOSSES["squared_error"], "inverse_link", lambda self, raw: np.exp(raw))
    expected = differences(lambda X: model.predict(X).sum(), X)
    assert_close(saliency(model, X), expected, 1e-6)


# --- errors ---------------------------------------------------------------------------------------


def fitted(**options):
    return skrnn.GRUClassifier(**SMALL | options).fit(X, CLASS)


def per_step():
    return skrnn.GRURegressor(**SMALL, return_sequences=True).fit(RAGGED, PER_STEP)


def two_outputs():
    return skrnn.GRURegressor(**SMALL).fit(X, X[:, 0])


ERRORS = {
    "not fitted": (NotFittedError, "not fitted", lambda: saliency(skrnn.GRUClassifier(), X)),
    "search": (
        NotFittedError,
        "not fitted",
        lambda: saliency(GridSearchCV(skrnn.GRUClassifier(), {}), X),
    ),
    "other": (TypeError, "LinearRegression", lambda: saliency(LinearRegression().fit(X[0], X[0]), X)),
    "no estimator": (TypeError, "got str", lambda: saliency("model", X)),
    "pairs": (TypeError, "encoder-decoders", lambda: saliency(skrnn.GRUEncoderDecoder(), ["a"])),
    "class": (ValueError, "output='d'.*'a', 'b', 'c'", lambda: saliency(fitted(), X, output="d")),
    "output": (ValueError, "output=2 .* 2 outputs", lambda: saliency(two_outputs(), X, output=2)),
    "bool": (ValueError, "output=True", lambda: saliency(two_outputs(), X, output=True)),
    "needed": (ValueError, "output is needed: the model has 2", lambda: saliency(two_outputs(), X)),
    "step": (ValueError, "step=1 is for models", lambda: saliency(fitted(), X, step=1)),
    "beyond": (ValueError, "Sequence 0 of X has no step=4", lambda: saliency(per_step(), RAGGED, step=4)),
    "before": (ValueError, "Sequence 2 of X.*is 1", lambda: saliency(per_step(), RAGGED, step=-2)),
    "broken": (ValueError, "step must be an int", lambda: saliency(per_step(), RAGGED, step=0.5)),
    "X": (ValueError, "features", lambda: saliency(fitted(), X[:, :, :1])),
}


@pytest.mark.parametrize(("error", "match", "call"), ERRORS.values(), ids=list(ERRORS))
def test_errors(error, match, call):
    with pytest.raises(error, match=match):
        call()
