"""Banded ridge: groups of features (regions, delays, kinds of features), each with its own strength.

With X_g the features of band g, centred, and Y the centred targets, banded ridge is the least (Dupre la Tour et al.
2022; Tikhonov regression with a diagonal penalty)::

    |Y - sum_g X_g W_g|^2 + sum_g alpha_g |W_g|^2

Features divided by the root of their band's strength turn it into ridge with strength 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import BundleError, InputError
from ..checks import ALPHA_PER, CHOOSE_BY, GAIN, SCALE, Policies, require_policies
from ..factored import FactoredAdapter, Shapes
from ..folds import Splitter, encode_groups, split_samples
from ..gain import gain_for
from ..ridge.held_out import n_held_out
from ..ridge.solvers import largest_square, standardise
from ..ridge.strengths import default_alphas, most_predictable
from ..unit_blocks import Floats, UnitBlocks, dtype_like
from .banded_design import BandedDesign, SharedTargets, map_for_all, map_per_unit, rotate_bands, scores_for_all
from .bands import Bands, Strengths, band_names, band_of_each, checked_grids, first_sets, search_sets, strengths_of


class BandedAdapter(FactoredAdapter):
    """Ridge regression with a strength for each band of features, in factors, with a gain.

    A band that does not help gets a large strength, which removes it. With one strength for all bands its noise would
    stay.

    Parameters
    ----------
    bands : (n_features,) sequence of str or int, optional
        The band of each feature. Default: all features are one band, which is a ridge.
    alphas : float, sequence of float, or mapping from band to either; optional
        Candidate strengths of each band, all above 0, on the scale of scikit-learn's `Ridge`. With a single one for
        each band there is no search. Default: half powers of ten on the scale of all features, see `default_alphas`. If
        bands have different units, scale the features to unit variance.
    alpha_per : {"all", "unit"}
        One set of strengths for all units (the error is summed over them), or one for each unit. With one for all, the
        search uses at most n_samples scores of Y, not the wide axis, and refines its best set (see
        `bands.search_sets`). With one for each unit, it is the best of the first sets.
    choose_by, gain, scale, cv
        As in `RidgeAdapter`.
    n_iter : int
        Number of random mixtures of the bands in the search, each with every overall strength. Ridge with one strength
        for all bands is tried first, so the chosen set is not worse than it on held-out samples.
    random_state : int
        Seed of the mixtures.

    Attributes
    ----------
    band_names_ : tuple of str
        The bands in the order of their first features.
    alpha_ : (n_bands,) or (n_bands, n_units) array
        The strengths chosen.
    alpha_at_edge_ : array of bool, shaped as `alpha_`
        Whether it is the smallest or largest of several. With the largest, a band has nearly no effect.
    tried_ : (n_sets, n_bands) array, or None
        All tried sets of strengths. None if there was nothing to choose.
    cv_errors_ : (n_sets,) or (n_units,) array, or None
        On held-out samples, the mean squared error before any gain, or one minus the squared cosine. With one set for
        all units: of each of `tried_`; with one for each unit: of the unit's best.
    projection_, expansion_, x_mean_, x_scale_, y_mean_, gain_
        See `FactoredAdapter`. With one set of strengths for all units, k is n_features, or the rank of Y or n_units if
        that is smaller. With one for each unit, k is the smaller of n_units and the sum of the bands' ranks (at most
        n_features and n_bands * n_samples), because each band needs its own directions.

    Notes
    -----
    In addition to the features and the map, a fit needs a kernel of n_samples^2 for each band, or moments of
    n_features^2, whichever is quicker.

    References
    ----------
    Dupre la Tour, Eickenberg, Nunez-Elizalde & Gallant (2022), Feature-space selection with banded ridge regression.
    NeuroImage 264, 119728.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal, noise = rng.normal(size=(80, 5)), rng.normal(size=(80, 200))
    >>> activations = signal @ rng.normal(size=(5, 30)) + rng.normal(size=(80, 30))
    >>> adapter = BandedAdapter(["V1"] * 5 + ["skull"] * 200)
    >>> adapter = adapter.fit(np.hstack([signal, noise]), activations)
    >>> dict(zip(adapter.band_names_, adapter.alpha_ > 1e3))
    {'V1': np.False_, 'skull': np.True_}
    """

    kind = "banded"
    _optional = ("tried", "cv_errors")
    _policies: ClassVar[tuple[Policies, ...]] = (ALPHA_PER, CHOOSE_BY, GAIN, SCALE)

    alpha_: Floats
    alpha_at_edge_: NDArray[np.bool_]
    tried_: Floats | None
    cv_errors_: Floats | None

    def __init__(
        self,
        bands: Bands = None,
        alphas: Strengths = None,
        *,
        alpha_per: str = "all",
        choose_by: str = "error",
        gain: str = "none",
        scale: str = "none",
        cv: int | Splitter | None = None,
        n_iter: int = 20,
        random_state: int = 0,
    ) -> None:
        self.bands = bands
        self.alphas = alphas
        self.alpha_per = alpha_per
        self.choose_by = choose_by
        self.gain = gain
        self.scale = scale
        self.cv = cv
        self.n_iter = n_iter
        self.random_state = random_state

    @property
    def band_names_(self) -> tuple[str, ...]:
        return band_names(self.bands)

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the map; parameters and errors are those of `RidgeAdapter.fit`.

        It also raises UnknownNameError if `alphas` has an unknown band, and ShapeError if `bands` does not match X.
        """
        named = self._checked_grids()
        checked, units = self._checked(X, Y)
        bands = band_of_each(self.bands, checked.shape[1])
        codes = None if groups is None else encode_groups(groups, len(checked))
        features = standardise(checked, self.scale)
        size = largest_square(features.X) if self._needs_size(named) else 0.0
        design = BandedDesign(features.X, bands, len(self.band_names_))
        searched = replace(design, X=checked, scale=self.scale) if self.scale != "none" else design
        basis = None
        if self.alpha_per == "unit":
            basis, rotated, of_directions = rotate_bands(features.X, bands)
            design = replace(design, X=rotated, bands=of_directions)
        weights, targets = self._fit_bands(searched, design, named, size, units, codes)
        if basis is None:
            self.projection_ = np.eye(checked.shape[1]) if weights is None else weights
        else:
            self.projection_ = basis if weights is None else basis @ weights
        self.projection_[features.constant] = 0.0
        self.x_mean_, self.x_scale_ = features.mean, features.scale
        self._set_gain(lambda: features.X @ self.projection_, targets, size)
        return self

    def _needs_size(self, named: list[Floats] | None) -> bool:
        """Whether the features' largest squared singular value is needed, for strengths or for the gain."""
        return named is None or self.gain != "none"

    def _fit_bands(
        self,
        searched: BandedDesign,
        design: BandedDesign,
        named: list[Floats] | None,
        size: float,
        units: NDArray,
        codes: NDArray[np.intp] | None,
    ) -> tuple[Floats | None, UnitBlocks]:
        """Choose strengths by one table and fit the map on another; returns its weights and the targets.

        It sets `expansion_`, `y_mean_` and the attributes of `_choose`; the weights are as in `map_for_all`.
        """
        targets, dtype = UnitBlocks(units.reshape(len(units), -1)), dtype_like(units)
        scores = scores_for_all(targets) if self.alpha_per == "all" else None
        grids = named or [default_alphas(size)] * len(self.band_names_)
        self._choose(searched, grids, codes, targets, scores)
        if scores is None:
            weights, self.expansion_ = map_per_unit(design, self.alpha_, targets, dtype)
        else:
            weights, self.expansion_ = map_for_all(design, self.alpha_, targets, scores, dtype)
        self.y_mean_ = targets.mean.astype(dtype).reshape(units.shape[1:])
        return weights, targets

    def _set_gain(self, scores: Callable[[], Floats], targets: UnitBlocks, size: float) -> None:
        """Set `gain_`, from the training samples' scores (n_samples, k) if needed."""
        self.gain_ = 1.0
        if self.gain != "none":
            predictable = most_predictable(self.alpha_.min(axis=0), size)
            self.gain_ = gain_for(self.gain, scores(), self.expansion_, targets.power, predictable=predictable)

    def _checked_grids(self) -> list[Floats] | None:
        """The given strengths of each band, or None, after a check of the policies."""
        require_policies(self, *self._policies)
        if not isinstance(self.n_iter, Integral) or self.n_iter < 0:
            raise InputError(f"n_iter={self.n_iter!r}, expected a whole number of random mixtures, 0 or more")
        return checked_grids(self.alphas, self.band_names_)

    def _choose(
        self,
        design: BandedDesign,
        grids: list[Floats],
        codes: NDArray[np.intp] | None,
        targets: UnitBlocks,
        scores: SharedTargets | None,
    ) -> None:
        """Set `alpha_`, `alpha_at_edge_`, `tried_` and `cv_errors_`: one set of strengths if there are `scores`."""
        n_samples, n_units = targets.Y.shape
        if all(len(grid) == 1 for grid in grids):
            self.tried_ = self.cv_errors_ = None
            alpha = np.concatenate(grids)
            alpha = alpha if scores is not None else np.tile(alpha[:, np.newaxis], n_units)
        else:
            folds = split_samples(n_samples, codes, self.cv)
            rng = np.random.default_rng(self.random_state)
            if scores is not None:

                def errors_of(strengths: Floats) -> Floats:
                    sums = design.held_out(folds, strengths, scores.P).over_all()
                    return sums.errors(self.choose_by, n_units * n_held_out(folds))[:, 0]

                self.tried_, self.cv_errors_ = search_sets(errors_of, grids, self.n_iter, rng)
                alpha = self.tried_[self.cv_errors_.argmin()]
            else:
                tried, least = strengths_of(grids, first_sets(grids, self.n_iter, rng)), np.empty(n_units)
                alpha = np.empty((len(grids), n_units))
                for units, block in targets.blocks("cross-validation"):
                    errors = design.held_out(folds, tried, block).errors(self.choose_by, n_held_out(folds))
                    least[units], alpha[:, units] = errors.min(axis=0), tried[errors.argmin(axis=0)].T
                self.tried_, self.cv_errors_ = tried, least
        self.alpha_ = alpha
        at_edge = [
            np.isin(of_band, (grid[0], grid[-1])) & (len(grid) > 1) for of_band, grid in zip(alpha, grids, strict=True)
        ]
        self.alpha_at_edge_ = np.array(at_edge)

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        # The number of bands does not follow from these: `_require_fitting_shapes` checks alpha itself.
        return {name: [()] for name in ("alpha", "alpha_at_edge")}

    @classmethod
    def _require_fitting_shapes(cls, shapes: dict[str, tuple[int, ...]]) -> None:
        alpha, n_units = shapes["alpha"], shapes["expansion"][1:]
        if alpha[1:] not in ((), n_units) or not alpha or shapes["alpha_at_edge"] != alpha:
            raise BundleError(
                f"the adapter's arrays alpha and alpha_at_edge have shapes {alpha} and {shapes['alpha_at_edge']}, "
                f"expected (n_bands,) or (n_bands, {', '.join(map(str, n_units))}) for both"
            )
        super()._require_fitting_shapes({**shapes, "alpha": (), "alpha_at_edge": ()})
