"""Settings: all parameters of a call, checked and frozen, and what follows from them."""

from itertools import product

import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

import skrnn
from skrnn._estimators.labels import Labels
from skrnn._estimators.numbers import Numbers
from skrnn._settings.automatic import BATCHES, RATES
from skrnn._settings.settings import (
    NumberPairSettings,
    Of,
    PairSettings,
    SequenceSettings,
    check_goes_on,
    is_positive_only,
)
from skrnn.cells import GRU, Elman
from skrnn.losses import LOSSES, HuberLoss, Loss
from skrnn.solvers import SOLVERS, Adam

WHOLE, USUAL = BATCHES
SIMPLE = Of("RNNRegressor", Elman, Numbers)
REGRESSOR, CLASSIFIER = Of("GRURegressor", GRU, Numbers), Of("GRUClassifier", GRU, Labels)


def checked(of=REGRESSOR, cls=skrnn.GRURegressor, **params):
    model = cls(**params)
    return SequenceSettings.checked(of, model.get_params(deep=False), model._parameter_constraints)


def test_they_are_the_parameters_and_what_follows():
    settings = checked(hidden_size=(5, 3), k1=4, k2=7, return_sequences=True)
    assert settings.k1 == 4
    assert settings.hidden_sizes == (5, 3)
    assert settings.per_step
    assert settings.steps_in_y
    assert settings.cuts_pieces is False  # batch_size is "auto"
    assert settings.longest_window == 7
    assert settings.cell is GRU
    assert settings.cell_options == {}


def test_they_are_frozen():
    settings = checked()
    with pytest.raises(AttributeError, match="frozen"):
        settings.k1 = 3


def test_they_are_not_those_of_the_estimator():
    model = skrnn.GRURegressor(hidden_size=3)
    settings = SequenceSettings(REGRESSOR, model.get_params(deep=False)).derived()
    model.set_params(hidden_size=9)
    assert settings.hidden_sizes == (3,)


def test_errors_name_the_class_and_both_parameters():
    with pytest.raises(InvalidParameterError, match="of GRURegressor"):
        checked(tol="small")
    with pytest.raises(ValueError, match=r"k1=3 and bidirectional=True"):
        checked(k1=3, bidirectional=True)


@pytest.mark.parametrize(("n", "size"), [(1, 1), (WHOLE, WHOLE), (WHOLE + 1, USUAL)])
def test_the_automatic_batch(n, size):
    assert checked().batch_size_of(n) == size
    assert checked(batch_size=7).batch_size_of(n) == min(7, n)


STEPS = {"return_sequences": True, "k1": 10}


@pytest.mark.parametrize(
    ("params", "n", "epochs"),
    [
        ({}, 160, 60), ({"learning_rate": "cosine"}, 160, 60),
        ({}, 32, 180), ({}, 33, 60), ({"batch_size": 80}, 160, 90),  # 180 updates
        ({}, 1600, 30), ({}, 8000, 10), ({"batch_size": 1}, 100_000, 10),  # 3000 updates
        ({"batch_size": 4}, 100, 120), ({"batch_size": 1}, 100, 240),  # small batches take longer
        ({"batch_size": 4}, 1000, 48), ({"batch_size": 1}, 1000, 48),  # 12,000 and 48,000 updates
        ({"batch_size": 2}, 2, 180), (STEPS | {"batch_size": 4}, 80, 30),
        ({"k1": 10}, 32, 180), (STEPS, 32, 60), (STEPS, 320, 30),  # 5 updates of a sequence
        (STEPS | {"batch_size": 320}, 320, 60), ({"return_sequences": True}, 32, 360),
        ({"rows": "steps"}, 1, 360),
        ({"learning_rate": "constant"}, 5000, 200), ({"learning_rate": "adaptive"}, 5000, 200),
        ({"solver": "lbfgs"}, 50, 200), ({"learning_rate": lambda epoch: 0.1}, 50, 200),
    ],
)  # fmt: skip
def test_the_automatic_number_of_epochs(params, n, epochs):
    """Of sequences of 50 steps."""
    assert checked(**params).max_iter_of(n, 50) == epochs
    assert checked(max_iter=7, **params).max_iter_of(n, 50) == 7


@pytest.mark.parametrize("solver", sorted(SOLVERS))
@pytest.mark.parametrize(("of", "cls"), [(REGRESSOR, skrnn.GRURegressor), (SIMPLE, skrnn.RNNRegressor)])
def test_the_automatic_rate_is_that_of_solver_cell_and_schedule(of, cls, solver):
    def rate(**params):
        return checked(of, cls, solver=solver, **params).learning_rate_init

    assert rate(learning_rate="constant") == rate(learning_rate="cosine") <= rate()
    assert rate(learning_rate_init=7) == 7
    if (solver, of.cell.forget_gate is not None) in RATES:
        rates = RATES[solver, of.cell.forget_gate is not None]
        assert (rate(), rate(return_sequences=True)) == (rates.top, rates.of_steps)
        online = {"rows": "steps", "initial_state": "last", "gradient": "rtrl"}
        assert rate(**online) == rates.top
    part = SequenceSettings.checked(
        of, cls(solver=solver).get_params(deep=False), cls._parameter_constraints, partial_fit=True
    ) if solver != "lbfgs" else None  # fmt: skip
    assert part is None or part.learning_rate_init == rate(learning_rate="constant")


@pytest.mark.parametrize(
    ("solver", "batch_size", "n", "share"),
    [
        ("adam", 1, 100, 1 / 4), ("adam", 4, 100, 1 / 2), ("rmsprop", 4, 100, 1 / 2),
        ("sgd", 4, 100, 1 / 4),
        ("adam", 16, 100, 1), ("adam", 80, 100, 1), ("adam", "auto", 5, 1), ("adam", 4, 4, 1),
    ],
)  # fmt: skip
def test_the_automatic_rate_is_lower_for_small_batches(solver, batch_size, n, share):
    settings = checked(solver=solver, batch_size=batch_size)
    assert settings.rate_of(n) == pytest.approx(share * settings.learning_rate_init)
    assert checked(batch_size=batch_size, solver=solver, learning_rate_init=0.5).rate_of(n) == 0.5
    # there a loss is the mean over many steps; and parts at a constant rate equal the whole
    for other in ({"return_sequences": True}, {"learning_rate": "constant"}):
        others = checked(batch_size=batch_size, solver=solver, **other)
        assert others.rate_of(n) == others.learning_rate_init


@pytest.mark.parametrize(
    ("how", "n", "targets"),  # those that an update learns from; None: the rate is not lower
    [
        ({"k1": 50}, 1, 50),
        ({"k1": 5}, 10, 5 * 10),
        ({"k1": 5}, 64, 5 * 16),  # batches of 16
        ({"k1": 5, "batch_size": 4}, 64, 5 * 4),
        ({"k1": 5, "batch_size": 10}, 1, 5 * 10),  # one series, cut into ten pieces
        ({"k1": 800}, 1, None),
        ({"k1": 50}, 16, None),
        ({"k1": 50, "return_sequences": False, "target_replication": 0.5}, 1, None),
        ({"k1": 50, "return_sequences": False}, 1, None),  # one loss for each sequence
        ({"k1": 50, "learning_rate": "constant"}, 1, None),
        ({}, 1, None),
    ],
)
@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_the_automatic_rate_is_lower_for_windows_of_few_targets(solver, how, n, targets):
    how = {"return_sequences": True, "solver": solver, **how}
    settings = checked(**how)
    rates = RATES[solver, True]
    share = 1 if targets is None else min(1, targets / rates.targets) ** 0.5
    if how.get("k1") and how.get("learning_rate") != "constant":
        assert settings.learning_rate_init == rates.top
    assert settings.rate_of(n) == pytest.approx(share * settings.learning_rate_init)
    assert checked(**how | {"learning_rate_init": 0.5}).rate_of(n) == 0.5


def test_a_fit_of_small_batches_trains_at_the_lower_rate():
    X, y = np.random.RandomState(0).normal(size=(20, 3, 1)), np.arange(20.0)
    params = {"hidden_size": 2, "batch_size": 4, "max_iter": 3, "tol": None, "random_state": 0}
    found, lower, other = (
        skrnn.GRURegressor(**params, learning_rate_init=rate).fit(X, y) for rate in ("auto", 0.015, 0.03)
    )
    np.testing.assert_array_equal(found.loss_curve_, lower.loss_curve_)
    assert found.loss_curve_[-1] != other.loss_curve_[-1]


def test_every_solver_that_has_a_rate_has_automatic_ones():
    stepwise = {name for name, solver in SOLVERS.items() if not solver.full_batch}
    assert set(RATES) == set(product(stepwise, [True, False]))


@pytest.mark.parametrize(
    ("params", "bias"),
    [
        ({}, ("chrono", 50)), ({"return_sequences": True}, 0.0), ({"rows": "steps"}, 0.0),
        ({"forget_bias": "chrono", "rows": "steps"}, ("chrono", 50)),
        ({"forget_bias": 2}, 2.0), ({"forget_bias": ("chrono", 7)}, ("chrono", 7)),
        ({"forget_bias": "chrono"}, ("chrono", 50)),
        ({"forget_bias": "chrono", "k2": 20}, ("chrono", 20)),
        ({"forget_bias": "chrono", "k1": 20}, ("chrono", 20)),
        ({"forget_bias": "chrono", "k1": 20, "k2": 30}, ("chrono", 30)),
        ({"forget_bias": "chrono", "k1": 20, "k2": 300}, ("chrono", 50)),
        ({"forget_bias": "chrono", "k2": "auto"}, ("chrono", 50)),
    ],
)  # fmt: skip
def test_units_remember_for_as_long_as_gradients_travel(params, bias):
    """At most so many steps before training, of sequences of up to 50."""
    assert checked(**params).initial_forget_bias(50) == bias


def test_a_cell_without_forget_gate_has_no_bias_for_it():
    assert "forget_bias" not in skrnn.RNNRegressor().get_params()
    assert checked(SIMPLE, skrnn.RNNRegressor).initial_forget_bias(50) is None


def test_a_part_that_fills_its_batch_may_be_one_of_many():
    """partial_fit then makes the update that fit makes of a batch; any other part is whole data."""
    auto, seven = checked(), checked(batch_size=7)
    sizes = [1, USUAL - 1, USUAL, USUAL + 1, WHOLE, WHOLE + 1]
    parts = [auto.is_whole(n, is_part=True) for n in sizes]
    assert parts == [True, True, False, True, True, False]
    assert [seven.is_whole(n, is_part=True) for n in (6, 7, 8)] == [True, False, False]
    assert [auto.is_whole(n, is_part=False) for n in sizes] == [True] * 5 + [False]


def test_a_solver_goes_on_from_one_of_its_kind_only():
    settings, theta = checked(beta_1=0.5), np.zeros(3)
    before = settings.new_solver(theta)
    assert type(before) is Adam
    assert before.beta_1 == 0.5
    before.memory[:], before.t = 2, 5
    after = settings.new_solver(theta, before)
    assert after is not before
    np.testing.assert_array_equal(after.memory, 2)
    assert after.t == 5
    assert checked(solver="sgd").new_solver(theta, before).t == 0


def test_a_cell_names_the_parameters_that_it_takes():
    values = skrnn.RNNRegressor(activation="relu").get_params(deep=False)
    settings = SequenceSettings(Of("RNNRegressor", Elman, Numbers), values).derived()
    assert settings.cell_options == {"activation": "relu"}


def test_a_loss_is_a_name_or_a_class():
    assert checked(loss="huber", huber_delta=2).loss_options == {"huber_delta": 2}
    assert checked(loss=HuberLoss).loss_class is HuberLoss
    with pytest.raises(ValueError, match=r"below skrnn\.losses\.Loss"):
        checked(loss=int)
    assert issubclass(checked(loss="poisson").loss_class, Loss)


def test_what_must_stay_while_training_goes_on():
    before = checked(hidden_size=3).fixed
    check_goes_on(checked(hidden_size=3, alpha=7, k1=2).fixed, before)
    with pytest.raises(ValueError, match=r"hidden_size was \(3,\).*and is \(4,\) now"):
        check_goes_on(checked(hidden_size=4).fixed, before)


def test_pairs_have_no_rows_and_no_pooling():
    values = skrnn.GRUEncoderDecoder(k1=3).get_params(deep=False)
    settings = PairSettings(Of("GRUEncoderDecoder", GRU, None), values).derived()
    assert sorted(settings.fixed) == ["activation", "embedding_size", "hidden_size"]
    assert not settings.cuts_pieces
    assert settings.longest_window == 3


def test_pairs_of_numbers_have_losses_and_no_tokens():
    values = skrnn.GRUEncoderDecoderRegressor(loss="huber", huber_delta=2).get_params(deep=False)
    settings = NumberPairSettings(Of("GRUEncoderDecoderRegressor", GRU, None), values).derived()
    assert sorted(settings.fixed) == ["activation", "hidden_size"]
    assert settings.new_loss().delta == settings.loss_options["huber_delta"] == 2
    assert (settings.batch_size_of(32), settings.batch_size_of(33)) == (32, 16)
    assert not settings.cuts_pieces


@pytest.mark.parametrize("loss", [*LOSSES, "no loss", 3, None, Loss, LOSSES["poisson"]], ids=str)
def test_losses_for_positive_targets(loss):
    assert is_positive_only(loss) == (loss in ("poisson", LOSSES["poisson"]))


def test_windows_of_pairs_are_updates_by_which_a_cycle_is_shorter():
    def epochs(**options):
        model = skrnn.GRUEncoderDecoder(learning_rate="onecycle", batch_size=8, **options)
        return model._settings_now().max_iter_of(400, 40)

    assert epochs(k1=5) < epochs()
