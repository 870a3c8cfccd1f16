"""The noise of a recording, in its units: how it goes on from sample to sample, and what is new in each.

Of what a model leaves unexplained, r_t, on runs that it was not fitted on, one autocorrelation a for all voxels is
estimated, and the covariance of ``r_t - a r_{t-1}``, which is new in sample t. The likelihood of a run is then the
product over its samples; were the autocorrelation left out, each sample would be counted as if it were independent of
the one before, and a posterior would be too sure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...adapters.effective_samples import run_lengths
from ...adapters.whiten import Whitener
from .timing import independent

Floats = NDArray[np.float64]

MOST = 0.95
"""Slower noise is drift, which a step removes before."""


class NoiseEstimate(NamedTuple):
    """The autocorrelation from one sample to the next, and the whitener of what is new in each sample."""

    autocorrelation: float
    whitener: Whitener


def noise_of(residuals: Floats, pieces: NDArray) -> NoiseEstimate:
    """Estimate the noise from residuals (n_samples, n_voxels).

    `pieces` (n_samples,) labels stretches of neighbours in time: of each, samples follow one another.
    """
    autocorrelation = autocorrelation_of(residuals, pieces)
    new = new_in(residuals, pieces, autocorrelation)
    return NoiseEstimate(autocorrelation, Whitener(count="effective samples").fit(new, groups=pieces))


def new_in(values: Floats, pieces: NDArray, autocorrelation: float) -> Floats:
    """What is new in each sample (n_samples, n), piece by piece, see `hotwire.decoder.gist.timing.independent`."""
    parts = np.split(values, np.cumsum(run_lengths(pieces))[:-1])
    return np.concatenate([independent(part, np.ones(len(part), bool), autocorrelation) for part in parts])


def autocorrelation_of(residuals: Floats, pieces: NDArray) -> float:
    """One for all voxels, each weighted by its variance; at least 0.

    Examples
    --------
    >>> autocorrelation_of(np.array([[2.0], [1.0], [-1.0], [5.0]]), np.array([1, 1, 1, 2]))
    0.2
    """
    linked = pieces[1:] == pieces[:-1]
    before, after = residuals[:-1][linked], residuals[1:][linked]
    power = float((before**2).sum())
    return float(np.clip((before * after).sum() / power, 0.0, MOST)) if power else 0.0
