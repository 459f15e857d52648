"""Sequence to sequence: number words to digits
============================================

Sequences to sequences of other lengths: digit strings reversed, and numbers read from words.

Both tasks have one right answer for every input, so that the share of answers that are right to the last
token says whether an encoder-decoder has understood them. The inputs are generated, those of the test
occur in no training data, and both models must reach 99 %.

- Reversal: "40713" -> "31704", up to ten digits. All that is read must be remembered, and said in another
  order.
- Number words: "four hundred and twelve" -> "412", up to 9999, read letter by letter. The answer is
  shorter than the input, and its length depends on what the words mean.

Run: python encoder_decoder.py
"""

import time

import matplotlib.pyplot as plt
import numpy as np

from skrnn import GRUEncoderDecoder, LSTMEncoderDecoder

ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(n):
    """412 -> "four hundred and twelve", for 0 <= n < 10000."""
    if n < 20:
        return ONES[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return TENS[tens - 2] + (f" {ONES[ones]}" if ones else "")
    unit, name = (100, "hundred") if n < 1000 else (1000, "thousand")
    many, rest = divmod(n, unit)
    link = " and " if rest < 100 else " "
    return f"{in_words(many)} {name}" + (link + in_words(rest) if rest else "")


def reversal(n, rng):
    """n different strings of one to ten digits, and the same reversed."""
    X = {}
    while len(X) < n:
        X["".join(map(str, rng.randint(10, size=rng.randint(1, 11))))] = None
    return list(X), [x[::-1] for x in X]


def number_words(n, rng):
    """n different numbers, in words and in digits."""
    numbers = rng.permutation(10_000)[:n].tolist()
    return [in_words(k) for k in numbers], [str(k) for k in numbers]


def reverse_strings(seed):
    X, y = reversal(12_000, np.random.RandomState(seed))
    model = LSTMEncoderDecoder(
        64, batch_size=64, max_iter=20, learning_rate="cosine", alpha=1e-2, dtype="float32",
        random_state=seed,
    )  # fmt: skip
    return model, X[:10_000], y[:10_000], X[10_000:], y[10_000:]


def read_numbers(seed):
    X, y = number_words(6000, np.random.RandomState(seed))
    model = GRUEncoderDecoder(
        64, max_iter=20, learning_rate="cosine", alpha=1e-2, dtype="float32", random_state=seed
    )  # fmt: skip
    return model, X[:4000], y[:4000], X[4000:], y[4000:]


def draw(name, answers, X, y):
    """The share of answers that are right, by the length of what is read."""
    right = np.array(["".join(answer) == true for answer, true in zip(answers, y, strict=True)])
    lengths = np.array([len(x) for x in X])
    shown = np.unique(lengths)
    _, ax = plt.subplots(figsize=(6, 2.4), layout="constrained")
    ax.bar(shown, [right[lengths == n].mean() for n in shown], color="#06c")
    ax.set(title=name.replace("_", " "), xlabel="letters read", ylabel="share right", ylim=(0, 1.05))


def run(task, seed=0):
    """Train and test; returns the share of answers to new inputs that are right to the last token."""
    model, X, y, X_new, y_new = task(seed)
    assert not set(X) & set(X_new)
    start = time.perf_counter()
    model.fit(X, y)
    print(f"{task.__name__}: {len(X)} pairs, {model.n_iter_} epochs, {time.perf_counter() - start:.0f} s")
    for x, answer in zip(X_new[:3], model.predict(X_new[:3]), strict=True):
        print(f"  {x} -> {''.join(answer)}")
    exact = model.score(X_new, y_new)
    draw(task.__name__, model.predict(X_new), X_new, y_new)
    print(f"  exact match on {len(X_new)} new inputs: {exact:.4f} (greedy)")
    beam = model.set_params(beam_size=5).score(X_new, y_new)
    print(f"  exact match on {len(X_new)} new inputs: {beam:.4f} (beam of 5)")
    return exact


def main():
    for task in (reverse_strings, read_numbers):
        assert run(task) >= 0.99


if __name__ == "__main__":
    main()
