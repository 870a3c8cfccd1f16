"""A single NIfTI volume: a mask or an atlas."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from .nifti import _open, _read_into


def read_volume(path: str | PathLike[str]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read a mask or an atlas.

    Returns
    -------
    values : array (x, y, z)
    affine : array (4, 4)
        From voxels to millimetres.

    Raises
    ------
    RecordingError
        The file is missing, truncated or damaged, or holds several volumes.
    NonFiniteError
        A voxel is NaN or infinite.
    """
    path = Path(path)
    image = _open(path)
    if len(image.shape) < 3 or np.prod(image.shape[3:]) != 1:
        raise RecordingError(f"{path}: expected one volume (x, y, z), got shape {image.shape}")
    whole = np.ones(image.shape[:3], bool)
    values = np.empty((1, whole.size), np.float32)
    _read_into(values, path, image, whole)
    return values.reshape(whole.shape), image.affine
