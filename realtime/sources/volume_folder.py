"""What folders of volumes have in common, whatever files a scanner writes into them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import nan
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...decoder.volumes import VolumeSpace
from ...errors import InputError, StreamLostError, StreamNotFoundError
from ..clock import Clock, SystemClock
from .folder_watch import FolderWatch
from .source import Chunk, Refusal, StreamInfo
from .volume_order import NumberedVolume, VolumeOrder
from .volume_values import VolumeValues

OLD_S = 60.0
"""Files that are older when a session begins may be of an earlier run."""
PACED, UNLIKE_PACE = 10, 0.1
"""So many volumes say how fast they come; by this share it may differ from the repetition time."""


class FolderOfVolumes:
    """A decoder's voxels, from files that appear in a folder one by one.

    Existing files come first. A file is read once it is complete and did not change between two checks. Volumes are
    stamped ``tr_s`` apart by their numbers, so that a missing one leaves a gap, and the newest of those that are there
    at first with its time of arrival. One that arrives before its predecessor waits for it, for at most ``late_s``. One
    that comes again or too late is passed on with its own stamp; the timeline counts it as duplicated or reordered.

    Subclasses read the files; see `VolumeFolder` and `DicomFolder` for the parameters.

    Attributes
    ----------
    n_restarts : int
        How often another series began.
    late_start : str
        With which volume the session began, in words, where it was not the series' first; else ``""``.
    delay_s : float
        How long after its acquisition the newest volume came, by its header and this machine's clock; NaN where the
        file does not say.
    """

    _watch: FolderWatch[Any]
    n_restarts = 0
    late_start = ""
    delay_s = nan

    def __init__(
        self,
        folder: str | PathLike[str],
        feature_names: Sequence[str],
        tr_s: float,
        space: VolumeSpace | None,
        region: NDArray[np.intp] | None,
        late_s: float | None,
        clock: Clock | None,
    ) -> None:
        if not tr_s > 0:
            raise InputError(f"tr_s: expected seconds above 0, got {tr_s}")
        if late_s is not None and not late_s >= 0:
            raise InputError(f"late_s: expected seconds, zero or more, got {late_s}")
        self.folder, self._tr_s, self._late_s = Path(folder), tr_s, tr_s if late_s is None else late_s
        self.info = StreamInfo(
            name=self.folder.name,
            type="fMRI",
            source_id=str(self.folder.absolute()),
            channel_names=tuple(feature_names),
            units=("a.u.",) * len(feature_names),
            rate_hz=1.0 / tr_s,
        )
        self._clock = clock or SystemClock()
        self._values = VolumeValues(feature_names, space, region)
        self._order = VolumeOrder(tr_s, self._late_s)
        self._pace: NumberedVolume | None = None
        self._says_pace = self._says_age = False

    def open(self, timeout_s: float) -> StreamInfo:
        """Wait for a volume; after a loss, for a new one."""
        until_s = self._clock.now() + timeout_s
        self._reopen()
        while not self._order.waits:
            try:
                self._look()
                reason = f"{self._what_is_missing()}; {self._watch}{self._said_so_far()}"
            except FileNotFoundError:
                reason = "there is no such folder"
            except OSError as error:
                reason = str(error)
            if not self._order.waits and not self._watch.rest(until_s):
                raise StreamNotFoundError(f"{self.folder}: {reason}")
        self._check_age()
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
            self._check_goes_on()
            if not self._watch.rest(until_s):
                return None
        self._check_pace(volumes)
        motion = [volume.motion for volume in volumes if volume.motion is not None]
        region = [volume.region for volume in volumes if volume.region is not None]
        return Chunk(
            np.stack([volume.values for volume in volumes]),
            np.array([self._order.stamp_of(volume.number) for volume in volumes]),
            self._clock.now(),
            np.stack(motion) if motion else None,
            np.array(region) if region else None,
        )

    def markers(self) -> list[Refusal]:
        """Return what was not taken, or moved, since the last call; a folder has no markers."""
        reports, self._values.reports = self._values.reports, []
        return [*self._watch.refusals(), *reports]

    def close(self) -> None:
        """Nothing to close."""

    def _look(self) -> None:
        """Take the volumes of new complete files."""
        raise NotImplementedError

    def _what_is_missing(self) -> str:
        """What did not come, in words."""
        raise NotImplementedError

    def _reopen(self) -> None:
        """Prepare for what follows a loss."""

    def _check_goes_on(self) -> None:
        """Raise StreamLostError where no volume follows the last."""

    def _check_age(self) -> None:
        """Say, once, where what is there at first seems to be of an earlier run."""
        age_s = time.time() - self._watch.newest_s()
        if age_s > OLD_S and not self._says_age:
            why = (
                f"the newest file in {self.folder} is {age_s / 60:.0f} min old: if it is of an earlier run, move "
                "that away, or choose by --pattern, or with --dicom by --series"
            )
            self._values.reports.append(Refusal("", why))
        self._says_age = True

    def _check_pace(self, volumes: Sequence[NumberedVolume]) -> None:
        """Say, once, where volumes come faster or slower than the repetition time says."""
        if self._pace is None or volumes[-1].number <= self._pace.number:
            self._pace = volumes[-1]
            return
        n = volumes[-1].number - self._pace.number
        if n < PACED or self._says_pace:
            return
        every_s, self._says_pace = (volumes[-1].since_s - self._pace.since_s) / n, True
        if abs(every_s - self._tr_s) > UNLIKE_PACE * self._tr_s:
            why = f"volumes come every {every_s:.3g} s, expected every {self._tr_s:.4g} s: is that the repetition time?"
            self._values.reports.append(Refusal("", why))

    def _said_so_far(self) -> str:
        return "".join(f". {report.why}" for report in self._values.reports if report.why)
