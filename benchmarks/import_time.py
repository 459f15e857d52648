"""How long ``import skrnn`` takes, against ``import sklearn.neural_network``, in fresh processes.

    python benchmarks/import_time.py [repeats]

Milliseconds of processor time (user and system) and of the clock of whole processes, the medians of 25,
which take turns; below, the median of the differences of neighbours; and, with less noise, what importing
skrnn takes in a process that has imported sklearn.neural_network before. An editable install looks at
every import whether the kernels have to be built again: measure another one, or a copy of the folder with
the built kernels in it (``PYTHONPATH``), with an interpreter whose environment has no editable install.
"""

import os
import resource
import statistics
import subprocess
import sys
import time

CODES = {
    "nothing": "pass",
    "numpy": "import numpy",
    "sklearn.neural_network": "import sklearn.neural_network",
    "skrnn": "import skrnn",
}
# the compiled modules are kept after the first round, as those of an installed package are
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
AFTER = """
import time, sklearn.neural_network
start, used = time.perf_counter(), time.process_time()
import skrnn
print(time.process_time() - used, time.perf_counter() - start)
"""


def once(code):
    """Processor time and time of a fresh interpreter that runs the code, in milliseconds."""
    start, before = time.perf_counter(), of_children()
    run(code)
    return (of_children() - before) * 1e3, (time.perf_counter() - start) * 1e3


def run(code):
    """What a fresh interpreter prints that runs the code."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True).stdout


def of_children():
    """Seconds of processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(repeats=25):
    for code in CODES.values():
        once(code)  # compiled, and read from disk
    times, after = {name: [] for name in CODES}, []
    for _ in range(repeats):
        for name, code in CODES.items():
            times[name].append(once(code))
        after.append([float(seconds) * 1e3 for seconds in run(AFTER).split()])
    print(f"{'':24} {'processor':>10} {'clock':>10}")
    for name, pairs in times.items():
        show(name, pairs)
    ours, theirs = times["skrnn"], times["sklearn.neural_network"]
    rounds = zip(ours, theirs, strict=True)
    show("skrnn beyond sklearn's", [(a - c, b - d) for (a, b), (c, d) in rounds])
    show("skrnn after sklearn's", after)


def show(name, pairs):
    used, clock = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(f"{name:24} {used:10.1f} {clock:10.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
