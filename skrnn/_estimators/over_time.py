"""Fitted estimators over time: the states that series end in and go on from, and streams.

``OverTime`` keeps, for tables of steps (``rows="steps"``), ``final_state_`` and ``sequence_ids_``
(``series.py``), and beside them ``_carried``: the ids and the states that training itself left the
series in. A stream (``streaming.py``) starts as predictions do.
"""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._engine.inference import ends
from skrnn._estimators.series import assemble, inside, merge, publish, start_of
from skrnn._estimators.streaming import Stream
from skrnn._settings.texts import complete

MOST_STREAMS = 1 << 40  # numbers beyond it are no sizes of arrays any more


class OverTime:
    """Mixin: states of series, and ``stream``."""

    @complete
    def stream(self, n_streams=1):
        """Answers one time step after the other, for sequences that are still coming in.

        The numbers are those that `predict` and the other methods give for the steps so far: the same
        bits with compiled kernels, the same up to rounding without. Each step costs the same, however
        long the sequences are.

        Parameters
        ----------
        n_streams : int, default=1
            Number of sequences that go on side by side.

        Returns
        -------
        stream : Stream
            An object with ``step(x, method="predict")``, ``state`` and ``reset()``. It starts as
            `predict` does, and does not change when the estimator does.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If n_streams is not a positive int, or if the network is bidirectional.
        MemoryError
            If the states do not fit in memory.
        """
        check_is_fitted(self, "_theta")
        if not isinstance(n_streams, Integral) or isinstance(n_streams, bool) or n_streams < 1:
            raise ValueError(f"n_streams must be a positive int, got {n_streams!r}.")
        if n_streams > MOST_STREAMS:
            raise MemoryError(f"n_streams={n_streams}: there is no memory for so many states.")
        if self._spec["bidirectional"]:
            raise ValueError(
                "stream and bidirectional=True do not go together: the reverse direction starts from the "
                "last step. Fit with bidirectional=False."
            )
        start = None
        if self._goes_on():
            if n_streams != len(self.sequence_ids_):
                raise ValueError(
                    f"n_streams={n_streams}, but initial_state='last' goes on with the series of fit, of "
                    f"which there are {len(self.sequence_ids_)}: pass their number, in the order of "
                    "sequence_ids_, or set initial_state='zeros'."
                )
            start = self.final_state_
        return Stream(
            self._network(), self._theta.copy(), self._answers(), int(n_streams),
            delay=self._spec["delay"], start=start,
        )  # fmt: skip

    # --- states of series -------------------------------------------------------------------------

    def _goes_on(self):
        """Whether answers start from the states that the series ended in."""
        return self.initial_state == "last" and hasattr(self, "final_state_")

    def _keep_states(self, container):
        """Publish the states in which the series of X end, under the present weights."""
        if self._spec["rows"] != "steps":
            return
        if self._spec["bidirectional"]:  # the reverse direction ends at the first row
            self.sequence_ids_ = container.ids
            return
        ids, start = container.ids, self._start_states(container)
        _, states = ends(
            self._network(n_threads=self._n_threads()), self._theta, container.sequences,
            np.dtype(self._spec["dtype"]), start=start,
        )  # fmt: skip
        if start is not None:
            ids, states = merge(self.sequence_ids_, inside(self.final_state_), ids, states)
        self.sequence_ids_, self.final_state_ = ids, publish(states)

    def _forget_states(self):
        """Before a fit, which starts from zeros."""
        self._carried = None
        for name in ("final_state_", "sequence_ids_"):
            vars(self).pop(name, None)

    def _carry_states(self, container, ends, *, whole):
        """Keep the states that training itself left the series in, for the next call of partial_fit.

        ``ends`` are the rows and states of every batch; not ``whole``: they are not those of series.
        """
        states = assemble(ends, len(container.ids)) if whole and self.initial_state == "last" else None
        if states is None:
            self._carried = None
        elif self._carried is None:
            self._carried = container.ids, states
        else:
            self._carried = merge(*self._carried, container.ids, states)

    def _start_states(self, container, training=False):
        """The states that the series of X start from, None for zeros.

        Training goes on from the states in which it left the series itself, if it did; these were
        computed before the last update. So parts of a series train like the whole.
        """
        if not self._goes_on():
            return None
        if training and self._carried is not None:
            return start_of(container.ids, *self._carried)
        return start_of(container.ids, self.sequence_ids_, inside(self.final_state_))
