"""Wrong uses that can be read all the same: each is warned at. Right ones of the same shape: none is.

Warnings are errors in the whole suite, so a fit outside ``pytest.warns`` shows that nothing is said. How
sure each figure must be is in ``test_statistics.py``; on real data it is ``benchmarks/false_alarms.py``.
"""

import contextlib
import re

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn._engine.storage import Sequences
from skrnn._reading.outcome import Outcome, advise_on_outcome, causes

QUICK = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def echo(n=500, lag=2, F=1, seed=0):
    """A series (n, F) of noise, and as target what its first column was ``lag`` rows ago."""
    x = np.random.RandomState(seed).normal(size=(n, F))
    return x, np.r_[np.zeros(lag), x[:-lag, 0]]


def target(cls, y):
    return y > 0 if is_classifier(cls()) else y


def told(record):
    """What was said, besides that training was short."""
    return [str(w.message) for w in record if not str(w.message).startswith("Maximum iterations")]


def dated(x, **options):
    return pd.DataFrame(x, index=pd.date_range("2024-01-01", periods=len(x), **options)).add_prefix("x")


# --- a series read row by row ---------------------------------------------------------------------

ONE_STEP = "^Every sequence of X has one time step only"
SERIES = {
    "(n, 1)": (lambda x: x, {}),
    "a list of rows": (lambda x: x.tolist(), {}),
    "a frame": (lambda x: pd.DataFrame(x).add_prefix("x"), {}),
    "(n, 1, 1)": (lambda x: x[:, None], {}),
    "(n, 1, F)": (lambda x: np.repeat(x, 2, axis=1)[:, None], {}),
    "a list of (1, F)": (lambda x: list(np.repeat(x, 2, axis=1)[:, None]), {}),
    "all columns in one step": (lambda x: np.repeat(x, 3, axis=1), {"step_features": 3}),
}


@pytest.mark.parametrize("form", SERIES)
def test_every_row_a_sequence_of_one_step(cls, form):
    x, y = echo()
    make, settings = SERIES[form]
    model = cls(**QUICK, **settings)
    with pytest.warns(UserWarning, match=ONE_STEP + '.*set rows="steps"') as record:
        model.fit(make(x), target(cls, y))
    assert {w.filename for w in record} == {__file__}
    assert max(map(len, told(record))) <= 600
    if form == "a frame":
        pl = pytest.importorskip("polars")
        with pytest.warns(UserWarning, match=ONE_STEP):
            model.fit(pl.DataFrame({"x": x[:, 0]}), target(cls, y))


def test_what_the_warning_advises_is_right():
    x, y = echo()
    model = skrnn.GRURegressor(16, rows="steps", k1=50, max_iter=150, tol=0, random_state=0)
    with pytest.warns(UserWarning, match=ONE_STEP):
        row_by_row = skrnn.GRURegressor(16, max_iter=5, random_state=0).fit(x, y)
    assert row_by_row.score(x, y) < 0.1
    assert model.fit(x, y).score(x, y) > 0.9
    windows = skrnn.SlidingWindow(5).fit_transform(x)
    assert (
        skrnn.GRURegressor(16, max_iter=150, tol=0, random_state=0).fit(windows, y).score(windows, y)
        > 0.9
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"k1": 1}, "k1=1"), ({"k2": 5}, "k2=5"), ({"return_sequences": True}, "return_sequences=True")],
    ids=str,
)
def test_settings_of_longer_sequences(cls, settings, words):
    """Also where the rows themselves tell nothing."""
    x = np.random.RandomState(0).normal(size=(9, 1))
    y = target(cls, x if "return_sequences" in settings else x[:, 0])
    with pytest.warns(UserWarning, match=f"{ONE_STEP}.*{re.escape(words)}"):
        cls(**QUICK, **settings).fit(x, y)


TIMES = {
    "dates": {},
    "time zone": {"tz": "Europe/Berlin"},
    "hours": {"freq": "h"},
}


@pytest.mark.parametrize("index", [*TIMES, "periods", "differences"])
def test_rows_that_are_dated(cls, index):
    x = np.random.RandomState(0).normal(size=(9, 1))
    X = dated(x, **TIMES.get(index, {}))
    if index == "periods":
        X.index = X.index.to_period("D")
    elif index == "differences":
        X.index = X.index - X.index[0]
    with pytest.warns(UserWarning, match=ONE_STEP + ".*indexed by times"):
        cls(**QUICK).fit(X, target(cls, x[:, 0]))


@pytest.mark.parametrize("container", ["pandas", "polars", "array"])
def test_the_column_of_times_as_sequence_id(cls, container):
    x, y = echo(200)
    times = np.arange(200.0)
    X = np.column_stack([times, x])
    if container != "array":
        X = pytest.importorskip(container).DataFrame({"time": times, "x": x[:, 0]})
    column = 0 if container == "array" else "time"
    match = f"sequence_id={column!r} gives every row of X a series of its own.*column of times"
    with pytest.warns(UserWarning, match=match):
        cls(**QUICK, rows="steps", sequence_id=column).fit(X, target(cls, y))


def test_in_a_pipeline_and_in_partial_fit(cls):
    x, y = echo()
    with pytest.warns(UserWarning, match=ONE_STEP):
        make_pipeline(StandardScaler(), cls(**QUICK)).fit(x, target(cls, y))
    more = {"classes": [False, True]} if is_classifier(cls()) else {}
    with pytest.warns(UserWarning, match=ONE_STEP):
        cls(**QUICK).partial_fit(x, target(cls, y), **more)


def test_smooth_measurements_as_columns(cls):
    """A table of three measurements: three steps of one feature, as read."""
    x = np.cumsum(np.random.RandomState(0).normal(size=(300, 3)), axis=0) + [0, 30, 60]
    with pytest.warns(
        UserWarning, match="sequence of 3 time steps, one for each column.*from row to row"
    ):
        cls(**QUICK).fit(x, target(cls, x[:, 0] - x[:, 0].mean()))


STEPS = {
    "the same step": lambda x: x[:, :, 0],
    "the step before": lambda x: np.roll(x[:, :, 1], 1, axis=1),
    "the next value": lambda x: np.roll(x[:, :, 0], -1, axis=1),
    "a sum so far": lambda x: np.cumsum(x[:, :, 0], axis=1) / np.sqrt(1 + np.arange(x.shape[1])),
}


@pytest.mark.parametrize("what", STEPS)
def test_targets_of_steps_as_outputs_of_the_whole_sequence(cls, what):
    x = np.random.RandomState(0).normal(size=(80, 12, 2))
    with pytest.warns(UserWarning, match="y has 12 columns.*set return_sequences=True"):
        cls(**QUICK).fit(x, target(cls, STEPS[what](x)))


def test_targets_of_steps_that_do_not_show():
    """A product of steps goes with none of them: said if nothing is learned."""
    x = np.random.RandomState(0).normal(size=(40, 12, 1))
    y = np.roll(x[:, :, 0], 1, axis=1) * np.roll(x[:, :, 0], 2, axis=1)
    with pytest.warns(
        ConvergenceWarning, match="hardly learned.*return_sequences=True, if y has one target"
    ):
        skrnn.GRURegressor(2, max_iter=25, learning_rate_init=1e-4, random_state=0).fit(x, y)


def test_scaled_measurements_of_which_the_target_was_one(cls):
    """No offset tells the columns apart any more."""
    x = np.random.RandomState(0).normal(size=(400, 3))
    x[:, 0] = x[:, 0] / 10 + np.sin(np.arange(400) / 5)
    y = target(cls, np.roll(x[:, 1], 2))
    with pytest.warns(UserWarning, match="columns go on from row to row"):
        make_pipeline(StandardScaler(), cls(**QUICK)).fit(dated(x), y)


# --- ids of tokens read as numbers ----------------------------------------------------------------


@pytest.mark.parametrize("form", ["pipeline", "object array", "list", "part", "equal lengths"])
def test_ids_of_tokens_without_embedding(cls, form):
    texts = ["ab", "bca", "aab", "cb"] * 3
    if form == "equal lengths":
        texts = [text[:2] for text in texts]
    y = np.arange(len(texts)) % 2
    ids = skrnn.TokenEncoder().fit_transform(texts)
    match = "ids of a TokenEncoder, and embedding_size=None reads them as numbers.*Set embedding_size"
    model, X = cls(**QUICK), ids
    if form == "pipeline":
        model, X = make_pipeline(skrnn.TokenEncoder(), model), texts
    elif form != "object array":
        X = list(ids) if form == "list" else ids[[3, 1, 2]]
    with pytest.warns(UserWarning, match=match) as record:
        model.fit(X, y[: len(X)])
    assert len(told(record)) == 1
    cls(**QUICK, embedding_size=2).fit(ids, y)
    cls(**QUICK).fit([np.asarray(i)[:, None] / 3 for i in ids], y)  # what is computed is no id
    cls(**QUICK).fit([(i / 3)[:, None] for i in ids], y)


# --- truncation without effect --------------------------------------------------------------------

NO_K1 = "^k1 makes no updates here"


def test_k1_with_one_target_per_sequence(cls):
    X = np.random.RandomState(0).normal(size=(12, 9, 2))
    y = target(cls, X[:, 0, 0])
    for settings in ({"k1": 3}, {"k1": 3, "k2": 5}, {"k1": 20}):
        with pytest.warns(UserWarning, match=NO_K1) as record:
            cls(**QUICK, **settings).fit(X, y)
        assert len(told(record)) == 1
    steps = target(cls, X[:, :, 0])
    cls(**QUICK, k2=3).fit(X, y)
    cls(**QUICK, k1=3, target_replication=0.5).fit(X, y)
    cls(**QUICK, k1=3, return_sequences=True).fit(X, steps)
    cls(**QUICK, k1=3, rows="steps").fit(X[0], steps[0])
    more = {"classes": [False, True]} if is_classifier(cls()) else {}
    with pytest.warns(UserWarning, match=NO_K1):
        cls(**QUICK, k1=3).partial_fit(X, y, **more)


def test_three_of_four_candidates_are_one_model():
    """Why it is said: k1 and k2 in a grid, with one target per sequence."""
    X = np.random.RandomState(0).normal(size=(12, 9, 2))
    fits = []
    for settings in ({"k1": 3}, {"k2": 3}, {"k1": 3, "k2": 3}, {}):
        context = pytest.warns(UserWarning, match=NO_K1) if "k1" in settings else contextlib.nullcontext()
        with context:
            fits.append(skrnn.GRURegressor(**QUICK, **settings).fit(X, X[:, 0, 0]).predict(X))
    np.testing.assert_array_equal(fits[0], fits[1])
    np.testing.assert_array_equal(fits[0], fits[2])
    assert not np.array_equal(fits[0], fits[3])


def test_k1_is_spoken_of_once_per_search():
    X = np.random.RandomState(0).normal(size=(12, 9, 2))
    model = make_pipeline(skrnn.TimeDistributed(StandardScaler()), skrnn.GRURegressor(**QUICK))
    grid = {"gruregressor__k1": [None, 2, 4], "gruregressor__k2": [3, 5]}
    search = GridSearchCV(model, grid, cv=2)
    with pytest.warns(UserWarning, match=NO_K1) as record:
        search.fit(X, X[:, 0, 0])
    assert len(told(record)) == 1
    with pytest.warns(UserWarning, match=NO_K1):
        clone(search).fit(X, X[:, 0, 0])
    with pytest.warns(UserWarning, match=NO_K1) as record:
        cross_val_score(clone(model).set_params(gruregressor__k1=2), X, X[:, 0, 0], cv=2)


# --- padding --------------------------------------------------------------------------------------


def ragged(n=30, F=2, seed=0):
    rng = np.random.RandomState(seed)
    return [rng.normal(size=(rng.randint(5, 15), F)) for _ in range(n)]


def pad(X, value=0.0, where="end", T=15):
    ends = [(0, T - len(x)) if where == "end" else (T - len(x), 0) for x in X]
    return np.stack([np.pad(x, (e, (0, 0)), constant_values=value) for x, e in zip(X, ends, strict=True)])


PADDED = {
    "zeros": lambda X: pad(X),
    "before": lambda X: pad(X, where="begin"),
    "another value": lambda X: pad(X, value=-1.0),
    "list": lambda X: list(pad(X)),
    "scaled": lambda X: (pad(X) - pad(X).mean((0, 1))) / pad(X).std((0, 1)),
    "scaled place by place": lambda X: (pad(X) - pad(X).mean(0)) / (pad(X).std(0) + 1e-3),
}


@pytest.mark.parametrize("form", PADDED)
@pytest.mark.parametrize("per_step", [False, True])
def test_padded_sequences(cls, form, per_step):
    X = ragged()
    y = target(cls, pad(X)[:, :, 0] if per_step else np.array([x[-1, 0] for x in X]))
    where = "begin" if form == "before" else "end"
    match = f"^X looks padded: .* of its sequences {where} in runs .*list of arrays"
    padded = PADDED[form](X)
    model = cls(**QUICK, return_sequences=per_step)
    with pytest.warns(UserWarning, match=match) as record:
        model.fit(padded, y)
    assert len(str(record[0].message)) <= 600
    if per_step:  # the padding has no weight: as meant
        weight = np.stack([np.arange(15) < len(x) for x in X]).astype(float)
        model.fit(padded, y, sample_weight=weight)
    else:
        model.fit(X, y)


def test_padded_rows_and_tokens(cls):
    rows = pad(ragged(F=1))[:, :, 0]
    y = target(cls, rows[:, 0])
    with pytest.warns(UserWarning, match="^X looks padded"):
        cls(**QUICK).fit(pd.DataFrame(rows).add_prefix("t"), y)
    with pytest.warns(UserWarning, match="^X looks padded"):
        cls(**QUICK, step_features=3).fit(pad(ragged(F=3)).reshape(30, -1), y)
    tokens = (np.abs(rows) * 10).astype(int) + (rows != 0)
    with pytest.warns(UserWarning, match="^X looks padded.*all 0"):
        cls(**QUICK, embedding_size=2).fit(tokens, y)


# --- validation data ------------------------------------------------------------------------------


def test_validation_data_without_their_scaler(cls):
    rng = np.random.RandomState(0)
    X = rng.normal(50, 20, size=(60, 6, 2))
    y = target(cls, X[:, 0, 0] - 50)
    name = cls.__name__.lower()
    pipeline = make_pipeline(skrnn.TimeDistributed(StandardScaler()), cls(**QUICK, early_stopping=True))
    match = "^X_val is on another scale than X: feature 0 has mean .*transform_input="
    with pytest.warns(UserWarning, match=match) as record:
        pipeline.fit(X[:40], y[:40], **{f"{name}__X_val": X[40:], f"{name}__y_val": y[40:]})
    assert len(str(record[0].message)) <= 600
    scaler = pipeline[0].fit(X[:40])
    cls(**QUICK, early_stopping=True).fit(
        scaler.transform(X[:40]), y[:40], X_val=scaler.transform(X[40:]), y_val=y[40:]
    )


def test_what_is_advised_for_validation_data():
    sklearn = pytest.importorskip("sklearn")
    rng = np.random.RandomState(0)
    X = rng.normal(50, 20, size=(60, 6, 2))
    y = X[:, 0, 0]
    with sklearn.config_context(enable_metadata_routing=True):
        model = skrnn.GRURegressor(**QUICK, early_stopping=True).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(
            skrnn.TimeDistributed(StandardScaler()), model, transform_input=["X_val"]
        )
        pipeline.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])


# --- what training has come to --------------------------------------------------------------------


def test_nothing_learned_of_long_sequences(cls):
    """The last state has forgotten the peak; its maximum over time is what is asked for."""
    rng = np.random.RandomState(0)
    X = 0.1 * rng.normal(size=(60, 120, 1))
    y = rng.uniform(-1, 1, size=60)
    X[np.arange(60), rng.randint(5, 20, size=60), 0] += y
    settings = {"hidden_size": 3, "random_state": 0, "max_iter": 25, "learning_rate_init": 1e-5}
    gate = ""
    if not cls.__name__.startswith("RNN"):
        settings["forget_bias"], gate = 0.0, 'forget_bias="chrono".*'
    match = rf'hardly learned .*To try, in this order: {gate}pooling="max" or "mean".*learning_rate_init'
    with pytest.warns(ConvergenceWarning, match=match) as record:
        cls(**settings).fit(X, target(cls, y))
    assert all(len(str(w.message)) <= 600 for w in record)
    for pooling, first in (("last", "pooling"), ("max", "a learn")):
        named = [cause[:7] for cause in causes(outcome([1.0], X=X, pooling=pooling))]
        assert next(cause for cause in named if cause != "forget_") == first


def test_nothing_learned_of_single_steps():
    """Rows that look independent, but the target is the product of those before."""
    x = np.random.RandomState(0).normal(size=(400, 1))
    y = np.r_[0, 0, (x[1:-1] * x[:-2])[:, 0]]
    match = "hardly learned anything.*in this order: every sequence of X has one time step only"
    with pytest.warns(ConvergenceWarning, match=match):
        skrnn.GRURegressor(4, max_iter=25, random_state=0).fit(x, y)


def test_nothing_learned_of_whole_numbers():
    rng = np.random.RandomState(0)
    X = rng.randint(1, 40, size=(100, 8, 1)).astype(float) / 1
    y = rng.normal(size=100)
    with pytest.warns(ConvergenceWarning, match="in this order: if the whole numbers of X are ids"):
        skrnn.GRURegressor(2, max_iter=25, random_state=0, learning_rate_init=1e-5).fit(X, y)


def outcome(losses, constant=1.0, X=None, **settings):
    X = Sequences(np.random.RandomState(0).normal(size=(20, 5, 2)) if X is None else X)
    settings = skrnn.GRURegressor(**settings)._settings_now()
    return Outcome(losses, constant, X, X, settings, n_epochs=len(losses))


@pytest.mark.parametrize(
    ("losses", "warns"),
    [
        ([1.0] * 7 + [0.5, 0.1, 0.3], True), ([1.0] * 7 + [0.5, 0.1, 0.12], False),
        ([1.0, 0.5, 0.1, 0.3], False), ([2.0] * 7 + [0.02, 0.001, 0.005], False),
        ([0.9, 0.5, 0.2, 0.1] + [0.01] * 30 + [0.2, 1.6, 1.2, 0.8, 0.5], True),
        ([0.5, 0.3] * 10 + [0.2, 0.45], False), ([0.5, 0.3] * 10 + [0.2, 0.7], True),
        ([0.95] * 8 + [0.85, 0.99], True), ([1.0] * 8 + [0.1, np.inf], False),
    ],
)  # fmt: skip
def test_ended_above_its_own_best(losses, warns):
    match = (
        "ended at a loss of .* far above the .* of epoch .*lower learning_rate_init.*early_stopping=True"
    )
    with pytest.warns(ConvergenceWarning, match=match) if warns else contextlib.nullcontext():
        advise_on_outcome(outcome(losses))
    advise_on_outcome(outcome(losses)._replace(keeps_best=True))


def test_outlying_values_are_named():
    X = np.random.RandomState(0).normal(size=(20, 50, 3))
    X[3, 4, 1] = 389.0
    with pytest.warns(ConvergenceWarning, match="clip feature 1 of X, whose values reach 389"):
        advise_on_outcome(outcome([1.0] * 8 + [0.1, 0.6], X=X))


def test_a_rate_that_undoes_what_was_learned():
    X = np.random.RandomState(0).normal(size=(60, 5, 2))
    settings = {"hidden_size": 8, "solver": "sgd", "momentum": 0.0, "clip_norm": None, "tol": 0}

    model = skrnn.RNNRegressor(**settings, max_iter=60, learning_rate_init=0.3, random_state=0)
    model.fit(X, X[:, -1, 0])
    assert model.loss_curve_[-1] < 0.5
    model.set_params(warm_start=True, solver="adam", learning_rate_init=3.0, max_iter=12)
    with pytest.warns(ConvergenceWarning, match="hardly learned anything|far above"):
        model.fit(X, X[:, -1, 0])


def test_nothing_learned_in_what_was_held_out():
    """With early stopping the weights that are kept are judged, and not what came after them."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(80, 10, 2)), rng.normal(size=80)
    model = skrnn.GRURegressor(16, max_iter=30, early_stopping=True, tol=None, random_state=0)
    with pytest.warns(ConvergenceWarning, match="hardly learned anything"):
        model.fit(X, y)
    assert min(model.loss_curve_) < 0.3  # it was learned by heart
    model.fit(X, X[:, -1, 0])


def test_nothing_learned_in_many_calls():
    """A warm start of a few epochs each: those before count."""
    X, y = np.random.RandomState(0).normal(size=(40, 6, 2)), np.arange(40.0) % 2
    model = skrnn.GRURegressor(2, max_iter=8, warm_start=True, learning_rate_init=1e-6, random_state=0)
    model.fit(X, y).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="hardly learned anything"):
        model.fit(X, y)


def test_features_far_from_zero():
    X = np.random.RandomState(0).normal(size=(60, 8, 2))
    with pytest.warns(
        ConvergenceWarning, match="order: standardise X: feature . varies by [45].[0-9]e-01 around 6"
    ):
        skrnn.GRURegressor(4, max_iter=25, learning_rate_init=1e-6, random_state=0).fit(
            60 + X / 2, X[:, 0, 0]
        )


def test_many_ids_are_no_unscaled_numbers(cls):
    rng = np.random.RandomState(0)
    X = [rng.randint(1000, size=rng.randint(4, 9)) for _ in range(60)]
    with pytest.warns(ConvergenceWarning, match="in this order: if the whole numbers of X are ids"):
        cls(2, max_iter=25, learning_rate_init=1e-6, random_state=0).fit(X, rng.randint(2, size=60))


def test_an_encoder_decoder_that_has_learned_nothing():
    X = ["ab", "ba", "aab", "bba", "bb"] * 4
    model = skrnn.GRUEncoderDecoder(4, max_iter=25, learning_rate_init=1e-6, random_state=0)
    with pytest.warns(ConvergenceWarning, match="hardly learned anything.*learning_rate_init"):
        model.fit(X, [text[::-1] for text in X])
    model.set_params(max_iter=60, learning_rate_init=0.03, tol=0).fit(X, [text[::-1] for text in X])


def test_candidates_of_a_search_are_told_by_their_scores():
    """One learns nothing, and the search sees it; the model that it ends with is told of."""
    X = np.random.RandomState(0).normal(size=(60, 6, 1))
    model = skrnn.GRURegressor(4, max_iter=60, tol=None, random_state=0)
    search = GridSearchCV(model, {"learning_rate_init": [1e-7, 0.03]}, cv=2)
    search.fit(X, X[:, -1, 0])
    with pytest.warns(ConvergenceWarning, match="hardly learned anything"):
        clone(search).set_params(param_grid={"learning_rate_init": [1e-7]}).fit(X, X[:, -1, 0])


@pytest.mark.parametrize("losses", [[1.0] * 19, [1.0]])
def test_too_early_to_tell(losses):
    advise_on_outcome(outcome(losses))


# --- right uses -----------------------------------------------------------------------------------


def independent(n=200, F=4, seed=0):
    """Rows of a shuffled table, and a target of each of its own."""
    x = np.random.RandomState(seed).normal(size=(n, F))
    return x, x[:, 0] + np.sin(x[:, -1])


def smooth(n=60, T=20, F=2):
    rng = np.random.RandomState(0)
    return np.cumsum(rng.normal(size=(n, T, F)), axis=1) / 3


def spectra():
    """Peaks at places of their own, two scans of each; the scans are steps that go together."""
    grid, rng = np.linspace(0, 1, 50), np.random.RandomState(0)
    peaks = np.exp(-(((grid - rng.uniform(size=(60, 1, 1))) / 0.1) ** 2))
    return peaks * np.linspace(1, 2, 4)[:, None] + 0.01 * rng.normal(size=(60, 4, 50))


def images():
    """Blank rows above and below, of different number, as handwritten digits on a larger canvas have."""
    digits, rng = datasets.load_digits().images[:80] / 16, np.random.RandomState(0)
    canvas = np.zeros((80, 16, 8))
    for image, digit, top in zip(canvas, digits, rng.randint(0, 9, size=80), strict=True):
        image[top : top + 8] = digit
    return canvas


def counts():
    """Sales with days of none, more of them towards the end."""
    rng = np.random.RandomState(0)
    return rng.poisson(np.linspace(2, 0.3, 30), size=(60, 30))[:, :, None].astype(float)


def table_of(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def in_one_step(X, y):
    return X, y, {"step_features": X.shape[1]}


LOADERS = {
    "diabetes": datasets.load_diabetes, "breast cancer": datasets.load_breast_cancer,
    "iris": datasets.load_iris, "wine": datasets.load_wine,
}  # fmt: skip


def profiles(n=60, T=24):
    """Days of T hours, one after the other, and the days after them."""
    rng = np.random.RandomState(0)
    hours = np.tile(np.sin(np.arange(T) / 4), n + 1) + np.cumsum(rng.normal(size=T * (n + 1))) / 10
    days = hours.reshape(n + 1, T)
    return days[:-1], days[1:]


def seasons(n=730, T=24):
    """Windows of two periods of a series."""
    series = np.sin(2 * np.pi * np.arange(n) / T) + np.random.RandomState(0).normal(size=n) / 50
    return np.lib.stride_tricks.sliding_window_view(series, 2 * T)


def weeks():
    """Days of sales, more of them at weekends: (150, 7)."""
    days = 3 * (np.arange(1050) % 7 > 4) + np.random.RandomState(0).normal(size=1050)
    return days.reshape(-1, 7)


RIGHT = {
    "24 in and 24 out": lambda: (*profiles(), {}),
    "24 in and 24 out of noise": lambda: (echo(60, F=24)[0], echo(60, F=24, seed=1)[0], {}),
    "24 in and 24 out, a few": lambda: (profiles(8)[0], profiles(8)[1], {}),
    "the same, scaled step by step": lambda: (
        StandardScaler().fit_transform(seasons()[:, :24]), seasons()[:, 24:], {}),
    "windows, a period in and one out": lambda: (seasons()[:, :24], seasons()[:, 24:], {}),
    "weeks in and weeks out": lambda: (weeks()[:-1], weeks()[1:], {}),
    "weeks in and labels out": lambda: (weeks()[:-1], weeks()[1:] > 1, {}),
    "a pattern of five days": lambda: (weeks()[:, :5], np.random.RandomState(1).normal(size=150), {}),
    "on and off": lambda: (np.arange(20) >= np.arange(60)[:, None] % 17, None, {}),
    "windows of a machine": lambda: (
        np.lib.stride_tricks.sliding_window_view(np.sign(np.sin(np.arange(99) / 4 + 0.1)), 9), None, {}),
    "windows of bursts and of quiet": lambda: (
        np.lib.stride_tricks.sliding_window_view((echo(260)[0][:, 0] * (np.arange(260) % 13 < 8)), 6),
        np.random.RandomState(2).normal(size=255), {}),
    "smooth in time and along features": lambda: (
        np.cumsum(np.cumsum(echo(480, F=40)[0].reshape(60, 8, 40), axis=1), axis=2) / 10, None, {}),
    "filling up": lambda: (np.minimum(1, np.cumsum(np.abs(smooth()) / 9, axis=1)), None, {}),
    "quantiles of a step": lambda: (np.sort(echo(600, F=9)[0].reshape(100, 6, 9)), None, {}),
    "sorted by two labels": lambda: (
        independent(F=3)[0] + np.repeat([0, 3], 100)[:, None],
        np.repeat([[0, 1], [1, 1]], 100, axis=0), {"step_features": 3}),
    "sorted by a feature": lambda: (
        independent()[0][np.argsort(independent()[0][:, 0])],
        independent()[1][np.argsort(independent()[0][:, 0])], {"step_features": 4}),
    "24 in and 24 labels": lambda: (
        np.tile(echo(60, F=24)[0][..., None], 2), profiles()[1] > 0, {}),
    "rows of a table as single steps": lambda: (*independent(), {"step_features": 4}),
    "(n, 1, F) that are meant": lambda: (independent()[0][:, None], independent()[1], {}),
    "one column that is meant": lambda: (*independent(F=1), {}),
    "a few single steps": lambda: (np.arange(6.0)[:, None], np.arange(6) % 2, {}),
    "one sequence of one step": lambda: (np.ones((1, 1)), np.ones(1), {}),
    "some sequences of one step": lambda: ([x[: 1 + i % 5] for i, x in enumerate(smooth())], None, {}),
    "short sequences": lambda: (smooth(T=2), None, {}),
    **{f"{name} in one step": lambda load=load: in_one_step(*table_of(load))
       for name, load in LOADERS.items()},
    **{f"{name} along its columns": lambda load=load: (*table_of(load), {})
       for name, load in LOADERS.items()},
    "digits by rows": lambda: (datasets.load_digits().images[:100] / 16, None, {}),
    "digits by pixels": lambda: (datasets.load_digits().data[:100] / 16, None, {}),
    "images with blank rows": lambda: (images(), None, {}),
    "spectra": lambda: (spectra(), None, {}),
    "smooth signals": lambda: (smooth(), None, {}),
    "sorted by class": lambda: (smooth(), np.arange(60) // 20, {}),
    "profiles that all rows share": lambda: (
        4 * np.sin(np.arange(12) / 2) + 0.1 * smooth(1, 60, 12)[0], None, {}),
    "windows of a series": lambda: (
        np.lib.stride_tricks.sliding_window_view(echo()[0][:, 0], 10), echo()[1][9:], {}),
    "windows of a smooth series": lambda: (
        np.lib.stride_tricks.sliding_window_view(smooth(1, 200, 1)[0, :, 0], 10), np.arange(191) % 7, {}),
    "a dated table of windows": lambda: (dated(echo()[0][:40].reshape(10, 4)), np.arange(10) % 2, {}),
    "counts with zeros": lambda: (counts(), None, {}),
    "all quiet at the end": lambda: (np.concatenate([smooth(), np.zeros((60, 5, 2))], axis=1), None, {}),
    "a few of them quiet at the end": lambda: (
        smooth() * ~((np.arange(60) < 9)[:, None, None] & (np.arange(20) > 12)[:, None]), None, {}),
    "steps of 0 and 1": lambda: (smooth() > 0, None, {}),
    "whole numbers": lambda: ([np.arange(3 + i % 4) + i for i in range(30)], None, {}),
    "a series": lambda: (*echo(60), {"rows": "steps"}),
    "a dated series": lambda: (dated(echo(60)[0]), echo(60)[1], {"rows": "steps", "k1": 5}),
    "a series of one row": lambda: (np.ones((1, 2)), np.ones(1), {"rows": "steps"}),
    "two series of one row": lambda: (np.eye(2), np.arange(2.0), {"rows": "steps", "sequence_id": 0}),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_uses(cls, name):
    X, y, settings = RIGHT[name]()
    if y is None:
        y = np.random.RandomState(1).randint(2, size=len(X))
    if is_classifier(cls()) and np.asarray(y).dtype.kind == "f":
        y = y > np.median(y)
    cls(**QUICK, **settings).fit(X, y).predict(X)


def test_some_windows_of_a_season_in_any_order(regressor):
    some = np.random.RandomState(0).permutation(seasons())[:300]
    regressor(**QUICK).fit(some[:, :24], some[:, 24:])


def test_series_that_go_on_by_one_row(cls):
    """partial_fit row by row, of one series and of several: what it is for."""
    more = {"classes": [False, True]} if is_classifier(cls()) else {}
    one = cls(**QUICK, rows="steps", initial_state="last")
    many = cls(**QUICK, rows="steps", sequence_id=0, initial_state="last")
    for t in range(3):
        one.partial_fit([[float(t)]], [t > 1], **more)
        many.partial_fit([[i, float(t)] for i in range(5)], [t > i for i in range(5)], **more)


def test_validation_data_of_their_own_range(cls):
    """Later data may have moved on, and a constant feature come to life."""
    X = smooth(T=40)
    X[..., 1] = 0
    later = X[:30] + [1.0, 0]
    later[..., 1] = np.arange(30)[:, None] % 3
    y = np.arange(60) % 2
    cls(**QUICK, early_stopping=True).fit(X, y, X_val=later, y_val=y[:30])
    cls(**QUICK, early_stopping=True).fit(X, y, X_val=X[:2, :5], y_val=y[:2])
