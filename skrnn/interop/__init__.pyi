# Made by .ci/stubs.py of signatures and docstrings: edit those.

from typing import Any

__all__ = [
    "from_torch",
    "to_torch",
]

def from_torch(source: Any, estimator: Any) -> Any: ...
def to_torch(estimator: Any, *, probabilities: bool = False) -> Any: ...
