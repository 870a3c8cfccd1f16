"""Held-out errors of sets of strengths, without a fit for each fold.

Either through the samples' kernel, from one Cholesky decomposition for all folds (`by_kernel`), or through the
features' moments, from one decomposition of the features' size for each fold (`by_moments`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, get_lapack_funcs
from tqdm import tqdm

from ..folds import Split
from ..ridge.held_out import HeldOutSums, left_out
from ..unit_blocks import EPS, Floats, sum_of_squares

(potri,) = get_lapack_funcs(("potri",), dtype=np.float64)


def factored(form: Floats) -> tuple[Floats, bool]:
    """The Cholesky factor of ``form + I``, for `cho_solve`; `form` (n, n) is positive semidefinite and is overwritten.

    Strengths are at least n * eps times the trace of the form, because weaker ones are lost in its rounding.
    """
    np.einsum("ii->i", form)[:] += max(1.0, len(form) * EPS * np.trace(form))
    return cho_factor(form, lower=True, overwrite_a=True, check_finite=False)


def centre_kernel(kernel: Floats) -> Floats:
    """Change inner products into those of deviations from the mean sample, in place."""
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return kernel


def residuals_by_kernel(kernel: Floats, folds: list[Split], Y: Floats) -> list[Floats]:
    """Residuals of held-out samples, by ridge with strength 1 and an intercept, (n_held_out, k) for each fold.

    With C = (K + I)^-1, all samples' residuals are Q Y with Q = C - C 1 1' C / (1' C 1), and a fold's follow from them,
    see `hotwire.adapters.ridge.held_out.left_out`. The kernel (n_samples, n_samples) is overwritten; each fold has all
    samples.

    >>> folds = [(np.array([0, 1]), np.array([2]))]
    >>> residuals_by_kernel(np.zeros((3, 3)), folds, np.array([[1.0], [3.0], [5.0]]))  # nothing to learn from
    [array([[3.]])]
    """
    n_samples = len(kernel)
    centre_kernel(kernel)
    # With an intercept, a constant in the kernel changes nothing. This one gives the constant direction the size of the
    # others: it is subtracted below, and a larger one would cost digits.
    kernel += np.trace(kernel) / n_samples**2
    inverse = potri(factored(kernel)[0], lower=1, overwrite_c=1)[0]
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    inverse -= inverse.sum() / n_samples**2  # the constant direction is an eigenvector
    deleted = inverse @ Y
    return [left_out(inverse[np.ix_(held_out, held_out)], deleted[held_out]) for _, held_out in folds]


def by_kernel(kernel: Callable[[Floats], Floats], folds: list[Split], strengths: Floats, Y: Floats) -> HeldOutSums:
    """Held-out sums of sets of strengths through the samples' kernel: n^3 products a set, and 2 n^2 for each target.

    `kernel` takes strengths (n_bands,) and returns the sum over bands of kernel / strength, (n_samples, n_samples).
    """
    parts = list(samples_together(folds, len(Y)))
    truths = [
        Y[samples[held_out]] - Y[samples[train]].mean(axis=0) for samples, part in parts for train, held_out in part
    ]
    error, predicted = np.zeros((2, len(strengths), Y.shape[1]))
    for number, of_bands in enumerate(tqdm(strengths, desc="strengths", delay=1, disable=None, leave=False)):
        whole = kernel(of_bands)
        of_parts = [residuals_by_kernel(whole[np.ix_(samples, samples)], part, Y[samples]) for samples, part in parts]
        for truth, residuals in zip(truths, chain.from_iterable(of_parts), strict=True):
            error[number] += sum_of_squares(residuals)
            predicted[number] += sum_of_squares(truth - residuals)
    return HeldOutSums(error, predicted, np.sum([sum_of_squares(truth) for truth in truths], axis=0))


def samples_together(folds: list[Split], n_samples: int) -> Iterator[tuple[NDArray[np.intp], list[Split]]]:
    """Yield the samples of folds, and the folds as positions among them; folds with all samples are yielded together.

    >>> [(samples.tolist(), len(part)) for samples, part in samples_together([([0, 1], [3]), ([0, 1, 2], [3])], 4)]
    [([0, 1, 2, 3], 1), ([0, 1, 3], 1)]
    """
    whole = [fold for fold in folds if len(fold[0]) + len(fold[1]) == n_samples]
    if whole:
        yield np.arange(n_samples), whole
    for train, held_out in folds:
        samples = np.concatenate([train, held_out])
        if len(samples) < n_samples:
            yield samples, [(np.arange(len(train)), np.arange(len(train), len(samples)))]


@dataclass(frozen=True)
class Moments:
    """Inner products of a fold's q columns with each other (q, q) and with k targets (q, k), over training and held-out
    samples.

    All are of deviations from the mean of the training samples; `true` (k,) is the held-out targets' sum of squares.
    """

    xx: Floats
    xy: Floats
    held_xx: Floats
    held_xy: Floats
    true: Floats


def by_moments(folds: Iterable[Moments], strengths: Floats) -> HeldOutSums:
    """Held-out sums of sets of strengths (n_sets, q) through moments: q^3 / 3 products for each set and fold, and 4 q^2
    for each target.

    Squared errors are a difference of sums over the held-out samples, with the rounding of these. Each fold's moments
    are freed before the next are computed.
    """
    sums = HeldOutSums(np.zeros(()), np.zeros(()), np.zeros(()))
    roots = np.sqrt(strengths)
    for fold in folds:
        inner, predicted = np.zeros((2, len(roots), fold.xy.shape[1]))
        for number, root in enumerate(tqdm(roots, desc="strengths", delay=1, disable=None, leave=False)):
            factor = factored(fold.xx / np.outer(root, root))
            weights = cho_solve(factor, fold.xy / root[:, np.newaxis], check_finite=False) / root[:, np.newaxis]
            inner[number] = np.einsum("ij,ij->j", weights, fold.held_xy)
            predicted[number] = np.einsum("ij,ij->j", weights, fold.held_xx @ weights)
        sums += HeldOutSums(np.maximum(fold.true - 2 * inner + predicted, 0.0), predicted, fold.true)
    return sums


def moments_are_cheaper(n_samples: int, n_columns: int, n_targets: int, n_folds: int) -> bool:
    """Whether a set of strengths needs fewer products with `by_moments` than with `by_kernel`."""
    of_moments = n_folds * n_columns**2 * (n_columns / 3 + 4 * n_targets)
    return of_moments < n_samples**2 * (n_samples + 2 * n_targets)
