"""X, y and weights as scikit-learn passes them -> spec and ``Dataset``; all errors before any change.

``Reading`` joins the containers (``containers.py``) with what the estimator asks of them: its
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

from skrnn._engine.dataset import Dataset
from skrnn._reading.advice import (
    advise_on_axes,
    advise_on_one_hot,
    advise_on_targets,
    advise_on_unit,
    say,
)
from skrnn._reading.containers import axes_advice, check_finite, choose_dtype, read_sequences
from skrnn._reading.rows import read_rows
from skrnn._reading.targets import check_targets, is_ones, ones, read_weights, weight_of_rows
from skrnn._reading.tokens import check_tokens, read_rows_of_tokens, read_tokens
from skrnn._settings.checks import check_hidden_size
from skrnn.solvers import SOLVERS

LONG_SEQUENCE = 10_000

# What of _spec must agree when training goes on from earlier weights, and its parameter.
_MUST_AGREE = {
    "rows": "rows",
    "sequence_id": "sequence_id",
    "embedding_size": "embedding_size",
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


def read_X(
    X, *, rows, sequence_id, step_features, tokens, n_tokens, dtype, fitted_kind=None, estimator=None,
    input_name="X",
):  # fmt: skip
    """Read X in the way that the parameters say, and check that its values can be computed with.

    Parameters
    ----------
    X : any container of the table in ``containers.py``
    rows, sequence_id, step_features
        The parameters of the estimators.
    tokens : bool
        Whether X holds tokens, and how many there are.
    n_tokens : int or None
        The number of different ones; None: as X says.
    dtype : dtype or None
        What will be computed in; None: as X says.
    fitted_kind, estimator, input_name : str
        The ``kind`` of the X that was fitted, and what estimator and X are called in messages.

    Returns
    -------
    Container
    """
    names = {"estimator": estimator, "input_name": input_name}
    if rows == "steps":
        container = read_rows(X, sequence_id, **names)
        if tokens:
            container = read_rows_of_tokens(container, input_name)
    elif tokens:
        container = read_tokens(X, fitted_kind=fitted_kind, **names)
    else:
        container = read_sequences(X, step_features=step_features, fitted_kind=fitted_kind, **names)
    sequences = container.sequences
    if tokens:
        return container._replace(n_tokens=check_tokens(sequences, n_tokens, input_name))
    check_finite(sequences, dtype or choose_dtype(sequences.values.dtype), input_name)
    return container


class Reading:
    """Mixin: ``_read`` and what it needs."""

    def _read(self, X, y, sample_weight, known, names=TRAINING, *, partial_fit=False, **target_options):
        """Everything that fit is given -> (spec, Dataset, Container); raises before anything changes.

        ``known`` is the spec that the data must agree with, None to make a new one; in
        ``partial_fit`` series start from the states in which training left them.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if known is not None and hasattr(self, "_theta") and names is TRAINING:
            validate_data(self, X=X, skip_check_array=True, ensure_2d=False, reset=False)
        container = self._read_X(X, known, names.X)
        spec = self._make_spec(container, known)
        if known is not None:
            self._check_agrees(spec, known)
        units, step_by_step = container.units, self._has_steps_in_y()
        check_targets(y, units, names.y, names.X, per_step=step_by_step)
        weights = read_weights(sample_weight, units, names.weight, names.X, per_step=step_by_step)
        y, y_is_1d = self._read_y(y, units, names)
        row_weight = weight_of_rows(*weights, units, len(y))
        if known is None:
            spec["targets"] = self._learn_targets(y, y_is_1d, row_weight, **target_options)
        else:
            spec["targets"] = known["targets"]
        y = self._encode_y(y, y_is_1d, spec, names.y)
        if names is TRAINING:
            spec["class_factors"] = self._class_factors(y, spec["targets"], row_weight)
        else:  # of validation data as of the training data, whatever classes they hold
            spec["class_factors"] = known["class_factors"]
        data = self._make_dataset(container, y, *weights, spec["class_factors"], partial_fit)
        weighty = data.without_zero_weights()
        if not len(weighty):
            raise ValueError(f"{names.weight} and class_weight leave nothing: all weights are zero.")
        if names is TRAINING:
            self._warn_about(container, y, spec, is_new=known is None)
        # the state of a series moves on also where it has no weight
        return spec, data if partial_fit and self.rows == "steps" else weighty, container

    def _has_steps_in_y(self):
        """Whether y has, for every sequence, as many targets as it has steps."""
        return self.return_sequences and self.rows != "steps"

    def _per_step(self):
        """Whether there is a target for every time step."""
        return self.return_sequences or self.rows == "steps"

    def _make_dataset(self, container, y, weight, step_weight, class_factors, partial_fit):
        """Of all sequences, those without weight included."""
        X = container.sequences
        class_weight = None if class_factors is None else class_factors[y[:, 0].astype(np.intp)]
        if container.kind == "rows" and step_weight is None:
            weight, step_weight = ones(len(X)), weight
        if self._per_step():
            y = X.same_steps(y)
            step_weight, class_weight = (
                None if values is None or is_ones(values) else X.same_steps(values[:, None])
                for values in (step_weight, class_weight)
            )
        return Dataset(
            X, y, weight, step_weight=step_weight, class_weight=class_weight,
            delay=self.target_delay, replication=self.target_replication,
            start=self._start_states(container, training=True) if partial_fit else None,
        )  # fmt: skip

    def _warn_about(self, container, y, spec, *, is_new):
        """Say what is probably not meant, now that everything can be read."""
        sequences = container.sequences
        self._check_batch_size(len(sequences))
        advise_on_unit(y, spec["targets"], spec["dtype"], is_new)
        if is_new and container.kind in ("array", "list") and not self.embedding_size:
            advise_on_axes(sequences)
        if is_new and not self._per_step():
            advise_on_targets(y, sequences)
        if is_new and "classes" in spec["targets"] and not spec["targets"]["is_1d"]:
            advise_on_one_hot(y)
        can_truncate = not self.bidirectional and not SOLVERS[self.solver].full_batch
        if can_truncate and not (self.k1 or self.k2) and sequences.lengths.max() > LONG_SEQUENCE:
            say(
                f"X has a sequence of {sequences.lengths.max()} steps and k1=None: memory grows with the "
                "length. Set k1 (and k2) to train by truncated backpropagation."
            )

    def _check_batch_size(self, n):
        """Warn if a batch would hold more than the n sequences, and they cannot be cut into pieces."""
        if self.batch_size == "auto" or self.batch_size <= n or SOLVERS[self.solver].full_batch:
            return
        if not self._cuts_pieces():
            say(
                f"batch_size={self.batch_size} is larger than the {n} sequences of X: all of them are "
                "one batch. Lower it."
            )

    def _cuts_pieces(self):
        """Whether sequences are cut into pieces if a batch holds more than there are sequences."""
        return self._per_step() and self.k1 is not None and self.batch_size != "auto"

    def _in_pieces(self, data):
        """The data set whose sequences run side by side: pieces of them if a batch holds more."""
        if not self._cuts_pieces() or self.batch_size < 2 * len(data):
            return data
        shortest = max(self.k1, self._longest_window())
        return data.pieces(self.batch_size // len(data), shortest)

    def _check_same_columns(self, X, X_val):
        """Raise scikit-learn's error if X and X_val are tables with different columns."""
        columns = BaseEstimator()
        for part, reset in ((X, True), (X_val, False)):
            validate_data(columns, X=part, skip_check_array=True, ensure_2d=False, reset=reset)

    def _read_X(self, X, known=None, input_name="X"):
        """X as a Container; it must agree with ``known`` (a spec)."""
        name = type(self).__name__
        if known is None:
            return read_X(
                X, rows=self.rows, sequence_id=self.sequence_id, step_features=self.step_features,
                tokens=self.embedding_size is not None, n_tokens=self.n_tokens,
                dtype=self.dtype and np.dtype(self.dtype), estimator=name,
            )  # fmt: skip
        was_table = known["kind"] == "table"
        container = read_X(
            X, rows=known["rows"], sequence_id=known["sequence_id"],
            step_features=known["step_features"], tokens=known["embedding_size"] is not None,
            n_tokens=known["n_tokens"], dtype=np.dtype(known["dtype"]), fitted_kind=known["kind"],
            estimator=name, input_name=input_name,
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
        T = int(container.sequences.lengths.max())
        if known["n_columns"] not in (None, T) and known["kind"] == "list" and container.kind == "array":
            raise ValueError(
                f"{input_name} is an array of {T} columns, but {name} was fitted on sequences of "
                f"{known['n_columns']} tokens. Pass sequences of other lengths as a list of arrays."
            )
        columns = container.columns, known["columns"]
        if None not in columns and columns[0] != columns[1]:
            raise ValueError(
                f"The sequences of {input_name} have the columns {columns[0]}, but those in fit had "
                f"{columns[1]}. Give them the same columns in the same order."
            )
        return container

    def _make_spec(self, container, known):
        """What the network and the reading of X need to know."""
        sequences = container.sequences
        dtype = self.dtype or choose_dtype(np.int64 if sequences.dtype else sequences.values.dtype)
        n_tokens = None
        if self.embedding_size is not None:
            n_tokens = known["n_tokens"] if known else self.n_tokens or container.n_tokens
        return {
            "cell": self._cell,
            "cell_options": self._cell_options(),
            "hidden_sizes": check_hidden_size(self.hidden_size),
            "bidirectional": bool(self.bidirectional),
            "pooling": self.pooling,
            "per_step": bool(self._per_step()),
            "delay": int(self.target_delay),
            "step_features": int(self.step_features),
            "rows": self.rows,
            "sequence_id": self.sequence_id,
            "embedding_size": self.embedding_size and int(self.embedding_size),
            "n_tokens": n_tokens and int(n_tokens),
            "n_inputs": sequences.n_features,
            "n_features_in": container.n_features_in,
            "kind": container.kind,
            "columns": container.columns,
            "n_columns": container.n_columns,
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
        """Split off ``validation_fraction``: whole sequences, or the tails of series."""
        n = len(data)
        if self.rows == "steps" or (data.per_step and n == 1):
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
