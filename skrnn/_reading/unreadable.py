"""What nobody can read as sequences, targets or weights, and what to pass in its place.

Each function raises for a kind of things, before anything is computed, with a message that begins with
what was passed and ends with what to do. To add a kind, add a function to ``KINDS``.
"""

import numpy as np
from scipy import sparse

from skrnn._settings.quoting import listed, quote, shorten


def reject_unreadable(X, name):
    """Raise a TypeError for what is neither dense nor complete, a ValueError for what is no data yet."""
    if sparse.issparse(X):
        raise TypeError(
            f"Sparse {name} was passed, but dense data is required. Use {name}.toarray() to convert it "
            "to a dense array, or sparse_output=False in the transformer that made it."
        )
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array. For sequences of unequal length pass a list of arrays "
            "(n_timesteps_i, n_features), without padding."
        )
    for reject in KINDS:
        reject(X, name)


def _iterator(X, name):
    if hasattr(X, "__next__"):
        raise ValueError(
            f"{name} is a {type(X).__name__}, which can be read only once: pass list({name})."
        )


def _of_torch(X, name):
    if _package(X) != "torch":
        return
    if hasattr(X, "batch_sizes"):
        raise ValueError(
            f"{name} is a PackedSequence: pass the list of its sequences, "
            f"[x.numpy() for x in torch.nn.utils.rnn.unpack_sequence({name})]."
        )
    try:
        np.asarray(X)
    except (RuntimeError, TypeError) as error:  # on another device, or part of a graph
        raise ValueError(
            f"{name} is a tensor that NumPy cannot read: pass {name}.detach().cpu().numpy(). PyTorch "
            f"says: {shorten(error)}"
        ) from error


def _of_a_frame(X, name):
    """Groups and plans, which are made of frames but are none; frames of nothing."""
    kind = type(X).__name__
    if _package(X) not in ("pandas", "polars"):
        return
    if kind == "DataFrame" and not X.shape[1]:
        raise ValueError(
            f"Found {name} with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required."
        )
    if kind == "LazyFrame":
        raise ValueError(f"{name} is a LazyFrame, whose values are not there yet: pass {name}.collect().")
    if "Group" in kind:
        raise ValueError(
            f'{name} is a {kind} object. Pass the table itself with rows="steps" and the column of the '
            f"groups as sequence_id; or a list of the groups, [group for _, group in {name}], without "
            "that column."
        )


def _parts_of_time(X, name):
    """What pandas computes with, and are no tables: parts of a time index, and windows."""
    kind = type(X).__name__
    if _package(X) != "pandas":
        return
    if "Resampler" in kind:
        raise ValueError(
            f'{name} is a {kind} object. Pass the table itself with rows="steps" if it is one series; '
            f"or a list of the parts, [part for _, part in {name}]; or what is computed of each, "
            f"{name}.mean()."
        )
    if kind in ("Rolling", "Expanding", "ExponentialMovingWindow", "Window"):
        raise ValueError(
            f"{name} is an object of {kind}: pass what is computed of its windows, {name}.mean(). For "
            "the windows themselves pass the table through SlidingWindow."
        )


def _package(X):
    return type(X).__module__.partition(".")[0]


KINDS = [_of_torch, _of_a_frame, _parts_of_time, _iterator]


# --- X -----------------------------------------------------------------------------------------------


def reject_no_container(X, name, form):
    """Raise a ValueError for an X that is no list, array or table at all."""
    if isinstance(X, (list, tuple)) or hasattr(X, "columns"):
        return
    if isinstance(X, np.matrix):
        raise ValueError(f"{name} is a np.matrix: pass np.asarray({name}).")
    if isinstance(X, dict):
        raise ValueError(
            f"{name} is a dict with the keys {listed(X)}: pass list({name}.values()) if its values are "
            f"the sequences, or pandas.DataFrame({name}) if they are the columns of a table."
        )
    if not _is_scalar(X):
        return
    what = "None" if X is None else f"{quote(X)}, a {type(X).__name__}"
    raise ValueError(f"{name} is {what}, and holds no sequences. {expected(form)}")


def _is_scalar(X):
    """Whether NumPy sees a single thing in it."""
    if hasattr(X, "shape"):
        return len(X.shape) == 0
    try:
        return np.asarray(X).ndim == 0
    except ValueError:  # of several things that are no array
        return False


def expected(form):
    """What X may be, in words."""
    if form.has_tokens and not form.rows_are_steps:
        return (
            "Pass a list of 1-D integer arrays, one per sequence, or a 2-D integer array (n_sequences, "
            "n_timesteps)."
        )
    if form.rows_are_steps:
        return "Pass a table (n_rows, n_columns) whose rows are time steps."
    return (
        "Pass an array (n_sequences, n_timesteps, n_features), a list of arrays (n_timesteps, "
        "n_features), or a table with one sequence in each row."
    )


def reject_text(X, name, form):
    """Raise a ValueError for strings, which are no numbers but may become tokens."""
    one_by_one = isinstance(X, (list, tuple)) or (
        not hasattr(X, "columns") and len(getattr(X, "shape", ())) == 1
    )
    if not (one_by_one and len(X) and isinstance(next(iter(X)), str)):
        return
    if form.has_tokens:
        how = "Turn strings into tokens with TokenEncoder, before the estimator, in a pipeline."
    else:
        how = (
            "Turn strings into tokens with TokenEncoder before the estimator, in a pipeline, and set "
            "embedding_size."
        )
    raise ValueError(f"{name} holds strings, which cannot be read as numbers. {how}{of_pipelines(name)}")


def of_pipelines(name):
    """What to add where validation data may have gone around the transformers."""
    if not name.endswith("_val"):
        return ""
    return (
        f" A Pipeline passes {name} on as it is, unless its transform_input names it: pass "
        f"pipeline[:-1].transform({name})."
    )


def reject_one_dimension(X, name, form):
    """Raise a ValueError for an X of numbers without an axis of features: mostly one series."""
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    if len(shape) != 1:
        return
    if not shape[0]:
        raise ValueError(f"Found {name} with 0 sample(s): it is empty, while a minimum of 1 is required.")
    _reject_objects(X, name, form)
    what = "numbers" if np.asarray(X).dtype.kind in "biufc" else "values"
    raise ValueError(
        f"{name} is a single series of {shape[0]} {what} (Expected 2D array, got 1D array instead). "
        f"Reshape your data: {_as_sequences(X, name, form)}"
    )


def _reject_objects(X, name, form):
    """Raise a ValueError if what stands in an X of one dimension are no numbers."""
    first, fields = next(iter(np.asarray(X))), getattr(getattr(X, "dtype", None), "names", None)
    if fields:
        raise ValueError(
            f"{name} is a structured array with the fields {listed(fields)}. Pass a plain array: "
            f"numpy.lib.recfunctions.structured_to_unstructured({name})."
        )
    if not isinstance(first, (int, float, complex, np.generic)):
        table = f" pandas.DataFrame({name}) makes a table of them." if isinstance(first, dict) else ""
        raise ValueError(
            f"{name} holds {len(X)} things like {quote(first)} ({type(first).__name__}), which are no "
            f"sequences.{table} {expected(form)}"
        )


def as_array_of(X, name):
    """How one writes X as an array."""
    return name if isinstance(X, np.ndarray) else f"numpy.asarray({name})"


def _as_sequences(X, name, form):
    """What may be meant by a series of numbers, and how to pass it."""
    array = as_array_of(X, name)
    if form.has_tokens:
        return f"pass [{array}] if it is one sequence of tokens."
    if form.container is None:
        column = f"{array}.reshape(-1, 1)"
        return (
            f'pass [{column}] if it is one sequence; set rows="steps" and pass {column} if there is a '
            f"target for every number; put SlidingWindow before the estimator, and pass {column}, if a "
            "target belongs to the numbers before it."
        )
    if form.is_table:
        return f"{array}.reshape(1, -1) is one sequence, with the {form.n_features_in} columns of fit."
    if len(X) == form.n_step_features != 1:
        return f"{array}.reshape(1, 1, -1) is one sequence of one time step."
    return f"[{array}.reshape(-1, {form.n_step_features})] is one sequence."
