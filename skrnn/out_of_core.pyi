# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from os import PathLike
from typing import Any

from numpy.typing import ArrayLike

__all__ = [
    "array_parts",
    "fit_stream",
    "table_parts",
]

def array_parts(
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    size: int | None = None,
) -> list[Any]: ...
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
def table_parts(
    source: Any,
    y: str | Sequence[str],
    *,
    sample_weight: str | None = None,
    sequence_id: str | None = None,
    columns: Sequence[str] | None = None,
    size: int | None = None,
) -> Any: ...
