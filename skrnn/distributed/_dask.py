"""Ranks on the workers of a Dask cluster.

Dask places data and tasks, and tells where workers are; the ranks add up over connections of their own
(``_star.py``), encrypted as those of the cluster are. The listener of rank 0 is opened by a task of its
own (``_open``), before the ranks run, so that they know its address.
"""

import contextlib
import time
import warnings
from uuid import uuid4

import numpy as np
from distributed import CancelledError, Future, get_worker, wait
from distributed.comm import get_address_host

from skrnn._estimators.access import fitted_of, publish
from skrnn._reading.advice import warn
from skrnn._settings.quoting import quote
from skrnn.distributed._ranks import fit_rank
from skrnn.distributed._star import Star, listen

GRACE, PAUSE = 2.0, 1.0  # seconds
ENCRYPTED = "tls", "wss"  # schemes of Dask's addresses
HUBS = {}  # of this process: key -> listener


# --- the client's side ----------------------------------------------------------------------------------


def fit_on_workers(estimator, parts, client, timeout):
    """``skrnn.distributed.fit``, once Dask is there."""
    futures = _as_futures(parts, client)
    _wait_for(futures, client, timeout)
    places = _by_worker(futures, client)
    key, first = uuid4().hex, next(iter(places))
    opened = client.submit(_open, key, **_on(first))
    _wait_for([opened], client, timeout, [first])
    address = opened.result()
    try:
        ranks = []
        for rank, (worker, own) in enumerate(places.items()):
            place = address, key, rank, len(places), timeout
            ranks.append(client.submit(_run, estimator, place, *own, **_on(worker)))
        fitted, said = _first_answer(dict(zip(ranks, places, strict=True)), client)
    finally:
        client.submit(_close, key, **_on(first))
    for message, category in said:
        warn(message, category)
    return publish(estimator, fitted)


def _on(worker):
    return {"workers": [worker], "allow_other_workers": False, "pure": False, "retries": 0}


def _as_futures(parts, client):
    """A future of a tuple for every part."""
    if not isinstance(parts, (list, tuple)) or not len(parts):
        raise TypeError(f"parts must be a list of tuples (X, y), got {quote(type(parts).__name__)}.")
    futures = []
    for i, part in enumerate(parts):
        if _is_of_dask(part):
            futures.append(part if isinstance(part, Future) else client.compute(part))
            continue
        if not isinstance(part, (list, tuple)) or len(part) not in (2, 3):
            raise TypeError(
                f"Part {i} must be a tuple (X, y) or (X, y, sample_weight), or a future of one, got "
                f"{quote(type(part).__name__)}."
            )
        if not any(map(_is_of_dask, part)):
            futures += client.scatter([tuple(part)], hash=False)
            continue
        futures.append(client.submit(_as_tuple, *[_computed(one, client) for one in part], pure=False))
    return futures


def _is_of_dask(one):
    return isinstance(one, Future) or hasattr(one, "__dask_graph__")


def _computed(one, client):
    return client.compute(one) if _is_of_dask(one) and not isinstance(one, Future) else one


def _as_tuple(*parts):
    return parts


def _by_worker(futures, client):
    """Address of a worker -> the futures that lie on it, in the order of the first of them."""
    for future in futures:
        if future.status == "error":
            future.result()  # raises it
    where, places = client.who_has(futures), {}
    for i, future in enumerate(futures):
        workers = where.get(future.key) or ()
        if not workers:
            raise ConnectionError(f"Part {i} lies on no worker any more: the worker that had it is lost.")
        here = next((worker for worker in workers if worker in places), workers[0])
        places.setdefault(here, []).append(future)
    return places


def _wait_for(futures, client, timeout, workers=()):
    """Wait until all are done; a ConnectionError if for so long there is no worker that could do them.

    ``workers`` are those that must be there; without them any will do.
    """
    missed = None
    while not all(future.done() for future in futures):
        with contextlib.suppress(TimeoutError, CancelledError):
            wait(futures, timeout=PAUSE)
        there = _workers(client)
        if there and all(worker in there for worker in workers):
            missed = None
            continue
        missed = missed or time.monotonic()
        if time.monotonic() - missed > timeout:
            raise ConnectionError(
                f"The workers that have the data are lost: none has come back for {timeout:g} s. The "
                "estimator is as it was before; start them again, and fit again."
            )


def _workers(client):
    """The addresses of those that are there."""
    return set(client.nthreads())


def _first_answer(places, client):
    """What rank 0 has come to; of several errors one that is not about another rank, if there is one.

    Who misses another rank is often the first to say so: the others have a moment to tell why. A task
    whose worker is gone would wait for it for ever. ``places``: the task of each rank -> its worker.
    """
    ranks = list(places)
    rest = set(ranks)
    while rest:
        with contextlib.suppress(TimeoutError, CancelledError):  # a worker is lost: its status tells
            wait(rest, timeout=PAUSE, return_when="FIRST_COMPLETED")
        there = _workers(client)
        lost = [places[one] for one in rest if not one.done() and places[one] not in there]
        if len(lost) == len(rest):
            client.cancel(ranks)
            raise ConnectionError(
                f"Workers are lost: {', '.join(lost)}. The estimator is as it was before; start them "
                "again, and fit again."
            )
        done = {one for one in rest if one.done()}
        rest -= done
        errors = [_error_of(one) for one in done if one.status != "finished"]
        if not errors:
            continue
        if all(isinstance(error, ConnectionError) for error in errors) and rest:
            with contextlib.suppress(TimeoutError, CancelledError):
                wait(rest, timeout=GRACE)
            errors += [_error_of(one) for one in rest if one.status == "error"]
        client.cancel(ranks)
        raise next((one for one in errors if not isinstance(one, ConnectionError)), errors[0])
    return ranks[0].result()


def _error_of(future):
    try:
        error = future.exception()
    except Exception as other:  # cancelled with its worker
        error = other
    if error is None or not isinstance(error, (ValueError, TypeError, MemoryError, ConnectionError)):
        lost = ConnectionError(
            f"A worker is lost, or its task was cancelled ({quote(error)}). The estimator is as it was "
            "before; fit again."
        )
        lost.__cause__ = error
        return lost
    return error


# --- the workers' side ----------------------------------------------------------------------------------


def _run(estimator, place, *parts):
    """The task of a rank; rank 0 answers what was fitted, and what was warned of."""
    _, _, rank, _, _ = place
    communicator = _joined_up(*place)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            X, y, weight = (_joined(one) for one in zip(*map(_of_three, parts), strict=True))
            fit_rank(estimator, X, y, weight, communicator=communicator)
    finally:
        communicator.close()
    told = [(str(one.message), one.category) for one in said]
    return (fitted_of(estimator), told) if rank == 0 else None


def _of_three(part):
    if not isinstance(part, (list, tuple)) or len(part) not in (2, 3):
        raise TypeError(
            "A part must be a tuple (X, y) or (X, y, sample_weight), but a worker has a "
            f"{type(part).__name__}."
        )
    return (*part, None) if len(part) == 2 else tuple(part)


def _joined(values):
    """X, y or weights of several parts as those of one."""
    first = values[0]
    if len(values) == 1 or all(one is None for one in values):
        return first
    if any(one is None for one in values):
        raise ValueError("Some parts have a sample_weight, and others have none: give all of them one.")
    if isinstance(first, (list, tuple)):
        return [one for part in values for one in part]
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat(values, ignore_index=True)
    if hasattr(first, "columns"):
        import polars as pl

        return pl.concat(values)
    return np.concatenate(values)


def _open(key):
    """Listen where the worker does: (host, port), and whether connections are encrypted."""
    worker = get_worker()
    scheme = worker.address.partition("://")[0]
    HUBS[key] = listen("127.0.0.1" if scheme == "inproc" else get_address_host(worker.address))
    return HUBS[key].getsockname()[:2], scheme in ENCRYPTED


def _close(key):
    listener = HUBS.pop(key, None)
    if listener is not None:
        listener.close()


def _joined_up(address, key, rank, size, timeout):
    """The communicator of a rank, connected with the others."""
    at, encrypted = address
    security = get_worker().security
    if rank == 0:
        tls = security.get_listen_args("worker")["ssl_context"] if encrypted else None
        return Star.hub(HUBS[key], key, size, timeout, tls)
    tls = security.get_connection_args("worker")["ssl_context"] if encrypted else None
    return Star.spoke(at, key, rank, size, timeout, tls)
