"""Targets that are numbers: what a regressor knows of its y, and how outputs become predictions.

Shapes: y (rows, K), one row per sequence or per time step; raw outputs (rows, K). Most losses train on y
standardised by its weighted mean and deviation, as the first fit found them.

The protocol that ``Labels`` and ``Texts`` share is described in ``_reading/reader.py``.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.metrics import d2_pinball_score, r2_score

from skrnn._engine.arithmetic import exact_sum_of
from skrnn._reading.targets import (
    read_single_targets,
    read_targets_per_step,
    reject_negative,
    warn_of_a_column,
)
from skrnn._settings.quoting import quote
from skrnn._settings.settings import loss_class

UNITS_OF_Y = ("y.mean", "y.scale")  # their names beside weights
SOME_ROWS = 1 << 16  # of y, converted at a time
PLAIN = frozenset({float, int, np.float64, np.float32, np.int64, np.int32})  # types of a number of y
MANY = 2.0**53  # float64 holds every whole number up to it, float32 is far from its end


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a regressor knows of its targets.

    Attributes
    ----------
    loss_name : str or type
        The parameter ``loss``: a name, or a class below ``Loss``.
    loss_options : dict
        What the loss takes of the parameters.
    n_outputs : int
    is_1d : bool
        Whether predictions have one number per row, and no axis of outputs.
    mean, scale : (n_columns,) arrays
        What y is standardised by; zeros and ones if the loss takes y as it is.
    start : (n_outputs,) array or None
        The outputs before training; None: zeros.
    """

    loss_name: object
    loss_options: dict
    n_outputs: int
    is_1d: bool
    mean: np.ndarray
    scale: np.ndarray
    start: np.ndarray | None = None

    is_indicator = False

    # --- reading y ----------------------------------------------------------------------------------

    @staticmethod
    def read(settings, y, samples, names):
        """y (rows, K), and whether it had no axis of outputs."""
        if settings.steps_in_y:
            passed = y
            y, is_1d = read_targets_per_step(y, samples, names.y, names.X)
            if y.shape[1] == 1 and not is_1d:
                warn_of_a_column(passed, names.y)
                is_1d = True
        else:
            y, is_1d = read_single_targets(y, samples, names.y, names.X)
        loss = settings.new_loss()
        if loss.positive_only:
            reject_negative(y, samples, settings.loss, names.y)
        return y, is_1d

    @classmethod
    def learn(cls, settings, y, is_1d, weight, units=None):
        """The facts of a first fit, from y (rows, K) and its weights (rows,).

        ``units`` are mean and scale of all y that will come, each None or (K,).
        """
        loss = settings.new_loss()
        mean, scale = units_of(y, weight, units)
        if loss.standardises_y:
            check_varies(scale, np.float64)
        if loss.positive_only and not (mean > 0).all():
            raise ValueError(
                f"loss={settings.loss!r} requires sum(y) > 0, of every output, but all y with weight are "
                "0."
            )
        start, trained_mean = None, np.zeros_like(mean)  # of y as the loss gets it
        if not loss.standardises_y:
            trained_mean, mean, scale = mean, trained_mean, np.ones_like(scale)
        if loss.start is not None:
            trained = (y - mean) / scale if loss.standardises_y else y
            start = loss.start(trained, weight, trained_mean)
        return cls(
            settings.loss, settings.loss_options, loss.n_outputs(y.shape[1]),
            is_1d and not loss.are_several, mean, scale, start,
        )  # fmt: skip

    @classmethod
    def given(cls, settings, n_outputs, *, units):
        """The facts beside given weights, of ``n_outputs`` outputs; None: they do not say.

        ``units`` are y.mean and y.scale; without them the outputs are in units of y.
        """
        loss, (mean, scale) = settings.new_loss(), (units.get(name) for name in UNITS_OF_Y)
        known = [one for one in (mean, scale) if one is not None]
        if n_outputs is None:
            n_outputs = loss.n_outputs(known[0].size if known else 1)
        n = next((n for n in range(1, n_outputs + 1) if loss.n_outputs(n) == n_outputs), None)
        if n is None:
            raise ValueError(
                f"weights['readout.b'] has {n_outputs} outputs, which is no multiple of the "
                f"{loss.n_outputs(1)} quantiles. Pass the quantile of the model that the weights are of."
            )
        mean = np.zeros(n) if mean is None else mean.astype(np.float64)
        scale = np.ones(n) if scale is None else scale.astype(np.float64)
        _check_units(mean, scale, n, loss, settings)
        is_1d = n == 1 and not loss.are_several
        return cls(settings.loss, settings.loss_options, n_outputs, is_1d, mean, scale)

    def check_agrees(self, settings):
        """Raise a ValueError if training would go on with another loss than it began with."""
        before = {"loss": self.loss_name, **self.loss_options}
        for name, now in {"loss": settings.loss, **settings.loss_options}.items():
            if before.get(name) != now:
                raise ValueError(
                    f"{name} was {quote(before.get(name))} when the weights were made and is "
                    f"{quote(now)} now: training cannot go on from them. Fit a new estimator, or set it "
                    "back."
                )

    def encode(self, y, is_1d, dtype, names, weight):
        """y (rows, K) as the loss takes it."""
        if y.shape[1] != len(self.mean):
            raise ValueError(
                f"{names.y} has {y.shape[1]} outputs, but {names.model} was fitted on {len(self.mean)}."
            )
        if largest(y).max() > np.finfo(dtype).max:
            raise ValueError(f"{names.y} has values too large for {dtype}. Scale it first.")
        check_varies(self.scale, dtype, names.y)
        encoded = np.empty(y.shape, dtype=dtype)
        for start in range(0, len(y), SOME_ROWS):
            part = slice(start, start + SOME_ROWS)
            encoded[part] = (y[part].astype(np.float64) - self.mean) / self.scale
        return encoded

    def step_encoder(self, n, dtype):
        """Function of y of one step of n streams, as the loss takes it (n, K); of one also a number."""
        K = len(self.mean)
        shapes = [(n, K), *([(n,)] if K == 1 else []), *([(K,)] if n == 1 else [])]
        shapes += [()] if n * K == 1 else []
        positive = loss_class(self.loss_name).positive_only

        def encode(y):
            values = np.asarray(y)
            if values.dtype.kind not in "biuf" or values.shape not in shapes:
                expected = "a number" if n * K == 1 else f"numbers of shape {shapes[-1]}"
                raise ValueError(f"y must be {expected}, the target of the step, got {quote(y)}.")
            with np.errstate(over="ignore"):
                encoded = ((values.reshape(n, K) - self.mean) / self.scale).astype(dtype)
            if not np.isfinite(encoded).all():
                raise ValueError(f"y must be finite, and not too large for {dtype}, got {quote(y)}.")
            if positive and (values < 0).any():
                raise ValueError(f"y must be >= 0 with loss={quote(self.loss_name)}, got {quote(y)}.")
            return encoded

        if n * K > 1:
            return encode
        return partial(
            _number_of_step, mean=float(self.mean[0]), scale=float(self.scale[0]),
            least=0 if positive else -MANY, dtype=dtype, otherwise=encode,
        )  # fmt: skip

    def factors(self, settings, y, weight):
        """Numbers have no classes."""

    def stratify(self, y):
        """Numbers have no classes."""

    # --- answers ------------------------------------------------------------------------------------

    def loss(self):
        """The loss that is trained on."""
        return loss_class(self.loss_name)(**self.loss_options)

    def answers(self, dtype):
        """Name of a method -> function of the raw outputs (rows, K)."""
        loss, n_targets = self.loss(), len(self.mean)
        shape = (n_targets, len(loss.quantiles)) if loss.are_several and n_targets > 1 else None
        return {"predict": partial(in_units_of_y, is_1d=self.is_1d, shape=shape, **self.units(dtype))}

    def units(self, dtype):
        """What makes predictions of raw outputs: link, scale and mean."""
        scale, mean = (value.astype(dtype) for value in (self.scale, self.mean))
        loss = self.loss()
        if loss.are_several:  # quantiles of one target stand side by side
            scale, mean = (np.repeat(value, len(loss.quantiles)) for value in (scale, mean))
        return {"link": loss.inverse_link, "scale": scale, "mean": mean}

    def fed_back(self, y):
        """What a forecast writes into X of predictions (n,) or (n, K): an array (n, n_columns)."""
        loss = self.loss()
        if loss.are_several:
            y = y[..., np.argmin(np.abs(loss.quantiles - 0.5))]  # of two as near the lower one
        return y.reshape(len(y), -1)

    def score(self, raw, data):
        """R^2, or D^2, of raw outputs for a data set."""
        y, weight, _ = data.flat_targets()
        counts = weight > 0
        predicted = self.loss().inverse_link(raw[counts])
        if not np.isfinite(predicted).all():  # the next update will notice; scores cannot take it
            return np.nan
        return self.score_of(y[counts], predicted, weight[counts])

    def score_of(self, y, predicted, weight=None):
        """R^2 of predictions (rows[, K]) in any unit of y; of several quantiles the mean D^2."""
        loss = self.loss()
        if not np.isfinite(predicted).all():
            raise ValueError("The predictions are not all finite: they have no score.")
        y, predicted = in_a_unit(y, predicted)
        if weight is not None:
            (weight,) = in_a_unit(weight)
        if not loss.are_several:
            with np.errstate(over="ignore"):  # so bad that it is -inf
                return r2_score(y, predicted, sample_weight=weight)
        weight = np.ones(len(predicted)) if weight is None else weight
        predicted = predicted.reshape(len(predicted), -1, len(loss.quantiles))
        columns = np.asarray(y).reshape(len(predicted), -1).T
        scores = [
            d2_pinball_score(column, q, alpha=alpha, sample_weight=weight)
            for k, column in enumerate(columns)
            for q, alpha in zip(predicted[:, k].T, loss.quantiles, strict=True)
        ]
        return float(np.mean(scores))

    def fold(self, weights):
        """Change the read-out among ``weights`` so that its outputs are in units of y, if they can be.

        Where the dtype has no such number, it is infinite.
        """
        if not self.loss().identity_link:
            return
        dtype = weights["readout.W"].dtype
        scale, mean = self.scale.astype(dtype), self.mean.astype(dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            weights["readout.W"] *= scale
            weights["readout.b"][...] = weights["readout.b"] * scale + mean

    def units_of_y(self):
        """What y is standardised by, named as it stands beside the exact weights."""
        return dict(zip(UNITS_OF_Y, (self.mean.copy(), self.scale.copy()), strict=True))

    def published(self):
        """The attributes of the estimator that say this."""
        return {"n_outputs_": self.n_outputs}


def _check_units(mean, scale, n, loss, settings):
    """Raise a ValueError for a given mean or scale that are none of n targets."""
    for name, value in zip(UNITS_OF_Y, (mean, scale), strict=True):
        if value.shape != (n,):
            raise ValueError(
                f"weights[{name!r}] has shape {value.shape}, but must have {(n,)}, one number for each "
                "target. Leave it out if the outputs are in units of y."
            )
    if (scale <= 0).any():
        raise ValueError("weights['y.scale'] must be > 0. Pass the deviation of y, or leave it out.")
    if not loss.standardises_y and (mean.any() or (scale != 1).any()):
        raise ValueError(
            f"loss={quote(settings.loss)} takes y as it is: leave 'y.mean' and 'y.scale' out of weights."
        )


def _number_of_step(y, *, mean, scale, least, dtype, otherwise):
    """The target (1, 1) of one step of a single stream: as ``otherwise``, in a fifth of its time."""
    if type(y) in PLAIN and least <= y <= MANY:
        value = (float(y) - mean) / scale
        if -MANY <= value <= MANY:
            return np.array([[value]], dtype=dtype)
    return otherwise(y)


def check_varies(scale, dtype, name="y"):
    """Raise a ValueError if y cannot be divided by its deviation ``scale`` (n_columns,)."""
    least = float(np.finfo(dtype).tiny)
    if (scale < least).any():
        raise ValueError(
            f"{name} varies by less than {least:.1e}, the smallest number that {np.dtype(dtype)} has in "
            f"full precision. Multiply {name} by a constant first."
        )


def in_a_unit(*arrays):
    """The arrays, divided by one power of two if their squares would overflow or vanish.

    Nothing is rounded then, so that ratios stay what they are. What is no array of finite floats is left
    as it is, for others to complain about.
    """
    values = [np.asarray(array) for array in arrays]
    if not all(v.dtype.kind in "fiu" and v.size and np.isfinite(v).all() for v in values):
        return arrays
    dtype = np.result_type(np.float32, *values)
    exponent = max(int(np.frexp(np.abs(v).max().astype(np.float64))[1]) for v in values)
    if abs(exponent) <= np.finfo(dtype).maxexp // 4:
        return arrays
    return tuple(np.ldexp(v.astype(dtype), -exponent) for v in values)


def largest(y):
    """The largest absolute value of every column, without a copy."""
    return np.maximum(y.max(axis=0).astype(np.float64), -y.min(axis=0).astype(np.float64))


def units_of(y, weight, units):
    """The mean and scale (K,) that y is standardised by: those that were given, or its own."""
    own, K = mean_and_deviation(y, weight), y.shape[1]
    if units is None:
        return own
    found = []
    for name, one, default in zip(("y_mean", "y_scale"), units, own, strict=True):
        given = default if one is None else np.asarray(one, dtype=np.float64).reshape(-1)
        if (
            given.shape != (K,)
            or not np.isfinite(given).all()
            or (name == "y_scale" and (given <= 0).any())
        ):
            what = "positive" if name == "y_scale" else "finite"
            raise ValueError(
                f"{name} must be {what}, a number for each of the {K} outputs, got {quote(one)}."
            )
        found.append(given)
    return tuple(found)


def mean_and_deviation(y, weight):
    """Weighted mean and standard deviation of the columns of y (rows, K); 1 where y is constant."""
    mean, deviation, unit = moments_in_a_unit(y, weight)
    # a constant column has a deviation of round-off, or none; asked before the unit makes zeros of both
    constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return mean * unit, np.where(constant, 1.0, deviation * unit)


def moments(y, weight):
    """Weighted mean and standard deviation of the columns of y (rows, K)."""
    mean, deviation, unit = moments_in_a_unit(y, weight)
    return mean * unit, deviation * unit


def moments_in_a_unit(y, weight):
    """The same in a unit in which neither is too small, and that unit."""
    W = weight.sum()
    # in this unit squares neither overflow nor vanish; a power of two, so that nothing is rounded
    unit = np.ldexp(1.0, np.minimum(np.maximum(np.frexp(largest(y))[1], -1000), 1000))

    def blocks(mean, power):  # y may be a file: never a copy of the whole
        for start in range(0, len(y), SOME_ROWS):
            yield (y[start : start + SOME_ROWS].astype(np.float64) / unit - mean) ** power

    def exact_mean(*of):  # the blocks are gone through twice; a single one is made once
        once = list(blocks(*of)) if len(y) <= SOME_ROWS else None
        return exact_sum_of(partial(blocks, *of) if once is None else partial(iter, once), weight) / W

    mean = exact_mean(0.0, 1)
    return mean, np.sqrt(exact_mean(mean, 2)), unit


def in_units_of_y(raw, *, link, scale, mean, is_1d, shape=None):
    """Raw outputs (rows, K) -> predictions (rows, K), or (rows,) for a 1-D y, or (rows, *shape)."""
    with np.errstate(over="ignore", invalid="ignore"):  # who asks is told (``advise_on_overflow``)
        y = link(raw) * scale + mean
    if shape is not None:
        return y.reshape(len(y), *shape)
    return y[:, 0] if is_1d else y
