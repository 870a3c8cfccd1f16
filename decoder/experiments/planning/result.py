"""The result of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ...report.numbers import percent
from .noise import Noise
from .span import Dimensions

LeftOut = Literal["categories", "pictures"]


class Accuracy(NamedTuple):
    """The share of correct decisions: between two classes (chance one half), and among all."""

    pairwise: float
    candidate: float


class MeanOverDraws(NamedTuple):
    """A mean over random draws, with its standard error (NaN for a single draw)."""

    value: float
    error: float

    @classmethod
    def of(cls, draws: Sequence[float]) -> MeanOverDraws:
        n = len(draws)
        return cls(float(np.mean(draws)), float(np.std(draws, ddof=1) / np.sqrt(n)) if n > 1 else float("nan"))

    def __str__(self) -> str:
        return f"{percent(self.value)} ± {percent(self.error)}"


@dataclass(frozen=True)
class SpanPoint:
    """How well a number of training stimuli spans what was left out: a category, or just another picture.

    `explained` is the share of a held-out activation's squared distance from the mean. The accuracies are those of the
    network's readout at the nearest point of the span.
    """

    held_out: LeftOut
    n_training: int
    explained: float
    pairwise: MeanOverDraws
    candidate: MeanOverDraws


@dataclass(frozen=True)
class ReachPoint:
    """The accuracy of a decoder on new trials of one signal-to-noise ratio (see `Noise`), as means over simulated
    brains.

    It is trained on `n_training` trials of each word, or on that many pictures, each shown once.
    """

    signal_to_noise: float
    n_training: int
    pairwise: MeanOverDraws
    candidate: MeanOverDraws


@dataclass(frozen=True)
class LayerSpan:
    """The dimensions that the stimuli fill in one layer.

    `explained` is the share of a held-out stimulus's activation that the nearest point of the others' span explains.
    """

    layer: str
    n_units: int
    dimensions: Dimensions
    explained: float


@dataclass(frozen=True)
class PlanResult:
    """The result of `plan`.

    `n_stimuli` are to be decoded; `n_pool` more words were used in training, to see how many categories it takes.
    `chance` is the accuracy of guessing, `ceiling` that of the readout from the true activations. `spans` has the
    limits that more brain data does not raise. The levels of `reach` are multiples of `noise`. `target` is the pairwise
    accuracy aimed at.
    """

    network: str
    fingerprint: str
    layer: str
    readout: str
    stimuli: str
    n_stimuli: int
    n_pool: int
    answers: tuple[str, ...]
    chance: Accuracy
    ceiling: Accuracy
    layers: tuple[LayerSpan, ...]
    spans: tuple[SpanPoint, ...]
    noise: Noise
    reach: tuple[ReachPoint, ...]
    target: float
    n_draws: int
    seed: int

    def levels(self) -> Iterator[tuple[float, list[ReachPoint]]]:
        """The curve of each level of noise, the noisiest first."""
        for level in dict.fromkeys(point.signal_to_noise for point in self.reach):
            yield level, [point for point in self.reach if point.signal_to_noise == level]

    def span_curves(self) -> Iterator[tuple[str, list[SpanPoint]]]:
        """The curve of each kind of stimuli left out."""
        for left_out in dict.fromkeys(point.held_out for point in self.spans):
            yield left_out, [point for point in self.spans if point.held_out == left_out]


def needed(points: Sequence[SpanPoint] | Sequence[ReachPoint], target: float) -> float | None:
    """The number of training stimuli or trials from which a curve stays at or above the target.

    Between two points the accuracy is assumed to grow linearly with the logarithm of the number. None where the last
    point is below the target; the first number where all points reach it.
    """
    below = [i for i, point in enumerate(points) if not point.pairwise.value >= target]
    if not below:
        return float(points[0].n_training)
    if below[-1] == len(points) - 1:
        return None
    a, b = points[below[-1]], points[below[-1] + 1]
    part = (target - a.pairwise.value) / (b.pairwise.value - a.pairwise.value)
    return float(a.n_training * (b.n_training / a.n_training) ** part)
