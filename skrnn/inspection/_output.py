"""The one number of a model's outputs that is looked into: its value, and its gradient.

Shapes: B rows of n sequences, K raw outputs; ``rows`` (B,) are the numbers of the sequences. A class has
``value(raw, rows)`` -> (B,), ``difference(raw, other, rows)`` -> (B,), of two values, ``unit(raw, rows)``
-> (B,), of which size the numbers are that it is computed of, ``gradient(raw, rows)`` -> (B, K), with
respect to the raw outputs, and ``fixed(raw)``, the same number for inputs that are changed. A new kind of
answer is one more class of that form.
"""

from collections.abc import Hashable

import numpy as np
from sklearn.base import is_classifier

from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import listed, quote

FAR = 1 << 40  # more steps than any sequence has


def output_of(inside, output):
    """The number that a user asks for by ``output``, of what is ``Inside``."""
    return (OfClass if is_classifier(inside.estimator) else OfNumber).of(inside.model.facts, output)


def raw_outputs(inside, sequences, read_at, start):
    """(n, K) the raw outputs of ``Sequences`` after the steps ``read_at``."""
    raw = inside.model.outputs(sequences, start=start, n_threads=inside.n_threads)
    return raw[sequences.offsets + read_at] if inside.model.facts.per_step else raw


def steps_read(step, container, per_step):
    """(n,) the step of each sequence whose output is asked for: the last one, with one target each."""
    lengths = container.sequences.lengths
    if not per_step:
        if step is not None:
            raise ValueError(
                f"step={quote(step)} is for models with one target per time step. This one has a single "
                "output per sequence: leave step=None."
            )
        return lengths - 1
    step = -1 if step is None else step
    if not is_int(step):
        raise ValueError(f"step must be an int or None, got {quote(step)}.")
    step = max(-FAR, min(FAR, int(step)))
    at = lengths + step if step < 0 else np.full(len(lengths), step)
    outside = np.flatnonzero((at < 0) | (at >= lengths))
    if len(outside):
        i = outside[0]
        raise ValueError(f"Sequence {i} of X has no step={step}: its length is {lengths[i]}.")
    return at


def rows_read(batch, window, read_at):
    """(B,) which rows of the raw outputs of a window over whole sequences are those after ``read_at``."""
    rows = np.arange(batch.B)
    if batch.at_end:
        return rows
    return np.asarray(window.steps.offsets)[read_at[batch.rows] + batch.data.delay] + rows


class OfClass:
    """The decision value of a class, or of a label.

    Parameters
    ----------
    targets : Labels
    number : int, (n,) int of all sequences, or None: of each the one that is predicted
    """

    def __init__(self, targets, number):
        self.targets, self.number = targets, number
        self.is_binary = targets.is_1d and targets.n_outputs == 1

    @classmethod
    def of(cls, facts, output):
        return cls(facts.targets, None if output is None else _class_number(output, facts.targets))

    def fixed(self, raw):
        return OfClass(self.targets, self._numbers(raw, None))

    def value(self, raw, rows):
        return (raw * self.gradient(raw, rows)).sum(axis=1)

    def difference(self, raw, other, rows):
        return self.value(raw, rows) - self.value(other, rows)

    def unit(self, raw, rows):
        return 1 + np.abs(self.value(raw, rows))

    def gradient(self, raw, rows):
        numbers = self._numbers(raw, rows)
        if self.is_binary:  # one value for two classes, of opposite sign; a class without rival has none
            signs = np.where(numbers[:, None] == 1, 1, -1).astype(raw.dtype)
            return signs * (len(self.targets.classes) == 2)
        return _one_hot(raw, numbers)

    def _numbers(self, raw, rows):
        if self.number is None:
            return (raw[:, 0] > 0).astype(np.intp) if self.is_binary else raw.argmax(axis=1)
        if np.ndim(self.number):
            return self.number[rows]
        return np.full(len(raw), self.number)


def _class_number(output, targets):
    if targets.is_indicator:
        return _position(output, targets.n_outputs, "labels")
    found = [k for k, label in enumerate(targets.classes.tolist()) if _is_same(label, output)]
    if not found:
        raise ValueError(
            f"output={quote(output)} is none of the classes, which are {listed(targets.classes)}."
        )
    return found[0]


def _is_same(label, output):
    try:
        return isinstance(output, Hashable) and bool(label == output)
    except TypeError:  # of pandas' NA nobody knows
        return False


class OfNumber:
    """A prediction, in units of y.

    Parameters
    ----------
    units : dict of link, scale and mean
    k : int
        Which output.
    """

    def __init__(self, units, k):
        self.units, self.k = units, k

    @classmethod
    def of(cls, facts, output):
        n = facts.targets.n_outputs
        if output is None and n > 1:
            raise ValueError(f"output is needed: the model has {n} outputs. Pass one from 0 to {n - 1}.")
        k = 0 if output is None else _position(output, n, "outputs")
        return cls(facts.targets.units(facts.architecture.dtype), k)

    def fixed(self, raw):
        return self

    def value(self, raw, rows):
        units = self.units
        return (units["link"](raw) * units["scale"] + units["mean"])[:, self.k]

    def difference(self, raw, other, rows):
        link, scale = self.units["link"], self.units["scale"]  # a large mean would take its digits
        return ((link(raw) - link(other)) * scale)[:, self.k]

    def unit(self, raw, rows):
        return ((1 + np.abs(self.units["link"](raw))) * self.units["scale"])[:, self.k]

    def gradient(self, raw, rows):
        scale = np.broadcast_to(self.units["scale"], raw.shape[1])
        return link_gradient(self.units["link"], raw, _one_hot(raw, self.k)) * scale[self.k]


def _position(output, n, what):
    if not is_int(output) or not -n <= output < n:
        raise ValueError(f"output={quote(output)} is no position among the {n} {what} of the model.")
    return int(output) % n


def _one_hot(raw, k):
    dy = np.zeros_like(raw)
    dy[np.arange(len(raw)), k] = 1
    return dy


def link_gradient(link, raw, dy):
    """The gradient dy (B, K) of link(raw), as one of raw; exact to rounding for smooth links.

    Of a loss only its inverse link is asked for, so that a new one has nothing more to bring along. A
    difference of order 6 leaves an error of 1e-14 or so.
    """
    if link(raw) is raw:
        return dy
    eps, wide = 2.0**-7, raw.astype(np.float64)
    draw = np.empty_like(wide)
    for j in range(raw.shape[1]):
        slope = 0.0
        for k, c in ((1, 45), (2, -9), (3, 1)):
            e = np.zeros(raw.shape[1])
            e[j] = k * eps
            slope = slope + c * (link(wide + e) - link(wide - e))
        draw[:, j] = (slope * dy).sum(axis=1) / (60 * eps)
    return draw.astype(raw.dtype)
