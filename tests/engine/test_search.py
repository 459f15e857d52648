"""The search for answers: beams, greedy, and what they must not depend on."""

from itertools import product

import numpy as np
import pytest
from support.pairs import EQUAL, LOSS, RAGGED, V_SOURCE, V_TARGET, pair_network, pairs, tokens
from support.reference import loss_and_gradient

from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.pairs import Pairs
from skrnn._engine.search import STOP, Beams, answers, encode
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS
from skrnn.losses import LOSSES

pytestmark = pytest.mark.usefixtures("engine")

lengths = pytest.mark.parametrize("lengths", [EQUAL, RAGGED], ids=["equal", "ragged"])
cells = pytest.mark.parametrize("cell", CELLS)


def run(net, theta, batch, state, start, end, first):
    window = batch.window(start, start + first, end)
    return net.forward(net.views(theta), window, state, FAST, record=False)


def log_p(raw):
    return LOSSES[LOSS]().log_inverse_link(raw)


def search(net, theta, sources, beam_size, max_length):
    data = Dataset(sources, per_step=False)
    return answers(
        net, theta, data, beam_size=beam_size, max_length=max_length, log_probability=log_p
    )  # fmt: skip


def log_probability_of(net, theta, source, answer, end=(STOP,)):
    """The sum of the log probabilities of the tokens of an answer, stop included, by the loss."""
    said = np.array([*answer, *end], dtype=np.intp)
    read, said = tokens([np.array([STOP, *said[:-1]])]), tokens([said])
    pair = Pairs(source, Dataset(read, Sequences(said.values, said.lengths)))
    return -loss_and_gradient(net, theta, pair, LOSS)[0]


def peaked(cell, seed, scale=3.0):
    """A network with opinions: greedy answers are then seldom the best ones."""
    net, theta = pair_network(cell, (4,), seed=seed)
    return net, theta * scale


@cells
@pytest.mark.parametrize("max_length", [0, 1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_beam_of_full_width_finds_the_most_probable_answer(cell, max_length):
    differs = False
    for seed in range(3):
        net, theta = peaked(cell, seed)
        sources = pairs(RAGGED, seed=seed).source.X
        found = search(net, theta, sources, V_TARGET**max_length + 1, max_length)
        greedy = search(net, theta, sources, 1, max_length)
        for i, answer in enumerate(found):
            source = sources.select(np.array([i]))
            candidates = [c for T in range(max_length + 1) for c in product(range(1, V_TARGET), repeat=T)]
            score = [log_probability_of(net, theta, source, c) for c in candidates]
            assert answer == list(candidates[int(np.argmax(score))])
            differs |= answer != greedy[i]
    assert differs == (max_length > 0)


@cells
def test_scores_are_log_probabilities_of_what_was_said(cell):
    """Every beam has the state that its own tokens lead to, also after beams have changed places."""
    net, theta = pair_network(cell, (3, 2))
    data, views = pairs(RAGGED).source, net.views(theta)
    batch = data.batch(np.arange(len(data)), net.dtype)
    beams = Beams(
        net.decoder, views.decoder, encode(net.encoder, views.encoder, batch), batch.B, 6, log_p
    )
    ended = 0
    for _ in range(4):
        beams._choose(beams._log_probabilities())
    for i, row in enumerate(batch.rows):
        source = data.X.select(np.array([row]))
        assert len(set(map(tuple, beams.tokens[i]))) == 6
        assert (np.diff(beams.score[i]) <= 0).all()
        for said, score in zip(beams.tokens[i], beams.score[i], strict=True):
            is_over = STOP in said
            answer = said[: list(said).index(STOP)] if is_over else said
            expected = log_probability_of(net, theta, source, answer, (STOP,) if is_over else ())
            assert score == pytest.approx(expected, rel=1e-12)
            ended += is_over
    assert 0 < ended < 30


@cells
def test_a_beam_of_one_is_greedy(cell):
    ended = set()
    for seed in range(6):
        net, theta = peaked(cell, seed)
        sources = pairs(RAGGED, seed=seed).source.X
        found = search(net, theta, sources, 1, 6)
        for i, answer in enumerate(found):
            assert answer == greedy_by_hand(net, theta, sources.select(np.array([i])), 6)
            ended.add(len(answer))
    assert len(ended) > 1


def greedy_by_hand(net, theta, source, max_length):
    """The likeliest next token, by running the pair from the start for every token."""
    answer = []
    while len(answer) < max_length:
        target = tokens([np.array([STOP, *answer])])
        pair = Pairs(source, Dataset(target, Sequences(target.values, target.lengths)))
        batch = pair.batch(np.arange(1), net.dtype)
        raw, _, _ = run(net, theta, batch, net.initial_state(1), 0, batch.T, batch.T - 1)
        token = int(raw[0].argmax())
        if token == STOP:
            break
        answer.append(token)
    return answer


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_an_answer_does_not_depend_on_its_batch(beam_size):
    net, theta = peaked("lstm", 7)
    rng = np.random.RandomState(0)
    sources = tokens([rng.randint(V_SOURCE, size=T) for T in rng.randint(1, 9, size=300)])
    found = search(net, theta, sources, beam_size, 7)
    alone = [search(net, theta, sources.select(np.array([i])), beam_size, 7)[0] for i in range(300)]
    assert found == alone
    assert len(set(map(len, found))) > 2


def test_equal_scores_go_to_the_lowest_token():
    net, theta = pair_network("gru")
    sources = pairs(EQUAL).source.X
    W, b = (net.layout.views(theta)[f"decoder.readout.{n}"] for n in "Wb")
    W[:], b[:] = 0, [0, 2, 2, 1]
    assert search(net, theta, sources, 1, 3) == [[1, 1, 1]] * 3
    b[STOP] = 2
    assert search(net, theta, sources, 1, 3) == [[]] * 3
    assert search(net, theta, sources, 4, 3) == [[]] * 3


def test_a_wider_beam_is_more_probable():
    """What beam search is for; an answer that must end within max_length has a probability."""
    better = 0
    for seed in range(6):
        net, theta = peaked("lstm", seed)
        sources = pairs(RAGGED, seed=seed).source.X
        for i, (narrow, wide) in enumerate(
            zip(search(net, theta, sources, 1, 4), search(net, theta, sources, 8, 4), strict=True)
        ):
            source = sources.select(np.array([i]))
            gain = log_probability_of(net, theta, source, wide) - log_probability_of(
                net, theta, source, narrow
            )
            better += gain > 1e-9
    assert better > 3
