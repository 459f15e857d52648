# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Callable
from typing import Any

__all__ = [
    "sequence_scorer",
]

def sequence_scorer(scoring: str | Callable[..., Any], **kwargs: Any) -> Any: ...
