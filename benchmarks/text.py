"""Characters: surnames to languages, and a language model of Shakespeare; ours beside PyTorch.

Both sets, their protocols, references and gates are those of the folder's table. "torch" is the same
work done by PyTorch in the same run, seed by seed after ours: nn.Embedding and the same layer, batches,
epochs, Adam, clipping by norm 1, one thread, float32; for Shakespeare one epoch only, whose seconds are
multiplied.

names          20 050 surnames, 18 languages, 80/20, stratified: TokenEncoder and a classifier with an
               embedding of 32, hidden 128, batches of 64, 8 epochs, the rate falling from 0.003 along
               half a cosine; accuracy.
tinyshakespeare  1.1 M characters, 90/5/5 in order: embedding of 64, one layer of 128, 50 streams
               (``batch_size=50`` cuts the text into 50 pieces), k1 = k2 = 50, rate 0.004 x 0.8 per epoch
               (``partial_fit`` with ``set_params`` between epochs), 6 epochs; nats per character on the
               5 % after the first 90.

Run: python benchmarks/text.py FOLDER [names | shakespeare] [--seeds 3] [--no-torch]
"""

import argparse
import statistics
import time
import warnings

import numpy as np
from data_sets import OF_THE_CELL, loader
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

import skrnn

NAMES = {
    "hidden_size": 128, "batch_size": 64, "learning_rate_init": 3e-3, "learning_rate": "cosine",
    "max_iter": 8, "embedding_size": 32,
}  # fmt: skip
SHAKESPEARE = {"hidden_size": 128, "batch_size": 50, "k1": 50, "embedding_size": 64}
EPOCHS, RATE, DECAY = 6, 4e-3, 0.8
REFERENCES = {
    ("names", "RNN"): (0.819, None), ("names", "GRU"): (0.833, 0.81), ("names", "LSTM"): (0.831, 0.81),
    ("shakespeare", "GRU"): (1.627, 1.70), ("shakespeare", "LSTM"): (1.757, None),
    ("shakespeare", "RNN"): (1.768, None),
}  # fmt: skip


def estimator(cell, seed, **settings):
    cls = getattr(skrnn, f"{cell}Classifier")
    return cls(random_state=seed, dtype="float32", alpha=1e-4, tol=0, **OF_THE_CELL[cell], **settings)


# --- names ---------------------------------------------------------------------------------------------


def names(load):
    texts, languages = load.load_names()
    return train_test_split(
        np.array(texts, dtype=object),
        np.array(languages),
        test_size=0.2,
        stratify=languages,
        random_state=0,
    )


def our_names(cell, seed, data):
    X, X_test, y, y_test = data
    model = make_pipeline(skrnn.TokenEncoder(), estimator(cell, seed, n_iter_no_change=np.inf, **NAMES))
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    return model.score(X_test, y_test), seconds


def their_names(cell, seed, data):
    import torch
    from peer_torch import fit_tokens

    X, X_test, y, y_test = data
    encoder = skrnn.TokenEncoder().fit(X)
    classes, labels = np.unique(y, return_inverse=True)
    start = time.perf_counter()
    answer = fit_tokens(
        cell, NAMES, [torch.as_tensor(x) for x in encoder.transform(X)], torch.as_tensor(labels),
        encoder.n_tokens_, len(classes), seed,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    found = classes[answer([torch.as_tensor(x) for x in encoder.transform(X_test)]).argmax(1)]
    return float(np.mean(found == y_test)), seconds


# --- tinyshakespeare -----------------------------------------------------------------------------------


def shakespeare(load):
    text = load.load_shakespeare()
    ids = skrnn.TokenEncoder().fit_transform([text])[0]
    n = len(ids)
    return ids[: int(0.9 * n)], ids[int(0.9 * n) : int(0.95 * n)]


def our_shakespeare(cell, seed, data, epochs=EPOCHS):
    train, test = data
    model = estimator(cell, seed, return_sequences=True, n_tokens=int(train.max()) + 1, **SHAKESPEARE)
    start = time.perf_counter()
    for epoch in range(epochs):
        model.set_params(learning_rate_init=RATE * DECAY**epoch)
        model.partial_fit([train[:-1]], [train[1:]], classes=np.arange(1, train.max() + 1))
    seconds = time.perf_counter() - start
    log_p = model.predict_log_proba([test[:-1]])[0]
    places = np.searchsorted(model.classes_, test[1:])
    return float(-np.mean(log_p[np.arange(len(places)), places])), seconds


def their_shakespeare(cell, seed, data):
    """One epoch; its seconds times the number of epochs."""
    from peer_torch import seconds_of_characters

    return np.nan, EPOCHS * seconds_of_characters(cell, SHAKESPEARE, data[0], RATE, seed)


SETS = {
    "names": (names, our_names, their_names, ["RNN", "GRU", "LSTM"]),
    "shakespeare": (shakespeare, our_shakespeare, their_shakespeare, ["GRU", "LSTM", "RNN"]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("only", nargs="*", help="names of sets")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-torch", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    load, broken = loader(options.folder), 0
    print(f"skrnn {skrnn.__version__}, {options.seeds} seeds")
    print(
        f"{'set':<13}{'cell':<6}{'ref.':>7}{'gate':>7}  {'ours':<24}{'':<7}{'torch':<24}"
        f"{'ours s':>7}{'torch s':>8}"
    )
    for name in options.only or SETS:
        read, ours, theirs, cells = SETS[name]
        data = read(load)
        for cell in cells:
            mine, peer = [], []
            for seed in range(options.seeds):
                mine.append(ours(cell, seed, data))
                if not options.no_torch and (name == "names" or seed == 0):
                    peer.append(theirs(cell, seed, data))
            broken += report(name, cell, mine, peer)
    print(f"gates that do not hold: {broken}")


def report(name, cell, mine, peer):
    """Print a line; whether a gate does not hold."""
    reference, gate = REFERENCES[name, cell]
    figures, seconds = zip(*mine, strict=True)
    held = None
    if gate is not None:
        held = np.mean(figures) >= gate if name == "names" else np.mean(figures) <= gate
    text = f"{name:<13}{cell:<6}{reference:>7.3f}{gate or '-':>7}  {spread(figures):<24}"
    text += f"{ {True: 'holds', False: 'FAILS', None: ''}[held]:<7}"
    their_figures, their_seconds = zip(*peer, strict=True) if peer else ([np.nan], [np.nan])
    text += f"{spread(their_figures):<24}{statistics.median(seconds):>7.1f}"
    print(f"{text}{statistics.median(their_seconds):>8.1f}", flush=True)
    return held is False


def spread(values):
    if np.isnan(values).any():
        return "-"
    return f"{np.mean(values):.3f} ({min(values):.3f} - {max(values):.3f})"


if __name__ == "__main__":
    main()
