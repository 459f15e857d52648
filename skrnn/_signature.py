"""Every constructor parameter of the estimators, declared once: default, constraint, text.

``PARAMETERS`` is in the order of the signatures. ``owner`` says which classes have a parameter:
"all", or those that name the owner in their ``_owns``. ``build`` gives a class its ``__init__``,
its ``_parameter_constraints`` and its docstring from this table, so that siblings differ by class
attributes only and signature, validation and documentation cannot drift apart. scikit-learn takes the
texts from the docstring, as ``name : type`` and what follows, for the HTML representation.

``METHODS`` has the texts that several methods share; ``complete`` puts them into a docstring.

To add a parameter, add one entry.
"""

import inspect
import re
import textwrap
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from skrnn._pooling import POOLINGS
from skrnn.cells import ACTIVATIONS
from skrnn.solvers import SCHEDULES, SOLVERS


class Parameter(NamedTuple):
    """``type`` may hold the default as ``{default}``; ``default_of`` maps an owner to another one."""

    default: object
    constraint: list
    type: str
    text: str
    owner: str = "all"
    default_of: dict | None = None


def _at_least(low):
    return Interval(Integral, low, None, closed="left")


def _quoted(names):
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


_POSITIVE = Interval(Real, 0, None, closed="right")  # inf included
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_UNIT = Interval(Real, 0, 1, closed="left")
_FLOATS = (
    Options(type, {np.float32, np.float64}),
    Options(np.dtype, {np.dtype("float32"), np.dtype("float64")}),
)
REGRESSION_LOSSES = ("squared_error", "absolute_error", "huber", "poisson", "quantile")

PARAMETERS = {
    "hidden_size": Parameter(
        32,
        [_at_least(1), "array-like"],
        "int or tuple of int, default=32",
        "Number of hidden units. A tuple stacks layers: one entry for each, that of the layer nearest to "
        "X first.",
    ),
    "activation": Parameter(
        "tanh",
        [StrOptions(set(ACTIVATIONS))],
        f'{_quoted(ACTIVATIONS)}, default="tanh"',
        "The function that the hidden units apply to the sum of their inputs. With \"softmax\" the units "
        "of a layer compete and sum to one.",
        "rnn",
    ),
    "bidirectional": Parameter(
        False,
        ["boolean"],
        "bool, default=False",
        "Whether every layer also reads the sequences backwards, each within its own length. Needs "
        "whole sequences: not together with `k1`, `k2`, `target_delay` or `target_replication`.",
    ),
    "embedding_size": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "If set, X holds integer tokens, as :class:`TokenEncoder` makes them: lists or object arrays of "
        "1-D integer arrays, or a 2-D integer array. Each is looked up in a learned table of vectors of "
        "this length. Large tables cost time: the solver updates all of it every time.",
    ),
    "n_tokens": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "Number of different tokens: the rows of the table. None: 1 + the largest token in fit. A larger "
        "one later is an error. Only used when `embedding_size` is set.",
    ),
    "pooling": Parameter(
        "last",
        [StrOptions(set(POOLINGS))],
        f'{_quoted(POOLINGS)}, default="last"',
        "With one target per sequence: what the read-out sees of the top layer. \"last\" is the "
        "final state (of each direction its own), \"mean\" and \"max\" run over the time steps.",
    ),
    "dropout": Parameter(
        0.0,
        [_UNIT],
        "float in [0, 1), default=0.0",
        "While training, the share of units set to zero between layers and before the read-out. One "
        "mask per sequence and update, the same at all time steps; never on the recurrence. Not with "
        "`solver=\"lbfgs\"`.",
    ),
    "rows": Parameter(
        "sequences",
        [StrOptions({"sequences", "steps"})],
        '{"sequences", "steps"}, default="sequences"',
        "How a 2-D X is read: with \"sequences\" each row is a sequence, with \"steps\" each row is one "
        "time step of one series, or of several told apart by `sequence_id`; y then has a target for "
        "every row. Split such a table with :class:`sklearn.model_selection.TimeSeriesSplit`, never "
        "shuffled.",
    ),
    "step_features": Parameter(
        1,
        [_at_least(1)],
        "int, default=1",
        "For 2-D X with `rows=\"sequences\"`, and for lists of 1-D rows: how many consecutive columns "
        "make one time step.",
    ),
    "sequence_id": Parameter(
        None,
        [None, str, Integral],
        "str or int, default=None",
        "With `rows=\"steps\"`: the column of X, by name or position, that says to which series a row "
        "belongs. It may hold anything but missing values, and is not a feature. The rows of a series "
        "stand in order; series may be interleaved.",
    ),
    "return_sequences": Parameter(
        False,
        ["boolean"],
        "bool, default=False",
        "Whether y has one target per time step instead of one per sequence.",
    ),
    "target_delay": Parameter(
        0,
        [Interval(Integral, 0, 1_000_000, closed="both")],
        "int, default=0",
        "With targets per step: the output for step t is read after step t + `target_delay`, so that "
        "it has seen so many inputs more. X is continued with zeros; every target trains, and "
        "predictions keep the length of X.",
    ),
    "initial_state": Parameter(
        "zeros",
        [StrOptions({"zeros", "last"})],
        '{"zeros", "last"}, default="zeros"',
        "The state that sequences start from. \"last\" needs `rows=\"steps\"`: `predict` and "
        "`partial_fit` go on from the state in which each series ended in fit, so that X are the rows "
        "that follow; a series that was not in fit starts from zeros, and so does fit.",
    ),
    "k1": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "Truncated backpropagation through time (TBPTT): the weights are updated every `k1` time steps, "
        "from the losses of these steps. None: once per batch, after the whole sequences. With one "
        "target per sequence and `target_replication=0` there is one loss, so `k1` has no effect.",
    ),
    "k2": Parameter(
        None,
        [None, StrOptions({"auto"}), _at_least(1)],
        'int or "auto", default=None',
        "Truncated backpropagation through time (TBPTT): the gradient flows back through `k2` time "
        "steps. None: equal to `k1`. If `k2` is larger than `k1`, the window of `k2` steps is run again "
        "with the current weights, so that the gradient is exact; if it is smaller, the `k1` steps are "
        "cut into pieces of `k2` steps, whose gradients add up. \"auto\": chosen before every epoch, so "
        "that the estimated relative bias of the gradient is at most `truncation_tolerance` [4]_; it is "
        "recorded in `k2_curve_`. Needs `k1` if there are targets per time step, or "
        "`target_replication`; then it is `k1` + 59 at most (3 `k1` - 1, if that is more), else 60.",
    ),
    "truncation_tolerance": Parameter(
        0.5,
        [Interval(Real, 0, None, closed="neither")],
        "float, default=0.5",
        "Relative bias allowed to the truncated gradient: smaller values make `k2` larger. Only used "
        "when `k2=\"auto\"`.",
    ),
    "target_replication": Parameter(
        0.0,
        [Interval(Real, 0, 1, closed="both")],
        "float in [0, 1], default=0.0",
        "With one target per sequence: the share of the loss that is spread evenly over all time "
        "steps, each trained towards the sequence's target [2]_.",
    ),
    "clip_norm": Parameter(
        1.0,
        [None, _POSITIVE],
        "float, default=1.0",
        "The gradient of all weights together is scaled down to this Euclidean norm if it is longer "
        "[3]_. None or inf: off. Not applied by \"lbfgs\".",
    ),
    "clip_value": Parameter(
        None,
        [None, _POSITIVE],
        "float, default=None",
        "Every entry of the gradient is clipped to this absolute value, before `clip_norm`. None or "
        "inf: off. Not applied by \"lbfgs\".",
    ),
    "loss": Parameter(
        "squared_error",
        [StrOptions(set(REGRESSION_LOSSES))],
        f'{_quoted(REGRESSION_LOSSES)}, default="squared_error"',
        "What training minimises, summed over the outputs. The squared error is halved; the absolute "
        "error and \"huber\" (half the squared error up to `huber_delta`, linear beyond it) mind "
        "outliers less. \"poisson\", for counts and rates y >= 0, is half the Poisson deviance, and the "
        "read-out gives the logarithm of the predictions. \"quantile\" is the pinball loss: y lies below "
        "its predictions with probability `quantile`. All but \"poisson\" train on y standardised by its "
        "mean and deviation.",
        "regressor",
    ),
    "huber_delta": Parameter(
        1.0,
        [_POSITIVE],
        "float, default=1.0",
        "Where the Huber loss becomes linear, in deviations of y; inf: nowhere. Only used when "
        "`loss=\"huber\"`.",
        "regressor",
    ),
    "quantile": Parameter(
        0.5,
        [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "float or increasing list of float, default=0.5",
        "The quantile(s) to predict, between 0 and 1. A list is predicted at once, as so many outputs "
        "that never cross; y then has one number per target. Only used when `loss=\"quantile\"`.",
        "regressor",
    ),
    "class_weight": Parameter(
        None,
        [None, dict, StrOptions({"balanced"})],
        'dict or "balanced", default=None',
        "Weights of the classes, a dict of label to weight; they are multiplied with `sample_weight`. "
        "\"balanced\" gives each class the same total weight. None: all are 1. Not for multilabel "
        "targets.",
        "classifier",
    ),
    "alpha": Parameter(
        1e-4,
        [_NOT_NEGATIVE],
        "float, default=1e-4",
        "Strength of the L2 penalty on the weight matrices (not on biases): every update adds "
        "``alpha / 2 |W|^2`` divided by the sum of the sample weights of its sequences, whatever `k1` "
        "and `k2`.",
    ),
    "solver": Parameter(
        "adam",
        [StrOptions(set(SOLVERS))],
        f'{_quoted(SOLVERS)}, default="adam"',
        "How the weights are updated. \"lbfgs\" uses the whole data and the whole sequences for every "
        "step: not together with `k1`, `k2` or `dropout`.",
    ),
    "learning_rate_init": Parameter(
        0.01,
        [Interval(Real, 0, None, closed="neither")],
        "float, default={default}",
        "The learning rate at the start. The default is 0.01 for LSTM and GRU and 0.003 for the simple "
        "network, which does not learn long sequences at higher rates. Not used by \"lbfgs\".",
        default_of={"rnn": 0.003},
    ),
    "learning_rate": Parameter(
        "constant",
        [StrOptions(set(SCHEDULES))],
        f'{_quoted(SCHEDULES)}, default="constant"',
        "How the rate changes over the epochs. \"adaptive\" divides it by 5 whenever the loss has not "
        "improved by `tol` for `n_iter_no_change` epochs, instead of stopping; \"cosine\" lowers it "
        "towards 0 along half a cosine over the `max_iter` epochs of a fit call, and is constant in "
        "`partial_fit`.",
    ),
    "momentum": Parameter(
        0.9,
        [Interval(Real, 0, 1, closed="both")],
        "float in [0, 1], default=0.9",
        "Momentum. Only used when `solver=\"sgd\"`.",
    ),
    "nesterovs_momentum": Parameter(
        True,
        ["boolean"],
        "bool, default=True",
        "Whether the momentum is Nesterov's. Only used when `solver=\"sgd\"`.",
    ),
    "beta_1": Parameter(
        0.9,
        [_UNIT],
        "float in [0, 1), default=0.9",
        "Decay of the mean of the gradients. Only used when `solver=\"adam\"`.",
    ),
    "beta_2": Parameter(
        0.999,
        [_UNIT],
        "float in [0, 1), default=0.999",
        "Decay of the mean of the squared gradients. Only used when `solver` is \"adam\" or "
        "\"rmsprop\".",
    ),
    "epsilon": Parameter(
        1e-8,
        [Interval(Real, 0, None, closed="neither")],
        "float, default=1e-8",
        "Added to the root of the mean squared gradient. Only used when `solver` is \"adam\" or "
        "\"rmsprop\".",
    ),
    "max_fun": Parameter(
        15000,
        [_at_least(1)],
        "int, default=15000",
        "Largest number of evaluations of the loss in a fit call. Only used when `solver=\"lbfgs\"`.",
    ),
    "batch_size": Parameter(
        "auto",
        [StrOptions({"auto"}), _at_least(1)],
        'int or "auto", default="auto"',
        "Number of sequences per batch. \"auto\": all of them up to 200 sequences, 32 if there are more. "
        "With targets per step and `k1`, an int larger than the number of sequences cuts each of them "
        "into contiguous pieces that run side by side: as many as fill the batch, none shorter than "
        "`k1` and `k2`, each from a state of zeros. Not used by \"lbfgs\".",
    ),
    "max_iter": Parameter(
        200,
        [_at_least(1)],
        "int, default=200",
        "Largest number of epochs (passes over the data) of a fit call; with \"lbfgs\", of iterations.",
    ),
    "shuffle": Parameter(
        True,
        ["boolean"],
        "bool, default=True",
        "Whether the sequences are put in a new order for every epoch (the steps never are).",
    ),
    "tol": Parameter(
        1e-4,
        [_NOT_NEGATIVE],
        "float, default=1e-4",
        "Training stops when the loss has not fallen by `tol` for `n_iter_no_change` epochs in a row; "
        "with \"lbfgs\", when no entry of the gradient exceeds it.",
    ),
    "n_iter_no_change": Parameter(
        50,
        [_at_least(1), Options(Real, {np.inf})],
        "int or inf, default=50",
        "For how many epochs in a row the loss may fail to fall by `tol` before training stops; inf: "
        "without limit. Not used by \"lbfgs\". More than the 10 of scikit-learn's MLP: the loss of a "
        "recurrent network rests on plateaus, and under truncated gradients it may rise for 20 epochs "
        "before it falls again.",
    ),
    "early_stopping": Parameter(
        False,
        ["boolean"],
        "bool, default=False",
        "Whether to hold out validation data and to stop when the validation loss, instead of the "
        "training loss, has stopped falling; the weights at its lowest value are kept. Not used by "
        "\"lbfgs\".",
    ),
    "validation_fraction": Parameter(
        0.1,
        [Interval(Real, 0, 1, closed="neither")],
        "float in (0, 1), default=0.1",
        "Share of the sequences held out, stratified in single-label classification with one target "
        "per sequence; of a single sequence with targets per step, its last steps. Only used when "
        "`early_stopping=True` and fit is not given `X_val`. What y is standardised by is taken from all "
        "sequences.",
    ),
    "warm_start": Parameter(
        False,
        ["boolean"],
        "bool, default=False",
        "Whether fit goes on from the weights, the solver's memory and the random state at the end of "
        "the fit before, instead of starting anew. If :class:`skrnn.callbacks.Checkpoint` has saved the "
        "estimator in the middle of a fit, that run is finished. Regressors keep the mean and deviation "
        "that y was standardised by in the first fit; another loss is an error.",
    ),
    "random_state": Parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None, default=None",
        "Source of the initial weights, the order of the sequences, the held-out data and dropout.",
    ),
    "verbose": Parameter(
        False,
        ["verbose"],
        "bool or int, default=False",
        "1 or True prints a line per epoch: loss, validation loss and score, mean norm of the gradient "
        "before clipping, share of the updates that were clipped, time steps per second, and how long "
        "the epochs left would take. 2 and more show a live bar instead, which needs the package rich.",
    ),
    "n_jobs": Parameter(
        None,
        [None, Integral],
        "int, default=None",
        "Number of threads, in fit and in predictions. None means 1 unless in a "
        ":class:`joblib.parallel_config` context, -1 all cores. Never more than the environment variable "
        "OMP_NUM_THREADS says, which joblib sets in its worker processes. The result does not depend on "
        "it, bit for bit. Small batches use fewer; without compiled kernels only predictions use more "
        "than one.",
    ),
    "dtype": Parameter(
        None,
        [None, StrOptions({"float32", "float64"}), *_FLOATS],
        '"float32", "float64" or dtype, default=None',
        "The floating-point type of weights and computation, also as a NumPy type. None: float32 for X "
        "in float32 or float16, else float64. Fixed by the first fit.",
    ),
}  # fmt: skip


# What the texts above cite; number 1 is the paper of the cell, in the class's own docstring.
REFERENCES = """\
.. [2] Lipton, Z. C., Kale, D. C., Elkan, C., Wetzel, R., "Learning to diagnose with LSTM recurrent
   neural networks", ICLR 2016, arXiv:1511.03677.
.. [3] Pascanu, R., Mikolov, T., Bengio, Y., "On the difficulty of training recurrent neural
   networks", ICML 2013.
.. [4] Aicher, C., Foti, N. J., Fox, E. B., "Adaptively truncating backpropagation through time to
   control gradient bias", UAI 2019, arXiv:1905.07473.
"""


class Attribute(NamedTuple):
    type: str
    text: str
    owner: str = "all"


_CURVE = "list of float"
ATTRIBUTES = {
    "n_features_in_": Attribute(
        "int", "Number of columns of a 2-D X; of other X the number of features of a time step."
    ),
    "n_step_features_": Attribute("int", "Number of features of a time step."),
    "feature_names_in_": Attribute(
        "ndarray of shape (n_features_in,)",
        "Names of the columns of X. Only after a fit on a DataFrame whose columns have names.",
    ),
    "classes_": Attribute(
        "ndarray of shape (n_classes,)",
        "The labels, sorted; for multilabel targets the numbers of the labels.",
        "classifier",
    ),
    "final_state_": Attribute(
        "list of ndarray of shape (n_series, hidden_size)",
        'With `rows="steps"` and one direction: for each layer the states in which the series end, '
        "under the final weights; of an LSTM the tuple of h and c.",
    ),
    "sequence_ids_": Attribute(
        "ndarray of shape (n_series,)",
        'With `rows="steps"`: the ids of the series in the order of their first rows; 0 for the only '
        "one without `sequence_id`.",
    ),
    "n_outputs_": Attribute("int", "Number of units of the read-out: a binary classification has one."),
    "weights_": Attribute(
        "dict of str to ndarray",
        "Copies of all weights; names and shapes stand in the property's documentation.",
    ),
    "n_iter_": Attribute(
        "int", "Number of epochs of the last fit, and of the calls of partial_fit since."
    ),
    "n_updates_": Attribute("int", "Number of updates of the weights since they were drawn."),
    "loss_": Attribute("float", "The last entry of `loss_curve_`."),
    "best_loss_": Attribute(
        "float or None", "The lowest entry of `loss_curve_`; None with early stopping."
    ),
    "loss_curve_": Attribute(
        _CURVE,
        "Training loss per epoch: the weighted mean, each loss taken at the update that used it, plus "
        "the penalty. Comparable between settings of `k1` and `k2`; if the loss standardises y, "
        "it is that of standardised y.",
    ),
    "validation_loss_curve_": Attribute(
        "list of float or None",
        "Validation loss per epoch, without penalty and target replication. None without early stopping.",
    ),
    "validation_scores_": Attribute(
        "list of float or None",
        "Validation score (as `score`) per epoch. None without early stopping.",
    ),
    "best_validation_score_": Attribute(
        "float or None", "The highest of `validation_scores_`. None without early stopping."
    ),
    "grad_norm_curve_": Attribute(
        _CURVE, "Mean Euclidean norm of the gradient per epoch, before clipping."
    ),
    "clipped_fraction_curve_": Attribute(
        _CURVE, "Share of the updates of each epoch in which clipping was active."
    ),
    "k2_curve_": Attribute(
        "list of int or None",
        "The steps that the gradient flowed back through in each epoch: `k2`, or `k1` if that is None, "
        'or what was chosen if `k2="auto"`. None: whole sequences.',
    ),
}


# What several methods have in their docstrings: a line ``.. name`` there stands for METHODS["name"].
METHODS = {
    "X": """\
X : array-like
    The sequences, in one of these forms.

    - An array of shape (n_sequences, n_timesteps, n_features), for sequences of equal length. Time is
      the middle axis.
    - A list or 1-D object array of arrays of shape (n_timesteps_i, n_features), for sequences of any
      length.
    - An array or DataFrame of shape (n_sequences, n_columns): each row is a sequence, its first
      `step_features` columns are the first time step, and so on. A list of 1-D rows, also of unequal
      length, is read in the same way.
    - With `rows="steps"` an array or DataFrame of shape (n_rows, n_columns): each row is a time step.
    - With `embedding_size` tokens: a list or 1-D object array of integer arrays of shape
      (n_timesteps_i,), or an integer array of shape (n_sequences, n_timesteps).
""",
    "X like fit": """\
X : array-like
    The sequences. After a fit on sequences: an array of shape (n_sequences, n_timesteps, n_features)
    or a list or 1-D object array of arrays of shape (n_timesteps_i, n_features), with the n_features
    of fit and any number of time steps. After a fit on an array or DataFrame of shape (n_sequences,
    n_columns): the same, with the columns of fit. After a fit on tokens: tokens. With `rows="steps"`
    the rows of the same columns.
""",
    "y": """\
y : array-like
    The targets: numbers for a regressor, labels for a classifier.

    - One per sequence: shape (n_sequences,), or (n_sequences, n_outputs) for several numbers or for a
      multilabel indicator of 0 and 1.
    - With `return_sequences=True` one per time step: an array of shape (n_sequences, n_timesteps) or
      (n_sequences, n_timesteps, n_outputs), or a list or 1-D object array of arrays of shape
      (n_timesteps_i,) or (n_timesteps_i, n_outputs).
    - With `rows="steps"` one per row: shape (n_rows,) or (n_rows, n_outputs).
""",
    "sample_weight": """\
sample_weight : array-like of shape (n_sequences,), default=None
    Weights of the sequences, none negative; None: all are 1. With `return_sequences=True` also one
    weight per time step: an array of shape (n_sequences, n_timesteps), or a list or 1-D object array of
    arrays of shape (n_timesteps_i,). With `rows="steps"` one per row, shape (n_rows,). What has weight
    zero is left out of the loss and of scores; the step of such a row still moves the state.
""",
    "forecasts": """\
horizon : int
    Number of steps to forecast.
X_future : array-like, default=None
    The values in the `horizon` steps to come of the columns of X that are not in `feedback`; needed
    if there are such columns. In the form of X: for sequences of shape (n_sequences, horizon, n_columns)
    or a list of arrays of shape (horizon, n_columns), for a table of steps `horizon` rows for every
    series, with the column of `sequence_id` if there are several. Of one series also an array of shape
    (horizon, n_columns). It has all columns of X, or those that are not in `feedback`, in their order;
    data frames are read by name.
feedback : str, int or list of them, default=None
    The columns of X, names or positions, whose next values the predictions are, in the order of the
    outputs. None: all, if there are as many columns as outputs (`sequence_id` does not count).
""",
    "forecast": """\
y : ndarray of shape (horizon,) or (horizon, n_outputs)
    The predictions, in units of y. For several series of shape (n_sequences, horizon) or (n_sequences,
    horizon, n_outputs); those of a table are in the order in which their ids first appear.
""",
    "errors of training": """\
ValueError
    If a parameter is out of its range; if parameters do not go together; if X, y or a weight cannot be
    read: empty, of the wrong shape, NaN or infinite; or if the loss or its gradient is not finite
    at the weights that training starts from.
TypeError
    If X, y or a weight is a sparse or masked array.
MemoryError
    If the network, or a window of the data, does not fit in memory.
ImportError
    If `verbose` is 2 or more and the package rich is not installed.
""",
    "warnings of training": """\
Warns
-----
ConvergenceWarning
    If `max_iter` is reached before the loss has stopped falling; if loss or gradient are no longer
    finite: training then stops, the last weights at which they were finite are kept, and the warning
    tells the epoch, the gradient norms before and what to try; if "lbfgs" stops early; or if hardly
    anything was learned and the features of X are on very different scales, or far from 1.
UserWarning
    If training is interrupted from the keyboard: the weights so far are kept; if X seems to have its
    axes in another order, or y one target per time step; if y looks one-hot encoded; if y is in another
    unit than in the first fit, or needs more digits than `dtype` has; if a sequence has more than 10000
    steps and `k1` is not set; if `batch_size` exceeds the number of sequences, and they cannot be cut;
    or if, with `rows="steps"`, the index of X falls, or jumps often: shuffled rows.
DataConversionWarning
    If y has a single column: pass a 1-D y.
""",
    "errors of answers": """\
NotFittedError
    If the estimator has not been fitted.
ValueError
    If X cannot be read (empty, of the wrong shape, NaN or infinite), or if it is not of the form or
    has not the features of the X in fit.
TypeError
    If X is a sparse or masked array.
""",
    "errors of scores": """\
NotFittedError
    If the estimator has not been fitted.
ValueError
    If X, y or sample_weight cannot be read (empty, of the wrong shape, NaN or infinite), or if X is not
    of the form or has not the features of the X in fit.
TypeError
    If X is a sparse or masked array.
""",
}


def of(owners):
    """The parameters of a class with these owners, in order, with its defaults."""
    return {
        name: _with_default_of(owners, p)
        for name, p in PARAMETERS.items()
        if p.owner == "all" or p.owner in owners
    }


def _with_default_of(owners, p):
    default = next((p.default_of[owner] for owner in owners if owner in (p.default_of or {})), p.default)
    return p._replace(default=default, type=p.type.replace("{default}", repr(default)))


def make_init(parameters):
    """An ``__init__`` that does nothing but store ``parameters``, with their signature.

    All are keyword-only after the first.
    """
    kinds = [inspect.Parameter.POSITIONAL_OR_KEYWORD] + [inspect.Parameter.KEYWORD_ONLY] * (
        len(parameters) - 1
    )
    signature = inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        + [
            inspect.Parameter(name, kind, default=p.default)
            for (name, p), kind in zip(parameters.items(), kinds, strict=True)
        ]
    )

    def __init__(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        for name, value in list(bound.arguments.items())[1:]:
            setattr(self, name, value)

    __init__.__signature__ = signature
    return __init__


def documentation(title, entries):
    """A numpydoc section of parameters or attributes."""
    lines = [title, "-" * len(title)]
    for name, p in entries.items():
        lines.append(f"{name} : {p.type}")
        lines += textwrap.wrap(p.text, 92, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def complete(method):
    """Decorator: put the shared texts into the docstring of ``method``."""
    lines = inspect.cleandoc(method.__doc__ or "") + "\n"  # none with python -OO
    method.__doc__ = re.sub(r"^\.\. (.+)\n", lambda line: METHODS[line[1]], lines, flags=re.MULTILINE)
    return method


def build(cls, parameters=None, attributes=None, references=REFERENCES):
    """Give ``cls`` its constructor, constraints and docstring, from its ``_owns`` or other tables."""
    parameters = parameters or of(cls._owns)
    cls.__init__ = make_init(parameters)
    cls.__init__.__qualname__ = f"{cls.__qualname__}.__init__"
    cls._parameter_constraints = {name: p.constraint for name, p in parameters.items()}
    head, _, tail = inspect.cleandoc(cls.__doc__ or "").partition(".. parameters and attributes\n")
    attributes = attributes or {
        n: a for n, a in ATTRIBUTES.items() if a.owner == "all" or a.owner in cls._owns
    }
    sections = documentation("Parameters", parameters), documentation("Attributes", attributes)
    tail = tail.replace(".. shared references\n", references)
    cls.__doc__ = head + "\n\n".join(sections) + "\n" + tail
