"""``embedding_size`` as a dict: categories beside numbers, in every container that X may be."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import OrdinalEncoder
from support.inside import model_of, set_model

from skrnn import GRUClassifier, LSTMClassifier, LSTMRegressor, RNNRegressor
from skrnn.inspection import integrated_gradients, occlusion, permutation_importance, saliency

SMALL = {"hidden_size": 4, "max_iter": 3, "random_state": 0, "learning_rate": "constant", "tol": None}
STEPS = {"rows": "steps", "sequence_id": "shop", "embedding_size": {"day": 2}}


def sequences(n=20, T=6, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, T, 3))
    X[:, :, 1] = rng.randint(5, size=(n, T))
    return X, X[:, :, 0].sum(axis=1)


def table(n=60, seed=0):
    pd = pytest.importorskip("pandas")
    rng = np.random.RandomState(seed)
    X = pd.DataFrame({
        "a": rng.normal(size=n), "shop": np.repeat(["x", "y", "z"], n // 3),
        "day": np.arange(n) % 7, "b": rng.normal(size=n),
    })  # fmt: skip
    return X, rng.normal(size=n)


def test_every_container_is_read_alike():
    X, y = sequences()
    expected = LSTMRegressor(embedding_size={1: 2}, **SMALL).fit(X, y)
    assert expected.weights_["embedding.1.W"].shape == (5, 2)
    flat = LSTMRegressor(embedding_size={1: 2}, step_features=3, **SMALL).fit(X.reshape(20, -1), y)
    of_list = clone(expected).fit(list(X), y)
    pd = pytest.importorskip("pandas")
    frames = [pd.DataFrame(x, columns=["p", "q", "r"]) for x in X]
    named = clone(expected).set_params(embedding_size={"q": 2}).fit(frames, y)
    rows = np.column_stack([np.repeat(np.arange(20), 6), X.reshape(-1, 3)])
    steps = LSTMRegressor(embedding_size={2: 2}, rows="steps", sequence_id=0, **SMALL)
    assert steps.fit(rows, np.repeat(y, 6)).weights_["embedding.2.W"].shape == (5, 2)
    for model, data in ((flat, X.reshape(20, -1)), (of_list, list(X)), (named, frames)):
        np.testing.assert_array_equal(model.predict(data), expected.predict(X))
        assert model_of(model).theta.tolist() == model_of(expected).theta.tolist()


def test_a_table_by_name_and_by_position():
    X, y = table()
    named = LSTMRegressor(**STEPS, **SMALL).fit(X, y)
    placed = LSTMRegressor(**{**STEPS, "embedding_size": {2: 2}}, **SMALL).fit(X, y)
    np.testing.assert_array_equal(named.predict(X), placed.predict(X))
    assert set(named.weights_) - set(placed.weights_) == {"embedding.day.W"}
    mixed = X.sample(frac=1, random_state=0).sort_values("day", kind="stable").sort_index()
    np.testing.assert_array_equal(named.predict(mixed), named.predict(X))


def test_categories_are_not_numbers():
    """An effect of the code that is no function of its size, on top of that of a number."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 8, 2))
    X[:, :, 1] = rng.randint(12, size=(300, 8))
    effect = rng.permutation(np.linspace(-1, 1, 12))
    y = (effect[X[:, :, 1].astype(int)] * X[:, :, 0]).sum(axis=1)
    model = LSTMRegressor(embedding_size={1: 3}, hidden_size=16, random_state=0).fit(X[:200], y[:200])
    as_number = LSTMRegressor(hidden_size=16, random_state=0)
    as_number.fit(X[:200] / [1, 12], y[:200])
    assert model.score(X[200:], y[200:]) > as_number.score(X[200:] / [1, 12], y[200:]) + 0.1


def test_columns_that_share_a_table():
    X, y = sequences()
    X = np.concatenate([X, X[:, ::-1, 1:2]], axis=2)
    model = LSTMRegressor(embedding_size={(1, 3): 2}, **SMALL).fit(X, y)
    assert model.weights_["embedding.1-3.W"].shape == (5, 2)
    assert model.weights_["layer0.W_x"].shape[0] == 2 + 2 * 2


def test_unknown_codes_are_no_input():
    X, y = sequences()
    model = LSTMRegressor(embedding_size={1: 2}, **SMALL).fit(X, y)
    unknown = X.copy()
    unknown[:, :, 1] = -1
    without = model_of(model)
    theta = without.theta.copy()
    without.network().views(theta).table[0][...] = 0
    blank = clone(model).fit(X, y)
    assert not np.array_equal(model.predict(unknown), model.predict(X))
    set_model(blank, without.with_theta(theta))
    np.testing.assert_array_equal(blank.predict(X), model.predict(unknown))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"embedding_size": {}}, "names no column"),
        ({"embedding_size": {1: 0}}, "widths of their vectors, ints >= 1"),
        ({"embedding_size": {1: 2.5}}, "widths of their vectors"),
        ({"embedding_size": {1: True}}, "widths of their vectors"),
        ({"embedding_size": {1.5: 2}}, "names or positions, as keys"),
        ({"embedding_size": {"q": 1}}, "column 'q', but the time steps of X have no column"),
        ({"embedding_size": {7: 1}}, "embedding_size=7 is not a column of X, which has 3"),
        ({"embedding_size": {0: 2}}, r"1\.76405 in X is no code of a category \(sequence 0, step 0"),
        ({"embedding_size": {1: 2, -2: 2}}, "names position 1 twice"),
        ({"embedding_size": {1: 2}, "n_tokens": 3}, "n_tokens is a dict"),
        ({"embedding_size": 4, "n_tokens": {1: 3}}, "n_tokens is a dict"),
        ({"embedding_size": {1: 2}, "n_tokens": {0: 3}}, "name different columns"),
        ({"embedding_size": {1: 2}, "n_tokens": {1: 0}}, "n_tokens of column 1 must be an int >= 1"),
        ({"embedding_size": {1: 2}, "n_tokens": {1: 3}}, r"[34] in X is not below 3"),
    ],
)
def test_what_is_wrong_is_named(params, match):
    X, y = sequences()
    model = LSTMRegressor(**SMALL, **params)
    with pytest.raises(ValueError, match=match) as error:
        model.fit(X, y)
    assert len(str(error.value)) <= 600
    assert not hasattr(model, "weights_")


def test_the_column_of_ids_is_no_feature():
    X, y = table()
    model = LSTMRegressor(**{**STEPS, "embedding_size": {"shop": 2}}, **SMALL)
    with pytest.raises(ValueError, match="'shop', which is sequence_id"):
        model.fit(X, y)


def test_codes_beyond_those_of_fit():
    X, y = sequences()
    model = LSTMRegressor(embedding_size={1: 2}, **SMALL).fit(X, y)
    larger = X.copy()
    larger[3, 2, 1] = 5
    with pytest.raises(ValueError, match=r"5 in X is not below 5.*sequence 3, step 2, position 1"):
        model.predict(larger)
    wide = LSTMRegressor(embedding_size={1: 2}, n_tokens={1: 9}, **SMALL).fit(X, y)
    assert wide.predict(larger).shape == (20,)


@pytest.mark.parametrize("cls", [RNNRegressor, LSTMRegressor])
def test_streams_answer_as_predict(cls):
    X, y = sequences()
    model = cls(embedding_size={1: 2}, **SMALL).fit(X, y)
    stream = model.stream(n_streams=4)
    for t in range(X.shape[1]):
        answer = stream.step(X[:4, t])
    np.testing.assert_array_equal(answer, model.predict(X[:4]))
    alone = pickle.loads(pickle.dumps(model.stream()))
    for x in X[0]:
        answer = alone.step(x)
    assert answer == model.predict(X[:1])[0]
    with pytest.raises(
        ValueError, match=r"0\.5 at position 1 of x is no code: whole numbers from 0 to 4"
    ):
        alone.step([0.0, 0.5, 0.0])


def test_scale_of_codes_is_not_warned_at():
    """Codes up to 999 beside numbers around 1 are as they should be; numbers up to 999 are not."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40, 6, 2))
    X[:, :, 1] = rng.randint(1000, size=(40, 6))
    y = X[:, -1, 0]
    X_val = X.copy()
    X_val[:, :, 1] = rng.randint(3, size=(40, 6))
    params = {**SMALL, "max_iter": 30}
    LSTMRegressor(embedding_size={1: 2}, **params, early_stopping=True).fit(X, y, X_val=X_val, y_val=y)


def test_training_goes_on_and_pickles_and_searches():
    X, y = sequences()
    labels = np.where(y > 0, "up", "down")
    model = LSTMClassifier(embedding_size={1: 2}, **SMALL).fit(X, labels)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    before = model.weights_["embedding.1.W"]
    model.partial_fit(X[:5], labels[:5])
    assert not np.array_equal(model.weights_["embedding.1.W"], before)
    model.set_params(embedding_size={1: 3}, warm_start=True)
    with pytest.raises(ValueError, match="embedding_size"):
        model.fit(X, labels)
    search = GridSearchCV(
        GRUClassifier(**SMALL), {"embedding_size": [{1: 1}, {1: 2}], "n_tokens": [{1: 5}]}, cv=2
    )
    assert search.fit(X, labels).best_params_["embedding_size"] in ({1: 1}, {1: 2})


def test_of_a_pipeline_with_an_encoder():
    pd = pytest.importorskip("pandas")
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    X, y = table()
    X["kind"] = pd.Categorical(np.array(["red", "green", "blue"])[np.arange(60) % 3])
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer(
        [("kind", encoder, ["kind"])], remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    params = {**STEPS, "embedding_size": {"day": 2, "kind": 1}}
    model = make_pipeline(columns, LSTMRegressor(**params, **SMALL)).fit(X, y)
    X["kind"] = ["violet"] * 60
    assert np.isfinite(model.predict(X)).all()


def test_inspection_counts_by_feature():
    X, y = sequences()
    model = LSTMRegressor(embedding_size={1: 2}, **SMALL).fit(X, y)
    attributions = integrated_gradients(model, X)
    blank = np.zeros((1, 6, 3))
    blank[:, :, 1] = -1
    np.testing.assert_allclose(
        attributions.sum(axis=(1, 2)), model.predict(X) - model.predict(blank), atol=1e-6
    )
    assert saliency(model, X).shape == X.shape
    without = X.copy()
    without[:, :, 1] = 2
    losses = occlusion(model, X, by="feature", baseline=[0, 2, 0])
    np.testing.assert_allclose(losses[:, 1], model.predict(X) - model.predict(without), atol=1e-12)
    with pytest.raises(ValueError, match="baseline has 7 at position 1, which holds codes"):
        occlusion(model, X, by="feature", baseline=7)
    assert permutation_importance(model, X, y, n_repeats=2, random_state=0)
