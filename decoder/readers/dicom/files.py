"""The files of a folder that belong to one series, and the volumes in them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ....errors import MissingExtraError, RecordingError
from ..damaged import reading
from .assembly import DicomVolume, VolumeAssembly
from .header import Series, series_of
from .slices import COMPLAINT, MAGIC, MAGIC_AT, is_dicom, read_file

HEADER_TAGS = ["SeriesInstanceUID", "SeriesNumber", "ProtocolName", "SeriesDescription", "InstanceNumber"]


class SeriesFiles(NamedTuple):
    """The files of the chosen series in the order of their numbers, and how many others the folder holds."""

    series: Series
    paths: list[Path]
    n_other_series: int
    n_no_dicom: int


def is_wanted(series: Series, number: int | None, protocol: str | None) -> bool:
    """Whether a series is the one that was chosen by number or protocol."""
    return (number is None or series.number == number) and (protocol is None or series.protocol == protocol)


def series_files(folder: Path, pattern: str, number: int | None, protocol: str | None) -> SeriesFiles:
    """Return the files of a folder that belong to the chosen series.

    RecordingError where there is none, or where several fit.
    """
    if not folder.is_dir():
        raise RecordingError(f"{folder}: there is no such folder")
    found: dict[Series, list[tuple[int, Path]]] = {}
    n_no_dicom = 0
    for path in sorted(folder.glob(pattern)):
        if path.is_file():
            header = _header(path)
            if header is None:
                n_no_dicom += 1
            else:
                series, instance = header
                found.setdefault(series, []).append((instance, path))
    chosen = [series for series in found if is_wanted(series, number, protocol)]
    if not found:
        raise RecordingError(f"{folder}: expected DICOM files, got {n_no_dicom} other files named like {pattern!r}")
    if len(chosen) != 1:
        listed = ", ".join(f"{series}: {len(paths)} files" for series, paths in found.items())
        raise RecordingError(
            f"{folder}: expected one series, got {len(chosen)} that fit; choose it by its number (series) or its name "
            f"(protocol) among {listed}"
        )
    n_others = sum(len(paths) for series, paths in found.items() if series != chosen[0])
    return SeriesFiles(chosen[0], [path for _, path in sorted(found[chosen[0]])], n_others, n_no_dicom)


class SeriesVolumes:
    """The volumes of a series, one after the other, from files in the order of their numbers.

    Attributes
    ----------
    tr_s : list of float
        The repetition time by each file's header.
    numbers, acquired_s : list
        Of the volumes so far.
    """

    def __init__(self, files: SeriesFiles) -> None:
        self.tr_s: list[float] = []
        self.numbers: list[int] = []
        self.acquired_s: list[float] = []
        self._files = files

    def __iter__(self) -> Iterator[DicomVolume]:
        """Yield the volumes; RecordingError where a file is torn or damaged, or a volume is missing or twice."""
        assembly = VolumeAssembly()
        path = None
        for path in self._files.paths:
            yield from map(self._next, self._volumes_by(path, assembly))
        for volume in assembly.rest() if path is not None else []:
            yield self._next(volume)

    def _volumes_by(self, path: Path, assembly: VolumeAssembly) -> list[DicomVolume]:
        """Return the volumes that are whole by a file."""
        try:
            slices = read_file(path)
            if slices is None:
                raise RecordingError("it is torn, its picture is not whole; export it again")
            self.tr_s.append(slices.tr_s)
            return assembly.add(slices)
        except RecordingError as error:
            raise RecordingError(str(error) if str(path) in str(error) else f"{path}: {COMPLAINT}: {error}") from error

    def _next(self, volume: DicomVolume) -> DicomVolume:
        folder = self._files.paths[0].parent
        if self.numbers and volume.number != self.numbers[-1] + 1:
            last = self.numbers[-1]
            missing = (
                f"volume {last + 1} is missing" if volume.number > last else f"volume {volume.number} is there twice"
            )
            raise RecordingError(
                f"{folder}: {self._files.series}: {missing}: expected volumes one after the other, got {volume.number} "
                f"after {last}; export the series again"
            )
        self.numbers.append(volume.number)
        self.acquired_s.append(volume.acquired_s)
        return volume

    def step_s(self) -> float:
        """Seconds from one volume to the next by their times of acquisition; NaN where these are not known."""
        steps = np.diff(self.acquired_s)
        return float(np.median(steps)) if steps.size and np.isfinite(steps).all() else float("nan")


def _header(path: Path) -> tuple[Series, int] | None:
    """Return the series and the number of a file, without its picture; None for a file that is no DICOM."""
    try:
        import pydicom
    except ImportError as error:
        raise MissingExtraError("reading DICOM needs pydicom; install hotwire[dicom]") from error
    with reading(path, COMPLAINT), open(path, "rb") as file, warnings.catch_warnings():
        if not is_dicom(file.read(MAGIC_AT + len(MAGIC))):
            return None
        file.seek(0)
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(HEADER_TAGS))
        return series_of(dataset), int(dataset.get("InstanceNumber") or 0)
