"""The command ``hotwire plan``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .options import json_option, report_file, report_option
from .result import CommandResult


def _words(_: click.Context, __: click.Parameter, given: str | None) -> list[str] | None:
    return None if given is None else [word.strip() for word in given.split(",")]


def _numbers(_: click.Context, parameter: click.Parameter, given: str | None) -> list[int] | None:
    try:
        return None if given is None else [int(number) for number in given.split(",")]
    except ValueError:
        raise click.BadParameter(f"expected whole numbers such as 2,4,8, got {given!r}", param=parameter) from None


@click.command()
@click.argument("study", type=click.Path(path_type=Path), required=False)
@click.option("--network", help="Instead of a study: a network's name or path.")
@click.option("--words", callback=_words, metavar="WORD,WORD,...", help="With --network: what to decode.")
@click.option("--stimuli", metavar="FOLDER|ZIP", help="With --network: the pictures to decode.")
@click.option("--layer", help="With --network: where to enter it; a fitting one by default.")
@click.option("--like", type=click.Path(path_type=Path), help="A study with a recording, to go by its noise.")
@click.option("--trials", callback=_numbers, metavar="N,N,...", help="How many trials of each word (or pictures).")
@report_option
@json_option
@click.pass_context
def plan(
    context: click.Context,
    study: Path | None,
    network: str | None,
    words: list[str] | None,
    stimuli: str | None,
    layer: str | None,
    like: Path | None,
    trials: list[int] | None,
    report: Path | None,
) -> CommandResult:
    """Before any scan is spent: compute from stimuli and network how many samples and categories a study needs.

    STUDY is a study file; it may lack its recording. Or give --network with --words or --stimuli.
    """
    quick = {"--words": words, "--stimuli": stimuli, "--layer": layer}
    if (study is None) == (network is None):
        raise click.UsageError("expected either a STUDY or --network", context)
    if network is None and any(quick.values()):
        given = ", ".join(name for name, value in quick.items() if value)
        raise click.UsageError(f"{given}: with --network only; a study says it in its file", context)
    if network is not None and (words is None) == (stimuli is None):
        raise click.UsageError("--network: expected either --words or --stimuli with it", context)

    start = time.perf_counter()
    from ..experiments.planning.report import PlanReport
    from ..experiments.planning.study import open_plan, plan_of
    from ..report.html import write_page
    from ..report.terminal import show_result

    path = report_file(report, "hotwire-plan.html" if study is None else f"{study.stem}-plan.html")
    if study is not None:
        opened, what = open_plan(study), str(study)
    else:
        opened = plan_of(str(network), words=words, stimuli=stimuli, layer=layer)
        chosen = {"network": network, "words": ",".join(words or []), "stimuli": stimuli, "layer": layer}
        what = " ".join(f"--{name} {value}" for name, value in chosen.items() if value)
    options = {"like": like, "trials": ",".join(map(str, trials or []))}
    command = " ".join(["hotwire plan", what, *(f"--{name} {value}" for name, value in options.items() if value)])
    result = PlanReport(opened.plan(like=like, trials=trials))
    seconds = time.perf_counter() - start
    studies = {} if study is None else {study.name: str(opened.text)}
    title = f"hotwire plan: {opened.name}"
    write_page(result, path, title=title, command=command, seconds=seconds, studies=studies)
    data = result.summary() | {"seconds": seconds, "report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {path}"))
