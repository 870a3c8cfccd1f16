"""Which of several known passages is heard, and where in it: retrieval by the likelihood of each.

What a fitted encoding model expects of a passage is known before it is heard. At each sample, the newest ones are
compared with what every stretch of every passage would look like: a stretch's evidence is how many nats it explains
them better than nothing does, that is the mean over the training. Before any sample it is as likely that none of the
passages is heard as that one of them is, each stretch of them alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...adapters.rows import each_row
from ...errors import InputError, ShapeError
from .meter import times_too_strong

Floats = NDArray[np.float64]

LIKELIER_THAN_NOT = 0.5


class Heard(NamedTuple):
    """The likeliest passage, how probable it is, and the second of it that the newest sample ends with.

    It is `named` where it is likelier than all others together, none of them included, explains more than anything does
    of recordings that heard nothing, in 95 % of their windows, and the samples are not far stronger than these.
    """

    passage: str
    probability: float
    at_s: float
    named: bool


@dataclass(frozen=True, eq=False)
class Passages:
    """What a decoder's whitened samples are expected to be while passages are heard.

    Attributes
    ----------
    names : tuple of str
    lengths : tuple of int
        Samples of each passage.
    expected : array (n_samples, K) of float32
        Of one passage after the other, beyond the mean over the training.
    autocorrelation : float
        Of the noise from one sample to the next.
    rate_hz : float
        Samples per second.
    n_window : int
        How many of the newest samples are compared.
    least : float
        In nats: no passage is named whose best stretch explains less, see `compared_with_nothing`.
    strongest : float, optional
        The largest mean square of a window of recordings that heard nothing: no passage is named in samples more than
        `hotwire.decoder.gist.meter.MOST_STRONGER` times as strong, of which anything explains more.
    """

    names: tuple[str, ...]
    lengths: tuple[int, ...]
    expected: NDArray[np.float32]
    autocorrelation: float
    rate_hz: float
    n_window: int
    least: float = 0.0
    strongest: float | None = None

    def __post_init__(self) -> None:
        if not self.names or len(self.lengths) != len(self.names) or min(self.lengths) < 1 or self.n_window < 1:
            raise InputError(
                f"passages: expected one or more, each with a name and samples, and a window of at least one, got "
                f"{len(self.names)} names, lengths {self.lengths} and a window of {self.n_window}"
            )
        if self.expected.ndim != 2 or len(self.expected) != sum(self.lengths):
            raise ShapeError(f"expected: expected ({sum(self.lengths)}, K), got {self.expected.shape}")


class PassageFinder:
    """Compares samples with passages, as they come.

    Parameters
    ----------
    passages : Passages
    """

    def __init__(self, passages: Passages) -> None:
        self.passages = passages
        blank = np.zeros((passages.n_window, passages.expected.shape[1]))  # before each passage: nothing is expected
        stops = np.cumsum(passages.lengths)
        parts = np.split(passages.expected.astype(np.float64), stops[:-1])
        padded = np.concatenate([part for one in parts for part in (blank, one)])
        self.rows = np.flatnonzero(np.concatenate([np.r_[blank[:, 0], np.ones(n)] for n in passages.lengths]))
        """Of the padded samples, those that are a passage's, (n_samples,)."""
        before = np.vstack([blank[:1], padded[:-1]])
        self._linked, self._alone = (
            (np.ascontiguousarray(of.T), (of**2).sum(axis=1) / 2)
            for of in (padded - passages.autocorrelation * before, sqrt(1 - passages.autocorrelation**2) * padded)
        )
        self._newest: deque[Floats] = deque(maxlen=passages.n_window)
        self._squares: deque[float] = deque(maxlen=passages.n_window)
        self._before: Floats | None = None

    def push(self, sample: Floats | None) -> Floats:
        """Take the next whitened sample (K,), None if it was lost; return the evidence of each stretch, in nats.

        One for each sample (n_samples,) of the passages, with which the stretch ends.
        """
        if sample is None:
            gain = np.zeros(len(self._alone[1]))
        else:
            r, before = self.passages.autocorrelation, self._before
            new = sqrt(1 - r**2) * sample if before is None else sample - r * before
            expected, power = self._alone if before is None else self._linked
            gain = each_row(new[None], expected)[0] - power
            self._squares.append(float(np.mean(new**2)))
        self._before = sample
        self._newest.appendleft(gain)
        found = np.zeros(len(gain))
        for back, of in enumerate(self._newest):
            found[back:] += of[: len(of) - back]
        return found[self.rows]

    @property
    def strength(self) -> float:
        """The mean square of the newest window's samples, their noise made independent; 0 before the first."""
        return sum(self._squares) / len(self._squares) if self._squares else 0.0

    def heard(self, evidence: Floats) -> Heard:
        """The likeliest passage by the evidence of each stretch (n_samples,)."""
        most = max(float(evidence.max()), 0.0)
        likely = np.exp(evidence - most) / len(evidence)
        starts = np.cumsum([0, *self.passages.lengths[:-1]])
        of_each = np.add.reduceat(likely, starts)
        best = int(of_each.argmax())
        start = int(starts[best])
        at = int(evidence[start : start + self.passages.lengths[best]].argmax())
        probability = float(of_each[best] / (of_each.sum() + np.exp(-most)))
        stands_out = probability > LIKELIER_THAN_NOT and float(evidence.max()) > self.passages.least
        named = stands_out and times_too_strong(self.strength, self.passages.strongest) is None
        return Heard(self.passages.names[best], probability, (at + 1) / self.passages.rate_hz, named)


def compared_with_nothing(passages: Passages, recordings: Iterable[Floats]) -> Passages:
    """The same passages, with `least` and `strongest` from whitened recordings (n_samples, K) that heard nothing.

    Noise that is like a brain is explained a little by some stretch among many: `least` is what the best one explains
    at most, in 95 % of the windows.
    """
    found, strengths = [], []
    for whitened in recordings:
        finder = PassageFinder(passages)
        for number, sample in enumerate(whitened):
            evidence = float(finder.push(sample).max())
            if number >= passages.n_window - 1:
                found.append(evidence)
                strengths.append(finder.strength)
    if not found:
        return passages
    return replace(passages, least=float(np.percentile(found, 95)), strongest=max(strengths))


def expected_of(
    interpolated: Floats, mean: Floats, size: Floats, delays: Sequence[int], responses: Floats
) -> NDArray[np.float32]:
    """What whitened samples are expected to be beyond the mean, (n_samples, K), from the features of a passage's words.

    Parameters
    ----------
    interpolated : array (n_samples, n_features)
    mean, size : array (n_features,)
    delays : sequence of int
    responses : array (n_delays, K, n_features)
    """
    scaled = (interpolated - mean) / size
    found = np.zeros((len(scaled), responses.shape[1]))
    for delay, response in zip(delays, responses, strict=True):
        found[delay:] += scaled[: len(scaled) - delay] @ response.T
    return found.astype(np.float32)
