# Made by .ci/stubs.py of signatures and docstrings: edit those.

from typing import Any

__all__ = [
    "from_keras",
    "from_torch",
    "to_onnx",
    "to_torch",
]

def from_keras(source: Any, estimator: Any) -> Any: ...
def from_torch(source: Any, estimator: Any) -> Any: ...
def to_onnx(
    estimator: Any,
    *,
    float64: bool = False,
    opset: int | None = None,
    stateful: bool = False,
    lengths: bool = True,
    ids: bool = False,
    zipmap: bool = False,
) -> Any: ...
def to_torch(estimator: Any, *, probabilities: bool = False) -> Any: ...
