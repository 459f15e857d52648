"""TimeDistributed, SlidingWindow, TokenEncoder: against the same by hand, and in scikit-learn's tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import get_tags
from support.arrays import object_array
from support.data import near_whole_numbers
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
    X = CONTAINERS[container](near_whole_numbers(dtype=dtype))
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
    X = CONTAINERS[container](near_whole_numbers())
    model = TimeDistributed(PCA()).fit(X)
    back = model.inverse_transform(model.transform(X))
    assert_same_container(back, X, container)
    np.testing.assert_allclose(np.concatenate(list(back)), np.concatenate([np.asarray(x) for x in X]))


def test_inverse_transform_takes_the_features_of_the_answer():
    X = near_whole_numbers()
    model = TimeDistributed(PCA(2)).fit(X)
    assert model.inverse_transform(model.transform(X)).shape == X.shape


@containers
def test_partial_fit_goes_on(container):
    X = CONTAINERS[container](near_whole_numbers())
    model = TimeDistributed(StandardScaler())
    for start in range(0, 12, 4):
        model.partial_fit(X[start : start + 4])
    rows = np.concatenate([np.asarray(x) for x in X])
    np.testing.assert_allclose(model.transformer_.mean_, rows.mean(axis=0))
    with pytest.raises(ValueError, match="X has 2 features, but TimeDistributed is expecting 3 features"):
        model.partial_fit(near_whole_numbers(F=2))


def test_methods_are_those_of_the_transformer():
    assert hasattr(TimeDistributed(StandardScaler()), "partial_fit")
    assert hasattr(TimeDistributed(StandardScaler()), "inverse_transform")
    assert not hasattr(TimeDistributed(Normalizer()), "partial_fit")
    assert not hasattr(TimeDistributed(Normalizer()), "inverse_transform")
    assert not hasattr(TimeDistributed(StandardScaler()), "get_feature_names_out")
    assert not hasattr(TimeDistributed(StandardScaler()).fit(near_whole_numbers()), "feature_names_in_")


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
    X = CONTAINERS[container](near_whole_numbers(F=4))
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
    X = ragged(near_whole_numbers())
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
    X = near_whole_numbers()
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
    X, w = near_whole_numbers(), np.arange(1.0, 13)
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
        TimeDistributed(StandardScaler()).fit(near_whole_numbers(), sample_weight=np.ones(12))
    unwanted = TimeDistributed(StandardScaler().set_fit_request(sample_weight=False))
    with pytest.raises(TypeError, match="sample_weight"):
        unwanted.fit(near_whole_numbers(), sample_weight=np.ones(12))
    assert TimeDistributed(StandardScaler()).fit_transform(near_whole_numbers()).shape == (12, 5, 3)


def frames(library):
    module = pytest.importorskip(library)
    return [
        module.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}) for x in ragged(near_whole_numbers())
    ]


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
    match = r"Sequence 1 of X has other columns .*'c', 'b', 'a', not 'a', 'b', 'c'"
    with pytest.raises(ValueError, match=match):
        model.transform([X[0], X[1][["c", "b", "a"]]])


def test_frames_of_several_types():
    X = [pd.DataFrame({"kind": list("ab"), "x": [1.0, 2.0]}), pd.DataFrame({"kind": ["a"], "x": [4.0]})]
    columns = ColumnTransformer(
        [("k", OneHotEncoder(sparse_output=False), ["kind"])], remainder="passthrough"
    )
    answer = TimeDistributed(columns).fit_transform(X)
    np.testing.assert_array_equal(answer[0], [[1, 0, 1], [0, 1, 2]])
    np.testing.assert_array_equal(answer[1], [[1, 0, 4]])


def test_names_of_columns_of_text_are_compared():
    X = [pd.DataFrame({"kind": list("ab"), "size": ["s", "m"]})]
    columns = ColumnTransformer([("k", "passthrough", ["kind", "size"])])
    model = TimeDistributed(columns).fit(X)
    assert model.transform(X)[0].tolist() == [["a", "s"], ["b", "m"]]


def test_steps_of_strings():
    X = np.array([[["a"], ["b"]], [["b"], ["b"]]], dtype=object)
    answer = TimeDistributed(OneHotEncoder(sparse_output=False)).fit_transform(X)
    np.testing.assert_array_equal(answer, [[[1, 0], [0, 1]], [[0, 1], [0, 1]]])


@pytest.mark.parametrize("container", ["3-D", "list"])
def test_missing_values_are_for_the_transformer(container):
    X = near_whole_numbers()
    X[1, 0, 2] = np.nan
    X = CONTAINERS[container](X)
    answer = TimeDistributed(SimpleImputer()).fit_transform(X)
    assert np.isfinite(np.concatenate(list(answer))).all()
    with pytest.raises(ValueError, match="contains NaN"):
        TimeDistributed(PCA()).fit(X)


def test_a_3d_array_is_not_copied():
    X = near_whole_numbers()
    assert np.shares_memory(TimeDistributed(FunctionTransformer()).fit_transform(X), X)


@pytest.mark.parametrize("engine", ["pandas", "polars"])
@pytest.mark.parametrize("globally", [False, True], ids=["set_output", "config"])
def test_set_output_changes_nothing(engine, globally):
    pytest.importorskip(engine)
    X, table = near_whole_numbers(), near_whole_numbers()[:, 0]
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
    X = CONTAINERS[container](near_whole_numbers())
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
    "2-D": (np.ones((4, 3)), ValueError, r"X is 2-D \(ndarray\).*reshape"),
    "DataFrame": (pd.DataFrame(np.ones((4, 3))), ValueError, r"X is 2-D \(DataFrame\)"),
    "4-D": (np.ones((2, 2, 2, 2)), ValueError, "X is 4-D"),
    "1-D": (np.ones(4), ValueError, "X is 1-D"),
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
    model = TimeDistributed(StandardScaler()).fit(near_whole_numbers())
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
