"""How a live stream matches what a decoder was fitted on: its channels, units and rate, exactly or brought to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..decoder.recordings.units import unit_factor
from ..decoder.steps import Resample, Step
from ..errors import InputError, StreamMismatchError
from .channel_match import Channels, match_channels
from .live_decoder import LiveDecoder

if TYPE_CHECKING:
    from .sources.source import StreamInfo

Rate = Literal["exact", "resample"]
RATES = ("exact", "resample")

RATE_TOLERANCE = 1e-3
"""The largest relative difference between the nominal rate and the decoder's: files round it."""


@dataclass(frozen=True, eq=False)
class StreamMatch:
    """What makes of a stream's samples those that the decoder takes.

    Attributes
    ----------
    channels : array (n_features,) of int, or None
        The stream's channels that the decoder takes; None for the stream as it is.
    factors : array (n_features,), or None
        What their values are multiplied by, to be in the decoder's units; None for nothing.
    steps : tuple of Step
        Come before the decoder's own: a change of the rate.
    rate_hz : float
        Of the stream; the decoder's own where they are the same but for rounding.
    """

    channels: NDArray[np.intp] | None
    factors: NDArray[np.float64] | None
    steps: tuple[Step, ...]
    rate_hz: float

    def features(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the decoder's features (n_samples, n_features) of samples (n_samples, n_channels)."""
        chosen = samples if self.channels is None else samples[:, self.channels]
        return chosen if self.factors is None else (chosen * self.factors).astype(np.float32)


def match_stream(
    info: StreamInfo,
    decoder: LiveDecoder,
    channels: Channels | Mapping[str, str] = "exact",
    units: str = "exact",
    rate: Rate = "exact",
) -> StreamMatch:
    """Return how a stream becomes what the decoder takes; for the policies see `LiveSettings`.

    Raises
    ------
    StreamMismatchError
        Channels, units or rate differ in a way that the policies do not allow.
    """
    steps = _resampling(info, decoder, rate)
    chosen = match_channels(info, decoder, channels)
    taken = np.arange(len(info.channel_names)) if chosen is None else chosen
    factors = _factors(info, decoder, taken, units)
    return StreamMatch(chosen, factors, steps, info.rate_hz if steps else decoder.rate_hz)


def _resampling(info: StreamInfo, decoder: LiveDecoder, rate: Rate) -> tuple[Step, ...]:
    if abs(info.rate_hz - decoder.rate_hz) <= RATE_TOLERANCE * decoder.rate_hz:
        return ()
    differ = f"rate_hz: the decoder was fitted at {decoder.rate_hz:g} Hz, the stream {info.name!r} comes at "
    if rate == "exact":
        raise StreamMismatchError(
            f"{differ}{info.rate_hz:g} Hz; set the amplifier to the decoder's rate, fit again on a recording at the "
            "stream's, or say rate='resample', on the command line --rate resample"
        )
    step = Resample(decoder.rate_hz)
    try:
        step.delay_samples(info.rate_hz)  # raises where the rates are in no simple ratio
    except InputError as error:
        raise StreamMismatchError(f"{differ}{info.rate_hz:g} Hz, and cannot be resampled: {error}") from error
    return (step,)


def _factors(info: StreamInfo, decoder: LiveDecoder, taken: NDArray[np.intp], units: str) -> NDArray[np.float64] | None:
    n = len(decoder.feature_names)
    ours = (decoder.unit,) * n if isinstance(decoder.unit, str) else decoder.unit
    factors = np.ones(n)
    for i, (name, our, index) in enumerate(zip(decoder.feature_names, ours, taken, strict=True)):
        their = info.units[index] if units in ("exact", "convert") else units
        if not their and units == "convert":
            raise StreamMismatchError(
                f"units: expected a unit of channel {name!r} of the stream {info.name!r} to convert it to {our!r}, got "
                "none; say what the stream sends, for example units='V', on the command line --units V"
            )
        # Many streams have no units; that is no difference.
        if not their or _same_unit(our, their):
            continue
        factor = unit_factor(their, our)
        if units == "exact" or factor is None:
            cure = f"make the stream send {our!r}" + ("" if factor is None else f", {factor:g} times its values")
            cure += "" if factor is None else ", or say units='convert', on the command line --units convert"
            raise StreamMismatchError(
                f"units: the decoder was fitted on {our!r}, the stream {info.name!r} carries {their!r} (channel "
                f"{name!r}); {cure}, or fit again on a recording in {their!r}"
            )
        factors[i] = factor
    return None if (factors == 1).all() else factors


def _same_unit(our: str, their: str) -> bool:
    """Whether two units are the same: LSL streams write microvolts in many ways.

    >>> _same_unit("µV", "microvolts"), _same_unit("uV", "V"), _same_unit("Spikes", "spikes")
    (True, False, True)
    """
    factor = unit_factor(their, our)
    return our.strip().lower() == their.strip().lower() if factor is None else factor == 1
