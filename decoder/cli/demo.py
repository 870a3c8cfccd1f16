"""``hotwire demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .evaluate import evaluated
from .options import json_option, report_option

DEMO = Path(__file__).parents[1] / "study" / "demo.toml"


@click.command()
@report_option
@click.option("--live", is_flag=True, help="Instead, replay one run over LSL and decode it as it comes.")
@click.option("--gist", is_flag=True, help="The same with a story that a synthetic listener heard, word by word.")
@click.option("--speed", type=float, help="With --live or --gist: how many seconds of the run to replay in one.")
@json_option
@click.pass_context
def demo(context: click.Context, report: Path | None, live: bool, gist: bool, speed: float | None) -> Any:
    """Decode what a person saw in the scanner into words, cross-validated, and write a report.

    `hotwire init` writes the same study. The report is hotwire-demo.html in the current folder by default.
    """
    if live or gist:
        commands = context.find_root().command
        assert isinstance(commands, click.Group)
        plugin = commands.get_command(context, "demo-live")
        assert plugin is not None  # it is installed along
        return context.invoke(plugin, speed=speed, gist=gist)
    if speed is not None:
        raise click.UsageError("--speed goes with --live or --gist", context)
    return evaluated(DEMO, report or Path("hotwire-demo.html"), "hotwire demo")
