"""The protocol of live sources, and the records that they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError


class EndOfStream(Exception):
    """A script or recording has ended; a lost stream is a `StreamLostError`."""


@dataclass(frozen=True)
class StreamInfo:
    """The description of a stream.

    Attributes
    ----------
    name, type : str
        As in LSL, e.g. ``"actiCHamp"`` and ``"EEG"``.
    source_id : str
        Identifies the device, to find a lost stream again. ``""``: it cannot be found again.
    channel_names : tuple of str
    units : tuple of str
        One per channel; ``""`` if not given.
    rate_hz : float
        The nominal rate.
    dtype : str
        Of the sent samples, e.g. ``"float32"``.
    """

    name: str
    type: str
    source_id: str
    channel_names: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if len(self.units) != len(self.channel_names):
            raise ShapeError(
                f"units: expected one for each of {len(self.channel_names)} channels, got {len(self.units)}; "
                "give '' where the unit is not known"
            )
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise InputError(
                f"rate_hz: expected a positive number of samples per second, got {self.rate_hz}; a stream without "
                "a rate of its own cannot be decoded"
            )

    @property
    def n_channels(self) -> int:
        return len(self.channel_names)

    def summary(self) -> str:
        """Return one line for messages and lists.

        Examples
        --------
        >>> StreamInfo("amp", "EEG", "serial-7", ("Cz", "Pz"), ("uV", "uV"), 250.0).summary()
        'amp (EEG, 2 channels at 250 Hz, float32, source_id serial-7)'
        """
        n = f"{self.n_channels} channel{'' if self.n_channels == 1 else 's'}"
        who = f"source_id {self.source_id}" if self.source_id else "no source_id"
        return f"{self.name} ({self.type or 'no type'}, {n} at {self.rate_hz:g} Hz, {self.dtype}, {who})"


class Chunk(NamedTuple):
    """Samples of one pull.

    Attributes
    ----------
    samples : array (n_samples, n_channels), float32
        May be a view, valid until the next pull.
    stamps : array (n_samples,), float64
        In seconds on the local clock, clock-synchronised, not dejittered.
    received_s : float
        When they were pulled, on the local clock.
    motion : array (n_samples, 6), float64, or None
        The head's motion in volumes that were aligned; NaN where that failed.
    region : array (n_samples,), float64, or None
        The mean signal of a region, where a source was asked for one; NaN where it is not known.
    """

    samples: NDArray[np.float32]
    stamps: NDArray[np.float64]
    received_s: float
    motion: NDArray[np.float64] | None = None
    region: NDArray[np.float64] | None = None


class Marker(NamedTuple):
    """An event from a marker stream.

    Attributes
    ----------
    label : str
    stamp_s : float
        The time of the event, on the clock of the samples' stamps.
    duration_s : float or None
        None if not given.
    received_s : float
        When it was pulled, on the local clock.
    """

    label: str
    stamp_s: float
    duration_s: float | None
    received_s: float


class MarkersChange(NamedTuple):
    """A change of the marker stream, reported among the markers.

    Attributes
    ----------
    is_there : bool
        True: it is connected, for the first time or again. False: it is gone or not there yet, and is searched for.
    why : str
        In words.
    """

    is_there: bool
    why: str


class Refusal(NamedTuple):
    """Something that a source reports among the markers: a file that it does not take, or a head that moved.

    Attributes
    ----------
    counted_as : str
        Its name among the engine's losses; ``""`` if it is only said.
    why : str
        In words; ``""`` if it is only counted.
    """

    counted_as: str
    why: str


class Source(Protocol):
    """A source of samples and markers."""

    def open(self, timeout_s: float) -> StreamInfo:
        """Find the stream and connect. Called again after a loss, it accepts only the same source_id.

        Raises
        ------
        StreamNotFoundError
            No stream matches within the time, or several do; lists all streams.
        """
        ...

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait at most this long for a sample and return all there are; None if there are none.

        Raises
        ------
        StreamLostError
            The stream is gone.
        EndOfStream
            A script or a recording has ended.
        """
        ...

    def markers(self) -> Sequence[Marker | MarkersChange | Refusal]:
        """Return the markers since the last call, without waiting.

        If they have their own stream, a `MarkersChange` among them says that it was found or is gone. Samples continue
        without it. A `Refusal` says what the source does not take.
        """
        ...

    def close(self) -> None:
        """Disconnect. May be called at any time and repeatedly."""
        ...
