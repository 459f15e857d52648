"""Checks of the arguments of functions and methods; those of parameters stand in ``table.py``.

A message quotes at most a few words of what was passed (``quoting.py``).
"""

from numbers import Integral

from skrnn._settings.quoting import listed, quote


def is_int(value):
    """Whether a value is an int, of Python or NumPy, and no bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_int(value, name, least=1, *, or_none=False):
    """The value as an int of Python; a ValueError if it is no int of at least ``least``."""
    if or_none and value is None:
        return None
    if not is_int(value) or value < least:
        kinds = "None or an int" if or_none else "an int"
        raise ValueError(f"{name} must be {kinds} >= {least}, got {quote(value)}.")
    return int(value)


def check_choice(value, name, choices):
    """A ValueError if a value is none of some strings."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {listed(choices)}, got {quote(value)}.")
