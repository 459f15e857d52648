"""The PyTorch module that computes what a fitted estimator does.

Shapes: n sequences of T steps, padded; F features, E the width of token vectors, Q that of the top layer,
K outputs. ``Plan`` says in plain values how the module is built, so that neither the module nor what is
saved of it holds anything of an estimator. PyTorch is optional: its base class is joined to
``Computation`` when ``TorchNetwork`` is first asked for, by ``to_torch`` or by a pickle.

A new link is one more entry in ``LINKS``; a new pooling one more in ``Computation._pooled``.
"""

import sys
from typing import NamedTuple


class Plan(NamedTuple):
    """How a module is built.

    Attributes
    ----------
    kind : str
        The class of the layers: "RNN", "LSTM" or "GRU".
    options : dict
        What their constructor takes besides sizes, directions and dtype.
    n_inputs : int
        F, or E of tokens.
    hidden_sizes : tuple of int
    bidirectional : bool
    n_tokens : int or None
        Rows of the table of vectors; None: X holds numbers.
    poolings : tuple of str
    per_step : bool
    delay : int
        The answer for step t is read after step t + delay.
    n_outputs : int
    n_columns : int
        Length of mean and scale; 0: answers have no unit.
    is_1d : bool
        Whether answers have no axis of outputs.
    link : str
        A key of ``LINKS``.
    dtype : str
    categories : tuple of tuples
        Of features that hold codes: their positions, the number of codes, the width of the vectors.
    """

    kind: str
    options: dict
    n_inputs: int
    hidden_sizes: tuple
    bidirectional: bool
    n_tokens: int | None
    poolings: tuple
    per_step: bool
    delay: int
    n_outputs: int
    n_columns: int
    is_1d: bool
    link: str
    dtype: str
    categories: tuple = ()


# --- what raw outputs (..., K) stand for ------------------------------------------------------------


def _quantiles(raw):
    """The lowest quantile, and each next one by the softplus of an output higher."""
    import torch

    # not PyTorch's softplus, which is only nearly that above 20
    steps = torch.logaddexp(raw[..., 1:], raw.new_zeros(()))
    return torch.cat([raw[..., :1], steps], dim=-1).cumsum(dim=-1)


def _of_two(raw):
    """The probabilities of two classes, of which the second has an output."""
    import torch

    return torch.cat([torch.sigmoid(-raw), torch.sigmoid(raw)], dim=-1)


LINKS = {
    "identity": lambda raw: raw,
    "exp": lambda raw: raw.exp(),
    "quantiles": _quantiles,
    "certain": lambda raw: raw * 0 + 1,  # a single class
    "two classes": _of_two,
    "sigmoid": lambda raw: raw.sigmoid(),
    "softmax": lambda raw: raw.softmax(dim=-1),
}


# --- the module -------------------------------------------------------------------------------------


class Computation:
    """What the module computes; to be joined with ``torch.nn.Module``."""

    def __init__(self, plan):
        import torch

        super().__init__()
        self.plan, dtype = plan, getattr(torch, plan.dtype)
        self.embedding = None
        if plan.n_tokens is not None:
            self.embedding = torch.nn.Embedding(plan.n_tokens, plan.n_inputs, dtype=dtype)
        if plan.categories:
            self.embeddings = torch.nn.ModuleList(
                torch.nn.Embedding(n, width, dtype=dtype) for _, n, width in plan.categories
            )
        widths = [H * (1 + plan.bidirectional) for H in plan.hidden_sizes]
        # a module for each layer: those of PyTorch that have several have one width for all
        self.layers = torch.nn.ModuleList(
            getattr(torch.nn, plan.kind)(
                D, H, batch_first=True, bidirectional=plan.bidirectional, dtype=dtype, **plan.options
            )
            for D, H in zip([plan.n_inputs, *widths[:-1]], plan.hidden_sizes, strict=True)
        )
        n_read = widths[-1] * len(plan.poolings)
        self.readout = torch.nn.Linear(n_read, plan.n_outputs, dtype=dtype)
        if plan.n_columns:
            self.register_buffer("mean", torch.zeros(plan.n_columns, dtype=dtype))
            self.register_buffer("scale", torch.ones(plan.n_columns, dtype=dtype))

    def forward(self, X, lengths=None):
        """Answers for X (n, T, F), or tokens (n, T), of which the first ``lengths`` (n,) steps count."""
        import torch

        self._check_axes(X)
        T, is_there = X.shape[1], None
        if lengths is not None:
            lengths = torch.as_tensor(lengths, dtype=torch.int64, device=X.device)
            is_there = torch.arange(T, device=X.device) < lengths[:, None]
        H, final, lengths = self._states(self._inputs(X, is_there), lengths)
        if self.plan.per_step:
            return self._answers(self.readout(H[:, self.plan.delay :]))
        return self._answers(self.readout(self._pooled(H, final, is_there, lengths)))

    def _check_axes(self, X):
        """PyTorch's layers would take X with an axis less for a single sequence."""
        axes = ("n_sequences", "n_timesteps", "n_features")[: 3 if self.embedding is None else 2]
        if X.ndim != len(axes):
            raise ValueError(
                f"X must be a tensor of shape ({', '.join(axes)}), got shape {tuple(X.shape)}. Of a "
                "single sequence pass X[None]."
            )

    def _inputs(self, X, is_there):
        """What the first layer reads (n, T, F or E); zeros after the end of a sequence."""
        import torch

        if self.embedding is None:
            X = X.to(self.readout.weight.dtype)
            X = self._with_vectors(X, is_there) if self.plan.categories else X
        else:
            # padding may be any number, also one that no row of the table has
            X = self.embedding(X if is_there is None else torch.where(is_there, X, 0))
        if is_there is not None:
            X = torch.where(is_there[..., None], X, 0)
        # a delayed answer for the last steps is read after steps without input
        return torch.nn.functional.pad(X, (0, 0, 0, self.plan.delay)) if self.plan.delay else X

    def _with_vectors(self, X, is_there):
        """The numbers of X | the vectors of its codes; of a negative code zeros."""
        import torch

        coded = [(k, i) for i, (positions, *_) in enumerate(self.plan.categories) for k in positions]
        numbers = [k for k in range(X.shape[2]) if k not in dict(coded)]
        parts = [X[..., numbers]]
        for k, i in coded:
            codes = X[..., k] if is_there is None else torch.where(is_there, X[..., k], -1)
            vectors = self.embeddings[i](codes.clamp(min=0).long())
            parts.append(torch.where(codes[..., None] < 0, 0, vectors))
        return torch.cat(parts, dim=-1)

    def _states(self, X, lengths):
        """The top layer's (n, T, Q), its final states (n, Q), and how many steps were read."""
        import torch

        T = X.shape[1]
        if lengths is not None:
            lengths = lengths + self.plan.delay
            pack, options = torch.nn.utils.rnn.pack_padded_sequence, {"enforce_sorted": False}
            X = pack(X, lengths.cpu(), batch_first=True, **options)
        for layer in self.layers:
            X, final = layer(X)
        if lengths is not None:
            X, _ = torch.nn.utils.rnn.pad_packed_sequence(X, batch_first=True, total_length=T)
        h = final[0] if self.plan.kind == "LSTM" else final
        return X, torch.cat([*h], dim=-1), lengths

    def _pooled(self, H, final, is_there, lengths):
        """What the read-out sees (n, Q for each pooling)."""
        import torch

        parts = []
        for name in self.plan.poolings:
            if name == "last":
                parts.append(final)
            elif name == "mean":  # H is zero after the end of a sequence
                parts.append(H.mean(dim=1) if lengths is None else H.sum(dim=1) / lengths[:, None])
            else:
                known = H if lengths is None else H.masked_fill(~is_there[..., None], -torch.inf)
                parts.append(known.amax(dim=1))
        return torch.cat(parts, dim=-1)

    def _answers(self, raw):
        """Raw outputs (..., K) as what the module answers."""
        if self.plan.link == "quantiles":
            return self._quantiles(raw)
        y = LINKS[self.plan.link](raw)
        if self.plan.n_columns:
            y = y * self.scale + self.mean
        return y[..., 0] if self.plan.is_1d else y

    def _quantiles(self, raw):
        """(..., n_quantiles), or of several targets (..., n_targets, n_quantiles)."""
        raw = raw.unflatten(-1, (self.plan.n_columns, -1))
        y = LINKS["quantiles"](raw) * self.scale[:, None] + self.mean[:, None]
        return y[..., 0, :] if self.plan.n_columns == 1 else y


def joined(class_name, computation, module):
    """``__getattr__`` of a module: a computation as a class of PyTorch, made when first asked for."""

    def get(name):
        if name != class_name:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        import torch

        place = {"__module__": module, "__qualname__": name, "__doc__": computation.__doc__}
        # of two threads that are the first, both get the same class
        made = type(name, (computation, torch.nn.Module), place)
        return vars(sys.modules[module]).setdefault(name, made)

    return get


__getattr__ = joined("TorchNetwork", Computation, __name__)
