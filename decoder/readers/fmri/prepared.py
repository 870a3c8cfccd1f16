"""Recordings of volumes that are prepared one by one, exactly as they are live, from whatever files they come."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import Events
from ...recordings.recording import Recording
from ...volumes import MOTION_NAMES, VolumePreparation, VolumeSpace
from ...volumes.realign import HeadMotion, displacement_mm
from ...volumes.space import grid_difference
from .images import AnyPath, read_mask, read_volume


def check_motion(motion: str, realign: bool) -> None:
    """Raise RecordingError where the head's motion is to be features and nothing finds it."""
    if motion == "features" and not realign:
        raise RecordingError("motion: features need realign = true, which finds them")


def space_of(
    first: NDArray[np.float32],
    affine: NDArray[np.float64],
    reference: AnyPath | None,
    realign: bool,
    smooth_mm: float,
) -> VolumeSpace:
    """Return the space of a reference image, else of the first volume (x, y, z)."""
    values, affine = (first, affine) if reference is None else read_volume(reference)
    return VolumeSpace(values.shape, affine, values if realign else None, smooth_mm)


def masked_voxels(
    space: VolumeSpace,
    mask: AnyPath | Sequence[AnyPath] | None,
    above: float | None = None,
    join: Literal["all", "any"] = "all",
) -> NDArray[np.intp]:
    """Return the voxels (n_voxels, 3) of masks on the grid of a space; RecordingError where one is on another grid."""
    paths = [] if mask is None else [mask] if isinstance(mask, str | PathLike) else list(mask)
    if not paths:
        return np.argwhere(np.ones(space.shape, bool))
    masks = []
    for path in paths:
        values, affine = read_volume(path)
        difference = grid_difference(values.shape, affine, space.shape, space.affine)
        if difference is not None:
            raise RecordingError(f"{path}: {difference}; bring the mask onto the grid of the reference")
        masks.append(read_mask(path, above))
    keep = np.all(masks, axis=0) if join == "all" else np.any(masks, axis=0)
    if not keep.any():
        raise RecordingError('mask: the masks have no voxel in common; join_masks = "any" takes those in any of them')
    return np.argwhere(keep)


def voxel_names(voxels: NDArray[np.intp]) -> tuple[str, ...]:
    """Return the names of voxels (n_voxels, 3) as features.

    >>> voxel_names(np.array([[12, 30, 7]]))
    ('voxel_12_30_7',)
    """
    return tuple("voxel_" + "_".join(map(str, voxel)) for voxel in voxels.tolist())


def positions_of(voxels: NDArray[np.intp], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where voxels (n_voxels, 3) lie, in millimetres."""
    return voxels @ affine[:3, :3].T + affine[:3, 3]


class PreparedVolumes:
    """Volumes of all runs, in order, each prepared by itself.

    Parameters
    ----------
    space : VolumeSpace
    voxels : array (n_voxels, 3) of int
    """

    def __init__(self, space: VolumeSpace, voxels: NDArray[np.intp]) -> None:
        self.space = space
        self._prepare = VolumePreparation(space, voxels)
        self._rows: list[NDArray[np.float32]] = []
        self._motions: list[HeadMotion] = []

    def add(self, volume: NDArray[np.float32], affine: NDArray[np.float64], name: str) -> None:
        """Take a volume (x, y, z); a RecordingError names it where it is on another grid or lacks a voxel."""
        prepared = self._prepare.checked(volume, affine, name)
        self._rows.append(prepared.values)
        self._motions += [] if prepared.motion is None else [prepared.motion]

    def notes(self) -> list[str]:
        """What is to be said of the head's motion."""
        if not self._motions:
            return []
        most = max(displacement_mm(motion.parameters) for motion in self._motions)
        n_unlike = sum(not motion.converged for motion in self._motions)
        unlike = f"; {n_unlike} volumes do not look like it" if n_unlike else ""
        return [f"realigned, at most {most:.2g} mm from the reference{unlike}"]

    def recording(
        self,
        tr_s: float,
        run: NDArray,
        events: Events,
        source: str,
        motion: Literal["confounds", "features"],
    ) -> Recording:
        """Return the recording, with the run of each volume and the head's motion as confounds or as features."""
        voxels, data = self._prepare.voxels, np.stack(self._rows)
        names, positions = voxel_names(voxels), positions_of(voxels, self.space.affine)
        moved = np.array([one.parameters for one in self._motions]).reshape(-1, len(MOTION_NAMES))
        if motion == "features":
            data = np.concatenate([data, moved.astype(np.float32)], axis=1)
            positions = np.concatenate([positions, np.full((len(MOTION_NAMES), 3), np.nan)])
            names += MOTION_NAMES
        as_confounds = self.space.realigns and motion == "confounds"
        return Recording(
            data,
            1.0 / tr_s,
            names,
            run,
            events,
            positions_mm=positions,
            confounds=moved if as_confounds else None,
            confound_names=MOTION_NAMES if as_confounds else (),
            source=source,
            space=self.space,
        )
