"""Sequences that go on by themselves: every token is drawn from what the network says, and read next.

Shapes: n prompts side by side, C tokens that can be drawn, the ``classes_``. ``log_p`` (n, C) are
logarithms of probabilities. A new rule of drawing is a line of ``draw``.
"""

from numbers import Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from skrnn._engine.inference import ends
from skrnn._estimators.series import publish
from skrnn._estimators.streaming import advance, stream_of
from skrnn._reading.containers import Passed, as_items
from skrnn._reading.facts import Form
from skrnn._reading.tokens import TokenList
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.arguments import check_int
from skrnn._settings.quoting import quote


class Drawing(NamedTuple):
    """How tokens are drawn: the parameters of ``generate``."""

    temperature: float
    top_k: int | None
    random_state: object

    def uniform(self, n, n_steps):
        """(n, n_steps) numbers to draw by; None if nothing is drawn."""
        if not self.temperature > 0:
            return None
        return check_random_state(self.random_state).random_sample((n, n_steps))


def generate(model, prompt, n_steps, drawing, *, series=None, n_threads=1):
    """``generate`` of a classifier; see there.

    ``series`` are those that prompts go on from, in their order; None: they start from zeros.
    """
    _check_drawing(n_steps, drawing)
    ids, answers = _ids(model.facts), model.answers()
    sequences, is_one = _read_prompt(prompt, model.facts.form)
    n, start = len(sequences), series and _start(series, len(sequences))
    uniform = drawing.uniform(n, n_steps)
    raw, states = ends(
        model.network(n_threads=n_threads), model.theta, sequences, model.dtype, start=start
    )
    stream = stream_of(model, n, start=publish(states), with_answers=False)
    tokens = np.empty((n, n_steps), dtype=np.intp)
    for t in range(n_steps):
        if uniform is None:
            tokens[:, t] = answers["predict"](raw)
        else:
            log_p = answers["predict_log_proba"](raw).astype(np.float64)
            tokens[:, t] = ids[draw(log_p, uniform[:, t], drawing.temperature, drawing.top_k)]
        if t + 1 < n_steps:
            raw = advance(stream, tokens[:, t])
    return tokens[0] if is_one else tokens


def draw(log_p, uniform, temperature, top_k=None):
    """The numbers (n,) of classes drawn by the inverse of the distribution function.

    p is divided by its sum after p ** (1 / temperature), which for a softmax is that of raw outputs
    divided by the temperature, and after all but the ``top_k`` largest are set to 0.
    """
    with np.errstate(over="ignore"):  # the most probable has the exponent 0
        p = np.exp((log_p - log_p.max(axis=1, keepdims=True)) / temperature)
    if top_k is not None:
        others = np.argsort(-log_p, axis=1, kind="stable")[:, top_k:]
        np.put_along_axis(p, others, 0.0, axis=1)
    P = np.cumsum(p, axis=1)
    # the sum is 1 or more, and u at most 1 - 2^-53: their product is below the sum, also when rounded
    return (P <= (uniform * P[:, -1])[:, None]).sum(axis=1)


def _check_drawing(n_steps, drawing):
    temperature, top_k, _ = drawing
    check_int(n_steps, "n_steps")
    is_number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not is_number or not 0 <= temperature < np.inf:
        raise ValueError(f"temperature must be a finite number >= 0, got {quote(temperature)}.")
    check_int(top_k, "top_k", or_none=True)


def _ids(facts):
    """The classes (C,) as tokens; a ValueError if the model does not predict the next token."""
    check_predicts_next_token(facts)
    classes, n_tokens = facts.targets.classes, facts.form.n_tokens
    are_tokens = np.zeros(len(classes), dtype=bool)
    if classes.dtype.kind in "iuf":  # scikit-learn takes no fractions for labels
        are_tokens = (classes >= 0) & (classes < n_tokens)
    if not are_tokens.all():
        raise ValueError(
            f"generate needs labels that are tokens, whole numbers from 0 to {n_tokens - 1}, but "
            f"classes_ holds {classes[~are_tokens][0].item()!r}."
        )
    return classes.astype(np.intp)


def check_predicts_next_token(facts):
    """Raise a ValueError that says what a model lacks whose predictions are not the next tokens."""
    name = facts.name
    if not facts.form.has_tokens:
        raise ValueError(
            f"generate needs a model of tokens, but {name} was fitted with embedding_size=None."
        )
    if not facts.per_step:
        raise ValueError(
            f"generate needs one label per time step, the next token, but {name} was fitted with one per "
            'sequence. Set return_sequences=True, or rows="steps".'
        )
    if facts.architecture.bidirectional:
        raise ValueError(
            "generate and bidirectional=True do not go together: the reverse direction starts from the "
            "last step. Fit with bidirectional=False."
        )
    if facts.delay:
        raise ValueError(
            f"generate and target_delay={facts.delay} do not go together: the label of the last step "
            "would be read after steps that are still to come. Fit with target_delay=0."
        )
    if facts.targets.is_indicator:
        raise ValueError(
            "generate needs one label per time step, the next token, but there are several (multilabel)."
        )


def _read_prompt(prompt, form):
    """Sequences of tokens, and whether it is one that was passed as such."""
    reject_unreadable(prompt, "prompt")
    items = as_items(prompt, "prompt")
    is_one = False
    if items is None:
        prompt = np.asarray(prompt)
        if prompt.ndim not in (1, 2):
            raise ValueError(
                f"prompt must be a sequence of tokens, 1-D, or several of them, but is {prompt.ndim}-D. "
                "Strings become tokens by TokenEncoder."
            )
        is_one = prompt.ndim == 1
        items = [prompt] if is_one else prompt
    if not len(items) or not len(items[0]):
        raise ValueError("prompt is empty: generating starts from one token or more.")
    as_passed = Form(has_tokens=True, n_tokens=form.n_tokens)
    passed = Passed(list(items), "prompt")
    passed.look(as_passed)
    container = TokenList.read(passed, as_passed)
    container.check(as_passed, "prompt")
    return container.sequences, is_one


def _start(series, n):
    """The states that predictions start from, those of all series in their order."""
    known = len(series.ids)
    if n != known:
        raise ValueError(
            f"There are {n} prompts, but initial_state='last' goes on with the {known} series of fit: "
            "pass as many, in the order of sequence_ids_, or set initial_state='zeros'."
        )
    return series.states
