"""What every rank runs, and the communicator of MPI."""

import numpy as np

from skrnn._estimators.access import publish
from skrnn._estimators.base import BaseRNN
from skrnn._estimators.shared import fit_together


def fit_rank(estimator, X, y, sample_weight=None, *, communicator):
    """Fit an estimator together with other processes, each of which calls this with its own data.

    All must call it with the same parameters. The model is that of one process on the sequences of all,
    in the order of the ranks, up to the rounding of sums; afterwards it is the same in all of them, to
    the last bit.

    Parameters
    ----------
    estimator : object
        A regressor or classifier of skrnn.
    X : array-like
        The sequences of this rank, in one of the forms that the method `fit` takes.
    y : array-like
        Their targets.
    sample_weight : array-like, default=None
        Their weights.
    communicator : object
        With ``rank`` (0 to ``size`` - 1), ``size``, and ``sum(values)``, which returns the sum of an
        array over the ranks, added in their order, to all of them: :class:`MPI`, for example.

    Returns
    -------
    estimator : object
        The fitted estimator.

    Raises
    ------
    TypeError
        If the estimator is no regressor or classifier of skrnn, or the communicator is none.
    ValueError
        As the method `fit`, on all ranks where one of them has wrong data; if the ranks pass estimators
        with different parameters (but `n_jobs` and `verbose`); if the parts differ in
        their columns or forms; or for what cannot be trained together: `k2="auto"`, a `gradient`
        other than "bptt", and callbacks.

    Examples
    --------
    One process alone:

    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.distributed import fit_rank
    >>> class Alone:
    ...     rank, size = 0, 1
    ...     def sum(self, values):
    ...         return values.copy()
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
    >>> model = fit_rank(GRURegressor(random_state=0), X, X[:, -1, 0], communicator=Alone())
    >>> bool(model.score(X, X[:, -1, 0]) > 0.9)
    True
    """
    check_estimator(estimator)
    _check_communicator(communicator)
    return publish(estimator, fit_together(estimator, X, y, sample_weight, communicator))


def _check_communicator(communicator):
    missing = [name for name in ("rank", "size", "sum") if not hasattr(communicator, name)]
    if missing:
        raise TypeError(
            f"communicator must have rank, size and sum, but {type(communicator).__name__} has no "
            f"{missing[0]}: pass skrnn.distributed.MPI(), or an object of your own."
        )


def check_estimator(estimator):
    """Raise for what cannot be fitted by several processes together."""
    if not isinstance(estimator, BaseRNN):
        raise TypeError(
            "estimator must be a regressor or classifier of skrnn, got "
            f"{type(estimator).__name__}. Of a pipeline transform the parts first, and pass its last "
            "step."
        )
    if getattr(estimator, "_skl_callbacks", None):
        raise ValueError(
            "Callbacks see one process only: call set_callbacks() without any before fitting together."
        )


class MPI:
    """The communicator of programs that run under MPI.

    Parameters
    ----------
    comm : object, default=None
        A communicator of mpi4py; None: ``MPI.COMM_WORLD``.

    Raises
    ------
    ImportError
        If mpi4py is not installed.

    Examples
    --------
    ``mpiexec -n 4 python train.py``, where each process reads its own part:

    >>> from skrnn.distributed import MPI, fit_rank

    And in ``train.py``::

        model = fit_rank(model, X_part, y_part, communicator=MPI())
    """

    def __init__(self, comm=None):
        if comm is None:
            try:
                import mpi4py.MPI
            except ImportError as error:
                raise ImportError("MPI needs mpi4py: pip install mpi4py") from error
            comm = mpi4py.MPI.COMM_WORLD
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()

    def sum(self, values):
        """The sum over the ranks.

        Parameters
        ----------
        values : ndarray
            As many on every rank.

        Returns
        -------
        total : ndarray
            Added in the order of the ranks, the same everywhere.
        """
        values = np.ascontiguousarray(values)
        parts = np.empty((self.size, *values.shape), dtype=values.dtype) if self.rank == 0 else None
        self.comm.Gather(values, parts, root=0)
        total = np.empty_like(values) if self.rank else add_up(parts)
        self.comm.Bcast(total, root=0)
        return total


def add_up(parts):
    """Arrays one after the other, added up in their order."""
    total = np.array(parts[0])
    for part in parts[1:]:
        total += part
    return total
