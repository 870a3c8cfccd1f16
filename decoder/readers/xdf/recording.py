"""Recordings from XDF files, as LabRecorder and hotwire's own recorder write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import GRID_TOLERANCE, Events, listed
from ...recordings.recording import Recording
from ...recordings.units import warn_of_units
from ..left_out import NotFinite, without_not_finite
from .streams import XdfStream, load_streams

RATE_TOLERANCE = 0.01
"""How far the rate of the stamps may be from the one that the stream names, as a fraction of it."""
LARGEST_JITTER_S = 0.1
"""A step of the stamps by more than this is a gap, however unsteady they are."""
JITTER_FACTOR = 8
"""A step is at least so many times the stamps' median jitter, up to `LARGEST_JITTER_S`."""


def read_xdf(
    path: str | PathLike[str],
    stream: str | None = None,
    markers: str | None = None,
    channels: Sequence[str] | None = None,
    rate_hz: float | None = None,
    on_event_outside: Literal["error", "drop"] = "error",
    not_finite: NotFinite = "error",
) -> Recording:
    """Return one stream of an XDF file, with the markers of another as events.

    Clocks are aligned by pyxdf; its stamps are then used as they are, since removing the jitter first would hide gaps.
    A new run begins where the stamps deviate from the stream's rate for good, by half a sample or by more than the
    jitter explains: a lost second, a repeated sample, a clock that was reset. Within a run, a straight line aligns
    stamps and samples. A file whose writing was interrupted is read up to its last whole chunk, which ``source`` says;
    one that is damaged before its end is refused.

    Parameters
    ----------
    path : path
    stream : str, optional
        Name, type or source_id of the samples' stream; not needed where only one of a steady rate holds any.
    markers : str, optional
        Name, type or source_id of the markers' stream; not needed where only one holds any. A marker is a label, or
        JSON such as ``{"label": "face", "duration_s": 2.5}``; without a duration it is momentary.
    channels : sequence of str, optional
        The channels to read. Default: all.
    rate_hz : float, optional
        The sampling rate. Default: the one that the stream names.
    on_event_outside : str
        What to do with a marker before, after or between runs: ``"error"`` (default) or ``"drop"``.
    not_finite : str
        What to do with NaN and infinity: ``"error"`` (default), ``"drop channels"`` or ``"cut"``: a new run begins
        after each stretch; see `hotwire.decoder.readers.left_out.without_not_finite`.

    Returns
    -------
    Recording
        Runs are numbered from 1.

    Raises
    ------
    UnknownNameError
        No stream or no channel has this name; lists those there are.
    RecordingError
        The file is missing or damaged, several streams match, the stamps have another rate, or a marker is outside all
        runs.
    """
    check_choice("on_event_outside", on_event_outside, ("error", "drop"))
    path = Path(path)
    streams, n_torn = load_streams(path)
    samples = _chosen(
        path, streams, n_torn, "stream", stream, [s for s in streams if s.is_signal and (stream or len(s.stamps))]
    )
    marked = [s for s in streams if s.is_markers and (markers or len(s.stamps))]
    marked_by = _chosen(path, streams, n_torn, "markers", markers, marked) if marked or markers else None

    samples, without_time = _with_stamps(samples)
    names = samples.channel_names
    for name in channels or ():
        if name not in names:
            raise UnknownNameError("channel", name, names)
    columns = [names.index(name) for name in (names if channels is None else channels)]
    rate_hz = _rate(path, samples, rate_hz)
    starts = _run_starts(samples.stamps, rate_hz)
    run = np.repeat(np.arange(1, len(starts) + 1), np.diff([*starts, len(samples.stamps)]))
    data = np.asarray(samples.values)[:, columns]
    events = _events(path, marked_by, samples.stamps, run, rate_hz, on_event_outside)
    left = without_not_finite(data, [names[i] for i in columns], run, events, rate_hz, not_finite)
    source = _source(path, n_torn, samples, marked_by, starts)
    recording = Recording(
        data=data[left.rows][:, left.columns],
        rate_hz=rate_hz,
        feature_names=tuple(names[columns[i]] for i in left.columns),
        run=left.run,
        events=left.events,
        unit=tuple(samples.units[columns[i]] for i in left.columns),
        source="; ".join(part for part in (source, without_time, left.note) if part),
    )
    warn_of_units(recording)
    return recording


def _with_stamps(samples: XdfStream) -> tuple[XdfStream, str]:
    """Leave out samples whose stamps are no numbers, as in damaged bytes; return also a note of how many."""
    whole = np.isfinite(samples.stamps)
    n_left_out = np.count_nonzero(~whole)
    if not n_left_out:
        return samples, ""
    left = samples._replace(stamps=samples.stamps[whole], values=np.asarray(samples.values)[whole])
    return left, f"{n_left_out} samples whose stamps are damaged left out"


def _chosen(
    path: Path, streams: list[XdfStream], n_torn: int, what: str, wanted: str | None, among: list[XdfStream]
) -> XdfStream:
    there = "; ".join([listed(map(str, streams)) or "none", *([_cut_off(n_torn)] if n_torn else [])])
    if wanted is None:
        if len(among) == 1:
            return among[0]
        raise RecordingError(
            f"{path}: {what}: {len(among)} streams could be meant; choose one by its name, type or source_id. "
            f"There are: {there}"
        )
    for kind in ("name", "source_id", "type"):
        found = [one for one in among if getattr(one, kind) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise RecordingError(f"{path}: {what}: {len(found)} streams have the {kind} {wanted!r}. There are: {there}")
    raise UnknownNameError(f"{what} in {path}", wanted, map(str, streams))


def _rate(path: Path, samples: XdfStream, given_hz: float | None) -> float:
    """Return the given or nominal rate; RecordingError where the stamps do not fit it."""
    rate_hz = samples.rate_hz if given_hz is None else float(given_hz)
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise InputError(f"rate_hz: expected a positive number of samples per second, got {given_hz}")
    if not len(samples.stamps):
        raise RecordingError(f"{path}: the stream {samples} holds no samples")
    measured_hz = 1 / _steadiness(samples.stamps, rate_hz)[0]
    if not abs(measured_hz / rate_hz - 1) <= RATE_TOLERANCE:
        raise RecordingError(
            f"{path}: rate_hz: expected {rate_hz:g} Hz, as {'the stream says' if given_hz is None else 'given'}, but "
            f"the stamps of {samples.name!r} show {measured_hz:.6g} Hz; give rate_hz={measured_hz:.6g} if so"
        )
    return rate_hz


def _steadiness(stamps: NDArray[np.float64], rate_hz: float) -> tuple[float, float]:
    """Return the stamps' period and their median jitter over a span, in seconds; certain steps are left out."""
    n = min(len(stamps) - 1, _span(rate_hz))
    is_step = np.abs(np.diff(stamps) - 1 / rate_hz) > max(LARGEST_JITTER_S, 10 / rate_hz)
    n_steps = np.concatenate([[0], np.cumsum(is_step)])
    over_span = (stamps[n:] - stamps[: len(stamps) - n])[n_steps[n:] == n_steps[: len(stamps) - n]]
    if n < 1 or not len(over_span):
        return 1 / rate_hz, 0.0
    period_s = float(np.median(over_span)) / n
    return period_s, float(np.median(np.abs(over_span - n * period_s)))


def _span(rate_hz: float) -> int:
    """Return how many samples to look at together, about a second: what lasts half of it is a step, not jitter."""
    return max(16, round(rate_hz))


def _run_starts(stamps: NDArray[np.float64], rate_hz: float) -> list[int]:
    """Return the first sample of every run: where the stamps step away from the rate, and do not return."""
    period_s, jitter_s = _steadiness(stamps, rate_hz)
    half_s = period_s / 2
    tolerance_s = min(max(half_s, JITTER_FACTOR * jitter_s), max(half_s, LARGEST_JITTER_S))
    residual = stamps - np.arange(len(stamps)) * period_s
    span = _span(rate_hz)
    starts = [0]
    for start in (np.flatnonzero(np.abs(np.diff(residual)) > tolerance_s) + 1).tolist():
        before = np.median(residual[max(starts[-1], start - span) : start])
        behind = np.median(residual[start : start + span])
        if abs(behind - before) > tolerance_s:
            starts.append(start)
    return starts


def _events(
    path: Path,
    markers: XdfStream | None,
    stamps: NDArray[np.float64],
    run: NDArray[np.int64],
    rate_hz: float,
    on_event_outside: str,
) -> Events:
    if markers is None or not len(markers.stamps):
        return Events.none()
    labels, durations = zip(*[_marker(value[0]) for value in markers.values], strict=True)
    onset_s = np.full(len(labels), np.nan)
    run_of = np.zeros(len(labels), np.int64)
    for name in range(1, run[-1] + 1):
        of_run = stamps[run == name]
        position = _positions(markers.stamps, of_run, 1 / rate_hz)
        inside = (position >= -0.5) & (position < len(of_run) - GRID_TOLERANCE) & (run_of == 0)
        run_of[inside] = name
        onset_s[inside] = np.maximum(position[inside], 0) / rate_hz
    outside = np.flatnonzero(run_of == 0)
    if outside.size and on_event_outside == "error":
        first = outside[0]
        raise RecordingError(
            f"{path}: the marker {labels[first]!r} at {markers.stamps[first]:.3f} s lies in no run; {outside.size} of "
            f"{len(labels)} markers do not. The samples go from {stamps[0]:.3f} to {stamps[-1]:.3f} s in {run[-1]} "
            "runs. Choose on_event_outside='drop' to leave such markers out"
        )
    inside = np.lexsort((onset_s, run_of))[outside.size :]
    return Events(run_of[inside], onset_s[inside], np.array(durations)[inside], np.array(labels)[inside])


def _positions(stamps: NDArray[np.float64], of_run: NDArray[np.float64], period_s: float) -> NDArray[np.float64]:
    """Return the stamps' positions on the straight line through the run's stamps, in samples since its first."""
    since = of_run - of_run[0]
    index = np.arange(len(of_run)) - (len(of_run) - 1) / 2
    if len(of_run) > 1:
        period_s = float(index @ since / (index @ index))
    return (stamps - of_run[0] - since.mean()) / period_s + (len(of_run) - 1) / 2


def _marker(value: Any) -> tuple[str, float]:
    """Return label and duration in seconds of a marker, as for a live stream's markers."""
    text = value if isinstance(value, str) else f"{value:g}"
    try:
        fields = json.loads(text) if text.startswith("{") else {}
    except ValueError:
        return text, 0.0
    label, duration_s = fields.get("label"), fields.get("duration_s") or 0.0
    if isinstance(label, str) and isinstance(duration_s, int | float) and np.isfinite(duration_s) and duration_s >= 0:
        return label, float(duration_s)
    return text, 0.0


def _source(path: Path, n_torn: int, samples: XdfStream, markers: XdfStream | None, starts: list[int]) -> str:
    notes = [f"{path}, stream {samples.name!r}"]
    if len(starts) > 1:
        stamps = samples.stamps
        steps = [f"{stamps[start] - stamps[start - 1] - 1 / samples.rate_hz:+.3g} s" for start in starts[1:]]
        notes.append(f"a new run wherever the stamps step ({listed(steps, 5)})")
    if n_torn or not (samples.closed and (markers is None or markers.closed)):
        notes.append(_cut_off(n_torn))
    return "; ".join(notes)


def _cut_off(n_torn: int) -> str:
    return f"cut off while it was written ({n_torn} bytes of a torn chunk left out)"
