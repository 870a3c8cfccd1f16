"""A language of twelve words: what is expected next follows from the last word, features from the last two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotwire.decoder.gist.proposals import Vocabulary

WORDS = tuple(["i", "we", "she", "sees", "hears", "a", "the", "dog", "dogs", "cat", "moon", "slowly"])
STEMS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10])
STOP = np.array([1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)


def vocabulary() -> Vocabulary:
    allowed = np.ones(12, bool)
    allowed[11] = False
    return Vocabulary(WORDS, STEMS, STOP, allowed, first=np.array([0, 1, 2]))


@dataclass
class Texts:
    """The last word of each text, -1 before the first."""

    last: np.ndarray

    def take(self, rows: np.ndarray) -> Texts:
        return Texts(self.last[rows])


class SmallLanguage:
    """`dog` and `cat` are alike in all that is known of them, and so are `i` and `we`: they tie."""

    def __init__(self, seed: int, n_features: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.own, self.before = rng.normal(size=(2, 13, n_features))
        logits = rng.integers(0, 3, size=(13, 12)).astype(float)
        for one, other in ((7, 9), (0, 1)):
            self.own[other], self.before[other] = self.own[one], self.before[one]
            logits[:, other], logits[other] = logits[:, one], logits[one]
        self.log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def feature(self, last: int, word: int, log_p: float, duration_s: float) -> np.ndarray:
        made = self.own[word] + 0.5 * self.before[last]
        made[0] -= 0.1 * log_p
        made[1] += duration_s
        return made

    def begin(self) -> tuple[Texts, np.ndarray]:
        return Texts(np.array([-1])), self.log_p[[-1]]

    def features(
        self, memory: Texts, rows: np.ndarray, words: np.ndarray, log_p: np.ndarray, duration_s: float
    ) -> tuple[np.ndarray, Texts]:
        each = zip(memory.last[rows], words, log_p, strict=True)
        return np.array([self.feature(*one, duration_s) for one in each]), Texts(words)

    def usual(
        self, memory: Texts, rows: np.ndarray, words: np.ndarray, log_p: np.ndarray, duration_s: float
    ) -> np.ndarray:
        """What is usual of words is all that there is to know: what they are in this text."""
        return self.features(memory, rows, words, log_p, duration_s)[0]

    def go_on(self, memory: Texts, entered: Texts) -> tuple[Texts, np.ndarray]:
        assert len(memory.last) == len(entered.last)
        return entered, self.log_p[entered.last]
