"""What cannot fit in memory is refused before any work, with what to lower."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.preprocessing import StandardScaler
from support.data import walk_step_targets, walk_target, walks
from support.inside import network_of

import skrnn
from skrnn._estimators import memory as _memory
from skrnn.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

SMALL = {"hidden_size": 3, "max_iter": 2, "random_state": 0}


@pytest.fixture
def machine_of_a_gigabyte(monkeypatch):
    monkeypatch.setattr(_memory, "machine_memory", lambda: 1e9)


@pytest.fixture
def nothing_is_sure(monkeypatch):
    """So that small networks, too, are compared with what the machine has."""
    monkeypatch.setattr(_memory, "SURE", 0)


@pytest.mark.usefixtures("machine_of_a_gigabyte")
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_hidden_size_beyond_memory(cls, method):
    X = walks(T=4)
    model = cls(**{**SMALL, "hidden_size": 20000})
    options = {"classes": [False, True]} if is_classifier(cls()) and method == "partial_fit" else {}
    match = r"hidden_size=20000 means \d+ weights.*GB; there are 1 GB. Lower hidden_size\."
    with pytest.raises(MemoryError, match=match):
        getattr(model, method)(X, walk_target(cls, X), **options)
    assert not vars(model).keys() - model.get_params().keys()


ADVICE = {
    "hidden_size or batch_size or set k1 and k2": {},
    "hidden_size or batch_size or k1 and k2": {"k2": 8999},
    "hidden_size or batch_size": {"bidirectional": True},
    "hidden_size": {"solver": "lbfgs"},
}


@pytest.mark.usefixtures("machine_of_a_gigabyte")
@pytest.mark.parametrize("advice", ADVICE)
def test_a_window_beyond_memory(cls, advice):
    X = np.broadcast_to(np.zeros((1, 1, 1)), (200, 9000, 1))
    match = rf"window of \d+ time steps \(over all sequences of a batch\).*Lower {advice}\."
    with pytest.raises(MemoryError, match=match):
        cls(hidden_size=400, batch_size=200, **ADVICE[advice]).fit(X, np.arange(200) % 2)


@pytest.mark.usefixtures("nothing_is_sure")
@pytest.mark.filterwarnings("ignore:k1 makes no updates")
def test_what_fits_is_not_refused(cls, monkeypatch):
    """The estimate follows k1, k2 and batch_size: these need less than half a megabyte."""
    X, y = walks(n=12, T=300), np.arange(12) % 2
    monkeypatch.setattr(_memory, "machine_memory", lambda: 5e5)
    for settings in ({"k1": 5, "k2": 10}, {"batch_size": 1, "hidden_size": 2}, {"k1": 10**20, "k2": 5}):
        cls(**{**SMALL, **settings}).fit(X, y)
    monkeypatch.setattr(_memory, "machine_memory", lambda: 3e3)
    with pytest.raises(MemoryError, match="hidden_size"):
        cls(**SMALL, k1=5, k2=10).fit(X, y)
    with pytest.raises(MemoryError, match="hidden_size"):
        cls(**SMALL, batch_size=1, k1=10**20).fit(X, y)


def test_little_memory_is_not_asked_for(monkeypatch):
    """No machine has less than this process has taken already."""
    resource = pytest.importorskip("resource")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > _memory.SURE  # of macOS in bytes
    monkeypatch.setattr(_memory, "machine_memory", lambda: 0)
    skrnn.GRURegressor(5, max_iter=1, tol=None).fit(walks(), walks()[:, 0, 0])
    with pytest.raises(MemoryError, match="hidden_size=2000"):
        skrnn.GRURegressor(2000, max_iter=1, tol=None).fit(walks(), walks()[:, 0, 0])


@pytest.mark.parametrize(("solver", "vectors"), [("adam", 7), ("rmsprop", 5), ("sgd", 5), ("lbfgs", 3)])
def test_vectors_as_long_as_the_weights(solver, vectors):
    """Theta, gradient and theta before the step; what the solver remembers, and that before the step."""
    model = skrnn.GRURegressor(5, tol=1e9, n_iter_no_change=1).fit(walks(), walks()[:, 0, 0])
    network = network_of(model)
    expected = vectors * 8 * network.layout.size
    assert _memory.bytes_of_weights(network, SOLVERS[solver]) == expected


@pytest.mark.parametrize(("window", "rows"), [(None, 9 + 7), (5, 10), (8, 8 + 7), (10**20, 9 + 7)])
def test_rows_of_a_window(window, rows):
    assert _memory.rows_of_window(np.array([3, 9, 7, 2]), 2, window) == rows


def test_memory_of_this_machine(monkeypatch, tmp_path):
    assert _memory.machine_memory() > 1e8
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(_memory, "CGROUPS", [limit, tmp_path / "none"])
    without = _memory.machine_memory()
    limit.write_text("123456\n")
    assert _memory.machine_memory() == 123456
    limit.write_text("max\n")
    assert _memory.machine_memory() == without
    monkeypatch.setattr("os.sysconf", lambda name: -1, raising=False)
    assert _memory.machine_memory() == np.inf
    monkeypatch.delattr("os.sysconf", raising=False)
    assert _memory.machine_memory() == np.inf


def test_early_stopping_with_too_little_data(cls):
    X = walks(n=6)
    match = (
        r"validation set is too small: a score needs two targets or more, with weights above zero. "
        r"Held out: 1 of 6 sequence\(s\). Increase validation_fraction, pass X_val and y_val, or set"
    )
    with pytest.raises(ValueError, match=match):
        cls(**SMALL, early_stopping=True).fit(X, walk_target(cls, X))
    match = "early_stopping=True cannot hold out validation_fraction=0.99 of 6 sequences: .*Lower"
    with pytest.raises(ValueError, match=match):
        cls(**SMALL, early_stopping=True, validation_fraction=0.99).fit(X, walk_target(cls, X))


def test_validation_data_without_two_weighted_targets(cls):
    X = walks(n=6, T=5)
    y = walk_step_targets(cls, X)
    one = {"X_val": X[:1], "y_val": y[:1], "sample_weight_val": [[0, 0, 0, 0, 1.0]]}
    model = cls(**SMALL, early_stopping=True, return_sequences=True)
    with pytest.raises(
        ValueError, match=r"X_val is too small: .* targets or more, with weights above zero\. Pass more"
    ):
        model.fit(X, y, **one)
    model.fit(X, y, **{**one, "sample_weight_val": [[0, 0, 0, 1.0, 1.0]]})


def test_batch_size_larger_than_the_data(cls):
    X = walks(n=6)
    with pytest.warns(UserWarning, match="batch_size=7 is larger than the 6 sequences of X"):
        cls(**SMALL, batch_size=7).fit(X, walk_target(cls, X))
    weight = [1, 1, 1, 0, 1, 1]
    cls(**SMALL, batch_size=6).fit(X, walk_target(cls, X), weight)  # one is left out: no mistake
    X = walks(n=30)
    cls(**SMALL, batch_size=30, early_stopping=True).fit(X, walk_target(cls, X))  # so are those held out


def test_nothing_of_it_is_said_by_skrnn_twice():
    """One fit, one piece of advice about the axes, though reading them again for validation."""
    X = walks()
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        skrnn.GRURegressor(**SMALL, early_stopping=True).fit(
            X.transpose(0, 2, 1), X[:, -1, 0], X_val=X.transpose(0, 2, 1), y_val=X[:, -1, 0]
        )
    assert sum("middle axis" in str(w.message) for w in record) == 1


# --- errors of others, without text -----------------------------------------------------------------


class Wrong(list):
    """A list that asks for too much memory."""

    def __len__(self):
        return 2**62


def no_memory(*args, **kwargs):
    raise MemoryError


def without_memory_in_lapack(cls, X, y, monkeypatch):
    monkeypatch.setattr(np.linalg, "qr", no_memory)
    cls(2).fit(X, y)


def without_memory_in_answers(cls, X, y, monkeypatch):
    model = cls(**SMALL).fit(X, y)
    monkeypatch.setattr(type(model), "_read_like_fit", no_memory)
    model.predict(X)


@pytest.mark.parametrize("call", [without_memory_in_lapack, without_memory_in_answers])
def test_errors_without_text_get_one(cls, call, monkeypatch):
    X = walks(n=12, T=4)
    with pytest.raises(MemoryError, match=r"no memory left.*Lower hidden_size or batch_size"):
        call(cls, X, walk_target(cls, X), monkeypatch)


def test_the_text_of_others_stays():
    with pytest.raises(MemoryError, match="theirs"), _memory.with_text():
        raise MemoryError("theirs")


WRONG = {
    "encoder-decoder": lambda: skrnn.GRUEncoderDecoder(2).fit([Wrong("ab"), "c"], ["x", "y"]),
    "tokens": lambda: skrnn.preprocessing.TokenEncoder().fit(Wrong(["ab", "c"])),
    "tokens of an item": lambda: skrnn.preprocessing.TokenEncoder().fit([Wrong(["a"]), ["c"]]),
    "steps": lambda: skrnn.preprocessing.TimeDistributed(StandardScaler()).fit(Wrong([np.eye(2)])),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_length_that_is_wrong(name):
    with pytest.raises(MemoryError, match=r"len\(\) of an object"):
        WRONG[name]()


@pytest.mark.parametrize("n", [0, 2, 9])
def test_a_small_length_that_is_wrong_is_not_believed(n):
    """Lists are read by what is in them."""

    class Lying(list):
        def __len__(self):
            return n

    X = Lying(walks(n=4, T=4))
    right = skrnn.GRURegressor(**SMALL).fit(list(X), np.arange(4.0))
    np.testing.assert_array_equal(
        skrnn.GRURegressor(**SMALL).fit(X, np.arange(4.0)).predict(X), right.predict(list(X))
    )
    with pytest.raises(ValueError, match=f"y has {n}|y is empty"):
        skrnn.GRURegressor(**SMALL).fit(X, Lying([0.0, 1.0, 2.0, 3.0]))


def test_a_window_of_both_directions_takes_twice_as_much():
    X = walks(T=4)
    sizes = []
    for both in (False, True):
        model = skrnn.LSTMRegressor(bidirectional=both, **SMALL).fit(
            X, walk_target(skrnn.LSTMRegressor, X)
        )
        sizes.append(_memory.bytes_of_window(network_of(model), 10))
    assert sizes[1] == 2 * sizes[0] > 0


@pytest.mark.usefixtures("nothing_is_sure")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_rows_of_a_batch_or_of_a_block_of_the_whole_data(solver, monkeypatch):
    monkeypatch.setattr(_memory, "machine_memory", lambda: 1.0)
    n_rows = 3 * (7 if solver == "adam" else min(600, _memory.FULL_BATCH_BLOCK))
    with pytest.raises(MemoryError, match=rf"a window of {n_rows} time steps"):
        skrnn.GRURegressor(2, solver=solver, batch_size=7).fit(np.zeros((600, 3, 1)), np.arange(600))
