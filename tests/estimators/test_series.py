"""The series of a table of steps: where they end, and what goes on from there."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from support.inside import theta_of

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


# --- series that end ------------------------------------------------------------------------------------


def tables(ids):
    """Two parts of a table, each with ten rows of each of the series."""
    rng = np.random.RandomState(1)
    frames = [pd.DataFrame({"who": np.repeat(ids, 10), "a": rng.normal(size=30)}) for _ in range(2)]
    return [(frame, frame["a"].to_numpy()) for frame in frames]


def learner(**params):
    given = {"initial_state": "last", "random_state": 0, "learning_rate": "constant", **params}
    return skrnn.GRURegressor(4, rows="steps", sequence_id="who", **given)


IDS = {
    "text": ["x", "y", "z"],
    "whole numbers": [7, 3, 5],
    "floats": [0.5, 1.5, 2.5],
    "moments": pd.to_datetime(["2020-01-01", "2020-02-01", "2020-03-01"]),
}


@pytest.mark.parametrize("gradient", ["bptt", "rtrl"])
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_series_that_are_forgotten_begin_anew(ids, gradient):
    first, second = tables(ids)
    kept, gone = (learner(gradient=gradient).partial_fit(*first) for _ in range(2))
    assert gone.forget_series([ids[1]]) is gone
    assert gone.sequence_ids_.tolist() == np.delete(kept.sequence_ids_, 1).tolist()
    np.testing.assert_array_equal(gone.final_state_[0], kept.final_state_[0][[0, 2]])
    assert gone.n_updates_ == kept.n_updates_
    gone = pickle.loads(pickle.dumps(gone))
    same, new = gone.predict(second[0]), kept.predict(second[0])
    np.testing.assert_array_equal(np.delete(same, range(10, 20)), np.delete(new, range(10, 20)))
    kept.set_params(initial_state="zeros")
    np.testing.assert_array_equal(same[10:20], kept.predict(second[0])[10:20])
    gone.partial_fit(*second)
    assert sorted(gone.sequence_ids_.tolist()) == sorted(kept.sequence_ids_.tolist())


def test_training_goes_on_as_if_the_series_had_not_been():
    """Of those that stay from where they are, of those that come again from zeros, as new ones do."""
    first, second = tables(list("xyz"))
    model = learner(batch_size=1, shuffle=False).partial_fit(*first)
    other = copy.deepcopy(model)
    model.forget_series("y").partial_fit(*second)
    other.partial_fit(second[0].replace("y", "new"), second[1])
    np.testing.assert_array_equal(theta_of(model), theta_of(other))


def test_all_may_be_forgotten_and_come_again():
    first, second = tables(list("xyz"))
    model = learner().partial_fit(*first).forget_series(set("xyz"))
    assert model.sequence_ids_.tolist() == []
    assert model.final_state_[0].shape == (0, 4)
    model = pickle.loads(pickle.dumps(model))
    zeros = copy.deepcopy(model).set_params(initial_state="zeros")
    np.testing.assert_array_equal(model.predict(second[0]), zeros.predict(second[0]))
    model.partial_fit(*second)
    assert model.sequence_ids_.tolist() == list("xyz")


def test_states_that_were_set_stay():
    first, _ = tables(list("xyz"))
    model = learner().partial_fit(*first)
    model.final_state_[0][2] = 0.25
    np.testing.assert_array_equal(model.forget_series(["x"]).final_state_[0][1], [0.25] * 4)


def test_series_that_are_not_there():
    first, _ = tables(list("xyz"))
    model = learner().partial_fit(*first)
    before = model.sequence_ids_
    for ids, name in ((["x", "q"], "'q'"), ([3], "3")):
        with pytest.raises(ValueError, match=f"There is no series {name}"):
            model.forget_series(ids)
    assert model.sequence_ids_ is before
    assert model.forget_series([]).sequence_ids_.tolist() == before.tolist()
    backwards = learner(bidirectional=True, initial_state="zeros").fit(*first)
    assert backwards.forget_series(["x"]).sequence_ids_.tolist() == ["y", "z"]
