"""Pictures stored as an array in a file."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from .array_files import Order, load_arrays, order_in

if TYPE_CHECKING:
    from PIL.Image import Image


def read_stored_pictures(
    path: str | PathLike[str], stimuli: str, shape: Sequence[int] | None = None, order: Order | None = None
) -> dict[str, Image]:
    """Read the pictures of a recording in RGB, each once, named ``picture_i`` after its first sample.

    For each sample the array holds a picture (height, width) or (height, width, 3), or a row of numbers, for which
    `shape` says height and width, and 3 for colours. Values are whole numbers from 0 (black) to 255. For `order` see
    `order_in`.
    """
    from PIL import Image as images

    path = Path(path)
    array = load_arrays(path, [stimuli])[stimuli]
    if array.dtype.kind not in "biuf":
        raise RecordingError(f"{path}: expected the pictures {stimuli!r} to be numbers, got an array of {array.dtype}")
    if not ((array >= 0) & (array <= 255) & (array == np.floor(array))).all():
        raise RecordingError(
            f"{path}: expected the pictures {stimuli!r} to be whole numbers from 0 to 255, got {array.dtype} from "
            f"{array.min():g} to {array.max():g}; scale them"
        )
    names = picture_names(path, stimuli, array, len(array))
    pixels = array.astype(np.uint8)
    if shape is not None:
        if pixels.ndim != 2 or np.prod(shape) != pixels.shape[1]:
            raise RecordingError(
                f"{path}: expected the pictures {stimuli!r} in rows of {' x '.join(map(str, shape))} numbers, got "
                f"shape {array.shape}"
            )
        pixels = np.stack([row.reshape(tuple(shape), order=order_in(path, order)) for row in pixels])
    if pixels.ndim != 3 and pixels.shape[3:] != (3,):
        raise RecordingError(
            f"{path}: expected {stimuli!r} to hold pictures (height, width) or (height, width, 3), got for each sample "
            f"the shape {pixels.shape[1:]}; where pictures are rows, give their shape"
        )
    _, first = np.unique(names, return_index=True)
    return {str(names[i]): images.fromarray(pixels[i]).convert("RGB") for i in sorted(first)}


def picture_names(path: Path, name: str, array: NDArray, n_samples: int) -> NDArray[np.str_]:
    """Return the name of each sample's picture; equal pictures have one name."""
    if array.ndim < 2 or len(array) != n_samples:
        raise RecordingError(
            f"{path}: expected {name!r} to have a picture for each of the {n_samples} samples, got shape {array.shape}"
        )
    _, first, which = np.unique(array.reshape(n_samples, -1), axis=0, return_index=True, return_inverse=True)
    return np.array([f"picture_{i}" for i in first[which.ravel()]], np.str_)
