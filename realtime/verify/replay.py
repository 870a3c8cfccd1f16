"""Sends a recording over LSL as if it were live."""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pylsl
from numpy.typing import NDArray

from ...errors import InputError, StreamNotFoundError, UnknownNameError
from .faults import ClockReset, Delivery, Fault, Replaced, Restart, read_fault, with_faults

if TYPE_CHECKING:
    from ...decoder.recordings.recording import Recording

BEGIN_S = 1.0
"""Time from the first consumer to the first sample, to compare clocks and for other consumers to connect."""

MIN_QUEUED = 8192
Action = Callable[[], None]


class Replayed(NamedTuple):
    """The result of a replay.

    ``start_s`` is the stamp of the first sample on LSL's clock; sample ``i`` has ``start_s + i / rate_hz``.
    ``n_samples`` is the recording's length; ``n_sent`` differs from it if there were faults.
    """

    start_s: float
    n_samples: int
    n_sent: int
    n_markers: int


def replay(
    recording: Recording,
    name: str = "replay",
    *,
    speed: float = 1.0,
    runs: Sequence[int | str] | None = None,
    markers: bool = True,
    faults: Sequence[Fault | str] = (),
    chunk_s: float = 0.02,
    type: str = "replay",
    source_id: str | None = None,
    wait_s: float = 60.0,
    linger_s: float = 1.0,
    progress: Callable[[int, int], object] | None = None,
) -> Replayed:
    """Send a recording over LSL, and return when it is over.

    The stream is float32 with the recording's names, units and rate. Stamps begin with the replay and are spaced
    exactly by the rate. A chunk is sent when its last sample is due, on an absolute schedule without drift. With a
    `speed` other than 1 samples are sent faster or slower, but the stamps do not change, because decoders use them.

    Several runs are one stream without a break, but offline a decoder starts every run anew: send a single run to get
    the same decisions. Each event is sent when it begins, in the stream ``NAME-markers``: the label, or ``{"label":
    ..., "duration_s": ...}``. `faults` (see `read_fault`) do not change the markers, except a reset clock. The same
    `source_id`, by default from the name, is the same device. The replay waits `wait_s` for a consumer, or does not
    wait if it is 0. It keeps the outlet `linger_s` after the last sample, because LSL then drops what was not pulled.
    After each chunk it calls `progress` with the numbers of samples sent and to send.

    Raises InputError for an impossible speed, chunk or fault, UnknownNameError for an unknown run, channel or fault,
    StreamNotFoundError if no consumer connects in time.
    """
    for what, value in (("speed", speed), ("chunk_s", chunk_s)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{what}: expected a finite number above 0, got {value!r}")
    wrong = [read_fault(fault) if isinstance(fault, str) else fault for fault in faults]
    data, delivery = _samples(recording, runs, wrong)
    marks = _marks(recording, runs, wrong) if markers else []

    device = source_id or f"hotwire-replay:{name}"
    stream = _ReplayOutlet(recording, name, type)
    marker_info = (f"{name}-markers", "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, f"{device}:markers")
    marker_stream = pylsl.StreamOutlet(pylsl.StreamInfo(*marker_info)) if markers else None
    stream.open(device)
    if wait_s > 0 and not stream.heard(wait_s):
        raise StreamNotFoundError(
            f"nobody came to take the samples of {name!r} within {wait_s:g} s; start what decodes them, or begin "
            "without waiting"
        )
    start_s = pylsl.local_clock() + BEGIN_S
    n_sent = 0

    def send(chunk: slice) -> None:
        nonlocal n_sent
        stream.push(data[delivery.sample[chunk]], start_s + delivery.stamp_s[chunk])
        n_sent += chunk.stop - chunk.start
        if progress is not None:
            progress(n_sent, len(delivery.sample))

    def mark(one: _Mark) -> None:
        if marker_stream is not None:
            marker_stream.push_sample([one.text], start_s + one.stamp_s)

    chunks = _chunks(delivery, max(1, round(chunk_s * speed * recording.rate_hz)), recording.rate_hz)
    schedule = heapq.merge(
        _outages(stream, device, wrong),
        ((one.at_s, partial(mark, one)) for one in marks),
        ((float(delivery.due_s[chunk.stop - 1]), partial(send, chunk)) for chunk in chunks),
        key=lambda entry: entry[0],
    )
    for due_s, act in schedule:
        left_s = start_s + due_s / speed - pylsl.local_clock()
        if left_s > 0:
            time.sleep(left_s)
        act()
    time.sleep(linger_s)
    return Replayed(start_s, len(data), n_sent, len(marks))


class _Mark(NamedTuple):
    at_s: float
    stamp_s: float
    text: str


class _ReplayOutlet:
    """An outlet that can be closed and opened again."""

    def __init__(self, recording: Recording, name: str, type: str) -> None:
        self._recording = recording
        self._name = name
        self._type = type
        self._outlet: pylsl.StreamOutlet | None = None

    def open(self, source_id: str) -> None:
        r = self._recording
        n_channels = len(r.feature_names)
        info = pylsl.StreamInfo(self._name, self._type, n_channels, r.rate_hz, pylsl.cf_float32, source_id)
        info.set_channel_labels(list(r.feature_names))
        info.set_channel_units(r.unit if isinstance(r.unit, str) else [*r.unit])
        # max_buffered counts seconds of the nominal rate: little, for slow recordings that are sent fast.
        self._outlet = pylsl.StreamOutlet(info, max_buffered=max(360, ceil(MIN_QUEUED / r.rate_hz)))

    def close(self) -> None:
        self._outlet = None

    def heard(self, wait_s: float) -> bool:
        """Wait for a consumer, in short steps so that Ctrl-C works."""
        until = time.monotonic() + wait_s
        assert self._outlet is not None
        while not self._outlet.wait_for_consumers(0.2):
            if time.monotonic() > until:
                return False
        return True

    def push(self, rows: NDArray[np.float32], stamps: NDArray[np.float64]) -> None:
        if self._outlet is not None:
            self._outlet.push_chunk(rows, stamps)  # type: ignore[arg-type]


def _chosen(recording: Recording, runs: Sequence[int | str] | None) -> dict[int | str, NDArray[np.intp]]:
    """Return the positions of the samples of each run to send."""
    run = np.asarray(recording.run)
    known = list(dict.fromkeys(run.tolist()))
    for name in runs or ():
        if name not in known:
            raise UnknownNameError("run", name, map(str, known))
    return {name: np.flatnonzero(run == name) for name in (known if runs is None else runs)}


def _samples(
    recording: Recording, runs: Sequence[int | str] | None, faults: Sequence[Fault]
) -> tuple[NDArray[np.float32], Delivery]:
    """Return the samples to send and their delivery, with the faults."""
    places = list(_chosen(recording, runs).values())
    if not sum(map(len, places)):
        raise InputError("recording: expected samples to send, got none")
    return with_faults(recording.data[np.concatenate(places)], recording.feature_names, recording.rate_hz, faults)


def _marks(recording: Recording, runs: Sequence[int | str] | None, faults: Sequence[Fault]) -> list[_Mark]:
    """Return the events of the runs on one time axis, in order."""
    events = recording.events
    marks = []
    begins_s = 0.0
    for name, places in _chosen(recording, runs).items():
        for i in np.flatnonzero(np.asarray(events.run) == name):
            at_s = begins_s + float(events.onset_s[i])
            off_s = sum(fault.by_s for fault in faults if isinstance(fault, ClockReset) and at_s >= fault.at_s)
            marks.append(_Mark(at_s, at_s + off_s, _text(str(events.label[i]), float(events.duration_s[i]))))
        begins_s += len(places) / recording.rate_hz
    return sorted(marks)


def _text(label: str, duration_s: float) -> str:
    if duration_s == 0 and not label.lstrip().startswith("{"):
        return label
    return json.dumps({"label": label, "duration_s": duration_s}, ensure_ascii=False)


def _outages(stream: _ReplayOutlet, source_id: str, faults: Sequence[Fault]) -> Iterator[tuple[float, Action]]:
    """Yield when the outlet is closed and opened again."""
    for fault in sorted((f for f in faults if isinstance(f, Restart)), key=lambda f: f.at_s):
        yield fault.at_s, stream.close
        comes_back_as = f"{source_id}:replaced" if isinstance(fault, Replaced) else source_id
        yield fault.at_s + fault.for_s, partial(stream.open, comes_back_as)


def _chunks(delivery: Delivery, n_chunk: int, rate_hz: float) -> Iterator[slice]:
    """Cut into chunks of this many samples, and wherever samples are not consecutive in order and time."""
    jumps = (np.diff(delivery.sample) != 1) | (np.diff(delivery.due_s) > 1.5 / rate_hz)
    cuts = np.union1d(np.flatnonzero(jumps) + 1, np.arange(0, len(delivery.sample), n_chunk))
    for first, stop in zip(cuts, [*cuts[1:], len(delivery.sample)], strict=True):
        yield slice(int(first), int(stop))
