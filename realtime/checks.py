"""Checks that a live stream matches what a decoder was fitted on, before any decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..decoder.recordings.units import unit_factor
from ..decoder.windows import Window, check_alike
from ..errors import InputError, StreamMismatchError

if TYPE_CHECKING:
    from ..decoder.bundle.compiled import CompiledDecoder
    from .sources.source import StreamInfo

Channels = Literal["exact", "by name", "by position"]
CHANNELS = ("exact", "by name", "by position")

RATE_TOLERANCE = 1e-3
"""The largest relative difference between the nominal rate and the decoder's: files round it."""


def match_channels(info: StreamInfo, decoder: CompiledDecoder, channels: Channels = "exact") -> NDArray[np.intp] | None:
    """Return the indices (n_features,) of the stream's channels that the decoder takes, None if it takes the stream as
    it is.

    Raises StreamMismatchError if they do not match. ``"exact"``: the stream has the decoder's channels in its order.
    ``"by name"``: they are selected by name; there may be others. ``"by position"``: only the number must agree.
    """
    if channels not in CHANNELS:
        raise InputError(f"channels: expected one of {', '.join(CHANNELS)}, got {channels!r}")
    _check_rate(info, decoder)
    chosen = _chosen(info, decoder, channels)
    _check_units(info, decoder, np.arange(len(info.channel_names)) if chosen is None else chosen)
    return chosen


def check_came_back(before: StreamInfo, now: StreamInfo) -> None:
    """Raise StreamMismatchError if a stream that came back has other channels, units or another rate."""
    for what in ("channel_names", "units", "rate_hz"):
        was, is_now = getattr(before, what), getattr(now, what)
        if was != is_now:
            if isinstance(was, tuple) and len(was) == len(is_now):
                number, (was, is_now) = next(
                    (i, pair) for i, pair in enumerate(zip(was, is_now, strict=True)) if pair[0] != pair[1]
                )
                what += f" (number {number})"
            elif isinstance(was, tuple):
                was, is_now = (f"{len(names)} ({few(names)})" for names in (was, is_now))
            raise StreamMismatchError(
                f"{what}: the stream {now.name!r} came back as another: it was {was}, now it is {is_now}; set it as "
                "it was, or begin a new session"
            )


def check_window(decoder: CompiledDecoder, window: Window) -> None:
    """Raise InputError if a decoder cannot decide on what a replacement of its window gives."""
    rate_hz = decoder.rate_after_steps_hz
    check_alike(window, decoder.window, rate_hz)
    window.open(len(decoder.names_after_steps), rate_hz)  # raises if it does not fit the rate


def _check_rate(info: StreamInfo, decoder: CompiledDecoder) -> None:
    if abs(info.rate_hz - decoder.rate_hz) > RATE_TOLERANCE * decoder.rate_hz:
        raise StreamMismatchError(
            f"rate_hz: the decoder was fitted at {decoder.rate_hz:g} Hz, the stream {info.name!r} comes at "
            f"{info.rate_hz:g} Hz; set the amplifier to the decoder's rate, or fit again on a recording at the stream's"
        )


def _chosen(info: StreamInfo, decoder: CompiledDecoder, channels: Channels) -> NDArray[np.intp] | None:
    ours, theirs = decoder.feature_names, info.channel_names
    if ours == theirs:
        return None
    if channels == "by position":
        if len(ours) != len(theirs):
            raise StreamMismatchError(
                f"channels: the decoder takes {len(ours)}, the stream {info.name!r} has {len(theirs)}; by position "
                "their number has to agree"
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


def _difference(info: StreamInfo, ours: tuple[str, ...], missing: list[str]) -> str:
    theirs = info.channel_names
    sides = f"the decoder takes {len(ours)} ({few(ours)}), the stream {info.name!r} has {len(theirs)} ({few(theirs)})"
    if missing and len(ours) == len(theirs) and len(missing) == len(ours):
        return (
            f"channels: {sides}; none of the decoder's names is among the stream's. If it is the same montage under "
            "other names, say channels='by position'"
        )
    if missing:
        return f"channels: {sides}; the stream lacks {few(missing)}"
    if len(ours) != len(theirs):
        more = [name for name in theirs if name not in set(ours)]
        return f"channels: {sides}; the stream also has {few(more)}. To pick out the decoder's, say channels='by name'"
    first = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return (
        f"channels: {sides}; the same channels in another order: number {first} is {ours[first]!r} for the decoder and "
        f"{theirs[first]!r} in the stream. To have them reordered, say channels='by name'"
    )


def _check_units(info: StreamInfo, decoder: CompiledDecoder, chosen: NDArray[np.intp]) -> None:
    ours = (decoder.unit,) * len(chosen) if isinstance(decoder.unit, str) else decoder.unit
    theirs = [info.units[index] for index in chosen]
    for name, our, their in zip(decoder.feature_names, ours, theirs, strict=True):
        # Many streams have no units; that is no difference.
        if their and not _same_unit(our, their):
            factor = unit_factor(their, our)
            times = "" if factor is None else f", {factor:g} times its values"
            raise StreamMismatchError(
                f"units: the decoder was fitted on {our!r}, the stream {info.name!r} carries {their!r} (channel "
                f"{name!r}); make the stream send {our!r}{times}, or fit again on a recording in {their!r}"
            )


def _same_unit(our: str, their: str) -> bool:
    """Whether two units are the same: LSL streams write microvolts in many ways.

    >>> _same_unit("µV", "microvolts"), _same_unit("uV", "V"), _same_unit("Spikes", "spikes")
    (True, False, True)
    """
    factor = unit_factor(their, our)
    return our.strip().lower() == their.strip().lower() if factor is None else factor == 1


def few(names: tuple[str, ...] | list[str], most: int = 8) -> str:
    """The first few names, for a message: there may be too many voxels to list."""
    return ", ".join(names[:most]) + (f", ... {len(names)} in all" if len(names) > most else "")
