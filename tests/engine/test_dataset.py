"""A data set: sample weights and loss weights, of all targets and of some."""

import numpy as np
import pytest

from skrnn._engine.dataset import Dataset
from skrnn._engine.storage import Sequences

LENGTHS = [3, 1, 4]
TOTAL = sum(LENGTHS)


def weighted(per_step):
    """Targets 0, 1, 2, ..., with weights of sequences, of steps and of classes that tell them apart."""
    X = Sequences(np.zeros((TOTAL, 1)), LENGTHS)
    weight = np.array([2.0, 3.0, 5.0])
    if not per_step:
        return Dataset(X, np.arange(3.0)[:, None], weight, class_weight=np.array([7.0, 11.0, 13.0]))

    def of_steps(values):
        return Sequences(np.asarray(values, dtype=float)[:, None], LENGTHS)

    return Dataset(
        X, of_steps(np.arange(TOTAL)), weight, step_weight=of_steps(1 + np.arange(TOTAL)),
        class_weight=of_steps(10 + np.arange(TOTAL)),
    )  # fmt: skip


def test_a_loss_counts_with_the_class_weights_too():
    y, of_score, of_loss = weighted(per_step=False).flat_targets()
    np.testing.assert_array_equal(y[:, 0], [0, 1, 2])
    np.testing.assert_array_equal(of_score, [2, 3, 5])
    np.testing.assert_array_equal(of_loss, [14, 33, 65])


def test_weights_of_steps_are_multiplied():
    y, of_score, of_loss = weighted(per_step=True).flat_targets()
    k, w = np.arange(TOTAL), np.repeat([2.0, 3.0, 5.0], LENGTHS)
    np.testing.assert_array_equal(y[:, 0], k)
    np.testing.assert_array_equal(of_score, w * (1 + k))
    np.testing.assert_array_equal(of_loss, w * (1 + k) * (10 + k))


@pytest.mark.parametrize("per_step", [False, True])
def test_some_targets_are_some_of_all(per_step):
    data = weighted(per_step)
    everything = data.flat_targets()
    n = len(everything[0])
    for a, b in zip(data.sample_of_targets(most=n), everything, strict=True):
        np.testing.assert_array_equal(a, b)
    some = data.sample_of_targets(most=2)
    for a, b in zip(some, everything, strict=True):  # evenly, first and last among them
        np.testing.assert_array_equal(a, b[[0, n - 1]])


@pytest.mark.parametrize(("lengths", "expected"), [([10], [2]), ([10, 20], [1, 1]), ([2], None)])
def test_the_least_that_is_held_out(lengths, expected):
    """R^2 needs two targets: of a single series two steps, of each of several one."""
    x = [np.arange(float(T))[:, None] for T in lengths]
    values = np.concatenate(x)
    data = Dataset(Sequences(values, lengths), Sequences(values, lengths), np.ones(len(lengths)))
    if expected is None:
        with pytest.raises(ValueError, match="too short to hold out"):
            data.split_tail(0.001)
        return
    head, tail = data.split_tail(0.001)
    assert tail.y.lengths.tolist() == expected
    assert head.y.lengths.tolist() == [T - n for T, n in zip(lengths, expected, strict=True)]
