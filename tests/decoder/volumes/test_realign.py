"""Realignment: motion that was put in comes out, and real volumes move as a slower method of another kind says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, optimize
from scipy.spatial.transform import Rotation

from hotwire.decoder.readers.dicom.assembly import VolumeAssembly
from hotwire.decoder.readers.dicom.slices import read_slices
from hotwire.decoder.volumes import VolumePreparation, VolumeSpace
from hotwire.decoder.volumes.realign import Realigner, parameters_of, rigid
from hotwire.errors import InputError, NonFiniteError, RecordingError

from ..readers.conftest import recordings

AFFINE = np.array([[-3.0, 0, 0, 60], [0, 2.9, -1.0, -40], [0, 0.8, 3.625, -68], [0, 0, 0, 1]])
SHAPE = (40, 38, 30)
MIDDLE_MM = AFFINE[:3, :3] @ ((np.array(SHAPE) - 1) / 2) + AFFINE[:3, 3]


def head(parameters: NDArray | None = None, affine: NDArray = AFFINE) -> NDArray[np.float32]:
    """A head of smooth blobs, computed where it lies after a motion (scipy's rotations, not the module's own)."""
    given = np.zeros(6) if parameters is None else parameters
    indices = np.indices(SHAPE).reshape(3, -1)
    mm = affine[:3, :3] @ indices + affine[:3, 3:]
    turn = Rotation.from_euler("XYZ", given[3:]).as_matrix()
    before = turn.T @ (mm - MIDDLE_MM[:, None] - given[:3, None])
    rng = np.random.default_rng(0)
    values = 800.0 / (1 + np.exp((np.linalg.norm(before / [[38.0], [42.0], [32.0]], axis=0) - 1) * 12))
    for centre, width, weight in zip(
        rng.uniform(-28, 28, (40, 3)), rng.uniform(6, 10, 40), rng.uniform(-400, 400, 40), strict=True
    ):
        values += weight * np.exp(-((before - centre[:, None]) ** 2).sum(axis=0) / (2 * width**2))
    return np.maximum(values, 0).reshape(SHAPE).astype(np.float32)


def degrees_and_mm(found: NDArray, expected: NDArray) -> tuple[float, float]:
    return float(np.abs(found[:3] - expected[:3]).max()), float(np.degrees(np.abs(found[3:] - expected[3:]).max()))


@pytest.mark.parametrize(
    "parameters",
    [
        [1.0, 0, 0, 0, 0, 0],
        [0, 2.0, 0, 0, 0, 0],
        [0, 0, -5.0, 0, 0, 0],
        [5.0, -3.0, 4.0, 0, 0, 0],
        [0, 0, 0, 0.05, 0, 0],
        [1.5, -0.4, 0.8, -0.03, 0.06, 0.04],
    ],
)
def test_a_motion_that_was_put_in_is_found(parameters: list[float]) -> None:
    expected = np.array(parameters)
    found = Realigner(head(), AFFINE).motion(1.3 * head(expected), AFFINE)
    assert found.converged
    mm, degrees = degrees_and_mm(found.parameters, expected)
    assert mm < 0.05
    assert degrees < 0.05


def test_voxels_are_taken_where_they_lie_that_day() -> None:
    moved = np.array([3.0, -2.0, 1.0, 0.0, 0.0, 0.04])
    voxels = np.argwhere(head() > 500)[::50]
    here = head()[tuple(voxels.T)]
    prepared = VolumePreparation(VolumeSpace(SHAPE, AFFINE, head()), voxels)(head(moved), AFFINE)
    assert np.abs(head(moved)[tuple(voxels.T)] - here).max() > 100
    assert np.abs(prepared.values - here).max() < 15
    # On a day on which the scanner's slices lie elsewhere, the same head is at the same millimetres.
    affine = AFFINE + np.eye(4)[:, :1] @ np.array([[0, 0, 0, 4.0]])
    prepared = VolumePreparation(VolumeSpace(SHAPE, AFFINE, head()), voxels)(head(None, affine), affine)
    assert prepared.motion is not None
    assert np.abs(prepared.motion.parameters).max() < 0.02
    assert np.abs(prepared.values - here).max() < 15


def test_a_volume_that_is_no_head_does_not_converge() -> None:
    noise = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    assert not Realigner(head(), AFFINE).motion(noise, AFFINE).converged
    with pytest.raises(InputError, match="expected a reference with a head in it"):
        Realigner(np.zeros(SHAPE, np.float32), AFFINE)


def test_without_a_reference_volumes_are_taken_as_they_lie() -> None:
    space = VolumeSpace(SHAPE, AFFINE, None, 6.0)
    prepared = VolumePreparation(space, [[20, 18, 12], [5, 30, 3]]).checked(head(), AFFINE, "one")
    sigmas = 6.0 / np.sqrt(8 * np.log(2)) / np.linalg.norm(AFFINE[:3, :3], axis=0)
    expected = ndimage.gaussian_filter(head(), sigmas, mode="nearest", truncate=6.0)
    np.testing.assert_allclose(prepared.values, [expected[20, 18, 12], expected[5, 30, 3]], rtol=2e-3, atol=0.5)
    with pytest.raises(RecordingError, match="volume 3: it has the matrix 40 x 38 x 29, expected 40 x 38 x 30"):
        VolumePreparation(space, [[0, 0, 0]]).checked(head()[..., :29], AFFINE, "volume 3")


def test_voxels_that_leave_the_volume_are_named() -> None:
    space = VolumeSpace(SHAPE, AFFINE, head())
    with pytest.raises(NonFiniteError, match=r"volume 9: 1 of 2 voxels are outside it.*\(0, 20, 12\)"):
        VolumePreparation(space, [[20, 20, 12], [0, 20, 12]]).checked(
            head(np.array([5.0, 0, 0, 0, 0, 0])), AFFINE, "volume 9"
        )


def test_parameters_and_matrices_are_each_other_s_inverse() -> None:
    parameters = np.array([1.0, -2.0, 3.0, 0.1, -0.2, 0.3])
    np.testing.assert_allclose(parameters_of(rigid(parameters)), parameters)
    np.testing.assert_allclose(rigid(parameters)[:3, :3], Rotation.from_euler("XYZ", parameters[3:]).as_matrix())


@pytest.mark.slow
@pytest.mark.parametrize("number", [60, 155])
def test_real_volumes_move_as_scipy_s_optimiser_says(number: int) -> None:
    """The same question asked otherwise: splines, all voxels of the head, numerical derivatives, scipy's smoothing."""
    folder = recordings("opennft-run") / "dicom"
    volumes = []
    for one in (1, number):
        slices = read_slices((folder / f"001_000007_{one:06d}.dcm").read_bytes())
        assert slices is not None
        volumes += VolumeAssembly().add(slices)
    first, later = volumes
    affine, shape = first.affine, np.array(first.values.shape)
    sigmas = 8.0 / np.sqrt(8 * np.log(2)) / np.linalg.norm(affine[:3, :3], axis=0)
    before, after = (ndimage.gaussian_filter(one.values.astype(float), sigmas, mode="nearest") for one in volumes)
    inside = np.zeros(shape, bool)
    inside[2:-2:2, 2:-2:2, 2:-2] = True
    places = np.argwhere(inside & (before > 0.2 * np.percentile(before, 99))).T
    mm = affine[:3, :3] @ places + affine[:3, 3:]
    middle = (affine[:3, :3] @ ((shape - 1) / 2) + affine[:3, 3])[:, None]
    spline, ours = ndimage.spline_filter(after, 3), before[tuple(places)]

    def residual(p: NDArray) -> NDArray:
        turned = Rotation.from_euler("XYZ", p[3:6] / 50).as_matrix() @ (mm - middle) + middle + p[:3, None]
        there = np.linalg.inv(affine[:3, :3]) @ (turned - affine[:3, 3:])
        return p[6] * ndimage.map_coordinates(spline, there, prefilter=False, mode="nearest") - ours

    found = optimize.least_squares(residual, np.array([0, 0, 0, 0, 0, 0, 1.0]), xtol=1e-8).x
    expected = np.array([*found[:3], *found[3:6] / 50])
    mm_off, degrees_off = degrees_and_mm(
        Realigner(first.values, affine).motion(later.values, affine).parameters, expected
    )
    assert mm_off < 0.05
    assert degrees_off < 0.05
