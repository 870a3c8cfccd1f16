"""Enhanced files: many frames, each with a table that says where and when it was acquired."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from .header import DicomSlices, Series, scaled, seconds


def enhanced_slices(dataset: Any, pictures: NDArray, series: Series) -> DicomSlices:
    """Return the slices of an enhanced file, of one volume or of a whole series."""
    frames = list(dataset.PerFrameFunctionalGroupsSequence)
    if len(frames) != len(pictures):
        raise RecordingError(
            f"PerFrameFunctionalGroupsSequence: expected one entry for each of {len(pictures)} frames, got "
            f"{len(frames)}"
        )
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [None])[0]

    def group(frame: Any, name: str) -> Any:
        for table in (frame, shared):
            found = None if table is None else table.get(name)
            if found:
                return found[0]
        return {}

    def numbers(name: str, field: str, n: int) -> NDArray[np.float64]:
        each = []
        for i, frame in enumerate(frames):
            values = [float(one) for one in group(frame, name).get(field) or []]
            if len(values) != n or not np.isfinite(values).all():
                raise RecordingError(f"{name}.{field}: expected {n} numbers in frame {i + 1}, got {values}")
            each.append(values)
        return np.array(each)

    directions = numbers("PlaneOrientationSequence", "ImageOrientationPatient", 6)
    spacing = numbers("PixelMeasuresSequence", "PixelSpacing", 2)
    if np.ptp(directions, axis=0).max() > 1e-4 or np.ptp(spacing, axis=0).max() > 1e-4:
        raise RecordingError("PlaneOrientationSequence: expected frames that are parallel and of one size, got several")
    measures = group(frames[0], "PixelMeasuresSequence")
    volume = np.array([_volume_of(group(frame, "FrameContentSequence")) for frame in frames])
    number = int(dataset.get("InstanceNumber") or dataset.get("AcquisitionNumber") or 0)
    if (volume == volume[0]).all():
        volume[:] = number  # a file for each volume counts in its own number
    timing = group(frames[0], "MRTimingAndRelatedParametersSequence")
    return DicomSlices(
        scaled(pictures, [group(frame, "PixelValueTransformationSequence") for frame in frames]),
        numbers("PlanePositionSequence", "ImagePositionPatient", 3),
        directions[0].reshape(2, 3),
        (float(spacing[0, 0]), float(spacing[0, 1])),
        volume,
        len(frames) // len(np.unique(volume)),
        float(measures.get("SpacingBetweenSlices") or measures.get("SliceThickness") or 1.0),
        float(timing.get("RepetitionTime") or dataset.get("RepetitionTime") or np.nan) / 1000.0,
        seconds(dataset),
        series,
    )


def _volume_of(content: Any) -> int:
    return int(content.get("TemporalPositionIndex") or content.get("FrameAcquisitionNumber") or 0)
