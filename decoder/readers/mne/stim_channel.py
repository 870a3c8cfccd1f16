"""Events in a stim channel: where the number changes to another one.

`mne.find_events` would leave out what a recording begins and ends with, and steps down to another number, such as from
5 to 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

STATUS_BITS = 16
"""From this bit on, BioSemi's status channel says how the amplifier is; MNE-Python leaves some of these bits in."""


def steps_of(values: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.int64], str]:
    """Return the samples at which a stim channel (n_samples,) changes, the new numbers, and a note of what is left out.

    The resting number, which is that of most samples, or zero, makes no events. Bits that tell of the amplifier do not
    count: those from the 16th on, and the next eight if they are always set.

    Examples
    --------
    >>> steps_of([0, 5, 5, 2, 0, 0, 0, 1])
    (array([1, 3, 7]), array([5, 2, 1]), '')
    """
    given = np.round(np.nan_to_num(np.asarray(values, np.float64))).astype(np.int64)
    numbers, notes = given, []
    if given.size and (given.max() >= 1 << STATUS_BITS or given.min() < 0):
        numbers = numbers & ((1 << STATUS_BITS) - 1)
        notes.append(f"bits from the {STATUS_BITS}th on are left out")
    if numbers.size and notes and numbers.min() >= 0xFF00:
        numbers = numbers & 0xFF
        notes.append("so are the eight below, which are always set")
    present, count = np.unique(numbers, return_counts=True)
    rest = int(present[count.argmax()]) if numbers.size and 2 * count.max() > len(numbers) else 0
    if rest:
        notes.append(f"its resting number {rest} makes no events")
    before = np.concatenate([[rest], numbers[:-1]])
    at = np.flatnonzero((numbers != before) & (numbers != rest))
    return at, numbers[at], "; ".join(notes)
