"""The same network in PyTorch: same layer, batches, epochs, Adam, clipping and windows, one thread.

``fit_and_predict`` does the work that fit and predict of skrnn do, in the idiom of PyTorch: ``nn.LSTM``
with packed sequences, or with the state carried from window to window.
"""

import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class Net(nn.Module):
    """A recurrent layer and a linear read-out."""

    def __init__(self, cell, n_inputs, hidden_size, n_outputs, pooling):
        super().__init__()
        self.layer = getattr(nn, cell)(n_inputs, hidden_size, batch_first=True)
        self.readout = nn.Linear(hidden_size, n_outputs)
        self.pooling = pooling

    def steps(self, X, state=None):
        """X a list of (T_i, F): (B, T, H) and the final state; an array (B, T, F) needs no packing."""
        if not isinstance(X, list):
            return self.layer(X, state)
        lengths = [len(x) for x in X]
        if len(set(lengths)) == 1:
            return self.layer(torch.stack(X), state)
        packed = pack_padded_sequence(pad_sequence(X, batch_first=True), lengths, True, False)
        H, state = self.layer(packed, state)
        return pad_packed_sequence(H, batch_first=True)[0], state

    def forward(self, X):
        """One output row per sequence."""
        H, state = self.steps(X)
        if self.pooling == "mean":
            lengths = torch.tensor([len(x) for x in X])[:, None]
            return self.readout(H.sum(1) / lengths)  # packed output is zero past the end
        return self.readout((state[0] if isinstance(state, tuple) else state)[-1])


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


class Fit:
    """Training of one ``Net``: ``loss(output, y)`` is a mean over what it is given."""

    def __init__(self, net, loss, rate):
        self.net, self.loss = net, loss
        self.optimizer = torch.optim.Adam(net.parameters(), lr=rate)

    def update(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()

    def one_target(self, X, y):
        self.update(self.loss(self.net(X), y))

    def per_step(self, X, y):
        """Whole sequences; the mean over all steps of all of them."""
        raw = self.net.readout(self.net.steps(X)[0])
        self.update(
            self.loss(torch.cat([r[: len(t)] for r, t in zip(raw, y, strict=True)]), torch.cat(y))
        )

    def windows(self, X, y, k1, k2):
        """TBPTT(k1, k2 >= k1) on arrays (B, T, .): an update every k1 steps, through k2 steps."""
        X, y = torch.stack(X), torch.stack(y)
        T, start, state = X.shape[1], 0, None
        for first in range(0, T, k1):
            end = min(first + k1, T)
            cut = min(max(0, first + 2 * k1 - k2), end)  # where the next window starts
            parts = []
            for steps in (slice(start, cut), slice(cut, end)):
                if steps.start < steps.stop:
                    H, state = self.net.layer(X[:, steps], state)
                    parts.append(H)
                if steps.stop == cut:
                    kept = None if state is None else detached(state)
            raw = self.net.readout(torch.cat(parts, 1)[:, first - start :])
            self.update(self.loss(raw.flatten(0, 1), y[:, first:end].flatten(0, 1)))
            start, state = cut, kept


LOSSES = {
    "classes": nn.CrossEntropyLoss(),
    "labels": lambda raw, y: nn.functional.binary_cross_entropy_with_logits(raw, y) * y.shape[1],
    "numbers": lambda raw, y: nn.functional.mse_loss(raw[:, 0], y) / 2,
}
LINKS = {
    "classes": lambda raw: raw.softmax(-1),
    "labels": torch.sigmoid,
    "numbers": lambda raw: raw[..., 0],
}


class Targets:
    """y as numbers for PyTorch, and its outputs back in the terms of y."""

    def __init__(self, y, kind, per_step):
        self.kind, self.per_step, self.mean, self.scale, self.classes = kind, per_step, 0.0, 1.0, None
        values = np.concatenate(list(y)) if per_step else np.asarray(y)
        if kind == "numbers":
            self.mean, self.scale = values.mean(), values.std()
        if kind == "classes":
            self.classes = np.unique(values)
        self.n_outputs = {"classes": np.size(self.classes), "labels": values.shape[-1], "numbers": 1}[
            kind
        ]

    def encoded(self, y):
        if self.kind == "classes":
            return torch.as_tensor(np.searchsorted(self.classes, y))
        return torch.as_tensor(((np.asarray(y) - self.mean) / self.scale).astype(np.float32))

    def answers(self, raw):
        """What is compared with y: numbers, labels, or (per step) probabilities."""
        out = LINKS[self.kind](raw).numpy()
        if self.kind == "numbers":
            return out * self.scale + self.mean
        return out if self.per_step else self.classes[out.argmax(axis=-1)]


def fit(net, target, X, y, *, rate, batch_size, epochs, k1=None, k2=None, after_epoch=None):
    """Train ``net`` on lists of tensors; y a tensor (n, ...), or a list of them per step."""
    training = Fit(net, LOSSES[target.kind], rate)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            part = [X[i] for i in rows.tolist()]
            y_part = [y[i] for i in rows.tolist()] if target.per_step else y[rows]
            if k1 is not None:
                training.windows(part, y_part, k1, k2)
            elif target.per_step:
                training.per_step(part, y_part)
            else:
                training.one_target(part, y_part)
        if after_epoch is not None:
            with torch.no_grad():
                after_epoch()


def compute(net, target, X):
    """Answers for a list of sequences."""
    with torch.no_grad():
        if not target.per_step:
            return target.answers(net(X))
        H, _ = net.steps(X)
        answers = target.answers(net.readout(H))
    return [answer[: len(x)] for answer, x in zip(answers, X, strict=True)]


def fit_and_predict(cell, settings, data, validation, kind, seed, epochs):
    """Answers for the test data (per step: a list), and the seconds of the fit.

    ``settings`` are those of skrnn; ``validation``: (X, y) that is looked at after every epoch, and
    whose best weights are kept, or None.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    X, y, X_test = ([torch.as_tensor(x) for x in data[0]], data[1], [torch.as_tensor(x) for x in data[2]])
    per_step = settings.get("return_sequences", False)
    target = Targets(y, kind, per_step)
    y = [target.encoded(v) for v in y] if per_step else target.encoded(y)
    net = Net(cell, X[0].shape[1], settings["hidden_size"], target.n_outputs, settings.get("pooling"))
    keep = KeepBest(net, target, validation) if validation else None
    start = time.perf_counter()
    fit(
        net, target, X, y, rate=settings["learning_rate_init"], batch_size=settings["batch_size"],
        epochs=epochs, k1=settings.get("k1"), k2=settings.get("k2"), after_epoch=keep,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if keep:
        net.load_state_dict(keep.best)
    return compute(net, target, X_test), seconds


class KeepBest:
    """The weights at the lowest loss on validation data."""

    def __init__(self, net, target, validation):
        self.net, self.target, self.lowest, self.best = net, target, np.inf, None
        X, y = validation
        self.X = [torch.as_tensor(x) for x in X]
        self.y = torch.cat([target.encoded(v) for v in y])

    def __call__(self):
        H, _ = self.net.steps(self.X)
        raw = torch.cat([r[: len(x)] for r, x in zip(self.net.readout(H), self.X, strict=True)])
        loss = float(LOSSES[self.target.kind](raw, self.y))
        if loss < self.lowest:
            self.lowest = loss
            self.best = {name: value.clone() for name, value in self.net.state_dict().items()}


# --- tokens --------------------------------------------------------------------------------------------


class TokenNet(nn.Module):
    """A table of embeddings below a ``Net``."""

    def __init__(self, cell, n_tokens, embedding_size, hidden_size, n_outputs):
        super().__init__()
        self.table = nn.Embedding(n_tokens, embedding_size)
        self.net = Net(cell, embedding_size, hidden_size, n_outputs, None)
        self.layer, self.readout = self.net.layer, self.net.readout

    def forward(self, X):
        """One output row per sequence of tokens."""
        return self.net([self.table(x) for x in X])


def token_net(cell, settings, n_tokens, n_outputs, seed):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    return TokenNet(cell, n_tokens, settings["embedding_size"], settings["hidden_size"], n_outputs)


def fit_tokens(cell, settings, X, y, n_tokens, n_outputs, seed):
    """Train on sequences of tokens with one class each; returns a function from X to outputs."""
    net = token_net(cell, settings, n_tokens, n_outputs, seed)
    training = Fit(net, LOSSES["classes"], settings["learning_rate_init"])
    for _ in range(settings["max_iter"]):
        for rows in torch.randperm(len(X)).split(settings["batch_size"]):
            training.one_target([X[i] for i in rows.tolist()], y[rows])

    def answer(X):
        with torch.no_grad():
            return torch.cat([net(X[k : k + 256]) for k in range(0, len(X), 256)]).numpy()

    return answer


def seconds_of_characters(cell, settings, ids, rate, seed):
    """One epoch of a language model on pieces of one text that run side by side."""
    n = settings["batch_size"]
    net = token_net(cell, settings, int(ids.max()) + 1, int(ids.max()) + 1, seed)
    training = Fit(net, LOSSES["classes"], rate)
    T = (len(ids) - 1) // n
    X, y = (torch.as_tensor(ids[k : k + n * T].reshape(n, T)) for k in (0, 1))
    start, state = time.perf_counter(), None
    for t in range(0, T, settings["k1"]):
        H, state = net.layer(net.table(X[:, t : t + settings["k1"]]), state)
        state = detached(state)
        raw = net.readout(H)
        training.update(training.loss(raw.flatten(0, 1), y[:, t : t + settings["k1"]].flatten()))
    return time.perf_counter() - start
