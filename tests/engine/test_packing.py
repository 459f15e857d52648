"""The packed layout: who is alive, where the rows lie, padding there and back."""

import numpy as np
import pytest

from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.packing import Steps, join, resize, split
from skrnn._engine.storage import Sequences


@pytest.mark.parametrize("n", [[3, 3], [3, 2, 2, 1], [1, 2, 3], [1]])
def test_rows_are_found_by_sequence_and_time(n):
    steps = Steps(n, max(n))
    assert steps.T == len(steps) == len(n)
    assert sum(n) == steps.N
    for t, rows in enumerate(steps.slices):
        assert (steps.time[rows] == t).all()
        np.testing.assert_array_equal(steps.sequence[rows], np.arange(n[t]))
    seen = np.zeros(steps.N, dtype=int)
    for (first, last), rows in steps.groups:
        seen[rows] += 1
        for k, i in enumerate(range(first, last)):
            np.testing.assert_array_equal(rows[:, k], np.flatnonzero(steps.sequence == i))
    assert (seen == 1).all()
    v = np.arange(steps.B)
    np.testing.assert_array_equal(steps.spread(v), steps.sequence)
    np.testing.assert_array_equal(steps.tail(len(n) - 1).n, n[-1:])


@pytest.mark.parametrize("n", [[3, 3], [3, 2, 1], [1, 2, 3], [2, 1, 3]])
def test_a_state_is_moved_between_alive_and_rest_without_loss(n):
    state = np.arange(3.0)[:, None], -np.arange(6.0).reshape(3, 2)
    alive, rest = split(state, n[0])
    for n_t in n:
        alive, rest = resize(alive, rest, n_t)
        assert {len(a) for a in alive} == {n_t}
        alive = tuple(a + 1 for a in alive)
    alive_for = (np.array(n)[:, None] > np.arange(3)).sum(axis=0)[:, None]
    for whole, start in zip(join(alive, rest), state, strict=True):
        np.testing.assert_array_equal(whole, start + alive_for)


LENGTHS = [4, 7, 2, 7, 1]


def numbered_steps(per_step, **kw):
    X = Sequences(np.arange(sum(LENGTHS), dtype=float)[:, None], LENGTHS)
    y = Sequences(-X.flat(), LENGTHS) if per_step else np.arange(5.0)[:, None]
    return Dataset(X, y, **kw)


@pytest.mark.parametrize("per_step", [False, True], ids=["from the end", "from the start"])
@pytest.mark.parametrize(("start", "end"), [(0, 7), (0, 3), (2, 6), (6, 7)])
def test_a_window_holds_the_right_steps_of_the_right_sequences(per_step, start, end):
    dataset = numbered_steps(per_step)
    batch = Batch(dataset, np.arange(5), np.float64)
    assert batch.rows.tolist() == [1, 3, 0, 2, 4]  # by falling length, stable
    steps = batch.steps(start, end)
    X = batch.X(steps, start)
    expected = []
    for t in range(start, end):
        for row in batch.rows:
            own = t if per_step else t - (7 - LENGTHS[row])
            if 0 <= own < LENGTHS[row]:
                expected.append(dataset.X.starts[row] + own)
    np.testing.assert_array_equal(X[:, 0], expected)
    y, _ = batch.targets(steps, start)
    if per_step:
        np.testing.assert_array_equal(y, -X)


def test_delay_continues_x_with_zeros_and_shifts_the_targets():
    batch = Batch(numbered_steps(True, delay=2), np.array([2]), np.float64)
    assert batch.T == 4
    steps = batch.steps(0, 4)
    x = numbered_steps(True).X.flat()[11:13, 0]
    np.testing.assert_array_equal(batch.X(steps, 0)[:, 0], [*x, 0, 0])
    y, u = batch.targets(steps, 0)
    np.testing.assert_array_equal(u, [0, 0, 1, 1])
    np.testing.assert_array_equal(y[2:, 0], -x)


@pytest.mark.parametrize(
    "options",
    [
        {"per_step": False},
        {"per_step": False, "replication": 0.3},
        {"per_step": False, "class_weight": np.array([1, 2, 0.5, 1, 3])},
        {"per_step": True},
        {"per_step": True, "delay": 2},
        {"per_step": True, "step_weight": Sequences(np.linspace(0, 1, 21)[:, None], LENGTHS)},
        {"per_step": True, "delay": 1, "step_weight": Sequences(np.ones((21, 1)), LENGTHS)},
    ],
)
def test_weights_add_up(options):
    """loss_weight_of_steps and W are the sums of what the windows hand out; S counts sequences."""
    weight = np.array([1.0, 2.0, 0.5, 1.5, 1.0])
    dataset = numbered_steps(weight=weight, **options)
    batch = Batch(dataset, np.arange(5), np.float64)
    steps = batch.steps(0, batch.T)
    _, u = batch.targets(steps, 0)
    c = u * steps.spread(batch.weight)
    np.testing.assert_allclose(np.bincount(steps.time, c, minlength=batch.T), batch.loss_weight_of_steps)
    assert batch.W == pytest.approx(c.sum())
    per_sequence = np.bincount(steps.sequence, c, minlength=5)
    if dataset.per_step:
        per_sequence = per_sequence / (batch.lengths - dataset.delay)
    assert batch.S == pytest.approx(per_sequence.sum())
    if not {"class_weight", "step_weight"} & set(options):
        assert batch.S == pytest.approx(weight.sum())


@pytest.mark.parametrize("delay", [0, 2, 5])
def test_head_and_tail_of_a_single_sequence(delay):
    """Targets of one side each; delayed targets of the head see the true inputs that follow it."""
    T = 10
    x = np.arange(1.0, T + 1)[:, None]
    whole = Dataset(Sequences(x, [T]), Sequences(-x, [T]), delay=delay)
    head, tail = whole.split_tail(0.4)
    np.testing.assert_array_equal(np.concatenate([head.y.flat(), tail.y.flat()]), -x)
    assert len(head.y.flat()) == 6
    np.testing.assert_array_equal(tail.X.flat(), x)  # entered with the state carried through the head
    np.testing.assert_array_equal(tail.read_outputs(x), -tail.y.flat())
    batch = Batch(head, np.arange(1), np.float64)
    steps = batch.steps(0, 6 + delay)  # up to the step at which the last target of the head is read
    expected = x[: 6 + delay, 0]
    np.testing.assert_array_equal(batch.X(steps, 0)[: len(expected), 0], expected)
