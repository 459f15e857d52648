"""Memory-mapped arrays: the same numbers as in memory, and the file does not fill the memory."""

import mmap

import numpy as np
import pytest
from support.processes import run_python

import skrnn
from skrnn._engine import storage
from skrnn._engine.storage import Sequences, map_of, mapped
from skrnn._reading.rows import split_ids

needs_madvise = pytest.mark.skipif(
    not hasattr(mmap, "MADV_DONTNEED"), reason="this system has no madvise"
)


@pytest.fixture(autouse=True)
def _no_file_is_small(monkeypatch):
    monkeypatch.setattr(storage, "SMALL", 0)


@pytest.fixture
def file(tmp_path):
    """A file of 3000 rows of 5 numbers, and the numbers."""
    values = np.random.RandomState(0).normal(size=(3000, 5)).astype(np.float32)
    values.tofile(tmp_path / "X")
    return tmp_path / "X", values


def opened(file, mode="r", shape=(3000, 5)):
    return np.memmap(file[0], np.float32, mode, shape=shape)


@needs_madvise
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_view_of_a_map_is_read_through_its_pages(file, mode):
    X = opened(file, mode)
    for view in (X, X[100:], X.reshape(30, 100, 5), np.asarray(X)[:10], X[::2]):
        assert isinstance(map_of(view), mmap.mmap)
    assert mapped(X[::2]) is None  # rows that do not lie one after the other


@needs_madvise
def test_a_small_file_may_stay_in_memory(file, monkeypatch):
    X = opened(file)
    size = len(map_of(X))
    monkeypatch.setattr(storage, "SMALL", size + 1)
    assert mapped(X) is None
    monkeypatch.setattr(storage, "SMALL", size)
    assert mapped(X) is not None


def test_what_is_left_alone(file):
    assert map_of(file[1]) is None
    private = opened(file, "c")
    private[3] = 7  # a change that the file does not have
    assert map_of(private) is map_of(private.reshape(30, 100, 5)[2:]) is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.skipif(not hasattr(mmap, "MAP_PRIVATE"), reason="this system has no private maps")
def test_a_map_that_is_no_memmap_is_left_alone():
    """It may be private: what was written there would be lost."""
    X = np.ndarray((30, 100, 5), buffer=mmap.mmap(-1, 30 * 100 * 5 * 8, flags=mmap.MAP_PRIVATE))
    X[...] = np.random.RandomState(0).normal(size=X.shape)
    before = X.copy()
    assert map_of(X) is map_of(X[2:]) is None
    skrnn.RNNRegressor(2, max_iter=1).fit(X, np.arange(30.0)).predict(X)
    np.testing.assert_array_equal(X, before)


@needs_madvise
def test_ids_are_read_part_by_part(file, monkeypatch):
    calls = []
    monkeypatch.setattr(storage.Mapped, "give_back", lambda self: calls.append(self))
    monkeypatch.setattr(Sequences.chunks, "__defaults__", (500,))
    ids = split_ids(opened(file), 2).ids
    assert len(calls) == 30
    np.testing.assert_array_equal(ids, file[1][:, 2])
    assert map_of(ids) is None


@needs_madvise
@pytest.mark.parametrize("page", [64, 4096, 1 << 21])
def test_rows_are_those_asked_for(file, page, monkeypatch):
    """Whatever the pages, in whatever order, and however often a row is asked for."""
    monkeypatch.setattr(storage, "PAGE", page)
    monkeypatch.setattr(storage, "MANY", 2)
    rows = mapped(opened(file))
    rng = np.random.RandomState(0)
    for where in (rng.randint(3000, size=(40, 7)), np.arange(3000), np.zeros(9, int), np.empty(0, int)):
        np.testing.assert_array_equal(rows.read(where), file[1][where])


@needs_madvise
def test_pages_are_given_back(file, monkeypatch):
    calls = []
    monkeypatch.setattr(storage.Mapped, "give_back", lambda self: calls.append(self))
    monkeypatch.setattr(storage, "PAGE", 2000)  # 100 rows
    monkeypatch.setattr(storage, "MANY", 3)
    mapped(opened(file)).read(np.arange(3000)[::-1])
    assert len(calls) == 10
    del calls[:]
    assert len(list(Sequences(opened(file), [3000]).chunks(n_values=500))) == len(calls) == 30


def test_a_change_of_the_map_is_not_lost(file):
    X = opened(file, "r+")
    X[5] = 9
    if mapped(X) is not None:
        mapped(X).read(np.arange(3000))
    assert (X[5] == 9).all()


FORMS = {
    "3-D": ((30, 100, 5), {}, 30),
    "3-D, batches": ((30, 100, 5), {"batch_size": 4}, 30),
    "per step": ((30, 100, 5), {"return_sequences": True, "k1": 30}, (30, 100)),
    "pieces": ((30, 100, 5), {"return_sequences": True, "k1": 7, "batch_size": 90}, (30, 100)),
    "early stopping": ((30, 100, 5), {"early_stopping": True, "validation_fraction": 0.3}, 30),
    "table": ((3000, 5), {}, 3000),
    "steps": ((3000, 5), {"rows": "steps", "k1": 50, "batch_size": 8}, 3000),
    "steps of series": ((3000, 5), {"rows": "steps", "k1": 50, "sequence_id": 0}, 3000),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", FORMS)
def test_training_on_a_file_gives_the_same_model(form, tmp_path, assert_same_weights, monkeypatch):
    monkeypatch.setattr(storage, "PAGE", 4096)
    monkeypatch.setattr(storage, "MANY", 2)
    shape, params, n = FORMS[form]
    X = np.random.RandomState(0).normal(size=shape).astype(np.float32)
    if "sequence_id" in params:
        X[:, 0] = np.random.RandomState(1).randint(4, size=len(X))
    y = np.arange(np.prod(n)).reshape(n) % 3
    X.tofile(tmp_path / "X")
    file = np.memmap(tmp_path / "X", np.float32, "r", shape=shape)
    a, b = (skrnn.GRUClassifier(4, max_iter=2, random_state=0, **params).fit(x, y) for x in (X, file))
    assert_same_weights(a, b)
    assert a.loss_curve_ == b.loss_curve_
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(file))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_found_before_training(file, bad):
    X = opened(file, "r+")
    X[2345, 3] = bad
    with pytest.raises(ValueError, match="row 2345, position 3"):
        skrnn.RNNRegressor(2, rows="steps").fit(X, np.zeros(3000))


TRAINING = """
import resource, sys, warnings
import numpy as np
import skrnn

warnings.simplefilter("ignore")
path, form = sys.argv[1:]
F, T = 1024, 64
n = 2**31 // (4 * F)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

base = peak()
X = np.memmap(path, np.float32, "r", shape=(n, F))
small = {"hidden_size": 4, "max_iter": 1, "random_state": 0, "batch_size": 32}
y = np.resize(np.arange(3, dtype=np.int8), n)
if form == "array":
    model = skrnn.GRUClassifier(**small, early_stopping=True)
    model.fit(X.reshape(-1, T, F), y[: n // T])
elif form == "chunks":
    model = skrnn.GRUClassifier(**small)
    for k in range(0, n // T, 1024):
        model.partial_fit(X.reshape(-1, T, F)[k : k + 1024], y[k : k + 1024], classes=range(3))
else:
    model = skrnn.GRURegressor(**small, rows="steps", k1=100).fit(X, y)
assert model.n_updates_ > 100
print(peak() - base)
"""


@needs_madvise
@pytest.mark.slow
@pytest.mark.parametrize("form", ["array", "chunks", "steps"])
def test_training_on_2_gb_takes_less_than_300_mb(form, tmp_path):
    """Above what the imports take; the size of a process counts the pages of the file that are mapped."""
    with (tmp_path / "X").open("wb") as file:
        file.truncate(2**31)  # without disk: what was never written is zero
    assert float(run_python(TRAINING, tmp_path / "X", form)) < 300
