"""What fit says to right uses of real data (nothing, it should be), and to wrong ones.

First every set in every form that its sequences may have (list, array, table, sorted, unscaled, per step,
tokens, dated tables), one epoch each: what is said before training. Then the same sets misread: time as
the last axis, padded with zeros, rows as sequences, validation data without their scaling. Last, with
``--train``, a fit at defaults for each cell: what is said after it; a warning there is no false alarm if
the test figure beside it is that of a constant.

Run: python benchmarks/false_alarms.py FOLDER [--train]   (FOLDER holds the data sets and load.py)
"""

import sys
import warnings
from functools import partial

import numpy as np
import pandas as pd
from data_sets import all_tasks, loader
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn.model_selection import RollingOrigin

COMMON = "Maximum iterations"  # said of every short run


def said(call, *data, **given):
    """The warnings of a call, their first words."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        call(*data, **given)
    return [str(w.message) for w in record if not str(w.message).startswith(COMMON)]


def estimator(task, cell="GRU", **settings):
    kind = "Regressor" if task.is_regression else "Classifier"
    return getattr(skrnn, cell + kind)(**{"random_state": 0, **settings})


def as_array(X):
    return np.stack(X) if len({len(x) for x in X}) == 1 else None


def right_uses(folder):
    """(name, model, X, y) with a task per sequence, in all its forms; then per step."""
    quick = {"max_iter": 1, "hidden_size": 4}
    for task in all_tasks(folder):
        X = list(task.X)
        yield task.name + " list", estimator(task, **quick), X, task.y
        yield task.name + " unscaled", estimator(task, **quick), [100 * x + 7 for x in X], task.y
        order = np.argsort(task.y, kind="stable")
        yield task.name + " sorted", estimator(task, **quick), [X[i] for i in order], task.y[order]
        array = as_array(X)
        if array is not None:
            F = array.shape[2]
            table = array.reshape(len(array), -1)
            yield task.name + " array", estimator(task, **quick), array, task.y
            yield task.name + " table", estimator(task, step_features=F, **quick), table, task.y
            yield (
                task.name + " frame",
                estimator(task, step_features=F, **quick),
                pd.DataFrame(table),
                task.y,
            )
            half = array[:, : max(2, array.shape[1] // 8)]
            yield task.name + " short", estimator(task, **quick), half, task.y
    days = [past[:672].reshape(-1, 24) for past, _ in loader(folder).load_m4_hourly().values()]
    today, tomorrow = (np.concatenate([d[k : k + 27] for d in days]) for k in (0, 1))
    one = days[0]
    forecast = skrnn.GRURegressor(**quick)
    yield "24 hours in, 24 out", forecast, today, tomorrow
    yield "24 in, 24 out, one series", forecast, one[:-1], one[1:]
    scale = today.std(axis=1, keepdims=True)
    middle = today.mean(axis=1, keepdims=True)
    yield "24 in, 24 out, scaled", forecast, (today - middle) / scale, (tomorrow - middle) / scale
    yield from right_uses_per_step(folder, quick)


def right_uses_per_step(folder, quick):
    load = loader(folder)
    rolls = [x.astype(np.float32) for x in load.load_chorales()["train"]]
    classifier = skrnn.GRUClassifier(return_sequences=True, **quick)
    yield "chorales", classifier, [x[:-1] for x in rolls], [x[1:].astype(int) for x in rolls]
    cut = np.stack([x[:25] for x in rolls])
    yield "chorales 25", classifier, cut[:, :-1], cut[:, 1:].astype(int)
    laser = load.load_laser()[:3000]
    dates = pd.date_range("2020-01-01", periods=len(laser) - 1, freq="h")
    steps = skrnn.GRURegressor(rows="steps", k1=50, **quick)
    yield "laser", steps, laser[:-1, None], laser[1:]
    for name, index in (
        ("dated", dates), ("time zone", dates.tz_localize("UTC")), ("periods", dates.to_period("h")),
        ("business days", pd.bdate_range("2000", periods=len(dates)).strftime("%Y%m%d").astype(int)),
        ("seconds", dates.asi8 // 10**9),
    ):  # fmt: skip
        yield "laser " + name, steps, pd.DataFrame({"x": laser[:-1]}, index=index), laser[1:]
    parts = [(i, past) for i, (past, _) in list(load.load_m4_hourly().items())[:20]]
    table = pd.DataFrame(
        {"id": np.repeat([i for i, _ in parts], [len(p) - 1 for _, p in parts]),
         "x": np.concatenate([p[:-1] for _, p in parts])}
    )  # fmt: skip
    y = np.concatenate([p[1:] for _, p in parts])
    yield "m4 table", steps.set_params(sequence_id="id"), table, y
    names, languages = load.load_names()
    ids = skrnn.TokenEncoder().fit_transform(names[:2000])
    yield "names", skrnn.GRUClassifier(embedding_size=8, **quick), ids, np.array(languages[:2000])
    windows = np.lib.stride_tricks.sliding_window_view(laser, 20)[:-1]
    yield "laser lags", skrnn.GRURegressor(**quick), windows, laser[20:]
    yield "laser one window", skrnn.GRURegressor(**quick), windows[..., None], laser[20:]


def hours_of_m4(folder, n_series=20, n_hours=600):
    """A table of series with their times, in the order of the series, and the target."""
    series = list(loader(folder).load_m4_hourly().items())[:n_series]
    dates = pd.date_range("2020-01-06", periods=n_hours, freq="h")
    table = pd.concat([pd.DataFrame({"id": str(i), "time": dates}) for i, _ in series], ignore_index=True)
    table["hour"], table["weekday"] = table["time"].dt.hour, table["time"].dt.day_of_week
    return table, np.concatenate([past[:n_hours] for _, (past, _) in series])


def right_uses_of_tables(folder):
    """(name, call without arguments): categories, forecasts, parts of the data, pipelines."""
    quick = {"max_iter": 1, "hidden_size": 4, "random_state": 0}
    table, y = hours_of_m4(folder)
    before = table.assign(x=y)[["id", "x", "hour", "weekday"]].iloc[:-1]
    steps = {"rows": "steps", "sequence_id": "id", "k1": 50, **quick}
    for name, size in (("hour", {"hour": 3}), ("hour and weekday", {"hour": 3, "weekday": 2})):
        model = skrnn.GRURegressor(embedding_size=size, **steps)
        yield f"categories {name}", partial(model.fit, before, y[1:])
    keys = {"sequence_id": "id", "time": "time", "horizon": 24}
    rows = table[["id", "time"]]
    for name, options in (
        ("recursive", {}), ("direct", {"strategy": "direct"}), ("seasonal", {"difference": 24}),
        ("calendar", {"calendar": ("hour", "weekday")}), ("ids", {"embed": {"id": 3}}),
        ("intervals", {"levels": (0.9,)}), ("sampled", {"levels": (0.9,), "interval": "sampled"}),
    ):  # fmt: skip
        forecaster = skrnn.Forecaster(skrnn.GRURegressor(**quick), **keys, **options)
        yield f"Forecaster {name}", partial(forecaster.fit, rows, y)
        mixed = np.random.RandomState(0).permutation(len(rows))
        yield f"Forecaster {name}, mixed", partial(forecaster.fit, rows.iloc[mixed], y[mixed])
    yield from right_uses_of_splits(folder, before, y[1:], steps)
    yield from right_uses_in_parts(folder, before, y[1:], steps, quick)


def right_uses_of_splits(folder, table, y, steps):
    """Series that are not seen, splits by time, and windows of which the last ones are held out."""
    ids = table["id"].to_numpy()
    by_time = np.argsort(table.groupby("id").cumcount().to_numpy(), kind="stable")
    dated = table.set_index(pd.date_range("2020-01-01", periods=len(table), freq="h"))
    laser = loader(folder).load_laser()[:1000]
    for state in ("zeros", "last"):
        model = skrnn.GRURegressor(initial_state=state, **steps)
        for cv in (GroupKFold(4), GroupShuffleSplit(4, random_state=0), LeaveOneGroupOut()):
            yield f"{cv}, {state}"[:60], partial(cross_val_score, model, table, y, groups=ids, cv=cv)
        cv = RollingOrigin(3, horizon=24, sequence_id="id")
        yield f"RollingOrigin, {state}", partial(cross_val_score, model, table, y, cv=cv)
        yield (
            f"rows in the order of time, {state}",
            partial(cross_val_score, model, table.iloc[by_time], y[by_time], cv=TimeSeriesSplit(3)),
        )
        one_by_one = partial(cross_val_score, model, dated, y, cv=TimeSeriesSplit(5))
        yield f"one after the other, {state}", one_by_one
    one = skrnn.GRURegressor(**{**steps, "sequence_id": None})
    yield "one series", partial(cross_val_score, one, laser[:-1, None], laser[1:], cv=TimeSeriesSplit(5))
    stops = skrnn.GRURegressor(hidden_size=4, max_iter=1, random_state=0, early_stopping=True)
    windows = make_pipeline(skrnn.SlidingWindow(20), stops)
    yield "windows, held out", partial(windows.fit, laser[:-1, None], laser[1:])
    windows = make_pipeline(skrnn.SlidingWindow(20, sequence_id="id"), stops)
    yield "windows of series, held out", partial(windows.fit, table, y)
    for length in (10, 24):
        parts = laser[: len(laser) // length * length].reshape(-1, length)
        yield f"{length} rows each, held out", partial(stops.fit, parts[:, :-1, None], parts[:, -1])
    for task in all_tasks(folder):
        yield f"{task.name} held out", partial(
            estimator(task, hidden_size=4, max_iter=1, early_stopping=True, validation_fraction=0.3).fit,
            list(task.X), task.y,
        )  # fmt: skip


def right_uses_in_parts(folder, table, y, steps, quick):
    def partly(model, parts, **given):
        for X, target in parts:
            model.partial_fit(X, target, **given)

    by_series = [
        (part, y[rows]) for rows in np.array_split(np.arange(len(y)), 7) for part in [table.iloc[rows]]
    ]
    for state in ("zeros", "last"):
        model = skrnn.GRURegressor(initial_state=state, **steps)
        yield f"parts of a table, {state}", partial(partly, model, by_series)
    laser = loader(folder).load_laser()[:2000]
    one_by_one = [(laser[k : k + 1, None], laser[k + 1 : k + 2]) for k in range(50)]
    online = skrnn.GRURegressor(rows="steps", initial_state="last", gradient="rtrl", **quick)
    units = {"y_mean": laser.mean(), "y_scale": laser.std()}
    yield "row by row", partial(partly, online, one_by_one, **units)
    for task in all_tasks(folder):
        X, target = list(task.X), np.asarray(task.y)
        parts = [([X[i] for i in rows], target[rows]) for rows in np.array_split(np.arange(len(X)), 5)]
        classes = {} if task.is_regression else {"classes": np.unique(target)}
        yield f"{task.name} in parts", partial(partly, estimator(task, **quick), parts, **classes)
        fit_stream = partial(skrnn.fit_stream, estimator(task, **quick), parts, epochs=2)
        yield f"{task.name} fit_stream", fit_stream
        if task.is_regression:
            around = skrnn.ConformalRegressor(estimator(task, **quick), cv=3)
            yield f"{task.name} ConformalRegressor", partial(around.fit, X, target)
        scaled = make_pipeline(
            skrnn.preprocessing.TimeDistributed(StandardScaler()), estimator(task, **quick)
        )
        yield f"{task.name} scaled", partial(scaled.fit, X, target)


def wrong_uses(folder):
    """(name, model, data, given): what should be warned at."""
    quick = {"max_iter": 1, "hidden_size": 4}
    for task in all_tasks(folder):
        array = as_array(list(task.X))
        if array is None:
            longest = max(map(len, task.X))
            padded = np.stack([np.pad(x, ((0, longest - len(x)), (0, 0))) for x in task.X])
            yield task.name + " padded", estimator(task, **quick), (padded, task.y), {}
            before = np.stack([np.pad(x, ((longest - len(x), 0), (0, 0))) for x in task.X])
            yield task.name + " padded before", estimator(task, **quick), (before, task.y), {}
            array = np.stack([x[: min(map(len, task.X))] for x in task.X])
        yield task.name + " time last", estimator(task, **quick), (array.transpose(0, 2, 1), task.y), {}
        raw = {"X_val": array * 40 + 100, "y_val": task.y}
        yield (
            task.name + " raw X_val",
            estimator(task, early_stopping=True, **quick),
            (array, task.y),
            raw,
        )
    load = loader(folder)
    laser = load.load_laser()[:3000]
    column = laser[:-1, None]
    yield "laser rows", skrnn.GRURegressor(**quick), (column, laser[1:]), {}
    yield "laser rows (n, 1, 1)", skrnn.GRURegressor(**quick), (column[:, None], laser[1:]), {}
    hours = np.stack([past[:700] for past, _ in list(load.load_m4_hourly().values())[:3]], axis=1)
    yield "three series as columns", skrnn.GRURegressor(**quick), (hours[:-1], hours[1:, 0]), {}
    overlapping = np.lib.stride_tricks.sliding_window_view(laser, 21)
    stops = skrnn.GRURegressor(early_stopping=True, **quick)
    yield "overlapping, held out", stops, (overlapping[:, :-1, None], overlapping[:, -1]), {}
    lags = overlapping[::20]
    quick_one = skrnn.GRURegressor(**quick)
    yield "the next value at every step", quick_one, (lags[:, :-1], lags[:, 1:]), {}
    noise = np.random.RandomState(0).normal(size=(100, 20, 1))
    yield "an echo at every step", quick_one, (noise, np.roll(noise[..., 0], 3, axis=1)), {}
    yield "in one step", skrnn.GRURegressor(step_features=3, **quick), (hours[:-1], hours[1:, 0]), {}


def train(folder):
    """What a fit at defaults says, beside its figure and that of a constant."""
    for task in all_tasks(folder):
        for cell in ("LSTM", "GRU", "RNN"):
            model = estimator(task, cell)
            messages = said(model.fit, task.X, task.y)
            score = model.score(task.X_test, task.y_test)
            print(f"{task.name:18s} {cell:5s} score {score:6.3f}  {messages or ''}"[:300], flush=True)


def main():
    folder, n, alarms = sys.argv[1], 0, 0
    for name, model, X, y in right_uses(folder):
        messages = said(model.fit, X, y)
        n, alarms = n + 1, alarms + bool(messages)
        if messages:
            print("false alarm:", name, [m[:150] for m in messages])
    for name, call in right_uses_of_tables(folder):
        messages = said(call)
        n, alarms = n + 1, alarms + bool(messages)
        if messages:
            print("false alarm:", name, [m[:150] for m in messages])
    print(f"right uses: {n}, of which warned at: {alarms}")
    for name, model, data, given in wrong_uses(folder):
        try:
            answer = said(model.fit, *data, **given) or ["NOTHING"]
        except ValueError as error:
            answer = [f"ValueError: {error}"]
        print(f"{name:32s} {answer[0][:90]}")
    if "--train" in sys.argv:
        train(folder)


if __name__ == "__main__":
    main()
