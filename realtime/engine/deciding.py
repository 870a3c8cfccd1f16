"""From waiting windows to decisions: which are decided, which are not, and the latency of each."""

from __future__ import annotations

from collections import OrderedDict

from ...decoder.windows import WindowRow
from ..clock import Clock
from ..decision import Latency, LiveDecision
from ..gaps.timeline import Timeline
from ..settings import LiveSettings
from .answering import Answered, answered, is_due, is_late
from .open_stream import OpenStream
from .reporting import Reporter

MAX_NUMBERS = 1000
"""Windows of the active decoder whose numbers are known when the shadow decides on them, later."""


class Decider:
    """Decides on the waiting windows of a stream, publishes the decisions, and counts the windows without one."""

    def __init__(self, settings: LiveSettings, clock: Clock, reporter: Reporter) -> None:
        self._settings, self._clock, self._reporter = settings, clock, reporter
        self._n_windows = 0
        self._numbers: OrderedDict[tuple[int, int, int], int] = OrderedDict()

    def decide(self, stream: OpenStream) -> list[LiveDecision]:
        """Decide on the waiting windows and return the published decisions, not those in the shadow."""
        settings, counts, decoders = self._settings, self._reporter.counts, stream.decoders
        ready = decoders.take_ready()
        published = []
        for one in ready:
            number = self._numbered(one.row)
            if not is_due(one, ready[-1], settings, self._clock.now()):
                counts["windows_skipped"] += 1
                continue
            said = answered(one, decoders.active.decoder, settings, self._clock)
            decision = self._decision(said, stream, number, shadow=False)
            counts["abstained"] += decision.abstained is not None
            counts["late"] += decision.late
            if decision.late and settings.on_late == "withhold":
                counts["withheld"] += 1
                continue
            self._publish(decision)
            published.append(decision)
        return published

    def take_from_shadow(self, stream: OpenStream) -> None:
        """Publish what the shadow has decided meanwhile, as such, and say what it left out or that it failed."""
        came = stream.decoders.collect()
        for said in came.answers:
            # The same window has the same number. A window of the shadow only gets the newest number.
            number = self._numbers.get(_samples_of(said.window.row), self._n_windows - 1)
            self._publish(self._decision(said, stream, number, shadow=True))
        if came.n_skipped:
            self._reporter.counts["shadow_skipped"] += came.n_skipped
            stream.warnings.shadow_is_slow(self._reporter.counts["shadow_skipped"], self._clock.now())
        for trouble in came.troubles:
            self._reporter.counts["shadow_failed"] += 1
            self._reporter.message(trouble)

    def _numbered(self, row: WindowRow) -> int:
        number = self._n_windows
        self._n_windows += 1
        self._numbers[_samples_of(row)] = number
        if len(self._numbers) > MAX_NUMBERS:
            self._numbers.popitem(last=False)
        return number

    def _publish(self, decision: LiveDecision) -> None:
        self._reporter.output(lambda output: output.decision(decision))
        self._reporter.record(lambda recorder: recorder.decision(decision))

    def _decision(self, said: Answered, stream: OpenStream, number: int, shadow: bool) -> LiveDecision:
        return decision_of(
            said,
            self._settings,
            stream.timeline,
            number=number,
            label=stream.markers.label_of(said.window.row.event),
            shadow=shadow,
            motion=stream.motions.before(said.window.row.stop),
        )


def decision_of(
    said: Answered,
    settings: LiveSettings,
    timeline: Timeline,
    *,
    number: int,
    label: str | None,
    shadow: bool,
    motion: dict[str, float] | None = None,
) -> LiveDecision:
    """Put an answer on a window on record, with its time and its latency."""
    row, arrival, answer = said.window.row, said.window.arrival, said.answer
    latency = Latency(
        age_s=arrival.pulled_s - arrival.newest_stamp_s,
        queue_s=said.begun_s - arrival.pulled_s,
        compute_s=said.done_s - said.begun_s,
    )
    classes = said.decoder.answers
    return LiveDecision(
        number=number,
        answer=None if answer is None else answer.answer,
        probabilities={} if answer is None else dict(zip(classes, answer.probabilities.tolist(), strict=True)),
        text=None if answer is None else answer.text,
        label=label,
        event=row.event,
        start_s=row.first / timeline.rate_hz,
        stop_s=row.stop / timeline.rate_hz,
        start_stamp_s=timeline.stamp_of(row.first),
        stop_stamp_s=timeline.stamp_of(row.stop),
        present=row.n_present / (row.stop - row.first),
        abstained=said.why,
        late=is_late(latency.total_s, settings),
        shadow=shadow,
        bundle=said.decoder.digest,
        latency=latency,
        motion=motion,
    )


def _samples_of(row: WindowRow) -> tuple[int, int, int]:
    """The window of a row: its event, and its samples."""
    return row.event, row.first, row.stop
