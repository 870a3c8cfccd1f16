"""A source without markers, such as a folder of volumes, and an LSL stream of markers beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import isfinite, nan

from ...errors import StreamNotFoundError
from .lsl_link import LOOK_S
from .lsl_markers import LslMarkers
from .lsl_source import HEAD_START_S
from .source import Chunk, Marker, MarkersChange, Refusal, Source, StreamInfo

BUFFER_S = 60.0
SURPRISING_S = 0.5
"""An export that takes so much longer or shorter than expected is reported."""
LONGEST_S = 60.0
"""An export that seems to take longer, or to be over before it begins: the two clocks are not the same."""


class MarkedSource:
    """A source without markers, and an LSL stream of markers beside it.

    Volumes are stamped when they come, which is a repetition time after their acquisition began, and later by what
    reconstruction and export take. Markers are stamped when they happen. So they are moved by both, onto the stamps of
    the volumes: an event is then in the volume that was acquired while it happened.

    Parameters
    ----------
    source : Source
    markers : str
        The name of the LSL stream of markers.
    delay_s : float
        How long after its acquisition a volume comes.
    measured_s : function, optional
        Returns how long it took for the newest volume, by the scanner's clock; NaN where that is not known.
    """

    def __init__(
        self, source: Source, markers: str, delay_s: float = 0.0, measured_s: Callable[[], float] = lambda: nan
    ) -> None:
        self._source, self._markers = source, LslMarkers(markers, BUFFER_S)
        self._delay_s, self._measured_s = delay_s, measured_s
        self._later_s = nan
        self._has_begun = self._is_said = False
        self._reports: list[Refusal] = []

    def __str__(self) -> str:
        return f"{self._source} and {self._markers}"

    def open(self, timeout_s: float) -> StreamInfo:
        """Open the source, while the markers are looked for; they may follow later."""
        self._markers.connect()
        info = self._source.open(timeout_s)
        until_s = time.monotonic() + HEAD_START_S
        while not self._markers.is_open:
            why = self._markers.connect()
            if why is not None and time.monotonic() >= until_s:
                if self._markers.sees_match:
                    raise StreamNotFoundError(why)
                self._markers.go_on_without(why)
            if not self._markers.is_open:
                time.sleep(LOOK_S)
        self._later_s = 1.0 / info.rate_hz + self._delay_s
        return info

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        chunk = self._source.pull(timeout_s)
        if chunk is not None and self._has_begun and not self._is_said:  # those that came before are older
            self._compare(self._measured_s())
        self._has_begun |= chunk is not None
        return chunk

    def markers(self) -> Sequence[Marker | MarkersChange | Refusal]:
        """Return the markers since the last call, on the stamps of the volumes, and what the source reports."""
        came = [
            one._replace(stamp_s=one.stamp_s + self._later_s) if isinstance(one, Marker) else one
            for one in self._markers.pull()
        ]
        reports, self._reports = self._reports, []
        return [*self._source.markers(), *reports, *came]

    def close(self) -> None:
        """Disconnect both."""
        self._markers.close()
        self._source.close()

    def _compare(self, measured_s: float) -> None:
        """Say, once, where the export seems to take another time than is expected."""
        self._is_said = isfinite(measured_s)
        if not abs(measured_s - self._delay_s) > SURPRISING_S:
            return
        if not 0 <= measured_s <= LONGEST_S:
            why = (
                f"the scanner's clock is {abs(measured_s):.0f} s {'behind' if measured_s > 0 else 'ahead of'} this "
                "machine's, so it does not tell how long the export of a volume takes; it is taken to take "
                f"{self._delay_s:g} s"
            )
        else:
            why = (
                f"by the scanner's clock a volume came {measured_s:.1f} s after it was acquired, and markers are "
                f"placed for {self._delay_s:g} s: if both clocks agree, give --delay {measured_s:.1f}"
            )
        self._reports.append(Refusal("", why))
