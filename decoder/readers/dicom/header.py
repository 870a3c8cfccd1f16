"""The slices of a file, and what its header says of scale, time and series."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Series(NamedTuple):
    """What a file says of its series.

    Attributes
    ----------
    uid : str
    number : int
        0 where the file does not say it.
    protocol : str
        The protocol's name, else the description of the series.
    """

    uid: str
    number: int
    protocol: str

    def __str__(self) -> str:
        return f"series {self.number}" + (f" ({self.protocol})" if self.protocol else "")


class DicomSlices(NamedTuple):
    """The slices in a file.

    Attributes
    ----------
    values : array (n_slices, n_rows, n_columns), float32
    positions : array (n_slices, 3)
        The middle of each slice's first voxel, in millimetres to the left, the back and the top, as in DICOM.
    directions : array (2, 3)
        Along a row, and down a column.
    spacing : (float, float)
        Millimetres from one row to the next, and from one column to the next.
    volume : array (n_slices,) of int
        The number of the volume of each slice.
    n_of_volume : int or None
        How many slices a volume has; None where the file does not say.
    thickness_mm : float
        From slice to slice; used where there is only one.
    tr_s : float
        NaN where the file does not say.
    acquired_s : float
        Seconds since midnight; NaN where the file does not say.
    series : Series
    """

    values: NDArray[np.float32]
    positions: NDArray[np.float64]
    directions: NDArray[np.float64]
    spacing: tuple[float, float]
    volume: NDArray[np.int64]
    n_of_volume: int | None
    thickness_mm: float
    tr_s: float
    acquired_s: float
    series: Series


def series_of(dataset: Any) -> Series:
    """What a file says of its series."""
    name = dataset.get("ProtocolName") or dataset.get("SeriesDescription") or ""
    return Series(str(dataset.get("SeriesInstanceUID", "")), int(dataset.get("SeriesNumber") or 0), str(name).strip())


def scaled(pictures: NDArray, tables: list[Any]) -> NDArray[np.float32]:
    """Return the pictures in the scanner's units: one table of slope and intercept, or one for each."""
    slopes = np.array([float(one.get("RescaleSlope", 1)) for one in tables])[:, None, None]
    intercepts = np.array([float(one.get("RescaleIntercept", 0)) for one in tables])[:, None, None]
    if (slopes == 1).all() and (intercepts == 0).all():
        return pictures.astype(np.float32)
    with np.errstate(over="ignore"):
        return (pictures * slopes + intercepts).astype(np.float32)


def seconds(dataset: Any) -> float:
    """Return when a file was acquired, in seconds since midnight; NaN where it does not say."""
    text = str(dataset.get("AcquisitionTime") or dataset.get("ContentTime") or "").replace(":", "").strip()
    if len(text) < 6 or not text[:6].isdecimal():
        return float("nan")
    return int(text[:2]) * 3600.0 + int(text[2:4]) * 60.0 + float(text[4:])
