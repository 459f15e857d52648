"""The compiled kernels against PyTorch and onnxruntime: training, inference, unequal lengths, threads.
And against nobody: one step of each solver.

One layer, no read-out, the loss looks at the last step, no gradient of the inputs, no solver step; both
sides start from arrays in memory. Every figure is the median of interleaved runs in one process. Each
level of vector instructions has a process of its own, in which PyTorch, its libraries and NumPy are held
to the same level by their environment variables. Ratios are the peer's time by ours: above 1, ours is
faster.

Run: python benchmarks/kernels.py              all tables (some ten minutes)
     python benchmarks/kernels.py NAME ...     of training threads inference ragged lengths denormals
                                               solvers
     --seconds S                               time for each figure and side, default 1
Needs torch but for ``solvers``, for ``inference`` also onnx and onnxruntime.
"""

import argparse
import os
import subprocess
import sys
import time

LEVELS = {  # what holds the peers to a level
    "avx512": {},
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
    "baseline": {
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
}
SHAPES = [
    (50, 1, 1, 16), (50, 32, 1, 16), (100, 32, 8, 32), (100, 32, 8, 64), (100, 64, 16, 128),
    (28, 128, 28, 128), (100, 128, 64, 256), (1000, 32, 4, 32),
]  # fmt: skip
# cell, dtype, level, threads
TRAINING = [
    ("lstm", "float32", "avx512", 1),
    ("lstm", "float32", "avx2", 1),
    ("gru", "float32", "avx512", 1),
    ("rnn", "float32", "avx512", 1),
    ("lstm", "float64", "avx512", 1),
    ("gru", "float64", "avx512", 1),
    ("rnn", "float64", "avx512", 1),
    ("lstm", "float32", "avx512", 2),
    ("gru", "float32", "avx512", 2),
    ("rnn", "float32", "avx512", 2),
    ("gru", "float32", "avx2", 1),
    ("rnn", "float32", "avx2", 1),
    ("lstm", "float32", "baseline", 1),
]
TABLES = ["training", "threads", "inference", "ragged", "lengths", "denormals", "solvers"]
N_WEIGHTS = 20_000  # of a solver step


# --- the parent: one process for each level and number of threads ---------------------------------------


def run_worker(table, level, threads, seconds, *arguments):
    environment = os.environ | LEVELS[level] | {"SKRNN_KERNELS": level}
    pools = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    environment |= dict.fromkeys(pools, str(threads))
    command = [sys.executable, __file__, "--worker", table, str(threads), str(seconds), *arguments]
    subprocess.run(command, env=environment, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    for table in options.tables:
        if table == "training":
            for cell, dtype, level, threads in TRAINING:
                run_worker(table, level, threads, options.seconds, cell, dtype)
        elif table == "solvers":
            for level in LEVELS:
                run_worker(table, level, 1, options.seconds)
        else:
            run_worker(table, "avx512", 2 if table == "threads" else 1, options.seconds)


# --- the worker -----------------------------------------------------------------------------------------


def interleaved(functions, seconds, pause=0.0):
    """Median seconds of each function, called in turns."""
    import numpy as np

    for f in functions:
        f()
    times = [[] for _ in functions]
    end = time.perf_counter() + seconds * len(functions)
    while len(times[0]) < 5 or (time.perf_counter() < end and len(times[0]) < 500):
        for f, t in zip(functions, times, strict=True):
            if pause:  # idle threads of an OpenMP library keep spinning for a while
                time.sleep(pause)
            before = time.perf_counter()
            f()
            t.append(time.perf_counter() - before)
    return [float(np.median(t)) for t in times]


def peak(dtype):
    """Multiplications and additions per second of the machine's own matrix product, by NumPy."""
    import numpy as np

    A = np.random.RandomState(0).uniform(size=(1536, 1536)).astype(dtype)
    (seconds,) = interleaved([lambda: A @ A], 0.5)
    return 2 * 1536**3 / seconds


class Ours:
    """One layer of ours on the weights of a PyTorch layer."""

    def __init__(self, cell, theirs, n, B, n_threads=1):
        import numpy as np

        from skrnn import _kernels
        from skrnn._engine.arithmetic import FAST
        from skrnn._engine.packing import Steps, Window
        from skrnn._engine.recurrence import Layer, Recurrence, layer_gradient, unroll, unroll_backward
        from skrnn.cells import CELLS

        _kernels.keep_memory().__enter__()  # as in fit
        p = [w.detach().numpy() for w in theirs.parameters()]
        self.layer = Layer(np.ascontiguousarray(p[0].T), np.ascontiguousarray(p[1].T), p[2], p[3])
        self.steps, self.window = Steps(n, B), Window
        H, dtype = p[1].shape[1], p[0].dtype
        self.cell = CELLS[cell](H, dtype)
        self.recurrence = Recurrence(self.cell, n_threads=n_threads)
        self.zeros = tuple(np.zeros((B, H), dtype) for _ in range(self.cell.n_states))
        self.g = Layer(*(np.zeros_like(w) for w in self.layer))
        self.functions = unroll, unroll_backward, layer_gradient, FAST

    def infer(self, X, record=False):
        unroll, _, _, fast = self.functions
        window = self.window(X, self.steps)
        return unroll(self.recurrence, self.layer, window, self.zeros, fast, record=record)

    def train(self, X, dH, first):
        _, backward, gradient, fast = self.functions
        tape = self.infer(X, record=True)[-1]
        nothing = (None,) * self.cell.n_states
        backward(tape, dH, first, nothing, fast, need_dX=False)
        for view in self.g:
            view[...] = 0
        gradient(self.g, tape, self.steps, fast)


def torch_layer(cell, F, H, dtype):
    import torch

    torch.manual_seed(0)
    return getattr(torch.nn, cell.upper())(F, H, dtype=getattr(torch, dtype))


def geometric_mean(ratios):
    import numpy as np

    return float(np.exp(np.mean(np.log(ratios))))


def dense_training(cell, dtype, shape, threads, seconds):
    """Median seconds of ours and of PyTorch, and operations of one training step."""
    import numpy as np
    import torch

    T, B, F, H = shape
    rng = np.random.RandomState(0)
    theirs = torch_layer(cell, F, H, dtype)
    ours = Ours(cell, theirs, [B] * T, B, threads)
    X, dh = rng.normal(size=(T, B, F)).astype(dtype), rng.normal(size=(B, H)).astype(dtype)
    X_torch, dh_torch, flat = torch.from_numpy(X), torch.from_numpy(dh), X.reshape(T * B, F)

    def torch_step():
        theirs.zero_grad(set_to_none=True)
        theirs(X_torch)[0][-1].backward(dh_torch)

    times = interleaved(
        [lambda: ours.train(flat, dh, T - 1), torch_step], seconds, pause=0.01 if threads > 1 else 0.0
    )
    for g, w in zip(ours.g, theirs.parameters(), strict=True):  # the same computation
        np.testing.assert_allclose(g, w.grad.numpy().T, rtol=0, atol=2e-5 * float(w.grad.abs().max()))
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[cell]
    return *times, 2 * gates * T * B * H * (2 * (F + H) + H)


def training(threads, seconds, cell, dtype):
    import torch

    import skrnn

    torch.set_num_threads(threads)
    top = peak(dtype)
    level = skrnn.show_config("dicts")["kernels"]
    print(f"\nTraining step, {cell.upper()}, {dtype}, {level}, {threads} thread(s)", end="; ")
    print(f"the machine's matrix product {top / 1e9:.0f} GFLOP/s")
    print(f"{'T, B, F, H':>20}{'ours ms':>10}{'torch ms':>10}{'ratio':>8}{'of product':>12}")
    ratios = []
    for shape in SHAPES:
        ours, theirs, operations = dense_training(cell, dtype, shape, threads, seconds)
        ratios.append(theirs / ours)
        print(
            f"{', '.join(map(str, shape)):>20}{1e3 * ours:>10.3f}{1e3 * theirs:>10.3f}{ratios[-1]:>8.2f}"
            f"{operations / ours / top:>12.0%}", flush=True,
        )  # fmt: skip
    print(f"{'smallest':>20}{min(ratios):>28.2f}\n{'geometric mean':>20}{geometric_mean(ratios):>28.2f}")


def threads(threads, seconds):
    """Two threads against one, ours only: never more than 5 % slower."""
    import numpy as np

    print("\nTraining step with 1 and 2 threads, float32 (no peer in the process)")
    print(f"{'cell':>6}{'T, B, F, H':>20}{'1: ms':>10}{'2: ms':>10}{'1 by 2':>8}")
    for cell in ("lstm", "gru", "rnn"):
        for T, B, F, H in SHAPES:
            theirs = torch_layer(cell, F, H, "float32")
            X = np.random.RandomState(0).normal(size=(T * B, F)).astype(np.float32)
            dh = np.ones((B, H), dtype=np.float32)
            layers = [Ours(cell, theirs, [B] * T, B, n) for n in (1, 2)]
            one, two = interleaved([lambda o=o: o.train(X, dh, T - 1) for o in layers], seconds)  # noqa: B023
            print(
                f"{cell:>6}{', '.join(map(str, (T, B, F, H))):>20}{1e3 * one:>10.3f}{1e3 * two:>10.3f}"
                f"{one / two:>8.2f}", flush=True,
            )  # fmt: skip


def onnx_session(theirs, F, H):
    """An onnxruntime session of one LSTM layer with the weights of a PyTorch layer."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def in_order(w):  # i f g o -> i o f c
        i, f, g, o = np.split(w.detach().numpy(), 4)
        return np.concatenate([i, o, f, g])[None]

    W, R, b, c = (in_order(w) for w in theirs.parameters())
    weights = {"W": W, "R": R, "b": np.concatenate([b, c], axis=1)}
    graph = helper.make_graph(
        [helper.make_node("LSTM", ["X", "W", "R", "b"], ["Y"], hidden_size=H)],
        "layer",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, None, F])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1, None, H])],
        [numpy_helper.from_array(w, name) for name, w in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def inference(threads, seconds):
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    print("\nInference, LSTM, float32, outputs of all steps, 1 thread")
    print(f"{'T, B, F, H':>20}{'ours ms':>10}{'torch ms':>10}{'onnx ms':>10}{'torch':>8}{'onnx':>8}")
    ratios = []
    for T, B, F, H in SHAPES:
        theirs = torch_layer("lstm", F, H, "float32")
        session, ours = onnx_session(theirs, F, H), Ours("lstm", theirs, [B] * T, B)
        X = np.random.RandomState(0).normal(size=(T, B, F)).astype(np.float32)
        X_torch, flat = torch.from_numpy(X), X.reshape(T * B, F)
        with torch.inference_mode():
            expected = theirs(X_torch)[0].numpy().reshape(T * B, H)
            np.testing.assert_allclose(ours.infer(flat)[0], expected, atol=2e-5)
            np.testing.assert_allclose(
                session.run(None, {"X": X})[0].reshape(T * B, H), expected, atol=2e-5
            )
            o, t, x = interleaved(
                [
                    lambda: ours.infer(flat),  # noqa: B023
                    lambda: theirs(X_torch),  # noqa: B023
                    lambda: session.run(None, {"X": X}),  # noqa: B023
                ],
                seconds,
            )
        ratios.append((t / o, x / o))
        print(
            f"{', '.join(map(str, (T, B, F, H))):>20}{1e3 * o:>10.3f}{1e3 * t:>10.3f}{1e3 * x:>10.3f}"
            f"{t / o:>8.2f}{x / o:>8.2f}", flush=True,
        )  # fmt: skip
    torch_ratios, onnx_ratios = zip(*ratios, strict=True)
    print(f"{'smallest':>20}{min(torch_ratios):>38.2f}{min(onnx_ratios):>8.2f}")
    print(
        f"{'geometric mean':>20}{geometric_mean(torch_ratios):>38.2f}{geometric_mean(onnx_ratios):>8.2f}"
    )


def ragged_batch(B, lengths):
    """Sequences alive at each step, longest first."""
    import numpy as np

    return [int((lengths > t).sum()) for t in range(int(np.max(lengths)))]


def ragged(threads, seconds):
    """32 sequences of 20 to 100 steps, packed by pack_padded_sequence for PyTorch."""
    import numpy as np
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence

    torch.set_num_threads(threads)
    B, F, H = 32, 16, 64
    lengths = np.sort(np.random.RandomState(0).randint(20, 101, B))[::-1].copy()
    n = ragged_batch(B, lengths)
    print(f"\nTraining step, unequal lengths, float32: B={B}, F={F}, H={H}", end=", ")
    print(f"lengths 20 to 100, mean {lengths.mean():.1f}")
    print(f"{'cell':>6}{'ours ms':>10}{'torch ms':>10}{'ratio':>8}")
    for cell in ("lstm", "gru", "rnn"):
        theirs = torch_layer(cell, F, H, "float32")
        padded = torch.randn(int(lengths[0]), B, F)
        packed = pack_padded_sequence(padded, torch.from_numpy(lengths))
        ours, X = Ours(cell, theirs, n, B), packed.data.numpy()
        dH = np.ones((len(X), H), dtype=np.float32)
        dH_torch = torch.from_numpy(dH)

        def torch_step(theirs=theirs, packed=packed, dH_torch=dH_torch):
            theirs.zero_grad(set_to_none=True)
            theirs(packed)[0].data.backward(dH_torch)

        o, t = interleaved([lambda: ours.train(X, dH, 0), torch_step], seconds)  # noqa: B023
        np.testing.assert_allclose(ours.g.W_h.T, theirs.weight_hh_l0.grad.numpy(), rtol=1e-3, atol=1e-2)
        print(f"{cell:>6}{1e3 * o:>10.3f}{1e3 * t:>10.3f}{t / o:>8.2f}", flush=True)


def lengths(threads, seconds):
    """Cost follows the sum of the lengths, and a new T or B costs nothing extra."""
    import numpy as np

    rng = np.random.RandomState(0)
    print("\nTraining step by number of rows (sum of the lengths), LSTM float32, B=32, F=16, H=64")
    theirs = torch_layer("lstm", 16, 64, "float32")
    cases = {
        "32 x 100": [32] * 100,
        "32 x 50": [32] * 50,
        "20 to 100": ragged_batch(32, rng.randint(20, 101, 32)),
        "1 to 100": ragged_batch(32, rng.randint(1, 101, 32)),
        "31 of 20, 1 of 400": ragged_batch(32, np.r_[np.full(31, 20), 400]),
    }

    def step(n):
        ours, N = Ours("lstm", theirs, n, 32), sum(n)
        X, dH = rng.normal(size=(N, 16)).astype(np.float32), np.ones((N, 64), dtype=np.float32)
        return lambda: ours.train(X, dH, 0)

    times = interleaved([step(n) for n in cases.values()], seconds)
    first = times[0] / sum(cases["32 x 100"])
    print(f"{'lengths':>20}{'rows':>8}{'ms':>10}{'us per row':>12}{'relative':>10}")
    for (name, n), t in zip(cases.items(), times, strict=True):
        print(
            f"{name:>20}{sum(n):>8}{1e3 * t:>10.3f}{1e6 * t / sum(n):>12.3f}{t / sum(n) / first:>10.2f}"
        )

    print("\nA new T for every call against the same T (LSTM, B=32, F=16, H=64)")
    import torch

    torch.set_num_threads(threads)
    new = iter(rng.permutation(np.arange(60, 600)))
    same = iter(np.full(10**6, 330))

    def ours_step(T):
        X = np.ones((T * 32, 16), dtype=np.float32)
        o = Ours("lstm", theirs, [32] * T, 32)
        before = time.perf_counter()
        o.train(X, np.ones((32, 64), dtype=np.float32), T - 1)
        return (time.perf_counter() - before) / T

    def torch_step(T):
        X = torch.ones(T, 32, 16)
        before = time.perf_counter()
        theirs.zero_grad(set_to_none=True)
        theirs(X)[0][-1].sum().backward()
        return (time.perf_counter() - before) / T

    for name, f in (("ours", ours_step), ("torch", torch_step)):
        f(330)
        per_step = [[], []]
        for _ in range(100):
            per_step[0].append(f(int(next(new))))
            per_step[1].append(f(int(next(same))))
        a, b = (1e6 * float(np.median(t)) for t in per_step)
        print(f"{name:>8}: {a:.2f} us per step with a new T, {b:.2f} with the same: {a / b:.2f}")


def denormals(threads, seconds):
    """Gradients that vanish into denormals over 1000 steps against gradients that do not vanish."""
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    T, B, F, H = 1000, 32, 4, 32
    print("\nTraining step, 1000 steps, float32: loss at the last step (gradients vanish), at every step")
    print(f"{'cell':>6}{'last ms':>10}{'every':>8}{'ratio':>8}{'torch last':>12}{'every':>8}{'ratio':>8}")
    for cell in ("lstm", "gru", "rnn"):
        theirs = torch_layer(cell, F, H, "float32")
        ours = Ours(cell, theirs, [B] * T, B)
        X = np.random.RandomState(0).normal(size=(T, B, F)).astype(np.float32)
        flat, X_torch = X.reshape(T * B, F), torch.from_numpy(X)
        last, every = np.ones((B, H), dtype=np.float32), np.ones((T * B, H), dtype=np.float32)
        every_torch, last_torch = torch.ones(T, B, H), torch.ones(B, H)

        def torch_step(of_last, theirs=theirs, X_torch=X_torch, last=last_torch, every=every_torch):
            theirs.zero_grad(set_to_none=True)
            H_ = theirs(X_torch)[0]
            H_[-1].backward(last) if of_last else H_.backward(every)

        a, b, c, d = interleaved(
            [
                lambda: ours.train(flat, last, T - 1),  # noqa: B023
                lambda: ours.train(flat, every, 0),  # noqa: B023
                lambda: torch_step(True),
                lambda: torch_step(False),
            ],
            seconds,
        )
        print(
            f"{cell:>6}{1e3 * a:>10.2f}{1e3 * b:>8.2f}{a / b:>8.2f}"
            f"{1e3 * c:>12.1f}{1e3 * d:>8.1f}{c / d:>8.2f}", flush=True,
        )  # fmt: skip


def solver_step(name, dtype, n):
    """A function that takes one step of a solver with ``n`` weights."""
    import numpy as np

    from skrnn import _kernels
    from skrnn.solvers import SOLVERS

    theta, g = np.random.RandomState(0).normal(size=(2, n)).astype(dtype)
    solver = SOLVERS[name](theta, 1e-9)
    before, memory_before, gradient = np.empty_like(theta), np.empty_like(solver.memory), g.copy()

    def step():
        g[:] = gradient  # the step has emptied it
        _kernels.step(solver, theta, g, 0.5, before, memory_before)

    return step


def solvers(threads, seconds):
    """One step of each solver, which copies weights and memory and empties the gradient, too."""
    import skrnn

    level, names = skrnn.show_config("dicts")["kernels"], ("sgd", "adam", "rmsprop")
    print(f"\nOne solver step, {N_WEIGHTS} weights, {level}, in microseconds")
    print(f"{'':>10}" + "".join(f"{name:>10}" for name in names))
    for dtype in ("float32", "float64"):
        times = interleaved([solver_step(name, dtype, N_WEIGHTS) for name in names], seconds)
        print(f"{dtype:>10}" + "".join(f"{1e6 * t:>10.1f}" for t in times), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        table, n_threads, duration, *rest = sys.argv[2:]
        globals()[table](int(n_threads), float(duration), *rest)
    else:
        main()
