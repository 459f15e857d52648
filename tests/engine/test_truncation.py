"""k2="auto": the estimate against brute force, what it finds, and that it disturbs nothing."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold
from support.inside import facts_of
from support.reference import RAGGED, dataset, loss_and_gradient, network

import skrnn
from skrnn._engine.truncation import AutoTruncation, extrapolate, longest_window, measure, smallest_depth
from skrnn.losses import LOSSES

SQUARED = LOSSES["squared_error"]()
RNG = np.random.RandomState(0)
X = RNG.normal(size=(10, 12, 2))
Y = np.roll(X[..., 0], 3, axis=1)
SMALL = {
    "hidden_size": 3, "return_sequences": True, "k1": 2, "k2": "auto", "max_iter": 4, "random_state": 0,
    "batch_size": 4, "tol": 0, "learning_rate": "constant",
}  # fmt: skip


def fit(model, X=X, y=Y, **fit_params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **fit_params)


def of_layers(net, g):
    """What of a gradient belongs to the recurrent layers."""
    return np.concatenate([v.ravel() for n, v in net.layout.views(g).items() if n.startswith("layer")])


# --- the estimate --------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["last", "mean", "last_max"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_the_parts_of_the_gradient(engine, cell, n_layers, pooling):
    """One target each: g_K is the gradient that TBPTT with k2 = K follows, phi_K the norm of a step."""
    net, theta = network(cell, (3, 2)[:n_layers], pooling=pooling)
    data, T = dataset(RAGGED), max(RAGGED)
    batch = data.batch(np.arange(len(data)), net.dtype)
    probe = batch, data.y[batch.rows], batch.weight[:, None]
    before, parts = 0, []
    for K in range(1, T + 1):
        _, g = loss_and_gradient(net, theta, data, "squared_error", k2=K)
        g = of_layers(net, g)
        np.testing.assert_allclose(measure(net, theta, SQUARED, probe, K)[1], np.linalg.norm(g))
        parts.append(np.linalg.norm(g - before))
        before = g
    phi, g_norm = measure(net, theta, SQUARED, probe, T + 2)
    np.testing.assert_allclose(g_norm, np.linalg.norm(g))
    np.testing.assert_allclose(phi, [*parts, 0, 0], atol=1e-14)


@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_extrapolation_of_a_geometric_series(beta):
    phi = 3 * beta ** np.arange(20.0)
    np.testing.assert_allclose(extrapolate(phi), 3 * beta**20 / (1 - beta))
    phi[:10] = 7  # only the second half counts
    np.testing.assert_allclose(extrapolate(phi), 3 * beta**20 / (1 - beta))


@pytest.mark.parametrize(
    ("end", "beyond"),
    [([1, 1, 1, 1], np.inf), ([1, 2, 3, 4], np.inf), ([1, 0.5, 0, 0], 0.0), ([0, 0, 0, 1], np.inf)],
    ids=["level", "rising", "vanished", "one"],
)
def test_extrapolation_at_its_limits(end, beyond):
    assert extrapolate(np.array([1.0] * 4 + end)) == beyond


@pytest.mark.parametrize("tolerance", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("beta", [0.3, 0.8])
def test_the_smallest_depth_that_is_good_enough(beta, tolerance):
    """All parts in one direction: |g| = 1 / (1 - beta), and the bias is beta^K |g|."""
    phi = beta ** np.arange(40.0)
    K = smallest_depth(phi, (1 - beta**40) / (1 - beta), tolerance, whole=False)
    assert beta**K <= tolerance * 1.0001
    assert K == 1 or beta ** (K - 1) > tolerance


def test_depths_that_cannot_be_told():
    level, none = np.ones(5), np.zeros(5)
    assert smallest_depth(level, 5.0, 0.5, whole=False) == 5  # for ever
    assert smallest_depth(level, 5.0, 0.5, whole=True) == 3  # 2 of 5 are left out
    assert smallest_depth(level, 1.0, 0.5, whole=True) == 5  # they cancel: the whole is small
    assert smallest_depth(none, 0.0, 0.5, whole=True) == 5
    assert smallest_depth(np.array([1, np.nan, 0]), np.nan, 0.5, whole=True) == 3
    # what may come beyond is as large as all that was seen
    slow = 0.99 ** np.arange(20.0)
    assert smallest_depth(slow, slow.sum(), 1e9, whole=False) == 20
    assert smallest_depth(slow, slow.sum(), 1e9, whole=True) == 1


# --- the probes ----------------------------------------------------------------------------------------


def truncation(data, k1, tolerance=0.5):
    return AutoTruncation(data, k1, tolerance, np.random.RandomState(0))


def test_probes_look_back_so_many_steps_where_they_can():
    data = dataset([300, 10, 70, 60, 59], per_step=True, delay=2)
    auto = truncation(data, 5)
    assert auto.R == 60
    seen = set()
    for epoch in range(200):
        rows, times = auto._draw(epoch)
        ends = times + 3
        assert (times >= 0).all()
        assert (ends <= data.lengths[rows]).all()
        assert (ends >= np.minimum(60, data.lengths[rows])).all()
        seen |= set(zip(rows.tolist(), times.tolist(), strict=True))
    assert {(0, 299), (1, 9), (3, 57), (3, 59), (4, 58)} <= seen
    assert (4, 56) not in seen


def test_one_target_is_at_the_end():
    data = dataset(RAGGED)
    auto = truncation(data, None)
    rows, times = auto._draw(3)
    assert sorted(rows) == [0, 1, 2, 3, 4]
    assert (times == data.lengths[rows] - 1).all()
    batch, y, weights = auto._probe(network("gru")[0], 3)
    rows = rows[batch.rows]
    np.testing.assert_array_equal(y, data.y[rows])
    np.testing.assert_allclose(weights[:, 0], data.weight[rows] / data.weight.sum())


@pytest.mark.parametrize(
    ("pooling", "T"), [("last", 120), ("mean", 200), ("max", 200), ("last_max", 200)]
)
def test_what_is_pooled_is_the_whole_sequence(pooling, T):
    auto = truncation(dataset([200] * 3), None)
    batch, _, _ = auto._probe(network("gru", pooling=pooling)[0], 1)
    assert batch.T == T


def test_memory_is_that_of_the_longest_window(monkeypatch):
    windows = []
    monkeypatch.setattr(
        "skrnn._estimators.base.check_memory",
        lambda settings, *_: windows.append(settings.longest_window),
    )
    for params in ({}, {"return_sequences": False, "k1": None}, {"k2": 7}):
        y = Y if params.get("return_sequences", True) else Y[:, 0]
        fit(skrnn.GRURegressor(**{**SMALL, "max_iter": 1, **params}), y=y)
    assert windows == [61, 60, 7]


def test_probes_do_not_grow_with_the_data():
    small, middle, large = (truncation(dataset([50] * n), None)._draw(1)[0] for n in (100, 2_400, 40_000))
    assert len(small) == 32
    assert len(middle) == 40  # its windows of 50 steps hold a sixtieth of all
    assert len(large) == 512


def test_the_random_stream_of_training_is_not_touched():
    auto = truncation(dataset([20] * 30), None)
    before = auto.random_state.get_state()[1].copy()
    a, b, c = auto._draw(1)[0], auto._draw(1)[0], auto._draw(2)[0]
    np.testing.assert_array_equal(a, b)
    assert list(a) != list(c)
    np.testing.assert_array_equal(auto.random_state.get_state()[1], before)


@pytest.mark.parametrize("R", [60, 30])
def test_a_depth_never_exceeds_the_reach(R):
    """Nothing to learn: the gradient is that of noise."""
    X, y = RNG.normal(size=(6, R, 1)), RNG.normal(size=6)
    model = fit(skrnn.LSTMRegressor(2, k2="auto", truncation_tolerance=1e-9, max_iter=3), X, y)
    assert model.k2_curve_[0] == R
    assert max(model.k2_curve_) <= R


def test_longest_windows():
    assert longest_window(5, 7, many=False) == 7
    assert longest_window(5, None, many=True) == 5
    assert longest_window(5, "auto", many=True) == 64
    assert longest_window(None, "auto", many=False) == 60
    assert longest_window(100, "auto", many=True) == 299


# --- estimators ----------------------------------------------------------------------------------------


def test_what_was_used_is_recorded():
    model = fit(skrnn.GRURegressor(**SMALL))
    curve = model.k2_curve_
    assert curve[0] == 3
    assert len(curve) == model.n_iter_ == 4
    assert all(type(k2) is int and 2 <= k2 <= 13 for k2 in curve)
    for k1, k2, used in ((2, None, 2), (2, 5, 5), (None, 5, 5), (None, None, None)):
        assert fit(skrnn.GRURegressor(**{**SMALL, "k1": k1, "k2": k2})).k2_curve_ == 4 * [used]
    model = skrnn.GRURegressor(3, return_sequences=True, solver="lbfgs", max_iter=3)
    assert fit(model).k2_curve_ == model.n_iter_ * [None]


def test_a_smaller_tolerance_looks_further_back():
    depths = [
        max(fit(skrnn.GRURegressor(**SMALL, truncation_tolerance=t)).k2_curve_[1:])
        for t in (1e-6, 0.5, 1e6)
    ]
    assert depths[0] > depths[1] > depths[2] == 2


@pytest.mark.parametrize(
    "more",
    [{}, {"dropout": 0.3, "weight_dropout": 0.2}, {"batch_size": 10, "dtype": "float32"}],
    ids=["plain", "dropout", "one batch"],
)
@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor])
def test_training_is_that_of_the_recorded_values(cls, more, engine, assert_same_weights):
    """Epoch by epoch, with k2 an int: the same weights, bit for bit."""
    params = {**SMALL, **more}
    if cls is not skrnn.RNNRegressor:
        params["forget_bias"] = 1.0  # "chrono" goes by k2
    model = fit(cls(**params))
    assert len(set(model.k2_curve_)) > 1
    by_hand = cls(**{**params, "max_iter": 1}, warm_start=True)
    for k2 in model.k2_curve_:
        fit(by_hand.set_params(k2=k2))
    assert_same_weights(by_hand, model)
    assert by_hand.loss_curve_ == model.loss_curve_
    assert by_hand.k2_curve_ == model.k2_curve_


def test_warm_start_goes_on(assert_same_weights):
    whole = fit(skrnn.GRURegressor(**SMALL))
    parts = skrnn.GRURegressor(**{**SMALL, "max_iter": 2}, warm_start=True)
    fit(fit(parts))
    assert parts.k2_curve_ == whole.k2_curve_
    assert_same_weights(parts, whole)


def test_the_seed_says_all(assert_same_weights):
    model = fit(skrnn.LSTMRegressor(**SMALL))
    for other in (
        clone(model),
        clone(model).set_params(n_jobs=2),
        pickle.loads(pickle.dumps(clone(model))),
    ):
        assert_same_weights(fit(other), model)
        assert other.k2_curve_ == model.k2_curve_
    assert pickle.loads(pickle.dumps(model)).k2_curve_ == model.k2_curve_


def test_partial_fit_estimates_before_every_call_but_the_first():
    model = skrnn.GRURegressor(**SMALL)
    for n in range(1, 4):
        model.partial_fit(X, Y)
        assert len(model.k2_curve_) == n
    assert model.k2_curve_[0] == 3
    assert max(model.k2_curve_) > 3
    with pytest.raises(ValueError, match="k1"):
        model.set_params(k1=None).partial_fit(X, Y)
    assert len(model.k2_curve_) == 3


def test_a_grid_may_hold_auto():
    grid = GridSearchCV(skrnn.GRURegressor(**SMALL), {"k2": [1, "auto"]}, cv=KFold(2))
    fit(grid)
    assert set(grid.cv_results_["param_k2"]) == {1, "auto"}
    assert np.isfinite(grid.best_score_)


ONE = Y[:, -1]
ragged = [x[:T] for x, T in zip(X, [1, 12, 5, 3, 12, 12, 7, 2, 9, 1], strict=True)]
tokens = [RNG.randint(5, size=len(x)) for x in ragged]
CASES = {
    "one target": (skrnn.GRURegressor, X, ONE, {"return_sequences": False, "k1": None}),
    "k1 without effect": (skrnn.GRURegressor, X, ONE, {"return_sequences": False, "k1": 3}),
    "replication": (skrnn.LSTMRegressor, X, ONE, {"return_sequences": False, "target_replication": 0.5}),
    "ragged": (skrnn.LSTMRegressor, ragged, [v[: len(x)] for x, v in zip(ragged, Y, strict=True)], {}),
    "ragged, one target": (skrnn.RNNRegressor, ragged, ONE, {"return_sequences": False, "k1": None}),
    "tokens": (skrnn.GRUClassifier, tokens, [t % 2 for t in tokens], {"embedding_size": 2}),
    "delay": (skrnn.GRURegressor, X, Y, {"target_delay": 4}),
    "delay of all": (skrnn.GRURegressor, X[:, :2], Y[:, :2], {"target_delay": 100}),
    "mean": (skrnn.GRURegressor, X, ONE, {"return_sequences": False, "pooling": "mean"}),
    "pieces": (
        skrnn.GRURegressor,
        np.tile(X[:1], (1, 60, 1)),
        np.tile(Y[:1], (1, 60)),
        {"batch_size": 4},
    ),
    "rows": (skrnn.GRURegressor, X[0], Y[0], {"rows": "steps", "return_sequences": False}),
    "softmax": (skrnn.RNNClassifier, X, (Y > 0) * 1 + (Y > 1), {"activation": "softmax"}),
    "k1 > T": (skrnn.GRURegressor, X, Y, {"k1": 500}),
    "early stopping": (skrnn.GRURegressor, X, Y, {"early_stopping": True}),
    "class weights": (skrnn.GRUClassifier, X, (Y > 0) * 1, {"class_weight": "balanced"}),
    "replication, class weights": (
        skrnn.GRUClassifier,
        X,
        (ONE > 0) * 1,
        {"return_sequences": False, "target_replication": 0.5, "class_weight": "balanced"},
    ),
}


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_data(case):
    cls, X, y, more = CASES[case]
    model = fit(cls(**{**SMALL, **more}), X, y)
    longest = max(len(x) for x in X) if not facts_of(model).form.rows_are_steps else len(X)
    longest += more.get("target_delay", 0)
    many = facts_of(model).per_step or "target_replication" in more
    first = 2 * model.k1 - 1 if many else min(60, longest)
    assert model.k2_curve_[0] == first
    most = max(60, 2 * (model.k1 or 0)) if many else 60
    assert max(model.k2_curve_[1:]) <= min(most, longest) + (model.k1 - 1 if many else 0)
    if not many:  # k1 has no effect
        assert model.k2_curve_ == fit(clone(model).set_params(k1=7), X, y).k2_curve_


def test_pieces_are_no_shorter_than_the_longest_window():
    """Of 120 steps one piece of 61 steps or more: 60 updates, and not 15 of four side by side."""
    X, y = RNG.normal(size=(1, 120, 2)), RNG.normal(size=(1, 120))
    with pytest.warns(ConvergenceWarning):
        model = skrnn.GRURegressor(**{**SMALL, "max_iter": 1}).fit(X, y)
    assert model.n_updates_ == 60


def test_steps_without_weight_do_not_count():
    """Other targets in places of weight zero: the same estimates."""
    weight = np.ones_like(Y)
    weight[:, 6:] = 0
    other = np.where(weight > 0, Y, 1.0)
    a, b = (fit(skrnn.GRURegressor(**SMALL), y=y, sample_weight=weight) for y in (Y, other))
    assert a.k2_curve_ == b.k2_curve_


def test_losses_are_drawn_among_steps_with_weight():
    """One label at the end of long sequences: else hardly a loss would be drawn, and K be the reach."""
    X = RNG.normal(size=(60, 200, 1))
    y, weight = np.roll(X[..., 0], 2, axis=1), np.zeros((60, 200))
    weight[:, -1] = 1
    params = SMALL | {"k1": 5, "hidden_size": 4, "batch_size": 20, "forget_bias": 0.0}
    model = fit(skrnn.GRURegressor(**params), X, y, sample_weight=weight)
    assert max(model.k2_curve_) < 30


def test_weights_that_are_all_one_change_nothing():
    a, b = (fit(skrnn.GRURegressor(**SMALL), sample_weight=w) for w in (None, np.ones_like(Y)))
    assert a.k2_curve_ == b.k2_curve_


def test_the_loss_of_a_delayed_target_is_read_after_the_delay():
    data = dataset([20] * 4, per_step=True, delay=3)
    net, _ = network("gru", (3,))
    auto = truncation(data, 2)
    _, times = auto._draw(1)
    batch, _, _ = auto._probe(net, 1)
    np.testing.assert_array_equal(np.sort(batch.lengths), np.sort(times + 1 + 3))


# --- what it finds: the copy experiment of Aicher, Foti and Fox ----------------------------------------


def copy_streams(n, T, lag, rng):
    """A marker and symbols, then as many blanks, and so on; all to be said again ``lag`` steps later."""
    blocks = np.zeros((n, T // (2 * lag) + 3, 2 * lag), dtype=int)
    blocks[..., 0] = 1
    blocks[..., 1:lag] = rng.randint(2, 6, size=blocks[..., 1:lag].shape)
    at = lag + rng.randint(2 * lag, size=n)[:, None] + np.arange(T)
    x, y = (np.take_along_axis(blocks.reshape(n, -1), i, axis=1) for i in (at, at - lag))
    return np.eye(6, dtype=np.float32)[x], y


def check_copy(cls, n, T, lag, k1, epochs, **params):
    """An error must flow back through lag + 1 steps: that is found, and learned; k2 = k1 does not."""
    rng = np.random.RandomState(0)
    X, y = copy_streams(n, T, lag, rng)
    X_test, y_test = copy_streams(10, 400, lag, rng)
    models = [
        cls(return_sequences=True, batch_size=n, learning_rate="constant", alpha=0, tol=0, k1=k1, k2=k2,
            max_iter=epochs, random_state=0, **params)
        for k2 in (k1, "auto")
    ]  # fmt: skip
    short, auto = (fit(model, X, y).score(X_test, y_test) for model in models)
    found = models[1].k2_curve_[2:]
    assert np.median(found) - k1 + 1 >= lag + 1
    assert max(found) < T / 4
    assert auto > 0.95
    assert short < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("cls", [skrnn.RNNClassifier, skrnn.GRUClassifier])
def test_a_copy_task(cls):
    check_copy(cls, 16, 400, 4, 3, 8, hidden_size=24, learning_rate_init=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("cls", [skrnn.GRUClassifier])
def test_the_copy_task_of_the_paper(cls):
    """64 streams of 4000 steps, 6 symbols, copied after 10 steps."""
    check_copy(cls, 64, 4000, 10, 5, 6, hidden_size=50, learning_rate_init=3e-3)
