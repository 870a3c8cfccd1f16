"""What a plan found."""

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
    """How often an answer is right: of two (chance one half), and among all."""

    pairwise: float
    candidate: float


class MeanOverDraws(NamedTuple):
    """A mean over random draws, with its standard error (NaN of a single draw)."""

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
    """How well a number of training stimuli spans what was left out: a category, or merely another picture.

    `explained` is the share of a held-out activation's squared distance from the mean; the accuracies are of the
    network's readout from the nearest point of the span.
    """

    held_out: LeftOut
    n_training: int
    explained: float
    pairwise: MeanOverDraws
    candidate: MeanOverDraws


@dataclass(frozen=True)
class ReachPoint:
    """What a decoder reaches on new trials of a signal-to-noise ratio, see `Noise`; means are over simulated brains.

    It is trained on `n_training` trials of each word, or on as many pictures, each shown once.
    """

    signal_to_noise: float
    n_training: int
    pairwise: MeanOverDraws
    candidate: MeanOverDraws


@dataclass(frozen=True)
class LayerSpan:
    """What the stimuli span in one layer.

    `explained` is the share of a held-out stimulus's activation that the nearest point of the others' span accounts
    for.
    """

    layer: str
    n_units: int
    dimensions: Dimensions
    explained: float


@dataclass(frozen=True)
class PlanResult:
    """All that `plan` found.

    Attributes
    ----------
    n_stimuli, n_pool : int
        How many there are to be decoded, and how many more words were trained on in trying how many categories it
        takes.
    chance, ceiling : Accuracy
        Of guessing; and of the readout from the true activations.
    spans : tuple of SpanPoint
        What no amount of brain data lifts.
    noise : Noise
        That of which the levels of `reach` are parts and multiples.
    target : float
        The pairwise accuracy that is aimed at.
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
    """From how many training stimuli or trials on a curve stays at the target, read between its points.

    Between two points the accuracy is taken to grow evenly with the logarithm of the number. None where the last point
    is below the target; the first number where all points are at it.
    """
    below = [i for i, point in enumerate(points) if not point.pairwise.value >= target]
    if not below:
        return float(points[0].n_training)
    if below[-1] == len(points) - 1:
        return None
    a, b = points[below[-1]], points[below[-1] + 1]
    part = (target - a.pairwise.value) / (b.pairwise.value - a.pairwise.value)
    return float(a.n_training * (b.n_training / a.n_training) ** part)
