"""The command ``hotwire demo --live``."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult


@click.command("demo-live", hidden=True)
@click.option("--speed", type=float, default=20.0, show_default=True)
@json_option
def demo_live(speed: float) -> CommandResult:
    """Replay a run of the demo's session over LSL, and decode it as it arrives."""
    from .demo import live_demo, show_blocks
    from .session import liblsl_aside
    from .view import on_console

    draws = sys.stdout.isatty()
    result = live_demo(
        speed,
        lambda scorer: on_console("hotwire demo --live", draws, scorer),
        lambda: liblsl_aside(None) if draws else nullcontext(),
    )
    return CommandResult(result, lambda console: show_blocks(console, result))
