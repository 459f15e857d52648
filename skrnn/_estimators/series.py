"""The states that series end in, as the estimators publish them: ``final_state_``, ``sequence_ids_``.

Shapes: inside, a list per layer of tuples of (n_series, H) arrays, h first; outside, an array in place of
a tuple of one. The series are those of ``ids`` (n_series,).
"""

import numpy as np


def publish(states):
    """A list per layer: h, or the tuple (h, c)."""
    return [layer[0] if len(layer) == 1 else tuple(layer) for layer in states]


def inside(states):
    """The opposite of ``publish``."""
    return [layer if isinstance(layer, tuple) else (layer,) for layer in states]


def start_of(ids, known_ids, states):
    """The states that the series ``ids`` start from: those they ended in, zeros for unknown ones."""
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
