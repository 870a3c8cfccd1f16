"""A stretch of samples that a window holds: which it takes, and the row that it makes of them.

Live, samples may be missing. They are bridged by a straight line, feature by feature, from the sample before to the one
after; where the window begins or ends with missing samples, by the value of its nearest sample. So nothing depends on
samples outside of the window, and rejection by peak to peak uses the samples that are present. The live settings limit
how many may be bridged (`hotwire.realtime.LiveSettings.min_present`). A window without any sample is rejected, and so
is one without any sample of its baseline, since an invented value would shift all of it. A recording has no missing
samples within a run, as its readers begin a new run after them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..steps.settings import taken, window_samples
from .window import Rejection, WindowRow


class Stretch(NamedTuple):
    """Which samples a window takes, counted from its own first one, and how it makes a row of them.

    It needs ``[begin, end)``: the baseline may be before the window's first sample or after its last. `kept` and `base`
    are the window and its baseline (empty where there is none), counted from `begin`. A trial has `n_bins` rows of
    features, of `n_bin` samples each.
    """

    begin: int
    end: int
    kept: slice
    base: slice
    n_bins: int
    n_bin: int

    @property
    def n_samples(self) -> int:
        return self.end - self.begin


def stretch_of(n: int, bin_s: float | None, baseline_s: tuple[float, float] | None, rate_hz: float) -> Stretch:
    """Return the stretch of a window of n samples; `baseline_s` is the baseline's first second and its length."""
    n_bins, n_bin = _n_bins(bin_s, n, rate_hz)
    if baseline_s is None:
        return Stretch(0, n, slice(0, n), slice(0, 0), n_bins, n_bin)
    first = taken(round(baseline_s[0] * rate_hz), "baseline_s", baseline_s[0], rate_hz)
    n_base = window_samples(baseline_s[1], rate_hz, "baseline_s")
    begin = min(0, first)
    base = slice(first - begin, first - begin + n_base)
    return Stretch(begin, max(n, first + n_base), slice(-begin, n - begin), base, n_bins, n_bin)


class SampleCutter:
    """Makes a row of a stretch of samples: bridges missing ones, then rejects it or subtracts the baseline and
    averages.
    """

    def __init__(self, stretch: Stretch, most: float | None, least: float | None) -> None:
        self._stretch = stretch
        self._most = np.inf if most is None else most
        self._least = -np.inf if least is None else least
        self._rejects = most is not None or least is not None

    def __call__(
        self, event: int, first: int, stop: int, present: NDArray[np.float32], positions: NDArray[np.intp] | None
    ) -> WindowRow:
        samples, rejected = present, None
        if positions is not None:
            rejected = self._lost(positions)
            samples = present if rejected else bridged(present, positions, stop - first)
        rejected = rejected or self._rejection(samples)
        if rejected is None:
            x = self._values(samples.astype(np.float64)).astype(np.float32).reshape(-1)
        else:
            x = np.zeros(self._stretch.n_bins * present.shape[1], np.float32)
        return WindowRow(event, first, stop, x, len(present), rejected)

    def _values(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        kept, n_bins, n_bin = samples[self._stretch.kept], self._stretch.n_bins, self._stretch.n_bin
        if self._stretch.base.stop:
            kept = kept - samples[self._stretch.base].mean(axis=0)
        return kept if n_bin == 1 else kept.reshape(n_bins, n_bin, -1).mean(axis=1)

    def _lost(self, positions: NDArray[np.intp]) -> Rejection | None:
        """Return why the samples that are present cannot be bridged, or None."""
        n, kept, base = self._stretch.n_samples, self._stretch.kept, self._stretch.base
        if not ((positions >= kept.start) & (positions < kept.stop)).any():
            return Rejection(f"0 of the window's {kept.stop - kept.start} samples came")
        if base.stop and not ((positions >= base.start) & (positions < base.stop)).any():
            return Rejection(
                f"none of the {base.stop - base.start} samples of its baseline came, and {len(positions)} of {n} in all"
            )
        return None

    def _rejection(self, samples: NDArray[np.float32]) -> Rejection | None:
        if not self._rejects:
            return None
        span = np.ptp(samples[self._stretch.kept], axis=0)
        for wrong, expected in (
            (span > self._most, f"at most {self._most:g}"),
            (span < self._least, f"at least {self._least:g}"),
        ):
            features = np.flatnonzero(wrong).tolist()
            if features:
                worst = span[features].max() if span[features[0]] > self._most else span[features].min()
                return Rejection(f"{worst:.3g} peak to peak, expected {expected}", tuple(features))
        return None


def bridged(present: NDArray[np.float32], positions: NDArray[np.intp], n_samples: int) -> NDArray[np.float32]:
    """Return all samples of a stretch: in place of missing ones, a straight line between their neighbours.

    Before the first sample that is present, and after the last, its value. `present` is (n_present, n_features), at
    least one sample, and `positions` are theirs, ascending, in ``[0, n_samples)``.

    Examples
    --------
    >>> bridged(np.array([[1.0], [4.0]], np.float32), np.array([1, 4]), 6).ravel()
    array([1., 1., 2., 3., 4., 4.], dtype=float32)
    """
    at, last = np.arange(n_samples), len(positions) - 1
    before = np.clip(np.searchsorted(positions, at, side="right") - 1, 0, last)
    after = np.clip(np.searchsorted(positions, at), 0, last)
    # 0 where the sample itself is present, or has a neighbour on one side only
    apart = positions[after] - positions[before]
    share = np.where(apart > 0, at - positions[before], 0) / np.maximum(apart, 1)
    start = present[before].astype(np.float64)
    return (start + (present[after] - start) * share[:, None]).astype(np.float32)


def _n_bins(bin_s: float | None, n_samples: int, rate_hz: float) -> tuple[int, int]:
    """Return how many bins there are, and how many samples in each."""
    if bin_s is None:
        return n_samples, 1
    n_bin = window_samples(bin_s, rate_hz, "bin_s")
    if n_samples % n_bin:
        raise InputError(
            f"bin_s: expected stretches that fill the window, got {n_bin} samples at {rate_hz:g} Hz for a window of "
            f"{n_samples}; use a window of {n_samples - n_samples % n_bin} samples ("
            f"{(n_samples - n_samples % n_bin) / rate_hz:g} s), or other stretches"
        )
    return n_samples // n_bin, n_bin
