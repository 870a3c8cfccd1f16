"""Held-out errors with more samples than features: subtracts the held-out samples from sums over all.

With the features of all samples in orthonormal coordinates, X = U L, the training samples of a fold have the
cross-products U'Y - U_f'Y_f of all but those of its held-out ones, f. So each unit is multiplied with U only once, and
each fold needs products of the size of the features. It uses U'Y, not X'Y, because its rounding does not grow with the
condition of X.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..backend import Array, Backend
from ..unit_blocks import Floats, sum_of_squares
from .decomposition import Svd, standardise
from .folds import Split
from .held_out import HeldOutSums

MOST_LOST = 100.0
"""How much larger a direction may be in all samples than in a fold's training samples, or than the weakest strength.

A direction with little variance outside the held-out samples (e.g. a feature of one run only) is a small difference of
products, for which float32 is not precise enough.
"""


class _FoldDecomposition(NamedTuple):
    """One fold's training features: r coordinates of all samples, q directions."""

    mean: Floats
    """(r,): of the training samples' coordinates."""
    from_left: Floats
    """(r, q): from coordinates to directions."""
    scores: Floats
    """(n_held_out, q): the held-out features along the directions."""
    squares: Floats
    """(q,): of the singular values."""

    def lost_by(self, weakest: float) -> float:
        """See `MOST_LOST`."""
        return float((sum_of_squares(self.from_left) / (self.squares + weakest)).max(initial=0.0))


class _FoldBlocks(NamedTuple):
    """One fold on the backend; r coordinates of all samples, q directions of its training features."""

    held_out: NDArray[np.intp]
    n_train: int
    others: tuple[NDArray[np.intp], Array] | None
    """The training samples and their coordinates (r, n_train), if these are not all samples that are not held out."""
    left: Array
    """(r, n_held_out): coordinates of the held-out samples."""
    mean: Array
    """(r, 1): of the training samples' coordinates."""
    along: Array
    """(q, r): from coordinates to directions."""
    scores: Array
    """(n_held_out, q), or (q, q): the held-out features along the directions, rotated if there are many."""
    rotation: Array | None
    """(q, n_held_out): the rotation; what it omits cannot be predicted."""
    squares: Floats
    """(q,): of the training features' singular values."""


class PrimalSearch:
    """Held-out sums of all strengths for blocks of units, from the `quick_svd` of the standardised features."""

    def __init__(
        self, X: Floats, parts: Svd, folds: list[Split], scale: str, alphas: Floats, backend: Backend, dtype: type
    ) -> None:
        self._alphas, self._backend = alphas, backend
        self._scale_of_all = standardise(X, scale).scale
        # Weaker directions have no effect with the strengths that a quick decomposition allows.
        kept = parts.values > 1e-7 * parts.values[0]
        left = parts.left[:, kept]
        of_all = Svd(left - left.mean(axis=0), parts.values[kept], parts.X, parts.right[kept])
        everyone = np.arange(len(X))
        once = np.array_equal(np.sort(np.concatenate([held_out for _, held_out in folds])), everyone)
        self._decomposed = [
            self._prepared(X, of_all, fold, scale)
            for fold in tqdm(folds, desc="decomposing folds", delay=1, disable=None)
        ]
        whole = [once and np.array_equal(np.sort(np.concatenate(fold)), everyone) for fold in folds]
        self._left, self._samples = of_all.left, list(zip(folds, whole, strict=True))
        self._put_all(dtype)

    def at(self, dtype: type) -> PrimalSearch:
        """The same, with products in another precision."""
        other = copy.copy(self)
        other._put_all(dtype)
        return other

    def _put_all(self, dtype: type) -> None:
        worst = max(fold.lost_by(float(self._alphas.min())) for fold in self._decomposed)
        self._dtype = dtype if worst < MOST_LOST else np.float64
        self._folds = [
            self._on_backend(one, fold, whole)
            for one, (fold, whole) in zip(self._decomposed, self._samples, strict=True)
        ]

    def _prepared(self, X: Floats, of_all: Svd, fold: Split, scale: str) -> _FoldDecomposition:
        train, held_out = fold
        left, values = of_all.left, of_all.values
        if scale == "none":
            from_left = np.diag(values)
        else:
            of_train = standardise(X[train], scale)
            from_left = values[:, np.newaxis] * of_all.right * (self._scale_of_all / of_train.scale)
            from_left[:, of_train.constant] = 0.0
        mean = left[train].mean(axis=0)
        features = (left[train] - mean) @ from_left
        squares, directions = np.linalg.eigh(features.T @ features)
        from_left = from_left @ directions
        return _FoldDecomposition(mean, from_left, (left[held_out] - mean) @ from_left, np.maximum(squares, 0.0))

    def _on_backend(self, of: _FoldDecomposition, fold: Split, complement: bool) -> _FoldBlocks:
        left, (train, held_out) = self._left, fold
        scores, rotation = of.scores, None
        if len(scores) > scores.shape[1]:
            rotation, scores = np.linalg.qr(scores)
            rotation = self._put(rotation.T)
        return _FoldBlocks(
            held_out=held_out,
            n_train=len(train),
            others=None if complement else (train, self._put(left[train].T)),
            left=self._put(left[held_out].T),
            mean=self._put(of.mean[:, np.newaxis]),
            along=self._put(of.from_left.T),
            scores=self._put(scores),
            rotation=rotation,
            squares=of.squares,
        )

    def __call__(self, block: Array) -> HeldOutSums:
        """Sums for a block of deviations from the mean (n_samples, n)."""
        squares = self._backend.squares
        if self._dtype == np.float64:
            block = self._backend.in_full(block)
        own = [fold.left @ block[fold.held_out] for fold in self._folds]
        of_all, total = sum(own[1:], own[0]), block.sum(0)
        error, predicted, true = [[] for _ in self._alphas], [[] for _ in self._alphas], []
        for fold, of_held_out in zip(self._folds, own, strict=True):
            truth = block[fold.held_out]
            if fold.others is None:
                mean = (total - truth.sum(0)) / fold.n_train
                along = of_all - of_held_out
            else:
                train, left = fold.others
                mean = block[train].mean(0)
                along = left @ block[train]
            along = fold.along @ (along - fold.n_train * fold.mean * mean)
            truth = truth - mean
            true.append(squares(truth))
            rest = 0.0
            if fold.rotation is not None:
                truth = fold.rotation @ truth
                rest = (true[-1] - squares(truth)).clip(0.0)
            for number, alpha in enumerate(self._alphas):
                shrunk = self._put(1.0 / (fold.squares[:, np.newaxis] + alpha)) * along
                guess = fold.scores @ shrunk
                predicted[number].append(squares(guess))
                guess -= truth
                error[number].append(squares(guess) + rest)
        return HeldOutSums(self._added(error), self._added(predicted), self._added([true])[0])

    def _put(self, array: Floats) -> Array:
        return self._backend.put(array, self._dtype)

    def _added(self, of_strengths: list[list[Array]]) -> Floats:
        sums = [sum(self._backend.get(of_fold).astype(np.float64) for of_fold in of_folds) for of_folds in of_strengths]
        return np.array(sums)
