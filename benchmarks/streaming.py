"""One time step at a time: ``stream().step(x)`` against a one-step session of onnxruntime and PyTorch.

A trained network, one stream, a new x (F,) for every call, F = 8, all costs of the call included; the
peers get the same weights and carry the state from call to call, as ours does. Our calls and those of
onnxruntime alternate; those of PyTorch are measured by themselves, in between: they leave nothing of the
others in the caches, and would double both. Every figure is the median of ``--repeats`` medians of a
thousand calls each, in microseconds. Ratios are the peer's time by ours: above 1, ours is faster. One
thread.

onnxruntime: RNN, GRU or LSTM with its state as input and output, then Gemm; ``session.run`` with a dict
of arrays. PyTorch: ``torch.nn.LSTM`` and so on, then ``Linear``, in inference mode.

Run: python benchmarks/streaming.py [--repeats R]
Needs onnx, onnxruntime and torch.
"""

import argparse
import time
import warnings

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.exceptions import ConvergenceWarning

import skrnn

MODELS = {"LSTM": skrnn.LSTMRegressor, "GRU": skrnn.GRURegressor, "RNN": skrnn.RNNRegressor}
F = 8
# gates in the order of onnx: i o f c; z r h
ORDERS = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}


def fitted(cell, H, dtype):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(30, 20, F)).astype(dtype), rng.normal(size=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MODELS[cell](H, max_iter=2, random_state=0).fit(X, y)


class Onnx:
    """A session of one time step."""

    def __init__(self, cell, model):
        weights = model.weights_
        H = weights["layer0.W_h"].shape[0]

        def in_order(w):
            gates = np.split(w.T, len(ORDERS[cell]))
            return np.concatenate([gates[k] for k in ORDERS[cell]])[None]

        W, R, b_x, b_h = (in_order(weights[f"layer0.{k}"]) for k in ("W_x", "W_h", "b_x", "b_h"))
        arrays = {
            "W": W,
            "R": R,
            "B": np.concatenate([b_x, b_h], axis=1),
            "V": weights["readout.W"],
            "c": weights["readout.b"],
            "one": np.array([0]),
        }
        states = ["h", "C"] if cell == "LSTM" else ["h"]
        after = [f"{s}_next" for s in states]
        options = {"linear_before_reset": 1} if cell == "GRU" else {}
        inputs = ["X", "W", "R", "B", "", *states]
        graph = helper.make_graph(
            [
                helper.make_node(cell, inputs, ["", *after], hidden_size=H, **options),
                helper.make_node("Squeeze", ["h_next", "one"], ["top"]),
                helper.make_node("Gemm", ["top", "V", "c"], ["y"]),
            ],
            "step",
            [helper.make_tensor_value_info("X", TensorProto.FLOAT, [1, 1, F])]
            + [helper.make_tensor_value_info(s, TensorProto.FLOAT, [1, 1, H]) for s in states],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])]
            + [helper.make_tensor_value_info(s, TensorProto.FLOAT, [1, 1, H]) for s in after],
            [numpy_helper.from_array(np.ascontiguousarray(w), name) for name, w in arrays.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            made.SerializeToString(), settings, ["CPUExecutionProvider"]
        )
        self.states = states
        self.feed = {s: np.zeros((1, 1, H), dtype=np.float32) for s in states}

    def step(self, x):
        self.feed["X"] = x.reshape(1, 1, F)
        y, *after = self.session.run(None, self.feed)
        for name, state in zip(self.states, after, strict=True):
            self.feed[name] = state
        return y[0, 0]


class Torch:
    """The layer and the read-out as PyTorch modules."""

    def __init__(self, cell, model, dtype):
        weights = {k: torch.from_numpy(w.T.copy()) for k, w in model.weights_.items()}
        dtype = getattr(torch, dtype)
        H = weights["layer0.W_h"].shape[1]
        self.layer = getattr(torch.nn, cell)(F, H, dtype=dtype)
        self.readout = torch.nn.Linear(H, 1, dtype=dtype)
        with torch.no_grad():
            for p, k in zip(self.layer.parameters(), ("W_x", "W_h", "b_x", "b_h"), strict=True):
                p.copy_(weights[f"layer0.{k}"])
            self.readout.weight.copy_(weights["readout.W"])
            self.readout.bias.copy_(weights["readout.b"])
        self.state = None

    def step(self, x):
        top, self.state = self.layer(torch.from_numpy(x)[None], self.state)
        return self.readout(top)[0, 0].item()


def alternating(steps, X):
    """Median microseconds of each function, the calls alternating."""
    clock, times = time.perf_counter_ns, [[] for _ in steps]
    for k in range(1000):
        x = X[k % len(X)]
        for step, t in zip(steps, times, strict=True):
            before = clock()
            step(x)
            t.append(clock() - before)
    return [1e-3 * float(np.median(t)) for t in times]


def compare(cell, H, dtype, repeats):
    model = fitted(cell, H, dtype)
    X = np.random.RandomState(1).normal(size=(100, F)).astype(dtype)
    sides, peer = [model.stream()], Torch(cell, model, dtype)
    if dtype == "float32":  # onnxruntime's recurrent layers are float32 only
        sides.append(Onnx(cell, model))
    for x in X:  # the same numbers
        answers = [float(side.step(x)) for side in [*sides, peer]]
        np.testing.assert_allclose(answers, answers[0], rtol=1e-3, atol=1e-4)
    steps = [side.step for side in sides]
    times = [alternating(steps, X) + alternating([peer.step], X) for _ in range(repeats)]
    return np.median(times, axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    config = skrnn.show_config("dicts")
    print(f"skrnn {skrnn.__version__} ({config['kernels']}), numpy {np.__version__}", end=", ")
    print(f"onnxruntime {onnxruntime.__version__}, torch {torch.__version__}; F = {F}, one stream")
    print(f"\n{'cell':<6}{'dtype':>9}{'H':>5}{'ours us':>10}{'onnx us':>10}{'torch us':>10}", end="")
    print(f"{'onnx':>8}{'torch':>8}")
    with torch.inference_mode():
        for dtype in ("float32", "float64"):
            for cell in MODELS:
                for H in (8, 32, 128):
                    ours, *onnx, theirs = compare(cell, H, dtype, repeats)
                    a, b = (f"{onnx[0]:.1f}", f"{onnx[0] / ours:.2f}") if onnx else ("-", "-")
                    print(
                        f"{cell:<6}{dtype:>9}{H:>5}{ours:>10.1f}{a:>10}{theirs:>10.1f}{b:>8}"
                        f"{theirs / ours:>8.2f}", flush=True,
                    )  # fmt: skip


if __name__ == "__main__":
    main()
