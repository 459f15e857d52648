"""The regressor inside a Forecaster: what is held out for early stopping."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import Forecaster, GRURegressor, TimeDistributed
from skrnn._forecasting.inner import hold_out_last

SMALL = {"hidden_size": 4, "max_iter": 8, "tol": None, "random_state": 0, "early_stopping": True}


def table(n=3, T=60):
    """A cycle of 7 with noise: X (id, time), y."""
    t, rng = np.arange(T), np.random.RandomState(0)
    y = np.sin(t * 2 * np.pi / 7) + 0.1 * rng.normal(size=(n, T))
    return np.stack([np.repeat(np.arange(n), T), np.tile(t, n)], axis=1), y.ravel()


def small(estimator=None, **options):
    options = {"horizon": 3, "sequence_id": 0, "time": 1, "scale": None, **options}
    return Forecaster(estimator or GRURegressor(**SMALL), **options)


def test_the_last_rows_are_held_out():
    y = [np.arange(10.0), np.arange(20.0), np.arange(1.0)]
    X, kept, X_val, validation = hold_out_last([one[:, None] for one in y], y, 0.2)
    assert [len(one) for one in kept] == [8, 16, 1]  # the last is too short: it is trained on
    assert [one[:, 0].tolist() for one in X] == [one.tolist() for one in kept]
    assert [len(one) for one in X_val] == [10, 20]
    assert [one.tolist() for one in validation["y_val"]] == [y[0].tolist(), y[1].tolist()]
    assert [one.sum() for one in validation["sample_weight_val"]] == [2, 4]
    assert validation["sample_weight_val"][0].tolist() == [0] * 8 + [1] * 2


def test_no_target_is_in_both_parts():
    """Row t has the targets of the three steps after it."""
    y = [np.stack([np.arange(12), np.arange(1, 13), np.arange(2, 14)], axis=1)]
    _, kept, _, validation = hold_out_last([y[0][:, :1]], y, 0.25)
    held_out = y[0][validation["sample_weight_val"][0] > 0]
    assert kept[0].max() == held_out.min() - 1
    with pytest.raises(ValueError, match="holds out 3 of the last rows, and 2 before them") as error:
        hold_out_last([y[0][:4]], [y[0][:4]], 0.7)
    assert len(str(error.value)) <= 600


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_fit_is_that_by_hand(strategy):
    X, y = table()
    model = small(strategy=strategy).fit(X, y)
    parts = y.reshape(3, 60)
    ids = np.eye(3)
    read = [np.column_stack([one[:-1], np.tile(i, (59, 1))]) for one, i in zip(parts, ids, strict=True)]
    ahead = [one[1:] for one in parts]
    if strategy == "direct":
        read = [one[:-2] for one in read]
        ahead = [np.stack([one[:-2], one[1:-1], one[2:]], axis=1) for one in ahead]
    rows = len(read[0])
    held, gap = round(0.1 * rows), 0 if strategy == "recursive" else 2
    by_hand = GRURegressor(**SMALL, return_sequences=True, k1=50)
    by_hand.fit(
        [one[: rows - held - gap] for one in read], [one[: rows - held - gap] for one in ahead],
        X_val=read, y_val=ahead, sample_weight_val=[np.arange(rows) >= rows - held] * 3,
    )  # fmt: skip
    assert model.estimator_.validation_loss_curve_ == by_hand.validation_loss_curve_
    for name, weight in by_hand.weights_.items():
        assert (model.estimator_.weights_[name] == weight).all()


def test_what_is_held_out_does_not_train():
    """The last rows decide when training ends, and nothing else."""
    X, y = table()
    last = np.tile(np.arange(60) >= 54, 3)
    one, other = (small().fit(X, np.where(last, value, y)) for value in (y, y + 0.3))
    assert one.estimator_.loss_curve_ == other.estimator_.loss_curve_
    assert one.estimator_.validation_loss_curve_ != other.estimator_.validation_loss_curve_


@pytest.mark.parametrize(
    "steps", [[StandardScaler()], ["passthrough"], [], [StandardScaler(), "passthrough"]]
)
def test_transformers_of_a_pipeline_transform_the_held_out_rows(steps):
    scales = StandardScaler in map(type, steps)
    X, y = table()
    y = y * (1000 if scales else 1)
    model = small(make_pipeline(*steps, GRURegressor(**SMALL)), levels=0.8).fit(X, y)
    curve = model.estimator_[-1].validation_loss_curve_
    assert min(curve) < 0.45  # a constant has 0.5
    assert model.forecast().shape == (9, 5)
    if scales:
        scaler = model.estimator_[0]
        assert isinstance(scaler, TimeDistributed)
        np.testing.assert_allclose(scaler.transformer_.mean_[0], y.reshape(3, 60)[:, :53].mean())


def test_a_fraction_that_cannot_be():
    X, y = table()
    with pytest.raises(ValueError, match="'validation_fraction' parameter of GRURegressor"):
        small(GRURegressor(**{**SMALL, "validation_fraction": 1.5})).fit(X, y)
