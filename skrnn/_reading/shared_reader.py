"""X, y and weights of which every rank has a part, read as one: what ``_engine/shared.py`` trains on.

Each rank reads what it has, as ``reader.py`` does. Then all tell each other lengths, targets, weights and
what they have learned of X, and go on with the same: so scale of y, classes, class weights and held-out
data are those of all sequences, in the order of the ranks. X itself stays where it is. An error of one
rank is raised on all of them. Shapes: n sequences of all ranks.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skrnn._engine.inference import evaluate
from skrnn._engine.shared import SharedData, SharedSequences, exchange, shared_outputs
from skrnn._reading.advice import advise_on_overlap
from skrnn._reading.reader import Reader, Task
from skrnn._reading.weights import is_ones, ones
from skrnn._reading.windows import Places

OWN_ERRORS = (TypeError, ValueError, MemoryError, OverflowError)


class SharedContainer:
    """What the ranks have together, in the place of a ``Container``.

    Attributes
    ----------
    own : Container
        X of this rank.
    sequences : SharedSequences
    windows : Places or None
        Of all sequences.
    """

    def __init__(self, own, sequences, windows=None):
        self.own, self.sequences, self.windows = own, sequences, windows
        self.rows_are_steps, self.is_table = own.rows_are_steps, own.is_table

    @property
    def samples(self):
        """What there is one target and one weight for."""
        return self.sequences


@dataclass(frozen=True, eq=False)
class SharedTask(Task):
    """A ``Task`` whose data lie on several ranks.

    Attributes
    ----------
    communicator : object
    """

    communicator: Any = None

    def validator(self, network, held_out):
        """theta -> validation loss and score, of all ranks."""
        targets, loss = self.facts.targets, self.facts.targets.loss()

        def validate(theta):
            raw = shared_outputs(self.communicator, network, theta, held_out)
            if not np.isfinite(raw).all():
                return np.inf, np.nan
            raw = held_out.read_outputs(raw)
            return evaluate(loss, held_out, raw), targets.score(raw, held_out)

        return validate

    def advise(self, losses, *, held_out=None, keeps_best=False, n_epochs):
        """As ``Task``, by a look at the X of this rank."""
        own = replace(self, container=self.container.own)
        if (X := self._own_X()) is not None:
            Task.advise(own, losses, held_out=held_out, keeps_best=keeps_best, n_epochs=n_epochs, X=X)

    def advise_on_overlap(self):
        """As ``Task``, by a look at the X of this rank."""
        if (X := self._own_X()) is not None:
            advise_on_overlap(X)

    def _own_X(self):
        """The sequences that are here; None if there are none."""
        rows = np.flatnonzero(self.data.X.here)
        return self.data.X.select(rows) if len(rows) else None


class SharedReader(Reader):
    """A ``Reader`` of what the ranks have together.

    Parameters
    ----------
    communicator : object
    settings, before : as for ``Reader``
    """

    data_class = SharedData
    may_vanish = True

    def __init__(self, communicator, settings, before=None):
        super().__init__(settings, before)
        self.communicator = communicator

    def task_class(self, settings, facts, data, container):
        """The task of this rank."""
        return SharedTask(settings, facts, data, container, communicator=self.communicator)

    def as_passed(self, X, y, sample_weight, known, names):
        error = passed = None
        try:
            passed = super().as_passed(X, y, sample_weight, known, names)
            told = _in_order_of_sequences(passed)
        except OWN_ERRORS as one:
            error, told = one, None
        answers = exchange(self.communicator, (error, told))
        for rank, (other, _) in enumerate(answers):
            if other is not None:
                other.add_note(f"This is said of the data of rank {rank}.")
                raise other
        told = [one for _, one in answers]
        self._own, self._rank = passed, self.communicator.rank
        return _together(passed, told, self.communicator.rank)

    def _warn(self, found, X, *, is_part):
        own, here = self._own, found.container.sequences.here
        lengths = found.container.sequences.lengths
        per_step = len(found.y) != len(lengths)
        rows = np.repeat(here, lengths) if per_step else here
        mine = found._replace(
            container=own.container, y=found.y[rows], y_passed=found.y_passed[rows], weights=own.weights
        )
        super()._warn(mine, X, is_part=is_part)


@dataclass(frozen=True, eq=False)
class _Told:
    """What a rank tells of what it has, sequence after sequence; numbers of steps, if there are any."""

    lengths: np.ndarray
    y: np.ndarray
    is_1d: bool
    weight: np.ndarray | None  # None for ones
    step_weight: np.ndarray | None
    form: object
    kind: str  # the name of the class of the container
    windows: Places | None


def _in_order_of_sequences(passed):
    """What a rank has ``_Told``."""
    container, y, (weight, step_weight) = passed.container, passed.y, passed.weights
    X = container.sequences
    if container.rows_are_steps:
        if step_weight is None:
            weight, step_weight = ones(X.n), weight
        y = X.same_steps(y).flat()
        step_weight = X.same_steps(np.asarray(step_weight)[:, None]).flat()[:, 0]
    return _Told(
        X.lengths, y, passed.is_1d, None if is_ones(weight) else weight, step_weight, passed.form,
        type(container).__name__, container.windows,
    )  # fmt: skip


def _together(passed, told, rank):
    """What all ranks have, as one of them has passed it."""
    counts = [len(one.lengths) for one in told]
    first = int(np.sum(counts[:rank], dtype=np.intp))
    X = passed.container.sequences
    form = _one_form([one.form for one in told], [one.kind for one in told])
    lengths = np.concatenate([one.lengths for one in told])
    sequences = SharedSequences(X, first + np.arange(X.n), lengths)
    if len({(one.is_1d, one.y.ndim, one.y.shape[1:]) for one in told}) > 1:
        raise ValueError("Some parts of y have another number of outputs than others: give all as many.")
    kinds = ["text" if one.y.dtype.kind in "US" else "numbers" for one in told if one.y.dtype.kind != "O"]
    if len(set(kinds)) > 1:
        raise ValueError(
            "Some parts of y hold text and others numbers: give all parts labels of one kind."
        )
    return passed._replace(
        container=SharedContainer(passed.container, sequences, _windows(told)), form=form,
        y=np.concatenate([one.y for one in told]), weights=_weights(told),
    )  # fmt: skip


def _windows(told):
    """The places of the windows of all ranks, whose series are others on each; None if some have none."""
    places = [one.windows for one in told]
    if any(one is None for one in places) or len({one.span for one in places}) > 1:
        return None
    first = np.cumsum([0, *(one.series.max(initial=-1) + 1 for one in places)])
    series = [one.series + k for one, k in zip(places, first, strict=False)]
    last = np.concatenate([one.last for one in places])
    return Places(np.concatenate(series), last, places[0].span)


def _weights(told):
    """Those of all ranks, as ``read_weights`` gives them; a ValueError if all are zero."""
    steps, weight = _step_weights(told), ones(sum(len(one.lengths) for one in told))
    if any(one.weight is not None for one in told):
        weights = [np.ones(len(one.lengths)) if one.weight is None else one.weight for one in told]
        weight = np.concatenate(weights)
    if not (weight if steps is None else steps).any():
        raise ValueError(
            "sample_weight must contain at least one non-zero weight: all ranks have zeros only."
        )
    return weight, steps


def _step_weights(told):
    if all(one.step_weight is None for one in told):
        return None
    steps = [
        np.ones(int(one.lengths.sum())) if one.step_weight is None else one.step_weight for one in told
    ]
    return np.concatenate(steps)


def _one_form(forms, kinds):
    """The form of all ranks' X; a ValueError if it is not one."""
    first = forms[0]
    for rank, (form, kind) in enumerate(zip(forms, kinds, strict=True)):
        names, expected = _names(form), _names(first)
        for what, here, there in (
            ("the form", kind, kinds[0]),
            ("features", form.n_features_in, first.n_features_in),
            ("features in a step", form.n_step_features, first.n_step_features),
            ("names of columns", names, expected),
        ):
            if here != there:
                raise ValueError(
                    f"The parts of X differ in {what}: {here} on rank {rank}, {there} on rank 0. Give "
                    "all parts the same columns in the same form."
                )
    dtype = np.result_type(*[form.dtype for form in forms])
    n_tokens = first.n_tokens and max(form.n_tokens for form in forms)
    pairs = zip(*[form.categories for form in forms], strict=True)
    categories = tuple(max(of_all, key=lambda one: one.n_values) for of_all in pairs)
    n_columns = {form.n_columns for form in forms}
    return replace(
        first, dtype=dtype, n_tokens=n_tokens, categories=categories,
        n_columns=n_columns.pop() if len(n_columns) == 1 else None,
    )  # fmt: skip


def _names(form):
    names = form.columns if form.feature_names is None else form.feature_names
    return None if names is None else list(names)
