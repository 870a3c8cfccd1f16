"""Bits per minute: how much a decoder says, and how fast."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .transfer_rate import bits_per_decision


class Transfer(NamedTuple):
    """An information transfer rate, and what it comes from.

    Attributes
    ----------
    accuracy : float
        Of decisions, the mean over answers: where some answers are rare, naming the frequent one tells nothing.
    seconds : float
        For one decision, from the onset until it was there.
    bits : float
        In one decision.
    bits_per_minute : float
    """

    accuracy: float
    seconds: float
    bits: float
    bits_per_minute: float


def transfer(right: NDArray, truth: NDArray[np.intp], seconds: float, n_answers: int) -> Transfer:
    """Return the information transfer rate of decisions.

    Parameters
    ----------
    right : array (n_decisions,)
        1 for a right one; a tie of k answers counts 1/k.
    truth : array (n_decisions,) of int
    seconds : float
        For one decision.
    n_answers : int

    References
    ----------
    Wolpaw et al. (2000), Brain-computer interface technology: a review of the first international meeting. IEEE Trans.
    Rehabil. Eng. 8, 164-173.

    Examples
    --------
    >>> transfer(np.ones(4), np.array([0, 0, 1, 1]), 3.0, 2).bits_per_minute
    20.0
    """
    if not len(right) or not seconds > 0:
        return Transfer(float("nan"), seconds, float("nan"), float("nan"))
    accuracy = balanced(right, truth)
    bits = bits_per_decision(accuracy, n_answers)
    return Transfer(accuracy, seconds, bits, 60 * bits / seconds)


def balanced(right: NDArray, truth: NDArray[np.intp]) -> float:
    """Return the mean over answers of the share of right decisions.

    Examples
    --------
    >>> balanced(np.array([1, 1, 1, 0]), np.array([0, 0, 0, 1]))
    0.5
    """
    n = np.bincount(truth)
    return float((np.bincount(truth, weights=right)[n > 0] / n[n > 0]).mean())
