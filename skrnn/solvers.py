"""Solvers: updates of one flat vector.

``theta`` (P,) is the vector of all weights and ``g`` (P,) the gradient, already scaled, penalised
and clipped. A step is elementwise and in place. What a solver remembers lies in one array
``memory`` (n_slots, P) and the counter ``t``, so that it can be saved, restored and pickled as
two attributes.

The formulas are PyTorch's, term by term (epsilon is added to sqrt(v_hat), the momentum buffer
holds gradients and not steps), so that learning curves can be compared.

To add a solver, write one class with ``n_slots`` and ``step`` and enter it in ``SOLVERS``; the
tests of the registry apply to it at once. A solver with ``full_batch = True`` instead has
``minimize(function, theta, callback)`` and drives the evaluation itself (L-BFGS).

References
----------
.. [1] D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
.. [2] T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", COURSERA, 2012.
.. [3] I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
   ICML 2013.
.. [4] D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization",
   Mathematical Programming 45, 1989.
.. [5] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
.. [6] L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large
   learning rates", 2019 (arXiv 1708.07120).
"""

import math
from numbers import Real

import numpy as np
import scipy.optimize

__all__ = [
    "LBFGS",
    "SCHEDULES",
    "SGD",
    "SOLVERS",
    "Adam",
    "Adaptive",
    "Constant",
    "Cosine",
    "Given",
    "InverseScaling",
    "OneCycle",
    "RMSprop",
]


class _Stepwise:
    """What the solvers that step after every gradient share: the memory and the rate."""

    full_batch = False
    n_slots = 0
    options = ()  # names of the keyword arguments
    # Whether a step divides g by the root of its mean square. Then ``share``, by which updates of unequal
    # weight differ, multiplies g in the step, but not in the mean square; training sets it.
    divides = False
    share = 1.0

    def __init__(self, theta, learning_rate):
        self.learning_rate = learning_rate
        self.memory = np.zeros((self.n_slots, theta.size), dtype=theta.dtype)
        self.t = 0


class SGD(_Stepwise):
    """Stochastic gradient descent with (Nesterov) momentum [3]_.

    v <- mu v + g;   theta <- theta - eta v   (Nesterov: eta (g + mu v))

    Parameters
    ----------
    theta : (P,) array
        The weights: how many, and their dtype.
    learning_rate : float
        eta; training sets it for every epoch.
    momentum : float, default=0.9
        mu.
    nesterovs_momentum : bool, default=True
        Whether to look one step ahead.
    """

    n_slots = 1
    options = ("momentum", "nesterovs_momentum")

    def __init__(self, theta, learning_rate, *, momentum=0.9, nesterovs_momentum=True):
        super().__init__(theta, learning_rate)
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum

    def step(self, theta, g):
        self.t += 1
        (v,) = self.memory
        v *= self.momentum
        v += g
        direction = g + self.momentum * v if self.nesterovs_momentum else v
        theta -= self.learning_rate * direction


class Adam(_Stepwise):
    """Adam [1]_.

    m <- beta_1 m + (1 - beta_1) share g;   v <- beta_2 v + (1 - beta_2) g^2
    theta <- theta - eta m_hat / (sqrt(v_hat) + epsilon)
    with m_hat = m / (1 - beta_1^t) and v_hat = v / (1 - beta_2^t)

    Parameters
    ----------
    theta : (P,) array
        The weights: how many, and their dtype.
    learning_rate : float
        eta; training sets it for every epoch.
    beta_1 : float, default=0.9
        Decay of m.
    beta_2 : float, default=0.999
        Decay of v.
    epsilon : float, default=1e-8
        Added to the root.
    """

    n_slots = 2
    divides = True
    options = ("beta_1", "beta_2", "epsilon")

    def __init__(self, theta, learning_rate, *, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        super().__init__(theta, learning_rate)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def step(self, theta, g):
        self.t += 1
        m, v = self.memory
        m *= self.beta_1
        m += (1 - self.beta_1) * self.share * g
        v *= self.beta_2
        g2 = g * g
        g2 *= 1 - self.beta_2
        v += g2
        m_scale = 1 / (1 - self.beta_1**self.t)
        v_scale = 1 / (1 - self.beta_2**self.t)
        denominator = np.sqrt(v, out=g2)
        denominator *= v_scale**0.5
        denominator += self.epsilon
        step = m / denominator
        step *= self.learning_rate * m_scale
        theta -= step


class RMSprop(_Stepwise):
    """RMSprop [2]_, its decay called beta_2.

    v <- beta_2 v + (1 - beta_2) g^2;   theta <- theta - eta share g / (sqrt(v) + epsilon)

    Parameters
    ----------
    theta : (P,) array
        The weights: how many, and their dtype.
    learning_rate : float
        eta; training sets it for every epoch.
    beta_2 : float, default=0.999
        Decay of v.
    epsilon : float, default=1e-8
        Added to the root.
    """

    n_slots = 1
    divides = True
    options = ("beta_2", "epsilon")

    def __init__(self, theta, learning_rate, *, beta_2=0.999, epsilon=1e-8):
        super().__init__(theta, learning_rate)
        self.beta_2, self.epsilon = beta_2, epsilon

    def step(self, theta, g):
        self.t += 1
        (v,) = self.memory
        v *= self.beta_2
        v += (1 - self.beta_2) * (g * g)
        theta -= self.learning_rate * self.share * (g / (np.sqrt(v) + self.epsilon))


class LBFGS:
    """Limited-memory BFGS [4]_ through :func:`scipy.optimize.minimize`, in float64.

    It ends when the gradient is small. A loss that hardly falls does not end it, as there are long
    plains: SciPy's bound on this (``ftol``) is moved down to rounding error, and line searches may take
    more steps (``maxls``), as in scikit-learn's generalised linear models.

    Parameters
    ----------
    max_iter : int, default=200
        Largest number of iterations.
    max_fun : int, default=15000
        Largest number of evaluations of the function.
    tol : float or None, default=1e-4
        Ends when no entry of the gradient exceeds it. None: only when no step lowers the function any
        further.
    """

    full_batch = True
    FTOL = 64 * np.finfo(np.float64).eps
    MAXLS = 50

    def __init__(self, *, max_iter=200, max_fun=15000, tol=1e-4):
        self.max_iter, self.max_fun, self.tol = max_iter, max_fun, tol

    def minimize(self, function, theta, callback):
        """Minimise ``function(theta) -> value, gradient`` from ``theta``.

        ``callback(theta)`` is called after every iteration, at the point evaluated last.

        Returns scipy's result object. Its status is 0 if the gradient has become small, 1 after
        ``max_iter`` or ``max_fun``, and 2 if no step lowers the loss any further; ``message`` says why.
        """
        result = scipy.optimize.minimize(
            function,
            theta.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=callback,
            options={
                "maxiter": self.max_iter,
                "maxfun": self.max_fun,
                "gtol": self.tol or 0.0,
                "ftol": self.FTOL,
                "maxls": self.MAXLS,
            },
        )
        largest = float(np.abs(result.jac).max())
        if self.tol is not None and result.status == 0 and largest > self.tol:  # ended by ftol
            result.status, result.success = 2, False
            result.message = (
                "the loss does not fall any further within rounding error, but the largest entry of the "
                f"gradient, {largest:.1e}, exceeds tol={self.tol:g}"
            )
        return result


# --- learning rates over the epochs of one training call ---------------------------------------------


class Constant:
    """The rate stays as it is.

    Parameters
    ----------
    learning_rate : float
        The rate at the start.
    max_iter : int
        Number of epochs that the call may take.
    """

    ends_with_max_iter = False  # whether training is complete, by design, after max_iter epochs
    is_whole = False  # whether it is complete then only, and nothing but an observer ends it before

    def __init__(self, learning_rate, max_iter):
        self.learning_rate = learning_rate

    def rate(self, epoch):
        """The rate of an epoch, counted from 0."""
        return self.learning_rate

    def go_on_after_plateau(self):
        """Whether training goes on when the loss has stopped falling."""
        return False


class Adaptive(Constant):
    """Divided by 5 whenever the loss has stopped falling, until it is below 1e-6.

    Parameters
    ----------
    learning_rate : float
        The rate at the start.
    max_iter : int
        Number of epochs that the call may take.
    """

    def go_on_after_plateau(self):
        if self.learning_rate <= 1e-6:
            return False
        self.learning_rate /= 5
        return True


class Cosine(Constant):
    """Half a cosine from the initial rate towards 0 over ``max_iter`` epochs [5]_.

    Parameters
    ----------
    learning_rate : float
        The rate at the start.
    max_iter : int
        Number of epochs that the call may take, the length of the half cosine.
    """

    ends_with_max_iter = True

    def __init__(self, learning_rate, max_iter):
        super().__init__(learning_rate, max_iter)
        self.max_iter = max_iter

    def rate(self, epoch):
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / self.max_iter))


class OneCycle(Constant):
    """Up from a tenth of the rate for 30 % of the epochs, then half a cosine down to 0 [6]_.

    High rates in the middle of training find wide minima, and the way down settles in one of them: it
    takes fewer epochs than any constant rate. The way up is a line.

    Parameters
    ----------
    learning_rate : float
        The highest rate.
    max_iter : int
        Number of epochs that the call takes, the length of the cycle.
    """

    ends_with_max_iter = True
    is_whole = True
    rising, lowest = 0.3, 0.1

    def __init__(self, learning_rate, max_iter):
        super().__init__(learning_rate, max_iter)
        self.max_iter = max_iter

    def rate(self, epoch):
        at = epoch / self.max_iter
        if at < self.rising:
            return self.learning_rate * (self.lowest + (1 - self.lowest) * at / self.rising)
        at = (at - self.rising) / (1 - self.rising)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * at))


class InverseScaling(Constant):
    """Divided by the square root of the number of the epoch, counted from 1.

    As in scikit-learn's multi-layer perceptron with `power_t=0.5`; but that counts samples, so that its
    rates depend on their number.

    Parameters
    ----------
    learning_rate : float
        The rate at the start.
    max_iter : int
        Number of epochs that the call may take.
    """

    def rate(self, epoch):
        return self.learning_rate / math.sqrt(epoch + 1)


class Given(Constant):
    """What a function of the epoch says.

    Parameters
    ----------
    function : callable
        Takes the number of the epoch, counted from 0, and returns the rate.
    learning_rate : float
        Not used.
    max_iter : int
        Number of epochs that the call may take.
    """

    def __init__(self, function, learning_rate, max_iter):
        super().__init__(learning_rate, max_iter)
        self.function = function

    def rate(self, epoch):
        rate = self.function(epoch)
        if not (isinstance(rate, Real) and math.isfinite(rate) and rate >= 0):
            raise ValueError(
                f"The callable passed as learning_rate returned {str(rate)[:60]} for epoch {epoch}: it "
                "must return a finite number, at least 0."
            )
        return float(rate)


SCHEDULES = {
    "constant": Constant, "adaptive": Adaptive, "invscaling": InverseScaling, "cosine": Cosine,
    "onecycle": OneCycle,
}  # fmt: skip
SOLVERS = {"adam": Adam, "sgd": SGD, "rmsprop": RMSprop, "lbfgs": LBFGS}
