"""Held-out errors of each strength, and the choice of the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from ..unit_blocks import Floats, sum_of_squares
from .decomposition import filter_factors, quick_svd, standardise, thin_svd
from .folds import Split


@dataclass(frozen=True)
class PreparedFold:
    """One fold's decomposition, for all strengths and units.

    `train` and `held_out` are the samples' positions, `left` (n_train, r) and `values` (r,) of the training features'
    decomposition, and `held_out_scores` (n_held_out, r) the held-out features along the right singular vectors.
    """

    train: NDArray[np.intp]
    held_out: NDArray[np.intp]
    left: Floats
    values: Floats
    held_out_scores: Floats


def prepare_folds(X: Floats, folds: list[Split], scale: str, weakest: float | None = None) -> list[PreparedFold]:
    """Standardise and decompose the features (n_samples, n_features) of each fold, by its training samples alone.

    If no strength is below `weakest`, a `quick_svd` may be enough.
    """
    if scale == "none" and X.shape[1] > X.shape[0]:
        # X' = Q R: the coordinates R' have the same inner products of samples, so no fold needs the wide X. The mean is
        # removed first: folds centre anyway, and it would cost digits.
        X = np.asarray(np.linalg.qr((X - X.mean(axis=0)).T, mode="r")).T
    prepared = []
    for train, held_out in tqdm(folds, desc="decomposing folds", delay=1, disable=None):
        features = standardise(X[train], scale)
        parts = (None if weakest is None else quick_svd(features.X, weakest)) or thin_svd(features.X)
        scores = ((X[held_out] - features.mean) / features.scale) @ parts.right.T
        prepared.append(PreparedFold(train, held_out, parts.left, parts.values, scores))
    return prepared


TIE = 1e-9
"""Errors that differ by less than this part of the total to predict differ by rounding."""


def first_least(errors: Floats, size: ArrayLike) -> NDArray[np.intp]:
    """The position of the least error in each column (n_alphas, n_units); the first one, if several differ by rounding.

    `size` is the total to predict, in the same measure.

    >>> first_least(np.array([[0.5, 0.7], [0.5 - 1e-12, 0.6]]), 1.0)
    array([0, 1])
    """
    return (errors <= errors.min(axis=0) + TIE * np.asarray(size)).argmax(axis=0)


@dataclass(frozen=True)
class HeldOutSums:
    """Sums over all held-out samples, of deviations from the mean of each fold's training samples.

    Squared errors and squared predictions are (n_alphas, n_targets), the squared truth (n_targets,). If only errors are
    needed, `predicted` is zero, and `true` is about the mean of all samples.
    """

    error: Floats
    predicted: Floats
    true: Floats

    def over_all(self) -> HeldOutSums:
        """The same sums over all targets, as one."""
        return HeldOutSums(
            self.error.sum(axis=1, keepdims=True),
            self.predicted.sum(axis=1, keepdims=True),
            self.true.sum(keepdims=True),
        )

    def off_direction(self) -> Floats:
        """One minus the squared cosine between prediction and truth, (n_alphas, n_targets).

        This is the part of the truth that no gain could explain. It ignores how much a strength shrinks predictions,
        because a gain restores that. It is 1 if nothing, or the opposite, is predicted.
        """
        inner = (self.predicted + self.true - self.error) / 2
        norms = self.predicted * self.true
        known = (inner > 0) & (norms > 0)
        return 1.0 - np.where(known, inner**2 / np.where(known, norms, 1.0), 0.0)


def held_out_sums(folds: list[PreparedFold], alphas: Floats, Y: Floats) -> HeldOutSums:
    """The sums of each strength on the held-out samples of Y (n_samples, n_targets)."""
    error, predicted = np.zeros((2, len(alphas), Y.shape[1]))
    true = np.zeros(Y.shape[1])
    for fold in folds:
        train = Y[fold.train]
        mean = train.mean(axis=0)
        along = fold.left.T @ (train - mean)
        truth = Y[fold.held_out] - mean
        true += sum_of_squares(truth)
        for number, alpha in enumerate(alphas):
            guess = (fold.held_out_scores * filter_factors(fold.values, alpha).T) @ along
            predicted[number] += sum_of_squares(guess)
            guess -= truth
            error[number] += sum_of_squares(guess)
    return HeldOutSums(error, predicted, true)
