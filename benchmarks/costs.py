"""What an epoch costs by the length T, the batch B, the units H, the sequences n and the features F.

    python benchmarks/costs.py [--seconds S] [--cells rnn gru lstm]

One of them is doubled at a time, from a small network on. For every size: microseconds of an epoch for
each sequence and time step, medians of interleaved epochs, and how many times the step before. What is
linear stays the same for each step: 1.0 along T, n and B, and below where a larger batch fills the vector
instructions better. A step of one sequence has G (F + H) H products forward and twice that backward, for
G gates: so along H the cost rises by up to 4 where the products are all of it, and along F slowly. Last,
the bytes that an epoch after the first asks of the system, by the largest resident size before and after
a hundred more (0 if memory is kept), and of Python's allocators between the same places.

Float32, one thread, one layer, ten classes, one target per sequence, Adam, clipping by norm.
"""

import argparse
import resource
import tracemalloc

import numpy as np
from kernels import interleaved
from updates import CELLS, K, our_epoch

BASE = {"T": 32, "B": 16, "H": 32, "n": 256, "F": 8}
SIZES = {
    "T": [16, 32, 64, 128, 256],
    "B": [4, 8, 16, 32, 64, 128],
    "H": [8, 16, 32, 64, 128, 256],
    "n": [64, 128, 256, 512, 1024, 4096],
    "F": [1, 8, 16, 64, 256],
}


def epoch_of(cell, sizes):
    """A function that trains an epoch of a network of these sizes."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(sizes["n"], sizes["T"], sizes["F"])).astype(np.float32)
    return our_epoch(cell, X, rng.randint(K, size=len(X)), sizes["B"], sizes["H"])


def table(cells, seconds):
    print(f"Nanoseconds of an epoch for each sequence and step; base {BASE}")
    print(f"{'':>4}{'':>6}" + "".join(f"{cell:>9}{'times':>7}" for cell in cells))
    for name, values in SIZES.items():
        before = dict.fromkeys(cells)
        for value in values:
            sizes = BASE | {name: value}
            epochs = [epoch_of(cell, sizes) for cell in cells]
            line = f"{name:>4}{value:>6}"
            for cell, time in zip(cells, interleaved(epochs, seconds), strict=True):
                each = 1e9 * time / (sizes["n"] * sizes["T"])
                times = "" if before[cell] is None else f"{each / before[cell]:.2f}"
                line, before[cell] = f"{line}{each:>9.1f}{times:>7}", each
            print(line, flush=True)


def memory(cells, n_epochs=100):
    """Bytes of the system, and of Python's allocators, that epochs after the first few leave taken."""
    for cell in cells:
        epoch = epoch_of(cell, BASE)
        for _ in range(5):
            epoch()
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(n_epochs):
            epoch()
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - largest)
        tracemalloc.start()
        epoch()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(n_epochs):
            epoch()
        kept = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        updates = n_epochs * BASE["n"] // BASE["B"]
        print(f"{cell}: {updates} updates more ask for {grown} bytes of the system, {kept} of Python")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--cells", nargs="+", default=list(CELLS))
    options = parser.parse_args()
    memory(options.cells)
    table(options.cells, options.seconds)


if __name__ == "__main__":
    main()
