"""Permutation importance of sequences: what a score loses if a feature, or a time step, is mixed up.

scikit-learn's own shuffles the columns of a table. What is mixed up in which form of X: ``_mixed.py``.
"""

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_consistent_length

from skrnn._settings.arguments import check_choice, check_int
from skrnn.inspection._mixed import form_of
from skrnn.metrics import sequence_scorer

KINDS = "feature", "step"


def permutation_importance(
    estimator, X, y, *, by="feature", scoring=None, n_repeats=5, random_state=None, sample_weight=None
):
    """What a score loses if a feature, or a time step, is mixed up among the sequences.

    As `sklearn.inspection.permutation_importance` [1]_, for X that is no table: a 3-D array, a list of
    sequences, a table whose rows are time steps. The estimator is not fitted again.

    Parameters
    ----------
    estimator : object
        A fitted estimator, also a pipeline, a search or an ensemble. X is what goes into it.
    X : array-like
        The sequences, in a form that the estimator can predict. Data that training has not seen tells
        what helps with new data.
    y : array-like
        The targets.
    by : {"feature", "step"}, default="feature"
        What is mixed up. "feature": each feature, whose whole course comes from another sequence; of a
        longer one the beginning, of a shorter one its repetition. With `rows="steps"` its values are
        shuffled in time, within each series. "step": each time step, all its features coming from another
        sequence that has this step. In lists of unequal length steps are counted from the start, or, with
        one target per sequence, from the end: the last entry is the last step of all. With `rows="steps"`
        it needs several series.
    scoring : str, callable, list of str or dict, default=None
        A name, which goes through :func:`skrnn.metrics.sequence_scorer`, so that time steps are
        counted; a scorer; or several, as a list of names or a dict of names and scorers. `None`:
        the estimator's `score`.
    n_repeats : int, default=5
        How often each part is mixed up.
    random_state : int, RandomState instance or None, default=None
        The random numbers.
    sample_weight : array-like, default=None
        Weights, as the scorer takes them.

    Returns
    -------
    result : Bunch
        Dictionary-like; of several scorers a dict of them by name. With P parts:

        importances_mean : ndarray of shape (P,)
            Mean over the repetitions.
        importances_std : ndarray of shape (P,)
            Standard deviation over the repetitions.
        importances : ndarray of shape (P, n_repeats)
            The score of X less that of X with the part mixed up.

    Raises
    ------
    ValueError
        If X has no such parts or cannot be read, if lengths do not match, or n_repeats is not a
        positive int.
    TypeError
        If X is a sparse or masked array.

    See Also
    --------
    occlusion : What one answer loses without a step or a feature.
    sklearn.inspection.permutation_importance : That of tables.

    Notes
    -----
    Of two features that go together neither may seem to matter, as the other one is still
    there; and mixed sequences may be such as no data would hold. With a single series, features are mixed
    up in time, so that an importance also tells that their order matters. The column `sequence_id` is no
    feature, and stays. Of tables whose rows are sequences, a part is all columns of a feature or a step;
    of tables for other estimators, and where transformers before the estimator make other columns (more
    or fewer, in another order, mixtures), each column is a feature. Tokens have no features. Strings are
    lists of characters, for an encoder-decoder and a `TokenEncoder` that makes characters of them; of
    words pass lists.

    References
    ----------
    .. [1] Breiman, L., "Random forests", Machine Learning 45(1), 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import permutation_importance
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 2))
    >>> y = X[:, 5, 1]  # the second feature, two steps before the last
    >>> model = GRURegressor(max_iter=100, learning_rate_init=0.02, tol=0.01, random_state=0).fit(X, y)
    >>> result = permutation_importance(model, X, y, random_state=0)
    >>> int(result.importances_mean.argmax())
    1
    >>> result = permutation_importance(model, X, y, by="step", random_state=0)
    >>> int(result.importances_mean.argmax())
    5
    """
    check_choice(by, "by", KINDS)
    n_repeats = check_int(n_repeats, "n_repeats")
    scorers = _scorers(estimator, scoring)
    rng, form = check_random_state(random_state), form_of(estimator, X, by)
    check_consistent_length(X, y)
    given = {} if sample_weight is None else {"sample_weight": sample_weight}

    def scores(X):
        return [scorer(estimator, X, y, **given) for scorer in scorers.values()]

    before = np.array(scores(X))[:, None, None]
    mixed = [[scores(form.mixed(k, rng)) for _ in range(n_repeats)] for k in range(form.n_parts)]
    lost = before - np.moveaxis(np.array(mixed), 2, 0)
    results = {name: _bunch(one) for name, one in zip(scorers, lost, strict=True)}
    return results if None not in scorers else results[None]


def _bunch(importances):
    return Bunch(
        importances_mean=importances.mean(axis=1), importances_std=importances.std(axis=1),
        importances=importances,
    )  # fmt: skip


def _scorers(estimator, scoring):
    """Name -> scorer; the only one has the name None."""
    if isinstance(scoring, (list, tuple, set)):
        scoring = {name: name for name in scoring}
    several = scoring if isinstance(scoring, dict) else {None: scoring}
    if not several:
        raise ValueError("scoring is empty: pass a name, a scorer, or several of them.")
    return {
        name: sequence_scorer(one) if isinstance(one, str) else check_scoring(estimator, one)
        for name, one in several.items()
    }
