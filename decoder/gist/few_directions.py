"""All voxels fitted together, by a map of few directions, in noise of a known covariance.

A ridge for each voxel knows neither that voxels follow the same few directions of words, nor that they share their
noise. With what is new in the noise of each sample, of precision P, samples are made independent in time and their
voxels are whitened. The squared error of a map B is then its log likelihood, but for a constant and a factor::

    |(Y - X B) P^(1/2)|^2

and of all maps of one rank the one with the least penalised error is known (`hotwire.adapters.ReducedRankAdapter`). So
rank and strength are those with the largest log likelihood of held-out runs, or chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...adapters.folds import Split, Splitter
from ...adapters.other.reduced_rank import ReducedRankAdapter
from .noise import NoiseEstimate, new_in

Floats = NDArray[np.float64]


class FewDirections(NamedTuple):
    """A fitted map, and what it predicts of samples that it was fitted without.

    Attributes
    ----------
    weights : array (n_columns, n_voxels)
        Of the rank `rank`.
    intercept : array (n_voxels,)
    rank : int
    predicted : array (n_samples, n_voxels)
        Each held-out sample with the rank and strength of the whole fit.
    error : float
        The mean square of what is left of held-out samples, new and whitened, see `white`.
    """

    weights: Floats
    intercept: Floats
    rank: int
    predicted: Floats
    error: float


def white(values: Floats, pieces: NDArray, noise: NoiseEstimate) -> Floats:
    """Values (n_samples, n_voxels) whose noise is made independent in time and white."""
    return noise.whitener.pulled_back(new_in(values, pieces, noise.autocorrelation).T).T


def fit_few_directions(
    design: Floats,
    data: Floats,
    noise: NoiseEstimate,
    pieces: NDArray,
    folds: Sequence[Split],
    splitter: Splitter,
    groups: NDArray | None,
) -> FewDirections:
    """Fit a map from a design (n_samples, n_columns) to voxels (n_samples, n_voxels), with its rank and strength.

    `pieces` (n_samples,) labels stretches of neighbours in time; `folds` are those of the splitter and groups.
    """
    column_mean, voxel_mean = design.mean(axis=0), data.mean(axis=0)
    X = new_in(design - column_mean, pieces, noise.autocorrelation)
    Y = new_in(data - voxel_mean, pieces, noise.autocorrelation)
    targets = noise.whitener.pulled_back(Y.T).T
    chosen = ReducedRankAdapter(cv=splitter).fit(X, targets, groups)
    assert chosen.cv_errors_ is not None
    weights = _in_voxels(chosen, X, Y)
    predicted = np.empty(data.shape)
    for train, held in folds:
        again = ReducedRankAdapter(chosen.rank_, chosen.alpha_).fit(X[train], targets[train])
        predicted[held] = voxel_mean + (design[held] - column_mean) @ _in_voxels(again, X[train], Y[train])
    intercept = voxel_mean - column_mean @ weights
    return FewDirections(weights, intercept, chosen.rank_, predicted, float(chosen.cv_errors_.min()))


def _in_voxels(adapter: ReducedRankAdapter, X: Floats, Y: Floats) -> Floats:
    """The map (n_columns, n_voxels) to voxels Y that are not whitened, which need not be undone.

    What scores predict of any target is their inner product with it, in reduced-rank ridge with its strength, too.
    """
    scores = (X - adapter.x_mean_) @ adapter.projection_
    return adapter.projection_ @ (scores.T @ Y)
