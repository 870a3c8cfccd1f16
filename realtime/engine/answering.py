"""From a window that is ready to an answer, or the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..checks import few
from ..clock import Clock
from ..settings import LiveSettings
from .pipeline import ReadyWindow

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder, RowDecision


class Answered(NamedTuple):
    """The answer of a decoder on a window; None if it abstained, for the reason ``why``.

    ``begun_s`` and ``done_s`` are when it began and ended to compute, on the local clock.
    """

    window: ReadyWindow
    decoder: CompiledDecoder
    answer: RowDecision | None
    why: str | None
    begun_s: float
    done_s: float


def answered(one: ReadyWindow, decoder: CompiledDecoder, settings: LiveSettings, clock: Clock) -> Answered:
    """Decide on a window, or abstain."""
    begun_s = clock.now()
    why = abstention(one, settings, len(decoder.feature_names))
    answer = None if why else decoder.decide(one.row.x)
    return Answered(one, decoder, answer, why, begun_s, clock.now())


def is_due(one: ReadyWindow, newest: ReadyWindow, settings: LiveSettings, now_s: float) -> bool:
    """Whether the backlog policy allows a decision on a window at ``now_s``; ``newest`` is the last waiting window."""
    if one is newest or settings.backlog == "every":
        return True
    return settings.backlog == "catch-up" and not is_late(now_s - one.arrival.newest_stamp_s, settings)


def is_late(seconds: float, settings: LiveSettings) -> bool:
    return settings.deadline_s is not None and seconds > settings.deadline_s


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
