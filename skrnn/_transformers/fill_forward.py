"""Missing values of sequences: the last value goes on, and what was missing is told beside it.

Shapes: N time steps of all sequences, one sequence after the other, F features: values (N, F), codes (N,)
the number of the sequence of each step. Features come out as (N, F), and up to 2 F columns beside them.

To tell the network something else about what is missing, add a block of columns to ``_blocks`` and its
name to ``_PREFIXES``.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.callbacks import as_task
from skrnn._reading.facts import check_names
from skrnn._reading.row_order import advise_on_order
from skrnn._reading.single_steps import advise_on_ids
from skrnn._settings.settings import check_values
from skrnn._transformers.base import SequenceTransformer
from skrnn._transformers.step_rows import check_finite, read_steps, renamed

_OF_INFINITY = (
    "Only NaN, None and pandas' NA are missing values, and are filled in: put NaN where infinity stands "
    "for one, else clean the data."
)
_PREFIXES = {"add_indicator": "missingindicator_", "time_since": "timesince_"}


class FillForward(SequenceTransformer):
    """Fill in missing values with the last one seen in the same sequence, and tell what was missing.

    A missing value of a sequence becomes the last value of that feature which was seen before it; never
    one of another sequence, and never a later one. Beside the features stand, in this order, for each of
    them an indicator (1 where it was missing) and the time since it was seen (0 where it is there): a
    network learns from them how much a value is still worth.

    Parameters
    ----------
    sequence_id : str, int or tuple, default=None
        Tables only: the column of X that says to which sequence a row belongs, by its exact name (data
        frames; a tuple names a column of several levels) or position, as in the estimators. It stays
        where it is, and is not filled in. Rows of one sequence stand in order, and may have rows of
        others between them. `None`: all rows are one sequence.
    time : str, int or tuple, default=None
        The column of X, or the feature of the sequences, that holds the time of each step, as a number in
        any unit: the time since a value was seen is then in that unit. It stays a feature, must be
        complete, and must not fall within a sequence. `None`: one step after the other, the unit is a
        step.
    fill_value : "mean" or float, default="mean"
        What a value becomes before the first one seen in its sequence: the mean of the feature over
        all the values seen in `fit` (0 if there are none), or this number. Of standardised features the
        mean is 0.
    add_indicator : bool, default=True
        Whether to add the indicators.
    time_since : bool or "bounded", default=True
        Whether to add the time since each value was seen; before the first one, since the first step of
        the sequence. `True` gives the time s itself, the number of steps or what `time` measures;
        "bounded" gives s / (s + `time_scales_`), between 0 and 1: set it to train a network on what comes
        out (see Notes).

    Attributes
    ----------
    n_features_in_ : int
        Number of features of a time step; of a table the number of columns, that of `sequence_id`
        included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is or holds data frames whose names are all strings.
    fill_values_ : ndarray of shape (n_features,)
        What each feature becomes before its first value, without the column of `sequence_id`.
    time_scales_ : ndarray of shape (n_features,)
        The mean time since the last value, over the missing values of `fit` (1 if it is 0).

    See Also
    --------
    skrnn.TimeDistributed : A transformer for every time step of sequences, such as a StandardScaler.
    sklearn.impute.SimpleImputer : Means or medians for missing values, whatever was there before.

    Notes
    -----
    Missing are NaN, None and pandas' NA. Infinity is an error.

    Indicators and times are there for every feature (but `time`), missing values or not: then X_new is
    as wide in every fold of a search, whatever is missing in it. A feature without missing values has
    zeros there. Data frames come out as data frames, also with `set_output`, which changes nothing: the
    new columns are called `missingindicator_` and `timesince_` with the name of the feature. Where the
    names of columns are integers, the new ones go on counting. New columns stand at the end: positions
    from the start stay valid, also that of `sequence_id`, negative ones do not.

    A network learns badly from numbers that grow to tens. On JapaneseVowels the accuracy of an LSTM on
    the test part was 0.942 with `time_since="bounded"` and 0.915 with the plain number of steps where
    half of the values were removed, 0.836 and 0.730 where four in five were; without the time it was
    0.934 and 0.826 (docs/benchmark_missing_values.txt). So set "bounded" for training. To standardise the
    number of steps, 0.908 and 0.786, does not make up for it.

    Nothing is carried from one call of `transform` to the next: every call begins anew, as sequences do.
    What a step becomes does not depend on later steps of X.

    A 2-D X is a table whose rows are time steps, as for `rows="steps"`. If its rows are sequences, pass
    `X.reshape(n_sequences, n_timesteps, n_features)`.

    All checks of scikit-learn's `check_estimator` run on tables.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import FillForward
    >>> nan = np.nan
    >>> X = [np.array([[nan], [1.0], [nan], [nan]]), np.array([[nan], [3.0]])]
    >>> filled = FillForward().fit_transform(X)
    >>> filled[0]  # the value, whether it was missing, the steps since it was seen
    array([[2., 1., 0.],
           [1., 0., 0.],
           [1., 1., 1.],
           [1., 1., 2.]])
    >>> filled[1]
    array([[2., 1., 0.],
           [3., 0., 0.]])

    To train a network on it, the time is better bounded:

    >>> bounded = FillForward(time_since="bounded").fit(X)
    >>> bounded.time_scales_
    array([0.75])
    >>> bounded.transform(X)[0][:, 2].round(2)
    array([0.  , 0.  , 0.57, 0.73])
    """

    _doc_link_template = DOCUMENTATION + "generated/skrnn.preprocessing.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "sequence_id": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
        "fill_value": [StrOptions({"mean"}), Interval(Real, None, None, closed="neither")],
        "add_indicator": ["boolean"],
        "time_since": ["boolean", StrOptions({"bounded"})],
    }

    def __init__(
        self, *, sequence_id=None, time=None, fill_value="mean", add_indicator=True, time_since=True
    ):
        self.sequence_id = sequence_id
        self.time = time
        self.fill_value = fill_value
        self.add_indicator = add_indicator
        self.time_since = time_since

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Check X, remember its columns, and learn what stands before the first values.

        Parameters
        ----------
        X : array-like
            Array of shape (n_sequences, n_timesteps, n_features), list or object array of arrays or data
            frames of shape (n_timesteps_i, n_features), or a table of shape (n_rows, n_columns) whose
            rows are time steps.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X holds no numbers, or infinity; or if `sequence_id` or `time` is not one of its columns,
            or time is missing or falls.
        TypeError
            If X is sparse or masked.
        """
        read = self._read(X)
        check_names(self, read.table, reset=True, ensure_2d=True)
        n_features = read.values.shape[1]
        fill = _means(read.values) if self.fill_value == "mean" else np.full(n_features, self.fill_value)
        self.fill_values_ = fill.astype(float)
        self.time_scales_ = _time_scales(*_blocks(*read.in_order(), fill)[1:])
        return self

    def transform(self, X):
        """Fill in missing values.

        Parameters
        ----------
        X : array-like
            Sequences or a table, as in `fit`.

        Returns
        -------
        X_new : array-like
            The features, indicators and times since, in the container and the `dtype` of X. An array that
            holds ids which are no numbers is one of objects.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `fit`, and if X has other columns than in `fit`, or a parameter is out of its range.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        self._validate_params()
        read = self._read(X)
        check_names(self, read.table, reset=False, ensure_2d=True)
        if read.lengths is None:
            advise_on_order(X, None if read.ids is None else read.codes, "X")
        if read.ids is not None:
            advise_on_ids(read.series, read.codes, self.sequence_id)
        return self._fill(read)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # --- private ---

    def _validate_params(self):
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)

    def _read(self, X):
        """X as ``StepRows``."""
        read = read_steps(X, self, self.sequence_id, self.time)
        check_finite(read, _OF_INFINITY)
        if read.time is not None:
            _check_time(read)
        return read

    def _fill(self, read):
        """The filled table, in the container of X."""
        filled, missing, since = _blocks(*read.in_order(), self.fill_values_)
        if self.time_since == "bounded":
            since = since / (since + self.time_scales_)
        told = [k for k in range(filled.shape[1]) if k != read.time]
        labels = [read.labels[k] for k in told]
        blocks, names = [filled], []
        for parameter, block in (("add_indicator", missing), ("time_since", since)):
            if getattr(self, parameter):
                blocks.append(block[:, told].astype(filled.dtype))
                names += [renamed(label, _PREFIXES[parameter]) for label in labels]
        rows = np.concatenate(blocks, axis=1)
        answer = np.empty_like(rows)
        answer[read.order] = rows
        return read.answer(answer, names)


# --- the maths ----------------------------------------------------------------------------------------


def _means(values):
    """The mean of the values seen of each feature, 0 if there are none: (F,)."""
    seen = ~np.isnan(values)
    share = np.where(seen, values, 0).astype(float) / np.maximum(seen.sum(axis=0), 1)
    return share.sum(axis=0)  # a mean of huge values, whose sum would overflow


def _time_scales(missing, since):
    """The mean time since a value was seen, where it is missing, and 1 if that is 0: (F,)."""
    scales = (missing * since.astype(float)).sum(axis=0) / np.maximum(missing.sum(axis=0), 1)
    return np.where(scales > 0, scales, 1.0)


def _blocks(values, codes, times, fill):
    """Values (N, F) filled in, where they were missing, and the time since they were seen."""
    row, starts = np.arange(len(values)), np.flatnonzero(np.diff(codes, prepend=-1))
    first = np.repeat(starts, np.diff(starts, append=len(values)))[:, None]  # of the own sequence
    missing = np.isnan(values)
    last = np.maximum.accumulate(np.where(missing, -1, row[:, None]), axis=0)  # row that was seen
    known = last >= first  # in the own sequence, and not in one before it
    seen = np.where(known, last, first)
    filled = np.where(known, np.take_along_axis(values, seen, axis=0), fill).astype(values.dtype)
    return filled, missing, times[:, None] - times[seen]


# --- what is wrong ------------------------------------------------------------------------------------


def _check_time(read):
    """Raise a ValueError for times that are missing or fall within a sequence."""
    times = read.values[:, read.time]
    if np.isnan(times).any():
        place = read.place(int(np.argmax(np.isnan(times))), read.time)
        raise ValueError(f"The time is missing: {place}. Every step needs its time: drop steps without.")
    _, codes, times = read.in_order()
    falls = (times[1:] < times[:-1]) & (np.diff(codes) == 0)
    if falls.any():
        place = read.place(int(read.order[1:][np.argmax(falls)]), read.time)
        raise ValueError(
            f"The time falls within a sequence: {place}. Sort the steps of every sequence by their time."
        )
