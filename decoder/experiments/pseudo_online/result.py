"""The results of a pseudo-online evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, NamedTuple

from ...finding import Finding
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
    """A run that was held out: decisions, events, and activations with `threshold`.

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
        """The time during which no event holds."""
        return self.spans.rest_s(self.begin_s, self.end_s)

    def activation_data(self, answers: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Every activation as JSON data."""
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

    `luck` is the rate with shifted activations: the false ones if activations did not depend on events. `minutes` is
    the total rest.
    """

    value: float
    low: float
    high: float
    luck: float
    minutes: float

    def __str__(self) -> str:
        """The value with its interval, if it has one."""
        return f"{self.value:.2f}" + ("" if isnan(self.low) else f" [{self.low:.2f}, {self.high:.2f}]")


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
        The share of events whose first activation is right. Chance: the classes of events exchanged within runs.
    wrong, missed : float
        The shares of events whose first activation is wrong, or that have none.
    moved, p_moved : float
        `right` with shifted activations, and how often that is at least as high as `right`.
    seconds : Quartiles
        From the onset to the first right activation, of events that have one.
    false : Rate or None
        Activations while no event holds; None where there is almost no such time.
    transfer : Transfer
        Information in the first activations, and the time until they were available or the event was over.
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
    """Decisions whose window just covers that of the event, compared with those offline.

    They are available `latency_s` after the onset. `main` is the main measure: the AUC where one of two classes is
    rare, else accuracy. `transfer` is that of the pseudo-online decisions.
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
        """The main measure, divided by that offline."""
        offline = self.offline[self.main].value
        return self.pseudo_online[self.main].value / offline if offline else float("nan")


@dataclass(frozen=True, eq=False)
class PseudoOnline:
    """The result of `pseudo_online`.

    Attributes
    ----------
    held_out : tuple of HeldOutRun
        The runs, in the order of the recording.
    curve : tuple of Point
        By the time since the onset.
    operating : tuple of Operating
        The result of every threshold on the held-out runs; to look at, not to choose from.
    delay_s, group_delay_s : float
        How long the steps wait for later samples, and their group delay at the middle of their pass band; the longest
        of the folds.
    settings : Settings
        The decoder's, before any choice.
    n_abstained : int
        Windows that were rejected.
    is_chosen, limit : bool, float or None
        Whether thresholds were chosen in the training runs, rather than given, and the highest rate of false
        activations per minute that was allowed.
    chosen : tuple of dict
        For each fold the settings that were chosen, as text.
    findings : tuple of Finding
        From the audit for leaks.
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
        """One for each fold."""
        return list({one.fold: one.threshold for one in self.held_out}.values())

    def __getitem__(self, run: Any) -> HeldOutRun:
        """Return the result for a run."""
        return next(one for one in self.held_out if one.decisions.run == run)
