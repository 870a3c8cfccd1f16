"""Any DICOM file of a scanner as slices: a mosaic, an enhanced file of many frames, a single slice."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import MissingExtraError, RecordingError
from ..damaged import reading
from .enhanced import enhanced_slices
from .header import DicomSlices, scaled, seconds, series_of
from .siemens import mosaic_slices, slice_normal, tiles

COMPLAINT = "cannot be read as DICOM"
MAGIC_AT, MAGIC = 128, b"DICM"
SLICES_OF_VOLUME = ((0x2001, 0x1018), (0x0021, 0x104F))
"""Philips' and General Electric's number of slices of a volume, where only their own tags say it."""


def is_dicom(content: bytes) -> bool:
    """Whether these are the first bytes of a DICOM file."""
    return content[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC


def read_slices(content: bytes) -> DicomSlices | None:
    """Return the slices in the bytes of a file; None if it is not whole, as one that is still being written.

    Raises
    ------
    RecordingError
        It holds no picture, or does not say where the slices lie. What pydicom raises for damaged bytes passes.
    MissingExtraError
        pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise MissingExtraError("reading DICOM needs pydicom; install hotwire[dicom]") from error
    if not is_dicom(content):
        return None
    with warnings.catch_warnings():  # of values that the standard forbids and scanners write
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(BytesIO(content))
        if "Rows" not in dataset or not _is_whole(dataset):
            return None
        return _slices(dataset)


def read_file(path: Path) -> DicomSlices | None:
    """Return the slices in a file; None if it is not whole. RecordingError, which names the file, if it is damaged."""
    content = path.read_bytes()
    with reading(path, COMPLAINT):
        return read_slices(content)


def _is_whole(dataset: Any) -> bool:
    """Whether all of the picture is there."""
    if "PixelData" not in dataset:
        return False
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return True  # pydicom says whether it can be unpacked
    n_bytes = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("NumberOfFrames") or 1)
    n_bytes *= int(dataset.get("SamplesPerPixel", 1)) * int(dataset.BitsAllocated) // 8
    return len(dataset.PixelData) >= n_bytes > 0


def _slices(dataset: Any) -> DicomSlices:
    if int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise RecordingError(f"SamplesPerPixel: expected 1 number for each voxel, got {dataset.SamplesPerPixel}")
    pictures = np.asarray(dataset.pixel_array)
    pictures = pictures.reshape(-1, *pictures.shape[-2:])
    frames = dataset.get("PerFrameFunctionalGroupsSequence")
    if frames:
        return enhanced_slices(dataset, pictures, series_of(dataset))
    directions, position, spacing = _place(dataset)
    values = scaled(pictures, [dataset])
    thickness_mm = float(dataset.get("SpacingBetweenSlices") or dataset.get("SliceThickness") or 1.0)
    if len(values) != 1:
        raise RecordingError(
            f"NumberOfFrames: expected one frame, or a table of what each of the {len(values)} shows, got none"
        )
    n_slices = mosaic_slices(dataset)
    number = int(dataset.get("InstanceNumber") or 0)
    if n_slices is None:
        return DicomSlices(
            values,
            position[None],
            directions,
            spacing,
            np.array([_volume_of_slice(dataset)]),
            _n_of_volume(dataset),
            thickness_mm,
            _tr_s(dataset),
            seconds(dataset),
            series_of(dataset),
        )
    values = tiles(values[0], n_slices)
    normal = np.cross(*directions)
    given = slice_normal(dataset)
    normal = normal if given is None or given @ normal > 0 else -normal
    # The position is that of the mosaic's corner, as if the whole of it were one large slice around the head's middle.
    sizes = (np.array(pictures.shape[1:]) - values.shape[1:]) / 2
    position = position + directions[0] * spacing[1] * sizes[1] + directions[1] * spacing[0] * sizes[0]
    return DicomSlices(
        values,
        position + np.arange(n_slices)[:, None] * normal * thickness_mm,
        directions,
        spacing,
        np.full(n_slices, number),
        n_slices,
        thickness_mm,
        _tr_s(dataset),
        seconds(dataset),
        series_of(dataset),
    )


def _place(dataset: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Return directions (2, 3), position (3,) and spacing of a picture."""
    found = {}
    for name, n in (("ImageOrientationPatient", 6), ("ImagePositionPatient", 3), ("PixelSpacing", 2)):
        values = np.array([float(one) for one in dataset.get(name) or []])
        if values.shape != (n,) or not np.isfinite(values).all():
            raise RecordingError(f"{name}: expected {n} numbers, to know where the slice lies, got {values.tolist()}")
        found[name] = values
    rows, columns = found["PixelSpacing"].tolist()
    directions = found["ImageOrientationPatient"].reshape(2, 3)
    if not (rows > 0 and columns > 0 and np.abs(np.cross(*directions)).max() > 0.1):
        raise RecordingError(f"PixelSpacing, ImageOrientationPatient: expected a plane, got {found}")
    return directions, found["ImagePositionPatient"], (rows, columns)


def _n_of_volume(dataset: Any) -> int | None:
    for tag in SLICES_OF_VOLUME:
        element = dataset.get(tag)
        if element is not None and str(element.value).strip().isdecimal() and int(element.value) > 0:
            return int(element.value)
    n_times, n_images = dataset.get("NumberOfTemporalPositions"), dataset.get("ImagesInAcquisition")
    if n_times and n_images and int(n_images) % int(n_times) == 0:
        return int(n_images) // int(n_times)
    return None


def _volume_of_slice(dataset: Any) -> int:
    """The number of the volume of a single slice."""
    if dataset.get("TemporalPositionIdentifier"):
        return int(dataset.TemporalPositionIdentifier)
    n_slices = _n_of_volume(dataset)
    if n_slices is not None and dataset.get("InstanceNumber"):
        return (int(dataset.InstanceNumber) - 1) // n_slices + 1
    return int(dataset.get("AcquisitionNumber") or 0)


def _tr_s(dataset: Any) -> float:
    return float(dataset.get("RepetitionTime") or np.nan) / 1000.0
