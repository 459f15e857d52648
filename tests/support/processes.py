"""Questions for a fresh interpreter."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import skrnn


def run_python(code, *arguments, **environment):
    """What the code prints; it must not fail. It imports the package under test."""
    package = str(Path(skrnn.__file__).parents[1])
    paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout
