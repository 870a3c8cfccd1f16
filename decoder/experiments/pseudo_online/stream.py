"""A run as a live stream delivers it: windows as they complete, and when each is available."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ....errors import InputError
from ...bundle.graph import check_causal
from ...recordings.recording import Recording
from ...settings import Settings
from ...steps import delays, open_chain
from ...windows import EventWindow, Window, WindowRow, rows_of_run, sliding_like


class StreamWindow(NamedTuple):
    """A complete window; its row counts samples after the steps.

    It uses the samples in ``[start_s, stop_s)`` seconds since the run's first. It is available at `available_s`, when
    its newest sample arrived: its own last one, or one that a step had to wait for.
    """

    row: WindowRow
    start_s: float
    stop_s: float
    available_s: float


def stream_windows(prepared: Recording, window: Window, run: int | str, waiting_s: float) -> Iterator[StreamWindow]:
    """Cut a run into the windows that a live stream delivers, however its samples are cut into chunks.

    `prepared` is the recording after the steps, which delay a sample by up to `waiting_s`.
    """
    rate_hz = prepared.rate_hz
    state = window.open(prepared.n_features, rate_hz)
    for row in rows_of_run(state, prepared, run):
        yield StreamWindow(row, row.first / rate_hz, row.stop / rate_hz, (row.stop - 1) / rate_hz + waiting_s)


class Delays(NamedTuple):
    """The delays of decisions, in seconds.

    `until_there` is the time from the end of a window until its newest sample, and those that steps wait for, have
    arrived. `waiting` is how long the steps wait for later samples. `group` is the group delay of the steps at the
    middle of their pass band.
    """

    until_there: float
    waiting: float
    group: float


def delays_s(settings: Settings, recording: Recording) -> Delays:
    """Return the delays of decisions with these steps."""
    chain = open_chain(settings.steps, recording.feature_names, recording.rate_hz)
    waiting_s = chain.delay_samples / recording.rate_hz
    group_s = sum(one.lags_s for one in delays(settings.steps, recording.rate_hz))
    return Delays(waiting_s - 1 / chain.rate_out_hz, waiting_s, group_s)


def check_streams(settings: Settings) -> float:
    """Return when a window ends after its onset; raise InputError where these settings cannot decide on a stream.

    That is so if a step needs the whole run, or the window has no fixed length; or if missing a class has a cost, as
    thresholds are on probabilities.
    """
    check_causal(settings.steps)
    if settings.decision.costs:
        raise InputError(
            f"decision.costs: expected none, as the most probable class activates from a threshold on, got "
            f"{dict(settings.decision.costs)!r}; give a threshold"
        )
    window = settings.window
    if not isinstance(window, EventWindow):
        raise InputError(
            f"window: expected one that follows events, got {window!r}; the one that slides along is made from it, as "
            "[pseudo_online] says"
        )
    if window.stop_s is None:
        raise InputError(
            f"window: expected a stop_s, as decisions on a stream rest on windows of one length, got {window!r}; "
            "give it one, such as stop_s = 2.0"
        )
    return window.stop_s


def window_s(settings: Settings) -> float:
    """Return the length of the window on events."""
    return check_streams(settings) - settings.window.start_s  # type: ignore[attr-defined]


def sliding_window(window: EventWindow, every_s: float, rate_hz: float) -> Window:
    """Return the window that slides along instead of one on events, see `hotwire.decoder.windows.sliding_like`.

    It is an InputError if there is no such window, or more time between decisions than a window lasts.
    """
    sliding = sliding_like(window, every_s, rate_hz)
    if every_s > sliding.length_s:
        raise InputError(
            f"every_s: expected at most {sliding.length_s:g}, the length of the window {window!r}, got {every_s:g}: "
            "samples between two windows would go unseen"
        )
    return sliding
