"""Activity and targets of an evaluation of movement, checked before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, LeakError
from ...fitted_on import run_digests
from ...recordings.recording import Recording
from ...run_splits import RunFolds, split_runs
from ...steps import Step, run_steps
from .filters import FilterSettings, complete
from .kalman import Floats
from .targets import Kinematics

LAGS = tuple(range(10))
COPY = 0.999
"""A feature that correlates so much with a target is the target."""


@dataclass(frozen=True, eq=False)
class KinematicsPreparation:
    """Activity after the steps with the targets of each sample, and which samples are scored and which runs held out.

    Attributes
    ----------
    recording : Recording
        After the steps.
    truth : array (n_samples, n_dims)
    scored : array (n_samples,) of bool
    held_out : list of list
        The runs of each fold.
    """

    recording: Recording
    truth: Floats
    scored: NDArray[np.bool_]
    held_out: list[list[Any]]
    settings: FilterSettings

    def summary(self) -> str:
        """How many samples are scored, in how many folds."""
        return (
            f"{int(self.scored.sum())} of {len(self.scored)} samples of {1 / self.recording.rate_hz:g} s are scored, "
            f"those with activity at all {len(self.settings.lags)} lags, in {len(self.held_out)} folds"
        )


def prepare_kinematics(
    recording: Recording,
    targets: Kinematics,
    *,
    lags: Sequence[int] = LAGS,
    steps: Sequence[Step] = (),
    alphas: Sequence[float] | None = None,
    folds: RunFolds = "run",
    seed: int = 0,
) -> KinematicsPreparation:
    """All of `evaluate_kinematics` that comes before anything is fitted, with its parameters and errors."""
    prepared = run_steps(tuple(steps), recording)
    truth = targets.at_samples_of(prepared)
    settings = FilterSettings(
        tuple(lags), prepared.rate_hz, targets.quantity, None if alphas is None else tuple(alphas)
    )
    scored = complete(prepared.run, settings.lags)
    _check(recording, prepared, truth, targets, scored)
    return KinematicsPreparation(prepared, truth, scored, split_runs(prepared.runs, folds, seed=seed), settings)


def _check(
    recording: Recording, prepared: Recording, truth: Floats, targets: Kinematics, scored: NDArray[np.bool_]
) -> None:
    first_of: dict[str, str] = {}
    for run, digest in run_digests(recording).items():
        if digest in first_of:
            raise LeakError(
                f"audit: runs {first_of[digest]} and {run} hold the same samples, so that what is tested was in the "
                "training; leave one of them out (was a file named or saved twice?)"
            )
        first_of[digest] = run
    for run in prepared.runs:
        if not scored[prepared.run == run].any():
            raise InputError(
                f"lags: expected less than the length of every run, but run {run} has {np.sum(prepared.run == run)} "
                "samples; take smaller lags, or leave the run out"
            )
    still = [name for name, of in zip(targets.names, truth.T, strict=True) if of.min() == of.max()]
    if still:
        raise InputError(f"targets: expected values that vary, but {', '.join(still)} is the same in all samples")
    centred, own = prepared.data - prepared.data.mean(axis=0, dtype=np.float64), truth - truth.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))[:, None] * np.sqrt((own**2).sum(axis=0))
    alike = np.abs(centred.T @ own) / np.where(size > 0, size, np.inf)
    if alike.max() > COPY:
        feature, target = np.unravel_index(int(alike.argmax()), alike.shape)
        raise LeakError(
            f"audit: the feature {prepared.feature_names[feature]!r} is the target {targets.names[target]!r} (their "
            f"correlation is {alike.max():.4f}); take it out of the recording, or name it in channels"
        )
