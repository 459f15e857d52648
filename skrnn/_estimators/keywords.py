"""Keywords that other packages have and these estimators have not: what to pass in their place.

``ELSEWHERE`` is the table of them; to add one, add a line.
"""

from functools import wraps

from skrnn._estimators.restoring import restoring
from skrnn._settings.quoting import quote

LENGTHS = (
    "{name}() has no lengths, which hmmlearn has: pass the sequences as a list of arrays, "
    'numpy.split(X, numpy.cumsum(lengths)[:-1]), or the table with rows="steps" and a column that '
    "sequence_id names."
)
IDS = (
    'Put the ids into X as a column of the table, and set rows="steps" and sequence_id to the name or '
    "position of that column, when the estimator is made."
)
EPOCHS = "Set max_iter, the number of epochs, when the estimator is made."
VALIDATION = (
    "Pass X_val and y_val. They are recorded; to stop by them set early_stopping=True when the estimator "
    "is made."
)
SHARE = "Set early_stopping=True and validation_fraction when the estimator is made."
CALLBACKS = "Set callbacks by set_callbacks before the fit."
WEIGHTS = "Pass sample_weight."
ELSEWHERE = {
    **dict.fromkeys(("groups", "group", "group_ids", "ids", "sequence_id", "sequence_ids"), IDS),
    **dict.fromkeys(("epochs", "n_epochs", "nb_epoch", "num_epochs", "max_epochs"), EPOCHS),
    **dict.fromkeys(("validation_data", "eval_set", "X_valid", "y_valid"), VALIDATION),
    "validation_split": SHARE,
    "callbacks": CALLBACKS,
    **dict.fromkeys(("sample_weights", "weight", "weights"), WEIGHTS),
}


def own_keywords(method):
    """``method``, whose TypeError for other keywords names the class and what to use in their place.

    After an interruption NumPy handles errors as before (``restoring.py``).
    """
    code = method.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    run = restoring(method)

    @wraps(method)
    def call(self, *args, **kwargs):
        for keyword in kwargs:
            if keyword not in known:
                raise TypeError(_unknown(self, f"{type(self).__name__}.{method.__name__}", keyword))
        return run(self, *args, **kwargs)

    return call


def _unknown(estimator, name, keyword):
    """What is said of a keyword that the method ``name`` has not."""
    if keyword == "lengths":
        return LENGTHS.format(name=name)
    how, parameters = ELSEWHERE.get(keyword, ""), estimator.get_params(deep=False)
    if how == IDS and "sequence_id" not in parameters:
        how = ""
    if not how and keyword in parameters:
        how = f"It is a parameter of the estimator: set it by {type(estimator).__name__}({keyword}=...)."
    return f"{name}() got an unexpected keyword argument {quote(keyword)}. {how}".rstrip()
