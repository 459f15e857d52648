"""X, y and weights as scikit-learn passes them -> spec and ``Dataset``; all errors before any change.

``Reading`` joins the containers (``_sequences.py``) with what the estimator asks of them: its
parameters at the first fit, its ``_spec`` afterwards. What targets are, the classes say:

``_read_y(y, X, names)``                   -> (rows, K) values and whether y had one column only
``_learn_targets(y, is_1d, weight)``       -> plain facts: loss, outputs, classes or mean and scale
``_encode_y(y, is_1d, targets, name)``     -> (rows, .) floats that the loss takes
``_class_factors(y, targets, weight)``     -> (n_classes,) factors of the weights, or None
``_stratify(y)``                           -> labels to stratify a split by, or None
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import validate_data

from skrnn._advice import (
    advise_on_axes,
    advise_on_one_hot,
    advise_on_targets,
    advise_on_unit,
    say,
)
from skrnn._batches import Dataset, Sequences
from skrnn._checks import check_hidden_size
from skrnn._sequences import axes_advice, choose_dtype, read_X
from skrnn._targets import check_targets, read_weights
from skrnn.solvers import SOLVERS

LONG_SEQUENCE = 10_000

# What of _spec must agree when training goes on from earlier weights, and its parameter.
_MUST_AGREE = {
    "cell_options": "activation",
    "hidden_sizes": "hidden_size",
    "bidirectional": "bidirectional",
    "pooling": "pooling",
    "per_step": "return_sequences",
    "delay": "target_delay",
    "step_features": "step_features",
}


class Names(NamedTuple):
    """What the data are called in messages."""

    X: str = "X"
    y: str = "y"
    weight: str = "sample_weight"


TRAINING, VALIDATION = Names(), Names("X_val", "y_val", "sample_weight_val")


class Reading:
    """Mixin: ``_read`` and what it needs."""

    def _read(self, X, y, sample_weight, known, names=TRAINING, **target_options):
        """Everything that fit is given -> (spec, Dataset); raises before anything changes.

        ``known`` is the spec that the data must agree with, None to make a new one.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if known is not None and hasattr(self, "_theta") and names is TRAINING:
            validate_data(self, X=X, skip_check_array=True, ensure_2d=False, reset=False)
        container = self._read_X(X, known, names.X)
        sequences = container.sequences
        per_step = self.return_sequences
        check_targets(y, sequences, names.y, names.X, per_step=per_step)
        weight, step_weight = read_weights(
            sample_weight, sequences, names.weight, names.X, per_step=per_step
        )
        y, y_is_1d = self._read_y(y, sequences, names)
        spec = self._make_spec(container)
        row_weight = step_weight if step_weight is not None else weight
        if per_step and step_weight is None:
            row_weight = np.repeat(weight, sequences.lengths)
        if known is None:
            spec["targets"] = self._learn_targets(y, y_is_1d, row_weight, **target_options)
        else:
            self._check_agrees(spec, known)
            spec["targets"] = known["targets"]
        y = self._encode_y(y, y_is_1d, spec, names.y)
        if names is TRAINING:
            spec["class_factors"] = self._class_factors(y, spec["targets"], row_weight)
        else:  # of validation data as of the training data, whatever classes they hold
            spec["class_factors"] = known["class_factors"]
        data = self._make_dataset(sequences, y, weight, step_weight, spec["class_factors"])
        if not len(data):
            raise ValueError(f"{names.weight} and class_weight leave nothing: all weights are zero.")
        if names is TRAINING:
            self._warn_about(container, y, spec, is_new=known is None)
        return spec, data

    def _make_dataset(self, sequences, y, weight, step_weight, class_factors):
        """Without the sequences of weight zero."""
        class_weight = None if class_factors is None else class_factors[y[:, 0].astype(np.intp)]
        if self.return_sequences:
            y = Sequences(y, sequences.lengths)
            step_weight, class_weight = (
                None if values is None else Sequences(values[:, None], sequences.lengths)
                for values in (step_weight, class_weight)
            )
        data = Dataset(
            sequences, y, weight, step_weight=step_weight, class_weight=class_weight,
            delay=self.target_delay, replication=self.target_replication,
        )  # fmt: skip
        return data.without_zero_weights()

    def _warn_about(self, container, y, spec, *, is_new):
        """Say what is probably not meant, now that everything can be read."""
        sequences = container.sequences
        self._check_batch_size(len(sequences))
        advise_on_unit(y, spec["targets"], spec["dtype"], is_new)
        if is_new and container.kind != "table":
            advise_on_axes(sequences)
        if is_new and not self.return_sequences:
            advise_on_targets(y, sequences)
        if is_new and "classes" in spec["targets"] and not spec["targets"]["is_1d"]:
            advise_on_one_hot(y)
        can_truncate = not self.bidirectional and not SOLVERS[self.solver].full_batch
        if can_truncate and not (self.k1 or self.k2) and sequences.lengths.max() > LONG_SEQUENCE:
            say(
                f"X has a sequence of {sequences.lengths.max()} steps and k1=None: memory grows with the "
                "length. Set k1 (and k2) to train by truncated backpropagation.",
                stacklevel=6,
            )

    def _check_batch_size(self, n):
        """Warn, or raise where it has a meaning to come, if a batch holds more than the n sequences."""
        if self.batch_size == "auto" or self.batch_size <= n or SOLVERS[self.solver].full_batch:
            return
        if self.return_sequences and self.k1 is not None:
            raise NotImplementedError(
                f"batch_size={self.batch_size} is larger than the {n} sequences of X: cutting them "
                "into pieces that run side by side is not available in this version of skrnn."
            )
        say(
            f"batch_size={self.batch_size} is larger than the {n} sequences of X: all of them are one "
            "batch. Lower it.",
            stacklevel=7,
        )

    def _check_same_columns(self, X, X_val):
        """Raise scikit-learn's error if X and X_val are tables with different columns."""
        columns = BaseEstimator()
        for part, reset in ((X, True), (X_val, False)):
            validate_data(columns, X=part, skip_check_array=True, ensure_2d=False, reset=reset)

    def _read_X(self, X, known=None, input_name="X"):
        """X as a Container; it must agree with ``known`` (a spec)."""
        name, dtype = type(self).__name__, self.dtype
        if known is None:
            dtype = None if dtype is None else np.dtype(dtype)
            return read_X(X, step_features=self.step_features, dtype=dtype, estimator=name)
        was_table = known["kind"] == "table"
        container = read_X(
            X, step_features=known["step_features"], dtype=np.dtype(known["dtype"]),
            fitted_kind=known["kind"], estimator=name, input_name=input_name,
        )  # fmt: skip
        if was_table != (container.kind == "table"):
            raise ValueError(
                f"{name} was fitted on {'2-D X' if was_table else 'sequences'}, but {input_name} is now "
                f"{'sequences' if was_table else '2-D'}. Pass it in the form that was passed to fit: a "
                f"{'2-D array' if was_table else '3-D array or a list of arrays'}."
            )
        if container.n_features_in != known["n_features_in"]:
            raise ValueError(
                f"{input_name} has {container.n_features_in} features, but {name} is expecting "
                f"{known['n_features_in']} features as input."
                + axes_advice(container.sequences, input_name, n_features=known["n_features_in"])
            )
        columns = container.columns, known["columns"]
        if None not in columns and columns[0] != columns[1]:
            raise ValueError(
                f"The sequences of {input_name} have the columns {columns[0]}, but those in fit had "
                f"{columns[1]}. Give them the same columns in the same order."
            )
        return container

    def _make_spec(self, container):
        """What the network and the reading of X need to know."""
        dtype = self.dtype or choose_dtype(container.sequences.values.dtype)
        return {
            "cell": self._cell,
            "cell_options": self._cell_options(),
            "hidden_sizes": check_hidden_size(self.hidden_size),
            "bidirectional": bool(self.bidirectional),
            "pooling": self.pooling,
            "per_step": bool(self.return_sequences),
            "delay": int(self.target_delay),
            "step_features": int(self.step_features),
            "n_inputs": container.sequences.n_features,
            "n_features_in": container.n_features_in,
            "kind": container.kind,
            "columns": container.columns,
            "dtype": np.dtype(dtype).name,
        }

    def _check_agrees(self, spec, known, parameters=_MUST_AGREE):
        for key, parameter in parameters.items():
            if spec[key] != known[key]:
                raise ValueError(
                    f"{parameter} was {known[key]!r} when the weights were made and is {spec[key]!r} "
                    "now: training cannot go on from them. Fit a new estimator, or set it back."
                )

    def _hold_out(self, data, random_state):
        """Split off ``validation_fraction``: whole sequences, or the tail of a single one."""
        n = len(data)
        if data.per_step and n == 1:
            return data.split_tail(self.validation_fraction)
        stratify = None if data.per_step else self._stratify(data.y)
        try:
            training, held_out = train_test_split(
                np.arange(n), test_size=self.validation_fraction, random_state=random_state,
                stratify=stratify,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True cannot hold out validation_fraction={self.validation_fraction} of "
                f"{n} sequences: {error} Change validation_fraction, pass X_val and y_val, or set "
                "early_stopping=False."
            ) from None
        return data.select(training), data.select(held_out)

    def _check_validation(self, validation, given):
        """Raise if a score of the validation data is not defined: it needs two targets or more."""
        if (validation.flat_targets()[1] > 0).sum() < 2:
            what, how = "X_val", "Pass more."
            if not given:
                what = "The validation set"
                how = "Increase validation_fraction, pass X_val and y_val, or set early_stopping=False."
            raise ValueError(
                f"{what} is too small: a score needs two targets or more, with weights above zero. {how}"
            )
