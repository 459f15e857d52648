"""Fewer cases than all: every value of every parameter with every value of every other one.

``together`` writes such a table for ``parametrize``. ``few_of`` leaves so many of the cases of a test
whose parameters are written as a full product; ``conftest.py`` does so with all tests.
"""

import heapq
import itertools

from sklearn.base import ClassifierMixin

from support.estimators import ESTIMATORS


def together(*axes, n=2, allowed=lambda *row: True):
    """Rows of the product of ``axes`` in which any ``n`` values of different axes stand together once.

    Greedy, and the same on every run. ``allowed`` says which rows there are.
    """
    places = itertools.product(*(range(len(axis)) for axis in axes))
    rows = [(p, tuple(axis[k] for axis, k in zip(axes, p, strict=True))) for p in places]
    rows = [(place, row) for place, row in rows if allowed(*row)]
    return [rows[i][1] for i in enough([list(enumerate(place)) for place, _ in rows], n)]


def few(rows):
    """Of a table of rows so many that any two values stand together that do so in one of them."""
    return [rows[i] for i in enough([list(enumerate(row)) for row in rows])]


def enough(rows, n=2):
    """Indices of so many rows that any ``n`` entries that stand in one stand in one of these: greedy."""
    covers = [set(itertools.combinations(row, n)) for row in rows]
    missing = set().union(*covers)
    queue, chosen = [(-len(cover), i) for i, cover in enumerate(covers)], []
    heapq.heapify(queue)
    while missing:
        i = heapq.heappop(queue)[1]
        gain = len(covers[i] & missing)  # it only falls: who still has what it had is best
        if queue and (-gain, i) > queue[0]:
            heapq.heappush(queue, (-gain, i))
        else:
            missing -= covers[i]
            chosen.append(i)
    return sorted(chosen)


# --- the cases of a test ------------------------------------------------------------------------------


def entries(item):
    """Name and value of the parameters of a case; what is passed or marked together is one."""
    params = {name: id(value) for name, value in item.callspec.params.items()}
    groups = [mark.args for mark in item.iter_markers("every_combination")]
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs["argnames"]
        groups.append([name.strip() for name in names.split(",")] if isinstance(names, str) else names)
    for names in groups:
        if len(present := [name for name in names if name in params]) > 1:
            params[tuple(present)] = tuple(params.pop(name) for name in present)
    cls = item.callspec.params.get("cls")
    if cls in ESTIMATORS and "cls" in params:  # two things in one
        params["cls"], params["kind"] = cls._cell, issubclass(cls, ClassifierMixin)
    return list(params.items())


def few_of(items):
    """Of the cases of one test so many that any two values stand together, and those with own marks."""
    rows = [entries(item) for item in items]
    if min(map(len, rows)) < 3:
        return items
    kept = {*enough(rows), *(i for i, item in enumerate(items) if item.callspec.marks)}
    return [item for i, item in enumerate(items) if i in kept]
