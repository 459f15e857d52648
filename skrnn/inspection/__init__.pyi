# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.typing import ColorType
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch

__all__ = [
    "BacktestDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "GradientFlowDisplay",
    "SaliencyDisplay",
    "TrainingCurveDisplay",
    "TruncationDisplay",
    "gradient_flow",
    "integrated_gradients",
    "occlusion",
    "permutation_importance",
    "saliency",
    "state_trajectory",
]

class BacktestDisplay:
    steps: NDArray[Any]
    errors: dict[str, NDArray[Any]]
    metric: str
    baselines: Sequence[str] | None
    ax_: Axes
    figure_: Figure
    lines_: dict[str, Line2D]
    def __init__(
        self,
        *,
        steps: NDArray[Any],
        errors: dict[str, NDArray[Any]],
        metric: str = "mae",
        baselines: Sequence[str] | None = None,
    ) -> None: ...
    @classmethod
    def from_backtest(cls, errors: Any, *, metric: str = "mae", ax: Axes | None = None) -> Self: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        cv: Any,
        *,
        metric: str = "mae",
        refit: bool = True,
        n_jobs: int | None = None,
        season: int | None = None,
        ax: Axes | None = None,
    ) -> Self: ...
    def plot(self, ax: Axes | None = None) -> Self: ...

class ForecastDisplay:
    series: Sequence[dict[Any, Any]]
    levels: tuple[float, ...]
    ax_: Axes
    axes_: NDArray[Any]
    figure_: Figure
    def __init__(self, *, series: Sequence[dict[Any, Any]], levels: tuple[float, ...] = ()) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        X_future: ArrayLike,
        *,
        y_future: ArrayLike | None = None,
        series: Sequence[Any] | None = None,
        n_past: int | None = None,
        ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    ) -> Self: ...
    def plot(self, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> Self: ...

class GateDisplay:
    trajectory: Bunch
    layer: str
    step_names: Sequence[str] | None
    axes_: NDArray[Any]
    ax_: Axes
    figure_: Figure
    images_: dict[str, AxesImage]
    def __init__(
        self,
        *,
        trajectory: Bunch,
        layer: str,
        step_names: Sequence[str] | None = None,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        layer: int | str = -1,
        step_names: Sequence[str] | None = None,
        ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    ) -> Self: ...
    def plot(self, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> Self: ...

class GradientFlowDisplay:
    flow: Bunch
    name: str | None
    ax_: Axes
    figure_: Figure
    lines_: list[Line2D]
    memory_lines_: list[Line2D]
    bound_lines_: list[Line2D]
    reach_marks_: list[Line2D]
    def __init__(self, *, flow: Bunch, name: str | None = None) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        max_lag: int | None = None,
        n_samples: int = 100,
        share: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
        name: str | None = None,
        ax: Axes | None = None,
        color: ColorType | None = None,
        show_bound: bool = True,
        show_reach: bool = True,
    ) -> Self: ...
    def plot(
        self,
        ax: Axes | None = None,
        *,
        color: ColorType | None = None,
        show_bound: bool = True,
        show_reach: bool = True,
    ) -> Self: ...

class SaliencyDisplay:
    saliency: Sequence[NDArray[Any]]
    read_at: ArrayLike | None
    tokens: Sequence[Sequence[str]] | None
    feature_names: Sequence[str] | None
    output_names: Sequence[str] | None
    ax_: Axes
    figure_: Figure
    image_: AxesImage | None
    line_: Line2D | None
    text_: list[Text] | None
    def __init__(
        self,
        *,
        saliency: Sequence[NDArray[Any]],
        read_at: ArrayLike | None = None,
        tokens: Sequence[Sequence[str]] | None = None,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        output: Any = None,
        step: int | None = None,
        kind: Literal["auto", "heatmap", "line", "text"] = "auto",
        tokens: Sequence[Sequence[str]] | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Axes | None = None,
        cmap: str | Colormap | None = None,
    ) -> Self: ...
    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["auto", "heatmap", "line", "text"] = "auto",
        cmap: str | Colormap | None = None,
    ) -> Self: ...

class TrainingCurveDisplay:
    loss: ArrayLike
    validation_loss: ArrayLike | None
    validation_score: ArrayLike | None
    grad_norm: ArrayLike | None
    clipped_fraction: ArrayLike | None
    clip_norm: float | None
    k2: ArrayLike | None
    estimator_name: str | None
    score_name: str
    axes_: NDArray[Any]
    ax_: Axes
    figure_: Figure
    lines_: dict[str, Line2D]
    def __init__(
        self,
        *,
        loss: ArrayLike,
        validation_loss: ArrayLike | None = None,
        validation_score: ArrayLike | None = None,
        grad_norm: ArrayLike | None = None,
        clipped_fraction: ArrayLike | None = None,
        clip_norm: float | None = None,
        k2: ArrayLike | None = None,
        estimator_name: str | None = None,
        score_name: str = "score",
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    ) -> Self: ...
    def plot(self, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> Self: ...

class TruncationDisplay:
    k1: Sequence[int | None]
    k2: Sequence[int | Literal["auto"] | None]
    scores: NDArray[Any]
    score_name: str
    ax_: Axes
    figure_: Figure
    image_: AxesImage
    text_: NDArray[Any]
    def __init__(
        self,
        *,
        k1: Sequence[int | None],
        k2: Sequence[int | Literal["auto"] | None],
        scores: NDArray[Any],
        score_name: str = "score",
    ) -> None: ...
    @classmethod
    def from_cv_results(
        cls,
        cv_results: Any,
        *,
        metric: str | None = None,
        ax: Axes | None = None,
        cmap: str | Colormap = "cividis",
        values_format: str | None = None,
    ) -> Self: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metric: str | None = None,
        ax: Axes | None = None,
        cmap: str | Colormap = "cividis",
        values_format: str | None = None,
    ) -> Self: ...
    def plot(
        self,
        ax: Axes | None = None,
        *,
        cmap: str | Colormap = "cividis",
        values_format: str | None = None,
    ) -> Self: ...

def gradient_flow(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    max_lag: int | None = None,
    n_samples: int = 100,
    share: float = 0.01,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch: ...
def integrated_gradients(
    estimator: Any,
    X: ArrayLike,
    *,
    output: Any = None,
    step: int | None = None,
    baseline: float | int | ArrayLike | None = None,
    n_steps: int = 50,
) -> NDArray[Any]: ...
def occlusion(
    estimator: Any,
    X: ArrayLike,
    *,
    by: Literal["step", "feature", "token"] = "step",
    output: Any = None,
    step: int | None = None,
    baseline: float | int | ArrayLike | None = None,
) -> NDArray[Any]: ...
def permutation_importance(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    by: Literal["feature", "step"] = "feature",
    scoring: str | Callable[..., Any] | Sequence[str] | dict[Any, Any] | None = None,
    n_repeats: int = 5,
    random_state: int | np.random.RandomState | None = None,
    sample_weight: ArrayLike | None = None,
) -> Bunch: ...
def saliency(
    estimator: Any,
    X: ArrayLike,
    *,
    output: Any = None,
    step: int | None = None,
) -> NDArray[Any]: ...
def state_trajectory(estimator: Any, X: ArrayLike) -> Bunch: ...
