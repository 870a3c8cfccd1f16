"""How much a decision tells: the information transfer rate of a brain-computer interface."""

from __future__ import annotations

from math import log2

from ...errors import InputError


def bits_per_decision(accuracy: float, n_answers: int) -> float:
    """Bits that a decision among equally likely answers tells, if all errors are equally likely.

    log2 N + P log2 P + (1 - P) log2((1 - P) / (N - 1)) for N answers and accuracy P; 0 at chance and below.

    Parameters
    ----------
    accuracy : float
        From 0 to 1.
    n_answers : int

    Returns
    -------
    float

    References
    ----------
    Wolpaw et al. (2002), Brain-computer interfaces for communication and control. Clin. Neurophysiol. 113, 767-791.

    Examples
    --------
    >>> bits_per_decision(1.0, 4), bits_per_decision(0.25, 4), round(bits_per_decision(0.9, 4), 2)
    (2.0, 0.0, 1.37)
    """
    if not 0 <= accuracy <= 1:
        raise InputError(f"accuracy: expected a share from 0 to 1, got {accuracy}")
    if n_answers < 2:
        raise InputError(f"n_answers: expected at least 2, got {n_answers}")
    if accuracy <= 1 / n_answers:
        return 0.0
    wrong = 1 - accuracy
    right_bits = accuracy * log2(accuracy)
    return log2(n_answers) + right_bits + (wrong * log2(wrong / (n_answers - 1)) if wrong else 0.0)


def bits_per_minute(accuracy: float, n_answers: int, seconds_per_decision: float) -> float:
    """Bits that decisions tell in a minute, see `bits_per_decision`.

    Parameters
    ----------
    accuracy : float
    n_answers : int
    seconds_per_decision : float
        From one decision to the next, pauses included.

    Examples
    --------
    >>> bits_per_minute(1.0, 4, 6.0)
    20.0
    """
    if not seconds_per_decision > 0:
        raise InputError(f"seconds_per_decision: expected a number above 0, got {seconds_per_decision}")
    return bits_per_decision(accuracy, n_answers) * 60.0 / seconds_per_decision
