"""Questions for a fresh interpreter, or for a forked child."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import traceback
from pathlib import Path

import pytest

import skrnn

# Marks of tests with forked children.
FORKS = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork."),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


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


def in_a_child(function, seconds=60):
    """What ``function() -> bytes`` returns in a forked process, or a failure if it does not end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with os.fdopen(write, "wb") as pipe:
                pipe.write(function())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    answer = b""
    with os.fdopen(read, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], seconds)[0]:
            if not (some := pipe.read(1 << 16)):
                break
            answer += some
        else:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child hung, or crashed"
    return answer
