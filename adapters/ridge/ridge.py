"""RidgeAdapter: the linear map from brain activity to a layer's activations, with its gain."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError
from ..backend import backend_for
from ..checks import ALPHA_PER, CHOOSE_BY, GAIN, SCALE, require_policies
from ..factored import FactoredAdapter, Shapes, plain
from ..folds import Split, Splitter, encode_groups, split_samples
from ..gain import gain_for, restoring_gain
from ..plan import plan_fit, require_memory
from ..unit_blocks import Floats, UnitBlocks, dtype_like
from .held_out import RidgeProblem
from .solvers import factors_for_all, factors_per_unit, predicted_power, room_for_targets
from .strengths import (
    MOST_DEFAULTS,
    checked_alphas,
    errors_for_all,
    errors_per_unit,
    generalised_errors,
    most_predictable,
    ridge_problem,
)

GENERALISED = "gcv"

SINGLE_FROM = 2**22
"""Targets with more numbers than this are multiplied in float32 if they are not more precise; with fewer it is not
worth it.
"""

logger = logging.getLogger("hotwire")


class RidgeAdapter(FactoredAdapter):
    """Ridge regression into layers of any width, in factors, with a gain.

    A prediction is::

        ((X - x_mean_) / x_scale_) @ projection_ @ expansion_ * gain_ + y_mean_

    Parameters
    ----------
    alphas : float or sequence of float, optional
        Regularisation strengths, all above 0, on the scale of scikit-learn's `Ridge`. With a single one there is no
        cross-validation; of several, one is chosen on held-out samples by `choose_by`. Default: half powers of ten on
        the scale of the features, see `default_alphas`.
    alpha_per : {"all", "unit"}
        One strength for all units (the error is summed over them), or one for each unit. With one for all, the search
        uses at most n_samples scores of Y, not the wide axis.
    choose_by : {"error", "direction"}
        ``"error"``: the least mean squared error. ``"direction"``: the largest squared cosine between predicted and
        true deviations from the mean. Use it with a gain, which restores the size: the error prefers weak strengths
        only because strong ones shrink predictions.
    gain : {"none", "total", "unit"}
        A factor on the prediction's deviation from `y_mean_`. ``"none"``: 1, the shrunk predictions of plain
        ridge. ``"total"``: one factor, such that on the training samples the variance summed over units is
        that of Y. ``"unit"``: one factor per unit, each restoring its unit's variance (1 where nothing is
        predicted).
    scale : {"none", "unit_variance"}
        The scaling of features after centring. Constant features have scale 1 and no weight.
    cv : int, splitter or "gcv", optional
        A number of folds, or a splitter of scikit-learn. Default: leave one group out with up to 20 groups, 10 folds of
        whole groups with more, and 5 folds of neighbouring samples without groups. ``"gcv"``: generalised
        cross-validation without folds, for independent samples.
    device : str, optional
        The torch device for products along the wide axis, e.g. ``"cuda"``. Default: the targets' device if they are a
        tensor, else numpy. Fitted attributes are always numpy arrays.

    Attributes
    ----------
    projection_ : (n_features, k) array of float64
        k is the rank of X; with one strength for all units, the rank of Y or n_units if that is smaller. If k would be
        nearly n_samples, it is n_samples and the expansion is Y, centred. Of features far more than samples, without a
        `scale`, it is computed when first asked for; until then X is kept, and must not change.
    expansion_ : (k, n_units) array
        float32 if Y was float32 or float16, else float64; so are the predictions.
    x_mean_, x_scale_ : (n_features,) arrays
    y_mean_ : (n_units,) array
        Without dimensions if Y had one.
    gain_ : float or (n_units,) array
    alpha_ : float or (n_units,) array
        The strength chosen.
    alpha_at_edge_ : bool or (n_units,) array of bool
        Whether it is the smallest or largest of several. If you gave `alphas`, others may be better.
    alphas_ : (n_alphas,) array
        The candidate strengths; None in old saved adapters.
    solver_ : {"dual", "primal"}
        Whether the matrices were samples by samples or features by features, see `hotwire.adapters.plan.plan_fit`.
    cv_errors_ : (n_alphas,) or (n_alphas, n_units) array, or None
        For each of `alphas_`, on held-out samples (and over units): the mean squared error before any gain, one minus
        the squared cosine, or the generalised error. None if there was nothing to choose.

    Notes
    -----
    Features, matrices of samples by samples, strengths and sums are in float64. Features far more than samples (see
    `hotwire.adapters.row_space`) are read in blocks for their Gram matrix, once for all strengths and folds; in float32
    if they are and it changes no weight by more than 5e-5. Products of targets with these are in float32 if there are
    more than four million target values that are not more precise. A choice of strength that float32 cannot decide is
    repeated in float64. Strengths below 1e-7 of the features' largest squared singular value are searched with a
    full-precision decomposition of each fold.

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
    _optional = ("cv_errors", "alphas")
    alphas_: Floats
    _takes_tensors = True

    def __init__(
        self,
        alphas: float | Sequence[float] | None = None,
        *,
        alpha_per: str = "all",
        choose_by: str = "error",
        gain: str = "none",
        scale: str = "none",
        cv: int | Splitter | Literal["gcv"] | None = None,
        device: str | None = None,
    ) -> None:
        self.alphas = alphas
        self.alpha_per = alpha_per
        self.choose_by = choose_by
        self.gain = gain
        self.scale = scale
        self.cv = cv
        self.device = device

    def fit(self, X: Any, Y: Any, groups: ArrayLike | None = None, out: NDArray | None = None) -> Self:
        """Fit the map.

        Parameters
        ----------
        X : (n_samples, n_features) array-like or torch tensor
        Y : (n_samples, n_units) or (n_samples,) array-like or torch tensor
            May be a memory map, which is read block by block.
        groups : (n_samples,) array-like, optional
            Samples with equal labels (a run, a photograph) are never divided by cross-validation.
        out : (n_samples, n_units) array, optional
            The expansion is written into its first rows, e.g. a memory map for a layer that is too wide for memory.

        Raises
        ------
        UnknownNameError
            If a parameter is an unknown policy.
        InputError
            If `alphas` are not positive, `cv` or `groups` allow no cross-validation, or the memory is too small.
        ShapeError
            If `X`, `Y`, `groups` and `out` do not fit together.
        NonFiniteError
            If there is NaN or infinity.
        """
        named = checked_strengths(self)
        n_alphas = MOST_DEFAULTS if named is None else len(named)
        X, units = self._checked(X, Y, wide_as_given=self.scale == "none")
        n_samples = len(X)
        folds = self._folds(n_samples, groups) if n_alphas > 1 else []
        precision = "as given" if math.prod(units.shape) > SINGLE_FROM else "full"
        targets = UnitBlocks(units.reshape(n_samples, -1), precision, backend_for(units, self.device))
        n_units, dtype = targets.Y.shape[1], dtype_like(units)
        wide = _checked_out(out, n_samples, n_units, dtype)
        plan = plan_fit(
            n_samples,
            X.shape[1],
            n_units,
            n_alphas=n_alphas,
            n_folds=len(folds),
            alpha_per=self.alpha_per,
            scale=self.scale,
            itemsize=np.dtype(dtype).itemsize,
            expansion="in memory" if out is None else "given",
        )
        logger.info("ridge of %d samples, %d features, %d units: %s", n_samples, X.shape[1], n_units, plan)
        require_memory(plan)

        problem = ridge_problem(X, self.scale, named, folds, self.choose_by)
        features, parts = problem.features, problem.parts
        K = kept = None
        if self.alpha_per == "all" and plan.solver == "dual":
            kept = room_for_targets(parts, targets, dtype, wide)
            K = targets.gram(kept)
        self.solver_, self.alphas_ = plan.solver, problem.alphas
        chosen = self._choose(problem, targets, K)
        if self.alpha_per == "all":
            factors = factors_for_all(parts, float(chosen), targets, K, dtype, wide, kept)
        else:
            factors = factors_per_unit(parts, chosen, targets, dtype, wide)

        self.x_mean_, self.x_scale_ = features.mean, features.scale
        projection = np.ascontiguousarray(factors.projection)
        projection[features.constant] = 0.0
        self._set_projection(problem, projection)
        self.expansion_ = factors.expansion
        self.y_mean_ = targets.mean.astype(dtype).reshape(units.shape[1:])
        predictable = most_predictable(chosen, parts.largest_square)
        if self.gain == "total" and K is not None:  # the Gram matrix gives it without the wide axis
            self.gain_ = float(restoring_gain(predicted_power(parts, float(chosen), K), np.trace(K), predictable))
        elif self.gain == "none":
            self.gain_ = 1.0
        else:
            scores = features.X @ projection
            self.gain_ = gain_for(self.gain, scores, self.expansion_, targets.power, predictable=predictable)
        return self

    def _set_projection(self, problem: RidgeProblem, projection: Floats) -> None:
        """Weights of wide features are implicit, in those of their coordinates, until they are asked for."""
        for name in ("projection_", "_coordinates"):
            vars(self).pop(name, None)
        if problem.wide is None:
            self.projection_ = projection
        else:
            self._coordinates = problem.wide, projection

    if not TYPE_CHECKING:  # other names stay known

        def __getattr__(self, name: str) -> Any:
            if name != "projection_" or "_coordinates" not in vars(self):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            wide, weights = vars(self).pop("_coordinates")
            self.projection_ = wide.weights_of(weights)
            return self.projection_

    def _folds(self, n_samples: int, groups: ArrayLike | None) -> list[Split]:
        codes = None if groups is None else encode_groups(groups, n_samples)
        if self.cv != GENERALISED:
            return split_samples(n_samples, codes, self.cv)
        if codes is not None:
            raise InputError(
                f"cv={GENERALISED!r} takes samples for independent and would divide groups: give none, or cv=None"
            )
        return []

    def _choose(self, problem: RidgeProblem, targets: UnitBlocks, K: Floats | None) -> Floats:
        """Set `alpha_`, `alpha_at_edge_` and `cv_errors_`; return the strength, or that of each unit."""
        alphas = problem.alphas
        if len(alphas) == 1:
            self.cv_errors_ = None
            chosen = np.zeros(() if self.alpha_per == "all" else targets.Y.shape[1], dtype=np.intp)
        else:
            if self.cv == GENERALISED:
                errors = generalised_errors(problem, targets, K)
            elif self.alpha_per == "all":
                errors = errors_for_all(problem, targets, K, self.solver_)
            else:
                errors = errors_per_unit(problem, targets, self.solver_)
            if self.alpha_per == "all":
                errors = errors.of_all()
            self.cv_errors_ = errors.of_strengths
            chosen = errors.first_least()
        alpha = np.asarray(alphas[chosen])
        self.alpha_ = plain(alpha)
        self.alpha_at_edge_ = plain(np.isin(alpha, (alphas.min(), alphas.max())) & (len(alphas) > 1))
        return alpha

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        return {name: [(), (n_units,)] for name in ("alpha", "alpha_at_edge")}


def checked_strengths(adapter: RidgeAdapter) -> Floats | None:
    """The given strengths of an adapter, if any, after a check of its policies."""
    require_policies(adapter, ALPHA_PER, CHOOSE_BY, GAIN, SCALE)
    return checked_alphas(adapter.alphas)


def _checked_out(out: NDArray | None, n_samples: int, n_units: int, dtype: type) -> NDArray | None:
    if out is not None and (out.shape != (n_samples, n_units) or out.dtype != dtype):
        raise ShapeError(
            f"out has shape {out.shape} and dtype {out.dtype}, expected {(n_samples, n_units)} and {np.dtype(dtype)}"
        )
    return out
