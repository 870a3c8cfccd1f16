"""A tiny network and a recording whose activity speaks its language: for fast tests of everything above them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.models import Network

LABELS = ("cat", "face", "house", "shoe")


class TinyNetwork(Network):
    """Two layers of matrices; a stimulus is a text, shown as a random vector that its words fix."""

    def __init__(self, seed: int = 0, name: str = "tiny") -> None:
        rng = np.random.default_rng(seed)
        self.name = name
        self.layers = {"first": (12,), "second": (8,)}
        self.labels = LABELS
        self._first = rng.normal(size=(12, 8)).astype(np.float32)
        vectors = np.stack([self._vector(f"A picture of a {label}") for label in LABELS])
        # The last matrix tells the labels apart; an untrained one does not.
        last = np.linalg.pinv(np.tanh(vectors @ self._first)) * 8 if seed == 0 else rng.normal(size=(8, 4))
        self._second = last.astype(np.float32)

    def untrained(self, seed: int = 0) -> TinyNetwork:
        return TinyNetwork(seed + 1, f"{self.name} (untrained)")

    @staticmethod
    def _vector(text: str) -> np.ndarray:
        return np.random.default_rng(list(text.encode())).normal(size=12).astype(np.float32)

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> Sequence[np.ndarray]:
        first = np.stack([self._vector(text) for text in stimuli])
        recorded = {"first": first, "second": np.tanh(first @ self._first)}
        return [recorded[layer] for layer in layers]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        second = np.tanh(activations @ self._first) if layer == "first" else activations
        return second @ self._second

    def _forward(self, stimuli: Any) -> np.ndarray:
        return self._resume("first", np.stack([self._vector(text) for text in stimuli]))

    def _weights(self) -> list[tuple[str, np.ndarray]]:
        return [("first", self._first), ("second", self._second)]


def make_recording(*, n_runs: int = 6, noise: float = 0.3, seed: int = 0, n_features: int = 20) -> Recording:
    """Blocks of three samples, one of each label a run, two samples of rest between; patterns plus noise."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(7).normal(size=(len(LABELS), n_features))
    data, runs, onsets, labels = [], [], [], []
    for run in range(n_runs):
        samples = noise * rng.normal(size=(5 * len(LABELS), n_features))
        for block, label in enumerate(rng.permutation(len(LABELS))):
            samples[5 * block + 2 : 5 * block + 5] += patterns[label]
            runs.append(run)
            onsets.append(2.0 * (5 * block + 2))
            labels.append(LABELS[label])
        data.append(samples)
    return Recording(
        data=np.concatenate(data).astype(np.float32),
        rate_hz=0.5,
        feature_names=tuple(f"voxel_{i}" for i in range(n_features)),
        run=np.repeat(np.arange(n_runs), 5 * len(LABELS)),
        events=Events(np.array(runs), np.array(onsets), np.full(len(runs), 6.0), np.array(labels)),
    )


@pytest.fixture(scope="session")
def network() -> Network:
    return TinyNetwork()


@pytest.fixture(scope="session")
def recording() -> Recording:
    return make_recording()


@pytest.fixture(scope="session")
def recordings() -> Callable[..., Recording]:
    """Make recordings with other numbers of runs, noise or seeds."""
    return make_recording
