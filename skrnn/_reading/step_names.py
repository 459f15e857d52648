"""The names that a time step, or a row in a list, brings with it, against those of the features in fit.

A step may be a frame of one row for each stream, a row of a pandas frame (a Series, whose index has the
names) or a named tuple, as ``itertuples`` gives it, or a list of such rows. Arrays and lists of numbers
have no names: they are taken to be in the order of fit.
"""

import re
from itertools import zip_longest

import numpy as np

SHOWN = 5  # of names, in a message
RENAMED = re.compile(r"_\d+")


def check_step_names(x, names, *, are_tokens=False):
    """Raise a ValueError if a step names its features otherwise than fit, or in another order.

    Parameters
    ----------
    x : object
        The step as users pass it.
    names : list or None
        Of the features in fit; None: they had none.
    are_tokens : bool
        Whether x are tokens: then an index has the names of streams.
    """
    _check_row(x, "x", names, are_tokens)
    if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
        for i, row in enumerate(x):
            _check_row(row, f"x[{i}]", names, False)


def check_order_of_rows(X, names, called):
    """Raise a ValueError if a row of a list has the names of the columns in fit, but in another order.

    Parameters
    ----------
    X : object
        A table as users pass it; what is no list is left to others.
    names : list
        Of its columns in fit.
    called : str
        What X is called in messages.
    """
    if not isinstance(X, (list, tuple)) or hasattr(X, "_fields"):
        return
    for i, row in enumerate(X):
        given = None if hasattr(row, "columns") else _names_of(row, names, False)
        if given is not None and given != names and set(given) == set(names):
            _check_row(row, f"{called}[{i}]", names, False)


def _check_row(x, called, names, are_tokens):
    """Raise for what a step, or the row of a stream, brings with it: ``called`` is its name."""
    _reject_other_rows(x, called, names)
    given = None if names is None else _names_of(x, names, are_tokens)
    if given is None or given == names:
        return
    if all(isinstance(name, str) for name in names) and not any(isinstance(n, str) for n in given):
        return  # numbers, as frames have them that are made of arrays
    unseen, missing = _others(given, names), _others(names, given)
    if unseen:
        what = f"has the feature(s) {_listed(unseen)}, which the X of fit has not"
    elif missing:
        what = f"lacks the feature(s) {_listed(missing)} of the X of fit"
    elif len(given) != len(names):
        what = f"has {len(given)} names for {len(names)} features"
    else:
        k = next(k for k in range(len(names)) if given[k] != names[k])
        now, was = _listed(given[k : k + 1]), _listed(names[k : k + 1])
        what = f"has the features of fit in another order: feature {k} is {now}, was {was}"
    raise ValueError(f"{called} {what}. Give it the same names in the same order{_of(names)}.")


def _reject_other_rows(x, called, names):
    """Raise for rows whose names cannot be read: of dicts, of records and of ``iterrows``."""
    if isinstance(x, dict):
        raise TypeError(
            f"{called} is a dict, which has no order: pass its values in the order of fit{_of(names)}."
        )
    fields = getattr(getattr(x, "dtype", None), "names", None)
    if fields:
        raise ValueError(
            f"{called} is a structured array with the fields {_listed(fields)}: pass its values in the "
            f"order of fit{_of(names)}, numpy.lib.recfunctions.structured_to_unstructured({called})."
        )
    if isinstance(x, tuple) and len(x) == 2 and hasattr(x[1], "iloc") and np.ndim(x[0]) == 0:
        raise ValueError(
            f"{called} is a tuple of a label and a row, as of iterrows: pass the row only, {called}[1]."
        )
    if getattr(x, "_fields", ())[:1] == ("Index",) and "Index" not in (names or ["Index"]):
        raise ValueError(
            f"{called} begins with 'Index', the label of the row, which is no feature: use "
            "itertuples(index=False)."
        )


def _names_of(x, names, are_tokens):
    if hasattr(x, "columns"):
        return list(x.columns)
    if are_tokens:
        return None
    if hasattr(x, "iloc"):
        return list(x.index)
    if not isinstance(x, tuple) or not hasattr(x, "_fields"):
        return None
    # a field _3 stands for a name that is no identifier
    pairs = zip_longest(x._fields, names)
    return [name if RENAMED.fullmatch(field or "") else field for field, name in pairs if field]


def _others(some, names):
    return [name for name in some if name not in names]


def _of(names):
    return "" if names is None else f", {_listed(names)}"


def _listed(names):
    """The first names, of some length at most: a message is to be read."""
    shown = ", ".join(f"{name!r:.40}" for name in names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"
