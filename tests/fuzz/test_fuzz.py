"""A short run of the fuzzer with a fresh seed, and the same cases in processes of other settings.

``SKRNN_FUZZ_SECONDS`` says how long (15 by default), ``SKRNN_FUZZ_SEED`` which cases. For long runs:
``python tests/fuzz/run.py --help``.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fuzz import interrupts, memory_limits
from fuzz.builders import DEFECTS
from fuzz.cases import AFTER_FIT as ASKED
from fuzz.cases import DEFECTS as DRAWN
from fuzz.properties import AFTER_FIT, attempt
from fuzz.run import Figures, drawn, run

RUN = Path(__file__).with_name("run.py")
SECONDS = float(os.environ.get("SKRNN_FUZZ_SECONDS", "15"))


def fresh_seed():
    return int(os.environ.get("SKRNN_FUZZ_SEED") or random.SystemRandom().randint(0, 2**31))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_random_cases(part):
    seed = fresh_seed() + 1000 * part
    print(f"SKRNN_FUZZ_SEED={seed}")
    figures = run(seed, seconds=SECONDS)
    assert not figures.failures, f"seed {seed}: {figures.failures}"
    assert sum(figures.counts.values()) > 1


def digests(seed, n, **environment):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment}
    command = [sys.executable, str(RUN), f"--cases={n}", f"--seed={seed}", "--digests", "--keep-going"]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return found.stdout.split("\n")[1:]


@pytest.mark.slow
def test_processes_agree_bit_for_bit():
    """Hashes of strings and numbers of threads do not matter."""
    seed = fresh_seed()
    one, other = (
        digests(seed, 80, PYTHONHASHSEED=number, OMP_NUM_THREADS=number) for number in ("1", "2")
    )
    assert one == other, f"seed {seed}"
    assert len(set(one)) > 8  # many are errors of the same kind


@pytest.mark.slow
def test_interruptions_at_random_moments():
    seed = fresh_seed()
    outcomes, failures = interrupts.run(60, seed)
    assert not failures, f"seed {seed}"
    assert any("returned, trained" in name for name in outcomes)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of memory as on Linux")
@pytest.mark.parametrize("extra", [6e4, 1.5e7, 3e7, 3e8])
def test_memory_that_ends(extra):
    found = memory_limits.outcome(int(extra), "float64")
    assert found in (("model",) if extra == 3e8 else ("model", "MemoryError"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory as Linux tells it")
def test_long_runs_take_no_more_memory():
    """A small share of ``benchmarks/soak.py``."""
    script = RUN.parents[2] / "benchmarks" / "soak.py"
    command = [sys.executable, str(script), "--share", "0.005"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr[-2000:]


def test_every_defect_and_every_question_is_there():
    assert set(DRAWN) == set(DEFECTS)
    assert set(ASKED) == set(AFTER_FIT)


def test_a_seed_is_the_same_cases():
    assert repr(drawn(5, 3)) == repr(drawn(5, 3))
    assert repr(drawn(5, 3)) != repr(drawn(5, 4))


@pytest.mark.parametrize("error", [KeyError("x"), ValueError(""), ValueError("x" * 1000)], ids=repr)
def test_what_is_no_message_for_users(error):
    def call():
        raise error

    with pytest.raises(AssertionError):
        attempt(call)


def test_an_error_from_inside_numpy_is_a_failure():
    with pytest.raises(AssertionError, match="raised from inside"):
        attempt(lambda: np.zeros(3) + np.zeros(2))


def test_a_failure_is_kept_with_its_case():
    figures = Figures()
    figures.run({"kind": "sequences", "cls": "none"})
    assert list(figures.failures.values()) == [{"kind": "sequences", "cls": "none"}]
