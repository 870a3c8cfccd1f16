"""The beam: of all the ways in which a text may go on, those that explain the recording best (Tang et al. 2023).

A hypothesis holds what the recording has not yet explained, R, in the samples that its next word can reach. A word with
features z (from those of an unknown word, over their size) adds ``D = sum_d w_d C_d z`` to the expected recording, so
the log likelihood grows by ``R.D - |D|^2 / 2``, which is ``g'z - z'Qz / 2`` with one g for each hypothesis and one Q
for all: neither the voxels nor the words before count.

Scores are compared in steps of a millionth of a nat. Equal ones are in order of their hypothesis's place, then of the
proposal's, so that rounding never decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .beam_settings import BeamSettings
from .proposals import Indices, Vocabulary
from .whitened import WhitenedModel
from .word_model import Rows, WordModel

Floats = NDArray[np.float64]

STEP = 1e-6
"""Scores, in nats, that round to the same multiple are equal."""


class NextWord(NamedTuple):
    """What one word needs to know: weights (n_reached, n_delays) in samples, its duration, the size of its context."""

    weights: Floats
    duration_s: float
    n_context: int


@dataclass
class Hypotheses:
    """The beam's state: in every array one row for each hypothesis, the best first.

    `residuals` (n, n_reached, K) begin at the sample that the next word reaches first; `texts` (n, n_open) are the
    words that are not final.
    """

    residuals: Floats
    scores: Floats
    log_p: Floats
    texts: Indices
    memory: Rows
    next_words: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: Indices) -> Hypotheses:
        return Hypotheses(
            self.residuals[rows],
            self.scores[rows],
            self.log_p[rows],
            self.texts[rows],
            self.memory.take(rows),
            self.next_words[rows],
        )


class Beam:
    """The search, one word after the other.

    Parameters
    ----------
    model : WhitenedModel
    words : WordModel
    vocabulary : Vocabulary
    settings : BeamSettings
    """

    def __init__(
        self,
        model: WhitenedModel,
        words: WordModel,
        vocabulary: Vocabulary,
        settings: BeamSettings,
    ) -> None:
        self._responses, self._products = model.responses, model.products()
        self._words, self._vocabulary, self._settings = words, vocabulary, settings
        self._unknown, self._size = model.unknown, model.size
        memory, next_words = words.begin()
        nothing = np.zeros((1, model.timing.n_reached, model.n_directions))
        self.hypotheses = Hypotheses(nothing, np.zeros(1), np.zeros(1), np.zeros((1, 0), np.intp), memory, next_words)
        self.final: list[int] = []
        """The most recent final words, as many as a context needs, oldest first."""
        self._begun = False

    @property
    def width(self) -> int:
        """How many hypotheses survive the next word."""
        return self._settings.width

    def narrow(self, width: int) -> None:
        """Let fewer hypotheses survive from the next word on."""
        if width > self.width:
            raise InputError(f"width: expected at most {self.width}, as a beam only narrows, got {width}")
        self._settings = replace(self._settings, width=width)

    def open(self, n: int, samples: Floats) -> None:
        """Move on by `n` samples; `samples` (n_reached, K) are what unknown words leave unexplained from there on.

        Samples that were open before keep each hypothesis's residuals.
        """
        old = self.hypotheses.residuals
        kept = max(old.shape[1] - n, 0) if self._begun else 0
        fresh = np.broadcast_to(samples[kept:], (len(old), *samples[kept:].shape))
        self.hypotheses.residuals = np.concatenate([old[:, old.shape[1] - kept :], fresh], axis=1)

    def step(self, step: NextWord) -> list[int]:
        """Add a word to all hypotheses; return the words that have become final."""
        now = self.hypotheses
        parents, words, log_p = self._promising(step, *self._candidates(step.n_context))
        features, entered = self._words.features(now.memory, parents, words, log_p, step.duration_s)
        z = (features - self._unknown) / self._size
        gains = self._gains(step.weights, parents, z)
        which = self._survivors(parents, gains, log_p)
        parents = parents[which]
        moved = np.einsum("dkf,nf->ndk", self._responses, z[which], optimize=True)
        memory, next_words = self._words.go_on(now.memory.take(parents), entered.take(which))
        self.hypotheses = Hypotheses(
            residuals=now.residuals[parents] - np.einsum("rd,ndk->nrk", step.weights, moved),
            scores=now.scores[parents] + gains[which],
            log_p=now.log_p[parents] + log_p[which],
            texts=np.concatenate([now.texts[parents], words[which, None]], axis=1),
            memory=memory,
            next_words=next_words,
        )
        self._begun = True
        return self._commit(max(step.n_context + 1, self._settings.context_words))

    def rest(self) -> list[int]:
        """The best hypothesis's words that are not final."""
        return self.hypotheses.texts[0].tolist()

    def _candidates(self, n_context: int) -> tuple[Indices, Indices, Floats]:
        now, found = self.hypotheses, []
        for text, probability in zip(now.texts, np.exp(now.next_words), strict=True):
            if self._begun:
                context = np.r_[np.array(self.final, np.intp), text]
                context = context[max(len(context) - n_context, 0) :]
                found.append(self._vocabulary.proposals(probability, context, self._settings.nucleus))
            else:
                found.append(self._vocabulary.first)
        parents = np.repeat(np.arange(len(found)), [len(one) for one in found])
        words = np.concatenate(found)
        return parents, words, now.next_words[parents, words]

    def _promising(
        self, step: NextWord, parents: Indices, words: Indices, log_p: Floats
    ) -> tuple[Indices, Indices, Floats]:
        """Of each hypothesis, the candidates that would be best if their states were the usual ones, in their order."""
        now, most = self.hypotheses, self._settings.candidates
        if np.bincount(parents).max() <= most:
            return parents, words, log_p
        features = self._words.usual(now.memory, parents, words, log_p, step.duration_s)
        gains = self._gains(step.weights, parents, (features - self._unknown) / self._size)
        scores = np.rint((gains + self._settings.language_weight * log_p) / STEP)
        best = np.lexsort((-scores, parents))
        place = np.arange(len(best)) - np.searchsorted(parents[best], parents[best])
        which = np.sort(best[place < most])
        return parents[which], words[which], log_p[which]

    def _gains(self, weights: Floats, parents: Indices, z: Floats) -> Floats:
        """What each candidate adds to the log likelihood of its hypothesis."""
        reached = np.einsum("rd,nrk->ndk", weights, self.hypotheses.residuals)
        pull = np.einsum("ndk,dkf->nf", reached, self._responses, optimize=True)
        common = np.einsum("de,defg->fg", weights.T @ weights, self._products)
        return (pull[parents] * z).sum(axis=1) - ((z @ common) * z).sum(axis=1) / 2

    def _survivors(self, parents: Indices, gains: Floats, log_p: Floats) -> Indices:
        now, settings = self.hypotheses, self._settings
        scores = now.scores[parents] + gains + settings.language_weight * (now.log_p[parents] + log_p)
        levels = np.rint(scores / STEP)
        best = np.lexsort((-levels, parents))  # stable: proposals of equal scores stay in order
        place = np.arange(len(best)) - np.searchsorted(parents[best], parents[best])
        allowed = np.ceil(settings.extensions * _ranks(np.rint(now.log_p / STEP)) / len(now) - STEP)
        best = best[place < allowed[parents[best]]]
        return best[np.argsort(-levels[best], kind="stable")][: settings.width]

    def _commit(self, n_remembered: int) -> list[int]:
        done: list[int] = []
        now, bound = self.hypotheses, self._settings.commit_words
        while now.texts.shape[1]:
            agree = now.texts[:, 0] == now.texts[0, 0]
            if not agree.all():
                if bound is None or now.texts.shape[1] <= bound:
                    break
                now = now.take(np.flatnonzero(agree))
            done.append(int(now.texts[0, 0]))
            now.texts = now.texts[:, 1:]
        self.hypotheses = now
        self.final = [*self.final, *done][-n_remembered:]
        return done


def _ranks(values: Floats) -> Floats:
    """Ranks from 1 for the smallest; equal values share the mean of theirs.

    >>> _ranks(np.array([3.0, 1.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
