"""Estimator and data of a case: ``build(case)`` gives what a call of fit is made of.

A case says how (``cases.py``); nothing is drawn here but numbers, from the seed of the case. Data are
made as a list of sequences (T_i, F) first, and put into the container that the case names.
"""

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse
from support.arrays import backwards, memmap, object_array, read_only, unaligned

import skrnn

RAGGED = ("ragged list", "ragged object array", "ragged tokens")
ROWS = ("rows", "rows with ids", "frame of rows", "interleaved rows")
TOKENS = ("tokens", "ragged tokens", "token table")
N_TOKENS = 6


class Data:
    """What fit is called with, and what holds of it.

    Attributes
    ----------
    estimator : estimator instance
    X, y, weight : object
    X_val, y_val : object
    items : list or None
        The sequences, where each may be predicted alone.
    same : object or None
        X in another container, which must lead to the same bits.
    """

    def __init__(self, estimator, X, y, weight=None):
        self.estimator, self.X, self.y, self.weight = estimator, X, y, weight
        self.X_val = self.y_val = self.items = self.same = None

    def arguments(self):
        """Keyword arguments of fit beside X and y."""
        given = {"sample_weight": self.weight, "X_val": self.X_val, "y_val": self.y_val}
        return {name: value for name, value in given.items() if value is not None}


def build(case):
    """The ``Data`` of a case."""
    return BUILDERS[case["kind"]](case, np.random.RandomState(case["seed"]))


def estimator_of(case, **more):
    """The estimator of a case; parameters that it has not are left out."""
    cls = getattr(skrnn, case["cls"])
    known = cls().get_params()
    params = {"hidden_size": 3, "max_iter": 2, "random_state": 0, "tol": None}
    for given in (more, case["params"], case["wrong"] or {}):
        params.update({name: value for name, value in given.items() if name in known})
    if params.get("learning_rate") == "adaptive" and params["tol"] is None:
        params["tol"] = 1e-4
    return cls(**params)


# --- sequences --------------------------------------------------------------------------------------


def lengths_of(case, rng):
    n, T = case["n"], case["T"]
    return rng.randint(1, T + 1, size=n) if case["form"] in RAGGED + ROWS[1:] else np.full(n, T)


def scaled(values, scale):
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(values * scale), values * scale, values)


def sequences(case, rng, lengths):
    if case["form"] in TOKENS:
        return [rng.randint(N_TOKENS, size=T) for T in lengths]
    items = [scaled(rng.normal(size=(T, case["F"])), case["scale"]) for T in lengths]
    if case["form"] == "categories":
        for item in items:
            item[:, 0] = rng.randint(3, size=len(item))
    if case["form"] == "integers":
        items = [rng.randint(-5, 5, size=item.shape) for item in items]
    return items


def joined(case, items):
    """The sequences in the container of the case, and the parameters that say how it is read."""
    form, F = case["form"], case["F"]
    if form in ROWS:
        return rows_of(form, items)
    if form in TOKENS:
        tokens = {"embedding_size": 2, "n_tokens": N_TOKENS}
        return (np.array(items) if form == "token table" else list(items)), tokens
    if form in ("list", "ragged list", "object array", "ragged object array", "lists of lists"):
        X = [item.tolist() for item in items] if form == "lists of lists" else list(items)
        return (object_array(X) if "object" in form else X), {}
    X = np.stack(items)
    if form in ("table", "frame", "polars"):
        X = X.reshape(len(X), -1)
        make = {"table": np.asarray, "frame": _frame, "polars": _polars}[form]
        return make(X), {"step_features": F}
    extra = {"embedding_size": {0: 2}, "n_tokens": {0: 3}} if form == "categories" else {}
    return LAYOUTS.get(form, np.asarray)(X), extra


def _frame(X):
    return pd.DataFrame(X, columns=[f"column{i}" for i in range(X.shape[1])])


def _polars(X):
    return pl.from_pandas(_frame(X))


def _narrow(dtype):
    def make(X):
        with np.errstate(over="ignore"):
            return X.astype(dtype)

    return make


LAYOUTS = {
    "float32": _narrow(np.float32),
    "float16": _narrow(np.float16),
    "big-endian": lambda X: X.astype(">f8"),
    "fortran": np.asfortranarray,
    "backwards": backwards,
    "read-only": read_only,
    "memmap": memmap,
    "unaligned": unaligned,
    "broadcast": lambda X: np.broadcast_to(X[:1], X.shape),
}


def rows_of(form, items):
    """A table of steps; ids, if there are any, in the first column."""
    X = np.concatenate(items)
    if form == "rows":
        return X, {"rows": "steps"}
    ids = np.repeat(np.arange(len(items)), [len(item) for item in items])
    if form == "interleaved rows":
        order = interleaved([len(item) for item in items])
        X, ids = X[order], ids[order]
    if form == "frame of rows":
        frame = _frame(X).assign(shop=[f"shop {i}" for i in ids])
        return frame, {"rows": "steps", "sequence_id": "shop"}
    return np.column_stack([ids, X]), {"rows": "steps", "sequence_id": 0}


def interleaved(lengths):
    return np.argsort(np.concatenate([np.arange(T) for T in lengths]), kind="stable")


def targets_of(case, rng, lengths):
    """y, one for each sequence or one for each step."""
    form = case["form"]
    per_step = case["per_step"] or form in ROWS
    if not per_step:
        return values_of(case, rng, len(lengths))
    items = [values_of(case, rng, T) for T in lengths]
    if form in ROWS:
        y = np.concatenate(items)
        return y[interleaved(lengths)] if form == "interleaved rows" else y
    return items if form in RAGGED else np.array(items)


def values_of(case, rng, n):
    kind = case["y"]
    shape = (n, 2) if kind == "several" else (n, 1) if kind == "column" else n
    if "Classifier" not in case["cls"]:
        y = np.zeros(shape) + 3 if kind == "constant" else rng.normal(size=shape)
        y = np.abs(y) if case["params"].get("loss") == "poisson" else y
        return scaled(y, case["scale_y"])
    y = rng.randint(0, 2 if kind in ("several", "bool") else 3, size=shape)
    y = np.zeros(shape, int) if kind == "constant" else y
    if kind == "text":
        return np.array(["no", "maybe", "yes"])[y]
    return y.astype(bool) if kind == "bool" else y


def weights_of(case, rng, n):
    kind = case["weight"]
    if kind is None:
        return None
    w = {"ones": np.ones(n), "zeros": np.zeros(n)}.get(kind, rng.uniform(0.1, 2, size=n))
    if kind == "some zero":
        w[:: 2] = 0  # fmt: skip
    if kind in ("negative", "nan"):
        w[-1] = -1.0 if kind == "negative" else np.nan
    w = scaled(w, {"huge": 1e300, "tiny": 1e-300}.get(kind, 1.0))
    return w[:-1] if kind == "short" else w[:, None] if kind == "column" else w


def of_sequences(case, rng):
    lengths = lengths_of(case, rng)
    items = sequences(case, rng, lengths)
    if case["form"] == "broadcast":
        items = [items[0]] * len(items)
    X, reads = joined(case, items)
    y = targets_of(case, rng, lengths)
    per_step = case["per_step"] and case["form"] not in ROWS
    estimator = estimator_of(case, **reads, **({"return_sequences": True} if per_step else {}))
    data = Data(estimator, X, y, weights_of(case, rng, len(y)))
    exact = ("array", "list", "ragged list", "object array", "table", "tokens", "ragged tokens")
    if case["form"] in exact and case["defect"] is None:
        data.items = items
    layouts = ("array", "big-endian", "fortran", "backwards", "read-only", "memmap", "unaligned")
    if case["form"] in layouts and case["defect"] is None:
        data.same = list(np.ascontiguousarray(items))
    return spoiled(case, with_validation(case, data))


def with_validation(case, data):
    if case["validation"] is None or case["method"] != "fit":
        return data
    kind, X, y = case["validation"], data.X, data.y
    if kind == "one" and not case["form"].startswith(("frame", "polars")):
        X, y = X[:1], y[:1]
    if kind in ("other features", "nan") and isinstance(X, np.ndarray) and X.dtype.kind == "f":
        X = np.concatenate([X, X], axis=-1) if kind == "other features" else X * np.nan
    data.X_val, data.y_val = X, y
    return data


# --- what is wrong with data ------------------------------------------------------------------------


def _with(value, target="X"):
    """One entry of an array, or of the first array of a list, is another one."""

    def spoil(data):
        values = getattr(data, target)
        first = values[0] if isinstance(values, list) or np.asarray(values).dtype == object else values
        first = np.array(first, dtype=object if isinstance(value, str) else None)
        if first.dtype.kind not in "fO":
            first = first.astype(object if first.dtype.kind in "UO" else float)
        first.reshape(-1)[-1] = value
        is_list = isinstance(values, list) or getattr(values, "dtype", "") == "O"
        setattr(data, target, [first, *list(values)[1:]] if is_list else first)

    return spoil


def _changed(change, target="X"):
    def spoil(data):
        setattr(data, target, change(getattr(data, target)))

    return spoil


def _first(change):
    """The first sequence of a list is another one."""
    return _changed(lambda X: [change(np.asarray(X[0])), *list(X)[1:]])


def _masked(X):
    return np.ma.masked_greater(np.asarray(X), 0.5)


DEFECTS = {
    "nan in X": _with(np.nan),
    "inf in X": _with(-np.inf),
    "nan in y": _with(np.nan, "y"),
    "inf in y": _with(np.inf, "y"),
    "y too short": _changed(lambda y: y[:-1], "y"),
    "y too long": _changed(lambda y: [*list(y), y[0]], "y"),
    "features differ": _first(lambda x: np.concatenate([x, x], axis=-1)),
    "empty sequence": _first(lambda x: x[:0]),
    "no sequences": _changed(lambda X: X[:0]),
    "no steps": _changed(lambda X: np.asarray(X)[:, :0]),
    "text in X": _with("text"),
    "complex X": _changed(lambda X: np.asarray(X) + 1j),
    "sparse X": _changed(lambda X: sparse.csr_array(np.ones((len(X), 3)))),
    "masked X": _changed(_masked),
    "4-D X": _changed(lambda X: np.asarray(X)[..., None, None]),
    "1-D X": _changed(lambda X: np.arange(len(X)) * 1.0),
    "None as X": _changed(lambda X: None),
    "None as y": _changed(lambda y: None, "y"),
    "scalar X": _changed(lambda X: 3.0),
    "objects in X": _with(object()),
    "text in y": _with("text", "y"),
    "3-D y": _changed(lambda y: np.ones((len(y), 2, 2)), "y"),
    "nested y": _changed(lambda y: [[v] for v in y], "y"),
    "dates in X": _changed(lambda X: np.full(np.shape(X)[:2], np.datetime64("2024-01-01"))),
    "a generator": _changed(lambda X: (x for x in X)),
    "a set": _changed(lambda X: {1, 2, 3}),
    "y of objects": _changed(lambda y: [object() for _ in range(len(y))], "y"),
    "steps of y": _changed(lambda y: [np.arange(1 + i) for i in range(len(y))], "y"),
}


def spoiled(case, data):
    """The data with the defect of the case; one that cannot be put in is left out."""
    if case["defect"]:
        try:
            DEFECTS[case["defect"]](data)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError, pl.exceptions.PolarsError):
            case["defect"] = "none was possible"
    return data


# --- pairs ------------------------------------------------------------------------------------------


def of_pairs(case, rng):
    def text():
        return "".join(rng.choice(list("abcd"), size=rng.randint(0, case["T"] + 1)))

    as_form = {
        "text": str, "lists": list, "ints": lambda s: [ord(c) for c in s],
        "tuples": lambda s: [(c, 1) for c in s], "object array": str, "unequal": list,
    }[case["form"]]  # fmt: skip
    X, y = ([as_form(text() + extra) for _ in range(case["n"])] for extra in ("a", ""))
    X = object_array(X) if case["form"] == "object array" else X
    data = Data(estimator_of(case), X, y, weights_of(case, rng, case["n"]))
    data.items = None if case["defect"] else X
    return spoiled(case, data)


def of_number_pairs(case, rng):
    lengths = lengths_of(case, rng)
    items = sequences(case, rng, lengths)
    X, _ = joined(case, items)
    k = case["y"]
    shape = (2,) if k == "several" else ()
    sizes = rng.randint(1, 5, size=case["n"]) if k == "ragged" else [3] * case["n"]
    y = [np.zeros((m, *shape)) if k == "constant" else rng.normal(size=(m, *shape)) for m in sizes]
    y = [np.abs(v) for v in y] if case["params"].get("loss") == "poisson" else y
    y = [scaled(v, case["scale_y"]) for v in y]
    data = Data(estimator_of(case), X, y if k == "ragged" else np.array(y))
    data.weight = weights_of(case, rng, case["n"])
    data.items = None if case["defect"] or case["form"] == "float32" else items
    return spoiled(case, data)


# --- forecasts, intervals, transformers -------------------------------------------------------------


def times_of(kind, n):
    if kind == "days":
        return pd.date_range("2024-02-20", periods=n)
    if kind == "months":
        return pd.date_range("2020-01-31", periods=n, freq="ME")
    return np.arange(n) * 2.0


def panel(case, rng):
    """A table of series with all that Forecaster may read, and y."""
    n, parts = case["n_rows"] + case["horizon"], []
    for k in range(case["n_series"]):
        part = pd.DataFrame({"shop": k, "price": rng.randint(3, size=n), "kind": k % 2})
        part["time"] = times_of(case["time"], n)
        part["y"] = scaled(rng.normal(size=n) + 3, case["scale_y"])
        part["later"] = np.arange(n) >= case["n_rows"]
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return table.drop(columns=["y", "later"]), table["y"].to_numpy(), table["later"].to_numpy()


def of_forecaster(case, rng):
    X, y, later = panel(case, rng)
    options = {"known": ["price"], "static": ["kind"], **case["options"]}
    options |= {} if case["n_series"] == 1 else {"sequence_id": "shop"}
    if case["time"] is None:
        X = X.drop(columns="time")
    else:
        options["time"] = "time"
    if case["n_series"] == 1:
        X = X.drop(columns="shop")
    if case["table"] == "polars":
        tables = [pl.from_pandas(X[mask]) for mask in (~later, later)]
    else:
        tables = [X[~later], X[later]]
    model = skrnn.Forecaster(estimator_of(case), horizon=case["horizon"], **options)
    data = Data(model, tables[0], y[~later])
    data.X_val, data.items = tables[1], None  # the rows to come
    return spoiled({**case, "defect": case["defect"] if case["table"] == "pandas" else None}, data)


def of_conformal(case, rng):
    data = of_sequences({**case, "validation": None}, rng)
    data.estimator = skrnn.ConformalRegressor(data.estimator, **case["options"])
    data.items = data.same = None
    return data


def transformers(case):
    """Transformer by the name of the case."""
    k = case["option"]
    of_rows = {"sequence_id": {"rows with ids": 0, "frame of rows": "shop"}.get(case["form"])}
    return {
        "Differencer": lambda: skrnn.preprocessing.Differencer([1, 2, 0, 1, 3, 1][k], **of_rows),
        "FillForward": lambda: skrnn.preprocessing.FillForward(
            fill_value=["mean", 0.0, "mean", -1, "mean", None][k], add_indicator=k % 2 == 0, **of_rows
        ),
        "SeriesScaler": lambda: skrnn.preprocessing.SeriesScaler(
            method=["standard", "mean", "robust", "max", "standard", 3][k], **of_rows
        ),
        "SlidingWindow": lambda: skrnn.SlidingWindow([1, 2, 3, 0, 99, 2][k], **of_rows),
        "SwapTimeAxis": skrnn.preprocessing.SwapTimeAxis,
        "TimeDistributed": lambda: skrnn.TimeDistributed(_steps(k)),
        "TokenEncoder": lambda: skrnn.TokenEncoder(["char", "word", "char", list, "x", "word"][k]),
    }[case["transformer"]]()


def _steps(k):
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    return [StandardScaler(), MinMaxScaler(), PCA(1), StandardScaler(), None, PCA(99)][k]


def of_transformer(case, rng):
    lengths = lengths_of(case, rng)
    items = sequences({**case, "defect": None}, rng, lengths)
    if case["missing"] and case["form"] not in (*TOKENS, "integers"):
        for item in items:
            item[rng.uniform(size=item.shape) < 0.3] = np.nan
    X, _ = joined(case, items)
    if case["transformer"] == "TokenEncoder":
        X = ["".join(chr(97 + i) for i in rng.randint(6, size=T)) for T in lengths]
    is_function = case["transformer"] in ("padded", "long")
    data = Data(None if is_function else transformers(case), X, None)
    return spoiled(case, data)


BUILDERS = {
    "sequences": of_sequences,
    "pairs": of_pairs,
    "number pairs": of_number_pairs,
    "forecaster": of_forecaster,
    "conformal": of_conformal,
    "transformer": of_transformer,
}
