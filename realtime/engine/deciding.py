"""From waiting windows to decisions: which are decided, which are not, and the latency of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...decoder.windows import WindowRow
from ..checks import few
from ..clock import Clock
from ..decision import Latency, LiveDecision
from ..gaps.timeline import Timeline
from ..settings import LiveSettings
from .open_stream import OpenStream
from .pipeline import Pipeline, ReadyWindow
from .reporting import Reporter

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder


class Decider:
    """Decides on the waiting windows of a stream, publishes the decisions, and counts the windows without one."""

    def __init__(self, settings: LiveSettings, clock: Clock, reporter: Reporter) -> None:
        self._settings, self._clock, self._reporter = settings, clock, reporter
        self._n_windows = 0

    def decide(self, stream: OpenStream) -> list[LiveDecision]:
        """Decide on the waiting windows and return the published decisions, not those in the shadow."""
        settings, counts, decoders = self._settings, self._reporter.counts, stream.decoders
        ready, in_shadow = decoders.take_ready()
        first_number = self._n_windows
        self._n_windows += len(ready)
        published = []
        for number, one in enumerate(ready, first_number):
            if not is_due(one, ready[-1], settings, self._clock.now()):
                counts["windows_skipped"] += 1
                continue
            decision = self._decided(stream, decoders.active, one, number)
            counts["abstained"] += decision.abstained is not None
            counts["late"] += decision.late
            if decision.late and settings.on_late == "withhold":
                counts["withheld"] += 1
                continue
            self._publish(decision)
            published.append(decision)
        if in_shadow:
            assert decoders.shadow is not None
            # The same window has the same number. A window of the shadow only gets the newest number.
            number_of = {_samples_of(one.row): number for number, one in enumerate(ready, first_number)}
            for one in in_shadow:
                if is_due(one, in_shadow[-1], settings, self._clock.now()):
                    number = number_of.get(_samples_of(one.row), self._n_windows - 1)
                    self._publish(self._decided(stream, decoders.shadow, one, number))
        return published

    def _publish(self, decision: LiveDecision) -> None:
        self._reporter.output(lambda output: output.decision(decision))
        self._reporter.record(lambda recorder: recorder.decision(decision))

    def _decided(self, stream: OpenStream, pipeline: Pipeline, one: ReadyWindow, number: int) -> LiveDecision:
        return decide(
            one,
            pipeline.decoder,
            self._settings,
            stream.timeline,
            self._clock,
            number=number,
            label=stream.markers.label_of(one.row.event),
            shadow=pipeline is not stream.decoders.active,
            motion=stream.motions.before(one.row.stop),
        )


def decide(
    one: ReadyWindow,
    decoder: CompiledDecoder,
    settings: LiveSettings,
    timeline: Timeline,
    clock: Clock,
    *,
    number: int,
    label: str | None,
    shadow: bool,
    motion: dict[str, float] | None = None,
) -> LiveDecision:
    """Decide on a window, or abstain."""
    row, arrival = one.row, one.arrival
    begun_s = clock.now()
    why = abstention(one, settings, len(decoder.feature_names))
    answer = None if why else decoder.decide(row.x)
    latency = Latency(
        age_s=arrival.pulled_s - arrival.newest_stamp_s,
        queue_s=begun_s - arrival.pulled_s,
        compute_s=clock.now() - begun_s,
    )
    return LiveDecision(
        number=number,
        answer=None if answer is None else answer.answer,
        probabilities={} if answer is None else dict(zip(decoder.answers, answer.probabilities.tolist(), strict=True)),
        text=None if answer is None else answer.text,
        label=label,
        event=row.event,
        start_s=row.first / timeline.rate_hz,
        stop_s=row.stop / timeline.rate_hz,
        start_stamp_s=timeline.stamp_of(row.first),
        stop_stamp_s=timeline.stamp_of(row.stop),
        present=row.n_present / (row.stop - row.first),
        abstained=why,
        late=_is_late(latency.total_s, settings),
        shadow=shadow,
        bundle=decoder.digest,
        latency=latency,
        motion=motion,
    )


def is_due(one: ReadyWindow, newest: ReadyWindow, settings: LiveSettings, now_s: float) -> bool:
    """Whether the backlog policy allows a decision on a window at ``now_s``; ``newest`` is the last waiting window."""
    if one is newest or settings.backlog == "every":
        return True
    return settings.backlog == "catch-up" and not _is_late(now_s - one.arrival.newest_stamp_s, settings)


def abstention(one: ReadyWindow, settings: LiveSettings, n_features: int) -> str | None:
    """Return why there can be no decision on a window, or None."""
    row = one.row
    present = row.n_present / (row.stop - row.first)
    if not row.n_present or present < settings.min_present:
        needed = f"{100 * settings.min_present:g}% needed"  # 99.9% is not 100%
        return f"{row.n_present} of the window's {row.stop - row.first} samples came, {needed}"
    if one.rejected is not None:
        return one.rejected
    if len(one.bad) > settings.max_bad * n_features:
        return f"{len(one.bad)} of {n_features} features cannot be trusted: {few(one.bad)}"
    return None


def _is_late(seconds: float, settings: LiveSettings) -> bool:
    return settings.deadline_s is not None and seconds > settings.deadline_s


def _samples_of(row: WindowRow) -> tuple[int, int, int]:
    """The window of a row: its event, and its samples."""
    return row.event, row.first, row.stop
