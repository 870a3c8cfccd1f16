"""From words to samples: what is known of each word, interpolated to the times of the samples.

With x the time from a word to a sample, in samples, the word's weight in that sample is::

    sinc(x) sinc(x / lobes)    for |x| < lobes, else 0;    sinc(x) = sin(pi x) / (pi x)

A sample's weights are *not* made to add up to one (as in Huth et al. 2016, Tang et al. 2023): where more is said, more
is added up, so interpolated features also carry the rate of words.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError

Floats = NDArray[np.float64]

LOBES = 3
"""As the reference has it: a word reaches two samples back in time. With 1 and delays of at least one sample none
precedes the word, so the model is causal, and decides two samples earlier."""


def lanczos(x: ArrayLike, lobes: int = LOBES) -> Floats:
    """Return the weight of a word in a sample that is `x` samples later.

    Examples
    --------
    >>> lanczos([-3.0, -0.5, 0.0, 0.5, 1.5]).round(3)
    array([ 0.   ,  0.608,  1.   ,  0.608, -0.135])
    """
    x = np.asarray(x, np.float64)
    return np.where(np.abs(x) < lobes, np.sinc(x) * np.sinc(x / lobes), 0.0)


def lanczos_matrix(word_samples: ArrayLike, samples: ArrayLike, lobes: int = LOBES) -> Floats:
    """Return the weights (n_samples, n_words) of words in samples, both at times counted in samples."""
    return lanczos(np.subtract.outer(np.asarray(samples, np.float64), np.asarray(word_samples, np.float64)), lobes)


def words_to_samples(
    features: ArrayLike, middle_s: ArrayLike, n_samples: int, rate_hz: float, lobes: int = LOBES
) -> Floats:
    """Interpolate the features of a run's words to its samples, each at its middle: sample i at (i + 1/2) / rate_hz.

    Parameters
    ----------
    features : array (n_words, n_features)
    middle_s : array (n_words,)
        When each word is said, in seconds since the run's first sample.
    n_samples : int
    rate_hz : float
    lobes : int
        How many samples a word reaches in both directions, from 1.

    Returns
    -------
    array (n_samples, n_features)

    Examples
    --------
    >>> words_to_samples([[1.0], [1.0]], [3.0, 4.0], n_samples=3, rate_hz=0.5).round(3).tolist()
    [[-0.135], [1.608], [0.608]]
    """
    features, word_samples = np.asarray(features, np.float64), sample_of(middle_s, rate_hz)
    if features.ndim != 2 or word_samples.shape != (len(features),):
        raise ShapeError(
            f"features: expected (n_words, n_features) and one time for each word, got {features.shape} and "
            f"{word_samples.shape}"
        )
    if lobes < 1:
        raise InputError(f"lobes: expected a whole number of at least 1, got {lobes}")
    made = np.zeros((n_samples, features.shape[1]))
    nearest = np.floor(word_samples).astype(np.intp)
    for step in range(1 - lobes, lobes + 1):
        to = nearest + step
        inside = (to >= 0) & (to < n_samples)
        weights = lanczos(to[inside] - word_samples[inside], lobes)
        np.add.at(made, to[inside], weights[:, None] * features[inside])
    return made


def sample_of(time_s: ArrayLike, rate_hz: float) -> Floats:
    """Return times counted in samples, of which each stands for its middle.

    Examples
    --------
    >>> sample_of([1.0, 3.0], rate_hz=0.5)
    array([0., 1.])
    """
    return np.asarray(time_s, np.float64) * rate_hz - 0.5
