"""Windows that average, windows that hold samples, and which may replace which."""

from __future__ import annotations

from ...errors import InputError
from ..steps.settings import check_number
from .epochs import Epoch, SlidingEpoch
from .event_windows import BlockAverage, EventWindow, RunningAverage
from .sliding import SlidingAverage
from .window import Window

HOLD_SAMPLES = (Epoch, SlidingEpoch)


def holds_samples(window: Window) -> bool:
    """Return whether a window holds samples; otherwise it averages them."""
    return isinstance(window, HOLD_SAMPLES)


def sliding_like(window: Window, every_s: float, rate_hz: float) -> SlidingAverage | SlidingEpoch:
    """Return the window that slides and treats its samples as this one does.

    `every_s` is from one decision to the next, `rate_hz` that of the samples after the steps. InputError where there is
    no such window, or its length is not known.

    Examples
    --------
    >>> sliding_like(BlockAverage(0.5, 3.5), 0.25, 100.0)
    SlidingAverage(length_s=3.0, every_s=0.25)
    >>> sliding_like(Epoch(0.0, 0.8, bin_s=0.1, baseline_s=(-0.2, 0.0)), 0.25, 100.0).baseline_s
    (-0.2, 0.0)
    """
    check_number("every_s", every_s, may_be_least=False)
    if isinstance(window, SlidingAverage):
        return SlidingAverage(window.length_s, every_s)
    if isinstance(window, Epoch | SlidingEpoch):
        length_s = window.length_s if isinstance(window, SlidingEpoch) else _length_s(window)
        stretch, baseline_s = window.stretch(rate_hz), None
        if window.baseline_s is not None:  # by samples: an onset between two of them moves nothing
            first, stop = stretch.base.start - stretch.kept.start, stretch.base.stop - stretch.kept.start
            baseline_s = first / rate_hz, stop / rate_hz
        return SlidingEpoch(length_s, every_s, window.bin_s, window.most, window.least, baseline_s)
    if isinstance(window, BlockAverage):
        return SlidingAverage(_length_s(window), every_s)
    if isinstance(window, RunningAverage):
        return SlidingAverage(min(_length_s(window), window.max_samples / rate_hz), every_s)
    raise InputError(f"window: there is none that slides along like {window!r}; let decisions follow events")


def check_alike(window: Window, own: Window, rate_hz: float) -> None:
    """Raise InputError unless a window can replace a decoder's own: it has to treat its samples in the same way.

    Averages may be of any length, as they always are one row. Windows that hold samples need the same number, the same
    bins, and the baseline at the same position. `rate_hz` is that of the samples after the steps.
    """
    if holds_samples(window) != holds_samples(own) or _made(window, rate_hz) != _made(own, rate_hz):
        every_s = getattr(window, "every_s", 0.5)
        likes = sliding_like(own, every_s, rate_hz) if holds_samples(own) else _average_like(window)
        raise InputError(
            f"window: expected one that makes the same of its samples as the decoder's own {own!r}, "
            f"{_description(own, rate_hz)}, got {window!r}, {_description(window, rate_hz)}; "
            f"use {likes!r}, or leave it out"
        )


def _length_s(window: EventWindow) -> float:
    if window.stop_s is None:
        raise InputError(
            f"stop_s: expected the end of the window, as what slides along knows no event's duration, got {window!r}"
        )
    return window.stop_s - window.start_s


def _made(window: Window, rate_hz: float) -> tuple[int, ...]:
    """Return what has to be the same: bins and their length, and the baseline's position from the window's first
    sample.
    """
    if not isinstance(window, Epoch | SlidingEpoch):
        return ()
    stretch = window.stretch(rate_hz)
    offset = stretch.kept.start if window.baseline_s is not None else 0
    return stretch.n_bins, stretch.n_bin, stretch.base.start - offset, stretch.base.stop - offset


def _description(window: Window, rate_hz: float) -> str:
    if not isinstance(window, Epoch | SlidingEpoch):
        return "which averages"
    stretch = window.stretch(rate_hz)
    bins = f" in {stretch.n_bins} bins" if stretch.n_bin > 1 else ""
    baseline = (
        "" if window.baseline_s is None else f" and takes off a baseline of {stretch.base.stop - stretch.base.start}"
    )
    return f"which holds {stretch.n_bins * stretch.n_bin} samples at {rate_hz:g} Hz{bins}{baseline}"


def _average_like(window: Window) -> Window:
    """Return a window that averages over the same stretches."""
    if isinstance(window, SlidingEpoch):
        return SlidingAverage(window.length_s, window.every_s)
    assert isinstance(window, Epoch)
    return BlockAverage(window.start_s, window.stop_s, window.incomplete)
