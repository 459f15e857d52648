"""Values as numbers: what is passed on without scikit-learn's check is what that would pass on."""

from itertools import product

import numpy as np
import pytest
from sklearn.utils import check_array

from skrnn._reading.arrays import checked

VALUES = {
    "floats": np.ones((3, 2)),
    "a vector": np.arange(4.0),
    "three dimensions": np.ones((2, 3, 4), dtype=np.float32),
    "four dimensions": np.ones((2, 1, 1, 2)),
    "a scalar": np.array(1.0),
    "no rows": np.ones((0, 2)),
    "no columns": np.ones((3, 0)),
    "no steps": np.ones((3, 0, 2)),
    "nothing": np.array([]),
    "ints": np.arange(6, dtype=np.int8).reshape(3, 2),
    "bools": np.array([[True, False]]),
    "other order of bytes": np.ones((3, 2), dtype=">f8"),
    "not contiguous": np.ones((6, 4))[::2, ::3],
    "read-only": np.broadcast_to(1.0, (3, 2)),
    "missing": np.array([[1.0, np.nan]]),
    "objects": np.array([[1, 2.5]], dtype=object),
    "text": np.array(["a", "b"]),
    "table of text": np.array([["a", "b"]]),
    "bytes": np.array([b"a", b"b"]),
    "complex": np.array([[1j]]),
    "dates": np.array([["2020-01-01"]], dtype="M8[D]"),
    "a list": [[1.0, 2.0]],
    "a matrix": np.ma.MaskedArray([[1.0]]),
}
OPTIONS = [
    dict(zip(("ensure_2d", "allow_nd", "dtype"), values, strict=True))
    for values in product((True, False), (True, False), ("numeric", None))
]


def outcome(check, values, **options):
    """The array that comes out, or the error."""
    try:
        return check(values, **options)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("what", VALUES)
def test_as_scikit_learn_has_it(what):
    values = VALUES[what]
    for options in OPTIONS:
        ours = outcome(checked, values, name="X", **options)
        theirs = outcome(check_array, values, ensure_all_finite=False, input_name="X", **options)
        if isinstance(theirs, tuple):
            assert ours == theirs, options
        else:
            assert (ours is values) == (theirs is values), options
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
