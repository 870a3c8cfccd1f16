"""The base class of adapters: a linear map in two factors, its gain, its checks, and how it is saved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ..errors import BundleError, ShapeError
from .backend import in_numpy, is_tensor
from .checks import params_of, params_to_array, require_arrays, require_finite
from .row_space import is_wide
from .rows import each_row
from .unit_blocks import Floats

ARRAYS = ("x_mean", "x_scale", "projection", "expansion", "gain", "y_mean")

Shapes = dict[str, list[tuple[int, ...]]]


class FactoredAdapter(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A linear map from features to units.

    A prediction is::

        ((X - x_mean_) / x_scale_) @ projection_ @ expansion_ * gain_ + y_mean_

    A subclass fits these, sets `n_features_in_` (as `_checked` does), and defines `kind`. It lists in `_own_shapes`
    what else it saves, and in `_optional` what it saves if it is not None.

    Attributes
    ----------
    projection_ : (n_features, k) array of float64
    expansion_ : (k, n_units) array of float32 or float64
    x_mean_, x_scale_ : (n_features,) arrays
    y_mean_ : (n_units,) array
        Without dimensions if Y had one.
    gain_ : float or (n_units,) array
    """

    kind: ClassVar[str]
    _takes_tensors: ClassVar[bool] = False
    _optional: ClassVar[tuple[str, ...]] = ()

    n_features_in_: int
    x_mean_: Floats
    x_scale_: Floats
    projection_: Floats
    expansion_: NDArray
    gain_: Any
    y_mean_: NDArray

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict activations. A sample's prediction does not depend on the other samples, bit for bit.

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
        return self._activations(each_row((self.checked_features(X) - self.x_mean_) / self.x_scale_, self.projection_))

    def _activations(self, scores: Floats) -> NDArray:
        """Predictions (n_samples, n_units) or (n_samples,) from scores (n_samples, k)."""
        predicted = each_row(scores.astype(self.expansion_.dtype, copy=False), self.expansion_)
        predicted *= self.gain_
        predicted += self.y_mean_
        return predicted.reshape(len(predicted), *self.y_mean_.shape)

    @property
    def coef_(self) -> NDArray:
        """The whole map as one dense (n_units, n_features) array, with the gain; only for small layers."""
        check_is_fitted(self)
        dense = (self.expansion_.T * np.reshape(self.gain_, (-1, 1))) @ (self.projection_.T / self.x_scale_)
        return dense.reshape(*self.y_mean_.shape, len(self.x_mean_))

    @property
    def intercept_(self) -> NDArray:
        """The prediction for features that are all zero, (n_units,); uses the dense `coef_`."""
        return self.y_mean_ - self.coef_ @ self.x_mean_

    def to_arrays(self) -> dict[str, NDArray]:
        """The fitted state as numeric arrays, for saving; ``params`` are the kind and the constructor's parameters
        except `cv`.
        """
        check_is_fitted(self)
        arrays = {name: np.asarray(getattr(self, f"{name}_")) for name in (*ARRAYS, *self._own_shapes(1, 1))}
        arrays |= {name: np.asarray(of) for name in self._optional if (of := getattr(self, f"{name}_")) is not None}
        params = {"kind": self.kind} | {name: _jsonable(of) for name, of in self.get_params().items() if name != "cv"}
        return arrays | {"params": params_to_array(params)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """A fitted adapter from the arrays of `to_arrays`, with the same predictions, bit for bit.

        BundleError if an array is missing or their shapes do not match.
        """
        require_arrays("the adapter", arrays, {*ARRAYS, *cls._own_shapes(1, 1), "params"})
        cls._require_fitting_shapes({name: np.shape(array) for name, array in arrays.items()})
        params = params_of(arrays)
        params.pop("kind", None)
        adapter = cls(**params)
        for name in (*ARRAYS, *cls._own_shapes(1, 1)):
            value = np.asarray(arrays[name], order="C")
            # y_mean_ has no dimensions if Y had one, and stays an array; the others were plain numbers.
            setattr(adapter, f"{name}_", value if name == "y_mean" else plain(value))
        for name in cls._optional:
            setattr(adapter, f"{name}_", plain(np.asarray(arrays[name])) if name in arrays else None)
        adapter.n_features_in_ = len(adapter.x_mean_)
        return adapter

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        """The arrays that a subclass saves in addition to `ARRAYS`, each with its possible shapes."""
        return {}

    @classmethod
    def _require_fitting_shapes(cls, shapes: dict[str, tuple[int, ...]]) -> None:
        for name in ("projection", "expansion"):
            if len(shapes[name]) != 2:
                raise BundleError(f"the adapter's array {name} has shape {shapes[name]}, expected two dimensions")
        n_features, k = shapes["projection"]
        n_units = shapes["expansion"][1]
        expected: Shapes = {
            "x_mean": [(n_features,)],
            "x_scale": [(n_features,)],
            "expansion": [(k, n_units)],
            "gain": [(), (n_units,)],
            "y_mean": [(), (n_units,)] if n_units == 1 else [(n_units,)],
            **cls._own_shapes(n_features, n_units),
        }
        for name, possible in expected.items():
            if shapes[name] not in possible:
                wanted = " or ".join(str(shape) for shape in possible)
                raise BundleError(f"the adapter's array {name} has shape {shapes[name]}, expected {wanted}")

    def _checked(
        self, X: Any, Y: Any, *, least: int = 2, reset: bool = True, wide_as_given: bool = False
    ) -> tuple[NDArray, NDArray]:
        """The features (float64) and targets (their own real dtype) of a fit on at least `least` samples.

        Tensors become arrays, except targets if `_takes_tensors`. Without `reset` the features must match the earlier
        ones. Features far more than samples, which are read in blocks and checked for NaN then, may stay
        `wide_as_given`, in float32.
        """
        X = in_numpy(X)
        Y = Y if self._takes_tensors else in_numpy(Y)
        dtype = [np.float64, np.float32] if wide_as_given else np.float64
        for_features: dict[str, Any] = {"dtype": dtype, "ensure_all_finite": False, "ensure_min_samples": least}
        for_targets: dict[str, Any] = {
            "dtype": "numeric",
            "ensure_all_finite": False,
            "ensure_2d": False,
            "allow_nd": True,
            "ensure_min_features": 0,
        }
        features: Any
        units: Any
        if not reset:
            features, units = self.checked_features(X), check_array(Y, **for_targets, input_name="Y")
        elif is_tensor(Y):
            features, units = validate_data(self, X, **for_features), Y
        else:
            options: dict[str, Any] = {"validate_separately": (for_features, for_targets)}
            features, units = validate_data(self, X, Y, **options)
        if units.ndim not in (1, 2) or not math.prod(units.shape):
            raise ShapeError(
                f"Y has shape {tuple(units.shape)}, expected (n_samples, n_units) or (n_samples,): "
                "flatten what has more dimensions"
            )
        if len(features) != len(units):
            raise ShapeError(
                f"X has {len(features)} samples and Y has {len(units)}, expected one row in each for every sample"
            )
        if wide_as_given and is_wide(*features.shape):
            return features, units
        features = features.astype(np.float64, copy=False)
        require_finite("X", features, column="feature")
        return features, units

    def checked_features(self, X: Any) -> Floats:
        """The features of a prediction."""
        X = in_numpy(X)
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


def plain(value: NDArray) -> Any:
    """A plain number from an array without dimensions; any other array unchanged."""
    return value if value.ndim else value.item()


def _jsonable(parameter: Any) -> Any:
    if isinstance(parameter, Mapping):
        return {name: _jsonable(of) for name, of in parameter.items()}
    return np.asarray(parameter).tolist() if isinstance(parameter, (Sequence, np.ndarray, np.generic)) else parameter
