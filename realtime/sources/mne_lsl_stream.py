"""A stream of MNE-LSL: what its filters, references and picks make of it comes to the decoder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pylsl

from ...errors import StreamError, StreamLostError, StreamNotFoundError
from .source import Chunk, Marker, StreamInfo

POLL_S = 0.002
SLACK_S = 1.0
"""Samples that come between two questions to the stream."""
VOLTS = 107  # FIFF_UNIT_V
PREFIXES = {0: "V", -3: "mV", -6: "uV", -9: "nV"}


class MneStream(Protocol):
    """What is taken of ``mne_lsl.stream.StreamLSL``."""

    connected: bool
    name: Any
    source_id: Any
    ch_names: list[str]
    info: Any
    n_new_samples: int

    def connect(self, acquisition_delay: float, **options: Any) -> Any: ...

    def disconnect(self) -> Any: ...

    def get_channel_units(self) -> Sequence[tuple[int, int]]: ...

    def get_data(self, winsize: float, *, exclude: tuple[str, ...]) -> tuple[Any, Any]: ...


class MneLslStream:
    """A ``mne_lsl.stream.StreamLSL``. MNE-LSL itself is not imported: its stream object is all that is needed.

    A stream that is not connected is connected here, without smoothing of its stamps, which would hide lost samples.
    One that is connected already with ``processing_flags="all"`` hides them.

    Parameters
    ----------
    stream : mne_lsl.stream.StreamLSL
        Its buffer has to be longer than the longest time between two pulls.

    Raises
    ------
    StreamNotFoundError
        From `open`: MNE-LSL does not find the stream.
    StreamError
        From `open`: it has no regular rate.
    StreamLostError
        From `pull`: it is no longer connected.

    Examples
    --------
    A band that MNE-LSL filters, on channels that it picks::

        from mne_lsl.stream import StreamLSL

        amplifier = StreamLSL(bufsize=5, name="MyAmplifier").connect(processing_flags=["clocksync"])
        amplifier.pick(["C3", "Cz", "C4"]).filter(8, 30)
        for decision in stream("decoder.hotwire", MneLslStream(amplifier)):
            print(decision.said)
    """

    def __init__(self, stream: MneStream) -> None:
        self._stream = stream
        self._rate_hz = 0.0
        self._newest_s = 0.0

    def open(self, timeout_s: float) -> StreamInfo:
        """Connect if it is not; only samples from now on count."""
        stream = self._stream
        if not stream.connected:
            try:
                stream.connect(0.005, processing_flags=["clocksync"], timeout=timeout_s)
            except RuntimeError as error:
                raise StreamNotFoundError(f"MNE-LSL: {error}") from error
        self._rate_hz = float(stream.info["sfreq"])
        if not self._rate_hz > 0:
            raise StreamError(f"the stream {stream.name!r} has no regular rate; a decoder needs one")
        self._newest_s = float(pylsl.local_clock())
        return StreamInfo(
            name=str(stream.name),
            type="EEG",
            source_id=str(stream.source_id or ""),
            channel_names=tuple(stream.ch_names),
            units=tuple(PREFIXES.get(power, "") if unit == VOLTS else "" for unit, power in stream.get_channel_units()),
            rate_hz=self._rate_hz,
        )

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        until_s = time.monotonic() + timeout_s
        while not (n_new := self._new()):
            if time.monotonic() >= until_s:
                return None
            time.sleep(POLL_S)
        # By their stamps, as some may come between the two questions.
        data, stamps = self._stream.get_data(n_new / self._rate_hz + SLACK_S, exclude=())
        stamps = np.asarray(stamps, np.float64)
        is_new = stamps > self._newest_s
        if not is_new.any():
            return None
        self._newest_s = float(stamps[-1])
        samples = np.ascontiguousarray(np.asarray(data)[:, is_new].T, np.float32)
        return Chunk(samples, stamps[is_new], pylsl.local_clock())

    def markers(self) -> list[Marker]:
        """Return none: a stream of MNE-LSL tells no events."""
        return []

    def close(self) -> None:
        """Disconnect."""
        if self._stream.connected:
            self._stream.disconnect()

    def _new(self) -> int:
        if not self._stream.connected:
            raise StreamLostError(f"MNE-LSL is not connected to the stream {self._stream.name!r}")
        return int(self._stream.n_new_samples)
