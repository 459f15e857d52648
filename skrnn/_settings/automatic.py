"""What "auto" stands for: learning rate, penalty, batches and the number of epochs of a fit.

The figures are those of a study on ten sets and some tasks (docs/guide/defaults.rst,
``benchmarks/defaults.py``).
To give a solver of one's own a rate, add a row to ``RATES``.

Letters: ``n`` sequences, ``u`` updates of an epoch, ``k``: how many times smaller than usual the
batches are that were asked for, or how many times fewer targets an update learns from than a rate is for;
1 or more.
"""

from typing import NamedTuple


class Batches(NamedTuple):
    """Up to ``largest_whole`` sequences are one batch; more are cut into batches of the ``usual`` size.

    In one batch a sample weight is the same as so many copies to the last bit, and an epoch is one
    update, which few sequences can afford.
    """

    largest_whole: int
    usual: int


BATCHES = Batches(32, 16)
# Encoder-decoders of tokens keep a constant rate, which learns more of pairs, and larger batches with it.
BATCHES_OF_PAIRS = Batches(200, 32)
# Epochs of a schedule that goes down to zero: so many, if they make no fewer updates than so many, and no
# more than MOST_UPDATES; never fewer epochs than FEWEST_EPOCHS. There is more to learn from targets per
# step, and their gradients are less noisy, so that rates may be higher; but not those of windows. Other
# schedules have no end of their own, and end by tol.
OF_SEQUENCES, OF_STEPS = (60, 180), (90, 360)
MOST_UPDATES, FEWEST_EPOCHS = 3000, 10
OPEN_END = 200


class Rates(NamedTuple):
    """``top``: where one cycle turns; ``of_steps``: the same with targets per step and whole sequences;
    ``start``: of every other schedule, and of parts; ``targets``: where an update of a window learns from
    fewer, the top is lower.
    """

    top: float
    of_steps: float
    start: float
    targets: int


# (solver, whether the cell has a gate that keeps the state): without one high rates blow up long products
RATES = {
    ("adam", True): Rates(0.03, 0.06, 0.01, 200),
    ("adam", False): Rates(0.003, 0.01, 0.003, 1),
    ("rmsprop", True): Rates(0.01, 0.01, 0.003, 50),
    ("rmsprop", False): Rates(0.003, 0.003, 0.001, 1),
    ("sgd", True): Rates(0.3, 0.3, 0.3, 200),
    ("sgd", False): Rates(0.03, 0.03, 0.03, 1),
}
# The gradient of k times fewer sequences is noisier, by the root of k. An epoch of k times as many steps
# has no more noise than before if the rate falls by the root of k, where a solver divides by the size of
# the gradient (Malladi and others 2022), or by k, where steps are in proportion to it (Goyal and others
# 2017).
IN_PROPORTION = {"sgd"}
UNUSED = Rates(0.01, 0.01, 0.01, 1)  # a solver that finds its own steps


def rates_of(solver, cell):
    """The ``Rates`` of a solver for a cell."""
    is_gated = getattr(cell, "forget_gate", None) is not None
    return RATES.get((solver, is_gated), UNUSED)


def learning_rate_init(solver, cell, *, turns, per_step):
    """The rate for a cell; ``turns``: whether the schedule goes up to it before it goes down."""
    rates = rates_of(solver, cell)
    if not turns:
        return rates.start
    return rates.of_steps if per_step else rates.top


def alpha(*, has_classes, per_step):
    """The penalty.

    It is divided by the number of sequences of a batch, while losses per step are means over all steps:
    of one long series with a label for every step it would take most of what is learned.
    """
    return 0.01 if has_classes and not per_step else 1e-4


def times_smaller(batch_size):
    """The k of a batch size."""
    return max(1.0, BATCHES.usual / batch_size)


def times_fewer(solver, cell, n_targets):
    """The k of windows with so many targets; see ``benchmarks/windows.py``."""
    return max(1.0, rates_of(solver, cell).targets / n_targets)


def rate_of_small_batches(rate, solver, k):
    """The rate of batches k times smaller than those that ``rate`` is for."""
    return rate / (k if solver in IN_PROPORTION else k**0.5)


def max_iter(u, *, ends, per_step, k=1.0):
    """Epochs of u updates each; ``ends``: whether the schedule goes down to zero.

    Small batches are given more of them, by the root of k, and k times as many updates at most.
    """
    if not ends:
        return OPEN_END
    epochs, fewest = OF_STEPS if per_step else OF_SEQUENCES
    if u * epochs < fewest:
        return -(-fewest // u)
    return max(FEWEST_EPOCHS, int(min(epochs * k**0.5, k * MOST_UPDATES // u)))
