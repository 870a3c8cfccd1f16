"""Checks before a calibration: the stream's channels, and which of them have no signal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....errors import StreamError, StreamMismatchError
from ...checks import few
from ...clock import SystemClock
from ...sources.cued_source import CuedSource
from ...sources.source import StreamInfo
from .view import CalibrationView

MIN_SAMPLES = 8
"""A channel is not checked with fewer samples."""
AT_EXTREME = 0.1
"""A channel is saturated if this share of its samples has the same largest or smallest value."""


def signal_faults(samples: NDArray[np.floating], names: Sequence[str]) -> dict[str, str]:
    """Return the fault of each faulty channel, from samples (n_samples, n_channels) of a second or more.

    ``"not finite"``: a sample is NaN or infinite. ``"flat"``: all samples are the same. ``"saturated"``: a tenth of
    them or more are the same largest, or the same smallest value.

    >>> wave = np.sin(np.arange(100))
    >>> samples = np.column_stack([wave, np.clip(wave, -0.5, 0.5), np.zeros(100)])
    >>> signal_faults(samples, ["C3", "Cz", "C4"])
    {'Cz': 'saturated', 'C4': 'flat'}
    """
    faults: dict[str, str] = {}
    for name, channel in zip(names, np.asarray(samples).T, strict=True):
        if not np.isfinite(channel).all():
            faults[name] = "not finite"
        elif len(channel) and channel.min() == channel.max():
            faults[name] = "flat"
        elif max((channel == extreme).mean() for extreme in (channel.min(), channel.max())) >= AT_EXTREME:
            faults[name] = "saturated"
    return faults


def chosen_channels(info: StreamInfo, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted channels, or all; raises `StreamMismatchError` if the stream lacks one or has it twice."""
    names = info.channel_names
    missing = [name for name in wanted if name not in names]
    if missing:
        raise StreamMismatchError(
            f"channels: the stream {info.name!r} lacks {few(missing)}; it has {few(names)}. Correct --channel, or have "
            "the amplifier send them"
        )
    chosen = tuple(wanted) or names
    twice = sorted({name for name in chosen if names.count(name) > 1 or chosen.count(name) > 1})
    if twice:
        raise StreamMismatchError(f"channels: expected each name once, got several of {few(twice)}; name others")
    return chosen


def first_samples(source: CuedSource, info: StreamInfo, seconds: float, view: CalibrationView) -> NDArray[np.float32]:
    """Take samples for this time, and until there are a few."""
    clock = SystemClock()
    parts: list[NDArray[np.float32]] = []
    since_s, n = clock.now(), 0
    patience_s = seconds + 10.0 + 2 * MIN_SAMPLES / info.rate_hz
    while n < MIN_SAMPLES or clock.now() - since_s < seconds:
        view.draw()
        chunk = source.pull(0.05)
        if chunk is not None:
            parts.append(chunk.samples.copy())
            n += len(chunk.samples)
        if n < MIN_SAMPLES and clock.now() - since_s > patience_s:
            raise StreamError(f"the stream {info.name!r} sent {n} samples in {patience_s:.0f} s; see what holds it up")
    return np.concatenate(parts)
