"""Trials whose answers show in the power of sources, or in what they evoke, mixed into channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def oscillating(
    n_trials: int = 60, n_times: int = 150, n_channels: int = 6, n_answers: int = 2, seed: int = 0
) -> tuple[NDArray, NDArray]:
    """Each answer has a source of its own that is stronger; all trials have mean zero in time."""
    rng = np.random.default_rng(seed)
    answers = np.arange(n_trials) % n_answers
    sources = rng.normal(size=(n_trials, n_times, n_channels))
    for trial, answer in enumerate(answers):
        sources[trial, :, answer] *= 3
    X = sources @ rng.normal(size=(n_channels, n_channels))
    return X - X.mean(axis=1, keepdims=True), answers


def evoked(
    n_trials: int = 80, n_times: int = 40, n_channels: int = 6, n_answers: int = 2, seed: int = 0
) -> tuple[NDArray, NDArray]:
    """Each answer evokes a response of another form in a source of its own."""
    rng = np.random.default_rng(seed)
    answers = np.arange(n_trials) % n_answers
    sources = rng.normal(size=(n_trials, n_times, n_channels))
    for trial, answer in enumerate(answers):
        sources[trial, :, answer] += 2 * np.sin(np.arange(n_times) / (3 + answer))
    return sources @ rng.normal(size=(n_channels, n_channels)), answers


def average_referenced(X: NDArray) -> NDArray:
    """The same trials with one dimension less."""
    return X - X.mean(axis=2, keepdims=True)
