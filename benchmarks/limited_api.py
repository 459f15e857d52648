"""Whether the kernels built for Python's limited API are slower than those built for one Python.

    python benchmarks/limited_api.py WHEEL_OR_EXTENSION OTHER [--repeats N]

Both are loaded into one process and asked in turns: one step of a stream, one prediction of a row, a fit
of 64 short sequences. Prints the least time of the processor with each, in microseconds, and the median
ratio of neighbouring rounds. Wheels are made by ``pip wheel .
-Csetup-args=-Dpython.allow_limited_api=true``, and without that.
"""

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

import skrnn
from skrnn import _kernels


def load(path, folder):
    """The extension of a file, beside others of its name."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            name = next(n for n in wheel.namelist() if Path(n).name.startswith("_binding."))
            path = Path(wheel.extract(name, folder / path.stem))
    spec = importlib.util.spec_from_file_location("skrnn._kernels._binding", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def use(binding):
    _kernels._binding = binding
    _kernels.builds = {build.name: build for build in binding.available()}
    _kernels.build = next(iter(_kernels.builds.values()))


def tasks(binding):
    """What is timed: name -> function, how often it is called in a round."""
    use(binding)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((64, 10, 3)), rng.standard_normal(64)
    model = skrnn.GRURegressor(32, max_iter=3, tol=0, random_state=0).fit(X, y)
    stream, row = model.stream(), X[0, 0]

    def fit():
        use(binding)
        skrnn.GRURegressor(16, max_iter=2, tol=0, n_iter_no_change=100, random_state=0).fit(X, y)

    def predict():
        use(binding)
        model.predict(X[:1])

    return {
        "step of a stream": (lambda: stream.step(row), 2000),
        "predict": (predict, 50),
        "fit": (fit, 3),
    }


def seconds(call, n):
    start = time.process_time()
    for _ in range(n):
        call()
    return (time.process_time() - start) / n


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs=2, type=Path)
    parser.add_argument("--repeats", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bindings = [load(path.resolve(), Path(folder)) for path in arguments.files]
        assert bindings[0].__file__ != bindings[1].__file__
        both = [tasks(binding) for binding in bindings]
        for name in both[0]:
            times = []
            for k in range(arguments.repeats):
                order = (0, 1) if k % 2 else (1, 0)
                taken = {which: seconds(*both[which][name]) for which in order}
                times.append((taken[0], taken[1]))
            first, other = (1e6 * min(column) for column in zip(*times, strict=True))
            ratio = statistics.median(a / b for a, b in times)
            print(f"{name}: {first:.2f} and {other:.2f} us, median ratio {ratio:.3f}", flush=True)


if __name__ == "__main__":
    main()
