# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from skrnn._estimators.streaming import Stream

__all__ = [
    "PipelineStream",
    "stream",
]

class PipelineStream:
    def learn(self, x: ArrayLike, y: Any) -> Any: ...
    def reset(self) -> None: ...
    @property
    def state(self) -> list[Any]: ...
    @state.setter
    def state(self, state: Sequence[Any]) -> None: ...
    def step(self, x: ArrayLike, method: str = "predict") -> Any: ...

def stream(estimator: Any, n_streams: int = 1) -> Stream | PipelineStream: ...
