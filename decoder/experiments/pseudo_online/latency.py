"""Decisions by the time since the onset of their event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...statistics.bits import Transfer, transfer
from ...statistics.intervals import interval_over
from ...statistics.measures import hit_table
from .deciding import Decided
from .spans import Spans


class Point(NamedTuple):
    """All decisions that were there so long after the onset of an event.

    Attributes
    ----------
    latency_s : float
        Negative before the onset.
    n : int
        How many.
    accuracy, accuracy_low, accuracy_high : float
        The share that is right, and its 95 % interval over runs.
    probability, probability_low, probability_high : float
        The mean probability of the right answer, and its interval.
    transfer : Transfer or None
        If decisions were made this late; None before the onset.
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
class Placed:
    """Decisions, each held against an event.

    Attributes
    ----------
    probabilities : array (n, n_answers)
    truth : array (n,) of int
        The right answer of the event.
    event : array (n,) of int
        Which event of the recording.
    run : array (n,) of int or str
    latency_s : array (n,)
        How long after the onset each decision was there.
    """

    probabilities: NDArray[np.float64]
    truth: NDArray[np.intp]
    event: NDArray[np.intp]
    run: NDArray
    latency_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, which: NDArray) -> Placed:
        """Return some of them."""
        return Placed(self.probabilities[which], self.truth[which], self.event[which], self.run[which],
                      self.latency_s[which])  # fmt: skip

    @property
    def hits(self) -> NDArray[np.float64]:
        """Whether each is right; a tie of k answers counts 1/k."""
        return hit_table(self.probabilities)[np.arange(len(self)), self.truth]


def placed(decided: Sequence[Decided], spans: Sequence[Spans], before_s: float) -> Placed:
    """Hold decisions against the events that they are about, or that begin within so many seconds.

    Where the decoder abstained there is none.
    """
    parts = [part for pair in zip(decided, spans, strict=True) for part in _of_run(*pair, before_s)]
    found = joined(parts, decided[0].probabilities.shape[1])
    return found.take(~np.isnan(found.probabilities[:, 0]))


def joined(parts: Sequence[Placed], n_answers: int) -> Placed:
    """Return several one after the other."""
    parts = [part for part in parts if len(part)]
    if not parts:
        none = np.empty(0, np.intp)
        return Placed(np.empty((0, n_answers)), none, none, none, np.empty(0))
    names = ("probabilities", "truth", "event", "run", "latency_s")
    return Placed(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _of_run(decided: Decided, spans: Spans, before_s: float) -> Iterator[Placed]:
    free_s = -np.inf
    for i in range(len(spans)):
        onset_s, start_s, stop_s = (float(of[i]) for of in (spans.onset_s, spans.start_s, spans.stop_s))
        if (decided.event >= 0).any():
            own = np.flatnonzero(decided.event == spans.event[i])
        else:
            first = min(start_s, max(free_s, onset_s - before_s))
            own = np.arange(*np.searchsorted(decided.available_s, [first, stop_s]))
        free_s = stop_s
        yield Placed(
            decided.probabilities[own],
            np.full(len(own), spans.truth[i]),
            np.full(len(own), spans.event[i]),
            np.repeat(np.asarray([decided.run]), len(own)),
            decided.available_s[own] - onset_s,
        )


def at_latency(decisions: Placed, latency_s: float, within_s: float) -> Placed:
    """Return for each event the decision that was there nearest to so long after its onset, if it is near enough."""
    off_s = np.abs(decisions.latency_s - latency_s)
    order = np.lexsort((off_s, decisions.event))
    first = order[np.unique(decisions.event[order], return_index=True)[1]]
    return decisions.take(first[off_s[first] <= within_s + 1e-9])


def curve(decisions: Placed, through_s: float, every_s: float, least: int) -> list[Point]:
    """Return accuracy and probability by the time since the onset.

    Parameters
    ----------
    decisions : Placed
    through_s : float
        A latency that the points go through.
    every_s : float
        From point to point.
    least : int
        Points of fewer decisions are left out.
    """
    place = np.round((decisions.latency_s - through_s) / every_s).astype(np.intp)
    found = []
    for number in np.unique(place).tolist():
        own = decisions.take(place == number)
        if len(own) >= least:
            found.append(_point(own, through_s + number * every_s))
    return found


def _point(decisions: Placed, latency_s: float) -> Point:
    hits, truth = decisions.hits, decisions.truth
    of_right = decisions.probabilities[np.arange(len(decisions)), truth]
    n_answers = decisions.probabilities.shape[1]
    return Point(
        latency_s,
        len(decisions),
        float(hits.mean()),
        *interval_over(hits, decisions.run),
        float(of_right.mean()),
        *interval_over(of_right, decisions.run),
        transfer(hits, truth, latency_s, n_answers) if latency_s > 0 else None,
    )
