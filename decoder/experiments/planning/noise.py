"""Noise: how well a recording separates its conditions, expressed as a synthetic brain that does so equally well."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ....errors import RecordingError
from ...evaluation.splits import split_runs
from ...recordings.recording import Recording
from ...settings import Settings
from ...statistics.intervals import jackknife_interval
from ...steps import run_steps
from ...windows import Trials, windows

MOST_FOLDS = 12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """A brain that is as noisy as a recording; `name` describes one of its trials.

    `signal_to_noise`, with its 95 % interval over runs (NaN for fewer than four), is the variance of a feature's
    response over categories divided by that of its noise in one trial: see `SyntheticBrain`. Recording a trial takes
    `seconds_per_trial`, rest included.
    """

    name: str
    n_features: int
    signal_to_noise: float
    low: float
    high: float
    seconds_per_trial: float

    @property
    def between(self) -> str:
        """The interval in brackets, if there is one."""
        return "" if np.isnan(self.low) else f" [{self.low:.2g}, {self.high:.2g}]"


DEMO = Noise(
    name="a block of 22.5 s in the demo's recording (fMRI, one slice; Haxby et al. 2001)",
    n_features=530,
    signal_to_noise=0.068,
    low=0.058,
    high=0.079,
    seconds_per_trial=37.8,
)
"""The result of `noise_like` for the study of ``hotwire demo``: the default if there is no recording."""


def noise_like(recording: Recording, settings: Settings, name: str) -> Noise:
    """Estimate the signal-to-noise ratio of a recording's trials, without any network.

    Each run in turn is left out (or each of twelve groups of runs). With class means over the other runs, every trial
    has a margin: how much nearer it is to its own class mean than to another. The d-prime of these margins (their mean
    divided by their standard deviation) depends on signal and noise alone, whichever features carry the signal.
    `signal_to_noise` converts it to a brain whose features are all alike. Where the decoder does not whiten, d-prime is
    the larger of two: from the features as they are, and from whitened ones. Class means cannot cope with noise that
    features share; ridge regression can.

    The recording needs two or more labels, each in two or more runs. Of the settings, the steps, the window and the
    whitening are used. A RecordingError says that labels are not repeated over runs, or cannot be separated.

    References
    ----------
    Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 11, for the interval (jackknife).
    """
    settings.require_averages(name)
    prepared = run_steps(settings.steps, recording)
    trials = windows(settings.window, prepared)
    _check_repeats(trials)
    n_features = trials.X.shape[1]
    # Without whitening in the study, with it as well.
    policies = (settings,) if settings.whitens_samples else (settings, replace(settings, whiten="samples"))
    tried = [_margins(trials, prepared, one) for one in policies]
    margins, n_training = max(tried, key=lambda one: _d_prime(one[0].sum(axis=0)))
    whole = margins.sum(axis=0)
    result = signal_to_noise(_d_prime(whole), n_features, n_training)
    if not result > 0:
        raise RecordingError(
            f"like: the trials of {recording.source} cannot be told apart by the means of other runs, so its noise "
            "says nothing about what a study needs; take a recording that can be decoded"
        )
    without = [signal_to_noise(_d_prime(whole - of_run), n_features, n_training) for of_run in margins]
    low, high = jackknife_interval(result, without)
    seconds = recording.n_samples / recording.rate_hz / len(trials)
    return Noise(name, n_features, result, max(0.0, low), high, seconds)


def signal_to_noise(d_prime: float, n_features: int, n_training: float) -> float:
    """The ratio at which a brain of independent, equal features has this d-prime; 0 where d-prime is not above 0.

    With noise of variance 1 and patterns of variance s in p features, the margin of a trial between the means of n
    trials each has the mean p s and the variance 2 p s (1 + 1/n) + 2 p / n + p / n^2; d-prime is solved for s.

    Examples
    --------
    >>> s = signal_to_noise(2.5, 500, 10)
    >>> float(round(500 * s / np.sqrt(2 * 500 * s * 1.1 + 2 * 500 / 10 + 500 / 100), 6))
    2.5
    """
    if not d_prime > 0:
        return 0.0
    half = d_prime**2 * (1 + 1 / n_training)
    constant = d_prime**2 * n_features * (2 / n_training + 1 / n_training**2)
    return float((half + np.sqrt(half**2 + constant)) / n_features)


def _margins(trials: Trials, prepared: Recording, settings: Settings) -> tuple[Floats, float]:
    """The number of margins, their sum and their sum of squares for each run, label and other label; and the (harmonic)
    mean number of trials in a class mean.
    """
    labels, label = np.unique(trials.label, return_inverse=True)
    runs, run = np.unique(trials.run, return_inverse=True)
    margins = np.zeros((len(runs), 3, len(labels), len(labels)))
    shares = []
    held_out = split_runs(prepared.runs, "run" if len(prepared.runs) <= MOST_FOLDS else MOST_FOLDS)
    for left_out in tqdm(held_out, desc="noise of the recording", delay=1, disable=None):
        X = trials.X.astype(np.float64)
        others = prepared.select(runs=[name for name in prepared.runs if name not in left_out])
        whitener = settings.fit_whitener(others.data, others.run)
        if whitener is not None:
            X = whitener.transform(X)
        test = np.isin(trials.run, left_out)
        counts = np.bincount(label[~test], minlength=len(labels))
        known = np.flatnonzero(counts)
        shares.append((1 / counts[known]).mean())
        means = np.stack([X[~test & (label == one)].mean(axis=0) for one in known])
        nearness = np.full((int(test.sum()), len(labels)), np.nan)
        nearness[:, known] = X[test] @ means.T - (means**2).sum(axis=1) / 2
        own = nearness[np.arange(len(nearness)), label[test]]
        apart = own[:, np.newaxis] - nearness
        apart[np.arange(len(apart)), label[test]] = np.nan
        there = np.isfinite(apart)
        for power in range(3):
            np.add.at(margins[:, power], (run[test], label[test]), np.where(there, np.nan_to_num(apart) ** power, 0.0))
    return margins, 1 / float(np.mean(shares))


def _d_prime(sums: Floats) -> float:
    """Mean margin divided by its standard deviation within pairs of labels, from counts, sums and sums of squares."""
    count, total, squares = sums
    several = count > 1
    if not several.any():
        return 0.0
    count, total, squares = count[several], total[several], squares[several]
    variance = (squares - total**2 / count).sum() / (count - 1).sum()
    mean = float((total / count).mean())
    return mean / float(np.sqrt(variance)) if variance > 0 else np.inf * np.sign(mean)


def _check_repeats(trials: Trials) -> None:
    labels = np.unique(trials.label)
    once = [str(one) for one in labels if len(np.unique(trials.run[trials.label == one])) < 2]
    if len(labels) < 2 or once:
        raise RecordingError(
            "like: expected two or more labels, each in two or more runs, to tell signal from noise; got "
            f"{len(labels)} labels, of which {len(once)} occur in one run only"
            + (f", such as {once[0]!r}" if once else "")
        )
