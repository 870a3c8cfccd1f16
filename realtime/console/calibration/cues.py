"""The cues of a calibration, in random order, each class equally often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

import numpy as np

from ....errors import InputError

MIN_TRIALS = 4
"""Of each class: a few are for the first fit, the others for decisions."""
TRIALS_PER_BLOCK = 5
"""Of each class, at most: people need a break after about a minute."""
MIN_BLOCKS = 3
"""One is left out for the test, another for the choice of settings."""
MAX_IN_A_ROW = 3
"""After more equal cues the participant could guess the next one."""


@dataclass(frozen=True)
class Timing:
    """The durations of a cue (and its trial), of the shortest rest after it, and of the break before each block."""

    cue_s: float = 4.0
    rest_s: float = 2.0
    ready_s: float = 3.0

    def __post_init__(self) -> None:
        for name in ("cue_s", "rest_s", "ready_s"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise InputError(f"{name}: expected seconds above 0, got {value!r}")


def schedule(labels: Sequence[str], n_per_class: int, *, seed: int = 0) -> list[list[str]]:
    """Return blocks of cues in a random order, each label ``n_per_class`` times in total.

    Every block has each label equally often, so that blocks do not differ in their labels. No label occurs more than
    three times in a row, also across blocks. There are at least three blocks. Raises InputError if there are fewer than
    two labels, equal ones, or too few trials.

    >>> schedule(["left", "right"], 4, seed=1)
    [['left', 'right', 'left', 'right'], ['left', 'right'], ['right', 'left']]
    """
    if len(set(labels)) != len(labels) or len(labels) < 2:
        raise InputError(f"labels: expected two or more, each once, got {', '.join(labels) or 'none'}")
    if n_per_class < MIN_TRIALS:
        raise InputError(
            f"trials per class: expected at least {MIN_TRIALS}, got {n_per_class}: a decoder that is to be tested "
            "needs trials to learn from and others to be tested on"
        )
    n_blocks = max(MIN_BLOCKS, ceil(n_per_class / TRIALS_PER_BLOCK))
    rng = np.random.default_rng(seed)
    blocks: list[list[str]] = []
    before: list[str] = []
    for part in np.array_split(np.arange(n_per_class), n_blocks):
        block = _ordered(list(labels) * len(part), before, rng)
        blocks.append(block)
        before = [*before, *block][-MAX_IN_A_ROW:]
    return blocks


def _ordered(cues: list[str], before: list[str], rng: np.random.Generator) -> list[str]:
    """Draw an order; all allowed ones are equally likely, and balanced cues have many."""
    while True:
        order = [cues[i] for i in rng.permutation(len(cues))]
        if max(len(list(same)) for _, same in groupby([*before, *order])) <= MAX_IN_A_ROW:
            return order
