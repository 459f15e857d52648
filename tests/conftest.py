"""Fixtures of the tests of the estimators."""

import gc
import itertools
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from support.combinations import few_of
from support.estimators import CLASSIFIERS, ENGINES, ESTIMATORS, REGRESSORS, name_of

from skrnn import _kernels

# Processes that tests start import the package under test, not a checkout that they happen to stand in.
os.environ["PYTHONSAFEPATH"] = "1"

# Displays are drawn in memory, whatever the machine's screen.
os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(params=ESTIMATORS, ids=name_of)
def cls(request):
    return request.param


@pytest.fixture(params=REGRESSORS, ids=name_of)
def regressor(request):
    return request.param


@pytest.fixture(params=CLASSIFIERS, ids=name_of)
def classifier(request):
    return request.param


@pytest.fixture(params=ENGINES)
def engine(request):
    """The test runs on NumPy, and on the best kernels; test_kernels.py compares the others with NumPy."""
    with _kernels.using(request.param):
        yield request.param


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, where one may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("A small file system cannot be mounted here.")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def pytest_addoption(parser):
    parser.addoption(
        "--every-combination", action="store_true",
        help="full products of the parameters of tests, not only any two values together",
    )  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Of products of parameters so many cases that any two values stand together, unless marked."""
    if not config.option.every_combination:
        kept = []
        for _, cases in itertools.groupby(items, lambda item: (item.parent, item.originalname)):
            first, *_ = cases = list(cases)
            mark = first.get_closest_marker("every_combination")
            kept += few_of(cases) if hasattr(first, "callspec") and (not mark or mark.args) else cases
        config.hook.pytest_deselected(items=list(set(items) - set(kept)))
        items[:] = kept
    gc.freeze()  # what was collected stays: no collection of garbage has to look at it again


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files stay together, so that what their tests share is made once; who has finished helps others."""
    if config.option.dist == "load":
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log)
    return None


def pytest_runtest_setup(item):
    """PyTorch keeps to one thread: several would wait for those of the other workers."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() > 1:
        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _the_kernels_stay():
    """A test that leaves other kernels behind would change the bits of the tests after it."""
    before = _kernels.build
    yield
    left, _kernels.build = _kernels.build, before
    assert left is before, "the test left other kernels in use"


@pytest.fixture
def assert_same_weights():
    """A function that compares the weights of two models, bit for bit."""

    def compare(a, b):
        assert list(a.weights_) == list(b.weights_)
        for name, array in a.weights_.items():
            np.testing.assert_array_equal(array, b.weights_[name], err_msg=name)
            assert array.dtype == b.weights_[name].dtype, name

    return compare
