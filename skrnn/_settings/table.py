"""Every constructor parameter of the estimators, declared once: default, constraint, text.

``PARAMETERS`` is in the order of the signatures. ``owner`` says which classes have a parameter:
"all", or those that name the owner in their ``_owns``. ``build`` gives a class its ``__init__``,
its ``_parameter_constraints`` and its docstring from this table, so that siblings differ by class
attributes only and signature, validation and documentation cannot drift apart. scikit-learn takes the
texts from the docstring, as ``name : type`` and what follows, for the HTML representation.

Types are in the words that ``tools/stubs.py`` turns into annotations.

To add a parameter, add one entry, and write the stubs anew.
"""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from skrnn._engine.online import INFLUENCES
from skrnn._engine.pooling import POOLINGS, SIDE_BY_SIDE
from skrnn.cells import ACTIVATIONS
from skrnn.solvers import SCHEDULES, SOLVERS


class Parameter(NamedTuple):
    default: object
    constraint: list
    type: str
    text: str
    owner: str = "all"


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
        "int, tuple of int, list of int or ndarray, default=32",
        "Number of hidden units. A tuple, a list or a 1-D array makes a stack of layers, one entry for "
        "each; the first layer reads X.",
    ),
    "activation": Parameter(
        "tanh",
        [StrOptions(set(ACTIVATIONS))],
        f'{_quoted(ACTIVATIONS)}, default="tanh"',
        "The function that the hidden units apply to the sum of their inputs. With \"softmax\" the units "
        "of a layer compete and sum to one.",
        "rnn",
    ),
    "forget_bias": Parameter(
        "auto",
        [Real, StrOptions({"auto", "chrono"}), tuple],
        'float, "auto", "chrono" or tuple of str and int, default="auto"',
        "The bias of the forget gate before training (of the GRU the gate z, which keeps the state). "
        "With a higher one the network remembers for longer at the start, by which long tasks are often "
        "learned or not. \"chrono\" (Tallec and Ollivier, ICLR 2018): every unit draws for how many "
        "steps it remembers, between 1 and T - 1, and its bias is the logarithm of that; of the LSTM the "
        "input gate's is minus that. T is the number of steps that gradients travel: those of the "
        "longest sequence of the first fit, or `k2` (`k1` if that is None), if it is less. (\"chrono\", "
        "T) sets it. \"auto\" is \"chrono\" with one target per sequence; with targets per step, which "
        "mostly depend on what came just before, it is 1.0 for the LSTM and 0.0 for the GRU.",
        "gated",
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
        [None, _at_least(1), dict],
        "int or dict, default=None",
        "If set, X holds integer tokens, as :class:`TokenEncoder` makes them: lists or object arrays of "
        "1-D integer arrays, or a 2-D integer array. Each token is looked up in a learned table of "
        "vectors of this length. Large tables are slow: every update changes the whole table. A dict is "
        "for categories beside numbers: {\"shop\": 4} reads the column \"shop\" (a name or a "
        "position, as `sequence_id`; with sequences a feature of their steps) as codes, whole numbers "
        "from 0 on as :class:`sklearn.preprocessing.OrdinalEncoder` makes them, with vectors of length "
        "4. The code -1 stands for an unknown value, whose vector is zero. Columns in a tuple of "
        "positions share one table.",
    ),
    "n_tokens": Parameter(
        None,
        [None, _at_least(1), dict],
        "int or dict, default=None",
        "Number of different tokens, which is the number of rows of the table; with `embedding_size` as "
        "a dict one with the same keys. None: 1 + the largest token in fit. Larger tokens are an error "
        "later on. Only used when `embedding_size` is set.",
    ),
    "pooling": Parameter(
        "last",
        [StrOptions({*POOLINGS, *SIDE_BY_SIDE}), tuple],
        f'{_quoted([*POOLINGS, *SIDE_BY_SIDE])} or tuple of str, default="last"',
        "With one target per sequence: what the read-out sees of the top layer. \"last\" is the state "
        "after the last step (with `bidirectional=True` the last of each direction), \"mean\" and "
        "\"max\" are taken over all time steps. A tuple of these names, such as (\"last\", \"mean\", "
        "\"max\"), shows it several side by side, in that order; \"last_max\" is (\"last\", \"max\").",
    ),
    "dropout": Parameter(
        0.0,
        [_UNIT],
        "float in [0, 1), default=0.0",
        "While training, the share of units set to zero between layers and before the read-out. One "
        "mask per sequence and update, the same at all time steps; never on the recurrence. Not with "
        "`solver=\"lbfgs\"`.",
    ),
    "weight_dropout": Parameter(
        0.0,
        [_UNIT],
        "float in [0, 1), default=0.0",
        "While training, the share of the recurrent weights (all ``W_h``) set to zero, the others being "
        "scaled up: DropConnect, as in Merity, Keskar and Socher (ICLR 2018). One mask per update, for "
        "all its sequences and time steps. Not with `solver=\"lbfgs\"`.",
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
        [None, str, Integral, tuple],
        "str, int or tuple, default=None",
        "With `rows=\"steps\"`: the column of X, by name or position, that says to which series a row "
        "belongs. A tuple names a column of several levels. An int is always a position; it is an error "
        "if the column at another position has it as its name. The column may hold anything but "
        "missing values, and is not a feature. The rows of each series "
        "must be in the order of time; rows of different series may be mixed.",
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
        "With targets per step: the output for step t is read after step t + `target_delay`, when the "
        "network has seen that many more inputs. Zeros are appended to X, so that all targets are used "
        "and predictions are as long as X.",
    ),
    "initial_state": Parameter(
        "zeros",
        [StrOptions({"zeros", "last"})],
        '{"zeros", "last"}, default="zeros"',
        "The state that sequences start from. \"last\" needs `rows=\"steps\"`: `predict` and "
        "`partial_fit` continue every series from the state in which it ended in fit; X must hold the "
        "rows that follow. Series that were not in fit start from zeros, and fit itself always does.",
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
        "that the estimated relative bias of the gradient is at most `truncation_tolerance` [4]_, and "
        "recorded in `k2_curve_`. With targets per time step, or `target_replication`, \"auto\" needs "
        "`k1` and chooses at most `k1` + 59 (3 `k1` - 1, if that is more); otherwise at most 60.",
    ),
    "gradient": Parameter(
        "bptt",
        [StrOptions({"bptt", *INFLUENCES})],
        f'{_quoted(["bptt", *INFLUENCES])}, default="bptt"',
        "How gradients find their way through time. \"bptt\" goes back from the losses, through `k2` "
        "steps. \"rtrl\", real-time recurrent learning [5]_, carries the derivatives of the state by all "
        "weights along with the state, so that every row is learned from with its exact gradient through "
        "the whole past, also by `partial_fit` one row at a time; a step costs about `hidden_size` ** 4 "
        "operations, and `hidden_size` may be 64 at most. \"snap1\" [6]_ keeps of each weight its "
        "influence on its own unit only, for larger layers. Both update every `k1` steps (None: every "
        "step), and need `rows=\"steps\"`, `initial_state=\"last\"`, one layer and no `k2`.",
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
        "float or None, default=1.0",
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
        [StrOptions(set(REGRESSION_LOSSES)), type],
        f'{_quoted(REGRESSION_LOSSES)} or class, default="squared_error"',
        "What training minimises, summed over the outputs; also a class below "
        ":class:`skrnn.losses.Loss`. The squared error is halved; the absolute error and \"huber\" (half "
        "the squared error up to `huber_delta`, linear beyond it) are less sensitive to outliers. "
        "\"poisson\", for counts and rates y >= 0, is half the Poisson deviance, "
        "and the read-out gives the logarithm of the predictions. \"quantile\" is the pinball loss: y is "
        "below the prediction with probability `quantile`. All but \"poisson\" train on y standardised "
        "by its mean and deviation.",
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
        "The quantile(s) to predict, between 0 and 1. The quantiles of a list are predicted together, as "
        "outputs that never cross, of every output of y. Only used when `loss=\"quantile\"`.",
        "regressor",
    ),
    "frozen": Parameter(
        (),
        [str, tuple, list],
        "str or tuple of str, default=()",
        "Weights that are not trained, by their names in `weights_`, or by those of parts, as "
        "\"embedding\", \"layer0\" or \"readout\": they stay as they are, bit for bit, whatever solver "
        "and penalty do, and clipping measures the gradient of the others only. For weights of "
        "`from_weights`, or of the fit before with `warm_start=True`, or drawn at random.",
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
        "auto",
        [StrOptions({"auto"}), _NOT_NEGATIVE],
        'float or "auto", default="auto"',
        "Strength of the L2 penalty on the weight matrices (not on biases): every update adds "
        "``alpha / 2 |W|^2`` divided by the sum of the sample weights of its sequences, whatever `k1` "
        "and `k2`, as in scikit-learn's multi-layer perceptron: the same number is half as strong in "
        "batches twice as large. \"auto\" is 0.01 for classes with one target per sequence, and 0.0001 "
        "for everything else.",
    ),
    "solver": Parameter(
        "adam",
        [StrOptions(set(SOLVERS))],
        f'{_quoted(SOLVERS)}, default="adam"',
        "How the weights are updated. \"lbfgs\" uses the whole data and the whole sequences for every "
        "step: not together with `k1`, `k2`, `dropout` or `weight_dropout`.",
    ),
    "learning_rate_init": Parameter(
        "auto",
        [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        'float or "auto", default="auto"',
        "The learning rate at the start, or with `learning_rate=\"onecycle\"` the highest one. \"auto\": "
        "with \"adam\" 0.03 at the top of the cycle (0.06 with targets per step and without `k1`) and "
        "0.01 otherwise, with \"sgd\" 0.3, with \"rmsprop\" 0.01 and 0.003. Cells without a gate that "
        "keeps the state, as that of the simple network, do not learn long sequences at such rates: "
        "theirs are 0.003 (0.01 for the 0.06), 0.03, and 0.003 (0.001 without a cycle). With one target "
        "per sequence, and where a `batch_size` below 16 cuts the data, the top of the cycle is lower by "
        "the root of ``16 / batch_size``, with \"sgd\" by ``16 / "
        "batch_size``. With targets per step and `k1` it is lower by the root of ``n / 200`` where an "
        "update learns from n targets, n below 200 (\"rmsprop\": 50), but not for cells without such a "
        "gate. Not used by \"lbfgs\".",
    ),
    "learning_rate": Parameter(
        "onecycle",
        [StrOptions(set(SCHEDULES)), callable],
        f'{_quoted(SCHEDULES)} or callable, default="onecycle"',
        "How the rate changes over the epochs. \"adaptive\" divides it by 5 whenever the loss has not "
        "improved by `tol` for `n_iter_no_change` epochs, instead of stopping; \"cosine\" lowers it "
        "towards 0 along half a cosine over the `max_iter` epochs of a fit call; \"onecycle\" (Smith and "
        "Topin 2019) raises it for the first 30 % of them from a tenth of `learning_rate_init`, its "
        "highest value, and then lowers it in the same way. A cycle is trained to its end, whatever "
        "`tol` and `early_stopping` say (the latter still keeps the best weights). \"invscaling\" "
        "divides it by the root of the number of the epoch. A callable takes the number of the epoch, "
        "counted from 0, and returns the rate; `learning_rate_init` is not used then. In `partial_fit` "
        "the rate is `learning_rate_init`.",
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
        "Number of sequences per batch. \"auto\": all of them up to 32 sequences, 16 if there are more. "
        "With targets per step and `k1`, an int larger than the number of sequences cuts each of them "
        "into contiguous pieces, which run side by side: as many pieces as fill the batch, none shorter "
        "than `k1` and `k2`. Each piece starts from a state of zeros. Not used by \"lbfgs\".",
    ),
    "max_iter": Parameter(
        "auto",
        [StrOptions({"auto"}), _at_least(1)],
        'int or "auto", default="auto"',
        "Largest number of epochs (passes over the data) of a fit call; with \"lbfgs\", of iterations. "
        "\"auto\": 60 for the schedules that go down to zero, \"onecycle\" and \"cosine\"; fewer, but at "
        "least 10, if these make more than 3000 updates of the weights, and as many as make 180 updates, "
        "if 60 make fewer; 90 and 360 with targets per step and without `k1`; 200 for all others. Where "
        "a cycle is lower for a small `batch_size`, 60 and 3000 are more by the root of ``16 / "
        "batch_size`` and by ``16 / batch_size``.",
    ),
    "shuffle": Parameter(
        True,
        ["boolean"],
        "bool, default=True",
        "Whether the sequences are put in a new order for every epoch (the steps never are).",
    ),
    "tol": Parameter(
        1e-4,
        [None, _NOT_NEGATIVE],
        "float or None, default=1e-4",
        "Training stops when the loss has not fallen by `tol` for `n_iter_no_change` epochs in a row, "
        "except with `learning_rate=\"onecycle\"`, which is trained to its end; "
        "with \"lbfgs\", when no entry of the gradient exceeds it. None: training takes exactly "
        "`max_iter` epochs, and says nothing when they are over; with `early_stopping=True` it still "
        "keeps the weights at the lowest validation loss. \"lbfgs\" also ends where no step lowers the "
        "loss any further. Not None with `learning_rate=\"adaptive\"`.",
    ),
    "n_iter_no_change": Parameter(
        50,
        [_at_least(1), Options(Real, {np.inf})],
        "int or inf, default=50",
        "For how many epochs in a row the loss may fail to fall by `tol` before training stops; inf: "
        "without limit. Not used by \"lbfgs\", nor with `learning_rate=\"onecycle\"`. More than the 10 "
        "of scikit-learn's MLP: the loss of a recurrent network rests on plateaus, and under truncated "
        "gradients it may rise for 20 epochs before it falls again.",
    ),
    "early_stopping": Parameter(
        False,
        ["boolean"],
        "bool, default=False",
        "Whether to hold out validation data and to keep the weights at the lowest validation loss; and "
        "to stop when this, instead of the training loss, has stopped falling, but for "
        "`learning_rate=\"onecycle\"`, which is trained to its end. Not used by \"lbfgs\". Without it, "
        "and with \"lbfgs\", `X_val` and `y_val` passed to fit are only recorded, and the last weights "
        "are kept.",
    ),
    "validation_fraction": Parameter(
        0.1,
        [Interval(Real, 0, 1, closed="neither")],
        "float in (0, 1), default=0.1",
        "Share of the sequences held out, stratified in single-label classification with one target "
        "per sequence (where classes are too small for it, at random, with a warning, and one sequence "
        "of every class is left to train on); of a single sequence with targets per step, its last "
        "steps; of windows that :class:`SlidingWindow` has made, the last ones of every series, those "
        "that share rows with them being left out. Only used when `early_stopping=True` and fit is not "
        "given `X_val`. The mean and deviation that y is standardised by include the sequences held out.",
    ),
    "warm_start": Parameter(
        False,
        ["boolean"],
        "bool, default=False",
        "Whether fit goes on from the weights, the solver's memory and the random state at the end of "
        "the previous fit, instead of starting anew. If :class:`skrnn.callbacks.Checkpoint` has saved "
        "the estimator in the middle of a fit, fit finishes that run. Regressors keep the mean and "
        "deviation by which the first fit standardised y; a change of the loss is an error. Classifiers "
        "keep the classes of the first fit: y may lack some of them (which MLPClassifier does not "
        "allow), but have no others.",
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
.. [5] Williams, R. J., Zipser, D., "A learning algorithm for continually running fully recurrent neural
   networks", Neural Computation 1(2), 1989.
.. [6] Menick, J., Elsen, E., Evci, U., Osindero, S., Simonyan, K., Graves, A., "Practical real time
   recurrent learning with a sparse approximation", ICLR 2021, arXiv:2006.07232.
"""


class Attribute(NamedTuple):
    type: str
    text: str
    owner: str = "all"


_CURVE = "list of float"
ATTRIBUTES = {
    "n_features_in_": Attribute(
        "int", "Number of columns of a 2-D X; for other X, the number of features of a time step."
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
        "computed with the final weights; for an LSTM the tuple of h and c.",
    ),
    "sequence_ids_": Attribute(
        "ndarray of shape (n_series,)",
        'With `rows="steps"`: the ids of the series in the order of their first rows; 0 for the only '
        "one without `sequence_id`.",
    ),
    "n_outputs_": Attribute("int", "Number of units of the read-out; one for binary classification."),
    "weights_": Attribute(
        "dict of str to ndarray",
        "Copies of all weights; names and shapes stand in the property's documentation.",
    ),
    "exact_weights_": Attribute(
        "dict of str to ndarray",
        "The same before mean and scale of y are taken up by the read-out, and beside them: what "
        "`from_weights` takes, bit for bit.",
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
        "the penalty. Comparable between settings of `k1` and `k2`. Where training standardises y, it is "
        "the loss of standardised y.",
    ),
    "validation_loss_curve_": Attribute(
        "list of float or None",
        "Validation loss per epoch, without penalty and target replication; NaN for epochs of earlier "
        "calls without validation data. None if the last call had none.",
    ),
    "validation_scores_": Attribute(
        "list of float or None",
        "Validation score (as `score`) per epoch, in the same way.",
    ),
    "best_validation_score_": Attribute(
        "float or None",
        "The highest of `validation_scores_`, which need not be that of the weights that are kept.",
    ),
    "grad_norm_curve_": Attribute(
        _CURVE, "Mean Euclidean norm of the gradient per epoch, before clipping."
    ),
    "clipped_fraction_curve_": Attribute(
        _CURVE, "Share of the updates of each epoch in which clipping was active."
    ),
    "k2_curve_": Attribute(
        "list of int or None",
        "Through how many steps the gradient flowed back in each epoch: `k2`, or `k1` if that is None, "
        'or what was chosen if `k2="auto"`. None: whole sequences.',
    ),
}
