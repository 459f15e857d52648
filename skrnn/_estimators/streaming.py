"""A trained network over time: one step of some sequences per call, the states kept in between.

Shapes: n streams side by side, F inputs per step (of tokens the length of their vectors), H units of a
layer, R the width of what the read-out sees (that of the top layer for each pooling), K outputs. ``rows``
(n, R), filled up with zeros to whole blocks, is what it sees.

The layers run compiled (``_kernels.stepper``) or as one-step windows of the network (``_ByNumPy``);
both have ``step(x)``, ``h``, ``get_states()`` and ``set_states(states)``. Read-out, pooling and answers
are those of predictions, so that the numbers are the same.

What x may be is decided in ``Stream._read`` and ``_look_up``; where streams start, by ``start``.
"""

from numbers import Integral

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import EXACT, ROWS
from skrnn._engine.packing import Steps, Window
from skrnn._engine.storage import Sequences
from skrnn._estimators.learning import Learning
from skrnn._estimators.restoring import restoring
from skrnn._estimators.versions import check_versions, versions
from skrnn._reading.arrays import as_numbers, names_of, reject_times
from skrnn._reading.step_names import check_step_names
from skrnn._reading.tokens import check_tokens
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import quote, shorten


class _ByNumPy:
    """The layers as one-step windows of the network: what ``_kernels.stepper`` is compiled from."""

    def __init__(self, network, views, n):
        self.network, self.views, self.steps = network, views, Steps([n], n)
        self.h = np.zeros((-(-n // ROWS) * ROWS, network.widths[-1]), dtype=network.dtype)
        self._state = network.initial_state(n)

    def step(self, x):
        """One step with x (n, F), or (F,) of one stream; returns its ndim, 0 if it must be read first."""
        n, F = self.steps.B, len(self.views[0][0][0].W_x)
        shapes = [(n, F), (F,)] if n == 1 else [(n, F)]
        is_array = type(x) is np.ndarray and x.dtype == self.network.dtype and x.shape in shapes
        if not is_array or not np.isfinite(x).all():
            return 0
        views = self.views._replace(table=None)  # x are vectors already
        with np.errstate(over="ignore", invalid="ignore"):
            H, _, layers, _ = self.network.hidden(
                views, Window(x.reshape(n, F), self.steps), self._state, EXACT
            )
        self.h[:n] = H
        self._state = self._state._replace(layers=layers)
        return x.ndim

    def get_states(self):
        return [tuple(s.copy() for s in layer) for (layer,) in self._state.layers]

    def set_states(self, states):
        layers = [[tuple(s.copy() for s in layer)] for layer in states]
        self._state = self._state._replace(layers=layers)


def _layers(network, views, n):
    """The layers of n streams, compiled if they can be."""
    layers = [layer for (layer,) in views[0]]
    return _kernels.stepper(network.cells, layers, n, ROWS) or _ByNumPy(network, views, n)


class Stream:
    """A fitted network that reads its sequences step by step; made by the method `stream`.

    It is a snapshot: what happens to the estimator afterwards does not change it, and it does not
    change the estimator. Streams share nothing with each other and can be pickled. A stream may be
    used by one thread at a time, several streams by several threads.

    Attributes
    ----------
    state : list
        The states of all layers: of each an array of shape (n_streams, hidden_size), of an LSTM the
        tuple (h, c) of two. There is one entry more with `pooling="mean"`, the tuple (sum, count) over
        the steps so far, of shapes (n_streams, hidden_size) and (n_streams, 1); with `pooling="max"`, the
        maximum so far, of shape (n_streams, hidden_size), -inf before the first step; and with
        `target_delay`, the number of steps so far. Of several poolings it has the arrays of each, in
        their order, in one tuple; with "last_max" that is the maximum alone.

        Reading it gives copies. A state of this form, of another stream or as lists, may be assigned;
        it is copied and cast to the type of the network. Without the additional entry pooling, or the
        wait for `target_delay`, begins anew. A ValueError is raised, and nothing changed, if it has
        other shapes or is not finite.

    See Also
    --------
    skrnn.GRURegressor.stream : Makes one.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
    >>> model = GRURegressor(hidden_size=4, tol=0.1, random_state=0).fit(X, X[:, 0, 0])
    >>> stream = model.stream()
    >>> for x in X[7]:
    ...     y = stream.step(x)
    >>> bool(np.allclose(y, model.predict(X[7:8])))
    True
    """

    def __init__(
        self, network, theta, answers, n_streams, *, delay=0, start=None, names=None, lesson=None
    ):  # fmt: skip
        # network: reads forwards only; answers: name of a method -> function of the raw outputs;
        # start: where ``reset`` goes back to, in the form of ``state``; zeros if None;
        # names: of the features of a step in fit; lesson: a ``Lesson`` of a stream that may learn
        self._made_of = network, theta, answers, n_streams, delay, start, names, lesson
        self._n, self._delay, self._dtype, self._names = n_streams, delay, network.dtype, names
        self._answers = {**answers, "hidden_states": None}
        views = network.views(theta)
        self._W, self._b, self._table = views.W, views.b, views.table
        self._categories = network.lookup if network.categories else None
        self._n_inputs = network.n_features
        self._hidden_sizes, self._pooling = network.hidden_sizes, network.pooling
        self._learning = lesson and Learning(network, theta, n_streams, lesson)
        self._layers = self._learning.row if lesson else _layers(network, views, n_streams)
        self._n_states = [cell.n_states for cell in network.cells]
        self._steps = Steps([n_streams], n_streams)
        self._no_pool = self._pooling.initial_state(n_streams, self._hidden_sizes[-1], self._dtype)
        self._h, self._pooled = self._layers.h[:n_streams], None
        if not lesson:  # else the layer has its read-out
            self._make_read_out(network)
        zeros = [(np.zeros((n_streams, H), dtype=self._dtype),) * m for H, m in self._shapes()]
        self._goes_on = start is not None
        self._start = (zeros, self._no_pool, 0) if start is None else self._check_state(start)
        self.reset()

    def _make_read_out(self, network):
        """The product of ``blocked_product``, in memory made once."""
        rows, K = self._layers.h, network.n_outputs
        if self._no_pool or not rows.flags.c_contiguous:
            rows = np.zeros((len(rows), network.read_width), dtype=self._dtype)
            self._pooled = rows[: self._n]
        self._blocks = rows.reshape(-1, ROWS, rows.shape[1])
        self._products = np.empty((len(self._blocks), ROWS, K), dtype=self._dtype)
        self._raw = self._products.reshape(-1, K)[: self._n]

    # --- public -----------------------------------------------------------------------------------

    @restoring
    def step(self, x, method="predict"):
        """Read the next time step and answer.

        Parameters
        ----------
        x : array-like of shape (n_features,) or (n_streams, n_features)
            The features of the next time step, in the order of the X in fit and without the
            `sequence_id`; the first form for a single stream. With `embedding_size` the next token, an
            int, or those of all streams, shape (n_streams,). What has names (a frame, a Series that is
            a row of one, a named tuple, or a list of such rows) must have those of fit in their order, if
            the X of fit had names; arrays and lists of numbers are taken to be in that order.
        method : str, default="predict"
            Whose answer to give: "predict", "hidden_states", and of a classifier "predict_proba" or
            "predict_log_proba".

        Returns
        -------
        answer : scalar or ndarray, or None
            What the method answers for this step, or, with one target per sequence, what it would answer
            if the sequences ended here: n_streams rows, or the only one for x of shape (n_features,).
            With `target_delay` the answer for the step so many steps ago, and None while there is none.

        Raises
        ------
        ValueError
            If x cannot be read (of the wrong shape, NaN, infinite, not numbers, dates, other names than
            in fit), or if the estimator has no such method. No state has changed then.
        TypeError
            If x is a dict, or a sparse or masked array.
        """
        try:
            answer = self._answers[method]
        except (KeyError, TypeError):
            raise ValueError(
                f"method={quote(method)}: it must be one of {', '.join(map(repr, self._answers))}."
            ) from None
        ndim = self._run(x)
        if self._seen <= self._delay:
            return None
        rows = self._h.copy() if answer is None else answer(self._read_out())
        return rows[0] if ndim == 1 else rows

    @restoring
    def learn(self, x, y):
        """Read the next time step, answer, and then learn from its target.

        The weights of the stream change, those of the estimator do not: its method `adopt` takes them
        over. The gradient is that of the whole past, which steps that are read by `step` belong to. The
        weights are updated as `partial_fit` does with a row of every stream, after every `k1` targets.

        Parameters
        ----------
        x : array-like of shape (n_features,) or (n_streams, n_features)
            As for `step`.
        y : scalar or array-like of shape (n_streams,) or (n_streams, n_outputs)
            The target of the step, a number or label as in the y of fit; of several streams one for each.
            Several outputs of a single stream also have the shape (n_outputs,).

        Returns
        -------
        answer : scalar or ndarray
            What `step` would have answered: the prediction before learning.

        Raises
        ------
        ValueError
            If the estimator does not learn forwards in time, as with `gradient="rtrl"`; if x or y cannot
            be read (of the wrong shape, NaN, infinite, an unknown label): nothing has changed then; or if
            the loss or its gradient is not finite: the weights are those before the latest update then,
            and the state is zero.
        TypeError
            If x is a dict, or a sparse or masked array.
        """
        learning = self._learning
        if learning is None:
            raise ValueError(
                "learn needs gradient='rtrl' or 'snap1': with 'bptt' a step is learned from without what "
                "came before it. Set it, with rows='steps' and initial_state='last', before stream()."
            )
        ndim = learning.learn(x, learning.encode(y), self._read)
        self._seen += 1
        answer = self._answers["predict"](self._layers.raw)
        return answer[0] if ndim == 1 else answer

    def reset(self):
        """Go back to the state at the start; what the weights have learned stays."""
        self._set(*self._start)
        if self._learning:
            self._learning.reset()

    @property
    def state(self):
        # described in the docstring of the class
        state = [s if len(s) > 1 else s[0] for s in self._layers.get_states()]
        if self._pool:
            pool = tuple(p.copy() for p in self._pool)
            state.append(pool if len(pool) > 1 else pool[0])
        if self._delay:
            state.append(self._seen)
        return state

    @state.setter
    def state(self, state):
        self._set(*self._check_state(state))

    def __getstate__(self):
        memory = self._learning and self._learning.memory()
        return self._made_of, (self._layers.get_states(), self._pool, self._seen), memory, versions()

    def __setstate__(self, saved):
        # first of all: of another version the rest may be of another form
        check_versions(type(self).__name__, saved[-1] if isinstance(saved[-1], dict) else None)
        (*parts, delay, start, names, lesson), state, memory, _ = saved
        self.__init__(*parts, delay=delay, start=start, names=names, lesson=lesson)
        self._set(*state)
        if memory:
            self._learning.remember(memory)

    # --- a step -----------------------------------------------------------------------------------

    def _run(self, x):
        """One step of the layers and of pooling; returns ndim of x."""
        if self._table is not None:
            x = self._look_up(x) if self._categories is None else self._vectors(x)
        ndim = self._layers.step(x) or self._layers.step(self._read(x))
        if self._pooled is not None:
            P, self._pool, _ = self._pooling.forward(self._h, self._steps, 0, self._pool, None)
            self._pooled[...] = P
        self._seen += 1
        return ndim

    def _read_out(self):
        if self._learning:
            return self._layers.raw
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(self._blocks, self._W, out=self._products)
            return self._raw + self._b

    def _read(self, x):
        """x (n, F), or (F,) of one stream, as an array that the layers take; or the error in it."""
        check_step_names(x, self._names)
        x = _as_numbers(x, "x")
        n, F = self._n, self._n_inputs
        if x.shape != (n, F) and not (n == 1 and x.shape == (F,)):
            expected = f"({F},) or (1, {F})" if n == 1 else f"({n}, {F})"
            raise ValueError(
                f"x has shape {x.shape}, but {expected} is expected: the features of one time step of "
                + ("the stream." if n == 1 else f"{n} streams.")
            )
        return _finite(x, self._dtype, "x")

    def _vectors(self, x):
        """Numbers beside codes (n, F), or (F,) of one stream, with vectors in the place of the codes."""
        x = self._read(x)
        rows = x.reshape(self._n, self._n_inputs)
        self._categories.check(rows)
        rows = self._categories.vectors(self._table, rows)
        return rows if x.ndim > 1 else rows[0]

    def _look_up(self, x):
        """Tokens (n,), or one of a single stream, -> their vectors (n, E), or (E,)."""
        check_step_names(x, self._names, are_tokens=True)
        tokens = _as_numbers(x, "x")
        shapes = [(self._n,), (self._n, 1), *([()] if self._n == 1 else [])]
        if tokens.shape not in shapes:
            raise ValueError(
                f"x has shape {tokens.shape}, but {shapes[-1]} is expected: one token for every stream."
            )
        one_by_one = Sequences(tokens.reshape(-1, 1), np.ones(self._n), dtype=np.intp)
        check_tokens(one_by_one, len(self._table), "x")
        rows = self._table[tokens.reshape(-1).astype(np.intp)]
        return rows[0] if tokens.ndim < 2 and self._n == 1 else rows

    # --- states -----------------------------------------------------------------------------------

    def _shapes(self):
        """Units and number of states of every layer."""
        return zip(self._hidden_sizes, self._n_states, strict=True)

    def _set(self, layers, pool, seen):
        self._layers.set_states(layers)
        self._pool, self._seen = pool, seen

    def _check_state(self, state):
        """A state as users give it -> layers, pool, steps seen; or a ValueError."""
        more = bool(self._no_pool or self._delay)
        depth = len(self._n_states)
        try:
            state = list(state)
        except TypeError:
            raise ValueError(f"state must be a list, got {type(state).__name__}.") from None
        if not depth <= len(state) <= depth + more:
            raise ValueError(
                f"state has {len(state)} entries, but there are {depth} layers"
                + (" and an entry for pooling." if self._no_pool else "")
                + (" and one for the steps so far." if self._delay else ".")
            )
        layers = [
            self._check_entry(s, f"state[{k}]", [H] * m)
            for k, (s, (H, m)) in enumerate(zip(state, self._shapes(), strict=False))
        ]
        pool, seen = self._no_pool, 0
        if len(state) > depth:
            name = f"state[{depth}]"
            if self._delay:
                seen = self._check_count(state[depth], name)
            else:
                pool = self._check_pool(state[depth], name)
        return layers, pool, seen

    def _check_pool(self, entry, name):
        widths, holds = [p.shape[1] for p in self._no_pool], self._pooling.holds
        # a maximum over no step is -inf
        allowed = [-np.inf if what == "maximum" else None for what in holds]
        pool = self._check_entry(entry, name, widths, allowed)
        for k, (array, what) in enumerate(zip(pool, holds, strict=True)):
            if what == "count" and (array < 0).any():
                raise ValueError(f"{name}[{k}], the number of steps so far, is negative.")
        return pool

    def _check_count(self, count, name):
        if not isinstance(count, Integral) or isinstance(count, bool) or count < 0:
            raise ValueError(
                f"{name}, the number of steps so far, must be an int >= 0, got {quote(count)}."
            )
        return int(count)

    def _check_entry(self, entry, name, widths, allowed=None):
        """One array (n, width), or a tuple of them -> tuple of copies of the network's type.

        ``allowed`` has, of each, the only number that need not be finite, or None.
        """
        allowed = allowed or [None] * len(widths)
        if len(widths) == 1:
            return (self._check_array(entry, name, widths[0], *allowed),)
        if not isinstance(entry, (tuple, list)) or len(entry) != len(widths):
            raise ValueError(f"{name} must be a tuple of {len(widths)} arrays.")
        return tuple(
            self._check_array(array, f"{name}[{k}]", width, one)
            for k, (array, width, one) in enumerate(zip(entry, widths, allowed, strict=True))
        )

    def _check_array(self, array, name, width, allowed):
        array = _as_numbers(array, name)
        if array.shape != (self._n, width):
            raise ValueError(f"{name} has shape {array.shape}, but {(self._n, width)} is expected.")
        return _finite(array, self._dtype, name, allowed)


def stream_of(model, n_streams, *, start=None, with_answers=True, lesson=None):
    """Streams of a ``Model``; without answers only for ``advance``, with a ``Lesson`` they may learn."""
    answers = model.answers() if with_answers else {}
    facts = model.facts
    return Stream(
        model.network(), model.theta.copy(), answers, n_streams, delay=facts.delay, start=start,
        names=facts.form.step_names, lesson=lesson,
    )  # fmt: skip


def learned_by(stream, facts):
    """What a stream of a model with these facts has ``Learned``; a ValueError if it is another's."""
    learning = getattr(stream, "_learning", None)
    if learning is None:
        raise ValueError(
            "stream must be a Stream that learns: one that stream() has made with gradient='rtrl' or "
            f"'snap1', got {quote(type(stream).__name__)}."
        )
    if learning.network.layout.shapes != facts.architecture.network().layout.shapes:
        raise ValueError(f"stream is not one of this {facts.name}: its network is of another form.")
    return learning.learned(stream._goes_on)


def advance(stream, x):
    """One step of all streams; returns the raw outputs (n, K), whatever the delay."""
    stream._run(x)
    return stream._read_out()


def _as_numbers(values, name):
    """``values`` as an array of numbers, by the rules for X."""
    reject_unreadable(values, name)
    reject_times(values, name)  # of a frame; NumPy may make numbers of them
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # rows of unequal length, tensors
        raise ValueError(f"{name} cannot be read as numbers: {shorten(error, 200)}") from error
    if array.dtype.kind in "biuf":
        return array
    columns = names_of(values) if hasattr(values, "columns") else None
    return as_numbers(array, name, columns=columns, ensure_2d=False, allow_nd=True, ensure_min_samples=0)


def _finite(values, dtype, name, allowed=None):
    """A copy in ``dtype``; a ValueError if a number is not finite and not the one ``allowed``."""
    with np.errstate(over="ignore"):
        copy = values.astype(dtype)
    bad = ~np.isfinite(copy)
    if allowed is not None:
        bad &= values != allowed
    if bad.any():
        where = ", ".join(map(str, np.argwhere(bad)[0]))
        what = f"infinity or a value too large for {dtype}"
        if np.isnan(copy[bad]).any():
            what = "NaN"
        raise ValueError(f"{name} contains {what}, at position {where}.")
    return copy
