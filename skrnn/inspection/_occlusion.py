"""Occlusion: what an output loses if a time step, a feature or a token is left out.

Shapes: n sequences of T_i steps, F features. Every part of every sequence gives one copy of the sequence
without it; copies are laid one after the other, so many at a time that memory stays bounded.
"""

import numpy as np

from skrnn._engine.storage import NO_TOKEN, Sequences
from skrnn._settings.arguments import check_choice
from skrnn.inspection._asked import Asked
from skrnn.inspection._inspected import look_into
from skrnn.inspection._output import raw_outputs

MOST_STEPS = 1 << 18  # of the copies that are run at a time
KINDS = "step", "feature", "token"


def occlusion(estimator, X, *, by="step", output=None, step=None, baseline=None):
    """What an output loses if a time step, a feature or a token is left out.

    The network is run again without the part, and the difference of the outputs is what the part was
    worth: positive for what speaks for the output, negative for what speaks against it. Known from images
    [1]_ and, as erasure, from texts [2]_. Unlike a gradient (:func:`saliency`) it tells what becomes of
    an answer if something is not there, however sure the network is.

    Parameters
    ----------
    estimator : object
        A fitted classifier or regressor of skrnn, or a fitted `Pipeline` or search that ends in one. In a
        pipeline the parts are those of what its last step reads.
    X : array-like
        The sequences, in a form that the estimator can predict.
    by : {"step", "feature", "token"}, default="step"
        What is left out: each time step, all its features becoming the baseline; each feature, at all
        time steps of a sequence; or each token, which is taken out, so that the sequence is shorter by
        one and later tokens move up. The last is for models with `embedding_size` and one target per
        sequence; a sequence of one token gets a step without input in its place.
    output : label or int, default=None
        Which output; as in :func:`saliency`.
    step : int, default=None
        The time step whose output it is; as in :func:`saliency`.
    baseline : float, int or array-like of shape (n_features,), default=None
        What stands in place of what is left out. `None`: zeros, which is the mean of standardised
        features; with `embedding_size` a step without input, whose vector is zero. A number, or one
        number for each feature: the mean of the training data, for example. With `embedding_size` a
        token, by which, with `by="token"` too, the others are replaced.

    Returns
    -------
    losses : ndarray
        By step and token of shape (n_sequences, n_timesteps), with `rows="steps"` (n_rows,), for a list
        or object array X a 1-D object array of arrays of shape (n_timesteps_i,). By feature of shape
        (n_sequences, n_features), a row for each series with `rows="steps"`.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or if X is a sparse or masked array.
    ValueError
        If X or the baseline cannot be read, if there is no such output, step or kind of part, or if
        `output` is needed.

    See Also
    --------
    integrated_gradients : Shares out the difference to a baseline among all inputs.
    permutation_importance : What a score loses, over all of a data set.
    saliency : What a small change would do.

    Notes
    -----
    The output is the one of :func:`saliency`: of a classifier the decision value of a class,
    of a regressor the prediction in units of y. If `output` is left out, the class is the one that is
    predicted for X as it is.

    Parts are left out one by one, so that of two that say the same, neither seems to matter; and a
    baseline that no data would hold asks the network about what it never saw. A sequence of T steps is
    run T times, which for one of 10 000 steps takes long.

    References
    ----------
    .. [1] Zeiler, M. D., Fergus, R., "Visualizing and understanding convolutional networks", ECCV 2014.
    .. [2] Li, J., Monroe, W., Jurafsky, D., "Understanding neural networks through representation
       erasure", arXiv:1612.08220, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import occlusion
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 1))
    >>> y = X[:, 2, 0]  # what was read six steps ago
    >>> model = GRURegressor(max_iter=100, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, y)
    >>> losses = occlusion(model, X)
    >>> losses.shape
    (100, 8)
    >>> int(np.abs(losses).mean(axis=0).argmax())
    2
    """
    inside = look_into(estimator, "occlusion")
    container = inside.read(inside.transform(X))
    _check_kind(by, inside.model.facts, baseline)
    asked = Asked(inside, container, output, step, baseline)
    flat = _Copies(asked, by, takes_out=by == "token" and baseline is None).losses()
    return flat.reshape(len(container.sequences), -1) if by == "feature" else container.shape_answer(flat)


def _check_kind(by, facts, baseline):
    """Raise a ValueError if a model has no parts of this kind."""
    check_choice(by, "by", KINDS)
    if by == "token" and not facts.form.has_tokens:
        raise ValueError('by="token" is for models with embedding_size: the steps of X are numbers.')
    if by == "feature" and facts.form.has_tokens:
        raise ValueError('by="feature" is for models that read numbers: pass by="token" or by="step".')
    if by == "token" and facts.per_step and baseline is None:
        raise ValueError(
            'by="token" takes tokens out, and with one target per time step the others would move to '
            'other targets. Pass by="step", or a token as baseline, which then stands in their place.'
        )


class _Copies:
    """The sequences without their parts."""

    def __init__(self, asked, by, *, takes_out):
        self.asked, self.X, self.by, self.takes_out = asked, asked.X, by, takes_out
        form = asked.facts.form
        self.dtype = np.dtype(np.intp) if form.has_tokens else asked.inside.model.dtype

    def losses(self):
        """The losses of all parts, sequence after sequence."""
        lengths = self.X.lengths
        n_parts = np.full(len(lengths), self.X.n_features) if self.by == "feature" else lengths
        rows = np.repeat(np.arange(len(lengths)), n_parts)
        parts = np.arange(len(rows)) - np.repeat(np.cumsum(n_parts) - n_parts, n_parts)
        flat = np.concatenate([self._of(rows[some], parts[some]) for some in _some(lengths[rows])])
        self.asked.advise_on_change(flat, rows.__getitem__)
        return flat

    def _of(self, rows, parts):
        """(m,) the losses of the parts, of the sequences ``rows``."""
        flat, lengths = self._without(rows, parts)
        copies = Sequences(flat, lengths, dtype=self.dtype if self.dtype.kind == "i" else None)
        copies.codes = self.X.codes
        asked = self.asked
        start = asked.start and [tuple(s[rows] for s in layer) for layer in asked.start]
        raw = raw_outputs(asked.inside, copies, asked.read_at[rows], start)
        return asked.less(raw, rows)

    def _without(self, rows, parts):
        """The copies one after the other, (steps, F), and their lengths."""
        flat, lengths = self.X.gather(rows).astype(self.dtype), self.X.lengths[rows]
        baseline = self.asked.baseline.values
        if self.by == "feature":
            columns = np.repeat(parts, lengths)
            flat[np.arange(len(flat)), columns] = baseline[columns]
            return flat, lengths
        where = np.cumsum(lengths) - lengths + parts
        if not self.takes_out:
            flat[where] = baseline
            return flat, lengths
        alone = lengths == 1
        flat[where[alone]] = NO_TOKEN
        return np.delete(flat, where[~alone], axis=0), lengths - ~alone


def _some(lengths):
    """Slices of copies of these lengths, with ``MOST_STEPS`` or less each, if they have more than one."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        before = ends[start] - lengths[start]
        end = max(start + 1, int(np.searchsorted(ends, before + MOST_STEPS, side="right")))
        yield slice(start, end)
        start = end
