"""The same text in training and test is a leak: the language model and the beam would know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....errors import LeakError
from ...recordings.timed_words import TimedWords

SEQUENCE = 6
"""Words in a row that, if they also occur in the training, are the same text."""
MOST_SHARED = 0.2


def check_leaks(words: Mapping[Any, TimedWords], training: Sequence[Any], held_out: Sequence[Any]) -> None:
    """Raise LeakError where a held-out run's text is also in the training."""
    known = {sequence for run in training if run in words for sequence in _sequences(words[run])}
    for run in held_out:
        own = _sequences(words[run]) if run in words else []
        shared = sum(sequence in known for sequence in own) / max(len(own), 1)
        if shared > MOST_SHARED:
            raise LeakError(
                f"held_out: {shared:.0%} of what is said in run {run}, {SEQUENCE} words in a row, is also said in runs "
                "that the decoder is fitted on; hold all runs of the same text out"
            )


def _sequences(words: TimedWords) -> list[tuple[str, ...]]:
    said = [word.lower() for word in words.word.tolist()]
    return [tuple(said[i : i + SEQUENCE]) for i in range(len(said) - SEQUENCE + 1)]
