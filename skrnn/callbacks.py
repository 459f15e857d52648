"""Callbacks: objects that look on while an estimator is fitted, set by ``set_callbacks``.

scikit-learn (1.9 and later) has :class:`sklearn.callback.ProgressBar` and
:class:`sklearn.callback.ScoringMonitor`, and documents how to write one. Here is what sequences need
beside them: ``Checkpoint``, for runs that take hours. It also works with earlier versions.
"""

import contextlib
import hashlib
import io
import os
import pickle
import secrets
import shutil
import socket
import stat
import time
from numbers import Integral, Real
from pathlib import Path

from sklearn.utils._param_validation import Interval, validate_params

from skrnn._estimators.base import Trainable
from skrnn._estimators.callbacks import OfAFit, is_interrupted, snapshot

__all__ = ["Checkpoint"]


class Checkpoint:
    """Callback that saves the estimator while it is being fitted.

    The file always holds a whole estimator: a new one is written beside it, forced to the disk, and put
    in its place in one step, so that a run that is killed, or a disk that is full, leaves the file as it
    was. Read it with `load`, which finds out whether it has changed since, with :func:`joblib.load` or
    with :mod:`pickle`, and only if you trust its source.

    What was saved can predict, as if fit had ended there. And training goes on from it: with
    `warm_start=True`, fit on the same data finishes the run that was interrupted, up to its `max_iter`
    and with its patience and its held-out sequences, and arrives at the same weights, bit for bit, as a
    run that was never interrupted. Validation data passed to fit are not saved: pass them again. If
    `max_iter`, `solver`, `learning_rate`, `learning_rate_init`, `early_stopping` or
    `validation_fraction` have been changed, fit starts a new run of `max_iter` epochs from the saved
    weights, as `warm_start` always does. `solver="lbfgs"` goes on from the weights, but not bit for bit:
    its memory lies in SciPy.

    Parameters
    ----------
    path : str or path-like
        The file. It is replaced without asking, if it is a regular file: what is no file, such as a
        device or a pipe, is an error. A link stays a link, and what it leads to is replaced. The folder
        must exist.
    every_n_epochs : int or None, default=1
        How many epochs lie between two saves. None: only `every_n_minutes` counts.
    every_n_minutes : float or None, default=None
        Saves at the end of an epoch if so many minutes have passed since the last save. None: only
        `every_n_epochs` counts. If both are set, whatever comes first.

    Attributes
    ----------
    n_saves_ : int
        Number of times that the file was written in the latest fit.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Scores after every epoch.

    Notes
    -----
    The estimator is also saved when fit ends: a finished model, which another fit with `warm_start=True`
    would train for up to `max_iter` epochs more. A run that is interrupted from the keyboard leaves the
    file of the latest save, from which it can be finished, if there was one. Callbacks are not
    saved; set them again before going on. For the step of a pipeline set it on that step: that is what is
    saved, without the steps before it. In a search the candidates would overwrite each other's file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skrnn import LSTMClassifier
    >>> from skrnn.callbacks import Checkpoint
    >>> from skrnn.datasets import make_temporal_order
    >>> X, y = make_temporal_order(60, n_timesteps=12, random_state=0)
    >>> path = Path(tempfile.mkdtemp()) / "lstm.joblib"
    >>> model = LSTMClassifier(max_iter=200, random_state=0)
    >>> model = model.set_callbacks(Checkpoint(path, every_n_epochs=10)).fit(X, y)

    After a crash, in a new process:

    >>> model = Checkpoint.load(path).set_params(warm_start=True)
    >>> model = model.set_callbacks(Checkpoint(path, every_n_epochs=10)).fit(X, y)
    """

    @validate_params(
        {
            "path": [str, os.PathLike],
            "every_n_epochs": [Interval(Integral, 1, None, closed="left"), None],
            "every_n_minutes": [Interval(Real, 0, None, closed="left"), None],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(self, path, *, every_n_epochs=1, every_n_minutes=None):
        if every_n_epochs is None and every_n_minutes is None:
            raise ValueError("every_n_epochs and every_n_minutes are both None: set one of them.")
        self.path, self.every_n_epochs, self.every_n_minutes = path, every_n_epochs, every_n_minutes

    def setup(self, estimator, context):
        """Before training: the file must be one that can be written, and leftovers of killed runs go.

        Parameters
        ----------
        estimator : estimator instance
            One of skrnn.
        context : CallbackContext
            The task "fit".

        Raises
        ------
        TypeError
            If the estimator is not one of skrnn.
        FileNotFoundError
            If there is no such folder.
        IsADirectoryError
            If the path is a folder itself.
        PermissionError
            If the folder cannot be written to.
        ValueError
            If the path is that of something else than a regular file, if its links lead in a circle, if
            the name is too long, or if it has a character that names of files cannot have.
        """
        if not isinstance(estimator, Trainable):
            raise TypeError(
                f"Checkpoint saves the estimators of skrnn, not a {type(estimator).__name__}: set it on "
                "the step of the pipeline, as in pipeline[-1].set_callbacks(Checkpoint(path))."
            )
        path = file_of(self.path)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(f"The folder of path={str(path)!r} cannot be written to.")
        _remove_leftovers(path)
        self.n_saves_, self._n_epochs, self._last = 0, 0, time.monotonic()

    @classmethod
    def load(cls, path):
        """Read a file that `Checkpoint` has written, if it is whole.

        It is a pickle: load it only if you trust its source.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        estimator : estimator instance
            The estimator as it was saved.

        Raises
        ------
        ValueError
            If the file was cut off or has changed since; the error names it.
        OSError
            If it cannot be read.

        Warns
        -----
        InconsistentVersionWarning
            If it was saved with other versions.
        """
        return pickle.loads(_pickle_in(Path(path).read_bytes(), path))

    def on_fit_task_begin(self, estimator, context):
        """Nothing to do.

        Parameters
        ----------
        estimator : estimator instance
            The estimator in training.
        context : CallbackContext
            The task.
        """

    def on_fit_task_end(self, estimator, context):
        """Save, after so many epochs or minutes, and after fit.

        Parameters
        ----------
        estimator : estimator instance
            The estimator in training.
        context : CallbackContext
            The task, an epoch or fit.

        Raises
        ------
        OSError
            If the file cannot be written; it is then as it was before.
        """
        if context.task_name == "epoch":
            self._n_epochs += 1
            if not self._is_due():
                return
        elif is_interrupted(estimator) and self.n_saves_:
            return  # from the file the run goes on; from here, in the middle of an epoch, it could not
        save(snapshot(estimator), self.path)
        self.n_saves_ += 1
        self._n_epochs, self._last = 0, time.monotonic()

    def _is_due(self):
        minutes = (time.monotonic() - self._last) / 60
        return (self.every_n_epochs is not None and self._n_epochs >= self.every_n_epochs) or (
            self.every_n_minutes is not None and minutes >= self.every_n_minutes
        )

    def teardown(self, estimator, context):
        """Nothing to do.

        Parameters
        ----------
        estimator : estimator instance
            The estimator.
        context : CallbackContext
            The task "fit".
        """


END = b"\nend of a checkpoint of skrnn, blake2b "  # and the digest of what is before it
LENGTH_OF_END = len(END) + 32


class _Hashed:
    """A file that is written to, with a digest of what was."""

    def __init__(self, file):
        self.file, self.hasher = file, hashlib.blake2b(digest_size=16)

    def write(self, part):
        self.hasher.update(part)
        return self.file.write(part)

    def end(self):
        return END + self.hasher.hexdigest().encode()


def _damaged(path, what):
    return ValueError(f"The file {os.fspath(path)!r:.300} {what}. Load another copy of it.")


def _pickle_in(data, path):
    """The pickle in the bytes of a file, if it is whole."""
    pickled, end = memoryview(data)[:-LENGTH_OF_END], data[-LENGTH_OF_END:]
    if not end.startswith(END):
        what = "does not end as a file of Checkpoint: it was cut off, or something else wrote it"
        raise _damaged(path, what)
    hashed = _Hashed(io.BytesIO())
    hashed.write(pickled)
    if hashed.end() != end:
        raise _damaged(path, "is damaged: its contents are not what Checkpoint wrote")
    return pickled


LONGEST_PART = 100  # bytes, of names of temporary files
# What an estimator holds beside itself, in training and before it.
OF_CALLBACKS = ("_skl_callbacks", "_parent_callback_ctx")


def save(estimator, path):
    """Write the estimator to ``path``, whole or not at all."""
    bare = object.__new__(type(estimator))
    vars(bare).update(
        {k: v for k, v in vars(estimator).items() if k not in OF_CALLBACKS and not OfAFit.is_name(k)}
    )

    def write(file):
        hashed = _Hashed(file)
        pickle.dump(bare, hashed, protocol=pickle.HIGHEST_PROTOCOL)
        file.write(hashed.end())  # what reads a pickle does not look beyond it

    write_whole(path, write)


def write_whole(path, write):
    """Write a file, whole or not at all: ``write`` gets one that takes its place in the end."""
    path = file_of(path)
    name = path.parent / f"{_prefix(path)}{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        with open(name, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        os.replace(name, path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def file_of(path):
    """The file, or the place for one, that a path leads to; an error if there can be none.

    Links are followed to their end, so that a link stays a link.
    """
    named = f"path={os.fspath(path)!r:.300}"
    try:
        kind, file = _kind(path), Path(os.path.realpath(os.fsdecode(path)))
    except PermissionError:
        raise
    except (OSError, ValueError) as error:  # a circle, a name that is too long; NUL, half a character
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{named} cannot be the name of a file: {reason}.") from None
    kind = _kind(file) if kind is None else kind  # "name/" is read as "name"
    if not file.parent.is_dir():
        raise FileNotFoundError(f"The folder of {named} does not exist. Make it first.")
    if kind is not None and stat.S_ISDIR(kind):
        raise IsADirectoryError(f"{named} is a folder. Add the name of a file.")
    if kind is not None and not stat.S_ISREG(kind):
        raise ValueError(f"{named} is no regular file, and is not replaced. Choose another name.")
    return file


def _kind(path):
    """The mode of what is at the end of a path, None if nothing is there."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _prefix(path):
    """What the names of temporary files for ``path`` begin with, on this machine."""
    name = path.name
    if len(os.fsencode(name)) > LONGEST_PART:  # with what is added, it would be too long for a name
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}.{socket.gethostname()[:LONGEST_PART]}."


def _sync_folder(folder):
    """Force the new name to the disk; not all systems can."""
    if os.name != "posix":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove_leftovers(path):
    """Temporary files of processes that are gone."""
    prefix = _prefix(path)
    for name in os.listdir(path.parent):
        pid = name.removeprefix(prefix).split(".")[0]
        if (
            name.startswith(prefix)
            and name.endswith(".tmp")
            and pid.isdecimal()
            and not _is_alive(int(pid))
        ):
            with contextlib.suppress(OSError):
                os.unlink(path.parent / name)


def _is_alive(pid):
    """Whether there is a process of this number; where that cannot be asked, an old one is assumed."""
    if os.name != "posix":
        return False  # files that are open cannot be removed there anyway
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
