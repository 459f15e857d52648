"""Several ranks train as one process does on the data of all, and stay equal to the last bit."""

import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.inside import theta_of
from support.ranks import Threads, fit_in_threads

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMEncoderDecoder,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
)
from skrnn._engine.shared import Alone, exchange
from skrnn.distributed import MPI, fit_rank

N, T, F = 23, 7, 2
SMALL = {
    "hidden_size": 4, "random_state": 0, "max_iter": 3, "tol": None, "batch_size": 6,
    "learning_rate": "constant",
}  # fmt: skip
CUTS = (9, 11)  # one rank has two sequences, so that most of its batches are empty

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def arrays(seed=0):
    X = np.random.RandomState(seed).normal(size=(N, T, F))
    return X, X[:, -1, 0] + X[:, 0, 1]


def ragged(seed=0):
    """The longest sequences are all on the last rank."""
    X, _ = arrays(seed)
    return [x[: 1 + i * T // N] for i, x in enumerate(X)]


def per_step(X):
    return [x[:, 0] for x in X]


def weights(n=N):
    w = np.random.RandomState(1).uniform(0.5, 2, size=n)
    w[[3, 10, 20]] = 0
    return w


def split(values, cuts=CUTS):
    return [values[a:b] for a, b in zip((0, *cuts), (*cuts, len(values)), strict=True)]


def check(make, *data, cuts=CUTS, tolerance=1e-12):
    """The ranks' models against that of one process, which is returned with that of rank 0."""
    one = make().fit(*data)
    parts = list(zip(*[split(values, cuts) for values in data], strict=True))
    many = fit_in_threads(make, parts)
    expected = theta_of(one)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(theta_of(many[0]), expected, rtol=0, atol=tolerance * scale)
    for other in many[1:]:
        np.testing.assert_array_equal(theta_of(other), theta_of(many[0]))
    for curve in ("loss_curve_", "validation_loss_curve_", "validation_scores_"):
        if getattr(one, curve, None) is not None:
            pair = getattr(many[0], curve), getattr(one, curve)
            np.testing.assert_allclose(*pair, rtol=1e3 * tolerance)
    assert many[0].n_updates_ == one.n_updates_
    return one, many[0]


SEQUENCES = {
    "last state": {},
    "whole batches": {"batch_size": N},
    "two layers, both ways": {"hidden_size": (3, 2), "bidirectional": True},
    "k2": {"k2": 3},
    "replication": {"target_replication": 0.4, "k1": 2, "k2": 3},
    "pooling": {"pooling": ("last", "mean", "max")},
    "dropout": {"dropout": 0.3, "hidden_size": (4, 3)},
    "weight dropout": {"weight_dropout": 0.3},
    "no shuffling": {"shuffle": False},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "rmsprop": {"solver": "rmsprop"},
    "clipping": {"clip_norm": 0.01, "clip_value": 0.01},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.9]},
    "one cycle": {"learning_rate": "onecycle"},
    "frozen": {"frozen": ("readout",)},
}


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("data", [arrays, lambda: (ragged(), arrays()[1])], ids=["array", "ragged"])
@pytest.mark.parametrize("params", SEQUENCES.values(), ids=SEQUENCES)
def test_one_target_per_sequence(params, data, weighted):
    X, y = data()
    given = (X, y, weights()) if weighted else (X, y)
    check(lambda: LSTMRegressor(**{**SMALL, **params}), *given)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_the_last_windows_of_all_are_held_out(weighted):
    X, y = arrays()
    table = np.column_stack([np.repeat([0, 1, 2], np.diff([0, *CUTS, N])), X[:, 0]])
    given = (SlidingWindow(3, sequence_id=0).fit_transform(table), y, *([weights()] if weighted else []))
    check(lambda: LSTMRegressor(**{**SMALL, "early_stopping": True, "validation_fraction": 0.3}), *given)


def test_overlapping_windows_made_by_hand():
    X = np.lib.stride_tricks.sliding_window_view(np.random.RandomState(0).normal(size=40), 8)[:, :, None]
    parts = list(zip(split(X), split(X[:, -1, 0]), strict=True))
    with pytest.warns(UserWarning, match="windows that overlap"):
        fit_in_threads(lambda: LSTMRegressor(**{**SMALL, "early_stopping": True}), parts)


PER_STEP = {
    "whole": {},
    "k1 = 2, k2 = 5": {"k1": 2, "k2": 5},
    "k1 = 5, k2 = 2": {"k1": 5, "k2": 2},
    "k1 = 1": {"k1": 1, "k2": 1},
    "delay": {"target_delay": 2, "k1": 3},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "k1": 3},
}


@pytest.mark.parametrize("cls", [RNNRegressor, GRURegressor])
@pytest.mark.parametrize("params", PER_STEP.values(), ids=PER_STEP)
def test_a_target_per_step(cls, params):
    X = ragged()
    step_weights = [np.linspace(0, 2, len(x)) + 0.1 for x in X]
    for data in ((X, per_step(X)), (X, per_step(X), weights()), (X, per_step(X), step_weights)):
        check(lambda: cls(**{**SMALL, "return_sequences": True, **params}), *data)


def test_classes_and_their_weights():
    X, y = arrays()
    labels = np.where(y > 1, "high", np.where(y > -1, "middle", "low"))
    for params in (
        {},
        {"class_weight": "balanced"},
        {"early_stopping": True, "validation_fraction": 0.4},
    ):
        one, many = check(lambda params=params: GRUClassifier(**{**SMALL, **params}), X, labels)
        np.testing.assert_array_equal(many.classes_, one.classes_)
        np.testing.assert_allclose(many.predict_proba(X), one.predict_proba(X), atol=1e-10)


def test_labels_that_only_some_ranks_have():
    X, _ = arrays()
    labels = np.array(["a", "b"] * 4 + ["c"] * 4 + ["longer name"] * 11)
    one, many = check(lambda: LSTMClassifier(**SMALL), X, labels)
    assert many.classes_.tolist() == one.classes_.tolist() == ["a", "b", "c", "longer name"]


def test_outputs_labels_tokens_and_categories():
    X, y = arrays()
    check(lambda: LSTMRegressor(**SMALL), X, np.stack([y, -y], axis=1))
    check(lambda: LSTMClassifier(**SMALL), X, np.stack([y > 0, y > 1], axis=1).astype(int))
    tokens = np.random.RandomState(0).randint(9, size=(N, T))
    tokens[0, 0] = 9  # the largest one is on one rank only
    _, many = check(lambda: GRUClassifier(embedding_size=2, **SMALL), tokens, y > 0)
    assert many.weights_["embedding.W"].shape == (10, 2)
    X[:, :, 1] = tokens
    check(lambda: GRURegressor(embedding_size={1: 2}, **SMALL), X, y)


def table():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"who": np.repeat(list("abcde"), 12), "a": rng.normal(size=60)})
    # rows of the series of a rank are mixed
    order = np.concatenate([rng.permutation(24), 24 + rng.permutation(36)])
    X = X.iloc[np.argsort(np.argsort(order), kind="stable")].reset_index(drop=True)
    return X, X["a"].to_numpy() * 2


@pytest.mark.parametrize("params", [{}, {"k1": 4}, {"k1": 4, "early_stopping": True}], ids=str)
def test_a_table_with_series(params):
    X, y = table()

    def make():
        return LSTMRegressor(rows="steps", sequence_id="who", **{**SMALL, "batch_size": 2, **params})

    one, many = check(make, X, y, cuts=(24,))
    assert many.sequence_ids_.tolist() == one.sequence_ids_.tolist()
    for layer, expected in zip(many.final_state_, one.final_state_, strict=True):
        for state, other in zip(layer, expected, strict=True):
            np.testing.assert_allclose(state, other, atol=1e-10)


def test_a_series_on_two_ranks():
    X, y = table()
    X["who"] = "a"
    with pytest.raises(ValueError, match="give each series to one of them"):
        fit_in_threads(
            lambda: LSTMRegressor(rows="steps", sequence_id="who", **{**SMALL, "batch_size": 2}),
            [(X[:30], y[:30]), (X[30:], y[30:])],
        )


def test_lbfgs():
    X, y = arrays()
    params = {**SMALL, "solver": "lbfgs", "max_iter": 5}
    del params["batch_size"]
    one, many = check(lambda: GRURegressor(**params), X, y, tolerance=1e-8)
    assert many.n_iter_ == one.n_iter_


def test_single_precision_and_mixed_parts():
    X, y = arrays()
    X = X.astype(np.float32)
    check(lambda: GRURegressor(**SMALL), X, y.astype(np.float32), tolerance=1e-5)
    parts = [(X[:9], y[:9]), (X[9:].astype(np.float64), y[9:])]
    many = fit_in_threads(lambda: GRURegressor(**SMALL), parts)
    assert theta_of(many[0]).dtype == np.float64


def test_training_goes_on():
    X, y = arrays()
    first = GRURegressor(**SMALL, warm_start=True).fit(X, y)
    import copy

    one = copy.deepcopy(first).fit(X, y)
    many = fit_in_threads(lambda: copy.deepcopy(first), list(zip(split(X), split(y), strict=True)))
    np.testing.assert_allclose(theta_of(many[0]), theta_of(one), atol=1e-12)


def test_what_each_rank_had_fitted_before_does_not_matter():
    X, y = arrays()
    models = iter([GRURegressor(**SMALL), GRURegressor(**SMALL).fit(X[:9], y[:9])])
    parts = list(zip(split(X), split(y), strict=True))[:2]
    again = fit_in_threads(lambda: GRURegressor(**SMALL), parts)
    many = fit_in_threads(lambda: next(models), parts)
    np.testing.assert_array_equal(theta_of(many[1]), theta_of(again[0]))


def test_without_random_state_all_draw_the_same():
    X, y = arrays()
    params = {**SMALL, "random_state": None}
    many = fit_in_threads(lambda: GRURegressor(**params), list(zip(split(X), split(y), strict=True)))
    np.testing.assert_array_equal(theta_of(many[0]), theta_of(many[2]))
    assert many[0].random_state is None


def test_one_sum_for_every_update():
    X, y = arrays()
    communicators = Threads.together(2)
    parts = [(X[:9], y[:9]), (X[9:], y[9:])]
    models = [GRURegressor(**SMALL) for _ in parts]
    threads = [
        threading.Thread(target=fit_rank, args=(model, *part), kwargs={"communicator": one})
        for model, part, one in zip(models, parts, communicators, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # two for what the ranks tell each other of their parameters, two for that of their data
    assert communicators[0].n_sums == models[0].n_updates_ + 4


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X, y: (X * np.nan, y), "Input X contains NaN"),
        (lambda X, y: (X, y[:-1]), "inconsistent|different numbers|has"),
        (lambda X, y: (X[:, :, :1], y), "The parts of X differ in features: 1 on rank 1, 2 on rank 0"),
        (lambda X, y: (list(X), y), "The parts of X differ in the form"),
        (lambda X, y: (X, np.stack([y, y], axis=1)), "another number of outputs"),
        (lambda X, y: (X, None), "y to be passed"),
    ],
)
def test_wrong_data_of_one_rank_end_all(change, match):
    X, y = arrays()
    models = []

    def make():
        models.append(GRURegressor(**SMALL))
        return models[-1]

    with pytest.raises(ValueError, match=match):
        fit_in_threads(make, [(X[:9], y[:9]), change(X[9:], y[9:])])
    assert not any(hasattr(model, "weights_") for model in models)


@pytest.mark.parametrize(
    ("model", "error", "match"),
    [
        (GRURegressor(k2="auto"), ValueError, "k2='auto' cannot be fitted by several processes"),
        (
            GRURegressor(gradient="rtrl", rows="steps", initial_state="last"),
            ValueError,
            "gradient='rtrl' cannot be fitted",
        ),
        (LSTMEncoderDecoder(), TypeError, "a regressor or classifier of skrnn, got LSTMEncoderDecoder"),
        (make_pipeline(StandardScaler(), GRURegressor()), TypeError, "transform the parts first"),
    ],
)
def test_what_cannot_be_fitted_together(model, error, match):
    X, y = arrays()
    with pytest.raises(error, match=match):
        fit_rank(model, X, y, communicator=Alone())


def test_callbacks_are_refused():
    class Callback:
        def setup(self, *args, **kwargs): ...
        def teardown(self, *args, **kwargs): ...
        def on_fit_task_begin(self, *args, **kwargs): ...
        def on_fit_task_end(self, *args, **kwargs): ...

    X, y = arrays()
    model = GRURegressor(**SMALL).set_callbacks(Callback())
    with pytest.raises(ValueError, match="Callbacks see one process only"):
        fit_rank(model, X, y, communicator=Alone())


@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "validation_fraction": 0.3}], ids=str)
def test_all_weights_of_a_rank_zero(params):
    """It takes part in the sums, as long as others have weights."""
    X, y = arrays()
    w = np.ones(N)
    w[9:11] = 0
    check(lambda: GRURegressor(**{**SMALL, **params}), X, y, w)
    check(lambda: GRUClassifier(**{**SMALL, **params}), X, y > 0, w)
    steps = [np.full(len(x), one) for x, one in zip(ragged(), w, strict=True)]
    per_step_too = {**SMALL, "return_sequences": True, "k1": 2, **params}
    check(lambda: GRURegressor(**per_step_too), ragged(), per_step(ragged()), steps)
    with pytest.raises(ValueError, match="at least one non-zero weight: all ranks have zeros only"):
        fit_in_threads(lambda: GRURegressor(**SMALL), [(X[:9], y[:9], w[:9] * 0)] * 2)


def test_the_outcome_is_told():
    X, y = arrays()
    with pytest.warns(ConvergenceWarning, match="hardly learned anything.* X is far from 1"):
        fit_rank(GRURegressor(**SMALL, learning_rate_init=1e-9), 1e3 * X, y, communicator=Alone())


@pytest.mark.parametrize(
    ("other", "match"),
    [
        (GRURegressor(**{**SMALL, "hidden_size": 5}), "hidden_size is 5 on rank 1 and 4 on rank 0"),
        (GRURegressor(**{**SMALL, "random_state": 1}), "random_state is 1 on rank 1 and 0 on rank 0"),
        (LSTMRegressor(**SMALL), "its class is LSTMRegressor on rank 1"),
        (
            GRURegressor(**{**SMALL, "random_state": np.random.RandomState(0)}),
            "random_state is a RandomState with",
        ),
    ],
)
def test_other_estimators_on_other_ranks(other, match):
    """Else they would wait for each other, or train apart without a word."""
    X, y = arrays()
    models = iter([GRURegressor(**SMALL), other])
    with pytest.raises(ValueError, match=match):
        fit_in_threads(models.__next__, [(X[:9], y[:9]), (X[9:], y[9:])])


def test_what_may_differ_between_ranks():
    X, y = arrays()
    models = iter([GRURegressor(**SMALL), GRURegressor(**SMALL, n_jobs=2)])
    first, second = fit_in_threads(models.__next__, [(X[:9], y[:9]), (X[9:], y[9:])])
    np.testing.assert_array_equal(theta_of(first), theta_of(second))


def test_labels_of_two_kinds():
    X, y = arrays()
    with pytest.raises(ValueError, match="Some parts of y hold text and others numbers"):
        fit_in_threads(
            lambda: GRUClassifier(**SMALL), [(X[:9], np.resize(["a", "b"], 9)), (X[9:], y[9:] > 0)]
        )


# --- communicators --------------------------------------------------------------------------------------


def test_what_is_exchanged():
    answers = [None] * 3

    def run(one):
        answers[one.rank] = exchange(one, {"rank": one.rank, "x": np.arange(one.rank)})

    threads = [threading.Thread(target=run, args=(one,)) for one in Threads.together(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        assert [one["rank"] for one in answer] == [0, 1, 2]
        assert [len(one["x"]) for one in answer] == [0, 1, 2]


class FakeWorld:
    """As mpi4py's communicators, for threads."""

    def __init__(self, one):
        self.one = one

    def Get_rank(self):
        return self.one.rank

    def Get_size(self):
        return self.one.size

    def Gather(self, values, parts, root):
        every = np.zeros((self.one.size, *values.shape), dtype=values.dtype)
        every[self.one.rank] = values
        every = self.one.sum(every)
        if self.one.rank == root:
            parts[...] = every

    def Bcast(self, values, root):
        values[...] = self.one.sum(values if self.one.rank == root else np.zeros_like(values))


class Hostile:
    """A communicator of two ranks that does not add up."""

    rank, size = 0, 2

    def __init__(self, sum_of):
        self.sum = sum_of


@pytest.mark.parametrize(
    ("communicator", "error", "match"),
    [
        (None, TypeError, "communicator must have rank, size and sum, but NoneType has no rank"),
        (Hostile(lambda values: None), TypeError, "got NoneType"),
        (Hostile(lambda values: values.tolist()), TypeError, "got list"),
        (Hostile(lambda values: values[:1]), TypeError, r"got ndarray \(1,\) of int64"),
        (Hostile(lambda values: values.astype("f4")), TypeError, "of float32"),
        (Hostile(lambda values: values), ValueError, "does not add up what the 2 ranks pass"),
        (Hostile(lambda values: values * 2), ValueError, "does not add up what the 2 ranks pass"),
    ],
)
def test_communicators_that_are_none(communicator, error, match):
    X, y = arrays()
    with pytest.raises(error, match=match):
        fit_rank(GRURegressor(**SMALL), X, y, communicator=communicator)


def test_sums_over_mpi():
    parts, totals = [np.array([1e16, 1.0]), np.array([1.0, 2.0]), np.array([-1e16, 3.0])], [None] * 3

    def run(one):
        totals[one.rank] = MPI(FakeWorld(one)).sum(parts[one.rank])

    threads = [threading.Thread(target=run, args=(one,)) for one in Threads.together(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for total in totals:
        assert total.tolist() == [1e16 + 1.0 - 1e16, 6.0]
