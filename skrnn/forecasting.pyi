# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

__all__ = [
    "forecast",
]

def forecast(
    estimator: Any,
    X: ArrayLike,
    horizon: int,
    *,
    X_future: ArrayLike | None = None,
    feedback: str | int | tuple[Any, ...] | Sequence[str | int | tuple[Any, ...]] | None = None,
) -> NDArray[Any]: ...
