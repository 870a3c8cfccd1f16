"""A language model that proposes words, and another one whose states of them are features: for a control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .proposals import Indices
from .word_model import WordNetwork


@dataclass(frozen=True)
class Both:
    """What each of the two holds."""

    of_proposing: Any
    of_reading: Any

    def take(self, rows: Any) -> Both:
        return Both(self.of_proposing.take(rows), self.of_reading.take(rows))


@dataclass(frozen=True)
class ReadByAnother:
    """Probabilities of one network, states of another; see `hotwire.decoder.gist.word_model.WordNetwork`."""

    proposing: WordNetwork
    reading: WordNetwork

    def begin(self) -> tuple[Both, NDArray, NDArray]:
        memory, log_p, log_mass = self.proposing.begin()
        return Both(memory, self.reading.begin()[0]), log_p, log_mass

    def enter(self, memory: Both, words: Indices, rows: Indices) -> tuple[NDArray, Both]:
        _, entered = self.proposing.enter(memory.of_proposing, words, rows)
        states, read = self.reading.enter(memory.of_reading, words, rows)
        return states, Both(entered, read)

    def go_on(self, memory: Both, entered: Both) -> tuple[Both, NDArray, NDArray]:
        proposed, log_p, log_mass = self.proposing.go_on(memory.of_proposing, entered.of_proposing)
        read = self.reading.go_on(memory.of_reading, entered.of_reading)[0]
        return Both(proposed, read), log_p, log_mass
