"""The page of promises: every test that it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guide" / "promises.rst"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="The documentation is not here.")


def named():
    return re.findall(r"``(tests/[\w/]+\.py)::(test_\w+)``", PAGE.read_text(encoding="utf8"))


def functions_of(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists():
    missing = [f"{path}::{name}" for path, name in named() if name not in functions_of(path)]
    assert not missing
    assert len(named()) > 100


def test_every_promise_has_a_test():
    entries = re.split(r"\n   \* - ", PAGE.read_text(encoding="utf8"))[1:]
    entries = [one for one in entries if not one.startswith("what\n")]
    assert len(entries) > 50
    for entry in entries:
        assert "::test_" in entry, entry
