"""The layers of the code: imports go one way, and scikit-learn is known from the settings up only.

Packages and modules are read from the folders; only their order stands here.
"""

import ast
import importlib.util
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import skrnn

ROOT = Path(importlib.util.find_spec("skrnn").origin).parent
TOP = Path(__file__).parents[1]

# bottom to top; a package imports from those before it only
ORDER = [
    ["cells", "losses", "solvers"],
    ["_kernels"],
    ["_engine"],
    ["exceptions"],
    ["_settings"],
    ["_reading"],
    ["_estimators"],
    ["_transformers"],
    ["_forecasting"],
    ["public"],
    ["inspection", "interop"],
    ["skrnn"],  # __init__.py and _config.py
]
LEVEL = {name: k for k, names in enumerate(ORDER) for name in names}
BELOW_SCIKIT_LEARN = [name for names in ORDER[:3] for name in names]
FILES = sorted(ROOT.rglob("*.py"))


def module(path):
    """The dotted name of a file."""
    parts = ["skrnn", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def package(name):
    """What of ``ORDER`` a module belongs to: its folder, or, of the modules at the top, its own name."""
    parts = name.split(".")
    if len(parts) == 1 or parts[1] == "_config":
        return "skrnn"
    return parts[1] if parts[1] in LEVEL else "public"


@cache
def imports(name):
    """All names that a module imports, at any depth of its code, in full."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} has a relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {one if one in MODULES else node.module for one in inner}
    return found - ({"skrnn"} if name == "skrnn._config" else set())  # for its version, when called


def of_skrnn(name):
    return {one for one in imports(name) if one.split(".")[0] == "skrnn"}


def may_import(name, imported):
    here, there = package(name), package(imported)
    in_itself = here in ("public", "skrnn", "inspection", "interop") or here.startswith("_")
    return imported in MODULES and ((here == there and in_itself) or LEVEL[there] < LEVEL[here])


def test_imports_go_one_way():
    every = {(name, one) for name in MODULES for one in of_skrnn(name) - {"skrnn._kernels._binding"}}
    assert len(every) > 500
    assert not [f"{name} imports {one}" for name, one in sorted(every) if not may_import(name, one)]


def test_there_is_no_circle():
    list(TopologicalSorter({name: of_skrnn(name) - {name} for name in MODULES}).static_order())


def test_the_maths_does_not_know_scikit_learn():
    maths = [name for name in MODULES if package(name) in BELOW_SCIKIT_LEARN]
    every = {(name, one.split(".")[0]) for name in maths for one in imports(name)}
    assert ("skrnn.cells", "numpy") in every
    assert not [(name, one) for name, one in every if one in ("sklearn", "joblib")]


@pytest.mark.parametrize("name", ORDER[0])
def test_extension_points_import_nothing_from_skrnn(name):
    assert not of_skrnn(f"skrnn.{name}")


@cache
def private_names():
    """The private attributes and methods of all estimators."""
    classes = {base for cls in vars(skrnn).values() if isinstance(cls, type) for base in cls.__mro__}
    own = [base for base in classes if base.__module__.startswith("skrnn._estimators")]
    names = {name for base in own for name in vars(base)}
    return {"_fitted", *(name for name in names if name.startswith("_") and not name.startswith("__"))}


def touched(name):
    """What a module touches of private names, a class's own, or its base's, aside."""
    return [
        f"{name}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf8")))
        if isinstance(node, ast.Attribute)
        and node.attr in private_names()
        and ast.unparse(node.value) not in {"self", "cls", "super()", "BaseRNN", "Trainable"}
    ]


def test_private_attributes_of_estimators_are_for_their_package():
    assert "_fitted" in private_names()
    others = [name for name in MODULES if package(name) != "_estimators"]
    assert not [one for name in others for one in touched(name)]


def test_the_top_is_small():
    """At most twelve folders and files beside the public modules."""
    private = [p.name for p in ROOT.iterdir() if p.name.startswith("_") and p.name != "__pycache__"]
    assert len(private) <= 12


MENTION = re.compile(r"\b(?:skrnn|tests|benchmarks|examples)/[\w/.]*\.(?:py|pyx|hpp|cpp)\b")
FOLDERS = ["skrnn", "tests", "docs", "benchmarks", "examples"]
TEXTS = {".py", ".pyx", ".hpp", ".cpp", ".rst", ".md"}


@pytest.mark.skipif(not (TOP / "docs").is_dir(), reason="the repository is not there")
def test_files_that_are_mentioned_exist():
    paths = [*TOP.glob("*.md"), *(path for folder in FOLDERS for path in (TOP / folder).rglob("*"))]
    gone = {
        f"{path.relative_to(TOP)}: {name}"
        for path in paths
        if path.suffix in TEXTS and not {"_build", "generated"} & set(path.parts)
        for name in MENTION.findall(path.read_text(encoding="utf-8"))
        if not (TOP / name).exists()
    }
    assert not gone
