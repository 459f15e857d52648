"""How long until a model is good: skrnn at its defaults, and PyTorch at its own, on real sequences.

For every set the goal is the accuracy of its tuned reference network, less half a point. Per cell: the
accuracy on the test part at the end, the seconds of CPU of the whole fit (one thread, float32), and those
until the goal was reached for the first time (the test part is looked at after every epoch, which is not
counted). Mean accuracy, median seconds; "-" if fewer than half of the seeds reach it.

PyTorch: the same network of 32 units, its own initial weights, Adam with its own rate of 0.001, batches
of 32, no schedule and no clipping, 200 epochs, as in most tutorials.

Run: python benchmarks/time_to_accuracy.py FOLDER [--seeds 3] [part of a set's name ...]
(FOLDER holds the data sets and load.py)
"""

import argparse
import time
import warnings

import numpy as np
import threadpoolctl
import torch
from data_sets import CLASSIFICATION, archived, digits_by_rows, loader
from peer_torch import Net, Targets, compute

import skrnn

GOALS = {  # of tuned networks, data/README.md of the folder
    "JapaneseVowels": {"LSTM": 0.964, "GRU": 0.970}, "BasicMotions": {"LSTM": 0.975, "GRU": 0.975},
    "ItalyPowerDemand": {"LSTM": 0.962, "GRU": 0.962}, "SyntheticControl": {"LSTM": 0.974, "GRU": 0.983},
    "digits by rows": {"LSTM": 0.975, "GRU": 0.984},
}  # fmt: skip
HALF_A_POINT, EPOCHS, BATCH = 0.005, 200, 32


class Watch:
    """Seconds of CPU and accuracy after every epoch; the looking is not counted."""

    def __init__(self, score):
        self.score, self.curve, self.looked, self.start = score, [], 0.0, time.process_time()

    def look(self, *model):
        now = time.process_time()
        self.curve.append((now - self.start - self.looked, self.score(*model)))
        self.looked += time.process_time() - now

    # as a callback of skrnn
    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.look(estimator)


def ours(cell, task, seed):
    model = getattr(skrnn, cell + "Classifier")(random_state=seed)
    watch = Watch(lambda model: model.score(task.X_test, task.y_test))
    model.set_callbacks(watch).fit(task.X, task.y)
    return watch.curve


def theirs(cell, task, seed):
    torch.manual_seed(seed)
    X, X_test = ([torch.as_tensor(x) for x in part] for part in (task.X, task.X_test))
    target = Targets(task.y, "classes", per_step=False)
    y = target.encoded(task.y)
    net = Net(cell, X[0].shape[1], 32, target.n_outputs, "last")
    optimizer, loss = torch.optim.Adam(net.parameters()), torch.nn.CrossEntropyLoss()
    watch = Watch(lambda: np.mean(compute(net, target, X_test) == task.y_test))
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            loss(net([X[i] for i in rows.tolist()]), y[rows]).backward()
            optimizer.step()
        watch.look()
    return watch.curve


def until(curve, goal):
    return next((seconds for seconds, accuracy in curve if accuracy >= goal), np.inf)


def summary(curves, goal):
    """Accuracy at the end, seconds of all, seconds to the goal."""
    reached = np.median([until(curve, goal) for curve in curves])
    accuracy, seconds = np.mean([c[-1][1] for c in curves]), np.median([c[-1][0] for c in curves])
    return f"{accuracy:>9.4f}{seconds:>8.2f}" + (
        f"{reached:>9.2f}" if np.isfinite(reached) else f"{'-':>9}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("only", nargs="*", help="parts of the names of sets")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_intermixed_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    load = loader(options.folder)
    print(f"skrnn {skrnn.__version__}, PyTorch {torch.__version__}; {options.seeds} seeds")
    print(f"{'':<31}{'skrnn':>9}{'all s':>8}{'goal s':>9}{'torch':>9}{'all s':>8}{'goal s':>9}")
    for name, goals in GOALS.items():
        if options.only and not any(part in name for part in options.only):
            continue
        task = archived(load, name) if name in CLASSIFICATION else digits_by_rows()
        for cell, reference in goals.items():
            goal = reference - HALF_A_POINT
            curves = [(ours(cell, task, seed), theirs(cell, task, seed)) for seed in range(options.seeds)]
            texts = [summary(part, goal) for part in zip(*curves, strict=True)]
            print(f"{name:<17}{cell:<5}{goal:>9.4f}{''.join(texts)}", flush=True)


if __name__ == "__main__":
    with threadpoolctl.threadpool_limits(1):
        main()
