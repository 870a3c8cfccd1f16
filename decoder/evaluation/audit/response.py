"""The audit of the response: windows of scanner recordings that end before the blood has responded.

Blood responds to an event about five seconds late. Onsets and durations alone do not say whether a study's events are
those of the stimuli or were moved to the response, so the data are used, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...finding import Finding
from ...recordings.events import Events
from ...recordings.recording import Recording
from ...recordings.synthetic import response_to
from ...settings import Settings
from ...steps import Lag
from ...windows import EventWindow, Trials
from .label_contrast import Span, label_contrast
from .samples import SLOW_HZ, is_timeless

DELAY_S = 5.0
"""The response is largest this long after an onset (Glover 1999)."""

SHORTEST_S = 4.0
"""A window should hold this much of a brief event's response."""

MOSTLY = 2 / 3
"""A window is early if its mean expected response is less than this share of that in the suggested window."""

BRIEFEST_S = 0.1
SIGNIFICANT = 0.01
ELECTRODES = ("v", "spikes")
"""Units (by their last letters) in which no scanner measures."""


def response_finding(
    recording: Recording, trials: Trials, settings: Settings, tried: Sequence[tuple[Trials, Settings]] = ()
) -> Finding:
    """Does the window end before the response to its event?

    `trials` are those decided on by the settings; `tried` are the others to choose from. It is enough if one window is
    not too early.
    """
    check = "response"
    why = not_applicable(recording, trials)
    if why is not None:
        return Finding(check, "fine", why)
    events, spans = events_and_spans(recording, trials, settings, tried)
    offered, clear = offered_window(recording, events, settings)
    later_s = _lag_s(settings, recording.rate_hz)
    assert offered.stop_s is not None
    late = (np.full(len(events), offered.start_s + later_s), np.full(len(events), offered.stop_s + later_s))
    shares = [_expected(events, span, recording.rate_hz) for span in spans]
    most = _expected(events, late, recording.rate_hz)
    ends = [np.nanmean(stop_s) for _, stop_s in spans]
    if max(shares) >= MOSTLY * most or max(ends) >= late[1][0] - 1e-3:
        return Finding(check, "fine", "The window takes in most of what the blood answers to its event.")
    early = spans[int(np.argmax(shares))]
    contrast = label_contrast(recording, events, [early, late])
    early_share, late_share = (0.0, 0.0) if contrast is None else contrast.contrasts
    before = f"{np.nanmean(early[0]):.3g} to {np.nanmean(early[1]):.3g} s after the onset"
    if contrast is not None and contrast.p_values[0] <= SIGNIFICANT and early_share >= MOSTLY * late_share:
        return Finding(
            check, "fine", f"What tells the labels apart is there {before} already: the events follow the blood flow."
        )
    if contrast is None or contrast.p_values[1] > SIGNIFICANT:
        data = "The recording itself does not tell; if its onsets were moved to the response already, keep your window"
    else:
        data = f"In the recording, labels differ there {_ratio(early_share, late_share)}"
    return Finding(
        check,
        "warning",
        f"The window, {before}, ends before most of the blood's response, which is largest about {DELAY_S:g} s after "
        f"a stimulus. One that would hold it{clear}: window = {_as_toml(offered)} in the study, or {offered!r} in "
        f"Python. {data}.",
    )


def offered_window(recording: Recording, events: Events, settings: Settings) -> tuple[EventWindow, str]:
    """The decoder's window, moved to the response to these events and clear of the next ones; and a note on it."""
    rate_hz, own = recording.rate_hz, settings.window
    assert isinstance(own, EventWindow)

    def on_grid(time_s: float) -> float:
        return round(max(1, int(np.ceil(time_s * rate_hz - 0.5))) / rate_hz, 6)

    start_s = on_grid(DELAY_S)
    length_s = float(max(np.median(events.duration_s), SHORTEST_S))
    next_s = _to_next(events)
    is_short = np.isfinite(next_s) and next_s < length_s
    length_s = on_grid(min(length_s, next_s))
    bin_s: float | None = getattr(own, "bin_s", None)
    if bin_s is not None:  # bins have to fill it
        n_bin = max(1, round(bin_s * rate_hz))
        length_s = round(-(-round(length_s * rate_hz) // n_bin) * n_bin / rate_hz, 6)
    lag_s = _lag_s(settings, rate_hz)
    begins_s, ends_s = round(start_s - lag_s, 6), round(start_s + length_s - lag_s, 6)
    lengths = recording.run_lengths()
    left_s = min(lengths[run] / rate_hz - at for run, at in zip(events.run.tolist(), events.onset_s, strict=True))
    policy = own.incomplete
    if policy == "error" and start_s + length_s > left_s + 1e-3 / rate_hz:
        policy = own.policies()[-1]
    offered = replace(own, start_s=begins_s, stop_s=ends_s, incomplete=policy)
    return offered, " and is clear of the response to the next event" if is_short else ""


def not_applicable(recording: Recording, trials: Trials) -> str | None:
    """Why the recording or its trials say nothing of the blood's response; None where they do."""
    units = (recording.unit,) if isinstance(recording.unit, str) else recording.unit
    if recording.rate_hz > SLOW_HZ:
        return "The recording is faster than the blood flow."
    if is_timeless(recording):
        return "Every sample is a trial, without time around it."
    if any(unit.lower().split("/")[0].endswith(ELECTRODES) for unit in units):
        return "The recording is not of blood flow."
    if not (trials.event >= 0).any():
        return "Windows do not follow events."
    return None


def _lag_s(settings: Settings, rate_hz: float) -> float:
    return sum(step.delay_samples(rate_hz) for step in settings.steps if isinstance(step, Lag)) / rate_hz


def events_and_spans(
    recording: Recording, trials: Trials, settings: Settings, tried: Sequence[tuple[Trials, Settings]]
) -> tuple[Events, list[Span]]:
    """The events that trials are of and, for each way to cut them that has a window on any, its span on each event."""
    used = np.unique(trials.event[trials.event >= 0])
    spans = [_span_of(recording, used, *one) for one in ((trials, settings), *tried)]
    return recording.events.take(used), [span for span in spans if not np.isnan(span[1]).all()]


def _span_of(recording: Recording, used: NDArray[np.int64], trials: Trials, settings: Settings) -> Span:
    """From the first to the last sample used to decide on each event."""
    counted = trials.event >= 0
    begins, ends = np.full((2, len(recording.events)), np.nan)
    np.fmin.at(begins, trials.event[counted], trials.start_s[counted])
    np.fmax.at(ends, trials.event[counted], trials.stop_s[counted])
    since_s = recording.events.onset_s - _lag_s(settings, recording.rate_hz)
    return (begins - since_s)[used], (ends - since_s)[used]


def _to_next(events: Events) -> float:
    """The shortest time from one event to the next within a run; infinity where there is no next."""
    soonest = float("inf")
    for run in np.unique(events.run).tolist():
        onset_s = np.unique(events.onset_s[events.run == run])
        soonest = min(soonest, float(np.diff(onset_s).min())) if len(onset_s) > 1 else soonest
    return soonest


def _expected(events: Events, span: Span, rate_hz: float) -> float:
    """The expected response in the windows, averaged over samples and events; a sustained one would be 1."""
    means = []
    for first_s, stop_s, duration_s in zip(*span, np.maximum(events.duration_s, BRIEFEST_S), strict=True):
        if np.isnan(first_s):
            continue
        time_s = np.arange(np.ceil(first_s * rate_hz - 1e-3), np.ceil(stop_s * rate_hz - 1e-3)) / rate_hz
        if len(time_s):
            means.append(float(np.mean(response_to(time_s) - response_to(time_s - duration_s))))
    return float(np.mean(means)) if means else 0.0


def _ratio(early: float, late: float) -> str:
    return f"{late / early:.2g} times as much" if early > 0.01 * late else "and hardly in your window"


def _as_toml(window: EventWindow) -> str:
    """The window as a study writes it: the type, where it begins and ends, and what differs from its defaults."""
    plain: dict[str, Any] = window.to_dict()
    usual = {field.name: field.default for field in type(window).__dataclass_fields__.values()}
    given = {name: of for name, of in plain.items() if name in ("type", "start_s", "stop_s") or of != usual.get(name)}
    return "{ " + ", ".join(f"{name} = {_value(of)}" for name, of in given.items()) + " }"


def _value(of: Any) -> str:
    if isinstance(of, str):
        return f'"{of}"'
    return f"[{', '.join(map(_value, of))}]" if isinstance(of, list | tuple) else repr(of)
