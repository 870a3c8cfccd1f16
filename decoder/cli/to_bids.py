"""``hotwire to-bids``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import json_option
from .result import CommandResult

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("to-bids")
@click.argument("folder", type=FOLDER)
@click.option("--out", "root", type=FOLDER, required=True, help="The BIDS data set; made if it is not there.")
@click.option("--subject", required=True, help="Such as 01.")
@click.option("--task", required=True, help="Such as regulate.")
@click.option("--run", type=int, default=1, show_default=True)
@click.option("--events", type=FILE, help="The protocol, a BIDS _events.tsv.")
@click.option("--decisions", type=FILE, help="The decisions.jsonl of hotwire stream --out.")
@click.option("--pattern", default="*", show_default=True, help="Which files are read.")
@click.option("--series", type=int, help="The number of the series.")
@click.option("--protocol", help="Instead, the name of its protocol.")
@json_option
def to_bids(folder: Path, root: Path, **given: Any) -> CommandResult:
    """Write a scanner session as BIDS: the DICOM files in FOLDER as one run, with its events, motion and decisions.

    `hotwire init study.toml --bids ROOT` then writes a study for it.
    """
    from ..readers.dicom.to_bids import write_bids

    path = write_bids(folder, root, **given)
    return CommandResult({"image": str(path)}, lambda console: console.print(f"The run is {path}", markup=False))
