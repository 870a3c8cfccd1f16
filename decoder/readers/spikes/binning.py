"""Spikes counted in bins, and times that cannot be seconds."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError

EDGE_TOLERANCE = 1e-6
"""How far, in bins, a spike may be before an edge and still count as on it: times in files are rounded."""
FEWEST_SPIKES = 20
"""With fewer, all may be at whole seconds by chance, or in an example."""
SLOWEST_HZ = 0.02
"""With fewer spikes of a unit in a second than this, on average, the times are likely not in seconds."""
MOST_OUTSIDE = 0.9
"""A share of spikes outside from which on the times, or the recording's limits, are likely wrong."""
LONGEST_S = 7 * 24 * 3600.0
"""No recording lasts longer."""


def counts_in_bins(
    times_s: NDArray[np.float64], column: NDArray[np.int64], shape: tuple[int, int], start_s: float, rate_hz: float
) -> tuple[NDArray[np.int64], int]:
    """Return the counts of spikes, (n_bins, n_units) as `shape` says, and how many spikes are outside.

    Bin ``i`` is ``[start_s + i / rate_hz, start_s + (i + 1) / rate_hz)``: a spike on the edge of two bins belongs to
    the later one, as an event there does.

    Examples
    --------
    >>> counts_in_bins(np.array([0.0, 0.1, 0.15, 0.9]), np.array([0, 0, 1, 1]), (2, 2), 0.0, 10.0)
    (array([[1, 0],
           [1, 1]]), 1)
    """
    n_bins, n_units = shape
    bins = np.floor((times_s - start_s) * rate_hz + EDGE_TOLERANCE)
    inside = (bins >= 0) & (bins < n_bins)
    place = bins[inside].astype(np.int64) * n_units + column[inside]
    counts = np.bincount(place, minlength=n_bins * n_units).reshape(n_bins, n_units)
    return counts, int(np.count_nonzero(~inside))


def checked_rate_hz(bin_ms: float) -> float:
    """Return the rate of bins of this width; an InputError is raised where it is none."""
    if not (np.isfinite(bin_ms) and bin_ms > 0):
        raise InputError(f"bin_ms: expected a width above 0, got {bin_ms:g}")
    return 1000.0 / bin_ms


def n_bins_between(start_s: float, stop_s: float | None, last_s: float, rate_hz: float, run: object = None) -> int:
    """Return how many bins there are up to `stop_s`, or, without it, up to the end of the bin of the last event."""
    of_run = "" if run is None else f" (run {run})"
    end_s = last_s if stop_s is None else stop_s
    if end_s - start_s > LONGEST_S:
        raise RecordingError(
            f"times: expected seconds, and a recording of days at most, got one from {start_s:g} to {end_s:g} s"
            f"{of_run}; are the times in samples or milliseconds, or do they count from another zero? Give start_s "
            "and stop_s, or bring the times to seconds"
        )
    if stop_s is None:
        return max(int(np.floor((last_s - start_s) * rate_hz + EDGE_TOLERANCE)) + 1, 1)
    n_bins = (stop_s - start_s) * rate_hz
    if round(n_bins) < 1 or abs(n_bins - round(n_bins)) > EDGE_TOLERANCE:
        raise InputError(
            f"stop_s: expected a whole number of bins of {1000 / rate_hz:g} ms, one or more, from {start_s:g} "
            f"to {stop_s:g} s{of_run}, got {n_bins:g}"
        )
    return round(n_bins)


def check_seconds(times: NDArray[np.float64], n_units: int, what: str, remedy: str) -> None:
    """Refuse times of spikes that are whole numbers, and warn of such that are so far apart that they are no seconds.

    `what` names the times, and `remedy` says what to do, with ``{}`` for how many there are in a second.
    """
    if len(times) < FEWEST_SPIKES:
        return
    last, span = float(times.max()), float(np.ptp(times))
    if (times == np.floor(times)).all():
        raise RecordingError(
            f"{what}: expected seconds, got whole numbers only, up to {last:.0f}; they look like samples or "
            f"milliseconds. {remedy.format('30000.0')} for samples at 30 kHz, which then last {last / 3e4:.4g} s; "
            f"{remedy.format('1000.0')} for milliseconds, {last / 1e3:.4g} s"
        )
    usual_hz = len(times) / max(n_units, 1) / span if span else np.inf
    if usual_hz < SLOWEST_HZ:
        warnings.warn(
            f"{what}: a unit has {usual_hz:.2g} spikes in a second on average, over {span:.4g} s; are the times in "
            f"milliseconds? {remedy.format('1000.0')} if so",
            stacklevel=3,
        )


def note_outside(n_outside: int, n_spikes: int, path: object) -> str:
    """Return the note of spikes outside the recording's bins; warn where nearly all of them are."""
    text = f"{n_outside} of {n_spikes} spikes lie outside"
    if n_outside >= MOST_OUTSIDE * n_spikes:
        warnings.warn(
            f"{path}: {text} the recording, from start_s to stop_s; are the times in seconds, from the same zero?",
            stacklevel=3,
        )
    return text
