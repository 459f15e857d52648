"""A model card: what a fitted estimator is, in words, for those who did not train it.

A section is a function of an ``_Asked`` that yields lines; to add one, enter it in ``SECTIONS``.
"""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._engine.model import Model
from skrnn._estimators.base import Trainable
from skrnn._estimators.labels import Labels
from skrnn._estimators.number_pairs import NumberPairs
from skrnn._estimators.numbers import Numbers
from skrnn._estimators.unwrap import unwrap_fitted
from skrnn._estimators.versions import versions
from skrnn._settings.quoting import listed, quote

SOME_EPOCHS = 10  # rows of the table of curves


class _Asked(NamedTuple):
    estimator: object
    model: Model
    before: list  # the transformers before it


def model_card(estimator, *, output="markdown"):
    """Describe a fitted estimator: data, network, settings, training, limits and versions.

    Parameters
    ----------
    estimator : estimator instance
        A fitted classifier, regressor or encoder-decoder of skrnn, or a pipeline or search that ends in
        one.
    output : {"markdown", "skops"}, default="markdown"
        "markdown": text. "skops": a card of skops with the same sections, and a diagram of the estimator,
        to which its methods add tables, plots and metrics.

    Returns
    -------
    card : str or object
        Text in Markdown, or a `skops.card.Card`. What only its author knows, where the data come from and
        what the model is for, has headings to be filled in.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If it is none of those named.
    ValueError
        If output is none of those named.
    ImportError
        If there is to be a card of skops, which is not installed.

    See Also
    --------
    save : A file of the model.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRUClassifier
    >>> from skrnn.interop import model_card
    >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
    >>> model = GRUClassifier(hidden_size=8, random_state=0).fit(X, X[:, -1, 0] > 0)
    >>> print(model_card(model)[:89])
    # GRUClassifier
    <BLANKLINE>
    A recurrent network (GRU, 8 units) that predicts one label per sequence.
    """
    if output not in ("markdown", "skops"):
        raise ValueError(f'output={quote(output)}: pass "markdown" or "skops".')
    inside = unwrap_fitted(estimator, "model_card", Trainable)
    check_is_fitted(inside.estimator)
    asked = _Asked(inside.estimator, inside.model, inside.transformers)
    name, summary = type(asked.estimator).__name__, _summary(asked)
    texts = {title: "\n".join(section(asked)) for title, section in SECTIONS.items()}
    if output == "skops":
        return _card_of_skops(estimator, name, summary, texts)
    parts = [f"# {name}\n\n{summary}", *(f"## {title}\n\n{text}" for title, text in texts.items())]
    return "\n\n".join(parts) + "\n"


def _card_of_skops(estimator, name, summary, texts):
    """The same as a card of skops."""
    try:
        from skops.card import Card
    except ImportError as error:
        raise ImportError(
            'model_card(output="skops") needs skops. Install it with: pip install "skrnn[skops]"'
        ) from error
    card = Card(estimator, template=None, model_diagram=False).add(**{name: summary})
    card.add(**{f"{name}/{title}": text for title, text in texts.items()})
    return card.add_model_plot(section=f"{name}/Diagram")


def _summary(asked):
    facts, settings = asked.model.facts, asked.model.facts.fixed
    architecture = facts.architecture
    sizes = " + ".join(map(str, architecture.hidden_sizes))
    ways = ", bidirectional" if architecture.bidirectional else ""
    network = f"A recurrent network ({architecture.cell.__name__}, {sizes} units{ways})"
    if facts.form is None:
        return f"{network} that answers sequences of tokens by sequences of tokens."
    if isinstance(facts.targets, NumberPairs):
        return f"{network} that answers sequences of numbers by sequences of numbers."
    what = {Labels: "label", Numbers: "number"}.get(type(facts.targets), "target")
    what = f"one {what}" if facts.targets.is_1d else f"several {what}s"
    per = "time step" if settings["return_sequences"] else "sequence"
    return f"{network} that predicts {what} per {per}."


def _intended_use(asked):
    yield "*To be filled in: what the model is for, and what it is not for.*"


def _data(asked):
    yield "*To be filled in: where the training data come from, how many, of what time.*"
    yield ""
    form, targets = asked.model.facts.form, asked.model.facts.targets
    yield from _table(("", ""), [*_of_X(form), *_of_targets(targets)])
    if asked.before:
        names = " | ".join(type(one).__name__ for one in asked.before)
        yield ""
        yield f"Before the network X goes through: {names}."


def _of_X(form):
    if form is None:
        return
    kind = "a table of time steps" if form.rows_are_steps else "sequences"
    kind = "a table of sequences" if form.is_table else kind
    yield "X", f"{kind} of tokens" if form.has_tokens else kind
    yield "features", f"{form.n_features_in} columns, {form.n_step_features} per time step"
    if form.n_tokens:
        yield "tokens", f"0 to {form.n_tokens - 1}"
    names = form.feature_names if form.columns is None else form.columns
    if names is not None:
        yield "names", listed(names, some=20)
    if form.sequence_id is not None:
        yield "series are told apart by", quote(form.sequence_id)


def _of_targets(targets):
    if isinstance(targets, Labels):
        yield "classes", f"{len(targets.classes)}: {listed(targets.classes, some=20)}"
    elif isinstance(targets, (Numbers, NumberPairs)):
        yield "mean of y", listed(targets.mean.round(6))
        yield "deviation of y", listed(targets.scale.round(6))
        if isinstance(targets, NumberPairs):
            yield "steps of the longest y", targets.horizon
    else:
        yield "source tokens", f"{len(targets.source)}: {listed(list(targets.source))}"
        yield "target tokens", f"{len(targets.target)}: {listed(list(targets.target))}"


def _network(asked):
    rows = [(f"`{name}`", " x ".join(map(str, W.shape))) for name, W in asked.model.weights().items()]
    yield from _table(("weights", "shape"), rows)
    yield ""
    yield f"{asked.model.theta.size} weights in {asked.model.dtype}."


def _settings(asked):
    estimator = asked.estimator
    defaults = type(estimator)().get_params(deep=False)
    changed = {
        name: value for name, value in estimator.get_params(deep=False).items()
        if not _is(value, defaults.get(name))
    }  # fmt: skip
    yield from _table(("parameter", "value"), [(f"`{n}`", f"`{quote(v)}`") for n, v in changed.items()])
    yield ""
    yield "All others are the defaults of this version."


def _is(value, default):
    try:
        return type(value) is type(default) and bool(np.all(value == default))
    except (TypeError, ValueError):
        return False


def _training(asked):
    estimator = asked.estimator
    yield f"{estimator.n_iter_} epochs in the last fit, {estimator.n_updates_} updates of the weights."
    curves = {
        "loss": estimator.loss_curve_,
        "validation loss": estimator.validation_loss_curve_,
        "validation score": estimator.validation_scores_,
        "gradient norm": estimator.grad_norm_curve_,
    }
    curves = {name: curve for name, curve in curves.items() if curve}
    if not curves:
        yield "There are no curves: the weights come from elsewhere."
        return
    n = len(estimator.loss_curve_)
    epochs = sorted({round(k) for k in np.linspace(0, n - 1, min(n, SOME_EPOCHS))})
    yield ""
    rows = [(k + 1, *(f"{curve[k]:.4g}" for curve in curves.values())) for k in epochs]
    yield from _table(("epoch", *curves), rows)


def _limits(asked):
    facts = asked.model.facts
    architecture, form = facts.architecture, facts.form
    yield "- Scores on data that were not trained on: *to be filled in*."
    if form is not None and not form.has_tokens:
        yield "- X must be in the scale of the X in training; what lies far outside is extrapolated."
    if isinstance(facts.targets, Labels):
        yield "- It always answers with one of the classes above. Probabilities are not calibrated."
    if form is None:
        yield "- Tokens that were not in training are read as steps without input."
        return
    if architecture.bidirectional:
        yield "- It reads sequences backwards, too: it cannot answer while they come in."
    if form.has_tokens and architecture.n_tokens:
        yield f"- Tokens from {architecture.n_tokens} on are an error."
    if isinstance(facts.targets, NumberPairs):
        yield "- It reads its own answers: errors add up along them."
    elif asked.estimator.initial_state == "last":
        yield "- It goes on from where the series of training ended: X holds the rows that follow."
    if architecture.dtype == "float32":
        yield "- It computes in float32: about seven digits."


def _versions(asked):
    yield from _table(("package", "version"), list(versions().items()))


def _table(head, rows):
    """Lines of a table; a bar within a cell would end it."""
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"


SECTIONS = {
    "Intended use": _intended_use,
    "Data": _data,
    "Network": _network,
    "Settings": _settings,
    "Training": _training,
    "Limits": _limits,
    "Versions": _versions,
}
