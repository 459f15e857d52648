"""What the functions and displays read: the model inside what they are given, and X as it reads it."""

from typing import NamedTuple

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._estimators.base import BaseRNN, Trainable
from skrnn._transformers.token_encoder import UNKNOWN, TokenEncoder


class Inspected(NamedTuple):
    """A fitted estimator of skrnn, and the transformers before it."""

    model: BaseRNN
    transformers: list

    def transform(self, X):
        """X as the model reads it."""
        for transformer in self.transformers:
            X = transformer.transform(X)
        return X

    def read(self, X):
        """X, transformed, as a Container."""
        validate_data(self.model, X=X, skip_check_array=True, ensure_2d=False, reset=False)
        return self.model._read_X(X, self.model._spec)

    def tokens(self, X):
        """The tokens that a TokenEncoder before the model makes of X, a list for each item; else None."""
        if not self.transformers or not isinstance(self.transformers[-1], TokenEncoder):
            return None
        X = self._replace(transformers=self.transformers[:-1]).transform(X)
        return [list(self.transformers[-1]._tokens(item)) or [UNKNOWN] for item in X]


def unwrap(estimator, caller, kinds=BaseRNN):
    """The fitted estimator inside pipelines and searches; ``caller`` is named in errors."""
    transformers, model = [], estimator
    while not isinstance(model, kinds):
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline):
            steps = [step for _, step in model.steps[:-1]]
            transformers += [step for step in steps if step is not None and step != "passthrough"]
            model = model.steps[-1][1]
        else:
            break
    if isinstance(model, Trainable) and not isinstance(model, kinds):
        raise TypeError(
            f"{caller} looks into one network, but {type(model).__name__} has two of them: it is not "
            "for encoder-decoders."
        )
    if not isinstance(model, kinds):
        if hasattr(model, "fit"):
            check_is_fitted(model)  # a search that was not: that is what is wrong
        raise TypeError(
            f"{caller} needs a fitted estimator of skrnn, or a Pipeline or a search with refit=True that "
            f"ends in one, got {type(model).__name__}."
        )
    check_is_fitted(model, "_theta")
    return Inspected(model, transformers)
