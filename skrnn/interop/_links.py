"""What the raw outputs of a network stand for, by name, for those who write networks down elsewhere.

Shapes: raw outputs (..., K).

==================  ==============================================================================
``identity``        the answers themselves
``exp``             their logarithms
``quantiles``       the lowest quantile, and the distance of each next one before the softplus
``certain``         nothing: there is a single class
``two classes``     the logit of the second class (K = 1)
``sigmoid``         the logits of K labels
``softmax``         the logits of K classes
==================  ==============================================================================

To take in another loss, enter its link in ``LINK_OF``, and what it computes where the names are used.
"""

from skrnn.losses import Loss, PinballLoss, PoissonDeviance

# by the function, so that a loss of one's own that inherits it has the same
LINK_OF = {Loss.inverse_link: "identity", PoissonDeviance.inverse_link: "exp"}


def link_of_labels(labels):
    """The link to the probabilities of ``Labels``."""
    if not labels.is_1d:
        return "sigmoid"
    return {1: "certain", 2: "two classes"}.get(len(labels.classes), "softmax")


def link_of_numbers(numbers, caller):
    """The link to the predictions of ``Numbers``; ``caller`` is the function that needs to know."""
    loss = numbers.loss()
    if loss.are_several and type(loss).inverse_link is PinballLoss.inverse_link:
        return "quantiles"
    link = "identity" if loss.identity_link else LINK_OF.get(type(loss).inverse_link)
    if link is None:
        raise ValueError(
            f"{caller} does not know what {type(loss).__name__}.inverse_link computes: use a loss of "
            "skrnn, or one whose predictions are the raw outputs."
        )
    return link
