"""The options of ``hotwire stream`` for its monitor, a web page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ...errors.printable import json_text

if TYPE_CHECKING:
    from ..monitor.server import Monitor

LOOPBACK = "127.0.0.1"
Command = TypeVar("Command", bound=Callable[..., Any])
OPTIONS = (
    click.option(
        "--monitor",
        "monitor_port",
        is_flag=False,
        flag_value=0,
        type=click.IntRange(0, 65535),
        metavar="[PORT]",
        help="Serve a web page that shows signals, states, decisions and losses, and takes commands; on PORT, or a "
        "free one. The address that is printed holds a token.",
    ),
    click.option(
        "--monitor-host",
        metavar="ADDRESS",
        help="Where --monitor listens: 0.0.0.0 for all; by default 127.0.0.1, for browsers on this machine alone.",
    ),
    click.option(
        "--participant-css",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="With --monitor: styles of your own for the participant's page.",
    ),
)


def monitor_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def commands_of(out: Path | None, options: dict[str, Any]) -> Path | None:
    """The folder from which the session takes commands: in --out, or for --monitor a passing one; None without both."""
    if out is not None:
        return out / "commands"
    if options["monitor_port"] is None:
        return None
    return Path(click.get_current_context().with_resource(TemporaryDirectory(prefix="hotwire-commands-")))


def monitor_of(options: dict[str, Any], commands: Path | None) -> Monitor | None:
    """Start the monitor that the options choose, and say where it is; None where none is chosen."""
    port, host, css = options["monitor_port"], options["monitor_host"], options["participant_css"]
    if port is None:
        for option, given in (("--monitor-host", host), ("--participant-css", css)):
            if given is not None:
                raise click.UsageError(f"{option} goes with --monitor")
        return None
    from ...decoder.readers.tables import read_text
    from ..monitor.server import Monitor

    own_style = "" if css is None else read_text(css)
    monitor = Monitor(host or LOOPBACK, port, commands, own_style)
    if options["as_json"]:
        record = {"type": "monitor", "url": monitor.url, "participant_url": monitor.participant_url}
        print(json_text(record), file=sys.__stdout__, flush=True)
    else:
        click.echo(f"monitor: {monitor.url}\nparticipant's page: {monitor.participant_url}")
    return monitor
