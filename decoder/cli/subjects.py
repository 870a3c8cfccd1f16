"""``hotwire group``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .options import json_option, report_file, report_option
from .result import CommandResult


@click.command("group")
@click.argument("results", metavar="RESULT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@report_option
@json_option
def group_(results: tuple[Path, ...], report: Path | None) -> CommandResult:
    """Several subjects in one table, with an interval and p over subjects.

    Each RESULT is a file of what `hotwire evaluate STUDY --json` prints, for one subject. The report is
    hotwire-group.html in the current folder by default.
    """
    start = time.perf_counter()
    from ..experiments.group.report import GroupReport
    from ..experiments.group.subjects import read_group
    from ..report.html import write_page
    from ..report.terminal import show_result

    path = report_file(report, "hotwire-group.html")
    result = GroupReport(read_group(results))
    command, seconds = " ".join(["hotwire group", *map(str, results)]), time.perf_counter() - start
    write_page(result, path, title="hotwire group", command=command, seconds=seconds)
    data = result.summary() | {"seconds": seconds, "report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {path}"))
