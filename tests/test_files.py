"""Files that earlier versions wrote load, and answer as they did (``support/write_files.py``)."""

import json
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from support.versions import is_numpy
from support.write_files import models

from skrnn.exceptions import InconsistentVersionWarning
from skrnn.interop import load

DATA = Path(__file__).parent / "data"
FILES = sorted([*DATA.glob("*/*.joblib"), *DATA.glob("*/*.safetensors")])
METHODS = {name: (method, asked) for name, _, method, asked in models()}


def test_every_version_has_its_files():
    versions = {path.parent.name for path in FILES}
    assert "0.1.0" in versions
    assert {path.stem.replace("_", " ") for path in FILES if path.parent.name == "0.1.0"} == set(METHODS)


def loaded(path):
    if path.suffix == ".joblib":
        if not is_numpy("2.0"):
            pytest.skip("pickles of arrays of NumPy 2 need NumPy 2")
        return joblib.load(path)
    pytest.importorskip("safetensors")
    return load(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_files_answer_as_they_did(path):
    name = path.stem.replace("_", " ")
    expected = json.loads((path.parent / "answers.json").read_text())[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        model = loaded(path)
    method, asked = METHODS[name]
    said = [np.asarray(one).tolist() for one in getattr(model, method)(asked)]
    if name == "pairs" or isinstance(expected[0], str):
        assert said == expected
        return
    assert len(said) == len(expected)
    for ours, theirs in zip(said, expected, strict=True):  # rounded otherwise by other processors
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
