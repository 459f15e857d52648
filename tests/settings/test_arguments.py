"""Arguments of functions: what is an int, and what errors say of what is none."""

from decimal import Decimal

import numpy as np
import pytest

from skrnn._settings.arguments import check_choice, check_int, is_int

INTS = [1, np.int8(3), np.uint64(7), 10**30]
OTHERS = {
    "bool": True,
    "NumPy's bool": np.True_,
    "float": 2.0,
    "decimal": Decimal(2),
    "None": None,
    "str": "2",
    "long str": "2" * 10_000,
    "list": list(range(5000)),
    "array": np.arange(5000),
    "array of one": np.array([2]),
    "0-d array": np.array(2),
    "negative": -1,
    "many digits": -(10**5000),
}


@pytest.mark.parametrize("value", INTS)
def test_ints(value):
    assert is_int(value)
    assert type(check_int(value, "n")) is int
    assert check_int(value, "n") == value
    assert check_int(None, "n", or_none=True) is None
    assert check_int(0, "n", 0) == 0


@pytest.mark.parametrize("value", OTHERS.values(), ids=list(OTHERS))
def test_what_is_none(value):
    with pytest.raises(ValueError, match=r"^n must be an int >= 1, got .*[.]$") as error:
        check_int(value, "n")
    assert len(str(error.value)) < 200
    if value is not None:
        with pytest.raises(ValueError, match=r"^n must be None or an int >= 2, got "):
            check_int(value, "n", 2, or_none=True)


NO_CHOICES = {**OTHERS, "array of strings": np.array(["a", "b"]), "list of one": ["a"], "dict": {}}


@pytest.mark.parametrize("value", NO_CHOICES.values(), ids=list(NO_CHOICES))
def test_what_is_no_choice(value):
    check_choice("a", "by", ("a", "b"))
    with pytest.raises(ValueError, match=r"^by must be one of 'a', 'b', got .*[.]$") as error:
        check_choice(value, "by", ("a", "b"))
    assert len(str(error.value)) < 200
