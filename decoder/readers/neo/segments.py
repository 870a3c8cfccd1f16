"""One of Neo's segments as samples and events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import MISSING, Events
from ..spikes.binning import counts_in_bins, n_bins_between
from .files import loaded


class Segment(NamedTuple):
    """Samples (n_samples, n_channels) with their names, rate and unit, and the time of the first in Neo's seconds."""

    data: NDArray
    names: list[str]
    rate_hz: float
    unit: str
    start_s: float


def signal_in(path: Path, segment: Any, position: int) -> Segment:
    """Return an analog signal of a segment."""
    signal = loaded(path, segment.analogsignals[position])
    names = signal.array_annotations.get("channel_names")
    n_channels = signal.shape[1]
    if names is None or len({str(one) for one in names}) != n_channels:
        names = [f"channel_{i}" for i in range(1, n_channels + 1)]
    return Segment(
        data=np.asarray(signal.magnitude),
        names=[str(one) for one in names],
        rate_hz=float(f"{float(signal.sampling_rate.rescale('Hz')):.9g}"),
        unit=str(signal.units.dimensionality),
        start_s=float(signal.t_start.rescale("s")),
    )


def spikes_in(path: Path, segment: Any, names: list[str], of_train: list[str], rate_hz: float, rates: bool) -> Segment:
    """Return the spikes of a segment in bins, from the start of its spike trains to their end."""
    trains = [loaded(path, one) for one in segment.spiketrains]
    if not trains:
        raise RecordingError(f"{path}: expected spikes in every segment, one has none")
    start_s = min(float(one.t_start.rescale("s")) for one in trains)
    stop_s = max(float(one.t_stop.rescale("s")) for one in trains)
    column = np.repeat([names.index(name) for name in of_train], [len(one) for one in trains])
    times_s = np.concatenate([np.asarray(one.times.rescale("s").magnitude, np.float64) for one in trains])
    # The last bin is whole: what is behind it is left out, but a spike on the segment's very end.
    n_bins = n_bins_between(start_s, None, stop_s, rate_hz) - 1 or 1
    counts, _ = counts_in_bins(times_s, column, (n_bins, len(names)), start_s, rate_hz)
    data = (counts * (rate_hz if rates else 1)).astype(np.float32)
    return Segment(data, names, rate_hz, "spikes/s" if rates else "spikes", start_s)


def events_in(path: Path, items: list[Any], run: int, start_s: float) -> Events:
    """Return Neo's events or epochs as the events of a run whose first sample is at `start_s`."""
    parts = [loaded(path, one) for one in items]
    tables = []
    for one in parts:
        onset_s = np.asarray(one.times.rescale("s").magnitude, np.float64) - start_s
        durations = getattr(one, "durations", None)
        duration_s = np.zeros(len(onset_s)) if durations is None else np.asarray(durations.rescale("s").magnitude)
        labels = np.array([str(label).strip() or MISSING for label in one.labels], np.str_)
        if len(labels) != len(onset_s):
            raise RecordingError(f"{path}: Neo gives {len(onset_s)} events in segment {run}, but {len(labels)} labels")
        tables.append(Events(np.full(len(onset_s), run), onset_s, duration_s, labels))
    return Events.joined(tables)
