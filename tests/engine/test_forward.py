"""Blocks of sequences and windows of steps, in which trained networks run forward."""

import numpy as np
import pytest
from support.reference import POOLING_VARIANTS, dataset, network

from skrnn._engine.arithmetic import EXACT
from skrnn._engine.forward import blocks_by_length, in_windows, outputs_of, states_of, to_the_end

LENGTHS = [4, 9, 2, 9, 1, 6]


@pytest.mark.parametrize("size", [1, 2, 5, 6, 100])
def test_blocks_hold_every_sequence_once_by_falling_length(size):
    lengths = np.array(LENGTHS)
    blocks = blocks_by_length(lengths, size)
    assert max(map(len, blocks)) <= size
    assert len(blocks) == -(-len(lengths) // size)
    np.testing.assert_array_equal(np.concatenate(blocks), np.argsort(-lengths, kind="stable"))


def test_no_sequences_are_no_blocks():
    assert blocks_by_length(np.array([], dtype=int)) == []


@pytest.mark.parametrize("most_steps", [1, 9, 10, 18, 40, 10**6])
def test_blocks_of_at_most_so_many_steps(most_steps):
    """Padding counts; a sequence that is longer by itself is a block of its own."""
    lengths = np.array(LENGTHS)
    blocks = blocks_by_length(lengths, 4, most_steps)
    for block in blocks:
        assert len(block) == 1 or len(block) * lengths[block].max() <= most_steps
        assert len(block) <= 4
    np.testing.assert_array_equal(np.concatenate(blocks), np.argsort(-lengths, kind="stable"))


@pytest.mark.parametrize("length", [1, 2, 5, 100])
@pytest.mark.parametrize("pooling", POOLING_VARIANTS)
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_where_windows_are_cut_does_not_show(cell, per_step, pooling, length):
    net, theta = network(cell, (3, 2), pooling=pooling)
    batch = dataset(LENGTHS, per_step=per_step).batch(np.arange(len(LENGTHS)), net.dtype)
    views, state, span = net.views(theta), batch.initial_state(net), (0, batch.T)
    run = outputs_of(net, views)
    [(_, _, expected, whole)] = in_windows(run, batch, state, span, batch.T)
    cut = list(in_windows(run, batch, state, span, length))
    assert [start for start, *_ in cut] == list(range(0, batch.T, length))
    np.testing.assert_array_equal(np.concatenate([raw for _, _, raw, _ in cut]), expected)
    raw, final = to_the_end(run, batch, state, span, length)
    np.testing.assert_array_equal(raw[-1], expected[-1])
    _, advanced = to_the_end(run, batch, state, span, length, read=False)
    for one in (final, advanced):
        assert_same_state(one, whole)


def test_where_nothing_is_read_nothing_comes_out():
    net, theta = network("gru")
    batch = dataset(LENGTHS, per_step=True).batch(np.arange(len(LENGTHS)), net.dtype)
    run = outputs_of(net, net.views(theta), EXACT)
    outputs = in_windows(run, batch, batch.initial_state(net), (0, batch.T), 4, read=False)
    assert [raw.shape for _, _, raw, _ in outputs] == [(0, 2)] * 3


def test_states_are_those_of_the_top_layer():
    net, theta = network("lstm", (3, 2))
    batch = dataset(LENGTHS, per_step=True).batch(np.arange(len(LENGTHS)), net.dtype)
    run, state = states_of(net, net.views(theta)), batch.initial_state(net)
    cut = list(in_windows(run, batch, state, (0, batch.T), 4))
    assert [len(H) for _, _, H, _ in cut] == [window.steps.N for _, window, _, _ in cut]
    [(_, _, expected, _)] = in_windows(run, batch, state, (0, batch.T), batch.T)
    np.testing.assert_array_equal(np.concatenate([H for _, _, H, _ in cut]), expected)


def assert_same_state(actual, expected):
    layers = [s for layer in actual.layers for direction in layer for s in direction]
    others = [s for layer in expected.layers for direction in layer for s in direction]
    for s, other in zip([*layers, *actual.pool], [*others, *expected.pool], strict=True):
        np.testing.assert_array_equal(s, other)
