"""The audit for leaks: could the labels of tested trials be known without the brain, or were they in the training?

It uses the design and the samples alone, before anything is fitted. Each check gives one `Finding`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, LeakError
from ....errors.printable import printable
from ...finding import Finding
from ...recordings.events import listed
from ...recordings.recording import Recording
from ...settings import Settings
from ...steps import run_steps
from ...targets import Targets
from ...windows import Trials, windows
from ..choices import Choice, tried_windows
from .copies import copies_finding
from .neighbours import neighbours_finding
from .onsets import onsets_finding
from .order import order_findings
from .response import response_finding
from .samples import memory_finding, scaling_finding, windows_finding
from .stimuli import stimuli_findings

Policy = Literal["refuse", "warn"]
POLICIES: tuple[Policy, ...] = ("refuse", "warn")

REMEDIES = {
    "stimuli": "average the trials of a stimulus into one, or put all of them into one run or fold",
    "runs": "hold each run out once, whole",
    "copies": "leave out one of two runs that hold the same (was a file named or saved twice?), or the events of "
    "copied trials",
    "neighbours": 'say which rows belong to one run: in a study of kind "arrays" by run = "the array with the run of '
    'each row" and, where rows follow each other in time, rate_hz or tr_s; in Python by read_named_arrays(run=..., '
    "rate_hz=...) or the recording's own run; trials of one stretch of time belong to one run",
    "classes": "hold each class out once, whole",
    "label by run": "show every category in every run",
    "label by position": "shuffle the order anew for every run",
}

BEFORE = ("response", "onsets", "words")
"""Checks that warn before the fit."""


def audit(
    recording: Recording,
    trials: Trials,
    targets: Targets,
    held_out: Sequence[Sequence[Any]],
    settings: Settings,
    tried: Sequence[tuple[Trials, Settings]] = (),
    *,
    classes: NDArray[np.intp] | None = None,
) -> tuple[Finding, ...]:
    """Check for everything that would make a cross-validated accuracy too good to be true; one finding for each check.

    `trials` are those decided on by the `settings`; `held_out` are the runs that each fold tests. `tried` are the other
    windows and steps to choose from, with their trials. Where folds hold out whole classes and runs, trials with the
    same number in `classes` (n_trials,) are held out together, and no other trial has one of their classes; runs may
    then be in several folds, each time with other classes.
    """
    number: dict[Any, int] = {}
    for index, runs in enumerate(held_out):
        for run in runs:
            number.setdefault(run, index)
    fold = np.array([number.get(run, -1) for run in trials.run.tolist()], np.intp)
    neighbours = neighbours_finding(recording, trials, number)
    if neighbours.verdict == "leak":
        copies = Finding("copies", "fine", "Rows are like their neighbours; give their runs to have copies looked for.")
    else:
        copies = copies_finding(recording, trials, number)
    return (
        *stimuli_findings(trials, targets, fold if classes is None else classes),
        *(() if classes is None else (_classes(trials, targets, classes),)),
        _runs(recording, held_out, by_class=classes is not None),
        copies,
        neighbours,
        memory_finding(recording, number),
        scaling_finding(recording),
        _steps(settings),
        windows_finding(recording, trials, targets, settings),
        *time_findings(recording, trials, settings, tried),
        *order_findings(trials, targets, fold),
    )


def time_findings(
    recording: Recording, trials: Trials, settings: Settings, tried: Sequence[tuple[Trials, Settings]] = ()
) -> tuple[Finding, ...]:
    """Does the window end before the response to its event and, if not, is it some seconds off?"""
    response = response_finding(recording, trials, settings, tried)
    return (
        (response,) if response.verdict == "warning" else (response, onsets_finding(recording, trials, settings, tried))
    )


def windows_in_time(recording: Recording, settings: Settings, choose: Sequence[Choice] = ()) -> tuple[Finding, ...]:
    """`time_findings` where nothing is held out, so nothing leaks."""
    every = [settings, *tried_windows(settings, choose)]
    (trials, how), *tried = [(windows(one.window, run_steps(one.steps, recording)), one) for one in every]
    return time_findings(recording, trials, how, tried)


def refuse(findings: Sequence[Finding], policy: Policy) -> None:
    """Raise a LeakError where there is a leak and the policy is to refuse; else give a Python warning of it.

    Findings that are only warnings go to the report; those that spoil a fit are also Python warnings.
    """
    check_policy(policy)
    warn_before_fit(findings)
    leaks = [one for one in findings if one.verdict == "leak"]
    if not leaks:
        return
    reasons = "; ".join(f"{one.check}: {one.reason} To do: {REMEDIES[one.check]}" for one in leaks)
    if policy == "refuse":
        raise LeakError(
            f"audit: what is tested was in the training, or can be told without the brain: {reasons}. To go on in "
            'spite of it, ask for audit = "warn"; the report then says so'
        )
    warnings.warn(f"the audit found leaks: {printable(reasons)}", stacklevel=3)


def warn_before_fit(findings: Sequence[Finding]) -> None:
    """Give a Python warning of what would make the fit worth little, before anyone waits for it."""
    for one in findings:
        if one.check in BEFORE and one.verdict == "warning":
            warnings.warn(f"{one.check}: {printable(one.reason)}", stacklevel=4)


def check_policy(policy: object) -> None:
    """Raise InputError unless it is one of the policies."""
    if policy not in POLICIES:
        raise InputError(f"audit: expected one of {', '.join(POLICIES)}, got {policy!r}")


def _runs(recording: Recording, held_out: Sequence[Sequence[Any]], *, by_class: bool) -> Finding:
    """Folds that split a run, or hold runs whose names differ in spelling only."""
    check = "runs"
    if by_class:
        return Finding(check, "fine", "No fold trains on a run that it tests; several may test one, by other classes.")
    folds_of: dict[Any, set[int]] = {}
    for index, runs in enumerate(held_out):
        for run in runs:
            folds_of.setdefault(run, set()).add(index)
    split = [run for run, of in folds_of.items() if len(of) > 1]
    if split:
        return Finding(
            check, "leak", f"{len(split)} of {len(folds_of)} runs ({listed(split, 3)}) lie in several folds at once."
        )
    spelled: dict[str, list[Any]] = {}
    for run in recording.runs:
        spelled.setdefault(str(run).strip().casefold().lstrip("0"), []).append(run)
    alike = [runs for runs in spelled.values() if len({frozenset(folds_of.get(run, ())) for run in runs}) > 1]
    if alike:
        names = ["/".join(map(repr, runs)) for runs in alike]
        return Finding(
            check, "warning", f"Names of runs in different folds differ in their spelling only: {listed(names, 3)}."
        )
    return Finding(check, "fine", f"Each of {len(recording.runs)} runs lies whole in one fold.")


def _classes(trials: Trials, targets: Targets, classes: NDArray[np.intp]) -> Finding:
    """Folds that should hold out whole classes, but train on one that they test."""
    check = "classes"
    truth = targets.truth()[targets.key_of(trials)]
    of_class = np.unique(np.stack([truth, classes]), axis=1)
    split = np.unique(of_class[0], return_counts=True)
    in_several = [targets.answers[i] for i in split[0][split[1] > 1].tolist()]
    if in_several:
        return Finding(
            check,
            "leak",
            f"{len(in_several)} of {len(split[0])} classes ({listed(in_several, 3)}) lie in several folds at once.",
        )
    sizes = np.unique(of_class[1], return_counts=True)[1]
    return Finding(
        check,
        "fine",
        f"Each of {len(split[0])} classes lies whole in one of {len(sizes)} folds ({sizes.min()} to {sizes.max()} "
        "classes in each): of no class that is tested was a trial trained on.",
    )


def _steps(settings: Settings) -> Finding:
    every = dict.fromkeys([*settings.steps, *settings.to_fit[0]])
    ahead = [repr(step) for step in every if step.needs_future]
    return Finding(
        "looking ahead",
        "fine",
        f"{', '.join(ahead)} sees the whole of a run, and of that run alone; it cannot be used live."
        if ahead
        else "No step looks ahead.",
    )
