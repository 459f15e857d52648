"""Ways out of skrnn, and back: networks as modules of PyTorch and models of ONNX, weights of others.

Other packages are optional, and imported only where they are needed.
"""

from skrnn.interop._from_keras import from_keras
from skrnn.interop._from_torch import from_torch
from skrnn.interop._skl2onnx import register_if_installed
from skrnn.interop._to_onnx import to_onnx
from skrnn.interop._to_torch import to_torch

__all__ = ["from_keras", "from_torch", "to_onnx", "to_torch"]

register_if_installed()
