"""The PyTorch module that computes what a fitted encoder-decoder of numbers does.

Shapes: n sources of T steps, padded; F features, H units of a layer, K numbers of a step of an answer, Q
quantiles. ``PairPlan`` says in plain values how the module is built, as ``Plan`` of ``_torch_network.py``
does of others; links are those of that file.
"""

from typing import NamedTuple

from skrnn.interop._torch_network import LINKS, joined


class PairPlan(NamedTuple):
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


class PairComputation:
    """What the module computes; to be joined with ``torch.nn.Module``."""

    def __init__(self, plan):
        import torch

        super().__init__()
        self.plan, dtype = plan, getattr(torch, plan.dtype)
        self.encoder, self.decoder = (
            torch.nn.ModuleList(
                getattr(torch.nn, plan.kind)(D, H, batch_first=True, dtype=dtype, **plan.options)
                for D, H in zip([n, *plan.hidden_sizes[:-1]], plan.hidden_sizes, strict=True)
            )
            for n in (plan.n_inputs, plan.n_columns)
        )
        self.readout = torch.nn.Linear(plan.hidden_sizes[-1], plan.n_outputs, dtype=dtype)
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
        states = self._encoded(X.to(self.readout.weight.dtype), lengths)
        if y is not None:
            raw, _ = self._decoded(self._previous(y), states)
            return self._answers(raw)
        return self._answers(self._rolled_out(len(X), states, horizon))

    def _encoded(self, X, lengths):
        """The final states of all layers, of sources (n, T, F)."""
        import torch

        if lengths is not None:
            lengths = torch.as_tensor(lengths, dtype=torch.int64)
            is_there = torch.arange(X.shape[1], device=X.device) < lengths.to(X.device)[:, None]
            X = torch.where(is_there[..., None], X, 0)
            pack, options = torch.nn.utils.rnn.pack_padded_sequence, {"enforce_sorted": False}
            X = pack(X, lengths.cpu(), batch_first=True, **options)
        states = []
        for layer in self.encoder:
            X, final = layer(X)
            states.append(final)
        return states

    def _decoded(self, X, states):
        """Raw outputs (n, t, n_outputs) of the steps X (n, t, K), and the states after them."""
        after = []
        for layer, state in zip(self.decoder, states, strict=True):
            X, final = layer(X, state)
            after.append(final)
        return self.readout(X), after

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


__getattr__ = joined("TorchPair", PairComputation, __name__)
