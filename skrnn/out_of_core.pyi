# Made by .ci/stubs.py of signatures and docstrings: edit those.

from os import PathLike
from typing import Any

from numpy.typing import ArrayLike

__all__ = [
    "fit_stream",
]

def fit_stream(
    estimator: Any,
    batches: Any,
    epochs: int | None = None,
    *,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    shuffle: bool = True,
    checkpoint: str | PathLike[str] | None = None,
) -> Any: ...
