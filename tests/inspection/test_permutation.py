"""Permutation importance: the right parts are mixed up, in every form of X, and scores are compared."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import inspection as sklearn_inspection
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from support.arrays import object_array

import skrnn
from skrnn.inspection import permutation_importance
from skrnn.metrics import sequence_scorer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 4, "max_iter": 2, "random_state": 0}
RNG = np.random.RandomState(0)
N, T, F = 30, 5, 3
X = RNG.normal(size=(N, T, F))
LENGTHS = 2 + np.arange(N) % 6
RAGGED = [RNG.normal(size=(length, F)) for length in LENGTHS]


class Recorder(BaseEstimator):
    """Keeps the X that it is scored with."""

    def __init__(self, of=None):
        self.of, self.seen = of, []

    def fit(self, X, y):
        return self

    def predict(self, X):
        raise NotImplementedError

    def score(self, X, y, sample_weight=None):
        self.seen.append(X)
        return -float(len(self.seen)) if sample_weight is None else -float(np.sum(sample_weight))


def seen(X, by, **options):
    """The X before, and those with each part mixed up."""
    recorder = Recorder()
    permutation_importance(recorder, X, np.zeros(len(X)), by=by, n_repeats=1, random_state=0, **options)
    return recorder.seen[0], recorder.seen[1:]


# --- what is mixed up -----------------------------------------------------------------------------


def test_an_array():
    before, by_feature = seen(X, "feature")
    assert before is X
    assert len(by_feature) == F
    for k, mixed in enumerate(by_feature):
        others = np.delete(np.arange(F), k)
        np.testing.assert_array_equal(mixed[:, :, others], X[:, :, others])
        assert (mixed[:, :, k] != X[:, :, k]).any()
        # whole courses, each of them once
        assert sorted(map(tuple, mixed[:, :, k])) == sorted(map(tuple, X[:, :, k]))
    _, by_step = seen(X, "step")
    assert len(by_step) == T
    for t, mixed in enumerate(by_step):
        others = np.delete(np.arange(T), t)
        np.testing.assert_array_equal(mixed[:, others], X[:, others])
        assert sorted(map(tuple, mixed[:, t])) == sorted(map(tuple, X[:, t]))
        assert (mixed[:, t] != X[:, t]).any()


FORMS = {
    "list": list,
    "tuple": tuple,
    "object array": object_array,
    "pandas": lambda X: [pd.DataFrame(x, columns=list("abc")) for x in X],
    "polars": lambda X: [pl.DataFrame(x, schema=list("abc")) for x in X],
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))


@forms
def test_sequences_of_unequal_length_by_feature(form):
    given = form(RAGGED)
    _, by_feature = seen(given, "feature")
    assert len(by_feature) == F
    for k, mixed in enumerate(by_feature):
        assert isinstance(mixed, np.ndarray if form is object_array else list)
        assert type(mixed[0]) is type(given[0])
        courses = [x[:, k] for x in RAGGED]
        for x, one in zip(RAGGED, map(np.asarray, mixed), strict=True):
            others = np.delete(np.arange(F), k)
            np.testing.assert_array_equal(one[:, others], x[:, others])
            # of another one the beginning, or its repetition
            assert any(np.array_equal(one[:, k], np.resize(c, len(x))) for c in courses)
        assert any((np.asarray(one) != x).any() for x, one in zip(RAGGED, mixed, strict=True))


@forms
@pytest.mark.parametrize("at_end", [True, False], ids=["one target", "target per step"])
def test_sequences_of_unequal_length_by_step(form, at_end):
    given = form(RAGGED)
    y = np.zeros(N) if at_end else [np.zeros(length) for length in LENGTHS]
    model = skrnn.GRURegressor(**SMALL, return_sequences=not at_end).fit(given, y)
    recorder = Recorder(model)

    def keep(estimator, X, y):
        recorder.seen.append(X)
        return 0.0

    result = permutation_importance(model, given, y, by="step", n_repeats=1, scoring=keep)
    longest = LENGTHS.max()
    assert result.importances.shape == (longest, 1)
    for t, mixed in enumerate(recorder.seen[1:]):
        at = t - (longest - LENGTHS) if at_end else np.full(N, t)
        mixed = [np.asarray(one) for one in mixed]
        known = [i for i in range(N) if 0 <= at[i] < LENGTHS[i]]
        for i in range(N):
            others = np.arange(LENGTHS[i]) != at[i]
            np.testing.assert_array_equal(mixed[i][others], RAGGED[i][others])
        there = sorted(tuple(mixed[i][at[i]]) for i in known)
        assert there == sorted(tuple(RAGGED[i][at[i]]) for i in known)


TABLES = {
    "array": lambda X: X,
    "pandas": lambda X: pd.DataFrame(X).add_prefix("x"),
    "polars": lambda X: pl.DataFrame(X, schema=[f"x{k}" for k in range(X.shape[1])]),
}
tables = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))


@tables
def test_a_table_of_sequences(table):
    given = table(X.reshape(N, T * F))
    model = skrnn.GRURegressor(**SMALL, step_features=F).fit(given, X[:, -1, 0])
    same = skrnn.GRURegressor(**SMALL).fit(X, X[:, -1, 0])
    for by in ("feature", "step"):
        options = {"by": by, "random_state": 0, "n_repeats": 3}
        a = permutation_importance(model, given, X[:, -1, 0], **options)
        b = permutation_importance(same, X, X[:, -1, 0], **options)
        np.testing.assert_allclose(a.importances, b.importances, rtol=1e-9)
        assert a.importances.shape == (F if by == "feature" else T, 3)


@tables
def test_other_estimators_of_tables_as_scikit_learn(table):
    """Up to the random numbers: with many repetitions it is the same."""
    given, y = table(X[:, 0]), X[:, 0, 1] * 3 + X[:, 0, 0]
    forest = RandomForestRegressor(5, random_state=0).fit(given, y)
    of_arrays = RandomForestRegressor(5, random_state=0).fit(X[:, 0], y)
    ours = permutation_importance(forest, given, y, n_repeats=60, random_state=0)
    theirs = sklearn_inspection.permutation_importance(
        of_arrays, X[:, 0], y, n_repeats=60, random_state=0
    )
    error = 5 * theirs.importances_std / np.sqrt(30) + 1e-12
    assert (np.abs(ours.importances_mean - theirs.importances_mean) <= error).all()
    assert ours.keys() == theirs.keys()
    np.testing.assert_array_equal(ours.importances_mean, ours.importances.mean(axis=1))
    np.testing.assert_array_equal(ours.importances_std, ours.importances.std(axis=1))


IDS = np.tile(["a", "b", "c"], 10)
ROWS = pd.DataFrame(RNG.normal(size=(N, 2)), columns=["u", "v"])
ROWS.insert(1, "id", IDS)


def of_rows(given, **options):
    """What a model of rows is scored with."""
    y, found = ROWS["u"].to_numpy(), []
    model = options.pop("model", skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id"))
    model.fit(given, y)

    def keep(estimator, X, y):
        found.append(X)
        return estimator.score(X, y)

    result = permutation_importance(model, given, y, scoring=keep, n_repeats=1, random_state=0, **options)
    return result, found[1:]


@pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
def test_rows_that_are_steps(make):
    result, mixed = of_rows(make(ROWS))
    assert result.importances.shape == (2, 1)
    for name, other, table in zip("uv", "vu", mixed, strict=True):
        assert list(table.columns) == ["u", "id", "v"]
        for same in (other, "id"):
            np.testing.assert_array_equal(table[same].to_numpy(), ROWS[same])
        values = table[name].to_numpy()
        for one in "abc":  # in time, within each series
            assert sorted(values[one == IDS]) == sorted(ROWS[name][one == IDS])
            assert (values[one == IDS] != ROWS[name][one == IDS]).any()
    result, mixed = of_rows(make(ROWS), by="step")
    assert result.importances.shape == (10, 1)
    for t, table in enumerate(mixed):
        now = np.column_stack([table["u"].to_numpy(), table["v"].to_numpy()])
        rows = slice(3 * t, 3 * t + 3)
        others = np.delete(np.arange(N), np.r_[rows])
        np.testing.assert_array_equal(now[others], ROWS[["u", "v"]].to_numpy()[others])
        assert sorted(map(tuple, now[rows])) == sorted(map(tuple, ROWS[["u", "v"]].to_numpy()[rows]))
        np.testing.assert_array_equal(table["id"].to_numpy(), IDS)
    assert sum((table["u"].to_numpy() != ROWS["u"].to_numpy()).any() for table in mixed) > 4


def test_rows_as_lists_and_arrays_of_objects():
    for given in (ROWS.to_numpy(), ROWS.to_numpy().tolist()):
        model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id=1)
        _, mixed = of_rows(given, model=model)
        assert {row[1] for row in mixed[0]} == {"a", "b", "c"}
        assert len(mixed) == 2


def test_behind_transformers_and_windows():
    scaled = ColumnTransformer(
        [("s", StandardScaler(), ["u", "v"])], remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    gru = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id")
    result, mixed = of_rows(ROWS, model=make_pipeline(scaled, gru))
    assert result.importances.shape == (2, 1)
    assert (mixed[0]["id"] == IDS).all()
    numbers = ROWS.assign(id=np.tile([0.0, 1.0, 2.0], 10))
    window = skrnn.SlidingWindow(3, sequence_id="id")
    result, mixed = of_rows(numbers, model=make_pipeline(window, skrnn.GRURegressor(**SMALL)))
    assert result.importances.shape == (2, 1)
    assert (mixed[1]["id"] == numbers["id"]).all()


def test_tokens():
    tokens = [RNG.randint(4, size=length) for length in LENGTHS]
    y = np.array([ids[-1] % 2 for ids in tokens])
    model = skrnn.GRUClassifier(8, embedding_size=3, max_iter=60, random_state=0).fit(tokens, y)
    result = permutation_importance(model, tokens, y, by="step", random_state=0)
    assert result.importances_mean.argmax() == LENGTHS.max() - 1  # the last token, of all
    words = [["abcd"[k] for k in ids] for ids in tokens]
    pipe = make_pipeline(skrnn.TokenEncoder(), skrnn.GRUClassifier(**SMALL, embedding_size=3)).fit(
        words, y
    )
    assert permutation_importance(pipe, words, y, by="step").importances.shape == (LENGTHS.max(), 5)


STRINGS = ["".join("abcd"[k] for k in RNG.randint(4, size=length)) for length in LENGTHS]
TEXTS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "object array": object_array,
    "pandas": pd.Series,
    "lists": lambda texts: [list(text) for text in texts],
    "lists of tuples": lambda texts: [[(one, 1) for one in text] for text in texts],
}


@pytest.mark.parametrize("form", TEXTS.values(), ids=list(TEXTS))
def test_texts_of_encoder_decoders(form):
    given, seen = form(STRINGS), []
    model = skrnn.GRUEncoderDecoder(4, max_iter=1, tol=None, random_state=0).fit(given, given)

    def keep(estimator, X, y):
        seen.append(X)
        return estimator.score(X, y)

    result = permutation_importance(model, given, given, by="step", scoring=keep, n_repeats=1)
    assert result.importances.shape == (LENGTHS.max(), 1)
    for t, mixed in enumerate(seen[1:]):
        assert isinstance(mixed, list if isinstance(given, (list, tuple)) else np.ndarray)
        at = t - (LENGTHS.max() - LENGTHS)
        known = [i for i in range(N) if at[i] >= 0]
        for i, (one, before) in enumerate(zip(mixed, given, strict=True)):
            assert type(one) is (str if isinstance(before, str) else list)
            others = [k for k in range(LENGTHS[i]) if k != at[i]]
            assert [one[k] for k in others] == [before[k] for k in others]
        assert sorted(mixed[i][at[i]] for i in known) == sorted(given[i][at[i]] for i in known)


def test_characters_in_pipelines():
    y, options = np.array([text[-1] < "c" for text in STRINGS]), {"by": "step", "random_state": 0}
    pipe = make_pipeline(skrnn.TokenEncoder(), skrnn.GRUClassifier(**SMALL, embedding_size=3))
    result = permutation_importance(pipe.fit(STRINGS, y), STRINGS, y, **options)
    tokens = pipe[0].transform(STRINGS)
    expected = permutation_importance(pipe[1], tokens, y, **options)
    np.testing.assert_array_equal(result.importances, expected.importances)


def test_words_are_to_be_passed():
    """What the error says instead works."""
    y, texts = np.array([text[-1] < "c" for text in STRINGS]), [" ".join(text) for text in STRINGS]
    model = make_pipeline(skrnn.TokenEncoder("word"), skrnn.GRUClassifier(**SMALL, embedding_size=3))
    estimator = model.fit(texts, y)
    with pytest.raises(ValueError, match="holds texts") as error:
        permutation_importance(estimator, texts, y, by="step")
    call = (
        str(error.value)
        .split("it: ")[1]
        .rstrip(".")
        .replace("X", "texts")
        .replace(", y", ", y, by='step'")
    )
    scope = {"permutation_importance": permutation_importance, "estimator": estimator, "texts": texts}
    assert eval(call, {**scope, "y": y}).importances.shape == (LENGTHS.max(), 5)


# --- transformers that make other columns ---------------------------------------------------------

FLAT = X.reshape(N, T * F)
NAMES = [f"x{k}" for k in range(T * F)]
CHANGED = {
    "fewer": (
        ColumnTransformer([("k", "passthrough", slice(1, None))]),
        pd.DataFrame(FLAT, columns=NAMES).assign(name=1.0)[["name", *NAMES]],
    ),
    "another order": (
        ColumnTransformer([("k", "passthrough", NAMES[::-1])]),
        pd.DataFrame(FLAT, columns=NAMES),
    ),
    "mixtures": (PCA(random_state=0), FLAT),
    "sequences": (FunctionTransformer(lambda X: X.reshape(len(X), T, F)), FLAT),
}


@pytest.mark.parametrize(("transformer", "given"), CHANGED.values(), ids=list(CHANGED))
def test_columns_that_are_changed(transformer, given):
    """Each is a part, as for scikit-learn; where steps are is not known."""
    flat, y = {} if transformer.__class__ is FunctionTransformer else {"step_features": F}, X[:, -1, 0]
    estimator = make_pipeline(transformer, skrnn.GRURegressor(**SMALL, **flat)).fit(given, y)
    ours = permutation_importance(estimator, given, y, n_repeats=20, random_state=0)
    theirs = sklearn_inspection.permutation_importance(estimator, given, y, n_repeats=20, random_state=0)
    error = 5 * theirs.importances_std / np.sqrt(10) + 1e-12
    assert (np.abs(ours.importances_mean - theirs.importances_mean) <= error).all()
    with pytest.raises(ValueError, match=r"X is a table of 1[56] columns.*pass what they make") as error:
        permutation_importance(estimator, given, y, by="step")
    assert len(str(error.value)) <= 600


UNCHANGED = {
    "scaler": StandardScaler(),
    "by name": ColumnTransformer([("k", StandardScaler(), NAMES)]),
    "function": FunctionTransformer(lambda X: X),
}


@pytest.mark.parametrize("transformer", UNCHANGED.values(), ids=list(UNCHANGED))
def test_columns_that_stay(transformer):
    given = pd.DataFrame(FLAT, columns=NAMES)
    estimator = make_pipeline(transformer, skrnn.GRURegressor(**SMALL, step_features=F))
    estimator.fit(given, X[:, -1, 0])
    for by, n in (("feature", F), ("step", T)):
        assert permutation_importance(estimator, given, X[:, -1, 0], by=by).importances.shape == (n, 5)


# --- ensembles ------------------------------------------------------------------------------------

GRU = skrnn.GRUClassifier(4, max_iter=1, tol=None, random_state=0, step_features=F)
LABEL = np.arange(N) % 2


class Wrapper(BaseEstimator):
    """Keeps what it has fitted where nobody looks."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.inner_ = clone(self.estimator).fit(X, y)
        return self

    def score(self, X, y):
        return self.inner_.score(X, y)


ENSEMBLES = {
    "bagging": (BaggingClassifier(GRU, n_estimators=1), LABEL),
    "calibrated": (CalibratedClassifierCV(GRU, cv=2), LABEL),
    "one vs rest": (OneVsRestClassifier(GRU), np.arange(N) % 3),
    "several outputs": (MultiOutputClassifier(GRU), np.column_stack([LABEL, np.arange(N) % 3])),
    "voting": (VotingClassifier([("log", LogisticRegression()), ("gru", GRU)]), LABEL),
    "boosting": (AdaBoostClassifier(clone(GRU).set_params(max_iter=60), n_estimators=1), X[:, -1, 0] > 0),
    "others": (Wrapper(GRU), LABEL),
    "pipelines": (BaggingClassifier(make_pipeline(StandardScaler(), GRU), n_estimators=1), LABEL),
}


@pytest.mark.parametrize(("ensemble", "y"), ENSEMBLES.values(), ids=list(ENSEMBLES))
def test_ensembles(ensemble, y):
    estimator = ensemble.fit(FLAT, y)
    for by, n in (("feature", F), ("step", T)):
        assert permutation_importance(estimator, FLAT, y, by=by, n_repeats=1).importances.shape == (n, 1)
    with pytest.raises(NotFittedError):
        permutation_importance(clone(ensemble), FLAT, y)


@pytest.mark.parametrize("options", [{"max_features": 6}, {"bootstrap_features": True}], ids=str)
def test_ensembles_of_some_columns_each(options):
    estimator = BaggingClassifier(GRU, n_estimators=1, **options).fit(FLAT, LABEL)
    result = permutation_importance(estimator, FLAT, LABEL, n_repeats=1)
    assert result.importances.shape == (T * F, 1)
    with pytest.raises(ValueError, match="not to be found in X"):
        permutation_importance(estimator, FLAT, LABEL, by="step")


@pytest.mark.parametrize("given", [X, RAGGED, object_array(RAGGED)], ids=["3-D", "list", "objects"])
def test_features_of_which_a_transformer_makes_tokens(given):
    def tokens(X):
        return [(x[:, 0] > 0).astype(int) for x in X]

    estimator = make_pipeline(FunctionTransformer(tokens), skrnn.GRURegressor(**SMALL, embedding_size=2))
    estimator.fit(given, np.arange(N))
    lost = permutation_importance(estimator, given, np.arange(N)).importances_mean
    assert lost.shape == (F,)
    assert lost[0] != 0
    assert (lost[1:] == 0).all()


def test_windows_before_another_estimator():
    window = make_pipeline(skrnn.SlidingWindow(3), FunctionTransformer(np.ravel), Sum()).fit(
        X[0], X[0, :, 0]
    )
    result = permutation_importance(window, X[0], X[0, :, 0])
    assert result.importances.shape == (F, 5)


class Sum(BaseEstimator):
    """An estimator that is not ours."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def score(self, X, y):
        return float(np.sum(X))


# --- what comes out -------------------------------------------------------------------------------


def test_what_counts_is_found():
    y = X[:, -2, 1]
    model = skrnn.GRURegressor(16, max_iter=100, learning_rate_init=0.02, random_state=0).fit(X, y)
    by_feature = permutation_importance(model, X, y, random_state=0)
    assert by_feature.importances_mean.argmax() == 1
    by_step = permutation_importance(model, X, y, by="step", random_state=0)
    assert by_step.importances_mean.argmax() == T - 2


@pytest.mark.parametrize("ragged", [False, True], ids=["3-D", "ragged"])
def test_targets_per_step_are_counted_step_by_step(ragged):
    data = RAGGED if ragged else X
    y = [(x[:, 0] > 0).astype(int) for x in data]
    y = y if ragged else np.array(y)
    model = skrnn.GRUClassifier(8, max_iter=40, random_state=0, return_sequences=True).fit(data, y)
    by_name = permutation_importance(model, data, y, scoring="accuracy", random_state=0)
    by_score = permutation_importance(model, data, y, random_state=0)
    np.testing.assert_array_equal(by_name.importances, by_score.importances)
    assert by_name.importances_mean.argmax() == 0
    several = permutation_importance(model, data, y, scoring=["accuracy", "neg_log_loss"], random_state=0)
    np.testing.assert_array_equal(several["accuracy"].importances, by_name.importances)
    error = make_scorer(mean_absolute_error, greater_is_better=False)
    own = {"error": sequence_scorer(error), "accuracy": "accuracy"}
    again = permutation_importance(model, data, y, scoring=own, random_state=0)
    np.testing.assert_allclose(again["error"].importances, by_name.importances, atol=1e-12)


def test_weights_and_random_states():
    y, w = X[:, -1, 0], RNG.uniform(size=N)
    model = skrnn.GRURegressor(**SMALL).fit(X, y)
    options = {"scoring": "r2", "n_repeats": 2}
    a, b, c = (permutation_importance(model, X, y, random_state=k, **options) for k in (0, 0, 1))
    np.testing.assert_array_equal(a.importances, b.importances)
    assert (a.importances != c.importances).any()
    weighted = permutation_importance(model, X, y, random_state=0, sample_weight=w, **options)
    assert (weighted.importances != a.importances).any()
    same = permutation_importance(model, X, y, random_state=0, sample_weight=np.full(N, 2.0), **options)
    np.testing.assert_allclose(same.importances, a.importances, rtol=1e-9)


def test_nothing_changes():
    before, model = X.copy(), skrnn.GRURegressor(**SMALL).fit(X, X[:, 0, 0])
    weights = model.weights_
    permutation_importance(GridSearchCV(model, {}, cv=2).fit(X, X[:, 0, 0]), X, X[:, 0, 0], by="step")
    np.testing.assert_array_equal(X, before)
    for name, array in model.weights_.items():
        np.testing.assert_array_equal(array, weights[name])


# --- errors ---------------------------------------------------------------------------------------


def fitted():
    return skrnn.GRURegressor(**SMALL).fit(X, X[:, 0, 0])


def one_series():
    model = skrnn.GRURegressor(**SMALL, rows="steps").fit(X[0], X[0, :, 0])
    return permutation_importance(model, X[0], X[0, :, 0], by="step")


def of_tokens():
    tokens = RNG.randint(3, size=N)
    lists = [tokens[: k % 3 + 1] for k in range(N)]
    model = skrnn.GRURegressor(**SMALL, embedding_size=2).fit(lists, np.zeros(N))
    return permutation_importance(model, lists, np.zeros(N))


def of_an_array_of_tokens():
    tokens = RNG.randint(3, size=(N, T))
    model = skrnn.GRURegressor(**SMALL, embedding_size=2).fit(tokens, np.arange(N))
    return permutation_importance(model, tokens, np.arange(N))


def of_texts(texts=("ab", "b") * 5):
    model = skrnn.GRUEncoderDecoder(4, max_iter=1, tol=None).fit(texts, texts)
    return permutation_importance(model, texts, texts)


Y = X[:, 0, 0]
ERRORS = {
    "not fitted": (
        NotFittedError,
        "not fitted",
        lambda: permutation_importance(skrnn.GRURegressor(), X, Y),
    ),
    "by": (ValueError, "by must be one of", lambda: permutation_importance(fitted(), X, Y, by="time")),
    "repeats": (ValueError, "n_repeats", lambda: permutation_importance(fitted(), X, Y, n_repeats=0)),
    "lengths": (ValueError, "inconsistent", lambda: permutation_importance(fitted(), X, Y[1:])),
    "one": (ValueError, "single sequence", lambda: permutation_importance(fitted(), X[:1], Y[:1])),
    "one series": (ValueError, "single series", one_series),
    "no features": (ValueError, 'pass by="step"', of_tokens),
    "no features of an array": (ValueError, 'pass by="step"', of_an_array_of_tokens),
    "no features of a text": (ValueError, 'pass by="step"', of_texts),
    "no features of words": (ValueError, 'pass by="step"', lambda: of_texts([list("ab"), list("b")] * 5)),
    "strings": (ValueError, "TokenEncoder", lambda: permutation_importance(fitted(), ["ab"] * N, Y)),
    "nothing": (
        ValueError,
        "scoring is empty",
        lambda: permutation_importance(fitted(), X, Y, scoring=[]),
    ),
    "1-D": (
        ValueError,
        r"shape \(5,\)",
        lambda: permutation_importance(fitted(), np.arange(5), range(5)),
    ),
    "masked": (TypeError, "masked", lambda: permutation_importance(fitted(), np.ma.masked_array(X), Y)),
    "no scorer": (
        TypeError,
        "score",
        lambda: permutation_importance(object_without_score(), X[:, 0], Y),
    ),
}


def object_without_score():
    class Silent(BaseEstimator):
        fit = LinearRegression.fit

    return Silent()


@pytest.mark.parametrize(("error", "match", "call"), ERRORS.values(), ids=list(ERRORS))
def test_errors(error, match, call):
    with pytest.raises(error, match=match):
        call()
