"""The constructor parameters and attributes of encoder-decoders, where they differ from the table's.

``tables`` has those of tokens, ``number_tables`` those of numbers: parameters of training and of losses,
but none of tokens.
"""

from sklearn.utils._param_validation import StrOptions

from skrnn._settings.build import of
from skrnn._settings.table import ATTRIBUTES, PARAMETERS, Attribute, Parameter, _at_least

OWN = {
    "embedding_size": Parameter(
        16,
        [_at_least(1)],
        "int, default=16",
        "Size of the vectors that stand for tokens, learned for the source's and for the target's.",
    ),
    "beam_size": Parameter(
        1,
        [_at_least(1)],
        "int, default=1",
        "How many beginnings of an answer `predict` follows side by side. With 1 it takes the most "
        "probable token at every step. May be changed after fit.",
    ),
    "max_length": Parameter(
        None,
        [None, _at_least(0)],
        "int, default=None",
        "Tokens after which an answer of `predict` has to end. None: twice the longest target of the "
        "first fit. "
        "May be changed after fit.",
    ),
    "k1": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "Truncated backpropagation through time (TBPTT): the weights are updated every `k1` time steps, "
        "from the losses of these steps. Time runs on from the source to the target; the boundary lies "
        "in the middle of the first `k1` steps (or `k2` steps, if that is less). None: once per batch, "
        "after the whole sequences.",
    ),
    "k2": Parameter(
        None,
        [None, _at_least(1)],
        "int, default=None",
        "Truncated backpropagation through time (TBPTT): the gradient flows back through `k2` time "
        "steps, from the target into the source. What lies further back in the source is not learned "
        "from. None: equal to `k1`.",
    ),
    "learning_rate": PARAMETERS["learning_rate"]._replace(
        default="constant",
        type=PARAMETERS["learning_rate"].type.replace('default="onecycle"', 'default="constant"'),
    ),
    "batch_size": PARAMETERS["batch_size"]._replace(
        text='Number of pairs per batch. "auto": all of them up to 200 pairs, 32 if there are more. Not '
        'used by "lbfgs".'
    ),
    "validation_fraction": PARAMETERS["validation_fraction"]._replace(
        text="Share of the pairs held out. Only used when `early_stopping=True` and fit is not given "
        "`X_val`."
    ),
    "warm_start": PARAMETERS["warm_start"]._replace(
        text="Whether fit goes on from the weights, the vocabularies, the solver's memory and the random "
        "state at the end of the fit before, instead of starting anew. If "
        ":class:`skrnn.callbacks.Checkpoint` has saved the estimator in the middle of a fit, that run is "
        "finished."
    ),
    "dtype": PARAMETERS["dtype"]._replace(
        text="The floating-point type of weights and computation, also as a NumPy type. None: float64. "
        "Fixed by the first fit."
    ),
}
NAMES = (
    "hidden_size", "activation", "forget_bias", "embedding_size", "dropout", "weight_dropout",
    "beam_size", "max_length", "frozen", "k1", "k2",
    "clip_norm", "clip_value", "alpha", "solver", "learning_rate_init", "learning_rate", "momentum",
    "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_fun", "batch_size", "max_iter", "shuffle",
    "tol", "n_iter_no_change", "early_stopping", "validation_fraction", "warm_start", "random_state",
    "verbose", "n_jobs", "dtype",
)  # fmt: skip
_VOCABULARY = "dict of token to int"
OF_PAIRS = {
    "source_vocabulary_": Attribute(
        _VOCABULARY,
        "Number of every token of X: the row of ``encoder.embedding.W``. Others are read as steps "
        "without input.",
    ),
    "target_vocabulary_": Attribute(
        _VOCABULARY,
        "Number of every token of y: the row of ``decoder.embedding.W`` and the output of the read-out. "
        "Number 0 stands for start and stop.",
    ),
    "weights_": None,
    "n_iter_": Attribute("int", "Number of epochs of the last fit."),
    "n_updates_": None,
    "loss_": None,
    "best_loss_": None,
    "loss_curve_": Attribute(
        "list of float",
        "Training loss per epoch: the weighted mean over all tokens (stop included) of minus the log "
        "probability, each taken at the update that used it, plus the penalty.",
    ),
    "validation_loss_curve_": Attribute(
        "list of float or None",
        "Validation loss per epoch, without penalty; NaN for epochs of earlier calls without "
        "validation data. None if the last call had none.",
    ),
    "validation_scores_": None,
    "best_validation_score_": None,
    "grad_norm_curve_": None,
    "clipped_fraction_curve_": None,
    "k2_curve_": Attribute(
        "list of int or None",
        "The steps that the gradient flowed back through in each epoch: `k2`, or `k1` if that is None. "
        "None: whole sequences.",
    ),
}
OWN_OF_NUMBERS = {
    "validation_fraction": OWN["validation_fraction"]._replace(
        text=f"{OWN['validation_fraction'].text} The mean and deviation that y is standardised by "
        "include the pairs held out."
    ),
    "warm_start": PARAMETERS["warm_start"]._replace(
        text="Whether fit goes on from the weights, the mean and deviation of y, the solver's memory and "
        "the random state at the end of the fit before, instead of starting anew. A change of the loss "
        "is an error then. If :class:`skrnn.callbacks.Checkpoint` has saved the estimator in the middle "
        "of a fit, that run is finished."
    ),
    "learning_rate": PARAMETERS["learning_rate"],
    "batch_size": PARAMETERS["batch_size"]._replace(
        text='Number of pairs per batch. "auto": all of them up to 32 pairs, 16 if there are more. Not '
        'used by "lbfgs".'
    ),
    "dtype": PARAMETERS["dtype"],
    "k2": Parameter(
        None,
        [None, StrOptions({"auto"}), _at_least(1)],
        'int or "auto", default=None',
        f'{OWN["k2"].text} "auto", which needs `k1`: chosen before every epoch, so that the estimated '
        "relative bias of the gradient is at most `truncation_tolerance` [4]_, and recorded in "
        "`k2_curve_`; at most `k1` + 59 (3 `k1` - 1, if that is more).",
    ),
    "truncation_tolerance": PARAMETERS["truncation_tolerance"],
}
OF_TOKENS = ("embedding_size", "beam_size", "max_length")
OF_LOSSES = ("loss", "huber_delta", "quantile")
OF_NUMBER_PAIRS = {
    "n_features_in_": Attribute(
        "int", "Number of features of a time step of X; of a 2-D X number of columns."
    ),
    "n_step_features_": None,
    "feature_names_in_": None,
    "n_outputs_": Attribute("int", "Number of units of the decoder's read-out."),
    "horizon_": Attribute(
        "int", "How many steps `predict` answers by default: those of the longest y of the first fit."
    ),
    "start_value_": Attribute(
        "ndarray of shape (n_outputs,)",
        "What the decoder reads before it has answered anything: the mean of y of the first fit, over "
        "all time steps, weighted.",
    ),
    **{name: a for name, a in OF_PAIRS.items() if not name.endswith("vocabulary_")},
    "exact_weights_": None,
    "loss_curve_": Attribute(
        "list of float",
        "Training loss per epoch: the weighted mean over all time steps of y, each taken at the update "
        "that used it, plus the penalty. The decoder reads y itself, not its own answers. Where training "
        "standardises y, it is the loss of standardised y.",
    ),
    "validation_loss_curve_": Attribute(
        "list of float or None",
        "Validation loss per epoch, the decoder reading y itself, without penalty; NaN for epochs of "
        "earlier calls without validation data. None if the last call had none.",
    ),
    "validation_scores_": Attribute(
        "list of float or None",
        "Validation score (as `score`, the decoder reading its own answers) per epoch, in the same way.",
    ),
}
REFERENCES_OF_PAIRS = """\
.. [1] Cho, K., et al., "Learning phrase representations using RNN encoder-decoder for statistical
   machine translation", EMNLP 2014.
.. [2] Sutskever, I., Vinyals, O., Le, Q. V., "Sequence to sequence learning with neural networks",
   NIPS 2014.
.. [3] Pascanu, R., Mikolov, T., Bengio, Y., "On the difficulty of training recurrent neural
   networks", ICML 2013.
"""
REFERENCE_OF_AUTO = """\
.. [4] Aicher, C., Foti, N. J., Fox, E. B., "Adaptively truncating backpropagation through time to
   control gradient bias", UAI 2019.
"""


def tables(owners):
    """Parameters, attributes and references of a class with these owners, as ``build`` takes them."""
    shared = of(owners)
    return {
        "parameters": {n: OWN.get(n) or shared[n] for n in NAMES if n in OWN or n in shared},
        "attributes": {n: a or ATTRIBUTES[n] for n, a in OF_PAIRS.items()},
        "references": REFERENCES_OF_PAIRS,
    }


def number_tables(owners):
    """The same, of a class that reads and answers numbers."""
    shared, own = of(owners), OWN | OWN_OF_NUMBERS
    names = [name for name in NAMES if name not in OF_TOKENS]
    names[names.index("alpha") : names.index("alpha")] = OF_LOSSES
    names.insert(names.index("k2") + 1, "truncation_tolerance")
    return {
        "parameters": {n: own.get(n) or shared[n] for n in names if n in own or n in shared},
        "attributes": {n: a or ATTRIBUTES[n] for n, a in OF_NUMBER_PAIRS.items()},
        "references": REFERENCES_OF_PAIRS + REFERENCE_OF_AUTO,
    }
