"""Transfer learning: few labelled sequences
=========================================

Transfer learning: a network that was trained on many sequences begins one for which there are few.

A GRU learns to tell the frequency of noisy waves from 400 of them. Another question about waves, whether
they are slow, medium or fast, is then answered with 12 examples only: the layer of the first network is
taken over and frozen, and a new read-out is drawn for the labels and trained. A network that is trained
on the 12 examples alone does worse. The picture shows what both say of unseen waves: taken over, the
changes from slow to medium and from medium to fast are where they should be.
"""

import matplotlib.pyplot as plt
import numpy as np

from skrnn import GRUClassifier, GRURegressor


def waves(n, random_state):
    """n waves of 40 steps, (n, 40, 1), with noise, and their frequencies in turns per step."""
    rng = np.random.RandomState(random_state)
    frequency, phase = rng.uniform(0.02, 0.2, size=(n, 1)), rng.uniform(0, 2 * np.pi, size=(n, 1))
    X = np.sin(2 * np.pi * frequency * np.arange(40) + phase) + 0.5 * rng.normal(size=(n, 40))
    return X[..., None], frequency[:, 0]


def speed(frequency):
    return np.array(["slow", "medium", "fast"])[np.digitize(frequency, [0.08, 0.14])]


many, frequency = waves(400, random_state=0)
few, f = waves(12, random_state=1)
unseen, f_unseen = waves(400, random_state=2)

known = GRURegressor(hidden_size=16, random_state=0).fit(many, frequency)
layer = {name: W for name, W in known.exact_weights_.items() if name.startswith("layer0")}

transferred = GRUClassifier.from_weights(
    layer, draw="readout", classes=sorted(set(speed(f))), frozen="layer0", warm_start=True, random_state=0
)
transferred.fit(few, speed(f))
alone = GRUClassifier(hidden_size=16, random_state=0).fit(few, speed(f))

for name, W in layer.items():
    assert transferred.weights_[name].tobytes() == W.tobytes()
scores = [model.score(unseen, speed(f_unseen)) for model in (transferred, alone)]
print("accuracy on unseen waves: {:.2f} with the layer taken over, {:.2f} without".format(*scores))
assert scores[0] > scores[1] + 0.1

_, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
titles = (f"layer taken over: {scores[0]:.2f} right", f"12 examples alone: {scores[1]:.2f} right")
for ax, model, title in zip(axes, (transferred, alone), titles, strict=True):
    p = model.predict_proba(unseen)
    for label, colour in (("slow", "#06c"), ("medium", "#899"), ("fast", "#d60")):
        ax.plot(f_unseen, p[:, list(model.classes_).index(label)], ".", color=colour, label=label)
    for border in (0.08, 0.14):
        ax.axvline(border, color="black", linewidth=0.8, linestyle=":")
    ax.set(title=title, xlabel="frequency, turns per step", xlim=(0.02, 0.2))
axes[0].set_ylabel("probability")
axes[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2)
