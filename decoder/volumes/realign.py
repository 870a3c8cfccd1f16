"""Where the head lies in a volume, compared with a reference: six numbers, by least squares.

Gauss and Newton's method with the derivative images of the reference, which are computed once (as the real-time
realignment of AFNI, and SPM's, do). Every volume is aligned by itself, so that a lost one changes nothing for others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .sampling import cubic_at, inside
from .smoothing import smooth

WIDTH_MM = 8.0
"""Volumes are smoothed by this before they are compared: less noise, and steps of several voxels converge."""
SPACING_MM = 6.0
"""About how far the compared places lie from each other."""
HEAD_SHARE = 0.2
"""Places brighter than this share of the reference's brightest belong to the head."""
MARGIN = 2
"""Voxels at the edge of the reference that are not compared: they soon leave the volume."""
HEAD_RADIUS_MM = 50.0
MIN_PLACES = 100
AXES = tuple(np.eye(3)[:, :, None])
MAX_ITERATIONS = 40
SETTLED = 1e-5
"""Millimetres and radians; smaller steps end the search."""
DIGITS = 6
"""Results are rounded to a millionth, so that the last bits of a sum, which depend on the machine, never show."""


class HeadMotion(NamedTuple):
    """Where the head is, compared with the reference.

    Attributes
    ----------
    parameters : array (6,)
        Translations along x, y, z in millimetres, rotations about them in radians, about the middle of the reference;
        see `MOTION_NAMES`.
    converged : bool
        False where the search did not settle: then the volume does not look like the reference.
    """

    parameters: NDArray[np.float64]
    converged: bool


class Realigner:
    """Finds the rigid motion from a reference to volumes.

    Parameters
    ----------
    reference : array (x, y, z)
    affine : array (4, 4)
        Of the reference, from voxels to millimetres.
    """

    def __init__(self, reference: NDArray[np.float32], affine: NDArray[np.float64]) -> None:
        blurred = smooth(np.asarray(reference, np.float32), affine, WIDTH_MM)
        self.middle_mm = affine[:3, :3] @ ((np.array(reference.shape) - 1) / 2) + affine[:3, 3]
        places = _head(blurred, affine)
        to_mm = np.linalg.inv(affine[:3, :3]).T
        slopes = to_mm @ np.stack([(cubic_at(blurred, places + e) - cubic_at(blurred, places - e)) / 2 for e in AXES])
        self._mm = affine[:3, :3] @ places + affine[:3, 3:]
        self._values = cubic_at(blurred, places)
        arms = self._mm - self.middle_mm[:, None]
        turns = np.cross(arms, slopes, axis=0)
        self._derivatives = np.concatenate([slopes, turns, self._values[None]])  # the last: how bright the volume is

    def motion(self, volume: NDArray[np.float32], affine: NDArray[np.float64]) -> HeadMotion:
        """Return the head's motion from the reference to a volume (x, y, z) with this affine."""
        blurred = smooth(np.asarray(volume, np.float32), affine, WIDTH_MM)
        to_voxels = np.linalg.inv(affine)
        moved = np.eye(4)
        converged = False
        for _ in range(MAX_ITERATIONS):
            places = apply(to_voxels @ self._about_middle(moved), self._mm)
            use = inside(blurred.shape, places)
            if use.sum() < MIN_PLACES:
                break
            values, derivatives = cubic_at(blurred, places[:, use]), self._derivatives[:, use]
            ours = self._values[use]
            brightness = float(values @ ours) / float(ours @ ours)
            if not brightness > 0:
                break
            slope = derivatives @ (values / brightness - ours)
            step = np.asarray(np.linalg.solve(derivatives @ derivatives.T, slope)[:6], np.float64)
            moved = moved @ np.linalg.inv(rigid(step))
            if np.abs(step).max() < SETTLED:
                converged = True
                break
        return HeadMotion(np.round(parameters_of(moved), DIGITS) + 0.0, converged)

    def matrix(self, motion: HeadMotion) -> NDArray[np.float64]:
        """Return the motion as a matrix (4, 4): where what was at a place (mm) of the reference is in the volume."""
        return self._about_middle(rigid(motion.parameters))

    def _about_middle(self, moved: NDArray[np.float64]) -> NDArray[np.float64]:
        there, back = np.eye(4), np.eye(4)
        there[:3, 3], back[:3, 3] = self.middle_mm, -self.middle_mm
        return there @ moved @ back


def displacement_mm(parameters: NDArray[np.float64]) -> float:
    """Return a motion, or a difference of two, as one number: of what is 50 mm from the middle, summed over the six.

    Power et al. (2012), framewise displacement.

    >>> displacement_mm(np.array([1.0, -0.5, 0.0, 0.0, 0.02, 0.0]))
    2.5
    """
    return float(np.abs(parameters[:3]).sum() + HEAD_RADIUS_MM * np.abs(parameters[3:]).sum())


def apply(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points (3, n) after an affine matrix (4, 4)."""
    return matrix[:3, :3] @ points + matrix[:3, 3:]


def rigid(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix (4, 4) of three translations and three rotations, which turn about z, then y, then x.

    >>> rigid(np.array([1.0, 2.0, 3.0, 0.0, 0.0, np.pi / 2])).round(3).tolist()
    [[0.0, -1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 0.0, 1.0]]
    """
    (cx, cy, cz), (sx, sy, sz) = np.cos(parameters[3:]), np.sin(parameters[3:])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]])
    about_y = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    about_z = np.array([[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_x @ about_y @ about_z
    matrix[:3, 3] = parameters[:3]
    return matrix


def parameters_of(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the six parameters of a rigid matrix, the inverse of `rigid`."""
    turn = matrix[:3, :3]
    angles = [
        np.arctan2(-turn[1, 2], turn[2, 2]),
        np.arcsin(np.clip(turn[0, 2], -1.0, 1.0)),
        np.arctan2(-turn[0, 1], turn[0, 0]),
    ]
    return np.array([*matrix[:3, 3], *angles])


def _head(blurred: NDArray[np.float32], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the places (3, n) of the reference that are compared, in voxels."""
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    steps = np.maximum(1, np.floor(SPACING_MM / sizes)).astype(int)
    margins = [MARGIN if n > 4 * MARGIN else 1 for n in blurred.shape]
    axes = [np.arange(m, n - m, step) for m, n, step in zip(margins, blurred.shape, steps, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    values = blurred[tuple(places)]
    bright = values > HEAD_SHARE * (np.percentile(values, 99) if values.size else 0.0)
    if bright.sum() < MIN_PLACES or min(blurred.shape) < 5:
        raise InputError(
            f"realign: expected a reference with a head in it, at least five voxels along each axis, got a volume of "
            f"{' x '.join(map(str, blurred.shape))} voxels with {int(bright.sum())} places to compare"
        )
    return places[:, bright].astype(np.float64)
