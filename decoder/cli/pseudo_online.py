"""The command ``hotwire pseudo-online``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .commands import Answer, json_option, report_option


@click.command("pseudo-online")
@click.argument("study", type=click.Path(path_type=Path))
@report_option
@json_option
def pseudo_online(study: Path, report: Path | None) -> Answer:
    """Let a study's decoder decide on held-out runs every few milliseconds, as they would have come, and judge that.

    Its section [pseudo_online] says how often, and when a decision activates. Told are the accuracy by the time since
    the onset of events, false activations per minute, the time to the first right one, and bits per minute. The report
    is the study's name with -pseudo-online.html, in the current folder, if not told otherwise.
    """
    start = time.perf_counter()
    from ..experiments.pseudo_online.report import pseudo_online_data, write_pseudo_online
    from ..experiments.pseudo_online.study import evaluate_pseudo_online
    from ..experiments.pseudo_online.terminal import show_pseudo_online
    from ..report.page import page_path
    from ..study.study import open_study

    path = page_path(report or Path(f"{study.stem}-pseudo-online.html"))
    opened = open_study(study)
    recording = opened.recording()
    found = evaluate_pseudo_online(opened, opened.decoder(), recording)
    seconds = time.perf_counter() - start
    write_pseudo_online(
        found,
        path,
        title=f"hotwire pseudo-online: {study.stem}",
        recording=recording.summary(),
        command=f"hotwire pseudo-online {study}",
        seconds=seconds,
        study_text=opened.text,
    )
    data = pseudo_online_data(found) | {
        "recording": recording.summary(),
        "seconds": seconds,
        "report": str(path),
    }
    return Answer(data, lambda console: show_pseudo_online(console, found, data))
