"""Streams of pipelines: one step after the other through transformers and network.

``stream`` looks for the estimator of skrnn inside; what reads its steps through the transformers before
it is in ``_transformers/pipeline_stream.py``.
"""

from copy import deepcopy

from skrnn._estimators.base import BaseRNN
from skrnn._estimators.unwrap import unwrap_fitted
from skrnn._transformers.pipeline_stream import PipelineStream

__all__ = ["stream"]


def stream(estimator, n_streams=1):
    """Answer one time step after the other through a fitted pipeline.

    What a pipeline of transformers and one of our estimators answers in ``predict`` for the steps so far,
    step by step: the same bits, at the cost of one step. The scalers of scikit-learn, its encoders of
    categories and a ``ColumnTransformer`` of them are computed without the checks that surround them,
    which take most of their time. Other transformers are called as they are, on the rows that come in.

    Parameters
    ----------
    estimator : object
        A fitted estimator of skrnn with a method `stream`, or a fitted `Pipeline` or search
        (`refit=True`) that ends in one. Transformers must treat every step for itself: those of
        skrnn that read sequences, such as :class:`SlidingWindow`, are refused, but for
        :class:`TimeDistributed`.
    n_streams : int, default=1
        Number of sequences that go on side by side.

    Returns
    -------
    stream : Stream or PipelineStream
        An object with ``step(x, method="predict")``, ``state`` and ``reset()``
        (:doc:`/guide/streaming`); of an estimator alone what its own method `stream` gives. It does not
        change when the estimator does.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If there is no estimator of skrnn in it.
    ValueError
        If a transformer reads whole sequences; if rows of a table are sequences (2-D X), whose columns
        are the time steps; and as the method `stream` of the estimators.
    MemoryError
        If the states do not fit in memory.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import LSTMRegressor, TimeDistributed, stream
    >>> X = 20 + 5 * np.random.RandomState(0).normal(size=(60, 5, 2))
    >>> scale = TimeDistributed(StandardScaler())
    >>> model = make_pipeline(scale, LSTMRegressor(random_state=0)).fit(X, X[:, -1, 0])
    >>> one = stream(model)
    >>> for x in X[7]:
    ...     y = one.step(x)
    >>> bool(y == model.predict(X[7:8])[0])
    True
    """
    inside = unwrap_fitted(estimator, "stream", BaseRNN)
    own = inside.estimator.stream(n_streams)
    if not inside.transformers:
        return own
    form = inside.model.facts.form
    if form.is_table:
        raise ValueError(
            "stream cannot take a pipeline that was fitted on rows that are sequences: its transformers "
            "scale columns, which are time steps. Fit it on a 3-D array or a list, with TimeDistributed, "
            'or on a table of time steps with rows="steps".'
        )
    return PipelineStream(own, deepcopy(inside.transformers), n_streams, _position_of_ids(form))


def _position_of_ids(form):
    """Where the column of ids stands in what the model reads; None if there is none."""
    k = form.sequence_id
    return k if k is None or not isinstance(k, str) else list(form.feature_names).index(k)
