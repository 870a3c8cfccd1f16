"""Samples and markers from LabStreamingLayer."""

from __future__ import annotations

import time
from math import ceil

import numpy as np
import pylsl
from pylsl.lib import fmt2npdtype
from pylsl.util import LostError

from ...errors import InputError, StreamError, StreamNotFoundError
from .lsl_link import LOOK_S, Link
from .lsl_markers import LslMarkers
from .source import Chunk, Marker, MarkersChange, StreamInfo

WAIT_S = 0.25
"""The longest single wait: Ctrl-C is not noticed while LSL waits."""
HEAD_START_S = 2.0
"""How long samples wait for the markers: both streams may have started just now."""


class LslSource:
    """A stream of samples, and optionally a stream of markers.

    Stamps are on this machine's clock and otherwise as sent: LSL's own smoothing would hide lost samples. If samples
    wait longer than ``buffer_s``, the oldest are lost, which shows in the stamps.

    A stream that was lost is connected again only with the same source_id. The markers have their own link: if their
    stream is missing, lost or comes back, `markers` reports it, it is searched for, and samples continue.

    Parameters
    ----------
    name, type, source_id : str, optional
        Properties of the stream; at least one.
    markers : str, optional
        The name of a marker stream: one channel, irregular, of text or numbers. Text may be a JSON object ``{"label":
        "face", "duration_s": 15.0}``; any other text is the label.
    buffer_s : float
        How long samples wait to be pulled, in seconds of the stream's own rate, and at least some thousand samples.

    Raises
    ------
    StreamNotFoundError
        From `open`: no stream matches, or several do; all streams on the network are listed. For the markers only if a
        stream of their name is not suitable, or the time to open was less than 2 s; otherwise samples begin after 2 s
        without them.
    StreamLostError
        From `pull`: the stream was lost. From `open`: it was lost, and has no source_id to find it again.

    Examples
    --------
    >>> print(LslSource("EEG", markers="stimuli"))
    the LSL stream with name 'EEG' and the LSL marker stream with name 'stimuli'
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        type: str | None = None,
        source_id: str | None = None,
        markers: str | None = None,
        buffer_s: float = 60.0,
    ) -> None:
        given = {"name": name, "type": type, "source_id": source_id}
        wanted = {key: value for key, value in given.items() if value}
        if not wanted:
            raise InputError("LslSource: expected a name, a type or a source_id of the stream, got none")
        if not buffer_s > 0:
            raise InputError(f"buffer_s: expected seconds above 0, got {buffer_s!r}")
        self._data = Link("stream", wanted, _not_samples, buffer_s)
        self._markers = LslMarkers(markers, buffer_s) if markers else None
        self._rows = np.empty((0, 0), np.float32)
        self._samples = self._rows

    def __str__(self) -> str:
        return f"{self._data}" if self._markers is None else f"{self._data} and {self._markers}"

    def open(self, timeout_s: float) -> StreamInfo:
        """Find and connect; after a timeout, the next call continues from there.

        If it is connected already, it must be silent: it is dropped and searched for.
        """
        until = time.monotonic() + timeout_s
        if self._data.connected:
            self._data.drop()
            if self._markers is not None:
                self._markers.search_again("samples fell silent, and it may have gone with them")
        # Markers first: a sender that waits for a consumer of the samples may then send both at once.
        if self._markers is not None and not self._markers.is_open:
            self._await_markers(self._markers, until)
        info = self._data.connect(until)
        known = described(info)
        n_rows = max(64, ceil(known.rate_hz))
        self._rows = np.empty((n_rows, len(known.channel_names)), known.dtype)
        self._samples = self._rows if known.dtype == "float32" else np.empty(self._rows.shape, np.float32)
        return known

    def pull(self, timeout_s: float) -> Chunk | None:
        """Return the samples that are there, at most one second; wait only if there are none."""
        try:
            _, stamps = self._data.inlet.pull_chunk(
                timeout=min(timeout_s, WAIT_S),
                max_samples=len(self._rows),
                dest_obj=self._rows,
                min_samples=1,
                as_numpy=True,
            )
            received_s = pylsl.local_clock()
            n = len(stamps)
            if not n:
                return None
            stamps = np.asarray(stamps) + self._data.correction_s()
        except LostError:
            raise self._data.lost() from None
        if self._rows is not self._samples:
            with np.errstate(over="ignore"):  # becomes infinite, and is reported as such
                np.copyto(self._samples[:n], self._rows[:n], casting="same_kind")
        return Chunk(self._samples[:n], stamps, received_s)

    def markers(self) -> list[Marker | MarkersChange]:
        """Return the markers since the last call and changes of their stream, without waiting."""
        return [] if self._markers is None else self._markers.pull()

    def close(self) -> None:
        """Disconnect. The source can be opened again, for any matching stream."""
        self._data.close()
        if self._markers is not None:
            self._markers.close()

    def _await_markers(self, markers: LslMarkers, until: float) -> None:
        """Wait for the markers first; continue without them if only the samples are there."""
        while not markers.is_open:
            why = markers.connect()
            if why is None:
                pass
            elif not markers.sees_match and self._data.seen_for_s() >= HEAD_START_S:
                markers.go_on_without(why)
            elif time.monotonic() >= until:
                raise StreamNotFoundError(why)
            if not markers.is_open:
                time.sleep(LOOK_S)


def _not_samples(info: pylsl.StreamInfo) -> str:
    if info.channel_format() == pylsl.cf_string:
        return "carries text, not samples"
    return "" if info.nominal_srate() > 0 else "has no regular rate"


def described(info: pylsl.StreamInfo) -> StreamInfo:
    """Return a stream's description; channels without a label are numbered from 1."""
    n_channels = info.channel_count()
    labels, units = [], []
    channel = info.desc().child("channels").child("channel")
    while not channel.empty():
        labels.append(channel.child_value("label") or f"channel_{len(labels) + 1}")
        units.append(channel.child_value("unit"))
        channel = channel.next_sibling("channel")
    if labels and len(labels) != n_channels:
        raise StreamError(
            f"the stream {info.name()!r} describes {len(labels)} channels and sends {n_channels}; correct the "
            "description that its program gives"
        )
    return StreamInfo(
        name=info.name(),
        type=info.type(),
        source_id=info.source_id(),
        channel_names=tuple(labels) or tuple(f"channel_{i + 1}" for i in range(n_channels)),
        units=tuple(units) or ("",) * n_channels,
        rate_hz=info.nominal_srate(),
        dtype=np.dtype(fmt2npdtype[info.channel_format()]).name,
    )
