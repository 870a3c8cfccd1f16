"""``hotwire encode``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import common_name, json_option, report_option
from .result import CommandResult


@click.command()
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@report_option
@click.option("--scheduler", metavar="ADDRESS", help="Do the work on the cluster of this dask scheduler.")
@json_option
def encode(studies: tuple[Path, ...], report: Path | None, scheduler: str | None) -> CommandResult:
    """Predict the brain from a network: how well each layer predicts each neuron or voxel, against the noise ceiling.

    The same study files as for `hotwire map`, the other way round: [map] names regions, times, networks and layers,
    [encode] how stimuli are held out. Several studies are set side by side. The report has the studies' name with
    -encode.html, and is in the current folder by default. What was stopped continues where it was.
    """
    from ..experiments.encoding.report import EncodingReport
    from ..experiments.encoding.run import encode as make
    from ..experiments.encoding.studies import session_of
    from ..experiments.kernel.cluster import Cluster
    from ..experiments.kernel.jobs import work_here
    from ..report.html import page_path, write_page
    from ..report.terminal import show_result
    from ..study.study import open_study

    path = page_path(report or Path(f"{common_name(studies)}-encode.html"))
    opened = [open_study(study) for study in studies]
    sessions = [session_of(study) for study in opened]
    found = make(sessions, workers=work_here if scheduler is None else Cluster(scheduler))
    result = EncodingReport(found)
    write_page(
        result,
        path,
        title=f"hotwire encode: {common_name(studies)}",
        command=" ".join(["hotwire encode", *map(str, studies)]),
        seconds=found.seconds,
        studies={study.path.name: study.text for study in opened},
    )
    data = result.summary() | {"report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, found.seconds, f"The report is {path}"))
