"""Common spatial patterns: filters whose output varies most differently between classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..steps.settings import check_count
from .base import Features, FittedFeatures
from .covariance import lwf, scm, shrunk, spanned
from .geometry import joint_diagonaliser
from .trials import OfArrays, centred, check_trials, floor_of, trials_of

SHRINKAGES = ("ledoit-wolf", "none")


@dataclass(frozen=True, eq=False)
class FittedCSP(OfArrays):
    """Holds the filters (n_channels, n_filters), and the variance floor of each filter's output, (n_filters,)."""

    kind: ClassVar[str] = "CSP"
    filters: NDArray[np.float64]
    floor: NDArray[np.float64]

    @property
    def n_out(self) -> int:  # type: ignore[override]
        return self.filters.shape[1]

    def _one(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        filtered = (x - x.mean(axis=0)) @ self.filters
        return np.log(np.maximum(np.mean(filtered * filtered, axis=0), self.floor))


@dataclass(frozen=True)
class CSP(Features):
    """Log variance after common spatial patterns.

    Two classes: the filters are the generalised eigenvectors of the classes' covariances, those first whose variance
    differs most. Several classes: the directions that jointly diagonalise their covariances as well as can be, those
    first whose variance says most about the class. Both, and the covariance of a class over all its samples without
    dividing trials by their trace, are as `mne.decoding.CSP` has them by default, except for the order for several
    classes, which is by the information itself instead of its approximation. Every trial's mean is subtracted first.

    Parameters
    ----------
    n_filters : int
        Where there are fewer independent channels, there are only so many.
    shrinkage : {"ledoit-wolf", "none"} or float
        Of the classes' covariances towards a multiple of the identity; a number between 0 and 1 is its weight.

    References
    ----------
    Blankertz, Tomioka, Lemm, Kawanabe & Müller (2008), Optimizing spatial filters for robust EEG single-trial
    analysis. IEEE Signal Processing Magazine 25, 41-56.
    Grosse-Wentrup & Buss (2008), Multiclass common spatial patterns and information theoretic feature extraction.
    IEEE Trans. Biomedical Engineering 55, 1991-2000.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> classes = np.arange(40) % 2
    >>> strength = np.where(classes[:, None, None] == 1, [1.0, 3.0], [3.0, 1.0])
    >>> X = (strength * rng.normal(size=(40, 200, 2))) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(40, 200, 5))
    >>> first, second = CSP(2).fit(X, classes, 100.0).transform(X).T
    >>> bool(abs(np.corrcoef(first, classes)[0, 1]) > 0.9)
    True
    """

    fitted: ClassVar[type[FittedFeatures]] = FittedCSP

    n_filters: int = 6
    shrinkage: float | Literal["ledoit-wolf", "none"] = "ledoit-wolf"

    def __post_init__(self) -> None:
        check_count("n_filters", self.n_filters, 1)
        if isinstance(self.shrinkage, str):
            valid = self.shrinkage in SHRINKAGES
        else:
            valid = not isinstance(self.shrinkage, bool) and 0 <= self.shrinkage <= 1
        if not valid:
            raise InputError(
                f"shrinkage: expected {' or '.join(map(repr, SHRINKAGES))} or a weight from 0 to 1, got "
                f"{self.shrinkage!r}"
            )

    def fit(self, X: NDArray, classes: NDArray[np.intp], rate_hz: float) -> FittedCSP:
        check_trials(X)
        of_classes = [np.concatenate([centred(x) for x in X[these]]) for these in trials_of(classes, len(X))]
        space = spanned(scm(np.concatenate(of_classes)))
        covariances = np.array([self._covariance(samples @ space) for samples in of_classes])
        if np.linalg.eigvalsh(covariances)[:, 0].min() <= 0:
            raise InputError(
                "CSP: too few samples for the covariance of a class, so that some direction does not vary at all; "
                "record more trials, use longer windows, or shrinkage = 'ledoit-wolf'"
            )
        filters = space @ csp_filters(covariances)[:, : self.n_filters]
        variance = np.array([scm(centred(x) @ filters).diagonal() for x in X])
        return FittedCSP(shape=np.array(X.shape[1:]), filters=filters, floor=floor_of(variance))

    def _covariance(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.shrinkage == "ledoit-wolf":
            return lwf(samples)
        return shrunk(scm(samples), 0.0 if isinstance(self.shrinkage, str) else self.shrinkage)


def csp_filters(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return spatial filters (n_channels, n_channels), one a column, from the covariance of each class; best first.

    A filter's output has variance one under the classes' summed (two) or mean (several) covariance.
    """
    if len(covariances) == 2:
        from scipy.linalg import eigh

        part, filters = eigh(covariances[0], covariances.sum(axis=0))
        return filters[:, np.argsort(np.abs(part - 0.5))[::-1]]
    filters = joint_diagonaliser(covariances)
    filters = filters / np.sqrt(_variances(covariances.mean(axis=0), filters))
    variance = np.array([_variances(covariance, filters) for covariance in covariances])
    return filters[:, np.argsort(information(variance))[::-1]]


def information(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the information (nats) of a Gaussian signal about equally frequent classes that differ in its variance.

    From (n_classes, n_signals) to (n_signals,): 0 where all variances are the same, at most the logarithm of the number
    of classes. Grosse-Wentrup & Buss approximate this integral by moments, which puts the most informative signals last
    once a class has several times the variance of the others.

    Examples
    --------
    >>> information(np.array([[4.0, 1e8], [1.0, 1e-8]])).round(2)
    array([0.09, 0.69])
    """
    nats = []
    for of_classes in (variance / variance.mean(axis=0)).T:
        width = np.sqrt(of_classes)
        # Points equally spaced in the logarithm suit narrow and wide distributions alike.
        log_x = np.linspace(np.log(1e-8 * width.min()), np.log(10 * width.max()), 2000)
        density = np.exp(-0.5 * np.exp(2 * log_x) / of_classes[:, None]) / (np.sqrt(2 * np.pi) * width[:, None])
        mixture = density.mean(axis=0)
        surprise = -mixture * np.log(np.maximum(mixture, np.finfo(np.float64).tiny)) * np.exp(log_x)
        entropy = 2 * np.trapezoid(surprise, log_x)
        nats.append(entropy - np.mean(0.5 * np.log(2 * np.pi * np.e * of_classes)))
    return np.array(nats)


def _variances(covariance: NDArray[np.float64], filters: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sum(filters * (covariance @ filters), axis=0)
