"""A bundle brings the grid of its voxels, and the reference that volumes are aligned to."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.bundle.saved_space import described_space, reference_part, saved_space
from hotwire.decoder.volumes import VolumeSpace
from hotwire.errors import BundleError

AFFINE = np.array([[-3.0, 0, 0, 1 / 3], [0, 3.5, 0, -35], [0, 0, 4, 7], [0, 0, 0, 1]])


@pytest.mark.parametrize("reference", [None, np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32)])
def test_a_space_comes_back_as_it_was(reference: np.ndarray | None) -> None:
    space = VolumeSpace((4, 3, 2), AFFINE, reference, 4.5)
    again = saved_space({"space": described_space(space)}, reference_part(space))
    assert again is not None
    assert (again.shape, again.smooth_mm, again.realigns) == ((4, 3, 2), 4.5, reference is not None)
    assert np.array_equal(again.affine, AFFINE)
    assert np.array_equal(np.asarray(again.reference), np.asarray(reference))


def test_bundles_without_volumes_have_none_and_a_missing_reference_is_named() -> None:
    assert saved_space({}, {}) is None
    assert saved_space({"space": described_space(None)}, {}) is None
    space = described_space(VolumeSpace((4, 3, 2), AFFINE, np.zeros((4, 3, 2), np.float32)))
    with pytest.raises(BundleError, match=r"reference\.npy.*is missing"):
        saved_space({"space": space}, {})
