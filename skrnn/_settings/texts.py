"""Texts of docstrings that several methods share; ``complete`` puts them in."""

import inspect
import re

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
      `step_features` columns are the first time step, and so on. A list of 1-D rows, whose lengths may
      differ, is read in the same way.
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
    zero does not count in the loss and in scores, but the network still reads a row of weight zero.
""",
    "forecasts": """\
horizon : int
    Number of steps to forecast.
X_future : array-like, default=None
    What the columns of X that are not in `feedback` hold in the next `horizon` steps; needed if there
    are such columns. In the form of X: for sequences an array of shape (n_sequences, horizon, n_columns)
    or a list of arrays of shape (horizon, n_columns); for a table of steps `horizon` rows for every
    series, with the column of `sequence_id` if there are several; for a single series also an array of
    shape (horizon, n_columns). It has all columns of X, or only those that are not in `feedback`, in
    their order; data frames are read by name.
feedback : str, int, tuple or list of them, default=None
    The columns of X, by name (of several levels a tuple) or position, whose next values the model
    predicts, in the order of its outputs. None: all, if there are as many columns as
    outputs (`sequence_id` does not count).
""",
    "forecast": """\
y : ndarray of shape (horizon,) or (horizon, n_outputs)
    The predictions, in units of y. For several series of shape (n_sequences, horizon) or (n_sequences,
    horizon, n_outputs); those of a table are in the order in which their ids first appear.
""",
    "weights": """\
weights : dict of str to array-like
    All weights by name: those of `exact_weights_`, of `weights_`, or any of these names and shapes. A
    regressor also takes "y.mean" and "y.scale", of shape (n_targets,), with which its outputs are made
    predictions, ``outputs * scale + mean``, and y is standardised when training goes on; without them
    the outputs are in units of y.
""",
    "draw and columns": """\
draw : str or tuple of str, default=()
    Weights that are drawn at random in place of what `weights` has, or has not: names, or those of
    parts, as "readout" or "layer0". The forget bias is then the cell's own, unless `forget_bias` is a
    number or a tuple.
columns : int or list of str, default=None
    For X that is a table: the number of its columns, or their names, those of `sequence_id` included.
    None: X holds sequences, or with `rows="steps"` columns without names.
""",
    "parameters of weights": """\
**params : dict
    Those of the constructor that the weights were made with, as `pooling`, `rows` or `activation`, and
    any others. `hidden_size`, `bidirectional` and `embedding_size` may be left out: the shapes say
    them. `dtype=None` is that of the weights.
""",
    "from weights": """\
Returns
-------
estimator : estimator instance
    It is as fitted, with empty curves: ready for `predict`, and for `partial_fit` or fit with
    `warm_start=True` to go on from.

Raises
------
TypeError
    If weights is no dict, or one of them no array of real numbers; or if there is no such parameter.
ValueError
    If weights are missing, have unknown names or other shapes than they should, or are not finite;
    if columns or parameters do not go with them; or if a parameter is out of its range.
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
    If `max_iter` is reached before the loss has stopped falling, and `tol` is not None; if the loss or
    the gradient is no longer finite (training then stops, the last weights at which both were finite
    are kept, and the warning tells the epoch, the gradient norms before it and what to try); if "lbfgs"
    stops early; or if hardly anything was learned and the features of X have very different scales, or
    scales far from 1.
UserWarning
    If training is interrupted from the keyboard (the weights so far are kept); if the axes of X seem to
    be in another order; if y seems to have one target per time step, or to be one-hot encoded; if y is in
    another unit than in the first fit, or needs more digits than `dtype` has; if a sequence has more than
    10000 steps and `k1` is not set; if `batch_size` exceeds the number of sequences, and they cannot be
    cut; or if, with `rows="steps"`, the index of X falls, or jumps often, as in shuffled rows.
DataConversionWarning
    If y has a single column: pass a 1-D y.
""",
    "errors of answers": """\
NotFittedError
    If the estimator has not been fitted.
ValueError
    If X cannot be read (empty, of the wrong shape, NaN or infinite), if it is not of the form or
    has not the features of the X in fit, or if a parameter that is read here is out of its range.
TypeError
    If X is a sparse or masked array.

Warns
-----
UserWarning
    If an answer is not finite, because numbers overflow on the way to it.
""",
    "errors of scores": """\
NotFittedError
    If the estimator has not been fitted.
ValueError
    If X, y or sample_weight cannot be read (empty, of the wrong shape, NaN or infinite), or if X is not
    of the form or has not the features of the X in fit; or if a parameter that is read here is out of
    its range.
TypeError
    If X is a sparse or masked array.
""",
}


def complete(method):
    """Decorator: put the shared texts into the docstring of ``method``."""
    lines = inspect.cleandoc(method.__doc__ or "") + "\n"  # none with python -OO
    method.__doc__ = re.sub(r"^\.\. (.+)\n", lambda line: METHODS[line[1]], lines, flags=re.MULTILINE)
    return method
