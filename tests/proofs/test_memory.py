"""Working memory is that of one window, whatever the length of the sequences."""

import pytest
from support.processes import run_python

MIB = 1 << 20

SCRIPT = """
import resource, sys, warnings
import numpy as np
import skrnn

warnings.simplefilter("ignore")
cell, T = sys.argv[1], int(sys.argv[2])

def peak():  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

rng = np.random.RandomState(0)
X, y = rng.normal(size=(4, T, 4)), rng.normal(size=(4, T))
model = getattr(skrnn, cell + "Regressor")(32, return_sequences=True, k1=100, k2=100, max_iter=1)
model.fit(X[:, :1000], y[:, :1000])  # what is loaded at the first use
before = peak()
model.fit(X, y)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_memory_of_tbptt_does_not_grow_with_T(cell):
    """k1 = k2 = 100 on 100 000 steps: at most 20 MiB beyond what 1000 steps took, X and y."""
    pytest.importorskip("resource")
    assert int(run_python(SCRIPT, cell, 100_000)) < 20 * MIB
