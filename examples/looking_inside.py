"""Saliency and gates: what an answer depends on
=============================================

Looking inside: how training went, what an answer depends on, and what the gates do.

Two networks are trained on data that are made here:

- an LSTM reads two columns, a random number and a mark that is 1 at one step only, and is to say, after
  the last step, which number stood at the mark. So it must let that number into its memory and no other
  one;
- a GRU reads short reviews, word by word, and is to say whether they are good or bad. "not" turns the
  word after it round.

Pictures:

- training.png: loss, validation, gradient norm and clipping of the LSTM (`TrainingCurveDisplay`);
- remembered.png: the gradient of its answer with respect to all it has read, for one sequence
  (`SaliencyDisplay`): it stands out at the mark;
- gates.png: its gates and states for the same sequence (`GateDisplay`);
- words.png: reviews, each word on a ground that is red where it speaks for the answer, blue where
  against it.

It prints the scores and asserts that the networks look where they should.

Run: python looking_inside.py [FOLDER]     (with FOLDER the pictures are written there)
"""

import sys
import time
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, LSTMRegressor, TokenEncoder
from skrnn.inspection import GateDisplay, SaliencyDisplay, TrainingCurveDisplay, saliency

GOOD = ["good", "great", "lovely", "funny"]
BAD = ["bad", "awful", "boring", "poor"]
OTHER = [
    "the",
    "a",
    "film",
    "plot",
    "music",
    "story",
    "was",
    "is",
    "we",
    "saw",
    "it",
    "and",
    "its",
    "with",
]
SHOWN = 6  # the seed of the sequence in the pictures: the mark is at step 8


def make_marked(n, T=20, seed=0):
    """Sequences of numbers and marks, and the number at the mark."""
    rng = np.random.default_rng(seed)
    X = np.zeros((n, T, 2))
    X[:, :, 0] = rng.uniform(-1, 1, size=(n, T))
    marked = rng.integers(T - 5, size=n)
    X[np.arange(n), marked, 1] = 1
    return X, X[np.arange(n), marked, 0], marked


def make_reviews(n, seed=0):
    """Reviews with one word of praise or blame, perhaps after "not"; and what they mean."""
    rng = np.random.default_rng(seed)
    reviews, labels = [], []
    for _ in range(n):
        words = rng.choice(OTHER, size=rng.integers(4, 12)).tolist()
        is_good, is_turned = rng.random(2) < 0.5
        verdict = ["not"] * int(is_turned) + [str(rng.choice(GOOD if is_good else BAD))]
        at = rng.integers(len(words))
        reviews.append(" ".join(words[:at] + verdict + words[at:]))
        labels.append("good" if is_good != is_turned else "bad")
    return reviews, labels


@cache
def lstm():
    X, y, _ = make_marked(600)
    model = LSTMRegressor(
        hidden_size=12, learning_rate_init=0.02, learning_rate="cosine", max_iter=80, early_stopping=True,
        n_iter_no_change=80, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs
        return model.fit(X, y)


@cache
def reader():
    gru = GRUClassifier(
        hidden_size=16, embedding_size=4, alpha=0.01, dropout=0.2, learning_rate_init=0.01, max_iter=40,
        random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(TokenEncoder("word"), gru).fit(*make_reviews(800))


def draw_training():
    return TrainingCurveDisplay.from_estimator(lstm()).figure_


def draw_remembered():
    X, _, _ = make_marked(1, seed=SHOWN)
    return SaliencyDisplay.from_estimator(lstm(), X, feature_names=["number", "mark"]).figure_


def draw_gates():
    X, _, _ = make_marked(1, seed=SHOWN)
    return GateDisplay.from_estimator(lstm(), X[0]).figure_


def draw_words():
    reviews, _ = make_reviews(8, seed=1)
    return SaliencyDisplay.from_estimator(reader(), reviews).figure_


def main(folder=None):
    start = time.perf_counter()
    X, y, marked = make_marked(200, seed=2)
    reviews, labels = make_reviews(200, seed=2)
    scores = lstm().score(X, y), reader().score(reviews, labels)
    print("test R2 of the LSTM {:.3f}, test accuracy of the GRU {:.3f}".format(*scores))
    assert min(scores) > 0.95

    # where does the answer depend most on what was read?
    at_mark = np.abs(saliency(lstm(), X)[:, :, 0]).argmax(axis=1) == marked
    verdicts = {*GOOD, *BAD, "not"}
    on_verdict = [
        review.split()[np.abs(S).argmax()] in verdicts
        for review, S in zip(reviews, saliency(reader(), reviews), strict=True)
    ]
    at_random = np.mean([np.mean([word in verdicts for word in review.split()]) for review in reviews])
    print(
        f"The answer depends most on what stands at the mark in {np.mean(at_mark):.0%} of the sequences,"
    )
    print(f"on a word of verdict in {np.mean(on_verdict):.0%} of the reviews, {at_random:.0%} by chance.")
    assert np.mean(at_mark) > 0.95
    assert np.mean(on_verdict) > 2 * at_random

    for draw in (draw_training, draw_remembered, draw_gates, draw_words):
        figure = draw()
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            figure.savefig(Path(folder) / f"{draw.__name__.removeprefix('draw_')}.png")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
