"""The encoder-decoders of numbers as estimators: answers, training, scikit-learn's tools, bad input."""

import inspect
import pickle
from copy import copy

import joblib
import numpy as np
import pandas as pd
import pytest
import test_docstrings as docstrings
from sklearn.base import clone, is_regressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from support.inside import targets_of, theta_of

import skrnn
from skrnn.inspection import permutation_importance
from skrnn.metrics import sequence_scorer

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")

CLASSES = [
    skrnn.RNNEncoderDecoderRegressor,
    skrnn.LSTMEncoderDecoderRegressor,
    skrnn.GRUEncoderDecoderRegressor,
]
ONE = skrnn.GRUEncoderDecoderRegressor
SMALL = {"hidden_size": 6, "max_iter": 3, "tol": None, "random_state": 0}


@pytest.fixture(params=CLASSES, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def running_sums(n=20, K=None, *, equal=False, seed=0):
    """Sequences of two features, answered by the running sums of their first steps, K times."""
    rng = np.random.RandomState(seed)
    S, T = (np.full(n, k) if equal else rng.randint(k - 2, k + 2, size=n) for k in (5, 3))
    X = [rng.normal(size=(s, 2)) for s in S]
    y = [30 + 7 * np.cumsum(x[:t, 0]) for x, t in zip(X, T, strict=True)]
    if K is not None:
        y = [np.stack([k + (k + 1) * v for k in range(K)], axis=1) for v in y]
    return (np.stack(X), np.stack(y)) if equal else (X, y)


def assert_same(a, b):
    for name, array in a.weights_.items():
        np.testing.assert_array_equal(array, b.weights_[name], err_msg=name)


# --- what is answered ---------------------------------------------------------------------------------


def test_it_learns_what_can_be_learned(cls):
    X, y = running_sums(400)
    model = cls(random_state=0).fit(X, y)
    X_new, y_new = running_sums(40, seed=1)
    assert model.score(X_new, y_new) > (0.7 if cls is CLASSES[0] else 0.9)


@pytest.mark.parametrize("K", [None, 1, 2])
@pytest.mark.parametrize("equal", [True, False], ids=["equal", "ragged"])
def test_shapes_of_answers(K, equal):
    """The axis of outputs is there if y in fit had one, also of a single output."""
    X, y = running_sums(K=K, equal=equal)
    model, axis = ONE(**SMALL).fit(X, y), () if K is None else (K,)
    longest = max(map(len, y))
    assert model.horizon_ == longest
    assert model.n_outputs_ == (K or 1)
    assert model.predict(X).shape == (20, longest, *axis)
    assert model.predict(X, horizon=7).shape == (20, 7, *axis)
    lengths = np.arange(1, 21)
    answers = model.predict(X, horizon=lengths)
    assert answers.dtype == object
    assert [a.shape for a in answers] == [(T, *axis) for T in lengths]
    for T, answer, longer in zip(lengths, answers, model.predict(X, horizon=20), strict=True):
        np.testing.assert_array_equal(answer, longer[:T])
    assert model.predict(X, horizon=[2] * 20).dtype == object


def test_default_horizon_is_that_of_the_first_fit():
    X, y = running_sums()
    model = ONE(**SMALL, warm_start=True).fit(X, y)
    model.fit(X[:1], [np.zeros(9)])
    assert model.predict(X).shape == (20, max(map(len, y)))


def unit(x):
    return 1 / (1 + np.exp(-x))


STEPS = {  # new states from the two sums, as torch has the gates
    "RNN": lambda a_x, a_h, h: (np.tanh(a_x + a_h),),
    "GRU": lambda a_x, a_h, h: gru(*np.split(a_x, 3), *np.split(a_h, 3), h),
    "LSTM": lambda a_x, a_h, h, c: lstm(*np.split(a_x + a_h, 4), c),
}


def gru(r, z, n, r_h, z_h, n_h, h):
    z, n = unit(z + z_h), np.tanh(n + unit(r + r_h) * n_h)
    return ((1 - z) * n + z * h,)


def lstm(i, f, g, o, c):
    c = unit(f) * c + unit(i) * np.tanh(g)
    return unit(o) * np.tanh(c), c


def answer_by_hand(model, x, n):
    """The answer of a model of one layer, by ``weights_`` and ``start_value_``, in units of y."""
    w, name = model.weights_, type(model).__name__.removesuffix("EncoderDecoderRegressor")

    def step(part, x, state):
        W_x, W_h, b_x, b_h = (w[f"{part}.layer0.{k}"] for k in ("W_x", "W_h", "b_x", "b_h"))
        return STEPS[name](x @ W_x + b_x, state[0] @ W_h + b_h, *state)

    state = (np.zeros(len(w["encoder.layer0.W_h"])),) * (2 if name == "LSTM" else 1)
    for x_t in x:
        state = step("encoder", x_t, state)
    y, said = model.start_value_, []
    for _ in range(n):
        state = step("decoder", y, state)
        y = state[0] @ w["decoder.readout.W"] + w["decoder.readout.b"]
        said.append(y)
    return np.array(said)


@pytest.mark.parametrize("K", [1, 2])
def test_weights_and_start_value_make_the_answers_in_units_of_y(cls, K):
    X, y = running_sums(K=K)
    model = cls(**SMALL | {"max_iter": 9}).fit(X, y)
    np.testing.assert_allclose(model.start_value_, np.concatenate(y).mean(axis=0))
    for x, answer in zip(X[:3], model.predict(X[:3], horizon=5), strict=True):
        np.testing.assert_allclose(answer, answer_by_hand(model, x, 5), rtol=1e-9)


def test_weights_have_names_and_shapes(cls):
    model = cls(**SMALL | {"hidden_size": (6, 4)}).fit(*running_sums(K=3))
    G = {"RNN": 1, "LST": 4, "GRU": 3}[cls.__name__[:3]]
    shapes = {}
    for part, F in (("encoder", 2), ("decoder", 3)):
        for k, (D, H) in enumerate([(F, 6), (6, 4)]):
            shapes |= {f"{part}.layer{k}.W_x": (D, G * H), f"{part}.layer{k}.W_h": (H, G * H)}
            shapes |= {f"{part}.layer{k}.b_x": (G * H,), f"{part}.layer{k}.b_h": (G * H,)}
    shapes |= {"decoder.readout.W": (4, 3), "decoder.readout.b": (3,)}
    assert {name: array.shape for name, array in model.weights_.items()} == shapes


def test_score_is_r2_over_all_steps():
    X, y = running_sums(K=2)
    model = ONE(**SMALL | {"max_iter": 30}).fit(X, y)
    flat = np.concatenate(list(model.predict(X, horizon=list(map(len, y)))))
    true = np.concatenate(y)
    assert model.score(X, y) == r2_score(true, flat)
    weight = np.arange(20.0)
    of_steps = np.repeat(weight, list(map(len, y)))
    assert model.score(X, y, weight) == pytest.approx(r2_score(true, flat, sample_weight=of_steps))
    by_step = np.split(of_steps, np.cumsum(list(map(len, y)))[:-1])
    assert model.score(X, y, by_step) == model.score(X, y, weight)


FORMS = {
    "object array": lambda items: pd.Series(items).to_numpy(),
    "tuple": tuple,
    "Series": pd.Series,
    "frames": lambda items: [pd.DataFrame(np.reshape(one, (len(one), -1))) for one in items],
    "lists": lambda items: [one.tolist() for one in items],
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_same_data(form):
    X, y = running_sums(K=2)
    expected = ONE(**SMALL).fit(X, y)
    model = ONE(**SMALL).fit(FORMS[form](X), FORMS[form](y))
    assert_same(model, expected)
    np.testing.assert_array_equal(model.predict(FORMS[form](X)), expected.predict(X))
    assert model.score(FORMS[form](X), FORMS[form](y)) == pytest.approx(expected.score(X, y), rel=1e-12)


def test_arrays_and_lists_are_the_same():
    X, y = running_sums(K=2, equal=True)
    expected = ONE(**SMALL).fit(X, y)
    assert_same(ONE(**SMALL).fit(list(X), list(y)), expected)
    np.testing.assert_array_equal(expected.predict(X), expected.predict(list(X)))
    table = ONE(**SMALL).fit(X[:, :, 0], y[:, :, 0])
    assert_same(ONE(**SMALL).fit(X[:, :, :1], y[:, :, 0]), table)
    assert table.n_features_in_ == 5
    assert (expected.n_features_in_, expected.n_step_features_) == (2, 2)


def test_a_frame_whose_rows_are_sequences():
    X, y = running_sums(equal=True)
    frame = pd.DataFrame(X[:, :, 0], columns=list("abcde"))
    model = ONE(**SMALL).fit(frame, pd.DataFrame(y))
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("edcba")])
    model.set_params(warm_start=True)
    with pytest.raises(ValueError, match="feature names"):
        model.fit(frame[list("edcba")], y)


def test_float32_stays_float32():
    X, y = running_sums(equal=True)
    model = ONE(**SMALL).fit(X.astype(np.float32), y.astype(np.float32))
    assert model.predict(X).dtype == np.float32
    assert ONE(**SMALL, dtype="float64").fit(X.astype(np.float32), y).predict(X).dtype == np.float64


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_unit_of_y_does_not_matter(scale):
    X, y = running_sums()
    model = ONE(**SMALL | {"max_iter": 20}).fit(X, y)
    other = ONE(**SMALL | {"max_iter": 20}).fit(X, [scale * v for v in y])
    np.testing.assert_allclose(other.predict(X), scale * model.predict(X), rtol=1e-6)
    np.testing.assert_allclose(other.loss_curve_, model.loss_curve_, rtol=1e-6)


# --- losses -------------------------------------------------------------------------------------------

LOSSES = {
    "absolute_error": {}, "huber": {"huber_delta": 0.5}, "poisson": {}, "quantile": {"quantile": 0.8},
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns(loss):
    X, y = running_sums(80)
    y = [np.abs(v) for v in y]
    model = ONE(loss=loss, **LOSSES[loss], random_state=0).fit(X, y)
    assert model.score(X, y) > (0.5 if loss == "quantile" else 0.85)
    assert np.isfinite(model.predict(X)).all()
    assert model.__sklearn_tags__().target_tags.positive_only == (loss == "poisson")


def test_what_is_read_with_a_link_is_standardised_too():
    """The outputs of "poisson" are logarithms; what the decoder reads is y by its mean and deviation."""
    X, y = running_sums()
    model = ONE(**SMALL, loss="poisson").fit(X, y)
    targets, flat = targets_of(model), np.concatenate(y)
    raw = np.log(flat[:, None])
    np.testing.assert_allclose(targets.feed(np.float64)(raw)[:, 0], (flat - flat.mean()) / flat.std())
    np.testing.assert_allclose(model.start_value_, flat.mean())
    said = np.exp(answer_by_hand_of_poisson(model, X[0], 4))
    np.testing.assert_allclose(model.predict(X[:1], horizon=4)[0], said, rtol=1e-9)


def answer_by_hand_of_poisson(model, x, n):
    """As ``answer_by_hand``; the outputs are logarithms of what is read next."""
    w = model.weights_
    h = np.zeros(6)
    for x_t in x:
        h = gru_step(w, "encoder", x_t, h)
    y, said = model.start_value_, []
    for _ in range(n):
        h = gru_step(w, "decoder", y, h)
        raw = h @ w["decoder.readout.W"] + w["decoder.readout.b"]
        y = np.exp(raw)
        said.append(raw[0])
    return np.array(said)


def gru_step(w, part, x, h):
    W_x, W_h, b_x, b_h = (w[f"{part}.layer0.{k}"] for k in ("W_x", "W_h", "b_x", "b_h"))
    return STEPS["GRU"](x @ W_x + b_x, h @ W_h + b_h, h)[0]


@pytest.mark.parametrize("K", [None, 2])
def test_several_quantiles(K):
    X, y = running_sums(40, K=K)
    levels = [0.1, 0.6, 0.9]
    model = ONE(**SMALL | {"max_iter": 40}, loss="quantile", quantile=levels).fit(X, y)
    answers = model.predict(X)
    assert answers.shape == (40, model.horizon_, *([] if K is None else [K]), 3)
    assert (np.diff(answers, axis=-1) >= 0).all()
    assert model.n_outputs_ == 3 * (K or 1)
    flat = np.concatenate(list(model.predict(X, horizon=list(map(len, y))))).reshape(-1, K or 1, 3)
    true = np.concatenate(y).reshape(len(flat), -1)
    scores = [
        d2_pinball_score(true[:, k], flat[:, k, q], alpha=level)
        for k in range(K or 1) for q, level in enumerate(levels)
    ]  # fmt: skip
    assert model.score(X, y) == pytest.approx(np.mean(scores))
    # the middle one is what is read next
    raw = np.random.RandomState(0).normal(size=(4, model.n_outputs_))
    read = targets_of(model).feed(np.float64)(raw)
    in_units = model._model.answers()["predict"](raw)
    middle = in_units[..., 1].reshape(4, -1)
    np.testing.assert_allclose(read * targets_of(model).scale + targets_of(model).mean, middle)


# --- training -----------------------------------------------------------------------------------------


def test_same_seed_same_bits_whatever_n_jobs(cls):
    X, y = running_sums(300)
    params = SMALL | {"batch_size": 32, "dropout": 0.2, "k1": 3, "k2": 5, "hidden_size": (6, 4)}
    params["weight_dropout"] = 0.1
    a, b = (cls(**params, n_jobs=n).fit(X, y) for n in (None, 2))
    assert_same(a, b)
    assert a.loss_curve_ == b.loss_curve_
    X, _ = running_sums(300, seed=3)
    together = a.predict(X)
    np.testing.assert_array_equal(together, b.predict(X))
    for i in (0, 17, 299):
        np.testing.assert_allclose(together[i], b.predict([X[i]])[0], rtol=1e-12)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "params",
    [{}, {"k1": 2, "k2": 3}, {"hidden_size": (4, 3)}, {"solver": "lbfgs"}, {"loss": "poisson"}],
    ids=["whole", "windows", "2 layers", "lbfgs", "poisson"],
)
def test_a_weight_is_so_many_copies(cls, params):
    X, y = running_sums(12)
    y = [np.abs(v) for v in y]
    weight = np.random.RandomState(0).randint(0, 4, size=12)
    weight[np.argmax(list(map(len, y)))] = 2  # the horizon does not go by weights
    weighted = cls(**SMALL | params).fit(X, y, sample_weight=weight)
    copies = [[t for t, w in zip(items, weight, strict=True) for _ in range(w)] for items in (X, y)]
    copied = cls(**SMALL | params).fit(*copies)
    assert weighted.loss_curve_ == copied.loss_curve_
    assert_same(weighted, copied)


def test_weights_of_steps():
    """A step of weight zero has no loss, but the decoder reads it; a pair without weight is left out."""
    X, y = running_sums()
    weight = [np.ones(len(v)) for v in y]
    weight[0][:] = 0
    weight[1][0] = 0
    model = ONE(**SMALL, alpha=0).fit(X, y, sample_weight=weight)
    left_out = ONE(**SMALL, alpha=0).fit(X[1:], y[1:], sample_weight=weight[1:])
    assert_same(model, left_out)
    batches = ONE(**SMALL, batch_size=5).fit(X, y, sample_weight=weight)
    assert_same(batches, ONE(**SMALL, batch_size=5).fit(X[1:], y[1:], sample_weight=weight[1:]))
    changed = [y[0] + 100, *y[1:]]
    assert_same(ONE(**SMALL, alpha=0).fit(X, changed, sample_weight=weight), model)
    read = [y[0], np.r_[y[1][0] + 1, y[1][1:]], *y[2:]]
    with pytest.raises(AssertionError):
        assert_same(ONE(**SMALL, alpha=0).fit(X, read, sample_weight=weight), model)


@pytest.mark.parametrize("options", [{}, {"k1": 2, "k2": 4}, {"loss": "poisson"}], ids=str)
def test_parts_are_an_epoch(cls, options):
    """If the mean and deviation of y in the first part are those of the whole."""
    X, y = running_sums(12)
    X, y = X + X, y + y
    rate = {"learning_rate": "constant", "learning_rate_init": 0.01}
    whole = cls(**SMALL | {"max_iter": 1}, batch_size=6, shuffle=False, **rate, **options).fit(X, y)
    parts = cls(**SMALL, batch_size=6, shuffle=False, **rate, **options)
    parts.partial_fit(X[:12], y[:12]).partial_fit(X[12:], y[12:])
    for name, array in whole.weights_.items():
        np.testing.assert_allclose(parts.weights_[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
    assert parts.n_updates_ == whole.n_updates_ == 4 if "k1" not in options else parts.n_updates_ > 4


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "poisson"])
def test_partial_fit_takes_mean_and_scale(loss):
    """Also where the loss takes y as it is: the decoder reads it standardised."""
    X, y = running_sums(K=2)
    y = [abs(values) for values in y]
    flat = np.concatenate(y)
    units = {"y_mean": flat.mean(axis=0), "y_scale": flat.std(axis=0)}
    model = ONE(loss=loss, **SMALL).partial_fit(X[:5], y[:5], **units)
    assert model.exact_weights_["y.mean"].tolist() == units["y_mean"].tolist()
    assert model.exact_weights_["y.scale"].tolist() == units["y_scale"].tolist()
    before = model.exact_weights_["y.mean"]
    assert model.partial_fit(X, y, y_mean=[0, 0]).exact_weights_["y.mean"].tolist() == before.tolist()
    with pytest.raises(ValueError, match="y_scale must be positive, a number for each of the 2 outputs"):
        ONE(loss=loss, **SMALL).partial_fit(X, y, y_scale=0)


def test_partial_fit_goes_on():
    X, y = running_sums()
    model = ONE(**SMALL).partial_fit(X, y)
    theta = theta_of(model).copy()
    model.partial_fit(X, y)
    assert (model.n_iter_, len(model.loss_curve_)) == (2, 2)
    assert not np.array_equal(theta, theta_of(model))
    with pytest.raises(ValueError, match="loss was 'squared_error'"):
        copy(model).set_params(loss="huber").partial_fit(X, y)
    with pytest.raises(ValueError, match="early_stopping"):
        copy(model).set_params(early_stopping=True).partial_fit(X, y)
    assert not hasattr(ONE(solver="lbfgs"), "partial_fit")


def test_warm_start_goes_on_and_keeps_the_unit(cls):
    X, y = running_sums()
    model = cls(**SMALL, warm_start=True).fit(X, y)
    start, theta = model.start_value_, theta_of(model).copy()
    model.fit(X[:5], [v + 1 for v in y[:5]])
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 6
    np.testing.assert_array_equal(model.start_value_, start)
    assert not np.array_equal(theta, theta_of(model))
    with pytest.raises(ValueError, match="hidden_size"):
        model.set_params(hidden_size=9).fit(X, y)


def test_early_stopping(cls):
    X, y = running_sums(60)
    model = cls(**SMALL | {"max_iter": 5}, early_stopping=True, validation_fraction=0.3).fit(X, y)
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == 5
    assert model.best_loss_ is None
    given = cls(**SMALL, early_stopping=True).fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    best = given.validation_scores_[int(np.argmin(given.validation_loss_curve_))]
    assert best == pytest.approx(given.score(X[50:], y[50:]), rel=1e-12)
    with pytest.raises(ValueError, match="single pair"):
        cls(**SMALL, early_stopping=True).fit(X[:1], y[:1])
    plain = cls(**SMALL).fit(X[:50], y[:50])
    recorded = cls(**SMALL).fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    assert_same(recorded, plain)
    assert recorded.loss_curve_ == plain.loss_curve_
    assert recorded.validation_scores_[-1] == pytest.approx(recorded.score(X[50:], y[50:]), rel=1e-12)


def test_validation_loss_is_the_training_loss_of_the_same_pairs(cls):
    X, y = running_sums(30)
    options = SMALL | {"alpha": 0.0, "max_iter": 2}
    model = cls(**options, early_stopping=True).fit(X, y, X_val=X, y_val=y)
    assert model.validation_loss_curve_[0] == pytest.approx(model.loss_curve_[1], rel=1e-9)


def test_divergence_keeps_finite_weights():
    X, y = running_sums()
    with pytest.warns(ConvergenceWarning, match=r"non-finite.*standardise X.*learning_rate_init"):
        model = skrnn.RNNEncoderDecoderRegressor(
            8, activation="relu", solver="sgd", learning_rate_init=1e200, clip_norm=None, random_state=0
        ).fit(X, y)
    assert np.isfinite(theta_of(model)).all()


def test_answers_that_overflow_are_told():
    X, y = running_sums(equal=True)
    model = skrnn.RNNEncoderDecoderRegressor(**SMALL, activation="identity").fit(X, y)
    theta_of(model)[:] = 3
    with pytest.warns(UserWarning, match=r"for sequence 0, step \d+ is not finite"):
        model.predict(X, horizon=900)


def test_k1_counts_updates():
    """5 steps of the source, 4 + 1 of the target; the first update has min(k1, k2) / 2 steps less."""
    X, y = np.zeros((3, 5, 1)), np.arange(15.0).reshape(3, 5)
    for k1, k2, n in ((None, None, 1), (2, 4, 3), (4, 4, 2), (1, 3, 5), (4, 2, 2)):
        model = ONE(**SMALL | {"max_iter": 1}, k1=k1, k2=k2).fit(X, y)
        assert model.n_updates_ == n, (k1, k2)


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop", "lbfgs"])
def test_every_solver(solver):
    X, y = running_sums()
    model = ONE(**SMALL | {"max_iter": 30}, solver=solver).fit(X, y)
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]


# --- scikit-learn's tools -----------------------------------------------------------------------------


def test_parameters_clone_and_pickle(cls, tmp_path):
    X, y = running_sums(30)
    model = cls(**SMALL).fit(X, y)
    assert is_regressor(model)
    assert clone(model).get_params() == model.get_params()
    assert not hasattr(clone(model), "weights_")
    joblib.dump(model, tmp_path / "model")
    for loaded in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        assert_same(loaded, model)
    assert len(pickle.dumps(model)) < 8 * theta_of(model).size + 12000
    assert ("activation" in model.get_params()) == (cls is skrnn.RNNEncoderDecoderRegressor)
    others = set(getattr(skrnn, cls.__name__.removesuffix("Regressor"))().get_params())
    of_tokens = {"embedding_size", "beam_size", "max_length"}
    of_numbers = {"loss", "huber_delta", "quantile", "truncation_tolerance"}
    assert set(model.get_params()) == others - of_tokens | of_numbers


def test_searches_and_pipelines():
    X, y = running_sums(30)
    pipeline = make_pipeline(skrnn.TimeDistributed(StandardScaler()), ONE(**SMALL))
    grid = {"gruencoderdecoderregressor__k1": [2, None], "gruencoderdecoderregressor__k2": [None, 6]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert len(search.cv_results_["mean_test_score"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    np.testing.assert_array_equal(search.predict(X), best.predict(X))
    assert best.predict(X, horizon=9).shape == (30, 9)
    X, y = running_sums(30, equal=True)
    assert np.isfinite(cross_val_score(ONE(**SMALL), X, y, cv=3)).all()
    assert cross_val_predict(ONE(**SMALL), X, y, cv=3).shape == (30, 3)


@pytest.mark.parametrize("K", [None, 1, 2])
@pytest.mark.parametrize("equal", [True, False], ids=["equal", "ragged"])
def test_scorers_count_time_steps(K, equal):
    """Answers are as long as the targets; X may go through transformers first."""
    X, y = running_sums(30, K=K, equal=equal)
    scale = skrnn.TimeDistributed(StandardScaler())
    flat = np.concatenate(list(y))
    for model in (ONE(**SMALL), make_pipeline(scale, ONE(**SMALL))):
        model.fit(X, y)
        answers = ONE.predict if isinstance(model, ONE) else type(model).predict
        said = np.concatenate(list(answers(model, X, horizon=list(map(len, y)))))
        error = sequence_scorer("neg_mean_absolute_error")(model, X, y)
        assert error == pytest.approx(-np.abs(said - flat).mean())
        assert sequence_scorer("r2")(model, X, y) == pytest.approx(model.score(X, y))
    by = sequence_scorer("neg_median_absolute_error")
    assert np.isfinite(cross_val_score(ONE(**SMALL), X, y, cv=3, scoring=by)).all()


def test_importance_of_features():
    for equal in (True, False):
        X, y = running_sums(60, equal=equal)
        model = ONE(random_state=0).fit(X, y)
        found = permutation_importance(model, X, y, random_state=0)
        assert found.importances_mean[0] > 0.5 > abs(found.importances_mean[1])


# --- errors -------------------------------------------------------------------------------------------

BAD_PARAMETERS = [
    {"k1": 0}, {"k2": 2.5}, {"k2": "auto"}, {"hidden_size": (4, 0)}, {"loss": "log_loss"},
    {"quantile": [0.9, 0.1]}, {"huber_delta": 0}, {"dropout": 1.0}, {"solver": "lbfgs", "k1": 2},
    {"solver": "lbfgs", "dropout": 0.5}, {"solver": "lbfgs", "weight_dropout": 0.5}, {"clip_norm": 0},
]  # fmt: skip


@pytest.mark.parametrize("params", BAD_PARAMETERS, ids=str)
def test_bad_parameters_raise_and_are_named(params):
    model = ONE(**SMALL).fit(*running_sums())
    before = pickle.dumps(theta_of(model))
    named = next(reversed(params)) if "solver" in params else next(iter(params))
    with pytest.raises(ValueError, match=named):
        model.set_params(**params).fit(*running_sums())
    assert pickle.dumps(theta_of(model)) == before


def test_errors_of_answers(cls):
    X, y = running_sums()
    new, model = cls(**SMALL), cls(**SMALL).fit(X, y)
    for call in (new.predict, lambda X: new.score(X, y), lambda X: new.weights_):
        with pytest.raises(NotFittedError):
            call(X)
    for bad in (["ab"], [x[:, :1] for x in X], np.zeros(4), X[0], []):
        with pytest.raises(ValueError, match="X"):
            model.predict(bad)
    with pytest.raises(ValueError, match="X has 20 sequences, y has 1"):
        model.score(X, y[:1])
    with pytest.raises(ValueError, match="y has 2 outputs"):
        model.score(X, [np.stack([v, v], axis=1) for v in y])
    with pytest.raises(InvalidParameterError, match=f"'n_jobs' parameter of {cls.__name__}"):
        copy(model).set_params(n_jobs="x").predict(X)
    with pytest.raises(TypeError, match=rf"^{cls.__name__}.predict\(\) got an unexpected keyword"):
        model.predict(X, steps=3)


def test_too_large_for_memory():
    with pytest.raises(MemoryError, match="hidden_size"):
        ONE(10**6).fit(*running_sums())


def test_not_where_targets_go_with_the_steps_of_x():
    """What looks into one network, or forecasts by one, says so."""
    model = ONE(**SMALL)
    with pytest.raises(TypeError, match="must be a regressor of skrnn"):
        skrnn.Forecaster(model, horizon=2).fit(np.empty((9, 0)), np.arange(9.0))
    with pytest.raises(TypeError, match="has two of them"):
        skrnn.inspection.gradient_flow(model.fit(*running_sums()), *running_sums())


# --- docstrings: the checks of the other estimators ---------------------------------------------------


def test_documentation_is_that_of_the_code(cls):
    docstrings.test_parameters_are_those_of_the_signature(cls)
    docstrings.test_named_choices_are_those_that_are_allowed(cls)
    docstrings.test_class_has_references_examples_and_siblings(cls)
    docstrings.test_linked_pages_are_those_of_the_reference(cls)
    docstrings.test_every_method_is_on_the_page_of_its_class(cls)
    X, y = running_sums(equal=True)
    model = cls(**SMALL).fit(pd.DataFrame(X[:, :, 0], columns=list("abcde")), y)
    attributes = {n for n in dir(model) if n.endswith("_") and not n.startswith("_")}
    assert attributes == set(docstrings.entries(docstrings.parsed(cls), "Attributes"))
    assert not [n for n in vars(cls()) if n.endswith("_")]
    assert docstrings.page(cls) in model._repr_html_()


def test_documentation_of_methods(cls):
    methods = docstrings.own_methods(cls)
    answers = ["fit", "from_weights", "partial_fit", "predict", "score"]
    assert sorted(methods) == sorted([*answers, "weights_", "exact_weights_"])
    for name, method in methods.items():
        doc = docstrings.parsed(method)
        docstrings.assert_parameters_are_those(doc, inspect.signature(method))
        assert docstrings.documented_errors(doc)
        if name in answers:
            assert len(docstrings.entries(doc, "Returns")) == 1


# --- weights from elsewhere ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {}, {"hidden_size": (4, 3)}, {"loss": "poisson"}, {"dtype": "float32"},
        {"loss": "quantile", "quantile": [0.2, 0.5]},
    ],
    ids=str,
)  # fmt: skip
def test_exact_weights_make_the_same_estimator(cls, options):
    X, y = running_sums(K=2)
    y = [np.abs(v) for v in y]
    model = cls(**SMALL | options, warm_start=True).fit(X, y)
    said = {name: value for name, value in options.items() if name != "hidden_size"}
    again = cls.from_weights(model.exact_weights_, horizon=model.horizon_, warm_start=True, **said)
    assert again.hidden_size == (options.get("hidden_size", 6))
    answers = model.predict(X)
    np.testing.assert_array_equal(again.predict(X), answers)
    assert again.predict(X).dtype == answers.dtype
    np.testing.assert_array_equal(again.start_value_, model.start_value_)
    assert_same(again, model)
    assert again.loss_curve_ == []
    again.set_params(max_iter=2, tol=None).fit(X, y)
    assert again.partial_fit(X, y).n_updates_ > 2


def test_weights_in_units_of_y():
    """With ones as scale, and what the decoder reads first as mean of which outputs are free."""
    X, y = running_sums()
    model = ONE(**SMALL | {"max_iter": 20}).fit(X, y)
    weights, start = model.weights_, model.start_value_
    weights["decoder.layer0.b_x"] += start @ weights["decoder.layer0.W_x"]
    weights["decoder.readout.b"] -= start
    units = {"y.mean": start, "y.scale": np.ones(1)}
    again = ONE.from_weights(weights | units, horizon=3)
    np.testing.assert_allclose(again.predict(X), model.predict(X, horizon=3), rtol=1e-9)


def test_parts_that_are_drawn():
    X, y = running_sums()
    model = ONE(**SMALL).fit(X, y)
    weights = {n: W for n, W in model.exact_weights_.items() if not n.startswith("decoder.readout")}
    again = ONE.from_weights(weights, horizon=3, draw="decoder.readout", random_state=0)
    np.testing.assert_array_equal(
        again.weights_["encoder.layer0.W_h"], model.weights_["encoder.layer0.W_h"]
    )
    assert not np.array_equal(again.weights_["decoder.readout.W"], model.weights_["decoder.readout.W"])
    assert again.predict(X).shape == (20, 3)


BAD_WEIGHTS = {
    "no units": (lambda w: w.pop("y.mean"), "weights has no 'y.mean'"),
    "no encoder": (lambda w: w.pop("encoder.layer0.W_x"), "weights has no 'encoder.layer0.W_x'"),
    "scale": (lambda w: w.update({"y.scale": np.zeros(1)}), r"the scale > 0"),
    "mean": (lambda w: w.update({"y.mean": np.zeros(2)}), r"shape"),
    "another": (lambda w: w.update({"other": np.zeros(2)}), "unknown are 'other'"),
    "missing": (lambda w: w.pop("decoder.layer0.b_h"), "missing are 'decoder.layer0.b_h'"),
    "NaN": (lambda w: w["decoder.readout.W"].fill(np.nan), "NaN or infinity"),
    "scalar": (lambda w: w.update({"encoder.layer0.W_x": 3.0}), "encoder.layer0.W_x"),
    "shape": (lambda w: w.update({"decoder.layer0.W_x": np.zeros((2, 18))}), "has shape"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_weights_that_do_not_go(case, loss):
    X, y = running_sums()
    change, message = BAD_WEIGHTS[case]
    weights = ONE(**SMALL, loss=loss).fit(X, [np.abs(v) for v in y]).exact_weights_
    change(weights)
    with pytest.raises(ValueError, match=message) as error:
        ONE.from_weights(weights, horizon=3, loss=loss)
    assert len(str(error.value)) <= 600
    with pytest.raises(ValueError, match="horizon must be an int"):
        ONE.from_weights(weights, horizon=0)


def test_weights_in_units_of_y_that_are_no_numbers_come_without_a_warning():
    X = np.ones((1, 2, 1), dtype=np.float32)
    of_y = {"learning_rate": "constant", "learning_rate_init": 1e3, "max_iter": 2, "tol": None}
    model = skrnn.RNNEncoderDecoderRegressor(2, dtype="float32", random_state=0, **of_y)
    model.fit(X, np.full((1, 2), 3e38))
    assert not all(np.isfinite(W).all() for W in model.weights_.values())
    assert all(np.isfinite(W).all() for W in model.exact_weights_.values())
