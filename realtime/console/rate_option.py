"""The option ``--rate`` of ``hotwire stream`` and ``hotwire doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..live_decoder import LiveDecoder


def check_rate(decoder: LiveDecoder, rate: str) -> None:
    """Raise UsageError where a decoder cannot have its stream brought to its rate."""
    if rate != "exact" and not decoder.answers:
        raise click.UsageError(
            f"--rate {rate} goes with a decoder of classes: one of gist takes a stream of its own rate, "
            f"{decoder.rate_hz:g} Hz"
        )
