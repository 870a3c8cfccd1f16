"""Surrogates of recordings: as noisy, and nothing in them is locked to what happened."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def phase_randomised(samples: ArrayLike, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return samples (n_samples, n_features) whose phases are random, the same for all features.

    Means, spectra, and correlations between features at all lags stay, in a circle (Prichard & Theiler 1994).

    Examples
    --------
    >>> samples = np.random.default_rng(0).normal(size=(64, 3))
    >>> made = phase_randomised(samples, np.random.default_rng(1))
    >>> np.allclose(np.cov(made.T), np.cov(samples.T)), np.allclose(made, samples)
    (True, False)
    """
    samples = np.asarray(samples, np.float64)
    spectrum = np.fft.rfft(samples, axis=0)
    last = len(samples) // 2 + len(samples) % 2  # the mean, and the highest frequency of an even number, are real
    spectrum[1:last] *= np.exp(2j * np.pi * rng.random(last - 1))[:, None]
    return np.fft.irfft(spectrum, n=len(samples), axis=0)
