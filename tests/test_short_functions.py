"""Functions are short: at most 25 lines of code and 6 arguments, docstrings and comments not counted."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(importlib.util.find_spec("skrnn").origin).parent
LINES, ARGUMENTS = 25, 6
# Ways in whose further arguments are settings of their own, keyword-only; constructors are the same.
WITH_SETTINGS = {
    "_engine/inference.py:outputs",
    "_engine/search.py:answers",
    "_engine/training.py:train",
    "_kernels/__init__.py:unroll",
}
PUBLIC = {"datasets", "inspection"}  # parameters of public functions are theirs, too


def functions(path):
    text = path.read_text(encoding="utf8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, text.split("\n")


def lines_of_code(function, lines):
    body = function.body
    first = body[0].end_lineno if ast.get_docstring(function) is not None else body[0].lineno - 1
    code = (line.strip() for line in lines[first : function.end_lineno])
    return sum(bool(line) and not line.startswith("#") for line in code)


def n_arguments(function, *, with_settings):
    a = function.args
    positional = [one.arg for one in [*a.posonlyargs, *a.args] if one.arg not in ("self", "cls")]
    settings = [] if with_settings else a.kwonlyargs
    return len(positional) + len(settings) + sum(one is not None for one in (a.vararg, a.kwarg))


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short(path):
    name = path.relative_to(ROOT).as_posix()
    for function, lines in functions(path):
        public = name.split("/")[0] in PUBLIC and not function.name.startswith("_")
        with_settings = (
            public or function.name == "__init__" or f"{name}:{function.name}" in WITH_SETTINGS
        )
        where = f"{name}:{function.lineno} {function.name}"
        assert lines_of_code(function, lines) <= LINES, where
        n = n_arguments(function, with_settings=with_settings)
        assert n <= ARGUMENTS, f"{where} has {n} arguments"
