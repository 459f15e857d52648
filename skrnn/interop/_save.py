"""Fitted estimators in files of safetensors: weights as arrays, everything else as JSON.

The file has the weights by their names in ``exact_weights_``, other arrays, and one entry of metadata,
``skrnn``: JSON (``_as_json.py``) with the format, versions, the name of the class, its parameters, and
what was fitted as plain data (``_estimators/plain.py``), and a digest of all that.

Reading runs nothing: the file names one of the classes of ``CLASSES``, and no other. What a file says is
checked against its arrays before anything is made of it. A new class of estimators is entered in
``CLASSES``; what changes the meaning of a file raises ``FORMAT``.
"""

import json
import os
from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn import classifiers, encoder_decoder, encoder_decoder_regressors, regressors
from skrnn._estimators.access import cell_of, fitted_of, model_of, publish
from skrnn._estimators.base import Trainable
from skrnn._estimators.digests import digest
from skrnn._estimators.plain import facts_from_plain, from_plain, to_plain
from skrnn._estimators.versions import versions
from skrnn._settings.quoting import listed, quote, shorten
from skrnn.callbacks import write_whole
from skrnn.interop._as_json import decode, encode
from skrnn.interop._load_skops import is_skops, load_skops

FORMAT = 1
ENTRY = "skrnn"  # of the metadata
CLASSES = {
    name: getattr(module, name)
    for module in (classifiers, encoder_decoder, encoder_decoder_regressors, regressors)
    for name in module.__all__
    if cell_of(getattr(module, name)) is not None
}
# what only going on needs, and is not kept
MEMORY = ("solver", "random_state", "run")
WRONG = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def save(estimator, path):
    """Save a fitted estimator in a file of safetensors, without code.

    The file has the weights, the parameters, and all that `predict` and the other methods need. It can be
    read without trust in its source, and its arrays by anything that reads safetensors.

    Parameters
    ----------
    estimator : estimator instance
        A fitted classifier, regressor or encoder-decoder of skrnn, of one of its own classes. Of a
        pipeline save the last step; what is before it has no such form: see :data:`TRUSTED_TYPES`.
    path : str or path-like
        The file. It is replaced, whole or not at all.

    Raises
    ------
    NotFittedError
        If the estimator has not been fitted.
    TypeError
        If the estimator is none of those named, or path none.
    ValueError
        If a parameter holds what a file cannot, as a function or a class of one's own does.
    ImportError
        If safetensors is not installed.

    See Also
    --------
    load : The way back.

    Notes
    -----
    The memory of the solver and the state of the random numbers are not kept: `partial_fit`, and fit with
    `warm_start=True`, go on from the weights alone.

    Examples
    --------
    .. doctest::
       :skipif: not has_safetensors

       >>> import tempfile
       >>> from pathlib import Path
       >>> import numpy as np
       >>> from skrnn import GRURegressor
       >>> from skrnn.interop import load, save
       >>> X = np.random.RandomState(0).normal(size=(60, 5, 2))
       >>> model = GRURegressor(hidden_size=8, random_state=0).fit(X, X[:, -1, 0])
       >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
       >>> save(model, path)
       >>> bool((load(path).predict(X) == model.predict(X)).all())
       True
    """
    _check_path(path)
    _import_safetensors("save")
    from safetensors.numpy import save as to_bytes

    _check_class(estimator)
    check_is_fitted(estimator)
    content, arrays = _content(estimator)
    arrays = {**model_of(estimator).exact_weights(), **arrays}
    written = to_bytes(arrays, {ENTRY: json.dumps(content, allow_nan=False)})
    write_whole(path, lambda file: file.write(written))


def load(path):
    """Load an estimator from a file of `save`, or of skops.

    Nothing that the file holds is run, so that it may come from anywhere; whether its weights are any
    good is another question. A file of skops must hold nothing but estimators and transformers of skrnn
    and what skops trusts by itself, as those of scikit-learn.

    Parameters
    ----------
    path : str or path-like
        The file: of safetensors, by `save`, or of skops, by its `dump`.

    Returns
    -------
    estimator : estimator instance
        The fitted estimator, with its parameters and curves.

    Raises
    ------
    ValueError
        If the file is cut off or damaged, is no file of `save` or skops, is one of a later version, or
        holds other classes; the error names it.
    TypeError
        If path is none.
    OSError
        If it cannot be read.
    ImportError
        If safetensors, or skops for a file of it, is not installed.

    See Also
    --------
    save : The way there.

    Examples
    --------
    .. doctest::
       :skipif: not has_safetensors

       >>> import tempfile
       >>> from pathlib import Path
       >>> from skrnn import GRUEncoderDecoder
       >>> from skrnn.interop import load, save
       >>> model = GRUEncoderDecoder(hidden_size=8, max_iter=9, tol=None, random_state=0)
       >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
       >>> save(model.fit(["one", "two"], ["1", "2"]), path)
       >>> load(path).target_vocabulary_
       {'1': 1, '2': 2}
    """
    _check_path(path)
    if is_skops(path):
        return load_skops(path)
    _import_safetensors("load")
    arrays, metadata = _read(path)
    try:
        content = json.loads(metadata[ENTRY])
        if content["format"] > FORMAT:
            raise ValueError(
                f"it was saved by skrnn {content['versions']['skrnn']!s:.20}, which writes another format"
            )
        return _estimator(content, arrays)
    except WRONG as error:
        raise _cannot_be_loaded(path, error) from error


def _import_safetensors(name):
    try:
        import safetensors  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'{name} needs safetensors. Install it with: pip install "skrnn[safetensors]"'
        ) from error


def _check_path(path):
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be the name of a file, a str or path-like, got {quote(path)}.")


def _check_class(estimator):
    name = type(estimator).__name__
    if CLASSES.get(name) is type(estimator):
        return
    if isinstance(estimator, Trainable):
        raise TypeError(
            f"save takes estimators of skrnn's own classes, and {name} is not one of them: a file "
            "without code cannot say what it computes. Use joblib or skops; or pass exact_weights_ on, "
            "which from_weights takes."
        )
    raise TypeError(
        f"save takes fitted classifiers, regressors and encoder-decoders of skrnn, got {name}. Of a "
        "pipeline or a search pass the estimator in it; save transformers with joblib or skops."
    )


# --- there ------------------------------------------------------------------------------------------


def _content(estimator):
    """What the file says as JSON, and the arrays that belong to it beside the weights."""
    fitted, arrays = fitted_of(estimator), {}
    if hasattr(estimator, "final_state_"):  # it may have been changed
        series = fitted.series.at(estimator.sequence_ids_, estimator.final_state_)
        fitted = replace(fitted, series=series)
    plain = {name: one for name, one in to_plain(fitted).items() if name not in (*MEMORY, "theta")}
    parameters = estimator.get_params(deep=False)
    content = {"format": FORMAT, "versions": versions(), "class": type(estimator).__name__}
    for part, data in (("parameters", parameters), ("fitted", plain)):
        content[part] = {name: _encoded(name, one, part, arrays) for name, one in data.items()}
    content["digest"] = digest([content["class"], parameters, plain, fitted.model.theta])
    return content, arrays


def _encoded(name, value, part, arrays):
    try:
        return encode(value, arrays)
    except TypeError as error:
        what = f"the parameter {name}={quote(value)}" if part == "parameters" else f"its {name}"
        raise ValueError(
            f"save cannot write {what}: it has {error}, and a file without code has no form for that. "
            "Use joblib or skops, or another value."
        ) from error


# --- and back ---------------------------------------------------------------------------------------


def _cannot_be_loaded(path, error):
    """A ValueError that names the file and what is wrong with it."""
    what = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
    return ValueError(
        f"The file {os.fspath(path)!r:.200} cannot be loaded: it is damaged, or not one of skrnn's save "
        f"({shorten(what, 250)}). Load another copy of it."
    )


def _read(path):
    """Name -> array, and the metadata, of a file; bounded by its size."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="np") as file:
            metadata = file.metadata() or {}
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, *WRONG) as error:
        raise _cannot_be_loaded(path, ValueError(f"{error}")) from error


def _estimator(content, arrays):
    """The estimator that a file describes."""
    cls = CLASSES.get(content["class"])
    if cls is None:
        raise ValueError(f"its class is {content['class']!r:.50}, which is none of {listed(CLASSES)}")
    parameters, plain = (
        {name: decode(one, arrays) for name, one in content[part].items()}
        for part in ("parameters", "fitted")
    )
    unknown = [name for name in parameters if name not in cls._get_param_names()]
    if unknown:
        raise ValueError(f"{content['class']} has no parameter {listed(unknown)} in this version")
    facts = facts_from_plain(plain["facts"], cell_of(cls))
    theta = _theta(facts, arrays)
    if digest([content["class"], parameters, plain, theta]) != content["digest"]:
        raise ValueError("its contents are not what was saved")
    return publish(cls(**parameters), from_plain({**plain, "theta": theta}, cell_of(cls)))


def _theta(facts, arrays):
    """The vector of all weights, if the arrays are those of the network."""
    layout = facts.architecture.network().layout
    shapes = {name: W.shape for name, W in arrays.items() if name in layout.shapes}
    if shapes != layout.shapes:
        wrong = [name for name, shape in layout.shapes.items() if shapes.get(name) != shape]
        raise ValueError(f"its weights {listed(wrong)} are missing or of another shape")
    theta = np.empty(layout.size, dtype=facts.architecture.dtype)
    for name, view in layout.views(theta).items():
        if arrays[name].dtype != theta.dtype:
            raise ValueError(f"its weight {name} has dtype {arrays[name].dtype}")
        view[...] = arrays[name]
    return theta
