"""TimeDistributed, SlidingWindow, TokenEncoder: against the same by hand, and in scikit-learn's tools."""

import inspect
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import estimator_checks as checks
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from sklearn.utils.validation import check_array
from support.arrays import object_array
from support.versions import is_sklearn, needs_sklearn, polars_for_columns

import skrnn
from skrnn import SlidingWindow, TimeDistributed, TokenEncoder

SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}
VERSION = ".".join(sklearn.__version__.split(".")[:2])

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def sequences(n=12, T=5, F=3, dtype=np.float64):
    rng = np.random.RandomState(0)
    return (np.arange(F) + rng.uniform(size=(n, T, F))).astype(dtype)


def ragged(X):
    return [x[: 1 + i % X.shape[1]] for i, x in enumerate(X)]


# a 3-D array -> the container
CONTAINERS = {
    "3-D": lambda X: X,
    "3-D Fortran": np.asfortranarray,
    "list": ragged,
    "tuple": lambda X: tuple(ragged(X)),
    "list of equal lengths": list,
    "object array": lambda X: object_array(ragged(X)),
    "object array of equal lengths": object_array,
    "Series": lambda X: pd.Series(ragged(X), index=np.arange(len(X))[::-1]),
    "nested lists": lambda X: X.tolist(),
}
containers = pytest.mark.parametrize("container", CONTAINERS)


def answer_type(container):
    if container in ("list", "tuple", "list of equal lengths", "nested lists"):
        return list
    return np.ndarray


def assert_same_container(answer, X, container):
    assert type(answer) is answer_type(container)
    if container.startswith("3-D"):
        assert answer.ndim == 3
    elif isinstance(answer, np.ndarray):
        assert answer.dtype == object
        assert answer.ndim == 1
    assert [len(a) for a in answer] == [len(x) for x in X]


# --- TimeDistributed ------------------------------------------------------------------------------


@containers
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize(
    "transformer",
    [StandardScaler(), PCA(2), PolynomialFeatures(), FunctionTransformer(np.log1p)],
    ids=lambda t: type(t).__name__,
)
def test_every_step_is_transformed_as_a_row(container, dtype, transformer):
    X = CONTAINERS[container](sequences(dtype=dtype))
    before = pickle.dumps(X)
    model = TimeDistributed(transformer).fit(X)
    answer = model.transform(X)
    rows = np.concatenate([np.asarray(x) for x in X])
    expected = clone(transformer).fit(rows).transform(rows)
    assert_same_container(answer, X, container)
    np.testing.assert_allclose(np.concatenate(list(answer)), expected, rtol=1e-4, atol=1e-4)
    assert answer[0].dtype == expected.dtype
    assert model.n_features_in_ == 3
    again, at_once = model.transform(X), TimeDistributed(transformer).fit_transform(X)
    for a, b, c in zip(answer, again, at_once, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-4)
    assert_same_container(at_once, X, container)
    assert pickle.dumps(X) == before
    assert not hasattr(transformer, "n_features_in_")  # it was cloned


@containers
def test_inverse_transform_undoes(container):
    X = CONTAINERS[container](sequences())
    model = TimeDistributed(PCA()).fit(X)
    back = model.inverse_transform(model.transform(X))
    assert_same_container(back, X, container)
    np.testing.assert_allclose(np.concatenate(list(back)), np.concatenate([np.asarray(x) for x in X]))


def test_inverse_transform_takes_the_features_of_the_answer():
    X = sequences()
    model = TimeDistributed(PCA(2)).fit(X)
    assert model.inverse_transform(model.transform(X)).shape == X.shape


@containers
def test_partial_fit_goes_on(container):
    X = CONTAINERS[container](sequences())
    model = TimeDistributed(StandardScaler())
    for start in range(0, 12, 4):
        model.partial_fit(X[start : start + 4])
    rows = np.concatenate([np.asarray(x) for x in X])
    np.testing.assert_allclose(model.transformer_.mean_, rows.mean(axis=0))
    with pytest.raises(ValueError, match="X has 2 features, but TimeDistributed is expecting 3 features"):
        model.partial_fit(sequences(F=2))


def test_methods_are_those_of_the_transformer():
    assert hasattr(TimeDistributed(StandardScaler()), "partial_fit")
    assert hasattr(TimeDistributed(StandardScaler()), "inverse_transform")
    assert not hasattr(TimeDistributed(Normalizer()), "partial_fit")
    assert not hasattr(TimeDistributed(Normalizer()), "inverse_transform")
    assert not hasattr(TimeDistributed(StandardScaler()), "get_feature_names_out")
    assert not hasattr(TimeDistributed(StandardScaler()).fit(sequences()), "feature_names_in_")


class WithoutFitTransform(BaseEstimator):
    """Remembers what it was fitted on; has none of the mixins."""

    def fit(self, X, y=None, sample_weight=None, note=None):
        self.X_, self.y_, self.sample_weight_, self.note_ = X, y, sample_weight, note
        return self

    def transform(self, X):
        return X


# y and how it is laid on the steps of sequences of lengths 1 2 3
TARGETS = {
    "per sequence": ([5, 6, 7], [5, 6, 6, 7, 7, 7]),
    "labels": (["a", "b", "c"], ["a", "b", "b", "c", "c", "c"]),
    "array": (np.array([5.0, 6, 7]), [5, 6, 6, 7, 7, 7]),
    "Series": (pd.Series([5, 6, 7], index=[3, 1, 2]), [5, 6, 6, 7, 7, 7]),
    "several per sequence": (
        np.arange(12).reshape(3, 4),
        np.arange(12).reshape(3, 4)[[0, 1, 1, 2, 2, 2]],
    ),
    "DataFrame": (
        pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}),
        [[1, 4], [2, 5], [2, 5]] + [[3, 6]] * 3,
    ),
    "list per step": ([[1], [2, 3], [4, 5, 6]], [1, 2, 3, 4, 5, 6]),
    "object array per step": (object_array([np.arange(k) for k in (1, 2, 3)]), [0, 0, 1, 0, 1, 2]),
    "several per step": (
        [np.full((k, 2), k) for k in (1, 2, 3)],
        [[1, 1], [2, 2], [2, 2]] + [[3, 3]] * 3,
    ),
}


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize("kind", TARGETS)
def test_y_is_laid_on_the_steps(kind, method):
    y, expected = TARGETS[kind]
    X = [np.ones((k, 2)) for k in (1, 2, 3)]
    model = TimeDistributed(WithoutFitTransform())
    getattr(model, method)(X, y)
    np.testing.assert_array_equal(model.transformer_.y_, expected)


def test_y_of_a_3d_array():
    X, inner = np.ones((3, 2, 1)), WithoutFitTransform()
    per_step = TimeDistributed(inner).fit(X, np.arange(6).reshape(3, 2)).transformer_.y_
    np.testing.assert_array_equal(per_step, np.arange(6))
    per_sequence = TimeDistributed(inner).fit(X, np.arange(3)).transformer_.y_
    np.testing.assert_array_equal(per_sequence, [0, 0, 1, 1, 2, 2])
    assert TimeDistributed(inner).fit(X).transformer_.y_ is None


def test_targets_of_other_lengths():
    """Those of an encoder-decoder do no harm where y is not used, and are refused where it is."""
    X, y = [np.ones((k, 2)) for k in (1, 2, 3)], [[1, 2], [3], [4, 5]]
    assert TimeDistributed(WithoutFitTransform()).fit(X, y).transformer_.y_ is None
    with pytest.raises(ValueError, match="requires y") as error:
        TimeDistributed(SelectKBest(k=1)).fit(X, y)
    assert "TimeDistributed could not pass on y" in error.value.__notes__[0]
    with pytest.raises(ValueError, match="requires y") as error:
        TimeDistributed(SelectKBest(k=1)).fit(X)
    assert not hasattr(error.value, "__notes__")
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[3, 2\]"):
        TimeDistributed(WithoutFitTransform()).fit(X, [1, 2])


@containers
@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
def test_supervised_transformers(container, per_step):
    X = CONTAINERS[container](sequences(F=4))
    lengths = [len(x) for x in X]
    y = [np.arange(k) % 2 for k in lengths] if per_step else np.arange(12) % 2
    flat = np.concatenate(y) if per_step else np.repeat(y, lengths)
    rows = np.concatenate([np.asarray(x) for x in X])
    answer = TimeDistributed(SelectKBest(k=2)).fit_transform(X, y)
    np.testing.assert_array_equal(
        np.concatenate(list(answer)), SelectKBest(k=2).fit_transform(rows, flat)
    )


def test_fit_transform_is_that_of_the_transformer():
    """TargetEncoder cross-fits in fit_transform: other numbers than fit and transform."""
    X, y = np.random.RandomState(0).randint(3, size=(20, 4, 1)), np.arange(20) % 2
    encoder = TargetEncoder(cv=KFold(3)) if is_sklearn("1.9") else TargetEncoder(random_state=0)
    expected = clone(encoder).fit_transform(X.reshape(-1, 1), np.repeat(y, 4)).reshape(20, 4, 1)
    np.testing.assert_array_equal(TimeDistributed(encoder).fit_transform(X, y), expected)


@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
@pytest.mark.parametrize("routed", [False, True], ids=["plain", "routed"])
def test_sample_weight(method, per_step, routed):
    X = ragged(sequences())
    rng = np.random.RandomState(1)
    w = [rng.uniform(size=len(x)) for x in X] if per_step else rng.uniform(size=len(X))
    flat = np.concatenate(w) if per_step else np.repeat(w, [len(x) for x in X])
    expected = StandardScaler().fit(np.concatenate(X), sample_weight=flat)
    with sklearn.config_context(enable_metadata_routing=routed):
        scaler = StandardScaler()
        if routed:
            scaler.set_fit_request(sample_weight=True).set_partial_fit_request(sample_weight=True)
        model = TimeDistributed(scaler)
        getattr(model, method)(X, sample_weight=w)
    np.testing.assert_allclose(model.transformer_.mean_, expected.mean_)
    np.testing.assert_allclose(model.transformer_.var_, expected.var_)


def test_metadata_of_all_kinds():
    X = [np.ones((k, 2)) for k in (1, 2, 3)]
    fit = TimeDistributed(WithoutFitTransform()).fit
    assert fit(X, note="abc").transformer_.note_ == "abc"  # a string of length 3 is no list of 3 entries
    assert fit(X, note={1: 2, 3: 4, 5: 6}).transformer_.note_ == {1: 2, 3: 4, 5: 6}
    assert fit(X, note=[1, 2]).transformer_.note_ == [1, 2]
    np.testing.assert_array_equal(fit(X, note=[7, 8, 9]).transformer_.note_, [7, 8, 8, 9, 9, 9])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[3, 6\]"):
        fit(X, sample_weight=np.ones(6))
    with pytest.raises(ValueError, match="items of sample_weight are neither of the lengths"):
        fit(X, sample_weight=[np.ones(1), np.ones(2), np.ones(2)])


def test_a_pipeline_passes_weights_without_routing():
    X = sequences()
    w = np.arange(12.0)
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), FunctionTransformer())
    pipeline.fit(X, timedistributed__sample_weight=w)
    expected = np.average(X.reshape(-1, 3), axis=0, weights=np.repeat(w, 5))
    np.testing.assert_allclose(pipeline[0].transformer_.mean_, expected)


@unconverged
@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize(
    "search",
    [
        pytest.param(False, id="pipeline"),
        pytest.param(True, id="search", marks=needs_sklearn("1.8", "scores a pipeline without weights")),
    ],
)
def test_a_pipeline_routes_weights(search):
    X, w = sequences(), np.arange(1.0, 13)
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    model = skrnn.GRURegressor(**SMALL, tol=1e6, n_iter_no_change=2)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = make_pipeline(TimeDistributed(scaler), model)
    y = np.arange(12.0)
    if search:
        search = GridSearchCV(pipeline, {"gruregressor__alpha": [0.0]}, cv=2, error_score="raise")
        search.fit(X, y, sample_weight=w)
        pipeline = search.best_estimator_
    else:
        pipeline.fit(X, y, sample_weight=w)
    expected = np.average(X.reshape(-1, 3), axis=0, weights=np.repeat(w, 5))
    np.testing.assert_allclose(pipeline[0].transformer_.mean_, expected)


@pytest.mark.usefixtures("routing")
def test_weights_that_were_not_requested_are_refused():
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"):
        TimeDistributed(StandardScaler()).fit(sequences(), sample_weight=np.ones(12))
    unwanted = TimeDistributed(StandardScaler().set_fit_request(sample_weight=False))
    with pytest.raises(TypeError, match="sample_weight"):
        unwanted.fit(sequences(), sample_weight=np.ones(12))
    assert TimeDistributed(StandardScaler()).fit_transform(sequences()).shape == (12, 5, 3)


def frames(library):
    module = pytest.importorskip(library)
    return [module.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}) for x in ragged(sequences())]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_keep_their_names(library):
    if library == "polars":
        polars_for_columns()
    X = frames(library)
    columns = ColumnTransformer([("scale", StandardScaler(), ["c", "a"])])
    model = TimeDistributed(columns).fit(X)
    rows = np.concatenate([np.asarray(x) for x in X])
    expected = StandardScaler().fit_transform(rows[:, [2, 0]])
    answer = model.transform(X)
    np.testing.assert_allclose(np.concatenate(answer), expected)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"Sequence 1 of X has the columns \['c', 'b', 'a'\]"):
        model.transform([X[0], X[1][["c", "b", "a"]]])


def test_frames_of_several_types():
    X = [pd.DataFrame({"kind": list("ab"), "x": [1.0, 2.0]}), pd.DataFrame({"kind": ["a"], "x": [4.0]})]
    columns = ColumnTransformer(
        [("k", OneHotEncoder(sparse_output=False), ["kind"])], remainder="passthrough"
    )
    answer = TimeDistributed(columns).fit_transform(X)
    np.testing.assert_array_equal(answer[0], [[1, 0, 1], [0, 1, 2]])
    np.testing.assert_array_equal(answer[1], [[1, 0, 4]])


def test_steps_of_strings():
    X = np.array([[["a"], ["b"]], [["b"], ["b"]]], dtype=object)
    answer = TimeDistributed(OneHotEncoder(sparse_output=False)).fit_transform(X)
    np.testing.assert_array_equal(answer, [[[1, 0], [0, 1]], [[0, 1], [0, 1]]])


@pytest.mark.parametrize("container", ["3-D", "list"])
def test_missing_values_are_for_the_transformer(container):
    X = sequences()
    X[1, 0, 2] = np.nan
    X = CONTAINERS[container](X)
    answer = TimeDistributed(SimpleImputer()).fit_transform(X)
    assert np.isfinite(np.concatenate(list(answer))).all()
    with pytest.raises(ValueError, match="contains NaN"):
        TimeDistributed(PCA()).fit(X)


def test_a_3d_array_is_not_copied():
    X = sequences()
    assert np.shares_memory(TimeDistributed(FunctionTransformer()).fit_transform(X), X)


@pytest.mark.parametrize("engine", ["pandas", "polars"])
@pytest.mark.parametrize("globally", [False, True], ids=["set_output", "config"])
def test_set_output_changes_nothing(engine, globally):
    pytest.importorskip(engine)
    X, table = sequences(), sequences()[:, 0]
    with sklearn.config_context(transform_output=engine if globally else "default"):
        for model, data in (
            (TimeDistributed(StandardScaler()), X),
            (TimeDistributed(StandardScaler().set_output(transform=engine)), X),
            (SlidingWindow(2), table),
            (TokenEncoder(), ["ab", "c"]),
        ):
            pipeline = make_pipeline(model, FunctionTransformer())
            if not globally:
                pipeline.set_output(transform=engine)
            pipeline.steps.pop()
            assert isinstance(pipeline.fit_transform(data), np.ndarray)


@unconverged
@pytest.mark.parametrize("container", ["3-D", "list", "object array"])
def test_time_distributed_in_a_search(container):
    X = CONTAINERS[container](sequences())
    y = np.arange(12) % 2
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), skrnn.GRUClassifier(**SMALL))
    name = "timedistributed__transformer__with_mean"
    assert pipeline.get_params()[name] is True
    grid = {name: [True, False], "timedistributed__transformer": [StandardScaler(), MinMaxScaler()]}
    search = GridSearchCV(pipeline, {name: grid[name]}, cv=3, error_score="raise").fit(X, y)
    scaler = StandardScaler(**{"with_mean": search.best_params_[name]})
    scaled = TimeDistributed(scaler).fit_transform(X)
    by_hand = skrnn.GRUClassifier(**SMALL).fit(scaled, y)
    np.testing.assert_array_equal(search.predict_proba(X), by_hand.predict_proba(scaled))
    other = GridSearchCV(
        pipeline, {"timedistributed__transformer": grid["timedistributed__transformer"]}, cv=3
    )
    assert len(other.fit(X, y).cv_results_["mean_test_score"]) == 2
    assert len(cross_val_predict(pipeline, X, y, cv=3)) == 12


BAD_SEQUENCES = {
    "2-D": (np.ones((4, 3)), ValueError, r"2-D X \(ndarray\).*reshape"),
    "DataFrame": (pd.DataFrame(np.ones((4, 3))), ValueError, r"2-D X \(DataFrame\)"),
    "4-D": (np.ones((2, 2, 2, 2)), ValueError, "4-D X"),
    "1-D": (np.ones(4), ValueError, "1-D X"),
    "list of 1-D": ([np.ones(3), np.ones(2)], ValueError, "a list whose item 0 is 1-D"),
    "one of 3-D": ([np.ones((3, 1)), np.ones((2, 1, 1))], ValueError, "a list whose item 1 is 3-D"),
    "numbers of features": (
        [np.ones((3, 1)), np.ones((2, 2))],
        ValueError,
        "Sequence 1 of X has 2 features",
    ),
    "no steps in one": (
        [np.ones((3, 1)), np.ones((0, 1))],
        ValueError,
        "Sequence 1 of X has no time steps",
    ),
    "no steps": (np.ones((3, 0, 2)), ValueError, r"0 time step\(s\)"),
    "no features": (np.ones((3, 2, 0)), ValueError, r"0 feature\(s\)"),
    "no sequences": (np.ones((0, 2, 2)), ValueError, r"0 sample\(s\)"),
    "empty list": ([], ValueError, r"0 sample\(s\)"),
    "sparse": (sparse.csr_array(np.ones((3, 2))), TypeError, "Sparse X"),
    "masked": (np.ma.masked_array(np.ones((3, 2, 1))), TypeError, "masked"),
}


@pytest.mark.parametrize("case", BAD_SEQUENCES)
def test_what_holds_no_sequences_is_refused(case):
    X, error, message = BAD_SEQUENCES[case]
    model = TimeDistributed(StandardScaler()).fit(np.ones((3, 2, 1)))
    for method in ("fit", "fit_transform", "partial_fit", "transform", "inverse_transform"):
        with pytest.raises(error, match=message):
            getattr(model, method)(X)
    assert model.n_features_in_ == 1


def test_what_the_transformer_gives_is_checked():
    X = np.ones((3, 2, 1))
    with pytest.raises(TypeError, match=r"OneHotEncoder gives sparse output.*sparse_output=False"):
        TimeDistributed(OneHotEncoder()).fit_transform(X)
    for function in (lambda X: X[1:], lambda X: X[:, 0]):
        model = TimeDistributed(FunctionTransformer(function)).fit(X)
        with pytest.raises(ValueError, match="one row for each time step"):
            model.transform(X)
    with pytest.raises(ValueError, match="X has 2 features, but TimeDistributed is expecting 1 features"):
        model.transform(np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match="'transformer' parameter of TimeDistributed"):
        TimeDistributed("scaler").fit(X)


def test_a_fit_that_fails_changes_nothing():
    model = TimeDistributed(StandardScaler()).fit(sequences())
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(np.full((2, 2, 2), np.inf))
    assert pickle.dumps(model) == before


def test_tags_of_time_distributed():
    tags = get_tags(TimeDistributed(SimpleImputer()))
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.allow_nan
    assert not get_tags(TimeDistributed(PCA())).input_tags.allow_nan
    assert get_tags(TimeDistributed(TargetEncoder())).target_tags.required
    assert not get_tags(TimeDistributed(OneHotEncoder())).input_tags.sparse


# --- SlidingWindow --------------------------------------------------------------------------------


def windows_by_hand(X, length, ids=None):
    ids = np.zeros(len(X)) if ids is None else np.asarray(ids)
    answer = []
    for t in range(len(X)):
        rows = [s for s in range(t + 1) if ids[s] == ids[t]][-length:]
        rows = [rows[0]] * (length - len(rows)) + rows
        answer.append(X[rows])
    return np.array(answer)


def table(n=10, F=2, dtype=np.float64):
    return np.random.RandomState(0).normal(size=(n, F)).astype(dtype)


IDS = {
    "grouped": list("aaaabbbccc"),
    "interleaved": list("abcabcabca"),
    "one": list("aaaaaaaaaa"),
    "all different": list("abcdefghij"),
    "numbers": [5, 5, 1, 1, 5, 2, 2, 1, 5, 2],
    "tuples": [(1, 2), (3, 4)] * 5,
}


@pytest.mark.parametrize("length", [1, 2, 3, 10, 25])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64], ids=["float32", "float64", "int64"])
def test_windows_are_those_by_hand(length, dtype):
    X = table(dtype=dtype)
    windows = SlidingWindow(length).fit(X).transform(X)
    np.testing.assert_array_equal(windows, windows_by_hand(X, length))
    assert windows.dtype == dtype
    np.testing.assert_array_equal(SlidingWindow(length).fit_transform(X.tolist()), windows)


@pytest.mark.parametrize("length", [1, 2, 4, 25])
@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("container", ["pandas", "polars", "pandas by position", "list"])
def test_windows_do_not_cross_series(length, kind, container):
    X, ids = table(), IDS[kind]
    expected = windows_by_hand(X, length, [sorted(set(ids)).index(i) for i in ids])
    if container == "polars":
        if kind == "tuples":
            pytest.skip("polars makes lists of tuples")
        frame, column = (
            pytest.importorskip("polars").DataFrame({"a": X[:, 0], "id": ids, "b": X[:, 1]}),
            "id",
        )
    elif container == "list":
        frame, column = [[i, *row] for i, row in zip(ids, X.tolist(), strict=True)], -3
    else:
        frame = pd.DataFrame({"a": X[:, 0], "id": ids, "b": X[:, 1]}, index=np.arange(10)[::-1])
        column = 1 if "position" in container else "id"
    model = SlidingWindow(length, sequence_id=column).fit(frame)
    windows = model.transform(frame)
    np.testing.assert_array_equal(windows, expected)
    assert windows.dtype == np.float64
    assert not windows.flags.writeable
    assert model.n_features_in_ == 3


@pytest.mark.parametrize("dtype", [np.float32, np.int64], ids=["float32", "int64"])
def test_ids_in_an_array(dtype):
    X = np.column_stack([IDS["numbers"], np.arange(10), np.arange(10) * 2]).astype(dtype)
    windows = SlidingWindow(3, sequence_id=0).fit_transform(X)
    np.testing.assert_array_equal(windows, windows_by_hand(X[:, 1:], 3, IDS["numbers"]))
    assert windows.dtype == dtype


def test_windows_are_a_view_of_one_copy():
    X = table()
    before = X.copy()
    windows = SlidingWindow(4).fit_transform(X)
    assert windows.base is not None
    assert not windows.flags.writeable
    assert not np.shares_memory(windows, X)
    extent = (np.array(windows.shape) - 1) @ np.abs(windows.strides) + windows.itemsize
    assert extent == (len(X) + 3) * X.shape[1] * X.itemsize  # the padded copy, not 4 times X
    with pytest.raises(ValueError, match="read-only"):
        windows[0] = 0
    np.testing.assert_array_equal(X, before)


@unconverged
@pytest.mark.parametrize("ids", [False, True], ids=["one series", "several"])
def test_windows_in_a_search_over_time(ids):
    """The windows of a test fold see nothing of the training fold."""
    X, y = pd.DataFrame(table(30)).add_prefix("x"), np.arange(30.0)
    if ids:
        X["id"] = ["a", "b", "c"] * 10
    scaler = ColumnTransformer(
        [("scale", StandardScaler(), ["x0", "x1"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    scaler.set_output(transform="pandas")
    windows = SlidingWindow(2, sequence_id="id" if ids else None)
    pipeline = Pipeline([("scale", scaler), ("windows", windows), ("rnn", skrnn.GRURegressor(**SMALL))])
    split = TimeSeriesSplit(3)
    search = GridSearchCV(pipeline, {"windows__length": [2, 3]}, cv=split, error_score="raise").fit(X, y)
    scores = []
    for train, test in split.split(X):
        fold = clone(scaler).fit(X.iloc[train])
        by_hand = skrnn.GRURegressor(**SMALL)
        for rows in (train, test):
            scaled = fold.transform(X.iloc[rows])
            codes = None if not ids else ["abc".index(i) for i in scaled.pop("id")]
            sequences = windows_by_hand(scaled.to_numpy(), 3, codes)
            if rows is train:
                by_hand.fit(sequences, y[rows])
        scores.append(by_hand.score(sequences, y[rows]))
    np.testing.assert_allclose([search.cv_results_[f"split{k}_test_score"][1] for k in range(3)], scores)


def test_windows_after_time_series_split_keep_the_number_of_rows():
    X = table()
    assert len(cross_val_score(make_pipeline(SlidingWindow(3), Flat()), X, np.arange(10) % 2, cv=2)) == 2


class Flat(ClassifierMixin, BaseEstimator):
    """A plain model of windows."""

    def fit(self, X, y):
        self.model_ = LogisticRegression().fit(X.reshape(len(X), -1), y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X.reshape(len(X), -1))


FRAME = pd.DataFrame({"a": [1.0, 2.0], "sid": ["u", "v"]})
BAD_TABLES = {
    "no such name": (
        FRAME,
        "id",
        ValueError,
        r"sequence_id='id' is not a column of X. Its columns are \['a', 'sid'\].*pandas",
    ),
    "part of a name": (FRAME, "si", ValueError, "sequence_id='si' is not a column"),
    "no names": (
        np.ones((2, 2)),
        "sid",
        ValueError,
        "the name of a column, but X is an array, whose columns have none",
    ),
    "two": (
        pd.DataFrame([[1, 2], [3, 4]], columns=["s", "s"]),
        "s",
        ValueError,
        "the name of several columns",
    ),
    "position": (FRAME, 2, ValueError, "sequence_id=2 is not a column of X, which has 2 columns"),
    "negative position": (FRAME, -3, ValueError, "sequence_id=-3 is not a column"),
    "nothing else": (FRAME[["sid"]], "sid", ValueError, r"0 feature\(s\) besides its sequence_id"),
    "NaN": (
        FRAME.assign(sid=["u", np.nan]),
        "sid",
        ValueError,
        r"sequence_id in row 1 of X is missing \(nan\)",
    ),
    "None": (
        FRAME.assign(sid=pd.Series([None, "u"], dtype=object)),
        "sid",
        ValueError,
        r"sequence_id in row 0 of X is missing \(None\)",
    ),
    "NA": (
        FRAME.assign(sid=pd.array([1, None], dtype="Int64")),
        "sid",
        ValueError,
        "sequence_id in row 1 of X is missing",
    ),
    "NaT": (
        FRAME.assign(sid=pd.to_datetime(["2020-01-01", None])),
        "sid",
        ValueError,
        "sequence_id in row 1 of X is missing",
    ),
    "no hash": (FRAME.assign(sid=[[1], [2]]), "sid", ValueError, "which cannot be hashed"),
    "strings": (FRAME, None, ValueError, "could not convert|cannot be read"),
    "1-D": (np.ones(3), 0, ValueError, "Expected 2D array, got 1D"),
    "3-D": (np.ones((3, 2, 2)), None, ValueError, "dim 3"),
    "sparse": (sparse.csr_array(np.ones((3, 2))), None, TypeError, "Sparse X"),
    "masked": (np.ma.masked_array(np.ones((3, 2))), None, TypeError, "masked"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_tables_that_are_refused(case):
    X, column, error, message = BAD_TABLES[case]
    model = SlidingWindow(2, sequence_id=column)
    with pytest.raises(error, match=message):
        model.fit(X)
    assert not hasattr(model, "n_features_in_")


def test_nan_is_no_token():
    with pytest.raises(ValueError, match="NaN as a token"):
        TokenEncoder().fit([np.array([1.0, np.nan, np.nan])])


def test_an_id_lost_before_transform():
    model = SlidingWindow(2, sequence_id="sid").fit(FRAME)
    with pytest.raises(ValueError, match="sequence_id='sid' is not a column"):
        model.transform(FRAME.rename(columns={"sid": "remainder__sid"}))
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        model.transform(FRAME.assign(b=[1, 2]))
    with pytest.raises(ValueError, match="X has 3 features, but SlidingWindow is expecting 2 features"):
        SlidingWindow(2, sequence_id=0).fit(np.ones((4, 2))).transform(np.ones((4, 3)))


@pytest.mark.parametrize("length", [0, -1, 2.0, "3", None])
def test_length_is_a_positive_integer(length):
    with pytest.raises(ValueError, match="'length' parameter of SlidingWindow"):
        SlidingWindow(length).fit(table())


def test_missing_values_pass_windows():
    X = table()
    X[3, 0] = np.nan
    X[4, 0] = np.inf
    np.testing.assert_array_equal(SlidingWindow(2).fit_transform(X), windows_by_hand(X, 2))


# --- TokenEncoder ---------------------------------------------------------------------------------

TEXTS = ["to be", "or not", "To"]
# the strings -> the container
TEXT_CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "object array": object_array,
    "pandas": lambda X: pd.Series(X, index=[9, 8, 7]),
    "pandas string": lambda X: pd.Series(X, dtype="string"),
    "polars": lambda X: pytest.importorskip("polars").Series(X),
    "numpy strings": lambda X: [np.str_(x) for x in X],
}


def decode(encoder, ids):
    names = {k: token for token, k in encoder.vocabulary_.items()}
    return [[names.get(k) for k in x] for x in ids]


@pytest.mark.parametrize("container", TEXT_CONTAINERS)
@pytest.mark.parametrize("analyzer", ["char", "word", str.split], ids=["char", "word", "split"])
def test_strings_become_ids(container, analyzer):
    X = TEXT_CONTAINERS[container](TEXTS)
    encoder = TokenEncoder(analyzer)
    ids = encoder.fit_transform(X)
    assert isinstance(ids, np.ndarray)
    assert ids.dtype == object
    assert ids.shape == (3,)
    assert {x.dtype for x in ids} == {np.dtype(np.int64)}
    assert decode(encoder, ids) == [list(x) if analyzer == "char" else x.split() for x in TEXTS]
    assert encoder.n_tokens_ == 1 + max(max(x) for x in ids)
    back = encoder.inverse_transform(ids)
    assert back == (TEXTS if isinstance(analyzer, str) else [x.split() for x in TEXTS])


def test_ids_follow_frequency_and_then_order():
    counts = Counter("".join(TEXTS))
    expected = sorted(counts, key=lambda c: (-counts[c], c))
    for X in (TEXTS, TEXTS[::-1], ["".join(TEXTS)]):
        assert TokenEncoder().fit(X).vocabulary_ == {c: k + 1 for k, c in enumerate(expected)}


def test_texts_of_equal_length_stay_sequences():
    ids = TokenEncoder().fit_transform(["ab", "cd"])
    assert ids.shape == (2,)
    assert [x.tolist() for x in ids] == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "tokens",
    [
        [["a", "b"], ["b"]],
        [("x", 1), (None, 1, 2.5)],
        [np.array([7, 9]), np.array([9, 9, 9])],
        [np.array(["p", "q"], dtype=object), []],
        [[(1, 2), frozenset([3])], [(1, 2)]],
    ],
    ids=["strings", "mixed", "integers", "with an empty one", "tuples"],
)
@pytest.mark.parametrize("make", [list, object_array, pd.Series], ids=["list", "object array", "Series"])
@pytest.mark.parametrize("analyzer", ["char", "word"])
def test_lists_of_tokens_are_taken_as_they_are(tokens, make, analyzer):
    encoder = TokenEncoder(analyzer, lowercase=True)
    ids = encoder.fit_transform(make(tokens))
    expected = [
        np.asarray(x, dtype=object).tolist() if isinstance(x, np.ndarray) else list(x) for x in tokens
    ]
    assert decode(encoder, ids) == [x or [None] for x in expected]
    assert encoder.inverse_transform(ids) == [x or ["<unk>"] for x in expected]


def test_unknown_tokens_and_empty_texts():
    encoder = TokenEncoder().fit(["ab", ""])
    ids = encoder.transform(["axb", "", "zz"])
    assert [x.tolist() for x in ids] == [[1, 0, 2], [0], [0, 0]]
    assert encoder.inverse_transform(ids) == ["a\ufffdb", "\ufffd", "\ufffd\ufffd"]
    words = TokenEncoder("word").fit(["one two"])
    assert words.inverse_transform(words.transform(["one three", " "])) == ["one <unk>", "<unk>"]


def test_words():
    X = ["I don't (really) know: 3.5 cl\u00e9s, l\u2019eau!"]
    tokens = [
        "I",
        "don't",
        "(",
        "really",
        ")",
        "know",
        ":",
        "3",
        ".",
        "5",
        "cl\u00e9s",
        ",",
        "l\u2019eau",
        "!",
    ]
    encoder = TokenEncoder("word").fit(X)
    assert decode(encoder, encoder.transform(X)) == [tokens]
    assert set(TokenEncoder("word", lowercase=True).fit(X).vocabulary_) == {t.lower() for t in tokens}


def test_lower_case():
    assert set(TokenEncoder(lowercase=True).fit(["aA"]).vocabulary_) == {"a"}
    assert set(TokenEncoder().fit(["aA"]).vocabulary_) == {"a", "A"}
    assert set(TokenEncoder(list, lowercase=True).fit(["aA"]).vocabulary_) == {"a", "A"}
    assert TokenEncoder(lowercase=True).fit(["a"]).transform(["A"])[0].tolist() == [1]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, "abcd"),
        ({"min_frequency": 2}, "abc"),
        ({"min_frequency": 3}, "ab"),
        ({"min_frequency": 0.2}, "abc"),  # of 10 occurrences
        ({"min_frequency": 0.21}, "ab"),
        ({"max_tokens": 1}, "a"),
        ({"max_tokens": 9}, "abcd"),
        ({"max_tokens": 3, "min_frequency": 4}, "a"),
    ],
    ids=repr,
)
def test_rare_tokens_are_unknown(settings, kept):
    X = ["aaaabbbccd"]
    encoder = TokenEncoder(**settings).fit(X)
    assert "".join(encoder.vocabulary_) == kept
    assert encoder.n_tokens_ == 1 + len(kept)
    assert encoder.transform(X)[0].tolist() == [1 + "abcd".index(c) if c in kept else 0 for c in X[0]]


@pytest.mark.parametrize(
    "ids",
    [
        [[1, 2], [0]],
        [np.array([1.0, 2.0]), np.array([0])],
        object_array([np.array([1, 2]), np.array([0])]),
    ],
    ids=["lists", "floats", "object array"],
)
def test_ids_in_several_containers(ids):
    assert TokenEncoder().fit(["aab"]).inverse_transform(ids) == ["ab", "\ufffd"]


def test_a_2d_array_of_ids():
    assert TokenEncoder().fit(["aab"]).inverse_transform(np.array([[1, 2], [2, 2]])) == ["ab", "bb"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[1, 3]], "Item 0 of X holds what is no id: ids are the integers from 0 to 2"),
        ([[1], [-1]], "Item 1 of X holds what is no id"),
        ([[0.5]], "no id"),
        ([["a"]], "no id"),
        ([[np.nan]], "no id"),
        ([1, 2], "Item 0 of X is 0-D.*pass .ids."),
        (np.array([1, 2]), "pass .ids."),
        (5, "X must be a list of 1-D integer arrays .*, got <class 'int'>"),
    ],
    ids=["too large", "negative", "fraction", "string", "NaN", "one list", "one array", "one id"],
)
def test_what_is_no_id(ids, message):
    with pytest.raises(ValueError, match=message):
        TokenEncoder().fit(["aab"]).inverse_transform(ids)


BAD_TEXTS = {
    "one string": ("text", ValueError, r"single string.*\[X\]"),
    "DataFrame": (pd.DataFrame({"text": ["a"]}), ValueError, r"DataFrame of shape \(1, 1\).*one column"),
    "column": (np.array([["a"], ["b"]]), ValueError, r"ndarray of shape \(2, 1\)"),
    "empty": ([], ValueError, r"0 sample\(s\)"),
    "None": (["a", None], ValueError, "Item 1 of X is missing"),
    "NaN": (["a", np.nan], ValueError, "Item 1 of X is missing"),
    "NA": (pd.Series(["a", None], dtype="string"), ValueError, "Item 1 of X is missing"),
    "numbers": (
        [1, 2],
        TypeError,
        "Item 0 of X, 1, cannot be read as tokens: expected a string or a list",
    ),
    "bytes": ([b"a"], TypeError, "Item 0 of X, b'a', cannot be read"),
    "2-D item": ([np.ones((2, 2))], TypeError, "Item 0 of X, .*, cannot be read"),
    "no hash": ([["a"], [["b"]]], TypeError, "Item 1 of X.*unhashable"),
    "set": ({"a"}, TypeError, "must be a list"),
    "generator": ((x for x in "ab"), TypeError, "must be a list"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_texts_that_are_refused(case, method):
    X, error, message = BAD_TEXTS[case]
    encoder = TokenEncoder().fit(["a"])
    with pytest.raises(error, match=message):
        getattr(encoder, method)(X)
    assert encoder.vocabulary_ == {"a": 1}


def test_vocabularies_that_are_refused():
    with pytest.raises(ValueError, match="no tokens"):
        TokenEncoder().fit(["", ""])
    with pytest.raises(ValueError, match="min_frequency=3: the most frequent one occurs 2 times among 3"):
        TokenEncoder(min_frequency=3).fit(["aab"])
    with pytest.raises(ValueError, match="strings and lists of tokens"):
        TokenEncoder().fit(["ab", ["a"]])
    assert TokenEncoder(list).fit(["ab", ["a"]]).vocabulary_ == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "settings",
    [
        {"analyzer": "char_wb"},
        {"lowercase": "yes"},
        {"min_frequency": 0},
        {"min_frequency": 1.0},
        {"max_tokens": 0},
    ],
    ids=repr,
)
def test_parameters_of_the_encoder_are_checked(settings):
    with pytest.raises(ValueError, match=f"'{next(iter(settings))}' parameter of TokenEncoder"):
        TokenEncoder(**settings).fit(["a"])


class MostFrequentId(ClassifierMixin, BaseEstimator):
    """Classifies sequences of ids by one of them: whether they hold the id 1."""

    def fit(self, X, y):
        assert all(x.ndim == 1 and x.dtype == np.int64 for x in X)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[[int(1 in x) for x in X]]


@pytest.mark.parametrize("container", TEXT_CONTAINERS)
def test_the_encoder_in_a_search_on_raw_strings(container):
    texts = ["xa", "xxx", "b", "cc", "xxxx", "dx", "ef", "", "gx", "h", "xij", "k"]
    y = np.array([int("x" in t) for t in texts])
    make = TEXT_CONTAINERS[container]
    X = pd.Series(texts) if container == "pandas" else make(texts)
    pipeline = make_pipeline(TokenEncoder(), MostFrequentId())
    grid = {"tokenencoder__analyzer": ["char", "word"], "tokenencoder__max_tokens": [1, None]}
    search = GridSearchCV(pipeline, grid, cv=KFold(3, shuffle=True, random_state=0), error_score="raise")
    search.fit(X, y)
    assert search.best_params_["tokenencoder__analyzer"] == "char"
    assert search.best_score_ == 1
    assert search.score(make(TEXTS) if container != "pandas" else TEXTS, [0, 0, 0]) == 1


def test_tags_of_the_encoder():
    tags = get_tags(TokenEncoder()).input_tags
    assert (tags.string, tags.one_d_array, tags.two_d_array) == (True, True, False)
    assert not hasattr(TokenEncoder(), "get_feature_names_out")


# --- all of them ----------------------------------------------------------------------------------

ALL = {
    "TimeDistributed": (TimeDistributed(StandardScaler()), sequences()),
    "SlidingWindow": (SlidingWindow(3), table()),
    "TokenEncoder": (TokenEncoder(), TEXTS),
}
every = pytest.mark.parametrize("name", ALL)


@every
def test_clone_pickle_and_repr(name):
    model, X = ALL[name]
    fitted = clone(model).fit(X)
    loaded = pickle.loads(pickle.dumps(fitted))
    for a, b in zip(fitted.transform(X), loaded.transform(X), strict=True):
        np.testing.assert_array_equal(a, b)
    assert repr(clone(fitted)) == repr(model)
    assert model.get_params().keys() == clone(model).get_params().keys()
    for shown in (model, fitted, make_pipeline(fitted)):
        assert name in shown._repr_html_()
        assert f"generated/skrnn.{name}.html" in shown._repr_html_()


@every
def test_what_is_not_fitted_says_so(name):
    model, X = ALL[name]
    for method in ("transform", "inverse_transform"):
        if hasattr(model, method):
            with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted yet"):
                getattr(clone(model), method)(X)


@every
def test_documented_parameters_are_those_of_the_signature(name):
    cls = type(ALL[name][0])
    section = inspect.getdoc(cls).split("Parameters\n----------\n")[1].split("\n\n")[0]
    documented = [line.partition(" : ")[0] for line in section.splitlines() if line[0] != " "]
    assert documented == list(inspect.signature(cls).parameters)
    listed = inspect.getdoc(cls).split("Attributes\n----------\n")[1].split("\n\n")[0]
    documented = {line.partition(" : ")[0] for line in listed.splitlines() if line[0] != " "}
    fitted = clone(ALL[name][0]).fit(ALL[name][1])
    assert {n for n in vars(fitted) if n.endswith("_")} == documented - {"feature_names_in_"}


# --- scikit-learn's checks ------------------------------------------------------------------------


class OfRows(TimeDistributed):
    """Rows of a table as sequences of one step, so that the checks, which feed tables, run."""

    def _as_steps(self, X):
        if sparse.issparse(X):
            return X
        return check_array(X, ensure_all_finite=False, estimator=self)[:, None]

    def fit(self, X, y=None, sample_weight=None):
        params = {} if sample_weight is None else {"sample_weight": sample_weight}
        return super().fit(self._as_steps(X), y, **params)

    def fit_transform(self, X, y=None, sample_weight=None):
        return self.fit(X, y, sample_weight).transform(X)

    def partial_fit(self, X, y=None):
        return super().partial_fit(self._as_steps(X), y)

    def transform(self, X):
        sklearn.utils.validation.check_is_fitted(self)
        return super().transform(self._as_steps(X))[:, 0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


ORDER = "a window holds the rows before its own"
EXPECTED_FAILURES = {
    SlidingWindow: {
        "check_methods_sample_order_invariance": ORDER,
        "check_methods_subset_invariance": ORDER,
    }
}
CHECKED = [SlidingWindow(3), OfRows(StandardScaler())]
# what check_estimator would run of the others if it did not stop at input that is no table
WITHOUT_DATA = [
    checks.check_estimator_cloneable,
    checks.check_estimator_repr,
    checks.check_estimator_tags_renamed,
    checks.check_valid_tag_types,
    checks.check_no_attributes_set_in_init,
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_parameters_default_constructible,
    checks.check_mixin_order,
    checks.check_get_params_invariance,
    checks.check_set_params,
]


def expected_failures(estimator):
    return EXPECTED_FAILURES.get(type(estimator), {})


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks(CHECKED, expected_failed_checks=expected_failures)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@every
@pytest.mark.parametrize("check", WITHOUT_DATA, ids=lambda check: check.__name__)
def test_checks_that_need_no_data(name, check):
    check(name, clone(ALL[name][0]))


NUMBERS = {"1.6": [45, 52], "1.9": [46, 53]}  # by version of scikit-learn


@pytest.mark.skipif(VERSION not in NUMBERS, reason="the checks differ from version to version")
def test_number_of_checks():
    assert [len(list(estimator_checks_generator(e))) for e in CHECKED] == NUMBERS[VERSION]
