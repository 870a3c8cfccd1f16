"""The command ``hotwire pseudo-online``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .options import json_option, report_file, report_option
from .result import CommandResult


@click.command("pseudo-online")
@click.argument("study", type=click.Path(path_type=Path))
@report_option
@json_option
def pseudo_online(study: Path, report: Path | None) -> CommandResult:
    """Let a study's decoder decide on held-out runs every few milliseconds, as in a live stream, and score that.

    Its section [pseudo_online] says how often, and when a decision activates. It reports the accuracy by the time since
    the onset of events, false activations per minute, the time to the first right one, and bits per minute. The report
    has the study's name with -pseudo-online.html, and is in the current folder by default.
    """
    start = time.perf_counter()
    from ..experiments.pseudo_online.report import PseudoOnlineReport
    from ..experiments.pseudo_online.run import pseudo_online as evaluate
    from ..experiments.pseudo_online.section import OF_EVALUATION, PseudoOnlineSection
    from ..report.html import write_page
    from ..report.terminal import show_result
    from ..study.study import open_study

    path = report_file(report, f"{study.stem}-pseudo-online.html")
    opened = open_study(study)
    opened.check_network()
    recording, evaluation = opened.recording(), opened.sections.evaluation
    opened.check_words(recording)
    shared = evaluation.model_fields_set.intersection(OF_EVALUATION) - {"choose"}
    arguments = {name: getattr(evaluation, name) for name in sorted(shared)}
    arguments |= opened.section(PseudoOnlineSection).arguments()
    with opened.naming():
        found = evaluate(opened.decoder(), recording, choose=evaluation.choices(), **arguments)
    result, seconds = PseudoOnlineReport(found, recording.summary()), time.perf_counter() - start
    title, command = f"hotwire pseudo-online: {study.stem}", f"hotwire pseudo-online {study}"
    write_page(result, path, title=title, command=command, seconds=seconds, studies={study.name: opened.text})
    data = result.summary() | {"recording": recording.summary(), "seconds": seconds, "report": str(path)}
    return CommandResult(data, lambda console: show_result(console, result, seconds, f"The report is {path}"))
