"""Products and sums over rows, in two arithmetics.

``FAST``  as BLAS computes them: the result of a row may depend in its last bits on how many rows
stand beside it, and a sum on their order.

``EXACT``  for training in float64 on the whole data at once. What belongs to a row is computed
from that row alone, by products of one fixed shape, and the sum over rows carries no rounding at
all. So the gradient does not depend on the order of the rows, and a row of weight 3 gives the bits
of three copies of the row. Without this, round-off of 1e-16 in the first update grows into another
model after a few hundred.

Shapes: packed windows (N, .) described by a ``Steps`` (``_packing.py``), B sequences, P parameters.
A third arithmetic is one more class with these methods.

References
----------
.. [1] J. Demmel, H. D. Nguyen, "Fast reproducible floating-point summation", ARITH 2013.
.. [2] S. M. Rump, T. Ogita, S. Oishi, "Accurate floating-point summation part I", SIAM Journal on
   Scientific Computing 31(1), 2008.
"""

import numpy as np

# BLAS computes the last rows of a product with another kernel than the others, and small products
# with another than large ones. In blocks of 16 rows no row is a last row and every product has the
# same shape: measured bitwise independent of place and number of rows on the OpenBLAS kernels of
# SkylakeX, Haswell, Zen, Sandy Bridge, Nehalem and Prescott, for 10 to 30 % more time.
ROWS = 16

# Parameters per pass of the exact sum times rows: 512 KiB of float64, which stays in cache.
BLOCK = 1 << 16


def blocked_product(A, W):
    """``A @ W``, (N, K) by (K, M), every row computed as if it were alone."""
    N = len(A)
    if N % ROWS:
        A = np.concatenate((A, np.zeros((-N % ROWS, A.shape[1]), dtype=A.dtype)))
    return np.matmul(A.reshape(-1, ROWS, A.shape[1]), W).reshape(-1, W.shape[1])[:N]


def exact_sum(G, weight):
    """Sum of ``weight[i] * G[i]`` over rows, without rounding before the end.

    Parameters
    ----------
    G : (B, P) float64
    weight : (B,) float64, non-negative
        The result is exact for whole numbers (sum below 2**40), and for them the same, bit for bit,
        as for rows repeated so many times, in any order.

    Returns
    -------
    (P,) float64

    Notes
    -----
    (sigma + x) - sigma keeps the bits of x above the last bit of sigma [1]_ [2]_. With sigma a power
    of two large enough for W max|x|, the pieces so kept are multiples of one unit and their weighted
    sum has at most 53 bits, so that no order of additions rounds. What is left of x is treated
    likewise, until 80 bits below the largest entry of the column are in.
    """
    b = max(0, int(np.frexp(weight.sum())[1]))  # sum of the weights <= 2^b
    if b > 40:
        return weight @ G
    exponent = np.frexp(np.abs(G).max(axis=0, initial=0))[1] + (b + 1)
    total = 0.0
    for _ in range(-(-80 // (52 - b))):
        sigma = np.ldexp(1.0, exponent)
        piece = (G + sigma) - sigma
        total = total + weight @ piece
        G = G - piece
        exponent = exponent - 53 + (b + 2)
    return total


class _Fast:
    """Plain BLAS; the weights of the rows are already inside ``dA`` and ``value``."""

    @staticmethod
    def product(A, W):
        return A @ W

    @staticmethod
    def weight_gradient(A, dA, steps, weight):
        """dW = A^T dA, (D, G)."""
        return A.T @ dA

    @staticmethod
    def bias_gradient(dA, steps, weight):
        """db = sum of the rows of dA, (G,)."""
        return dA.sum(axis=0)

    @staticmethod
    def loss_weights(u, weight, steps):
        """The weights c = w u of the losses of a window's rows, and what is left for the sum."""
        return u * steps.spread(weight), None

    @staticmethod
    def loss(value, steps, weight):
        """Sum of the weighted losses of a window's rows."""
        return float(value.sum())


class _Exact:
    """One product per sequence at unit weight, then the exact sum over sequences."""

    product = staticmethod(blocked_product)

    @staticmethod
    def weight_gradient(A, dA, steps, weight):
        A = steps.pad(A).transpose(1, 2, 0)  # (B, D, T)
        dA = steps.pad(dA).transpose(1, 0, 2)  # (B, T, G)
        (B, D, _), G = A.shape, dA.shape[2]
        dW = np.empty((D, G))
        rows = max(1, BLOCK // (B * G))
        for d in range(0, D, rows):
            per_sequence = np.matmul(A[:, d : d + rows], dA)  # (B, rows, G)
            dW[d : d + rows] = exact_sum(per_sequence.reshape(B, -1), weight).reshape(-1, G)
        return dW

    @staticmethod
    def bias_gradient(dA, steps, weight):
        dA = steps.pad(dA).transpose(1, 0, 2)
        # a product with ones: NumPy's own sum changes its order with the shape
        return exact_sum(np.matmul(np.ones((1, len(steps))), dA)[:, 0], weight)

    @staticmethod
    def loss_weights(u, weight, steps):
        return u, weight

    @staticmethod
    def loss(value, steps, weight):
        return float(_Exact.bias_gradient(value[:, None], steps, weight)[0])


FAST = _Fast()
EXACT = _Exact()
