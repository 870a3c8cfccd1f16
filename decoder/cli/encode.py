"""``hotwire encode``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import InputError
from .options import common_name, json_option, report_file, report_option
from .result import CommandResult

if TYPE_CHECKING:
    from ..experiments.kernel.jobs import Workers
    from ..experiments.maps.result import MapResult
    from ..report.result import PageResult
    from ..statistics.measures import Measure


@click.command()
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@report_option
@click.option("--both", is_flag=True, help="Also decode, as `hotwire map` does, and set both directions side by side.")
@click.option("--scheduler", metavar="ADDRESS", help="Do the work on the cluster of this dask scheduler.")
@json_option
def encode(studies: tuple[Path, ...], report: Path | None, both: bool, scheduler: str | None) -> CommandResult:
    """Predict the brain from a network: how well each layer predicts each neuron or voxel, against the noise ceiling.

    The same study files as for `hotwire map`, the other way round: [map] names regions, times, networks and layers,
    [encode] how stimuli are held out. Several studies are set side by side. Studies of three kinds are run alone:
    "story" predicts a recording in time from the words that were heard, "reading" predicts reading times, "similarity"
    compares dissimilarity matrices of regions and layers. The report has the studies' name with -encode.html, and is in
    the current folder by default. What was stopped continues where it was.
    """
    from ..report.html import write_page
    from ..report.terminal import show_result
    from ..study.study import read_document

    path = report_file(report, f"{common_name(studies)}-encode.html")
    documents = [read_document(study) for study in studies]
    kinds = [kind for _, document in documents if (kind := document.get("kind")) in ALONE]
    if both and (kinds or len(studies) > 1):
        raise InputError("both: expected one study with [recording], which can be decoded, too; leave --both out")
    result, seconds = _alone(kinds[0], studies, scheduler) if kinds else _encoding(studies, scheduler, both)
    write_page(
        result,
        path,
        title=f"hotwire encode: {common_name(studies)}",
        command=" ".join(["hotwire encode", *map(str, studies), *(["--both"] if both else [])]),
        seconds=seconds,
        studies={study.name: text for study, (text, _) in zip(studies, documents, strict=True)},
    )
    data = result.summary() | {"report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {path}"))


def _encoding(studies: tuple[Path, ...], scheduler: str | None, both: bool) -> tuple[PageResult, float]:
    from ..experiments.encoding.report import EncodingReport
    from ..experiments.encoding.run import encode as make
    from ..experiments.encoding.studies import session_of
    from ..experiments.kernel.cluster import Cluster
    from ..experiments.kernel.jobs import work_here
    from ..study.study import open_study

    sessions = [session_of(open_study(study, needs_layer=False)) for study in studies]
    workers = work_here if scheduler is None else Cluster(scheduler)
    found = make(sessions, workers=workers)
    if not both:
        return EncodingReport(found), found.seconds
    decoded, seconds = _decoded(studies[0], workers)
    return EncodingReport(found, decoded), found.seconds + seconds


def _decoded(study: Path, workers: Workers) -> tuple[dict[tuple[str, ...], Measure], float]:
    """How well the layers of a study are decoded, see `both_directions`, and the seconds that took."""
    from ..experiments.maps.run import make_map
    from ..experiments.maps.studies import session_of
    from ..study.study import open_study

    found = make_map([session_of(open_study(study, needs_layer=False))], workers=workers)
    each: dict[tuple[str, ...], MapResult] = {tuple(cell): one for cell, one in found.cells.items()}
    if len(found.times) == 1:  # of several, the nested choice is among all
        of_regions = found.nested_by_region or {found.regions[0]: found.nested}
        each |= {(region, found.times[0].name): one for region, one in of_regions.items()}
    return {place: one.measures["pairwise"] for place, one in each.items()}, found.seconds


def _alone(kind: str, studies: tuple[Path, ...], scheduler: str | None) -> tuple[PageResult, float]:
    study, *others = studies
    if others or scheduler is not None:
        raise InputError(f'a study of kind "{kind}" is run alone and here; leave the others and --scheduler out')
    return ALONE[kind](study)


def _similarity(study: Path) -> tuple[PageResult, float]:
    from ..experiments.similarity.report import SimilarityReport
    from ..experiments.similarity.study import open_similarity

    found = open_similarity(study).run()
    return SimilarityReport(found), found.seconds


def _story(study: Path) -> tuple[PageResult, float]:
    from ..experiments.encoding.story.report import StoryReport
    from ..experiments.encoding.story.study import open_story

    found = open_story(study).run()
    return StoryReport(found), found.seconds


def _reading(study: Path) -> tuple[PageResult, float]:
    from ..experiments.reading.report import ReadingReport
    from ..experiments.reading.study import open_reading

    found = open_reading(study).run()
    return ReadingReport(found), found.seconds


ALONE: dict[str, Callable[[Path], tuple[PageResult, float]]] = {
    "similarity": _similarity,
    "story": _story,
    "reading": _reading,
}
"""What is done with a study of its own kind."""
