"""Damaged model files: ``python tests/fuzz/damage.py --flips 10000``.

A file of every kind has some bits flipped, or is cut off, at random, and is read again. Counted is what
came of it: an error, the same answers, or other ones. Of files that skrnn itself reads none may answer
otherwise; an error is one that a user can read, and memory does not grow with what a damaged header says.

What pickle or another program reads may end the process: NumPy trusts the pickles of its dtypes. Such
files are read in a child, and a crash is counted.
"""

import argparse
import collections
import os
import pickle
import random
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import joblib
import numpy as np

import skrnn
from skrnn.callbacks import Checkpoint
from skrnn.interop import TRUSTED_TYPES, load, save, to_onnx

OF_OTHERS = ("joblib", "skops", "onnx")  # read by other programs, at least in part
ALLOWED = 300.0  # MB that reading all the damaged files may take more than before
X = np.random.RandomState(0).normal(size=(12, 5, 2)).astype("float32")
SMALL = {"hidden_size": 4, "max_iter": 2, "tol": None, "random_state": 0}


def fitted():
    return skrnn.GRUClassifier(**SMALL, dtype="float32").fit(X, np.arange(12) % 3)


def write(model, kind, path):
    if kind == "checkpoint":
        model.set_callbacks(Checkpoint(path)).fit(X, np.arange(12) % 3).set_callbacks()
    elif kind == "safetensors":
        save(model, path)
    elif kind == "joblib":
        joblib.dump(model, path)
    elif kind == "skops":
        import skops.io

        skops.io.dump(model, path)
    else:
        path.write_bytes(to_onnx(model).SerializeToString())


def answers(kind, path):
    """What the file answers for X."""
    if kind == "onnx":
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return session.run(["probabilities"], {"X": X, "lengths": np.full(12, 5)})[0]
    if kind == "skops":
        import skops.io

        return skops.io.load(path, trusted=TRUSTED_TYPES).predict_proba(X)
    reader = {"checkpoint": Checkpoint.load, "safetensors": load, "joblib": joblib.load}[kind]
    return reader(path).predict_proba(X)


def damaged(data, rng):
    """The bytes with up to three flipped bits, or without their end."""
    if rng.random() < 0.1:
        return data[: rng.randrange(len(data))]
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def outcome(kind, path, expected):
    try:
        found = answers(kind, path)
    except Exception as error:
        module = type(error).__module__.split(".")[0]
        return f"error ({type(error).__name__}{'' if module == 'builtins' else ' of ' + module})"
    return "same" if np.array_equal(found, expected) else "OTHER ANSWERS"


def outcome_in_child(kind, path, expected):
    """The same, of a child process, which may crash."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.write(writes, outcome(kind, path, expected).encode())
        os._exit(0)
    os.close(writes)
    with open(reads, "rb") as file:
        found = file.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return found or f"the process ended with {status}"


def run(kind, n, rng):
    """Counts of outcomes, of n damages of a file."""
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(fitted(), kind, path)
        whole, expected = path.read_bytes(), answers(kind, path)
        of_one = outcome_in_child if kind in OF_OTHERS and hasattr(os, "fork") else outcome
        for _ in range(n):
            path.write_bytes(damaged(whole, rng))
            counts[of_one(kind, path, expected)] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**31))
    parser.add_argument("--only", nargs="*", default=["checkpoint", "safetensors", "joblib", "skops"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"seed {options.seed}, {pickle.HIGHEST_PROTOCOL=}")
    failed, rng = False, random.Random(options.seed)
    for kind in options.only:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        counts = run(kind, options.flips, rng)
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
        failed |= kind != "onnx" and (counts["OTHER ANSWERS"] > 0 or growth > ALLOWED)
        print(
            f"{kind}: {growth:.0f} MB more", *(f"\n    {n:6d} {what}" for what, n in counts.most_common())
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
