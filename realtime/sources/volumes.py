"""A folder into which a scanner exports volumes while it scans."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MissingExtraError, StreamLostError, StreamMismatchError, StreamNotFoundError
from ..clock import Clock, SystemClock
from .folder_watch import FolderWatch
from .source import Chunk, Refusal, StreamInfo
from .volume_names import VolumeNames, pattern_for, stem, voxels_named
from .volume_order import NumberedVolume, VolumeOrder, stream_of

AFFINE_TOLERANCE = 1e-3
MOST_APART = 1000
"""The numbers of two volumes of a series."""
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
        self.folder = Path(folder)
        self.info, late_s = stream_of(self.folder, feature_names, tr_s, late_s)
        self._voxels = tuple(voxels_named(feature_names).T)
        self._names = VolumeNames(pattern)
        self._clock = clock or SystemClock()
        self._first = first
        self._order = VolumeOrder(tr_s, late_s, first)
        self._watch = FolderWatch(
            self.folder, self._is_volume, read_image, f"is not a complete NIfTI image. {CURE}", self._clock
        )
        self._grid: tuple[str, Any] | None = None
        self._name_of: dict[int, str] = {}

    def open(self, timeout_s: float) -> StreamInfo:
        """Wait for a volume; after a loss, for a new one."""
        until_s = self._clock.now() + timeout_s
        while not self._order.waits:
            try:
                self._look()
                reason = f"no whole volume {self._names.pattern!r} came; {self._watch}"
            except OSError as error:
                reason = str(error)
            if not self._order.waits and not self._watch.rest(until_s):
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
            volumes = self._order.due(self._clock.now())
            if volumes:
                break
            if not self._watch.rest(until_s):
                return None
        stamps = np.array([self._order.stamp_of(volume.number) for volume in volumes])
        return Chunk(np.stack([volume.values for volume in volumes]), stamps, self._clock.now())

    def markers(self) -> list[Refusal]:
        """Return the files that were refused since the last call; a folder has no markers."""
        return self._watch.refusals()

    def close(self) -> None:
        """Nothing to close."""

    def _is_volume(self, name: str) -> bool:
        if not self._names.matches(name):
            return False
        number = self._names.number(name)
        if number is None:
            self._watch.refuse(name, f"has no number in its name. {CURE}")
        return number is not None and number >= (self._first or 0)

    def _look(self) -> None:
        """Read new complete files."""
        for name, image in self._watch.look():
            number = self._names.number(name)
            assert number is not None  # it matches
            try:
                self._check_number(name, number)
                volume = NumberedVolume(number, self._voxels_of(name, image), self._clock.now())
            except StreamMismatchError as error:
                self._watch.refuse(name, f"{error}")
                continue
            self._name_of[number] = name
            self._order.add(volume)

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
