"""Beams side by side say what they say alone, and a failure of one ends all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hotwire.decoder.gist.side_by_side import side_by_side
from hotwire.decoder.gist.word_model import WordNetwork


class Texts:
    """The words of each text so far."""

    def __init__(self, words: np.ndarray) -> None:
        self.words = words

    def take(self, rows: Any) -> Texts:
        return Texts(self.words[rows])


class Counting:
    """Says of each text which words it has; counts how often it is asked."""

    def __init__(self) -> None:
        self.n_asked = 0

    def begin(self) -> tuple[Texts, np.ndarray, np.ndarray]:
        return Texts(np.zeros((1, 0), np.intp)), np.zeros((1, 3)), np.zeros(1)

    def enter(self, memory: Texts, words: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, Texts]:
        self.n_asked += 1
        return memory.words[rows].sum(axis=1, keepdims=True) * 10.0 + words[:, None], Texts(words[:, None])

    def go_on(self, memory: Texts, entered: Texts) -> tuple[Texts, np.ndarray, np.ndarray]:
        self.n_asked += 1
        texts = np.concatenate([memory.words, entered.words], axis=1)
        return Texts(texts), texts[:, -1:] + np.arange(3.0), texts.sum(axis=1).astype(float)


def decode(network: WordNetwork, seed: int, n_words: int = 6) -> list[Any]:
    """Candidates at random, survivors at random, of other numbers in each beam."""
    rng = np.random.default_rng(seed)
    memory, log_p, log_mass = network.begin()
    noted: list[Any] = [log_p.tolist(), log_mass.tolist()]
    n_texts = 1
    for _ in range(n_words):
        parents = np.sort(rng.integers(0, n_texts, rng.integers(1, 7)))
        states, entered = network.enter(memory, rng.integers(0, 9, len(parents)), parents)
        kept = rng.integers(0, len(parents), rng.integers(1, 4))
        memory, log_p, log_mass = network.go_on(memory.take(parents[kept]), entered.take(kept))
        noted += [states.tolist(), log_p.tolist(), log_mass.tolist()]
        n_texts = len(kept)
        memory = memory.take(np.arange(n_texts)[::-1])
    return noted


def test_each_is_answered_as_if_alone() -> None:
    alone, together = Counting(), Counting()
    expected = [decode(alone, seed) for seed in range(5)]
    found = side_by_side(together, [lambda network, seed=seed: decode(network, seed) for seed in range(5)])
    assert found == expected
    assert alone.n_asked == 5 * together.n_asked
    assert side_by_side(together, []) == []


def test_a_failure_ends_all() -> None:
    def fails(network: WordNetwork) -> None:
        network.begin()
        raise ValueError("of its own")

    with pytest.raises(ValueError, match="of its own"):
        side_by_side(Counting(), [lambda network: decode(network, 0), fails])


def test_beams_out_of_step() -> None:
    tasks = [lambda network, n=n: decode(network, 0, n) for n in (2, 3)]
    with pytest.raises(RuntimeError, match="have to ask in step; some ask to e"):
        side_by_side(Counting(), tasks)
