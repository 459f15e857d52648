"""Ways out of skrnn, and back: PyTorch, ONNX, weights of others, files that run nothing, model cards.

Other packages are optional, and imported only where they are needed.
"""

from skrnn.interop._from_keras import from_keras
from skrnn.interop._from_torch import from_torch
from skrnn.interop._model_card import model_card
from skrnn.interop._save import load, save
from skrnn.interop._skl2onnx import register_when_imported
from skrnn.interop._to_onnx import to_onnx
from skrnn.interop._to_torch import to_torch
from skrnn.interop._trusted import TRUSTED_TYPES

__all__ = [
    "TRUSTED_TYPES", "from_keras", "from_torch", "load", "model_card", "save", "to_onnx", "to_torch",
]  # fmt: skip

register_when_imported()
