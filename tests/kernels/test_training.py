"""Whole batches and epochs in one compiled call, against the loop of NumPy."""

import signal
import threading

import numpy as np
import pytest

from skrnn import _kernels
from skrnn._engine import compiled
from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.compiled import CompiledEpochs, new_training
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import DivergenceError, Gradient, Learner, Weighting
from skrnn._engine.network import Network
from skrnn._engine.observers import Observer
from skrnn._engine.storage import Sequences
from skrnn._engine.tbptt import tbptt
from skrnn._engine.training import BatchByBatch, Epoch
from skrnn.cells import CELLS
from skrnn.losses import LOSSES, SquaredError
from skrnn.solvers import SOLVERS
from tests.support.reference import LOSS_VARIANTS, POOLING_VARIANTS, VARIANTS, make, targets

BUILDS = list(_kernels.builds)
pytestmark = pytest.mark.skipif(not BUILDS, reason="There are no compiled kernels.")

WITH_TWIN = [
    (name, options) for name, options in VARIANTS if options.get("activation") in (None, "tanh", "relu")
]
STEPPING = [name for name, solver in SOLVERS.items() if not solver.full_batch]
NUMBERS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "f2", ">f8"]
LEVELS = {"?": 2, "u1": 4, "u2": 4, "u4": 4, "u8": 4}


class Case:
    """A network, data and a way of training, drawn at random."""

    def __init__(self, seed, dtype=np.float64, dropout=False):
        rng = self.rng = np.random.RandomState(seed)
        cell, options = WITH_TWIN[rng.randint(len(WITH_TWIN))]
        self.F, self.K, self.n = rng.randint(1, 6), rng.randint(1, 5), rng.randint(1, 12)
        self.variant = LOSS_VARIANTS[rng.randint(len(LOSS_VARIANTS))]
        sizes = rng.randint(1, 20, size=rng.randint(1, 4))
        self.loss = make(self.variant, self.K)
        self.n_tokens = rng.randint(1, 9) if rng.randint(4) == 0 else None
        self.net = Network(
            CELLS[cell], self.F, sizes.tolist(), self.K, dtype=dtype, cell_options=options,
            pooling=POOLING_VARIANTS[rng.randint(len(POOLING_VARIANTS))], n_threads=rng.randint(1, 4),
            bidirectional=rng.randint(4) == 0, n_tokens=self.n_tokens,
            dropout=dropout and float(rng.choice([0, 0.4])),
        )  # fmt: skip
        self.theta = self.net.initial_weights(rng)
        self.theta += rng.normal(scale=0.1, size=self.theta.size).astype(dtype)
        self.per_step = bool(rng.randint(2))
        self.data = self.new_data()
        lengths = [None] if self.net.bidirectional else [None, 1, 2, 3, 5, 100]
        self.k1, self.k2 = (rng.choice(lengths) for _ in range(2))
        self.batch_size = rng.randint(1, self.n + 1)

    def sequences(self, values_of, lengths, n_features):
        """In dense or flat storage, of any type of numbers and in any order."""
        rng, total = self.rng, int(sum(lengths))
        kind = NUMBERS[rng.randint(len(NUMBERS))] if values_of is None else "f8"
        if values_of is None:

            def values_of(n):
                values = rng.normal(size=(n, n_features)) * 2
                return (np.abs(values) % LEVELS[kind] if kind in LEVELS else values).astype(kind)

        if rng.randint(2) and len(set(lengths)) == 1:
            values = values_of(total).reshape(len(lengths), -1, n_features)
            if rng.randint(2):
                values = np.asfortranarray(values)
            return Sequences(values)
        values, columns, order = values_of(total), None, None
        if rng.randint(2):
            columns = rng.permutation(n_features + 2)[:n_features]
            wide = np.zeros((total, n_features + 2), dtype=values.dtype)
            wide[:, columns] = values
            values = wide
        if rng.randint(2):
            order = rng.permutation(total)
        return Sequences(values, lengths, order=order, columns=columns)

    def tokens(self, lengths):
        values = self.rng.randint(self.n_tokens, size=(int(sum(lengths)), 1))
        return Sequences(values.astype(self.rng.choice(["i4", "i8", "f8", "f2"])), lengths, dtype=np.intp)

    def states(self, n):
        return [
            tuple(self.rng.normal(size=(n, H)).astype(self.net.dtype) for _ in range(cell.n_states))
            for cell, H in zip(self.net.cells, self.net.hidden_sizes, strict=True)
        ]

    def new_data(self):
        rng, n = self.rng, self.n
        T = rng.randint(1, 9)
        lengths = np.full(n, T) if rng.randint(2) else rng.randint(1, T + 1, size=n)
        name = self.variant.partition("-")[0]
        delay = int(rng.randint(3)) if self.per_step and rng.randint(2) else 0
        options = {"delay": delay, "replication": 0.0 if self.per_step else float(rng.choice([0, 0.3]))}
        weight = rng.choice([0.5, 1.0, 2.0], size=n) if rng.randint(2) else None
        X = self.tokens(lengths) if self.n_tokens else self.sequences(None, lengths, self.F)
        if not self.net.bidirectional and rng.randint(3) == 0:
            options["start"] = self.states(n)
        if not self.per_step:
            inner = rng.uniform(0.5, 2, size=n) if rng.randint(2) else None
            return Dataset(X, targets(name, n, self.K, rng), weight, class_weight=inner, **options)
        columns = targets(name, 1, self.K, rng).shape[1]
        y = self.sequences(lambda total: targets(name, total, self.K, rng), lengths, columns)
        inner = None
        if rng.randint(2):
            inner = self.sequences(lambda total: rng.choice([0, 1.0, 3.0], size=(total, 1)), lengths, 1)
            values = np.array(inner.flat())
            values[np.cumsum(lengths) - 1] = 1  # no sequence without weight
            inner = Sequences(values, lengths)
        data = Dataset(X, y, weight, step_weight=inner, **options)
        return data.pieces(2, 2) if rng.randint(3) == 0 and not delay else data

    def gradient(self, **options):
        return Gradient(self.net, self.theta.copy(), FAST, **options)

    def learner(self, solver, **options):
        theta = self.theta.copy()
        cls = SOLVERS[solver]
        # division by next to nothing would enlarge what is rounded otherwise
        solver = cls(theta, 0.003, **({"epsilon": 0.1} if cls.divides else {}))
        return Learner(self.net, theta, FAST, solver, **options)

    def epoch(self, rows):
        return Epoch(self.data, self.net.dtype, rows, self.batch_size)


def close(actual, expected, rtol):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * max(scale, 1e-30))


def check_gradient(seed, dtype, rtol, build=None):
    case = Case(seed, dtype)
    rows = case.rng.permutation(len(case.data))[: case.rng.randint(1, len(case.data) + 1)]
    expected, got = case.gradient(), case.gradient()
    tbptt(case.net, case.loss, case.data.batch(rows, case.net.dtype), expected, case.k1, case.k2)
    with _kernels.using(build):
        loss = new_training(case.net, case.loss, case.data, got).gather(rows, case.k1, case.k2)
    close(loss, expected.loss, rtol)
    close(got.g, expected.g, rtol)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("seed", range(60))
def test_the_gradient_of_a_batch_is_that_of_tbptt(seed, build):
    check_gradient(seed, np.float64, 1e-11, build)


@pytest.mark.parametrize("seed", range(60, 80))
def test_the_gradient_of_a_batch_is_that_of_tbptt_in_single_precision(seed):
    check_gradient(seed, np.float32, 2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(0, 10_000, 250))
def test_gradients_of_many_batches(seed):
    for k in range(250):
        check_gradient(10_000 + seed + k, np.float64, 1e-10)


def outcome(learner, one_pass, case, rows):
    """What an epoch ends with: None, or what is no longer finite."""
    learner.start_epoch()
    try:
        one_pass(case.epoch(rows), case.k1, case.k2)
    except DivergenceError as error:
        return error.what
    return None


def compare_ends(got, expected):
    """The rows and states after the batches of an epoch, which come in one piece or in several."""
    assert len(got) == 1
    rows = np.concatenate([rows for rows, _ in expected])
    assert sorted(rows) == sorted(got[0][0])
    for k, layer in enumerate(got[0][1]):
        for s, state in enumerate(layer):
            others = np.concatenate([layers[k][s] for _, layers in expected])
            np.testing.assert_allclose(
                state[np.argsort(got[0][0])], others[np.argsort(rows)], rtol=1e-5, atol=1e-8
            )
    got.clear()
    expected.clear()


@np.errstate(all="ignore")
def check_updates(seed):
    case = Case(seed, dropout=True)
    rng = case.rng
    how = {
        "solver": STEPPING[rng.randint(len(STEPPING))],
        "alpha": float(rng.choice([0, 0.1])),
        "clip_norm": rng.choice([None, 0.0871, 0.917]),
        "clip_value": rng.choice([None, 0.0437, 0.513]),
        "weighting": Weighting(3.0, 0.7, 2) if rng.randint(2) else None,
    }
    with_ends = not case.net.bidirectional and rng.randint(2)
    learners = [
        case.learner(**how, random_state=np.random.RandomState(seed), ends=[] if with_ends else None)
        for _ in range(2)
    ]
    reference = BatchByBatch(case.loss, learners[0], [])
    twin = CompiledEpochs.new(case.loss, case.data, learners[1], [])
    for _ in range(2):
        rows = rng.permutation(len(case.data))
        outcomes = [
            outcome(learner, one_pass, case, rows)
            for learner, one_pass in zip(learners, (reference, twin), strict=True)
        ]
        assert outcomes[0] == outcomes[1]
        if outcomes[0]:
            return
        expected, got = learners
        np.testing.assert_allclose(got.theta, expected.theta, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(got.solver.memory, expected.solver.memory, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(got.means(), expected.means(), rtol=1e-6)
        np.testing.assert_allclose(got.norms, expected.norms, rtol=1e-5, atol=1e-9)
        assert (got.n_updates, got.n_clipped, got.solver.t) == (
            expected.n_updates, expected.n_clipped, expected.solver.t,
        )  # fmt: skip
        before, expected_before = got.memories()[0], expected.memories()[0]
        assert before[2] == expected_before[2]
        for array, other in zip(before[:2], expected_before[:2], strict=True):
            np.testing.assert_allclose(array, other, rtol=1e-5, atol=1e-6)
        assert not got.g.any()
        if with_ends:
            compare_ends(got.ends, expected.ends)


@pytest.mark.parametrize("seed", range(100, 160))
def test_the_updates_of_epochs_are_those_of_the_learner(seed):
    check_updates(seed)


def of_tokens(solver, dtype, width, n_tokens=40, n=14, **options):
    """Data of tokens, of which each batch reads few; the network; and what makes a learner of it."""
    rng = np.random.RandomState(width)
    lengths = rng.randint(1, 6, size=n)
    X = Sequences(rng.randint(n_tokens - 3, size=(lengths.sum(), 1)), lengths, dtype=np.intp)
    data = Dataset(X, rng.normal(size=(n, 2)), rng.choice([0.5, 3.0], size=n))
    net = Network(
        CELLS["gru"], width, (5,), 2, dtype=dtype, n_tokens=n_tokens, dropout=options.pop("dropout", 0.0)
    )
    theta, parameters = net.initial_weights(rng), options.pop("parameters", {})

    def learner():
        own, drawn = theta.copy(), np.random.RandomState(0)
        return Learner(
            net, own, FAST, SOLVERS[solver](own, 0.05, **parameters), random_state=drawn, **options
        )

    return data, net, learner


def trained(monkeypatch, late_from, solver, dtype, width, *, k=(None, None), watch=(), **options):
    """All that three epochs change, bit for bit, and the learner."""
    monkeypatch.setattr(_kernels, "LATE_FROM", late_from)
    data, net, make_learner = of_tokens(solver, dtype, width, **options)
    learner = make_learner()
    twin = CompiledEpochs.new(SquaredError(), data, learner, list(watch))
    for epoch in range(3):
        rows = np.random.RandomState(epoch).permutation(len(data))
        try:
            twin(Epoch(data, net.dtype, rows, 3), *k)
        except KeyboardInterrupt:
            break
    before, norms = learner.memories()
    bits = [a.tobytes() for a in (learner.theta, learner.solver.memory, learner.g, *before[:2])]
    return [*bits, before[2], learner.solver.t, list(norms), learner.means()], learner


OF_UPDATES = [
    {}, {"k": (2, 4)}, {"clip_norm": 0.05}, {"clip_value": 0.001}, {"weighting": Weighting(3.0, 0.7, 2)},
    {"dropout": 0.4}, {"alpha": 0.1},
]  # fmt: skip


@pytest.mark.parametrize("options", OF_UPDATES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", STEPPING)
def test_updates_of_rows_that_are_put_off_are_the_same_bits(monkeypatch, solver, dtype, options):
    """Of any width, whether a row fills registers or not; and close to those of NumPy."""
    for width in (1, 3, 16, 33):
        late, learner = trained(monkeypatch, 0, solver, dtype, width, **options)
        whole, _ = trained(monkeypatch, 1 << 60, solver, dtype, width, **options)
        assert late == whole
        if dtype is np.float32:  # small numbers go their own ways
            continue
        k = options.get("k", (None, None))
        how = {name: value for name, value in options.items() if name != "k"}
        data, net, make_learner = of_tokens(solver, dtype, width, **how)
        reference = make_learner()
        for epoch in range(3):
            rows = np.random.RandomState(epoch).permutation(len(data))
            BatchByBatch(SquaredError(), reference, [])(Epoch(data, net.dtype, rows, 3), *k)
        np.testing.assert_allclose(learner.theta, reference.theta, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("momentum", [{"momentum": 0.0}, {"nesterovs_momentum": False}])
def test_updates_that_are_put_off_of_other_kinds_of_momentum(monkeypatch, momentum):
    runs = [
        trained(monkeypatch, late_from, "sgd", np.float64, 4, parameters=momentum)[0]
        for late_from in (0, 1 << 60)
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("n_batches", [1, 4, 7])
@pytest.mark.parametrize("solver", STEPPING)
def test_an_interruption_leaves_no_update_put_off(monkeypatch, solver, n_batches):
    """Also what ``undo`` goes back to."""
    runs = [
        trained(monkeypatch, late_from, solver, np.float64, 3, watch=[Counts(n_batches)])
        for late_from in (0, 1 << 60)
    ]
    assert runs[0][0] == runs[1][0]
    for _, learner in runs:
        assert learner.solver.t == n_batches
        learner.undo()
    assert runs[0][1].theta.tobytes() == runs[1][1].theta.tobytes()


def test_rows_that_are_never_read_stay_as_they_are(monkeypatch):
    _, learner = trained(monkeypatch, 0, "adam", np.float64, 4)
    make_learner = of_tokens("adam", np.float64, 4)[2]
    start, after = make_learner().views.table, learner.views.table
    assert (after[-3:] == start[-3:]).all()
    assert (after[:-3] != start[:-3]).any(axis=1).sum() > 20


def test_a_table_elsewhere_than_in_theta_cannot_be_put_off():
    data, net, make_learner = of_tokens("sgd", np.float64, 4)
    learner = make_learner()
    training = new_training(net, SquaredError(), data, learner)
    (theta, memory, _), _ = learner.memories()
    with pytest.raises(ValueError, match="no part of theta"):
        training.teach(
            (learner.theta.copy(), learner.g, learner.solver.memory, theta, memory),
            _kernels._binding.SOLVERS["sgd"], matrices=0,
            alpha=0.0, clip_norm=None, clip_value=None, weighting=None, late=True,
        )  # fmt: skip


@pytest.mark.parametrize("solver", STEPPING)
def test_steps_of_unequal_weights_count_as_in_the_learner(solver):
    rng = np.random.RandomState(0)
    X, y = (Sequences(rng.normal(size=(6, 8, width))) for width in (3, 2))
    data = Dataset(X, y, step_weight=Sequences(rng.choice([1.0, 20.0], size=(6, 8, 1))))
    net = Network(CELLS["gru"], 3, (5,), 2, dtype=np.float64)
    start, loss, after = net.initial_weights(rng), SquaredError(), []
    for way in (CompiledEpochs.new, lambda loss, _, learner, watch: BatchByBatch(loss, learner, watch)):
        theta = start.copy()
        how = {"clip_norm": 0.5, "weighting": data.weighting(2, 2)}
        learner = Learner(net, theta, FAST, SOLVERS[solver](theta, 0.01), **how)
        way(loss, data, learner, [])(Epoch(data, net.dtype, np.arange(6), 2), 2, None)
        after.append(theta)
    assert not np.allclose(after[0], start, atol=1e-3)
    np.testing.assert_allclose(*after, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(0, 2_000, 100))
def test_updates_of_many_epochs(seed):
    for k in range(100):
        check_updates(50_000 + seed + k)


@pytest.mark.parametrize("seed", range(4))
def test_no_bit_depends_on_threads_or_on_where_the_data_lie(seed):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(20, 40, 6)).astype(np.float32), rng.normal(size=(20, 2))
    flat = X.reshape(-1, 6)
    order = rng.permutation(len(flat))
    lain = np.empty_like(flat)
    lain[order] = flat
    stored = [
        Sequences(X), Sequences(np.asfortranarray(X)), Sequences(X.astype(np.float64)),
        Sequences(X.astype(">f4")), Sequences(flat, [40] * 20), Sequences(lain, [40] * 20, order=order),
        Sequences(flat[:, ::-1], [40] * 20, columns=np.arange(6)[::-1]),
    ]  # fmt: skip
    results = []
    for threads in (1, 2, 3):
        net = Network(CELLS["lstm"], 6, (70, 40), 2, dtype=np.float32, pooling="mean", n_threads=threads)
        theta = net.initial_weights(np.random.RandomState(0))
        for sequences in stored[: None if threads == 1 else 1]:
            learner = Learner(net, theta.copy(), FAST, SOLVERS["adam"](theta, 0.01), clip_norm=1.0)
            data = Dataset(sequences, y)
            twin = CompiledEpochs.new(SquaredError(), data, learner, [])
            twin(Epoch(data, net.dtype, np.arange(20), 8), 15, 25)
            results.append(learner.theta)
    for theta in results[1:]:
        np.testing.assert_array_equal(theta, results[0])


# --- what stays as it was ------------------------------------------------------------------------------


def small(loss="squared_error", *, K=2, y=None, dtype=np.float64, n=9, **options):
    """A compiled way through nine sequences, and its learner."""
    rng = np.random.RandomState(0)
    net = Network(CELLS["gru"], 3, (5,), K, dtype=dtype)
    theta = net.initial_weights(rng)
    learner = Learner(net, theta, FAST, SOLVERS["adam"](theta, 0.1), **options)
    data = Dataset(Sequences(rng.normal(size=(n, 4, 3))), targets(loss, n, K, rng) if y is None else y)
    return data, learner, LOSSES[loss]()


class Counts(Observer):
    """Remembers what it was told; after ``most`` times it raises."""

    def __init__(self, most=np.inf, error=KeyboardInterrupt):
        self.n, self.most, self.error = [], most, error

    def progress(self, n):
        self.n.append(n)
        if len(self.n) >= self.most:
            raise self.error


def test_progress_is_told_after_every_batch():
    data, learner, loss = small()
    watch, other = Counts(), Observer()
    CompiledEpochs.new(loss, data, learner, [other, watch])(
        Epoch(data, np.float64, np.arange(9), 4), None, None
    )
    assert watch.n == [4, 4, 1]
    assert CompiledEpochs.new(loss, data, learner, [other]).progress is None


def test_an_interruption_leaves_the_weights_of_the_last_whole_update():
    data, learner, loss = small()
    watch = Counts(2)
    twin = CompiledEpochs.new(loss, data, learner, [watch])
    with pytest.raises(KeyboardInterrupt):
        twin(Epoch(data, np.float64, np.arange(9), 2), None, None)
    learner.abandon(KeyboardInterrupt())
    assert learner.n_updates == learner.solver.t == 2
    other_data, other, _ = small()
    BatchByBatch(loss, other, [])(Epoch(other_data, np.float64, np.arange(4), 2), None, None)
    np.testing.assert_allclose(learner.theta, other.theta, rtol=1e-9)


def interrupted(call):
    """Call it, and interrupt it after 0.2 seconds."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="There are no such timers.")
def test_a_long_series_can_be_interrupted():
    rng = np.random.RandomState(0)
    net = Network(CELLS["lstm"], 3, (30,), 1, dtype=np.float64)
    theta = net.initial_weights(rng)
    X, y = (Sequences(rng.normal(size=(200_000, width)), [200_000]) for width in (3, 1))
    learner = Learner(net, theta, FAST, SOLVERS["adam"](theta, 0.001))
    data = Dataset(X, y)
    twin = CompiledEpochs.new(SquaredError(), data, learner, [])
    with pytest.raises(KeyboardInterrupt):
        interrupted(lambda: twin(Epoch(data, net.dtype, np.arange(1), 1), 5, 5))
    assert 0 < learner.n_updates == learner.solver.t < 40_000
    assert np.isfinite(theta).all()
    assert not learner.g.any()


@pytest.mark.parametrize(("bad", "what"), [(np.nan, "loss"), (np.inf, "loss"), (1.843e19, "gradient")])
def test_what_is_not_finite_ends_the_epoch_before_the_update(bad, what):
    # 1.843e19: the loss is a number in single precision, the square of the gradient is none
    y = np.random.RandomState(1).normal(size=(9, 1))
    y[4:6] = bad
    after = []
    for way in (CompiledEpochs.new, lambda loss, _, learner, watch: BatchByBatch(loss, learner, watch)):
        data, learner, loss = small(K=1, y=y, dtype=np.float32)
        with pytest.raises(DivergenceError) as caught, np.errstate(all="ignore"):
            way(loss, data, learner, [])(Epoch(data, np.float32, np.arange(9), 2), None, None)
        learner.abandon(caught.value)
        assert (caught.value.what, caught.value.at_start) == (what, False)
        assert len(caught.value.norms) == 2
        assert learner.n_updates == learner.solver.t == 1  # the second has been taken back
        after.append(learner.theta)
    np.testing.assert_allclose(*after, rtol=1e-4)
    data, learner, loss = small(
        K=1, y=y[::-1] if what == "loss" else np.full((9, 1), bad), dtype=np.float32
    )
    with pytest.raises(DivergenceError) as caught:
        CompiledEpochs.new(loss, data, learner, [])(
            Epoch(data, np.float32, np.arange(3, 6), 2), None, None
        )
    assert caught.value.at_start
    assert learner.n_updates == 0


def test_labels_that_are_none_are_an_error():
    for label in (-1, 3, np.nan, 1e300):
        data, learner, loss = small("multinomial_log_loss", K=3, y=np.full((9, 1), float(label)))
        with pytest.raises(ValueError, match="number of a class"):
            CompiledEpochs.new(loss, data, learner, [])(
                Epoch(data, np.float64, np.arange(9), 4), None, None
            )


def test_a_number_that_is_no_token_is_an_error():
    rng = np.random.RandomState(0)
    net = Network(CELLS["gru"], 3, (5,), 2, dtype=np.float64, n_tokens=4)
    theta = net.initial_weights(rng)
    X = Sequences(np.array([[0], [1], [4], [-1]]), [2, 2], dtype=np.intp)
    training = new_training(net, SquaredError(), Dataset(X, np.zeros((2, 2))), Gradient(net, theta, FAST))
    training.gather([0])
    with pytest.raises(ValueError, match="no token"):
        training.gather([1])


def test_both_directions_take_no_windows():
    rng = np.random.RandomState(0)
    net = Network(CELLS["gru"], 3, (5,), 2, dtype=np.float64, bidirectional=True)
    data = Dataset(Sequences(rng.normal(size=(4, 5, 3))), np.zeros((4, 2)))
    training = new_training(net, SquaredError(), data, Gradient(net, net.initial_weights(rng), FAST))
    for windows in ((2, None), (None, 2)):
        with pytest.raises(ValueError, match="whole sequences"):
            training.gather(np.arange(4), *windows)
    with pytest.raises(ValueError, match="reverse"):
        training.keep_ends()


def test_an_error_of_python_in_the_middle_comes_out():
    data, learner, loss = small()
    data.X.values = data.X.values.astype("f2")
    twin = CompiledEpochs.new(loss, data, learner, [])

    def take_window(*_):
        raise OSError("the disk is gone")

    data.X.take_window = take_window
    with pytest.raises(OSError, match="the disk is gone"):
        twin(Epoch(data, np.float64, np.arange(9), 4), None, None)


def test_what_does_not_fit_has_no_twin():
    data, learner, loss = small()
    assert CompiledEpochs.new(loss, data, learner, [])

    class Own(SquaredError):
        pass

    class OwnLearner(Learner):
        pass

    class OwnSolver(SOLVERS["sgd"]):
        def step(self, theta, g):
            super().step(theta, g)

    theta = learner.theta
    assert CompiledEpochs.new(Own(), data, learner, []) is None
    assert (
        CompiledEpochs.new(loss, data, OwnLearner(learner.network, theta, FAST, learner.solver), [])
        is None
    )
    assert (
        CompiledEpochs.new(loss, data, Learner(learner.network, theta, EXACT, learner.solver), []) is None
    )
    assert (
        CompiledEpochs.new(loss, data, Learner(learner.network, theta, FAST, OwnSolver(theta, 1)), [])
        is None
    )
    dropped = Learner(learner.network, theta, FAST, learner.solver, weight_dropout=0.5)
    assert CompiledEpochs.new(loss, data, dropped, []) is None
    assert not compiled.fits(learner.network, object(), learner)
    with _kernels.using("numpy"):
        assert CompiledEpochs.new(loss, data, learner, []) is None


# --- what the binding is handed ------------------------------------------------------------------------


def arguments():
    data, learner, _ = small()
    views, gradients = learner.views, learner.gradient_views
    weights, slopes = ([[[list(v.layers[0][0])]], v.W, v.b, None] for v in (views, gradients))
    binding = _kernels._binding
    return {
        "build": _kernels.builds[BUILDS[0]], "cells": [binding.CELLS["gru"]],
        "weights": weights, "gradients": slopes, "poolings": [binding.POOLINGS["last"]],
        "loss": (binding.LOSSES["squared_error"], ()), "data": data, "n_threads": 1,
    }  # fmt: skip


def changed(sequences, **changes):
    for name, value in changes.items():
        setattr(sequences, name, value)


def spoiled(given, spoil):
    layer = given["weights"][0][0][0]
    layer[0] = spoil(layer[0])


HOSTILE = {
    "no build": lambda a: a.update(build=None),
    "no cells": lambda a: a.update(cells=[]),
    "no such cell": lambda a: a.update(cells=[99]),
    "no such pooling": lambda a: a.update(poolings=[99]),
    "no pooling": lambda a: a.update(poolings=[]),
    "too many poolings": lambda a: a.update(poolings=[0] * 9),
    "no such loss": lambda a: a.update(loss=(99, ())),
    "options": lambda a: a.update(loss=(a["loss"][0], (1.0,))),
    "another layer": lambda a: a.update(cells=a["cells"] * 2),
    "gradients of other shapes": lambda a: a["gradients"].__setitem__(1, np.zeros((5, 1))),
    "a weight is missing": lambda a: a["weights"][0][0][0].__setitem__(1, None),
    "no table": lambda a: a["weights"].pop(),
    "a table without gradient": lambda a: a["weights"].__setitem__(3, np.zeros((4, 3))),
    "another table": lambda a: [a[w].__setitem__(3, np.zeros((4, 2))) for w in ("weights", "gradients")],
    "one direction more": lambda a: a["gradients"][0][0].append(a["gradients"][0][0][0]),
    "three directions": lambda a: [w[0][0].extend(w[0][0] * 2) for w in (a["weights"], a["gradients"])],
    "states": lambda a: changed(a["data"], start=[(np.zeros((9, 4)),)]),
    "states of two layers": lambda a: changed(a["data"], start=[(np.zeros((9, 5)),)] * 2),
    "states of an LSTM": lambda a: changed(a["data"], start=[(np.zeros((9, 5)),) * 2]),
    "weights of another type": lambda a: spoiled(a, lambda W: W.astype("f4")),
    "not contiguous": lambda a: spoiled(a, np.asfortranarray),
    "starts": lambda a: changed(a["data"].X, starts=np.full(9, 1)),
    "negative starts": lambda a: changed(a["data"].X, starts=np.full(9, -1)),
    "too few starts": lambda a: changed(a["data"].X, starts=np.zeros(8, dtype=int)),
    "lengths": lambda a: changed(a["data"].X, lengths=np.full(9, 5)),
    "blocks": lambda a: changed(a["data"].X, block=np.arange(1, 10)),
    "columns": lambda a: changed(a["data"].X, columns=np.array([0, 1, 3])),
    "features": lambda a: changed(a["data"].X, n_features=2),
    "flat": lambda a: changed(a["data"].X, values=np.zeros((9, 12))),
    "an empty sequence": lambda a: changed(a["data"], lengths=np.zeros(9, dtype=int)),
    "not rectangular": lambda a: changed(a["data"], lengths=np.arange(1, 10)),
    "delay": lambda a: changed(a["data"], delay=-1),
    "y": lambda a: changed(a["data"], y=np.zeros((9, 3))),
    "too few y": lambda a: changed(a["data"], y=np.zeros((8, 2))),
    "weight": lambda a: changed(a["data"], weight=np.ones(3)),
    "inner weight": lambda a: changed(a["data"], inner_weight=np.ones(10)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_does_not_belong_together_is_refused(name):
    given = arguments()
    _kernels._binding.Training(*given.values())
    HOSTILE[name](given)
    with pytest.raises((ValueError, TypeError, IndexError)):
        _kernels._binding.Training(*given.values())


def test_rows_that_are_none_and_updates_that_nobody_taught_are_refused():
    data, learner, loss = small()
    training = new_training(learner.network, loss, data, learner)
    with pytest.raises(ValueError, match="teach"):
        training.epoch(np.arange(9), 4, None, None, (), 0)
    options = _kernels.teach_training(training, learner)(learner.solver)
    for bad in ([9], [-1], [0, 2**62]):
        with pytest.raises(ValueError, match="rows"):
            training.epoch(np.array(bad), 4, None, None, options, 0)
    for how in ((0, None, None), (4, -1, None), (4, None, -2)):
        with pytest.raises(ValueError, match="negative"):
            training.epoch(np.arange(9), *how, options, 0)
    with pytest.raises(ValueError, match="options"):
        training.epoch(np.arange(9), 4, None, None, options[:1], 0)
    assert training.epoch(np.arange(9), 4, 2**80, 2**80, options, 0) == 0
    assert training.epoch(np.arange(0), 4, None, None, options, 0) == 0


@pytest.mark.parametrize(("lengths", "k1"), [([7] * 9, None), ([3, 9, 1, 4, 9, 2, 8, 5, 6], 2)])
def test_after_the_first_epoch_no_memory_is_asked_for(lengths, k1):
    rng = np.random.RandomState(0)
    net = Network(CELLS["lstm"], 3, (40, 20), 2, dtype=np.float32, pooling="last_max")
    theta = net.initial_weights(rng)
    data = Dataset(Sequences(rng.normal(size=(sum(lengths), 3)), lengths), rng.normal(size=(9, 2)))
    learner = Learner(net, theta, FAST, SOLVERS["adam"](theta, 0.1))
    training = new_training(net, SquaredError(), data, learner)
    options = _kernels.teach_training(training, learner)(learner.solver)
    asked = []
    for _ in range(4):
        training.epoch(np.arange(9), 4, k1, None, options, 0)
        asked.append(training.n_blocks_asked)
    assert asked[0] > 0
    assert asked[1:] == [asked[1]] * 3  # at the second, what lay in pieces is put into one


def test_other_threads_run_meanwhile():
    rng = np.random.RandomState(0)
    net = Network(CELLS["lstm"], 20, (200,), 1, dtype=np.float64)
    data = Dataset(Sequences(rng.normal(size=(30, 60, 20))), rng.normal(size=(30, 1)))
    theta = net.initial_weights(rng)
    training = new_training(net, SquaredError(), data, Gradient(net, theta, FAST))
    counted, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    training.gather(np.arange(30))
    during = counted[0] - before
    done.set()
    thread.join()
    assert during > 0
