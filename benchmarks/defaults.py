"""How the defaults were chosen: one changed at a time, on every set, for every cell; X scaled.

The settings are compared on the *training* parts: every seed draws the weights and which third of the
training part is held out and scored (stratified for classes), so ten seeds are ten fits on two thirds;
of the sets in ``SLOW`` there are three.
Figures are means over the seeds: accuracies, and for the sets of regression the root mean squared error.
For every change: the mean over the five sets of classification that have references; by how many points
it is above the defaults, and the standard error of that, seed by seed; then every set; then the seconds
of CPU of one fit on each of the sets together.

With --test: the test parts, for what was the default before, the defaults, and the tuned settings of the
references (hidden 64, batches of 16, rate 0.003, ``EPOCHS`` without stopping earlier). To be looked at
once, after everything is chosen.

Run: python benchmarks/defaults.py FOLDER [--seeds 10] [--test] [--cells LSTM,GRU,RNN] [change ...]
(FOLDER holds the data sets and load.py; without a change: all of ``CHANGES``)
"""

import argparse
import time
import warnings

import numpy as np
from data_sets import OF_THE_CELL, all_tasks
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

import skrnn

CELLS = ["LSTM", "GRU", "RNN"]
REFERENCED = ["BasicMotions", "ItalyPowerDemand", "JapaneseVowels", "SyntheticControl", "digits by rows"]
SLOW, FEW = ("FloodModeling1", "digits by pixels"), 3
EPOCHS = {"BasicMotions": 80, "ItalyPowerDemand": 150, "FloodModeling1": 30, "digits by rows": 40}
SHORT = {
    "BasicMotions": "Motions", "ItalyPowerDemand": "Italy", "JapaneseVowels": "Vowels",
    "SyntheticControl": "Control", "digits by rows": "rows", "digits by pixels": "pixels",
    "breast cancer": "cancer", "FloodModeling1": "Flood", "Covid3Month": "Covid", "diabetes": "diabetes",
}  # fmt: skip


def always(**settings):
    return lambda cell, task: settings


def before(cell, task):
    """The defaults of skrnn up to version 0.1."""
    n = len(task.X)
    return {
        "learning_rate": "constant", "learning_rate_init": 0.003 if cell == "RNN" else 0.01,
        "batch_size": n if n <= 200 else 32, "max_iter": 200, "alpha": 1e-4, **OF_THE_CELL[cell],
    }  # fmt: skip


def tuned(cell, task):
    """The settings of the reference networks."""
    return before(cell, task) | {
        "hidden_size": 64, "batch_size": 16, "learning_rate_init": 3e-3, "tol": 0,
        "n_iter_no_change": np.inf, "max_iter": EPOCHS.get(task.name, 60),
        "pooling": "mean" if task.name == "FloodModeling1" else "last",
    }  # fmt: skip


def rate(factor, solver="adam", **settings):
    """The rate of a solver, that many times the default's."""
    top = {"adam": (0.03, 0.003), "sgd": (0.3, 0.03), "rmsprop": (0.01, 0.003)}[solver]
    return lambda cell, task: {
        "solver": solver, "learning_rate_init": top[cell == "RNN"] * factor, **settings
    }  # fmt: skip


def batches(size):
    """Batches of that many, whatever n."""
    return lambda cell, task: {"batch_size": min(size, len(task.X))}


CHANGES = {
    "before": before,
    "defaults": always(),
    "forget_bias of the cell": lambda cell, task: OF_THE_CELL[cell],
    **{f"alpha={a:g}": always(alpha=a) for a in (1e-4, 1e-3, 1e-2, 3e-2)},
    "cosine from the constant rate": always(learning_rate="cosine"),
    "constant, 200 epochs": always(learning_rate="constant"),
    "constant, patience 10": always(learning_rate="constant", n_iter_no_change=10),
    **{f"rate x {f:.2g}": rate(f) for f in (1 / 10, 1 / 3, 3)},
    **{f"max_iter={n}": always(max_iter=n) for n in (15, 30, 60, 120)},
    **{f"batches of {b}": batches(b) for b in (8, 16, 32, 200)},
    **{f"pooling={p}": always(pooling=p) for p in ("mean", "max", "last_max")},
    **{f"weight_dropout={p}": always(weight_dropout=p) for p in (0.2, 0.5)},
    **{f"clip_norm={c}": always(clip_norm=c) for c in (0.25, 5.0, None)},
    **{f"solver=sgd, rate x {f:.2g}": rate(f, "sgd") for f in (1 / 3, 1, 3)},
    **{f"solver=rmsprop, rate x {f:.2g}": rate(f, "rmsprop") for f in (1 / 3, 1, 3)},
}  # fmt: skip
AT_TEST = {"before": before, "defaults": always(), "tuned": tuned}


def part_of(task, seed):
    """Two thirds of the training part, and the third to be scored."""
    Split = ShuffleSplit if task.is_regression else StratifiedShuffleSplit
    train, held = next(Split(1, test_size=1 / 3, random_state=seed).split(np.zeros(len(task.y)), task.y))
    X = [[task.X[i] for i in rows] for rows in (train, held)]
    return task._replace(X=X[0], y=task.y[train], X_test=X[1], y_test=task.y[held])


def figure(cell, task, settings, seed):
    """Figure, and seconds of CPU, of one fit."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    cls = getattr(skrnn, cell + ("Regressor" if task.is_regression else "Classifier"))
    start = time.process_time()
    model = cls(random_state=seed, **settings).fit(task.X, task.y)
    seconds = time.process_time() - start
    answer = model.predict(task.X_test)
    if not task.is_regression:
        return np.mean(answer == task.y_test), seconds
    return np.sqrt(np.mean((answer - task.y_test) ** 2)), seconds


def figures(cell, tasks, change, seeds, *, test):
    """Figures and seconds, (n_seeds, 2) for every set; of slow ones of the first seeds only."""
    drawn = [seeds if test or task.name not in SLOW else seeds[:FEW] for task in tasks]
    parts = [
        (task if test else part_of(task, k), k)
        for task, own in zip(tasks, drawn, strict=True)
        for k in own
    ]
    jobs = (delayed(figure)(cell, part, change(cell, part), seed) for part, seed in parts)
    found = np.array(Parallel(n_jobs=2)(jobs))
    return np.split(found, np.cumsum([len(own) for own in drawn])[:-1])


def line(name, values, known, tasks):
    """A change in a line; ``known``: what the defaults reached."""
    referenced = [task.name in REFERENCED for task in tasks]
    scores, seconds = ([part[:, k] for part in values] for k in (0, 1))
    per_seed, before = (
        np.mean([part[:, 0] for part, one in zip(rows, referenced, strict=True) if one], axis=0)
        for rows in (values, known)
    )
    gap = per_seed - before
    error = gap.std(ddof=1) / len(gap) ** 0.5 if len(gap) > 1 else np.nan
    sets = "".join(
        f"{row.mean():>9.1f}" if task.name == "diabetes" else f"{row.mean():>9.4f}"
        for row, task in zip(scores, tasks, strict=True)
    )
    return (
        f"  {name:<31}{per_seed.mean():>7.4f}{100 * gap.mean():>7.2f} +-{100 * error:>4.2f}{sets}"
        f"{sum(part.mean() for part in seconds):>8.1f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("only", nargs="*", help="names of changes")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--cells", type=lambda text: text.split(","), default=CELLS)
    options = parser.parse_intermixed_args()
    tasks, seeds = list(all_tasks(options.folder)), range(options.seeds)
    changes = AT_TEST if options.test else CHANGES
    which = "test" if options.test else "training"
    print(f"skrnn {skrnn.__version__}; {options.seeds} seeds; {which} parts")
    print(
        " " * 33 + f"{'mean':>7}{'points':>14}" + "".join(f"{SHORT[t.name]:>9}" for t in tasks), "      s"
    )
    for cell in options.cells:
        print(cell)
        known = figures(cell, tasks, changes["defaults"], seeds, test=options.test)
        print(line("defaults", known, known, tasks), flush=True)
        for name in options.only or [name for name in changes if name != "defaults"]:
            values = figures(cell, tasks, changes[name], seeds, test=options.test)
            print(line(name, values, known, tasks), flush=True)


if __name__ == "__main__":
    main()
