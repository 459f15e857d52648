# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from typing import Any, Literal, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.metadata_routing import MetadataRouter

__all__ = [
    "ConformalRegressor",
    "Forecaster",
    "NaiveForecaster",
    "forecast",
]

class ConformalRegressor(RegressorMixin, BaseEstimator):
    estimator: Any
    levels: float | Sequence[float]
    cv: Any
    estimator_: Any
    estimators_: list[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def __init__(
        self,
        estimator: Any,
        levels: float | Sequence[float] = (0.9,),
        cv: Any = None,
    ) -> None: ...
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> Self: ...
    def get_metadata_routing(self) -> MetadataRouter: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def predict(self, X: ArrayLike) -> NDArray[Any]: ...
    def predict_interval(self, X: ArrayLike) -> NDArray[Any]: ...
    def score(self, X: ArrayLike, y: ArrayLike, **score_params: Any) -> float: ...
    def set_params(self, **params: Any) -> Self: ...

class Forecaster(RegressorMixin, BaseEstimator):
    estimator: Any
    horizon: int
    sequence_id: str | int | tuple[Any, ...] | None
    time: str | int | tuple[Any, ...] | None
    known: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]]
    static: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]]
    calendar: str | Sequence[str]
    embed: dict[Any, Any] | None
    scale: Literal["series"] | None
    difference: int | None
    strategy: Literal["recursive", "direct"]
    levels: float | Sequence[float] | None
    interval: Literal["conformal", "sampled", "adaptive"]
    estimator_: Any
    sequence_ids_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def __init__(
        self,
        estimator: Any,
        *,
        horizon: int,
        sequence_id: str | int | tuple[Any, ...] | None = None,
        time: str | int | tuple[Any, ...] | None = None,
        known: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]] = (),
        static: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]] = (),
        calendar: str | Sequence[str] = (),
        embed: dict[Any, Any] | None = None,
        scale: Literal["series"] | None = "series",
        difference: int | None = None,
        strategy: Literal["recursive", "direct"] = "recursive",
        levels: float | Sequence[float] | None = None,
        interval: Literal["conformal", "sampled", "adaptive"] = "conformal",
    ) -> None: ...
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self: ...
    def forecast(self, horizon: int | None = None, X_future: ArrayLike | None = None) -> Any: ...
    def forget_series(self, ids: ArrayLike) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def predict(self, X: ArrayLike) -> NDArray[Any]: ...
    def predict_interval(self, X: ArrayLike) -> NDArray[Any]: ...
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float: ...
    def set_params(self, **params: Any) -> Self: ...
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    def update(self, X: ArrayLike, y: ArrayLike) -> Self: ...

class NaiveForecaster(RegressorMixin, BaseEstimator):
    strategy: Literal["last", "seasonal", "drift"]
    season: int | None
    sequence_id: str | int | tuple[Any, ...] | None
    time: str | int | tuple[Any, ...] | None
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    sequence_ids_: NDArray[Any]
    def __init__(
        self,
        strategy: Literal["last", "seasonal", "drift"] = "last",
        season: int | None = None,
        *,
        sequence_id: str | int | tuple[Any, ...] | None = None,
        time: str | int | tuple[Any, ...] | None = None,
    ) -> None: ...
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self: ...
    def forget_series(self, ids: ArrayLike) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def predict(self, X: ArrayLike) -> NDArray[Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    def update(self, X: ArrayLike, y: ArrayLike) -> Self: ...

def forecast(
    estimator: Any,
    X: ArrayLike,
    horizon: int,
    *,
    X_future: ArrayLike | None = None,
    feedback: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]] | None = None,
) -> NDArray[Any]: ...
