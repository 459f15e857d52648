"""Arrays of unusual kinds and layouts."""

import tempfile

import numpy as np


def object_array(items):
    """A 1-D array of objects, whatever the items are; ``np.array`` would look into them."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def memmap(X):
    """Mapped from a file that is gone: not to be written to."""
    with tempfile.TemporaryFile() as file:
        file.write(X.tobytes())
        file.flush()
        return np.memmap(file, dtype=X.dtype, mode="r", shape=X.shape)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def backwards(X):
    """The same values with negative strides."""
    reverse = tuple(slice(None, None, -1) for _ in X.shape)
    return X[reverse].copy()[reverse]


def unaligned(X):
    raw = np.zeros(X.nbytes + 1, dtype=np.uint8)
    raw[1:] = np.frombuffer(X.tobytes(), dtype=np.uint8)
    moved = raw[1:].view(X.dtype).reshape(X.shape)
    assert not moved.flags.aligned
    return moved
