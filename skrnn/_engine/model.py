"""A model: immutable facts, and theta. Everything that uses a trained network takes a ``Model``.

``Architecture`` says how a ``Network`` is built, ``PairArchitecture`` how a ``PairNetwork`` is. ``Facts``
joins it with what the network reads and says: of X (``form``) and of y (``targets``) only what is needed
here is known (``Form`` in ``_reading``; ``Numbers``, ``Labels``, ``Texts`` and ``NumberPairs`` in
``_estimators``).

Shapes: theta (P,), the vector of all weights; K outputs of the read-out.

A new kind of network is one more architecture: a frozen dataclass with ``network``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skrnn._engine.inference import outputs
from skrnn._engine.network import Network
from skrnn._engine.pair_network import PairNetwork


@dataclass(frozen=True)
class Architecture:
    """How a network is built.

    Attributes
    ----------
    cell : type
        The class of the cell, one of ``CELLS`` or any of that form.
    cell_options : dict
        What its constructor takes besides the number of units and the dtype.
    hidden_sizes : tuple of int
    n_inputs : int
        What the first layer reads of a step, with vectors in the place of tokens and categories.
    n_outputs : int
    dtype : str
        What is computed in, "float32" or "float64".
    n_tokens : int or None
        Rows of the table of vectors; None: X holds numbers.
    bidirectional : bool
    pooling : str or tuple of str
    categories : tuple of Category
        Features of X that hold codes (``lookup.py``).
    """

    cell: type
    cell_options: Mapping[str, Any]
    hidden_sizes: tuple[int, ...]
    n_inputs: int
    n_outputs: int
    dtype: str
    n_tokens: int | None = None
    bidirectional: bool = False
    pooling: str | tuple[str, ...] = "last"
    categories: tuple = ()

    def network(self, *, dropout=0.0, n_threads=1):
        """The network; ``dropout`` and ``n_threads`` are of the call, and no facts."""
        return Network(
            self.cell, self.n_inputs, self.hidden_sizes, self.n_outputs, dtype=self.dtype,
            n_tokens=self.n_tokens, categories=self.categories, bidirectional=self.bidirectional,
            pooling=self.pooling, dropout=dropout, cell_options=self.cell_options, n_threads=n_threads,
        )  # fmt: skip


@dataclass(frozen=True)
class PairArchitecture:
    """How an encoder and a decoder are built.

    Attributes
    ----------
    cell, cell_options, hidden_sizes, dtype
        Those of both, as of an ``Architecture``.
    embedding_size : int or None
        Width of both tables of vectors; None: both read numbers.
    n_source, n_target : int
        Tokens, or numbers of a step, that the encoder reads; that the decoder reads.
    n_outputs : int or None
        Of the read-out; None: ``n_target``.
    """

    cell: type
    cell_options: Mapping[str, Any]
    hidden_sizes: tuple[int, ...]
    embedding_size: int | None
    n_source: int
    n_target: int
    dtype: str
    n_outputs: int | None = None

    bidirectional = False  # every window of training can be cut

    def network(self, *, dropout=0.0, n_threads=1):
        """The network; ``dropout`` and ``n_threads`` are of the call, and no facts."""
        return PairNetwork(
            self.cell, self.n_source, self.n_target, self.embedding_size, self.hidden_sizes,
            n_outputs=self.n_outputs, dtype=self.dtype, dropout=dropout, cell_options=self.cell_options,
            n_threads=n_threads,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Facts:
    """What a model is besides its weights: fixed when these are made.

    Attributes
    ----------
    name : str
        What messages call the model: the class of its estimator.
    architecture : Architecture or PairArchitecture
    form : object or None
        How X is read; None where nothing has to be remembered.
    targets : object
        What y is. Has ``loss()``, ``start`` (outputs (K,) before training, or None), ``answers()``,
        ``fold(weights)``, ``units_of_y()`` and ``published()``.
    per_step : bool
        One output per time step, or one per sequence.
    delay : int
        The output for step t is read after step t + delay.
    fixed : mapping
        Parameters that must stay as they are while training goes on from the weights.
    class_factors : (n_classes,) array or None
        What the classes' losses are multiplied with.
    """

    name: str
    architecture: Architecture | PairArchitecture
    form: Any
    targets: Any
    per_step: bool = True
    delay: int = 0
    fixed: Mapping[str, Any] = field(default_factory=dict)
    class_factors: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its weights; nothing in it is ever changed.

    Attributes
    ----------
    facts : Facts
    theta : (P,) array
    """

    facts: Facts
    theta: np.ndarray

    @classmethod
    def new(cls, facts, network, random_state, forget_bias=None):
        """A model before training: weights drawn at random, and outputs where the targets want them."""
        theta = network.initial_weights(random_state, forget_bias)
        if facts.targets.start is not None:
            network.views(theta).b[...] = facts.targets.start
        return cls(facts, theta)

    def with_theta(self, theta):
        """The same model with other weights."""
        return replace(self, theta=theta)

    def in_dtype(self, dtype):
        """The same model, computing in another dtype."""
        architecture = replace(self.facts.architecture, dtype=np.dtype(dtype).name)
        return Model(replace(self.facts, architecture=architecture), self.theta.astype(dtype))

    @property
    def dtype(self):
        """What is computed in."""
        return np.dtype(self.facts.architecture.dtype)

    def network(self, *, dropout=0.0, n_threads=1):
        """The network without weights, for a call."""
        return self.facts.architecture.network(dropout=dropout, n_threads=n_threads)

    def loss(self):
        """The loss that the model is trained on."""
        return self.facts.targets.loss()

    def weights(self):
        """Copies of all weights by name; those of the read-out in units of y."""
        weights = self.network().layout.views(self.theta.copy())
        self.facts.targets.fold(weights)
        return weights

    def exact_weights(self):
        """Copies of all weights by name as they are, and what is a unit of y beside them."""
        return {**self.network().layout.views(self.theta.copy()), **self.facts.targets.units_of_y()}

    def answers(self):
        """Name of a method -> function of the raw outputs."""
        return self.facts.targets.answers(self.dtype)

    def outputs(self, X, *, start=None, hidden=False, n_threads=1, map_blocks=map):
        """Raw outputs, or hidden states, for ``Sequences`` X: ``inference.outputs``."""
        return outputs(
            self.network(n_threads=n_threads), self.theta, X, self.dtype, per_step=self.facts.per_step,
            delay=self.facts.delay, hidden=hidden, start=start, map_blocks=map_blocks,
        )  # fmt: skip
