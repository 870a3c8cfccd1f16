"""Checks of a live stream and of a window, besides how the stream matches a decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decoder.windows import Window, check_alike
from ..errors import StreamMismatchError

if TYPE_CHECKING:
    from ..decoder.bundle.compiled import CompiledDecoder
    from .sources.source import StreamInfo


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


def few(names: tuple[str, ...] | list[str], most: int = 8) -> str:
    """The first few names, for a message: there may be too many voxels to list."""
    return ", ".join(names[:most]) + (f", ... {len(names)} in all" if len(names) > most else "")
