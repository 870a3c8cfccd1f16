"""The finding of a check: fine, a warning or a leak, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE = 0.01
"""Repeats in fewer of the trials are a warning: they can raise an accuracy by this much at most."""


@dataclass(frozen=True)
class Finding:
    """The result of one check; the `reason` includes its numbers."""

    check: str
    verdict: Literal["fine", "warning", "leak"]
    reason: str


def share_of(which: NDArray[np.bool_]) -> str:
    """How many trials, in words.

    Examples
    --------
    >>> share_of(np.array([True, False, False, False]))
    '1 of 4 trials (25.0 %)'
    """
    return f"{np.count_nonzero(which)} of {len(which)} trials ({100 * which.mean():.1f} %)"
