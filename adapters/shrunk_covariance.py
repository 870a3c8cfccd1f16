"""The shrunk covariance of samples and its roots, in factors: no matrix of features by features if these are many.

With samples X (n_samples, n_features), centred, and a shrinkage s towards the mean variance m, the covariance is::

    (1 - s) X'X / n_samples + s m I  =  V diag((1 - s) d + s m) V' + s m (I - V V')

where V are the directions in which samples vary, fewer than there are samples, and d their variances. So any power of
it is a multiple of the identity plus a part for those directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage
from tqdm import tqdm

from .backend import Array
from .effective_samples import effective_samples, lag_sums_of, lag_sums_of_gram
from .ridge.solvers import thin_svd
from .unit_blocks import EPS, WIDER, Floats, UnitBlocks, blocks, sum_of_squares


class Root(NamedTuple):
    """A symmetric matrix in factors: ``diag(level) + directions @ diag(gains) @ directions.T``.

    The directions (n_features, r) are orthonormal; if there are any, the level (n_features,) is the same for all
    features. `gains` (r,) are the differences between the directions' values and the level.
    """

    level: Floats
    directions: Floats
    gains: Floats

    def times(self, rows: NDArray, origin: Floats | None = None) -> Floats:
        """``(rows - origin) @ matrix`` of rows (n, n_features), in float64, some features at a time, without forming
        the matrix.
        """
        n_features, n_directions = self.directions.shape
        zero = np.zeros(n_features) if origin is None else origin
        parts = list(blocks(n_directions, n_features, wider=4))
        along = np.zeros((len(rows), n_directions))
        made = np.empty((len(rows), n_features))
        with tqdm(total=2 * len(parts), desc="matrix of the features", delay=1, disable=None) as progress:
            for part in parts:
                along += (rows[:, part] - zero[part]) @ self.directions[part]
                progress.update()
            along *= self.gains
            for part in parts:
                made[:, part] = (rows[:, part] - zero[part]) * self.level[part] + along @ self.directions[part].T
                progress.update()
        return made

    def inverse(self) -> Root:
        """The pseudo-inverse."""
        inverse = _reciprocal(self.level)
        if not self.gains.size:
            return Root(inverse, self.directions, self.gains)
        return Root(inverse, self.directions, _reciprocal(self.level[0] + self.gains) - inverse[0])


def shrinkage_for(centred: Floats) -> float:
    """The weight of the identity by Ledoit & Wolf (2004), lemma 3.3, for deviations from the mean (n_samples,
    n_features).

    >>> shrinkage_for(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -3.0]]))
    0.640625
    """
    n_samples, n_features = centred.shape
    gram = centred.T @ centred if n_features < n_samples else centred @ centred.T
    return shrinkage_by(gram, np.square(centred).sum(axis=1), n_features)


def shrinkage_by(gram: Floats, lengths: Floats, n_features: int) -> float:
    """`shrinkage_for`, given the Gram matrix of samples or of features, and each sample's sum of squared deviations."""
    n_samples = len(lengths)
    mean_variance = float(np.trace(gram)) / n_samples / n_features
    squares = float(np.square(gram).sum()) / n_samples**2
    off_identity = squares / n_features - mean_variance**2
    fourth = float(np.square(lengths).sum()) / n_samples
    of_noise = (fourth - squares) / n_samples / n_features
    if off_identity <= EPS * mean_variance**2 or of_noise <= 0:
        return 0.0
    return min(of_noise / off_identity, 1.0)


class Shrinkage(NamedTuple):
    """The weight of the identity, and the number of independent samples that it is for."""

    weight: float
    n_samples: float

    def of_effective(self, lag_sums: Floats, lengths: Sequence[int]) -> Shrinkage:
        """The same for as many samples as are independent; the noise of a covariance is inverse to their number."""
        n_effective = effective_samples(lag_sums, lengths)
        return Shrinkage(min(self.weight * self.n_samples / n_effective, 1.0), n_effective)


def shrunk_root(centred: Floats, shrinkage: float) -> Root:
    """The square root of the shrunk covariance of `centred` (n_samples, n_features)."""
    n_samples, n_features = centred.shape
    if n_features < n_samples:
        squares, directions = np.linalg.eigh(centred.T @ centred)
        # Directions without variance are left out, not amplified.
        kept = squares > squares.max() * n_features * EPS
        squares, directions = squares[kept], directions[:, kept]
    else:
        parts = thin_svd(centred)
        squares, directions = np.square(parts.values), parts.right.T
    level = shrinkage * squares.sum() / n_samples / n_features
    deviations = np.sqrt((1 - shrinkage) * squares / n_samples + level)
    return Root(np.full(n_features, np.sqrt(level)), directions, deviations - np.sqrt(level))


def inverse_root(
    targets: UnitBlocks, lengths: Sequence[int] | None = None, n_dimensions: int | None = None
) -> tuple[Root, Shrinkage]:
    """The inverse square root of the shrunk covariance of fewer samples than features, exact, and the shrinkage.

    Given the `lengths` of runs, the shrinkage is for the number of samples that are independent, see
    `effective_samples`; else for all. Features may be coordinates in a space of more dimensions, `n_dimensions`.

    The samples (called targets here, because they are read in blocks) are read twice: for their Gram matrix, which
    gives shrinkage, level and the directions' scores, and for the directions. Variances are computed from the
    directions, because the Gram matrix's eigenvalues are rounded relative to the largest one. Without shrinkage, the
    root is zero in directions without variance.
    """
    n_samples, n_features = targets.Y.shape
    gram = targets.gram()
    in_all = n_dimensions or n_features
    shrunk = Shrinkage(shrinkage_by(gram, gram.diagonal(), in_all), n_samples)
    if lengths is not None:
        shrunk = shrunk.of_effective(lag_sums_of_gram(gram, lengths), lengths)
    shrinkage = shrunk.weight
    level = shrinkage * float(np.trace(gram)) / n_samples / in_all
    squares, scores = np.linalg.eigh(gram)
    largest = (1 - shrinkage) * squares[-1] / n_samples + level
    if level <= largest * n_features * EPS:
        level, least = 0.0, n_features * EPS
    else:
        # A Gram matrix cannot represent smaller variances; compared with the level they do not matter.
        least = EPS if shrinkage < 1 else 1.0
    scores = scores[:, squares > squares[-1] * least]
    directions = np.empty((n_features, scores.shape[1]))

    def written(features: slice, block: Array) -> None:
        np.matmul(block.T, scores, out=directions[features])

    targets.apply("directions of the samples", written, WIDER)
    norms = np.sqrt(sum_of_squares(directions))
    directions /= np.where(norms > 0, norms, 1.0)
    own = 1 / np.sqrt((1 - shrinkage) * np.square(norms) / n_samples + level)
    of_level = 1 / np.sqrt(level) if level else 0.0
    return Root(np.full(n_features, of_level), directions, own - of_level), shrunk


def inverse_root_matrix(
    centred: Floats, lengths: Sequence[int] | None = None, n_dimensions: int | None = None
) -> tuple[Floats, Shrinkage]:
    """The inverse square root of the shrunk covariance of no fewer samples than features, and the shrinkage.

    From deviations from the mean (n_samples, n_features) to (n_features, n_features); the rest as in `inverse_root`.
    """
    with tqdm(total=3, desc="whitening", delay=1, disable=None) as progress:
        if n_dimensions is None:
            weight = float(ledoit_wolf_shrinkage(centred, assume_centered=True))
        else:
            weight = shrinkage_by(centred.T @ centred, np.square(centred).sum(axis=1), n_dimensions)
        shrunk = Shrinkage(weight, len(centred))
        if lengths is not None:
            shrunk = shrunk.of_effective(lag_sums_of(centred, lengths), lengths)
        shrinkage = shrunk.weight
        progress.update()
        covariance = centred.T @ centred / len(centred)
        level = np.trace(covariance) / (n_dimensions or len(covariance))
        covariance *= 1 - shrinkage
        covariance[np.diag_indices_from(covariance)] += shrinkage * level
        progress.update()
        variance, directions = np.linalg.eigh(covariance)
        # Directions without variance (e.g. of constant features) are left out, not amplified.
        kept = variance > variance.max(initial=0.0) * len(variance) * EPS
        scaled = directions[:, kept] / np.sqrt(variance[kept])
        matrix = scaled @ directions[:, kept].T
        progress.update()
    return matrix, shrunk


def _reciprocal(values: Floats) -> Floats:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
