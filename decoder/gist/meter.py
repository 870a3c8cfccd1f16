"""Whether a text is the brain's: how much it explains, beside what texts explain of recordings that heard nothing.

Some text always explains a recording a little, as the beam searches for one. So the evidence gained over the newest
words is compared with that gained on surrogates of the training: recordings with the same spectra and correlations, but
random phases. A brain moved in time would not do: it still says what it heard, only at another time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError

DISTINGUISHABLE = 2.0
"""Standard deviations above the evidence without a brain's words, from which on text is the brain's."""
NOT_DISTINGUISHABLE = "not distinguishable from the language model"


@dataclass(frozen=True)
class Meter:
    """What is gained over `n_words` words on surrogates, in nats: its mean, and its standard deviation."""

    mean: float
    sd: float
    n_words: int

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.sd) and self.sd > 0 and self.n_words >= 1):
            raise InputError(f"meter: expected a mean, an sd above 0, and one word or more, got {self}")

    @classmethod
    def of(cls, gains: Sequence[float], n_words: int) -> Meter:
        """Make one of what was gained on two surrogates or more.

        Examples
        --------
        >>> Meter.of([9.0, 10.0, 11.0], 60)
        Meter(mean=10.0, sd=1.0, n_words=60)
        """
        if len(gains) < 2:
            raise InputError(f"meter: expected gains on two surrogates or more, got {len(gains)}")
        return cls(float(np.mean(gains)), float(np.std(gains, ddof=1)), n_words)

    def z(self, gained: float | None) -> float | None:
        """How far what was gained is above that, in standard deviations; None while there are too few words."""
        return None if gained is None else (gained - self.mean) / self.sd
