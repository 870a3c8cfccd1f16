"""The results of fits: a line for each adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .jobs import SHUFFLED
from .session import FitCell


@dataclass(frozen=True)
class FittedAdapter:
    """An adapter and its held-out scores.

    Attributes
    ----------
    chosen : mapping of str to float or list of float
        The choice on all runs: for a ridge the strength, ``{"alpha": 100.0}``.
    at_edge : bool
        Whether the choice is the smallest or the largest of several, so that a wider grid may do better.
    folds_at_edge : float
        The share of outer folds whose choices were at an edge.
    r2 : float
        Of held-out data, all units and trials together: one minus the squared error divided by the squared deviation
        from the training trials' mean. Predicting that mean gives 0. Before the gain, which increases the error.
    r2_with_gain : float
        The same for the predictions as they are injected.
    correlation : float
        The cosine between predicted and true deviations from that mean, all units and trials together.
    r2_shuffled, correlation_shuffled : float
        The same where training activity was paired with activations of other trials; the mean over shuffles.
    fit_seconds, score_seconds : float
        On one core; time that the layers of a region share is divided among them.
    file : str
        Within the folder; `hotwire.decoder.experiments.fits.files.load_fit` reads it.
    """

    subject: str
    region: str
    network: str
    layer: str
    n_features: int
    n_units: int
    chosen: Mapping[str, float | list[float]]
    at_edge: bool
    folds_at_edge: float
    r2: float
    r2_with_gain: float
    correlation: float
    r2_shuffled: float
    correlation_shuffled: float
    fit_seconds: float
    score_seconds: float
    size_bytes: int
    file: str


@dataclass(frozen=True)
class SubjectSummary:
    """A subject's recording, and the fitted regions and layers of each network in their order."""

    name: str
    recording: str
    n_trials: int
    n_folds: int
    regions: tuple[str, ...]
    layers: Mapping[str, tuple[str, ...]]
    findings: tuple[Mapping[str, str], ...]
    reliability: Mapping[str, float] | None


@dataclass(frozen=True)
class Fits:
    """All fits, with the number of adapters made by this call (`n_made`) and of those there were before (`n_kept`)."""

    subjects: tuple[SubjectSummary, ...]
    fitted: tuple[FittedAdapter, ...]
    n_made: int
    n_kept: int
    seconds: float

    def at(self, subject: str, cell: FitCell) -> FittedAdapter:
        """The line of a cell."""
        return next(one for one in self.fitted if (one.subject, one.region, one.network, one.layer) == (subject, *cell))


def measures(score: Mapping[str, NDArray]) -> dict[str, float]:
    """The measures of `FittedAdapter` from a score of `fits.jobs.scores`; NaN where activations are constant."""
    own = [score[name] for name in ("gain", "inner", "predicted", "true")]
    shuffled = [score[f"{SHUFFLED}{name}"] for name in ("gain", "inner", "predicted", "true")]
    return {
        "folds_at_edge": float(score["at_edge"].mean()),
        "r2": float(_r2(*own[1:])),
        "r2_with_gain": float(_r2(own[0] * own[1], own[0] ** 2 * own[2], own[3])),
        "correlation": float(_cosine(*own)),
        "r2_shuffled": float(np.mean(_r2(*shuffled[1:]))),
        "correlation_shuffled": float(np.mean(_cosine(*shuffled))),
    }


def _r2(inner: NDArray, predicted: NDArray, true: NDArray) -> NDArray:
    """1 - error / true; the last axis is folds."""
    return _ratio((2 * inner - predicted).sum(axis=-1), true.sum(axis=-1))


def _cosine(gain: NDArray, inner: NDArray, predicted: NDArray, true: NDArray) -> NDArray:
    """Between predictions with their gain and the truth; 0 where all predictions are the mean."""
    norms = (gain**2 * predicted).sum(axis=-1) * true.sum(axis=-1)
    cosine = _ratio((gain * inner).sum(axis=-1), np.sqrt(norms))
    return np.where((norms == 0) & (true.sum(axis=-1) > 0), 0.0, cosine)


def _ratio(a: NDArray, b: NDArray) -> NDArray:
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b > 0)
