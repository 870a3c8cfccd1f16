"""Scores and free answers of the states of one fit, or of several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...errors.printable import printable
from .entry import Entry
from .readout import Readout

TOGETHER = 8
"""How many states `read_out` takes at a time."""


def read_out(
    readout: Readout, entry: Entry, states: NDArray, *, speak: bool = True
) -> tuple[NDArray[np.float32], list[str] | None]:
    """Scores and free answers of states, each of which does not depend, to the last bit, on the other states.

    Scores are (n_trials, n_classes), log probabilities up to a constant; there are no free answers where `speak` is
    false. BLAS adds in another order for another number of rows, so the number is always the same: the last rows are
    filled up. That takes longer than `read_out_fits`, for trials that always come in the same company.
    """
    scores, texts = np.empty((len(states), len(entry.answers)), np.float32), []
    starts = range(0, len(states), TOGETHER)
    for start in tqdm(starts, f"{printable(entry.network.name)}: decisions", delay=1, disable=None, leave=False):
        some = states[start : start + TOGETHER]
        filled = np.concatenate([some, np.repeat(some[-1:], TOGETHER - len(some), axis=0)])
        scores[start : start + TOGETHER] = readout.scores(entry, filled)[: len(some)]
        texts += (readout.texts(entry, filled) if speak else None) or []
    # The filling of the last pass is at the end.
    return scores, texts[: len(states)] or None


def read_out_fits(
    readout: Readout, entries: Sequence[Entry], states: Sequence[NDArray], *, speak: bool = True
) -> tuple[list[NDArray[np.float32]], list[str] | None]:
    """Read out all states at once, of one fit or several that enter one network at one layer.

    Returns the scores of each fit, see `read_out`, and all free answers in order.
    """
    texts = readout.texts(entries[0], np.concatenate(states)) if speak else None
    return readout.scores_of_fits(entries, states), texts
