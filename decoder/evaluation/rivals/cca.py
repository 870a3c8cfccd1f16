"""Canonical correlation with sines: the classifier of steady-state evoked potentials; it needs no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from ....errors import InputError
from ...steps.settings import check_count, check_number
from .base import Rival, TrialShape


@dataclass(frozen=True)
class CCA(Rival):
    """The class whose flicker correlates best with the channels.

    `frequencies_hz` gives the flicker of each class; `harmonics` is how many multiples are used, itself included.

    References
    ----------
    Lin et al. (2006), Frequency recognition based on canonical correlation analysis for SSVEP-based BCIs. IEEE Trans.
    Biomed. Eng. 53, 2610-2614.
    """

    frequencies_hz: Mapping[str, float]
    harmonics: int = 2

    name = "cca"
    takes = "samples"
    description = "canonical correlation with sines of each class’s frequency; it is not trained"

    def __post_init__(self) -> None:
        if not isinstance(self.frequencies_hz, Mapping):
            raise InputError(f"frequencies_hz: expected {{class = frequency, ...}}, got {self.frequencies_hz!r}")
        for name, frequency in self.frequencies_hz.items():
            check_number(f"frequencies_hz.{name}", frequency, may_be_least=False)
        check_count("harmonics", self.harmonics, 1)

    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        if set(self.frequencies_hz) != set(shape.classes):
            raise InputError(
                f"frequencies_hz: expected one for each class, {', '.join(shape.classes)}, got those of "
                f"{', '.join(self.frequencies_hz) or 'none'}"
            )
        frequencies = [float(self.frequencies_hz[name]) for name in shape.classes]
        return [_Correlating(sines(frequencies, self.harmonics, shape.n_times, shape.times_hz))]


def sines(frequencies_hz: Sequence[float], harmonics: int, n_times: int, rate_hz: float) -> NDArray[np.float64]:
    """Sines and cosines of each frequency and its harmonics, (n_frequencies, n_times, 2 * harmonics)."""
    harmonic_hz = np.outer(frequencies_hz, np.arange(1, harmonics + 1))
    if harmonic_hz.max() >= rate_hz / 2:
        raise InputError(
            f"harmonics: expected those below half the rate, {rate_hz / 2:g} Hz, got one of "
            f"{harmonic_hz.max():g} Hz; take fewer"
        )
    phase = 2 * np.pi * harmonic_hz[:, None, :] * (np.arange(n_times) / rate_hz)[None, :, None]
    return np.concatenate([np.sin(phase), np.cos(phase)], axis=2)


def canonical_correlation(X: ArrayLike, Y: ArrayLike) -> float:
    """Largest correlation between a mixture of the columns of X (n_samples, n) and one of Y, after removing trends.

    Examples
    --------
    >>> t = np.linspace(0.0, 6.0, 100)
    >>> mixed = np.stack([np.sin(t) + np.cos(3 * t), np.cos(3 * t)], axis=1)
    >>> round(canonical_correlation(mixed, np.stack([np.sin(t)], axis=1)), 6)
    1.0
    """
    bases = [_basis(np.asarray(one, np.float64)) for one in (X, Y)]
    between = bases[0].T @ bases[1]
    return float(np.linalg.svd(between, compute_uv=False).max()) if between.size else 0.0


def _basis(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal basis of the columns without straight lines; dependent columns are left out."""
    line = np.linalg.qr(np.vander(np.linspace(-1, 1, len(X)), 2))[0]
    left, sizes, _ = np.linalg.svd(X - line @ (line.T @ X), full_matrices=False)
    return left[:, sizes > 1e-10 * max(np.linalg.norm(X), 1e-300)]


class _Correlating(ClassifierMixin, BaseEstimator):
    """A classifier of trials (n_trials, n_channels, n_times) with nothing to fit."""

    def __init__(self, references: NDArray[np.float64]) -> None:
        self.references = references

    def fit(self, X: NDArray, y: NDArray) -> _Correlating:
        self.classes_ = np.arange(len(self.references))
        return self

    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        each = [[canonical_correlation(x.T, reference) for reference in self.references] for x in X]
        scores = np.array(each).reshape(len(X), len(self.references))
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores
