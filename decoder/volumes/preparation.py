"""From a volume to the voxels of a decoder, live and offline alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import NonFiniteError, RecordingError
from .realign import HeadMotion, Realigner, apply
from .sampling import cubic_at
from .smoothing import smooth
from .space import VolumeSpace


class PreparedVolume(NamedTuple):
    """A volume's voxels (n_voxels,), and the head's motion where volumes are realigned."""

    values: NDArray[np.float32]
    motion: HeadMotion | None


class VolumePreparation:
    """Smooths volumes, aligns them to the reference, and takes the decoder's voxels where they lie that day.

    A mask or region is thus carried to the volume, not the volume to the mask: only the voxels that are used are
    computed. Every volume is prepared by itself.

    Parameters
    ----------
    space : VolumeSpace
    voxels : array (n_voxels, 3) of int
        Indices on the grid of the space.
    """

    def __init__(self, space: VolumeSpace, voxels: NDArray[np.intp] | Sequence[Sequence[int]]) -> None:
        self.space = space
        self.voxels = np.asarray(voxels, np.intp).reshape(-1, 3)
        self._mm = apply(space.affine, self.voxels.T.astype(np.float64))
        self._realigner = None if space.reference is None else Realigner(space.reference, space.affine)

    def __call__(self, volume: NDArray[np.float32], affine: NDArray[np.float64]) -> PreparedVolume:
        """Prepare a volume (x, y, z) with its affine; voxels outside it are NaN."""
        if self._realigner is None:
            return PreparedVolume(self._smooth(volume, affine)[tuple(self.voxels.T)], None)
        motion = self._realigner.motion(volume, affine)
        places = apply(np.linalg.inv(affine) @ self._realigner.matrix(motion), self._mm)
        values = cubic_at(self._smooth(volume, affine), places).astype(np.float32)
        # A voxel at the edge stays there for motion of less than half a voxel.
        near = ((places > -0.5) & (places < np.array(volume.shape)[:, None] - 0.5)).all(axis=0)
        values[~near] = np.nan
        return PreparedVolume(values, motion)

    def checked(self, volume: NDArray[np.float32], affine: NDArray[np.float64], name: str) -> PreparedVolume:
        """Prepare a volume that has to be on the grid of the space and hold all voxels; RecordingError names it."""
        difference = self.space.difference(volume.shape, affine)
        if difference is not None:
            raise RecordingError(f"{name}: {difference}")
        prepared = self(volume, affine)
        lost = ~np.isfinite(prepared.values)
        if lost.any():
            raise NonFiniteError(
                f"{name}: {int(lost.sum())} of {len(lost)} voxels are outside it or not finite, the first "
                f"{tuple(self.voxels[lost][0].tolist())}; take them out of the mask"
            )
        return prepared

    def _smooth(self, volume: NDArray[np.float32], affine: NDArray[np.float64]) -> NDArray[np.float32]:
        volume = np.asarray(volume, np.float32)
        return smooth(volume, affine, self.space.smooth_mm) if self.space.smooth_mm else volume
