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
from .checks import few
from .live_decoder import LiveDecoder

if TYPE_CHECKING:
    from .sources.source import StreamInfo

Channels = Literal["exact", "by name", "by position"]
CHANNELS = ("exact", "by name", "by position")
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


def match_channels(
    info: StreamInfo, decoder: LiveDecoder, channels: Channels | Mapping[str, str] = "exact"
) -> NDArray[np.intp] | None:
    """Return the indices (n_features,) of the stream's channels that the decoder takes, None if it takes the stream as
    it is.

    Raises StreamMismatchError if they do not match. ``"exact"``: the stream has the decoder's channels in its order.
    ``"by name"``: they are selected by name; there may be others. ``"by position"``: only the number must agree. A
    mapping: from each of the decoder's names to the stream's, or to a number from 1 on.
    """
    ours, theirs = decoder.feature_names, info.channel_names
    if isinstance(channels, Mapping):
        return _mapped(info, ours, channels)
    if channels not in CHANNELS:
        raise InputError(f"channels: expected one of {', '.join(CHANNELS)}, or a mapping, got {channels!r}")
    if ours == theirs:
        return None
    if channels == "by position":
        if len(ours) != len(theirs):
            raise StreamMismatchError(
                f"channels: the decoder takes {len(ours)}, the stream {info.name!r} has {len(theirs)}; by position "
                f"their number has to agree. To pick some out, say which is which: {_example(ours)}"
            )
        return None
    missing = [name for name in ours if name not in set(theirs)]
    if channels == "by name" and not missing:
        at = {name: index for index, name in enumerate(theirs)}
        if len(at) != len(theirs):
            twice = sorted({name for name in theirs if theirs.count(name) > 1})
            raise StreamMismatchError(f"channels: the stream {info.name!r} has several channels named {few(twice)}")
        return np.array([at[name] for name in ours], np.intp)
    raise StreamMismatchError(_difference(info, ours, missing))


def _mapped(info: StreamInfo, ours: tuple[str, ...], mapping: Mapping[str, str]) -> NDArray[np.intp]:
    theirs = info.channel_names
    missing, unknown = [name for name in ours if name not in mapping], [name for name in mapping if name not in ours]
    if missing or unknown:
        what = f"got none for {few(missing)}" if missing else f"{few(unknown)} it does not take"
        raise StreamMismatchError(
            f"channels: expected a channel of the stream for each that the decoder takes ({few(ours)}), {what}; "
            f"for example {_example(ours)}"
        )
    taken = []
    for name in ours:
        given = mapping[name]
        if theirs.count(given) == 1:
            taken.append(theirs.index(given))
        elif given not in theirs and given.isdecimal() and 1 <= int(given) <= len(theirs):
            taken.append(int(given) - 1)
        else:
            raise StreamMismatchError(
                f"channels: {name}={given}: the stream {info.name!r} has {'several' if given in theirs else 'none'} of "
                f"that name; its channels are {few(theirs)}, numbers 1 to {len(theirs)}"
            )
    if len(set(taken)) < len(taken):
        twice = next(name for i, name in enumerate(ours) if taken[i] in taken[:i])
        raise StreamMismatchError(
            f"channels: expected another channel for each of the decoder's, got {mapping[twice]!r} of {twice} twice"
        )
    return np.array(taken, np.intp)


def _example(ours: tuple[str, ...]) -> str:
    pairs = [f"{name}={number}" for number, name in enumerate(ours[:3], 1)] + ["..."] * (len(ours) > 3)
    return f"--channels {','.join(pairs)}, in Python channels={{{ours[0]!r}: '1', ...}}"


def _difference(info: StreamInfo, ours: tuple[str, ...], missing: list[str]) -> str:
    theirs = info.channel_names
    sides = f"the decoder takes {len(ours)} ({few(ours)}), the stream {info.name!r} has {len(theirs)} ({few(theirs)})"
    if missing and len(ours) == len(theirs) and len(missing) == len(ours):
        return (
            f"channels: {sides}; none of the decoder's names is among the stream's. If it is the same montage under "
            "other names, say channels='by position', on the command line --channels by-position"
        )
    if missing:
        return f"channels: {sides}; the stream lacks {few(missing)}"
    if len(ours) != len(theirs):
        more = [name for name in theirs if name not in set(ours)]
        return (
            f"channels: {sides}; the stream also has {few(more)}. To pick out the decoder's, say channels='by name', "
            "on the command line --channels by-name"
        )
    first = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return (
        f"channels: {sides}; the same channels in another order: number {first} is {ours[first]!r} for the decoder and "
        f"{theirs[first]!r} in the stream. To have them reordered, say channels='by name', on the command line "
        "--channels by-name"
    )


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
