""".ci/oldest tests on the oldest versions that pyproject.toml allows, and on no others."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINS = ROOT / ".ci" / "oldest.txt"

pytestmark = pytest.mark.skipif(not PINS.exists(), reason="not in a checkout")


def bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", one).groups() for one in wanted)


def test_the_oldest_versions_are_those_of_pyproject():
    pins = dict(re.findall(r"^([\w-]+)==([\d.]+)", PINS.read_text(), re.MULTILINE))
    for name in ("threadpoolctl", "pyparsing"):  # dependencies of scikit-learn and matplotlib
        assert pins.pop(name)
    assert pins.keys() == bounds().keys()
    for name, bound in bounds().items():
        assert re.fullmatch(re.escape(bound) + r"(\.0)*", pins[name]), name
