"""Inventories of intersphinx without a network: where scikit-learn's and NumPy's own pages stand.

``write(folder)`` makes one file per project, of the names that the *installed* project has and that its
site has a page for: an estimator or function ``a.b.C`` of scikit-learn stands at
modules/generated/a.b.C.html, a function of NumPy at reference/generated/numpy.f.html. So a link to a name
that is not there stays text, and nothing is fetched. To add a project: a function that yields pairs
(name, address) and a line in PROJECTS.
"""

import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.utils.discovery import all_estimators, all_functions


def scikit_learn():
    for name, kind in [*all_estimators(), *all_functions()]:
        module = ".".join(part for part in kind.__module__.split(".") if not part.startswith("_"))
        yield f"{module}.{name}", f"modules/generated/{module}.{name}.html"
        # what a package re-exports has the package's name: sklearn.preprocessing.StandardScaler
        package = ".".join(module.split(".")[:2])
        yield f"{package}.{name}", f"modules/generated/{package}.{name}.html"


def numpy():
    for name in np.__all__:
        if callable(getattr(np, name, None)):
            yield f"numpy.{name}", f"reference/generated/numpy.{name}.html"


PROJECTS = {
    "scikit-learn": ("https://scikit-learn.org/stable/", scikit_learn),
    "numpy": ("https://numpy.org/doc/stable/", numpy),
}


def write(folder):
    """One inventory per project in the folder; the mapping that intersphinx reads."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, (site, names) in PROJECTS.items():
        path = folder / f"{project}.inv"
        path.write_bytes(inventory(project, dict(names())))
        mapping[project] = (site, str(path))
    return mapping


def inventory(project, addresses):
    """The bytes of an inventory, version 2: a head in plain text, the rest compressed."""
    head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: {version(project)}\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = "".join(f"{name} py:class 1 {address} -\n" for name, address in sorted(addresses.items()))
    return head.encode() + zlib.compress(lines.encode())
