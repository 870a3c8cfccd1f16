"""Whether a text is the brain's: how much it explains, beside what texts explain of recordings that heard nothing.

Some text always explains a recording a little, as the beam searches for one. So the evidence gained over the newest
words is compared with that gained on surrogates of the training: recordings with the same spectra and correlations, but
random phases. A brain moved in time would not do: it still says what it heard, only at another time.

A text also explains more of whatever is larger, be it an artefact. So where samples are far stronger, whitened, than
those surrogates, the meter says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError

DISTINGUISHABLE = 2.0
"""Standard deviations above the evidence without a brain's words, from which on text is the brain's."""
MOST_STRONGER = 1.5
"""Samples may be so many times as strong, in mean squares, as the strongest surrogates."""
NOT_DISTINGUISHABLE = "not distinguishable from the language model"


def times_too_strong(strength: float, strongest: float | None) -> float | None:
    """How many times as strong as the strongest surrogates samples are; None where that is usual, or not known.

    Examples
    --------
    >>> times_too_strong(1.3, 1.2), times_too_strong(3.0, 1.2), times_too_strong(3.0, None)
    (None, 2.5, None)
    """
    return None if strongest is None or strength <= MOST_STRONGER * strongest else strength / strongest


@dataclass(frozen=True)
class Meter:
    """What is gained over `n_words` words on surrogates, in nats: its mean, and its standard deviation.

    `strongest` is the largest mean square of their whitened samples over so many words; None in older bundles.
    """

    mean: float
    sd: float
    n_words: int
    strongest: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.sd) and self.sd > 0 and self.n_words >= 1):
            raise InputError(f"meter: expected a mean, an sd above 0, and one word or more, got {self}")
        if self.strongest is not None and not (np.isfinite(self.strongest) and self.strongest > 0):
            raise InputError(f"meter: expected a strength of surrogates above 0, got {self.strongest}")

    @classmethod
    def of(cls, gains: Sequence[float], n_words: int, strongest: float | None = None) -> Meter:
        """Make one of what was gained on two surrogates or more.

        Examples
        --------
        >>> Meter.of([9.0, 10.0, 11.0], 60)
        Meter(mean=10.0, sd=1.0, n_words=60, strongest=None)
        """
        if len(gains) < 2:
            raise InputError(f"meter: expected gains on two surrogates or more, got {len(gains)}")
        return cls(float(np.mean(gains)), float(np.std(gains, ddof=1)), n_words, strongest)

    def z(self, gained: float | None) -> float | None:
        """How far what was gained is above that, in standard deviations; None while there are too few words."""
        return None if gained is None else (gained - self.mean) / self.sd
