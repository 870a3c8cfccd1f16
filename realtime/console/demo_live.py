"""The commands ``hotwire demo --live`` and ``hotwire demo --gist``."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult


@click.command("demo-live", hidden=True)
@click.option("--gist", is_flag=True)
@click.option("--speed", type=float)
@json_option
def demo_live(gist: bool, speed: float | None) -> CommandResult:
    """Replay a run of the demo's session, or a synthetic listener's story, over LSL, and decode it as it arrives."""
    from rich.console import Console

    from .session import liblsl_aside

    draws = sys.stdout.isatty()
    aside = (lambda: liblsl_aside(None)) if draws else nullcontext
    if gist:
        from .gist_demo import gist_demo, prepare_gist, show_gist

        story = gist_demo(prepare_gist(), 4.0 if speed is None else speed, Console(emoji=False), aside)
        return CommandResult(story, lambda console: show_gist(console, story))
    from .demo import live_demo, show_blocks
    from .view import on_console

    speed = 20.0 if speed is None else speed
    result = live_demo(speed, lambda scorer: on_console("hotwire demo --live", draws, scorer), aside)
    return CommandResult(result, lambda console: show_blocks(console, result))
