"""A folder into which a scanner sends DICOM files while it scans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatch
from math import isfinite
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from ...decoder.readers.dicom.assembly import DicomVolume, VolumeAssembly
from ...decoder.readers.dicom.files import is_wanted
from ...decoder.readers.dicom.header import DicomSlices, Series
from ...decoder.readers.dicom.slices import read_file
from ...decoder.volumes import VolumeSpace
from ...errors import RecordingError, StreamLostError, StreamMismatchError
from ..clock import Clock
from .folder_watch import FolderWatch
from .source import Refusal
from .volume_folder import FolderOfVolumes
from .volume_order import MOST_APART, VolumeOrder

SAME_TR = 1e-3
"""Repetition times that differ by this share are the same: headers hold rounded numbers."""
UNLIKE_CLOCK = 0.05
"""Volumes whose times of acquisition are apart by this share more or less than expected are reported."""
DAY_S = 86_400.0
CURE = "If another series is meant: --series or --protocol, with --dicom, choose it"


class DicomFolder(FolderOfVolumes):
    """The voxels of a decoder, from DICOM files that appear in a folder one by one, see `FolderOfVolumes`.

    Files may be Siemens' mosaics, enhanced files, or single slices, in any order. Of the wanted series, the one with
    the highest number that is there at first is taken. Its volumes are prepared exactly as the recording was that the
    decoder was fitted on: smoothed, aligned to its reference, and the voxels taken where they lie.

    What is no volume of the series does not end the session. Files of other series are counted as ``other_series``, and
    each such series is named once; files that stay torn or are no pictures as ``files_refused``; volumes that do not
    look like the reference as ``not_aligned``, and they are missing; a head that moves by more than 2 mm from one
    volume to the next as ``moved``; volumes that were not acquired when their numbers say as ``odd_times``. Where a
    wanted series with a higher number begins, the scanner was restarted: the stream is lost, and goes on with the new
    series.

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
        pattern: str = "*",
        series: int | None = None,
        protocol: str | None = None,
        region: NDArray[np.intp] | None = None,
        late_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(folder, feature_names, tr_s, space, region, late_s, clock)
        self._number, self._protocol, self._pattern = series, protocol, pattern
        self._watch: FolderWatch[DicomSlices] = FolderWatch(
            self.folder, lambda name: fnmatch(name, pattern), read_file, "is not a complete DICOM picture", self._clock
        )
        self._series: Series | None = None
        self._restarted: list[tuple[str, DicomSlices]] = []
        self._others: set[str] = set()
        self._begin()

    def _what_is_missing(self) -> str:
        names = "" if self._pattern == "*" else f" {self._pattern!r}"
        number = "" if self._number is None else f" of series {self._number}"
        protocol = "" if self._protocol is None else f" of the protocol {self._protocol!r}"
        return f"no whole volume{names}{number}{protocol} came"

    def _reopen(self) -> None:
        """Begin with the series that was restarted, if one was."""
        if self._restarted:
            self._begin()
            self._series = self._restarted[0][1].series
            self.n_restarts += 1

    def _check_goes_on(self) -> None:
        if self._restarted:
            raise StreamLostError(f"{self._series} ended, and {self._restarted[0][1].series} begins")

    def _begin(self) -> None:
        """Begin a series."""
        self._order, self._assembly = VolumeOrder(self._tr_s, self._late_s), VolumeAssembly(self._values.n_slices)
        self._done: set[int] = set()
        self._newest: DicomVolume | None = None
        self._pace = None
        self._has_odd_times = False
        self._values.begin()

    def _look(self) -> None:
        """Take the slices of new complete files."""
        if self._restarted and self._series != self._restarted[0][1].series:
            return  # the stream ends first
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
                    self._order.end()
                else:
                    self._leave(series, f", {self._other_time(slices)}")
            else:
                self._leave(series)

    def _is_wanted(self, series: Series) -> bool:
        protocol = self._protocol
        if protocol is None and self._number is None and self._series is not None:
            protocol = self._series.protocol
        return is_wanted(series, self._number, protocol)

    def _leave(self, series: Series, why: str = "") -> None:
        """Count a file of another series, and name the series once."""
        instead = "" if self._series is None else f", those of {self._series} are"
        text = "" if series.uid in self._others else f"files of {series} are not taken{why or instead}"
        self._others.add(series.uid)
        self._report("other_series", text)

    def _report(self, counted_as: str, why: str) -> None:
        self._values.reports.append(Refusal(counted_as, why))

    def _take(self, name: str, slices: DicomSlices) -> None:
        other_time = self._other_time(slices)
        if other_time is not None and self._done:
            self._watch.refuse(name, f"does not fit: {other_time}")
            return
        if other_time is not None:
            raise StreamMismatchError(f"{self.folder / name}: {slices.series}: {other_time}. {CURE}")
        n_slices = self._values.n_slices
        if n_slices is not None and len(slices.values) < n_slices and set(slices.volume.tolist()) <= self._done:
            self._report("slices_repeated", "")
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
        """Take a whole volume."""
        if self._newest is not None and abs(volume.number - self._newest.number) > MOST_APART:
            self._watch.refuse(name, f"does not fit: its number is {volume.number}, far from {self._newest.number}")
            return
        try:
            made = self._values.of(name, volume.number, volume.values, volume.affine, self._clock.now())
        except StreamMismatchError as error:
            if not self._done:
                raise StreamMismatchError(f"{self.folder / name}: {self._series}: {error}. {CURE}") from error
            self._watch.refuse(name, f"does not fit: {error}")
            return
        self._check_times(volume)
        self._done.add(volume.number)
        self._order.add(made)

    def _check_times(self, volume: DicomVolume) -> None:
        """Compare the times of acquisition with the volumes' numbers, and with this machine's clock."""
        before, self._newest = self._newest, volume
        self.delay_s = (seconds_of_day() - volume.acquired_s - self._tr_s + DAY_S / 2) % DAY_S - DAY_S / 2
        if before is None:
            at = f", acquired at {_clock_time(volume.acquired_s)}" if isfinite(volume.acquired_s) else ""
            late = f"the first volume is number {volume.number} of {self._series}{at}"
            self.late_start = late if volume.number > 1 else ""
            return
        expected_s = (volume.number - before.number) * self._tr_s
        apart_s = volume.acquired_s - before.acquired_s
        if expected_s > 0 and apart_s > 0 and abs(apart_s - expected_s) > UNLIKE_CLOCK * expected_s:
            is_first, self._has_odd_times = not self._has_odd_times, True
            self._report(
                "odd_times",
                f"by their headers volume {volume.number} was acquired {apart_s:.4g} s after volume {before.number}, "
                f"expected {expected_s:.4g} s: is the repetition time right, did the scanner pause?"
                if is_first
                else "",
            )


def seconds_of_day() -> float:
    """This machine's time of day, as scanners note when a volume was acquired."""
    now = datetime.now()
    return now.hour * 3600.0 + now.minute * 60.0 + now.second + now.microsecond / 1e6


def _clock_time(seconds: float) -> str:
    """Seconds since midnight as a clock shows them.

    >>> _clock_time(36610.5)
    '10:10:10'
    """
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
