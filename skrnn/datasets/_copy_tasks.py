"""Copying: what was read is to be said again, after a long blank or without end.

How to add a task: see ``_memory_tasks.py``. Shapes: n sequences, T time steps.
"""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from skrnn.datasets._parts import SEQUENCES, STEPS, as_input, draw_lengths


@validate_params(
    SEQUENCES
    | {
        "delay": [Interval(Integral, 1, None, closed="left")],
        "n_symbols": [Interval(Integral, 2, None, closed="left")],
        "n_copied": [Interval(Integral, 1, None, closed="left")],
        "one_hot": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_copy_memory(
    n_sequences=1000, *, delay=100, n_symbols=8, n_copied=10, one_hot=True, random_state=None
):
    """Generate the copying memory problem: say a list of symbols again after a long blank.

    X is `n_copied` random symbols, then blanks, then after `delay - 1` of them a marker that asks for the
    answer, then blanks again. y is blank up to and with the marker; the last `n_copied` steps repeat the
    symbols. A classification task with a target per time step: for estimators with
    `return_sequences=True`.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    delay : int, default=100
        The marker is so many steps after the last symbol, T in [1]_.
    n_symbols : int, default=8
        Number of different symbols, without the blank and the marker.
    n_copied : int, default=10
        Number of symbols to be copied.
    one_hot : bool, default=True
        Whether a symbol is a vector of zeros and a one; else it is an integer, for estimators with
        `embedding_size`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, n_symbols + 2) or (n_sequences, n_timesteps)
        The symbols; the blank is `n_symbols`, the marker `n_symbols + 1`. There are
        `delay + 2 * n_copied` time steps.
    y : ndarray of shape (n_sequences, n_timesteps)
        What is to be said at each step, as integers.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.

    See Also
    --------
    make_copy_stream : The same without end, and with a short delay.

    Notes
    -----
    The task was made after those of [2]_.

    Without memory: the best is to say blank, then any of the symbols. The log loss of a step is then
    `n_copied * log(n_symbols) / (delay + 2 * n_copied)`, 0.173 for the default settings. The accuracy is
    misleading, as most steps are blank: look at that of the last `n_copied`, which is `1 / n_symbols`.

    Known difficulty: nothing between the symbols and the answer helps, and all symbols must be kept in
    their order. In [1]_ tanh networks did not get below the loss without memory, and the LSTM did so for
    a delay of 100 only.

    Truncation: every symbol is to be said `delay + n_copied` steps after it was seen, so the gradient
    must flow through `delay + n_copied + 1` steps: with `k1` set, `k2 - k1` must be at least
    `delay + n_copied`; otherwise leave both None.

    References
    ----------
    .. [1] M. Arjovsky, A. Shah, Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016,
       arXiv:1511.06464.
    .. [2] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.

    Examples
    --------
    >>> from skrnn.datasets import make_copy_memory
    >>> X, y = make_copy_memory(1, delay=4, n_symbols=3, n_copied=2, one_hot=False, random_state=0)
    >>> print(X[0], y[0], sep="\\n")
    [0 1 3 3 3 4 3 3]
    [3 3 3 3 3 3 0 1]
    """
    rng = check_random_state(random_state)
    symbols = rng.randint(n_symbols, size=(n_sequences, n_copied))
    ids = np.full((n_sequences, delay + 2 * n_copied), n_symbols)
    y = ids.copy()
    ids[:, :n_copied] = y[:, -n_copied:] = symbols
    ids[:, n_copied + delay - 1] = n_symbols + 1
    return as_input(ids, n_symbols + 2, one_hot), y


@validate_params(
    SEQUENCES
    | STEPS
    | {
        "delay": [Interval(Integral, 1, None, closed="left")],
        "min_delay": [Interval(Integral, 1, None, closed="left"), None],
        "n_symbols": [Interval(Integral, 3, None, closed="left")],
        "one_hot": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_copy_stream(
    n_sequences=64,
    *,
    n_timesteps=1000,
    delay=10,
    min_delay=None,
    n_symbols=6,
    one_hot=True,
    random_state=None,
):
    """Generate streams in which every list of symbols is to be said again at once: the need for k2.

    A stream is made of blocks. The first half of a block is a list of symbols, led by a marker; in its
    second half X is blank and y repeats the list. Elsewhere y is blank. Every symbol is said again as
    many steps later as its list is long. A classification task with a target per time step: for
    estimators with `return_sequences=True`.

    Parameters
    ----------
    n_sequences : int, default=64
        Number of streams.
    n_timesteps : int, default=1000
        Time steps of a stream.
    delay : int, default=10
        Length of a list, and so the number of steps from a symbol to its copy.
    min_delay : int, default=None
        If given, the length of each list is drawn from `min_delay` to `delay`.
    n_symbols : int, default=6
        Number of symbols: 0 is the blank, 1 the marker, the others stand in lists.
    one_hot : bool, default=True
        Whether a symbol is a vector of zeros and a one; else it is an integer, for estimators with
        `embedding_size`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, n_symbols) or (n_sequences, n_timesteps)
        The symbols.
    y : ndarray of shape (n_sequences, n_timesteps)
        What is to be said at each step, as integers.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.
    ValueError
        If `min_delay` is above `delay`.

    See Also
    --------
    make_copy_memory : One list per sequence, and a long delay.
    make_echo : A regression task whose delay is known.

    Notes
    -----
    Without memory of the symbols, but with the best of timing, the log loss of a step is
    `(m - 1) / (2 * m) * log(n_symbols - 2)` with m the delay: 0.624 for the default settings, a
    perplexity of 1.87. Blanks make half of y.

    Known difficulty: none for a gradient that reaches back, as the memory needed is short. In [1]_ TBPTT
    ended at a test perplexity of 1.65 with errors that reach back 5 steps at least, and of 1.04 with 10
    (on the authors' own streams, where more of y is blank); to find such a depth by itself is what their
    method is for.

    Truncation: the gradient must flow through `delay + 1` steps, so `k2 - k1` must be at least `delay` if
    every error is to reach its symbol. With `k2 <= delay` hardly anything is learned but the timing.

    References
    ----------
    .. [1] C. Aicher, N. J. Foti, E. B. Fox, "Adaptively truncating backpropagation through time to
       control gradient bias", UAI 2019, arXiv:1905.07473.

    Examples
    --------
    >>> from skrnn.datasets import make_copy_stream
    >>> X, y = make_copy_stream(1, n_timesteps=20, delay=4, one_hot=False, random_state=0)
    >>> print(X[0], y[0], sep="\\n")
    [0 0 0 0 1 3 2 5 0 0 0 0 1 5 5 3 0 0 0 0]
    [0 0 0 0 0 0 0 0 1 3 2 5 0 0 0 0 1 5 5 3]
    """
    shortest = delay if min_delay is None else min_delay
    if shortest > delay:
        raise ValueError(f"min_delay={min_delay} is above delay={delay}.")
    rng = check_random_state(random_state)
    ids = np.zeros((n_sequences, n_timesteps + 2 * delay), dtype=int)
    y = ids.copy()
    rows, start = np.arange(n_sequences), rng.randint(2 * delay, size=n_sequences)
    while (start < n_timesteps).any():  # one block of every stream that is not full
        rows, start = rows[start < n_timesteps], start[start < n_timesteps]
        length = draw_lengths(rng, len(rows), shortest, delay)
        symbols = rng.randint(2, n_symbols, size=(len(rows), delay))
        symbols[:, 0] = 1
        stream, place = np.nonzero(np.arange(delay) < length[:, None])
        when = start[stream] + place
        ids[rows[stream], when] = y[rows[stream], when + length[stream]] = symbols[stream, place]
        start = start + 2 * length
    return as_input(ids[:, :n_timesteps], n_symbols, one_hot), y[:, :n_timesteps]
