"""A fitted pipeline that reads its sequences step by step; what ``skrnn.stream`` makes.

Shapes: n streams; F columns of the X that the pipeline was fitted on.
"""

import numpy as np

from skrnn._reading.step_names import check_step_names
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import quote
from skrnn._transformers.single_step import as_floats, chain, twin_of


class PipelineStream:
    """A fitted pipeline that reads its sequences step by step; made by :func:`skrnn.stream`.

    Like the :class:`~skrnn._estimators.streaming.Stream` of its last step, which it holds, and with x in
    the units of the X that goes into the pipeline. It is a snapshot. It can be pickled if its
    transformers can; a stream may be used by one thread at a time.

    Attributes
    ----------
    state : list
        The states of the network, as of a stream of its last step. A state may be assigned.

    See Also
    --------
    skrnn.stream : Makes one.
    """

    def __init__(self, own, transformers, n_streams, ids):
        # ids: where their column stands in what the network's stream would read, or None
        self._made_of = own, transformers, n_streams, ids
        self._own, self._n, self._ids = own, n_streams, ids
        self._transform = chain([twin_of(one) for one in transformers])
        names = getattr(transformers[0], "feature_names_in_", None)
        self._names = None if names is None else list(names)
        self._n_columns = getattr(transformers[0], "n_features_in_", None)

    def __reduce__(self):
        return type(self), self._made_of

    def step(self, x, method="predict"):
        """Read the next time step and answer.

        Parameters
        ----------
        x : array-like of shape (n_columns,) or (n_streams, n_columns)
            The next row of X as the pipeline reads it, all its columns in their order, also that of
            `sequence_id`, whose value is not looked at; the first form for a single stream. A frame has a
            row for each stream.
        method : str, default="predict"
            Whose answer to give, as of the stream of the last step.

        Returns
        -------
        answer : scalar or ndarray, or None
            What the method answers for this step; n_streams rows, or the only one for x of shape
            (n_columns,).

        Raises
        ------
        ValueError
            If x cannot be read or transformed. No state has changed then.
        TypeError
            If x is a dict, or a sparse or masked array.
        """
        return self._own.step(self._read(x), method)

    def learn(self, x, y):
        """Read the next time step, answer, and then learn from its target.

        Parameters
        ----------
        x : array-like of shape (n_columns,) or (n_streams, n_columns)
            As for `step`.
        y : scalar or array-like of shape (n_streams,) or (n_streams, n_outputs)
            The target of the step, as in fit.

        Returns
        -------
        answer : scalar or ndarray
            What `step` would have answered.

        Raises
        ------
        ValueError
            As `step`, and if the last step of the pipeline does not learn forwards in time.
        TypeError
            If x is a dict, or a sparse or masked array.
        """
        return self._own.learn(self._read(x), y)

    def reset(self):
        """Go back to the state at the start."""
        self._own.reset()

    @property
    def state(self):
        # described in the docstring of the class
        return self._own.state

    @state.setter
    def state(self, state):
        self._own.state = state

    # --- private ---

    def _read(self, x):
        """x, transformed, in the form that the stream of the last step takes."""
        reject_unreadable(x, "x")
        check_step_names(x, self._names)
        rows, is_alone = self._as_rows(x)
        values = self._transform(rows)
        if self._ids is not None:
            values = np.delete(values, self._ids, axis=1)
        values = as_floats(values)
        return values[0] if is_alone else values

    def _as_rows(self, x):
        """x as a table with a row for each stream, and whether it was a row alone."""
        if hasattr(x, "columns"):
            rows, is_alone = x, False
        else:
            rows = x.to_numpy() if hasattr(x, "iloc") else np.asarray(x)
            if rows.dtype.kind in "USO" or (rows.ndim and rows.dtype.kind not in "biuf"):
                rows = np.asarray(x, dtype=object)
            is_alone = rows.ndim == 1 and self._n == 1
            rows = rows[None] if is_alone else rows
        if rows.ndim != 2 or len(rows) != self._n or self._n_columns not in (None, rows.shape[1]):
            F = "n_columns" if self._n_columns is None else self._n_columns
            expected = f"({F},) or (1, {F})" if self._n == 1 else f"({self._n}, {F})"
            raise ValueError(
                f"x has shape {quote(tuple(np.shape(x)))}, but {expected} is expected: the columns of "
                "one time step, as the pipeline reads them, for each stream."
            )
        return rows, is_alone
