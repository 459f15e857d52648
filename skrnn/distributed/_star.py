"""Sums over TCP: rank 0 is the hub, and has one connection with every other rank.

Dask tells the addresses, and has the certificates if the cluster's own connections are encrypted. The
connections are plain sockets that the ranks themselves read and write, from the thread that trains:
through an event loop and a protocol of messages a sum takes several times as long. What travels is a
header (the number of bytes), and the bytes of the array; what shape they have is known on both sides.
"""

import contextlib
import socket
import struct
import time

import numpy as np

HELLO = struct.Struct("!32sI")  # the key, and the rank that calls
SIZE = struct.Struct("!Q")
HELLO_TIME = 5.0  # seconds: a rank says who it is as soon as it calls
PART = 1 << 15  # numbers that are received, and then added, at a time


def listen(host):
    """A listener for the other ranks, at a port that is free."""
    return socket.create_server((host, 0), family=socket.getaddrinfo(host, 0)[0][0], backlog=1024)


class Star:
    """The communicator of a rank: ``rank``, ``size`` and ``sum``.

    Parameters
    ----------
    rank, size : int
    channels : dict
        Rank -> socket: of rank 0 to all others, of others to rank 0.
    timeout : float
        Seconds that others are waited for.
    """

    def __init__(self, rank, size, channels, timeout):
        self.rank, self.size, self._channels, self._timeout = rank, size, channels, timeout
        for channel in channels.values():
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            channel.settimeout(timeout)

    @classmethod
    def hub(cls, listener, key, size, timeout, tls=None):
        """Of rank 0, once all others have called.

        Parameters
        ----------
        listener : socket
        key : str
            32 characters that the others must know.
        size : int
        timeout : float
        tls : ssl.SSLContext or None
            For connections that are encrypted.
        """
        channels, missing, end = {}, set(range(1, size)), time.monotonic() + timeout
        try:
            while missing:
                channels |= _welcomed(listener, key, missing, end, tls)
                missing -= channels.keys()
        except TimeoutError:
            _close(channels)
            raise ConnectionError(
                f"The ranks {sorted(missing)} have not begun within {timeout:g} s: their workers may "
                "be busy or lost. Free them, or pass a larger timeout."
            ) from None
        return cls(0, size, channels, timeout)

    @classmethod
    def spoke(cls, address, key, rank, size, timeout, tls=None):
        """Of another rank; ``address`` is that of the listener, and the rest as for ``hub``."""
        try:
            channel = socket.create_connection(address, timeout=timeout)
            if tls is not None:
                channel = tls.wrap_socket(channel)
            channel.sendall(HELLO.pack(key.encode(), rank))
        except OSError as error:
            raise ConnectionError(
                f"Rank {rank} has not reached rank 0 at {address[0]}:{address[1]} ({error}): its worker "
                "is lost, or the network between them is. The estimator is as it was before."
            ) from error
        return cls(rank, size, {0: channel}, timeout)

    def sum(self, values):
        """The sum over the ranks, added in their order."""
        total = np.array(values, order="C")
        flat = total.reshape(-1)
        if self.rank:
            self._send(0, flat)
            self._fill(0, flat)
            return total
        for rank in range(1, self.size):
            self._add(rank, flat)
        for rank in range(1, self.size):
            self._send(rank, flat)
        return total

    def _send(self, rank, flat):
        with self._naming(rank):
            self._channels[rank].sendall(SIZE.pack(flat.nbytes))
            self._channels[rank].sendall(_bytes(flat))

    def _fill(self, rank, flat):
        """Put into an array what a rank sends."""
        with self._naming(rank):
            self._check_size(rank, flat)
            _filled(self._channels[rank], _bytes(flat))

    def _add(self, rank, flat):
        """Add to an array what a rank sends, while the rest of it is on its way."""
        part = np.empty_like(flat[:PART])
        with self._naming(rank):
            self._check_size(rank, flat)
            for start in range(0, len(flat), PART):
                some = flat[start : start + PART]
                _filled(self._channels[rank], _bytes(part[: len(some)]))
                some += part[: len(some)]

    def _check_size(self, rank, flat):
        (size,) = SIZE.unpack(_filled(self._channels[rank], bytearray(SIZE.size)))
        if size != flat.nbytes:
            raise ValueError(
                f"Rank {rank} adds up an array of {size} bytes, where rank {self.rank} has one of "
                f"{flat.nbytes}: all ranks must pass arrays of the same shape and type."
            )

    @contextlib.contextmanager
    def _naming(self, rank):
        """A ConnectionError that names the rank, if it is lost or late."""
        try:
            yield
        except TimeoutError:
            raise ConnectionError(
                f"Rank {rank} has not answered for {self._timeout:g} s: its worker may be stuck. Nothing "
                "was changed; pass a larger timeout if its part takes that long."
            ) from None
        except OSError as error:
            raise ConnectionError(
                f"Rank {rank} is lost: its worker has ended, or it has raised an error ({error}). The "
                "estimator is as it was before; start the worker again, and fit again."
            ) from error

    def close(self):
        """End the connections."""
        _close(self._channels)


def _welcomed(listener, key, missing, end, tls):
    """The connection of the missing rank that calls; none of a stranger."""
    listener.settimeout(max(end - time.monotonic(), 1e-3))
    channel, _ = listener.accept()
    try:
        channel.settimeout(HELLO_TIME)
        if tls is not None:
            channel = tls.wrap_socket(channel, server_side=True)
        told, rank = HELLO.unpack(_filled(channel, bytearray(HELLO.size)))
        if told == key.encode() and rank in missing:
            return {rank: channel}
    except OSError:  # nothing, or nonsense, was said
        pass
    channel.close()
    return {}


def _bytes(flat):
    return memoryview(flat.view(np.uint8))


def _filled(channel, buffer):
    """A buffer full of what has arrived."""
    rest = memoryview(buffer)
    while len(rest):
        n = channel.recv_into(rest)
        if n == 0:
            raise ConnectionResetError("the connection was closed")
        rest = rest[n:]
    return buffer


def _close(channels):
    for channel in channels.values():
        channel.close()
