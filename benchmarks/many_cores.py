"""Training steps on 16 and 64 cores, from times measured on one: slices, reductions, memory.

    python benchmarks/many_cores.py [--seconds S]

Nothing here runs on more than one core. Forward and backward are cut into slices of sequences, the weight
gradient into parts of its rows (`skrnn/_kernels/driver.cpp`); neither needs a barrier within a window. So

    time(n) = longest thread's slices, forward + backward + longest part of the gradient + 3 wakes

with the time of a slice measured on one core at just its number of sequences: small slices fill the
register tiles less well, which is in the figure. A part of the gradient takes its share of the rows. To
wake a thread takes 10 microseconds, as measured on two cores. "GB/s" is the memory that is written and
read then, if nothing of it stayed in a cache; a socket gives some 200.

The order of every sum is that of one core: slices do not reduce, and each part adds up its own rows of
the gradient over all sequences. So no bit depends on the number of cores, and no reduction grows with it.
"""

import argparse
import math

import numpy as np
import torch
from kernels import Ours, interleaved, torch_layer

SHAPES = [(100, 32, 8, 64), (100, 128, 64, 256), (50, 512, 64, 256), (28, 128, 28, 128)]
CORES = (1, 2, 16, 64)
WAKE = 10e-6  # seconds
TILE = 12  # rows of the gradient that a part is a multiple of
ROWS_OF_A_SLICE = 12
GATES, SLOTS = {"rnn": 1, "gru": 3, "lstm": 4}, {"rnn": 1, "gru": 4, "lstm": 4}


class Timed:
    """Seconds of the phases of one layer on one core, for any number of sequences; measured once each."""

    def __init__(self, cell, T, F, H, seconds):
        self.cell, self.T, self.F, self.H, self.seconds = cell, T, F, H, seconds
        self.known = {}

    def there_and_back(self, B):
        """Forward and backward of a slice of B sequences."""
        if B not in self.known:
            self.known[B] = self._measure(B, self.F, self.H)[0]
        return self.known[B]

    def gradient(self, B, share):
        """The weight gradient of all sequences, for that share of its rows."""
        if "gradient" not in self.known:
            self.known["gradient"] = self._measure(B, self.F, self.H)[1]
        return self.known["gradient"] * share

    def _measure(self, B, F, H):
        rng, T = np.random.RandomState(0), self.T
        ours = Ours(self.cell, torch_layer(self.cell, F, H, "float32"), [B] * T, B)
        X = rng.normal(size=(T * B, F)).astype(np.float32)
        dH = rng.normal(size=(T * B, H)).astype(np.float32)
        _, backward, gradient, fast = ours.functions
        nothing, tapes = (None,) * ours.cell.n_states, []

        def go():
            tape = ours.infer(X, record=True)[-1]
            backward(tape, dH, 0, nothing, fast, need_dX=False)
            tapes[:] = [tape]

        def add_up():
            gradient(ours.g, tapes[0], ours.steps, fast)

        return interleaved([go, add_up], self.seconds)


def longest(timed, B, n):
    """Seconds of the thread with most to do: slices are claimed one after the other."""
    slices = n if B < 2 * n * ROWS_OF_A_SLICE else 2 * n
    slices = min(slices, B) if n > 1 else 1
    largest = math.ceil(B / slices)
    return timed.there_and_back(largest) * math.ceil(slices / n)


def step(timed, B, n):
    """Seconds of a training step on n cores."""
    rows = timed.F + timed.H
    tiles = math.ceil(timed.F / TILE) + math.ceil(timed.H / TILE)
    parts = min(n, rows // TILE + 1)
    share = math.ceil(tiles / parts) / tiles
    return longest(timed, B, n) + timed.gradient(B, share) + (3 * WAKE if n > 1 else 0)


def traffic(cell, T, B, F, H):
    """Bytes that one step writes and reads: forward, backward, gradient."""
    tape = T * B * H * (SLOTS[cell] + 2)
    return 4 * (2 * T * B * F + 4 * tape)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.3)
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    print("speed-up (efficiency) and GB/s on so many cores, float32, by calculation")
    print(f"{'T':>4}{'B':>5}{'F':>4}{'H':>5}{'cell':>6}" + "".join(f"{n:>20}" for n in CORES[1:]))
    for T, B, F, H in SHAPES:
        for cell in GATES:
            timed = Timed(cell, T, F, H, seconds)
            alone, told = step(timed, B, 1), ""
            for n in CORES[1:]:
                time = step(timed, B, n)
                rate = traffic(cell, T, B, F, H) / time / 1e9
                told += f"{alone / time:>7.1f} ({alone / time / n:.2f}){rate:>7.0f}"
            print(f"{T:>4}{B:>5}{F:>4}{H:>5}{cell:>6}{told}", flush=True)


if __name__ == "__main__":
    main()
