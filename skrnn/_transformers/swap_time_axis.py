"""Sequences whose last axis is time, as in sktime and aeon, to those of skrnn.

Shapes: (n, F, T) becomes (n, T, F), a list of (F, T_i) one of (T_i, F).
"""

from sklearn.base import _fit_context
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.callbacks import as_task
from skrnn._reading.arrays import as_numbers, object_array, reject_nested
from skrnn._reading.containers import as_items, numbers_of_all
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import listed
from skrnn._transformers.base import SequenceTransformer


class SwapTimeAxis(SequenceTransformer):
    """Swap the axis of time and that of features.

    In sktime, aeon and PyTorch's convolutions time is the last axis, (n_sequences, n_features,
    n_timesteps). In skrnn, as in Keras and tslearn, features are.

    Attributes
    ----------
    n_features_in_ : int
        Number of features of a time step.

    See Also
    --------
    skrnn.preprocessing.from_padded : Sequences of an array that was filled up to one length.

    Notes
    -----
    An array is not copied: what comes out is a view of it. Values are passed on as they are, missing ones
    included.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SwapTimeAxis
    >>> X = np.zeros((10, 3, 50))  # three channels, fifty steps
    >>> SwapTimeAxis().fit_transform(X).shape
    (10, 50, 3)
    """

    _doc_link_template = DOCUMENTATION + "generated/skrnn.preprocessing.{estimator_name}.html"
    _parameter_constraints = {}  # noqa: RUF012

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Check X, and remember its number of features.

        Parameters
        ----------
        X : array-like
            Array of shape (n_sequences, n_features, n_timesteps), or list or object array of arrays of
            shape (n_features, n_timesteps_i).
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X holds no sequences of numbers.
        TypeError
            If X is sparse or masked.
        """
        items = _read(X)
        self.n_features_in_ = items[0].shape[0]
        return self

    def transform(self, X):
        """Put time before features.

        Parameters
        ----------
        X : array-like
            The sequences, as in `fit`.

        Returns
        -------
        X_new : array-like
            Of shape (n_sequences, n_timesteps, n_features), or a list or object array of arrays of shape
            (n_timesteps_i, n_features).

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X holds no sequences, or has another number of features than in `fit`.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        items = _read(X)
        self._check(items[0].shape[0], items[0].shape)
        return _swapped(X, items)

    def inverse_transform(self, X):
        """Put features before time.

        Parameters
        ----------
        X : array-like
            Array of shape (n_sequences, n_timesteps, n_features), or list or object array of arrays of
            shape (n_timesteps_i, n_features).

        Returns
        -------
        X_original : array-like
            The sequences with time as their last axis, in the container of X.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X holds no sequences, or has another number of features than in `fit`.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        items = _read(X, axis=1)
        self._check(items[0].shape[1], items[0].shape)
        return _swapped(X, items)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        tags.input_tags.allow_nan = True
        tags.requires_fit = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check(self, n_features, shape):
        if n_features != self.n_features_in_:
            raise ValueError(
                f"X has {n_features} features (a sequence of shape {shape}), but {type(self).__name__} "
                f"is expecting {self.n_features_in_} features as input."
            )


def _read(X, axis=0):
    """The sequences of X, an array or a list; their features are that axis of each."""
    reject_unreadable(X, "X")
    items = as_items(X, "X")
    if items is None:
        reject_nested(X, "X")
        X = as_numbers(X, "X", allow_nd=True, ensure_2d=False)
        items = list(X) if X.ndim == 3 else []
    if not items or {item.ndim for item in items} != {2}:
        raise ValueError(
            "X holds no sequences. Pass an array (n_sequences, n_features, n_timesteps), or a list of "
            "arrays (n_features, n_timesteps_i); (n_sequences, n_timesteps) are X[:, None, :]."
        )
    numbers = {item.shape[axis] for item in items}
    if len(numbers) > 1:
        raise ValueError(
            f"The sequences of X have different numbers of features: {listed(sorted(numbers))}. Features "
            f"are the {'first' if axis == 0 else 'last'} axis of each."
        )
    numbers_of_all([item.T if axis == 0 else item for item in items], "X")
    return items


def _swapped(X, items):
    """The sequences with their axes swapped, in the container of X."""
    items_new = [item.T for item in items]
    if as_items(X, "X") is None:
        return as_numbers(X, "X", allow_nd=True, ensure_2d=False).swapaxes(1, 2)
    return items_new if isinstance(X, (list, tuple)) else object_array(items_new)
