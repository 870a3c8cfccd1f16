"""``hotwire retrieve``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .options import json_option, report_file, report_option
from .result import CommandResult


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@report_option
@json_option
def retrieve(study: Path, report: Path | None) -> CommandResult:
    """Tell which stretch of a story listeners hear, by a language model and other listeners.

    STUDY is a study file with kind = "retrieval". The report is STUDY-retrieval.html in the current folder by default.
    """
    start = time.perf_counter()
    from ..experiments.retrieval.report import RetrievalReport
    from ..experiments.retrieval.study import open_retrieval
    from ..report.html import write_page
    from ..report.terminal import show_result

    path = report_file(report, f"{study.stem}-retrieval.html")
    opened = open_retrieval(study)
    result = RetrievalReport(opened.run())
    seconds = time.perf_counter() - start
    title, command = f"hotwire retrieve: {study.stem}", f"hotwire retrieve {study}"
    write_page(result, path, title=title, command=command, seconds=seconds, studies={study.name: opened.text})
    data = result.summary() | {"seconds": seconds, "report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {path}"))
