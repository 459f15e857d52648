"""Real sequences, with the settings of reference networks: ours beside naive, reference and gate.

"Naive" is what means nothing yet (most frequent class, mean, persistence), "reference" a plain
PyTorch network with these settings or the published figure of the set's table, "gate" what must
hold. "torch" is the same work done by PyTorch here, in the same run, seed by seed after ours: same
cell, hidden units, batches, epochs, Adam, clipping by norm 1, one thread, float32 (``peer_torch.py``).
Figures are means of the seeds, with the lowest and the highest; times are medians of one fit. For the
sets in ``SLOW`` PyTorch trains an eighth of the epochs once, its time is 8 times that, and it has no
figure.

With --defaults: the same sets with default settings, X scaled and nothing else said (but
return_sequences=True, where the targets are per step), beside the tuned ones.

Run: python benchmarks/real_data.py FOLDER [part of a set's name ...] [--seeds 3] [--no-torch]
[--defaults]   (FOLDER holds the data sets and load.py)
"""

import argparse
import statistics
import time
import warnings
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from data_sets import OF_THE_CELL, archived, digits_by_rows, loader
from sklearn.exceptions import ConvergenceWarning

import skrnn


class Row(NamedTuple):
    """One line of the table: a set, a cell and its settings."""

    name: str
    cell: str
    epochs: int
    naive: float
    reference: float
    gate: float = None
    settings: dict = MappingProxyType({})
    note: str = ""


TUNED = {
    "hidden_size": 64, "batch_size": 16, "learning_rate": "constant", "learning_rate_init": 3e-3,
    "alpha": 1e-4,
}  # fmt: skip
MEAN = {"pooling": "mean"}
# streams: 16 of 312 steps, windows of 64
LASER = {"return_sequences": True, "k1": 64, "k2": 64}


def copy_row(k1, k2, reference, gate=None):
    settings = {
        "return_sequences": True, "hidden_size": 50, "batch_size": 64, "alpha": 0, "k1": k1, "k2": k2
    }  # fmt: skip
    return Row("copy task", "GRU", 8, 1.69, reference, gate, settings, f"k1={k1}, k2={k2}")


def chorales_row(cell, hidden_size, reference, gate):
    settings = {
        "return_sequences": True, "hidden_size": hidden_size, "batch_size": 1, "early_stopping": True,
        "n_iter_no_change": 10, "learning_rate_init": 1e-3,
    }  # fmt: skip
    return Row("JSB chorales", cell, 200, np.nan, reference, gate, settings, f"{hidden_size} units")


ROWS = [
    Row("JapaneseVowels", "RNN", 60, 0.12, 0.972),
    Row("JapaneseVowels", "GRU", 60, 0.12, 0.970, 0.95),
    Row("JapaneseVowels", "LSTM", 60, 0.12, 0.964, 0.95),
    Row("BasicMotions", "GRU", 80, 0.25, 0.983, None, MEAN, "pooling mean"),
    Row("BasicMotions", "GRU", 80, 0.25, 0.975),
    Row("BasicMotions", "LSTM", 80, 0.25, 0.975),
    Row("ItalyPowerDemand", "RNN", 150, 0.50, 0.969),
    Row("ItalyPowerDemand", "GRU", 150, 0.50, 0.962, 0.94),
    Row("ItalyPowerDemand", "LSTM", 150, 0.50, 0.962),
    Row("SyntheticControl", "GRU", 60, 0.17, 0.983, 0.96),
    Row("SyntheticControl", "LSTM", 60, 0.17, 0.974),
    Row("SyntheticControl", "RNN", 60, 0.17, 0.811),
    Row("digits by rows", "GRU", 40, 0.10, 0.984, 0.96),
    Row("digits by rows", "RNN", 40, 0.10, 0.976, 0.96),
    Row("digits by rows", "LSTM", 40, 0.10, 0.975, 0.96),
    Row("FloodModeling1", "GRU", 30, 0.0189, 0.0044, 0.007, MEAN, "pooling mean"),
    Row("FloodModeling1", "LSTM", 30, 0.0189, 0.0049, 0.007, MEAN, "pooling mean"),
    Row("FloodModeling1", "GRU", 30, 0.0189, 0.0189, None, {}, "last: learns nothing"),
    Row("Covid3Month", "GRU", 60, 0.0447, 0.0424),
    chorales_row("RNN", 100, 8.73, 8.9),
    chorales_row("GRU", 46, 8.52, 8.65),
    chorales_row("LSTM", 36, 8.60, 8.75),
    Row("laser", "LSTM", 40, 0.92, 0.098, 0.2, LASER),
    Row("laser", "GRU", 40, 0.92, 0.123, 0.2, LASER),
    copy_row(5, 5, 1.687),
    copy_row(5, 9, 1.686),
    copy_row(10, 10, 1.686, 1.6),
    copy_row(5, 20, 1.211),
    copy_row(10, 19, 1.178, 1.30),
]
SLOW, SHARE = {"JSB chorales", "copy task", "FloodModeling1"}, 8
# what the copy task's gate of k2 = 10 says: it must NOT be learned
AT_LEAST = {"JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "SyntheticControl", "digits by rows"}


def holds(row, figure):
    """Whether the gate holds; None without one."""
    if row.gate is None:
        return None
    at_least = row.name in AT_LEAST or (row.name == "copy task" and row.settings["k2"] == 10)
    return figure >= row.gate if at_least else figure <= row.gate


# --- the figures: from answers to a number --------------------------------------------------------------


def accuracy(y, answer):
    return float(np.mean(y == answer))


def rmse(y, answer):
    return float(np.sqrt(np.mean((y - answer) ** 2)))


def nmse(y, answer):
    y, answer = (np.concatenate([np.ravel(part) for part in values]) for values in (y, answer))
    return float(np.mean((y - answer) ** 2) / np.var(y))


def nll_per_frame(y, p):
    """Sum of the log losses of all notes, mean over the frames of all pieces."""
    y, p = np.concatenate(list(y)), np.concatenate(list(p)).astype(float)
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.sum(np.where(y == 1, np.log(p), np.log1p(-p))) / len(y))


def perplexity(y, p):
    return float(np.exp(-np.log(np.take_along_axis(p, y[..., None], axis=2)).mean()))


# --- the sets: (X, y, X_test, y_test), keywords of fit, figure, kind of target -----------------------


def classification(load, name):
    task = digits_by_rows() if name == "digits by rows" else archived(load, name)
    return (list(task.X), task.y, list(task.X_test), task.y_test), {}, accuracy, "classes"


def regression(load, name):
    task = archived(load, name)
    return (task.X, task.y, task.X_test, task.y_test), {}, rmse, "numbers"


def chorales(load, name):
    """Frame t + 1 from the frames to t."""
    parts = load.load_chorales()
    X = {p: [x[:-1].astype(np.float32) for x in parts[p]] for p in parts}
    y = {p: [x[1:].astype(int) for x in parts[p]] for p in parts}
    data = X["train"], y["train"], X["test"], y["test"]
    return data, {"X_val": X["valid"], "y_val": y["valid"]}, nll_per_frame, "labels"


def laser(load, name):
    """The next value: 16 streams of the first 5000 to learn from, one sequence from 6000 on to test."""
    series = load.load_laser()
    series = ((series - series[:5000].mean()) / series[:5000].std()).astype(np.float32)
    T = 5000 // 16
    X, y = (series[k : k + 16 * T].reshape(16, T) for k in (0, 1))
    return (list(X[..., None]), list(y), [series[6000:-1, None]], [series[6001:]]), {}, nmse, "numbers"


def copy_task(load, name):
    data = load.load_copy()
    parts = [data[f"{p}_{v}"].T for p in ("train", "test") for v in "XY"]
    one_hot = np.eye(6, dtype=np.float32)
    return (one_hot[parts[0]], parts[1], one_hot[parts[2]], parts[3]), {}, perplexity, "classes"


READERS = {
    "FloodModeling1": regression, "Covid3Month": regression, "JSB chorales": chorales,
    "laser": laser, "copy task": copy_task,
}  # fmt: skip


def read(load, name):
    return READERS.get(name, classification)(load, name)


# --- one fit -------------------------------------------------------------------------------------------


def all_settings(row):
    return {
        **TUNED,
        **OF_THE_CELL[row.cell],
        "max_iter": row.epochs,
        "tol": 0,
        "n_iter_no_change": np.inf,
        **row.settings,
    }


def ours(row, settings, data, keywords, figure, target, seed):
    """Figure, seconds and epochs of one fit."""
    X, y, X_test, y_test = data
    cls = getattr(skrnn, row.cell + ("Regressor" if target == "numbers" else "Classifier"))
    model = cls(random_state=seed, **settings)
    start = time.perf_counter()
    model.fit(X, y, **keywords)
    seconds = time.perf_counter() - start
    ask = model.predict_proba if figure in (nll_per_frame, perplexity) else model.predict
    return figure(y_test, ask(X_test)), seconds, model.n_iter_


def theirs(row, data, keywords, figure, target, seed, epochs):
    """Figure and seconds of PyTorch at the same work."""
    from peer_torch import fit_and_predict

    validation = (keywords["X_val"], keywords["y_val"]) if keywords else None
    answers, seconds = fit_and_predict(
        row.cell, {**TUNED, **row.settings}, data, validation, target, seed, epochs
    )
    return figure(data[3], np.array(answers) if figure is perplexity else answers), seconds


# --- the table -----------------------------------------------------------------------------------------


def spread(values):
    if np.isnan(values).any():
        return "-"
    digits = 3 if max(values) > 0.1 else 4
    text = f"{np.mean(values):.{digits}f}"
    return f"{text} ({min(values):.{digits}f} - {max(values):.{digits}f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("only", nargs="*", help="parts of the names of sets")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--defaults", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = [r for r in ROWS if not options.only or any(part in r.name for part in options.only)]
    print(f"skrnn {skrnn.__version__}, {options.seeds} seeds")
    table = default_table if options.defaults else tuned_table
    table(loader(options.folder), rows, range(options.seeds), with_torch=not options.no_torch)


def tuned_table(load, rows, seeds, *, with_torch):
    broken, known = 0, {}
    print(
        f"{'set':<17}{'cell':<5}{'':<21}{'naive':>7}{'ref.':>8}{'gate':>7}  {'ours':<24}{'':<7}"
        f"{'torch':<24}{'epochs':>7}{'ours s':>8}{'torch s':>8}{'ratio':>7}"
    )
    for row in rows:
        if row.name not in known:
            known = {row.name: read(load, row.name)}
        mine, peer = [], []
        for seed in seeds:
            mine.append(ours(row, all_settings(row), *known[row.name], seed))
            if with_torch and row.name not in SLOW:
                peer.append(theirs(row, *known[row.name], seed, mine[-1][2]))
        if with_torch and row.name in SLOW:
            epochs = np.median([n for *_, n in mine])
            _, seconds = theirs(row, *known[row.name], 0, part := max(1, round(epochs / SHARE)))
            peer.append((np.nan, seconds * epochs / part))
        held = holds(row, np.mean([figure for figure, *_ in mine]))
        broken += held is False
        print(line(row, mine, peer, held), flush=True)
    print(f"gates that do not hold: {broken}")


def line(row, mine, peer, held):
    figures, seconds, epochs = zip(*mine, strict=True)
    gate = "-" if row.gate is None else f"{row.gate:g}"
    text = (
        f"{row.name:<17}{row.cell:<5}{row.note:<21}{row.naive:>7.4g}{row.reference:>8.4g}{gate:>7}  "
        f"{spread(figures):<24}{ {True: 'holds', False: 'FAILS', None: ''}[held]:<7}"
    )
    if not peer:
        return f"{text}{'':<24}{np.mean(epochs):>7.0f}{statistics.median(seconds):>8.2f}"
    their_figures, their_seconds = zip(*peer, strict=True)
    a, b = statistics.median(seconds), statistics.median(their_seconds)
    return f"{text}{spread(their_figures):<24}{np.mean(epochs):>7.0f}{a:>8.2f}{b:>8.2f}{b / a:>7.1f}"


def default_table(load, rows, seeds, **_):
    """Each set and cell once; the gap in points of accuracy, or in percent of what is an error."""
    first = {}
    for row in rows:  # of the copy task the last: the settings that learn it
        if (row.name, row.cell) not in first or row.name == "copy task":
            first[row.name, row.cell] = row
    known = {}
    print(
        f"{'set':<17}{'cell':<5}{'naive':>7}{'tuned':>9}  {'defaults':<24}{'gap':>10}{'epochs':>8}"
        f"{'s':>7}"
    )
    for row in first.values():
        if row.name not in known:
            known = {row.name: read(load, row.name)}
        data, _, *rest = known[row.name]
        settings = {"return_sequences": True} if "return_sequences" in row.settings else {}
        tuned = np.mean([ours(row, all_settings(row), *known[row.name], seed)[0] for seed in seeds])
        figures, seconds, epochs = zip(
            *(ours(row, settings, data, {}, *rest, seed) for seed in seeds), strict=True
        )
        if row.name in AT_LEAST:
            gap = f"{100 * (np.mean(figures) - tuned):+.1f} pts"
        else:
            gap = f"{100 * (np.mean(figures) / tuned - 1):+.0f} %"
        print(
            f"{row.name:<17}{row.cell:<5}{row.naive:>7.4g}{tuned:>9.4f}  {spread(figures):<24}{gap:>10}"
            f"{np.mean(epochs):>8.0f}{statistics.median(seconds):>7.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
