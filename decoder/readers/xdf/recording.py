"""Recordings from XDF files, as LabRecorder and hotwire's own recorder write them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import GRID_TOLERANCE, Events, listed
from ...recordings.markers import read_marker
from ...recordings.recording import Recording
from ...recordings.units import warn_of_units
from ..left_out import NotFinite, without_not_finite
from .streams import XdfStream, joined_parts, load_streams
from .timing import checked_rate_hz, positions, run_starts, with_stamps


def read_xdf(
    path: str | PathLike[str],
    stream: str | None = None,
    markers: str | None = None,
    channels: Sequence[str] | None = None,
    rate_hz: float | None = None,
    on_event_outside: Literal["warn", "error", "drop"] = "warn",
    not_finite: NotFinite = "error",
    marker_channel: str | None = None,
) -> Recording:
    """Return one stream of an XDF file, with the markers of another as events.

    Clocks are aligned by pyxdf; its stamps are then used as they are, since removing the jitter first would hide gaps.
    A new run begins where the stamps deviate from the stream's rate for good, by half a sample or by more than the
    jitter explains: a lost second, a repeated sample, a clock that was reset. Within a run, a straight line aligns
    stamps and samples. A file whose writing was interrupted is read up to its last whole chunk, which ``source`` says;
    one that is damaged before its end is refused. A stream that was restarted while it was recorded is one stream, of
    several runs, if it has a source_id. Labels that several channels have are numbered, such as C3-0 and C3-1.

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
        The sampling rate. Default: the one that the stream names. A stream that names none is read if this is given.
    on_event_outside : str
        What to do with a marker before, after or between runs: leave it out with a warning (``"warn"``, default) or
        without one (``"drop"``), or ``"error"``.
    not_finite : str
        What to do with NaN and infinity: ``"error"`` (default), ``"drop channels"`` or ``"cut"``: a new run begins
        after each stretch; see `hotwire.decoder.readers.left_out.without_not_finite`.
    marker_channel : str, optional
        The channel of the markers' stream that holds the labels; needed if it has several.

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
    check_choice("on_event_outside", on_event_outside, ("warn", "error", "drop"))
    path = Path(path)
    streams, n_torn = load_streams(path)

    def is_signal(one: XdfStream) -> bool:
        return one.is_signal or (rate_hz is not None and stream is not None and one.format != "string")

    samples = _chosen(
        path, streams, n_torn, "stream", stream, [s for s in streams if is_signal(s) and (stream or len(s.stamps))]
    )
    # What a decoder said, as hotwire records it, is no marker unless it is asked for.
    marked = [s for s in streams if s.is_markers and (markers or (len(s.stamps) and s.type != "Decisions"))]
    marked_by = _chosen(path, streams, n_torn, "markers", markers, marked) if marked or markers else None

    samples, without_time = with_stamps(samples)
    names = samples.channel_names
    for name in channels or ():
        if name not in names:
            raise UnknownNameError("channel", name, names)
    columns = [names.index(name) for name in (names if channels is None else channels)]
    rate_hz = checked_rate_hz(path, samples, rate_hz)
    starts = run_starts(samples.stamps, rate_hz)
    run = np.repeat(np.arange(1, len(starts) + 1), np.diff([*starts, len(samples.stamps)]))
    data = np.asarray(samples.values)[:, columns]
    events = _events(path, marked_by, samples.stamps, run, rate_hz, on_event_outside, marker_channel)
    left = without_not_finite(data, [names[i] for i in columns], run, events, rate_hz, not_finite)
    source = _source(path, n_torn, samples._replace(rate_hz=rate_hz), marked_by, starts)
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


def _chosen(
    path: Path, streams: list[XdfStream], n_torn: int, what: str, wanted: str | None, among: list[XdfStream]
) -> XdfStream:
    there = "; ".join([listed(map(str, streams)) or "none", *([_cut_off(n_torn)] if n_torn else [])])
    if wanted is None:
        whole = joined_parts(among)
        if whole is not None:
            return whole
        raise RecordingError(
            f"{path}: {what}: {len(among)} streams could be meant; choose one by its name, type or source_id. "
            f"There are: {there}"
        )
    for kind in ("name", "source_id", "type"):
        found = [one for one in among if getattr(one, kind) == wanted]
        whole = joined_parts(found)
        if whole is not None:
            return whole
        if found:
            raise RecordingError(f"{path}: {what}: {len(found)} streams have the {kind} {wanted!r}. There are: {there}")
    raise UnknownNameError(f"{what} in {path}", wanted, map(str, streams))


def _events(
    path: Path,
    markers: XdfStream | None,
    stamps: NDArray[np.float64],
    run: NDArray[np.int64],
    rate_hz: float,
    on_event_outside: str,
    marker_channel: str | None,
) -> Events:
    if markers is None or not len(markers.stamps):
        return Events.none()
    channel = _marker_channel(path, markers, marker_channel)
    labels, durations = zip(*[read_marker(value[channel]) for value in markers.values], strict=True)
    at = np.where(np.isfinite(markers.stamps), markers.stamps, -np.inf)  # damaged stamps are in no run
    onset_s = np.full(len(labels), np.nan)
    run_of = np.zeros(len(labels), np.int64)
    for name in range(1, run[-1] + 1):
        of_run = stamps[run == name]
        position = positions(at, of_run, 1 / rate_hz)
        inside = (position >= -0.5) & (position < len(of_run) - GRID_TOLERANCE) & (run_of == 0)
        run_of[inside] = name
        onset_s[inside] = np.maximum(position[inside], 0) / rate_hz
    outside = np.flatnonzero(run_of == 0)
    if outside.size:
        first = outside[0]
        why = (
            f"{path}: {outside.size} of {len(labels)} markers are in no run, the first {labels[first]!r} at "
            f"{markers.stamps[first]:.3f} s; the samples go from {stamps[0]:.3f} to {stamps[-1]:.3f} s, in {run[-1]} "
            f"run{'s' if run[-1] > 1 else ''}"
        )
        if on_event_outside == "error":
            raise RecordingError(f"{why}. on_event_outside = 'drop' leaves such markers out")
        if on_event_outside == "warn":
            warnings.warn(f"{why}. They are left out", stacklevel=3)
    inside = np.lexsort((onset_s, run_of))[outside.size :]
    return Events(
        run_of[inside], onset_s[inside], np.array([one or 0.0 for one in durations])[inside], np.array(labels)[inside]
    )


def _marker_channel(path: Path, markers: XdfStream, wanted: str | None) -> int:
    """The position of the channel that holds the labels; it has to be named if the stream has several."""
    names = markers.channel_names
    if wanted is None and len(names) > 1:
        raise RecordingError(
            f"{path}: markers: {markers.name!r} has {len(names)} channels, {listed(names)}; its first marker is "
            f"{listed([repr(value) for value in markers.values[0]])}. Name the one that holds the labels: "
            f"marker_channel = {names[0]!r}"
        )
    if wanted is not None and wanted not in names:
        raise UnknownNameError("marker_channel", wanted, names)
    return 0 if wanted is None else names.index(wanted)


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
