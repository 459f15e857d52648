"""The PyTorch modules that compute what fitted encoder-decoders do, of numbers and of tokens.

Shapes: n sources of T steps, padded, of F features or of tokens; H units of a layer, K numbers of a step
of an answer, Q quantiles, V tokens that an answer is made of, of which 0 ends it. ``NumberPairPlan`` and
``TokenPairPlan`` say in plain values how the module is built, as ``Plan`` of ``_torch_network.py`` does
of others; links are those of that file.
"""

from typing import NamedTuple

from skrnn.interop._torch_network import LINKS, joined


class NumberPairPlan(NamedTuple):
    """How a module is built.

    Attributes
    ----------
    kind : str
        The class of the layers: "RNN", "LSTM" or "GRU".
    options : dict
        What their constructor takes besides sizes and dtype.
    n_inputs, n_columns : int
        F and K.
    hidden_sizes : tuple of int
    n_outputs : int
        Of the read-out, K or K Q.
    is_1d : bool
        Whether answers have no axis of outputs.
    link : str
        A key of ``LINKS``.
    middle : int
        Which quantile is fed back.
    standardises : bool
        Whether the loss takes y in the unit that the decoder reads, or as it is.
    horizon : int
        How many steps are answered by default.
    dtype : str
    """

    kind: str
    options: dict
    n_inputs: int
    n_columns: int
    hidden_sizes: tuple
    n_outputs: int
    is_1d: bool
    link: str
    middle: int
    standardises: bool
    horizon: int
    dtype: str


class TokenPairPlan(NamedTuple):
    """How a module is built.

    Attributes
    ----------
    kind, options, hidden_sizes, dtype
        As of ``NumberPairPlan``.
    n_source, n_target : int
        Tokens of sources, and V.
    embedding_size : int
        The width of the vectors of tokens.
    n_outputs : int
        Of the read-out, V.
    max_length : int
        After how many tokens an answer ends by default.
    n_columns : int
        0: answers have no unit.
    """

    kind: str
    options: dict
    n_source: int
    n_target: int
    embedding_size: int
    hidden_sizes: tuple
    n_outputs: int
    max_length: int
    dtype: str
    n_columns: int = 0


class PairComputation:
    """Encoder, decoder and read-out; to be joined with ``torch.nn.Module``.

    Parameters
    ----------
    plan : NumberPairPlan or TokenPairPlan
    n_inputs, n_columns : int
        Of one step of the encoder, and of the decoder.
    """

    def __init__(self, plan, n_inputs, n_columns):
        import torch

        super().__init__()
        self.plan, dtype = plan, getattr(torch, plan.dtype)
        self.encoder, self.decoder = (
            torch.nn.ModuleList(
                getattr(torch.nn, plan.kind)(D, H, batch_first=True, dtype=dtype, **plan.options)
                for D, H in zip([n, *plan.hidden_sizes[:-1]], plan.hidden_sizes, strict=True)
            )
            for n in (n_inputs, n_columns)
        )
        self.readout = torch.nn.Linear(plan.hidden_sizes[-1], plan.n_outputs, dtype=dtype)

    def _encoded(self, X, lengths):
        """The final states of all layers, of sources (n, T, .) as the first layer reads them."""
        import torch

        if lengths is not None:
            pack, options = torch.nn.utils.rnn.pack_padded_sequence, {"enforce_sorted": False}
            X = pack(X, lengths.cpu(), batch_first=True, **options)
        states = []
        for layer in self.encoder:
            X, final = layer(X)
            states.append(final)
        return states

    def _decoded(self, X, states):
        """Raw outputs (n, t, n_outputs) of the steps X (n, t, .), and the states after them."""
        after = []
        for layer, state in zip(self.decoder, states, strict=True):
            X, final = layer(X, state)
            after.append(final)
        return self.readout(X), after


class NumberPairComputation(PairComputation):
    """What the module of an encoder-decoder of numbers computes."""

    def __init__(self, plan):
        import torch

        super().__init__(plan, plan.n_inputs, plan.n_columns)
        dtype = self.readout.weight.dtype
        self.register_buffer("mean", torch.zeros(plan.n_columns, dtype=dtype))
        self.register_buffer("scale", torch.ones(plan.n_columns, dtype=dtype))

    def forward(self, X, lengths=None, horizon=None, y=None):
        """Answers to X (n, T, F), of which the first ``lengths`` (n,) steps count, for ``horizon`` steps.

        With y (n, horizon[, K]) the decoder reads that in place of its own answers, as in training.
        """
        if X.ndim != 3:
            raise ValueError(
                "X must be a tensor of shape (n_sequences, n_timesteps, n_features), got shape "
                f"{tuple(X.shape)}. Of a single sequence pass X[None]."
            )
        X, lengths = _without_padding(X.to(self.readout.weight.dtype), lengths)
        states = self._encoded(X, lengths)
        if y is not None:
            raw, _ = self._decoded(self._previous(y), states)
            return self._answers(raw)
        return self._answers(self._rolled_out(len(X), states, horizon))

    def _rolled_out(self, n, states, horizon):
        """Raw outputs (n, horizon, n_outputs) of a decoder that reads its own answers."""
        import torch

        said, x = [], self.readout.weight.new_zeros((n, 1, self.plan.n_columns))
        for _ in range(self.plan.horizon if horizon is None else horizon):
            raw, states = self._decoded(x, states)
            said.append(raw)
            x = self._read_next(raw)
        return torch.cat(said, dim=1)

    def _previous(self, y):
        """What the decoder reads (n, t, K) where y should come: zeros, then y but for its last step."""
        import torch

        y = (y if y.ndim == 3 else y[..., None]).to(self.readout.weight.dtype)
        y = (y - self.mean) / self.scale
        return torch.cat([torch.zeros_like(y[:, :1]), y[:, :-1]], dim=1)

    def _linked(self, raw):
        """(..., K), or of quantiles (..., K, Q)."""
        if self.plan.link == "quantiles":
            raw = raw.unflatten(-1, (self.plan.n_columns, -1))
        return LINKS[self.plan.link](raw)

    def _read_next(self, raw):
        said = self._linked(raw)
        said = said[..., self.plan.middle] if self.plan.link == "quantiles" else said
        return said if self.plan.standardises else (said - self.mean) / self.scale

    def _answers(self, raw):
        """Raw outputs (n, t, n_outputs) as what the module answers."""
        y, of_quantiles = self._linked(raw), self.plan.link == "quantiles"
        if self.plan.standardises:
            scale, mean = self.scale, self.mean
            y = y * scale[:, None] + mean[:, None] if of_quantiles else y * scale + mean
        if of_quantiles:
            return y[..., 0, :] if self.plan.n_columns == 1 else y
        return y[..., 0] if self.plan.is_1d else y


class TokenPairComputation(PairComputation):
    """What the module of an encoder-decoder of tokens computes."""

    def __init__(self, plan):
        import torch

        super().__init__(plan, plan.embedding_size, plan.embedding_size)
        options = {"dtype": self.readout.weight.dtype}
        self.encoder_embedding = torch.nn.Embedding(plan.n_source, plan.embedding_size, **options)
        self.decoder_embedding = torch.nn.Embedding(plan.n_target, plan.embedding_size, **options)

    def forward(self, X, lengths=None, max_length=None, y=None):
        """Answers (n, t) to tokens X (n, T), of which the first ``lengths`` (n,) count: the most probable
        tokens one by one, 0 from the end on, t at most ``max_length``.

        With y (n, t) the decoder reads that in place of its own answers, as in training, and the answers
        are logits (n, t, V).
        """
        if X.ndim != 2:
            raise ValueError(
                f"X must be a tensor of tokens of shape (n_sequences, n_timesteps), got shape "
                f"{tuple(X.shape)}. Of a single sequence pass X[None]."
            )
        X, lengths = _without_padding(X, lengths)
        states = self._encoded(self.encoder_embedding(X), lengths)
        if y is not None:
            return self._decoded(self._previous(y), states)[0]
        return self._said(len(X), states, self.plan.max_length if max_length is None else max_length)

    def _previous(self, y):
        """The vectors (n, t, E) that the decoder reads where y should come: of 0, then of y."""
        import torch

        return self.decoder_embedding(torch.cat([torch.zeros_like(y[:, :1]), y[:, :-1]], dim=1))

    def _said(self, n, states, max_length):
        """The most probable tokens (n, t) of a decoder that reads its own answers."""
        import torch

        token = torch.zeros((n, 1), dtype=torch.int64, device=self.readout.weight.device)
        said, is_at_end = [], torch.zeros_like(token, dtype=torch.bool)
        while len(said) < max_length and not (said and is_at_end.all()):
            raw, states = self._decoded(self.decoder_embedding(token), states)
            token = raw.argmax(dim=-1).masked_fill(is_at_end, 0)
            is_at_end = token == 0
            said.append(token)
        return torch.cat(said, dim=1) if said else token[:, :0]


def _without_padding(X, lengths):
    """X (n, T) or (n, T, F) with zeros for what stands after the ends, and lengths as a tensor."""
    import torch

    if lengths is None:
        return X, None
    lengths = torch.as_tensor(lengths, dtype=torch.int64)
    is_there = torch.arange(X.shape[1], device=X.device) < lengths.to(X.device)[:, None]
    return torch.where(is_there[..., None] if X.ndim == 3 else is_there, X, 0), lengths


def __getattr__(name):
    computation = {"TorchNumberPair": NumberPairComputation, "TorchTokenPair": TokenPairComputation}.get(
        name
    )
    return joined(name if computation else "", computation, __name__)(name)
