"""Fits under limits of memory, from nearly none to enough: ``python tests/fuzz/memory_limits.py``.

Every level is a process of its own, with an address space of so much more than it has when it begins.
It fits, and predicts, what takes some 40 MB. What may come of it: a model, or a MemoryError that says
what to do, and the estimator as it was; never a crash, and never another error. Then, without the limit,
the same process goes on as if nothing had been.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import skrnn

LEVELS = [4e3, 6e4, 1e6, 5e6, *(k * 2.5e6 for k in range(3, 18)), 3e8]  # bytes

CODE = """
import gc, pickle, resource, sys, warnings
import numpy as np
import skrnn
warnings.simplefilter("ignore")
extra, kind, n_jobs = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rng = np.random.RandomState(0)
X = rng.normal(size=(60, 200, 4)).astype("float32" if kind == "float32" else "float64")
y = X[:, -1, 0]
SMALL = {"max_iter": 1, "tol": None, "random_state": 0, "n_jobs": n_jobs, "batch_size": 60}
def make():
    cls = skrnn.RNNRegressor if kind == "lbfgs" else skrnn.LSTMRegressor
    return cls(64, solver="lbfgs" if kind == "lbfgs" else "adam", dropout=0.1 * (kind == "numpy"),
               weight_dropout=0.1 * (kind == "numpy"), **SMALL)
skrnn.LSTMRegressor(2, max_iter=1, tol=None, n_jobs=n_jobs).fit(X[:3, :3], y[:3]).predict(X[:3, :3])
model = make()
before = pickle.dumps(model)
gc.collect()
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limits = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (size + extra, limits[1]))
outcome = "model"
try:
    model.fit(X, y)
    model.predict(X)
except MemoryError as error:
    outcome = "MemoryError"
    text = str(error)
resource.setrlimit(resource.RLIMIT_AS, limits)
if outcome == "MemoryError":
    assert len(text) > 20, repr(text)
    assert hasattr(model, "weights_") or pickle.dumps(model) == before
first = make().fit(X, y)
assert all((first.weights_[name] == W).all() for name, W in make().fit(X, y).weights_.items())
if hasattr(model, "weights_"):
    assert all((first.weights_[name] == W).all() for name, W in model.weights_.items())
print(outcome)
"""


def outcome(extra, kind, n_jobs=1):
    """What came of a fit with ``extra`` bytes: a word, or how the process ended."""
    command = [sys.executable, "-c", CODE, str(extra), kind, str(n_jobs)]
    folder = Path(skrnn.__file__).parents[1]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder.anchor, check=False)
    return (
        run.stdout.strip() if run.returncode == 0 else f"FAILURE {run.returncode}: {run.stderr[-1500:]}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--levels", type=int, default=len(LEVELS))
    options = parser.parse_args()
    failed = False
    for kind, n_jobs in [("float64", 1), ("float32", 2), ("numpy", 1), ("lbfgs", 1)]:
        for extra in LEVELS[:: len(LEVELS) // options.levels]:
            found = outcome(int(extra), kind, n_jobs)
            failed |= found not in ("model", "MemoryError")
            print(f"{kind:8s} {n_jobs} {extra / 1e6:9.3f} MB  {found}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
