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
    """For each window, how much more alike trials of one label are than others, and how often that is by chance."""

    contrasts: list[float]
    p_values: list[float]


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
    contrasts, p_values = [], []
    for span in spans:
        averages = _averages(recording, columns, events, span)
        alike = np.where(other_run, averages @ averages.T, 0.0)

        def lift(codes: NDArray[np.intp], alike: NDArray = alike) -> float:
            same = (codes[:, None] == codes) & other_run
            n_same = np.count_nonzero(same)
            all_pairs, among_same = alike.sum(), alike[same].sum()
            n_other = np.count_nonzero(other_run) - n_same
            return float(among_same / max(1, n_same) - (all_pairs - among_same) / max(1, n_other))

        contrast = lift(label)
        contrasts.append(contrast)
        by_chance = np.array([lift(codes) for codes in shuffled])
        p_values.append(exceedance(contrast, by_chance))
    return LabelContrast(contrasts, p_values)


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
