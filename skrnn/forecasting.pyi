# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from typing import Any, Literal, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin

__all__ = [
    "NaiveForecaster",
    "forecast",
]

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
