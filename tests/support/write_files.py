"""Files of models as this version writes them, with what the models answer: ``tests/data/VERSION``.

    python tests/support/write_files.py

``tests/test_files.py`` loads those of all versions. Run this once for each version that is published, and
commit what it writes; never write those of an earlier one anew. Until a version is published its files
may be: if what a model holds has changed, remove the folder first.
"""

import json
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

import skrnn
from skrnn import preprocessing
from skrnn.interop import save
from skrnn.interop._save import CLASSES

N, T = 12, 4
X = np.random.RandomState(0).normal(size=(N, T, 2)).round(3)
RAGGED = [x[: 1 + k % T] for k, x in enumerate(X)]
TOKENS = [[1, 2, 0], [0], [2, 2]]
TEXTS = ["one", "two", "three"]
FRAME = pd.DataFrame({"id": np.repeat(["a", "b"], N // 2), "x": X[:, 0, 0], "code": np.arange(N) % 3})
SMALL = {"hidden_size": 3, "max_iter": 3, "tol": None, "random_state": 0}
OF_ROWS = {"rows": "steps", "sequence_id": "id", "initial_state": "last"}
WORDS = np.array(["low", "middle", "high"])


def models():
    """Name -> (fitted object, name of a method, what it is asked)."""
    y = X[:, -1, 0]
    several = {"bidirectional": True, "hidden_size": (3, 2), "pooling": ("last", "max")}
    yield "classes", skrnn.GRUClassifier(**SMALL).fit(X, WORDS[np.arange(N) % 3]), "predict_proba", X
    yield "labels", skrnn.RNNClassifier(**SMALL).fit(X, (X[:, -1] > 0).astype(int)), "predict_proba", X
    yield "numbers", skrnn.LSTMRegressor(**{**SMALL, **several}).fit(RAGGED, 9 + y), "predict", RAGGED
    quantiles = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9], "dtype": "float32"}
    yield "quantiles", skrnn.GRURegressor(**SMALL, **quantiles).fit(X, y), "predict", X
    on = skrnn.RNNRegressor(**SMALL, activation="relu", warm_start=True, loss="poisson")
    yield "goes on", on.fit(X, y**2), "predict", X
    tokens = skrnn.LSTMClassifier(**SMALL, embedding_size=2, return_sequences=True)
    yield "tokens", tokens.fit(TOKENS, TOKENS), "predict_proba", TOKENS
    steps = skrnn.LSTMRegressor(**SMALL, **OF_ROWS, embedding_size={"code": 2})
    yield "steps", steps.fit(FRAME, FRAME["x"]), "predict", FRAME
    pairs = skrnn.GRUEncoderDecoder(**{**SMALL, "max_iter": 60})
    yield "pairs", pairs.fit(TEXTS, ["1", "2", "3"]), "predict", TEXTS
    numbers = skrnn.LSTMEncoderDecoderRegressor(**SMALL, loss="poisson")
    yield "pairs of numbers", numbers.fit(RAGGED, [x[:2] ** 2 for x in RAGGED]), "predict", RAGGED
    forecaster = skrnn.Forecaster(skrnn.GRURegressor(**SMALL), horizon=2)
    rows = np.empty((N, 0))
    yield "forecasts", forecaster.fit(rows, X[:, 0, 0]), "predict", rows[:2]
    yield "token encoder", skrnn.TokenEncoder().fit(TEXTS), "transform", TEXTS
    yield "scaler", preprocessing.SeriesScaler().fit(X), "transform", X
    yield "differencer", preprocessing.Differencer().fit(X), "transform", X


def answers(model, method, asked):
    """What a model answers, as lists of numbers or texts."""
    said = getattr(model, method)(asked)
    return [np.asarray(one).tolist() for one in said]


def main():
    folder = Path(__file__).parents[1] / "data" / skrnn.__version__
    if folder.exists():
        sys.exit(f"{folder} is there already: its files are those of a version.")
    folder.mkdir(parents=True)
    said = {}
    for name, model, method, asked in models():
        path = folder / name.replace(" ", "_")
        joblib.dump(model, path.with_suffix(".joblib"), compress=("zlib", 9))
        if type(model).__name__ in CLASSES:
            save(model, path.with_suffix(".safetensors"))
        said[name] = answers(model, method, asked)
    (folder / "answers.json").write_text(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
