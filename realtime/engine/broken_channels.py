"""Channels that carry NaN or infinity: filled, where they are few enough for a decision without them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def filled(
    samples: NDArray[np.float32], middle: NDArray[np.float32], max_bad: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Fill values that are not finite with `middle` (n_features,), in samples where they are at most a share `max_bad`.

    Returns the samples (n_samples, n_features) and which of them can be used (n_samples,): those that are finite now.

    Examples
    --------
    >>> samples = np.array([[1, np.nan, 3, 4], [np.nan, np.nan, 3, 4]], np.float32)
    >>> filled(samples, np.zeros(4, np.float32), max_bad=0.25)[0].tolist()
    [[1.0, 0.0, 3.0, 4.0], [nan, nan, 3.0, 4.0]]
    """
    finite = np.isfinite(samples)
    n_features = samples.shape[1]
    n_broken = n_features - finite.sum(axis=1)
    few = (n_broken <= max_bad * n_features) & (n_broken < n_features)
    return np.where(few[:, None] & ~finite, middle, samples), few


def middle_of(low: NDArray[np.floating], high: NDArray[np.floating]) -> NDArray[np.float32]:
    """The middle of the channels' calibrated ranges."""
    return ((np.asarray(low, np.float64) + high) / 2).astype(np.float32)


def bad_channels(reasons: dict[int, str], n_channels: int, max_bad: float) -> dict[int, str]:
    """Those that a window must not trust, of the reasons of `Quality`; where too many are not finite, the samples are
    missing and not counted twice.
    """
    broken = [i for i, why in reasons.items() if why == "not finite"]
    if len(broken) <= max_bad * n_channels:
        return reasons
    return {i: why for i, why in reasons.items() if why != "not finite"}
