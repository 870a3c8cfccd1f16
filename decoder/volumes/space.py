"""The space in which a decoder's voxels lie, and what every volume goes through on its way there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError

AFFINE_TOLERANCE = 1e-3
SIZE_TOLERANCE_MM = 0.01
MOTION_NAMES = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
"""Translations in millimetres and rotations in radians, named as fMRIPrep names them."""


@dataclass(frozen=True, eq=False)
class VolumeSpace:
    """The grid of a decoder's voxels, and how volumes are brought to it.

    Attributes
    ----------
    shape : (int, int, int)
        Voxels along x, y and z.
    affine : array (4, 4)
        From voxel indices to millimetres, to the right, the front and the top (as in NIfTI).
    reference : array `shape`, float32, or None
        The volume that all others are aligned to; None where volumes are taken as they lie.
    smooth_mm : float
        The width (at half of its height) of the Gaussian that volumes are smoothed with; 0 for none.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    reference: NDArray[np.float32] | None = None
    smooth_mm: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "affine", np.array(self.affine, np.float64))
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise ShapeError(f"shape: expected three sizes of 1 or more, got {self.shape}")
        if not _says_places(self.affine):
            raise ShapeError(
                "affine: expected 4 x 4 finite numbers that can be inverted, such as those of a NIfTI file"
            )
        if self.reference is not None and self.reference.shape != self.shape:
            raise ShapeError(f"reference: expected the shape {self.shape}, got {self.reference.shape}")
        if not (np.isfinite(self.smooth_mm) and self.smooth_mm >= 0):
            raise InputError(f"smooth_mm: expected millimetres, zero or more, got {self.smooth_mm}")

    @property
    def realigns(self) -> bool:
        """Whether volumes are aligned to a reference."""
        return self.reference is not None

    def difference(self, shape: Sequence[int], affine: NDArray[np.float64]) -> str | None:
        """Say in what a volume differs so that it cannot be brought here; None if it can.

        Where volumes are aligned, another position of the head or of the slices is no difference.
        """
        return grid_difference(shape, affine, self.shape, self.affine, anywhere=self.realigns)

    def to_dict(self) -> dict[str, Any]:
        """All but the reference, ready for JSON."""
        return {"shape": list(self.shape), "affine": self.affine.tolist(), "smooth_mm": self.smooth_mm}


def grid_of(shape: Sequence[int], affine: NDArray[np.float64]) -> VolumeSpace | None:
    """Return the space of volumes that are taken as they lie; None where the affine does not say where that is."""
    return VolumeSpace((shape[0], shape[1], shape[2]), affine) if _says_places(affine) else None


def _says_places(affine: NDArray[np.float64]) -> bool:
    return affine.shape == (4, 4) and bool(np.isfinite(affine).all()) and abs(np.linalg.det(affine)) >= 1e-9


def grid_difference(
    shape: Sequence[int],
    affine: NDArray[np.float64],
    expected_shape: Sequence[int],
    expected_affine: NDArray[np.float64],
    *,
    anywhere: bool = False,
) -> str | None:
    """Say in what one grid differs from another; None if they are the same, or, `anywhere`, the same but for a motion.

    Examples
    --------
    >>> grid_difference((64, 64, 30), np.eye(4), (74, 74, 36), np.eye(4))
    'it has the matrix 64 x 64 x 30, expected 74 x 74 x 36'
    """
    if tuple(shape) != tuple(expected_shape):
        return f"it has the matrix {_times(shape)}, expected {_times(expected_shape)}"
    theirs, ours = (np.linalg.norm(a[:3, :3], axis=0) for a in (affine, expected_affine))
    if not np.abs(theirs - ours).max() <= SIZE_TOLERANCE_MM:
        return f"its voxels measure {_times(theirs.round(3))} mm, expected {_times(ours.round(3))} mm"
    away = float(np.abs(affine - expected_affine).max())
    if not anywhere and not away <= AFFINE_TOLERANCE:
        return (
            f"it has the matrix {_times(shape)} as expected, but lies elsewhere in space: the affines differ by up to "
            f"{away:g} (at most {AFFINE_TOLERANCE:g} is allowed)"
        )
    return None


def _times(numbers: Any) -> str:
    return " x ".join(f"{number:g}" for number in numbers)
