"""Samples made comparable: without drift and label responses, with one variance in all directions and over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...recordings.recording import Recording
from .matches import Floats, run_codes
from .samples import without_drift

HIGHEST_ORDER = 24
SMALL_COMPONENT = 0.01
SAMPLES_PER_COMPONENT = 3
NOISE_FLOOR = 0.02
"""Added to the variance before filtering in time, so that noise in a copy does not become large."""
FEW_OF_GROUP = 3


def runs_without_drift(data: Floats, code: NDArray[np.intp]) -> Floats:
    """Without each run's mean, slope and bow; runs of one sample, without the mean of all."""
    size = np.bincount(code)
    if size.max() == 1:
        return data - data.mean(axis=0, dtype=np.float64).astype(np.float32)
    rest = np.empty_like(data)
    for start, n in zip(np.cumsum(size) - size, size, strict=True):
        part = slice(int(start), int(start + n))
        rest[part] = without_drift(data[part], 2 if n >= 8 else 0)
    return rest


def without_labels(data: Floats, recording: Recording, first: NDArray[np.intp], per_bin: int) -> Floats:
    """Without the mean of all samples at the same delay after events of the same label."""
    events, code = recording.events, run_codes(recording)
    if not len(events):
        return data
    start = np.searchsorted(code, np.arange(code[-1] + 1))
    number = {name: i for i, name in enumerate(recording.run[start].tolist())}
    onset = start[[number[name] for name in events.run.tolist()]] + np.round(events.onset_s * recording.rate_hz)
    order = np.argsort(onset, kind="stable")
    onset, label = onset[order].astype(np.intp), np.unique(events.label, return_inverse=True)[1][order]
    newest = np.searchsorted(onset, first, side="right") - 1
    follows = (newest >= 0) & (code[np.minimum(onset[newest], len(code) - 1)] == code[first])
    since = np.where(follows, (first - onset[newest]) // per_bin, 0)
    alike = np.where(follows, label[newest] * (since.max() + 1) + since, -1)
    return np.where(follows[:, None], without_means(data, alike), data)


def without_means(data: Floats, group: NDArray[np.intp]) -> Floats:
    """Without the mean of their group, where the group is large enough to have one."""
    _, group, count = np.unique(group, return_inverse=True, return_counts=True)
    begins = np.r_[0, np.cumsum(count)[:-1]]
    means = np.add.reduceat(data[np.argsort(group, kind="stable")], begins, axis=0) / count[:, None]
    means[count < FEW_OF_GROUP] = 0
    return data - means[group].astype(np.float32)


def even_in_space(data: Floats) -> Floats:
    """Principal components of equal variance, the largest first."""
    covariance = np.cov(data.T).reshape(data.shape[1], -1)
    variance, directions = np.linalg.eigh(covariance)
    large = np.flatnonzero(variance > SMALL_COMPONENT * variance.mean())[::-1][: len(data) // SAMPLES_PER_COMPONENT]
    return (data @ (directions[:, large] / np.sqrt(variance[large]))).astype(np.float32)


def even_in_time(data: Floats, code: NDArray[np.intp]) -> Floats:
    """What the samples just before do not predict linearly, by the same filter for all components."""
    from scipy.linalg import solve_toeplitz

    order = int(min(HIGHEST_ORDER, np.median(np.bincount(code)) // 4))
    if order < 1:
        return data
    shared = np.array([np.mean(data**2)] + [_product(data, code, lag) for lag in range(1, order + 1)])
    shared[0] *= 1 + NOISE_FLOOR
    weights = solve_toeplitz(shared[:-1], shared[1:]).astype(np.float32)
    rest = data.copy()
    for lag, weight in enumerate(weights, 1):
        rest[lag:] -= weight * data[:-lag] * (code[lag:] == code[:-lag])[:, None]
    rest[np.arange(len(code)) - np.searchsorted(code, code) < order] = 0  # a run's first samples have no past
    return rest


def _product(data: Floats, code: NDArray[np.intp], lag: int) -> float:
    """The mean product of samples of one run at this lag, as if all samples had such a partner."""
    together = code[lag:] == code[:-lag]
    return float(np.einsum("ij,ij->i", data[lag:], data[:-lag])[together].sum(dtype=np.float64)) / data.size


def independent_in_time(data: Floats, code: NDArray[np.intp]) -> float:
    """The effective share of independent samples (Bartlett 1946)."""
    lags = range(1, min(2 * HIGHEST_ORDER, len(data) - 1) + 1)
    alike = np.array([_product(data, code, lag) for lag in lags]) / max(np.mean(data**2), 1e-12)
    return 1 / (1 + 2 * float(np.sum(alike**2)))


def dimension_of(data: Floats) -> float:
    """The effective number of independent components (participation ratio)."""
    covariance = data.T @ data
    return float(np.trace(covariance) ** 2 / np.sum(covariance.astype(np.float64) ** 2))
