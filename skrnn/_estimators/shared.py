"""Training by several processes, in the places where it is not that of one: ``_engine/shared.py``.

``InOneProcess`` and ``Together`` are what a call of fit asks for its reader and its trainer.
"""

from copy import deepcopy
from dataclasses import replace
from functools import partial
from zlib import crc32

import numpy as np
from sklearn.utils import check_random_state

from skrnn._engine.shared import SharedEvaluation, SharedLearner, exchange, shared_tbptt
from skrnn._estimators.blas import one_thread
from skrnn._estimators.memory import with_text
from skrnn._estimators.series import Series
from skrnn._estimators.trainer import Trainer
from skrnn._reading.reader import Given, Reader
from skrnn._reading.shared_reader import SharedReader
from skrnn._settings.quoting import shorten


class InOneProcess:
    """All data are here."""

    trainer = Trainer

    @staticmethod
    def reader(kind, settings, known):
        """What reads the data, of this class."""
        return kind(settings, known)


class Together:
    """Each rank has a part of the data.

    Parameters
    ----------
    communicator : object
    """

    def __init__(self, communicator):
        self.communicator = communicator

    def reader(self, kind, settings, known):
        """What reads the data; a ValueError if they cannot be trained on together."""
        if kind is not Reader:
            raise ValueError(f"{settings.name} cannot be fitted by several processes together.")
        for name, wrong, why in (
            ("k2", "auto", "it is chosen by a look at all sequences"),
            ("gradient", settings.online, "its influence of the past belongs to one series"),
        ):
            if wrong is not None and getattr(settings, name) == wrong:
                raise ValueError(
                    f"{name}={wrong!r} cannot be fitted by several processes together: {why}. Set "
                    f"another {name}."
                )
        return SharedReader(self.communicator, settings, known)

    def trainer(self, *arguments):
        """What trains."""
        return SharedTrainer(self.communicator, *arguments)


def fit_together(estimator, X, y, sample_weight, communicator):
    """Fit a copy of an estimator together with the other ranks; its ``Fitted``."""
    one = deepcopy(estimator)
    _check_same(exchange(communicator, _in_words(one)))
    if communicator.rank:
        one.set_params(verbose=0)
    if one.random_state is None:  # all draw the same
        seed = check_random_state(None).randint(np.iinfo(np.int32).max)
        one.set_params(random_state=exchange(communicator, seed)[0])
    with one_thread(), with_text():
        one._fit(X, y, sample_weight, Given(), Together(communicator))
    return one._fitted


def _check_same(everyone):
    """Raise a ValueError, on all ranks, if one has another estimator: they would wait for each other."""
    for rank, told in enumerate(everyone):
        for name in sorted(told.keys() | everyone[0].keys()):
            mine, first = told.get(name), everyone[0].get(name)
            if mine != first:
                raise ValueError(
                    f"All ranks must pass the same estimator, but {name} is {mine} on rank {rank} and "
                    f"{first} on rank 0."
                )


def _in_words(estimator):
    """Name -> text of all in an estimator that must be the same on all ranks."""
    words = {"its class": type(estimator).__name__}
    for name, value in estimator.get_params(deep=False).items():
        text = repr(value)  # of functions it says where they are in memory
        if isinstance(value, np.random.RandomState):
            _, keys, position, *_ = value.get_state()
            text = f"a RandomState with {crc32(keys.tobytes())} at {position}"
        words[name] = type(value).__name__ if " at 0x" in text else shorten(text)
    if estimator.warm_start and estimator.__sklearn_is_fitted__():
        words["the weights that it goes on from"] = str(crc32(estimator._fitted.model.theta.tobytes()))
    return {name: text for name, text in words.items() if name not in ("n_jobs", "verbose")}


class SharedTrainer(Trainer):
    """A ``Trainer`` of one rank.

    Parameters
    ----------
    communicator : object
    arguments : as for ``Trainer``
    """

    _has_all = False

    def __init__(self, communicator, *arguments):
        super().__init__(*arguments)
        self.communicator = communicator
        self._new_learner = partial(SharedLearner, communicator)
        self._new_evaluation = partial(SharedEvaluation, communicator)

    def _gather(self):
        return partial(shared_tbptt, k1=self.settings.k1, k2=self.settings.k2)

    def series_of(self, model):
        """The ``Series`` of all ranks; None if X is no table of steps."""
        own = Series.after(model, self.task.container.own, n_threads=self.n_threads)
        if own is None:
            return None
        parts = exchange(self.communicator, (own.ids, own.states))
        ids = np.concatenate([part for part, _ in parts])
        if len(set(ids.tolist())) < len(ids):
            raise ValueError(
                "The same series has rows in parts of several processes: give each series to one of them."
            )
        states = own.states and [
            tuple(np.concatenate(one) for one in zip(*layers, strict=True))
            for layers in zip(*[states for _, states in parts], strict=True)
        ]
        return replace(own, ids=ids, states=states)
