"""Looking on while a model trains.

Training tells its observers, a list, when an epoch begins, how far it has come, and when it ends; one of
them may end training. To look on in another way, write a class like ``Observer``.
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
