"""Which settings go together: checked at fit, before anything is read or changed.

Raises only where another model than the one asked for would silently come out, or a library is missing;
settings that merely have no effect (those of another solver, schedule or stopping rule) are ignored.
Every error names both parameters. Whether a single value is allowed stands in ``table.py``.

Letters: ``e`` are the ``Settings`` of the estimator.
"""

from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral, Real

import numpy as np

from skrnn._engine.online import LARGEST, is_elementwise
from skrnn._settings.arguments import is_int
from skrnn._settings.quoting import quote
from skrnn.losses import Loss
from skrnn.solvers import SOLVERS


def check_sequences(e, *, X_val=None, y_val=None, sample_weight_val=None, partial_fit=False):
    """ValueError for parameters of a regressor or classifier that contradict each other, or the call."""
    for name, value in (("k1", e.k1), ("k2", e.k2)):
        if value is not None and e.bidirectional:
            raise ValueError(
                f"{name}={value!r} and bidirectional=True do not go together: the reverse direction "
                f"needs the whole sequence. Set {name}=None or bidirectional=False."
            )
    check_solver(e)
    check_forget_bias(e)
    if hasattr(e, "loss"):
        check_loss(e)
    check_online(e)
    check_embedding(e)
    _check_rows(e)
    _check_targets(e)
    _check_auto(e)
    check_validation(e, X_val, y_val, sample_weight_val, partial_fit)
    check_verbose(e)


def check_pairs(e, **call):
    """ValueError for parameters of an encoder-decoder that contradict each other, or the call."""
    check_solver(e)
    check_forget_bias(e)
    if hasattr(e, "loss"):
        check_loss(e)
    if e.k2 == "auto" and e.k1 is None:
        raise ValueError(
            "k2='auto' and k1=None do not go together: set k1, the number of steps whose losses make an "
            "update, or leave k2=None."
        )
    check_validation(e, **call)
    check_verbose(e)


def check_solver(e):
    """What a schedule, or a solver that needs the whole data, cannot do."""
    if e.tol is None and isinstance(e.learning_rate, str) and e.learning_rate == "adaptive":
        raise ValueError(
            "tol=None and learning_rate='adaptive' do not go together: the rate is lowered when the loss "
            "has not fallen by tol. Set tol to a number, or another learning_rate."
        )
    if not SOLVERS[e.solver].full_batch:
        return
    for name, value in (("k1", e.k1), ("k2", e.k2)):
        if value is not None:
            raise ValueError(
                f"{name}={value!r} and solver={e.solver!r} do not go together: {e.solver} uses the whole "
                f"sequences for every step. Set {name}=None or another solver."
            )
    for name, share in (("dropout", e.dropout), ("weight_dropout", e.weight_dropout)):
        if share:
            raise ValueError(
                f"{name}={share} and solver={e.solver!r} do not go together: {e.solver} needs a loss "
                f"that does not change from call to call. Set {name}=0 or another solver."
            )


def check_forget_bias(e):
    """ValueError unless it is a finite number, a name, or ("chrono", T) with T of two steps or more."""
    bias = getattr(e, "forget_bias", 0.0)
    if isinstance(bias, tuple):
        T = bias[1] if len(bias) == 2 and isinstance(bias[0], str) and bias[0] == "chrono" else None
        ok = isinstance(T, Integral) and not isinstance(T, bool) and T >= 2
    else:
        ok = isinstance(bias, str) or (np.isfinite(bias) and not isinstance(bias, bool))
    if not ok:
        raise ValueError(
            'forget_bias must be a finite number, "auto", "chrono", or ("chrono", T) with the number T '
            f"of time steps to remember, an int of at least 2, got {quote(bias)}."
        )


def check_embedding(e):
    """ValueError for an embedding_size of columns that is none, or an n_tokens that is not of them."""
    size, n_tokens = e.embedding_size, e.n_tokens
    if isinstance(size, Mapping):
        for key, width in size.items():
            if not (_is_column(key) and is_int(width) and width >= 1):
                raise ValueError(
                    "embedding_size as a dict has the columns of categories, names or positions, as "
                    "keys, and the widths of their vectors, ints >= 1, as values; got "
                    f"{quote(dict(size))}."
                )
        if not size:
            raise ValueError("embedding_size={} names no column: set it to None, or name one.")
    if n_tokens is None or size is None:
        return
    if isinstance(n_tokens, Mapping) != isinstance(size, Mapping):
        raise ValueError(
            "n_tokens is a dict, of the numbers of categories, where embedding_size is one, and a number "
            f"otherwise; got n_tokens={quote(n_tokens)} and embedding_size={quote(size)}."
        )
    if isinstance(size, Mapping):
        _check_numbers_of_categories(n_tokens, size)


def _is_column(key):
    return isinstance(key, (str, tuple)) or is_int(key)


def _check_numbers_of_categories(n_tokens, size):
    if set(n_tokens) != set(size):
        raise ValueError(
            f"n_tokens={quote(dict(n_tokens))} and embedding_size={quote(dict(size))} name different "
            "columns: give both the same keys, or n_tokens=None."
        )
    for key, n in n_tokens.items():
        if not is_int(n) or n < 1:
            raise ValueError(f"n_tokens of column {quote(key)} must be an int >= 1, got {quote(n)}.")


def check_loss(e):
    """ValueError unless the loss is a name or a class below ``Loss``, and its quantiles rise."""
    if isinstance(e.loss, type) and not issubclass(e.loss, Loss):
        raise ValueError(
            f"loss={e.loss.__name__}: a class passed as loss must be one below skrnn.losses.Loss."
        )
    check_quantile(e.quantile)


def check_quantile(quantile):
    """ValueError unless it is a number between 0 and 1, or rising ones."""
    values = np.asarray(quantile, dtype=object)
    each = list(np.atleast_1d(values))
    ok = values.ndim <= 1 and all(isinstance(q, Real) and 0 < q < 1 for q in each)
    if not (ok and each and all(a < b for a, b in pairwise(each))):
        raise ValueError(
            "quantile must be a float strictly between 0 and 1, or a list of such floats in strictly "
            f"increasing order, got {quote(quantile)}."
        )


# what gradients that run forwards in time need, and why
ONLINE_NEEDS = (
    ("rows", "steps", "a table in which each row is a step"),
    ("initial_state", "last", "series that go on where they ended"),
)
ONLINE_WITHOUT = (
    ("k2", None, "gradients reach through the whole past"),
    ("dropout", 0, "a mask would have to stay the same for ever"),
    ("weight_dropout", 0, "the past that is carried along was computed with other masks"),
    ("embedding_size", None, "the table of vectors has no influence of its own"),
    ("target_delay", 0, "the steps after the last row are not read"),
    ("bidirectional", False, "the reverse direction begins at the end"),
)


def check_online(e, *, in_streams=False):
    """ValueError for what gradients that run forwards in time cannot do; streams may start anywhere."""
    if not e.online:
        return
    for name, value, how in ONLINE_NEEDS[: 1 if in_streams else None]:
        if getattr(e, name) != value:
            raise ValueError(
                f"gradient={e.gradient!r} needs {name}={value!r}, {how}; got {name}={getattr(e, name)!r}."
            )
    for name, value, why in ONLINE_WITHOUT:
        if getattr(e, name) != value:
            _raise_online(e, name, why, f"{name}={value}")
    if e.full_batch:
        why = f"{e.solver} needs the gradient of the whole data at the same weights"
        _raise_online(e, "solver", why, "another solver")
    if len(e.hidden_sizes) > 1:
        _raise_online(e, "hidden_size", "it is for one layer", "hidden_size to an int")
    if e.online == "rtrl" and e.hidden_sizes[0] > LARGEST:
        how = f"hidden_size to {LARGEST} at most, or gradient='snap1', which is as cheap as 'bptt',"
        _raise_online(e, "hidden_size", "a step costs about hidden_size ** 4 operations", how)
    if not is_elementwise(e.cell(3, np.float64, **e.cell_options)):
        name = next(iter(e.cell_options), "cell")
        why = "its units depend on each other within a step"
        _raise_online(e, name, why, f"another {name}")


def _raise_online(e, name, why, how):
    value = e.cell.__name__ if name == "cell" else quote(getattr(e, name))
    raise ValueError(
        f"gradient={e.gradient!r} and {name}={value} do not go together: {why}. Set {how} or "
        "gradient='bptt'."
    )


def _check_rows(e):
    for name, value, default in (
        ("sequence_id", e.sequence_id, None),
        ("initial_state", e.initial_state, "zeros"),
    ):
        if e.rows != "steps" and value != default:
            raise ValueError(f"{name}={quote(value)} needs rows='steps', got rows={e.rows!r}.")
    if isinstance(e.sequence_id, bool):
        raise ValueError(f"sequence_id must be a column's name or position, got {e.sequence_id!r}.")
    if e.initial_state == "last" and e.bidirectional:
        raise ValueError(
            "initial_state='last' and bidirectional=True do not go together: the reverse direction "
            "begins at the end. Set initial_state='zeros' or bidirectional=False."
        )
    tokens = None if isinstance(e.embedding_size, Mapping) else e.embedding_size
    for name, value in (("rows", "steps"), ("embedding_size", tokens)):
        if e.step_features != 1 and value is not None and getattr(e, name) == value:
            raise ValueError(
                f"step_features={e.step_features} and {name}={value!r} do not go together: leave "
                "step_features=1."
            )


def _check_targets(e):
    per_step = e.return_sequences or e.rows == "steps"
    how = "return_sequences=True" if e.return_sequences else "rows='steps'"
    if e.target_delay and not per_step:
        raise ValueError(
            f"target_delay={e.target_delay} needs targets per time step: set return_sequences=True."
        )
    if e.target_delay and e.bidirectional:
        raise ValueError(
            f"target_delay={e.target_delay} and bidirectional=True do not go together: the reverse "
            "direction has seen the following inputs already."
        )
    if e.pooling != "last" and per_step:
        raise ValueError(
            f"pooling={e.pooling!r} and {how} do not go together: pooling is for one target per sequence."
        )
    if e.target_replication and per_step:
        raise ValueError(
            f"target_replication={e.target_replication} and {how} do not go together: "
            "there is a target for every time step already."
        )
    if e.target_replication and e.bidirectional:
        raise ValueError(
            f"target_replication={e.target_replication} and bidirectional=True do not go together: at "
            "a step before the last the reverse direction has read the rest already."
        )


def _check_auto(e):
    if e.k2 != "auto" or e.k1 is not None:
        return
    many = (
        ("return_sequences", e.return_sequences, False),
        ("rows", e.rows, "sequences"),
        ("target_replication", e.target_replication, 0),
    )
    for name, value, without in many:
        if value != without:
            raise ValueError(
                f"k2='auto' and k1=None do not go together with {name}={value!r}: set k1, the number of "
                "steps whose losses make an update, or leave k2=None."
            )


def check_validation(e, X_val=None, y_val=None, sample_weight_val=None, partial_fit=False):
    """ValueError for validation data that are incomplete, or for what partial_fit cannot do."""
    if partial_fit:
        if e.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        if getattr(e, "class_weight", None) == "balanced":
            raise ValueError(
                "partial_fit does not support class_weight='balanced': the weights would change from "
                "call to call. Pass a dict of weights."
            )
    if (X_val is None) != (y_val is None):
        given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} was passed without {missing}: pass both or neither.")
    if sample_weight_val is not None and X_val is None:
        raise ValueError("sample_weight_val was passed without X_val and y_val.")


def check_verbose(e):
    """ImportError if ``verbose`` asks for a library that is missing."""
    if e.verbose < 2:
        return
    try:
        import rich  # noqa: F401
    except ImportError:
        raise ImportError(
            f"verbose={e.verbose} draws a bar with the package rich, which is not installed. Install "
            "rich, or set verbose=1 for a line per epoch."
        ) from None
