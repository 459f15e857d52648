"""Bounds around predictions, from errors on data that the models had not seen.

Data are cut into P folds; the model of fold p has not seen the m_p targets of it, and was off by
``errors`` (m_p, K) there. Of n units (sequences, say) each has the mass 1 / (n + 1), which its targets
share; one more unit, that of the new data, may lie anywhere: its mass is at infinity. The upper bound of
level a for a new target is the smallest t with

    sum over p, i of mass_pi [answer_p + error_pi <= t]  >=  a,

answer_p being what model p says of it, and the lower bound is its mirror image. With one fold that is
split conformal prediction (Lei et al. 2018, for sequences Lee, Barber and Willett 2023), with several CV+
(Barber et al. 2021).

Shapes: M new targets, K outputs, L levels.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._settings.quoting import quote

ROUNDING = 1e-9  # of a sum of masses: 0.9 of ten units is nine of them


@dataclass(frozen=True, eq=False)
class Fold:
    """Errors of one output in one fold, sorted, and the masses up to each."""

    errors: np.ndarray  # (m,)
    mass: np.ndarray  # (m,)

    @classmethod
    def of(cls, errors, masses):
        """From errors (m,) and their masses (m,) in any order."""
        order = np.argsort(errors, kind="stable")
        return cls(errors[order], np.cumsum(masses[order]))

    def up_to(self, errors):
        """The mass of errors up to some, (M,)."""
        return np.append(0.0, self.mass)[np.searchsorted(self.errors, errors, side="right")]


def masses_of(units, n_units):
    """(m,): the mass of each target of the ``units`` (m,); ``n_units`` are in all folds together."""
    _, where, counts = np.unique(units, return_inverse=True, return_counts=True)
    return 1.0 / ((n_units + 1) * counts[where])


def check_levels(levels, n_units, unit):
    """Raise a ValueError for a level that would need more units (``unit`` in words) than there are."""
    for level in levels:
        needed = int(np.ceil(level / (1 - level) - ROUNDING))
        if needed > n_units:
            raise ValueError(
                f"levels={quote(list(levels))} and {n_units} {unit} to measure errors on do not go "
                f"together: {level:g} needs {needed} of them at least. Pass more, or ask for a lower "
                "level."
            )


def bounds_of(answers, folds, levels):
    """Lower and upper bounds, (M, K, 2, L).

    Parameters
    ----------
    answers : (P, M, K) array
        Of the model of every fold.
    folds : list of P lists of K Folds
    levels : tuple of float
    """
    bounds = np.empty((*answers.shape[1:], 2, len(levels)))
    for k in range(answers.shape[2]):
        of_output = [fold[k] for fold in folds]
        for number, level in enumerate(levels):
            bounds[:, k, 0, number] = -_upper(-answers[:, :, k], of_output, level)
            bounds[:, k, 1, number] = _upper(answers[:, :, k], of_output, level)
    return bounds


def _upper(answers, folds, level):
    """(M,): the least of the candidates ``answer + error`` that have mass enough below them."""
    found = [_first(answers, folds, own, level - ROUNDING) for own in range(len(folds))]
    return np.min(found, axis=0)


def _first(answers, folds, own, mass):
    """(M,): the least candidate of one fold with so much mass below it; infinity if there is none."""
    errors, M = folds[own].errors, answers.shape[1]
    low, high = np.zeros(M, dtype=np.intp), np.full(M, len(errors))
    while (low < high).any():
        middle = np.minimum((low + high) // 2, len(errors) - 1)
        below = folds[own].mass[middle]  # by its place: adding and subtracting an answer would round
        for k, fold in enumerate(folds):
            if k != own:
                below = below + fold.up_to(answers[own] - answers[k] + errors[middle])
        enough, open_ = below >= mass, low < high
        high = np.where(open_ & enough, middle, high)
        low = np.where(open_ & ~enough, middle + 1, low)
    last = np.minimum(low, len(errors) - 1)
    return np.where(low < len(errors), answers[own] + errors[last], np.inf)
