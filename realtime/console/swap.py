"""The command ``hotwire swap``."""

from __future__ import annotations

from pathlib import Path

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult
from ...errors import InputError
from ...errors.printable import printable


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option("--promote", "command", flag_value="promote", help="Let the bundle in the shadow take over.")
@click.option("--rollback", "command", flag_value="rollback", help="Go back to the bundle before, or drop the shadow.")
@click.option("--stop", "command", flag_value="stop", help="End the session.")
@json_option
def swap(folder: Path, bundle: Path | None, command: str | None) -> CommandResult:
    """Command a running `hotwire stream --out FOLDER`.

    With BUNDLE: load it and let it run in the shadow, where it decides without being published. Then --promote it.
    """
    from ..swap import send

    if (bundle is None) == (command is None):
        raise click.UsageError("expected either a BUNDLE or one of --promote, --rollback and --stop")
    commands = folder / "commands"
    if not commands.is_dir():
        raise InputError(f"folder: no session takes commands in {folder}; start one with hotwire stream --out {folder}")
    command = command or "load"
    message = send(commands, command, bundle)
    return CommandResult(
        {"command": command, "told": message},
        lambda console: console.print(printable(f"{command}: {message}"), markup=False),
    )
