"""Products and sums over rows, in two arithmetics.

``FAST``  as BLAS computes them: the result of a row may depend in its last bits on how many rows
stand beside it, and a sum on their order.

``EXACT``  for training in float64 on the whole data at once. What belongs to a row is computed
from that row alone, by products of one fixed shape, and the sum over rows carries no rounding at
all. So the gradient does not depend on the order of the rows, and a row of weight 3 gives the bits
of three copies of the row. Without this, round-off of 1e-16 in the first update grows into another
model after a few hundred.

What differs is which products are taken, and where the weights of the sequences enter a sum: into its
terms beforehand (``FAST``), or into the sum (``EXACT``, which ``loss_weights`` or ``weighing`` makes into
an arithmetic for sums of sequences of these weights).

Shapes: packed windows (N, .) described by a ``Steps`` (``packing.py``), B sequences, P weights of the
network. A third arithmetic is one more class with these methods.

References
----------
.. [1] J. Demmel, H. D. Nguyen, "Fast reproducible floating-point summation", ARITH 2013.
.. [2] S. M. Rump, T. Ogita, S. Oishi, "Accurate floating-point summation part I", SIAM Journal on
   Scientific Computing 31(1), 2008.
"""

import numpy as np

# BLAS computes the last rows of a product with another kernel than the others, and small products
# with another than large ones. In blocks of 8 rows no row is a last row and every product has the
# same shape: measured bitwise independent of place and number of rows on the OpenBLAS kernels of
# SkylakeX, Haswell (and so Zen), Nehalem and Prescott. In blocks of 16 the single precision kernel of
# Haswell does two rows in eight in another order; on Sandy Bridge a single output in single precision
# is computed by a product with a vector, which may differ in its last bit.
ROWS = 8

# Entries (sequences times parameters) per pass of the exact sum: 512 KiB of float64 stay in cache.
BLOCK = 1 << 16


def blocked_product(A, W):
    """``A @ W``, (N, K) by (K, M), every row computed as if it were alone."""
    N = len(A)
    if N % ROWS:
        A = np.concatenate((A, np.zeros((-N % ROWS, A.shape[1]), dtype=A.dtype)))
    A = np.ascontiguousarray(A)  # rows with gaps between them may be computed by another kernel
    return np.matmul(A.reshape(-1, ROWS, A.shape[1]), W).reshape(-1, W.shape[1])[:N]


def exact_sum(G, weight):
    """Sum of ``weight[i] * G[i]`` over rows, without rounding before the end.

    Parameters
    ----------
    G : (B, P) float64
    weight : (B,) float64, non-negative
        For whole numbers (of a sum below 2**40) the result has all bits down to 2**-80 of the
        largest entry of a column, and is the same, bit for bit, as for rows repeated so many times,
        in any order.

    Returns
    -------
    (P,) float64
    """
    m = max(1, BLOCK // G.shape[1])
    return exact_sum_of(lambda: (G[i : i + m] for i in range(0, len(G), m)), weight)


def exact_sum_of(blocks, weight):
    """``exact_sum`` of G in blocks of rows: ``blocks()`` gives them, one after the other, twice."""
    top = 0.0
    for G in blocks():
        top = np.maximum(top, np.maximum(G.max(axis=0, initial=0), -G.min(axis=0, initial=0)))
    sigmas = _sigmas(np.frexp(top)[1], weight.sum())
    totals, i = np.zeros((len(sigmas), len(top))), 0
    for G in blocks():
        _add_exactly(totals, G, weight[i : i + len(G)], sigmas)
        i += len(G)
    return totals.sum(axis=0)


def gradient_sigmas(n_steps, W):
    """(n_pieces,) the sigmas for a sequence's products of ``n_steps`` inputs and gradients of at most 1.

    For the compiled twin, which scales the columns to that size, and their exact sum over sequences.
    """
    return np.array(_sigmas(np.frexp(n_steps)[1], W))


def _sigmas(exponent, W):
    """For columns |x| <= 2**exponent and weights of sum W: one sigma (P,) for every piece of x.

    (sigma + x) - sigma keeps the bits of x above the last bit of sigma [1]_ [2]_. With sigma a power
    of two large enough for W max|x|, the pieces so kept are multiples of one unit and their weighted
    sum has at most 53 bits, so that no order of additions rounds. What is left of x is treated
    likewise, until 80 bits below the bound are in.
    """
    b = min(max(0, int(np.frexp(W)[1])), 40)  # W <= 2^b; more is summed with rounding
    exponent = exponent + (b + 1)
    return [np.ldexp(1.0, exponent - k * (51 - b)) for k in range(-(-80 // (51 - b)))]


def _add_exactly(totals, G, weight, sigmas):
    """Add the weighted sum of the rows of G, piece by piece, to ``totals`` (pieces, P)."""
    piece = np.empty_like(G)
    for k, sigma in enumerate(sigmas):
        if k:
            G = G - piece
        np.add(G, sigma, out=piece)
        piece -= sigma
        totals[k] += weight @ piece


def with_ones(*arrays):
    """The arrays (N, .) side by side and a column of ones, whose weights are a bias."""
    A = np.empty((len(arrays[0]), sum(a.shape[1] for a in arrays) + 1), dtype=arrays[0].dtype)
    np.concatenate(arrays, axis=1, out=A[:, :-1])
    A[:, -1] = 1
    return A


def sum_by(keys, values):
    """The sum of values (N, E) over the rows of each key (N,), in the order of the rows.

    Negative keys are left out. Returns the keys in rising order (U,), and their sums (U, E).
    """
    order = np.argsort(keys, kind="stable")
    order = order[np.searchsorted(keys[order], 0) :]
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    if not len(first):
        return keys, values[order]
    return keys[first], np.add.reduceat(values[order], first)


class _Fast:
    """Plain BLAS; the weights of the sequences are already inside ``dA``, ``dE`` and ``value``."""

    def weighing(self, weight):
        """The arithmetic for sums in which the sequences count with ``weight`` (B,)."""
        return self

    def reordered(self, order):
        """The same for sequences in another order."""
        return self

    def loss_weights(self, u, weight, steps):
        """The factors of the losses of a window's rows, from u (N,) and the weights w (B,) of sequences.

        Returns the factors (N,), here c = w u, and the arithmetic for sums of what they are in.
        """
        return u * steps.spread(weight), self

    @staticmethod
    def product(A, W):
        return A @ W

    @staticmethod
    def weight_gradient(A, dA, steps):
        """dW = A^T dA, (K, G)."""
        return A.T @ dA

    @staticmethod
    def table_gradient(tokens, dE, steps):
        """The sum of dE (N, E) over the rows of each token: the tokens in use (U,), their sums (U, E)."""
        return sum_by(tokens, dE)

    @staticmethod
    def loss(value, steps):
        """Sum of the weighted losses of a window's rows."""
        return float(value.sum())


class _Exact:
    """One product per sequence at unit weight, then the exact sum over sequences.

    Parameters
    ----------
    weight : (B,) float64, optional
        Of the sequences; only sums need it.
    """

    product = staticmethod(blocked_product)

    def __init__(self, weight=None):
        self.weight = weight

    def weighing(self, weight):
        return _Exact(weight)

    def reordered(self, order):
        return _Exact(self.weight[order])

    def loss_weights(self, u, weight, steps):
        return u, _Exact(weight)

    def weight_gradient(self, A, dA, steps):
        weight = self.weight
        # |entry of a sequence's product| <= T max|a| max|da|, column by column
        a, da = (np.frexp(np.abs(M).max(axis=0))[1] for M in (A, dA))
        exponent = (a[:, None] + da).ravel() + int(np.frexp(steps.T)[1])
        sigmas = _sigmas(exponent, weight.sum())
        totals = np.zeros((len(sigmas), exponent.size))
        m = max(1, BLOCK // exponent.size)
        for (first, last), rows in steps.groups:
            for i in range(0, last - first, m):
                # one product per sequence, over its own steps: (m, K, T_i) by (m, T_i, G)
                A_i = np.ascontiguousarray(A[rows[:, i : i + m]].transpose(1, 2, 0))
                dA_i = np.ascontiguousarray(dA[rows[:, i : i + m]].transpose(1, 0, 2))
                G = np.matmul(A_i, dA_i).reshape(len(A_i), -1)
                _add_exactly(totals, G, weight[first + i : first + i + len(G)], sigmas)
        return totals.sum(axis=0).reshape(len(a), -1)

    def table_gradient(self, tokens, dE, steps):
        # one sum per sequence and token at unit weight, then the exact sum over the sequences
        B, weight = steps.B, self.weight
        pairs, G = sum_by(np.where(tokens < 0, -1, tokens * B + steps.sequence), dE)
        tokens, weight = pairs // B, weight[pairs % B]
        first = np.flatnonzero(np.diff(tokens, prepend=-1))
        total = np.zeros((len(first), G.shape[1]))
        piece = np.empty_like(G)
        top = np.abs(G).max(axis=0, initial=0)
        for sigma in _sigmas(np.frexp(top)[1], weight.sum()):
            np.add(G, sigma, out=piece)
            piece -= sigma
            G -= piece
            total += np.add.reduceat(piece * weight[:, None], first) if len(first) else 0
        return tokens[first], total

    def loss(self, value, steps):
        return float(self.weight_gradient(np.ones((len(value), 1)), value[:, None], steps)[0, 0])


FAST = _Fast()
EXACT = _Exact()
