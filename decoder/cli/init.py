"""``hotwire init``."""

from __future__ import annotations

from pathlib import Path

import click

from ...errors import InputError
from ...errors.printable import printable
from .demo import DEMO
from .options import check_folder, json_option
from .result import CommandResult


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default="study.toml")
@json_option
def init(path: Path) -> CommandResult:
    """Write a study file to begin with, in PATH (study.toml): the demo's, with comments."""
    check_folder("path", path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(DEMO.read_text(encoding="utf-8"))
    except FileExistsError:
        raise InputError(f"path: {path} is already there, and stays as it is; give another name") from None
    hint = f"Wrote {path}; change it to your recording and words, then run `hotwire evaluate {path}`."
    return CommandResult({"path": str(path)}, lambda console: console.print(printable(hint), markup=False))
