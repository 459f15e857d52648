"""Gates and states over time, for one sequence.

Shapes: T steps, H units of a layer; every gate and state of a layer is a (T, H) array. The steps are
run by the cells of ``cells.py``, in NumPy: compiled kernels keep no gates. A cell whose gates are to be
seen has a method ``gates(tape)``; of others there are the states.
"""

import numpy as np
from sklearn.utils import Bunch

from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn.inspection._inspected import look_into

STATES = "h", "c"  # what cells carry, in their order


def state_trajectory(estimator, X):
    """Follow gates and states over time, for one sequence.

    Parameters
    ----------
    estimator : object
        A fitted classifier or regressor of skrnn, or a fitted `Pipeline` or search that ends in one.
    X : array-like
        One sequence: an item of what the estimator predicts (an array of shape (n_timesteps, n_features),
        a row of a table, a 1-D array of tokens, a string), or a list or array that holds this item only.
        With `rows="steps"` a table whose rows are one series. Transformers before the estimator must be
        able to read it: for most of them pass `X[:1]`.

    Returns
    -------
    trajectory : Bunch
        Dictionary-like, with an entry for each layer and direction, named as in `weights_`: `layer0`,
        `layer0.reverse`, `layer1` and so on. Each is a `Bunch` of arrays of shape (n_timesteps,
        hidden_size):

        h : the states; of an LSTM also c, its memory
        i, f, g, o : of an LSTM the input gate, the forget gate, the candidate and the output gate
        r, z, n : of a GRU the reset gate, the update gate and the candidate.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or if X is a sparse or masked array.
    ValueError
        If X cannot be read, or holds more than one sequence.

    See Also
    --------
    GateDisplay : Draws it.

    Notes
    -----
    Row t has the states after step t has been read; in the reverse direction, which reads from the end,
    after steps T to t have been. `h` of the top layer is what `hidden_states` gives, up to rounding. With
    `target_delay=d` there are d rows more, and the output of step t is read from the state in row t + d.
    With `initial_state="last"` a known series starts from its state of fit, as in `predict`.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> from skrnn.inspection import state_trajectory
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
    >>> model = LSTMRegressor(hidden_size=4, tol=0.1, random_state=0).fit(X, X[:, 0, 0])
    >>> trajectory = state_trajectory(model, X[7])
    >>> sorted(trajectory)
    ['layer0']
    >>> sorted(trajectory.layer0)
    ['c', 'f', 'g', 'h', 'i', 'o']
    >>> trajectory.layer0.f.shape
    (5, 4)
    >>> bool(np.allclose(trajectory.layer0.h, model.hidden_states(X)[7]))
    True
    """
    inside = look_into(estimator, "state_trajectory")
    X = inside.transform([X] if isinstance(X, str) else X)
    return trajectory_of(inside, X)


def trajectory_of(inside, X):
    """``state_trajectory`` of what is ``Inside``, for X as the model reads it."""
    model = inside.model
    container = inside.read(as_one_sequence(X, model.facts.form))
    n = len(container.sequences)
    if n != 1:
        raise ValueError(
            f"X holds {n} sequences, but gates and states are shown for one. Pass one of them: "
            + ("the rows of one series." if container.rows_are_steps else "X[0], for example.")
        )
    network, start = model.network(), inside.start_states(container)
    data = Dataset(container.sequences, delay=model.facts.delay, per_step=True, start=start)
    batch = Batch(data, np.arange(1), network.dtype)
    views, state = network.views(model.theta), batch.initial_state(network)
    X, trajectory = network.inputs(views, batch.X(batch.steps(0, batch.T), 0)), Bunch()
    for k, cell in enumerate(network.cells):
        directions = [
            _along(cell, layer, X, state.layers[k][d], reverse=d == 1)
            for d, layer in enumerate(views.layers[k])
        ]
        for name, one in zip(("", ".reverse"), directions, strict=False):
            trajectory[f"layer{k}{name}"] = one
        X = np.hstack([one["h"] for one in directions])
    return trajectory


def as_one_sequence(X, form):
    """X with an axis of sequences, if it is a sequence by itself."""
    if isinstance(X, (list, tuple)) and len(X) and not any(map(np.ndim, X)):
        X = np.asarray(X)
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if form.rows_are_steps or not hasattr(X, "shape") or kind == "O":
        return X
    if len(X.shape) == 1:
        if form.is_table and hasattr(X, "to_frame") and hasattr(X, "iloc"):  # a row, with its names
            return X.to_frame().T
        return np.asarray(X)[None] if form.is_table else [np.asarray(X)]
    alone = len(X.shape) == 2 and not form.is_table and not form.has_tokens
    return [X] if alone else X


def _along(cell, layer, X, state, *, reverse):
    """One layer over one sequence: X (T, D) -> name -> (T, H)."""
    order = range(len(X))[::-1] if reverse else range(len(X))
    A_x = X @ layer.W_x + layer.b_x
    rows = [None] * len(X)
    for t in order:
        state, tape = cell.forward(A_x[t : t + 1], state[0] @ layer.W_h + layer.b_h, state)
        gates = cell.gates(tape) if hasattr(cell, "gates") else {}
        rows[t] = dict(zip(STATES, state, strict=False)) | gates
    return Bunch(**{name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
