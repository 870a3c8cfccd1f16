"""``hotwire evaluate``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InputError
from .options import check_file, json_option, report_option
from .result import CommandResult

if TYPE_CHECKING:
    from ..decoder import Decoder
    from ..evaluation.preparation import Preparation
    from ..recordings.recording import Recording
    from ..report.result import PageResult

LONG_S = 60.0
"""Evaluations that take longer say so beforehand."""


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["network", "bundle"]),
    help="What decides on held-out trials, in place of what the study says: the network, or the graph that a rig runs.",
)
@report_option
@json_option
def evaluate(study: Path, report: Path | None, engine: str | None) -> CommandResult:
    """Cross-validate a study's decoder over runs, with its ceiling and its controls, and write a report.

    A study with [targets.kinematics] decodes continuous targets, such as the velocity of a hand, without a network.

    The report has the study's name, with .html, and is in the current folder by default.
    """
    chosen = {} if engine is None else {"engine": engine}
    command = " ".join(["hotwire", "evaluate", str(study), *(f"--{name} {value}" for name, value in chosen.items())])
    return evaluated(study, report or Path(f"{study.stem}.html"), command, **chosen)


def evaluated(path: Path, report: Path, command: str, **changes: Any) -> CommandResult:
    """Evaluate as a study says, with these arguments changed, and write the report, which names the command."""
    check_file("--report", report)  # before the slow evaluation
    start = time.perf_counter()
    from ..fitted_on import run_digests
    from ..report.html import write_page
    from ..report.terminal import show_result

    result, recording, text = _kinematics(path, changes) or _decoded(path, changes)
    seconds = time.perf_counter() - start
    title, studies = f"hotwire: {path.stem}", {path.name: text}
    written = write_page(result, report, title=title, command=command, seconds=seconds, studies=studies)
    read = {"recording": recording.summary(), "run_digests": run_digests(recording)}
    summary = result.summary() | read | {"seconds": seconds, "report": str(written)}
    return CommandResult(summary, lambda console: show_result(console, result, seconds, f"The report is {written}"))


def _decoded(path: Path, changes: dict[str, Any]) -> tuple[PageResult, Recording, str]:
    """The result of a study with a network, its recording and its text."""
    from ..report.evaluation_report import EvaluationReport
    from ..study.study import open_study

    study = open_study(path)
    study.check_network()
    recording = study.recording()
    evaluation = study.evaluate(recording, say_what_it_takes, **changes)
    return EvaluationReport(evaluation), recording, study.text


def say_what_it_takes(prepared: Preparation, decoder: Decoder) -> None:
    """Say it beforehand, of an evaluation of more than a minute, where it does not disturb what programs read."""
    from joblib import effective_n_jobs

    from ...adapters.plan import duration, size
    from ..evaluation.cost import cost_of, in_memory

    cost = cost_of(prepared, decoder, effective_n_jobs(-1))
    if cost.seconds >= LONG_S:
        memory = size(in_memory() + cost.memory_bytes)
        text = f"This will take {duration(cost.seconds)} and {memory} of memory, within a factor of three."
        click.echo(f"{text} `hotwire explain` says of what.", err=True)


def _kinematics(path: Path, changes: dict[str, Any]) -> tuple[PageResult, Recording, str] | None:
    """The same of a study of continuous targets; None where it is none."""
    from ..experiments.kinematics.report import KinematicsReport
    from ..experiments.kinematics.study import open_kinematics

    study = open_kinematics(path)
    if study is None:
        return None
    for name in changes:
        raise InputError(f"{name}: expected none for a study of continuous targets, which has no network")
    recording, targets = study.read()
    return KinematicsReport(study.evaluate(recording, targets), recording.summary()), recording, study.text
