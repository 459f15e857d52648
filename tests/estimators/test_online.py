"""gradient="rtrl" and "snap1": rows that come in one by one are learned from with their whole past."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from support.inside import theta_of
from test_extending import Leaky

import skrnn
from skrnn._engine.online import INFLUENCES, LARGEST
from skrnn.regressors import SequenceRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
kinds = pytest.mark.parametrize("kind", INFLUENCES)
ONLINE = {
    "hidden_size": 4, "rows": "steps", "initial_state": "last", "gradient": "rtrl", "random_state": 0,
    "dtype": "float64", "tol": None,
}  # fmt: skip


def series(n=60, F=2, seed=0, n_series=1):
    """Rows of several series, mixed; y is the second last input. Ids are in the first column."""
    rng = np.random.RandomState(seed)
    ids, X, y = np.arange(n) % n_series, rng.normal(size=(n, F)), np.zeros(n)
    for one in range(n_series):
        rows = np.flatnonzero(ids == one)
        y[rows[2:]] = X[rows[:-2], 0]
    return (np.c_[ids, X] if n_series > 1 else X), y


def influence(model):
    """J of every series."""
    return model._fitted.series.carried[1][1][0]


@pytest.fixture(params=["Regressor", "Classifier"])
def kind_of(request):
    return request.param


def in_parts(model, X, y, size, **options):
    for k in range(0, len(X), size):
        model.partial_fit(X[k : k + size], y[k : k + size], **(options if k == 0 else {}))
    return model


# --- it learns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [skrnn.GRURegressor, skrnn.LSTMRegressor])
def test_single_rows_teach_what_came_before_them(cls):
    rng = np.random.RandomState(0)
    x = rng.normal(size=(1000, 1))
    y = np.roll(x[:, 0], 2)
    error = {}
    for gradient in ("bptt", "rtrl"):
        model = cls(8, rows="steps", initial_state="last", gradient=gradient, random_state=0)
        model.partial_fit(x[:50], y[:50])
        predicted = []
        for k in range(50, len(x)):
            predicted.append(model.predict(x[k : k + 1])[0])
            model.partial_fit(x[k : k + 1], y[k : k + 1])
        error[gradient] = np.mean((predicted[-200:] - y[-200:]) ** 2)
    assert error["bptt"] > 0.5
    assert error["rtrl"] < 0.15


@kinds
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_parts_train_like_the_whole(kind, name, kind_of):
    """Whatever the parts are; with several series, whose rows are mixed."""
    X, y = series(n_series=3)
    options = {"classes": [0, 1]} if kind_of == "Classifier" else {}
    y = (y > 0).astype(int) if options else y - y.mean()
    new = getattr(skrnn, name + kind_of)(**ONLINE, sequence_id=0).set_params(gradient=kind)
    whole = clone(new).partial_fit(X, y, **options)
    if not options:  # the first part fixes what y is standardised by
        parts = clone(new).partial_fit(X[:30], y[:30])
        whole = clone(parts).partial_fit(X[:30], y[:30]).partial_fit(X[30:], y[30:])
        in_parts(parts, X[30:], y[30:], 6)
    else:
        parts = in_parts(clone(new), X, y, 6, **options)
    np.testing.assert_allclose(theta_of(parts), theta_of(whole), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(influence(parts), influence(whole), rtol=1e-8, atol=1e-11)


def test_every_series_has_its_own_past():
    """Rows of two series, mixed, are those of each by itself, as long as weights stay as they are."""
    X, y = series(40, n_series=2)
    frozen = {**ONLINE, "learning_rate_init": 1e-300, "solver": "sgd", "sequence_id": 0}
    both = in_parts(skrnn.LSTMRegressor(**frozen).fit(X[:20], y[:20]), X[20:], y[20:], 1)
    for one in (0, 1):
        mine = X[:, 0] == one
        alone = skrnn.LSTMRegressor(**frozen).fit(X[mine][:10], y[mine][:10])
        alone.partial_fit(X[mine][10:], y[mine][10:])
        np.testing.assert_allclose(influence(both)[one], influence(alone)[0], rtol=1e-9, atol=1e-14)


def test_an_unknown_series_begins_without_a_past():
    X, y = series(40, n_series=2)
    model = skrnn.GRURegressor(**ONLINE, sequence_id=0).fit(X, y)
    before = influence(model).copy()
    X[:, 0] = 7
    model.partial_fit(X[:3], y[:3])
    assert model.sequence_ids_.tolist() == [0, 1, 7]
    np.testing.assert_array_equal(influence(model)[:2], before)
    known = skrnn.GRURegressor(**ONLINE, sequence_id=0).fit(X[:3], y[:3])
    assert influence(model)[2].any()
    assert influence(model).shape == (3, influence(known).shape[1])


# --- fit, and what goes on from it --------------------------------------------------------------------


@kinds
def test_after_fit_the_influence_is_that_of_the_final_weights(kind):
    """A call that moves the weights by next to nothing over the same rows comes to the same."""
    X, y = series()
    model = skrnn.LSTMRegressor(**{**ONLINE, "gradient": kind}, max_iter=3).fit(X, y)
    again = pickle.loads(pickle.dumps(model)).set_params(solver="sgd", learning_rate_init=1e-300)
    again.final_state_ = [tuple(np.zeros_like(s) for s in model.final_state_[0])]
    again.partial_fit(X, y)
    np.testing.assert_allclose(influence(again), influence(model), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(again.final_state_[0][0], model.final_state_[0][0], rtol=1e-9)


def test_fit_takes_updates_every_k1_steps():
    X, y = series(60)
    for k1, n in ((None, 60), (1, 60), (25, 3), (100, 1)):
        model = skrnn.GRURegressor(**ONLINE, k1=k1, max_iter=2).fit(X, y)
        assert model.n_updates_ == 2 * n
        assert model.k2_curve_ == [None, None]  # the gradient is never cut


def test_one_update_per_series_is_that_of_bptt():
    X, y = series(40, n_series=2)
    models = [
        skrnn.LSTMRegressor(
            **{**ONLINE, "gradient": gradient}, k1=k1, sequence_id=0, max_iter=5, learning_rate_init=0.03
        ).fit(X, y)
        for gradient, k1 in (("rtrl", 100), ("bptt", None))
    ]
    np.testing.assert_allclose(*map(theta_of, models), rtol=1e-8)
    np.testing.assert_allclose(*(model.loss_curve_ for model in models), rtol=1e-9)


def test_weights_of_zero_and_of_whole_numbers():
    """A row of weight zero is read, and teaches nothing: no update is made of it."""
    X, y = series(30)
    weight = np.ones(30)
    weight[10:20] = 0
    changed = np.where(weight > 0, y, 99.0)
    models = [skrnn.GRURegressor(**ONLINE, max_iter=2).fit(X, Y, weight) for Y in (y, changed)]
    np.testing.assert_array_equal(*map(theta_of, models))
    assert models[0].n_updates_ == 2 * 20


@kinds
def test_pickle_goes_on_as_if_nothing_had_happened(kind):
    X, y = series(40)
    model = skrnn.LSTMRegressor(**{**ONLINE, "gradient": kind}, warm_start=True).partial_fit(
        X[:20], y[:20]
    )
    copy = pickle.loads(pickle.dumps(model))
    for one in (model, copy):
        in_parts(one, X[20:], y[20:], 1)
    np.testing.assert_array_equal(*map(theta_of, (model, copy)))
    np.testing.assert_array_equal(*map(influence, (model, copy)))


@kinds
def test_the_influence_is_reset_with_the_state(kind):
    """Whoever sets the state back begins without a past, in whatever way it is done."""
    X, y = series(40)
    fitted = pickle.dumps(skrnn.GRURegressor(**{**ONLINE, "gradient": kind}, max_iter=2).fit(X, y))
    kept, assigned, changed = (pickle.loads(fitted) for _ in range(3))
    assigned.final_state_ = [np.zeros((1, 4))]
    changed.final_state_[0][:] = 0
    for model in (kept, assigned, changed):
        model.partial_fit(X[:1], y[:1])
    np.testing.assert_array_equal(*map(theta_of, (assigned, changed)))
    assert not np.allclose(theta_of(kept), theta_of(assigned))
    assert np.abs(influence(kept)).sum() > np.abs(influence(assigned)).sum()


def test_gradients_may_change_their_way_between_two_calls():
    X, y = series(60)
    model = skrnn.LSTMRegressor(**{**ONLINE, "gradient": "bptt"}, max_iter=2).fit(X[:20], y[:20])
    widths = []
    for k, gradient in enumerate(("rtrl", "snap1", "bptt", "rtrl")):
        rows = slice(20 + 10 * k, 30 + 10 * k)
        model.set_params(gradient=gradient).partial_fit(X[rows], y[rows])
        widths.append([layer[0].shape[1] for layer in model._fitted.series.carried[1]])
    assert widths == [[4, 1024], [4, 256], [4], [4, 1024]]


def test_a_series_that_training_has_not_carried_goes_on_from_the_state_of_fit():
    X, y = series(40, n_series=2)
    model = skrnn.GRURegressor(**{**ONLINE, "gradient": "bptt"}, sequence_id=0, max_iter=2).fit(X, y)
    model.partial_fit(X[X[:, 0] == 0], y[X[:, 0] == 0])
    start = model._series().start_of(np.array([1.0]), training=True)
    np.testing.assert_array_equal(start[0][0][0], model.final_state_[0][1])


def test_a_cell_of_a_user():
    class Own(SequenceRegressor, cell=Leaky):
        pass

    X, y = series(60)
    model = in_parts(Own(**ONLINE).fit(X[:30], y[:30]), X[30:], y[30:], 1)
    assert np.isfinite(model.predict(X)).all()


def test_single_precision():
    X, y = series(40)
    options = {**ONLINE, "dtype": "float32"}
    model = in_parts(skrnn.GRURegressor(**options, max_iter=2).fit(X[:30], y[:30]), X[30:], y[30:], 1)
    assert influence(model).dtype == np.float32


# --- what does not go together -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rows": "sequences", "initial_state": "zeros"}, "needs rows='steps'"),
        ({"initial_state": "zeros"}, "needs initial_state='last'"),
        ({"k2": 5}, "k2=5 do not go together.*Set k2=None"),
        ({"k2": "auto", "k1": 5}, "k2='auto' do not go together"),
        ({"dropout": 0.5}, "dropout=0.5"),
        ({"weight_dropout": 0.5}, "weight_dropout=0.5.*Set weight_dropout=0"),
        ({"embedding_size": 3}, "embedding_size=3"),
        ({"target_delay": 2}, "target_delay=2"),
        ({"bidirectional": True}, "bidirectional=True"),
        ({"solver": "lbfgs"}, "solver='lbfgs'"),
        ({"hidden_size": (3, 3)}, "hidden_size=\\(3, 3\\).*one layer"),
    ],
)
@kinds
def test_settings_that_do_not_go_together(change, match, kind):
    X, y = series(20)
    model = skrnn.GRURegressor(**{**ONLINE, "gradient": kind, **change})
    with pytest.raises(ValueError, match=f"gradient='{kind}'.*{match}"):
        model.fit(X, y)
    assert not hasattr(model, "loss_curve_")


def test_layers_that_are_too_large():
    X, y = series(20)
    model = skrnn.GRURegressor(**{**ONLINE, "hidden_size": LARGEST + 1})
    with pytest.raises(
        ValueError, match=f"hidden_size={LARGEST + 1}.*Set hidden_size to {LARGEST}.*snap1"
    ):
        model.fit(X, y)
    model.set_params(gradient="snap1").partial_fit(X, y)


def test_units_that_depend_on_each_other_within_a_step():
    X, y = series(20)
    model = skrnn.RNNRegressor(**ONLINE, activation="softmax")
    with pytest.raises(
        ValueError, match=r"activation='softmax'.*depend on each other.*another activation"
    ):
        model.fit(X, y)


def test_memory(monkeypatch):
    monkeypatch.setattr("skrnn._estimators.memory.machine_memory", lambda: 3e6)
    monkeypatch.setattr("skrnn._estimators.memory.SURE", 0)
    X, y = series(20)
    skrnn.GRURegressor(**{**ONLINE, "hidden_size": 40, "gradient": "snap1"}).partial_fit(X, y)
    with pytest.raises(MemoryError, match="number of series, or set gradient='snap1'"):
        skrnn.GRURegressor(**{**ONLINE, "hidden_size": 40}).partial_fit(X, y)
