"""A folder into which a scanner sends DICOM files while it scans."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...decoder.readers.dicom.assembly import DicomVolume, VolumeAssembly
from ...decoder.readers.dicom.header import DicomSlices, Series
from ...decoder.readers.dicom.slices import read_file
from ...decoder.volumes import MOTION_NAMES, VolumePreparation, VolumeSpace
from ...decoder.volumes.realign import displacement_mm
from ...errors import InputError, RecordingError, StreamLostError, StreamMismatchError, StreamNotFoundError
from ..clock import Clock, SystemClock
from .folder_watch import FolderWatch
from .source import Chunk, Refusal, StreamInfo
from .volume_names import voxels_named
from .volume_order import NumberedVolume, VolumeOrder, stream_of

SAME_TR = 1e-3
"""Repetition times that differ by this share are the same: headers hold rounded numbers."""
MOVED_MM = 2.0
"""A head that moves by more from one volume to the next is reported."""


class DicomFolder:
    """The voxels of a decoder, from DICOM files that appear in a folder one by one.

    Files may be Siemens' mosaics, enhanced files, or single slices, in any order. Existing files come first. Of the
    wanted series, the one with the highest number that is there at first is taken. Its volumes are prepared exactly as
    the recording was that the decoder was fitted on: smoothed, aligned to its reference, and the voxels taken where
    they lie. They are stamped as `VolumeFolder` stamps them.

    What is no volume of the series does not end the session. Files of other series are counted as ``other_series``, and
    each such series is named once; files that stay torn or are no pictures as ``files_refused``; volumes that do not
    look like the reference as ``not_aligned``, and they are missing; a head that moves by more than 2 mm from one
    volume to the next as ``moved``. Where a wanted series with a higher number begins, the scanner was restarted: the
    stream is lost, and goes on with the new series.

    Parameters
    ----------
    folder : path
    feature_names : sequence of str
        The voxels, named as by `read_dicom`, and perhaps the six parameters of motion. A decoder's ``feature_names``.
    tr_s : float
        Seconds from one volume to the next.
    space : VolumeSpace, optional
        A decoder's ``space``. Default: the grid of the first volume, as it lies.
    pattern : str
        Which files are looked at.
    series : int, optional
        The number of the series. The scanner counts on after a restart, so that one is not found by a number.
    protocol : str, optional
        Instead: the name of its protocol.
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
        pattern: str = "*",
        series: int | None = None,
        protocol: str | None = None,
        late_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.folder, self._tr_s = Path(folder), tr_s
        self.info, self._late_s = stream_of(self.folder, feature_names, tr_s, late_s)
        self._has_motion = tuple(feature_names[-len(MOTION_NAMES) :]) == MOTION_NAMES
        voxels = voxels_named(feature_names[: -len(MOTION_NAMES)] if self._has_motion else feature_names)
        if self._has_motion and (space is None or not space.realigns):
            raise InputError("feature_names: the parameters of motion need a space with a reference")
        self._voxels, self._prepare = voxels, None if space is None else VolumePreparation(space, voxels)
        self._number, self._protocol = series, protocol
        self._clock = clock or SystemClock()
        self._watch: FolderWatch[DicomSlices] = FolderWatch(
            self.folder, lambda name: fnmatch(name, pattern), read_file, "is not a complete DICOM picture", self._clock
        )
        self._series: Series | None = None
        self._restarted: list[tuple[str, DicomSlices]] = []
        self._others: set[str] = set()
        self._reports: list[Refusal] = []
        self._begin()

    def open(self, timeout_s: float) -> StreamInfo:
        """Wait for a volume; after a restart of the series, for the first of the new one.

        Raises StreamMismatchError where the series has another matrix, repetition time or place than the decoder's.
        """
        until_s = self._clock.now() + timeout_s
        if self._restarted:
            self._begin()
            self._series = self._restarted[0][1].series
        while not self._order.waits:
            try:
                self._look()
                reason = f"no whole volume of the series came; {self._watch}{self._not_taken()}"
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
                if not self._restarted:
                    self._look()
            except OSError as error:
                raise StreamLostError(f"{self.folder}: the folder cannot be read any more: {error}") from error
            now_s = self._clock.now()
            volumes = self._order.due(now_s + self._late_s if self._restarted else now_s)
            if volumes:
                break
            if self._restarted:
                raise StreamLostError(f"{self._series} ended, and {self._restarted[0][1].series} begins")
            if not self._watch.rest(until_s):
                return None
        stamps = np.array([self._order.stamp_of(volume.number) for volume in volumes])
        motion = [volume.motion for volume in volumes if volume.motion is not None]
        values = np.stack([volume.values for volume in volumes])
        return Chunk(values, stamps, self._clock.now(), np.stack(motion) if motion else None)

    def markers(self) -> list[Refusal]:
        """Return what was not taken, or moved, since the last call; a folder has no markers."""
        reports, self._reports = self._reports, []
        return [*self._watch.refusals(), *reports]

    def close(self) -> None:
        """Nothing to close."""

    def _begin(self) -> None:
        """Begin a series."""
        n_slices = None if self._prepare is None else self._prepare.space.shape[2]
        self._order, self._assembly = VolumeOrder(self._tr_s, self._late_s), VolumeAssembly(n_slices)
        self._done: set[int] = set()
        self._last_motion: NDArray[np.float64] | None = None

    def _look(self) -> None:
        """Take the slices of new complete files."""
        came, self._restarted = [*self._restarted, *self._watch.look()], []
        if self._series is None:
            wanted = [slices.series for _, slices in came if self._is_wanted(slices.series)]
            self._series = max(wanted, key=lambda one: one.number, default=None)
        for name, slices in came:
            series = slices.series
            if self._series is not None and series.uid == self._series.uid:
                self._take(name, slices)
            elif self._series is not None and series.number > self._series.number and self._is_wanted(series):
                if self._other_time(slices) is None:
                    self._restarted.append((name, slices))
                else:
                    self._leave(series, f", {self._other_time(slices)}")
            else:
                self._leave(series)

    def _is_wanted(self, series: Series) -> bool:
        protocol = self._protocol
        if protocol is None and self._number is None and self._series is not None:
            protocol = self._series.protocol
        return self._number in (None, series.number) and protocol in (None, series.protocol)

    def _leave(self, series: Series, why: str = "") -> None:
        """Count a file of another series, and name the series once."""
        text = "" if series.uid in self._others else f"files of {series} are not taken{why}"
        self._others.add(series.uid)
        self._reports.append(Refusal("other_series", text))

    def _not_taken(self) -> str:
        texts = [report.why for report in self._reports if report.why]
        return "".join(f". {text}" for text in texts)

    def _take(self, name: str, slices: DicomSlices) -> None:
        other_time = self._other_time(slices)
        if other_time is not None:
            raise StreamMismatchError(f"{self.folder / name}: {slices.series}: {other_time}")
        is_part = self._prepare is not None and len(slices.values) < self._prepare.space.shape[2]
        if is_part and set(slices.volume.tolist()) <= self._done:
            self._reports.append(Refusal("slices_repeated", ""))
            return
        try:
            volumes = self._assembly.add(slices)
        except RecordingError as error:
            self._watch.refuse(name, f"does not fit: {error}")
            return
        for volume in volumes:
            self._add(name, volume)

    def _other_time(self, slices: DicomSlices) -> str | None:
        """Say in what the repetition time differs; None if it does not, or the file does not say."""
        if not abs(slices.tr_s - self._tr_s) > SAME_TR * self._tr_s:
            return None
        return f"its repetition time is {slices.tr_s:g} s, expected {self._tr_s:g} s"

    def _add(self, name: str, volume: DicomVolume) -> None:
        """Prepare a whole volume."""
        if self._prepare is None:
            space = VolumeSpace(volume.values.shape, volume.affine)
            largest = self._voxels.max(axis=0, initial=-1)
            if (largest >= volume.values.shape).any():
                raise StreamMismatchError(
                    f"{self.folder / name} has the matrix {volume.values.shape}, but the decoder takes voxels up to "
                    f"{tuple(largest.tolist())}; scan on the grid that it was fitted on"
                )
            self._prepare = VolumePreparation(space, self._voxels)
        difference = self._prepare.space.difference(volume.values.shape, volume.affine)
        if difference is not None and not self._done:
            raise StreamMismatchError(f"{self.folder / name}: {self._series}: {difference}")
        if difference is not None:
            self._watch.refuse(name, f"does not fit: {difference}")
            return
        prepared = self._prepare(volume.values, volume.affine)
        values, motion = prepared.values, None
        if prepared.motion is not None:
            motion = prepared.motion.parameters
            if not prepared.motion.converged:
                values, motion = np.full_like(values, np.nan), np.full_like(motion, np.nan)
                self._reports.append(
                    Refusal("not_aligned", f"volume {volume.number} does not look like the reference; it is missing")
                )
            else:
                self._note_motion(volume.number, motion)
            if self._has_motion:
                values = np.concatenate([values, motion.astype(np.float32)])
        self._done.add(volume.number)
        self._order.add(NumberedVolume(volume.number, values, self._clock.now(), motion))

    def _note_motion(self, number: int, motion: NDArray[np.float64]) -> None:
        moved_mm = 0.0 if self._last_motion is None else displacement_mm(motion - self._last_motion)
        self._last_motion = motion
        if moved_mm > MOVED_MM:
            self._reports.append(Refusal("moved", f"the head moved by {moved_mm:.1f} mm before volume {number}"))
