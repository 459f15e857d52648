"""Strings, or lists of tokens, to sequences of integers and back.

Id 0 is the unknown token; the others follow by falling frequency.
"""

import contextlib
import re
from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.callbacks import as_task
from skrnn._estimators.memory import with_text
from skrnn._reading.arrays import is_missing, object_array
from skrnn._reading.unreadable import reject_unreadable
from skrnn._reading.vocabulary import TokenIds, check_are_known_again, fraction_in, may_be_measured
from skrnn._settings.quoting import quote
from skrnn._transformers.base import SequenceTransformer

WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
UNKNOWN, UNKNOWN_CHAR = "<unk>", "\ufffd"  # what stands for id 0 when ids are decoded


class TokenEncoder(SequenceTransformer):
    """Encode strings, or lists of tokens, as sequences of integers.

    Token ids go from 1 up, by falling frequency in `fit`; tokens of equal frequency are sorted if they
    can be. Id 0 is the unknown token: what is not in the vocabulary. The answer is what the estimators
    read with `embedding_size`.

    Parameters
    ----------
    analyzer : {"char", "word"} or callable, default="char"
        How a string becomes tokens. "char": its characters. "word": words, with apostrophes inside them,
        and marks of punctuation one by one; unlike in scikit-learn's `CountVectorizer`, words of one
        letter and punctuation are kept, as a network that reads in order can use them. A callable is
        given every item of X as it is and returns its tokens. Items that are no strings but lists of
        tokens are taken as they are by "char" and "word".
    lowercase : bool, default=False
        Convert strings to lower case first. Ignored for lists of tokens and if `analyzer` is callable.
        Not the default, because it cannot be undone: a network that is to write text needs capitals.
    min_frequency : int or float, default=1
        Tokens that are rarer in `fit` are unknown tokens, as in `OneHotEncoder`: an int counts
        occurrences, a float is a share of all occurrences. With the default, no token is unknown in
        `fit` (only an empty string), and so a network never learns what to make of one; 2 or more
        changes that.
    max_tokens : int, default=None
        Keep so many of the most frequent tokens; the unknown token does not count. `None`: all.

    Attributes
    ----------
    vocabulary_ : dict of hashable to int
        Token to id.
    n_tokens_ : int
        Number of ids, that of the unknown token included: the `n_tokens` of an estimator.

    See Also
    --------
    TimeDistributed : A transformer for every time step of sequences.
    SlidingWindow : Windows of the rows of a series.

    Notes
    -----
    The answer is a 1-D object array, not a list: splitters take it apart as fast as any array, and it
    stays one sequence per entry also when all have the same length. An empty string, which no network
    can read, becomes a single unknown token, so that one among the strings of a test fold stops nothing.

    scikit-learn's `check_estimator` feeds tables of numbers, which this transformer does not read, and so
    stops after its first check, as for `CountVectorizer`. The tests of skrnn run those that need no data.

    Examples
    --------
    >>> from skrnn import TokenEncoder
    >>> encoder = TokenEncoder().fit(["abba", "cab"])
    >>> encoder.vocabulary_
    {'a': 1, 'b': 2, 'c': 3}
    >>> encoder.transform(["bad", "cc"])
    array([array([2, 1, 0]), array([3, 3])], dtype=object)
    >>> encoder.inverse_transform([[3, 1, 2], [1, 0]])
    ['cab', 'a�']
    >>> TokenEncoder("word").fit(["I don't know, I said."]).vocabulary_
    {'I': 1, ',': 2, '.': 3, "don't": 4, 'know': 5, 'said': 6}
    """

    _parameter_constraints = {  # noqa: RUF012
        "analyzer": [StrOptions({"char", "word"}), callable],
        "lowercase": ["boolean"],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
        "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, analyzer="char", *, lowercase=False, min_frequency=1, max_tokens=None):
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.min_frequency = min_frequency
        self.max_tokens = max_tokens

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : array-like of shape (n_sequences,)
            Strings, or lists, tuples or 1-D arrays of tokens: any hashable values. A list, a Series or a
            1-D array of them.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If X is a single string or a table, an item is missing, no token is left, or X holds numbers
            only of which some are not whole.
        TypeError
            If X or an item is neither text nor tokens.
        """
        items = _read_texts(X)
        are_text = {isinstance(item, str) for item in items}
        if len(are_text) > 1 and not callable(self.analyzer):
            raise ValueError("X holds strings and lists of tokens: pass the one or the other.")
        counts = Counter()
        for i, item in enumerate(items):
            with _naming(i, item):
                counts.update(self._tokens(item))
        if any(token != token for token in counts):
            raise ValueError("X holds NaN as a token, which is not equal to itself: replace it.")
        check_are_known_again(counts, "X")
        if not callable(self.analyzer):
            _reject_numbers(counts)
        if not counts:
            raise ValueError("X holds no tokens: all its items are empty.")
        self.vocabulary_ = self._choose(counts)
        self.n_tokens_ = 1 + len(self.vocabulary_)
        # what inverse_transform makes of tokens: text, or (None) lists
        self._text_kind = None if are_text == {False} or callable(self.analyzer) else self.analyzer
        self._is_spaced = self._text_kind == "word" and all(map(_is_spaced, items))
        return self

    def transform(self, X):
        """Encode strings or lists of tokens.

        Parameters
        ----------
        X : array-like of shape (n_sequences,)
            Strings or lists of tokens, as in `fit`.

        Returns
        -------
        ids : ndarray of shape (n_sequences,)
            An object array of integer arrays of shape (n_tokens_i,). An item without tokens gives the one
            id 0.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If X is a single string or a table, an item is missing, or an item holds numbers only of which
            some are not whole, where fit had none; or if a parameter is out of its range.
        TypeError
            If X or an item is neither text nor tokens.
        """
        check_is_fitted(self)
        self._validate_params()
        get, answer = self.vocabulary_.get, []
        for i, item in enumerate(_read_texts(X)):
            with _naming(i, item):
                tokens = self._tokens(item)
                ids = [get(token, 0) for token in tokens]
            if 0 in ids and not callable(self.analyzer) and not isinstance(item, str):
                _reject_numbers(tokens, self.vocabulary_)
            answer.append(np.array(ids or [0], dtype=np.int64).view(TokenIds))
        return object_array(answer)

    def inverse_transform(self, X):
        """Decode sequences of ids.

        Parameters
        ----------
        X : array-like of shape (n_sequences,) or (n_sequences, n_tokens)
            Integer sequences: a list or an object array of 1-D arrays, or a 2-D array.

        Returns
        -------
        items : list
            Strings if the encoder was fitted on strings and `analyzer` is no callable: characters joined
            as they are, words with a space between them. Else lists of tokens. The unknown token is
            U+FFFD, the replacement character, among characters and "<unk>" elsewhere.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If X holds no sequences of integers, or one that is no id.
        """
        check_is_fitted(self)
        tokens = [UNKNOWN_CHAR if self._text_kind == "char" else UNKNOWN, *self.vocabulary_]
        items = [[tokens[k] for k in ids] for ids in _read_ids(X, self.n_tokens_)]
        if self._text_kind is None:
            return items
        return [("" if self._text_kind == "char" else " ").join(item) for item in items]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = False, True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    # --- private ---

    def _tokens(self, item):
        """The tokens of an item of X."""
        if callable(self.analyzer):
            return list(self.analyzer(item))
        if not isinstance(item, str):
            return _tokens_of(item)
        item = item.lower() if self.lowercase else item
        return item if self.analyzer == "char" else WORD.findall(item)

    def _choose(self, counts):
        """The vocabulary: token -> id."""
        least = self.min_frequency
        if not isinstance(least, Integral):
            least = least * counts.total()
        try:
            tokens = sorted(counts)
        except TypeError:  # of several kinds: in order of first appearance
            tokens = list(counts)
        tokens = sorted((t for t in tokens if counts[t] >= least), key=lambda t: -counts[t])
        if not tokens:
            raise ValueError(
                f"No token is as frequent as min_frequency={self.min_frequency}: the most frequent one "
                f"occurs {max(counts.values())} times among {counts.total()}."
            )
        return {token: k for k, token in enumerate(tokens[: self.max_tokens], start=1)}


def kind_of_texts(encoder):
    """How texts become tokens: "char" or "word"; None where fit had lists of tokens, or by a function."""
    return encoder._text_kind


def fit_had_spaces(encoder):
    """Whether in the texts of fit all words, marks of punctuation too, had spaces between them."""
    return encoder._is_spaced


def _is_spaced(text):
    """Whether the words of a text are what is between spaces."""
    return WORD.findall(text) == [word for word in text.split(" ") if word]


def tokens_of(encoder, X):
    """The tokens of every item of X as lists; of an item without tokens the name of the unknown one."""
    return [list(encoder._tokens(item)) or [UNKNOWN] for item in X]


@with_text()
def _read_texts(X):
    """The items of X; each is text or a sequence of tokens."""
    if not hasattr(X, "__next__"):  # iterators are no list, as is said below
        reject_unreadable(X, "X")
    if isinstance(X, str):
        raise ValueError("X is a single string. Pass a list of strings; for one string, the list [X].")
    if hasattr(X, "columns") or getattr(X, "ndim", 1) != 1:
        raise ValueError(
            f"X is {type(X).__name__} of shape {getattr(X, 'shape', ())}, but its items must be "
            "strings or lists of "
            'tokens. Pass one column, X["name"], or list(X) if the rows of an array are sequences of '
            "tokens."
        )
    if not isinstance(X, (list, tuple)) and not (hasattr(X, "__array__") and hasattr(X, "__len__")):
        raise TypeError(
            "X must be a list, a 1-D array or a Series of strings or token lists, got a "
            f"{type(X).__name__}."
        )
    items = list(X)
    if not items:
        raise ValueError("Found X with 0 sample(s) (shape=(0,)) while a minimum of 1 is required.")
    for i, item in enumerate(items):
        if not hasattr(item, "__len__") and is_missing(item):
            raise ValueError(
                f"Item {i} of X is missing ({quote(item)}): remove it, or pass an empty string."
            )
    return items


def _reject_numbers(tokens, vocabulary=()):
    """Raise a ValueError for numbers that are measured, and no symbols; a vocabulary may have such."""
    if not may_be_measured(tokens):
        return
    found = next((one for one in map(fraction_in, tokens) if one is not None), None)
    if found is not None and all(fraction_in(token) is None for token in vocabulary):
        raise ValueError(
            f"X holds numbers that are not whole ({found!s:.40}), and TokenEncoder would take each "
            "different one for a token of its own. The estimators read numbers as they are, with "
            "embedding_size=None and without this encoder. If they are symbols, pass them as strings: "
            "[[str(v) for v in one] for one in X]."
        )


@contextlib.contextmanager
def _naming(i, item):
    """A TypeError about the tokens of an item says which item it is."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f"Item {i} of X, {quote(item)}, cannot be read as tokens: {error}") from error


@with_text()
def _tokens_of(item):
    """The tokens of an item that is a list, a tuple, a 1-D array or a Series of them."""
    if isinstance(item, (list, tuple)):
        return list(item)
    if hasattr(item, "__array__") and getattr(item, "ndim", 1) == 1:
        return np.asarray(item).tolist()
    raise TypeError(f"expected a string or a list of tokens, got {type(item).__name__}.")


@with_text()
def _read_ids(X, n_tokens):
    """Sequences of ids as a list of arrays; every id is known."""
    if not hasattr(X, "__len__"):
        raise ValueError(
            f"X must be a list of 1-D integer arrays or a 2-D integer array, got {type(X).__name__}."
        )
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 1) == 1:
        items = [np.asarray(item) for item in X]
    else:
        items = list(np.asarray(X))
    for i, item in enumerate(items):
        if item.ndim != 1:
            raise ValueError(
                f"Item {i} of X is {item.ndim}-D. Expected a list of 1-D integer arrays or a 2-D integer "
                "array; for a single sequence pass [ids]."
            )
        known = item.dtype.kind in "biuf" and ((item >= 0) & (item < n_tokens) & (item % 1 == 0)).all()
        if item.size and not known:
            raise ValueError(
                f"Item {i} of X holds what is no id: ids are the integers from 0 to {n_tokens - 1}."
            )
    return [item.astype(np.intp) for item in items]
