"""A digest of plain data: whether what is loaded is what was saved.

A flipped bit in a file changes a weight, a label or a name, and mostly nothing else is there to notice.
The digest is of the values alone, in whatever form a file has them: pickle, joblib, skops, safetensors.
Of objects that are no plain data it only knows that they are there, as they may be saved as something
else; those of skrnn have a digest of their own.

To take in another type, enter it in ``_feed``.
"""

import hashlib

import numpy as np

PLAIN = (type(None), bool, int, float, complex, str, bytes)


def digest(data):
    """A short text that is another one for other data."""
    hasher = hashlib.blake2b(digest_size=16)
    _feed(hasher.update, data)
    return hasher.hexdigest()


def _feed(update, value):
    """Tell ``update`` a value in bytes, from which it could be read again."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        _feed_array(update, value)
    elif isinstance(value, dict):
        update(b"dict %d " % len(value))
        for key, one in value.items():
            _feed(update, key)
            _feed(update, one)
    elif isinstance(value, (list, tuple)):
        update(b"%s %d " % (b"list" if isinstance(value, list) else b"tuple", len(value)))
        for one in value:
            _feed(update, one)
    else:
        update(_text_of(value).encode("utf-8", "surrogatepass"))


def _feed_array(update, array):
    update(f"array {array.dtype.str} {array.shape} ".encode())
    if array.dtype.hasobject:
        for one in array.ravel().tolist():
            _feed(update, one)
    elif array.size:
        update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def _text_of(value):
    """A number, a text, or the name of a class or function; of another object nothing."""
    if isinstance(value, PLAIN):
        # subclasses write themselves in their own way
        kind = next(kind for kind in PLAIN if isinstance(value, kind))
        text = kind.__repr__(value)
        return f"{kind.__name__} {len(text)} {text} "
    if isinstance(value, np.dtype):
        return f"dtype {value.str} "
    return f"{getattr(value, '__qualname__', 'an object')} "
