"""What this installation computes with: ``show_config``."""

import os
import platform

import numpy
import scipy
import sklearn

from skrnn import _kernels


def show_config(mode="stdout"):
    """Say which kernels are in use, and the versions of what skrnn stands on.

    Which kernels run is decided when skrnn is imported: the best of those compiled that the processor
    can run, or what the environment variable ``SKRNN_KERNELS`` names: ``numpy``, ``baseline``, ``avx2``
    or ``avx512``.

    Parameters
    ----------
    mode : {'stdout', 'dicts'}, default='stdout'
        Print, or return a dict.

    Returns
    -------
    config : dict or None
        With ``mode='dicts'``: ``kernels`` (the name of the build in use, ``'numpy'`` for none),
        ``available`` (names that ``SKRNN_KERNELS`` may take here), ``compiled`` (whether compiled kernels
        are installed), ``SKRNN_KERNELS`` (its value, None if not set), ``processor`` and ``versions``.

    Raises
    ------
    ValueError
        For any other ``mode``.
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode={mode!r}: it must be 'stdout' or 'dicts'.")
    import skrnn

    build = _kernels.build
    config = {
        "kernels": "numpy" if build is None else build.name,
        "available": ["numpy", *_kernels.builds],
        "compiled": bool(_kernels.builds),
        _kernels.VARIABLE: os.environ.get(_kernels.VARIABLE),
        "processor": platform.machine(),
        "versions": {
            "skrnn": skrnn.__version__,
            "python": platform.python_version(),
            **{m.__name__: m.__version__ for m in (numpy, scipy, sklearn)},
        },
    }
    if mode == "dicts":
        return config
    for name, value in config.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        print(f"{name}: {value}")
    return None
