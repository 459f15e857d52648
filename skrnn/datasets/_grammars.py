"""Strings of formal languages, with what may come next: the embedded Reber grammar, a^n b^n.

n strings of T_i + 1 symbols are n sequences of T_i time steps: at each a symbol is read, and the next one
is asked for. A language is a function; how to add one: see ``_memory_tasks.py``.
"""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skrnn.datasets._parts import SEQUENCES, as_input, cut, draw_lengths

_SYMBOLS = "BTPSXVE"
# state -> what may come, and where it leads; 7 is the end
_REBER = [
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
]


def _embedded_reber():
    """The same for the embedded grammar: B, then T or P, a Reber string, the same T or P, E."""
    graph = [{"B": 1}, {"T": 2, "P": 10}]
    for first, outer in [(2, "T"), (10, "P")]:
        graph += [{symbol: first + state for symbol, state in node.items()} for node in _REBER]
        graph += [{outer: 18}]
    return [*graph, {"E": 19}]


def _tables(graph):
    """Two choices of every state (the same twice if there is one): symbols, next states; legal ones."""
    choices = [[*node.items()] * (3 - len(node)) for node in graph]
    symbols = np.array([[_SYMBOLS.index(symbol) for symbol, _ in choice] for choice in choices])
    legal = np.zeros((len(graph), len(_SYMBOLS)), dtype=int)
    np.put_along_axis(legal, symbols, 1, axis=1)
    following = np.array([[state for _, state in choice] for choice in choices])
    return symbols, following, legal


_SYMBOL, _NEXT, _LEGAL = _tables(_embedded_reber())
_LAST = len(_NEXT) - 1  # the state before the last E


@validate_params(
    SEQUENCES | {"target": [StrOptions({"next", "successors"})], "one_hot": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def make_embedded_reber(n_sequences=1000, *, target="next", one_hot=True, random_state=None):
    """Generate strings of the embedded Reber grammar, and what comes next.

    A string is B, then T or P, a string of the Reber grammar, the same T or P again, and E. The inner
    string is a walk through a small graph whose ways are drawn with equal probability. Most next symbols
    follow from the last two; the second-last one follows from the second, which lies before the whole
    inner string. A classification task with a target per time step: for estimators with
    `return_sequences=True`.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of strings.
    target : {"next", "successors"}, default="next"
        "next": y is the symbol that does come next. "successors": y marks all symbols that may come next,
        a multilabel task; then all of y can be known.
    one_hot : bool, default=True
        Whether a symbol is a vector of zeros and a one; else it is an integer, for estimators with
        `embedding_size`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : list of ndarray of shape (n_timesteps_i, 7) or (n_timesteps_i,)
        The strings without their last E: B, T, P, S, X, V, E are 0 to 6. There are 8 time steps at least,
        11.0 in the mean.
    y : list of ndarray of shape (n_timesteps_i,) or (n_timesteps_i, 7)
        The next symbols as integers, or zeros and ones for the symbols that may come next.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.

    See Also
    --------
    make_anbn : A language that needs counting.

    Notes
    -----
    The grammar is that of [1]_, where networks read its strings, embedded and not.

    Without memory of the second symbol: its copy, the target of the second-last time step, is guessed
    right in half of the strings. This share tells whether the long way was learned; the accuracy over all
    steps hardly does, as even one who knows the grammar cannot know which way a string takes: 0.68 is the
    best.

    Known difficulty: short memory, six steps and more, but what is to be kept does not help with anything
    in between, and the same symbols occur in between. In [3]_, of runs with Elman networks none learned
    it within 200 000 strings; with recurrent cascade correlation [2]_ half of them, after 182 000; with
    LSTM 97 % and more, after 8 440 to 39 740.

    Truncation: the gradient must flow from the second-last step back to the second one: through 7 steps
    for the shortest strings, more for most. Leave `k1` and `k2` None. A little less may do, as a symbol
    lingers in the state for some steps without being taught to.

    References
    ----------
    .. [1] A. Cleeremans, D. Servan-Schreiber, J. L. McClelland, "Finite state automata and simple
       recurrent networks", Neural Computation 1(3), 1989.
    .. [2] S. E. Fahlman, "The recurrent cascade-correlation architecture", NIPS 3, 1991.
    .. [3] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997:
       experiment 1.

    Examples
    --------
    >>> from skrnn.datasets import make_embedded_reber
    >>> X, y = make_embedded_reber(3, one_hot=False, random_state=0)
    >>> for x, next_symbols in zip(X, y):
    ...     print("".join("BTPSXVE"[i] for i in x), "BTPSXVE"[next_symbols[-2]])
    BTBPTTTVPSET T
    BPBPVPSEP P
    BPBTSSSSXXVVEP P
    """
    rng = check_random_state(random_state)
    states, ways = [np.zeros(n_sequences, dtype=int)], []
    while (states[-1] < _LAST).any():  # one step of every string; those at their end stay there
        ways.append(rng.randint(2, size=n_sequences))
        states.append(np.minimum(_NEXT[states[-1], ways[-1]], _LAST))
    states, ways = np.stack(states, axis=1), np.stack([*ways, ways[-1]], axis=1)
    lengths = (states < _LAST).sum(axis=1)
    ids = _SYMBOL[states, ways]
    y = ids[:, 1:] if target == "next" else _LEGAL[states[:, 1:]]
    return cut(as_input(ids, len(_SYMBOLS), one_hot), lengths), cut(y, lengths)


@validate_params(
    SEQUENCES
    | {
        "n_letters": [Interval(Integral, 2, 3, closed="both")],
        "min_n": [Interval(Integral, 1, None, closed="left")],
        "max_n": [Interval(Integral, 1, None, closed="left")],
        "one_hot": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_anbn(n_sequences=1000, *, n_letters=2, min_n=1, max_n=10, one_hot=True, random_state=None):
    """Generate strings a^n b^n or a^n b^n c^n, and what may come next: counting.

    A string is a start symbol S, n times a, n times b, perhaps n times c, and the end T. While there are
    a's another a or the first b may come; from then on all is determined, by the number of a's. A
    multilabel task with a target per time step: for classifiers with `return_sequences=True`.

    Parameters
    ----------
    n_sequences : int, default=1000
        Number of strings.
    n_letters : {2, 3}, default=2
        2: the context-free language a^n b^n. 3: the context-sensitive language a^n b^n c^n.
    min_n : int, default=1
        Smallest n.
    max_n : int, default=10
        Largest n; n is drawn uniformly, both ends included.
    one_hot : bool, default=True
        Whether a symbol is a vector of zeros and a one; else it is an integer, for estimators with
        `embedding_size`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : list of ndarray of shape (n_timesteps_i, n_letters + 1) or (n_timesteps_i,)
        The strings without their end: the letters are 0 to `n_letters - 1`, S is `n_letters`. There are
        `n_letters * n + 1` time steps.
    y : list of ndarray of shape (n_timesteps_i, n_letters + 1)
        Zeros and ones: which of the letters and, in the last column, T may come next.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.
    ValueError
        If `min_n` is above `max_n`.

    See Also
    --------
    make_embedded_reber : A language without counting.

    Notes
    -----
    Without counting: the best answer to b is that another b comes, which is right at all steps but one of
    each change of letters. A string counts as accepted if the answers to all of its steps are right, and
    then none is. `score` is the share of right steps; for strings, compare the answers of `predict` with
    y.

    Known difficulty: to go on beyond the n of training. In [1]_ LSTM learned a^n b^n from n up to 10, the
    best one right up to n = 1000, where Elman networks before had hardly got beyond their training, and
    it was the first to learn a^n b^n c^n. Test with `min_n` above the `max_n` of training.

    Truncation: the gradient must flow from the last letter back to the first a, the whole sequence. Leave
    `k1` and `k2` None.

    References
    ----------
    .. [1] F. A. Gers, J. Schmidhuber, "LSTM recurrent networks learn simple context-free and
       context-sensitive languages", IEEE Transactions on Neural Networks 12(6), 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.datasets import make_anbn
    >>> (x,), (y,) = make_anbn(1, min_n=3, max_n=3, one_hot=False)
    >>> print("".join("abS"[i] for i in x))
    Saaabbb
    >>> print(" ".join("".join(np.array(list("abT"))[step == 1]) for step in y))
    a ab ab ab b b T
    """
    if min_n > max_n:
        raise ValueError(f"min_n={min_n} is above max_n={max_n}.")
    rng = check_random_state(random_state)
    n = draw_lengths(rng, n_sequences, min_n, max_n)[:, None]
    steps = np.arange(n_letters * n.max() + 1)
    letter = np.minimum((steps - 1) // n, n_letters - 1)  # -1 at S
    after = steps // n  # the letter of the next step, n_letters where it is T
    y = np.arange(n_letters + 1) == after[:, :, None]
    y[:, :, :2] |= (letter == 0)[:, :, None]  # nobody can know which a is the last one
    ids, lengths = np.where(steps, letter, n_letters), (n_letters * n + 1).ravel()
    return cut(as_input(ids, n_letters + 1, one_hot), lengths), cut(y.astype(int), lengths)
