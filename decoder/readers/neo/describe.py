"""What Neo finds in a file or folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import segments_of
from .recording import event_names, named, train_names

MOST = 40
"""More units than these are described by their number."""


def describe_neo(path: Path) -> dict[str, Any]:
    """Return segments, signals, units and events, as plain data; RecordingError where Neo cannot read it."""
    segments = segments_of(path, None)
    first = segments[0]
    units = train_names(first)
    return {
        "segments": len(segments),
        "signals": {
            name: {
                "shape": list(map(int, one.shape)),
                "rate_hz": float(one.sampling_rate.rescale("Hz")),
                "unit": str(one.units.dimensionality),
            }
            for name, one in named(first.analogsignals)
        },
        "units": units if len(units) <= MOST else f"{len(units)} units",
        "events": event_names(segments),
    }
