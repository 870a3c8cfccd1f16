"""DelayedAdapter: a ridge on delayed features (finite impulse response), fitted without the delayed table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ...errors import BundleError
from ..checks import ALPHA_PER, CHOOSE_BY, GAIN, checked_lags
from ..factored import Shapes
from ..folds import Splitter, encode_groups
from ..ridge.solvers import largest_square
from ..rows import each_row
from ..unit_blocks import Floats
from .banded import BandedAdapter
from .banded_design import BandedDesign, rotate_bands
from .bands import Bands, Strengths, band_names, band_of_each
from .delays import Run, run_bounds, shifted


class DelayedAdapter(BandedAdapter):
    """Ridge regression on features of several delays: a finite impulse response for each feature and unit.

    It is the (banded) ridge on the table of `delayed`, without building this table: `fit` and `predict` take features
    that are not delayed, ordered by time. Before a run the delayed features are zero, so centre (and standardise)
    features first; there is no `scale`.

    Parameters
    ----------
    lags : sequence of int
        In samples: with lag 2 a prediction uses the features two samples earlier; with lag -2, those two samples later.
        It is causal if no lag is negative.
    alphas, alpha_per, choose_by, gain, cv, n_iter, random_state
        As in `BandedAdapter`.
    bands : (n_features,) sequence of str or int, optional
        The band of each feature, for all lags. Default: all features are one band.
    lag_alphas : {"shared", "own"}
        Whether all lags of a band share its strength, or each lag of a band is its own band, named ``"lag 2"`` or, for
        a band V1, ``"V1 lag 2"``.

    Attributes
    ----------
    band_names_, alpha_, alpha_at_edge_, tried_, cv_errors_
        As in `BandedAdapter`; with ``lag_alphas="own"`` the bands are ordered by lag.
    projection_ : (n_features, r) array of float64
        Each band's own directions, at most n_samples of them. The features along these are delayed.
    lag_weights_ : (n_lags, r, k) array of float64, or None
        From the delayed directions to scores; None if each of them is a score itself, k = n_lags * r.
    score_mean_ : (k,) array
        The scores' mean over the training samples.
    expansion_ : (k, n_units) array
        k is at most n_lags * r, or the rank of Y or n_units if that is smaller.
    x_mean_, x_scale_ : (n_features,) arrays
        Zeros and ones.
    y_mean_, gain_
        As in `RidgeAdapter`.

    Notes
    -----
    With fewer samples than n_lags * n_features, a fit needs one kernel of n_samples^2 for each of `bands`, for any
    number of lags, and weights of n_lags * r * k; with more samples, moments of (n_lags * n_features)^2.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sound = rng.normal(size=(200, 3))
    >>> response = np.roll(sound @ rng.normal(size=(3, 50)), 2, axis=0) + rng.normal(size=(200, 50))
    >>> adapter = DelayedAdapter(lags=(0, 1, 2, 3), lag_alphas="own").fit(sound, response)
    >>> adapter.band_names_[adapter.alpha_.argmin()]
    'lag 2'
    """

    kind = "delayed"
    _optional = ("tried", "cv_errors", "lag_weights")
    _policies = (ALPHA_PER, CHOOSE_BY, GAIN, {"lag_alphas": ("shared", "own")})

    lag_weights_: Floats | None
    score_mean_: Floats

    def __init__(
        self,
        lags: Sequence[int] = (0, 1, 2),
        alphas: Strengths = None,
        *,
        bands: Bands = None,
        lag_alphas: str = "shared",
        alpha_per: str = "all",
        choose_by: str = "error",
        gain: str = "none",
        cv: int | Splitter | None = None,
        n_iter: int = 20,
        random_state: int = 0,
    ) -> None:
        self.lags = lags
        self.alphas = alphas
        self.bands = bands
        self.lag_alphas = lag_alphas
        self.alpha_per = alpha_per
        self.choose_by = choose_by
        self.gain = gain
        self.cv = cv
        self.n_iter = n_iter
        self.random_state = random_state

    @property
    def band_names_(self) -> tuple[str, ...]:
        """The bands, in the order of their strengths."""
        names = band_names(self.bands)
        if self.lag_alphas == "shared":
            return names
        prefixes = ("",) if self.bands is None else tuple(f"{name} " for name in names)
        return tuple(f"{prefix}lag {lag}" for lag in self.lags for prefix in prefixes)

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the map.

        Parameters
        ----------
        X : (n_samples, n_features) array-like
            Not delayed, in the order of time.
        Y : (n_samples, n_units) or (n_samples,) array-like
            May be a memory map, which is read block by block and not copied.
        groups : (n_samples,) array-like, optional
            The run of each sample; a run's samples are consecutive. Delays do not cross runs, and cross-validation does
            not divide them. Default: all samples are one run.

        Raises
        ------
        UnknownNameError, ShapeError, NonFiniteError, InputError
            As in `BandedAdapter.fit`; also if `lags` are not distinct integers or a run's samples are not consecutive.
        """
        lags = checked_lags(self.lags)
        named = self._checked_grids()
        checked, units = self._checked(X, Y)
        bands = band_of_each(self.bands, checked.shape[1])
        codes = None if groups is None else encode_groups(groups, len(checked))
        bounds = run_bounds(groups, len(checked))
        size = 0.0
        if self._needs_size(named):
            # If features change slowly, delaying them makes them larger by the number of lags.
            size = len(lags) * largest_square(checked - checked.mean(axis=0))
        self.projection_, rotated, of_directions = rotate_bands(checked, bands)
        design = BandedDesign(rotated, of_directions, len(band_names(self.bands)), lags, codes, bounds)
        weights, targets = self._fit_bands(design, design, named, size, units, codes)
        self.lag_weights_ = None if weights is None else weights.reshape(len(lags), -1, weights.shape[1])
        self.score_mean_ = design.mean() if weights is None else design.mean() @ weights
        self.x_mean_, self.x_scale_ = np.zeros(checked.shape[1]), np.ones(checked.shape[1])
        self._set_gain(lambda: self._scores(checked, bounds), targets, size)
        return self

    def predict(self, X: ArrayLike, groups: ArrayLike | None = None) -> NDArray:
        """Predict activations, (n_samples, n_units) or (n_samples,), of the dtype of `expansion_`.

        Parameters
        ----------
        X : (n_samples, n_features) array-like
            Not delayed, ordered by time. For live use, give the last samples up to the largest lag, and use the last
            prediction.
        groups : (n_samples,) array-like, optional
            The run of each sample, as in `fit`.

        Raises
        ------
        ShapeError, NonFiniteError, InputError
            As in `FactoredAdapter.predict`; also if a run's samples are not consecutive.
        """
        check_is_fitted(self)
        features = self.checked_features(X)
        return self._activations(self._scores(features, run_bounds(groups, len(features))))

    @property
    def coef_(self) -> NDArray:
        """The map as one dense (n_units, n_lags * n_features) array, with the gain; columns as in `delayed`."""
        check_is_fitted(self)
        lags, directions = len(self.lags), self.projection_.shape[1]
        weights = self.lag_weights_
        dense = self.expansion_.reshape(lags, directions, -1) if weights is None else weights @ self.expansion_
        dense = (self.projection_ @ dense * self.gain_).reshape(-1, self.expansion_.shape[1]).T
        return dense.reshape(*self.y_mean_.shape, dense.shape[1])

    @property
    def intercept_(self) -> NDArray:
        """The prediction for features that are all zero, (n_units,)."""
        check_is_fitted(self)
        return self.y_mean_ - (self.score_mean_ @ self.expansion_ * self.gain_).reshape(self.y_mean_.shape)

    def _scores(self, X: Floats, bounds: list[Run]) -> Floats:
        rotated = each_row(X, self.projection_)
        delays = (shifted(rotated, lag, bounds) for lag in self.lags)
        if self.lag_weights_ is None:
            return np.hstack(list(delays)) - self.score_mean_
        scores = np.tile(-self.score_mean_, (len(X), 1))
        for of_lag, weights in zip(delays, self.lag_weights_, strict=True):
            scores += each_row(of_lag, weights)
        return scores

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        return {**super()._own_shapes(n_features, n_units), "score_mean": [()]}

    @classmethod
    def _require_fitting_shapes(cls, shapes: dict[str, tuple[int, ...]]) -> None:
        directions, k, n_units = shapes["projection"][1:], shapes["expansion"][:1], shapes["expansion"][1:]
        weights = shapes.get("lag_weights")
        whole = k[0] % max(directions[0], 1) == 0 if weights is None and directions and k else True
        if shapes["score_mean"] != k or not whole or (weights is not None and weights[1:] != (*directions, *k)):
            raise BundleError(
                f"the adapter's arrays lag_weights and score_mean have shapes {weights} and {shapes['score_mean']}, "
                f"expected (n_lags, {', '.join(map(str, (*directions, *k)))}) and {k}"
            )
        super()._require_fitting_shapes({**shapes, "expansion": (*directions, *n_units), "score_mean": ()})
