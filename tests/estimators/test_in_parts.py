"""``fit_stream``: epochs over parts that are read when they are needed."""

import weakref

import numpy as np
import pandas as pd
import pytest
from support.inside import targets_of, theta_of

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMEncoderDecoder,
    LSTMRegressor,
    fit_stream,
)

SMALL = {"hidden_size": 4, "random_state": 0}


def data(n=160, seed=0):
    X = np.random.RandomState(seed).normal(size=(n, 6, 2))
    return X, 50 + 3 * X[:, -1, 0]


def parts(X, *others, n=40):
    """The parts in an order in which their targets differ: the first does not know of the last."""
    order = np.argsort(others[0], kind="stable")
    values = [np.asarray(one)[order] for one in (X, *others)]
    return [tuple(one[k : k + n] for one in values) for k in range(0, len(X), n)]


def test_the_whole_is_learned():
    X, y = data()
    X_test, y_test = data(seed=1)
    given = parts(X, y)
    model = GRURegressor(**SMALL)
    assert fit_stream(model, given, epochs=25) is model
    assert model.score(X_test, y_test) > 0.95
    assert len(model.loss_curve_) == model.n_iter_ == 25
    assert model.loss_curve_[-1] < 0.1 * model.loss_curve_[0]


def test_mean_and_scale_are_those_of_all_parts():
    X, y = data()
    w = np.random.RandomState(2).uniform(size=len(y))
    for weights in ((), (w,)):
        model = fit_stream(GRURegressor(**SMALL), parts(X, y, *weights), epochs=1)
        one = GRURegressor(**SMALL, max_iter=1, tol=None).fit(X, y, *weights)
        np.testing.assert_allclose(targets_of(model).mean, targets_of(one).mean, rtol=1e-12)
        np.testing.assert_allclose(targets_of(model).scale, targets_of(one).scale, rtol=1e-12)


@pytest.mark.parametrize("size", [2.0**-900, 2.0**990])
def test_targets_whose_squares_are_no_numbers(size):
    """The same model, in another unit."""
    X, y = data()
    one = fit_stream(GRURegressor(**SMALL), parts(X, y), epochs=2)
    other = fit_stream(GRURegressor(**SMALL), parts(X, y * size), epochs=2)
    np.testing.assert_allclose(other.predict(X) / size, one.predict(X), rtol=1e-9)


def test_one_part_is_what_fit_makes_of_it():
    X, y = data(64)
    params = {**SMALL, "shuffle": False, "max_iter": 5, "tol": None, "batch_size": 16}
    one = GRURegressor(**params).fit(X, y)
    model = fit_stream(GRURegressor(**params), [(X, y)])
    np.testing.assert_allclose(theta_of(model), theta_of(one), atol=1e-12)
    np.testing.assert_allclose(model.loss_curve_, one.loss_curve_, rtol=1e-10)
    assert model.n_updates_ == one.n_updates_


def test_classes_and_balanced_weights_of_all_parts():
    X, y = data()
    labels = np.where(y > 53, "high", np.where(y > 49, "middle", "low"))
    model = fit_stream(GRUClassifier(**SMALL), parts(X, labels), epochs=3)
    assert model.classes_.tolist() == ["high", "low", "middle"]
    rare = (y > np.sort(y)[-9]).astype(int)
    X_test, _ = data(400, seed=1)
    found = []
    for weight in (None, "balanced"):
        params = {**SMALL, "class_weight": weight}
        model = fit_stream(GRUClassifier(**params), parts(X, rare, n=80), epochs=3)
        assert model.class_weight == weight
        found.append(model.predict(X_test).sum())
    assert found[1] > found[0]


def test_validation_keeps_the_best_weights():
    X, y = data(80)
    noise = np.random.RandomState(3).normal(size=80) * 4
    X_val, y_val = data(200, seed=1)
    params = {
        **SMALL, "hidden_size": 24, "learning_rate": "constant", "learning_rate_init": 0.03,
        "n_iter_no_change": 5,
    }  # fmt: skip
    given = parts(X, y + noise)
    model = fit_stream(GRURegressor(**params), given, 60, X_val=X_val, y_val=y_val)
    assert model.n_iter_ < 60
    curve = model.validation_loss_curve_
    assert len(curve) == len(model.validation_scores_) == model.n_iter_
    best = int(np.argmin(curve))
    assert model.score(X_val, y_val) == pytest.approx(model.validation_scores_[best], abs=1e-10)


def test_a_table_and_functions_and_generators():
    rng = np.random.RandomState(0)
    tables = [
        pd.DataFrame({"who": np.repeat([3 * k, 3 * k + 1], 20), "a": rng.normal(size=40)})
        for k in range(3)
    ]
    params = {"rows": "steps", "sequence_id": "who", "k1": 5, **SMALL}
    given = [(X, 2 * X["a"].to_numpy()) for X in tables]
    model = fit_stream(LSTMRegressor(**params), given, epochs=2, shuffle=False)
    lazily = [lambda part=part: part for part in given]
    again = fit_stream(LSTMRegressor(**params), lazily, epochs=2, shuffle=False)
    of_epochs = fit_stream(LSTMRegressor(**params), lambda epoch: iter(given), epochs=2)
    for other in (again, of_epochs):
        np.testing.assert_array_equal(theta_of(other), theta_of(model))
    shuffled = fit_stream(LSTMRegressor(**params), given, epochs=2)
    assert not np.array_equal(theta_of(shuffled), theta_of(model))


def test_every_epoch_is_shuffled():
    X, y = data()
    order = []

    def reader(k):
        def read():
            order.append(k)
            return X, y

        return read

    fit_stream(GRURegressor(**SMALL), [reader(k) for k in range(6)], epochs=3)
    epochs = [order[-6 * i - 6 : len(order) - 6 * i] for i in range(3)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert all(epoch != sorted(epoch) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 3


def test_one_part_is_in_memory_at_a_time():
    X, y = data()
    alive, most = weakref.WeakSet(), [0]

    class Part(np.ndarray):
        __hash__ = object.__hash__

    def read(part):
        mine = part[0].view(Part)
        alive.add(mine)
        most[0] = max(most[0], len(alive))
        return mine, part[1]

    fit_stream(GRURegressor(**SMALL), [lambda part=part: read(part) for part in parts(X, y)], epochs=2)
    assert most[0] == 1


def test_a_checkpoint_goes_on_to_the_same_end(tmp_path):
    X, y = data()
    given, path = parts(X, y), tmp_path / "run"

    class Stop(Exception):
        pass

    def until(last):
        def of(epoch):
            if epoch == last:
                raise Stop
            return given

        return of

    validation = {"X_val": X[:20], "y_val": y[:20]}
    expected = fit_stream(GRURegressor(**SMALL), lambda epoch: given, 6, **validation)
    model = GRURegressor(**SMALL)
    for last in (2, 4):
        with pytest.raises(Stop):
            fit_stream(model, until(last), 6, checkpoint=path, **validation)
        assert not hasattr(model, "weights_")
    fit_stream(model, until(None), 6, checkpoint=path, **validation)
    np.testing.assert_array_equal(theta_of(model), theta_of(expected))
    assert model.loss_curve_ == expected.loss_curve_
    again = fit_stream(GRURegressor(**SMALL), until(None), 6, checkpoint=path, **validation)
    np.testing.assert_array_equal(theta_of(again), theta_of(expected))
    for other, epochs in ((GRURegressor(hidden_size=5, random_state=0), 6), (GRURegressor(**SMALL), 7)):
        with pytest.raises(ValueError, match="is of another call"):
            fit_stream(other, until(None), epochs, checkpoint=path, **validation)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="cut off"):
        fit_stream(model, until(None), 6, checkpoint=path, **validation)


def test_warm_start_goes_on():
    X, y = data()
    model = fit_stream(GRURegressor(**SMALL, warm_start=True), parts(X, y), epochs=4)
    before = model.score(X, y)
    fit_stream(model, parts(X, y), epochs=4)
    assert model.score(X, y) > before
    cold = fit_stream(GRURegressor(**SMALL), parts(X, y), epochs=4)
    first = theta_of(cold).copy()
    fit_stream(cold, parts(X, y), epochs=4)
    np.testing.assert_array_equal(theta_of(cold), first)


@pytest.mark.parametrize(
    ("estimator", "given", "error", "match"),
    [
        (GRURegressor(**SMALL), [], ValueError, "batches gave no part with any weight"),
        (GRURegressor(**SMALL), [(1, 2, 3, 4)], TypeError, "Part 0 of epoch -1 is no tuple"),
        (GRURegressor(**SMALL), iter([data()]), ValueError, "which can be read only once"),
        (GRURegressor(**SMALL), [(data()[0] * np.nan, data()[1])], ValueError, "contains NaN"),
        (GRURegressor(**SMALL, solver="lbfgs"), [data()], AttributeError, "partial_fit is not available"),
        (GRURegressor(**SMALL, early_stopping=True), [data()], ValueError, "early_stopping"),
        (GRURegressor(random_state=-1), [data()], ValueError, "The 'random_state' parameter of GRU"),
        (LSTMEncoderDecoder(), [data()], TypeError, "a regressor or classifier of skrnn"),
    ],
)
def test_what_is_wrong_is_named(estimator, given, error, match):
    with pytest.raises(error, match=match):
        fit_stream(estimator, given, epochs=2)
    assert not hasattr(estimator, "weights_")


def test_an_error_names_the_part_and_changes_nothing():
    X, y = data(40)
    model = fit_stream(GRURegressor(**SMALL), [(X, y)], epochs=1)
    before = theta_of(model).copy()
    for later, match in (
        ([(X, y), (X[:, :, :1], y)], "X has 1 features"),
        ([], "batches gave no part in epoch 1"),
    ):
        with pytest.raises(ValueError, match=match) as caught:
            fit_stream(model, lambda epoch, later=later: [(X, y)] if epoch < 1 else later, epochs=3)
        part = "part 1 of epoch 1" if later else "part 0 of epoch 0"
        assert caught.value.__notes__ == [f"What was read last is {part}."]
    np.testing.assert_array_equal(theta_of(model), before)


def test_parts_without_weight_are_passed_over():
    X, y = data(40)
    labels = np.where(y > 50, "high", "low")
    none, some = np.zeros(40), np.linspace(0, 1, 40)
    for cls, targets, others in (
        (GRURegressor, y, y + 1000), (GRUClassifier, labels, np.full(40, "other"))
    ):  # fmt: skip
        with_none = [(X, others, none), (X, targets, some), (X, others, none)]
        model = fit_stream(cls(**SMALL), with_none, epochs=2, shuffle=False)
        alone = fit_stream(cls(**SMALL), [(X, targets, some)], epochs=2, shuffle=False)
        np.testing.assert_array_equal(theta_of(model), theta_of(alone))
        with pytest.raises(ValueError, match="no part with any weight"):
            fit_stream(cls(**SMALL), [(X, others, none)], epochs=2)


def test_adaptive_truncation_in_parts():
    X, y = data(40)
    model = fit_stream(GRURegressor(**SMALL, k2="auto"), [(X, y), (X, y)], epochs=2)
    assert len(model.k2_curve_) == 2
    assert all(1 <= k2 <= 6 for k2 in model.k2_curve_)


def test_what_fit_stream_would_leave_aside():
    class Callback:
        def setup(self, *args, **kwargs): ...
        def teardown(self, *args, **kwargs): ...
        def on_fit_task_begin(self, *args, **kwargs): ...
        def on_fit_task_end(self, *args, **kwargs): ...

    X, y = data(40)
    with pytest.raises(ValueError, match="pass X_val, too"):
        fit_stream(GRURegressor(**SMALL), [(X, y)], 2, y_val=y)
    with pytest.raises(TypeError, match="batches must be a list of tuples"):
        fit_stream(GRURegressor(**SMALL), 3, 2)
    if hasattr(GRURegressor, "set_callbacks"):
        with pytest.raises(ValueError, match="Callbacks do not see fit_stream"):
            fit_stream(GRURegressor(**SMALL).set_callbacks(Callback()), [(X, y)], 2)


@pytest.mark.parametrize("epochs", [0, 2.5, True, "many"])
def test_epochs_are_a_number(epochs):
    with pytest.raises(ValueError, match="epochs must be None or an int >= 1"):
        fit_stream(GRURegressor(**SMALL), [data()], epochs=epochs)


# --- partial_fit ----------------------------------------------------------------------------------------


def test_partial_fit_takes_mean_and_scale():
    X, y = data()
    Y = np.stack([y, -2 * y], axis=1)
    first = slice(0, 5)
    model = GRURegressor(**SMALL).partial_fit(X[first], y[first], y_mean=50, y_scale=3.0)
    assert targets_of(model).mean.tolist() == [50.0]
    assert targets_of(model).scale.tolist() == [3.0]
    model.partial_fit(X, y, y_mean=7)  # too late
    assert targets_of(model).mean.tolist() == [50.0]
    both = GRURegressor(**SMALL).partial_fit(X[first], Y[first], y_mean=Y.mean(axis=0))
    assert targets_of(both).mean.tolist() == Y.mean(axis=0).tolist()
    np.testing.assert_allclose(targets_of(both).scale, Y[first].std(axis=0))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"y_scale": 0}, "y_scale must be positive, a number for each of the 1 outputs, got 0"),
        ({"y_scale": [1, 2]}, "y_scale must be positive, a number for each of the 1"),
        ({"y_mean": np.nan}, "y_mean must be finite"),
    ],
)
def test_units_that_are_none(given, match):
    X, y = data(10)
    model = GRURegressor(**SMALL)
    with pytest.raises(ValueError, match=match):
        model.partial_fit(X, y, **given)
    assert not hasattr(model, "weights_")
