"""A folder into which a scanner exports NIfTI volumes while it scans."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...decoder.volumes import VolumeSpace
from ...errors import MissingExtraError, StreamMismatchError
from ..clock import Clock
from .folder_watch import FolderWatch
from .volume_folder import FolderOfVolumes
from .volume_names import VolumeNames, pattern_for, stem
from .volume_order import MOST_APART, VolumeOrder

CURE = "--pattern says which files are volumes and, by {n}, where their number is"
HEADER_BYTES = {348: "Nifti1Image", 540: "Nifti2Image"}


class VolumeFolder(FolderOfVolumes):
    """The voxels of a decoder, from NIfTI files that appear in a folder one by one, see `FolderOfVolumes`.

    A volume's position in time is the number in its file name. It is prepared exactly as the recording was that the
    decoder was fitted on: smoothed, aligned to its reference, and the voxels taken where they lie.

    A file that is no volume of the series does not end the session: it is counted as ``files_refused`` and, if it is
    not one of many, named. That is one without a number in its name, or with that of another file, or with one that is
    more than 1,000 ahead; one that is not a complete image after 5 s; one on another grid. Volumes that do not look
    like the reference are counted as ``not_aligned``, and a head that moves by more than 2 mm as ``moved``.

    Parameters
    ----------
    folder : path
    feature_names : sequence of str
        The voxels, named as by `read_nifti`, and perhaps the six parameters of motion. A decoder's ``feature_names``.
    tr_s : float
        Seconds from one volume to the next.
    space : VolumeSpace, optional
        A decoder's ``space``. Default: the grid of the first volume, as it lies.
    pattern : str
        Which files are volumes, e.g. ``"run2_*.nii"``. Their number is ``{n}``, as in ``"vol_{n}_run2.nii"``, or else
        the last one in the name.
    first : int, optional
        The number of the first volume, lower ones are skipped; by default the smallest when the first file is complete.
    region : array (n_voxels, 3) of int, optional
        Voxels on the same grid, whose mean signal is taken, too.
    late_s : float, optional
        How long to wait for a volume when a later one is there; by default ``tr_s``.
    clock : Clock, optional

    Raises
    ------
    InputError
        A feature is neither a voxel nor a parameter of motion, or a time is not positive.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        feature_names: Sequence[str],
        tr_s: float,
        space: VolumeSpace | None = None,
        *,
        pattern: str = "*.nii*",
        first: int | None = None,
        region: NDArray[np.intp] | None = None,
        late_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(folder, feature_names, tr_s, space, region, late_s, clock)
        self._names = VolumeNames(pattern)
        self._first = first
        self._order = VolumeOrder(tr_s, self._late_s, first)
        self._watch = FolderWatch(
            self.folder, self._is_volume, read_image, f"is not a complete NIfTI image. {CURE}", self._clock
        )
        self._name_of: dict[int, str] = {}

    def _is_volume(self, name: str) -> bool:
        if not self._names.matches(name):
            return False
        number = self._names.number(name)
        if number is None:
            self._watch.refuse(name, f"has no number in its name. {CURE}")
        return number is not None and number >= (self._first or 0)

    def _what_is_missing(self) -> str:
        return f"no whole volume {self._names.pattern!r} came"

    def _look(self) -> None:
        for name, image in self._watch.look():
            number = self._names.number(name)
            assert number is not None  # it matches
            try:
                self._check_number(name, number)
                volume = _volume_in(image)
                came = self._values.of(name, number, volume, image.affine, self._clock.now())
            except StreamMismatchError as error:
                self._watch.refuse(name, f"does not fit: {error}. {CURE}")
                continue
            if not self._name_of and number > 1 and self._first is None:
                self.late_start = f"the first volume is {name}, by its name number {number}"
            self._name_of[number] = name
            self._order.add(came)

    def _check_number(self, name: str, number: int) -> None:
        other = self._name_of.get(number, name)
        if stem(other) != stem(name):
            pattern = pattern_for(other, name)
            cure = f". If the number is elsewhere: --pattern {pattern!r}" if pattern else ""
            raise StreamMismatchError(f"it has the number {number} in its name, as {other} has{cure}")
        newest = max(self._name_of, default=number)
        if abs(number - newest) > MOST_APART:
            raise StreamMismatchError(
                f"it has the number {number} in its name, far from {newest} of {self._name_of[newest]}"
            )


def _volume_in(image: Any) -> NDArray[np.float32]:
    """The one volume (x, y, z) of an image; StreamMismatchError where there are more, or no numbers."""
    if len(image.shape) < 3 or np.prod(image.shape[3:]) != 1:
        raise StreamMismatchError(f"it has the shape {image.shape}, expected one volume a file")
    if image.get_data_dtype().kind not in "iuf":
        raise StreamMismatchError(f"it holds {image.get_data_dtype()}, expected numbers")
    with np.errstate(over="ignore"):  # too large values become infinite, and count as missing
        return np.asanyarray(image.dataobj).reshape(image.shape[:3]).astype(np.float32)


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
