"""Warnings of the package's own; for all others scikit-learn's classes are used."""

from functools import partial

from sklearn import exceptions

__all__ = ["InconsistentVersionWarning"]


class InconsistentVersionWarning(exceptions.InconsistentVersionWarning):
    """Warning that a loaded estimator or transformer was saved with other versions.

    A pickle holds objects as the version that saved them had them: loaded with another one they may fail,
    or answer otherwise. It comes once for each object, if the version of skrnn is another one, or the
    major or minor version of scikit-learn or NumPy (1.6 and 1.7, but not 1.6.0 and 1.6.1). It also comes
    for what was saved before versions were stored.

    Parameters
    ----------
    estimator_name : str
        The class of the object.
    current_versions : dict of str to str
        Package to version, as it is loaded.
    original_versions : dict of str to str
        Package to version, as it was saved; empty if none were stored.

    Attributes
    ----------
    estimator_name : str
        The class of the object.
    current_versions : dict of str to str
        Package to version, as it is loaded.
    original_versions : dict of str to str
        Package to version, as it was saved; empty if none were stored.
    current_sklearn_version : str
        As of the warning of scikit-learn.
    original_sklearn_version : str
        As of the warning of scikit-learn; "unknown" if it was not stored.

    See Also
    --------
    sklearn.exceptions.InconsistentVersionWarning : The class of which this is one: a filter for it holds
        for both.

    Examples
    --------
    To have an error instead of a warning:

    >>> import pickle, warnings
    >>> from skrnn import GRURegressor
    >>> from skrnn.exceptions import InconsistentVersionWarning
    >>> saved = pickle.dumps(GRURegressor())
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", InconsistentVersionWarning)
    ...     model = pickle.loads(saved)
    """

    def __init__(self, *, estimator_name, current_versions, original_versions):
        self.current_versions, self.original_versions = current_versions, original_versions
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=current_versions["scikit-learn"],
            original_sklearn_version=original_versions.get("scikit-learn", "unknown"),
        )

    def __str__(self):
        names = [
            name
            for name, now in self.current_versions.items()
            if name == "skrnn" or self.original_versions.get(name) != now
        ]
        now = _listed({name: self.current_versions[name] for name in names})
        before = _listed({name: self.original_versions.get(name, "unknown") for name in names})
        if not self.original_versions:
            before = "a version of skrnn that did not store it"
        return (
            f"This {self.estimator_name} was saved with {before}, and is loaded with {now}. It may fail, "
            "or answer otherwise than before. Load it with the versions that it was saved with, or fit "
            "and save it again."
        )

    def __reduce__(self):  # as an error it may have to travel from a worker process
        return partial(
            type(self), estimator_name=self.estimator_name, current_versions=self.current_versions,
            original_versions=self.original_versions,
        ), ()  # fmt: skip


def _listed(versions):
    """Versions in words: skrnn 0.1.0, scikit-learn 1.6.1 and NumPy 2.0.0."""
    *most, last = [f"{name} {version}" for name, version in versions.items()]
    return f"{', '.join(most)} and {last}" if most else last
