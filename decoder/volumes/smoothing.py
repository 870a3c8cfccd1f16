"""Smoothing a volume with a Gaussian, along one axis after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTHS_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
REACH_SIGMAS = 3.0


def smooth(volume: NDArray[np.float32], affine: NDArray[np.float64], width_mm: float) -> NDArray[np.float32]:
    """Return a volume (x, y, z) smoothed with a Gaussian whose width at half of its height is `width_mm`.

    Beyond its edges the volume is taken to go on as at them.

    Examples
    --------
    >>> point = np.zeros((5, 1, 1), np.float32)
    >>> point[2] = 1.0
    >>> smooth(point, np.diag([3.0, 3.0, 3.0, 1.0]), 3.0).ravel().round(3).tolist()
    [0.0, 0.056..., 0.88..., 0.056..., 0.0]
    """
    for axis, size_mm in enumerate(np.linalg.norm(affine[:3, :3], axis=0).tolist()):
        sigma = width_mm / WIDTHS_PER_SIGMA / size_mm
        reach = int(np.ceil(REACH_SIGMAS * sigma))
        if reach:
            volume = _along(volume, axis, sigma, reach)
    return volume


def _along(volume: NDArray[np.float32], axis: int, sigma: float, reach: int) -> NDArray[np.float32]:
    weights = np.exp(-0.5 * (np.arange(reach + 1) / sigma) ** 2)
    weights = (weights / (weights[0] + 2 * weights[1:].sum())).astype(np.float32)
    n = volume.shape[axis]
    padded = np.pad(volume, [(reach, reach) if one == axis else (0, 0) for one in range(3)], mode="edge")

    def shifted(by: int) -> NDArray[np.float32]:
        return padded[tuple(slice(reach + by, reach + by + n) if one == axis else slice(None) for one in range(3))]

    out = shifted(0) * weights[0]
    for distance in range(1, reach + 1):
        out += (shifted(distance) + shifted(-distance)) * weights[distance]
    return out
