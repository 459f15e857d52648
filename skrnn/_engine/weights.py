"""All weights in one flat vector theta, with named views.

One vector makes solver, clipping, copying and gradient checks one line each. The weight matrices
that carry the L2 penalty lie first, so that the penalty is one slice: ``theta[:n_penalised]``.

Names and shapes, D inputs of the layer, H units, G = n_gates H, R the width of what the read-out sees, K
outputs, in the order of the layers (``.reverse`` for the backward direction of a bidirectional layer):

================================  ==========  =========================================
``embedding.W``                   (V, E)      with V tokens: their vectors; not penalised
``layer0.W_x``                    (D, G)      input weights
``layer0.W_h``                    (H, G)      recurrent weights
``layer0.b_x``, ``layer0.b_h``    (G,)        the two biases, b_x with the inputs
``layer0.reverse.W_x`` ...
``readout.W``, ``readout.b``      (R, K), (K,)
================================  ==========  =========================================

They are PyTorch's ``weight_ih_l0.T``, ``weight_hh_l0.T``, ``bias_ih_l0``, ``bias_hh_l0`` and so on,
with the gates in PyTorch's order, bit for bit.

References
----------
.. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
   networks", AISTATS 2010.
.. [2] A. M. Saxe, J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of
   learning in deep linear neural networks", ICLR 2014.
.. [3] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018.
"""

import math

import numpy as np

MOST_WEIGHTS = 1 << 40  # beyond it numpy's own messages are about integers, not memory


class WeightLayout:
    """Where in theta each named array lies.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Name and shape of every array; two-dimensional arrays are penalised.
    unpenalised : sequence of str
        Names of two-dimensional arrays that are not.

    Attributes
    ----------
    size : int
        Length of theta.
    n_penalised : int
        Length of its first part, the penalised matrices.
    places : dict of str to (slice, shape)
        Where each array lies, in the order of ``shapes``.
    """

    def __init__(self, shapes, unpenalised=()):
        self.shapes = dict(shapes)
        penalised = {n for n, shape in self.shapes.items() if len(shape) == 2} - set(unpenalised)
        self.size = self.n_penalised = 0
        self.places = dict.fromkeys(self.shapes)
        for name in sorted(self.shapes, key=lambda name: name not in penalised):  # they come first
            n = math.prod(self.shapes[name])
            self.places[name] = slice(self.size, self.size + n), self.shapes[name]
            self.size += n
            if name in penalised:
                self.n_penalised = self.size
        if self.size > MOST_WEIGHTS:
            raise MemoryError("The network has more weights than memory has addresses: make it smaller.")

    def mask(self, parts):
        """(P,) bool, which weights are in these parts; None: none is."""
        mask = np.zeros(self.size, dtype=bool)
        for name, (where, _) in self.places.items():
            mask[where] = is_part_of(name, parts)
        return mask if mask.any() else None

    def views(self, vector):
        """Dict of name to view into ``vector``, in the order of ``shapes``."""
        return {name: vector[where].reshape(shape) for name, (where, shape) in self.places.items()}


def is_part_of(name, parts):
    """Whether a weight is one of the parts, or in one: ``layer0.W_x`` is in "layer0"."""
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def glorot_uniform(random_state, n_in, n_out, n_blocks=1):
    """(n_in, n_blocks n_out) weights, each block drawn for its own fan-in and fan-out [1]_."""
    bound = np.sqrt(6.0 / (n_in + n_out))
    return random_state.uniform(-bound, bound, size=(n_in, n_blocks * n_out))


def orthogonal(random_state, n, n_blocks=1):
    """(n, n_blocks n) weights, each block a random orthogonal matrix [2]_."""
    blocks = []
    for _ in range(n_blocks):
        Q, R = np.linalg.qr(random_state.normal(size=(n, n)))
        blocks.append(Q * np.sign(np.diag(R)))  # makes the draw uniform over the group
    return np.hstack(blocks)


def forget_biases(b_x, cell, forget_bias, random_state):
    """Set the biases of the forget gate in b_x (n_gates H,), and those of the input gate that go with it.

    ``forget_bias`` is a number, or for chrono initialisation [3]_ ("chrono", T) with T the number of
    steps that a gradient travels: every unit draws for how long it remembers, evenly between 1 and T - 1
    steps. A gate of bias log(t) keeps t / (t + 1) of the state in a step, so it forgets within about t
    steps. None, or a cell without such a gate: b_x stays as it is.
    """
    if forget_bias is None or cell.forget_gate is None:
        return
    gates = b_x.reshape(cell.n_gates, -1)
    if not isinstance(forget_bias, tuple):
        gates[cell.forget_gate] = forget_bias
        return
    _, T = forget_bias
    memory = random_state.uniform(1, max(T - 1, 1), size=gates.shape[1])
    gates[cell.forget_gate] = np.log(memory)
    if cell.input_gate is not None:
        gates[cell.input_gate] = -np.log(memory)
