"""The space of a decoder's voxels in a bundle: its grid in the manifest, the reference volume as a part of its own."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from ...errors import BundleError
from ..volumes import VolumeSpace
from .sealed import REFERENCE, part_of


def described_space(space: VolumeSpace | None) -> dict[str, Any] | None:
    """What the manifest says of a space."""
    return None if space is None else {**space.to_dict(), "realign": space.realigns}


def reference_part(space: VolumeSpace | None) -> dict[str, bytes]:
    """The reference volume as a part; none where volumes are not realigned."""
    if space is None or space.reference is None:
        return {}
    file = BytesIO()
    np.save(file, space.reference, allow_pickle=False)
    return {REFERENCE: file.getvalue()}


def saved_space(manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> VolumeSpace | None:
    """The space in a bundle; None where its decoder knows none. BundleError where the reference is missing or odd."""
    saved = manifest.get("space")
    if saved is None:
        return None
    reference = None
    if saved["realign"]:
        reference = np.load(BytesIO(part_of(parts, REFERENCE)), allow_pickle=False)
        if reference.dtype != np.float32 or not np.isfinite(reference).all():
            raise BundleError(f"{REFERENCE}: expected finite numbers of float32, got {reference.dtype}")
    return VolumeSpace(tuple(saved["shape"]), np.array(saved["affine"]), reference, float(saved["smooth_mm"]))
