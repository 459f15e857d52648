"""skrnn.metrics: a sequence scorer finds what the metric finds on data laid flat by hand."""

import pickle
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from support.arrays import object_array
from support.versions import is_sklearn, needs_sklearn

import skrnn
from skrnn.metrics import sequence_scorer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T, F = 12, 6, 2
CV = KFold(2)
SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0, "return_sequences": True}


def sequences(ragged=True):
    X = np.random.RandomState(0).normal(size=(N, T, F))
    return [x[: 2 + i % 5] for i, x in enumerate(X)] if ragged else X


LABELS = np.array(["no", "some", "yes"])
# name -> (x, rng) -> targets of the steps of one sequence
TARGETS = {
    "numbers": lambda x, rng: x[:, 0] + rng.normal(size=len(x)),
    "two numbers": lambda x, rng: x @ [[1, 2], [3, 4]] + rng.normal(size=(len(x), 2)),
    "binary": lambda x, rng: (x[:, 0] + rng.normal(size=len(x)) > 0).astype(int),
    "binary strings": lambda x, rng: LABELS[[0, 2]][(x[:, 0] + rng.normal(size=len(x)) > 0).astype(int)],
    "labels": lambda x, rng: LABELS[np.digitize(x[:, 0] + 0.3 * rng.normal(size=len(x)), [-0.5, 0.5])],
    "multilabel": lambda x, rng: (x @ [[1, 0, 1], [0, 1, 1]] + rng.normal(size=(len(x), 3)) > 0) * 1,
    "two labels": lambda x, rng: (x + rng.normal(size=x.shape) > 0).astype(int),
}


def targets(kind, X):
    rng = np.random.RandomState(1)
    return [TARGETS[kind](x, rng) for x in X]


def model_for(kind, **params):
    cls = skrnn.GRURegressor if kind in ("numbers", "two numbers") else skrnn.LSTMClassifier
    return cls(**SMALL, **params)


@lru_cache
def fitted(kind, ragged=True):
    """X, y as a list, and a model of them."""
    X = sequences(ragged)
    y = targets(kind, X)
    return X, y, model_for(kind).fit(X, y if ragged else np.array(y))


def step_weights(X):
    rng = np.random.RandomState(2)
    return [rng.uniform(0.1, 3, size=len(x)) for x in X]


# --- the table: scorers, and what they find by hand -----------------------------------------------


class Case(NamedTuple):
    """``by_hand(y, answers, w)`` on flat arrays; ``method`` makes the answers."""

    kind: str
    scoring: object
    by_hand: Callable
    method: str = "predict"
    options: dict = {}  # noqa: RUF012


def positive(metric, column=1, label=None, **options):
    """``metric`` of one class, on one column of the probabilities."""

    def by_hand(y, p, w):
        if label is not None:
            options["pos_label"] = label
        return metric(y, p[:, column], sample_weight=w, **options)

    return by_hand


def plain(metric, sign=1, **options):
    return lambda y, answers, w: sign * metric(y, answers, sample_weight=w, **options)


def worst(y_true, y_pred, sample_weight=None, power=1):
    return np.max(np.abs(y_true - y_pred) ** power * (1 if sample_weight is None else sample_weight))


def asks_the_estimator(estimator, X, y, sample_weight=None):
    """A scorer that is only a function."""
    return metrics.log_loss(y, estimator.predict_proba(X), sample_weight=sample_weight)


CASES = {
    "r2": Case("numbers", "r2", plain(metrics.r2_score)),
    "r2, two outputs": Case("two numbers", "r2", plain(metrics.r2_score)),
    "r2 of the second output": Case(
        "two numbers", "r2", plain(metrics.r2_score, multioutput=[0, 1]),
        options={"multioutput": np.array([0, 1])},
    ),
    "absolute error": Case(
        "numbers", "neg_mean_absolute_error", plain(metrics.mean_absolute_error, -1)
    ),
    "squared error": Case(
        "two numbers", "neg_mean_squared_error", plain(metrics.mean_squared_error, -1)
    ),
    "own metric": Case("numbers", make_scorer(worst, greater_is_better=False), plain(worst, -1)),
    "own metric with options": Case(
        "numbers", make_scorer(worst, power=5, greater_is_better=False), plain(worst, -1, power=2),
        options={"power": 2},
    ),
    "accuracy": Case("labels", "accuracy", plain(metrics.accuracy_score)),
    "accuracy, binary": Case("binary", "accuracy", plain(metrics.accuracy_score)),
    "accuracy, multilabel": Case("multilabel", "accuracy", plain(metrics.accuracy_score)),
    "balanced": Case("labels", "balanced_accuracy", plain(metrics.balanced_accuracy_score)),
    "f1_macro": Case("labels", "f1_macro", plain(metrics.f1_score, average="macro")),
    "f1": Case("binary", "f1", plain(metrics.f1_score)),
    "f1 of strings": Case(
        "binary strings", "f1", plain(metrics.f1_score, pos_label="no"), options={"pos_label": "no"}
    ),
    "f1, multilabel": Case("multilabel", "f1_samples", plain(
        metrics.f1_score, average="samples", zero_division=1), options={"zero_division": 1}),
    "fbeta": Case(
        "labels", make_scorer(metrics.fbeta_score, beta=2, average="weighted", pos_label=None),
        plain(metrics.fbeta_score, beta=2, average="weighted"),
    ),
    "log loss": Case("labels", "neg_log_loss", plain(metrics.log_loss, -1), "predict_proba"),
    "log loss, binary": Case("binary", "neg_log_loss", plain(metrics.log_loss, -1), "predict_proba"),
    "roc_auc": Case("binary", "roc_auc", positive(metrics.roc_auc_score), "predict_proba"),
    "roc_auc of strings": Case(
        "binary strings", "roc_auc", positive(metrics.roc_auc_score), "predict_proba"
    ),
    "roc_auc_ovr": Case(
        "labels", "roc_auc_ovr", plain(metrics.roc_auc_score, multi_class="ovr"), "predict_proba"
    ),
    "roc_auc, multilabel": Case("multilabel", "roc_auc", plain(metrics.roc_auc_score), "predict_proba"),
    "roc_auc, two labels": Case("two labels", "roc_auc", plain(metrics.roc_auc_score), "predict_proba"),
    "precision": Case(
        "binary", "average_precision", positive(metrics.average_precision_score), "predict_proba"
    ),
    "precision of the other class": Case(
        "binary strings", "average_precision",
        positive(metrics.average_precision_score, 0, "no"), "predict_proba", {"pos_label": "no"},
    ),
    "precision, two labels": Case(
        "two labels", "average_precision", plain(metrics.average_precision_score), "predict_proba"
    ),
    "top_k": Case("labels", "top_k_accuracy", plain(
        metrics.top_k_accuracy_score, k=1, labels=LABELS), "predict_proba",
        {"k": 1, "labels": LABELS}),
    "a function": Case("labels", asks_the_estimator, plain(metrics.log_loss), "predict_proba"),
    "a sequence scorer": Case("labels", sequence_scorer("accuracy"), plain(metrics.accuracy_score)),
}  # fmt: skip
cases = pytest.mark.parametrize("name", CASES)


def flat(items):
    return np.concatenate(list(items))


@cases
@pytest.mark.parametrize("weights", [None, "sequences", "steps"])
@pytest.mark.parametrize("container", ["3-D", "list", "object array"])
def test_scores_are_those_of_flat_data(name, container, weights):
    case = CASES[name]
    X, y, model = fitted(case.kind, ragged=container != "3-D")
    w = w_flat = None
    if weights == "sequences":
        w = np.linspace(0.1, 2, N)
        w_flat = np.repeat(w, [len(x) for x in X])
    elif weights == "steps":
        w = step_weights(X)
        w_flat = flat(w)
    expected = case.by_hand(flat(y), flat(getattr(model, case.method)(X)), w_flat)
    if container == "3-D":
        y, w = np.array(y), np.array(w) if weights == "steps" else w
    elif container == "object array":
        X, y, w = object_array(X), object_array(y), object_array(w) if weights == "steps" else w
    scorer = sequence_scorer(case.scoring, **case.options)
    score = scorer(model, X, y) if w is None else scorer(model, X, y, sample_weight=w)
    assert score == pytest.approx(expected, rel=1e-12)
    assert np.isscalar(score)
    again = pickle.loads(pickle.dumps(clone(scorer, safe=False)))
    assert again(model, X, y, w) == score


def test_weights_matter():
    X, y, model = fitted("labels")
    scorer = sequence_scorer("accuracy")
    scores = [scorer(model, X, y, w) for w in (None, np.linspace(0.1, 2, N), step_weights(X))]
    assert len(set(scores)) == 3


@pytest.mark.parametrize("kind", ["labels", "multilabel", "numbers", "two numbers"])
def test_score_of_the_estimator(kind):
    X, y, model = fitted(kind)
    scorer = sequence_scorer("r2" if "numbers" in kind else "accuracy")
    assert scorer(model, X, y) == model.score(X, y)
    w = np.linspace(0.1, 2, N)
    assert scorer(model, X, y, w) == model.score(X, y, w)


@pytest.mark.parametrize("make", [pd.Series, tuple, list], ids=["Series", "tuple", "list of lists"])
def test_containers_of_targets(make):
    X, y, model = fitted("labels")
    expected = sequence_scorer("f1_macro")(model, X, y)
    y = [item.tolist() for item in y] if make is list else make(y)
    assert sequence_scorer("f1_macro")(model, X, y) == expected


def test_targets_with_an_axis_of_one_output():
    X, y, model = fitted("binary", ragged=False)
    expected = sequence_scorer("roc_auc")(model, X, np.array(y))
    assert sequence_scorer("roc_auc")(model, X, np.array(y)[:, :, None]) == expected


# --- every scorer, every kind of target, every layout -------------------------------------------------

KINDS = [*TARGETS, "positive numbers"]
KINDS.remove("binary strings")  # some metrics want a pos_label, others none


@lru_cache
def laid_out(kind, layout):
    """X, y, a model of them; the flat y and answers."""
    ragged, make = layout == "ragged", TARGETS.get(kind, lambda x, rng: np.exp(x[:, 0] / 3))
    X, rng = sequences(ragged), np.random.RandomState(3)
    model = model_for("numbers" if "numbers" in kind else kind)
    if layout == "one target":
        model.set_params(return_sequences=False)
        y = flat_y = make(X[:, -1], rng)
    elif layout == "rows":
        X = np.concatenate(X)
        model.set_params(return_sequences=False, rows="steps")
        y = flat_y = make(X, rng)
    else:
        y = [make(x, rng) for x in X]
        y, flat_y = y if ragged else np.array(y), flat(y)
    model.fit(X, y)
    lay = flat if y is not flat_y else np.asarray
    names = [name for name in ("predict", "predict_proba") if hasattr(model, name)]
    return X, y, model, flat_y, {name: lay(getattr(model, name)(X)) for name in names}


def sum_of_log_losses(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1).mean()


def sum_of_squares(y, p):
    return ((y - p) ** 2).sum(axis=1).mean()


OF_SEVERAL_LABELS = {
    "neg_log_loss": lambda y, p: -sum_of_log_losses(y, p),
    "neg_brier_score": lambda y, p: -sum_of_squares(y, p),
    "d2_log_loss_score": lambda y, p: 1 - sum_of_log_losses(y, p) / sum_of_log_losses(y, y.mean(axis=0)),
    "d2_brier_score": lambda y, p: 1 - sum_of_squares(y, p) / sum_of_squares(y, y.mean(axis=0)),
}


def found_by_hand(name, kind, y, answers):
    """What scikit-learn's metric says of flat arrays; its error, where it has one."""
    scorer = get_scorer(name)
    response = scorer._response_method
    wanted = [response] if isinstance(response, str) else list(response)
    p = answers["predict" if wanted == ["predict"] else "predict_proba"]
    if kind in ("two labels", "multilabel") and name in OF_SEVERAL_LABELS:
        return OF_SEVERAL_LABELS[name](y, p)
    if kind == "binary" and wanted != ["predict"]:
        p = p[:, 1]
    return scorer._sign * scorer._score_func(y, p, **scorer._kwargs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", get_scorer_names())
def test_every_scorer_of_scikit_learn(name, kind):
    for layout in ("one target", "rows", "3-D", "ragged"):
        X, y, model, flat_y, answers = laid_out(kind, layout)
        try:
            expected = found_by_hand(name, kind, flat_y, answers)
        except (KeyError, TypeError, ValueError) as error:
            kinds = AttributeError if isinstance(error, KeyError) else type(error)
            with pytest.raises(kinds) as raised:
                sequence_scorer(name)(model, X, y)
            assert "_FlatAnswers" not in str(raised.value)
        else:
            np.testing.assert_allclose(sequence_scorer(name)(model, X, y), expected, rtol=1e-10)


@pytest.mark.parametrize("name", sorted(set(OF_SEVERAL_LABELS) & set(get_scorer_names())))
@pytest.mark.parametrize("kind", ["two labels", "multilabel"])
@pytest.mark.parametrize("layout", ["one target", "ragged"])
def test_weights_of_several_labels(name, kind, layout):
    """A weight of 2 is two copies."""
    X, y, model, flat_y, answers = laid_out(kind, layout)
    n = [1] * N if layout == "one target" else [len(x) for x in X]
    w = 1 + np.arange(N) % 2
    twice = np.repeat(np.arange(len(flat_y)), np.repeat(w, n))
    expected = OF_SEVERAL_LABELS[name](flat_y[twice], answers["predict_proba"][twice])
    assert sequence_scorer(name)(model, X, y, w) == pytest.approx(expected, rel=1e-10)


def test_several_labels_of_which_some_never_change():
    X, y, model = fitted("multilabel")
    never = [item * [1, 0, 1] for item in y]
    assert sequence_scorer("neg_log_loss")(model, X, never) == pytest.approx(
        -sum_of_log_losses(flat(never), flat(model.predict_proba(X)))
    )
    for name in (name for name in get_scorer_names() if name.startswith("roc_auc")):
        with pytest.raises(
            ValueError, match=r"1 of the 3 labels have one value only: 1 \(columns of y\)"
        ):
            sequence_scorer(name)(model, X, never)
    micro = metrics.roc_auc_score(flat(never), flat(model.predict_proba(X)), average="micro")
    assert sequence_scorer("roc_auc", average="micro")(model, X, never) == pytest.approx(micro)
    nothing = [item * 0 for item in y]
    assert sequence_scorer("d2_log_loss_score")(model, X, nothing) == 0


def test_several_labels_of_a_forest():
    """Whose probabilities are a list."""
    X, y = sequences(False)[:, -1], np.array(targets("multilabel", sequences(False)))[:, -1]
    forest = RandomForestClassifier(5, random_state=0).fit(X[:8], y[:8])
    p = np.column_stack([one[:, 1] for one in forest.predict_proba(X)])
    expected = sum_of_squares(y, p)
    assert sequence_scorer("neg_brier_score")(forest, X, y) == pytest.approx(-expected)


def test_a_forest_that_saw_one_value_of_a_label():
    """It has the probability of this value only."""
    X, y = sequences(False)[:, -1], np.array(targets("multilabel", sequences(False)))[:, -1]
    for value in (0, 1):
        seen = y.copy()
        seen[:, 1] = value
        forest = RandomForestClassifier(5, random_state=0).fit(X, seen)
        p = forest.predict_proba(X)
        p = np.column_stack([p[0][:, 1], np.full(N, value), p[2][:, 1]])
        score = sequence_scorer("neg_brier_score")(forest, X, y)
        assert score == pytest.approx(-sum_of_squares(y, p))
        micro = sequence_scorer("roc_auc", average="micro")(forest, X, y)
        assert micro == pytest.approx(metrics.roc_auc_score(y, p, average="micro"))
        assert np.isfinite(sequence_scorer("neg_log_loss")(forest, X, y))


def test_a_label_that_changes_without_weight_only():
    X, y, model = fitted("multilabel")
    y = [item * [1, 0, 1] for item in y]
    y[2] = y[2] + [0, 1, 0]
    assert np.isfinite(sequence_scorer("roc_auc")(model, X, y))
    with pytest.raises(ValueError, match="1 of the 3 labels have one value only: 1 "):
        sequence_scorer("roc_auc")(model, X, y, sample_weight=np.arange(N) != 2)


@pytest.mark.parametrize("name", [*OF_SEVERAL_LABELS, "roc_auc"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_several_outputs_that_are_no_labels(name, n_classes):
    if name not in get_scorer_names():
        pytest.skip("a name of later versions")
    X, y = sequences(False)[:, -1], 1 + np.column_stack([np.arange(N) % n_classes, np.arange(N) % 2])
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=f"y holds 1, 2.*y == {n_classes}. Of more") as error:
        sequence_scorer(name)(forest, X, y)
    assert len(str(error.value)) <= 600


@pytest.mark.parametrize("name", ["r2", "explained_variance", "d2_absolute_error_score"])
@pytest.mark.parametrize("unit", [2.0**660, 2.0**-660])
def test_units_of_y_do_not_matter(name, unit):
    """Also where squares overflow or vanish."""
    X, y, model = fitted("numbers")
    scaled = Scaled(model, unit)
    w = np.arange(N) / 2.0**600
    expected = sequence_scorer(name)(model, X, y, sample_weight=np.arange(N))
    score = sequence_scorer(name)(scaled, X, [item * unit for item in y], sample_weight=w)
    assert score == pytest.approx(expected)
    if name == "r2":
        large = clone(model).fit(X, [item * unit for item in y])
        ours = sequence_scorer(name)(large, X, [item * unit for item in y])
        assert ours == pytest.approx(large.score(X, [item * unit for item in y]))


class Scaled(BaseEstimator, RegressorMixin):
    """Answers in another unit."""

    def __init__(self, inner, unit):
        self.inner, self.unit = inner, unit

    def fit(self, X, y):
        return self

    def predict(self, X):
        return object_array([item * self.unit for item in self.inner.predict(X)])


def test_options_that_several_labels_do_not_have():
    X, y, model = fitted("multilabel")
    with pytest.raises(ValueError, match=r"With several labels .* log_loss has no option 'labels'"):
        sequence_scorer("neg_log_loss", labels=[0, 1, 2])(model, X, y)


# --- what scikit-learn's own scorers do: the reason for these -----------------------------------------


def test_accuracy_counts_whole_sequences():
    X, y, model = fitted("binary", ragged=False)
    y, predicted = np.array(y), model.predict(X)
    assert get_scorer("accuracy")(model, X, y) == (y == predicted).all(axis=1).mean()
    assert sequence_scorer("accuracy")(model, X, y) == (y == predicted).mean()
    assert (y == predicted).all(axis=1).mean() < (y == predicted).mean()


@pytest.mark.parametrize(
    ("kind", "scoring", "ragged"),
    [
        ("labels", "accuracy", True),
        ("labels", "f1_macro", False),
        ("labels", "neg_log_loss", True),
        ("two numbers", "r2", False),
        ("numbers", "r2", True),
    ],
)
def test_others_fail(kind, scoring, ragged):
    X, y, model = fitted(kind, ragged)
    with pytest.raises((ValueError, TypeError)):
        get_scorer(scoring)(model, X, y if ragged else np.array(y))
    assert np.isfinite(sequence_scorer(scoring)(model, X, y if ragged else np.array(y)))


# --- inside scikit-learn's tools ----------------------------------------------------------------------


def halved(X):
    return X / 2 if isinstance(X, np.ndarray) and X.dtype != object else [x / 2 for x in X]


def by_hand(kind, X, y, metric, method="predict", **params):
    """The score of each fold."""
    scores = []
    for training, test in CV.split(X):
        model = model_for(kind, **params).fit([X[i] for i in training], [y[i] for i in training])
        answers = getattr(model, method)([X[i] for i in test])
        scores.append(metric(flat([y[i] for i in test]), flat(answers)))
    return scores


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validate_with_several_scorers(n_jobs):
    X, y, model = fitted("binary")
    scoring = {
        "auc": sequence_scorer("roc_auc"),
        "f1": sequence_scorer(make_scorer(metrics.f1_score, average="macro")),
        "own": sequence_scorer("accuracy"),
    }
    result = cross_validate(
        clone(model), X, y, cv=CV, scoring=scoring, n_jobs=n_jobs, error_score="raise"
    )
    auc = by_hand("binary", X, y, lambda y, p: metrics.roc_auc_score(y, p[:, 1]), "predict_proba")
    np.testing.assert_array_equal(result["test_auc"], auc)
    f1 = by_hand("binary", X, y, lambda y, p: metrics.f1_score(y, p, average="macro"))
    np.testing.assert_array_equal(result["test_f1"], f1)
    own = cross_validate(clone(model), X, y, cv=CV)
    np.testing.assert_array_equal(result["test_own"], own["test_score"])


@pytest.mark.parametrize("ragged", [False, True], ids=["3-D", "list"])
def test_grid_search_with_one_scorer(ragged):
    X = sequences(ragged)
    y = targets("labels", X)
    rates = [1e-6, 0.1]
    search = GridSearchCV(
        model_for("labels"), {"learning_rate_init": rates}, cv=CV, error_score="raise",
        scoring=sequence_scorer("neg_log_loss"),
    ).fit(X, y if ragged else np.array(y))  # fmt: skip
    expected = [
        np.mean(
            by_hand("labels", X, y, lambda y, p: -metrics.log_loss(y, p), "predict_proba",
                    learning_rate_init=rate)
        )
        for rate in rates
    ]  # fmt: skip
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, rtol=1e-12)
    assert expected[0] < expected[1]
    assert search.best_params_ == {"learning_rate_init": 0.1}
    p = flat(search.predict_proba(X))
    assert search.score(X, y) == pytest.approx(-metrics.log_loss(flat(y), p))


@pytest.mark.parametrize("refit", ["r2", "error"])
def test_grid_search_of_a_pipeline_with_several_scorers(refit):
    """Refitted by one of them; pipelines and searches are looked through."""
    X = sequences()
    y = targets("numbers", X)
    rates = [1e-6, 0.1]
    signed = {"r2": metrics.r2_score, "error": lambda y, p: -metrics.mean_absolute_error(y, p)}
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(halved), model_for("numbers")),
        {"gruregressor__learning_rate_init": rates}, cv=CV, refit=refit, error_score="raise",
        scoring={"r2": sequence_scorer("r2"), "error": sequence_scorer("neg_mean_absolute_error")},
    ).fit(X, y)  # fmt: skip
    for name, metric in signed.items():
        expected = [
            np.mean(by_hand("numbers", halved(X), y, metric, learning_rate_init=rate)) for rate in rates
        ]
        np.testing.assert_allclose(search.cv_results_[f"mean_test_{name}"], expected, rtol=1e-12)
    score = signed[refit](flat(y), flat(search.predict(X)))
    assert search.score(X, y) == pytest.approx(score, rel=1e-12)
    assert search.scorer_[refit](search, X, y) == search.score(X, y)


@pytest.mark.parametrize("outer", ["pipeline", "search", "search of a pipeline"])
def test_pipelines_and_searches_are_looked_through(outer):
    """y (n, T) does not say what it is, and the parameter stands deep inside."""
    X = sequences(False)
    y = np.array(targets("binary", X))
    model, name = model_for("binary").set_params(return_sequences=False), "return_sequences"
    if "pipeline" in outer:
        model, name = make_pipeline(FunctionTransformer(halved), model), f"lstmclassifier__{name}"
    if "search" in outer:
        model = GridSearchCV(model, {name: [True]}, cv=CV, error_score="raise")
    else:
        model.set_params(**{name: True})
    model.fit(X, y)
    expected = metrics.accuracy_score(y.ravel(), model.predict(X).ravel())
    assert sequence_scorer("accuracy")(model, X, y) == expected
    assert expected > metrics.accuracy_score(y, model.predict(X))


def test_curves_and_permutations():
    X, y, model = fitted("labels")
    tools = {"cv": CV, "scoring": sequence_scorer("f1_macro")}
    expected = by_hand("labels", X, y, lambda y, p: metrics.f1_score(y, p, average="macro"))
    _, _, scores = learning_curve(clone(model), X, y, train_sizes=[1.0], error_score="raise", **tools)
    np.testing.assert_array_equal(scores[0], expected)
    _, scores = validation_curve(
        clone(model), X, y, param_name="max_iter", param_range=[3], error_score="raise", **tools
    )
    np.testing.assert_array_equal(scores[0], expected)
    score, permuted, _ = permutation_test_score(
        clone(model), sequences(False), np.array(targets("labels", sequences(False))), n_permutations=2,
        random_state=0, **tools,
    )  # fmt: skip
    assert np.isfinite([score, *permuted]).all()


def test_transformed_targets():
    X = sequences(False)
    y = np.exp(targets("numbers", X))
    outer = TransformedTargetRegressor(model_for("numbers"), func=np.log, inverse_func=np.exp).fit(X, y)
    expected = metrics.r2_score(y.ravel(), outer.predict(X).ravel())
    assert sequence_scorer("r2")(outer, X, y) == pytest.approx(expected)
    assert cross_val_score(outer, X, y, cv=CV, scoring=sequence_scorer("r2"), error_score="raise").all()


# --- weights through the tools ------------------------------------------------------------------------


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def weighted_by_hand(X, y, w, scored_by):
    """Accuracy of each fold; ``w`` goes into every fit, ``scored_by`` into every score."""
    scores = []
    for training, test in CV.split(X):
        model = model_for("labels").fit(*([part[i] for i in training] for part in (X, y, w)))
        p = flat(model.predict([X[i] for i in test]))
        w_test = None if scored_by is None else flat([scored_by[i] for i in test])
        scores.append(metrics.accuracy_score(flat([y[i] for i in test]), p, sample_weight=w_test))
    return scores


@pytest.mark.parametrize("several", [False, True], ids=["one scorer", "several"])
@pytest.mark.parametrize("requested", [False, True])
@pytest.mark.parametrize("wrap_first", [False, True], ids=["wrapped's request", "own request"])
def test_requested_weights_reach_the_metric(several, requested, wrap_first, routing):
    X, y, _ = fitted("labels")
    w = step_weights(X)
    expected = weighted_by_hand(X, y, w, w if requested else None)
    model = model_for("labels").set_fit_request(sample_weight=True)
    if wrap_first:
        scorer = sequence_scorer("accuracy").set_score_request(sample_weight=requested)
    else:
        wrapped = get_scorer("accuracy").set_score_request(sample_weight=requested)
        scorer = sequence_scorer(wrapped)
    if several:
        other = sequence_scorer("f1_macro").set_score_request(sample_weight=False)
        scorer = {"accuracy": scorer, "other": other}
    result = cross_validate(
        model, X, y, cv=CV, scoring=scorer, params={"sample_weight": w}, error_score="raise"
    )
    np.testing.assert_allclose(result["test_accuracy" if several else "test_score"], expected, rtol=1e-12)
    search = GridSearchCV(
        model, {"alpha": [1e-4]}, cv=CV, scoring=scorer, refit="accuracy", error_score="raise"
    ).fit(X, y, sample_weight=w)  # fmt: skip
    name = "accuracy" if several else "score"
    np.testing.assert_allclose(search.cv_results_[f"split1_test_{name}"], expected[1:], rtol=1e-12)


@needs_sklearn("1.9", "no scorer takes part in routing without a request")
def test_weights_without_a_request(routing):
    """scikit-learn stops, rather than lose the weights."""
    X, y, _ = fitted("labels")
    model = model_for("labels").set_fit_request(sample_weight=True)
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="set_score_request"):
        cross_validate(
            model, X, y, cv=CV, scoring=sequence_scorer("accuracy"), error_score="raise",
            params={"sample_weight": step_weights(X)},
        )  # fmt: skip


def test_a_request_does_not_change_the_scorer_that_was_wrapped(routing):
    wrapped = get_scorer("accuracy")
    sequence_scorer(wrapped).set_score_request(sample_weight=True)
    assert wrapped.get_metadata_routing().score.requests.get("sample_weight") is None


@pytest.mark.parametrize("several", [False, True], ids=["one scorer", "several"])
@pytest.mark.parametrize("function", [False, True], ids=["metric", "function"])
@needs_sklearn("1.7", "without metadata routing a search gives no weights to scorers")
def test_weights_of_a_search_without_routing(several, function):
    X, y, _ = fitted("labels")
    w = step_weights(X)

    def accuracy(estimator, X, y, sample_weight=None):
        return metrics.accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)

    scorer = sequence_scorer(accuracy if function else "accuracy")
    scoring = {"accuracy": scorer, "f1": sequence_scorer("f1_macro")} if several else scorer
    search = GridSearchCV(
        model_for("labels"), {"alpha": [1e-4]}, cv=CV, scoring=scoring, refit="accuracy",
        error_score="raise",
    ).fit(X, y, sample_weight=w)  # fmt: skip
    name = "accuracy" if several else "score"
    scores = [search.cv_results_[f"split{k}_test_{name}"][0] for k in range(2)]
    np.testing.assert_allclose(scores, weighted_by_hand(X, y, w, w), rtol=1e-12)


def test_a_metric_without_weights_in_a_search():
    """scikit-learn asks, and leaves them out."""
    X, y, _ = fitted("numbers")
    search = GridSearchCV(
        model_for("numbers"), {"alpha": [1e-4]}, cv=CV, scoring=sequence_scorer("neg_max_error"),
        error_score="raise",
    )  # fmt: skip
    if is_sklearn("1.7"):
        with pytest.warns(UserWarning, match="does not support sample_weight"):
            search.fit(X, y, sample_weight=np.ones(N))
    else:
        search.fit(X, y, sample_weight=np.ones(N))
    error = metrics.max_error(flat(y), flat(search.predict(X)))
    assert search.score(X, y) == pytest.approx(-error)


# --- one target per sequence, and other estimators --------------------------------------------------


@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss", "f1_macro"])
def test_one_target_per_sequence_passes_through(name):
    X, y = sequences(), np.arange(N) % 3
    model = skrnn.LSTMClassifier(**{**SMALL, "return_sequences": False}).fit(X, y)
    w = np.linspace(0.1, 2, N)
    assert sequence_scorer(name)(model, X, y) == get_scorer(name)(model, X, y)
    assert sequence_scorer(name)(model, X, y, w) == get_scorer(name)(model, X, y, sample_weight=w)


def test_outputs_are_no_steps():
    """An array (n, k) of as many outputs as there are time steps: the parameter decides, as fitted."""
    X = sequences(False)
    y = X[:, :, 0]
    one = skrnn.GRURegressor(**{**SMALL, "return_sequences": False})
    with pytest.warns(UserWarning, match="return_sequences"):
        one.fit(X, y)
    steps = clone(one).set_params(return_sequences=True).fit(X, y)
    outputs_score = metrics.r2_score(y, one.predict(X))
    steps_score = metrics.r2_score(y.ravel(), steps.predict(X).ravel())
    for model in (one, steps):  # set_params changes the next fit
        model.set_params(return_sequences=not model.return_sequences)
    assert sequence_scorer("r2")(one, X, y) == outputs_score
    assert sequence_scorer("r2")(steps, X, y) == steps_score
    assert metrics.r2_score(y.ravel(), one.predict(X).ravel()) != outputs_score


@pytest.mark.parametrize("kind", ["numbers", "two numbers", "labels"])
def test_rows_that_are_steps_are_flat_already(kind):
    X = np.random.RandomState(0).normal(size=(30, F))
    y = TARGETS[kind](X, np.random.RandomState(1))
    model = model_for(kind, rows="steps").set_params(return_sequences=False)
    metric = metrics.accuracy_score if kind == "labels" else metrics.r2_score
    scorer = sequence_scorer("accuracy" if kind == "labels" else "r2")
    w = np.linspace(0.1, 2, 30)
    for estimator in (model, make_pipeline(FunctionTransformer(halved), model)):
        estimator.fit(X, y)
        assert scorer(estimator, X, y) == metric(y, estimator.predict(X))
        assert scorer(estimator, X, y, w) == metric(y, estimator.predict(X), sample_weight=w)
    split = TimeSeriesSplit(2)
    scores = cross_val_score(model, X, y, cv=split, scoring=scorer, error_score="raise")
    np.testing.assert_array_equal(scores, cross_val_score(model, X, y, cv=split))


def test_tokens():
    X = [np.arange(2 + i % 5) % 3 for i in range(N)]
    y = targets("labels", [np.c_[x] for x in X])
    model = model_for("labels", embedding_size=2).fit(X, y)
    p = flat(model.predict_proba(X))
    assert sequence_scorer("neg_log_loss")(model, X, y) == pytest.approx(-metrics.log_loss(flat(y), p))


class Sign(ClassifierMixin, BaseEstimator):
    """Another library's classifier of steps, without a parameter that says so."""

    def __init__(self, answer=list):
        self.answer = answer

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def decision_function(self, X):
        return self.answer([x[:, 0] for x in X])

    def predict(self, X):
        return self.answer([(x[:, 0] > 0).astype(int) for x in X])


ANSWERS = {"list": list, "object array": object_array, "array": np.array}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("y_is", ["list", "object array", "array"])
def test_other_estimators(answer, y_is):
    """A list on either side means time steps."""
    ragged = y_is != "array" and answer != "array"
    X = sequences(ragged)
    y = targets("binary", X)
    model = Sign(ANSWERS[answer]).fit(X, y)
    y_given = ANSWERS[y_is](y)
    expected = metrics.accuracy_score(flat(y), flat(model.predict(X)))
    whole = np.mean([(a == b).all() for a, b in zip(y, model.predict(X), strict=True)])
    assert whole < expected
    guessed = y_is == answer == "array"  # k outputs, as scikit-learn has it
    assert sequence_scorer("accuracy")(model, X, y_given) == (whole if guessed else expected)
    if not guessed:
        auc = metrics.roc_auc_score(flat(y), flat(X)[:, 0])  # of the decision function
        assert sequence_scorer("roc_auc")(model, X, y_given) == pytest.approx(auc)


def test_a_single_class_is_scored_as_on_flat_data():
    X = sequences()
    y = [np.zeros(len(x), dtype=int) for x in X]
    model = skrnn.GRUClassifier(**SMALL).fit(X, y)
    assert sequence_scorer("accuracy")(model, X, y) == 1
    with pytest.raises(ValueError, match="need classifier with two classes"):
        sequence_scorer("average_precision", pos_label=0)(model, X, y)


# --- errors -------------------------------------------------------------------------------------------


def test_repr():
    assert repr(sequence_scorer("f1", pos_label="yes")) == "sequence_scorer('f1', pos_label='yes')"
    scorer = make_scorer(metrics.fbeta_score, beta=2)
    assert repr(sequence_scorer(scorer)) == f"sequence_scorer({scorer!r})"


@pytest.mark.parametrize(
    ("scoring", "options", "error", "message"),
    [
        ("accurracy", {}, ValueError, "get_scorer_names"),
        (None, {}, TypeError, "scoring must be the name"),
        (["f1", "accuracy"], {}, TypeError, "pass a dict of scorers"),
        (metrics.f1_score, {}, ValueError, r"sequence_scorer\(make_scorer\(f1_score\)\)"),
        (worst, {}, ValueError, r"make_scorer\(worst\)"),
        ("f1", {"poslabel": 1}, ValueError, r"has no option 'poslabel'; it has .*'pos_label'"),
        (asks_the_estimator, {"labels": 1}, ValueError, "takes no options"),
    ],
    ids=["unknown", "None", "list", "metric", "own metric", "option", "options of a function"],
)  # fmt: skip
def test_wrong_scoring(scoring, options, error, message):
    with pytest.raises(error, match=message):
        sequence_scorer(scoring, **options)


def longer(y, i):
    return [np.append(item, item[-1:]) if k == i else item for k, item in enumerate(y)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: longer(y, 4), "Sequence 4 has 7 time steps in y, but predict answered for 6"),
        (lambda y: y[:-1], "y has 11 sequences, but predict answered for 12"),
        (lambda y: [], "y is empty"),
        (lambda y: np.arange(N), r"y has shape \(12,\), but the estimator answers per time step"),
        (
            lambda y: [np.c_[item, item] if k == 3 else item for k, item in enumerate(y)],
            r"y of sequence 3 has shape \(5, 2\), of sequence 0 \(2,\)",
        ),
    ],
    ids=["steps", "sequences", "empty", "flat", "outputs"],
)
def test_targets_that_do_not_go_with_the_answers(change, message):
    X, y, model = fitted("labels")
    with pytest.raises(ValueError, match=message):
        sequence_scorer("accuracy")(model, X, change(y))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: longer(w, 4), "sequence 4 has 6 steps in y, but sample_weight"),
        (lambda w: np.ones(N - 1), "sample_weight.shape == "),
        (lambda w: [-item for item in w], "sample_weight has a negative value"),
    ],
    ids=["steps", "sequences", "negative"],
)
def test_wrong_weights(change, message):
    X, y, model = fitted("labels")
    with pytest.raises(ValueError, match=message):
        sequence_scorer("accuracy")(model, X, y, change(step_weights(X)))


def test_metrics_keep_their_own_errors():
    X, y, model = fitted("numbers")
    y = [np.where(item == y[3][0], np.nan, item) for item in y]
    with pytest.raises(ValueError, match="Input contains NaN"):
        sequence_scorer("r2")(model, X, y)
    with pytest.raises(AttributeError, match="predict_proba"):
        sequence_scorer("neg_log_loss")(model, X, y)
