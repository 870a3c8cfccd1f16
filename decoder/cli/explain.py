"""``hotwire explain``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import json_option
from .result import CommandResult

if TYPE_CHECKING:
    from ..recordings.recording import Recording
    from ..report.design_report import DesignReport
    from ..study.study import Study


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@json_option
def explain(study: Path) -> CommandResult:
    """Say what evaluating a study will do, before anything is fitted.

    The methods with every step, trials by class and run, what the audit finds, words that the network cannot say, and
    about how long it will take and how much memory. A network that is not on this machine is not fetched for it.
    """
    from ..study.study import open_study

    start = time.perf_counter()
    opened = open_study(study)
    opened.check_network()
    report = _explained(opened, opened.recording(), start)
    return CommandResult(report.summary(), report.show)


def _explained(study: Study, recording: Recording, start: float) -> DesignReport:
    from dataclasses import replace

    from joblib import effective_n_jobs

    from ...errors import InputError
    from ...models.weights.assets import is_ready
    from ..evaluation.audit.words import words_finding
    from ..evaluation.cost import cost_of, in_memory
    from ..report.design_report import DesignReport
    from ..study.networks import network_names
    from ..targets import WordTargets

    section, targets = study.sections.network, study.sections.targets
    is_here = section.name not in network_names() or is_ready(section.name)
    away = f"{section.name} is not on this machine yet; `hotwire models` says how large it is"
    prepared = None
    if targets.words is not None:
        prepared = study.prepare(recording, audit="warn")
    elif not is_here:
        raise InputError(f"network: it takes the stimuli of the recording, but {away}")
    if not is_here:
        assert prepared is not None
        return DesignReport(prepared.design, time.perf_counter() - start, in_memory(), None, away)
    decoder = study.decoder()
    prepared = prepared or study.prepare(recording, decoder.targets, audit="warn")
    settings, design = decoder.settings, replace(prepared.design, network=decoder.network.name)
    if isinstance(decoder.targets, WordTargets):
        table = decoder.targets.activations(decoder.network, [settings.layer])[settings.layer]
        said = words_finding(decoder.network, decoder.targets, settings, table)
        design = replace(design, findings=(*design.findings, said))
    before_s = time.perf_counter() - start
    cost = cost_of(prepared, decoder, effective_n_jobs(-1))
    return DesignReport(design, before_s, in_memory(), cost)
