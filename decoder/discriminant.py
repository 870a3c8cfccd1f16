"""A linear discriminant behind the adapter, which tells classes apart by what the adapter predicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .features.covariance import lwf
from .run_splits import split_runs

LEAST_RUNS = 3
"""One is held out; an adapter's strength is chosen by leaving out one of the others."""
N_FOLDS = 4
SMALLEST_DIRECTION = 1e-6
"""A direction of the targets with so small a part of the largest one's length is rounding."""


@dataclass(frozen=True, eq=False)
class Discriminant:
    """Log probabilities of the classes, up to a constant, as a linear function of a state's deviation from the mean.

    Attributes
    ----------
    weights : array (n_units, n_classes), float32
    bias : array (n_classes,), float32
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def scores(self, deviations: NDArray) -> NDArray[np.float32]:
        """Log probability of each class up to a constant, (n_trials, n_classes)."""
        return deviations.astype(np.float32) @ self.weights + self.bias


def held_out_predictions(
    X: NDArray, runs: NDArray, predict: Callable[[NDArray[np.intp], NDArray], NDArray]
) -> NDArray[np.float32]:
    """What an adapter predicts of each trial (n_trials, n_units) that was not fitted on the trial's run.

    Runs (n_trials,) are held out whole, in at most `N_FOLDS` folds; `predict` fits on the trials at these positions and
    predicts from such rows of X. An InputError says that there are too few runs.
    """
    names = np.unique(runs).tolist()
    if len(names) < LEAST_RUNS:
        raise InputError(
            f"readout: expected {LEAST_RUNS} training runs or more for DiscriminantReadout, which is fitted on "
            f"predictions of runs held out within the training, got {len(names)}; record or cut more runs, or take "
            'readout = { type = "NearestReadout" }'
        )
    states = None
    for some in split_runs(names, min(N_FOLDS, len(names))):
        out = np.isin(runs, some)
        predicted = predict(np.flatnonzero(~out), X[out])
        if states is None:
            states = np.empty((len(X), predicted.shape[1]), np.float32)
        states[out] = predicted
    assert states is not None
    return states


def fit_discriminant(
    states: NDArray, truth: NDArray[np.intp], targets: NDArray, mean: NDArray, n_classes: int
) -> Discriminant:
    """Fit shrinkage linear discriminant analysis in the span of the differences between the classes' mean targets.

    Parameters
    ----------
    states, targets : array (n_trials, n_units)
        Predicted by adapters that were not fitted on the trial's run; and what they should have been.
    truth : array (n_trials,) of int
        Each trial's class. One without trials gets the mean state and half a trial: it is hardly ever chosen.
    mean : array (n_units,)
        What states are deviations from.
    n_classes : int

    Notes
    -----
    With ridge regression to the targets in front of it, this is penalised discriminant analysis (Hastie, Buja &
    Tibshirani), fitted on predictions of held-out runs, as in stacking (Wolpert). All classes share one covariance,
    that of the trials around their class's mean, shrunk after each direction was scaled to one variance.

    References
    ----------
    Hastie, Buja & Tibshirani (1995), Penalized discriminant analysis. Ann. Statist. 23, 73-102. Wolpert (1992), Stacked
    generalization. Neural Networks 5, 241-259. Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional
    covariance matrices. J. Multivariate Analysis 88, 365-411.
    """
    count = np.bincount(truth, minlength=n_classes)
    if count.max() < 2:
        raise InputError(
            "readout: DiscriminantReadout needs classes with several training trials, got one of each; take "
            'readout = { type = "NearestReadout" }'
        )
    present = np.flatnonzero(count)
    wanted = np.stack([targets[truth == one].mean(axis=0, dtype=np.float64) for one in present])
    directions = _span(wanted - wanted.mean(axis=0))
    z = (states.astype(np.float64) - mean) @ directions
    means = np.repeat(z.mean(axis=0, keepdims=True), n_classes, axis=0)
    means[present] = [z[truth == one].mean(axis=0) for one in present]
    within = z - means[truth]
    scale = within.std(axis=0)
    scale[scale == 0] = 1.0
    covariance = lwf(within / scale) * np.outer(scale, scale)
    weights = np.linalg.lstsq(covariance, means.T, rcond=None)[0]
    bias = np.log(np.maximum(count, 0.5) / len(truth)) - 0.5 * np.sum(means.T * weights, axis=0)
    return Discriminant((directions @ weights).astype(np.float32), bias.astype(np.float32))


def _span(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal directions (n_units, rank) of differences (n_classes, n_units)."""
    _, lengths, directions = np.linalg.svd(differences, full_matrices=False)
    return directions[lengths > SMALLEST_DIRECTION * max(lengths[0], np.finfo(np.float64).tiny)].T
