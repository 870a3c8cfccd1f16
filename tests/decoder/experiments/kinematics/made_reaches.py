"""A made-up population of known truth: neurons tuned to the velocity of a hand (cosine), whose counts are Poisson."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import lfilter

from hotwire.decoder import Recording
from hotwire.decoder.experiments.kinematics.targets import Kinematics

RATE_HZ = 20.0


def reaches(
    *, n_runs: int = 5, n_samples: int = 200, n_units: int = 12, depth: float = 0.5, lag: int = 2, seed: int = 0
) -> tuple[Recording, Kinematics]:
    """Runs in which activity comes `lag` samples before the velocity that it is tuned to, with this depth of tuning."""
    rng = np.random.default_rng(seed)
    angle, base = rng.uniform(0, 2 * np.pi, n_units), rng.uniform(0.5, 2.0, n_units)
    velocity, counts = [], []
    for _ in range(n_runs):
        whole: Any = lfilter([1.0], [1.0, -1.2, 0.5], rng.normal(size=(n_samples + lag + 50, 2)), axis=0)[50:]
        whole /= whole.std()
        tuned = whole[lag:] @ np.stack([np.cos(angle), np.sin(angle)])
        counts.append(rng.poisson(base * np.exp(depth * tuned)))
        velocity.append(whole[:n_samples])
    run = np.repeat(np.arange(1, n_runs + 1), n_samples)
    names = tuple(f"unit_{i}" for i in range(n_units))
    time_s = np.tile(np.arange(n_samples) / RATE_HZ, n_runs)
    targets = Kinematics(np.concatenate(velocity), time_s, run, ("x", "y"))
    return Recording(np.concatenate(counts).astype(float), RATE_HZ, names, run, unit="spikes"), targets
