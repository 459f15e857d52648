"""Saliency, drawn: over time, feature by feature, or as coloured text."""

import numpy as np
from sklearn.base import is_classifier

from skrnn._settings.arguments import check_choice
from skrnn.inspection._inspected import look_into, tokens_before
from skrnn.inspection._plotting import (
    BLUE,
    SIGNED,
    for_and_against,
    largest,
    over_time,
    pyplot,
    strengths,
)
from skrnn.inspection._saliency import gradients

LINE_LENGTH = 60  # characters, at which text is broken
NARROWEST = 32  # characters: below it there is no room for the legend
MOST_TEXTS = 40
SHOWN_AS = {"\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\t": "\N{RIGHTWARDS ARROW}"}


class SaliencyDisplay:
    """Saliency of sequences: what an output depends on, and how far back.

    Of one sequence it shows the gradient at each time step, with its sign. Of several sequences it shows
    the mean of the absolute gradients over the sequences, by the distance from the step whose output it
    is. Of tokens it shows every sequence as text. The ground of a token is orange if it speaks for the
    output, blue if against it, and darker the more it does, relative to the largest of its text. Make it
    by `from_estimator`.

    Parameters
    ----------
    saliency : list of ndarray of shape (n_timesteps_i, n_features)
        The gradients, sequence by sequence.
    read_at : array-like of shape (n_sequences,), default=None
        The time step of each sequence whose output it is; `None`: the last ones.
    tokens : list of list of str, default=None
        What the steps are, where they are tokens; then the gradients have one column.
    feature_names : list of str, default=None
        The names of the features; `None`: their numbers.
    output_names : list of str, default=None
        With tokens, the output that each line belongs to.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure that they are in.
    image_ : matplotlib AxesImage or None
        The heat map.
    line_ : matplotlib Line2D or None
        The line.
    text_ : list of matplotlib Text or None
        The tokens.

    See Also
    --------
    saliency : The numbers.
    GradientFlowDisplay : How far back the gradient of the loss reaches.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> from skrnn.inspection import SaliencyDisplay
    >>> X = np.random.RandomState(0).normal(size=(100, 8, 3))
    >>> model = GRURegressor(tol=0.1, random_state=0).fit(X, X[:, -2, 0])
    >>> of_one = SaliencyDisplay.from_estimator(model, X[:1])
    >>> of_all = SaliencyDisplay.from_estimator(model, X, kind="line")
    """

    def __init__(self, *, saliency, read_at=None, tokens=None, feature_names=None, output_names=None):
        self.saliency = saliency
        self.read_at = read_at
        self.tokens = tokens
        self.feature_names = feature_names
        self.output_names = output_names

    @classmethod
    def from_estimator(
        cls, estimator, X, *, output=None, step=None, kind="auto", tokens=None, feature_names=None,
        ax=None, cmap=None,
    ):  # fmt: skip
        """Draw the saliency of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted classifier or regressor of skrnn, or a fitted `Pipeline` or search that ends in one.
        X : array-like
            One sequence or more, in a form that the estimator can predict: `X[:1]` for the first one.
        output : label or int, default=None
            Which output; as in `saliency`.
        step : int, default=None
            The time step whose output it is; as in `saliency`.
        kind : {"auto", "heatmap", "line", "text"}, default="auto"
            "heatmap": a row for each feature. "line": of one feature the gradient, of several the
            Euclidean norm over them. "text": coloured tokens. "auto": "text" for tokens, "line" for one
            feature, "heatmap" for more.
        tokens : list of list of str, default=None
            What the steps of each sequence are called. `None`: what a `TokenEncoder` before the model
            makes of X, or the ids.
        feature_names : list of str, default=None
            The names of the features. `None`: those of the columns in fit, or their numbers.
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.
        cmap : str or matplotlib Colormap, default=None
            The colours; `None`: red and blue around zero (of text orange and blue), or one hue for what
            has no sign.

        Returns
        -------
        display : SaliencyDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If the estimator is none of those named, or if X is a sparse or masked array.
        ValueError
            If X cannot be read, if there is no such output, step or kind, or if names do not fit.
        """
        caller = f"{cls.__name__}.from_estimator"
        pyplot(caller)
        inside = look_into(estimator, caller)
        Xt = inside.transform(X)
        flat, container, read_at = gradients(inside, Xt, output, step)
        lengths, has_tokens = container.sequences.lengths, inside.model.facts.form.has_tokens
        if tokens is not None and not has_tokens:
            raise ValueError("tokens is for models with embedding_size: the steps of X are numbers.")
        if tokens is None and has_tokens:
            tokens = tokens_before(inside, X)
            if tokens is None:
                ids = container.sequences.flat()[:, 0]
                tokens = [[str(int(k)) for k in one] for one in _split(ids, lengths)]
        elif has_tokens and [len(one) for one in tokens] != lengths.tolist():
            raise ValueError("tokens needs one name for each time step of each sequence of X.")
        if feature_names is None and not has_tokens:
            names = inside.model.facts.form.step_names
            feature_names = None if names is None else list(map(str, names))
        display = cls(
            saliency=_split(flat, lengths), read_at=read_at, tokens=tokens, feature_names=feature_names,
            output_names=_names_of_outputs(inside, Xt, output),
        )  # fmt: skip
        return display.plot(ax, kind=kind, cmap=cmap)

    def plot(self, ax=None, *, kind="auto", cmap=None):
        """Draw the saliency.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.
        kind : {"auto", "heatmap", "line", "text"}, default="auto"
            As in `from_estimator`.
        cmap : str or matplotlib Colormap, default=None
            The colours.

        Returns
        -------
        display : SaliencyDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If there is no such kind, or if names do not fit.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        if isinstance(kind, str) and kind == "auto":
            kind = "heatmap" if self.saliency[0].shape[1] > 1 else "line"
            kind = kind if self.tokens is None else "text"
        kinds = {"heatmap": self._draw_heat_map, "line": self._draw_line, "text": self._draw_text}
        check_choice(kind, "kind", ["auto", *kinds])
        if kind == "text" and self.tokens is None:
            raise ValueError('kind="text" needs tokens: X holds numbers. Take "heatmap" or "line".')
        self.image_ = self.line_ = self.text_ = None
        kinds[kind](plt, ax, cmap)
        self.figure_ = self.ax_.figure
        return self

    # --- over time ------------------------------------------------------------------------------

    def _over_time(self):
        """Time steps (T,), gradients (T, F) of one sequence or the mean of several, and their name."""
        if len(self.saliency) == 1:
            return np.arange(len(self.saliency[0])), self.saliency[0], "gradient of the output"
        read_at = [len(S) - 1 for S in self.saliency] if self.read_at is None else self.read_at
        first = -max(read_at)
        last = max(len(S) - 1 - r for S, r in zip(self.saliency, read_at, strict=True))
        total = np.zeros((last - first + 1, self.saliency[0].shape[1]))
        count = np.zeros((len(total), 1))
        for S, r in zip(self.saliency, read_at, strict=True):
            total[-r - first :][: len(S)] += np.abs(S)
            count[-r - first :][: len(S)] += 1
        with np.errstate(invalid="ignore"):  # nobody has this step
            return np.arange(first, last + 1), total / count, "mean absolute gradient\nof the output"

    def _label_time(self, ax):
        several = len(self.saliency) > 1
        ax.set_xlabel("time step, relative to that of the output" if several else "time step")

    def _draw_heat_map(self, plt, ax, cmap):
        steps, S, label = self._over_time()
        n_features = S.shape[1]
        names = self.feature_names
        if names is not None and len(names) != n_features:
            raise ValueError(f"feature_names has {len(names)} names, but X has {n_features} features.")
        if ax is None:
            height = min(8.0, 1.6 + 0.28 * n_features)
            _, ax = plt.subplots(figsize=(6.4, max(2.4, height)), layout="constrained")
        top, signed = largest(S), len(self.saliency) == 1
        self.image_ = over_time(
            ax, S.T, cmap=cmap or (SIGNED if signed else strengths()), label=label,
            vmin=-top if signed else 0, vmax=top,
        )  # fmt: skip
        self.image_.set_extent((steps[0] - 0.5, steps[-1] + 0.5, n_features - 0.5, -0.5))
        if names is not None and n_features <= 30:
            ax.set_yticks(range(n_features), names)
        else:
            ax.set_ylabel("feature")
        self._label_time(ax)
        self.ax_ = ax

    def _draw_line(self, plt, ax, cmap):
        steps, S, label = self._over_time()
        values = S[:, 0]
        if S.shape[1] > 1:
            values, label = np.sqrt((S * S).sum(axis=1)), f"norm of the\n{label}"
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
        ax.axhline(0, color="gray", linewidth=0.8)
        (self.line_,) = ax.plot(steps, values, color=BLUE, marker="o", markersize=3)
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        ax.set_ylabel(label)
        ax.grid(alpha=0.3)
        self._label_time(ax)
        self.ax_ = ax

    # --- text -----------------------------------------------------------------------------------

    def _color_boxes(self, ax, boxes, cmap):
        """A box behind every token, of the colour of its saliency."""
        from matplotlib.collections import PatchCollection
        from matplotlib.patches import Rectangle

        patches = PatchCollection(
            [Rectangle((x, line + 0.08), n, 0.84) for _, line, x, n in boxes],
            cmap=cmap or for_and_against(), edgecolor="none",
        )  # fmt: skip
        patches.set_array(np.concatenate([S[:, 0] / largest(S) for S in self.saliency]))
        patches.set_clim(-1, 1)
        ax.add_collection(patches)
        return patches

    def _draw_text(self, plt, ax, cmap):
        if len(self.tokens) > MOST_TEXTS:
            raise ValueError(f"X holds {len(self.tokens)} texts: pass {MOST_TEXTS} or fewer.")
        boxes, starts, n_lines = _lay_out(self.tokens)
        width = max(NARROWEST, *(column + length for _, _, column, length in boxes))
        names = self.output_names or []
        if ax is None:
            margin = 1.0 + 0.08 * max(map(len, names), default=0)
            size = margin + 0.1 * width, 1.3 + 0.3 * n_lines
            _, ax = plt.subplots(figsize=size, layout="constrained")
        patches = self._color_boxes(ax, boxes, cmap)
        ax.set_xlim(0, width)
        ax.set_ylim(n_lines, 0)
        inches = ax.get_window_extent().width / ax.figure.dpi
        font = {"family": "monospace", "size": min(11.0, 72 * inches / (0.66 * width))}
        self.text_ = [
            ax.text(x + n / 2, line + 0.5, token, ha="center", va="center", **font)
            for token, line, x, n in boxes
        ]
        ax.set_xticks([])
        ax.set_yticks([s + 0.5 for s in starts] if names else [], names)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        bar = ax.figure.colorbar(patches, ax=ax, orientation="horizontal", aspect=40, pad=0.03)
        bar.set_label("against the output  |  for it\n(gradient, relative to the largest of a text)")
        self.ax_ = ax


def _split(flat, lengths):
    return np.split(flat, np.cumsum(lengths)[:-1])


def _lay_out(texts):
    """Texts in lines: (token, line, column, length) for each token, and the first line of each text."""
    gap = int(any(len(token) > 1 for text in texts for token in text))
    boxes, starts, line = [], [], 0
    for text in texts:
        starts.append(line)
        column = 0
        for token in text:
            token = SHOWN_AS.get(token, token)
            n = max(1, len(token))
            if column and column + n > LINE_LENGTH:
                line, column = line + 1, 0
            boxes.append((token.replace("$", r"\$"), line, column, n))
            column += n + gap
        line += 1
    return boxes, starts, line


def _names_of_outputs(inside, X, output):
    """The label of each sequence whose decision value is shown, where there is one label each."""
    facts = inside.model.facts
    if not is_classifier(inside.estimator) or facts.per_step or facts.targets.is_indicator:
        return None
    labels = inside.estimator.predict(X)
    return [str(label if output is None else output) for label in labels.tolist()]
