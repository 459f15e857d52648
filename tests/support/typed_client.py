"""What type checkers make of skrnn: mypy reads this file, test_stubs.py asks it to.

Nothing here runs. A line with ``type: ignore`` must be an error, of that kind; all others must be none.
"""

from collections.abc import Sequence
from typing import Any, assert_type

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import (
    GRUClassifier,
    GRUEncoderDecoderRegressor,
    GRURegressor,
    LSTMClassifier,
    LSTMEncoderDecoder,
    RNNRegressor,
    TimeDistributed,
    TokenEncoder,
    forecast,
    show_config,
)
from skrnn.callbacks import Checkpoint
from skrnn.datasets import make_adding, make_garch
from skrnn.inspection import SaliencyDisplay
from skrnn.metrics import sequence_scorer

X = np.zeros((20, 5, 2))
y = np.zeros(20)


def estimators() -> None:
    model = LSTMClassifier(
        (32, 16), solver="adam", k1=5, k2="auto", n_iter_no_change=np.inf, dtype=np.float32,
        pooling=("last", "max"), weight_dropout=0.5,
    )  # fmt: skip
    assert_type(model.fit(X, y, sample_weight=y), LSTMClassifier)
    assert_type(model.fit([X[0], X[1, :3]], [0, 1]).predict_proba(list(X)), NDArray[Any])
    assert_type(model.partial_fit(X, y, classes=[0, 1]).score(X, y), float)
    assert_type(model.loss_curve_, list[float])
    assert_type(model.validation_scores_, list[float] | None)
    assert_type(model.weights_["readout.W"], NDArray[Any])
    assert_type(model.hidden_size, int | Sequence[int] | NDArray[Any])
    assert_type(model.generate([1, 2], 5, temperature=0.0, random_state=0), NDArray[Any])
    assert_type(model.set_callbacks(Checkpoint("file", every_n_epochs=None)), LSTMClassifier)
    assert_type(model.get_params(), dict[str, Any])
    assert_type(GRURegressor(loss="quantile", quantile=[0.1, 0.9]).set_params(k1=3), GRURegressor)
    assert_type(
        RNNRegressor(activation="relu", clip_norm=None).forecast(X, 3, feedback=[0, "b"]), NDArray[Any]
    )
    GRUClassifier(class_weight={"a": 1.0}, batch_size=8, verbose=2).fit(pd.DataFrame(), [["a"], ["b"]])
    state = model.stream(2).state
    assert_type(state, list[Any])


def pairs() -> None:
    numbers = GRUEncoderDecoderRegressor(loss="huber").fit(list(X), X[:, :2])
    assert_type(numbers, GRUEncoderDecoderRegressor)
    assert_type(numbers.partial_fit(X, X[:, :2], y).predict(X, horizon=[5] * 20), NDArray[Any])
    assert_type((numbers.horizon_, numbers.score(X, X)), tuple[int, float])
    model = LSTMEncoderDecoder(beam_size=3).fit(["one"], [("1",)])
    assert_type(model.predict(["two", ["t", "o"]]), list[Any])
    assert_type(model.target_vocabulary_, dict[Any, int])


def others() -> None:
    assert_type(TokenEncoder("word").fit_transform(["a b"]), NDArray[Any])
    search = GridSearchCV(
        make_pipeline(TimeDistributed(None), GRURegressor()), {"gruregressor__k1": [1, 2]}
    )
    forecast(search.fit(X, y), X, 10)
    search = GridSearchCV(
        GRUClassifier(), {"k1": [1, None]}, scoring=sequence_scorer("f1", average="macro")
    )
    search.fit(X, y)
    assert_type(make_garch(5), tuple[NDArray[Any], NDArray[Any]])
    assert_type(make_garch(5, return_scale=True), tuple[NDArray[Any], NDArray[Any], NDArray[Any]])
    make_adding(variant="1997")
    skrnn.datasets.make_parity(3)
    show_config()
    assert_type(SaliencyDisplay.from_estimator(search, X, kind="line").plot(), SaliencyDisplay)


class Own(LSTMClassifier):
    """Takes what its parent takes."""


def errors() -> None:
    LSTMClassifier(hiden_size=3)  # type: ignore[call-arg]
    LSTMClassifier(32, True)  # type: ignore[call-arg]
    LSTMClassifier(activation="tanh")  # type: ignore[call-arg]
    LSTMClassifier(hidden_size="3")  # type: ignore[arg-type]
    LSTMClassifier(solver="adamw")  # type: ignore[arg-type]
    LSTMClassifier(k2="automatic")  # type: ignore[arg-type]
    LSTMClassifier(dtype="float16")  # type: ignore[arg-type]
    GRURegressor(class_weight="balanced")  # type: ignore[call-arg]
    LSTMEncoderDecoder(bidirectional=True)  # type: ignore[call-arg]
    Own(hidden_size=8, k3=1)  # type: ignore[call-arg]
    LSTMClassifier().fit(X)  # type: ignore[call-arg]
    LSTMClassifier().fit(X, y, X, y)  # type: ignore[call-arg]
    LSTMClassifier().predict(X, method="proba")  # type: ignore[call-arg]
    TokenEncoder("letters")  # type: ignore[arg-type]
    make_adding(variant="2000")  # type: ignore[arg-type]
    show_config("loud")  # type: ignore[arg-type]
    forecast(GRURegressor(), X)  # type: ignore[call-arg]
