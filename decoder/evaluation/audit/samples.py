"""The audit of samples: runs without a break between them, scaling over all runs, windows that reach too far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...finding import Finding, share_of
from ...recordings.events import listed
from ...recordings.recording import Recording
from ...settings import Settings
from ...statistics.permutation import p_of_count
from ...steps import Lag
from ...steps.detrend import detrend
from ...targets import StimulusTargets, Targets
from ...windows import Trials

SLOW_HZ = 2.0
"""Only haemodynamics are sampled so slowly."""

HAEMODYNAMIC_PEAK_S = 6.0
"""Earlier than this after an onset, the signal is still mostly the response to the events before."""

HAEMODYNAMIC_MEMORY_S = 30.0
"""After this time the response to a stimulus is over."""

MOST_FEATURES = 500
N_PAIRS = 20_000
ROWS_AT_ONCE = 2000
FALSE_ALARMS = 0.01
"""How often separate runs are reported to have a seam, at most."""

USUAL_STEP = 0.9
"""At a seam the step from sample to sample is at most this quantile of the steps within runs."""

TOO_EXACT = 1e-3
"""A mean over all runs that is this much nearer to zero than chance allows was subtracted."""


def is_timeless(recording: Recording) -> bool:
    """Whether every sample is a trial, as readers give them without a known rate; the rate then means nothing."""
    events = recording.events
    if max(recording.run_lengths().values(), default=1) == 1:
        return True
    return len(events) == recording.n_samples and np.allclose(events.duration_s * recording.rate_hz, 1.0)


def without_drift(samples: NDArray, order: int) -> NDArray[np.float64]:
    """A run's samples without a polynomial in time; zero where the run is too short to separate drift."""
    return detrend(samples, order) if len(samples) > order + 1 else np.zeros(samples.shape)


def memory_finding(recording: Recording, fold_of: Mapping[Any, int]) -> Finding:
    """Are samples of different folds closer in time than the memory of the brain and of filters?"""
    check = "memory"
    lengths = list(recording.run_lengths().values())
    if max(lengths) == 1:
        return Finding(check, "fine", "Every run is a single sample, without time around it.")
    cut = [(a, b) for a, b in pairwise(recording.runs) if b in recording.cut_from_last]
    if cut:
        return _cut_finding(recording, cut)
    joined = [(a, b) for a, b in seams(recording) if fold_of.get(a, -1) != fold_of.get(b, -1)]
    if joined:
        names = [f"{a} and {b}" for a, b in joined]
        return Finding(
            check,
            "warning",
            f"At {len(joined)} of {len(lengths) - 1} borders of runs ({listed(names, 3)}) the samples go on as within "
            "a run: one run may have been cut, and the brain and filters remember across the cut.",
        )
    length_s = float(np.median(lengths)) / recording.rate_hz
    if recording.rate_hz <= SLOW_HZ and length_s < HAEMODYNAMIC_MEMORY_S and not is_timeless(recording):
        return Finding(
            check,
            "warning",
            f"Runs last {length_s:g} s, and the haemodynamic response about {HAEMODYNAMIC_MEMORY_S:g} s: if they were "
            "cut from longer ones, neighbours in different folds share it.",
        )
    return Finding(
        check,
        "fine",
        "Steps begin anew in every run, windows never leave it, and at no border between runs do the samples go on "
        "as within one.",
    )


def _cut_finding(recording: Recording, cut: Sequence[tuple[int | str, int | str]]) -> Finding:
    """What follows where runs were cut on purpose: they share slow drifts, and in a scanner perhaps the response."""
    check, events, lengths = "memory", recording.events, recording.run_lengths()
    pauses_s = []
    for a, b in cut:
        ends_s = (events.onset_s + events.duration_s)[events.run == a].max(initial=0.0)
        pauses_s.append(lengths[a] / recording.rate_hz - ends_s + events.onset_s[events.run == b].min(initial=np.inf))
    shortest_s = float(min(pauses_s))
    of_one = f"{len(cut)} runs were cut from the run before them, in pauses of {shortest_s:.3g} s or more"
    if recording.rate_hz <= SLOW_HZ and shortest_s < HAEMODYNAMIC_MEMORY_S:
        return Finding(
            check,
            "warning",
            f"{of_one}, and the haemodynamic response lasts about {HAEMODYNAMIC_MEMORY_S:g} s: neighbours in different "
            "folds share it. Cut longer pauses: margin_s, pause_s or fewer n_runs.",
        )
    return Finding(
        check, "fine", f"{of_one}: they share slow drifts, so the score is of this session, not of another day."
    )


def scaling_finding(recording: Recording) -> Finding:
    """Did preprocessing use all runs at once?"""
    check = "scaling"
    centred = centred_over_all(recording)
    if centred.mean < 0.95:
        return Finding(check, "fine", "Nothing points to samples scaled over all runs at once.")
    unit = " and standard deviation 1" if centred.unit_variance >= 0.95 else ""
    return Finding(
        check,
        "warning",
        f"{100 * centred.mean:.0f} % of the features have mean 0{unit} over all runs, but not in each: the recording "
        "was scaled with its test samples in view.",
    )


def windows_finding(recording: Recording, trials: Trials, targets: Targets, settings: Settings) -> Finding:
    """Does a window end after the next event begins?"""
    check = "windows"
    content = recording.events.label
    if isinstance(targets, StimulusTargets) and recording.events.stimulus is not None:
        content = recording.events.stimulus
    next_s = np.append(_next_onsets(recording, content), np.inf)[trials.event]  # event -1 (none) takes the last
    if np.isinf(next_s).all():
        return Finding(check, "fine", "No trial is followed by an event of another kind in its run.")
    rate_hz = recording.rate_hz
    if rate_hz <= SLOW_HZ:
        allowed_s = HAEMODYNAMIC_PEAK_S
        about = f", with {HAEMODYNAMIC_PEAK_S:g} s allowed for the haemodynamic response"
    else:
        allowed_s, about = 0.0, ""
    lag_s = sum(step.delay_samples(rate_hz) for step in settings.steps if isinstance(step, Lag)) / rate_hz
    beyond_s = trials.stop_s + lag_s - next_s - allowed_s
    over = beyond_s > 1e-3 / rate_hz
    if not over.any():
        return Finding(check, "fine", f"No window reaches into the next event of another kind{about}.")
    return Finding(
        check,
        "warning",
        f"{share_of(over)} take in up to {beyond_s.max():.3g} s of the next event{about}.",
    )


def seams(recording: Recording, *, seed: int = 0) -> list[tuple[int | str, int | str]]:
    """Neighbouring runs between which the samples continue as if there were no break.

    The step from the last sample of one run to the first of the next is compared with the steps within runs, and with
    steps between random samples of different runs. Where the recording has no memory from sample to sample, these are
    all alike and nothing follows.

    At most 500 features and pairs of samples are drawn. If runs are separate and alike, at most one recording in a
    hundred gives any seam.
    """
    ends = [recording.samples_of(run) for run in recording.runs]
    if len(ends) < 2 or max(end.stop - end.start for end in ends) < 2:
        return []
    rng = np.random.default_rng(seed)
    data = recording.data
    if recording.n_features > MOST_FEATURES:
        data = data[:, np.sort(rng.permutation(recording.n_features)[:MOST_FEATURES])]
    number = np.repeat(np.arange(len(ends)), [end.stop - end.start for end in ends])
    a, b = rng.integers(0, len(data), (2, N_PAIRS))
    variance = data[a].var(axis=0, dtype=np.float64)
    weight = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)

    def steps(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
        parts = [slice(at, at + ROWS_AT_ONCE) for at in range(0, len(first), ROWS_AT_ONCE)]
        return np.concatenate([(data[first[part]] - data[second[part]]) ** 2 @ weight for part in parts])

    within = np.flatnonzero(number[1:] == number[:-1])
    within = rng.permutation(within)[:N_PAIRS]
    usual = np.quantile(steps(within, within + 1), USUAL_STEP)
    different = number[a] != number[b]
    apart = np.sort(steps(a[different], b[different]))
    last = np.array([end.stop - 1 for end in ends[:-1]])
    at_seams = steps(last, last + 1)
    p = p_of_count(np.searchsorted(apart, at_seams, side="right"), len(apart))
    joined = np.flatnonzero((at_seams <= usual) & (p <= FALSE_ALARMS / len(at_seams)))
    return [(recording.runs[i], recording.runs[i + 1]) for i in joined.tolist()]


class Centred(NamedTuple):
    """Shares of the features that have mean 0 over all runs but not in each, and of these with a deviation of 1."""

    mean: float
    unit_variance: float


def centred_over_all(recording: Recording) -> Centred:
    """How many features were brought to mean 0 (and standard deviation 1) over all runs at once.

    A mean that is near zero by chance is about as far from it as the runs' means differ; one a thousand times nearer
    was subtracted. Features whose mean is zero within each run are left out.
    """
    runs = [recording.data[recording.samples_of(run)] for run in recording.runs]
    size = np.array([len(part) for part in runs], np.float64)[:, None]
    means = np.array([part.mean(axis=0, dtype=np.float64) for part in runs])
    squares = np.array([np.einsum("ij,ij->j", part, part, dtype=np.float64) for part in runs])
    mean = (size * means).sum(axis=0) / size.sum()
    sd = np.sqrt(np.maximum(squares.sum(axis=0) / size.sum() - mean**2, 0.0))
    spread = np.sqrt((means**2).mean(axis=0))
    varies = spread > TOO_EXACT * sd
    exact = varies & (np.abs(mean) <= TOO_EXACT * spread / np.sqrt(len(runs)))
    unit = exact & (np.abs(sd - 1) <= 1 / size.sum() + 1e-5)  # n or n - 1 in the variance; float32
    varying = max(1, np.count_nonzero(sd > 0))
    return Centred(np.count_nonzero(exact) / varying, np.count_nonzero(unit) / varying)


def _next_onsets(recording: Recording, content: NDArray[np.str_]) -> NDArray[np.float64]:
    """For each event, when the next one with other content begins in its run; infinity where none does."""
    events = recording.events
    next_s = np.full(len(events), np.inf)
    order = np.lexsort((events.onset_s, np.unique(events.run, return_inverse=True)[1]))[::-1]
    for later, now in pairwise(order.tolist()):
        if events.run[later] == events.run[now]:
            other = content[later] != content[now] and events.onset_s[later] > events.onset_s[now]
            next_s[now] = events.onset_s[later] if other else next_s[later]
    return next_s
