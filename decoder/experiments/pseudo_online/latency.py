"""Decisions by the time since the onset of their event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...statistics.bits import Transfer, transfer
from ...statistics.chance import chance_of
from ...statistics.intervals import interval_over
from ...statistics.measures import hit_table
from .deciding import RunDecisions
from .spans import Spans


class Point(NamedTuple):
    """All decisions at one time since the onset of their event; before the onset, seconds are negative.

    `accuracy` is the share of correct decisions, `probability` the mean probability of the correct class, each with its
    95 % interval over runs. `transfer` is None before the onset.
    """

    latency_s: float
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    probability: float
    probability_low: float
    probability_high: float
    transfer: Transfer | None


@dataclass(frozen=True, eq=False)
class EventDecisions:
    """Decisions, each with the event that it is about, (n,) each; `probabilities` is (n, n_classes).

    `truth` is the correct class, `event` the event's number in the recording, `latency_s` the time from its onset until
    the decision was available.
    """

    probabilities: NDArray[np.float64]
    truth: NDArray[np.intp]
    event: NDArray[np.intp]
    run: NDArray
    latency_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, which: NDArray) -> EventDecisions:
        """Return some of them."""
        return EventDecisions(*(of[which] for of in vars(self).values()))

    @property
    def hits(self) -> NDArray[np.float64]:
        """Whether each is correct; a tie of k classes counts 1/k."""
        return hit_table(self.probabilities)[np.arange(len(self)), self.truth]


def decisions_by_event(runs: Sequence[RunDecisions], spans: Sequence[Spans], before_s: float) -> EventDecisions:
    """Find the events that decisions are about, or that begin within `before_s` seconds.

    Decisions where the decoder abstained are left out.
    """
    parts = [part for pair in zip(runs, spans, strict=True) for part in _of_run(*pair, before_s)]
    all_of_them = joined(parts, runs[0].probabilities.shape[1])
    return all_of_them.take(~np.isnan(all_of_them.probabilities[:, 0]))


def joined(parts: Sequence[EventDecisions], n_answers: int) -> EventDecisions:
    """Return several as one, in their order."""
    none = np.empty(0, np.intp)
    parts = [part for part in parts if len(part)] or [
        EventDecisions(np.empty((0, n_answers)), none, none, none, np.empty(0))
    ]
    return EventDecisions(*map(np.concatenate, zip(*(vars(part).values() for part in parts), strict=True)))


def _of_run(decisions: RunDecisions, spans: Spans, before_s: float) -> Iterator[EventDecisions]:
    free_s = -np.inf
    for i in range(len(spans)):
        onset_s, start_s, stop_s = (float(of[i]) for of in (spans.onset_s, spans.start_s, spans.stop_s))
        if (decisions.event >= 0).any():
            own = np.flatnonzero(decisions.event == spans.event[i])
        else:
            first = min(start_s, max(free_s, onset_s - before_s))
            own = np.arange(*np.searchsorted(decisions.available_s, [first, stop_s]))
        free_s = stop_s
        yield EventDecisions(
            decisions.probabilities[own],
            np.full(len(own), spans.truth[i]),
            np.full(len(own), spans.event[i]),
            np.repeat(np.asarray([decisions.run]), len(own)),
            decisions.available_s[own] - onset_s,
        )


def at_latency(decisions: EventDecisions, latency_s: float, within_s: float) -> EventDecisions:
    """Return for each event the decision nearest to `latency_s` after its onset, if it is within `within_s`."""
    off_s = np.abs(decisions.latency_s - latency_s)
    order = np.lexsort((off_s, decisions.event))
    first = order[np.unique(decisions.event[order], return_index=True)[1]]
    return decisions.take(first[off_s[first] <= within_s + 1e-9])


def curve(decisions: EventDecisions, through_s: float, every_s: float, least: int) -> list[Point]:
    """Return accuracy and probability by the time since the onset, every `every_s`, with `through_s` among the times.

    Points of fewer than `least` decisions are left out.
    """
    place = np.round((decisions.latency_s - through_s) / every_s).astype(np.intp)
    points = []
    for number in np.unique(place).tolist():
        own = decisions.take(place == number)
        if len(own) >= least:
            points.append(_point(own, through_s + number * every_s))
    return points


def _point(decisions: EventDecisions, latency_s: float) -> Point:
    hits, truth = decisions.hits, decisions.truth
    of_right = decisions.probabilities[np.arange(len(decisions)), truth]
    n_answers = decisions.probabilities.shape[1]
    chance = chance_of("candidate", truth, n_answers).value
    return Point(
        latency_s,
        len(decisions),
        float(hits.mean()),
        *interval_over(hits, decisions.run, chance=chance),
        float(of_right.mean()),
        *interval_over(of_right, decisions.run, chance=1 / n_answers, counts="comparisons"),
        transfer(hits, truth, latency_s, n_answers) if latency_s > 0 else None,
    )
