"""Bad parameters and combinations of them: errors that name the parameter and say what to do.

The number in a test's name is that of the row in the catalogue of bad inputs: 27 to 38 are here and in
``test_numerics.py``, 1 to 26 in ``reading/test_bad_input.py``. Of row 33 the time that vanishing
gradients take is measured in ``benchmarks/kernels.py``; here they are seen to vanish.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError
from support.estimators import (
    CLASSIFIERS,
    ESTIMATORS,
    ONE_OF_EACH,
    REGRESSORS,
    all_six,
    assert_finite,
    first_classes,
    outputs,
)
from support.inside import theta_of, views_of
from support.misuse import (
    FORMS,
    PER_STEP,
    SMALL,
    TRAINING,
    F,
    N,
    T,
    assert_fit_raises,
    assert_raises_in,
    both_targets,
    forms,
    good_data,
    good_X,
    good_y,
    state,
)
from support.processes import run_python

import skrnn
from skrnn import _kernels
from skrnn._settings.table import PARAMETERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# --- parameters --------------------------------------------------------------------------------------

NOT_A_FLAG = ["yes", 1, None]
NOT_A_COUNT = [0, -1, 1.5, "x", [2]]
NOT_A_NUMBER = ["x", None, [1.0], np.nan]
NOT_A_NAME = ["no such name", None, 1, ["last"]]
WRONG_VALUES = {
    "hidden_size": [0, -1, 2.0, "3", None, True, (), (3, 0), (3, -1), (3, 2.0), (3, "a"), [[3, 2]], {3}],
    "activation": NOT_A_NAME,
    "forget_bias": [
        "x", None, [1.0], np.nan, np.inf, ("chrono",), ("chrono", 1), ("chrono", 2.0), ("x", 9), (3, 9),
    ],
    "bidirectional": NOT_A_FLAG,
    "embedding_size": NOT_A_COUNT,
    "n_tokens": NOT_A_COUNT,
    "pooling": [
        *NOT_A_NAME, (), ("last", "last"), ("max", "x"), ("last_max", "mean"), ("last", 1), ("max", []),
    ],
    "dropout": [*NOT_A_NUMBER, -0.1, 1.0, 2],
    "weight_dropout": [*NOT_A_NUMBER, -0.1, 1.0, 2],
    "rows": NOT_A_NAME,
    "step_features": [*NOT_A_COUNT, None],
    "sequence_id": [1.5, ["a"]],
    "return_sequences": NOT_A_FLAG,
    "target_delay": [-1, 0.5, "x", None],
    "initial_state": NOT_A_NAME,
    "k1": NOT_A_COUNT,
    "k2": NOT_A_COUNT,
    "gradient": NOT_A_NAME,
    "truncation_tolerance": [*NOT_A_NUMBER, 0, -1],
    "target_replication": [*NOT_A_NUMBER, -0.1, 1.1],
    "clip_norm": ["x", [1.0], np.nan, 0, -1, -np.inf],
    "clip_value": ["x", [1.0], np.nan, 0, -1, -np.inf],
    "loss": NOT_A_NAME,
    "huber_delta": [*NOT_A_NUMBER, 0, -1],
    "quantile": [
        "x", None, np.nan, 0, 1, 2.0, True, [], (), [0.5, 0.5], [0.9, 0.1], [0.0, 0.5], [0.5, 1], ["a"],
        [0.2, np.nan], [[0.1, 0.9]], [[0.1], [0.2, 0.9]], {0.5},
    ],
    "frozen": [1, None, {"layer0"}, "output", ("layer0", "layer9"), (0,), ("layer0", "readout")],
    "class_weight": ["x", 1, [1, 2]],
    "alpha": [*NOT_A_NUMBER, -1e-9, np.inf],
    "solver": NOT_A_NAME,
    "learning_rate_init": [*NOT_A_NUMBER, 0, -1, np.inf],
    "learning_rate": [*NOT_A_NAME, 0.1],
    "momentum": [*NOT_A_NUMBER, -0.1, 1.1],
    "nesterovs_momentum": NOT_A_FLAG,
    "beta_1": [*NOT_A_NUMBER, -0.1, 1.0],
    "beta_2": [*NOT_A_NUMBER, -0.1, 1.0],
    "epsilon": [*NOT_A_NUMBER, 0, -1],
    "max_fun": [*NOT_A_COUNT, None],
    "batch_size": [*NOT_A_COUNT, None],
    "max_iter": [*NOT_A_COUNT, None],
    "shuffle": NOT_A_FLAG,
    "tol": [*(value for value in NOT_A_NUMBER if value is not None), -1e-9],
    "n_iter_no_change": [*NOT_A_COUNT, None, -np.inf, np.nan],
    "early_stopping": NOT_A_FLAG,
    "validation_fraction": [*NOT_A_NUMBER, 0.0, 1.0, 5],
    "warm_start": NOT_A_FLAG,
    "random_state": [-1, 0.5, "x"],
    "verbose": [-1, "x", None],
    "n_jobs": [1.5, "x"],
    "dtype": [
        "float16", "float", "int", int, float, np.int64, np.float16, 32, np.dtype("int32"),
        np.dtype("float16"), np.dtype(object),
    ],
}  # fmt: skip


ENTRIES = {
    "hidden_size": "positive int or a sequence of positive ints",
    "forget_bias": 'finite number, "auto", "chrono", or',
    "pooling": 'name or a tuple of names: one or more of "last", "mean", "max", each of them once',
    "frozen": "name or a tuple of names of weights or of parts",
    "quantile": "float strictly between 0 and 1, or a list of such floats in strictly increasing order",
}


def test_every_parameter_is_tried():
    assert list(WRONG_VALUES) == list(PARAMETERS)


def owners():
    """Every parameter of regressors and of classifiers, with the cells that have it in turn."""
    for classes in (REGRESSORS, CLASSIFIERS):
        names = {name for cls in classes for name in cls().get_params()}
        for k, name in enumerate(sorted(names)):
            with_it = [cls for cls in classes if name in cls().get_params()]
            yield with_it[k % len(with_it)], name


@pytest.mark.parametrize(
    ("cls", "name"),
    list(owners()),
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_27_wrong_values_raise_at_fit(cls, name):
    """At fit and partial_fit, naming the parameter; not in the constructor, set_params or clone."""
    X, y = good_X(), good_y(cls)
    fitted = cls(**SMALL).fit(X, y)
    for value in WRONG_VALUES[name]:
        model = cls(**{**SMALL, name: value})
        assert model.get_params()[name] is value
        assert fitted.set_params(**{name: value}).get_params()[name] is value
        before = state(fitted)
        for m, kwargs in ((model, first_classes(cls)), (fitted, {})):
            with pytest.raises(ValueError, match=name) as error:
                m.fit(X, y)
            if isinstance(error.value, InvalidParameterError):
                assert f"'{name}' parameter of {cls.__name__} must be " in str(error.value)
            else:  # what the entries must be is more than a constraint says
                assert f"{name} must be a {ENTRIES[name]}" in str(error.value)
            assert repr(value)[:20] in str(error.value)
            if name != "solver":
                with pytest.raises(ValueError, match=name):
                    m.partial_fit(X, y, **kwargs)
        assert not hasattr(model, "n_features_in_")
        assert state(fitted) == before


def test_27_unknown_parameters(cls):
    with pytest.raises(TypeError, match="unknown"):
        cls(unknown=1)
    with pytest.raises(TypeError, match="positional"):
        cls(3, "tanh")
    with pytest.raises(ValueError, match="Invalid parameter 'unknown'"):
        cls().set_params(unknown=1)


CONTRADICTIONS = [
    ({"bidirectional": True, "k1": 2}, "k1", "bidirectional"),
    ({"bidirectional": True, "k2": 2}, "k2", "bidirectional"),
    ({"solver": "lbfgs", "k1": 2}, "k1", "solver"),
    ({"solver": "lbfgs", "k2": 2}, "k2", "solver"),
    ({"solver": "lbfgs", "dropout": 0.1}, "dropout", "solver"),
    ({"solver": "lbfgs", "weight_dropout": 0.1}, "weight_dropout", "solver"),
    ({"k2": "auto", **PER_STEP}, "k2", "k1"),
    ({"k2": "auto", **PER_STEP}, "k1", "return_sequences"),
    ({"k2": "auto", "target_replication": 0.5}, "k1", "target_replication"),
    ({"k2": "auto", "k1": 2, "bidirectional": True}, "k1", "bidirectional"),
    ({"k2": "auto", "bidirectional": True}, "k2", "bidirectional"),
    ({"k2": "auto", "solver": "lbfgs"}, "k2", "solver"),
    ({"sequence_id": 0}, "sequence_id", "rows"),
    ({"sequence_id": "name"}, "sequence_id", "rows"),
    ({"initial_state": "last"}, "initial_state", "rows"),
    ({"target_delay": 1}, "target_delay", "return_sequences"),
    ({"target_delay": 1, "bidirectional": True, **PER_STEP}, "target_delay", "bidirectional"),
    ({"pooling": "mean", **PER_STEP}, "pooling", "return_sequences"),
    ({"pooling": "max", **PER_STEP}, "pooling", "return_sequences"),
    ({"pooling": ("last", "mean"), **PER_STEP}, "pooling", "return_sequences"),
    ({"target_replication": 0.5, **PER_STEP}, "target_replication", "return_sequences"),
    ({"target_replication": 0.5, "bidirectional": True}, "target_replication", "bidirectional"),
]


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_is_no_column(cls, flag):
    match = f"sequence_id must be a column's name or position, got {flag}"
    with pytest.raises(ValueError, match=match):
        cls(rows="steps", sequence_id=flag).fit(good_X()[:, 0], good_y(cls))


@all_six
@pytest.mark.parametrize(("params", "one", "other"), CONTRADICTIONS, ids=lambda v: str(v))
def test_contradictions_name_both_parameters(cls, params, one, other):
    both = rf"(?s)(?=.*\b{one}\b)(?=.*\b{other}\b)"
    assert_fit_raises(cls, match=both, **params)
    if "solver" not in params:
        y = good_y(cls, (N, T) if "return_sequences" in params else N)
        with pytest.raises(ValueError, match=both):
            cls(**SMALL, **params).partial_fit(good_X(), y, **(first_classes(cls)))


@pytest.mark.parametrize("delay", [10**15, 10**18, 10**30])
def test_29_target_delay_beyond_memory(cls, delay):
    match = "target_delay"
    params = {"target_delay": delay, "error": (ValueError, MemoryError, OverflowError), **PER_STEP}
    assert_fit_raises(cls, match=match, **params)


IGNORED = [
    {"n_tokens": 7}, {"truncation_tolerance": 0.1}, {"momentum": 0.1}, {"nesterovs_momentum": False},
    {"max_fun": 1}, {"validation_fraction": 0.9}, {"huber_delta": 3.0}, {"quantile": [0.1, 0.9]},
    {"n_jobs": 2}, {"batch_size": N}, {"shuffle": False},
]  # fmt: skip
IGNORED_BY_LBFGS = [
    {"clip_norm": 1e-9}, {"clip_value": 1e-9}, {"learning_rate_init": 1e9}, {"learning_rate": "cosine"},
    {"batch_size": 2}, {"batch_size": 99}, {"shuffle": False}, {"early_stopping": True}, {"beta_1": 0.1},
    {"n_iter_no_change": 1},
]  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "solver", "params"),
    [
        (cls, solver, params)
        for cls in ONE_OF_EACH
        for solver, ignored in (("adam", IGNORED), ("lbfgs", IGNORED_BY_LBFGS))
        for params in ignored
        if set(params) <= set(cls().get_params())
    ],
)
def test_settings_of_another_choice_are_ignored(cls, solver, params, assert_same_weights):
    """Without error or warning (warnings are errors here)."""
    X, y = good_X(), good_y(cls)
    expected = cls(**SMALL, solver=solver).fit(X, y)
    assert_same_weights(cls(**{**SMALL, "solver": solver, **params}).fit(X, y), expected)


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize(
    ("params", "same"),
    [
        ({"k1": T}, {}),
        ({"k1": 10**9}, {}),
        ({"k2": T}, {}),
        ({"k2": 10**9}, {}),
        ({"k1": 2, "k2": T}, {}),
        ({"k1": 1, "k2": 10**9}, {}),
        ({"k1": 4, "k2": 3}, {"k2": 3}),
        ({"k1": 1, "k2": 3}, {"k2": 3}),
        ({"k1": 2}, {"k1": 4, "k2": 2}),
    ],
    ids=str,
)
def test_28_k1_and_k2_without_effect(cls, params, same, assert_same_weights):
    """One target and no replication: k1 is without effect, and so is a k2 beyond the length."""
    X, y = good_X(), good_y(cls)
    assert_same_weights(cls(**SMALL, **params).fit(X, y), cls(**SMALL, **same).fit(X, y))


@pytest.mark.parametrize(
    ("params", "same"),
    [
        ({"k1": 10**9}, {}),
        ({"k1": T, "k2": 10**9}, {}),
        ({"k2": 10**9}, {}),
        ({"k1": 2, "k2": 10**9}, {"k1": 2, "k2": T + 1}),
    ],
    ids=str,
)
def test_28_k2_beyond_the_length_per_step(cls, params, same, assert_same_weights):
    X, y = good_X(), good_y(cls, (N, T))
    model = cls(**SMALL, **PER_STEP, **params).fit(X, y)
    assert_same_weights(model, cls(**SMALL, **PER_STEP, **same).fit(X, y))


def test_29_hidden_size_beyond_memory():
    """An error before any work, in a process that may not take more than 2 GiB."""
    resource = pytest.importorskip("resource")
    code = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, {resource.RLIM_INFINITY}))
        import warnings
        import numpy as np
        import skrnn
        warnings.simplefilter("error")
        for name in {[cls.__name__ for cls in ESTIMATORS]}:
            for hidden_size in (10**6, 10**9, 2**32, 10**10, 10**30, (3, 10**9)):
                model = getattr(skrnn, name)(hidden_size)
                try:
                    model.fit(np.ones((2, 3)), [0, 1])
                except MemoryError:
                    pass
                except ValueError as error:
                    assert "hidden_size" in str(error), (name, hidden_size, error)
                else:
                    raise AssertionError("fitted")
                assert not hasattr(model, "n_features_in_")
    """
    run_python(code, OPENBLAS_NUM_THREADS="1")


@all_six
def test_32_clipping_off(cls, assert_same_weights):
    X, y = good_X(), good_y(cls)
    for name in ("clip_norm", "clip_value"):
        off, inf = (cls(**{**SMALL, "clip_norm": None, name: v}).fit(X, y) for v in (None, np.inf))
        assert_same_weights(off, inf)
        assert inf.clipped_fraction_curve_ == [0.0, 0.0]
        model = cls(**{**SMALL, name: 1e-9}).fit(X, y)
        assert model.clipped_fraction_curve_ == [1.0, 1.0]


@all_six
@pytest.mark.parametrize("name", ["clip_norm", "clip_value"])
def test_32_bad_clip(cls, name):
    """NaN is not "no clip", nor is 0 or a negative number."""
    for value in (0, 0.0, -1, -np.inf, np.nan, "x"):
        match = rf"'{name}' parameter of {cls.__name__} must be .*\(0.0, inf\].* Got"
        assert_fit_raises(cls, match=match, **{name: value})


@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
@pytest.mark.parametrize("scale", [1, 1e100, 1e150])
def test_31_32_norm_whose_square_overflows(cls, scale):
    """It is finite, and clips to a length of clip_norm, not to zero."""
    params = {**SMALL, "activation": "identity", "alpha": 0, "solver": "sgd", "momentum": 0}
    params["max_iter"] = 1
    clipped, still = (
        cls(**params, clip_norm=1e-3, learning_rate_init=rate).fit(scale * good_X(), good_y(cls))
        for rate in (0.5, 1e-300)
    )
    assert clipped.clipped_fraction_curve_ == [1.0]
    assert np.isfinite(clipped.grad_norm_curve_).all()
    assert clipped.grad_norm_curve_[0] > 0.01 * scale
    np.testing.assert_allclose(np.linalg.norm(theta_of(clipped) - theta_of(still)), 0.5e-3, rtol=1e-2)


@pytest.mark.skipif(not _kernels.builds, reason="NumPy leaves denormal numbers to the processor.")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_33_what_vanishes_becomes_zero(dtype):
    """By the kernels; that it takes no longer is measured in benchmarks/kernels.py."""
    X = np.zeros((2, 1200, 1), dtype=dtype)
    X[:, 0] = 1
    model = skrnn.RNNRegressor(3, activation="relu", max_iter=1, random_state=0).fit(X, [0, 1])
    theta_of(model)[:] = 0
    weights = views_of(model)
    weights["layer0.W_x"][:], weights["layer0.W_h"][:] = 1, np.eye(3) / 2
    tiny = np.finfo(dtype).tiny

    def denormals():
        h = model.hidden_states(X)
        assert (h[:, 100] > 0).all()
        assert (h[:, -1] == 0).all()
        return ((h > 0) & (h < tiny)).any()

    assert not denormals()
    with _kernels.using("numpy"):
        assert denormals()  # there would be some


# --- target_delay ------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [1, 3, T + 4])
def test_target_delay_is_a_shift(cls, delay):
    """X goes on with zeros, the output for step t is read after step t + delay, every target trains."""
    X, y = [x[: 2 + i % 4] for i, x in enumerate(good_X())], []
    for x in X:
        y.append(good_y(cls, len(x)))
    params = {**SMALL, "alpha": 0.0, **PER_STEP}
    model = cls(**params, target_delay=delay).fit(X, y)
    padded = [np.concatenate([x, np.zeros((delay, F))]) for x in X]
    late = [np.concatenate([np.zeros(delay, dtype=target.dtype), target]) for target in y]
    weight = [np.repeat([0.0, 1.0], [delay, len(x)]) for x in X]
    by_hand = cls(**params).fit(padded, late, weight)
    for name, array in model.weights_.items():
        np.testing.assert_allclose(array, by_hand.weights_[name], rtol=1e-9, atol=1e-10)
    for a, b in zip(outputs(model, X), outputs(by_hand, padded), strict=True):
        np.testing.assert_allclose(a, b[delay:], rtol=1e-9, atol=1e-10)
        assert np.isfinite(a).all()


@pytest.mark.parametrize("k", [{}, {"k1": 2}, {"k1": 2, "k2": 3}, {"k1": 3, "k2": 2}], ids=str)
def test_target_delay_keeps_the_length(cls, k):
    X, y = good_X(), good_y(cls, (N, T))
    model = cls(**SMALL, **PER_STEP, **k, target_delay=2).fit(X, y)
    assert model.predict(X).shape == (N, T)
    assert [len(a) for a in model.predict([x[:i] for i, x in enumerate(X[1:], 1) if i < 5])] == [
        1,
        2,
        3,
        4,
    ]


def test_target_delay_sees_the_future():
    X = np.random.RandomState(0).normal(size=(30, 12, 1))
    y = np.roll(X[:, :, 0], -1, axis=1)  # the next input
    y[:, -1] = 0  # which is what X goes on with
    params = {"hidden_size": 4, "learning_rate_init": 0.01, "random_state": 0, **PER_STEP}
    now = skrnn.RNNRegressor(**params, activation="identity").fit(X, y)
    later = skrnn.RNNRegressor(**params, activation="identity", target_delay=1).fit(X, y)
    assert now.score(X, y) < 0.3
    assert later.score(X, y) > 0.95


# --- classes, weights, validation --------------------------------------------------------------------


def test_36_partial_fit_and_classes(classifier):
    X, y = good_X(), np.array([0, 2] * (N // 2))
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        classifier(**SMALL).partial_fit(X, y)
    model = classifier(**SMALL).partial_fit(X, y, classes=[2, 1, 0])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert model.predict_proba(X).shape == (N, 3)
    answer = outputs(model, X)
    with pytest.raises(ValueError, match=r"`classes=.*` is not the same as on last call to partial_fit"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`: 3\. Leave"):
        model.partial_fit(X, y + 1)
    np.testing.assert_array_equal(outputs(model, X), answer)
    model.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X[:1], y[:1])
    with pytest.raises(ValueError, match=r"`y` has classes not in"):
        classifier(**SMALL).partial_fit(X, y, classes=[0, 1])


def test_36_partial_fit_and_kinds_of_labels(classifier):
    X, y = good_X(), np.array([[0, 1, 1], [1, 0, 0]] * (N // 2))
    model = classifier(**SMALL).partial_fit(X, y, classes=[0, 1, 2])
    assert model.predict(X).shape == y.shape
    for other in (y[:, :2], y[:, 0]):
        with pytest.raises(ValueError, match=r"y is .* fitted on 3 labels"):
            model.partial_fit(X, other)
    model = classifier(**SMALL).partial_fit(X, y[:, 0], classes=[0, 1])
    with pytest.raises(ValueError, match=r"y is an indicator.* fitted on a vector of labels"):
        model.partial_fit(X, y)


def test_36_labels_of_another_type(classifier):
    X, y = good_X(), good_y(classifier)
    model = classifier(**SMALL).fit(X, y)
    before = state(model)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`.*'0'"):
        model.partial_fit(X, y.astype(str))
    assert state(model) == before
    for classes in (3, "abc", [], [[0, 1, 2]], [0, "a", 2], ["0", "1", "2"]):
        new = classifier(**SMALL)
        with pytest.raises(ValueError):  # scikit-learn's, of many kinds
            new.partial_fit(X, y, classes=classes)
        assert not hasattr(new, "n_features_in_")


@pytest.mark.parametrize("number", [3, 40])
@pytest.mark.parametrize("text", [str, object])
def test_36_labels_in_digits_are_no_numbers(text, number):
    """NumPy finds the label "1" among more than a few classes 0, 1, ..., but in another order."""
    X, y = np.random.RandomState(0).normal(size=(2 * number, T, F)), np.arange(2 * number) // 2
    model = skrnn.GRUClassifier(**SMALL).fit(X, y)
    before = state(model)
    with pytest.raises(ValueError, match=r"(?s)`y` has classes not in `self.classes_`.*'0'"):
        model.partial_fit(X, y.astype(str).astype(text))
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, y, classes=y.astype(str))
    assert state(model) == before


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2, 3], ["a", "b", "c"]], ids=str)
def test_36_classes_that_are_not_those_of_the_indicator(classifier, classes):
    X, y = good_X(), np.eye(N, 3, dtype=int)
    with pytest.raises(ValueError, match="classes"):
        classifier(**SMALL).partial_fit(X, y, classes=classes)


def test_36_kinds_of_targets(classifier, regressor):
    X = good_X()
    assert_fit_raises(classifier, X, np.linspace(0, 1, N), match="continuous")
    assert_fit_raises(classifier, X, np.arange(2 * N).reshape(N, 2) % 3, match="y .*multilabel indicator")
    assert_fit_raises(classifier, X, np.linspace(0, 1, N * T).reshape(N, T), match="y|[Uu]nknown label")
    assert_fit_raises(regressor, X, np.array(["a", "b"] * (N // 2)), match="y|string")


def test_36_other_number_of_outputs_in_partial_fit(regressor):
    X = good_X()
    model = regressor(**SMALL).partial_fit(X, good_y(regressor, (N, 2)))
    for y in (good_y(regressor), good_y(regressor, (N, 3))):
        with pytest.raises(ValueError, match=r"y has \d outputs.*fitted on 2"):
            model.partial_fit(X, y)


@forms
@both_targets
def test_37_partial_fit_with_other_features(cls, form, per_step):
    n = F * T if form in ("2-D", "frame") else F
    X = good_X(F=3) if n == F else good_X(T=T + 1)
    X = [x[: T - (i == N - 1)] for i, x in enumerate(X)] if "unequal" in form else FORMS[form][0](X)
    match = rf"X has {'12' if n != F else '3'} features, but {cls.__name__} is expecting {n} features"
    if form == "ragged list":
        X = [x[: T - (i == N - 1)] for i, x in enumerate(good_X(F=3))]
    y = None
    if per_step and n != F:  # X has 6 steps
        y = good_y(cls, (N, T + 1))
    where = ["warm start", "partial_fit"]
    assert_raises_in(where, cls, match, X=X, y=y, form=form, per_step=per_step)


def spoiled(shape, value, where=-1):
    weight = np.ones(shape)
    weight.flat[where] = value
    return weight


BAD_WEIGHTS = {
    "all zero": (np.zeros(N), "sample_weight must contain at least one non-zero weight"),
    "negative": (spoiled(N, -1), "sample_weight has a negative value at position 7"),
    "too few": (np.ones(N - 1), r"sample_weight.shape == \(7,\), expected \(8,\)"),
    "per step": (np.ones((N, T)), "[Ss]ample weights must be 1D array or scalar.* sample_weight"),
    "column": (np.ones((N, 1)), "[Ss]ample weights must be 1D array or scalar.* sample_weight"),
    "3-D": (np.ones((N, T, 2)), "[Ss]ample weights must be 1D array or scalar.* sample_weight"),
    "zero": (0, "sample_weight must contain at least one non-zero weight"),
    "negative number": (-1, "sample_weight has a negative value"),
    "ragged": ([[1, 2], [3]] * 4, "must be 1D array or scalar, got ragged sample_weight"),
    "text": ("balanced", "sample_weight holds text .'balanced'.*, which cannot be read as numbers"),
    "dict": ({0: 1.0}, "sample_weight holds a dict .*, which cannot be read as numbers"),
    "iterator": (iter([1.0] * N), "sample_weight is a list_iterator, which can be read only once"),
}
BAD_STEP_WEIGHTS = {
    "all zero": (np.zeros((N, T)), "sample_weight must contain at least one non-zero weight"),
    "all zero, per sequence": (np.zeros(N), "sample_weight must contain at least one non-zero weight"),
    "negative": (spoiled((N, T), -1), "sample_weight has a negative value"),
    "negative, per sequence": (spoiled(N, -1), "sample_weight has a negative value at position 7"),
    "too few": (np.ones(N - 1), r"sample_weight.shape == \(7,\), expected \(8,\)"),
    "too few sequences": (np.ones((N - 1, T)), "X has 8 sequences, sample_weight has 7"),
    "too few steps": (np.ones((N, T - 1)), r"sequence 0 has 5 steps in X, but sample_weight\[0\]"),
    "one too long": (
        [*np.ones((N - 1, T)), np.ones(T + 1)], r"sequence 7 has 5 steps in X, but sample_weight\[7\]"
    ),
    "3-D": (np.ones((N, T, 2)), "1D array or scalar or shaped as the targets.* sample_weight"),
    "two for each": ([np.ones((T, 2))] * N, "sample_weight must have one number per time step"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_WEIGHTS)
def test_38_bad_sample_weight(cls, bad):
    weight, match = BAD_WEIGHTS[bad]
    error = (ValueError, TypeError)
    assert_raises_in([*TRAINING, "X_val"], cls, match, sample_weight=weight, error=error)


@pytest.mark.parametrize("bad", BAD_STEP_WEIGHTS)
def test_38_bad_sample_weight_per_step(cls, bad):
    weight, match = BAD_STEP_WEIGHTS[bad]
    assert_raises_in([*TRAINING, "score", "X_val"], cls, match, sample_weight=weight, per_step=True)


def test_38_where_a_weight_per_step_is_negative(cls):
    weight = spoiled((N, T), -1, 2 * T + 3)
    match = "sample_weight has a negative value.*sequence 2, step 3"
    assert_fit_raises(cls, sample_weight=weight, match=match, **PER_STEP)


@all_six
@both_targets
def test_38_weight_zero_is_removed(cls, per_step, assert_same_weights):
    """In full-batch mode the weights are the same, bit for bit."""
    X, y = good_data(cls, per_step=per_step)
    weight = np.array([1.0, 0, 2, 1, 0, 0.5, 1, 1])
    kept = weight > 0
    model, expected = (cls(**SMALL, return_sequences=per_step) for _ in range(2))
    if is_classifier(cls()):
        assert set(np.unique(y[kept])) == set(np.unique(y))
    assert_same_weights(model.fit(X, y, weight), expected.fit(X[kept], y[kept], weight[kept]))
    assert model.loss_curve_ == expected.loss_curve_


def test_38_a_class_without_weight(classifier, assert_same_weights):
    X, y = good_X(), np.arange(N) % 3
    model = classifier(**SMALL).fit(X, y, sample_weight=(y != 1).astype(float))
    assert_finite(model)
    assert list(model.classes_) == [0, 1, 2]
    assert_same_weights(model, classifier(**SMALL, class_weight={1: 0.0}).fit(X, y))


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "a", None])
@pytest.mark.parametrize("per_step", [False, True])
def test_38_bad_class_weight(classifier, value, per_step):
    params = {"class_weight": {0: value, 1: 1.0}, "return_sequences": per_step}
    assert_fit_raises(classifier, match="class_weight", error=(ValueError, TypeError), **params)


@pytest.mark.parametrize("per_step", [False, True])
def test_38_class_weights_that_leave_nothing(classifier, per_step):
    params = {"class_weight": {0: 0.0, 1: 0.0, 2: 0.0}, "return_sequences": per_step}
    assert_fit_raises(classifier, match="class_weight", **params)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0}])
def test_class_weight_is_not_for_multilabel(classifier, class_weight):
    match = "(?s)(?=.*class_weight)(?=.*multilabel)"
    for per_step in (False, True):
        y = good_y(classifier, (N, T, 2) if per_step else (N, 2)) % 2
        params = {"class_weight": class_weight, "return_sequences": per_step}
        assert_fit_raises(classifier, y=y, match=match, **params)


def test_class_weight_of_unknown_classes(classifier):
    assert_fit_raises(classifier, match="class_weight", class_weight={7: 2.0})


def test_partial_fit_does_not_go_with(cls):
    X, y = good_X(), good_y(cls)
    classes = first_classes(cls)
    with pytest.raises(ValueError, match=r"partial_fit.*early_stopping"):
        cls(**SMALL, early_stopping=True).partial_fit(X, y, **classes)
    if is_classifier(cls()):
        with pytest.raises(ValueError, match=r"partial_fit.*class_weight"):
            cls(**SMALL, class_weight="balanced").partial_fit(X, y, **classes)


def validation(cls, X=None, y=None):
    return {"X_val": good_X() if X is None else X, "y_val": good_y(cls) if y is None else y}


def test_X_val_and_y_val_come_together(cls):
    both = "(?s)(?=.*X_val)(?=.*y_val)"
    for early_stopping in (True, False):
        params = {"match": both, "early_stopping": early_stopping}
        assert_fit_raises(cls, fit={"X_val": good_X()}, **params)
        assert_fit_raises(cls, fit={"y_val": good_y(cls)}, **params)


def test_sample_weight_val_needs_X_val(cls):
    match = "sample_weight_val was passed without X_val and y_val"
    assert_fit_raises(cls, match=match, fit={"sample_weight_val": np.ones(N)}, early_stopping=True)


def test_X_val_is_used_instead_of_validation_fraction(cls, assert_same_weights):
    """Nothing is held out then: the training is that of the whole data."""
    X, y = good_X(), good_y(cls)
    params = {**SMALL, "max_iter": 6, "n_iter_no_change": np.inf}
    plain = cls(**params).fit(X, y)
    stopped = cls(**params, early_stopping=True).fit(X, y, **validation(cls, X, y))
    assert stopped.loss_curve_ == plain.loss_curve_
    assert len(stopped.validation_loss_curve_) == 6
    held_out = cls(**{**params, "validation_fraction": 0.5}, early_stopping=True).fit(
        X, np.arange(N) % 2.0
    )
    assert held_out.loss_curve_ != plain.loss_curve_


def nan_in_X():
    X = good_X()
    X[2, 1] = np.nan
    return X


BAD_VALIDATION = [
    ({"X_val": nan_in_X()}, "X_val contains NaN: sequence 2, step 1"),
    ({"X_val": good_X(F=3)}, "X_val has 3 features"),
    ({"X_val": good_X()[:, :, 0]}, "2-D"),
    ({"X_val": good_X(N - 1)}, "(?s)(?=.*X_val has 7)(?=.*y_val has 8)"),
    ({"sample_weight_val": -np.ones(N)}, "sample_weight_val .*negative"),
    ({"sample_weight_val": np.zeros(N)}, "sample_weight_val .*zero"),
    ({"sample_weight_val": np.ones(N - 1)}, r"sample_weight_val.*\(7,\).*\(8,\)"),
]


# to stop by validation data, or to record them
USES = [{"early_stopping": True}, {}, {"early_stopping": True, "solver": "lbfgs"}]


@pytest.mark.parametrize("use", USES, ids=str)
@pytest.mark.parametrize(("kwargs", "match"), BAD_VALIDATION, ids=[match for _, match in BAD_VALIDATION])
def test_bad_X_val(cls, kwargs, match, use):
    fit = {"X_val": good_X(), "y_val": good_y(cls), **kwargs}
    assert_fit_raises(cls, match=match, fit=fit, **use)


@pytest.mark.parametrize("use", USES, ids=str)
def test_bad_y_val(classifier, regressor, use):
    y = good_y(classifier) + 1
    match = r"`y_val` has classes not in"
    assert_fit_raises(classifier, match=match, fit=validation(classifier, y=y), **use)
    y = good_y(regressor)
    y[3] = np.nan
    fit = validation(regressor, y=y)
    assert_fit_raises(regressor, match="y_val contains NaN", fit=fit, **use)
    fit = validation(regressor, y=np.c_[y, y] * 0)
    assert_fit_raises(regressor, match="y_val|outputs", fit=fit, **use)


def test_X_val_with_other_columns(cls):
    frame = pd.DataFrame(good_X()[:, :, 0], columns=list("abcde"))
    swapped = frame[list("edcba")]
    fit = validation(cls, swapped)
    assert_fit_raises(cls, frame, match="feature names should match", fit=fit, early_stopping=True)


def test_validation_set_too_small(cls):
    for n in (1, 2, N):
        X, y = good_X(n), np.arange(n) % 2
        with pytest.raises(ValueError, match=r"validation_fraction|validation set"):
            cls(**SMALL, early_stopping=True).fit(X, y)
    match = "validation set is too small.*validation_fraction"
    if is_classifier(cls()):
        match = "validation set is too small.*all of one class.*validation_fraction"
    assert_fit_raises(cls, good_X(), np.zeros(N), match=match, early_stopping=True)


@pytest.mark.filterwarnings("ignore:Every sequence of X has one time step")
def test_validation_tail_of_a_short_sequence(cls):
    """One step cannot be split; and a tail of one step gives no R^2, which must not end in a warning."""
    X, y = good_X(1), good_y(cls, (1, T))
    params = {**SMALL, **PER_STEP, "early_stopping": True}
    with pytest.raises(ValueError, match=r"too (short|small).*validation_fraction"):
        cls(**params).fit(X[:, :1], y[:, :1])
    try:
        cls(**params).fit(X, y)
    except ValueError as error:
        assert "validation" in str(error)  # noqa: PT017


def test_X_val_of_one_sequence(cls):
    """As with validation_fraction: an error that says so, or a score; no warning in every epoch."""
    X, y = good_X(), good_y(cls)
    try:
        model = cls(**SMALL, early_stopping=True).fit(X, y, X_val=X[:1], y_val=y[:1])
    except ValueError as error:
        assert "X_val" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize("part", ["head", "tail"])
def test_validation_tail_with_all_the_weight_on_one_side(cls, part):
    X, y = good_X(1, 20), good_y(cls, (1, 20))
    weight = (np.arange(20)[None] < 10).astype(float)
    weight = weight if part == "head" else 1 - weight
    params = {**SMALL, **PER_STEP, "early_stopping": True, "validation_fraction": 0.5}
    assert_fit_raises(cls, X, y, match="weight|validation", sample_weight=weight, **params)


# --- warnings ----------------------------------------------------------------------------------------


def test_batch_size_larger_than_the_data_warns(cls, assert_same_weights):
    X, y = good_X(), good_y(cls)
    with pytest.warns(UserWarning, match=r"batch_size=9 is larger than the 8 sequences") as caught:
        model = cls(**SMALL, batch_size=N + 1).fit(X, y)
    assert caught[0].filename == __file__
    assert_same_weights(model, cls(**SMALL, batch_size=N).fit(X, y))
    with pytest.warns(UserWarning, match=r"batch_size=9 is larger than the 8 sequences"):
        cls(**SMALL, batch_size=N + 1, **PER_STEP).fit(X, good_y(cls, (N, T)))


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
def test_long_sequences_without_k1_warn(cls):
    X, y = np.zeros((2, 10_001, 1), dtype=np.float32), good_y(cls, 2)
    model = cls(2, max_iter=1)
    with pytest.warns(UserWarning, match="(?s)10001 steps.*k1=None.*memory") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    model.set_params(k1=10, k2=10).fit(X, y)  # no warning, which would be an error here
    model.set_params(k1=None, k2=None).fit(X[:, :10_000], y)


def test_not_converged_warns(cls):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached") as caught:
        cls(**SMALL).fit(good_X(), good_y(cls))
    assert caught[0].filename == __file__
