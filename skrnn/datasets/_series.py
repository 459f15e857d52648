"""Long series: Mackey-Glass (chaos), NARMA (a driven system), GARCH (noise whose width varies).

Each is one table of time steps: X (n_timesteps, 1), y (n_timesteps,), for estimators with
``rows="steps"``. A series is a function; how to add one: see ``_memory_tasks.py``.
"""

from numbers import Integral, Real

import numpy as np
from scipy.signal import lfilter
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, validate_params

from skrnn.datasets._parts import STEPS

# --- Mackey-Glass -------------------------------------------------------------------------------------

_DECAY, _GAIN, _POWER = 0.1, 0.2, 10
_TRANSIENT = 1000  # units of time until what is left of the start does not matter


# STEPS | {...}, not {**STEPS, ...}: Sphinx cannot read the latter in a decorator, and lists no source
@validate_params(
    STEPS
    | {
        "tau": [Interval(Real, 0, None, closed="neither")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "interval": [Interval(Real, 0, None, closed="neither")],
        "step": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def make_mackey_glass(
    n_timesteps=2000, *, tau=17.0, horizon=1, interval=1.0, step=0.1, random_state=None
):
    """Generate a series of the Mackey-Glass equation, and its values some steps later.

    The equation `dx/dt = 0.2 x(t - tau) / (1 + x(t - tau)**10) - 0.1 x(t)` is a model of the number of
    white blood cells [1]_, and chaotic from a `tau` of about 16.8 on. A regression task with one target
    per row: for estimators with `rows="steps"`.

    Parameters
    ----------
    n_timesteps : int, default=2000
        Number of time steps.
    tau : float, default=17.0
        The delay of the equation.
    horizon : int, default=1
        How many time steps ahead y is.
    interval : float, default=1.0
        Time from one time step to the next.
    step : float, default=0.1
        Step of the integration; `tau` and `interval` must be multiples of it.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call. What is drawn is the value before time 0.

    Returns
    -------
    X : ndarray of shape (n_timesteps, 1)
        The series.
    y : ndarray of shape (n_timesteps,)
        Its values `horizon` time steps later.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.
    ValueError
        If `tau` or `interval` is no multiple of `step`.

    See Also
    --------
    make_narma : A system that is driven by its input.

    Notes
    -----
    The integration is the classical Runge-Kutta method of fourth order. Halfway between two steps the
    delayed value is that of the cubic through both values and slopes, so that the order is kept. x is
    constant before time 0; the first 1000 units of time are dropped.

    Without a model: saying that nothing changes has, for `tau=17` and an `interval` of 1, a normalised
    error (root mean square by standard deviation) of 0.15 for `horizon=1`, of 0.82 for 6 and of 1.65 for
    84, the horizon of many comparisons since [2]_. Predicting the mean has 1.

    Known difficulty: easy one step ahead, where the error should be below 0.01; from there on errors
    grow, as the system is chaotic. At a horizon of 84, iterated one by one, the echo state networks of
    1000 units in [3]_ had an error of about 10^-4.2, 2400 times less than other methods before.

    Truncation: the state of the equation is the past `tau` units of time. So the gradient should flow
    through `tau / interval` steps and some more: `k2 - k1` of about 20 for the default settings.

    References
    ----------
    .. [1] M. C. Mackey, L. Glass, "Oscillation and chaos in physiological control systems", Science 197,
       1977.
    .. [2] H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks", GMD
       Report 148, German National Research Center for Information Technology, 2001.
    .. [3] H. Jaeger, H. Haas, "Harnessing nonlinearity: predicting chaotic systems and saving energy in
       wireless communication", Science 304, 2004.

    Examples
    --------
    >>> from skrnn.datasets import make_mackey_glass
    >>> X, y = make_mackey_glass(500, horizon=6, random_state=0)
    >>> X.shape, y.shape, bool((X[6:, 0] == y[:-6]).all())
    ((500, 1), (500,), True)
    """
    lag, stride = _multiple("tau", tau, step), _multiple("interval", interval, step)
    start = check_random_state(random_state).uniform(0.5, 1.5)
    n = n_timesteps + horizon
    dropped = int(np.ceil(_TRANSIENT / step))
    x = _integrate(start, lag, step, dropped + n * stride)[dropped::stride][:n]
    return x[:n_timesteps, None], x[horizon:].copy()


def _multiple(name, value, step):
    """How many steps ``value`` is."""
    n = round(value / step)
    if n < 1 or not np.isclose(n * step, value, rtol=1e-9, atol=0):
        raise ValueError(f"{name}={value} is no multiple of step={step}.")
    return n


def _production(x):
    return _GAIN * x / (1 + x**_POWER)


def _runge_kutta(x, p, p_half, p_next, h):
    """One step of x' = p(t) - decay x, p given at its start, middle and end."""
    k_1 = p - _DECAY * x
    k_2 = p_half - _DECAY * (x + h / 2 * k_1)
    k_3 = p_half - _DECAY * (x + h / 2 * k_2)
    k_4 = p_next - _DECAY * (x + h * k_3)
    return x + h / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)


def _integrate(start, lag, h, n):
    """(n,) x at 0, h, 2h, ... if x = start before; lag = tau / h.

    Within one tau the delayed values are known, and a Runge-Kutta step is linear in x: a filter.
    """
    decay, *weights = (_runge_kutta(*unit, h) for unit in np.eye(4))
    x, slope = np.full(lag + 1, start), np.zeros(lag + 1)
    parts = [x[-1:]]
    for _ in range(0, n, lag):
        half = (x[1:] + x[:-1]) / 2 + h / 8 * (slope[:-1] - slope[1:])
        p = _production(x)
        drive = np.stack([p[:-1], _production(half), p[1:]], axis=1) @ weights
        later, _ = lfilter([1], [1, -decay], drive, zi=[decay * x[-1]])
        x = np.append(x[-1], later)
        slope = p - _DECAY * x
        parts.append(later)
    return np.concatenate(parts)[:n]


# --- NARMA --------------------------------------------------------------------------------------------

# order -> coefficients of y, of y times the sum, of the product of inputs, and the constant
_NARMA = {10: (0.3, 0.05, 1.5, 0.1), 20: (0.3, 0.05, 1.5, 0.01), 30: (0.2, 0.04, 1.5, 0.001)}
_SETTLED = 200  # steps until the start does not matter


@validate_params(STEPS | {"order": [Options(Integral, {10, 20, 30})]}, prefer_skip_nested_validation=True)
def make_narma(n_timesteps=2000, *, order=10, random_state=None):
    """Generate the input and the output of a NARMA system: nonlinear, moving average, autoregressive.

    The system multiplies the input of now with that of `order - 1` steps before, and its output with the
    sum of the last `order` ones. A regression task with one target per row: for estimators with
    `rows="steps"`.

    Parameters
    ----------
    n_timesteps : int, default=2000
        Number of time steps.
    order : {10, 20, 30}, default=10
        How far the system reaches back. 10 is that of [1]_, 30 that of [2]_. 20 is after [3]_, with a
        tanh around the whole; the Notes have the exact form of all.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_timesteps, 1)
        The input u, uniform from 0 to 0.5.
    y : ndarray of shape (n_timesteps,)
        The output that u(t) has a part in, y(t + 1) of the Notes.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.

    See Also
    --------
    make_mackey_glass : A system without input.

    Notes
    -----
    With the order m and coefficients a, b, c, d, which are 0.3, 0.05, 1.5, 0.1 for 10::

        y(t + 1) = a y(t) + b y(t) (y(t) + ... + y(t - m + 1)) + c u(t) u(t - m + 1) + d

    For the order 20 they are 0.3, 0.05, 1.5, 0.01, and y(t + 1) is the tanh of this; for 30 they are 0.2,
    0.04, 1.5, 0.001.

    Without the tanh the system is not stable: of 2000 steps of order 10 about one series in a hundred
    grows without limit. So where y would exceed 1, which in the mean happens once in 50 000 steps, the
    last `order` inputs are drawn again. The first 200 steps are dropped.

    Without memory: predicting the mean has a normalised squared error of 1. The best linear model of the
    last 50 inputs has 0.14 (0.15 for the order 30), which is what a network must beat to have learned the
    products.

    Known difficulty: long memory and a product at once. In [1]_ the best of the trained networks had 0.24
    as normalised squared error, as [4]_ reports, whose echo state network did better.

    Truncation: the gradient must flow through `order` steps for the product of inputs, so `k2 - k1` must
    be at least `order - 1`; more does not hurt, as outputs live on.

    References
    ----------
    .. [1] A. F. Atiya, A. G. Parlos, "New results on recurrent network training: unifying the algorithms
       and accelerating convergence", IEEE Transactions on Neural Networks 11(3), 2000.
    .. [2] B. Schrauwen, M. Wardermann, D. Verstraeten, J. J. Steil, D. Stroobandt, "Improving reservoirs
       using intrinsic plasticity", Neurocomputing 71, 2008.
    .. [3] A. Rodan, P. Tino, "Minimum complexity echo state network", IEEE Transactions on Neural
       Networks 22(1), 2011.
    .. [4] H. Jaeger, "Adaptive nonlinear system identification with echo state networks", NIPS 15, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.datasets import make_narma
    >>> X, y = make_narma(500, random_state=0)
    >>> sums = y[489:499].sum()
    >>> bool(np.isclose(y[499], 0.3 * y[498] + 0.05 * y[498] * sums + 1.5 * X[499, 0] * X[490, 0] + 0.1))
    True
    """
    rng = check_random_state(random_state)
    a, b, c, d = _NARMA[order]
    n = n_timesteps + _SETTLED
    u, y, t = rng.uniform(0, 0.5, size=n).tolist(), [0.0] * (n + 1), order - 1
    while t < n:
        value = a * y[t] + b * y[t] * sum(y[t - order + 1 : t + 1]) + c * u[t] * u[t - order + 1] + d
        y[t + 1] = float(np.tanh(value)) if order == 20 else value
        t += 1
        if y[t] > 1:  # go back, and let these inputs be others
            again = max(t - order, order - 1)
            u[again:t] = rng.uniform(0, 0.5, size=t - again).tolist()
            t = again
    return np.array(u[_SETTLED:])[:, None], np.array(y[_SETTLED + 1 :])


# --- GARCH --------------------------------------------------------------------------------------------


@validate_params(
    STEPS
    | {
        "alpha": [Interval(Real, 0, 1, closed="left")],
        "beta": [Interval(Real, 0, 1, closed="left")],
        "return_scale": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_garch(n_timesteps=2000, *, alpha=0.2, beta=0.7, return_scale=False, random_state=None):
    """Generate noise whose width depends on its past: a GARCH(1, 1) process.

    The mean of the next value is always 0, so nothing can be said about it; but how far it may lie from 0
    can be. The task is for quantiles: for regressors with `rows="steps"` and `loss="quantile"`.

    Parameters
    ----------
    n_timesteps : int, default=2000
        Number of time steps.
    alpha : float, default=0.2
        Weight of the last squared value in the variance of the next.
    beta : float, default=0.7
        Weight of the last variance. With `alpha` it must be below 1.
    return_scale : bool, default=False
        Whether the true standard deviation of each target is returned, too.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    X : ndarray of shape (n_timesteps, 1)
        The series r.
    y : ndarray of shape (n_timesteps,)
        Its next values.
    scale : ndarray of shape (n_timesteps,)
        Standard deviation of y given all of X up to its row: only if `return_scale`. A true quantile is
        `scale` times that of the normal distribution.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.
    ValueError
        If `alpha + beta` is not below 1.

    See Also
    --------
    make_narma : A series that can be predicted.

    Notes
    -----
    r(t) is a normal number times s(t), with::

        s(t + 1)**2 = (1 - alpha - beta) + alpha r(t)**2 + beta s(t)**2

    so that the variance of all r is 1. With `beta=0` it is the ARCH process of [1]_, else that of [2]_.
    The first 200 steps are dropped.

    Without memory: R2 is 0 for everyone. Constant quantiles cover as many targets as they should, but not
    where they should: they cover too few where the series is wild, and too many where it is calm. The
    pinball loss of the true 5 % quantile is 9 % below that of the best constant for the default settings,
    that of the 1 % quantile 19 %.

    Known difficulty: the gain is small, and it is in the square of the input. A quantile network should
    cover the share it is meant to cover, also among the targets of large and of small `scale`.

    Truncation: the past fades by `alpha + beta` a step, so that the gradient should flow through some
    `3 / (1 - alpha - beta)` steps: `k2 - k1` of about 30 for the default settings.

    References
    ----------
    .. [1] R. F. Engle, "Autoregressive conditional heteroscedasticity with estimates of the variance of
       United Kingdom inflation", Econometrica 50(4), 1982.
    .. [2] T. Bollerslev, "Generalized autoregressive conditional heteroskedasticity", Journal of
       Econometrics 31(3), 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.datasets import make_garch
    >>> X, y, scale = make_garch(5000, return_scale=True, random_state=0)
    >>> bool(np.isclose(np.mean(y < -1.645 * scale), 0.05, atol=0.01))
    True
    """
    if alpha + beta >= 1:
        raise ValueError(f"alpha + beta must be below 1; got {alpha} + {beta}.")
    rng = check_random_state(random_state)
    noise = rng.normal(size=n_timesteps + _SETTLED + 1)
    variance, variances = 1.0, []
    for factor in (alpha * noise**2 + beta).tolist():
        variances.append(variance)
        variance = 1 - alpha - beta + factor * variance
    scale = np.sqrt(variances)[_SETTLED:]
    r = noise[_SETTLED:] * scale
    return (r[:-1, None], r[1:], scale[1:]) if return_scale else (r[:-1, None], r[1:])
