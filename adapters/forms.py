"""How well held-out samples are predicted, as forms in the targets' Gram matrix: found from the features alone.

What a ridge predicts for held-out samples is linear in the training targets, whatever these are: with H (n, n) its row
for each sample when that sample is held out, and M (n, n) the row that takes a target's deviation from the mean of the
same training samples, the sums over all units are inner products with K = Y Y'::

    sum of (M Y) o (H Y) = <K, M'H>        sum of (H Y) o (H Y) = <K, H'H>        sum of (M Y) o (M Y) = <K, M'M>

The matrices on the right serve any number of layers, and a search over strengths costs each layer n^2 products a
strength. With the whole ridge's hat matrix G = 11'/n + Z diag(s^2 / (s^2 + alpha)) Z', the residuals of a fold f that
is left out are (I - G_ff)^-1 (I - G)_f Y (Cook & Weisberg 1982, Residuals and influence in regression, section 3.6), so
that no fold needs a decomposition of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import get_blas_funcs

from .folds import Fold
from .solvers import HeldOut, PreparedFold, Spectrum, filter_factors
from .targets import Floats

gemm, syrk = get_blas_funcs(("gemm", "syrk"), dtype=np.float64)  # they add to what is there, and syrk halves the work


def forms(n_samples: int, folds: list[Fold], predictions: Iterator[Floats], n_alphas: int) -> Floats:
    """The forms, out of what `predictions` yields: for each strength H, with a row for each held-out sample.

    Parameters
    ----------
    n_samples : int
    folds : list of (train, held_out)
    predictions : iterator of (n_held_out, n_samples) arrays
        Rows in the order of the folds.
    n_alphas : int
        How many there are.

    Returns
    -------
    (2 * n_alphas + 1, n_samples, n_samples) array
        M'H of each strength, H'H of each strength, M'M: for inner products with symmetric matrices (see
        `doubled_triangle`).
    """
    held_out = np.concatenate([fold[1] for fold in folds])
    sizes = np.array([len(fold[1]) for fold in folds])
    starts = np.cumsum(sizes) - sizes
    means = np.zeros((len(folds), n_samples))
    for number, (train, _) in enumerate(folds):
        means[number, train] = 1.0 / len(train)
    deviations = -np.repeat(means, sizes, axis=0)
    deviations[np.arange(len(held_out)), held_out] += 1.0
    once = np.array_equal(np.sort(held_out), np.arange(n_samples))
    found = np.zeros((2 * n_alphas + 1, n_samples, n_samples))
    for number, rows in enumerate(predictions):
        # M'H without a product of its size: a row of M is a 1, less its fold's mean.
        placed = found[number]
        if once:
            placed[held_out] = rows
        else:
            np.add.at(placed, held_out, rows)
        gemm(-1.0, np.add.reduceat(rows, starts, axis=0).T, means.T, 1.0, placed.T, trans_b=1, overwrite_c=1)
        doubled_triangle(rows, found[n_alphas + number])
    doubled_triangle(deviations, found[-1])
    return found


def sums_of(found: Floats, grams: Floats) -> list[HeldOut]:
    """The sums over all held-out samples and units, from `forms`, for each of the Gram matrices (n_layers, n, n)."""
    n_alphas = len(found) // 2
    products = grams.reshape(len(grams), -1) @ found.reshape(len(found), -1).T
    inner, predicted, true = products[:, :n_alphas, None], products[:, n_alphas:-1, None], products[:, -1:]
    error = true[:, :, None] - 2 * inner + predicted
    return [HeldOut(*sums) for sums in zip(error, predicted, true, strict=True)]


def doubled_triangle(rows: Floats, out: Floats) -> Floats:
    """One triangle of ``rows.T @ rows``, its off-diagonal doubled: the same inner product with what is symmetric.

    `out` (n, n) is zero, and the other triangle remains so.
    """
    syrk(2.0, rows.T, c=out.T, overwrite_c=1)
    np.einsum("ii->i", out)[:] /= 2
    return out


def left_out(parts: Spectrum, folds: list[Fold], alphas: Floats) -> Iterator[Floats]:
    """Predictions for folds left out, from the decomposition of all samples; not for features scaled by each fold.

    Parameters
    ----------
    parts : Spectrum
        Of all n centred features, its left vectors centred. With n of them they are taken for a complete basis.
    folds : list of (train, held_out)
        Each with all n samples.
    alphas : (n_alphas,) array

    Yields
    ------
    (n_held_out, n_samples) array
        For each strength: of the deviation from the mean of the training samples, the weights of these.
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
            # Of a complete basis what is lost is summed as such: as one minus what is kept it would lose its digits.
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


def fold_by_fold(folds: list[PreparedFold], n_samples: int, alphas: Floats) -> Iterator[Floats]:
    """As `left_out`, from a decomposition of each fold."""
    for alpha in alphas:
        blocks = []
        for fold in folds:
            block = np.zeros((len(fold.held_out), n_samples))
            block[:, fold.train] = (fold.held_out_scores * filter_factors(fold.values, alpha).T) @ fold.left.T
            blocks.append(block)
        yield np.concatenate(blocks)
