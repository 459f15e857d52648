"""Progress on the screen: two observers of training.

``Report`` prints a line per epoch, ``Bar`` keeps one line on the screen up to date.

To show progress in another way, write a class like ``Observer`` and choose it in ``progress``.
"""

import time

import numpy as np

from skrnn._engine.observers import Observer


def progress(verbose, max_iter, data):
    """The observer for a value of the parameter ``verbose``.

    Parameters
    ----------
    verbose : bool or int
        Not 0.
    max_iter : int
        Epochs that training may take.
    data : Dataset or Pairs
        Of one epoch.
    """
    n_sequences, n_steps = data.n, int(data.lengths.sum())
    if verbose < 2:
        return Report(max_iter, n_steps)
    return Bar(max_iter, n_sequences, n_steps)


def figures(history):
    """The figures of the latest epoch as texts: loss, validation, gradient norm, clipping."""
    texts = [f"loss {history.loss[-1]:.6g}"]
    if history.is_validated:
        texts.append(f"validation loss {history.validation_loss[-1]:.6g}")
        texts.append(f"validation score {history.validation_score[-1]:.4f}")
    texts.append(f"gradient norm {history.grad_norm[-1]:.3g}")
    texts.append(f"clipped {history.clipped_fraction[-1]:.0%}")
    return texts


def duration(seconds):
    """A duration as people say it: 0.3 s, 41 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


class Clock:
    """Speed and time left, from the time that epochs take; ``now`` tells the time in seconds."""

    def __init__(self, max_iter, n_steps, now=time.perf_counter):
        self.max_iter, self.n_steps, self.now = max_iter, n_steps, now
        self.times = []

    def begin_epoch(self):
        self.start = self.now()

    def end_epoch(self):
        self.times.append(max(self.now() - self.start, 1e-9))

    def texts(self, epoch):
        """Steps per second in the latest epoch, and the time that the epochs left would take."""
        left = np.mean(self.times) * (self.max_iter - epoch - 1)
        return [f"{self.n_steps / self.times[-1]:,.0f} steps/s", f"{duration(left)} left"]


class Report(Observer):
    """One line per epoch on standard output."""

    def __init__(self, max_iter, n_steps):
        self.max_iter, self.clock = max_iter, Clock(max_iter, n_steps)

    def begin_epoch(self, epoch):
        self.clock.begin_epoch()

    def end_epoch(self, history, epoch):
        self.clock.end_epoch()
        texts = [*figures(history), *self.clock.texts(epoch)]
        # in one piece, also of several threads, and at once, also into a file
        print(f"Epoch {epoch + 1}/{self.max_iter}, {', '.join(texts)}\n", end="", flush=True)


class Bar(Observer):
    """A live bar on standard output, drawn by rich.

    Where another live display is at work, and rich allows one only, lines are printed instead.
    """

    def __init__(self, max_iter, n_sequences, n_steps):
        from rich.errors import LiveError
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self.clock = Clock(max_iter, n_steps)
        self.n_sequences, self.instead = n_sequences, None
        # blue and plain text: told apart by all eyes
        columns = TextColumn("Epoch"), MofNCompleteColumn(), BarColumn(20, complete_style="blue")
        self.bar = Progress(*columns, TextColumn("{task.description}", markup=False))
        self.task = self.bar.add_task("", total=max_iter)
        try:
            self.bar.start()
        except LiveError:
            self.instead = Report(max_iter, n_steps)

    def begin_epoch(self, epoch):
        if self.instead:
            return self.instead.begin_epoch(epoch)
        self.clock.begin_epoch()
        self.bar.update(self.task, completed=epoch)

    def progress(self, n):
        if not self.instead:
            self.bar.update(self.task, advance=n / self.n_sequences)

    def end_epoch(self, history, epoch):
        if self.instead:
            return self.instead.end_epoch(history, epoch)
        self.clock.end_epoch()
        loss, *others = figures(history)
        score = [text for text in others if "score" in text]
        speed, left = self.clock.texts(epoch)
        text = ", ".join([loss, *score, left, speed])  # a screen may be too narrow for the last ones
        self.bar.update(self.task, completed=epoch + 1, description=text)

    def close(self):
        if not self.instead:
            self.bar.stop()
