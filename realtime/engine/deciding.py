"""From windows that wait to decisions: which are decided, which are abstained from, and what each took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checks import few
from ..decision import Latency, LiveDecision
from ..settings import LiveSettings
from .pipeline import ReadyWindow

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder
    from ..clock import Clock
    from ..gaps.timeline import Timeline


def is_due(one: ReadyWindow, newest: ReadyWindow, settings: LiveSettings, now_s: float) -> bool:
    """Say whether the backlog policy lets a waiting window be decided, when its turn has come.

    Parameters
    ----------
    one, newest : ReadyWindow
        The window, and the newest of all that wait with it.
    settings : LiveSettings
    now_s : float
        On the local clock.
    """
    if one is newest or settings.backlog == "every":
        return True
    return settings.backlog == "catch-up" and not _is_late(now_s - one.arrival.newest_stamp_s, settings)


def abstention(one: ReadyWindow, settings: LiveSettings, n_features: int) -> str | None:
    """Return why a window is not fit to be decided on, or None."""
    row = one.row
    present = row.n_present / (row.stop - row.first)
    if not row.n_present or present < settings.least_present:
        needed = f"{100 * settings.least_present:g}% needed"  # 99.9% is not all
        return f"{row.n_present} of the window's {row.stop - row.first} samples came, {needed}"
    if one.rejected is not None:
        return one.rejected
    if len(one.bad) > settings.most_bad * n_features:
        return f"{len(one.bad)} of {n_features} features cannot be trusted: {few(one.bad)}"
    return None


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
        start_s=row.first / decoder.rate_hz,
        stop_s=row.stop / decoder.rate_hz,
        start_stamp_s=timeline.stamp_of(row.first),
        stop_stamp_s=timeline.stamp_of(row.stop),
        present=row.n_present / (row.stop - row.first),
        abstained=why,
        late=_is_late(latency.total_s, settings),
        shadow=shadow,
        bundle=decoder.digest,
        latency=latency,
    )


def _is_late(seconds: float, settings: LiveSettings) -> bool:
    return settings.deadline_s is not None and seconds > settings.deadline_s
