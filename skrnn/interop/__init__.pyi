# Made by .ci/stubs.py of signatures and docstrings: edit those.

from os import PathLike
from typing import Any, Literal

__all__ = [
    "TRUSTED_TYPES",
    "from_keras",
    "from_torch",
    "load",
    "model_card",
    "save",
    "to_onnx",
    "to_torch",
]

TRUSTED_TYPES: list[str]

def from_keras(source: Any, estimator: Any) -> Any: ...
def from_torch(source: Any, estimator: Any) -> Any: ...
def load(path: str | PathLike[str]) -> Any: ...
def model_card(estimator: Any, *, output: Literal["markdown", "skops"] = "markdown") -> Any: ...
def save(estimator: Any, path: str | PathLike[str]) -> None: ...
def to_onnx(
    estimator: Any,
    *,
    float64: bool = False,
    opset: int | None = None,
    stateful: bool = False,
    lengths: bool = True,
    ids: bool = False,
    zipmap: bool = False,
    runtime: Literal["onnxruntime"] | None = None,
) -> Any: ...
def to_torch(estimator: Any, *, probabilities: bool = False) -> Any: ...
