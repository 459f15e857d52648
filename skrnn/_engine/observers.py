"""Looking on while a model trains.

Training tells its observers when an epoch begins, how far it has come, and when it ends; an observer may
end training. To look on in another way, write a class like ``Observer``.
"""


class Observer:
    """What training calls; every method may be left as it is."""

    def begin_epoch(self, epoch):
        """Before epoch number ``epoch``, counted from 0; True ends training."""
        return False

    def progress(self, n):
        """``n`` more sequences of the epoch have been read."""

    def end_epoch(self, history, epoch):
        """After the epoch, which ``history`` has recorded; True ends training."""
        return False

    def close(self):
        """Training is over, in whatever way."""


class Observers(Observer):
    """Several of them, as one."""

    def __init__(self, observers):
        self.observers = list(observers)

    def begin_epoch(self, epoch):
        answers = [o.begin_epoch(epoch) for o in self.observers]  # every one is told
        return any(answers)

    def progress(self, n):
        for o in self.observers:
            o.progress(n)

    def end_epoch(self, history, epoch):
        answers = [o.end_epoch(history, epoch) for o in self.observers]
        return any(answers)

    def close(self):
        for o in self.observers:
            o.close()
