"""How many words are said in each sample, from the recording alone; and so, when each of them is said.

The rate of a sample is linear in the samples after it, which respond to its words (Tang et al. 2023). Its words are
evenly inside of it: as many as the rate, rounded; what rounding leaves over goes on to the next sample, so that the
words of a run are as many as its rates add up to.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...adapters.checks import checked_lags
from ...adapters.rows import each_row
from ...errors import InputError, ShapeError

Floats = NDArray[np.float64]


class Word(NamedTuple):
    """The time of a word, in seconds since the first sample."""

    middle_s: float
    duration_s: float


class WordsAt(NamedTuple):
    """The times of a run's words, (n_words,) each."""

    middle_s: Floats
    duration_s: Floats


@dataclass(frozen=True, eq=False)
class WordRate:
    """A linear model from samples to the words that were said in those before them.

    Attributes
    ----------
    rate_hz : float
        Samples per second.
    delays : tuple of int
        In samples, from 0: a sample's words show this much later.
    places : array (n_used,) of int
        Which of the decoder's voxels are used.
    mean : array (n_used,)
        Of these, over the training. What is lost, or after the run, is taken to be at it.
    weights : array (n_delays, n_used)
    intercept : float
        Words in a sample, where nothing differs from the mean.
    duration_s : float
        How long a word lasted in the training, on average.

    Examples
    --------
    >>> rate = WordRate(0.5, (1,), np.array([0]), np.zeros(1), np.ones((1, 1)), 2.0, 0.3)
    >>> rate.rates([[9.0], [1.0], [-1.5]])
    array([3. , 0.5, 2. ])
    >>> rate.words([[9.0], [1.0], [-1.5]]).middle_s.round(2)
    array([0.33, 1.  , 1.67, 3.  , 4.5 , 5.5 ])
    """

    rate_hz: float
    delays: tuple[int, ...]
    places: NDArray[np.intp]
    mean: Floats
    weights: Floats
    intercept: float
    duration_s: float

    def __post_init__(self) -> None:
        if min(checked_lags(self.delays)) < 0:
            raise InputError(f"delays: expected samples after the word, from 0, got {self.delays}")
        n_used = len(self.places)
        for name, shape in {"mean": (n_used,), "weights": (len(self.delays), n_used)}.items():
            if getattr(self, name).shape != shape:
                raise ShapeError(f"{name}: expected the shape {shape}, got {getattr(self, name).shape}")
        if not (np.isfinite(self.intercept) and self.duration_s > 0):
            raise InputError(
                f"expected a finite intercept and a duration_s above 0, got {self.intercept} and {self.duration_s}"
            )

    def parts(self, sample: Floats) -> Floats:
        """What a sample (n_voxels,) says of the rates before it, at each delay."""
        left = sample[self.places] - self.mean
        return each_row(np.where(np.isnan(left), 0.0, left)[None], self.weights.T)[0]

    def rates(self, samples: ArrayLike) -> Floats:
        """Words in each sample of a run (n_samples, n_voxels): not rounded, and below 0 where the model says so."""
        parts = np.array([self.parts(sample) for sample in np.asarray(samples, np.float64)])
        found = np.full(len(parts), self.intercept)
        for delay, of_delay in zip(self.delays, parts.T, strict=True):
            found[: len(parts) - delay] += of_delay[delay:]
        return found

    def words(self, samples: ArrayLike) -> WordsAt:
        """The times of a run's words, from its samples (n_samples, n_voxels)."""
        clock = WordClock(self)
        words = [word for sample in np.asarray(samples, np.float64) for word in clock.push(sample)]
        return WordsAt(*np.array([*words, *clock.finish()]).reshape(-1, 2).T)


class WordClock:
    """The times of words, as samples come; those of a sample are known once all samples that show them are there."""

    def __init__(self, model: WordRate) -> None:
        self._model = model
        self._parts: deque[Floats] = deque()  # of the samples whose words are not known
        self._n_timed = 0
        self._left = 0.0

    @property
    def until_s(self) -> float:
        """All words before this time are known."""
        return self._n_timed / self._model.rate_hz

    def push(self, sample: Floats) -> list[Word]:
        """Take the next sample (n_voxels,), NaN where it was lost; return the words that are known by it."""
        self._parts.append(self._model.parts(sample))
        return self._oldest() if len(self._parts) > max(self._model.delays) else []

    def finish(self) -> list[Word]:
        """The run is over: return the words of the samples that are left."""
        n_left = len(self._parts)
        self._parts.extend([np.zeros(len(self._model.delays))] * max(self._model.delays))
        return [word for _ in range(n_left) for word in self._oldest()]

    def _oldest(self) -> list[Word]:
        """The words of the oldest sample whose words are not known."""
        model = self._model
        rate = model.intercept + sum(float(self._parts[delay][i]) for i, delay in enumerate(model.delays))
        self._parts.popleft()
        self._left += max(rate, 0.0)
        n = floor(self._left + 0.5)
        self._left -= n
        sample, self._n_timed = self._n_timed, self._n_timed + 1
        duration_s = min(model.duration_s, 1 / (max(n, 1) * model.rate_hz))
        return [Word((sample + (i + 0.5) / n) / model.rate_hz, duration_s) for i in range(n)]
