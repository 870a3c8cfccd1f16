"""``hotwire synthesize``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import InputError
from .options import json_option, report_option
from .result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from ..report.result import PageResult
    from ..study.study import Study


@click.command()
@click.argument("study", metavar="STUDY", type=click.Path(path_type=Path))
@click.option("--stretch", metavar="SITES", help="For each site a picture that drives it as high as it goes.")
@click.option("--one-hot", metavar="SITES", help="For each site a picture that drives it and no other one.")
@click.option("--pattern", metavar="FILE", type=click.Path(path_type=Path), help="A picture that drives a pattern.")
@click.option(
    "--metamer", metavar="LAYERS", help="Pictures that these layers cannot tell from photographs; 'all' of [metamers]."
)
@click.option("--recorded", is_flag=True, help="Judge pictures that were synthesised and are in the recording.")
@report_option
@json_option
def synthesize(
    study: Path,
    stretch: str | None,
    one_hot: str | None,
    pattern: Path | None,
    metamer: str | None,
    recorded: bool,
    report: Path | None,
) -> CommandResult:
    """Make pictures that drive the brain, or that a layer of a network cannot tell from a photograph.

    The same study files as for `hotwire encode`; [map] names networks and layers, [synthesize] says how pictures are
    made and who judges them. SITES are names or patterns with commas between them, such as 'neuron_3,neuron_1?', or
    '*' for all. FILE is a table with the columns site and response, or a .npy array. LAYERS have commas between them,
    too; [metamers] names the networks that are asked what they see. The report has the study's name with
    -synthesize.html; the pictures are in a folder of that name. What was stopped continues where it was.
    """
    options = {"--stretch": stretch, "--one-hot": one_hot, "--pattern": pattern, "--metamer": metamer}
    asked = [name for name, of in options.items() if of is not None] + ["--recorded"] * recorded
    if len(asked) != 1:
        raise click.UsageError(f"expected one of {', '.join(options)}, --recorded, got {' and '.join(asked) or 'none'}")
    from ..report.html import page_path, write_page
    from ..report.terminal import show_result
    from ..study.study import open_study

    path = page_path(report or Path(f"{study.stem}-synthesize.html"))
    opened = open_study(study, needs_layer=False)
    if metamer is not None:
        result, seconds = _metamers(opened, metamer, path.with_suffix(""))
    elif recorded:
        result, seconds = _recorded(opened)
    else:
        result, seconds = _made(opened, stretch, one_hot, pattern, path.with_suffix(""))
    how = [asked[0], *(str(of) for of in options.values() if of is not None)]
    title, command = f"hotwire synthesize: {study.stem}", shlex.join(["hotwire", "synthesize", str(study), *how])
    write_page(result, path, title=title, command=command, seconds=seconds, studies={study.name: opened.text})
    data = result.summary() | {"report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {path}"))


def _made(
    study: Study, stretch: str | None, one_hot: str | None, pattern: Path | None, folder: Path
) -> tuple[PageResult, float]:
    from ..experiments.synthesis.encoders import TRAINED
    from ..experiments.synthesis.objectives import of_sites, read_pattern
    from ..experiments.synthesis.report import SynthesisReport
    from ..experiments.synthesis.run import synthesize as make
    from ..experiments.synthesis.studies import session_of

    _check_folder(folder)
    session = session_of(study)
    notes: list[str] = []
    if pattern is not None:
        objective, notes = read_pattern(pattern, session.sites, session.responses[session.natural])
        objectives = [objective]
    elif stretch is not None:
        objectives = of_sites("stretch", stretch, session.sites)
    else:
        objectives = of_sites("one-hot", one_hot or "", session.sites)
    found = make(session, objectives, notes=notes)
    _write_pictures(found.kind, {one.name: one.picture for one in found.made[TRAINED]}, folder)
    return SynthesisReport(found), found.seconds


def _recorded(study: Study) -> tuple[PageResult, float]:
    from ..experiments.synthesis.recorded import judge_recorded
    from ..experiments.synthesis.recorded_report import RecordedReport
    from ..experiments.synthesis.studies import session_of

    found = judge_recorded(session_of(study))
    return RecordedReport(found), found.seconds


def _metamers(study: Study, layers: str, folder: Path) -> tuple[PageResult, float]:
    from ..experiments.synthesis.metamers.report import MetamersReport
    from ..experiments.synthesis.metamers.section import metamers_of

    _check_folder(folder)
    found = metamers_of(study, [layer.strip() for layer in layers.split(",")])
    pictures = {
        f"{of.layer}-{Path(name).stem}": picture
        for of in found.layers
        for name, picture in zip(found.pictures, of.made, strict=True)
    }
    _write_pictures("metamer", pictures, folder)
    return MetamersReport(found), found.seconds


def _check_folder(folder: Path) -> None:
    if folder.is_file():
        raise InputError(f"report: the pictures are written into the folder {folder}, but there is a file of that name")


def _write_pictures(kind: str, pictures: Mapping[str, NDArray[np.uint8]], folder: Path) -> None:
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{kind}-{name.replace('/', '_')}.png")
