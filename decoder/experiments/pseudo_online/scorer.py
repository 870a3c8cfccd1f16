"""The truth that all runs of a pseudo-online evaluation are scored with: when events hold, and their classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...evaluation.folds import FittedFold
from ...recordings.recording import Recording
from ...settings import Settings
from ...statistics.permutation import exchanged_within, exchanges
from ...windows import Trials
from .activations import activations_of
from .deciding import FoldDecoder, Player, RunDecisions
from .latency import EventDecisions, at_latency, curve, decisions_by_event, joined
from .policy import Policy
from .result import HeldOutRun, PseudoOnline
from .scores import compared, event_scores
from .spans import Spans, spans_of
from .stream import check_streams, delays_s
from .threshold import chosen_threshold, operating_at, thresholds

FALSE_PER_MINUTE = 1.0
LEAST_REST = 0.05
"""Where events leave a smaller share of the time, activations without one are too few to count."""
BEFORE_S = 1.0
"""Decisions are reported from this long before an onset on."""


@dataclass(frozen=True)
class StreamScorer:
    """When events hold, and their classes; `from_s` and `to_s` as in `pseudo_online`, `settings` before any choice."""

    player: Player
    policy: Policy
    from_s: float
    to_s: float
    settings: Settings

    @property
    def recording(self) -> Recording:
        return self.player.data.recording

    @cached_property
    def all_events(self) -> Trials:
        """The recording's events, as trials without samples."""
        events, n = self.recording.events, len(self.recording.events)
        return replace(
            self.player.data.trials(self.settings),
            X=np.empty((n, 0), np.float32),
            label=events.label,
            run=events.run,
            event=np.arange(n),
            start_s=events.onset_s,
            stop_s=events.onset_s + events.duration_s,
            stimulus=events.stimulus,
        )

    @cached_property
    def truth(self) -> NDArray[np.intp]:
        """The correct class of each event."""
        data = self.player.data
        return data.targets.truth()[data.keys(self.all_events)]

    def latency_s(self, settings: Settings) -> float:
        """The time from an onset until the decision on the event's own window is available."""
        return check_streams(settings) + delays_s(settings, self.recording).until_there

    def spans(self, run: Any, settings: Settings) -> Spans:
        least_s = self.latency_s(settings) + (self.player.every_s if self.player.windows == "sliding" else 0.0)
        return spans_of(self.recording.events, run, self.truth, self.from_s, self.to_s, least_s)

    @cached_property
    def has_rest(self) -> bool:
        if self.player.windows == "events":
            return False
        length_s = {run: n / self.recording.rate_hz for run, n in self.recording.run_lengths().items()}
        rest_s = sum(self.spans(run, self.settings).rest_s(0.0, whole) for run, whole in length_s.items())
        return rest_s >= LEAST_REST * sum(length_s.values())

    def limit(self, false_per_minute: float | None) -> float | None:
        """The highest allowed rate of false activations per minute."""
        if false_per_minute is not None and not self.has_rest:
            raise RecordingError(
                f"false_per_minute: expected rest between events, but they hold for more than {1 - LEAST_REST:.0%} of "
                "the recording; leave it out, or say by from_s and to_s when they hold"
            )
        return (FALSE_PER_MINUTE if false_per_minute is None else false_per_minute) if self.has_rest else None

    def chosen(self, decisions: Sequence[RunDecisions], settings: Settings, limit: float | None) -> float:
        """The threshold for a fold, from decisions on its training runs."""
        spans = [self.spans(one.run, settings) for one in decisions]
        rest_s = sum(of.rest_s(*self.ends_s(one)) for one, of in zip(decisions, spans, strict=True))
        return chosen_threshold(decisions, spans, rest_s, self.policy, limit)

    def held_out(self, decisions: RunDecisions, settings: Settings, threshold: float, fold: int) -> HeldOutRun:
        spans = self.spans(decisions.run, settings)
        activations = activations_of(decisions, spans, self.policy, threshold)
        return HeldOutRun(decisions, spans, activations, threshold, fold, *self.ends_s(decisions))

    def ends_s(self, decisions: RunDecisions) -> tuple[float, float]:
        """The time of the first possible decision on a run, and the end of the run."""
        end_s = self.recording.run_lengths()[decisions.run] / self.recording.rate_hz
        return (float(decisions.available_s[0]) if len(decisions) else end_s), end_s

    def result(
        self,
        held_out: Sequence[HeldOutRun],
        folds: Sequence[FittedFold],
        fitted: Sequence[FoldDecoder],
        n_permutations: int,
        seed: int,
    ) -> PseudoOnline:
        """Put all results together."""
        player, n_answers = self.player, len(self.player.data.targets.answers)
        decisions, spans = [one.decisions for one in held_out], [one.spans for one in held_out]
        fold_of = {one.decisions.run: one.fold for one in held_out}
        event = np.concatenate([of.event for of in spans])
        truth = self.truth[event]
        orders = exchanges(
            exchanged_within(self.recording.events.run[event], fold_of), event, n_permutations, seed=seed
        )
        rest_s = sum(one.rest_s for one in held_out) if self.has_rest else 0.0
        tried = thresholds(decisions)
        latencies = [self.latency_s(one.settings) for one in fitted]
        covering = joined([self._covering(one, latencies[one.fold]) for one in held_out], n_answers)
        by_event = decisions_by_event(decisions, spans, BEFORE_S)
        delays = [delays_s(one.settings, self.recording) for one in fitted]
        network = player.data.network
        return PseudoOnline(
            answers=tuple(player.data.targets.answers),
            windows=player.windows,
            every_s=player.every_s,
            from_s=self.from_s,
            to_s=self.to_s,
            policy=self.policy,
            held_out=tuple(held_out),
            events=event_scores(held_out, truth[orders], n_answers, has_rest=self.has_rest, seed=seed),
            covering=compared(
                player.data.targets,
                self._offline(folds, fitted),
                covering,
                fold_of,
                float(np.mean(latencies)),
                n_permutations,
                seed,
            ),
            curve=tuple(curve(by_event, latencies[0], player.every_s, least=-(-len(event) // 2))),
            operating=tuple(operating_at(float(one), decisions, spans, rest_s, self.policy) for one in tried),
            delay_s=max(one.waiting for one in delays),
            group_delay_s=max(one.group for one in delays),
            settings=self.settings,
            network=network.name,
            fingerprint=network.fingerprint,
            n_abstained=sum(int(np.isnan(one.probabilities).any(axis=1).sum()) for one in decisions),
        )

    def _covering(self, one: HeldOutRun, latency_s: float) -> EventDecisions:
        """For each event of a run, the decision whose window just covers the event's own."""
        within_s = self.player.every_s / 2 if self.player.windows == "sliding" else np.inf
        return at_latency(decisions_by_event([one.decisions], [one.spans], 0.0), latency_s, within_s)

    def _offline(
        self, folds: Sequence[FittedFold], fitted: Sequence[FoldDecoder]
    ) -> tuple[Trials, NDArray[np.intp], NDArray]:
        """Trials as in an evaluation, their correct classes, and the probabilities by decoders fitted on other runs."""
        data = self.player.data
        trials = data.trials(self.settings)
        probabilities = np.empty((len(trials), len(data.targets.answers)))
        for fold, one in zip(folds, fitted, strict=True):
            scores = self.player.scores(one, data.trials(one.settings).X[fold.test])
            probabilities[fold.test] = one.probabilities(scores)
        return trials, data.targets.truth()[data.keys(trials)], probabilities
