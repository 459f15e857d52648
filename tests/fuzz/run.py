"""Many cases of the fuzzer: ``python tests/fuzz/run.py --cases 100000``, or ``--seconds 60``.

Prints the seed, every failure as a case that can be checked again (``--case "{...}"``), and figures. With
``--keep-going`` a failure does not end the run; one that looks like an earlier one is only counted.
``--digests`` prints the outcome of every case, for a comparison of processes.
"""

import argparse
import ast
import collections
import itertools
import os
import random
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.cases import cases
from fuzz.properties import check

BLOCK = 250


def drawn(n, number, *, stop=lambda: False):
    """n cases of a seed."""
    found = []

    @seed(number)
    @settings(
        max_examples=n, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases())
    def collect(case):
        found.append(case)

    collect()
    return found


class Figures:
    """What came out: cases by kind, errors, and failures by where they arose."""

    def __init__(self):
        self.counts, self.failures, self.digests = collections.Counter(), {}, []
        self.slowest = (0, None)

    def run(self, case):
        start = time.perf_counter()
        try:
            outcome = check(case)
            self.counts[f"{case['kind']}: {'error' if outcome.isalpha() else 'model'}"] += 1
        except Exception as error:
            outcome = "failure"
            self.fail(case, error)
        self.slowest = max(
            self.slowest, (time.perf_counter() - start, repr(case)), key=lambda one: one[0]
        )
        self.digests.append(outcome)

    def fail(self, case, error):
        self.counts[f"{case['kind']}: FAILURE"] += 1
        frame = traceback.extract_tb(error.__traceback__)[-1]
        key = f"{type(error).__name__} {str(error)[:60]} {frame.name}:{frame.lineno}"
        if key not in self.failures:
            text = "".join(traceback.format_exception(error))[-3000:]
            self.failures[key] = case
            print(f"\n=== FAILURE {key}\n{text}\ncase: {case!r}", flush=True)


def numbered(first):
    """(number of the block, cases), for ever; the first ones are small, for short runs."""
    for number in itertools.count(first):
        yield number, drawn(BLOCK if number > first + 4 else BLOCK // 10, number)


def run(first, n_cases=None, seconds=None, *, keep_going=False):
    """Figures of so many cases, or of so many seconds."""
    figures, start = Figures(), time.monotonic()
    for number, some in numbered(first):
        for case in some:
            figures.run(case)
            done = sum(figures.counts.values())
            over = seconds is not None and time.monotonic() - start > seconds
            if over or done == n_cases or (figures.failures and not keep_going):
                return figures
        if number % 20 == 0:
            print(f"{done} cases, {len(figures.failures)} failures, seed {number}", flush=True)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**31))
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--digests", action="store_true")
    parser.add_argument("--case")
    options = parser.parse_args()
    if options.case:
        print(check(ast.literal_eval(options.case.replace("nan", "None"))))
        return 0
    seconds = 60 if options.cases is None and options.seconds is None else options.seconds
    print(f"seed {options.seed}, process {os.getpid()}", flush=True)
    figures = run(options.seed, options.cases, seconds, keep_going=options.keep_going)
    if options.digests:
        print("\n".join(figures.digests))
        return 0
    for name, count in sorted(figures.counts.items()):
        print(f"{count:8d} {name}")
    print(f"{len(figures.failures)} kinds of failures; slowest case {figures.slowest[0]:.2f} s")
    print(figures.slowest[1])
    return bool(figures.failures)


if __name__ == "__main__":
    sys.exit(main())
