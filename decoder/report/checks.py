"""What a reader should look at before believing a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..evaluation.audit.finding import Finding
from ..evaluation.controls import UNTRAINED_NEAREST, control_named
from ..statistics.measures import MEASURES, Measure
from .page import interval

SIGNIFICANT = 0.05
UNIT = "\N{NO-BREAK SPACE}%"


class Check(NamedTuple):
    """Whether something is as it should be, and what it is."""

    good: bool
    text: str


def result_checks(
    decoder: Mapping[str, Measure],
    ceiling: Measure,
    controls: Mapping[str, Mapping[str, Measure]],
    kinds: Sequence[str],
) -> list[Check]:
    """Whether the decoder is above chance and above its controls, these are not, and the ceiling is.

    Parameters
    ----------
    decoder : mapping of str to Measure
    ceiling : Measure
        Without an interval its value alone is judged.
    controls : mapping of str to mapping of str to Measure
        By control.
    kinds : sequence of str
        Which measures to judge by.

    Returns
    -------
    list of Check
    """
    verdicts: dict[tuple[bool, str], list[str]] = {}
    for kind in kinds:
        verdicts.setdefault(_verdict(decoder[kind]), []).append(MEASURES[kind])
    untrained = controls.get(UNTRAINED_NEAREST)
    controls = {name: one for name, one in controls.items() if name != UNTRAINED_NEAREST}
    if controls:
        for kind in kinds:
            apart = decoder[kind].low > max(one[kind].high for one in controls.values())
            text = (
                "Its interval lies above that of every control that a brain or its labels have no part in"
                if apart
                else "Some control reaches into its interval"
            )
            verdicts.setdefault((apart, text), []).append(MEASURES[kind])
    checks = [Check(good, f"{text}: {', '.join(of)}.") for (good, text), of in verdicts.items()]
    plain = [name for name in controls if not control_named(name).may_exceed_chance]
    high = [
        f"{name} ({MEASURES[kind]}, {interval(controls[name][kind], UNIT)})"
        for name in plain
        for kind in kinds
        if _above_chance(controls[name][kind])
    ]
    if untrained is not None:
        kind = "candidate" if kinds[0] == "free" else kinds[0]  # the nearest target says nothing freely
        checks.append(_labels_alone(decoder[kind], untrained[kind], MEASURES[kind]))
    if not controls:
        checks.append(Check(False, "No control was computed, so nothing here says where the result comes from."))
    elif high:
        checks.append(Check(False, f"Above chance without what should matter: {'; '.join(high)}. Find out why first."))
    elif plain:
        checks.append(Check(True, f"No control is above chance: {', '.join(plain)}."))
    text = f"The ceiling, from the true activations, is {interval(ceiling, UNIT)}"
    checks.append(
        Check(True, f"{text}.")
        if (ceiling.value > ceiling.chance if np.isnan(ceiling.low) else _above_chance(ceiling))
        else Check(
            False, f"{text}: not even there does the network give the answers, so nothing follows for the brain."
        )
    )
    return checks


def finding_checks(findings: Sequence[Finding]) -> list[Check]:
    """What the audit for leaks found, each finding once."""
    suspicious = [found for found in dict.fromkeys(findings) if found.verdict != "fine"]
    checks = [Check(False, f"{found.verdict.capitalize()}, {found.check}: {found.reason}") for found in suspicious]
    if findings and not suspicious:
        checks.append(Check(True, "The audit before the fit found no leak."))
    return checks


def _labels_alone(decoder: Measure, untrained: Measure, measure: str) -> Check:
    """The decoder against the nearest of targets that random weights give: does the trained network add anything?"""
    adds = decoder.low > untrained.high
    text = "the decoder is above it" if adds else "that the trained network adds anything to it is not shown"
    return Check(
        adds,
        f"Labels alone, as the nearest of an untrained network's targets, give {interval(untrained, UNIT)} "
        f"{measure}: {text}.",
    )


def _verdict(decoder: Measure) -> tuple[bool, str]:
    if _above_chance(decoder):
        return True, "The decoder is above chance"
    if decoder.p_value < SIGNIFICANT:
        return False, "The decoder depends on what was shown, but is no better than the best constant guess"
    return False, "The decoder cannot be told from chance"


def _above_chance(one: Measure) -> bool:
    return one.low > one.chance and one.p_value < SIGNIFICANT
