"""Mistakes that people make with sequences: what fit, predict and score say to them.

Errors about single values and parameters are in ``test_bad_input.py`` and ``test_bad_parameters.py``;
here are data that are well formed, but not what was meant. Warnings are errors in the whole suite: a
fit outside ``pytest.warns`` shows that nothing is said.
"""

import re
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import _memory
from skrnn._advice import scales, smoothness
from skrnn._batches import Sequences

SMALL = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def is_classifier(cls):
    return cls.__name__.endswith("Classifier")


def walks(n=30, T=50, F=3, seed=0):
    """Random walks (n, T, F): smooth in time, not from feature to feature."""
    return np.cumsum(np.random.RandomState(seed).normal(size=(n, T, F)), axis=1)


def target(cls, X):
    y = X[:, -1, 0]
    return y > np.median(y) if is_classifier(cls) else y


def target_per_step(cls, X):
    y = X[:, :, 0]
    return (y > 0).astype(int) if is_classifier(cls) else y


# --- axes ----------------------------------------------------------------------------------------------

TIME_LAST = re.escape(
    "Time is the middle axis: (n_sequences, n_timesteps, n_features). If it is the last axis of X, pass "
)


def test_time_as_the_last_axis(cls):
    """(n, features, time), as in aeon and sktime: read all the same, with a warning."""
    X = walks()
    match = "3 time steps of 50 features, .*" + TIME_LAST + re.escape("X.transpose(0, 2, 1).")
    with pytest.warns(UserWarning, match=match) as record:
        cls(**SMALL).fit(X.transpose(0, 2, 1), target(cls, X))
    assert record[0].filename == __file__
    with pytest.warns(UserWarning, match=TIME_LAST + re.escape("[x.T for x in X].")):
        cls(**SMALL).fit([x.T for x in X], target(cls, X))


def test_one_feature_and_time_as_the_last_axis(cls):
    """(n, 1, time) is a single step."""
    X = walks(F=1)
    with pytest.warns(UserWarning, match="one time step only, with 50 features.*" + TIME_LAST):
        cls(**SMALL).fit(X.transpose(0, 2, 1), target(cls, X))


def test_the_right_order_is_not_warned_about(cls):
    rng = np.random.RandomState(0)
    digits = load_digits().data[:40].reshape(-1, 8, 8)
    for X in (walks(), walks(T=6, F=9), rng.normal(size=(20, 5, 30)), digits, np.ones((5, 4, 9))):
        cls(**SMALL).fit(X, np.arange(len(X)) % 3)


def test_one_step_of_one_feature_is_not_warned_about(cls):
    cls(**SMALL).fit(np.arange(6.0).reshape(6, 1, 1), np.arange(6) % 2)


def test_rows_of_a_table_are_not_warned_about(cls):
    X = walks(T=1, F=40)[:, 0]
    cls(**SMALL, step_features=40).fit(X, np.arange(len(X)) % 2)


def test_smoothness_of_a_part_is_that_of_a_memory_map_too(tmp_path):
    X = walks(n=300, T=20, F=40)
    np.save(tmp_path / "X", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert smoothness(Sequences(mapped)) == smoothness(Sequences(X)) > 2
    flat = Sequences(X.reshape(-1, 40), np.full(300, 20))
    assert smoothness(flat) == smoothness(Sequences(X))


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
        cls(**SMALL, return_sequences=True).fit(X.transpose(0, 2, 1), target_per_step(cls, X))


@pytest.mark.parametrize("method", ["predict", "hidden_states", "score", "predict_proba"])
def test_time_as_the_last_axis_at_predict(cls, method):
    X = walks()
    model = cls(**SMALL).fit(X, target(cls, X))
    if not hasattr(model, method):
        return
    more = [target(cls, X)] if method == "score" else []
    match = r"X has 50 features, but \w+ is expecting 3 .*last axis of X, pass X.transpose\(0, 2, 1\)"
    with pytest.raises(ValueError, match=match):
        getattr(model, method)(X.transpose(0, 2, 1), *more)
    with pytest.raises(ValueError, match="X has 4 features") as error:
        getattr(model, method)(np.zeros((30, 50, 4)), *more)
    assert "transpose" not in str(error.value)


def test_time_as_the_last_axis_of_X_val(cls):
    X = walks()
    y = target(cls, X)
    with pytest.raises(ValueError, match=r"X_val.transpose\(0, 2, 1\)"):
        cls(**SMALL, early_stopping=True).fit(X, y, X_val=X.transpose(0, 2, 1), y_val=y)


@pytest.mark.parametrize("per_step", [False, True])
def test_time_as_the_first_axis(cls, per_step):
    """(time, n, features), as PyTorch has it."""
    X = walks()
    y = (target_per_step if per_step else target)(cls, X)
    match = "X has 50 sequences, y has 30.*time is the first axis of X, pass " + re.escape(
        "X.transpose(1, 0, 2)"
    )
    with pytest.raises(ValueError, match=match):
        cls(**SMALL, return_sequences=per_step).fit(X.swapaxes(0, 1), y)
    with pytest.raises(ValueError, match="X has 50 sequences, y has 29") as error:
        cls(**SMALL, return_sequences=per_step).fit(X.swapaxes(0, 1), y[:29])
    assert "transpose" not in str(error.value)


# --- targets -------------------------------------------------------------------------------------------


def test_targets_per_step_for_one_per_sequence(cls):
    """(n, T) is a multi-output target, too: only a warning can tell."""
    X = walks(T=5)
    match = r"y has 5 columns, and the sequences have 5 time steps.*set return_sequences=True"
    for form in (X, list(X), X[:, :, 0]):
        with pytest.warns(UserWarning, match=match):
            cls(**SMALL).fit(form, target_per_step(cls, X))
    # other numbers of columns, unequal lengths, and no doubt
    cls(**SMALL).fit(X, target_per_step(cls, X)[:, :4])
    cls(**SMALL).fit([X[0, :4], *X[1:]], target_per_step(cls, X))
    cls(**SMALL, return_sequences=True).fit(X, target_per_step(cls, X))


def test_labels_per_step_for_one_per_sequence(classifier):
    X = walks()
    y = np.digitize(X[:, :, 0], [-1, 1])
    with pytest.raises(ValueError, match=r"y has 50 columns.*per time step set return_sequences=True"):
        classifier(**SMALL).fit(X, y)


@pytest.mark.parametrize("form", [list, lambda y: y[..., None]])
def test_other_targets_per_step_for_one_per_sequence(cls, form):
    X = walks()
    y = target_per_step(cls, X)
    if form is list:
        y = [v[: 20 + i] for i, v in enumerate(y)]
        X = [x[: 20 + i] for i, x in enumerate(X)]
    else:
        y = form(y)
    with pytest.raises(ValueError, match=r"y has .*return_sequences=False.*Set return_sequences=True"):
        cls(**SMALL).fit(X, y)


def test_one_target_per_sequence_for_one_per_step(cls):
    X = walks()
    with pytest.raises(ValueError, match=r"y has shape \(30,\).*set return_sequences=False"):
        cls(**SMALL, return_sequences=True).fit(X, target(cls, X))


@pytest.mark.parametrize("per_step", [False, True])
def test_labels_as_floats(classifier, per_step):
    X = walks()
    y = (target_per_step if per_step else target)(classifier, X)
    model = classifier(**SMALL, return_sequences=per_step)
    whole = model.fit(X, y.astype(float))
    np.testing.assert_array_equal(whole.classes_, [0.0, 1.0])
    np.testing.assert_array_equal(
        whole.predict_proba(X), classifier(**SMALL, return_sequences=per_step).fit(X, y).predict_proba(X)
    )
    regressor = classifier.__name__.replace("Classifier", "Regressor")
    match = rf"Unknown label type: continuous\..*If y holds numbers, use {regressor}"
    with pytest.raises(ValueError, match=match):
        model.fit(X, y + 0.5)


def test_labels_for_a_regressor(regressor):
    with pytest.raises(
        ValueError, match=r"y has dtype <U1: numbers are needed. For labels use a classifier"
    ):
        regressor(**SMALL).fit(walks(), np.where(np.arange(30) % 2, "a", "b"))


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize(("scale", "shift"), [(1000.0, 5.0), (1e-6, 0.0), (1e12, -1e12)])
def test_targets_in_any_unit(regressor, per_step, scale, shift):
    """y and 1000 y + 5 give the same model, to round-off."""
    X = walks(n=12, T=6)
    y = (target_per_step if per_step else target)(regressor, X)
    models = [
        regressor(**SMALL, return_sequences=per_step, batch_size=5, k1=2, k2=3).fit(X, unit)
        for unit in (y, scale * y + shift)
    ]
    one, two = (model.predict(X) for model in models)
    np.testing.assert_allclose(two, scale * one + shift, rtol=1e-9, atol=1e-9 * abs(scale))
    np.testing.assert_allclose(models[1].loss_curve_, models[0].loss_curve_, rtol=1e-9)
    assert models[0].n_iter_ == models[1].n_iter_


# --- scale of X ----------------------------------------------------------------------------------------


def unscaled(cls):
    X = np.random.RandomState(0).normal(size=(60, 6, 2))
    return X * [1, 1e6], target(cls, X)


LEARNS_NOTHING = {"hidden_size": 3, "max_iter": 5, "random_state": 0}


def test_unscaled_features(cls):
    X, y = unscaled(cls)
    match = (
        r"loss has hardly fallen .*features of X differ in scale: the standard deviation of feature 0 is "
        r"\d.\de\S+, that of feature 1 \d.\de\+0[56]. Scale X, each feature by itself, .*StandardScaler"
    )
    with pytest.warns(ConvergenceWarning, match=match) as record:
        cls(**LEARNS_NOTHING).fit(X, y)
    assert {w.filename for w in record} == {__file__}
    with pytest.warns(ConvergenceWarning, match="hardly fallen"):
        cls(**LEARNS_NOTHING).fit(list(X), y)


def test_unscaled_columns(cls):
    """Of a table the columns are named."""
    X, y = unscaled(cls)
    with pytest.warns(ConvergenceWarning, match="columns of X differ in scale.*of column 1[ ,]"):
        cls(**LEARNS_NOTHING, learning_rate_init=1e-6).fit(X[:, 0], y)


@pytest.mark.parametrize("factor", [1e4, 1e-4])
def test_values_far_from_one(cls, factor):
    X, y = unscaled(cls)
    X = X[:, :, :1] * factor
    with pytest.warns(ConvergenceWarning, match=r"far from 1: the root mean square of feature 0 is 1.0e"):
        cls(**LEARNS_NOTHING, learning_rate_init=1e-6).fit(X, y)


def test_scale_is_not_spoken_of_without_need(cls):
    X, y = unscaled(cls)
    scaled = StandardScaler().fit_transform(X.reshape(-1, 2)).reshape(X.shape)
    constant = np.concatenate([scaled, np.full((60, 6, 1), 1e9)], axis=2)
    cls(**LEARNS_NOTHING, learning_rate_init=1e-6).fit(scaled, y)  # learns nothing, but not for that
    cls(**{**LEARNS_NOTHING, "max_iter": 1}).fit(X, y)  # too early to tell
    cls(**LEARNS_NOTHING).partial_fit(X, y, **({"classes": [0, 1]} if is_classifier(cls) else {}))
    if cls.__name__.startswith("RNN"):
        cls(**LEARNS_NOTHING, activation="relu").fit(X * [1, 1e-6] * 500, y)  # it learns
    deviation, size = scales(Sequences(constant))
    np.testing.assert_allclose(deviation, [1, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(size, [1, 1, 1e9], rtol=1e-6)


# --- sizes ---------------------------------------------------------------------------------------------


@pytest.fixture
def machine_of_a_gigabyte(monkeypatch):
    monkeypatch.setattr(_memory, "machine_memory", lambda: 1e9)


@pytest.mark.usefixtures("machine_of_a_gigabyte")
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_hidden_size_beyond_memory(cls, method):
    X = walks(T=4)
    model = cls(**{**SMALL, "hidden_size": 20000})
    options = {"classes": [False, True]} if is_classifier(cls) and method == "partial_fit" else {}
    match = r"hidden_size=20000 means \d+ weights.*GB; there are 1 GB. Lower hidden_size\."
    with pytest.raises(MemoryError, match=match):
        getattr(model, method)(X, target(cls, X), **options)
    assert not vars(model).keys() - model.get_params().keys()


@pytest.mark.usefixtures("machine_of_a_gigabyte")
def test_a_window_beyond_memory(cls):
    """A memory map, of which nothing is read: a million steps need no disk."""
    X = np.broadcast_to(np.zeros((1, 1, 1)), (200, 9000, 1))
    y = np.arange(200) % 2
    match = "window of 1800000 time steps.*Lower hidden_size or batch_size, or set k1 and k2"
    with pytest.raises(MemoryError, match=match):
        cls(hidden_size=400).fit(X, y)
    small = cls(hidden_size=400, k1=1, k2=1, batch_size=2)
    assert _memory.rows_of_window(np.full(200, 9000), small.batch_size, small.k2) == 2


def test_memory_of_this_machine(monkeypatch, tmp_path):
    assert _memory.machine_memory() > 1e8
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(_memory, "CGROUP", limit)
    without = _memory.machine_memory()
    limit.write_text("123456\n")
    assert _memory.machine_memory() == 123456
    limit.write_text("max\n")
    assert _memory.machine_memory() == without
    monkeypatch.delattr("os.sysconf", raising=False)
    assert _memory.machine_memory() == np.inf


def test_early_stopping_with_too_little_data(cls):
    X = walks(n=6)
    match = (
        "early_stopping=True holds out validation_fraction=0.1 of 6 sequences. Increase "
        "validation_fraction, pass X_val and y_val, or set early_stopping=False"
    )
    with pytest.raises(ValueError, match=match):
        cls(**SMALL, early_stopping=True).fit(X, target(cls, X))


def test_early_stopping_with_more_classes_than_held_out_sequences(classifier):
    X = walks(n=20)
    with pytest.raises(ValueError, match=r"validation_fraction=0.1 of 20 sequences.*number of classes"):
        classifier(**SMALL, early_stopping=True).fit(X, np.arange(20) % 5)


def test_batch_size_larger_than_the_data(cls):
    X = walks(n=6)
    with pytest.warns(UserWarning, match="Got `batch_size` .*larger than sample size"):
        cls(**SMALL, batch_size=7).fit(X, target(cls, X))


def test_nothing_of_it_is_said_by_skrnn_twice():
    """One fit, one piece of advice about the axes, though reading them again for validation."""
    X = walks()
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        skrnn.GRURegressor(**SMALL, early_stopping=True).fit(
            X.transpose(0, 2, 1), X[:, -1, 0], X_val=X.transpose(0, 2, 1), y_val=X[:, -1, 0]
        )
    assert sum("middle axis" in str(w.message) for w in record) == 1
