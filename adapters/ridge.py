"""RidgeAdapter: the linear map from brain activity to a layer's activations, with its gain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ..errors import BundleError, InputError, ShapeError, UnknownNameError
from .checks import require_finite
from .folds import Splitter, encode_groups, split_samples
from .gain import predicted_power, restoring_gain
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
    "gain": ("none", "total", "unit"),
    "scale": ("none", "unit_variance"),
}

DEFAULT_ALPHAS = tuple(float(alpha) for alpha in np.logspace(-2, 6, 17))

ARRAYS = ("x_mean", "x_scale", "projection", "expansion", "gain", "y_mean", "alpha", "alpha_at_edge")


class RidgeAdapter(MultiOutputMixin, RegressorMixin, BaseEstimator):
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

    n_features_in_: int

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
        self.gain_ = self._restored(features.X, targets.power, total)
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict activations.

        Parameters
        ----------
        X : (n_samples, n_features) array-like

        Returns
        -------
        (n_samples, n_units) or (n_samples,) array
            Of the dtype of `expansion_`.

        Raises
        ------
        ShapeError
            If there is another number of features than in `fit`.
        NonFiniteError
            If there is NaN or infinity.
        """
        check_is_fitted(self)
        scores = ((self._checked_features(X) - self.x_mean_) / self.x_scale_) @ self.projection_
        predicted = scores.astype(self.expansion_.dtype, copy=False) @ self.expansion_
        predicted *= self.gain_
        predicted += self.y_mean_
        return predicted.reshape(len(predicted), *self.y_mean_.shape)

    @property
    def coef_(self) -> NDArray:
        """The whole map as one dense (n_units, n_features) array, gain included: for small layers only."""
        check_is_fitted(self)
        dense = (self.expansion_.T * np.reshape(self.gain_, (-1, 1))) @ (self.projection_.T / self.x_scale_)
        return dense.reshape(*self.y_mean_.shape, len(self.x_mean_))

    @property
    def intercept_(self) -> NDArray:
        """The prediction for features that are all zero, (n_units,); computed through the dense `coef_`."""
        return self.y_mean_ - self.coef_ @ self.x_mean_

    def to_arrays(self) -> dict[str, NDArray]:
        """The fitted state as numeric arrays, for saving.

        Returns
        -------
        dict of str to array
            Among them ``params``: the constructor's parameters but `cv`, as UTF-8 bytes of JSON.
        """
        check_is_fitted(self)
        arrays = {name: np.asarray(getattr(self, f"{name}_")) for name in ARRAYS}
        if self.cv_errors_ is not None:
            arrays["cv_errors"] = self.cv_errors_
        params = {"alphas": np.asarray(self.alphas, dtype=np.float64).tolist()}
        params |= {policy: getattr(self, policy) for policy in POLICIES}
        arrays["params"] = np.frombuffer(json.dumps(params).encode(), dtype=np.uint8)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """A fitted adapter out of what `to_arrays` gave; it predicts the same, bit for bit.

        Raises
        ------
        BundleError
            If an array is missing or their shapes do not fit together.
        """
        missing = sorted({*ARRAYS, "params"} - set(arrays))
        if missing:
            raise BundleError(f"the adapter lacks the arrays {', '.join(missing)}; there are: {', '.join(arrays)}")
        _require_fitting_shapes({name: np.shape(arrays[name]) for name in ARRAYS})
        adapter = cls(**json.loads(np.asarray(arrays["params"]).tobytes()))
        for name in ARRAYS:
            value = np.asarray(arrays[name], order="C")
            # y_mean_ has no dimensions where Y had one, and stays an array; the others were plain numbers.
            setattr(adapter, f"{name}_", value if name == "y_mean" else _plain(value))
        adapter.cv_errors_ = arrays.get("cv_errors")
        adapter.n_features_in_ = len(adapter.x_mean_)
        return adapter

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
        self.alpha_ = _plain(alpha)
        self.alpha_at_edge_ = _plain(np.isin(alpha, (alphas.min(), alphas.max())) & (len(alphas) > 1))
        return alpha

    def _restored(self, X: Floats, power: Floats, total: float | None) -> float | NDArray:
        """The gain, by its policy, from the standardised features and each unit's power.

        `total` is the power predicted in all, where it is known already.
        """
        if self.gain == "none":
            return 1.0
        if self.gain == "total" and total is not None:
            return float(restoring_gain(total, power.sum()))
        predicted = predicted_power(X @ self.projection_, self.expansion_)
        if self.gain == "total":
            return float(restoring_gain(predicted.sum(), power.sum()))
        return restoring_gain(predicted, power).astype(self.expansion_.dtype)

    def _checked(self, X: Any, Y: Any) -> tuple[Floats, NDArray]:
        """The features and the targets of a fit, in float64 and in whatever real dtype they had."""
        for_features = {"dtype": np.float64, "ensure_all_finite": False, "ensure_min_samples": 2}
        for_targets = {
            "dtype": "numeric",
            "ensure_all_finite": False,
            "ensure_2d": False,
            "allow_nd": True,
            "ensure_min_features": 0,
        }
        options: dict[str, Any] = {"validate_separately": (for_features, for_targets)}
        checked: Any = validate_data(self, X, Y, **options)
        features, units = checked
        if units.ndim not in (1, 2) or not units.size:
            raise ShapeError(
                f"Y has shape {units.shape}, expected (n_samples, n_units) or (n_samples,): "
                "flatten what has more dimensions"
            )
        if len(features) != len(units):
            raise ShapeError(
                f"X has {len(features)} samples and Y has {len(units)}, expected one row in each for every sample"
            )
        require_finite("X", features, column="feature")
        return features, units

    def _checked_features(self, X: Any) -> Floats:
        """The features of a prediction."""
        options: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": False, "input_name": "X"}
        array = check_array(X, estimator=self, **options)
        if array.shape[1] != self.n_features_in_:
            raise ShapeError(
                f"X has {array.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input: give those that it was fitted on, in their order"
            )
        validate_data(self, X, reset=False, skip_check_array=True)  # the names of a table's columns
        require_finite("X", array, column="feature")
        return array


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


def _plain(value: NDArray) -> Any:
    """A plain number out of an array without dimensions; any other array as it is."""
    return value if value.ndim else value.item()


def _require_fitting_shapes(shapes: dict[str, tuple[int, ...]]) -> None:
    for name in ("projection", "expansion"):
        if len(shapes[name]) != 2:
            raise BundleError(f"the adapter's array {name} has shape {shapes[name]}, expected two dimensions")
    n_features, k = shapes["projection"]
    n_units = shapes["expansion"][1]
    expected = {
        "x_mean": [(n_features,)],
        "x_scale": [(n_features,)],
        "expansion": [(k, n_units)],
        "gain": [(), (n_units,)],
        "y_mean": [(), (n_units,)] if n_units == 1 else [(n_units,)],
        "alpha": [(), (n_units,)],
        "alpha_at_edge": [(), (n_units,)],
    }
    for name, possible in expected.items():
        if shapes[name] not in possible:
            wanted = " or ".join(str(shape) for shape in possible)
            raise BundleError(f"the adapter's array {name} has shape {shapes[name]}, expected {wanted}")
