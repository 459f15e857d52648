"""Transformers of this package that look at more than one step of a series, in ONNX.

Shapes: X (n, T, F) of sequences that may be padded, with ``lengths`` (n,), or the table (T, F) of a
single series; a window has L rows.

Each is a function of the graph, the fitted transformer and what is ``Given``, and returns what is given
to the next one; to add one, enter it in ``SERIES``.
"""

import numpy as np

from skrnn._settings.quoting import quote
from skrnn._transformers.differencer import Differencer, lags_of
from skrnn._transformers.fill_forward import FillForward
from skrnn._transformers.series_scaler import SeriesScaler
from skrnn._transformers.sliding_window import SlidingWindow
from skrnn._transformers.swap_time_axis import SwapTimeAxis
from skrnn.interop._onnx_network import SEQUENCES


def not_written(transformer, why=""):
    """The error about a transformer that there is no graph of."""
    name = type(transformer).__name__
    return ValueError(
        f"to_onnx does not write {name}{why}. Transform X before the graph reads it, and pass the last "
        "step of the pipeline, estimator[-1]. Of sequences it writes TimeDistributed around scalers, "
        "TokenEncoder, FillForward, SeriesScaler, Differencer, SlidingWindow and SwapTimeAxis."
    )


def _check_one_series(transformer):
    """The graph reads a single series, without the column that says which."""
    if transformer.sequence_id is not None:
        raise not_written(transformer, f" with sequence_id={quote(transformer.sequence_id)}")


# --- axes and windows -------------------------------------------------------------------------------


def _swapped(g, transformer, given):
    return given._replace(X=g.op("Transpose", given.X, perm=[0, 2, 1]))


def _windows(g, transformer, given):
    """(T, F) -> (windows, L, F): the rows of each, the first row where there is none."""
    _check_one_series(transformer)
    T, stride = g.op("Squeeze", g.size(given.X, 0), [0]), transformer.stride
    first = g.op("Mod", g.op("Sub", T, 1), stride)  # windows are counted back from the last row
    ends = g.op("Unsqueeze", g.op("Range", first, T, stride), [1])
    before = np.arange(1 - transformer.length, 1)[None] * transformer.sampling_step
    rows = g.op("Max", g.op("Add", ends, before), 0)
    return given._replace(X=g.op("Gather", given.X, rows, axis=0), layout=SEQUENCES)


# --- differences ------------------------------------------------------------------------------------


def _differences(g, transformer, given):
    """Every value without an earlier one of its series."""
    _check_one_series(transformer)
    X, axis, depth = given.X, 1 if given.layout == SEQUENCES else 0, 0
    n_axes = 2 + axis
    for lag in lags_of(transformer):
        depth += lag
        before = [lag * (k == axis) for k in range(n_axes)]
        earlier = g.op("Pad", X, [*before, *[0] * n_axes], 0.0)
        earlier = g.op("Slice", earlier, [0], g.size(X, axis), [axis])
        X = g.op("Sub", X, earlier)
    T = g.op("Squeeze", g.size(X, axis), [0])
    steps = g.op("Unsqueeze", g.op("Range", 0, T, 1), [1])
    has_earlier = g.op("GreaterOrEqual", steps, depth)
    return given._replace(X=g.op("Where", has_earlier, X, float(transformer.fill_value)))


# --- scales -----------------------------------------------------------------------------------------


def _scaled(g, transformer, given):
    """Every series by its own statistics: of a table those of fit, of sequences those that they have."""
    _check_one_series(transformer)
    if given.layout != SEQUENCES:
        center, scale = transformer.center_[0], transformer.scale_[0]
        return given._replace(X=g.op("Div", g.op("Sub", given.X, center), scale))
    if transformer.method not in ("standard", "mean"):
        raise not_written(transformer, f" with method={quote(transformer.method)}, of sequences")
    # in float64, as skrnn does: else no series were constant
    wide = g.in_dtype(np.float64)
    X = wide.cast(given.X)
    center, scale = _statistics(wide, transformer.method, X, _is_known(wide, X, given.lengths))
    return given._replace(X=g.cast(wide.op("Div", wide.op("Sub", X, center), scale)))


def _is_known(g, X, lengths):
    """Which values of X (n, T, F) are there, and are numbers."""
    known = g.op("Not", g.op("IsNaN", X))
    if lengths is None:
        return known
    T = g.op("Squeeze", g.size(X, 1), [0])
    steps = g.op("Unsqueeze", g.op("Range", 0, T, 1), [0, 2])
    return g.op("And", known, g.op("Less", steps, g.op("Unsqueeze", lengths, [1, 2])))


def _statistics(g, method, X, known):
    """Center and scale (n, 1, F) of what is known; the scale of what is constant is 1."""
    count = g.op("Max", g.op("ReduceSum", g.cast(known), [1]), 1.0)

    def mean(values):
        return g.op("Div", g.op("ReduceSum", g.op("Where", known, values, 0.0), [1]), count)

    if method == "mean":
        center, scale = g.op("Mul", count, 0.0), mean(g.op("Abs", X))
    else:
        center = mean(X)
        distance = g.op("Sub", X, center)
        scale = g.op("Sqrt", mean(g.op("Mul", distance, distance)))
    rounding = g.op("Mul", g.op("Abs", center), 10 * np.finfo(float).eps)
    return center, g.op("Where", g.op("Greater", scale, rounding), scale, 1.0)


# --- missing values ---------------------------------------------------------------------------------


def _filled(g, transformer, given):
    """Every value, or the last one before it, and beside them what was missing, and for how long."""
    _check_one_series(transformer)
    of_sequences = given.layout == SEQUENCES
    X = g.op("Transpose", given.X, perm=[1, 0, 2]) if of_sequences else g.op("Unsqueeze", given.X, [1])
    time = _feature_of_time(transformer)
    blocks = _last_seen(g, transformer, X, _times(g, X, time))
    F = len(transformer.fill_values_)
    told = [k for k in range(F) if k != time]
    wanted = (True, transformer.add_indicator, transformer.time_since)
    parts = [blocks[0]] + [
        block if len(told) == F else g.op("Gather", block, told, axis=2)
        for block, is_wanted in zip(blocks[1:], wanted[1:], strict=True) if is_wanted
    ]  # fmt: skip
    X = g.op("Concat", *parts, axis=2)
    X = g.op("Transpose", X, perm=[1, 0, 2]) if of_sequences else g.op("Squeeze", X, [1])
    return given._replace(X=X)


def _feature_of_time(transformer):
    """The position of the feature that is the time, or None."""
    time = transformer.time
    if isinstance(time, (str, tuple)):
        return list(transformer.feature_names_in_).index(time)
    return None if time is None else time % len(transformer.fill_values_)


def _times(g, X, k):
    """The times (T, n, F) of the steps of X (T, n, F), of which feature k is the time, if it is one."""
    if k is None:
        T = g.op("Squeeze", g.size(X, 0), [0])
        times = g.cast(g.op("Unsqueeze", g.op("Range", 0, T, 1), [1, 2]))
    else:
        times = g.op("Gather", X, [k], axis=2)
    return g.op("Expand", times, g.op("Shape", X))


def _last_seen(g, transformer, X, times):
    """What a value becomes, whether it was missing, and how long it has been: each (T, n, F)."""
    is_missing, fill = g.op("IsNaN", X), transformer.fill_values_
    start = g.op("Expand", fill[None], g.op("Slice", g.op("Shape", X), [1], [3]))
    since_first = g.op("Squeeze", g.op("Slice", times, [0], [1], [0]), [0])

    def step(body, states, values, mask):
        is_there = body.op("Not", body.op("IsNaN", values[0]))
        new = [body.op("Where", is_there, a, b) for a, b in zip(values, states, strict=True)]
        return new, new

    _, (filled, seen) = g.scan(step, [start, since_first], [X, times], width=len(fill))
    since = g.op("Sub", times, seen)
    if transformer.time_since == "bounded":
        since = g.op("Div", since, g.op("Add", since, transformer.time_scales_))
    return filled, g.cast(is_missing), since


SERIES = {
    FillForward: _filled,
    Differencer: _differences,
    SeriesScaler: _scaled,
    SlidingWindow: _windows,
    SwapTimeAxis: _swapped,
}
