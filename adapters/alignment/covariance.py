"""Alignment without shared stimuli: matches the mean and (co)variance of one session to another's."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from ..checks import require_policies
from ..plan import ALIGNMENT_INSTEAD, plan_alignment, require_memory
from ..shrunk_covariance import Root, shrinkage_for, shrunk_root
from ..unit_blocks import Floats
from .aligner import Aligner, checked_rows

MATCHES = ("mean", "variance", "covariance")


class CovarianceAligner(Aligner):
    """Give the samples of a source the mean, the variances or the covariance of a target's.

    Only the distribution of samples is matched, so no shared stimuli and no labels are needed. A feature must be the
    same thing in both: the same electrode the next day, the same voxel in a realigned scan. It cannot work between
    different neurons, or people whose brains were not aligned, because the covariance does not show which feature is
    which. Both sessions should have about the same mixture of conditions: a difference in it is removed like a
    difference between sessions.

    Parameters
    ----------
    match : {"mean", "variance", "covariance"}
        ``"mean"``: each feature's mean. ``"variance"``: its variance, too; features that are constant in one session
        are not scaled. ``"covariance"``: also the covariances between features, by ``C_source^-1/2 C_target^1/2``. Both
        covariances are shrunk towards a multiple of the identity, by the larger of their shrinkages, so that equal
        covariances give the identity map for any numbers of samples.

    Attributes
    ----------
    source_mean_, target_mean_ : (n_features,) arrays
    shrinkage_ : float
        The weight of the identity, between 0 and 1; 0 unless covariances are matched.
    source_level_, source_directions_, source_gains_ : (n_features,), (n_features, r), (r,) arrays
        The square root of the source's covariance, see `Root`.
    target_level_, target_directions_, target_gains_ : arrays
        The same of the target.

    Notes
    -----
    Each session's factors have n_features x min(n_samples, n_features) numbers. With more features than samples no
    array is n_features squared.

    References
    ----------
    Sun, Feng & Saenko (2016), Return of frustratingly easy domain adaptation (CORAL). AAAI 30, 2058-2065. Ledoit & Wolf
    (2004), A well-conditioned estimator for large-dimensional covariance matrices. J. Multivariate Analysis 88,
    365-411, for the shrinkage.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> monday = rng.normal(size=(200, 2)) * [1.0, 2.0]
    >>> tuesday = rng.normal(size=(300, 2)) * [3.0, 1.0] + 10.0
    >>> aligned = CovarianceAligner("variance").fit(tuesday, monday).transform(tuesday)
    >>> bool(np.allclose(aligned.std(axis=0), monday.std(axis=0)))
    True
    """

    _shapes = {
        "source_mean": ("n_features",),
        "target_mean": ("n_features",),
        "source_level": ("n_features",),
        "source_directions": ("n_features", "n_source"),
        "source_gains": ("n_source",),
        "target_level": ("n_features",),
        "target_directions": ("n_features", "n_target"),
        "target_gains": ("n_target",),
        "shrinkage": (),
    }

    shrinkage_: float

    def __init__(self, match: str = "covariance") -> None:
        self.match = match

    def fit(self, X_source: ArrayLike, X_target: ArrayLike) -> Self:
        """Fit the map from tables (n_source_samples, n_features) and (n_target_samples, n_features).

        Column j of both is the same feature; rows are unrelated.

        Raises
        ------
        UnknownNameError
            If `match` has another value.
        ShapeError
            If the tables have different numbers of features.
        NonFiniteError
            If there is NaN or infinity.
        InputError
            If it would take more memory than there is.
        """
        require_policies(self, {"match": MATCHES})
        source = checked_rows(self, "X_source", X_source, least=2)
        target = checked_rows(self, "X_target", X_target, source.shape[1], least=2)
        self._note_features(X_source, reset=True)
        if self.match == "covariance":
            plan = plan_alignment([source.shape, target.shape])
            require_memory(plan, what="matching the covariance", instead=ALIGNMENT_INSTEAD)
        self.source_mean_, self.target_mean_ = source.mean(axis=0), target.mean(axis=0)
        source, target = source - self.source_mean_, target - self.target_mean_
        self.shrinkage_ = 0.0
        if self.match == "covariance":
            self.shrinkage_ = max(shrinkage_for(source), shrinkage_for(target))
            both = tqdm((source, target), desc="roots of the covariances", delay=1, disable=None)
            roots = [shrunk_root(centred, self.shrinkage_) for centred in both]
        else:
            levels = np.ones((2, source.shape[1]))
            if self.match == "variance":
                deviation = np.stack([source.std(axis=0), target.std(axis=0)])
                varies = (np.ptp(source, axis=0) > 0) & (np.ptp(target, axis=0) > 0)
                levels[:, varies] = deviation[:, varies]
            roots = [Root(level, np.empty((len(level), 0)), np.empty(0)) for level in levels]
        (self.source_level_, self.source_directions_, self.source_gains_) = roots[0]
        (self.target_level_, self.target_directions_, self.target_gains_) = roots[1]
        return self

    def pulled_back(self, weights: Floats) -> Floats:
        return self._source.inverse().times(self._target.times(weights.T)).T

    def _forward(self, deviations: Floats) -> Floats:
        return self._target.times(self._source.inverse().times(deviations))

    def _backward(self, deviations: Floats) -> Floats:
        return self._source.times(self._target.inverse().times(deviations))

    @property
    def _source(self) -> Root:
        return Root(self.source_level_, self.source_directions_, self.source_gains_)

    @property
    def _target(self) -> Root:
        return Root(self.target_level_, self.target_directions_, self.target_gains_)
