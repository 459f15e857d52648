"""Training that leaves the finite numbers: stopped, taken back, and explained."""

import itertools
import re
import warnings

import joblib
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from support.inside import theta_of

import skrnn
from skrnn.callbacks import Checkpoint
from skrnn.losses import LOSSES

N, T, F = 20, 15, 2
X = np.random.RandomState(0).normal(size=(N, T, F))
Y = {"RNNRegressor": X[:, -1, 0], "RNNClassifier": (X[:, -1, 0] > 0).astype(int)}
both = pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
# rectified units without clipping: what they gain in a step they gain in every step
EXPLODING = {
    "activation": "relu", "hidden_size": 8, "solver": "sgd", "clip_norm": None, "learning_rate_init": 3.0,
    "learning_rate": "constant", "alpha": 1e-4, "random_state": 0, "n_iter_no_change": np.inf,
}  # fmt: skip


def fit(model, X=X):
    """The fitted model and the message of the only warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y[type(model).__name__])
    (warning,) = caught
    assert warning.category is ConvergenceWarning
    assert warning.filename == __file__
    return model, str(warning.message)


@both
def test_the_last_finite_weights_are_kept(cls):
    model, message = fit(cls(**EXPLODING, max_iter=50))
    n = model.n_updates_
    assert 0 < n < 49
    assert model.n_iter_ == n
    assert f"diverged in epoch {n + 1}: the " in message  # the update after them led astray
    before, _ = fit(cls(**EXPLODING, max_iter=n))
    for name, w in before.weights_.items():
        np.testing.assert_array_equal(model.weights_[name], w)
        assert np.isfinite(w).all()
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()


@both
def test_the_message_tells_the_norms_before(cls):
    model, message = fit(cls(**EXPLODING, max_iter=50))
    before = message.split("updates before: ")[1].split(". To try")[0].split(", ")
    assert before[:-1] == [f"{g:.3g}" for g in model.grad_norm_curve_[-4:]]
    assert float(before[-1]) > 1000  # that of the update that led astray


@both
def test_no_end_of_training_is_at_weights_without_a_loss(cls):
    """The last update, too, is looked at before it is kept."""
    ended_early = 0
    for seed, max_iter in itertools.product(range(8), range(1, 8)):
        model = cls(**EXPLODING | {"random_state": seed}, max_iter=max_iter)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, Y[cls.__name__])
        ended_early += model.n_iter_ < max_iter
        answers = model.predict_proba if hasattr(model, "predict_proba") else model.predict
        assert np.isfinite(answers(X)).all()
    assert ended_early > 1


def test_partial_fit_goes_back_as_well():
    model = skrnn.RNNRegressor(**EXPLODING)
    diverged = 0
    for _ in range(12):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.partial_fit(X, Y["RNNRegressor"])
        diverged += len(caught)
        assert np.isfinite(model.predict(X)).all()
    assert diverged > 3
    model.set_params(clip_norm=1.0, learning_rate_init=1e-3).partial_fit(X, Y["RNNRegressor"])


def test_a_checkpoint_near_the_divergence_goes_on_like_the_whole_run(tmp_path):
    whole, message = fit(skrnn.RNNRegressor(**EXPLODING, max_iter=50))
    for epoch in range(1, whole.n_iter_ + 1):

        class Dies(Checkpoint):
            def on_fit_task_begin(self, estimator, context, epoch=epoch):
                if context.task_name == "epoch" and context.task_id == epoch:
                    raise RuntimeError("killed")

        with pytest.raises(RuntimeError, match="killed"):
            skrnn.RNNRegressor(**EXPLODING, max_iter=50).set_callbacks(Dies(tmp_path / "model")).fit(
                X, Y["RNNRegressor"]
            )
        model, again = fit(joblib.load(tmp_path / "model").set_params(warm_start=True))
        assert again == message
        np.testing.assert_array_equal(model.weights_["layer0.W_h"], whole.weights_["layer0.W_h"])


def test_the_norms_are_those_of_updates_also_within_an_epoch():
    model, message = fit(skrnn.RNNRegressor(**EXPLODING, max_iter=50, batch_size=5))
    assert "diverged in epoch 1:" in message
    assert model.n_iter_ == 0
    norms = message.split("updates before: ")[1].split(". To try")[0].split(", ")
    assert len(norms) >= 1
    assert all(float(norm) > 0 for norm in norms)


@pytest.mark.parametrize(
    ("clip_norm", "advice"),
    [
        (None, r"set clip_norm=1.0 \(now None\); lower learning_rate_init \(now 1e\+200\)"),
        (5.0, r"set clip_norm=1.0 \(now 5.0\); lower learning_rate_init"),
        (0.5, r"lower learning_rate_init \(now 1e\+200\); lower clip_norm \(now 0.5\)"),
    ],
)
def test_the_message_says_what_to_try(clip_norm, advice):
    params = EXPLODING | {"clip_norm": clip_norm, "learning_rate_init": 1e200}
    _, message = fit(skrnn.RNNRegressor(**params, max_iter=5))
    assert "To try: standardise X" in message
    assert re.search(advice, message)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_at_the_start_it_is_an_error(solver):
    model = skrnn.RNNRegressor(activation="relu", solver=solver)
    expected = r"not finite at the initial weights, before the first update \(epoch 1\). To try: standard"
    with pytest.raises(ValueError, match=expected):
        model.fit(np.full_like(X, 1.7e308), Y["RNNRegressor"])
    assert not hasattr(model, "loss_curve_")


Squared = LOSSES["squared_error"]


class LossIsInfinite(Squared):
    def value_and_gradient(self, y, raw):
        value, draw = super().value_and_gradient(y, raw)
        return np.full_like(value, np.inf), draw


class GradientIsInfinite(Squared):
    def value_and_gradient(self, y, raw):
        value, draw = super().value_and_gradient(y, raw)
        return value, np.full_like(draw, np.inf)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(("loss", "what"), [(LossIsInfinite, "loss"), (GradientIsInfinite, "gradient")])
def test_the_message_says_what_is_not_finite(solver, loss, what, monkeypatch):
    monkeypatch.setitem(LOSSES, "squared_error", loss)
    with pytest.raises(ValueError, match=f"The {what} is not finite at the initial weights"):
        skrnn.GRURegressor(2, solver=solver).fit(X, Y["RNNRegressor"])


def test_the_cure_works():
    """What the message proposes lets the same data train."""
    model = skrnn.RNNRegressor(**EXPLODING, max_iter=50)
    fit(model)
    cured = model.set_params(clip_norm=1.0, learning_rate_init=0.01, max_iter=5)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        cured.fit(X, Y["RNNRegressor"])
    assert len(cured.loss_curve_) == 5
    assert np.isfinite(cured.loss_curve_).all()


@both
def test_callbacks_see_finite_weights_only(cls):
    seen = []

    class Look:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            weights = np.concatenate([w.ravel() for w in fitted_estimator.weights_.values()])
            seen.append((context.task_name, np.isfinite(weights).all()))

    model, _ = fit(cls(**EXPLODING, max_iter=50).set_callbacks(Look()))
    assert seen == [("epoch", True)] * model.n_iter_ + [("fit", True)]


def test_partial_fit_tells_what_led_astray():
    """Every call is a start of its own: it tells the norms of the calls before, and all the cures."""
    model = skrnn.RNNRegressor(**EXPLODING | {"learning_rate_init": 0.01})
    for _ in range(7):
        model.partial_fit(X, Y["RNNRegressor"])
    with pytest.raises(ValueError, match="not finite at the present weights") as caught:
        model.partial_fit(np.full_like(X, 1.7e308), Y["RNNRegressor"])
    norms = ", ".join(f"{g:.3g}" for g in model.grad_norm_curve_[-5:])
    assert f"Mean gradient norms of the epochs before: {norms}." in str(caught.value)
    assert "set clip_norm=1.0 (now None); lower learning_rate_init (now 0.01)" in str(caught.value)
    assert all(np.isfinite(w).all() for w in model.weights_.values())


@pytest.mark.parametrize("alpha", [0.0, 1e-4])
def test_a_penalty_beyond_all_numbers_is_a_loss_that_is(alpha):
    """Of float32 weights of 1e25; without a penalty nobody squares them."""
    model = skrnn.GRURegressor(
        loss="absolute_error", dtype="float32", learning_rate="constant", learning_rate_init=1e25,
        alpha=alpha, batch_size=7, max_iter=5, random_state=0, n_iter_no_change=np.inf,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="the loss is non-finite" if alpha else "Maximum"):
        model.fit(X, X[:, -1, 0])
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(theta_of(model)).all()
