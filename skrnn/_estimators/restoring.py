"""NumPy's handling of errors, after an interruption from the keyboard: as before.

``np.errstate`` is written in Python. An interruption in the moment in which it begins or ends leaves what
it had set, for good: warnings of overflow would be silent from then on. So what is public gives it back.
"""

from functools import wraps

import numpy as np


def restoring(method):
    """``method``, after whose interruption NumPy handles errors as before."""

    @wraps(method)
    def call(*args, **kwargs):
        before = np.geterr()
        try:
            return method(*args, **kwargs)
        except KeyboardInterrupt:
            np.seterr(**before)
            raise

    return call
