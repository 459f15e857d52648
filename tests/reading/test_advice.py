"""Mistakes that people make with sequences: what fit, predict and score say to them.

Errors about single values and parameters are in ``test_bad_input.py`` and ``settings/test_checks.py``;
here are data that are well formed, but not what was meant. Warnings are errors in the whole suite: a
fit outside ``pytest.warns`` shows that nothing is said. Shuffled rows of a series are in
``test_rows.py``.
"""

import contextlib
import re

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from support.data import walk_step_targets, walk_target, walks
from support.estimators import ONE_OF_EACH

import skrnn
from skrnn._engine.storage import Sequences
from skrnn._reading.statistics import moments, nearness

SMALL = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


# --- axes ----------------------------------------------------------------------------------------------

AXES = "Time is the middle axis: (n_sequences, n_timesteps, n_features). "
TIME_LAST = re.escape(AXES + "If it is the last axis of X, pass ")


def test_time_as_the_last_axis(cls):
    """(n, features, time), as in aeon and sktime: read all the same, with a warning."""
    X = walks()
    match = "3 time steps of 50 features, .*" + TIME_LAST + re.escape("X.transpose(0, 2, 1); if X is as")
    with pytest.warns(UserWarning, match=match) as record:
        cls(**SMALL).fit(X.transpose(0, 2, 1), walk_target(cls, X))
    assert {w.filename for w in record} == {__file__}
    with pytest.warns(UserWarning, match=TIME_LAST + re.escape("[x.T for x in X]; if X is as meant, ")):
        cls(**SMALL).fit([x.T for x in X], walk_target(cls, X))
    more = {"classes": [False, True]} if is_classifier(cls()) else {}
    with pytest.warns(UserWarning, match=match) as record:
        cls(**SMALL).partial_fit(X.transpose(0, 2, 1), walk_target(cls, X), **more)
    assert {w.filename for w in record} == {__file__}


def channels(rho, T, F, n=150):
    """(n, T, F) independent channels in which a step keeps ``rho`` of the step before it."""
    noise = np.random.RandomState(0).normal(size=(n, T, F))
    for t in range(1, T):
        noise[:, t] = rho * noise[:, t - 1] + (1 - rho**2) ** 0.5 * noise[:, t]
    return noise


@pytest.mark.parametrize(
    ("rho", "T", "F", "warns"),
    [
        (0.9, 30, 6, True), (0.6, 30, 6, True), (0.2, 30, 6, False),
        (0.8, 20, 12, True), (0.8, 12, 20, True), (0.4, 12, 20, False), (0.9, 10, 40, False),
    ],
)  # fmt: skip
def test_how_smooth_time_must_be(rho, T, F, warns):
    """(n, F, T) is noticed if time is smooth, the sooner the more steps there are; (n, T, F) never."""
    X = channels(rho, T, F)
    skrnn.GRURegressor(**SMALL).fit(X, X[:, 0, 0])
    context = pytest.warns(UserWarning, match=TIME_LAST) if warns else contextlib.nullcontext()
    with context:
        skrnn.GRURegressor(**SMALL).fit(X.transpose(0, 2, 1), X[:, 0, 0])


def test_channels_of_their_own_scale_in_the_wrong_order():
    """An offset or a scale of every channel is no change from step to step."""
    X = channels(0.6, 30, 6) * [1, 1, 1, 30, 30, 30] + [0, 0, 10, 0, 0, 0]
    with pytest.warns(UserWarning, match=TIME_LAST):
        skrnn.GRURegressor(**SMALL).fit(X.transpose(0, 2, 1), X[:, 0, 0])


def test_features_that_go_together_are_not_warned_about(cls):
    """Many noisy measurements of one thing: nearer to each other than steps are, but in no order."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 10, 1)) + 0.2 * rng.normal(size=(60, 10, 40))
    assert nearness(Sequences(X), "last") < 0.3
    cls(**SMALL).fit(X, np.arange(60) % 2)


def test_one_feature_and_time_as_the_last_axis(cls):
    """(n, 1, time) is a single step."""
    X = walks(F=1)
    with pytest.warns(UserWarning, match="one time step only, with 50 features.*" + TIME_LAST):
        cls(**SMALL).fit(X.transpose(0, 2, 1), walk_target(cls, X))


def test_the_right_order_is_not_warned_about(cls):
    rng = np.random.RandomState(0)
    digits = load_digits().data[:40].reshape(-1, 8, 8)
    for X in (walks(), walks(T=6, F=9), rng.normal(size=(20, 5, 30)), digits, np.ones((5, 4, 9))):
        cls(**SMALL).fit(X, np.arange(len(X)) % 3)


def test_one_step_of_one_feature_is_not_warned_about(cls):
    cls(**SMALL).fit(np.arange(6.0).reshape(6, 1, 1), np.arange(6) % 2)


def test_rows_of_a_table_are_not_warned_about(cls):
    X = walks(T=1, F=40)[:, 0]
    cls(**SMALL, step_features=40).fit(X, np.random.RandomState(0).randint(2, size=len(X)))


def test_a_part_of_a_memory_map_is_enough(tmp_path):
    X = walks(n=300, T=20, F=40)
    np.save(tmp_path / "X", X)
    mapped = Sequences(np.load(tmp_path / "X.npy", mmap_mode="r"))
    flat = Sequences(X.reshape(-1, 40), np.full(300, 20))
    for axis in ("first", "last"):
        expected = nearness(Sequences(X), axis)
        assert expected > 2
        assert nearness(mapped, axis) == expected
        assert nearness(flat, axis) == pytest.approx(expected)
    np.testing.assert_array_equal(moments(mapped), moments(Sequences(X)))
    np.testing.assert_allclose(moments(mapped), moments(flat))


def test_values_whose_differences_overflow(cls):
    """The error about X comes, not a warning of the advice."""
    X = np.where(np.random.RandomState(0).uniform(size=(20, 3, 6)) > 0.5, 1.7e308, -1.7e308)
    assert nearness(Sequences(X), "last") == nearness(Sequences(np.ones((3, 2, 4))), "last") == np.inf
    with contextlib.suppress(ValueError):
        cls(**SMALL).fit(X, np.arange(20) % 2)


def test_time_as_the_last_axis_of_a_list_of_unequal_lengths(cls):
    X = [x[: 20 + i].T for i, x in enumerate(walks())]
    with pytest.raises(ValueError, match=re.escape("pass [x.T for x in X].")) as error:
        cls(**SMALL).fit(X, np.arange(30) % 2)
    assert "Sequence 1 of X has 21 features, but sequence 0 has 20." in str(error.value)
    X[3] = np.zeros((7, 20))
    with pytest.raises(ValueError, match="Sequence 1 of X has 21 features") as error:
        cls(**SMALL).fit(X, np.arange(30) % 2)
    assert ".T" not in str(error.value)


@pytest.mark.filterwarnings("ignore:X has 3 time steps")
def test_time_as_the_last_axis_with_targets_per_step(cls):
    X = walks()
    match = r"sequence 0 has 3 steps in X.*time is the last axis of X, pass X.transpose\(0, 2, 1\)"
    with pytest.raises(ValueError, match=match):
        cls(**SMALL, return_sequences=True).fit(X.transpose(0, 2, 1), walk_step_targets(cls, X))


@pytest.mark.parametrize(
    ("cls", "method"),
    [(cls, name) for cls in ONE_OF_EACH
     for name in ("predict", "hidden_states", "score", "predict_proba") if hasattr(cls, name)],
)  # fmt: skip
def test_time_as_the_last_axis_at_predict(cls, method):
    X = walks()
    model = cls(**SMALL).fit(X, walk_target(cls, X))
    more = [walk_target(cls, X)] if method == "score" else []
    match = r"X has 50 features, but \w+ is expecting 3 .*last axis of X, pass X.transpose\(0, 2, 1\)"
    with pytest.raises(ValueError, match=match):
        getattr(model, method)(X.transpose(0, 2, 1), *more)
    with pytest.raises(ValueError, match="X has 4 features") as error:
        getattr(model, method)(np.zeros((30, 50, 4)), *more)
    assert "transpose" not in str(error.value)


def test_time_as_the_last_axis_of_X_val(cls):
    X = walks()
    y = walk_target(cls, X)
    with pytest.raises(ValueError, match=r"X_val.transpose\(0, 2, 1\)"):
        cls(**SMALL, early_stopping=True).fit(X, y, X_val=X.transpose(0, 2, 1), y_val=y)


@pytest.mark.parametrize("per_step", [False, True])
def test_time_as_the_first_axis(cls, per_step):
    """(time, n, features), as PyTorch has it."""
    X = walks()
    y = (walk_step_targets if per_step else walk_target)(cls, X)
    match = "X has 50 sequences, y has 30.*time is the first axis of X, pass " + re.escape(
        "X.transpose(1, 0, 2)"
    )
    with pytest.raises(ValueError, match=match):
        cls(**SMALL, return_sequences=per_step).fit(X.swapaxes(0, 1), y)
    with pytest.raises(ValueError, match="X has 50 sequences, y has 29") as error:
        cls(**SMALL, return_sequences=per_step).fit(X.swapaxes(0, 1), y[:29])
    assert "transpose" not in str(error.value)


@pytest.mark.parametrize("per_step", [False, True])
def test_time_as_the_first_axis_with_as_many_targets(cls, per_step):
    """(time, n, features) with y to match: a warning if signals are smooth."""
    X = walks(n=8, T=60)
    match = re.escape(AXES + "If it is the first axis of X, pass X.transpose(1, 0, 2); if X is as meant")
    y = X.swapaxes(0, 1)[:, :, 0] > 0
    y = y if per_step else y[:, 0]
    with pytest.warns(UserWarning, match="60 sequences of 8 time steps.*" + match):
        cls(**SMALL, return_sequences=per_step).fit(X.swapaxes(0, 1), y)


def test_overlapping_windows_are_not_warned_about(cls):
    series = walks(n=1, T=80)[0]
    windows = np.lib.stride_tricks.sliding_window_view(series, 10, axis=0).transpose(0, 2, 1)
    cls(**SMALL).fit(windows, np.arange(len(windows)) % 2)


# --- targets -------------------------------------------------------------------------------------------


def test_targets_per_step_for_one_per_sequence(cls):
    """(n, T) is a multi-output target, too: only a warning can tell."""
    X = walks(T=5)
    match = r"y has 5 columns, and the sequences have 5 time steps.*set return_sequences=True"
    shorter = [x[: 2 + i % 4] for i, x in enumerate(X)]  # y filled up to the longest
    for form in (X, list(X), X[:, :, 0], shorter):
        with pytest.warns(UserWarning, match=match):
            cls(**SMALL).fit(form, walk_step_targets(cls, X))
    # other numbers of columns, unequal lengths, and no doubt
    cls(**SMALL).fit(X, walk_step_targets(cls, X)[:, :4])
    cls(**SMALL, return_sequences=True).fit(X, walk_step_targets(cls, X))


def test_labels_per_step_for_one_per_sequence(classifier):
    X = walks()
    y = np.digitize(X[:, :, 0], [-1, 1])
    with pytest.raises(ValueError, match=r"y has 50 columns.*per time step set return_sequences=True"):
        classifier(**SMALL).fit(X, y)


@pytest.mark.parametrize("form", [list, lambda y: y[..., None]])
def test_other_targets_per_step_for_one_per_sequence(cls, form):
    X = walks()
    y = walk_step_targets(cls, X)
    if form is list:
        y = [v[: 20 + i] for i, v in enumerate(y)]
        X = [x[: 20 + i] for i, x in enumerate(X)]
    else:
        y = form(y)
    with pytest.raises(ValueError, match=r"y has .*return_sequences=False.*Set return_sequences=True"):
        cls(**SMALL).fit(X, y)


def test_one_target_per_sequence_for_one_per_step(cls):
    X = walks()
    for y in (walk_target(cls, X), walk_target(cls, X)[:, None]):
        with pytest.raises(ValueError, match=r"y has shape \(30,.*set return_sequences=False"):
            cls(**SMALL, return_sequences=True).fit(X, y)


def test_one_series(cls):
    """Not a list of one: the message says how to make it one."""
    X = walks(n=1)
    y = walk_step_targets(cls, X)
    model = cls(**SMALL, return_sequences=True)
    for form in (X, list(X)):
        with pytest.raises(ValueError, match=re.escape("X is one sequence: pass [y].")):
            model.fit(form, y[0])
        model.fit(form, [y[0]])
    match = re.escape("If the rows of X are the time steps of one series, pass [X] and [y].")
    with pytest.raises(ValueError, match=match):
        model.fit(X[0], y[0])
    model.fit([X[0]], [y[0]])


def test_one_hot_labels(classifier):
    X, labels = walks(T=5), np.arange(30) % 3
    match = (
        re.escape("exactly one label in every row") + ".*" + re.escape("pass y.argmax(axis=1) instead")
    )
    with pytest.warns(UserWarning, match=match) as record:
        classifier(**SMALL).fit(X, np.eye(3, dtype=int)[labels])
    assert {w.filename for w in record} == {__file__}
    two = np.eye(3, dtype=int)[labels]
    two[0] = [1, 1, 0]
    classifier(**SMALL).fit(X, two)


def test_one_row_of_labels_may_be_anything(classifier):
    classifier(**SMALL).fit(walks(n=1), np.array([[0, 1, 0]]))


def test_targets_that_float32_cannot_tell_apart(regressor):
    X = walks().astype(np.float32)
    y = X[:, -1, 0].astype(float)
    with pytest.warns(UserWarning, match=r'around 1.7e\+09: float32.*Pass dtype="float64"') as record:
        regressor(**SMALL).fit(X, 1.7e9 + y)
    assert {w.filename for w in record} == {__file__}
    regressor(**SMALL).fit(X, 1e3 + y)
    regressor(**SMALL, dtype="float64").fit(X, 1.7e9 + y)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_targets_in_another_unit_than_in_the_first_fit(regressor, method):
    X = walks()
    model = regressor(**SMALL, warm_start=True).fit(X, X[:, -1, 0])
    with pytest.warns(UserWarning, match="far from the targets of the first call.*the same unit, or"):
        getattr(model, method)(X, 1e6 * X[:, -1, 0])
    getattr(model, method)(X, 2 * X[:, -1, 0] + 1)


@pytest.mark.parametrize("per_step", [False, True])
def test_labels_as_floats(classifier, per_step):
    X = walks()
    y = (walk_step_targets if per_step else walk_target)(classifier, X)
    model = classifier(**SMALL, return_sequences=per_step)
    whole = model.fit(X, y.astype(float))
    np.testing.assert_array_equal(whole.classes_, [0.0, 1.0])
    np.testing.assert_array_equal(
        whole.predict_proba(X), classifier(**SMALL, return_sequences=per_step).fit(X, y).predict_proba(X)
    )
    regressor = classifier.__name__.replace("Classifier", "Regressor")
    match = rf"^y holds numbers with fractions.*: use {regressor} for them\. Unknown label type: cont"
    with pytest.raises(ValueError, match=match):
        model.fit(X, y + 0.5)


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("form", [np.array, list, lambda y: np.array(y, dtype=object)])
def test_labels_for_a_regressor(regressor, form, per_step):
    X = walks()
    y = np.where(walk_step_targets(regressor, X) > 0, "a", "b")
    y = y if per_step else y[:, 0]
    with pytest.raises(ValueError, match=r"^y .*For labels use a classifier"):
        regressor(**SMALL, return_sequences=per_step).fit(X, form(y))


def test_labels_of_mixed_types(classifier):
    y = np.array([0, 1, "a"] * 10, dtype=object)
    with pytest.raises((ValueError, TypeError), match=r"y has dtype object: pass y.astype\(int\)"):
        classifier(**SMALL).fit(walks(), y)


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize(("scale", "shift"), [(1000.0, 5.0), (1e-6, 0.0), (1e12, -1e12)])
def test_targets_in_any_unit(regressor, per_step, scale, shift):
    """y and 1000 y + 5 give the same model, to round-off."""
    X = walks(n=12, T=6)
    y = (walk_step_targets if per_step else walk_target)(regressor, X)
    models = [
        regressor(**SMALL, return_sequences=per_step, batch_size=5, k1=2, k2=3).fit(X, unit)
        for unit in (y, scale * y + shift)
    ]
    one, two = (model.predict(X) for model in models)
    np.testing.assert_allclose(two, scale * one + shift, rtol=1e-9, atol=1e-9 * abs(scale))
    np.testing.assert_allclose(models[1].loss_curve_, models[0].loss_curve_, rtol=1e-9)
    assert models[0].n_iter_ == models[1].n_iter_


# --- scale of X ----------------------------------------------------------------------------------------


def noise(n=60, T=6, F=2, seed=0):
    return np.random.RandomState(seed).normal(size=(n, T, F))


# what is done to standard features, and what is said of it
UNSCALED = {
    "one is large": (lambda X: X * [1, 1e6], "of feature 0 is .*, that of feature 1 .*e[+]0[56]"),
    "one is small": (lambda X: X * [1, 1e-5], "of feature 1 is .*e-0[56], that of feature 0 "),
    "all are large": (
        lambda X: X * 1e4,
        "far from 1: the root mean square of feature [01] is .*e[+]0[34]",
    ),
    "all are small": (
        lambda X: X * 1e-4,
        "far from 1: the root mean square of feature [01] is .*e-0[45]",
    ),
    "an offset": (lambda X: X + [0, 1e4], r"far from 1: the root mean square of feature 1 is 1.0e\+04"),
    "a year": (lambda X: X + [2020, 0], r"far from 1: the root mean square of feature 0 is 2.0e\+03"),
    "a constant": (lambda X: X * [1, 0] + [0, 1e9], r"square of feature 1 is 1.0e\+09"),
}


@pytest.mark.parametrize("what", UNSCALED)
def test_unscaled_features(cls, what):
    """If nothing is learned; here because the rate is tiny."""
    change, match = UNSCALED[what]
    X = noise()
    match = "hardly learned anything .*a constant answer has .*" + match
    match += ".*Standardise every feature of X, by the mean and deviation of all its time steps"
    model = cls(hidden_size=3, max_iter=3, random_state=0, learning_rate_init=1e-9)
    y = np.arange(len(X)) % 2
    for form in (change(X), list(change(X))):
        with pytest.warns(ConvergenceWarning, match=match) as record:
            model.fit(form, y)
        assert {w.filename for w in record} == {__file__}
    model.fit(X, y)  # learns nothing either, but not for that


def test_unscaled_features_with_the_settings_of_a_user():
    X = noise(n=200, T=20)
    y = X[:, -1, 0]
    with pytest.warns(ConvergenceWarning, match="hardly learned anything"):
        skrnn.RNNRegressor(random_state=0, tol=0.01).fit(X * [1, 1e6], y)
    model = skrnn.RNNRegressor(random_state=0, tol=0.01).fit(X, y)
    assert model.score(X, y) > 0.9


def test_unscaled_columns(cls):
    """Of a table the columns are named, and StandardScaler is what helps."""
    X = noise()[:, 0] * [1, 1e6]
    with pytest.warns(
        ConvergenceWarning, match=r"columns of X differ.*of column 1 .*by StandardScaler\."
    ):
        cls(**{**SMALL, "max_iter": 3}, learning_rate_init=1e-9).fit(X, np.arange(60) % 2)


def test_scale_is_not_spoken_of_without_need(cls):
    X, y = noise(), walk_target(cls, noise())
    huge = X * [1, 1e6]
    cls(**{**SMALL, "max_iter": 1}).fit(huge, y)  # too early to tell
    cls(**{**SMALL, "max_iter": 3}).fit(huge, np.ones(60, dtype=int))  # nothing to learn
    cls(**SMALL).partial_fit(huge, y, **({"classes": [0, 1]} if is_classifier(cls()) else {}))
    # learns what can be learned, from a feature that is ten thousand times the other
    X = noise(n=300, T=2)
    wide = X * [1, 1e-4]
    model = cls(8, max_iter=60, learning_rate_init=0.02, random_state=0).fit(wide, walk_target(cls, X))
    assert model.score(wide, walk_target(cls, X)) > 0.8
    # goes on from a model that has learned
    model.set_params(warm_start=True).fit(wide, walk_target(cls, X)).set_params(max_iter=2).fit(
        wide, walk_target(cls, X)
    )


def test_scales():
    X = np.concatenate([noise(n=250), np.full((250, 6, 1), 1e9)], axis=2) * [1, 1e200, 1] + [5, 0, 0]
    mean, deviation, size, largest = moments(Sequences(X))
    some = X[np.unique(np.linspace(0, 249, 100).astype(int))].reshape(-1, 3)
    np.testing.assert_allclose(deviation[:2], [some[:, 0].std(), 1e200 * (some[:, 1] / 1e200).std()])
    assert deviation[2] == 0
    assert size[0] == pytest.approx(np.sqrt(np.mean(some[:, 0] ** 2)))
    assert size[2] == pytest.approx(1e9)
    np.testing.assert_allclose(mean[[0, 2]], [some[:, 0].mean(), 1e9])
    np.testing.assert_allclose(largest[:2], np.abs(some[:, :2]).max(axis=0))
