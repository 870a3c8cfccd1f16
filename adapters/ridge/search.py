"""Held-out sums of each unit, block by block along the wide axis: one function a way, and a dictionary to add one.

Each takes a `RidgeProblem`, does in float64 what is the same for all units, and returns what puts it on a backend in a
precision: a search, from a block of units to their sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..backend import Array, Backend, each_on_one_thread
from ..folds import Split
from ..unit_blocks import WIDER, Floats, UnitBlocks, sum_of_squares
from .held_out import HeldOutSums, RidgeProblem, deviations, held_out_rows, held_out_sums, left_out, prepare_folds
from .solvers import standardise

Search = Callable[[Array], HeldOutSums]
"""From a block of deviations from the mean (n_samples, n) to its sums for every strength."""

PreparedSearch = Callable[[Backend, type], Search]

PANELS = 8
"""The pieces for a product with a triangle: 9/16 of the products of a square."""

MOST_LOST = 100.0
"""How much larger a direction may be in all samples than in a fold's training samples, or than the weakest strength.

A direction with little variance outside the held-out samples (e.g. a feature of one run only) is a small difference of
products, for which float32 is not precise enough.
"""


def by_triangles(problem: RidgeProblem) -> PreparedSearch:
    """With more features than samples: ``|T y|^2 = |R y|^2``, with R the triangle of T's QR decomposition.

    T is M - H of each strength, see `hotwire.adapters.ridge.held_out`: half the work of predicting, and only one number
    for each strength and unit. Squared predictions, from H, take as long again: they are left out where the least error
    is chosen, and squared truths are then about the mean of all samples.
    """
    true, errors_only = deviations(len(problem.X), problem.folds), problem.choose_by == "error"
    residual, predicted = [], []
    for rows in tqdm(held_out_rows(problem), desc="residual maps", total=len(problem.alphas), delay=1, disable=None):
        residual.append(_triangle(true - rows))
        if not errors_only:
            predicted.append(_triangle(rows))
    of_truth = [] if errors_only else [_triangle(true)]

    def on(backend: Backend, dtype: type) -> Search:
        residuals, predictions, truths = (
            [backend.put(upper, dtype) for upper in uppers] for uppers in (residual, predicted, of_truth)
        )

        def sums(block: Array) -> HeldOutSums:
            error = np.array([_power_through(upper, block, backend) for upper in residuals])
            if errors_only:
                return HeldOutSums(error, np.zeros_like(error), backend.get(backend.squares(block)))
            power = np.array([_power_through(upper, block, backend) for upper in predictions])
            return HeldOutSums(error, power, _power_through(truths[0], block, backend))

        return sums

    return on


def _triangle(rows: Floats) -> Floats:
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _power_through(upper: Array, block: Array, backend: Backend) -> Floats:
    """|R y|^2, some rows at a time, without most of the zeros below the triangle."""
    height = -(-len(upper) // PANELS)
    total = 0.0
    for top in range(0, len(upper), height):
        product = upper[top : top + height, top:] @ block[top:]
        total += backend.get(backend.squares(product)).astype(np.float64)
    return np.asarray(total)


class _Fold(NamedTuple):
    """One fold of `by_subtraction`: r coordinates of all samples, q directions of its training features."""

    train: NDArray[np.intp]
    held_out: NDArray[np.intp]
    filters: Floats
    """(q, n_alphas): the part of each direction that a strength leaves, relative to the weakest."""
    left: Array
    """(r, n_held_out): coordinates of the held-out samples."""
    mean: Array
    """(r, 1): of the training samples' coordinates."""
    along: Array
    """(q, r): from coordinates to directions, each divided by its size with the weakest strength."""
    scores: Array
    """(n_held_out, q), or (q, q): the held-out features along the directions, divided likewise, rotated if many."""
    rotation: Array = None
    """(q, n_held_out): the rotation; what it omits cannot be predicted."""
    train_left: Array = None
    """(r, n_train): coordinates of the training samples, if these are not all samples that are not held out."""
    cross: Array = None
    """(q, q): inner products of the scores, where they are quicker than predictions for sums of all units together."""

    def put(self, backend: Backend, dtype: type) -> _Fold:
        moved = {name: getattr(self, name) for name in self._fields[2:]}
        return self._replace(**{name: of if of is None else backend.put(of, dtype) for name, of in moved.items()})


def by_subtraction(problem: RidgeProblem, *, together: bool = False) -> PreparedSearch:
    """With more samples than features: a fold's sums are those of all samples less those that it holds out.

    With the features of all samples in orthonormal coordinates, X = U L, the training samples of a fold have the
    cross-products U'Y - U_f'Y_f of all but those of its held-out ones, f. So each unit is multiplied with U only once,
    and each fold needs products of the size of the features. It uses U'Y, not X'Y, because its rounding does not grow
    with the condition of X. It needs a `quick_svd`.

    The sums are of each unit, or of all units `together`, (n_alphas, 1). All together need no predictions: with
    training samples along the directions, A, held-out features along them, S, filters f and truth T, they are ``f' (S'S
    o A A') f`` for what is predicted, and ``f' (S'T o A) 1`` for its product with the truth.
    """
    # Weaker directions have no effect with the strengths that a quick decomposition allows.
    parts = problem.parts
    strong = parts.values > 1e-7 * parts.values[0]
    left = parts.left[:, strong] - parts.left[:, strong].mean(axis=0)
    to_features = parts.values[strong, np.newaxis] * parts.right[strong]
    prepared = each_on_one_thread(partial(_prepared, problem, left, to_features), problem.folds)
    folds = list(tqdm(prepared, desc="decomposing folds", total=len(problem.folds), delay=1, disable=None))
    held_out = np.sort(np.concatenate([fold.held_out for fold in folds]))
    once = np.array_equal(held_out, np.arange(len(left)))
    if not once or any(len(fold.train) + len(fold.held_out) < len(left) for fold in folds):
        folds = [fold._replace(train_left=left[fold.train].T) for fold in folds]
    lost, n_alphas = max(float(sum_of_squares(of.along.T).max(initial=0.0)) for of in folds), len(problem.alphas)

    def on(backend: Backend, dtype: type) -> Search:
        dtype = dtype if lost < MOST_LOST else np.float64
        moved = [fold.put(backend, dtype) for fold in folds]
        if together:  # few held-out samples are predicted sooner
            moved = [
                of._replace(cross=of.scores.T @ of.scores) if of.scores.shape[0] * n_alphas > of.scores.shape[1] else of
                for of in moved
            ]
        return partial(_subtracted, moved, backend, dtype)

    return on


def _prepared(problem: RidgeProblem, left: Floats, to_features: Floats, fold: Split) -> _Fold:
    """A fold from all samples along coordinates (n_samples, r), and these along features (r, n_features)."""
    train, held_out = fold
    if problem.scale == "none":
        from_left = np.diag(np.sqrt(sum_of_squares(to_features.T)))
    else:
        of_train = standardise(problem.X[train], problem.scale)
        from_left = to_features * (problem.features.scale / of_train.scale)
        from_left[:, of_train.constant] = 0.0
    mean = left[train].mean(axis=0)
    squares, directions = np.linalg.eigh(from_left.T @ _inner(left, train, held_out) @ from_left)
    squares = np.maximum(squares, 0.0)
    weakest = float(problem.alphas.min())
    from_left = from_left @ (directions / np.sqrt(squares + weakest))
    filters = (squares[:, np.newaxis] + weakest) / (squares[:, np.newaxis] + problem.alphas)
    scores, rotation = (left[held_out] - mean) @ from_left, None
    if len(scores) > scores.shape[1]:
        rotation, scores = np.linalg.qr(scores)
        rotation = rotation.T
    return _Fold(train, held_out, filters, left[held_out].T, mean[:, np.newaxis], from_left.T, scores, rotation)


def _inner(left: Floats, train: NDArray[np.intp], held_out: NDArray[np.intp]) -> Floats:
    """Inner products (r, r) of the training samples' centred coordinates; those of all samples are the identity."""
    mean = left[train].mean(axis=0)
    if len(train) + len(held_out) < len(left) or np.intersect1d(train, held_out).size:
        return (left[train] - mean).T @ (left[train] - mean)
    return np.eye(left.shape[1]) - left[held_out].T @ left[held_out] - len(train) * np.outer(mean, mean)


def _subtracted(folds: list[_Fold], backend: Backend, dtype: type, block: Array) -> HeldOutSums:
    """The sums of a block of deviations from the mean (n_samples, n), see `by_subtraction`."""
    if dtype == np.float64:
        block = backend.in_full(block)
    own = [fold.left @ block[fold.held_out] for fold in folds]
    of_all, total = sum(own[1:], own[0]), block.sum(0)
    sums = []
    for fold, of_held_out in zip(folds, own, strict=True):
        truth, n_train = block[fold.held_out], len(fold.train)
        if fold.train_left is None:
            mean, along = (total - truth.sum(0)) / n_train, of_all - of_held_out
        else:
            mean, along = block[fold.train].mean(0), fold.train_left @ block[fold.train]
        along = fold.along @ (along - n_train * fold.mean * mean)
        truth = truth - mean
        true = backend.squares(truth)
        if fold.rotation is not None:
            truth = fold.rotation @ truth
        sums.append((_of_each if fold.cross is None else _of_all)(fold, along, truth, true, backend))
    if any(fold.cross is not None for fold in folds):
        sums = [of.over_all() for of in sums]
    return sum(sums[1:], sums[0])


def _of_each(fold: _Fold, along: Array, truth: Array, true: Array, backend: Backend) -> HeldOutSums:
    """A fold's sums of each unit, from every strength's predictions."""
    squares, rest = backend.squares, 0.0
    if fold.rotation is not None:
        rest = (true - squares(truth)).clip(0.0)
    error, predicted = [], []
    for number in range(fold.filters.shape[1]):
        guess = fold.scores @ (fold.filters[:, number : number + 1] * along)
        predicted.append(backend.get(squares(guess)))
        guess -= truth
        error.append(backend.get(squares(guess) + rest))
    return HeldOutSums(*(np.array(of, np.float64) for of in (error, predicted, backend.get(true))))


def _of_all(fold: _Fold, along: Array, truth: Array, true: Array, backend: Backend) -> HeldOutSums:
    """A fold's sums over all units of the block, without predictions."""
    inner = fold.filters.T @ ((fold.scores.T @ truth) * along).sum(1)
    predicted = (((fold.cross * (along @ along.T)) @ fold.filters) * fold.filters).sum(0)
    size = backend.get(true).sum(dtype=np.float64)
    inner, predicted = (backend.get(of).astype(np.float64)[:, np.newaxis] for of in (inner, predicted))
    return HeldOutSums(size - 2 * inner + predicted, predicted, np.full(1, size))


def by_fold(problem: RidgeProblem) -> PreparedSearch:
    """From a full-precision decomposition of each fold, for strengths too weak for quicker ways; always in float64."""
    folds = prepare_folds(problem.X, problem.folds, problem.scale)

    def on(backend: Backend, dtype: type) -> Search:
        return lambda block: held_out_sums(folds, problem.alphas, np.asarray(backend.get(block), np.float64))

    return on


def by_residuals(problem: RidgeProblem) -> PreparedSearch:
    """With fewer units than samples, and one decomposition for all folds: the residuals of each fold; in float64.

    They are those of `left_out`, of as many columns as there are units, without any map of the samples' size.
    """
    left, squares, folds = problem.parts.left, problem.parts.values**2, problem.folds

    def on(backend: Backend, dtype: type) -> Search:
        def sums(block: Array) -> HeldOutSums:
            Y = np.asarray(backend.get(block), np.float64)
            along, truths = left.T @ Y, [Y[held_out] - Y[train].mean(axis=0) for train, held_out in folds]
            error, predicted = np.zeros((2, len(problem.alphas), Y.shape[1]))
            for number, alpha in enumerate(problem.alphas):
                lost = left * (alpha / (squares + alpha))
                for (_, held_out), truth in zip(folds, truths, strict=True):
                    residual = left_out(lost[held_out] @ left[held_out].T, lost[held_out] @ along)
                    error[number] += sum_of_squares(residual)
                    predicted[number] += sum_of_squares(truth - residual)
            return HeldOutSums(error, predicted, np.sum([sum_of_squares(truth) for truth in truths], axis=0))

        return sums

    return on


SEARCHES: dict[str, Callable[[RidgeProblem], PreparedSearch]] = {
    "dual": by_triangles,
    "primal": by_subtraction,
    "weak strengths": by_fold,
    "few units": by_residuals,
}


def searched(search: Search, targets: UnitBlocks, n_alphas: int) -> HeldOutSums:
    """The sums of all units, block by block."""
    n_units = targets.Y.shape[1]
    sums = HeldOutSums(np.empty((n_alphas, n_units)), np.empty((n_alphas, n_units)), np.empty(n_units))
    for units, part in targets.each("cross-validation", lambda units, block: search(block)):
        sums.error[:, units], sums.predicted[:, units], sums.true[units] = part.error, part.predicted, part.true
    return sums


def searched_together(search: Search, targets: UnitBlocks) -> HeldOutSums:
    """The sums over all units, (n_alphas, 1), block by block."""
    parts = targets.each("cross-validation", lambda units, block: search(block).over_all(), WIDER)
    sums = [part for _, part in parts]
    return sum(sums[1:], sums[0])
