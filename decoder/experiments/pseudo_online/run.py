"""Pseudo-online evaluation: what a decoder would have decided, and when, on runs that it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ....adapters.plan import require_memory
from ....adapters.whiten import FEWER
from ....errors import InputError, RecordingError, UnknownNameError
from ...decoder import Decoder
from ...evaluation.audit.leaks import Policy as AuditPolicy
from ...evaluation.audit.leaks import audit as look_for_leaks
from ...evaluation.audit.leaks import check_policy, refuse
from ...evaluation.choices import Choice, folds_at_once, tried_windows, whitenings
from ...evaluation.fold_data import FoldData
from ...evaluation.folds import FittedFold, fit_fold
from ...evaluation.splits import HeldOut, split_runs
from ...evaluation.threads import in_parallel
from ...recordings.recording import Recording
from ...run_splits import RunFolds
from ...settings import Settings
from ...statistics.permutation import N_PERMUTATIONS
from ...steps.settings import check_number
from .deciding import FoldDecoder, Player, inner_fits
from .policy import EVERY_S, WINDOWS, Policy, Windows, checked_threshold
from .result import PseudoOnline
from .scorer import StreamScorer
from .stream import check_streams, window_s


def pseudo_online(
    decoder: Decoder,
    recording: Recording,
    *,
    windows: Windows = "sliding",
    every_s: float = EVERY_S,
    threshold: float | None = None,
    false_per_minute: float | None = None,
    policy: Policy | None = None,
    from_s: float = 0.0,
    to_s: float | None = None,
    folds: RunFolds = "run",
    choose: Sequence[Choice] = (),
    inner_folds: int = 4,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
    audit: AuditPolicy = "refuse",
) -> PseudoOnline:
    """Let decoders decide on held-out runs as if these were just being recorded, and score the decisions.

    In each fold of the cross-validation a decoder is fitted as `evaluate` fits it: on the windows of events of the
    training runs, with all choices made inside these. It then decides on the held-out runs: samples arrive in chunks,
    pass the steps, which carry their state along, and every complete window is decided on.

    Parameters
    ----------
    decoder : Decoder
        Need not be fitted, and stays as it is. Its steps must be causal.
    recording : Recording
    windows : {"sliding", "events"}
        Decide regularly on a sliding window as long as that of an event, whatever the events. Or decide when the window
        of an event is complete, as for flashes that follow each other faster than a window is long.
    every_s : float
        The time from one decision to the next.
    threshold : float, optional
        The lowest probability that activates. If not given, it is chosen in the training runs, by decoders fitted on
        parts of these, so that the first activation is right for most events.
    false_per_minute : float, optional
        Limits the choice to thresholds with at most this many activations per minute of rest; by default 1, or no limit
        where there is almost no rest.
    policy : Policy, optional
    from_s, to_s : float
        An event holds from ``onset + from_s`` to ``onset + duration + to_s``, or until the next begins; decisions and
        activations that become available in this time are about it. The duration counts as long enough for the decision
        on the event's own window. By default `to_s` is half the window's length: until then a window has more of the
        event than of what follows.
    folds, choose, inner_folds, n_permutations, seed, audit
        As for `hotwire.decoder.evaluate`.

    Returns
    -------
    PseudoOnline

    Raises
    ------
    InputError
        A step needs the future, the window has no fixed length, or an argument is wrong.
    RecordingError
        There are no events, or no rest where `false_per_minute` is given.
    LeakError
        What would be tested was in the training, or can be known without the brain.
    """
    check_policy(audit)
    _check_arguments(windows, threshold, false_per_minute, from_s, to_s)
    if not len(recording.events):
        raise RecordingError(f"recording: expected events to compare decisions with, got none in {recording!r}")
    every = _tried(decoder.settings, choose)
    for settings in every:
        check_streams(settings)
    data = FoldData(decoder.network, decoder.targets, recording, tuple(dict.fromkeys(one.layer for one in every)))
    player = Player(data, windows, every_s)
    for settings in every:
        player.window(settings)  # raises an error that says what is wrong
    splits = split_runs(recording.runs, folds, seed=seed)
    tried = [(data.trials(one), one) for one in tried_windows(decoder.settings, choose)]
    findings = look_for_leaks(recording, data.trials(decoder.settings), data.targets, splits, decoder.settings, tried)
    refuse(findings, audit)
    to_s = window_s(decoder.settings) / 2 if to_s is None else to_s
    scorer = StreamScorer(player, policy or Policy(), from_s, to_s, decoder.settings)
    limit = scorer.limit(false_per_minute)

    _, plan = whitenings(data, decoder.settings, choose)
    if plan is not None:  # each fold has its own to the end, as it decides on every window of its runs
        every = plan.times(len(splits), at_once=1)
        require_memory(every, what=f"whitening in {len(splits)} folds", instead=f"{FEWER}, or folds")
    fits = [partial(fit_fold, data, decoder.settings, choose, HeldOut(tuple(runs)), inner_folds) for runs in splits]
    fitted = in_parallel(fits, "cross-validation", folds_at_once(data, decoder.settings, choose, len(splits)))
    outer = [
        FoldDecoder(fold.settings, fold.linear, tuple(runs), fold.calibration)
        for fold, runs in zip(fitted, splits, strict=True)
    ]
    inner: list[list[FoldDecoder]] = [[] for _ in splits]
    if threshold is None:
        calls = [partial(_inner, data, fold, runs, inner_folds) for fold, runs in zip(fitted, splits, strict=True)]
        inner = in_parallel(calls, "fits to choose thresholds by")
    parts = [[one, *of_training] for one, of_training in zip(outer, inner, strict=True)]
    todo = [(number, one, run) for number, of_fold in enumerate(parts) for one in of_fold for run in one.runs]
    decisions = in_parallel([partial(player.decisions, *of) for _, *of in todo], "decisions as they would have come")

    held_out, chosen = [], []
    for number, one in enumerate(outer):
        of_fold = [(by, one_run) for (fold, by, _), one_run in zip(todo, decisions, strict=True) if fold == number]
        used = threshold
        if used is None:
            used = scorer.chosen([one_run for by, one_run in of_fold if by is not one], one.settings, limit)
        held_out += [scorer.held_out(one_run, one.settings, used, number) for by, one_run in of_fold if by is one]
        chosen.append({choice.setting: str(getattr(one.settings, choice.setting)) for choice in choose})
    held_out.sort(key=lambda one: recording.runs.index(one.decisions.run))
    result = scorer.result(held_out, fitted, outer, n_permutations, seed)
    return replace(result, chosen=tuple(chosen), findings=findings, is_chosen=threshold is None, limit=limit)


def _check_arguments(
    windows: str, threshold: float | None, false_per_minute: float | None, from_s: float, to_s: float | None
) -> None:
    if windows not in WINDOWS:
        raise UnknownNameError("windows", windows, WINDOWS)
    check_number("from_s", from_s, -np.inf, may_be_least=False)
    if to_s is not None:
        check_number("to_s", to_s, -np.inf, may_be_least=False)
    if threshold is not None:
        checked_threshold(threshold)
    if false_per_minute is not None:
        check_number("false_per_minute", false_per_minute, may_be_least=True)
        if threshold is not None:
            raise InputError("false_per_minute: goes with thresholds that are chosen; give either this or threshold")
        if windows == "events":
            raise InputError(
                'false_per_minute: with windows = "events" there are decisions on events alone; leave it out, or use '
                'windows = "sliding"'
            )


def _tried(settings: Settings, choose: Sequence[Choice]) -> list[Settings]:
    """The settings, and each with one of the values to choose from."""
    each = [replace(settings, **{choice.setting: value}) for choice in choose for value in choice.values]
    return [settings, *each]


def _inner(data: FoldData, fold: FittedFold, held_out: Sequence[Any], inner_folds: int) -> list[FoldDecoder]:
    training = [run for run in data.recording.runs if run not in set(held_out)]
    if len(training) < 2:
        raise InputError(
            f"threshold: expected one, as it cannot be chosen where there is a single training run ({training[0]!r})"
        )
    return inner_fits(data, fold, training, inner_folds)
