"""Whether a recording has the features, units and rate of another, or of the one that a decoder was fitted on."""

from __future__ import annotations

from ...errors import RecordingError
from .events import listed
from .recording import Recording
from .units import unit_factor, unit_of_each


def check_agrees(
    recording: Recording, feature_names: tuple[str, ...], unit: str | tuple[str, ...], rate_hz: float
) -> None:
    """Raise RecordingError unless a recording has the features, the unit and the rate that a decoder was fitted on."""
    if recording.feature_names != feature_names:
        raise RecordingError(_difference(feature_names, recording.feature_names))
    n_features = len(feature_names)
    units = zip(feature_names, unit_of_each(unit, n_features), unit_of_each(recording.unit, n_features), strict=True)
    for name, our, their in units:
        factor = unit_factor(their, our)
        if factor is None:
            raise RecordingError(f"recording: the unit of {name!r} is {their!r}, but the decoder was fitted on {our!r}")
        if factor != 1:
            raise RecordingError(
                f"recording: the unit of {name!r} is {their!r}, but the decoder was fitted on {our!r}: multiply by "
                f"{factor:g}, as hotwire.decoder.recordings.units.converted(recording, {our!r}) does"
            )
    if round(rate_hz, 6) != round(recording.rate_hz, 6):
        raise RecordingError(
            f"recording: rate_hz is {recording.rate_hz}, but the decoder was fitted on {rate_hz}; resample it to "
            "the decoder's rate, or fit again"
        )


def _difference(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    sides = f"recording: expected the {len(ours)} features that the decoder was fitted on, got {len(theirs)}"
    at, there = set(ours), set(theirs)
    missing, more = [name for name in ours if name not in there], [name for name in theirs if name not in at]
    if missing:
        return (
            f"{sides}; {len(missing)} are missing: {listed(missing)}. It has: {listed(theirs)}. Use the same mask or "
            "channels"
        )
    pick = "`channels` in the study's [recording], or recording.select(features=...) in Python, in its order"
    if more:
        return f"{sides}; it also has {listed(more)}. Take the decoder's with {pick}"
    first = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return (
        f"{sides}, the same names in another order; the first to differ is number {first}: fitted on {ours[first]!r}, "
        f"got {theirs[first]!r}. Put them in the decoder's order with {pick}"
    )
