"""``fit``: what it takes and gives; Dask is imported only when it is called."""

from skrnn.distributed._ranks import check_estimator

TIMEOUT = 300.0  # seconds


def fit(estimator, parts, *, client, timeout=TIMEOUT):
    """Fit an estimator on data that lie on the workers of a Dask cluster.

    Every worker trains on the sequences that it has; the gradients of all are added up for every update,
    so that the model is that of ``estimator.fit`` on all sequences together, up to the rounding of sums.
    X is not moved between workers; lengths, targets and weights are told to all. Sequences count in the
    order of the parts on each worker, and worker after worker, in the order of their first parts.

    Parameters
    ----------
    estimator : object
        A regressor or classifier of skrnn. It is fitted, as by its method `fit`.
    parts : list
        The data: tuples (X, y) or (X, y, sample_weight) in the forms that `fit` takes; futures and
        delayed objects that are such tuples; or tuples of futures, delayed objects and other collections
        of Dask. What is no future yet is computed, or sent to the workers in turn. All parts have X in
        one form; with `sequence_id` all rows of a series are on one worker.
    client : object
        The client of the cluster, of the class `distributed.Client`. Each worker that has a part runs one
        task, all at the same time.
    timeout : float, default=300
        Seconds that a worker waits for another one before it gives up.

    Returns
    -------
    estimator : object
        The fitted estimator.

    Raises
    ------
    TypeError
        If the estimator is no regressor or classifier of skrnn, or parts are no list of tuples.
    ValueError
        As the method `fit`; if parts differ in their columns or forms; or for what cannot be trained
        together: `k2="auto"`, a `gradient` other than "bptt", and callbacks.
    ConnectionError
        If a worker is lost, or does not answer in time. The estimator is as it was before.
    ImportError
        If Dask's `distributed` is not installed.

    See Also
    --------
    fit_rank : The same under MPI, or any other communicator.

    Notes
    -----
    With `early_stopping` the held-out sequences are those that one process would hold out. Warnings of
    training are those of the first worker, which looks at its own X. Training runs in NumPy and compiled
    kernels, batch by batch; it is not compiled as a whole, as that of one process is: a small network is
    faster on one machine.

    Examples
    --------
    .. doctest::
       :skipif: not has_dask

       >>> import numpy as np
       >>> from dask.distributed import Client
       >>> from skrnn import LSTMClassifier, distributed
       >>> client = Client(processes=False, dashboard_address=":0")  # or Client("tcp://scheduler:8786")
       >>> X = np.random.RandomState(0).normal(size=(80, 5, 2))
       >>> y = X[:, -1, 0] > 0
       >>> parts = [(X[:40], y[:40]), (X[40:], y[40:])]
       >>> model = distributed.fit(LSTMClassifier(random_state=0), parts, client=client)
       >>> client.close()
    """
    check_estimator(estimator)
    try:
        from skrnn.distributed._dask import fit_on_workers
    except ImportError as error:
        raise ImportError('fit needs Dask\'s distributed: pip install "skrnn[dask]"') from error
    return fit_on_workers(estimator, parts, client, timeout)
