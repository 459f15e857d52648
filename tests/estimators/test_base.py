"""What fit, partial_fit, warm_start and early stopping promise, and what they publish."""

import contextlib
import inspect
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.utils._param_validation import InvalidParameterError
from support.estimators import ESTIMATORS, first_classes, one_of_each, outputs

import skrnn
from skrnn import inspection, losses, solvers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T, F = 12, 5, 2
# at a constant rate, so that epochs do not depend on how many there are to be
SMALL = {"hidden_size": 3, "random_state": 0, "learning_rate_init": 0.01, "learning_rate": "constant"}
PER_STEP = {"return_sequences": True}
# training that ends with max_iter and not before
FIXED = {**SMALL, "tol": 0.0, "n_iter_no_change": np.inf}
STEPPING = [name for name, solver in solvers.SOLVERS.items() if not solver.full_batch]


def mean_of_features(cls, n=N, T=T, per_step=False, dtype=np.float64):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, T, F)).astype(dtype)
    y = X.mean(axis=2) + 0.1 * rng.normal(size=(n, T))
    y = y if per_step else y[:, -1]
    return X, (y > 0).astype(int) + (y > 0.6) if is_classifier(cls()) else y


def loss_of(model, X, y, weight=None):
    """The mean loss of the predictions, in the units that fit reports it in (y has deviation 1)."""
    if is_classifier(model):
        p = outputs(model, X)
        return log_loss(
            np.ravel(y), p.reshape(-1, p.shape[-1]), sample_weight=weight, labels=model.classes_
        )
    return np.average(0.5 * (np.ravel(y) - model.predict(X).ravel()) ** 2, weights=weight)


# --- the same again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"batch_size": 5, "dropout": 0.3}, {"solver": "lbfgs"}], ids=str)
def test_same_seed_same_weights(cls, params, assert_same_weights):
    X, y = mean_of_features(cls)
    params = {**SMALL, "max_iter": 4, **params}
    one, two = cls(**params).fit(X, y), cls(**params).fit(X, y)
    assert_same_weights(one, two)
    assert_same_weights(one, clone(one).fit(X, y))
    assert_same_weights(one, cls(**{**params, "random_state": np.random.RandomState(0)}).fit(X, y))
    assert_same_weights(one, two.fit(X, y))  # a second fit starts anew
    other = cls(**{**params, "random_state": 1}).fit(X, y)
    assert (other.weights_["layer0.W_x"] != one.weights_["layer0.W_x"]).all()


def test_no_seed_draws_anew(cls):
    X, y = mean_of_features(cls)
    one, two = (cls(**{**SMALL, "random_state": None}, max_iter=1).fit(X, y) for _ in range(2))
    assert (one.weights_["layer0.W_x"] != two.weights_["layer0.W_x"]).all()


def test_n_jobs_changes_nothing(cls, assert_same_weights):
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(length, F)) for length in rng.randint(1, 6, size=700)]
    y = np.arange(700) % 3
    expected = cls(**SMALL, max_iter=1).fit(X, y)
    for n_jobs in (1, 2, -1):
        model = cls(**SMALL, max_iter=1, n_jobs=n_jobs).fit(X, y)
        assert_same_weights(model, expected)
        np.testing.assert_array_equal(outputs(model, X), outputs(expected, X))
    with joblib.parallel_config("threading", n_jobs=2):
        np.testing.assert_array_equal(outputs(expected, X), outputs(model, X))


def test_predict_changes_nothing(cls):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, max_iter=2).fit(X, y)
    before = pickle.dumps(model)
    outputs(model, X), model.predict(X), model.hidden_states(X), model.score(X, y), model.weights_
    assert pickle.dumps(model) == before


def test_set_params_does_not_change_a_fitted_model(cls):
    X, y = mean_of_features(cls, per_step=True)
    model = cls(**SMALL, **PER_STEP, max_iter=2).fit(X, y)
    answer, score, weights = outputs(model, X), model.score(X, y), model.weights_
    model.set_params(
        hidden_size=7, bidirectional=True, pooling="max", dropout=0.5, step_features=2, target_delay=1,
        return_sequences=False, dtype="float32", random_state=1,
    )  # fmt: skip
    np.testing.assert_array_equal(outputs(model, X), answer)
    assert {name: w.shape for name, w in model.weights_.items()} == {
        name: w.shape for name, w in weights.items()
    }
    assert model.score(X, y) == score


# --- constructor and documentation -------------------------------------------------------------------

DEFAULTS = {
    "hidden_size": 32, "activation": "tanh", "forget_bias": "auto",
    "bidirectional": False, "embedding_size": None,
    "n_tokens": None, "pooling": "last", "dropout": 0.0, "weight_dropout": 0.0, "rows": "sequences",
    "step_features": 1, "sequence_id": None, "return_sequences": False, "target_delay": 0,
    "initial_state": "zeros",
    "k1": None, "k2": None, "gradient": "bptt", "truncation_tolerance": 0.5, "target_replication": 0.0,
    "clip_norm": 1.0, "clip_value": None, "loss": "squared_error", "huber_delta": 1.0, "quantile": 0.5,
    "frozen": (), "class_weight": None, "alpha": "auto", "solver": "adam", "learning_rate_init": "auto",
    "learning_rate": "onecycle", "momentum": 0.9, "nesterovs_momentum": True, "beta_1": 0.9,
    "beta_2": 0.999, "epsilon": 1e-8, "max_fun": 15000, "batch_size": "auto", "max_iter": "auto",
    "shuffle": True, "tol": 1e-4, "n_iter_no_change": 50, "early_stopping": False,
    "validation_fraction": 0.1, "warm_start": False, "random_state": None, "verbose": False,
    "n_jobs": None, "dtype": None,
}  # fmt: skip
ONLY = {
    "activation": "RNN", "loss": "Regressor", "huber_delta": "Regressor", "quantile": "Regressor",
    "class_weight": "Classifier",
}  # fmt: skip


def own_parameters(cls):
    gated = not cls.__name__.startswith("RNN")
    names = [name for name in DEFAULTS if ONLY.get(name, "") in cls.__name__]
    return [name for name in names if gated or name != "forget_bias"]


def test_default_rate(cls, assert_same_weights):
    """That of the solver, the cell and the schedule; the simple network cannot take a high one."""
    X, y = mean_of_features(cls)
    params = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
    top, start = (0.003, 0.003) if cls.__name__.startswith("RNN") else (0.03, 0.01)
    for schedule, rate in (("onecycle", top), ("constant", start)):
        model = cls(**params, learning_rate=schedule).fit(X, y)
        assert model.learning_rate_init == "auto"  # a parameter is not changed by fit
        assert_same_weights(
            model, cls(**params, learning_rate=schedule, learning_rate_init=rate).fit(X, y)
        )
    parts = [
        cls(**params, learning_rate_init=rate).partial_fit(X, y, **first_classes(cls))
        for rate in ("auto", start)
    ]
    assert_same_weights(*parts)


@pytest.mark.parametrize(("n", "n_updates"), [(16, 1), (32, 1), (33, 3), (48, 3), (49, 4)])
def test_batch_size_auto(regressor, n, n_updates):
    """All sequences up to 32, batches of 16 beyond."""
    X = np.random.RandomState(0).normal(size=(n, 2, 1))
    assert regressor(2, max_iter=1).fit(X, X[:, 0, 0]).n_updates_ == n_updates


def test_parts_of_the_automatic_batch_size_make_the_updates_of_fit(classifier, assert_same_weights):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(224, 3, 2)), rng.randint(3, size=224)
    settings = SMALL | {"shuffle": False, "max_iter": 1}
    whole, parts = classifier(**settings).fit(X, y), classifier(**settings)
    for k in range(0, 224, 16):
        parts.partial_fit(X[k : k + 16], y[k : k + 16], classes=[0, 1, 2])
    assert_same_weights(parts, whole)


def test_signature(cls):
    signature = inspect.signature(cls)
    assert list(signature.parameters) == own_parameters(cls)
    for name, parameter in signature.parameters.items():
        positional = name == "hidden_size"
        assert parameter.kind == (
            parameter.POSITIONAL_OR_KEYWORD if positional else parameter.KEYWORD_ONLY
        )
        assert parameter.default == DEFAULTS[name]
        assert type(parameter.default) is type(DEFAULTS[name])


def test_get_params_set_params_clone(cls):
    values = {name: object() for name in own_parameters(cls)}
    model = cls(**values)
    assert model.get_params() == values
    assert cls().set_params(**values).get_params() == values
    sizes = (4, 2)
    copy = clone(cls(sizes, k1=3))
    assert copy.get_params() == {**cls().get_params(), "hidden_size": sizes, "k1": 3}
    assert cls(5).hidden_size == 5
    assert repr(cls(5, k1=2)) == f"{cls.__name__}(hidden_size=5, k1=2)"


def test_fit_does_not_change_parameters(cls):
    X, y = mean_of_features(cls)
    params = {"hidden_size": [3, 2], "random_state": np.random.RandomState(0), "max_iter": 1}
    model = cls(**params, batch_size=5, learning_rate="adaptive")
    before = model.get_params()
    model.fit(X, y).partial_fit(X, y)
    after = model.get_params()
    assert all(after[name] is before[name] for name in before)
    assert after["hidden_size"] == [3, 2]


def test_hidden_size_may_be_any_sequence(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    expected = cls(**{**SMALL, "hidden_size": (4, 2)}, max_iter=1).fit(X, y)
    for sizes in ([4, 2], np.array([4, 2]), (np.int64(4), 2)):
        assert_same_weights(cls(**{**SMALL, "hidden_size": sizes}, max_iter=1).fit(X, y), expected)
    assert_same_weights(
        cls(**{**SMALL, "hidden_size": (4,)}, max_iter=1).fit(X, y),
        cls(**{**SMALL, "hidden_size": 4}, max_iter=1).fit(X, y),
    )


def public_attributes(model):
    return [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]


def test_docstring_names_every_parameter_and_attribute(cls):
    X, y = mean_of_features(cls)
    frame = pd.DataFrame(X.reshape(N, -1)).add_prefix("c")
    y = y > 0 if is_classifier(cls()) else y
    model = cls(**SMALL, max_iter=2, early_stopping=True, validation_fraction=0.5).fit(frame, y)
    parameters, attributes = cls.__doc__.split("Attributes\n")
    for name in own_parameters(cls):
        assert f"\n{name} : " in parameters
    documented = [line.split(" : ")[0] for line in attributes.split("See Also")[0].split("\n") if line]
    documented = [name for name in documented if name.isidentifier()]
    assert sorted(documented) == sorted([*public_attributes(model), "final_state_", "sequence_ids_"])


def test_methods_are_documented(cls):
    for name in dir(cls):
        method = getattr(cls, name)
        if not name.startswith("_") and callable(method) and method.__module__.startswith("skrnn"):
            for parameter in inspect.signature(method).parameters:
                assert parameter == "self" or parameter in method.__doc__, (name, parameter)


# --- what fit publishes ------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [{}, {"k1": 2}, {"k1": 2, "k2": 4}], ids=str)
def test_curves_and_counts(cls, k):
    X, y = mean_of_features(cls, per_step=True)
    model = cls(**FIXED, **PER_STEP, **k, max_iter=4, batch_size=5)
    assert model.fit(X, y) is model
    updates = 3 * (3 if k else 1)  # batches of 5, 5, 2; windows of 2, 2, 1
    assert (model.n_iter_, model.n_updates_) == (4, 4 * updates)
    for curve in (model.loss_curve_, model.grad_norm_curve_, model.clipped_fraction_curve_):
        assert len(curve) == 4
        assert np.isfinite(curve).all()
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.validation_loss_curve_ is None
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize(
    ("solver", "batch_size", "weighted"),
    [("adam", "auto", False), ("adam", "auto", True), ("adam", 5, False), ("lbfgs", "auto", False),
     ("lbfgs", "auto", True)],
)  # fmt: skip
def test_loss_curve_is_the_loss_plus_the_penalty(cls, weighted, per_step, batch_size, solver):
    """At weights that do not move, and at those that L-BFGS ends with."""
    X, y = mean_of_features(cls, per_step=per_step)
    weight = np.random.RandomState(1).uniform(0.5, 2, size=y.shape) if weighted else np.ones(y.shape)
    if not is_classifier(cls()):
        y = (y - np.average(y, weights=weight)) / np.sqrt(
            np.cov(y.ravel(), ddof=0, aweights=weight.ravel())
        )
    params = {"learning_rate_init": 1e-30, "max_iter": 1, "alpha": 0.7, "solver": solver}
    if solver == "lbfgs":
        params |= {"max_iter": 10}
    model = cls(**{**SMALL, **params}, return_sequences=per_step, batch_size=batch_size)
    model.fit(X, y, weight if weighted else None)
    squares = sum((W**2).sum() for W in model.weights_.values() if W.ndim == 2)
    per_sequence = weight.mean(axis=1) if per_step else weight
    if batch_size == "auto":
        penalty = 0.5 * 0.7 * squares / per_sequence.sum()
        expected = loss_of(model, X, y, weight.ravel()) + penalty
        assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-10)
    else:
        penalty = 0.5 * 0.7 * squares * (1 / 5 + 1 / 5 + 1 / 2) / 3
        assert model.loss_curve_[0] == pytest.approx(loss_of(model, X, y) + penalty)


@pytest.mark.parametrize("k", [{"k1": 1}, {"k1": 2, "k2": 4}, {"k1": 3, "k2": 1}, {"k2": 2}], ids=str)
def test_loss_curve_does_not_depend_on_k1_and_k2(cls, k):
    X, y = mean_of_features(cls, per_step=True)
    params = {**SMALL, **PER_STEP, "learning_rate_init": 1e-30, "max_iter": 1}
    expected = cls(**params).fit(X, y).loss_curve_
    np.testing.assert_allclose(cls(**params, **k).fit(X, y).loss_curve_, expected, rtol=1e-12)


def test_weights_are_copies(cls):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, max_iter=1)
    with pytest.raises(NotFittedError):
        _ = model.weights_
    model.fit(X, y)
    answer = outputs(model, X)
    for array in model.weights_.values():
        array[...] = 7.0
    np.testing.assert_array_equal(outputs(model, X), answer)
    with pytest.raises(AttributeError):
        model.weights_ = {}


def test_names_and_shapes_of_weights(cls):
    X, y = mean_of_features(cls)
    model = cls(**{**SMALL, "hidden_size": (4, 3)}, bidirectional=True, max_iter=1).fit(X, y)
    G = {"RNN": 1, "LSTM": 4, "GRU": 3}[cls.__name__.removesuffix("Regressor").removesuffix("Classifier")]
    shapes = {}
    for k, (D, H) in enumerate([(F, 4), (8, 3)]):
        for direction in ("", ".reverse"):
            name = f"layer{k}{direction}"
            shapes |= {f"{name}.W_x": (D, G * H), f"{name}.W_h": (H, G * H)}
            shapes |= {f"{name}.b_x": (G * H,), f"{name}.b_h": (G * H,)}
    K = model.n_outputs_
    shapes |= {"readout.W": (6, K), "readout.b": (K,)}
    assert {name: array.shape for name, array in model.weights_.items()} == shapes


def test_y_in_other_units(regressor):
    X, y = mean_of_features(regressor)
    params = {**SMALL, "max_iter": 30}
    model, other = regressor(**params).fit(X, y), regressor(**params).fit(X, 1000 * y + 5)
    np.testing.assert_allclose(other.predict(X), 1000 * model.predict(X) + 5, rtol=1e-7)
    np.testing.assert_allclose(other.loss_curve_, model.loss_curve_, rtol=1e-8)
    assert other.n_iter_ == model.n_iter_
    for name, array in model.weights_.items():
        if not name.startswith("readout"):
            np.testing.assert_allclose(other.weights_[name], array, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other.weights_["readout.W"], 1000 * model.weights_["readout.W"], rtol=1e-6)


def test_outputs_in_different_units(regressor):
    X, y = mean_of_features(regressor)
    both = regressor(**SMALL, max_iter=300).fit(X, np.c_[y, 1e6 * y - 1e7])
    assert both.predict(X)[:, 1] == pytest.approx(1e6 * both.predict(X)[:, 0] - 1e7, abs=3e5)
    assert both.score(X, np.c_[y, 1e6 * y - 1e7]) > 0.5


# --- stopping ----------------------------------------------------------------------------------------


def test_stops_by_tol(cls):
    X, y = mean_of_features(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no ConvergenceWarning
        model = cls(**SMALL, tol=10.0, n_iter_no_change=3).fit(X, y)
    assert 4 <= model.n_iter_ <= 6


def test_max_iter_warns(cls):
    X, y = mean_of_features(cls)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\)"):
        assert cls(**FIXED, max_iter=3).fit(X, y).n_iter_ == 3


def test_n_iter_no_change_may_be_infinite(cls):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, tol=10.0, n_iter_no_change=np.inf, max_iter=30).fit(X, y)
    assert model.n_iter_ == 30


def overfitting(cls):
    """Labels without any rule: the validation loss rises before long."""
    rng = np.random.RandomState(0)
    X, X_val = rng.normal(size=(2, N, T, F))
    return X, np.arange(N) % 3, X_val, rng.permutation(np.arange(N) % 3)


@pytest.mark.parametrize("params", [{}, {"dropout": 0.5}, {"batch_size": 5}], ids=str)
def test_early_stopping_restores_the_best_weights(cls, params):
    X, y, X_val, y_val = overfitting(cls)
    y = y if is_classifier(cls()) else (y - y.mean()) / y.std()
    model = cls(**{**SMALL, "hidden_size": 8, "learning_rate_init": 0.03}, **params, early_stopping=True)
    with pytest.warns(ConvergenceWarning, match="hardly learned anything") as record:
        model.fit(X, y, X_val=X_val, y_val=y_val)
    assert len(record) == 1  # it has not; and nothing else is said
    curve = model.validation_loss_curve_
    assert len(curve) == len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_ < 200
    assert min(curve) < curve[-1]
    assert loss_of(model, X_val, y_val) == pytest.approx(min(curve), rel=1e-12)
    assert model.score(X_val, y_val) == pytest.approx(model.validation_scores_[np.argmin(curve)])
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None


def test_early_stopping_with_weights_of_the_validation_data(cls):
    X, y, X_val, y_val = overfitting(cls)
    y = y if is_classifier(cls()) else (y - y.mean()) / y.std()
    weight = np.linspace(0, 2, N)
    model = cls(**SMALL, max_iter=5, early_stopping=True)
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    assert loss_of(model, X_val, y_val, weight) == pytest.approx(min(model.validation_loss_curve_))
    best = np.argmin(model.validation_loss_curve_)
    assert model.score(X_val, y_val, weight) == pytest.approx(model.validation_scores_[best])


@pytest.mark.parametrize("per_step", [False, True])
def test_validation_fraction(cls, per_step):
    """The training data are what is left: as many updates as they need."""
    X, y = mean_of_features(cls, n=40, per_step=per_step)
    model = cls(**FIXED, early_stopping=True, validation_fraction=0.25, batch_size=5, max_iter=2)
    model.set_params(return_sequences=per_step).fit(X, y)
    assert model.n_updates_ == 2 * 6
    assert len(model.validation_loss_curve_) == 2


def test_validation_data_are_stratified(classifier):
    """Without any information in X the score is the share of the larger class, always the same."""
    y = np.repeat(["common", "rare"], [18, 2])
    for seed in range(5):
        model = classifier(2, random_state=seed, max_iter=2, early_stopping=True, validation_fraction=0.5)
        model.fit(np.zeros((20, 2)), y)
        assert set(model.validation_scores_) <= {0.9, 0.1}


def test_validation_tail_of_a_single_sequence(cls):
    """The last steps, entered with the state that was carried through the others."""
    X, y = mean_of_features(cls, n=1, T=40, per_step=True)
    y = y if is_classifier(cls()) else (y - y.mean()) / y.std()
    model = cls(**SMALL, **PER_STEP, early_stopping=True, validation_fraction=0.2, k1=8, max_iter=20)
    model.fit(X, y)
    assert model.n_updates_ == 4 * model.n_iter_  # 32 steps, 8 at a time
    tail = slice(32, None)
    if is_classifier(model):
        loss = log_loss(y[0, tail], model.predict_proba(X)[0, tail], labels=model.classes_)
        score = accuracy_score(y[0, tail], model.predict(X)[0, tail])
    else:
        loss = 0.5 * np.mean((y - model.predict(X))[0, tail] ** 2)
        score = r2_score(y[0, tail], model.predict(X)[0, tail])
    best = np.argmin(model.validation_loss_curve_)
    assert model.validation_loss_curve_[best] == pytest.approx(loss, rel=1e-10)
    assert model.validation_scores_[best] == pytest.approx(score, rel=1e-10)


def test_validation_tail_is_not_trained_on(cls, assert_same_weights):
    X, y = mean_of_features(cls, n=1, T=40, per_step=True)
    y = np.sign(y)  # of the regressors' mean and scale all steps are a part: keep them the same
    changed_X, changed_y = X.copy(), y.copy()
    changed_X[:, 36:] += 1
    changed_y[:, 36:] = y[:, 36:][:, ::-1]
    params = {**FIXED, **PER_STEP, "early_stopping": True, "max_iter": 1}
    model, other = cls(**params).fit(X, y), cls(**params).fit(changed_X, changed_y)
    assert_same_weights(model, other)
    assert model.validation_loss_curve_ != other.validation_loss_curve_


# --- partial_fit -------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize(
    "params",
    [{}, {"dropout": 0.3}, {"weight_dropout": 0.3}, {"k1": 2, "k2": 3}, {"dtype": "float32"}],
    ids=str,
)
def test_partial_fit_over_parts_is_one_pass(classifier, parts, params, assert_same_weights):
    X, y = mean_of_features(classifier, per_step=True)
    params = {**FIXED, **PER_STEP, "batch_size": 3, "shuffle": False, **params}
    whole = classifier(**params, max_iter=1).fit(X, y)
    model = classifier(**params)
    for k in range(0, N, 3 * parts):
        rows = slice(k, k + 3 * parts)
        assert model.partial_fit(X[rows], y[rows], **first_classes(classifier)) is model
    assert_same_weights(model, whole)
    assert model.n_updates_ == whole.n_updates_


@pytest.mark.parametrize("parts", [1, 2])
def test_partial_fit_over_parts_of_equal_mean_and_scale_is_one_pass(regressor, parts):
    X, _ = mean_of_features(regressor)
    y = np.tile([-1.0, 0.0, 1.0], N // 3)
    params = {**FIXED, "batch_size": 3, "shuffle": False}
    whole, model = regressor(**params, max_iter=1).fit(X, y), regressor(**params)
    for k in range(0, N, 3 * parts):
        model.partial_fit(X[k : k + 3 * parts], y[k : k + 3 * parts])
    for name, array in whole.weights_.items():
        np.testing.assert_allclose(model.weights_[name], array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", STEPPING)
@pytest.mark.parametrize("batch_size", ["auto", 5])
def test_partial_fit_keeps_the_solvers_memory(cls, solver, batch_size, assert_same_weights):
    X, y = mean_of_features(cls)
    params = {**FIXED, "solver": solver, "batch_size": batch_size, "dropout": 0.2}
    model = cls(**params)
    for _ in range(4):
        model.partial_fit(X, y, **first_classes(cls))
    expected = cls(**params, max_iter=4).fit(X, y)
    assert_same_weights(model, expected)
    assert model.loss_curve_ == expected.loss_curve_
    assert (model.n_iter_, model.n_updates_) == (4, expected.n_updates_)


@pytest.mark.filterwarnings("ignore:y is far from the targets of the first call")
def test_partial_fit_keeps_mean_and_scale_of_the_first_part(regressor):
    X, y = mean_of_features(regressor)
    model = regressor(**FIXED).partial_fit(X, y)
    before = model.predict(X)
    model.set_params(learning_rate_init=1e-30).partial_fit(X, 1000 * y)
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-12)


def test_partial_fit_goes_on_after_fit(cls):
    X, y = mean_of_features(cls)
    model = cls(**FIXED, max_iter=3).fit(X, y)
    loss = loss_of(model, X, y)
    model.partial_fit(X, y)
    assert (model.n_iter_, model.n_updates_, len(model.loss_curve_)) == (4, 4, 4)
    assert abs(loss_of(model, X, y) - loss) < 0.3 * loss
    model.set_params(learning_rate_init=1e-30)
    answer = outputs(model, X)
    np.testing.assert_allclose(outputs(model.partial_fit(X, y), X), answer, rtol=1e-12)


def test_fit_after_partial_fit_starts_anew(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    model = cls(**FIXED, max_iter=3)
    expected = clone(model).fit(X, y)
    model.partial_fit(X[:, :, :1], y, **first_classes(cls)).fit(X, y)
    assert_same_weights(model, expected)
    assert model.loss_curve_ == expected.loss_curve_
    assert (model.n_iter_, model.n_updates_, model.n_features_in_) == (3, 3, F)


def test_partial_fit_does_not_warn_of_convergence(cls):
    X, y = mean_of_features(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cls(**SMALL, max_iter=1).partial_fit(X, y, **first_classes(cls))


def test_partial_fit_is_not_there_with_lbfgs(cls):
    model = cls(solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(*mean_of_features(cls))
    assert hasattr(model.set_params(solver="sgd"), "partial_fit")


# --- parameters that are wrong after fit -------------------------------------------------------------

AFTER_FIT = {
    "predict": lambda m, X, y: m.predict(X),
    "score": lambda m, X, y: m.score(X, y),
    "hidden_states": lambda m, X, y: m.hidden_states(X),
    "stream": lambda m, X, y: m.stream(N),
    "partial_fit": lambda m, X, y: m.partial_fit(X, y),
    "predict_proba": lambda m, X, y: m.predict_proba(X),
    "predict_log_proba": lambda m, X, y: m.predict_log_proba(X),
    "saliency": lambda m, X, y: inspection.saliency(m, X),
    "gradient_flow": lambda m, X, y: inspection.gradient_flow(m, X, y),
    "state_trajectory": lambda m, X, y: inspection.state_trajectory(m, X[0]),
}
WRONG = {
    "n_jobs": ["x", 1.5, [2], np.nan], "initial_state": ["x", None, 0, ["last"]], "tol": ["x"],
    "solver": ["x", None, ["adam"]], "embedding_size": ["x", 0, np.nan], "activation": ["x"],
}  # fmt: skip


def read_after_fit(cls, method):
    """The parameters among ``WRONG`` that a method reads."""
    if method in ("partial_fit", "gradient_flow"):  # y is read again, as the settings say
        return sorted(WRONG.keys() & set(cls().get_params()))
    return ["initial_state"] if method in ("stream", "state_trajectory") else ["initial_state", "n_jobs"]


@pytest.mark.parametrize(
    ("cls", "method", "name"),
    [
        (cls, method, name) for cls in ESTIMATORS for method in AFTER_FIT
        if hasattr(cls, method) or hasattr(inspection, method)
        for name in read_after_fit(cls, method)
    ],
)  # fmt: skip
def test_a_parameter_that_is_wrong_after_fit_is_named(cls, method, name):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, max_iter=1).fit(X, y)
    call, right = AFTER_FIT[method], getattr(model, name)
    for value in WRONG[name]:
        model.set_params(**{name: value})
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of {cls.__name__}"):
            call(model, X, y)
    call(model.set_params(**{name: right}), X, y)


# --- warm_start --------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", STEPPING)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"batch_size": 5},
        {"batch_size": 5, "dropout": 0.3, "k1": 2, "k2": 3},
        {"hidden_size": (3, 2)},
        {"batch_size": 5, "weight_dropout": 0.3, "k1": 2},
    ],
    ids=str,
)
def test_warm_start_goes_on(cls, solver, params, assert_same_weights):
    """Weights, solver and random state go on: 3 epochs and 4 are 7."""
    X, y = mean_of_features(cls, per_step=True)
    params = {**FIXED, **PER_STEP, "solver": solver, **params}
    expected = cls(**params, max_iter=7).fit(X, y)
    model = cls(**params, max_iter=3, warm_start=True).fit(X, y).set_params(max_iter=4).fit(X, y)
    assert_same_weights(model, expected)
    assert model.loss_curve_ == expected.loss_curve_
    assert model.n_updates_ == expected.n_updates_
    assert model.n_iter_ == 4


def test_warm_start_after_pickling(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    model = cls(**FIXED, max_iter=2, warm_start=True, batch_size=5).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_same_weights(model.fit(X, y), copy.fit(X, y))


def test_warm_start_off_starts_anew(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    model = cls(**FIXED, max_iter=2, warm_start=True).fit(X, y)
    assert_same_weights(model.set_params(warm_start=False).fit(X, y), clone(model).fit(X, y))


def test_warm_start_with_other_data(cls):
    X, y = mean_of_features(cls)
    model = cls(**FIXED, max_iter=2, warm_start=True).fit(X, y)
    before = model.n_updates_
    model.fit(X[:5, :3], y[:5])  # fewer sequences and steps
    assert model.n_updates_ > before
    with pytest.raises(ValueError, match="X has 1 features"):
        model.fit(X[:, :, :1], y)
    with pytest.raises(ValueError, match="fitted on sequences"):
        model.fit(X[:, :, 0], y)


CHANGES = [
    ("hidden_size", 4), ("hidden_size", (3, 3)), ("bidirectional", True), ("activation", "relu"),
    ("pooling", "mean"), ("pooling", "last_max"), ("return_sequences", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [(cls, *change) for cls in ESTIMATORS for change in CHANGES if change[0] in cls().get_params()],
)
def test_warm_start_of_another_network(cls, name, value, assert_same_weights):
    """What the weights depend on must not have changed; the error names it, the model stays."""
    X, y = mean_of_features(cls)
    y_now = mean_of_features(cls, per_step=True)[1] if name == "return_sequences" else y
    model = cls(**FIXED, max_iter=2, warm_start=True).fit(X, y)
    expected = clone(model).fit(X, y)
    old = model.get_params()[name]
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=name):
            call(X, y_now) if model.set_params(**{name: value}) else None
        model.set_params(**{name: old})
        assert_same_weights(model, expected)
    assert_same_weights(model.fit(X, y), expected.fit(X, y))


def test_warm_start_of_another_target(classifier):
    X, y = mean_of_features(classifier)
    model = classifier(**FIXED, max_iter=2, warm_start=True).fit(X, y)
    for other in (y + 1, np.c_[y > 0, y > 1].astype(int)):
        with pytest.raises(ValueError, match="y"):
            model.fit(X, other)
    model.fit(X, np.minimum(y, 1))  # a class may be missing
    assert list(model.classes_) == [0, 1, 2]
    assert model.predict_proba(X).shape == (len(X), 3)
    assert "y may lack some of them" in " ".join(classifier.__doc__.split())  # MLPClassifier refuses


def test_warm_start_of_lbfgs(cls):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, solver="lbfgs", max_iter=5, warm_start=True, tol=1e-9).fit(X, y)
    loss = model.loss_
    model.fit(X, y)
    assert len(model.loss_curve_) == 10
    assert model.loss_ < loss


@pytest.mark.parametrize("name", ["beta_1", "epsilon"])
def test_warm_start_takes_new_settings_of_the_solver(name, assert_same_weights):
    """As it takes a new learning rate: what get_params says is what is done."""
    X, y = mean_of_features(skrnn.GRURegressor)
    models = []
    for value in (None, 0.5):
        model = skrnn.GRURegressor(**FIXED, max_iter=2, warm_start=True).fit(X, y)
        models.append(model.set_params(**({name: value} if value else {})).fit(X, y))
    assert (models[0].weights_["layer0.W_x"] != models[1].weights_["layer0.W_x"]).all()


# --- interruptions -----------------------------------------------------------------------------------


@contextlib.contextmanager
def interrupted(cls, name, call, *, error=KeyboardInterrupt, spoil=False):
    """The ``call``-th call of method ``name`` raises; with ``spoil`` after half of its work."""
    original, count = getattr(cls, name), [0]

    def method(self, theta, *args):
        count[0] += 1
        if count[0] != call:
            return original(self, theta, *args)
        if spoil:
            half = theta.size // 2
            rest = theta[half:].copy()
            original(self, theta, *args)
            theta[half:] = rest
            self.memory[:, :half] = 7.0
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cls, name, method)
        yield


def warns_of_interruption():
    return pytest.warns(UserWarning, match="interrupted by user")


LOSS_OF = {True: losses.MultinomialLogLoss, False: losses.SquaredError}


@pytest.mark.parametrize("solver", STEPPING)
def test_interrupt_in_the_middle_of_a_step(cls, solver, assert_same_weights):
    """As if that update had never begun; and training can go on as if nothing had happened."""
    X, y = mean_of_features(cls)
    params = {**FIXED, "solver": solver, "warm_start": True}
    model = cls(**params, max_iter=50)
    with interrupted(solvers.SOLVERS[solver], "step", 4, spoil=True), warns_of_interruption() as caught:
        model.fit(X, y)
    # a step that is not skrnn's own has no compiled twin; neither may this one have
    with interrupted(solvers.SOLVERS[solver], "step", None):
        expected = cls(**params, max_iter=3).fit(X, y)
    assert [w.filename for w in caught] == [__file__]
    assert_same_weights(model, expected)
    assert (model.n_iter_, len(model.loss_curve_)) == (3, 3)
    np.testing.assert_array_equal(outputs(model, X), outputs(expected, X))
    assert_same_weights(*(m.set_params(max_iter=2).fit(X, y) for m in (model, expected)))


@pytest.mark.parametrize("call", [1, 5, 6])
def test_interrupt_in_the_middle_of_an_epoch(cls, call):
    """The whole updates stay: four of the first epoch, then one of the second."""
    X, y = mean_of_features(cls)
    params = {**FIXED, "batch_size": 3, "shuffle": False}
    model = cls(**params)
    loss = LOSS_OF[is_classifier(model)]
    with interrupted(loss, "value_and_gradient", call), warns_of_interruption():
        model.fit(X, y)
    expected = cls(**{**params, "learning_rate_init": 1e-30} if call == 1 else params, max_iter=1)
    expected.set_params(warm_start=True).fit(X, y)
    if call == 6:
        expected.partial_fit(X[:3], y[:3])
    for name, array in model.weights_.items():
        np.testing.assert_allclose(array, expected.weights_[name], rtol=1e-9, atol=1e-12)
    assert model.predict(X).shape == y.shape
    assert model.n_iter_ == len(model.loss_curve_) == (call > 1)


def test_interrupt_counts_the_updates_that_were_made(cls):
    X, y = mean_of_features(cls)
    model = cls(**FIXED, batch_size=3)
    with interrupted(LOSS_OF[is_classifier(model)], "value_and_gradient", 7), warns_of_interruption():
        model.fit(X, y)
    assert model.n_updates_ == 6


def test_interrupt_of_lbfgs(cls):
    X, y = mean_of_features(cls)
    start = cls(**SMALL, solver="lbfgs", max_iter=1).fit(X, y)
    model = cls(**SMALL, solver="lbfgs", tol=1e-12)
    with interrupted(LOSS_OF[is_classifier(model)], "value_and_gradient", 10), warns_of_interruption():
        model.fit(X, y)
    assert 1 <= model.n_iter_ < 10
    assert loss_of(model, X, y) <= loss_of(start, X, y)


def test_interrupt_of_early_stopping_keeps_the_best_weights(cls):
    X, y, X_val, y_val = overfitting(cls)
    y = y if is_classifier(cls()) else (y - y.mean()) / y.std()
    model = cls(**{**FIXED, "learning_rate_init": 0.3}, early_stopping=True)
    with interrupted(solvers.Adam, "step", 12), warns_of_interruption():
        model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_iter_ == 11
    assert loss_of(model, X_val, y_val) == pytest.approx(min(model.validation_loss_curve_))


def test_interrupt_of_partial_fit(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    model, expected = (cls(**FIXED).partial_fit(X, y, **first_classes(cls)) for _ in range(2))
    with interrupted(solvers.Adam, "step", 1, spoil=True), warns_of_interruption():
        model.partial_fit(X, y)
    assert_same_weights(model, expected)
    assert_same_weights(model.partial_fit(X, y), expected.partial_fit(X, y))


def test_interrupt_before_training(cls, monkeypatch):
    """While new weights are drawn: an earlier model is still there, whole."""
    X, y = mean_of_features(cls)
    model = cls(**FIXED, max_iter=2).fit(X, y)
    answer = outputs(model, X)

    def qr(A):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np.linalg, "qr", qr)
        with pytest.raises(KeyboardInterrupt):
            model.set_params(hidden_size=5).fit(X[:, :, :1], y)
    np.testing.assert_array_equal(outputs(model, X), answer)
    assert model.n_features_in_ == F


@pytest.mark.parametrize("cls", [skrnn.GRURegressor, skrnn.RNNClassifier])
@pytest.mark.parametrize("solver", STEPPING)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_error_in_the_middle_of_a_warm_fit_loses_nothing(
    cls, solver, early_stopping, assert_same_weights
):
    """Weights, curves, counts; and solver and random state, so that training goes on as before."""
    X, y = mean_of_features(cls)
    validation = {"X_val": X, "y_val": y} if early_stopping else {}
    params = {**FIXED, "solver": solver, "max_iter": 3, "batch_size": 5, "early_stopping": early_stopping}
    model, expected = (cls(**params, warm_start=True).fit(X, y, **validation) for _ in range(2))
    loss, error = LOSS_OF[is_classifier(model)], MemoryError("no room")
    with interrupted(loss, "value_and_gradient", 7, error=error), pytest.raises(MemoryError):
        model.fit(X, y, **validation)
    for _ in range(2):
        assert_same_weights(model, expected)
        for name in ("loss_curve_", "validation_loss_curve_", "validation_scores_", "grad_norm_curve_"):
            assert getattr(model, name) == getattr(expected, name)
        assert (model.n_iter_, model.n_updates_) == (expected.n_iter_, expected.n_updates_)
        model.fit(X, y, **validation)
        expected.fit(X, y, **validation)


# --- weights of sequences, steps and classes ---------------------------------------------------------


@pytest.mark.parametrize("batch_size", ["auto", 4])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_weight_zero_is_left_out(cls, batch_size, early_stopping, assert_same_weights):
    X, y = mean_of_features(cls, n=30)
    weight = np.where(np.arange(30) % 4 == 1, 0.0, 1.5)
    params = {**FIXED, "max_iter": 3, "batch_size": batch_size, "early_stopping": early_stopping}
    model = cls(**params, validation_fraction=0.3).fit(X, y, weight)
    left = weight > 0
    assert_same_weights(model, clone(model).fit(X[left], y[left], weight[left]))


@pytest.mark.parametrize(
    "form", [list, pd.Series, lambda w: w.astype(np.float32), lambda w: w.astype(int)]
)
def test_forms_of_sample_weight(cls, form, assert_same_weights):
    X, y = mean_of_features(cls)
    weight = np.arange(1.0, N + 1)
    expected = cls(**FIXED, max_iter=2).fit(X, y, weight)
    assert_same_weights(cls(**FIXED, max_iter=2).fit(X, y, form(weight)), expected)


@pytest.mark.filterwarnings("ignore:Every sequence of X has one time step only")
def test_weights_of_steps(cls, assert_same_weights):
    X, y = mean_of_features(cls, per_step=True)
    weight = np.random.RandomState(0).uniform(size=N)
    params = {**FIXED, **PER_STEP, "max_iter": 3}
    expected = cls(**params).fit(X, y, weight)
    repeated = np.repeat(weight[:, None], T, axis=1)
    for form in (repeated, list(repeated), repeated.tolist()):
        model = cls(**params).fit(X, y, form)
        for name, array in model.weights_.items():
            np.testing.assert_allclose(array, expected.weights_[name], rtol=1e-8, atol=1e-11)
        assert model.score(X, y, form) == pytest.approx(model.score(X, y, weight))
    one_step = repeated.copy()
    one_step[:, 1:] = 0
    other = np.where(one_step, y, 0)
    np.testing.assert_allclose(
        cls(**{**params, "alpha": 0}).fit(X, y, one_step).loss_curve_,
        cls(**{**params, "alpha": 0}).fit(X[:, :1], other[:, :1], weight).loss_curve_,
        rtol=1e-9,
    )


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 3.0, 2: 1.0}, {1: 3.0}], ids=str)
def test_class_weight_is_a_sample_weight(classifier, per_step, weighted, class_weight):
    X, y = mean_of_features(classifier, per_step=per_step)
    weight = np.random.RandomState(0).uniform(0.1, 2, size=y.shape) if weighted else np.ones(y.shape)
    if class_weight == "balanced":
        total = np.bincount(y.ravel(), weight.ravel())
        factors = weight.sum() / (3 * total)
    else:
        factors = np.array([class_weight.get(label, 1.0) for label in range(3)])
    params = {**FIXED, "max_iter": 5, "return_sequences": per_step}
    model = classifier(**params, class_weight=class_weight).fit(X, y, weight if weighted else None)
    expected = classifier(**params).fit(X, y, weight * factors[y])
    for name, array in model.weights_.items():
        np.testing.assert_allclose(array, expected.weights_[name], rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=1e-10)


def test_class_weight_of_labels_that_are_strings(classifier, assert_same_weights):
    X, y = mean_of_features(classifier)
    names = np.array(["a", "b", "c"])
    model = classifier(**FIXED, max_iter=2, class_weight={"b": 2.0}).fit(X, names[y])
    assert_same_weights(model, classifier(**FIXED, max_iter=2, class_weight={1: 2.0}).fit(X, y))


# --- score -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_score_counts_steps(cls, weighted):
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(length, F)) for length in (1, 4, 7)]
    y = [np.arange(len(x)) % 3 for x in X]
    y = y if is_classifier(cls()) else [labels.astype(float) for labels in y]
    weight = [rng.uniform(size=len(x)) for x in X] if weighted else None
    model = cls(**SMALL, **PER_STEP, max_iter=5).fit(X, y)
    metric = accuracy_score if is_classifier(model) else r2_score
    flat = np.concatenate(weight) if weighted else None
    expected = metric(np.concatenate(y), np.concatenate(list(model.predict(X))), sample_weight=flat)
    assert model.score(X, y, weight) == pytest.approx(expected)
    by_sequence = np.array([1.0, 2.0, 0.5])
    expected = metric(
        np.concatenate(y),
        np.concatenate(list(model.predict(X))),
        sample_weight=by_sequence.repeat([1, 4, 7]),
    )
    assert model.score(X, y, by_sequence) == pytest.approx(expected)


def test_score_of_one_target(cls):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, max_iter=5).fit(X, y)
    metric = accuracy_score if is_classifier(model) else r2_score
    weight = np.linspace(0, 1, N)
    assert model.score(X, y) == metric(y, model.predict(X))
    assert model.score(X, y, weight) == metric(y, model.predict(X), sample_weight=weight)


def test_score_of_several_outputs_per_step(regressor):
    X, y = mean_of_features(regressor, per_step=True)
    y = np.stack([y, 1 - y**2], axis=2)
    model = regressor(**SMALL, **PER_STEP, max_iter=5).fit(X, y)
    expected = r2_score(y.reshape(-1, 2), model.predict(X).reshape(-1, 2))
    assert model.score(X, y) == pytest.approx(expected)


# --- solvers, schedules, dropout ---------------------------------------------------------------------


@pytest.mark.parametrize("solver", [*STEPPING, "lbfgs"])
def test_every_solver_learns(cls, solver):
    X, y = mean_of_features(cls)
    params = {**SMALL, "hidden_size": 8, "solver": solver, "max_iter": 100, "alpha": 0}
    params["learning_rate_init"] = 0.1 if solver == "sgd" else 0.02
    model = cls(**params).fit(X, y)
    assert loss_of(model, X, y) < 0.3 * model.loss_curve_[0]


@pytest.mark.parametrize(
    ("solver", "option"),
    [
        ("adam", {"beta_1": 0.5}), ("adam", {"beta_2": 0.5}), ("adam", {"epsilon": 1.0}),
        ("rmsprop", {"beta_2": 0.5}), ("rmsprop", {"epsilon": 1.0}), ("sgd", {"momentum": 0.5}),
        ("sgd", {"nesterovs_momentum": False}), ("lbfgs", {"max_fun": 3}), ("lbfgs", {"tol": 0.1}),
    ],
    ids=str,
)  # fmt: skip
def test_options_of_solvers_have_an_effect(solver, option):
    X, y = mean_of_features(skrnn.GRURegressor)
    params = {**FIXED, "max_iter": 6, "solver": solver}
    one = skrnn.GRURegressor(**params).fit(X, y)
    other = skrnn.GRURegressor(**{**params, **option}).fit(X, y)
    assert (one.weights_["layer0.W_x"] != other.weights_["layer0.W_x"]).all()


@pytest.mark.parametrize("schedule", ["adaptive", "cosine"])
def test_schedules_begin_with_the_initial_rate(cls, schedule, assert_same_weights):
    X, y = mean_of_features(cls)
    expected = cls(**FIXED, max_iter=1).fit(X, y)
    assert_same_weights(cls(**FIXED | {"learning_rate": schedule}, max_iter=1).fit(X, y), expected)


def sizes_of_steps(schedule, max_iter, **params):
    """How far the weights move in each epoch, by plain gradients clipped to length 1."""
    X, y = mean_of_features(skrnn.GRURegressor)
    settings = {**FIXED, "solver": "sgd", "momentum": 0.0, "clip_norm": 1e-6, "learning_rate_init": 1.0}
    theta, steps = None, []
    for epochs in range(1, max_iter + 1):
        params["learning_rate"] = schedule
        model = skrnn.GRURegressor(**settings | params, max_iter=max_iter)
        with interrupted(solvers.SGD, "step", epochs + 1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
        now = np.concatenate([a.ravel() for n, a in model.weights_.items() if n.startswith("layer")])
        steps += [] if theta is None else [np.linalg.norm(now - theta)]
        theta = now
    return np.array(steps)


def test_cosine():
    steps = sizes_of_steps("cosine", 8)
    rates = 0.5 * (1 + np.cos(np.pi * np.arange(1, 8) / 8))
    np.testing.assert_allclose(steps / steps[0], rates / rates[0], rtol=1e-3)


def test_adaptive():
    steps = sizes_of_steps("adaptive", 9, tol=10.0, n_iter_no_change=1)
    ratios = steps[1:] / steps[:-1]
    np.testing.assert_allclose(ratios[ratios < 0.9], 0.2, rtol=1e-3)
    np.testing.assert_allclose(ratios[ratios >= 0.9], 1, rtol=1e-3)
    assert 2 <= (ratios < 0.9).sum() <= 4


def test_adaptive_goes_on_after_a_plateau_and_ends(cls):
    X, y = mean_of_features(cls)
    params = {**SMALL, "tol": 10.0, "n_iter_no_change": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        constant = cls(**params).fit(X, y)
        adaptive = cls(**params | {"learning_rate": "adaptive"}).fit(X, y)
    assert constant.n_iter_ < 5
    assert 10 < adaptive.n_iter_ < 30  # 0.01 / 5**6 < 1e-6


def test_cosine_ends_without_warning(cls):
    X, y = mean_of_features(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cls(**FIXED | {"learning_rate": "cosine"}, max_iter=4).fit(X, y).n_iter_ == 4


def test_cosine_is_constant_in_partial_fit(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    model, expected = cls(**FIXED | {"learning_rate": "cosine"}), cls(**FIXED)
    for _ in range(3):
        model.partial_fit(X, y, **first_classes(cls))
        expected.partial_fit(X, y, **first_classes(cls))
    assert_same_weights(model, expected)


def test_lbfgs(cls):
    X, y = mean_of_features(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = cls(**SMALL, solver="lbfgs", alpha=0.1, tol=1e-3, max_iter=500).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) < 500
    assert (np.diff(model.loss_curve_) <= 0).all()
    assert model.grad_norm_curve_[-1] < 1e-2
    assert model.clipped_fraction_curve_ == [0.0] * model.n_iter_
    for stop in ({"max_iter": 3}, {"max_fun": 4}):
        with pytest.warns(ConvergenceWarning):
            short = cls(**SMALL, solver="lbfgs", tol=1e-9, **stop).fit(X, y)
        assert short.n_iter_ <= 4


def test_lbfgs_in_blocks(cls):
    """More sequences than one block: the loss is that of all of them."""
    X, y = mean_of_features(cls, n=300)
    y = y if is_classifier(cls()) else (y - y.mean()) / y.std()
    model = cls(**SMALL, solver="lbfgs", max_iter=3, alpha=0).fit(X, y)
    assert model.loss_ == pytest.approx(loss_of(model, X, y), rel=1e-10)


def test_shuffle(cls, assert_same_weights):
    """Another order of the sequences in every epoch; without effect on a single batch."""
    X, y = mean_of_features(cls)
    epochs = {"max_iter": 2, "alpha": 0, "learning_rate_init": 1e-30}
    for shuffle in (True, False):
        model = cls(**{**FIXED, **epochs}, shuffle=shuffle, batch_size=5).fit(X, y)
        # nothing moves: the mean gradient norm shows which sequences shared a batch
        assert (model.grad_norm_curve_[0] != model.grad_norm_curve_[1]) == shuffle
    one, other = (cls(**FIXED, max_iter=2, shuffle=shuffle).fit(X, y) for shuffle in (True, False))
    assert_same_weights(one, other)


@pytest.mark.parametrize("params", [{}, {"hidden_size": (3, 2)}, {"bidirectional": True}], ids=str)
def test_dropout(cls, params):
    X, y = mean_of_features(cls, per_step=True)
    params = {**FIXED, **PER_STEP, "max_iter": 3, **params}
    without, half = (cls(**params, dropout=p).fit(X, y) for p in (0.0, 0.5))
    assert half.loss_curve_ != without.loss_curve_
    assert (half.weights_["layer0.W_x"] != without.weights_["layer0.W_x"]).any()
    np.testing.assert_array_equal(outputs(half, X), outputs(half, X))
    np.testing.assert_array_equal(outputs(half, X), outputs(half.set_params(dropout=0.0), X))


@pytest.mark.parametrize("params", [{}, {"hidden_size": (3, 2)}, {"bidirectional": True}], ids=str)
def test_weight_dropout(cls, params):
    X, y = mean_of_features(cls, per_step=True)
    params = {**FIXED, **PER_STEP, "max_iter": 3, **params}
    without, half = (cls(**params, weight_dropout=p).fit(X, y) for p in (0.0, 0.5))
    assert half.loss_curve_ != without.loss_curve_
    assert (half.weights_["layer0.W_x"] != without.weights_["layer0.W_x"]).any()
    assert (half.weights_["layer0.W_h"] != 0).all()  # the mask is for training
    np.testing.assert_array_equal(outputs(half, X), outputs(half.set_params(weight_dropout=0.0), X))


def test_names_of_the_same_poolings_make_the_same_model(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    for name, same in (("last", ("last",)), ("mean", ("mean",)), ("last_max", ("last", "max"))):
        models = [cls(**FIXED, max_iter=2, warm_start=True, pooling=p).fit(X, y) for p in (name, same)]
        assert_same_weights(*models)
        assert clone(models[1]).get_params()["pooling"] == same
        models[1].set_params(pooling=name).fit(X, y)  # and go on as such
    if_per_step = cls(**FIXED, **PER_STEP, pooling=("last",))
    if_per_step.fit(*mean_of_features(cls, per_step=True))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_rows_of_the_read_out_are_those_of_the_poolings(cls, bidirectional):
    """As many for each, in their order; the weights start at the scale of all of them."""
    X, y = mean_of_features(cls)
    Q = FIXED["hidden_size"] * (1 + bidirectional)
    options = {**FIXED, "learning_rate_init": 1e-30, "max_iter": 1, "bidirectional": bidirectional}
    model = cls(**options, pooling=("max", "last")).fit(X, y)
    W = model.weights_["readout.W"]
    assert W.shape == (2 * Q, model.n_outputs_)
    scale = y.std() if is_regressor(model) else 1.0
    assert np.abs(W / scale).max() <= np.sqrt(6 / (2 * Q + model.n_outputs_))
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(outputs(copy, X), outputs(model, X))


def test_clipping(cls):
    X, y = mean_of_features(cls)
    for params in ({"clip_norm": 1e-6}, {"clip_value": 1e-9}):
        model = cls(**FIXED, solver="sgd", momentum=0, max_iter=3, **params).fit(X, y)
        start = cls(**{**FIXED, "learning_rate_init": 1e-30}, max_iter=1).fit(X, y)
        assert model.clipped_fraction_curve_ == [1.0] * 3
        moved = model.weights_["layer0.W_h"] - start.weights_["layer0.W_h"]
        assert 0 < np.abs(moved).max() < 3.1e-8
        assert min(model.grad_norm_curve_) > 1e-3  # before clipping
    off = cls(**FIXED, clip_norm=None, max_iter=3).fit(X, y)
    assert off.clipped_fraction_curve_ == [0.0] * 3


# --- printing and pickling ---------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [True, 1])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_verbose_prints_a_line_per_epoch(cls, verbose, solver, capsys):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, max_iter=4, tol=1e-9, solver=solver, verbose=verbose).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    for line, loss in zip(lines, model.loss_curve_, strict=True):
        assert f"loss {loss:.4g}"[:8] in line
    assert "validation" not in lines[0]


def test_verbose_with_early_stopping(cls, capsys):
    X, y = mean_of_features(cls)
    cls(**SMALL, max_iter=2, verbose=True, early_stopping=True).fit(X, y, X_val=X, y_val=y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("validation loss" in line and "validation score" in line for line in lines)


def test_silent_by_default(cls, capsys):
    X, y = mean_of_features(cls)
    cls(**SMALL, max_iter=2).fit(X, y).predict(X)
    out = capsys.readouterr()
    assert out.out == out.err == ""


def test_size_of_the_pickle(cls):
    X, y = mean_of_features(cls)
    params = {"hidden_size": 40, "random_state": 0, "max_iter": 2}
    model = cls(**params).fit(X, y)
    weights = sum(array.nbytes for array in model.weights_.values())
    rest = 6000
    assert weights > rest
    assert len(pickle.dumps(model)) < weights + rest
    warm = cls(**params, warm_start=True).fit(X, y)
    assert 3 * weights < len(pickle.dumps(warm)) < 3 * weights + 2 * rest
    assert len(pickle.dumps(model.fit(X, y))) < weights + rest


def test_pickle_and_copy(cls, assert_same_weights):
    X, y = mean_of_features(cls)
    model = cls(**SMALL, max_iter=2).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_same_weights(copy, model)
    np.testing.assert_array_equal(outputs(copy, X), outputs(model, X))
    assert copy.loss_curve_ == model.loss_curve_
    assert_same_weights(copy.partial_fit(X, y), model.partial_fit(X, y))


# --- what validation sees ------------------------------------------------------------------------------


def imbalanced(n=40):
    rng = np.random.RandomState(0)
    return rng.normal(size=(n, 4, 2)), (np.arange(n) % 5 == 0).astype(int)


@pytest.mark.parametrize("per_step", [False, True])
def test_validation_score_is_score_whatever_the_class_weights(classifier, per_step):
    X, y = imbalanced()
    y = np.repeat(y[:, None], 4, axis=1) if per_step else y
    model = classifier(
        3, max_iter=4, early_stopping=True, class_weight={0: 1.0, 1: 50.0}, return_sequences=per_step,
        tol=0.0, n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    scores = []
    for n in range(1, 5):
        model.set_params(max_iter=n).fit(X, y, X_val=X, y_val=y)
        scores.append(model.validation_scores_[-1])
        if model.validation_loss_curve_[-1] == min(
            model.validation_loss_curve_
        ):  # these weights are kept
            assert model.score(X, y) == pytest.approx(scores[-1])
    assert np.mean(y == 0) == 0.8


def test_balanced_weights_of_validation_data_are_those_of_the_training_data(classifier):
    """Validation data with other shares of the classes are weighted as the training data are."""
    X, y = imbalanced()
    balanced = len(y) / (2 * np.bincount(y))
    X_val, y_val = X[:20], np.arange(20) % 2
    curves = [
        classifier(3, max_iter=3, early_stopping=True, class_weight=class_weight, random_state=0)
        .fit(X, y, X_val=X_val, y_val=y_val)
        .validation_loss_curve_
        for class_weight in ("balanced", dict(enumerate(balanced)))
    ]
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("warm", [False, True])
@one_of_each
def test_validation_data_have_the_columns_of_the_training_data(cls, library, warm):
    """By name and in their order: others would be read as the columns of X in silence."""
    frame = pytest.importorskip(library).DataFrame
    rng = np.random.RandomState(0)
    X = frame({name: rng.normal(size=20) for name in "abc"})
    y = np.arange(20) % 2
    model = cls(2, max_iter=1, early_stopping=True, warm_start=warm, tol=None)
    if warm:
        model.fit(X, y)
    before = {name: value for name, value in vars(model).items() if name.endswith("_")}
    others = {
        "has the columns of X in another order: column 0 is 'b', in X 'a'": X[["b", "a", "c"]],
        r"has the column\(s\) 'd', which X has not": frame(dict.fromkeys("abd", y * 1.0)),
    }
    for what, other in others.items():
        with pytest.raises(
            ValueError, match=f"^X_val {what}. The feature names should match those of X,"
        ):
            model.fit(X, y, X_val=other, y_val=y)
        assert {name: value for name, value in vars(model).items() if name.endswith("_")} == before
    assert model.fit(X, y, X_val=X[["a", "b", "c"]], y_val=y).n_iter_ == 1
