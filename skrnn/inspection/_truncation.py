"""The scores of a search over k1 and k2, as a map."""

import numpy as np

from skrnn._settings.quoting import listed, quote
from skrnn.inspection._plotting import SCORES, pyplot

NOT_SEARCHED = "not searched"


class TruncationDisplay:
    """Validation score over the pairs (k1, k2) of a search.

    A cell for each pair, with its mean score in it. If other parameters were searched over too, it is the
    best of their scores. Pairs that were not tried, or failed, are grey. Make it by `from_estimator` or
    `from_cv_results`.

    Parameters
    ----------
    k1 : list of int or None
        The values of k1, in the order of the rows.
    k2 : list of int, "auto" or None
        The values of k2, in the order of the columns.
    scores : ndarray of shape (n_k1, n_k2)
        The score of each pair; NaN where there is none.
    score_name : str, default="score"
        What the scores are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the map.
    figure_ : matplotlib Figure
        The figure that it is in.
    image_ : matplotlib AxesImage
        The map.
    text_ : ndarray of shape (n_k1, n_k2)
        The numbers in its cells.

    See Also
    --------
    gradient_flow : How far back the gradient of the loss reaches, measured on one fitted network.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import TruncationDisplay
    >>> X = np.random.RandomState(0).normal(size=(60, 8, 1))
    >>> model = GRURegressor(4, target_replication=0.2, learning_rate_init=0.02, random_state=0)
    >>> grid = {"k1": [4, None], "k2": [2, 4, None]}
    >>> search = GridSearchCV(model, grid, cv=2).fit(X, X[:, -3, 0])
    >>> display = TruncationDisplay.from_estimator(search)
    >>> display.scores.shape
    (2, 3)
    """

    def __init__(self, *, k1, k2, scores, score_name="score"):
        self.k1 = k1
        self.k2 = k2
        self.scores = scores
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, *, metric=None, ax=None, cmap=SCORES, values_format=None):
        """Draw the scores of a fitted search.

        Parameters
        ----------
        estimator : object
            A fitted search with `cv_results_`, such as `GridSearchCV`, over k1, k2 or both; in a pipeline
            their names may have prefixes, as in `lstmclassifier__k1`.
        metric : str, default=None
            Which score, if the search has several. `None`: that of `refit`, or the only one.
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.
        cmap : str or matplotlib Colormap, default="cividis"
            The colours.
        values_format : str, default=None
            Format of the numbers; `None`: three digits.

        Returns
        -------
        display : TruncationDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        TypeError
            If the estimator has no `cv_results_`.
        ValueError
            If neither k1 nor k2 was searched over, or if there is no such score.
        """
        pyplot(f"{cls.__name__}.from_estimator")
        if not hasattr(estimator, "cv_results_"):
            raise TypeError(
                f"{cls.__name__} needs a fitted search, which has cv_results_, got "
                f"{type(estimator).__name__}."
            )
        if metric is None and isinstance(getattr(estimator, "refit", None), str):
            metric = estimator.refit
        return cls.from_cv_results(
            estimator.cv_results_, metric=metric, ax=ax, cmap=cmap, values_format=values_format
        )

    @classmethod
    def from_cv_results(cls, cv_results, *, metric=None, ax=None, cmap=SCORES, values_format=None):
        """Draw the scores in the `cv_results_` of a search.

        Parameters
        ----------
        cv_results : dict or DataFrame
            The attribute `cv_results_` of a fitted search.
        metric : str, default=None
            Which score, if there are several: the part of `mean_test_<metric>`. `None`: the only one.
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.
        cmap : str or matplotlib Colormap, default="cividis"
            The colours.
        values_format : str, default=None
            Format of the numbers; `None`: three digits.

        Returns
        -------
        display : TruncationDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If neither k1 nor k2 was searched over, or if there is no such score.
        """
        pyplot(f"{cls.__name__}.from_cv_results")
        metric = _find_metric(cv_results, metric)
        names = [_find(cv_results, name) for name in ("k1", "k2")]
        if names == [None, None]:
            raise ValueError(f"{cls.__name__} needs a search over k1, k2 or both: this has neither.")
        scores = np.asarray(cv_results[f"mean_test_{metric}"], dtype=float)
        best = _best_of_pairs(cv_results, names, scores)
        k1, k2 = (sorted({pair[i] for pair in best}, key=_rank) for i in range(2))
        scores = np.array([[best.get((a, b), np.nan) for b in k2] for a in k1])
        display = cls(k1=k1, k2=k2, scores=scores, score_name=metric.replace("_", " "))
        return display.plot(ax, cmap=cmap, values_format=values_format)

    def plot(self, ax=None, *, cmap=SCORES, values_format=None):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.
        cmap : str or matplotlib Colormap, default="cividis"
            The colours.
        values_format : str, default=None
            Format of the numbers; `None`: three digits.

        Returns
        -------
        display : TruncationDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        n_rows, n_columns = self.scores.shape
        if ax is None:
            size = 2.6 + 0.85 * n_columns, 1.6 + 0.55 * n_rows
            _, ax = plt.subplots(figsize=size, layout="constrained")
        image = ax.imshow(
            np.ma.masked_invalid(self.scores), aspect="auto",
            cmap=plt.get_cmap(cmap).with_extremes(bad="lightgray"),
        )  # fmt: skip
        ax.set_xticks(range(n_columns), [_label(v, "None\n(= k1)") for v in self.k2])
        ax.set_yticks(range(n_rows), [_label(v, "None\n(all steps)") for v in self.k1])
        ax.set_xlabel("k2 (steps that the gradient flows back)")
        ax.set_ylabel("k1 (steps per update)")
        ax.figure.colorbar(image, ax=ax, pad=0.02).set_label(f"mean {self.score_name}, validation")
        self.text_ = np.empty(self.scores.shape, dtype=object)
        for (i, j), score in np.ndenumerate(self.scores):
            text = f"{score:{values_format or '.3g'}}" if np.isfinite(score) else "\N{EN DASH}"
            color = "black" if _is_light(image, score) else "white"
            self.text_[i, j] = ax.text(j, i, text, ha="center", va="center", color=color)
        self.ax_, self.figure_, self.image_ = ax, ax.figure, image
        return self


def _find_metric(cv_results, metric):
    there = [key.removeprefix("mean_test_") for key in cv_results if str(key).startswith("mean_test_")]
    if metric is None and len(there) == 1:
        return there[0]
    if not isinstance(metric, str) or metric not in there:
        raise ValueError(f"metric={quote(metric)}: pass one of {listed(there, 10)}.")
    return metric


def _find(cv_results, name):
    """The full name of a parameter in the candidates, or None."""
    found = sorted({key for params in cv_results["params"] for key in params if _last(key) == name})
    if len(found) > 1:
        raise ValueError(f"Several parameters of the search are a {name}: {found}. One can be shown.")
    return found[0] if found else None


def _last(key):
    return key.rpartition("__")[2]


def _best_of_pairs(cv_results, names, scores):
    """(k1, k2) -> the best score of the candidates with it; NaN if all failed.

    Of a search by halving, the scores of one candidate on more and more data, the last count.
    """
    rounds = np.asarray(cv_results["iter"] if "iter" in cv_results else np.zeros(len(scores)))
    best = {}
    for params, score, last in zip(cv_results["params"], scores, rounds, strict=True):
        pair = tuple(NOT_SEARCHED if n is None else params.get(n, NOT_SEARCHED) for n in names)
        value = last, -np.inf if np.isnan(score) else score
        best[pair] = max(best.get(pair, value), value)
    return {pair: np.nan if score == -np.inf else score for pair, (_, score) in best.items()}


def _rank(value):
    """Numbers first, in their order, then "auto", then None: all steps."""
    kind = 2 if value is None else 1 if isinstance(value, str) else 0
    return kind, 0 if kind else value


def _label(value, none):
    return none if value is None else str(value)


def _is_light(image, score):
    r, g, b, _ = image.cmap(image.norm(score)) if np.isfinite(score) else (0.8, 0.8, 0.8, 1)
    return 0.299 * r + 0.587 * g + 0.114 * b > 0.45
