"""A model card tells what there is."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn.interop import model_card

N, T = 20, 5
X = np.random.RandomState(0).normal(size=(N, T, 2))
Y = X[:, -1, 0]
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
OF_ROWS = {"rows": "steps", "sequence_id": "id", "initial_state": "last"}
TITLES = ["Intended use", "Data", "Network", "Settings", "Training", "Limits", "Versions"]


def sections(card):
    """Title -> lines."""
    parts = card.split("\n## ")
    found = {part.split("\n")[0]: part.split("\n")[2:] for part in parts[1:]}
    assert list(found) == TITLES
    return found


def test_a_classifier():
    y = np.array(["low", "high|er"])[np.arange(N) % 2]
    model = skrnn.GRUClassifier(**SMALL, bidirectional=True, early_stopping=True).fit(X, y)
    card = model_card(model)
    assert card.startswith(
        "# GRUClassifier\n\nA recurrent network (GRU, 3 units, bidirectional) that predi"
    )
    found = sections(card)
    assert "| classes | 2: 'high\\|er', 'low' |" in found["Data"]
    assert "| `layer0.reverse.W_h` | 3 x 9 |" in found["Network"]
    assert f"{model._model.theta.size} weights in float64." in found["Network"]
    assert "| `bidirectional` | `True` |" in found["Settings"]
    assert not any("`tol` | `0.0001`" in line for line in found["Settings"])
    assert f"| 2 | {model.loss_curve_[1]:.4g} | {model.validation_loss_curve_[1]:.4g} |" in "".join(
        found["Training"]
    )
    assert any("cannot answer while they come in" in line for line in found["Limits"])
    assert f"| skrnn | {skrnn.__version__} |" in found["Versions"]


def test_curves_are_short():
    model = skrnn.GRURegressor(**{**SMALL, "max_iter": 57}).fit(X, Y)
    rows = [line for line in sections(model_card(model))["Training"] if line.startswith("| ")]
    assert len(rows) == 2 + 10
    assert rows[2].startswith("| 1 |")
    assert rows[-1].startswith("| 57 |")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: skrnn.LSTMRegressor(**SMALL, dtype="float32").fit(X, 5 + Y), "about seven digits"),
        (lambda: skrnn.RNNRegressor(**SMALL).fit(X, X[:, -1]), "several numbers per sequence"),
        (
            lambda: skrnn.GRUClassifier(**SMALL, embedding_size=2, return_sequences=True).fit(
                [[1, 2], [0]], [[1, 0], [0]]
            ),
            "one label per time step",
        ),
        (
            lambda: skrnn.LSTMRegressor(**SMALL, **OF_ROWS).fit(
                pd.DataFrame({"id": [1, 1, 2, 2], "x": [0.0, 1, 2, 3]}), np.arange(4)
            ),
            "| series are told apart by | 'id' |",
        ),
        (
            lambda: skrnn.GRUEncoderDecoder(**SMALL).fit(["one", "two"], ["1", "2"]),
            "| source tokens | 5: 'e', 'n', 'o', 't', 'w' |",
        ),
        (
            lambda: skrnn.LSTMEncoderDecoderRegressor(**SMALL, dtype="float32").fit(X, 1 + X[:, :3]),
            "| steps of the longest y | 3 |",
        ),
        (
            lambda: skrnn.GRURegressor.from_weights(skrnn.GRURegressor(**SMALL).fit(X, Y).exact_weights_),
            "There are no curves",
        ),
        (
            lambda: make_pipeline(
                skrnn.TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL)
            ).fit(X, Y),
            "X goes through: TimeDistributed.",
        ),
    ],
    ids=["float32", "outputs", "tokens", "steps", "pairs", "numbers", "weights", "pipeline"],
)  # fmt: skip
def test_other_models(make, said):
    card = model_card(make())
    sections(card)
    assert said in card


def test_what_is_no_fitted_estimator():
    with pytest.raises(NotFittedError):
        model_card(skrnn.GRURegressor())
    with pytest.raises(TypeError, match="model_card needs a fitted estimator of skrnn"):
        model_card(StandardScaler().fit(X[0]))


def test_a_card_of_skops():
    card = pytest.importorskip("skops.card")
    model = make_pipeline(skrnn.TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL)).fit(X, Y)
    made = model_card(model, output="skops")
    assert isinstance(made, card.Card)
    text, plain = made.render(), [line for line in model_card(model).split("\n") if line]
    lines = [line for line in text.partition("## Diagram")[0].split("\n") if line]
    assert lines[-len(plain) :] == plain  # older ones say of what library it is before
    assert "TimeDistributed" in text.partition("## Diagram")[2]
    made.add_metrics(r2=0.5, section="GRURegressor/Scores")
    assert "0.5" in made.render()


def test_what_is_no_card(monkeypatch):
    model = skrnn.GRURegressor(**SMALL).fit(X, Y)
    with pytest.raises(ValueError, match='output=\'html\': pass "markdown" or "skops"'):
        model_card(model, output="html")
    monkeypatch.setitem(sys.modules, "skops.card", None)
    with pytest.raises(ImportError, match=r"pip install \"skrnn\[skops\]"):
        model_card(model, output="skops")
    forecaster = skrnn.Forecaster(model, horizon=2, time=0).fit(
        np.arange(30)[:, None] * 1.0, Y[np.arange(30) % N]
    )
    with pytest.raises(TypeError, match=r"got Forecaster. Pass its estimator_, the GRURegressor in it"):
        model_card(forecaster)
