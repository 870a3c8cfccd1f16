"""A folder into which a scanner exports volumes while it scans."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Sequence
from fnmatch import fnmatch
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, MissingExtraError, StreamLostError, StreamMismatchError, StreamNotFoundError
from ..clock import Clock, SystemClock
from .source import Chunk, Marker, StreamInfo

LOOK_EVERY_S = 0.05
"""How often the folder is checked; a file that did not change for this time is complete."""
AFFINE_TOLERANCE = 1e-3
FEATURE = re.compile(r"voxel_(\d+)_(\d+)_(\d+)")
NUMBER = re.compile(r"\d+(?=\D*$)")
HEADER_BYTES = {348: "Nifti1Image", 540: "Nifti2Image"}


class VolumeFolder:
    """The voxels of a decoder, from NIfTI files that appear in a folder one by one.

    Existing files come first. A file is read once it is complete and did not change between two checks. A volume's
    position in time is the last number in its file name. The first volume is stamped with its time of arrival and the
    others ``tr_s`` apart by their numbers, so that a missing one leaves a gap. A volume that arrives before its
    predecessor waits for it. A file that is rewritten or too late is passed on with its own stamp; the timeline counts
    it as duplicated or reordered.

    Parameters
    ----------
    folder : path
    feature_names : sequence of str
        The voxels, named as by `read_nifti`: ``voxel_i_j_k``. Usually a decoder's ``feature_names``.
    tr_s : float
        Seconds from one volume to the next.
    pattern : str
        Which files are volumes, e.g. ``"run2_*.nii"``.
    first : int, optional
        The number of the first volume, lower ones are skipped; by default the smallest when the first file is complete.
    late_s : float, optional
        How long to wait for a volume when a later one is there; by default ``tr_s``.
    clock : Clock, optional

    Raises
    ------
    InputError
        A feature is not a voxel, or a time is not positive.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        feature_names: Sequence[str],
        tr_s: float,
        *,
        pattern: str = "*.nii*",
        first: int | None = None,
        late_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not tr_s > 0:
            raise InputError(f"tr_s: expected seconds above 0, got {tr_s}")
        if late_s is not None and not late_s >= 0:
            raise InputError(f"late_s: expected seconds, zero or more, got {late_s}")
        self.folder = Path(folder)
        self.info = StreamInfo(
            name=self.folder.name,
            type="fMRI",
            source_id=str(self.folder.absolute()),
            channel_names=tuple(feature_names),
            units=("a.u.",) * len(feature_names),
            rate_hz=1.0 / tr_s,
        )
        self._voxels = tuple(np.array([_voxel(name) for name in feature_names], np.intp).reshape(-1, 3).T)
        self._tr_s = tr_s
        self._late_s = tr_s if late_s is None else late_s
        self._pattern = pattern
        self._clock = clock or SystemClock()
        self._first = first
        self._next = first
        self._origin_s: float | None = None
        self._grid: tuple[Path, Any] | None = None
        self._looks: dict[str, tuple[_Written, float]] = {}
        self._read: dict[str, _Written] = {}
        self._ready: dict[int, list[_Volume]] = {}

    def open(self, timeout_s: float) -> StreamInfo:
        """Wait for a volume; after a loss, for a new one. StreamMismatchError if it lacks the decoder's voxels."""
        until_s = self._clock.now() + timeout_s
        while not self._ready:
            try:
                self._look()
            except OSError as error:
                reason = str(error)
            else:
                reason = f"no whole volume {self._pattern!r} came; the folder holds {_listing(self.folder)}"
            if not self._ready and not self._rest(until_s):
                raise StreamNotFoundError(f"{self.folder}: {reason}")
        return self.info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for the next volume, at most ``late_s`` if later ones exist, and return what is there; see `Source`.

        Raises StreamMismatchError if a volume differs from the first one in shape or position in space.
        """
        until_s = self._clock.now() + timeout_s
        while True:
            try:
                self._look()
            except OSError as error:
                raise StreamLostError(f"{self.folder}: the folder cannot be read any more: {error}") from error
            numbers, values = self._due()
            if numbers:
                break
            if not self._rest(until_s):
                return None
        assert self._origin_s is not None  # since a volume was due
        stamps = self._origin_s + np.array(numbers) * self._tr_s
        return Chunk(np.stack(values), stamps, self._clock.now())

    def markers(self) -> list[Marker]:
        """Always empty: a folder has only volumes."""
        return []

    def close(self) -> None:
        """Nothing to close."""

    def _rest(self, until_s: float) -> bool:
        """Wait until the next check; return whether there is one before ``until_s``."""
        left_s = until_s - self._clock.now()
        self._clock.sleep(min(LOOK_EVERY_S, left_s))
        return left_s > 0

    def _due(self) -> tuple[list[int], list[NDArray[np.float32]]]:
        """Return numbers and voxels of the volumes that are next."""
        numbers, values = [], []
        while self._ready:
            number = min(self._ready)
            if self._next is None:
                self._next = number
            oldest_s = min(volume.since_s for volumes in self._ready.values() for volume in volumes)
            if number > self._next and self._clock.now() - oldest_s < self._late_s:
                break
            for volume in self._ready.pop(number):
                if self._origin_s is None:
                    self._origin_s = volume.since_s - number * self._tr_s
                numbers.append(number)
                values.append(volume.values)
            self._next = max(self._next, number + 1)
        return numbers, values

    def _look(self) -> None:
        """Read new complete files."""
        now_s = self._clock.now()
        with os.scandir(self.folder) as entries:
            names = sorted(entry.name for entry in entries if fnmatch(entry.name, self._pattern))
        for name in names:
            number = NUMBER.search(name.split(".nii")[0])
            if number is None or int(number[0]) < (self._first or 0):
                continue
            path = self.folder / name
            try:
                stat = path.stat()
                written = _Written(stat.st_size, stat.st_mtime_ns)
                before, since_s = self._looks.setdefault(name, (written, now_s))
                if written != before:
                    self._looks[name] = written, now_s
                elif now_s - since_s >= LOOK_EVERY_S and self._read.get(name) != written:
                    image = read_image(path)
                    self._read[name] = written
                    if image is not None:
                        volume = _Volume(self._voxels_of(path, image), now_s)
                        self._ready.setdefault(int(number[0]), []).append(volume)
            except (FileNotFoundError, PermissionError):
                continue  # renamed, or still open in the writer: the next check reads it

    def _voxels_of(self, path: Path, image: Any) -> NDArray[np.float32]:
        if len(image.shape) < 3 or np.prod(image.shape[3:]) != 1:
            raise StreamMismatchError(f"{path}: expected one volume a file, got the shape {image.shape}")
        if self._grid is None:
            largest = np.max(self._voxels, axis=1, initial=-1)
            if (largest >= image.shape[:3]).any():
                raise StreamMismatchError(
                    f"{path} has the shape {image.shape[:3]}, but the decoder takes voxels up to "
                    f"{tuple(largest.tolist())}; export on the grid that it was fitted on"
                )
            self._grid = path, image
        first_path, first = self._grid
        if first.shape[:3] != image.shape[:3]:
            raise StreamMismatchError(f"{path} has the shape {image.shape[:3]}, but {first_path} has {first.shape[:3]}")
        difference = float(np.abs(first.affine - image.affine).max())
        if not difference <= AFFINE_TOLERANCE:
            raise StreamMismatchError(
                f"{path} and {first_path} have the same shape {image.shape[:3]} but lie elsewhere in space: their "
                f"affines differ by up to {difference:g} (at most {AFFINE_TOLERANCE:g} is allowed)"
            )
        volume = np.asanyarray(image.dataobj).reshape(image.shape[:3])
        with np.errstate(over="ignore"):  # too large values become infinite, and count as missing
            return volume[self._voxels].astype(np.float32)


class _Written(NamedTuple):
    """A file's size and time; they change when something is written."""

    n_bytes: int
    at_ns: int


class _Volume(NamedTuple):
    values: NDArray[np.float32]
    since_s: float


def read_image(path: Path) -> Any:
    """Return the NIfTI image in a file, loaded into memory; None if the file is not complete yet."""
    try:
        import nibabel
        from nibabel.filebasedimages import ImageFileError
        from nibabel.spatialimages import HeaderDataError
    except ImportError as error:
        raise MissingExtraError("reading volumes needs nibabel; install hotwire[all]") from error
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return None
    sizes = {int.from_bytes(content[:4], "little"), int.from_bytes(content[:4], "big")}
    kind = next((kind for size, kind in HEADER_BYTES.items() if size in sizes and len(content) >= size + 4), None)
    if kind is None:
        return None
    try:
        image = getattr(nibabel, kind).from_bytes(content)
    except (HeaderDataError, ImageFileError, ValueError):  # a header that is partly still zeros
        return None
    stored = image.dataobj
    whole = stored.offset + int(np.prod(stored.shape)) * stored.dtype.itemsize
    return image if len(content) >= whole else None


def _voxel(name: str) -> list[int]:
    """Return the voxel index in a feature's name."""
    found = FEATURE.fullmatch(name)
    if found is None:
        raise InputError(f"feature_names: expected voxels such as 'voxel_12_30_7', got {name!r}")
    return [int(index) for index in found.groups()]


def _listing(folder: Path, most: int = 10) -> str:
    names = sorted(os.listdir(folder))
    return (", ".join(names[:most]) or "nothing") + (f" and {len(names) - most} more" if len(names) > most else "")
