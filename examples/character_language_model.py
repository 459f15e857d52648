"""Text generation: a character language model
===========================================

A character language model: a GRU learns to write like scikit-learn's descriptions of its data sets.

The texts are the descriptions that come with load_iris, load_wine and so on, about 15 000 characters. The
first nine tenths of each are for training, the rest for the test. TokenEncoder makes characters integers;
the target of each character is the next one (return_sequences=True). There are six long sequences, and
batch_size=24: each is cut into four pieces that run side by side. The weights are updated every
k1 = k2 = 32 characters, and the state goes on from window to window.

It prints the mean cost of a test character in nats, -log p(character | what came before): of the unigram
model (frequencies), of the bigram model (frequencies after each character, smoothed by the unigram's),
and of the GRU, which is asserted to be the lowest. (On so little text counts can do better still, with
longer histories and good smoothing: about 2.4 nats with six characters.) Then ``generate`` continues a
few words, at several temperatures.

Run: python character_language_model.py
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)

from skrnn import GRUClassifier, TokenEncoder

LOADERS = (load_breast_cancer, load_diabetes, load_digits, load_iris, load_linnerud, load_wine)
PROMPT = "The data set contains "


def read_texts():
    """The texts, cut at nine tenths: for training and for the test."""
    texts = [load().DESCR for load in LOADERS]
    cuts = [9 * len(text) // 10 for text in texts]
    pairs = list(zip(texts, cuts, strict=True))
    return [text[:cut] for text, cut in pairs], [text[cut:] for text, cut in pairs]


def inputs_and_targets(sequences):
    """Each character, and the one that comes next."""
    return [s[:-1] for s in sequences], [s[1:] for s in sequences]


def frequency_models(sequences, n_tokens):
    """p(next) and p(next | character), (n_tokens,) and (n_tokens, n_tokens), from counts."""
    pairs = np.zeros((n_tokens, n_tokens))
    for x, y in zip(*inputs_and_targets(sequences), strict=True):
        np.add.at(pairs, (x, y), 1)
    unigram = (pairs.sum(axis=0) + 1) / (pairs.sum() + n_tokens)
    bigram = (pairs + 20 * unigram) / (pairs.sum(axis=1, keepdims=True) + 20)
    return unigram, bigram


def nats(log_p, y):
    """The mean of -log p of the characters y; log_p (n, n_tokens)."""
    return -log_p[np.arange(len(y)), y].mean()


def train(sequences, n_tokens):
    """A label for every token, so that the model has a probability for characters it never saw."""
    gru = GRUClassifier(
        hidden_size=128, embedding_size=32, n_tokens=n_tokens, return_sequences=True, k1=32,
        batch_size=24, dropout=0.5, dtype="float32", random_state=0,
    )  # fmt: skip
    X, y = inputs_and_targets(sequences)
    for epoch in range(40):
        gru.set_params(learning_rate_init=0.01 * 0.95**epoch)
        gru.partial_fit(X, y, classes=np.arange(n_tokens))
    return gru


def draw(losses, costs):
    """What an epoch left to learn, above the costs of the test."""
    _, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    ax.plot(np.arange(1, len(losses) + 1), losses, color="#06c", linewidth=2, label="GRU, training")
    for (name, cost), style in zip(costs.items(), (":", "--", "-"), strict=True):
        ax.axhline(cost, color="black", linewidth=1, linestyle=style, label=f"{name}, test: {cost:.2f}")
    ax.set(xlabel="epoch", ylabel="nats per character")
    ax.legend(frameon=False)


def main():
    start = time.perf_counter()
    texts, test_texts = read_texts()
    encoder = TokenEncoder().fit(texts)
    sequences, n_tokens = encoder.transform(texts), encoder.n_tokens_
    X, y = inputs_and_targets(encoder.transform(test_texts))
    all_X, all_y = np.concatenate(X), np.concatenate(y)
    print(f"{sum(map(len, texts))} characters, {len(all_y)} in the test, {n_tokens} different ones")

    unigram, bigram = frequency_models(sequences, n_tokens)
    gru = train(sequences, n_tokens)
    costs = {
        "unigram": nats(np.tile(np.log(unigram), (len(all_y), 1)), all_y),
        "bigram": nats(np.log(bigram[all_X]), all_y),
        "GRU": nats(np.concatenate(list(gru.predict_log_proba(X))), all_y),
    }
    for name, cost in costs.items():
        print(f"{name:<10}{cost:.3f} nats per character")
    draw(gru.loss_curve_, costs)
    assert costs["GRU"] < costs["bigram"] - 0.3 < costs["unigram"]

    prompt = encoder.transform([PROMPT])[0]
    for temperature, top_k in ((0.5, None), (0.8, None), (1.0, 5)):
        tokens = gru.generate(prompt, 160, temperature=temperature, top_k=top_k, random_state=0)
        print(f"\n--- temperature {temperature}, top_k {top_k}")
        print(PROMPT + encoder.inverse_transform([tokens])[0])
    greedy = gru.generate(prompt, 160, temperature=0)
    assert (greedy == gru.generate(prompt, 160, temperature=0)).all()
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
