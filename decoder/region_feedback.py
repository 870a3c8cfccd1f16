"""Feedback from a region: by how many per cent its mean signal differs from a baseline, live and offline alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, RecordingError

if TYPE_CHECKING:
    from .recordings.recording import Recording

DIGITS = 3
"""Of positions in samples: an event at a volume stays there, whatever the last bits of stamps are."""
SKIPPED_S = 6.0
"""What a baseline block begins with and is not used: the blood still answers to what came before."""


@dataclass(frozen=True)
class Baseline:
    """What a region's signal is compared with: the past seconds, or blocks of a protocol.

    Parameters
    ----------
    window_s : float, optional
        The mean of the samples of so many seconds before each sample.
    labels : sequence of str
        Instead: the mean of the newest block of these labels that is over. A block lasts as long as its event, or,
        where that has no duration, until the next event.
    skipped_s : float
        So many seconds at the beginning of a block are not used.

    Examples
    --------
    >>> Baseline(labels=["rest"])
    Baseline(window_s=None, labels=('rest',), skipped_s=6.0)
    """

    window_s: float | None = None
    labels: Sequence[str] = ()
    skipped_s: float = SKIPPED_S

    def __post_init__(self) -> None:
        if isinstance(self.labels, str) or not all(isinstance(label, str) and label for label in self.labels):
            raise InputError(f"labels: expected a list of labels, such as ['rest'], got {self.labels!r}")
        object.__setattr__(self, "labels", tuple(self.labels))
        if (self.window_s is None) == (not self.labels):
            raise InputError(
                f"baseline: expected either window_s or labels, got window_s = {self.window_s} and labels = "
                f"{list(self.labels)}; such as window_s = 60.0, or labels = ['rest']"
            )
        if self.window_s is not None and not (isfinite(self.window_s) and self.window_s > 0):
            raise InputError(f"window_s: expected seconds above 0, got {self.window_s}")
        if not (isfinite(self.skipped_s) and self.skipped_s >= 0):
            raise InputError(f"skipped_s: expected seconds, zero or more, got {self.skipped_s}")


class RegionChange(NamedTuple):
    """What a region's signal is after a sample.

    Attributes
    ----------
    percent : float
        100 (signal - baseline) / baseline; NaN where it is not known.
    signal, baseline : float
    why : str or None
        Why it is not known.
    """

    percent: float
    signal: float
    baseline: float
    why: str | None


class RegionChanges:
    """Follows the signal of a region, sample by sample.

    Parameters
    ----------
    baseline : Baseline
    rate_hz : float

    Raises
    ------
    InputError
        The baseline's window holds not even one sample.

    Examples
    --------
    >>> region = RegionChanges(Baseline(window_s=4.0), 0.5)
    >>> [round(region.push(signal).percent, 6) for signal in (100.0, 102.0, 99.99)]
    [nan, 2.0, -1.0]
    """

    def __init__(self, baseline: Baseline, rate_hz: float) -> None:
        self._baseline, self._rate_hz = baseline, rate_hz
        self._signals: list[float] = []
        self._blocks: list[tuple[float, float, bool]] = []
        self._n_window = 0 if baseline.window_s is None else round(baseline.window_s * rate_hz)
        if baseline.window_s is not None and self._n_window < 1:
            raise InputError(
                f"window_s: expected at least one sample, {1 / rate_hz:g} s at {rate_hz:g} Hz, got "
                f"{baseline.window_s} s"
            )

    def announce(self, label: str, sample: float, duration_s: float) -> None:
        """Note an event, at a (fractional) sample since the beginning; 0 seconds: it lasts until the next one."""
        if not self._baseline.labels:
            return
        start = round(sample, DIGITS)
        stop = round(sample + duration_s * self._rate_hz, DIGITS) if duration_s > 0 else inf
        self._blocks.append((start, stop, label in self._baseline.labels))
        self._blocks.sort()

    def skip(self, n_samples: int) -> None:
        """Note that so many samples are missing."""
        self._signals += [nan] * n_samples

    def push(self, signal: float) -> RegionChange:
        """Take the signal of the next sample; NaN where it is not known."""
        at = len(self._signals)
        self._signals.append(signal)
        first, stop = self._compared_with(at)
        used = np.array([one for one in self._signals[first:stop] if isfinite(one)])
        if not isfinite(signal):
            return RegionChange(nan, nan, nan, "the region's signal is missing")
        if not used.size:
            waits = "no block of the baseline is over yet" if self._baseline.labels else "nothing came before"
            return RegionChange(nan, signal, nan, waits)
        baseline = float(used.mean())
        if not baseline > 0:
            return RegionChange(
                nan, signal, baseline, "the baseline is not above zero: is the region outside the head?"
            )
        return RegionChange(100.0 * (signal - baseline) / baseline, signal, baseline, None)

    def _compared_with(self, at: int) -> tuple[int, int]:
        """The samples [first, stop) that the baseline of a sample is the mean of."""
        if not self._baseline.labels:
            return max(0, at - self._n_window), at
        skipped, next_start = self._baseline.skipped_s * self._rate_hz, inf
        for start, stop, is_baseline in reversed(self._blocks):
            first, end = max(0, ceil(round(start + skipped, DIGITS))), next_start if stop == inf else stop
            next_start = start
            if is_baseline and end <= at and any(map(isfinite, self._signals[first : ceil(end)])):
                return first, ceil(end)
        return 0, 0


def region_signal(values: NDArray[np.float32]) -> float:
    """Return the mean of a region's voxels (n_voxels,) in one sample; NaN where one is missing, so that it is not
    another region's.
    """
    return float(np.ascontiguousarray(values, np.float64).mean())


def region_changes(recording: Recording, baseline: Baseline) -> list[RegionChange]:
    """Return what live feedback says after every sample of a recording of a region, bit for bit.

    Parameters
    ----------
    recording : Recording
        Of the region's voxels; parameters of motion among its features are left out.
    baseline : Baseline

    Raises
    ------
    RecordingError
        No feature is a voxel, or no event has one of the baseline's labels.
    """
    columns = voxel_columns(recording.feature_names)
    known = set(recording.events.label.tolist())
    if baseline.labels and not known & set(baseline.labels):
        raise RecordingError(
            f"labels: expected one of the events' {', '.join(sorted(known)) or '(none)'}, got "
            f"{', '.join(baseline.labels)}"
        )
    changes: list[RegionChange] = []
    for run in recording.runs:
        region = RegionChanges(baseline, recording.rate_hz)
        events = recording.events.take(recording.events.run == run)
        for label, onset_s, duration_s in zip(events.label, events.onset_s, events.duration_s, strict=True):
            region.announce(str(label), float(onset_s) * recording.rate_hz, float(duration_s))
        samples = recording.data[recording.samples_of(run)][:, columns]
        changes += [region.push(region_signal(row)) for row in samples]
    return changes


def voxel_columns(names: Sequence[str]) -> NDArray[np.intp]:
    """Return which features are voxels; RecordingError where none is."""
    columns = np.flatnonzero([name.startswith("voxel_") for name in names])
    if not columns.size:
        raise RecordingError(
            f"region: expected voxels among the features, named such as voxel_12_30_7, got {', '.join(names[:3])}, ..."
        )
    return columns
