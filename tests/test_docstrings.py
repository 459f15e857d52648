"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import skrnn

MODULES = [skrnn.__name__, *(m.name for m in pkgutil.walk_packages(skrnn.__path__, "skrnn."))]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not failed
