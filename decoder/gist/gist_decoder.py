"""From samples and the times of words, as they come, to the words themselves.

Each word is decided once all samples that it reaches are there, and all words that these samples could reach are timed.
So what is said does not depend on how the samples were cut.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError
from .beam import Beam, NextWord
from .beam_settings import BeamSettings
from .lanczos import lanczos, sample_of
from .proposals import Vocabulary, contexts
from .timing import checked_times, independent
from .whitened import WhitenedModel
from .word_model import WordModel

Floats = NDArray[np.float64]

METER_WORDS = 60
"""The newest words over which evidence is gained, some 20 s of speech, see `hotwire.decoder.gist.meter`."""


class Saying(NamedTuple):
    """Words: those that have become final, and the best guess at those after them."""

    final: list[str]
    draft: list[str]


class GistDecoder:
    """Decodes one run.

    Parameters
    ----------
    model : WhitenedModel
    words : WordModel
    vocabulary : Vocabulary
    settings : BeamSettings, optional
    null_seed : int, optional
        A null: instead of what words leave unexplained of the samples, noise of the model's size is to be explained.
        All else is the same, so the text is what the language model makes of the words' times without a brain.
    """

    def __init__(
        self,
        model: WhitenedModel,
        words: WordModel,
        vocabulary: Vocabulary,
        settings: BeamSettings | None = None,
        null_seed: int | None = None,
    ) -> None:
        self._null = None if null_seed is None else np.random.default_rng(null_seed)
        self._settings = BeamSettings() if settings is None else settings
        self._model, self._timing, self._vocabulary = model, model.timing, vocabulary
        self._beam = Beam(model, words, vocabulary, self._settings)
        nothing = np.zeros(self._model.n_directions)
        self._nothing = nothing
        self._samples: dict[int, Floats | None] = {}  # whitened; None where lost
        self._unexplained: dict[int, Floats | None] = {}
        self._n_samples = 0
        self._ended = False
        self._waiting: list[tuple[float, float]] = []  # samples at which words are said, and how long they last
        self._before: list[float] = []  # of words that are decided
        self._timed_until = -np.inf
        self._opened: int | None = None
        self._evidence = deque([0.0], maxlen=METER_WORDS + 1)
        self._strengths: deque[float] = deque(maxlen=METER_WORDS)
        self.gains: list[float] = []
        """What was gained over each `METER_WORDS` words, one stretch after the other."""
        self.n_decided = 0
        """How many words the beam has been through."""
        self.newest: Floats | None = None
        """The newest sample, whitened; None before the first, or where it was lost."""
        self.n_lost = 0
        """How many samples were lost: they are left out of the likelihood."""

    @property
    def evidence(self) -> float:
        """How many nats the best hypothesis explains the recording better than words that are not known."""
        return float(self.scores[0])

    @property
    def gained(self) -> float | None:
        """How much of that came with the newest `METER_WORDS` words; None while there are fewer."""
        return None if self.n_decided < METER_WORDS else self._evidence[-1] - self._evidence[0]

    @property
    def strength(self) -> float:
        """The mean square of the whitened samples that the newest `METER_WORDS` words reach, their noise made
        independent: about 1 where they are as in the training; 0 before any word.
        """
        return sum(self._strengths) / len(self._strengths) if self._strengths else 0.0

    @property
    def width(self) -> int:
        """Of the beam."""
        return self._beam.width

    def narrow(self, width: int) -> None:
        """Go on with fewer hypotheses, for a machine that is too slow."""
        self._beam.narrow(width)

    @property
    def scores(self) -> Floats:
        """The same for each hypothesis (n_hypotheses,), the best first."""
        return self._beam.hypotheses.scores

    @property
    def drafts(self) -> list[list[str]]:
        """The words of each hypothesis that are not final, the best first."""
        said = self._vocabulary.words
        return [[said[word] for word in text] for text in self._beam.hypotheses.texts.tolist()]

    @property
    def n_stored(self) -> int:
        """How many samples and words are in memory: it does not grow with the length of a run."""
        return len(self._samples) + len(self._unexplained) + len(self._before) + len(self._waiting)

    def push(
        self,
        samples: ArrayLike | None = None,
        middle_s: ArrayLike = (),
        duration_s: ArrayLike = (),
        timed_until_s: float | None = None,
    ) -> Saying:
        """Take the next samples, or the times of the next words, or both.

        Parameters
        ----------
        samples : array (n_samples, n_voxels), optional
            Of the encoding model's voxels. A lost one is a row of NaN.
        middle_s, duration_s : array (n_words,)
            When the next words are said, in seconds since the run's first sample, and how long they last.
        timed_until_s : float, optional
            All words up to here are timed. Default: up to the last of these words.

        Returns
        -------
        Saying
        """
        if samples is not None:
            self._take_samples(np.asarray(samples, np.float64))
        at, durations = sample_of(middle_s, self._model.rate_hz), np.asarray(duration_s, np.float64)
        if at.ndim != 1 or at.shape != durations.shape:
            raise ShapeError(
                f"words: expected a duration_s for each middle_s, got arrays of {durations.shape} and {at.shape}"
            )
        checked_times(at, self._timed_until)
        self._waiting += zip(at.tolist(), durations.tolist(), strict=True)
        until = [] if timed_until_s is None else sample_of([timed_until_s], self._model.rate_hz).tolist()
        self._timed_until = max([self._timed_until, *at.tolist(), *until])
        return self._decide()

    def finish(self) -> Saying:
        """The run is over: decide all words that are left; all become final."""
        self._ended, self._timed_until = True, np.inf
        said = self._decide()
        return Saying(said.final + said.draft, [])

    def _take_samples(self, samples: Floats) -> None:
        n_voxels = len(self._model.intercept)
        if samples.ndim != 2 or samples.shape[1] != n_voxels:
            raise ShapeError(f"samples: expected (n_samples, {n_voxels}), got {samples.shape}")
        if self._ended:
            raise InputError("the run has ended; make a new decoder for another one")
        lost = np.asarray(np.isnan(samples).all(axis=1))
        bad = np.flatnonzero(~lost & ~np.isfinite(samples).all(axis=1))
        if bad.size:
            raise InputError(
                f"samples: expected finite numbers, or a row of NaN for a lost sample, got others in sample "
                f"{self._n_samples + int(bad[0])}"
            )
        for is_lost, row in zip(lost, self._model.project(np.where(lost[:, None], 0.0, samples)), strict=True):
            self.newest = self._samples[self._n_samples] = None if is_lost else row
            self.n_lost += bool(is_lost)
            self._n_samples += 1

    def _decide(self) -> Saying:
        final: list[int] = []
        while self._waiting and self._is_ready(self._waiting[0][0]):
            final += self._decide_word(*self._waiting[0])
        if not self._waiting and np.isfinite(self._timed_until):
            self._forget(self._timing.first_reached(self._timed_until), len(self._before))
        said = self._vocabulary.words
        return Saying([said[word] for word in final], [said[word] for word in self._beam.rest()])

    def _is_ready(self, at: float) -> bool:
        last = self._timing.first_reached(at) + self._timing.n_reached - 1
        timed = self._timed_until >= last - min(self._timing.delays) + self._timing.lobes
        return timed and (self._ended or last < self._n_samples)

    def _decide_word(self, at: float, duration_s: float) -> list[int]:
        first, n = self._timing.first_reached(at), self._timing.n_reached
        rows = [self._left(t) for t in range(first, first + n)]
        there = [row for row in rows if row is not None]
        if there:
            self._strengths.append(float(np.mean(np.square(there))))
        moved = 0 if self._opened is None else first - self._opened
        self._beam.open(moved, np.array([self._nothing if row is None else row for row in rows]))
        present = np.array([self._samples.get(t) is not None for t in range(first - 1, first + n)])
        reach = self._settings.context_s * self._model.rate_hz
        n_context = contexts(self._before, at, reach, self._settings.context_words)
        final = self._beam.step(NextWord(self._timing.weights(at, present), duration_s, n_context))
        self._opened = first
        self._evidence.append(self.evidence)
        self.n_decided += 1
        if self.gained is not None and self.n_decided % METER_WORDS == 0:
            self.gains.append(self.gained)
        self._before.append(at)
        self._waiting.pop(0)
        self._forget(first, n_context + 1 + self._settings.context_words)
        return final

    def _left(self, t: int) -> Floats | None:
        """What unknown words leave unexplained of a sample, its noise made independent; None if it is lost."""
        if t not in self._unexplained and self._null is not None:
            self._unexplained[t] = self._null.standard_normal(len(self._nothing))
        if t not in self._unexplained:
            pair = [self._less_unknown(t - 1), self._less_unknown(t)]
            present = np.array([row is not None for row in pair])
            rows = np.array([self._nothing if row is None else row for row in pair])
            made = independent(rows, present, self._timing.autocorrelation)[1]
            self._unexplained[t] = made if present[1] else None
        return self._unexplained[t]

    def _less_unknown(self, t: int) -> Floats | None:
        sample = self._samples.get(t)
        if sample is None:
            return None
        left = sample.copy()
        for delay, response in zip(self._timing.delays, self._model.responses, strict=True):
            if t - delay >= 0:
                rate = self._rate(t - delay)
                left -= response @ ((rate * self._model.unknown - self._model.mean) / self._model.size)
        return left

    def _rate(self, t: int) -> float:
        """The weights of all words in a sample, added up in their order."""
        near = [at for at in (*self._before, *(at for at, _ in self._waiting)) if abs(t - at) < self._timing.lobes]
        return float(sum(lanczos(t - np.array(near), self._timing.lobes).tolist()))

    def _forget(self, first: int, n_words: int) -> None:
        """Drop what no later word needs: it reaches no sample before `first`, and its context is of the last words."""
        for store in (self._samples, self._unexplained):
            for t in [t for t in store if t < first - 1]:
                del store[t]
        oldest = first - 1 - max(self._timing.delays) - self._timing.lobes
        keep = len(self._before) - n_words
        self._before = [at for i, at in enumerate(self._before) if i >= keep or at > oldest]
