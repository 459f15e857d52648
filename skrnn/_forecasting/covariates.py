"""The columns of a long table beside ids, times and target, as numbers.

========  =====================================================================================
known     known ahead: promotions, holidays, prices that are set; read at their own step
past      known up to the last row only: weather that was measured, the sales of others; lagged
static    one value for each series: the region, the size of a shop
========  =====================================================================================

Numbers are standardised over all rows of fit; text and categories become a column for each of their
values, zeros for a value that fit did not see; of columns that are embedded the codes are read. Shapes:
N rows, n series. To read another kind of column, add a class with ``width`` and ``encode`` and choose it
in ``_learn``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skrnn._forecasting.embedding import NOTHING, code_of
from skrnn._forecasting.panel import values_of
from skrnn._reading.arrays import is_missing
from skrnn._reading.rows import position_in
from skrnn._settings.quoting import listed, quote

# Ids get columns of their own up to so many series: of more each would see only its own rows, and the
# table of all would be wider than long.
MANY_SERIES = 30


@dataclass(frozen=True)
class _Number:
    """A column of numbers, standardised."""

    label: object
    mean: float
    scale: float

    width = 1

    def encode(self, values, name):
        """Values (N,) -> (N, 1)."""
        numbers = _as_numbers(values, self.label, name)
        if numbers is None:
            raise ValueError(
                f"Column {quote(self.label)} of {name} holds {quote(_odd_one(values))}, but in fit it "
                "held numbers: pass numbers."
            )
        return ((numbers - self.mean) / self.scale)[:, None]


@dataclass(frozen=True)
class _Category:
    """A column of text or categories: one column for each value."""

    label: object
    values: tuple

    @property
    def width(self):
        return len(self.values)

    def encode(self, values, name):
        """Values (N,) -> (N, n_values)."""
        _check_is_there(values, self.label, name)
        number = {one: k for k, one in enumerate(self.values)}
        codes = np.array([number.get(one, -1) for one in values.tolist()], dtype=np.intp)
        return (codes[:, None] == np.arange(len(self.values))).astype(float)


@dataclass(frozen=True)
class _Code:
    """A column whose values get vectors: their codes; -1 of a value that fit did not see."""

    label: object
    values: tuple

    width = 1

    def encode(self, values, name):
        """Values (N,) -> (N, 1)."""
        _check_is_there(values, self.label, name)
        return code_of(self.values)(values.tolist())


class Roles(NamedTuple):
    """The positions of the columns of a table, by what is known of them."""

    known: list
    past: list
    static: list


@dataclass(frozen=True)
class Covariates:
    """What fit has learned of the columns.

    Attributes
    ----------
    known, past, static : tuple of encodings
    ids : tuple
        Those that have columns of their own, or vectors.
    embeds_ids : bool
        Whether these are vectors.
    """

    known: tuple
    past: tuple
    static: tuple
    ids: tuple
    embeds_ids: bool = False

    @classmethod
    def learn(cls, panel, roles, embed=NOTHING, *, standardise):
        """The covariates of the table of fit; ``embed``: what is read as vectors."""
        encodings = [
            tuple(
                _learn_codes(panel, k) if k in embed.columns else _learn(panel, k, standardise)
                for k in _in_order(positions, panel)
            )
            for positions in roles
        ]
        has_ids = embed.ids is not None or 1 < panel.n_series <= MANY_SERIES
        return cls(*encodings, tuple(panel.ids.tolist() if has_ids else []), embed.ids is not None)

    def kinds(self, embed):
        """Part -> for each of its columns None, or the width of its vectors and the number of codes."""
        widths = embed.of_labels
        parts = {
            part: [kind for one in getattr(self, part) for kind in _kinds(one, widths)]
            for part in ("static", "past", "known")
        }
        parts["static"] += [(embed.ids, len(self.ids))] if self.embeds_ids else [None] * len(self.ids)
        return parts

    @property
    def n_known(self):
        """How many numbers the known columns become."""
        return sum(one.width for one in self.known)

    def known_of(self, panel):
        """(N, K): the columns that are known ahead, of every row."""
        return _encode(self.known, panel)

    def past_of(self, panel):
        """(N, P): those that are known up to the last row."""
        return _encode(self.past, panel)

    def static_of(self, panel, codes):
        """(n, S): the static columns and ids of some series; a ValueError if one changes in a series."""
        values = _encode(self.static, panel)
        rows = panel.first_rows_of(codes)
        first = np.zeros(panel.n_series, dtype=np.intp)
        first[codes] = rows
        self._check_static(values, panel, first)
        ids = panel.ids[codes].tolist()
        if self.embeds_ids:
            own = code_of(self.ids)(ids)
        else:
            own = np.array([[one == other for other in self.ids] for one in ids], dtype=float)
        return np.concatenate([values[rows], own.reshape(len(ids), -1)], axis=1)

    def _check_static(self, values, panel, first):
        changed = (values != values[first[panel.codes]]).any(axis=1)
        if changed.any():
            row = int(np.argmax(changed))
            for one in self.static:
                column = values_of(panel.column(_position(one.label, panel)))
                before = column[first[panel.codes[row]]]
                if column[row] != before:
                    raise ValueError(
                        f"Column {quote(one.label)} of {panel.name} is named in static, but is not the "
                        f"same in all rows{panel.series(panel.codes[row])}: {quote(before)}, and "
                        f"{quote(column[row])} in row {row}. Take it out of static, and name it in known "
                        "if it is known ahead."
                    )


def roles_of(panel, known, static):
    """Which columns are known ahead, known up to the last row, and static: ``Roles``.

    Raises
    ------
    ValueError
        If a name is no column, is that of ids or times, or stands in both.
    """
    known, static = _positions(known, "known", panel), _positions(static, "static", panel)
    both = [k for k in known if k in static]
    if both:
        raise ValueError(
            f"Column {quote(panel.labels[both[0]])} stands in known and in static: name it in static if "
            "it never changes in a series, in known otherwise."
        )
    past = [k for k in panel.features if k not in (*known, *static)]
    return Roles(known, past, static)


def _positions(columns, parameter, panel):
    alone = isinstance(columns, (str, int, np.integer)) or (
        isinstance(columns, tuple) and columns in panel.labels
    )
    columns = [columns] if alone else list(columns)
    positions = [position_in(panel.table, one, panel.name, parameter) for one in columns]
    for k in positions:
        if k in panel.columns:
            what = "sequence_id" if k == panel.columns.ids else "time"
            raise ValueError(
                f"{parameter}={quote(columns)} names column {quote(panel.labels[k])}, which is "
                f"{what} already: leave it out."
            )
    return sorted(set(positions))


# --- a column -------------------------------------------------------------------------------------------


def _in_order(positions, panel):
    """By name, where columns have names: then their order in the table does not matter."""
    labels = panel.labels
    return (
        sorted(positions, key=lambda k: str(labels[k])) if hasattr(panel.table, "columns") else positions
    )


def _learn(panel, k, standardise):
    label, values = panel.labels[k], values_of(panel.column(k))
    numbers = _as_numbers(values, label, panel.name)
    if numbers is not None:
        deviation = numbers.std()
        if not standardise or deviation <= 1e-12 * np.abs(numbers).max():
            return _Number(label, float(numbers.mean()) if standardise else 0.0, 1.0)
        return _Number(label, float(numbers.mean()), float(deviation))
    return _Category(label, _different(values, label, panel.name))


def _learn_codes(panel, k):
    label, values = panel.labels[k], values_of(panel.column(k))
    return _Code(label, _different(values, label, panel.name))


def _kinds(one, widths):
    """Of the columns that an encoding makes."""
    return [(widths[one.label], len(one.values))] if isinstance(one, _Code) else [None] * one.width


def _different(values, label, name):
    """The different values of a column, sorted."""
    _check_is_there(values, label, name)
    different = list(dict.fromkeys(values.tolist()))
    if not all(isinstance(one, (str, bool, int, float)) for one in different):
        odd = next(one for one in different if not isinstance(one, (str, bool, int, float)))
        raise ValueError(
            f"Column {quote(label)} of {name} holds {quote(odd)}, a {type(odd).__name__}: make "
            "numbers or text of it, or drop it. What the calendar says of the times, calendar adds."
        )
    return tuple(sorted(different, key=lambda one: (type(one).__name__, one)))


def _as_numbers(values, label, name):
    """Values (N,) as floats; None if they are no numbers."""
    if values.dtype.kind == "O":
        if not all(isinstance(one, (bool, int, float, np.number, np.bool_)) for one in values.tolist()):
            return None
        values = values.astype(np.float64)
    if values.dtype.kind not in "biuf":
        return None
    values = values.astype(np.float64)
    wrong = ~np.isfinite(values)
    if wrong.any():
        _raise_missing(int(np.argmax(wrong)), values[np.argmax(wrong)], label, name)
    return values


def _check_is_there(values, label, name):
    for row, one in enumerate(values.tolist()):
        if is_missing(one):
            _raise_missing(row, one, label, name)


def _raise_missing(row, one, label, name):
    what = "infinity" if isinstance(one, float) and np.isinf(one) else "NaN"
    raise ValueError(
        f"Column {quote(label)} of {name} is {quote(one)} in row {row}: give every row a value "
        f"(FillForward, or SimpleImputer of scikit-learn), or drop the column, which contains {what}."
    )


def _odd_one(values):
    return next(one for one in values.tolist() if not isinstance(one, (bool, int, float)))


def _position(label, panel):
    """Where a column stands in another table than that of fit."""
    return position_in(panel.table, label, panel.name, "known or static")


def _encode(encodings, panel):
    parts = [np.zeros((len(panel.codes), 0))]
    for one in encodings:
        parts.append(one.encode(values_of(panel.column(_position(one.label, panel))), panel.name))
    return np.concatenate(parts, axis=1)


def named(encodings):
    """Columns in messages."""
    return listed([one.label for one in encodings])
