"""The states that the series of a table of steps end in, and go on from.

Shapes: inside, a list per layer of tuples of (n_series, H) arrays, h first; published (``final_state_``),
an array in place of a tuple of one. The series are those of ``ids`` (n_series,).
"""

from dataclasses import dataclass, replace

import numpy as np

from skrnn._engine.inference import ends
from skrnn._engine.online import ends_with_influence
from skrnn._settings.quoting import quote


@dataclass(frozen=True, eq=False)
class Series:
    """The series that a fitted estimator has seen.

    Attributes
    ----------
    ids : (n_series,) array
        In the order of their first rows.
    states : list per layer of tuples of arrays, or None
        In which they end under the final weights; None for networks that also run backwards.
    carried : tuple of ids and states, or None
        In which training itself left them, before its last update, if it runs through whole series.
        Where the gradient runs forwards, there is one layer more: the influence (``online.py``).
    """

    ids: np.ndarray
    states: list | None
    carried: tuple | None = None

    @classmethod
    def after(cls, model, container, *, before=None, carried=None, kind=None, n_threads=1):
        """The series of a container, run from the states ``before``; None if X is no table of steps.

        With a ``kind`` of influence, for series from zeros, this is carried for training to go on from.
        """
        if container is None or not container.rows_are_steps:
            return None
        if model.facts.architecture.bidirectional:  # the reverse direction ends at the first row
            return cls(container.ids, None)
        start = before and before.start_of(container.ids)
        network = model.network(n_threads=n_threads)
        _, states = ends(network, model.theta, container.sequences, model.dtype, start=start)
        ids = container.ids
        if kind is not None:
            parts = ends_with_influence(network, model.theta, container.sequences, kind)
            carried = ids, assemble(parts, len(ids))
        if start is not None:
            ids, states = merge(before.ids, before.states, ids, states)
        return cls(ids, states, carried)

    def start_of(self, ids, *, training=False):
        """The states that the series ``ids`` start from; zeros for those not seen before.

        Training goes on from the states in which it left the series itself, if it did. So parts of a
        series train like the whole.
        """
        if training and self.carried is not None:
            return start_of(ids, *self.carried)
        return start_of(ids, self.ids, self.states)

    def at(self, ids, final_state):
        """These series, ids and states as published: whoever changes an attribute means it."""
        states, was = (
            [layer if isinstance(layer, tuple) else (layer,) for layer in final_state],
            self.states,
        )
        if self.carried and not all(map(are_equal, [(ids,), *states], [(self.ids,), *was])):
            return replace(self, ids=ids, states=states, carried=(ids, states))
        return replace(self, ids=ids, states=states)

    def with_influence(self, width):
        """The same; what is carried has an influence of so many numbers (0: none), zeros if unknown."""
        if self.carried is None and not width:
            return self
        (ids, layers), n = self.carried or (self.ids, self.states), len(self.states)
        states, influence = layers[:n], [one for one in layers[n:] if one[0].shape[1] == width]
        if width and not influence:
            influence = [(np.zeros((len(ids), width), states[0][0].dtype),)]
        return replace(self, carried=(ids, [*states, *influence]))

    def left_in(self, layers):
        """The same series in other states: those of the first layer, with the influence in the second."""
        layers = [tuple(s.copy() for s in layer) for layer in layers]
        return replace(self, states=layers[:1], carried=(self.ids, layers))

    def carry(self, container, ends):
        """Ids and states in which training has left the series of a container, for the next part.

        ``ends`` are the rows and states of every batch; None if they are not those of whole series.
        """
        return carry(self.carried or (self.ids, self.states), container, ends)

    def without(self, ids):
        """The same without some series; a ValueError if one of them is not there."""
        wanted = keys_of(ids, self.ids)
        states = None if self.states is None else left_out(wanted, self.ids, self.states)[1]
        carried = self.carried and left_out(wanted, *self.carried)
        return replace(self, ids=left_out(wanted, self.ids, [])[0], states=states, carried=carried)

    def published(self):
        """The attributes of the estimator that say this."""
        attributes = {"sequence_ids_": self.ids}
        return attributes if self.states is None else attributes | {"final_state_": publish(self.states)}


def carry(before, container, ends):
    """Ids and states in which training has left the series, for the next part; None if that is not known.

    ``ends`` are the rows and states of every batch, ``before`` what was carried into training.
    """
    states = assemble(ends, len(container.ids))
    if states is None:
        return None
    return (container.ids, states) if before is None else merge(*before, container.ids, states)


def publish(states):
    """A list per layer: h, or the tuple (h, c); copies, so that it shows if they are changed."""
    copies = [tuple(s.copy() for s in layer) for layer in states]
    return [layer[0] if len(layer) == 1 else layer for layer in copies]


def are_equal(arrays, others):
    """Whether two tuples hold the same numbers."""
    return len(arrays) == len(others) and all(map(np.array_equal, arrays, others))


def keys_of(ids, known):
    """What ids that users pass are known by; a ValueError if one of them is not among the ``known``."""
    ids = list(ids) if isinstance(ids, (set, frozenset)) else ids
    ids = np.ravel(np.asarray(ids, dtype=known.dtype if known.dtype.kind in "mMO" else None))
    wanted, there = _keys(ids), set(_keys(known))
    for one in wanted:
        if one not in there:
            raise ValueError(
                f"There is no series {quote(one)}: those that are known are in sequence_ids_. Pass only "
                "ids of these, each as it is there."
            )
    return wanted


def staying(keys, ids):
    """(n,) bool: which series are not among the keys."""
    keys = set(keys)
    return np.array([one not in keys for one in _keys(ids)], dtype=bool)


def left_out(keys, ids, states):
    """Ids and states of those series that are not among the keys."""
    stay = staying(keys, ids)
    return ids[stay], [tuple(s[stay] for s in layer) for layer in states]


def start_of(ids, known_ids, states):
    """The states that the series ``ids`` start from: those they ended in, zeros for unknown ones."""
    if not len(known_ids):  # all were forgotten
        return [tuple(np.zeros((len(ids), *s.shape[1:]), s.dtype) for s in layer) for layer in states]
    number = {one: k for k, one in enumerate(_keys(known_ids))}
    rows = np.array([number.get(one, -1) for one in _keys(ids)], dtype=np.intp)
    known = rows[:, None] >= 0
    return [tuple(np.where(known, s[rows], s.dtype.type(0)) for s in layer) for layer in states]


def _keys(ids):
    """What ids are known by: a moment is the same in whatever unit it is stored."""
    if ids.dtype.kind not in "mM":
        return ids.tolist()
    whole = ids.astype(f"{ids.dtype.kind}8[us]")  # becomes a datetime, that of nanoseconds a number
    rest = (ids - whole).astype("m8[ns]").astype(np.int64)
    return [(one, r) if r else one for one, r in zip(whole.tolist(), rest.tolist(), strict=True)]


def merge(known_ids, known, ids, states):
    """Ids and states of two calls: series that come again end in the later state."""
    number, keys = {one: k for k, one in enumerate(_keys(known_ids))}, _keys(ids)
    again = np.array([one in number for one in keys], dtype=bool)
    at = [number[one] for one in keys if one in number]
    merged = []
    for layer, new in zip(known, states, strict=True):
        parts = [np.concatenate([a, b[~again]]) for a, b in zip(layer, new, strict=True)]
        for part, b in zip(parts, new, strict=True):
            part[at] = b[again]
        merged.append(tuple(parts))
    return np.concatenate([known_ids, ids[~again]]), merged


def assemble(ends, n):
    """States (n, H) from parts (rows, list per layer of tuples of (B, H)); None if a row is missing."""
    if not ends or sum(len(rows) for rows, _ in ends) != n:
        return None
    states = [tuple(np.empty((n, s.shape[1]), dtype=s.dtype) for s in layer) for layer in ends[0][1]]
    for rows, layers in ends:
        for layer, part in zip(states, layers, strict=True):
            for s, p in zip(layer, part, strict=True):
                s[rows] = p
    return states
