"""A model of auditory cortex without a network: the spectrum of a sound, and how that is modulated.

References
----------
Chi, Ru & Shamma (2005), Multiresolution spectrotemporal analysis of complex sounds. J. Acoust. Soc. Am. 118, 887-906.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .cochleagram import FRAMES_PER_S, LOWEST_HZ, N_BANDS, erb_number
from .samples import RATE_HZ

RATES_HZ = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0)
"""Where ranges of modulation in time begin and end."""
SCALES = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Where ranges of modulation along the frequencies begin and end, in cycles per filter of the ear (ERB)."""
N_FEATURES = N_BANDS + 2 * (len(SCALES) - 1) * (len(RATES_HZ) - 1)
"""Of a cochleagram of `N_BANDS` bands: its spectrum, and upward and downward modulations."""


def spectrum_and_modulation(cochleagrams: Sequence[NDArray]) -> NDArray[np.float64]:
    """The spectrum of each sound and the strength of its modulations, (n_sounds, n_bands + n_ranges).

    The spectrum is the mean of a cochleagram (n_bands, n_frames) over time. The strength of a modulation is the root of
    the power of the cochleagram's two-dimensional Fourier transform within a range of rates and scales, for upward and
    downward ones each. All sounds are followed by silence up to the longest, so that they have the same ranges.

    Examples
    --------
    >>> from hotwire.models.sounds.cochleagram import cochleagram
    >>> noise = np.random.default_rng(0).normal(size=(2, 16_000)) / 10
    >>> spectrum_and_modulation([cochleagram(one) for one in noise]).shape
    (2, 120)
    """
    longest = max(one.shape[1] for one in cochleagrams)
    table = np.array([features_of(one, longest) for one in cochleagrams])
    return table[:, np.ptp(table, axis=0) > 0]


def features_of(cochleagram: NDArray, n_frames: int) -> NDArray[np.float64]:
    """The spectrum and the modulations (n_bands + n_ranges,) of one sound, followed by silence up to `n_frames`."""
    return np.hstack([cochleagram.mean(axis=1), _strengths(cochleagram.astype(np.float64), n_frames)])


def _strengths(cochleagram: NDArray, n_frames: int) -> NDArray[np.float64]:
    n_bands = len(cochleagram)
    deviations = cochleagram - cochleagram.mean()
    power = np.abs(np.fft.fft(np.fft.rfft(deviations, n_frames, axis=1), axis=0)) ** 2 / cochleagram.size
    rate_hz = np.fft.rfftfreq(n_frames, 1 / FRAMES_PER_S)
    width = (erb_number(RATE_HZ / 2) - erb_number(LOWEST_HZ)) / (n_bands + 1)
    scale = np.fft.fftfreq(n_bands, width)
    found = []
    for towards in (scale >= 0, scale <= 0):
        for low, high in pairwise(SCALES):
            rows = power[towards & (np.abs(scale) >= low) & (np.abs(scale) < high)].sum(axis=0)
            found += [rows[(rate_hz >= slow) & (rate_hz < fast)].sum() for slow, fast in pairwise(RATES_HZ)]
    return np.sqrt(found)
