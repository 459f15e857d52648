"""Whether two installations compute the same, bit for bit: for changes that must not change a result.

Some thousand cases are trained from fixed seeds, on small data, through the public interface only, so
that the same file runs with either installation. Of every result (weights, answers of all methods,
curves, states, warnings, what is printed, errors and their texts) a digest of type, shape and bytes is
kept; of texts and single numbers they themselves. Warnings are kept with where they point to: to the
caller, into skrnn, or elsewhere. Addresses, times, speeds and the order of sets are taken out of texts.

Run: python benchmarks/bitwise.py record FILE             some minutes, on one core
     python benchmarks/bitwise.py compare FILE FILE       lists differences; exits with 1 if there are any
     python benchmarks/bitwise.py between PYTHON PYTHON   both, with two interpreters
     --only PATTERN     cases whose name has a match of this regular expression
     --seed N           other data and other combinations, default 0
     --kernels LEVEL    SKRNN_KERNELS while recording: numpy, baseline, avx2 or avx512
Needs pandas; matplotlib, polars and rich for some cases. Compare only what was recorded on the same
machine, with the same versions of everything else.

To add a case, add a line to a table. A case is a dict of settings: those named in ``SETTINGS`` say what
data there are and what is done with them, all others are parameters of the estimator.

``CHANGES``      options, by what they are about; each is tried by itself on all ``BASES`` and estimators,
                 and in random combinations, at most one of a group
``CONTAINERS``, ``TARGETS``, ``WEIGHTS``    forms of X, what y says, weights; named in settings
``COURSES``      what is done with an estimator, beside one fit
``PIPELINES``, ``SEARCHES``, ``PAIRS``      settings for these
``ERRORS``, ``WRONG``, ``MISUSES``          what must be refused, and leaves a fitted model as it was
``DATASETS``, ``TRANSFORMERS``, ``INSPECTIONS``, ``SCORERS``     calls of the other public functions
"""

import argparse
import contextlib
import copy
import hashlib
import importlib
import inspect
import io
import json
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import scipy.sparse
import sklearn
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, d2_pinball_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, TimeSeriesSplit, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

N_RANDOM = 250
KINDS = ("Regressor", "Classifier")
CELLS = ("RNN", "LSTM", "GRU")
SIX = [cell + kind for kind in KINDS for cell in CELLS]
BORDER = ["GRURegressor", "LSTMClassifier"]  # for what does not depend on the cell
SMALL = {"hidden_size": 4, "max_iter": 4, "random_state": 0}
STEPS = {"return_sequences": True}


def sk(name=""):
    """skrnn, or a public module of it; imported late, as ``--kernels`` must come first."""
    return importlib.import_module("skrnn" + name)


# --- what is kept of a value ------------------------------------------------------------------------


def text(message, folder=None):
    """A message without what differs between two runs of the same code."""
    message = message.replace(str(folder), "<folder>") if folder else message
    message = re.sub(r'^  File ".*\n(    .*\n)*', "", message, flags=re.MULTILINE)  # of a traceback
    message = re.sub(r"0x[0-9a-fA-F]+", "0x", message)
    message = re.sub(r"\b\w+\.(\w+\(\) (missing|got|takes))", r"\1", message)  # Python names the class
    message = re.sub(r"[\d,]+ steps/s", "<speed>", message)
    message = re.sub(r"(\d+ (min|h) )?[\d.]+ (s|min) left", "<time> left", message)
    return re.sub(r"\{([^{}:]*)\}", lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", message)


def digest(value):
    """What is written down of a value: itself, if it is short; else what it is, and its digest."""
    if isinstance(value, str):
        return text(value) if len(value) < 2000 else f"str {_hash(value)}"
    if value is None or isinstance(value, (bool, int, float)):
        return f"{type(value).__name__} {value!r}"
    shape = getattr(value, "shape", None)
    size = shape if shape is not None else len(value) if hasattr(value, "__len__") else ""
    return f"{type(value).__name__} {getattr(value, 'dtype', '')} {size} {_hash(value)}"


def _hash(value):
    sha = hashlib.sha256()
    _feed(sha, value)
    return sha.hexdigest()[:24]


def _feed(sha, value):
    sha.update(f"<{type(value).__name__}>".encode())
    for kinds, feed in FEEDS:
        if isinstance(value, kinds):
            feed(sha, value)
            return
    if type(value).__repr__ is not object.__repr__:  # which would name the module
        sha.update(text(repr(value)).encode())


def _feed_all(sha, values):
    for value in values:
        _feed(sha, value)
    sha.update(b"<end>")


def _feed_array(sha, array):
    sha.update(f"{array.dtype.str}{array.shape}".encode())
    if array.dtype.hasobject:
        _feed_all(sha, array.ravel().tolist())
    else:
        sha.update(np.ascontiguousarray(array).tobytes())


def _feed_frame(sha, frame):
    _feed_all(sha, [frame.to_numpy(), list(getattr(frame, "columns", ())), list(frame.index)])


FEEDS = [  # the first that fits
    ((np.ma.MaskedArray,), lambda sha, v: _feed_all(sha, v.tolist())),
    ((np.ndarray, np.generic), lambda sha, v: _feed_array(sha, np.asarray(v))),
    ((str,), lambda sha, v: sha.update(text(v).encode())),
    ((float,), lambda sha, v: sha.update(struct.pack("<d", v))),
    ((dict,), lambda sha, v: _feed_all(sha, [part for item in v.items() for part in item])),
    ((set, frozenset), lambda sha, v: _feed_all(sha, sorted(map(repr, v)))),
    ((list, tuple), _feed_all),
    ((pd.DataFrame, pd.Series), _feed_frame),
    ((np.random.RandomState,), lambda sha, v: _feed_all(sha, v.get_state())),
    ((type,), lambda sha, v: sha.update(v.__name__.encode())),
    ((BaseEstimator,), lambda sha, v: _feed(sha, v.get_params(deep=False))),
]


class Recorder:
    """The results of one case, by name."""

    def __init__(self, folder, seed):
        self.folder, self.seed, self.results = folder, seed, {}

    def put(self, name, value):
        self.results[name] = digest(value)

    def call(self, name, function, *args, **kwargs):
        """Call; keep the answer or the error, the warnings and what is printed. None after an error."""
        answer, printed = None, io.StringIO()
        with warnings.catch_warnings(record=True) as said, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            try:
                answer = function(*args, **kwargs)
                self.put(name, answer)
            except (Exception, KeyboardInterrupt) as error:
                self.put(name, self.error(error))
        if said:
            self.put(f"{name}: warnings", "\n".join(map(self.warning, said)))
        if printed.getvalue():
            self.put(f"{name}: printed", text(printed.getvalue(), self.folder))
        return answer

    def error(self, error):
        notes = "".join(f" [{note}]" for note in getattr(error, "__notes__", ()))
        return f"{type(error).__name__}: {text(str(error), self.folder)}{notes}"

    def warning(self, w):
        inside = Path(w.filename).is_relative_to(Path(sk().__file__).parent)
        where = "caller" if w.filename == __file__ else "skrnn" if inside else "elsewhere"
        return f"{w.category.__name__} ({where}): {text(str(w.message), self.folder)}"

    def attributes(self, model, name=""):
        """All that a fit has left, each weight for itself."""
        for attribute in _fitted(model):
            try:
                value = getattr(model, attribute)
            except Exception as error:
                value = self.error(error)
            if attribute == "weights_" and isinstance(value, dict):
                for weight, array in value.items():
                    self.put(f"{name}weights_[{weight}]", array)
            elif attribute not in ("cv_results_", "refit_time_"):
                self.put(name + attribute, value)


def _fitted(model):
    return [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]


def state(model):
    """A digest of all attributes of a fitted model."""
    recorder = Recorder(None, 0)
    recorder.attributes(model)
    return _hash(recorder.results)


# --- data -------------------------------------------------------------------------------------------

SHAPES = {  # sequences, fewest and most time steps, features
    "equal": (14, 9, 9, 2),
    "ragged": (14, 3, 12, 2),
    "few": (3, 30, 34, 2),
    "one": (1, 60, 60, 2),
    "one step": (12, 1, 1, 2),
    "many": (230, 3, 3, 1),
    "wide": (80, 24, 24, 3),
    "long": (1, 10040, 10040, 1),
    "narrow": (14, 9, 9, 1),
    "lengthy": (6, 130, 150, 1),
    "tall": (90, 100, 100, 2),
    "deep": (3, 3000, 3000, 2),
    "words": (16, 2, 7, 1),
}
LETTERS = "abcdefg"
NAMES = ["flow", "heat", "rain"]


def ids(x):
    """Tokens 1 to 5 instead of the first feature."""
    return np.digitize(x[:, 0], [-1, -0.3, 0.3, 1]) + 1


def word(x):
    return "".join(LETTERS[i] for i in ids(x))


def objects(items):
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def table(S):
    return np.stack(S).reshape(len(S), -1)


def frame(values):
    return pd.DataFrame(values, columns=[f"c{i}" for i in range(values.shape[1])])


def interleaved(S):
    """The steps of all sequences as one table: their first ones, their second ones, ..."""
    return np.concatenate(S)[np.argsort(np.concatenate([range(len(s)) for s in S]), kind="stable")]


def with_ids(S):
    return interleaved([np.column_stack([np.full(len(s), 7 - i), s]) for i, s in enumerate(S)])


def pumps(S):
    values = interleaved(S)
    names = interleaved([np.full(len(s), f"pump {3 - i}") for i, s in enumerate(S)])
    columns = dict(zip(NAMES, values.T, strict=False))
    return pd.DataFrame({"pump": names, **columns})


def _dates(X):
    return pd.Timestamp("2024-02-28") + pd.to_timedelta(X["pump"].str[-1].astype(int), "D")


def on_disk(values):
    """Mapped from a file of the case's own folder, which is the current one."""
    name = f"X{len(os.listdir())}.npy"
    np.save(name, values)
    return np.load(name, mmap_mode="r")


def large(values):
    """So many columns that the file counts as a large one."""
    return np.repeat(values.astype(np.float32), 950, axis=-1)


def polars_frame(values):
    return importlib.import_module("polars").DataFrame(
        {f"c{i}": column for i, column in enumerate(values.T)}
    )


TABLE, ROWS, TOKENS = {"step_features": 2}, {"rows": "steps"}, {"embedding_size": 3}
# name -> shape, list of (T_i, F) -> X, parameters that it needs
CONTAINERS = {
    "array": ("equal", np.stack, {}),
    "array F order": ("equal", lambda S: np.asfortranarray(np.stack(S)), {}),
    "array sliced": ("equal", lambda S: np.repeat(np.stack(S), 2, axis=1)[::-1, ::2], {}),
    "array float32": ("equal", lambda S: np.stack(S).astype(np.float32), {}),
    "array float16": ("equal", lambda S: np.stack(S).astype(np.float16), {}),
    "array int": ("equal", lambda S: (3 * np.stack(S)).astype(int), {}),
    "array object": ("equal", lambda S: np.stack(S).astype(object), {}),
    "array big-endian": ("equal", lambda S: np.stack(S).astype(">f8"), {}),
    "mapped": ("equal", lambda S: on_disk(np.stack(S)), {}),
    "one step": ("one step", np.stack, {}),
    "many": ("many", np.stack, {}),
    "many float32": ("many", lambda S: np.stack(S).astype(np.float32), {}),
    "wide": ("wide", np.stack, {}),
    "wide float32": ("wide", lambda S: np.stack(S).astype(np.float32), {}),
    "list": ("equal", list, {}),
    "ragged": ("ragged", list, {}),
    "ragged float32": ("ragged", lambda S: [s.astype(np.float32) for s in S], {}),
    "tuple": ("ragged", tuple, {}),
    "few": ("few", list, {}),
    "single": ("one", list, {}),
    "object array": ("ragged", objects, {}),
    "object array equal": ("equal", objects, {}),
    "series of arrays": ("ragged", lambda S: pd.Series(list(S)), {}),
    "nested lists": ("ragged", lambda S: [s.tolist() for s in S], {}),
    "list of frames": ("ragged", lambda S: [pd.DataFrame(s, columns=NAMES[:2]) for s in S], {}),
    "table": ("equal", table, TABLE),
    "table of single steps": ("narrow", table, {}),
    "table mapped": ("equal", lambda S: on_disk(table(S)), TABLE),
    "table list": ("equal", lambda S: table(S).tolist(), TABLE),
    "frame": ("equal", lambda S: frame(table(S)), TABLE),
    "polars frame": ("equal", lambda S: polars_frame(table(S)), TABLE),
    "unequal rows": ("ragged", lambda S: [s.ravel() for s in S], TABLE),
    "steps": ("one", lambda S: S[0], ROWS),
    "steps float32": ("one", lambda S: S[0].astype(np.float32), ROWS),
    "steps mapped": ("one", lambda S: on_disk(S[0]), ROWS),
    "steps frame": ("one", lambda S: pd.DataFrame(S[0], columns=NAMES[:2]), ROWS),
    "steps long": ("long", lambda S: S[0], ROWS),
    "series": ("few", with_ids, {**ROWS, "sequence_id": 0}),
    "series mapped": ("few", lambda S: on_disk(with_ids(S)), {**ROWS, "sequence_id": 0}),
    "series frame": ("few", pumps, {**ROWS, "sequence_id": "pump"}),
    "series polars": (
        "few",
        lambda S: importlib.import_module("polars").from_pandas(pumps(S)),
        {**ROWS, "sequence_id": "pump"},
    ),
    "series objects": ("few", lambda S: pumps(S).to_numpy(), {**ROWS, "sequence_id": 0}),
    "series list": ("few", lambda S: pumps(S).to_numpy().tolist(), {**ROWS, "sequence_id": 0}),
    "series dates": ("few", lambda S: pumps(S).assign(pump=_dates), {**ROWS, "sequence_id": "pump"}),
    "steps polars": ("one", lambda S: polars_frame(S[0]), ROWS),
    "lengthy": ("lengthy", list, {}),
    "large mapped": ("tall", lambda S: on_disk(large(np.stack(S))), {}),
    "large steps mapped": ("deep", lambda S: on_disk(large(np.concatenate(S))), ROWS),
    "large series mapped": (
        "deep",
        lambda S: on_disk(large(with_ids(S)[:, :2])),
        {**ROWS, "sequence_id": 0},
    ),
    "tokens": ("ragged", lambda S: [ids(s) for s in S], TOKENS),
    "tokens array": ("equal", lambda S: np.stack([ids(s) for s in S]), TOKENS),
    "tokens object array": ("ragged", lambda S: objects([ids(s) for s in S]), TOKENS),
    "tokens lists": ("ragged", lambda S: [ids(s).tolist() for s in S], TOKENS),
    "tokens float": ("ragged", lambda S: [ids(s).astype(np.float32) for s in S], TOKENS),
    "tokens frame": ("equal", lambda S: frame(np.stack([ids(s) for s in S])), TOKENS),
    "tokens n_tokens": ("ragged", lambda S: [ids(s) for s in S], {**TOKENS, "n_tokens": 9}),
    "tokens steps": ("one", lambda S: ids(S[0])[:, None], {**ROWS, **TOKENS}),
    "tokens series": (
        "few",
        lambda S: with_ids([ids(s)[:, None] for s in S]),
        {**ROWS, **TOKENS, "sequence_id": 0},
    ),
    "strings": ("words", lambda S: [word(s) for s in S], {}),
    "strings array": ("words", lambda S: np.array([word(s) for s in S]), {}),
    "strings series": ("words", lambda S: pd.Series([word(s) for s in S]), {}),
    "lists of tokens": ("words", lambda S: [[f"w{i}" for i in ids(s)] for s in S], {}),
    "lists of numbers": ("words", lambda S: objects([ids(s) for s in S]), {}),
    "mixed tokens": (
        "words",
        lambda S: [tuple("ab"[i % 2] if i > 2 else i for i in ids(s)) for s in S],
        {},
    ),
}


def wave(x):
    """What targets are made of: this input and the one before it."""
    return x[:, 0] + 0.5 * np.r_[0, x[:-1, -1]]


# name -> what y says of the steps of x (T, F); with one target per sequence the last step counts
TARGETS = {
    "number": wave,
    "large": lambda x: 1e5 + 1e3 * wave(x),
    "whole": lambda x: (4 * wave(x)).astype(int),
    "constant": lambda x: np.full(len(x), 2.5),
    "outputs": lambda x: np.stack([wave(x), 5 - x[:, 0]], axis=1),
    "column": lambda x: wave(x)[:, None],
    "next": lambda x: np.r_[x[1:, 0], 0],
    "next of all": lambda x: np.r_[x[1:], x[:1]],
    "counts": lambda x: np.floor(np.exp(wave(x))),
    "classes": lambda x: np.digitize(wave(x), [-0.6, 0.6]),
    "binary": lambda x: (wave(x) > 0).astype(int),
    "booleans": lambda x: wave(x) > 0,
    "floats": lambda x: np.digitize(wave(x), [-0.6, 0.6]) * 2.0,
    "strings": lambda x: np.array(["low", "middle", "high"])[np.digitize(wave(x), [-0.6, 0.6])],
    "binary strings": lambda x: np.where(wave(x) > 0, "up", "down"),
    "objects": lambda x: np.where(wave(x) > 0, "up", "down").astype(object),
    "label column": lambda x: np.digitize(wave(x), [-0.6, 0.6])[:, None],
    "multilabel": lambda x: np.stack([wave(x) > 0, x[:, 0] > 0.4, wave(x) < 0.8], axis=1).astype(int),
    "one-hot": lambda x: np.eye(3, dtype=int)[np.digitize(wave(x), [-0.6, 0.6])],
    "tokens": lambda x: np.r_[ids(x)[1:], 1],
}
OF_REGRESSORS = list(TARGETS)[: list(TARGETS).index("counts") + 1]
OF_CLASSIFIERS = list(TARGETS)[list(TARGETS).index("classes") :]
# of whole sequences, for encoder-decoders
ANSWERS = {
    "reversed": lambda x: word(x)[::-1],
    "first letters": lambda x: word(x)[:2] if x[0, 0] < 0.8 else "",
    "doubled": lambda x: [letter for letter in word(x)[:3] for _ in range(2)],
    "numbers": lambda x: ids(x)[::-1],
}
# random numbers and T -> weights of a sequence or of its steps
WEIGHTS = {
    "real": lambda rng, T: rng.uniform(0.2, 2),
    "whole": lambda rng, T: rng.randint(1, 4),
    "zeros": lambda rng, T: float(rng.randint(2)),
    "ones": lambda rng, T: 1,
    "steps": lambda rng, T: rng.uniform(0.2, 2, size=T),
    "steps whole": lambda rng, T: rng.randint(1, 4, size=T),
    "steps zeros": lambda rng, T: rng.randint(2, size=T).astype(float),
}
LISTED = {"array": np.stack, "list": list, "objects": objects, "lists": lambda v: [a.tolist() for a in v]}
SPLITTERS = {"k": KFold(2), "time": TimeSeriesSplit(2), "group": GroupKFold(2)}

# What a case is made of, beside parameters of the estimator.
SETTINGS = {
    "estimator": "GRURegressor",
    "container": "array",
    "target": None,  # "number" or "classes"
    "y_form": None,  # of LISTED, for targets per step
    "weights": None,
    "validation": False,  # whether fit is given X_val
    "course": "fit",
    "before": (),  # names of STAGES, to be put before the estimator
    "target_scaler": False,
    "grid": None,
    "cv": "k",
    "scoring": None,
    "spoil": None,  # what of "X", "y" or "weights" is replaced by the function's answer
    "known": {},  # parameters of the fit that went well before a bad one
}


def make_data(settings, seed):
    """X, y and weights for training, and others like them as ``new`` and ``val``."""
    data = _draw(settings, np.random.RandomState(seed))
    data.new = _draw(settings, np.random.RandomState(seed + 1))
    data.val = _draw(settings, np.random.RandomState(seed + 2))
    if settings["spoil"]:
        what, spoil = settings["spoil"]
        setattr(data, what, spoil(copy.deepcopy(getattr(data, what))))
    return data


def _draw(settings, rng):
    shape, wrap, _ = CONTAINERS[settings["container"]]
    n, low, high, F = SHAPES[shape]
    S = [rng.normal(size=(rng.randint(low, high + 1), F)) for _ in range(n)]
    y = _targets(settings, S)
    X, future = wrap(S), None
    with contextlib.suppress(Exception):  # not for all of them
        future = wrap([s[:3] for s in S])
    weights = None
    if settings["weights"]:
        weights = [WEIGHTS[settings["weights"]](rng, len(s)) for s in S]
        weights = _as_targets(settings, weights, S)
    return SimpleNamespace(S=S, X=X, y=y, weights=weights, future=future)


def _targets(settings, S):
    kind = "Classifier" in settings["estimator"]
    name = settings["target"] or ("classes" if kind else "number")
    if name in ANSWERS:
        return [ANSWERS[name](s) for s in S]
    values = [TARGETS[name](s) for s in S]
    per_step = settings.get("return_sequences") or _is_table_of_steps(settings)
    return _as_targets(settings, values if per_step else [v[-1] for v in values], S)


def _is_table_of_steps(settings):
    return CONTAINERS[settings["container"]][2].get("rows") == "steps"


def _as_targets(settings, values, S):
    if _is_table_of_steps(settings):
        return interleaved(
            [np.broadcast_to(v, (len(s), *np.shape(v)[1:])) for v, s in zip(values, S, strict=True)]
        )
    if settings["y_form"]:
        return LISTED[settings["y_form"]](values)
    return np.array(values) if len({np.shape(v) for v in values}) == 1 else list(values)


# --- options ----------------------------------------------------------------------------------------


def _named(**values):
    """{"k1=3": {"k1": 3}, ...}"""
    return {f"{name}={v!r}": {name: v} for name, options in values.items() for v in options}


def _truncated(*pairs):
    return {f"k1={k1} k2={k2}": {"k1": k1, "k2": k2} for k1, k2 in pairs}


PLATEAU = {"tol": 10.0, "n_iter_no_change": 1, "max_iter": 8}
STOP = {"early_stopping": True, "validation_fraction": 0.25, "max_iter": 6}
CHANGES = {
    "layers": {
        **_named(hidden_size=[1, 7, 17, (4, 3), [3, 3, 3]]),
        "bidirectional": {"bidirectional": True},
        "bidirectional stacked": {"bidirectional": True, "hidden_size": (4, 3)},
    },
    "activation": _named(activation=["relu", "logistic", "identity", "softmax"]),
    "pooling": _named(pooling=["mean", "max", "last_max", ("mean", "last")]),
    "dropout": {
        "dropout=0.3": {"dropout": 0.3},
        "dropout between layers": {"dropout": 0.4, "hidden_size": (5, 3)},
        "dropout bidirectional": {"dropout": 0.3, "bidirectional": True},
        "weight_dropout=0.3": {"weight_dropout": 0.3},
        "both dropouts": {"dropout": 0.2, "weight_dropout": 0.4, "hidden_size": (5, 3)},
    },
    "truncation": {
        **_truncated((1, 1), (3, None), (3, 3), (2, 5), (4, 2), (5, 3), (None, 3), (4, 60), (60, 4)),
        **_truncated((3, "auto"), (None, "auto")),
        "k2 auto, strict": {"k1": 2, "k2": "auto", "truncation_tolerance": 0.05},
        "k2 auto, stacked": {"k1": 2, "k2": "auto", "hidden_size": (4, 3)},
        "k2 auto, weights": {"k1": 2, "k2": "auto", "weights": "real"},
        "k2 auto, weights of steps": {"k1": 2, "k2": "auto", "weights": "steps zeros"},
        "k2 auto, batches": {"k1": 2, "k2": "auto", "batch_size": 3, "max_iter": 6},
        "k1 and dropout": {"k1": 2, "k2": 4, "dropout": 0.3, "hidden_size": (4, 3)},
    },
    "replication": {
        **_named(target_replication=[0.4, 1.0]),
        "replication, k1": {"target_replication": 0.4, "k1": 3, "k2": 5},
        "replication, pooling": {"target_replication": 0.4, "pooling": "mean"},
        "replication, balanced": {"target_replication": 0.4, "class_weight": "balanced"},
        "replication, weights": {"target_replication": 0.4, "weights": "real", "batch_size": 4},
        "replication, auto": {"target_replication": 0.4, "k1": 3, "k2": "auto"},
    },
    "delay": {**_named(target_delay=[1, 3]), "target_delay, k1": {"target_delay": 2, "k1": 3, "k2": 4}},
    "initial state": {
        "last": {"initial_state": "last"},
        "last, k1": {"initial_state": "last", "k1": 5},
        "last, continued": {"initial_state": "last", "k1": 5, "course": "partial fit"},
    },
    "clipping": {
        **_named(clip_norm=[None, 0.05, np.inf], clip_value=[0.01, np.inf]),
        "both clips": {"clip_norm": 0.1, "clip_value": 0.02},
    },
    "loss": {
        "absolute": {"loss": "absolute_error"},
        "huber": {"loss": "huber"},
        "huber small": {"loss": "huber", "huber_delta": 0.3},
        "huber inf": {"loss": "huber", "huber_delta": np.inf},
        "poisson": {"loss": "poisson", "target": "counts"},
        "quantile": {"loss": "quantile"},
        "quantile 0.9": {"loss": "quantile", "quantile": 0.9},
        "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
        "one quantile in a list": {"loss": "quantile", "quantile": [0.3]},
    },
    "class weight": {
        "balanced": {"class_weight": "balanced"},
        "balanced, weights": {"class_weight": "balanced", "weights": "real"},
        "balanced, weights of steps": {"class_weight": "balanced", "weights": "steps"},
        "dict": {"class_weight": {0: 1, 1: 2.5, 2: 0.5}},
        "dict with a zero": {"class_weight": {0: 0, 1: 1, 2: 1}},
    },
    "alpha": _named(alpha=[0, 0.1]),
    "solver": {
        "sgd": {"solver": "sgd"},
        "sgd plain": {"solver": "sgd", "momentum": 0},
        "sgd classical": {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.8},
        "sgd diverging": {
            "solver": "sgd",
            "learning_rate_init": 1e6,
            "clip_norm": None,
            "activation": "identity",
        },
        "sgd far off": {"solver": "sgd", "learning_rate_init": 1e200, "clip_norm": None, "momentum": 0},
        "rmsprop": {"solver": "rmsprop"},
        "rmsprop 0.9": {"solver": "rmsprop", "beta_2": 0.9, "epsilon": 1e-4},
        "adam betas": {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        "lbfgs": {"solver": "lbfgs"},
        "lbfgs, few evaluations": {"solver": "lbfgs", "max_fun": 3},
        "lbfgs, tol": {"solver": "lbfgs", "tol": 0.5},
        "lbfgs bidirectional": {"solver": "lbfgs", "bidirectional": True},
    },
    "rate": {
        **_named(learning_rate_init=[0.1]),
        "cosine": {"learning_rate": "cosine"},
        "adaptive": {"learning_rate": "adaptive", **PLATEAU},
        "adaptive sgd": {"learning_rate": "adaptive", "solver": "sgd", **PLATEAU},
    },
    "batches": {
        **_named(batch_size=[1, 4, 5, 14, 100], shuffle=[False]),
        "batches in order": {"batch_size": 4, "shuffle": False},
        "pieces": {"batch_size": 30, "k1": 3},
        "pieces k2": {"batch_size": 30, "k1": 2, "k2": 4},
        "pieces auto": {"batch_size": 30, "k1": 2, "k2": "auto"},
        "batches and truncation": {"batch_size": 4, "k1": 3, "k2": 5},
    },
    "stopping": {
        **_named(max_iter=[1], n_iter_no_change=[np.inf]),
        "tol": PLATEAU,
        "held out": STOP,
        "held out, soon": {**STOP, "tol": 1.0, "n_iter_no_change": 1},
        "held out, truncated": {**STOP, "k1": 3, "k2": 5},
        "held out, batches": {**STOP, "batch_size": 4},
        "X_val": {**STOP, "validation": True},
        "X_val, weights": {**STOP, "validation": True, "weights": "real"},
        "held out, weights": {**STOP, "weights": "whole"},
        "X_val without early stopping": {"validation": True},
    },
    "seed": {
        **_named(random_state=[3]),
        "generator": {"random_state": np.random.RandomState(5)},
        "generator, batches": {"random_state": np.random.RandomState(5), "batch_size": 3, **STOP},
    },
    "threads": _named(n_jobs=[1, 2, -1]),
    "type": {
        **_named(dtype=["float32", "float64"]),
        "dtype=np.float32": {"dtype": np.float32},
        "float32, batches": {"dtype": "float32", "batch_size": 5},
        "float32, truncated": {"dtype": "float32", "k1": 3, "k2": 5},
    },
    "weights": {
        **_named(weights=list(WEIGHTS)),
        "weights, batches": {"weights": "real", "batch_size": 4},
        "weights of steps, truncated": {"weights": "steps zeros", "k1": 3, "k2": 5},
        "weights, lbfgs": {"weights": "whole", "solver": "lbfgs"},
    },
    "verbose": {
        **_named(verbose=[1]),
        "verbose, held out": {"verbose": True, **STOP},
        "verbose lbfgs": {"verbose": 1, "solver": "lbfgs"},
        "verbose bar": {"verbose": 2},
    },
    "course": {
        "fit again": {"course": "fit again"},
        "warm start": {"course": "fit again", "warm_start": True},
        "warm start, same data": {"course": "fit twice", "warm_start": True, "batch_size": 4},
        "warm start, held out": {"course": "fit again", "warm_start": True, **STOP},
        "warm start, sgd": {"course": "fit again", "warm_start": True, "solver": "sgd"},
        "warm start, lbfgs": {"course": "fit again", "warm_start": True, "solver": "lbfgs"},
        "warm start, cosine": {"course": "fit again", "warm_start": True, "learning_rate": "cosine"},
        "warm start, auto": {"course": "fit again", "warm_start": True, "k1": 2, "k2": "auto"},
        "partial fit": {"course": "partial fit"},
        "partial fit, weights": {"course": "partial fit", "weights": "real"},
        "partial fit, truncated": {"course": "partial fit", "k1": 2, "k2": 4, "batch_size": 3},
        "partial fit, auto": {"course": "partial fit", "k1": 2, "k2": "auto"},
        "partial fit, rmsprop": {"course": "partial fit", "solver": "rmsprop", "shuffle": False},
        "fit, partial fit": {"course": "fit, partial fit"},
        "checkpoint": {"course": "checkpoint", "max_iter": 7},
        "checkpoint, batches": {"course": "checkpoint", "max_iter": 7, "batch_size": 4, "dropout": 0.2},
        "checkpoint, held out": {"course": "checkpoint", **STOP, "max_iter": 7},
        "checkpoint, adaptive": {"course": "checkpoint", "learning_rate": "adaptive", **PLATEAU},
        "checkpoint, auto": {"course": "checkpoint", "max_iter": 7, "k1": 2, "k2": "auto"},
        "watched": {"course": "watched", "weights": "real"},
        "watched, held out": {"course": "watched", **STOP},
        "watched, lbfgs": {"course": "watched", "solver": "lbfgs"},
        "stopped": {"course": "stopped"},
        "callback fails": {"course": "callback fails"},
        "callback fails at once": {"course": "callback fails at once"},
        "callback fails in between": {"course": "callback fails in between"},
        "interrupted": {"course": "interrupted", "batch_size": 4},
        "checkpoint, interrupted": {"course": "checkpoint, interrupted", "max_iter": 7},
        "printing fails": {"course": "printing fails", "verbose": 1},
        "printing fails, batches": {
            "course": "printing fails",
            "verbose": 1,
            "batch_size": 4,
            "warm_start": True,
        },
        "in joblib": {"course": "in joblib"},
        "other parameters": {"course": "other parameters"},
        "inspected": {"course": "inspected"},
        "inspected, stacked": {"course": "inspected", "hidden_size": (4, 3), "weights": "real"},
        "inspected, bidirectional": {"course": "inspected", "bidirectional": True},
    },
}
BASES = {
    "one target": {},
    "per step": {"container": "ragged", **STEPS},
    "series": {"container": "series frame"},
    "tokens": {"container": "tokens"},
}
# where an option shows only with other data
ELSEWHERE = {
    "threads": {"container": "wide", "n_jobs": 2, "hidden_size": 16, "max_iter": 2},
    "threads, one": {"container": "wide", "n_jobs": 1, "hidden_size": 16, "max_iter": 2},
    "threads float32": {"container": "wide float32", "n_jobs": 2, "hidden_size": 16, "max_iter": 2},
    "threads per step": {"container": "wide", "n_jobs": 2, "hidden_size": 16, "max_iter": 2, **STEPS},
    "threads truncated": {"container": "wide", "n_jobs": 2, "hidden_size": 33, "k1": 5, "k2": 9, **STEPS},
    "many sequences": {"container": "many", "max_iter": 2},
    "many sequences, one batch": {"container": "many", "batch_size": 230, "max_iter": 2},
    "many sequences, lbfgs": {"container": "many", "solver": "lbfgs", "max_iter": 3},
    "many sequences, float32": {"container": "many float32", "max_iter": 2, "weights": "real"},
    "long": {"container": "steps long", "max_iter": 1, "k1": 100},
    "long, whole": {"container": "steps long", "max_iter": 1},
    "long, pieces": {"container": "steps long", "max_iter": 1, "k1": 50, "k2": 100, "batch_size": 8},
    "long, auto": {"container": "steps long", "max_iter": 1, "k1": 50, "k2": "auto", "batch_size": 8},
    "one series, held out": {"container": "steps", **STOP, "k1": 7},
    "single sequence, held out": {"container": "single", **STOP, **STEPS},
    "few, pieces": {"container": "few", "batch_size": 7, "k1": 5, "k2": 6, **STEPS},
    "few, pieces, weights": {"container": "few", "batch_size": 7, "k1": 5, "weights": "steps", **STEPS},
    "forecast next": {"container": "steps", "target": "next", "k1": 9},
    "forecast all": {"container": "steps frame", "target": "next of all"},
    "forecast series": {"container": "series", "target": "next"},
    "forecast names": {"container": "series frame", "target": "next of all"},
    "forecast last": {"container": "series frame", "target": "next", "initial_state": "last"},
    "forecast arrays": {"target": "next of all", **STEPS},
    "forecast lists": {"container": "ragged", "target": "next", **STEPS},
    "forecast quantiles": {
        "container": "steps",
        "target": "next",
        "loss": "quantile",
        "quantile": [0.2, 0.6],
    },
    "generate": {"container": "tokens", "target": "tokens", **STEPS},
    "generate array": {"container": "tokens array", "target": "tokens", "k1": 3, **STEPS},
    "generate steps": {"container": "tokens steps", "target": "tokens", "k1": 9, "batch_size": 3},
    "generate series, last": {"container": "tokens series", "target": "tokens", "initial_state": "last"},
    "poisson per step": {"container": "ragged", "target": "counts", "loss": "poisson", "k1": 3, **STEPS},
    "poisson outputs": {"target": "one-hot", "loss": "poisson"},
    "huber outputs": {"target": "outputs", "loss": "huber"},
    "quantile outputs": {"target": "outputs", "loss": "quantile", "quantile": 0.8},
    "strings balanced": {"target": "strings", "class_weight": "balanced"},
    "strings weighted": {"target": "binary strings", "class_weight": {"up": 2, "down": 0.5}},
    "auto, lengthy": {"container": "lengthy", "k2": "auto"},
    "auto, lengthy per step": {"container": "lengthy", "k1": 5, "k2": "auto", **STEPS},
    "auto, lengthy, mean": {"container": "lengthy", "k2": "auto", "pooling": "mean"},
    "large mapped": {"container": "large mapped", "max_iter": 1, "estimator": "GRURegressor"},
    "large mapped steps": {
        "container": "large steps mapped",
        "k1": 900,
        "max_iter": 1,
        "estimator": "RNNClassifier",
    },
    "large mapped series": {
        "container": "large series mapped",
        "k1": 900,
        "max_iter": 1,
        "estimator": "LSTMRegressor",
    },
    "forecast polars": {"container": "series polars", "target": "next of all"},
    "forecast polars, one": {"container": "steps polars", "target": "next of all"},
    "forecast dates": {"container": "series dates", "target": "next of all"},
    "forecast lists of rows": {"container": "series list", "target": "next"},
    "forecast frames": {"container": "list of frames", "target": "next of all", **STEPS},
    "inspected binary": {"target": "binary strings", "course": "inspected"},
    "inspected labels": {"target": "multilabel", "course": "inspected"},
    "inspected outputs": {"target": "outputs", "course": "inspected"},
    "inspected poisson": {"target": "counts", "loss": "poisson", "course": "inspected"},
    "inspected quantiles": {"loss": "quantile", "quantile": [0.2, 0.6], "course": "inspected"},
    "inspected pooled": {"pooling": "max", "course": "inspected"},
    "inspected delayed": {"target_delay": 2, "course": "inspected", **STEPS},
    "inspected last": {"container": "series frame", "initial_state": "last", "course": "inspected"},
    "routed": {"container": "table", "course": "routed", **STOP},
}


def _fits(settings):
    """Whether the estimator has all the parameters, and such targets."""
    estimator = getattr(sk(), settings["estimator"])()
    targets = OF_CLASSIFIERS if is_classifier(estimator) else [*OF_REGRESSORS, "one-hot"]
    return set(settings) - set(SETTINGS) <= set(estimator.get_params()) and (
        settings["target"] is None or settings["target"] in [*targets, *ANSWERS]
    )


def _full(estimator, *parts):
    """The settings of a case: defaults, what the container needs, then ``parts``, the later first."""
    own = {k: v for part in parts for k, v in part.items()}
    container = CONTAINERS[own.get("container", "array")][2]
    return {**SETTINGS, **SMALL, **container, **own, "estimator": estimator}


# --- pipelines and searches -------------------------------------------------------------------------

STAGES = {
    "scaler": StandardScaler,
    "scaled steps": lambda: sk().TimeDistributed(StandardScaler()),
    "imputed steps": lambda: sk().TimeDistributed(SimpleImputer()),
    "best steps": lambda: sk().TimeDistributed(SelectKBest(f_classif, k=1)),
    "twice": lambda: FunctionTransformer(np.multiply, kw_args={"x2": 2}),
    "window": lambda: sk().SlidingWindow(4),
    "window of ids": lambda: sk().SlidingWindow(4, sequence_id="pump"),
    "window at id 0": lambda: sk().SlidingWindow(3, sequence_id=0),
    "encoder": lambda: sk().TokenEncoder(),
    "encoder rare": lambda: sk().TokenEncoder(min_frequency=6, max_tokens=3),
    "columns": lambda: make_column_transformer(
        (StandardScaler(), NAMES[:2]), remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas"),
    "columns without names": lambda: make_column_transformer(
        (StandardScaler(), NAMES[:2]), remainder="passthrough"
    ),
}
PIPELINES = {
    "table": {"container": "table", "before": ["scaler"]},
    "frame": {"container": "frame", "before": ["scaler"]},
    "steps": {"container": "steps", "before": ["scaler"], "k1": 7},
    "steps, last": {"container": "steps", "before": ["scaler"], "initial_state": "last"},
    "array": {"before": ["scaled steps"]},
    "ragged": {"container": "ragged", "before": ["imputed steps", "scaled steps"], **STEPS},
    "objects": {"container": "object array", "before": ["scaled steps"]},
    "frames": {"container": "list of frames", "before": ["scaled steps"]},
    "window": {"container": "steps", "before": ["scaler", "window"], "rows": "sequences"},
    "series": {"container": "series frame", "before": ["columns"]},
    "series, lost": {"container": "series frame", "before": ["columns without names"]},
    "words": {"container": "strings", "before": ["encoder"], **TOKENS},
    "words of lists": {"container": "lists of tokens", "before": ["encoder rare"], **TOKENS},
    "forecast": {"container": "steps", "before": ["scaler"], "target": "next of all"},
    "best feature": {"before": ["best steps"], "target": "binary"},
    "best feature per step": {
        "container": "ragged",
        "before": ["best steps"],
        "target": "classes",
        **STEPS,
    },
    "forecast window": {
        "container": "steps",
        "before": ["window"],
        "rows": "sequences",
        "target": "next of all",
    },
    "forecast, last": {
        "container": "steps",
        "before": ["scaler"],
        "target": "next",
        "initial_state": "last",
    },
    "forecast, twice": {"container": "steps", "before": ["twice", "scaler"], "target": "next"},
    "forecast series": {"container": "series frame", "before": ["columns"], "target": "next"},
    "target scaled": {"container": "steps", "target_scaler": True, "target": "next"},
    "target scaled, table": {"container": "table", "target_scaler": True, "before": ["scaler"]},
    "inspected": {"container": "table", "before": ["scaler"], "course": "inspected"},
    "inspected words": {"container": "strings", "before": ["encoder"], "course": "inspected", **TOKENS},
}
SEARCHES = {
    "k1, k2": {"container": "ragged", "grid": {"k1": [2, 5], "k2": [2, 6]}, **STEPS},
    "one target": {"grid": {"hidden_size": [2, (3, 2)], "pooling": ["last", "mean"]}},
    "pipeline": {"container": "table", "before": ["scaler"], "grid": {"k2": [None, 3]}},
    "series": {"container": "steps", "grid": {"k1": [3, 9]}, "cv": "time", "initial_state": "last"},
    "groups": {"container": "series frame", "grid": {"k1": [3, 9]}, "cv": "group"},
    "tokens": {"container": "tokens", "grid": {"embedding_size": [2, 4]}},
    "words": {"container": "strings", "before": ["encoder"], "grid": {"embedding_size": [2, 4]}},
    "scored": {"grid": {"k1": [2, 5]}, "scoring": True, "container": "ragged", **STEPS},
    "scored, array": {"grid": {"k1": [2, 5]}, "scoring": True, **STEPS},
    "scored, one target": {"grid": {"alpha": [0, 1]}, "scoring": True},
    "scored, rows": {"grid": {"alpha": [0, 1]}, "scoring": True, "container": "steps", "cv": "time"},
    "scored, pipeline": {
        "grid": {"alpha": [0, 1]},
        "scoring": True,
        "container": "ragged",
        "before": ["scaled steps"],
        **STEPS,
    },
    "invalid": {"grid": {"bidirectional": [False, True], "k1": [3]}},
    "forecast": {"container": "steps", "grid": {"k1": [3, 9]}, "cv": "time", "target": "next of all"},
}
SCORERS = {  # of regressors and of classifiers
    "Regressor": {"r2": {}, "neg_mean_absolute_error": {}},
    "Classifier": {"f1_macro": {}, "neg_log_loss": {"labels": [0, 1, 2]}, "accuracy": {}},
}

# --- encoder-decoders -------------------------------------------------------------------------------

PAIRS = {
    "strings": {},
    "strings array": {"container": "strings array"},
    "strings series": {"container": "strings series"},
    "lists": {"container": "lists of tokens", "target": "doubled"},
    "numbers": {"container": "lists of numbers", "target": "numbers"},
    "mixed": {"container": "mixed tokens"},
    "empty answers": {"target": "first letters"},
    **_named(beam_size=[3], max_length=[0, 2], embedding_size=[3], hidden_size=[(4, 3)]),
    "beam, short": {"beam_size": 4, "max_length": 3},
    **_truncated((2, 2), (3, None), (2, 5), (4, 2), (None, 3)),
    "learned": {"max_iter": 60, "hidden_size": 12, "target": "first letters", "learning_rate_init": 0.05},
    "learned, beam": {"max_iter": 60, "hidden_size": 12, "beam_size": 3, "learning_rate_init": 0.05},
    **{
        name: options
        for group in (
            "dropout",
            "clipping",
            "alpha",
            "solver",
            "rate",
            "batches",
            "stopping",
            "threads",
            "type",
            "activation",
            "seed",
            "verbose",
            "course",
        )
        for name, options in CHANGES[group].items()
    },
    "weights": {"weights": "real"},
    "weights zero": {"weights": "zeros"},
    "grid": {"grid": {"k1": [2, None], "k2": [8, None]}},
}

# --- what is refused --------------------------------------------------------------------------------


def put(value, *index):
    """A function that writes ``value`` at that place of an array or of an item of a list."""

    def change(X):
        if isinstance(X, list):
            X[index[0]][index[1:]] = value
        else:
            X = X.astype(object) if value is None else X
            X[index] = value
        return X

    return change


def item(i, change):
    """A function that puts another sequence in place of number ``i``."""

    def replace(X):
        X[i] = change(X[i])
        return X

    return replace


def constant(value):
    return lambda _: value


NAN = float("nan")
LIST, FRAME = {"container": "ragged"}, {"container": "series frame"}
ERRORS = {
    "X NaN": {"spoil": ("X", put(NAN, 2, 1, 1))},
    "X NaN in a list": {"spoil": ("X", put(NAN, 2, 1, 1)), **LIST},
    "X NaN in a table": {"spoil": ("X", put(NAN, 2, 5)), "container": "table"},
    "X NaN in rows": {"spoil": ("X", put(NAN, 2, 1)), "container": "steps"},
    "X NaN per step": {"spoil": ("X", put(NAN, 2, 1, 1)), **STEPS},
    "X infinite": {"spoil": ("X", put(np.inf, 3, 2, 0))},
    "X None": {"spoil": ("X", put(None, 3, 2, 0))},
    "X too large": {"spoil": ("X", put(1e39, 1, 3, 1)), "dtype": "float32"},
    "X strings": {"spoil": ("X", lambda X: X.astype(str))},
    "X words": {"spoil": ("X", lambda X: ["ab"] * len(X))},
    "X complex": {"spoil": ("X", lambda X: X * 1j)},
    "X dates": {"spoil": ("X", lambda X: X.astype(int).astype("datetime64[s]"))},
    "X sparse": {"spoil": ("X", lambda X: scipy.sparse.csr_array(X[:, 0]))},
    "X masked": {"spoil": ("X", lambda X: np.ma.masked_array(X, X > 1))},
    "X 1-D": {"spoil": ("X", lambda X: X[:, 0, 0])},
    "X 2-D": {"spoil": ("X", lambda X: X[0])},
    "X 4-D": {"spoil": ("X", lambda X: X[None])},
    "X scalar": {"spoil": ("X", constant(3.0))},
    "X nothing": {"spoil": ("X", constant(None))},
    "X dict": {"spoil": ("X", constant({1: 2}))},
    "X without sequences": {"spoil": ("X", lambda X: X[:0])},
    "X without steps": {"spoil": ("X", lambda X: X[:, :0])},
    "X without features": {"spoil": ("X", lambda X: X[:, :, :0])},
    "X empty list": {"spoil": ("X", constant([]))},
    "X one feature less": {"spoil": ("X", lambda X: X[:, :, :1])},
    "X time last": {"spoil": ("X", lambda X: X.transpose(0, 2, 1))},
    "X time last per step": {"spoil": ("X", lambda X: X.transpose(0, 2, 1)), **STEPS},
    "X time first": {"spoil": ("X", lambda X: X.transpose(1, 0, 2))},
    "X unequal features": {"spoil": ("X", item(4, lambda x: x[:, :1])), **LIST},
    "X a sequence without steps": {"spoil": ("X", item(4, lambda x: x[:0])), **LIST},
    "X an item None": {"spoil": ("X", item(4, constant(None))), **LIST},
    "X an item of text": {"spoil": ("X", item(4, constant("text"))), **LIST},
    "X an item 1-D": {"spoil": ("X", item(4, lambda x: x[:, 0])), **LIST},
    "X an item 3-D": {"spoil": ("X", item(4, lambda x: x[None])), **LIST},
    "X an item ragged": {"spoil": ("X", item(4, constant([[1.0], [1.0, 2.0]]))), **LIST},
    "X frames differ": {
        "spoil": ("X", item(4, lambda x: x[x.columns[::-1]])),
        "container": "list of frames",
    },
    "X columns renamed": {"spoil": ("X", lambda X: X.rename(columns={"c0": "z"})), "container": "frame"},
    "X columns reordered": {"spoil": ("X", lambda X: X[X.columns[::-1]]), "container": "frame"},
    "X column missing": {"spoil": ("X", lambda X: X.drop(columns="c3")), "container": "frame"},
    "X columns do not divide": {"container": "table", "step_features": 4, "known": {"step_features": 2}},
    "X index falls": {"spoil": ("X", lambda X: X.iloc[::-1]), "container": "steps frame"},
    "X index jumps": {"spoil": ("X", lambda X: X.set_index(X.index * 3)), "container": "steps frame"},
    "id unknown": {**FRAME, "sequence_id": "well", "known": {"sequence_id": "pump"}},
    "id out of range": {**FRAME, "sequence_id": 9, "known": {"sequence_id": 0}},
    "id negative": {**FRAME, "sequence_id": -1, "known": {"sequence_id": 0}},
    "id missing": {**FRAME, "spoil": ("X", lambda X: X.assign(pump=[None, *X["pump"][1:]]))},
    "id by name of an array": {"container": "series", "sequence_id": "pump", "known": {"sequence_id": 0}},
    "id column gone": {**FRAME, "spoil": ("X", lambda X: X.drop(columns="pump"))},
    "id a list": {**FRAME, "spoil": ("X", lambda X: X.assign(pump=[[1]] * len(X)))},
    "rows of unequal length": {"container": "series list", "spoil": ("X", item(4, lambda x: x[:2]))},
    "id only": {**FRAME, "spoil": ("X", lambda X: X[["pump"]])},
    "text in a column": {**FRAME, "spoil": ("X", lambda X: X.assign(flow="x"))},
    "tokens negative": {"container": "tokens", "spoil": ("X", put(-1, 2, 1))},
    "tokens broken": {"container": "tokens float", "spoil": ("X", put(1.5, 2, 1))},
    "tokens NaN": {"container": "tokens float", "spoil": ("X", put(NAN, 2, 1))},
    "tokens too large": {"container": "tokens n_tokens", "spoil": ("X", put(9, 2, 1))},
    "tokens new": {"container": "tokens", "spoil": ("X", put(99, 2, 1))},
    "tokens 3-D": {"container": "tokens array", "spoil": ("X", lambda X: np.stack([X, X], axis=2))},
    "tokens strings": {"container": "tokens", "spoil": ("X", lambda X: [["a"] * len(x) for x in X])},
    "tokens without steps": {"container": "tokens", "spoil": ("X", item(3, lambda x: x[:0]))},
    "tokens per table": {"container": "tokens array", "step_features": 3, "known": {"step_features": 1}},
    "y NaN": {"spoil": ("y", lambda y: np.r_[y[:5], NAN, y[6:]])},
    "y infinite": {"spoil": ("y", lambda y: np.r_[y[:5], np.inf, y[6:]])},
    "y too few": {"spoil": ("y", lambda y: y[:-1])},
    "y too many": {"spoil": ("y", lambda y: np.r_[y, y[:1]])},
    "y nothing": {"spoil": ("y", constant(None))},
    "y scalar": {"spoil": ("y", constant(3))},
    "y 3-D": {"spoil": ("y", lambda y: np.zeros((len(y), 9, 2), int))},
    "y per step unannounced": {"spoil": ("y", lambda y: np.tile(y[:, None], 9))},
    "y lists unannounced": {"spoil": ("y", lambda y: [y[: i + 1] for i in range(len(y))])},
    "y text": {"spoil": ("y", lambda y: np.where(y > 0, "a", "b"))},
    "y fractions": {"spoil": ("y", lambda y: y + 0.25)},
    "y complex": {"spoil": ("y", lambda y: y * 1j)},
    "y sparse": {"spoil": ("y", lambda y: scipy.sparse.csr_array(y[:, None]))},
    "y one class": {"spoil": ("y", lambda y: np.zeros(len(y), int))},
    "y new class": {"spoil": ("y", lambda y: np.r_[7, y[1:]])},
    "y one-hot": {"target": "one-hot", "estimator": "LSTMClassifier"},
    "y too large": {"spoil": ("y", lambda y: 1e300 * y)},
    "y far away": {"spoil": ("y", lambda y: 1e6 + 1e-3 * y), "dtype": "float32"},
    "y another unit": {"spoil": ("y", lambda y: 1e5 * y + 1e7)},
    "y negative counts": {"loss": "poisson", "target": "number", "known": {"loss": "squared_error"}},
    "y no counts": {"loss": "poisson", "spoil": ("y", lambda y: 0 * y), "target": "counts"},
    "y outputs with quantiles": {"loss": "quantile", "quantile": [0.1, 0.9], "target": "outputs"},
    "y one per sequence": {**STEPS, "spoil": ("y", lambda y: y[:, 0])},
    "y a step less": {**STEPS, "spoil": ("y", lambda y: y[:, 1:])},
    "y a step less in one": {**STEPS, **LIST, "spoil": ("y", item(3, lambda y: y[1:]))},
    "y NaN at a step": {**STEPS, **LIST, "spoil": ("y", item(3, lambda y: np.r_[NAN, y[1:]]))},
    "y unequal outputs": {
        **STEPS,
        **LIST,
        "target": "outputs",
        "spoil": ("y", item(3, lambda y: y[:, :1])),
    },
    "y rows too few": {**FRAME, "spoil": ("y", lambda y: y[:-1])},
    "y multilabel with class_weight": {"target": "multilabel", "class_weight": "balanced"},
    "class_weight of no class": {"class_weight": {7: 2.0}},
    "class_weight negative": {"class_weight": {0: -1.0, 1: 1, 2: 1}},
    "class_weight of text": {"class_weight": {0: "x"}},
    "weights NaN": {"weights": "real", "spoil": ("weights", put(NAN, 5))},
    "weights negative": {"weights": "real", "spoil": ("weights", put(-1, 5))},
    "weights too few": {"weights": "real", "spoil": ("weights", lambda w: w[:-1])},
    "weights all zero": {"weights": "real", "spoil": ("weights", lambda w: 0 * w)},
    "weights text": {"weights": "real", "spoil": ("weights", lambda w: w.astype(str))},
    "weights 2-D": {"weights": "real", "spoil": ("weights", lambda w: np.stack([w, w, w], axis=1))},
    "weights scalar": {"weights": "real", "spoil": ("weights", constant(2.0))},
    "weights huge": {"weights": "real", "spoil": ("weights", lambda w: 1e308 * w)},
    "weights a step less": {**STEPS, "weights": "steps", "spoil": ("weights", lambda w: w[:, 1:])},
    "weights steps negative": {**STEPS, "weights": "steps", "spoil": ("weights", put(-1, 2, 3))},
    "weights of steps for one target": {"weights": "steps"},
    "both axes warned": {"spoil": ("X", lambda X: np.cumsum(np.tile(X, (1, 1, 9)), axis=2))},
    "one step of features": {"spoil": ("X", lambda X: X[:, :1])},
    "unscaled": {"spoil": ("X", lambda X: X * [1e5, 1e-3] + 1e6), "max_iter": 3},
    "little held out": {"early_stopping": True, "validation_fraction": 0.01},
    "all held out": {"early_stopping": True, "validation_fraction": 0.99},
    "explodes": {"spoil": ("X", lambda X: X * 1e200), "activation": "identity", "dtype": "float64"},
    **{
        " and ".join(f"{k}={v!r}" for k, v in params.items()): params
        for params in (
            {"bidirectional": True, "k1": 2},
            {"bidirectional": True, "k2": 2},
            {"bidirectional": True, "k2": "auto"},
            {"solver": "lbfgs", "k1": 2},
            {"solver": "lbfgs", "k2": "auto"},
            {"solver": "lbfgs", "dropout": 0.1},
            {"solver": "lbfgs", "weight_dropout": 0.1},
            {"k2": "auto", **STEPS},
            {"k2": "auto", "target_replication": 0.5},
            {"sequence_id": 0},
            {"initial_state": "last"},
            {"target_delay": 1},
            {"target_delay": 1, "bidirectional": True, **STEPS},
            {"target_delay": 10**15, **STEPS},
            {"pooling": "mean", **STEPS},
            {"pooling": "max", "container": "steps"},
            {"pooling": ("last", "max"), **STEPS},
            {"target_replication": 0.5, **STEPS},
            {"target_replication": 0.5, "bidirectional": True},
            {"step_features": 2},
            {"step_features": 2, "rows": "steps", "container": "steps"},
            {"step_features": 2, "container": "tokens"},
            {"rows": "steps"},
            {"rows": "steps", "container": "ragged"},
            {"embedding_size": 3},
            {"embedding_size": 3, "container": "ragged"},
            {"initial_state": "last", "bidirectional": True, "container": "steps"},
            {"hidden_size": 10**9},
            {"hidden_size": (3, 10**30)},
            {"batch_size": 10**6, "k1": 3},
        )
    },
}
TRIED = ["no such name", None, 1.5]
WRONG = {  # values that a parameter cannot have
    "hidden_size": [0, 2.0, "3", None, True, (), (3, 0), [[3, 2]]],
    "activation": TRIED,
    "bidirectional": ["yes", 1],
    "embedding_size": [0, 1.5],
    "n_tokens": [0, "x"],
    "pooling": [*TRIED, (), ("last", "last"), ("last", "min")],
    "dropout": [-0.1, 1.0, NAN],
    "weight_dropout": [-0.1, 1.0, NAN],
    "rows": TRIED,
    "step_features": [0, None],
    "sequence_id": [1.5, ["a"]],
    "return_sequences": [1, None],
    "target_delay": [-1, 0.5],
    "initial_state": TRIED,
    "k1": [0, 1.5, "auto"],
    "k2": [0, -1, "x"],
    "truncation_tolerance": [0, NAN],
    "target_replication": [-0.1, 1.1],
    "clip_norm": [0, -1, NAN, "x"],
    "clip_value": [0, -np.inf],
    "loss": TRIED,
    "huber_delta": [0, None],
    "quantile": [0, 2.0, [], [0.5, 0.5], [0.9, 0.1], [0.5, 1], ["a"], [[0.1, 0.9]]],
    "class_weight": ["x", 1, [1, 2]],
    "alpha": [-1e-9, np.inf],
    "solver": TRIED,
    "learning_rate_init": [0, NAN],
    "learning_rate": ["invscaling", 0.1],
    "momentum": [-0.1, 1.1],
    "nesterovs_momentum": [1],
    "beta_1": [1.0],
    "beta_2": [-0.1],
    "epsilon": [0],
    "max_fun": [0, None],
    "batch_size": [0, None, 2.0, "all"],
    "max_iter": [0, 1.5],
    "shuffle": [1],
    "tol": [-1e-9, None],
    "n_iter_no_change": [0, NAN],
    "early_stopping": ["x"],
    "validation_fraction": [0.0, 1.0, 5],
    "warm_start": [None],
    "random_state": [-1, "x"],
    "verbose": [-1, "x"],
    "n_jobs": [1.5],
    "dtype": ["float16", int, np.dtype(object), 32],
    "beam_size": [0, 1.5],
    "max_length": [-1, "x"],
}

ROW_BASE = {"container": "steps", "target": "next"}
TEXT_BASE = {"container": "tokens", "target": "tokens", **STEPS, "estimator": "LSTMClassifier"}
PAIR_BASE = {"container": "strings", "target": "reversed", "estimator": "GRUEncoderDecoder"}


def _scorer(*args, **kwargs):
    return sk(".metrics").sequence_scorer(*args, **kwargs)


def _checkpoint(path="model", **kwargs):
    return sk(".callbacks").Checkpoint(path, **kwargs)


def _look(name, *args, **kwargs):
    return getattr(sk(".inspection"), name)(*args, **kwargs)


# name -> settings of a model that is fitted, what is done with it (and with its class) and must fail
MISUSES = {
    "unknown parameter": ({}, lambda m, d: type(m)(unknown=1)),
    "positional parameter": ({}, lambda m, d: type(m)(3, "tanh")),
    "set_params unknown": ({}, lambda m, d: m.set_params(unknown=1)),
    "predict unfitted": ({}, lambda m, d: clone(m).predict(d.X)),
    "score unfitted": ({}, lambda m, d: clone(m).score(d.X, d.y)),
    "hidden_states unfitted": ({}, lambda m, d: clone(m).hidden_states(d.X)),
    "stream unfitted": ({}, lambda m, d: clone(m).stream()),
    "weights_ unfitted": ({}, lambda m, d: clone(m).weights_),
    "forecast unfitted": (ROW_BASE, lambda m, d: clone(m).forecast(d.X, 3)),
    "generate unfitted": (TEXT_BASE, lambda m, d: clone(m).generate([1, 2], 3)),
    "predict_proba unfitted": (TEXT_BASE, lambda m, d: clone(m).predict_proba(d.X)),
    "saliency unfitted": ({}, lambda m, d: _look("saliency", clone(m), d.X)),
    "fit without y": ({}, lambda m, d: m.fit(d.X)),
    "fit, X_val alone": ({"early_stopping": True}, lambda m, d: m.fit(d.X, d.y, X_val=d.X)),
    "fit, y_val alone": ({"early_stopping": True}, lambda m, d: m.fit(d.X, d.y, y_val=d.y)),
    "fit, weights_val alone": ({}, lambda m, d: m.fit(d.X, d.y, sample_weight_val=d.y)),
    "partial_fit, early stopping": (STOP, lambda m, d: m.partial_fit(d.X, d.y)),
    "partial_fit, lbfgs": ({"solver": "lbfgs"}, lambda m, d: m.partial_fit(d.X, d.y)),
    "partial_fit, balanced": (
        {"class_weight": "balanced", "estimator": "LSTMClassifier"},
        lambda m, d: m.partial_fit(d.X, d.y),
    ),
    "partial_fit, new loss": ({}, lambda m, d: m.set_params(loss="huber").partial_fit(d.X, d.y)),
    "partial_fit, new size": ({}, lambda m, d: m.set_params(hidden_size=5).partial_fit(d.X, d.y)),
    "partial_fit, new dtype": ({}, lambda m, d: m.set_params(dtype="float32").partial_fit(d.X, d.y)),
    "partial_fit, new steps": (
        {},
        lambda m, d: m.set_params(return_sequences=True).partial_fit(d.X, d.X[:, :, 0]),
    ),
    "warm start, new size": (
        {"warm_start": True},
        lambda m, d: m.set_params(hidden_size=5).fit(d.X, d.y),
    ),
    "warm start, new cell input": ({"warm_start": True}, lambda m, d: m.fit(d.X[:, :, :1], d.y)),
    "classes missing": ({"estimator": "LSTMClassifier"}, lambda m, d: clone(m).partial_fit(d.X, d.y)),
    "classes too few": (
        {"estimator": "LSTMClassifier"},
        lambda m, d: clone(m).partial_fit(d.X, d.y, classes=[0, 1]),
    ),
    "classes changed": (
        {"estimator": "LSTMClassifier"},
        lambda m, d: m.partial_fit(d.X, d.y, classes=[0, 1, 2, 3]),
    ),
    "stream, no method": ({}, lambda m, d: m.stream().step(d.X[0, 0], "decision_function")),
    "stream, method list": ({}, lambda m, d: m.stream().step(d.X[0, 0], ["predict"])),
    "stream, too wide": ({}, lambda m, d: m.stream().step(np.ones(3))),
    "stream, too many": ({}, lambda m, d: m.stream(2).step(d.X[:3, 0])),
    "stream, NaN": ({}, lambda m, d: m.stream().step([NAN, 1.0])),
    "stream, text": ({}, lambda m, d: m.stream().step(["a", "b"])),
    "stream, 3-D": ({}, lambda m, d: m.stream().step(d.X)),
    "stream, none": ({}, lambda m, d: m.stream(0)),
    "stream, bidirectional": ({"bidirectional": True}, lambda m, d: m.stream()),
    "stream, state short": ({}, lambda m, d: setattr(m.stream(), "state", [])),
    "stream, state shape": ({}, lambda m, d: setattr(m.stream(), "state", [np.ones((1, 9))])),
    "stream, state NaN": ({}, lambda m, d: setattr(m.stream(), "state", [np.full((1, 4), NAN)])),
    "stream, token": (TEXT_BASE, lambda m, d: m.stream().step(99)),
    "forecast, horizon 0": (ROW_BASE, lambda m, d: m.forecast(d.X, 0)),
    "forecast, no feedback": (ROW_BASE, lambda m, d: m.forecast(d.X, 3)),
    "forecast, no future": (ROW_BASE, lambda m, d: m.forecast(d.X, 3, feedback=0)),
    "forecast, short future": (ROW_BASE, lambda m, d: m.forecast(d.X, 3, feedback=0, X_future=d.X[:2])),
    "forecast, unknown column": (ROW_BASE, lambda m, d: m.forecast(d.X, 3, feedback="flow")),
    "forecast, column 9": (ROW_BASE, lambda m, d: m.forecast(d.X, 3, feedback=9)),
    "forecast, too many": (ROW_BASE, lambda m, d: m.forecast(d.X, 3, feedback=[0, 1])),
    "forecast, one target": ({}, lambda m, d: m.forecast(d.X, 3)),
    "forecast, delay": ({**STEPS, "target_delay": 1}, lambda m, d: m.forecast(d.X, 3)),
    "forecast, both ways": ({**STEPS, "bidirectional": True}, lambda m, d: m.forecast(d.X, 3)),
    "forecast, classifier": (TEXT_BASE, lambda m, d: sk().forecast(m, d.X, 3)),
    "forecast, scaler": (ROW_BASE, lambda m, d: sk().forecast(StandardScaler().fit(d.X), d.X, 3)),
    "generate, steps 0": (TEXT_BASE, lambda m, d: m.generate([1, 2], 0)),
    "generate, cold": (TEXT_BASE, lambda m, d: m.generate([1, 2], 3, temperature=-1)),
    "generate, top_k 0": (TEXT_BASE, lambda m, d: m.generate([1, 2], 3, top_k=0)),
    "generate, empty": (TEXT_BASE, lambda m, d: m.generate([], 3)),
    "generate, text": (TEXT_BASE, lambda m, d: m.generate("ab", 3)),
    "generate, unknown token": (TEXT_BASE, lambda m, d: m.generate([1, 77], 3)),
    "generate, one target": (
        {"container": "tokens", "estimator": "LSTMClassifier"},
        lambda m, d: m.generate([1, 2], 3),
    ),
    "generate, no tokens": ({"estimator": "LSTMClassifier", **STEPS}, lambda m, d: m.generate([1, 2], 3)),
    "initial_state later": ({}, lambda m, d: m.set_params(initial_state="last").predict(d.X)),
    "n_jobs later": ({}, lambda m, d: m.set_params(n_jobs="x").predict(d.X)),
    "flow, both ways": ({"bidirectional": True}, lambda m, d: _look("gradient_flow", m, d.X, d.y)),
    "flow, max_lag": ({}, lambda m, d: _look("gradient_flow", m, d.X, d.y, max_lag=-1)),
    "flow, share": ({}, lambda m, d: _look("gradient_flow", m, d.X, d.y, share=2)),
    "flow, n_samples": ({}, lambda m, d: _look("gradient_flow", m, d.X, d.y, n_samples=0)),
    "flow, scaler": ({}, lambda m, d: _look("gradient_flow", StandardScaler(), d.X, d.y)),
    "saliency, step": (STEPS, lambda m, d: _look("saliency", m, d.X, step=99)),
    "saliency, output": ({}, lambda m, d: _look("saliency", m, d.X, output=4)),
    "saliency, outputs": ({"target": "outputs"}, lambda m, d: _look("saliency", m, d.X)),
    "trajectory, several": ({}, lambda m, d: _look("state_trajectory", m, d.X)),
    "trajectory, NaN": ({}, lambda m, d: _look("state_trajectory", m, NAN * d.X[0])),
    "scorer unknown": ({}, lambda m, d: _scorer("no such score")),
    "scorer metric": ({}, lambda m, d: _scorer(accuracy_score)),
    "scorer option": ({}, lambda m, d: _scorer("r2", no_such=1)),
    "scorer number": ({}, lambda m, d: _scorer(3)),
    "scorer lengths": (STEPS, lambda m, d: _scorer("r2")(m, d.X, d.y[:, 1:])),
    "scorer weights": (STEPS, lambda m, d: _scorer("r2")(m, d.X, d.y, sample_weight=[1, 2])),
    "scorer of quantiles": (
        {"loss": "quantile", "quantile": [0.1, 0.9]},
        lambda m, d: _scorer("r2")(m, d.X, d.y),
    ),
    "checkpoint, no folder": (
        {},
        lambda m, d: clone(m).set_callbacks(_checkpoint("no/such")).fit(d.X, d.y),
    ),
    "checkpoint, a folder": ({}, lambda m, d: clone(m).set_callbacks(_checkpoint(".")).fit(d.X, d.y)),
    "checkpoint, never": ({}, lambda m, d: _checkpoint(every_n_epochs=None)),
    "checkpoint, every 0": ({}, lambda m, d: _checkpoint(every_n_epochs=0)),
    "checkpoint, pipeline": (
        {"container": "table"},
        lambda m, d: make_pipeline(StandardScaler(), m).set_callbacks(_checkpoint()).fit(d.X, d.y),
    ),
    "callback that is none": ({}, lambda m, d: m.set_callbacks(3)),
    "stream, state of a number": ({}, lambda m, d: setattr(m.stream(), "state", 3)),
    "stream, pool": (
        {"pooling": "mean"},
        lambda m, d: setattr(m.stream(), "state", [np.ones((1, 4)), (np.ones((1, 4)), [[-1]])]),
    ),
    "stream, pool of one": (
        {"pooling": "mean"},
        lambda m, d: setattr(m.stream(), "state", [np.ones((1, 4)), [1.0]]),
    ),
    "stream, delay": (
        {"target_delay": 1, **STEPS},
        lambda m, d: setattr(m.stream(), "state", [np.ones((1, 4)), -1]),
    ),
    "forecast, feedback twice": (ROW_BASE, lambda m, d: m.forecast(d.X, 3, feedback=[0, 0])),
    "forecast, feedback of ids": (
        {"container": "series", "target": "next"},
        lambda m, d: m.forecast(d.X, 3, feedback=0),
    ),
    "forecast, future of NaN": (
        ROW_BASE,
        lambda m, d: m.forecast(d.X, 3, feedback=0, X_future=NAN * d.X[:3]),
    ),
    "forecast, future of text": (
        ROW_BASE,
        lambda m, d: m.forecast(d.X, 3, feedback=0, X_future=[["a"]] * 3),
    ),
    "forecast, future of another series": (
        {"container": "series", "target": "next"},
        lambda m, d: m.forecast(d.X, 3, feedback=1, X_future=d.future[:, [0, 2]] + [5, 0]),
    ),
    "saliency, class": (
        {"estimator": "LSTMClassifier"},
        lambda m, d: _look("saliency", m, d.X, output="no such"),
    ),
    "saliency, step text": (STEPS, lambda m, d: _look("saliency", m, d.X, step="last")),
    "scorer of a scorer": (STEPS, lambda m, d: _scorer(_scorer("r2"))(m, d.X, d.y)),
    "scorer of a function": (STEPS, lambda m, d: _scorer(lambda model, X, y: 1.0)(m, d.X, d.y)),
    "pairs, one string": (PAIR_BASE, lambda m, d: m.fit("abc", d.y)),
    "pairs, empty source": (PAIR_BASE, lambda m, d: m.fit(["", *d.X[1:]], d.y)),
    "pairs, nothing": (PAIR_BASE, lambda m, d: m.fit([], [])),
    "pairs, numbers": (PAIR_BASE, lambda m, d: m.fit([1] * len(d.X), d.y)),
    "pairs, unhashable": (PAIR_BASE, lambda m, d: m.fit([[[1]]] * len(d.X), d.y)),
    "pairs, NaN": (PAIR_BASE, lambda m, d: m.fit([[NAN]] * len(d.X), d.y)),
    "pairs, dict": (PAIR_BASE, lambda m, d: m.fit({"a": 1}, d.y)),
    "pairs, lengths": (PAIR_BASE, lambda m, d: m.fit(d.X, d.y[1:])),
    "pairs, no targets": (PAIR_BASE, lambda m, d: m.fit(d.X, None)),
    "pairs, weights": (PAIR_BASE, lambda m, d: m.fit(d.X, d.y, [-1.0] * len(d.X))),
    "pairs, new tokens": (
        PAIR_BASE,
        lambda m, d: m.set_params(warm_start=True).fit(d.X, ["xyz"] * len(d.X)),
    ),
    "pairs, new size": (
        PAIR_BASE,
        lambda m, d: m.set_params(warm_start=True, embedding_size=2).fit(d.X, d.y),
    ),
    "pairs, predict nothing": (PAIR_BASE, lambda m, d: m.predict([""])),
    "pairs, predict unfitted": (PAIR_BASE, lambda m, d: clone(m).predict(d.X)),
    "pairs, score lengths": (PAIR_BASE, lambda m, d: m.score(d.X, d.y[1:])),
    "pairs, max_length": (PAIR_BASE, lambda m, d: m.set_params(max_length=-1).predict(d.X)),
    "no such name": ({}, lambda m, d: sk().no_such_name),
    "show_config": ({}, lambda m, d: sk().show_config("no such mode")),
}

# --- other functions --------------------------------------------------------------------------------

DATASETS = {
    "make_adding": [{}, {"variant": "1997"}, {"ragged": True}, {"n_timesteps": 2}, {"variant": "x"}],
    "make_temporal_order": [{}, {"n_relevant": 3, "ragged": True}, {"one_hot": False}, {"n_relevant": 9}],
    "make_parity": [{}, {"min_timesteps": 5}, {"return_sequences": True}, {"min_timesteps": 99}],
    "make_copy_memory": [{"delay": 12}, {"delay": 5, "n_symbols": 3, "one_hot": False}, {"delay": 0}],
    "make_copy_stream": [{}, {"n_timesteps": 80, "min_delay": 3, "one_hot": False}, {"min_delay": 50}],
    "make_embedded_reber": [{}, {"target": "legal"}, {"target": "embedded"}, {"one_hot": False}],
    "make_anbn": [{}, {"n_letters": 3}, {"min_n": 3, "max_n": 5, "one_hot": False}, {"n_letters": 9}],
    "make_echo": [{}, {"delay": 3}, {"delay": [1, 4]}, {"delay": -1}],
    "make_mackey_glass": [{}, {"tau": 30.0, "horizon": 6}, {"interval": 2.0}, {"tau": 17.05}],
    "make_narma": [{}, {"order": 20}, {"order": 30}, {"order": 5}],
    "make_garch": [{}, {"alpha": 0.1, "beta": 0.8, "return_scale": True}, {"alpha": 0.9}],
}
TRANSFORMERS = {
    "scaled array": ("array", lambda: sk().TimeDistributed(StandardScaler())),
    "scaled ragged": ("ragged", lambda: sk().TimeDistributed(StandardScaler())),
    "scaled objects": ("object array", lambda: sk().TimeDistributed(StandardScaler(with_mean=False))),
    "scaled frames": ("list of frames", lambda: sk().TimeDistributed(StandardScaler())),
    "scaled table": ("table", lambda: sk().TimeDistributed(StandardScaler())),
    "no transformer": ("array", lambda: sk().TimeDistributed(3)),
    "window": ("steps", lambda: sk().SlidingWindow(4)),
    "window of one": ("steps frame", lambda: sk().SlidingWindow(1)),
    "window of ids": ("series frame", lambda: sk().SlidingWindow(4, sequence_id="pump")),
    "window at 0": ("series", lambda: sk().SlidingWindow(3, sequence_id=0)),
    "window of no id": ("series frame", lambda: sk().SlidingWindow(4, sequence_id="well")),
    "window 0": ("steps", lambda: sk().SlidingWindow(0)),
    "window of arrays": ("array", lambda: sk().SlidingWindow(3)),
    "letters": ("strings", lambda: sk().TokenEncoder()),
    "letters series": ("strings series", lambda: sk().TokenEncoder()),
    "words": ("strings", lambda: sk().TokenEncoder("word", lowercase=True)),
    "tokens": ("lists of tokens", lambda: sk().TokenEncoder(min_frequency=2)),
    "tokens few": ("lists of tokens", lambda: sk().TokenEncoder(max_tokens=2)),
    "tokens share": ("mixed tokens", lambda: sk().TokenEncoder(min_frequency=0.2)),
    "tokens of letters": ("strings", lambda: sk().TokenEncoder(list)),
    "tokens of numbers": ("array", lambda: sk().TokenEncoder()),
    "analyzer unknown": ("strings", lambda: sk().TokenEncoder("syllable")),
}
NO_SEQUENCES = {  # what transformers may be given
    "nothing": None,
    "text": "text",
    "empty list": [],
    "table of NaN": np.full((4, 3), NAN),
    "array of NaN": np.full((4, 3, 2), NAN),
    "array without steps": np.empty((4, 0, 2)),
    "unequal features": [np.ones((3, 2)), np.ones((3, 1))],
    "one feature": np.ones((4, 3, 1)),
    "empty strings": ["", ""],
    "strings and lists": ["ab", ["a", "b"]],
    "numbers": [1, 2],
    "missing": ["a", None],
    "unhashable": [[["a"]], [["b"]]],
    "tokens of NaN": [[NAN], [1.0]],
    "ids too large": [[1, 99], [2]],
    "ids negative": [[-1], [2]],
    "ids broken": [[0.5], [2.0]],
}
INSPECTIONS = {
    "gradient_flow": lambda m, d: _look("gradient_flow", m, d.X, d.y, random_state=0),
    "gradient_flow, few": lambda m, d: _look(
        "gradient_flow",
        m,
        d.X,
        d.y,
        sample_weight=d.weights,
        max_lag=4,
        n_samples=5,
        share=0.3,
        random_state=1,
    ),
    "saliency": lambda m, d: _look("saliency", m, d.X),
    "saliency of new": lambda m, d: _look("saliency", m, d.new.X, output=0),
    "saliency at a step": lambda m, d: _look("saliency", m, d.X, step=1),
    "saliency at the last step": lambda m, d: _look("saliency", m, d.X, output=1, step=-1),
    "state_trajectory": lambda m, d: _look("state_trajectory", m, _first(d.X)),
    "training drawn": lambda m, d: _drawn("TrainingCurveDisplay", m),
    "flow drawn": lambda m, d: _drawn("GradientFlowDisplay", m, d.X, d.y, random_state=0),
    "saliency drawn": lambda m, d: _drawn("SaliencyDisplay", m, d.X),
    "gates drawn": lambda m, d: _drawn("GateDisplay", m, _first(d.X)),
}


def _first(X):
    """The first sequence of X, by itself."""
    return X[:1] if getattr(X, "ndim", 0) == 2 else X[0]


def _drawn(name, *args, **kwargs):
    """What a display keeps, but for the parts of the picture, and the texts in that."""
    display = getattr(sk(".inspection"), name).from_estimator(*args, **kwargs)
    kept = {k: v for k, v in vars(display).items() if not k.endswith("_")}
    texts = [t.get_text() for t in display.figure_.findobj(lambda artist: hasattr(artist, "get_text"))]
    importlib.import_module("matplotlib.pyplot").close("all")
    return kept, texts


# --- looking at a fitted model ------------------------------------------------------------------------

METHODS = ("predict", "predict_proba", "predict_log_proba", "hidden_states")


def observe(recorder, model, data):
    """Everything that a model has to say."""
    before = _hash([data.X, data.y])
    recorder.attributes(model)
    if isinstance(model, (Pipeline, GridSearchCV)):
        recorder.attributes(_innermost(model), "innermost: ")
    names = [name for name in dir(model) if not name.startswith("_") and hasattr(model, name)]
    recorder.put("has", ", ".join(names))
    for name in METHODS:
        if hasattr(model, name):
            recorder.call(name, getattr(model, name), data.X)
            recorder.call(f"{name} of new", getattr(model, name), data.new.X)
    recorder.call("score", model.score, data.X, data.y)
    if data.weights is not None:
        recorder.call("weighted score", model.score, data.X, data.y, sample_weight=data.weights)
    _go_on(recorder, model, data)
    _copies(recorder, model, data)
    recorder.put("data as before", before == _hash([data.X, data.y]))


def _innermost(model):
    model = getattr(model, "best_estimator_", model)
    return model[-1] if isinstance(model, Pipeline) else model


def _go_on(recorder, model, data):
    """The methods that go through time, with what they need."""
    params = _innermost(model).get_params()
    if params.get("rows") == "steps":
        for start in ("zeros", "last"):
            other = copy.deepcopy(model)
            recorder.call(f"set {start}", _innermost(other).set_params, initial_state=start)
            recorder.call(f"predict from {start}", other.predict, data.new.X)
    if hasattr(model, "stream"):
        _stream(recorder, model, data, params)
    if hasattr(model, "forecast"):
        _forecast(recorder, model.forecast, data, params)
    elif hasattr(_innermost(model), "forecast") or isinstance(model, TransformedTargetRegressor):
        _forecast(recorder, lambda *a, **k: sk().forecast(model, *a, **k), data, params)
    if hasattr(model, "generate") and params["embedding_size"]:
        _generate(recorder, model, data)


def _stream(recorder, model, data, params):
    stream = recorder.call("stream", model.stream)
    if stream is None:
        return
    encode = ids if params["embedding_size"] else np.asarray
    for t, x in enumerate(encode(data.S[0])[:4]):
        for method in [m for m in METHODS if hasattr(model, m)][t % 2 :: 2]:
            recorder.call(f"stream step {t} {method}", stream.step, x, method)
    recorder.put("stream state", stream.state)
    several = recorder.call("streams", model.stream, 3)
    for t in range(2 if several else 0):
        x = np.stack([encode(s)[t % len(s)] for s in data.S[-3:]])
        recorder.call(f"streams step {t}", several.step, x)
    other = recorder.call("stream copied", lambda: pickle.loads(pickle.dumps(stream)))
    stream.reset()
    told = recorder.call("stream told", model.stream)
    recorder.call("stream told: state", setattr, told, "state", other.state)
    for name, s in (("copied", other), ("told", told), ("reset", stream)):
        recorder.call(f"stream {name}, step", s.step, encode(data.S[0])[0])


def _forecast(recorder, forecast, data, params):
    recorder.call("forecast", forecast, data.new.X, 3)
    column = 1 if params.get("sequence_id") is not None else 0
    known = {"feedback": column, "X_future": data.new.future}
    recorder.call("forecast with future", forecast, data.new.X, 3, **known)


def _generate(recorder, model, data):
    prompts = [ids(s)[:4] for s in data.new.S[:3]]
    for name, options in {
        "": {},
        " bold": {"temperature": 2.0, "top_k": 3},
        " sure": {"temperature": 0},
    }.items():
        recorder.call(f"generate{name}", model.generate, prompts, 5, random_state=3, **options)
    recorder.call("generate from one", model.generate, prompts[0], 4, random_state=3, temperature=0.5)


def _copies(recorder, model, data):
    loaded = recorder.call("pickled", lambda: pickle.loads(pickle.dumps(model)))
    recorder.call("predict, pickled", lambda: loaded.predict(data.X))
    recorder.call("clone", lambda: clone(model).get_params(deep=False))
    recorder.call("repr", lambda: repr(clone(model)))


# --- what is done -------------------------------------------------------------------------------------


def fit(recorder, model, data, name="fit"):
    options = {} if data.weights is None else {"sample_weight": data.weights}
    if data.settings["before"] and options:
        options = {f"{model.steps[-1][0]}__sample_weight": data.weights}
    if data.settings["validation"]:
        options |= {"X_val": data.val.X, "y_val": data.val.y}
        if data.weights is not None:
            options["sample_weight_val"] = data.val.weights
    if data.settings["cv"] == "group":
        options["groups"] = data.X["pump"]
    recorder.call(name, model.fit, data.X, data.y, **options)
    return model


def _on(data, part):
    """The same case with other data."""
    return SimpleNamespace(**{**vars(data), **vars(part)})


def fit_again(recorder, model, data):
    fit(recorder, model, data, "first fit")
    recorder.attributes(model, "first: ")
    return fit(recorder, model, _on(data, data.new))


def fit_twice(recorder, model, data):
    fit(recorder, model, data, "first fit")
    return fit(recorder, model, data)


def _rows(X, part):
    if hasattr(X, "iloc"):
        return X.iloc[part]
    return X[part]


def partial_fit(recorder, model, data, n=3, first=True):
    options = {}
    if is_classifier(model) and first:
        y = np.concatenate([np.ravel(v) for v in data.y]) if isinstance(data.y, list) else data.y
        options = {"classes": np.unique(y) if y.ndim == 1 or y.dtype.kind != "i" else _columns(data, y)}
    for i, rows in enumerate(np.array_split(np.arange(len(data.y)), min(n, len(data.y)))):
        part = slice(rows[0], rows[-1] + 1)
        weights = None if data.weights is None else data.weights[part]
        arguments = _rows(data.X, part), data.y[part], weights
        recorder.call(f"partial_fit {i}", _partial_fit, model, arguments, options)
        options = {}
    return model


def _partial_fit(model, arguments, options=None):
    return model.partial_fit(*arguments, **(options or {}))  # none with "lbfgs": an error like others


def _fit(model, arguments):
    return model.fit(*arguments)


def _columns(data, y):
    per_step = data.settings.get("return_sequences")
    return np.arange(y.shape[-1]) if y.ndim == 2 + bool(per_step) else np.unique(y)


def fit_partial_fit(recorder, model, data):
    fit(recorder, model, data, "first fit")
    return partial_fit(recorder, model, _on(data, data.new), n=2, first=False)


class Callback:
    """Does nothing; the base of those below."""

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context): ...


class Failing(Callback):
    """Raises an error at the end of an epoch; 0, -1, ...: when fit, its first epoch, ... begins."""

    def __init__(self, epoch, error=RuntimeError):
        self.epoch, self.error, self.count, self.begun = epoch, error, 0, 0

    def on_fit_task_begin(self, estimator, context):
        self.begun += 1
        if self.begun == 1 - self.epoch:
            raise self.error("out of power")

    def on_fit_task_end(self, estimator, context):
        self.count += context.task_name == "epoch"
        if self.count == self.epoch and context.task_name == "epoch":
            raise self.error("out of power")


class Stopping(Callback):
    """Ends training after two epochs."""

    def on_fit_task_end(self, estimator, context):
        return context.task_name == "epoch" and len(estimator.loss_curve_) == 2


class Watching(Callback):
    """Keeps what it is told."""

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context):
        self.note("setup", estimator, context)

    def teardown(self, estimator, context):
        self.note("teardown", estimator, context)

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
        self.note("begin", estimator, context, X, y, metadata)

    def on_fit_task_end(self, estimator, context, *, X, metadata, fitted_estimator):
        copied = None if fitted_estimator is None else state(fitted_estimator)
        self.note("end", estimator, context, X, metadata, copied)

    def note(self, hook, estimator, context, *what):
        task = context.task_name, context.task_id, context.max_subtasks
        self.seen.append((hook, *task, _hash(what), state(estimator)))


def with_callbacks(*make):
    def course(recorder, model, data):
        callbacks = [m() for m in make]
        recorder.call("set_callbacks", model.set_callbacks, *callbacks)
        fit(recorder, model, data)
        for callback in callbacks:
            recorder.put("seen", "\n".join(map(str, getattr(callback, "seen", []))) or "nothing")
        recorder.attributes(model, "left: ")
        model.set_callbacks()
        return model

    return course


def checkpoint(recorder, model, data):
    saving = _checkpoint("model.joblib", every_n_epochs=2)
    model.set_callbacks(saving, Failing(5))
    fit(recorder, model, data, "fit that fails")
    recorder.put("n_saves_", getattr(saving, "n_saves_", None))
    saved = recorder.call("saved", joblib.load, "model.joblib")
    if saved is None:
        return model
    recorder.attributes(saved, "saved: ")
    fit(recorder, saved.set_params(warm_start=True), data)
    whole = fit(Recorder(recorder.folder, recorder.seed), clone(model).set_callbacks(), data)
    recorder.put("as if never interrupted", _hash(whole.weights_) == _hash(saved.weights_))
    return saved


class Broken(io.StringIO):
    """An output that takes ``n`` pieces and no more."""

    def __init__(self, n):
        super().__init__()
        self.n = n

    def write(self, piece):
        self.n -= 1
        if self.n < 0:
            raise BrokenPipeError("nobody reads this")


def _printing_to(file, function, *args):
    with contextlib.redirect_stdout(file):
        return function(*args)


def printing_fails(recorder, model, data):
    """An error in the middle of training."""
    fit(recorder, model, data)
    for name, step in {"fit": _fit, "warm fit": _fit, "partial_fit": _partial_fit}.items():
        for n in (0, 2):
            one = copy.deepcopy(model).set_params(warm_start=name == "warm fit")
            recorder.call(f"{name}, {n}", _printing_to, Broken(n), step, one, (data.X, data.y))
            recorder.attributes(one, f"{name}, {n}: ")
            recorder.call(f"{name}, {n}, then", step, one, (data.X, data.y))
            recorder.put(f"{name}, {n}, then: state", state(one))
    return model


def in_joblib(recorder, model, data):
    with joblib.parallel_config(n_jobs=2):
        return fit(recorder, model, data)


def other_parameters(recorder, model, data):
    """After fit, what may be changed and what may not."""
    fit(recorder, model, data)
    changes = CHANGES["layers"] | CHANGES["loss"] | CHANGES["truncation"] | CHANGES["pooling"]
    for name, options in changes.items():
        params = {k: v for k, v in options.items() if k in model.get_params()}
        other = copy.deepcopy(model).set_params(**params)
        recorder.call(f"{name}: predict", other.predict, data.new.X)
        other.set_params(warm_start=True)
        fit(recorder, other, data, f"{name}: warm start")
        recorder.put(f"{name}: weights", getattr(other, "loss_curve_", None))
    return model


def inspected(recorder, model, data):
    fit(recorder, model, data)
    for name, function in INSPECTIONS.items():
        recorder.call(name, function, model, data)
    return model


def routed(recorder, model, data):
    """X_val through a scaler."""
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        recorder.call("fit", pipeline.fit, data.X, data.y, X_val=data.val.X, y_val=data.val.y)
    return pipeline


def refused(recorder, model, data):
    """What is bad, wherever it may be passed: to a new model and to one that is fitted, which stays."""
    known = data.settings["known"]
    fit(recorder, clone(model), data, "new: fit")
    bad = data.X, data.y, data.weights
    recorder.call("new: partial_fit", _partial_fit, clone(model), bad)
    good = make_data({**data.settings, **known, "spoil": None}, recorder.seed)
    val = {"X_val": data.X, "y_val": data.y, "sample_weight_val": data.weights}
    stopping = clone(model).set_params(early_stopping=True)
    recorder.call("new: X_val", stopping.fit, good.X, good.y, good.weights, **val)
    old = clone(model).set_params(**known)
    recorder.call("good: fit", old.fit, good.X, good.y, good.weights)
    old.set_params(**model.get_params(deep=False))
    for name in ("fit", "partial_fit", "warm fit"):
        one = copy.deepcopy(old).set_params(warm_start=name == "warm fit")
        recorder.call(f"old: {name}", _partial_fit if name == "partial_fit" else _fit, one, bad)
        recorder.put(f"old: {name}: state", state(one))
        recorder.put(f"old: {name}: as before", state(one) == state(old))
        _then(recorder, f"old: {name}, then", one.set_params(**known), good)
    for name in METHODS:
        if hasattr(old, name):
            recorder.call(f"old: {name}", getattr(old, name), data.X)
    recorder.call("old: score", old.score, data.X, data.y, data.weights)


def _then(recorder, name, model, data):
    """Go on with what is good: random numbers, too, must be where they were."""
    recorder.call(name, _partial_fit, model, (data.X, data.y, data.weights))
    recorder.put(f"{name}: state", state(model))


def wrong_values(recorder, model, data):
    """Of every parameter."""
    fitted = clone(model)
    recorder.call("fit", fitted.fit, data.X, data.y)
    for name, values in WRONG.items():
        for value in values if name in model.get_params() else ():
            for kind, one in (("new", clone(model)), ("old", copy.deepcopy(fitted))):
                one.set_params(**{name: value})
                recorder.call(f"{kind}: {name}={value!r}", one.fit, data.X, data.y)
            recorder.put(f"{name}={value!r}: as before", state(one) == state(fitted))


COURSES = {
    "fit": fit,
    "fit again": fit_again,
    "fit twice": fit_twice,
    "partial fit": partial_fit,
    "fit, partial fit": fit_partial_fit,
    "checkpoint": checkpoint,
    "watched": with_callbacks(Watching),
    "stopped": with_callbacks(Stopping),
    "callback fails": with_callbacks(lambda: Failing(2)),
    "callback fails at once": with_callbacks(lambda: Failing(0)),
    "callback fails in between": with_callbacks(lambda: Failing(-2)),
    "checkpoint, interrupted": with_callbacks(
        lambda: _checkpoint(every_n_epochs=2), lambda: Failing(3, KeyboardInterrupt)
    ),
    "printing fails": printing_fails,
    "interrupted": with_callbacks(lambda: Failing(2, KeyboardInterrupt)),
    "in joblib": in_joblib,
    "other parameters": other_parameters,
    "inspected": inspected,
    "routed": routed,
    "refused": refused,
    "wrong values": wrong_values,
}


def make_model(settings):
    """The estimator, in a pipeline or a search if the settings have that."""
    params = copy.deepcopy({k: v for k, v in settings.items() if k not in SETTINGS})
    model = getattr(sk(), settings["estimator"])(**params)
    name = ""
    if settings["before"]:
        model = make_pipeline(*[STAGES[stage]() for stage in settings["before"]], model)
        name = f"{model.steps[-1][0]}__"
    if settings["target_scaler"]:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    if settings["grid"]:
        grid = {name + k: v for k, v in settings["grid"].items()}
        return GridSearchCV(model, grid, cv=SPLITTERS[settings["cv"]], **_scoring(settings))
    return model


def _scoring(settings):
    if not settings["scoring"]:
        return {}
    names = next(names for kind, names in SCORERS.items() if settings["estimator"].endswith(kind))
    scorers = {name: _scorer(name, **options) for name, options in names.items()}
    return {"scoring": scorers, "refit": next(iter(names))}


def run_model(recorder, settings):
    """A case with an estimator."""
    data = make_data(settings, recorder.seed)
    data.settings = settings
    model = COURSES[settings["course"]](recorder, make_model(settings), data)
    if model is None:
        return
    observe(recorder, model, data)
    if isinstance(settings.get("random_state"), np.random.RandomState):
        recorder.put("random_state afterwards", model.random_state)
    if settings["grid"]:
        _search_results(recorder, model, data)
    elif settings["scoring"] is None and not settings["before"] and hasattr(model, "predict"):
        _score(recorder, model, data)


def _search_results(recorder, search, data):
    for name, values in getattr(search, "cv_results_", {}).items():
        if "time" not in name:
            recorder.put(f"cv_results_[{name}]", values)
    if {"k1", "k2"} & set(data.settings["grid"]):
        recorder.call("drawn", _drawn, "TruncationDisplay", search)
    kind = "Classifier" if "Classifier" in data.settings["estimator"] else "Regressor"
    for name, options in SCORERS[kind].items():
        recorder.call(f"sequence_scorer {name}", _scores, name, options, search, data)
    if "group" != data.settings["cv"] and not data.settings["scoring"]:
        recorder.call(
            "cross_val_predict", cross_val_predict, clone(search.estimator), data.X, data.y, cv=2
        )


def _scores(name, options, model, data):
    return _scorer(name, **options)(model, data.X, data.y, sample_weight=data.weights)


def _score(recorder, model, data):
    """By the scorers for time steps; a share of the cases is enough."""
    kind = "Classifier" if is_classifier(model) else "Regressor"
    if data.settings["estimator"] not in BORDER or data.settings["course"] != "fit":
        return
    for name, options in SCORERS[kind].items():
        recorder.call(f"sequence_scorer {name}", _scores, name, options, model, data)
    if data.settings.get("loss") == "quantile":
        scorer = make_scorer(d2_pinball_score, alpha=0.3)
        recorder.call("sequence_scorer d2", lambda: _scorer(scorer)(model, data.X, data.y))


# --- cases that are no estimators ---------------------------------------------------------------------


def run_misuse(recorder, settings, function):
    data = make_data(settings, recorder.seed)
    model = make_model(settings)
    recorder.call("fit", model.fit, data.X, data.y)
    before = state(model)
    recorder.call("answer", function, model, data)
    recorder.put("as before", before == state(model))


def run_data_set(recorder, name):
    make = getattr(sk(".datasets"), name)
    for options in DATASETS[name]:
        for n in (0, 3, 150):
            recorder.call(f"{n} {options}", make, n, random_state=recorder.seed, **options)
    recorder.call("defaults", make, random_state=np.random.RandomState(recorder.seed))


def run_transformer(recorder, container, make):
    settings = _full("LSTMClassifier", {"container": container})
    data = make_data(settings, recorder.seed)
    transformer = recorder.call("made", make)
    if transformer is None:
        return
    recorder.call("transform unfitted", transformer.transform, data.X)
    recorder.call("fit", transformer.fit, data.X)
    recorder.attributes(transformer)
    recorder.call("transform of new", transformer.transform, data.new.X)
    answer = recorder.call("fit_transform", transformer.fit_transform, data.X, data.y)
    recorder.call("inverse_transform", lambda: transformer.inverse_transform(answer))
    recorder.call("partial_fit", lambda: state(transformer.partial_fit(data.new.X)))
    for name, bad in NO_SEQUENCES.items():
        recorder.call(f"fit: {name}", clone(transformer).fit, bad)
        recorder.call(f"transform: {name}", transformer.transform, bad)
        recorder.call(f"inverse_transform: {name}", lambda X=bad: transformer.inverse_transform(X))
    _copies(recorder, transformer, data)


def run_interface(recorder):
    """Names, signatures, parameters, tags."""
    for module in ("", ".callbacks", ".datasets", ".inspection", ".metrics", ".preprocessing"):
        names = [name for name in dir(sk(module)) if name in getattr(sk(module), "__all__", ())]
        recorder.put(f"skrnn{module}", ", ".join(names))
        for name in names:
            _interface(recorder, name, getattr(sk(module), name))
    recorder.put("show_config", ", ".join(sk().show_config("dicts")))
    recorder.call("show_config printed", sk().show_config)


def _interface(recorder, name, value):
    recorder.call(f"{name}: signature", lambda: str(inspect.signature(value)))
    if not inspect.isclass(value):
        return
    for method, function in inspect.getmembers(value, callable):
        if not method.startswith("_"):
            recorder.call(f"{name}.{method}", lambda f=function: str(inspect.signature(f)))
    if hasattr(value, "get_params") and name not in ("TimeDistributed", "SlidingWindow"):
        recorder.call(f"{name}: tags", lambda: repr(value().__sklearn_tags__()))
        recorder.call(f"{name}: parameters", lambda: value().get_params())


# --- all cases ----------------------------------------------------------------------------------------


def all_cases(seed):
    """(name, function of a recorder), one after the other."""
    yield "interface", run_interface
    for name in DATASETS:
        yield f"datasets, {name}", lambda recorder, name=name: run_data_set(recorder, name)
    for name, entry in TRANSFORMERS.items():
        yield f"transformers, {name}", lambda recorder, e=entry: run_transformer(recorder, *e)
    for name, (options, function) in MISUSES.items():
        settings = _full(options.get("estimator", "GRURegressor"), options)
        yield f"misuses, {name}", lambda recorder, s=settings, f=function: run_misuse(recorder, s, f)
    for name, settings in model_cases(seed):
        if _fits(settings):
            yield name, lambda recorder, s=settings: run_model(recorder, s)


def model_cases(seed):
    """(name, settings)"""
    for table_ in (_of_bases, _of_containers, _of_targets, _of_tables, _of_pairs, _of_errors):
        yield from table_()
    chance = random.Random(seed)
    for i in range(N_RANDOM):
        yield f"random {i:03}", _random(chance)


def _of_bases():
    named = [(f", {group}: {n}", c) for group, changes in CHANGES.items() for n, c in changes.items()]
    for base, given in BASES.items():
        for i, (name, change) in enumerate([("", {}), *named]):
            of_all = base in ("one target", "per step") or "activation" in change or not change
            for cell in CELLS if of_all else [CELLS[i % 3]]:
                for kind in KINDS:
                    yield f"{cell}{kind}, {base}{name}", _full(cell + kind, given, change)


def _of_containers():
    for i, container in enumerate(CONTAINERS):
        given = {"container": container}
        if "long" in container or "large" in container or CONTAINERS[container][0] == "words":
            continue
        for kind in KINDS:
            for cell in (CELLS[i % 3], CELLS[(i + 1) % 3]):
                name = f"{cell}{kind}, container {container}"
                yield name, _full(cell + kind, given)
                yield f"{name}, per step", _full(cell + kind, given, {"k1": 4, "k2": 6, **STEPS})


def _of_targets():
    for i, target in enumerate(TARGETS):
        for kind in KINDS:
            estimator = CELLS[i % 3] + kind
            for form in ("array", "ragged", "steps", "series frame"):
                for options in ({}, STEPS, {"y_form": "objects", **STEPS}, {"course": "partial fit"}):
                    name = f"{estimator}, target {target}, {form}, {options}"
                    yield name, _full(estimator, {"container": form, "target": target}, options)


def _of_tables():
    for name, given in ELSEWHERE.items():
        for estimator in [given["estimator"]] if "estimator" in given else SIX:
            yield f"{estimator}, elsewhere: {name}", _full(estimator, given)
    for title, entries in (("pipeline", PIPELINES), ("search", SEARCHES)):
        for i, (name, given) in enumerate(entries.items()):
            for kind in KINDS:
                estimator = CELLS[i % 3] + kind
                yield f"{estimator}, {title}: {name}", _full(estimator, given)


def _of_pairs():
    for i, (name, given) in enumerate(PAIRS.items()):
        base = {"container": "strings", "target": "reversed", "hidden_size": 5}
        for cell in CELLS if i < 30 else [CELLS[i % 3]]:
            estimator = f"{cell}EncoderDecoder"
            yield f"{estimator}, {name}", _full(estimator, base, given)


def _of_errors():
    refusal = {"course": "refused"}
    for name, given in ERRORS.items():
        for estimator in [given["estimator"]] if "estimator" in given else [*BORDER, "RNNRegressor"]:
            if estimator in BORDER or "activation" in given:
                yield f"{estimator}, error: {name}", _full(estimator, refusal, given)
    wrong = {"course": "wrong values"}
    for estimator in SIX:
        yield f"{estimator}, wrong values", _full(estimator, wrong)
    pairs = {"container": "strings", "target": "reversed"}
    yield "LSTMEncoderDecoder, wrong values", _full("LSTMEncoderDecoder", wrong, pairs)


def _random(chance):
    """A combination of options."""
    forms = [name for name, entry in CONTAINERS.items() if entry[0] in ("equal", "ragged", "few", "one")]
    while True:
        estimator = chance.choice(SIX)
        target = chance.choice(OF_CLASSIFIERS if "Classifier" in estimator else OF_REGRESSORS)
        parts = [{"container": chance.choice(forms), "target": target}]
        parts.append(STEPS if chance.random() < 0.4 else {})
        for changes in CHANGES.values():
            if chance.random() < 0.25:
                parts.append(changes[chance.choice(list(changes))])
        settings = _full(estimator, *parts)
        if _fits(settings) and (_goes_together(settings) or chance.random() < 0.04):
            return settings


def _goes_together(settings):
    """Whether the options are, as far as is easily told, no contradiction."""
    has = settings.get
    by_rows = _is_table_of_steps(settings)
    per_step = by_rows or has("return_sequences")
    whole = has("bidirectional") or has("solver") == "lbfgs"
    masked = has("dropout") or has("weight_dropout")
    if whole and (has("k1") or has("k2") or (masked and has("solver") == "lbfgs")):
        return False
    if per_step and (
        has("pooling") or has("target_replication") or (has("k2") == "auto" and not has("k1"))
    ):
        return False
    if has("bidirectional") and (has("target_delay") or has("target_replication")):
        return False
    if has("initial_state") and (not by_rows or has("bidirectional")):
        return False
    if has("class_weight") and has("target") not in (None, "classes"):
        return False
    of_steps = has("target_delay") or "steps" in (has("weights") or "")
    return not (of_steps and not per_step)


# --- recording and comparing --------------------------------------------------------------------------


def run_case(function, seed):
    """The results of a case, in a folder of its own."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(folder, seed)
        os.chdir(folder)
        try:
            function(recorder)
        except Exception as error:  # of this file's own code, or of what cannot be made here
            recorder.put("ended by", recorder.error(error))
        finally:
            os.chdir(here)
    return recorder.results


def record(options):
    if options.kernels:
        os.environ["SKRNN_KERNELS"] = options.kernels
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ["COLUMNS"] = "300"  # for what is as wide as the screen
    start, cases = time.perf_counter(), {}
    for name, function in all_cases(options.seed):
        if re.search(options.only, name):
            if name in cases:
                raise ValueError(f"There are two cases {name!r}.")
            cases[name] = run_case(function, options.seed)
    about = {"seed": options.seed, "only": options.only, "config": sk().show_config("dicts")}
    Path(options.file).write_text(json.dumps({"about": about, "cases": cases}, indent=0))
    n, seconds = sum(map(len, cases.values())), time.perf_counter() - start
    print(f"{len(cases)} cases, {n} results, {about['config']['kernels']} kernels, {seconds:.0f} s")


def compare(options):
    a, b = (json.loads(Path(file).read_text()) for file in (options.a, options.b))
    if a["about"] != b["about"]:
        print(f"Recorded under other conditions:\n  {a['about']}\n  {b['about']}")
    n_differences = n_results = 0
    names = dict.fromkeys([*a["cases"], *b["cases"]])
    for name in names:
        left, right = a["cases"].get(name, {}), b["cases"].get(name, {})
        for result in dict.fromkeys([*left, *right]):
            n_results += 1
            one, other = left.get(result, "(missing)"), right.get(result, "(missing)")
            if one != other:
                n_differences += 1
                print(f"{name} | {result}\n  {_indented(one)}\n  {_indented(other)}")
    print(f"{len(names)} cases, {n_results} results, {n_differences} differences")
    return 1 if n_differences else 0


def _indented(value):
    return value.replace("\n", "\n  ")


def between(options):
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("a.json", "b.json")]
        for python, file in zip((options.a, options.b), files, strict=True):
            command = [python, __file__, "record", file, "--only", options.only, "--seed", options.seed]
            command += ["--kernels", options.kernels] if options.kernels else []
            print(f"{python}: ", end="", flush=True)
            subprocess.run([str(part) for part in command], check=True, cwd=folder)
        return compare(SimpleNamespace(a=files[0], b=files[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for function, names in ((record, ["file"]), (compare, ["a", "b"]), (between, ["a", "b"])):
        command = commands.add_parser(function.__name__)
        command.set_defaults(function=function)
        for name in names:
            command.add_argument(name)
        if function is not compare:
            command.add_argument("--only", default="", metavar="PATTERN")
            command.add_argument("--seed", type=int, default=0)
            command.add_argument("--kernels", choices=["numpy", "baseline", "avx2", "avx512"])
    options = parser.parse_args()
    sys.exit(options.function(options))


if __name__ == "__main__":
    __file__ = os.path.abspath(__file__)  # cases change the folder
    main()
