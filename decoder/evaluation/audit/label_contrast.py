"""How well windows separate labels: whether trials of one label are more alike than others, over runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...recordings.events import Events
from ...recordings.recording import Recording
from ...statistics.permutation import exceedance, exchanges
from .samples import without_drift

N_PERMUTATIONS = 199
MOST_EVENTS = 500
MOST_FEATURES = 500
DRIFT_ORDER = 2

Span = tuple[NDArray[np.float64], NDArray[np.float64]]
"""For each event, where its window begins and ends: seconds since its onset; NaN where it has none."""


class LabelContrast(NamedTuple):
    """For each window, how much more alike trials of one label are than others, and how often that is by chance.

    `by_run` (n_windows, n_runs) are the contrasts of each run's trials with those of other runs.
    """

    contrasts: list[float]
    p_values: list[float]
    by_run: NDArray[np.float64]


def label_contrast(recording: Recording, events: Events, spans: Sequence[Span]) -> LabelContrast | None:
    """The contrast of labels in each of several windows; None where no label occurs in two runs."""
    rng = np.random.default_rng(0)
    some = np.sort(rng.permutation(len(events))[:MOST_EVENTS])
    spans = [(first[some], stop[some]) for first, stop in spans]
    events = events.take(some)
    label = np.unique(events.label, return_inverse=True)[1]
    run = np.unique(events.run, return_inverse=True)[1]
    other_run = run[:, None] != run
    if not (other_run & (label[:, None] == label)).any() or label.max() == 0:
        return None
    columns = np.sort(rng.permutation(recording.n_features)[:MOST_FEATURES])
    shuffled = label[exchanges(run, np.arange(len(label)), N_PERMUTATIONS)]
    contrasts, p_values, by_run = [], [], []
    for span in spans:
        averages = _averages(recording, columns, events, span)
        alike = np.where(other_run, averages @ averages.T, 0.0)

        contrast = _lift(alike, label, other_run)
        contrasts.append(contrast)
        p_values.append(exceedance(contrast, np.array([_lift(alike, codes, other_run) for codes in shuffled])))
        of_runs = [other_run & (run == one)[:, None] for one in range(run.max() + 1)]
        by_run.append([_lift(np.where(pairs, alike, 0.0), label, pairs) for pairs in of_runs])
    return LabelContrast(contrasts, p_values, np.array(by_run))


def _lift(alike: NDArray[np.float64], label: NDArray[np.intp], pairs: NDArray[np.bool_]) -> float:
    """How much more alike those of the pairs are that have one label; `alike` is zero for all others."""
    same = (label[:, None] == label) & pairs
    n_same, among_same = np.count_nonzero(same), alike[same].sum()
    n_other = np.count_nonzero(pairs) - n_same
    return float(among_same / max(1, n_same) - (alike.sum() - among_same) / max(1, n_other))


def _averages(recording: Recording, columns: NDArray[np.intp], events: Events, span: Span) -> NDArray[np.float64]:
    """Each event's average over its window, without the run's drift; all features have the same scale."""
    n_events = len(events)
    averages, spread = np.zeros((n_events, len(columns))), np.zeros(len(columns))
    for name in recording.runs:
        samples = recording.data[recording.samples_of(name)][:, columns].astype(np.float64)
        data = without_drift(samples, DRIFT_ORDER)
        spread += (data**2).sum(axis=0)
        for i in np.flatnonzero(events.run == name).tolist():
            if np.isnan(span[0][i]):
                continue
            bounds = (events.onset_s[i] + np.array([span[0][i], span[1][i]])) * recording.rate_hz
            first, stop = np.ceil(bounds - 1e-3).astype(int).tolist()
            part = data[max(first, 0) : max(stop, 0)]
            if len(part):
                averages[i] = part.mean(axis=0)
    averages -= averages.mean(axis=0)
    return averages / np.sqrt(np.maximum(spread, np.finfo(np.float64).tiny))
