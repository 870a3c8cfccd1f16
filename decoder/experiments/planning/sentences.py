"""The result of a plan in sentences that a scientist understands without the tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .result import PlanResult, ReachPoint, SpanPoint, needed

NEAR = 1.15
"""Levels of noise within this factor of the plan's own noise count as equal to it."""


def plan_sentences(plan: PlanResult) -> list[str]:
    """The ceiling, the dimensions, what held-out stimuli allow, and how many trials are needed."""
    return [*_ceiling(plan), *_dimensions(plan), *_held_out(plan), *_trials(plan)]


def _ceiling(plan: PlanResult) -> list[str]:
    reads = (
        f"From the true activations of layer {plan.layer} the readout is right in {_percent(plan.ceiling.candidate)}"
    )
    among = f"among all {len(plan.answers)} answers and in {_percent(plan.ceiling.pairwise)} of the pairs"
    if plan.ceiling.pairwise >= plan.target:
        return [f"{reads} {among}."]
    return [f"{reads} {among}: below the aim already, so another layer, prompt or readout is needed before any scan."]


def _dimensions(plan: PlanResult) -> list[str]:
    here = next(one for one in plan.layers if one.layer == plan.layer)
    n90 = here.dimensions.n90
    return [
        f"In layer {plan.layer}, of {here.n_units:,} units, the {plan.n_stimuli} {plan.stimuli} span no more than "
        f"{plan.n_stimuli - 1} dimensions: {n90} hold 90 % of the variance (participation ratio "
        f"{here.dimensions.participation:.1f}). Nothing that is decoded can leave this span."
    ]


def _held_out(plan: PlanResult) -> list[str]:
    sentences = []
    for held_out, curve in plan.span_curves():
        what = {
            ("words", "categories"): ("a word that was not trained on", "words"),
            ("pictures", "pictures"): ("a picture that was not trained on", "pictures"),
            ("pictures", "categories"): ("a picture of a category that was not trained on", "pictures"),
        }[plan.stimuli, held_out]
        sentences.append(_span_sentence(plan, curve, *what))
    return sentences


def _span_sentence(plan: PlanResult, curve: Sequence[SpanPoint], what: str, unit: str) -> str:
    n = needed(curve, plan.target)
    first, last = curve[0], curve[-1]
    own = next((one for one in curve if one.n_training == plan.n_stimuli - 1), None) if plan.n_pool else None
    begin = f"Even without any noise, {what} is told from another in "
    begin += (
        f"{_percent(own.pairwise.value)} of the pairs by training on the {own.n_training} others of the study"
        if own is not None
        else f"{_percent(first.pairwise.value)} of the pairs by training on {first.n_training} {unit}"
    )
    if own is not None and own.pairwise.value < 0.5:
        begin += " (below chance: it is drawn to those trained on)"
    aim = _percent(plan.target)
    if n is None:
        return (
            f"{begin}, and in {_percent(last.pairwise.value)} by {last.n_training}; {aim} is not reached with so few."
        )
    if n <= first.n_training:
        return f"{begin}: no more are needed for {aim}."
    return f"{begin}; about {_round(n)} training {unit} are needed for {aim}. No amount of brain data lifts this."


def _trials(plan: PlanResult) -> list[str]:
    """The level of `noise` first, then the others."""
    curves = [(level / plan.noise.signal_to_noise, level, curve) for level, curve in plan.levels()]
    at_reference = [one for one in curves if 1 / NEAR < one[0] < NEAR]
    others = [one for one in curves if one not in at_reference]
    like = f"that of {plan.noise.name}"
    sentences = [_level_sentence(plan, curve, f"With noise like {like}") for _, _, curve in at_reference]
    what = "that" if at_reference else like
    return sentences + [
        _level_sentence(plan, curve, f"With a signal-to-noise ratio of {level:.2g}, {ratio:.2g} times {what}")
        for ratio, level, curve in others
    ]


def _level_sentence(plan: PlanResult, curve: Sequence[ReachPoint], where: str) -> str:
    n, last, aim = needed(curve, plan.target), curve[-1], _percent(plan.target)
    unit = "trials of each word" if plan.stimuli == "words" else "training pictures"
    if n is None:
        reached = f"{_percent(last.pairwise.value)} of the pairs are right with {last.n_training} {unit}"
        return f"{where}, {reached}; {aim} is not reached with so few."
    if n <= curve[0].n_training:
        return f"{where}, {curve[0].n_training} {unit} already suffice for {aim} of the pairs."
    candidate = f"then {_percent(_at(curve, n))} are right among all {len(plan.answers)} answers"
    return f"{where}, about {_round(n)} {unit} are needed for {aim} of the pairs{_duration(plan, n)}; {candidate}."


def _at(curve: Sequence[ReachPoint], n: float) -> float:
    """Accuracy among all classes at a number between two points."""
    above = next(i for i, point in enumerate(curve) if point.n_training >= n)
    a, b = curve[above - 1], curve[above]
    part = math.log(n / a.n_training) / math.log(b.n_training / a.n_training)
    return a.candidate.value + part * (b.candidate.value - a.candidate.value)


def _duration(plan: PlanResult, n: float) -> str:
    trials = n * (plan.n_stimuli if plan.stimuli == "words" else 1)
    return f" ({_round(trials * plan.noise.seconds_per_trial / 60)} minutes at its pace)"


def _round(n: float) -> str:
    """Two significant digits: a simulation gives no more."""
    if n < 10:
        return f"{math.ceil(n - 0.05)}"
    step = 10 ** (math.floor(math.log10(n)) - 1)
    return f"{math.ceil(n / step - 0.05) * step:,}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
