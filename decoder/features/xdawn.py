"""xDAWN: filters that raise an evoked response above the ongoing activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..steps.settings import check_count
from .base import Features, FittedFeatures
from .covariance import scm, spanned
from .trials import OfArrays, centred, check_trials, trials_of


@dataclass(frozen=True, eq=False)
class FittedXDawn(OfArrays):
    """Holds the filters of all classes, (n_channels, n_filters)."""

    kind: ClassVar[str] = "XDawn"
    filters: NDArray[np.float64]

    @property
    def n_out(self) -> int:  # type: ignore[override]
        return int(self.shape[0]) * self.filters.shape[1]

    def _one(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x @ self.filters).reshape(-1)


@dataclass(frozen=True)
class XDawn(Features):
    """The samples after xDAWN's spatial filters, those of one class after those of another.

    The filters of a class raise the variance of its average trial over that of all samples. Overlapping responses are
    not separated.

    Parameters
    ----------
    n_filters : int
        For each class. Where there are fewer independent channels, there are only so many.

    References
    ----------
    Rivet, Souloumiac, Attina & Gibert (2009), xDAWN algorithm to enhance evoked potentials: application to
    brain-computer interface. IEEE Trans. Biomedical Engineering 56, 2035-2043.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(30, 16, 8))
    >>> XDawn(n_filters=2).fit(X, np.arange(30) % 2, 20.0).one(X[0]).shape
    (64,)
    """

    fitted: ClassVar[type[FittedFeatures]] = FittedXDawn

    n_filters: int = 4

    def __post_init__(self) -> None:
        check_count("n_filters", self.n_filters, 1)

    def fit(self, X: NDArray, classes: NDArray[np.intp], rate_hz: float) -> FittedXDawn:
        check_trials(X)
        filters = xdawn_filters(X, trials_of(classes, len(X)), self.n_filters)
        return FittedXDawn(shape=np.array(X.shape[1:]), filters=np.concatenate(filters, axis=1))


def xdawn_filters(X: NDArray, of_classes: list[NDArray[np.intp]], n_filters: int) -> list[NDArray[np.float64]]:
    """Return spatial filters of length one, (n_channels, n_filters), for each class's trials; best signal to noise
    first.
    """
    from scipy.linalg import eigh

    all_samples = scm(centred(X.reshape(-1, X.shape[2])))
    space = spanned(all_samples)
    noise = space.T @ all_samples @ space
    filters = []
    for trials in of_classes:
        evoked = scm(centred(X[trials].mean(axis=0, dtype=np.float64)) @ space)
        best = space @ eigh(evoked, noise)[1][:, : -n_filters - 1 : -1]
        filters.append(best / np.linalg.norm(best, axis=0))
    return filters
