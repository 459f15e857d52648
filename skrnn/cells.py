"""One step of a recurrent cell: elementwise maths, forward beside backward.

The recurrence (``skrnn/_engine/recurrence.py``) owns every matrix product. A cell receives the two
activations it is made of and only combines them, so it holds no weights, no time index and
no sum over time.

Shapes, with B rows (sequences alive at this step), H hidden units and G = n_gates H:

=========  ==================  ==========================================================
``a_x``    (B, G)              x_t W_x + b_x, gates side by side; may be a view: read only
``a_h``    (B, G)              h_{t-1} W_h + b_h; fresh memory that forward may overwrite
``state``  n_states x (B, H)   h first, then what else the cell carries (LSTM: c)
``tape``   tuple of arrays     what backward needs of forward
``d...``   as the thing        gradient of the loss with respect to it
=========  ==================  ==========================================================

To add a cell, write one class below ``Cell``, which says what it must have and what it may have. It can
be used at once; entered in ``CELLS`` it has a name, and the tests of the registry (finite differences,
window invariance, raggedness) apply to it. A cell whose non-linearity contains a matrix product (reset
gate before the product, projections) does not fit this form.

References
----------
.. [1] J. L. Elman, "Finding structure in time", Cognitive Science 14(2), 1990.
.. [2] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
.. [3] F. A. Gers, J. Schmidhuber, F. Cummins, "Learning to forget", Neural Computation 12(10),
   2000.
.. [4] K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.
"""

import numpy as np

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "GRU",
    "LSTM",
    "Cell",
    "Elman",
]

# --- activations of the Elman cell: f(a, in place) and dh -> da, written in terms of h = f(a) ------


def _tanh(a):
    return np.tanh(a, out=a)


def _tanh_backward(h, dh):
    return dh * (1 - h * h)


def _relu(a):
    return np.maximum(a, 0, out=a)


def _relu_backward(h, dh):
    return dh * (h > 0)


def _logistic(a):
    # sigma(a) = (1 + tanh(a / 2)) / 2 never overflows and uses the vectorised tanh.
    a *= 0.5
    np.tanh(a, out=a)
    a *= 0.5
    a += 0.5
    return a


def _logistic_backward(h, dh):
    return dh * h * (1 - h)


def _identity(a):
    return a


def _identity_backward(h, dh):
    return dh.copy()


def _softmax(a):
    a -= a.max(axis=-1, keepdims=True)
    np.exp(a, out=a)
    a /= a.sum(axis=-1, keepdims=True)
    return a


def _softmax_backward(h, dh):
    # the full Jacobian diag(h) - h h^T, applied without forming it
    return h * (dh - (h * dh).sum(axis=-1, keepdims=True))


ACTIVATIONS = {
    "tanh": (_tanh, _tanh_backward),
    "relu": (_relu, _relu_backward),
    "logistic": (_logistic, _logistic_backward),
    "identity": (_identity, _identity_backward),
    "softmax": (_softmax, _softmax_backward),
}


class Cell:
    """What all cells have in common.

    A cell may also have a method ``gates(tape)``, name -> (B, H), for looking at them. If its new
    states depend on each other (LSTM: h' on c'), it also has ``total(dstate, tape)``: from the gradients
    that count each state's own way into the future to the total ones, both n_states x (B, H).

    Parameters
    ----------
    hidden_size : int
        Number of hidden units H.
    dtype : dtype
        That of the activations: float32 or float64.

    Attributes
    ----------
    n_gates : int
        Blocks of H columns in ``a_x`` and ``a_h``.
    n_states : int
        Arrays in ``state``.
    bias_init : tuple of float
        What b_x is before training, one number per gate; b_h is zero.
    forget_gate : int or None
        The gate that keeps the state while it is open, if the cell has one: then the estimator has a
        parameter `forget_bias`, its bias in b_x before training.
    input_gate : int or None
        The gate that lets new input in, if it is another one than the forget gate closed.
    options : tuple of str
        The parameters of the estimator that the constructor takes besides.
    """

    n_gates = 1
    n_states = 1
    bias_init = (0.0,)
    forget_gate = input_gate = None
    options = ()

    def __init__(self, hidden_size, dtype):
        pass

    def forward(self, a_x, a_h, state):
        """One step: the new state and the tape."""
        raise NotImplementedError

    def backward(self, dstate, tape):
        """Back through the step, from the gradient with respect to the new state.

        Returns da_x, da_h (which may be one array), and the gradient with respect to the old state: None
        in place of a part of it that the step uses through ``a_h`` only.
        """
        raise NotImplementedError


class Elman(Cell):
    """Elman network [1]_: h' = f(a_x + a_h), f one of ``ACTIVATIONS``.

    Parameters
    ----------
    hidden_size : int
        Number of hidden units H.
    dtype : dtype
        That of the activations: float32 or float64.
    activation : str, default="tanh"
        The name of f.
    """

    n_gates = 1
    n_states = 1
    bias_init = (0.0,)
    options = ("activation",)  # parameters of the estimator that the constructor takes

    def __init__(self, hidden_size, dtype, activation="tanh"):
        self.activation = activation
        self.f, self.f_backward = ACTIVATIONS[activation]

    def forward(self, a_x, a_h, state):
        a_h += a_x
        h_next = self.f(a_h)
        return (h_next,), (h_next,)

    def backward(self, dstate, tape):
        (dh_next,) = dstate
        (h_next,) = tape
        da = self.f_backward(h_next, dh_next)  # h' = f(a)
        return da, da, (None,)  # h reaches h' through a_h only


class LSTM(Cell):
    """Long short-term memory [2]_ with forget gate [3]_, gates in the order i f g o.

    i, f, o = sigma(a_i), sigma(a_f), sigma(a_o);  g = tanh(a_g);  a = a_x + a_h
    c' = f c + i g
    h' = o tanh(c')

    Parameters
    ----------
    hidden_size : int
        Number of hidden units H.
    dtype : dtype
        That of the activations: float32 or float64.
    """

    n_gates = 4
    n_states = 2
    bias_init = (0.0, 1.0, 0.0, 0.0)  # an open forget gate at the start [3]_
    input_gate, forget_gate = 0, 1

    def __init__(self, hidden_size, dtype):
        # sigma(a) = 0.5 + 0.5 tanh(0.5 a) and tanh(a) = 0 + 1 tanh(1 a): one tanh for all gates
        H = hidden_size
        self.scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], dtype=dtype), H)
        self.shift = np.repeat(np.array([0.5, 0.5, 0, 0.5], dtype=dtype), H)
        self.gate_columns = [slice(k * H, (k + 1) * H) for k in range(4)]

    def forward(self, a_x, a_h, state):
        _, c = state
        gates = a_h
        gates += a_x
        gates *= self.scale
        np.tanh(gates, out=gates)
        gates *= self.scale
        gates += self.shift
        i, f, g, o = (gates[:, k] for k in self.gate_columns)
        c_next = f * c
        c_next += i * g
        tanh_c = np.tanh(c_next)
        h_next = o * tanh_c
        return (h_next, c_next), (gates, c, tanh_c)

    def total(self, dstate, tape):
        dh_next, dc_next = dstate
        gates, _, tanh_c = tape
        dtanh_c = dh_next * gates[:, self.gate_columns[3]]  # h' = o tanh(c')
        dc = dtanh_c - dtanh_c * tanh_c * tanh_c
        dc += dc_next
        return dh_next, dc

    def backward(self, dstate, tape):
        dh_next, dc = self.total(dstate, tape)
        gates, c, tanh_c = tape
        ki, kf, kg, ko = self.gate_columns
        i, f, g, _ = (gates[:, k] for k in self.gate_columns)
        da = gates * gates  # slopes: sigma' = y - y^2, tanh' = 1 - y^2
        np.subtract(gates, da, out=da)
        da[:, kg] += 1
        da[:, kg] -= g
        da[:, ki] *= dc * g  # c' = f c + i g
        da[:, kf] *= dc * c
        da[:, kg] *= dc * i
        da[:, ko] *= dh_next * tanh_c
        dc *= f
        return da, da, (None, dc)

    def gates(self, tape):
        i, f, g, o = (tape[0][:, k] for k in self.gate_columns)
        return {"i": i, "f": f, "g": g, "o": o}


class GRU(Cell):
    """Gated recurrent unit [4]_, gates in the order r z n, reset gate after the product.

    r, z = sigma(a_x,r + a_h,r), sigma(a_x,z + a_h,z)
    n = tanh(a_x,n + r a_h,n)
    h' = (1 - z) n + z h

    The reset gate multiplies the finished product h W_n + b_n, as in cuDNN and PyTorch: this is
    what lets the three recurrent products be one.

    Parameters
    ----------
    hidden_size : int
        Number of hidden units H.
    dtype : dtype
        That of the activations: float32 or float64.
    """

    n_gates = 3
    n_states = 1
    bias_init = (0.0, 0.0, 0.0)
    forget_gate = 1  # z: h' = (1 - z) n + z h

    def __init__(self, hidden_size, dtype):
        H = hidden_size
        self.rz = slice(0, 2 * H)
        self.r, self.z, self.n = slice(0, H), slice(H, 2 * H), slice(2 * H, 3 * H)

    def forward(self, a_x, a_h, state):
        (h,) = state
        rz = a_h[:, self.rz]
        rz += a_x[:, self.rz]
        _logistic(rz)
        n = a_h[:, self.r] * a_h[:, self.n]
        n += a_x[:, self.n]
        np.tanh(n, out=n)
        h_minus_n = h - n
        h_next = a_h[:, self.z] * h_minus_n
        h_next += n
        # a_h holds r | z | a_h,n from here on
        return (h_next,), (a_h, n, h_minus_n)

    def backward(self, dstate, tape):
        (dh_next,) = dstate
        rz_an, n, h_minus_n = tape
        r, z, a_hn = rz_an[:, self.r], rz_an[:, self.z], rz_an[:, self.n]
        dh = dh_next * z  # h' = n + z (h - n)
        da_x = np.empty_like(rz_an)
        da_n = da_x[:, self.n]
        np.subtract(dh_next, dh, out=da_n)
        da_n *= 1 - n * n  # n = tanh(a_x,n + r a_h,n)
        rz = rz_an[:, self.rz]
        np.multiply(rz, 1 - rz, out=da_x[:, self.rz])  # r, z = sigma(a)
        da_x[:, self.r] *= da_n * a_hn
        da_x[:, self.z] *= dh_next * h_minus_n
        da_h = da_x.copy()
        da_h[:, self.n] *= r
        return da_x, da_h, (dh,)

    def gates(self, tape):
        rz_an, n, _ = tape
        return {"r": rz_an[:, self.r], "z": rz_an[:, self.z], "n": n}


CELLS = {"rnn": Elman, "lstm": LSTM, "gru": GRU}
