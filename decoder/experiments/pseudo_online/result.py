"""What a pseudo-online evaluation found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...evaluation.audit.finding import Finding
from ...settings import Settings
from ...statistics.bits import Transfer
from ...statistics.measures import Measure
from .activations import Activations
from .deciding import RunDecisions
from .latency import Point
from .policy import Policy, Windows
from .spans import Spans
from .threshold import Operating


@dataclass(frozen=True, eq=False)
class HeldOutRun:
    """A run that was held out: decisions, events, and activations from `threshold` on.

    Decisions were possible from `begin_s` on; the run ends at `end_s`.
    """

    decisions: RunDecisions
    spans: Spans
    activations: Activations
    threshold: float
    fold: int
    begin_s: float
    end_s: float

    @property
    def rest_s(self) -> float:
        """How long no event holds."""
        return self.spans.rest_s(self.begin_s, self.end_s)

    def activation_data(self, answers: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Every activation, ready for JSON."""
        own = self.activations
        for time_s, answer, span in zip(own.time_s.tolist(), own.answer.tolist(), own.span.tolist(), strict=True):
            yield {
                "run": self.decisions.run,
                "time_s": time_s,
                "answer": answers[answer],
                "event": int(self.spans.event[span]) if span >= 0 else None,
                "right": bool(self.spans.truth[span] == answer) if span >= 0 else None,
            }


class Rate(NamedTuple):
    """Activations per minute of rest, with a 95 % interval over runs.

    `luck` is the rate with the events moved in time: what would be called false if activations knew nothing of the
    events. `minutes` is all rest.
    """

    value: float
    low: float
    high: float
    luck: float
    minutes: float


class Quartiles(NamedTuple):
    """Seconds; NaN where there are none."""

    lower: float
    median: float
    upper: float


@dataclass(frozen=True)
class EventScores:
    """Events and their activations.

    Attributes
    ----------
    right : Measure
        The share of events whose first activation is right; chance: the answers of events exchanged within runs.
    wrong, missed : float
        The shares of those whose first activation is wrong, or that have none.
    moved, p_moved : float
        What `right` is with the events moved in time, and how often it is at least as high as it is.
    seconds : Quartiles
        From the onset to the first right activation, of events that have one.
    false : Rate or None
        Activations while no event holds; None where there is next to no such time.
    transfer : Transfer
        First activations, and the time until they were there or the event was over.
    """

    n: int
    right: Measure
    wrong: float
    missed: float
    moved: float
    p_moved: float
    seconds: Quartiles
    false: Rate | None
    transfer: Transfer


@dataclass(frozen=True)
class Comparison:
    """Decisions whose window just covers that of the event, and those offline.

    They are there `latency_s` after the onset. `main` is the measure to go by: the AUC where one of two answers is
    rare, else the share of right answers. `transfer` is of the pseudo-online ones.
    """

    latency_s: float
    offline: dict[str, Measure]
    pseudo_online: dict[str, Measure]
    n_offline: int
    n_pseudo_online: int
    main: str
    transfer: Transfer

    @property
    def ratio(self) -> float:
        """The main measure, as a part of that offline."""
        offline = self.offline[self.main].value
        return self.pseudo_online[self.main].value / offline if offline else float("nan")


@dataclass(frozen=True, eq=False)
class PseudoOnline:
    """All that `pseudo_online` found.

    Attributes
    ----------
    held_out : tuple of HeldOutRun
        The runs, in the order of the recording.
    curve : tuple of Point
        By the time since the onset.
    operating : tuple of Operating
        What every threshold would have led to on the held-out runs; to look at, not to choose from.
    delay_s, group_delay_s : float
        How long the steps wait for samples that follow, and by how much what comes out of them lags behind, at the
        middle of their pass band; of several folds the longest.
    settings : Settings
        The decoder's, before any choice.
    n_abstained : int
        Windows that were rejected.
    is_chosen, limit : bool, float or None
        Whether thresholds were chosen in the training runs, rather than given, and with at most how many false
        activations per minute.
    chosen : tuple of dict
        For each fold the settings that were chosen, as text.
    findings : tuple of Finding
        Of the audit for leaks.
    """

    answers: tuple[str, ...]
    windows: Windows
    every_s: float
    from_s: float
    to_s: float
    policy: Policy
    held_out: tuple[HeldOutRun, ...]
    events: EventScores
    covering: Comparison
    curve: tuple[Point, ...]
    operating: tuple[Operating, ...]
    delay_s: float
    group_delay_s: float
    settings: Settings
    network: str
    fingerprint: str
    n_abstained: int
    is_chosen: bool = False
    limit: float | None = None
    chosen: tuple[dict[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def slides(self) -> bool:
        return self.windows == "sliding"

    @property
    def n_decisions(self) -> int:
        return sum(len(one.decisions) for one in self.held_out)

    @property
    def thresholds(self) -> list[float]:
        """Of the folds."""
        return list({one.fold: one.threshold for one in self.held_out}.values())

    def __getitem__(self, run: Any) -> HeldOutRun:
        """Return what was decided on a run."""
        return next(one for one in self.held_out if one.decisions.run == run)
