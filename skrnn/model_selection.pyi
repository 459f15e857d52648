# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Iterator
from typing import Any

from numpy.typing import ArrayLike, NDArray

__all__ = [
    "RollingOrigin",
    "backtest",
]

class RollingOrigin:
    n_splits: int
    horizon: int
    step: int | None
    gap: int
    window: int | None
    time: str | int | tuple[Any, ...] | None
    sequence_id: str | int | tuple[Any, ...] | None
    def __init__(
        self,
        n_splits: int = 5,
        *,
        horizon: int,
        step: int | None = None,
        gap: int = 0,
        window: int | None = None,
        time: str | int | tuple[Any, ...] | None = None,
        sequence_id: str | int | tuple[Any, ...] | None = None,
    ) -> None: ...
    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int: ...
    def split(
        self,
        X: ArrayLike,
        y: Any = None,
        groups: Any = None,
    ) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]: ...

def backtest(
    forecaster: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    cv: Any,
    refit: bool = True,
    baselines: bool | dict[Any, Any] = True,
    n_jobs: int | None = None,
    metrics: tuple[str, ...] = ('mae', 'rmse', 'mase', 'smape', 'pinball', 'coverage'),
    season: int | None = None,
    verbose: int = 0,
) -> Any: ...
