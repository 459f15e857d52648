"""Training on more data than fit in memory: parts that are read when they are needed.

What is trained is in ``_estimators/in_parts.py``; here parts are read in their order, and what has come
out is saved. ``array_parts`` and ``table_parts`` make parts of what is stored (``_reading/stored.py``).
"""

import os
from collections.abc import Sequence

import numpy as np
from sklearn.utils import check_random_state

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.in_parts import Summary, Training, settings_of_parts
from skrnn._reading.stored import (
    ArrayPart,
    Columns,
    Groups,
    Stream,
    TablePart,
    as_array,
    ends_of_chunks,
    ends_of_parts,
    merged,
)
from skrnn._settings.arguments import check_int
from skrnn._settings.quoting import quote
from skrnn.callbacks import Checkpoint, save

__all__ = ["array_parts", "fit_stream", "table_parts"]

ROWS = 10_000  # of a part, where nothing else says it


def array_parts(X, y, sample_weight=None, *, size=None):
    """Parts of arrays that are stored in pieces, for `fit_stream` and `partial_fit`.

    Parameters
    ----------
    X : object
        What has a shape and can be cut along its first axis: of Zarr, Dask, h5py, memory-mapped. Each row
        is a sequence: (n_sequences, n_timesteps, n_features), or a table of (n_sequences, n_columns).
    y : array-like
        Targets, stored likewise or in memory.
    sample_weight : array-like, default=None
        Weights, stored likewise or in memory.
    size : int, default=None
        The least number of sequences of a part. Parts are whole chunks of X (shards, if it has any), so
        that none is read twice. None: one chunk each; of arrays without chunks 10 000 sequences.

    Returns
    -------
    parts : list of callable
        Each reads a tuple (X, y) or (X, y, sample_weight) of arrays of NumPy.

    Raises
    ------
    ValueError
        If the lengths differ, X has no rows or Dask does not know their number, or size is no positive
        int.

    See Also
    --------
    table_parts : The same of tables.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor, fit_stream
    >>> from skrnn.out_of_core import array_parts
    >>> X = np.random.RandomState(0).normal(size=(400, 5, 2))  # zarr.open_array("X.zarr")
    >>> parts = array_parts(X, X[:, -1, 0], size=100)
    >>> len(parts)
    4
    >>> model = fit_stream(GRURegressor(random_state=0), parts, epochs=10)
    """
    check_int(size, "size", or_none=True)
    arrays = [as_array(one) for one in (X, y, sample_weight) if one is not None]
    ends = merged(ends_of_chunks(arrays[0], size or ROWS), size)
    lengths = [one.shape[0] for one in arrays]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise ValueError(
            f"X, y and sample_weight must have as many rows, and one at least, got {lengths}."
        )
    return [ArrayPart(arrays, *pair) for pair in zip([0, *ends], ends, strict=False)]


def table_parts(source, y, *, sample_weight=None, sequence_id=None, columns=None, size=None):
    """Parts of a table that is stored, for `fit_stream` and `partial_fit`.

    Parameters
    ----------
    source : str, path-like, list, callable or object
        A file of Parquet, a folder or a list of them, or a data set of `pyarrow.dataset`: these are read
        in any order. Or what exports a stream of Arrow (``__arrow_c_stream__``) as often as it is asked,
        as relations of DuckDB do; or a function that returns what exports one, such as a reader: these
        are read from their beginning in every epoch.
    y : str or list of str
        The column of the targets, or several.
    sample_weight : str, default=None
        The column of the weights.
    sequence_id : str, default=None
        The column that tells series apart, if each row is a time step: parts have all rows of a series.
        The rows of a series must stand together. Of files this column is read once beforehand.
    columns : list of str, default=None
        The columns of X. None: all others. Only what is used is read from files.
    size : int, default=None
        The least number of rows of a part. None: one group of rows of a file each; of streams 10 000.

    Returns
    -------
    parts : list of callable or callable
        Of files a list of functions that read a tuple (X, y) or (X, y, sample_weight), with X as a
        DataFrame; `fit_stream` reads them in another order in every epoch. Of streams a function of the
        number of the epoch, which returns an iterator of such tuples.

    Raises
    ------
    TypeError
        If source is of another kind.
    ValueError
        If a column is not there, source can be read only once, the rows of a series do not stand
        together, or size is no positive int. Of streams only when they are read.

    See Also
    --------
    array_parts : The same of arrays.

    Notes
    -----
    Needs pyarrow and pandas.

    Examples
    --------
    >>> import pyarrow
    >>> from skrnn.out_of_core import table_parts
    >>> table = pyarrow.table({"shop": ["Bonn"] * 3 + ["Ulm"] * 2, "rain": range(5), "sold": range(5)})
    >>> parts = table_parts(table, "sold", sequence_id="shop", size=3)
    >>> for X, y in parts(0):  # the first epoch
    ...     print(X["shop"].tolist(), y.tolist())
    ['Bonn', 'Bonn', 'Bonn'] [0, 1, 2]
    ['Ulm', 'Ulm'] [3, 4]
    """
    check_int(size, "size", or_none=True)
    names = Columns(y, sample_weight, sequence_id, None if columns is None else list(columns))
    if isinstance(source, (str, os.PathLike, list, tuple)):
        import pyarrow.dataset

        source = pyarrow.dataset.dataset(source)
    if hasattr(source, "get_fragments"):
        groups = Groups(source)
        names.wanted(groups.names)
        ends = ends_of_parts(groups, sequence_id, size)
        return [TablePart(groups, names, *pair) for pair in zip([0, *ends], ends, strict=False)]
    return Stream(_beginning(source), names, size or ROWS)


def _beginning(source):
    """A function that gives the stream from its beginning."""
    if hasattr(source, "read_next_batch"):
        raise ValueError(
            f"source is a {type(source).__name__}, which can be read only once, and every epoch reads "
            "it: pass a function that returns a new one."
        )
    if hasattr(source, "__arrow_c_stream__"):
        return lambda: source
    if callable(source):
        return source
    raise TypeError(
        "source must be a path, a list of paths, a data set of pyarrow, what exports a stream of Arrow, "
        f"or a function that returns it, got {quote(type(source).__name__)}."
    )


def fit_stream(
    estimator, batches, epochs=None, *, X_val=None, y_val=None, sample_weight_val=None, shuffle=True,
    checkpoint=None,
):  # fmt: skip
    """Fit an estimator on data that come in parts, which are read when they are needed.

    One part is in memory at a time. A first pass reads all parts for the sake of y: so the mean and
    deviation that it is standardised by, or the classes and their balanced weights, are those of all
    data. Then each epoch makes one pass over the parts, in a new order, and trains on each as
    `partial_fit` does, at the rates of the estimator's `learning_rate`: also "onecycle", its default.

    Parameters
    ----------
    estimator : object
        A regressor or classifier of skrnn. It is fitted, as by its method `fit`.
    batches : list, callable or object
        The parts: tuples (X, y) or (X, y, sample_weight) in the forms that `fit` takes; or functions
        without arguments that read such a tuple, so that only one is in memory. A function of the number
        of the epoch (-1 for the first pass) returns an iterable of them. Of `rows="steps"` all rows of a
        series are in one part.
    epochs : int, default=None
        None: `max_iter` of the estimator, whose "auto" goes by the number of all sequences.
    X_val : array-like, default=None
        Validation data. With them training stops when their loss has not fallen by `tol` for
        `n_iter_no_change` epochs, unless the schedule is a cycle, which is not cut; the weights of the
        epoch at which it was lowest are kept.
    y_val : array-like, default=None
        Their targets.
    sample_weight_val : array-like, default=None
        Their weights.
    shuffle : bool, default=True
        Whether every epoch reads the parts in another order, drawn by `random_state` of the
        estimator. Only of a sequence.
    checkpoint : str or path-like, default=None
        A file that is written after every epoch, whole or not at all. If it is there at the beginning,
        training goes on from it, to the same end to the last bit, if `random_state` is an int.

    Returns
    -------
    estimator : object
        The fitted estimator. Its curves have one entry per epoch.

    Raises
    ------
    TypeError
        If the estimator is no regressor or classifier of skrnn, or a part is no tuple.
    ValueError
        As `partial_fit`, and if `batches` give no part, or the file of `checkpoint` is damaged or of
        another call. The estimator is as it was before.
    AttributeError
        If `solver="lbfgs"`.

    See Also
    --------
    skrnn.callbacks.Checkpoint : Saves a run of `fit`.

    Examples
    --------
    Parts in files, of which one is read at a time:

    >>> import numpy as np
    >>> from skrnn import GRURegressor, fit_stream
    >>> def part(k):
    ...     X = np.random.RandomState(k).normal(size=(50, 5, 2))  # numpy.load, pandas.read_parquet
    ...     return X, 20 + X[:, -1, 0]
    >>> batches = [lambda k=k: part(k) for k in range(4)]
    >>> model = fit_stream(GRURegressor(random_state=0), batches, epochs=20)
    >>> X, y = part(7)
    >>> bool(model.score(X, y) > 0.9)
    True
    """
    if not isinstance(estimator, BaseRNN):
        raise TypeError(
            f"estimator must be a regressor or classifier of skrnn, got {type(estimator).__name__}. Of a "
            "pipeline transform the parts first, and pass its last step."
        )
    if getattr(estimator, "_skl_callbacks", None):
        raise ValueError(
            "Callbacks do not see fit_stream: call set_callbacks() without any, and pass checkpoint to "
            "save it."
        )
    if X_val is None and (y_val is not None or sample_weight_val is not None):
        raise ValueError("y_val and sample_weight_val are of X_val: pass X_val, too.")
    epochs = check_int(epochs, "epochs", or_none=True)
    validation = None if X_val is None else (X_val, y_val, sample_weight_val)
    settings_of_parts(estimator)  # an error now, if parameters are wrong
    parts = _Parts(batches, shuffle, estimator.random_state)
    try:
        training = _begun(estimator, parts, epochs, checkpoint, is_validated=validation is not None)
        _train(training, parts, validation, checkpoint)
    except (TypeError, ValueError, MemoryError) as error:
        if parts.last is not None:
            error.add_note(f"What was read last is {parts.last}.")
        raise
    training.publish(estimator)
    return estimator


def _train(training, parts, validation, checkpoint):
    """All epochs that are left; the file is written after each."""
    observers = training.observers()
    try:
        done = training.run.epoch >= training.run.max_iter or training.run.done
        while not done:
            done = training.epoch(parts.of_epoch(training.run.epoch), validation, observers)
            if checkpoint is not None:
                save(training, checkpoint)
    finally:
        for observer in observers:
            observer.close()


def _begun(estimator, parts, epochs, checkpoint, *, is_validated):
    """Training from the start, or from where its file stands."""
    if checkpoint is not None and os.path.exists(checkpoint):
        training = Checkpoint.load(checkpoint)
        same = isinstance(training, Training) and training.is_of(estimator, epochs, is_validated)
        if not same:
            raise ValueError(
                f"checkpoint={quote(os.fspath(checkpoint))} is of another call: its estimator, epochs or "
                "validation data differ. Remove the file to begin anew, or pass another one."
            )
        return training
    summary = Summary(estimator, parts.of_epoch(-1))
    return Training(estimator, summary, epochs, is_validated=is_validated)


class _Parts:
    """The parts of every epoch.

    Parameters
    ----------
    batches, shuffle : as for ``fit_stream``
    random_state : int, RandomState or None
    """

    def __init__(self, batches, shuffle, random_state):
        self.batches, self.shuffle = batches, shuffle and isinstance(batches, Sequence)
        self.last = None  # the name of the part that was read last
        self.seed = check_random_state(random_state).randint(2**31 - 1)
        if not (callable(batches) or hasattr(batches, "__iter__") or hasattr(batches, "__getitem__")):
            raise TypeError(
                "batches must be a list of tuples (X, y) or of functions that read one, or a function of "
                f"the epoch, got {quote(type(batches).__name__)}."
            )
        if not callable(batches) and iter(batches) is batches:
            raise ValueError(
                f"batches is a {type(batches).__name__}, which can be read only once, and every epoch "
                "reads it: pass a list of functions that read a part each, or a function of the epoch."
            )

    def of_epoch(self, number):
        """Tuples (X, y, weight or None)."""
        batches = self.batches(number) if callable(self.batches) else self.batches
        if self.shuffle and number >= 0:
            order = check_random_state((self.seed + number) % 2**31).permutation(len(batches))
            batches = (self.batches[k] for k in order)
        for i, part in enumerate(batches):
            self.last = f"part {i} of epoch {number}"
            part = _read(part, f"Part {i} of epoch {number}")
            if _has_weight(part[2]):
                yield part
            del part  # before the next one is read


def _has_weight(weight):
    """Whether a part counts at all: others say nothing of y, and nothing is learned from them."""
    if weight is None:
        return True
    try:
        return any(np.any(np.asarray(one, dtype=float) != 0) for one in weight) or not len(weight)
    except (TypeError, ValueError):  # no weights: reading them says so
        return True


def _read(part, name):
    """A part as (X, y, weight or None); nothing else refers to what is read here."""
    part = part() if callable(part) else part
    if not isinstance(part, (tuple, list)) or len(part) not in (2, 3):
        raise TypeError(
            f"{name} is no tuple (X, y) or (X, y, sample_weight), but a {type(part).__name__}."
        )
    return (*part, None) if len(part) == 2 else tuple(part)
