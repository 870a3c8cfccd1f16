"""A run as it would have come: samples in chunks, windows as they complete, and when each was there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ....errors import InputError, RecordingError
from ...bundle.graph import check_causal
from ...recordings.recording import Recording
from ...settings import Settings
from ...steps import open_chain
from ...windows import EventWindow, Window, WindowRow, sliding_like

CHUNK_S = 0.05
"""How much comes at once; what is decided does not depend on it."""


class Came(NamedTuple):
    """A window that is complete.

    Attributes
    ----------
    row : WindowRow
        Its ``first`` and ``stop`` count samples after the steps.
    start_s, stop_s : float
        The samples it rests on, ``[start_s, stop_s)`` in seconds since the first sample of the run.
    available_s : float
        When the newest sample that it took came in: the window's own last one, or one that a step had to wait for.
    """

    row: WindowRow
    start_s: float
    stop_s: float
    available_s: float


def come(settings: Settings, window: Window, recording: Recording, run: int | str) -> Iterator[Came]:
    """Play a run through a decoder's steps and a window, as a live stream would come.

    Parameters
    ----------
    settings : Settings
        Whose steps to take.
    window : Window
        The decoder's own, or a sliding one.
    recording : Recording
    run : int or str

    Raises
    ------
    RecordingError
        An event's window reaches beyond the run, and its policy is ``"error"``.
    """
    samples = recording.data[recording.samples_of(run)]
    rate_hz = recording.rate_hz
    chain = open_chain(settings.steps, recording.feature_names, rate_hz)
    out_hz, delay_s = chain.rate_out_hz, chain.delay_samples / rate_hz
    state = window.open(len(chain.names_out), out_hz)
    events = recording.events
    to_come = sorted(np.flatnonzero(events.run == run).tolist(), key=lambda i: events.onset_s[i], reverse=True)

    def announce(upto_s: float) -> None:
        while to_come and events.onset_s[to_come[-1]] < upto_s:
            event = to_come.pop()
            state.announce(event, float(events.onset_s[event]), float(events.duration_s[event]))

    def told(rows: list[WindowRow]) -> Iterator[Came]:
        for row in rows:
            yield Came(row, row.first / out_hz, row.stop / out_hz, (row.stop - 1) / out_hz + delay_s)

    n_chunk = max(1, round(CHUNK_S * rate_hz))
    try:
        for first in range(0, len(samples), n_chunk):
            announce((first + n_chunk) / rate_hz)
            yield from told(state.push(chain.push(samples[first : first + n_chunk])))
        announce(np.inf)
        yield from told([*state.push(chain.finish()), *state.finish()])
    except RecordingError as error:
        raise RecordingError(f"run {run}: {error}") from error


class Delays(NamedTuple):
    """How long decisions take, in seconds.

    Attributes
    ----------
    until_there : float
        From the end of a window, ``stop_s``, until its newest sample, and those that steps wait for, have come in.
    waiting : float
        How long the steps wait for samples that follow.
    group : float
        By how much what comes out of the steps lags behind what went in, at the middle of their pass band.
    """

    until_there: float
    waiting: float
    group: float


def delays_s(settings: Settings, recording: Recording) -> Delays:
    """Return how long decisions take with these steps."""
    rate_hz, group_s = recording.rate_hz, 0.0
    for step in settings.steps:
        group_s += step.group_delay_samples(rate_hz) / rate_hz
        rate_hz = step.rate_out_hz(rate_hz)
    waiting_s = open_chain(settings.steps, recording.feature_names, recording.rate_hz).delay_samples / recording.rate_hz
    return Delays(waiting_s - 1 / rate_hz, waiting_s, group_s)


def check_streams(settings: Settings) -> float:
    """Return when a window ends after its onset; raise InputError where these settings cannot decide on a stream.

    A step needs the whole run, or the window does not say how long it is.
    """
    check_causal(settings)
    window = settings.window
    if not isinstance(window, EventWindow):
        raise InputError(
            f"window: expected one that follows events, got {window!r}; the one that slides along is made from it, as "
            "[pseudo_online] says"
        )
    if window.stop_s is None:
        raise InputError(
            f"window: expected a stop_s, as decisions on a stream rest on windows of one length, got {window!r}"
        )
    return window.stop_s


def window_s(settings: Settings) -> float:
    """Return how long the window on events is."""
    return check_streams(settings) - settings.window.start_s  # type: ignore[attr-defined]


def sliding_window(window: EventWindow, every_s: float, rate_hz: float) -> Window:
    """Return the window that slides along instead of one on events, see `hotwire.decoder.steps.sliding_like`.

    Raises
    ------
    InputError
        Decisions would lie further apart than a window is long; or there is none.

    Examples
    --------
    >>> from hotwire.decoder.steps import BlockAverage
    >>> sliding_window(BlockAverage(0.5, 3.5), 0.25, 100.0)
    SlidingAverage(length_s=3.0, every_s=0.25)
    """
    sliding = sliding_like(window, every_s, rate_hz)
    if every_s > sliding.length_s:
        raise InputError(
            f"every_s: expected at most {sliding.length_s:g}, the length of the window {window!r}, got {every_s:g}: "
            "samples between two windows would go unseen"
        )
    return sliding
