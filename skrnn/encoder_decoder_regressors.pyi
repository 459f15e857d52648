# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin

__all__ = [
    "GRUEncoderDecoderRegressor",
    "LSTMEncoderDecoderRegressor",
    "RNNEncoderDecoderRegressor",
    "SequenceEncoderDecoderRegressor",
]

class SequenceEncoderDecoderRegressor(RegressorMixin, BaseEstimator):
    hidden_size: int | tuple[int, ...] | Sequence[int] | NDArray[Any]
    dropout: float
    weight_dropout: float
    frozen: str | tuple[str, ...]
    k1: int | None
    k2: Literal["auto"] | int | None
    truncation_tolerance: float
    clip_norm: float | None
    clip_value: float | None
    loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | type[Any]
    huber_delta: float
    quantile: float | Sequence[float]
    alpha: Literal["auto"] | float
    solver: Literal["adam", "sgd", "rmsprop", "lbfgs"]
    learning_rate_init: Literal["auto"] | float
    learning_rate: Literal["constant", "adaptive", "invscaling", "cosine", "onecycle"] | Callable[..., Any]
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    max_fun: int
    batch_size: Literal["auto"] | int
    max_iter: Literal["auto"] | int
    shuffle: bool
    tol: float | None
    n_iter_no_change: int | float
    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    random_state: int | np.random.RandomState | None
    verbose: bool | int
    n_jobs: int | None
    dtype: Literal["float32", "float64"] | np.dtype[Any] | type[np.floating[Any]] | None
    n_features_in_: int
    n_step_features_: int
    feature_names_in_: NDArray[Any]
    n_outputs_: int
    horizon_: int
    start_value_: NDArray[Any]
    n_iter_: int
    n_updates_: int
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    grad_norm_curve_: list[float]
    clipped_fraction_curve_: list[float]
    k2_curve_: list[int | None]
    def __init__(
        self,
        hidden_size: int | tuple[int, ...] | Sequence[int] | NDArray[Any] = 32,
        *,
        forget_bias: float | Literal["auto", "chrono"] | tuple[str, int] = "auto",
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
        frozen: str | tuple[str, ...] = (),
        k1: int | None = None,
        k2: Literal["auto"] | int | None = None,
        truncation_tolerance: float = 0.5,
        clip_norm: float | None = 1.0,
        clip_value: float | None = None,
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | type[Any] = "squared_error",
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] = 0.5,
        alpha: Literal["auto"] | float = "auto",
        solver: Literal["adam", "sgd", "rmsprop", "lbfgs"] = "adam",
        learning_rate_init: Literal["auto"] | float = "auto",
        learning_rate: Literal["constant", "adaptive", "invscaling", "cosine", "onecycle"] | Callable[..., Any] = "onecycle",
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        max_fun: int = 15000,
        batch_size: Literal["auto"] | int = "auto",
        max_iter: Literal["auto"] | int = "auto",
        shuffle: bool = True,
        tol: float | None = 0.0001,
        n_iter_no_change: int | float = 50,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        dtype: Literal["float32", "float64"] | np.dtype[Any] | type[np.floating[Any]] | None = None,
    ) -> None: ...
    def __init_subclass__(cls, *, cell: type[Any] | None = None, **kwargs: Any) -> None: ...
    @property
    def exact_weights_(self) -> dict[str, NDArray[Any]]: ...
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self: ...
    @classmethod
    def from_weights(
        cls,
        weights: dict[str, ArrayLike],
        *,
        horizon: int,
        draw: str | tuple[str, ...] = (),
        **params: Any,
    ) -> Any: ...
    def get_metadata_routing(self) -> Any: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        y_mean: float | ArrayLike | None = None,
        y_scale: float | ArrayLike | None = None,
    ) -> Self: ...
    def predict(self, X: ArrayLike, horizon: int | ArrayLike | None = None) -> NDArray[Any]: ...
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float: ...
    def set_callbacks(self, *callbacks: Any) -> Self: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        sample_weight_val: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_params(self, **params: Any) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
        y_mean: bool | str | None = ...,
        y_scale: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(self, *, horizon: bool | str | None = ...) -> Self: ...
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    @property
    def weights_(self) -> dict[str, NDArray[Any]]: ...

class GRUEncoderDecoderRegressor(SequenceEncoderDecoderRegressor):
    forget_bias: float | Literal["auto", "chrono"] | tuple[str, int]

class LSTMEncoderDecoderRegressor(SequenceEncoderDecoderRegressor):
    forget_bias: float | Literal["auto", "chrono"] | tuple[str, int]

class RNNEncoderDecoderRegressor(SequenceEncoderDecoderRegressor):
    activation: Literal["tanh", "relu", "logistic", "identity", "softmax"]
    def __init__(
        self,
        hidden_size: int | tuple[int, ...] | Sequence[int] | NDArray[Any] = 32,
        *,
        activation: Literal["tanh", "relu", "logistic", "identity", "softmax"] = "tanh",
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
        frozen: str | tuple[str, ...] = (),
        k1: int | None = None,
        k2: Literal["auto"] | int | None = None,
        truncation_tolerance: float = 0.5,
        clip_norm: float | None = 1.0,
        clip_value: float | None = None,
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | type[Any] = "squared_error",
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] = 0.5,
        alpha: Literal["auto"] | float = "auto",
        solver: Literal["adam", "sgd", "rmsprop", "lbfgs"] = "adam",
        learning_rate_init: Literal["auto"] | float = "auto",
        learning_rate: Literal["constant", "adaptive", "invscaling", "cosine", "onecycle"] | Callable[..., Any] = "onecycle",
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        max_fun: int = 15000,
        batch_size: Literal["auto"] | int = "auto",
        max_iter: Literal["auto"] | int = "auto",
        shuffle: bool = True,
        tol: float | None = 0.0001,
        n_iter_no_change: int | float = 50,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        dtype: Literal["float32", "float64"] | np.dtype[Any] | type[np.floating[Any]] | None = None,
    ) -> None: ...
