"""Whitening: features that vary together count once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import BundleError, ShapeError
from .checks import require_arrays, require_finite, require_policies
from .effective_samples import run_lengths
from .plan import plan_whitening, require_memory
from .rows import each_row
from .shrunk_covariance import Root, inverse_root, inverse_root_matrix
from .unit_blocks import Floats, UnitBlocks, exact_mean

COUNTS = {"count": ("samples", "effective samples")}
FACTORS = ("level", "directions", "gains")

FEWER = "take fewer features (a mask of grey matter, a region), or leave whitening out"

logger = logging.getLogger("hotwire")


class Whitener(TransformerMixin, BaseEstimator):
    """Whiten features by the covariance of many samples, without labels.

    Neighbouring voxels and electrodes share most of their variation. On raw features a ridge hardly penalises those
    shared directions; on whitened features it treats all directions alike. The covariance is estimated from all samples
    of the training runs, including rest, and shrunk towards a multiple of the identity.

    Parameters
    ----------
    count : {"samples", "effective samples"}
        The number of samples that the shrinkage is for. ``"samples"``: all of them, as if they were independent
        (Ledoit & Wolf). ``"effective samples"``: as many independent ones as they are worth, because samples near in
        time are alike and their covariance is noisier than of so many independent ones (Bartz & Mueller); see
        `hotwire.adapters.effective_samples.effective_samples`.

    Attributes
    ----------
    mean_ : (n_features,) array
    matrix_ : (n_features, n_features) array or None
        The inverse square root of the shrunk covariance. None if there are more features than samples.
    root_ : Root or None
        The same in factors, if there are more features than samples: (n_features, n_samples) numbers instead of a
        matrix of voxels by voxels. None if there is a `matrix_`.
    shrinkage_ : float
        The weight of the identity, between 0 and 1.
    n_effective_ : float
        The number of samples that the shrinkage is for; NaN if read from a bundle that does not hold it.

    Notes
    -----
    Both ways are exact. float32 samples are not copied as a whole; some features at a time are converted to float64.
    200,000 voxels x 1,452 volumes need 2.3 GB in addition to the samples. It raises at the start if the machine has
    less.

    References
    ----------
    Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices. J. Multivariate
    Analysis 88, 365-411. For its use on voxels: Walther et al. (2016), Reliability of dissimilarity measures for
    multi-voxel pattern analysis. NeuroImage 137, 188-200. For samples near in time: Bartz & Mueller (2014), Covariance
    shrinkage for autocorrelated data. NIPS 27.

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
    matrix_: Any  # an array or None, as `root_` is there or not
    root_: Root | None

    def __init__(self, count: str = "samples") -> None:
        self.count = count

    def fit(
        self, X: ArrayLike, y: None = None, groups: ArrayLike | None = None, n_dimensions: int | None = None
    ) -> Self:
        """Estimate the covariance of (n_samples, n_features); y is not used.

        `groups` (n_samples,) is the run of each sample: neighbours of the same run follow each other in time. By
        default all samples are one run. Only ``"effective samples"`` depends on it.

        Where the features are coordinates in a space of more dimensions, see `hotwire.adapters.row_space`,
        `n_dimensions` is their number: the covariance is shrunk as that of all of them.

        Raises
        ------
        UnknownNameError
            If `count` has another value.
        ShapeError
            If `groups` has another number of samples.
        NonFiniteError
            If there is NaN or infinity.
        InputError
            If the memory is too small.
        """
        require_policies(self, COUNTS)
        samples = self._given(X, reset=True, ensure_min_samples=2)
        n_samples, n_features = samples.shape
        lengths = None if self.count == "samples" else _lengths(groups, n_samples)
        plan = plan_whitening(n_samples, n_features, itemsize=samples.itemsize)
        logger.info("whitening %d features by %d samples: %s", n_features, n_samples, plan)
        require_memory(plan, what=f"whitening {n_features} features by {n_samples} samples", instead=FEWER)
        require_finite("X", samples, column="feature")
        self.matrix_ = self.root_ = None
        if plan.solver == "dual":
            targets = UnitBlocks(samples)
            self.root_, shrinkage = inverse_root(targets, lengths, n_dimensions)
            self.mean_ = targets.mean
        else:
            samples = samples.astype(np.float64, copy=False)
            self.mean_ = exact_mean(samples)
            self.matrix_, shrinkage = inverse_root_matrix(samples - self.mean_, lengths, n_dimensions)
        self.shrinkage_, self.n_effective_ = shrinkage.weight, float(shrinkage.n_samples)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Whiten (n_samples, n_features). A sample's result does not depend on the others, with a `matrix_` bit for
        bit.
        """
        check_is_fitted(self)
        samples = self._checked(X)
        if self.root_ is None:
            return each_row(samples - self.mean_, self.matrix_)
        return self.root_.times(samples, self.mean_)

    def inverse_transform(self, X: ArrayLike) -> Floats:
        """Undo the whitening of (n_samples, n_features); directions without variance are lost."""
        check_is_fitted(self)
        whitened = self._checked(X)
        if self.root_ is None:
            return self.mean_ + whitened @ np.linalg.pinv(self.matrix_, hermitian=True)
        return self.mean_ + self.root_.inverse().times(whitened)

    def pulled_back(self, weights: Floats) -> Floats:
        """Linear functions (n_features, k) of whitened features as functions of the features' deviations from their
        mean.

        It is the whitening matrix times `weights`; the matrix is not formed if it is in factors.
        """
        check_is_fitted(self)
        return self.matrix_ @ weights if self.root_ is None else self.root_.times(weights.T).T

    def to_arrays(self) -> dict[str, NDArray]:
        """The fitted state, for saving."""
        check_is_fitted(self)
        root = {"matrix": self.matrix_} if self.root_ is None else self.root_._asdict()
        numbers = {"shrinkage": np.asarray(self.shrinkage_), "n_effective": np.asarray(self.n_effective_)}
        return {"mean": self.mean_, **root, **numbers}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """A fitted whitener from the arrays of `to_arrays`; BundleError if an array is missing or has another shape."""
        names = FACTORS if "directions" in arrays else ("matrix",)
        require_arrays("the whitener", arrays, {"mean", *names, "shrinkage"})
        n_features, k = len(arrays["mean"]), np.shape(arrays.get("gains", ()))[:1]
        expected = {
            "matrix": (n_features, n_features),
            "level": (n_features,),
            "directions": (n_features, *k),
            "gains": k,
            "shrinkage": (),
        }
        for name in (*names, "shrinkage"):
            if arrays[name].shape != expected[name]:
                raise BundleError(f"the whitener's {name} has shape {arrays[name].shape}, expected {expected[name]}")
        whitener = cls()
        whitener.mean_, whitener.shrinkage_ = arrays["mean"], float(arrays["shrinkage"])
        whitener.n_effective_ = float(arrays.get("n_effective", np.nan))
        whitener.matrix_ = arrays["matrix"] if names == ("matrix",) else None
        whitener.root_ = None if names == ("matrix",) else Root(*(arrays[name] for name in FACTORS))
        whitener.n_features_in_ = n_features
        return whitener

    def _checked(self, X: ArrayLike) -> NDArray:
        samples = self._given(X, reset=False)
        require_finite("X", samples, column="feature")
        return samples

    def _given(self, X: Any, **options: Any) -> NDArray:
        """Samples in float64, or float32 if given so. They may be not finite: a later check reports the position."""
        samples: Any = validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite=False, **options)
        return samples


def _lengths(groups: ArrayLike | None, n_samples: int) -> list[int]:
    if groups is None:
        return [n_samples]
    given = np.asarray(groups)
    if given.shape != (n_samples,):
        raise ShapeError(f"groups: expected the run of each of {n_samples} samples, got shape {given.shape}")
    return run_lengths(given)
