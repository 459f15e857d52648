"""Strategies: what a case of the fuzzer is, drawn by hypothesis.

A case is a dict of plain values, whose ``repr`` is the whole case: numbers are made of ``seed``. ``kind``
says which functions of ``builders`` make estimator and data of it. To add a parameter, enter its values
in ``PARAMETERS`` (valid ones) or ``WRONG``; a way to spoil data, its line in ``builders.DEFECTS``.

Shapes: n sequences of T steps (or of 1 to T) and F features.
"""

from hypothesis import strategies as st

SEQUENCES = [cell + kind for cell in ("RNN", "LSTM", "GRU") for kind in ("Regressor", "Classifier")]
PAIRS = [cell + "EncoderDecoder" for cell in ("RNN", "LSTM", "GRU")]
NUMBER_PAIRS = [name + "Regressor" for name in PAIRS]
SCALES = [1.0] * 6 + [0.0, 1e-12, 1e4, 1e-300, 1e300, 3e38]
LOSSES = ["squared_error", "absolute_error", "huber", "poisson", "quantile"]

PARAMETERS = {
    "hidden_size": [1, 2, 3, 5, (2, 3), [3, 1]],
    "dropout": [0.2],
    "weight_dropout": [0.3],
    "k1": [1, 2, 3, 100],
    "k2": [1, 2, 5, 10**9],
    "clip_norm": [None, 1e-3, 1e300],
    "clip_value": [1e-3, 1.0],
    "alpha": [0.0, 1e-2, 10.0],
    "solver": ["adam", "sgd", "rmsprop", "lbfgs"],
    "learning_rate": ["constant", "adaptive", "cosine", "onecycle", "invscaling"],
    "learning_rate_init": [1e-3, 0.1, 1e3],
    "momentum": [0.0, 0.5],
    "nesterovs_momentum": [False],
    "batch_size": [1, 2, 3, 64],
    "shuffle": [False],
    "early_stopping": [True],
    "validation_fraction": [0.3, 0.5],
    "tol": [1e-3, 0.0],
    "n_iter_no_change": [1],
    "dtype": ["float32", "float64"],
    "n_jobs": [2],
    "frozen": [("layer0",), ("readout",)],
    "warm_start": [True],
}
OF_REGRESSORS = {
    "loss": LOSSES,
    "quantile": [0.1, [0.1, 0.5, 0.9]],
    "huber_delta": [0.1],
}
OF_SEQUENCES = {
    "bidirectional": [True],
    "pooling": ["mean", "max", "last_max", ("last", "mean", "max")],
    "target_delay": [1, 4],
    "target_replication": [0.5, 1.0],
    "initial_state": ["last"],
    "gradient": ["rtrl", "snap1"],
    "k2": ["auto", 1, 2, 5, 10**9],
}
OF_CLASSIFIERS = {"class_weight": ["balanced", {0: 2.0, 1: 0.5}]}
OF_GATES = {"forget_bias": ["chrono", 1.0, ("chrono", 9)]}
OF_PAIRS = {"beam_size": [2, 3], "max_length": [0, 4], "embedding_size": [1, 3]}
WRONG = {
    "hidden_size": [0, -1, 2.5, "3", (), [0], 10**15, None],
    "k1": [0, -1, 1.5],
    "k2": [0, "all"],
    "dropout": [1.0, -0.1, float("nan")],
    "clip_norm": [0, -1.0, float("nan")],
    "solver": ["adams", None],
    "batch_size": [0, "all"],
    "learning_rate_init": [0, -1.0, float("inf")],
    "max_iter": [0, -3, 1.5],
    "validation_fraction": [0.0, 1.0],
    "dtype": ["float16", "int32", complex],
    "alpha": [-1.0, float("inf")],
    "random_state": ["seed", -1],
    "n_jobs": ["two"],
    "frozen": [("layer9",), "readouts", (3,)],
    "tol": [-1.0, "small"],
}
FORMS = [
    "array", "list", "ragged list", "object array", "ragged object array", "lists of lists", "table",
    "frame", "polars", "rows", "rows with ids", "frame of rows", "interleaved rows", "tokens",
    "ragged tokens", "token table", "categories", "float32", "float16", "integers", "big-endian",
    "fortran", "backwards", "read-only", "memmap", "unaligned", "broadcast", "sparse targets",
]  # fmt: skip
DEFECTS = [
    "nan in X", "inf in X", "nan in y", "inf in y", "y too short", "y too long", "features differ",
    "empty sequence", "no sequences", "no steps", "text in X", "complex X", "sparse X", "masked X",
    "4-D X", "1-D X", "None as X", "None as y", "scalar X", "objects in X", "text in y", "3-D y",
    "nested y", "dates in X", "a generator", "a set", "y of objects", "steps of y",
]  # fmt: skip
WEIGHTS = ["ones", "uniform", "some zero", "huge", "tiny", "zeros", "negative", "nan", "short", "column"]
AFTER_FIT = [
    "alone", "refit", "pickle", "thread", "n_jobs", "container", "saved", "weights", "stream", "onnx",
    "torch", "partial", "reversed", "spoiled", "unchanged", "again",
]  # fmt: skip


def _chosen(values, share=4):
    """Some of the parameters, each with one of its values; most are left as they are."""
    if not values:
        return st.just({})
    names = st.lists(st.sampled_from(sorted(values)), max_size=share, unique=True)
    return names.flatmap(
        lambda some: st.fixed_dictionaries({name: st.sampled_from(values[name]) for name in some})
    )


def _sometimes(values, one_in=5):
    """None, or one of the values now and then."""
    return st.integers(0, one_in - 1).flatmap(
        lambda k: st.none() if k else st.sampled_from(values) if isinstance(values, list) else values
    )


def _common(kind, names, parameters):
    return {
        "kind": st.just(kind),
        "cls": st.sampled_from(names),
        "params": _chosen(parameters),
        "wrong": _sometimes(_chosen(WRONG, 2), 10),
        "seed": st.integers(0, 2**32 - 1),
        "n": st.sampled_from([1, 2, 3, 5, 8, 12, 20]),
        "T": st.sampled_from([1, 2, 3, 5, 9]),
        "F": st.sampled_from([1, 2, 3]),
        "scale": st.sampled_from(SCALES),
        "scale_y": st.sampled_from(SCALES),
        "weight": _sometimes(WEIGHTS, 4),
        "defect": _sometimes(DEFECTS, 4),
        "validation": _sometimes(["same", "other features", "one", "nan"], 8),
        "method": st.sampled_from(["fit", "fit", "fit", "partial_fit", "fit_stream"]),
        "earlier": st.booleans(),
        "then": st.lists(st.sampled_from(AFTER_FIT), min_size=2, max_size=4, unique=True),
    }


def of_sequences():
    """Cases of the six classes."""
    of_class = PARAMETERS | OF_SEQUENCES | OF_GATES | OF_REGRESSORS | OF_CLASSIFIERS
    return st.fixed_dictionaries(
        {
            **_common("sequences", SEQUENCES, of_class),
            "form": st.sampled_from(FORMS),
            "per_step": st.booleans(),
            "y": st.sampled_from(["plain", "plain", "several", "constant", "text", "bool", "column"]),
        }
    )


def of_pairs():
    """Cases of encoder-decoders of tokens."""
    return st.fixed_dictionaries(
        {
            **_common("pairs", PAIRS, PARAMETERS | OF_PAIRS | OF_GATES),
            "form": st.sampled_from(["text", "lists", "ints", "tuples", "object array", "unequal"]),
        }
    )


def of_number_pairs():
    """Cases of encoder-decoders of numbers."""
    return st.fixed_dictionaries(
        {
            **_common("number pairs", NUMBER_PAIRS, PARAMETERS | OF_REGRESSORS | OF_GATES),
            "form": st.sampled_from(["array", "list", "ragged list", "object array", "float32"]),
            "y": st.sampled_from(["plain", "several", "ragged", "constant"]),
        }
    )


def of_forecaster():
    """Cases of Forecaster, on tables of one or more series."""
    return st.fixed_dictionaries(
        {
            **_common("forecaster", ["RNNRegressor", "LSTMRegressor", "GRURegressor"], PARAMETERS),
            "n_rows": st.sampled_from([3, 8, 20, 30]),
            "n_series": st.sampled_from([1, 1, 2, 3]),
            "horizon": st.sampled_from([1, 2, 4, 9]),
            "table": st.sampled_from(["pandas", "polars", "array"]),
            "time": st.sampled_from(["days", "months", "numbers", None]),
            "options": _chosen(
                {
                    "strategy": ["direct"], "difference": [1, 3], "scale": [None],
                    "levels": [0.5, [0.5, 0.8]], "interval": ["sampled", "adaptive"],
                    "calendar": ["weekday", ["month", "hour"], "nonsense"], "known": ["price", "nothing"],
                    "static": ["kind"], "embed": [{"kind": 2}, {"shop": 2}],
                },
            ),
        }
    )  # fmt: skip


def of_conformal():
    """Cases of ConformalRegressor."""
    return st.fixed_dictionaries(
        {
            **_common("conformal", ["RNNRegressor", "GRURegressor"], PARAMETERS),
            "n": st.sampled_from([1, 5, 12, 30]),
            "form": st.sampled_from(["array", "list", "ragged list", "table", "rows with ids"]),
            "per_step": st.booleans(),
            "y": st.sampled_from(["plain", "several", "constant"]),
            "options": _chosen({"levels": [0.5, [0.5, 0.9], 1.0, []], "cv": [2, 3, 1, "no"]}, 2),
        }
    )


def of_transformer():
    """Cases of the transformers."""
    return st.fixed_dictionaries(
        {
            **_common("transformer", ["GRURegressor"], {}),
            "transformer": st.sampled_from(
                ["Differencer", "FillForward", "SeriesScaler", "SlidingWindow", "SwapTimeAxis",
                 "TimeDistributed", "TokenEncoder", "padded", "long"]
            ),
            "form": st.sampled_from(FORMS),
            "missing": st.booleans(),
            "option": st.integers(0, 5),
            "per_step": st.just(False),
        }
    )  # fmt: skip


def cases():
    """Any case; those of the six classes are half of them."""
    return st.one_of(
        of_sequences(), of_sequences(), of_sequences(), of_sequences(), of_pairs(), of_number_pairs(),
        of_forecaster(), of_conformal(), of_transformer(),
    )  # fmt: skip
