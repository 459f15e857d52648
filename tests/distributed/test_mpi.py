"""Ranks under a real ``mpiexec``, against one process; skipped without mpi4py (and PyPI's mpich)."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from support.documentation import python_block
from support.inside import theta_of

from skrnn import LSTMRegressor

pytest.importorskip("mpi4py")

MPIEXEC = shutil.which("mpiexec")
SMALL = {
    "hidden_size": 4, "random_state": 0, "max_iter": 3, "tol": None, "batch_size": 6,
    "learning_rate": "constant",
}  # fmt: skip

RANK = """
import sys
import numpy as np
from skrnn import LSTMRegressor
from skrnn.distributed import MPI, fit_rank

folder, params, wrong = sys.argv[1], eval(sys.argv[2]), sys.argv[3] == "wrong"
here, data = MPI(), np.load(folder + "/data.npz")
mine = slice(0, 9) if here.rank == 0 else slice(9, None)
X = [data["X"][i, : data["T"][i]] for i in range(len(data["T"]))][mine]
if wrong and here.rank == 1:
    X[0] = X[0] * np.nan
try:
    model = fit_rank(LSTMRegressor(**params), X, data["y"][mine], data["w"][mine], communicator=here)
    np.save(f"{folder}/rank{here.rank}.npy", np.concatenate([w.ravel() for w in model.weights_.values()]))
except ValueError as error:
    print(here.rank, "of", here.size, "says", error, file=open(f"{folder}/said{here.rank}", "w"))
"""

pytestmark = [
    pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def run(folder, params, how="right"):
    """Let two ranks train on data in a folder, into which they write; returns the data."""
    rng = np.random.RandomState(0)
    data = {
        "X": rng.normal(size=(23, 7, 2)), "y": rng.normal(size=23), "w": rng.uniform(size=23),
        "T": 1 + np.arange(23) % 7,
    }  # fmt: skip
    np.savez(folder / "data.npz", **data)
    command = [MPIEXEC, "-n", "2", sys.executable, "-W", "ignore", "-c", RANK, folder, repr(params), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    X = [x[:t] for x, t in zip(data["X"], data["T"], strict=True)]
    return X, data["y"], data["w"]


def test_two_ranks_are_one_process(tmp_path):
    params = {**SMALL, "dropout": 0.2, "early_stopping": True, "validation_fraction": 0.3}
    given = run(tmp_path, params)
    one = LSTMRegressor(**params).fit(*given)
    ranks = [np.load(tmp_path / f"rank{k}.npy") for k in range(2)]
    np.testing.assert_array_equal(*ranks)
    expected = np.concatenate([w.ravel() for w in one.weights_.values()])
    assert len(expected) == len(theta_of(one))
    np.testing.assert_allclose(ranks[0], expected, rtol=0, atol=1e-12)


def test_an_error_of_one_rank_is_raised_on_both(tmp_path):
    run(tmp_path, SMALL, "wrong")
    for rank in range(2):
        said = (tmp_path / f"said{rank}").read_text()
        assert said.startswith(f"{rank} of 2 says Input X contains NaN")
    assert not list(tmp_path.glob("rank*"))


def test_the_block_of_the_guide_runs(tmp_path):
    data = """
import numpy as np
from skrnn import LSTMClassifier
X_part = np.random.RandomState(0).normal(size=(20, 5, 2))
y_part = X_part[:, -1, 0] > 0
"""
    script = tmp_path / "train.py"
    script.write_text(data + python_block("communicator=MPI()") + "\nassert model.n_iter_ > 1\n")
    command = [MPIEXEC, "-n", "2", sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
