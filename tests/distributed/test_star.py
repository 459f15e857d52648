"""Sums over TCP, between threads of this process."""

import shutil
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skrnn.distributed._ranks import add_up
from skrnn.distributed._star import PART, Star, listen

KEY = "0123456789abcdef" * 2


def together(size, work, timeout=10.0, tls=(None, None), before=lambda address: None):
    """What ``work(communicator)`` answers or raises on each rank."""
    with listen("127.0.0.1") as listener:
        address = listener.getsockname()[:2]
        before(address)

        def run(rank):
            if rank:
                star = Star.spoke(address, KEY, rank, size, timeout, tls[1])
            else:
                star = Star.hub(listener, KEY, size, timeout, tls[0])
            try:
                return work(star)
            finally:
                star.close()

        with ThreadPoolExecutor(size) as pool:
            futures = [pool.submit(run, rank) for rank in range(size)]
        return [future.exception() or future.result() for future in futures]


def numbers(rank, shape, dtype):
    return (1e3 * np.random.RandomState(rank).normal(size=shape)).astype(dtype)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_sum_is_that_in_the_order_of_the_ranks(size):
    kinds = [
        (shape, dtype)
        for shape in [(), (0,), (1,), (3, 5), (PART,), (2 * PART + 7,)]
        for dtype in (np.float32, np.float64, np.int64, np.uint8)
    ]
    for found in together(size, lambda star: [star.sum(numbers(star.rank, *kind)) for kind in kinds]):
        for kind, total in zip(kinds, found, strict=True):
            expected = add_up([numbers(rank, *kind) for rank in range(size)])
            assert total.dtype == expected.dtype
            np.testing.assert_array_equal(total, expected)


def test_the_sum_is_a_new_array():
    def work(star):
        values = np.asfortranarray(numbers(star.rank, (4, 3), np.float32))
        total = star.sum(values)
        np.testing.assert_array_equal(values, numbers(star.rank, (4, 3), np.float32))
        return total

    expected = numbers(0, (4, 3), np.float32) + numbers(1, (4, 3), np.float32)
    for total in together(2, work):
        np.testing.assert_array_equal(total, expected)


def test_strangers_do_not_disturb():
    strangers = []

    def call(address):
        for said in (
            b"",
            b"GET / HTTP/1.1\r\n\r\n" * 4,
            b"x" * 32 + b"\0\0\0\1",
            KEY.encode() + b"\0\0\0\7",
        ):
            strangers.append(socket.create_connection(address))
            strangers[-1].sendall(said)
        strangers[0].close()

    for total in together(2, lambda star: star.sum(np.ones(3)), before=call):
        assert total.tolist() == [2, 2, 2]
    for one in strangers:
        one.close()


def test_a_rank_that_is_missing_is_named():
    with listen("127.0.0.1") as listener:
        with pytest.raises(ConnectionError, match=r"The ranks \[1, 2\] have not begun within 0.1 s"):
            Star.hub(listener, KEY, 3, 0.1)
        address = listener.getsockname()[:2]
    with pytest.raises(ConnectionError, match=r"Rank 1 has not reached rank 0 at 127.0.0.1"):
        Star.spoke(address, KEY, 1, 3, 0.1)


def test_a_rank_that_is_lost_or_late_is_named():
    def lost(star):
        return None if star.rank == 1 else star.sum(np.ones(3))

    zero, _, two = together(3, lost)
    assert isinstance(zero, ConnectionError)
    assert "Rank 1 is lost" in str(zero)
    assert "Rank 0 is lost" in str(two)  # as it has given up

    def late(star):
        if star.rank:
            time.sleep(0.5)
        return star.sum(np.ones(3))

    zero, one = together(2, late, timeout=0.1)
    assert "Rank 1 has not answered for 0.1 s" in str(zero)
    assert isinstance(one, ConnectionError)


def test_arrays_that_differ_are_an_error_of_all():
    zero, one = together(2, lambda star: star.sum(np.ones(3 + star.rank)))
    assert isinstance(zero, ValueError)
    assert "Rank 1 adds up an array of 32 bytes, where rank 0 has one of 24" in str(zero)
    assert isinstance(one, ConnectionError)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files of a certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "one.pem", folder / "key.pem"
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    where = ["-out", files[0], "-keyout", files[1]]
    command = ["openssl", "req", "-x509", *curve, "-nodes", "-subj", "/CN=skrnn", *where]
    subprocess.run(command, check=True, capture_output=True)
    return files


def contexts(certificate):
    """As Dask makes them: both sides show a certificate."""
    for purpose in (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH):
        context = ssl.create_default_context(purpose, cafile=certificate[0])
        context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED
        context.load_cert_chain(*certificate)
        yield context


def test_encrypted_sums(certificate):
    plain = []

    def call_without_encryption(address):
        plain.append(socket.create_connection(address))
        plain[0].sendall(KEY.encode() + b"\0\0\0\1")

    values = numbers(0, (PART + 3,), np.float32)
    tls = tuple(contexts(certificate))
    for total in together(2, lambda star: star.sum(values), tls=tls, before=call_without_encryption):
        np.testing.assert_array_equal(total, values + values)
    plain[0].close()


@pytest.mark.slow
@pytest.mark.xdist_group("dask")
@pytest.mark.filterwarnings("default", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_on_a_cluster_with_encryption(certificate):
    distributed = pytest.importorskip("distributed")
    from skrnn import GRURegressor
    from skrnn.distributed import fit

    one, key = map(str, certificate)
    roles = {f"tls_{role}_{what}": path for role in ("client", "scheduler", "worker")
             for what, path in (("cert", one), ("key", key))}  # fmt: skip
    security = distributed.Security(tls_ca_file=one, require_encryption=True, **roles)
    X = np.random.RandomState(0).normal(size=(24, 7, 2))
    params = {"hidden_size": 4, "max_iter": 3, "tol": None, "batch_size": 6, "random_state": 0}
    alone = GRURegressor(**params).fit(X, X[:, -1, 0])
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "security": security}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        assert cluster.scheduler_address.startswith("tls://")
        parts = [(X[rows], X[rows, -1, 0]) for rows in (slice(0, 10), slice(10, None))]
        model = fit(GRURegressor(**params), parts, client=client)
    np.testing.assert_allclose(model.predict(X), alone.predict(X), atol=1e-10)
