"""From the steps of X to what the first layer reads: tokens, and categories beside numbers, as vectors.

==============  =================================  ==============================================
class           a step of X                        what the layer reads
==============  =================================  ==============================================
``Tokens``      one token                          its row of one table
``Categories``  numbers, and codes of categories   the numbers | a row of a table for each code
==============  =================================  ==============================================

A negative code stands for no input, or for a value that was not known in training: zeros. Tables are
not penalised. Shapes: N rows of a packed window, F features of a step, V rows of a table, E its width;
D inputs of the layer.

To add a way, write a class with the methods of ``Tokens``; ``Network`` asks for nothing else.
"""

from typing import NamedTuple

import numpy as np

from skrnn._engine.storage import NO_TOKEN


class Tokens:
    """Every step of X is a token.

    Parameters
    ----------
    n_tokens, width : int
        V and E.

    Attributes
    ----------
    shapes : dict of str to tuple of int
        Names and shapes of the tables.
    """

    def __init__(self, n_tokens, width):
        self.shapes = {"embedding.W": (n_tokens, width)}

    def tables(self, views):
        """Views of the tables, one for each of ``shapes``, in the form of the other methods."""
        return views[0]

    def draw(self, table, random_state):
        """Vectors of mean 0 and variance 1, like standardised features, into a table."""
        table[...] = random_state.normal(size=table.shape)

    def vectors(self, table, tokens):
        """Tokens (N,) -> (N, E)."""
        return embed(table, tokens)

    def add_gradient(self, gradient, tokens, dE, steps, arithmetic):
        """Add what dE (N, E) says to the gradient of the table."""
        used, sums = arithmetic.table_gradient(tokens, dE, steps)
        gradient[used] += sums

    def per_feature(self, parts):
        """(N, E) -> (N, 1): sums over the vectors."""
        return parts.sum(axis=1, keepdims=True)

    def factors_gradient(self, table, tokens, dE):
        """(N, 1) gradients by factors of the vectors: d f v / d f = v at a factor f = 1."""
        return self.per_feature(dE * embed(table, tokens))


class Category(NamedTuple):
    """Features of X that hold codes of one table.

    Attributes
    ----------
    label : str
        What the table is called among the weights.
    positions : tuple of int
        Of the features; several share the table.
    n_values : int
        V.
    width : int
        E.
    """

    label: str
    positions: tuple
    n_values: int
    width: int


class Categories:
    """Some features of X hold codes of categories.

    Parameters
    ----------
    n_features : int
        F.
    categories : sequence of Category
    """

    def __init__(self, n_features, categories):
        self.n_features, self.categories = n_features, tuple(categories)
        self.shapes = {f"embedding.{one.label}.W": (one.n_values, one.width) for one in categories}
        # the features that hold codes, the table of each, and where its vector stands in the input
        self._codes = [(k, i) for i, one in enumerate(categories) for k in one.positions]
        coded = {k for k, _ in self._codes}
        self._numbers = np.array([k for k in range(n_features) if k not in coded], dtype=np.intp)
        widths = [categories[i].width for _, i in self._codes]
        ends = len(self._numbers) + np.cumsum(widths, dtype=np.intp)
        self._places = [slice(end - E, end) for end, E in zip(ends, widths, strict=True)]

    def tables(self, views):
        """Views of the tables, one for each of ``shapes``, in the form of the other methods."""
        return tuple(views)

    def check(self, X):
        """Raise a ValueError for an X (N, F) that holds no codes where they are looked up."""
        for k, i in self._codes:
            codes, n_values = X[:, k], self.categories[i].n_values
            wrong = (codes != np.trunc(codes)) | (codes < NO_TOKEN) | (codes >= n_values)
            if wrong.any():
                raise ValueError(
                    f"{codes[np.argmax(wrong)]:g} at position {k} of x is no code: whole numbers from 0 "
                    f"to {n_values - 1} are, and -1 (unknown)."
                )

    def draw(self, tables, random_state):
        """Vectors of mean 0 and variance 1, like standardised features, into the tables."""
        for table in tables:
            table[...] = random_state.normal(size=table.shape)

    def vectors(self, tables, X):
        """X (N, F) -> (N, D)."""
        codes = [embed(tables[i], X[:, k].astype(np.intp)) for k, i in self._codes]
        return np.concatenate([X[:, self._numbers], *codes], axis=1)

    def add_gradient(self, gradients, X, dX, steps, arithmetic):
        """Add what dX (N, D) says to the gradients of the tables."""
        for (k, i), place in zip(self._codes, self._places, strict=True):
            part = np.ascontiguousarray(dX[:, place])
            used, sums = arithmetic.table_gradient(X[:, k].astype(np.intp), part, steps)
            gradients[i][used] += sums

    def per_feature(self, parts):
        """(N, D) -> (N, F): numbers as they are, sums over the vectors."""
        values = np.empty((len(parts), len(self._numbers) + len(self._codes)), dtype=parts.dtype)
        values[:, self._numbers] = parts[:, : len(self._numbers)]
        for (k, _), place in zip(self._codes, self._places, strict=True):
            values[:, k] = parts[:, place].sum(axis=1)
        return values

    def factors_gradient(self, tables, X, dX):
        """(N, F) gradients by the numbers, and by factors of the vectors."""
        weighed, n = dX.copy(), len(self._numbers)
        weighed[:, n:] *= self.vectors(tables, X)[:, n:]
        return self.per_feature(weighed)


def embed(table, tokens):
    """(N, E) rows of the table; zeros for negative tokens, the steps after the end of a sequence."""
    X = table[tokens]
    X[tokens < 0] = 0
    return X


def new_lookup(width, n_tokens, categories):
    """The lookup before a layer that reads ``width`` inputs; None, where X is read as it is."""
    if n_tokens is not None:
        return Tokens(n_tokens, width)
    return Categories(width - _widened(categories), categories) if categories else None


def width_of(n_features, categories):
    """D: how wide the input of the first layer is, with vectors in the place of codes."""
    return n_features + _widened(categories)


def _widened(categories):
    return sum((one.width - 1) * len(one.positions) for one in categories)
