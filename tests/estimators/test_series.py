"""The series of a table of steps: where they end, and what goes on from there."""

import numpy as np
import pytest

import skrnn
from skrnn._estimators.series import Series, assemble, carry, merge, publish, start_of
from skrnn._reading.facts import Form
from skrnn._reading.reader import read_X


def states(*values):
    """One layer of one state of one unit."""
    return [(np.array(values, dtype=float)[:, None],)]


def test_unknown_series_start_from_zeros():
    start = start_of(np.array(["c", "a"]), np.array(["a", "b"]), states(1, 2))
    np.testing.assert_array_equal(start[0][0][:, 0], [0, 1])


def test_series_that_come_again_end_in_the_later_state():
    ids, merged = merge(np.array(["a", "b"]), states(1, 2), np.array(["b", "c"]), states(3, 4))
    assert ids.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(merged[0][0][:, 0], [1, 3, 4])


def test_states_of_batches_are_put_together_if_none_is_missing():
    parts = [(np.array([2, 0]), states(3, 1)), (np.array([1]), states(2))]
    np.testing.assert_array_equal(assemble(parts, 3)[0][0][:, 0], [1, 2, 3])
    assert assemble(parts[:1], 3) is None
    assert assemble([], 3) is None


def test_a_moment_is_the_same_in_every_unit():
    day = np.array(["2020-01-02"], dtype="datetime64[D]")
    for unit in ("s", "ns"):
        start = start_of(day.astype(f"datetime64[{unit}]"), day, states(7))
        assert start[0][0][0, 0] == 7


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    ids = np.repeat([5, 3], [10, 14])
    return np.c_[ids, rng.normal(size=(24, 1))], rng.normal(size=24)


@pytest.fixture(scope="module")
def model(table):
    estimator = skrnn.LSTMRegressor(
        4, rows="steps", sequence_id=0, max_iter=3, tol=1e9, n_iter_no_change=1
    )
    return estimator.fit(*table)


def test_the_series_end_where_predictions_leave_them(table, model):
    X, _ = table
    assert model.sequence_ids_.tolist() == [5, 3]
    H = model.hidden_states(X)
    ((h, c),) = model.final_state_
    np.testing.assert_allclose(h, [H[9], H[23]], rtol=1e-12)
    assert c.shape == (2, 4)


def test_a_series_in_two_parts_ends_like_the_whole(table, model):
    X, _ = table
    inner, form = model._model, Form(rows_are_steps=True, sequence_id=0, dtype=np.dtype("float64"))
    first, second = (read_X(part, form) for part in (X[:15], X[15:]))
    before = Series.after(inner, first)
    both, whole = Series.after(inner, second, before=before), Series.after(inner, read_X(X, form))
    assert before.ids.tolist() == both.ids.tolist() == [5, 3]
    for one, other in zip(publish(both.states)[0], publish(whole.states)[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_what_training_has_carried_is_where_the_next_part_trains_from(table):
    X, _ = table
    container = read_X(X, Form(rows_are_steps=True, sequence_id=0))
    carried = carry(None, container, [(np.array([0, 1]), states(1, 2))])
    series = Series(np.array([5, 3]), states(8, 9), carried)
    np.testing.assert_array_equal(series.start_of(np.array([3]))[0][0], [[9]])
    np.testing.assert_array_equal(series.start_of(np.array([3]), training=True)[0][0], [[2]])
    assert carry(None, container, []) is None
    later = carry(carried, container, [(np.array([0, 1]), states(5, 6))])
    np.testing.assert_array_equal(later[1][0][0][:, 0], [5, 6])


def test_other_forms_of_X_have_no_series(model):
    assert Series.after(model._model, read_X(np.zeros((3, 4, 1)), Form())) is None
