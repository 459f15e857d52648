"""Exact gradients forwards in time: real-time recurrent learning, and its sparse approximation.

Backpropagation keeps the past and goes back through it; here the derivative of the state with respect to
the weights of the recurrent layer, the influence J, goes along with the state [1]_. With z the inputs of
the two activations (x and 1 of a_x, h and 1 of a_h), one step of a cell of states s, h first, is

    J'[s] = D[s] J[h] + sum over r of (ds' / dr) J[r] + (ds' / da) z
    D[s]  = (ds' / da_h) W_h

and the gradient of a loss is dh J'[h]. The factors are what ``cell.backward`` gives back for ones, so any
elementwise cell runs as it is, also a user's own. Each loss has the gradient through the whole past; no
step is kept, and what a step costs does not depend on how many were before it. At frozen weights the
gradient is that of backpropagation; where weights change on the way, J holds the derivatives that were
right when they were made.

``rtrl`` keeps all of J, S H numbers per weight: a step costs about S H^2 operations per weight, so ~ H^4.
``snap1`` keeps, of each weight, its influence on the unit that it belongs to [2]_: as many numbers as
there are weights, and the cost of a step of backpropagation.

Shapes: B sequences, D inputs, H units, G gates, S states, M = D + H + 2 inputs z of a gate. J is one more
state: (B, S H M G H) or (B, S M G H) numbers, one row per sequence, beside the states of the layer; zeros
where nothing has been read. For one layer in one direction, and outputs at every step.

Another approximation is one more class like those in ``INFLUENCES``.

References
----------
.. [1] R. J. Williams, D. Zipser, "A learning algorithm for continually running fully recurrent neural
   networks", Neural Computation 1(2), 1989.
.. [2] J. Menick et al., "Practical real time recurrent learning with a sparse approximation", ICLR 2021,
   arXiv:2006.07232.
"""

import math

import numpy as np

from skrnn._engine.arithmetic import FAST
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.forward import blocks_by_length
from skrnn._engine.network import State
from skrnn._engine.packing import join
from skrnn._engine.tbptt import MAX_ADVANCE, plan

LARGEST = (
    64  # units of a layer beyond which ``rtrl`` takes too long: a step is 16 times that of half as many
)


class Slopes:
    """The derivatives of the new states of B sequences, unit by unit.

    Attributes
    ----------
    x, h : (B, S, G H)
        With respect to a_x, a_h.
    own : (B, S, S, H)
        Of each new state with respect to each old one, besides the way through a_h.
    """

    def __init__(self, cell, tape, B, H, dtype):
        S, G = cell.n_states, cell.n_gates
        self.x, self.h = np.empty((B, S, G * H), dtype), np.empty((B, S, G * H), dtype)
        self.own = np.zeros((B, S, S, H), dtype)
        for s in range(S):
            ones = tuple(np.full((B, H), float(r == s), dtype) for r in range(S))
            self.x[:, s], self.h[:, s], old = cell.backward(ones, tape)
            for r, d in enumerate(old):
                if d is not None:
                    self.own[:, s, r] = d


class _Influence:
    """What both have in common.

    Parameters
    ----------
    network : Network
    layer : Layer
        Views of its weights, which may change between two steps.
    J : (B, width) array, or None for zeros
    B : int
    """

    def __init__(self, network, layer, J, B):
        self.layer, self.D, self.H = layer, layer.W_x.shape[0], layer.W_h.shape[0]
        self.shape = self.shape_of(network.cells[0], self.D, self.H)
        self.J = np.zeros((B, math.prod(self.shape)), network.dtype) if J is None else np.array(J)
        self._next = np.empty_like(self.J)  # the two change places at every step
        self.inputs = np.ones((B, self.D + self.H + 2), network.dtype)  # z: x, 1, h, 1

    def advance(self, x, h, slopes):
        """One step of the first n sequences: x (n, D), h (n, H) before it; the others have ended."""
        n = len(x)
        z = self.inputs[:n]
        z[:, : self.D], z[:, self.D + 1 : -1] = x, h
        J, new = (A[:n].reshape(n, *self.shape) for A in (self.J, self._next))
        self._step(J, new, slopes, z)
        if n < len(self.J):
            self._next[n:] = self.J[n:]
        self.J, self._next = self._next, self.J

    def add(self, gradient, dh):
        """Add the gradient that dh (n, H) makes to the views ``gradient``, a Layer."""
        d, D = self._gradient(self.J[: len(dh)].reshape(len(dh), *self.shape), dh), self.D
        gradient.W_x[...] += d[:D]
        gradient.b_x[...] += d[D]
        gradient.W_h[...] += d[D + 1 : -1]
        gradient.b_h[...] += d[-1]


class Full(_Influence):
    """J of every unit on all weights, (B, S, H, M, G H)."""

    @staticmethod
    def shape_of(cell, D, H):
        return cell.n_states, H, D + H + 2, cell.n_gates * H

    def _step(self, J, new, slopes, z):
        n, (S, H, M, _), W_h = len(J), self.shape, self.layer.W_h
        J, new = J.reshape(n, S, H, -1), new.reshape(n, S, H, -1)
        W_h = W_h.reshape(H, -1, H).transpose(1, 2, 0)  # (G, to, from)
        for s in range(S):
            D = np.einsum("bgi,gij->bij", slopes.h[:, s].reshape(n, -1, H), W_h)
            np.matmul(D, J[:, 0], out=new[:, s])
            for r in range(S):
                if slopes.own[:, s, r].any():
                    new[:, s] += slopes.own[:, s, r, :, None] * J[:, r]
        # a weight into a gate of unit i has an influence on unit i at once
        at_once = np.einsum("bsimgi->bsmgi", new.reshape(n, S, H, M, -1, H))
        at_once += direct(z, slopes, self.D).reshape(at_once.shape)

    def _gradient(self, J, dh):
        J = J[:, 0].reshape(len(J), self.H, -1)
        return np.matmul(dh[:, None], J).sum(axis=0).reshape(self.shape[2:])


class Diagonal(_Influence):
    """J of every unit on the weights into its own gates, (B, S, M, G H)."""

    @staticmethod
    def shape_of(cell, D, H):
        S, _, M, GH = Full.shape_of(cell, D, H)
        return S, M, GH

    def _step(self, J, new, slopes, z):
        (S, _, GH), H = self.shape, self.H
        new[...] = direct(z, slopes, self.D)
        to_itself = np.einsum("igi->gi", self.layer.W_h.reshape(H, -1, H)).reshape(-1)
        for s in range(S):
            through_h = (slopes.h[:, s] * to_itself).reshape(len(J), -1, H).sum(axis=1)
            for r in range(S):
                d = slopes.own[:, s, r] if r else slopes.own[:, s, 0] + through_h
                new[:, s] += np.tile(d, GH // H)[:, None] * J[:, r]

    def _gradient(self, J, dh):
        _, M, GH = self.shape
        J = J[:, 0].reshape(len(J), M, GH // self.H, self.H)
        return np.einsum("bi,bmgi->mgi", dh, J).reshape(M, GH)


INFLUENCES = {"rtrl": Full, "snap1": Diagonal}


def width(kind, architecture):
    """Numbers of J of one sequence; ``kind`` is a key of ``INFLUENCES``, or None: none."""
    if kind is None:
        return 0
    (H,) = architecture.hidden_sizes
    return math.prod(INFLUENCES[kind].shape_of(architecture.cell, architecture.n_inputs, H))


def direct(z, slopes, D):
    """(B, S, M, G H) the influence of each weight on the states of its own step."""
    new = z[:, None, :, None] * slopes.h[:, :, None]
    new[:, :, : D + 1] = z[:, None, : D + 1, None] * slopes.x[:, :, None]
    return new


class Path:
    """The only layer of a network on its way through time, with its influence.

    Parameters
    ----------
    network : Network
    views : Views
        Of weights that may change between two steps.
    kind : str
        Key of ``INFLUENCES``.
    layers : list
        The layers of a ``State``, of which a second one holds J; without it J begins at zero.

    Attributes
    ----------
    state : tuple of (B, H)
    influence : one of ``INFLUENCES``
    """

    def __init__(self, network, views, kind, layers):
        self.cell, self.views, self.dtype = network.cells[0], views, network.dtype
        ((self.layer,),) = views.layers
        (self.state,), *further = layers
        J = further[0][0][0] if further else None
        self.influence = INFLUENCES[kind](network, self.layer, J, len(self.state[0]))

    def step(self, x):
        """One step of the first n sequences, x (n, D); returns h (n, H) after it."""
        (W_x, W_h, b_x, b_h), n = self.layer, len(x)
        before = self.state if n == len(self.state[0]) else tuple(s[:n] for s in self.state)
        new, tape = self.cell.forward(x @ W_x + b_x, before[0] @ W_h + b_h, before)
        h, slopes = before[0], Slopes(self.cell, tape, n, len(W_h), self.dtype)
        self.influence.advance(x, h, slopes)
        self.state = join(new, tuple(s[n:] for s in self.state))
        return new[0]

    def read_out(self, h):
        """Outputs (n, K)."""
        return h @ self.views.W + self.views.b

    def add_gradient(self, h, draw, gradient):
        """Add the gradient that draw (n, K) makes to ``gradient``, Views: that of this step's losses."""
        gradient.W[...] += h.T @ draw
        gradient.b[...] += draw.sum(axis=0)
        self.influence.add(gradient.layers[0][0], draw @ self.views.W.T)

    def layers(self):
        """What it may be gone on from: the layers of a ``State``, J among them.

        A J that has left the finite numbers begins anew, at zero.
        """
        return [[self.state], [(without_infinite(self.influence.J),)]]


def without_infinite(J):
    """J, in which what has left the finite numbers is zero now, a whole sequence at a time."""
    J[~np.isfinite(J).all(axis=1)] = 0
    return J


def online(network, loss, batch, learner, kind, k1=1):
    """Train on one batch as ``tbptt`` does, with gradients through the whole past.

    Parameters
    ----------
    network : Network
    loss : one of ``LOSSES``
    batch : Batch, aligned at the start
        Its initial state may have J as a second layer, and so has the one that ``learner.end`` gets.
    learner : Gradient or Learner
    kind : str
        Key of ``INFLUENCES``.
    k1 : int or None
        Steps from one update to the next; None: one at the end.
    """
    updates = {end: first for _, first, end, update in plan(batch, k1, None) if update}
    path = Path(network, learner.views, kind, batch.initial_state(network).layers)
    learner.begin(batch)
    for t, x, y, c in steps_of(batch):
        h = path.step(x)
        if c.any():
            value, draw = loss.value_and_gradient(y, path.read_out(h))
            learner.loss += float((c * value).sum())
            draw *= c[:, None]
            path.add_gradient(h, draw, learner.gradient_views)
        if t in updates:
            scale = len(updates) / batch.W
            learner.update(scale, batch.S, batch.relative_weight(updates[t], t))
    state = State(path.layers(), ())
    learner.end(batch, lambda: state)


def steps_of(batch):
    """The steps t = 1, 2, ... T of a batch: x (n, D), targets (n, K) and weights c (n,) of the losses."""
    for start in range(0, batch.T, MAX_ADVANCE):
        window = batch.window(start, start, min(start + MAX_ADVANCE, batch.T))
        steps = window.steps
        y, u = batch.targets(steps, start)
        c, _ = FAST.loss_weights(u, batch.weight, steps)
        for t, rows in enumerate(steps.slices, start + 1):
            yield t, window.X[rows], y[rows], c[rows]


def ends_with_influence(network, theta, X, kind):
    """The states in which the sequences X end, from zeros, and a second layer that holds J.

    A list of the rows and the layers of the sequences of every block.
    """
    data, views, parts = Dataset(X, per_step=True), network.views(theta), []
    for rows in blocks_by_length(X.lengths):
        batch = Batch(data, rows, network.dtype)
        path = Path(network, views, kind, batch.initial_state(network).layers)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, batch.T, MAX_ADVANCE):
                window = batch.window(start, start, min(start + MAX_ADVANCE, batch.T))
                for step in window.steps.slices:
                    path.step(window.X[step])
        parts.append((batch.rows, [directions[0] for directions in path.layers()]))
    return parts


def is_elementwise(cell):
    """Whether a unit of a step of ``cell``, made for 3 units, depends on no other unit of that step."""
    rng, H, S = np.random.RandomState(0), 3, cell.n_states
    a_x, a_h = rng.normal(size=(2, 1, cell.n_gates * H))
    _, tape = cell.forward(a_x, a_h, tuple(rng.normal(size=(1, H)) for _ in range(S)))
    for s in range(S):
        first = tuple(np.array([[float(r == s), 0, 0]]) for r in range(S))
        da_x, da_h, old = cell.backward(first, tape)
        slopes = [da_x, da_h, *(d for d in old if d is not None)]
        if any(d.reshape(-1, H)[:, 1:].any() for d in slopes):
            return False
    return True
