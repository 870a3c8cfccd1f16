"""Continuous recordings whose decisions are known: a pattern while an event holds, nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Events, Recording, Settings, WordTargets
from hotwire.decoder.steps import Step
from hotwire.decoder.windows import BlockAverage, Window
from hotwire.models import Network

LABELS = ("cat", "face", "house", "shoe")
RATE_HZ = 20.0
HOLDS_S, REST_S = 2.0, 3.0


def made_stream(*, n_runs: int = 4, n_events: int = 8, noise: float = 0.05, seed: int = 0, rest_s: float = REST_S,
                offset_s: float = 0.0) -> Recording:  # fmt: skip
    """Events of two seconds, rest before each and behind the last; a label's pattern is there while its event holds."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(7).normal(size=(len(LABELS), 6))
    pace, holds = round((HOLDS_S + rest_s) * RATE_HZ), round(HOLDS_S * RATE_HZ)
    data, runs, onsets, labels = [], [], [], []
    for run in range(n_runs):
        samples = noise * rng.normal(size=(pace * n_events + round(rest_s * RATE_HZ), 6))
        for event, label in enumerate(rng.permutation(n_events) % len(LABELS)):
            first = event * pace + round(rest_s * RATE_HZ)
            samples[first : first + holds] += patterns[label]
            runs.append(run)
            onsets.append(first / RATE_HZ + offset_s)
            labels.append(LABELS[label])
        data.append(samples)
    return Recording(
        data=np.concatenate(data).astype(np.float32),
        rate_hz=RATE_HZ,
        feature_names=tuple(f"ch{i}" for i in range(6)),
        run=np.repeat(np.arange(n_runs), len(data[0])),
        events=Events(np.array(runs), np.array(onsets), np.full(len(runs), HOLDS_S), np.array(labels)),
    )


@pytest.fixture(scope="session")
def streams() -> Callable[..., Recording]:
    return made_stream


@pytest.fixture(scope="session")
def decoders(network: Network) -> Callable[..., Decoder]:
    """Make decoders of the stream's labels."""

    def made(
        window: Window | None = None, steps: tuple[Step, ...] = (), labels: Sequence[str] = LABELS, **settings: Any
    ) -> Decoder:
        window = window or BlockAverage(0.0, 1.0)
        settings = {"adapter": RidgeAdapter(alphas=1.0)} | settings
        targets = WordTargets({label: label for label in labels})
        return Decoder(network, targets, Settings("second", steps, window, **settings))

    return made
