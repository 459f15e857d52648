"""A digest of plain data: whether what is loaded is what was saved.

A flipped bit in a file changes a weight, a label or a name, and mostly nothing else is there to notice.
The digest is of the values alone, in whatever form a file has them: pickle, joblib, skops, safetensors.
Of objects that are no plain data it only knows that they are there, as they may be saved as something
else; those of skrnn have a digest of their own.

To take in another type, enter it in ``_describe``.
"""

import hashlib

import numpy as np

PLAIN = (bool, int, float, complex, str, bytes)
QUICK = frozenset({*PLAIN, type(None)})  # those that write themselves, and are no subclass


def digest(data):
    """A short text that is another one for other data."""
    parts = []
    _describe(data, parts.append)
    return _hash("".join(parts).encode("utf-8", "surrogatepass"))


def _hash(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _describe(value, tell):
    """Tell a value in words, from which it could be read again; arrays by their hash."""
    kind = type(value)
    if kind in QUICK:
        text = repr(value)
        tell(f"{kind.__name__} {len(text)} {text} ")
    elif kind is dict or isinstance(value, dict):
        tell(f"dict {len(value)} ")
        for key, one in value.items():
            _describe(key, tell)
            _describe(one, tell)
    elif isinstance(value, (list, tuple)):
        tell(f"{'list' if isinstance(value, list) else 'tuple'} {len(value)} ")
        for one in value:
            _describe(one, tell)
    elif isinstance(value, np.ndarray):
        _describe_array(value, tell)
    else:
        _describe_another(value, tell)


def _describe_array(array, tell):
    dtype = _in_one_order(array.dtype)
    tell(f"array {dtype.str} {array.shape} ")
    if array.dtype.hasobject:
        _describe(array.ravel().tolist(), tell)
    elif array.size:
        tell(_hash(np.ascontiguousarray(array, dtype).reshape(-1).view(np.uint8)))


def _in_one_order(dtype):
    """The dtype in little-endian order: up to protocol 4, NumPy's pickles are in that of the machine."""
    return dtype.newbyteorder("<")


def _describe_another(value, tell):
    """A scalar of NumPy as that of Python; of an object that has no name nothing but that it is there."""
    if isinstance(value, np.generic) and type(value.item()) in QUICK:
        _describe(value.item(), tell)
    elif isinstance(value, PLAIN):  # subclasses write themselves in their own way
        kind = next(kind for kind in PLAIN if isinstance(value, kind))
        tell(f"{kind.__name__} {kind.__repr__(value)} ")
    elif isinstance(value, np.dtype):
        tell(f"dtype {_in_one_order(value).str} ")
    else:
        tell(f"{getattr(value, '__qualname__', 'an object')} ")
