"""Dropout on recurrent weights: DropConnect [1]_ on every W_h, as language models are trained with [2]_.

While training, a share p of the entries of every recurrent matrix is set to zero and the others are
divided by 1 - p, one mask for each update, the same for all sequences and time steps. What is computed is
that of a network with other weights, ``used``, so neither cells nor kernels know of it; with
used = mask theta the gradient with respect to theta is mask times that with respect to ``used``. Penalty
and solver see theta itself.

Shapes: theta, ``used`` and g are flat vectors of P weights (``weights.py``). Another mask, of other
weights say, is a class with ``used``, ``draw`` and ``apply``.

References
----------
.. [1] L. Wan, M. Zeiler, S. Zhang, Y. LeCun, R. Fergus, "Regularization of neural networks using
   DropConnect", ICML 2013.
.. [2] S. Merity, N. S. Keskar, R. Socher, "Regularizing and optimizing LSTM language models", ICLR 2018.
"""

import numpy as np


class WeightDropout:
    """The weights that a mask leaves of theta.

    Parameters
    ----------
    network : Network or PairNetwork
    theta : (P,) array
        May change between two draws.
    p : float
        The share that is set to zero.

    Attributes
    ----------
    used : (P,) array
        Changed in place; theta itself before the first draw.
    """

    def __init__(self, network, theta, p):
        self.theta, self.p, self.used = theta, p, theta.copy()
        places = network.layout.places.items()
        self._masks = [
            (where, np.ones(where.stop - where.start, dtype=theta.dtype))
            for name, (where, _) in places if name.endswith(".W_h")
        ]  # fmt: skip

    def draw(self, random_state):
        """A new mask, on theta as it is now."""
        self.used[:] = self.theta
        for where, mask in self._masks:
            mask[:] = random_state.uniform(size=len(mask)) >= self.p
            mask /= 1 - self.p
            self.used[where] *= mask

    def apply(self, g):
        """A gradient with respect to ``used`` as one with respect to theta, in place."""
        for where, mask in self._masks:
            g[where] *= mask
