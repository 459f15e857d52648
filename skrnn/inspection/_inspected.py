"""What the functions and displays look into: the estimator inside what they are given, and its tokens."""

from skrnn._estimators.base import BaseRNN, Trainable
from skrnn._estimators.unwrap import unwrap, unwrap_fitted
from skrnn._transformers.token_encoder import TokenEncoder, tokens_of


def look_into(estimator, caller, kinds=BaseRNN):
    """The fitted estimator inside pipelines and searches (``Inside``); ``caller`` is named in errors."""
    inner = unwrap(estimator, Trainable).estimator
    if isinstance(inner, Trainable) and not isinstance(inner, kinds):
        raise TypeError(
            f"{caller} looks into one network, but {type(inner).__name__} has two of them: it is not "
            "for encoder-decoders."
        )
    return unwrap_fitted(estimator, caller, kinds)


def tokens_before(inside, X):
    """The tokens that a TokenEncoder before the model makes of X, a list for each item; else None."""
    transformers = inside.transformers
    if not transformers or not isinstance(transformers[-1], TokenEncoder):
        return None
    return tokens_of(transformers[-1], inside.transform(X, end=-1))
