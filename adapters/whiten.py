"""Whitening: making features that fluctuate together count once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import BundleError
from .checks import require_arrays, require_finite

ARRAYS = ("mean", "matrix")


class Whitener(TransformerMixin, BaseEstimator):
    """Whiten features by the covariance of many samples, which need no labels.

    Neighbouring voxels and electrodes share most of their fluctuations. A ridge penalty on the raw features spends
    itself on those shared directions; on whitened ones it treats all directions alike. The covariance is taken from
    all samples of the training runs, rest included, and shrunk towards a multiple of the identity.

    Attributes
    ----------
    mean_ : (n_features,) array
    matrix_ : (n_features, n_features) array
        Symmetric: the inverse square root of the shrunk covariance.
    shrinkage_ : float
        The weight of the identity, between 0 and 1.

    References
    ----------
    Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices. J. Multivariate
    Analysis 88, 365-411. For its use on voxels: Walther et al. (2016), Reliability of dissimilarity measures for
    multi-voxel pattern analysis. NeuroImage 137, 188-200.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shared = rng.normal(size=(5000, 1))
    >>> voxels = shared + 0.5 * rng.normal(size=(5000, 3))
    >>> np.corrcoef(Whitener().fit_transform(voxels).T).round(1)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """

    n_features_in_: int

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Estimate the covariance.

        Parameters
        ----------
        X : (n_samples, n_features) array-like
        y : None
            Not used.

        Raises
        ------
        NonFiniteError
            If there is NaN or infinity.
        """
        samples = self._checked(X, reset=True)
        self.mean_ = samples.mean(axis=0)
        centred = samples - self.mean_
        self.shrinkage_ = float(ledoit_wolf_shrinkage(centred, assume_centered=True))
        covariance = centred.T @ centred / len(centred)
        level = np.trace(covariance) / len(covariance)
        covariance *= 1 - self.shrinkage_
        covariance[np.diag_indices_from(covariance)] += self.shrinkage_ * level
        variance, directions = np.linalg.eigh(covariance)
        # What no sample varies in (all-constant features, say) is left out rather than blown up.
        kept = variance > variance.max(initial=0.0) * len(variance) * np.finfo(np.float64).eps
        scaled = directions[:, kept] / np.sqrt(variance[kept])
        self.matrix_ = scaled @ directions[:, kept].T
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Whiten.

        Parameters
        ----------
        X : (n_samples, n_features) array-like

        Returns
        -------
        (n_samples, n_features) array
        """
        check_is_fitted(self)
        return (self._checked(X, reset=False) - self.mean_) @ self.matrix_

    def to_arrays(self) -> dict[str, NDArray]:
        """The fitted state, for saving."""
        check_is_fitted(self)
        return {name: getattr(self, f"{name}_") for name in ARRAYS} | {"shrinkage": np.asarray(self.shrinkage_)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """A fitted whitener out of what `to_arrays` gave.

        Raises
        ------
        BundleError
            If an array is missing or has another shape.
        """
        require_arrays("the whitener", arrays, {*ARRAYS, "shrinkage"})
        n_features = len(arrays["mean"])
        if arrays["matrix"].shape != (n_features, n_features):
            raise BundleError(
                f"the whitener's matrix has shape {arrays['matrix'].shape}, expected ({n_features}, {n_features})"
            )
        whitener = cls()
        whitener.mean_, whitener.matrix_ = arrays["mean"], arrays["matrix"]
        whitener.shrinkage_ = float(arrays["shrinkage"])
        whitener.n_features_in_ = n_features
        return whitener

    def _checked(self, X: ArrayLike, *, reset: bool) -> NDArray[np.float64]:
        # Finiteness is checked here, so that the error names the position.
        options: dict[str, Any] = {"X": X, "reset": reset, "ensure_min_samples": 2 if reset else 1}
        samples: Any = validate_data(self, dtype=np.float64, ensure_all_finite=False, **options)
        require_finite("X", samples, column="feature")
        return samples
