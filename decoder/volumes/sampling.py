"""The values of a volume between its voxels."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

OFFSETS = (-1, 0, 1, 2)


def cubic_at(volume: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values (n_places,) at voxel coordinates (3, n_places), by cubic convolution of the 64 voxels around.

    Keys (1981), with a = -1/2: it goes through the voxels' values. Places outside have the value at
    the edge.
    """
    shape = np.array(volume.shape)
    at = np.clip(places, 0.0, shape[:, None] - 1.0)
    low = np.floor(at).astype(np.intp)
    weights = _keys(at - low)  # (4, 3, n_places)
    strides = (shape[1] * shape[2], shape[2], 1)
    index = [[np.clip(low[axis] + by, 0, shape[axis] - 1) * strides[axis] for by in OFFSETS] for axis in range(3)]
    flat = np.ascontiguousarray(volume).ravel()
    values = np.zeros(places.shape[1])
    for i, j in product(range(4), repeat=2):
        line = index[0][i] + index[1][j]
        along = weights[0, 2] * flat[line + index[2][0]]
        for k in range(1, 4):
            along += weights[k, 2] * flat[line + index[2][k]]
        values += along * (weights[i, 0] * weights[j, 1])
    return values


def inside(shape: tuple[int, ...], places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of the places (3, n_places) are within a volume of this shape."""
    top = np.array(shape)[:, None] - 1
    return np.logical_and.reduce((places >= 0) & (places <= top), axis=0)


def _keys(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights (4, ...) of the voxels at -1, 0, 1 and 2 for a place at `t`."""
    return np.stack(
        [
            ((-0.5 * t + 1.0) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1.0,
            ((-1.5 * t + 2.0) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ]
    )
