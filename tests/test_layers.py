"""The layers of the code: imports go downwards only, and scikit-learn is known at the border only."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(importlib.util.find_spec("skrnn").origin).parent

# bottom to top; a module may import from the layers above its own line only
LAYERS = [
    [
        "cells",
        "losses",
        "solvers",
        "_packing",
        "_parameters",
        "_sums",
        "_monitor",
        "_progress",
        "_mapped",
    ],
    ["_kernels"],
    ["_recurrence", "_pooling", "_storage"],
    ["_network", "_batches"],
    ["_pair_network", "_pairs"],
    ["_learner", "_tbptt", "_inference"],
    ["_flow"],
    ["_search", "_truncation"],
    ["_training"],
    ["_blas", "_sequences", "_states", "_checks", "_memory", "_advice", "_signature", "_config"],
    ["_callbacks"],
    ["_targets", "_rows", "_tokens", "_vocabulary"],
    ["_reading", "_fitting", "_streaming", "_history"],
    ["_over_time"],
    ["_base"],
    ["_transformer", "callbacks"],
    ["_sliding_window", "_time_distributed", "_token_encoder"],
    ["preprocessing", "forecasting", "_generating"],
    ["regressors", "classifiers", "encoder_decoder", "metrics", "datasets"],
    ["inspection"],
    ["__init__"],
]
ENGINE = [name for layer in LAYERS[:8] for name in layer]
EXTENSION_POINTS = ["cells", "losses", "solvers"]
LEVEL = {name: k for k, layer in enumerate(LAYERS) for name in layer}
FILES = [*ROOT.glob("*.py"), *ROOT.glob("*/*.py")]
PATHS = {}  # name -> files; a package is one module here
for _path in FILES:
    PATHS.setdefault(_path.stem if _path.parent == ROOT else _path.parent.name, []).append(_path)
MODULES = sorted(PATHS)


def imports(name):
    """Full dotted names that a module imports, at any depth of its code."""
    code = "\n".join(path.read_text(encoding="utf8") for path in PATHS[name])
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "skrnn":
                yield from (f"skrnn.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_every_module_has_a_layer():
    assert sorted(LEVEL) == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_downwards(name):
    for imported in imports(name):
        if imported.startswith("skrnn."):
            below = imported.split(".")[1]
            if below == name:  # a package and its own parts
                continue
            assert LEVEL[below] < LEVEL[name], f"{name} imports {below}"


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_does_not_know_scikit_learn(name):
    assert not [i for i in imports(name) if i.split(".")[0] in ("sklearn", "joblib")]


@pytest.mark.parametrize("name", EXTENSION_POINTS)
def test_extension_points_import_nothing_from_skrnn(name):
    assert not [i for i in imports(name) if i.startswith("skrnn")]


def test_every_module_is_installed():
    """What skrnn/meson.build does not list would be missing from the package."""
    listing = Path(__file__).parents[1] / "skrnn" / "meson.build"
    listed = re.findall(r"'([\w/]+\.py)'", listing.read_text())
    assert sorted(path.relative_to(ROOT).as_posix() for path in FILES) == sorted(listed)
