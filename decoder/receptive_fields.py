"""Receptive fields: each site sees a layer's maps through one Gaussian mask, the same for all channels.

The response is the sum over channels of a weight times the channel's mean over positions, weighted by the mask. The
mask is one of a fixed family, chosen for each site as its strength is: by the least error within the training. So all
is linear but that choice, and sites that are tried on a mask share its decomposition.

References
----------
St-Yves & Naselaris (2018), The feature-weighted receptive field: an interpretable encoding model for complex feature
spaces. NeuroImage 180, 188-202.

Klindt, Ecker, Euler & Bethge (2017), Neural system identification for large populations separating "what" and "where".
Advances in Neural Information Processing Systems 30.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..adapters.ridge.ridge import RidgeAdapter

RECEPTIVE_FIELD: Literal["receptive field"] = "receptive field"
N_CENTRES = 5
"""Of fields along a side of the map."""
WIDTHS = (0.1, 0.2, 0.4)


class ReceptiveField(NamedTuple):
    """A Gaussian; its centre, from the top left, and its standard deviation are parts of the map's height and width."""

    y: float
    x: float
    width: float

    def mask(self, height: int, width: int) -> NDArray[np.float64]:
        """The weight of each position (height, width); their sum is 1.

        Examples
        --------
        >>> ReceptiveField(0.5, 0.25, 0.2).mask(1, 2).round(2).tolist()
        [[0.96, 0.04]]
        """
        rows, columns = (
            np.exp(-0.5 * (((np.arange(n) + 0.5) / n - centre) / self.width) ** 2)
            for n, centre in ((height, self.y), (width, self.x))
        )
        return np.outer(rows / rows.sum(), columns / columns.sum())


CENTRES = tuple((i + 0.5) / N_CENTRES for i in range(N_CENTRES))
FIELDS = tuple(ReceptiveField(y, x, width) for width in WIDTHS for y in CENTRES for x in CENTRES)
"""The family from which each site's is chosen."""

ABOUT_FIELDS = (
    "Each site sees the maps of a layer through one mask, the same for all channels, and has a weight for each channel "
    "(St-Yves & Naselaris 2018). The mask is the Gaussian of the least error within the training, of "
    f"{N_CENTRES} x {N_CENTRES} centres and widths (standard deviations) of {', '.join(f'{one:g}' for one in WIDTHS)} "
    "of the picture's side; all layers together share it."
)


def masks(height: int, width: int) -> NDArray[np.float64]:
    """The masks of all `FIELDS`, (n_fields, height * width)."""
    return np.array([field.mask(height, width).ravel() for field in FIELDS])


class FieldRidge:
    """Ridge of each site from the channels of one field, which is chosen within the training, as its strength is.

    Attributes
    ----------
    field_ : (n_sites,) array of int
        The position of each site's field among those tried.
    alpha_ : (n_sites,) array
    cv_errors_ : (n_fields, n_sites) array
        The error within the training at each field's best strength.
    coef_ : (n_sites, n_fields * n_channels) array
        0 in the fields that the site does not use.
    x_mean_, y_mean_ : (n_fields * n_channels,) and (n_sites,) arrays

    Examples
    --------
    >>> channels = np.random.default_rng(0).normal(size=(40, 3, 2))
    >>> ridge = FieldRidge(RidgeAdapter(alpha_per="unit", cv="gcv")).fit(channels, channels[:, 1])
    >>> ridge.field_.tolist(), bool(np.allclose(ridge.predict(channels), channels[:, 1], atol=1e-3))
    ([1, 1], True)
    """

    def __init__(self, ridge: RidgeAdapter) -> None:
        self.ridge = ridge

    def fit(self, X: NDArray, Y: NDArray, groups: ArrayLike | None = None) -> Self:
        """Try every field of X (n_stimuli, n_fields, n_channels) for each site of Y (n_stimuli, n_sites) or (n,)."""
        self.y_mean_ = Y.mean(axis=0)
        Y = Y.reshape(len(Y), -1)
        n_fields, n_channels, n_sites = *X.shape[1:], Y.shape[1]
        self.cv_errors_ = np.empty((n_fields, n_sites))
        self.field_, self.alpha_ = np.zeros(n_sites, np.intp), np.empty(n_sites)
        chosen, least = np.empty((n_sites, n_channels)), np.full(n_sites, np.inf)
        for number in range(n_fields):
            fitted = self.ridge.fit(X[:, number], Y, groups=groups)
            assert fitted.cv_errors_ is not None
            self.cv_errors_[number] = fitted.cv_errors_.min(axis=0)
            better = np.flatnonzero(self.cv_errors_[number] < least)
            if better.size:
                least[better] = self.cv_errors_[number, better]
                self.field_[better], self.alpha_[better] = number, np.asarray(fitted.alpha_)[better]
                chosen[better] = fitted.coef_[better]
        coef = np.zeros((n_sites, n_fields, n_channels))
        coef[np.arange(n_sites), self.field_] = chosen
        self.coef_ = coef.reshape(n_sites, -1)
        self.x_mean_ = X.mean(axis=0, dtype=np.float64).ravel()
        return self

    def predict(self, X: NDArray) -> NDArray[np.float64]:
        """Predict responses (n_stimuli, n_sites) from the channels of every field (n_stimuli, n_fields, n_channels)."""
        deviations = (X.reshape(len(X), -1) - self.x_mean_) @ self.coef_.T
        return deviations.reshape(len(X), *self.y_mean_.shape) + self.y_mean_
