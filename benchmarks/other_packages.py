"""Ours at defaults against classifiers of aeon, by random convolutions (the ROCKET family), and Keras.

aeon's get arrays (n, F, T), shorter sequences filled with zeros at the end: they take no unequal lengths;
"-" where a set is too short for their kernels. Keras: the same network as PyTorch's of
``time_to_accuracy.py``, by its own layers and its own defaults, masked, Adam with its rate of 0.001,
batches of 32, ``EPOCHS`` epochs, on the backend that KERAS_BACKEND names. Test accuracies are means of
the seeds, with the lowest; times in seconds of CPU, on one thread, medians of one fit and of one predict.
The first fit of aeon's on a set compiles and is not counted.

Run: python benchmarks/other_packages.py FOLDER [part of a set's name ...] [--seeds 3] [--only MODEL ...]
(FOLDER holds the data sets and load.py)
"""

import argparse
import os
import statistics
import time
import warnings
from importlib.metadata import version

import numpy as np
import threadpoolctl
from data_sets import all_tasks
from plain_models import flattened

import skrnn

SETS = ["JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "SyntheticControl", "digits"]
EPOCHS = 200


def padded(X, T):
    """(n, T, F), zeros after the end of what is shorter."""
    return flattened(X, T).reshape(len(X), T, -1)


class OfAeon:
    """A classifier of aeon, which has time last."""

    def __init__(self, name, seed):
        import aeon.classification.convolution_based as convolution_based

        self.model = getattr(convolution_based, name)(random_state=seed)

    def fit(self, X, y):
        self.T = max(map(len, X))
        self.model.fit(padded(X, self.T).transpose(0, 2, 1), y)

    def predict(self, X):
        return self.model.predict(padded(X, self.T).transpose(0, 2, 1))


class OfKeras:
    """One layer and a softmax, with the steps that are not there masked."""

    def __init__(self, cell, seed):
        import keras

        keras.utils.set_random_seed(seed)
        self.keras, self.cell = keras, cell

    def fit(self, X, y):
        layers = self.keras.layers
        self.classes, codes = np.unique(y, return_inverse=True)
        self.T = max(map(len, X))
        self.model = self.keras.Sequential([
            layers.Masking(), getattr(layers, self.cell)(32), layers.Dense(len(self.classes), "softmax")
        ])  # fmt: skip
        self.model.compile("adam", "sparse_categorical_crossentropy")
        self.model.fit(padded(X, self.T), codes, batch_size=32, epochs=EPOCHS, verbose=0)

    def predict(self, X):
        return self.classes[self.model.predict(padded(X, self.T), verbose=0).argmax(axis=1)]


MODELS = {
    "LSTM": lambda seed: skrnn.LSTMClassifier(random_state=seed),
    "GRU": lambda seed: skrnn.GRUClassifier(random_state=seed),
    "MiniRocket": lambda seed: OfAeon("MiniRocketClassifier", seed),
    "MultiRocketHydra": lambda seed: OfAeon("MultiRocketHydraClassifier", seed),
    "Rocket": lambda seed: OfAeon("RocketClassifier", seed),
    "Keras LSTM": lambda seed: OfKeras("LSTM", seed),
    "Keras GRU": lambda seed: OfKeras("GRU", seed),
}


def once(make, task, seed):
    """Accuracy, and seconds of fit and of predict."""
    model = make(seed)
    start = time.process_time()
    model.fit(task.X, task.y)
    middle = time.process_time()
    accuracy = np.mean(model.predict(task.X_test) == task.y_test)
    return accuracy, middle - start, time.process_time() - middle


def compare(task, name, seeds):
    make, is_of_aeon = MODELS[name], "Rocket" in name
    try:
        runs = [once(make, task, seed) for seed in range(seeds + is_of_aeon)]
    except ValueError as error:
        print(f"{task.name:<18}{name:<18}{'-':>10}  {str(error)[:60]}", flush=True)
        return
    accuracy, fit, predict = zip(*runs[-seeds:], strict=True)
    print(
        f"{task.name:<18}{name:<18}{np.mean(accuracy):>10.4f}{min(accuracy):>9.4f}"
        f"{statistics.median(fit):>9.2f}{statistics.median(predict):>9.3f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("sets", nargs="*", default=SETS, help="parts of the names of sets")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=MODELS)
    options = parser.parse_intermixed_args()
    warnings.simplefilter("ignore")
    packages = ", ".join(f"{name} {version(name)}" for name in ("skrnn", "aeon", "keras"))
    print(f"{packages} on {os.environ.get('KERAS_BACKEND', 'tensorflow')}; {options.seeds} seeds")
    print(f"{'set':<18}{'model':<18}{'accuracy':>10}{'lowest':>9}{'fit s':>9}{'pred. s':>9}")
    for task in all_tasks(options.folder):
        if not task.is_regression and any(part in task.name for part in options.sets):
            for name in options.only:
                compare(task, name, options.seeds)


if __name__ == "__main__":
    with threadpoolctl.threadpool_limits(1):
        main()
