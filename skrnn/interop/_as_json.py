"""Plain data as JSON and arrays, and back: what a file of ``save`` holds beside the weights.

JSON has no tuples, no keys but text, no NaN and no arrays: they become objects of a single entry, whose
key says what they are. Arrays of numbers are taken out, under names of their own.

=====================  ==========================================================
``{"tuple": [...]}``   a tuple
``{"dict": [[k, v]]}``  a dict, with keys of any type
``{"float": "nan"}``   a float that JSON does not have
``{"array": name}``    an array of numbers, which lies in the file
``{"values": [...]}``  another array, or a scalar of NumPy, with dtype and shape
``{"random": {...}}``  a ``RandomState``
``{"type": name}``     a type of NumPy, or a dtype
=====================  ==========================================================

Nothing that is read names a class or a function of Python: nothing is run. To take in another type, add
an entry to ``_encoded`` and to ``DECODERS``.
"""

import math

import numpy as np

NUMBERS = "fiub"  # kinds of arrays that the file has types for
WIDEST = 1 << 12  # characters of a text in an array: its dtype must not take more than the file


def encode(data, arrays):
    """Plain data as what ``json`` writes; arrays are added to the dict ``arrays``."""
    if data is None or type(data) in (bool, int, str):
        return data
    if isinstance(data, (list, tuple)):
        items = [encode(one, arrays) for one in data]
        return items if isinstance(data, list) else {"tuple": items}
    if isinstance(data, dict):
        return {"dict": [[encode(key, arrays), encode(one, arrays)] for key, one in data.items()]}
    if isinstance(data, float) and not isinstance(data, np.generic):
        return data if math.isfinite(data) else {"float": repr(float(data))}
    return _encoded(data, arrays)


def _encoded(data, arrays):
    """What is NumPy's."""
    if isinstance(data, np.random.RandomState):
        return {"random": encode(data.get_state(legacy=False), arrays)}
    if isinstance(data, np.dtype) or (isinstance(data, type) and issubclass(data, np.generic)):
        return {"type": np.dtype(data).name, "is": "dtype" if isinstance(data, np.dtype) else "type"}
    if isinstance(data, np.ndarray) and data.ndim and data.dtype.kind in NUMBERS:
        name = f"array{len(arrays)}"
        arrays[name] = np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("="))
        return {"array": name}
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in NUMBERS + "UOmM":
        return _values(np.asarray(data), arrays, is_scalar=isinstance(data, np.generic))
    raise TypeError(f"a {type(data).__name__}")


def _values(array, arrays, *, is_scalar):
    flat = array.ravel()
    items = flat.view(np.int64).tolist() if array.dtype.kind in "mM" else flat.tolist()
    return {
        "values": [encode(one, arrays) for one in items],
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "is_scalar": is_scalar,
    }


def decode(data, arrays):
    """What ``encode`` has made JSON of; a ValueError, KeyError or TypeError if it has not."""
    if isinstance(data, list):
        return [decode(one, arrays) for one in data]
    if not isinstance(data, dict):
        return data
    if not data:
        raise ValueError("an empty object")
    return DECODERS[next(iter(data))](data, arrays)


def _decoded_values(data, arrays):
    dtype, shape = np.dtype(data["dtype"]), tuple(data["shape"])
    items = decode(data["values"], arrays)
    if dtype.kind not in NUMBERS + "UOmM" or dtype.itemsize > 4 * WIDEST:
        raise ValueError(f"an array of dtype {dtype}")
    if dtype.kind == "O":
        flat = np.empty(len(items), dtype=object)
        flat[:] = items
    else:
        flat = np.array(items, dtype=np.int64 if dtype.kind in "mM" else dtype)
        flat = flat.view(dtype) if dtype.kind in "mM" else flat
    array = flat.reshape(shape)
    return array[()] if data["is_scalar"] else array


def _decoded_random_state(data, arrays):
    state = decode(data["random"], arrays)
    name = state["bit_generator"]
    if name not in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        raise ValueError(f"random numbers of the kind {name!r:.50}")
    random_state = np.random.RandomState(getattr(np.random, name)(0))
    random_state.set_state(state)
    return random_state


def _decoded_type(data, arrays):
    dtype = np.dtype(data["type"])
    return dtype if data["is"] == "dtype" else dtype.type


DECODERS = {
    "tuple": lambda data, arrays: tuple(decode(data["tuple"], arrays)),
    "dict": lambda data, arrays: {decode(k, arrays): decode(v, arrays) for k, v in data["dict"]},
    "float": lambda data, arrays: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[data["float"]],
    "array": lambda data, arrays: arrays[data["array"]],
    "values": _decoded_values,
    "random": _decoded_random_state,
    "type": _decoded_type,
}
