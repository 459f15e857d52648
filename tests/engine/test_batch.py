"""Few long sequences fill a batch: each is cut into contiguous pieces that run side by side.

How many and how long they are, that every container gives the same, and that an update is the gradient
of the pieces as sequences by themselves, with the penalty of the whole ones.
"""

import copy
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from support.data import noise, noise_step_targets
from support.estimators import one_of_each
from support.inside import network_of, targets_of, theta_of
from support.reference import dataset, loss_and_gradient, network

import skrnn
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

SMALL = {"hidden_size": 3, "max_iter": 2, "learning_rate_init": 0.05, "random_state": 0}
PER_STEP = {**SMALL, "return_sequences": True, "k1": 4}
STEPS = {**SMALL, "rows": "steps", "k1": 4}
STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "alpha": 0.0}  # no update changes any weight
PLAIN = {"solver": "sgd", "momentum": 0.0, "clip_norm": None, "learning_rate_init": 0.1}

# steps of the sequences, pieces of each, the shortest that a piece may be
CUTS = [
    ((12,), 3, 1),
    ((13,), 3, 4),
    ((14,), 3, 4),
    ((11,), 3, 4),  # room for two only
    ((3,), 5, 4),  # too short to be cut
    ((7,), 7, 1),
    ((7,), 100, 1),
    ((100,), 7, 10),
    ((5, 30, 1, 12), 3, 4),
    ((9, 9, 9), 2, 4),
    ((1000003,), 16, 100),
]
cuts = pytest.mark.parametrize(("T", "n_pieces", "shortest"), CUTS)


def bounds(T, n_pieces, shortest):
    """Where the pieces of a sequence of T steps begin and end: written another way than the code."""
    n = n_pieces
    while n > 1 and T // n < shortest:
        n -= 1
    edges = [k * T // n for k in range(n + 1)]
    return list(pairwise(edges))


def cut(items, n_pieces, shortest):
    """The pieces of a list of arrays, as a list."""
    return [x[a:b] for x in items for a, b in bounds(len(x), n_pieces, shortest)]


# --- how sequences are cut ---------------------------------------------------------------------------


@cuts
def test_pieces_are_contiguous_and_cover(T, n_pieces, shortest):
    X = np.arange(sum(T))[:, None]
    data = Dataset(Sequences(X, T), Sequences(X.astype(float), T))
    pieces = data.pieces(n_pieces, shortest)
    np.testing.assert_array_equal(pieces.X.flat(), X)
    np.testing.assert_array_equal(pieces.y.flat(), X)
    assert np.shares_memory(pieces.X.values, X)  # nothing is copied
    at = 0
    for length in T:
        n = max(1, min(n_pieces, length // shortest))
        own = pieces.y.lengths[at : at + n]
        assert own.sum() == length
        assert own.max() - own.min() <= 1
        assert own.min() >= min(shortest, length)
        np.testing.assert_allclose(pieces.share[at : at + n], own / length)
        at += n
    assert at == len(pieces)


@cuts
def test_they_are_the_pieces_that_the_other_tests_take(T, n_pieces, shortest):
    data = Dataset(Sequences(np.zeros((sum(T), 1)), T), Sequences(np.zeros((sum(T), 1)), T))
    expected = [b - a for length in T for a, b in bounds(length, n_pieces, shortest)]
    assert data.pieces(n_pieces, shortest).X.lengths.tolist() == expected


@pytest.mark.parametrize("delay", [1, 3, 50])
def test_delayed_targets_read_the_inputs_that_follow(delay):
    """Those of the next piece; zeros only after the end of the sequence."""
    T = (13, 9)
    X = 1.0 + np.arange(22)[:, None]
    pieces = Dataset(Sequences(X, T), Sequences(X, T), delay=delay).pieces(3, 4)
    batch = Batch(pieces, np.arange(len(pieces)), np.float64)
    steps = batch.steps(0, batch.T)
    rows, times = batch._index(steps, 0)
    read = batch.X(steps, 0)[:, 0]
    at = 0
    for k, length in enumerate(T):
        for a, b in bounds(length, 3, 4):
            own = np.argsort(times[rows == at])
            expected = np.zeros(b - a + delay)
            follow = X[sum(T[:k]) :][:length][a : b + delay, 0]
            expected[: len(follow)] = follow
            np.testing.assert_array_equal(read[rows == at][own], expected)
            at += 1
    # and each target stands once, at a step that is so much later
    y, u = batch.targets(steps, 0)
    np.testing.assert_array_equal(np.sort(y[u > 0][:, 0]), X[:, 0])


def n_updates(lengths, k1):
    return -(-max(lengths) // k1)


@pytest.mark.parametrize(
    ("T", "batch_size", "k1", "k2"),
    [
        ((40,), 1, 4, None),  # nothing to fill
        ((40,), 2, 4, None),
        ((40,), 3, 4, None),  # 13, 13, 14
        ((40,), 10, 4, None),
        ((40,), 1000, 4, None),  # ten at most
        ((40,), 10, 4, 13),  # k2 is longer: three at most
        ((40,), 8, 7, 4),
        ((40, 40), 5, 4, None),  # two of each
        ((40, 40, 40), 5, 4, None),  # one of each
        ((40, 10, 3), 12, 4, None),
        ((3,), 10, 4, None),  # shorter than k1
    ],
)
def test_number_and_lengths(cls, T, batch_size, k1, k2):
    """As many updates as the longest piece has windows: all pieces run in one batch."""
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, "batch_size": batch_size, "k1": k1, "k2": k2, "max_iter": 3}
    model = cls(**params).fit(X, y)
    n_pieces = max(1, batch_size // len(T))
    lengths = [len(x) for x in cut(X, n_pieces, max(k1, k2 or k1))]
    assert model.n_updates_ == 3 * n_updates(lengths, k1)


def model_of_lists(cls, params, X, y, n_pieces, shortest, **fit):
    """The pieces as sequences by themselves, in one batch, with the penalty of the whole ones."""
    pieces = cut(X, n_pieces, shortest)
    params = {**params, "batch_size": len(pieces)}
    return cls(**params).fit(pieces, cut(y, n_pieces, shortest), **fit)


# --- when they are cut, and when batch_size is too large ---------------------------------------------

TOO_LARGE = "batch_size=9 is larger than the 2 sequences of X"


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@one_of_each
@pytest.mark.parametrize(
    ("params", "warns"),
    [
        ({"return_sequences": True, "k1": 4, "batch_size": 9}, False),
        ({"return_sequences": True, "k1": 4, "batch_size": 2}, False),
        ({"return_sequences": True, "k1": 4}, False),
        ({"return_sequences": True, "batch_size": 9}, True),
        ({"return_sequences": True, "k2": 4, "batch_size": 9}, True),
        ({"return_sequences": True, "bidirectional": True, "batch_size": 9}, True),
        ({"return_sequences": True, "solver": "lbfgs", "batch_size": 9}, False),
        ({"k1": 4, "batch_size": 9}, True),
        ({"k1": 4, "batch_size": 2}, False),
    ],
    ids=["cut", "enough", "auto", "no k1", "k2 only", "both directions", "lbfgs", "one target", "exact"],
)
def test_warning(cls, params, warns, assert_same_weights):
    T = (40, 40)
    X, y = noise(T), noise_step_targets(cls, T)
    y = y if "return_sequences" in params else [one[0] for one in y]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = cls(**SMALL, **params).fit(X, y)
    said = [w for w in caught if TOO_LARGE in str(w.message)]
    assert len(said) == warns
    if warns:
        assert "all of them are one batch" in str(said[0].message)
        assert said[0].filename == __file__
        assert_same_weights(model, cls(**SMALL, **{**params, "batch_size": 2}).fit(X, y))


@one_of_each
def test_auto_never_cuts(cls, assert_same_weights):
    T = (40, 30)
    X, y = noise(T), noise_step_targets(cls, T)
    auto, whole = (cls(**PER_STEP, batch_size=b).fit(X, y) for b in ("auto", 2))
    assert auto.n_updates_ == whole.n_updates_ == 20
    assert_same_weights(auto, whole)


@one_of_each
@pytest.mark.parametrize("batch_size", [2, 3])
def test_less_than_two_pieces_each_are_the_whole(cls, batch_size, assert_same_weights):
    T = (40, 30)
    X, y = noise(T), noise_step_targets(cls, T)
    model = cls(**PER_STEP, batch_size=batch_size).fit(X, y)
    assert_same_weights(model, cls(**PER_STEP).fit(X, y))


# --- containers --------------------------------------------------------------------------------------


def ids_table(items, order=None):
    codes = np.repeat(np.arange(len(items)), list(map(len, items)))
    rows = np.column_stack([codes, np.concatenate(items)])
    return rows if order is None else rows[order]


@pytest.mark.parametrize("k2", [None, 6, 3])
def test_same_for_every_container(cls, k2, assert_same_weights):
    T = (25, 25, 25)
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, "batch_size": 8, "k2": k2, "target_delay": 1}
    expected = cls(**params).fit(X, y)
    assert expected.n_updates_ == 2 * (-(-(13 + 1) // 4))
    assert_same_weights(cls(**params).fit(np.stack(X), np.stack(y)), expected)
    fortran = np.asfortranarray(np.stack(X))
    assert_same_weights(cls(**params).fit(fortran, np.stack(y)), expected)

    params = {**params, "rows": "steps", "sequence_id": 0}
    assert_same_weights(cls(**params).fit(ids_table(X), np.concatenate(y)), expected)
    order = np.arange(75).reshape(3, 25).T.ravel()  # one row of each, and so on
    rows = ids_table(X, order)
    assert_same_weights(cls(**params).fit(rows, np.concatenate(y)[order]), expected)
    frame = pd.DataFrame(rows, columns=["id", "a", "b"])
    params["sequence_id"] = "id"
    assert_same_weights(cls(**params).fit(frame, np.concatenate(y)[order]), expected)


@one_of_each
def test_one_series_of_rows(cls, assert_same_weights):
    (X,), (y,) = noise((50,)), noise_step_targets(cls, (50,))
    rows = cls(**STEPS, batch_size=5).fit(X, y)
    one = cls(**PER_STEP, batch_size=5).fit([X], [y])
    assert_same_weights(rows, one)
    assert rows.n_updates_ == one.n_updates_ == 2 * 3


@one_of_each
def test_tokens(cls, assert_same_weights):
    rng = np.random.RandomState(0)
    tokens, y = rng.randint(5, size=50), noise_step_targets(cls, (50,))[0]
    params = {"embedding_size": 2, "batch_size": 5, "target_delay": 2}
    rows = cls(**STEPS, **params).fit(tokens[:, None], y)
    assert_same_weights(rows, cls(**PER_STEP, **params).fit([tokens], [y]))
    assert_same_weights(rows, cls(**PER_STEP, **params).fit(tokens[None], y[None]))


@one_of_each
def test_shuffle_changes_nothing(cls, assert_same_weights):
    T = (40, 30)
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, "batch_size": 8, "max_iter": 4}
    assert_same_weights(*(cls(**params, shuffle=shuffle).fit(X, y) for shuffle in (True, False)))


@one_of_each
def test_threads_change_nothing(cls, assert_same_weights):
    T = (200,)
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, "batch_size": 20, "hidden_size": 40}
    assert_same_weights(*(cls(**params, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2)))


@one_of_each
def test_series_of_weight_zero_are_not_counted(cls, assert_same_weights):
    """batch_size is shared among the others."""
    T = (40, 40)
    X, y = noise(T), noise_step_targets(cls, T)
    model = cls(**PER_STEP, batch_size=6).fit(X, y, [0, 1])
    assert model.n_updates_ == 2 * 2  # six pieces of 6 or 7
    assert_same_weights(model, cls(**PER_STEP, batch_size=6).fit(X[1:], y[1:]))


# --- the gradient ------------------------------------------------------------------------------------

K1_K2 = [(4, None), (4, 4), (4, 8), (4, 2), (4, 3), (2, 5)]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("k1", "k2"), K1_K2)
@pytest.mark.parametrize("lengths", [(26,), (30, 17)], ids=["one", "two"])
def test_gradient_is_that_of_the_pieces_as_sequences(cell, k1, k2, lengths):
    """Loss, weights and gradient at frozen weights: J and W are the same."""
    net, theta = network(cell, (3, 2))
    data = dataset(lengths, per_step=True)
    shortest = max(k1, k2 or k1)
    pieces = data.pieces(3, shortest)
    X, y = (cut(np.split(part.flat(), np.cumsum(lengths)[:-1]), 3, shortest) for part in (data.X, data.y))
    n = [len(bounds(T, 3, shortest)) for T in lengths]
    T = list(map(len, X))
    alone = Dataset(
        Sequences(np.concatenate(X), T), Sequences(np.concatenate(y), T), np.repeat(data.weight, n)
    )
    value, g = loss_and_gradient(net, theta, pieces, "squared_error", k1, k2)
    expected, expected_g = loss_and_gradient(net, theta, alone, "squared_error", k1, k2)
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(g, expected_g, rtol=0, atol=1e-13 * np.abs(g).max())
    batch, other, whole = (Batch(d, np.arange(len(d)), np.float64) for d in (pieces, alone, data))
    assert batch.W == pytest.approx(other.W, rel=1e-14)
    assert batch.W == pytest.approx(whole.W, rel=1e-14)
    assert batch.S == pytest.approx(whole.S, rel=1e-14)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("k1", "k2"), K1_K2)
def test_gradient_with_a_delay_reads_the_next_piece(cell, k1, k2):
    """Brute force: longer sequences whose first steps have no target."""
    net, theta = network(cell, (3,))
    delay, lengths = 3, (26, 17)
    data = dataset(lengths, per_step=True, delay=delay)
    shortest = max(k1, k2 or k1)
    X, y, u, weight = [], [], [], []
    for i, (x, targets_) in enumerate(
        zip(*(np.split(part.flat(), [lengths[0]]) for part in (data.X, data.y)), strict=True)
    ):
        continued = np.concatenate([x, np.zeros((delay, x.shape[1]))])
        for a, b in bounds(len(x), 3, shortest):
            X.append(continued[a : b + delay])
            y.append(np.concatenate([np.zeros((delay, 2)), targets_[a:b]]))
            u.append(np.repeat([0.0, 1.0], [delay, b - a]))
            weight.append(data.weight[i])
    T = list(map(len, X))
    alone = Dataset(
        Sequences(np.concatenate(X), T), Sequences(np.concatenate(y), T), np.array(weight),
        step_weight=Sequences(np.concatenate(u)[:, None], T),
    )  # fmt: skip
    value, g = loss_and_gradient(net, theta, data.pieces(3, shortest), "squared_error", k1, k2)
    expected, expected_g = loss_and_gradient(net, theta, alone, "squared_error", k1, k2)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(g, expected_g, rtol=0, atol=1e-13 * np.abs(g).max())


# --- training is that of the pieces as a list --------------------------------------------------------


def assert_close(model, other):
    """To round-off: the data of the list are one batch, whose sums are exact."""
    assert model.n_updates_ == other.n_updates_
    np.testing.assert_allclose(model.loss_curve_, other.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(model.grad_norm_curve_, other.grad_norm_curve_, rtol=1e-8)
    for name, array in model.weights_.items():
        np.testing.assert_allclose(array, other.weights_[name], rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("k1", "k2"), [(4, None), (4, 6), (5, 2)])
@pytest.mark.parametrize("T", [(41,), (40, 23)], ids=["one", "two"])
def test_trained_as_the_pieces_are(cls, T, k1, k2):
    """alpha is divided by the number of sequences, however they are cut."""
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, **PLAIN, "k1": k1, "k2": k2, "alpha": 0.5}
    model = cls(**params, batch_size=3 * len(T)).fit(X, y)
    shortest = max(k1, k2 or k1)
    n = len(cut(X, 3, shortest))
    assert n == 3 * len(T)
    alone = model_of_lists(cls, {**params, "alpha": 0.5 * n / len(T)}, X, y, 3, shortest)
    assert_close(model, alone)
    without = model_of_lists(cls, {**params, "alpha": 0.5}, X, y, 3, shortest)
    assert model.loss_curve_[0] > without.loss_curve_[0] + 1e-3


@one_of_each
def test_the_penalty_does_not_depend_on_the_cut(cls):
    T = (48, 36)
    X, y = noise(T), noise_step_targets(cls, T)
    weight = [3.0, 0.5]
    penalties = []
    for batch_size in (2, 4, 6, 12):
        params = {**PER_STEP, **STILL, "max_iter": 1, "batch_size": batch_size}
        with_penalty, without = (cls(**{**params, "alpha": a}).fit(X, y, weight) for a in (7.0, 0.0))
        penalties.append(with_penalty.loss_ - without.loss_)
    matrices = network_of(with_penalty).views(theta_of(with_penalty))
    W = [matrices.W, matrices.layers[0][0].W_x, matrices.layers[0][0].W_h]
    expected = 7.0 / 2 * sum(np.square(w).sum() for w in W) / sum(weight)
    np.testing.assert_allclose(penalties, expected, rtol=1e-9)


@one_of_each
def test_sequence_weights(cls):
    T = (40, 23)
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, **PLAIN, "alpha": 0.5}
    model = cls(**params, batch_size=6).fit(X, y, [2.0, 0.5])
    alone = model_of_lists(
        cls, {**params, "alpha": 1.5}, X, y, 3, 4, sample_weight=np.repeat([2.0, 0.5], 3)
    )
    assert_close(model, alone)


@pytest.mark.parametrize(
    ("cls", "class_weight"),
    [(skrnn.GRURegressor, None), (skrnn.LSTMClassifier, None), (skrnn.LSTMClassifier, "balanced")],
    ids=["regressor", "classifier", "balanced"],
)
def test_step_weights_and_class_weights(cls, class_weight):
    """The penalty: the mean weight of the whole sequence's steps."""
    T = (40, 23)
    X, y = noise(T), noise_step_targets(cls, T)
    rng = np.random.RandomState(3)
    weight = [rng.uniform(size=t) * (rng.uniform(size=t) < 0.7) for t in T]
    params = {**PER_STEP, **PLAIN, "alpha": 0.0}
    if class_weight:
        params["class_weight"] = class_weight
    model = cls(**params, batch_size=6).fit(X, y, weight)
    alone = model_of_lists(cls, params, X, y, 3, 4, sample_weight=cut(weight, 3, 4))
    assert_close(model, alone)

    params = {**params, **STILL, "max_iter": 1, "alpha": 7.0}
    losses = [
        cls(**{**params, "alpha": alpha, "batch_size": batch_size}).fit(X, y, weight).loss_
        for batch_size in (2, 6)
        for alpha in (7.0, 0.0)
    ]
    assert losses[2] - losses[3] == pytest.approx(losses[0] - losses[1], rel=1e-10)


@one_of_each
def test_pieces_without_weight(cls):
    """A piece of which no step has a target teaches nothing, and stops nothing."""
    T = (40,)
    X, y = noise(T), noise_step_targets(cls, T)
    weight = [np.repeat([1.0, 0.0, 1.0, 1.0], 10)]
    params = {**PER_STEP, **PLAIN, "alpha": 0.0}
    model = cls(**params, batch_size=4).fit(X, y, weight)
    alone = model_of_lists(cls, params, X, y, 4, 4, sample_weight=cut(weight, 4, 4))
    assert_close(model, alone)


@one_of_each
@pytest.mark.parametrize("delay", [0, 3])
def test_every_loss_counts_once(cls, delay):
    """At weights that stand still the loss is the mean over all rows, each piece run from zeros."""
    T = (40, 23)
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, **STILL, "target_delay": delay, "max_iter": 1}
    model = cls(**params, batch_size=6).fit(X, y)
    losses = []
    for x, targets_ in zip(X, y, strict=True):
        for a, b in bounds(len(x), 3, 4):
            losses.append(losses_of(model, x[a : b + delay], targets_[a:b], whole=b == len(x)))
    assert model.loss_ == pytest.approx(np.concatenate(losses).mean(), rel=1e-12)
    assert model.loss_ != pytest.approx(cls(**params).fit(X, y).loss_, rel=1e-6)


def losses_of(model, x, y, whole=True):
    """The losses of the targets of a sequence, whose inputs may go on for the delay."""
    if is_classifier(model):
        p = model.predict_proba([x])[0][: len(y)]
        return -np.log(p[np.arange(len(y)), y])
    scale = targets_of(model).scale[0]
    return 0.5 * ((y - model.predict([x])[0][: len(y)]) / scale) ** 2


@one_of_each
def test_early_stopping_of_one_series(cls):
    """What is held out, and how it is run, does not depend on the pieces that train."""
    (X,), (y,) = noise((80,)), noise_step_targets(cls, (80,))
    params = {**STEPS, **STILL, "early_stopping": True, "validation_fraction": 0.25, "max_iter": 1}
    model, uncut = (cls(**params, batch_size=b).fit(X, y) for b in (5, 1))
    assert model.validation_loss_curve_ == uncut.validation_loss_curve_
    assert model.validation_scores_ == uncut.validation_scores_
    losses = [losses_of_rows(model, X[a:b], y[a:b])[: max(0, 60 - a)] for a, b in bounds(60, 5, 4)]
    assert model.loss_ == pytest.approx(np.concatenate(losses).mean(), rel=1e-12)
    assert model.n_updates_ == 3
    assert model.set_params(max_iter=6, learning_rate_init=0.05).fit(X, y).n_iter_ <= 6


def losses_of_rows(model, X, y):
    """As ``losses_of``, of a model of rows."""
    if is_classifier(model):
        return -np.log(model.predict_proba(X)[np.arange(len(y)), y])
    return 0.5 * ((y - model.predict(X)) / targets_of(model).scale[0]) ** 2


@one_of_each
def test_early_stopping_of_several_sequences(cls):
    """Whole ones are held out; those that are left share the batch."""
    T = (40,) * 6
    X, y = noise(T), noise_step_targets(cls, T)
    params = {**PER_STEP, "early_stopping": True, "validation_fraction": 0.34, "max_iter": 1}
    model = cls(**params, batch_size=9).fit(X, y)
    assert model.n_updates_ == -(-14 // 4)  # three are held out, three pieces of each of the others
    assert len(model.validation_scores_) == 1


@one_of_each
def test_validation_data_are_not_cut(cls):
    T = (40, 40)
    X, y = noise(T), noise_step_targets(cls, T)
    X_val, y_val = noise(T, seed=5), noise_step_targets(cls, T, seed=6)
    params = {**PER_STEP, **STILL, "early_stopping": True, "max_iter": 1}
    model = cls(**params, batch_size=8).fit(X, y, X_val=X_val, y_val=y_val)
    losses = [losses_of(model, x, targets_) for x, targets_ in zip(X_val, y_val, strict=True)]
    assert model.validation_loss_curve_ == [pytest.approx(np.concatenate(losses).mean(), rel=1e-12)]


# --- rows that follow --------------------------------------------------------------------------------


@one_of_each
def test_only_the_first_piece_goes_on_from_the_state(cls):
    """partial_fit with initial_state="last": the others start from zeros."""
    (X,), (y,) = noise((60,)), noise_step_targets(cls, (60,))
    params = {**STEPS, **STILL, "initial_state": "last", "batch_size": 3}
    model = cls(**params).fit(X[:20], y[:20])
    before = copy.deepcopy(model)
    model.partial_fit(X[20:], y[20:])
    zeros = copy.deepcopy(before).set_params(initial_state="zeros")
    losses = [
        losses_of_rows(before if k == 0 else zeros, X[20 + a : 20 + b], y[20 + a : 20 + b])
        for k, (a, b) in enumerate(bounds(40, 3, 4))
    ]
    assert model.loss_ == pytest.approx(np.concatenate(losses).mean(), rel=1e-12)
    first = losses_of_rows(zeros, X[20:33], y[20:33]).mean()
    assert losses[0].mean() != pytest.approx(first, rel=1e-6)


@one_of_each
def test_the_final_state_is_that_of_the_whole_series(cls):
    """Run uncut under the final weights, also after partial_fit."""
    T = (40, 23)
    items, y = noise(T), np.concatenate(noise_step_targets(cls, T))
    X = ids_table(items)
    params = {**STEPS, "initial_state": "last", "sequence_id": 0, "batch_size": 8}
    model = cls(**params).fit(X, y)

    def last_rows(rows):
        zeros = copy.deepcopy(model).set_params(initial_state="zeros")
        H = zeros.hidden_states(X[rows])
        return np.stack([H[X[rows, 0] == k][-1] for k in (0, 1)])

    def tops():
        state = model.final_state_[-1]
        return state[0] if isinstance(state, tuple) else state

    np.testing.assert_array_equal(tops(), last_rows(slice(None)))
    head = np.r_[0:20, 40:50]
    tail = np.setdiff1d(np.arange(63), head)
    still = {**STILL, "batch_size": 6}
    model = cls(**{**params, **still}).fit(X[head], y[head]).partial_fit(X[tail], y[tail])
    np.testing.assert_array_equal(tops(), last_rows(slice(None)))


@one_of_each
def test_partial_fit_without_states_starts_every_piece_from_zeros(cls):
    (X,), (y,) = noise((60,)), noise_step_targets(cls, (60,))
    params = {**STEPS, **STILL, "batch_size": 3}
    model = cls(**params).fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
    losses = [losses_of_rows(model, X[20 + a : 20 + b], y[20 + a : 20 + b]) for a, b in bounds(40, 3, 4)]
    assert model.loss_ == pytest.approx(np.concatenate(losses).mean(), rel=1e-12)


# --- what it is for ----------------------------------------------------------------------------------


def test_a_long_series_is_learned_in_fewer_updates_per_pass():
    """y is a decaying sum of x: pieces see it as well as the whole series does."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(3000, 1))
    y = np.zeros(3000)
    for t in range(1, 3000):
        y[t] = 0.8 * y[t - 1] + X[t, 0]
    model = skrnn.GRURegressor(8, rows="steps", k1=25, batch_size=10, max_iter=40, random_state=0).fit(
        X[:2500], y[:2500]
    )
    assert model.n_updates_ == 40 * 10  # ten pieces of 250 steps, ten windows each
    assert model.score(X[2500:], y[2500:]) > 0.9
