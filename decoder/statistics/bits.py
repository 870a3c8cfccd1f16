"""The information transfer rate of a brain-computer interface: bits in a decision, and in a minute."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError


class Transfer(NamedTuple):
    """An information transfer rate, and the numbers that give it.

    `accuracy` is the mean over classes: where some classes are rare, naming the frequent one carries no information.
    `seconds` are for one decision, from the onset until it is made; `bits` are in one decision.
    """

    accuracy: float
    seconds: float
    bits: float
    bits_per_minute: float


def transfer(right: NDArray, truth: NDArray[np.intp], seconds: float, n_classes: int) -> Transfer:
    """Return the information transfer rate of decisions that take this many seconds each.

    `right` (n_decisions,) is 1 for a right one; a tie of k classes counts 1/k.

    Examples
    --------
    >>> transfer(np.ones(4), np.array([0, 0, 1, 1]), 3.0, 2).bits_per_minute
    20.0
    """
    if not len(right) or not seconds > 0:
        return Transfer(float("nan"), seconds, float("nan"), float("nan"))
    accuracy = balanced(right, truth)
    bits = bits_per_decision(accuracy, n_classes)
    return Transfer(accuracy, seconds, bits, 60 * bits / seconds)


def balanced(right: NDArray, truth: NDArray[np.intp]) -> float:
    """Return the mean over classes of the share of right decisions.

    Examples
    --------
    >>> balanced(np.array([1, 1, 1, 0]), np.array([0, 0, 0, 1]))
    0.5
    """
    n = np.bincount(truth)
    return float((np.bincount(truth, weights=right)[n > 0] / n[n > 0]).mean())


def bits_per_decision(accuracy: float, n_classes: int) -> float:
    """Information (in bits) of a decision among equally likely classes, if all errors are equally likely.

    log2 N + P log2 P + (1 - P) log2((1 - P) / (N - 1)) for N classes and accuracy P; 0 at chance and below.

    References
    ----------
    Wolpaw et al. (2000), Brain-computer interface technology: a review of the first international meeting. IEEE Trans.
    Rehabil. Eng. 8, 164-173; Wolpaw et al. (2002), Brain-computer interfaces for communication and control. Clin.
    Neurophysiol. 113, 767-791.

    Examples
    --------
    >>> bits_per_decision(1.0, 4), bits_per_decision(0.25, 4), round(bits_per_decision(0.9, 4), 2)
    (2.0, 0.0, 1.37)
    """
    if not 0 <= accuracy <= 1:
        raise InputError(f"accuracy: expected a share from 0 to 1, got {accuracy}")
    if n_classes < 2:
        raise InputError(f"n_classes: expected at least 2, got {n_classes}")
    if accuracy <= 1 / n_classes:
        return 0.0
    wrong = 1 - accuracy
    right_bits = accuracy * log2(accuracy)
    return log2(n_classes) + right_bits + (wrong * log2(wrong / (n_classes - 1)) if wrong else 0.0)


def bits_per_minute(accuracy: float, n_classes: int, seconds_per_decision: float) -> float:
    """Information (in bits) of the decisions in a minute; the seconds are from one to the next, with pauses.

    Examples
    --------
    >>> bits_per_minute(1.0, 4, 6.0)
    20.0
    """
    if not seconds_per_decision > 0:
        raise InputError(f"seconds_per_decision: expected a number above 0, got {seconds_per_decision}")
    return bits_per_decision(accuracy, n_classes) * 60.0 / seconds_per_decision
