"""Several bands at once: every feature in every band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .base import Step, StepState
from .iir import BandPass, FilterState, Start
from .settings import OnGap


@dataclass(frozen=True)
class FilterBank(Step):
    """Filter every feature in every band, as `BandPass` does: all features of the first band, then of the next.

    Parameters
    ----------
    bands : sequence of (float, float)
        The lower and the upper end of each, in Hz.
    order, start, on_gap
        See `BandPass`.

    References
    ----------
    Ang, Chin, Zhang & Guan (2008), Filter bank common spatial pattern in brain-computer interface, IJCNN.

    Examples
    --------
    >>> FilterBank([[8, 12], [12, 30]]).names_out(["C3", "C4"])
    ('C3 8-12 Hz', 'C4 8-12 Hz', 'C3 12-30 Hz', 'C4 12-30 Hz')
    """

    bands: Sequence[Sequence[float]]
    order: int = 4
    start: Start = "first sample"
    on_gap: OnGap = "bridge"

    def __post_init__(self) -> None:
        bands = self.bands if isinstance(self.bands, Sequence) and not isinstance(self.bands, str) else ()
        if not bands or not all(isinstance(band, Sequence) and len(band) == 2 for band in bands):
            raise InputError(f"bands: expected pairs of frequencies such as [[8, 12], [12, 30]], got {self.bands!r}")
        object.__setattr__(self, "bands", tuple(tuple(band) for band in bands))
        if len(set(self.bands)) < len(self.bands):
            raise InputError(f"bands: expected each band once, got {list(self.bands)}")
        self.filters()

    def filters(self) -> list[BandPass]:
        """Return the filter of each band."""
        return [BandPass(low_hz, high_hz, self.order, self.start, self.on_gap) for low_hz, high_hz in self.bands]

    def names_out(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{name} {low_hz:g}-{high_hz:g} Hz" for low_hz, high_hz in self.bands for name in names)

    def group_delay_samples(self, rate_hz: float) -> float:
        """Return that of the slowest band."""
        return max(band.group_delay_samples(rate_hz) for band in self.filters())

    def open(self, n_features: int, rate_hz: float) -> StepState:
        sections = np.stack([band.sections(rate_hz) for band in self.filters()])
        return FilterState(n_features, sections, self.start, BandPass.gain_at_0_hz)
