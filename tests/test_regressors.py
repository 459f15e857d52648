"""The losses of regressors, seen from outside: what they learn, units, scores, quantiles, errors."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.metrics import d2_pinball_score, make_scorer, mean_pinball_loss, r2_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks
from support.inside import facts_of, set_theta, theta_of

import skrnn
from skrnn._estimators.numbers import Numbers, mean_and_deviation
from skrnn.metrics import sequence_scorer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEVELS = [0.1, 0.4, 0.7]
SETTINGS = {
    "absolute": {"loss": "absolute_error"},
    "huber": {"loss": "huber", "huber_delta": 0.5},
    "poisson": {"loss": "poisson"},
    "quantile": {"loss": "quantile", "quantile": 0.3},
    "quantiles": {"loss": "quantile", "quantile": LEVELS},
}
every_loss = pytest.mark.parametrize("loss", SETTINGS)
SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}


def make(loss, cls=skrnn.GRURegressor, **params):
    return cls(**{**SMALL, **SETTINGS.get(loss, {"loss": loss}), **params})


def counts(n=12, T=6, F=2, per_step=False, ragged=False, seed=0):
    """Sequences and counts >= 0, which all losses take."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, T, F))
    y = rng.poisson(np.exp(1 + 0.5 * X[:, :, 0])).astype(float)
    if ragged:
        lengths = rng.randint(2, T + 1, size=n)
        X = [x[:k] for x, k in zip(X, lengths, strict=True)]
        return X, [v[:k] for v, k in zip(y, lengths, strict=True)] if per_step else y[:, -1]
    return X, y if per_step else y[:, -1]


# --- what they learn ----------------------------------------------------------------------------------


def with_outliers(rng, n=300):
    X = rng.normal(size=(n, 4, 1))
    truth = X[:, -1, 0]
    y = truth.copy()
    y[:: n // 15] += 20  # one in twenty
    return X, y, truth


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_outliers_hardly_move_robust_losses(loss):
    X, y, truth = with_outliers(np.random.RandomState(0))
    params = {"hidden_size": 6, "learning_rate_init": 0.02, "max_iter": 60, "random_state": 0}
    error = {}
    for name in (loss, "squared_error"):
        model = skrnn.GRURegressor(loss=name, huber_delta=0.1, **params).fit(X, y)
        error[name] = np.abs(model.predict(X) - truth).mean()
    assert error[loss] < 0.3 * error["squared_error"]


def test_huber_of_a_large_delta_is_the_squared_error(assert_same_weights):
    X, y = counts()
    huber, squared = (make(name, huber_delta=np.inf).fit(X, y) for name in ("huber", "squared_error"))
    assert_same_weights(huber, squared)
    assert huber.loss_curve_ == squared.loss_curve_


@pytest.mark.parametrize("unit", [0.1, 1000.0], ids=["rare", "frequent"])
def test_poisson_recovers_the_rates(unit):
    """Whatever their unit: training starts at the mean."""
    rng = np.random.RandomState(0)
    X = np.repeat(rng.randint(2, size=(1500, 1, 1)), 3, axis=1).astype(float)
    is_high = X[:, 0, 0] == 1
    y = rng.poisson(np.where(is_high, 4 * unit, unit))
    params = {"max_iter": 40, "learning_rate_init": 0.02, "batch_size": 100, "learning_rate": "cosine"}
    model = make("poisson", **params).fit(X, y)
    for where in (is_high, ~is_high):
        np.testing.assert_allclose(model.predict(X[where]), y[where].mean(), rtol=0.05)


@pytest.mark.parametrize(("mean", "start"), [(0.001, 0.001), (0.1, 1), (25, 1), (40, 1000), (1e6, 1e6)])
def test_poisson_starts_near_the_mean(mean, start):
    X, _ = counts(50)
    y = np.linspace(0.5 * mean, 1.5 * mean, 50)
    model = make("poisson", max_iter=1, learning_rate_init=1e-6).fit(X, y)
    np.testing.assert_allclose(np.exp(model.weights_["readout.b"]), start, rtol=1e-4)


@pytest.mark.parametrize("loss", ["poisson", "quantile", "quantiles"])
def test_training_starts_where_copies_would_let_it(loss):
    """Bit for bit, in any order: a plain weighted mean would round in another way."""
    for seed in range(40):
        rng = np.random.RandomState(seed)
        y, weight = rng.uniform(size=(30, 1)) * 10.0 ** rng.randint(-3, 4), rng.randint(5, size=30)
        rows = rng.permutation(np.repeat(np.arange(30), weight))
        starts = [
            Numbers.learn(make(loss)._settings_now(), values, True, w.astype(float)).start
            for values, w in ((y, weight), (y[rows], np.ones(len(rows))))
        ]
        np.testing.assert_array_equal(*starts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quantiles_cover_what_they_say(dtype):
    """On noise that depends on x: each as often as its level says, in both halves."""
    rng = np.random.RandomState(0)
    X = np.repeat(rng.choice([-1.0, 1.0], size=(2000, 1, 1)), 2, axis=1).astype(dtype)
    is_wide = X[:, -1, 0] > 0
    y = 100 + np.where(is_wide, 10, 1) * rng.normal(size=2000)
    params = {"max_iter": 50, "learning_rate_init": 0.02, "batch_size": 100, "learning_rate": "cosine"}
    q = make("quantiles", **params).fit(X, y).predict(X)
    assert q.shape == (2000, 3)
    assert q.dtype == dtype
    assert (np.diff(q, axis=1) >= 0).all()
    for where in (is_wide, ~is_wide):
        np.testing.assert_allclose((y[where, None] <= q[where]).mean(axis=0), LEVELS, atol=0.04)
    one = make("quantile", quantile=0.1, **params).fit(X, y)
    for where in (is_wide, ~is_wide):
        assert (y <= one.predict(X))[where].mean() == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e-3, 1e3, 1e30])
def test_quantiles_of_any_network_do_not_cross(dtype, size):
    X, y = counts(40)
    model = make("quantiles", max_iter=1, dtype=dtype).fit(X, 1e5 + y)
    set_theta(model, (size * np.random.RandomState(0).normal(size=theta_of(model).size)).astype(dtype))
    q = model.predict(X)
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=1) >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_quantile_forecasts_of_a_heteroscedastic_series_cover(seed):
    """As in ``examples/quantile_forecast.py``: within 2 points of nominal on what was held out."""
    rng, n, levels = np.random.RandomState(seed), 50_000, [0.05, 0.25, 0.5, 0.75, 0.95]
    hour, storm = np.arange(n) % 24, np.cumsum(rng.uniform(size=n) < 0.02) % 2
    noise = np.where(hour < 12, 1.0, 0.5) * (1 + 2 * storm) * rng.normal(size=n)
    y = 5 * np.sin(2 * np.pi * hour / 24)
    for t in range(1, n):
        y[t] += 0.7 * (y[t - 1] - 5 * np.sin(2 * np.pi * hour[t - 1] / 24)) + noise[t]
    angle = 2 * np.pi * hour[1:] / 24
    X, y = np.column_stack([y[:-1] / 5, np.sin(angle), np.cos(angle)]), y[1:]
    train, test = slice(30_000), slice(30_000, None)
    model = skrnn.GRURegressor(
        16, loss="quantile", quantile=levels, rows="steps", k1=30, batch_size=40, max_iter=80,
        learning_rate="cosine", learning_rate_init=0.01, dtype="float32", random_state=seed,
    )  # fmt: skip
    q = model.fit(X[train], y[train]).set_params(initial_state="last").predict(X[test])
    np.testing.assert_allclose((y[test, None] <= q).mean(axis=0), levels, atol=0.02)
    of_the_hour = np.array([np.quantile(y[train][hour[1:][train] == h], levels) for h in range(24)])
    loss, baseline = (
        np.mean([mean_pinball_loss(y[test], a[:, k], alpha=level) for k, level in enumerate(levels)])
        for a in (q, of_the_hour[hour[1:][test]])
    )
    assert loss < 0.8 * baseline


# --- everywhere ---------------------------------------------------------------------------------------

EVERYWHERE = {
    "replication": {"target_replication": 0.5, "k1": 2, "k2": 3},
    "delay": {"return_sequences": True, "target_delay": 1},
    "ragged": {"return_sequences": True, "k1": 2},
    "both ways": {"bidirectional": True, "pooling": "mean", "dropout": 0.2},
    "single": {"dtype": "float32", "batch_size": 5},
    "lbfgs": {"solver": "lbfgs"},
    "tokens": {"embedding_size": 2},
    "steps": {"rows": "steps", "sequence_id": 0},
}


@every_loss
@pytest.mark.parametrize("where", EVERYWHERE)
def test_every_loss_goes_everywhere(loss, where):
    """It trains, below its first loss where the solver only accepts that, and answers in shape."""
    per_step = "return_sequences" in EVERYWHERE[where]
    X, y = counts(per_step=per_step, ragged=where == "ragged")
    if where == "tokens":
        X = [(np.abs(x[:, 0]) * 3).astype(int) for x in X]
    if where == "steps":
        X = np.column_stack([np.repeat([0, 1], 6), X[:, 0]])
    model = make(loss, max_iter=4, **EVERYWHERE[where]).fit(X, y)
    answer = model.predict(X)
    flat = np.concatenate(list(answer)) if per_step else answer
    n_values = len(np.concatenate(list(y))) if per_step else len(y)
    assert flat.shape == ((n_values, 3) if loss == "quantiles" else (n_values,))
    assert np.isfinite(flat).all()
    assert np.isfinite(model.score(X, y))
    if where == "lbfgs":
        assert model.loss_curve_[-1] < model.loss_curve_[0]


@every_loss
def test_parts_of_a_pass_equal_the_pass(loss):
    """Only poisson takes y as it is; of the others y has the mean and deviation of each half."""
    X, y = counts(8)
    if loss != "poisson":
        y = np.concatenate([y[:4], y[:4]])
    settings = {
        "batch_size": 2, "shuffle": False, "max_iter": 1, "learning_rate": "constant", "quantile": 0.5
    }  # fmt: skip
    if loss == "quantiles":
        del settings["quantile"]
    whole = make(loss, **settings).fit(X, y)
    parts = make(loss, **settings)
    for part in (slice(4), slice(4, 8)):
        parts.partial_fit(X[part], y[part])
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))


def test_parts_of_large_counts_are_not_called_far_off():
    X, y = counts()
    model = make("poisson").partial_fit(X, 1000 + y)
    model.partial_fit(X, 1000 + y)


# --- units, weights_, scores --------------------------------------------------------------------------


@every_loss
def test_what_weights_give(loss):
    """The read-out of the documentation, done by hand."""
    X, y = counts()
    model = make(loss).fit(X, 5 + 10 * y)
    weights = model.weights_
    raw = model.hidden_states(X)[:, -1] @ weights["readout.W"] + weights["readout.b"]
    if loss == "poisson":
        expected = np.exp(raw[:, 0])
    elif loss == "quantiles":
        steps = np.log1p(np.exp(raw[:, 1:]))
        q = np.column_stack([raw[:, :1], raw[:, :1] + np.cumsum(steps, axis=1)])
        expected = (5 + 10 * y).std() * q + (5 + 10 * y).mean()
    else:
        expected = raw[:, 0]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)


@pytest.mark.parametrize("loss", ["absolute", "huber", "quantile", "quantiles"])
def test_the_unit_of_y_does_not_matter(loss):
    X, y = counts()
    one, other = (make(loss).fit(X, unit) for unit in (y, 1024 * y - 4096))
    np.testing.assert_allclose(other.predict(X), 1024 * one.predict(X) - 4096, rtol=1e-9)
    np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("form", ["one target", "per step", "ragged", "rows"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("levels", [[0.5], LEVELS], ids=["one", "three"])
def test_score_of_quantiles(form, weighted, levels):
    per_step = form in ("per step", "ragged")
    X, y = counts(per_step=per_step, ragged=form == "ragged")
    params = {"return_sequences": True} if per_step else {}
    if form == "rows":
        X, params = X[:, 0], {"rows": "steps"}
    model = make("quantiles", quantile=levels, **params).fit(X, y)
    weight = np.random.RandomState(1).randint(3, size=len(y)).astype(float) if weighted else None
    flat_y, q, w = y, model.predict(X), weight
    if per_step:
        flat_y, q = np.concatenate(list(y)), np.concatenate(list(q))
        w = weight if weight is None else np.repeat(weight, [len(v) for v in y])
    assert q.shape == (len(flat_y), len(levels))
    w = np.ones(len(flat_y)) if w is None else w
    pairs = list(zip(q.T, levels, strict=True))
    expected = [d2_pinball_score(flat_y, one, alpha=a, sample_weight=w) for one, a in pairs]
    assert model.score(X, y, weight) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("loss", ["absolute", "poisson", "quantile"])
def test_other_scores_are_r2(loss):
    X, y = counts()
    model = make(loss).fit(X, y)
    assert model.score(X, y) == pytest.approx(r2_score(y, model.predict(X)))


@every_loss
@pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])
def test_validation_scores_are_those_of_score(loss, per_step):
    (X, y), (X_val, y_val) = (counts(seed=seed, per_step=per_step) for seed in (0, 1))
    weight = np.random.RandomState(1).randint(3, size=len(X)).astype(float)
    model = make(loss, early_stopping=True, max_iter=1, return_sequences=per_step)
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    assert model.validation_scores_[0] == pytest.approx(model.score(X_val, y_val, weight))


def test_several_quantiles_of_one_row_have_no_score():
    X, y = counts()
    model = make("quantiles").fit(X, y)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(model.score(X[:1], y[:1]))


def test_scorers_of_quantiles():
    """A metric of one answer is refused clearly; one of all of them works."""
    X, y = counts(per_step=True, ragged=True)
    model = make("quantiles", return_sequences=True).fit(X, y)
    with pytest.raises(ValueError, match="different number of output"):
        sequence_scorer("r2")(model, X, y)

    def pinball(y, q):
        return np.mean([mean_pinball_loss(y, q[:, k], alpha=a) for k, a in enumerate(LEVELS)])

    value = sequence_scorer(make_scorer(pinball))(model, X, y)
    assert value == pytest.approx(pinball(np.concatenate(y), np.concatenate(list(model.predict(X)))))
    assert np.isfinite(cross_val_score(model, X, np.array(y, dtype=object), cv=2)).all()


# --- quantiles as answers -----------------------------------------------------------------------------


def test_one_quantile_in_a_list_has_an_axis():
    X, y = counts()
    listed, plain = (make("quantile", quantile=q).fit(X, y) for q in ([0.3], 0.3))
    assert listed.predict(X).shape == (12, 1)
    np.testing.assert_allclose(listed.predict(X)[:, 0], plain.predict(X), rtol=1e-12)
    assert (listed.n_outputs_, plain.n_outputs_) == (1, 1)


def test_one_quantile_of_several_outputs():
    X, y = counts()
    model = make("quantile").fit(X, np.column_stack([y, -y]))
    assert model.predict(X).shape == (12, 2)


@pytest.mark.parametrize("levels", [(0.1, 0.9), np.array([0.1, 0.9])], ids=["tuple", "array"])
def test_quantiles_in_other_containers(levels):
    X, y = counts()
    expected = make("quantiles", quantile=[0.1, 0.9]).fit(X, y).predict(X)
    np.testing.assert_array_equal(make("quantiles", quantile=levels).fit(X, y).predict(X), expected)


def test_a_column_of_targets_is_one_number():
    X, y = counts()
    with pytest.warns(Warning, match="column-vector"):
        model = make("quantiles").fit(X, y[:, None])
    assert model.predict(X).shape == (12, 3)


@pytest.mark.parametrize(
    ("levels", "fed"), [([0.05, 0.45, 0.7], 1), ([0.4, 0.6], 0), ([0.9], 0)], ids=str
)
@pytest.mark.parametrize("piped", [False, True], ids=["alone", "in a pipeline"])
def test_a_forecast_feeds_back_the_quantile_nearest_the_middle(levels, fed, piped):
    """As by hand: append that quantile, predict the longer series, and so on."""
    series = np.sin(np.arange(60) / 3)[:, None] * 4 + 10
    X, y = series[:-1], series[1:, 0]
    model = make("quantiles", quantile=levels, rows="steps", max_iter=20)
    if piped:
        model = make_pipeline(StandardScaler(), model)
    model.fit(X, y)
    answer = skrnn.forecast(model, X, 4) if piped else model.forecast(X, 4)
    assert answer.shape == (4, len(levels))
    longer = X
    for row in answer:
        expected = model.predict(longer)[-1]
        np.testing.assert_allclose(row, expected, rtol=1e-9)
        longer = np.vstack([longer, [[expected[fed]]]])


def test_a_stream_answers_as_predict():
    X, y = counts(per_step=True)
    for loss in ("poisson", "quantiles"):
        model = make(loss, return_sequences=True).fit(X, y)
        stream = model.stream()
        steps = np.array([stream.step(x) for x in X[0]])
        np.testing.assert_allclose(steps, model.predict(X[:1])[0], rtol=1e-12)


# --- a fitted model keeps its loss --------------------------------------------------------------------


@every_loss
def test_answers_do_not_change_with_parameters_set_later(loss):
    X, y = counts()
    model = make(loss).fit(X, y)
    expected = model.predict(X), model.score(X, y), model.weights_["readout.b"]
    for other in ({"loss": "squared_error"}, {"loss": "quantile", "quantile": [0.2, 0.3]}):
        model.set_params(huber_delta=3.0, **other)
        for now, before in zip(
            (model.predict(X), model.score(X, y), model.weights_["readout.b"]), expected, strict=True
        ):
            np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize(
    ("first", "then", "name"),
    [
        ("absolute", {"loss": "squared_error"}, "loss"),
        ("huber", {"huber_delta": 2.0}, "huber_delta"),
        ("quantile", {"quantile": 0.4}, "quantile"),
        ("quantile", {"quantile": [0.3]}, "quantile"),
        ("quantiles", {"quantile": [0.1, 0.4]}, "quantile"),
    ],
)
def test_training_does_not_go_on_with_another_loss(first, then, name):
    X, y = counts()
    model = make(first, warm_start=True).fit(X, y).set_params(**then)
    before = facts_of(model)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"^{name} was .* when the weights were made"):
            method(X, y)
    assert facts_of(model) is before
    model.set_params(warm_start=False).fit(X, y)


def test_facts_of_other_losses_are_ignored():
    X, y = counts()
    one = make("absolute").partial_fit(X, y)
    one.set_params(huber_delta=7.0, quantile=[0.1, 0.2]).partial_fit(X, y)


# --- errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "where"),
    [("one target", "sequence 3"), ("per step", "sequence 3, step 1"), ("rows", "row 3")],
)
def test_poisson_refuses_negative_targets(form, where):
    X, y = counts(per_step=form == "per step")
    params = {"return_sequences": form == "per step"}
    if form == "rows":
        X, params = X[:, 0], {"rows": "steps"}
    wrong = y.copy()
    wrong[(3, 1) if form == "per step" else 3] = -0.5
    model = make("poisson", **params)
    match = rf"y has a negative value.*loss='poisson' requires non-negative y: {where}\."
    with pytest.raises(ValueError, match=match):
        model.fit(X, wrong)
    assert not hasattr(model, "_theta")
    model.fit(X, y)
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=match):
        model.partial_fit(X, wrong)
    assert pickle.dumps(vars(model)) == before
    with pytest.raises(ValueError, match="y_val has a negative value"):
        make("poisson", early_stopping=True, **params).fit(X, y, X_val=X, y_val=wrong)


def test_poisson_refuses_targets_that_are_all_zero():
    X, y = counts()
    for zero, weight in ((0 * y, None), (y, y == 0), (np.column_stack([y, 0 * y]), None)):
        with pytest.raises(ValueError, match=r"loss='poisson' requires sum\(y\) > 0"):
            make("poisson").fit(X, zero, weight)
    make("poisson").fit(X, y).partial_fit(X, 0 * y)  # a part without any is fine


@pytest.mark.parametrize(("per_step", "k1"), [(False, None), (True, None), (True, 2)])
def test_several_quantiles_of_several_outputs(per_step, k1):
    """(..., n_outputs, n_quantiles), never crossing, in the units of each output."""
    X, y = counts(40, per_step=per_step)
    three = np.stack([y, 100 * y, y], axis=-1)
    model = make("quantiles", return_sequences=per_step, k1=k1, max_iter=30).fit(X, three)
    answer = model.predict(X)
    assert answer.shape == (*three.shape, 3)
    assert (np.diff(answer, axis=-1) >= 0).all()
    assert model.n_outputs_ == 9
    assert answer[..., 1, :].mean() > 20 * answer[..., 0, :].mean()
    expected = [
        d2_pinball_score(three[..., k].ravel(), answer[..., k, j].ravel(), alpha=alpha)
        for k in range(3)
        for j, alpha in enumerate(LEVELS)
    ]
    assert model.score(X, three) == pytest.approx(np.mean(expected))
    assert model.score(X, three) > 0.1
    stream = model.stream()
    steps = [stream.step(x) for x in X[0]]
    np.testing.assert_allclose(steps[-1], answer[0, -1] if per_step else answer[0], rtol=1e-6)


def test_several_quantiles_of_several_outputs_in_other_ways():
    X, y = counts(40, per_step=True, ragged=True)
    two = [np.stack([v, 2 * v], axis=-1) for v in y]
    model = make("quantiles", return_sequences=True, early_stopping=True, random_state=0).fit(X, two)
    assert [answer.shape for answer in model.predict(X)] == [(*v.shape, 2, 3) for v in y]
    assert np.isfinite(model.validation_scores_).all()
    series = np.random.RandomState(0).normal(size=(60, 2))
    steps = make("quantiles", rows="steps").fit(series[:-1], series[1:])
    assert steps.predict(series).shape == (60, 2, 3)
    assert steps.forecast(series, 4).shape == (4, 2, 3)
    with pytest.raises(ValueError, match="outputs"):
        steps.partial_fit(series[:-1], series[1:, 0])


def test_updates_of_streams_with_several_quantiles_of_several_outputs():
    """Learning row by row, as by partial_fit."""
    series = np.random.RandomState(0).normal(size=(40, 2))
    model = make("quantiles", rows="steps", gradient="rtrl", initial_state="last").fit(
        series[:20], series[1:21]
    )
    stream = model.stream()
    for t in range(20, 39):
        answer = stream.learn(series[t], series[t + 1])
    assert answer.shape == (2, 3)
    assert np.isfinite(answer).all()


def test_a_wrong_quantile_is_an_error_of_fit_only():
    X, y = counts()
    model = make("quantiles", quantile=[[0.1], [0.2, 0.3]])
    repr(model.__sklearn_tags__())
    for value, error in (([0.5, 0.2], ValueError), (1.5, InvalidParameterError)):
        with pytest.raises(error, match="quantile"):
            model.set_params(quantile=value).fit(X, y)


def test_rates_that_overflow_end_training_with_finite_weights():
    """exp(raw) beyond all numbers is a loss that is not finite: never NaN in weights or answers."""
    X, y = counts(30)
    model = make("poisson", learning_rate_init=1e3, max_iter=50)
    with pytest.warns(ConvergenceWarning, match="non-finite"):
        model.fit(X, y)
    assert np.isfinite(theta_of(model)).all()
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.filterwarnings("ignore:X_val is on another scale")
def test_rates_that_overflow_in_validation_have_no_score():
    """The losses seen in training stay finite, those of X_val do not."""
    X, y = counts()
    model = make(
        "poisson", early_stopping=True, max_iter=2, cls=skrnn.RNNRegressor, activation="identity"
    )
    model.fit(X, y, X_val=1e9 * X, y_val=y)
    assert np.isfinite(theta_of(model)).all()
    assert model.validation_loss_curve_[-1] == np.inf


def test_tags():
    several, one = (make(loss).__sklearn_tags__() for loss in ("quantiles", "quantile"))
    assert one.target_tags.multi_output
    assert not several.target_tags.multi_output
    assert make("poisson").__sklearn_tags__().target_tags.positive_only
    assert not one.target_tags.positive_only


# --- scikit-learn's checks ----------------------------------------------------------------------------

CHECKED = [skrnn.RNNRegressor(loss=name) for name in ("absolute_error", "huber", "poisson", "quantile")]
CHECKED.append(skrnn.RNNRegressor(loss="quantile", quantile=LEVELS))
# What cannot hold: one feeds negative y whatever the tag says, one wants predictions of the shape of y.
IMPOSSIBLE = {("poisson", "check_regressor_multioutput"), ("quantiles", "check_regressors_train")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(CHECKED)
def test_scikit_learn_checks(estimator, check):
    loss = "quantiles" if isinstance(estimator.quantile, list) else estimator.loss
    if (loss, check.func.__name__) in IMPOSSIBLE:
        with pytest.raises((AssertionError, ValueError)):
            check(estimator)
    else:
        check(estimator)


def test_a_constant_has_no_deviation_but_round_off():
    """Whatever its weights: a unit of 1e-17 would make noise of what comes later."""
    rng = np.random.RandomState(0)
    for _ in range(50):
        y, weight = np.full((7, 1), rng.uniform(0.1, 10)), rng.uniform(0.1, 2, size=7)
        mean, deviation = mean_and_deviation(y, weight)
        assert mean == pytest.approx(y[0], rel=1e-14)
        assert deviation == 1
