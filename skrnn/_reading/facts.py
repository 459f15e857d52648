"""How X is read: what the parameters say, and what the first fit has learned of it.

A ``Form`` goes into the model and is asked whenever X is read again, so that neither ``set_params`` nor
pickling can part the weights from the reading of X.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from skrnn._reading.containers import choose_dtype

LONGEST = 600  # characters of an error


@dataclass(frozen=True, eq=False)
class Form:
    """How X is read.

    Attributes
    ----------
    rows_are_steps : bool
        Whether the rows of a table are time steps, and not sequences.
    sequence_id, step_features
        The parameters of the estimators.
    has_tokens : bool
        Whether X holds tokens.
    n_tokens : int, mapping or None
        The number of different ones, or of categories; None: as X says.
    dtype : dtype or None
        What is computed in; None: as X says.
    container : type or None
        The class of the ``Container`` of the first fit; None before it, and below likewise.
    n_features_in : int
    n_step_features : int
        Features of a time step.
    columns : list or None
        Of a list of frames.
    n_columns : int or None
        Of lists of tokens that were all of one length: that length.
    feature_names : array or None
    embedding : mapping or None
        Columns of categories, and the widths of their vectors (``categories.py``).
    categories : tuple of Category
    """

    rows_are_steps: bool = False
    sequence_id: str | int | tuple | None = None
    step_features: int = 1
    has_tokens: bool = False
    n_tokens: int | None = None
    dtype: np.dtype | None = None
    container: type | None = None
    n_features_in: int | None = None
    n_step_features: int | None = None
    columns: list | None = None
    n_columns: int | None = None
    feature_names: np.ndarray | None = None
    embedding: Mapping | None = None
    categories: tuple = ()

    @classmethod
    def of(cls, settings):
        """What the parameters say."""
        size = settings.embedding_size
        of_columns = isinstance(size, Mapping)
        return cls(
            settings.rows == "steps", settings.sequence_id, int(settings.step_features),
            size is not None and not of_columns, settings.n_tokens,
            settings.dtype and np.dtype(settings.dtype), embedding=dict(size) if of_columns else None,
        )  # fmt: skip

    def learn(self, container, X):
        """The form of a first fit on X, read as ``container``."""
        sequences, names = container.sequences, feature_names(X)
        dtype = self.dtype or choose_dtype(np.int64 if sequences.dtype else sequences.values.dtype)
        n_tokens = (self.n_tokens or container.n_tokens) if self.has_tokens else None
        return replace(
            self, dtype=np.dtype(dtype), n_tokens=n_tokens and int(n_tokens), container=type(container),
            n_features_in=container.n_features_in, n_step_features=sequences.n_features,
            columns=container.columns, n_columns=container.n_columns, feature_names=names,
            categories=container.categories,
        )  # fmt: skip

    @property
    def is_table(self):
        """Whether the rows of a table were the sequences."""
        return self.container.is_table

    @property
    def step_names(self):
        """The names that the features of a time step had in fit, a list; None if they had none."""
        if self.columns is not None:
            return list(self.columns)
        if not self.rows_are_steps or self.feature_names is None:
            return None
        names, k = list(self.feature_names), self.sequence_id
        if k is not None:
            names.pop(names.index(k) if isinstance(k, str) else k)
        return names


def check_names(estimator, X, *, reset, ensure_2d=False):
    """scikit-learn's check of the columns of a frame; its errors quote long names, but not in full."""
    if _has_no_names(X) and not (reset or ensure_2d or hasattr(estimator, "feature_names_in_")):
        return  # it would find nothing to compare
    try:
        validate_data(estimator, X=X, skip_check_array=True, ensure_2d=ensure_2d, reset=reset)
    except (TypeError, ValueError) as error:
        if len(str(error)) <= LONGEST:
            raise
        raise type(error)(f"{str(error)[: LONGEST - 3]}...") from None


def _has_no_names(X):
    """Whether X is a plain array or a list: asking the libraries of data frames takes longer."""
    return type(X) in (np.ndarray, list)


def feature_names(X):
    """The names of the columns of a frame as scikit-learn takes them; None if there are none."""
    if _has_no_names(X):
        return None
    names = BaseEstimator()
    check_names(names, X, reset=True)
    return getattr(names, "feature_names_in_", None)
