"""Made-up recordings of known truth, many at once, and a linear decoder that is cross-validated over their runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotwire.decoder import Decoder, Events, Recording, Settings, WordTargets
from hotwire.models import Network

RATE_HZ = 50.0
Floats = NDArray[np.float64]
N_FRESH = 4
"""Runs of each recording that no fold trains on and no interval sees: they give the truth."""


class Population(NamedTuple):
    """Recordings alike: runs of trials of some classes, whose patterns are the same in all of them.

    `strength` is the squared length of a class's pattern; noise has the variance 1 in each feature. From run to run the
    patterns' gain varies (log-normal, 20 %), each class has a pattern of that run alone (a third as long), and all
    trials of a run are displaced alike. Without strength there is nothing of a class in any trial.
    """

    n_runs: int
    n_classes: int
    unequal: bool
    strength: float
    n_trials: int = 24
    n_features: int = 30

    @property
    def truth(self) -> NDArray[np.intp]:
        """The classes of a run's trials, in order; unequal ones are 5 of the first to 1 of each other."""
        parts = np.array([5] + [1] * (self.n_classes - 1) if self.unequal else [1] * self.n_classes)
        return np.repeat(np.arange(self.n_classes), parts * self.n_trials // parts.sum())


class Recordings(NamedTuple):
    """Trials X (n_recordings, n_runs, n_trials, n_features) and their classes; the last `N_FRESH` runs are fresh."""

    X: Floats
    truth: NDArray[np.intp]


def recordings(of: Population, n: int, rng: np.random.Generator) -> Recordings:
    """Draw recordings; the classes' patterns depend on the population alone."""
    shape = (n, of.n_runs + N_FRESH, of.n_trials)
    truth = rng.permuted(np.broadcast_to(of.truth, shape).copy(), axis=2)
    X = rng.normal(size=(*shape, of.n_features)) + 0.5 * rng.normal(size=(*shape[:2], 1, of.n_features))
    if of.strength:
        # Both halves of the features have the same patterns, so that decoders of either half are equally good.
        half = np.random.default_rng(of.n_classes).normal(size=(of.n_classes, of.n_features // 2))
        pattern = np.tile(half, 2)
        pattern -= pattern.mean(axis=0)
        pattern *= np.sqrt(of.strength) / np.linalg.norm(pattern, axis=1, keepdims=True)
        gain = np.exp(0.2 * rng.normal(size=(*shape[:2], 1, 1)))
        own = rng.normal(size=(*shape[:2], of.n_classes, of.n_features)) * np.sqrt(of.strength / of.n_features) / 3
        X += np.take_along_axis(gain * pattern + own, truth[..., None], axis=2)
    return Recordings(X - X.mean(axis=2, keepdims=True), truth)


def decoded(X: Floats, truth: NDArray[np.intp], n_classes: int, n_runs: int) -> tuple[Floats, Floats]:
    """Scores of the first `n_runs` runs, each by ridge regression on the others, and of the others by every fold.

    (n_recordings, n_runs, n_trials, n_classes), and (n_recordings, n_runs, n_others, n_trials, n_classes).
    """
    own, Y = X[:, :n_runs], np.eye(n_classes)[truth[:, :n_runs]]
    products = np.swapaxes(own, 2, 3) @ own
    with_classes = np.swapaxes(own, 2, 3) @ Y
    left = [of.sum(axis=1, keepdims=True) - of for of in (products, with_classes)]
    weights = np.linalg.solve(left[0] + 10.0 * np.eye(X.shape[-1]), left[1])
    share = Y.mean(axis=2)
    means = (share.sum(axis=1, keepdims=True) - share)[:, :, None] / (n_runs - 1)
    fresh = X[:, None, n_runs:] @ weights[:, :, None] + means[:, :, None]
    return own @ weights + means, fresh


class TwoMatrices(Network):
    """A network of two layers; a stimulus is a text, shown as a random vector that its words fix."""

    name = "two matrices"

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.layers, self.labels = {"first": (12,)}, labels
        vectors = np.stack([self._vector(f"A picture of a {label}") for label in labels])
        self._last = np.linalg.pinv(vectors).astype(np.float32) * 8

    def untrained(self, seed: int = 0) -> TwoMatrices:
        other = TwoMatrices(self.labels)
        other._last = np.random.default_rng(seed).normal(size=self._last.shape).astype(np.float32)
        return other

    @staticmethod
    def _vector(text: str) -> NDArray[np.float32]:
        return np.random.default_rng(list(text.encode())).normal(size=12).astype(np.float32)

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> Sequence[NDArray]:
        return [np.stack([self._vector(text) for text in stimuli]) for _ in layers]

    def _resume(self, layer: str, activations: NDArray) -> NDArray:
        return activations @ self._last

    def _forward(self, stimuli: Any) -> NDArray:
        return self._resume("first", np.stack([self._vector(text) for text in stimuli]))

    def _weights(self) -> list[tuple[str, NDArray]]:
        return [("last", self._last)]


def tiny_decoder() -> Decoder:
    labels = ("cat", "face")
    return Decoder(TwoMatrices(labels), WordTargets({label: label for label in labels}), Settings("first"))


def noise_recording(seed: int, n_runs: int = 8, n_trials: int = 20, n_features: int = 20) -> Recording:
    """Trials of seven samples, in which nothing depends on the label."""
    rng = np.random.default_rng(seed)
    n_samples = 7 * n_trials + 12
    label = np.concatenate([rng.permutation(np.repeat(["cat", "face"], n_trials // 2)) for _ in range(n_runs)])
    onset_s = np.tile(7 * np.arange(n_trials) / RATE_HZ, n_runs)
    return Recording(
        data=rng.normal(size=(n_runs * n_samples, n_features)).astype(np.float32),
        rate_hz=RATE_HZ,
        feature_names=tuple(f"feature_{i}" for i in range(n_features)),
        run=np.repeat(np.arange(n_runs), n_samples),
        events=Events(np.repeat(np.arange(n_runs), n_trials), onset_s, np.full(len(label), 5 / RATE_HZ), label),
    )
