"""Beams that go on side by side, so that a language model takes one step for all of them.

A language model takes far longer for a few texts at a time than for the same texts together. The beams run as if each
had the model for itself, in threads of their own; each question waits until all beams have asked theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, BrokenBarrierError
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .proposals import Indices
from .word_model import WordNetwork

Result = TypeVar("Result")
Question = tuple[str, *tuple[Any, ...]]


def side_by_side(network: WordNetwork, tasks: Sequence[Callable[[WordNetwork], Result]]) -> list[Result]:
    """Run tasks that decode words at the same times, each with a language model of its own; return what each returns.

    Up to rounding by the number of texts at once, the model answers each as if it were alone.

    Parameters
    ----------
    network : WordNetwork
    tasks : sequence of callable
        Each takes a WordNetwork. All have to ask theirs in step: as many words, one after the other.
    """
    if not tasks:
        return []
    together = _Together(network, len(tasks))

    def run(number: int) -> Result:
        try:
            made = tasks[number](_Seat(together, number))
            together.ask(number, ("end",))
        except BaseException:
            together.barrier.abort()  # the others wait for it
            raise
        return made

    with ThreadPoolExecutor(len(tasks)) as pool:
        running = [pool.submit(run, number) for number in range(len(tasks))]
        try:
            failures = [failure for one in running if (failure := one.exception()) is not None]
        except BaseException:
            together.barrier.abort()
            raise
    for failure in failures:
        if not isinstance(failure, BrokenBarrierError):
            raise failure
    return [one.result() for one in running]


@dataclass(frozen=True)
class _Rows:
    """Rows of what the model holds for all beams."""

    rows: Indices

    def take(self, rows: Any) -> _Rows:
        return _Rows(self.rows[rows])


@dataclass(frozen=True)
class _Seat:
    """The model as one beam has it, see `hotwire.decoder.gist.word_model.WordNetwork`."""

    together: _Together
    number: int

    def begin(self) -> tuple[_Rows, NDArray, NDArray]:
        return self.together.ask(self.number, ("begin",))

    def enter(self, memory: _Rows, words: Indices, rows: Indices) -> tuple[NDArray, _Rows]:
        return self.together.ask(self.number, ("enter", memory.rows[rows], words))

    def go_on(self, memory: _Rows, entered: _Rows) -> tuple[_Rows, NDArray, NDArray]:
        return self.together.ask(self.number, ("go on", memory.rows, entered.rows))


class _Together:
    """One model for several beams: it answers once all have asked."""

    def __init__(self, network: WordNetwork, n: int) -> None:
        self._network = network
        self._questions: list[Question] = [("",)] * n
        self._answers: list[Any] = [None] * n
        self._memory: Any = None
        self._entered: Any = None
        self.barrier = Barrier(n, action=self._answer)

    def ask(self, number: int, question: Question) -> Any:
        self._questions[number] = question
        self.barrier.wait()  # the last one to come answers all
        return self._answers[number]

    def _answer(self) -> None:
        [kind, *others] = {question[0] for question in self._questions}
        if others:
            raise RuntimeError(f"beams side by side have to ask in step; some ask to {kind}, others to {others[0]}")
        if kind == "begin":
            memory, *said = self._network.begin()
            n = len(self._questions)
            self._memory = memory.take(np.zeros(n, np.intp))
            self._answers = [(_Rows(np.array([number])), *said) for number in range(n)]
        elif kind != "end":
            columns = list(zip(*self._questions, strict=True))[1:]
            stops = np.cumsum([len(one) for one in columns[0]])
            first, second = (np.concatenate(column) for column in columns)
            if kind == "enter":
                *said, self._entered = self._network.enter(self._memory, second, first)
                self._answers = [(part[0], rows) for *part, rows in _split(stops, said)]
            else:
                self._memory, *said = self._network.go_on(self._memory.take(first), self._entered.take(second))
                self._answers = [(rows, *part) for *part, rows in _split(stops, said)]


def _split(stops: NDArray, tables: Sequence[NDArray]) -> list[list[Any]]:
    """Of each beam, its rows of the tables, and which they are."""
    starts = np.r_[0, stops[:-1]]
    return [
        [*(table[start:stop] for table in tables), _Rows(np.arange(start, stop))]
        for start, stop in zip(starts, stops, strict=True)
    ]
