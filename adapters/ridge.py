"""RidgeAdapter: the linear map from brain activity to a layer's activations, with its gain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, UnknownNameError
from .factored import FactoredAdapter, Shapes, plain
from .folds import Splitter, encode_groups, split_samples
from .gain import GAINS, gain_for
from .solvers import (
    factors_for_all,
    factors_per_unit,
    prepare_folds,
    search,
    spectrum,
    standardise,
)
from .targets import Floats, Targets, low_rank_scores

POLICIES = {
    "alpha_per": ("all", "unit"),
    "choose_by": ("error", "direction"),
    "gain": GAINS,
    "scale": ("none", "unit_variance"),
}

DEFAULT_ALPHAS = tuple(float(alpha) for alpha in np.logspace(-2, 6, 17))


class RidgeAdapter(FactoredAdapter):
    """Ridge regression into layers of any width, kept in factors, with a gain.

    A prediction is::

        ((X - x_mean_) / x_scale_) @ projection_ @ expansion_ * gain_ + y_mean_

    Parameters
    ----------
    alphas : float or sequence of float
        Regularisation strengths, all above 0, on the scale of scikit-learn's `Ridge`. With a single one there
        is no cross-validation; of several, one is chosen on held-out samples as `choose_by` says.
    alpha_per : {"all", "unit"}
        One strength for all units (the error is summed over them), or each unit its own. With one for all,
        the search is done on at most n_samples scores of Y and never touches the wide axis.
    choose_by : {"error", "direction"}
        ``"error"``: the least mean squared error. ``"direction"``: the largest squared cosine between predicted and
        true deviations from the mean, for predictions that a gain will give their size anyway: the error prefers weak
        strengths only because strong ones shrink.
    gain : {"none", "total", "unit"}
        A factor on the prediction's deviation from `y_mean_`. ``"none"``: 1, the shrunk predictions of plain
        ridge. ``"total"``: one factor, such that on the training samples the variance summed over units is
        that of Y. ``"unit"``: one factor per unit, each restoring its unit's variance (1 where nothing is
        predicted).
    scale : {"none", "unit_variance"}
        What is done to features after centring. Features that do not vary keep scale 1 and get no weight.
    cv : int or splitter, optional
        A number of folds, or one of scikit-learn's splitters. Left out: leave one group out with up to 20
        groups, 10 folds of whole groups with more, and 5 folds of neighbouring samples without groups.

    Attributes
    ----------
    projection_ : (n_features, k) array of float64
        k is the rank of X; with one strength for all units, the rank of Y or n_units where that is smaller.
    expansion_ : (k, n_units) array
        float32 if Y was float32 or float16, else float64; so are the predictions.
    x_mean_, x_scale_ : (n_features,) arrays
    y_mean_ : (n_units,) array
        Without dimensions if Y had one.
    gain_ : float or (n_units,) array
    alpha_ : float or (n_units,) array
        The strength chosen.
    alpha_at_edge_ : bool or (n_units,) array of bool
        Whether it is the smallest or largest of several, so that a wider grid may do better.
    cv_errors_ : (n_alphas,) or (n_alphas, n_units) array, or None
        Of each of `alphas`, on held-out samples (and over units): the mean squared error before any gain, or one
        minus the squared cosine. None if there was nothing to choose.

    References
    ----------
    Hoerl & Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems.
    Technometrics 12, 55-67.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> voxels = rng.normal(size=(40, 6))
    >>> activations = voxels @ rng.normal(size=(6, 1000)) + rng.normal(size=(40, 1000))
    >>> adapter = RidgeAdapter(gain="total").fit(voxels, activations, groups=np.repeat([0, 1, 2, 3], 10))
    >>> adapter.projection_.shape, adapter.expansion_.shape
    ((6, 6), (6, 1000))
    >>> bool(np.isclose(adapter.predict(voxels).var(axis=0).sum(), activations.var(axis=0).sum()))
    True
    """

    kind = "ridge"
    _optional = ("cv_errors",)

    def __init__(
        self,
        alphas: float | Sequence[float] = DEFAULT_ALPHAS,
        *,
        alpha_per: str = "all",
        choose_by: str = "error",
        gain: str = "none",
        scale: str = "none",
        cv: int | Splitter | None = None,
    ) -> None:
        self.alphas = alphas
        self.alpha_per = alpha_per
        self.choose_by = choose_by
        self.gain = gain
        self.scale = scale
        self.cv = cv

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the map.

        Parameters
        ----------
        X : (n_samples, n_features) array-like
        Y : (n_samples, n_units) or (n_samples,) array-like
            May be a memory map: it is read block by block and not copied.
        groups : (n_samples,) array-like, optional
            Samples with equal labels (a run, a photograph) are never divided by cross-validation.

        Returns
        -------
        self

        Raises
        ------
        UnknownNameError
            If a policy has an unknown name.
        InputError
            If `alphas` are not positive, or `cv` or `groups` allow no cross-validation.
        ShapeError
            If `X`, `Y` and `groups` do not fit together.
        NonFiniteError
            If there is NaN or infinity.
        """
        alphas = checked_strengths(self)
        checked, units = self._checked(X, Y)
        codes = None if groups is None else encode_groups(groups, len(checked))
        targets = Targets(units.reshape(len(units), -1))
        n_samples, n_units = targets.Y.shape
        dtype = np.float32 if units.dtype in (np.float16, np.float32) else np.float64

        wide = self.alpha_per == "all" and n_units > n_samples
        narrow = Targets(low_rank_scores(targets)) if wide else targets
        alpha = self._choose_alpha(checked, narrow, codes, alphas, n_units)
        features = standardise(checked, self.scale)
        parts = spectrum(features.X)
        total = None
        if self.alpha_per == "all":
            projection, expansion, total = factors_for_all(parts, float(alpha), targets, narrow, dtype)
        else:
            projection, expansion = factors_per_unit(parts, alpha, targets, dtype)

        self.x_mean_, self.x_scale_ = features.mean, features.scale
        self.projection_ = np.ascontiguousarray(projection)
        self.projection_[features.constant] = 0.0
        self.expansion_ = np.ascontiguousarray(expansion)
        self.y_mean_ = targets.mean.astype(dtype).reshape(units.shape[1:])
        self.gain_ = gain_for(self.gain, features.X @ self.projection_, self.expansion_, targets.power, total)
        return self

    def _choose_alpha(
        self, X: Floats, targets: Targets, codes: NDArray[np.intp] | None, alphas: Floats, n_units: int
    ) -> Floats:
        """Set `alpha_`, `alpha_at_edge_` and `cv_errors_`; `targets` may be scores for n_units units."""
        if len(alphas) == 1:
            self.cv_errors_ = None
            chosen = np.zeros(() if self.alpha_per == "all" else n_units, dtype=np.intp)
        else:
            folds = prepare_folds(X, split_samples(len(X), codes, self.cv), self.scale)
            sums = search(folds, alphas, targets)
            if self.alpha_per == "all":
                sums = sums.over_all()
            if self.choose_by == "direction":
                errors = sums.off_direction()
            else:
                n_values = sum(len(fold.held_out) for fold in folds) * (n_units if self.alpha_per == "all" else 1)
                errors = sums.error / n_values
            self.cv_errors_ = errors[:, 0] if self.alpha_per == "all" else errors
            chosen = self.cv_errors_.argmin(axis=0)
        alpha = np.asarray(alphas[chosen])
        self.alpha_ = plain(alpha)
        self.alpha_at_edge_ = plain(np.isin(alpha, (alphas.min(), alphas.max())) & (len(alphas) > 1))
        return alpha

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        return {name: [(), (n_units,)] for name in ("alpha", "alpha_at_edge")}


def checked_strengths(adapter: RidgeAdapter) -> Floats:
    """The strengths of an adapter as an array, once its policies are known to be among those there are."""
    for policy, known in POLICIES.items():
        if getattr(adapter, policy) not in known:
            raise UnknownNameError(policy, getattr(adapter, policy), known)
    alphas = adapter.alphas
    values = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
    if values.ndim != 1 or not values.size or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(f"alphas={alphas!r}, expected one or more finite numbers above 0, e.g. (1.0, 10.0, 100.0)")
    return values
