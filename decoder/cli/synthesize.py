"""``hotwire synthesize``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import check_folder, json_option, report_file, report_option
from .result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@click.command()
@click.argument("study", metavar="STUDY", type=click.Path(path_type=Path))
@click.option("--stretch", metavar="SITES", help="For each site a picture or sound that drives it as high as it goes.")
@click.option("--one-hot", metavar="SITES", help="For each site a picture or sound that drives it and no other one.")
@click.option("--pattern", metavar="FILE", help="A picture or sound that drives a pattern.")
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
    pattern: str | None,
    metamer: str | None,
    recorded: bool,
    report: Path | None,
) -> CommandResult:
    """Make pictures or sounds that drive the brain, or pictures that a layer cannot tell from a photograph.

    The same study files as for `hotwire encode`; [map] names networks and layers, [synthesize] says how pictures or
    sounds are made and who judges them. SITES are names or patterns with commas between them, such as
    'neuron_3,neuron_1?', or '*' for all. FILE is a table with the columns site and response, or a .npy array. LAYERS
    have commas between them, too; [metamers] names the networks that are asked what they see. The report has the
    study's name with -synthesize.html; the pictures (PNG) or sounds (WAV) are in a folder of that name. What was
    stopped continues where it was.
    """
    given = {"--stretch": stretch, "--one-hot": one_hot, "--pattern": pattern, "--metamer": metamer}
    asked = {name: of for name, of in given.items() if of is not None} | ({"--recorded": ""} if recorded else {})
    if len(asked) != 1:
        names = " and ".join(asked) or "none"
        raise click.UsageError(f"expected one of {', '.join(given)}, --recorded, got {names}")
    path = report_file(report, f"{study.stem}-synthesize.html")
    folder = path.with_suffix("") if path.suffix else path.with_name(f"{path.name}-pictures")
    check_folder("--report", folder)
    from ..experiments.synthesis.ways import WAYS
    from ..report.html import write_page
    from ..report.terminal import show_result
    from ..study.study import open_study

    [(way, of)] = asked.items()
    opened = open_study(study, needs_layer=False)
    made = WAYS[way](opened, of)
    _write(made.made, folder)
    write_page(
        made.report,
        path,
        title=f"hotwire synthesize: {study.stem}",
        command=shlex.join(["hotwire", "synthesize", str(study), way, *filter(None, [of])]),
        seconds=made.seconds,
        studies={study.name: opened.text},
    )
    where = f"The report is {path}" + (f", what was made is in {folder}" if made.made else "")
    data = made.report.summary() | {"report": str(path), "folder": str(folder) if made.made else None}
    return CommandResult(data, lambda console: show_result(console, made.report, made.seconds, where))


def _write(made: Mapping[str, NDArray], folder: Path) -> None:
    """Pictures as PNG, sounds as WAV."""
    from PIL import Image

    from ...models.sounds.samples import wav_of

    if made:
        folder.mkdir(exist_ok=True)
    for name, one in made.items():
        file = folder / name.replace("/", "_")
        if one.ndim == 1:
            file.with_name(f"{file.name}.wav").write_bytes(wav_of(one))
        else:
            Image.fromarray(one).save(file.with_name(f"{file.name}.png"))
