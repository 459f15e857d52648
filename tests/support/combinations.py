"""Fewer cases than all: every value of every parameter with every value of every other one."""

import itertools


def together(*axes, n=2, allowed=lambda *row: True):
    """Rows of the product of ``axes`` in which any ``n`` values of different axes stand together once.

    Greedy, and the same on every run. ``allowed`` says which rows there are.
    """
    places = list(itertools.product(*(range(len(axis)) for axis in axes)))
    rows = {p: [axis[k] for axis, k in zip(axes, p, strict=True)] for p in places}
    groups = list(itertools.combinations(range(len(axes)), n))
    bits, covers = {}, {}
    for place, row in rows.items():
        if allowed(*row):
            keys = [(group, tuple(place[k] for k in group)) for group in groups]
            covers[place] = sum(1 << bits.setdefault(key, len(bits)) for key in keys)
    missing, chosen = (1 << len(bits)) - 1, []
    while missing:
        best = max(covers, key=lambda place: (covers[place] & missing).bit_count())
        missing &= ~covers[best]
        chosen.append(best)
    return [tuple(rows[place]) for place in sorted(chosen)]
