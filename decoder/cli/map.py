"""``hotwire map``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import check_folder, common_name, json_option
from .result import CommandResult


@click.command("map")
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="The folder to write to; by default it is named so."
)
@click.option("--scheduler", metavar="ADDRESS", help="Do the work on the cluster of this dask scheduler.")
@json_option
def map_(studies: tuple[Path, ...], out: Path | None, scheduler: str | None) -> CommandResult:
    """Map where a network understands the brain: region by time by layer, cross-validated, with all controls.

    Several studies are sessions of one map, which is their mean. The folder gets a report (one HTML file), the
    figures as SVG and PDF, and tables as CSV. A stopped map continues where it was.
    """
    folder = out or Path(f"{common_name(studies)}-results")
    check_folder("--out", folder)
    from ..experiments.kernel.cluster import Cluster
    from ..experiments.kernel.jobs import work_here
    from ..experiments.maps.exports import write_exports
    from ..experiments.maps.report import MapReport
    from ..experiments.maps.run import make_map
    from ..experiments.maps.studies import pictures_of, session_of
    from ..report.html import write_page
    from ..report.terminal import show_result
    from ..study.study import open_study

    opened = [open_study(path, needs_layer=False) for path in studies]
    sessions = [session_of(study) for study in opened]
    found = make_map(sessions, workers=work_here if scheduler is None else Cluster(scheduler))
    folder.mkdir(exist_ok=True)
    pictures = [one for pair in zip(opened, sessions, strict=True) for one in pictures_of(*pair)]
    result = MapReport(found, pictures)
    page = write_page(
        result,
        folder / "map.html",
        title=f"hotwire: {common_name(studies)}",
        command=" ".join(["hotwire map", *map(str, studies)]),
        seconds=found.seconds,
        studies={study.path.name: study.text for study in opened},
    )
    written = [page, *write_exports(result, folder)]
    data = result.summary() | {"report": str(page), "files": [str(path) for path in written]}
    return CommandResult(
        data, lambda console: show_result(console, result, found.seconds, f"Report, figures and tables: {folder}")
    )
