"""From whole volumes to a decoder's values: checked against its grid, prepared as for its fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...decoder.region_feedback import region_signal
from ...decoder.volumes import MOTION_NAMES, VolumePreparation, VolumeSpace
from ...decoder.volumes.realign import displacement_mm
from ...errors import InputError, StreamMismatchError
from .source import Refusal
from .volume_names import voxels_named
from .volume_order import NumberedVolume

MOVED_MM = 2.0
"""A head that moves by more from one volume to the next is reported."""


class VolumeValues:
    """Makes a decoder's values of whole volumes, and the mean of a region.

    Parameters
    ----------
    feature_names : sequence of str
        Voxels, named ``voxel_i_j_k``, and perhaps the six parameters of motion at the end.
    space : VolumeSpace, optional
        Default: the grid of the first volume, as it lies; that is said.
    region : array (n_voxels, 3) of int, optional
        The voxels of a region, on the same grid, whose mean signal is taken, too.

    Attributes
    ----------
    reports : list of Refusal
        What is to be said since they were last taken: volumes that are not aligned, a head that moved.
    """

    def __init__(
        self, feature_names: Sequence[str], space: VolumeSpace | None, region: NDArray[np.intp] | None = None
    ) -> None:
        self.reports: list[Refusal] = []
        self._has_motion = tuple(feature_names[-len(MOTION_NAMES) :]) == MOTION_NAMES
        own = voxels_named(feature_names[: -len(MOTION_NAMES)] if self._has_motion else feature_names)
        if self._has_motion and (space is None or not space.realigns):
            raise InputError("feature_names: the parameters of motion need a space with a reference")
        self._n_own, self._has_region = len(own), region is not None
        self._voxels = own if region is None else np.concatenate([own, region])
        self._prepare = None if space is None else VolumePreparation(space, self._voxels)
        self._last_motion: NDArray[np.float64] | None = None

    @property
    def n_slices(self) -> int | None:
        """How many slices a volume has; None where the grid is not known yet."""
        return None if self._prepare is None else self._prepare.space.shape[2]

    def begin(self) -> None:
        """Note that a series begins: the head may lie elsewhere."""
        self._last_motion = None

    def of(
        self, name: str, number: int, volume: NDArray[np.float32], affine: NDArray[np.float64], since_s: float
    ) -> NumberedVolume:
        """Return the values of a volume (x, y, z); StreamMismatchError where it is on another grid."""
        prepare = self._prepare or self._first(name, number, volume, affine)
        difference = prepare.space.difference(volume.shape, affine)
        if difference is not None:
            raise StreamMismatchError(difference)
        self._prepare = prepare
        values, motion = prepare(volume, affine)
        parameters = None
        if motion is not None:
            parameters = motion.parameters
            if motion.converged:
                self._note_motion(number, parameters)
            else:
                values, parameters = np.full_like(values, np.nan), np.full_like(parameters, np.nan)
                self.reports.append(
                    Refusal("not_aligned", f"volume {number} does not look like the reference; it is missing")
                )
        region = region_signal(values[self._n_own :]) if self._has_region else None
        values = values[: self._n_own]
        if self._has_motion:
            assert parameters is not None
            values = np.concatenate([values, parameters.astype(np.float32)])
        return NumberedVolume(number, values, since_s, parameters, region)

    def _first(
        self, name: str, number: int, volume: NDArray[np.float32], affine: NDArray[np.float64]
    ) -> VolumePreparation:
        """What prepares volumes on the grid of the first one, as the decoder knows none."""
        largest = self._voxels.max(axis=0, initial=-1)
        matrix = " x ".join(map(str, volume.shape))
        if (largest >= volume.shape).any():
            raise StreamMismatchError(
                f"it has the matrix {matrix}, but the decoder takes voxels up to {tuple(largest.tolist())}; scan and "
                "export on the grid that it was fitted on"
            )
        if not np.isfinite(affine).all():
            raise StreamMismatchError("it tells no position in space: its affine holds NaN or infinity")
        self.reports.append(
            Refusal(
                "",
                f"the decoder does not say its grid; that of {name}, the first volume, is taken for it: {matrix}. "
                "Fitted again, it checks every volume",
            )
        )
        return VolumePreparation(VolumeSpace(volume.shape, affine), self._voxels)

    def _note_motion(self, number: int, motion: NDArray[np.float64]) -> None:
        moved_mm = 0.0 if self._last_motion is None else displacement_mm(motion - self._last_motion)
        self._last_motion = motion
        if moved_mm > MOVED_MM:
            self.reports.append(Refusal("moved", f"the head moved by {moved_mm:.1f} mm before volume {number}"))
