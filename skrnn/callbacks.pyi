# Made by .ci/stubs.py of signatures and docstrings: edit those.

from os import PathLike
from typing import Any

__all__ = [
    "Checkpoint",
]

class Checkpoint:
    path: str | PathLike[str]
    every_n_epochs: int | None
    every_n_minutes: float | None
    n_saves_: int
    def __init__(
        self,
        path: str | PathLike[str],
        *,
        every_n_epochs: int | None = 1,
        every_n_minutes: float | None = None,
    ) -> None: ...
    @classmethod
    def load(cls, path: str | PathLike[str]) -> Any: ...
    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...
    def on_fit_task_end(self, estimator: Any, context: Any) -> None: ...
    def setup(self, estimator: Any, context: Any) -> None: ...
    def teardown(self, estimator: Any, context: Any) -> None: ...
