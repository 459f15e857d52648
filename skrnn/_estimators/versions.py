"""The versions that pickles are made with, and the warning where they are loaded with others.

scikit-learn does so for its own estimators only. What a pickle holds besides is private to a version of
skrnn, so that any other version of it counts; of scikit-learn and NumPy the major and minor ones.
"""

import sys
import warnings

import numpy as np
import sklearn

from skrnn.exceptions import InconsistentVersionWarning

STAMP = "_skrnn_versions"


def versions():
    """Package -> version, of those at work."""
    return {
        "skrnn": sys.modules["skrnn"].__version__,
        "scikit-learn": sklearn.__version__,
        "NumPy": np.__version__,
    }


def check_versions(name, saved):
    """Warn if an object of the class ``name`` was saved with versions that are not those at work.

    ``saved`` are those of the pickle; None: it was made before they were stored.
    """
    now, saved = versions(), saved or {}
    if any(_matters(package, saved.get(package), version) for package, version in now.items()):
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=name, current_versions=now, original_versions=saved
            ),
            stacklevel=3,
        )


def _matters(package, saved, now):
    if package != "skrnn" and saved is not None:
        saved, now = (version.split(".")[:2] for version in (saved, now))
    return saved != now


class Stamped:
    """Mixin of what is pickled with the versions it was made by; to stand before scikit-learn's bases."""

    def __getstate__(self):
        return {**super().__getstate__(), STAMP: versions()}

    def __setstate__(self, state):
        state = dict(state)
        check_versions(type(self).__name__, state.pop(STAMP, None))
        super().__setstate__(state)
