"""Tasks that ask for memory: adding, temporal order, parity, echo (copying: ``_copy_tasks.py``).

The answer is a simple function of a few inputs that lie far back, so that what a network has forgotten,
and what its gradient does not reach, is plain from its score. Shapes: n sequences, T time steps.

A new task is a function that returns (X, y) as the estimators take them. It is imported and named in
``__init__.py``, has a line in ``GENERATORS`` of tests/datasets/test_datasets.py, and its docstring says
what is reached without memory.
"""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skrnn._settings.quoting import quote
from skrnn.datasets._parts import SEQUENCES, STEPS, as_input, cut, draw_lengths


@validate_params(
    SEQUENCES
    | {
        "n_timesteps": [Interval(Integral, 6, None, closed="left")],
        "variant": [StrOptions({"1997", "2015"})],
        "ragged": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_adding(n_sequences=1000, *, n_timesteps=100, variant="2015", ragged=False, random_state=None):
    """Generate the adding problem: the sum of the two marked numbers of a sequence.

    Each time step has a random number and a marker. The target is known only at the end of the sequence,
    and depends on two of its numbers. A regression task with one target per sequence.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_timesteps : int, default=100
        Time steps of a sequence, at least 6.
    variant : {"1997", "2015"}, default="2015"
        "1997": the task of [1]_. Numbers from -1 to 1; the first mark is on one of the first ten steps,
        the second on another one of the first `n_timesteps / 2 - 1`; the first and the last step have the
        marker -1; the target is 0.5 plus a quarter of the sum. "2015": the simpler task of [2]_ and [3]_.
        Numbers from 0 to 1, one mark in the first half, the other in the second, and the target is the
        sum.
    ragged : bool, default=False
        Whether the lengths are drawn from `n_timesteps` to `1.1 * n_timesteps`, as in [1]_.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, 2), or list of ndarray of shape (n_timesteps_i, 2)
        Numbers and markers. A list if `ragged`.
    y : ndarray of shape (n_sequences,)
        The targets.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.

    See Also
    --------
    make_echo : Numbers that are to be said again at every time step.
    make_temporal_order : Two symbols to be remembered, a classification task.

    Notes
    -----
    Without memory: always predicting the mean has the squared error 1/6 = 0.167 ("2015"), or 1/24 = 0.042
    ("1997", and a little less where marks are lost on the first step). One who knows only the later one
    of the two numbers is left with half of that.

    Known difficulty: the gradient must cross half of the sequence and more, past steps that tell nothing;
    the error stays at that of the mean for a long time, then falls. In [1]_ an LSTM got below 0.04 of
    absolute error in all but one of 2560 sequences after 74 000 training sequences of 100 steps, after
    853 000 of 1000 steps. With 3000 sequences of 150 steps our Elman networks stay at the mean.

    Truncation: to reach the first mark the gradient must flow through the second half of the sequence and
    more, so leave `k2` None. That is no strict bound: what to do with a marked number is the same
    everywhere, and it can be learned from marks near the end.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997:
       experiment 4.
    .. [2] Q. V. Le, N. Jaitly, G. E. Hinton, "A simple way to initialize recurrent networks of rectified
       linear units", 2015, arXiv:1504.00941.
    .. [3] M. Arjovsky, A. Shah, Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016,
       arXiv:1511.06464.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.datasets import make_adding
    >>> X, y = make_adding(200, n_timesteps=8, random_state=0)
    >>> X.shape, y.shape
    ((200, 8, 2), (200,))
    >>> bool(np.allclose(y, (X[:, :, 0] * X[:, :, 1]).sum(axis=1)))
    True
    >>> model = GRURegressor(8, learning_rate_init=0.05, tol=2e-3, random_state=0).fit(X[:150], y[:150])
    >>> bool(model.score(X[150:], y[150:]) > 0.9)
    True
    """
    rng = check_random_state(random_state)
    n, T, rows = n_sequences, n_timesteps, np.arange(n_sequences)
    lengths = draw_lengths(rng, n, T, T + T // 10 if ragged else T)
    X = np.zeros((n, lengths.max(), 2))
    if variant == "2015":
        X[:, :, 0] = rng.uniform(size=X.shape[:2])
        X[rows, rng.randint(lengths // 2), 1] = 1
        X[rows, rng.randint(lengths // 2, lengths), 1] = 1
        y = _marked_sum(X)
    else:
        X[:, :, 0] = rng.uniform(-1, 1, size=X.shape[:2])
        first = rng.randint(min(10, T // 2 - 1), size=n)
        second = rng.randint(T // 2 - 2, size=n)
        second += second >= first  # of the steps that are still unmarked
        X[rows, first, 1] = X[rows, second, 1] = 1
        X[:, 0, 1] = X[rows, lengths - 1, 1] = -1  # a mark on the first step is lost: it counts as 0
        y = 0.5 + _marked_sum(X) / 4
    return (cut(X, lengths) if ragged else X), y


def _marked_sum(X):
    return np.where(X[:, :, 1] == 1, X[:, :, 0], 0).sum(axis=1)


# (first, last) position of every relevant symbol, in percent of the length
_WINDOWS = {2: [(10, 20), (50, 60)], 3: [(10, 20), (33, 43), (66, 76)]}


@validate_params(
    SEQUENCES
    | {
        "n_timesteps": [Interval(Integral, 10, None, closed="left")],
        "n_relevant": [Interval(Integral, 2, 3, closed="both")],
        "ragged": ["boolean"],
        "one_hot": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_temporal_order(
    n_sequences=1000, *, n_timesteps=100, n_relevant=2, ragged=False, one_hot=True, random_state=None
):
    """Generate the temporal order problem: the order of a few symbols among many others.

    Two or three symbols X or Y stand far apart among distractors a, b, c, d. A sequence begins with E and
    ends with B. The class says what the relevant symbols were, in their order.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_timesteps : int, default=100
        Time steps of a sequence, at least 10.
    n_relevant : {2, 3}, default=2
        Number of relevant symbols: tasks 6a and 6b of [1]_. For 100 steps the two stand at positions 10
        to 20 and 50 to 60, the three at 10 to 20, 33 to 43 and 66 to 76 (the first position is 0). For
        other lengths in proportion.
    ragged : bool, default=False
        Whether the lengths are drawn from `n_timesteps` to `1.1 * n_timesteps`, as in [1]_. The positions
        are those of `n_timesteps`.
    one_hot : bool, default=True
        Whether a symbol is a vector of zeros and a one; else it is an integer, for estimators with
        `embedding_size`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, 8) or (n_sequences, n_timesteps), or list of ndarray
        The symbols: a, b, c, d, X, Y, E, B are 0 to 7. A list if `ragged`.
    y : ndarray of shape (n_sequences,)
        The classes: XX, XY, YX, YY are 0 to 3; with three symbols XXX is 0 and YYY is 7.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.

    See Also
    --------
    make_adding : Two numbers to be remembered, a regression task.

    Notes
    -----
    Without memory: the accuracy is 0.25 with two symbols, 0.125 with three. One who remembers only the
    last relevant symbol has 0.5, or 0.25.

    Known difficulty: from the first symbol to the end are 80 to 90 % of the sequence. In [1]_ the LSTM
    needed 31 390 training sequences of 100 to 110 steps for two symbols and 571 100 for three; then 1 and
    2 of 2560 test sequences were wrong. The authors knew of no other recurrent network that learned it.

    Truncation: the gradient reaches the first symbol with a `k2` of 0.9 of the length. With less than 0.4
    it reaches none of two symbols, and nothing is learned. In between, keeping a symbol can be learned
    from the later one.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997:
       experiment 6.

    Examples
    --------
    >>> from skrnn.datasets import make_temporal_order
    >>> X, y = make_temporal_order(5, n_timesteps=20, one_hot=False, random_state=0)
    >>> for x, label in zip(X, y):
    ...     print("".join("abcdXYEB"[i] for i in x), int(label))
    EdbaYdddbdbcXdcaaacB 2
    EdXcabbbbabXdadbcddB 0
    EdXbdbddcdaXbbdadcaB 0
    EcYcdacaaabYcaabdabB 3
    EdXbbdbbdcXdccdacdbB 0
    """
    rng = check_random_state(random_state)
    n, T, rows = n_sequences, n_timesteps, np.arange(n_sequences)
    lengths = draw_lengths(rng, n, T, T + T // 10 if ragged else T)
    ids = rng.randint(4, size=(n, lengths.max()))
    y = np.zeros(n, dtype=int)
    for first, last in _WINDOWS[n_relevant]:
        symbol = rng.randint(2, size=n)
        ids[rows, rng.randint(T * first // 100, T * last // 100 + 1, size=n)] = 4 + symbol
        y = 2 * y + symbol
    ids[:, 0] = 6
    ids[rows, lengths - 1] = 7
    X = as_input(ids, 8, one_hot)
    return (cut(X, lengths) if ragged else X), y


@validate_params(
    SEQUENCES
    | STEPS
    | {
        "min_timesteps": [Interval(Integral, 1, None, closed="left"), None],
        "return_sequences": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_parity(
    n_sequences=1000, *, n_timesteps=50, min_timesteps=None, return_sequences=False, random_state=None
):
    """Generate the parity problem: whether the number of ones is odd.

    One bit of state is enough, but every single input flips it. A classification task with one target per
    sequence, or with `return_sequences=True` one per time step: the parity so far.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of sequences.
    n_timesteps : int, default=50
        Time steps of a sequence.
    min_timesteps : int, default=None
        If given, the length of each sequence is drawn from `min_timesteps` to `n_timesteps`.
    return_sequences : bool, default=False
        Whether y has a target for every time step.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_timesteps, 1), or list of ndarray of shape (n_timesteps_i, 1)
        Zeros and ones. A list if `min_timesteps` is given.
    y : ndarray of shape (n_sequences,) or (n_sequences, n_timesteps), or list of ndarray
        1 for an odd number of ones, else 0.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.
    ValueError
        If `min_timesteps` is above `n_timesteps`.

    See Also
    --------
    make_anbn : Counting, by which networks go beyond the lengths they have seen.

    Notes
    -----
    Without memory: the accuracy is 0.5. So it is for one who does not know a single one of the inputs: no
    part of them tells anything.

    Known difficulty: for one target per sequence of more than a few steps, gradients point nowhere [2]_;
    in [1]_ it is a task on which gradient descent loses to random search. Random guesses of the weights
    solve it for hundreds of steps [3]_, because few weights are needed. With a target per time step and
    short sequences to begin with, Elman networks, LSTM and GRU all learn it, and go on to longer ones.

    Truncation: with one target per sequence `k2` must reach to the start. With targets per time step
    `k2 - k1 >= 1` is enough: the step is from one parity to the next.

    References
    ----------
    .. [1] Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with gradient descent is
       difficult", IEEE Transactions on Neural Networks 5(2), 1994.
    .. [2] S. Shalev-Shwartz, O. Shamir, S. Shammah, "Failures of gradient-based deep learning", ICML
       2017, arXiv:1703.07950.
    .. [3] S. Hochreiter, J. Schmidhuber, "Bridging long time lags by weight guessing and 'Long Short Term
       Memory'", in: Spatiotemporal Models in Biological and Artificial Systems, 1996.

    Examples
    --------
    >>> from skrnn.datasets import make_parity
    >>> X, y = make_parity(1, n_timesteps=8, return_sequences=True, random_state=0)
    >>> print(X[0, :, 0].astype(int), y[0], sep="\\n")
    [0 1 1 0 1 1 1 1]
    [0 1 0 0 1 0 1 0]
    """
    if min_timesteps is not None and min_timesteps > n_timesteps:
        raise ValueError(f"min_timesteps={min_timesteps} is above n_timesteps={n_timesteps}.")
    rng = check_random_state(random_state)
    bits = rng.randint(2, size=(n_sequences, n_timesteps))
    parity = bits.cumsum(axis=1) % 2
    X = bits[:, :, None].astype(float)
    if min_timesteps is None:
        return X, (parity if return_sequences else parity[:, -1])
    lengths = draw_lengths(rng, n_sequences, min_timesteps, n_timesteps)
    y = cut(parity, lengths) if return_sequences else parity[np.arange(n_sequences), lengths - 1]
    return cut(X, lengths), y


@validate_params(
    STEPS | {"delay": [Interval(Integral, 0, None, closed="left"), "array-like"]},
    prefer_skip_nested_validation=True,
)
def make_echo(n_timesteps=2000, *, delay=10, random_state=None):
    """Generate a long series of random numbers, each to be said again after some steps.

    The inputs are independent, so what a target needs is one input and nothing else. A regression task
    with one target per row: for estimators with `rows="steps"`.

    Parameters
    ----------
    n_timesteps : int, default=2000
        Number of time steps.
    delay : int or array-like of int, default=10
        Number of steps after which an input is to be said again, or several: one output for each.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_timesteps, 1)
        Numbers, uniform from -0.5 to 0.5.
    y : ndarray of shape (n_timesteps,) or (n_timesteps, n_delays)
        The number of `delay` steps before, 0 where there is none.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.
    ValueError
        If a `delay` is not an integer from 0 to `n_timesteps - 1`.

    See Also
    --------
    make_copy_stream : Symbols that are to be said again, in lists.

    Notes
    -----
    Without memory: the squared error is that of predicting 0, 1/12, and R2 is 0. For the same reason R2
    is 0 for a network that has seen everything but the one input.

    Known difficulty: it grows with the delay only. The sum of R2 over all delays is the memory capacity
    of [1]_, which for networks with linear read-out is at most their number of units.

    Truncation: the gradient must flow through `delay + 1` steps. With `k2 <= delay` R2 stays near 0, as
    only what happens to linger in the state can be used; with `k2 - k1 >= delay` every error reaches its
    input.

    References
    ----------
    .. [1] H. Jaeger, "Short term memory in echo state networks", GMD Report 152, German National Research
       Center for Information Technology, 2001.

    Examples
    --------
    >>> from skrnn import GRURegressor
    >>> from skrnn.datasets import make_echo
    >>> X, y = make_echo(600, delay=2, random_state=0)
    >>> settings = dict(k1=4, batch_size=10, learning_rate_init=0.05, tol=0.01, random_state=0)
    >>> for k2 in (2, 6):
    ...     model = GRURegressor(8, rows="steps", k2=k2, **settings).fit(X, y)
    ...     print(k2, bool(model.score(X, y) > 0.9))
    2 False
    6 True
    """
    delays = np.asarray(delay)
    if delays.ndim > 1 or not delays.size or not np.issubdtype(delays.dtype, np.integer):
        raise ValueError(f"delay must be an int, or one list of them; got {quote(delay)}.")
    if delays.min() < 0 or delays.max() >= n_timesteps:
        raise ValueError(f"delay={quote(delay)} must lie from 0 to n_timesteps - 1 = {n_timesteps - 1}.")
    rng = check_random_state(random_state)
    X = rng.uniform(-0.5, 0.5, size=(n_timesteps, 1))
    y = np.zeros((n_timesteps, delays.size))
    for column, steps in zip(y.T, delays.ravel(), strict=True):
        column[steps:] = X[: n_timesteps - steps, 0]
    return X, (y if delays.ndim else y[:, 0])
