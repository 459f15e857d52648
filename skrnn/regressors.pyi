# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin

from skrnn._estimators.streaming import Stream

__all__ = [
    "GRURegressor",
    "LSTMRegressor",
    "RNNRegressor",
    "SequenceRegressor",
]

class SequenceRegressor(RegressorMixin, BaseEstimator):
    hidden_size: int | tuple[int, ...] | Sequence[int] | NDArray[Any]
    bidirectional: bool
    embedding_size: int | dict[Any, Any] | None
    n_tokens: int | dict[Any, Any] | None
    pooling: Literal["last", "mean", "max", "last_max"] | tuple[str, ...]
    dropout: float
    weight_dropout: float
    rows: Literal["sequences", "steps"]
    step_features: int
    sequence_id: str | int | tuple[Any, ...] | None
    return_sequences: bool
    target_delay: int
    initial_state: Literal["zeros", "last"]
    k1: int | None
    k2: Literal["auto"] | int | None
    gradient: Literal["bptt", "rtrl", "snap1"]
    truncation_tolerance: float
    target_replication: float
    clip_norm: float | None
    clip_value: float | None
    loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | type[Any]
    huber_delta: float
    quantile: float | Sequence[float]
    frozen: str | tuple[str, ...]
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
    final_state_: list[Any]
    sequence_ids_: NDArray[Any]
    n_outputs_: int
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
        bidirectional: bool = False,
        embedding_size: int | dict[Any, Any] | None = None,
        n_tokens: int | dict[Any, Any] | None = None,
        pooling: Literal["last", "mean", "max", "last_max"] | tuple[str, ...] = "last",
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
        rows: Literal["sequences", "steps"] = "sequences",
        step_features: int = 1,
        sequence_id: str | int | tuple[Any, ...] | None = None,
        return_sequences: bool = False,
        target_delay: int = 0,
        initial_state: Literal["zeros", "last"] = "zeros",
        k1: int | None = None,
        k2: Literal["auto"] | int | None = None,
        gradient: Literal["bptt", "rtrl", "snap1"] = "bptt",
        truncation_tolerance: float = 0.5,
        target_replication: float = 0.0,
        clip_norm: float | None = 1.0,
        clip_value: float | None = None,
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | type[Any] = "squared_error",
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] = 0.5,
        frozen: str | tuple[str, ...] = (),
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
    def adopt(self, stream: Stream) -> Self: ...
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
    def forecast(
        self,
        X: ArrayLike,
        horizon: int,
        *,
        X_future: ArrayLike | None = None,
        feedback: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]] | None = None,
    ) -> NDArray[Any]: ...
    def forget_series(self, ids: ArrayLike) -> Self: ...
    @classmethod
    def from_weights(
        cls,
        weights: dict[str, ArrayLike],
        *,
        draw: str | tuple[str, ...] = (),
        columns: int | Sequence[str] | None = None,
        **params: Any,
    ) -> Any: ...
    def get_metadata_routing(self) -> Any: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def hidden_states(self, X: ArrayLike) -> NDArray[Any]: ...
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        y_mean: float | ArrayLike | None = None,
        y_scale: float | ArrayLike | None = None,
    ) -> Self: ...
    def predict(self, X: ArrayLike) -> NDArray[Any]: ...
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
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    def stream(self, n_streams: int = 1) -> Stream: ...
    @property
    def weights_(self) -> dict[str, NDArray[Any]]: ...

class GRURegressor(SequenceRegressor):
    forget_bias: float | Literal["auto", "chrono"] | tuple[str, int]

class LSTMRegressor(SequenceRegressor):
    forget_bias: float | Literal["auto", "chrono"] | tuple[str, int]

class RNNRegressor(SequenceRegressor):
    activation: Literal["tanh", "relu", "logistic", "identity", "softmax"]
    def __init__(
        self,
        hidden_size: int | tuple[int, ...] | Sequence[int] | NDArray[Any] = 32,
        *,
        activation: Literal["tanh", "relu", "logistic", "identity", "softmax"] = "tanh",
        bidirectional: bool = False,
        embedding_size: int | dict[Any, Any] | None = None,
        n_tokens: int | dict[Any, Any] | None = None,
        pooling: Literal["last", "mean", "max", "last_max"] | tuple[str, ...] = "last",
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
        rows: Literal["sequences", "steps"] = "sequences",
        step_features: int = 1,
        sequence_id: str | int | tuple[Any, ...] | None = None,
        return_sequences: bool = False,
        target_delay: int = 0,
        initial_state: Literal["zeros", "last"] = "zeros",
        k1: int | None = None,
        k2: Literal["auto"] | int | None = None,
        gradient: Literal["bptt", "rtrl", "snap1"] = "bptt",
        truncation_tolerance: float = 0.5,
        target_replication: float = 0.0,
        clip_norm: float | None = 1.0,
        clip_value: float | None = None,
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | type[Any] = "squared_error",
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] = 0.5,
        frozen: str | tuple[str, ...] = (),
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
