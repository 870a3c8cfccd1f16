"""What a decoder would say on its own training runs: scores of runs that were held out in inner folds.

Calibrated probabilities are fitted on them, and settings are chosen by them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import InputError
from .discriminant import LEAST_RUNS, N_FOLDS
from .linear import Linear
from .readouts.entry import Entry
from .readouts.read_out import read_out_fits
from .readouts.readout import Readout
from .run_splits import split_runs
from .settings import Settings
from .statistics.calibration import ScoreCalibration, fit_calibration, smoothed

MOST_TRIALS = 500
"""More trials, drawn at random, would take their time in the network and hardly move one or two numbers."""

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of the trials to fit on and, among those to decide on, of the held-out ones."""


def inner_scores(
    readout: Readout,
    X: NDArray,
    splits: Sequence[Split],
    fit: Callable[[NDArray[np.intp]], Linear],
    entry: Callable[[Linear], Entry],
) -> NDArray[np.float32]:
    """Scores (n_held_out, n_classes) of the held-out trials of all splits, in order.

    `X` are the trials to decide on; `fit` fits on the trials at these positions, and `entry` says where the result
    enters the network.
    """
    linears = [fit(train) for train, _ in splits]
    states = [linear.predict(X[test]) for linear, (_, test) in zip(linears, splits, strict=True)]
    scores, _ = read_out_fits(readout, [entry(linear) for linear in linears], states, speak=False)
    return np.concatenate(scores)


def in_turn(score: Callable[[Sequence[Split]], NDArray[np.float32]], splits: Sequence[Split]) -> NDArray[np.float32]:
    """The scores of all splits, one split after the other, with progress."""
    turns = tqdm(splits, "calibrating probabilities", delay=1, disable=None, leave=False)
    return np.concatenate([score([one]) for one in turns])


def calibration_within(
    settings: Settings,
    classes: Sequence[str],
    runs: Sequence[Any],
    to_fit: tuple[NDArray, NDArray[np.intp]],
    to_decide: tuple[NDArray, NDArray[np.intp]],
    score: Callable[[Sequence[Split]], NDArray[np.float32]],
    n_folds: int = N_FOLDS,
) -> ScoreCalibration | None:
    """Fit the calibration within these runs; None where settings want none, or there are too few runs.

    Parameters
    ----------
    settings : Settings
        The classes get the prior of its rule.
    classes : sequence of str
    runs : sequence
        The training runs.
    to_fit, to_decide : tuple of arrays (n_trials,)
        The run and the class of each trial to fit on, and of each trial to decide on; also of other runs.
    score : callable
        Scores of all held-out trials, see `inner_scores`.
    n_folds : int

    Raises
    ------
    InputError
        The rule has a prior of its own, but there are too few runs to calibrate.
    """
    if settings.probabilities == "network":
        return None
    least = least_runs(settings)
    splits = _splits(runs, to_fit, to_decide, n_folds) if len(runs) >= least else []
    if not splits:
        if settings.decision.prior != "training":
            raise InputError(
                f'decision.prior: expected "training", as only calibrated probabilities can take another prior, and '
                f"they need {least} training runs with several classes; got {len(runs)}"
            )
        return None
    truth = to_decide[1][np.concatenate([test for _, test in splits])]
    # The likeliest bias makes the mean probabilities those of the targets, so these are the prior that it stands for.
    shares = smoothed(truth, len(classes)).mean(axis=0)
    return fit_calibration(score(splits), truth).moved(settings.decision.log_odds(shares, classes))


def least_runs(settings: Settings) -> int:
    """How many runs calibrating takes: of those that are not held out, a readout that is fitted needs some itself."""
    return LEAST_RUNS + settings.readout.is_fitted


def warn_uncalibrated(
    settings: Settings, calibration: ScoreCalibration | None, classes: Sequence[str], n_runs: int, runs: str
) -> None:
    """Warn where settings want calibrated probabilities, but there were too few runs."""
    if calibration is None and settings.probabilities == "calibrated" and len(classes) > 1:
        warnings.warn(
            f"probabilities: expected at least {least_runs(settings)} {runs} with several classes to calibrate them "
            f"by, got {n_runs}; they are the readout's own, which may be far too sure: fit on more runs, or set "
            'probabilities = "network"',
            stacklevel=3,
        )


def _splits(
    runs: Sequence[Any], to_fit: tuple[NDArray, NDArray], to_decide: tuple[NDArray, NDArray], n_folds: int
) -> list[Split]:
    """Folds of whole runs, with at most `MOST_TRIALS` held out in all of them."""
    ours = np.flatnonzero(np.isin(to_fit[0], runs))
    rows = np.flatnonzero(np.isin(to_decide[0], runs))
    if len(rows) > MOST_TRIALS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_TRIALS, replace=False))
    splits = []
    for held_out in split_runs(runs, min(n_folds, len(runs))):
        train = ours[~np.isin(to_fit[0][ours], held_out)]
        test = rows[np.isin(to_decide[0][rows], held_out)]
        # Features such as common spatial patterns need two classes.
        if len(test) and len(np.unique(to_fit[1][train])) > 1:
            splits.append((train, test))
    return splits
