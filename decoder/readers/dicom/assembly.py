"""Volumes from slices, whole or waiting for those that are still missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from .header import DicomSlices

SAME_PLACE_MM = 1e-3
UNEVEN = 0.02
"""By how much of their usual distance slices may lie unevenly."""
TO_RIGHT_FRONT_TOP = np.diag([-1.0, -1.0, 1.0, 1.0])


class DicomVolume(NamedTuple):
    """A whole volume.

    Attributes
    ----------
    values : array (x, y, z), float32
        Oriented as dcm2niix writes NIfTI: x along the rows, y up the columns, z from slice to slice.
    affine : array (4, 4)
        From voxels to millimetres, to the right, the front and the top (as in NIfTI).
    number : int
    acquired_s : float
        Seconds since midnight; NaN where the files do not say.
    """

    values: NDArray[np.float32]
    affine: NDArray[np.float64]
    number: int
    acquired_s: float


class VolumeAssembly:
    """Puts slices together; gives a volume once all of its slices are there.

    Parameters
    ----------
    n_slices : int, optional
        How many slices a volume has, where the files do not say.
    """

    def __init__(self, n_slices: int | None = None) -> None:
        self._n_slices = n_slices
        self._waiting: dict[int, list[DicomSlices]] = {}

    @property
    def waiting(self) -> dict[int, int]:
        """How many slices came of each volume that is not whole, by its number."""
        return {number: sum(len(one.values) for one in parts) for number, parts in self._waiting.items()}

    def drop(self, number: int) -> None:
        """Forget the slices of a volume that is not awaited any more."""
        self._waiting.pop(number, None)

    def add(self, slices: DicomSlices) -> list[DicomVolume]:
        """Take the slices of a file, and return the volumes that are whole by them, in order.

        A slice that comes again replaces the one before. RecordingError where slices do not fit together.
        """
        whole = []
        for number in np.unique(slices.volume).tolist():
            mine = slices.volume == number
            part = slices._replace(
                values=slices.values[mine], positions=slices.positions[mine], volume=slices.volume[mine]
            )
            parts = self._waiting.setdefault(number, [])
            parts[:] = [*(one for one in parts if not _same_places(one, part)), part]
            expected = self._n_slices if slices.n_of_volume is None else slices.n_of_volume
            if expected is not None and sum(len(one.values) for one in parts) >= expected:
                whole.append(stacked(self._waiting.pop(number)))
        return whole

    def rest(self) -> list[DicomVolume]:
        """Return the volumes whose number of slices no file says: all that came, as every file is there."""
        volumes = [stacked(parts) for _, parts in sorted(self._waiting.items())]
        self._waiting.clear()
        return volumes


def stacked(parts: list[DicomSlices]) -> DicomVolume:
    """Return one volume of all slices, in order along the direction in which they are stacked."""
    first = parts[0]
    for part in parts[1:]:
        if part.values.shape[1:] != first.values.shape[1:] or np.abs(part.directions - first.directions).max() > 1e-4:
            raise RecordingError(
                f"volume {first.volume[0]}: expected slices of one size and direction, got {first.values.shape[1:]} "
                f"and {part.values.shape[1:]}"
            )
    values = np.concatenate([part.values for part in parts])
    positions = np.concatenate([part.positions for part in parts])
    normal = np.cross(*first.directions)
    depth = positions @ normal
    order = np.argsort(depth, kind="stable")
    step = normal * first.thickness_mm
    if len(order) > 1:
        steps = np.diff(positions[order], axis=0)
        step = (positions[order[-1]] - positions[order[0]]) / (len(order) - 1)
        if np.abs(steps - step).max() > max(UNEVEN * float(np.linalg.norm(step)), SAME_PLACE_MM):
            raise RecordingError(
                f"volume {first.volume[0]}: expected slices at equal distances, got steps of "
                f"{np.abs(steps @ normal).min():.3g} to {np.abs(steps @ normal).max():.3g} mm; one is missing or twice"
            )
    n_rows = values.shape[1]
    affine = np.eye(4)
    affine[:3, 0] = first.directions[0] * first.spacing[1]
    affine[:3, 1] = -first.directions[1] * first.spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = positions[order[0]] + first.directions[1] * first.spacing[0] * (n_rows - 1)
    volume = np.ascontiguousarray(values[order].transpose(2, 1, 0)[:, ::-1])
    times = [part.acquired_s for part in parts]
    return DicomVolume(volume, TO_RIGHT_FRONT_TOP @ affine, int(first.volume[0]), float(np.min(times)))


def _same_places(one: DicomSlices, other: DicomSlices) -> bool:
    return one.positions.shape == other.positions.shape and bool(
        np.abs(one.positions - other.positions).max() < SAME_PLACE_MM
    )
