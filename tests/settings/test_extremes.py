"""Numbers near the ends of floating point: a clear error or a finite model, never a RuntimeWarning."""

import random
import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import d2_pinball_score, r2_score
from support.estimators import ONE_OF_EACH, assert_finite, first_classes

import skrnn
from skrnn.solvers import SOLVERS

N, T, F = 12, 4, 2
SIZES = [0.0, 5e-324, 1e-308, 1e-160, 1.0, 2e154, 1e308, 1.7e308]
CHOICES = {
    "cls": [*ONE_OF_EACH, skrnn.RNNRegressor, skrnn.RNNClassifier, skrnn.GRUEncoderDecoder],
    "loss": ["squared_error", "absolute_error", "huber", "poisson", "quantile"],
    "quantile": [0.5, [0.1, 0.5, 0.9]],
    "activation": ["identity", "relu"],
    "solver": list(SOLVERS),
    "dtype": ["float32", "float64"],
    "early_stopping": [False, True],
    "return_sequences": [False, True],
    "method": ["fit", "fit", "partial_fit"],
    "X": SIZES,
    "y": SIZES,
    "weight": [None, *SIZES],
}


def drawn(n, seed=0):
    rng = random.Random(seed)
    return [{name: rng.choice(values) for name, values in CHOICES.items()} for _ in range(n)]


def of_size(values, size):
    """The values so scaled that ``size`` is the largest; every second one, if it cannot be divided."""
    if size < 1e-307:
        return np.where(values > 0, size, 0.0)
    return values / np.abs(values).max() * size


def data(case):
    """X, y and weights of a case."""
    rng = np.random.RandomState(0)
    cls, per_step = case["cls"], case["return_sequences"]
    weight = case["weight"]
    weight = None if weight is None else of_size(rng.uniform(0.5, 1, N), weight)
    if cls is skrnn.GRUEncoderDecoder:
        return [list("abc"), list("ba"), list("c")] * 4, [list("xy"), list("y"), []] * 4, weight
    X = of_size(rng.normal(size=(N, T, F)), case["X"])
    y = rng.normal(size=(N, T) if per_step or cls is skrnn.RNNEncoderDecoderRegressor else N)
    y = y > 0 if is_classifier(cls()) else of_size(y, case["y"])
    return X, (np.abs(y) if case["loss"] == "poisson" else y), weight


def calls(case):
    """Training, and what is asked of the model afterwards."""
    X, y, weight = data(case)
    cls, method = case["cls"], case["method"]
    model = cls(hidden_size=3, max_iter=3, random_state=0)
    known = model.get_params()
    model.set_params(**{name: value for name, value in case.items() if name in known})
    if not hasattr(model, method) or (method == "partial_fit" and model.early_stopping):
        method = "fit"
    options = first_classes(cls) if method == "partial_fit" else {}
    yield lambda: assert_finite(getattr(model, method)(X, y, sample_weight=weight, **options))
    yield lambda: model.score(X, y, weight)
    for answer in ("predict", "predict_log_proba", "hidden_states"):
        if hasattr(model, answer):
            yield lambda answer=answer: getattr(model, answer)(X)
            if case["cls"] is not skrnn.GRUEncoderDecoder:
                other = np.random.RandomState(1).normal(size=(N, T, F))
                yield lambda answer=answer, other=other: getattr(model, answer)(other)


def error_of(call, case):
    """The error in what was passed, None without; whatever was not fitted is one, too."""
    try:
        call()
    except (ValueError, AttributeError) as error:
        return error
    except RuntimeWarning as warning:
        pytest.fail(f"{case}: {warning}")
    return None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("block", range(20))
def test_a_clear_error_or_a_finite_model(block):
    assert n_finite(drawn(20, seed=block)) > 10  # and not all of them are errors


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("block", range(20, 26))
def test_a_clear_error_or_a_finite_encoder_decoder_of_numbers(block):
    ours = {
        "cls": skrnn.RNNEncoderDecoderRegressor,
        "weight": None,
    }  # most weights are too small or large
    assert n_finite([case | ours for case in drawn(20, seed=block)]) > 10


def n_finite(cases):
    """How many calls end without an error; each of the others ends with one that can be read."""
    n = 0
    for case in cases:
        for call in calls(case):
            error = error_of(call, case)
            n += error is None
            assert error is None or 0 < len(str(error)) <= 600, case
    return n


# --- what is said ---------------------------------------------------------------------------------

X, Y = np.random.RandomState(0).normal(size=(2, N, T, F))
y = Y[:, 0, 0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_y_that_cannot_be_standardised(loss, dtype):
    model = skrnn.GRURegressor(2, loss=loss, dtype=dtype)
    with pytest.raises(ValueError, match=r"y varies by less than .*float64.*Multiply y by a constant"):
        model.fit(X, [0, 5e-324] * (N // 2))
    if dtype == "float32":  # its own smallest number: predictions would all be the mean
        with pytest.raises(ValueError, match=r"y varies by less than 1.2e-38.*float32"):
            model.fit(X, [0, 1e-40] * (N // 2))


def test_y_that_is_small_but_can_be_standardised():
    settings = {"hidden_size": 2, "max_iter": 3, "learning_rate": "constant", "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        small = skrnn.GRURegressor(**settings).fit(X, y * 2.0**-1000)
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        usual = skrnn.GRURegressor(**settings).fit(X, y)
    np.testing.assert_array_equal(small.predict(X) * 2.0**1000, usual.predict(X))
    assert small.score(X, y * 2.0**-1000) == usual.score(X, y)


WEIGHTS = {"1e308": np.full(N, 1e308), "5e-324": np.full(N, 5e-324), "per step": np.full((N, T), 1e307)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_whose_sum_is_no_number_to_divide_by(cls, name):
    weight = WEIGHTS[name]
    model = cls(2, return_sequences=weight.ndim == 2)
    target = Y[:, :, 0] > 0 if is_classifier(model) else Y[:, :, 0]
    with pytest.raises(ValueError, match=r"sample_weight adds up to .*Divide all weights by"):
        model.fit(X, target if weight.ndim == 2 else target[:, 0], weight)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize(
    ("of_classes", "weight"), [(1e308, None), (1e200, 1e200), (1e-200, 1e-200), (5e-324, None)]
)
def test_weights_of_classes(classifier, of_classes, weight, per_step):
    target = Y[:, :, 0] > 0 if per_step else y > 0
    class_weight = dict.fromkeys([False, True], of_classes)
    model = classifier(2, class_weight=class_weight, return_sequences=per_step)
    with pytest.raises(ValueError, match=r"class_weight, times sample_weight, adds up to"):
        model.fit(X, target, None if weight is None else np.full(N, weight))


@pytest.mark.filterwarnings("error")
def test_accuracy_with_large_weights():
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        model = skrnn.GRUClassifier(2, max_iter=1, learning_rate="constant", random_state=0).fit(X, y > 0)
    weight = np.arange(N)
    assert model.score(X, y > 0, weight * 2.0**1020) == model.score(X, y > 0, weight)


def test_one_weight_for_each_of_many_steps():
    """The sum counts every step of a sequence."""
    with pytest.raises(ValueError, match=r"sample_weight adds up to 1\.2e"):
        skrnn.GRURegressor(2, return_sequences=True).fit(X, Y[:, :, 0], np.full(N, 0.25e290))


def test_weights_of_pairs():
    with pytest.raises(ValueError, match="sample_weight adds up to"):
        skrnn.GRUEncoderDecoder(2).fit(["a", "b"], ["x", "y"], [1e308, 1e308])


# --- scores ---------------------------------------------------------------------------------------


@pytest.fixture
def model():
    settings = {"hidden_size": 3, "max_iter": 3, "random_state": 0}

    def fitted(target, **params):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return skrnn.GRURegressor(**settings, **params).fit(X, target)

    return fitted


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("exponent", [-1000, -400, -200, 0, 200, 510, 1000])
@pytest.mark.parametrize("params", [{}, {"loss": "quantile", "quantile": [0.2, 0.5]}])
def test_scores_do_not_depend_on_the_unit(model, exponent, params):
    """Powers of two, so that nothing is rounded."""
    unit = 2.0**exponent
    usual, other = model(y, **params), model(y * unit, **params)
    assert other.score(X, y * unit) == usual.score(X, y)
    assert other.score(X, y * unit, np.arange(N) * 2.0**1000) == usual.score(X, y, np.arange(N))
    predicted = usual.predict(X)
    expected = (
        np.mean([d2_pinball_score(y, q, alpha=a) for q, a in zip(predicted.T, (0.2, 0.5), strict=True)])
        if params
        else r2_score(y, predicted)
    )
    assert usual.score(X, y) == expected


@pytest.mark.filterwarnings("error")
def test_scores_of_several_outputs_and_steps(model):
    several = Y[:, 0, :] * 1e200
    assert np.isfinite(model(several).score(X, several))
    per_step = Y[:, :, 0] * 1e200
    assert np.isfinite(model(per_step, return_sequences=True).score(X, per_step))


@pytest.mark.filterwarnings("error")
def test_scores_of_float32():
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        single = skrnn.GRURegressor(2, max_iter=2, learning_rate="constant", random_state=0).fit(
            X.astype(np.float32), (y * 1e25).astype(np.float32)
        )
    assert np.isfinite(single.score(X.astype(np.float32), (y * 1e25).astype(np.float32)))


# --- answers --------------------------------------------------------------------------------------

OVERFLOW = r"answer of RNN(Class|Regress)\w+ for sequence 7(, step \d+)? is not finite: numbers overflow"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_answers_that_overflow(activation, n_jobs, engine):
    """Units without bounds: the sequence is named, and the others have their answers."""
    long = np.abs(np.random.RandomState(0).normal(size=(300, 60, 2)))
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        model = skrnn.RNNClassifier(
            4, activation=activation, max_iter=1, random_state=0, solver="sgd", clip_norm=None,
            learning_rate="constant", learning_rate_init=10.0, batch_size=40, n_jobs=n_jobs,
        ).fit(long[:40, :2], long[:40, 0, 0] > 1)  # fmt: skip
    short = [x[:2] for x in long]
    bad = [*short[:7], np.tile(long[7] * 1e300, (40, 1)), *short[8:]]
    good = np.delete(np.arange(300), 7)
    for name in ("predict", "predict_proba", "hidden_states"):
        ask = getattr(model, name)
        with pytest.warns(UserWarning, match=OVERFLOW) as record:
            answer = ask(bad)
        assert len(record) == 1
        with np.errstate(all="ignore"):  # who says so is not told
            ask(bad)
        for k in good[::13]:
            np.testing.assert_array_equal(answer[k], ask(short)[k])


@pytest.mark.filterwarnings("error")
def test_predictions_that_overflow_in_the_unit_of_y():
    """The outputs are finite: identity with lbfgs."""
    model = skrnn.RNNRegressor(4, activation="identity", solver="lbfgs", max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y * 1e307)
    assert np.isfinite(model.predict(X)).all()
    far = X.copy()
    far[7] *= 1e10
    with pytest.warns(UserWarning, match=OVERFLOW) as record:
        answer = model.predict(far)
    assert len(record) == 1
    assert np.isfinite(answer).tolist() == [k != 7 for k in range(N)]


@pytest.mark.filterwarnings("error")
def test_a_score_below_all_numbers(model):
    fitted = model(y)
    assert -np.inf < fitted.score(X, y * 1e-100) < -1e150
    assert fitted.score(X, y * 1e-160) == -np.inf


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("params", [{}, {"loss": "quantile", "quantile": [0.2, 0.5]}])
def test_predictions_that_are_not_finite_have_no_score(params):
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        model = skrnn.RNNRegressor(
            3,
            activation="identity",
            max_iter=1,
            random_state=0,
            learning_rate="constant",
            learning_rate_init=2.0,
            **params,
        ).fit(X, y)
    far = np.tile(X * 1e300, (1, 99, 1))
    with pytest.warns(UserWarning, match="is not finite"), pytest.raises(ValueError, match="no score"):
        model.score(far, y)


@pytest.mark.filterwarnings("error")
def test_streams_that_overflow_do_not_warn(engine):
    with pytest.warns(ConvergenceWarning, match="Maximum"):
        model = skrnn.RNNRegressor(
            3, activation="identity", max_iter=2, random_state=0, learning_rate="constant"
        ).fit(X, y)
    stream = model.stream()
    for _ in range(60):
        answer = stream.step(np.full(F, 1.7e308))
    assert not np.isfinite(answer)
