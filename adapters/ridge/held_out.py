"""Cross-validation of ridge: what every strength predicts of held-out samples, each formula once.

For a unit y, let M y be the held-out samples' deviations from the mean of their fold's training samples, and H y what
ridge predicts of them. M and H (n_held_out, n_samples) depend on features and folds alone, H also on the strength. So
the sums over held-out samples are, for a unit, and for all units together by their inner products K = Y Y'::

    error      |M y - H y|^2      <K, (M - H)'(M - H)>
    predicted  |H y|^2            <K, H'H>
    true       |M y|^2            <K, M'M>

With the whole ridge's hat matrix G = 11'/n + U diag(s^2 / (s^2 + alpha)) U', the residuals of a held-out fold f are (I
- G_ff)^-1 (I - G)_f Y (Cook & Weisberg 1982, Residuals and influence in regression, section 3.6), so that no fold needs
its own decomposition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from tqdm import tqdm

from ..backend import each_on_one_thread, one_thread
from ..folds import Split
from ..row_space import Coordinates
from ..unit_blocks import Floats, sum_of_squares
from .solvers import Standardised, Svd, filter_factors, quick_svd, standardise, thin_svd


@dataclass(frozen=True)
class HeldOutSums:
    """Sums over all held-out samples, of deviations from the mean of each fold's training samples.

    Squared errors and squared predictions are (n_alphas, n_targets), the squared truth (n_targets,). If only errors are
    needed, `predicted` may be zero, and `true` about the mean of all samples.
    """

    error: Floats
    predicted: Floats
    true: Floats

    def __add__(self, more: HeldOutSums) -> HeldOutSums:
        """Sums over the held-out samples of both."""
        return HeldOutSums(self.error + more.error, self.predicted + more.predicted, self.true + more.true)

    def over_all(self) -> HeldOutSums:
        """The same sums over all targets, as one."""
        return HeldOutSums(
            self.error.sum(axis=1, keepdims=True),
            self.predicted.sum(axis=1, keepdims=True),
            self.true.sum(keepdims=True),
        )

    def errors(self, choose_by: str, n_values: int) -> Floats:
        """What a choice makes least, (n_alphas, n_targets): the mean over `n_values`, or what is `off_direction`."""
        return self.off_direction() if choose_by == "direction" else self.error / n_values

    def off_direction(self) -> Floats:
        """One minus the squared cosine between prediction and truth, (n_alphas, n_targets).

        This is the part of the truth that no gain could explain. It ignores how much a strength shrinks predictions,
        because a gain restores that. It is 1 if nothing, or the opposite, is predicted.
        """
        inner = (self.predicted + self.true - self.error) / 2
        norms = self.predicted * self.true
        known = (inner > 0) & (norms > 0)
        return 1.0 - np.where(known, inner**2 / np.where(known, norms, 1.0), 0.0)


def n_held_out(folds: list[Split]) -> int:
    """How many samples are held out; one that is held out twice counts twice."""
    return sum(len(held_out) for _, held_out in folds)


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
    prepared = each_on_one_thread(partial(_prepared, X, scale, weakest), folds)
    return list(tqdm(prepared, desc="decomposing folds", total=len(folds), delay=1, disable=None))


def _prepared(X: Floats, scale: str, weakest: float | None, fold: Split) -> PreparedFold:
    train, held_out = fold
    features = standardise(X[train], scale)
    parts = (None if weakest is None else quick_svd(features.X, weakest)) or thin_svd(features.X)
    scores = ((X[held_out] - features.mean) / features.scale) @ parts.right.T
    return PreparedFold(train, held_out, parts.left, parts.values, scores)


def held_out_sums(folds: list[PreparedFold], alphas: Floats, Y: Floats) -> HeldOutSums:
    """The sums of each strength on the held-out samples of Y (n_samples, n_targets), fold by fold."""
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


@dataclass(frozen=True)
class RidgeProblem:
    """The features of a fit with what is to choose from.

    X (n_samples, n_features) is not standardised: folds do this with their training samples. `features` are those of
    all samples, standardised, and `parts` their decomposition, with centred left vectors; `quick` is whether it is a
    `quick_svd`. Where features are `wide`, all of this is of their coordinates, but for the features' means and scale.
    """

    X: Floats
    features: Standardised
    parts: Svd
    quick: bool
    scale: str
    alphas: Floats
    folds: list[Split]
    choose_by: str
    wide: Coordinates | None = None

    @property
    def one_serves_all(self) -> bool:
        """Whether the decomposition of all samples serves all folds: it is a complete basis, each fold has all samples,
        and none a scale of its own.
        """
        everyone = np.arange(len(self.X))
        complete = self.quick and self.scale == "none" and self.parts.left.shape[1] == len(self.X)
        return complete and all(np.array_equal(np.sort(np.concatenate(fold)), everyone) for fold in self.folds)

    def prepared(self) -> list[PreparedFold]:
        """Each fold's own decomposition, as precise as the strengths need."""
        return prepare_folds(self.X, self.folds, self.scale, float(self.alphas.min()) if self.quick else None)


def held_out_rows(problem: RidgeProblem) -> Iterator[Floats]:
    """H of each strength, by the quickest way that is precise enough; rows in the order of the folds."""
    if problem.one_serves_all:
        left = problem.parts.left
        true = deviations(len(left), problem.folds) @ left
        return ((true - residual) @ left.T for residual in _residuals(problem))
    return _fold_by_fold(problem.prepared(), len(problem.X), problem.alphas)


def deviations(n_samples: int, folds: list[Split]) -> Floats:
    """M: from targets to held-out deviations from the mean of each fold's training samples."""
    result = np.zeros((n_held_out(folds), n_samples))
    start = 0
    for train, held_out in folds:
        result[start : start + len(held_out), train] = -1.0 / len(train)
        result[np.arange(start, start + len(held_out)), held_out] += 1.0
        start += len(held_out)
    return result


def left_out(own: Floats, rows: Floats) -> Floats:
    """A fold's residuals when it is held out, (I - G_ff)^-1 (I - G)_f Y, from `own`, I - G_ff, and `rows`, (I - G)_f Y.

    >>> left_out(np.array([[0.5]]), np.array([[2.0, 1.0]]))
    array([[4., 2.]])
    """
    with one_thread:
        factor = cho_factor(own, lower=True, check_finite=False)
        if rows.shape[1] <= len(own):
            return cho_solve(factor, rows, check_finite=False)
        inverse = cho_solve(factor, np.eye(len(own)), overwrite_b=True, check_finite=False)
    return inverse @ rows


def _residuals(problem: RidgeProblem, dtype: type = np.float64) -> Iterator[NDArray]:
    """M - H along the left vectors, of each strength: (I - G_ff)^-1 (I - G)_f, with I - G = diag(alpha / (s^2 +
    alpha)). Each is overwritten by the next.
    """
    left, squares = problem.parts.left, problem.parts.values**2
    of_folds = [left[held_out] for _, held_out in problem.folds]
    ends = np.cumsum([len(own) for own in of_folds])
    residual = np.empty((ends[-1], len(left)), dtype)
    for alpha in problem.alphas:
        # The lost part is summed directly: one minus the rest would lose its digits.
        parts = each_on_one_thread(partial(_residual, alpha / (squares + alpha)), of_folds)
        for part, end in zip(parts, ends, strict=True):
            residual[end - len(part) : end] = part
        yield residual


def _residual(shares: Floats, own: Floats) -> Floats:
    """(I - G_ff)^-1 (I - G)_f along the left vectors, from the lost `shares` of these and a fold's `own` rows."""
    lost = own * shares
    return left_out(lost @ own.T, lost)


def _fold_by_fold(folds: list[PreparedFold], n_samples: int, alphas: Floats) -> Iterator[Floats]:
    """H from a decomposition of each fold."""
    for alpha in alphas:
        blocks = []
        for fold in folds:
            block = np.zeros((len(fold.held_out), n_samples))
            block[:, fold.train] = (fold.held_out_scores * filter_factors(fold.values, alpha).T) @ fold.left.T
            blocks.append(block)
        yield np.concatenate(blocks)


def sums_of_gram(problem: RidgeProblem, K: Floats, dtype: type = np.float64) -> HeldOutSums:
    """The sums over all held-out samples and units from the Gram matrix K of the targets' deviations from their mean.

    If one decomposition serves all folds, each strength takes one product of the size of the samples, in `dtype`. In
    float32 the sums' error is about a millionth of the truth's. A choice by the error needs no more than errors.
    """
    if not problem.one_serves_all:
        return sums_of_folds(problem.prepared(), problem.alphas, K)
    left = problem.parts.left
    inside = (left.T @ K @ left).astype(dtype)
    error, predicted = np.zeros((2, len(problem.alphas), 1))
    needs_all = problem.choose_by == "direction"
    true = (deviations(len(left), problem.folds) @ left).astype(dtype) if needs_all else None
    product = np.empty((n_held_out(problem.folds), len(left)), dtype)
    for number, residual in enumerate(_residuals(problem, dtype)):
        error[number] = _dot(np.matmul(residual, inside, out=product), residual)
        if true is not None:
            np.subtract(true, residual, out=residual)
            predicted[number] = _dot(np.matmul(residual, inside, out=product), residual)
    size = np.trace(K) if true is None else _dot(true @ inside, true)
    return HeldOutSums(error, predicted, np.full(1, size))


def sums_of_folds(folds: list[PreparedFold], alphas: Floats, K: Floats) -> HeldOutSums:
    """The sums over all held-out samples and units from a Gram matrix K of the targets, for all strengths at once.

    With a fold's training features U diag(s) V' and held-out features along V, S, predictions are ``S diag(f) U'Y``
    with f = s / (s^2 + alpha). Their sum of squares is ``f' ((S'S) o (U'KU)) f``, with the size of the features.
    """
    inner, predicted, true = np.zeros(len(alphas)), np.zeros(len(alphas)), 0.0
    for fold in folds:
        filters = np.hstack([filter_factors(fold.values, alpha) for alpha in alphas])
        # The training samples' left vectors, and their mean; one product, and no part of K is copied.
        basis = np.zeros((len(K), len(fold.values) + 1))
        basis[fold.train, :-1], basis[fold.train, -1] = fold.left, 1.0 / len(fold.train)
        along = K @ basis
        of_train, of_held_out, scores = along[fold.train], along[fold.held_out], fold.held_out_scores
        mean = of_train.mean(axis=0)
        true += float((K[fold.held_out, fold.held_out] - 2 * of_held_out[:, -1] + mean[-1]).sum())
        both = (scores.T @ scores) * (fold.left.T @ of_train[:, :-1])
        inner += np.einsum("ij,ij->j", scores, (of_held_out - mean)[:, :-1]) @ filters
        predicted += np.einsum("ia,ia->a", filters, both @ filters)
    error = np.maximum(true - 2 * inner + predicted, 0.0)
    return HeldOutSums(error[:, np.newaxis], predicted[:, np.newaxis], np.full(1, true))


def _dot(a: NDArray, b: NDArray) -> float:
    return float(np.einsum("ij,ij->i", a, b).sum(dtype=np.float64))
