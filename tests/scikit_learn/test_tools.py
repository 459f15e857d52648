"""The estimators inside scikit-learn's tools: pipelines, searches, cross-validation, routing."""

import contextlib
import io
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from support.arrays import object_array
from support.combinations import few
from support.data import (
    CONTAINERS,
    F,
    learnable,
    learnable_targets,
    noise_step_targets,
    take,
    uneven_weights,
)
from support.estimators import outputs
from support.processes import run_python
from support.versions import is_sklearn

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T = 18, 4
SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}


containers = pytest.mark.parametrize("container", CONTAINERS)
SEQUENCES = [name for name in CONTAINERS if name not in ("2-D", "pandas", "polars")]
sequences = pytest.mark.parametrize("container", SEQUENCES)


# --- the table: every tool, and what it does written out by hand ---------------------------------------

# Converged by decree: threads that share one list of warning filters must not need to warn.
QUICK = {**SMALL, "max_iter": 20, "tol": 1e6, "n_iter_no_change": 3, "learning_rate_init": 0.1}
MODELS = {"regressor": skrnn.GRURegressor, "classifier": skrnn.LSTMClassifier}
EVERY_CLASS = [
    getattr(skrnn, f"{cell}{kind.title()}") for cell in ("RNN", "LSTM", "GRU") for kind in MODELS
]
FOLDS = list(KFold(3).split(np.arange(N)))
GRID = {"learning_rate_init": [1e-6, 0.1]}
CANDIDATES = [{"learning_rate_init": rate} for rate in GRID["learning_rate_init"]]


class Tool(NamedTuple):
    """A tool, and the same without it; both answer with a dict of arrays.

    A container that is not in ``refuses`` (container -> message) must work. With "outputs" are
    predictions or probabilities, that is: what depends on the weights of the model only.
    """

    use: Callable  # (model, X, y, n_jobs, **weight): n_jobs of the model if the tool has none
    by_hand: Callable  # (model, X, y, w), w is None or an array; X is never a frame
    kinds: tuple = ("regressor", "classifier")
    refuses: dict = {}  # noqa: RUF012


def fitted(model, X, y, w=None, rows=None):
    if rows is not None:
        X, y, w = take(X, rows), y[rows], None if w is None else w[rows]
    return clone(model).fit(X, y, w)


def fold_scores(model, X, y, w, size=None):
    """What cross-validation finds, with the first ``size`` rows of each training part."""
    return [
        fitted(model, X, y, w, training[:size]).score(
            take(X, test), y[test], None if w is None else w[test]
        )
        for training, test in FOLDS
    ]


def search_by_hand(model, X, y, w):
    models = [clone(model).set_params(**candidate) for candidate in CANDIDATES]
    scores = [np.mean(fold_scores(m, X, y, w)) for m in models]
    return {"scores": scores, "outputs": outputs(fitted(models[np.argmax(scores)], X, y, w), X)}


def halving_by_hand(model, X, y, w):
    """Two candidates with two hidden units; the better one with four."""
    models = [clone(model).set_params(hidden_size=2, **candidate) for candidate in CANDIDATES]
    scores = [np.mean(fold_scores(m, X, y, w)) for m in models]
    assert scores[0] != scores[1]
    best = models[np.argmax(scores)].set_params(hidden_size=4)
    scores.append(np.mean(fold_scores(best, X, y, w)))
    return {"scores": scores, "outputs": outputs(fitted(best, X, y, w), X)}


def fit_search(search, X, y, weight):
    search.fit(X, y, **weight)
    return {"scores": search.cv_results_["mean_test_score"], "outputs": outputs(search, X)}


def answer_of(outer, X, y, weight):
    return {"outputs": outputs(outer.fit(X, y, **weight), X)}


def with_jobs(model, n_jobs):
    return clone(model).set_params(n_jobs=n_jobs)


def wants(model, weight=True):
    """With metadata routing each consumer says whether it takes the weights."""
    if sklearn.get_config()["enable_metadata_routing"]:
        model.set_fit_request(sample_weight=weight)
        if isinstance(model, tuple(MODELS.values())):
            model.set_score_request(sample_weight=weight)
            model.set_partial_fit_request(sample_weight=weight)  # learning_curve asks for it
    return model


def use_pipeline(steps, X, y, weight):
    """Without metadata routing the weights are addressed to a step."""
    if weight and not sklearn.get_config()["enable_metadata_routing"]:
        weight = {"model__sample_weight": weight["sample_weight"]}
    return answer_of(Pipeline(steps), X, y, weight)


def use_cross_val_predict(model, X, y, n_jobs, **weight):
    method = "predict_proba" if is_classifier(model) else "predict"
    p = cross_val_predict(model, X, y, cv=KFold(3), method=method, n_jobs=n_jobs, params=weight)
    return {"outputs": p}


def cross_val_predict_by_hand(model, X, y, w):
    parts = [outputs(fitted(model, X, y, w, rows), take(X, test)) for rows, test in FOLDS]
    return {"outputs": np.concatenate(parts)}


def use_cross_validate(model, X, y, n_jobs, **weight):
    result = cross_validate(model, X, y, cv=KFold(3), return_estimator=True, n_jobs=n_jobs, params=weight)
    return {"scores": result["test_score"], "outputs": [outputs(m, X) for m in result["estimator"]]}


def cross_validate_by_hand(model, X, y, w):
    answers = [outputs(fitted(model, X, y, w, rows), X) for rows, _ in FOLDS]
    return {"scores": fold_scores(model, X, y, w), "outputs": answers}


def use_learning_curve(model, X, y, n_jobs, **weight):
    _, _, scores = learning_curve(
        model, X, y, cv=KFold(3), train_sizes=[0.5, 1.0], n_jobs=n_jobs, params=weight
    )
    return {"scores": scores}


def use_voting(model, X, y, n_jobs, **weight):
    models = [("one", model), ("two", clone(model).set_params(random_state=1))]
    if is_classifier(model):
        return answer_of(VotingClassifier(models, voting="soft", n_jobs=n_jobs), X, y, weight)
    return answer_of(VotingRegressor(models, n_jobs=n_jobs), X, y, weight)


def voting_by_hand(model, X, y, w):
    models = [model, clone(model).set_params(random_state=1)]
    return {"outputs": np.mean([outputs(fitted(m, X, y, w), X) for m in models], axis=0)}


def use_stacking(model, X, y, n_jobs, passthrough=False, **weight):
    stacking = StackingClassifier if is_classifier(model) else StackingRegressor
    final = wants(LogisticRegression(solver="newton-cg") if is_classifier(model) else Ridge())
    return answer_of(
        stacking([("model", model)], final, cv=KFold(3), n_jobs=n_jobs, passthrough=passthrough),
        X, y, weight,
    )  # fmt: skip


def stacking_by_hand(model, X, y, w, passthrough=False):
    final = LogisticRegression(solver="newton-cg") if is_classifier(model) else Ridge()
    out_of_fold = cross_val_predict_by_hand(model, X, y, w)["outputs"].reshape(N, -1)
    refitted = outputs(fitted(model, X, y, w), X).reshape(N, -1)
    more = [X] if passthrough else []
    final.fit(np.hstack([out_of_fold, *more]), y, w)
    return {"outputs": outputs(final, np.hstack([refitted, *more]))}


def calibration_by_hand(model, X, y, w):
    """The mean over folds of one isotonic regression per class, on the rows that the fold left out."""
    p = np.zeros((len(FOLDS), N, 3))
    for fold, (training, test) in enumerate(FOLDS):
        m = fitted(model, X, y, w, training)
        known, new = m.predict_proba(take(X, test)), m.predict_proba(X)
        for k in range(3):
            isotonic = IsotonicRegression(out_of_bounds="clip")
            isotonic.fit(known[:, k], y[test] == k, None if w is None else w[test])
            p[fold, :, k] = isotonic.predict(new[:, k])
    total = p.sum(axis=2, keepdims=True)
    return {"outputs": np.where(total > 0, p / np.where(total > 0, total, 1), 1 / 3).mean(axis=0)}


def one_against_the_rest_by_hand(model, X, y, w):
    models = [fitted(model, X, (y == k).astype(int), w) for k in range(3)]
    p = np.column_stack([m.predict_proba(X)[:, 1] for m in models])
    return {"outputs": p / p.sum(axis=1, keepdims=True)}


def two_targets(y):
    return np.column_stack([y, y[::-1]])


def use_multi_output(model, X, y, n_jobs, **weight):
    multi = MultiOutputClassifier if is_classifier(model) else MultiOutputRegressor
    answer = answer_of(multi(model, n_jobs=n_jobs), X, two_targets(y), weight)["outputs"]
    return {"outputs": np.stack(answer) if is_classifier(model) else answer.T}


def multi_output_by_hand(model, X, y, w):
    return {"outputs": [outputs(fitted(model, X, column, w), X) for column in two_targets(y).T]}


def use_transformed_target(model, X, y, n_jobs, **weight):
    outer = TransformedTargetRegressor(with_jobs(model, n_jobs), func=np.sinh, inverse_func=np.arcsinh)
    return answer_of(outer, X, y, weight)


def bagging(model, n_jobs=None):
    outer = BaggingClassifier if is_classifier(model) else BaggingRegressor
    return outer(model, n_estimators=2, random_state=0, n_jobs=n_jobs)


def bagging_by_hand(model, X, y, w):
    """Rows and seeds as drawn by scikit-learn, which passes counts in place of copies of rows."""
    drawn = bagging(model).fit(X, y, sample_weight=w)
    if is_sklearn("1.8"):
        w = None  # rows were drawn by their weights; before, the counts were multiplied by them
    parts = zip(drawn.estimators_, drawn.estimators_samples_, strict=True)
    return {"outputs": np.mean([outputs(fitted(m, X, y, w, np.sort(i)), X) for m, i in parts], axis=0)}


def use_clone(model, X, y, n_jobs, **weight):
    first = with_jobs(model, n_jobs).fit(X, y, **weight)
    second = clone(first)
    assert not hasattr(second, "n_features_in_")
    return answer_of(second, X, y, weight)


def use_set_params(model, X, y, n_jobs, **weight):
    """On an estimator that has been fitted with other parameters."""
    other = type(model)(hidden_size=2, bidirectional=True, max_iter=3, tol=1e6, n_iter_no_change=1)
    other.set_params(step_features=model.step_features).fit(X, y)
    return answer_of(other.set_params(**model.get_params()).set_params(n_jobs=n_jobs), X, y, weight)


def use_joblib(model, X, y, n_jobs, **weight):
    file = io.BytesIO()
    joblib.dump(with_jobs(model, n_jobs).fit(X, y, **weight), file)
    file.seek(0)
    return {"outputs": outputs(joblib.load(file), X)}


def plain_by_hand(model, X, y, w):
    return {"outputs": outputs(fitted(type(model)(**model.get_params()), X, y, w), X)}


def scaled_by_hand(model, X, y, w):
    return plain_by_hand(model, (X - X.mean(axis=0)) / X.std(axis=0), y, w)


# The words of scikit-learn, and of NumPy when scikit-learn makes an array of X, for X that must be 2-D.
DIM_3 = "Found array with dim 3"
NO_ARRAY = "setting an array element with a sequence"
DIM_1 = "Expected 2D array, got 1D array instead"


def two_d_only(objects=NO_ARRAY):
    """Refused: 3-D and, because scikit-learn makes an array of it, a list of arrays."""
    return {"3-D": DIM_3, "list of equal lengths": DIM_3, "list": NO_ARRAY, "object array": objects}


STACKED = "all the input arrays must have same number of dimensions"  # hstack([predictions, X])
TOOLS = {
    "Pipeline of StandardScaler": Tool(
        lambda model, X, y, n_jobs, **weight: use_pipeline(
            [("scale", wants(StandardScaler(), False)), ("model", with_jobs(model, n_jobs))], X, y, weight
        ),
        scaled_by_hand, refuses=two_d_only(),
    ),
    "Pipeline of ColumnTransformer": Tool(
        lambda model, X, y, n_jobs, **weight: use_pipeline(
            [
                ("scale", ColumnTransformer(
                    [("all", wants(StandardScaler(), False), slice(0, T * F))], n_jobs=n_jobs)),
                ("model", model),
            ], X, y, weight
        ),
        scaled_by_hand,
        refuses={
            "3-D": "'X' should be a 2D NumPy array, 2D sparse matrix or dataframe",
            "list of equal lengths": DIM_3,
            "list": DIM_1,
            # 1-D, and scikit-learn does not look before it asks for the number of columns
            "object array": "tuple index out of range",
        },
    ),
    "Pipeline of FunctionTransformer": Tool(
        lambda model, X, y, n_jobs, **weight: use_pipeline(
            [("same", FunctionTransformer()), ("model", with_jobs(model, n_jobs))], X, y, weight
        ),
        plain_by_hand,
    ),
    "GridSearchCV": Tool(
        lambda model, X, y, n_jobs, **weight: fit_search(
            GridSearchCV(model, GRID, cv=KFold(3), n_jobs=n_jobs, error_score="raise"), X, y, weight
        ),
        search_by_hand,
    ),
    "RandomizedSearchCV": Tool(  # a list of both candidates, without replacement: in another order
        lambda model, X, y, n_jobs, **weight: fit_search(
            RandomizedSearchCV(
                model, GRID, n_iter=2, cv=KFold(3), n_jobs=n_jobs, error_score="raise", random_state=1
            ), X, y, weight
        ),
        search_by_hand,
    ),
    "HalvingGridSearchCV": Tool(
        lambda model, X, y, n_jobs, **weight: fit_search(
            HalvingGridSearchCV(
                model, GRID, resource="hidden_size", min_resources=2, max_resources=4, factor=2,
                cv=KFold(3), n_jobs=n_jobs, error_score="raise",
            ), X, y, weight
        ),
        halving_by_hand,
    ),
    "cross_val_predict": Tool(use_cross_val_predict, cross_val_predict_by_hand),
    "cross_validate": Tool(use_cross_validate, cross_validate_by_hand),
    "learning_curve": Tool(
        use_learning_curve,
        lambda model, X, y, w: {"scores": [fold_scores(model, X, y, w, size) for size in (6, 12)]},
    ),
    "Voting": Tool(use_voting, voting_by_hand),
    "Stacking": Tool(use_stacking, stacking_by_hand),
    "Stacking with passthrough": Tool(
        partial(use_stacking, passthrough=True), partial(stacking_by_hand, passthrough=True),
        refuses=dict.fromkeys(["3-D", "list of equal lengths", "object array"], STACKED)
        | {"list": NO_ARRAY},
    ),
    "CalibratedClassifierCV": Tool(
        lambda model, X, y, n_jobs, **weight: answer_of(
            CalibratedClassifierCV(model, method="isotonic", cv=KFold(3), n_jobs=n_jobs), X, y, weight
        ),
        calibration_by_hand, kinds=("classifier",),
    ),
    "OneVsRest": Tool(
        lambda model, X, y, n_jobs, **weight: answer_of(
            OneVsRestClassifier(model, n_jobs=n_jobs), X, y, weight
        ),
        one_against_the_rest_by_hand, kinds=("classifier",),
    ),
    "MultiOutput": Tool(use_multi_output, multi_output_by_hand),
    "TransformedTargetRegressor": Tool(
        use_transformed_target,
        lambda model, X, y, w: {"outputs": np.arcsinh(fitted(model, X, np.sinh(y), w).predict(X))},
        kinds=("regressor",),
    ),
    "Bagging": Tool(
        lambda model, X, y, n_jobs, **weight: answer_of(bagging(model, n_jobs), X, y, weight),
        bagging_by_hand, refuses=two_d_only(objects=DIM_1),
    ),
    "clone": Tool(use_clone, plain_by_hand),
    "set_params": Tool(use_set_params, plain_by_hand),
    "joblib": Tool(use_joblib, plain_by_hand),
}  # fmt: skip

CELLS = [(name, kind, c) for name, tool in TOOLS.items() for kind in tool.kinds for c in CONTAINERS]
ALLOWED = [cell for cell in CELLS if cell[2] not in TOOLS[cell[0]].refuses]
REFUSED = [cell for cell in CELLS if cell[2] in TOOLS[cell[0]].refuses]
KINDS_OF_X = few([cell for cell in ALLOWED if cell[2] in ("2-D", "3-D", "list")])
# all frames hold the values of "2-D", and an object array those of the list
SAME = {"pandas": "2-D", "polars": "2-D", "object array": "list"}


def table(cells):
    ids = ["-".join(cell) for cell in cells]
    return pytest.mark.parametrize(("name", "kind", "container"), cells, ids=ids)


def material(kind, container):
    X, y, params = learnable(MODELS[kind], container)
    return wants(MODELS[kind](**QUICK, **params)), X, y


def use(name, kind, container, n_jobs=None, weighted=False):
    weight = {"sample_weight": uneven_weights(N)} if weighted else {}
    return TOOLS[name].use(*material(kind, container), n_jobs, **weight)


one_job = cache(use)


def expected(name, kind, container, weighted=False):
    return expected_of(name, kind, SAME.get(container, container), weighted)


@cache
def expected_of(name, kind, container, weighted):
    with sklearn.config_context(enable_metadata_routing=False, transform_output="default"):
        model, X, y = material(kind, container)
        return TOOLS[name].by_hand(model, X, y, uneven_weights(N) if weighted else None)


def assert_equal_answers(answer, right):
    """To round-off of the tools; a tool that is at fault differs in the first digits."""
    assert answer.keys() == right.keys()
    for part, values in answer.items():
        order = np.sort if part == "scores" else np.asarray  # a search orders its candidates
        np.testing.assert_allclose(order(values), order(right[part]), rtol=1e-9, err_msg=part)


@table(few(ALLOWED))
def test_tool(name, kind, container):
    right = expected(name, kind, container)
    assert any(np.ptp(part) > 0.01 for part in right.values())  # a constant would prove nothing
    assert_equal_answers(one_job(name, kind, container), right)


@pytest.mark.parametrize("name", ["clone", "set_params", "joblib", "GridSearchCV"])
@pytest.mark.parametrize("every_class", EVERY_CLASS, ids=lambda cls: cls.__name__)
def test_tool_with_every_class(every_class, name):
    X, y, _ = learnable(every_class)
    model, tool = every_class(**QUICK), TOOLS[name]
    assert_equal_answers(tool.use(model, X, y, None), tool.by_hand(model, X, y, None))


@table(few(REFUSED))
def test_tool_refuses(name, kind, container):
    """By a check of scikit-learn's, before a model sees the data: the traceback has no line of skrnn."""
    with pytest.raises((ValueError, IndexError), match=TOOLS[name].refuses[container]) as refusal:
        use(name, kind, container)
    package = Path(skrnn.__file__).parent
    assert not [entry for entry in refusal.traceback if package in Path(entry.path).parents]


@table(KINDS_OF_X)
def test_tool_with_two_jobs(name, kind, container):
    """In processes with the last container of those that a tool takes, else in threads."""
    last = [cell for cell in KINDS_OF_X if cell[:2] == (name, kind)][-1]
    backend = "loky" if container == last[-1] else "threading"
    with joblib.parallel_config(backend):
        answer = use(name, kind, container, n_jobs=2)
    for part, values in one_job(name, kind, container).items():
        np.testing.assert_array_equal(answer[part], values, err_msg=part)


@table(few([cell for cell in ALLOWED if cell[2] in ("2-D", "pandas", "list")]))
def test_tool_with_pandas_output(name, kind, container):
    warning = None
    if name == "Pipeline of FunctionTransformer" and container != "pandas":
        warning = "`func` should return a pandas DataFrame"  # X passes through as it is
    if name.startswith("Stacking"):  # whatever it stacks: it fits on an array and predicts from a frame
        warning = "X has feature names, but (Ridge|LogisticRegression) was fitted without"
    expects = pytest.warns(UserWarning, match=warning) if warning else contextlib.nullcontext()
    with sklearn.config_context(transform_output="pandas"), expects:
        answer = use(name, kind, container)
    assert_equal_answers(answer, expected(name, kind, container))


# --- sample_weight through the tools ------------------------------------------------------------------


@table(KINDS_OF_X)
def test_tool_with_metadata_routing(name, kind, container, routing):
    right, without = (expected(name, kind, container, weighted) for weighted in (True, False))
    assert_equal_answers(use(name, kind, container, weighted=True), right)
    assert any(np.abs(np.subtract(right[p], without[p])).max() > 0.01 for p in right)
    if container == "2-D":
        assert_equal_answers(use(name, kind, container), without)


# metadata routing is the only way to pass weights to OneVsRest; a learning curve has scores only
UNROUTED = few([
    cell for cell in ALLOWED
    if cell[0] not in ("OneVsRest", "learning_curve") and cell[2] in ("2-D", "list")
])  # fmt: skip


@table(UNROUTED)
def test_tool_with_weights_without_metadata_routing(name, kind, container):
    """Whether scores are weighted, too, depends on the version of scikit-learn: models are compared."""
    answer = use(name, kind, container, weighted=True)["outputs"]
    right = expected(name, kind, container, weighted=True)["outputs"]
    np.testing.assert_allclose(answer, right, rtol=1e-9)
    assert np.abs(np.subtract(right, expected(name, kind, container)["outputs"])).max() > 0.01


# --- cross-validation --------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["2-D", "3-D"])
def test_cross_val_predict_per_step(cls, container):
    X, _, params = learnable(cls, container)
    y = np.array(noise_step_targets(cls, [T] * N, 2))
    model = cls(**SMALL, **params, return_sequences=True)
    answer = cross_val_predict(model, X, y, cv=KFold(3))
    assert answer.shape == (N, T)
    fold = clone(model).fit(X[6:], y[6:])
    np.testing.assert_array_equal(answer[:6], fold.predict(X[:6]))


@pytest.mark.parametrize("container", ["list", "object array", "list of equal lengths"])
@pytest.mark.parametrize("as_object", [False, True])
def test_cross_val_predict_per_step_of_lists(cls, container, as_object):
    X, _, _ = learnable(cls, container)
    y = noise_step_targets(cls, [len(x) for x in X], 2)
    model = cls(**SMALL, return_sequences=True)
    answer = cross_val_predict(model, X, object_array(y) if as_object else y, cv=KFold(3))
    assert answer.shape == (N,)
    assert answer.dtype == object
    assert [a.shape for a in answer] == [labels.shape for labels in y]
    fold = clone(model).fit(X[6:], y[6:])
    for a, b in zip(answer[:6], fold.predict(X[:6]), strict=True):
        np.testing.assert_array_equal(a, b)


@sequences
def test_cross_validate_per_step(cls, container):
    """The score counts steps."""
    X, _, _ = learnable(cls, container)
    y = noise_step_targets(cls, [len(x) for x in X], 2)
    model = cls(**SMALL, return_sequences=True)
    result = cross_validate(model, X, y, cv=KFold(3), return_train_score=True, return_estimator=True)
    metric = accuracy_score if is_classifier(model) else r2_score
    predicted = np.concatenate(list(result["estimator"][0].predict(X[:6])))
    assert result["test_score"][0] == pytest.approx(metric(np.concatenate(y[:6]), predicted))
    assert np.isfinite(result["train_score"]).all()


@containers
def test_train_test_split(cls, container):
    X, y, params = learnable(cls, container)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    rows, test_rows = train_test_split(np.arange(N), random_state=0)
    model = cls(**SMALL, **params).fit(X_train, y_train)
    expected = cls(**SMALL, **params).fit(take(X, rows), y[rows])
    np.testing.assert_array_equal(outputs(model, X_test), outputs(expected, take(X, test_rows)))
    assert np.isfinite(model.score(X_test, y_test))


@sequences
def test_group_k_fold(cls, container):
    """Contiguous groups of six make the folds of KFold."""
    X, y, _ = learnable(cls, container)
    scores = cross_val_score(cls(**SMALL), X, y, groups=np.arange(N) // 6, cv=GroupKFold(3))
    np.testing.assert_allclose(np.sort(scores), np.sort(fold_scores(cls(**SMALL), X, y, None)))


# --- searches ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize("container", ["3-D", "list"])
def test_grid_search_over_k1_k2_and_hidden_size(container):
    X, y, params = learnable(skrnn.GRUClassifier, container)
    grid = {"k1": [None, 1, 10**6], "k2": [None, 2, 10**6], "hidden_size": [2, (2, 3)]}
    search = GridSearchCV(skrnn.GRUClassifier(**SMALL, **params), grid, cv=2, error_score="raise")
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.k1 == search.best_params_["k1"]
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.predict(X))
    assert search.n_features_in_ == F


def test_grid_search_in_processes():
    """The same result as in this process; k1 and k2 matter, the targets being per step."""
    X, _, _ = learnable(skrnn.LSTMRegressor, "list")
    y = noise_step_targets(skrnn.LSTMRegressor, [len(x) for x in X], 2)
    grid = {"k1": [None, 1], "k2": [None, 2], "hidden_size": [2, (2, 3)]}
    model = skrnn.LSTMRegressor(**SMALL, return_sequences=True)
    one, two = (
        GridSearchCV(model, grid, cv=KFold(2), n_jobs=n_jobs, error_score="raise").fit(X, y)
        for n_jobs in (None, 2)
    )
    scores = two.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, one.cv_results_["mean_test_score"])
    assert len(np.unique(scores)) > 4
    for a, b in zip(one.predict(X), two.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_search_of_a_pipeline(classifier, method):
    X, y, params = learnable(classifier, "2-D")
    pipeline = Pipeline([("scale", StandardScaler()), ("rnn", classifier(**SMALL, **params))])
    grid = {"rnn__k2": [None, 2], "rnn__hidden_size": [2, 3], "scale__with_mean": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    np.testing.assert_array_equal(getattr(search, method)(X), getattr(search.best_estimator_, method)(X))


def test_randomized_search_with_a_scorer(regressor):
    X, y, _ = learnable(regressor)
    poolings = ["last", "last_max", ("mean", "max")]
    space = {"hidden_size": range(2, 9), "solver": ["adam", "sgd"], "pooling": poolings}
    search = RandomizedSearchCV(
        regressor(**SMALL), space, n_iter=3, cv=2, random_state=0, error_score="raise",
        scoring=["neg_mean_squared_error", "r2"], refit="r2",
    ).fit(X, y)  # fmt: skip
    assert np.isfinite(search.cv_results_["mean_test_r2"]).all()
    assert np.isfinite(search.cv_results_["mean_test_neg_mean_squared_error"]).all()


@pytest.mark.parametrize("container", ["2-D", "3-D", "list"])
def test_halving_over_the_number_of_sequences(regressor, container):
    X, y, params = learnable(regressor, container)
    search = HalvingGridSearchCV(
        regressor(**QUICK, **params), GRID, cv=KFold(3), min_resources=9, factor=2, random_state=0,
        error_score="raise",
    ).fit(X, y)  # fmt: skip
    assert search.n_resources_ == [9, 18]
    assert search.n_candidates_ == [2, 1]
    assert search.best_params_ == CANDIDATES[1]
    right = fitted(search.estimator.set_params(**CANDIDATES[1]), X, y).predict(X)
    np.testing.assert_array_equal(search.predict(X), right)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_search_shows_invalid_points_as_failed(cls):
    X, y, _ = learnable(cls)
    search = GridSearchCV(cls(**SMALL, bidirectional=True), {"k1": [None, 2]}, cv=2)
    with pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*k1=2 and bidirectional=True"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_params_ == {"k1": None}


# --- pipelines and meta-estimators -------------------------------------------------------------------


def test_pipeline_in_pandas(cls):
    X, y, params = learnable(cls, "pandas")
    pipeline = make_pipeline(StandardScaler(), cls(**SMALL, **params)).set_output(transform="pandas")
    pipeline.fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == list(X.columns)
    assert pipeline.predict(X).shape == (N,)


@sequences
def test_pipeline_of_sequences(cls, container, assert_same_weights):
    def halve(X):
        return X / 2 if isinstance(X, np.ndarray) and X.ndim == 3 else [x / 2 for x in X]

    X, y, _ = learnable(cls, container)
    pipeline = make_pipeline(FunctionTransformer(halve), cls(**SMALL)).fit(X, y)
    assert_same_weights(pipeline[-1], cls(**SMALL).fit(halve(X), y))
    assert len(cross_val_score(pipeline, X, y, cv=KFold(2), error_score="raise")) == 2


def test_pipeline_partial_parameters(cls):
    pipeline = make_pipeline(StandardScaler(), cls(3, k1=2))
    name = cls.__name__.lower()
    pipeline.set_params(**{f"{name}__k2": 5})
    assert clone(pipeline)[-1].get_params() == {**cls().get_params(), "hidden_size": 3, "k1": 2, "k2": 5}


@pytest.mark.parametrize("container", ["2-D", "pandas", "3-D"])
def test_transformed_target_per_step(regressor, container):
    X, _, params = learnable(regressor, container)
    y = np.exp(np.array(noise_step_targets(regressor, [T] * N, 2)))
    model = regressor(**SMALL, **params, return_sequences=True)
    outer = TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp).fit(X, y)
    np.testing.assert_allclose(outer.predict(X), np.exp(model.fit(X, np.log(y)).predict(X)), rtol=1e-10)


def test_voting_of_labels(classifier):
    """Two against one."""
    X, y, _ = learnable(classifier)
    models = [(str(seed), classifier(**{**SMALL, "random_state": seed})) for seed in range(3)]
    votes = np.array([clone(model).fit(X, y).predict(X) for _, model in models])
    counts = np.array([(votes == k).sum(axis=0) for k in range(3)])
    majority = VotingClassifier(models).fit(X, y).predict(X)
    np.testing.assert_array_equal(majority, counts.argmax(axis=0))  # the smallest label of equals


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
def test_html_and_repr(cls):
    model = cls(4, k1=2)
    for fitted in (model, model.set_params(max_iter=1).fit(*learnable(cls)[:2])):
        assert "k1" in fitted._repr_html_()
        assert cls.__name__ in repr(fitted)


# --- files and processes -----------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [0, 3])
def test_joblib(cls, compress, tmp_path):
    X, y, _ = learnable(cls, "list")
    model = cls(**SMALL).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib", compress=compress)
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    assert loaded.get_params() == model.get_params()


def test_joblib_with_a_memory_map(cls, tmp_path):
    """As workers receive models: arrays that cannot be written to."""
    X, y, _ = learnable(cls)
    model = cls(**SMALL, warm_start=True).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    np.testing.assert_array_equal(outputs(loaded.fit(X, y), X), outputs(model.fit(X, y), X))
    np.testing.assert_array_equal(
        outputs(loaded.partial_fit(X, y), X), outputs(model.partial_fit(X, y), X)
    )


def test_another_process_predicts_the_same_bits(tmp_path):
    """Six models, loaded and fitted anew by a fresh interpreter."""
    X, models = learnable(skrnn.GRURegressor)[0], []
    names = [f"{cell}{kind}" for cell in ("RNN", "LSTM", "GRU") for kind in ("Regressor", "Classifier")]
    for cls in (getattr(skrnn, name) for name in names):
        models.append(cls(**SMALL).fit(X, learnable_targets(cls)))
    expected = [outputs(model, X) for model in models]
    joblib.dump((models, X, [learnable_targets(type(model)) for model in models]), tmp_path / "models")
    code = f"""
        import joblib, warnings
        warnings.simplefilter("ignore")
        models, X, y = joblib.load({str(tmp_path / "models")!r})
        answer = lambda m: getattr(m, "predict_proba", m.predict)(X)
        answers = [answer(m) for m in models], [answer(m.fit(X, t)) for m, t in zip(models, y)]
        joblib.dump(answers, {str(tmp_path / "answers")!r})
    """
    run_python(code)
    loaded, fitted = joblib.load(tmp_path / "answers")
    for a, b, c in zip(expected, loaded, fitted, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
