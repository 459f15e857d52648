# Made by .ci/stubs.py of signatures and docstrings: edit those.

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

class Stream:
    def reset(self) -> None: ...
    @property
    def state(self) -> list[Any]: ...
    @state.setter
    def state(self, state: Sequence[Any]) -> None: ...
    def step(self, x: ArrayLike, method: str = "predict") -> Any: ...
