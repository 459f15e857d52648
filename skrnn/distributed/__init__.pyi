# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MPI",
    "fit",
    "fit_rank",
]

class MPI:
    comm: Any
    def __init__(self, comm: Any = None) -> None: ...
    def sum(self, values: NDArray[Any]) -> NDArray[Any]: ...

def fit(estimator: Any, parts: Sequence[Any], *, client: Any, timeout: float = 300.0) -> Any: ...
def fit_rank(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    communicator: Any,
) -> Any: ...
