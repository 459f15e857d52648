"""What tests rest on: fewer cases have all pairs of values, and a gradient's check sees every entry."""

from itertools import combinations, product
from types import SimpleNamespace

import numpy as np
import pytest
from support.combinations import few, few_of, together
from support.estimators import ESTIMATORS
from support.reference import assert_is_gradient


def pairs(rows):
    return {pair for row in rows for pair in combinations(enumerate(row), 2)}


def test_any_two_values_stand_together():
    axes = ["abc", range(4), [False, True]]
    every = list(product(*axes))
    for rows in (together(*axes), few(every)):
        assert set(rows) <= set(every)
        assert pairs(rows) == pairs(every)
        assert len(rows) == 12  # as many as the two longest axes need
    assert set(together(*axes, n=3)) == set(every)


def test_rows_that_there_are_not():
    rows = together("ab", "cd", "ef", allowed=lambda *row: row != ("a", "c", "e"))
    assert ("a", "c", "e") not in rows
    assert pairs(rows) == pairs(product("ab", "cd", "ef"))


def case(params, *marks, own=()):
    """What of a case of pytest is looked at."""
    return SimpleNamespace(
        callspec=SimpleNamespace(params=params, marks=list(own)),
        iter_markers=lambda name: [SimpleNamespace(args=m[1:], kwargs={}) for m in marks if m[0] == name],
    )


SIZES, NAMES, KINDS = [1, 2, 3], ["one", "two", "three"], ["long", "short"]


def a_product(*marks):
    return [case({"size": s, "name": n, "kind": k}, *marks) for s, n, k in product(SIZES, NAMES, KINDS)]


def test_cases_of_a_test():
    cases = a_product()
    kept = few_of(cases)
    assert len(kept) == 9
    rows = [[tuple(one.callspec.params.values()) for one in some] for some in (kept, cases)]
    assert pairs(rows[0]) == pairs(rows[1])
    assert few_of(cases[::2]) == cases[::2]  # of one kind: what is left has two parameters that vary


def test_what_is_passed_or_marked_together_is_one():
    for mark in (("parametrize", "size, name"), ("every_combination", "size", "name")):
        cases = a_product(mark)
        assert few_of(cases) == cases


def test_cases_with_marks_of_their_own_are_kept():
    cases = a_product()
    (left,) = [one for one in cases if one not in few_of(cases)][:1]
    left.callspec.marks.append("slow")
    assert left in few_of(cases)


def test_an_estimator_is_its_kind_and_its_cell():
    cases = [case({"cls": cls, "size": s}) for cls, s in product(ESTIMATORS, SIZES * 2)]
    kept = few_of(cases)
    assert len(kept) == 9
    assert {one.callspec.params["cls"] for one in kept} == set(ESTIMATORS)


def test_a_wrong_entry_of_a_gradient_shows():
    theta = np.random.RandomState(0).normal(size=60)
    g = np.cos(theta)
    assert_is_gradient(g, lambda x: np.sin(x).sum(), theta)
    for k in range(60):
        wrong = g.copy()
        wrong[k] += 3e-6 * np.abs(g).max()
        with pytest.raises(AssertionError):
            assert_is_gradient(wrong, lambda x: np.sin(x).sum(), theta)
