"""The audit of neighbours: trials that are runs of their own although they were recorded one right after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...finding import Finding
from ...recordings.recording import Recording
from ...statistics.permutation import exceedance, exchanges
from ...windows import Trials
from .samples import is_timeless

N_PERMUTATIONS = 999
SIGNIFICANT = 0.005
"""Both tests have to reach it. Where neighbours share nothing, one recording in two hundred at most does."""

MUCH = 0.1
"""From this rise in correlation on, what neighbours share is a leak; below it, a warning."""
MUCH_IF_SORTED = 0.3
"""The same where each label is one stretch: trials were sorted by label, and may have been recorded mixed."""

MOST_PAIRS = 2000
MOST_FEATURES = 256


def neighbours_finding(recording: Recording, trials: Trials, fold_of: Mapping[Any, int]) -> Finding:
    """Where every run is one trial: are neighbours in different folds more alike than their label makes them?"""
    check = "neighbours"
    if len(trials) < 4:
        return Finding(check, "fine", "There are too few trials to compare.")
    if len(np.unique(trials.run)) < len(trials):
        return _within_runs(recording, trials)
    position = {run: i for i, run in enumerate(recording.runs)}
    order = np.argsort([position[run] for run in trials.run.tolist()])
    label = trials.label[order]
    fold = np.array([fold_of.get(run, -1) for run in trials.run[order].tolist()], np.intp)
    shared = shared_by_neighbours(trials.X[order], label, fold)
    if shared is None:
        return Finding(check, "fine", "Every run is one trial, and there are no neighbours of one label to compare.")
    reason = (
        f"Every run is one trial; of neighbours in different folds {100 * shared.agreement:.0f} % have the same label "
        f"(p = {shared.p_agreement:.2g}), and these correlate by {shared.correlation:.2f}, any two of the same label "
        f"by {shared.anywhere:.2f} (p = {shared.p_value:.2g})"
    )
    if not shared.is_significant:
        return Finding(check, "fine", f"{reason}.")
    sorted_by_label = np.count_nonzero(label[1:] != label[:-1]) == len(np.unique(label)) - 1
    much = shared.correlation - shared.anywhere >= (MUCH_IF_SORTED if sorted_by_label else MUCH)
    return Finding(
        check,
        "leak" if much else "warning",
        f"{reason}: as if recorded one right after the other, so that they share noise"
        + (", which tells the label unless labels were mixed then." if sorted_by_label else ", which tells the label."),
    )


def _within_runs(recording: Recording, trials: Trials) -> Finding:
    """Where neighbours stay together: are rows without a known rate trials of their own?"""
    check, shared = "neighbours", None
    if is_timeless(recording):
        shared = shared_by_neighbours(trials.X, trials.label, np.arange(len(trials)))
    if shared is None or not shared.is_significant or shared.correlation - shared.anywhere < MUCH:
        return Finding(check, "fine", "Runs hold several trials, so that neighbours stay together.")
    return Finding(
        check,
        "warning",
        "Every row is a trial, as no rate is known, but neighbours of one label correlate by "
        f"{shared.correlation:.2f}, any two by {shared.anywhere:.2f} (p = {shared.p_value:.2g}): rows that follow each "
        "other are no trials of their own, and p and intervals take them for such. Give rate_hz or tr_s, and each "
        "stretch of a label is one trial.",
    )


class Shared(NamedTuple):
    """How far neighbours have something in common.

    `agreement` is how often neighbours in different folds have the same label, `p_agreement` how often shuffled labels
    agree at least as often. `correlation` is the mean over such neighbours of one label, without the label's mean;
    `anywhere` is that of any two trials of one label. `p_value` is how often neighbours correlate at least as much
    after trials of one label were exchanged.
    """

    agreement: float
    p_agreement: float
    correlation: float
    anywhere: float
    p_value: float

    @property
    def is_significant(self) -> bool:
        return max(self.p_value, self.p_agreement) <= SIGNIFICANT


def shared_by_neighbours(X: NDArray, label: ArrayLike, fold: ArrayLike, *, seed: int = 0) -> Shared | None:
    """Compare neighbouring trials with trials of the same label anywhere.

    All trials of a label share what it evokes; exchanging trials of one label does not change that. What trials share
    because one was recorded after the other does change.

    X is (n_trials, n_features), in the order of the recording. None where no neighbours in different folds have the
    same label, or every label occurs once or twice.
    """
    rng = np.random.default_rng(seed)
    codes, count = np.unique(np.asarray(label), return_inverse=True, return_counts=True)[1:]
    fold = np.asarray(fold)
    apart = np.flatnonzero(fold[1:] != fold[:-1])
    same = apart[(codes[apart] == codes[apart + 1]) & (count[codes[apart]] > 2)]
    if not len(same):
        return None
    same = np.sort(rng.permutation(same)[:MOST_PAIRS])
    if X.shape[1] > MOST_FEATURES:
        X = X[:, np.sort(rng.permutation(X.shape[1])[:MOST_FEATURES])]
    rest = _by_label(X.astype(np.float64), codes, count)
    used = np.unique(np.r_[same, same + 1])
    rest, of = rest[used], codes[used]
    first, second = np.searchsorted(used, same), np.searchsorted(used, same + 1)
    shuffles = exchanges(of, np.arange(len(of)), N_PERMUTATIONS, seed=seed)
    correlation = float(np.einsum("ij,ij->i", rest[first], rest[second]).mean())
    null = np.array([np.einsum("ij,ij->", rest[order[first]], rest[order[second]]) for order in shuffles]) / len(same)
    labels = codes[exchanges(np.zeros(len(codes)), np.arange(len(codes)), N_PERMUTATIONS, seed=seed)]
    by_chance = (labels[:, apart] == labels[:, apart + 1]).mean(axis=1)
    agreement = float((codes[apart] == codes[apart + 1]).mean())
    return Shared(
        agreement,
        exceedance(agreement, by_chance),
        correlation,
        float(null.mean()),
        exceedance(correlation, null),
    )


def _by_label(X: NDArray[np.float64], codes: NDArray[np.intp], count: NDArray[np.intp]) -> NDArray[np.float64]:
    """Trials without the mean of their label; every feature has the same variance and every trial the same length."""
    order = np.argsort(codes, kind="stable")
    means = np.add.reduceat(X[order], np.r_[0, np.cumsum(count)[:-1]], axis=0) / count[:, None]
    rest = X - means[codes]
    spread = rest.std(axis=0)
    rest = rest[:, spread > 0] / spread[spread > 0]
    return rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), np.finfo(np.float64).tiny)
