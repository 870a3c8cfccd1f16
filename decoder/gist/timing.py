"""Which samples a word reaches, and how strongly at each delay.

A sample t responds to a word at the delays d with the weights ``lanczos(t - d - s)``, s being when the word is said, in
samples; samples before the run hold nothing. Noise that goes on from sample to sample (a first-order autoregression r)
is made independent by taking from each sample r times the one before; what follows a lost sample, or begins the run,
stands alone and counts ``sqrt(1 - r^2)``, so that all noise is of one size. The same is done to the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

import numpy as np
from numpy.typing import NDArray

from ...adapters.checks import checked_lags
from ...errors import InputError
from .lanczos import LOBES, lanczos

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WordTiming:
    """How a recording follows words in time.

    Attributes
    ----------
    delays : tuple of int
        In samples, from 0: the response to a word comes this much later.
    lobes : int
        How many samples a word reaches by interpolation, see `hotwire.decoder.gist.lanczos`.
    autocorrelation : float
        Of the noise from one sample to the next, from 0 to below 1.
    """

    delays: tuple[int, ...] = (1, 2, 3, 4)
    lobes: int = LOBES
    autocorrelation: float = 0.0

    def __post_init__(self) -> None:
        if min(checked_lags(self.delays)) < 0:
            raise InputError(f"delays: expected samples after the word, from 0, got {self.delays}")
        if self.lobes < 1:
            raise InputError(f"lobes: expected a whole number of at least 1, got {self.lobes}")
        if not 0 <= self.autocorrelation < 1:
            raise InputError(f"autocorrelation: expected 0 to below 1, got {self.autocorrelation}")

    @property
    def n_reached(self) -> int:
        """How many samples a word reaches."""
        spread = max(self.delays) - min(self.delays) + 2 * self.lobes
        return spread + (self.autocorrelation > 0)

    def first_reached(self, word_sample: float) -> int:
        """The first sample that a word reaches, said at that time in samples; it may be before the run."""
        return floor(word_sample) + 1 - self.lobes + min(self.delays)

    def weights(self, word_sample: float, present: NDArray[np.bool_]) -> Floats:
        """Return the weights (n_reached, n_delays) of a word in the samples from `first_reached` on.

        `present` is one for each sample from one before `first_reached` on: False if it is lost or outside the run.
        """
        first = self.first_reached(word_sample)
        interpolated = np.subtract.outer(np.arange(first - 1, first + self.n_reached), np.array(self.delays))
        made = lanczos(interpolated - word_sample, self.lobes) * (interpolated >= 0)
        return independent(made, present, self.autocorrelation)[1:]


def independent(values: Floats, present: NDArray[np.bool_], autocorrelation: float) -> Floats:
    """Take from each sample the part that the sample before explains; lost samples become zero.

    The first row has none before it.

    Examples
    --------
    >>> independent(np.array([[1.0], [1.0], [9.0], [1.0]]), np.array([True, True, False, True]), 0.6)
    array([[0.8],
           [0.4],
           [0. ],
           [0.8]])
    """
    if not autocorrelation:
        return values * present[:, None]
    linked = np.zeros(len(values), bool)
    linked[1:] = present[1:] & present[:-1]
    before = np.zeros_like(values)
    before[1:] = values[:-1]
    alone = sqrt(1 - autocorrelation**2) * values
    made = np.where(linked[:, None], values - autocorrelation * before, alone)
    return np.where(present[:, None], made, 0.0)


def checked_times(word_samples: Floats, after: float) -> None:
    """Raise InputError unless words come one after the other, and after this time."""
    for one in word_samples.tolist():
        if not one >= after:
            raise InputError(f"words: expected times that never go back, got {one:g} samples after {after:g}")
        after = one
