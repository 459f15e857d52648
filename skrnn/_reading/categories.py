"""Categories beside numbers (``embedding_size`` as a dict): which features hold codes, and of what.

Codes are whole numbers from 0 on, as ``OrdinalEncoder`` makes them; -1 stands for a value that is not
known, which a network reads as no input. They stay where they are in X, as numbers among numbers;
``lookup.py`` of the engine makes vectors of them.
"""

import numpy as np

from skrnn._engine.lookup import Category
from skrnn._reading.arrays import in_words
from skrnn._reading.rows import is_position, position_in, position_of
from skrnn._settings.quoting import quote

UNKNOWN = -1
MOST_VALUES = 1 << 24  # float32 tells no more whole numbers apart

_CODES = (
    "Codes of categories are whole numbers from 0 on, as OrdinalEncoder makes them, or -1 (unknown); "
    "n_tokens makes room for codes that come later."
)


def read_categories(container, passed, form):
    """Find out which features of a container hold codes, and check them.

    Sets ``container.categories``, which are those of ``form`` if it has learned them, and the ``codes``
    of its sequences.
    """
    found = form.categories or _named(container, passed, form)
    container.sequences.codes = tuple(sorted(k for one in found for k in one.positions))
    largest = [
        max(_check(container, k, one.n_values, passed.name) for k in one.positions) for one in found
    ]
    container.categories = tuple(
        one if one.n_values else one._replace(n_values=top + 1)
        for one, top in zip(found, largest, strict=True)
    )


def _named(container, passed, form):
    """The categories that the parameters name; ``n_values`` is None where these do not say it."""
    numbers, found = form.n_tokens or {}, []
    for key, width in form.embedding.items():
        n_values = numbers.get(key) and int(numbers[key])
        positions = _positions(key, container, passed, form)
        found.append(Category(_label(key), positions, n_values, int(width)))
    codes = [k for one in found for k in one.positions]
    if len(set(codes)) < len(codes):
        again = next(k for k in codes if codes.count(k) > 1)
        raise ValueError(
            f"embedding_size={quote(dict(form.embedding))} names {container.place_of(0, again)} twice: "
            "name every column once."
        )
    return found


def _label(key):
    return "-".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _positions(key, container, passed, form):
    """Which features of a step a key means: a name, or positions in X."""
    if not isinstance(key, tuple) or _is_name(key, passed.X):
        return (_position(key, container, passed, form),)
    return tuple(_position(k, container, passed, form) for k in key)


def _is_name(key, X):
    return hasattr(X, "columns") and key in list(X.columns)


def _position(key, container, passed, form):
    X, name = passed.X, passed.name
    if not form.rows_are_steps:
        names, n_features = container.columns, container.sequences.n_features
        if isinstance(key, str):
            if names is None or key not in names:
                raise ValueError(
                    f"embedding_size names column {quote(key)}, but the time steps of {name} have no "
                    "column of that name: pass the position of the feature."
                )
            return names.index(key)
        return position_of(key, n_features, names, "embedding_size", name)
    table = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
    k = position_in(table, key, name, "embedding_size")
    if form.sequence_id is None:
        return k
    ids = position_in(table, form.sequence_id, name)
    if k == ids:
        raise ValueError(
            f"embedding_size names column {quote(key)}, which is sequence_id, and so no feature: to "
            "learn a vector for each series, give X a second column of its codes."
        )
    return k - (k > ids)


def given_categories(form, n_values, names):
    """The categories beside given weights: ``n_values`` are the rows of tables, by their labels.

    ``names`` are those of the columns of X, or None.
    """
    found = []
    for key, width in form.embedding.items():
        keys = key if isinstance(key, tuple) and key not in (names or ()) else (key,)
        positions = tuple(_given_position(k, form, names) for k in keys)
        n = n_values.get(_label(key)) or (form.n_tokens or {}).get(key)
        if n is None:
            raise ValueError(
                f"weights has no 'embedding.{_label(key)}.W' of shape (number of categories, {width}): "
                "pass it, or n_tokens and draw=('embedding',)."
            )
        found.append(Category(_label(key), positions, int(n), int(width)))
    return tuple(found)


def _given_position(key, form, names):
    """The position of a feature among those of a step, which is known by its name or position in X."""
    k = key if names is None or not isinstance(key, str) else names.index(key) if key in names else None
    if not is_position(k) or k < 0:
        raise ValueError(
            f"embedding_size names column {quote(key)}: without columns, the names of all columns of X, "
            "it must be a position from 0 on."
        )
    ids = form.sequence_id
    ids = names.index(ids) if isinstance(ids, str) else ids
    return k - (ids is not None and k > ids)


def _check(container, k, bound, name):
    """Raise a ValueError for what is no code; returns the largest one of feature k."""
    largest = UNKNOWN
    for start, chunk in container.sequences.chunks():
        values = chunk[..., k]
        wrong = (values != np.trunc(values)) | (values < UNKNOWN) | (values >= (bound or MOST_VALUES))
        if wrong.any():
            where = np.argwhere(wrong)[0]
            place = container.sequences.describe(start + int(where[0]), int(where[-1]))
            raise ValueError(
                f"{_what_is_wrong(values[tuple(where)], name, bound)} ({place}, "
                f"{_words(container, k)}). {_CODES}"
            )
        largest = max(largest, int(values.max())) if values.size else largest
    return largest


def _what_is_wrong(value, name, bound):
    beyond = bound is not None and value >= bound and value == np.trunc(value)
    why = f"not below {bound}, the number of categories" if beyond else "no code of a category"
    return f"{value:g} in {name} is {why}"


def _words(container, k):
    """A feature in words."""
    label = k if container.labels is None or container.is_table else container.labels[k]
    return in_words(label) if isinstance(label, (str, tuple)) else f"position {label}"
