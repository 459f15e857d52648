"""The versions that pickles are made with, and the warning where they are loaded with others.

scikit-learn does so for its own estimators only. What a pickle holds besides is private to a version of
skrnn, so that any other version of it counts; of scikit-learn and NumPy the major and minor ones.
"""

import inspect
import sys
import warnings

import numpy as np
import sklearn

from skrnn._estimators.digests import digest
from skrnn.exceptions import InconsistentVersionWarning

STAMP, DIGEST = "_skrnn_versions", "_skrnn_digest"


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
    """Mixin of what is pickled with the versions it was made by; to stand before scikit-learn's bases.

    Also with a digest, by which a file that has changed is found out (``digests.py``). Parameters that
    the version of a file did not have yet get their defaults. A class whose state is not plain data has
    ``_to_plain`` and ``_from_plain``.
    """

    def __getstate__(self):
        state = self._to_plain(super().__getstate__())
        whole = {DIGEST: digest(state)} if _is_of_ours(type(self).__getstate__) else {}
        return {**state, STAMP: versions(), **whole}

    def __setstate__(self, state):
        name, state = type(self).__name__, dict(state)
        stamp, expected = state.pop(STAMP, None), state.pop(DIGEST, None)
        check_versions(name, stamp)
        is_own = _is_of_ours(type(self).__setstate__)
        # without one although it was made by us: its name is what has changed
        is_lost = expected is None and stamp is not None and _is_of_ours(type(self).__getstate__)
        if is_own and (is_lost or (expected is not None and expected != digest(state))):
            raise ValueError(
                f"This {name} is not what was saved: a part of its file has changed since. Load an "
                "undamaged copy of the file, or fit and save it again."
            )
        super().__setstate__(self._from_plain(_with_defaults(type(self), state)))

    def _to_plain(self, state):
        """The attributes as they are saved."""
        return state

    def _from_plain(self, state):
        """The attributes, of what was saved."""
        return state


def _is_of_ours(method):
    """Whether nobody else changes a state: a class of a user may, between us and the file."""
    return method.__module__.startswith("skrnn.")


def _with_defaults(cls, state):
    """The state with the defaults of the parameters that are not in it."""
    missing = [name for name in cls._get_param_names() if name not in state]
    if not missing:
        return state
    parameters = inspect.signature(cls.__init__).parameters
    defaults = {name: parameters[name].default for name in missing}
    return {**{n: d for n, d in defaults.items() if d is not inspect.Parameter.empty}, **state}
