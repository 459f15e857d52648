"""Training on data larger than memory
===================================

Training on Parquet files that together are larger than the memory that the process may use.

Twelve files of 10 000 sequences (50 steps of four features, 190 MB of numbers) are written to a temporary
folder. A process of its own, which may take 100 MB more than it has after its imports, trains on them
part by part with ``fit_stream``; reading all of them at once fails there. Its score is that of a model
that was trained in one piece, on all the data in memory.

Needs pandas and pyarrow, and a system that limits memory (Linux); says so where there are none.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np

from skrnn import GRURegressor, fit_stream

N_PARTS, N, T, F = 12, 10_000, 50, 4
MEGABYTES = 100
EPOCHS = 2


def part(k):
    """Sequences as rows of T * F columns, and how much the first feature says of the second, later."""
    rng = np.random.RandomState(k)
    X = rng.normal(size=(N, T, F))
    y = (X[:, :, 0] * np.linspace(0, 1, T)).mean(axis=1) * 10
    return X.reshape(N, -1), y


def model():
    return GRURegressor(hidden_size=8, step_features=F, batch_size=256, random_state=0)


def read(path):
    import pandas as pd

    table = pd.read_parquet(path)
    return table.drop(columns="y").to_numpy(), table["y"].to_numpy()


def limit_memory():
    """Let this process take so many megabytes more than it has."""
    import resource

    lines = Path("/proc/self/status").read_text().splitlines()
    now = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (now + MEGABYTES * 2**20,) * 2)


def fits(paths):
    """Whether all parts can be read at once."""
    try:
        return bool([read(path) for path in paths])
    except MemoryError:
        return False


def train(folder):
    """What the process with little memory does: it leaves the model, and whether all fits at once."""
    paths = sorted(Path(folder).glob("*.parquet"))
    fit_stream(model(), [part(0)], epochs=1)  # what is imported and kept is there before the limit
    read(paths[0])
    limit_memory()
    in_parts = fit_stream(model(), [lambda path=path: read(path) for path in paths], EPOCHS)
    joblib.dump((in_parts, fits(paths)), Path(folder) / "answer.joblib")


def main():
    try:
        import pandas as pd
        import pyarrow  # noqa: F401
    except ImportError:
        print("This example needs pandas and pyarrow: pip install pandas pyarrow")
        return
    if not sys.platform.startswith("linux"):
        print("This example limits the memory of a process, which it can on Linux only.")
        return
    with tempfile.TemporaryDirectory() as folder:
        for k in range(N_PARTS):
            X, y = part(k)
            table = pd.DataFrame(X, columns=[f"c{j}" for j in range(T * F)]).assign(y=y)
            table.to_parquet(Path(folder) / f"{k:02}.parquet")
        # other pools than that of the system reserve a gigabyte beforehand, and the system 64 MB for
        # every thread that happens to ask at the same time as another
        environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
        subprocess.run([sys.executable, sys.argv[0], folder], env=environment, check=True)
        in_parts, fits_at_once = joblib.load(Path(folder) / "answer.joblib")
    print("all parts at once:", "there is room" if fits_at_once else "there is no room")
    X, y = map(np.concatenate, zip(*[part(k) for k in range(N_PARTS)], strict=True))
    in_memory = model().set_params(max_iter=EPOCHS).fit(X, y)
    X_test, y_test = part(10**6)
    scores = in_parts.score(X_test, y_test), in_memory.score(X_test, y_test)
    print("R2 on new sequences: {:.4f} in parts, {:.4f} in memory".format(*scores))
    assert not fits_at_once
    assert scores[0] > scores[1] - 0.01


if __name__ == "__main__":
    train(sys.argv[1]) if len(sys.argv) > 1 else main()
