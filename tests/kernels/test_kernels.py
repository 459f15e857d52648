"""The compiled kernels: they agree with NumPy, their bits depend on nothing, bad input does not get in.

The reference is what the engine and ``solvers.py`` do without kernels. Tests run for every cell of
``_binding.CELLS`` and every build that this processor can run, so that a new cell and a new level of
vector instructions are tested at once.

Shapes as in ``_engine/packing.py``: T steps, N rows, B sequences, D inputs, H units.
"""

import contextlib
import copy
import functools
import json
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from support.processes import FORKS, in_a_child

import skrnn
from skrnn import _kernels, cells, solvers
from skrnn._engine.arithmetic import EXACT, FAST, gradient_sigmas
from skrnn._engine.packing import Steps, Window
from skrnn._engine.recurrence import Layer, LayerTape, Recurrence, layer_gradient, unroll, unroll_backward

if not _kernels.builds:
    pytest.skip("The kernels are not compiled.", allow_module_level=True)
_binding = _kernels._binding
# each of them is compiled code of its own
pytestmark = pytest.mark.every_combination("build", "dtype", "cell")

set_hypothesis_home_dir(os.devnull)  # no folder .hypothesis beside the code

BUILDS = list(_kernels.builds)
CELLS = list(_binding.CELLS)
each_build = pytest.mark.parametrize("build", BUILDS)
each_cell = pytest.mark.parametrize("cell", CELLS)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])

# what the twins of the solvers take: rates and so on
OPTIONS = {
    solvers.SGD: (0.1, 0.9, True),
    solvers.Adam: (0.1, 0.9, 0.99, 1e-8),
    solvers.RMSprop: (0.1, 0.9, 1e-8),
}


def make_cell(name, H, dtype):
    """The NumPy cell of a name in ``_binding.CELLS``."""
    kind, _, activation = name.partition("_")
    return cells.CELLS[kind](H, np.dtype(dtype), *([activation] if activation else []))


# --- one layer over one window, and all that can be asked of it ---------------------------------------


def laid_out(values, layout):
    """The same numbers in another place: NaN all around them where there is room."""
    values = np.asarray(values)
    if layout == "plain":
        return values.copy()
    if layout == "fortran":
        return np.asfortranarray(values)
    shape = list(values.shape)
    if layout == "offset":  # aligned to its own size, and to nothing more
        out = np.full(values.size + 1, np.nan, dtype=values.dtype)[1:].reshape(shape)
    elif layout == "columns":
        out = np.full((shape[0], shape[1] + 5), np.nan, dtype=values.dtype)[:, 2:-3]
    elif layout == "every other row":
        out = np.full((2 * shape[0] + 1, shape[1]), np.nan, dtype=values.dtype)[1::2]
    elif layout == "every other column":
        out = np.full((shape[0], 2 * shape[1]), np.nan, dtype=values.dtype)[:, ::2]
    elif layout == "columns reversed":
        out = np.empty(shape, dtype=values.dtype)[:, ::-1]
    out[...] = values
    return out


ROWS_TOGETHER = ["plain", "offset", "columns", "every other row"]
LAYOUTS = [*ROWS_TOGETHER, "fortran", "every other column", "columns reversed"]


class Case:
    """Weights, a window and gradients of what comes out of it, drawn from ``seed``.

    ``kinds`` says which gradients there are: of the outputs, of h, of c. That of the outputs is given
    for the steps from ``first`` on.
    """

    def __init__(
        self, cell, dtype, n, B, D=5, H=7, *, seed=0, reverse=False, keep=None, first=0, need_dX=True,
        kinds=(True, True, True), layouts=("plain", "plain", "plain"),
    ):  # fmt: skip
        rng = np.random.RandomState(seed)
        self.name, self.dtype = cell, np.dtype(dtype)
        self.reverse, self.keep, self.first, self.need_dX = reverse, keep, first, need_dX
        self.steps = Steps(n, B)
        self.cell = make_cell(cell, H, dtype)
        G = self.cell.n_gates * H
        shapes = [(D, G), (H, G), (G,), (G,)]
        scale = (0.3 if cell == "rnn_relu" else 1.0) / math.sqrt(D + H)

        def draw(shape, layout):
            return laid_out(rng.normal(size=shape).astype(dtype), layout)

        self.layer = Layer(*(scale * draw(s, "plain") for s in shapes))
        if cell == "rnn_relu" and dtype == np.float32:
            # rounding must not decide who is above 0: biases that the sums cannot reach
            self.layer.b_x[:] = rng.choice([-3, 3], size=G)
        self.layer = Layer(*(laid_out(W, "offset") for W in self.layer))
        self.X = draw((self.steps.N, D), layouts[0])
        self.state = tuple(0.5 * draw((B, H), layouts[1]) for _ in range(self.cell.n_states))
        self.state = tuple(laid_out(s, layouts[1]) for s in self.state)
        rows = self.steps.N - self.steps.offsets[first]
        self.dH = draw((rows, H), layouts[2]) if kinds[0] else None
        self.dstate = tuple(
            draw((B, H), layouts[1]) if kinds[1 + k] else None for k in range(self.cell.n_states)
        )
        self.gradient = Layer(*(draw(s, "offset") for s in shapes))
        self.weight = rng.randint(1, 5, size=B).astype(float)

    @property
    def sizes(self):
        return len(self.steps), self.steps.N, *self.layer.W_h.shape, len(self.layer.W_x)

    @property
    def inputs(self):
        return [self.X, *self.state, self.dH, *self.dstate, *self.layer]

    def as_double(self):
        """The very same numbers in float64."""

        def double(x):
            return None if x is None else x.astype(np.float64)

        other = copy.copy(self)
        other.dtype, other.cell = np.dtype(float), make_cell(self.name, len(self.layer.W_h), float)
        for name in ("layer", "gradient"):
            setattr(other, name, Layer(*map(double, getattr(self, name))))
        other.X, other.dH = double(self.X), double(self.dH)
        other.state, other.dstate = tuple(map(double, self.state)), tuple(map(double, self.dstate))
        return other

    def forward(self, build, n_threads=1, record=True, arithmetic=FAST):
        with _kernels.using(build):
            return self.forward_as_it_is(n_threads, record, arithmetic)

    def forward_as_it_is(self, n_threads=1, record=True, arithmetic=FAST):
        """``forward`` with the build in use: several threads at once cannot each choose one."""
        return unroll(
            Recurrence(self.cell, self.reverse, n_threads),
            self.layer,
            Window(self.X, self.steps, 0, self.keep),
            self.state,
            arithmetic,
            record=record,
        )

    def backward(self, tape, arithmetic=FAST):
        return unroll_backward(tape, self.dH, self.first, self.dstate, arithmetic, need_dX=self.need_dX)

    def run(self, build, n_threads=1, arithmetic=FAST):
        """Everything that comes out, by name: in groups "forward", "backward" and "gradient"."""
        H, kept, final, tape = self.forward(build, n_threads, arithmetic=arithmetic)
        assert isinstance(tape, LayerTape) == (build == "numpy")
        dX, dstate = self.backward(tape, arithmetic)
        assert (dX is None) == (not self.need_dX)
        gradient = Layer(*(laid_out(g, "offset") for g in self.gradient))
        layer_gradient(gradient, tape, self.steps, arithmetic.weighing(self.weight))
        h_before = tape.h_before
        out = {
            "forward H": H,
            "forward h_before": np.concatenate(h_before) if build == "numpy" else h_before,
            **{f"forward kept {k}": s for k, s in enumerate(kept)},
            **{f"forward final {k}": s for k, s in enumerate(final)},
            **{f"backward dstate {k}": s for k, s in enumerate(dstate)},
            **{f"gradient {k}": g for k, g in gradient._asdict().items()},
        }
        if self.need_dX:
            out["backward dX"] = dX
        if self.steps.N:
            out["backward dA_x"], out["backward dA_h"] = tape.dA
        return {name: np.array(array) for name, array in out.items()}


def assert_same_bits(got, expected, name=""):
    """Arrays, or dicts or sequences of arrays: bit for bit, and so 0 is not -0."""
    if isinstance(expected, dict):
        assert got.keys() == expected.keys()
        for key in expected:
            assert_same_bits(got[key], expected[key], key)
    elif isinstance(expected, (list, tuple)):
        for k, pair in enumerate(zip(got, expected, strict=True)):
            assert_same_bits(*pair, f"{name} {k}")
    else:
        np.testing.assert_array_equal(got, expected, err_msg=name)
        assert got.dtype == expected.dtype, name
        assert got.tobytes() == expected.tobytes(), name


def assert_agree(case, got, expected):
    """float64: relative to the largest entry. float32: oneDNN's threshold, in norm, against float64."""
    T, N, H, G, D = case.sizes
    terms = {"forward": D + H, "backward": G, "gradient": N}
    assert got.keys() == expected.keys()
    for name, want in expected.items():
        array, group = got[name], name.split()[0]
        assert array.shape == want.shape, name
        assert array.dtype == case.dtype, name
        if not array.size:
            continue
        error = np.abs(array - want)
        if case.dtype == np.float64:
            # an entry far below what was put in is a difference of larger ones
            assert error.max() <= 1e-12 * max(np.abs(want).max(), 0.01), name
        else:
            factor = 4 * (1 if group == "forward" else 2)
            threshold = factor * math.ceil(math.log2(max(2, terms[group] * T))) * np.finfo(np.float32).eps
            # what is put in has the size 1; what comes out smaller is a difference
            size = max(np.linalg.norm(want), math.sqrt(want.size))
            assert np.linalg.norm(error) <= threshold * size, name


# --- agreement with NumPy -----------------------------------------------------------------------------

TAILS = [1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33]


@st.composite
def windows(draw):
    """Arguments of ``Case`` but the cell and the dtype."""
    B = draw(st.integers(0, 14))
    n = draw(st.lists(st.integers(0, B), min_size=1, max_size=8))
    T = len(n)
    if draw(st.booleans()):
        n = [B] * T
    top = draw(st.sampled_from([0, T, draw(st.integers(0, T))]))  # falling, rising, or a hill
    n[:top], n[top:] = sorted(n[:top]), sorted(n[top:], reverse=True)
    return {
        "n": n,
        "B": B,
        "D": draw(st.sampled_from([*TAILS, 40])),
        "H": draw(st.sampled_from([*TAILS, 48, 61, 64, 67, 70])),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "reverse": draw(st.booleans()),
        "keep": draw(st.none() | st.integers(0, T - 1)),
        "first": draw(st.integers(0, T)),
        "need_dX": draw(st.booleans()),
        "kinds": draw(st.tuples(*[st.booleans()] * 3)),
        "layouts": [draw(st.sampled_from(some)) for some in (LAYOUTS, ROWS_TOGETHER, ROWS_TOGETHER)],
    }


def examples(n):
    return settings(max_examples=n, derandomize=True, deadline=None, database=None)


def check_agreement(cell, dtype, build, window, n_threads):
    case = Case(cell, dtype, **window)
    before = copy.deepcopy(case.inputs)
    got = case.run(build, n_threads)
    for array, was in zip(case.inputs, before, strict=True):  # they are only read
        np.testing.assert_array_equal(array, was)
    assert_agree(case, got, case.as_double().run("numpy"))
    alone = case.forward(build, n_threads, record=False)
    assert alone[3] is None
    assert_same_bits(alone[0], got["forward H"])
    for k in range(case.cell.n_states):
        assert_same_bits(alone[1][k], got[f"forward kept {k}"])
        assert_same_bits(alone[2][k], got[f"forward final {k}"])


@each_build
@each_dtype
@each_cell
@given(window=windows(), n_threads=st.integers(1, 3))
@examples(25)
def test_agrees_with_numpy(cell, dtype, build, window, n_threads):
    check_agreement(cell, dtype, build, window, n_threads)


@pytest.mark.slow
@each_build
@each_dtype
@each_cell
@given(window=windows(), n_threads=st.integers(1, 3))
@examples(400)
def test_agrees_with_numpy_in_many_cases(cell, dtype, build, window, n_threads):
    check_agreement(cell, dtype, build, window, n_threads)


@each_build
@each_dtype
@each_cell
def test_every_width(cell, dtype, build):
    """All numbers of units up to four of the widest registers and a bit: every tile and every tail."""
    for H in range(1, 70):
        case = Case(cell, dtype, [0, 3, 5, 2], 5, 1 + 7 * H % 18, H, seed=H, reverse=bool(H % 2))
        assert_agree(case, case.run(build), case.as_double().run("numpy"))


@each_build
@each_dtype
@each_cell
@pytest.mark.parametrize("reverse", [False, True])
def test_sequences_that_leave_and_come_back(cell, dtype, build, reverse):
    """No window of skrnn has any; the kernels agree with NumPy, or refuse."""
    for n in ([3, 1, 3], [2, 0, 0, 2], [4, 4, 1, 2, 1, 4]):
        case = Case(cell, dtype, n, max(n), reverse=reverse)
        reference = case.as_double().run("numpy")
        try:
            got = case.run(build)
        except ValueError:
            continue
        assert_agree(case, got, reference)


@each_build
@each_cell
def test_exact_sums_agree_with_numpy(cell, build):
    for n in ([6] * 5, [6, 4, 3, 1], [1, 2, 6], [0, 4, 2, 2, 0]):
        for H, layout in zip((1, 7, 16, 33), ROWS_TOGETHER, strict=True):
            layouts = [layout] * 3
            case = Case(cell, np.float64, n, 6, D=3, H=H, seed=H, reverse=bool(H % 2), layouts=layouts)
            got, expected = (case.run(b, arithmetic=EXACT) for b in (build, "numpy"))
            assert_agree(case, got, expected)


@each_build
@each_cell
@pytest.mark.parametrize("seed", range(3))
def test_exact_sums_depend_neither_on_order_nor_on_copies(cell, build, seed):
    rng = np.random.RandomState(seed)
    T, B, D, H = 6, 9, 3, 11
    case = Case(cell, np.float64, [B] * T, B, D, H, seed=seed)
    case.X *= 10.0 ** rng.uniform(-6, 6, size=(1, B, 1)).repeat(T, axis=0).reshape(-1, 1)
    case.state[0][:, 0] *= 1e6  # more than any h that the cell makes; the bounds must know
    case.layer.W_h[0] *= 1e-6
    expected = case.run(build, arithmetic=EXACT)
    rows = rng.permutation(np.repeat(np.arange(B), case.weight.astype(int)))
    other = copy.copy(case)
    other.steps, other.weight = Steps([len(rows)] * T, len(rows)), np.ones(len(rows))
    other.X = case.X.reshape(T, B, D)[:, rows].reshape(-1, D)
    other.dH = case.dH.reshape(T, B, H)[:, rows].reshape(-1, H)
    other.state, other.dstate = ([s[rows] for s in states] for states in (case.state, case.dstate))
    got = other.run(build, arithmetic=EXACT)
    for name in Layer._fields:
        assert_same_bits(got[f"gradient {name}"], expected[f"gradient {name}"], name)


# --- bits that depend on nothing ----------------------------------------------------------------------

# So much work that helpers take part of it; TestFork counts them. n and B.
LARGE = {
    "falling": ([*range(80, 32, -4)], 80),
    "rising": ([*range(10, 38)], 37),
    "hill": ([*range(0, 52, 4), *range(52, -1, -4)], 55),
    "few sequences": ([3] * 230, 3),
}


def large(cell, dtype, shape):
    n, B = LARGE[shape]
    H = 90 if cell.startswith("rnn") else 37
    return Case(cell, dtype, n, B, D=21, H=H, reverse=shape == "hill", keep=len(n) // 2)


@each_build
@each_dtype
@each_cell
@pytest.mark.parametrize("shape", LARGE)
def test_number_of_threads(cell, dtype, build, shape):
    case = large(cell, dtype, shape)
    expected = case.run(build)
    if shape == "hill":
        assert_agree(case, expected, case.as_double().run("numpy"))
    for n_threads in (2, 3, 3):
        assert_same_bits(case.run(build, n_threads), expected)


@each_build
@each_cell
@pytest.mark.parametrize(
    ("shape", "D", "H"),
    [("falling", 21, 37), ("rising", 3, 64), ("hill", 70, 8), ("few sequences", 40, 3)],
)
def test_number_of_threads_in_exact_sums(cell, build, shape, D, H):
    """Panels of units are shared, rows of weights too where there is one panel; weights of any size."""
    n, B = LARGE[shape]
    n = np.repeat(n, max(1, 64 // H))  # work for several threads
    case = Case(cell, np.float64, n, B, D=D, H=H, seed=H, reverse=shape == "hill")
    for weight in (case.weight, 1e15 * np.random.RandomState(0).uniform(size=B)):  # summed with rounding
        case.weight = weight
        expected = case.run(build, arithmetic=EXACT)
        for n_threads in (2, 7):
            assert_same_bits(case.run(build, n_threads, arithmetic=EXACT), expected)


class Batches:
    """Sequences that can be run in any company."""

    def __init__(self, cell, dtype, lengths, D=6, H=19):
        rng = np.random.RandomState(0)
        self.cell, self.dtype, self.D, self.H, self.lengths = cell, dtype, D, H, lengths
        self.x = [rng.normal(size=(T, D)).astype(dtype) for T in lengths]
        self.dh = [rng.normal(size=(T, H)).astype(dtype) for T in lengths]
        self.states = rng.normal(size=(4, len(lengths), H)).astype(dtype)

    def run(self, build, rows, at_end):
        """What belongs to each of these sequences, which must be sorted by falling length: by row."""
        lengths = np.asarray([self.lengths[i] for i in rows])
        times = np.arange(lengths[0])
        n = (lengths[:, None] > (times[::-1] if at_end else times)).sum(axis=0)
        case = Case(self.cell, self.dtype, n, len(rows), self.D, self.H, reverse=at_end)
        steps, S = case.steps, case.cell.n_states
        own = [np.flatnonzero(steps.sequence == k) for k in range(len(rows))]
        for k, i in enumerate(rows):
            case.X[own[k]], case.dH[own[k]] = self.x[i], self.dh[i]
        case.state = tuple(self.states[k][rows] for k in range(S))
        case.dstate = tuple(self.states[2 + k][rows] for k in range(S))
        out = case.run(build)
        packed = [
            out[f"{name}"] for name in ("forward H", "forward h_before", "backward dX", "backward dA_h")
        ]
        each = [out[f"forward final {k}"] for k in range(S)]
        each += [out[f"backward dstate {k}"] for k in range(S)]
        return [
            [array[own[k]] for array in packed] + [array[k] for array in each] for k in range(len(rows))
        ]


@each_build
@each_dtype
@each_cell
@pytest.mark.parametrize("at_end", [False, True], ids=["from the start", "from the end"])
def test_a_sequence_does_not_depend_on_its_company(cell, dtype, build, at_end):
    """Alone, in a batch of any size and in any place of it: every tile of rows and every remainder."""
    rng = np.random.RandomState(1)
    lengths = np.sort(rng.randint(1, 6, size=40))[::-1]
    batches = Batches(cell, dtype, lengths)
    alone = [batches.run(build, [i], at_end)[0] for i in range(40)]
    for size in [*range(2, 28), 40]:
        rows = np.sort(rng.choice(40, size=size, replace=False))
        for i, got in zip(rows, batches.run(build, rows, at_end), strict=True):
            assert_same_bits(got, alone[i])


@each_build
@each_dtype
@each_cell
@pytest.mark.parametrize("H", [1, 4, 45, 64, 67])
def test_a_sequence_does_not_depend_on_its_place(cell, dtype, build, H):
    """Copies of one sequence in one batch, for all shapes of tiles."""
    batches = Batches(cell, dtype, [5] * 12, D=H, H=H)
    first, *others = batches.run(build, [0] * 31, at_end=False)
    for other in others:
        assert_same_bits(other, first)


@each_build
@each_dtype
@each_cell
def test_the_same_again_and_in_kept_memory(cell, dtype, build):
    """What a used block of memory still holds does not matter, be it NaN."""
    case = Case(cell, dtype, [4, 9, 7, 0], 9, D=3, H=13, keep=1)
    dirty = Case(cell, dtype, [4, 9, 7, 0], 9, D=3, H=13, keep=1)
    for array in (dirty.X, *dirty.state, dirty.dH, *dirty.dstate):
        array[:] = np.nan
    expected = case.run(build)
    assert_same_bits(case.run(build), expected)
    with _kernels.keep_memory():
        for _ in range(3):
            dirty.run(build)
            assert_same_bits(case.run(build), expected)


# --- tanh and sigmoid ---------------------------------------------------------------------------------


def grid(dtype):
    """Numbers of all sizes, most of them where the functions bend."""
    rng = np.random.RandomState(0)
    info = np.finfo(dtype)
    exponents = np.arange(info.minexp - info.nmant, info.maxexp)
    powers = np.ldexp(rng.uniform(1, 2, size=(16, len(exponents))), exponents).ravel()
    x = np.concatenate((
        np.linspace(-30, 30, 200_001),
        np.linspace(-1, 1, 100_001),
        np.linspace(-1e-3, 1e-3, 10_001),
        rng.normal(size=50_000) * 10,
        powers,
        [0.0, info.max, info.tiny, np.nextafter(0, 1)],
    ))  # fmt: skip
    with np.errstate(all="ignore"):
        return np.concatenate((x, -x)).astype(dtype)


@each_build
@each_dtype
def test_tanh_within_four_units_in_the_last_place(build, dtype):
    x = grid(dtype)
    y = _kernels.builds[build].apply("tanh", x)
    assert y.dtype == dtype
    with np.errstate(all="ignore"):
        expected = np.tanh(x.astype(np.longdouble))
        ulp = np.spacing(np.abs(expected).astype(dtype))
    normal = np.abs(x) >= np.finfo(dtype).tiny
    assert (np.abs(y - expected)[normal] <= 4 * ulp[normal]).all()
    assert (np.abs(y) <= np.minimum(1, np.minimum(np.abs(x), 2) * (1 + 4 * np.finfo(dtype).eps))).all()
    assert (np.abs(y[~normal]) <= np.abs(x[~normal])).all()  # denormals may become zero
    assert ((np.sign(y) == np.sign(x)) | ~normal).all()
    assert (y[np.abs(x) > 20] == np.sign(x[np.abs(x) > 20])).all()


@each_build
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-7), (np.float64, 1e-15)])
def test_sigmoid(build, dtype, bound):
    x = grid(dtype)
    y = _kernels.builds[build].apply("sigmoid", x)
    assert y.dtype == dtype
    with np.errstate(all="ignore"):
        expected = 1 / (1 + np.exp(-x.astype(np.longdouble)))
    assert np.abs(y - expected).max() <= bound
    assert y.min() >= 0
    assert y.max() == 1
    # relative where it is small: what a closed gate lets through is not noise
    small = (x < 0) & (x > math.log(np.finfo(dtype).tiny) + 1)
    assert (
        np.abs(y - expected)[small]
        <= 8 * np.finfo(dtype).eps * expected[small] * np.maximum(1, -x[small])
    ).all()


@each_build
@each_dtype
@pytest.mark.parametrize("size", [0, 1, 3, 16, 17])
def test_functions_of_what_is_no_number(build, dtype, size):
    apply = _kernels.builds[build].apply
    for function, low in (("tanh", -1), ("sigmoid", 0)):
        np.testing.assert_array_equal(apply(function, np.full(size, np.inf, dtype)), 1)
        np.testing.assert_allclose(apply(function, np.full(size, -np.inf, dtype)), low, atol=1e-37)
        for k in range(size):
            x = np.linspace(-2, 2, size, dtype=dtype)
            clean = apply(function, x)
            x[k] = np.nan
            y = apply(function, x)
            assert np.isnan(y[k])
            np.testing.assert_array_equal(np.delete(y, k), np.delete(clean, k))


# --- NaN and infinity stay where they belong ----------------------------------------------------------

POISONED = 2  # the sequence
N_ALIVE = [5, 5, 4, 4, 3, 3, 1]


def poisoned(cell, dtype, where, value, H):
    """A case, the same with one bad number, and the step of the sequence from which on it shows."""
    clean = Case(cell, dtype, N_ALIVE, 5, D=4, H=H)
    bad = Case(cell, dtype, N_ALIVE, 5, D=4, H=H)
    start = 0
    if where == "X":
        start = 3
        bad.X[bad.steps.offsets[start] + POISONED, 1] = value
    elif where == "dH":
        bad.dH[bad.steps.offsets[3] + POISONED, 0] = value
    elif where in Layer._fields:
        getattr(bad.layer, where)[..., 0] = value
    else:
        name, k = where.split()
        getattr(bad, name)[int(k)][POISONED, 0] = value
    return clean, bad, start


def own_and_others(case, name, array):
    """An array split by whether its rows belong to the poisoned sequence; weights belong to all."""
    if "gradient" in name:
        return array, None
    sequence = (
        np.arange(case.steps.B)
        if "final" in name or "kept" in name or "dstate" in name
        else case.steps.sequence
    )
    return array[sequence == POISONED], array[sequence != POISONED]


def places(cell):
    states = range(make_cell(cell, 1, float).n_states)
    return ["X", "dH", *(f"state {k}" for k in states), *(f"dstate {k}" for k in states)]


@each_build
@each_dtype
@pytest.mark.parametrize(("cell", "where"), [(cell, where) for cell in CELLS for where in places(cell)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
@np.errstate(all="ignore")
def test_a_bad_number_stays_in_its_sequence(cell, dtype, build, where, value):
    for H in (3, 13, 32):
        clean, bad, start = poisoned(cell, dtype, where, value, H)
        expected, got, reference = clean.run(build), bad.run(build), bad.run("numpy")
        same = np.isnan if np.isnan(value) else np.isfinite
        for name, array in got.items():
            seen, expected_seen = same(array), same(reference[name])
            if "state" in where and np.isinf(value):
                # a gate of NumPy's closes to 0, and 0 times infinity is NaN; the kernels' leaves 1e-38
                expected_seen |= seen
            np.testing.assert_array_equal(seen, expected_seen, err_msg=f"{name} {H}")
            others, clean_others = (own_and_others(bad, name, a)[1] for a in (array, expected[name]))
            if others is not None:
                assert_same_bits(others, clean_others, name)
        if where in ("X", "state 0") and np.isnan(value):
            own, clean_own = (
                own_and_others(bad, "forward H", o["forward H"])[0] for o in (got, expected)
            )
            assert np.isnan(own[start:]).all()
            np.testing.assert_array_equal(own[:start], clean_own[:start])
            assert np.isnan(got["forward final 0"][POISONED]).all()
            # weights belong to all sequences, so that a NaN shows in them
            assert np.isnan(got["gradient W_x" if where == "X" else "gradient W_h"]).any()


@each_build
@each_dtype
@each_cell
@pytest.mark.parametrize("where", Layer._fields)
@np.errstate(all="ignore")
def test_nan_in_a_weight(cell, dtype, build, where):
    for H in (1, 3, 13):
        _, bad, _ = poisoned(cell, dtype, where, np.nan, H)
        got, reference = bad.run(build), bad.run("numpy")
        for name, array in got.items():
            np.testing.assert_array_equal(np.isnan(array), np.isnan(reference[name]), err_msg=name)
        assert np.isnan(got["forward final 0"]).all()


@each_build
@each_dtype
@each_cell
@pytest.mark.parametrize("H", [1, 3, 5, 9, 17])
@np.errstate(all="ignore")
def test_what_pads_a_register_never_leaks(cell, dtype, build, H):
    """Infinity times the zeros of the padding is NaN; no sum may see it."""
    case = Case(cell, dtype, [4] * 5, 4, D=3, H=H)
    case.X[1, :] = np.inf  # sequence 1 at the first step
    case.X[4 + 2, 0] = -np.inf  # sequence 2 at the second
    got, reference = case.run(build), case.run("numpy")
    for name, array in got.items():
        np.testing.assert_array_equal(np.isfinite(array), np.isfinite(reference[name]), err_msg=name)
    if case.dtype == np.float64:
        exact = case.run(build, arithmetic=EXACT)
        for name in Layer._fields:
            seen = ~np.isfinite(exact[f"gradient {name}"])
            assert (seen | np.isfinite(got[f"gradient {name}"])).all()


# --- the floating-point mode --------------------------------------------------------------------------


def denormals_are_there():
    for dtype, tiny in ((np.float32, 1e-40), (np.float64, 1e-310)):
        x = np.full(37, tiny, dtype=dtype)
        if not ((x * dtype(1)).all() and (x + x).all() and (x[:1] * dtype(0.5)).all()):
            return False
    return 2.0**-1074 * float(x[0] > 0) != 0


@each_build
@each_dtype
def test_denormals_are_there_after_every_call(build, dtype):
    kernels = _kernels.builds[build]
    for cell, n_threads in zip(CELLS, (1, 3) * len(CELLS), strict=False):
        case = large(cell, dtype, "falling")
        tape = case.forward(build, n_threads)[3]
        assert denormals_are_there()
        case.backward(tape)
        assert denormals_are_there()
        tape.gradient(case.gradient)
        assert denormals_are_there()
        if dtype == np.float64:
            tape.gradient(case.gradient, case.weight, gradient_sigmas(len(case.steps), case.weight.sum()))
            assert denormals_are_there()
    x = np.linspace(-1, 1, 50, dtype=dtype)
    for function in ("tanh", "sigmoid"):
        kernels.apply(function, x)
        assert denormals_are_there()
    _binding.gather(kernels, x, x.copy(), 10, 0.5, 0.5)
    assert denormals_are_there()
    for number, cls in ((_binding.SOLVERS[n], c) for n, c in solvers.SOLVERS.items() if not c.full_batch):
        memory = np.zeros((cls.n_slots, 50), dtype=dtype)
        options = OPTIONS[cls]
        _binding.step(kernels, number, options, x, x.copy(), memory, x.copy(), memory.copy(), 1.0, 1, 1.0)
        assert denormals_are_there()
    case.dH, tape = case.dH[1:], case.forward(build)[3]
    with pytest.raises(ValueError, match="shape"):
        case.backward(tape)
    assert denormals_are_there()


@each_build
@each_dtype
@each_cell
def test_what_vanishes_becomes_zero(cell, dtype, build):
    """Gradients far back in time, and states far ahead: numbers of full precision, or zeros."""
    case = Case(cell, dtype, [2] * 1500, 2, D=1, H=5, kinds=(False, True, True))
    for W in case.layer:
        W *= 0.1
    case.X[10:] = 0
    H, _, _, tape = case.forward(build)
    dX, dstate = case.backward(tape)
    tiny = np.finfo(dtype).tiny
    for array in (dX, *dstate, *([H] if cell == "rnn_relu" else [])):
        assert ((array == 0) | (np.abs(array) >= tiny)).all()
        assert np.isfinite(array).all()
    assert (dX[: 2 * 100] == 0).all()
    assert (dX[-2:] != 0).all()


# --- the shim -----------------------------------------------------------------------------------------


def swapped(array):
    """The same numbers in the other byte order."""
    return array.astype(array.dtype.newbyteorder())


def unaligned(array):
    out = np.ndarray(array.shape, array.dtype, np.empty(array.nbytes + 1, np.uint8), offset=1)
    out[...] = array
    return out


def other_dtype(array):
    return array.astype(np.float32 if array.dtype == np.float64 else np.float64)


def overlapping(array):
    return np.lib.stride_tricks.as_strided(array, strides=(0, array.itemsize))


def half_overlapping(array):
    return np.lib.stride_tricks.as_strided(array, strides=(array.itemsize, array.itemsize))


def between(array):
    """Rows that begin in the middle of a number."""
    itemsize = array.itemsize
    row = (array.shape[1] + 1) * itemsize + itemsize // 2
    memory = np.zeros(row * len(array), np.uint8)
    return np.ndarray(array.shape, array.dtype, memory, strides=(row, itemsize))


def column_longer(array):
    return np.concatenate((array, array[:, :1]), axis=1)


def row_longer(array):
    return np.concatenate((array, array[:1]))


ALWAYS_BAD = {
    "None": lambda a: None,
    "list": lambda a: a.tolist(),
    "other dtype": other_dtype,
    "integers": lambda a: a.astype(int),
    "long double": lambda a: (
        a.astype(np.longdouble) if np.dtype(np.longdouble) != np.float64 else a.astype(np.float16)
    ),
    "complex": lambda a: a.astype(complex),
    "objects": lambda a: a.astype(object),
    "byte order": swapped,
    "unaligned": unaligned,
    "one more row": row_longer,
    "one row less": lambda a: a[1:],
    "no rows": lambda a: a[:0],
    "0-D": lambda a: a.ravel()[:1].reshape(()),
    "3-D": lambda a: a[..., None] if a.ndim == 2 else a[:, None, None],
}
BAD_MATRIX = {
    **ALWAYS_BAD,
    "1-D": np.ravel,
    "one more column": column_longer,
    "one column less": lambda a: a[:, 1:],
    "no columns": lambda a: a[:, :0],
    "overlapping": overlapping,
    "half overlapping": half_overlapping,
    "rows in reverse": lambda a: a[::-1],
    "between numbers": between,
}
BAD_ROWS = {  # what needs rows in one piece
    **BAD_MATRIX,
    "fortran": np.asfortranarray,
    "every other column": lambda a: laid_out(a, "every other column"),
    "columns in reverse": lambda a: a[:, ::-1],
}
BAD_WEIGHTS = {**BAD_ROWS, "not contiguous": lambda a: laid_out(a, "columns")}
BAD_BIAS = {
    **ALWAYS_BAD,
    "2-D": lambda a: a[None],
    "every other": lambda a: np.repeat(a, 2)[::2],
    "in reverse": lambda a: a[::-1],
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
}
BAD_N = {
    "None": lambda n: None,
    "list": lambda n: n.tolist(),
    "negative": lambda n: n - n.max() - 1,
    "more than B": lambda n: np.array([5, 1, 3]),
    "one negative": lambda n: np.array([4, -1, 6]),
    "first negative": lambda n: np.array([-1, 2, 4, 4]),  # only that is wrong: it adds up to N
    "last negative": lambda n: np.array([4, 4, 2, -1]),
    "huge": lambda n: n + 2**62,
    "smallest": lambda n: n + np.iinfo(np.int64).min,
    "float": lambda n: n.astype(float),
    "int32": lambda n: n.astype(np.int32),
    "uint64": lambda n: n.astype(np.uint64),
    "bool": lambda n: n.astype(bool),
    "objects": lambda n: n.astype(object),
    "byte order": swapped,
    "2-D": lambda n: n[None],
    "0-D": lambda n: n[0].reshape(()),
    "too long": row_longer,
    "too short": lambda n: n[1:],
    "empty": lambda n: n[:0],
}


def good_arguments(cell="gru", dtype=np.float64):
    """What ``_binding.unroll`` takes, and the case it is from: N = 9, B = 4, D = 3, H = 5."""
    case = Case(cell, dtype, [4, 3, 2], 4, D=3, H=5)
    build, number = _kernels.builds[BUILDS[0]], _binding.CELLS[cell]
    return [build, number, case.layer, case.X, case.steps.counts, 4, case.state], case


BUILD, CELL, LAYER, X, N, B, STATE = range(7)  # their places
rejected = pytest.raises((TypeError, ValueError))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_arguments_are_good(cell):
    """What the tests below spoil."""
    arguments, case = good_arguments(cell)
    H, _, _, run = _binding.unroll(*arguments)
    np.testing.assert_array_equal(H, case.forward(BUILDS[0])[0])
    run.backward(case.dH, 0, case.dstate, True)
    run.gradient(case.gradient)


# X is copied if its columns are not side by side
@pytest.mark.parametrize("bad", BAD_MATRIX)
@each_dtype
def test_bad_X(bad, dtype):
    arguments, _ = good_arguments(dtype=dtype)
    arguments[X] = BAD_MATRIX[bad](arguments[X])
    with rejected:
        _binding.unroll(*arguments)


@pytest.mark.parametrize("bad", BAD_N)
def test_bad_n(bad):
    arguments, _ = good_arguments()
    arguments[N] = BAD_N[bad](arguments[N])
    with rejected:
        _binding.unroll(*arguments)


@pytest.mark.parametrize(
    ("place", "bad"),
    [(BUILD, None), (BUILD, "avx2"), (BUILD, 0)]
    + [(CELL, bad) for bad in (-1, len(CELLS), 2**31 - 1, "gru", None)]
    + [(LAYER, bad) for bad in (None, (), 4)]
    + [(B, bad) for bad in (-1, 0, 3, 5, "4", None, 2**62)]
    + [(STATE, bad) for bad in (None, (), 1)],
)
def test_bad_arguments(place, bad):
    arguments, _ = good_arguments()
    arguments[place] = bad
    with rejected:
        _binding.unroll(*arguments)


@pytest.mark.parametrize("cell", [-(2**40), 2**31, 2**63])
def test_numbers_beyond_c(cell):
    arguments, _ = good_arguments()
    arguments[CELL] = cell
    with pytest.raises(OverflowError):
        _binding.unroll(*arguments)
    arguments[CELL], arguments[B] = 0, 2**63
    with pytest.raises(OverflowError):
        _binding.unroll(*arguments)


def changes_of(field):
    return BAD_WEIGHTS if field.startswith("W") else BAD_BIAS


@pytest.mark.parametrize("field", Layer._fields)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bad_weights(field, cell):
    arguments, _ = good_arguments(cell)
    layer = arguments[LAYER]
    for name, spoil in changes_of(field).items():
        arguments[LAYER] = layer._replace(**{field: spoil(getattr(layer, field))})
        with rejected:
            _binding.unroll(*arguments)
            pytest.fail(f"accepted: {name}")


def test_too_few_and_too_many_weights():
    arguments, _ = good_arguments()
    for layer in (arguments[LAYER][:3], (*arguments[LAYER], arguments[LAYER][3])):
        arguments[LAYER] = layer
        with rejected:
            _binding.unroll(*arguments)


def bad_states(states):
    """Tuples of states in which one is bad, or their number is."""
    for k in range(len(states)):
        for name, spoil in BAD_ROWS.items():
            if name != "None":
                yield name, (*states[:k], spoil(states[k]), *states[k + 1 :])
    yield "too few", states[1:]
    yield "too many", (*states, states[0])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bad_states(cell):
    arguments, _ = good_arguments(cell)
    for name, states in bad_states(arguments[STATE]):
        arguments[STATE] = states
        with rejected:
            _binding.unroll(*arguments)
            pytest.fail(f"accepted: {name}")


# --- a step at a time ---------------------------------------------------------------------------------


def good_stepper(cell="lstm", dtype=np.float64):
    """Arguments of ``Stepper`` for two layers: B = 4, D = 3, H = 5."""
    first, second = Case(cell, dtype, [4], 4, D=3, H=5), Case(cell, dtype, [4], 4, D=5, H=5)
    build, number = _kernels.builds[BUILDS[0]], _binding.CELLS[cell]
    return [build, [number, number], [first.layer, second.layer], 4, 16], first


def assert_states_are(stepper, states):
    for own, before in zip(stepper.get_states(), states, strict=True):
        for a, b in zip(own, before, strict=True):
            np.testing.assert_array_equal(a, b)


@each_cell
@each_dtype
def test_steps_are_those_of_a_window(cell, dtype):
    arguments, case = good_stepper(cell, dtype)
    stepper = _binding.Stepper(*arguments)
    stepper.set_states([case.state, case.state])
    assert stepper.step(case.X[:4]) == 2
    build, number, n = arguments[0], arguments[1][0], np.array([4])
    X = case.X[:4]
    for layer, states in zip(arguments[2], stepper.get_states(), strict=True):
        X, _, final, _ = _binding.unroll(
            build, number, layer, X, n, 4, case.state, reverse=False, keep=None, record=False, n_threads=1
        )  # fmt: skip
        for a, b in zip(states, final, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(stepper.h, np.vstack([X, np.zeros((12, 5), dtype=dtype)]))


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("field", Layer._fields)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bad_weights_of_a_stepper(layer, field, cell):
    arguments, _ = good_stepper(cell)
    layers = arguments[2]
    good = layers[layer]
    for name, spoil in changes_of(field).items():
        if (layer, field) == (0, "W_x") and name in ("one more row", "one row less"):
            continue  # it says how many inputs there are
        layers[layer] = good._replace(**{field: spoil(getattr(good, field))})
        with rejected:
            _binding.Stepper(*arguments)
            pytest.fail(f"accepted: {name}")


@pytest.mark.parametrize(
    ("place", "bad"),
    [(0, None), (0, "avx2")]
    + [(1, bad) for bad in ([2], [2, len(CELLS)], [-1, 2], [2, "gru"], None, [2, 3])]
    + [(2, bad) for bad in (None, [], [()], [(), ()], [None, None])]
    + [(3, bad) for bad in (0, -1, 2**41, 2**62, "4", None)]
    + [(4, bad) for bad in (0, -1, 2**62, None)],
    ids=repr,
)
def test_bad_arguments_of_a_stepper(place, bad):
    arguments, _ = good_stepper()
    arguments[place] = bad
    with rejected:
        _binding.Stepper(*arguments)


def test_more_rows_than_memory():
    arguments, _ = good_stepper()
    arguments[4] = 2**40
    arguments[3] = 2**40
    arguments[2][0] = arguments[2][0]._replace(W_x=np.zeros((2**17, 20)))
    with pytest.raises(MemoryError):
        _binding.Stepper(*arguments)


def test_a_stepper_without_arguments():
    with rejected:
        _binding.Stepper.__new__(_binding.Stepper)
    with rejected:
        copy.copy(_binding.Stepper(*good_stepper()[0]))


def test_what_a_step_does_not_take():
    """It returns 0, and the states stay."""
    arguments, case = good_stepper()
    stepper = _binding.Stepper(*arguments)
    x = case.X[:4].copy()
    stepper.step(x)
    before = stepper.get_states()
    bad = [spoil(x) for spoil in BAD_ROWS.values()]
    taken = [x for x in bad if stepper.step(x)]
    stepper.set_states(before)
    # any place in memory will do, float32 too; a row of zero stride is as good as another
    assert all(a.shape == x.shape and a.dtype.char in "fd" and a.dtype.isnative for a in taken)
    for value in (np.nan, np.inf, -np.inf):
        for k in range(x.size):
            spoiled = x.copy()
            spoiled.flat[k] = value
            assert stepper.step(spoiled) == 0
    others = x[0], x[:3], x[:, :2], x[None], x.T, x.tolist(), np.ma.array(x), np.float64(1), 1.0, None
    for other in others:
        assert stepper.step(other) == 0
    assert_states_are(stepper, before)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bad_states_of_a_stepper(cell):
    arguments, case = good_stepper(cell)
    stepper = _binding.Stepper(*arguments)
    before = stepper.get_states()
    for name, states in bad_states(case.state):
        with rejected:
            stepper.set_states([case.state, states])
            pytest.fail(f"accepted: {name}")
    for states in ([], [case.state], [case.state] * 3, None, [tuple(s * 0 for s in case.state), None]):
        with rejected:
            stepper.set_states(states)
    with rejected:
        stepper.set_states([case.state, (None,) * len(case.state)])
    assert_states_are(stepper, before)


def test_bad_gradients_of_outputs_and_states():
    """What is rejected leaves the tape as it was: the right call is still possible, once."""
    arguments, case = good_arguments("lstm")
    *_, run = _binding.unroll(*arguments)
    *_, twin = _binding.unroll(*arguments)
    for name, spoil in BAD_ROWS.items():
        if name == "None":
            continue
        with rejected:
            run.backward(spoil(case.dH), 0, case.dstate, True)
            pytest.fail(f"accepted: {name}")
    for first in (-1, 4, 2**40, -(2**40), None, "0"):
        with rejected:
            run.backward(None, first, case.dstate, True)
            pytest.fail(f"accepted: {first}")
    for first in (1, 2, 3):
        with rejected:  # has the rows of all steps
            run.backward(case.dH, first, case.dstate, True)
    for name, states in bad_states(case.dstate):
        with rejected:
            run.backward(case.dH, 0, states, True)
            pytest.fail(f"accepted: {name}")
    for states in (None, ()):
        with rejected:
            run.backward(case.dH, 0, states, True)
    for too_early in (lambda: run.gradient(case.gradient), lambda: run.dA):
        with pytest.raises(ValueError, match="backward has not been called"):
            too_early()
    for got, expected in zip(
        run.backward(case.dH, 0, case.dstate, True),
        twin.backward(case.dH, 0, case.dstate, True),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)
    with pytest.raises(ValueError, match="has been used"):
        run.backward(case.dH, 0, case.dstate, True)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("field", Layer._fields)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bad_arrays_for_weight_gradients(field, cell):
    """One bad array, and none of the four is touched."""
    arguments, case = good_arguments(cell)
    *_, run = _binding.unroll(*arguments)
    run.backward(case.dH, 0, case.dstate, True)
    before = copy.deepcopy(case.gradient)
    changes = BAD_WEIGHTS if field.startswith("W") else BAD_BIAS
    for name, spoil in {**changes, "read only": read_only}.items():
        bad = spoil(getattr(case.gradient, field))
        with rejected:
            run.gradient(case.gradient._replace(**{field: bad}))
            pytest.fail(f"accepted: {name}")
        assert_same_bits(case.gradient, before)
    for gradient in (None, case.gradient[:3], (*case.gradient, case.gradient[3])):
        with rejected:
            run.gradient(gradient)
    assert_same_bits(case.gradient, before)


BAD_VECTOR = {name: spoil for name, spoil in BAD_BIAS.items() if name != "None"}


def test_bad_arguments_of_exact_sums():
    arguments, case = good_arguments("lstm")
    *_, run = _binding.unroll(*arguments)
    run.backward(case.dH, 0, case.dstate, True)
    sigmas = gradient_sigmas(3, case.weight.sum())
    before = copy.deepcopy(case.gradient)
    for name, spoil in BAD_VECTOR.items():
        with rejected:
            run.gradient(case.gradient, spoil(case.weight), sigmas)
            pytest.fail(f"accepted: {name}")
        if name not in ("one more row", "one row less"):
            with rejected:
                run.gradient(case.gradient, case.weight, spoil(sigmas))
                pytest.fail(f"accepted: {name}")
    for bad in (None, np.ones(9), np.ones(0)):
        with rejected:
            run.gradient(case.gradient, case.weight, bad)
    assert_same_bits(case.gradient, before)
    run.gradient(case.gradient, case.weight, sigmas)

    arguments, case = good_arguments("lstm", np.float32)
    *_, run = _binding.unroll(*arguments)
    run.backward(case.dH, 0, case.dstate, True)
    with rejected:
        run.gradient(case.gradient, case.weight, sigmas)


def test_nothing_to_do():
    """No step, no sequence, nobody alive: the states go through as they are."""
    for n, B_ in (([], 3), ([], 0), ([0, 0], 3), ([0], 0)):
        case = Case("lstm", np.float64, np.array(n, dtype=int), B_, D=2, H=3)
        H, kept, final, run = _binding.unroll(
            _kernels.builds[BUILDS[0]],
            _binding.CELLS["lstm"],
            case.layer,
            case.X,
            case.steps.counts,
            B_,
            case.state,
        )
        assert H.shape == (0, 3)
        dX, dstate = run.backward(case.dH, 0, case.dstate, True)
        assert dX.shape == (0, 2)
        for got, expected in zip((*kept, *final, *dstate), (*case.state * 2, *case.dstate), strict=True):
            np.testing.assert_array_equal(got, expected)
        before = copy.deepcopy(case.gradient)
        run.gradient(case.gradient)
        assert_same_bits(case.gradient, before)


def test_gradients_of_the_sums_of_no_rows():
    case = Case("lstm", np.float64, [0, 0], 3, D=2, H=3)
    tape = case.forward(BUILDS[0])[3]
    case.backward(tape)
    assert [dA.shape for dA in tape.dA] == [(0, 12)] * 2


@each_dtype
def test_more_sequences_than_memory_holds(dtype):
    """Without states there is nothing that a number of sequences must fit."""
    for power in range(48, 63):
        for B_ in (2**power - 1, 2**power, 3 * 2 ** (power - 1)):
            for cell in ("lstm", "rnn_tanh"):
                case = Case(cell, dtype, [0], 0, D=1, H=1)
                state = (None,) * case.cell.n_states
                for build in _kernels.builds.values():
                    with pytest.raises((MemoryError, ValueError)):
                        _binding.unroll(
                            build, _binding.CELLS[cell], case.layer, case.X, case.steps.counts, B_, state
                        )


def test_a_build_is_not_made_by_hand():
    """It would point to no kernels."""
    with pytest.raises(TypeError):
        _binding.Build()


def test_an_empty_run_made_by_hand():
    run = _binding.Unrolled()
    for call in (lambda: run.backward(None, 0, (), False), lambda: run.gradient(()), lambda: run.dA):
        with pytest.raises(ValueError, match="not"):
            call()


def test_what_was_read_may_change_afterwards():
    """n and the states are the kernels' own; X is held, not copied."""
    arguments, case = good_arguments("lstm")
    expected = case.run(BUILDS[0])
    arguments[N] = arguments[N].copy()
    H, _, _, run = _binding.unroll(*arguments)
    arguments[N][:] = 2**40
    for s in case.state:
        s[:] = np.nan
    dX, _ = run.backward(case.dH, 0, case.dstate, True)
    np.testing.assert_array_equal(H, expected["forward H"])
    np.testing.assert_array_equal(dX, expected["backward dX"])


@pytest.mark.parametrize(
    ("function", "bad"),
    [("exp", np.zeros(3)), (None, np.zeros(3)), (0, np.zeros(3))]
    + [
        ("tanh", bad)
        for bad in ([0.0], np.zeros(3, int), swapped(np.ones(3)), np.zeros(6)[::2], np.zeros((2, 3)).T)
    ],
)
def test_bad_arguments_of_functions(function, bad):
    with rejected:
        _kernels.builds[BUILDS[0]].apply(function, bad)


# --- solver steps -------------------------------------------------------------------------------------

SIZES = [1, 2, 15, 16, 17, 1000]
STEPS = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.7, "nesterovs_momentum": False}),
    ("sgd", {"momentum": 0.0, "nesterovs_momentum": False}),
    ("adam", {}),
    ("adam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("rmsprop", {}),
    ("rmsprop", {"beta_2": 0.9, "epsilon": 1e-4}),
]


def some_ulps(got, expected, size, n):
    """Within n units of round-off of numbers of that size."""
    eps = np.finfo(expected.dtype).eps
    assert got.dtype == expected.dtype
    assert (np.abs(got - expected) <= n * eps * np.maximum(size, np.abs(expected))).all()


@each_build
@each_dtype
@pytest.mark.parametrize("P", SIZES)
@pytest.mark.parametrize(("name", "options"), STEPS)
def test_solver_steps(name, options, P, dtype, build):
    rng = np.random.RandomState(P)
    theta = laid_out(rng.normal(size=P).astype(dtype), "offset")
    sign = rng.choice([-1, 1], size=P)  # the same in all steps, so that nothing cancels
    solver, twin = (solvers.SOLVERS[name](theta, 0.03, **options) for _ in range(2))
    twin_theta, largest = theta.copy(), np.abs(theta)
    theta_before, memory_before = np.full_like(theta, np.nan), np.full_like(solver.memory, np.nan)
    with _kernels.using(build):
        for k in range(5):
            g = (sign * 10.0 ** rng.uniform(-3, 3, size=P)).astype(dtype)
            shrink = 1.0 if k % 2 else 0.37
            was, memory_was = theta.copy(), solver.memory.copy()
            twin.step(twin_theta, g * dtype(shrink))
            assert _kernels.step(solver, theta, g, shrink, theta_before, memory_before)
            np.testing.assert_array_equal(theta_before, was)
            np.testing.assert_array_equal(memory_before, memory_was)
            assert not g.any()
            assert solver.t == twin.t == k + 1
            some_ulps(solver.memory, twin.memory, 0, 8)
            largest = np.maximum(largest, np.abs(theta))  # theta itself passes through 0
            some_ulps(theta, twin_theta, largest, 8)


@functools.cache
def functions_of_the_binding():
    """The instructions of every function of the extension, by its name."""
    if not shutil.which("objdump"):
        pytest.skip("There is no objdump.")
    run = subprocess.run(
        ["objdump", "-d", "--demangle", "--no-show-raw-insn", _binding.__file__],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if run.returncode:
        pytest.skip(f"objdump cannot read the extension: {run.stderr[:200]}")
    parts = re.split(r"^[0-9a-f]+ <(.*)>:$", run.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@each_build
@pytest.mark.parametrize("number", ["float", "double"])
@pytest.mark.parametrize("solver", ["Adam", "RmsProp"])
def test_roots_are_taken_several_at_a_time(solver, number, build):
    """A flag too many, and each weight's root is taken alone: a step takes 5 times as long."""
    found = [
        code
        for name, code in functions_of_the_binding().items()
        if f"skrnn::{build}::step<skrnn::{build}::{solver}<{number}>" in name
    ]
    if not found:
        pytest.skip("The extension has no names of functions.")
    assert any(re.search(r"\bv?sqrtp[sd]\b|\bfsqrt(\.\d[sd])?\s+v", code) for code in found)


@each_build
def test_a_solver_without_a_twin_is_left_alone(build):
    class Mine(solvers.Adam):
        def step(self, theta, g):
            raise AssertionError

    theta, g = np.ones(3), np.ones(3)
    solver = Mine(theta, 0.1)
    with _kernels.using(build):
        assert not _kernels.step(solver, theta, g, 1.0, theta.copy(), solver.memory.copy())
    assert solver.t == 0
    assert theta.all()
    assert g.all()
    with _kernels.using("numpy"):
        assert not _kernels.step(solvers.Adam(theta, 0.1), theta, g, 1.0, theta.copy(), np.zeros((2, 3)))
        assert _kernels.gather(theta, g, 3, 1.0, 0.0) is None


@each_build
@each_dtype
@pytest.mark.parametrize("P", SIZES)
def test_gather(P, dtype, build):
    rng = np.random.RandomState(P)
    scale, decay = 0.3, 0.07
    for matrices in {0, 1, P // 2, P - 1, P}:
        theta, start = (laid_out(rng.normal(size=P).astype(dtype), "offset") for _ in range(2))
        theta[matrices:] = np.nan  # the decay must not even look at it
        was, g = theta.copy(), start.copy()
        with _kernels.using(build):
            g2, penalty = _kernels.gather(theta, g, matrices, scale, decay)
        expected = start * dtype(scale)
        np.testing.assert_array_equal(g[matrices:], expected[matrices:])
        expected[:matrices] += dtype(decay) * theta[:matrices]
        some_ulps(g, expected, np.abs(start), 2)
        np.testing.assert_array_equal(theta, was)
        rtol = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(g2, (g.astype(float) ** 2).sum(), rtol=rtol)
        np.testing.assert_allclose(penalty, (theta[:matrices].astype(float) ** 2).sum(), rtol=rtol)
        again = start.copy()
        assert _binding.gather(_kernels.builds[build], theta, again, matrices, scale, decay) == (
            g2,
            penalty,
        )
        np.testing.assert_array_equal(again, g)


@each_build
@each_dtype
def test_sums_of_what_is_not_finite(dtype, build):
    for bad in (np.nan, np.inf, np.sqrt(np.finfo(dtype).max) * 2):
        for k in (0, 15, 16, 40):
            g = np.ones(41, dtype=dtype)
            g[k] = bad
            g2, penalty = _binding.gather(_kernels.builds[build], np.ones_like(g), g, 20, 1.0, 0.0)
            assert not np.isfinite(g2)
            assert penalty == 20


@pytest.mark.parametrize("name", [*BAD_VECTOR, "None", "read only"])
def test_bad_vectors_of_solver_steps(name):
    spoil = read_only if name == "read only" else BAD_BIAS[name]
    kernels = _kernels.builds[BUILDS[0]]
    rng = np.random.RandomState(0)

    def arrays():
        return [rng.normal(size=9) for _ in range(2)]

    for k in range(2):
        given = arrays()
        before = copy.deepcopy(given)
        bad = list(given)
        bad[k] = spoil(bad[k])
        with rejected:
            _binding.gather(kernels, *bad, 3, 1.0, 0.1)
        assert_same_bits(given, before)
    for k in range(5):
        given = [*arrays(), rng.normal(size=(2, 9)), *arrays()[:1], rng.normal(size=(2, 9))]
        before = copy.deepcopy(given)
        bad = list(given)
        if k in (2, 4) and name not in ("None", "read only"):
            bad[k] = BAD_WEIGHTS.get(name, column_longer)(bad[k])
        else:
            bad[k] = spoil(bad[k])
        with rejected:
            _binding.step(kernels, _binding.SOLVERS["adam"], OPTIONS[solvers.Adam], *bad, 1.0, 1, 1.0)
        assert_same_bits(given, before)


def test_bad_numbers_of_solver_steps():
    kernels = _kernels.builds[BUILDS[0]]
    theta, g = np.ones(3), np.ones(3)
    for matrices in (-1, 4, 2**62, None, "1"):
        with rejected:
            _binding.gather(kernels, theta, g, matrices, 1.0, 1.0)
    memory = np.zeros((1, 3))
    for solver, options, error in [
        (-1, (), ValueError),
        (len(_binding.SOLVERS), (), ValueError),
        (_binding.SOLVERS["adam"], (1,) * 4, ValueError),  # Adam has two slots
        (0, (), ValueError),
        (0, (1,) * 50, ValueError),
        (0, ("a", 1, 1), TypeError),
        (0, None, TypeError),
        ("sgd", (1,) * 3, TypeError),
    ]:
        with pytest.raises(error):
            _binding.step(
                kernels, solver, options, theta, g, memory, theta.copy(), memory.copy(), 1.0, 1, 1.0
            )
    for nobody in (None, "avx2"):
        with rejected:
            _binding.gather(nobody, theta, g, 1, 1.0, 1.0)
        with rejected:
            _binding.step(nobody, 0, (1,) * 3, theta, g, memory, theta.copy(), memory.copy(), 1.0, 1, 1.0)
    assert theta.all()
    assert g.all()


# --- which build runs ---------------------------------------------------------------------------------


def test_the_best_build_runs_unless_told_otherwise(monkeypatch):
    assert _kernels._choose("") is _kernels.builds[BUILDS[0]]
    order = [name for name in reversed(_kernels.LEVELS) if name in BUILDS]
    assert order == BUILDS
    assert BUILDS[-1] == "baseline"
    for name in BUILDS:
        assert _kernels._choose(name).name == name
    monkeypatch.setattr(_kernels, "builds", {})
    assert _kernels._choose("") is None
    assert _kernels._choose("numpy") is None


def test_using_a_build():
    before = _kernels.build
    with _kernels.using("numpy"):
        assert _kernels.build is None
        with _kernels.using("baseline"):
            assert _kernels.build.name == "baseline"
        assert _kernels.build is None
    assert _kernels.build is before
    with contextlib.suppress(KeyError), _kernels.using("baseline"):
        raise KeyError
    assert _kernels.build is before
    with (
        pytest.raises(ImportError, match="it must be one of numpy, baseline, avx2, avx512"),
        _kernels.using("sse"),
    ):
        pass
    assert _kernels.build is before


def test_a_build_that_is_not_there(monkeypatch):
    monkeypatch.setattr(_kernels, "builds", {"baseline": _kernels.builds["baseline"]})
    with pytest.raises(ImportError, match=r"cannot run them\. Available: numpy, baseline\."):
        _kernels._choose("avx512")


def python(code, *arguments, **environment):
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments], env={**os.environ, **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


CONFIG = """
    import json
    import numpy as np
    import skrnn
    from skrnn import _kernels
    x = np.full(9, 1e-40, dtype=np.float32)
    assert (x * np.float32(1)).all() and 2.0**-1074 * len(x) > 0  # import flushes nothing
    print(json.dumps(skrnn.show_config(mode="dicts")))
"""


# the first import is of the first level; of the others, that of the kernels alone
AND_OTHERS = """
    import importlib, os, sys
    for level in sys.argv[1:]:
        os.environ["SKRNN_KERNELS"] = level
        try:
            importlib.reload(_kernels)
            print(json.dumps(skrnn.show_config(mode="dicts")))
        except ImportError as error:
            print(json.dumps(str(error)))
"""


def test_the_environment_chooses():
    first, *others = levels = [*_kernels.LEVELS, "AVX2"]
    run = python(textwrap.dedent(CONFIG) + textwrap.dedent(AND_OTHERS), *others, SKRNN_KERNELS=first)
    assert run.returncode == 0, run.stderr
    answers = dict(zip(levels, map(json.loads, run.stdout.splitlines()), strict=True))
    assert answers.pop("AVX2").startswith(
        "SKRNN_KERNELS='AVX2': it must be one of numpy, baseline, avx2, avx512"
    )
    for level, config in answers.items():
        if level == "numpy" or level in BUILDS:
            assert config["kernels"] == config["SKRNN_KERNELS"] == level
            assert config["available"] == ["numpy", *BUILDS]
            assert config["compiled"] is True
        else:
            assert config.startswith(f"SKRNN_KERNELS='{level}': these kernels were not compiled")


def test_show_config(capsys, monkeypatch):
    monkeypatch.delenv("SKRNN_KERNELS", raising=False)
    with _kernels.using("baseline"):
        config = skrnn.show_config(mode="dicts")
        assert capsys.readouterr().out == ""
        assert skrnn.show_config() is None
    assert config["kernels"] == "baseline"
    assert config["SKRNN_KERNELS"] is None
    assert {"skrnn", "python", "numpy", "scipy", "sklearn"} == set(config["versions"])
    printed = capsys.readouterr().out
    assert [line.split(":")[0] for line in printed.splitlines()] == list(config)
    assert "kernels: baseline\n" in printed
    assert f"available: {', '.join(['numpy', *BUILDS])}\n" in printed
    with _kernels.using("numpy"):
        assert skrnn.show_config(mode="dicts")["kernels"] == "numpy"
    for mode in ("dict", None, "", 1):
        with pytest.raises(ValueError, match="it must be 'stdout' or 'dicts'"):
            skrnn.show_config(mode)


WITHOUT = """
    import sys
    sys.modules["skrnn._kernels._binding"] = None
    import numpy as np
    import skrnn
    from skrnn import _kernels
    assert _kernels._binding is None and _kernels.build is None and not _kernels.builds
    config = skrnn.show_config(mode="dicts")
    assert config["kernels"] == "numpy" and config["available"] == ["numpy"]
    assert config["compiled"] is False
    X, y = np.random.RandomState(0).normal(size=(12, 5, 2)), np.arange(12.0)
    for cls in (skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor):
        model = cls(4, max_iter=3, tol=0, batch_size=5, random_state=0, n_jobs=2)
        import warnings
        warnings.simplefilter("ignore")
        print(repr(float(model.fit(X, y).predict(X).sum())))
        stream = model.stream()
        assert np.allclose([stream.step(x) for x in X[0]][-1], model.predict(X[:1])[0])
        model.set_params(rows="steps").fit(X[0], X[0])
        assert model.forecast(X[0], 3).shape == (3, 2)
        model.set_params(gradient="rtrl", initial_state="last")
        assert model.fit(X[0], X[0]).stream().learn(X[0, 0], X[0, 0]).shape == (2,)
    text = [np.array([1, 2, 1, 2, 1])]
    model = skrnn.GRUClassifier(4, embedding_size=2, return_sequences=True, max_iter=3)
    assert len(model.fit(text, text).generate(text[0], 3)) == 3
    pairs = skrnn.GRUEncoderDecoder(4, max_iter=3).fit(["ab", "c"], ["x", "yz"])
    assert len(pairs.predict(["ab", "c"])) == 2
    try:
        with _kernels.using("baseline"):
            pass
    except ImportError as error:
        assert "Available: numpy." in str(error)
    else:
        raise AssertionError
"""


def test_without_compiled_kernels_numpy_does_the_work():
    run = python(WITHOUT, SKRNN_KERNELS="")
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.split()) == 3


# --- what is left to NumPy ----------------------------------------------------------------------------


def asked(case, **changes):
    """What ``_kernels.unroll`` says to a case."""
    for name, value in changes.items():
        setattr(case, name, value)
    return _kernels.unroll(
        case.cell, case.layer, case.X, case.steps, case.state,
        reverse=False, keep=None, record=True, n_threads=1,
    )  # fmt: skip


@each_build
@each_cell
def test_every_cell_of_the_registry_has_its_twin(cell, build):
    assert _kernels._twin(make_cell(cell, 3, float)) == _binding.CELLS[cell]
    case = Case(cell, np.float64, [2, 2], 2)
    with _kernels.using(build):
        assert asked(case) is not None
    with _kernels.using("numpy"):
        assert asked(case) is None


@each_build
@each_cell
@pytest.mark.parametrize("changed", ["forward", "backward"])
def test_a_subclass_that_computes_something_else_is_left_to_numpy(cell, build, changed):
    case = Case(cell, np.float64, [2, 2], 2)
    method = getattr(type(case.cell), changed)

    class Mine(type(case.cell)):
        pass

    def mine(self, *args):
        out = method(self, *args)
        return (
            (tuple(-s for s in out[0]), *out[1:]) if changed == "forward" else (-out[0], -out[1], out[2])
        )

    setattr(Mine, changed, mine)
    activation = {"activation": case.cell.activation} if isinstance(case.cell, cells.Elman) else {}
    case.cell = Mine(7, np.float64, **activation)
    with _kernels.using(build):
        assert asked(case) is None
    tape = case.forward(build)[3]
    assert isinstance(tape, LayerTape)
    got, expected = ([*case.backward(case.forward(b)[3])[1]] for b in (build, "numpy"))
    np.testing.assert_array_equal(got, expected)


@each_build
def test_other_activations_are_left_to_numpy(build):
    compiled = {name.partition("_")[2] for name in CELLS if name.startswith("rnn")}
    assert compiled == {"tanh", "relu"}
    with _kernels.using(build):
        for activation in cells.ACTIVATIONS:
            cell = cells.Elman(7, np.dtype(float), activation)
            answer = asked(Case("rnn_tanh", np.float64, [2, 2], 2), cell=cell)
            assert (answer is None) == (activation not in compiled), activation


@each_build
@pytest.mark.parametrize("dtype", [int, np.int32, bool, np.float16, np.longdouble, complex, object])
def test_other_dtypes_are_left_to_numpy(build, dtype):
    if dtype is np.longdouble and np.dtype(dtype).char not in "g":
        pytest.skip("There is no long double.")
    case = Case("lstm", np.float64, [2, 2], 2)
    with _kernels.using(build):
        assert asked(case, X=case.X.astype(dtype)) is None


# --- processes, threads, memory -----------------------------------------------------------------------


def threads_of_this_process():
    """Their number, None where the system does not say."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return None


class TestFork:
    pytestmark = FORKS

    @each_build
    @pytest.mark.parametrize("shape", LARGE)
    @pytest.mark.parametrize("cell", ["rnn_tanh", "lstm"])
    def test_a_forked_child_computes_the_same_bits(self, build, shape, cell):
        """It has no helpers but those it makes: also the proof that ``LARGE`` needs them."""
        case = large(cell, np.float32, shape)
        expected = case.run(build, n_threads=3)

        def work():
            got = case.run(build, n_threads=3)
            assert_same_bits(got, expected)
            return json.dumps(threads_of_this_process()).encode()

        n_threads = json.loads(in_a_child(work))
        assert n_threads in (3, None)

    def test_a_child_of_a_child(self):
        case = large("gru", np.float64, "hill")
        expected = case.forward(BUILDS[0], 2)[0]

        def work():
            return case.forward(BUILDS[0], 2)[0].tobytes()

        assert in_a_child(lambda: in_a_child(work, seconds=20)) == expected.tobytes()
        assert work() == expected.tobytes()

    def test_fork_in_the_middle_of_the_work_of_others(self):
        case = large("lstm", np.float32, "falling")
        expected, stop, errors = case.forward(BUILDS[0], 3)[0], threading.Event(), []

        def others():
            while not stop.is_set():
                if not np.array_equal(case.forward_as_it_is(3)[0], expected):
                    errors.append("other bits")

        busy = [threading.Thread(target=others) for _ in range(2)]
        with _kernels.using(BUILDS[0]):
            for thread in busy:
                thread.start()
            try:
                for _ in range(8):
                    answer = in_a_child(lambda: case.forward_as_it_is(3)[0].tobytes())
                    assert answer == expected.tobytes()
            finally:
                stop.set()
                for thread in busy:
                    thread.join()
        assert not errors


def test_small_work_hires_nobody():
    if threads_of_this_process() is None or not hasattr(os, "fork"):
        pytest.skip("The system does not say how many threads there are.")
    case = Case("gru", np.float32, [9] * 9, 9)

    def work():
        case.run(BUILDS[0], n_threads=8)
        return bytes([threads_of_this_process()])

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert in_a_child(work) == b"\1"


@each_build
def test_calls_from_several_threads_at_once(build):
    jobs = [large(cell, np.float32, shape) for cell, shape in zip(CELLS, LARGE, strict=False)]
    expected, answers = [case.run(build) for case in jobs], []

    def work(k):
        for n_threads in (3, 1, 2, 3):
            tapes = jobs[k].forward_as_it_is(n_threads)
            dX, _ = jobs[k].backward(tapes[3])
            gradient = copy.deepcopy(jobs[k].gradient)
            tapes[3].gradient(gradient)
            answers.append(
                np.array_equal(tapes[0], expected[k]["forward H"])
                and np.array_equal(dX, expected[k]["backward dX"])
                and np.array_equal(gradient.W_h, expected[k]["gradient W_h"])
            )

    with _kernels.using(build), _kernels.keep_memory():
        threads = [threading.Thread(target=work, args=(k % len(jobs),)) for k in range(2 * len(jobs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [True] * (8 * len(jobs))


def every_way_in(build, seed):
    """What comes of a call of each way into the kernels, on arrays of this thread alone."""
    kernels, rng, out = _kernels.builds[build], np.random.RandomState(seed), []
    case = Case(CELLS[seed % len(CELLS)], np.float64, [40, 30, 30, 9], 40, D=7, H=45, seed=seed)
    for arithmetic in (FAST, EXACT):
        H, kept, final, tape = case.forward_as_it_is(1 + seed % 3)
        out += [H, *kept, *final, *case.backward(tape)[1], *tape.dA]
        gradient = copy.deepcopy(case.gradient)
        layer_gradient(gradient, tape, case.steps, arithmetic.weighing(case.weight))
        out += gradient
    number = _binding.CELLS[case.name]
    stepper = _binding.Stepper(kernels, [number], [case.layer], 40, 1)
    for _ in range(20):
        assert stepper.step(case.X[:40]) == 2
        out.append(stepper.h.copy())
    theta, g = rng.normal(size=(2, 5000))
    for name, number in _binding.SOLVERS.items():
        memory = np.zeros((solvers.SOLVERS[name].n_slots, 5000))
        out.append(np.array(_binding.gather(kernels, theta, g, 2000, 0.5, 0.1)))
        options = OPTIONS[solvers.SOLVERS[name]]
        _binding.step(
            kernels, number, options, theta, g.copy(), memory, g.copy(), memory.copy(), 1.0, 1, 1.0
        )
        out += [theta, memory]
    return [*out, kernels.apply("tanh", theta)]


@each_build
def test_every_way_in_from_several_threads_at_once(build):
    with _kernels.using(build):
        expected, wrong = [every_way_in(build, seed) for seed in range(6)], []

    def work(seed):
        try:
            for _ in range(3):
                with _kernels.keep_memory() if seed % 2 else contextlib.nullcontext():
                    assert_same_bits(every_way_in(build, seed), expected[seed])
        except BaseException as error:
            wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with _kernels.using(build):
            threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


def others_run_during(call, n):
    """Whether another thread gets a turn in n calls, although Python never asks for one."""
    calls, stop, interval = [], [], sys.getswitchinterval()

    def work():
        while not stop and len(calls) < n:
            call()
            calls.append(None)

    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        stop.append(True)
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    return len(calls) < n


def test_other_threads_run_during_every_long_call():
    kernels, case = _kernels.builds[BUILDS[-1]], Case("lstm", np.float64, [60] * 20, 60, D=20, H=40)
    tapes = [case.forward(BUILDS[-1])[3] for _ in range(60)]
    used = case.forward(BUILDS[-1])[3]
    case.backward(used)
    sigmas = gradient_sigmas(20, case.weight.sum())
    X, n = case.X, case.steps.counts
    lstm = _binding.CELLS["lstm"]
    stepper = _binding.Stepper(kernels, [lstm], [case.layer], 60, 1)
    theta, g, before, x = (np.ones(200_000) for _ in range(4))
    memory, memory_before = np.ones((2, 2, 200_000))
    adam, options = _binding.SOLVERS["adam"], OPTIONS[solvers.Adam]
    calls = {
        "unroll": lambda: _binding.unroll(kernels, lstm, case.layer, X, n, 60, case.state),
        "backward": lambda: tapes.pop().backward(case.dH, 0, case.dstate, True),
        "gradient": lambda: used.gradient(case.gradient),
        "exact gradient": lambda: used.gradient(case.gradient, case.weight, sigmas),
        "a large step of a stream": lambda: stepper.step(X[:60]),
        "gather": lambda: _binding.gather(kernels, theta, g, 10, 1.0, 0.0),
        "step": lambda: _binding.step(
            kernels, adam, options, theta, g, memory, before, memory_before, 1.0, 1, 1.0
        ),
        "apply": lambda: kernels.apply("tanh", x),
    }
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        assert not others_run_during(lambda: sum(range(10_000)), 60)
    for name, call in calls.items():
        assert others_run_during(call, 60 if name == "backward" else 2000), name


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="This Python has its lock.")
def test_the_extension_needs_no_lock_of_python():
    run = python("import sys, skrnn._kernels._binding; print(sys._is_gil_enabled())", PYTHON_GIL="")
    assert run.stdout == "False\n", run.stderr


def test_of_two_threads_one_goes_back():
    case = large("lstm", np.float32, "falling")
    for _ in range(50):
        tape, start, done = case.forward(BUILDS[-1])[3], threading.Barrier(2), []

        def work(tape=tape, start=start, done=done):
            start.wait()
            with contextlib.suppress(ValueError):
                done.append(case.backward(tape))

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 1


@each_dtype
@each_cell
def test_arrays_keep_their_values_while_memory_is_reused(cell, dtype):
    n, B_ = [6, 30, 12], 30

    def window(seed):
        case = Case(cell, dtype, n, B_, D=9, H=21, seed=seed, keep=1)
        H, kept, final, tape = case.forward(BUILDS[0])
        dX, dstate = case.backward(tape)
        return [H, *kept, *final, dX, *dstate], tape

    with _kernels.keep_memory():
        first, tape = window(0)
        del tape
        second, tape = window(1)
        copies = copy.deepcopy([first, second])
        part = first.pop(0)[3:5, 1:4]  # a view of a view is a user, too
        part_copy = part.copy()
        copies[0].pop(0)
        dA = copy.deepcopy(tape.dA)
        for seed in range(2, 8):
            window(seed)
        assert_same_bits(part, part_copy)
        assert_same_bits([first, second], copies)
        assert_same_bits(tape.dA, dA)
        with _kernels.keep_memory():
            window(8)
    for seed in range(9, 12):  # outlives the context
        window(seed)
    assert_same_bits(second, copies[1])


def test_memory_is_reused_in_the_context_only():
    case = Case("lstm", np.float64, [50] * 10, 50, D=9, H=64)

    def address():
        return case.forward(BUILDS[0], record=False)[0].ctypes.data

    with _kernels.keep_memory():
        with _kernels.keep_memory():
            where = {address() for _ in range(5)}
        where |= {address() for _ in range(5)}
        assert len(where) == 1
        held = case.forward(BUILDS[0], record=False)[0]
        assert held.ctypes.data in where
        assert address() not in where  # somebody uses it
    with contextlib.suppress(KeyError), _kernels.keep_memory():
        raise KeyError
    assert held.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_the_kernels_make_is_aligned(dtype):
    case = Case("gru", dtype, [3, 2], 3, D=3, H=5)
    for build in BUILDS:
        for array in (case.forward(build)[0], *case.forward(build)[2]):
            assert array.ctypes.data % 64 == 0


# --- from end to end ----------------------------------------------------------------------------------

REGRESSORS = {"rnn": skrnn.RNNRegressor, "lstm": skrnn.LSTMRegressor, "gru": skrnn.GRURegressor}
each_regressor = pytest.mark.parametrize("name", REGRESSORS)
POOLING_OF = {"rnn": "last", "lstm": "last_max", "gru": ("mean", "last", "max")}


@pytest.fixture
def may_use_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.usefixtures("may_use_threads")
class TestEstimators:
    @each_build
    @each_dtype
    @each_regressor
    def test_n_jobs_changes_no_bit(self, name, dtype, build, assert_same_weights):
        rng = np.random.RandomState(0)
        X, y = rng.normal(size=(100, 25, 3)).astype(dtype), rng.normal(size=100)
        settings = {"max_iter": 2, "batch_size": 50, "random_state": 0, "bidirectional": name == "gru"}
        settings |= {"pooling": POOLING_OF[name], "weight_dropout": 0.2}
        with _kernels.using(build):
            models = [REGRESSORS[name](64, n_jobs=k, **settings).fit(X, y) for k in (1, 2, 3)]
            first = models[0].predict(X)
            for other in models[1:]:
                assert_same_weights(other, models[0])
                assert other.loss_curve_ == models[0].loss_curve_
                np.testing.assert_array_equal(other.predict(X), first)
            np.testing.assert_array_equal(models[0].predict(X[7:8]), first[7:8])

    @each_regressor
    def test_n_jobs_changes_no_bit_of_the_whole_data_at_once(self, name, assert_same_weights):
        rng = np.random.RandomState(0)
        X = [rng.normal(size=(T, 3)) for T in rng.randint(10, 40, size=60)]
        y = rng.normal(size=60)
        models = [REGRESSORS[name](64, max_iter=2, random_state=0, n_jobs=k).fit(X, y) for k in (1, 2, 3)]
        for other in models[1:]:
            assert_same_weights(other, models[0])

    @each_build
    @each_regressor
    @pytest.mark.parametrize("batch_size", [8, 25], ids=["batches", "whole"])
    @pytest.mark.parametrize(
        "options",
        [
            {"bidirectional": True, "hidden_size": (7, 5)},
            {"k2": 5, "solver": "rmsprop"},
            {"return_sequences": True, "k1": 2, "k2": 3, "solver": "sgd", "learning_rate_init": 0.01},
            {"return_sequences": True, "target_delay": 1, "alpha": 0.1, "dropout": 0.2},
            {"pooling": "last_max", "weight_dropout": 0.3, "dropout": 0.2},
            {"pooling": ("mean", "last"), "bidirectional": True, "weight_dropout": 0.3},
        ],
        ids=str,
    )
    def test_numpy_learns_the_same(self, name, build, batch_size, options):
        rng = np.random.RandomState(0)
        lengths = rng.randint(2, 12, size=25)
        X = [rng.normal(size=(T, 3)) for T in lengths]
        y = [x[:, 0] for x in X] if options.get("return_sequences") else [x.mean() for x in X]
        if name == "rnn" and batch_size == 25:
            options = {**options, "activation": "relu"}
        models = []
        for kernels in ("numpy", build):
            with _kernels.using(kernels):
                settings = {"hidden_size": 7, "max_iter": 5, "random_state": 0, "batch_size": batch_size}
                models.append(REGRESSORS[name](**{**settings, **options}).fit(X, y))
                models.append(models[-1].predict(X))
        numpy_model, numpy_predictions, model, predictions = models
        assert model.loss_curve_[-1] != model.loss_curve_[0]
        for key, W in numpy_model.weights_.items():
            np.testing.assert_allclose(model.weights_[key], W, rtol=0, atol=1e-8, err_msg=key)
        np.testing.assert_allclose(
            np.concatenate(list(predictions), axis=None),
            np.concatenate(list(numpy_predictions), axis=None),
            atol=1e-8,
        )
