"""``hotwire gist``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from .options import json_option, report_file, report_option
from .result import CommandResult


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@report_option
@json_option
def gist(study: Path, report: Path | None) -> CommandResult:
    """Decode the gist of continuous language from runs that were held out, with nulls and controls; write a report.

    STUDY is a study file with kind = "gist": a recording (or a synthetic listener), its words with their times, and a
    language model. The report has the study's name, with .html, and is in the current folder by default.
    """
    path = report_file(report, f"{study.stem}.html")
    start = time.perf_counter()
    from ..experiments.gist.report import GistReport
    from ..experiments.gist.study import open_gist
    from ..report.html import write_page
    from ..report.terminal import show_result

    opened = open_gist(study)
    result = GistReport(opened.evaluate(_say))
    seconds = time.perf_counter() - start
    title, studies = f"hotwire: {study.stem}", {study.name: opened.text}
    written = write_page(result, path, title=title, command=f"hotwire gist {study}", seconds=seconds, studies=studies)
    data = result.summary() | {"seconds": seconds, "report": str(written)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {written}"))


def _say(stage: str) -> None:
    """Say what begins, where no terminal shows progress."""
    if not sys.stderr.isatty():
        click.echo(stage, err=True)
