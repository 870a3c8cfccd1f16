"""Made-up DICOM files of three kinds of scanners, written with pydicom from a volume and its affine."""

from __future__ import annotations

import struct
from io import BytesIO
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID as UIDValue
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

TO_LEFT_BACK_TOP = np.diag([-1.0, -1.0, 1.0, 1.0])
AFFINE = np.array([[-3.0, 0.1, 0, 20], [0.1, 3.0, 0, -15], [0, 0.4, 0, 7], [0, 0, 0, 1]])
AFFINE[:3, 2] = 4.0 * np.cross(AFFINE[:3, 1], AFFINE[:3, 0]) / np.linalg.norm(np.cross(AFFINE[:3, 1], AFFINE[:3, 0]))
UID = "1.2.826.0.1.3680043.8.498"
NAME = "bold run"
TR_S = 2.0


def volume(number: int, shape: tuple[int, int, int] = (6, 5, 4)) -> NDArray[np.uint16]:
    return np.random.default_rng(number).integers(0, 2000, shape).astype(np.uint16)


def dataset(
    number: int, series: int = 7, tr_s: float = TR_S, protocol: str = NAME, acquired_s: float | None = None
) -> FileDataset:
    """A file of a series that began at ten in the morning; by default its number says when it was acquired."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = UIDValue(f"{UID}.{series}.{number}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("made", {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.SeriesInstanceUID, made.SeriesNumber, made.ProtocolName = f"{UID}.{series}", series, protocol
    made.InstanceNumber = number
    made.RepetitionTime = round(1000 * tr_s, 3)
    after_s = number * tr_s if acquired_s is None else acquired_s
    whole_s = int(10 * 3600 + series * 600 + after_s)
    made.AcquisitionTime = (
        f"{whole_s // 3600:02}{whole_s // 60 % 60:02}{whole_s % 60:02}.{round(after_s % 1, 3) * 1000:03.0f}"
    )
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    return made


def geometry(affine: NDArray[np.float64], n_rows: int) -> tuple[NDArray, NDArray, list[float], NDArray]:
    """Directions (2, 3), the first slice's position, spacing, and the step from slice to slice."""
    columns = (TO_LEFT_BACK_TOP @ affine)[:3]
    across, down, step = columns[:, 0], -columns[:, 1], columns[:, 2]
    first = columns[:, 3] + columns[:, 1] * (n_rows - 1)
    sizes = np.linalg.norm([across, down], axis=1)
    return np.array([across, down]) / sizes[:, None], first, [float(sizes[1]), float(sizes[0])], step


def as_pictures(values: NDArray) -> NDArray[np.uint16]:
    """Slices (z, rows, columns) of a volume (x, y, z), whose y goes up the columns."""
    return np.ascontiguousarray(values[:, ::-1].transpose(2, 1, 0)).astype(np.uint16)


def numbers(values: object) -> list[float]:
    return [float(f"{value:.10g}") for value in np.ravel(np.asarray(values))]


def place(made: Dataset, directions: NDArray, position: NDArray, spacing: list[float]) -> None:
    made.ImageOrientationPatient, made.ImagePositionPatient = numbers(directions), numbers(position)
    made.PixelSpacing = numbers(spacing)


def written(made: FileDataset) -> bytes:
    file = BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def csa(entries: dict[str, list[str]]) -> bytes:
    """Siemens' private header, in its second version."""
    content = b"SV10" + b"\4\3\2\1" + struct.pack("<2I", len(entries), 77)
    for name, values in entries.items():
        kind = b"FD\0\0" if "." in values[0] else b"SH\0\0" if "*" in values[0] else b"IS\0\0"
        content += struct.pack("<64si4s3i", name.encode(), len(values), kind, 6, len(values), 77)
        for value in values:
            text = value.encode() + b"\0"
            content += struct.pack("<4i", len(text), len(text), 77, len(text)) + text.ljust(
                (len(text) + 3) // 4 * 4, b"\0"
            )
    return content


def mosaic(values: NDArray, number: int, affine: NDArray = AFFINE, **of_series: object) -> bytes:
    """A volume as Siemens scanners send it."""
    pictures = as_pictures(values)
    n, rows, columns = pictures.shape
    across = ceil(sqrt(n))
    square = np.zeros((across**2, rows, columns), np.uint16)
    square[:n] = pictures
    picture = (
        square.reshape(across, across, rows, columns).transpose(0, 2, 1, 3).reshape(across * rows, across * columns)
    )
    directions, first, spacing, step = geometry(affine, rows)
    corner = first - directions[0] * spacing[1] * columns * (across - 1) / 2
    corner = corner - directions[1] * spacing[0] * rows * (across - 1) / 2
    made = dataset(number, **of_series)  # type: ignore[arg-type]
    made.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    made.Manufacturer = "SIEMENS"
    place(made, directions, corner, spacing)
    made.SpacingBetweenSlices = f"{np.linalg.norm(step):.8g}"
    block = made.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    normal = step / np.linalg.norm(step)
    entries = {"NumberOfImagesInMosaic": [str(n)], "AcquisitionMatrixText": [f"{rows}*{columns}"]}
    block.add_new(0x10, "OB", csa({**entries, "SliceNormalVector": [f"{v:.10f}" for v in normal]}))
    made.Rows, made.Columns, made.PixelData = *picture.shape, picture.tobytes()
    return written(made)


def single_slices(
    values: NDArray, number: int, affine: NDArray = AFFINE, slope: float = 1.0, **of_series: object
) -> list[bytes]:
    """A volume as single slices, as General Electric's scanners send it."""
    pictures = as_pictures(values)
    directions, first, spacing, step = geometry(affine, pictures.shape[1])
    files = []
    for i, picture in enumerate(pictures):
        given: Any = {"acquired_s": number * TR_S} | of_series
        made = dataset((number - 1) * len(pictures) + i + 1, **given)
        made.TemporalPositionIdentifier = number
        made.add_new((0x2001, 0x0010), "LO", "Philips Imaging DD 001")
        made.add_new((0x2001, 0x1018), "SL", len(pictures))
        place(made, directions, first + i * step, spacing)
        made.SliceThickness = 1.0
        made.RescaleSlope, made.RescaleIntercept = slope, 0
        made.Rows, made.Columns, made.PixelData = *picture.shape, picture.tobytes()
        files.append(written(made))
    return files


def enhanced(series_of_values: list[NDArray], number: int, affine: NDArray = AFFINE, **of_series: object) -> bytes:
    """One volume, or several, as an enhanced file of many frames, the slices interleaved."""
    made = dataset(number, **of_series)  # type: ignore[arg-type]
    directions, first, spacing, step = geometry(affine, as_pictures(series_of_values[0]).shape[1])
    shared = Dataset()
    orientation, measures, timing = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = numbers(directions)
    measures.PixelSpacing, measures.SliceThickness = numbers(spacing), 1.0
    timing.RepetitionTime = made.RepetitionTime
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.MRTimingAndRelatedParametersSequence = Sequence([timing])
    frames, pictures = [], []
    for time, values in enumerate(series_of_values, start=1):
        slices = as_pictures(values)
        for i in [*range(0, len(slices), 2), *range(1, len(slices), 2)]:
            position, content, frame = Dataset(), Dataset(), Dataset()
            position.ImagePositionPatient = numbers(first + i * step)
            content.TemporalPositionIndex = time
            frame.PlanePositionSequence, frame.FrameContentSequence = Sequence([position]), Sequence([content])
            frames.append(frame)
            pictures.append(slices[i])
    made.SharedFunctionalGroupsSequence = Sequence([shared])
    made.PerFrameFunctionalGroupsSequence = Sequence(frames)
    made.NumberOfFrames = len(frames)
    stack = np.stack(pictures)
    made.Rows, made.Columns, made.PixelData = *stack.shape[1:], stack.tobytes()
    return written(made)


def write_mosaics(folder: Path, ids: range, shape: tuple[int, int, int] = (6, 5, 4), **given: object) -> None:
    folder.mkdir(exist_ok=True)
    for number in ids:
        (folder / f"{number:06d}.dcm").write_bytes(mosaic(volume(number, shape), number, **given))  # type: ignore[arg-type]
