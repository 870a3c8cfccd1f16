"""A folder into which a scanner exports volumes while it scans."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, MissingExtraError, StreamLostError, StreamMismatchError, StreamNotFoundError
from ..clock import Clock, SystemClock
from .source import Chunk, Refusal, StreamInfo
from .volume_names import VolumeNames, pattern_for, stem

LOOK_EVERY_S = 0.05
"""How often the folder is checked; a file that did not change for this time is complete."""
AFFINE_TOLERANCE = 1e-3
FEATURE = re.compile(r"voxel_(\d+)_(\d+)_(\d+)")
INCOMPLETE_S = 5.0
"""A file that did not change for this time and cannot be read is none that is being written."""
MOST_APART = 1000
"""The numbers of two volumes of a series."""
MOST_NAMED = 10
CURE = "--pattern says which files are volumes and, by {n}, where their number is"
HEADER_BYTES = {348: "Nifti1Image", 540: "Nifti2Image"}


class VolumeFolder:
    """The voxels of a decoder, from NIfTI files that appear in a folder one by one.

    Existing files come first. A file is read once it is complete and did not change between two checks. A volume's
    position in time is the number in its file name. The first volume is stamped with its time of arrival and the
    others ``tr_s`` apart by their numbers, so that a missing one leaves a gap. A volume that arrives before its
    predecessor waits for it. A file that is rewritten or too late is passed on with its own stamp; the timeline counts
    it as duplicated or reordered.

    A file that is no volume of the series does not end the session: it is counted as ``files_refused`` and, if it is
    not one of many, named. That is one without a number in its name, or with that of another file, or with one that is
    more than 1,000 ahead; one that is not a complete image after 5 s; one of another shape or position in space than
    the first.

    Parameters
    ----------
    folder : path
    feature_names : sequence of str
        The voxels, named as by `read_nifti`: ``voxel_i_j_k``. Usually a decoder's ``feature_names``.
    tr_s : float
        Seconds from one volume to the next.
    pattern : str
        Which files are volumes, e.g. ``"run2_*.nii"``. Their number is ``{n}``, as in ``"vol_{n}_run2.nii"``, or else
        the last one in the name.
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
        self._names = VolumeNames(pattern)
        self._clock = clock or SystemClock()
        self._first = first
        self._next = first
        self._origin_s: float | None = None
        self._grid: tuple[str, Any] | None = None
        self._looks: dict[str, tuple[_Written, float]] = {}
        self._read: dict[str, _Written] = {}
        self._name_of: dict[int, str] = {}
        self._incomplete: set[str] = set()
        self._refused: dict[str, str] = {}
        self._refusals: list[Refusal] = []
        self._ready: dict[int, list[_Volume]] = {}

    def open(self, timeout_s: float) -> StreamInfo:
        """Wait for a volume; after a loss, for a new one."""
        until_s = self._clock.now() + timeout_s
        while not self._ready:
            try:
                self._look()
            except OSError as error:
                reason = str(error)
            else:
                reason = f"no whole volume {self._names.pattern!r} came; the folder holds {_listing(self.folder)}"
                refused = list(self._refused.values())
                reason += "".join(f". {why}" for why in refused[:MOST_NAMED])
            if not self._ready and not self._rest(until_s):
                raise StreamNotFoundError(f"{self.folder}: {reason}")
        return self.info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for the next volume, at most ``late_s`` if later ones exist, and return what is there; see `Source`."""
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

    def markers(self) -> list[Refusal]:
        """Return the files that were refused since the last call; a folder has no markers."""
        refusals, self._refusals = self._refusals, []
        return refusals

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
        with os.scandir(self.folder) as entries:
            names = sorted(entry.name for entry in entries if self._names.matches(entry.name))
        for name in names:
            number = self._names.number(name)
            if number is None:
                self._refuse(name, f"has no number in its name. {CURE}")
            elif number >= (self._first or 0):
                self._look_at(name, number, self._clock.now())

    def _look_at(self, name: str, number: int, now_s: float) -> None:
        path = self.folder / name
        try:
            stat = path.stat()
            written = _Written(stat.st_size, stat.st_mtime_ns)
            before, since_s = self._looks.setdefault(name, (written, now_s))
            waited_s = now_s - since_s
            if written != before:
                self._looks[name] = written, now_s
                return
            if waited_s < LOOK_EVERY_S:
                return
            if self._read.get(name) == written:
                if name in self._incomplete and waited_s >= INCOMPLETE_S:
                    self._refuse(name, f"is not a complete NIfTI image. {CURE}")
                return
            image = read_image(path)
        except FileNotFoundError:
            return  # renamed: the next check reads it
        except OSError as error:  # perhaps still open in the writer: the next check tries again
            if now_s - self._looks[name][1] >= INCOMPLETE_S:
                self._refuse(name, f"cannot be read: {error}")
            return
        self._read[name] = written
        if image is None:
            self._incomplete.add(name)
            return
        self._incomplete.discard(name)
        try:
            self._check_number(name, number)
            volume = _Volume(self._voxels_of(name, image), now_s)
        except StreamMismatchError as error:
            self._refuse(name, f"{error}")
            return
        self._name_of[number] = name
        self._ready.setdefault(number, []).append(volume)

    def _check_number(self, name: str, number: int) -> None:
        other = self._name_of.get(number, name)
        if stem(other) != stem(name):
            pattern = pattern_for(other, name)
            cure = f"If the number is elsewhere: --pattern {pattern!r}" if pattern else CURE
            raise StreamMismatchError(f"has the number {number} in its name, as {other} has. {cure}")
        newest = max(self._name_of, default=number)
        if abs(number - newest) > MOST_APART:
            raise StreamMismatchError(
                f"has the number {number} in its name, far from {newest} of {self._name_of[newest]}. {CURE}"
            )

    def _refuse(self, name: str, why: str) -> None:
        """Count and name a file, once, that is not taken as a volume."""
        if name in self._refused:
            return
        self._refused[name] = f"{name} {why}"
        n = len(self._refused)
        more = "; further files are only counted" if n == MOST_NAMED else ""
        self._refusals.append(
            Refusal("files_refused", f"no volume: {self._refused[name]}{more}" if n <= MOST_NAMED else "")
        )

    def _voxels_of(self, name: str, image: Any) -> NDArray[np.float32]:
        if len(image.shape) < 3 or np.prod(image.shape[3:]) != 1:
            raise StreamMismatchError(f"has the shape {image.shape}, expected one volume a file. {CURE}")
        if image.get_data_dtype().kind not in "iuf":
            raise StreamMismatchError(f"holds {image.get_data_dtype()}, expected numbers. {CURE}")
        if self._grid is None:
            largest = np.max(self._voxels, axis=1, initial=-1)
            if (largest >= image.shape[:3]).any():
                raise StreamMismatchError(
                    f"has the shape {image.shape[:3]}, but the decoder takes voxels up to "
                    f"{tuple(largest.tolist())}; export on the grid that it was fitted on"
                )
            if not np.isfinite(image.affine).all():
                raise StreamMismatchError("tells no position in space: its affine holds NaN or infinity")
            self._grid = name, image
        first_name, first = self._grid
        if first.shape[:3] != image.shape[:3]:
            raise StreamMismatchError(
                f"has the shape {image.shape[:3]}, but {first_name}, the first, has {first.shape[:3]}. {CURE}"
            )
        difference = float(np.abs(first.affine - image.affine).max())
        if not difference <= AFFINE_TOLERANCE:
            raise StreamMismatchError(
                f"and {first_name}, the first, have the same shape {image.shape[:3]} but lie elsewhere in space: their "
                f"affines differ by up to {difference:g} (at most {AFFINE_TOLERANCE:g} is allowed). {CURE}"
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
