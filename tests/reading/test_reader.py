"""The reader: from what fit is given to a task; containers, facts, validation data; no estimator."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import skrnn
from skrnn._engine.model import Model
from skrnn._estimators.labels import Labels
from skrnn._estimators.numbers import Numbers
from skrnn._reading.containers import Array, Container, RowList, SequenceList, Table
from skrnn._reading.facts import Form
from skrnn._reading.reader import CONTAINERS, CONTAINERS_OF_TOKENS, Given, Reader, read_again, read_X
from skrnn._reading.rows import StepTable
from skrnn._reading.tokens import TokenArray, TokenList, TokenSteps, TokenTable
from skrnn._settings.settings import Of, SequenceSettings
from skrnn.cells import GRU

rng = np.random.RandomState(0)
X3, RAGGED = rng.normal(size=(6, 4, 2)), [rng.normal(size=(T, 2)) for T in (3, 5, 2, 4, 1, 6)]


def settings(targets=Numbers, **params):
    cls = skrnn.GRURegressor if targets is Numbers else skrnn.GRUClassifier
    values = cls(**params).get_params(deep=False)
    return SequenceSettings(Of(cls.__name__, GRU, targets), values).derived()


TABLE = rng.normal(size=(6, 8))
TOKENS = rng.randint(5, size=(6, 8))
STEPS = Form(rows_are_steps=True)
FORMS = [
    (X3, Form(), Array),
    (X3.tolist(), Form(), SequenceList),
    (RAGGED, Form(), SequenceList),
    (TABLE, Form(step_features=2), Table),
    (TABLE.tolist(), Form(), Table),
    ([np.arange(4.0), np.arange(6.0)], Form(step_features=2), SequenceList),
    (TABLE, STEPS, StepTable),
    (TOKENS, Form(has_tokens=True), TokenTable),
    (list(TOKENS), Form(has_tokens=True), TokenList),
    (TOKENS[:, :1], Form(rows_are_steps=True, has_tokens=True), TokenSteps),
    (TOKENS, Form(has_tokens=True, container=TokenList), TokenArray),
]


@pytest.mark.parametrize(("X", "form", "kind"), FORMS)
def test_the_container_decides(X, form, kind):
    container = read_X(X, form)
    assert type(container) is kind
    # every container gives back what stands step after step in the form of X
    flat = np.arange(container.sequences.lengths.sum() * 1.0)[:, None]
    answer = container.shape_answer(flat)
    assert len(answer) == len(container.samples)
    again = np.concatenate([np.ravel(item) for item in answer])
    np.testing.assert_array_equal(again, flat[:, 0])


def test_every_container_is_tried():
    kinds = [*CONTAINERS, *CONTAINERS_OF_TOKENS]
    assert all(issubclass(kind, Container) for kind in kinds)
    assert {type(read_X(X, form)) for X, form, _ in FORMS} >= {*kinds} - {RowList}  # that gives lists


@pytest.mark.parametrize(("X", "other"), [(X3, X3.reshape(6, 8)), (TABLE, X3)])
def test_an_X_of_another_form_is_refused(X, other):
    form = Form().learn(read_X(X, Form()), X)
    with pytest.raises(ValueError, match="was fitted on"):
        read_again(other, form, "X", "GRURegressor")


def test_the_form_remembers_what_the_first_fit_has_seen():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE, columns=[f"x{k}" for k in range(8)]).astype("float32")
    form = Form(step_features=2).learn(read_X(frame, Form(step_features=2)), frame)
    assert form.is_table
    assert (form.n_features_in, form.n_step_features) == (8, 2)
    assert form.dtype == np.float32
    assert list(form.feature_names) == [f"x{k}" for k in range(8)]
    with pytest.raises(FrozenInstanceError):
        form.rows_are_steps = True


def test_a_task_has_the_facts_and_the_data():
    task = Reader(settings(hidden_size=(3, 2))).read(X3, X3[:, 0, 0], None)
    assert task.facts.name == "GRURegressor"
    assert task.facts.architecture.hidden_sizes == (3, 2)
    assert task.facts.architecture.cell is GRU
    assert task.facts.targets.is_1d
    assert len(task.data) == 6
    assert not task.data.per_step
    # standardised by its own mean and deviation
    np.testing.assert_allclose([task.data.y.mean(), task.data.y.std()], [0, 1], atol=1e-12)


def test_what_has_no_weight_is_left_out_but_of_a_series_not():
    weight = np.array([1, 0, 1, 1, 0, 1.0])
    assert len(Reader(settings()).read(X3, X3[:, 0, 0], weight).data) == 4
    steps = settings(rows="steps", sequence_id=0)
    X = np.c_[[0, 0, 1, 1, 2, 2], TABLE]
    weight = np.array([1, 1, 0, 0, 1, 1.0])
    assert len(Reader(steps).read(X, TABLE[:, 0], weight).data) == 2
    assert len(Reader(steps).read(X, TABLE[:, 0], weight, is_part=True).data) == 3


def test_training_that_goes_on_keeps_the_facts():
    first = Reader(settings()).read(X3, X3[:, 0, 0], None)
    second = Reader(settings(), first.facts).read(X3 + 1, 5 * X3[:, 0, 0] + 3, None)
    assert second.facts.targets is first.facts.targets
    assert second.facts.form is first.facts.form
    with pytest.raises(ValueError, match="hidden_size was"):
        Reader(settings(hidden_size=3), first.facts).read(X3, X3[:, 0, 0], None)


def test_validation_data_have_the_class_factors_of_training():
    y = np.array([0, 0, 0, 0, 1, 1])
    reader = Reader(settings(Labels, class_weight="balanced"))
    task = reader.read(X3, y, None)
    np.testing.assert_allclose(task.facts.class_factors, [0.75, 1.5])
    held_out = reader.read_validation(X3, Given(X3, y[::-1]), task)
    np.testing.assert_allclose(held_out.class_weight, [1.5, 1.5, 0.75, 0.75, 0.75, 0.75])


def test_holding_out_takes_the_labels_in_their_shares():
    X, y = rng.normal(size=(40, 3, 1)), np.repeat([0, 1], [30, 10])
    task = Reader(settings(Labels, validation_fraction=0.2)).read(X, y, None)
    training, held_out = task.hold_out(np.random.RandomState(0))
    assert (len(training.data), len(held_out)) == (32, 8)
    assert held_out.y.sum() == 2
    assert len(task.data) == 40  # the task itself is as it was


@pytest.mark.parametrize(
    ("y", "fraction", "n_out"),
    [
        (np.arange(20) % 5, 0.1, 2),
        (np.arange(20) % 5, 0.9, 15),  # one of each class is left, though 18 were asked for
        (np.r_[0, [1] * 19], 0.1, 2),
        (np.r_[0, [1] * 19], 0.95, 18),
        (np.r_[[0] * 15, np.arange(5)], 0.5, 10),
    ],
    ids=str,
)
def test_where_shares_cannot_be_kept_a_sequence_of_every_class_is_trained_on(y, fraction, n_out):
    X = np.arange(20.0)[:, None, None]
    task = Reader(settings(Labels, validation_fraction=fraction)).read(X, y, None)
    drawn = set()
    for seed in range(20):
        with pytest.warns(UserWarning, match=f"holds out {n_out} of 20 sequences at random"):
            training, held_out = task.hold_out(np.random.RandomState(seed))
        assert held_out.n == n_out
        assert set(training.data.y[:, 0]) == set(y)
        trained_on, watched = (data.X.flat()[:, 0].tolist() for data in (training.data, held_out))
        assert sorted(trained_on + watched) == list(range(20))
        drawn.add(tuple(watched))
    assert len(drawn) > 5  # at random


def test_reading_changes_nothing_and_a_model_is_made_of_the_facts():
    task = Reader(settings(hidden_size=3)).read(X3, X3[:, 0, 0], None)
    network = task.facts.architecture.network()
    model = Model.new(task.facts, network, np.random.RandomState(0))
    assert model.theta.size == network.layout.size
    raw = model.outputs(task.container.sequences)
    assert model.answers()["predict"](raw).shape == (6,)
