"""The clock of an XDF stream: its rate, and where its stamps step away from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError
from .streams import XdfStream

RATE_TOLERANCE = 0.01
"""How far the rate of the stamps may be from the one that the stream names, as a fraction of it."""
LARGEST_JITTER_S = 0.1
"""A step of the stamps by more than this is a gap, however unsteady they are."""
JITTER_FACTOR = 8
"""A step is at least so many times the stamps' median jitter, up to `LARGEST_JITTER_S`."""


def with_stamps(samples: XdfStream) -> tuple[XdfStream, str]:
    """Leave out samples whose stamps are no numbers, as in damaged bytes; return also a note of how many."""
    whole = np.isfinite(samples.stamps)
    n_left_out = np.count_nonzero(~whole)
    if not n_left_out:
        return samples, ""
    left = samples._replace(stamps=samples.stamps[whole], values=np.asarray(samples.values)[whole])
    return left, f"{n_left_out} samples whose stamps are damaged left out"


def checked_rate_hz(path: Path, samples: XdfStream, given_hz: float | None) -> float:
    """Return the given or nominal rate; RecordingError where the stamps do not fit it."""
    if given_hz is None and not samples.rate_hz:
        raise RecordingError(
            f"{path}: rate_hz: the stream {samples.name!r} names no rate; if its samples came evenly, give rate_hz"
        )
    rate_hz = samples.rate_hz if given_hz is None else float(given_hz)
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise InputError(f"rate_hz: expected a positive number of samples per second, got {given_hz}")
    if not len(samples.stamps):
        raise RecordingError(f"{path}: the stream {samples} holds no samples")
    period_s = _steadiness(samples.stamps, rate_hz)[0]
    if not period_s > 0:
        raise RecordingError(
            f"{path}: most stamps of {samples.name!r} are the same, {samples.stamps[0]:.3f} s, so nobody knows when "
            "its samples were taken"
        )
    measured_hz = 1 / period_s
    if not abs(measured_hz / rate_hz - 1) <= RATE_TOLERANCE:
        raise RecordingError(
            f"{path}: rate_hz: expected {rate_hz:g} Hz, as {'the stream says' if given_hz is None else 'given'}, but "
            f"the stamps of {samples.name!r} show {measured_hz:.6g} Hz; give rate_hz = {measured_hz:.6g} if so"
        )
    return rate_hz


def run_starts(stamps: NDArray[np.float64], rate_hz: float) -> list[int]:
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


def positions(stamps: NDArray[np.float64], of_run: NDArray[np.float64], period_s: float) -> NDArray[np.float64]:
    """Return the stamps' positions on the straight line through the run's stamps, in samples since its first."""
    since = of_run - of_run[0]
    index = np.arange(len(of_run)) - (len(of_run) - 1) / 2
    if len(of_run) > 1:
        period_s = float(index @ since / (index @ index))
    return (stamps - of_run[0] - since.mean()) / period_s + (len(of_run) - 1) / 2


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
