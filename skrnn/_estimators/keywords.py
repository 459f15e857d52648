"""Keywords that other packages have and these estimators have not: what to pass in their place."""

from functools import wraps

LENGTHS = (
    "{name}() has no lengths, which hmmlearn has: pass the sequences as a list of arrays, "
    'numpy.split(X, numpy.cumsum(lengths)[:-1]), or the table with rows="steps" and a column that '
    "sequence_id names."
)


def without_lengths(method):
    """``method``, whose TypeError for the keyword ``lengths`` says how to pass sequences."""

    @wraps(method)
    def call(self, *args, **kwargs):
        if "lengths" in kwargs:
            raise TypeError(LENGTHS.format(name=f"{type(self).__name__}.{method.__name__}"))
        return method(self, *args, **kwargs)

    return call
