"""Whether the kernels are compiled: the option ``kernels`` of meson.options."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(not shutil.which("meson"), reason="There is no Meson."),
    pytest.mark.skipif(not shutil.which("ninja"), reason="There is no Ninja."),
    pytest.mark.skipif(not (ROOT / "meson.options").exists(), reason="The sources are not here."),
]


def setup(tmp_path, *options):
    """What Meson says where there is no C++ compiler."""
    return subprocess.run(
        ["meson", "setup", *options, tmp_path / "build", ROOT], env={**os.environ, "CXX": "/nowhere/c++"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_kernels_that_are_wanted_are_no_option(tmp_path):
    run = setup(tmp_path, "-Dkernels=enabled")
    assert run.returncode
    assert "kernels=enabled, but the kernels cannot be compiled: there is no compiler" in run.stdout


@pytest.mark.parametrize(
    ("options", "why"), [([], "there is no compiler"), (["-Dkernels=disabled"], "kernels=disabled")]
)
def test_else_numpy_does_the_work(tmp_path, options, why):
    run = setup(tmp_path, *options)
    assert run.returncode == 0, run.stdout
    assert f"compiled kernels: no, {why}" in run.stdout
