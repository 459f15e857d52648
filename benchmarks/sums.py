"""A sum of two ranks alone, over the connections that the workers of a cluster add up with.

    python benchmarks/sums.py

Two processes of this machine add up arrays of float32, as many numbers as the networks of
``data_parallel.py`` have weights: milliseconds of a sum, the median, and what 10 and 90 of 100
stay below.
"""

import argparse
import multiprocessing
import time

import numpy as np

from skrnn.distributed._star import Star, listen

KEY = "0123456789abcdef" * 2
WORK = [(1681, 1000), (19009, 500), (70785, 200), (272641, 100)]  # weights, sums


def other_rank(address):
    star = Star.spoke(address, KEY, 1, 2, 60)
    for n, count in WORK:
        for _ in range(count):
            star.sum(np.ones(n, dtype=np.float32))
    star.close()


def milliseconds(star, n, count):
    values, times = np.ones(n, dtype=np.float32), []
    for _ in range(count):
        start = time.perf_counter()
        star.sum(values)
        times.append(time.perf_counter() - start)
    return 1e3 * np.percentile(times, [50, 10, 90])


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    context = multiprocessing.get_context("spawn")
    with listen("127.0.0.1") as listener:
        other = context.Process(target=other_rank, args=(listener.getsockname()[:2],))
        other.start()
        star = Star.hub(listener, KEY, 2, 60)
        print(f"{'weights':>9}{'median':>9}{'10 %':>9}{'90 %':>9}  ms")
        for n, count in WORK:
            print(f"{n:9}" + "".join(f"{one:9.3f}" for one in milliseconds(star, n, count)))
        star.close()
        other.join()


if __name__ == "__main__":
    main()
