"""What a live source is: something that is opened, pulled from, and may go away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError


class EndOfStream(Exception):
    """A scripted or replayed source is used up; a stream that is gone is a `StreamLostError`."""


@dataclass(frozen=True)
class StreamInfo:
    """What a stream says of itself.

    Attributes
    ----------
    name, type : str
        As LSL knows them, e.g. ``"actiCHamp"`` and ``"EEG"``.
    source_id : str
        Names the device; a stream is found again by it. ``""``: it cannot be found again.
    channel_names : tuple of str
    units : tuple of str
        One per channel; ``""`` where the stream does not say.
    rate_hz : float
        The nominal rate.
    dtype : str
        Of the samples as they are sent, e.g. ``"float32"``.
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
    """Samples as they were pulled.

    Attributes
    ----------
    samples : array (n_samples, n_channels), float32
        May be a view that is valid until the next pull.
    stamps : array (n_samples,), float64
        Clock-synchronised seconds on the local clock, not dejittered.
    received_s : float
        When they were pulled, on the local clock.
    """

    samples: NDArray[np.float32]
    stamps: NDArray[np.float64]
    received_s: float


class Marker(NamedTuple):
    """Something that happened, as a stream of markers says it.

    Attributes
    ----------
    label : str
    stamp_s : float
        When it happened, on the clock of the samples' stamps.
    duration_s : float or None
        None where the stream does not say.
    received_s : float
        When it was pulled, on the local clock.
    """

    label: str
    stamp_s: float
    duration_s: float | None
    received_s: float


class MarkersChange(NamedTuple):
    """What became of the stream of markers, reported among them.

    Attributes
    ----------
    is_there : bool
        It was found, at first or again; else it is gone or not there yet, and is being looked for.
    why : str
        In words.
    """

    is_there: bool
    why: str


class Source(Protocol):
    """Where samples and markers come from."""

    def open(self, timeout_s: float) -> StreamInfo:
        """Find the stream and connect. Called again after a loss, when only the same source_id will do.

        Raises
        ------
        StreamNotFoundError
            No stream matches within the time, or several do; lists what was found.
        """
        ...

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait at most so long for at least one sample and return what there is; None: nothing came.

        Raises
        ------
        StreamLostError
            The stream is gone.
        EndOfStream
            It is used up, as a script or a recording is in the end.
        """
        ...

    def markers(self) -> Sequence[Marker | MarkersChange]:
        """Return the markers that came since the last call; never waits.

        Where they are a stream of their own, a `MarkersChange` among them says that it was found or is gone: that
        ends nothing, as samples go on without.
        """
        ...

    def close(self) -> None:
        """Disconnect; may be called at any time, also twice."""
        ...
