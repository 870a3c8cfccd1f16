"""``hotwire fit-all``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option
from .result import CommandResult


@click.command("fit-all")
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to keep adapters, scores and tables in.",
)
@click.option("--region", "regions", multiple=True, help="Only this one; may be given several times.")
@click.option("--layer", "layers", multiple=True, help="Only this one; may be given several times.")
@click.option("--scheduler", metavar="ADDRESS", help="Do the work on the cluster of this dask scheduler.")
@json_option
def fit_all_(
    studies: tuple[Path, ...], out: Path, regions: tuple[str, ...], layers: tuple[str, ...], scheduler: str | None
) -> CommandResult:
    """Fit an adapter from each region into each layer, for several subjects, and score them on held-out runs.

    Each study is a subject; its [map] section names regions and layers. Each adapter is stored in a file. A stopped
    run continues where it was, and existing files are not made again. The folder also gets a table (CSV) and, for each
    subject, a picture of regions by layers (SVG and PDF).
    """
    from ..experiments.fits.report import FitsReport
    from ..experiments.fits.run import fit_all
    from ..experiments.fits.subjects import subjects_of
    from ..experiments.kernel.cluster import Cluster
    from ..experiments.kernel.jobs import work_here
    from ..report.terminal import show_result

    subjects = subjects_of(studies, regions, layers)
    found = fit_all(subjects, out, workers=work_here if scheduler is None else Cluster(scheduler))
    result = FitsReport(found)
    written = result.write_files(out)
    data = result.summary() | {"folder": str(out), "files": [str(path) for path in written]}
    files = f"Adapters, scores, table and figures: {out}"
    return CommandResult(data, lambda console: show_result(console, result, found.seconds, files))
