"""RecursiveAdapter: ridge regression that learns sample by sample during a session.

With the weights w_i = forgetting^(n - i) of the samples 1 .. n and their weighted means, the map is the ridge fit::

    min over W of   sum_i w_i |y_i - mean(y) - (x_i - mean(x))' W|^2  +  sum_j d_j |W_j|^2

that is ``(G + D) W = B``, with G and B the weighted sums of products of deviations. Stored are W and the triangle L of
``L L' = G + D``. New samples are added by Householder reflections of the triangle (square-root information form,
QR-RLS), and W is corrected by its errors on them, ``W += (L L')^-1 x (y - x'W)``. Nothing is subtracted from the
triangle, so ``L L'`` stays positive definite, unlike the covariance of textbook recursive least squares.

Without forgetting, the prior D is alpha for every feature. If it faded with the samples, a constant feature could soon
take any weight (wind-up). To hold it at exactly alpha would cost O(features^3) for each sample. So the features' priors
are reset to alpha in turn, at least once in each half-life: every d_j is between alpha / 2 and alpha, and ``L L'`` is
never below alpha / 2.

References
----------
Haykin (2014), Adaptive filter theory, 5th ed.: chapter 10 (exponential weighting, regularisation), chapter 15 (square-
root filters). Gay (1996), Dynamically regularized fast RLS with application to echo cancellation. Proc. ICASSP,
957-960 (a prior renewed in turn). Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance. Am.
Statistician 37, 242-247 (running means).
"""

from __future__ import annotations

from math import inf, log
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from ...errors import InputError, ShapeError
from ..checks import GAIN, require_finite, require_policies
from ..factored import FactoredAdapter, Shapes, plain
from ..gain import restoring_gain
from ..ridge.solvers import largest_square, standardise
from ..unit_blocks import Floats, sum_of_squares
from .updates import renewed, running_means, take_up

MOST_AT_ONCE = 64
"""The number of samples that are added together: more would not be faster."""

DEFAULT_SAMPLES = 10
"""The default strength weighs as much as this many samples in the direction of the first samples' largest variance."""

MOST_STRONG = 1e5
"""With a strength this many times the features' largest squared singular value, predictions are too small for a gain.
"""

RESOLUTION = 1e-10
"""A predicted power below this part of the true one cannot be distinguished from nothing.

It is a difference of running sums, so the gain of such a small prediction has five digits, others more.
"""


class RecursiveAdapter(FactoredAdapter):
    """Ridge regression that learns sample by sample, and may forget.

    Without forgetting it predicts like ``RidgeAdapter(alpha)`` fitted on all samples so far. Time and memory of an
    update are O(features^2 + features * units), for any number of earlier samples. Everything is in float64. Fitted
    arrays are replaced, never modified: a shallow copy does not change.

    To start from an earlier session, `fit` on it, then continue with `partial_fit`.

    Parameters
    ----------
    alpha : float, optional
        Regularisation strength above 0, on the scale of scikit-learn's `Ridge`. Default: ten times the largest variance
        of the first samples in any direction, so there should be many of them.
    forgetting : float
        The factor, above 0 and up to 1, on a sample's weight with each later sample. With 1 nothing is forgotten. See
        `forgetting_for` for half-lives. An update takes longer if there are more features than samples in a half-life.
    gain : {"none", "total", "unit"}
        As in `RidgeAdapter`, for the samples with their current weights.

    Attributes
    ----------
    alpha_ : float
        The strength; None in old saved adapters, which have `alpha`.
    factor_ : (n_features, n_features) array
        The lower triangle L.
    prior_ : (n_features,) array
        D.
    weight_ : float
        The sum of the samples' weights.
    n_samples_seen_ : int
    power_, residual_ : (n_units,) arrays
        Weighted sums of squares of the targets' deviations from their mean, and their part that the map does not
        explain, with the prior.
    projection_, expansion_, x_mean_, x_scale_, y_mean_, gain_
        See `FactoredAdapter`: an identity, W, means, ones, and the gain.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> voxels = rng.normal(size=(50, 4))
    >>> layer = voxels @ rng.normal(size=(4, 20)) + rng.normal(size=(50, 20))
    >>> learner = RecursiveAdapter(alpha=10.0)
    >>> for x, y in zip(voxels, layer):
    ...     learner = learner.partial_fit([x], [y])
    >>> np.allclose(learner.predict(voxels), RecursiveAdapter(alpha=10.0).fit(voxels, layer).predict(voxels))
    True
    """

    kind = "recursive"
    _optional = ("alpha",)

    alpha_: float | None

    def __init__(self, alpha: float | None = None, *, forgetting: float = 1.0, gain: str = "none") -> None:
        self.alpha = alpha
        self.forgetting = forgetting
        self.gain = gain

    @property
    def half_life_samples(self) -> float:
        """A sample has half its weight after this many further samples; infinite without forgetting."""
        return inf if self.forgetting == 1 else log(0.5) / log(self.forgetting)

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Forget everything, then `partial_fit`. There is nothing to choose, so `groups` are not used.

        It also raises InputError if there is a gain, but `alpha` is too large for the features.
        """
        fresh: Any = clone(self)
        fresh.partial_fit(X, Y)
        if self.alpha is not None and self.gain != "none":
            size = largest_square(standardise(fresh.checked_features(X), "none").X)
            if 0 < MOST_STRONG * size < self.alpha:
                raise InputError(
                    f"alpha={self.alpha!r}, expected at most {MOST_STRONG * size:.2g}, as the features' largest "
                    f"squared singular value is {size:.2g}: beside it no gain brings predictions back; leave alpha "
                    "out, and it goes by the features' size"
                )
        vars(self).pop("feature_names_in_", None)
        vars(self).update(vars(fresh))
        return self

    def partial_fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Learn from more samples. Several at once give the same result as one after the other, and are faster.

        Parameters
        ----------
        X : (n_samples, n_features) array-like
        Y : (n_samples, n_units) or (n_samples,) array-like

        Raises
        ------
        UnknownNameError
            If there is no such gain.
        InputError
            If `alpha` or `forgetting` is out of range, or `alpha` is left out and the first samples do not vary.
        ShapeError
            If `X` and `Y` do not match, or differ from earlier samples in their number of columns.
        NonFiniteError
            If there is NaN or infinity. After any of these errors the adapter is unchanged.
        """
        self._check_parameters()
        features, units = self._checked_samples(X, Y)
        if not hasattr(self, "factor_"):
            self.alpha_ = self._strength(features)
            self._begin(features, units)
        units = units.reshape(len(units), -1)
        for start in range(0, len(features), MOST_AT_ONCE):
            some = slice(start, start + MOST_AT_ONCE)
            self._learn(features[some], units[some].astype(np.float64))
        self.gain_ = self._gain()
        return self

    def _strength(self, features: Floats) -> float:
        if self.alpha is not None:
            return float(self.alpha)
        size = largest_square(standardise(features, "none").X)
        if not size:
            raise InputError(
                f"alpha=None, expected a number above 0, e.g. alpha=100.0: the first {len(features)} samples do not "
                "vary, and so do not tell how large the features are; or begin with several samples"
            )
        return DEFAULT_SAMPLES * size / len(features)

    def _begin(self, features: Floats, units: NDArray) -> None:
        n_features, n_units = features.shape[1], units[0].size
        # The first mean is a sample, so deviations of constant features are exactly zero.
        self.x_mean_, self.y_mean_ = features[0].copy(), units[0].astype(np.float64)
        self.x_scale_, self.projection_ = np.ones(n_features), np.eye(n_features)
        self.expansion_ = np.zeros((n_features, n_units))
        self.prior_ = np.full(n_features, self.alpha_)
        self.factor_ = np.diag(np.sqrt(self.prior_))
        self.power_, self.residual_ = np.zeros((2, n_units))
        self.weight_, self.n_samples_seen_ = 0.0, 0

    def _learn(self, X: Floats, Y: Floats) -> None:
        """Add a few samples (n, n_features) and (n, n_units), with as many steps of forgetting."""
        n_samples = len(X)
        decay = self.forgetting**n_samples
        deviate, average, weight = running_means(self.weight_, n_samples, self.forgetting)
        X, Y = X - self.x_mean_, Y - self.y_mean_.reshape(-1)
        rows, targets = deviate @ X, deviate @ Y

        prior = self.prior_ * decay
        due, age = renewed(self.n_samples_seen_ + n_samples, n_samples, self.half_life_samples, len(prior))
        alpha: Any = self.alpha if self.alpha_ is None else self.alpha_
        missing = np.maximum(alpha * self.forgetting**age - prior[due], 0.0)
        prior[due] += missing
        prior_rows = np.zeros((len(due), len(prior)))
        prior_rows[np.arange(len(due)), due] = np.sqrt(missing)

        power = sum_of_squares(targets)
        rows = np.concatenate([rows, prior_rows])
        targets = np.concatenate([targets, np.zeros((len(missing), targets.shape[1]))])
        factor, self.expansion_, lost = take_up(self.factor_, self.expansion_, rows, targets, decay)
        self.factor_, self.prior_, self.weight_ = factor, prior, weight
        self.power_, self.residual_ = self.power_ * decay + power, self.residual_ * decay + lost
        self.x_mean_ = self.x_mean_ + average @ X
        self.y_mean_ = self.y_mean_ + (average @ Y).reshape(self.y_mean_.shape)
        self.n_samples_seen_ += n_samples

    def _gain(self) -> float | NDArray:
        if self.gain == "none":
            return 1.0
        weights, power, residual = self.expansion_, self.power_, self.residual_
        if self.gain == "total":
            power, residual = power.sum(), residual.sum()
            penalty = self.prior_ @ np.einsum("ju,ju->j", weights, weights)
        else:
            penalty = np.einsum("ju,ju->u", self.prior_[:, np.newaxis] * weights, weights)
        predicted = power - residual - penalty
        return plain(restoring_gain(np.where(predicted > RESOLUTION * power, predicted, 0.0), power))

    def _check_parameters(self) -> None:
        require_policies(self, GAIN)
        if self.alpha is not None and not 0 < self.alpha < inf:
            raise InputError(f"alpha={self.alpha!r}, expected a finite number above 0, e.g. 100.0")
        if not 0 < self.forgetting <= 1:
            raise InputError(
                f"forgetting={self.forgetting!r}, expected a number above 0 and up to 1, e.g. "
                "forgetting_for(half_life_samples=500); 1 forgets nothing"
            )

    def _checked_samples(self, X: Any, Y: Any) -> tuple[Floats, NDArray]:
        """As `_checked`, but one sample is enough, and it must match earlier samples."""
        begun = hasattr(self, "factor_")
        features, units = self._checked(X, Y, least=1, reset=not begun)
        if begun and units.shape[1:] != self.y_mean_.shape:
            raise ShapeError(f"Y has shape {units.shape}, expected (n_samples, *{self.y_mean_.shape}) as before")
        require_finite("Y", units.reshape(len(units), -1), column="unit")
        return features, units

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        square, features, units = (n_features, n_features), (n_features,), (n_units,)
        return {
            "factor": [square],
            "prior": [features],
            "power": [units],
            "residual": [units],
            "weight": [()],
            "n_samples_seen": [()],
        }


def forgetting_for(half_life_samples: float) -> float:
    """The forgetting with which a sample has half its weight after this many further samples.

    >>> round(forgetting_for(693.0), 3)
    0.999
    """
    if not half_life_samples > 0:
        raise InputError(f"half_life_samples={half_life_samples!r}, expected a number above 0, or inf")
    return 0.5 ** (1 / half_life_samples)
