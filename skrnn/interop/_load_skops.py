"""Files of skops: read if they hold nothing but what skrnn and skops itself know.

A file of skops is a zip archive, of which nothing is read before its sizes have been looked at. To trust
another class, enter it in ``_trusted.py``.
"""

import os
import zipfile

from skrnn._settings.quoting import listed, shorten
from skrnn.interop._trusted import TRUSTED_TYPES

# What the parts of a file may take in memory: so many bytes, or so many times the size of the file.
MUCH, TIMES = 1 << 26, 100


def is_skops(path):
    """Whether a file begins as an archive."""
    with open(path, "rb") as file:  # an OSError of Python, which names the file
        return file.read(2) == b"PK"


def load_skops(path):
    """The estimator in a file of skops; a ValueError that names the file if there is none."""
    skops = _import_skops(path)
    try:
        too_large = _is_too_large(path)
        unknown = [] if too_large else skops.get_untrusted_types(file=path)
        unknown = [one for one in unknown if one not in TRUSTED_TYPES]
        if not too_large and not unknown:
            return skops.load(path, trusted=TRUSTED_TYPES)
    except Exception as error:  # of all kinds: what is read may be anything
        raise ValueError(
            f"The file {os.fspath(path)!r:.200} cannot be loaded: it is damaged, or not one of skops "
            f"({shorten(f'{type(error).__name__}: {error}', 250)}). Load another copy of it."
        ) from error
    if too_large:
        raise ValueError(
            f"The file {os.fspath(path)!r:.200} is not loaded: unpacked it would take more than {TIMES} "
            "times its size. If you trust its source, load it by skops.io.load."
        )
    raise ValueError(
        f"The file {os.fspath(path)!r:.200} is not loaded: it holds {listed(unknown)}, whose code is not "
        "skrnn's. If you trust its source, load it by skops.io.load, with these in trusted."
    )


def _import_skops(path):
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            f"The file {os.fspath(path)!r:.200} is an archive, as skops writes them, and load needs "
            'skops for it. Install it with: pip install "skrnn[skops]"'
        ) from error
    return skops.io


def _is_too_large(path):
    with zipfile.ZipFile(path) as archive:
        size = sum(one.file_size for one in archive.infolist())
    return size > max(MUCH, TIMES * os.path.getsize(path))
