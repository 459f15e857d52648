# Made by .ci/stubs.py of signatures and docstrings: edit those.

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "make_adding",
    "make_anbn",
    "make_copy_memory",
    "make_copy_stream",
    "make_echo",
    "make_embedded_reber",
    "make_garch",
    "make_mackey_glass",
    "make_narma",
    "make_parity",
    "make_temporal_order",
]

def make_adding(
    n_sequences: int = 1000,
    *,
    n_timesteps: int = 100,
    variant: Literal["1997", "2015"] = "2015",
    ragged: bool = False,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any] | list[NDArray[Any]], NDArray[Any]]: ...
def make_anbn(
    n_sequences: int = 1000,
    *,
    n_letters: Literal[2, 3] = 2,
    min_n: int = 1,
    max_n: int = 10,
    one_hot: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]: ...
def make_copy_memory(
    n_sequences: int = 1000,
    *,
    delay: int = 100,
    n_symbols: int = 8,
    n_copied: int = 10,
    one_hot: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def make_copy_stream(
    n_sequences: int = 64,
    *,
    n_timesteps: int = 1000,
    delay: int = 10,
    min_delay: int | None = None,
    n_symbols: int = 6,
    one_hot: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def make_echo(
    n_timesteps: int = 2000,
    *,
    delay: int | ArrayLike = 10,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def make_embedded_reber(
    n_sequences: int = 1000,
    *,
    target: Literal["next", "successors"] = "next",
    one_hot: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]: ...
@overload
def make_garch(
    n_timesteps: int = 2000,
    *,
    alpha: float = 0.2,
    beta: float = 0.7,
    return_scale: Literal[False] = False,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def make_garch(
    n_timesteps: int = 2000,
    *,
    alpha: float = 0.2,
    beta: float = 0.7,
    return_scale: Literal[True],
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
def make_mackey_glass(
    n_timesteps: int = 2000,
    *,
    tau: float = 17.0,
    horizon: int = 1,
    interval: float = 1.0,
    step: float = 0.1,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def make_narma(
    n_timesteps: int = 2000,
    *,
    order: Literal[10, 20, 30] = 10,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def make_parity(
    n_sequences: int = 1000,
    *,
    n_timesteps: int = 50,
    min_timesteps: int | None = None,
    return_sequences: bool = False,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any] | list[NDArray[Any]], NDArray[Any] | list[NDArray[Any]]]: ...
def make_temporal_order(
    n_sequences: int = 1000,
    *,
    n_timesteps: int = 100,
    n_relevant: Literal[2, 3] = 2,
    ragged: bool = False,
    one_hot: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any] | list[NDArray[Any]], NDArray[Any]]: ...
