"""What users passed, as messages quote it: never longer than a few words.

An error of a whole array, or of ten thousand characters, is one that nobody reads.
"""

import reprlib
from itertools import islice
from numbers import Number

# Characters of a value, and entries of a list of them.
LONGEST, SOME = 100, 5

_repr = reprlib.Repr()
_repr.maxlist = _repr.maxtuple = _repr.maxset = _repr.maxfrozenset = _repr.maxdict = _repr.maxarray = 30
_repr.maxstring = _repr.maxother = _repr.maxlong = LONGEST


def quote(value):
    """The repr of a value in one line, cut in the middle if it is long."""
    try:
        return shorten(_repr.repr(_plain(value)))
    except ValueError:  # of an int of more digits than Python writes
        return f"<{type(value).__name__}>"


def _plain(value):
    """A scalar of NumPy as that of Python, which is shown without the name of its class."""
    kind = type(value)
    is_known = isinstance(value, (Number, str, bytes)) or kind.__name__ in ("bool", "bool_")
    return value.item() if kind.__module__ == "numpy" and is_known else value


def shorten(text, longest=LONGEST):
    """A text in one line, cut in the middle if it is long."""
    text = " ".join(str(text).split())
    if len(text) <= longest:
        return text
    rest = (longest - 3) // 3
    return f"{text[: longest - 3 - rest]}...{text[len(text) - rest :]}"


def listed(values, some=SOME):
    """The first few of some values, and how many more there are: "'a', 'b' and 3 more"."""
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    first = ", ".join(shorten(quote(value), 30) for value in islice(values, some))
    return first if len(values) <= some else f"{first} and {len(values) - some} more"
