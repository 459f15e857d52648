"""Functions are short: at most 25 lines of code and 6 arguments, docstrings and comments not counted."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(importlib.util.find_spec("skrnn").origin).parent
LINES, ARGUMENTS = 25, 6
# Ways in whose further arguments are settings of their own, keyword-only; constructors are the same.
WITH_SETTINGS = {
    "_engine/inference.py:outputs",
    "_engine/search.py:answers",
    "_engine/training.py:train",
    "_engine/training.py:train_full_batch",
    "_forecasting/backtest.py:backtest",
    "_kernels/__init__.py:unroll",
    "out_of_core.py:fit_stream",
}
PUBLIC = {"datasets", "inspection", "interop"}  # parameters of public functions are theirs, too


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


def what_is_long(path):
    name = path.relative_to(ROOT).as_posix()
    for function, lines in functions(path):
        public = name.split("/")[0] in PUBLIC and not function.name.startswith("_")
        with_settings = (
            public or function.name == "__init__" or f"{name}:{function.name}" in WITH_SETTINGS
        )
        where = f"{name}:{function.lineno} {function.name}"
        if (n := lines_of_code(function, lines)) > LINES:
            yield f"{where} has {n} lines"
        if (n := n_arguments(function, with_settings=with_settings)) > ARGUMENTS:
            yield f"{where} has {n} arguments"


def test_functions_are_short():
    paths = list(ROOT.rglob("*.py"))
    assert len(paths) > 100
    assert not [one for path in paths for one in what_is_long(path)]


COMPILED = re.compile(r"( *)(?:def|cdef|cpdef) [^=]*\(.*")


def compiled_functions(lines):
    """Number of the line and lines of code of every function of Cython, the docstring not counted."""
    for start, line in enumerate(lines):
        begins = COMPILED.match(line)
        first = next((k for k in range(start, len(lines)) if lines[k].endswith((":", ")"))), start)
        if not begins or not lines[first].endswith(":"):
            continue  # declared only
        rest = lines[first + 1 :]
        outside = (k for k, one in enumerate(rest) if one.strip() and not one.startswith(begins[1] + " "))
        body = "\n".join(rest[: next(outside, len(rest))])
        body = re.sub(r'^\s*""".*?"""', "", body, count=1, flags=re.DOTALL)
        code = [one for one in body.split("\n") if one.strip() and not one.strip().startswith("#")]
        yield start + 1, len(code)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.pyx")), ids=lambda path: path.name)
def test_functions_of_cython_are_short(path):
    found = list(compiled_functions(path.read_text(encoding="utf8").split("\n")))
    assert len(found) > 20
    for line, n in found:
        assert n <= LINES, f"{path.name}:{line} has {n} lines"
