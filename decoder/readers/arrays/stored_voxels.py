"""Which voxel each feature is, from the arrays of a file, and the masks that contain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from .array_files import Order, entries


class Voxels(NamedTuple):
    """The index (i, j, k) of each feature's voxel, its position where known, and the features of each mask."""

    places: NDArray[np.intp]
    positions_mm: NDArray[np.float64] | None
    inside: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class VoxelList:
    """The arrays that say which voxel each feature is.

    Parameters
    ----------
    index : str
        Number of each feature's voxel in the flattened volume.
    shape : str
        The volume's shape, three numbers.
    size_mm : str, optional
        A voxel's size, three numbers. The features' positions then count from the middle of voxel (0, 0, 0).
    counted_from : int
        The number of the first voxel: 0, or 1 in MATLAB.
    """

    index: str
    shape: str
    size_mm: str | None = None
    counted_from: Literal[0, 1] = 0

    def names(self) -> list[str]:
        """Return the arrays needed."""
        return [self.index, self.shape, *([] if self.size_mm is None else [self.size_mm])]

    def read(self, path: Path, arrays: Mapping[str, NDArray], order: Order) -> Voxels:
        for name in self.names()[1:]:
            if arrays[name].size != 3 or arrays[name].dtype.kind not in "iuf":
                raise RecordingError(f"{path}: expected {name!r} to be three numbers, got shape {arrays[name].shape}")
        shape = tuple(entries(path, self.shape, arrays[self.shape]).astype(int).tolist())
        number = entries(path, self.index, arrays[self.index])
        if number.dtype.kind == "U":
            raise RecordingError(f"{path}: expected {self.index!r} to be whole numbers, got texts")
        number = number.astype(np.int64) - self.counted_from
        outside = number[(number < 0) | (number >= np.prod(shape))]
        if outside.size:
            raise RecordingError(
                f"{path}: {self.index!r} names voxel {outside[0] + self.counted_from}, counted from "
                f"{self.counted_from}, which a volume of shape {shape} does not have"
            )
        places = np.stack(np.unravel_index(number, shape, order=order), axis=1)
        if self.size_mm is None:
            return Voxels(places, None, {})
        return Voxels(places, np.asarray(places * arrays[self.size_mm].ravel(), np.float64), {})


@dataclass(frozen=True)
class VoxelMasks:
    """The arrays that hold masks of a volume, one of which says which voxels the features are.

    Parameters
    ----------
    masks : str
        Several volumes of one shape.
    labels : str
        A name for each.
    features : str
        Name of the mask whose voxels, flattened, are the features.
    """

    masks: str
    labels: str
    features: str

    def names(self) -> list[str]:
        """Return the arrays needed."""
        return [self.masks, self.labels]

    def read(self, path: Path, arrays: Mapping[str, NDArray], order: Order) -> Voxels:
        masks = self._masks(path, arrays[self.masks], arrays[self.labels])
        if self.features not in masks:
            raise UnknownNameError("mask of features", self.features, masks)
        of_features = masks[self.features]
        within = np.flatnonzero(of_features.ravel(order=order))
        places = np.stack(np.unravel_index(within, of_features.shape, order=order), axis=1)
        return Voxels(places, None, {name: mask.ravel(order=order)[within] for name, mask in masks.items()})

    def _masks(self, path: Path, given: NDArray, labels: NDArray) -> dict[str, NDArray[np.bool_]]:
        volumes = list(given.ravel()) if given.dtype.kind == "O" else list(given)
        if labels.dtype.kind != "U" or labels.size != len(volumes):
            raise RecordingError(
                f"{path}: expected {self.labels!r} to name each of the {len(volumes)} masks in {self.masks!r}, got an "
                f"array of {labels.dtype} of shape {labels.shape}"
            )
        shapes = {np.shape(volume) for volume in volumes}
        if len(shapes) != 1 or any(len(shape) != 3 for shape in shapes):
            raise RecordingError(f"{path}: expected the masks {self.masks!r} to be volumes of one shape, got {shapes}")
        return {str(label): np.asarray(volume) != 0 for label, volume in zip(labels.ravel(), volumes, strict=True)}
