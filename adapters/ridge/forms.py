"""Held-out errors as forms in the targets' Gram matrix, from the features alone.

Ridge predictions for held-out samples are linear in the training targets. H (n, n) has the row of this map for each
sample when it is held out. M (n, n) has the row that gives the target's deviation from the mean of the same training
samples. Then the sums over all units are inner products with K = Y Y'::

    sum of (M Y) o (H Y) = <K, M'H>        sum of (H Y) o (H Y) = <K, H'H>        sum of (M Y) o (M Y) = <K, M'M>

The matrices on the right are the same for all layers, and a search costs each layer n^2 products for each strength.
With the whole ridge's hat matrix G = 11'/n + Z diag(s^2 / (s^2 + alpha)) Z', the residuals of a held-out fold f are (I
- G_ff)^-1 (I - G)_f Y (Cook & Weisberg 1982, Residuals and influence in regression, section 3.6), so that no fold needs
its own decomposition.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from ..unit_blocks import Floats
from .decomposition import Svd, filter_factors
from .folds import Split
from .held_out import HeldOutSums, PreparedFold, prepare_folds

gemm, syrk = get_blas_funcs(("gemm", "syrk"), dtype=np.float64)  # they add to their output, and syrk halves the work


def forms(n_samples: int, folds: list[Split], predictions: Iterator[Floats], n_alphas: int) -> Floats:
    """The forms (2 * n_alphas + 1, n_samples, n_samples): M'H of each strength, H'H of each strength, and M'M.

    `predictions` yields H for each strength, a row for each held-out sample in the order of the folds. The forms are
    for inner products with symmetric matrices (see `doubled_triangle`).
    """
    result = np.zeros((2 * n_alphas + 1, n_samples, n_samples))
    of_strength = _FormsOfStrength(n_samples, folds)
    for number, rows in enumerate(predictions):
        of_strength(rows, result[number], result[n_alphas + number])
    doubled_triangle(deviations(n_samples, folds), result[-1])
    return result


def sums_for_one(n_samples: int, folds: list[Split], predictions: Iterator[Floats], K: Floats) -> HeldOutSums:
    """The sums over all held-out samples and units for one Gram matrix, with the `forms` of one strength at a time."""
    of_strength = _FormsOfStrength(n_samples, folds)
    true = np.vdot(doubled_triangle(deviations(n_samples, folds), np.zeros_like(K)), K)
    sums = []
    for rows in predictions:
        inner, predicted = np.zeros((2, n_samples, n_samples))
        of_strength(rows, inner, predicted)
        sums.append((np.vdot(inner, K), np.vdot(predicted, K)))
    inner, predicted = np.array(sums).T[:, :, np.newaxis]
    return HeldOutSums(true - 2 * inner + predicted, predicted, np.full(1, float(true)))


def deviations(n_samples: int, folds: list[Split]) -> Floats:
    """M (n_held_out, n_samples): from targets to held-out deviations from the mean of each fold's training samples."""
    result = np.zeros((sum(len(held_out) for _, held_out in folds), n_samples))
    start = 0
    for train, held_out in folds:
        result[start : start + len(held_out), train] = -1.0 / len(train)
        result[np.arange(start, start + len(held_out)), held_out] += 1.0
        start += len(held_out)
    return result


class _FormsOfStrength:
    """Adds M'H and H'H of one strength to arrays of zeros."""

    def __init__(self, n_samples: int, folds: list[Split]) -> None:
        self._held_out = np.concatenate([fold[1] for fold in folds])
        sizes = np.array([len(fold[1]) for fold in folds])
        self._starts = np.cumsum(sizes) - sizes
        self._means = np.zeros((len(folds), n_samples))
        for number, (train, _) in enumerate(folds):
            self._means[number, train] = 1.0 / len(train)
        self._once = np.array_equal(np.sort(self._held_out), np.arange(n_samples))

    def __call__(self, rows: Floats, inner: Floats, predicted: Floats) -> None:
        # M'H without a product of its size: a row of M is a 1 minus its fold's mean.
        if self._once:
            inner[self._held_out] = rows
        else:
            np.add.at(inner, self._held_out, rows)
        of_folds = np.add.reduceat(rows, self._starts, axis=0)
        gemm(-1.0, of_folds.T, self._means.T, 1.0, inner.T, trans_b=1, overwrite_c=1)
        doubled_triangle(rows, predicted)


def sums_of(result: Floats, grams: Floats) -> list[HeldOutSums]:
    """The sums over all held-out samples and units, from `forms`, for each of the Gram matrices (n_layers, n, n)."""
    n_alphas = len(result) // 2
    products = grams.reshape(len(grams), -1) @ result.reshape(len(result), -1).T
    inner, predicted, true = products[:, :n_alphas, None], products[:, n_alphas:-1, None], products[:, -1:]
    error = true[:, :, None] - 2 * inner + predicted
    return [HeldOutSums(*sums) for sums in zip(error, predicted, true, strict=True)]


def doubled_triangle(rows: Floats, out: Floats) -> Floats:
    """One triangle of ``rows.T @ rows``, off-diagonal doubled: the same inner products with symmetric matrices.

    `out` (n, n) is zero, and its other triangle stays zero.
    """
    syrk(2.0, rows.T, c=out.T, overwrite_c=1)
    np.einsum("ii->i", out)[:] /= 2
    return out


def left_out(parts: Svd, folds: list[Split], alphas: Floats) -> Iterator[Floats]:
    """H for held-out folds, for each strength, from the decomposition of all samples; not for features scaled by each
    fold.

    `parts` is the decomposition of all n centred features, with centred left vectors; n of them are taken as a complete
    basis. Each fold has all n samples.
    """
    n_samples = len(parts.left)
    complete = parts.left.shape[1] == n_samples
    right = np.vstack([parts.left.T, np.ones(n_samples)])
    for alpha in alphas:
        kept = parts.values**2 / (parts.values**2 + alpha)
        lost = alpha / (parts.values**2 + alpha)
        weights = []
        for train, held_out in folds:
            left = parts.left[held_out]
            # For a complete basis the lost part is summed directly: one minus the rest would lose its digits.
            if complete:
                inverse = -np.linalg.inv((left * lost) @ left.T)
                weights.append(np.column_stack([inverse @ (left * lost), np.full(len(left), -1.0 / len(train))]))
            else:
                inverse = np.linalg.inv(np.eye(len(left)) - 1.0 / n_samples - (left * kept) @ left.T)
                shift = inverse.sum(axis=1) / n_samples - 1.0 / len(train)
                weights.append(np.column_stack([inverse @ (left * kept), shift]))
        rows = np.concatenate(weights) @ right
        start = 0
        for _, held_out in folds:
            rows[start : start + len(held_out), held_out] = 0.0
            start += len(held_out)
        yield rows


def sums_in_basis(parts: Svd, folds: list[Split], alphas: Floats, K: Floats, dtype: type) -> HeldOutSums:
    """The sums over all held-out samples and units for one Gram matrix, in the basis of the features' left vectors.

    There the residuals of a fold are ``(U_f L U_f')^-1 U_f L`` with L = diag(alpha / (s^2 + alpha)), so each strength
    needs a single product of the size of the samples. It is in `dtype`: with float32 the sums' error is about a
    millionth of the truth's. `parts` has n centred left vectors, each fold has all n samples, K is of deviations from
    the mean.
    """
    left = parts.left
    inside = (left.T @ K @ left).astype(dtype)
    true = np.concatenate([left[held_out] - left[train].mean(axis=0) for train, held_out in folds])
    of_truth = true.astype(dtype) @ inside
    sums = []
    for alpha in alphas:
        lost = left * (alpha / (parts.values**2 + alpha))
        residual = [np.linalg.inv(lost[held_out] @ left[held_out].T) @ lost[held_out] for _, held_out in folds]
        predicted = (true - np.concatenate(residual)).astype(dtype)
        sums.append((_dot(of_truth, predicted), _dot(predicted @ inside, predicted)))
    inner, predicted = np.array(sums).T[:, :, np.newaxis]
    squared_truth = _dot(of_truth, true)
    return HeldOutSums(squared_truth - 2 * inner + predicted, predicted, np.full(1, squared_truth))


def _dot(a: NDArray, b: NDArray) -> float:
    return float(np.einsum("ij,ij->i", a, b).sum(dtype=np.float64))


def fold_by_fold(folds: list[PreparedFold], n_samples: int, alphas: Floats) -> Iterator[Floats]:
    """As `left_out`, from a decomposition of each fold."""
    for alpha in alphas:
        blocks = []
        for fold in folds:
            block = np.zeros((len(fold.held_out), n_samples))
            block[:, fold.train] = (fold.held_out_scores * filter_factors(fold.values, alpha).T) @ fold.left.T
            blocks.append(block)
        yield np.concatenate(blocks)


def all_whole(folds: list[Split], n_samples: int) -> bool:
    """Whether each fold has all samples, on one side or the other."""
    everyone = np.arange(n_samples)
    return all(np.array_equal(np.sort(np.concatenate(fold)), everyone) for fold in folds)


def held_out_rows(X: Floats, folds: list[Split], scale: str, alphas: Floats, parts: Svd | None) -> Iterator[Floats]:
    """H of each strength, by the quickest way that is precise enough.

    `parts` is the `quick_svd` of all standardised features, with centred left vectors; None if it is not precise
    enough.
    """
    if parts is not None and scale == "none" and all_whole(folds, len(X)):
        return left_out(parts, folds, alphas)
    weakest = None if parts is None else float(alphas.min())
    return fold_by_fold(prepare_folds(X, folds, scale, weakest), len(X), alphas)
