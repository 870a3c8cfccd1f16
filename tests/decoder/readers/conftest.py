"""Small NIfTI files, and the real recordings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

AFFINE = np.array([[-3.0, 0, 0, 60], [0, 3.5, 0, -35], [0, 0, 4, 7], [0, 0, 0, 1]])


def recordings(name: str) -> Path:
    """A folder of real recordings; a machine without them skips, and says why."""
    folder = os.environ.get("HOTWIRE_DATA")
    if not folder:
        pytest.skip("HOTWIRE_DATA is not set")
    path = Path(folder) / name
    if not path.is_dir():
        pytest.skip(f"{path} is missing")
    return path


@pytest.fixture(scope="session")
def haxby() -> Path:
    return recordings("haxby2001-slice")


@pytest.fixture(scope="session")
def real_xdf() -> Path:
    return recordings("xdf")


@pytest.fixture(scope="session")
def openbmi() -> Path:
    return recordings("openbmi")


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """Return a function that writes an array as NIfTI."""

    def write(path: Path, array: np.ndarray, tr: float = 2.0, unit: str = "sec", affine: np.ndarray = AFFINE) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = nibabel.Nifti1Image(array, affine)
        image.header.set_xyzt_units("mm", unit)
        if array.ndim == 4:
            image.header.set_zooms((3, 3.5, 4, tr))
        nibabel.save(image, path)  # type: ignore[attr-defined]
        return path

    return write
