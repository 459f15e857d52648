"""Columns, ids and features of the calendar that are read as vectors (``embed``), and not as columns.

A key of ``embed`` is a column of the table, that of the ids, or one of ``calendar``; its values become
codes, and the network learns a vector for each. Shapes: H steps of the horizon; where what is read of a
step stands is known to the strategies (``places``).
"""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.calendar_features import CODES
from skrnn._reading.rows import position_in
from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import listed, quote


class Embed(NamedTuple):
    """What is embedded, and how wide the vectors are.

    Attributes
    ----------
    columns : dict
        Position of a column of the table of fit -> width.
    of_labels : dict
        The same by their labels.
    ids : int or None
        The width of those of the ids.
    calendar : dict
        Name of a feature of the calendar -> width.
    """

    columns: dict
    of_labels: dict
    ids: int | None
    calendar: dict


NOTHING = Embed({}, {}, None, {})


def embed_of(embed, panel, calendar):
    """``embed`` as users pass it, for a table and names of the calendar.

    Raises
    ------
    ValueError
        If a key is no column and not in calendar, or is that of times; or if a width is no positive int.
    """
    columns, ids, features = {}, None, {}
    calendar = (calendar,) if isinstance(calendar, str) else tuple(calendar)
    for key, width in (embed or {}).items():
        if not is_int(width) or width < 1:
            raise ValueError(
                f"embed={quote(embed)} has {quote(width)} for {quote(key)}: the width of its vectors "
                "must be an int >= 1."
            )
        if isinstance(key, str) and key in calendar and key not in panel.labels:
            features[key] = int(width)
            continue
        k = _column(key, panel, calendar, embed)
        if k == panel.columns.ids:
            ids = int(width)
        else:
            columns[k] = int(width)
    return Embed(columns, {panel.labels[k]: width for k, width in columns.items()}, ids, features)


def _column(key, panel, calendar, embed):
    if isinstance(key, str) and key in panel.labels and key in calendar:
        raise ValueError(
            f"embed={quote(embed)} names {quote(key)}, which is a column of {panel.name} and a feature "
            "of calendar: rename the column."
        )
    try:
        k = position_in(panel.table, key, panel.name, "embed")
    except ValueError:
        if isinstance(key, str) and key in CODES and key not in panel.labels:
            raise ValueError(
                f"embed={quote(embed)} names {quote(key)}, which is no column of {panel.name}: if the "
                f"calendar's is meant, name it in calendar, too; its columns are {listed(panel.labels)}."
            ) from None
        raise
    if k == panel.columns.times:
        raise ValueError(
            f"embed={quote(embed)} names {quote(key)}, the column of times: embed what calendar reads of "
            f"them, such as {quote('weekday')}, or take it out."
        )
    return k


def parameters(embed, strategy, covariates, calendar, difference):
    """``embedding_size`` and ``n_tokens`` of the estimator inside; empty without ``embed``.

    Columns that are read for several steps share a table.
    """
    parts = {"calendar": calendar.kinds(embed.calendar), **covariates.kinds(embed)}
    widths = {part: len(kinds) for part, kinds in parts.items()}
    places, sizes, numbers = strategy.places(widths, 1 + bool(difference)), {}, {}
    for part, kinds in parts.items():
        for kind, where in zip(kinds, places[part], strict=True):
            if kind is not None:
                key = tuple(where) if len(where) > 1 else where[0]
                sizes[key], numbers[key] = kind
    return {"embedding_size": sizes, "n_tokens": numbers} if sizes else {}


def code_of(values):
    """Values of a column -> a function of others (N,), that gives their codes (N, 1); -1 of others."""
    number = {one: k for k, one in enumerate(values)}

    def codes(others):
        return np.array([[number.get(one, -1)] for one in others], dtype=np.float64)

    return codes
