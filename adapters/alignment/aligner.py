"""The base class of alignments: an affine map between feature spaces, its checks, and how it is saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ...errors import BundleError, ShapeError
from ..checks import params_of, params_to_array, require_arrays, require_finite
from ..unit_blocks import Floats


class Aligner(TransformerMixin, BaseEstimator, ABC):
    """An affine map from the features of a source (another session, another person) to those of a target::

        transform(X) = (X - source_mean_) M + target_mean_

    A subclass fits `source_mean_` (n_source,), `target_mean_` (n_target,) and M in factors, and declares in `_shapes`
    what it saves.
    """

    _shapes: ClassVar[dict[str, tuple[str, ...]]]
    """The fitted arrays, without the final underscore, with the names of their dimensions."""

    n_features_in_: int
    source_mean_: Floats
    target_mean_: Floats

    def transform(self, X: ArrayLike) -> Floats:
        """Map samples of the source into the target's space, (n_samples, n_target).

        Parameters
        ----------
        X : (n_samples, n_source) array-like

        Raises
        ------
        ShapeError
            If there is another number of features than in `fit`.
        NonFiniteError
            If there is NaN or infinity.
        """
        check_is_fitted(self)
        samples = checked_rows(self, "X", X, self.n_features_in_)
        self._note_features(X, reset=False)
        return self._forward(samples - self.source_mean_) + self.target_mean_

    def inverse_transform(self, X: ArrayLike) -> Floats:
        """Map samples (n_samples, n_target) back into the source's space, by the pseudo-inverse of M.

        Directions that no source sample has are lost. Errors as in `transform`.
        """
        check_is_fitted(self)
        samples = checked_rows(self, "X", X, len(self.target_mean_))
        return self._backward(samples - self.target_mean_) + self.source_mean_

    @abstractmethod
    def pulled_back(self, weights: Floats) -> Floats:
        """Linear functions (n_target, k) of the target's features as functions of the source's: ``M @ weights``,
        without forming M.
        """

    @abstractmethod
    def _forward(self, deviations: Floats) -> Floats:
        """``deviations @ M``."""

    @abstractmethod
    def _backward(self, deviations: Floats) -> Floats:
        """``deviations @ pinv(M)``."""

    def _note_features(self, X: Any, *, reset: bool) -> None:
        """Store the number and names of features, or compare them with the stored ones."""
        options: dict[str, Any] = {"X": X, "reset": reset, "skip_check_array": True}
        validate_data(self, **options)

    def to_arrays(self) -> dict[str, NDArray]:
        """The fitted state as numeric arrays, for saving; ``params`` are the constructor's, as UTF-8 bytes of JSON."""
        check_is_fitted(self)
        arrays = {name: np.asarray(getattr(self, f"{name}_")) for name in self._shapes}
        return arrays | {"params": params_to_array(self.get_params())}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """A fitted alignment from the arrays of `to_arrays`, with the same transform, bit for bit.

        It raises BundleError if an array is missing or their shapes do not fit together.
        """
        require_arrays("the alignment", arrays, {*cls._shapes, "params"})
        sizes: dict[str, int] = {}
        aligner = cls(**params_of(arrays))
        for name, dimensions in cls._shapes.items():
            array = np.asarray(arrays[name])
            if array.ndim == len(dimensions):
                sizes = dict(zip(dimensions, array.shape, strict=True)) | sizes
            expected = tuple(sizes.get(dimension, dimension) for dimension in dimensions)
            if array.shape != expected:
                raise BundleError(f"the alignment's array {name} has shape {array.shape}, expected {expected}")
            setattr(aligner, f"{name}_", array if array.ndim else array.item())
        aligner.n_features_in_ = len(aligner.source_mean_)
        return aligner


def checked_rows(aligner: BaseEstimator, name: str, X: Any, n_features: int | None = None, least: int = 1) -> Floats:
    """An argument as a finite float64 table with at least `least` rows, and `n_features` columns if given."""
    options: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": False, "input_name": name}
    samples = check_array(X, estimator=aligner, ensure_min_samples=least, **options)
    if n_features is not None and samples.shape[1] != n_features:
        raise ShapeError(
            f"{name} has {samples.shape[1]} features, but {type(aligner).__name__} is expecting {n_features} features "
            "as input: give those that it was fitted on, in their order"
        )
    require_finite(name, samples, column="feature")
    return samples
