"""Text classification, letter by letter
=====================================

Number words, letter by letter: raw strings through TokenEncoder and an embedding, in a grid search.

Two numbers from 1 to 99 are written out in English, German, Spanish or Italian: "forty-two > nineteen",
"zweiundvierzig > neunzehn". Two questions are asked of every such string, and both have a true answer:

- which language is it?
- is what it says true?

The strings go as they are into a Pipeline of TokenEncoder and GRUClassifier(embedding_size=...), inside a
GridSearchCV. No two numbers that are compared in the test are compared in training, in whatever language
or order. The baseline is scikit-learn's usual one, a bag of character n-grams and logistic regression,
searched over in the same way. Letters in whatever order tell the language, so there the baseline is as
good. They do not tell which number is the larger one: one must read from the left to the right, in German
units before tens.

It prints the best settings and the test accuracies of both, and asserts what is said here.

Run: python words_from_characters.py
"""

import time
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, TokenEncoder

ENGLISH = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
    "twenty thirty forty fifty sixty seventy eighty ninety",
)
GERMAN = (
    "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn",
    "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
)
SPANISH = (
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco "
    "veintiséis veintisiete veintiocho veintinueve",
    "- treinta cuarenta cincuenta sesenta setenta ochenta noventa",
)
ITALIAN = (
    "uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici "
    "sedici diciassette diciotto diciannove",
    "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
)


def english(tens, unit):
    return f"{tens}-{unit}"


def german(tens, unit):
    return ("ein" if unit == "eins" else unit) + "und" + tens


def spanish(tens, unit):
    return f"{tens} y {unit}"


def italian(tens, unit):
    tens = tens[:-1] if unit in ("uno", "otto") else tens
    return tens + ("tré" if unit == "tre" else unit)


def numbers(words, compose):
    """The numbers from 1 to 99, the first at position 1."""
    simple, tens = (part.split() for part in words)
    names = ["", *simple]
    for n in range(len(names), 100):
        ten, unit = tens[n // 10 - 2], names[n % 10]
        names.append(compose(ten, unit) if unit else ten)
    return names


LANGUAGES = {
    "English": numbers(ENGLISH, english),
    "German": numbers(GERMAN, german),
    "Spanish": numbers(SPANISH, spanish),
    "Italian": numbers(ITALIAN, italian),
}


def make_phrases(seed=0):
    """Phrases, one for any two numbers, their languages, and whether they are true."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(list(combinations(range(1, 100), 2)))
    pairs = rng.permuted(pairs, axis=1)  # the larger one first or second
    languages = rng.choice(list(LANGUAGES), size=len(pairs))
    phrases = [
        f"{LANGUAGES[language][a]} > {LANGUAGES[language][b]}"
        for (a, b), language in zip(pairs, languages, strict=True)
    ]
    return phrases, languages, pairs[:, 0] > pairs[:, 1]


GRU = make_pipeline(
    TokenEncoder(),
    GRUClassifier(
        batch_size=64, max_iter=30, learning_rate_init=0.02, learning_rate="cosine", dtype="float32",
        random_state=0,
    ),
)  # fmt: skip
GRU_GRID = {"gruclassifier__embedding_size": [4, 8], "gruclassifier__hidden_size": [16, 32]}

N_GRAMS = make_pipeline(
    CountVectorizer(analyzer="char", lowercase=False), LogisticRegression(max_iter=10_000)
)
N_GRAM_GRID = {
    "countvectorizer__ngram_range": [(1, 3), (1, 5)],
    "logisticregression__C": [1, 10],
}


def search(question, phrases, y, n_train):
    """The test accuracies of both models, the settings of each chosen on the training phrases."""
    scores = []
    for name, model, grid in (("n-grams", N_GRAMS, N_GRAM_GRID), ("GRU", GRU, GRU_GRID)):
        found = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(phrases[:n_train], y[:n_train])
        scores.append(found.score(phrases[n_train:], y[n_train:]))
        best = {key.split("__")[1]: value for key, value in found.best_params_.items()}
        print(f"{question:<18}{name:<10}test accuracy {scores[-1]:.3f}   {best}")
    return scores


def draw(scores):
    """Test accuracies: two bars for each question."""
    _, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
    for k, name, colour in ((0, "n-grams", "#889"), (1, "GRU", "#06c")):
        values = [both[k] for both in scores.values()]
        bars = ax.barh(np.arange(len(scores)) + 0.2 - 0.4 * k, values, 0.38, color=colour, label=name)
        ax.bar_label(bars, fmt="{:.3f}", padding=3)
    ax.set_yticks(range(len(scores)), list(scores))
    ax.set(xlim=(0.5, 1.1), xlabel="test accuracy")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def main():
    start = time.perf_counter()
    phrases, languages, is_true = make_phrases()
    print(f"{len(phrases)} phrases, among them:", *phrases[:4], sep="\n    ")
    scores = {"which language?": search("which language?", phrases, languages, n_train=1000)}
    assert min(scores["which language?"]) > 0.98
    n_grams, gru = scores["is it true?"] = search("is it true?", phrases, is_true, n_train=3851)
    draw(scores)
    assert gru > 0.94
    assert gru > n_grams + 0.05
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
