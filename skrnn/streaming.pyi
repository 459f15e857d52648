# Made by .ci/stubs.py of signatures and docstrings: edit those.

from typing import Any

from skrnn._estimators.streaming import Stream
from skrnn._transformers.pipeline_stream import PipelineStream

__all__ = [
    "stream",
]

def stream(estimator: Any, n_streams: int = 1) -> Stream | PipelineStream: ...
