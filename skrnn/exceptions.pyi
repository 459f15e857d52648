# Made by .ci/stubs.py of signatures and docstrings: edit those.

__all__ = [
    "InconsistentVersionWarning",
]

class InconsistentVersionWarning(UserWarning):
    estimator_name: str
    current_versions: dict[str, str]
    original_versions: dict[str, str]
    current_sklearn_version: str
    original_sklearn_version: str
    def __init__(
        self,
        *,
        estimator_name: str,
        current_versions: dict[str, str],
        original_versions: dict[str, str],
    ) -> None: ...
