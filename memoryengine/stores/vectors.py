"""Vectors as every store takes them: of length 1, as float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import StoreError, VectorMismatch
from ..ports import VectorSpace

DIGITS = 1e7


def unit_vector(vector: Any, dimensions: int | None = None) -> npt.NDArray[np.float32]:
    """A vector scaled to length 1; raises `StoreError` if it is all zero or not finite, `ValueError` for its length."""
    array = np.asarray(vector, np.float64)
    if dimensions is not None and array.shape != (dimensions,):
        raise ValueError(f"{array.size}")
    length = float(np.linalg.norm(array))
    if not np.isfinite(length) or length == 0:
        raise StoreError("A vector is all zero or not finite, so it has no direction to compare by.")
    return (array / length).astype("<f4")


def decimals(vector: Any, space: VectorSpace) -> list[float]:
    """A vector of length 1 with seven digits; raises `VectorMismatch` if it is not of the space's length."""
    try:
        return list(unit_vector(vector, space.dimensions).astype(float).round(7))
    except ValueError as error:
        raise VectorMismatch(
            f"The store takes vectors of {space.dimensions} numbers ({space.model}), and one has {error}."
        ) from error


def carried_vector(vector: Any) -> bytes:
    """A vector of length 1 as whole numbers of 1e-7: 32 bits each, little-endian."""
    return np.rint(np.asarray(vector, np.float64) * DIGITS).astype("<i4").tobytes()


def arrived_vector(data: bytes) -> npt.NDArray[np.float64]:
    """The vector that `carried_vector` was given, with seven digits."""
    return np.asarray(np.frombuffer(data, "<i4") / DIGITS)
