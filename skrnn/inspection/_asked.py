"""What is asked about sequences: an output, and what becomes of it without a part of what was read.

Shapes: n sequences of T_i steps, K raw outputs.
"""

import numpy as np

from skrnn._estimators.base import advise_on_overflow
from skrnn._reading.advice import warn
from skrnn.inspection._baseline import read_baseline
from skrnn.inspection._output import output_of, raw_outputs, steps_read


class Asked:
    """One output of every sequence, as it is for X.

    Parameters
    ----------
    inside : Inside
    container : Container
        What was read of X.
    output, step, baseline
        The parameters of users.

    Attributes
    ----------
    X : Sequences
    facts : Facts
    baseline : Baseline
    read_at : (n,) int
        The steps after which the outputs are read.
    start : list or None
        The states that the sequences start from.
    raw : (n, K) array
        The raw outputs of X.
    output : OfClass or OfNumber
        Which number of them.
    """

    def __init__(self, inside, container, output, step, baseline):
        self.inside, self.facts, self.X = inside, inside.model.facts, container.sequences
        self.baseline = read_baseline(baseline, self.facts.form)
        self.read_at = steps_read(step, container, self.facts.per_step)
        self.start = inside.start_states(container)
        self.raw = raw_outputs(inside, self.X, self.read_at, self.start)
        advise_on_overflow(self.raw, self.X, self.facts)
        self.output = output_of(inside, output).fixed(self.raw)

    def less(self, raw, rows):
        """(m,) by how much the numbers of sequences ``rows`` exceed those of raw outputs (m, K)."""
        with np.errstate(over="ignore", invalid="ignore"):  # told by ``advise_on_change``
            return self.output.difference(self.raw[rows], raw, rows)

    def advise_on_change(self, values, row_of):
        """Warn if numbers came out that are not finite; ``row_of(i)`` is the sequence of the i-th."""
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if finite.all() or not np.isfinite(self.raw).all():  # then it was told already
            return
        warn(
            f"What came out for sequence {row_of(int(np.argmin(finite)))} is not finite: numbers "
            "overflow on the way to it. Pass X and baseline in the scale of the X in fit."
        )
