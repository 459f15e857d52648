"""What the exact arithmetic costs: fits in float64 on the whole data in one batch, with it and without.

In that case gradients are summed so that a sample weight of 3 equals three copies of the row, bit for
bit (skrnn/_engine/arithmetic.py). Interleaved, medians, milliseconds per update.

Run: python benchmarks/exact_sums.py [repeats]
"""

import statistics
import sys
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._estimators import trainer

SHAPES = [(30, 10, 1, 32), (150, 8, 8, 32), (200, 10, 1, 32), (200, 30, 6, 32), (200, 50, 4, 64)]
UPDATES = 15


def milliseconds(cls, X, y, H, arithmetic):
    trainer.EXACT = arithmetic  # what fit takes where it would take the exact one
    start = time.perf_counter()
    cls(H, max_iter=UPDATES, tol=0, random_state=0).fit(X, y)
    return 1e3 * (time.perf_counter() - start) / UPDATES


def main(repeats=7):
    warnings.simplefilter("ignore", ConvergenceWarning)
    rng = np.random.RandomState(0)
    print(f"{'':<16}{'n':>5}{'T':>4}{'F':>3}{'H':>4}{'fast ms':>9}{'exact ms':>10}{'ratio':>7}")
    for cls in (skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier):
        for n, T, F, H in SHAPES:
            X, y = rng.normal(size=(n, T, F)), rng.randint(3, size=n)
            times = {FAST: [], EXACT: []}
            for _ in range(repeats):
                for arithmetic, values in times.items():
                    values.append(milliseconds(cls, X, y, H, arithmetic))
            fast, exact = (statistics.median(times[a]) for a in (FAST, EXACT))
            shape = f"{cls.__name__:<16}{n:>5}{T:>4}{F:>3}{H:>4}"
            print(f"{shape}{fast:>9.2f}{exact:>10.2f}{exact / fast:>7.2f}")
    trainer.EXACT = EXACT


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
