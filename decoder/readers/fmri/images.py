"""NIfTI images: opened without their values, read a slab of volumes at a time, compared by their grids."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import MissingExtraError, NonFiniteError, RecordingError
from ..damaged import reading

AnyPath = str | PathLike[str]

AFFINE_TOLERANCE = 1e-3
IMAGES = (".nii", ".nii.gz", ".hdr", ".img", ".img.gz", ".hdr.gz")
SLAB_BYTES = 64 * 2**20
MOST_PACKED = 1032
"""How many times larger what is packed by gzip can become."""


def open_image(path: Path) -> Any:
    """Return the image with only its header read."""
    try:
        import nibabel
    except ImportError as error:
        raise MissingExtraError("reading NIfTI needs nibabel; install hotwire[all]") from error
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    if not path.name.lower().endswith(IMAGES):  # nibabel would take a table of movement, .par, for Philips' images
        raise RecordingError(f"{path}: expected a NIfTI image ({' or '.join(IMAGES)}), got a file of another kind")
    with reading(path, "cannot be read as NIfTI"):
        image = nibabel.load(path)  # type: ignore[attr-defined]
    if not isinstance(image, nibabel.Nifti1Image):
        raise RecordingError(f"{path}: expected a NIfTI image (.nii or .nii.gz), got {type(image).__name__}")
    if min(image.shape, default=0) < 1:
        raise RecordingError(f"{path}: expected sizes of 1 or more in the header, got {image.shape}; it is damaged")
    _check_size(path, image)
    kind = np.dtype(image.get_data_dtype()).kind
    if kind not in "iuf":
        what = {"c": "complex numbers", "V": "colours"}.get(kind, "another kind of value")
        raise RecordingError(f"{path}: expected one real number for each voxel, got {what}; save the magnitude, say")
    return image


def _check_size(path: Path, image: Any) -> None:
    """Refuse an image whose header promises more than can be in its file, before memory is taken for it."""
    file = Path(image.file_map["image"].filename)
    size = file.stat().st_size * (MOST_PACKED if file.suffix.lower() == ".gz" else 1) if file.is_file() else 0
    promised = float(np.prod(image.shape, dtype=np.float64)) * np.dtype(image.get_data_dtype()).itemsize
    if promised > size:
        raise RecordingError(
            f"{path}: truncated or damaged; its header promises the shape {image.shape}, {promised:.4g} bytes, but "
            f"the file has {file.stat().st_size if file.is_file() else 'none'}"
        )


def slabs(path: Path, image: Any) -> Iterator[NDArray]:
    """Yield the volumes of an image in order, a slab (x, y, z, n_volumes) at a time."""
    packed = path.suffix.lower() == ".gz"
    opened = gzip.open if packed else open
    n_at_once = max(1, SLAB_BYTES // (8 * int(np.prod(image.shape[:3]))))
    damaged = f"truncated or damaged; its header promises the shape {image.shape}, but reading failed"
    with reading(path, damaged), opened(path, "rb") as file:
        volumes = type(image).from_stream(file).dataobj.reshape((*image.shape[:3], -1))
        for first in range(0, volumes.shape[3], n_at_once):
            yield np.asanyarray(volumes[..., first : first + n_at_once])
        del volumes
        while packed and file.read(2**20):  # only at its end does gzip compare the checksum
            pass


def read_volumes(out: NDArray[np.float32], path: Path, image: Any, keep: NDArray[np.bool_]) -> None:
    """Fill `out` (n_volumes, n_voxels) from the file, a slab of volumes at a time."""
    first = 0
    for slab in slabs(path, image):
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is reported
            out[first : first + slab.shape[3]] = slab[keep].T
        first += slab.shape[3]
    if not np.isfinite(out).all():
        volume, column = np.argwhere(~np.isfinite(out))[0]
        n_bad = int((~np.isfinite(out)).any(axis=0).sum())
        raise NonFiniteError(
            f"{path}: expected finite numbers, got {out[volume, column]} in voxel "
            f"{_index(np.argwhere(keep)[column])}, volume {volume}; {n_bad} of {out.shape[1]} voxels are "
            "not finite. Give a mask that leaves them out"
        )


def read_volume(path: AnyPath) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the values (x, y, z) of a mask or an atlas, and the affine (4, 4) from voxels to millimetres."""
    path = Path(path)
    image = open_image(path)
    if len(image.shape) < 3 or np.prod(image.shape[3:]) != 1:
        raise RecordingError(f"{path}: expected one volume (x, y, z), got shape {image.shape}")
    whole = np.ones(image.shape[:3], bool)
    values = np.empty((1, whole.size), np.float32)
    read_volumes(values, path, image, whole)
    return values.reshape(whole.shape), image.affine


def read_mask(path: AnyPath, above: float | None = None) -> NDArray[np.bool_]:
    """Return where a mask of whole numbers is not zero, or where one of probabilities is above a value, (x, y, z)."""
    values = read_volume(path)[0]
    if above is None and not np.array_equal(values, np.round(values)):
        raise RecordingError(
            f"{path}: expected a mask of zeros and ones, got fractions from {values.min():g} to {values.max():g}; "
            "make it one, or say in a study from which value on a voxel counts: mask_above = 0.5"
        )
    keep = values != 0 if above is None else values > above
    if not keep.any():
        raise RecordingError(
            f"{path}: the mask is empty; no voxel of it "
            + ("differs from zero" if above is None else f"is above {above:g}")
        )
    return keep


def check_grid(path: Path, image: Any, other_path: Path, other: Any) -> None:
    if image.shape[:3] != other.shape[:3]:
        raise RecordingError(
            f"{other_path} has the shape {other.shape[:3]}, but {path} has {image.shape[:3]}; bring both onto one grid"
        )
    difference = float(np.abs(image.affine - other.affine).max())
    if not difference <= AFFINE_TOLERANCE:
        raise RecordingError(
            f"{other_path} and {path} have the same shape {image.shape[:3]} but lie elsewhere in space: "
            f"their affines differ by up to {difference:g} (at most {AFFINE_TOLERANCE:g} is allowed); bring "
            "both onto one grid"
        )


def _index(voxel: NDArray) -> str:
    return "(" + ", ".join(map(str, voxel.tolist())) + ")"
