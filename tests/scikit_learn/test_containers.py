"""One table: container x target kind x estimator kind, each through fit, predict, score and the tools.

Every container holds the same sequences, those of equal lengths (N, T, F) or those of lengths T_i; so do
its targets. What a model does with a container is compared bit for bit with what it does with another
one (``same_as``), and its answers for all sequences with those for each sequence alone.

A new container is a line of ``CONTAINERS``, a new kind of targets a line of ``TARGETS``.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from support.arrays import memmap, object_array
from support.data import flat

import skrnn
from skrnn import _kernels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T, F = 12, 4, 2
SMALL = {"hidden_size": 3, "max_iter": 2, "learning_rate_init": 0.1, "random_state": 0}
CELLS = ["RNN", "LSTM", "GRU"]
EQUAL = (T,) * N
UNEQUAL = tuple(2 + i % 4 for i in range(N))
N_TOKENS = 5


# --- containers: from a list of (T_i, F), or of (T_i,) tokens ---------------------------------------


def table(sequences):
    return flat(np.stack(sequences))


def frame(sequences):
    return pd.DataFrame(table(sequences)).add_prefix("column")


def flat_rows(sequences):
    return [x.ravel() for x in sequences]


def rows_with_ids(sequences):
    """The number of the sequence in the first column."""
    ids = np.repeat(np.arange(len(sequences)), [len(x) for x in sequences])
    return np.column_stack([ids, np.concatenate(sequences)])


def frame_with_ids(sequences):
    """Names in the last column."""
    X = rows_with_ids(sequences)
    return pd.DataFrame(X[:, 1:]).add_prefix("column").assign(id=[f"series {i:.0f}" for i in X[:, 0]])


def by_time(lengths):
    """The order of interleaved rows: the first steps of all sequences, then the second ones."""
    return np.argsort(np.concatenate([np.arange(n) for n in lengths]), kind="stable")


def numbers(lengths):
    return np.arange(len(lengths))


class Form(NamedTuple):
    """How targets and answers per time step stand beside a container."""

    join: Callable  # list of (T_i[, K]) -> y
    split: Callable  # (answer, lengths) -> list of (T_i[, K])
    sequence: Callable = numbers  # lengths -> of each sample the number of its sequence


def as_list(answer, lengths):
    return list(answer)


def in_rows(answer, lengths):
    return np.split(answer, np.cumsum(lengths)[:-1])


FORMS = {
    "array": Form(np.stack, as_list),
    "list": Form(list, as_list),
    "object array": Form(object_array, as_list),
    "rows": Form(np.concatenate, in_rows, lambda lengths: np.repeat(numbers(lengths), lengths)),
    "interleaved rows": Form(
        lambda items: np.concatenate(items)[by_time([len(item) for item in items])],
        lambda answer, lengths: in_rows(answer[np.argsort(by_time(lengths))], lengths),
        lambda lengths: np.repeat(numbers(lengths), lengths)[by_time(lengths)],
    ),
}


def halved(X):
    return X / 2 if isinstance(X, np.ndarray) and X.dtype != object else [x / 2 for x in X]


def other_tokens(X):
    is_array = isinstance(X, np.ndarray) and X.dtype != object
    return N_TOKENS - 1 - X if is_array else [N_TOKENS - 1 - x for x in X]


def halve():
    return FunctionTransformer(halved)


def change_tokens():
    return FunctionTransformer(other_tokens)


def scale_rows():
    return ColumnTransformer([("id", "passthrough", [0]), ("scale", StandardScaler(), [1, 2])])


def scale_frame():
    return ColumnTransformer(
        [("scale", StandardScaler(), ["column0", "column1"])],
        remainder="passthrough", verbose_feature_names_out=False,
    ).set_output(transform="pandas")  # fmt: skip


class Container(NamedTuple):
    make: Callable  # list of sequences -> X
    form: str = "array"
    lengths: tuple = EQUAL
    params: dict = {}  # noqa: RUF012
    same_as: str | None = None  # the container that means the same
    transformer: Callable = halve
    tokens: bool = False

    def takes(self, target):
        """Rows that are steps have a target each."""
        return target.per_step or "rows" not in self.form


STEPS = {"step_features": F}
ROWS = {"rows": "steps", "sequence_id": 0}
TOKENS = {"embedding_size": 2, "n_tokens": N_TOKENS}
CONTAINERS = {
    "3-D": Container(np.stack),
    "memmap": Container(lambda items: memmap(np.stack(items)), same_as="3-D"),
    "list of equal lengths": Container(list, "list", same_as="3-D"),
    "2-D": Container(table, params=STEPS, same_as="3-D", transformer=StandardScaler),
    "DataFrame": Container(frame, params=STEPS, same_as="2-D", transformer=StandardScaler),
    "list": Container(list, "list", UNEQUAL),
    "object array": Container(object_array, "object array", UNEQUAL, same_as="list"),
    "unequal rows": Container(flat_rows, "list", UNEQUAL, STEPS, same_as="list"),
    "steps": Container(rows_with_ids, "rows", UNEQUAL, ROWS, "list", scale_rows),
    "memmap of steps": Container(
        lambda items: memmap(rows_with_ids(items)), "rows", UNEQUAL, ROWS, "steps", scale_rows
    ),
    "interleaved steps": Container(
        lambda items: rows_with_ids(items)[by_time([len(x) for x in items])],
        "interleaved rows", UNEQUAL, ROWS, "steps", scale_rows,
    ),
    "DataFrame of steps": Container(
        frame_with_ids, "rows", UNEQUAL, {"rows": "steps", "sequence_id": "id"}, "steps", scale_frame
    ),
    "tokens": Container(list, "list", UNEQUAL, TOKENS, None, change_tokens, tokens=True),
    "object array of tokens": Container(
        object_array, "object array", UNEQUAL, TOKENS, "tokens", change_tokens, tokens=True
    ),
    "2-D tokens": Container(np.stack, "array", EQUAL, TOKENS, None, change_tokens, tokens=True),
    "tokens of equal lengths": Container(
        list, "list", EQUAL, TOKENS, "2-D tokens", change_tokens, tokens=True
    ),
    "memmap of tokens": Container(
        lambda items: memmap(np.stack(items)), "array", EQUAL, TOKENS, "2-D tokens", change_tokens,
        tokens=True,
    ),
}  # fmt: skip


class Targets(NamedTuple):
    make: Callable  # (number of the sequence, T_i, rng) -> its target, or targets of its steps
    kind: str  # of the estimator
    per_step: bool = False


LABELS = np.array(["no", "some", "yes"])
TARGETS = {
    "number": Targets(lambda i, T, rng: rng.normal(), "Regressor"),
    "numbers": Targets(lambda i, T, rng: rng.normal(size=3), "Regressor"),
    "label": Targets(lambda i, T, rng: LABELS[i % 3], "Classifier"),
    "binary": Targets(lambda i, T, rng: i % 2, "Classifier"),
    "multilabel": Targets(lambda i, T, rng: rng.randint(2, size=3), "Classifier"),
    "numbers of steps": Targets(lambda i, T, rng: rng.normal(size=T), "Regressor", True),
    "several numbers of steps": Targets(lambda i, T, rng: rng.normal(size=(T, 3)), "Regressor", True),
    "labels of steps": Targets(lambda i, T, rng: LABELS[rng.randint(3, size=T)], "Classifier", True),
    "binary labels of steps": Targets(
        lambda i, T, rng: LABELS[rng.randint(2, size=T)], "Classifier", True
    ),
    "multilabels of steps": Targets(
        lambda i, T, rng: rng.randint(2, size=(T, 3)), "Classifier", True
    ),
}  # fmt: skip


@cache
def sequences(lengths, tokens=False):
    rng = np.random.RandomState(0)
    if tokens:
        return [rng.randint(N_TOKENS, size=n_timesteps) for n_timesteps in lengths]
    return [rng.normal(size=(n_timesteps, F)) for n_timesteps in lengths]


# --- a cell of the table -------------------------------------------------------------------------------


class Cell:
    """Data in a container, and a model of them."""

    def __init__(self, container, target, recurrent):
        self.name = container
        self.container, self.target = CONTAINERS[container], TARGETS[target]
        self.key = container, target, recurrent
        self.form = FORMS[self.container.form]
        self.cls = getattr(skrnn, recurrent + self.target.kind)
        rng = np.random.RandomState(1)
        self.targets = [self.target.make(i, n, rng) for i, n in enumerate(self.container.lengths)]

    def X(self, which=range(N)):
        """The sequences ``which`` in the container."""
        items = sequences(self.container.lengths, self.container.tokens)
        return self.container.make([items[i] for i in which])

    def y(self, which=range(N)):
        targets = [self.targets[i] for i in which]
        return self.form.join(targets) if self.target.per_step else np.array(targets)

    def model(self, **params):
        return self.cls(
            **{**SMALL, **self.container.params, "return_sequences": self.target.per_step, **params}
        )

    def fitted(self):
        return _fitted(self.key, _kernels.build and _kernels.build.name)

    def lengths(self, which=range(N)):
        return [self.container.lengths[i] for i in which]

    def split(self, answer, which=range(N)):
        """One array for every sequence."""
        return self.form.split(answer, self.lengths(which)) if self.target.per_step else list(answer)

    def answers(self, model, X=None, which=range(N)):
        """Predictions, and probabilities of a classifier, as they come."""
        X = self.X(which) if X is None else X
        methods = ["predict", "predict_proba"] if self.target.kind == "Classifier" else ["predict"]
        return [getattr(model, method)(X) for method in methods]

    def score(self, model, which=range(N)):
        """By hand."""
        y, p = [self.targets[i] for i in which], self.split(model.predict(self.X(which)), which)
        if self.target.per_step:
            y, p = np.concatenate(y), np.concatenate(p)
        return (accuracy_score if self.target.kind == "Classifier" else r2_score)(y, p)

    def folds(self):
        """Numbers of sequences, and what scikit-learn counts: these, or rows."""
        sequence = self.form.sequence(self.lengths()) if self.target.per_step else np.arange(N)
        for parts in KFold(2).split(np.arange(N)):
            yield parts, [np.flatnonzero(np.isin(sequence, part)) for part in parts]


@cache
def _fitted(key, build):
    cell = Cell(*key)
    return cell.model().fit(cell.X(), cell.y())


def assert_same_answers(a, b):
    for one, other in zip(a, b, strict=True):
        assert type(one) is type(other)
        assert one.dtype == other.dtype
        for x, y in zip(one, other, strict=True):
            np.testing.assert_array_equal(x, y)


NAMES = [
    (container, target, recurrent)
    for container in CONTAINERS
    for target in TARGETS
    for recurrent in CELLS
    if CONTAINERS[container].takes(TARGETS[target])
]


def of_the_table(names):
    return pytest.mark.parametrize("cell", names, ids=", ".join, indirect=True)


def one_in_three(k):
    """Every container and every kind of targets with every estimator, not every three together."""
    containers, targets = list(CONTAINERS), list(TARGETS)
    return [
        name
        for name in NAMES
        if (containers.index(name[0]) + targets.index(name[1]) + CELLS.index(name[2])) % 3 == k
    ]


def one_in_nine(k):
    """For what takes time: every container with a third of the targets, and an estimator for each."""
    rows = []
    for i, container in enumerate(CONTAINERS):
        allowed = [name for name, target in TARGETS.items() if CONTAINERS[container].takes(target)]
        for j, target in enumerate(allowed):
            if (i + j + k) % 3 == 0:
                rows.append((container, target, CELLS[(i + j // 3) % 3]))
    return rows


@pytest.mark.parametrize("k", range(3))
def test_one_in_nine_leaves_nothing_out(k):
    containers, targets, cells = map(set, zip(*one_in_nine(k), strict=True))
    assert (containers, targets, cells) == (set(CONTAINERS), set(TARGETS), set(CELLS))


@pytest.fixture
def cell(request):
    return Cell(*request.param)


# --- fit, predict, score -------------------------------------------------------------------------------


@of_the_table(one_in_three(0))
def test_answers_stand_as_the_targets(cell):
    for answer in cell.answers(cell.fitted()):
        shapes = [np.shape(one)[: cell.target.per_step] for one in cell.split(answer)]
        assert shapes == [np.shape(one)[: cell.target.per_step] for one in cell.targets]
        assert isinstance(answer, np.ndarray)
        is_list = cell.target.per_step and cell.container.form in ("list", "object array")
        assert answer.ndim == 1 if is_list else answer.dtype != object
    predicted = cell.split(cell.fitted().predict(cell.X()))
    assert [np.shape(one) for one in predicted] == [np.shape(one) for one in cell.targets]
    assert predicted[0].dtype.kind == np.asarray(cell.targets[0]).dtype.kind


@of_the_table(one_in_three(1))
def test_score(cell):
    score = cell.fitted().score(cell.X(), cell.y())
    assert score == pytest.approx(cell.score(cell.fitted()), rel=1e-12)
    assert score != 1


@of_the_table(one_in_nine(2))
def test_one_by_one(cell, engine):
    """The sequences in a batch, and each alone: with the kernels the same bits."""
    model = cell.fitted()
    together = [cell.split(answer) for answer in cell.answers(model)]
    alone = [
        [cell.split(answer, [i])[0] for answer in cell.answers(model, which=[i])] for i in range(N)
    ]  # fmt: skip
    for answers, ones in zip(together, zip(*alone, strict=True), strict=True):
        for i, (a, b) in enumerate(zip(answers, ones, strict=True)):
            if engine == "numpy" and a.dtype.kind == "f":
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14, err_msg=f"sequence {i}")
            else:
                np.testing.assert_array_equal(a, b, err_msg=f"sequence {i}")


@of_the_table([name for name in one_in_three(1) if CONTAINERS[name[0]].same_as])
def test_the_same_in_another_container(cell, engine, assert_same_weights):
    """Training and answers, bit for bit."""
    other = Cell(cell.container.same_as, *cell.key[1:])
    assert_same_weights(cell.fitted(), other.fitted())
    assert cell.fitted().loss_curve_ == other.fitted().loss_curve_
    pairs = zip(cell.answers(cell.fitted()), other.answers(other.fitted()), strict=True)
    for a, b in pairs:
        for x, y in zip(cell.split(a), other.split(b), strict=True):
            np.testing.assert_array_equal(x, y)


# --- the tools ---------------------------------------------------------------------------------------


@of_the_table(one_in_nine(2))
def test_joblib(cell, tmp_path):
    joblib.dump(cell.fitted(), tmp_path / "model")
    loaded = joblib.load(tmp_path / "model")
    assert_same_answers(cell.answers(loaded), cell.answers(cell.fitted()))


@of_the_table(one_in_nine(0))
def test_pipeline(cell):
    """Equal to its steps by hand."""
    pipeline = make_pipeline(cell.container.transformer(), cell.model()).fit(cell.X(), cell.y())
    transformer = cell.container.transformer()
    X = transformer.fit_transform(cell.X())
    model = cell.model().fit(X, cell.y())
    assert_same_answers(cell.answers(pipeline), cell.answers(model, X))
    assert pipeline.score(cell.X(), cell.y()) == model.score(X, cell.y())
    with pytest.raises(AssertionError):  # the transformer does something
        assert_same_answers(cell.answers(pipeline)[-1:], cell.answers(cell.fitted())[-1:])


@of_the_table(one_in_nine(1))
def test_grid_search(cell):
    """Scores of the folds, and the best model, equal to those by hand."""
    rates = [1e-6, 0.1]
    search = GridSearchCV(
        cell.model(), {"learning_rate_init": rates}, error_score="raise",
        cv=[samples for _, samples in cell.folds()],
    ).fit(cell.X(), cell.y())  # fmt: skip
    for fold, ((training, test), _) in enumerate(cell.folds()):
        expected = []
        for rate in rates:
            model = cell.model(learning_rate_init=rate).fit(cell.X(training), cell.y(training))
            expected.append(cell.score(model, test))
        scores = search.cv_results_[f"split{fold}_test_score"]
        np.testing.assert_allclose(scores, expected, rtol=1e-12)
    best = clone(cell.model(**search.best_params_)).fit(cell.X(), cell.y())
    assert_same_answers(cell.answers(search.best_estimator_), cell.answers(best))
    assert_same_answers(cell.answers(search), cell.answers(best))


# --- containers one after the other --------------------------------------------------------------------

AFTER_SEQUENCES = ["3-D", "memmap", "list of equal lengths", "list", "object array"]


@of_the_table([name for name in one_in_nine(0) if name[0] in AFTER_SEQUENCES])
def test_sequences_fitted_in_one_container_are_predicted_in_any(cell):
    for name in AFTER_SEQUENCES:
        other = Cell(name, *cell.key[1:])
        alone = [cell.answers(cell.fitted(), other.X([i])) for i in range(N)]
        for k, answer in enumerate(other.answers(cell.fitted())):
            for i, one in enumerate(other.split(answer)):
                np.testing.assert_array_equal(one, other.split(alone[i][k], [i])[0])
