"""What a reader should check before believing a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..evaluation.controls import UNTRAINED_NEAREST, control_named
from ..finding import Finding
from ..recordings.events import listed
from ..statistics.intervals import FEW_RUNS, LEAST_RUNS
from ..statistics.measures import MEASURES, Measure
from .numbers import interval
from .result import Sentence

SIGNIFICANT = 0.05
UNIT = "\N{NO-BREAK SPACE}%"


def result_checks(
    decoder: Mapping[str, Measure],
    ceiling: Measure,
    controls: Mapping[str, Mapping[str, Measure]],
    names: Sequence[str],
) -> list[Sentence]:
    """Check that the decoder is above chance and its controls, the controls are not above chance, and the ceiling is.

    `controls` are by name; `names` are the measures to check; a ceiling without an interval counts by its value.
    """
    verdicts: dict[tuple[bool, str], list[str]] = {}
    for name in names:
        verdicts.setdefault(_verdict(decoder[name]), []).append(MEASURES[name])
    untrained = controls.get(UNTRAINED_NEAREST)
    controls = {control: one for control, one in controls.items() if control != UNTRAINED_NEAREST}
    if controls and not any(np.isnan(decoder[name].low) for name in names):
        for name in names:
            reaching = [control for control, one in controls.items() if one[name].high >= decoder[name].low]
            apart = not reaching
            text = (
                "Its interval lies above that of every control that a brain or its labels have no part in"
                if apart
                else f"{listed(reaching)} reach{'es' if len(reaching) == 1 else ''} into its interval"
            )
            verdicts.setdefault((apart, text), []).append(MEASURES[name])
    checks = [Sentence(f"{text}: {', '.join(of)}.", good) for (good, text), of in verdicts.items()]
    plain = [control for control in controls if not control_named(control).may_exceed_chance]
    high = [
        f"{control} ({MEASURES[name]}, {interval(controls[control][name], UNIT)})"
        for control in plain
        for name in names
        if _above_chance(controls[control][name]) or _by_p_alone(controls[control][name])
    ]
    if untrained is not None:
        name = "candidate" if names[0] == "free" else names[0]  # the nearest target gives no free answers
        adds = bool(decoder[name].low > untrained[name].high)
        text = "the decoder is above it" if adds else "that the trained network adds anything to it is not shown"
        labels_alone = (
            f"Labels alone, as the nearest of an untrained network's targets, give {interval(untrained[name], UNIT)}"
        )
        checks.append(Sentence(f"{labels_alone} {MEASURES[name]}: {text}.", adds))
    if not controls:
        checks.append(Sentence("No control was computed, so nothing here says where the result comes from.", False))
    elif high:
        text = f"Above chance without what should matter: {'; '.join(high)}. Find out why first."
        checks.append(Sentence(text, False))
    elif plain:
        checks.append(Sentence(f"No control is above chance: {', '.join(plain)}.", True))
    text = f"The ceiling, from the true activations, is {interval(ceiling, UNIT)}"
    reached = ceiling.value > ceiling.chance if np.isnan(ceiling.low) else _above_chance(ceiling)
    if not reached:
        text += ": not even there does the network give the answers, so nothing follows for the brain"
    return [*checks, Sentence(f"{text}.", reached)]


def runs_checks(n_runs: int, over: str = "runs") -> list[Sentence]:
    """What few runs mean for the intervals, if they are few."""
    if n_runs < LEAST_RUNS:
        text = (
            f"There are no intervals: {n_runs} {over} say too little of how much {over} vary; at least {LEAST_RUNS} "
            "are needed. What is said to be above chance rests on p alone."
        )
        return [Sentence(text, False)]
    if n_runs < FEW_RUNS:
        return [Sentence(f"With {n_runs} {over}, intervals are wide and approximate; {FEW_RUNS} or more are better.")]
    return []


def finding_checks(findings: Iterable[Finding]) -> list[Sentence]:
    """What the audit for leaks reports, each finding once."""
    findings = list(dict.fromkeys(findings))
    suspicious = [one for one in findings if one.verdict != "fine"]
    if findings and not suspicious:
        return [Sentence("The audit before the fit found no leak.", True)]
    return [Sentence(f"{one.verdict.capitalize()}, {one.check}: {one.reason}", False) for one in suspicious]


def _verdict(decoder: Measure) -> tuple[bool, str]:
    if _above_chance(decoder):
        return True, "The decoder is above chance"
    if _by_p_alone(decoder):
        return True, "The decoder depends on what was shown, by p alone"
    if decoder.p_value < SIGNIFICANT:
        return False, "The decoder depends on what was shown, but is no better than the best constant guess"
    return False, "The decoder cannot be told from chance"


def _above_chance(one: Measure) -> bool:
    return bool(one.low > one.chance and one.p_value < SIGNIFICANT)


def _by_p_alone(one: Measure) -> bool:
    """Whether p says so where there are too few runs for an interval."""
    return bool(np.isnan(one.low) and one.p_value < SIGNIFICANT)
